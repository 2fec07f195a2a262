"""A shard of a stream: stream records in the order in which they were published, kept for 24 hours.

AWS: GUIDE/Streams.html#Streams.Processing, API/API_streams_Record.html.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Any

from helpers.dataplane.dynamodb.limits import STREAM_RETENTION_US


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """One change of one item.

    `published_us` counts from the opening of the Cloud; `content` is what GetRecords gives.
    """

    sequence: int
    published_us: int
    size_bytes: int
    content: dict[str, Any]


class Trimmed(Exception):
    """What was asked for is older than 24 hours and gone."""


@dataclass(slots=True)
class Shard:
    """Records whose partition keys fall to this shard.

    `first` is the first sequence number that a record of it can have, `last` the last one, or None while it is open.
    """

    id: str
    first: int
    last: int | None = None
    _records: list[StreamRecord] = field(default_factory=list)
    _trimmed: int = 0  # the sequence number of the last record that is gone

    def add(self, record: StreamRecord) -> None:
        """Publish a record."""
        self._records.append(record)
        self._trim(record.published_us)

    def read(self, position: int, most: int, most_bytes: int, now_us: int) -> list[StreamRecord]:
        """Up to `most` records of `most_bytes` together from sequence number `position` on.

        Raises `Trimmed` if a record at or after `position` is older than 24 hours.
        """
        self._trim(now_us)
        if position <= self._trimmed:
            raise Trimmed
        start = bisect_left(self._records, position, key=_sequence)
        found = self._records[start : start + most]
        total = 0
        for count, record in enumerate(found):
            total += record.size_bytes
            if total > most_bytes:
                return found[:count]
        return found

    def oldest(self, now_us: int) -> int:
        """The position of the oldest record that is there; of the next one if there is none."""
        self._trim(now_us)
        return max(self.first, self._trimmed + 1)

    def since(self, published_us: int, now_us: int) -> int:
        """The position of the first record published at `published_us` or later."""
        self._trim(now_us)
        later = bisect_left(self._records, published_us, key=_published)
        return self._records[later].sequence if later < len(self._records) else self.after_all

    @property
    def after_all(self) -> int:
        """The position after every record that is there now."""
        return self._records[-1].sequence + 1 if self._records else max(self.first, self._trimmed + 1)

    def _trim(self, now_us: int) -> None:
        limit_us = now_us - STREAM_RETENTION_US
        if self._records and self._records[0].published_us <= limit_us:
            gone = next(
                (n for n, record in enumerate(self._records) if record.published_us > limit_us),
                len(self._records),
            )
            self._trimmed = self._records[gone - 1].sequence
            del self._records[:gone]


def _sequence(record: StreamRecord) -> int:
    return record.sequence


def _published(record: StreamRecord) -> int:
    return record.published_us
