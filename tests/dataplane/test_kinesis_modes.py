"""Kinesis: on-demand streams, capacity modes and metrics. One test a rule, named after it."""

from __future__ import annotations

from helpers import Cloud

from .conftest import refused
from .streams import Stream, metric

ON_DEMAND = {"StreamMode": "ON_DEMAND"}


def test_on_demand_stream_begins_with_four_shards(cloud: Cloud) -> None:
    stream = Stream(cloud, 0, StreamModeDetails=ON_DEMAND)
    assert len(stream.shards()) == 4
    assert refused(stream.split, 0) == "ValidationException"


def test_on_demand_shard_above_500_kb_is_split_within_15_minutes(cloud: Cloud) -> None:
    stream = Stream(cloud, 0, StreamModeDetails=ON_DEMAND)
    for _ in range(60):
        stream.batch(6, 102_399)
        cloud.advance(1)
    cloud.advance(839)
    assert len(stream.ids("AT_LATEST")) == 4
    cloud.advance(61)
    assert len(stream.ids("AT_LATEST")) == 5


def test_mode_changes_twice_in_24_hours(cloud: Cloud) -> None:
    cloud.plane("kinesis").models.updating_s = 0
    stream = Stream(cloud, 3)
    change = stream.client.update_stream_mode
    change(StreamARN=stream.arn, StreamModeDetails=ON_DEMAND)
    assert len(stream.shards()) == 3
    change(StreamARN=stream.arn, StreamModeDetails={"StreamMode": "PROVISIONED"})
    third = {"StreamARN": stream.arn, "StreamModeDetails": ON_DEMAND}
    assert refused(change, **third) == "LimitExceededException"
    cloud.advance(86_400)
    change(**third)


def test_auto_distribution_ignores_keys(cloud: Cloud) -> None:
    stream = Stream(cloud, 0, StreamModeDetails=ON_DEMAND, RecordDistributionStrategy="AUTO")
    shards = [stream.client.put_record(StreamName="s", Data=b"x")["ShardId"] for _ in range(8)]
    assert sorted(shards.count(shard) for shard in set(shards)) == [2, 2, 2, 2]


def test_puts_and_reads_are_told_to_cloudwatch(cloud: Cloud) -> None:
    stream = Stream(cloud)
    stream.batch(3, 9)
    cloud.advance(2)
    stream.get(stream.iterator())
    cloud.advance(60)
    told = {
        name: metric(cloud, "AWS/Kinesis", name, StreamName="s")
        for name in ("IncomingRecords", "IncomingBytes", "GetRecords.Records", "PutRecords.TotalRecords")
    }
    assert told == {
        "IncomingRecords": [3],
        "IncomingBytes": [30],
        "GetRecords.Records": [3],
        "PutRecords.TotalRecords": [3],
    }
    age = metric(cloud, "AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", "Maximum", StreamName="s")
    assert age == [2000]
