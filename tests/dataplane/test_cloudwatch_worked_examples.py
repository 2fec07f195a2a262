"""The worked examples of section 17 that alarms, metrics and events compute."""

from __future__ import annotations

from datetime import timedelta

import pytest

from helpers import Cloud
from helpers.dataplane.cloudwatch.evaluation import State, decide
from tests.dataplane.alarmed import START, Watched, bodies
from tests.dataplane.conftest import refused
from tests.dataplane.test_events_delivery import Bus, open_queue


@pytest.mark.parametrize(("period", "points"), [(300, 12), (60, 60)])
def test_detailed_points(cloud: Cloud, period: int, points: int) -> None:
    watched = Watched(cloud)
    for _ in range(60):
        watched.put(1)
        cloud.advance(60)
    assert len(watched.statistics(period, Statistics=["Sum"])) == points


def test_custom_window(cloud: Cloud) -> None:
    assert refused(Watched(cloud).put, 1, Timestamp=START + timedelta(hours=3)) == "InvalidParameterValue"


def test_schedule_4h(cloud: Cloud) -> None:
    bus, (url, arn) = Bus(cloud), open_queue(cloud)
    bus.rule({"Arn": arn}, ScheduleExpression="rate(4 hours)")
    cloud.advance(86_400)
    assert len(bodies(cloud, url)) == 6


def test_dimensions(cloud: Cloud) -> None:
    watched = Watched(cloud)
    for environment in range(3):
        for instance in range(20):
            named = {"Environment": str(environment), "Instance": str(instance)}
            watched.put(1, Dimensions=[{"Name": name, "Value": value} for name, value in named.items()])
    assert len(watched.client.list_metrics(Namespace="N")["Metrics"]) == 60


def test_missing_2of3() -> None:
    points = [False, None, True, None, None]
    states = {
        each: decide(points, 2, 3, each, State.OK)
        for each in ("missing", "ignore", "breaching", "notBreaching")
    }
    assert states == {"missing": "OK", "ignore": "OK", "breaching": "ALARM", "notBreaching": "OK"}


def test_quota_80(cloud: Cloud) -> None:
    cloud.plane("cloudwatch").models.service_quotas["Instances"] = 1000
    watched = Watched(cloud, "ResourceCount", "AWS/Usage")
    dimensions = [{"Name": "Resource", "Value": "Instances"}]
    metric = {"Namespace": "AWS/Usage", "MetricName": "ResourceCount", "Dimensions": dimensions}
    queries = [
        {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}, "ReturnData": False},
        {"Id": "e1", "Expression": "m1/SERVICE_QUOTA(m1)*100"},
    ]
    watched.put(850, Dimensions=dimensions)
    cloud.advance(60)
    answer = watched.client.get_metric_data(
        MetricDataQueries=queries, StartTime=START, EndTime=cloud.datetime
    )
    assert [each["Values"] for each in answer["MetricDataResults"]] == [[85]]


def test_alarm_window(cloud: Cloud) -> None:
    assert refused(Watched(cloud).alarm, Period=300, EvaluationPeriods=289) == "ValidationError"
