"""Kinesis: records, where they go, and what a shard takes. One test a rule, named after it."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import Any

from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import Cloud

from .conftest import refused
from .streams import Stream, shard_id

MIB = 1_048_576
ONCE = Config(retries={"total_max_attempts": 1})


def once(cloud: Cloud) -> Any:
    """A client that does not retry."""
    return cloud.client("kinesis", config=ONCE)


@settings(max_examples=20)
@given(key=st.text(min_size=1, max_size=20), shards=st.integers(1, 9))
def test_key_goes_to_the_shard_of_its_md5_hash(key: str, shards: int) -> None:
    with Cloud() as cloud:
        stream = Stream(cloud, shards)
        reply = stream.client.put_record(StreamName="s", Data=b"x", PartitionKey=key)
        number = int(hashlib.md5(key.encode(), usedforsecurity=False).hexdigest(), 16)
        (expected,) = [
            shard_id(shard) for shard, (low, high) in stream.ranges().items() if low <= number <= high
        ]
        assert reply["ShardId"] == expected


def test_explicit_hash_key_overrides_the_key(cloud: Cloud) -> None:
    stream = Stream(cloud, 2)
    for number, expected in ((0, 0), (2**127 - 1, 0), (2**127, 1), (2**128 - 1, 1)):
        reply = stream.client.put_record(
            StreamName="s", Data=b"x", PartitionKey="k", ExplicitHashKey=str(number)
        )
        assert reply["ShardId"] == shard_id(expected)
    beyond = {"StreamName": "s", "Data": b"x", "PartitionKey": "k", "ExplicitHashKey": str(2**128)}
    assert refused(stream.client.put_record, **beyond) == "InvalidArgumentException"


def test_sequence_numbers_increase_in_a_shard_and_are_no_index(cloud: Cloud) -> None:
    stream = Stream(cloud)
    numbers = [int(number) for number in stream.put(*"abcdef")]
    assert numbers == sorted(set(numbers))
    assert all(later - sooner > 1 for sooner, later in pairwise(numbers))


def test_sequence_number_for_ordering_is_one_of_the_stream(cloud: Cloud) -> None:
    stream = Stream(cloud)
    (first,) = stream.put("a")
    (second,) = stream.put("b", SequenceNumberForOrdering=first)
    assert int(second) > int(first)
    wrong = {"StreamName": "s", "Data": b"x", "PartitionKey": "k", "SequenceNumberForOrdering": "12"}
    assert refused(stream.client.put_record, **wrong) == "InvalidArgumentException"


def test_partition_key_is_needed_and_has_256_characters(cloud: Cloud) -> None:
    stream = Stream(cloud)
    put = stream.client.put_record
    put(StreamName="s", Data=b"x", PartitionKey="k" * 256)
    assert refused(put, StreamName="s", Data=b"x", PartitionKey="k" * 257) == "ValidationException"
    assert refused(put, StreamName="s", Data=b"x") == "InvalidArgumentException"


def test_record_has_one_mebibyte_with_its_key(cloud: Cloud) -> None:
    stream = Stream(cloud)
    put = stream.client.put_record
    put(StreamName="s", Data=b"x" * (MIB - 4), PartitionKey="kéy")
    assert (
        refused(put, StreamName="s", Data=b"x" * (MIB - 3), PartitionKey="kéy") == "InvalidArgumentException"
    )


def test_record_size_can_be_raised_to_ten_mebibytes(cloud: Cloud) -> None:
    stream = Stream(cloud, MaxRecordSizeInKiB=2048)
    assert stream.summary()["MaxRecordSizeInKiB"] == 2048
    put = stream.client.put_record
    put(StreamName="s", Data=b"x" * (2 * MIB - 1), PartitionKey="k")
    change = {"StreamARN": stream.arn, "MaxRecordSizeInKiB": 10_241}
    assert refused(stream.client.update_max_record_size, **change) == "ValidationException"
    stream.client.update_max_record_size(StreamARN=stream.arn, MaxRecordSizeInKiB=10_240)
    cloud.advance(2)
    put(StreamName="s", Data=b"x" * (10 * MIB - 1), PartitionKey="k")


def test_large_record_is_paid_by_the_seconds_that_follow(cloud: Cloud) -> None:
    Stream(cloud, MaxRecordSizeInKiB=10_240)
    put = once(cloud).put_record
    put(StreamName="s", Data=b"x" * (10 * MIB - 1), PartitionKey="k")
    passed = []
    for second in range(1, 12):
        cloud.advance(1)
        try:
            put(StreamName="s", Data=b"x", PartitionKey="k")
            passed.append(second)
        except put.__self__.exceptions.ProvisionedThroughputExceededException:
            pass
    assert passed == [10, 11]


def test_shard_takes_a_thousand_records_a_second(cloud: Cloud) -> None:
    stream = Stream(cloud, 2)
    accepted = []
    for _ in range(3):
        accepted.append(sum(500 - stream.batch(500)["FailedRecordCount"] for _ in range(4)))
        cloud.advance(1)
    assert accepted == [1000, 1000, 1000]


def test_shard_takes_one_mebibyte_a_second(cloud: Cloud) -> None:
    stream = Stream(cloud)
    accepted = []
    for _ in range(3):
        accepted.append(20 - stream.batch(20, 102_399)["FailedRecordCount"])  # 100 KiB with the key
        cloud.advance(1)
    assert accepted == [10, 10, 10]


@settings(max_examples=15)
@given(rate=st.integers(1, 2500), size=st.integers(1, 3000), seconds=st.integers(1, 4))
def test_shard_accepts_the_lesser_of_both_limits(rate: int, size: int, seconds: int) -> None:
    with Cloud() as cloud:
        cloud.api_latency_s = 0
        stream = Stream(cloud)
        accepted = 0
        for _ in range(seconds):
            for first in range(0, rate, 500):
                count = min(500, rate - first)
                accepted += count - stream.batch(count, size)["FailedRecordCount"]
            cloud.advance(1)
        assert accepted == seconds * min(rate, 1000, MIB // (size + 1))


def test_put_record_is_throttled_with_an_exception(cloud: Cloud) -> None:
    stream = Stream(cloud)
    stream.batch(500)
    stream.batch(500)
    put = once(cloud).put_record
    code = refused(put, StreamName="s", Data=b"x", PartitionKey="k")
    assert code == "ProvisionedThroughputExceededException"
    assert [row.error for row in cloud.attempts][-1] == code
    cloud.advance(1)
    put(StreamName="s", Data=b"x", PartitionKey="k")


def test_put_records_fails_record_by_record(cloud: Cloud) -> None:
    stream = Stream(cloud, 2)
    stream.client.put_records(
        StreamName="s", Records=[{"Data": b"x", "PartitionKey": "k", "ExplicitHashKey": "0"}] * 500
    )
    stream.client.put_records(
        StreamName="s", Records=[{"Data": b"x", "PartitionKey": "k", "ExplicitHashKey": "0"}] * 499
    )
    entries = [
        {"Data": str(number).encode(), "PartitionKey": "k", "ExplicitHashKey": hash_key}
        for number, hash_key in enumerate(["0", "0", str(2**127), "0"])
    ]
    reply = stream.client.put_records(StreamName="s", Records=entries)
    assert reply["FailedRecordCount"] == 2
    assert [record.get("ErrorCode") for record in reply["Records"]] == [
        None,
        "ProvisionedThroughputExceededException",
        None,
        "ProvisionedThroughputExceededException",
    ]
    assert [record.get("ShardId") for record in reply["Records"]] == [shard_id(0), None, shard_id(1), None]
    for part in ("123456789012", "stream s", shard_id(0)):
        assert part in reply["Records"][1]["ErrorMessage"]


def test_put_records_promises_no_order(cloud: Cloud) -> None:
    stream = Stream(cloud)
    stream.batch(500)
    stream.batch(499, 1)
    entries = [{"Data": text.encode(), "PartitionKey": "k"} for text in "ab"]
    reply = stream.client.put_records(StreamName="s", Records=entries)
    failed = [entry for entry, answer in zip(entries, reply["Records"], strict=True) if "ErrorCode" in answer]
    cloud.advance(1)
    stream.put("c")
    stream.client.put_records(StreamName="s", Records=failed)
    assert stream.data()[-3:] == ["a", "c", "b"]


def test_put_records_takes_500_records_and_ten_mebibytes(cloud: Cloud) -> None:
    stream = Stream(cloud, 20)
    assert refused(stream.batch, 501) == "ValidationException"
    assert stream.batch(10, MIB - 1)["FailedRecordCount"] == 9  # 10 MiB in all, 1 MiB a second and shard
    entries = [{"Data": b"x" * (MIB - 1), "PartitionKey": "k"}] * 10 + [{"Data": b"", "PartitionKey": "k"}]
    assert refused(stream.client.put_records, StreamName="s", Records=entries) == "InvalidArgumentException"


def test_stream_by_name_or_arn(cloud: Cloud) -> None:
    stream = Stream(cloud)
    put = stream.client.put_record
    put(StreamARN=stream.arn, Data=b"x", PartitionKey="k")
    assert refused(put, StreamName="none", Data=b"x", PartitionKey="k") == "ResourceNotFoundException"
    assert refused(put, Data=b"x", PartitionKey="k") == "InvalidArgumentException"
    assert stream.data() == ["x"]


def test_records_say_how_they_are_encrypted(cloud: Cloud) -> None:
    stream = Stream(cloud)
    stream.put("plain")
    stream.client.start_stream_encryption(StreamName="s", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    stream.put("secret")
    records = stream.get(stream.iterator())["Records"]
    assert [record["EncryptionType"] for record in records] == ["NONE", "KMS"]
