"""The live checks of section 22: what passes, what does not yet, and that looking leaves no trace."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from random import Random
from typing import Any

import pytest

from helpers import Cloud
from helpers.sections.checks import Status, find_check
from helpers.sections.s22_dynamodb.checks import CHECKS, OWN_ID

PASSED, FAILED, NOT_ATTEMPTED = Status.PASSED, Status.FAILED, Status.NOT_ATTEMPTED


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with Cloud(seed=22) as opened:
        yield opened


def judge(name: str) -> tuple[Status, str]:
    result = find_check(f"22_dynamodb.{name}").judge()
    return result.status, result.reason


def make_table(
    cloud: Cloud, name: str, keys: tuple[str, ...], types: dict[str, str] | None = None, **more: Any
) -> Any:
    """An on-demand table unless `more` says otherwise; its client."""
    client = cloud.client("dynamodb")
    kinds = types or dict.fromkeys(keys, "S")
    client.create_table(
        TableName=name,
        KeySchema=schema(keys),
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": kind} for each, kind in kinds.items()],
        **(more or {"BillingMode": "PAY_PER_REQUEST"}),
    )
    return client


def schema(keys: tuple[str, ...]) -> list[dict[str, str]]:
    return [
        {"AttributeName": each, "KeyType": kind} for each, kind in zip(keys, ("HASH", "RANGE"), strict=False)
    ]


def put(client: Any, table: str, item: dict[str, str]) -> None:
    client.put_item(TableName=table, Item={name: {"S": value} for name, value in item.items()})


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_an_empty_account_has_attempted_nothing_and_looking_leaves_no_trace(check: Any, cloud: Cloud) -> None:
    result = check.judge()
    assert result.status is NOT_ATTEMPTED
    assert result.reason.endswith(".")
    assert (len(cloud.trail), cloud.now) == (0, 0)


# ---- keys


def put_readings(client: Any) -> None:
    for n in range(48):
        station, day, time = f"s-{n % 3}", f"2026-01-0{7 + n // 24}", f"{10 + n // 3 % 8}:00"
        item = {"station": station, "day": day, "time": time, "celsius": "4"}
        put(client, "readings", item | {"at": f"{day} {time}", "station_day": f"{station} {day}"})


@pytest.mark.parametrize(
    ("keys", "status", "word"),
    [
        (("station", "at"), PASSED, ""),
        (("station_day", "time"), PASSED, ""),
        (("station_day", "at"), PASSED, ""),
        (("station", "time"), FAILED, "24 of 48 readings are left"),
        (("station", "celsius"), FAILED, "3 of 48"),
        (("day", "time"), FAILED, "replaced each other"),
        (("at", "station"), FAILED, "lie under 8 values of at"),
        (("time", "station_day"), FAILED, "lie under 8 values of time"),
        (("celsius", "at"), FAILED, "16 of 48"),
    ],
)
def test_keys(cloud: Cloud, keys: tuple[str, ...], status: Status, word: str) -> None:
    client = make_table(cloud, "readings", keys)
    assert judge("keys") == (NOT_ATTEMPTED, "0 of 48 readings were put so far.")
    put_readings(client)
    before = cloud.trail
    found, reason = judge("keys")
    assert (found, word in reason) == (status, True)
    assert cloud.trail.equals(before)


def test_keys_in_one_collection(cloud: Cloud) -> None:
    """All under one key value: nothing is lost, and yet the days of other stations stand between."""
    client = make_table(cloud, "readings", ("all", "order"))
    for n in range(48):
        station, day, time = f"s-{n % 3}", f"2026-01-0{7 + n // 24}", f"{10 + n // 3 % 8}:00"
        item = {"station": station, "day": day, "time": time, "all": "all"}
        put(client, "readings", item | {"order": f"{day} {time} {station}"})
    assert judge("keys")[0] is FAILED
    assert "stand between" in judge("keys")[1]


# ---- units


@pytest.mark.parametrize(
    ("reads", "writes", "status", "word"),
    [
        (40, 70, PASSED, ""),
        (48, 84, PASSED, ""),
        (39, 70, FAILED, "39 read units are fewer"),
        (33, 65, FAILED, "33 read units are fewer"),
        (40, 65, FAILED, "65 write units are fewer"),
        (80, 70, FAILED, "80 read units are paid"),
        (40, 85, FAILED, "85 write units are paid"),
    ],
)
def test_units(cloud: Cloud, reads: int, writes: int, status: Status, word: str) -> None:
    throughput = {"ReadCapacityUnits": reads, "WriteCapacityUnits": writes}
    make_table(cloud, "catalogue", ("id",), ProvisionedThroughput=throughput)
    found, reason = judge("units")
    assert (found, word in reason) == (status, True)


def test_units_on_demand(cloud: Cloud) -> None:
    make_table(cloud, "catalogue", ("id",))
    assert judge("units")[0] is FAILED
    assert "on demand" in judge("units")[1]


# ---- throttle

Way = Callable[[int], str]
chance = Random(22)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("way", "status", "word"),
    [
        (lambda voter: f"ada.{voter % 10}", PASSED, "10 queries"),
        (lambda voter: f"ada.{voter % 20}", PASSED, "20 queries"),
        (lambda _: "ada", FAILED, "were throttled"),
        (lambda _: f"ada.{chance.randrange(10)}", FAILED, "not found by one read"),
        (lambda voter: f"ada.{voter}", FAILED, "1,500 keys"),
    ],
)
def test_throttle(cloud: Cloud, way: Way, status: Status, word: str) -> None:
    client = make_table(cloud, "votes", ("candidate", "voter"), {"candidate": "S", "voter": "N"})
    assert judge("throttle") == (NOT_ATTEMPTED, "The votes were not all put and looked up yet.")

    def vote(first: int) -> None:
        for voter in range(first, first + 150):
            client.put_item(TableName="votes", Item={**key(voter), "greeting": {"S": "x" * 1_500}})

    def key(voter: int) -> dict[str, dict[str, str]]:
        return {"candidate": {"S": way(voter)}, "voter": {"N": str(voter)}}

    for server in range(10):
        cloud.spawn(vote, server * 150, name=f"web-{server}")
    cloud.run()
    for voter in range(0, 1_500, 75):
        client.get_item(TableName="votes", Key=key(voter))
    found, reason = judge("throttle")
    assert (found, word in reason) == (status, True)


# ---- read


@pytest.mark.parametrize(
    ("limit", "strong", "status", "word"),
    [
        (8, False, PASSED, "25 calls"),
        (20, False, PASSED, "20 read units"),
        (10, True, PASSED, "20 read units"),
        (7, False, FAILED, "29 calls"),
        (21, False, FAILED, "21 read units at once"),
        (20, True, FAILED, "40 read units at once"),
        (1_000, False, FAILED, "127.5 read units at once"),
    ],
)
def test_read(cloud: Cloud, limit: int, strong: bool, status: Status, word: str) -> None:
    client = make_table(cloud, "archive", ("id",))
    for number in range(200):
        put(client, "archive", {"id": f"a-{number:03}", "text": "x" * 8_000})
    assert judge("read") == (NOT_ATTEMPTED, "archive was not scanned yet.")
    key: dict[str, Any] = {}
    while True:
        page = client.scan(
            TableName="archive", Limit=limit, ConsistentRead=strong, ReturnConsumedCapacity="TOTAL", **key
        )
        if "LastEvaluatedKey" not in page:
            break
        key = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    found, reason = judge("read")
    assert (found, word in reason) == (status, True)


def test_read_one_page(cloud: Cloud) -> None:
    client = make_table(cloud, "archive", ("id",))
    for number in range(200):
        put(client, "archive", {"id": f"a-{number:03}", "text": "x" * 8_000})
    client.scan(TableName="archive", Limit=20, ReturnConsumedCapacity="TOTAL")
    assert judge("read")[0] is FAILED
    assert "20 of 200 items were read" in judge("read")[1]


# ---- index


@pytest.mark.parametrize(
    ("keys", "status", "word"),
    [
        (("waiting", "came"), PASSED, ""),
        (("waiting", "waiting_since"), PASSED, ""),
        (("status", "waiting_since"), PASSED, ""),
        (("status", "came"), FAILED, "holds 200 parcels"),
        (("id", "came"), FAILED, "holds 200 parcels"),
        (("waiting_since", "came"), FAILED, "lie under 8 values of waiting_since"),
        (("came", "waiting"), FAILED, "lie under 8 values of came"),
        (("waiting", "id"), FAILED, "in the order of id"),
    ],
)
def test_index(cloud: Cloud, keys: tuple[str, ...], status: Status, word: str) -> None:
    index = {"IndexName": "that-wait", "KeySchema": schema(keys), "Projection": {"ProjectionType": "ALL"}}
    types = dict.fromkeys(("id", *keys), "S")
    client = make_table(
        cloud, "parcels", ("id",), types, GlobalSecondaryIndexes=[index], BillingMode="PAY_PER_REQUEST"
    )
    assert judge("index") == (NOT_ATTEMPTED, "The 200 parcels are not all there yet.")
    for number in range(200):
        came = f"day {number * 37 % 200:03}"
        parcel = {"id": f"p-{number:03}", "came": came, "status": "sent"}
        if number % 25 == 17:
            parcel |= {"status": "waiting", "waiting": "yes", "waiting_since": came}
        put(client, "parcels", parcel)
    found, reason = judge("index")
    assert (found, word in reason) == (status, True)


def test_index_is_asked_for(cloud: Cloud) -> None:
    make_table(cloud, "parcels", ("id",))
    assert judge("index") == (NOT_ATTEMPTED, "parcels has no global index yet.")


# ---- write


def book(client: Any, customer: str, seat: str, condition: str) -> None:
    change = {"UpdateExpression": "SET customer = :customer", "ConditionExpression": condition}
    values = {"ExpressionAttributeValues": {":customer": {"S": customer}}}
    with suppress(client.exceptions.ConditionalCheckFailedException):
        client.update_item(TableName="seats", Key={"seat": {"S": seat}}, **change, **values)


@pytest.mark.parametrize(
    ("condition", "status", "word"),
    [
        ("attribute_not_exists(seat) OR customer = :customer", PASSED, "2 seats"),
        ("attribute_not_exists(customer) OR customer = :customer", PASSED, "2 seats"),
        ("attribute_not_exists(seat)", FAILED, "ada is told that A1 is gone"),
        ("attribute_not_exists(seat) OR attribute_exists(seat)", FAILED, "ben took it"),
        ("attribute_exists(seat)", FAILED, "ada could not book A1, which was free"),
        ("customer = :customer", FAILED, "ada could not book A1, which was free"),
    ],
)
def test_write(cloud: Cloud, condition: str, status: Status, word: str) -> None:
    client = make_table(cloud, "seats", ("seat",))
    for customer, seat in (("ada", "A1"), ("ada", "A1"), ("ben", "A1")):
        book(client, customer, seat, condition)
    assert judge("write") == (NOT_ATTEMPTED, "Not all bookings of the task were made yet.")
    book(client, "ben", "A2", condition)
    before = cloud.trail
    found, reason = judge("write")
    assert (found, word in reason) == (status, True)
    assert cloud.trail.equals(before)


# ---- stream


@pytest.mark.parametrize(
    ("archived", "status", "word"),
    [
        (("s-1", "s-4"), PASSED, "2 sessions that expired"),
        (("s-1",), FAILED, "s-4 expired and is not"),
        ((), FAILED, "s-1, s-4 expired and are not"),
        (("s-1", "s-2", "s-4"), FAILED, "s-2 is in the archive, although its user has ended it"),
        (("s-1", "s-4", "s-5"), FAILED, "s-5 is in the archive, although it is still in use"),
    ],
)
def test_stream(cloud: Cloud, archived: tuple[str, ...], status: Status, word: str) -> None:
    client = sessions_of_a_day(cloud)
    for name in archived:
        put(client, "archive", {"session": name, "expires": "then", "cart": "cart"})
    found, reason = judge("stream")
    assert (found, word in reason) == (status, True)


def test_stream_wants_the_content(cloud: Cloud) -> None:
    client = sessions_of_a_day(cloud)
    for name in ("s-1", "s-4"):
        put(client, "archive", {"session": name})
    assert judge("stream") == (FAILED, "The archive has the keys of the sessions and not what was in them.")


def test_stream_waits_for_time_to_live(cloud: Cloud) -> None:
    make_table(cloud, "sessions", ("session",))
    make_table(cloud, "archive", ("session",))
    assert judge("stream") == (NOT_ATTEMPTED, "Time to live has deleted no session yet.")


def sessions_of_a_day(cloud: Cloud) -> Any:
    """Sessions s-1 and s-4 expire, s-2 and s-3 are ended by their users, s-5 is in use; an empty archive."""
    models = cloud.plane("dynamodb").models
    models.ttl_enabling_s = models.ttl_delay_max_s = 0
    make_table(cloud, "archive", ("session",))
    client = make_table(cloud, "sessions", ("session",))
    on = {"Enabled": True, "AttributeName": "expires"}
    client.update_time_to_live(TableName="sessions", TimeToLiveSpecification=on)
    for number in range(1, 6):
        expires = {"N": str(int(cloud.datetime.timestamp()) + (86_400 if number == 5 else 3_600))}
        session = {"session": {"S": f"s-{number}"}, "expires": expires, "cart": {"S": "tea"}}
        client.put_item(TableName="sessions", Item=session)
    for name in ("s-2", "s-3"):
        client.delete_item(TableName="sessions", Key={"session": {"S": name}})
    cloud.advance(7_200)
    return client


# ---- cache


@pytest.mark.slow
@pytest.mark.parametrize(
    ("item_ttl_s", "status", "word"),
    [
        (0, FAILED, "as it was 36"),
        (29, FAILED, "got 125 of the 3,600 reads"),
        (30, PASSED, "120 reads"),
        (60, PASSED, "60 reads"),
        (62, FAILED, "as it was 61"),
        (300, FAILED, "as it was 299"),
    ],
)
def test_cache(cloud: Cloud, item_ttl_s: float, status: Status, word: str) -> None:
    put(make_table(cloud, "menu", ("product",)), "menu", {"product": "tea", "price": "3"})
    dax = cloud.plane("dynamodb").dax(item_ttl_s=item_ttl_s)
    dax.get_item(TableName="menu", Key={"product": {"S": "tea"}})
    assert judge("cache") == (NOT_ATTEMPTED, "1 of 3,600 page views came so far.")
    for _ in range(3_599):
        cloud.advance(1)
        dax.get_item(TableName="menu", Key={"product": {"S": "tea"}})
    found, reason = judge("cache")
    assert (found, word in reason) == (status, True)


# ---- operate


@pytest.mark.parametrize(
    ("actions", "own", "status", "word"),
    [
        (("GetItem", "Query", "PutItem"), True, PASSED, ""),
        (("GetItem", "Query", "PutItem", "UpdateItem", "DescribeTable"), True, PASSED, ""),
        (("GetItem", "PutItem"), True, FAILED, "may not call dynamodb:Query"),
        (("GetItem", "Query", "PutItem", "Scan"), True, FAILED, "may scan the whole table"),
        (("*",), True, FAILED, "may scan the whole table"),
        (("GetItem", "Query", "PutItem", "DeleteTable"), True, FAILED, "may call dynamodb:DeleteTable"),
        (("GetItem", "Query", "PutItem"), False, FAILED, "on the items of ben"),
    ],
)
def test_operate(cloud: Cloud, actions: tuple[str, ...], own: bool, status: Status, word: str) -> None:
    iam = cloud.client("iam")
    iam.create_role(RoleName="players", AssumeRolePolicyDocument=json.dumps(TRUST))
    assert judge("operate") == (NOT_ATTEMPTED, "The role players has no policy yet.")
    keys = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [OWN_ID]}}
    allow = {
        "Effect": "Allow",
        "Action": [f"dynamodb:{action}" for action in actions],
        "Resource": "arn:aws:dynamodb:us-east-1:123456789012:table/scores",
        **({"Condition": keys} if own else {}),
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_role_policy(RoleName="players", PolicyName="own", PolicyDocument=document)
    found, reason = judge("operate")
    assert (found, word in reason) == (status, True)


TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Federated": "cognito-identity.amazonaws.com"},
            "Action": "sts:AssumeRoleWithWebIdentity",
        }
    ],
}
