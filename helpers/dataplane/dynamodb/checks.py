"""What DynamoDB refuses before it does anything: keys, values, sizes and expressions.

moto checks much of this, not all of it, and not in batches. AWS: GUIDE/Constraints.html,
GUIDE/HowItWorks.NamingRulesDataTypes.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from helpers.dataplane.dynamodb import errors
from helpers.dataplane.dynamodb.limits import (
    EXPRESSION_BYTES,
    ITEM_BYTES,
    NESTING,
    NUMBER_DIGITS,
    PARTITION_KEY_BYTES,
    SORT_KEY_BYTES,
)
from helpers.dataplane.dynamodb.size import Item, Value, item_size, value_size
from helpers.dataplane.dynamodb.tables import Index, Table

EXPRESSIONS = (
    "ConditionExpression", "FilterExpression", "KeyConditionExpression", "ProjectionExpression", "UpdateExpression",
)  # fmt: skip
_PLACEHOLDER = re.compile(r"[#:][A-Za-z0-9_]+")
_PATH = re.compile(r"(?<![.\w#:])[#\w]++(?!\s*\()")
_INVALID = "One or more parameter values were invalid: "
_EMPTY_KEY = (
    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
    "{kind} value. Key: {name}"
)
_KINDS = {"S": "string", "B": "binary"}


def key_of(table: Table, item: Item) -> dict[str, Value]:
    """The primary key of an item that is to be written. Raises ValidationException if it has none that fits."""
    for name in table.keys:
        if name not in item:
            raise errors.invalid(f"{_INVALID}Missing the key {name} in the item")
        kind = next(iter(item[name]))
        if kind != table.types[name]:
            raise errors.invalid(
                f"{_INVALID}Type mismatch for key {name} expected: {table.types[name]} actual: {kind}"
            )
    _check_key(table, item)
    return table.key_of(item)


def new_item(table: Table, given: Item) -> dict[str, Value]:
    """The primary key of an item that is to be put. Raises ValidationException if the table cannot hold the item."""
    found = key_of(table, given)
    values(given.values())
    item(table, given)
    return found


def key(table: Table, given: Item) -> dict[str, Value]:
    """A key as a request names it. Raises ValidationException if it is not a key of the table."""
    fits = given.keys() == set(table.keys) and all(
        next(iter(given[name])) == table.types[name] for name in given
    )
    if not fits:
        raise errors.invalid("The provided key element does not match the schema")
    _check_key(table, given)
    return dict(given)


def _check_key(table: Table, item: Item) -> None:
    for name, most in zip(table.keys, (PARTITION_KEY_BYTES, SORT_KEY_BYTES)):
        ((kind, content),) = item[name].items()
        if kind == "N":
            _number(content)
        if not content and kind in _KINDS:
            raise errors.invalid(_EMPTY_KEY.format(kind=_KINDS[kind], name=name))
        if value_size(item[name]) > most:
            what = "Size of hashkey" if name == table.partition_key else "Aggregated size of all range keys"
            raise errors.invalid(f"{_INVALID}{what} has exceeded the maximum size limit of {most} bytes")


def item(table: Table, given: Item, *, updated: bool = False) -> None:
    """Refuse an item that the table cannot hold: too large, or with an index key of the wrong type."""
    if item_size(given) > ITEM_BYTES:
        raise errors.invalid(
            f"Item size{' to update' if updated else ''} has exceeded the maximum allowed size"
        )
    for index in table.indexes:
        for name in index.keys:
            if name in given:
                _check_index_key(table, index, name, given[name])


def _check_index_key(table: Table, index: Index, name: str, value: Value) -> None:
    ((kind, content),) = value.items()
    if kind != table.types[name]:
        raise errors.invalid(
            f"{_INVALID}Type mismatch for Index Key {name} Expected: {table.types[name]} Actual: {kind} "
            f"IndexName: {index.name}"
        )
    if not content and kind in _KINDS:
        raise errors.invalid(
            "One or more parameter values are not valid. A value specified for a secondary index key is not "
            "supported. The AttributeValue for a key attribute cannot contain an empty "
            f"{_KINDS[kind]} value. IndexName: {index.name}, IndexKey: {name}"
        )
    most = PARTITION_KEY_BYTES if name in index.partition_keys else SORT_KEY_BYTES
    if value_size(value) > most:
        raise errors.invalid(
            f"{_INVALID}Size of index key {name} has exceeded the maximum size limit of {most} bytes"
        )


# Values


def values(given: Iterable[Value], depth: int = 1) -> None:
    """Refuse numbers, sets and documents that DynamoDB does not store."""
    for value in given:
        for kind, content in value.items():
            if kind in _VALUES:
                _VALUES[kind](content)
            elif kind in ("L", "M"):
                if depth > NESTING:
                    raise errors.invalid(
                        f"Nesting Levels have exceeded supported limits: more than {NESTING} levels of lists and maps"
                    )
                values(content if kind == "L" else content.values(), depth + 1)


def _number(text: str) -> None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or text != text.strip():
        raise errors.invalid(f"The parameter cannot be converted to a numeric value: {text}")
    if len(str(int("".join(map(str, number.as_tuple().digits)))).rstrip("0")) > NUMBER_DIGITS:
        raise errors.invalid(f"Attempting to store more than {NUMBER_DIGITS} significant digits in a Number")


def _set(name: str) -> Callable[[list[Any]], None]:
    def check(members: list[Any]) -> None:
        if not members:
            raise errors.invalid(f"{_INVALID}An {name} set  may not be empty")
        if name == "number":
            for text in members:
                _number(text)
        if len(set(map(Decimal, members) if name == "number" else members)) < len(members):
            shown = ", ".join(map(str, members))
            raise errors.invalid(f"{_INVALID}Input collection [{shown}] contains duplicates.")

    return check


def _null(is_null: bool) -> None:
    if not is_null:
        raise errors.invalid(f"{_INVALID}Null attribute value types must have the value of true")


_VALUES: dict[str, Callable[[Any], None]] = {
    "N": _number,
    "NULL": _null,
    "SS": _set("string"),
    "NS": _set("number"),
    "BS": _set("binary"),
}


# Expressions


def expressions(given: Mapping[str, Any]) -> None:
    """Refuse placeholders that stand for nothing, values that cannot be stored, and too long an expression."""
    values((given.get("ExpressionAttributeValues") or {}).values())
    for member in EXPRESSIONS:
        expression = given.get(member)
        if not expression:
            continue
        if len(expression.encode()) > EXPRESSION_BYTES:
            raise errors.invalid(
                f"Invalid {member}: Expression size has exceeded the maximum allowed size; "
                f"expression size: {len(expression.encode())}"
            )
        for token in _PLACEHOLDER.findall(expression):
            kind, what = ("Names", "name") if token[0] == "#" else ("Values", "value")
            if token not in (given.get(f"ExpressionAttribute{kind}") or {}):
                used = "used in the document path" if kind == "Names" else "used in expression"
                raise errors.invalid(
                    f"Invalid {member}: An expression attribute {what} {used} is not defined; "
                    f"attribute {what}: {token}"
                )


def names_in(expression: str, given: Mapping[str, Any]) -> set[str]:
    """The words of an expression that may be attributes at the top level, with their placeholders resolved."""
    placeholders = given.get("ExpressionAttributeNames") or {}
    return {placeholders.get(word, word) for word in _PATH.findall(expression)}


def query_filter(given: Mapping[str, Any], keys: Iterable[str]) -> None:
    """A query's filter may not name the key that the query is about (GUIDE/Query.FilterExpression.html)."""
    named = names_in(given.get("FilterExpression") or "", given) | set(given.get("QueryFilter") or ())
    for name in keys:
        if name in named:
            raise errors.invalid(
                "Filter Expression can only contain non-primary key attributes: "
                f"Primary key attribute: {name}"
            )
