"""How the workers of a KCL application share the shards of a stream, and what the crash of one costs."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers.experiments import (
    CallRow,
    Claim,
    Experiment,
    Finding,
    Goal,
    Int,
    Option,
    Prediction,
    Scene,
    Values,
    calls,
    false,
    not_applicable,
    plural,
    true,
)
from helpers.experiments.pictures import human
from helpers.sections.s20_kinesis.experiments.reading import GUIDE, HASH_KEYS, gets

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

STREAM, APPLICATION = "clicks", "dashboard"
EVERY_S = 4  # between two puts, and between two polls of a shard
RECORDS_S = 2  # records a second and shard
QUIET_S = 40  # a run without a crash
AFTER_S = 4  # a run goes on so long after the takeover
SETTLE = 8  # failover times in which the workers share the shards out before anything is written


class Holding(NamedTuple):
    """A worker's time with a shard: from the take of its lease to the next one, to its crash, or to the end.

    `renewed_s` is when it last renewed the lease; `records` it processed, of them `again` some for the second time.
    `noted_s` is when it wrote its last checkpoint.
    """

    shard: str
    worker: str
    start_s: float
    end_s: float
    renewed_s: float
    records: int
    again: int
    checkpoints: tuple[float, ...]
    noted_s: float
    crashed: bool


@dataclass(frozen=True)
class Measured:
    """What the trail shows, from the first record on. Times count from there, in seconds."""

    holdings: tuple[Holding, ...]
    idle: tuple[str, ...]
    crashed: str
    strangers: int
    puts: tuple[tuple[float, int], ...]
    done: tuple[tuple[float, int], ...]
    end_s: float
    summary: dict[str, int | float | str]

    def lost(self) -> list[tuple[Holding, Holding | None]]:
        """What the crashed worker held, and who took it over."""
        return _pairs(self.holdings)


class Kcl(Experiment):
    """Workers of one application that read a stream together; see the module."""

    id = "20_kinesis.kcl"
    title = "Workers, leases, checkpoints"
    question = "How do workers share shards, and what does a crash cost?"
    parameters = (
        Int("shards", 3, "shards", "Shards of the stream, equally busy.", minimum=1, maximum=5),
        Int("workers", 2, "workers", "Workers of the application.", minimum=1, maximum=8),
        Int(
            "crash_at_s",
            20,
            "crash after",
            "When the worker with the most shards dies, after the first record; 0 for no crash.",
            unit="s",
            minimum=0,
            maximum=40,
            step=5,
            assumption=True,
        ),
        Int(
            "checkpoint_every",
            25,
            "checkpoint after",
            "A worker writes a checkpoint of a shard after so many of its records.",
            unit="records",
            minimum=1,
            maximum=200,
            assumption=True,
        ),
        Int(
            "failover_s",
            10,
            "failover time",
            "A lease that was not renewed for so long is taken over; the KCL's default is 10 s.",
            unit="s",
            minimum=5,
            maximum=30,
            source=GUIDE + "kcl-configuration.html",
        ),
    )
    differences = (
        "Leases are shared out by their number here, and by load in KCL 3; there is one table here, and three there.",
        "Leases are renewed, and those of others looked at, every third of the failover time: an assumption.",
        "Each shard gets 2 records a second, and is polled every 4 s; processing takes no time.",
        "API calls take no time here. A crashed worker is not replaced.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:  # the actors of one story stand together
        """Workers that settle; then records, a crash, and time for the others to take over."""
        from helpers.dataplane.kinesis import Worker

        cloud.api_latency_s = 0
        client = cloud.client("kinesis")
        client.create_stream(StreamName=STREAM, ShardCount=p.shards)
        since: Counter[int] = Counter()

        def process(records: list[dict[str, Any]], checkpointer: Any) -> None:
            mine = id(checkpointer)
            for record in records:
                since[mine] += 1
                if since[mine] == p.checkpoint_every:
                    since[mine] = 0
                    checkpointer.checkpoint(record["SequenceNumber"])

        workers = [
            Worker(
                cloud,
                STREAM,
                APPLICATION,
                process,
                name=f"worker-{n}",
                failover_s=p.failover_s,
                idle_s=EVERY_S,
            )
            for n in range(1, p.workers + 1)
        ]

        def write(until_s: float) -> None:
            hashes = [str(HASH_KEYS * n // p.shards + 1) for n in range(p.shards)]
            entries = [{"Data": b"click", "PartitionKey": "k", "ExplicitHashKey": one} for one in hashes]
            while cloud.now < until_s:
                client.put_records(StreamName=STREAM, Records=entries * (RECORDS_S * EVERY_S))
                time.sleep(EVERY_S)

        def operate() -> None:
            for worker in workers:
                worker.start()
            for _ in range(3 * SETTLE):
                time.sleep(p.failover_s / 3)
                held = [len(worker.shards) for worker in workers]
                if sum(held) == p.shards and max(held) - min(held) <= 1:
                    break
            time.sleep(1)
            cloud.spawn(write, cloud.now + length_s(p), name="shop", background=True)
            time.sleep(p.crash_at_s or length_s(p))
            if p.crash_at_s:
                max(workers, key=lambda worker: len(worker.shards)).crash()
                time.sleep(length_s(p) - p.crash_at_s)

        cloud.spawn(operate, name="operator")
        cloud.run()

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Who held which lease by the table, what each worker read, and what was read twice."""
        rows = calls(trail)
        puts = [(row.end_s, len(row.parameters["Records"])) for row in rows if row.operation == "PutRecords"]
        zero_s, end_s = puts[0][0], puts[0][0] + length_s(p)
        crash_s = zero_s + p.crash_at_s if p.crash_at_s else None
        names = [f"worker-{n}" for n in range(1, p.workers + 1)]
        crashed = ""
        if crash_s is not None:
            alive = {row.actor.partition("/")[0] for row in rows if row.end_s > crash_s}
            crashed = next((name for name in names if name not in alive), "")
        table = [row for row in rows if row.operation == "UpdateItem" and row.error is None]
        reads = [(one.time_s, one.actor.partition("/")[0], one.shard, one.records) for one in gets(rows)]
        holdings, strangers = _holdings(table, reads, zero_s, end_s, crash_s, crashed)
        busy = {one.worker for one in holdings if crash_s is None or one.start_s <= crash_s - zero_s}
        again = sum(one.again for one in holdings)
        waits = [two.start_s - one.end_s for one, two in _pairs(holdings) if two is not None]
        done = tuple((at_s - zero_s, len(records)) for at_s, _, _, records in reads if records)
        later = [row for row in table if row.end_s >= zero_s]
        summary: dict[str, int | float | str] = {
            "records": sum(number for _, number in puts),
            "processed": sum(number for _, number in done),
            "repeats": again,
            "idle_workers": len(names) - len(busy),
            "busy_workers": len(busy),
            "lost_shards": sum(one.crashed for one in holdings),
            "taken_over": len(waits),
            "longest_gap_s": round(max(waits, default=0.0), 2),
            "checkpoint_writes": sum(_is(row, "SET #checkpoint") for row in later),
            "renewals": sum(_is(row, "ADD leaseCounter") for row in later),
            "checkpoint_rows": len({row.parameters["Key"]["leaseKey"]["S"] for row in later}),
        }
        idle = tuple(name for name in names if name not in busy)
        written = tuple((at_s - zero_s, number) for at_s, number in puts)
        return Measured(holdings, idle, crashed, strangers, written, done, end_s - zero_s, summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A lane per shard with the workers that hold it; what is not processed below."""
        from helpers.sections.s20_kinesis.experiments import kcl_picture

        return kcl_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def one_owner(p: Values, m: Measured) -> Finding:
        """A shard is read by the owner of its lease."""
        said = f"{plural(len(m.done), 'read')} brought records"
        if m.strangers:
            return false(f"{said}, {m.strangers} of them to a worker that did not hold the lease.")
        return true(f"{said}, each to the worker that held the lease of the shard by the table.")

    @staticmethod
    def idle(p: Values, m: Measured) -> Finding:
        """Workers beyond the shards are idle."""
        found, due = int(m.summary["idle_workers"]), max(0, p.workers - p.shards)
        said = f"{plural(p.shards, 'shard')} kept {plural(int(m.summary['busy_workers']), 'worker')} busy"
        said += f", {found} had none"
        return true(f"{said}.") if found == due else false(f"{said}, not {due}.")

    @staticmethod
    def repeats(p: Values, m: Measured) -> Finding:
        """After a crash all since the last checkpoint is processed again, and no more."""
        lost = [(one, two) for one, two in m.lost() if two is not None]
        if not lost:
            return not_applicable("Nothing was taken over.")
        said = (
            f"{plural(int(m.summary['repeats']), 'record')} of {plural(len(lost), 'lost shard')} came again"
        )
        due = [one.records - p.checkpoint_every * len(one.checkpoints) for one, _ in lost]
        if [two.again for _, two in lost] == due and max(due) < p.checkpoint_every:
            most = max(due)
            return true(
                f"{said}, at most {most} of a shard: checkpoints are {p.checkpoint_every} records apart."
            )
        return false(f"{said}; since their last checkpoints {sum(due)} had been processed.")

    @staticmethod
    def gap(p: Values, m: Measured) -> Finding:
        """A lease is taken over when it was not renewed for the failover time."""
        lost = [(one, two) for one, two in m.lost() if two is not None]
        if not lost:
            return not_applicable("Nothing was taken over.")
        waits = sorted(two.start_s - one.renewed_s for one, two in lost)
        said = f"Lost shards were taken over {human(waits[0])} to {human(waits[-1])} after the last renewal"
        right = waits[0] >= p.failover_s - 0.01 and waits[-1] <= 2 * p.failover_s
        return (true if right else false)(f"{said}; the failover time is {human(p.failover_s)}.")

    @staticmethod
    def writes(p: Values, m: Measured) -> Finding:
        """Checkpoints and renewals are writes to a table."""
        due = sum(one.records // p.checkpoint_every for one in m.holdings)
        found = int(m.summary["checkpoint_writes"])
        said = (
            f"{m.summary['processed']:,} records made {plural(found, 'checkpoint')}, and {m.summary['renewals']:,} "
            "renewals came on top"
        )
        return true(f"{said}.") if found == due else false(f"{said}; {due} checkpoints were due.")


def _is(row: CallRow, update: str) -> bool:
    return bool(row.parameters["UpdateExpression"].startswith(update))


def _pairs(holdings: tuple[Holding, ...]) -> list[tuple[Holding, Holding | None]]:
    """What the crashed worker held, each with the time of its successor, if there is one."""
    return [
        (one, next((two for two in holdings[at + 1 :] if two.shard == one.shard), None))
        for at, one in enumerate(holdings)
        if one.crashed
    ]


def _holdings(
    table: list[CallRow],
    reads: list[tuple[float, str, str, list[dict[str, Any]]]],
    zero_s: float,
    end_s: float,
    crash_s: float | None,
    crashed: str,
) -> tuple[tuple[Holding, ...], int]:
    """Each worker's time with each shard from `zero_s` on, in the order of shards and times; and how many reads were
    of a worker that did not hold the lease.
    """
    takes: dict[str, list[tuple[float, str]]] = {}
    renewed: dict[tuple[str, str], list[float]] = {}
    noted: dict[tuple[str, str], list[float]] = {}
    for row in table:
        shard = row.parameters["Key"]["leaseKey"]["S"]
        worker = row.actor.partition("/")[0]
        if _is(row, "SET leaseOwner"):
            takes.setdefault(shard, []).append((row.end_s, worker))
            renewed.setdefault((shard, worker), []).append(row.end_s)
        elif _is(row, "ADD leaseCounter"):
            renewed.setdefault((shard, worker), []).append(row.end_s)
        elif _is(row, "SET #checkpoint"):
            noted.setdefault((shard, worker), []).append(row.end_s)
    found: list[Holding] = []
    own = 0
    for shard in sorted(takes):
        seen: set[str] = set()
        changes = [*takes[shard], (end_s, "")]
        for (start_s, worker), (next_s, _) in pairwise(changes):
            until_s = next_s
            died = crash_s is not None and worker == crashed and next_s > crash_s
            if died and crash_s is not None:
                until_s = crash_s
            if next_s <= zero_s:
                continue
            mine = [
                (at_s, one["SequenceNumber"], one["ApproximateArrivalTimestamp"].timestamp())
                for at_s, who, where, records in reads
                if who == worker and where == shard and start_s <= at_s <= until_s
                for one in records
            ]
            own += len({at_s for at_s, _, _ in mine})
            notes = tuple(
                at_s - zero_s for at_s in noted.get((shard, worker), []) if start_s <= at_s <= until_s
            )
            again = sum(number in seen for _, number, _ in mine)
            seen |= {number for _, number, _ in mine}
            done_s = max(notes, default=0.0)
            renewals = [at_s for at_s in renewed[shard, worker] if start_s <= at_s <= until_s]
            found.append(
                Holding(
                    shard,
                    worker,
                    max(start_s, zero_s) - zero_s,
                    until_s - zero_s,
                    renewals[-1] - zero_s,
                    len(mine),
                    again,
                    notes,
                    done_s,
                    died,
                )
            )
    strangers = sum(bool(records) for *_, records in reads) - own
    return tuple(found), strangers


def length_s(p: Values) -> float:
    """How long a run goes on after the first record."""
    return float(p.crash_at_s + 1.8 * p.failover_s + AFTER_S if p.crash_at_s else QUIET_S)


Kcl.claims = (
    Claim(
        "one_owner",
        "A shard is read by one worker of an application at a time: the one that holds its lease.",
        ("kinesis.kcl.one_per_shard", "kinesis.kcl.track"),
        Kcl.one_owner,
        "nobody waits for a shard: else leases change hands after a crash, and for a moment two may read",
        lambda p: p.workers <= p.shards,
    ),
    Claim(
        "idle",
        "Workers beyond the number of shards hold no lease and do nothing.",
        ("kinesis.kcl.one_per_shard", "kinesis.kcl.max"),
        Kcl.idle,
        "always",
        lambda p: True,
    ),
    Claim(
        "repeats",
        "After a crash, what was processed since the last checkpoint of a shard is processed again, and no more.",
        ("kinesis.kcl.checkpoint",),
        Kcl.repeats,
        "a worker crashes, another is left, and nobody waits for a shard",
        lambda p: p.crash_at_s > 0 and 1 < p.workers <= p.shards,
    ),
    Claim(
        "gap",
        "A lost shard waits until its lease was not renewed for the failover time.",
        ("kinesis.kcl.failover",),
        Kcl.gap,
        "a worker crashes and another is left",
        lambda p: p.crash_at_s > 0 and p.workers > 1,
    ),
    Claim(
        "writes",
        "Checkpoints are writes to a DynamoDB table: one for so many records of a shard, and renewals besides.",
        ("kinesis.kcl.dynamodb", "kinesis.kcl.track"),
        Kcl.writes,
        "always",
        lambda p: True,
    ),
)

Kcl.scenes = (
    Scene(
        "share",
        "Leases",
        {"crash_at_s": 0},
        "Two workers share three shards: one reads two of them, the other reads one.",
        Prediction(
            "Six more workers are started, so there are eight. How many of them have something to read?",
            (
                Option(
                    "eight",
                    "All eight, as they take turns at the shards",
                    "more_workers_faster",
                    "A shard has one owner, who keeps it as long as it renews the lease. Nobody takes turns.",
                    true_if=lambda p, m: m.summary["busy_workers"] == 8,
                ),
                Option(
                    "three",
                    "Three, one for each of the shards",
                    None,
                    "Each shard has one lease. The five workers without one wait, in case another dies.",
                    right=True,
                    true_if=lambda p, m: m.summary["busy_workers"] == 3,
                ),
                Option(
                    "two",
                    "Two, since the first ones keep their leases",
                    "leases_are_kept",
                    "A new worker takes a lease from the worker that has the most, until all have about equally many.",
                    true_if=lambda p, m: m.summary["busy_workers"] == 2,
                ),
            ),
        ),
        {"workers": 8},
        ("workers", "shards"),
        "idle",
        ("kinesis.kcl.one_per_shard", "kinesis.kcl.max"),
    ),
    Scene(
        "crash",
        "A worker dies",
        {},
        "The worker with two shards dies after it processed 40 records of each. Its last checkpoints were at 25.",
        Prediction(
            "Checkpoints are written after every 15 records instead. How many records come again?",
            number="repeats",
            unit="records",
            tolerance=6,
            reply="About 20: the last checkpoint of each lost shard was at 30, so 10 of each are processed again.",
        ),
        {"checkpoint_every": 15},
        ("checkpoint_every", "crash_at_s"),
        "repeats",
        ("kinesis.kcl.checkpoint", "kinesis.kcl.dynamodb"),
    ),
    Scene(
        "once",
        "Exactly once?",
        {},
        "The position is stored after every 25 records, and the dashboard counted some clicks twice.",
        Prediction(
            "The team starts a third worker. What becomes of the records that are counted twice?",
            (
                Option(
                    "none",
                    "None are, since the positions are stored",
                    "exactly_once",
                    "A position is stored now and then; what lies behind the last one is read again after a crash.",
                    true_if=lambda p, m: m.summary["repeats"] == 0,
                ),
                Option(
                    "fewer",
                    "Fewer: the dead worker held one shard only",
                    None,
                    "It loses one shard instead of two, but what it did of that since its checkpoint comes again.",
                    right=True,
                    true_if=lambda p, m: m.summary["lost_shards"] == 1 and m.summary["repeats"] > 0,
                ),
                Option(
                    "same",
                    "As many: the stream sends what it has noted as unread",
                    "positions_in_stream",
                    "The stream knows nothing of readers. The positions are rows of the application's own table.",
                    true_if=lambda p, m: m.summary["lost_shards"] == 2,
                ),
            ),
        ),
        {"workers": 3},
        ("workers", "checkpoint_every"),
        "repeats",
        ("kinesis.kcl.checkpoint", "kinesis.kcl.dynamodb", "kinesis.kcl.one_per_shard"),
    ),
    Scene(
        "failover",
        "How soon",
        {},
        "After the crash the lost shards waited for some 10 s until others took them over.",
        Prediction(
            "The failover time is 30 s instead of 10 s. How long do the lost shards wait at most?",
            number="longest_gap_s",
            unit="s",
            tolerance=12,
            reply="About 30 s: the others see only that the lease is not renewed, and wait for the failover time.",
        ),
        {"failover_s": 30},
        ("failover_s", "workers"),
        "gap",
        ("kinesis.kcl.failover", "kinesis.kcl.track"),
    ),
    Scene(
        "goal",
        "The price of few repeats",
        {"checkpoint_every": 100},
        "Checkpoints cost writes to DynamoDB, and repeats cost work. The application should have few of both.",
        Prediction(
            "A checkpoint is written after every record. How many records come again after the crash?",
            number="repeats",
            unit="records",
            tolerance=0,
            reply="None here, as the crash comes between two records. The price is a write for each record.",
        ),
        {"checkpoint_every": 1},
        (),
        "writes",
        ("kinesis.kcl.checkpoint", "kinesis.kcl.dynamodb", "kinesis.kcl.one_per_shard"),
        Goal(
            "With a crash after 20 s or later, at most 10 records come again, and at most 40 checkpoints are written.",
            lambda p, m: (
                p.crash_at_s >= 20
                and p.shards >= 3
                and m.summary["taken_over"] > 0
                and m.summary["repeats"] <= 10
                and m.summary["checkpoint_writes"] <= 40
            ),
            {"checkpoint_every": 13},
        ),
    ),
)
