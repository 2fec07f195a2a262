"""Statistics of a metric are those of exactly its dimensions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from helpers.cloud import Account


def test_a_metric_with_more_dimensions_is_another_one():
    with Account(seed=1) as account:
        cloudwatch = account.client("cloudwatch")
        table, index = {"Name": "TableName", "Value": "t"}, {"Name": "IndexName", "Value": "i"}
        for value, dimensions in ((1.0, [table]), (10.0, [table, index]), (100.0, [])):
            data = [{"MetricName": "units", "Dimensions": dimensions, "Value": value}]
            cloudwatch.put_metric_data(Namespace="here", MetricData=data)

        def total(*dimensions: Any) -> float:
            points = cloudwatch.get_metric_statistics(
                Namespace="here",
                MetricName="units",
                Dimensions=list(dimensions),
                StartTime=account.datetime - timedelta(minutes=5),
                EndTime=account.datetime + timedelta(minutes=5),
                Period=600,
                Statistics=["Sum"],
            )["Datapoints"]
            return sum(point["Sum"] for point in points)

        assert (total(table), total(table, index), total(index), total()) == (1, 10, 0, 100)
        found = cloudwatch.list_metrics(Namespace="here", Dimensions=[table])["Metrics"]
        assert len(found) == 2
