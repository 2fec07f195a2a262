"""What a split or a merge does to shards, to the records in them, and to the order of a key."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from helpers.experiments import (
    CallRow,
    Choice,
    Claim,
    Experiment,
    Finding,
    Flag,
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
from helpers.sections.s20_kinesis.experiments.reading import API, GUIDE, HASH_KEYS, gets, puts

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

STREAM = "trucks"
KEYS = tuple(f"truck-{number}" for number in range(1, 17))
SPLIT, MERGE, BOTH = "split", "merge", "split, then merge"
EVERY_S = 2  # between two puts, and between two reads of a shard
WRITING_S = 80
FIRST_S = 20  # when the first operation is asked for
SECOND_S = 45
LOOK_S = 5  # between two looks at the shards
UPDATING_S = 10  # how long the stream is UPDATING, an assumption
PATIENCE_S = 300  # a reader that has not read all by then gives up
CATCH_UP = 3  # a reader that is behind reads so many times as fast as records are written


class Lane(NamedTuple):
    """One shard: its range of hash keys, when it opened and closed (None if it stayed open), and its parents."""

    shard: str
    low: int
    high: int
    opened_s: float
    closed_s: float | None
    parents: tuple[str, ...]
    written: int


class Read(NamedTuple):
    """One call that read records of a shard: when, how many, and how many of them came too late."""

    shard: str
    time_s: float
    records: int
    late: int


@dataclass(frozen=True)
class Measured:
    """What the trail shows: shards from the lowest hash key up, what was put when, and every read in order.

    `gaps` are the moments at which the open shards did not cover the hash keys exactly once.
    """

    lanes: tuple[Lane, ...]
    puts: tuple[tuple[float, int], ...]
    reads: tuple[Read, ...]
    looks: int
    gaps: int
    refused: str
    summary: dict[str, int | float | str]


class Reshard(Experiment):
    """Trucks that report to a stream while its shards are split or merged, and a reader; see the module."""

    id = "20_kinesis.reshard"
    title = "Split and merge"
    question = "What happens to shards and order when a stream is split or merged?"
    parameters = (
        Int("start_shards", 2, "shards", "Shards of the stream at the start.", minimum=1, maximum=8),
        Choice(
            "operation",
            SPLIT,
            "operation",
            "Split the first shard in the middle, merge the first two, or split one and merge the halves again.",
            choices=(SPLIT, MERGE, BOTH),
            source=API + "API_SplitShard.html",
        ),
        Flag(
            "parents_first",
            True,
            "read parents first",
            "The reader begins with a child shard only when its parents are read to the end.",
            source=GUIDE + "kinesis-using-sdk-java-after-resharding.html",
        ),
        Int(
            "reader_starts_s",
            30,
            "reader starts after",
            "How long the trucks have been reporting when the reader begins, at the oldest record.",
            unit="s",
            minimum=0,
            maximum=120,
            step=5,
            assumption=True,
        ),
        Int(
            "records_per_s",
            10,
            "records",
            f"Records a second, of {len(KEYS)} trucks in turn.",
            unit="/s",
            minimum=1,
            maximum=50,
            assumption=True,
        ),
    )
    differences = (
        "A split or a merge takes 10 s here; AWS says seconds to minutes.",
        "The reader lists the shards every 2 s and reads three times as fast as records come; both are assumptions.",
        "API calls take no time here, so that reads stand where the rule puts them.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:  # noqa: C901  # the actors of one story stand together
        """Trucks, an operator who splits and merges, and a reader with a worker for each shard."""
        cloud.api_latency_s = 0
        cloud.plane("kinesis").models.updating_s = UPDATING_S
        client = cloud.client("kinesis")
        client.create_stream(StreamName=STREAM, ShardCount=p.start_shards)
        of_each = -(-CATCH_UP * EVERY_S * p.records_per_s // p.start_shards)

        def write() -> None:
            number = 0
            for _ in range(WRITING_S // EVERY_S):
                entries = []
                for _ in range(p.records_per_s * EVERY_S):
                    entries.append({"Data": str(number).encode(), "PartitionKey": KEYS[number % len(KEYS)]})
                    number += 1
                client.put_records(StreamName=STREAM, Records=entries)
                time.sleep(EVERY_S)

        def look() -> None:
            for _ in range(WRITING_S // LOOK_S):
                client.list_shards(StreamName=STREAM)
                time.sleep(LOOK_S)

        def operate() -> None:
            time.sleep(FIRST_S)
            try:
                (merge if p.operation == MERGE else split)()
            except ClientError:  # one shard cannot be merged; the call tells why
                return
            if p.operation == BOTH:
                time.sleep(SECOND_S - FIRST_S)
                merge()

        def split() -> None:
            first = self._open(client)[0]
            low, high = (int(first["HashKeyRange"][name]) for name in ("StartingHashKey", "EndingHashKey"))
            client.split_shard(
                StreamName=STREAM,
                ShardToSplit=first["ShardId"],
                NewStartingHashKey=str((low + high + 1) // 2),
            )

        def merge() -> None:
            found = self._open(client)
            first, second = found[0]["ShardId"], found[min(1, len(found) - 1)]["ShardId"]
            client.merge_shards(StreamName=STREAM, ShardToMerge=first, AdjacentShardToMerge=second)

        ended: set[str] = set()
        begun: set[str] = set()
        done: set[str] = set()

        def follow() -> None:
            """Begin with each shard that may be read."""
            time.sleep(p.reader_starts_s)
            while len(done) < WRITING_S * p.records_per_s and cloud.now < p.reader_starts_s + PATIENCE_S:
                shards = client.list_shards(StreamName=STREAM)["Shards"]
                known = {shard["ShardId"] for shard in shards}
                for shard in shards:
                    parents = {shard.get("ParentShardId"), shard.get("AdjacentParentShardId")} & known
                    if shard["ShardId"] not in begun and (not p.parents_first or parents <= ended):
                        begun.add(shard["ShardId"])
                        cloud.spawn(read, shard["ShardId"], name="reader", background=True)
                time.sleep(EVERY_S)

        def read(shard_id: str) -> None:
            reply = client.get_shard_iterator(
                StreamName=STREAM, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
            )
            iterator = reply["ShardIterator"]
            while True:
                page = client.get_records(ShardIterator=iterator, Limit=of_each)
                done.update(record["SequenceNumber"] for record in page["Records"])
                if "NextShardIterator" not in page:
                    ended.add(shard_id)
                    return
                iterator = page["NextShardIterator"]
                time.sleep(EVERY_S)

        cloud.spawn(write, name="trucks")
        cloud.spawn(operate, name="operator", background=True)
        cloud.spawn(look, name="operator", background=True)
        cloud.spawn(follow, name="reader")
        cloud.run()

    @staticmethod
    def _open(client: Any) -> list[dict[str, Any]]:
        """The open shards, from the lowest hash key up."""
        found = client.list_shards(StreamName=STREAM, ShardFilter={"Type": "AT_LATEST"})["Shards"]
        return sorted(found, key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Where each record was put and read, and in which order the records of a truck were read."""
        rows = calls(trail)
        put = list(puts(rows))
        where = {one.sequence: one.shard for one in put}
        written: dict[str, int] = defaultdict(int)
        at: dict[float, int] = defaultdict(int)
        for one in put:
            written[one.shard] += 1
            at[one.time_s] += 1
        reads: list[Read] = []
        newest: dict[str, int] = {}
        seen: list[str] = []
        moved = 0
        for got in gets(rows):
            late = 0
            for record in got.records:
                number, key = int(record["Data"]), record["PartitionKey"]
                late += number < newest.get(key, -1)
                newest[key] = max(number, newest.get(key, -1))
                seen.append(record["SequenceNumber"])
                moved += where[record["SequenceNumber"]] != got.shard
            if got.records:
                reads.append(Read(got.shard, got.time_s, len(got.records), late))
        lists = [row for row in rows if row.operation == "ListShards" and "ShardFilter" not in row.parameters]
        lanes = _lanes(rows, lists, written)
        refused = next((row.error for row in rows if row.error and row.actor == "operator"), "") or ""
        summary: dict[str, int | float | str] = {
            "records": len(put),
            "read": len(seen),
            "read_twice": len(seen) - len(set(seen)),
            "out_of_order": sum(one.late for one in reads),
            "open_shards": sum(one.closed_s is None for one in lanes),
            "closed_shards": sum(one.closed_s is not None for one in lanes),
            "read_of_closed": sum(
                one.records
                for one in reads
                for lane in lanes
                if lane.shard == one.shard and lane.closed_s is not None and one.time_s >= lane.closed_s
            ),
            "read_elsewhere": moved,
            "caught_up_s": round(_caught_up_s(at, reads), 2),
        }
        gaps = sum(not _covers(row.response["Shards"]) for row in lists)
        return Measured(lanes, tuple(sorted(at.items())), tuple(reads), len(lists), gaps, refused, summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A lane per shard: while it takes records, while it is only read, and the reads; unread records below."""
        from helpers.sections.s20_kinesis.experiments import reshard_picture

        return reshard_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def covered(p: Values, m: Measured) -> Finding:
        """Open shards share out the hash keys."""
        said = (
            f"At {plural(m.looks, 'look')}, from {p.start_shards} to {m.summary['open_shards']} open shards"
        )
        if m.gaps:
            return false(f"{said}, the open ones left or doubled hash keys {m.gaps} times.")
        return true(f"{said}, each hash key belonged to exactly one open shard.")

    @staticmethod
    def in_order(p: Values, m: Measured) -> Finding:
        """Parents first keeps the order of a key."""
        if not p.parents_first:
            return not_applicable("The reader does not wait for parents.")
        late = int(m.summary["out_of_order"])
        if late:
            return false(f"{plural(late, 'record')} came after a later one of the same truck.")
        return true(f"All {m.summary['read']:,} records were read in the order of their trucks.")

    @staticmethod
    def too_soon(p: Values, m: Measured) -> Finding:
        """Children read beside their parents break the order."""
        if p.parents_first or not m.summary["closed_shards"]:
            return not_applicable(
                "The reader waits for parents." if p.parents_first else "No shard was closed."
            )
        late, unread = int(m.summary["out_of_order"]), int(m.summary["read_of_closed"])
        if not unread:
            return not_applicable(
                "The reader had read the parents to their end when the children got records."
            )
        said = (
            f"{plural(unread, 'record')} of closed shards were unread when the reader began with the children"
        )
        if late:
            return true(f"{said}: {plural(late, 'record')} came after a later one of the same truck.")
        return false(f"{said}, and none came out of order.")

    @staticmethod
    def stay(p: Values, m: Measured) -> Finding:
        """Records stay where they were put."""
        s = m.summary
        said = f"{s['records']:,} records were put and {s['read']:,} read, {s['read_elsewhere']} in another shard"
        right = s["read"] == s["records"] and not s["read_twice"] and not s["read_elsewhere"]
        if right:
            return true(f"{said}; {s['read_of_closed']:,} came from a shard that was closed by then.")
        return false(f"{said}.")


def _lanes(rows: Iterable[CallRow], lists: list[CallRow], written: dict[str, int]) -> tuple[Lane, ...]:
    """The shards, from the lowest hash key up; children lie below their first parent."""
    asked = [row.end_s for row in rows if row.operation in ("SplitShard", "MergeShards") and not row.error]
    last = {shard["ShardId"]: shard for row in lists for shard in row.response["Shards"]}
    generation: dict[str, int] = {}
    for shard_id, shard in sorted(last.items()):
        generation[shard_id] = 1 + generation[shard["ParentShardId"]] if "ParentShardId" in shard else 0
    lanes = []
    for shard_id, shard in last.items():
        depth = generation[shard_id]
        closed = "EndingSequenceNumber" in shard["SequenceNumberRange"]
        lanes.append(
            Lane(
                shard_id,
                int(shard["HashKeyRange"]["StartingHashKey"]),
                int(shard["HashKeyRange"]["EndingHashKey"]),
                asked[depth - 1] + UPDATING_S if depth else 0.0,
                asked[depth] + UPDATING_S if closed else None,
                tuple(shard[name] for name in ("ParentShardId", "AdjacentParentShardId") if name in shard),
                written[shard_id],
            )
        )
    return tuple(sorted(lanes, key=lambda lane: (lane.low, lane.opened_s)))


def _covers(shards: list[dict[str, Any]]) -> bool:
    """Whether the open ones of these shards share out all hash keys, each once."""
    still_open = [shard for shard in shards if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
    ranges = sorted(
        (int(shard["HashKeyRange"]["StartingHashKey"]), int(shard["HashKeyRange"]["EndingHashKey"]))
        for shard in still_open
    )
    beyond = 0
    for low, high in ranges:
        if low != beyond:
            return False
        beyond = high + 1
    return beyond == HASH_KEYS


def _caught_up_s(put: dict[float, int], reads: list[Read]) -> float:
    """When nothing was unread for the first time after the first read."""
    changes = sorted([(at_s, 0, number) for at_s, number in put.items()])
    changes += [(one.time_s, 1, -one.records) for one in reads]
    left = 0
    for at_s, _, number in sorted(changes):
        left += number
        if left == 0 and number < 0:
            return at_s
    return reads[-1].time_s if reads else 0.0


def merges_one(p: Values) -> bool:
    """Whether the operation is refused: there is nothing to merge with."""
    return bool(p.operation == MERGE and p.start_shards == 1)


Reshard.claims = (
    Claim(
        "covered",
        "At every moment the open shards share out the hash keys, each once.",
        ("kinesis.split.use", "kinesis.reshard.evolve"),
        Reshard.covered,
        "always",
        lambda p: True,
    ),
    Claim(
        "in_order",
        "Who reads parents to the end before their children reads the records of each key in order.",
        ("kinesis.reshard.parents", "kinesis.producer.same_key"),
        Reshard.in_order,
        "the reader reads parents first",
        lambda p: bool(p.parents_first),
    ),
    Claim(
        "too_soon",
        "Who begins with the children while parents are unread reads some records after later ones of the same key.",
        ("kinesis.reshard.parents",),
        Reshard.too_soon,
        "shards are closed before the reader begins, and each truck reports every 4 s or more often",
        lambda p: (
            not p.parents_first
            and not merges_one(p)
            and p.reader_starts_s >= FIRST_S + UPDATING_S + 5
            and p.records_per_s >= len(KEYS) / 4
        ),
    ),
    Claim(
        "stay",
        "A split or a merge moves no record and loses none: each is read from the shard that it was put into.",
        ("kinesis.split.old", "kinesis.merge.old"),
        Reshard.stay,
        "always",
        lambda p: True,
    ),
)

Reshard.scenes = (
    Scene(
        "old",
        "What becomes of the old records",
        {"reader_starts_s": 60},
        "The first of two shards is split at 20 s. The reader begins at 60 s, at the oldest record.",
        Prediction(
            "The split shard is one of four instead. Where does the reader find what was put before the split?",
            (
                Option(
                    "children",
                    "In the two new shards, sorted in by their hash keys",
                    "split_moves_records",
                    "New records go to the new shards. What is written already stays where it is.",
                    true_if=lambda p, m: m.summary["read_elsewhere"] > 0,
                ),
                Option(
                    "parent",
                    "In the shard that was split, which is readable",
                    None,
                    "The old shard is closed for writing only. It is readable until its records expire.",
                    right=True,
                    true_if=lambda p, m: m.summary["read_of_closed"] > 0 and not m.summary["read_elsewhere"],
                ),
                Option(
                    "nowhere",
                    "Nowhere, since the shard that held it is gone",
                    "split_moves_records",
                    "A split deletes nothing: every record was read.",
                    true_if=lambda p, m: m.summary["read"] < m.summary["records"],
                ),
            ),
        ),
        {"start_shards": 4},
        ("start_shards", "operation"),
        "stay",
        ("kinesis.split.old", "kinesis.split.use", "kinesis.split.two"),
    ),
    Scene(
        "order",
        "Parents first",
        {"reader_starts_s": 40},
        "A reader that begins 10 s after the split reads the parent to its end, and then the children.",
        Prediction(
            "It begins with all shards at once instead. What does that do to the order?",
            (
                Option(
                    "kept",
                    "Nothing, since sequence numbers go on growing",
                    "children_at_once",
                    "They grow, but nobody sorts by them: the parent still has unread records of the same trucks.",
                    true_if=lambda p, m: m.summary["out_of_order"] == 0,
                ),
                Option(
                    "some",
                    "Some trucks' old records come after newer ones",
                    None,
                    "While it works through the parent, it reads later records of the same trucks in the children.",
                    right=True,
                    true_if=lambda p, m: 0 < m.summary["out_of_order"] < m.summary["records"] / 2,
                ),
                Option(
                    "all",
                    "Most records come late, of whichever truck",
                    "resharding_mixes_all",
                    "Only trucks of the split shard can be hit, and only until the parent is read to its end.",
                    true_if=lambda p, m: m.summary["out_of_order"] >= m.summary["records"] / 2,
                ),
            ),
        ),
        {"parents_first": False},
        ("parents_first", "operation"),
        "too_soon",
        ("kinesis.reshard.parents", "kinesis.producer.same_key"),
    ),
    Scene(
        "behind",
        "Whom it hits",
        {"parents_first": False, "reader_starts_s": 60},
        "The hasty reader was 60 s behind when it began, and many records came out of order.",
        Prediction(
            "Now it runs from the start and keeps up. How many records does it read out of order?",
            number="out_of_order",
            unit="records",
            tolerance=0,
            reply="None: it had read the parent to its end before anything was in the children. That is luck, not a "
            "rule: one slow minute, and the order is gone.",
        ),
        {"reader_starts_s": 0},
        ("reader_starts_s", "records_per_s"),
        "covered",
        ("kinesis.reshard.parents", "kinesis.reshard.evolve"),
    ),
    Scene(
        "merge",
        "And back again",
        {},
        "After a split of the first of two shards, ListShards shows four: three open ones, and the parent.",
        Prediction(
            "Later the two halves are merged again. How many closed shards does ListShards show then?",
            number="closed_shards",
            unit="shards",
            tolerance=0,
            reply="Three: the one that was split, and its two halves. Each keeps its records until they expire.",
        ),
        {"operation": BOTH},
        ("operation", "start_shards"),
        "stay",
        ("kinesis.merge.use", "kinesis.split.old", "kinesis.merge.old", "kinesis.merge.two"),
    ),
    Scene(
        "goal",
        "Late, and in order",
        {"operation": BOTH, "parents_first": False, "reader_starts_s": 90},
        "A reader that was down for 90 s finds a stream that was split and merged meanwhile.",
        Prediction(
            "Only a merge was done instead. How many of the shards it finds are open?",
            number="open_shards",
            unit="shards",
            tolerance=0,
            reply="One: the two of the start became one, and both are closed.",
        ),
        {"operation": MERGE},
        (),
        "covered",
        ("kinesis.reshard.parents", "kinesis.split.old", "kinesis.merge.use", "kinesis.split.use"),
        Goal(
            "Split and merge, begin to read 60 s late or more, and read every record in the order of its truck.",
            lambda p, m: (
                p.operation == BOTH
                and p.reader_starts_s >= 60
                and p.records_per_s >= 4
                and m.summary["out_of_order"] == 0
                and m.summary["read"] == m.summary["records"]
            ),
            {"parents_first": True},
        ),
    ),
)
