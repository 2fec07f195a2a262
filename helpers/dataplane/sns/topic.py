"""A topic, as its attributes set it, with its subscriptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from helpers.dataplane.sns.deduplication import Deduplication
from helpers.dataplane.sns.limits import MESSAGE_BYTES
from helpers.dataplane.sns.quota import Rate
from helpers.dataplane.sns.retries import DeliveryPolicy
from helpers.dataplane.sns.subscription import Subscription


@dataclass
class Topic:
    """One topic. `attributes` are those that CreateTopic and SetTopicAttributes gave it."""

    arn: str
    attributes: dict[str, str] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    deduplication: Deduplication = field(default_factory=Deduplication)
    rate: Rate = field(default_factory=Rate)
    byte_rate: Rate = field(default_factory=Rate)
    group_rates: dict[str, Rate] = field(default_factory=dict)
    delivery: DeliveryPolicy | None = None
    maximum_bytes: int = MESSAGE_BYTES
    fifo: bool = False
    content_deduplication: bool = False
    per_group: bool = False
    """FifoThroughputScope is MessageGroup."""

    @property
    def name(self) -> str:
        """The topic's name, the last part of its ARN."""
        return self.arn.rpartition(":")[2]

    @property
    def region(self) -> str:
        """The Region the topic is in."""
        return self.arn.split(":")[3]

    @property
    def account_id(self) -> str:
        """The account that owns the topic."""
        return self.arn.split(":")[4]

    def set(self, attributes: Mapping[str, str]) -> None:
        """Take over new values, which have been checked."""
        self.attributes.update(attributes)
        given = self.attributes
        self.delivery = DeliveryPolicy.read(given.get("DeliveryPolicy"), topic=True)
        self.maximum_bytes = int(given.get("MaximumMessageSize", MESSAGE_BYTES))
        self.fifo = given.get("FifoTopic", "").lower() == "true"
        self.content_deduplication = given.get("ContentBasedDeduplication", "").lower() == "true"
        self.per_group = given.get("FifoThroughputScope") == "MessageGroup"
