"""When a metric alarm is looked at, and what it sees then.

An alarm is evaluated every minute, with a period of 10, 20 or 30 s every 10 s, and once an hour if its periods make
more than a day (GUIDE/alarm-evaluation.html). It sleeps while its metric is silent and its state cannot change.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from helpers.cloud import Timer
from helpers.dataplane.cloudwatch import math
from helpers.dataplane.cloudwatch.checks import SHORT_PERIODS, period_of
from helpers.dataplane.cloudwatch.evaluation import COMPARISONS, decide, too_few_samples
from helpers.dataplane.cloudwatch.reasons import explained, reason_data
from helpers.dataplane.cloudwatch.series import DAY_S, HOUR_S, Metric
from helpers.dataplane.cloudwatch.values import percentile

if TYPE_CHECKING:
    from helpers.dataplane.cloudwatch.alarm import Alarm, Condition
    from helpers.dataplane.cloudwatch.alarms import Alarms

_SECOND_US = 1_000_000


class Watch:
    """Evaluates one metric alarm."""

    def __init__(self, alarms: Alarms, alarm: Alarm) -> None:
        self._alarms, self._alarm = alarms, alarm
        settings = alarm.settings
        self._period_s = period_of(settings)
        self._periods = settings["EvaluationPeriods"]
        self._long = self._period_s * self._periods > DAY_S
        self._step_s = HOUR_S if self._long else 10 if self._period_s in SHORT_PERIODS else 60
        self._phase_s = 0  # of hourly evaluations, which keep the minute at which the alarm was made
        self._metrics = [Metric.of(*one) for one in _metrics(settings)]
        self._timer: Timer | None = None
        self._evaluated_us = -1

    def start(self) -> None:
        """Begin to evaluate, at the next full minute, or ten seconds."""
        if self._long:
            now_s = self._alarms.account.epoch_us // _SECOND_US
            self._phase_s = -(-now_s // 60) * 60 % HOUR_S
        for metric in self._metrics:
            self._alarms.store.watch(metric, self.wake)
        self._evaluated_us = self._alarms.account.epoch_us
        self.wake()

    def stop(self) -> None:
        """Evaluate no more."""
        for metric in self._metrics:
            self._alarms.store.unwatch(metric, self.wake)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def wake(self) -> None:
        """There may be something to see: evaluate at the next instant that is due."""
        if self._timer is not None:
            return
        step_us, now_us = self._step_s * _SECOND_US, self._alarms.account.epoch_us
        phase_us = self._phase_s * _SECOND_US
        due_us = phase_us - (phase_us - now_us) // step_us * step_us
        if due_us <= self._evaluated_us:
            due_us += step_us
        self._timer = self._alarms.account.at(
            (due_us - now_us) / _SECOND_US, self._evaluate, name="cloudwatch", last=True
        )

    def changed(self, before: Condition) -> None:
        """The alarm is in another state than `before`: act."""
        self._alarms.act(self._alarm, before, [])

    def _evaluate(self) -> None:
        self._timer = None
        account, alarm = self._alarms.account, self._alarm
        self._evaluated_us = account.epoch_us
        end_s = account.epoch_us // _SECOND_US
        if self._long:
            end_s -= end_s % HOUR_S
        points = list(self._points(end_s))
        settings, now = alarm.settings, alarm.condition.value
        seen = [breaching if value is not None else None for _, value, breaching in points]
        state = decide(seen, settings["DatapointsToAlarm"], self._periods, settings["TreatMissingData"], now)
        if state is not now and not (
            settings.get("EvaluateLowSampleCountPercentile") == "ignore" and self._few(end_s)
        ):
            reason = explained(settings, state, points)
            data = reason_data(settings, self._period_s, account.datetime, points)
            self._alarms.set_state(alarm, state, reason, data)
        if any(value is not None for _, value, _ in points) or self._more(points[0][0]):
            self.wake()

    def _points(self, end_s: int) -> Iterator[tuple[int, float | None, bool]]:
        """The data points of the evaluation range, oldest first: when each begins, its value, whether it breaches."""
        models, settings = self._alarms.models, self._alarm.settings
        compare = COMPARISONS[settings["ComparisonOperator"]]
        for back in range(self._periods + models.extra_datapoints, 0, -1):
            begin_s = end_s - back * self._period_s
            until_s = min(begin_s + self._period_s, end_s - models.metric_delay_s)
            value = self._value(begin_s, until_s)
            yield begin_s, value, value is not None and compare(value, settings["Threshold"])

    def _value(self, begin_s: float, until_s: float) -> float | None:
        settings = self._alarm.settings
        if "MetricName" in settings:
            name = settings.get("Statistic") or settings["ExtendedStatistic"]
            return self._statistic(self._metrics[0], name, settings.get("Unit"), begin_s, until_s)
        values: dict[str, float | None] = {}
        returned: float | None = None
        metrics: dict[str, Metric] = {}
        for query in sorted(settings["Metrics"], key=lambda each: "Expression" in each):
            if "MetricStat" in query:
                stat, metric = query["MetricStat"], Metric.of(*_parts(query["MetricStat"]["Metric"]))
                metrics[query["Id"]] = metric
                value = self._statistic(metric, stat["Stat"], stat.get("Unit"), begin_s, until_s)
            else:
                value = math.compute(query["Expression"], values, lambda name: self._quota(metrics[name]))
            values[query["Id"]] = value
            if query.get("ReturnData", True):
                returned = value
        return returned

    def _statistic(
        self, metric: Metric, name: str, unit: str | None, begin_s: float, until_s: float
    ) -> float | None:
        series = self._alarms.store.series.get(metric)
        found = series.between(begin_s, until_s, unit) if series else None
        return None if found is None else found.statistic(name)

    def _quota(self, metric: Metric) -> float | None:
        return self._alarms.models.service_quotas.get(dict(metric.dimensions).get("Resource", ""))

    def _few(self, end_s: int) -> bool:
        """Too few samples in the evaluation period for the alarm's percentile."""
        share = percentile(self._alarm.settings.get("ExtendedStatistic", ""))
        series = self._alarms.store.series.get(self._metrics[0])
        if share is None or not series:
            return False
        found = series.between(end_s - self._periods * self._period_s, end_s)
        return too_few_samples(share, 0 if found is None else found.number)

    def _more(self, since_s: int) -> bool:
        """True if data are to come into the range, or would be seen but for their delay."""
        series = [self._alarms.store.series.get(metric) for metric in self._metrics]
        return any(each and each.last_s >= since_s for each in series)


def _metrics(settings: dict[str, Any]) -> list[tuple[str, str, Any]]:
    if "MetricName" in settings:
        return [_parts(settings)]
    return [_parts(each["MetricStat"]["Metric"]) for each in settings["Metrics"] if "MetricStat" in each]


def _parts(named: dict[str, Any]) -> tuple[str, str, Any]:
    return named["Namespace"], named["MetricName"], named.get("Dimensions")
