"""The streams that mappings read: Kinesis data streams and the streams of DynamoDB tables, through their APIs.

Pages (https://docs.aws.amazon.com/lambda/latest/dg/): with-kinesis.html, with-ddb.html.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from helpers.cloud import Signal
from helpers.dataplane.awslambda.limits import SECOND_US
from helpers.dataplane.awslambda.mappings.mapping import Mapping
from helpers.dataplane.awslambda.records import Record, dynamodb_record, kinesis_record

if TYPE_CHECKING:
    from helpers.dataplane import Cloud


class StreamRecord(NamedTuple):
    """A record of a stream: its sequence number, when it was written (microseconds since 1970), the key whose records
    stay in order, and the record of the event.
    """

    number: str
    arrived_us: int
    key: str
    record: Record


class Page(NamedTuple):
    """What one call returned: records, where to go on (None at the end of the shard), and whether there are more."""

    records: list[StreamRecord]
    iterator: str | None
    more: bool


class Source(Protocol):
    """A stream that is read shard by shard."""

    batch_info: str
    """What the part of a record for a destination is called that tells of the batch."""
    poll_us: int
    """A shard is polled so often, in microseconds."""
    stale_us: int
    """An iterator that is not used so long ends."""

    def shards(self) -> list[str]:
        """The ids of the shards that can be read. Raises ClientError."""

    def begin(self, shard_id: str) -> str:
        """An iterator at the mapping's starting position. Raises ClientError."""

    def resume(self, shard_id: str, number: str) -> str:
        """An iterator behind the record of this sequence number. Raises ClientError."""

    def read(self, shard_id: str, iterator: str) -> Page:
        """The next records. Raises ClientError."""

    def arrived(self, shard_id: str) -> Signal:
        """What fires when a record is written to the shard."""

    def retention_us(self) -> int:
        """How long the stream keeps a record, in microseconds."""


class Kinesis:
    """A Kinesis data stream."""

    batch_info = "KinesisBatchInfo"
    poll_us = SECOND_US  # with-kinesis.html: once a second for each shard
    stale_us = (
        300 * SECOND_US
    )  # https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html
    _PAGE = 10_000  # https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html

    def __init__(self, cloud: Cloud, mapping: Mapping, role: str, arrivals: Arrivals) -> None:
        self._cloud = cloud
        self._mapping = mapping
        self._role = role
        self._arrivals = arrivals
        self._client = cloud.client("kinesis", region_name=mapping.region)

    def shards(self) -> list[str]:
        reply = self._client.list_shards(StreamARN=self._mapping.source_arn)
        return [shard["ShardId"] for shard in reply["Shards"]]

    def begin(self, shard_id: str) -> str:
        mapping = self._mapping
        more = {"Timestamp": mapping.position_time} if mapping.position_time is not None else {}
        return self._iterator(shard_id, mapping.position, **more)

    def resume(self, shard_id: str, number: str) -> str:
        return self._iterator(shard_id, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=number)

    def _iterator(self, shard_id: str, kind: str, **more: Any) -> str:
        reply = self._client.get_shard_iterator(
            StreamARN=self._mapping.source_arn, ShardId=shard_id, ShardIteratorType=kind, **more
        )
        return str(reply["ShardIterator"])

    def read(self, shard_id: str, iterator: str) -> Page:
        reply = self._client.get_records(
            ShardIterator=iterator, Limit=self._PAGE, StreamARN=self._mapping.source_arn
        )
        arn, region = self._mapping.source_arn, self._mapping.region
        records = [
            StreamRecord(
                one["SequenceNumber"],
                round(one["ApproximateArrivalTimestamp"].timestamp() * SECOND_US),
                one["PartitionKey"],
                kinesis_record(one, shard_id, arn, region, self._role),
            )
            for one in reply["Records"]
        ]
        return Page(records, reply.get("NextShardIterator"), len(records) == self._PAGE)

    def arrived(self, shard_id: str) -> Signal:
        return self._arrivals.at(self._mapping.source_arn, shard_id)

    def retention_us(self) -> int:
        reply = self._cloud.ask(
            "kinesis",
            "DescribeStreamSummary",
            {"StreamARN": self._mapping.source_arn},
            region=self._mapping.region,
        )
        return int(reply["StreamDescriptionSummary"]["RetentionPeriodHours"]) * 3600 * SECOND_US


class Arrivals:
    """Hears of every record that is written to a Kinesis stream with a mapping, so that nobody polls in vain."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._signals: dict[tuple[str, str], Signal] = {}
        cloud.on_delivery("kinesis", self._written)

    def at(self, stream_arn: str, shard_id: str) -> Signal:
        """What fires when a record is written to the shard."""
        return self._signals.setdefault((stream_arn, shard_id), self._cloud.signal())

    def _written(self, stream_arn: str, shard_id: str) -> None:
        self.at(stream_arn, shard_id).fire()


class DynamoDb:
    """The stream of a DynamoDB table."""

    batch_info = "DDBStreamBatchInfo"
    poll_us = SECOND_US // 4  # with-ddb.html: four times a second for each shard
    stale_us = 900 * SECOND_US
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetShardIterator.html
    _RETENTION_US = 24 * 3600 * SECOND_US  # amazondynamodb/latest/developerguide/Streams.html

    def __init__(self, cloud: Cloud, mapping: Mapping) -> None:
        self._cloud = cloud
        self._mapping = mapping
        self._client = cloud.client("dynamodbstreams", region_name=mapping.region)

    def shards(self) -> list[str]:
        reply = self._client.describe_stream(StreamArn=self._mapping.source_arn)
        return [shard["ShardId"] for shard in reply["StreamDescription"]["Shards"]]

    def begin(self, shard_id: str) -> str:
        mapping = self._mapping
        more = {"Timestamp": mapping.position_time} if mapping.position_time is not None else {}
        return self._iterator(shard_id, mapping.position, **more)

    def resume(self, shard_id: str, number: str) -> str:
        return self._iterator(shard_id, "AFTER_SEQUENCE_NUMBER", SequenceNumber=number)

    def _iterator(self, shard_id: str, kind: str, **more: Any) -> str:
        reply = self._client.get_shard_iterator(
            StreamArn=self._mapping.source_arn, ShardId=shard_id, ShardIteratorType=kind, **more
        )
        return str(reply["ShardIterator"])

    def read(self, shard_id: str, iterator: str) -> Page:
        reply = self._client.get_records(ShardIterator=iterator)
        records = [
            StreamRecord(
                one["dynamodb"]["SequenceNumber"],
                round(one["dynamodb"]["ApproximateCreationDateTime"].timestamp() * SECOND_US),
                json.dumps(one["dynamodb"]["Keys"], sort_keys=True, default=str),
                dynamodb_record(one, self._mapping.source_arn),
            )
            for one in reply["Records"]
        ]
        return Page(records, reply.get("NextShardIterator"), bool(records))

    def arrived(self, shard_id: str) -> Signal:
        signal: Signal = self._cloud.plane("dynamodb").streams.arrived(self._mapping.source_arn)
        return signal

    def retention_us(self) -> int:
        return self._RETENTION_US
