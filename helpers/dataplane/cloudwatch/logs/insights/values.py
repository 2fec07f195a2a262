"""The values of a query: numbers, texts, instants, truth, maps and lists; missing ones are None.

Pages: LOGS/CWL_QuerySyntax-operations-functions.html, LOGS/CWL_QuerySyntax-Sort.html
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from functools import cmp_to_key
from typing import Any

_CHUNK = re.compile(r"\d+|\D+")


class Instant(int):
    """A time stamp, in milliseconds since 1970. It counts as a number and is shown as a date."""


def number(value: Any) -> float | int | None:
    """The value as a number: a number, or a text that is one. None for anything else."""
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            pass
        try:
            held = float(value)
        except ValueError:
            return None
        return held if held - held == 0 else None  # neither infinite nor "nan"
    return None


def text(value: Any) -> str | None:
    """The value as a text, as results show it. None for a missing value."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Instant):
        seconds, ms = divmod(int(value), 1000)
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{ms:03d}"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    if isinstance(value, (dict, list)):
        return json.dumps(value, separators=(",", ":"))
    return str(value)


def is_true(value: Any) -> bool:
    """Whether a condition holds: a missing value does not."""
    return bool(number(value)) if not isinstance(value, (dict, list)) else False


def compared(left: Any, right: Any) -> int | None:
    """Below, at or above zero as `left` is less than, equal to or more than `right`: as numbers if both are numbers,
    else as texts. None if one of them is missing, or a map or list.
    """
    if left is None or right is None or isinstance(left, (dict, list)) or isinstance(right, (dict, list)):
        return None
    numbers = number(left), number(right)
    if numbers[0] is not None and numbers[1] is not None:
        return (numbers[0] > numbers[1]) - (numbers[0] < numbers[1])
    texts = text(left) or "", text(right) or ""
    return (texts[0] > texts[1]) - (texts[0] < texts[1])


def _chunks(one: str, other: str) -> int:
    mine, yours = _CHUNK.findall(one), _CHUNK.findall(other)
    for a, b in zip(mine, yours, strict=False):
        if a == b:
            continue
        if a.isdigit() and b.isdigit() and (len(a), int(a)) != (len(b), int(b)):
            return -1 if (len(a), int(a)) < (len(b), int(b)) else 1
        return -1 if a < b else 1
    return (len(mine) > len(yours)) - (len(mine) < len(yours))


def _natural(left: Any, right: Any) -> int:
    """AWS's natural order, ascending: what is no number comes before the numbers; digits by length, then by value."""
    a, b = number(left), number(right)
    if a is not None and b is not None:
        return (a > b) - (a < b)
    if (a is None) != (b is None):
        return -1 if a is None else 1
    return _chunks(text(left) or "", text(right) or "")


natural = cmp_to_key(_natural)
"""A sort key for AWS's natural order."""
