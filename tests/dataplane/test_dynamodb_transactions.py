"""Transactions and their client tokens: one test a rule, named after it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import Cloud

from .conftest import refused
from .dynamo import Dynamo, counted, item, value

TABLE = {"TableName": "t"}


def put(name: str, *, condition: str | None = None, **attributes: Any) -> dict[str, Any]:
    return {"Put": {**TABLE, "Item": item(pk=name, **attributes), **_if(condition)}}


def add(name: str, number: int, *, condition: str | None = None) -> dict[str, Any]:
    values = {"ExpressionAttributeValues": {":n": value(number)}}
    return {
        "Update": {**TABLE, "Key": item(pk=name), "UpdateExpression": "ADD n :n", **values, **_if(condition)}
    }


def delete(name: str, *, condition: str | None = None) -> dict[str, Any]:
    return {"Delete": {**TABLE, "Key": item(pk=name), **_if(condition)}}


def check(name: str, condition: str) -> dict[str, Any]:
    return {"ConditionCheck": {**TABLE, "Key": item(pk=name), "ConditionExpression": condition}}


def _if(condition: str | None) -> dict[str, str]:
    return {} if condition is None else {"ConditionExpression": condition}


def write(table: Dynamo, *actions: dict[str, Any], **more: Any) -> None:
    table.client.transact_write_items(TransactItems=list(actions), **more)


def reasons(table: Dynamo, *actions: dict[str, Any]) -> list[str]:
    """The codes of the reasons for which the transaction is cancelled."""
    with pytest.raises(table.client.exceptions.TransactionCanceledException) as caught:
        write(table, *actions)
    return [reason["Code"] for reason in caught.value.response["CancellationReasons"]]


def items(table: Dynamo) -> dict[str, Any]:
    pages = table.client.get_paginator("scan").paginate(TableName=table.name, ConsistentRead=True)
    return {found["pk"]["S"]: found for page in pages for found in page["Items"]}


def test_transaction_writes_everything(cloud: Cloud) -> None:
    one, two = Dynamo(cloud), Dynamo(cloud, "u", sort=True)
    for name in ("gone", "counted", "checked"):
        one.put(pk=name, n=1)
    other = {"Put": {"TableName": "u", "Item": item(pk="other", sk=1)}}
    write(one, put("new", n=7), add("counted", 4), delete("gone"), check("checked", "n = n"), other)
    assert items(one) == {
        "new": item(pk="new", n=7),
        "counted": item(pk="counted", n=5),
        "checked": item(pk="checked", n=1),
    }
    assert two.scan() == [item(pk="other", sk=1)]


@pytest.mark.parametrize("failing", range(4))
def test_transaction_writes_nothing_if_one_action_fails(cloud: Cloud, failing: int) -> None:
    table = Dynamo(cloud, view="KEYS_ONLY")
    table.put(pk="stays", n=1)
    table.put(pk="counted", n=1)
    before = items(table)
    there, absent = "attribute_exists(pk)", "attribute_not_exists(pk)"
    wrong = [failing == number for number in range(4)]
    actions = [
        put("new", n=1, condition=there if wrong[0] else absent),
        add("counted", 4, condition=absent if wrong[1] else there),
        delete("stays", condition=absent if wrong[2] else there),
        check("nobody", there if wrong[3] else absent),
    ]
    assert reasons(table, *actions) == ["ConditionalCheckFailed" if bad else "None" for bad in wrong]
    assert items(table) == before
    assert len(table.records()) == 2  # those of the two items


def test_transaction_undo_restores_what_an_update_created(cloud: Cloud) -> None:
    table = Dynamo(cloud)
    assert reasons(table, add("made", 1), put("replaced"), check("missing", "attribute_exists(pk)")) == [
        "None",
        "None",
        "ConditionalCheckFailed",
    ]
    assert items(table) == {}


def test_transaction_gives_a_reason_for_each_action(cloud: Cloud) -> None:
    table = Dynamo(cloud)
    table.put(pk="a", n=1, text="x")
    shown = put("a", condition="attribute_not_exists(pk)")
    shown["Put"]["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    impossible = add("b", 1)
    impossible["Update"]["UpdateExpression"] = "SET n = absent + :n"
    with pytest.raises(ClientError) as caught:
        write(table, put("c"), shown, impossible)
    message = (
        "Transaction cancelled, please refer cancellation reasons for specific reasons "
        "[None, ConditionalCheckFailed, ValidationError]"
    )
    response = caught.value.response
    assert response["Error"]["Code"] == "TransactionCanceledException"
    assert response["Error"]["Message"] == response["Message"] == message
    assert response["CancellationReasons"] == [
        {"Code": "None"},
        {
            "Code": "ConditionalCheckFailed",
            "Message": "The conditional request failed",
            "Item": item(pk="a", n=1, text="x"),
        },
        {
            "Code": "ValidationError",
            "Message": "The provided expression refers to an attribute that does not exist in the item",
        },
    ]
    assert items(table) == {"a": item(pk="a", n=1, text="x")}


def test_transaction_cancelled_is_not_retried(cloud: Cloud) -> None:
    table = Dynamo(cloud)
    assert reasons(table, check("a", "attribute_exists(pk)")) == ["ConditionalCheckFailed"]
    rows = cloud.trail[cloud.trail.operation == "TransactWriteItems"]
    assert list(rows.attempt) == [1]


def test_transaction_is_checked_as_a_request(cloud: Cloud) -> None:
    table = Dynamo(cloud)
    malformed = add("a", 1)
    malformed["Update"]["UpdateExpression"] = "SETT n = :n"
    for actions in (
        [put(str(number)) for number in range(101)],
        [put("a"), delete("a")],
        [put("a"), check("a", "attribute_exists(pk)")],
        [put("a") | delete("b")],
        [put("b"), malformed],
        [{"Put": {**TABLE, "Item": item(other="a")}}],
    ):
        assert refused(write, table, *actions) == "ValidationException"
    unknown = {"Delete": {"TableName": "none", "Key": item(pk="a")}}
    assert refused(write, table, put("a"), unknown) == "ResourceNotFoundException"
    assert items(table) == {}
    write(table, *[put(str(number)) for number in range(100)])
    assert len(items(table)) == 100


def test_transaction_of_4_mb(cloud: Cloud) -> None:
    table = Dynamo(cloud)
    # 16 items of 262,144 bytes: name and text of the key take 3 or 4, the other name 1.
    actions = [put(name, v="x" * (262_144 - 4)) for name in "abcdefghijklmnop"]
    write(table, *actions)
    cloud.advance(10)  # it took 8,192 write units
    table.put(pk="q")
    assert refused(write, table, *actions, check("q", "attribute_exists(pk)")) == "ValidationException"
    assert len(items(table)) == 17


def test_transaction_item_of_400_kb(cloud: Cloud) -> None:
    table = Dynamo(cloud)
    table.put(pk="a", v="x" * 400_000)
    growing = {**TABLE, "Key": item(pk="a"), "UpdateExpression": "SET w = :w"}
    grown = {"Update": growing | {"ExpressionAttributeValues": {":w": value("y" * 20_000)}}}
    assert reasons(table, put("b"), grown) == ["None", "ValidationError"]
    assert reasons(table, put("b", v="x" * 410_000)) == ["ValidationError"]
    assert {name: sorted(found) for name, found in items(table).items()} == {"a": ["pk", "v"]}


def test_transaction_items_are_checked_one_by_one(cloud: Cloud) -> None:
    """An item that its table cannot hold is a reason; a value that no table can hold is none."""
    index = {
        "IndexName": "by_owner",
        "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    owner = [{"AttributeName": "owner", "AttributeType": "S"}]
    table = Dynamo(cloud, attributes=owner, GlobalSecondaryIndexes=[index])
    wrong_key = {"Put": {**TABLE, "Item": {"pk": {"N": "1"}}}}
    wrong_owner = add("b", 7)
    wrong_owner["Update"]["UpdateExpression"] = "SET #o = :n"
    wrong_owner["Update"]["ExpressionAttributeNames"] = {"#o": "owner"}
    too_long = put("d", n=int("1" * 39))
    assert reasons(table, wrong_key, wrong_owner, put("a", owner=3), put("fine")) == [
        *["ValidationError"] * 3,
        "None",
    ]
    assert refused(write, table, put("fine"), too_long) == "ValidationException"
    assert items(table) == {}


def test_transaction_is_seen_as_a_whole(cloud: Cloud) -> None:
    """Readers at any time find both accounts before the transfer, or both after it."""
    cloud.api_latency_s = 0.01
    cloud.plane("dynamodb").models.transaction_s = 0.05
    table = Dynamo(cloud)
    table.put(pk="a", n=100)
    table.put(pk="b", n=0)
    sums, states = set(), set()

    def transfer() -> None:
        for _ in range(5):
            write(table, add("a", -10), add("b", 10))

    def watch() -> None:
        for _ in range(40):
            found = [int(each["n"]["N"]) for each in table.scan(ConsistentRead=True)]
            sums.add(sum(found))
            states.add(tuple(found))
            time.sleep(0.005)

    cloud.spawn(transfer)
    cloud.spawn(watch)
    cloud.run()
    assert sums == {100}
    assert len(states) == 6


def test_batch_write_is_no_transaction(cloud: Cloud) -> None:
    table = Dynamo(cloud, view="KEYS_ONLY")
    requests = [{"PutRequest": {"Item": item(pk="a")}}, {"PutRequest": {"Item": item(pk="b")}}]
    token = {"ConditionExpression": "attribute_not_exists(pk)"}
    table.client.batch_write_item(RequestItems={"t": requests})
    with pytest.raises(Exception, match="Unknown parameter"):
        table.client.batch_write_item(RequestItems={"t": [{"PutRequest": {"Item": item(pk="a"), **token}}]})
    assert sorted(items(table)) == ["a", "b"]


# Client tokens


def test_token_repeats_a_success_without_effect(cloud: Cloud) -> None:
    table = Dynamo(cloud, view="KEYS_ONLY")
    for _ in range(3):
        write(table, add("a", 5), ClientRequestToken="once")
    write(table, add("a", 5), ClientRequestToken="another")
    write(table, add("a", 5))
    write(table, add("a", 5))
    assert items(table) == {"a": item(pk="a", n=20)}
    assert len(table.records()) == 4


def test_token_lasts_10_minutes(cloud: Cloud) -> None:
    table = Dynamo(cloud)
    write(table, add("a", 1), ClientRequestToken="once")
    cloud.advance(599.999)
    write(table, add("a", 1), ClientRequestToken="once")
    assert items(table)["a"] == item(pk="a", n=1)
    cloud.advance(0.001)
    write(table, add("a", 1), ClientRequestToken="once")
    assert items(table)["a"] == item(pk="a", n=2)


def test_token_with_other_actions_is_refused(cloud: Cloud) -> None:
    table = Dynamo(cloud)
    write(table, add("a", 1), ClientRequestToken="once")
    code = refused(write, table, add("a", 2), ClientRequestToken="once")
    assert code == "IdempotentParameterMismatchException"
    assert items(table) == {"a": item(pk="a", n=1)}


def test_token_of_a_cancelled_transaction_may_be_used_again(cloud: Cloud) -> None:
    table = Dynamo(cloud)
    action = add("a", 1, condition="attribute_exists(pk)")
    assert refused(write, table, action, ClientRequestToken="once") == "TransactionCanceledException"
    table.put(pk="a", n=1)
    write(table, action, ClientRequestToken="once")
    assert items(table) == {"a": item(pk="a", n=2)}


def test_token_does_not_change_with_the_callers_objects(cloud: Cloud) -> None:
    table = Dynamo(cloud)
    action = add("a", 1)
    write(table, action, ClientRequestToken="once")
    action["Update"]["ExpressionAttributeValues"][":n"] = value(2)
    assert refused(write, table, action, ClientRequestToken="once") == "IdempotentParameterMismatchException"


def test_token_while_its_transaction_goes_on(cloud: Cloud) -> None:
    cloud.plane("dynamodb").models.transaction_s = 1
    table = Dynamo(cloud)
    log: list[tuple[str, float]] = []

    def send(wait_s: float) -> None:
        time.sleep(wait_s)
        write(table, add("a", 1), ClientRequestToken="once")
        log.append(("done", cloud.now))

    cloud.spawn(send, 0)
    cloud.spawn(send, 0.5)
    cloud.run()
    assert items(table) == {"a": item(pk="a", n=1)}
    rows = cloud.trail[cloud.trail.operation == "TransactWriteItems"]
    errors = [error for error in rows.error if error is not None]
    assert set(errors) == {"TransactionInProgressException"}  # the SDK tries that again by itself
    assert [word for word, _ in log] == ["done", "done"]
    assert log[0][1] == 1.0


# Conflicts


def overlapping(cloud: Cloud, table: Dynamo, call: Any) -> str | None:
    """The error code of `call`, made half a second into a transaction of 1 s on items a and b."""
    cloud.plane("dynamodb").models.transaction_s = 1
    found: list[str | None] = []

    def begin() -> None:
        write(table, add("a", 1), add("b", 1))

    def interfere() -> None:
        time.sleep(0.5)
        try:
            call()
            found.append(None)
        except ClientError as error:
            found.append(error.response["Error"]["Code"])

    cloud.spawn(begin)
    cloud.spawn(interfere)
    cloud.run()
    cloud.plane("dynamodb").models.transaction_s = 0
    (code,) = found
    return code


def test_conflict_of_a_single_write(cloud: Cloud) -> None:
    table = Dynamo(cloud)
    for call in (
        lambda: table.put(pk="a", n=9),
        lambda: table.update(item(pk="a"), "SET n = :n", n=9),
        lambda: table.delete(pk="b"),
    ):
        assert overlapping(cloud, table, call) == "TransactionConflictException"
    assert overlapping(cloud, table, lambda: table.put(pk="c")) is None
    assert items(table) == {"a": item(pk="a", n=4), "b": item(pk="b", n=4), "c": item(pk="c")}
    assert counted(cloud, "TransactionConflict") == 3
    table.put(pk="a", n=9)  # it is over
    assert items(table)["a"] == item(pk="a", n=9)


def test_conflict_in_a_batch_leaves_the_entry_unprocessed(cloud: Cloud) -> None:
    table = Dynamo(cloud)
    left: list[Any] = []
    requests = [{"PutRequest": {"Item": item(pk=name, n=9)}} for name in ("a", "c")]

    def batch() -> None:
        left.append(table.client.batch_write_item(RequestItems={"t": requests})["UnprocessedItems"])

    assert overlapping(cloud, table, batch) is None
    assert left == [{"t": requests[:1]}]
    assert items(table) == {"a": item(pk="a", n=1), "b": item(pk="b", n=1), "c": item(pk="c", n=9)}


def test_conflict_of_transactions(cloud: Cloud) -> None:
    table = Dynamo(cloud)
    found: list[list[str]] = []
    assert overlapping(cloud, table, lambda: found.append(reasons(table, put("c"), add("b", 10)))) is None
    assert found == [["None", "TransactionConflict"]]
    assert items(table) == {"a": item(pk="a", n=1), "b": item(pk="b", n=1)}


def test_conflict_of_a_transactional_read(cloud: Cloud) -> None:
    table = Dynamo(cloud)

    def read() -> None:
        table.client.transact_get_items(
            TransactItems=[{"Get": {**TABLE, "Key": item(pk=name)}} for name in ("c", "a")]
        )

    assert overlapping(cloud, table, read) == "TransactionCanceledException"
    read()


def test_no_conflict_with_a_read(cloud: Cloud) -> None:
    table = Dynamo(cloud)
    table.put(pk="a", n=1)
    seen: list[Any] = []
    assert overlapping(cloud, table, lambda: seen.append(table.get(strong=True, pk="a"))) is None
    assert seen == [item(pk="a", n=1)]
    assert items(table)["a"] == item(pk="a", n=2)


def test_conflict_ends_with_a_stopped_caller(cloud: Cloud) -> None:
    cloud.plane("dynamodb").models.transaction_s = 10
    table = Dynamo(cloud)
    caller = cloud.spawn(lambda: write(table, add("a", 1), ClientRequestToken="once"))
    cloud.run(until=5)
    assert refused(table.put, pk="a") == "TransactionConflictException"
    caller.stop()
    table.put(pk="a", n=1)
    write(table, add("a", 1), ClientRequestToken="once")
    assert items(table) == {"a": item(pk="a", n=2)}


# Reading


def test_transactional_read_of_projected_and_missing_items(cloud: Cloud) -> None:
    table = Dynamo(cloud)
    table.put(pk="a", n=1, v="x")
    names = {"ProjectionExpression": "#n", "ExpressionAttributeNames": {"#n": "n"}}
    reply = table.client.transact_get_items(
        TransactItems=[
            {"Get": {**TABLE, "Key": item(pk="a"), **names}},
            {"Get": {**TABLE, "Key": item(pk="missing")}},
        ]
    )
    assert reply["Responses"] == [{"Item": item(n=1)}, {}]


def test_transactional_read_is_checked_as_a_request(cloud: Cloud) -> None:
    table = Dynamo(cloud)

    def read(*names: str) -> None:
        table.client.transact_get_items(
            TransactItems=[{"Get": {**TABLE, "Key": item(pk=each)}} for each in names]
        )

    read(*map(str, range(100)))
    assert refused(read, *map(str, range(101))) == "ValidationException"
    assert refused(read, "a", "a") == "ValidationException"


@pytest.mark.slow
def test_transaction_does_not_grow_with_the_table(cloud: Cloud) -> None:
    table = Dynamo(cloud)

    def took_s() -> float:
        start = time.perf_counter()
        for _ in range(20):
            write(table, add("a", 1), put("b"))
        return time.perf_counter() - start

    small = min(took_s() for _ in range(3))
    for number in range(3_000):
        table.put(pk=f"k{number}", v="x" * 50)
    assert min(took_s() for _ in range(3)) < 4 * small


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from("abcd"),
        st.sampled_from(["put", "add", "delete", "check"]),
        st.sampled_from([None, "attribute_exists(pk)", "attribute_not_exists(pk)"]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda action: action[0],
)


@pytest.mark.slow
@settings(max_examples=40)
@given(st.lists(ACTIONS, max_size=6))
def test_transactions_against_a_plain_model(transactions: list[list[tuple[str, str, str | None]]]) -> None:
    """All or nothing, whatever the actions and conditions: a dictionary says what must be there."""
    with Cloud(seed=1) as cloud:
        cloud.api_latency_s = 0
        table = Dynamo(cloud)
        expected: dict[str, int] = {}
        for transaction in transactions:
            actions, holds, after = [], [], dict(expected)
            for name, kind, wanted in transaction:
                condition = "attribute_exists(pk)" if kind == "check" and wanted is None else wanted
                holds.append(condition is None or (name in expected) == (condition == "attribute_exists(pk)"))
                if kind == "put":
                    actions.append(put(name, n=1, condition=condition))
                    after[name] = 1
                elif kind == "add":
                    actions.append(add(name, 2, condition=condition))
                    after[name] = after.get(name, 0) + 2
                elif kind == "delete":
                    actions.append(delete(name, condition=condition))
                    after.pop(name, None)
                else:
                    actions.append(check(name, condition or ""))
            if all(holds):
                write(table, *actions)
                expected = after
            else:
                codes = ["None" if hold else "ConditionalCheckFailed" for hold in holds]
                assert reasons(table, *actions) == codes
            assert items(table) == {name: item(pk=name, n=number) for name, number in expected.items()}
