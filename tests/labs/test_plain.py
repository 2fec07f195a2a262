"""Plain data between a check and the student's code: what goes in comes out, and nothing else gets through."""

from __future__ import annotations

import json
from collections import OrderedDict, namedtuple
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.labs import plain

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**40), max_value=10**40)
    | st.datetimes(timezones=st.just(UTC))
)
hashable = st.text() | st.integers() | st.booleans() | st.binary()
data = st.recursive(
    scalars | st.sets(hashable),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.dictionaries(hashable, inner),
    max_leaves=20,
)


@given(data)
def test_what_goes_in_comes_out(value: object) -> None:
    wire = json.loads(json.dumps(plain.encode(value), allow_nan=False))
    found = plain.decode(wire)
    assert repr(found) == repr(value) or found == value
    assert type(found) is type(value)


def test_a_float_that_json_lacks_is_told() -> None:
    assert plain.encode([float("inf"), -0.0]) == [{"$number": "inf"}, -0.0]
    assert str(plain.decode({"$number": "nan"})) == "nan"


def test_tuples_become_lists_and_subclasses_lose_what_they_add() -> None:
    class Loud(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "LOUD"

    class Always(dict):
        def items(self):
            return [("forged", 1)]

    class Many(int):
        def __int__(self) -> int:
            return 7

    class Hidden(list):
        def __iter__(self):
            return iter([1, 2, 3])

    point = namedtuple("point", "x y")
    given_ = [(1, 2), point(1, 2), Loud("quiet"), Always(a=1), Many(3), Hidden([9]), OrderedDict(b=2)]
    assert plain.encode(given_) == [[1, 2], [1, 2], "quiet", {"a": 1}, 3, [9], {"b": 2}]


@pytest.mark.parametrize(
    "value", [object(), print, Exception("x"), (one for one in [1]), {"a": [object]}, 1j]
)
def test_anything_else_is_refused_by_its_type(value: object) -> None:
    with pytest.raises(plain.NotPlain, match="a value of type"):
        plain.encode(value)


def test_data_without_end_is_refused() -> None:
    nest: list[object] = []
    nest.append(nest)
    with pytest.raises(plain.NotPlain, match="nested more than 50 deep"):
        plain.encode(nest)


def test_keys_that_look_like_tags_are_wrapped() -> None:
    value = {"$bytes": "not base64", "$client": "sqs"}
    assert plain.decode(plain.encode(value)) == value


def test_a_tag_that_is_not_known_is_refused_or_resolved() -> None:
    with pytest.raises(ValueError, match=r"\$client is not known"):
        plain.decode({"$client": "sqs"})
    assert plain.decode([{"$client": "sqs"}], lambda tag, content: (tag, content)) == [("$client", "sqs")]


def test_a_stream_is_read_and_can_be_read_again() -> None:
    stream = plain.decode({"$stream": "aGVsbG8="})
    assert stream.read() == b"hello"
    assert plain.encode(plain.decode({"$stream": "aGVsbG8="})) == {"$stream": "aGVsbG8="}


def test_an_instant_keeps_its_zone() -> None:
    instant = datetime(2026, 1, 5, 9, tzinfo=UTC)
    assert plain.decode(plain.encode(instant)) == instant
    assert plain.decode(plain.encode(Decimal("0.10"))) == Decimal("0.10")


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "1e1001", "1e-1001"])
def test_a_decimal_that_cannot_be_compared_or_written_out_is_no_plain_data(number: str) -> None:
    with pytest.raises(plain.NotPlain):
        plain.encode(Decimal(number))
    with pytest.raises(plain.NotPlain):
        plain.decode({"$decimal": number})
