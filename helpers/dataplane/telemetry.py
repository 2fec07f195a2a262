"""What services write to CloudWatch by themselves, handed to the mocked service when somebody looks.

A service writes log lines and numbers at every call; a learner looks now and then. So they are kept here and
become log events and data points, stamped with the time at which they were written, right before the first
call that reads them.

Pages: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html,
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from helpers.cloud import Account, Call, ServiceError

_MINUTE_US = 60_000_000
_AT_ONCE = 1_000  # metrics or events a call takes (PutMetricData: 1,000; PutLogEvents: 10,000)

_LOOKS = {
    "logs": (
        "DescribeLogGroups", "DescribeLogStreams", "FilterLogEvents", "GetLogEvents", "GetLogRecord", "GetQueryResults",
        "ListLogGroups", "CreateLogGroup", "DeleteLogGroup", "DeleteLogStream", "PutRetentionPolicy", "StartQuery",
        "PutSubscriptionFilter", "PutMetricFilter",
    ),
    "cloudwatch": ("GetMetricData", "GetMetricStatistics", "ListMetrics"),
}  # fmt: skip
# Calls before which everything must be there.


class _Series(NamedTuple):
    namespace: str
    metric: str
    unit: str
    dimensions: tuple[tuple[str, str], ...]
    minute_us: int


class Telemetry:
    """The logs and metrics that the services of one account write.

    Metrics are kept a minute: every value counts, so sums, averages and percentiles of a minute are right.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._lines: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
        self._values: dict[_Series, Counter[float]] = defaultdict(Counter)
        self._publish: Callable[..., None] | None = None
        self._hear: Callable[[str, str, int, str], None] | None = None
        for operation in _LOOKS["logs"]:
            account.before("logs", operation, self._write_logs)
        for operation in _LOOKS["cloudwatch"]:
            account.before("cloudwatch", operation, self._write_metrics)

    def log(self, group: str, stream: str, message: str) -> None:
        """A line that a service writes now into the log stream; group and stream come into being with it. An empty line
        is kept as the end of one, since an event has at least one character.
        """
        self._lines[group, stream].append((self._account.timestamp_ms, message or "\n"))
        if self._hear is not None:
            self._hear(group, stream, self._account.timestamp_ms, message)

    def log_to(self, receiver: Callable[[str, str, int, str], None]) -> None:
        """Tell `receiver` of every line that is kept, and of each from now on: group, stream, when it was written
        (milliseconds since 1970), message.
        """
        self._hear = receiver
        for (group, stream), lines in list(self._lines.items()):
            for at_ms, message in lines:
                receiver(group, stream, at_ms, message)

    def metric(
        self,
        namespace: str,
        name: str,
        value: float,
        unit: str = "Count",
        dimensions: dict[str, str] | None = None,
        *,
        count: int = 1,
        at_us: int | None = None,
    ) -> None:
        """A value that a service publishes, `count` times; `namespace` such as "AWS/Lambda", `unit` as CloudWatch names
        it. It is stamped with `at_us` (microseconds since the Cloud was opened), or with the present instant.
        """
        ago_us = 0 if at_us is None else self._account.now_us - at_us
        minute_us = (self._account.epoch_us - ago_us) // _MINUTE_US * _MINUTE_US
        series = _Series(namespace, name, unit, tuple((dimensions or {}).items()), minute_us)
        if self._publish is not None:
            self._publish(*series[:2], unit, series.dimensions, minute_us // 1_000_000, value, count)
        else:
            self._values[series][value] += count

    def publish_to(self, receiver: Callable[..., None]) -> None:
        """Hand every value to `receiver` from now on, and what is kept at once: namespace, name, unit, dimensions
        (pairs), begin of its minute (seconds since 1970), value, count.
        """
        self._publish = receiver
        for series, counted in self._values.items():
            for value, count in counted.items():
                at_s = series.minute_us // 1_000_000
                receiver(series.namespace, series.metric, series.unit, series.dimensions, at_s, value, count)
        self._values.clear()

    def _write_logs(self, call: Call) -> None:
        named, made = call.parameters.get("logGroupName"), set()
        for group, stream in [key for key in self._lines if named in (None, key[0])]:
            events = self._lines.pop((group, stream))
            if group not in made:
                self._make("CreateLogGroup", {"logGroupName": group})
                made.add(group)
            names = {"logGroupName": group, "logStreamName": stream}
            self._make("CreateLogStream", names)
            for first in range(0, len(events), _AT_ONCE):
                entries = [
                    {"timestamp": at, "message": said} for at, said in events[first : first + _AT_ONCE]
                ]
                self._account.ask("logs", "PutLogEvents", {**names, "logEvents": entries})

    def _make(self, operation: str, names: dict[str, str]) -> None:
        """Create a group or a stream unless it is there; a learner may have made or deleted it."""
        try:
            self._account.ask("logs", operation, names)
        except ServiceError as error:
            if error.code != "ResourceAlreadyExistsException":
                raise

    def _write_metrics(self, call: Call) -> None:
        data: dict[str, list[dict[str, object]]] = defaultdict(list)
        for series in [series for series in self._values if _asked_for(series, call)]:
            counted = self._values.pop(series)
            data[series.namespace].append(
                {
                    "MetricName": series.metric,
                    "Dimensions": [{"Name": name, "Value": value} for name, value in series.dimensions],
                    "Timestamp": datetime.fromtimestamp(series.minute_us // 1_000_000, UTC),
                    "Unit": series.unit,
                    **_counted(counted),
                }
            )
        for namespace, entries in data.items():
            for first in range(0, len(entries), _AT_ONCE):
                self._account.ask(
                    "cloudwatch",
                    "PutMetricData",
                    {"Namespace": namespace, "MetricData": entries[first : first + _AT_ONCE]},
                )


def _asked_for(series: _Series, call: Call) -> bool:
    """True unless the call is about another metric."""
    named = call.parameters.get("Namespace"), call.parameters.get("MetricName")
    return named[0] in (None, series.namespace) and named[1] in (None, series.metric)


def _counted(counted: Counter[float]) -> dict[str, object]:
    """Values and how often each came. One value alone goes as a statistic set, which says the same: moto takes it in
    one piece, and repeats each of a list of values as often as it came.
    """
    if len(counted) == 1:
        ((value, times),) = counted.items()
        of = {"SampleCount": float(times), "Sum": value * times, "Minimum": value, "Maximum": value}
        return {"StatisticValues": of}
    return {"Values": list(counted), "Counts": [float(times) for times in counted.values()]}
