"""The alarm experiment: results worked out by hand, its claims over their stated ranges, every scene."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.cloudwatch import putting, watch
from helpers.dataplane.cloudwatch.alarm import Alarm, Condition
from helpers.dataplane.cloudwatch.alarms import Alarms
from helpers.dataplane.cloudwatch.evaluation import State, decide
from helpers.experiments import find, verify
from helpers.sections.misconceptions import load_misconceptions

ID = "17_monitoring.alarm"


def states(**values: Any) -> list[tuple[str, float, float]]:
    """The states of the alarm in a run: name, from, until, in periods."""
    found = outcome(ID, **values)
    period_s = int(values.get("period_s", 60))
    return [(one.state, one.start_s / period_s, one.end_s / period_s) for one in found.measurements.states]


def test_it_is_fit_to_be_taught() -> None:
    assert verify(find(ID), {one.id for one in load_misconceptions("17_monitoring")}) == []


# Results worked out by hand


def test_two_of_three_points_after_a_rise() -> None:
    """Up in periods 4 to 15: the second breaching point ends at 6, the second point that is well at 18."""
    assert states() == [("INSUFFICIENT_DATA", 0, 1), ("OK", 1, 6), ("ALARM", 6, 18), ("OK", 18, 23)]


@pytest.mark.parametrize(
    ("period_s", "needed", "detect_s"),
    [("60", 1, 60), ("60", 3, 180), ("300", 1, 180), ("300", 3, 780), ("10", 3, 30), ("30", 1, 20)],
)
def test_time_until_the_alarm(period_s: str, needed: int, detect_s: float) -> None:
    """The M-th point is sent at (M - 1/2) periods, and seen at the next full minute, or ten seconds."""
    found = outcome(ID, period_s=period_s, datapoints_to_alarm=needed, stored_by="second")
    assert found.summary["detect_s"] == detect_s


def test_points_of_the_alternating_load_need_not_be_neighbours() -> None:
    """Points 4, 6, ..., 14 breach. Of the last four two do from point 6 on, up to the four that begin with 13."""
    assert states(signal="alternating", evaluation_periods=4) == [
        ("INSUFFICIENT_DATA", 0, 1),
        ("OK", 1, 7),
        ("ALARM", 7, 17),
        ("OK", 17, 24),
    ]


@pytest.mark.parametrize(
    ("treat_missing", "expected"),
    [
        ("missing", [("OK", 1, 9), ("INSUFFICIENT_DATA", 9, 23)]),
        ("ignore", [("OK", 1, 23)]),
        ("breaching", [("OK", 1, 8), ("ALARM", 8, 23)]),
        ("notBreaching", [("OK", 1, 23)]),
    ],
)
def test_a_host_that_stops(treat_missing: str, expected: list[tuple[str, float, float]]) -> None:
    """Points 0 to 3 came, and 5 are in reach: 3, -, -, -, - is judged at 8, nothing is left at 9. With `breaching`
    two of three are filled in at 8, where one real point is left.
    """
    assert states(signal="stop", treat_missing=treat_missing) == [("INSUFFICIENT_DATA", 0, 1), *expected]


def test_lost_reports_do_not_hide_a_rise() -> None:
    """Points 4, 6, ..., 14 breach and 5, 7, ..., 15 are lost: the alarm looks back to the newest three real ones."""
    assert states(signal="gaps")[:3] == [("INSUFFICIENT_DATA", 0, 1), ("OK", 1, 7), ("ALARM", 7, 18)]


def test_a_minute_is_one_point_of_ten_seconds() -> None:
    """20 + 10 periods of 10 s are 5 minutes, each with a point at its beginning."""
    found = outcome(ID, period_s="10", evaluation_periods=10)
    assert [one.start_s for one in found.measurements.points] == [0, 60, 120, 180, 240]


def test_every_change_is_told() -> None:
    found = outcome(ID).measurements
    assert found.messages == ((60, "OK"), (360, "ALARM"), (1080, "OK"))


def test_the_same_seed_gives_the_same_picture() -> None:
    assert outcome(ID, seed=3, signal="noise").png() == outcome(ID, seed=3, signal="noise").png()


# The claims


@pytest.mark.slow
@given(values=settings_of(find(ID)), seed=st.integers(0, 99))
@settings(max_examples=25)
def test_no_claim_is_false_in_its_range(values: dict[str, Any], seed: int) -> None:
    found = outcome(ID, seed, **values)
    assert counterexamples(found) == []
    assert found.text
    assert len(found.measurements.points) <= int(found.summary["periods"])


def _towards(**narrowed: Strategy) -> Callable[..., Drawn]:
    return lambda **more: settings_of(find(ID), **{**narrowed, **more})


def one_more(patch: Patch) -> None:
    """One point more than DatapointsToAlarm has to breach."""
    patch.setattr(watch, "decide", lambda points, needed, *rest: decide(points, needed + 1, *rest))


def newest_alone(patch: Patch) -> None:
    """The newest point decides."""
    patch.setattr(watch, "decide", lambda points, needed, periods, *rest: decide(points[-1:], 1, 1, *rest))


def silence_is_fine(patch: Patch) -> None:
    """Whatever TreatMissingData says, missing points count as well."""

    def fine(points: Any, needed: int, periods: int, missing: str, now: State) -> State:
        return decide(points, needed, periods, "notBreaching", now)

    patch.setattr(watch, "decide", fine)


def tell_every_time(patch: Patch) -> None:
    """The actions of ALARM are taken at each evaluation."""
    real = watch.Watch._evaluate

    def evaluate(self: watch.Watch) -> None:
        before = self._alarm.condition
        real(self)
        if self._alarm.condition is before and before.value is State.ALARM:
            self._alarms.act(self._alarm, before, [])

    patch.setattr(watch.Watch, "_evaluate", evaluate)


def tell_of_alarms_only(patch: Patch) -> None:
    """Only the way into ALARM has actions."""
    real = Alarms.act

    def act(self: Alarms, alarm: Alarm, before: Condition, *rest: Any) -> None:
        if alarm.condition.value is State.ALARM:
            real(self, alarm, before, *rest)

    patch.setattr(Alarms, "act", act)


def store_by_the_second(patch: Patch) -> None:
    """Every metric is stored by the second."""
    real = putting.keep

    def keep(store: Any, namespace: str, datum: dict[str, Any], now_s: float) -> None:
        real(store, namespace, {**datum, "StorageResolution": 1}, now_s)

    patch.setattr(putting, "keep", keep)


SEARCH = ClaimSearch(
    ID,
    {
        "step": _towards(signal=st.just("step"), stored_by=st.just("second")),
        "spike": _towards(signal=st.just("spike"), stored_by=st.just("second")),
        "silence": _towards(signal=st.just("stop")),
        "actions": _towards(),
        "lapse": _towards(period_s=st.sampled_from(["10", "30"]), stored_by=st.just("minute")),
    },
    (
        Break("step", one_more),
        Break("step", newest_alone, {"datapoints_to_alarm": st.integers(3, 10)}),
        Break("spike", newest_alone),
        Break("silence", silence_is_fine),
        Break("actions", tell_every_time, {"signal": st.just("step")}),
        Break("actions", tell_of_alarms_only),
        Break("lapse", store_by_the_second),
    ),
    examples=8,
)


class TestClaims(SearchedClaims):
    search = SEARCH
