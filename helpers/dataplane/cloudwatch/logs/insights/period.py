"""Periods of time such as 5m, and the buckets that they make.

Page: LOGS/CWL_QuerySyntax-operations-functions.html#CWL_QuerySyntax-datetime
"""

from __future__ import annotations

import re

from helpers.cloud import NotMocked

_UNITS = {
    "ms": ("ms", "millisecond", "msec"),
    "s": ("s", "second", "sec"),
    "m": ("m", "minute", "min"),
    "h": ("h", "hour", "hr"),
    "d": ("d", "day"),
    "w": ("w", "week"),
    "calendar": ("mo", "month", "mon", "q", "quarter", "qtr", "y", "year", "yr"),
}
_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_CAPS = {"ms": 1000, "s": 60, "m": 60, "h": 24}
"""The largest number that counts with a unit: bin(300s) is 60 seconds."""


def period_ms(text: str) -> int | None:
    """The length of a period in milliseconds, capped by its unit as AWS caps it; None if it is no period.

    Raises NotMocked for months, quarters and years.
    """
    match = re.fullmatch(r"(\d+)([A-Za-z]+)", text)
    if match is None:
        return None
    named = match[2].lower()
    for unit, names in _UNITS.items():
        if named in names or (named.removesuffix("s") in names and len(named) > 2):
            if unit == "calendar":
                raise NotMocked(f"Logs Insights here has no periods of months or longer, such as {text}.")
            count = min(int(match[1]), _CAPS.get(unit, int(match[1])))
            return count * _MS[unit] or None
    return None
