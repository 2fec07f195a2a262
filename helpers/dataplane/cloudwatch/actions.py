"""What an alarm does when its state changes: it publishes to topics and invokes functions.

Pages: API/API_PutMetricAlarm.html (AlarmActions), GUIDE/alarms-and-actions-Lambda.html,
GUIDE/Notify_Users_Alarm_Changes.html
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from helpers.cloud import Account
from helpers.dataplane import function_policy
from helpers.dataplane.cloudwatch import notices
from helpers.dataplane.service_clients import ServiceClients

if TYPE_CHECKING:
    from helpers.dataplane.cloudwatch.alarm import Alarm, Condition

PRINCIPAL = "lambda.alarms.cloudwatch.amazonaws.com"
"""Whom a function's resource policy must allow."""


class Actions:
    """Carries the actions of alarms out, as ordinary API calls of "cloudwatch"."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._clients = ServiceClients(account)

    def take(
        self, target: str, alarm: Alarm, before: Condition, triggering: list[str], suppressed_before: str
    ) -> str | None:
        """Take the action with the ARN `target`. Returns None, or why it failed."""
        service = target.split(":")[2]
        try:
            if service == "sns":
                self._publish(target, alarm, before, triggering)
            elif service == "lambda":
                if not function_policy.allows(self._account, target, PRINCIPAL, alarm.arn):
                    return "CloudWatch Alarms is not authorized to perform: lambda:InvokeFunction"
                event = notices.for_function(alarm, before, suppressed_before)
                self._clients.of(target).invoke(
                    FunctionName=target, InvocationType="Event", Payload=json.dumps(event)
                )
            else:
                return f"This course does not carry out actions of {service}."
        except ClientError as error:
            return str(error.response["Error"]["Message"])
        return None

    def _publish(self, target: str, alarm: Alarm, before: Condition, triggering: list[str]) -> None:
        group = {"MessageGroupId": sha256(alarm.arn.encode()).hexdigest()} if target.endswith(".fifo") else {}
        self._clients.of(target).publish(
            TopicArn=target,
            Subject=notices.subject(alarm),
            Message=notices.message(alarm, before, triggering),
            **group,
        )
