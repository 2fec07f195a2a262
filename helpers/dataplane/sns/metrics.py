"""The metrics of topics, in the namespace AWS/SNS. Page: GUIDE/sns-monitoring-using-cloudwatch.html"""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.dataplane.sns.filter_policy import Verdict
from helpers.dataplane.sns.message import Message
from helpers.dataplane.sns.topic import Topic

if TYPE_CHECKING:
    from helpers.dataplane.telemetry import Telemetry

_NAMESPACE = "AWS/SNS"
_FILTERED = "NumberOfNotificationsFilteredOut"


class Metrics:
    """Publishes what is counted of messages, for each topic."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._dimensions: dict[str, dict[str, str]] = {}

    def published(self, topic: Topic, message: Message) -> None:
        """A message was accepted."""
        self.count(topic, "NumberOfMessagesPublished")
        self._telemetry.metric(_NAMESPACE, "PublishSize", message.size, "Bytes", self._of(topic))

    def filtered(self, topic: Topic, verdict: Verdict) -> None:
        """A filter policy rejected a message."""
        self.count(topic, _FILTERED)
        self.count(topic, f"{_FILTERED}-{verdict}")

    def count(self, topic: Topic, metric: str) -> None:
        """One more of a metric such as NumberOfNotificationsDelivered."""
        self._telemetry.metric(_NAMESPACE, metric, 1, dimensions=self._of(topic))

    def _of(self, topic: Topic) -> dict[str, str]:
        known = self._dimensions.get(topic.arn)
        if known is None:
            known = self._dimensions[topic.arn] = {"TopicName": topic.name}
        return known
