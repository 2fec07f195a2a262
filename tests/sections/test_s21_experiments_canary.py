"""The canary experiment: results worked out by hand, its claims over their stated ranges, every scene."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.awslambda.functions import Alias, Functions
from helpers.dataplane.awslambda.invocation import Ending, Invocation
from helpers.dataplane.awslambda.metrics import Metrics
from helpers.experiments import find

ID = "21_lambda.canary"
WHOLE_MIN = {
    "LambdaAllAtOnce": 0,
    "LambdaCanary10Percent5Minutes": 5,
    "LambdaCanary10Percent10Minutes": 10,
    "LambdaCanary10Percent15Minutes": 15,
    "LambdaCanary10Percent30Minutes": 30,
    "LambdaLinear10PercentEvery1Minute": 9,
    "LambdaLinear10PercentEvery2Minutes": 18,
    "LambdaLinear10PercentEvery3Minutes": 27,
    "LambdaLinear10PercentEvery10Minutes": 90,
}


# Results worked out by hand


@pytest.mark.slow
@pytest.mark.parametrize(("strategy", "minutes"), WHOLE_MIN.items())
def test_all_traffic_has_moved_when_the_name_says_so(strategy: str, minutes: int) -> None:
    """Worked example linear_3min: ten steps have nine waits of 3 minutes between them, which makes 27."""
    found = outcome(ID, strategy=strategy, error_percent=0, requests_per_min=1)
    assert found.summary["whole_after_s"] == 60 * minutes
    assert found.summary["taken_back"] == 0


def test_a_linear_shift_takes_ten_equal_steps() -> None:
    found = outcome(ID, strategy="LambdaLinear10PercentEvery2Minutes", error_percent=0, requests_per_min=1)
    assert found.measurements.weights == tuple((120 * step, (step + 1) / 10) for step in range(10))


def test_a_canary_takes_a_tenth_and_then_the_rest() -> None:
    found = outcome(ID, strategy="LambdaCanary10Percent15Minutes", error_percent=0, requests_per_min=1)
    assert found.measurements.weights == ((0, 0.1), (900, 1))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("alarm_errors", [1, 2, 4])
def test_the_alarm_goes_off_at_the_end_of_the_first_minute_with_too_many_errors(
    alarm_errors: int, seed: int
) -> None:
    m = outcome(ID, seed, alarm_errors=alarm_errors, requests_per_min=10, error_percent=100).measurements
    errors = Counter(int(one.time_s // 60) for one in m.requests if one.failed)
    assert m.alarm_s == 60 * (1 + min(minute for minute, number in errors.items() if number >= alarm_errors))


def test_codedeploy_stops_what_it_still_moves() -> None:
    m = outcome(ID, error_percent=100).measurements
    assert (m.by, m.back_s) == ("codedeploy", m.alarm_s)
    assert m.back_s <= 300
    assert m.weights == ((0, 0.1), (m.back_s, 0))


@pytest.mark.parametrize("by_hand_min", [0, 3, 10])
def test_a_person_takes_back_what_went_to_everybody_at_once(by_hand_min: int) -> None:
    found = outcome(ID, strategy="LambdaAllAtOnce", by_hand_min=by_hand_min)
    assert found.measurements.by == "operator"
    assert found.summary["alarm_after_s"] == 60
    assert found.summary["taken_back_after_s"] == 60 * (1 + by_hand_min)


def test_without_roll_back_the_steps_go_on_until_a_person_comes() -> None:
    """The alarm goes off in the first minute; the person needs three more, and three steps are taken meanwhile."""
    found = outcome(
        ID,
        strategy="LambdaLinear10PercentEvery1Minute",
        rollback=False,
        requests_per_min=30,
        error_percent=100,
    )
    assert found.summary["alarm_after_s"] == 60
    assert found.measurements.weights == ((0, 0.1), (60, 0.2), (120, 0.3), (180, 0.4), (240, 0))


def test_nobody_meets_version_2_before_its_time_nor_after() -> None:
    m = outcome(ID, strategy="LambdaAllAtOnce", requests_per_min=30).measurements
    assert {one.new for one in m.requests if one.time_s < 0} == {False}
    assert {one.new for one in m.requests if 0 <= one.time_s < m.back_s} == {True}
    assert {one.new for one in m.requests if one.time_s >= m.back_s} == {False}


def test_the_metric_counts_what_the_users_met() -> None:
    found = outcome(ID, strategy="LambdaAllAtOnce", alarm_errors=30)
    looks = found.trail[found.trail.operation == "GetMetricStatistics"].response
    sums = [sum(point["Sum"] for point in look["Datapoints"]) for look in looks]
    m = found.measurements
    assert sums == [
        sum(one.failed and 60 * minute <= one.time_s < 60 * (minute + 1) for one in m.requests)
        for minute in range(3)
    ]


# The claims

QUICK = ["LambdaAllAtOnce", "LambdaCanary10Percent5Minutes", "LambdaLinear10PercentEvery1Minute"]
SIZES: dict[str, Strategy] = {
    "strategy": st.sampled_from(QUICK),
    "requests_per_min": st.integers(1, 12),
    "alarm_errors": st.one_of(st.integers(1, 5), st.integers(1, 30)),
    "by_hand_min": st.integers(0, 5),
}


UNDER_20_MIN = sorted(name for name, minutes in WHOLE_MIN.items() if minutes < 20)
SPARSE = {**SIZES, "strategy": st.sampled_from(UNDER_20_MIN), "requests_per_min": st.integers(1, 5)}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SPARSE), seed=st.integers(0, 99))
@settings(max_examples=15)
def test_no_claim_is_false_in_its_range(values: dict[str, Any], seed: int) -> None:
    found = outcome(ID, seed, **values)
    assert counterexamples(found) == []
    s = found.summary
    assert s["errors"] <= s["met_new"] <= s["requests"]
    assert s["taken_back"] == s["alarm"]


def _towards(**narrowed: Strategy) -> Callable[..., Drawn]:
    return lambda **more: settings_of(find(ID), **{**SIZES, **narrowed, **more})


def ignore_weights(patch: Patch) -> None:
    """An alias sends every request to its own version."""
    patch.setattr(Functions, "_drawn", lambda self, alias: alias.version)


def swap_the_weights(patch: Patch) -> None:
    """An alias sends the share to its own version, and all the rest to the second one."""
    real = Functions._drawn

    def drawn(self: Functions, alias: Alias) -> str:
        return real(self, replace(alias, weights={name: 1 - share for name, share in alias.weights.items()}))

    patch.setattr(Functions, "_drawn", drawn)


def never_go_back(patch: Patch) -> None:
    """An alias that has sent requests to version 2 goes on doing so when it is told to stop."""
    real = Functions.alias

    def alias(self: Functions, arn: str, name: str) -> Alias:
        found = real(self, arn, name)
        if not found.weights and found.version == "1":
            return self.__dict__.get("_before", found)
        self.__dict__["_before"] = found
        return found

    patch.setattr(Functions, "alias", alias)


def count_every_run_as_an_error(patch: Patch) -> None:
    """The metric Errors counts all invocations."""
    real = Metrics.ended

    def ended(self: Metrics, invocation: Invocation, ending: Ending, *, weighted: bool) -> None:
        real(self, invocation, replace(ending, function_error="Unhandled"), weighted=weighted)

    patch.setattr(Metrics, "ended", ended)


def stay_with_the_first_version(patch: Patch) -> None:
    """An alias goes on to send its requests to the version that it was made for."""
    patch.setattr(Functions, "_drawn", lambda self, alias: "1")


_BUSY = {"requests_per_min": st.integers(28, 30), "error_percent": st.integers(90, 100)}
_LATE = {"requests_per_min": st.just(20), "error_percent": st.just(100), "alarm_errors": st.just(30)}

SEARCH = ClaimSearch(
    ID,
    {
        "share": _towards(),
        "expected": _towards(),
        "back": _towards(**_BUSY, strategy=st.sampled_from(QUICK[:2]), alarm_errors=st.integers(1, 4)),
        "silent": _towards(
            strategy=st.sampled_from(QUICK[1:]),
            error_percent=st.integers(5, 50),
            alarm_errors=st.integers(6, 30),
        ),
        "whole": _towards(error_percent=st.just(0)),
    },
    (
        Break("share", ignore_weights, {**_LATE, "strategy": st.just(QUICK[2])}),
        Break("share", swap_the_weights, {"strategy": st.just(QUICK[1])}),
        Break("expected", swap_the_weights, {**_LATE, "strategy": st.just(QUICK[1])}),
        Break("back", never_go_back, {"strategy": st.just(QUICK[0])}),
        Break("silent", count_every_run_as_an_error, {"requests_per_min": st.just(20)}),
        Break("whole", stay_with_the_first_version, {"strategy": st.just(QUICK[0])}),
    ),
    examples=8,
)


class TestClaims(SearchedClaims):
    search = SEARCH
