"""A shard: records in order, a range of hash keys, and what passes through it in a second.

AWS: GUIDE/key-concepts.html, GUIDE/kinesis-using-sdk-java-after-resharding.html.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from helpers.cloud import Signal
from helpers.dataplane.kinesis import limits
from helpers.dataplane.kinesis.meter import Meter
from helpers.dataplane.kinesis.sequence import text_of


class Record(NamedTuple):
    """One record. `arrived_us` counts from the opening of the Cloud, `size_bytes` are those of data and key."""

    place: int
    arrived_us: int
    size_bytes: int
    content: dict[str, Any]
    """What GetRecords gives."""


_place = itemgetter(0)
_arrived = itemgetter(1)


class Shard:
    """Records whose hash keys lie from `low` to `high`. A closed shard is only read, until its last record expires."""

    def __init__(
        self,
        number: int,
        low: int,
        high: int,
        first: int,
        began_us: int,
        arrived: Signal,
        parents: Sequence[Shard] = (),
    ) -> None:
        """`first` is the place before all of its records, `began_us` when it opened, in the Cloud's time; `arrived`
        fires when a record is written, or it is closed.
        """
        self.id = f"shardId-{number:012d}"
        self.low = low
        self.high = high
        self.first = first
        self.began_us = began_us
        self.last: int | None = None
        """The place behind all of its records once it is closed."""
        self.closed_us: int | None = None
        self.parents = tuple(parent.id for parent in parents)
        self.children: list[Shard] = []
        self.arrived = arrived
        self.written_bytes = Meter(limits.WRITE_BYTES)
        self.written_records = Meter(limits.WRITE_RECORDS)
        self.read_bytes = Meter(limits.READ_BYTES)
        self.read_calls = Meter(limits.READ_CALLS)
        self.iterator_calls = Meter(limits.ITERATOR_CALLS)
        self._records: list[Record] = []
        self._trimmed = first

    @property
    def is_open(self) -> bool:
        """True while records are written to it."""
        return self.last is None

    def takes(self, size_bytes: int, now_us: int) -> bool:
        """True if a record of this size fits into the shard's second (GUIDE/service-sizes-and-limits.html)."""
        return self.written_records.holds(1, now_us) and self.written_bytes.holds(size_bytes, now_us)

    def add(self, record: Record) -> None:
        """Write a record; whoever waits for one hears of it."""
        self.written_records.take(1, record.arrived_us)
        self.written_bytes.take(record.size_bytes, record.arrived_us)
        self._records.append(record)

    def close(self, last: int, now_us: int) -> None:
        """Take no more records; `last` is the place behind all of them."""
        self.last = last
        self.closed_us = now_us
        self.arrived.fire()

    def expired(self, retention_us: int, now_us: int) -> bool:
        """True once all that was written to a closed shard is older than the retention period."""
        return self.closed_us is not None and now_us - self.closed_us >= retention_us

    def trim(self, retention_us: int, now_us: int) -> None:
        """Forget the records that are as old as the retention period (GUIDE/kinesis-extended-retention.html)."""
        limit_us = now_us - retention_us
        records = self._records
        if records and records[0].arrived_us <= limit_us:
            gone = bisect_left(records, limit_us + 1, key=_arrived)
            self._trimmed = records[gone - 1].place + 1
            del records[:gone]

    def read(self, place: int, most: int, most_bytes: int, until_us: int) -> list[Record]:
        """Up to `most` records of at most `most_bytes` together from `place` on, written by `until_us`.

        What was trimmed is passed over. The first record comes whatever its size.
        """
        records = self._records
        start = bisect_left(records, place, key=_place) if records and records[0].place < place else 0
        end = min(start + most, len(records))
        if end > start and records[end - 1].arrived_us > until_us:
            end = bisect_left(records, until_us + 1, start, end, key=_arrived)
        total = 0
        for index in range(start, end):
            total += records[index].size_bytes
            if total > most_bytes and index > start:
                return records[start:index]
        return records[start:end]

    def next(self, place: int) -> Record | None:
        """The first record at `place` or behind it, or None."""
        start = bisect_left(self._records, place, key=_place)
        return self._records[start] if start < len(self._records) else None

    @property
    def oldest(self) -> int:
        """The place of the oldest record that is there; the next place if there is none."""
        return self._records[0].place if self._records else self._trimmed

    @property
    def newest(self) -> int:
        """The place behind the newest record that is there."""
        return self._records[-1].place + 1 if self._records else self._trimmed

    def since(self, arrived_us: int) -> int:
        """The place of the first record that was written at `arrived_us` or later; of the next one if there is none."""
        later = bisect_left(self._records, arrived_us, key=_arrived)
        return self._records[later].place if later < len(self._records) else self.newest

    def ends_before(self, place: int) -> bool:
        """True if the shard is closed and nothing lies at `place` or behind it."""
        return self.last is not None and (place >= self.last or self.next(place) is None)

    def described(self) -> dict[str, Any]:
        """As ListShards and DescribeStream tell of it (API/API_Shard.html)."""
        numbers = {"StartingSequenceNumber": text_of(self.first)}
        if self.last is not None:
            numbers["EndingSequenceNumber"] = text_of(self.last)
        names = dict(zip(("ParentShardId", "AdjacentParentShardId"), self.parents, strict=False))
        return {"ShardId": self.id, **names, "HashKeyRange": self.range(), "SequenceNumberRange": numbers}

    def as_child(self) -> dict[str, Any]:
        """As its parents' readers hear of it (API/API_ChildShard.html)."""
        return {"ShardId": self.id, "ParentShards": list(self.parents), "HashKeyRange": self.range()}

    def range(self) -> dict[str, str]:
        """Its HashKeyRange."""
        return {"StartingHashKey": str(self.low), "EndingHashKey": str(self.high)}
