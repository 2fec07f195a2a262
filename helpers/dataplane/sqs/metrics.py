"""The metrics that count a queue's messages, in the namespace AWS/SQS.

Page: GUIDE/sqs-available-cloudwatch-metrics.html. CloudWatch asks for the gauges of a queue by itself, once a minute
(`helpers.dataplane.cloudwatch.gauges`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from helpers.dataplane.telemetry import Telemetry

_NAMESPACE = "AWS/SQS"


class Metrics:
    """Publishes what is counted of one queue's messages. What the queue does by itself, such as a move to a dead-letter
    queue, is not counted.
    """

    def __init__(self, telemetry: Telemetry, queue_name: str) -> None:
        self._metric = telemetry.metric
        self._dimensions = {"QueueName": queue_name}

    def sent(self, size_bytes: int) -> None:
        """A message was added to the queue by a call."""
        self._count("NumberOfMessagesSent", 1)
        self._metric(_NAMESPACE, "SentMessageSize", size_bytes, "Bytes", self._dimensions)

    def deduplicated(self) -> None:
        """A FIFO queue accepted a message that it has already, and did not add it."""
        self._count("NumberOfDeduplicatedSentMessages", 1)

    def received(self, messages: int) -> None:
        """A ReceiveMessage returned so many messages, or none."""
        if messages:
            self._count("NumberOfMessagesReceived", messages)
        else:
            self._count("NumberOfEmptyReceives", 1)

    def deleted(self) -> None:
        """A delete succeeded, be it of a message that is gone already."""
        self._count("NumberOfMessagesDeleted", 1)

    def _count(self, name: str, value: int) -> None:
        self._metric(_NAMESPACE, name, value, "Count", self._dimensions)
