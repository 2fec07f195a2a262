"""Event patterns: which events a rule catches.

Pages: GUIDE/eb-create-pattern-operators.html, GUIDE/eb-event-patterns-arrays.html
"""

from __future__ import annotations

import ipaddress
import json
import operator
import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from helpers.cloud import ServiceError
from helpers.dataplane.pattern_tree import matches

MOST_CHARACTERS = 4_096
"""Of a pattern (API/API_PutRule.html)."""

_MISSING = object()
_NUMERIC = {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_LARGEST = 5e9
_OPERATORS = (
    "anything-but",
    "prefix",
    "suffix",
    "equals-ignore-case",
    "wildcard",
    "numeric",
    "cidr",
    "exists",
)


class Pattern:
    """A parsed pattern. Raises ServiceError (InvalidEventPatternException) if it is none."""

    def __init__(self, text: str) -> None:
        try:
            self._pattern = json.loads(text)
        except ValueError:
            raise _wrong("it is no JSON") from None
        if len(text) > MOST_CHARACTERS:
            raise _wrong(f"it has more than {MOST_CHARACTERS} characters")
        _check(self._pattern)

    def matches(self, event: dict[str, Any]) -> bool:
        """Whether the rule catches the event: every field fits, each by one of its values."""
        return matches(self._pattern, event, _fits)


def _fits(wanted: list[Any], seen: Mapping[str, Any], key: str) -> bool:
    value = seen.get(key, _MISSING)
    for each in wanted:
        if isinstance(each, dict) and "exists" in each:
            if each["exists"] is (value is not _MISSING and not isinstance(value, dict)):
                return True
            continue
        if value is _MISSING or isinstance(value, dict):
            continue
        if any(_one(each, item) for item in (value if isinstance(value, list) else [value])):
            return True
    return False


def _one(wanted: Any, value: Any) -> bool:
    if not isinstance(wanted, dict):
        return _same(wanted, value)
    ((name, given),) = wanted.items()
    return _TESTS[name](given, value)


def _same(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, bool) or isinstance(value, bool) or wanted is None or value is None:
        return wanted is value
    return bool(type(wanted) is type(value) or not isinstance(value, str)) and wanted == value


def _anything_but(given: Any, value: Any) -> bool:
    if isinstance(given, dict):
        ((name, inner),) = given.items()
        return isinstance(value, str) and not any(_TESTS[name](each, value) for each in _listed(inner))
    return not any(_same(each, value) for each in _listed(given))


def _cased(test: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    def compare(given: Any, value: Any) -> bool:
        if not isinstance(value, str):
            return False
        if isinstance(given, dict):
            return test(str(given["equals-ignore-case"]).lower(), value.lower())
        return test(str(given), value)

    return compare


def _wildcard(given: str, value: Any) -> bool:
    escaped = re.sub(r"([\[\]?])", r"[\1]", given.replace("\\*", "\0"))
    return isinstance(value, str) and fnmatchcase(value, escaped.replace("\0", "[*]").replace("\\\\", "\\"))


def _numeric(given: list[Any], value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > _LARGEST:
        return False
    return all(_NUMERIC[sign](value, number) for sign, number in zip(given[::2], given[1::2], strict=True))


def _cidr(given: str, value: Any) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(given)
    except (ValueError, TypeError):
        return False


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "anything-but": _anything_but,
    "prefix": _cased(lambda given, value: value.startswith(given)),
    "suffix": _cased(lambda given, value: value.endswith(given)),
    "equals-ignore-case": lambda given, value: isinstance(value, str) and str(given).lower() == value.lower(),
    "wildcard": _wildcard,
    "numeric": _numeric,
    "cidr": _cidr,
}


def _check(pattern: Any) -> None:
    if not isinstance(pattern, dict) or not pattern:
        raise _wrong("it is no JSON object with fields")
    for name, wanted in pattern.items():
        if name == "$or" and isinstance(wanted, list):
            for each in wanted:
                _check(each)
        elif isinstance(wanted, dict):
            _check(wanted)
        elif not isinstance(wanted, list) or not wanted:
            raise _wrong(f'"{name}" must be an object or an array')
        else:
            for each in wanted:
                _check_value(name, each)


def _check_value(name: str, value: Any) -> None:
    if isinstance(value, list):
        raise _wrong(f'"{name}" holds an array in an array')
    if not isinstance(value, dict):
        return
    if len(value) != 1 or next(iter(value)) not in _OPERATORS:
        raise _wrong(f"Unrecognized match type {', '.join(value)}")
    numbers = value.get("numeric", ["=", 0])
    if len(numbers) % 2 or not numbers or any(sign not in _NUMERIC for sign in numbers[::2]):
        raise _wrong(f"Bad numeric comparison in {name}")


def _wrong(why: str) -> ServiceError:
    return ServiceError("InvalidEventPatternException", f"Event pattern is not valid. Reason: {why}")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
