"""Provisioned throughput: its burst, what is refused, what the caller is told, and what an index does to its table."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from helpers import Cloud
from helpers.dataplane.dynamodb.bucket import Bucket
from tests.dataplane.dynamo import item
from tests.dataplane.metered import KB, Metered, index, sized, units

A = item(pk="a")
NOTHING_ELSE = "TableWriteProvisionedThroughputExceeded"


# The bucket


@given(
    rate=st.integers(1, 5_000),
    kept_s=st.integers(1, 300),
    requests=st.lists(st.tuples(st.integers(0, 10**8), st.integers(1, 800)), max_size=30),
)
def test_bucket_counts_exactly(rate: int, kept_s: int, requests: list[tuple[int, int]]) -> None:
    bucket, now_us = Bucket(rate, kept_s, 1, 0), 0
    stock = Fraction(rate)
    for later_us, halves in requests:
        now_us += later_us
        stock = min(Fraction(rate * kept_s), stock + Fraction(rate * later_us, 10**6))
        wanted = Fraction(halves, 2)
        passes = stock >= min(wanted, rate)
        assert bucket.holds(halves / 2, now_us) == passes
        if passes:
            bucket.take(halves / 2, now_us)
            stock -= wanted
        assert bucket.stock(now_us) == float(stock)


def test_bucket_resized_keeps_what_has_room() -> None:
    bucket = Bucket(100, 10, 10, 0)
    bucket.resize(10, 10, 0)
    assert bucket.stock(0) == 100
    bucket.take(100, 0)
    bucket.resize(1_000, 10, 5_000_000)
    assert [bucket.stock(at) for at in (5_000_000, 6_000_000, 60_000_000)] == [50, 1_050, 10_000]


# Burst


def refused_from(table: Metered, rate: float, duration_s: float, **get: Any) -> float | None:
    """When the first of reads at this rate is refused, in seconds since the first."""
    began = table.cloud.now
    for number in range(round(rate * duration_s)):
        table.cloud.run(until=began + number / rate)
        if table.passes(lambda: table.call("get_item", Key=A, **get)):
            return table.cloud.now - began
    return None


def test_burst_of_the_example(cloud: Cloud) -> None:
    """150 units, 300 s idle, then 200 a second: 45,000 saved units last for 45,000 / (200 - 150) = 900 s."""
    table = Metered(cloud, throughput=(150, 1_000))
    table.put(sized(400 * KB))
    cloud.advance(300)
    # Two reads of 100 units a second: the last that passes is the one before fewer than 100 units are left.
    assert refused_from(table, 2, 1_000, ConsistentRead=True) == 898.5


def test_burst_keeps_300_seconds_at_most(cloud: Cloud) -> None:
    table = Metered(cloud, throughput=(1, 1))
    cloud.advance(3_600)
    passed = 0
    while table.passes(lambda: table.put(A)) is None:
        passed += 1
    assert passed == 300


def test_burst_of_a_new_table_is_its_first_second(cloud: Cloud) -> None:
    table = Metered(cloud, throughput=(10, 10))
    assert [table.passes(lambda: table.put(A)) is None for _ in range(12)] == [True] * 10 + [False] * 2
    cloud.plane("dynamodb").models.first_burst_s = 60
    other = Metered(cloud, "other", throughput=(10, 10))
    assert all(other.passes(lambda: other.put(A)) is None for _ in range(600))


def test_burst_in_the_long_run_is_the_provisioned_rate(cloud: Cloud) -> None:
    table = Metered(cloud, throughput=(5, 5))
    passed = 0
    for _ in range(1_200):
        passed += table.passes(lambda: table.put(A)) is None
        cloud.advance(0.05)
    assert passed == 5 + int(5 * 59.95)


def test_burst_of_reads_and_of_writes_are_apart(cloud: Cloud) -> None:
    table = Metered(cloud, throughput=(2, 1))
    assert table.passes(lambda: table.put(A)) is None
    assert table.passes(lambda: table.put(A)) == "TableWriteProvisionedThroughputExceeded"
    assert [table.passes(lambda: table.get(A, strong=True)) for _ in range(3)] == [
        None, None, "TableReadProvisionedThroughputExceeded",
    ]  # fmt: skip


def test_burst_is_spent_by_a_page_that_is_too_large(cloud: Cloud) -> None:
    """A scan of 50 units on a table of 5 passes, and the next read waits until the debt is paid."""
    table = Metered(cloud, sort=True, throughput=(5, 1_000))
    for number in range(10):
        table.put(sized(40 * KB, sk=number))
    cloud.advance(1)
    table.call("scan")  # 50 eventual units of the 10 that are there
    waits = 0
    while table.passes(lambda: table.get(item(pk="b", sk=0), strong=True)):
        cloud.advance(0.1)
        waits += 1
    assert waits == 82  # (50 - 10 + 1) / 5 s


def test_burst_is_off_without_seconds_to_keep(cloud: Cloud) -> None:
    cloud.plane("dynamodb").models.burst_s = 0
    table = Metered(cloud, throughput=(5, 5))
    cloud.advance(300)
    assert [table.passes(lambda: table.put(A)) for _ in range(6)].count(None) == 5


def test_throughput_counts_from_the_update_on(cloud: Cloud) -> None:
    table = Metered(cloud, throughput=(5, 10))
    for _ in range(10):
        table.put(A)
    table.set_throughput(5, 20)
    cloud.advance(2)
    assert [table.passes(lambda: table.put(A)) for _ in range(41)].count(None) == 40


def test_throughput_saved_before_the_first_use(cloud: Cloud) -> None:
    """A table that nobody used saves at the rate that it had."""
    table = Metered(cloud, throughput=(1, 1))
    cloud.advance(100)
    table.set_throughput(1, 50)
    assert [table.passes(lambda: table.put(A)) for _ in range(120)].count(None) == 101


# What the caller is told


def test_throttled_provisioned_table(cloud: Cloud) -> None:
    table = Metered(cloud, throughput=(1, 1))
    table.put(A)
    with pytest.raises(table.client.exceptions.ProvisionedThroughputExceededException) as caught:
        table.put(A)
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert "provisioned throughput for the table was exceeded" in response["Error"]["Message"]
    assert response["ThrottlingReasons"] == [
        {
            "reason": "TableWriteProvisionedThroughputExceeded",
            "resource": "arn:aws:dynamodb:us-east-1:123456789012:table/t",
        }
    ]


def test_throttled_calls_are_retried_in_virtual_time(cloud: Cloud) -> None:
    table = Metered(cloud, throughput=(1, 1))
    patient = cloud.client("dynamodb")
    patient.put_item(TableName="t", Item=A)
    patient.put_item(TableName="t", Item=A)
    attempts = cloud.trail[cloud.trail["call"] == cloud.trail["call"].max()]
    assert list(attempts.attempt) == list(range(1, len(attempts) + 1))
    assert list(attempts.error.fillna("")) == ["ProvisionedThroughputExceededException"] * (
        len(attempts) - 1
    ) + [""]
    assert len(attempts) > 1
    assert attempts.time_s.max() >= 1
    assert table.metric("ThrottledRequests", Operation="PutItem") == len(attempts) - 1


def test_throttled_calls_wait_longer_each_time(cloud: Cloud) -> None:
    table = Metered(cloud, throughput=(1, 1))
    table.put(sized(60 * KB))  # a debt of 59 seconds
    with pytest.raises(ClientError, match="ProvisionedThroughputExceeded"):
        cloud.client("dynamodb").put_item(TableName="t", Item=A)
    attempts = cloud.trail[cloud.trail["call"] == cloud.trail["call"].max()]
    assert set(attempts.error) == {"ProvisionedThroughputExceededException"}
    assert len(attempts) > 2


def test_throttled_requests_consume_nothing(cloud: Cloud) -> None:
    table = Metered(cloud, throughput=(1, 1))
    table.put(A)
    assert table.passes(lambda: table.put(item(pk="b"))) == NOTHING_ELSE
    assert table.metric("ConsumedWriteCapacityUnits") == 1
    assert table.call("scan")["Items"] == [A]


def test_throttled_condition_is_not_looked_at(cloud: Cloud) -> None:
    table = Metered(cloud, throughput=(1, 1))
    table.put(A)
    failing = {"Item": A, "ConditionExpression": "attribute_exists(absent)"}
    assert table.passes(lambda: table.call("put_item", **failing)) == NOTHING_ELSE
    assert table.metric("ConditionalCheckFailedRequests") == 0


# Batches and transactions


def batch(table: Metered, names: str) -> dict[str, Any]:
    requests = [{"PutRequest": {"Item": item(pk=name)}} for name in names]
    reply: dict[str, Any] = table.client.batch_write_item(RequestItems={"t": requests})
    return reply


def test_throttled_part_of_a_batch_comes_back(cloud: Cloud) -> None:
    table = Metered(cloud, throughput=(1, 3))
    left = batch(table, "abcde")["UnprocessedItems"]
    assert left == {"t": [{"PutRequest": {"Item": item(pk=name)}} for name in "de"]}
    assert table.metric("WriteThrottleEvents") == 2
    assert table.metric("ThrottledRequests", Operation="BatchWriteItem") == 0
    cloud.advance(1)
    assert table.client.batch_write_item(RequestItems=left)["UnprocessedItems"] == {}
    assert table.call("describe_table")["Table"]["ItemCount"] == 5


def test_throttled_batch_as_a_whole_fails(cloud: Cloud) -> None:
    table = Metered(cloud, throughput=(1, 1))
    table.put(A)
    assert table.passes(lambda: batch(table, "bc")) == NOTHING_ELSE
    assert table.metric("ThrottledRequests", Operation="BatchWriteItem") == 1


def test_throttled_part_of_a_batch_of_reads_comes_back(cloud: Cloud) -> None:
    table = Metered(cloud, throughput=(2, 10))
    keys = [item(pk=name) for name in "abc"]
    for key in keys:
        table.put(key)
    wanted = {"Keys": keys, "ConsistentRead": True, "ProjectionExpression": "pk"}
    reply = table.client.batch_get_item(RequestItems={"t": wanted})
    assert reply["Responses"] == {"t": keys[:2]}
    assert reply["UnprocessedKeys"] == {"t": {**wanted, "Keys": keys[2:]}}
    again = {"RequestItems": reply["UnprocessedKeys"]}
    assert (
        table.passes(lambda: table.client.batch_get_item(**again)) == "TableReadProvisionedThroughputExceeded"
    )
    cloud.advance(1)
    assert table.client.batch_get_item(**again)["Responses"] == {"t": keys[2:]}


def test_throttled_transaction_is_cancelled(cloud: Cloud) -> None:
    table = Metered(cloud, throughput=(3, 3))
    Metered(cloud, "other", throughput=(10, 10))
    actions = [{"Put": {"TableName": name, "Item": item(pk=name)}} for name in ("t", "other")]
    table.client.transact_write_items(TransactItems=actions)
    with pytest.raises(table.client.exceptions.TransactionCanceledException) as caught:
        table.client.transact_write_items(TransactItems=actions)
    codes = [reason["Code"] for reason in caught.value.response["CancellationReasons"]]
    assert codes == ["ProvisionedThroughputExceeded", "None"]
    assert table.metric("ThrottledRequests", Operation="TransactWriteItems") == 1
    reads = [{"Get": {"TableName": "t", "Key": A}}] * 1
    table.client.transact_get_items(TransactItems=reads)
    with pytest.raises(table.client.exceptions.TransactionCanceledException):
        table.client.transact_get_items(TransactItems=reads)


# A starved index


def starved(cloud: Cloud, *, index_writes: int = 1) -> Metered:
    of_global = [index("by_g", "g", projection="KEYS_ONLY", throughput=(1, index_writes))]
    return Metered(cloud, throughput=(100, 500), indexes=of_global)


def test_index_without_capacity_throttles_its_table(cloud: Cloud) -> None:
    """500 units on the table, 100 on the index: at 200 writes a second 100 pass."""
    table = starved(cloud, index_writes=100)
    passed = 0
    for number in range(1_000):
        passed += table.passes(lambda: table.put(item(pk=str(number), g="x"))) is None  # noqa: B023  # called at once
        cloud.advance(0.005)
    assert passed == 100 + int(100 * 4.995)
    assert table.metric("ConsumedWriteCapacityUnits") == passed
    assert table.metric("ConsumedWriteCapacityUnits", GlobalSecondaryIndexName="by_g") == passed
    assert table.metric("WriteThrottleEvents") == 0
    for name in ("WriteThrottleEvents", "WriteProvisionedThroughputThrottleEvents"):
        assert table.metric(name, GlobalSecondaryIndexName="by_g") == 1_000 - passed
    assert table.metric("ThrottledRequests", Operation="PutItem") == 1_000 - passed


def test_index_without_capacity_is_named(cloud: Cloud) -> None:
    table = starved(cloud)
    table.put(item(pk="a", g="x"))
    with pytest.raises(table.client.exceptions.ProvisionedThroughputExceededException) as caught:
        table.put(item(pk="b", g="x"))
    (reason,) = caught.value.response["ThrottlingReasons"]
    assert reason["reason"] == "IndexWriteProvisionedThroughputExceeded"
    assert reason["resource"].endswith(":table/t/index/by_g")


def test_index_without_capacity_leaves_other_writes_alone(cloud: Cloud) -> None:
    table = starved(cloud)
    table.put(item(pk="a", g="x", n=1))
    assert table.passes(lambda: table.put(item(pk="b"))) is None
    assert table.update(item(pk="a"), "SET n = :n", n=2) == 1
    assert table.passes(lambda: table.update(item(pk="a"), "SET g = :g", g="y")) is not None


@pytest.mark.parametrize("write", ["put", "update", "delete", "batch"])
def test_index_without_capacity_undoes_the_write(cloud: Cloud, write: str) -> None:
    table = starved(cloud)
    kept = item(pk="a", g="x", n=1)
    table.put(kept)
    heard: list[Any] = []
    cloud.plane("dynamodb").changes.listen(heard.append)
    calls = {
        "put": lambda: table.put(item(pk="a", g="y")),
        "update": lambda: table.update(A, "SET g = :g, n = :n", g="y", n=2),
        "delete": lambda: table.delete(A),
        "batch": lambda: table.client.batch_write_item(RequestItems={"t": [{"DeleteRequest": {"Key": A}}]}),
    }
    assert table.passes(calls[write]) == "IndexWriteProvisionedThroughputExceeded"
    assert (table.call("scan")["Items"], heard) == ([kept], [])


def test_index_needs_units_for_both_places_of_an_item(cloud: Cloud) -> None:
    """Moving an entry is a delete and a put: two units."""
    table = starved(cloud, index_writes=2)
    table.put(item(pk="a", g="x"))
    assert (
        table.passes(lambda: table.update(A, "SET g = :g", g="y")) is None
    )  # a second's worth is there in part
    cloud.advance(0.5)
    assert table.passes(lambda: table.update(A, "SET g = :g", g="z")) is not None


def test_index_throughput_of_its_own(cloud: Cloud) -> None:
    table = starved(cloud)
    table.put(item(pk="a", g="x"))
    wanted = {"IndexName": "by_g", "ProvisionedThroughput": units(1, 50)}
    table.call("update_table", GlobalSecondaryIndexUpdates=[{"Update": wanted}])
    cloud.advance(1)
    assert all(table.passes(lambda: table.put(item(pk="b", g="x"))) is None for _ in range(50))


# Cost


def test_idle_tables_cost_nothing(cloud: Cloud) -> None:
    due = len(cloud._environment._queue)
    for number in range(20):
        Metered(cloud, f"t{number:02}", throughput=(5, 5)).put(A)
    assert len(cloud._environment._queue) == due
    cloud.advance(86_400)
    assert len(cloud._environment._queue) == due
