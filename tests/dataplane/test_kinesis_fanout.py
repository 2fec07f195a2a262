"""Kinesis: registered consumers and their subscriptions. One test a rule, named after it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EventStreamError

from helpers import Cloud

from .conftest import refused
from .streams import Stream, shard_id
from .test_kinesis_writing import MIB


def registered(stream: Stream, name: str = "c") -> str:
    reply = stream.client.register_stream_consumer(StreamARN=stream.arn, ConsumerName=name)
    return str(reply["Consumer"]["ConsumerARN"])


def subscribed(stream: Stream, consumer: str, shard: int = 0, kind: str = "LATEST", **more: Any) -> Any:
    reply = stream.client.subscribe_to_shard(
        ConsumerARN=consumer, ShardId=shard_id(shard), StartingPosition={"Type": kind, **more}
    )
    return reply["EventStream"]


def listened(cloud: Cloud, events: Any, into: list[tuple[float, dict[str, Any]]]) -> None:
    def listen() -> None:
        into.extend((cloud.now, event["SubscribeToShardEvent"]) for event in events)
        into.append((cloud.now, {"Records": []}))

    cloud.spawn(listen, background=True)


def test_subscription_pushes_records_after_70_ms(cloud: Cloud) -> None:
    stream = Stream(cloud)
    heard: list[tuple[float, dict[str, Any]]] = []
    listened(cloud, subscribed(stream, registered(stream)), heard)
    cloud.advance(1)
    (number,) = stream.put("a")
    cloud.advance(10)
    ((at, event),) = heard
    assert at == 1.07
    assert [record["Data"] for record in event["Records"]] == [b"a"]
    assert (event["ContinuationSequenceNumber"], event["MillisBehindLatest"]) == (number, 0)


def test_each_event_is_in_the_trail_of_its_listener(cloud: Cloud) -> None:
    stream = Stream(cloud)
    consumer = registered(stream)
    events = subscribed(stream, consumer)
    cloud.spawn(lambda: list(events), name="listener", background=True)
    (number,) = stream.put("a")
    cloud.advance(1)
    (row,) = cloud.trail[cloud.trail.operation == "SubscribeToShardEvent"].to_dict("records")
    assert (row["actor"], row["time_s"], row["duration_s"]) == ("listener", 0.07, 0)
    assert row["parameters"] == {"ConsumerARN": consumer, "ShardId": shard_id(0)}
    assert [record["SequenceNumber"] for record in row["response"]["Records"]] == [number]


def test_subscription_lasts_five_minutes(cloud: Cloud) -> None:
    stream = Stream(cloud)
    heard: list[tuple[float, dict[str, Any]]] = []
    listened(cloud, subscribed(stream, registered(stream)), heard)
    cloud.advance(400)
    assert [at for at, _ in heard] == [300]


def test_subscription_goes_on_behind_the_continuation_number(cloud: Cloud) -> None:
    stream = Stream(cloud)
    consumer = registered(stream)
    stream.put("a", "b")
    cloud.advance(1)
    event = next(iter(subscribed(stream, consumer, kind="TRIM_HORIZON")))["SubscribeToShardEvent"]
    cloud.advance(5)
    stream.put("c")
    cloud.advance(1)
    more = subscribed(
        stream, consumer, kind="AFTER_SEQUENCE_NUMBER", SequenceNumber=event["ContinuationSequenceNumber"]
    )
    event = next(iter(more))["SubscribeToShardEvent"]
    assert [record["Data"] for record in event["Records"]] == [b"c"]


def test_subscription_is_taken_over_after_five_seconds(cloud: Cloud) -> None:
    stream = Stream(cloud)
    consumer = registered(stream)
    first = subscribed(stream, consumer)
    cloud.advance(4.999)
    assert refused(subscribed, stream, consumer) == "ResourceInUseException"
    cloud.advance(0.001)
    subscribed(stream, consumer)
    with pytest.raises(EventStreamError, match="ResourceInUseException"):
        next(iter(first))


def test_consumers_get_two_mebibytes_a_second_each(cloud: Cloud) -> None:
    """12 MiB wait in the shard. Each consumer gets 2 MiB a second, however many there are."""
    stream = Stream(cloud)
    for _ in range(12):
        stream.batch(8, MIB // 8 - 1)
        cloud.advance(1)
    began = cloud.now
    for name in ("a", "b", "c"):
        heard: list[tuple[float, dict[str, Any]]] = []
        listened(cloud, subscribed(stream, registered(stream, name), kind="TRIM_HORIZON"), heard)
        cloud.advance(20)
        got = [(round(at - began, 3), len(event["Records"])) for at, event in heard]
        assert got == [(second, 16) for second in range(6)]
        began = cloud.now


def test_subscription_ends_with_the_children_of_a_closed_shard(cloud: Cloud) -> None:
    stream = Stream(cloud)
    heard: list[tuple[float, dict[str, Any]]] = []
    listened(cloud, subscribed(stream, registered(stream)), heard)
    stream.split()
    cloud.advance(100)
    (at, event), (ended, _) = heard
    assert at == ended == 30
    assert [child["ShardId"] for child in event["ChildShards"]] == [shard_id(1), shard_id(2)]


def test_stream_has_twenty_consumers(cloud: Cloud) -> None:
    stream = Stream(cloud)
    for number in range(20):
        registered(stream, f"c{number}")
    assert refused(registered, stream, "more") == "LimitExceededException"
    assert refused(registered, stream, "c3") == "ResourceInUseException"
    assert stream.summary()["ConsumerCount"] == 20
    page = stream.client.list_stream_consumers(StreamARN=stream.arn, MaxResults=15)
    rest = stream.client.list_stream_consumers(StreamARN=stream.arn, NextToken=page["NextToken"])
    names = [one["ConsumerName"] for one in page["Consumers"] + rest["Consumers"]]
    assert names == [f"c{number}" for number in range(20)]


def test_five_consumers_are_created_at_once(cloud: Cloud) -> None:
    cloud.plane("kinesis").models.registering_s = 10
    stream = Stream(cloud)
    consumers = [registered(stream, f"c{number}") for number in range(5)]
    assert refused(registered, stream, "c5") == "LimitExceededException"
    assert refused(subscribed, stream, consumers[0]) == "ResourceInUseException"
    cloud.advance(10)
    told = stream.client.describe_stream_consumer(ConsumerARN=consumers[0])["ConsumerDescription"]
    assert (told["ConsumerStatus"], told["StreamARN"]) == ("ACTIVE", stream.arn)
    registered(stream, "c5")


def test_deregistered_consumer_is_gone(cloud: Cloud) -> None:
    stream = Stream(cloud)
    consumer = registered(stream)
    events = subscribed(stream, consumer)
    assert refused(stream.client.delete_stream, StreamName="s") == "ResourceInUseException"
    stream.client.deregister_stream_consumer(ConsumerARN=consumer)
    with pytest.raises(EventStreamError, match="ResourceNotFoundException"):
        next(iter(events))
    assert refused(subscribed, stream, consumer) == "ResourceNotFoundException"
    cloud.advance(1)
    assert registered(stream) != consumer  # its ARN holds the time of its creation
    stream.client.delete_stream(StreamName="s", EnforceConsumerDeletion=True)
