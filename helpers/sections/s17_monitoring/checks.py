"""Live checks of section 17: does the learner's account now do what the Your-turn cell asks?

Each `look` reads the account by its trail and by what its data planes hold, changes nothing and leaves no row in the
trail. It judges a need ("told within 7 minutes"), so several settings pass, and one that is too large fails like one
that is too small. The docstring of each says what the notebook's cell has to ask for and which names it uses.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from helpers.cloud import Account
from helpers.dataplane.cloudwatch.reading import LISTED_S
from helpers.dataplane.cloudwatch.series import Metric
from helpers.experiments import CallRow, calls, plural
from helpers.sections.checks import Check, Result, failed, not_attempted, passed

if TYPE_CHECKING:
    from helpers.dataplane import Cloud
    from helpers.dataplane.cloudwatch.plane import CloudWatch, Region

# ---- metric

STAGES, HOSTS, MOST_METRICS = ("prod", "test"), ("host-0", "host-1", "host-2"), 10


def look_metric(account: Account) -> Result:
    """The namespace `pay`: there is a metric of each stage and of each host in a stage, and hardly another one.

    The cell writes log lines in embedded metric format to a log group called `pay`, with the fields Stage, Host and
    Request, and the namespace `pay`. The decision left blank is the sets of dimensions. They should give a metric for
    each of two stages, one for each of three hosts in each stage, and no more than ten metrics.
    """
    if not any(row.parameters.get("logGroupName") == "pay" for row in _done(account, "PutLogEvents")):
        return not_attempted("Nothing was logged to pay yet.")
    since_s = account.epoch_us / 1e6 - LISTED_S
    names = [
        frozenset(metric.dimensions)
        for metric, series in _cloudwatch(account).store.series.items()
        if metric.namespace == "pay" and series.last_s >= since_s
    ]
    for stage in STAGES:
        if frozenset({("Stage", stage)}) not in names:
            return failed(
                f"There is no metric of stage {stage} over all hosts: CloudWatch does not add up over dimensions."
            )
        for host in HOSTS:
            if frozenset({("Stage", stage), ("Host", host)}) not in names:
                return failed(f"There is no metric of {host} in stage {stage}.")
    if len(names) > MOST_METRICS:
        return failed(
            f"There are {len(names)} metrics where {MOST_METRICS} are enough: each combination of values makes one."
        )
    return passed(f"{plural(len(names), 'metric')}: each stage over all hosts, and each host of each stage.")


# ---- alarm

PAYMENTS_THRESHOLD, TOLD_WITHIN_S, OUTAGE_POINTS = 10, 420, 5


def look_alarm(account: Account) -> Result:
    """The alarm `payments`: calm in a single bad minute, told within 7 minutes of an outage and of silence.

    The cell makes an alarm called `payments` on the metric FailedPayments (Sum, above 10, period 60 s), and then
    publishes a point a minute: calm ones, one bad one, calm ones, ten bad ones (an outage), calm ones, and none for
    15 minutes. The decision left blank is EvaluationPeriods, DatapointsToAlarm and TreatMissingData.
    """
    made = [row for row in _done(account, "PutMetricAlarm") if row.parameters.get("AlarmName") == "payments"]
    if not made:
        return not_attempted("There is no alarm called payments yet.")
    points = _points(account, "FailedPayments", made[-1].end_s)
    bad = [value > PAYMENTS_THRESHOLD for _, value in points]
    outage = next((n for n in range(len(bad)) if all(bad[n : n + OUTAGE_POINTS])), len(bad))
    if len(points) - outage < OUTAGE_POINTS:
        return not_attempted("No outage has come since the alarm was made.")
    outage_s, silent_s = points[outage][0], points[-1][0]
    rung = [at_s for at_s in _alarms(account, "payments") if at_s > made[-1].end_s]
    if any(at_s <= outage_s for at_s in rung):
        return failed("It rings for a single bad minute, and nobody can do anything about that.")
    told_s = min((at_s - outage_s for at_s in rung if at_s < silent_s), default=None)
    if told_s is None or told_s > TOLD_WITHIN_S:
        after = "not at all" if told_s is None else f"after {told_s / 60:.0f} min"
        return failed(f"It tells of the outage {after}; it should within {TOLD_WITHIN_S // 60} min.")
    heard_s = min((at_s - silent_s for at_s in rung if at_s > silent_s), default=None)
    if heard_s is None:
        return failed("The program has died and reports nothing, and the alarm does not ring.")
    if heard_s > TOLD_WITHIN_S:
        return failed(
            f"It notices the silence {heard_s / 60:.0f} min after the last point: it looks back over too many."
        )
    return passed(
        f"Calm in the single bad minute, told {told_s / 60:.0f} min after the outage began and {heard_s / 60:.0f} "
        "min after the last point."
    )


# ---- log

FAILING = 500


def look_log(account: Account) -> Result:
    """The log group `till`: its metric counts the failed requests, all of them and nothing else.

    The cell puts a metric filter onto a log group called `till` that gives the metric Failed in the namespace `Till`,
    and then logs requests in JSON with a `status`; some lines have the word ERROR in a search text, some a status of
    404. The decision left blank is the filter pattern. The metric should count the lines with status 500 and above.
    """
    made = [row for row in _done(account, "PutMetricFilter") if row.parameters.get("logGroupName") == "till"]
    if not made:
        return not_attempted("The log group till has no metric filter yet.")
    since_s = made[-1].end_s
    lines = [
        json.loads(event["message"])
        for row in _done(account, "PutLogEvents")
        if row.parameters.get("logGroupName") == "till" and row.end_s > since_s
        for event in row.parameters["logEvents"]
    ]
    wanted = sum(line.get("status", 0) >= FAILING for line in lines)
    if not wanted:
        return not_attempted("No request has failed since the filter was made.")
    end_s = account.epoch_us / 1e6
    start_s = (end_s - account.now + since_s) // 60 * 60
    series = _cloudwatch(account).store.series.get(Metric.of("Till", "Failed", None))
    values = series.between(start_s, end_s + 60) if series else None
    counted = round((values and values.statistic("Sum")) or 0)
    said = f"{plural(wanted, 'request')} of {len(lines)} failed, and the metric counts {counted}"
    if counted > wanted:
        return failed(f"{said}: the pattern also finds lines of requests that did not fail.")
    if counted < wanted:
        return failed(f"{said}: the pattern misses some of them.")
    return passed(f"{said}.")


def _done(account: Account, operation: str) -> list[CallRow]:
    """The calls of an operation that succeeded."""
    return [row for row in calls(account.trail) if row.operation == operation and not row.error]


def _points(account: Account, metric: str, since_s: float) -> list[tuple[float, float]]:
    """What was published of a metric since then: virtual time, value."""
    return [
        (row.start_s, datum["Value"])
        for row in _done(account, "PutMetricData")
        if row.start_s >= since_s
        for datum in row.parameters["MetricData"]
        if datum["MetricName"] == metric
    ]


def _alarms(account: Account, name: str) -> list[float]:
    """When an alarm went to ALARM, in virtual time, oldest first."""
    zero_s = account.epoch_us / 1e6 - account.now
    return [
        item["Timestamp"].timestamp() - zero_s
        for item in _cloudwatch(account).alarms.history
        if item["AlarmName"] == name and item["HistorySummary"].endswith("to ALARM")
    ]


def _cloudwatch(account: Account) -> Region:
    """The account's metrics and alarms. A quiet question would reach moto, which does not hold them."""
    plane: CloudWatch = cast("Cloud", account).plane("cloudwatch")
    return plane.region()


CHECKS = (
    Check(
        "17_monitoring.metric",
        "A dashboard can show each stage and each host of pay, with at most ten metrics.",
        look_metric,
        ("dimensions_add_up", "no_dimension_means_any"),
    ),
    Check(
        "17_monitoring.alarm",
        "The alarm is calm in a single bad minute, and tells of an outage and of silence within 7 minutes.",
        look_alarm,
        ("missing_counts_as_ok", "alarm_follows_newest"),
    ),
    Check(
        "17_monitoring.log",
        "The metric counts all failed requests of till, and nothing else.",
        look_log,
        ("word_means_level",),
    ),
)
