"""Kinesis: iterators, reads and their limits, retention. One test a rule, named after it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from helpers import Cloud
from helpers.dataplane.kinesis import Worker

from .conftest import refused
from .functions import Function, runs
from .streams import Stream, shard_id
from .test_kinesis_writing import MIB, once


def test_record_has_number_key_data_and_arrival(cloud: Cloud) -> None:
    stream = Stream(cloud)
    cloud.advance(1.25)
    (number,) = stream.put("a", key="truck")
    arrived = cloud.datetime
    assert stream.get(stream.iterator())["Records"] == [
        {
            "SequenceNumber": number,
            "ApproximateArrivalTimestamp": arrived,
            "Data": b"a",
            "PartitionKey": "truck",
            "EncryptionType": "NONE",
        }
    ]


def test_iterator_types(cloud: Cloud) -> None:
    stream = Stream(cloud)
    numbers = stream.put("a", "b")
    cloud.advance(10)
    moment = cloud.datetime
    stream.put("c")
    assert stream.data(kind="TRIM_HORIZON") == ["a", "b", "c"]
    assert stream.data(kind="AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1]) == ["b", "c"]
    assert stream.data(kind="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1]) == ["c"]
    cloud.advance(1)
    assert stream.data(kind="AT_TIMESTAMP", Timestamp=moment) == ["c"]
    assert stream.data(kind="AT_TIMESTAMP", Timestamp=moment - timedelta(seconds=1)) == ["c"]
    latest = stream.iterator(kind="LATEST")
    stream.put("d")
    assert [record["Data"] for record in stream.get(latest)["Records"]] == [b"d"]


def test_iterator_needs_what_its_type_says(cloud: Cloud) -> None:
    stream = Stream(cloud, 2)
    (number,) = stream.put("a", key="a")
    ask = {"StreamName": "s", "ShardId": shard_id(0)}
    get = stream.client.get_shard_iterator
    assert refused(get, **ask, ShardIteratorType="AT_SEQUENCE_NUMBER") == "InvalidArgumentException"
    assert refused(get, **ask, ShardIteratorType="AT_TIMESTAMP") == "InvalidArgumentException"
    later = cloud.datetime + timedelta(seconds=1)
    assert (
        refused(get, **ask, ShardIteratorType="AT_TIMESTAMP", Timestamp=later) == "InvalidArgumentException"
    )
    for wrong in ("7", str(int(number) + 1_600)):
        place = {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": wrong}
        assert refused(get, **ask, **place) == "InvalidArgumentException"
    ask["ShardId"] = shard_id(9)
    assert refused(get, **ask, ShardIteratorType="LATEST") == "ResourceNotFoundException"
    assert refused(stream.get, "nonsense") == "InvalidArgumentException"


def test_iterator_expires_after_five_minutes(cloud: Cloud) -> None:
    stream = Stream(cloud)
    stream.put("a")
    iterator = stream.iterator()
    cloud.advance(300)
    following = stream.get(iterator)["NextShardIterator"]
    cloud.advance(0.001)
    assert refused(stream.get, iterator) == "ExpiredIteratorException"
    cloud.advance(299)
    assert stream.get(following)["Records"] == []


def test_iterators_are_given_five_times_a_second(cloud: Cloud) -> None:
    Stream(cloud)
    ask = {"StreamName": "s", "ShardId": shard_id(0), "ShardIteratorType": "LATEST"}
    get = once(cloud).get_shard_iterator
    for _ in range(5):
        get(**ask)
    assert refused(get, **ask) == "ProvisionedThroughputExceededException"
    cloud.advance(1)
    get(**ask)


def test_reads_do_not_remove_records(cloud: Cloud) -> None:
    stream = Stream(cloud)
    stream.put("a", "b")
    assert stream.data() == stream.data() == ["a", "b"]


def test_page_has_ten_thousand_records(cloud: Cloud) -> None:
    stream = Stream(cloud)
    for _ in range(11):
        stream.batch(500)
        stream.batch(500)
        cloud.advance(1)
    page = stream.get(stream.iterator())
    assert (len(page["Records"]), page["MillisBehindLatest"]) == (10_000, 2_000)
    assert refused(stream.get, page["NextShardIterator"], Limit=10_001) == "InvalidArgumentException"
    assert len(stream.get(page["NextShardIterator"], Limit=7)["Records"]) == 7


def test_page_of_ten_mebibytes_stops_reads_for_five_seconds(cloud: Cloud) -> None:
    stream = Stream(cloud)
    for _ in range(12):
        stream.batch(1, MIB - 1)
        cloud.advance(1)
    reader = once(cloud)
    page = reader.get_records(ShardIterator=stream.iterator())
    assert len(page["Records"]) == 10
    following = page["NextShardIterator"]
    for _ in range(4):
        cloud.advance(1)
        assert (
            refused(reader.get_records, ShardIterator=following) == "ProvisionedThroughputExceededException"
        )
    cloud.advance(0.999)
    assert refused(reader.get_records, ShardIterator=following) == "ProvisionedThroughputExceededException"
    cloud.advance(0.001)
    assert len(reader.get_records(ShardIterator=following)["Records"]) == 2


def test_readers_share_five_calls_a_second(cloud: Cloud) -> None:
    stream = Stream(cloud)
    iterators = [stream.iterator(kind="LATEST") for _ in range(3)]
    reader = once(cloud)
    outcomes = []
    for _ in range(4):
        for iterator in iterators:
            try:
                reader.get_records(ShardIterator=iterator)
                outcomes.append("ok")
            except reader.exceptions.ProvisionedThroughputExceededException:
                outcomes.append("throttled")
        cloud.advance(0.25)
    assert outcomes == ["ok"] * 5 + ["throttled"] * 7


def test_behind_latest_is_the_age_of_what_was_read(cloud: Cloud) -> None:
    stream = Stream(cloud)
    stream.put("a")
    cloud.advance(2)
    stream.put("b")
    cloud.advance(3)
    page = stream.get(stream.iterator(), Limit=1)
    assert page["MillisBehindLatest"] == 5000
    page = stream.get(page["NextShardIterator"])
    assert page["MillisBehindLatest"] == 0
    assert stream.get(page["NextShardIterator"])["MillisBehindLatest"] == 0


def test_model_shared_propagation_delays_reads(cloud: Cloud) -> None:
    cloud.plane("kinesis").models.shared_propagation_s = 0.2
    stream = Stream(cloud)
    stream.put("a")
    iterator = stream.iterator()
    cloud.advance(0.199)
    page = stream.get(iterator)
    assert page["Records"] == []
    cloud.advance(0.001)
    assert len(stream.get(page["NextShardIterator"])["Records"]) == 1


def test_model_shared_propagation_delays_pollers_by_no_more(cloud: Cloud) -> None:
    """A KCL worker and a mapping that poll at the instant of the write read the record at their next poll."""
    cloud.plane("kinesis").models.shared_propagation_s = 0.2
    cloud.plane("lambda").models.init_s = cloud.plane("lambda").models.mapping_s = 0
    stream, function = Stream(cloud), Function(cloud, "def handler(event, context):\n    pass\n")
    function.client.create_event_source_mapping(
        FunctionName=function.name, EventSourceArn=stream.arn, StartingPosition="TRIM_HORIZON"
    )
    read: list[float] = []
    Worker(cloud, "s", "app", lambda records, _: read.append(cloud.now)).start()
    cloud.advance(10)
    stream.put("a")  # at the instant of a poll
    cloud.advance(20)
    assert read == [11]
    assert [run["time_s"] for run in runs(cloud)] == [11]


def test_retention_is_24_hours(cloud: Cloud) -> None:
    stream = Stream(cloud)
    assert stream.summary()["RetentionPeriodHours"] == 24
    stream.put("old")
    cloud.advance(3600)
    stream.put("young")
    cloud.advance(23 * 3600 - 1)
    assert stream.data() == ["old", "young"]
    cloud.advance(1)
    assert stream.data() == ["young"]


def test_retention_can_be_increased_to_8760_hours(cloud: Cloud) -> None:
    stream = Stream(cloud)
    client = stream.client
    client.increase_stream_retention_period(StreamName="s", RetentionPeriodHours=8760)
    longer = {"StreamName": "s", "RetentionPeriodHours": 8761}
    assert refused(client.increase_stream_retention_period, **longer) == "InvalidArgumentException"
    stream.put("a")
    cloud.advance(8760 * 3600 - 1)
    assert stream.data() == ["a"]
    cloud.advance(1)
    assert stream.data() == []


def test_retention_increase_brings_nothing_back(cloud: Cloud) -> None:
    stream = Stream(cloud)
    stream.put("a")
    cloud.advance(24 * 3600)
    stream.client.increase_stream_retention_period(StreamName="s", RetentionPeriodHours=48)
    assert stream.data() == []


def test_retention_decrease_expires_at_once(cloud: Cloud) -> None:
    stream = Stream(cloud)
    client = stream.client
    client.increase_stream_retention_period(StreamName="s", RetentionPeriodHours=48)
    stream.put("a")
    cloud.advance(30 * 3600)
    stream.put("b")
    client.decrease_stream_retention_period(StreamName="s", RetentionPeriodHours=24)
    assert stream.data() == ["b"]
    shorter = {"StreamName": "s", "RetentionPeriodHours": 23}
    assert refused(client.decrease_stream_retention_period, **shorter) == "InvalidArgumentException"


def test_replay_from_a_time(cloud: Cloud) -> None:
    stream = Stream(cloud)
    for hour in range(6):
        stream.put(str(hour))
        cloud.advance(3600)
    since = cloud.datetime - timedelta(hours=3)
    assert stream.data(kind="AT_TIMESTAMP", Timestamp=since) == ["3", "4", "5"]
    long_ago = cloud.datetime - timedelta(days=3)
    assert stream.data(kind="AT_TIMESTAMP", Timestamp=long_ago) == [str(hour) for hour in range(6)]


@pytest.mark.parametrize("consumers", [1, 3])
def test_shared_readers_divide_two_mebibytes_a_second(cloud: Cloud, consumers: int) -> None:
    """Each reader polls once a second; the shard is written with 1 MiB/s."""
    stream = Stream(cloud)
    read = [0] * consumers

    def write() -> None:
        for _ in range(60):
            stream.batch(8, MIB // 8 - 1)
            cloud.sleep(1)

    def consume(number: int) -> None:
        reader = once(cloud)
        iterator = stream.iterator()
        cloud.sleep(0.1 * (number + 1))
        while True:
            try:
                page = reader.get_records(ShardIterator=iterator)
                iterator = page["NextShardIterator"]
                read[number] += sum(len(record["Data"]) + 1 for record in page["Records"])
            except reader.exceptions.ProvisionedThroughputExceededException:
                pass
            cloud.sleep(1)

    cloud.spawn(write)
    for number in range(consumers):
        cloud.spawn(consume, number, background=True)
    cloud.run(until=60)
    total = sum(read) / MIB
    if consumers == 1:
        assert total == 60
    else:
        assert 110 <= total <= 132  # two a second, and a last page that the next seconds pay
