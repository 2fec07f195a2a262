"""The live checks of section 17: what passes, what does not yet, and that looking leaves no trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from helpers import Cloud
from helpers.sections.checks import Status, find_check
from helpers.sections.s17_monitoring.checks import CHECKS

PASSED, FAILED, NOT_ATTEMPTED = Status.PASSED, Status.FAILED, Status.NOT_ATTEMPTED


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with Cloud(seed=17) as opened:
        yield opened


def judge(name: str) -> tuple[Status, str]:
    result = find_check(f"17_monitoring.{name}").judge()
    return result.status, result.reason


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_an_empty_account_has_attempted_nothing_and_looking_leaves_no_trace(check: Any, cloud: Cloud) -> None:
    result = check.judge()
    assert result.status is NOT_ATTEMPTED
    assert result.reason.endswith(".")
    assert (len(cloud.trail), cloud.now) == (0, 0)


# ---- metric


def log_times(cloud: Cloud, sets: list[list[str]]) -> None:
    logs = cloud.client("logs")
    metrics = [{"Name": "Duration", "Unit": "Milliseconds"}]
    told = {"Namespace": "pay", "Dimensions": sets, "Metrics": metrics}
    for number in range(24):
        line = {"_aws": {"Timestamp": cloud.timestamp_ms, "CloudWatchMetrics": [told]}}
        line |= {"Stage": ("prod", "test")[number % 2], "Host": f"host-{number % 3}"}  # type: ignore[dict-item]
        line |= {"Request": f"r-{number}", "Duration": 100 + number}  # type: ignore[dict-item]
        event = {"timestamp": cloud.timestamp_ms, "message": json.dumps(line)}
        logs.put_log_events(logGroupName="pay", logStreamName="all", logEvents=[event])


@pytest.mark.parametrize(
    ("sets", "status", "said"),
    [
        ([["Stage"], ["Stage", "Host"]], PASSED, "8 metrics: each stage"),
        ([["Host", "Stage"], ["Stage"], []], PASSED, "9 metrics: each stage"),
        ([["Stage", "Host"]], FAILED, "no metric of stage prod over all hosts"),
        ([["Stage"], ["Host"]], FAILED, "no metric of host-0 in stage prod"),
        ([["Stage"], ["Stage", "Host"], ["Host"]], FAILED, "There are 11 metrics"),
        ([["Stage"], ["Stage", "Host"], ["Request"]], FAILED, "There are 32 metrics"),
        ([["Server"]], FAILED, "no metric of stage prod"),
    ],
)
def test_metric(cloud: Cloud, sets: list[list[str]], status: Status, said: str) -> None:
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="pay")
    logs.create_log_stream(logGroupName="pay", logStreamName="all")
    assert judge("metric")[0] is NOT_ATTEMPTED
    log_times(cloud, sets)
    before = cloud.trail
    found, reason = judge("metric")
    assert (found, said in reason) == (status, True), reason
    assert cloud.trail.equals(before)


def test_metrics_of_an_earlier_try_are_forgotten_after_two_weeks(cloud: Cloud) -> None:
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="pay")
    logs.create_log_stream(logGroupName="pay", logStreamName="all")
    log_times(cloud, [["Request"]])
    cloud.advance(15 * 86_400)
    log_times(cloud, [["Stage"], ["Stage", "Host"]])
    assert judge("metric")[0] is PASSED


# ---- alarm


def minutes(cloud: Cloud, values: list[int | None]) -> None:
    client = cloud.client("cloudwatch")
    for value in values:
        if value is not None:
            data = [{"MetricName": "FailedPayments", "Value": value}]
            client.put_metric_data(Namespace="Shop", MetricData=data)
        cloud.advance(60)


def play_alarm(cloud: Cloud, n: int, m: int, treatment: str) -> None:
    client = cloud.client("cloudwatch")
    calm = [2] * 4
    minutes(cloud, [2] * 10)
    client.delete_alarms(AlarmNames=["payments"])
    client.put_metric_alarm(
        AlarmName="payments",
        Namespace="Shop",
        MetricName="FailedPayments",
        Statistic="Sum",
        Period=60,
        ComparisonOperator="GreaterThanThreshold",
        Threshold=10,
        EvaluationPeriods=n,
        DatapointsToAlarm=m,
        TreatMissingData=treatment,
    )
    assert judge("alarm")[0] is NOT_ATTEMPTED
    minutes(cloud, [*calm, 30, *calm, *[30] * 10, *calm, *calm, *[None] * 15])


@pytest.mark.parametrize(
    ("n", "m", "treatment", "status", "said"),
    [
        (3, 2, "breaching", PASSED, "told 2 min after the outage began"),
        (2, 2, "breaching", PASSED, "told 2 min after the outage began"),
        (3, 3, "breaching", PASSED, "told 3 min after the outage began and 6 min after the last point"),
        (5, 3, "breaching", PASSED, "told 3 min after"),
        (1, 1, "breaching", FAILED, "single bad minute"),
        (3, 1, "breaching", FAILED, "single bad minute"),
        (6, 6, "breaching", FAILED, "notices the silence 9 min after"),
        (8, 8, "breaching", FAILED, "tells of the outage after 8 min"),
        (12, 12, "breaching", FAILED, "tells of the outage not at all"),
        (3, 2, "missing", FAILED, "reports nothing, and the alarm does not ring"),
        (3, 2, "ignore", FAILED, "reports nothing"),
        (3, 2, "notBreaching", FAILED, "reports nothing"),
    ],
)
def test_alarm(cloud: Cloud, n: int, m: int, treatment: str, status: Status, said: str) -> None:
    play_alarm(cloud, n, m, treatment)
    before = cloud.trail
    found, reason = judge("alarm")
    assert (found, said in reason) == (status, True), reason
    assert cloud.trail.equals(before)


def test_a_second_try_is_judged_alone(cloud: Cloud) -> None:
    play_alarm(cloud, 3, 2, "missing")
    play_alarm(cloud, 3, 2, "breaching")
    assert judge("alarm")[0] is PASSED
    play_alarm(cloud, 1, 1, "breaching")
    assert judge("alarm")[0] is FAILED


# ---- log


def count(cloud: Cloud, pattern: str) -> None:
    number = {"metricName": "Failed", "metricNamespace": "Till", "metricValue": "1", "defaultValue": 0}
    cloud.advance(60)
    cloud.client("logs").put_metric_filter(
        logGroupName="till", filterName="Failed", filterPattern=pattern, metricTransformations=[number]
    )


def requests(cloud: Cloud) -> None:
    logs = cloud.client("logs")
    for status, words in ((200, "mug"), (500, "mug"), (503, "cup"), (404, "cup"), (200, "ERROR 500")):
        line = {"level": "ERROR" if status >= 500 else "INFO", "status": status, "words": words}
        event = {"timestamp": cloud.timestamp_ms, "message": json.dumps(line)}
        logs.put_log_events(logGroupName="till", logStreamName="s", logEvents=[event])


@pytest.mark.parametrize(
    ("pattern", "status", "counted"),
    [
        ("{ $.status >= 500 }", PASSED, 2),
        ('{ $.level = "ERROR" }', PASSED, 2),
        ("{ $.status = 500 || $.status = 503 }", PASSED, 2),
        ("ERROR", FAILED, 3),
        ("{ $.status >= 400 }", FAILED, 3),
        ("{ $.status = 503 }", FAILED, 1),
        ("", FAILED, 5),
    ],
)
def test_log(cloud: Cloud, pattern: str, status: Status, counted: int) -> None:
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="till")
    logs.create_log_stream(logGroupName="till", logStreamName="s")
    requests(cloud)  # before the filter was made: not counted
    count(cloud, pattern)
    assert judge("log")[0] is NOT_ATTEMPTED
    requests(cloud)
    before = cloud.trail
    found, reason = judge("log")
    assert found is status
    assert reason.startswith(f"2 requests of 5 failed, and the metric counts {counted}")
    assert cloud.trail.equals(before)


def test_a_second_pattern_is_judged_alone(cloud: Cloud) -> None:
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="till")
    logs.create_log_stream(logGroupName="till", logStreamName="s")
    for pattern, status in (("ERROR", FAILED), ("{ $.status >= 500 }", PASSED)):
        count(cloud, pattern)
        requests(cloud)
        assert judge("log")[0] is status
