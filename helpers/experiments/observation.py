"""Observation: what AWS's own tools show of a run, asked with AWS's own calls when the run is over.

A run keeps its trail alone, so it is carried out once more, in a Cloud of its own that CloudWatch watches from the
start. Same values and seed, same run: the trail is the same up to the first question asked here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from helpers.dataplane import Cloud
from helpers.dataplane.xray import ServiceMap, Trace, service_map, traces
from helpers.experiments.run import Run

_MOST_DATAPOINTS = 120
_MOST_LINES = 60
_STATISTICS = ("SampleCount", "Sum", "Average", "Minimum", "Maximum")


@dataclass(frozen=True, slots=True)
class MetricShown:
    """A metric over the whole run, as GetMetricStatistics gives it.

    `dimensions` are pairs of name and value; `unit` as CloudWatch names it; `points` are (seconds since the Cloud was
    opened, statistics by name), a point for each period of `period_s` seconds that holds data.
    """

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    unit: str
    period_s: int
    points: tuple[tuple[float, dict[str, float]], ...]

    @property
    def samples(self) -> float:
        """How many values were published."""
        return sum(values["SampleCount"] for _, values in self.points)

    @property
    def sum(self) -> float:
        """Their sum."""
        return sum(values["Sum"] for _, values in self.points)

    @property
    def minimum(self) -> float:
        """The smallest value."""
        return min(values["Minimum"] for _, values in self.points)

    @property
    def maximum(self) -> float:
        """The largest value."""
        return max(values["Maximum"] for _, values in self.points)


@dataclass(frozen=True, slots=True)
class AlarmShown:
    """An alarm at the end of the run, as DescribeAlarms and DescribeAlarmHistory give it.

    `changes` are (seconds since the Cloud was opened, what the history says), oldest first.
    """

    name: str
    state: str
    reason: str
    changes: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class LogShown:
    """The first lines of a log group, as FilterLogEvents gives them: seconds, stream, message; `more` if there are
    others.
    """

    group: str
    lines: tuple[tuple[float, str, str], ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Observation:
    """What is known of a run from outside: its metrics, alarms and logs, and the traces of its requests."""

    run: Run
    virtual_s: float
    metrics: tuple[MetricShown, ...]
    alarms: tuple[AlarmShown, ...]
    logs: tuple[LogShown, ...]
    traces: tuple[Trace, ...]

    @property
    def service_map(self) -> ServiceMap:
        """Who called whom, over all traces."""
        return service_map(self.traces)

    @property
    def telling_traces(self) -> tuple[Trace, ...]:
        """The trace with the most parts, and the first one with a failure if that is another; none if there is none."""
        if not self.traces:
            return ()
        longest = max(self.traces, key=lambda trace: sum(1 for _ in trace.walk()))
        failing = [trace for trace in self.traces if not all(part.ok for part in trace.walk())]
        return tuple(dict.fromkeys([longest, *failing[:1]]))


def observe(run: Run | str, prepare: Callable[[Cloud], object] | None = None) -> Observation:
    """Carry out a run, given as one or as its string, and ask CloudWatch and X-Ray what they saw.

    Raises as `Run.parse` does. `prepare` is called with the Cloud before the run begins: put an alarm there, and it
    watches the run.

    Pages: AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html, API_DescribeAlarmHistory.html;
    AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
    """
    chosen = Run.parse(run) if isinstance(run, str) else run
    cloud = Cloud(seed=chosen.seed)
    try:
        cloud.plane("cloudwatch").region().gauges.follow()
        if prepare is not None:
            prepare(cloud)
        chosen.experiment.run(cloud, chosen.values)
        requests = tuple(traces(cloud))  # before the questions below are calls themselves
        began, virtual_s = cloud.datetime - timedelta(seconds=cloud.now), cloud.now
        return Observation(
            run=chosen,
            virtual_s=virtual_s,
            metrics=tuple(_metrics(cloud, began, virtual_s)),
            alarms=tuple(_alarms(cloud, began)),
            logs=tuple(_logs(cloud, began)),
            traces=requests,
        )
    finally:
        cloud.close()


def _metrics(cloud: Cloud, began: datetime, virtual_s: float) -> Iterator[MetricShown]:
    client = cloud.client("cloudwatch")
    first = began.replace(second=0, microsecond=0)
    period_s = 60 * max(1, math.ceil((virtual_s + 60) / 60 / _MOST_DATAPOINTS))
    for page in client.get_paginator("list_metrics").paginate():
        for metric in page["Metrics"]:
            answer = client.get_metric_statistics(
                Namespace=metric["Namespace"],
                MetricName=metric["MetricName"],
                Dimensions=metric["Dimensions"],
                StartTime=first,
                EndTime=began + timedelta(seconds=virtual_s + 60),
                Period=period_s,
                Statistics=list(_STATISTICS),
            )
            points = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
            if points:
                yield MetricShown(
                    namespace=metric["Namespace"],
                    name=metric["MetricName"],
                    dimensions=tuple((each["Name"], each["Value"]) for each in metric["Dimensions"]),
                    unit=points[0]["Unit"],
                    period_s=period_s,
                    points=tuple(
                        (
                            (point["Timestamp"] - began).total_seconds(),
                            {name: float(point[name]) for name in _STATISTICS},
                        )
                        for point in points
                    ),
                )


def _alarms(cloud: Cloud, began: datetime) -> Iterator[AlarmShown]:
    client = cloud.client("cloudwatch")
    answer = client.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    for alarm in (*answer["MetricAlarms"], *answer["CompositeAlarms"]):
        history = client.describe_alarm_history(
            AlarmName=alarm["AlarmName"],
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
            ScanBy="TimestampAscending",
        )
        yield AlarmShown(
            name=alarm["AlarmName"],
            state=alarm["StateValue"],
            reason=alarm.get("StateReason", ""),
            changes=tuple(
                ((item["Timestamp"] - began).total_seconds(), item["HistorySummary"])
                for item in history["AlarmHistoryItems"]
            ),
        )


def _logs(cloud: Cloud, began: datetime) -> Iterator[LogShown]:
    client = cloud.client("logs")
    for page in client.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            answer: dict[str, Any] = client.filter_log_events(logGroupName=name, limit=_MOST_LINES + 1)
            events = answer["events"]
            yield LogShown(
                group=name,
                lines=tuple(
                    (
                        event["timestamp"] / 1_000 - began.timestamp(),
                        event["logStreamName"],
                        event["message"].rstrip("\n"),
                    )
                    for event in events[:_MOST_LINES]
                ),
                more=len(events) > _MOST_LINES,
            )
