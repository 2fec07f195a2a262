"""The stream experiment: tries, splits and waits in closed form; its claims over their ranges; every scene."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.awslambda.destinations import Destinations
from helpers.dataplane.awslambda.mappings import lane, shard
from helpers.dataplane.awslambda.mappings.lane import Lane
from helpers.dataplane.awslambda.mappings.mapping import Mapping
from helpers.experiments import Verdict, find
from helpers.sections.s21_lambda.experiments.stream_errors import INIT_S, ROUNDS, fleet

ID = "21_lambda.stream_errors"
LATENCY_S = 0.01


# Results worked out by hand


@pytest.mark.parametrize(("shards", "trucks"), [(1, 1), (2, 8), (3, 5), (4, 40)])
def test_each_shard_has_as_many_trucks(shards: int, trucks: int) -> None:
    """The stream itself says in which shard a record is."""
    found = outcome(ID, shards=shards, trucks=trucks, bad_at=0, work_s=0.1)
    by_shard = [0] * shards
    for report in found.measurements.stream.reports.values():
        by_shard[report.shard] += 1
    assert by_shard == [ROUNDS * trucks] * shards
    assert len(set(fleet(shards, trucks))) == shards * trucks


def test_the_worked_stream_runs_four_times_ten_batches_at_once() -> None:
    """Worked example stream_scale: 4 shards with a factor of 10 are up to 40 calls at once."""
    found = outcome(ID, shards=4, parallelization=10, trucks=40, bad_at=0, work_s=0.5)
    assert found.summary["peak"] == 40
    assert outcome(ID, shards=4, trucks=40, bad_at=0, work_s=0.1).summary["peak"] == 4


def test_tries_come_after_growing_waits_up_to_a_minute() -> None:
    """Each try takes 5 reports and a call; the waits are 1, 2, 4, 8, 16, 32, 60 and 60 s."""
    tries = outcome(ID, watched_min=5).measurements.stream.tries
    assert [one.end_s - one.start_s for one in tries] == pytest.approx([5 + LATENCY_S] * len(tries))
    waits_s = [after.start_s - before.end_s for before, after in pairwise(tries)]
    assert waits_s == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60][: len(waits_s)])
    assert len(tries) == 9


def test_all_behind_the_bad_report_wait_in_its_shard_alone() -> None:
    """Of the second round nothing is through, though 4 reports were drawn: 4 + 3 rounds of 8 are left."""
    found = outcome(ID)
    assert found.summary["waiting"] == 4 + (ROUNDS - 2) * 8
    assert (found.summary["held_shards"], found.summary["held_trucks"]) == (1, 8)
    assert found.findings["blocked"].verdict is Verdict.TRUE


@pytest.mark.slow
@pytest.mark.parametrize("retries", [0, 1, 3])
@pytest.mark.parametrize("bad_at", [1, 5, 8])
def test_a_batch_is_given_up_as_a_whole_after_its_retries(retries: int, bad_at: int) -> None:
    found = outcome(ID, bad_at=bad_at, max_retries=retries, destination="queue")
    assert found.summary["tries"] == 1 + retries
    assert found.summary["good_given_up"] == 8 - bad_at
    assert found.summary["drawn_again"] == (bad_at - 1 if retries else 0)
    assert found.summary["told"] == found.summary["found_again"] == 9 - bad_at


@pytest.mark.slow
@pytest.mark.parametrize("trucks", [1, 2, 5, 8, 16])
@pytest.mark.parametrize("retries", [0, 2])
def test_splitting_takes_as_many_tries_as_halvings_and_no_retries(trucks: int, retries: int) -> None:
    """The bad report is the first: it is in each half that is cut, until it is alone."""
    found = outcome(ID, trucks=trucks, bad_at=1, bisect=True, max_retries=retries, destination="queue")
    assert found.summary["tries_alone"] == 1 + retries
    assert found.summary["tries"] == math.ceil(math.log2(trucks)) + 1 + retries
    assert (found.summary["given_up"], found.summary["waiting"]) == (1, 0)


@pytest.mark.parametrize("age", ["60", "120"])
def test_a_record_is_given_up_at_its_maximum_age(age: str) -> None:
    """In the middle of a wait at that very instant, else after the try that goes on: a try takes 5 s."""
    stream = outcome(ID, max_record_age_s=age, destination="queue").measurements.stream
    assert stream.bad is not None
    assert stream.went_on_s is not None
    after_s = round(stream.went_on_s - stream.bad.put_s, 6)
    assert int(age) <= after_s <= int(age) + 5 + LATENCY_S


def test_what_a_destination_gets_and_what_is_found_through_it() -> None:
    """A queue gets where the record stood, and it is still in the stream; a bucket gets the record too."""
    told = {}
    for destination in ("queue", "bucket", "none"):
        found = outcome(ID, bisect=True, max_retries=0, destination=destination)
        told[destination] = (found.summary["given_up"], found.summary["told"], found.summary["found_again"])
        looked = found.trail[(found.trail["actor"] == "main") & (found.trail["operation"] == "GetRecords")]
        assert len(looked) == (destination == "queue")
    assert told == {"queue": (1, 1, 1), "bucket": (1, 1, 1), "none": (1, 0, 0)}


def test_a_parallel_shard_holds_up_the_keys_that_share_the_batch() -> None:
    found = outcome(ID, parallelization=4)
    stream = found.measurements.stream
    held = {stream.reports[number].truck for number in stream.waiting}
    first = next(one for one in stream.tries)
    assert held == {stream.reports[number].truck for number in first.read}
    assert found.summary["held_trucks"] == 3
    assert len(stream.lanes) == 8


def test_the_iterator_age_is_that_of_the_last_record_read() -> None:
    """A round is written, and read at the next poll: within a second."""
    stream = outcome(ID, bad_at=0).measurements.stream
    ages = [age for lane_ in stream.lanes for _, age in stream.ages(lane_)]
    assert len(ages) == 2 * ROUNDS
    assert all(0 <= age <= 1 + 2 * LATENCY_S for age in ages)
    first = stream.batches[0]
    assert first.end_s - first.start_s == pytest.approx(INIT_S + 8 + LATENCY_S)


def test_a_function_that_is_too_slow_holds_up_both_shards_without_any_error() -> None:
    found = outcome(ID, trucks=30, work_s=2, bad_at=0)
    assert found.summary["held_shards"] == 2
    assert found.text.startswith("The function does not keep up")


# Claims

SMALL: dict[str, Strategy] = {
    "shards": st.integers(1, 2),
    "trucks": st.integers(1, 8),
    "bad_at": st.integers(0, 9),
    "work_s": st.sampled_from([0.1, 0.5, 1, 2]),
    "batch_size": st.sampled_from([1, 2, 3, 8, 100]),
    "max_retries": st.integers(-1, 4),
    "watched_min": st.integers(3, 5),
}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SMALL), seed=st.integers(0, 99))
@settings(max_examples=12)
def test_no_claim_is_false_in_its_range(values: dict[str, object], seed: int) -> None:
    found = outcome(ID, seed, **values)
    assert counterexamples(found) == []
    assert found.text.endswith(".")  # and the picture can be drawn
    counted = sum(int(found.summary[name]) for name in ("drawn", "given_up", "waiting"))
    assert counted == found.summary["reports"] == ROUNDS * values["shards"] * values["trucks"]


@st.composite
def bad(draw: st.DrawFn, /, **narrowed: Strategy) -> dict[str, Any]:
    """A bad report, and a function that keeps up."""
    towards: dict[str, Strategy] = {
        "bad_at": st.integers(1, 9),
        "work_s": st.sampled_from([0.1, 0.5, 1]),
        "max_retries": st.just(-1),
        "max_record_age_s": st.just("-1"),
        "parallelization": st.just(1),
        "watched_min": st.integers(4, 5),
    }
    found: dict[str, Any] = draw(settings_of(find(ID), **{**SMALL, **towards, **narrowed}))
    return found


def tried_out(**narrowed: Strategy) -> Drawn:
    return bad(**{"max_retries": st.integers(0, 3), **narrowed})


def parallel(**narrowed: Strategy) -> Drawn:
    several = {
        "bad_at": st.integers(0, 3),
        "parallelization": st.integers(1, 10),
        "trucks": st.integers(2, 8),
    }
    return bad(**{**several, **narrowed})


def aged(**narrowed: Strategy) -> Drawn:
    return bad(**{"max_record_age_s": st.sampled_from(["60", "120"]), **narrowed})


def give_up_at_once(patch: Patch) -> None:
    """A failed batch is given up after its first try."""
    real = Mapping.of.__func__  # type: ignore[attr-defined]  # a class method
    patch.setattr(Mapping, "of", classmethod(lambda cls, *given: replace(real(cls, *given), retries=0)))


def skip_the_first_record(patch: Patch) -> None:
    """Of a failed batch only what stands behind its first record is tried again."""
    real = Lane._left

    def shorter(self: Lane, piece: Any, ending: Any) -> Any:
        pieces = real(self, piece, ending)
        for one in pieces:
            one.items = one.items[1:] or one.items
        return pieces

    patch.setattr(Lane, "_left", shorter)


def count_splits_as_retries(patch: Patch) -> None:
    """Each split of a failed batch uses up a retry."""
    piece = lane.Piece

    def counted(items: Any, retries: int = 0, runs: int = 0, **more: Any) -> Any:
        return piece(items, max(retries, runs), runs, **more)

    patch.setattr(lane, "Piece", counted)


def let_records_get_twice_as_old(patch: Patch) -> None:
    """Records are given up at twice the maximum age."""
    real = Mapping.of.__func__  # type: ignore[attr-defined]  # a class method

    def older(cls: Any, *given: Any) -> Mapping:
        mapping: Mapping = real(cls, *given)
        return replace(mapping, record_age_s=2 * mapping.record_age_s)

    patch.setattr(Mapping, "of", classmethod(older))


def deal_out_at_random(patch: Patch) -> None:
    """The records of one key go to different batches."""
    turns = iter(range(10_000_000))
    patch.setattr(shard, "_place_of", lambda key, places: next(turns) % places)


def double_the_factor(patch: Patch) -> None:
    """Twice as many batches of a shard run at once."""
    real = Mapping.of.__func__  # type: ignore[attr-defined]  # a class method

    def doubled(cls: Any, *given: Any) -> Mapping:
        mapping: Mapping = real(cls, *given)
        return replace(mapping, parallel=2 * mapping.parallel)

    patch.setattr(Mapping, "of", classmethod(doubled))


def tell_nobody(patch: Patch) -> None:
    """What is given up is reported to no destination."""
    patch.setattr(Destinations, "send", lambda self, *given, **more: None)


_MANY = {"trucks": st.just(8), "shards": st.just(1), "batch_size": st.just(100)}

SEARCH = ClaimSearch(
    ID,
    {
        "blocked": bad,
        "whole": lambda **more: tried_out(
            **{"bisect": st.just(False), "max_retries": st.integers(-1, 2), **more}
        ),
        "only_bad": lambda **more: tried_out(**{"bisect": st.just(True), **more}),
        "age": aged,
        "order": parallel,
        "peak": parallel,
        "found": lambda **more: tried_out(**{"destination": st.sampled_from(["queue", "bucket"]), **more}),
    },
    (
        Break("blocked", give_up_at_once),
        Break("whole", skip_the_first_record, {**_MANY, "bad_at": st.integers(3, 5)}),
        Break("only_bad", count_splits_as_retries, {**_MANY, "max_retries": st.just(2)}),
        Break("age", let_records_get_twice_as_old, {"max_record_age_s": st.just("60")}),
        Break("order", deal_out_at_random, {**_MANY, "bad_at": st.just(2), "parallelization": st.just(3)}),
        Break("peak", double_the_factor, {**_MANY, "parallelization": st.just(1)}),
        Break("found", tell_nobody),
    ),
    examples=6,
)


class TestClaims(SearchedClaims):
    search = SEARCH
