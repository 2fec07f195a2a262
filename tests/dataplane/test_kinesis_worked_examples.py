"""The worked examples about Kinesis, computed by running calls. One test an example, named after it."""

from __future__ import annotations

from collections import Counter
from math import ceil
from typing import Any

import pytest

from helpers import Cloud

from .streams import Stream, shard_id
from .test_kinesis_fanout import registered, subscribed
from .test_kinesis_worker import Application
from .test_kinesis_writing import MIB, once

HASH_KEYS = 2**128
EIGHTH = b"x" * (MIB // 8 - 1)  # with a key of one byte, eight of them are a mebibyte


def spread(data: bytes, count: int, shards: int) -> list[dict[str, Any]]:
    """So many records with this data, in turn for each of the equal shards."""
    return [
        {
            "Data": data,
            "PartitionKey": "k",
            "ExplicitHashKey": str(HASH_KEYS * (number % shards) // shards + 1),
        }
        for number in range(count)
    ]


def accepted(stream: Stream, entries: list[dict[str, Any]], at_once: int = 500) -> int:
    """How many of these records are written, in calls of `at_once`."""
    parts = [entries[first : first + at_once] for first in range(0, len(entries), at_once)]
    failed = [
        stream.client.put_records(StreamName=stream.name, Records=part)["FailedRecordCount"] for part in parts
    ]
    return len(entries) - sum(failed)


def test_six_shards(cloud: Cloud) -> None:
    """Six shards take 6,000 records or 6 MB a second."""
    stream = Stream(cloud, 6)
    assert accepted(stream, spread(b"", 6 * 1100, 6)) == 6 * 1000
    cloud.advance(1)
    assert accepted(stream, spread(EIGHTH, 6 * 9, 6), 64) / 8 == 6


def test_three_consumers(cloud: Cloud) -> None:
    """Three readers of a shard get 667 KB/s each: two of three are throttled in each second."""
    stream = Stream(cloud)
    for _ in range(8):
        stream.batch(8, MIB // 8 - 1)
        cloud.advance(1)
    reader, read, throttled = once(cloud), [0, 0, 0], 0
    iterators = [stream.iterator() for _ in read]
    for second in range(12):
        for turn in range(3):
            number = (second + turn) % 3
            try:
                page = reader.get_records(ShardIterator=iterators[number], Limit=16)
                iterators[number] = page["NextShardIterator"]
                read[number] += len(page["Records"])
            except reader.exceptions.ProvisionedThroughputExceededException:
                throttled += 1
        cloud.advance(1)
    assert [round(count / 8 / 12 * 1000) for count in read] == [667, 667, 667]
    assert throttled == 24


def test_trucks(cloud: Cloud) -> None:
    """100 trucks on five shards: 20 each on average, and at most five workers at work."""
    stream = Stream(cloud, 5)
    trucks = [{"Data": b"x", "PartitionKey": f"truck_{number}"} for number in range(1, 101)]
    for _ in range(2):
        reply = stream.client.put_records(StreamName="s", Records=trucks)
    shards = Counter(record["ShardId"] for record in reply["Records"])
    assert [shards[shard_id(number)] for number in range(5)] == [20, 19, 19, 24, 18]
    assert shards.total() / len(shards) == 20
    application = Application(cloud, 7)
    cloud.advance(60)
    assert application.held() == [0, 0, 1, 1, 1, 1, 1]
    assert len(application.data()) == 200
    assert accepted(stream, spread(EIGHTH, 5 * 9, 5)) / 8 == 5


@pytest.mark.parametrize("shards", [4, 6])
def test_kcl_4_6(cloud: Cloud, shards: int) -> None:
    """As many workers have something to do as there are shards."""
    Stream(cloud, shards)
    application = Application(cloud, shards + 2)
    cloud.advance(60)
    assert application.held() == [0, 0] + [1] * shards


def test_getrecords_10mb(cloud: Cloud) -> None:
    """Who gets 10 MB from a shard of 2 MB/s waits for 5 s."""
    stream = Stream(cloud)
    for _ in range(11):
        stream.batch(1, MIB - 1)
        cloud.advance(1)
    reader, began = once(cloud), cloud.now
    page = reader.get_records(ShardIterator=stream.iterator())
    assert len(page["Records"]) == 10
    while True:
        try:
            page = reader.get_records(ShardIterator=page["NextShardIterator"])
            break
        except reader.exceptions.ProvisionedThroughputExceededException:
            cloud.advance(0.25)
    assert (cloud.now - began, len(page["Records"])) == (5, 1)


def test_country_key(cloud: Cloud) -> None:
    """5 MB/s on ten shards, nine tenths with one key: 4.5 MB/s ask for the 1 MB/s of one shard."""
    stream = Stream(cloud, 10)
    tenth = MIB // 10 - 2  # with a key of two letters
    countries = ["US"] * 45 + ["DE", "FR", "IT", "ES", "PL"]
    entries = [{"Data": b"x" * tenth, "PartitionKey": country} for country in countries]
    for _ in range(3):
        reply = stream.client.put_records(StreamName="s", Records=entries)
        taken = Counter(
            country
            for country, record in zip(countries, reply["Records"], strict=True)
            if "ErrorCode" not in record
        )
        assert taken == {"US": 10, "DE": 1, "FR": 1, "IT": 1, "ES": 1, "PL": 1}
        cloud.advance(1)
    assert Counter(countries)["US"] / 10 == 4.5


def test_efo_three(cloud: Cloud) -> None:
    """Three shared readers of five shards get 10 MB in a second together, three enhanced consumers 30 MB."""
    stream = Stream(cloud, 5)
    for _ in range(3):
        assert accepted(stream, spread(EIGHTH, 40, 5)) == 40
        cloud.advance(1)
    reader, shared = once(cloud), 0
    for _ in range(3):
        for number in range(5):
            try:
                page = reader.get_records(ShardIterator=stream.iterator(number), Limit=16)
                shared += len(page["Records"])
            except reader.exceptions.ProvisionedThroughputExceededException:
                pass
    began, enhanced = cloud.now, 0
    for name in ("a", "b", "c"):
        consumer = registered(stream, name)
        for number in range(5):
            event = next(iter(subscribed(stream, consumer, number, kind="TRIM_HORIZON")))
            enhanced += len(event["SubscribeToShardEvent"]["Records"])
    assert cloud.now == began
    assert (shared / 8, enhanced / 8) == (10, 30)


@pytest.mark.parametrize(("shards", "enough"), [(9, True), (8, False)])
def test_size_formula(cloud: Cloud, shards: int, *, enough: bool) -> None:
    """3,000 records of 2 KiB a second for three shared readers need nine shards: with eight, readers are throttled."""
    assert ceil(max(3000 * 2 / 1024, 3000 * 2 * 3 / 2048)) == 9
    stream, reader = Stream(cloud, shards), once(cloud)
    iterators = {(name, number): stream.iterator(number) for name in "abc" for number in range(shards)}
    entries, throttled = spread(b"x" * 2047, 3000, shards), 0
    for _ in range(5):
        assert accepted(stream, entries) == 3000
        for place, iterator in iterators.items():
            try:
                iterators[place] = reader.get_records(ShardIterator=iterator)["NextShardIterator"]
            except reader.exceptions.ProvisionedThroughputExceededException:
                throttled += 1
        cloud.advance(1)
    assert (throttled == 0) is enough


def test_ondemand_peak(cloud: Cloud) -> None:
    """An on-demand stream whose shards have grown with 40 MB/s has room for 80 MB/s."""
    cloud.plane("kinesis").models.ondemand_measured_s = 1
    stream = Stream(cloud, 0, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    data = b"x" * (MIB // 16 - 1)
    grown, taken = [len(stream.shards())], []
    while len(grown) < 2 or grown[-1] > grown[-2]:
        taken.append(accepted(stream, spread(data, 40 * 16, 40 * 16), 160) / 16)
        cloud.advance(900)
        grown.append(len(stream.ids("AT_LATEST")))
    assert taken[:4] == [4, 8, 16, 32]
    assert taken[-1] == 40
    assert accepted(stream, spread(data, 80 * 16, 80 * 16), 160) / 16 == 80
