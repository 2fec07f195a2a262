"""The poison experiment: closed forms, its claims over their stated ranges, every scene."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.experiments import Verdict, find

ID = "18_sqs.poison"


@pytest.mark.parametrize("limit", [1, 2, 3, 10])
def test_a_bad_order_costs_exactly_the_limit(limit: int) -> None:
    found = outcome(ID, max_receive_count=limit, consumers=10)
    assert found.summary["wasted_receives"] == 2 * limit
    assert found.summary["dead_letters"] == 2


@pytest.mark.parametrize(("limit", "timeout_s"), [(1, 30), (3, 30), (3, 60), (5, 20)])
def test_with_an_idle_worker_it_is_set_aside_after_limit_times_timeout(limit: int, timeout_s: int) -> None:
    """The move comes at the first receive after the last timeout, and with ten workers one always waits."""
    found = outcome(
        ID,
        max_receive_count=limit,
        visibility_timeout_s=timeout_s,
        consumers=10,
        messages=10,
        poison_percent=10,
    )
    assert found.summary["to_dlq_s"] == pytest.approx(limit * timeout_s, abs=0.05)


@pytest.mark.parametrize(("kind", "days"), [("standard", 3), ("fifo", 4)])
def test_the_clock_of_a_dead_letter(kind: str, days: int) -> None:
    """Worked example dlq_clock: a day in the source, a retention of 4 days."""
    found = outcome(ID, queue_type=kind, days_before_work=1, dlq_retention_days=4)
    assert found.summary["readable_days"] == pytest.approx(days, abs=0.01)


def test_handed_back_at_once_it_burns_through_its_receives() -> None:
    found = outcome(
        ID, release_on_failure=True, messages=1, poison_percent=50, consumers=1, max_receive_count=5
    )
    if not found.summary["poison"]:
        found = outcome(
            ID, release_on_failure=True, messages=2, poison_percent=50, consumers=1, max_receive_count=5
        )
    assert found.summary["receives_per_poison"] == 5
    assert found.summary["to_dlq_s"] < 5 * 30


def test_good_orders_are_set_aside_when_the_work_is_too_long() -> None:
    found = outcome(ID, work_s=20, visibility_timeout_s=6, max_receive_count=1)
    assert found.summary["dead_good"] == 18
    assert found.findings["only_poison"].verdict is Verdict.FALSE


@pytest.mark.parametrize("kind", ["standard", "fifo"])
def test_a_late_hand_back_is_refused_and_the_worker_goes_on(kind: str) -> None:
    """The order is visible again, or with another worker: ChangeMessageVisibility has nothing to change."""
    found = outcome(
        ID,
        queue_type=kind,
        release_on_failure=True,
        work_s=80,
        visibility_timeout_s=30,
        messages=8,
        poison_percent=25,
    )
    refused = found.trail[found.trail["operation"] == "ChangeMessageVisibility"]["error"].dropna()
    assert len(refused) > 0
    assert found.summary["dead_poison"] == 2


@given(
    values=settings_of(
        find(ID),
        messages=st.integers(1, 30),
        visibility_timeout_s=st.integers(1, 90),
        work_s=st.integers(1, 60),
        max_receive_count=st.integers(1, 8),
        days_before_work=st.sampled_from([0, 0.5, 1, 3]),
    ),
    seed=st.integers(0, 99),
)
@pytest.mark.slow
@settings(max_examples=50)
def test_no_claim_is_false_in_its_range(values: dict[str, object], seed: int) -> None:
    assert counterexamples(outcome(ID, seed, **values)) == []
