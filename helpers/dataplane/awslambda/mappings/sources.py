"""The streams that mappings read: Kinesis data streams and the streams of DynamoDB tables, through their APIs.

Pages (https://docs.aws.amazon.com/lambda/latest/dg/): with-kinesis.html, with-ddb.html.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from helpers.cloud import ServiceError, Signal
from helpers.dataplane.awslambda.limits import SECOND_US
from helpers.dataplane.awslambda.mappings.mapping import Mapping
from helpers.dataplane.awslambda.records import Record, dynamodb_record, kinesis_record

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

_HOUR_US = 3600 * SECOND_US


class StreamRecord(NamedTuple):
    """A record of a stream: its sequence number, when it was written (microseconds since 1970), the key whose records
    stay in order, and the record of the event.
    """

    number: str
    arrived_us: int
    key: str
    record: Record


class StreamShard(NamedTuple):
    """A shard, and those of its parents that are read before it. A split or a merge makes shards of others."""

    id: str
    parents: tuple[str, ...] = ()


class Page(NamedTuple):
    """What one call returned: records, where to go on (None at the end of the shard), whether there are more, and at
    the end of the shard its children.
    """

    records: list[StreamRecord]
    iterator: str | None
    more: bool
    children: tuple[StreamShard, ...] = ()


class Source(ABC):
    """A stream that is read shard by shard, each call by an ordinary API call. All of them raise ClientError."""

    batch_info: ClassVar[str]
    """What the part of a record for a destination is called that tells of the batch."""
    poll_us: ClassVar[int]
    """A shard is polled so often, in microseconds."""
    stale_us: ClassVar[int]
    """An iterator that is not used so long ends, in microseconds."""
    _client_of: ClassVar[str]
    _stream: ClassVar[str]  # what the API calls the stream's ARN
    _number: ClassVar[str]  # and the sequence number of a place

    def __init__(self, cloud: Cloud, mapping: Mapping) -> None:
        self._cloud = cloud
        self._mapping = mapping
        self._client = cloud.client(self._client_of, region_name=mapping.region)

    @abstractmethod
    def shards(self) -> list[StreamShard]:
        """The shards that have records from the mapping's starting position on."""

    def begin(self, shard: StreamShard) -> str:
        """An iterator at the mapping's starting position, which a shard whose parents were read lies behind."""
        mapping = self._mapping
        if shard.parents:
            return self._iterator(shard.id, "TRIM_HORIZON")
        at = {"Timestamp": mapping.position_time} if mapping.position_time is not None else {}
        return self._iterator(shard.id, mapping.position, **at)

    def resume(self, shard_id: str, number: str) -> str:
        """An iterator behind the record of this sequence number."""
        return self._iterator(shard_id, "AFTER_SEQUENCE_NUMBER", **{self._number: number})

    def _iterator(self, shard_id: str, kind: str, **more: Any) -> str:
        stream = {self._stream: self._mapping.source_arn}
        reply = self._client.get_shard_iterator(**stream, ShardId=shard_id, ShardIteratorType=kind, **more)
        return str(reply["ShardIterator"])

    @abstractmethod
    def read(self, shard_id: str, iterator: str) -> Page:
        """The next records."""

    @abstractmethod
    def arrived(self, shard_id: str) -> Signal:
        """What fires when a record is written to the shard."""

    @abstractmethod
    def retention_us(self) -> int:
        """How long the stream keeps a record, in microseconds."""


class Kinesis(Source):
    """A Kinesis data stream, polled once a second and shard (with-kinesis.html)."""

    batch_info = "KinesisBatchInfo"
    poll_us = SECOND_US
    stale_us = (
        300 * SECOND_US
    )  # https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html
    _client_of = "kinesis"
    _stream = "StreamARN"
    _number = "StartingSequenceNumber"
    _filters: ClassVar[dict[str, str]] = {
        "TRIM_HORIZON": "FROM_TRIM_HORIZON",
        "LATEST": "AT_LATEST",
        "AT_TIMESTAMP": "FROM_TIMESTAMP",
    }
    _page = 10_000  # https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html

    def __init__(self, cloud: Cloud, mapping: Mapping, role: str) -> None:
        """Events name the function's `role`."""
        super().__init__(cloud, mapping)
        self._role = role

    def shards(self) -> list[StreamShard]:
        """The shards by ListShards, closed ones too where they hold records from the starting position on
        (https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ShardFilter.html).
        """
        mapping = self._mapping
        chosen: dict[str, Any] = {"Type": self._filters[mapping.position]}
        if mapping.position_time is not None:
            chosen["Timestamp"] = mapping.position_time
        request: dict[str, Any] = {"StreamARN": mapping.source_arn, "ShardFilter": chosen}
        found: dict[str, dict[str, Any]] = {}
        while request:
            page = self._client.list_shards(**request)
            found |= {shard["ShardId"]: shard for shard in page["Shards"]}
            request = {"NextToken": page["NextToken"]} if "NextToken" in page else {}
        names = ("ParentShardId", "AdjacentParentShardId")
        return [
            StreamShard(shard_id, tuple(shard[name] for name in names if shard.get(name) in found))
            for shard_id, shard in found.items()
        ]

    def read(self, shard_id: str, iterator: str) -> Page:
        """Up to 10,000 records."""
        arn, region = self._mapping.source_arn, self._mapping.region
        reply = self._client.get_records(ShardIterator=iterator, Limit=self._page, StreamARN=arn)
        records = [
            StreamRecord(
                one["SequenceNumber"],
                round(one["ApproximateArrivalTimestamp"].timestamp() * SECOND_US),
                one["PartitionKey"],
                kinesis_record(one, shard_id, arn, region, self._role),
            )
            for one in reply["Records"]
        ]
        children = tuple(
            StreamShard(child["ShardId"], tuple(child["ParentShards"]))
            for child in reply.get("ChildShards", ())
        )
        # A page ends at 10 MB, too.
        more = len(records) == self._page or reply["MillisBehindLatest"] > 0
        return Page(records, reply.get("NextShardIterator"), more, children)

    def arrived(self, shard_id: str) -> Signal:
        """Fires when a record is written to this shard, or the shard is closed."""
        try:
            signal: Signal = self._cloud.plane("kinesis").arrived(self._mapping.source_arn, shard_id)
        except ServiceError:  # the stream is gone: the next poll will say so
            return self._cloud.signal()
        return signal

    def retention_us(self) -> int:
        """The stream's RetentionPeriodHours, as it is now."""
        asked = {"StreamARN": self._mapping.source_arn}
        reply = self._cloud.ask("kinesis", "DescribeStreamSummary", asked, region=self._mapping.region)
        return int(reply["StreamDescriptionSummary"]["RetentionPeriodHours"]) * _HOUR_US


class DynamoDb(Source):
    """The stream of a DynamoDB table, polled four times a second and shard (with-ddb.html)."""

    batch_info = "DDBStreamBatchInfo"
    poll_us = SECOND_US // 4
    stale_us = 900 * SECOND_US
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetShardIterator.html
    _client_of = "dynamodbstreams"
    _stream = "StreamArn"
    _number = "SequenceNumber"
    _retention_us = (
        24 * _HOUR_US
    )  # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html

    def shards(self) -> list[StreamShard]:
        """The shards, by DescribeStream."""
        reply = self._client.describe_stream(StreamArn=self._mapping.source_arn)
        return [StreamShard(shard["ShardId"]) for shard in reply["StreamDescription"]["Shards"]]

    def read(self, shard_id: str, iterator: str) -> Page:
        """Up to 1,000 records, 1 MB in all."""
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
        """Fires when a record is written to any shard of the stream."""
        signal: Signal = self._cloud.plane("dynamodb").streams.arrived(self._mapping.source_arn)
        return signal

    def retention_us(self) -> int:
        """24 hours."""
        return self._retention_us
