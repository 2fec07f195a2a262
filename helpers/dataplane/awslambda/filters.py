"""Filter criteria of event source mappings: which records reach the function.

A pattern has the syntax of EventBridge's event patterns, with the operators in the table of
https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html. What happens where the format of the data
and that of the pattern differ is said in with-sqs-filtering.html, with-kinesis-filtering.html, with-ddb-filtering.html.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from helpers.cloud import ServiceError
from helpers.dataplane.awslambda import errors
from helpers.dataplane.pattern_tree import leaves, matches

MOST_FILTERS = 5  # invocation-eventfiltering.html; AWS raises it to 10 on request

_DATA = {"sqs": "body", "kinesis": "data", "dynamodb": "dynamodb"}
# Service -> the key of a pattern that looks at what the producer wrote; the other keys look at what the service added.


class _Number(str):
    """A number as it is written: 300 and 300.0 are not equal (invocation-eventfiltering.html)."""

    __slots__ = ()


class Filters:
    """The filters of one mapping. A record passes if one of them matches, or if there are none."""

    def __init__(self, criteria: Mapping[str, Any] | None, service: str) -> None:
        """The filters of a `FilterCriteria` structure; `service` is "sqs", "kinesis" or "dynamodb".

        Raises InvalidParameterValueException for more than 5 filters, and for a pattern that is none.
        """
        filters = (criteria or {}).get("Filters", [])
        if len(filters) > MOST_FILTERS:
            raise _refused(f"The filter criteria may have up to {MOST_FILTERS} filters, not {len(filters)}.")
        self._service = service
        self._patterns = [_pattern(one.get("Pattern", "{}"), service) for one in filters]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Filters) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # patterns are lists and dictionaries

    def passes(self, record: Mapping[str, Any]) -> bool:
        """True if the function shall get this record of an event."""
        if not self._patterns:
            return True
        seen, structured = self._seen(record)
        return any(
            _fits(pattern.get(_DATA[self._service]), structured) and matches(pattern, seen, _any_rule)
            for pattern in self._patterns
        )

    def _seen(self, record: Mapping[str, Any]) -> tuple[Any, bool]:
        """The record as patterns see it, and whether its data is JSON with an inside."""
        if self._service == "dynamodb":
            return _parsed(json.dumps(record, default=str)), True
        if self._service == "sqs":
            text = str(record["body"])
            shown = {**record, "body": text}
        else:
            text = base64.b64decode(record["kinesis"]["data"]).decode("utf-8", "replace")
            shown = {**record, **record["kinesis"], "data": text}
            del shown["kinesis"]
        seen = _parsed(json.dumps(shown))
        try:
            data = _parsed(text)
        except ValueError:
            return seen, False
        if not isinstance(data, (dict, list)):
            return seen, False
        seen[_DATA[self._service]] = data
        return seen, True


def _fits(pattern: Any, structured: bool) -> bool:
    """Data that is JSON fits a pattern that is; other text fits rules for text; anything fits no pattern at all."""
    return pattern is None or isinstance(pattern, dict) is structured


# Reading patterns


def _refused(why: str = "Invalid filter pattern definition.") -> ServiceError:
    return errors.invalid(why)


def _parsed(text: str) -> Any:
    return json.loads(text, parse_int=_Number, parse_float=_Number, object_pairs_hook=_joined)


def _joined(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which a key may stand twice: both parts count (with-ddb-filtering.html, Boolean expressions)."""
    whole: dict[str, Any] = {}
    for key, value in pairs:
        before = whole.get(key)
        both = isinstance(before, dict) and isinstance(value, dict)
        whole[key] = _joined([*before.items(), *value.items()]) if both and before is not None else value
    return whole


def _pattern(text: str, service: str) -> dict[str, Any]:
    try:
        pattern = _parsed(text)
    except ValueError:
        raise _refused() from None
    if not isinstance(pattern, dict):
        raise _refused()
    _check(pattern)
    if service != "sqs" and isinstance(pattern.get(_DATA[service]), list):
        raise _refused()  # with-kinesis-filtering.html: the pattern of data must be JSON
    return pattern


def _check(pattern: dict[str, Any]) -> None:
    for key, value in pattern.items():
        if key == "$or" and isinstance(value, list) and all(isinstance(one, dict) for one in value):
            for one in value:
                _check(one)
        elif isinstance(value, dict):
            _check(value)
        elif isinstance(value, list) and value:
            for rule in value:
                _check_rule(rule)
        else:
            raise _refused()


def _check_rule(rule: Any) -> None:
    if not isinstance(rule, dict):
        if isinstance(rule, list):
            raise _refused()
        return
    if len(rule) != 1:
        raise _refused()
    ((operator, operand),) = rule.items()
    check = _OPERANDS.get(operator)
    if check is None or not check(operand):
        raise _refused()


def _is_text(operand: Any) -> bool:
    return isinstance(operand, str) and not isinstance(operand, _Number)


def _is_comparison(operand: Any) -> bool:
    return (
        isinstance(operand, list)
        and len(operand) in (2, 4)
        and all(sign in _SIGNS for sign in operand[::2])
        and all(isinstance(number, _Number) for number in operand[1::2])
    )


_OPERANDS = {
    "exists": lambda operand: isinstance(operand, bool),
    "prefix": _is_text,
    "suffix": _is_text,
    "equals-ignore-case": _is_text,
    "anything-but": lambda operand: isinstance(operand, (str, list)) and bool(operand),
    "numeric": _is_comparison,
}
# Operator -> whether its operand is well-formed.

_SIGNS = {
    "=": float.__eq__,
    "<": float.__lt__,
    "<=": float.__le__,
    ">": float.__gt__,
    ">=": float.__ge__,
}


# Matching


def _any_rule(rules: list[Any], seen: Mapping[str, Any], key: str) -> bool:
    held = leaves(seen, key)  # `exists` sees nothing else (invocation-eventfiltering.html)
    for rule in rules:
        if isinstance(rule, dict) and "exists" in rule:
            if bool(held) is rule["exists"]:
                return True
        elif any(_rule(rule, leaf) for leaf in held):
            return True
    return False


def _rule(rule: Any, leaf: Any) -> bool:
    if not isinstance(rule, dict):
        return _equal(rule, leaf)
    ((operator, operand),) = rule.items()
    if operator == "anything-but":
        refused = operand if isinstance(operand, list) else [operand]
        return not any(_equal(one, leaf) for one in refused)
    if operator == "numeric":
        return isinstance(leaf, _Number) and all(
            _SIGNS[sign](float(leaf), float(number))
            for sign, number in zip(operand[::2], operand[1::2], strict=True)
        )
    if not _is_text(leaf):
        return False
    text: str = leaf
    if operator == "prefix":
        return text.startswith(str(operand))
    if operator == "suffix":
        return text.endswith(str(operand))
    return text.casefold() == str(operand).casefold()


def _equal(wanted: Any, leaf: Any) -> bool:
    return type(wanted) is type(leaf) and bool(wanted == leaf)
