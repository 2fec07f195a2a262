"""Whether two items are the same to DynamoDB, however they were written down."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from helpers.dataplane.dynamodb.size import Item, Value


def same(one: Item | None, other: Item | None) -> bool:
    """True if both items hold the same data: numbers are compared by value, sets without their order.

    AWS: GUIDE/HowItWorks.NamingRulesDataTypes.html.
    """
    if one == other:
        return True
    if one is None or other is None or one.keys() != other.keys():
        return False
    return all(_same_value(value, other[name]) for name, value in one.items())


def _same_value(one: Value, other: Value) -> bool:
    ((kind, content),) = one.items()
    if kind not in other:
        return False
    return _same_content(kind, content, other[kind])


def _same_content(kind: str, one: Any, other: Any) -> bool:
    if kind == "N":
        return Decimal(one) == Decimal(other)
    if kind == "NS":
        return set(map(Decimal, one)) == set(map(Decimal, other))
    if kind in ("SS", "BS"):
        return set(one) == set(other)
    if kind == "L":
        return len(one) == len(other) and all(map(_same_value, one, other))
    if kind == "M":
        return same(one, other)
    return bool(one == other)
