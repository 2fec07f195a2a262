"""The async_retry experiment: results worked out by hand, its claims over their stated ranges, every scene."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.awslambda import asynchronous
from helpers.dataplane.awslambda.asynchronous import Asynchronous
from helpers.dataplane.awslambda.event import Event
from helpers.dataplane.awslambda.functions import Functions
from helpers.dataplane.awslambda.outcomes import RETRIES_EXHAUSTED, Outcomes
from helpers.experiments import find

ID = "21_lambda.async_retry"
DAY_S = 86_400


# Results worked out by hand


def test_a_failing_event_is_tried_after_0_60_and_180_seconds() -> None:
    """Worked example async_tries: waits of 1 and 2 minutes, and runs that take no time."""
    (event,) = outcome(ID, events=1, work_s=0).measurements.events
    assert event.offsets_s == (0, 60, 180)


def test_a_throttled_event_is_tried_79_times_more_in_6_hours() -> None:
    """Worked example throttle_retries: waits of 1, 2, 4, ..., 256 s, then of 300 s, as many as fit."""
    found = outcome(ID, events=1, problem="throttle", problem_s=28_800)
    (event,) = found.measurements.events
    waits = [2**n for n in range(9)] + [300] * 70
    assert event.offsets_s == tuple(accumulate([0, *waits]))
    assert len(event.throttles) - 1 == 79
    assert sum(waits) <= 21_600 < sum(waits) + 300
    assert (event.runs, event.end_s, event.kept.said) == ((), 21_600, "record: EventAgeExceeded, no runs")


@pytest.mark.parametrize("retries", [0, 1, 2])
@pytest.mark.parametrize("work_s", [0, 4, 60])
def test_each_wait_counts_from_the_end_of_a_failed_run(work_s: int, retries: int) -> None:
    found = outcome(ID, work_s=work_s, max_retry_attempts=retries)
    rule = (0, 60 + work_s, 180 + 2 * work_s)[: 1 + retries]
    assert [event.offsets_s for event in found.measurements.events] == [rule] * 3
    assert found.summary["record_after_s"] == rule[-1] + work_s


@pytest.mark.parametrize(
    ("age_s", "runs", "said"), [(60, 1, "1 run"), (120, 2, "2 runs"), (180, 2, "2 runs")]
)
def test_the_age_limit_ends_what_the_retries_would_go_on_with(age_s: int, runs: int, said: str) -> None:
    """The second attempt would come at 64 s, the third one at 188 s."""
    for event in outcome(ID, max_event_age_s=age_s).measurements.events:
        assert len(event.runs) == runs
        assert event.kept.time_s - event.accepted_s == age_s
        assert event.kept.said == f"record: EventAgeExceeded, {said}"


def test_a_destination_tells_more_than_a_dead_letter_queue() -> None:
    record, letter = (
        outcome(ID, target=target).measurements.events[0].kept.said
        for target in ("destination", "dead-letter queue")
    )
    assert (record, letter) == ("record: RetriesExhausted, 3 runs", "event kept, ErrorCode 200")


@pytest.mark.parametrize("problem", ["error", "throttle", "stopped"])
def test_without_a_target_nothing_is_left(problem: str) -> None:
    found = outcome(ID, problem=problem, problem_s=28_800, target="nowhere")
    assert (found.summary["given_up"], found.summary["kept"]) == (3, 0)
    assert "SendMessage" not in set(found.trail.operation)


def test_a_stopped_function_gives_events_up_when_they_come() -> None:
    found = outcome(ID, problem="stopped", target="dead-letter queue")
    assert [(event.tries, event.kept.time_s) for event in found.measurements.events] == [
        ((), 0),
        ((), 20),
        ((), 40),
    ]


def test_attempts_belong_to_their_event_although_others_were_never_tried() -> None:
    """The pauses after the attempts of orders 1, 2 and 5 outlast the 60 s for which those behind them may wait."""
    found = outcome(ID, problem="throttle", problem_s=300, max_event_age_s=60, events=6, target="nowhere")
    events = found.measurements.events
    assert [event.offsets_s for event in events] == [(0, 1, 3, 7, 15, 31), (43,), (), (), (47,), ()]
    assert [event.end_s for event in events] == [60, 80, 100, 120, 140, 160]


def test_a_caller_has_its_answer_before_anything_runs() -> None:
    found = outcome(ID, problem="throttle", problem_s=1800)
    sent = found.trail[(found.trail.operation == "Invoke") & (found.trail.actor == "shop")]
    assert [answer["StatusCode"] for answer in sent.response] == [202, 202, 202]
    assert list(sent.duration_s) == [0, 0, 0]


def test_the_payment_service_is_met_as_it_is_at_the_end_of_a_run() -> None:
    """Down for 100 s: orders 1 and 2 fail at 4 and 68 s, and at 24 and 88 s; order 3 is done at 108 s."""
    found = outcome(ID, problem_s=100, events=3, max_retry_attempts=1)
    fates = [[one.fate for one in event.tries] for event in found.measurements.events]
    assert fates == [["failed", "failed"], ["failed", "failed"], ["failed", "done"]]


# The claims

SIZES: dict[str, Strategy] = {
    "events": st.integers(1, 5),
    "problem_s": st.one_of(st.integers(0, 700), st.integers(0, 28_800)),
    "max_event_age_s": st.one_of(st.integers(60, 400), st.integers(60, 21_600)),
}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SIZES), seed=st.integers(0, 99))
@settings(max_examples=25)
def test_no_claim_is_false_in_its_range(values: dict[str, Any], seed: int) -> None:
    found = outcome(ID, seed, **values)
    assert counterexamples(found) == []
    s = found.summary
    assert s["done"] + s["given_up"] == s["events"] == values["events"]
    assert s["kept"] == (0 if values["target"] == "nowhere" else s["given_up"])
    assert all(len(event.runs) <= 1 + values["max_retry_attempts"] for event in found.measurements.events)


def _towards(**narrowed: Strategy) -> Callable[..., Drawn]:
    return lambda **more: settings_of(find(ID), **{**SIZES, **narrowed, **more})


def retry_once_more(patch: Patch) -> None:
    """A failed event has one retry more than it was allowed."""
    real = Asynchronous._ended

    def ended(self: Asynchronous, event: Event, *given: Any) -> None:
        event.runs -= event.runs == 1
        real(self, event, *given)

    patch.setattr(Asynchronous, "_ended", ended)


def retry_at_once(patch: Patch) -> None:
    """A failed event is tried again right away."""
    patch.setattr(asynchronous, "retry_wait_s", lambda runs: 0)


def forget_the_age(patch: Patch) -> None:
    """Events never grow too old."""
    patch.setattr(Asynchronous, "_expires_us", lambda self, event: event.accepted_us + DAY_S * 1_000_000)


def count_throttles_as_tries(patch: Patch) -> None:
    """After three throttled attempts an event is given up."""
    real = Asynchronous._started

    def started(self: Asynchronous, event: Event) -> bool:
        if real(self, event):
            return True
        event.runs += 1
        if event.runs < 3:
            return False
        self._discard(event, RETRIES_EXHAUSTED)
        return True

    patch.setattr(Asynchronous, "_started", started)


def wait_up_to_an_hour(patch: Patch) -> None:
    """The waits of throttled attempts go on growing after 5 minutes."""
    real = asynchronous.backoff_s
    patch.setattr(asynchronous, "backoff_s", lambda attempts, factor: real(attempts, factor, 3_600))


def lose_what_is_given_up(patch: Patch) -> None:
    """Neither a record nor a dead letter is sent."""
    patch.setattr(Outcomes, "discarded", lambda self, event, condition: None)


def report_only_the_worn_out(patch: Patch) -> None:
    """Only an event whose retries are used up is kept."""
    real = Outcomes.discarded

    def discarded(self: Outcomes, event: Event, condition: str) -> None:
        if condition == RETRIES_EXHAUSTED:
            real(self, event, condition)

    patch.setattr(Outcomes, "discarded", discarded)


def run_although_stopped(patch: Patch) -> None:
    """A reserved concurrency of 0 counts as 1."""
    real = Functions.reserved

    def reserved(self: Functions, arn: str) -> int | None:
        found = real(self, arn)
        return 1 if found == 0 else found

    patch.setattr(Functions, "reserved", reserved)


_FAILING = {"problem": st.just("error"), "problem_s": st.integers(600, 28_800)}
_THROTTLED = {
    "problem": st.just("throttle"),
    "problem_s": st.integers(10, 3_000),
    "max_event_age_s": st.integers(5_000, 21_600),
}
_KEPT = {"target": st.sampled_from(["destination", "dead-letter queue"])}

SEARCH = ClaimSearch(
    ID,
    {
        "tries": _towards(**_FAILING),
        "age": _towards(),
        "waits": _towards(**_THROTTLED),
        "kept": _towards(**_KEPT, problem=st.sampled_from(["error", "throttle", "stopped"])),
        "stopped": _towards(problem=st.just("stopped")),
    },
    (
        Break("tries", retry_once_more, {"max_event_age_s": st.just(21_600)}),
        Break("tries", retry_at_once, {"max_retry_attempts": st.integers(1, 2)}),
        Break("age", forget_the_age, {**_FAILING, "max_event_age_s": st.just(60), "work_s": st.just(4)}),
        Break("waits", count_throttles_as_tries),
        Break("waits", wait_up_to_an_hour, {"problem_s": st.integers(2_000, 3_000)}),
        Break("kept", lose_what_is_given_up),
        Break("kept", report_only_the_worn_out, {"problem": st.just("stopped")}),
        Break("stopped", run_although_stopped),
    ),
    examples=12,
)


class TestClaims(SearchedClaims):
    search = SEARCH
