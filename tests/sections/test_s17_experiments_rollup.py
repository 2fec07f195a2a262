"""The rollup experiment: results worked out by hand, its claims over their stated ranges, every scene."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.cloudwatch import reading
from helpers.dataplane.cloudwatch.series import Metric, finest_period_s
from helpers.dataplane.cloudwatch.values import Values as Points
from helpers.experiments import find, verify
from helpers.sections.misconceptions import load_misconceptions

ID = "17_monitoring.rollup"


def test_it_is_fit_to_be_taught() -> None:
    assert verify(find(ID), {one.id for one in load_misconceptions("17_monitoring")}) == []


# Results worked out by hand


def test_which_periods_give_points_at_which_age() -> None:
    """20 minutes with a report every 10 seconds, by the retention that AWS documents."""
    found = {
        (one.age, one.period_s): len(one.points)
        for one in outcome(ID, stored_by="second", age="500 days").measurements.reads
    }
    table = {
        age: [found[age, period_s] for period_s in (1, 10, 60, 300, 3600)]
        for age in ("1 hour", "5 hours", "1 day", "20 days", "100 days", "500 days")
    }
    assert table == {
        "1 hour": [120, 120, 20, 4, 1],
        "5 hours": [0, 0, 20, 4, 1],
        "1 day": [0, 0, 20, 4, 1],
        "20 days": [0, 0, 0, 4, 1],
        "100 days": [0, 0, 0, 0, 1],
        "500 days": [0, 0, 0, 0, 0],
    }


def test_a_metric_stored_by_the_minute_has_its_points_at_full_minutes() -> None:
    found = outcome(ID, read_period_s="10").measurements.chosen
    assert [at_s for at_s, _ in found.points] == list(range(0, 1200, 60))
    assert {values["SampleCount"] for _, values in found.points} == {6}


@pytest.mark.parametrize("period", ["10", "60", "300", "3600"])
def test_statistics_of_a_period_are_those_of_its_reports(period: str) -> None:
    found = outcome(ID, stored_by="second", read_period_s=period).measurements
    step_s = int(period)
    for at_s, values in found.chosen.points:
        reports = [value for time_s, value in found.written if at_s <= time_s < at_s + step_s]
        assert values == {
            "Sum": sum(reports),
            "SampleCount": len(reports),
            "Maximum": max(reports),
            "Average": pytest.approx(sum(reports) / len(reports)),
        }


@pytest.mark.parametrize("dimensions", ["one", "none"])
def test_fewer_dimensions_are_another_metric(dimensions: str) -> None:
    found = outcome(ID, dimensions=dimensions)
    assert (found.summary["points"], found.summary["readable_periods"]) == (0, 0)


def test_the_same_seed_gives_the_same_picture() -> None:
    assert outcome(ID, seed=3).png() == outcome(ID, seed=3).png()


# The claims


@pytest.mark.slow
@given(values=settings_of(find(ID)), seed=st.integers(0, 99))
@settings(max_examples=12)
def test_no_claim_is_false_in_its_range(values: dict[str, Any], seed: int) -> None:
    found = outcome(ID, seed, **values)
    assert counterexamples(found) == []
    assert found.text


def _towards(**narrowed: Strategy) -> Callable[..., Drawn]:
    return lambda **more: settings_of(find(ID), **{**narrowed, **more})


def keep_all(patch: Patch) -> None:
    """Points can be read for ever as they were written."""
    patch.setattr(reading, "finest_period_s", lambda age_s: 1)


def drop_after_two_weeks(patch: Patch) -> None:
    """After 15 days nothing is left."""
    patch.setattr(
        reading, "finest_period_s", lambda age_s: finest_period_s(age_s) if age_s <= 15 * 86_400 else None
    )


def keep_one_of_many(patch: Patch) -> None:
    """A longer period keeps the first of the values that fall into it."""
    real = Points.merged.__func__  # type: ignore[attr-defined]  # of a class method
    patch.setattr(Points, "merged", classmethod(lambda cls, parts: real(cls, list(parts)[:1])))


def average_is_the_sum(patch: Patch) -> None:
    """The Average is not divided by the number of values."""
    real = Points.statistic

    def statistic(self: Points, name: str) -> float | None:
        return real(self, "Sum" if name == "Average" else name)

    patch.setattr(Points, "statistic", statistic)


def sum_over_dimensions(patch: Patch) -> None:
    """Whatever the dimensions, it is one metric."""
    real = Metric.of.__func__  # type: ignore[attr-defined]  # of a class method
    patch.setattr(
        Metric, "of", classmethod(lambda cls, namespace, name, given: real(cls, namespace, name, None))
    )


_BOTH = {"dimensions": st.just("both")}
_YOUNG = {"age": st.sampled_from(["1 hour", "5 hours", "1 day"])}
SEARCH = ClaimSearch(
    ID,
    {
        "finest": _towards(**_BOTH),
        "sums": _towards(**_BOTH),
        "smooth": _towards(**_BOTH, age=st.sampled_from(["1 hour", "5 hours", "1 day", "20 days"])),
        "identity": _towards(dimensions=st.sampled_from(["one", "none"])),
    },
    (
        Break("finest", keep_all, {"age": st.just("100 days")}),
        Break("finest", drop_after_two_weeks, {"age": st.just("20 days")}),
        Break("sums", keep_one_of_many),
        Break("smooth", average_is_the_sum, _YOUNG),
        Break("identity", sum_over_dimensions),
    ),
    examples=8,
)


class TestClaims(SearchedClaims):
    search = SEARCH
