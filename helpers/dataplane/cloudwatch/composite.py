"""A composite alarm: its rule, looked at whenever one of its alarms changes, and what may hold its actions back.

Pages: API/API_PutCompositeAlarm.html, GUIDE/alarm-suppression.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from helpers.cloud import Timer
from helpers.dataplane.cloudwatch.evaluation import State
from helpers.dataplane.cloudwatch.reasons import stamp
from helpers.dataplane.cloudwatch.rule import Rule

if TYPE_CHECKING:
    from helpers.dataplane.cloudwatch.alarm import Alarm, Condition
    from helpers.dataplane.cloudwatch.alarms import Alarms

_WAIT, _EXTENSION, _ALARM = "WaitPeriod", "ExtensionPeriod", "Alarm"


class Composite:
    """Evaluates one composite alarm."""

    def __init__(self, alarms: Alarms, alarm: Alarm) -> None:
        self._alarms, self._alarm = alarms, alarm
        self._rule = Rule(alarm.settings["AlarmRule"])
        self._timer: Timer | None = None
        self._before = alarm.condition
        self._triggering: list[str] = []
        self._evaluating = False

    def start(self) -> None:
        """Evaluate it for the first time."""
        self.wake()

    def stop(self) -> None:
        """Act no more."""
        self._cancel()

    def wake(self) -> None:
        """Evaluate it at this instant."""
        self._alarms.account.at(0, self._evaluate_alone, name="cloudwatch")

    def child_changed(self, child: Alarm, before: Condition) -> None:
        """Another alarm is in another state than `before`."""
        if self._is_suppressor(child):
            self._suppressor_changed(child.condition.value is State.ALARM)
        if any(self._alarms.find(name) is child for name in self._rule.children):
            self._evaluate(child)

    def changed(self, before: Condition) -> None:
        """The alarm is in another state than `before`: act, unless actions are held back."""
        self._before = before
        suppressor = self._alarms.find(self._alarm.settings.get("ActionsSuppressor", ""))
        if suppressor is None:
            self._act()
            return
        self._cancel()
        if suppressor.condition.value is State.ALARM:
            self._alarm.suppressed_by = _ALARM
        else:
            self._hold_back(_WAIT)

    def _evaluate_alone(self) -> None:
        if self._alarms.alarms.get(self._alarm.name) is self._alarm:
            self._evaluate(None)

    def _evaluate(self, child: Alarm | None) -> None:
        if self._evaluating:
            return  # alarms that depend on each other: the evaluation stops here
        alarm = self._alarm
        state = State.ALARM if self._rule.holds(self._state_of) else State.OK
        if state is alarm.condition.value:
            return
        now = self._alarms.account.datetime
        if child is None:
            reason = f"{alarm.arn} was created and its alarm rule evaluates to {state}"
        else:
            reason = f"{child.arn} transitioned to {child.condition.value} at {now:%A %d %B, %Y %H:%M:%S} UTC"
        children = [found for name in self._rule.children if (found := self._alarms.find(name)) is not None]
        told = [child] if child is not None else children
        data = [
            {"arn": each.arn, "state": {"value": each.condition.value, "timestamp": stamp(each.condition.at)}}
            for each in told
        ]
        self._triggering = [each.arn for each in told]
        self._evaluating = True
        try:
            self._alarms.set_state(
                alarm, state, reason, json.dumps({"triggeringAlarms": data}, separators=(",", ":"))
            )
        finally:
            self._evaluating = False

    def _state_of(self, name: str) -> State:
        found = self._alarms.find(name)
        return State.INSUFFICIENT_DATA if found is None else found.condition.value

    # Suppression

    def _is_suppressor(self, other: Alarm) -> bool:
        name = self._alarm.settings.get("ActionsSuppressor")
        return name is not None and self._alarms.find(name) is other

    def _suppressor_changed(self, in_alarm: bool) -> None:
        if not self._alarm.suppressed_by:
            return
        self._cancel()
        if in_alarm:
            self._alarm.suppressed_by = _ALARM
        else:
            self._hold_back(_EXTENSION)

    def _hold_back(self, why: str) -> None:
        self._alarm.suppressed_by = why
        self._timer = self._alarms.account.at(
            self._alarm.settings[f"ActionsSuppressor{why}"], self._act, name="cloudwatch", last=True
        )

    def _act(self) -> None:
        """Take the actions of the state that the alarm is in now."""
        before, self._alarm.suppressed_by = self._alarm.suppressed_by, ""
        self._alarms.act(self._alarm, self._before, self._triggering, before)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
