"""The hot shard experiment: closed forms, worked examples, its claims over their stated ranges, every scene."""

from __future__ import annotations

from math import isclose
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.kinesis import shard, stream
from helpers.experiments import Verdict, find
from helpers.experiments.verify import verify

ID = "20_kinesis.hot_shard"


def test_it_is_fit_to_be_taught() -> None:
    assert verify(find(ID)) == []


@pytest.mark.parametrize("shards", [1, 5, 20])
def test_one_key_gets_1000_records_a_second_with_any_number_of_shards(shards: int) -> None:
    """3,000 a second for 6 s: 6 × 1,000 are taken, and twice as many are refused and dropped."""
    found = outcome(ID, shards=shards, key="constant")
    assert (found.summary["accepted"], found.summary["refused"], found.summary["lost"]) == (
        6_000,
        12_000,
        12_000,
    )
    assert found.summary["stream_limit_per_s"] == 1_000 * shards
    assert found.summary["refusing_shards"] == 1


@pytest.mark.parametrize(("record_kib", "taken_per_s"), [(0.1, 1_000), (1, 1_000), (2, 512), (8, 128)])
def test_a_shard_takes_a_thousand_records_or_a_mebibyte(record_kib: float, taken_per_s: int) -> None:
    found = outcome(ID, key="constant", record_kib=record_kib)
    assert isclose(int(found.summary["accepted"]), 6 * taken_per_s, rel_tol=0.05)
    assert int(found.summary["accepted"]) <= 6 * taken_per_s


def test_nine_tenths_in_one_country_ask_one_shard_of_ten_for_more_than_it_takes() -> None:
    """As in country_key: 0.9 × 3,000 records want 1,000 places; the other countries find room elsewhere."""
    found = outcome(ID)
    hot = [lane for lane in found.measurements.lanes if lane.busiest]
    assert len(hot) == 1
    assert hot[0].taken_per_s == 1_000
    assert hot[0].taken_per_s + hot[0].refused_per_s >= 2_700
    assert [lane.refused_per_s for lane in found.measurements.lanes if not lane.busiest] == [0] * 9
    assert found.summary["mixed_calls"] == 6  # one a second


def test_six_shards_take_3600_records_a_second_of_many_users() -> None:
    """Six take 6,000 if the keys spread evenly; the hash does not quite, so some room is left here."""
    assert outcome(ID, shards=6, key="user", records_per_s=3_600).summary["refused"] == 0
    assert outcome(ID, shards=6, key="user", records_per_s=7_000).measurements.summary["refused"] >= 6 * 1_000


def test_a_burst_is_carried_over_by_the_second_try() -> None:
    """2 × 1,000 at once for one shard: 1,000 are taken, and the others a second later."""
    values: dict[str, Any] = {"shards": 1, "key": "constant", "records_per_s": 1_000, "bursts": True}
    again = outcome(ID, on_refusal="send again", **values)
    assert (again.summary["refused"], again.summary["resent"], again.summary["lost"]) == (3_000, 3_000, 0)
    assert [one.taken for one in again.measurements.seconds] == [1_000] * 6
    assert outcome(ID, **values).summary["lost"] == 3_000


def test_a_steady_overload_is_not_cured_by_further_tries() -> None:
    """2,000 a second for a shard that takes 1,000: it is busy for 6 + 7 s at most, and 12,000 are sent."""
    found = outcome(ID, shards=1, key="constant", records_per_s=4_000, on_refusal="send again")
    assert int(found.summary["lost"]) >= 24_000 - 13_000
    assert found.findings["again"].verdict is Verdict.FALSE


def test_a_split_halves_the_load_of_many_keys_but_not_of_one() -> None:
    """One shard, 1,600 a second: its two children have about 800 each, or one of them all."""
    values = {"shards": 1, "records_per_s": 1_600, "split_hot": True}
    users, one = outcome(ID, key="user", **values), outcome(ID, key="constant", **values)
    assert users.measurements.seconds[5].taken == users.measurements.seconds[5].asked
    assert one.measurements.seconds[5].taken == 1_000
    parent, *children = users.measurements.lanes
    assert parent.closed
    assert [lane.child for lane in children] == [True, True]
    assert sum(lane.taken_per_s for lane in children) == 1_600


SMALL = {
    "records_per_s": st.integers(1, 40).map(lambda hundreds: 100 * hundreds),
    "record_kib": st.sampled_from([0.1, 0.5, 1.0, 2.0, 4.0]),
}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SMALL), seed=st.integers(0, 9))
@settings(max_examples=12)
def test_no_claim_is_false_in_its_range(values: dict[str, Any], seed: int) -> None:
    found = outcome(ID, seed, **values)
    assert counterexamples(found) == []
    assert found.png()


@pytest.mark.slow
@pytest.mark.parametrize("key", ["user", "country", "constant"])
def test_the_far_corner_is_a_run(key: str) -> None:
    extremes = {"shards": 20, "records_per_s": 10_000, "record_kib": 10, "split_hot": True}
    assert counterexamples(outcome(ID, key=key, **extremes)) == []


# ---- the claims, searched for a counterexample


def send_all_to_the_first_shard(patch: Patch) -> None:
    """The key does not matter: all records go to one shard."""
    patch.setattr(stream.Stream, "_hash", lambda self, key: 0)


def give_each_record_a_shard_of_its_own(patch: Patch) -> None:
    """Keys are ignored: the shards take turns."""

    def route(self: Any, entry: Any) -> Any:
        self._turn += 1
        return self._open[self._turn % len(self._open)]

    patch.setattr(stream.Stream, "route", route)


def take_all(patch: Patch) -> None:
    """A shard has no limits."""
    patch.setattr(shard.Shard, "takes", lambda self, size, now_us: True)


def never_rest(patch: Patch) -> None:
    """What a shard has taken counts for ever, not for a second."""
    takes = shard.Shard.takes

    def full(self: Any, size: int, now_us: int) -> bool:
        return bool(takes(self, size, now_us) and len(self._records) < 60)

    patch.setattr(shard.Shard, "takes", full)


def stop_at_the_first_refusal(patch: Patch) -> None:
    """A refused record takes all those behind it in the call with it."""
    takes, stopped = shard.Shard.takes, [-1]

    def stopping(self: Any, size: int, now_us: int) -> bool:
        if stopped[0] == now_us or not takes(self, size, now_us):
            stopped[0] = now_us
            return False
        return True

    patch.setattr(shard.Shard, "takes", stopping)


def towards(**values: Strategy) -> Any:
    def drawn(**narrowed: Strategy) -> Drawn:
        return settings_of(find(ID), **{**SMALL, **values, **narrowed})

    return drawn


BUSY = st.integers(15, 40).map(lambda hundreds: 100 * hundreds)
SEARCH = ClaimSearch(
    ID,
    {
        "one_key": towards(key=st.sampled_from(["country", "constant"])),
        "spread": towards(key=st.just("user")),
        "own_shard": towards(key=st.sampled_from(["country", "constant"]), records_per_s=BUSY),
        "split": towards(key=st.sampled_from(["country", "constant"]), split_hot=st.just(True)),
        "again": towards(on_refusal=st.just("send again")),
    },
    (
        Break("one_key", take_all, {"records_per_s": BUSY}),
        Break(
            "one_key",
            give_each_record_a_shard_of_its_own,
            {"records_per_s": BUSY, "key": st.just("constant")},
        ),
        Break("spread", send_all_to_the_first_shard, {"shards": st.integers(8, 20), "records_per_s": BUSY}),
        Break("own_shard", stop_at_the_first_refusal, {"key": st.just("country")}),
        Break("split", give_each_record_a_shard_of_its_own),
        Break("again", never_rest, {"key": st.just("constant"), "record_kib": st.just(0.5)}),
    ),
    examples=8,
)


class TestClaims(SearchedClaims):
    search = SEARCH
