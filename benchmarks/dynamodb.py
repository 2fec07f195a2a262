"""How fast the DynamoDB data plane is. Goals are named beside the figures; nothing fails here.

Run it with `make bench`, or `python benchmarks/dynamodb.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

EVENTS = 10_000
FEW = 100
KINDS = ("put", "get", "update", "delete", "query")


def table_of(cloud: Any, *, throughput: int | None = None) -> Any:
    """A client of `cloud` and a table with a global index, on demand or with `throughput` units."""
    dynamodb = cloud.client("dynamodb")
    units = {"ReadCapacityUnits": throughput, "WriteCapacityUnits": throughput}
    mode = {"BillingMode": "PAY_PER_REQUEST"} if throughput is None else {"ProvisionedThroughput": units}
    index = {
        "IndexName": "by_group",
        "KeySchema": [{"AttributeName": "group", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    if throughput is not None:
        index["ProvisionedThroughput"] = units
    dynamodb.create_table(
        TableName="items",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("id", "group")],
        GlobalSecondaryIndexes=[index],
        **mode,
    )
    return dynamodb


def call(dynamodb: Any, kind: str, number: int) -> None:
    """One metered call about the item of this number."""
    key = {"id": {"S": str(number)}}
    common = {"TableName": "items", "ReturnConsumedCapacity": "TOTAL"}
    if kind == "put":
        attributes = {"group": {"S": str(number % 10)}, "text": {"S": "x" * 100}, "n": {"N": str(number)}}
        dynamodb.put_item(Item={**key, **attributes}, **common)
    elif kind == "get":
        dynamodb.get_item(Key=key, **common)
    elif kind == "update":
        values = {":one": {"N": "1"}}
        dynamodb.update_item(
            Key=key, UpdateExpression="ADD n :one", ExpressionAttributeValues=values, **common
        )
    elif kind == "delete":
        dynamodb.delete_item(Key=key, **common)
    else:
        values = {":id": {"S": str(number)}}
        dynamodb.query(KeyConditionExpression="id = :id", ExpressionAttributeValues=values, **common)


def reads_and_writes(events: int, clock: Callable[[], float] = time.process_time) -> float:
    """Seconds for as many puts as gets, an item each; of computing, or of another clock."""
    from helpers import Cloud

    with Cloud(seed=1) as cloud:
        dynamodb = table_of(cloud)
        before = clock()
        for number in range(events // 2):
            call(dynamodb, "put", number)
            call(dynamodb, "get", number)
        return clock() - before


def each_kind(items: int, calls: int) -> dict[str, float]:
    """Milliseconds of each kind of call on a table of so many items."""
    from helpers import Cloud

    with Cloud(seed=1) as cloud:
        dynamodb = table_of(cloud)
        for number in range(items):
            call(dynamodb, "put", number)
        found = {}
        for kind in KINDS:
            before = time.perf_counter()
            for number in range(calls):
                call(dynamodb, kind, number)
            found[kind] = (time.perf_counter() - before) / calls * 1_000
        return found


def throttled(calls: int) -> float:
    """Milliseconds of a write that is refused."""
    from botocore.config import Config
    from botocore.exceptions import ClientError

    from helpers import Cloud

    with Cloud(seed=1) as cloud:
        cloud.api_latency_s = 0
        table_of(cloud, throughput=1)
        hasty = cloud.client("dynamodb", config=Config(retries={"total_max_attempts": 1}))
        call(hasty, "put", 0)
        before = time.perf_counter()
        for number in range(calls):
            try:
                call(hasty, "put", number)
            except ClientError:
                continue
            raise AssertionError("a write was let through")
        return (time.perf_counter() - before) / calls * 1_000


def best_of(count: int, measure: Callable[[], float]) -> float:
    return min(measure() for _ in range(count))


def main() -> None:
    reads_and_writes(FEW)  # once to warm up
    wall = reads_and_writes(EVENTS, time.perf_counter)
    many = best_of(2, lambda: reads_and_writes(EVENTS))
    few = best_of(10, lambda: reads_and_writes(FEW))
    print(f"{EVENTS:,} metered reads and writes: {wall:.2f} s, {many:.2f} s of computing (goal: at most 8 s)")
    growth = (many / EVENTS) / (few / FEW)
    print(f"  cost of one from {FEW} to {EVENTS:,}: {growth:.2f} times (goal: less than 2)")
    print("\nOne call, ms                " + "".join(f"{kind:>9}" for kind in KINDS))
    for items in (FEW, EVENTS):
        found = each_kind(items, FEW)
        print(f"  on a table of {items:>6,} items " + "".join(f"{found[kind]:>9.3f}" for kind in KINDS))
    print(f"  a write that is refused   {throttled(1_000):>9.3f}")


if __name__ == "__main__":
    main()
