"""DynamoDB Streams: one test a rule, named after it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import Cloud

from .conftest import refused
from .dynamo import Dynamo, item

HOUR = 3_600
STEPS = st.sampled_from(["put", "delete", "add"])


def told(record: dict[str, Any]) -> tuple[str, Any, Any]:
    """Name, old and new image of a record."""
    body = record["dynamodb"]
    return record["eventName"], body.get("OldImage"), body.get("NewImage")


def test_stream_names_what_happened(cloud: Cloud) -> None:
    table = Dynamo(cloud, view="NEW_AND_OLD_IMAGES")
    table.put(pk="a", n=1)
    table.put(pk="a", n=2)
    table.update(item(pk="a"), "SET n = n + :one", one=1)
    table.delete(pk="a")
    table.update(item(pk="b"), "SET n = :n", n=9)
    one, two, three = (item(pk="a", n=n) for n in (1, 2, 3))
    assert [told(record) for record in table.records()] == [
        ("INSERT", None, one),
        ("MODIFY", one, two),
        ("MODIFY", two, three),
        ("REMOVE", three, None),
        ("INSERT", None, item(pk="b", n=9)),
    ]


@pytest.mark.parametrize(
    ("view", "images"),
    [
        ("KEYS_ONLY", []),
        ("NEW_IMAGE", ["NewImage"]),
        ("OLD_IMAGE", ["OldImage"]),
        ("NEW_AND_OLD_IMAGES", ["NewImage", "OldImage"]),
    ],
)
def test_stream_view_types(cloud: Cloud, view: str, images: list[str]) -> None:
    table = Dynamo(cloud, sort=True, view=view)
    table.put(pk="a", sk=1, v="old")
    table.put(pk="a", sk=1, v="new")
    record = table.records()[1]
    assert record["dynamodb"]["Keys"] == item(pk="a", sk=1)
    assert record["dynamodb"]["StreamViewType"] == view
    assert [name for name in ("NewImage", "OldImage") if name in record["dynamodb"]] == images
    expected = {"NewImage": item(pk="a", sk=1, v="new"), "OldImage": item(pk="a", sk=1, v="old")}
    assert {name: record["dynamodb"][name] for name in images} == {name: expected[name] for name in images}


def test_stream_record_as_aws_shows_it(cloud: Cloud) -> None:
    """The sizes are those of the example records in the Lambda guide, with-ddb-example.html."""
    client = cloud.client("dynamodb")
    client.create_table(
        TableName="ExampleTableWithStream",
        KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "N"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    cloud.advance(1.25)
    for message in ("New item!", "This item has changed"):
        client.put_item(TableName="ExampleTableWithStream", Item=item(Message=message, Id=101))
    client.delete_item(TableName="ExampleTableWithStream", Key=item(Id=101))
    streams = cloud.client("dynamodbstreams")
    (stream,) = streams.list_streams()["Streams"]
    (shard,) = streams.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]["Shards"]
    start = streams.get_shard_iterator(
        StreamArn=stream["StreamArn"], ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    insert, modify, remove = streams.get_records(ShardIterator=start)["Records"]
    assert [record["dynamodb"]["SizeBytes"] for record in (insert, modify, remove)] == [26, 59, 38]
    event_id = insert.pop("eventID")
    assert len(event_id) == 32
    assert event_id != modify["eventID"]
    assert insert == {
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": datetime(2026, 1, 5, 9, 0, 1, tzinfo=UTC),
            "Keys": item(Id=101),
            "NewImage": item(Message="New item!", Id=101),
            "SequenceNumber": shard["SequenceNumberRange"]["StartingSequenceNumber"],
            "SizeBytes": 26,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }


def test_stream_has_no_record_of_a_write_that_changes_nothing(cloud: Cloud) -> None:
    table = Dynamo(cloud, view="KEYS_ONLY")
    table.client.put_item(TableName="t", Item={"pk": {"S": "a"}, "s": {"SS": ["x", "y"]}, "n": {"N": "1"}})
    table.client.put_item(TableName="t", Item={"n": {"N": "1.0"}, "s": {"SS": ["y", "x"]}, "pk": {"S": "a"}})
    table.update(item(pk="a"), "SET n = :n", n=1)
    table.delete(pk="missing")
    assert [record["eventName"] for record in table.records()] == ["INSERT"]
    table.update(item(pk="a"), "SET n = :n", n=2)
    assert len(table.records()) == 2


def test_stream_has_no_record_of_a_write_that_failed(cloud: Cloud) -> None:
    table = Dynamo(cloud, view="KEYS_ONLY")
    table.put(pk="a")
    condition = {"ConditionExpression": "attribute_not_exists(pk)"}
    assert refused(table.client.put_item, TableName="t", Item=item(pk="a", v=1), **condition) == (
        "ConditionalCheckFailedException"
    )
    assert len(table.records()) == 1


def test_stream_hears_of_every_kind_of_write(cloud: Cloud) -> None:
    table = Dynamo(cloud, view="KEYS_ONLY")
    table.put(pk="a")
    batch = [{"PutRequest": {"Item": item(pk="b")}}, {"DeleteRequest": {"Key": item(pk="a")}}]
    table.client.batch_write_item(RequestItems={"t": batch})
    absent = {"ConditionExpression": "attribute_not_exists(pk)"}
    table.client.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": "t", "Item": item(pk="c")}},
            {"Delete": {"TableName": "t", "Key": item(pk="b")}},
            {"ConditionCheck": {"TableName": "t", "Key": item(pk="a"), **absent}},
        ]
    )
    assert [(record["eventName"], record["dynamodb"]["Keys"]["pk"]["S"]) for record in table.records()] == [
        ("INSERT", "a"),
        ("INSERT", "b"),
        ("REMOVE", "a"),
        ("INSERT", "c"),
        ("REMOVE", "b"),
    ]


def test_stream_is_not_retroactive(cloud: Cloud) -> None:
    table = Dynamo(cloud)
    table.put(pk="before")
    table.set_stream("KEYS_ONLY")
    table.put(pk="after")
    assert [record["dynamodb"]["Keys"] for record in table.records()] == [item(pk="after")]


def test_stream_images_are_those_of_the_write(cloud: Cloud) -> None:
    table = Dynamo(cloud, view="NEW_IMAGE")
    written = item(pk="a", n=1)
    table.client.put_item(TableName="t", Item=written)
    written["n"]["N"] = written["pk"]["S"] = "changed by the caller"
    first = table.records()
    first[0]["dynamodb"]["NewImage"].clear()
    (record,) = table.records()
    assert record["dynamodb"]["NewImage"] == item(pk="a", n=1)
    assert record["dynamodb"]["Keys"] == item(pk="a")


def test_stream_sequence_numbers_grow(cloud: Cloud) -> None:
    cloud.plane("dynamodb").models.stream_shards = 3
    table = Dynamo(cloud, view="KEYS_ONLY")
    for number in range(60):
        table.put(pk=f"k{number}")
    start = int(table.shards()[0]["SequenceNumberRange"]["StartingSequenceNumber"])
    numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in table.records()]
    assert sorted(numbers) == list(range(start, start + 60))
    assert {len(str(number)) for number in numbers} == {21}


def test_stream_shards_hold_a_key_each_in_order(cloud: Cloud) -> None:
    cloud.plane("dynamodb").models.stream_shards = 4
    table = Dynamo(cloud, sort=True, view="NEW_IMAGE")
    for number in range(120):
        table.put(pk=f"k{number % 15}", sk=number % 2, n=number)
    homes: dict[str, set[int]] = {}
    for shard in range(4):
        records = table.streams.get_records(ShardIterator=table.iterator(shard=shard))["Records"]
        written = [int(record["dynamodb"]["NewImage"]["n"]["N"]) for record in records]
        assert written == sorted(written)
        for record in records:
            homes.setdefault(record["dynamodb"]["Keys"]["pk"]["S"], set()).add(shard)
    assert {key: len(found) for key, found in homes.items()} == {f"k{n}": 1 for n in range(15)}
    assert set().union(*homes.values()) == {0, 1, 2, 3}


def test_iterator_latest_sees_only_what_follows(cloud: Cloud) -> None:
    table = Dynamo(cloud, view="KEYS_ONLY")
    table.put(pk="old")
    latest = table.iterator("LATEST")
    page = table.streams.get_records(ShardIterator=latest)
    assert page["Records"] == []
    table.put(pk="new")
    for text in (latest, page["NextShardIterator"]):
        (record,) = table.streams.get_records(ShardIterator=text)["Records"]
        assert record["dynamodb"]["Keys"] == item(pk="new")


def test_iterator_at_and_after_a_sequence_number(cloud: Cloud) -> None:
    table = Dynamo(cloud, view="KEYS_ONLY")
    for name in "abc":
        table.put(pk=name)
    second = table.records()[1]["dynamodb"]["SequenceNumber"]

    def names(kind: str) -> list[str]:
        page = table.streams.get_records(ShardIterator=table.iterator(kind, SequenceNumber=second))
        return [record["dynamodb"]["Keys"]["pk"]["S"] for record in page["Records"]]

    assert names("AT_SEQUENCE_NUMBER") == ["b", "c"]
    assert names("AFTER_SEQUENCE_NUMBER") == ["c"]
    for wrong in ({}, {"SequenceNumber": "9" * 21}):
        assert refused(table.iterator, "AT_SEQUENCE_NUMBER", **wrong) == "ValidationException"


def test_iterator_at_a_timestamp(cloud: Cloud) -> None:
    table = Dynamo(cloud, view="KEYS_ONLY")
    for name in "abc":
        table.put(pk=name)
        cloud.advance(10)
    opened = datetime(2026, 1, 5, 9, tzinfo=UTC)

    def first(seconds: float) -> list[str]:
        text = table.iterator("AT_TIMESTAMP", Timestamp=opened + timedelta(seconds=seconds))
        records = table.streams.get_records(ShardIterator=text)["Records"]
        return [record["dynamodb"]["Keys"]["pk"]["S"] for record in records]

    assert [first(seconds) for seconds in (-HOUR, 0, 0.5, 20, 20.5)] == [
        ["a", "b", "c"],
        ["a", "b", "c"],
        ["b", "c"],
        ["c"],
        [],
    ]
    assert (
        refused(table.iterator, "AT_TIMESTAMP", Timestamp=opened + timedelta(seconds=31))
        == "ValidationException"
    )
    assert refused(table.iterator, "AT_TIMESTAMP") == "ValidationException"


def test_iterator_expires_after_15_minutes(cloud: Cloud) -> None:
    table = Dynamo(cloud, view="KEYS_ONLY")
    text = table.iterator()
    cloud.advance(899.999)
    following = table.streams.get_records(ShardIterator=text)["NextShardIterator"]
    cloud.advance(0.001)
    assert refused(table.streams.get_records, ShardIterator=text) == "ExpiredIteratorException"
    assert table.streams.get_records(ShardIterator=following)["Records"] == []


def test_iterator_of_another_text_is_refused(cloud: Cloud) -> None:
    table = Dynamo(cloud, view="KEYS_ONLY")
    assert refused(table.streams.get_records, ShardIterator="no iterator") == "ValidationException"
    assert refused(table.streams.get_records, ShardIterator=table.iterator()[:-8]) == "ValidationException"


def test_stream_keeps_records_24_hours(cloud: Cloud) -> None:
    table = Dynamo(cloud, view="KEYS_ONLY")
    table.put(pk="a")
    cloud.advance(HOUR)
    table.put(pk="b")
    first = table.records()[0]["dynamodb"]["SequenceNumber"]
    cloud.advance(23 * HOUR - 0.001)
    assert len(table.records()) == 2
    early = table.iterator()
    cloud.advance(0.001)
    assert [record["dynamodb"]["Keys"] for record in table.records()] == [item(pk="b")]
    # Whoever still points at what is gone is told so.
    assert refused(table.streams.get_records, ShardIterator=early) == "TrimmedDataAccessException"
    assert refused(table.iterator, "AT_SEQUENCE_NUMBER", SequenceNumber=first) == "TrimmedDataAccessException"
    assert (
        refused(table.iterator, "AFTER_SEQUENCE_NUMBER", SequenceNumber=first) == "TrimmedDataAccessException"
    )
    cloud.advance(HOUR)
    assert table.records() == []
    assert len(table.shards()) == 1


def test_get_records_page_of_1000_records(cloud: Cloud) -> None:
    table = Dynamo(cloud, view="KEYS_ONLY")
    for number in range(1_005):
        table.put(pk=str(number))
    page = table.streams.get_records(ShardIterator=table.iterator())
    rest = table.streams.get_records(ShardIterator=page["NextShardIterator"])
    assert (len(page["Records"]), len(rest["Records"])) == (1_000, 5)
    assert len(table.streams.get_records(ShardIterator=table.iterator(), Limit=7)["Records"]) == 7
    assert (
        refused(table.streams.get_records, ShardIterator=table.iterator(), Limit=1_001)
        == "LimitExceededException"
    )


def test_get_records_page_of_1_mb(cloud: Cloud) -> None:
    table = Dynamo(cloud, view="NEW_IMAGE")
    # A record of 256 KiB: the key twice (pk and one letter), the attribute's name and its text.
    for name in "abcde":
        table.put(pk=name, v="x" * (262_144 - 7))
    pages, text = [], table.iterator()
    for _ in range(3):
        page = table.streams.get_records(ShardIterator=text)
        pages.append([record["dynamodb"]["SizeBytes"] for record in page["Records"]])
        text = page["NextShardIterator"]
    assert pages == [[262_144] * 4, [262_144], []]


def test_get_records_counts_both_images(cloud: Cloud) -> None:
    table = Dynamo(cloud, view="NEW_AND_OLD_IMAGES")
    for mark in "ab":
        table.put(pk="p", v=mark * 390_000, w="w" * 10_000)
    table.client.update_item(
        TableName="t",
        Key=item(pk="p"),
        UpdateExpression="SET v = :v",
        ExpressionAttributeValues={":v": {"S": "c"}},
    )
    text, sizes = table.iterator(), []
    for _ in range(3):
        page = table.streams.get_records(ShardIterator=text, Limit=1)
        sizes += [record["dynamodb"]["SizeBytes"] for record in page["Records"]]
        text = page["NextShardIterator"]
    assert sizes == [400_008, 800_013, 410_014]


def test_stream_is_described(cloud: Cloud) -> None:
    cloud.plane("dynamodb").models.stream_shards = 2
    cloud.advance(60)
    table = Dynamo(cloud, sort=True, view="OLD_IMAGE")
    described = table.streams.describe_stream(StreamArn=table.stream_arn)["StreamDescription"]
    shards = described.pop("Shards")
    label = "2026-01-05T09:01:00"
    assert described == {
        "StreamArn": f"arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/{label}",
        "StreamLabel": label,
        "StreamStatus": "ENABLED",
        "StreamViewType": "OLD_IMAGE",
        "CreationRequestDateTime": datetime(2026, 1, 5, 9, 1, tzinfo=UTC),
        "TableName": "t",
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
    }
    assert len({shard["ShardId"] for shard in shards}) == 2
    assert [list(shard["SequenceNumberRange"]) for shard in shards] == [["StartingSequenceNumber"]] * 2
    page = table.streams.describe_stream(StreamArn=table.stream_arn, Limit=1)["StreamDescription"]
    assert page["Shards"] == shards[:1]
    rest = table.streams.describe_stream(
        StreamArn=table.stream_arn, ExclusiveStartShardId=page["LastEvaluatedShardId"]
    )["StreamDescription"]
    assert rest["Shards"] == shards[1:]
    assert "LastEvaluatedShardId" not in rest
    children = table.streams.describe_stream(
        StreamArn=table.stream_arn, ShardFilter={"Type": "CHILD_SHARDS", "ShardId": shards[0]["ShardId"]}
    )
    assert children["StreamDescription"]["Shards"] == []


def test_streams_are_listed(cloud: Cloud) -> None:
    tables = [Dynamo(cloud, name, view="KEYS_ONLY") for name in ("one", "two", "three")]
    Dynamo(cloud, "none")
    streams = tables[0].streams
    assert [stream["TableName"] for stream in streams.list_streams()["Streams"]] == ["one", "two", "three"]
    (two,) = streams.list_streams(TableName="two")["Streams"]
    assert (two["StreamArn"], two["StreamLabel"]) == (tables[1].stream_arn, "2026-01-05T09:00:00")
    page = streams.list_streams(Limit=2)
    rest = streams.list_streams(ExclusiveStartStreamArn=page["LastEvaluatedStreamArn"])
    assert ([len(part["Streams"]) for part in (page, rest)], "LastEvaluatedStreamArn" in rest) == (
        [2, 1],
        False,
    )
    elsewhere = cloud.client("dynamodbstreams", region_name="eu-west-1")
    assert elsewhere.list_streams()["Streams"] == []
    assert refused(elsewhere.describe_stream, StreamArn=tables[0].stream_arn) == "ResourceNotFoundException"


def test_stream_of_an_unknown_name_is_not_found(cloud: Cloud) -> None:
    table = Dynamo(cloud, view="KEYS_ONLY")
    unknown = table.stream_arn + ".5"
    assert refused(table.streams.describe_stream, StreamArn=unknown) == "ResourceNotFoundException"
    assert (
        refused(
            table.streams.get_shard_iterator,
            StreamArn=table.stream_arn,
            ShardId="shardId-00000000000000000000-00000000",
            ShardIteratorType="LATEST",
        )
        == "ResourceNotFoundException"
    )


def test_stream_cannot_be_changed(cloud: Cloud) -> None:
    table = Dynamo(cloud, view="KEYS_ONLY")
    for view in ("KEYS_ONLY", "NEW_IMAGE"):
        assert refused(table.set_stream, view) == "ValidationException"
    plain = Dynamo(cloud, "plain")
    assert refused(plain.set_stream, None) == "ValidationException"
    for wrong in (
        {"StreamEnabled": True},
        {"StreamEnabled": True, "StreamViewType": "EVERYTHING"},
        {"StreamEnabled": False, "StreamViewType": "KEYS_ONLY"},
    ):
        assert (
            refused(plain.client.update_table, TableName="plain", StreamSpecification=wrong)
            == "ValidationException"
        )


def test_stream_disabled_is_readable_24_hours(cloud: Cloud) -> None:
    table = Dynamo(cloud, view="KEYS_ONLY")
    table.put(pk="a")
    arn = table.stream_arn
    waiting = table.iterator("LATEST")
    cloud.advance(60)
    table.set_stream(None)
    table.put(pk="unseen")
    described = table.streams.describe_stream(StreamArn=arn)["StreamDescription"]
    ends = described["Shards"][0]["SequenceNumberRange"]
    assert (described["StreamStatus"], ends["EndingSequenceNumber"]) == (
        "DISABLED",
        ends["StartingSequenceNumber"],
    )
    page = table.streams.get_records(ShardIterator=table.iterator(arn=arn))
    assert [record["dynamodb"]["Keys"] for record in page["Records"]] == [item(pk="a")]
    assert "NextShardIterator" not in page
    assert "NextShardIterator" not in table.streams.get_records(ShardIterator=waiting)
    cloud.advance(24 * HOUR - 60.001)
    assert len(table.records(arn)) == 1
    cloud.advance(60.001)
    assert table.streams.list_streams()["Streams"] == []
    assert refused(table.streams.describe_stream, StreamArn=arn) == "ResourceNotFoundException"


def test_stream_enabled_anew_is_another_one(cloud: Cloud) -> None:
    table = Dynamo(cloud, view="KEYS_ONLY")
    old = table.stream_arn
    table.put(pk="a")
    table.set_stream(None)
    cloud.advance(1)
    table.set_stream("NEW_IMAGE")
    new = table.stream_arn
    table.put(pk="b")
    assert new != old
    assert [told(record) for record in table.records(new)] == [("INSERT", None, item(pk="b"))]
    assert [record["dynamodb"]["Keys"] for record in table.records(old)] == [item(pk="a")]
    assert [stream["StreamArn"] for stream in table.streams.list_streams()["Streams"]] == [old, new]


def test_stream_of_a_deleted_table_is_readable(cloud: Cloud) -> None:
    table = Dynamo(cloud, view="KEYS_ONLY")
    table.put(pk="a")
    arn = table.stream_arn
    table.client.delete_table(TableName="t")
    assert len(table.records(arn)) == 1
    cloud.advance(1)
    again = Dynamo(cloud, view="KEYS_ONLY")
    assert (len(again.records()), len(again.records(arn))) == (0, 1)
    cloud.advance(24 * HOUR)
    assert refused(again.records, arn) == "ResourceNotFoundException"


def test_stream_of_a_stack(cloud: Cloud) -> None:
    template = """
    Resources:
      Items:
        Type: AWS::DynamoDB::Table
        Properties:
          TableName: items
          KeySchema: [{AttributeName: pk, KeyType: HASH}]
          AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
          BillingMode: PAY_PER_REQUEST
          StreamSpecification: {StreamViewType: NEW_IMAGE}
    Outputs:
      Stream: {Value: !GetAtt Items.StreamArn}
    """
    stacks = cloud.client("cloudformation")
    stacks.create_stack(StackName="s", TemplateBody=template)
    arn = stacks.describe_stacks(StackName="s")["Stacks"][0]["Outputs"][0]["OutputValue"]
    streams, client = cloud.client("dynamodbstreams"), cloud.client("dynamodb")
    assert [stream["StreamArn"] for stream in streams.list_streams()["Streams"]] == [arn]
    client.put_item(TableName="items", Item=item(pk="a"))
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    text = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )
    assert len(streams.get_records(ShardIterator=text["ShardIterator"])["Records"]) == 1
    stacks.delete_stack(StackName="s")
    assert streams.describe_stream(StreamArn=arn)["StreamDescription"]["StreamStatus"] == "DISABLED"


def test_a_reader_can_wait_for_the_next_record(cloud: Cloud) -> None:
    table = Dynamo(cloud, view="KEYS_ONLY")
    arrived, log = cloud.plane("dynamodb").streams.arrived(table.stream_arn), []

    def read() -> None:
        text = table.iterator("LATEST")
        while len(log) < 2:
            arrived.wait(3_600)
            page = table.streams.get_records(ShardIterator=text)
            log.extend((record["dynamodb"]["Keys"]["pk"]["S"], cloud.now) for record in page["Records"])
            text = page["NextShardIterator"]

    def write() -> None:
        for name in "ab":
            time.sleep(40)
            table.put(pk=name)

    cloud.spawn(read)
    cloud.spawn(write)
    cloud.run()
    assert log == [("a", 40.0), ("b", 80.0)]


@pytest.mark.slow
@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from("abc"), STEPS, st.integers(0, 2)), max_size=25))
def test_stream_replayed_gives_the_table(steps: list[tuple[str, str, int]]) -> None:
    with Cloud(seed=1) as cloud:
        table = Dynamo(cloud, view="NEW_AND_OLD_IMAGES")
        for name, step, number in steps:
            if step == "put":
                table.put(pk=name, n=number)
            elif step == "add":
                table.update(item(pk=name), "ADD n :n", n=number)
            else:
                table.delete(pk=name)
        copy: dict[str, Any] = {}
        for record in table.records():
            name, old, new = record["dynamodb"]["Keys"]["pk"]["S"], *told(record)[1:]
            assert (copy.pop(name, None), old != new) == (old, True)
            if new is not None:
                copy[name] = new
        assert sorted(copy.values(), key=str) == sorted(table.scan(), key=str)
