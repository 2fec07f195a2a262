"""The configuration of a queue, read from its attributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from helpers.dataplane.sqs.limits import FIFO_CALLS, SECOND_US, as_json, high_throughput_calls

DEFAULT_RECEIVES = 10


@dataclass(frozen=True, slots=True)
class RedrivePolicy:
    """Where a message goes that was received too often. AWS: GUIDE/sqs-dead-letter-queues.html.

    `maximum_receives` (maxReceiveCount) defaults to 10 where the policy leaves it out (API/API_CreateQueue.html).
    """

    dead_letter_arn: str
    maximum_receives: int = DEFAULT_RECEIVES


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings of one queue that its messages obey. Spans end in `_us` (microseconds) or `_s` (seconds).

    `attributes` are the attributes as GetQueueAttributes gave them, all of them strings.
    """

    arn: str
    visibility_us: int = 30 * SECOND_US
    delay_us: int = 0
    retention_us: int = 345_600 * SECOND_US
    wait_s: int = 0
    maximum_bytes: int = 1_048_576
    redrive: RedrivePolicy | None = None
    fifo: bool = False
    content_deduplication: bool = False
    deduplication_per_group: bool = False
    calls_per_s: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The queue's name, the last part of its ARN."""
        return self.arn.rsplit(":", 1)[1]

    @property
    def region(self) -> str:
        """The Region the queue is in, as its ARN says."""
        return self.arn.split(":")[3]

    @classmethod
    def of(cls, attributes: Mapping[str, str]) -> Configuration:
        """Read the reply of GetQueueAttributes (all attributes)."""
        arn = attributes["QueueArn"]
        fifo = attributes.get("FifoQueue") == "true"
        per_group = fifo and attributes.get("DeduplicationScope") == "messageGroup"
        high = per_group and attributes.get("FifoThroughputLimit") == "perMessageGroupId"
        calls = (high_throughput_calls(arn.split(":")[3]) if high else FIFO_CALLS) if fifo else None
        return cls(
            arn=arn,
            visibility_us=int(attributes["VisibilityTimeout"]) * SECOND_US,
            delay_us=int(attributes["DelaySeconds"]) * SECOND_US,
            retention_us=int(attributes["MessageRetentionPeriod"]) * SECOND_US,
            wait_s=int(attributes["ReceiveMessageWaitTimeSeconds"]),
            maximum_bytes=int(attributes["MaximumMessageSize"]),
            redrive=_redrive(attributes.get("RedrivePolicy", "")),
            fifo=fifo,
            content_deduplication=fifo and attributes.get("ContentBasedDeduplication") == "true",
            deduplication_per_group=per_group,
            calls_per_s=calls,
            attributes=dict(attributes),
        )


def _redrive(text: str) -> RedrivePolicy | None:
    policy = as_json("RedrivePolicy", text)
    if not policy.get("deadLetterTargetArn"):
        return None
    return RedrivePolicy(policy["deadLetterTargetArn"], int(policy.get("maxReceiveCount", DEFAULT_RECEIVES)))
