"""moto's CloudWatch statistics: those of exactly the dimensions that were asked for.

AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
"""

from __future__ import annotations

from typing import Any

from helpers.cloud.touch import replace


def install() -> None:
    """Called when moto loads CloudWatch."""
    from moto.cloudwatch.models import MetricDatumBase

    fits = MetricDatumBase.filter

    def fits_exactly(
        self: MetricDatumBase,
        namespace: str | None,
        name: str | None,
        dimensions: list[dict[str, str]],
        already_present_metrics: list[Any] | None = None,
    ) -> bool:
        for_statistics = namespace is None and name is None  # ListMetrics, which finds more, names either
        if for_statistics and len(dimensions) != len(self.dimensions):
            return False
        return fits(self, namespace, name, dimensions, already_present_metrics)

    replace(
        MetricDatumBase, "filter", fits_exactly, because="a metric with more dimensions is another metric"
    )
