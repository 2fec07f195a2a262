"""The experiment on message groups: closed forms, its claims over their stated ranges, every scene."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.experiments import Verdict, find

ID = "18_sqs.fifo_groups"


@pytest.mark.parametrize("consumers", [1, 5, 20])
def test_one_group_takes_messages_times_work(consumers: int) -> None:
    """60 messages of 1 s, and 20 ms of calls (delete, receive) between two of them."""
    found = outcome(ID, groups=1, consumers=consumers, work_spread_percent=0)
    assert found.summary["makespan_s"] == pytest.approx(60 + 59 * 0.02, abs=0.8)
    assert found.summary["makespan_s"] >= 60


@pytest.mark.parametrize(("groups", "consumers"), [(1, 5), (5, 1), (5, 5), (5, 20), (20, 5), (12, 12)])
def test_the_speed_up_is_the_smaller_of_groups_and_consumers(groups: int, consumers: int) -> None:
    found = outcome(ID, groups=groups, consumers=consumers, work_spread_percent=0)
    assert found.summary["speed_up"] == pytest.approx(min(groups, consumers), rel=0.05)


def test_a_failing_head_holds_up_its_own_group_for_its_timeouts() -> None:
    """Two failures of 0.5 s work, each followed by the rest of 15 s: group 1 starts over at about 30 s."""
    found = outcome(ID, head_failures=2, work_spread_percent=0)
    assert found.summary["group_1_done_s"] == pytest.approx(30 + 12, abs=0.5)
    assert found.summary["others_done_s"] == pytest.approx(12, abs=0.5)


def test_on_a_standard_queue_the_groups_do_not_matter() -> None:
    found = outcome(ID, queue_type="standard", groups=1)
    assert found.summary["out_of_order"] > 0
    assert found.summary["speed_up"] > 4
    assert found.findings["alone"].verdict is Verdict.FALSE
    assert found.findings["bound"].verdict is Verdict.FALSE


def test_the_longest_line_sets_the_pace() -> None:
    found = outcome(ID, hot_percent=50, groups=10, consumers=10, work_spread_percent=0)
    assert found.summary["makespan_s"] == pytest.approx(30, rel=0.05)


@given(
    values=settings_of(
        find(ID),
        messages=st.integers(5, 60),
        groups=st.integers(1, 12),
        consumers=st.integers(1, 12),
        work_s=st.sampled_from([0.1, 0.5, 1, 3, 5]),
    ),
    seed=st.integers(0, 99),
)
@pytest.mark.slow
@settings(max_examples=50)
def test_no_claim_is_false_in_its_range(values: dict[str, object], seed: int) -> None:
    assert counterexamples(outcome(ID, seed, **values)) == []
