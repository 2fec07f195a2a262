"""What services write by themselves: kept until somebody looks, stamped with the time at which it was written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import Cloud

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
NAMESPACE = "AWS/Lambda"


def events(cloud: Cloud, group: str = "g", stream: str = "s") -> list[tuple[float, str]]:
    """The log as a learner reads it: seconds since the start, message."""
    found = cloud.client("logs").get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)[
        "events"
    ]
    begin_ms = int(START.timestamp() * 1000)
    return [((event["timestamp"] - begin_ms) / 1000, event["message"]) for event in found]


def statistics(cloud: Cloud, name: str = "m", minutes: int = 60, **dimensions: str) -> list[dict[str, float]]:
    """The data points of a metric, a minute each: when it begins (in seconds), sum, average, extremes, number."""
    points = cloud.client("cloudwatch").get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=START,
        EndTime=START + timedelta(minutes=minutes),
        Period=60,
        Statistics=["Sum", "Average", "Minimum", "Maximum", "SampleCount"],
    )["Datapoints"]
    names = ("Sum", "Average", "Minimum", "Maximum", "SampleCount")
    rows = [
        {"at": (point["Timestamp"] - START).total_seconds(), **{key: point[key] for key in names}}
        for point in points
    ]
    return sorted(rows, key=lambda row: row["at"])


def test_lines_have_the_time_at_which_they_were_written(cloud: Cloud) -> None:
    cloud.telemetry.log("g", "s", "one")
    cloud.advance(1.5)
    cloud.telemetry.log("g", "s", "two")
    cloud.telemetry.log("g", "s", "three")
    cloud.advance(100)
    assert events(cloud) == [(0, "one"), (1.5, "two"), (1.5, "three")]
    cloud.telemetry.log("g", "s", "four")
    assert events(cloud)[3:] == [(101.5, "four")]


def test_group_and_stream_come_into_being(cloud: Cloud) -> None:
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="mine")
    cloud.telemetry.log("mine", "a", "x")
    cloud.telemetry.log("theirs", "b", "y")
    assert [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]] == ["mine", "theirs"]
    streams = logs.describe_log_streams(logGroupName="mine")["logStreams"]
    assert [stream["logStreamName"] for stream in streams] == ["a"]
    logs.delete_log_group(logGroupName="theirs")
    cloud.telemetry.log("theirs", "b", "again")
    assert events(cloud, "theirs", "b") == [(0, "again")]


def test_lines_are_searched_over_streams(cloud: Cloud) -> None:
    for stream in ("a", "b"):
        cloud.telemetry.log("g", stream, f"ERROR in {stream}")
        cloud.telemetry.log("g", stream, "fine")
    found = cloud.client("logs").filter_log_events(logGroupName="g", filterPattern="ERROR")["events"]
    assert sorted(event["message"] for event in found) == ["ERROR in a", "ERROR in b"]


def test_many_lines_of_one_instant_keep_their_order(cloud: Cloud) -> None:
    for number in range(2_500):
        cloud.telemetry.log("g", "s", str(number))
    logs, seen, token = cloud.client("logs"), [], {}
    while True:
        page = logs.get_log_events(logGroupName="g", logStreamName="s", startFromHead=True, **token)
        if not page["events"]:
            break
        seen += [event["message"] for event in page["events"]]
        token = {"nextToken": page["nextForwardToken"]}
    assert seen == [str(number) for number in range(2_500)]


def test_empty_line(cloud: Cloud) -> None:
    cloud.telemetry.log("g", "s", "")
    assert events(cloud) == [(0, "\n")]


def test_metric_of_a_minute(cloud: Cloud) -> None:
    for at_s, value in ((0, 1), (59, 5), (60, 2), (150, 7)):
        cloud.run(until=at_s)
        cloud.telemetry.metric(NAMESPACE, "m", value)
    assert statistics(cloud) == [
        {"at": 0, "Sum": 6, "Average": 3, "Minimum": 1, "Maximum": 5, "SampleCount": 2},
        {"at": 60, "Sum": 2, "Average": 2, "Minimum": 2, "Maximum": 2, "SampleCount": 1},
        {"at": 120, "Sum": 7, "Average": 7, "Minimum": 7, "Maximum": 7, "SampleCount": 1},
    ]


def test_metric_of_an_earlier_time(cloud: Cloud) -> None:
    cloud.advance(130)
    cloud.telemetry.metric(NAMESPACE, "m", 3, at_us=59_999_999)
    cloud.telemetry.metric(NAMESPACE, "m", 4, at_us=60_000_000)
    assert [(row["at"], row["Sum"]) for row in statistics(cloud)] == [(0, 3), (60, 4)]


def test_value_that_counts_several_times(cloud: Cloud) -> None:
    cloud.telemetry.metric(NAMESPACE, "m", 2, count=10)
    cloud.telemetry.metric(NAMESPACE, "m", 2)
    cloud.telemetry.metric(NAMESPACE, "m", 8)
    assert statistics(cloud) == [
        {"at": 0, "Sum": 30, "Average": 2.5, "Minimum": 2, "Maximum": 8, "SampleCount": 12}
    ]


def test_dimensions_make_metrics_of_their_own(cloud: Cloud) -> None:
    for value, dimensions in (
        (1, None),
        (2, {"FunctionName": "f"}),
        (3, {"FunctionName": "f", "Resource": "f:1"}),
    ):
        cloud.telemetry.metric(NAMESPACE, "m", value, dimensions=dimensions)
    assert [row["Sum"] for row in statistics(cloud, FunctionName="f")] == [2]
    assert [row["Sum"] for row in statistics(cloud, FunctionName="f", Resource="f:1")] == [3]
    listed = cloud.client("cloudwatch").list_metrics(Namespace=NAMESPACE)["Metrics"]
    assert sorted(len(metric["Dimensions"]) for metric in listed) == [0, 1, 2]


def test_looking_twice_counts_nothing_twice(cloud: Cloud) -> None:
    cloud.telemetry.metric(NAMESPACE, "m", 1)
    assert statistics(cloud) == statistics(cloud)
    cloud.telemetry.metric(NAMESPACE, "m", 1)  # the same minute, after somebody looked
    assert [row["Sum"] for row in statistics(cloud)] == [2]


def test_looking_leaves_only_the_learner_s_own_rows(cloud: Cloud) -> None:
    cloud.telemetry.log("g", "s", "x")
    cloud.telemetry.metric(NAMESPACE, "m", 1)
    events(cloud)
    statistics(cloud)
    assert list(cloud.trail.operation) == ["GetLogEvents", "GetMetricStatistics"]


@given(st.lists(st.tuples(st.integers(0, 299), st.integers(-5, 5)), max_size=30))
@settings(max_examples=15, deadline=None)
def test_sums_of_minutes_are_right(values: list[tuple[int, int]]) -> None:
    with Cloud() as cloud:
        expected: dict[int, int] = {}
        for at_s, value in sorted(values):
            cloud.run(until=at_s)
            cloud.telemetry.metric(NAMESPACE, "m", value)
            expected[at_s // 60 * 60] = expected.get(at_s // 60 * 60, 0) + value
        assert {int(row["at"]): int(row["Sum"]) for row in statistics(cloud)} == expected


def test_closed_cloud_has_nothing_to_tell() -> None:
    with Cloud() as cloud:
        telemetry = cloud.telemetry
        telemetry.log("g", "s", "x")
    with Cloud() as other:
        assert other.client("logs").describe_log_groups()["logGroups"] == []
    with pytest.raises(Exception, match="closed"):
        cloud.client("logs")


def test_metrics_that_nobody_asked_for_yet_are_told_later() -> None:
    with Cloud() as cloud:
        cloudwatch = cloud.client("cloudwatch")
        for name in ("Invocations", "Errors"):
            cloud.telemetry.metric("AWS/Lambda", name, 1)
        times = {"StartTime": "2026-01-05T09:00Z", "EndTime": "2026-01-05T09:10Z", "Period": 60}
        for name in ("Errors", "Throttles", "Invocations", "Errors"):
            found = cloudwatch.get_metric_statistics(
                Namespace="AWS/Lambda", MetricName=name, Statistics=["Sum"], **times
            )
            assert [point["Sum"] for point in found["Datapoints"]] == ([] if name == "Throttles" else [1])
        listed = cloudwatch.list_metrics(Namespace="AWS/Lambda")["Metrics"]
        assert sorted(metric["MetricName"] for metric in listed) == ["Errors", "Invocations"]
