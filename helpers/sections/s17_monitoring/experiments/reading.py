"""What a trail says of alarms and metrics: changes of state, messages of actions, data points that were read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from helpers.experiments import CallRow

GUIDE = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/"
API = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/"
OK, ALARM, NO_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"


class Stretch(NamedTuple):
    """A state of an alarm, from `start_s` to `end_s`, in seconds since the Cloud was opened."""

    state: str
    start_s: float
    end_s: float


class Point(NamedTuple):
    """A data point that was read: when its period begins, in seconds since the Cloud was opened, and its value."""

    start_s: float
    value: float


def offset_s(rows: Sequence[CallRow]) -> float:
    """What to take from an instant, in seconds since 1970, to have seconds since the Cloud was opened."""
    for row in rows:
        if row.operation == "DescribeAlarmHistory":
            for item in row.response["AlarmHistoryItems"]:
                if item["HistoryItemType"] == "ConfigurationUpdate":
                    made = next(each for each in rows if each.operation == "PutMetricAlarm")
                    return float(item["Timestamp"].timestamp() - made.end_s)
    raise LookupError("The trail has no alarm history with the making of an alarm.")


def stretches(rows: Sequence[CallRow], end_s: float) -> list[Stretch]:
    """The states of the run's one alarm, by its history, from its making until `end_s`."""
    zero_s = offset_s(rows)
    changes: list[tuple[float, str]] = []
    for row in rows:
        if row.operation != "DescribeAlarmHistory":
            continue
        for item in row.response["AlarmHistoryItems"]:
            at_s = item["Timestamp"].timestamp() - zero_s
            if item["HistoryItemType"] == "StateUpdate":
                changes.append((at_s, json.loads(item["HistoryData"])["newState"]["stateValue"]))
            elif item["HistoryItemType"] == "ConfigurationUpdate":
                changes.append((at_s, NO_DATA))
    ends = [at_s for at_s, _ in changes[1:]] + [end_s]
    return [Stretch(state, at_s, until_s) for (at_s, state), until_s in zip(changes, ends, strict=True)]


def messages(rows: Iterable[CallRow]) -> list[tuple[float, str]]:
    """What alarms published to topics: when, and the new state."""
    return [
        (row.end_s, json.loads(row.parameters["Message"])["NewStateValue"])
        for row in rows
        if row.operation == "Publish" and row.actor == "cloudwatch"
    ]


def points(row: CallRow, statistic: str, zero_s: float) -> list[Point]:
    """The data points of an answer of GetMetricStatistics, in order of time; `zero_s` as of `offset_s`."""
    found = [
        Point(_seconds(point["Timestamp"]) - zero_s, point[statistic]) for point in row.response["Datapoints"]
    ]
    return sorted(found)


def _seconds(instant: datetime) -> float:
    return instant.timestamp()
