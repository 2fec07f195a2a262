"""The values of a metric in an interval, and the statistics that are computed from them.

Page: GUIDE/Statistics-definitions.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable

SIMPLE = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
"""The statistics that need no raw values."""

_SHORT = re.compile(r"(p|tm|tc|ts|wm)(\d{1,3}(?:\.\d{1,10})?)")
_LONG = re.compile(r"(TM|TC|TS|WM)\((\d*\.?\d*)%:(\d*\.?\d*)%\)")
_RANK = re.compile(r"PR\((-?\d*\.?\d*):(-?\d*\.?\d*)\)")


class Values:
    """Values with how often each came; or, of a statistic set, only their number, sum and extremes."""

    __slots__ = ("counts", "maximum", "minimum", "number", "raw", "total")

    def __init__(self) -> None:
        self.counts: dict[float, float] = {}
        self.number = 0.0
        self.total = 0.0
        self.minimum = float("inf")
        self.maximum = float("-inf")
        self.raw = True

    def add(self, value: float, count: float = 1.0) -> None:
        """`value` came `count` times more."""
        self.counts[value] = self.counts.get(value, 0.0) + count
        self._add(count, value * count, value, value)

    def add_set(self, number: float, total: float, minimum: float, maximum: float) -> None:
        """A statistic set. Percentiles stay possible if all its values are one (API/API_PutMetricData.html)."""
        if minimum == maximum:
            self.add(minimum, number)
        else:
            self.raw = False
            self._add(number, total, minimum, maximum)

    def _add(self, number: float, total: float, minimum: float, maximum: float) -> None:
        self.number += number
        self.total += total
        self.minimum = min(self.minimum, minimum)
        self.maximum = max(self.maximum, maximum)

    @classmethod
    def merged(cls, parts: Iterable[Values]) -> Values:
        """All of them together."""
        whole = cls()
        for part in parts:
            for value, count in part.counts.items():
                whole.counts[value] = whole.counts.get(value, 0.0) + count
            whole._add(part.number, part.total, part.minimum, part.maximum)
            whole.raw = whole.raw and part.raw
        return whole

    def statistic(self, name: str) -> float | None:
        """The statistic `name`, such as "Sum", "p99", "tm90", "TM(10%:90%)", "IQM" or "PR(0:100)".

        None if there are no values, or where raw values are needed and were not published, or are negative
        (API/API_GetMetricStatistics.html). Percentiles are taken by the nearest rank, which AWS does not specify.
        """
        if not self.number:
            return None
        if name in SIMPLE:
            return {
                "SampleCount": self.number,
                "Sum": self.total,
                "Average": self.total / self.number,
                "Minimum": self.minimum,
                "Maximum": self.maximum,
            }[name]
        if not self.raw or self.minimum < 0:
            return None
        if match := _RANK.fullmatch(name):
            low, high = (float(text) if text else None for text in match.groups())
            inside = sum(
                count
                for value, count in self.counts.items()
                if (low is None or value > low) and (high is None or value <= high)
            )
            return 100 * inside / self.number
        return self._ranked(*_bounds(name))

    def _ranked(self, kind: str, low: float, high: float) -> float | None:
        if kind == "p":
            return self._at(high)
        first, last = low * self.number, high * self.number
        passed, number, total = 0.0, 0.0, 0.0
        for value in sorted(self.counts):
            count = self.counts[value]
            inside = max(0.0, min(passed + count, last) - max(passed, first))
            passed, number, total = passed + count, number + inside, total + inside * value
        if kind == "tc":
            return number
        if kind == "ts":
            return total
        if kind == "wm":
            outside = first * self._at(low) + (self.number - last) * self._at(high)
            return (total + outside) / self.number
        return total / number if number else None

    def _at(self, share: float) -> float:
        passed = 0.0
        for value in sorted(self.counts):
            passed += self.counts[value]
            if passed >= share * self.number:
                return value
        return self.maximum


def is_statistic(name: str) -> bool:
    """True for a name that `Values.statistic` knows."""
    if name in SIMPLE or name == "IQM" or _RANK.fullmatch(name):
        return True
    match = _SHORT.fullmatch(name)
    return bool(match and float(match[2]) <= 100) or bool(_LONG.fullmatch(name))


def percentile(name: str) -> float | None:
    """The share (0 to 1) of a percentile such as "p99"; None for another statistic."""
    match = _SHORT.fullmatch(name)
    return float(match[2]) / 100 if match and match[1] == "p" else None


def _bounds(name: str) -> tuple[str, float, float]:
    if name == "IQM":
        return "tm", 0.25, 0.75
    if match := _SHORT.fullmatch(name):
        return match[1], 0.0, float(match[2]) / 100
    match = _LONG.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} is no statistic.")
    return match[1].lower(), float(match[2] or 0) / 100, float(match[3] or 100) / 100
