"""moto's CloudWatch statistics: those of exactly the dimensions that were asked for.

AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
"""

from __future__ import annotations

from typing import Any

from helpers.cloud.touch import replace


class _Given(list[Any]):
    """The dimensions that were asked for: none is an answer, too, and moto must not pass over it."""

    def __bool__(self) -> bool:
        return True


def install() -> None:
    """Called when moto loads CloudWatch."""
    from moto.cloudwatch.models import CloudWatchBackend, MetricDatumBase

    fits = MetricDatumBase.filter
    statistics = CloudWatchBackend.get_metric_statistics

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

    def statistics_of(self: CloudWatchBackend, *arguments: Any, **options: Any) -> Any:
        options["dimensions"] = _Given(options["dimensions"])
        return statistics(self, *arguments, **options)

    because = "a metric with more dimensions is another metric"
    replace(MetricDatumBase, "filter", fits_exactly, because=because)
    replace(CloudWatchBackend, "get_metric_statistics", statistics_of, because=because)
