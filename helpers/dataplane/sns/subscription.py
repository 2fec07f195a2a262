"""A subscription, as its attributes set it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from helpers.dataplane.sns.filter_policy import ATTRIBUTES, FilterPolicy
from helpers.dataplane.sns.message import Message
from helpers.dataplane.sns.retries import AWS_MANAGED, CUSTOMER_MANAGED, DeliveryPolicy, RetryPolicy

RAW_PROTOCOLS = ("sqs", "http", "https", "firehose")
TO_CONFIRM = ("http", "https", "email", "email-json")


@dataclass
class Subscription:
    """One subscription of a topic. `attributes` are those that Subscribe and SetSubscriptionAttributes gave it.

    `token` is what confirms it, "" once it is confirmed; it is good until `token_ends_us`.
    """

    arn: str
    topic_arn: str
    protocol: str
    endpoint: str
    attributes: dict[str, str] = field(default_factory=dict)
    token: str = ""
    token_ends_us: int = 0
    confirmed_by: str = ""
    _filters: list[tuple[int, FilterPolicy | None]] = field(default_factory=list)
    _delivery: DeliveryPolicy | None = None

    @property
    def raw(self) -> bool:
        """The subscriber gets the body without the envelope."""
        return self.attributes.get("RawMessageDelivery", "").lower() == "true"

    @property
    def dead_letter_arn(self) -> str:
        """The dead-letter queue; "" if there is none."""
        return dead_letter_arn(self.attributes)

    def set(self, attributes: Mapping[str, str], filters_from_us: int) -> None:
        """Take over new values, which have been checked; a filter policy has effect from `filters_from_us` on."""
        self.attributes.update(attributes)
        self._delivery = DeliveryPolicy.read(self.attributes.get("DeliveryPolicy"))
        if {"FilterPolicy", "FilterPolicyScope"} & set(attributes):
            self._filters.append((filters_from_us, filter_of(self.attributes)))

    def filter_at(self, now_us: int) -> FilterPolicy | None:
        """The filter policy in effect."""
        while len(self._filters) > 1 and self._filters[1][0] <= now_us:
            self._filters.pop(0)
        return self._filters[0][1] if self._filters and self._filters[0][0] <= now_us else None

    def delivery(self, of_topic: DeliveryPolicy | None) -> DeliveryPolicy:
        """The delivery policy of an HTTP/S subscription: its own, else that of its topic, else the default."""
        return self._delivery or of_topic or DeliveryPolicy()

    def retries(self, of_topic: DeliveryPolicy | None) -> RetryPolicy:
        """When a delivery is tried again."""
        if self.protocol in ("http", "https"):
            return self.delivery(of_topic).retries
        return AWS_MANAGED if self.protocol in ("sqs", "lambda", "firehose") else CUSTOMER_MANAGED

    def shown(self, message: Message) -> str:
        """The text that this subscriber gets of a message."""
        return message.text(self.protocol)


def dead_letter_arn(attributes: Mapping[str, str]) -> str:
    """The queue that a RedrivePolicy names; "" if there is none. Raises ValueError if it is no JSON object."""
    policy = json.loads(attributes.get("RedrivePolicy") or "{}")
    if not isinstance(policy, dict):
        raise ValueError("no JSON object")
    return str(policy.get("deadLetterTargetArn", ""))


def filter_of(attributes: Mapping[str, str]) -> FilterPolicy | None:
    """The filter policy of a subscription. Raises InvalidParameter."""
    text = attributes.get("FilterPolicy", "")
    if text in ("", "{}"):
        return None
    return FilterPolicy(text, attributes.get("FilterPolicyScope", ATTRIBUTES))
