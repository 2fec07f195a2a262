"""SendMessage and SendMessageBatch, and what other services of the account put into a queue."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from helpers.cloud import Call, ServiceError, ids
from helpers.dataplane.sqs import content, errors
from helpers.dataplane.sqs.batch import check_entries, failure
from helpers.dataplane.sqs.fifo import FifoQueue
from helpers.dataplane.sqs.limits import MAXIMUM_MESSAGE_BYTES
from helpers.dataplane.sqs.message import Message, attributes_md5
from helpers.dataplane.sqs.queues import Queues, Served


class Sending:
    """Answers the calls that put messages into queues."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues
        self._account = queues.account

    def send_message(self, call: Call) -> dict[str, Any]:
        """One message (API/API_SendMessage.html)."""
        entry = call.parameters
        attributes = content.copy_attributes(entry.get("MessageAttributes"))
        trace = content.trace_header(entry.get("MessageSystemAttributes"))
        served = self._queues.of(call)
        self._count(served)
        content.check_message(entry, attributes, served.queue.configuration)
        reply = self._send(served, entry, attributes, trace)
        served.line.update()
        return reply

    def send_message_batch(self, call: Call) -> dict[str, Any]:
        """Up to 10 messages, 1 MiB in all; each succeeds or fails by itself (API/API_SendMessageBatch.html)."""
        served = self._queues.of(call)
        entries = call.parameters.get("Entries", [])
        check_entries("SendMessage", entries)
        self._check_sum(entries)
        self._count(served)
        successful: list[dict[str, Any]] = []
        failed: list[dict[str, Any]] = []
        for entry in entries:
            try:
                attributes = content.copy_attributes(entry.get("MessageAttributes"))
                trace = content.trace_header(entry.get("MessageSystemAttributes"))
                content.check_message(entry, attributes, served.queue.configuration)
                reply = self._send(served, entry, attributes, trace)
                digest = reply.pop("MD5OfMessageBody")
                successful.append(
                    {
                        "Id": entry["Id"],
                        "MessageId": reply.pop("MessageId"),
                        "MD5OfMessageBody": digest,
                        **reply,
                    }
                )
            except ServiceError as error:
                failed.append(failure(entry["Id"], error))
        served.line.update()
        return {"Successful": successful, "Failed": failed}

    def deliver(self, queue_arn: str, sent: Mapping[str, Any]) -> str:
        """A message from a service of this account (SNS, EventBridge, S3); its id. Raises as SendMessage does."""
        served = self._queues.by_arn(queue_arn)
        entry = {
            "MessageBody": sent["body"],
            "DelaySeconds": sent.get("delay_seconds"),
            "MessageGroupId": sent.get("group_id"),
            "MessageDeduplicationId": sent.get("deduplication_id"),
        }
        attributes = content.copy_attributes(sent.get("attributes"))
        trace = content.trace_header(sent.get("system_attributes"))
        content.check_message(entry, attributes, served.queue.configuration)
        reply = self._send(served, entry, attributes, trace)
        served.line.update()
        return str(reply["MessageId"])

    def _send(
        self,
        served: Served,
        entry: Mapping[str, Any],
        attributes: content.Attributes | None,
        trace: str | None,
    ) -> dict[str, Any]:
        queue = served.queue
        now_us = self._account.now_us
        queue.settle(now_us)
        # The draws are moto's, in moto's order, so that every later id is the same.
        message_id = ids.uuid4()
        deduplication_id, group = entry.get("MessageDeduplicationId"), entry.get("MessageGroupId")
        if deduplication_id is not None:
            ids.sequence_number()
        delay_s = entry.get("DelaySeconds")
        content.check_delay(delay_s)
        body = entry["MessageBody"]
        if isinstance(queue, FifoQueue) and deduplication_id is None:
            deduplication_id = hashlib.sha256(body.encode()).hexdigest()
        delay_us = None if delay_s is None else delay_s * 1_000_000
        message = Message(message_id, body, attributes, group, deduplication_id, None, trace, delay_us)
        accepted = None
        if isinstance(queue, FifoQueue):
            accepted = queue.first_of(deduplication_id or "", group or "", now_us)
        if accepted is None:
            queue.add(message, now_us, self._account.timestamp_ms)
            served.metrics.sent(content.size_bytes(body, attributes))
        else:
            served.metrics.deduplicated()
        reply = {"MD5OfMessageBody": message.body_md5}
        if message.attributes_md5:
            reply["MD5OfMessageAttributes"] = message.attributes_md5
        if trace:
            value = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}}
            reply["MD5OfMessageSystemAttributes"] = attributes_md5(value)
        reply["MessageId"] = accepted[0] if accepted else message_id
        number = accepted[1] if accepted else message.sequence_number
        if number:
            reply["SequenceNumber"] = number
        return reply

    def _count(self, served: Served) -> None:
        limit = served.queue.configuration.calls_per_s
        if limit is not None:
            served.rate.count("SendMessage", limit, self._account.now_us)

    @staticmethod
    def _check_sum(entries: list[dict[str, Any]]) -> None:
        total = sum(content.size_bytes(e["MessageBody"], e.get("MessageAttributes")) for e in entries)
        if total > MAXIMUM_MESSAGE_BYTES:
            raise errors.batch_too_long(MAXIMUM_MESSAGE_BYTES, total)
