"""Secondary indexes: what their entries cost to write, what they hold, and what is refused for their sake."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import Cloud
from tests.dataplane.conftest import refused
from tests.dataplane.dynamo import Item, item, value
from tests.dataplane.metered import KB, Metered, index, sized, units

A = item(pk="a")


def with_index(cloud: Cloud, projection: str | list[str] = "KEYS_ONLY", *keys: str) -> Metered:
    return Metered(cloud, indexes=[index("idx", *(keys or ("g",)), projection=projection)], types={"n": "N"})


def on_index(table: Metered, operation: str, **parameters: Any) -> float:
    """The units that a call takes on the index."""
    told = table.consumed(operation, **parameters)
    found: float = told.get("GlobalSecondaryIndexes", {}).get("idx", {}).get("CapacityUnits", 0)
    assert told["CapacityUnits"] == told["Table"]["CapacityUnits"] + found
    return found


def put(table: Metered, **attributes: Any) -> float:
    return on_index(table, "put_item", Item=item(**attributes))


def update(table: Metered, expression: str, **values: Any) -> float:
    given_values = {f":{name}": value(each) for name, each in values.items()}
    options = {"ExpressionAttributeValues": given_values} if given_values else {}
    return on_index(table, "update_item", Key=A, UpdateExpression=expression, **options)


# Writes


def test_index_cost_of_each_change(cloud: Cloud) -> None:
    """The cases of GUIDE/GSI.html, "Write capacity units"."""
    table = with_index(cloud)
    assert put(table, pk="a") == 0  # not in the index, before and after
    assert update(table, "SET g = :g", g="x") == 1  # enters it
    assert update(table, "SET g = :g", g="y") == 2  # moves: a delete and a put
    assert update(table, "SET n = :n", n=1) == 0  # nothing that the index holds
    assert update(table, "REMOVE g") == 1  # leaves it
    assert put(table, pk="a", g="z") == 1
    assert put(table, pk="a", g="z") == 0  # the same again
    assert on_index(table, "delete_item", Key=A) == 1
    assert on_index(table, "delete_item", Key=A) == 0


def test_index_cost_of_projected_attributes(cloud: Cloud) -> None:
    table = with_index(cloud, ["n"])
    put(table, pk="a", g="x", n=1, extra="o")
    assert update(table, "SET n = :n", n=2) == 1
    assert update(table, "SET extra = :o", o="p") == 0


def test_index_cost_by_the_size_of_its_entry(cloud: Cloud) -> None:
    keys, everything = with_index(cloud), Metered(cloud, "u", indexes=[index("idx", "g")])
    large = {"Item": sized(5 * KB, g="x")}
    assert (on_index(keys, "put_item", **large), on_index(everything, "put_item", **large)) == (1, 5)
    assert (
        on_index(everything, "update_item", Key=A, UpdateExpression="REMOVE v") == 5
    )  # the larger of the two
    moved = {"UpdateExpression": "SET g = :g", "ExpressionAttributeValues": {":g": value("y")}}
    everything.call("put_item", **large)
    assert on_index(everything, "update_item", Key=A, **moved) == 10


def test_index_cost_does_not_depend_on_how_values_are_written(cloud: Cloud) -> None:
    table = with_index(cloud, "ALL", "g", "n")
    base = {"pk": value("a"), "g": value("x"), "s": {"SS": ["1", "2"]}}
    assert on_index(table, "put_item", Item={**base, "n": {"N": "1"}}) == 1
    assert on_index(table, "put_item", Item={**base, "n": {"N": "1.0"}, "s": {"SS": ["2", "1"]}}) == 0


def test_index_cost_in_batches_and_transactions(cloud: Cloud) -> None:
    table = with_index(cloud)
    requests = [{"PutRequest": {"Item": item(pk=name, g="x")}} for name in "abc"]
    told = table.client.batch_write_item(RequestItems={"t": requests}, ReturnConsumedCapacity="INDEXES")
    (told,) = told["ConsumedCapacity"]
    assert told["GlobalSecondaryIndexes"] == {"idx": {"CapacityUnits": 3.0}}
    actions = [{"Put": {"TableName": "t", "Item": item(pk="d", g="x")}}]
    reply = table.client.transact_write_items(TransactItems=actions, ReturnConsumedCapacity="INDEXES")
    (told,) = reply["ConsumedCapacity"]
    one = {"CapacityUnits": 1.0, "WriteCapacityUnits": 1.0}
    assert (told["Table"]["WriteCapacityUnits"], told["GlobalSecondaryIndexes"]) == (2, {"idx": one})


WRITES = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "update", "delete"]),
        st.sampled_from("ab"),
        st.dictionaries(st.sampled_from(["g", "h", "w"]), st.sampled_from(["", "x", "y" * 900]), max_size=3),
    ),
    max_size=15,
)


def entry(
    held: dict[str, str] | None, keys: tuple[str, ...], included: set[str] | None
) -> dict[str, str] | None:
    if held is None or not all(key in held for key in keys):
        return None
    return {name: each for name, each in held.items() if included is None or name in included | {"pk", *keys}}


def size_units(*entries: dict[str, str] | None) -> int:
    sizes = [sum(len(name) + len(each) for name, each in (found or {}).items()) for found in entries]
    return max(1, -(-max(sizes) // 1_024))


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(WRITES)
def test_index_costs_against_an_oracle(writes: list[tuple[str, str, dict[str, str]]]) -> None:
    """Three indexes and a table as plain dictionaries, each write counted by the cases of the guide."""
    shapes = {"keys": (("g",), set()), "some": (("g", "h"), {"w"}), "all": (("h",), None)}
    kinds = {"keys": "KEYS_ONLY", "some": ["w"], "all": "ALL"}
    with Cloud(seed=1) as cloud:
        indexes = [index(name, *shapes[name][0], projection=kinds[name]) for name in shapes]
        table = Metered(cloud, indexes=indexes)
        held: dict[str, dict[str, str]] = {}
        for kind, key, attributes in writes:
            given_attributes = {name: text for name, text in attributes.items() if text or name == "w"}
            before = held.get(key)
            if kind == "delete":
                told = table.consumed("delete_item", Key=item(pk=key))
                held.pop(key, None)
            elif kind == "put" or not given_attributes:
                held[key] = {"pk": key, **given_attributes}
                told = table.consumed("put_item", Item=item(**held[key]))
            else:
                held[key] = {"pk": key, **(before or {}), **given_attributes}
                told = table.consumed(
                    "update_item",
                    Key=item(pk=key),
                    UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in given_attributes),
                    ExpressionAttributeValues={
                        f":{name}": value(each) for name, each in given_attributes.items()
                    },
                )
            after = held.get(key)
            expected = {}
            for name, (keys, included) in shapes.items():
                old, new = entry(before, keys, included), entry(after, keys, included)
                if old is None and new is None:
                    continue
                if old is None or new is None:
                    expected[name] = size_units(old, new)
                elif [old[each] for each in keys] != [new[each] for each in keys]:
                    expected[name] = size_units(old) + size_units(new)
                elif old != new:
                    expected[name] = size_units(old, new)
            found = {
                name: each["CapacityUnits"] for name, each in told.get("GlobalSecondaryIndexes", {}).items()
            }
            assert (told["Table"]["CapacityUnits"], found) == (size_units(before, after), expected)


# Reads


def test_index_read_counts_its_entries(cloud: Cloud) -> None:
    """Eight entries of 2,000 bytes are 16 KB: 2 units eventual (GUIDE/GSI.html)."""
    table = with_index(cloud, ["v"])
    for number in range(8):
        table.put(sized(2_000, str(number), g="x") | item(other="o" * 3_000))
    wanted = {"KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": value("x")}}
    assert on_index(table, "query", IndexName="idx", **wanted) == 2
    assert on_index(table, "scan", IndexName="idx") == 2
    assert table.metric("ConsumedReadCapacityUnits") == 0
    assert table.metric("ConsumedReadCapacityUnits", GlobalSecondaryIndexName="idx") == 4


def test_index_is_sparse(cloud: Cloud) -> None:
    table = with_index(cloud, "KEYS_ONLY", "g", "n")
    for name, more in (("a", {"g": "x"}), ("b", {"n": 1}), ("c", {"g": "x", "n": 1})):
        put(table, pk=name, **more)
    assert table.call("scan", IndexName="idx")["Items"] == [item(pk="c", g="x", n=1)]


def test_index_read_is_eventual_only(cloud: Cloud) -> None:
    table = with_index(cloud)
    wanted = {"KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": value("x")}}
    strong = {"IndexName": "idx", "ConsistentRead": True}
    assert refused(table.call, "query", **strong, **wanted) == "ValidationException"
    assert refused(table.call, "scan", **strong) == "ValidationException"


def test_index_read_is_throttled_by_its_own_units(cloud: Cloud) -> None:
    table = Metered(cloud, throughput=(100, 100), indexes=[index("idx", "g", throughput=(1, 100))])
    for number in range(4):
        table.put(sized(3 * KB, str(number), g="x"))
    scan = {"IndexName": "idx"}
    found = [table.passes(lambda: table.call("scan", **scan)) for _ in range(2)]
    assert found == [None, "IndexReadProvisionedThroughputExceeded"]
    assert table.passes(lambda: table.call("scan")) is None


# What is refused


@pytest.mark.parametrize("write", ["put", "update", "batch"])
def test_index_key_of_the_wrong_type_is_refused(cloud: Cloud, write: str) -> None:
    table = with_index(cloud, "KEYS_ONLY", "g", "n")
    put(table, pk="a", g="x", n=1)
    wrong = item(pk="a", g="x", n="one")
    calls = {
        "put": lambda: table.put(wrong),
        "update": lambda: table.update(A, "SET n = :n", n="one"),
        "batch": lambda: table.client.batch_write_item(RequestItems={"t": [{"PutRequest": {"Item": wrong}}]}),
    }
    assert refused(calls[write]) == "ValidationException"
    assert table.call("scan")["Items"] == [item(pk="a", g="x", n=1)]
    assert table.passes(lambda: table.put(item(pk="b", g="", n=1))) == "ValidationException"
    assert table.passes(lambda: table.put(item(pk="b", n=1))) is None


def create(cloud: Cloud, **more: Any) -> str | None:
    """The error with which a table is refused, or None."""
    name = f"t{cloud.calls:04}"
    probe = Metered(cloud, name + "probe")
    return probe.passes(lambda: Metered(cloud, name, **more))


def test_index_numbers_of_a_table(cloud: Cloud) -> None:
    of_global = [index(f"idx{number:02}", f"k{number}") for number in range(21)]
    local = [index(f"idx{number:02}", "pk", f"k{number}") for number in range(6)]
    assert create(cloud, indexes=of_global[:20]) is None
    assert create(cloud, indexes=of_global) == "ValidationException"
    assert create(cloud, local=local[:5], sort=True) is None
    assert create(cloud, local=local, sort=True) == "ValidationException"


def test_index_local_shares_the_partition_key(cloud: Cloud) -> None:
    assert create(cloud, local=[index("idx", "other", "n")], sort=True) == "ValidationException"
    assert create(cloud, local=[index("idx", "pk", "n")]) == "ValidationException"
    assert create(cloud, local=[index("idx", "pk", "n")], sort=True) is None


def test_index_projections(cloud: Cloud) -> None:
    def including(*numbers: int) -> list[Item]:
        return [
            index(f"idx{place}", f"k{place}", projection=[f"a{each}" for each in range(number)])
            for place, number in enumerate(numbers)
        ]

    assert create(cloud, indexes=including(20)) is None
    assert create(cloud, indexes=including(21)) == "ValidationException"
    assert create(cloud, indexes=including(20, 20, 20, 20, 20)) is None
    assert create(cloud, indexes=including(20, 20, 20, 20, 20, 1)) == "ValidationException"
    both = index("idx", "g") | {"Projection": {"ProjectionType": "ALL", "NonKeyAttributes": ["a"]}}
    neither = index("idx", "g") | {"Projection": {"ProjectionType": "INCLUDE"}}
    assert [create(cloud, indexes=[each]) for each in (both, neither)] == ["ValidationException"] * 2


def test_index_of_a_provisioned_table_needs_units(cloud: Cloud) -> None:
    assert create(cloud, throughput=(1, 1), indexes=[index("idx", "g")]) == "ValidationException"


def added(name: str, **more: Any) -> Item:
    return {"Create": index(name, name, **more)}


def test_index_one_at_a_time(cloud: Cloud) -> None:
    table = with_index(cloud)
    kinds = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "g", "one", "two")]

    def change(*updates: Item) -> str | None:
        return table.passes(
            lambda: table.call(
                "update_table", AttributeDefinitions=kinds, GlobalSecondaryIndexUpdates=list(updates)
            )
        )

    assert change(added("one"), added("two")) == "LimitExceededException"
    assert change(added("one"), {"Delete": {"IndexName": "idx"}}) == "LimitExceededException"
    assert change(added("one")) is None
    assert change(added("one")) == "ValidationException"
    assert change({"Delete": {"IndexName": "none"}}) == "ResourceNotFoundException"
    assert change({"Delete": {"IndexName": "one"}}) is None
    names = [each["IndexName"] for each in table.call("describe_table")["Table"]["GlobalSecondaryIndexes"]]
    assert names == ["idx"]


def test_index_added_later_is_metered_from_then_on(cloud: Cloud) -> None:
    table = Metered(cloud, throughput=(10, 10))
    assert put_units(table) == {}
    kinds = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "g")]
    wanted = {"Create": index("idx", "g", throughput=(1, 3))}
    table.call("update_table", AttributeDefinitions=kinds, GlobalSecondaryIndexUpdates=[wanted])
    assert put_units(table) == {"idx": {"CapacityUnits": 1.0}}
    table.call("update_table", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "idx"}}])
    assert put_units(table) == {}
    assert units(1, 3) == {"ReadCapacityUnits": 1, "WriteCapacityUnits": 3}


def test_index_added_later_needs_only_its_own_definitions(cloud: Cloud) -> None:
    """The key attributes that the table has stay defined (API/API_UpdateTable.html, AttributeDefinitions)."""
    table = with_index(cloud)
    kinds = [{"AttributeName": "one", "AttributeType": "N"}]
    table.call("update_table", AttributeDefinitions=kinds, GlobalSecondaryIndexUpdates=[added("one")])
    assert {
        each["AttributeName"]: each["AttributeType"]
        for each in table.call("describe_table")["Table"]["AttributeDefinitions"]
    } == {"pk": "S", "g": "S", "one": "N"}
    assert put(table, pk="a", g="x") == 1
    assert table.passes(lambda: put(table, pk="b", g=1)) == "ValidationException"


def put_units(table: Metered) -> dict[str, Any]:
    """What a fresh item with index key takes on indexes."""
    name = f"k{table.cloud.calls}"
    told = table.consumed("put_item", Item=item(pk=name, g="x"))
    found: dict[str, Any] = told.get("GlobalSecondaryIndexes", {})
    return found
