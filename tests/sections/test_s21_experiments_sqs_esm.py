"""The queue experiment: batches, retries and the ramp in closed form; its claims over their ranges; every scene."""

from __future__ import annotations

import math
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.awslambda.mappings import poller, scaling
from helpers.dataplane.awslambda.mappings.mapping import Mapping
from helpers.dataplane.awslambda.mappings.poller import Poller
from helpers.dataplane.awslambda.mappings.scaling import Scaling
from helpers.experiments import Verdict, find
from helpers.sections.s21_lambda.experiments.sqs_esm import LIMITS, changes

ID = "21_lambda.sqs_esm"
INIT_S, LATENCY_S = 0.3, 0.01
ROOM = {"messages": 100, "work_s": 2, "timeout_s": 30, "max_receive_count": 2, "reserved_concurrency": "2"}


# Results worked out by hand


def test_a_batch_takes_the_start_and_its_messages_in_turn() -> None:
    """Five batches at once; the sixth comes a second later, with the next five pollers, a call after."""
    batches = outcome(ID).measurements.batches
    assert [one.init_s for one in batches] == [INIT_S] * 6
    assert [one.end_s - one.start_s for one in batches] == pytest.approx(
        [INIT_S + 10 * (0.5 + LATENCY_S)] * 6
    )
    starts_s = [one.start_s - batches[0].start_s for one in batches]
    assert starts_s == pytest.approx([0, 0, 0, 0, 0, 1 + LATENCY_S])


@pytest.mark.parametrize("batch_size", [1, 3, 7, 10])
def test_good_messages_take_one_invocation_a_batch(batch_size: int) -> None:
    found = outcome(ID, messages=42, batch_size=batch_size, work_s=0.1)
    assert found.summary["invocations"] == math.ceil(42 / batch_size)
    assert found.summary["invoiced"] == 42


@pytest.mark.parametrize("limit", [1, 2, 5])
@pytest.mark.parametrize("partial", [False, True])
def test_a_bad_message_is_tried_as_often_as_it_may_be_received(limit: int, partial: bool) -> None:
    """Every 60 s, and at the next receive it is set aside: alone if it was named, with its batch if not."""
    found = outcome(
        ID, messages=5, poison_percent=20, work_s=0.1, max_receive_count=limit, partial_responses=partial
    )
    fates = [one.fate for one in found.measurements.batches]
    assert fates == ["partial" if partial else "failed"] * limit
    starts_s = [one.start_s - found.measurements.batches[0].start_s for one in found.measurements.batches]
    assert starts_s == pytest.approx([60 * number for number in range(limit)], abs=0.1)
    assert found.summary["set_aside"] == (1 if partial else 5)
    before, after = (
        [depth.at_s for depth in found.measurements.depths if bool(depth.set_aside) is moved]
        for moved in (False, True)
    )
    assert max(before) < 60 * limit + 1 < min(after) + 1


def test_a_function_that_is_stopped_hands_all_of_its_batch_back() -> None:
    """Of three messages of 4.5 s two fit into 10 s. The start after the timeout counts as part of the second try."""
    found = outcome(ID, messages=3, batch_size=3, work_s=4.5, max_receive_count=2)
    batches = found.measurements.batches
    assert [one.fate for one in batches] == ["timeout", "timeout"]
    assert [one.end_s - one.start_s for one in batches] == pytest.approx([INIT_S + 10, 10])
    assert (found.summary["set_aside"], found.summary["good_set_aside"]) == (3, 3)


def test_the_worked_ramp_is_five_and_five_more_each_second() -> None:
    """Worked example sqs_ramp: 300 a minute, so 5 + 300 a minute later, and 1,000 within the fourth minute."""
    batches = outcome(ID, messages=200, batch_size=1, work_s=4).measurements.batches
    first_s = batches[0].start_s
    for second in range(15):
        at_s = first_s + second + 0.2
        busy = sum(change for changed_s, change in changes(batches) if changed_s <= at_s)
        assert busy == 5 + 5 * second
    assert 5 + 300 * 3 < 1_000 <= 5 + 300 * 4
    assert 5 + 300 * 4 < 1_250 <= 5 + 300 * 5


@pytest.mark.parametrize(
    ("timeout_s", "hidden_s", "refused"), [(10, 9, True), (10, 10, False), (60, 59, True)]
)
def test_a_mapping_is_refused_whose_function_may_outlast_the_visibility_timeout(
    timeout_s: int, hidden_s: int, refused: bool
) -> None:
    found = outcome(ID, messages=2, timeout_s=timeout_s, visibility_timeout_s=hidden_s)
    answer = found.trail[found.trail["operation"] == "CreateEventSourceMapping"]
    assert list(answer["error"]) == (["InvalidParameterValueException"] if refused else [None])
    assert found.summary["invoiced"] == (0 if refused else 2)
    assert found.text.startswith("Refused" if refused else "2 orders done once each")


def test_six_times_the_timeout_leaves_throttled_batches_their_tries() -> None:
    """Worked example vis6: 6 x 30 s = 180 s. With 60 s good messages are received too often in vain."""
    hidden = {hidden_s: outcome(ID, **ROOM, visibility_timeout_s=hidden_s) for hidden_s in (60, 180)}
    assert hidden[60].summary["good_set_aside"] == 10
    assert hidden[180].summary["good_set_aside"] == 0
    assert hidden[60].findings["cap"].verdict is Verdict.FALSE


def test_a_maximum_concurrency_spares_the_function_the_refusals() -> None:
    found = outcome(ID, **ROOM, max_concurrency="2")
    assert (found.summary["peak"], found.summary["throttled"], found.summary["invoiced"]) == (2, 0, 100)
    ends_s = sorted(one.end_s for one in found.measurements.batches)
    assert ends_s[-1] == pytest.approx(INIT_S + 5 * 10 * (2 + LATENCY_S), abs=0.2)


def test_partial_responses_keep_the_pollers_at_work() -> None:
    """With errors the mapping goes down to two batches at once; with failures named it does not slow down."""
    given = {"messages": 100, "batch_size": 2, "poison_percent": 20, "max_receive_count": 2}
    peaks = []
    for partial in (False, True):
        batches = outcome(ID, **given, partial_responses=partial).measurements.batches
        second_round = [one for one in batches if one.start_s > 60]
        peaks.append(
            max(sum(other.start_s <= one.start_s < other.end_s for other in batches) for one in second_round)
        )
    assert peaks[0] < peaks[1]


# Claims

SMALL: dict[str, Strategy] = {
    "messages": st.integers(1, 40),
    "work_s": st.sampled_from([0.1, 0.5, 1, 4.5]),
    "max_receive_count": st.integers(1, 3),
    "reserved_concurrency": st.sampled_from(LIMITS),
    "max_concurrency": st.sampled_from(LIMITS),
    "timeout_s": st.integers(10, 60),
    "visibility_timeout_s": st.integers(5, 400),
}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SMALL), seed=st.integers(0, 99))
@settings(max_examples=15)
def test_no_claim_is_false_in_its_range(values: dict[str, object], seed: int) -> None:
    found = outcome(ID, seed, **values)
    assert counterexamples(found) == []
    assert found.text.endswith(".")  # and the picture can be drawn


@st.composite
def fitting(draw: st.DrawFn, /, **narrowed: Strategy) -> dict[str, Any]:
    """Batches that fit into the timeout, and messages that are hidden six times as long."""
    towards: dict[str, Strategy] = {
        "messages": st.integers(1, 8).map(lambda batches: 5 * batches),
        "batch_size": st.sampled_from([1, 5]),
        "work_s": st.sampled_from([0.1, 0.5, 1]),
        "poison_percent": st.integers(3, 20),
        "reserved_concurrency": st.just("none"),
        "timeout_s": st.integers(10, 20),
    }
    found: dict[str, Any] = draw(settings_of(find(ID), **{**SMALL, **towards, **narrowed}))
    return {**found, "visibility_timeout_s": 6 * found["timeout_s"]}


def anywhere(**narrowed: Strategy) -> Drawn:
    return settings_of(find(ID), **{**SMALL, "visibility_timeout_s": st.integers(60, 300), **narrowed})


def capped(**narrowed: Strategy) -> Drawn:
    few, enough = st.sampled_from(["2", "5"]), st.sampled_from(["none", "5"])
    return anywhere(**{"max_concurrency": few, "reserved_concurrency": enough, **narrowed})


def ignore_what_is_named(patch: Patch) -> None:
    """A batch of which one message failed fails as a whole, whatever the function reports."""
    patch.setattr(poller, "failed_items", lambda answer, items: list(items))


def delete_in_any_case(patch: Patch) -> None:
    """A batch is deleted when the function was run, even if it failed."""
    patch.setattr(Poller, "_settle", lambda self, batch, ending: self._messages.delete(batch))


def know_no_maximum(patch: Patch) -> None:
    """The maximum concurrency of a mapping has no effect."""
    real = Scaling.__init__

    def unlimited(self: Scaling, mapping: Mapping) -> None:
        real(self, mapping)
        self._start, self._most, self._wanted = scaling.START, scaling.MOST, float(scaling.START)

    patch.setattr(Scaling, "__init__", unlimited)


def add_a_thousand_a_minute(patch: Patch) -> None:
    """The number of batches at once grows by 1,000 a minute."""
    patch.setattr(scaling, "PER_MINUTE", 1_000)


_BAD = {"partial_responses": st.just(False), "batch_size": st.just(5)}

SEARCH = ClaimSearch(
    ID,
    {
        "only_bad": lambda **more: fitting(**{"partial_responses": st.just(True), **more}),
        "again": lambda **more: fitting(
            **{**_BAD, "messages": st.integers(1, 4).map(lambda n: 5 * n), **more}
        ),
        "cap": capped,
        "ramp": anywhere,
        "kept": anywhere,
    },
    (
        Break("only_bad", ignore_what_is_named, {"messages": st.just(40), "batch_size": st.just(5)}),
        Break("again", delete_in_any_case),
        Break("cap", know_no_maximum, {"messages": st.just(40), "batch_size": st.just(1)}),
        Break("ramp", add_a_thousand_a_minute, {"messages": st.just(40), "batch_size": st.just(1)}),
        Break("kept", delete_in_any_case, {"messages": st.just(40), "poison_percent": st.just(20)}),
    ),
    examples=8,
)


class TestClaims(SearchedClaims):
    search = SEARCH
