"""Records on their way to a bucket: buffered by size and time, whichever comes first, then delivered until it
succeeds.

AWS: GUIDE/create-configure-backup.html (buffering hints), GUIDE/retry.html.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from botocore.exceptions import ClientError

from helpers.cloud import Timer, ids
from helpers.dataplane.firehose.limits import SECOND_US
from helpers.dataplane.firehose.stream import Stream


class _Batch(NamedTuple):
    records: list[bytes]
    oldest_us: int


class Buffer:
    """The buffer of a stream; with a Kinesis stream as source, that of one of its shards."""

    def __init__(self, stream: Stream, kept_us: Callable[[], int]) -> None:
        """`kept_us` tells how long records are kept while they cannot be delivered."""
        self._stream = stream
        self._cloud = stream.cloud
        self._kept_us = kept_us
        self._records: list[bytes] = []
        self._size = 0
        self._oldest_us = 0
        self._timer: Timer | None = None
        self._waiting: deque[_Batch] = deque()

    def add(self, data: bytes) -> None:
        """Take a record in."""
        destination = self._stream.destination
        if not self._records:
            self._oldest_us = self._cloud.now_us
            interval_us = destination.interval_us or round(self._stream.models.unbuffered_s * SECOND_US)
            self._timer = self._cloud.at(interval_us / SECOND_US, self._flush, name="firehose")
        self._records.append(data)
        self._size += len(data)
        if self._size >= destination.buffer_bytes:
            self._flush()

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._waiting.append(_Batch(self._records, self._oldest_us))
        self._records, self._size = [], 0
        if len(self._waiting) == 1:  # else those before it are still being tried
            self._cloud.at(0, self._deliver, name="firehose")

    def _deliver(self) -> None:
        stream, cloud = self._stream, self._cloud
        while self._waiting and not stream.deleted:
            batch = self._waiting[0]
            if cloud.now_us - batch.oldest_us >= self._kept_us():
                self._waiting.popleft()
                continue
            destination = stream.destination
            body = destination.body(batch.records)
            now = cloud.datetime
            oldest = now - timedelta(microseconds=cloud.now_us - batch.oldest_us)
            key = destination.key(stream.name, oldest, now, ids.uuid4())
            try:
                stream.s3.put_object(Bucket=destination.bucket, Key=key, Body=body)
            except ClientError:
                stream.metric("DeliveryToS3.Success", 0)
                cloud.at(stream.models.retry_s, self._deliver, name="firehose")
                return
            self._waiting.popleft()
            stream.metric("DeliveryToS3.Success", 1)
            stream.metric("DeliveryToS3.ObjectCount", 1)
            stream.metric("DeliveryToS3.Records", len(batch.records))
            stream.metric("DeliveryToS3.Bytes", len(body), "Bytes")
            age_s = (cloud.now_us - batch.oldest_us) / SECOND_US
            stream.metric("DeliveryToS3.DataFreshness", age_s, "Seconds")
