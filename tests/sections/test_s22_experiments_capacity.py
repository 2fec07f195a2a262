"""The capacity experiment: the worked examples of section 22, closed forms, its claims and every scene."""

from __future__ import annotations

from math import ceil
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.dynamodb import metering, units
from helpers.experiments import Verdict, find

ID = "22_dynamodb.capacity"


@pytest.mark.parametrize(
    ("values", "needed"),
    [
        pytest.param({"writes_per_s": 10, "item_kb": 2}, 20, id="wcu_1"),
        pytest.param({"writes_per_s": 6, "item_kb": 4.5}, 30, id="wcu_2"),
        pytest.param({"writes_per_s": 120 // 60, "item_kb": 2}, 4, id="wcu_3"),
        pytest.param({"writes_per_s": 3, "write_mode": "transactional", "item_kb": 5}, 30, id="tx_1"),
    ],
)
def test_worked_examples_of_writes(values: dict[str, Any], needed: float) -> None:
    assert outcome(ID, **values).summary["write_units_per_s"] == needed


@pytest.mark.parametrize(
    ("values", "needed"),
    [
        pytest.param({"reads_per_s": 10, "read_mode": "strong", "item_kb": 4}, 10, id="rcu_1"),
        pytest.param({"reads_per_s": 16, "read_mode": "eventual", "item_kb": 12}, 24, id="rcu_2"),
        pytest.param({"reads_per_s": 10, "read_mode": "strong", "item_kb": 6}, 20, id="rcu_3"),
        pytest.param({"reads_per_s": 5, "read_mode": "transactional", "item_kb": 5}, 20, id="tx_2"),
    ],
)
def test_worked_examples_of_reads(values: dict[str, Any], needed: float) -> None:
    assert outcome(ID, **values).summary["read_units_per_s"] == needed


def test_the_stairs_rise_after_every_kb_of_a_write_and_every_fourth_of_a_read() -> None:
    """From 0 to 12 KB, the smallest and the largest size of each step."""
    seen = outcome(ID, item_kb=6, read_mode="eventual").measurements
    assert [size for size, _ in seen.write_costs][:5] == [102, 1024, 1025, 2048, 2049]
    assert [cost for _, cost in seen.write_costs] == [kb for kb in range(1, 13) for _ in "ab"]
    assert seen.read_costs == ((102, 0.5), (4096, 0.5), (4097, 1), (8192, 1), (8193, 1.5), (12_288, 1.5))


def test_the_largest_item_is_read_and_written() -> None:
    """400 KB: 400 write units, 100 read units, and nothing is larger than that."""
    seen = outcome(ID, item_kb=400, reads_per_s=1, writes_per_s=1)
    assert seen.summary["size_bytes"] == 409_600
    assert (seen.summary["units_per_read"], seen.summary["units_per_write"]) == (100, 400)
    assert max(size for size, _ in seen.measurements.write_costs) == 409_600


@pytest.mark.parametrize(
    ("what", "projection", "each"),
    [
        ("insert", "ALL", 3), ("insert", "KEYS_ONLY", 1), ("update", "ALL", 3), ("update", "KEYS_ONLY", 0),
        ("rekey", "ALL", 6), ("rekey", "KEYS_ONLY", 2),
    ],
)  # fmt: skip
def test_what_a_write_of_two_and_a_half_kb_costs_on_each_of_three_indexes(
    what: str, projection: str, each: float
) -> None:
    """Into the index 1 entry, a changed attribute 1, a changed index key 2 (out and in): 3 units or 1 an entry."""
    seen = outcome(ID, item_kb=2.5, gsi_count=3, write_what=what, projection=projection)
    assert seen.summary["units_per_write"] == 3
    assert seen.summary["index_units_per_write"] == 3 * each
    assert seen.summary["all_write_units_per_s"] == 6 * (3 + 3 * each)


def test_an_update_without_an_index_costs_the_whole_item() -> None:
    assert outcome(ID, item_kb=9.5, write_what="update").summary["units_per_write"] == 10


def test_nothing_is_throttled_even_at_the_upper_end() -> None:
    """The calls of a second are a second apart: each is let through at its first attempt."""
    seen = outcome(
        ID, item_kb=400, reads_per_s=3, read_mode="transactional", writes_per_s=3, write_mode="transactional",
        gsi_count=5, write_what="rekey",
    )  # fmt: skip
    assert seen.trail["error"].isna().all()
    assert set(seen.trail["attempt"]) == {1}


def test_no_reads_and_no_writes_say_nothing() -> None:
    seen = outcome(ID, reads_per_s=0, writes_per_s=0)
    assert seen.findings["reads"].verdict is seen.findings["writes"].verdict is Verdict.NOT_APPLICABLE
    assert seen.text.startswith("Without reads and writes no units are needed.")


SMALL = {
    "reads_per_s": st.integers(0, 3),
    "writes_per_s": st.integers(0, 3),
    "item_kb": st.floats(0.1, 24).map(lambda kb: round(kb, 2)),
}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SMALL), seed=st.integers(0, 9))
@settings(max_examples=15)
def test_units_are_the_documented_sums_and_no_claim_is_false_in_its_range(
    values: dict[str, Any], seed: int
) -> None:
    found = outcome(ID, seed, **values)
    size = round(values["item_kb"] * 1024)
    per_read = ceil(size / 4096) * {"eventual": 0.5, "strong": 1, "transactional": 2}[values["read_mode"]]
    per_write = ceil(size / 1024) * {"standard": 1, "transactional": 2}[values["write_mode"]]
    assert found.summary["read_units_per_s"] == values["reads_per_s"] * per_read
    assert found.summary["write_units_per_s"] == values["writes_per_s"] * per_write
    assert counterexamples(found) == []
    assert found.png()


@pytest.mark.slow
@given(values=settings_of(find(ID), reads_per_s=st.just(1), writes_per_s=st.just(1)))
@settings(max_examples=6)
def test_any_size_of_item_can_be_drawn(values: dict[str, Any]) -> None:
    found = outcome(ID, **values)
    assert counterexamples(found) == []
    assert found.png()


# ---- the claims, searched for a counterexample


def _rounding_down(size_bytes: int, step_bytes: int) -> int:
    return max(1, size_bytes // step_bytes)


def round_sizes_down(patch: Patch) -> None:
    """A KB that is begun, or 4 KB that are begun, count once they are full."""

    def read_units(size_bytes: int, consistency: units.Consistency = units.Consistency.EVENTUAL) -> float:
        return _rounding_down(size_bytes, 4096) * units.read_units(1, consistency)

    def write_units(size_bytes: int, *, transactional: bool = False) -> float:
        return _rounding_down(size_bytes, 1024) * (2.0 if transactional else 1.0)

    patch.setattr(metering, "read_units", read_units)
    patch.setattr(metering, "write_units", write_units)


def read_in_steps_of_one_kb(patch: Patch) -> None:
    """A read unit covers 1 KB, as a write unit does."""
    real = units.read_units
    patch.setattr(metering, "read_units", lambda size_bytes, consistency: real(4 * size_bytes, consistency))


def count_the_change_only(patch: Patch) -> None:
    """A write costs one unit, whatever its item's size."""
    patch.setattr(metering, "write_units", lambda size_bytes, *, transactional=False: 1.0 + transactional)


def make_consistency_free(patch: Patch) -> None:
    """A strongly consistent read costs what an eventually consistent one costs."""
    patch.setattr("helpers.dataplane.dynamodb.reading.consistency_of", lambda _: units.Consistency.EVENTUAL)


def charge_a_transaction_once(patch: Patch) -> None:
    """A transaction writes each item once, for the units of a single write."""

    def write_units(size_bytes: int, *, transactional: bool = False) -> float:
        return units.write_units(size_bytes)

    patch.setattr(metering, "write_units", write_units)


def keep_indexes_for_free(patch: Patch) -> None:
    """A write costs nothing on the indexes that it touches."""
    patch.setattr(metering, "_index_writes", lambda index, before, after: [])


def write_changed_entries_once(patch: Patch) -> None:
    """A changed index key costs one write, not one out and one in."""
    real = metering._index_writes
    patch.setattr(metering, "_index_writes", lambda index, before, after: real(index, before, after)[-1:])


def charge_indexes_for_every_write(patch: Patch) -> None:
    """An index writes its entry again even if nothing that it holds has changed."""
    patch.setattr(metering, "same", lambda one, other: one is other)


def small(**narrowed: Strategy) -> Drawn:
    """Settings of a small run, in most claims' ranges."""
    some = {
        "reads_per_s": st.integers(1, 3),
        "writes_per_s": st.integers(1, 3),
        "gsi_count": st.integers(1, 5),
    }
    return settings_of(find(ID), **{**SMALL, **some, **narrowed})


SEARCH = ClaimSearch(
    ID,
    dict.fromkeys(("reads", "writes", "modes", "indexes"), small),
    (
        Break("reads", round_sizes_down),
        Break("reads", read_in_steps_of_one_kb),
        Break("writes", round_sizes_down),
        Break("writes", count_the_change_only),
        Break("modes", make_consistency_free),
        Break("modes", charge_a_transaction_once),
        Break("indexes", keep_indexes_for_free),
        Break("indexes", write_changed_entries_once, {"write_what": st.just("rekey")}),
        Break("indexes", charge_indexes_for_every_write, {"write_what": st.just("update")}),
    ),
    examples=12,
)


class TestClaims(SearchedClaims):
    search = SEARCH
