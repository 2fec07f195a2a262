"""The readers experiment: closed forms, worked examples, its claims over their stated ranges, every scene."""

from __future__ import annotations

from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.kinesis import limits, models, plane, shard
from helpers.dataplane.kinesis.consumer import Consumer
from helpers.experiments import Verdict, find
from helpers.experiments.verify import verify

ID = "20_kinesis.readers"


def test_it_is_fit_to_be_taught() -> None:
    assert verify(find(ID)) == []


def test_three_consumers_share_two_mebibytes() -> None:
    """Worked example three_consumers: 2 / 3 of a MiB/s each; what they read in all is what the shard gives."""
    found = outcome(ID)
    assert found.summary["read_mib_s"] == pytest.approx(2, abs=0.1)
    assert found.findings["shared_rate"].verdict is Verdict.TRUE
    # 0.4 MiB/s too little, of 2.4: the mean lag grows by a sixth of a second each second.
    assert found.summary["lag_growth_s"] == pytest.approx(10 / 6, abs=0.4)


def test_three_enhanced_consumers_of_five_shards_read_all() -> None:
    """Worked example efo_three: each could get 10 MiB/s of five shards; 5 are written, and all are pushed."""
    found = outcome(ID, consumers=3, shards=5, write_mib_s=5, mode="enhanced")
    assert found.summary["read_mib_s"] == pytest.approx(15, rel=0.01)
    assert found.summary["longest_delay_ms"] == 70
    shared = outcome(ID, consumers=3, shards=5, write_mib_s=5)
    assert shared.summary["read_mib_s"] == pytest.approx(10, rel=0.05)


@pytest.mark.parametrize(("shards", "grows"), [(1, True), (2, True), (3, False)])
def test_the_formula_sizes_a_stream(shards: int, grows: bool) -> None:
    """As in size_formula: 3 × 1.7 MiB/s are read, over 2 that is 2.55, so three shards."""
    found = outcome(ID, write_mib_s=1.7, shards=shards)
    assert (found.measurements.summary["lag_growth_s"] > 0.3) is grows


@pytest.mark.parametrize(("consumers", "polls_per_s"), [(1, 5), (5, 1), (2, 2.5)])
def test_five_calls_a_second_are_answered(consumers: int, polls_per_s: float) -> None:
    values: dict[str, Any] = {"consumers": consumers, "write_mib_s": 0.1}
    fine = outcome(ID, polls_per_s=polls_per_s, **values)
    assert (fine.summary["calls"], fine.summary["refused_calls"]) == (150, 0)
    assert int(fine.summary["longest_delay_ms"]) <= 1_000 / polls_per_s


def test_fifteen_calls_a_second_are_refused_but_for_five() -> None:
    found = outcome(ID, polls_per_s=5, write_mib_s=0.1)
    assert found.summary["refused_percent"] == pytest.approx(100 * 2 / 3, abs=2)


def test_writes_beyond_the_shards_are_refused() -> None:
    """2 MiB/s into one shard in eight parts a second: four of them are taken."""
    found = outcome(ID, write_mib_s=2)
    assert found.measurements.refused_writes == 4 * 30
    assert found.summary["written_mib"] == pytest.approx(30)


SMALL = {
    "consumers": st.integers(1, 6),
    "polls_per_s": st.sampled_from([0.2, 0.5, 0.8, 1.0, 1.2, 2.0, 2.5, 5.0]),
    "shards": st.integers(1, 3),
}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SMALL), seed=st.integers(0, 9))
@settings(max_examples=14)
def test_no_claim_is_false_in_its_range(values: dict[str, Any], seed: int) -> None:
    found = outcome(ID, seed, **values)
    assert counterexamples(found) == []
    assert found.png()


# ---- the claims, searched for a counterexample


def give_each_reader_the_whole_rate(patch: Patch) -> None:
    """A shard gives each call what it asks for."""
    patch.setattr(limits, "READ_BYTES", 100 * limits.MIB)


def give_half(patch: Patch) -> None:
    """A shard gives half of what it should."""
    patch.setattr(limits, "READ_BYTES", limits.MIB // 2)


def answer_all_calls(patch: Patch) -> None:
    """There is no limit of calls."""
    patch.setattr(limits, "READ_CALLS", 1_000)


def answer_two_calls(patch: Patch) -> None:
    """A shard answers two calls a second."""
    patch.setattr(limits, "READ_CALLS", 2)


def share_the_pushes(patch: Patch) -> None:
    """A consumer gets a fifth of a MiB a second."""
    meter = Consumer.meter

    def slow(self: Any, shard_id: str) -> Any:
        one = meter(self, shard_id)
        one.rate = limits.MIB // 5
        return one

    patch.setattr(Consumer, "meter", slow)


def show_late(patch: Patch) -> None:
    """A record can be polled two seconds after its write."""
    patch.setattr(plane, "Models", lambda: models.Models(shared_propagation_s=2))


def skip_records(patch: Patch) -> None:
    """A read leaves out its first record if it has several."""
    read = shard.Shard.read

    def lossy(self: Any, *args: Any) -> Any:
        records = read(self, *args)
        return records[1:] if len(records) > 1 else records

    patch.setattr(shard.Shard, "read", lossy)


def towards(**values: Strategy) -> Any:
    def drawn(**narrowed: Strategy) -> Drawn:
        return settings_of(find(ID), **{**SMALL, **values, **narrowed})

    return drawn


SHARED = st.just("shared")
LOW = st.sampled_from([0.1, 0.2, 0.3, 0.4])
SEARCH = ClaimSearch(
    ID,
    {
        "shared_rate": towards(
            mode=SHARED,
            polls_per_s=st.just(1.0),
            consumers=st.integers(1, 5),
            write_mib_s=st.sampled_from([0.2, 0.5, 0.7, 0.9, 1.0]),
        ),
        "five_calls": towards(mode=SHARED, write_mib_s=LOW),
        "own_rate": towards(mode=st.just("enhanced")),
        "within_poll": towards(mode=SHARED, write_mib_s=LOW, consumers=st.integers(1, 3)),
        "all_records": towards(),
    },
    (
        Break("shared_rate", give_each_reader_the_whole_rate, {"shards": st.just(1)}),
        Break("shared_rate", give_half, {"shards": st.just(1)}),
        Break("five_calls", answer_all_calls),
        Break("five_calls", answer_two_calls),
        Break("own_rate", share_the_pushes),
        Break("within_poll", show_late),
        Break("all_records", skip_records, {"mode": SHARED}),
    ),
    examples=7,
)


class TestClaims(SearchedClaims):
    search = SEARCH
