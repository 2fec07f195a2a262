"""ReceiveMessage: short and long polls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from helpers.cloud import Call, ids
from helpers.dataplane.sqs import errors
from helpers.dataplane.sqs.fifo import FifoQueue
from helpers.dataplane.sqs.limits import (
    MAXIMUM_VISIBILITY_S,
    MAXIMUM_WAIT_S,
    RECEIVE_MESSAGES,
    SECOND_US,
    SYSTEM_ATTRIBUTES,
    TOKEN,
)
from helpers.dataplane.sqs.message import SENDER_ID, Message, attributes_md5
from helpers.dataplane.sqs.queues import Queues, Served


class Receiving:
    """Answers ReceiveMessage (API/API_ReceiveMessage.html)."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues
        self._account = queues.account

    def receive_message(self, call: Call) -> dict[str, Any]:
        """Up to MaxNumberOfMessages messages, at once or after waiting up to WaitTimeSeconds for the first."""
        asked = call.parameters
        served = self._queues.of(call)
        settings = served.queue.configuration
        if settings.calls_per_s is not None:
            served.rate.count("ReceiveMessage", settings.calls_per_s, self._account.now_us)
        count = asked.get("MaxNumberOfMessages", 1)
        if not 1 <= count <= RECEIVE_MESSAGES:
            reason = "must be between 1 and 10, if provided."
            raise errors.invalid_value(count, "MaxNumberOfMessages", reason)
        wait_s = asked.get("WaitTimeSeconds", settings.wait_s)
        if not 0 <= wait_s <= MAXIMUM_WAIT_S:
            raise errors.invalid_value(wait_s, "WaitTimeSeconds", "must be >= 0 and <= 20, if provided.")
        check_visibility(asked.get("VisibilityTimeout", 0))
        names = self._names(asked)
        attempt_id = self._attempt_id(served, asked.get("ReceiveRequestAttemptId"))

        def attempt() -> list[dict[str, Any]]:
            return self._attempt(served, asked, count, wait_s, attempt_id, names)

        if wait_s:
            messages = served.line.wait(attempt, wait_s)
        else:
            messages = attempt()
            served.line.update()
        served.metrics.received(len(messages))
        return {"Messages": messages} if messages else {}

    def _attempt(
        self,
        served: Served,
        asked: dict[str, Any],
        count: int,
        wait_s: int,
        attempt_id: str | None,
        names: Sequence[str],
    ) -> list[dict[str, Any]]:
        queue, account = served.queue, self._account
        if queue.deleted:
            raise errors.missing_queue()
        if served.stale:
            self._queues.by_arn(queue.configuration.arn)
        now_us = account.now_us
        seconds = asked.get("VisibilityTimeout")
        visibility_us = queue.configuration.visibility_us if seconds is None else seconds * SECOND_US
        if isinstance(queue, FifoQueue):
            taken = queue.take(
                count, visibility_us, now_us, account.timestamp_ms, ids.receipt_handle, attempt_id=attempt_id
            )
        else:
            queue.settle(now_us)
            if queue.full and not wait_s:
                # Only a short poll says so; a long poll, and a FIFO queue, find nothing (GUIDE/quotas-queues.html).
                raise errors.over_limit(queue.models.in_flight_limit)
            taken = queue.take(
                count, visibility_us, now_us, account.timestamp_ms, ids.receipt_handle, not wait_s
            )
        wanted = asked.get("MessageAttributeNames", ())
        return [_reply(message, names, wanted) for message in taken]

    @staticmethod
    def _names(asked: dict[str, Any]) -> Sequence[str]:
        """The system attributes asked for; AttributeNames is the older spelling of MessageSystemAttributeNames."""
        names = [*asked.get("AttributeNames", ()), *asked.get("MessageSystemAttributeNames", ())]
        if not names:
            return ()
        for name in names:
            if name not in _KNOWN_NAMES:
                raise errors.unknown_attribute(name)
        return SYSTEM_ATTRIBUTES if "All" in names else [n for n in SYSTEM_ATTRIBUTES if n in names]

    @staticmethod
    def _attempt_id(served: Served, attempt_id: str | None) -> str | None:
        if attempt_id is None:
            return None
        if not isinstance(served.queue, FifoQueue):
            raise errors.not_for_this_queue_type(attempt_id, "ReceiveRequestAttemptId")
        if not TOKEN.fullmatch(attempt_id):
            reason = "It can only include 1 to 128 letters, digits and punctuation marks."
            raise errors.invalid_value(attempt_id, "ReceiveRequestAttemptId", reason)
        return attempt_id


# Names that ReceiveMessage accepts in AttributeNames: its own, and those of queue attributes, which have no value here.
_KNOWN_NAMES = frozenset(SYSTEM_ATTRIBUTES) | {
    "All", "Policy", "VisibilityTimeout", "MaximumMessageSize", "MessageRetentionPeriod", "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible", "CreatedTimestamp", "LastModifiedTimestamp", "QueueArn",
    "ApproximateNumberOfMessagesDelayed", "DelaySeconds", "ReceiveMessageWaitTimeSeconds", "RedrivePolicy", "FifoQueue",
    "ContentBasedDeduplication", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "DeduplicationScope",
    "FifoThroughputLimit", "RedriveAllowPolicy", "SqsManagedSseEnabled",
}  # fmt: skip


def check_visibility(seconds: int) -> None:
    """A visibility timeout is 0 to 43,200 s (GUIDE/quotas-messages.html)."""
    if seconds > MAXIMUM_VISIBILITY_S:
        raise errors.visibility_beyond_maximum()
    if seconds < 0:
        raise errors.invalid_value(seconds, "VisibilityTimeout", "must be >= 0 and <= 43200, if provided.")


def _reply(message: Message, names: Sequence[str], wanted: Sequence[str]) -> dict[str, Any]:
    reply: dict[str, Any] = {
        "MessageId": message.id,
        "ReceiptHandle": message.handle,
        "MD5OfBody": message.body_md5,
        "Body": message.body,
    }
    if names:
        values = {
            "SenderId": SENDER_ID,
            "SentTimestamp": str(message.sent_ms),
            "ApproximateReceiveCount": str(message.receives),
            "ApproximateFirstReceiveTimestamp": str(message.first_receive_ms),
            "MessageDeduplicationId": message.deduplication_id,
            "MessageGroupId": message.group,
            "AWSTraceHeader": message.trace_header,
            "SequenceNumber": message.sequence_number,
            "DeadLetterQueueSourceArn": message.dead_letter_source,
        }
        reply["Attributes"] = {name: value for name in names if (value := values.get(name)) is not None}
    if wanted and message.attributes:
        chosen = _chosen(message.attributes, wanted)
        if chosen:
            whole = len(chosen) == len(message.attributes)
            reply["MD5OfMessageAttributes"] = message.attributes_md5 if whole else attributes_md5(chosen)
            reply["MessageAttributes"] = chosen
    return reply


def _chosen(attributes: Any, wanted: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The message attributes asked for: all of them, by name, or by the start of the name ("order.*")."""
    prefixes = tuple(name[:-2] for name in wanted if name.endswith(".*"))
    everything = "All" in wanted
    return {
        name: dict(value)
        for name, value in attributes.items()
        if everything or name in wanted or (prefixes and name.startswith(prefixes))
    }
