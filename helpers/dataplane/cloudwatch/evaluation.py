"""What an alarm makes of its data points: M out of N, and missing ones.

Pages: GUIDE/alarm-evaluation.html, GUIDE/alarms-and-missing-data.html
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from enum import StrEnum


class State(StrEnum):
    """The states of an alarm (GUIDE/alarm-evaluation.html#alarm-states)."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
"""ComparisonOperator -> whether a value breaches a threshold (API/API_PutMetricAlarm.html)."""


def decide(points: Sequence[bool | None], needed: int, periods: int, missing: str, now: State) -> State:
    """The state that follows from `points`, oldest first: breaching, not breaching, or missing (None).

    `points` is the whole evaluation range; `needed` is DatapointsToAlarm (M), `periods` EvaluationPeriods (N),
    `missing` is TreatMissingData, `now` the present state. The missing ones are filled in only where fewer than N are
    real.
    """
    real = [point for point in points if point is not None]
    if len(real) >= periods:
        return _compared(sum(real[len(real) - periods :]), needed)
    breaching = sum(real)
    if missing == "breaching":
        return _compared(breaching + periods - len(real), needed)
    if missing == "notBreaching" or breaching >= needed or not all(real):
        return _compared(breaching, needed)
    if not real:
        return now if missing == "ignore" else State.INSUFFICIENT_DATA
    # Only breaching points, fewer than needed: an alarm if the oldest of them is old enough, or it would be premature.
    oldest = len(points) - points.index(True)
    return State.ALARM if missing == "missing" and oldest >= needed else now


def _compared(breaching: int, needed: int) -> State:
    return State.ALARM if breaching >= needed else State.OK


def too_few_samples(share: float, samples: float) -> bool:
    """True if a percentile (its share, 0 to 1) of so few samples is not significant
    (GUIDE/percentiles-with-low-samples.html).
    """
    rest = 1 - share if share >= 0.5 else share
    return samples * rest < 10 - 1e-9
