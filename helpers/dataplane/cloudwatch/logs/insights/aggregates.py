"""The functions of stats: one value for all rows of a group. Page: LOGS/CWL_QuerySyntax-Stats.html"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from typing import Any

from helpers.dataplane.cloudwatch.logs.insights.scope import Group, Value
from helpers.dataplane.cloudwatch.logs.insights.values import Instant, compared, natural, number, text

Aggregate = Callable[[Group], Any]


def _numbers(of: Value, group: Group) -> list[float]:
    return [held for row in group.rows if (held := number(of(row))) is not None]


def _present(of: Value, group: Group) -> list[Any]:
    return [held for row in group.rows if (held := of(row)) is not None]


def _over_numbers(function: Callable[[list[float]], Any]) -> Callable[[Value], Aggregate]:
    def make(of: Value) -> Aggregate:
        return lambda group: function(held) if (held := _numbers(of, group)) else None

    return make


def _extreme(sign: int) -> Callable[[Value], Aggregate]:
    def make(of: Value) -> Aggregate:
        def found(group: Group) -> Any:
            best: Any = None
            for held in _present(of, group):
                order = compared(held, best)
                if best is None or (order is not None and order * sign > 0):
                    best = held
            return best if isinstance(best, Instant) or number(best) is None else number(best)

        return found

    return make


def _at(latest: bool) -> Callable[[Value], Aggregate]:
    """The value in the event with the first or last time stamp among those that have the field."""

    def make(of: Value) -> Aggregate:
        def found(group: Group) -> Any:
            held = [(number(row.look("@timestamp")) or 0, row) for row in group.rows if of(row) is not None]
            if not held:
                return None
            pick = max if latest else min
            return of(pick(held, key=lambda each: each[0])[1])

        return found

    return make


def _sorted_end(last: bool) -> Callable[[Value], Aggregate]:
    def make(of: Value) -> Aggregate:
        def found(group: Group) -> Any:
            held = sorted(_present(of, group), key=natural)
            return held[-1 if last else 0] if held else None

        return found

    return make


def _distinct(of: Value) -> Callable[[Group], list[str]]:
    return lambda group: list(dict.fromkeys(text(each) or "" for each in _present(of, group)))


def count(of: Value | None) -> Aggregate:
    """How many rows there are, or how many have the field."""
    return lambda group: len(group.rows if of is None else _present(of, group))


def percentile(of: Value, percent: float) -> Aggregate:
    """The smallest value that at least `percent` of the values do not exceed. AWS does not say how it interpolates."""

    def found(group: Group) -> Any:
        held = sorted(_numbers(of, group))
        return held[max(math.ceil(percent / 100 * len(held)) - 1, 0)] if held else None

    return found


def _count_distinct(of: Value) -> Aggregate:
    names = _distinct(of)
    return lambda group: len(names(group))


AGGREGATES: dict[str, Callable[[Value], Aggregate]] = {
    "avg": _over_numbers(statistics.fmean),
    "sum": _over_numbers(math.fsum),
    "stddev": _over_numbers(statistics.pstdev),
    "variance": _over_numbers(statistics.pvariance),
    "min": _extreme(-1),
    "max": _extreme(1),
    "countdistinct": _count_distinct,
    "values": _distinct,
    "earliest": _at(latest=False),
    "latest": _at(latest=True),
    "sortsfirst": _sorted_end(last=False),
    "sortslast": _sorted_end(last=True),
}
"""Function of one field by its name in small letters, without underscores; `count` and `pct` stand beside it."""
