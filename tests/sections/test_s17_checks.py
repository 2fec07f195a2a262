"""The live checks of section 17: what passes, what does not yet, and that looking leaves no trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from helpers import Cloud
from helpers.sections.checks import Status, find_check
from helpers.sections.s17_monitoring.checks import CHECKS
from tests.dataplane.trailed import policy

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
        line: dict[str, Any] = {"_aws": {"Timestamp": cloud.timestamp_ms, "CloudWatchMetrics": [told]}}
        line |= {"Stage": ("prod", "test")[number % 2], "Host": f"host-{number % 3}"}
        line |= {"Request": f"r-{number}", "Duration": 100 + number}
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


# ---- event


def ring(cloud: Cloud, pattern: dict[str, Any], target: bool = True) -> None:
    events = cloud.client("events")
    events.put_rule(Name="pager", EventPattern=json.dumps(pattern))
    if target:
        arn = "arn:aws:sqs:us-east-1:123456789012:pager"
        events.put_targets(Rule="pager", Targets=[{"Id": "pager", "Arn": arn}])


def payments(state: list[Any], amount: list[Any] | None, **more: Any) -> dict[str, Any]:
    amounts = {} if amount is None else {"amount": amount}
    return {"source": ["shop"], "detail": {"state": state, **amounts}, **more}


@pytest.mark.parametrize(
    ("pattern", "status", "word"),
    [
        (payments(["failed", "expired"], [{"numeric": [">=", 100]}]), PASSED, ""),
        (payments(["failed", "expired"], [{"numeric": [">=", 100]}], **{"detail-type": ["payment"]}), PASSED, ""),
        (payments([{"anything-but": ["paid", "Failed"]}], [{"numeric": [">", 99.99]}]), PASSED, ""),
        (payments(["failed"], [{"numeric": [">=", 100]}]), FAILED, "does not ring for a payment of shop, state exp"),
        (payments(["failed", "expired"], [{"numeric": [">", 100]}]), FAILED, "does not ring"),
        (payments(["failed", "expired"], [100]), FAILED, "amount 250"),
        (payments(["failed", "expired"], None), FAILED, "rings for a payment of shop, state failed, amount 0"),
        (payments(["failed", "expired"], [{"exists": True}]), FAILED, "amount 0"),
        (payments([{"equals-ignore-case": "failed"}, "expired"], [{"numeric": [">=", 100]}]), FAILED, "Failed"),
        ({"detail": payments(["failed", "expired"], [{"numeric": [">=", 100]}])["detail"]}, FAILED, "till"),
    ],
)  # fmt: skip
def test_event(cloud: Cloud, pattern: dict[str, Any], status: Status, word: str) -> None:
    ring(cloud, pattern)
    before = cloud.trail
    found, reason = judge("event")
    assert found is status
    assert word in reason
    assert cloud.trail.equals(before)


def test_a_rule_without_a_target_rings_for_nothing(cloud: Cloud) -> None:
    ring(cloud, payments(["failed", "expired"], [{"numeric": [">=", 100]}]), target=False)
    assert judge("event") == (FAILED, "The rule pager matches, but has no target.")


# ---- trace


def sample(cloud: Cloud, rate: float, service: str = "web", reservoir: int = 1) -> None:
    anything = dict.fromkeys(("ResourceARN", "ServiceType", "Host", "HTTPMethod", "URLPath"), "*")
    rule = {"RuleName": service, "ServiceName": service, "Priority": 1, "Version": 1, **anything}
    cloud.client("xray").create_sampling_rule(
        SamplingRule=rule | {"ReservoirSize": reservoir, "FixedRate": rate}
    )


@pytest.mark.parametrize(
    ("rate", "status"),
    [
        (0.05, FAILED),
        (0.32, FAILED),
        (0.33, PASSED),
        (0.4, PASSED),
        (0.49, PASSED),
        (0.5, FAILED),
        (1, FAILED),
    ],
)
def test_trace(cloud: Cloud, rate: float, status: Status) -> None:
    sample(cloud, 1, "orders")
    assert judge("trace") == (NOT_ATTEMPTED, "There is no sampling rule for web yet.")
    sample(cloud, rate)
    before = cloud.trail
    assert judge("trace")[0] is status
    assert cloud.trail.equals(before)


def test_a_changed_rule_is_judged_as_it_is_now(cloud: Cloud) -> None:
    sample(cloud, 0.05)
    xray = cloud.client("xray")
    xray.update_sampling_rule(SamplingRuleUpdate={"RuleName": "web", "FixedRate": 0.4})
    found, reason = judge("trace")
    assert found is PASSED
    assert "some 41 traces a second are recorded, and about 24 of the 60 failing requests" in reason
    xray.delete_sampling_rule(RuleName="web")
    assert judge("trace")[0] is NOT_ATTEMPTED


# ---- trail


def audit(cloud: Cloud, selectors: dict[str, Any]) -> None:
    """Somebody uses files in two buckets while a trail with the selectors logs."""
    trail, s3 = cloud.client("cloudtrail"), cloud.client("s3")
    s3.create_bucket(Bucket="price-logs")
    s3.put_bucket_policy(Bucket="price-logs", Policy=policy("price-logs"))
    trail.create_trail(Name="prices", S3BucketName="price-logs")
    trail.put_event_selectors(TrailName="prices", **selectors)
    trail.start_logging(Name="prices")
    for bucket in ("prices", "photos"):
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="a", Body=b"one")
        s3.get_object(Bucket=bucket, Key="a")
        s3.delete_object(Bucket=bucket, Key="a")
    s3.list_buckets()


def basic(kind: str, management: bool, *arns: str) -> dict[str, Any]:
    data = [{"Type": "AWS::S3::Object", "Values": list(arns)}] if arns else []
    return {"ReadWriteType": kind, "IncludeManagementEvents": management, "DataResources": data}


def fields(**values: str) -> dict[str, Any]:
    names = {"category": "eventCategory", "kind": "resources.type", "reads": "readOnly"}
    chosen: list[dict[str, Any]] = [
        {"Field": names[name], "Equals": [value]} for name, value in values.items()
    ]
    if "kind" in values:
        chosen.append({"Field": "resources.ARN", "StartsWith": [MINE]})
    return {"FieldSelectors": chosen}


MINE, ALL_FILES = "arn:aws:s3:::prices/", "arn:aws:s3"


@pytest.mark.parametrize(
    ("selectors", "status", "word"),
    [
        ([basic("All", True), basic("WriteOnly", False, MINE)], PASSED, ""),
        ([basic("ReadOnly", True), basic("WriteOnly", True, MINE)], PASSED, ""),
        ([fields(category="Management"), fields(category="Data", kind="AWS::S3::Object", reads="false")], PASSED, ""),
        ([basic("All", True)], FAILED, "Not recorded: DeleteObject and PutObject in prices."),
        ([basic("All", True, MINE)], FAILED, "1 read of files is recorded, in prices"),
        ([basic("All", True), basic("ReadOnly", False, MINE)], FAILED, "1 read"),
        ([basic("All", True), basic("WriteOnly", False, ALL_FILES)], FAILED, "Writes to photos are recorded too"),
        ([basic("All", True, ALL_FILES)], FAILED, "2 reads of files are recorded"),
        ([basic("All", True), basic("WriteOnly", False, MINE + "b")], FAILED, "Not recorded"),
        ([basic("WriteOnly", True, MINE)], FAILED, "one kind only"),
        ([basic("WriteOnly", False, MINE)], FAILED, "no management events"),
    ],
)  # fmt: skip
def test_trail(cloud: Cloud, selectors: list[dict[str, Any]], status: Status, word: str) -> None:
    advanced = "FieldSelectors" in selectors[0]
    audit(cloud, {"AdvancedEventSelectors" if advanced else "EventSelectors": selectors})
    assert judge("trail") == (NOT_ATTEMPTED, "The bucket price-logs has no log file yet.")
    cloud.advance(300)
    before = cloud.trail
    found, reason = judge("trail")
    assert found is status, reason
    assert word in reason
    assert cloud.trail.equals(before)
