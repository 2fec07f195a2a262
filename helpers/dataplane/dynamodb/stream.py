"""The stream of a table: what is written to it, and in which shard.

AWS: GUIDE/Streams.html, API/API_streams_Record.html, API/API_streams_StreamRecord.html.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any
from zlib import crc32

from helpers.cloud.trail import copied
from helpers.dataplane.dynamodb.changes import Change
from helpers.dataplane.dynamodb.limits import SECOND_US, STREAM_RETENTION_US
from helpers.dataplane.dynamodb.shards import Shard, StreamRecord
from helpers.dataplane.dynamodb.size import Item, item_size
from helpers.dataplane.dynamodb.tables import Table
from helpers.dataplane.dynamodb.values import same

_FIRST = 10**20
"""Sequence numbers begin here: they have 21 digits or more (API/API_streams_StreamRecord.html)."""

IMAGES = {
    "KEYS_ONLY": (),
    "NEW_IMAGE": ("NewImage",),
    "OLD_IMAGE": ("OldImage",),
    "NEW_AND_OLD_IMAGES": ("NewImage", "OldImage"),
}
"""StreamViewType -> the images of the item that a record holds beside its key."""

_BY_TTL = {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
"""Who deleted an expired item, as GetRecords spells it (API/API_streams_Identity.html). The event that Lambda hands to
a function spells it principalId and type (GUIDE/time-to-live-ttl-streams.html)."""


class Stream:
    """All records of one stream of a table, from the moment when the stream was enabled.

    `table` is the table's configuration at that time. A stream that was disabled has `closed_us`, the time since the
    Cloud was opened; it can be read for 24 hours more.
    """

    def __init__(self, table: Table, region: str, *, shards: int, created: datetime) -> None:
        self.arn = table.stream_arn or ""
        self.label = self.arn.rpartition("/stream/")[2]
        self.view = table.stream_view or ""
        self.table = table
        self.region = region
        self.created = created
        self.closed_us: int | None = None
        self._next = _FIRST
        self.shards = tuple(Shard(self._shard_id(number), self._next) for number in range(shards))

    def append(self, change: Change, epoch_us: int, now_us: int) -> bool:
        """Publish a change. False if the item is as it was: then there is no record."""
        if same(change.before, change.after):
            return False
        sequence = self._next
        self._next += 1
        body = self._body(change, sequence, epoch_us)
        content: dict[str, Any] = {
            "eventID": blake2b(f"{self.arn} {sequence}".encode(), digest_size=16).hexdigest(),
            "eventName": _event_name(change),
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": self.region,
            "dynamodb": body,
        }
        if change.by == "ttl":
            content["userIdentity"] = dict(_BY_TTL)
        shard = self.shards[self._shard_number(change.key)]
        shard.add(StreamRecord(sequence, now_us, body["SizeBytes"], content))
        return True

    def close(self, now_us: int) -> None:
        """The stream was disabled, or its table deleted: no more records."""
        self.closed_us = now_us
        for shard in self.shards:
            shard.last = self._next - 1

    def gone(self, now_us: int) -> bool:
        """True once a closed stream has been kept for 24 hours."""
        return self.closed_us is not None and now_us >= self.closed_us + STREAM_RETENTION_US

    def shard(self, shard_id: str) -> Shard | None:
        """The shard of this id, if the stream has it."""
        return next((shard for shard in self.shards if shard.id == shard_id), None)

    def _body(self, change: Change, sequence: int, epoch_us: int) -> dict[str, Any]:
        body: dict[str, Any] = {
            "ApproximateCreationDateTime": datetime.fromtimestamp(epoch_us // SECOND_US, UTC),
            "Keys": copied(dict(change.key)),
        }
        size_bytes = item_size(change.key)
        images = {"NewImage": change.after, "OldImage": change.before}
        for name in IMAGES[self.view]:
            image = images[name]
            if image is not None:
                body[name] = image
                size_bytes += item_size(image)
        body |= {"SequenceNumber": str(sequence), "SizeBytes": size_bytes, "StreamViewType": self.view}
        return body

    def _shard_number(self, key: Item) -> int:
        if len(self.shards) == 1:
            return 0
        return crc32(repr(key[self.table.partition_key]).encode()) % len(self.shards)

    def _shard_id(self, number: int) -> str:
        made_ms = int(self.created.timestamp() * 1000)
        return f"shardId-{made_ms:020d}-{crc32(f'{self.arn} {number}'.encode()):08x}"


def _event_name(change: Change) -> str:
    if change.before is None:
        return "INSERT"
    return "REMOVE" if change.after is None else "MODIFY"
