"""The logfilter experiment: results worked out by hand, its claims over their stated ranges, every scene."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.cloudwatch.logs import metric_filter, pattern
from helpers.dataplane.cloudwatch.logs.metric_filter import MetricFilter
from helpers.dataplane.cloudwatch.logs.plane import Logs
from helpers.experiments import Outcome, find, verify
from helpers.sections.misconceptions import load_misconceptions
from helpers.sections.s17_monitoring.experiments.logfilter import BURST, CLOSED, MINUTES

ID = "17_monitoring.logfilter"
OPEN = MINUTES - len(CLOSED)
ONLY_BURST: dict[str, Any] = {"pattern": "status 5xx", "error_percent": 0}


def test_it_is_fit_to_be_taught() -> None:
    assert verify(find(ID), {one.id for one in load_misconceptions("17_monitoring")}) == []


# Results worked out by hand


def values(found: Outcome) -> list[float | None]:
    return [one.value for one in found.measurements.minutes]


def test_without_a_default_value_only_minutes_with_a_match_have_a_point() -> None:
    found = outcome(ID, **ONLY_BURST)
    first, second = (found.measurements.minutes[minute].failed for minute in BURST)
    assert min(first, second) > 0
    assert values(found) == [None] * 8 + [first, second] + [None] * 6
    assert found.summary["counted"] == first + second == found.summary["failed"]


def test_a_default_value_fills_minutes_with_lines_only() -> None:
    found = outcome(ID, **ONLY_BURST, default_value="0")
    assert [minute for minute, value in enumerate(values(found)) if value is None] == list(CLOSED)
    assert (found.summary["points"], found.summary["zero_points"]) == (OPEN, OPEN - len(BURST))


def test_a_log_without_lines_gives_nothing_at_all() -> None:
    found = outcome(ID, lines_per_min=0, default_value="0")
    assert values(found) == [None] * MINUTES
    assert found.summary["last_state"] == "INSUFFICIENT_DATA"


@pytest.mark.parametrize("made", [0, 5, 9, 14])
def test_a_filter_counts_from_its_making_on(made: int) -> None:
    found = outcome(ID, lines_per_min=60, error_percent=40, filter_made_at_min=made)
    minutes = found.measurements.minutes
    assert values(found)[:made] == [None] * made
    assert found.summary["counted"] == sum(one.matching for one in minutes[made:])
    assert (sum(one.matching for one in minutes[:made]) > 0) is (made > 0)


def test_the_alarm_rings_after_each_minute_of_the_trouble() -> None:
    """75 % of 60 lines are far above 5. The newest point decides; without another one it stays for 3 minutes."""
    states = {
        default: [
            (one.state, one.start_s / 60, one.end_s / 60)
            for one in outcome(ID, **ONLY_BURST, lines_per_min=60, default_value=default).measurements.states
        ]
        for default in ("none", "0")
    }
    assert states == {
        "none": [("INSUFFICIENT_DATA", 0, 9), ("ALARM", 9, 13), ("INSUFFICIENT_DATA", 13, 16)],
        "0": [("INSUFFICIENT_DATA", 0, 1), ("OK", 1, 9), ("ALARM", 9, 11), ("OK", 11, 16)],
    }  # fmt: skip


def test_a_word_is_found_in_lines_that_did_not_fail() -> None:
    by_value, word, either = (
        [one.matching for one in outcome(ID, pattern=pattern).measurements.minutes]
        for pattern in ("status 5xx", "ERROR", "ERROR or WARN")
    )
    assert by_value == [one.failed for one in outcome(ID).measurements.minutes]
    assert sum(by_value) < sum(word) < sum(either)


def test_the_same_seed_gives_the_same_picture() -> None:
    assert outcome(ID, seed=3).png() == outcome(ID, seed=3).png()


# The claims

SIZES: dict[str, Strategy] = {"lines_per_min": st.one_of(st.integers(0, 30), st.integers(0, 60))}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SIZES), seed=st.integers(0, 99))
@settings(max_examples=12)
def test_no_claim_is_false_in_its_range(values: dict[str, Any], seed: int) -> None:
    found = outcome(ID, seed, **values)
    assert counterexamples(found) == []
    assert found.text
    assert found.summary["lines"] == OPEN * values["lines_per_min"]


def _towards(**narrowed: Strategy) -> Callable[..., Drawn]:
    return lambda **more: settings_of(find(ID), **{**SIZES, **narrowed, **more})


def count_the_past(patch: Patch) -> None:
    """A new filter reads what is in the log already."""
    events: dict[str, list[tuple[int, str]]] = {}
    hear, put = Logs._hear, Logs._put_metric_filter

    def heard(
        self: Logs, region: str, account: str, group: str, stream: str, new: list[dict[str, Any]]
    ) -> None:
        events.setdefault(f"{id(self)} {group}", []).extend(
            (each["timestamp"], each["message"]) for each in new
        )
        hear(self, region, account, group, stream, new)

    def made(self: Logs, call: Any) -> None:
        put(self, call)
        group = call.parameters["logGroupName"]
        one = self._filters[call.region, group][call.parameters["filterName"]]
        for timestamp, message in events.pop(f"{id(self)} {group}", []):
            one.hear(timestamp, message)

    patch.setattr(Logs, "_hear", heard)
    real = Logs.__init__

    def init(self: Logs, account: Any) -> None:
        real(self, account)
        account.before("logs", "PutMetricFilter", lambda call: made(self, call))

    patch.setattr(Logs, "__init__", init)


def count_twice(patch: Patch) -> None:
    """Each match is published twice."""
    real = MetricFilter._send

    def send(self: MetricFilter, *given: Any) -> None:
        real(self, *given)
        real(self, *given)

    patch.setattr(MetricFilter, "_send", send)


def forget_the_default(patch: Patch) -> None:
    """The default value is never reported."""
    patch.setattr(MetricFilter, "_minute_ended", lambda self, minute: None)


def default_beside_matches(patch: Patch) -> None:
    """Every filter has a default value of 0."""
    real = MetricFilter.__init__

    def init(self: MetricFilter, account: Any, given: dict[str, Any], publish: Any) -> None:
        more = [{**each, "defaultValue": 0} for each in given["metricTransformations"]]
        real(self, account, {**given, "metricTransformations": more}, publish)

    patch.setattr(MetricFilter, "__init__", init)


def publish_ones(patch: Patch) -> None:
    """A filter publishes one match a minute, however many there are."""
    real = MetricFilter.hear

    def hear(self: MetricFilter, timestamp_ms: int, message: str) -> None:
        if not (self._matched and self._minute == self._account.epoch_us // metric_filter._MINUTE_US):
            real(self, timestamp_ms, message)

    patch.setattr(MetricFilter, "hear", hear)


def words_instead_of_fields(patch: Patch) -> None:
    """A JSON pattern looks for the field's name and a digit."""
    real = pattern.Pattern.find

    def find_it(self: pattern.Pattern, message: str) -> Any:
        return (
            {}
            if self.text.startswith("{") and "status" in message and "5" in message
            else ({} if self.text.startswith("{") and "404" in message else real(self, message))
        )

    patch.setattr(pattern.Pattern, "find", find_it)


_MANY = {"lines_per_min": st.integers(60, 70)}
SEARCH = ClaimSearch(
    ID,
    {
        "not_retro": _towards(**_MANY, filter_made_at_min=st.integers(10, 14)),
        "counts": _towards(),
        "quiet": _towards(error_percent=st.floats(0, 2).map(lambda share: round(share, 1))),
        "wakes": _towards(**_MANY, filter_made_at_min=st.integers(0, 8)),
        "by_value": _towards(pattern=st.just("status 5xx")),
    },
    (
        Break("not_retro", count_the_past),
        Break("counts", count_twice),
        Break("counts", publish_ones),
        Break("quiet", forget_the_default),
        Break("quiet", default_beside_matches),
        Break("wakes", publish_ones),
        Break("by_value", words_instead_of_fields),
    ),
    examples=6,
)


class TestClaims(SearchedClaims):
    search = SEARCH
