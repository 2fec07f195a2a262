"""Partitions: where keys lie, what one partition takes, adaptive capacity, and splits for heat."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import Cloud
from helpers.dataplane.dynamodb.partitions import Partitions, position_of
from tests.dataplane.dynamo import item, value
from tests.dataplane.metered import KB, Metered, index, sized

S = 1_000_000
SPACE = 2**32
HOT = "TableWriteKeyRangeThroughputExceeded"


def position(key: str) -> int:
    return position_of([value(key)])


# Keys and ranges


def test_partition_of_a_key_is_the_same_in_every_run() -> None:
    """Positions as they were when this was written: a change would move every committed picture."""
    values = [value("a"), value("b"), {"N": "7"}, {"B": b"a"}]
    assert [position_of([each]) for each in values] == [
        3_104_383_699,
        973_847_209,
        2_877_861_272,
        3_396_948_029,
    ]


def test_partition_of_a_number_does_not_depend_on_how_it_is_written() -> None:
    assert len({position_of([{"N": text}]) for text in ("7", "7.0", "07", "70E-1")}) == 1
    assert len({position_of(each) for each in ([value("ab")], [value("a"), value("b")], [{"B": b"ab"}])}) == 3


@given(st.integers(1, 50), st.integers(0, SPACE - 1))
def test_partitions_are_equal_ranges(count: int, where: int) -> None:
    partitions = Partitions(count, 1_000, 1, 0)
    number = partitions.number(where)
    assert SPACE * number // count <= where < SPACE * (number + 1) // count
    assert (len(partitions), partitions.start(where)) == (count, SPACE * number // count)


def test_partitions_get_their_share_of_many_keys() -> None:
    partitions = Partitions(4, 1_000, 1, 0)
    shares = Counter(partitions.number(position(f"user-{number}")) for number in range(4_000))
    assert all(abs(share - 1_000) < 100 for share in shares.values())


def test_partitions_keep_what_they_used_when_there_are_more() -> None:
    partitions = Partitions(1, 10, 1, 0)
    partitions.take(0, 10, 0)
    partitions.spread(2, 10, 1, 0)
    assert (partitions.holds(0, 1, 0), partitions.holds(SPACE - 1, 10, 0)) == (False, True)


# The limit of a partition


def test_hot_key_gets_1000_writes_a_second(cloud: Cloud) -> None:
    """A partition holds a second's worth, and 1,000 more come in each second, whatever the table has."""
    table = Metered(cloud, throughput=(1, 10_000))
    cloud.advance(10)
    writes = 0
    for _ in range(40):
        for _ in range(10):  # 100 units, forty times in a second
            writes += table.passes(lambda: table.put(sized(10 * KB, "hot"))) is None
        cloud.advance(0.025)
    assert writes == (1_000 + 975) // 10
    assert table.passes(lambda: table.put(sized(400 * KB, "hot"))) == HOT
    assert table.metric("WriteKeyRangeThroughputThrottleEvents") == 400 - writes + 1


def test_hot_key_gets_3000_reads_a_second(cloud: Cloud) -> None:
    """A strong read of 20 KB takes 5 units: 600 of one item in a second (GUIDE/bp-partition-key-design.html)."""
    table = Metered(cloud, throughput=(40_000, 100))
    table.put(sized(20 * KB))
    read = {"Key": item(pk="a"), "ConsistentRead": True}
    reads = [table.passes(lambda: table.call("get_item", **read)) for _ in range(700)]
    assert reads.count(None) == 600
    assert set(reads) == {None, "TableReadKeyRangeThroughputExceeded"}


def test_hot_key_is_helped_by_suffixes(cloud: Cloud) -> None:
    """Ten suffixes over four partitions: more than one partition's limit passes."""
    table = Metered(cloud, throughput=(1, 4_000))
    table.put(item(pk="x"))
    keys = [f"hot#{suffix}" for suffix in range(10)]
    assert len({position(key) * 4 // SPACE for key in keys}) == 4
    writes = sum(
        table.passes(lambda: table.put(sized(10 * KB, keys[number % 10]))) is None  # noqa: B023  # called at once
        for number in range(300)
    )
    assert writes > 200


def test_hot_partition_of_an_index(cloud: Cloud) -> None:
    """The table is even, its index on a status with one value is not."""
    of_global = [index("by_status", "status", throughput=(1, 10_000))]
    table = Metered(cloud, throughput=(1, 10_000), indexes=of_global)
    found = [
        table.passes(lambda: table.put(sized(10 * KB, str(number), status="new")))  # noqa: B023  # called at once
        for number in range(150)
    ]
    assert found.count(None) == 100
    assert set(found) == {None, "IndexWriteKeyRangeThroughputExceeded"}


def test_hot_partition_on_demand(cloud: Cloud) -> None:
    table = Metered(cloud)
    found = [table.passes(lambda: table.put(sized(100 * KB, "hot"))) for _ in range(11)]
    assert found == [None] * 10 + [HOT]
    with pytest.raises(table.client.exceptions.ThrottlingException) as caught:
        table.put(sized(100 * KB, "hot"))
    reason = {"reason": HOT, "resource": "arn:aws:dynamodb:us-east-1:123456789012:table/t"}
    assert caught.value.response["throttlingReasons"] == [reason]


def test_scan_is_spread_over_the_partitions_it_read(cloud: Cloud) -> None:
    table = Metered(cloud, throughput=(10_000, 10_000))
    for number in range(60):
        table.put(sized(200 * KB, str(number)))
        cloud.advance(1)
    for _ in range(20):  # 12 MB of pages from four partitions at one instant: 3,000 units
        assert table.passes(lambda: table.call("scan")) is None


# Adaptive capacity


def four(cloud: Cloud, **models: Any) -> tuple[Metered, list[str]]:
    """400 units over four partitions, and a key in each."""
    for name, setting in {"partitions": 4, "burst_s": 1, **models}.items():
        setattr(cloud.plane("dynamodb").models, name, setting)
    table = Metered(cloud, throughput=(400, 400))
    keys: dict[int, str] = {}
    for number in range(20):
        keys.setdefault(position(str(number)) * 4 // SPACE, str(number))
    return table, [keys[number] for number in range(4)]


@pytest.mark.parametrize(("adaptive", "of_the_hot_one"), [(True, 1_500), (False, 100 + 999)])
def test_adaptive_capacity_of_the_example(cloud: Cloud, adaptive: bool, of_the_hot_one: int) -> None:
    """400 units over 4 partitions, writes of 50, 50, 50 and 150 units a second (GUIDE/burst-adaptive-capacity.html)."""
    table, keys = four(cloud, adaptive_capacity=adaptive)
    pattern = [keys[0], keys[3], keys[1], keys[3], keys[2], keys[3]]
    found: Counter[str] = Counter()
    for number in range(300):  # of 10 units each: 300 a second in all, for 10 s
        key = pattern[number % 6]
        found[key] += table.passes(lambda: table.put(sized(10 * KB, key))) is None  # noqa: B023  # called at once
        cloud.advance(10 / 300)
    assert [10 * found[key] for key in keys[:3]] == [500, 500, 500]
    assert 10 * found[keys[3]] == of_the_hot_one // 10 * 10


def test_adaptive_capacity_stops_at_the_table_total(cloud: Cloud) -> None:
    table, keys = four(cloud)
    found = [table.passes(lambda: table.put(sized(10 * KB, keys[0]))) for _ in range(50)]
    assert found == [None] * 40 + ["TableWriteProvisionedThroughputExceeded"] * 10


def test_without_adaptive_capacity_a_partition_has_its_share(cloud: Cloud) -> None:
    table, keys = four(cloud, adaptive_capacity=False)
    found = [table.passes(lambda: table.put(sized(10 * KB, keys[0]))) for _ in range(11)]
    assert found == [None] * 10 + ["TableWriteProvisionedThroughputExceeded"]


def test_models_count_from_the_next_call_on(cloud: Cloud) -> None:
    table, keys = four(cloud)
    table.put(item(pk=keys[0]))
    models = cloud.plane("dynamodb").models
    models.adaptive_capacity = False
    cloud.advance(1)
    assert [table.passes(lambda: table.put(sized(10 * KB, keys[0]))) for _ in range(11)].count(None) == 10
    models.adaptive_capacity = True
    cloud.advance(1)
    assert table.passes(lambda: table.put(sized(10 * KB, keys[0]))) is None


# Splits for heat


def test_split_gives_the_hottest_key_a_partition_of_its_own() -> None:
    partitions = Partitions(1, 1_000, 1, 0)
    for second in range(0, 121, 10):
        partitions.refuse(500, second * S, 120)
        partitions.refuse(500, second * S, 120)
        partitions.refuse(900, second * S, 120)
    assert [partitions.start(where) for where in (0, 499, 500, 501, SPACE - 1)] == [0, 0, 500, 501, 501]


def test_split_parts_keys_that_are_hot_together() -> None:
    partitions = Partitions(1, 1_000, 1, 0)
    for second in range(0, 121, 10):
        for where in (100, 200, 300, 400):
            partitions.refuse(where, second * S, 120)
    assert [partitions.start(where) for where in (100, 200, 300, 400)] == [0, 0, 300, 300]


def test_split_needs_lasting_heat() -> None:
    partitions = Partitions(1, 1_000, 1, 0)
    for second in (0, 50, 111, 160, 222):  # more than a minute without a refusal, twice
        partitions.refuse(500, second * S, 120)
    assert len(partitions) == 1
    for second in range(0, 1_000, 10):
        partitions.refuse(500, second * S, None)
    assert len(partitions) == 1


def test_split_of_a_single_key_ends() -> None:
    partitions = Partitions(1, 1_000, 1, 0)
    partitions.take(SPACE - 1, 1_000, 0)
    for second in range(0, 1_000, 10):
        partitions.refuse(SPACE - 1, second * S, 100)
    assert len(partitions) == 2
    partitions.spread(2, 1_000, 1, 1_000 * S)
    assert [partitions.start(where) for where in (0, SPACE // 2, SPACE - 1)] == [0, SPACE // 2, SPACE - 1]


def test_split_ends_the_throttling_of_two_hot_keys(cloud: Cloud) -> None:
    cloud.plane("dynamodb").models.split_for_heat_s = 120
    cloud.plane("dynamodb").models.partitions = 1
    table = Metered(cloud, throughput=(1, 40_000))
    cloud.advance(10)
    keys = ["a", "b"]

    def refused_in(seconds: int) -> int:
        refused = 0
        for _ in range(seconds * 4):  # 800 units a second of each key
            for key in keys:
                call = {"Item": sized(200 * KB, key)}
                refused += table.passes(lambda: table.call("put_item", **call)) is not None  # noqa: B023  # called at once
            cloud.advance(0.25)
        return refused

    assert refused_in(60) > 60
    refused_in(90)
    assert refused_in(60) == 0
