"""Time to live: one test a rule, named after it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import Cloud

from .conftest import refused
from .dynamo import Dynamo, counted, item

OPENED = 1_767_603_600  # 2026-01-05T09:00Z
HOUR = 3_600
DAY = 24 * HOUR
YEAR = 365 * DAY


@pytest.fixture
def prompt(cloud: Cloud) -> Cloud:
    """A Cloud in which time to live works at once and expired items are deleted at once."""
    models = cloud.plane("dynamodb").models
    models.ttl_enabling_s = models.ttl_delay_max_s = 0
    return cloud


def switch(table: Dynamo, *, on: bool = True, attribute: str = "expires") -> None:
    table.client.update_time_to_live(
        TableName=table.name, TimeToLiveSpecification={"Enabled": on, "AttributeName": attribute}
    )


def described(table: Dynamo) -> dict[str, str]:
    found: dict[str, str] = table.client.describe_time_to_live(TableName=table.name)["TimeToLiveDescription"]
    return found


def names(table: Dynamo) -> list[str]:
    return sorted(found["pk"]["S"] for found in table.scan())


def test_ttl_deletes_once_the_time_is_past(prompt: Cloud) -> None:
    table = Dynamo(prompt)
    switch(table)
    table.client.put_item(TableName="t", Item={"pk": {"S": "a"}, "expires": {"N": f"{OPENED + 60}.00"}})
    table.put(pk="b", expires=OPENED + 90.5)
    table.put(pk="c", expires=OPENED + 30)
    table.put(pk="stays")
    # Expired means less than the present second, so the 61st second is the first one.
    log = []
    for seconds in (30, 0.999, 0.001, 29.999, 0.001, 29.999, 0.001):
        prompt.advance(seconds)
        log.append((round(prompt.now, 3), "".join(names(table)[:-1])))
    assert log == [
        (30, "abc"),
        (30.999, "abc"),
        (31, "ab"),
        (60.999, "ab"),
        (61, "b"),
        (90.999, "b"),
        (91, ""),
    ]


def test_ttl_delay_is_spread_over_two_days(cloud: Cloud) -> None:
    cloud.plane("dynamodb").models.ttl_enabling_s = 0
    table = Dynamo(cloud)
    switch(table)
    for number in range(400):
        table.put(pk=str(number), expires=OPENED + 599)
    cloud.advance(600)
    assert len(table.scan()) == 400  # expired, and still there
    cloud.advance(2 * DAY + 1)
    assert table.scan() == []
    rows = cloud.trail[cloud.trail.actor == "dynamodb"]
    delays = [time_s - 600 for time_s in rows.time_s]
    assert delays == sorted(delays)
    assert 0 <= delays[0] < 2 * DAY / 50
    assert 2 * DAY * 49 / 50 < delays[-1] <= 2 * DAY
    assert sum(delays) / len(delays) == pytest.approx(DAY, rel=0.1)


def test_ttl_delay_model_gives_exact_delays(cloud: Cloud) -> None:
    models = cloud.plane("dynamodb").models
    models.ttl_enabling_s, models.ttl_delay_min_s, models.ttl_delay_max_s = 0, 7.25, 7.25
    table = Dynamo(cloud)
    switch(table)
    table.put(pk="a", expires=OPENED + 100)
    cloud.advance(108.249)
    assert names(table) == ["a"]
    cloud.advance(0.001)
    assert names(table) == []


def test_ttl_delay_of_an_item_does_not_depend_on_the_others() -> None:
    def deletion(others: int) -> float:
        with Cloud(seed=5) as cloud:
            cloud.plane("dynamodb").models.ttl_enabling_s = 0
            table = Dynamo(cloud)
            switch(table)
            for number in range(others):
                table.put(pk=str(number), expires=OPENED)
            table.put(pk="a", expires=OPENED + 5)
            cloud.advance(3 * DAY)
            rows = cloud.trail[cloud.trail.actor == "dynamodb"]
            (time_s,) = [row.time_s for row in rows.itertuples() if row.parameters["Key"] == item(pk="a")]
            return float(time_s)

    assert deletion(others=0) == deletion(others=3)


def test_ttl_item_is_still_read_until_it_is_deleted(cloud: Cloud) -> None:
    models = cloud.plane("dynamodb").models
    models.ttl_enabling_s, models.ttl_delay_min_s = 0, HOUR
    table = Dynamo(cloud, sort=True)
    switch(table)
    table.put(pk="a", sk=1, expires=OPENED + 1)
    cloud.advance(HOUR)
    expired = item(pk="a", sk=1, expires=OPENED + 1)
    assert table.get(pk="a", sk=1, strong=True) == expired
    assert table.scan() == [expired]
    values = {":now": {"N": str(OPENED + HOUR)}}
    assert table.scan(FilterExpression="expires > :now", ExpressionAttributeValues=values) == []


def test_ttl_of_another_type_is_ignored(prompt: Cloud) -> None:
    table = Dynamo(prompt)
    switch(table)
    past = str(OPENED - 10)
    for name, attribute in {"text": {"S": past}, "list": {"L": [{"N": past}]}, "set": {"NS": [past]}}.items():
        table.client.put_item(TableName="t", Item={"pk": {"S": name}, "expires": attribute})
    table.client.put_item(TableName="t", Item={"pk": {"S": "nested"}, "m": {"M": {"expires": {"N": past}}}})
    table.client.put_item(TableName="t", Item={"pk": {"S": "case"}, "Expires": {"N": past}})
    prompt.advance(DAY)
    assert names(table) == ["case", "list", "nested", "set", "text"]


def test_ttl_more_than_five_years_ago_is_ignored(prompt: Cloud) -> None:
    table = Dynamo(prompt)
    switch(table)
    table.put(pk="long ago", expires=OPENED - 5 * YEAR - 1)
    table.put(pk="five years ago", expires=OPENED - 5 * YEAR)
    table.put(pk="zero", expires=0)
    table.put(pk="before 1970", expires=-60)
    prompt.advance(1)
    assert names(table) == ["before 1970", "long ago", "zero"]


def test_ttl_in_milliseconds_never_comes(prompt: Cloud) -> None:
    table = Dynamo(prompt)
    switch(table)
    table.put(pk="a", expires=OPENED * 1_000)
    table.client.put_item(TableName="t", Item={"pk": {"S": "b"}, "expires": {"N": "1E+120"}})
    prompt.advance(6 * DAY)
    assert names(table) == ["a", "b"]


@pytest.mark.parametrize("late", [False, True])
def test_ttl_changed_or_removed_saves_the_item(cloud: Cloud, late: bool) -> None:
    models = cloud.plane("dynamodb").models
    models.ttl_enabling_s, models.ttl_delay_min_s, models.ttl_delay_max_s = 0, HOUR, HOUR
    table = Dynamo(cloud)
    switch(table)
    for name in ("moved", "removed", "replaced", "touched"):
        table.put(pk=name, expires=OPENED + 60)
    cloud.advance(600 if late else 10)  # late: expired, and not yet deleted
    table.update(item(pk="moved"), "SET expires = :later", later=OPENED + DAY)
    table.update(item(pk="removed"), "REMOVE expires")
    table.put(pk="replaced")
    table.update(item(pk="touched"), "SET seen = :seen", seen=1)
    cloud.advance(12 * HOUR)
    assert names(table) == ["moved", "removed", "replaced"]
    cloud.advance(DAY)
    assert names(table) == ["removed", "replaced"]


def test_ttl_brought_forward(prompt: Cloud) -> None:
    table = Dynamo(prompt)
    switch(table)
    table.put(pk="a", expires=OPENED + DAY)
    table.put(pk="a", expires=OPENED + 9)
    prompt.advance(10)
    assert names(table) == []
    table.put(pk="a", expires=OPENED + DAY)
    prompt.advance(DAY - 10)
    assert names(table) == ["a"]
    prompt.advance(1)
    assert names(table) == []


def test_ttl_takes_an_hour_to_enable(cloud: Cloud) -> None:
    cloud.plane("dynamodb").models.ttl_delay_max_s = 0
    table = Dynamo(cloud)
    assert described(table) == {"TimeToLiveStatus": "DISABLED"}
    table.put(pk="before", expires=OPENED - 5)
    switch(table)
    table.put(pk="meanwhile", expires=OPENED + 5)
    cloud.advance(HOUR - 0.001)
    assert described(table) == {"TimeToLiveStatus": "ENABLING", "AttributeName": "expires"}
    assert names(table) == ["before", "meanwhile"]
    cloud.advance(0.001)
    assert described(table) == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    assert names(table) == []


def test_ttl_looks_at_every_item_when_it_is_enabled(cloud: Cloud) -> None:
    cloud.plane("dynamodb").models.ttl_delay_max_s = 0
    table = Dynamo(cloud)
    for number in range(20):  # more than one page of 1 MB
        table.put(pk=str(number), expires=OPENED - 5, text="x" * 200_000)
    switch(table)
    cloud.advance(HOUR)
    assert table.client.scan(TableName="t", Select="COUNT")["Count"] == 0


def test_ttl_deletes_for_30_minutes_after_it_is_disabled(prompt: Cloud) -> None:
    table = Dynamo(prompt)
    switch(table)
    prompt.advance(HOUR)
    for name, at in {"soon": HOUR + 600, "late": HOUR + 1_800}.items():
        table.put(pk=name, expires=OPENED + at)
    switch(table, on=False)
    assert described(table)["TimeToLiveStatus"] == "DISABLING"
    prompt.advance(601)
    assert names(table) == ["late"]
    prompt.advance(DAY)
    assert described(table) == {"TimeToLiveStatus": "DISABLED"}
    assert names(table) == ["late"]


def test_ttl_changes_once_an_hour(cloud: Cloud) -> None:
    table = Dynamo(cloud)
    switch(table)
    cloud.advance(HOUR - 0.001)
    assert refused(switch, table, on=False) == "ValidationException"
    cloud.advance(0.001)
    switch(table, on=False)
    assert refused(switch, table) == "ValidationException"


def test_ttl_update_is_not_idempotent(cloud: Cloud) -> None:
    table = Dynamo(cloud)
    assert refused(switch, table, on=False) == "ValidationException"
    switch(table)
    cloud.advance(2 * HOUR)
    assert refused(switch, table) == "ValidationException"
    assert refused(switch, table, attribute="other") == "ValidationException"
    assert refused(switch, table, on=False, attribute="other") == "ValidationException"
    switch(table, on=False)
    missing = {"Enabled": True, "AttributeName": "a"}
    assert (
        refused(table.client.update_time_to_live, TableName="none", TimeToLiveSpecification=missing)
        == "ResourceNotFoundException"
    )


def test_ttl_delete_is_a_service_delete_in_the_stream(prompt: Cloud) -> None:
    table = Dynamo(prompt, view="NEW_AND_OLD_IMAGES")
    switch(table)
    table.put(pk="a", expires=OPENED + 60)
    table.put(pk="b")
    table.delete(pk="b")
    prompt.advance(61)
    by_user, by_service = (record for record in table.records() if record["eventName"] == "REMOVE")
    assert "userIdentity" not in by_user
    assert by_service["userIdentity"] == {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
    assert by_service["dynamodb"]["OldImage"] == item(pk="a", expires=OPENED + 60)


def test_ttl_delete_leaves_the_indexes(prompt: Cloud) -> None:
    index = {
        "IndexName": "by_owner",
        "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    owner = [{"AttributeName": "owner", "AttributeType": "S"}]
    table = Dynamo(prompt, attributes=owner, GlobalSecondaryIndexes=[index])
    switch(table)
    table.put(pk="a", owner="me", expires=OPENED + 60)

    def mine() -> int:
        reply = table.client.query(
            TableName="t",
            IndexName="by_owner",
            KeyConditionExpression="#o = :me",
            ExpressionAttributeNames={"#o": "owner"},
            ExpressionAttributeValues={":me": {"S": "me"}},
        )
        return int(reply["Count"])

    assert mine() == 1
    prompt.advance(61)
    assert mine() == 0


def test_ttl_delete_is_in_the_trail(prompt: Cloud) -> None:
    table = Dynamo(prompt, sort=True)
    switch(table)
    table.put(pk="a", sk=1, expires=OPENED + 60)
    prompt.advance(100)
    row = prompt.trail.iloc[-1]
    assert (row.time_s, row.actor, row.service, row.operation) == (61.0, "dynamodb", "dynamodb", "DeleteItem")
    assert row.parameters == {"TableName": "t", "Key": item(pk="a", sk=1)}
    assert row.response == {"Attributes": item(pk="a", sk=1, expires=OPENED + 60)}


def test_ttl_delete_uses_no_write_units(prompt: Cloud) -> None:
    table = Dynamo(prompt, units=(100, 1))
    switch(table)
    for number in range(10):
        table.put(pk=str(number), expires=OPENED + 600)
        prompt.advance(1)
    prompt.advance(590)
    written = ("WriteThrottleEvents", "ConsumedWriteCapacityUnits", "TimeToLiveDeletedItemCount")
    assert len(table.scan()) == 10
    prompt.advance(1)
    assert table.scan() == []
    assert [counted(prompt, metric) for metric in written] == [0, 10, 10]


def test_ttl_ends_with_its_table(prompt: Cloud) -> None:
    table = Dynamo(prompt)
    switch(table)
    table.put(pk="a", expires=OPENED + 60)
    table.client.delete_table(TableName="t")
    prompt.advance(1)
    again = Dynamo(prompt)
    again.put(pk="a", expires=OPENED + 60)
    prompt.advance(DAY)
    assert (described(again), names(again)) == ({"TimeToLiveStatus": "DISABLED"}, ["a"])


def test_ttl_of_a_table_that_was_deleted_meanwhile(cloud: Cloud) -> None:
    table = Dynamo(cloud)
    switch(table)
    table.client.delete_table(TableName="t")
    cloud.advance(2 * HOUR)
    assert cloud.now == 2 * HOUR


def test_ttl_costs_no_events_while_nothing_is_due(prompt: Cloud) -> None:
    table = Dynamo(prompt)
    switch(table)
    for number in range(900):
        table.put(pk="session", expires=OPENED + DAY + number)  # each visit moves the end
    assert len(prompt._environment._queue) < 10
    prompt.advance(DAY + 899)
    assert names(table) == ["session"]
    prompt.advance(1)
    assert names(table) == []


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from([None, 5, 20, 40, 90]), st.integers(0, 15)),
        max_size=15,
    )
)
def test_ttl_deletes_exactly_what_is_past(steps: list[tuple[str, int | None, int]]) -> None:
    """Against a plain model: at any time, the items that are there are those whose number is not past."""
    with Cloud(seed=1) as cloud:
        cloud.api_latency_s = 0
        models = cloud.plane("dynamodb").models
        models.ttl_enabling_s = models.ttl_delay_max_s = 0
        table = Dynamo(cloud)
        switch(table)
        expected: dict[str, int | None] = {}
        for name, expires, wait_s in steps:
            more: dict[str, Any] = {} if expires is None else {"expires": OPENED + expires}
            table.put(pk=name, **more)
            expected[name] = expires
            cloud.advance(wait_s)
            there = {key: at for key, at in expected.items() if at is None or at >= cloud.now}
            assert names(table) == sorted(there)
            expected = there
