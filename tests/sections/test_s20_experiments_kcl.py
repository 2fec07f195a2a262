"""The kcl experiment: results worked out by hand, its claims over their stated ranges, every scene."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.kinesis import balance
from helpers.dataplane.kinesis.leases import Lease, LeaseTable
from helpers.dataplane.kinesis.processor import Checkpointer, Processor
from helpers.dataplane.kinesis.worker import Worker
from helpers.experiments import find, verify

ID = "20_kinesis.kcl"


@pytest.mark.slow
def test_the_experiment_is_fit_to_be_taught() -> None:
    assert verify(find(ID)) == []


# Results worked out by hand


@pytest.mark.parametrize(("shards", "workers", "busy"), [(3, 2, 2), (4, 6, 4), (1, 2, 1)])
def test_a_shard_keeps_one_worker_busy(shards: int, workers: int, busy: int) -> None:
    """Worked example kcl_4_6: 4 shards and 6 workers, of whom 2 are idle."""
    found = outcome(ID, shards=shards, workers=workers, crash_at_s=0).summary
    assert (found["busy_workers"], found["idle_workers"]) == (busy, workers - busy)


@pytest.mark.parametrize(("every", "again"), [(25, 15), (15, 10), (40, 0), (100, 40)])
def test_what_was_done_since_the_last_checkpoint_comes_again(every: int, again: int) -> None:
    """The worker with 2 of the shards dies when it has processed 40 records of each."""
    found = outcome(ID, checkpoint_every=every)
    lost = found.measurements.lost()
    assert [(one.records, two.again) for one, two in lost] == [(40, again)] * 2
    assert found.summary["repeats"] == 2 * again


@pytest.mark.parametrize("failover_s", [5, 20])
def test_the_others_wait_for_the_failover_time(failover_s: int) -> None:
    """Renewals, and the looks of others, come every third of it, give or take a tenth: 1 to 1.74 failover times."""
    found = outcome(ID, failover_s=failover_s)
    waits = [two.start_s - one.renewed_s for one, two in found.measurements.lost()]
    assert all(failover_s <= wait <= (1 + 2 * 1.1 / 3) * failover_s + 0.01 for wait in waits)


def test_without_another_worker_nobody_reads_on() -> None:
    found = outcome(ID, workers=1)
    assert (found.summary["lost_shards"], found.summary["taken_over"], found.summary["repeats"]) == (3, 0, 0)


def test_the_positions_are_rows_of_a_table() -> None:
    found = outcome(ID, crash_at_s=0, checkpoint_every=10)
    rows = found.trail[found.trail.operation == "UpdateItem"]
    assert set(rows.service) == {"dynamodb"}
    assert found.summary["checkpoint_writes"] == 3 * (80 // 10)


# The claims

SIZES: dict[str, Strategy] = {
    "shards": st.integers(1, 3),
    "workers": st.integers(1, 4),
    "crash_at_s": st.integers(0, 25),
    "checkpoint_every": st.integers(6, 60),
    "failover_s": st.integers(8, 20),
}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SIZES), seed=st.integers(0, 99))
@settings(max_examples=8)
def test_no_claim_is_false_in_its_range(values: dict[str, Any], seed: int) -> None:
    found = outcome(ID, seed, **values)
    assert counterexamples(found) == []
    assert found.summary["lost_shards"] == 0 or values["crash_at_s"] > 0


def _towards(**narrowed: Strategy) -> Callable[..., Drawn]:
    return lambda **more: settings_of(find(ID), **{**SIZES, **narrowed, **more})


def give_each_lease_up(patch: Patch) -> None:
    """A worker forgets that it holds leases, and takes those of others while they read."""
    patch.setattr(Worker, "_expired", lambda self, leases: {one.shard_id for one in leases})
    patch.setattr(LeaseTable, "renew", lambda self, lease: True)


def take_from_nobody(patch: Patch) -> None:
    """A worker takes only leases that nobody has."""
    real = balance.wanted

    def wanted(leases: list[Lease], expired: Any, *given: Any) -> list[Lease]:
        free = [one for one in real(leases, expired, *given) if one.owner is None or one.shard_id in expired]
        return list(free)

    patch.setattr("helpers.dataplane.kinesis.worker.wanted", wanted)


def begin_at_the_oldest(patch: Patch) -> None:
    """Who takes a lease over begins at the oldest record, whatever the checkpoint."""
    real = Processor.__init__

    def begin(self: Processor, worker: Worker, lease: Lease) -> None:
        real(self, worker, lease)
        self._position = "TRIM_HORIZON"

    patch.setattr(Processor, "__init__", begin)


def lose_patience(patch: Patch) -> None:
    """A lease counts as lost after half of the failover time."""
    real = Worker.__init__

    def begin(self: Worker, *given: Any, **more: Any) -> None:
        real(self, *given, **more)
        self._failover_s /= 2

    patch.setattr(Worker, "__init__", begin)


def note_it_twice(patch: Patch) -> None:
    """Every checkpoint is written twice."""
    real = Checkpointer.checkpoint

    def checkpoint(self: Checkpointer, sequence_number: str | None = None) -> None:
        real(self, sequence_number)
        real(self, sequence_number)

    patch.setattr(Checkpointer, "checkpoint", checkpoint)


_CRASH = {"crash_at_s": st.integers(15, 25), "shards": st.integers(2, 3), "workers": st.just(2)}

SEARCH = ClaimSearch(
    ID,
    {
        "one_owner": _towards(shards=st.integers(2, 3), workers=st.integers(1, 2)),
        "idle": _towards(),
        "repeats": _towards(**_CRASH),
        "gap": _towards(**_CRASH),
        "writes": _towards(),
    },
    (
        Break("one_owner", give_each_lease_up, {"workers": st.just(2)}),
        Break("idle", take_from_nobody, {"workers": st.integers(2, 3), "shards": st.integers(2, 3)}),
        Break("repeats", begin_at_the_oldest, {"checkpoint_every": st.integers(6, 20)}),
        Break("gap", lose_patience),
        Break("writes", note_it_twice, {"checkpoint_every": st.integers(6, 20)}),
    ),
    examples=3,
)


class TestClaims(SearchedClaims):
    search = SEARCH
