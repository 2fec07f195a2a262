"""Live checks of section 17: does the learner's account now do what the Your-turn cell asks?

Each `look` reads the account by its trail and by what its data planes hold, changes nothing and leaves no row in the
trail. It judges a need ("told within 7 minutes"), so several settings pass, and one that is too large fails like one
that is too small. The docstring of each says what the notebook's cell has to ask for and which names it uses.
"""

from __future__ import annotations

import gzip
import json
from itertools import product
from typing import TYPE_CHECKING, Any, cast

from helpers.cloud import Account, ServiceError
from helpers.dataplane.cloudwatch.reading import LISTED_S
from helpers.dataplane.cloudwatch.series import Metric
from helpers.dataplane.events.pattern import Pattern
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


# ---- event

WANTED_STATES, WANTED_AMOUNT = ("failed", "expired"), 100
STATES, AMOUNTS = ("failed", "expired", "Failed", "paid"), (0, 40, 99.5, 99.99, 100, 250, 10_000)
SOURCES = ("shop", "till")


def look_event(account: Account) -> Result:
    """The rule `pager` on the default bus: it matches the payments that shall ring, and no other.

    The cell makes a rule called `pager` with a target. The decision left blank is its event pattern: payments of the
    source `shop` with the state `failed` or `expired` and an amount of 100 or more, and nothing else.
    """
    made = [row for row in _done(account, "PutRule") if row.parameters.get("Name") == "pager"]
    if not made:
        return not_attempted("There is no rule called pager yet.")
    text = made[-1].parameters.get("EventPattern")
    if not text:
        return failed("The rule pager has no event pattern, so it matches nothing.")
    if not account.ask("events", "ListTargetsByRule", {"Rule": "pager"}).get("Targets"):
        return failed("The rule pager matches, but has no target.")
    pattern = Pattern(text)
    rung = 0
    for source, state, amount in product(SOURCES, STATES, AMOUNTS):
        wanted = source == "shop" and state in WANTED_STATES and amount >= WANTED_AMOUNT
        event = _payment(account, source, {"state": state, "amount": amount})
        if pattern.matches(event) is not wanted:
            rings = "does not ring" if wanted else "rings"
            return failed(f"The pager {rings} for a payment of {source}, state {state}, amount {amount:g}.")
        rung += wanted
    if not pattern.matches(_payment(account, "shop", {"state": "failed", "amount": 100, "customer": "ada"})):
        return failed("The pager does not ring for a payment that also names its customer.")
    if pattern.matches(_payment(account, "shop", {"state": "failed"})):
        return failed("The pager rings for a payment without an amount.")
    return passed(f"The pager rings for {rung} of the payments tried, those that it should ring for.")


def _payment(account: Account, source: str, detail: dict[str, Any]) -> dict[str, Any]:
    """An event as a rule of the default bus sees it."""
    return {
        "version": "0",
        "id": "1",
        "detail-type": "payment",
        "source": source,
        "account": account.account_id,
        "time": "2026-01-05T09:00:00Z",
        "region": account.region,
        "resources": [],
        "detail": detail,
    }


# ---- trace

REQUESTS_A_SECOND, SHARE_TO_SEE, MOST_TRACES = 100, 1 / 3, 50


def look_trace(account: Account) -> Result:
    """The sampling rule of the service `web`: a third of the failing requests has a trace, within the budget.

    The cell makes a sampling rule for the service `web`, which gets 100 requests a second, one of them failing. Of the
    60 failing ones in a minute 20 or more should have a trace, and no more than 50 traces should be recorded a second.
    The decision left blank is the rate; the reservoir is 1 (so rates from 0.327 to 0.494 are right).
    """
    mine = [rule for rule in _sampling_rules(account) if rule["ServiceName"] == "web"]
    if not mine:
        return not_attempted("There is no sampling rule for web yet.")
    rule = min(mine, key=lambda each: (each["Priority"], each["RuleName"]))
    first = min(rule["ReservoirSize"], REQUESTS_A_SECOND)
    kept = first + rule["FixedRate"] * (REQUESTS_A_SECOND - first)
    seen = 60 * kept / REQUESTS_A_SECOND
    said = f"With a rate of {rule['FixedRate']:g} some {kept:.0f} traces a second are recorded"
    if kept > MOST_TRACES:
        return failed(f"{said}; the budget is {MOST_TRACES}.")
    if kept < SHARE_TO_SEE * REQUESTS_A_SECOND:
        return failed(
            f"{said}, and about {seen:.0f} of the 60 failing requests of a minute: they are kept as often as others."
        )
    return passed(f"{said}, and about {seen:.0f} of the 60 failing requests of a minute.")


def _sampling_rules(account: Account) -> list[dict[str, Any]]:
    """The sampling rules that were made and not deleted, as they are now."""
    found: dict[str, dict[str, Any]] = {}
    for operation in ("CreateSamplingRule", "UpdateSamplingRule", "DeleteSamplingRule"):
        for row in _done(account, operation):
            rule = row.response["SamplingRuleRecord"]["SamplingRule"]
            if operation == "DeleteSamplingRule":
                found.pop(rule["RuleName"], None)
            elif operation == "CreateSamplingRule" or rule["RuleName"] in found:
                found[rule["RuleName"]] = rule
    return list(found.values())


# ---- trail

PRICES, WRITES = "prices", {"PutObject", "DeleteObject"}


def look_trail(account: Account) -> Result:
    """The bucket `price-logs`: a trail writes who changes files of the bucket `prices`, and no more data events.

    The cell makes a trail into a bucket called `price-logs`, and then files of the buckets `prices` and `photos` are
    put, read and deleted, after which somebody lists the buckets. The decision left blank is the event selectors. The
    log files should have the writes to prices, no other data event, and the management events, reads and writes.
    """
    records = _logged(account, "price-logs")
    if records is None or not records:
        return not_attempted("The bucket price-logs has no log file yet.")
    data = [record for record in records if not record["managementEvent"]]
    reads = [record for record in data if record["readOnly"]]
    if reads:
        bucket = reads[0]["requestParameters"]["bucketName"]
        return failed(
            f"{plural(len(reads), 'read')} of files {'is' if len(reads) == 1 else 'are'} recorded, in {bucket} for "
            "one: that is paid for, and nobody needs it."
        )
    others = {record["requestParameters"]["bucketName"] for record in data} - {PRICES}
    if others:
        return failed(f"Writes to {', '.join(sorted(others))} are recorded too, and paid for.")
    missing = WRITES - {record["eventName"] for record in data}
    if missing:
        return failed(f"Not recorded: {' and '.join(sorted(missing))} in {PRICES}.")
    kinds = {record["readOnly"] for record in records if record["managementEvent"]}
    if kinds != {True, False}:
        left = "no management events" if not kinds else "management events of one kind only"
        return failed(f"Files are fine, but the trail now records {left}: it should have reads and writes.")
    return passed(f"Who changes or deletes files of {PRICES} is recorded, and no other data event is.")


def _logged(account: Account, bucket: str) -> list[dict[str, Any]] | None:
    """The records of all log files of a bucket; None if there is no such bucket."""
    try:
        found = account.ask("s3", "ListObjectsV2", {"Bucket": bucket}).get("Contents", [])
    except ServiceError:
        return None
    records: list[dict[str, Any]] = []
    for one in found:
        body = account.ask("s3", "GetObject", {"Bucket": bucket, "Key": one["Key"]})["Body"]
        content = body.read() if hasattr(body, "read") else body
        records += json.loads(gzip.decompress(content))["Records"]
    return records


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
    Check(
        "17_monitoring.event",
        "The pager rings for failed and expired payments of 100 or more, and for nothing else.",
        look_event,
    ),
    Check(
        "17_monitoring.trace",
        "20 of 60 failing requests of web have a trace, within 50 traces a second.",
        look_trace,
        ("errors_are_kept", "reservoir_is_a_cap"),
    ),
    Check(
        "17_monitoring.trail",
        "Who changes files of prices is recorded, and no other data event.",
        look_trail,
        ("trail_logs_everything",),
    ),
)
