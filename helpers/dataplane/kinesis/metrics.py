"""What Kinesis tells CloudWatch. AWS: GUIDE/monitoring-with-cloudwatch.html."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.dataplane.kinesis.shard import Shard
from helpers.dataplane.kinesis.stream import Stream

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

_NAMESPACE = "AWS/Kinesis"


class Metrics:
    """The numbers of an account's streams, minute by minute; of a shard where EnableEnhancedMonitoring asked for it."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def accepted(self, stream: Stream, written: dict[Shard, tuple[int, int]]) -> None:
        """A put wrote so many records and bytes into each of these shards."""
        records = sum(count for count, _ in written.values())
        size = sum(size for _, size in written.values())
        self._stream(stream, "IncomingRecords", records)
        self._stream(stream, "IncomingBytes", size, "Bytes")
        if stream.shard_metrics:
            for shard, (count, shard_size) in written.items():
                self._shard(stream, shard, "IncomingRecords", count)
                self._shard(stream, shard, "IncomingBytes", shard_size, "Bytes")

    def put_record(self, stream: Stream, shard: Shard, size_bytes: int, *, success: bool) -> None:
        """A PutRecord call and how it ended."""
        self._stream(stream, "PutRecord.Success", int(success))
        if success:
            self._stream(stream, "PutRecord.Bytes", size_bytes, "Bytes")
        self.writes_throttled(stream, {} if success else {shard: 1}, 1)

    def put_records(self, stream: Stream, total: int, failed: int, size_bytes: int) -> None:
        """A PutRecords call: of `total` records `failed` were throttled, the others have so many bytes."""
        self._stream(stream, "PutRecords.Success", int(failed < total))
        self._stream(stream, "PutRecords.Bytes", size_bytes, "Bytes")
        self._stream(stream, "PutRecords.TotalRecords", total)
        self._stream(stream, "PutRecords.SuccessfulRecords", total - failed)
        self._stream(stream, "PutRecords.ThrottledRecords", failed)
        self._stream(stream, "PutRecords.FailedRecords", 0)

    def writes_throttled(self, stream: Stream, throttled: dict[Shard, int], total: int) -> None:
        """Of `total` records that were sent, these shards refused so many: a value a record, 1 or 0."""
        refused = sum(throttled.values())
        name = "WriteProvisionedThroughputExceeded"
        if refused:
            self._stream(stream, name, 1, count=refused)
        if refused < total:
            self._stream(stream, name, 0, count=total - refused)
        for shard, count in throttled.items():
            self._shard(stream, shard, name, 1, count=count)

    def got_records(self, stream: Stream, shard: Shard, records: int, size_bytes: int, age_ms: int) -> None:
        """A GetRecords call returned records, the last of which is `age_ms` old."""
        self._stream(stream, "GetRecords.Success", 1)
        self._stream(stream, "GetRecords.Records", records)
        self._stream(stream, "GetRecords.Bytes", size_bytes, "Bytes")
        self._stream(stream, "GetRecords.IteratorAgeMilliseconds", age_ms, "Milliseconds")
        self._stream(stream, "ReadProvisionedThroughputExceeded", 0)
        self._sent(stream, shard, records, size_bytes)
        self._shard(stream, shard, "IteratorAgeMilliseconds", age_ms, "Milliseconds")

    def reads_throttled(self, stream: Stream, shard: Shard) -> None:
        """A GetRecords call was refused."""
        self._stream(stream, "GetRecords.Success", 0)
        self._stream(stream, "ReadProvisionedThroughputExceeded", 1)
        self._shard(stream, shard, "ReadProvisionedThroughputExceeded", 1)

    def subscribed(self, stream: Stream, consumer: str, *, success: bool) -> None:
        """A consumer subscribed to a shard, or was refused."""
        name = "SubscribeToShard.Success" if success else "SubscribeToShard.RateExceeded"
        self._consumer(stream, consumer, name, 1)

    def pushed(
        self, stream: Stream, shard: Shard, consumer: str, records: int, size_bytes: int, behind_ms: int
    ) -> None:
        """An event was sent to a consumer."""
        self._consumer(stream, consumer, "SubscribeToShardEvent.Success", 1)
        self._consumer(stream, consumer, "SubscribeToShardEvent.Records", records)
        self._consumer(stream, consumer, "SubscribeToShardEvent.Bytes", size_bytes, "Bytes")
        behind = "SubscribeToShardEvent.MillisBehindLatest"
        self._consumer(stream, consumer, behind, behind_ms, "Milliseconds")
        self._sent(stream, shard, records, size_bytes)

    def _sent(self, stream: Stream, shard: Shard, records: int, size_bytes: int) -> None:
        self._shard(stream, shard, "OutgoingRecords", records)
        self._shard(stream, shard, "OutgoingBytes", size_bytes, "Bytes")

    def _stream(self, stream: Stream, name: str, value: float, unit: str = "Count", count: int = 1) -> None:
        self._cloud.telemetry.metric(_NAMESPACE, name, value, unit, {"StreamName": stream.name}, count=count)

    def _consumer(self, stream: Stream, consumer: str, name: str, value: float, unit: str = "Count") -> None:
        dimensions = {"StreamName": stream.name, "ConsumerName": consumer}
        self._cloud.telemetry.metric(_NAMESPACE, name, value, unit, dimensions)

    def _shard(
        self, stream: Stream, shard: Shard, name: str, value: float, unit: str = "Count", count: int = 1
    ) -> None:
        if name in stream.shard_metrics or "ALL" in stream.shard_metrics:
            dimensions = {"StreamName": stream.name, "ShardId": shard.id}
            self._cloud.telemetry.metric(_NAMESPACE, name, value, unit, dimensions, count=count)
