"""What CloudWatch Logs does with new events: metric filters, embedded metrics, subscriptions, retention."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from helpers import Cloud
from helpers.dataplane.cloudwatch.logs.pattern import Pattern
from tests.dataplane.alarmed import Watched
from tests.dataplane.conftest import refused
from tests.dataplane.functions import Function

JSON = '{"eventType": "UpdateTrail", "latency": 50, "ok": true, "gone": null, "list": [{"id": 1}, {"id": 2}]}'
APACHE = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'


@pytest.mark.parametrize(
    ("pattern", "message", "matches"),
    [
        ("ERROR", "[ERROR 400] BAD REQUEST", True),
        ("ERROR", "no error", False),
        ("ERROR ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", True),
        ("ERROR ARGUMENTS", "[ERROR 400] BAD REQUEST", False),
        ("?ERROR ?ARGUMENTS", "ARGUMENTS", True),
        ("?ERROR ?ARGUMENTS", "REQUEST", False),
        ("?ERROR ?ARGUMENTS REQUEST", "[INFO] REQUEST FAILED", True),
        ('"INTERNAL SERVER ERROR"', "[ERROR 500] INTERNAL SERVER ERROR", True),
        ('"INTERNAL SERVER ERROR"', "ERROR INTERNAL SERVER", False),
        ("ERROR -ARGUMENTS", "[ERROR 400] BAD REQUEST", True),
        ("ERROR -ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", False),
        ("%AUTHORIZED%", "UNAUTHORIZED REQUEST", True),
        ('" "', "anything", True),
        ("", "anything", True),
        ('{ $.eventType = "UpdateTrail" }', JSON, True),
        ('{ $.eventType = "Update*" && $.latency > 40 }', JSON, True),
        ("{ $.latency >= 51 }", JSON, False),
        ("{ ($.latency < 1 || $.ok IS TRUE) && $.gone IS NULL }", JSON, True),
        ("{ $.list[1].id = 2 }", JSON, True),
        ("{ $.list[*].id = 3 }", JSON, False),
        ("{ $.none NOT EXISTS }", JSON, True),
        ("{ $.eventType != UpdateTrail }", JSON, False),
        ("{ $.a = 1 }", "no JSON", False),
        ("[ip, server, username, timestamp, request, status_code, bytes > 1000]", APACHE, True),
        ("[ip, server, username, timestamp, request, status_code = 4*, bytes]", APACHE, True),
        ("[ip, ..., status_code = 500, bytes]", APACHE, False),
        ("[ip, ..., bytes]", APACHE, True),
        ("[ip, server]", APACHE, False),
        ("[w1=ERROR || w1=%WARN%, w2]", "WARNING x", True),
    ],
)
def test_filter_patterns(pattern: str, message: str, matches: bool) -> None:
    assert (Pattern(pattern).find(message) is not None) is matches


@pytest.mark.parametrize("between", ["(.|.)*x", "something!", "[a", "a**", "*", "ü"])
@pytest.mark.parametrize("pattern", ["%{}%", "{{ $.a = %{}% }}", "[a, b=%{}%]"])
def test_regular_expressions_that_aws_does_not_support_are_refused(
    cloud: Cloud, pattern: str, between: str
) -> None:
    asked = {"logGroupName": Group(cloud).name, "filterPattern": pattern.format(between)}
    assert refused(cloud.client("logs").filter_log_events, **asked) == "InvalidParameterException"


@pytest.mark.parametrize(
    "between", ["gr[ae]y|gray", "^starting|^shutting down", r"\d{1,3}\.\d+", r"\x28a+", "colou?r"]
)
def test_regular_expressions_that_it_supports_are_taken(between: str) -> None:
    assert Pattern(f"%{between}%").find("-") is None
    assert Pattern(f"{{ $.a = %{between}% }}").find('{"a": "-"}') is None


class Group:
    """A log group with one stream."""

    name = "g"

    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self.client = cloud, cloud.client("logs")
        self.client.create_log_group(logGroupName="g")
        self.client.create_log_stream(logGroupName="g", logStreamName="s")

    def put(self, *messages: str, ago_ms: int = 0) -> dict[str, Any]:
        events = [{"timestamp": self.cloud.timestamp_ms - ago_ms, "message": each} for each in messages]
        answer: dict[str, Any] = self.client.put_log_events(
            logGroupName="g", logStreamName="s", logEvents=events
        )
        return answer

    def filter(self, pattern: str, value: str = "1", **more: Any) -> None:
        transformation = {"metricName": "m", "metricNamespace": "N", "metricValue": value, **more}
        self.client.put_metric_filter(
            logGroupName="g", filterName="f", filterPattern=pattern, metricTransformations=[transformation]
        )

    def messages(self, **more: Any) -> list[str]:
        return [each["message"] for each in self.client.filter_log_events(logGroupName="g", **more)["events"]]


def test_metric_filter_counts_new_events_only(cloud: Cloud) -> None:
    group, watched = Group(cloud), Watched(cloud)
    group.put("ERROR before")
    group.filter("ERROR")
    group.put("ERROR 1", "fine", "ERROR 2")
    cloud.advance(60)
    group.put("ERROR 3")
    points = watched.statistics(Statistics=["Sum"])
    assert [(at, point["Sum"]) for at, point in points] == [(0, 2), (60, 1)]


def test_default_value_in_a_minute_with_events_but_no_match(cloud: Cloud) -> None:
    group, watched = Group(cloud), Watched(cloud)
    group.filter("ERROR", defaultValue=0)
    group.put("fine")
    cloud.advance(60)
    group.put("fine", "ERROR")
    cloud.advance(120)  # a minute without any event
    group.put("fine")
    cloud.advance(60)
    points = watched.statistics(Statistics=["Sum"])
    assert [(at, point["Sum"]) for at, point in points] == [(0, 0), (60, 1), (180, 0)]


def test_metric_value_and_dimensions_of_the_event(cloud: Cloud) -> None:
    group, watched = Group(cloud), Watched(cloud)
    group.filter("{ $.latency = * }", "$.latency", dimensions={"Kind": "$.eventType"}, unit="Milliseconds")
    group.put(JSON)
    points = watched.statistics(Statistics=["Sum"], Dimensions=[{"Name": "Kind", "Value": "UpdateTrail"}])
    assert points == [(0, {"Unit": "Milliseconds", "Sum": 50})]
    code = "InvalidParameterException"
    assert refused(group.filter, "{ $.a = * }", dimensions={"a": "$.a"}, defaultValue=0) == code
    assert refused(group.filter, "ERROR", dimensions={"a": "$.a"}) == code
    assert refused(group.filter, "{ $.a = * ") == code


def test_metric_filter_drives_an_alarm(cloud: Cloud) -> None:
    group, watched = Group(cloud), Watched(cloud)
    group.filter("ERROR")
    watched.alarm(Statistic="Sum", Threshold=1)
    group.put("ERROR", "ERROR")
    cloud.advance(60)
    assert watched.state() == "ALARM"


def test_embedded_metrics_become_metrics(cloud: Cloud) -> None:
    group, watched = Group(cloud), Watched(cloud, "time", "lambda-function-metrics")
    line = {
        "_aws": {
            "Timestamp": cloud.timestamp_ms,
            "CloudWatchMetrics": [
                {
                    "Namespace": "lambda-function-metrics",
                    "Dimensions": [["version"], []],
                    "Metrics": [{"Name": "time", "Unit": "Milliseconds"}],
                }
            ],
        },
        "version": "$LATEST",
        "time": [100, 300],
    }
    group.put(json.dumps(line), json.dumps({**line, "time": "slow"}))
    dimensions = [{"Name": "version", "Value": "$LATEST"}]
    expected = [(0, {"Unit": "Milliseconds", "Average": 200})]
    assert watched.statistics(Statistics=["Average"], Dimensions=dimensions) == expected
    assert watched.statistics(Statistics=["Average"]) == expected


def test_embedded_metrics_of_a_function_s_own_lines(cloud: Cloud) -> None:
    source = """import json, time
def handler(event, context):
    print(json.dumps({"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [
        {"Namespace": "N", "Dimensions": [[]], "Metrics": [{"Name": "m"}]}]}, "m": 7}))
"""
    Function(cloud, source).invoke({})
    assert [point["Sum"] for _, point in Watched(cloud).statistics(Statistics=["Sum"])] == [7]


def test_subscription_to_a_function(cloud: Cloud) -> None:
    group = Group(cloud)
    source = "def handler(event, context):\n    print(event['awslogs']['data'])\n"
    function = Function(cloud, source)
    ask = {"logGroupName": "g", "filterName": "sub", "filterPattern": "ERROR", "destinationArn": function.arn}
    assert refused(group.client.put_subscription_filter, **ask) == "InvalidParameterException"
    function.client.add_permission(
        FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal="logs.amazonaws.com"
    )
    group.client.put_subscription_filter(**ask)
    group.put("ERROR 1", "INFO")
    cloud.advance(10)
    lines = cloud.client("logs").filter_log_events(logGroupName="/aws/lambda/f")["events"]
    (data,) = [each["message"] for each in lines if each["message"].startswith("H4s")]
    payload = json.loads(gzip.decompress(base64.b64decode(data)))
    (event,) = payload.pop("logEvents")
    assert event["message"] == "ERROR 1"
    assert payload == {
        "messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "g", "logStream": "s",
        "subscriptionFilters": ["sub"],
    }  # fmt: skip


def test_two_subscriptions_a_group(cloud: Cloud) -> None:
    group = Group(cloud)
    cloud.client("kinesis").create_stream(StreamName="k", ShardCount=1)
    ask = {
        "logGroupName": "g", "filterPattern": "", "destinationArn": "arn:aws:kinesis:us-east-1:123456789012:stream/k",
        "roleArn": "arn:aws:iam::123456789012:role/r",
    }  # fmt: skip
    for name in "ab":
        group.client.put_subscription_filter(filterName=name, **ask)
    assert refused(group.client.put_subscription_filter, filterName="c", **ask) == "LimitExceededException"


def test_retention_removes_old_events(cloud: Cloud) -> None:
    group = Group(cloud)
    assert (
        refused(group.client.put_retention_policy, logGroupName="g", retentionInDays=8)
        == "InvalidParameterException"
    )
    group.client.put_retention_policy(logGroupName="g", retentionInDays=1)
    group.put("old")
    cloud.advance(86_000)
    group.put("new")
    assert group.messages() == ["old", "new"]
    cloud.advance(401)
    assert group.messages() == ["new"]
    assert group.put("late", ago_ms=2 * 86_400_000)["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}


@pytest.mark.parametrize(
    ("days", "ago_h", "rejected", "kept"),
    [
        (None, (338, 337, 335, 330), {"tooOldLogEventEndIndex": 2}, "cd"),
        (None, (1, 0, -3, -4), {"tooNewLogEventStartIndex": 2}, "ab"),
        (7, (170, 169, 167, 160), {"expiredLogEventEndIndex": 2}, "cd"),
        (None, (2, 1, 0, -1), None, "abcd"),
    ],
)
def test_rejected_events_are_named_by_their_place(
    cloud: Cloud, days: int | None, ago_h: tuple[int, ...], rejected: dict[str, int] | None, kept: str
) -> None:
    group = Group(cloud)
    if days:
        group.client.put_retention_policy(logGroupName="g", retentionInDays=days)
    events = [
        {"timestamp": cloud.timestamp_ms - hours * 3_600_000, "message": message}
        for hours, message in zip(ago_h, "abcd", strict=True)
    ]
    answer = group.client.put_log_events(logGroupName="g", logStreamName="s", logEvents=events)
    assert answer.get("rejectedLogEventsInfo") == rejected
    assert "".join(group.messages()) == kept


def test_names_that_begin_with_aws_are_refused(cloud: Cloud) -> None:
    client = cloud.client("logs")
    assert refused(client.create_log_group, logGroupName="aws/shop") == "InvalidParameterException"
    client.create_log_group(logGroupName="/aws/shop")
    assert [each["logGroupName"] for each in client.describe_log_groups()["logGroups"]] == ["/aws/shop"]


def test_batches_of_events_are_checked(cloud: Cloud) -> None:
    group = Group(cloud)
    now = cloud.timestamp_ms
    for times in ([now, now - 1], [now - 86_400_001, now]):
        events = [{"timestamp": at, "message": "x"} for at in times]
        code = refused(group.client.put_log_events, logGroupName="g", logStreamName="s", logEvents=events)
        assert code == "InvalidParameterException"
    assert refused(group.put, "x" * 1_048_576) == "InvalidParameterException"


def test_events_are_filtered_by_pattern(cloud: Cloud) -> None:
    group = Group(cloud)
    group.put(JSON, "ERROR", "INFO")
    assert group.messages(filterPattern="{ $.latency = 50 }") == [JSON]
    assert group.messages(filterPattern="?ERROR ?INFO") == ["ERROR", "INFO"]
