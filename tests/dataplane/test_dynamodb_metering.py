"""ConsumedCapacity of each call, to the byte where units step."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from helpers import Cloud
from tests.dataplane.conftest import refused
from tests.dataplane.dynamo import item, value
from tests.dataplane.metered import KB, Metered, index, sized

A = item(pk="a")


@pytest.fixture
def table(cloud: Cloud) -> Metered:
    return Metered(cloud)


# Single items


def test_metering_get_by_size_and_consistency(table: Metered) -> None:
    for size, strong in ((100, 1), (4 * KB, 1), (4 * KB + 1, 2), (100 * KB, 25)):
        table.put(sized(size))
        assert (table.get(A), table.get(A, strong=True)) == (strong / 2, strong)


def test_metering_get_of_nothing(table: Metered) -> None:
    assert (table.get(A), table.get(A, strong=True)) == (0.5, 1)


def test_metering_get_with_a_projection_reads_the_whole_item(table: Metered) -> None:
    table.put(sized(9 * KB, more=1))
    assert table.get(A, ProjectionExpression="more") == 1.5
    assert table.get(A, AttributesToGet=["more"]) == 1.5


def test_metering_put_counts_the_larger_item(table: Metered) -> None:
    assert [table.put(sized(size)) for size in (3 * KB, 1 * KB, 1 * KB + 1, 5 * KB, 400 * KB, 1)] == [
        3, 3, 2, 5, 400, 400,
    ]  # fmt: skip


def test_metering_update_counts_the_whole_item_before_or_after(table: Metered) -> None:
    assert table.update(A, "SET n = :n", n=1) == 1
    table.put(sized(5 * KB))
    assert table.update(A, "SET n = :n", n=1) == 6  # three bytes too many for five
    assert table.update(A, "REMOVE v") == 6
    assert table.update(A, "SET n = :n", n=2) == 1


def test_metering_delete_counts_the_deleted_item(table: Metered) -> None:
    table.put(sized(3 * KB + 1))
    assert [table.delete(A), table.delete(A)] == [4, 1]


def test_metering_failed_condition_counts_the_existing_item(table: Metered) -> None:
    """1 unit where there is nothing; the stored item, not the offered one (GUIDE/WorkingWithItems.html)."""
    for stored_kb, units in ((0, 1), (3, 3), (300, 300)):
        table.delete(A)
        if stored_kb:
            table.put(sized(stored_kb * KB))
        before = table.metric("ConsumedWriteCapacityUnits")
        offered = {"Item": sized(310 * KB), "ConditionExpression": "attribute_exists(absent)"}
        assert refused(table.call, "put_item", **offered) == "ConditionalCheckFailedException"
        assert table.metric("ConsumedWriteCapacityUnits") - before == units
        table.cloud.advance(10)
    assert table.metric("ConditionalCheckFailedRequests") == 3
    assert table.put(sized(310 * KB), ConditionExpression="attribute_exists(v)") == 310


def test_metering_writes_read_nothing(table: Metered) -> None:
    table.put(sized(9 * KB), ConditionExpression="attribute_not_exists(pk)")
    table.call("put_item", Item=A, ReturnValues="ALL_OLD")
    table.update(A, "SET n = :n", n=1)
    assert table.metric("ConsumedReadCapacityUnits") == 0


def test_metering_is_told_only_if_asked_for(table: Metered) -> None:
    assert "ConsumedCapacity" not in table.call("put_item", Item=A)
    assert "ConsumedCapacity" not in table.call("get_item", Key=A, ReturnConsumedCapacity="NONE")
    assert table.consumed("get_item", "TOTAL", Key=A) == {"CapacityUnits": 0.5}
    assert table.consumed("get_item", "INDEXES", Key=A) == {
        "CapacityUnits": 0.5,
        "Table": {"CapacityUnits": 0.5},
    }


def test_metering_names_the_table_as_the_caller_does(table: Metered) -> None:
    arn = table.call("describe_table")["Table"]["TableArn"]
    told = table.client.get_item(TableName=arn, Key=A, ReturnConsumedCapacity="TOTAL")
    assert told["ConsumedCapacity"]["TableName"] == arn


# Batches


def batch_put(table: Metered, *items: dict[str, Any]) -> dict[str, Any]:
    requests = [{"PutRequest": {"Item": each}} for each in items]
    reply: dict[str, Any] = table.client.batch_write_item(
        RequestItems={"t": requests}, ReturnConsumedCapacity="TOTAL"
    )
    return reply


def test_metering_batch_rounds_each_item(table: Metered) -> None:
    """The examples of GUIDE/read-write-operations.html: 500 bytes and 3.5 KB; 1.5 KB and 6.5 KB."""
    told = batch_put(table, sized(500, "a"), sized(3 * KB + 512, "b"))["ConsumedCapacity"]
    assert told == [{"TableName": "t", "CapacityUnits": 5.0}]
    batch_put(table, sized(KB + 512, "a"), sized(6 * KB + 512, "b"))
    for strong, units in ((True, 3), (False, 1.5)):
        keys = {"Keys": [A, item(pk="b")], "ConsistentRead": strong}
        reply = table.client.batch_get_item(RequestItems={"t": keys}, ReturnConsumedCapacity="TOTAL")
        assert reply["ConsumedCapacity"] == [{"TableName": "t", "CapacityUnits": units}]


def test_metering_batch_reads_absent_items_too(table: Metered) -> None:
    batch_put(table, sized(9 * KB, "a", more=1))
    keys = {"Keys": [A, item(pk="b"), item(pk="c")], "ProjectionExpression": "more"}
    reply = table.client.batch_get_item(RequestItems={"t": keys}, ReturnConsumedCapacity="INDEXES")
    assert reply["Responses"] == {"t": [{"more": {"N": "1"}}]}
    assert reply["ConsumedCapacity"] == [
        {"TableName": "t", "CapacityUnits": 2.5, "Table": {"CapacityUnits": 2.5}}
    ]


def test_metering_batch_over_two_tables(cloud: Cloud, table: Metered) -> None:
    Metered(cloud, "other")
    request = {"t": [{"PutRequest": {"Item": sized(2 * KB)}}], "other": [{"DeleteRequest": {"Key": A}}]}
    reply = table.client.batch_write_item(RequestItems=request, ReturnConsumedCapacity="TOTAL")
    assert reply["ConsumedCapacity"] == [
        {"TableName": "t", "CapacityUnits": 2.0},
        {"TableName": "other", "CapacityUnits": 1.0},
    ]


# Queries and scans


def collection(cloud: Cloud, *sizes: int, **more: Any) -> Metered:
    """Items of one partition key value, one of each size, numbered."""
    table = Metered(cloud, sort=True, **more)
    for number, size in enumerate(sizes):
        table.put(sized(size, sk=number, odd=number % 2))
        cloud.advance(1)
    return table


MINE = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": value("a")}}


def test_metering_query_rounds_the_sum_once(cloud: Cloud) -> None:
    """Ten items of 40.8 KB together are 44 KB: 11 strong, 5.5 eventual (GUIDE/read-write-operations.html)."""
    table = collection(cloud, *[4_177] * 9, 4_186)
    assert table.units("query", ConsistentRead=True, **MINE) == 11
    assert table.units("query", **MINE) == 5.5
    assert table.units("scan", ConsistentRead=True) == 11


@pytest.mark.slow
def test_metering_query_of_many_small_items(cloud: Cloud) -> None:
    """1,500 items of 64 bytes are 96,000 bytes: 24 strong."""
    table = collection(cloud, *[64] * 1_500)
    assert table.units("query", ConsistentRead=True, **MINE) == 24


def test_metering_page_counts_what_is_read_not_what_is_returned(cloud: Cloud) -> None:
    table = collection(cloud, *[2 * KB] * 8)
    values = {**MINE["ExpressionAttributeValues"], ":odd": value(1)}
    filtered = {"FilterExpression": "odd = :odd", "ExpressionAttributeValues": values}
    reply = table.call("query", **{**MINE, **filtered})
    assert (reply["Count"], reply["ScannedCount"]) == (4, 8)
    assert table.units("query", **{**MINE, **filtered}) == 2
    assert table.units("query", ProjectionExpression="odd", **MINE) == 2
    assert table.units("query", Select="COUNT", **MINE) == 2
    assert table.units("scan", Select="COUNT") == 2
    assert table.units("scan", FilterExpression="odd = :o", ExpressionAttributeValues={":o": value(7)}) == 2
    named = {
        "KeyConditionExpression": "#k = :pk",
        "FilterExpression": "#o = :odd",
        "ProjectionExpression": "#p",
        "ExpressionAttributeNames": {"#k": "pk", "#o": "odd", "#p": "sk"},
        "ExpressionAttributeValues": values,
    }
    assert table.units("query", **named) == 2
    assert table.call("query", **named)["Items"] == [{"sk": value(number)} for number in (1, 3, 5, 7)]


def test_metering_query_counts_the_range_it_reads(cloud: Cloud) -> None:
    table = collection(cloud, *[4 * KB] * 10)
    values = {":pk": value("a"), ":low": value(7)}
    wanted = {"KeyConditionExpression": "pk = :pk AND sk >= :low", "ExpressionAttributeValues": values}
    assert table.units("query", **wanted) == 1.5
    assert table.units("query", Limit=4, **MINE) == 2


def test_metering_limit_counts_items_before_the_filter(cloud: Cloud) -> None:
    table = collection(cloud, *[4 * KB] * 6)
    values = {**MINE["ExpressionAttributeValues"], ":odd": value(1)}
    filtered = {**MINE, "FilterExpression": "odd = :odd", "ExpressionAttributeValues": values}
    reply = table.call("query", Limit=3, **filtered)
    assert (reply["Count"], reply["ScannedCount"], reply["LastEvaluatedKey"]) == (1, 3, item(pk="a", sk=2))
    assert table.units("query", Limit=3, **filtered) == 1.5


def test_metering_finding_nothing_costs_the_minimum(cloud: Cloud) -> None:
    table = collection(cloud)
    assert (table.units("query", **MINE), table.units("query", ConsistentRead=True, **MINE)) == (0.5, 1)
    assert (table.units("scan"), table.units("scan", ConsistentRead=True)) == (0.5, 1)


def test_metering_page_of_1_mb(cloud: Cloud) -> None:
    """256 items of 4 KB fill a page: 128 units eventual, 256 strong (GUIDE/bp-query-scan.html)."""
    table = collection(cloud, *[4 * KB] * 300)
    cloud.advance(60)
    page = table.call("scan", ReturnConsumedCapacity="TOTAL", ConsistentRead=True)
    assert (page["Count"], page["ConsumedCapacity"]["CapacityUnits"]) == (256, 256)
    cloud.advance(60)
    rest = table.call("scan", ReturnConsumedCapacity="TOTAL", ExclusiveStartKey=page["LastEvaluatedKey"])
    assert (rest["Count"], rest["ConsumedCapacity"]["CapacityUnits"]) == (44, 22)
    cloud.advance(60)
    assert table.units("query", **MINE) == 128


# Transactions


def transact(table: Metered, *actions: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    reply = table.client.transact_write_items(
        TransactItems=list(actions), ReturnConsumedCapacity="INDEXES", **more
    )
    told: list[dict[str, Any]] = reply["ConsumedCapacity"]
    return told


def test_metering_transaction_doubles(table: Metered) -> None:
    table.put(sized(2 * KB, "b"))
    table.put(sized(3 * KB, "c"))
    told = transact(
        table,
        {"Put": {"TableName": "t", "Item": sized(4 * KB, "a")}},
        {"Delete": {"TableName": "t", "Key": item(pk="b")}},
        {
            "ConditionCheck": {
                "TableName": "t",
                "Key": item(pk="c"),
                "ConditionExpression": "attribute_exists(v)",
            }
        },
    )
    units = {"CapacityUnits": 18.0, "WriteCapacityUnits": 18.0}
    assert told == [{"TableName": "t", **units, "Table": units}]
    reads = [{"Get": {"TableName": "t", "Key": item(pk=key)}} for key in "abc"]
    told = table.client.transact_get_items(TransactItems=reads, ReturnConsumedCapacity="TOTAL")
    assert told["ConsumedCapacity"] == [{"TableName": "t", "CapacityUnits": 6.0, "ReadCapacityUnits": 6.0}]


def test_metering_transaction_that_is_cancelled(table: Metered) -> None:
    table.put(sized(2 * KB, "b"))
    before = table.metric("ConsumedWriteCapacityUnits")
    with pytest.raises(table.client.exceptions.TransactionCanceledException):
        transact(
            table,
            {"Put": {"TableName": "t", "Item": sized(4 * KB, "a")}},
            {
                "Delete": {
                    "TableName": "t",
                    "Key": item(pk="b"),
                    "ConditionExpression": "attribute_exists(absent)",
                }
            },
        )
    assert table.metric("ConsumedWriteCapacityUnits") - before == 2 * (4 + 2)


def test_metering_transaction_again_with_its_token(table: Metered) -> None:
    """It changes nothing and costs the reading of its items (API/API_TransactWriteItems.html)."""
    action = {"Put": {"TableName": "t", "Item": sized(9 * KB, "a")}}
    (first,), (again,) = (transact(table, action, ClientRequestToken="token") for _ in range(2))
    assert (first["WriteCapacityUnits"], again["ReadCapacityUnits"]) == (18, 6)
    assert "WriteCapacityUnits" not in again


# Local secondary indexes


def test_metering_local_index_is_written_with_the_table(cloud: Cloud) -> None:
    local = [index("by_odd", "pk", "odd", projection="KEYS_ONLY"), index("by_n", "pk", "n")]
    table = Metered(cloud, sort=True, local=local, types={"odd": "N", "n": "N"})
    told = table.consumed("put_item", Item=sized(3 * KB, sk=1, odd=1))
    assert told == {
        "CapacityUnits": 4.0,
        "Table": {"CapacityUnits": 3.0},
        "LocalSecondaryIndexes": {"by_odd": {"CapacityUnits": 1.0}},
    }
    assert table.metric("ConsumedWriteCapacityUnits") == 4


def test_metering_local_index_is_read_from_the_table(cloud: Cloud) -> None:
    local = [index("by_odd", "pk", "odd", projection="KEYS_ONLY")]
    table = collection(cloud, *[4 * KB] * 4, local=local, types={"odd": "N"})
    told = table.consumed("query", IndexName="by_odd", ConsistentRead=True, **MINE)
    assert told == {
        "CapacityUnits": 1.0,
        "Table": {"CapacityUnits": 0.0},
        "LocalSecondaryIndexes": {"by_odd": {"CapacityUnits": 1.0}},
    }
    assert table.metric("ConsumedReadCapacityUnits") == 1


def test_metering_local_index_fetches_what_it_does_not_hold(cloud: Cloud) -> None:
    """One unit for the index entries, and each item by itself from the table (GUIDE/LSI.html)."""
    local = [index("by_odd", "pk", "odd", projection="KEYS_ONLY")]
    table = collection(cloud, *[3 * KB] * 4, local=local, types={"odd": "N"})
    wanted = {"IndexName": "by_odd", "ConsistentRead": True, **MINE}
    some = table.call("query", ProjectionExpression="odd", **wanted)["Items"]
    assert some == [{"odd": value(number)} for number in (0, 0, 1, 1)]
    assert table.units("query", ProjectionExpression="odd", **wanted) == 1
    more = {"ProjectionExpression": "#s, #t", "ExpressionAttributeNames": {"#s": "sk", "#t": "v"}}
    told = table.consumed("query", **more, **wanted)
    assert (told["Table"], told["LocalSecondaryIndexes"]["by_odd"]) == (
        {"CapacityUnits": 4.0},
        {"CapacityUnits": 1.0},
    )
    first = table.call("query", **more, **wanted)["Items"][0]
    assert first == {"sk": value(0), "v": {"S": first["v"]["S"]}}
    values = {**MINE["ExpressionAttributeValues"], ":one": value(1)}
    odd = {"KeyConditionExpression": "pk = :pk AND odd = :one", "ExpressionAttributeValues": values}
    whole = {"IndexName": "by_odd", "Select": "ALL_ATTRIBUTES", **odd}
    assert table.call("query", **whole)["Items"] == [sized(3 * KB, sk=number, odd=1) for number in (1, 3)]
    assert table.units("query", **whole) == 0.5 + 2 * 0.5


def test_metering_local_index_fetches_what_passes_the_filter(cloud: Cloud) -> None:
    local = [index("by_odd", "pk", "odd", projection="KEYS_ONLY")]
    table = collection(cloud, *[3 * KB] * 4, local=local, types={"odd": "N"})
    values = {**MINE["ExpressionAttributeValues"], ":low": value(2)}
    wanted = {
        "KeyConditionExpression": "pk = :pk",
        "FilterExpression": "sk > :low",
        "Select": "ALL_ATTRIBUTES",
    }
    told = table.consumed("query", IndexName="by_odd", ExpressionAttributeValues=values, **wanted)
    assert told["CapacityUnits"] == 0.5 + 0.5


# Metrics of what is provisioned


def points(table: Metered, name: str, **dimensions: str) -> list[tuple[float, float]]:
    """The points of a metric: seconds since the Cloud opened, and the value."""
    opened = table.cloud.datetime - timedelta(seconds=table.cloud.now)
    told = table.cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/DynamoDB",
        MetricName=name,
        Dimensions=[{"Name": key, "Value": each} for key, each in {"TableName": "t", **dimensions}.items()],
        StartTime=opened - timedelta(hours=1),
        EndTime=table.cloud.datetime + timedelta(hours=1),
        Period=60,
        Statistics=["Maximum"],
    )["Datapoints"]
    return sorted(((point["Timestamp"] - opened).total_seconds(), point["Maximum"]) for point in told)


def test_metrics_of_provisioned_throughput(cloud: Cloud) -> None:
    table = Metered(cloud, throughput=(5, 10), indexes=[index("idx", "g", throughput=(1, 2))])
    cloud.run(until=400)
    table.set_throughput(5, 20)
    cloud.run(until=1_000)
    table.call("update_table", BillingMode="PAY_PER_REQUEST")
    cloud.run(until=2_000)
    assert points(table, "ProvisionedWriteCapacityUnits") == [(0, 10), (300, 10), (600, 20), (900, 20)]
    of_index = points(table, "ProvisionedReadCapacityUnits", GlobalSecondaryIndexName="idx")
    assert of_index == [(at, 1) for at in (0, 300, 600, 900)]
    assert points(table, "ProvisionedReadCapacityUnits") == [
        (at, 5) for at in (0, 300, 600, 900)
    ]  # and not twice
