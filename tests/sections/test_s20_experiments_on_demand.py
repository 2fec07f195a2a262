"""The on-demand experiment: closed forms, worked examples, its claims over their stated ranges, every scene."""

from __future__ import annotations

from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.kinesis import limits, ondemand, shard
from helpers.experiments import find
from helpers.experiments.verify import verify

ID = "20_kinesis.on_demand"


def test_it_is_fit_to_be_taught() -> None:
    assert verify(find(ID)) == []


@pytest.mark.parametrize("peak_mib_s", [2, 5, 8, 10])
def test_twice_the_peak_is_taken_at_once_and_no_more(peak_mib_s: int) -> None:
    """Worked example ondemand_peak: a stream that has seen 40 MB/s takes 80; here in smaller numbers."""
    twice = outcome(ID, peak_mib_s=peak_mib_s, new_mib_s=2 * peak_mib_s, rise_min=0)
    assert twice.summary["refused_min"] == 0
    thrice = outcome(ID, peak_mib_s=peak_mib_s, new_mib_s=3 * peak_mib_s, rise_min=0)
    (jump, *_) = [one for one in thrice.measurements.minutes if one.taken_mib < one.sent_mib]
    assert jump.taken_mib == pytest.approx(2 * peak_mib_s, rel=0.01)


def test_a_jump_is_refused_for_the_15_minutes_of_a_split() -> None:
    found = outcome(ID, rise_min=0)
    refused = [one.taken_mib < one.sent_mib for one in found.measurements.minutes]
    assert refused == [False] * 5 + [True] * 15 + [False] * 20
    assert found.measurements.minutes[20].shards == 2 * found.summary["first_shards"]


def test_a_slow_rise_meets_no_refusal() -> None:
    assert outcome(ID, rise_min=45).summary["refused_min"] == 0
    assert int(outcome(ID, rise_min=10).summary["refused_min"]) > 0


def test_one_key_splits_one_shard_again_and_again() -> None:
    """At 0 its shard is busy, and so are the children: splits at 15 and 30 minutes."""
    found = outcome(ID, key="constant")
    assert found.summary["last_shards"] == int(found.summary["first_shards"]) + 2
    assert {one.taken_mib for one in found.measurements.minutes} == {found.summary["most_taken_mib_s"]}
    assert float(found.summary["most_taken_mib_s"]) <= 1


@pytest.mark.slow
@given(values=settings_of(find(ID), new_mib_s=st.integers(2, 20), rise_min=st.integers(0, 30)))
@settings(max_examples=10)
def test_no_claim_is_false_in_its_range(values: dict[str, Any]) -> None:
    found = outcome(ID, **values)
    assert counterexamples(found) == []
    assert found.png()


# ---- the claims, searched for a counterexample


def take_half(patch: Patch) -> None:
    """A shard takes half of what it should."""
    patch.setattr(limits, "WRITE_BYTES", limits.MIB // 2)


def never_split(patch: Patch) -> None:
    """An on-demand stream does not grow."""
    patch.setattr(ondemand.Traffic, "_split", lambda self, one: None)


def take_all(patch: Patch) -> None:
    """A shard has no limits."""
    patch.setattr(shard.Shard, "takes", lambda self, size, now_us: True)


def towards(**values: Strategy) -> Any:
    small = {"peak_mib_s": st.integers(2, 5), "new_mib_s": st.integers(2, 14)}

    def drawn(**narrowed: Strategy) -> Drawn:
        return settings_of(find(ID), **{**small, **values, **narrowed})

    return drawn


MANY = st.just("user")
SEARCH = ClaimSearch(
    ID,
    {
        "double": towards(key=MANY),
        "grows": towards(key=MANY, rise_min=st.integers(0, 5), new_mib_s=st.integers(6, 14)),
        "slowly": towards(key=MANY, rise_min=st.integers(15, 60)),
        "one_key": towards(key=st.just("constant")),
    },
    (
        Break("double", take_half),
        Break("grows", never_split),
        Break("slowly", never_split, {"new_mib_s": st.integers(8, 14)}),
        Break("one_key", take_all),
    ),
    examples=6,
)


class TestClaims(SearchedClaims):
    search = SEARCH
