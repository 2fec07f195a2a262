"""The calls about alarms. Pages: the operations' pages in API/, such as API/API_DescribeAlarms.html"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from helpers.cloud import Call
from helpers.dataplane.cloudwatch import checks, errors
from helpers.dataplane.cloudwatch.alarm import Alarm
from helpers.dataplane.cloudwatch.alarms import Alarms
from helpers.dataplane.cloudwatch.evaluation import State
from helpers.dataplane.cloudwatch.rule import Rule

MOST_AT_ONCE = 100
"""Alarms that DeleteAlarms takes, and that DescribeAlarms and DescribeAlarmHistory show in one answer."""


class Control:
    """Answers what is asked about alarms."""

    def __init__(self, alarms_of: Callable[[Call], Alarms]) -> None:
        self._of = alarms_of

    def put_metric_alarm(self, call: Call) -> dict[str, Any]:
        """Create or overwrite a metric alarm. moto hears of it, for tags and the inventory."""
        settings = checks.metric_alarm(call.parameters)
        alarms = self._of(call)
        if (found := alarms.alarms.get(settings["AlarmName"])) is not None and found.composite:
            raise errors.validation("An alarm of another type has this name.")
        call.forward()
        alarms.put(settings, call.account_id)
        return {}

    def put_composite_alarm(self, call: Call) -> dict[str, Any]:
        """Create or overwrite a composite alarm."""
        settings = checks.composite_alarm(call.parameters)
        alarms = self._of(call)
        for name in (*Rule(settings["AlarmRule"]).children, settings.get("ActionsSuppressor")):
            if name is not None and alarms.find(name) is None:
                raise errors.validation(
                    f"Could not save the composite alarm as alarm {name} in the rule does not exist."
                )
        alarms.put(settings, call.account_id)
        return {}

    def describe(self, call: Call) -> dict[str, Any]:
        """The alarms; without AlarmTypes only metric alarms (API/API_DescribeAlarms.html)."""
        asked = call.parameters
        types = asked.get("AlarmTypes", ["MetricAlarm"])
        chosen = [
            alarm
            for name, alarm in sorted(self._of(call).alarms.items())
            if (name in asked["AlarmNames"] if "AlarmNames" in asked else True)
            and name.startswith(asked.get("AlarmNamePrefix", ""))
            and asked.get("StateValue") in (None, alarm.condition.value)
            and ("CompositeAlarm" if alarm.composite else "MetricAlarm") in types
            and _acts(alarm, asked.get("ActionPrefix"))
        ]
        first = int(asked.get("NextToken", 0))
        last = first + asked.get("MaxRecords", MOST_AT_ONCE)
        answer: dict[str, Any] = {"CompositeAlarms": [], "MetricAlarms": []}
        for alarm in chosen[first:last]:
            answer["CompositeAlarms" if alarm.composite else "MetricAlarms"].append(alarm.shown())
        if last < len(chosen):
            answer["NextToken"] = str(last)
        return answer

    def describe_for_metric(self, call: Call) -> dict[str, Any]:
        """The alarms on one metric (API/API_DescribeAlarmsForMetric.html)."""
        asked = call.parameters
        same = ("MetricName", "Namespace")
        alike = ("Statistic", "ExtendedStatistic", "Period", "Unit")
        shown = [
            alarm.shown()
            for _, alarm in sorted(self._of(call).alarms.items())
            if all(alarm.settings.get(name) == asked[name] for name in same)
            and _pairs(alarm.settings) == _pairs(asked)
            and all(name not in asked or alarm.settings.get(name) == asked[name] for name in alike)
        ]
        return {"MetricAlarms": shown}

    def describe_history(self, call: Call) -> dict[str, Any]:
        """What happened to alarms, newest first unless asked otherwise (API/API_DescribeAlarmHistory.html)."""
        asked = call.parameters
        items = [
            item
            for item in self._of(call).history
            if asked.get("AlarmName") in (None, item["AlarmName"])
            and asked.get("HistoryItemType") in (None, item["HistoryItemType"])
            and ("AlarmTypes" not in asked or item["AlarmType"] in asked["AlarmTypes"])
            and ("StartDate" not in asked or item["Timestamp"] >= _aware(asked["StartDate"]))
            and ("EndDate" not in asked or item["Timestamp"] <= _aware(asked["EndDate"]))
        ]
        if asked.get("ScanBy") != "TimestampAscending":
            items.reverse()
        first = int(asked.get("NextToken", 0))
        last = first + asked.get("MaxRecords", MOST_AT_ONCE)
        answer: dict[str, Any] = {"AlarmHistoryItems": items[first:last]}
        if last < len(items):
            answer["NextToken"] = str(last)
        return answer

    def delete(self, call: Call) -> dict[str, Any]:
        """Delete alarms, all or none (API/API_DeleteAlarms.html)."""
        alarms, names = self._of(call), call.parameters["AlarmNames"]
        if len(names) > MOST_AT_ONCE:
            raise errors.validation(f"At most {MOST_AT_ONCE} alarms can be deleted in one operation.")
        found = [name for name in names if name in alarms.alarms]
        if len(found) < len(names) and len(names) > 1:
            raise errors.not_found("One or more of the alarms do not exist.")
        if sum(alarms.alarms[name].composite for name in found) > 1:
            raise errors.validation("At most one composite alarm can be deleted in one operation.")
        for name in found:
            for other in alarms.alarms.values():
                if (
                    other.composite
                    and other.name not in found
                    and name in Rule(other.settings["AlarmRule"]).children
                ):
                    raise errors.validation(
                        f"Cannot delete {name} as there are composite alarm(s) depending on it."
                    )
        kept = [name for name in found if not alarms.alarms[name].composite]
        for name in found:
            alarms.delete(name)
        if kept:
            call.forward({"AlarmNames": kept})
        return {}

    def set_state(self, call: Call) -> dict[str, Any]:
        """Set a state for a while; a metric alarm is evaluated again soon (API/API_SetAlarmState.html)."""
        asked, alarms = call.parameters, self._of(call)
        alarm = alarms.alarms.get(asked["AlarmName"])
        if alarm is None:
            raise errors.not_found(f"There is no alarm named {asked['AlarmName']}.")
        alarms.set_state(
            alarm, State(asked["StateValue"]), asked["StateReason"], asked.get("StateReasonData", "")
        )
        if not alarm.composite:
            alarms.woken(alarm)
        return {}

    def set_actions(self, enabled: bool, call: Call) -> dict[str, Any]:
        """Enable or disable the actions of alarms (API/API_DisableAlarmActions.html)."""
        alarms = self._of(call)
        for name in call.parameters["AlarmNames"]:
            if (alarm := alarms.alarms.get(name)) is not None:
                alarm.settings["ActionsEnabled"] = enabled
        return {}


def _acts(alarm: Alarm, prefix: str | None) -> bool:
    settings = alarm.settings
    actions = [*settings["AlarmActions"], *settings["OKActions"], *settings["InsufficientDataActions"]]
    return prefix is None or any(action.startswith(prefix) for action in actions)


def _pairs(settings: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted((each["Name"], each["Value"]) for each in settings.get("Dimensions", ()))


def _aware(stamp: datetime) -> datetime:
    return stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)
