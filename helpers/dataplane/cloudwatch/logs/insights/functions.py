"""The functions of a query that work on one event.

Page: LOGS/CWL_QuerySyntax-operations-functions.html
"""

from __future__ import annotations

import ipaddress
import json
import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from helpers.dataplane.cloudwatch.logs.insights.values import Instant, is_true, number, text

_MANY = 1_000


class Function(NamedTuple):
    """A function: how few and how many arguments it takes, and what it makes of their values."""

    fewest: int
    most: int
    of: Callable[..., Any]


def _numeric(function: Callable[..., Any]) -> Callable[..., Any]:
    """None unless all arguments are numbers, or when mathematics has no answer."""

    def guarded(*arguments: Any) -> Any:
        numbers = [number(each) for each in arguments]
        if any(each is None for each in numbers):
            return None
        try:
            return function(*numbers)
        except (ValueError, OverflowError, ZeroDivisionError):
            return None

    return guarded


def _textual(function: Callable[..., Any]) -> Callable[..., Any]:
    """None if an argument is missing, or is a map or list."""

    def guarded(*arguments: Any) -> Any:
        if any(each is None or isinstance(each, (dict, list)) for each in arguments):
            return None
        return function(*map(text, arguments))

    return guarded


def _rounded(a: float, digits: float = 0) -> float:
    shift = 10 ** int(digits)
    return math.copysign(math.floor(abs(a) * shift + 0.5) / shift, a)


def _substr(of: str, start: str, length: str | None = None) -> str:
    first = int(float(start))
    return of[first:] if length is None else of[first : first + int(float(length))]


def _regex_replace(of: str, pattern: str, replacement: str) -> str | None:
    try:
        return re.sub(pattern, replacement, of)
    except re.error:
        return None


def _parsed(of: str) -> Any:
    try:
        held = json.loads(of)
    except ValueError:
        return None
    return held if isinstance(held, (dict, list)) else None


def _listed(value: Any) -> list[Any] | None:
    held = _parsed(value) if isinstance(value, str) else value
    return held if isinstance(held, list) else None


def _case(*arguments: Any) -> Any:
    for condition, value in zip(arguments[0::2], arguments[1::2], strict=False):
        if is_true(condition):
            return value
    return arguments[-1] if len(arguments) % 2 else None


def _address(of: str, version: int | None = None) -> Any:
    try:
        found = ipaddress.ip_address(of)
    except ValueError:
        return None
    return found if version in (None, found.version) else None


def _in_subnet(version: int | None) -> Callable[[str, str], bool]:
    def inside(of: str, subnet: str) -> bool:
        address = _address(of, version)
        try:
            return address is not None and address in ipaddress.ip_network(subnet, strict=False)
        except ValueError:
            return False

    return inside


def _is_blank(value: Any) -> int:
    return int(value is None or not str(text(value)).strip())


def _whole(a: float) -> int:
    return int(a)


FUNCTIONS: dict[str, Function] = {
    "abs": Function(1, 1, _numeric(abs)),
    "ceil": Function(1, 1, _numeric(math.ceil)),
    "floor": Function(1, 1, _numeric(math.floor)),
    "greatest": Function(1, _MANY, _numeric(max)),
    "least": Function(1, _MANY, _numeric(min)),
    "log": Function(1, 1, _numeric(math.log)),
    "round": Function(1, 2, _numeric(_rounded)),
    "sqrt": Function(1, 1, _numeric(math.sqrt)),
    "tonumber": Function(1, 1, number),
    "toint": Function(1, 1, _numeric(_whole)),
    "tolong": Function(1, 1, _numeric(_whole)),
    "todouble": Function(1, 1, _numeric(float)),
    "frommillis": Function(1, 1, _numeric(Instant)),
    "tomillis": Function(1, 1, _numeric(_whole)),
    "ispresent": Function(1, 1, lambda a: a is not None),
    "isnumeric": Function(1, 1, lambda a: number(a) is not None),
    "coalesce": Function(1, _MANY, lambda *all_: next((each for each in all_ if each is not None), None)),
    "if": Function(3, 3, lambda test, yes, no: yes if is_true(test) else no),
    "case": Function(2, 21, _case),
    "messagesize": Function(1, 1, _textual(lambda a: len(a.encode()))),
    "jsonparse": Function(1, 1, _textual(_parsed)),
    "jsonstringify": Function(1, 1, lambda a: text(a) if isinstance(a, (dict, list)) else None),
    "jsonarraysize": Function(1, 1, lambda a: None if _listed(a) is None else len(_listed(a) or [])),
    "jsonarraycontains": Function(2, 2, lambda a, b: text(b) in [text(each) for each in _listed(a) or ()]),
    "isvalidip": Function(1, 1, _textual(lambda a: _address(a) is not None)),
    "isvalidipv4": Function(1, 1, _textual(lambda a: _address(a, 4) is not None)),
    "isvalidipv6": Function(1, 1, _textual(lambda a: _address(a, 6) is not None)),
    "isipinsubnet": Function(2, 2, _textual(_in_subnet(None))),
    "isipv4insubnet": Function(2, 2, _textual(_in_subnet(4))),
    "isipv6insubnet": Function(2, 2, _textual(_in_subnet(6))),
    "isempty": Function(1, 1, lambda a: int(a is None or a == "")),
    "isblank": Function(1, 1, _is_blank),
    "concat": Function(1, _MANY, lambda *all_: "".join(text(each) or "" for each in all_)),
    "ltrim": Function(1, 2, _textual(str.lstrip)),
    "rtrim": Function(1, 2, _textual(str.rstrip)),
    "trim": Function(1, 2, _textual(str.strip)),
    "strlen": Function(1, 1, _textual(len)),
    "toupper": Function(1, 1, _textual(str.upper)),
    "tolower": Function(1, 1, _textual(str.lower)),
    "substr": Function(2, 3, _textual(_substr)),
    "replace": Function(3, 3, _textual(lambda a, b, c: a.replace(b, c))),
    "regexreplace": Function(3, 3, _textual(_regex_replace)),
    "strcontains": Function(2, 2, _textual(lambda a, b: int(b in a))),
}
"""Function by its name in small letters, without underscores."""

NOT_HERE = frozenset(
    {
        "haversine",
        "parsedate",
        "formatdate",
        "strftime",
        "ipv4tonumber",
        "isprivateip",
        "ispublicip",
        "isreservedip",
    }
    | {"topk"}
)
"""Functions that AWS has and this model has not."""
