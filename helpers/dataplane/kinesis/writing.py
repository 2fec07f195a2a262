"""PutRecord and PutRecords. AWS: API/API_PutRecord.html, API/API_PutRecords.html."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from helpers.cloud import Account, Call
from helpers.dataplane.kinesis import errors, limits
from helpers.dataplane.kinesis.metrics import Metrics
from helpers.dataplane.kinesis.models import Models
from helpers.dataplane.kinesis.sequence import place_of, text_of
from helpers.dataplane.kinesis.shard import Record, Shard
from helpers.dataplane.kinesis.stream import Stream
from helpers.dataplane.kinesis.streams import Streams

_THROTTLED = "ProvisionedThroughputExceededException"


class Writing:
    """Takes records in, and wakes who waits for them."""

    def __init__(self, account: Account, streams: Streams, metrics: Metrics, models: Models) -> None:
        self._account = account
        self._streams = streams
        self._metrics = metrics
        self._models = models

    def put_record(self, call: Call) -> dict[str, Any]:
        """Write one record. Raises ProvisionedThroughputExceededException if its shard has no room in this second."""
        stream, entry = self._streams.ready(call), call.parameters
        entry["Data"] = _bytes(entry["Data"])
        size = _checked(stream, entry)
        if "SequenceNumberForOrdering" in entry:
            before = place_of(entry["SequenceNumberForOrdering"], "SequenceNumberForOrdering")
            if before >= stream.places:
                raise errors.invalid_argument(
                    "SequenceNumberForOrdering lies behind the last record of the stream."
                )
        shard = stream.route(entry)
        if not shard.takes(size, self._account.now_us):
            self._metrics.put_record(stream, shard, size, success=False)
            raise errors.throttled(shard.id, stream.name, stream.account_id)
        record = self._write(stream, shard, entry, size, self._account.datetime)
        self._metrics.put_record(stream, shard, size, success=True)
        self._wrote(stream, {shard: (1, size)})
        return {
            "ShardId": shard.id,
            "SequenceNumber": record.content["SequenceNumber"],
            "EncryptionType": stream.encryption,
        }

    def put_records(self, call: Call) -> dict[str, Any]:
        """Write up to 500 records; each is written or refused by itself: a refusal stops none of those behind it."""
        stream, entries = self._streams.ready(call), call.parameters["Records"]
        if len(entries) > limits.BATCH_RECORDS:
            raise errors.validation(
                f"{len(entries)} records were sent; 'records' must have length less than or equal to "
                f"{limits.BATCH_RECORDS}."
            )
        for entry in entries:
            entry["Data"] = _bytes(entry["Data"])
        sizes = [_checked(stream, entry) for entry in entries]
        if sum(sizes) > limits.BATCH_BYTES:
            raise errors.invalid_argument("The records of a PutRecords call have at most 10 MiB together.")
        shards = [stream.route(entry) for entry in entries]
        now_us, moment = self._account.now_us, self._account.datetime
        written: dict[Shard, tuple[int, int]] = {}
        throttled: dict[Shard, int] = {}
        answers: list[dict[str, Any]] = []
        for entry, size, shard in zip(entries, sizes, shards, strict=True):
            if shard.takes(size, now_us):
                record = self._write(stream, shard, entry, size, moment)
                answers.append({"SequenceNumber": record.content["SequenceNumber"], "ShardId": shard.id})
                count, total = written.get(shard, (0, 0))
                written[shard] = count + 1, total + size
            else:
                throttled[shard] = throttled.get(shard, 0) + 1
                message = errors.throttled_message(shard.id, stream.name, stream.account_id)
                answers.append({"ErrorCode": _THROTTLED, "ErrorMessage": message})
        failed = sum(throttled.values())
        self._metrics.put_records(stream, len(entries), failed, sum(size for _, size in written.values()))
        self._metrics.writes_throttled(stream, throttled, len(entries))
        self._wrote(stream, written)
        return {"FailedRecordCount": failed, "Records": answers, "EncryptionType": stream.encryption}

    def _write(
        self, stream: Stream, shard: Shard, entry: dict[str, Any], size: int, moment: datetime
    ) -> Record:
        place = stream.next_place()
        content = {
            "SequenceNumber": text_of(place),
            "ApproximateArrivalTimestamp": moment,
            "Data": entry["Data"],
            "PartitionKey": entry.get("PartitionKey", ""),
            "EncryptionType": stream.encryption,
        }
        record = Record(place, self._account.now_us, size, content)
        shard.add(record)
        if stream.written is not None:
            stream.written(shard, record)
        return record

    def _wrote(self, stream: Stream, written: dict[Shard, tuple[int, int]]) -> None:
        if not written:
            return
        self._metrics.accepted(stream, written)
        for shard in written:
            shard.arrived.fire()
            if self._models.shared_propagation_s:  # who polled in vain meanwhile waits again
                self._account.at(self._models.shared_propagation_s, shard.arrived.fire)


def _bytes(data: Any) -> bytes:
    if isinstance(data, bytes):
        return data
    if isinstance(data, str):
        return data.encode()
    return bytes(data.read() if hasattr(data, "read") else data)


def _checked(stream: Stream, entry: dict[str, Any]) -> int:
    """The size of a record: its data and its key. Raises InvalidArgumentException, ValidationException."""
    key = entry.get("PartitionKey")
    if key is None:
        if not stream.spread_evenly:
            raise errors.invalid_argument("A record needs a PartitionKey.")
        key = ""
    elif not 1 <= len(key) <= limits.KEY_CHARACTERS:
        raise errors.validation(
            f"A PartitionKey has 1 to {limits.KEY_CHARACTERS} characters, not {len(key)}."
        )
    size = len(entry["Data"]) + (len(key) if key.isascii() else len(key.encode()))
    if size > stream.max_record_bytes:
        raise errors.invalid_argument(
            f"A record of {size} bytes exceeds the stream's maximum of {stream.max_record_bytes} bytes, "
            "partition key included."
        )
    return size
