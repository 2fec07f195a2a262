"""DAX: one test a rule, named after it."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import Cloud
from helpers.dataplane.dynamodb.dax import Dax

from .conftest import refused
from .dynamo import Dynamo, Item, item

T: dict[str, Any] = {"TableName": "t"}


def cluster(cloud: Cloud, **options: Any) -> Dax:
    made: Dax = cloud.plane("dynamodb").dax(**{"latency_s": 0, **options})
    return made


def got(dax: Dax, name: str = "a", **more: Any) -> Item | None:
    found: Item | None = dax.get_item(**T, Key=item(pk=name), **more).get("Item")
    return found


def served(cloud: Cloud) -> list[str]:
    """How DAX served each request: hit, miss or through."""
    rows = cloud.trail[cloud.trail.service == "dax"]
    return [response["Cache"] for response in rows.response]


def asked(cloud: Cloud) -> list[str]:
    """What DAX asked of DynamoDB."""
    rows = cloud.trail[cloud.trail.actor == "dax"]
    return list(rows.operation)


QUERY: dict[str, Any] = {
    **T,
    "KeyConditionExpression": "pk = :pk",
    "ExpressionAttributeValues": {":pk": {"S": "a"}},
}


def test_item_cache_answers_without_dynamodb(cloud: Cloud) -> None:
    table, dax = Dynamo(cloud), cluster(cloud)
    table.put(pk="a", n=1)
    assert [got(dax) for _ in range(3)] == [item(pk="a", n=1)] * 3
    assert served(cloud) == ["miss", "hit", "hit"]
    assert asked(cloud) == ["GetItem"]


def test_item_cache_keeps_5_minutes(cloud: Cloud) -> None:
    table, dax = Dynamo(cloud), cluster(cloud)
    table.put(pk="a", n=1)
    got(dax)
    table.put(pk="a", n=2)  # past DAX
    cloud.advance(150)
    assert got(dax) == item(pk="a", n=1)  # a read does not prolong it
    cloud.advance(150)
    assert got(dax) == item(pk="a", n=1)
    cloud.advance(0.001)
    assert got(dax) == item(pk="a", n=2)
    assert served(cloud) == ["miss", "hit", "hit", "miss"]


def test_item_ttl_of_0_keeps_an_item_until_it_is_written(cloud: Cloud) -> None:
    table, dax = Dynamo(cloud), cluster(cloud, item_ttl_s=0)
    table.put(pk="a", n=1)
    got(dax)
    table.put(pk="a", n=2)
    cloud.advance(10 * 86_400)
    assert got(dax) == item(pk="a", n=1)
    dax.put_item(**T, Item=item(pk="a", n=3))
    assert got(dax) == item(pk="a", n=3)


def test_writes_go_through(cloud: Cloud) -> None:
    table, dax = Dynamo(cloud), cluster(cloud)
    update = {"UpdateExpression": "ADD n :n", "ExpressionAttributeValues": {":n": {"N": "1"}}}
    dax.put_item(**T, Item=item(pk="a", n=1))
    assert (got(dax), table.get(pk="a")) == (item(pk="a", n=1),) * 2
    dax.update_item(**T, Key=item(pk="a"), **update)
    assert (got(dax), table.get(pk="a")) == (item(pk="a", n=2),) * 2
    dax.delete_item(**T, Key=item(pk="a"))
    assert (got(dax), table.get(pk="a")) == (None, None)
    puts = [{"PutRequest": {"Item": item(pk="a", n=9)}}, {"DeleteRequest": {"Key": item(pk="b")}}]
    dax.batch_write_item(RequestItems={"t": puts})
    assert (got(dax), got(dax, "b")) == (item(pk="a", n=9), None)
    assert asked(cloud) == ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"]
    assert served(cloud) == ["through", "hit"] * 4 + ["hit"]


def test_a_write_begins_a_new_lifetime(cloud: Cloud) -> None:
    table, dax = Dynamo(cloud), cluster(cloud)
    dax.put_item(**T, Item=item(pk="a", n=1))
    cloud.advance(200)
    dax.put_item(**T, Item=item(pk="a", n=2))
    table.put(pk="a", n=3)
    cloud.advance(300)
    assert got(dax) == item(pk="a", n=2)
    cloud.advance(1)
    assert got(dax) == item(pk="a", n=3)


def test_a_write_that_fails_is_not_cached(cloud: Cloud) -> None:
    table, dax = Dynamo(cloud), cluster(cloud)
    table.put(pk="a", n=1)
    got(dax)
    condition = {"ConditionExpression": "attribute_not_exists(pk)"}
    assert (
        refused(dax.put_item, **T, Item=item(pk="a", n=2), **condition) == "ConditionalCheckFailedException"
    )
    assert got(dax) == item(pk="a", n=1)
    rows = cloud.trail[cloud.trail.service == "dax"]
    assert list(rows.error) == [None, "ConditionalCheckFailedException", None]
    assert issubclass(dax.exceptions.ConditionalCheckFailedException, Exception)


def test_a_write_past_dax_is_not_seen(cloud: Cloud) -> None:
    table, alice = Dynamo(cloud), cluster(cloud)
    alice.put_item(**T, Item=item(pk="a", by="alice"))
    table.put(pk="a", by="bob")
    assert (got(alice)["by"], table.get(pk="a")["by"]) == ({"S": "alice"}, {"S": "bob"})


def test_absent_items_are_cached(cloud: Cloud) -> None:
    table, dax = Dynamo(cloud), cluster(cloud)
    assert got(dax) is None
    table.put(pk="a")  # past DAX
    assert got(dax) is None
    assert served(cloud) == ["miss", "hit"]
    dax.put_item(**T, Item=item(pk="a", n=1))
    assert got(dax) == item(pk="a", n=1)


def test_consistent_reads_pass_through_and_are_not_cached(cloud: Cloud) -> None:
    table, dax = Dynamo(cloud), cluster(cloud)
    table.put(pk="a", n=1)
    strong = {"ConsistentRead": True}
    for _ in range(2):
        assert got(dax, **strong) == item(pk="a", n=1)
        dax.query(**QUERY, **strong)
        dax.scan(**T, **strong)
        dax.transact_get_items(TransactItems=[{"Get": {**T, "Key": item(pk="a")}}])
        dax.batch_get_item(RequestItems={"t": {"Keys": [item(pk="a")], **strong}})
    assert served(cloud) == ["through", "through", "through", "through", "miss"] * 2
    got(dax)
    dax.query(**QUERY)
    dax.scan(**T)
    assert served(cloud)[-3:] == ["miss"] * 3


def test_a_consistent_read_leaves_the_cached_item(cloud: Cloud) -> None:
    table, dax = Dynamo(cloud), cluster(cloud)
    table.put(pk="a", n=1)
    got(dax)
    table.put(pk="a", n=2)
    new = item(pk="a", n=2)
    assert got(dax, ConsistentRead=True) == new
    batch = {"Keys": [item(pk="a")], "ConsistentRead": True}
    assert dax.batch_get_item(RequestItems={"t": batch})["Responses"]["t"] == [new]
    assert got(dax) == item(pk="a", n=1)


def test_query_cache_is_kept_by_parameters(cloud: Cloud) -> None:
    table, dax = Dynamo(cloud, sort=True), cluster(cloud)
    for number in range(3):
        table.put(pk="a", sk=number)
    pages = [dax.query(**QUERY), dax.query(**QUERY), dax.query(**QUERY, Limit=1), dax.query(**QUERY, Limit=1)]
    assert [page["Count"] for page in pages] == [3, 3, 1, 1]
    dax.query(**QUERY, Limit=1, ExclusiveStartKey=pages[-1]["LastEvaluatedKey"])
    assert [dax.scan(**T)["Count"] for _ in range(2)] == [3, 3]
    assert served(cloud) == ["miss", "hit", "miss", "hit", "miss", "miss", "hit"]
    assert asked(cloud) == ["Query", "Query", "Query", "Scan"]


def test_query_cache_is_not_changed_by_writes(cloud: Cloud) -> None:
    """AWS's own example: the revision that was put is not in the page until its time is over."""
    table, dax = Dynamo(cloud, sort=True), cluster(cloud, query_ttl_s=60)
    table.put(pk="a", sk=5)
    assert dax.query(**QUERY)["Count"] == 1
    dax.put_item(**T, Item=item(pk="a", sk=20))
    assert dax.query(**QUERY)["Count"] == 1
    cloud.advance(60)
    assert dax.query(**QUERY)["Count"] == 1
    cloud.advance(0.001)
    assert dax.query(**QUERY)["Count"] == 2


def test_query_cache_keeps_empty_pages(cloud: Cloud) -> None:
    table, dax = Dynamo(cloud), cluster(cloud)
    assert dax.query(**QUERY)["Items"] == []
    table.put(pk="a")
    assert dax.query(**QUERY)["Items"] == []


def test_query_ttl_of_0_keeps_nothing(cloud: Cloud) -> None:
    table, dax = Dynamo(cloud), cluster(cloud, query_ttl_s=0)
    table.put(pk="a")
    assert [dax.query(**QUERY)["Count"], dax.scan(**T)["Count"]] == [1, 1]
    table.put(pk="b")
    assert dax.scan(**T)["Count"] == 2
    assert served(cloud) == ["through"] * 3


def test_the_two_caches_know_nothing_of_each_other(cloud: Cloud) -> None:
    table, dax = Dynamo(cloud), cluster(cloud)
    table.put(pk="a", n=1)
    dax.scan(**T)
    got(dax)
    assert served(cloud) == ["miss", "miss"]


def test_batch_get_takes_what_it_can_from_the_cache(cloud: Cloud) -> None:
    table, dax = Dynamo(cloud), cluster(cloud)
    for name in "abc":
        table.put(pk=name)
    got(dax, "b")

    def batch(*names: str) -> list[str]:
        reply = dax.batch_get_item(RequestItems={"t": {"Keys": [item(pk=name) for name in names]}})
        return sorted(found["pk"]["S"] for found in reply["Responses"]["t"])

    assert batch("a", "b", "c", "missing") == ["a", "b", "c"]
    rows = cloud.trail[cloud.trail.actor == "dax"]
    wanted = rows.parameters.iloc[-1]["RequestItems"]["t"]["Keys"]
    assert wanted == [item(pk=name) for name in ("a", "c", "missing")]
    assert batch("a", "b", "c", "missing") == ["a", "b", "c"]
    assert got(dax) == item(pk="a")
    assert served(cloud) == ["miss", "miss", "hit", "hit"]


def test_projections_are_kept_apart_until_a_write(cloud: Cloud) -> None:
    table, dax = Dynamo(cloud), cluster(cloud)
    table.put(pk="a", n=1, v="x")
    only_n = {"ProjectionExpression": "n"}
    for _ in range(2):
        assert got(dax, **only_n) == item(n=1)
        assert got(dax) == item(pk="a", n=1, v="x")
    dax.put_item(**T, Item=item(pk="a", n=2))
    assert (got(dax, **only_n), got(dax)) == (item(n=2), item(pk="a", n=2))
    assert served(cloud) == ["miss", "miss", "hit", "hit", "through", "miss", "hit"]


def test_transaction_is_read_back_in_the_background(cloud: Cloud) -> None:
    table, dax = Dynamo(cloud), cluster(cloud)
    table.put(pk="b", n=1)
    assert (got(dax), got(dax, "b")) == (None, item(pk="b", n=1))
    cloud.api_latency_s = 0.01
    dax.transact_write_items(
        TransactItems=[
            {"Put": {**T, "Item": item(pk="a", n=5)}},
            {"Delete": {**T, "Key": item(pk="b")}},
        ]
    )
    assert (got(dax), got(dax, "b")) == (None, item(pk="b", n=1))  # not yet
    cloud.advance(1)
    assert (got(dax), got(dax, "b")) == (item(pk="a", n=5), None)
    assert asked(cloud) == ["GetItem"] * 2 + ["TransactWriteItems"] + ["TransactGetItems"] * 2


def test_least_recently_used_items_go_first(cloud: Cloud) -> None:
    table, dax = Dynamo(cloud), cluster(cloud, capacity=3, item_ttl_s=0)
    for name in "abcd":
        table.put(pk=name)
    for name in "abc":
        got(dax, name)
    got(dax, "a")
    got(dax, "d")  # there is room for three: b was used longest ago
    for name in "acdb":
        got(dax, name)
    assert served(cloud) == ["miss"] * 3 + ["hit", "miss"] + ["hit"] * 3 + ["miss"]


def test_nodes_hear_of_changes_later(cloud: Cloud) -> None:
    Dynamo(cloud)
    dax = cluster(cloud, nodes=3, node_lag_s=0.5)
    dax.put_item(**T, Item=item(pk="a", n=1))
    cloud.advance(1)
    dax.put_item(**T, Item=item(pk="a", n=2))

    def round_of_nodes() -> list[str]:
        return [got(dax)["n"]["N"] for _ in range(3)]

    assert sorted(round_of_nodes()) == ["1", "1", "2"]
    cloud.advance(0.499)
    assert sorted(round_of_nodes()) == ["1", "1", "2"]
    cloud.advance(0.001)
    assert round_of_nodes() == ["2", "2", "2"]
    assert asked(cloud) == ["PutItem", "PutItem"]


def test_one_node_has_no_lag(cloud: Cloud) -> None:
    Dynamo(cloud)
    dax = cluster(cloud, nodes=1, node_lag_s=10)
    for number in range(4):
        dax.put_item(**T, Item=item(pk="a", n=number))
        assert got(dax) == item(pk="a", n=number)


def test_up_to_11_nodes(cloud: Cloud) -> None:
    cluster(cloud, nodes=11)
    for nodes in (0, 12):
        with pytest.raises(ValueError, match="1 to 11 nodes"):
            cluster(cloud, nodes=nodes)


def test_the_trail_shows_who_asked_whom(cloud: Cloud) -> None:
    cloud.api_latency_s = 0.01
    Dynamo(cloud)
    dax = cluster(cloud, latency_s=0.001)

    def read() -> None:
        for _ in range(2):
            got(dax)
            time.sleep(1)

    cloud.advance(1 - cloud.now)
    cloud.spawn(read, name="web")
    cloud.run()
    rows = [
        tuple(row)
        for row in cloud.trail[["time_s", "duration_s", "actor", "service", "operation"]].values[1:]
    ]
    assert rows == [
        (1.0, 0.011, "web", "dax", "GetItem"),
        (1.001, 0.01, "dax", "dynamodb", "GetItem"),
        (2.011, 0.001, "web", "dax", "GetItem"),
    ]


def test_hits_cost_no_read_units(cloud: Cloud) -> None:
    table, dax = Dynamo(cloud), cluster(cloud)
    table.put(pk="a")
    units = [
        dax.get_item(**T, Key=item(pk="a"), ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"][
            "CapacityUnits"
        ]
        for _ in range(3)
    ]
    pages = [
        dax.scan(**T, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]["CapacityUnits"] for _ in range(2)
    ]
    assert (units[1:], pages[1:]) == ([0, 0], [0])
    assert units[0] > 0
    assert pages[0] > 0
    assert "ConsumedCapacity" not in dax.scan(**T)  # and it is the same page, with or without its units
    assert served(cloud)[-1] == "hit"


def test_what_was_not_processed_is_not_cached(cloud: Cloud) -> None:
    cloud.plane("dynamodb").models.burst_s = 1
    table = Dynamo(cloud, units=(1, 1))
    dax = cluster(cloud)
    names = [f"k{number}" for number in range(8)]
    puts = [{"PutRequest": {"Item": item(pk=name)}} for name in names]
    left = dax.batch_write_item(RequestItems={"t": puts})["UnprocessedItems"]["t"]
    assert 0 < len(left) < 8
    absent = [request["PutRequest"]["Item"] for request in left]
    cloud.advance(1)
    assert [got(dax, each["pk"]["S"]) for each in absent[:1]] == [None]  # asked of DynamoDB
    assert served(cloud)[-1] == "miss"
    for each in left:
        table.client.put_item(TableName="t", Item=each["PutRequest"]["Item"])
    cloud.advance(1)
    keys = [item(pk=name) for name in names[1:]]
    reply = dax.batch_get_item(RequestItems={"t": {"Keys": keys}})
    unread = reply["UnprocessedKeys"]["t"]["Keys"]
    cloud.advance(60)
    assert 0 < len(unread) < 7
    assert [got(dax, key["pk"]["S"]) for key in unread] == unread


def test_a_hot_key_is_read_once_per_lifetime(cloud: Cloud) -> None:
    table, dax = Dynamo(cloud), cluster(cloud, item_ttl_s=60)
    table.put(pk="a")
    for _ in range(1_000):
        got(dax)
        cloud.advance(0.25)
    # 250 s: read at 0, and at the first request that is more than 60 s later, which is 60.25 s.
    assert asked(cloud) == ["GetItem"] * 5


def test_caches_are_counted_by_cloudwatch(cloud: Cloud) -> None:
    table, dax = Dynamo(cloud), cluster(cloud, name="shop")
    table.put(pk="a")
    for _ in range(4):
        got(dax)
        dax.scan(**T)
    cloud.advance(60)

    def total(metric: str) -> float:
        points = cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/DAX",
            MetricName=metric,
            Dimensions=[{"Name": "ClusterId", "Value": "shop"}],
            StartTime=cloud.datetime - timedelta(seconds=120),
            EndTime=cloud.datetime,
            Period=300,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(sum(point["Sum"] for point in points))

    counted = {
        name: total(name)
        for name in ("ItemCacheHits", "ItemCacheMisses", "ScanCacheHits", "TotalRequestCount")
    }
    assert counted == {"ItemCacheHits": 3, "ItemCacheMisses": 1, "ScanCacheHits": 3, "TotalRequestCount": 8}


def test_answers_belong_to_the_caller(cloud: Cloud) -> None:
    Dynamo(cloud)
    dax = cluster(cloud)
    written = item(pk="a", n=1)
    dax.put_item(**T, Item=written)
    written["n"]["N"] = "changed"
    got(dax).clear()
    dax.scan(**T)["Items"].clear()
    assert (got(dax), dax.scan(**T)["Count"]) == (item(pk="a", n=1), 1)
    assert dax.scan(**T)["Items"] == [item(pk="a", n=1)]


def test_a_missing_table_is_dynamodbs_error(cloud: Cloud) -> None:
    dax = cluster(cloud)
    assert refused(got, dax) == refused(dax.scan, **T) == "ResourceNotFoundException"
    assert refused(dax.put_item, **T, Item=item(pk="a")) == "ResourceNotFoundException"


STEPS = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from(["read", "write", "past", "wait"]), st.integers(1, 9)),
    max_size=20,
)


@settings(max_examples=30)
@given(STEPS)
def test_item_cache_against_a_plain_model(steps: list[tuple[str, str, int]]) -> None:
    """A read shows what was read or written through DAX last, unless that is more than 10 s ago: then the table."""
    with Cloud(seed=1) as cloud:
        cloud.api_latency_s = 0
        table, dax = Dynamo(cloud), cluster(cloud, item_ttl_s=10)
        stored: dict[str, int] = {}
        kept: dict[str, tuple[float, int | None]] = {}
        for name, step, number in steps:
            if step == "wait":
                cloud.advance(number)
            elif step == "past":
                table.put(pk=name, n=number)
                stored[name] = number
            elif step == "write":
                dax.put_item(**T, Item=item(pk=name, n=number))
                stored[name] = number
                kept[name] = cloud.now, number
            else:
                since, _ = kept.get(name, (-100, None))
                if cloud.now - since > 10:
                    kept[name] = cloud.now, stored.get(name)
                expected = kept[name][1]
                assert got(dax, name) == (None if expected is None else item(pk=name, n=expected))
