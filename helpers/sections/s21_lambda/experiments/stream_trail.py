"""What a trail says of a stream with a mapping: who read which report when, and which were given up."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from helpers.experiments import CallRow
from helpers.sections.s21_lambda.experiments.reading import executions, most_at_once


class Report(NamedTuple):
    """A record of the stream: its number, its truck, its shard (from 0) and its place there, and when it was written,
    in seconds since the first one. Later reports have higher numbers.
    """

    number: int
    truck: str
    shard: int
    place: int
    put_s: float
    readable: bool


class Batch(NamedTuple):
    """A run of the function, in seconds since the first report was written; `read` and `drawn` are numbers of reports.

    `lane` counts from 0 within the shard: with a parallelization factor several batches of a shard run at once, and a
    truck's reports are always in the same lane. `again` is how many of the drawn reports had been drawn before.
    """

    shard: int
    lane: int
    start_s: float
    end_s: float
    failed: bool
    read: tuple[int, ...]
    drawn: tuple[int, ...]
    again: int


@dataclass(frozen=True)
class Followed:
    """A stream, followed through a trail: its reports by number, and the batches in the order in which they began."""

    reports: dict[int, Report]
    batches: tuple[Batch, ...]
    told: dict[int, float] = field(default_factory=dict)
    """Number -> when Lambda told the on-failure destination that it gave the report up."""
    found: frozenset[int] = frozenset()
    """The reports that somebody read who looked up what was given up: in the stream, or in a bucket."""

    @property
    def drawn(self) -> Counter[int]:
        """Number -> how often the report was drawn, for those that were."""
        return Counter(number for one in self.batches for number in one.drawn)

    @property
    def given_up(self) -> frozenset[int]:
        """What was never drawn, although Lambda went on to later reports of the same truck, or says so itself."""
        newest: dict[str, int] = {}
        for number in self.drawn:
            truck = self.reports[number].truck
            newest[truck] = max(number, newest.get(truck, -1))
        passed = (one.number for one in self.reports.values() if one.number < newest.get(one.truck, -1))
        return frozenset({*passed, *self.told} - self.drawn.keys())

    @property
    def waiting(self) -> frozenset[int]:
        """What was neither drawn nor given up when the trail ends."""
        return frozenset(self.reports.keys() - self.drawn.keys() - self.given_up)

    @property
    def bad(self) -> Report | None:
        """The report that cannot be read, if there is one."""
        return next((one for one in self.reports.values() if not one.readable), None)

    @property
    def tries(self) -> list[Batch]:
        """The runs that read the bad report."""
        bad = self.bad
        return [] if bad is None else [one for one in self.batches if bad.number in one.read]

    @property
    def went_on_s(self) -> float | None:
        """When Lambda gave the bad report up, or is seen to have gone on without it; None if it did not."""
        bad = self.bad
        if bad is None or bad.number not in self.given_up:
            return None
        if bad.number in self.told:
            return self.told[bad.number]
        last = self.tries[-1]
        later = (
            one.start_s
            for one in self.batches
            if (one.shard, one.lane) == (last.shard, last.lane) and one.start_s >= last.end_s
        )
        return next(later, last.end_s)

    @property
    def lanes(self) -> list[tuple[int, int]]:
        """Shard and lane of each lane in use, in order."""
        return sorted({(one.shard, one.lane) for one in self.batches})

    @property
    def peak(self) -> int:
        """The most batches at once."""
        return most_at_once((one.start_s, one.end_s) for one in self.batches)

    @property
    def out_of_order(self) -> int:
        """How many reports were drawn for the first time after a later one of their truck, or beside one."""
        wrong = 0
        newest: dict[str, tuple[int, Batch]] = {}
        drawn: set[int] = set()
        for one in self.batches:
            for number in one.drawn:
                truck = self.reports[number].truck
                last, batch = newest.get(truck, (-1, one))
                if number not in drawn:
                    wrong += number < last or (batch is not one and one.start_s < batch.end_s)
                    drawn.add(number)
                newest[truck] = max(number, last), one
        return wrong

    def ages(self, lane: tuple[int, int]) -> list[tuple[float, float]]:
        """The iterator age of a lane: at the start of each batch, how long ago its last record was written."""
        return [
            (one.start_s, one.start_s - self.reports[one.read[-1]].put_s)
            for one in self.batches
            if (one.shard, one.lane) == lane
        ]


def followed(rows: list[CallRow], parallelization: int) -> Followed:
    """Follow the stream through the rows of a trail."""
    begin_s = next(row.end_s for row in rows if row.operation == "PutRecords")
    reports = {one.number: one for row in rows for one in _written(row, begin_s)}
    batches = _batches(rows, begin_s, reports, parallelization)
    undrawn = reports.keys() - {number for one in batches for number in one.drawn}
    lanes = {reports[number].truck: one.lane for one in batches for number in one.read}
    told: dict[int, float] = {}
    for row in rows:
        for number in _told(row, [reports[number] for number in sorted(undrawn)], lanes):
            told.setdefault(number, round(row.end_s - begin_s, 6))
    found = frozenset(number for row in rows for number in _found(row))
    return Followed(reports, batches, told, found)


def _written(row: CallRow, begin_s: float) -> list[Report]:
    if row.operation != "PutRecords":
        return []
    reports = []
    for record, kept in zip(row.parameters["Records"], row.response["Records"], strict=True):
        data = json.loads(record["Data"])
        shard, place = int(kept["ShardId"].rpartition("-")[2]), int(kept["SequenceNumber"])
        readable = data["position"] is not None
        reports.append(
            Report(data["number"], record["PartitionKey"], shard, place, row.end_s - begin_s, readable)
        )
    return reports


def _batches(
    rows: list[CallRow], begin_s: float, reports: dict[int, Report], parallelization: int
) -> tuple[Batch, ...]:
    """Runs, each with what its environment wrote to the map meanwhile."""
    news: dict[str, list[Any]] = {}
    for row in rows:
        if row.operation == "SendMessage" and row.actor != "lambda":
            news.setdefault(row.actor, []).append(json.loads(row.parameters["MessageBody"]))
    lanes: dict[str, int] = {}
    last: dict[tuple[int, int], Batch] = {}
    drawn: set[int] = set()
    batches = []
    for run in executions(rows):
        told = news[run.environment].pop(0)
        shard = reports[told["read"][0]].shard
        start_s, end_s = (round(at_s - begin_s, 6) for at_s in (run.start_s, run.end_s))
        trucks = [reports[number].truck for number in told["read"]]
        lane = next((lanes[truck] for truck in trucks if truck in lanes), None)
        if lane is None:  # the first that is not at work, and waits for no retry
            idle = (place for place in range(parallelization) if _idle(last.get((shard, place)), start_s))
            lane = next(idle, 0)
        lanes.update((truck, lane) for truck in trucks)
        batch = Batch(
            shard,
            lane,
            start_s,
            end_s,
            bool(run.error),
            tuple(told["read"]),
            tuple(told["drawn"]),
            len(drawn & set(told["drawn"])),
        )
        drawn.update(batch.drawn)
        last[shard, lane] = batch
        batches.append(batch)
    return tuple(batches)


def _idle(last: Batch | None, at_s: float) -> bool:
    return last is None or (not last.failed and last.end_s <= at_s)


def _told(row: CallRow, undrawn: list[Report], lanes: dict[str, int]) -> list[int]:
    """Of the reports that were never drawn those that a record for the on-failure destination speaks of."""
    if row.actor != "lambda" or row.operation not in ("SendMessage", "PutObject"):
        return []
    document = json.loads(row.parameters.get("MessageBody") or row.parameters["Body"])
    info = document["KinesisBatchInfo"]
    shard = int(info["shardId"].rpartition("-")[2])
    places = range(int(info["startSequenceNumber"]), int(info["endSequenceNumber"]) + 1)
    spoken = [one for one in undrawn if one.shard == shard and one.place in places]
    # Between the first and the last record of a batch stand those of other lanes.
    return [one.number for one in spoken if lanes.get(one.truck) == lanes.get(spoken[0].truck)]


def _found(row: CallRow) -> Iterable[int]:
    """The reports whose data somebody has, beside the function: read from the stream, or kept in a bucket."""
    if row.operation == "GetRecords" and row.actor == "main":
        return [json.loads(record["Data"])["number"] for record in row.response["Records"]]
    if row.operation == "PutObject" and row.actor == "lambda":
        event = json.loads(json.loads(row.parameters["Body"])["payload"])
        data = [base64.b64decode(record["kinesis"]["data"]) for record in event["Records"]]
        return [json.loads(one)["number"] for one in data]
    return []
