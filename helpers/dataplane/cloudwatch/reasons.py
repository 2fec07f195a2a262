"""Why an alarm is in its state, in AWS's words and JSON (the examples of GUIDE/cloudwatch-and-eventbridge.html)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from helpers.dataplane.cloudwatch.evaluation import State
from helpers.dataplane.stamp import instant

_WORDS = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}


def stamp(at: datetime) -> str:
    """An instant as CloudWatch writes it: 2026-01-05T09:00:00.000+0000."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000"


def explained(
    settings: dict[str, Any], state: State, points: Sequence[tuple[int, float | None, bool]]
) -> str:
    """The StateReason. `points` are those of the evaluation range, oldest first: begin, value, breaching."""
    needed, periods = settings["DatapointsToAlarm"], settings["EvaluationPeriods"]
    real = [point for point in points if point[1] is not None][-periods:][::-1]
    if not real and state is State.INSUFFICIENT_DATA:
        return f"Insufficient Data: {_counted(periods)} {'was' if periods == 1 else 'were'} unknown."
    treated = {"breaching": "Breaching", "notBreaching": "NonBreaching"}.get(
        settings["TreatMissingData"], "Missing"
    )
    if not real:
        times = "1 period" if periods == 1 else f"{periods} periods"
        filled = "1 missing datapoint was" if periods == 1 else f"{periods} missing datapoints were"
        return (
            f"Threshold Crossed: no datapoints were received for {times} and {filled} treated as [{treated}]."
        )
    wanted = state is State.ALARM
    named = [point for point in real if point[2] == wanted] or real
    shown = ", ".join(f"{value} ({instant(begin):%d/%m/%y %H:%M:%S})" for begin, value, _ in named)
    verb = ("was" if len(named) == 1 else "were") + ("" if wanted else " not")
    least, move = (needed, "OK -> ALARM") if wanted else (periods - needed + 1, "ALARM -> OK")
    return (
        f"Threshold Crossed: {len(named)} out of the last {_counted(periods)} [{shown}] {verb} "
        f"{_WORDS[settings['ComparisonOperator']]} the threshold ({float(settings['Threshold'])}) "
        f"(minimum {_counted(least)} for {move} transition)."
    )


def reason_data(
    settings: dict[str, Any], period_s: int, now: datetime, points: Sequence[tuple[int, float | None, bool]]
) -> str:
    """The StateReasonData, a JSON text."""
    real = [point for point in points if point[1] is not None][-settings["EvaluationPeriods"] :]
    data: dict[str, Any] = {"version": "1.0", "queryDate": stamp(now)}
    if real:
        data["startDate"] = stamp(instant(real[0][0]))
    statistic = settings.get("Statistic") or settings.get("ExtendedStatistic")
    if statistic:
        data["statistic"] = statistic
    data |= {
        "period": period_s,
        "recentDatapoints": [value for _, value, _ in real],
        "threshold": float(settings["Threshold"]),
        "evaluatedDatapoints": [
            {"timestamp": stamp(instant(begin)), **({} if value is None else {"value": value})}
            for begin, value, _ in reversed(points[-settings["EvaluationPeriods"] :])
        ],
    }
    return json.dumps(data, separators=(",", ":"))


def _counted(number: int) -> str:
    return "1 datapoint" if number == 1 else f"{number} datapoints"
