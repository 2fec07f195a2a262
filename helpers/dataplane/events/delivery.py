"""Delivering an event to a target until it arrives, is given up, or lies in the dead-letter queue.

Pages: GUIDE/eb-rule-retry-policy.html, GUIDE/eb-rule-dlq.html, API/API_RetryPolicy.html
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from helpers.cloud import Account
from helpers.dataplane.events.models import Models
from helpers.dataplane.events.targets import Failure, Targets

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

MOST_RETRIES, LONGEST_AGE_S = 185, 86_400
"""The defaults, and the greatest values, of a target's RetryPolicy."""


class Delivery:
    """Delivers events and tries again."""

    def __init__(self, account: Account, models: Models, targets: Targets) -> None:
        self._account, self._models, self._targets = account, models, targets
        self._random = account.random_for("events:retries")

    def start(self, rule: dict[str, Any], target: dict[str, Any], text: str) -> None:
        """Deliver `text` to the target of the rule, for the first time."""
        self._count("Invocations", rule)
        self._later(self._models.delivery_delay_s, rule, target, text, self._account.now_us, 0)

    def _later(
        self,
        delay_s: float,
        rule: dict[str, Any],
        target: dict[str, Any],
        text: str,
        began_us: int,
        retries: int,
    ) -> None:
        attempt = partial(self._attempt, rule, target, text, began_us, retries)
        self._account.at(delay_s, attempt, name="events")

    def _attempt(
        self, rule: dict[str, Any], target: dict[str, Any], text: str, began_us: int, retries: int
    ) -> None:
        failure = self._targets.send(target, text, rule["Arn"])
        if failure is None:
            return
        given = target.get("RetryPolicy", {})
        wait_s = self._wait_s(retries)
        age_s = (self._account.now_us - began_us) / 1_000_000
        exhausted = ""
        if retries >= given.get("MaximumRetryAttempts", MOST_RETRIES):
            exhausted = "MaximumRetryAttempts"
        elif age_s + wait_s > given.get("MaximumEventAgeInSeconds", LONGEST_AGE_S):
            exhausted = "MaximumEventAgeInSeconds"
        if failure.retriable and not exhausted:
            self._later(wait_s, rule, target, text, began_us, retries + 1)
            return
        self._count("FailedInvocations", rule)
        self._bury(rule, target, text, failure, exhausted if failure.retriable else "", retries)

    def _wait_s(self, retries: int) -> float:
        models = self._models
        wait_s = min(models.longest_retry_s, models.first_retry_s * models.retry_factor ** min(retries, 60))
        return wait_s * (1 - models.retry_jitter * self._random.random())

    def _bury(
        self,
        rule: dict[str, Any],
        target: dict[str, Any],
        text: str,
        failure: Failure,
        exhausted: str,
        retries: int,
    ) -> None:
        queue = target.get("DeadLetterConfig", {}).get("Arn")
        if queue is None:
            return  # the event is dropped
        told = {
            "RULE_ARN": rule["Arn"],
            "TARGET_ARN": target["Arn"],
            "ERROR_CODE": failure.code,
            "ERROR_MESSAGE": failure.message,
            "RETRY_ATTEMPTS": str(retries),
        }
        if exhausted:
            told["EXHAUSTED_RETRY_CONDITION"] = exhausted
        attributes = {name: {"DataType": "String", "StringValue": value} for name, value in told.items()}
        sent = self._targets.send_to_queue(queue, text, attributes, rule["Arn"])
        self._count("InvocationsSentToDlq" if sent else "InvocationsFailedToBeSentToDlq", rule)

    def _count(self, metric: str, rule: dict[str, Any]) -> None:
        telemetry = cast("Cloud", self._account).telemetry
        telemetry.metric("AWS/Events", metric, 1, dimensions={"RuleName": rule["Name"]})
