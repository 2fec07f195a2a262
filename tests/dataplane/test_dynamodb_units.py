"""Units for sizes, and the worked examples of section 22 added up from what calls consume."""

from __future__ import annotations

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import Cloud
from helpers.dataplane.dynamodb.units import Consistency, consistency_of, read_units, write_units
from tests.dataplane.dynamo import item
from tests.dataplane.metered import KB, Metered, sized

SIZES = st.integers(0, 500 * KB)
PER_4_KB = {Consistency.EVENTUAL: 0.5, Consistency.STRONG: 1, Consistency.TRANSACTIONAL: 2}


@given(SIZES, st.sampled_from(Consistency))
def test_units_of_reads_round_up_before_they_multiply(size: int, consistency: Consistency) -> None:
    assert read_units(size, consistency) == max(1, ceil(size / 4096)) * PER_4_KB[consistency]


@given(SIZES, st.booleans())
def test_units_of_writes_round_up_before_they_multiply(size: int, transactional: bool) -> None:
    assert write_units(size, transactional=transactional) == max(1, ceil(size / 1024)) * (
        2 if transactional else 1
    )


def test_units_change_at_the_next_byte() -> None:
    assert [write_units(size) for size in (0, 1, 1024, 1025, 2048, 409_600)] == [1, 1, 1, 2, 2, 400]
    strong = Consistency.STRONG
    assert [read_units(size, strong) for size in (0, 1, 4096, 4097, 409_600)] == [1, 1, 1, 2, 100]
    assert [consistency_of(given) for given in ({}, {"ConsistentRead": True})] == [
        Consistency.EVENTUAL,
        strong,
    ]


WRITES = [(10, 2, False, 20), (6, 4.5, False, 30), (2, 2, False, 4), (3, 5, True, 30)]
READS = [(10, 4, "strong", 10), (16, 12, "eventual", 24), (10, 6, "strong", 20), (5, 5, "transactional", 20)]


@pytest.mark.parametrize(("each_second", "size_kb", "transactional", "answer"), WRITES)
def test_units_of_the_write_examples(
    cloud: Cloud, each_second: int, size_kb: float, transactional: bool, answer: int
) -> None:
    """10 items of 2 KB a second; 6 of 4.5 KB; 120 of 2 KB a minute; 3 of 5 KB in transactions."""
    table = Metered(cloud)
    total = 0.0
    for number in range(each_second):
        written = sized(int(size_kb * KB), str(number))
        if transactional:
            told = table.client.transact_write_items(
                TransactItems=[{"Put": {"TableName": "t", "Item": written}}], ReturnConsumedCapacity="TOTAL"
            )
            total += told["ConsumedCapacity"][0]["CapacityUnits"]
        else:
            total += table.put(written)
    assert total == answer


@pytest.mark.parametrize(("each_second", "size_kb", "mode", "answer"), READS)
def test_units_of_the_read_examples(
    cloud: Cloud, each_second: int, size_kb: int, mode: str, answer: int
) -> None:
    """10 strong reads of 4 KB a second; 16 eventual of 12 KB; 10 strong of 6 KB; 5 transactional of 5 KB."""
    table = Metered(cloud)
    table.put(sized(size_kb * KB))
    total = 0.0
    for _ in range(each_second):
        if mode == "transactional":
            told = table.client.transact_get_items(
                TransactItems=[{"Get": {"TableName": "t", "Key": item(pk="a")}}],
                ReturnConsumedCapacity="TOTAL",
            )
            total += told["ConsumedCapacity"][0]["CapacityUnits"]
        else:
            total += table.get(item(pk="a"), strong=mode == "strong")
    assert total == answer


def test_units_of_a_sharded_vote(cloud: Cloud) -> None:
    """2 candidates with 10 suffixes each are 20 key values; the sum of one takes 10 reads."""
    table = Metered(cloud)
    for candidate in "ab":
        for suffix in range(10):
            table.update(item(pk=f"{candidate}#{suffix}"), "ADD votes :one", one=1)
    assert table.client.scan(TableName="t")["Count"] == 20
    reads = [
        table.client.get_item(TableName="t", Key=item(pk=f"a#{suffix}"), ReturnConsumedCapacity="TOTAL")
        for suffix in range(10)
    ]
    assert sum(int(reply["Item"]["votes"]["N"]) for reply in reads) == 10
    assert sum(reply["ConsumedCapacity"]["CapacityUnits"] for reply in reads) == 5
