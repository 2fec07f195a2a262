"""Metrics: what is taken, how it is aggregated, and how long it can be read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import Cloud
from helpers.dataplane.cloudwatch.series import finest_period_s
from helpers.dataplane.cloudwatch.values import Values
from tests.dataplane.alarmed import START, Watched
from tests.dataplane.conftest import refused

NUMBERS = st.lists(st.integers(0, 1000), min_size=1, max_size=50)


@given(NUMBERS, NUMBERS)
def test_statistics_of_merged_values(one: list[int], two: list[int]) -> None:
    parts = []
    for numbers in (one, two):
        part = Values()
        for number in numbers:
            part.add(float(number))
        parts.append(part)
    whole, together = Values.merged(parts), one + two
    assert whole.statistic("SampleCount") == len(together)
    assert whole.statistic("Sum") == sum(together)
    assert whole.statistic("Average") == pytest.approx(sum(together) / len(together))
    assert (whole.statistic("Minimum"), whole.statistic("Maximum")) == (min(together), max(together))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("p50", 50),
        ("p99", 99),
        ("p100", 100),
        ("tm90", 45.5),
        ("TM(10%:90%)", 50.5),
        ("ts90", 4095),
        ("tc90", 90),
        ("IQM", 50.5),
        ("PR(0:20)", 20),
        ("wm90", 49.95),
    ],
)
def test_percentiles_and_trimmed_statistics(name: str, value: float) -> None:
    values = Values()
    for number in range(1, 101):
        values.add(float(number))
    assert values.statistic(name) == pytest.approx(value)


def test_statistic_sets_have_percentiles_only_if_all_values_are_one(cloud: Cloud) -> None:
    watched, other = Watched(cloud), Watched(cloud, "other")
    same = {"SampleCount": 3, "Sum": 15, "Minimum": 5, "Maximum": 5}
    for each, given_set in ((watched, same), (other, {**same, "Maximum": 6, "Sum": 16})):
        datum = {"MetricName": each.name, "StatisticValues": given_set}
        each.client.put_metric_data(Namespace="N", MetricData=[datum])
    assert watched.statistics(ExtendedStatistics=["p90"]) == [
        (0, {"Unit": "None", "ExtendedStatistics": {"p90": 5}})
    ]
    assert other.statistics(ExtendedStatistics=["p90"]) == []
    assert other.statistics(Statistics=["Average"]) == [(0, {"Unit": "None", "Average": 16 / 3})]


def test_values_count_as_often_as_they_came(cloud: Cloud) -> None:
    watched = Watched(cloud)
    datum = {"MetricName": "m", "Values": [1, 10], "Counts": [9, 1]}
    watched.client.put_metric_data(Namespace="N", MetricData=[datum])
    assert watched.statistics(Statistics=["Average"]) == [(0, {"Unit": "None", "Average": 1.9})]
    assert watched.statistics(ExtendedStatistics=["p90"])[0][1]["ExtendedStatistics"] == {"p90": 1}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"Dimensions": [{"Name": str(n), "Value": "x"} for n in range(31)]}, "ValidationError"),
        ({"StorageResolution": 5}, "InvalidParameterValue"),
        ({"Value": float("nan")}, "InvalidParameterValue"),
        ({"Value": 2.0**361}, "InvalidParameterValue"),
        ({"Values": [1]}, "InvalidParameterCombination"),
        ({"Timestamp": START - timedelta(days=14, seconds=1)}, "InvalidParameterValue"),
        ({"Timestamp": START + timedelta(hours=2, seconds=1)}, "InvalidParameterValue"),
    ],
)
def test_data_are_checked(cloud: Cloud, wrong: dict[str, Any], code: str) -> None:
    assert (
        refused(
            Watched(cloud).put, **{"value": 1, **wrong} if "Value" not in wrong else {"value": 0, **wrong}
        )
        == code
    )


def test_limits_of_a_call(cloud: Cloud) -> None:
    watched = Watched(cloud)
    put, datum = watched.client.put_metric_data, {"MetricName": "m", "Value": 1}
    put(Namespace="N", MetricData=1000 * [datum])
    assert refused(put, Namespace="N", MetricData=1001 * [datum]) == "ValidationError"
    many = {"MetricName": "m", "Values": list(range(151))}
    assert refused(put, Namespace="N", MetricData=[many]) == "InvalidParameterValue"
    watched.put(1, Timestamp=START - timedelta(days=14))
    watched.put(1, Timestamp=START + timedelta(hours=2))


def test_resolution_of_a_second_or_a_minute(cloud: Cloud) -> None:
    watched, fine = Watched(cloud), Watched(cloud, "fine")
    cloud.advance(23)
    watched.put(1)
    fine.put(1, StorageResolution=1)
    assert [at for at, _ in watched.statistics(10, Statistics=["Sum"])] == [0]
    assert [at for at, _ in fine.statistics(10, Statistics=["Sum"])] == [20]
    assert [at for at, _ in fine.statistics(1, 0.1, Statistics=["Sum"])] == [23]
    assert [at for at, _ in fine.statistics(60, Statistics=["Sum"])] == [0]


@pytest.mark.parametrize(
    ("age_s", "period_s"),
    [
        (3 * 3600, 1),
        (3 * 3600 + 1, 60),
        (15 * 86_400, 60),
        (15 * 86_400 + 1, 300),
        (63 * 86_400, 300),
        (63 * 86_400 + 1, 3600),
        (455 * 86_400, 3600),
        (455 * 86_400 + 1, None),
    ],
)
def test_retention_by_age(age_s: int, period_s: int | None) -> None:
    assert finest_period_s(age_s) == period_s


def test_old_data_are_read_by_longer_periods_only(cloud: Cloud) -> None:
    watched = Watched(cloud)
    for value in (1, 5):
        watched.put(value)
        cloud.advance(60)
    cloud.advance(20 * 86_400)
    assert watched.statistics(60, Statistics=["Maximum"]) == []
    assert watched.statistics(300, Statistics=["Maximum"]) == [(0, {"Unit": "None", "Maximum": 5})]
    cloud.advance(440 * 86_400)
    assert watched.statistics(3600, Statistics=["Maximum"]) == []


def test_requests_for_statistics_are_checked(cloud: Cloud) -> None:
    watched = Watched(cloud)
    watched.put(1)
    ask = watched.statistics
    assert refused(ask, 45, Statistics=["Sum"]) == "InvalidParameterValue"
    assert refused(ask, 90, Statistics=["Sum"]) == "InvalidParameterValue"
    assert refused(ask, 60, 0, Statistics=["Sum"]) == "InvalidParameterValue"
    assert refused(ask, 60, 24.1, Statistics=["Sum"]) == "InvalidParameterCombination"
    assert refused(ask, 60, Statistics=["Sum"], ExtendedStatistics=["p9"]) == "InvalidParameterCombination"
    assert ask(60, 24, Statistics=["Sum"]) != []


def test_start_is_rounded_down(cloud: Cloud) -> None:
    watched = Watched(cloud)
    watched.put(1)
    cloud.advance(90)
    found = watched.client.get_metric_statistics(
        Namespace="N", MetricName="m", StartTime=START + timedelta(seconds=34), EndTime=cloud.datetime, Period=60,
        Statistics=["Sum"],
    )["Datapoints"]  # fmt: skip
    assert [point["Timestamp"] for point in found] == [START]


def test_metrics_are_listed_for_two_weeks_and_dimensions_make_metrics(cloud: Cloud) -> None:
    watched = Watched(cloud)
    for host in "ab":
        watched.put(1, Dimensions=[{"Name": "host", "Value": host}])
    shown = watched.client.list_metrics(Namespace="N")["Metrics"]
    assert [each["Dimensions"][0]["Value"] for each in shown] == ["a", "b"]
    assert watched.statistics(Statistics=["Sum"]) == []
    cloud.advance(14 * 86_400 + 60)
    assert watched.client.list_metrics(Namespace="N")["Metrics"] == []


def test_metric_data_and_arithmetic(cloud: Cloud) -> None:
    watched, other = Watched(cloud), Watched(cloud, "other")
    for value in (2, 4):
        watched.put(value)
        other.put(10)
        cloud.advance(60)
    queries: list[dict[str, Any]] = [
        {
            "Id": each.name,
            "MetricStat": {
                "Metric": {"Namespace": "N", "MetricName": each.name},
                "Period": 60,
                "Stat": "Sum",
            },
        }
        for each in (watched, other)
    ]
    answer = watched.client.get_metric_data(
        MetricDataQueries=[*queries, {"Id": "e", "Expression": "100*m/other"}], StartTime=START, EndTime=cloud.datetime,
        ScanBy="TimestampAscending",
    )  # fmt: skip
    assert {each["Id"]: each["Values"] for each in answer["MetricDataResults"]} == {
        "m": [2, 4],
        "other": [10, 10],
        "e": [20, 40],
    }
    wrong = {"Id": "e", "Expression": "SEARCH(m)"}
    assert (
        refused(
            watched.client.get_metric_data,
            MetricDataQueries=[*queries, wrong],
            StartTime=START,
            EndTime=cloud.datetime,
        )
        == "ValidationError"
    )


def test_metrics_stay_in_their_region(cloud: Cloud) -> None:
    Watched(cloud).put(1)
    assert cloud.client("cloudwatch", region_name="eu-west-1").list_metrics()["Metrics"] == []


def test_dashboards_are_kept(cloud: Cloud) -> None:
    client = cloud.client("cloudwatch")
    client.put_dashboard(DashboardName="d", DashboardBody='{"widgets": []}')
    assert client.get_dashboard(DashboardName="d")["DashboardBody"] == '{"widgets": []}'
