"""GetShardIterator and GetRecords, shared by all readers of a shard.

AWS: API/API_GetShardIterator.html, API/API_GetRecords.html.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from helpers.cloud import Account, Call
from helpers.dataplane.kinesis import errors, limits
from helpers.dataplane.kinesis.iterators import Iterator
from helpers.dataplane.kinesis.metrics import Metrics
from helpers.dataplane.kinesis.models import Models
from helpers.dataplane.kinesis.sequence import place_of
from helpers.dataplane.kinesis.shard import Record, Shard
from helpers.dataplane.kinesis.streams import Streams


class Reading:
    """Hands out records. A record that was read stays where it is."""

    def __init__(self, account: Account, streams: Streams, metrics: Metrics, models: Models) -> None:
        self._account = account
        self._streams = streams
        self._metrics = metrics
        self._models = models

    def get_shard_iterator(self, call: Call) -> dict[str, Any]:
        """A place in a shard, as text: 5 calls a second and open shard."""
        stream = self._streams.ready(call)
        shard = stream.shard(call.parameters["ShardId"])
        now_us = self._account.now_us
        place = position(self._account, shard, call.parameters["ShardIteratorType"], call.parameters)
        if shard.is_open:
            if not shard.iterator_calls.open(now_us):
                raise errors.throttled(shard.id, stream.name, stream.account_id)
            shard.iterator_calls.take(1, now_us)
        return {"ShardIterator": Iterator(stream.arn, shard.id, place, now_us).text()}

    def get_records(self, call: Call) -> dict[str, Any]:
        """The records from a place on, and the place behind them. All readers of a shard share 5 calls and 2 MB a
        second.

        Raises ExpiredIteratorException, ProvisionedThroughputExceededException, InvalidArgumentException.
        """
        iterator = Iterator.of(call.parameters["ShardIterator"])
        most = call.parameters.get("Limit", limits.PAGE_RECORDS)
        if not 1 <= most <= limits.PAGE_RECORDS:
            raise errors.invalid_argument(f"Limit is 1 to {limits.PAGE_RECORDS:,}, not {most}.")
        stream = self._streams.by_arn(iterator.stream_arn)
        shard = stream.shard(iterator.shard_id)
        now_us = self._account.now_us
        iterator.check(now_us)
        if not (shard.read_calls.open(now_us) and shard.read_bytes.open(now_us)):
            self._metrics.reads_throttled(stream, shard)
            raise errors.throttled(shard.id, stream.name, stream.account_id)
        until_us = now_us - round(self._models.shared_propagation_s * limits.SECOND_US)
        records = shard.read(iterator.place, most, limits.PAGE_BYTES, until_us)
        size = sum(record.size_bytes for record in records)
        shard.read_calls.take(1, now_us)
        shard.read_bytes.take(size, now_us)
        place = records[-1].place + 1 if records else iterator.place
        age_us = now_us - records[-1].arrived_us if records else 0
        self._metrics.got_records(stream, shard, len(records), size, age_us // 1000)
        reply: dict[str, Any] = {
            "Records": [dict(record.content) for record in records],
            "MillisBehindLatest": behind_ms(shard, records, place, now_us),
        }
        if shard.ends_before(place):
            reply["ChildShards"] = [child.as_child() for child in shard.children]
        else:
            reply["NextShardIterator"] = Iterator(stream.arn, shard.id, place, now_us).text()
        return reply


def behind_ms(shard: Shard, records: list[Record], place: int, now_us: int) -> int:
    """How far a reader at `place`, who has just read `records`, is behind the tip of the shard, in milliseconds."""
    following = shard.next(place)
    if following is None:
        return 0
    return (now_us - (records[-1] if records else following).arrived_us) // 1000


def position(account: Account, shard: Shard, kind: str, given: dict[str, Any]) -> int:
    """The place in a shard that a ShardIteratorType names (API/API_GetShardIterator.html,
    API/API_StartingPosition.html).

    `given` has `Timestamp`, and `StartingSequenceNumber` or `SequenceNumber`. Raises InvalidArgumentException.
    """
    if kind == "LATEST":
        return shard.newest
    if kind == "TRIM_HORIZON":
        return shard.oldest
    if kind == "AT_TIMESTAMP":
        return _at_timestamp(account, shard, given.get("Timestamp"))
    text = given.get("StartingSequenceNumber", given.get("SequenceNumber"))
    if text is None:
        raise errors.invalid_argument(f"A sequence number is needed for the type {kind}.")
    place = place_of(text)
    beyond = shard.newest if shard.last is None else shard.last + 1
    if not shard.first <= place < max(beyond, shard.first + 1):
        raise errors.invalid_argument(f"Sequence number {text} is not one of shard {shard.id}.")
    return place if kind == "AT_SEQUENCE_NUMBER" else place + 1


def _at_timestamp(account: Account, shard: Shard, given: datetime | float | None) -> int:
    if given is None:
        raise errors.invalid_argument("A Timestamp is needed for the type AT_TIMESTAMP.")
    seconds = given.timestamp() if isinstance(given, datetime) else float(given)
    ago_us = account.epoch_us - round(seconds * limits.SECOND_US)
    if ago_us < 0:
        raise errors.invalid_argument("Timestamp lies in the future.")
    return shard.since(account.now_us - ago_us)
