"""How many bytes an item has: AWS's rules one by one, and an oracle that spells every byte out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.dataplane.dynamodb.size import item_size, key_size, value_size
from helpers.dataplane.dynamodb.values import same, stored

NAMES = st.text(max_size=5)
NUMBERS = st.decimals(
    allow_nan=False, allow_infinity=False, places=3, min_value=-1_000_000, max_value=1_000_000
)
SCALARS = st.one_of(
    st.text(max_size=20).map(lambda text: {"S": text}),
    NUMBERS.map(lambda number: {"N": str(number)}),
    st.binary(max_size=20).map(lambda data: {"B": data}),
    st.booleans().map(lambda flag: {"BOOL": flag}),
    st.just({"NULL": True}),
    st.sets(st.text(max_size=5), min_size=1).map(lambda texts: {"SS": sorted(texts)}),
    st.sets(NUMBERS, min_size=1, max_size=5).map(lambda numbers: {"NS": sorted(map(str, numbers))}),
    st.sets(st.binary(max_size=5), min_size=1).map(lambda blobs: {"BS": sorted(blobs)}),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda values: {"L": values}),
        st.dictionaries(NAMES, inner, max_size=4).map(lambda values: {"M": values}),
    ),
    max_leaves=12,
)
ITEMS = st.dictionaries(NAMES, VALUES, max_size=5)


def spelled(value: dict[str, Any]) -> bytes:
    """A byte for each byte that AWS counts."""
    ((kind, content),) = value.items()
    if kind == "S":
        return content.encode()
    if kind == "N":
        digits = "".join(map(str, Decimal(content).as_tuple().digits)).strip("0")
        return b"#" * (-(-len(digits) // 2)) + b"."
    if kind == "B":
        return bytes(content)
    if kind in ("BOOL", "NULL"):
        return b"!"
    if kind == "L":
        return b"[,]" + b"".join(b"+" + spelled(each) for each in content)
    if kind == "M":
        return b"{:}" + b"".join(b"+" + name.encode() + spelled(each) for name, each in content.items())
    return b"".join(spelled({kind[0]: each}) for each in content)


@given(ITEMS)
def test_size_is_every_byte_spelled_out(given_item: dict[str, Any]) -> None:
    expected = sum(len(name.encode()) + len(spelled(value)) for name, value in given_item.items())
    assert item_size(given_item) == expected


@given(ITEMS, st.lists(NAMES, max_size=3))
def test_size_of_a_key_is_that_of_its_attributes(given_item: dict[str, Any], names: list[str]) -> None:
    wanted = dict.fromkeys(names)
    assert key_size(given_item, wanted) == item_size(
        {name: value for name, value in given_item.items() if name in wanted}
    )


@given(ITEMS)
def test_size_does_not_depend_on_how_a_value_is_written(given_item: dict[str, Any]) -> None:
    kept = stored(given_item)
    assert (item_size(kept), same(kept, given_item), stored(kept)) == (item_size(given_item), True, kept)


def test_size_of_the_example_of_aws() -> None:
    assert item_size({"shirt-color": {"S": "R"}, "shirt-size": {"S": "M"}}) == 23


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": ""}, 0),
        ({"S": "grüße"}, 7),
        ({"N": "0"}, 1),
        ({"N": "7"}, 2),
        ({"N": "-7"}, 2),
        ({"N": "42"}, 2),
        ({"N": "123"}, 3),
        ({"N": "1000000"}, 2),
        ({"N": "0.00012"}, 2),
        ({"N": "10.01"}, 3),
        ({"N": "1E+20"}, 2),
        ({"N": "1" * 38}, 20),
        ({"B": b"\x00\x01"}, 2),
        ({"BOOL": False}, 1),
        ({"NULL": True}, 1),
        ({"L": []}, 3),
        ({"M": {}}, 3),
        ({"L": [{"S": "ab"}, {"N": "1"}]}, 3 + 1 + 2 + 1 + 2),
        ({"M": {"key": {"S": "ab"}}}, 3 + 1 + 3 + 2),
        ({"SS": ["a", "bc"]}, 3),
        ({"NS": ["1", "234"]}, 2 + 3),
        ({"BS": [b"a", b"bc"]}, 3),
    ],
)
def test_size_of_each_type(value: dict[str, Any], size: int) -> None:
    assert value_size(value) == size
