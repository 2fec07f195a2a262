"""Eventually consistent reads and global indexes that lag behind: one test a rule, named after it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import Cloud

from .conftest import refused
from .dynamo import Dynamo, Item, item

INDEX = {
    "attributes": [{"AttributeName": "owner", "AttributeType": "S"}],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by_owner",
            "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
}


@pytest.fixture
def lagging(cloud: Cloud) -> Cloud:
    """A Cloud in which every eventually consistent read sees its table as it was 0.5 s ago."""
    models = cloud.plane("dynamodb").models
    models.replication_lag_s, models.lagging_reads = 0.5, 1.0
    return cloud


def queried(table: Dynamo, **more: Any) -> list[Item]:
    found: list[Item] = table.client.query(
        TableName="t",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "a"}},
        **more,
    )["Items"]
    return found


def owned(table: Dynamo, owner: str, **more: Any) -> list[Item]:
    found: list[Item] = table.client.query(
        TableName="t",
        IndexName="by_owner",
        KeyConditionExpression="#o = :o",
        ExpressionAttributeNames={"#o": "owner"},
        ExpressionAttributeValues={":o": {"S": owner}},
        **more,
    )["Items"]
    return found


def batch(table: Dynamo, *, strong: bool) -> list[Item]:
    wanted = {"Keys": [item(pk="a", sk=1)], "ConsistentRead": strong}
    found: list[Item] = table.client.batch_get_item(RequestItems={"t": wanted})["Responses"]["t"]
    return found


def test_no_lag_unless_asked_for(cloud: Cloud) -> None:
    table = Dynamo(cloud, sort=True, **INDEX)
    table.put(pk="a", sk=1, owner="me")
    new = item(pk="a", sk=1, owner="me")
    assert table.get(pk="a", sk=1) == new
    assert [queried(table), table.scan(), batch(table, strong=False), owned(table, "me")] == [[new]] * 4


def test_lag_of_eventually_consistent_reads(lagging: Cloud) -> None:
    table = Dynamo(lagging, sort=True)
    table.put(pk="a", sk=1, n=1)
    lagging.advance(1)
    old, new = item(pk="a", sk=1, n=1), item(pk="a", sk=1, n=2)
    table.put(pk="a", sk=1, n=2)

    def eventual() -> list[Any]:
        return [table.get(pk="a", sk=1), *queried(table), *table.scan(), *batch(table, strong=False)]

    assert eventual() == [old] * 4
    lagging.advance(0.499)
    assert eventual() == [old] * 4
    lagging.advance(0.001)
    assert eventual() == [new] * 4


def test_lag_never_in_consistent_reads(lagging: Cloud) -> None:
    table = Dynamo(lagging, sort=True)
    table.put(pk="a", sk=1, n=1)
    lagging.advance(1)
    table.put(pk="a", sk=1, n=2)
    new = item(pk="a", sk=1, n=2)
    assert table.get(pk="a", sk=1, strong=True) == new
    assert (
        queried(table, ConsistentRead=True)
        == table.scan(ConsistentRead=True)
        == batch(table, strong=True)
        == [new]
    )
    got = table.client.transact_get_items(
        TransactItems=[{"Get": {"TableName": "t", "Key": item(pk="a", sk=1)}}]
    )
    assert got["Responses"] == [{"Item": new}]
    assert table.get(pk="a", sk=1) == item(pk="a", sk=1, n=1)  # and nothing was changed by looking


def test_lag_of_new_and_deleted_items(lagging: Cloud) -> None:
    table = Dynamo(lagging, sort=True)
    table.put(pk="a", sk=1)
    lagging.advance(1)
    table.delete(pk="a", sk=1)
    table.put(pk="a", sk=2)
    assert (table.get(pk="a", sk=1), table.get(pk="a", sk=2)) == (item(pk="a", sk=1), None)
    assert table.scan() == [item(pk="a", sk=1)]
    lagging.advance(0.5)
    assert table.scan() == [item(pk="a", sk=2)]


def test_lag_shows_each_state_in_turn(lagging: Cloud) -> None:
    table = Dynamo(lagging)
    seen = []
    for number in range(1, 11):
        table.put(pk="a", n=number)
        lagging.advance(0.1)
        seen.append(table.get(pk="a"))
    assert seen == [None] * 4 + [item(pk="a", n=n) for n in range(1, 7)]


def test_lag_never_spoils_a_condition(lagging: Cloud) -> None:
    table = Dynamo(lagging)
    table.put(pk="a", version=1)
    lagging.advance(1)
    table.put(pk="a", version=2)
    assert table.get(pk="a") == item(pk="a", version=1)
    stale = {"ConditionExpression": "version = :v", "ExpressionAttributeValues": {":v": {"N": "1"}}}
    assert refused(table.client.put_item, TableName="t", Item=item(pk="a"), **stale) == (
        "ConditionalCheckFailedException"
    )


def test_lag_reaches_a_share_of_the_reads(cloud: Cloud) -> None:
    cloud.plane("dynamodb").models.replication_lag_s = 10
    table = Dynamo(cloud)
    table.put(pk="a", n=1)
    stale = sum(table.get(pk="a") is None for _ in range(600))
    assert 160 < stale < 240


def test_gsi_lag(cloud: Cloud) -> None:
    cloud.plane("dynamodb").models.gsi_lag_s = 0.3
    table = Dynamo(cloud, **INDEX)
    table.put(pk="a", owner="me")
    assert table.get(pk="a") == item(pk="a", owner="me")  # the table itself does not lag
    assert owned(table, "me") == []
    assert table.scan(IndexName="by_owner") == []
    cloud.advance(0.299)
    assert owned(table, "me") == []
    cloud.advance(0.001)
    assert owned(table, "me") == table.scan(IndexName="by_owner") == [item(pk="a", owner="me")]
    table.put(pk="a", owner="you")
    assert (owned(table, "me"), owned(table, "you")) == ([item(pk="a", owner="me")], [])
    cloud.advance(0.3)
    assert (owned(table, "me"), owned(table, "you")) == ([], [item(pk="a", owner="you")])


def test_gsi_is_never_read_consistently(cloud: Cloud) -> None:
    table = Dynamo(cloud, **INDEX)
    assert refused(owned, table, "me", ConsistentRead=True) == "ValidationException"


def test_gsi_lags_behind_an_expired_item(cloud: Cloud) -> None:
    models = cloud.plane("dynamodb").models
    models.gsi_lag_s = models.ttl_delay_min_s = models.ttl_delay_max_s = 5
    models.ttl_enabling_s = 0
    table = Dynamo(cloud, **INDEX)
    table.client.update_time_to_live(
        TableName="t", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    table.put(pk="a", owner="me", expires=1_767_603_600)
    cloud.advance(6)
    assert (table.get(pk="a"), len(owned(table, "me"))) == (None, 1)
    cloud.advance(5)
    assert owned(table, "me") == []


@settings(max_examples=25)
@given(
    st.integers(1, 5),
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["put", "delete", "wait"]), st.integers(0, 3)),
        max_size=15,
    ),
)
def test_lag_shows_the_table_as_it_was(lag_s: int, steps: list[tuple[str, str, int]]) -> None:
    """Against a history: an eventual read shows exactly the state of `lag_s` ago, a consistent one that of now."""
    with Cloud(seed=1) as cloud:
        cloud.api_latency_s = 0
        models = cloud.plane("dynamodb").models
        models.replication_lag_s, models.lagging_reads = lag_s, 1.0
        table = Dynamo(cloud)
        history: dict[float, dict[str, int]] = {-10.0: {}}
        state: dict[str, int] = {}
        for name, step, number in steps:
            if step == "put":
                table.put(pk=name, n=number)
                state = state | {name: number}
            elif step == "delete":
                table.delete(pk=name)
                state = {key: n for key, n in state.items() if key != name}
            else:
                cloud.advance(number)
            history[cloud.now] = state
            then = history[max(at for at in history if at <= cloud.now - lag_s)]
            for strong, expected in ((False, then), (True, state)):
                found = {each["pk"]["S"]: int(each["n"]["N"]) for each in table.scan(ConsistentRead=strong)}
                assert found == expected
