"""Firehose: puts, buffers and delivery to S3. One test a rule, named after it."""

from __future__ import annotations

import gzip
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import Cloud

from .conftest import refused
from .streams import Stream, metric

MIB = 1_048_576
ROLE = "arn:aws:iam::123456789012:role/firehose"


class Hose:
    """One Firehose stream of a Cloud through boto3, and the bucket it delivers to."""

    def __init__(
        self,
        cloud: Cloud,
        size_mib: int | None = None,
        interval_s: int | None = None,
        *,
        bucket: bool = True,
        source: Stream | None = None,
        region: str = "us-east-1",
        **options: Any,
    ) -> None:
        self.cloud = cloud
        self.client, self.s3 = cloud.client("firehose", region_name=region), cloud.client("s3")
        if bucket:
            self.s3.create_bucket(Bucket="logs-bucket")
        if size_mib is not None:
            options["BufferingHints"] = {"SizeInMBs": size_mib, "IntervalInSeconds": interval_s}
        more: dict[str, Any] = {}
        if source is not None:
            more["DeliveryStreamType"] = "KinesisStreamAsSource"
            more["KinesisStreamSourceConfiguration"] = {"KinesisStreamARN": source.arn, "RoleARN": ROLE}
        self.client.create_delivery_stream(
            DeliveryStreamName="h",
            ExtendedS3DestinationConfiguration={
                "RoleARN": ROLE,
                "BucketARN": "arn:aws:s3:::logs-bucket",
                **options,
            },
            **more,
        )

    def put(self, *data: bytes) -> None:
        for one in data:
            self.client.put_record(DeliveryStreamName="h", Record={"Data": one})

    def batch(self, *data: bytes) -> dict[str, Any]:
        reply: dict[str, Any] = self.client.put_record_batch(
            DeliveryStreamName="h", Records=[{"Data": one} for one in data]
        )
        return reply

    def delivered(self) -> list[tuple[float, bytes]]:
        """When each object was put, and what is in it."""
        puts = [
            row
            for row in self.cloud.attempts
            if (row.actor, row.operation, row.error) == ("firehose", "PutObject", None)
        ]
        return [
            (
                row.start_us / 1e6,
                self.s3.get_object(Bucket="logs-bucket", Key=row.parameters["Key"])["Body"].read(),
            )
            for row in puts
        ]

    def keys(self) -> list[str]:
        return [one["Key"] for one in self.s3.list_objects_v2(Bucket="logs-bucket").get("Contents", [])]


def test_buffer_is_delivered_after_its_interval(cloud: Cloud) -> None:
    hose = Hose(cloud, 5, 60)
    hose.put(b"a")
    cloud.advance(59)
    hose.put(b"b")
    assert hose.delivered() == []
    cloud.advance(1)
    hose.put(b"c")
    cloud.advance(100)
    assert hose.delivered() == [(60, b"ab"), (120, b"c")]


def test_buffer_is_delivered_when_it_is_full(cloud: Cloud) -> None:
    hose = Hose(cloud, 1, 60)
    half = b"x" * (MIB // 2)
    hose.put(half)
    cloud.advance(10)
    hose.put(half)
    cloud.advance(1)
    assert [(at, len(body)) for at, body in hose.delivered()] == [(10, MIB)]
    cloud.advance(100)
    assert len(hose.delivered()) == 1  # nothing is left, so nothing is delivered


@settings(max_examples=6)
@given(size=st.integers(1, 4), interval=st.integers(1, 40), rate_kib=st.integers(1, 900))
def test_buffer_period_is_the_lesser_of_size_and_time(size: int, interval: int, rate_kib: int) -> None:
    """At a steady rate, an object comes every min(interval, size / rate) seconds, counted in whole records."""
    with Cloud() as cloud:
        cloud.api_latency_s = 0
        hose = Hose(cloud, size, interval)
        record = b"x" * (rate_kib * 1024)
        for _ in range(50):
            hose.put(record)
            cloud.advance(1)
        full = -(-size * 1024 // rate_kib)  # the record that fills it, one a second
        times = [at for at, _ in hose.delivered()]
        period = min(full, interval)
        # Filled by a record, the last of which comes at 49 s, or flushed by the clock, at 50 s too.
        first, end = (full - 1, 50) if full <= interval else (interval, 51)
        assert times == list(range(first, end, period))


def test_buffer_hints_have_defaults_and_ranges(cloud: Cloud) -> None:
    hose = Hose(cloud)
    hose.put(b"a")
    cloud.advance(400)
    assert hose.delivered() == [(300, b"a")]
    destination = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::logs-bucket"}

    def create(hints: dict[str, int]) -> str:
        return refused(
            hose.client.create_delivery_stream,
            DeliveryStreamName="other",
            ExtendedS3DestinationConfiguration={**destination, "BufferingHints": hints},
        )

    assert create({"SizeInMBs": 129, "IntervalInSeconds": 60}) == "ValidationException"
    assert create({"SizeInMBs": 1, "IntervalInSeconds": 901}) == "ValidationException"
    assert create({"SizeInMBs": 1}) == "InvalidArgumentException"


def test_buffer_interval_of_zero_delivers_in_seconds(cloud: Cloud) -> None:
    hose = Hose(cloud, 128, 0)
    hose.put(b"a", b"b")
    cloud.advance(10)
    assert hose.delivered() == [(3, b"ab")]


def test_object_key_has_the_hour_in_utc_and_the_version(cloud: Cloud) -> None:
    hose = Hose(cloud, 1, 900, Prefix="logs/")
    cloud.advance(3590)
    hose.put(b"a")
    cloud.advance(900)
    (key,) = hose.keys()
    assert re.fullmatch(r"logs/2026/01/05/09/h-1-2026-01-05-10-14-50-[0-9a-f-]{36}", key)


def test_records_are_joined_without_delimiter_unless_asked(cloud: Cloud) -> None:
    processing = {"Enabled": True, "Processors": [{"Type": "AppendDelimiterToRecord"}]}
    hose = Hose(cloud, 1, 60, ProcessingConfiguration=processing)
    hose.put(b"a", b"b")
    cloud.advance(60)
    assert hose.delivered() == [(60, b"a\nb\n")]


def test_objects_are_compressed_with_gzip(cloud: Cloud) -> None:
    hose = Hose(cloud, 1, 60, CompressionFormat="GZIP")
    hose.put(b"a" * 1000)
    cloud.advance(60)
    ((_, body),) = hose.delivered()
    assert gzip.decompress(body) == b"a" * 1000
    assert hose.keys()[0].endswith(".gz")


def test_record_has_a_thousand_kibibytes(cloud: Cloud) -> None:
    hose = Hose(cloud)
    hose.put(b"x" * 1_024_000)
    assert refused(hose.put, b"x" * 1_024_001) == "ValidationException"


def test_batch_takes_500_records_and_four_mebibytes(cloud: Cloud) -> None:
    hose = Hose(cloud)
    assert refused(hose.batch, *[b"x"] * 501) == "ValidationException"
    assert refused(hose.batch, *[b"x" * 900_000] * 5) == "InvalidArgumentException"
    reply = hose.batch(*[b"x"] * 500)
    assert (reply["FailedPutCount"], len({one["RecordId"] for one in reply["RequestResponses"]})) == (0, 500)


def test_direct_put_takes_one_mebibyte_a_second(cloud: Cloud) -> None:
    hose = Hose(cloud, region="eu-central-1")
    reply = hose.batch(*[b"x" * (MIB // 4)] * 6)
    codes = [one.get("ErrorCode") for one in reply["RequestResponses"]]
    assert codes == [None] * 4 + ["ServiceUnavailableException"] * 2
    assert reply["FailedPutCount"] == 2
    cloud.advance(1)
    assert hose.batch(b"x" * (MIB // 4))["FailedPutCount"] == 0


def test_delivery_is_retried_until_the_bucket_is_there(cloud: Cloud) -> None:
    hose = Hose(cloud, 1, 60, bucket=False)
    hose.put(b"a")
    cloud.advance(100)
    hose.put(b"b")
    cloud.advance(3500)
    hose.s3.create_bucket(Bucket="logs-bucket")
    cloud.advance(60)
    assert hose.delivered() == [(3660, b"a"), (3660, b"b")]
    assert metric(cloud, "AWS/Firehose", "DeliveryToS3.Success", DeliveryStreamName="h")[-1] == 2


def test_delivery_gives_up_after_24_hours(cloud: Cloud) -> None:
    cloud.plane("firehose").models.retry_s = 1800
    hose = Hose(cloud, 1, 60, bucket=False)
    hose.put(b"a")
    cloud.advance(24 * 3600)
    hose.s3.create_bucket(Bucket="logs-bucket")
    cloud.advance(3600)
    assert hose.keys() == []


def test_destination_can_be_changed(cloud: Cloud) -> None:
    hose = Hose(cloud, 1, 60)
    hose.client.update_destination(
        DeliveryStreamName="h",
        CurrentDeliveryStreamVersionId="1",
        DestinationId="destinationId-000000000001",
        ExtendedS3DestinationUpdate={
            "Prefix": "new/",
            "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 90},
        },
    )
    hose.put(b"a")
    cloud.advance(100)
    assert hose.delivered() == [(90, b"a")]
    assert hose.keys()[0].startswith("new/2026/01/05/09/h-2-")


def test_kinesis_stream_as_source_is_read_from_latest_once_a_second(cloud: Cloud) -> None:
    stream = Stream(cloud)
    stream.put("before")
    cloud.advance(1)
    hose = Hose(cloud, 1, 60, source=stream)
    cloud.advance(0.5)
    stream.put("a", "b")
    cloud.advance(0.5)
    stream.split()
    cloud.advance(40)
    stream.put("c")
    cloud.advance(100)
    assert hose.delivered() == [(62, b"ab"), (102, b"c")]
    assert refused(hose.put, b"x") == "InvalidArgumentException"
    reads = {row.actor for row in cloud.attempts if row.operation == "GetRecords"}
    assert reads == {"firehose"}


def test_kinesis_stream_as_source_is_read_when_its_records_can_be_read(cloud: Cloud) -> None:
    cloud.plane("kinesis").models.shared_propagation_s = 0.2
    stream = Stream(cloud)
    hose = Hose(cloud, 1, 60, source=stream)
    cloud.advance(10)
    stream.put("a")  # at the instant of a poll
    cloud.advance(100)
    assert hose.delivered() == [(71, b"a")]


def test_kinesis_stream_as_source_shares_the_shard(cloud: Cloud) -> None:
    stream = Stream(cloud)
    Hose(cloud, 1, 60, source=stream)
    cloud.advance(0.9)
    stream.put("a")
    iterator = stream.iterator(kind="LATEST")
    cloud.advance(0.1)  # Firehose reads
    outcomes = []
    for _ in range(5):
        try:
            stream.client.get_records(ShardIterator=iterator)
            outcomes.append("ok")
        except stream.client.exceptions.ProvisionedThroughputExceededException:
            outcomes.append("throttled")
    assert outcomes[:4] == ["ok"] * 4
    retried = [row.attempt for row in cloud.attempts if row.operation == "GetRecords" and row.actor == "main"]
    assert retried[4:6] == [1, 2]  # the fifth call had to wait


def test_delivery_is_told_to_cloudwatch(cloud: Cloud) -> None:
    hose = Hose(cloud, 1, 60)
    hose.put(b"abc", b"de")
    cloud.advance(61)
    named = {"DeliveryStreamName": "h"}
    told = {
        name: metric(cloud, "AWS/Firehose", name, **named)
        for name in ("IncomingRecords", "IncomingBytes", "DeliveryToS3.Records", "DeliveryToS3.Bytes")
    }
    assert told == {
        "IncomingRecords": [2],
        "IncomingBytes": [5],
        "DeliveryToS3.Records": [2],
        "DeliveryToS3.Bytes": [5],
    }
    assert metric(cloud, "AWS/Firehose", "DeliveryToS3.DataFreshness", "Maximum", **named) == [60]


def test_missing_firehose_stream(cloud: Cloud) -> None:
    client = cloud.client("firehose")
    put = {"DeliveryStreamName": "none", "Record": {"Data": b"x"}}
    assert refused(client.put_record, **put) == "ResourceNotFoundException"
    hose = Hose(cloud, 1, 60)
    hose.put(b"lost")
    hose.client.delete_delivery_stream(DeliveryStreamName="h")
    cloud.advance(100)
    assert hose.keys() == []
