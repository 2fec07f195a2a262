"""Delivery status logs, if a topic's attributes ask for them.

Pages: GUIDE/sns-topic-attributes.html, GUIDE/topics-attrib-prereq.html (names), GUIDE/sns-msg-status.html (form).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from helpers.dataplane.sns.failure import Failure
from helpers.dataplane.sns.message import Message
from helpers.dataplane.sns.subscription import Subscription
from helpers.dataplane.sns.topic import Topic

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

_PREFIXES = {
    "sqs": "SQS", "lambda": "Lambda", "firehose": "Firehose", "http": "HTTP", "https": "HTTP",
    "application": "Application",
}  # fmt: skip
_SUCCESS, _FAILURE = ("SUCCESS", 200), "FAILURE"


class StatusLog:
    """Writes a line for each failed delivery, and for a share of the successful ones."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._random = cloud.random_for("sns:status logs")

    def ended(
        self,
        topic: Topic,
        message: Message,
        subscription: Subscription,
        attempts: int,
        failure: Failure | None,
    ) -> None:
        """A delivery is over, after so many attempts."""
        prefix = _PREFIXES.get(subscription.protocol)
        if prefix is None or not self._wanted(topic, prefix, failed=failure is not None):
            return
        status, code = _SUCCESS if failure is None else (_FAILURE, failure.status)
        entry = {
            "notification": {"messageId": message.id, "topicArn": topic.arn, "timestamp": message.timestamp},
            "delivery": {
                "destination": subscription.endpoint,
                "providerResponse": failure.message if failure else "",
                "dwellTimeMs": (self._cloud.now_us - message.published_us) // 1000,
                "attempts": attempts,
                "statusCode": code,
            },
            "status": status,
        }
        group = f"sns/{topic.region}/{topic.account_id}/{topic.name}"
        self._cloud.telemetry.log(group, subscription.protocol, json.dumps(entry))

    def _wanted(self, topic: Topic, prefix: str, *, failed: bool) -> bool:
        attributes = topic.attributes
        if failed:
            return bool(attributes.get(f"{prefix}FailureFeedbackRoleArn"))
        if not attributes.get(f"{prefix}SuccessFeedbackRoleArn"):
            return False
        return self._random.random() * 100 < float(attributes.get(f"{prefix}SuccessFeedbackSampleRate") or 0)
