"""The reshard experiment: results worked out by hand, order through splits and merges, its claims, every scene."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.kinesis.shard import Record, Shard
from helpers.dataplane.kinesis.stream import Stream
from helpers.experiments import find, verify

ID = "20_kinesis.reshard"
SPLIT, MERGE, BOTH = "split", "merge", "split, then merge"


@pytest.mark.slow
def test_the_experiment_is_fit_to_be_taught() -> None:
    assert verify(find(ID)) == []


# Results worked out by hand


@pytest.mark.parametrize(
    ("operation", "start", "still_open", "closed"),
    [
        (SPLIT, 1, 2, 1),
        (SPLIT, 2, 3, 1),
        (SPLIT, 4, 5, 1),
        (MERGE, 2, 1, 2),
        (MERGE, 4, 3, 2),
        (BOTH, 2, 2, 3),
    ],
)
def test_shards_at_the_end(operation: str, start: int, still_open: int, closed: int) -> None:
    found = outcome(ID, start_shards=start, operation=operation).summary
    assert (found["open_shards"], found["closed_shards"]) == (still_open, closed)


def test_one_shard_cannot_be_merged() -> None:
    found = outcome(ID, start_shards=1, operation=MERGE)
    assert found.measurements.refused == "InvalidArgumentException"
    assert (found.summary["open_shards"], found.summary["closed_shards"]) == (1, 0)


def test_halves_of_the_split_shard_have_a_quarter_of_the_keys_each() -> None:
    first, low, high, second = outcome(ID).measurements.lanes
    assert (first.low, first.high, second.low, second.high) == (0, 2**127 - 1, 2**127, 2**128 - 1)
    assert (low.low, low.high, high.low, high.high) == (0, 2**126 - 1, 2**126, 2**127 - 1)
    assert (first.closed_s, low.opened_s, high.opened_s, second.closed_s) == (30, 30, 30, None)
    assert low.parents == high.parents == (first.shard,)


@pytest.mark.parametrize("parents_first", [True, False])
def test_all_that_was_put_is_read_once_where_it_was_put(parents_first: bool) -> None:
    found = outcome(ID, operation=BOTH, parents_first=parents_first, reader_starts_s=90).summary
    assert (found["records"], found["read"], found["read_twice"], found["read_elsewhere"]) == (800, 800, 0, 0)


def test_only_the_hasty_reader_that_is_behind_breaks_the_order() -> None:
    late = {
        (parents_first, starts_s): outcome(ID, parents_first=parents_first, reader_starts_s=starts_s).summary[
            "out_of_order"
        ]
        for parents_first in (True, False)
        for starts_s in (0, 60)
    }
    assert int(late.pop((False, 60))) > 100
    assert set(late.values()) == {0}


# The claims

SIZES: dict[str, Strategy] = {"records_per_s": st.integers(1, 12), "start_shards": st.integers(1, 5)}


@pytest.mark.slow
@given(values=settings_of(find(ID), **{**SIZES, "parents_first": st.just(True)}), seed=st.integers(0, 99))
@settings(max_examples=12)
def test_order_of_each_key_holds_through_split_and_merge(values: dict[str, Any], seed: int) -> None:
    """Whoever reads parents first reads each truck in order, whatever was split or merged and however late."""
    found = outcome(ID, seed, **values).summary
    assert (found["out_of_order"], found["read"]) == (0, found["records"])


@pytest.mark.slow
@given(values=settings_of(find(ID), **SIZES), seed=st.integers(0, 99))
@settings(max_examples=12)
def test_no_claim_is_false_in_its_range(values: dict[str, Any], seed: int) -> None:
    assert counterexamples(outcome(ID, seed, **values)) == []


def _towards(**narrowed: Strategy) -> Callable[..., Drawn]:
    return lambda **more: settings_of(find(ID), **{**SIZES, **narrowed, **more})


def forget_the_last_key(patch: Patch) -> None:
    """The upper half of a shard that is split ends one hash key too soon."""
    real = Stream.split

    def split(self: Stream, shard: Shard, at: int) -> tuple[Shard, Shard]:
        low, high = real(self, shard, at)
        high.high -= 1
        return low, high

    patch.setattr(Stream, "split", split)


def hide_the_parents(patch: Patch) -> None:
    """ListShards tells no shard of its parents, so that nobody can wait for them."""
    real = Shard.described

    def described(self: Shard) -> dict[str, Any]:
        return {name: value for name, value in real(self).items() if "Parent" not in name}

    patch.setattr(Shard, "described", described)


def empty_closed_shards(patch: Patch) -> None:
    """A split or a merge empties the closed shards: nothing is left of what was unread."""
    real = Shard.close

    def close(self: Shard, last: int, now_us: int) -> None:
        self._records.clear()
        real(self, last, now_us)

    patch.setattr(Shard, "close", close)


def hold_children_back(patch: Patch) -> None:
    """Nothing is read of a child for 150 s: the parents' records are all read by then."""
    real = Shard.read

    def read(self: Shard, place: int, most: int, most_bytes: int, until_us: int) -> list[Record]:
        if self.parents and until_us < self.began_us + 150_000_000:
            return []
        return real(self, place, most, most_bytes, until_us)

    patch.setattr(Shard, "read", read)


_BEHIND = {
    "parents_first": st.just(False),
    "reader_starts_s": st.integers(35, 120),
    "records_per_s": st.integers(5, 12),
}
_CHANGED = {"operation": st.sampled_from([SPLIT, BOTH])}

SEARCH = ClaimSearch(
    ID,
    {
        "covered": _towards(),
        "in_order": _towards(parents_first=st.just(True)),
        "too_soon": _towards(**_BEHIND),
        "stay": _towards(),
    },
    (
        Break("covered", forget_the_last_key, _CHANGED),
        Break("too_soon", hold_children_back, _CHANGED),
        Break("in_order", hide_the_parents, {**_CHANGED, **_BEHIND, "parents_first": st.just(True)}),
        Break("stay", empty_closed_shards, {**_CHANGED, "reader_starts_s": st.integers(35, 120)}),
    ),
    examples=5,
)


class TestClaims(SearchedClaims):
    search = SEARCH
