"""Telemetry: what services publish is what CloudWatch tells."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import Cloud

STATISTICS = ["SampleCount", "Sum", "Minimum", "Maximum", "Average"]


@given(values=st.lists(st.integers(0, 3), min_size=1, max_size=12))
@settings(max_examples=30)
def test_the_values_of_a_minute_are_told_as_if_each_had_been_put_by_itself(values: list[int]) -> None:
    with Cloud() as cloud:
        cloudwatch = cloud.client("cloudwatch")
        name = {"Name": "FunctionName", "Value": "greet"}
        for value, times in Counter(values).items():
            cloud.telemetry.metric(
                "AWS/Lambda", "Errors", value, dimensions={"FunctionName": "greet"}, count=times
            )
        for value in values:
            datum = {"MetricName": "Errors", "Dimensions": [name], "Value": value, "Unit": "Count"}
            cloudwatch.put_metric_data(Namespace="One by one", MetricData=[datum])
        told = []
        for namespace in ("AWS/Lambda", "One by one"):
            found = cloudwatch.get_metric_statistics(
                Namespace=namespace,
                MetricName="Errors",
                Dimensions=[name],
                StartTime="2026-01-05T09:00Z",
                EndTime="2026-01-05T09:10Z",
                Period=60,
                Statistics=STATISTICS,
            )
            (point,) = found["Datapoints"]
            told.append({statistic: point[statistic] for statistic in STATISTICS})
        assert told[0] == told[1]
        assert (told[0]["SampleCount"], told[0]["Sum"]) == (len(values), sum(values))
