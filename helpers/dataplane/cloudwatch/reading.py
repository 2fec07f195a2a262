"""GetMetricStatistics, GetMetricData and ListMetrics: periods, their alignment, and what is kept how long.

Pages: API/API_GetMetricStatistics.html, API/API_GetMetricData.html, API/API_ListMetrics.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from helpers.cloud import Account, Call
from helpers.dataplane.cloudwatch import errors, math
from helpers.dataplane.cloudwatch.models import Models
from helpers.dataplane.cloudwatch.series import DAY_S, READABLE, Metric, Store, finest_period_s
from helpers.dataplane.cloudwatch.values import is_statistic
from helpers.dataplane.stamp import instant, seconds

MOST_DATAPOINTS = 1_440
LISTED_S = 14 * DAY_S
"""How long ListMetrics shows a metric after its last data point, in seconds."""

_SHORT = (1, 5, 10, 20, 30)


class Reading:
    """Answers what is asked about the metrics of one Region."""

    def __init__(self, account: Account, store: Store, models: Models) -> None:
        self._account, self._store, self._models = account, store, models

    def get_metric_statistics(self, call: Call) -> dict[str, Any]:
        """The statistics of a metric, a data point a period that holds data (API/API_GetMetricStatistics.html)."""
        asked = call.parameters
        names, extended = asked.get("Statistics"), asked.get("ExtendedStatistics")
        if bool(names) == bool(extended):
            raise errors.invalid_combination(
                "Exactly one of the parameters Statistics and ExtendedStatistics must be specified."
            )
        for name in extended or ():
            if not is_statistic(name):
                raise errors.invalid_value(
                    f"The value {name} for parameter ExtendedStatistics is not supported."
                )
        start_s, end_s, period_s = self._window(asked["StartTime"], asked["EndTime"], asked["Period"])
        wanted = -(-(end_s - start_s) // period_s)
        if wanted > MOST_DATAPOINTS:
            raise errors.invalid_combination(
                f"You have requested up to {wanted:,} datapoints, which exceeds the limit of {MOST_DATAPOINTS:,}. "
                "You may reduce the datapoints requested by increasing Period, or decreasing the time range."
            )
        metric = Metric.of(asked["Namespace"], asked["MetricName"], asked.get("Dimensions"))
        points: list[dict[str, Any]] = []
        series = self._store.series.get(metric)
        if series and self._readable(start_s, period_s):
            units = [asked["Unit"]] if "Unit" in asked else series.units(start_s, end_s)
            for unit in units:
                for begin, values in series.periods(start_s, end_s, period_s, unit):
                    point: dict[str, Any] = {"Timestamp": instant(begin), "Unit": unit}
                    for name in names or ():
                        point[name] = values.statistic(name)
                    if extended:
                        shown = {name: values.statistic(name) for name in extended}
                        point["ExtendedStatistics"] = {
                            name: value for name, value in shown.items() if value is not None
                        }
                        if not point["ExtendedStatistics"]:
                            continue
                    points.append(point)
        return {"Label": asked["MetricName"], "Datapoints": points}

    def get_metric_data(self, call: Call) -> dict[str, Any]:
        """The values of metrics, and of expressions over them (API/API_GetMetricData.html)."""
        asked = call.parameters
        found: dict[str, dict[int, float]] = {}
        metrics: dict[str, Metric] = {}
        results: dict[str, dict[str, Any]] = {}
        for query in sorted(asked["MetricDataQueries"], key=lambda each: "Expression" in each):
            if "MetricStat" in query:
                stat = query["MetricStat"]
                named = stat["Metric"]
                metric = Metric.of(named["Namespace"], named["MetricName"], named.get("Dimensions"))
                metrics[query["Id"]] = metric
                found[query["Id"]] = self._values(asked, stat, metric)
                label = named["MetricName"]
            else:
                found[query["Id"]] = self._computed(query["Expression"], found, metrics)
                label = query["Id"]
            values = sorted(found[query["Id"]].items(), reverse=asked.get("ScanBy") != "TimestampAscending")
            if query.get("ReturnData", True):
                results[query["Id"]] = {
                    "Id": query["Id"],
                    "Label": query.get("Label", label),
                    "Timestamps": [instant(at) for at, _ in values],
                    "Values": [value for _, value in values],
                    "StatusCode": "Complete",
                }
        order = [query["Id"] for query in asked["MetricDataQueries"] if query["Id"] in results]
        return {"MetricDataResults": [results[each] for each in order], "Messages": []}

    def list_metrics(self, call: Call) -> dict[str, Any]:
        """The metrics with data of the past two weeks, filtered by namespace, name and dimensions
        (API/API_ListMetrics.html).
        """
        asked = call.parameters
        since_s = self._account.epoch_us / 1_000_000 - LISTED_S
        wanted = [(each["Name"], each.get("Value")) for each in asked.get("Dimensions", ())]
        shown = [
            {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": metric.as_list}
            for metric, series in self._store.series.items()
            if series
            and series.last_s >= since_s
            and asked.get("Namespace") in (None, metric.namespace)
            and asked.get("MetricName") in (None, metric.name)
            and all(
                any(name == key and value in (None, held) for key, held in metric.dimensions)
                for name, value in wanted
            )
        ]
        kept = call.forward()
        return {**kept, "Metrics": [*shown, *kept.get("Metrics", [])]}

    def _window(self, start: Any, end: Any, period_s: int) -> tuple[int, int, int]:
        """Start, end and period in seconds; the start is rounded down as documented, by its age or the period."""
        start_s, end_s = seconds(start), seconds(end)
        if start_s >= end_s:
            raise errors.invalid_value("The parameter StartTime must be less than the parameter EndTime.")
        if period_s not in _SHORT and (period_s < 60 or period_s % 60):
            raise errors.invalid_value("The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60.")
        age_s = self._account.epoch_us / 1_000_000 - start_s
        if period_s in _SHORT:
            step_s = period_s
        else:
            step_s = next((step for oldest, step in READABLE[1:] if age_s <= oldest), READABLE[-1][1])
        return int(start_s // step_s * step_s), int(-(-end_s // 1)), period_s

    def _readable(self, start_s: int, period_s: int) -> bool:
        """Data that old can be read by this period."""
        finest_s = finest_period_s(self._account.epoch_us / 1_000_000 - start_s)
        return finest_s is not None and period_s % finest_s == 0

    def _values(self, asked: dict[str, Any], stat: dict[str, Any], metric: Metric) -> dict[int, float]:
        if not is_statistic(stat["Stat"]):
            raise errors.validation(f"The value {stat['Stat']} for parameter Stat is not supported.")
        start_s, end_s, period_s = self._window(asked["StartTime"], asked["EndTime"], stat["Period"])
        series = self._store.series.get(metric)
        if not series or not self._readable(start_s, period_s):
            return {}
        computed = (
            (begin, values.statistic(stat["Stat"]))
            for begin, values in series.periods(start_s, end_s, period_s, stat.get("Unit"))
        )
        return {begin: value for begin, value in computed if value is not None}

    def _computed(
        self, text: str, found: dict[str, dict[int, float]], metrics: dict[str, Metric]
    ) -> dict[int, float]:
        def quota(name: str) -> float | None:
            return self._models.service_quotas.get(dict(metrics[name].dimensions).get("Resource", ""))

        times: Iterable[int] = sorted({at for values in found.values() for at in values})
        computed = (
            (at, math.compute(text, {name: values.get(at) for name, values in found.items()}, quota))
            for at in times
        )
        return {at: value for at, value in computed if value is not None}
