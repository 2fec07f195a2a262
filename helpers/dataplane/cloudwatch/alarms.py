"""The alarms of one Region: their states, what follows from a change, and their history."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from helpers.cloud import Account
from helpers.dataplane.cloudwatch import notices
from helpers.dataplane.cloudwatch.actions import Actions
from helpers.dataplane.cloudwatch.alarm import INITIAL_REASON, Alarm, Condition
from helpers.dataplane.cloudwatch.composite import Composite
from helpers.dataplane.cloudwatch.evaluation import State
from helpers.dataplane.cloudwatch.watch import Watch

if TYPE_CHECKING:
    from helpers.dataplane.cloudwatch.models import Models
    from helpers.dataplane.cloudwatch.series import Store


class Alarms:
    """Makes, changes and drops alarms, and does what a change of state asks for.

    `account` is the Cloud; `store` the Region's metrics; `need` is called with the settings of an alarm that is made.
    """

    def __init__(
        self,
        account: Account,
        region: str,
        store: Store,
        models: Models,
        actions: Actions,
        need: Callable[[dict[str, Any]], None],
    ) -> None:
        self.account, self.store, self.models = account, store, models
        self._region, self._actions, self._need = region, actions, need
        self.alarms: dict[str, Alarm] = {}
        self.history: list[dict[str, Any]] = []
        self._watches: dict[str, Watch | Composite] = {}

    def find(self, name_or_arn: str) -> Alarm | None:
        """The alarm of this name or ARN."""
        name = name_or_arn.split(":alarm:", 1)[1] if name_or_arn.startswith("arn:") else name_or_arn
        return self.alarms.get(name)

    def put(self, settings: dict[str, Any], account_id: str) -> None:
        """Create the alarm, in INSUFFICIENT_DATA, or overwrite its settings and keep its state
        (API/API_PutMetricAlarm.html).
        """
        name, now = settings["AlarmName"], self.account.datetime
        alarm = self.alarms.get(name)
        kind = "Composite" if "AlarmRule" in settings else "Metric"
        if alarm is None:
            arn = f"arn:aws:cloudwatch:{self._region}:{account_id}:alarm:{name}"
            first = Condition(State.INSUFFICIENT_DATA, INITIAL_REASON, "", now)
            alarm = self.alarms[name] = Alarm(arn, settings, now, first)
            summary = f'Alarm "{name}" created'
        else:
            alarm.settings, alarm.configured_at = settings, now
            self._watches.pop(name).stop()
            alarm.suppressed_by = ""
            summary = f'Alarm "{name}" updated'
        self._note(alarm, "ConfigurationUpdate", summary, {"version": "1.0", "type": kind})
        self._need(settings)
        watch = Composite(self, alarm) if alarm.composite else Watch(self, alarm)
        self._watches[name] = watch
        watch.start()

    def delete(self, name: str) -> None:
        """Drop the alarm; its history stays (API/API_DescribeAlarmHistory.html)."""
        alarm = self.alarms.pop(name)
        self._watches.pop(name).stop()
        self._note(alarm, "ConfigurationUpdate", f'Alarm "{name}" deleted', {"version": "1.0"})

    def set_state(self, alarm: Alarm, state: State, reason: str, data: str = "") -> None:
        """Put the alarm into `state`; if that is another one, act and tell (API/API_SetAlarmState.html)."""
        now, before = self.account.datetime, alarm.condition
        alarm.updated_at = now
        if state is before.value:
            alarm.condition = Condition(state, reason, data, before.at)
            return
        alarm.condition = Condition(state, reason, data, now)
        told = {"version": "1.0"} | {
            which: {"stateValue": str(condition.value), "stateReason": condition.reason}
            for which, condition in (("oldState", before), ("newState", alarm.condition))
        }
        self._note(alarm, "StateUpdate", f"Alarm updated from {before.value} to {state}", told)
        watch = self._watches[alarm.name]
        suppressed_before = alarm.suppressed_by
        watch.changed(before)
        self._tell(alarm, before, suppressed_before)
        for other in list(self._watches.values()):
            if isinstance(other, Composite):
                other.child_changed(alarm, before)

    def act(
        self, alarm: Alarm, before: Condition, triggering: list[str], suppressed_before: str = ""
    ) -> None:
        """Take the actions of the alarm's present state, at this instant, as "cloudwatch"."""
        for target in alarm.actions:
            self.account.at(
                0,
                partial(self._take, target, alarm, before, triggering, suppressed_before),
                name="cloudwatch",
            )

    def woken(self, alarm: Alarm) -> None:
        """The alarm's state was set by hand: it is evaluated again soon."""
        self._watches[alarm.name].wake()

    def _take(
        self, target: str, alarm: Alarm, before: Condition, triggering: list[str], suppressed_before: str
    ) -> None:
        failed = self._actions.take(target, alarm, before, triggering, suppressed_before)
        said = (
            f"Successfully executed action {target}"
            if failed is None
            else f"Failed to execute action {target}"
        )
        data = {"actionState": "Succeeded" if failed is None else "Failed", "notificationResource": target}
        if failed is not None:
            data["error"] = failed
        self._note(alarm, "Action", said, data)

    def _tell(self, alarm: Alarm, before: Condition, suppressed_before: str) -> None:
        receiver = self.account.hooks.deliveries.get("events")
        if receiver is not None:
            bus = f"arn:aws:events:{self._region}:{alarm.arn.split(':')[4]}:event-bus/default"
            receiver(bus, notices.for_bus(alarm, before, suppressed_before))

    def _note(self, alarm: Alarm, kind: str, summary: str, data: dict[str, Any]) -> None:
        now = self.account.datetime
        self.history.append(
            {
                "AlarmName": alarm.name,
                "AlarmType": "CompositeAlarm" if alarm.composite else "MetricAlarm",
                "Timestamp": now,
                "HistoryItemType": kind,
                "HistorySummary": summary,
                "HistoryData": json.dumps(data),
            }
        )
