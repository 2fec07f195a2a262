"""The throttle experiment: AWS's example, closed forms, its claims over their stated ranges, every scene."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from botocore.retries.standard import ExponentialBackoff, MaxAttemptsChecker
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.dynamodb import metering, plane
from helpers.dataplane.dynamodb.models import Models
from helpers.dataplane.dynamodb.modes import Provisioned
from helpers.experiments import Verdict, find

ID = "22_dynamodb.throttle"


def test_a_tenth_of_150_units_idle_for_300_s_carries_a_tenth_of_200_for_900_s() -> None:
    """Saved: 15 x 300 = 4,500 units. Each second of the spike takes 20 - 15 = 5 of them: 4,500 / 5 = 900 s."""
    found = outcome(ID, wcu=15, quiet_s=300, spike_wcu=20, spike_s=1000)
    assert found.summary["carried_s"] == 900
    assert found.findings["carried"].verdict is Verdict.TRUE


@pytest.mark.parametrize(
    ("values", "carried_s"),
    [
        pytest.param({}, 150, id="3,000 / (30 - 10)"),
        pytest.param({"spike_wcu": 60}, 60, id="3,000 / (60 - 10)"),
        pytest.param({"quiet_s": 900}, 150, id="no more than 300 s are kept"),
        pytest.param({"wcu": 20, "spike_wcu": 50, "spike_s": 240}, 200, id="6,000 / (50 - 20)"),
        # The units of the present second and of one second of latency are there besides: 10 x 61.01 - 20 x 30 = 10.1.
        pytest.param({"quiet_s": 60}, 31, id="600 / (30 - 10), and a write more"),
        pytest.param({"wcu": 40, "gsi_wcu": 10}, 150, id="those of the index, which has less"),
        pytest.param({"gsi_wcu": 40}, 150, id="those of the table, which has less"),
        pytest.param({"wcu": 30}, 180, id="what is provisioned is enough"),
    ],
)
def test_how_long_the_spike_passes(values: dict[str, Any], carried_s: float) -> None:
    assert outcome(ID, **values).summary["carried_s"] == carried_s


def test_then_one_write_in_three_passes() -> None:
    """Write 151 finds nothing, at 150 s. Then 10 units come in each second, and a write of 30 needs 10 to pass."""
    lost = [one.number for one in outcome(ID).measurements.writes if not one.taken]
    assert lost == [number for number in range(151, 181) if number % 3 != 2]


def test_a_throttled_write_is_tried_again_after_random_waits_of_at_most_1_2_and_4_s() -> None:
    found = outcome(ID, quiet_s=10, spike_s=60, attempts=4)
    waits = [
        (place, again.start_s - before.end_s)
        for one in found.measurements.writes
        for place, (before, again) in enumerate(zip(one.attempts, one.attempts[1:], strict=False))
    ]
    assert {place for place, _ in waits} == {0, 1, 2}
    assert all(0 <= wait_s <= 2**place + 1e-6 for place, wait_s in waits)
    assert max(wait_s for place, wait_s in waits if place == 2) > 2


def test_retries_end_when_they_have_used_up_the_quota_of_the_client() -> None:
    """500 units, 5 for each retry: a hundred retries without success, and the SDK makes no more."""
    found = outcome(ID, wcu=1, quiet_s=10, spike_s=200, attempts=6)
    retries = found.summary["attempts"] - found.summary["writes"]
    given_up = [one for one in found.measurements.writes if not one.taken and len(one.attempts) < 6]
    assert {one.number for one in given_up} == found.measurements.out_of_quota
    assert given_up
    assert 100 <= retries < 150  # each success gives some of them back
    assert found.findings["retries"].verdict is Verdict.TRUE


def test_what_is_in_the_table_is_in_the_index() -> None:
    found = outcome(ID, wcu=40, gsi_wcu=10)
    assert found.summary["index_units"] == found.summary["accepted_units"]
    assert found.summary["by_index"] == found.summary["lost"] > 0


def test_units_for_the_table_do_nothing_for_its_index() -> None:
    """Table and index have 10 units each; with 80 for the table the same writes pass."""
    few, many = (outcome(ID, wcu=wcu, gsi_wcu=10).measurements.writes for wcu in (10, 80))
    assert [one.taken for one in few] == [one.taken for one in many]


SMALL = {"spike_s": st.integers(10, 90)}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SMALL), seed=st.integers(0, 9))
@settings(max_examples=12)
def test_no_claim_is_false_in_its_range(values: dict[str, Any], seed: int) -> None:
    found = outcome(ID, seed, **values)
    assert counterexamples(found) == []
    assert found.summary["accepted_units"] <= found.summary["asked_units"]
    assert found.png()


# ---- the claims, searched for a counterexample


def _switch(patch: Patch, **switches: float) -> None:
    patch.setattr(plane, "Models", partial(Models, **switches))


def keep_ten_minutes(patch: Patch) -> None:
    """Ten minutes of unused capacity are kept instead of five."""
    _switch(patch, burst_s=600)


def keep_nothing(patch: Patch) -> None:
    """What is not used in its second is gone."""
    _switch(patch, burst_s=0)


def charge_half(patch: Patch) -> None:
    """A request takes half of the units that it uses."""
    real = Provisioned.take
    patch.setattr(Provisioned, "take", lambda self, units, now_us: real(self, units / 2, now_us))


def wait_for_a_minute(patch: Patch) -> None:
    """The SDK waits for a minute before it tries again."""
    patch.setattr(ExponentialBackoff, "delay_amount", lambda self, context: 60.0)


def give_up_after_two(patch: Patch) -> None:
    """The SDK makes two attempts, whatever it was told."""
    patch.setattr(MaxAttemptsChecker, "is_retryable", lambda self, context: context.attempt_number < 2)


def keep_indexes_for_free(patch: Patch) -> None:
    """A write costs nothing on the indexes that it touches."""
    patch.setattr(metering, "_index_writes", lambda index, before, after: [])


def charge_indexes_thrice(patch: Patch) -> None:
    """An index entry costs three times what its item costs on the table."""
    real = metering._index_writes
    patch.setattr(
        metering,
        "_index_writes",
        lambda index, before, after: [(entry, 3 * units) for entry, units in real(index, before, after)],
    )


def spikes(**narrowed: Strategy) -> Drawn:
    """Spikes that outlast what was saved, most of them."""
    high = {
        "wcu": st.integers(1, 20), "quiet_s": st.integers(10, 60), "spike_wcu": st.integers(30, 80),
        "spike_s": st.integers(60, 120), "attempts": st.integers(1, 4), "gsi_wcu": st.integers(0, 20),
    }  # fmt: skip
    return settings_of(find(ID), **{**high, **narrowed})


def retried(**narrowed: Strategy) -> Drawn:
    """The same with retries."""
    return spikes(**{"attempts": st.integers(2, 6), **narrowed})


def indexed(**narrowed: Strategy) -> Drawn:
    """The same with an index."""
    return spikes(**{"gsi_wcu": st.integers(1, 20), **narrowed})


NO_INDEX = {"gsi_wcu": st.just(0)}
LONG_QUIET = {
    "quiet_s": st.integers(600, 900),
    "spike_s": st.integers(200, 240),
    "wcu": st.integers(1, 8),
    **NO_INDEX,
}

SEARCH = ClaimSearch(
    ID,
    {"carried": spikes, "rate": spikes, "retries": retried, "index": indexed},
    (
        Break("carried", keep_ten_minutes, LONG_QUIET),
        Break("carried", keep_nothing, NO_INDEX),
        Break("rate", keep_ten_minutes, LONG_QUIET),
        Break("rate", charge_half),
        Break("retries", wait_for_a_minute),
        Break("retries", give_up_after_two, {"attempts": st.integers(3, 4)}),
        Break("index", keep_indexes_for_free, {"wcu": st.just(80)}),
        Break("index", charge_indexes_thrice, {"wcu": st.just(10), "gsi_wcu": st.integers(10, 20)}),
    ),
    examples=7,
)


class TestClaims(SearchedClaims):
    search = SEARCH
