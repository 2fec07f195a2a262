"""On-demand mode: what a table takes at once, how that grows, its maximum, and the switch between the modes."""

from __future__ import annotations

from typing import Any

import pytest

from helpers import Cloud
from helpers.dataplane.dynamodb.models import Models
from helpers.dataplane.dynamodb.modes import Limit, OnDemand
from helpers.dataplane.dynamodb.partitions import position_of
from helpers.dataplane.dynamodb.supply import Direction
from tests.dataplane.dynamo import item, value
from tests.dataplane.metered import KB, Metered, index, sized, units

S = 1_000_000
A = item(pk="a")
MAXIMUM = "TableWriteMaxOnDemandThroughputExceeded"


def busy(mode: OnDemand, rate: float, from_s: int, seconds: int) -> list[int]:
    """Take `rate` units in each second; the seconds in which that was refused."""
    refused = []
    for second in range(from_s, from_s + seconds):
        if mode.refusal(rate, second * S) is None:
            mode.take(rate, second * S)
        else:
            refused.append(second)
    return refused


# The ceiling


def test_ondemand_takes_at_once_what_a_new_table_takes() -> None:
    mode = OnDemand(4_000, None, Models(), 0)
    assert busy(mode, 4_000, 0, 60) == []
    assert mode.ceiling(60 * S) == 4_000
    assert mode.refusal(1, 59 * S) is Limit.KEY_RANGE


def test_ondemand_takes_double_the_peak_half_an_hour_later() -> None:
    """The peak is the average of a minute; twice as much passes 30 minutes after it (GUIDE/on-demand-capacity-mode)."""
    mode = OnDemand(4_000, None, Models(), 0)
    busy(mode, 3_000, 0, 60)
    assert [mode.ceiling(at * S) for at in (60, 1_859, 1_860, 10**6)] == [4_000, 4_000, 6_000, 6_000]
    busy(mode, 6_000, 2_000_040, 60)
    assert [mode.ceiling((2_000_100 + at) * S) for at in (0, 1_799, 1_800)] == [6_000, 6_000, 12_000]


def test_ondemand_doubles_again_and_again_up_to_the_quota() -> None:
    mode = OnDemand(4_000, None, Models(), 0)
    ceilings = []
    for half_hour in range(6):
        began = half_hour * 1_920
        ceilings.append(mode.ceiling((began - 1) * S))
        assert busy(mode, ceilings[-1], began, 60) == []
    assert ceilings == [4_000, 8_000, 16_000, 32_000, 40_000, 40_000]
    assert mode.refusal(1, (5 * 1_920 + 59) * S) is Limit.ACCOUNT


def test_ondemand_keeps_its_peak_through_quiet_times() -> None:
    mode = OnDemand(4_000, None, Models(), 0)
    busy(mode, 4_000, 0, 60)
    busy(mode, 10, 7_200, 600)
    assert mode.ceiling(10**6 * S) == 8_000


def test_ondemand_short_spikes_are_no_peak() -> None:
    mode = OnDemand(4_000, None, Models(), 0)
    busy(mode, 4_000, 0, 15)
    assert mode.ceiling(3_600 * S) == 4_000  # 1,000 a second over the minute


def test_ondemand_new_table_in_a_cloud(cloud: Cloud) -> None:
    """4,000 writes a second, as far as no partition gets more than its 1,000."""
    table = Metered(cloud)
    found = [
        table.passes(lambda: table.put(sized(20 * KB, str(number))))  # noqa: B023  # it is called at once  # called at once
        for number in range(250)
    ]
    assert 170 < found.count(None) <= 200
    assert set(found) == {None, "TableWriteKeyRangeThroughputExceeded"}


def test_ondemand_partitions_grow_with_the_ceiling(cloud: Cloud) -> None:
    table = Metered(cloud)
    table.put(A)
    capacity, state = cloud.plane("dynamodb").capacity, cloud.plane("dynamodb").tables.known()[0]
    supply = capacity.supply(state, None, Direction.WRITE)
    assert len(supply.partitions) == 4
    busy(supply.mode, 3_990, 60, 60)
    cloud.advance(3_600)
    table.put(A)
    assert len(supply.partitions) == 8


def test_ondemand_table_quota_of_the_account(cloud: Cloud) -> None:
    warm = {"ReadUnitsPerSecond": 40_000, "WriteUnitsPerSecond": 40_000}
    table = Metered(cloud, WarmThroughput=warm)
    keys: dict[int, str] = {}
    for number in range(1_000):
        keys.setdefault(position_of([value(str(number))]) * 40 // 2**32, str(number))
    for key in keys.values():  # 1,000 units of each of the 40 partitions
        for size_kb in (200, 400, 400):
            assert table.passes(lambda: table.put(sized(size_kb * KB, key))) is None  # noqa: B023  # it is called at once  # called at once
    assert len(keys) == 40
    assert table.passes(lambda: table.put(A)) == "TableWriteAccountLimitExceeded"
    with pytest.raises(
        table.client.exceptions.RequestLimitExceeded, match="throughput quota for your account"
    ):
        table.put(A)


# Maximum and warm throughput


def limited(cloud: Cloud, reads: int, writes: int) -> Metered:
    return Metered(cloud, OnDemandThroughput={"MaxReadRequestUnits": reads, "MaxWriteRequestUnits": writes})


def test_ondemand_maximum(cloud: Cloud) -> None:
    table = limited(cloud, 5, 10)
    found = [table.passes(lambda: table.put(A)) for _ in range(11)]
    assert found == [None] * 10 + [MAXIMUM]
    reads = [table.passes(lambda: table.get(A, strong=True)) for _ in range(6)]
    assert reads == [None] * 5 + ["TableReadMaxOnDemandThroughputExceeded"]
    with pytest.raises(
        table.client.exceptions.ThrottlingException, match="maximum OnDemandThroughput configured"
    ):
        table.put(A)
    assert table.metric("WriteMaxOnDemandThroughputThrottleEvents") == 2


def test_ondemand_maximum_may_be_exceeded_in_a_burst(cloud: Cloud) -> None:
    table = limited(cloud, 5, 10)
    cloud.advance(60)
    assert [table.passes(lambda: table.put(A)) for _ in range(620)].count(None) == 610


def test_ondemand_maximum_is_shown_and_removed(cloud: Cloud) -> None:
    table = limited(cloud, 5, 10)
    shown = {"MaxReadRequestUnits": 5, "MaxWriteRequestUnits": 10}
    assert table.call("describe_table")["Table"]["OnDemandThroughput"] == shown
    for _ in range(10):
        table.put(A)
    table.call("update_table", OnDemandThroughput={"MaxWriteRequestUnits": -1})
    assert all(table.passes(lambda: table.put(A)) is None for _ in range(100))
    shown = {"MaxReadRequestUnits": 5, "MaxWriteRequestUnits": -1}
    assert table.call("describe_table")["Table"]["OnDemandThroughput"] == shown


def test_ondemand_maximum_of_an_index(cloud: Cloud) -> None:
    limit = {"OnDemandThroughput": {"MaxWriteRequestUnits": 2}}
    table = Metered(cloud, indexes=[index("idx", "g") | limit])
    found = [table.passes(lambda: table.put(item(pk=name, g="x"))) for name in "abc"]  # noqa: B023  # it is called at once  # called at once
    assert found == [None, None, "IndexWriteMaxOnDemandThroughputExceeded"]


def test_ondemand_warm_throughput(cloud: Cloud) -> None:
    """More than a new table takes, at once (GUIDE/warm-throughput.html)."""
    table = Metered(cloud, WarmThroughput={"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 20_000})

    def taken() -> int:
        found = [
            table.passes(lambda: table.put(sized(100 * KB, f"k{number}")))  # noqa: B023  # it is called at once  # called at once
            for number in range(400)
        ]
        return found.count(None)

    assert 150 < taken() <= 200
    cloud.advance(1)
    warm = {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 30_000}
    table.call("update_table", WarmThroughput=warm)
    cloud.advance(1)
    assert 220 < taken() <= 300


# Switching


def switch(table: Metered, mode: str, **more: Any) -> str | None:
    return table.passes(lambda: table.call("update_table", BillingMode=mode, **more))


def test_switch_to_on_demand_takes_at_least_what_was_provisioned(cloud: Cloud) -> None:
    table = Metered(cloud, throughput=(5, 10_000))
    table.set_throughput(5, 5)
    assert switch(table, "PAY_PER_REQUEST") is None
    cloud.advance(1)
    found = [table.passes(lambda: table.put(sized(100 * KB, f"k{number}"))) for number in range(200)]  # noqa: B023  # it is called at once
    assert 75 < found.count(None) <= 100
    assert table.throughput == (0, 0)


def test_switch_to_on_demand_four_times_a_day(cloud: Cloud) -> None:
    table = Metered(cloud, throughput=(5, 5))
    back = {"ProvisionedThroughput": units(5, 5)}
    for hour in range(4):
        assert switch(table, "PAY_PER_REQUEST") is None
        assert switch(table, "PROVISIONED", **back) is None
        cloud.run(until=3_600.0 * (hour + 1))
    assert switch(table, "PAY_PER_REQUEST") == "LimitExceededException"
    cloud.run(until=86_399)
    assert switch(table, "PAY_PER_REQUEST") == "LimitExceededException"
    cloud.run(until=86_400)
    assert switch(table, "PAY_PER_REQUEST") is None
    assert switch(table, "PROVISIONED", **back) is None
    assert switch(table, "PAY_PER_REQUEST") == "LimitExceededException"


def test_switch_to_provisioned_needs_units(cloud: Cloud) -> None:
    table = Metered(cloud, indexes=[index("idx", "g")])
    of_index = [{"Update": {"IndexName": "idx", "ProvisionedThroughput": units(2, 2)}}]
    assert switch(table, "PROVISIONED") == "ValidationException"
    assert switch(table, "PROVISIONED", ProvisionedThroughput=units(5, 5)) == "ValidationException"
    both = {"ProvisionedThroughput": units(5, 5), "GlobalSecondaryIndexUpdates": of_index}
    assert switch(table, "PROVISIONED", **both) is None
    assert [table.passes(lambda: table.put(item(pk=name, g="x"))) for name in "abc"] == [  # noqa: B023  # it is called at once
        None, None, "IndexWriteProvisionedThroughputExceeded",
    ]  # fmt: skip


def test_on_demand_table_has_no_provisioned_throughput(cloud: Cloud) -> None:
    table = Metered(cloud)
    assert table.passes(lambda: table.set_throughput(5, 5)) == "ValidationException"
