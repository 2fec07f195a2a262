"""Kinesis: splits, merges, shard counts, and what a reader owes to the order. One test a rule, named after it."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import Cloud

from .conftest import refused
from .streams import Stream, shard_id

HASH_KEYS = 2**128


def test_split_closes_the_parent_when_it_is_done(cloud: Cloud) -> None:
    stream = Stream(cloud)
    stream.split()
    assert stream.summary()["StreamStatus"] == "UPDATING"
    stream.put("a")  # writes go on, into the parent
    cloud.advance(30)
    stream.put("b")
    assert stream.summary()["StreamStatus"] == "ACTIVE"
    assert stream.summary()["OpenShardCount"] == 2
    assert stream.ranges() == {0: (0, HASH_KEYS - 1), 1: (0, 2**127 - 1), 2: (2**127, HASH_KEYS - 1)}
    parent, *children = stream.shards()
    assert "EndingSequenceNumber" in parent["SequenceNumberRange"]
    assert [child["ParentShardId"] for child in children] == [shard_id(0)] * 2
    assert stream.data(0) == ["a"]
    assert stream.data(1) + stream.data(2) == ["b"]


def test_split_at_any_hash_key_inside_the_range(cloud: Cloud) -> None:
    stream = Stream(cloud, 2)
    ask = {"StreamName": "s", "ShardToSplit": shard_id(1)}
    for outside in (0, 2**127):
        key = str(outside)
        assert refused(stream.client.split_shard, **ask, NewStartingHashKey=key) == "InvalidArgumentException"
    stream.split(1, 2**127 + 1)
    cloud.advance(30)
    assert stream.ranges()[2] == (2**127, 2**127)


def test_merge_joins_adjacent_shards(cloud: Cloud) -> None:
    stream = Stream(cloud, 3)
    ask = {"StreamName": "s", "ShardToMerge": shard_id(0), "AdjacentShardToMerge": shard_id(2)}
    assert refused(stream.client.merge_shards, **ask) == "InvalidArgumentException"
    stream.merge(1, 0)
    cloud.advance(30)
    child = stream.shards()[-1]
    assert (child["ParentShardId"], child["AdjacentParentShardId"]) == (shard_id(1), shard_id(0))
    assert stream.ranges()[3] == (0, stream.ranges()[1][1])
    assert stream.ids("AT_LATEST") == [2, 3]


def test_reshard_needs_an_active_stream_and_an_open_shard(cloud: Cloud) -> None:
    stream = Stream(cloud)
    stream.split()
    assert refused(stream.split, 0, 5) == "ResourceInUseException"
    cloud.advance(30)
    assert refused(stream.split, 0, 5) == "InvalidArgumentException"
    assert refused(stream.split, 9, 5) == "ResourceNotFoundException"


def test_closed_shard_ends_with_its_children(cloud: Cloud) -> None:
    stream = Stream(cloud)
    stream.put("a", "b")
    iterator = stream.iterator()
    stream.split()
    cloud.advance(30)
    page = stream.get(iterator, Limit=1)
    assert "ChildShards" not in page
    page = stream.get(page["NextShardIterator"])
    assert [record["Data"] for record in page["Records"]] == [b"b"]
    assert "NextShardIterator" not in page
    assert page["ChildShards"] == [
        {
            "ShardId": shard_id(number),
            "ParentShards": [shard_id(0)],
            "HashKeyRange": {"StartingHashKey": str(low), "EndingHashKey": str(high)},
        }
        for number, (low, high) in stream.ranges().items()
        if number
    ]
    assert stream.get(stream.iterator(kind="LATEST"))["Records"] == []


def test_closed_shard_expires_after_the_retention(cloud: Cloud) -> None:
    stream = Stream(cloud)
    stream.split()
    cloud.advance(30 + 24 * 3600 - 1)
    assert stream.ids() == [0, 1, 2]
    cloud.advance(1)
    assert stream.ids() == [1, 2]
    assert refused(stream.iterator, 0) == "ResourceNotFoundException"


def test_list_shards_filters(cloud: Cloud) -> None:
    stream = Stream(cloud)
    cloud.advance(100)
    before = cloud.datetime
    stream.split()
    cloud.advance(60)
    assert stream.ids("AT_LATEST") == [1, 2]
    assert stream.ids("AT_TRIM_HORIZON") == [0]
    assert stream.ids("AT_TIMESTAMP", Timestamp=before) == [0]
    assert stream.ids("AT_TIMESTAMP", Timestamp=cloud.datetime) == [1, 2]
    assert stream.ids("FROM_TIMESTAMP", Timestamp=before) == [0, 1, 2]
    assert stream.ids("FROM_TIMESTAMP", Timestamp=before + timedelta(seconds=31)) == [1, 2]
    assert stream.ids("AFTER_SHARD_ID", ShardId=shard_id(0)) == [1, 2]


def test_list_shards_in_pages(cloud: Cloud) -> None:
    stream = Stream(cloud, 5)
    page = stream.client.list_shards(StreamName="s", MaxResults=3)
    rest = stream.client.list_shards(NextToken=page["NextToken"])
    assert [shard["ShardId"] for shard in page["Shards"] + rest["Shards"]] == list(map(shard_id, range(5)))
    assert "NextToken" not in rest


@settings(max_examples=12)
@given(start=st.integers(1, 12), data=st.data())
def test_update_shard_count_gives_equal_shards(start: int, data: st.DataObject) -> None:
    target = data.draw(st.integers(-(-start // 2), 2 * start))
    with Cloud() as cloud:
        stream = Stream(cloud, start)
        reply = stream.client.update_shard_count(
            StreamName="s", TargetShardCount=target, ScalingType="UNIFORM_SCALING"
        )
        assert (reply["CurrentShardCount"], reply["TargetShardCount"]) == (start, target)
        cloud.advance(30)
        ranges = stream.ranges()
        still_open = sorted(ranges[number] for number in stream.ids("AT_LATEST"))
        bounds = [HASH_KEYS * number // target for number in range(target + 1)]
        assert still_open == [(low, end - 1) for low, end in pairwise(bounds)]


def test_update_shard_count_limits(cloud: Cloud) -> None:
    cloud.plane("kinesis").models.updating_s = 0
    stream = Stream(cloud, 4)
    ask = {"StreamName": "s", "ScalingType": "UNIFORM_SCALING"}
    update = stream.client.update_shard_count
    for target in (9, 1):
        assert refused(update, **ask, TargetShardCount=target) == "LimitExceededException"
    for number in range(10):
        update(**ask, TargetShardCount=5 - number % 2)
        cloud.advance(60)
    assert refused(update, **ask, TargetShardCount=5) == "LimitExceededException"
    cloud.advance(86_400 - 600)
    update(**ask, TargetShardCount=5)


def test_shard_quota_of_the_account(cloud: Cloud) -> None:
    client = cloud.client("kinesis")
    assert client.describe_limits()["ShardLimit"] == 20_000
    far = cloud.client("kinesis", region_name="eu-central-1")  # "1,000 or 6,000"
    far.create_stream(StreamName="s", ShardCount=600)
    assert refused(far.create_stream, StreamName="t", ShardCount=401) == "LimitExceededException"
    far.create_stream(StreamName="t", ShardCount=400)
    told = far.describe_limits()
    assert (told["ShardLimit"], told["OpenShardCount"]) == (1_000, 1_000)
    split = {"StreamName": "s", "ShardToSplit": shard_id(0), "NewStartingHashKey": "5"}
    assert refused(far.split_shard, **split) == "LimitExceededException"


@settings(max_examples=10)
@given(
    keys=st.lists(st.text("abcdef", min_size=1, max_size=3), min_size=1, max_size=4, unique=True),
    changes=st.lists(st.tuples(st.integers(1, 40), st.booleans(), st.integers(0, 7)), max_size=5),
)
def test_order_of_a_key_holds_for_who_reads_parents_first(
    keys: list[str], changes: list[tuple[int, bool, int]]
) -> None:
    """Records flow while shards are split and merged; a reader begins a shard when its parents are read to the end."""
    with Cloud() as cloud:
        cloud.plane("kinesis").models.updating_s = 3
        stream = Stream(cloud, 2)
        reader = _ParentsFirst(cloud, stream)

        def write() -> None:
            for number in range(40):
                for key in keys:
                    stream.put(str(number), key=key)
                cloud.sleep(1)

        def reshard() -> None:
            for pause, merge, which in changes:
                cloud.sleep(pause + 4)
                ranges = stream.ranges()
                alive = sorted(stream.ids("AT_LATEST"), key=lambda number: ranges[number])
                place = which % len(alive)
                if merge and place:
                    stream.merge(alive[place - 1], alive[place])
                elif not merge:
                    stream.split(alive[place])

        cloud.spawn(write)
        cloud.spawn(reshard, background=True)
        for number in (0, 1):
            cloud.spawn(reader.read, shard_id(number), background=True)
        cloud.run(until=300)
        assert reader.seen == {key: list(range(40)) for key in keys}


class _ParentsFirst:
    """Reads shards, each when its parents were read to the end; `seen` are the numbers read of each key."""

    def __init__(self, cloud: Cloud, stream: Stream) -> None:
        self.seen: dict[str, list[int]] = defaultdict(list)
        self._cloud, self._stream = cloud, stream
        self._ended: set[str] = set()

    def read(self, shard: str) -> None:
        iterator = self._stream.iterator(int(shard[-12:]))
        while True:
            page = self._stream.get(iterator)
            for record in page["Records"]:
                self.seen[record["PartitionKey"]].append(int(record["Data"]))
            if "NextShardIterator" not in page:
                break
            iterator = page["NextShardIterator"]
            self._cloud.sleep(1.5)
        self._ended.add(shard)
        for child in page["ChildShards"]:
            if self._ended.issuperset(child["ParentShards"]):
                self._cloud.spawn(self.read, child["ShardId"], background=True)


def test_reading_children_first_breaks_the_order(cloud: Cloud) -> None:
    stream = Stream(cloud)
    stream.put("1", "2")
    stream.split()
    cloud.advance(30)
    stream.put("3")
    children_first = stream.data(1) + stream.data(2) + stream.data(0)
    assert children_first == ["3", "1", "2"]
