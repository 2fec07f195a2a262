"""Metrics: their data points, kept at the resolution at which they were published.

A metric is a namespace, a name and its dimensions; another set of dimensions is another metric
(GUIDE/cloudwatch_concepts.html). Times are seconds since 1970.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from helpers.dataplane.cloudwatch.values import Values

HOUR_S, DAY_S = 3_600, 86_400
READABLE = ((3 * HOUR_S, 1), (15 * DAY_S, 60), (63 * DAY_S, 300), (455 * DAY_S, HOUR_S))
"""Age in seconds up to which data can be read by periods of so many seconds, or multiples of it
(API/API_GetMetricStatistics.html).
"""


class Metric(NamedTuple):
    """What identifies a metric. Dimensions are sorted by name."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Any) -> Metric:
        """From AWS's list of Name and Value, or from a mapping."""
        if isinstance(dimensions, Mapping):
            pairs = tuple(sorted(dimensions.items()))
        else:
            pairs = tuple(sorted((each["Name"], each["Value"]) for each in dimensions or ()))
        return cls(namespace, name, pairs)

    @property
    def as_list(self) -> list[dict[str, str]]:
        """The dimensions as AWS lists them."""
        return [{"Name": name, "Value": value} for name, value in self.dimensions]


class Series:
    """The data points of one metric, by second and unit."""

    def __init__(self) -> None:
        self._times: list[int] = []
        self._points: dict[int, dict[str, Values]] = {}

    def at(self, time_s: int, unit: str) -> Values:
        """The values that bear this time stamp, to be added to."""
        units = self._points.get(time_s)
        if units is None:
            units = self._points[time_s] = {}
            if self._times and time_s < self._times[-1]:
                insort(self._times, time_s)
            else:
                self._times.append(time_s)
        values = units.get(unit)
        if values is None:
            values = units[unit] = Values()
        return values

    @property
    def last_s(self) -> int:
        """The youngest time stamp."""
        return self._times[-1]

    def between(self, start_s: float, end_s: float, unit: str | None = None) -> Values | None:
        """What lies in [start_s, end_s), of one unit or of all; None if there is nothing."""
        first, last = bisect_left(self._times, start_s), bisect_left(self._times, end_s)
        parts = [
            values
            for time_s in self._times[first:last]
            for name, values in self._points[time_s].items()
            if unit is None or name == unit
        ]
        if len(parts) == 1:
            return parts[0]
        return Values.merged(parts) if parts else None

    def units(self, start_s: float, end_s: float) -> list[str]:
        """The units that occur in [start_s, end_s)."""
        first, last = bisect_left(self._times, start_s), bisect_left(self._times, end_s)
        return sorted({name for time_s in self._times[first:last] for name in self._points[time_s]})

    def periods(
        self, start_s: int, end_s: int, period_s: int, unit: str | None = None
    ) -> Iterator[tuple[int, Values]]:
        """The periods from `start_s` on that hold data, with their values, oldest first."""
        first, last = bisect_left(self._times, start_s), bisect_left(self._times, end_s)
        begun: set[int] = set()
        for time_s in self._times[first:last]:
            begins = start_s + (time_s - start_s) // period_s * period_s
            if begins not in begun:
                begun.add(begins)
                values = self.between(begins, min(begins + period_s, end_s), unit)
                if values is not None:
                    yield begins, values

    def forget_before(self, time_s: float) -> None:
        """Drop what is older."""
        first = bisect_left(self._times, time_s)
        for old in self._times[:first]:
            del self._points[old]
        del self._times[:first]

    def __bool__(self) -> bool:
        return bool(self._times)


class Store:
    """The metrics of one account and Region."""

    def __init__(self) -> None:
        self.series: dict[Metric, Series] = {}
        self._watchers: dict[Metric, list[Callable[[], None]]] = {}

    def of(self, metric: Metric) -> Series:
        """The series of `metric`, which comes into being."""
        series = self.series.get(metric)
        if series is None:
            series = self.series[metric] = Series()
        return series

    def watch(self, metric: Metric, watcher: Callable[[], None]) -> None:
        """Call `watcher` whenever `metric` gets another data point."""
        self._watchers.setdefault(metric, []).append(watcher)

    def unwatch(self, metric: Metric, watcher: Callable[[], None]) -> None:
        """Do not call it any more."""
        watchers = self._watchers.get(metric, [])
        if watcher in watchers:
            watchers.remove(watcher)

    def changed(self, metric: Metric) -> None:
        """Tell who watches."""
        for watcher in tuple(self._watchers.get(metric, ())):
            watcher()


def finest_period_s(age_s: float) -> int | None:
    """The shortest period by which data of this age can be read; None if they are gone."""
    for oldest_s, period_s in READABLE:
        if age_s <= oldest_s:
            return period_s
    return None
