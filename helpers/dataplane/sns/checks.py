"""What AWS refuses in the attributes of topics and subscriptions.

Pages: API/API_SetTopicAttributes.html, API/API_Subscribe.html, GUIDE/fifo-high-throughput.html,
GUIDE/fifo-message-delivery.html, GUIDE/fifo-message-durability.html, GUIDE/sns-dead-letter-queues.html, QUOTAS.
"""

from __future__ import annotations

from collections.abc import Mapping

from helpers.dataplane.sns import errors
from helpers.dataplane.sns.limits import (
    FIFO_SUBSCRIPTIONS,
    FILTER_POLICIES,
    FIREHOSE_SUBSCRIPTIONS,
    LARGE_TOPIC_PROTOCOLS,
    LARGE_TOPIC_SUBSCRIPTIONS,
    MESSAGE_BYTES,
    MESSAGE_BYTES_RANGE,
)
from helpers.dataplane.sns.retries import DeliveryPolicy
from helpers.dataplane.sns.subscription import RAW_PROTOCOLS, Subscription, dead_letter_arn, filter_of
from helpers.dataplane.sns.topic import Topic

_FIFO_ONLY = ("ContentBasedDeduplication", "FifoThroughputScope", "ArchivePolicy")
_SCOPES = ("Topic", "MessageGroup")


def check_topic(attributes: Mapping[str, str], *, fifo: bool, topic: Topic | None = None) -> None:
    """Raise InvalidParameter for attributes that a topic of this type, or this very `topic`, must not get."""
    for name in _FIFO_ONLY:
        if name in attributes and not fifo and str(attributes[name]).lower() != "false":
            raise errors.invalid(name, "The attribute applies to FIFO topics only")
    scope = attributes.get("FifoThroughputScope")
    if scope is not None and (
        scope not in _SCOPES or (topic is not None and topic.per_group and scope == "Topic")
    ):
        raise errors.invalid("FifoThroughputScope", "MessageGroup cannot be changed back to Topic")
    if "MaximumMessageSize" in attributes:
        _check_size(attributes["MaximumMessageSize"], topic)
    DeliveryPolicy.read(attributes.get("DeliveryPolicy"), topic=True)


def _check_size(given: str, topic: Topic | None) -> None:
    low, high = MESSAGE_BYTES_RANGE
    if not str(given).isdigit() or not low <= int(given) <= high:
        raise errors.invalid("MaximumMessageSize", f"The value lies between {low} and {high}")
    if int(given) > MESSAGE_BYTES and topic is not None:
        protocols = {one.protocol for one in topic.subscriptions.values()}
        if len(topic.subscriptions) > LARGE_TOPIC_SUBSCRIPTIONS or not protocols <= set(
            LARGE_TOPIC_PROTOCOLS
        ):
            raise errors.invalid(
                "MaximumMessageSize",
                "More than 256 KiB needs at most 100 subscriptions, all of them to SQS, Data Firehose or Lambda",
            )


def check_subscription(
    topic: Topic, protocol: str, endpoint: str, attributes: Mapping[str, str], known: Subscription | None
) -> None:
    """Raise for a subscription, or for new `attributes` of one that is `known`, that AWS would not take.

    Raises InvalidParameter, SubscriptionLimitExceeded and FilterPolicyLimitExceeded.
    """
    if known is None:
        _check_place(topic, protocol, attributes)
    together = {**(known.attributes if known else {}), **attributes}
    if "RawMessageDelivery" in attributes:
        raw = attributes["RawMessageDelivery"].lower()
        if raw not in ("true", "false"):
            raise errors.invalid("RawMessageDelivery")
        if raw == "true" and protocol not in RAW_PROTOCOLS:
            raise errors.invalid(f"Delivery protocol [{protocol}] does not support raw message delivery.")
    if attributes.get("DeliveryPolicy"):
        if protocol not in ("http", "https"):
            raise errors.invalid("DeliveryPolicy", "Only HTTP/S subscriptions can have a delivery policy")
        DeliveryPolicy.read(attributes["DeliveryPolicy"])
    if attributes.get("RedrivePolicy"):
        _check_redrive(topic, protocol, endpoint, attributes)
    if {"FilterPolicy", "FilterPolicyScope"} & set(attributes) and filter_of(together) is not None:
        others = [
            one for one in topic.subscriptions.values() if one is not known and filter_of(one.attributes)
        ]
        if len(others) >= FILTER_POLICIES:
            raise errors.too_many_filters()


def _check_place(topic: Topic, protocol: str, attributes: Mapping[str, str]) -> None:
    if topic.fifo:
        if protocol != "sqs":
            raise errors.invalid("Endpoint", "FIFO SNS topics deliver to SQS queues only")
        if len(topic.subscriptions) >= FIFO_SUBSCRIPTIONS:
            raise errors.too_many_subscriptions()
    if topic.maximum_bytes > MESSAGE_BYTES and (
        protocol not in LARGE_TOPIC_PROTOCOLS or len(topic.subscriptions) >= LARGE_TOPIC_SUBSCRIPTIONS
    ):
        raise errors.invalid("Protocol", "The topic takes messages of more than 256 KiB")
    if protocol == "firehose":
        if not attributes.get("SubscriptionRoleArn"):
            raise errors.invalid("SubscriptionRoleArn", "A Firehose subscription needs a role")
        if sum(one.protocol == "firehose" for one in topic.subscriptions.values()) >= FIREHOSE_SUBSCRIPTIONS:
            raise errors.too_many_subscriptions()


def _check_redrive(topic: Topic, protocol: str, endpoint: str, attributes: Mapping[str, str]) -> None:
    """The dead-letter queue is in the same account and Region, and of the type of the subscribed queue."""
    try:
        parts = dead_letter_arn(attributes).split(":")
    except ValueError:
        raise errors.invalid("RedrivePolicy", "failed to parse JSON.") from None
    if len(parts) != 6 or parts[2] != "sqs":  # arn:partition:sqs:region:account:name
        raise errors.invalid("RedrivePolicy: deadLetterTargetArn is an invalid arn")
    if parts[3:5] != [topic.region, topic.account_id]:
        raise errors.invalid(
            "RedrivePolicy: the dead-letter queue must be in the account and Region of the subscription"
        )
    fifo = topic.fifo and protocol == "sqs" and endpoint.endswith(".fifo")
    if parts[5].endswith(".fifo") is not fifo:
        kind = "FIFO" if fifo else "standard"
        raise errors.invalid(
            f"RedrivePolicy: this subscription needs a {kind} queue as its dead-letter queue"
        )
