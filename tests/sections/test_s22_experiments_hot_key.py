"""The hot key experiment: AWS's examples, closed forms, its claims over their stated ranges, every scene."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.dynamodb import metering, partitions, plane, supply, units
from helpers.dataplane.dynamodb.dax.cache import Cache
from helpers.dataplane.dynamodb.models import Models
from helpers.experiments import Verdict, find

ID = "22_dynamodb.hot_key"


AWS_EXAMPLE = {"wcu": 400, "partitions": 4, "writes_per_s": 300, "hot_percent": 50}
"""400 write units on four partitions, and half of 300 a second for one key: GUIDE/burst-adaptive-capacity.html."""


def test_a_busy_partition_gets_more_than_its_share_of_the_table() -> None:
    found = outcome(ID, **AWS_EXAMPLE)
    assert found.summary["favourite_asked_per_s"] > 100  # a fourth of the table's units
    assert found.summary["throttled_votes"] == 0


def test_without_adaptive_capacity_it_would_be_throttled(monkeypatch: Patch) -> None:
    deal_out_evenly(monkeypatch)
    found = outcome(ID, **AWS_EXAMPLE)
    assert found.summary["throttled_votes"] > 0
    assert found.findings["spread"].verdict is Verdict.FALSE


@pytest.mark.parametrize("values", [{"wcu": 4_000}, {"wcu": 10_000}, {"mode": "on-demand"}])
def test_one_key_gets_1000_units_a_second_in_any_table(values: dict[str, Any]) -> None:
    """20 calls of 100 units a second for 4 s. 1,000 are in hand and 50 come in from call to call: 19 calls pass, and
    then every other one of 61, from the second of them on.
    """
    found = outcome(ID, hot_percent=100, writes_per_s=2_000, **values)
    taken = [one.taken for one in found.measurements.votes]
    assert taken == [True] * 19 + [False, True] * 30 + [False]
    assert found.summary["favourite_per_s"] == 1_000


def test_two_candidates_are_two_hot_keys_whatever_the_number_of_partitions() -> None:
    for number in (4, 20):
        found = outcome(ID, singers=2, wcu=10_000, partitions=number, writes_per_s=4_000)
        assert found.summary["hot_partitions"] == 2
        assert found.summary["throttled_votes"] > 0


def test_an_item_of_20_kb_can_be_read_600_times_a_second() -> None:
    """5 units each, 3,000 a second. Here calls of 100 units, 100 a second: 3,000 are in hand and 30 come in from call
    to call, so that 42 calls pass at once, and then 3 of 10.
    """
    found = outcome(ID, writes_per_s=0, reads_per_s=10_000, strong_reads=True)
    passed = [not one.throttled for one in found.measurements.looks]
    assert passed[:42] == [True] * 42
    assert sum(passed[200:]) == 60
    assert {one.units for one in found.measurements.looks if one.units} == {100}


@pytest.mark.parametrize("suffixes", [1, 2, 4, 8])
def test_suffixes_part_the_writes_and_multiply_the_reads(suffixes: int) -> None:
    found = outcome(ID, suffixes=suffixes, reads_per_s=500)
    assert found.summary["favourite_asked_per_s"] == 1_500
    if suffixes > 1:
        assert found.summary["busiest_key_per_s"] <= 1_500 / suffixes + 25  # one call more or less in 4 s
    assert found.summary["reader_units"] == 0.5 * suffixes
    assert found.summary["table_reads"] == suffixes * found.summary["readers"] == suffixes * 2_000


def test_the_table_is_read_once_for_each_time_to_live() -> None:
    """A read each 0.2 s, the first ones hits. What is fetched at 1.0 s serves until 2.0 s, so that the next ones to
    miss come at 2.2 s and 3.4 s.
    """
    found = outcome(ID, writes_per_s=0, reads_per_s=500, cache_ttl_s=1)
    missed = [round(one.start_s, 1) for one in found.measurements.looks if not one.cached]
    assert missed == [1.0, 2.2, 3.4]


@pytest.mark.parametrize(("ttl_s", "old_s"), [(1, (0.8, 1)), (3, (2.8, 3)), (300, (3.8, 4.1))])
def test_a_change_past_the_cache_stays_unseen(ttl_s: int, old_s: tuple[float, float]) -> None:
    found = outcome(ID, writes_per_s=0, reads_per_s=2_000, cache_ttl_s=ttl_s)
    assert old_s[0] <= found.summary["old_for_s"] <= old_s[1]


def test_strong_reads_go_past_the_cache() -> None:
    found = outcome(ID, writes_per_s=0, reads_per_s=2_000, cache_ttl_s=300, strong_reads=True)
    assert found.summary["cached_reads"] == found.summary["old_reads"] == 0
    assert found.summary["reader_units"] == 1


def test_a_cache_changes_nothing_for_votes() -> None:
    alone, cached = (
        outcome(ID, **more) for more in ({"reads_per_s": 500}, {"reads_per_s": 500, "cache_ttl_s": 5})
    )
    assert [one.taken for one in alone.measurements.votes] == [one.taken for one in cached.measurements.votes]


def test_nobody_votes_and_nobody_reads() -> None:
    found = outcome(ID, writes_per_s=0)
    assert {finding.verdict for finding in found.findings.values()} == {Verdict.NOT_APPLICABLE}
    assert found.text == "Nobody votes, and nobody reads."


SMALL = {
    "writes_per_s": st.integers(0, 20).map(lambda hundreds: 100 * hundreds),
    "reads_per_s": st.integers(0, 4).map(lambda times: 500 * times),
    "suffixes": st.integers(1, 4),
}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SMALL), seed=st.integers(0, 9))
@settings(max_examples=12)
def test_no_claim_is_false_in_its_range(values: dict[str, Any], seed: int) -> None:
    found = outcome(ID, seed, **values)
    assert counterexamples(found) == []
    assert found.png()


# ---- the claims, searched for a counterexample


def lift_the_limit_of_partitions(patch: Patch) -> None:
    """A partition takes what its table has."""
    patch.setattr(supply, "PARTITION_LIMITS", dict.fromkeys(supply.Direction, 100_000))


def deal_out_evenly(patch: Patch) -> None:
    """Each partition has an equal share of the table's units, and no more."""
    patch.setattr(plane, "Models", partial(Models, adaptive_capacity=False))


def hash_what_is_before_the_dot(patch: Patch) -> None:
    """A suffix does not move a key to another partition."""

    def position_of(values: Any) -> int:
        return partitions.position_of([{"S": value["S"].partition(".")[0]} for value in values])

    patch.setattr(metering, "position_of", position_of)


def make_consistency_free(patch: Patch) -> None:
    """A strongly consistent read costs what an eventually consistent one costs."""
    patch.setattr("helpers.dataplane.dynamodb.reading.consistency_of", lambda _: units.Consistency.EVENTUAL)


def read_for_one_unit(patch: Patch) -> None:
    """A read costs one unit, whatever its item's size."""
    patch.setattr(metering, "read_units", lambda size_bytes, consistency: 1.0)


def never_hit(patch: Patch) -> None:
    """The cache keeps nothing."""
    patch.setattr(Cache, "get", lambda self, key: None)


def keep_for_ever(patch: Patch) -> None:
    """The cache keeps an item past its time to live."""
    real = Cache.__init__
    patch.setattr(
        Cache, "__init__", lambda self, cluster, ttl_us, capacity: real(self, cluster, None, capacity)
    )


def voting(**narrowed: Strategy) -> Drawn:
    """Votes for a favourite, and some readers."""
    some = {
        "writes_per_s": st.integers(15, 40).map(lambda hundreds: 100 * hundreds),
        "reads_per_s": st.sampled_from((0, 500)),
        "suffixes": st.integers(1, 4),
        "hot_percent": st.integers(5, 20).map(lambda steps: 5 * steps),
    }
    return settings_of(find(ID), **{**some, **narrowed})


def reading(**narrowed: Strategy) -> Drawn:
    """Readers of the favourite, of the table or through a cache that keeps items for some seconds."""
    some = {
        "writes_per_s": st.sampled_from((0, 500)),
        "reads_per_s": st.integers(1, 6).map(lambda times: 500 * times),
        "suffixes": st.integers(1, 4),
        "cache_ttl_s": st.integers(0, 5),
    }
    return settings_of(find(ID), **{**some, **narrowed})


def uncached(**narrowed: Strategy) -> Drawn:
    """The same without a cache."""
    return reading(**{"cache_ttl_s": st.just(0), **narrowed})


def cached(**narrowed: Strategy) -> Drawn:
    """The same with one."""
    return reading(**{"cache_ttl_s": st.integers(1, 5), "strong_reads": st.just(False), **narrowed})


SEARCH = ClaimSearch(
    ID,
    {"ceiling": voting, "spread": voting, "gather": uncached, "cache": cached, "old": cached},
    (
        Break(
            "ceiling",
            lift_the_limit_of_partitions,
            {"hot_percent": st.just(100), "suffixes": st.just(1), "wcu": st.just(4_000)},
        ),
        Break("spread", deal_out_evenly, {"mode": st.just("provisioned"), "partitions": st.just(20)}),
        Break("spread", hash_what_is_before_the_dot, {"hot_percent": st.just(100), "suffixes": st.just(4)}),
        Break("gather", make_consistency_free, {"strong_reads": st.just(True)}),
        Break("gather", read_for_one_unit),
        Break("cache", never_hit),
        Break("old", keep_for_ever),
    ),
    examples=8,
)


class TestClaims(SearchedClaims):
    search = SEARCH
