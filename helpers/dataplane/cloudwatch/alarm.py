"""An alarm: what was configured, the state it is in, and how it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from helpers.dataplane.cloudwatch.evaluation import State

INITIAL_REASON = "Unchecked: Initial alarm creation"
_ACTIONS = {
    State.OK: "OKActions",
    State.ALARM: "AlarmActions",
    State.INSUFFICIENT_DATA: "InsufficientDataActions",
}


@dataclass(slots=True)
class Condition:
    """A state with its reason, since `at`."""

    value: State
    reason: str
    data: str
    at: datetime


@dataclass(slots=True)
class Alarm:
    """A metric alarm, or a composite one (with `AlarmRule`)."""

    arn: str
    settings: dict[str, Any]
    """The parameters of PutMetricAlarm or PutCompositeAlarm, defaults filled in."""
    configured_at: datetime
    condition: Condition
    updated_at: datetime | None = None
    """When the condition last changed in any way."""
    suppressed_by: str = ""
    """Of a composite alarm: "WaitPeriod", "ExtensionPeriod", "Alarm", or "" while it acts."""

    @property
    def name(self) -> str:
        """AlarmName."""
        return str(self.settings["AlarmName"])

    @property
    def composite(self) -> bool:
        """True for a composite alarm."""
        return "AlarmRule" in self.settings

    @property
    def actions(self) -> list[str]:
        """The actions of the present state, if actions are enabled."""
        return list(self.settings[_ACTIONS[self.condition.value]]) if self.settings["ActionsEnabled"] else []

    def shown(self) -> dict[str, Any]:
        """The alarm as DescribeAlarms shows it (API/API_MetricAlarm.html, API/API_CompositeAlarm.html)."""
        condition = self.condition
        shown = {name: value for name, value in self.settings.items() if name != "Tags"}
        shown |= {
            "AlarmArn": self.arn,
            "AlarmConfigurationUpdatedTimestamp": self.configured_at,
            "StateValue": str(condition.value),
            "StateReason": condition.reason,
            "StateUpdatedTimestamp": self.updated_at or condition.at,
            "StateTransitionedTimestamp": condition.at,
        }
        if condition.data:
            shown["StateReasonData"] = condition.data
        if self.suppressed_by:
            shown["ActionsSuppressedBy"] = self.suppressed_by
            shown["ActionsSuppressedReason"] = f"Actions suppressed by {self.suppressed_by}"
        return shown
