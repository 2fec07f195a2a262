"""How many bytes AWS counts for an item: the base of its units and of its limit of 400 KB.

AWS: GUIDE/CapacityUnitCalculations.html. The page says "approximately" of numbers; here its rule is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Value = Mapping[str, Any]
"""One attribute value as the low-level API has it, such as {"N": "7"}."""

Item = Mapping[str, Value]
"""An item, or the key of one: attribute names with their values."""

_NESTED_BYTES = 3  # a list or a map, and one byte more for each of its elements
_FLAG_BYTES = 1  # null, true or false


def item_size(item: Item) -> int:
    """Bytes of an item (or key): the names of its top-level attributes in UTF-8, and their values."""
    return sum(_text(name) + value_size(value) for name, value in item.items())


def key_size(item: Item, names: Iterable[str]) -> int:
    """Bytes of some attributes of an item, such as its primary key; a name that it has not counts nothing."""
    return sum(_text(name) + value_size(item[name]) for name in names if name in item)


def value_size(value: Value) -> int:
    """Bytes of one attribute value, without its name."""
    for kind, content in value.items():
        return _SIZES[kind](content)
    return 0


def _text(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _number(text: str) -> int:
    """A byte for every two significant digits, and one."""
    digits = text.partition("e" if "e" in text else "E")[0].lstrip("+-")
    whole, _, fraction = digits.partition(".")
    significant = (whole + fraction).strip("0")
    return (len(significant) + 1) // 2 + 1


def _list(values: Iterable[Value]) -> int:
    return _NESTED_BYTES + sum(1 + value_size(value) for value in values)


def _map(values: Item) -> int:
    return _NESTED_BYTES + sum(1 + _text(name) + value_size(value) for name, value in values.items())


def _flag(_value: bool) -> int:
    return _FLAG_BYTES


_SIZES: dict[str, Callable[[Any], int]] = {
    "S": _text,
    "N": _number,
    "B": len,
    "BOOL": _flag,
    "NULL": _flag,
    "L": _list,
    "M": _map,
    "SS": lambda values: sum(map(_text, values)),
    "NS": lambda values: sum(map(_number, values)),
    "BS": lambda values: sum(map(len, values)),
}
