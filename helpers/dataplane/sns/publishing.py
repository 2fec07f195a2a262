"""Publish and PublishBatch, and what other services of the account publish.

Pages: API/API_Publish.html, API/API_PublishBatch.html.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from helpers.cloud import Call, ServiceError, ids
from helpers.dataplane.sns import content, errors
from helpers.dataplane.sns.deduplication import Accepted
from helpers.dataplane.sns.limits import (
    BATCH_ENTRIES,
    ENTRY_ID,
    FIFO_GROUP_MESSAGES,
    FIFO_TOPIC_BYTES,
    FIFO_TOPIC_MESSAGES,
    messages_per_s,
)
from helpers.dataplane.sns.message import Message
from helpers.dataplane.sns.metrics import Metrics
from helpers.dataplane.sns.models import Models
from helpers.dataplane.sns.quota import Rate
from helpers.dataplane.sns.times import iso
from helpers.dataplane.sns.topic import Topic
from helpers.dataplane.sns.topics import Topics

_SEQUENCE_START, _SEQUENCE_STEP = 10_000_000_000_000_000_000, 4_096


class Publishing:
    """Takes messages, and hands them with their topic to `fan_out`."""

    def __init__(
        self, topics: Topics, models: Models, metrics: Metrics, fan_out: Callable[[Topic, Message], None]
    ) -> None:
        self._topics = topics
        self._account = topics.account
        self._models = models
        self._metrics = metrics
        self._fan_out = fan_out
        self._published = 0

    def publish(self, call: Call) -> dict[str, Any]:
        """One message to a topic. What goes to a phone or an app is left to moto.

        Raises InvalidParameter, ParameterValueInvalid, NotFound and Throttled.
        """
        entry = call.parameters
        arn = entry.get("TopicArn") or entry.get("TargetArn")
        if entry.get("PhoneNumber") or (arn and ":endpoint/" in arn):
            return call.forward()
        if not arn:
            raise errors.invalid("TopicArn or TargetArn", "no value for required parameter")
        if arn.split(":")[3:4] != [call.region]:
            raise errors.invalid("TopicArn")
        topic = self._topics.at(arn)
        self._check(topic, entry)
        self._count(topic, [entry])
        return self._accept(topic, entry)

    def publish_batch(self, call: Call) -> dict[str, Any]:
        """Up to 10 messages, which succeed or fail one by one. Raises for a batch that is wrong as a whole."""
        topic = self._topics.at(call.parameters["TopicArn"])
        entries = call.parameters.get("PublishBatchRequestEntries", [])
        _check_entries(entries)
        if sum(content.size_bytes(entry) for entry in entries) > topic.maximum_bytes:
            raise errors.batch_too_long()
        failed: list[dict[str, Any]] = []
        good = []
        for entry in entries:
            try:
                self._check(topic, entry)
                good.append(entry)
            except ServiceError as error:
                failed.append(
                    {"Id": entry["Id"], "Code": error.code, "Message": error.message, "SenderFault": True}
                )
        self._count(topic, good)
        successful = [{"Id": entry["Id"], **self._accept(topic, entry)} for entry in good]
        return {"Successful": successful, "Failed": failed}

    def deliver(self, topic_arn: str, entry: Mapping[str, Any]) -> str:
        """A message from a service of this account (S3, CloudWatch); its id. Raises as Publish does."""
        topic = self._topics.at(topic_arn)
        self._check(topic, entry)
        self._count(topic, [entry])
        return str(self._accept(topic, entry)["MessageId"])

    def _check(self, topic: Topic, entry: Mapping[str, Any]) -> None:
        content.check_message(entry, fifo=topic.fifo, content_deduplication=topic.content_deduplication)
        content.structured(entry)
        if content.size_bytes(entry) > topic.maximum_bytes:
            raise errors.invalid("Message too long")

    def _count(self, topic: Topic, entries: list[Mapping[str, Any]]) -> None:
        """Quotas of QUOTAS: of the account in its Region, of a FIFO topic, and of each of its groups."""
        now_us = self._account.now_us
        limit = self._models.messages_per_s or messages_per_s(topic.region, fifo=topic.fifo)
        if topic.fifo:
            for group in sorted({entry["MessageGroupId"] for entry in entries}):
                number = sum(entry["MessageGroupId"] == group for entry in entries)
                rate = topic.group_rates.setdefault(group, Rate())
                rate.count(number, FIFO_GROUP_MESSAGES, now_us)
            if not topic.per_group:
                size = sum(content.size_bytes(entry) for entry in entries)
                topic.byte_rate.count(size, FIFO_TOPIC_BYTES, now_us)
                topic.rate.count(len(entries), FIFO_TOPIC_MESSAGES, now_us)
        self._topics.rate(topic.account_id, topic.region).count(len(entries), limit, now_us)

    def _accept(self, topic: Topic, entry: Mapping[str, Any]) -> dict[str, Any]:
        now_us, group = self._account.now_us, entry.get("MessageGroupId")
        message = Message(
            id=ids.uuid4(),
            topic_arn=topic.arn,
            body=entry["Message"],
            timestamp=iso(self._account.epoch_us),
            published_us=now_us,
            size=content.size_bytes(entry),
            subject=entry.get("Subject"),
            attributes=dict(entry.get("MessageAttributes") or {}),
            texts=content.structured(entry),
            group=group,
        )
        self._metrics.published(topic, message)
        if not topic.fifo:
            self._fan_out(topic, message)
            return {"MessageId": message.id}
        message.deduplication_id = (
            entry.get("MessageDeduplicationId") or hashlib.sha256(message.body.encode()).hexdigest()
        )
        scope = group if topic.per_group and group else ""
        accepted = topic.deduplication.first(message.deduplication_id, scope, now_us)
        if accepted is None:
            self._published += 1
            number = str(_SEQUENCE_START + self._published * _SEQUENCE_STEP)
            message.sequence_number = number
            accepted = Accepted(message.id, number)
            topic.deduplication.note(message.deduplication_id, scope, now_us, accepted)
            self._fan_out(topic, message)
        return {"MessageId": accepted.id, "SequenceNumber": accepted.sequence_number}


def _check_entries(entries: list[Mapping[str, Any]]) -> None:
    if not entries:
        raise errors.empty_batch()
    if len(entries) > BATCH_ENTRIES:
        raise errors.too_many_entries()
    names = [entry["Id"] for entry in entries]
    if not all(ENTRY_ID.fullmatch(name) for name in names):
        raise errors.invalid_entry_id()
    if len(set(names)) < len(names):
        raise errors.repeated_id()
