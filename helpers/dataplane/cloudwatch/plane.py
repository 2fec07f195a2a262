"""The CloudWatch data plane: which call goes where."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from helpers.cloud import Account, Call, DataPlane
from helpers.dataplane.cloudwatch import putting
from helpers.dataplane.cloudwatch.actions import Actions
from helpers.dataplane.cloudwatch.alarms import Alarms
from helpers.dataplane.cloudwatch.control import Control
from helpers.dataplane.cloudwatch.gauges import Gauges
from helpers.dataplane.cloudwatch.models import Models
from helpers.dataplane.cloudwatch.reading import Reading
from helpers.dataplane.cloudwatch.series import Metric, Store

if TYPE_CHECKING:
    from helpers.dataplane import Cloud


class Region:
    """CloudWatch in one Region, where its metrics and alarms stay (GUIDE/cloudwatch_concepts.html)."""

    def __init__(self, cloud: Cloud, name: str, models: Models, actions: Actions) -> None:
        self.store = Store()
        self.gauges = Gauges(cloud, self.store, name)
        self.reading = Reading(cloud, self.store, models)
        self.alarms = Alarms(cloud, name, self.store, models, actions, self._need)

    def _need(self, settings: dict[str, Any]) -> None:
        """An alarm watches these metrics."""
        named = [each["MetricStat"]["Metric"] for each in settings.get("Metrics", ()) if "MetricStat" in each]
        for each in (settings, *named):
            self.gauges.need(each.get("Namespace"), each.get("Dimensions"))


class CloudWatch(DataPlane):
    """CloudWatch as AWS documents it: this plane holds metrics and alarms, moto dashboards, tags and insight rules.

    `models` holds the labelled assumptions. Rules and differences: `helpers.dataplane.rules`.
    """

    service: ClassVar[str] = "cloudwatch"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self.models = Models()
        self._cloud = cast("Cloud", account)
        self._actions = Actions(account)
        self._regions: dict[tuple[str, str], Region] = {}
        control = Control(self._alarms_of)
        answers: dict[str, Callable[[Call], dict[str, Any] | None]] = {
            "PutMetricData": self._put,
            "GetMetricStatistics": self._get_metric_statistics,
            "GetMetricData": self._get_metric_data,
            "ListMetrics": lambda call: self._of(call).reading.list_metrics(call),
            "PutMetricAlarm": control.put_metric_alarm,
            "PutCompositeAlarm": control.put_composite_alarm,
            "DescribeAlarms": control.describe,
            "DescribeAlarmsForMetric": control.describe_for_metric,
            "DescribeAlarmHistory": control.describe_history,
            "DeleteAlarms": control.delete,
            "SetAlarmState": control.set_state,
            "EnableAlarmActions": partial(control.set_actions, True),
            "DisableAlarmActions": partial(control.set_actions, False),
        }
        for operation, answer in answers.items():
            account.answer("cloudwatch", operation, answer)
        self._cloud.telemetry.publish_to(self._published)

    def region(self, name: str | None = None, account_id: str | None = None) -> Region:
        """CloudWatch in the Region `name` (by default, that of the account)."""
        key = account_id or self.account.account_id, name or self.account.region
        region = self._regions.get(key)
        if region is None:
            region = self._regions[key] = Region(self._cloud, key[1], self.models, self._actions)
        return region

    def publish(self, namespace: str, datum: dict[str, Any], region: str, account_id: str) -> None:
        """What another part of CloudWatch makes of log events: a datum as PutMetricData takes it."""
        putting.keep(
            self.region(region, account_id).store, namespace, datum, self.account.epoch_us / 1_000_000
        )

    def _of(self, call: Call) -> Region:
        self.account.use("logs")  # log lines may hold metrics
        return self.region(call.region, call.account_id)

    def _alarms_of(self, call: Call) -> Alarms:
        return self._of(call).alarms

    def _put(self, call: Call) -> dict[str, Any]:
        putting.put(self.account, self._of(call).store, call)
        return {}

    def _get_metric_statistics(self, call: Call) -> dict[str, Any]:
        region, asked = self._of(call), call.parameters
        region.gauges.need(asked["Namespace"], asked.get("Dimensions"))
        answer = region.reading.get_metric_statistics(call)
        known = (
            Metric.of(asked["Namespace"], asked["MetricName"], asked.get("Dimensions")) in region.store.series
        )
        # What is not here may be one of the metrics that moto publishes by itself.
        return answer if known or asked.get("ExtendedStatistics") else call.forward()

    def _get_metric_data(self, call: Call) -> dict[str, Any]:
        region = self._of(call)
        for query in call.parameters["MetricDataQueries"]:
            named = query.get("MetricStat", {}).get("Metric", {})
            region.gauges.need(named.get("Namespace"), named.get("Dimensions"))
        return region.reading.get_metric_data(call)

    def _published(
        self,
        namespace: str,
        name: str,
        unit: str,
        dimensions: tuple[tuple[str, str], ...],
        at_s: int,
        value: float,
        count: int,
    ) -> None:
        """What a service publishes by itself."""
        store = self.region().store
        metric = Metric(namespace, name, tuple(sorted(dimensions)))
        store.of(metric).at(at_s, unit).add(value, count)
        store.changed(metric)
