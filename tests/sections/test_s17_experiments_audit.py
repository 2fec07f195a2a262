"""The audit experiment: results worked out by hand, its claims over their stated ranges, every scene."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.cloudtrail import event, history, trails
from helpers.dataplane.cloudtrail.plane import CloudTrail
from helpers.experiments import find, verify
from helpers.sections.misconceptions import load_misconceptions
from helpers.sections.s17_monitoring.experiments.audit_account import OTHERS

ID = "17_monitoring.audit"
ALL = {"trail": "all Regions", "data_events": "on", "trail_age_days": 400}


def test_it_is_fit_to_be_taught() -> None:
    assert verify(find(ID), {one.id for one in load_misconceptions("17_monitoring")}) == []


# Results worked out by hand


def places(**values: Any) -> tuple[int, int, int]:
    """Whether the call is in the history at home, in that of the other Region, and in the bucket."""
    found = outcome(ID, **values).summary
    return found["in_history_home"], found["in_history_other"], found["in_bucket"]


@pytest.mark.parametrize(("days", "found"), [(0, 1), (30, 1), (89, 1), (90, 1), (91, 0), (400, 0)])
def test_the_history_ends_after_90_days(days: int, found: int) -> None:
    assert places(days_ago=days) == (found, 0, 0)


@pytest.mark.parametrize("region", ["home", "other"])
@pytest.mark.parametrize("trail", ["none", "one Region", "all Regions"])
def test_a_region_has_its_own_history_and_perhaps_a_trail(region: str, trail: str) -> None:
    logged = trail == "all Regions" or (trail == "one Region" and region == "home")
    assert places(region=region, trail=trail) == (region == "home", region == "other", logged)


@pytest.mark.parametrize("data_events", ["off", "on"])
@pytest.mark.parametrize("call", ["DeleteTable", "DescribeTable", "PutObject"])
def test_a_data_event_is_in_the_bucket_if_it_was_selected(call: str, data_events: str) -> None:
    data = call == "PutObject"
    expected = (not data, 0, not data or data_events == "on")
    assert places(call=call, trail="one Region", data_events=data_events) == expected


@pytest.mark.parametrize(("trail_age", "found"), [(0, 0), (29, 0), (30, 1), (400, 1)])
def test_a_trail_has_what_was_called_since_its_start(trail_age: int, found: int) -> None:
    assert places(trail="one Region", trail_age_days=trail_age) == (1, 0, found)


def test_the_bucket_of_a_full_trail_has_every_call() -> None:
    found = outcome(ID, **ALL)
    assert found.measurements.bucket == frozenset(found.measurements.made)
    assert len(found.measurements.made) == len(OTHERS) + 1
    # Each call comes in a file of its own, and so do the calls by which the trail was started.
    assert found.summary["files"] == len(OTHERS) + 2


def test_the_same_seed_gives_the_same_picture() -> None:
    assert outcome(ID, seed=3, **ALL).png() == outcome(ID, seed=3, **ALL).png()


# The claims


@pytest.mark.slow
@given(values=settings_of(find(ID)), seed=st.integers(0, 99))
@settings(max_examples=8)
def test_no_claim_is_false_in_its_range(values: dict[str, Any], seed: int) -> None:
    found = outcome(ID, seed, **values)
    assert counterexamples(found) == []
    assert found.text


def _towards(**narrowed: Strategy) -> Callable[..., Drawn]:
    return lambda **more: settings_of(find(ID), **{**narrowed, **more})


def keep_a_year(patch: Patch) -> None:
    """The event history holds a year."""
    patch.setattr(history, "HISTORY_DAYS", 365)


def one_history_for_all(patch: Patch) -> None:
    """Every call counts as one of us-east-1."""
    real = event.event_of

    def of(*given: Any) -> Any:
        found = real(*given)
        if found is not None:
            object.__setattr__(found, "region", "us-east-1")
        return found

    patch.setattr("helpers.dataplane.cloudtrail.plane.event_of", of)


def know_no_data_events(patch: Patch) -> None:
    """Every call is a management event."""
    patch.setattr(event, "data_events_of", lambda service, operation: None)


def log_everywhere(patch: Patch) -> None:
    """Every trail logs all Regions."""
    patch.setattr(trails.Trail, "multi_region", property(lambda self: True))


def log_all_kinds(patch: Patch) -> None:
    """A trail logs data events whether selected or not."""
    patch.setattr(trails.selectors, "logs", lambda chosen, one: True)


def never_deliver(patch: Patch) -> None:
    """Trails log nothing."""
    patch.setattr(CloudTrail, "_heard", lambda self, row: None)


SEARCH = ClaimSearch(
    ID,
    {
        "history": _towards(),
        "no_data": _towards(),
        "bucket_has": _towards(trail=st.sampled_from(["one Region", "all Regions"])),
        "lasting": _towards(days_ago=st.integers(91, 364)),
    },
    (
        Break("history", keep_a_year),
        Break("history", one_history_for_all),
        Break("no_data", know_no_data_events),
        Break("bucket_has", log_everywhere),
        Break("bucket_has", log_all_kinds),
        Break("bucket_has", never_deliver),
        Break("lasting", keep_a_year),
    ),
    examples=6,
)


class TestClaims(SearchedClaims):
    search = SEARCH
