"""What DynamoDB refuses: quotas of tables, sizes, keys, values, expressions, batches. And what it tells of a table."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import Cloud
from helpers.dataplane.dynamodb.decreases import Decreases
from helpers.dataplane.dynamodb.size import item_size
from tests.dataplane.conftest import refused
from tests.dataplane.dynamo import Item, item, value
from tests.dataplane.metered import KB, Metered, index, sized, units

A = item(pk="a")
HOUR_US = 3_600 * 1_000_000
INVALID = "ValidationException"


@pytest.fixture
def table(cloud: Cloud) -> Metered:
    return Metered(cloud)


# Volumes


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "red", "green"]), st.integers(0, 40))))
def test_volumes_are_those_of_what_is_there(writes: list[tuple[str, str, int]]) -> None:
    """Items and bytes of a table and of a sparse index, after each write; one of no size deletes."""
    with Cloud() as cloud:
        table = Metered(cloud, indexes=[index("by-hue", "hue", projection="KEYS_ONLY")])
        held: dict[str, Item] = {}
        for pk, hue, size in writes:
            if size:
                held[pk] = item(pk=pk, v="x" * size, **({"hue": hue} if hue else {}))
                table.call("put_item", Item=held[pk])
            else:
                held.pop(pk, None)
                table.call("delete_item", Key=item(pk=pk))
            shown = table.call("describe_table")["Table"]
            entries = [{"pk": one["pk"], "hue": one["hue"]} for one in held.values() if "hue" in one]
            assert (shown["ItemCount"], shown["TableSizeBytes"]) == (
                len(held),
                sum(map(item_size, held.values())),
            )
            (by_hue,) = shown["GlobalSecondaryIndexes"]
            assert (by_hue["ItemCount"], by_hue["IndexSizeBytes"]) == (
                len(entries),
                sum(map(item_size, entries)),
            )


# Throughput


def test_decreases_in_a_day() -> None:
    """4 in the first hour and one in each of the other 23: 27 (GUIDE/ServiceQuotas.html)."""
    decreases = Decreases()
    counts = []
    for hour in range(48):
        count = 0
        while decreases.allowed(hour * HOUR_US):
            decreases.count(hour * HOUR_US)
            count += 1
        counts.append(count)
    assert counts == ([4] + [1] * 23) * 2
    assert decreases.today(47 * HOUR_US) == 27


def test_decreases_are_saved_up_to_four() -> None:
    decreases = Decreases()
    for _ in range(4):
        decreases.count(0)
    allowed = 0
    while decreases.allowed(10 * HOUR_US):
        decreases.count(10 * HOUR_US)
        allowed += 1
    assert allowed == 4


def test_decreases_of_a_table(cloud: Cloud) -> None:
    table = Metered(cloud, throughput=(100, 100))
    for lower in (90, 80, 70, 60):
        table.set_throughput(lower, 100)
    assert table.passes(lambda: table.set_throughput(50, 100)) == "LimitExceededException"
    assert table.passes(lambda: table.set_throughput(100, 200)) is None  # up at any time
    shown = table.call("describe_table")["Table"]["ProvisionedThroughput"]
    assert shown["NumberOfDecreasesToday"] == 4
    assert (shown["LastIncreaseDateTime"], shown["LastDecreaseDateTime"]) == (cloud.datetime, cloud.datetime)
    cloud.run(until=3_600)
    assert table.passes(lambda: table.set_throughput(90, 90)) is None  # both at once are one
    assert table.passes(lambda: table.set_throughput(80, 80)) == "LimitExceededException"
    cloud.run(until=15 * 3_600)  # midnight: the Cloud opened at 9
    shown = table.call("describe_table")["Table"]["ProvisionedThroughput"]
    assert shown["NumberOfDecreasesToday"] == 0
    for lower in (80, 70, 60, 50):
        table.set_throughput(lower, 90)
    assert table.throughput == (50, 90)


def test_decreases_of_an_index_are_its_own(cloud: Cloud) -> None:
    table = Metered(cloud, throughput=(100, 100), indexes=[index("idx", "g", throughput=(100, 100))])

    def lower(reads: int) -> list[Item]:
        return [{"Update": {"IndexName": "idx", "ProvisionedThroughput": units(reads, 100)}}]

    for reads in (90, 80, 70, 60):
        table.set_throughput(reads, 100)
    for reads in (90, 80, 70):
        table.call("update_table", GlobalSecondaryIndexUpdates=lower(reads))
    both = {"ProvisionedThroughput": units(50, 100), "GlobalSecondaryIndexUpdates": lower(60)}
    assert table.passes(lambda: table.call("update_table", **both)) == "LimitExceededException"
    assert table.throughput == (60, 100)  # nothing was done in part
    assert table.passes(lambda: table.call("update_table", GlobalSecondaryIndexUpdates=lower(60))) is None


def test_throughput_that_does_not_change_is_refused(cloud: Cloud) -> None:
    table = Metered(cloud, throughput=(5, 6))
    assert table.passes(lambda: table.set_throughput(5, 6)) == INVALID


def test_throughput_quotas(cloud: Cloud) -> None:
    """40,000 units a table, 80,000 in an account and Region (GUIDE/ServiceQuotas.html)."""
    first = Metered(cloud, "one", throughput=(1, 40_000))

    def create(name: str, writes: int, **more: Any) -> str | None:
        return first.passes(lambda: Metered(cloud, name, throughput=(1, writes), **more))

    assert create("two", 40_001) == "LimitExceededException"
    assert (
        create("two", 20_001, indexes=[index("idx", "g", throughput=(1, 20_000))]) == "LimitExceededException"
    )
    assert create("two", 20_000, indexes=[index("idx", "g", throughput=(1, 20_000))]) is None
    assert create("three", 1) == "LimitExceededException"
    assert first.passes(lambda: first.set_throughput(1, 39_000)) is None
    assert create("three", 1_000) is None
    assert first.passes(lambda: first.set_throughput(1, 39_001)) == "LimitExceededException"
    assert first.passes(lambda: Metered(cloud, "demanded")) is None
    limits = first.client.describe_limits()
    assert (limits["AccountMaxReadCapacityUnits"], limits["TableMaxWriteCapacityUnits"]) == (80_000, 40_000)


# What DescribeTable tells


def test_describe_counts_items_and_bytes(cloud: Cloud) -> None:
    local = [index("own", "pk", "n", projection="KEYS_ONLY")]
    table = Metered(
        cloud, sort=True, indexes=[index("idx", "g", projection=["v"])], local=local, types={"n": "N"}
    )
    table.put(sized(1_000, sk=1, g="x", n=7))
    table.put(sized(500, sk=2))
    told = table.call("describe_table")["Table"]
    assert (told["ItemCount"], told["TableSizeBytes"]) == (2, 1_500)
    (of_global,), (own,) = told["GlobalSecondaryIndexes"], told["LocalSecondaryIndexes"]
    assert (of_global["ItemCount"], of_global["IndexSizeBytes"]) == (1, 1_000 - len("n") - 2)
    assert (own["ItemCount"], own["IndexSizeBytes"]) == (1, len("pkask") + 2 + len("n") + 2)
    assert own["IndexArn"] == f"{told['TableArn']}/index/own"
    table.delete(item(pk="a", sk=1))
    told = table.call("describe_table")["Table"]
    assert (told["ItemCount"], told["TableSizeBytes"]) == (1, 500)
    assert told["GlobalSecondaryIndexes"][0]["ItemCount"] == 0


def test_describe_an_on_demand_table(table: Metered) -> None:
    told = table.call("describe_table")["Table"]
    assert told["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table.throughput == (0, 0)


def test_table_made_anew_starts_anew(cloud: Cloud) -> None:
    table = Metered(cloud, throughput=(5, 5))
    for _ in range(5):
        table.put(A)
    table.set_throughput(5, 4)
    table.client.delete_table(TableName="t")
    assert table.passes(lambda: table.put(A)) == "ResourceNotFoundException"
    cloud.advance(1)
    again = Metered(cloud, throughput=(5, 5))
    assert all(again.passes(lambda: again.put(A)) is None for _ in range(5))
    assert again.call("describe_table")["Table"]["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 0


def test_table_of_a_stack_is_metered(cloud: Cloud) -> None:
    template = """
    {"Resources": {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": {
        "TableName": "t",
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2}}}}}
    """
    cloud.client("cloudformation").create_stack(StackName="s", TemplateBody=template)
    table = Metered(cloud, "other")
    table.name = "t"
    assert [table.passes(lambda: table.put(A)) for _ in range(3)].count(None) == 2


# Sizes


def test_item_of_400_kb(table: Metered) -> None:
    assert table.put(sized(409_600)) == 400
    assert table.passes(lambda: table.put(sized(409_601))) == INVALID
    assert table.passes(lambda: batch(table, put(sized(409_601)))) == INVALID


def test_item_of_400_kb_after_an_update(cloud: Cloud, table: Metered) -> None:
    """moto lets an update exceed the limit; it is undone here."""
    table.put(sized(409_600 - 4))
    cloud.advance(1)
    assert table.update(A, "SET n = :n", n=123) == 400
    cloud.advance(1)
    assert table.passes(lambda: table.update(A, "SET m = :m", m="x")) == INVALID
    assert "m" not in table.call("get_item", Key=A)["Item"]


def test_key_sizes(cloud: Cloud) -> None:
    table = Metered(cloud, sort=True)
    other = cloud.client("dynamodb")
    other.create_table(
        TableName="texts",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    for partition, sort, error in ((2_048, 1_024, None), (2_049, 1, INVALID), (1, 1_025, INVALID)):
        key = item(pk="p" * partition, sk="s" * sort)
        assert table.passes(lambda: other.put_item(TableName="texts", Item=key)) == error  # noqa: B023  # called at once
        assert table.passes(lambda: other.get_item(TableName="texts", Key=key)) == error  # noqa: B023  # called at once


# Keys and values


@pytest.mark.parametrize(
    "key",
    [{}, item(pk=1), item(pk="a", other="b"), item(pk=""), item(other="a")],
    ids=["none", "type", "more", "empty", "name"],
)
def test_key_that_does_not_fit_is_refused(table: Metered, key: Item) -> None:
    calls = [
        lambda: table.call("get_item", Key=key),
        lambda: table.call("delete_item", Key=key),
        lambda: table.call("update_item", Key=key, UpdateExpression="REMOVE v"),
        lambda: table.client.batch_get_item(RequestItems={"t": {"Keys": [key]}}),
        lambda: batch(table, {"DeleteRequest": {"Key": key}}),
    ]
    assert [table.passes(call) for call in calls] == [INVALID] * 5
    if "other" not in key or "pk" not in key:
        assert table.passes(lambda: table.put(key)) == INVALID


WRONG = {
    "digits": {"N": "1" * 39},
    "no number": {"N": "many"},
    "infinite": {"N": "Infinity"},
    "empty set": {"SS": []},
    "twice in a set": {"SS": ["a", "a"]},
    "the same number twice": {"NS": ["1", "1.0"]},
    "null is false": {"NULL": False},
}


@pytest.mark.parametrize("name", WRONG)
def test_value_that_cannot_be_stored_is_refused(table: Metered, name: str) -> None:
    wrong = WRONG[name]
    for nested in (wrong, {"L": [wrong]}, {"M": {"m": wrong}}):
        given = {**A, "v": nested}
        assert table.passes(lambda: table.put(given)) == INVALID  # noqa: B023  # called at once
        assert table.passes(lambda: batch(table, put(item(pk="b")), put(given))) == INVALID  # noqa: B023  # the same
    update = {"UpdateExpression": "SET v = :v", "ExpressionAttributeValues": {":v": wrong}}
    assert table.passes(lambda: table.call("update_item", Key=A, **update)) == INVALID
    assert table.call("scan")["Count"] == 0


def test_values_at_their_limits(table: Metered) -> None:
    fitting = {
        "n": {"N": "1" * 38},
        "z": {"N": "0." + "0" * 60 + "1"},
        "e": {"S": ""},
        "l": {"L": []},
        "b": {"B": b""},
    }
    assert table.passes(lambda: table.put({**A, **fitting})) is None


@pytest.mark.parametrize(("levels", "error"), [(32, None), (33, INVALID)])
def test_value_of_32_levels(table: Metered, levels: int, error: str | None) -> None:
    nested: Item = {"S": "x"}
    for level in range(levels):
        nested = {"L": [nested]} if level % 2 else {"M": {"m": nested}}
    assert table.passes(lambda: table.put({**A, "v": nested})) == error


def test_value_comes_back_in_one_form(table: Metered) -> None:
    """Numbers without needless zeros (GUIDE/HowItWorks.NamingRulesDataTypes.html), sets in order."""
    table.put(
        {**A, "n": {"N": "007.10"}, "e": {"N": "1E+3"}, "s": {"SS": ["b", "a"]}, "m": {"NS": ["10", "9.0"]}}
    )
    table.update(A, "ADD n :n", n=0.9)
    kept = {"n": {"N": "8"}, "e": {"N": "1000"}, "s": {"SS": ["a", "b"]}, "m": {"NS": ["9", "10"]}}
    assert table.call("get_item", Key=A)["Item"] == {**A, **kept}


# Expressions


def test_expression_with_undefined_placeholders_is_refused(table: Metered) -> None:
    table.put(A)
    names, values = {"ExpressionAttributeNames": {"#n": "n"}}, {"ExpressionAttributeValues": {":v": value(1)}}
    calls = [
        lambda: table.call("put_item", Item=A, ConditionExpression="n = :w", **values),
        lambda: table.call("put_item", Item=A, ConditionExpression="#m = :v", **names, **values),
        lambda: table.call("update_item", Key=A, UpdateExpression="SET n = :w", **values),
        lambda: table.call("get_item", Key=A, ProjectionExpression="#m", **names),
        lambda: table.call("query", KeyConditionExpression="pk = :w", **values),
        lambda: table.call("scan", FilterExpression="#m = :w", **names, **values),
    ]
    assert [table.passes(call) for call in calls] == [INVALID] * 6


def test_expression_of_4_kb(table: Metered) -> None:
    def condition(size: int) -> dict[str, str]:
        begin = "attribute_not_exists("
        return {"ConditionExpression": begin + "x" * (size - len(begin) - 1) + ")"}

    assert table.passes(lambda: table.put(A, **condition(4 * KB))) is None
    assert table.passes(lambda: table.put(A, **condition(4 * KB + 1))) == INVALID


def test_query_filter_may_not_name_the_key(cloud: Cloud) -> None:
    table = Metered(cloud, sort=True, indexes=[index("idx", "g", "n")], types={"n": "N"})
    mine = {
        "KeyConditionExpression": "pk = :a",
        "ExpressionAttributeValues": {":a": value("a"), ":n": value(1)},
    }
    of_index = {**mine, "IndexName": "idx", "KeyConditionExpression": "g = :a"}
    named = {"ExpressionAttributeNames": {"#k": "sk"}}
    cases = [
        ({**mine, "FilterExpression": "sk > :n"}, INVALID),
        ({**mine, "FilterExpression": "#k > :n", **named}, INVALID),
        ({**mine, "FilterExpression": "attribute_exists(pk) AND n = :n"}, INVALID),
        ({**mine, "FilterExpression": "n > :n"}, None),
        ({**mine, "FilterExpression": "v.sk = :n"}, None),
        ({**of_index, "FilterExpression": "n > :n"}, INVALID),
        ({**of_index, "FilterExpression": "sk > :n"}, None),
    ]
    for wrong, error in cases:
        assert table.passes(lambda: table.call("query", **wrong)) == error, wrong  # noqa: B023  # called at once
    scan = {"FilterExpression": "sk > :n", "ExpressionAttributeValues": {":n": value(1)}}
    assert table.passes(lambda: table.call("scan", **scan)) is None  # a scan's filter may


# Batches


def put(given: Item) -> Item:
    return {"PutRequest": {"Item": given}}


def batch(table: Metered, *requests: Item) -> dict[str, Any]:
    reply: dict[str, Any] = table.client.batch_write_item(RequestItems={"t": list(requests)})
    return reply


def test_batch_of_25(cloud: Cloud, table: Metered) -> None:
    requests = [put(item(pk=str(number))) for number in range(26)]
    assert table.passes(lambda: batch(table, *requests)) == INVALID
    Metered(cloud, "other")
    split = {"t": requests[:13], "other": requests[13:]}
    assert refused(table.client.batch_write_item, RequestItems=split) == INVALID
    assert batch(table, *requests[:25])["UnprocessedItems"] == {}
    assert table.call("scan")["Count"] == 25


def test_batch_with_an_item_twice(table: Metered) -> None:
    assert table.passes(lambda: batch(table, put(A), put({**A, "n": value(1)}))) == INVALID
    assert table.passes(lambda: batch(table, put(A), {"DeleteRequest": {"Key": A}})) == INVALID


def test_batch_is_refused_as_a_whole(table: Metered) -> None:
    assert table.passes(lambda: batch(table, put(item(pk="a")), put(item(no="key")))) == INVALID
    assert refused(table.client.batch_write_item, RequestItems={"t": [put(A)], "none": [put(A)]}) == (
        "ResourceNotFoundException"
    )
    assert table.call("scan")["Count"] == 0


def test_batch_of_100_reads(table: Metered) -> None:
    keys = [item(pk=str(number)) for number in range(101)]
    assert refused(table.client.batch_get_item, RequestItems={"t": {"Keys": keys}}) == INVALID
    assert refused(table.client.batch_get_item, RequestItems={"t": {"Keys": [A, A]}}) == INVALID
    assert table.client.batch_get_item(RequestItems={"t": {"Keys": keys[:100]}})["Responses"] == {"t": []}


@pytest.mark.slow
def test_batch_of_reads_ends_at_16_mb(cloud: Cloud) -> None:
    """Of 100 items of 300 KB as many as fit into 16 MB; the keys of the others come back."""
    table = Metered(cloud, throughput=(40_000, 40_000))
    cloud.plane("dynamodb").models.partitions = 40
    keys = [item(pk=str(number)) for number in range(100)]
    for number in range(100):
        table.put(sized(300 * KB, str(number)))
        cloud.advance(1)
    reply = table.client.batch_get_item(RequestItems={"t": {"Keys": keys}}, ReturnConsumedCapacity="TOTAL")
    assert len(reply["Responses"]["t"]) == 54
    assert reply["UnprocessedKeys"]["t"]["Keys"] == keys[54:]
    assert reply["ConsumedCapacity"][0]["CapacityUnits"] == 54 * 37.5
    cloud.advance(10)
    rest = table.client.batch_get_item(RequestItems=reply["UnprocessedKeys"])
    assert (len(rest["Responses"]["t"]), rest["UnprocessedKeys"]) == (46, {})
