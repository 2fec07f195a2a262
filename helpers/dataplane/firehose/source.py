"""A Kinesis stream as the source of a Firehose stream, read by the API like any other reader.

AWS: GUIDE/writing-with-kinesis-streams.html: from LATEST on, once a second and shard, within the limits of the
shards.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from helpers.cloud import Actor
from helpers.dataplane.firehose.buffer import Buffer
from helpers.dataplane.firehose.limits import SECOND_US
from helpers.dataplane.firehose.stream import Stream

_STALE_S = 270.0  # a shard iterator ends after 300 s
_HOUR_US = 3_600 * SECOND_US


class Source:
    """Follows the shards of a Kinesis stream into a buffer each; children begin when their parents have ended."""

    def __init__(self, stream: Stream, stream_arn: str) -> None:
        self._stream = stream
        self._cloud = stream.cloud
        self._arn = stream_arn
        self._kinesis = stream.cloud.client("kinesis", region_name=stream_arn.split(":")[3])
        self._ended: set[str] = set()
        self._actors: list[Actor] = []

    def start(self) -> None:
        """Read what is written from now on."""
        self._spawn(self._begin, self._cloud.datetime)

    def stop(self) -> None:
        """Read no more."""
        for actor in self._actors:
            actor.stop()

    def _spawn(self, function: Any, *arguments: Any) -> None:
        def live() -> None:
            with self._cloud.acting_as("firehose"):
                function(*arguments)

        self._actors.append(self._cloud.spawn(live, name=f"firehose/{self._stream.name}", background=True))

    def _begin(self, since: datetime) -> None:
        request: dict[str, Any] = {"StreamARN": self._arn, "ShardFilter": {"Type": "AT_LATEST"}}
        while True:
            page = self._kinesis.list_shards(**request)
            for shard in page["Shards"]:
                self._spawn(
                    self._read, shard["ShardId"], {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": since}
                )
            if "NextToken" not in page:
                return
            request = {"NextToken": page["NextToken"]}

    def _read(self, shard_id: str, position: dict[str, Any]) -> None:
        buffer = Buffer(self._stream, self._retention_us)
        cloud, began_us, iterator = self._cloud, self._cloud.now_us, ""
        while True:
            try:
                if not iterator:
                    place = {"StreamARN": self._arn, "ShardId": shard_id, **position}
                    iterator = self._kinesis.get_shard_iterator(**place)["ShardIterator"]
                page = self._kinesis.get_records(ShardIterator=iterator, StreamARN=self._arn)
            except ClientError as error:
                if error.response["Error"]["Code"] == "ResourceNotFoundException":
                    return  # the stream or the shard is gone
                iterator = ""
                cloud.sleep(1)
                continue
            records = page["Records"]
            if records:
                self._take(buffer, records)
                last = records[-1]["SequenceNumber"]
                position = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": last}
            if "NextShardIterator" not in page:
                self._descend(shard_id, page.get("ChildShards", []))
                return
            iterator = page["NextShardIterator"]
            if not records:  # a read that would find nothing is not made
                cloud.plane("kinesis").arrived(self._arn, shard_id).wait(_STALE_S)
            gone_us = cloud.now_us - began_us
            cloud.pause_us(-gone_us % SECOND_US if gone_us % SECOND_US or not records else SECOND_US)

    def _take(self, buffer: Buffer, records: list[dict[str, Any]]) -> None:
        self._stream.metric("DataReadFromKinesisStream.Records", len(records))
        size = sum(len(record["Data"]) for record in records)
        self._stream.metric("DataReadFromKinesisStream.Bytes", size, "Bytes")
        for record in records:
            buffer.add(record["Data"])

    def _descend(self, shard_id: str, children: list[dict[str, Any]]) -> None:
        self._ended.add(shard_id)
        for child in children:
            if self._ended.issuperset(child["ParentShards"]):
                self._spawn(self._read, child["ShardId"], {"ShardIteratorType": "TRIM_HORIZON"})

    def _retention_us(self) -> int:
        """Records that cannot be delivered are kept as long as the Kinesis stream keeps them (GUIDE/retry.html)."""
        region = self._arn.split(":")[3]
        told = self._cloud.ask("kinesis", "DescribeStreamSummary", {"StreamARN": self._arn}, region=region)
        return int(told["StreamDescriptionSummary"]["RetentionPeriodHours"]) * _HOUR_US
