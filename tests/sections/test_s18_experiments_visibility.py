"""The visibility experiment: closed forms, its claims over their stated ranges, every scene."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers import Cloud
from helpers.experiments import Verdict, find

ID = "18_sqs.visibility"


def test_work_of_45_s_against_30_s_is_received_again_at_30_s() -> None:
    """Worked example default_30s: the second delivery comes 30 s after the first receive."""
    found = outcome(ID, messages=1, work_mean_s=45, work_spread_percent=0, consumers=2)
    first, second = found.measurements.attempts[0]
    assert second.received_s - first.received_s == pytest.approx(30, abs=0.001)
    assert first.ended_s - first.started_s == pytest.approx(45)
    assert found.summary["duplicates"] == 1
    assert found.findings["once"].verdict is Verdict.FALSE


def test_a_new_timeout_counts_from_the_call() -> None:
    """Worked example visibility_from_now: 60 s, changed to 10 s at 15 s, gives 25 s."""
    with Cloud() as cloud:
        sqs = cloud.client("sqs")
        cloud.api_latency_s = 0
        url = sqs.create_queue(QueueName="jobs", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="job")
        handle = sqs.receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"]
        cloud.advance(15)
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=10)
        received = cloud.now
        sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
        assert (received, cloud.now) == (15, 25)


def test_a_single_worker_never_meets_its_own_message_again() -> None:
    found = outcome(
        ID, messages=4, work_mean_s=40, work_spread_percent=0, consumers=1, visibility_timeout_s=10
    )
    assert found.summary["attempts"] == 4
    assert found.findings["once"].verdict is Verdict.TRUE


def test_each_message_of_a_receive_waits_for_those_before_it() -> None:
    """Five of 20 s each with 30 s: the first is in time, the others are visible before they are done."""
    found = outcome(
        ID, messages=5, arrival_every_s=0, batch_size=5, consumers=1, work_mean_s=20, work_spread_percent=0
    )
    starts = [lane[0].started_s - lane[0].received_s for lane in found.measurements.attempts]
    assert starts == pytest.approx([0, 20.01, 40.02, 60.03, 80.04])
    late = [lane[0].ended_s > lane[0].hidden_until_s for lane in found.measurements.attempts]
    assert late == [False, True, True, True, True]


@pytest.mark.parametrize("timeout_s", [30, 60, 150, 300, 600])
def test_a_crashed_job_waits_for_the_rest_of_its_timeout(timeout_s: int) -> None:
    """One job of 20 s that crashes at 10 s, a second worker idle: it comes back timeout - 10 s after the crash."""
    found = outcome(
        ID, messages=2, crash_percent=50, consumers=3, work_spread_percent=0, visibility_timeout_s=timeout_s
    )
    assert found.summary["crashes"] == 1
    assert found.summary["longest_recovery_s"] == pytest.approx(timeout_s - 10, abs=0.05)


def test_stray_copies_are_not_blamed_on_the_timeout() -> None:
    found = outcome(ID, rare_duplicate_percent=20, messages=60)
    assert found.summary["stray_duplicates"] > 0
    assert found.summary["duplicates"] == 0
    assert found.findings["once"].verdict is Verdict.TRUE


def test_late_deletes_that_do_nothing_keep_the_message_going_round() -> None:
    found = outcome(ID, visibility_timeout_s=10, late_delete_works=False)
    assert found.summary["most_attempts"] > 10
    assert found.findings["kept"].verdict is Verdict.TRUE


SIZES = {
    "messages": st.integers(1, 15),
    "consumers": st.integers(1, 6),
    "visibility_timeout_s": st.integers(1, 200),
    "work_mean_s": st.integers(1, 40),
}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SIZES), seed=st.integers(0, 99))
@settings(max_examples=60)
def test_no_claim_is_false_in_its_range(values: dict[str, object], seed: int) -> None:
    assert counterexamples(outcome(ID, seed, **values)) == []


@pytest.mark.slow
@given(
    values=settings_of(find(ID), **SIZES, extend=st.just(False), rare_duplicate_percent=st.just(0)),
    seed=st.integers(0, 9),
)
@settings(max_examples=40)
def test_a_timeout_just_over_the_work_of_a_receive_is_enough(values: dict[str, object], seed: int) -> None:
    """Claim A at its edge: the smallest whole timeout over batch size x longest work."""
    longest = float(values["work_mean_s"]) * (1 + int(values["work_spread_percent"]) / 100)
    timeout = int(int(values["batch_size"]) * (longest + 0.01)) + 1
    if timeout > 600:
        return
    found = outcome(ID, seed, **{**values, "visibility_timeout_s": timeout})
    assert found.summary["duplicates"] == 0


@given(seed=st.integers(0, 30), consumers=st.integers(2, 6))
@settings(max_examples=15)
def test_too_short_and_another_worker_idle_means_twice(seed: int, consumers: int) -> None:
    """Work of at least 14 s, a timeout of 5 s, and a second worker that always finds time."""
    found = outcome(
        ID,
        seed,
        visibility_timeout_s=5,
        messages=6,
        arrival_every_s=60,
        consumers=consumers,
        late_delete_works=True,
    )
    assert found.summary["duplicates"] == found.summary["messages"]
