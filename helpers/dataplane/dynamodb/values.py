"""Items in DynamoDB's own form, and whether two of them are the same however they were written down.

AWS: GUIDE/HowItWorks.NamingRulesDataTypes.html.
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Any

from helpers.dataplane.dynamodb.limits import NUMBER_DIGITS
from helpers.dataplane.dynamodb.size import Item, Value

_DIGITS = Context(prec=NUMBER_DIGITS)


def stored(item: Item) -> dict[str, Value]:
    """A copy of an item as a read would show it: numbers without needless zeros, sets in order."""
    return {name: _stored_value(value) for name, value in item.items()}


def number(text: str) -> str:
    """A number in its one form, without exponent and needless zeros."""
    if text.isdigit() and text[0] != "0":
        return text
    value = Decimal(text)
    return f"{value.normalize(_DIGITS):f}" if value else "0"


def same(one: Item | None, other: Item | None) -> bool:
    """True if both items hold the same data: numbers are compared by value, sets without their order."""
    if one == other:
        return True
    if one is None or other is None or one.keys() != other.keys():
        return False
    return all(_same_value(value, other[name]) for name, value in one.items())


def _stored_value(value: Value) -> dict[str, Any]:
    return {kind: _stored_content(kind, content) for kind, content in value.items()}


def _stored_content(kind: str, content: Any) -> Any:
    if kind == "N":
        return number(content)
    if kind == "NS":
        return sorted(map(number, content), key=Decimal)
    if kind in ("SS", "BS"):
        return sorted(content)
    if kind == "L":
        return [_stored_value(value) for value in content]
    return stored(content) if kind == "M" else content


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
