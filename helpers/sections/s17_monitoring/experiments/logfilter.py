"""From log lines to an alarm: what a metric filter counts, from when on, and what it says of quiet minutes."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helpers.experiments import (
    CallRow,
    Choice,
    Claim,
    Experiment,
    Finding,
    Float,
    Goal,
    Int,
    Option,
    Prediction,
    Scene,
    Values,
    calls,
    false,
    not_applicable,
    plural,
    true,
)
from helpers.sections.s17_monitoring.experiments.reading import (
    ALARM,
    OK,
    Stretch,
    offset_s,
    points,
    stretches,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

LOGS = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/"
MINUTES, MINUTE_S = 16, 60
BURST, CLOSED = range(8, 10), range(12, 14)
"""The minutes in which a part of the shop fails, and those in which it is closed and logs nothing."""
BURST_SHARE, WARNINGS, SEARCHES = 0.75, 0.06, 0.05
THRESHOLD = 5
PATTERNS = {
    "ERROR": "ERROR",
    "ERROR or WARN": "?ERROR ?WARN",
    "status 5xx": "{ $.status >= 500 }",
}
"""The choices, and the filter patterns that they stand for."""
SENT_S = 50  # the second of each minute at which the agent sends its lines


@dataclass(frozen=True)
class Minute:
    """What the trail shows of one minute: `lines` in the log, `failed` ones of them (status 500 and more), those that
    `matching` the pattern, and the metric's `value`, which is None if it has no data point.
    """

    lines: int
    failed: int
    matching: int
    value: float | None


@dataclass(frozen=True)
class Measured:
    """What the trail shows: minute by minute, and the states of the alarm since it was made."""

    minutes: tuple[Minute, ...]
    states: tuple[Stretch, ...]
    summary: dict[str, int | float | str]


class LogFilter(Experiment):
    """A shop's log of requests in JSON, a metric filter over it, and an alarm on the metric; see the module."""

    id = "17_monitoring.logfilter"
    title = "From log lines to an alarm"
    question = "What does a metric filter count, and what does it say of quiet minutes?"
    parameters = (
        Choice(
            "pattern",
            "ERROR",
            "filter pattern",
            "A word that a line must have, one of two words, or a JSON field compared by value "
            "({ $.status >= 500 }).",
            choices=tuple(PATTERNS),
            source=LOGS + "FilterAndPatternSyntax.html",
        ),
        Int(
            "lines_per_min",
            12,
            "log lines a minute",
            "How many requests the shop logs in each minute in which it is open.",
            minimum=0,
            maximum=400,
            step=4,
        ),
        Float(
            "error_percent",
            4,
            "failed requests",
            "The share of requests that fail with status 503; in minutes 8 and 9 it is 75 %.",
            unit="%",
            minimum=0,
            maximum=40,
            step=0.5,
            assumption=True,
        ),
        Int(
            "filter_made_at_min",
            0,
            "filter made in minute",
            "When the metric filter and its alarm are made.",
            minimum=0,
            maximum=MINUTES - 2,
        ),
        Choice(
            "default_value",
            "none",
            "default value",
            "defaultValue: what is reported for a minute in which lines came and none matched.",
            choices=("none", "0"),
            source=LOGS + "MonitoringLogData.html",
        ),
    )
    differences = (
        "A metric filter's data point can be read at once here; on AWS it takes up to some minutes.",
        "The agent sends the lines of a minute in one call, at second 50; a real one sends every few seconds.",
        "The requests are drawn at random; AWS's own metrics of an application are not used.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """Send the lines of each minute, make filter and alarm when it is time, and read all in the end."""
        cloud.api_latency_s = 0
        logs, cloudwatch = cloud.client("logs"), cloud.client("cloudwatch")
        logs.create_log_group(logGroupName="shop")
        logs.create_log_stream(logGroupName="shop", logStreamName="web-1")
        draws, start_s = cloud.random_for("requests"), cloud.datetime.timestamp()
        for minute in range(MINUTES):
            if minute == p.filter_made_at_min:
                _watch(logs, cloudwatch, p)
            cloud.advance(SENT_S)
            events = _lines(p, minute, draws, cloud.timestamp_ms)
            if events:
                logs.put_log_events(logGroupName="shop", logStreamName="web-1", logEvents=events)
            cloud.advance(MINUTE_S - SENT_S)
        cloud.advance(1)
        cloudwatch.describe_alarm_history(AlarmName="failing", ScanBy="TimestampAscending")
        cloudwatch.get_metric_statistics(
            Namespace="Shop",
            MetricName="Failures",
            Statistics=["Sum"],
            Period=MINUTE_S,
            StartTime=start_s,
            EndTime=start_s + MINUTES * MINUTE_S,
        )
        logs.filter_log_events(logGroupName="shop", filterPattern=PATTERNS[p.pattern], limit=10_000)

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Lines, matching lines and metric by the minute; the alarm."""
        rows = calls(trail)
        zero_s = offset_s(rows)
        lines, failed = _logged(rows)
        found = next(row for row in rows if row.operation == "FilterLogEvents").response["events"]
        matching = Counter(int((one["timestamp"] / 1000 - zero_s) // MINUTE_S) for one in found)
        read = next(row for row in rows if row.operation == "GetMetricStatistics")
        values = {int(one.start_s // MINUTE_S): one.value for one in points(read, "Sum", zero_s)}
        minutes = tuple(
            Minute(lines[minute], failed[minute], matching[minute], values.get(minute))
            for minute in range(MINUTES)
        )
        states = stretches(rows, float(MINUTES * MINUTE_S))
        summary: dict[str, int | float | str] = {
            "lines": sum(one.lines for one in minutes),
            "failed": sum(one.failed for one in minutes),
            "matching": sum(one.matching for one in minutes),
            "counted": int(sum(one.value or 0 for one in minutes)),
            "points": len(values),
            "zero_points": sum(one.value == 0 for one in minutes),
            "alarms": sum(one.state == ALARM for one in states),
            "minutes_in_alarm": round(
                sum(one.end_s - one.start_s for one in states if one.state == ALARM) / MINUTE_S
            ),
            "minutes_ok": round(sum(one.end_s - one.start_s for one in states if one.state == OK) / MINUTE_S),
            "last_state": states[-1].state,
        }
        return Measured(minutes, tuple(states), summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """Matching lines and data points over time; log, metric and alarm as lanes."""
        from helpers.sections.s17_monitoring.experiments import logfilter_picture

        return logfilter_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def not_retro(p: Values, m: Measured) -> Finding:
        """No data point lies before the making of the filter."""
        made = p.filter_made_at_min
        if not sum(one.matching for one in m.minutes[:made]):
            return not_applicable("No line matched before the filter was made.")
        before = sum(one.value is not None for one in m.minutes[:made])
        lost = sum(one.matching for one in m.minutes[:made])
        said = f"{plural(lost, 'matching line')} came before minute {made}, and {plural(before, 'data point')} of then"
        return (false if before else true)(f"{said}.")

    @staticmethod
    def counts(p: Values, m: Measured) -> Finding:
        """From its making on, the metric's sum is the number of matching lines."""
        expected = sum(one.matching for one in m.minutes[p.filter_made_at_min :])
        said = f"{plural(expected, 'line')} matched from minute {p.filter_made_at_min} on"
        return (true if m.summary["counted"] == expected else false)(
            f"{said}, and the metric adds up to {m.summary['counted']}."
        )

    @staticmethod
    def quiet(p: Values, m: Measured) -> Finding:
        """A minute without a match has 0 if there is a default value and lines came, or else no data point."""
        quiet = [one for one in m.minutes[p.filter_made_at_min :] if not one.matching]
        zeros = [one.value == 0 for one in quiet]
        wrong = [one for one in quiet if (one.value == 0) is not (p.default_value == "0" and one.lines > 0)]
        said = (
            f"Of {plural(len(quiet), 'minute')} without a match {sum(one.lines > 0 for one in quiet)} had lines, "
            f"and {sum(zeros)} have a data point of 0"
        )
        return (false if wrong else true)(f"{said}, with default value {p.default_value}.")

    @staticmethod
    def wakes(p: Values, m: Measured) -> Finding:
        """The alarm is in ALARM after each minute with more matches than the threshold."""
        due = [
            minute + 1
            for minute, one in enumerate(m.minutes)
            if minute >= p.filter_made_at_min and one.matching > THRESHOLD
        ]
        if not due:
            return not_applicable(f"No minute had more than {THRESHOLD} matches since the filter was made.")
        silent = [minute for minute in due if state_at(m, minute * MINUTE_S) != ALARM]
        said = f"{plural(len(due), 'minute')} had more than {THRESHOLD} matches"
        if silent:
            return false(f"{said}, and {len(silent)} of them were followed by another state than ALARM.")
        return true(f"{said}, and each was followed by ALARM.")

    @staticmethod
    def by_value(p: Values, m: Measured) -> Finding:
        """A JSON pattern matches failed requests, and nothing else."""
        if p.pattern != "status 5xx":
            return not_applicable("The pattern looks for words, wherever they stand.")
        matching, failed = m.summary["matching"], m.summary["failed"]
        said = f"{plural(int(failed), 'request')} failed, and {plural(int(matching), 'line')} matched"
        same = all(one.matching == one.failed for one in m.minutes)
        return (true if same else false)(f"{said}.")


def state_at(m: Measured, at_s: float) -> str:
    """The alarm's state right after an instant."""
    return next((one.state for one in m.states if one.start_s <= at_s < one.end_s), m.states[-1].state)


def _watch(logs: Any, cloudwatch: Any, p: Values) -> None:
    """Make the metric filter, and an alarm on its metric."""
    transformation: dict[str, str | float] = {
        "metricNamespace": "Shop",
        "metricName": "Failures",
        "metricValue": "1",
    }
    if p.default_value != "none":
        transformation |= {"defaultValue": float(p.default_value)}
    logs.put_metric_filter(
        logGroupName="shop",
        filterName="failures",
        filterPattern=PATTERNS[p.pattern],
        metricTransformations=[transformation],
    )
    cloudwatch.put_metric_alarm(
        AlarmName="failing",
        Namespace="Shop",
        MetricName="Failures",
        Statistic="Sum",
        Period=MINUTE_S,
        EvaluationPeriods=1,
        Threshold=THRESHOLD,
        ComparisonOperator="GreaterThanThreshold",
    )


def _lines(p: Values, minute: int, draws: Any, now_ms: int) -> list[dict[str, Any]]:
    """The log events of a minute, spread over what has passed of it."""
    if minute in CLOSED or not p.lines_per_min:
        return []
    share = BURST_SHARE if minute in BURST else p.error_percent / 100
    step_ms = SENT_S * 1000 / p.lines_per_min
    events = []
    for number in range(p.lines_per_min, 0, -1):
        drawn = draws.random()
        if drawn < share:
            line = FAILED
        elif drawn < share + WARNINGS:
            line = WARNED
        elif drawn < share + WARNINGS + SEARCHES:
            line = SEARCHED
        else:
            line = SERVED
        events.append({"timestamp": now_ms - int(step_ms * number) + 1, "message": line})
    return events


FAILED = json.dumps({"level": "ERROR", "status": 503, "path": "/pay"})
WARNED = json.dumps({"level": "WARN", "status": 404, "path": "/old"})
SEARCHED = json.dumps({"level": "INFO", "status": 200, "path": "/search", "words": "ERROR 404 poster"})
SERVED = json.dumps({"level": "INFO", "status": 200, "path": "/cart"})


def _logged(rows: list[CallRow]) -> tuple[Counter[int], Counter[int]]:
    """Lines, and failed requests among them, by the minute in which they were sent."""
    lines: Counter[int] = Counter()
    failed: Counter[int] = Counter()
    for row in rows:
        if row.operation == "PutLogEvents":
            minute = int(row.end_s // MINUTE_S)
            for event in row.parameters["logEvents"]:
                lines[minute] += 1
                failed[minute] += event["message"] == FAILED
    return lines, failed


LogFilter.claims = (
    Claim(
        "not_retro",
        "No data point lies before the making of the filter, whatever the log holds.",
        ("monitoring.filter.not_retro",),
        LogFilter.not_retro,
        "the filter is made after the trouble, and at least 60 lines come a minute",
        lambda p: p.filter_made_at_min >= 10 and p.lines_per_min >= 60,
    ),
    Claim(
        "counts",
        "From its making on, the metric adds up to the number of matching lines.",
        ("monitoring.filter.example", "monitoring.filter.not_retro"),
        LogFilter.counts,
        "always",
        lambda p: True,
    ),
    Claim(
        "quiet",
        "A minute with lines and no match has 0 if the default value is 0, and else no data point; "
        "a minute without lines has none.",
        ("monitoring.filter.default_value",),
        LogFilter.quiet,
        "always",
        lambda p: True,
    ),
    Claim(
        "wakes",
        "An alarm on the metric is in ALARM after each minute with more matches than its threshold.",
        ("monitoring.filter.alarm", "monitoring.alarm.logs"),
        LogFilter.wakes,
        "the filter is there before the trouble, and at least 60 lines come a minute",
        lambda p: p.filter_made_at_min <= 8 and p.lines_per_min >= 60,
    ),
    Claim(
        "by_value",
        "A JSON pattern compares a field by its value, so it counts failed requests and nothing else.",
        ("monitoring.logs.structured", "monitoring.logs.filter_expr"),
        LogFilter.by_value,
        "the pattern is a JSON one",
        lambda p: p.pattern == "status 5xx",
    ),
)

LogFilter.scenes = (
    Scene(
        "past",
        "Made after the trouble",
        {},
        "A filter counts the lines with ERROR, and an alarm wants more than 5 a minute. In minutes 8 and 9 paying "
        "fails.",
        Prediction(
            "Now filter and alarm are made in minute 10 only. What does the metric show of the trouble?",
            (
                Option(
                    "all",
                    "All of it, as the lines are in the log and are read once",
                    "filter_counts_the_past",
                    "A filter sees events as they come in. It does not read the log.",
                    true_if=lambda p, m: m.summary["counted"] == m.summary["matching"],
                ),
                Option(
                    "nothing",
                    "Nothing, as a filter counts what comes after its making",
                    None,
                    "The lines of minutes 8 and 9 came before. Ask Logs Insights for them.",
                    right=True,
                    true_if=lambda p, m: all(one.value is None for one in m.minutes[:10]),
                ),
                Option(
                    "later",
                    "All of it some minutes later, when it has caught up",
                    "filter_catches_up",
                    "There is nothing to catch up with: older events are never looked at.",
                    true_if=lambda p, m: m.summary["counted"] >= m.summary["matching"] - 5,
                ),
            ),
        ),
        {"filter_made_at_min": 10},
        ("filter_made_at_min", "error_percent"),
        "not_retro",
        (
            "monitoring.filter.not_retro",
            "monitoring.filter.example",
            "monitoring.filter.alarm",
            "monitoring.logs.insights",
        ),
    ),
    Scene(
        "quiet",
        "A minute without a match",
        {"error_percent": 0, "default_value": "0", "pattern": "status 5xx"},
        "Only minutes 8 and 9 have failed requests. The default value is 0.",
        Prediction(
            "Now the filter has no default value. What does the metric hold for the minutes without a failure?",
            (
                Option(
                    "zero",
                    "The value 0, as a count of nothing is 0",
                    "quiet_log_gives_zero",
                    "Without a match the filter publishes nothing, and nothing is not 0.",
                    true_if=lambda p, m: m.summary["zero_points"] > 0,
                ),
                Option(
                    "nothing",
                    "No data point, as the filter has nothing to publish",
                    None,
                    "The alarm has no data then, where it could be OK.",
                    right=True,
                    true_if=lambda p, m: m.summary["points"] == len(BURST),
                ),
                Option(
                    "last",
                    "The last value, until another one comes in",
                    "gaps_keep_the_value",
                    "A data point holds for its own minute. CloudWatch does not carry it on.",
                    true_if=lambda p, m: m.summary["points"] == MINUTES - min(BURST),
                ),
            ),
        ),
        {"default_value": "none"},
        ("default_value", "error_percent"),
        "quiet",
        ("monitoring.filter.default_value", "monitoring.alarm.missing", "monitoring.alarm.logs"),
    ),
    Scene(
        "closed",
        "A minute without a line",
        {"error_percent": 0, "pattern": "status 5xx"},
        "In minutes 12 and 13 the shop is closed and logs nothing. There is no default value.",
        Prediction(
            "The default value becomes 0. How many of the 16 minutes have a data point?",
            number="points",
            unit="minutes",
            tolerance=0,
            reply="14: those with lines. Without a single line the filter is not asked, and reports no 0 either.",
        ),
        {"default_value": "0"},
        ("default_value", "lines_per_min"),
        "quiet",
        ("monitoring.filter.default_value", "monitoring.filter.not_retro"),
    ),
    Scene(
        "words",
        "A word, or a value",
        {"pattern": "status 5xx", "default_value": "0"},
        "The pattern { $.status >= 500 } counts failed requests. Customers also look for posters with the word ERROR.",
        Prediction(
            "The pattern becomes ERROR, the level of failed requests. What does it count?",
            (
                Option(
                    "same",
                    "The same lines, as only failed requests have that level",
                    "word_means_level",
                    "A word is looked for in the whole line. The filter knows no levels.",
                    true_if=lambda p, m: m.summary["matching"] == m.summary["failed"],
                ),
                Option(
                    "more",
                    "More lines, as the word is found anywhere",
                    None,
                    "The searches for the poster are counted as well.",
                    right=True,
                    true_if=lambda p, m: m.summary["matching"] > m.summary["failed"],
                ),
                Option(
                    "none",
                    "No lines, as the word is hidden inside of JSON",
                    "words_fail_in_json",
                    "To a pattern of words a line of JSON is a text like any other.",
                    true_if=lambda p, m: m.summary["matching"] == 0,
                ),
            ),
        ),
        {"pattern": "ERROR"},
        ("pattern", "error_percent"),
        "counts",
        ("monitoring.logs.structured", "monitoring.logs.filter_expr", "monitoring.filter.example"),
    ),
    Scene(
        "goal",
        "Woken for the right thing",
        {"lines_per_min": 120, "error_percent": 1, "filter_made_at_min": 10},
        "The operators were not woken in minute 8, and since then the alarm rings for people who buy posters.",
        Prediction(
            "The pattern becomes the JSON one. How many matching lines does the whole log hold then?",
            number="matching",
            unit="lines",
            tolerance=15,
            reply="As many as failed: 75 % of 240 lines in two minutes, and 1 % of the others.",
        ),
        {"pattern": "status 5xx"},
        (),
        "by_value",
        ("monitoring.logs.structured", "monitoring.filter.alarm", "monitoring.filter.default_value"),
        Goal(
            "One alarm, in the minutes of the trouble only, and OK in at least 11 minutes, with 120 lines a minute.",
            lambda p, m: (
                p.lines_per_min >= 120
                and m.summary["alarms"] == 1
                and m.summary["minutes_in_alarm"] <= 3
                and m.summary["minutes_ok"] >= 11
                and state_at(m, (BURST.start + 1) * MINUTE_S) == ALARM
            ),
            {"pattern": "status 5xx", "filter_made_at_min": 0, "default_value": "0"},
        ),
    ),
)
