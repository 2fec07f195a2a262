"""The trucks experiment: closed forms, worked examples, its claims over their stated ranges, every scene."""

from __future__ import annotations

from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.kinesis import shard, stream
from helpers.experiments import Verdict, find
from helpers.experiments.verify import verify
from helpers.sections.s20_kinesis.experiments import fleet

ID = "20_kinesis.trucks"
FIFO, STANDARD, TOPIC = "FIFO queue", "standard queue", "topic with queues"


def test_it_is_fit_to_be_taught() -> None:
    assert verify(find(ID)) == []


def test_100_trucks_on_five_shards() -> None:
    """Worked example trucks: 20 to a shard on average, and five workers at most."""
    found = outcome(ID, workers=20)
    assert found.summary["trucks_per_shard"] == 20
    assert [trucks for _, trucks in found.measurements.shards] == [24, 25, 17, 20, 14]
    assert found.summary["peak_workers"] == 5


@pytest.mark.parametrize("shards", [4, 6])
def test_as_many_workers_as_shards(shards: int) -> None:
    """Worked example kcl_4_6, and the time is that of the fullest shard: 0.5 s a report, and a call for ten of them."""
    found = outcome(ID, shards=shards, workers=50, applications=1)
    assert found.summary["peak_workers"] == shards
    work_s = 3 * int(found.summary["busiest_shard"]) * fleet.WORK_S
    assert work_s < float(found.summary["done_after_s"]) < work_s + 0.2


def test_a_fifo_queue_lets_100_workers_follow_100_trucks() -> None:
    """Three reports of a truck one after the other: 1.5 s of work and three calls each way."""
    found = outcome(ID, service=FIFO, workers=100, applications=1)
    assert found.summary["peak_workers"] == 100
    assert found.summary["out_of_order"] == 0
    assert 1.5 < float(found.summary["done_after_s"]) < 1.6


def test_each_application_of_a_stream_gets_all_and_leaves_all() -> None:
    found = outcome(ID, applications=3)
    assert found.measurements.got == (300, 300, 300)
    assert found.summary["left"] == 300


def test_applications_of_one_queue_share_it_and_leave_nothing() -> None:
    for service in (FIFO, STANDARD):
        found = outcome(ID, service=service, applications=3, trucks=60)
        assert sum(found.measurements.got) == found.summary["jobs"] == 180
        assert min(found.measurements.got) > 0
        assert found.summary["left"] == 0


def test_a_standard_queue_promises_no_order() -> None:
    found = outcome(ID, service=STANDARD)
    assert found.findings["order"].verdict is Verdict.FALSE
    assert len(found.measurements.turned) == found.summary["out_of_order"]


@pytest.mark.parametrize(
    ("service", "hours", "got", "left"),
    [("stream", 23, 300, 300), ("stream", 24, 0, 0), (FIFO, 12, 0, 0), (TOPIC, 12, 0, 0)],
)
def test_who_comes_late(service: str, hours: int, got: int, left: int) -> None:
    found = outcome(ID, service=service, rerun_after_h=hours)
    assert (found.summary["late_got"], found.summary["left"]) == (got, left)
    assert found.measurements.got[0] == 300


def test_a_queue_keeps_what_nobody_has_received() -> None:
    assert outcome(ID, service=FIFO, applications=1, rerun_after_h=48).summary["late_got"] == 300


def test_with_one_shard_the_order_is_that_of_sending() -> None:
    one, five = outcome(ID, shards=1, workers=1), outcome(ID)
    assert one.summary["overtaken_percent"] == 0
    assert float(five.summary["overtaken_percent"]) > 50
    assert five.summary["out_of_order"] == 0


SMALL = {"trucks": st.integers(5, 60), "workers": st.integers(1, 12), "shards": st.integers(1, 8)}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SMALL), seed=st.integers(0, 9))
@settings(max_examples=14)
def test_no_claim_is_false_in_its_range(values: dict[str, Any], seed: int) -> None:
    found = outcome(ID, seed, **values)
    assert counterexamples(found) == []
    assert found.png()


# ---- the claims, searched for a counterexample


def give_every_worker_every_shard(patch: Patch) -> None:
    """A shard may have any number of workers of an application."""
    work, shards = fleet.Stream.work, dict[int, list[str]]()

    def all_of_them(self: Any, application: int, worker: int) -> None:
        self._shards = shards.setdefault(id(self), self._shards * self.p.workers)
        work(self, application, worker)

    patch.setattr(fleet.Stream, "work", all_of_them)
    patch.setattr(fleet.Stream, "busy", lambda self, worker: True)


def deal_records_out_in_turn(patch: Patch) -> None:
    """Keys are ignored: the shards take turns."""

    def route(self: Any, entry: Any) -> Any:
        self._turn += 1
        return self._open[self._turn % len(self._open)]

    patch.setattr(stream.Stream, "route", route)


def forget_what_was_read(patch: Patch) -> None:
    """Reading takes records out of the shard."""
    read = shard.Shard.read

    def taking(self: Any, *args: Any) -> Any:
        records = read(self, *args)
        for record in records:
            self._records.remove(record)
        return records

    patch.setattr(shard.Shard, "read", taking)


def keep_for_ever(patch: Patch) -> None:
    """Records do not expire."""
    patch.setattr(shard.Shard, "trim", lambda self, retention_us, now_us: None)


def towards(**values: Strategy) -> Any:
    def drawn(**narrowed: Strategy) -> Drawn:
        return settings_of(find(ID), **{**SMALL, **values, **narrowed})

    return drawn


STREAM = st.just("stream")
SEVERAL = st.integers(2, 3)
AT_ONCE = st.just(0)
SEARCH = ClaimSearch(
    ID,
    {
        "useful": towards(service=st.sampled_from(["stream", FIFO])),
        "order": towards(service=st.sampled_from(["stream", FIFO])),
        "copies": towards(applications=SEVERAL, rerun_after_h=AT_ONCE),
        "late": towards(rerun_after_h=st.integers(1, 48)),
        "left": towards(),
        "shares": towards(service=STREAM),
    },
    (
        Break(
            "useful",
            give_every_worker_every_shard,
            {
                "service": STREAM,
                "shards": st.just(1),
                "workers": st.integers(2, 5),
                "trucks": st.integers(20, 60),
            },
        ),
        Break(
            "order",
            deal_records_out_in_turn,
            {"service": STREAM, "shards": st.integers(3, 8), "workers": st.integers(3, 8)},
        ),
        Break("copies", forget_what_was_read, {"service": STREAM}),
        Break("late", forget_what_was_read, {"service": STREAM, "applications": SEVERAL}),
        Break("late", keep_for_ever, {"service": STREAM, "rerun_after_h": st.integers(24, 48)}),
        Break("left", forget_what_was_read, {"service": STREAM, "rerun_after_h": AT_ONCE}),
        Break("left", keep_for_ever, {"service": STREAM, "rerun_after_h": st.integers(24, 48)}),
        Break("shares", deal_records_out_in_turn, {"shards": st.integers(2, 8)}),
    ),
    examples=7,
)


class TestClaims(SearchedClaims):
    search = SEARCH
