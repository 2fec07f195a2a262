"""The scaling experiment: closed forms, its claims over their stated ranges, every scene."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.experiments import Verdict, find

ID = "18_sqs.asg"


def test_the_messages_are_rate_times_time() -> None:
    """15 a minute for 16 minutes, 60 a minute more for 4 of them."""
    found = outcome(ID)
    assert found.summary["messages"] == 15 * 16 + 60 * 4
    assert found.summary["done"] == found.summary["messages"]


@pytest.mark.parametrize("boot_s", [60, 120, 180, 240])
def test_the_backlog_grows_by_the_surplus_while_instances_boot(boot_s: int) -> None:
    """75 come and 20 are done a minute, in whole rounds of sends and receives."""
    found = outcome(ID, boot_s=boot_s)
    assert found.summary["grown_while_booting"] == pytest.approx((75 - 20) * boot_s / 60, abs=46)


def test_the_scaler_keeps_its_bounds() -> None:
    found = outcome(ID, min_instances=3, max_instances=6)
    assert found.summary["most_instances"] == 6
    assert min(instance.ready_s for instance in found.measurements.instances) < 1
    assert sum(instance.ready_s < 1 for instance in found.measurements.instances) == 3


def test_too_few_instances_lose_nothing() -> None:
    found = outcome(ID, arrivals_per_min=60, max_instances=2)
    assert found.findings["kept"].verdict is Verdict.TRUE
    assert found.summary["left_in_queue"] > 0


@given(
    values=settings_of(
        find(ID),
        arrivals_per_min=st.sampled_from([0, 3, 9, 15, 30]),
        burst_factor=st.sampled_from([1, 2, 3.5, 6]),
        job_s=st.sampled_from([1, 3, 6, 12]),
        max_instances=st.integers(1, 15),
    ),
    seed=st.integers(0, 9),
)
@pytest.mark.slow
@settings(max_examples=25)
def test_no_claim_is_false_in_its_range(values: dict[str, object], seed: int) -> None:
    assert counterexamples(outcome(ID, seed, **values)) == []
