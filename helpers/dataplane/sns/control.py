"""Topics and subscriptions: what AWS refuses and moto takes, and what moto forgets and AWS shows.

Pages: API/API_CreateTopic.html, API/API_SetTopicAttributes.html, API/API_Subscribe.html,
API/API_SetSubscriptionAttributes.html, GUIDE/fifo-message-delivery.html, GUIDE/sns-dead-letter-queues.html.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from helpers.cloud import Account, Call
from helpers.dataplane.sns.checks import check_subscription, check_topic
from helpers.dataplane.sns.confirmations import Confirmations
from helpers.dataplane.sns.models import Models
from helpers.dataplane.sns.retries import DeliveryPolicy
from helpers.dataplane.sns.subscription import Subscription
from helpers.dataplane.sns.topic import Topic
from helpers.dataplane.sns.topics import Topics

_OURS = ("FilterPolicy", "FilterPolicyScope", "ReplayPolicy")
# Attributes of a subscription that are kept here, and not by moto, which knows fewer of the operators.

_HIDDEN = ("FifoThroughputScope", "MaximumMessageSize", "SignatureVersion", "TracingConfig")
# Attributes of a topic that moto takes and does not show.

PENDING, SHOWN_PENDING = "pending confirmation", "PendingConfirmation"


class Control:
    """Checks, keeps and shows the configuration of topics and subscriptions."""

    def __init__(
        self, account: Account, topics: Topics, models: Models, confirmations: Confirmations
    ) -> None:
        self._account = account
        self._topics = topics
        self._models = models
        self._confirmations = confirmations
        account.answer("sns", "CreateTopic", self.create_topic)
        account.answer("sns", "SetTopicAttributes", self.set_topic)
        account.answer("sns", "Subscribe", self.subscribe)
        account.answer("sns", "SetSubscriptionAttributes", self.set_subscription)
        account.answer("sns", "ConfirmSubscription", confirmations.confirm)
        account.amend("sns", "GetTopicAttributes", self._show_topic)
        account.amend("sns", "GetSubscriptionAttributes", self._show_subscription)
        for operation in ("ListSubscriptions", "ListSubscriptionsByTopic"):
            account.amend("sns", operation, self._show_pending)
        account.amend("sns", "Unsubscribe", self._unsubscribed)
        account.amend("sns", "DeleteTopic", lambda call, _: topics.forget(call.parameters["TopicArn"]))
        for operation in ("CreateStack", "UpdateStack", "DeleteStack", "ExecuteChangeSet"):
            account.amend("cloudformation", operation, lambda _call, _response: topics.all_changed())

    # Changes

    def create_topic(self, call: Call) -> dict[str, Any]:
        """CreateTopic: the same name is the same topic."""
        attributes = call.parameters.get("Attributes") or {}
        check_topic(attributes, fifo=str(attributes.get("FifoTopic", "")).lower() == "true")
        reply = call.forward()
        topic = self._topics.at(reply["TopicArn"])
        topic.set(attributes)
        return reply

    def set_topic(self, call: Call) -> dict[str, Any]:
        """SetTopicAttributes."""
        topic = self._topics.at(call.parameters["TopicArn"])
        changed = {call.parameters["AttributeName"]: call.parameters.get("AttributeValue", "")}
        check_topic(changed, fifo=topic.fifo, topic=topic)
        reply = call.forward()
        topic.set(changed)
        return reply

    def subscribe(self, call: Call) -> dict[str, Any]:
        """Subscribe. An HTTP/S or e-mail subscription is pending until its endpoint confirms it."""
        given = call.parameters
        topic = self._topics.at(given["TopicArn"])
        attributes = dict(given.get("Attributes") or {})
        protocol, endpoint = given["Protocol"], given.get("Endpoint", "")
        known = _find(topic, protocol, endpoint)
        check_subscription(topic, protocol, endpoint, attributes, known)
        ours = {name: attributes[name] for name in _OURS if name in attributes}
        rest = {name: value for name, value in attributes.items() if name not in _OURS}
        reply = call.forward({**given, "Attributes": rest} if attributes else given)
        self._topics.changed(topic.arn)
        subscription = self._topics.at(topic.arn).subscriptions[reply["SubscriptionArn"]]
        self._set(subscription, {**rest, **ours})
        if subscription.token:
            if known is not None:
                self._topics.issue_token(subscription)
            self._account.at(
                self._models.delivery_s, lambda: self._confirmations.ask(subscription), name="sns"
            )
            if not given.get("ReturnSubscriptionArn"):
                reply["SubscriptionArn"] = PENDING
        return reply

    def set_subscription(self, call: Call) -> dict[str, Any] | None:
        """SetSubscriptionAttributes."""
        given = call.parameters
        topic, subscription = self._topics.of_subscription(given["SubscriptionArn"])
        changed = {given["AttributeName"]: given.get("AttributeValue", "")}
        check_subscription(topic, subscription.protocol, subscription.endpoint, changed, subscription)
        reply = None if given["AttributeName"] in _OURS else call.forward()
        self._set(subscription, changed)
        return reply

    def _set(self, subscription: Subscription, attributes: Mapping[str, str]) -> None:
        delay_us = round(self._models.filter_change_s * 1_000_000)
        subscription.set(attributes, self._account.now_us + delay_us)

    def _unsubscribed(self, call: Call, response: dict[str, Any]) -> None:
        self._topics.changed(call.parameters["SubscriptionArn"].rpartition(":")[0])

    # Views

    def _show_topic(self, call: Call, response: dict[str, Any]) -> None:
        topic, shown = self._topics.at(call.parameters["TopicArn"]), response["Attributes"]
        pending = sum(bool(one.token) for one in topic.subscriptions.values())
        shown["SubscriptionsPending"] = str(pending)
        shown["SubscriptionsConfirmed"] = str(len(topic.subscriptions) - pending)
        for name, value in topic.attributes.items():
            if name in _HIDDEN or "Feedback" in name:
                shown[name] = value
        if topic.delivery is not None:
            shown["EffectiveDeliveryPolicy"] = json.dumps({"http": _effective(topic.delivery, "default")})

    def _show_subscription(self, call: Call, response: dict[str, Any]) -> None:
        topic, subscription = self._topics.of_subscription(call.parameters["SubscriptionArn"])
        shown = response["Attributes"]
        shown["PendingConfirmation"] = str(bool(subscription.token)).lower()
        shown["ConfirmationWasAuthenticated"] = str(not subscription.token).lower()
        shown.update(
            {name: value for name, value in subscription.attributes.items() if value and name in _OURS}
        )
        if subscription.protocol in ("http", "https"):
            shown["EffectiveDeliveryPolicy"] = json.dumps(_effective(subscription.delivery(topic.delivery)))

    def _show_pending(self, call: Call, response: dict[str, Any]) -> None:
        for one in response.get("Subscriptions", []):
            topic = self._topics.at(one["TopicArn"])
            known = topic.subscriptions.get(one["SubscriptionArn"])
            if known is not None and known.token:
                one["SubscriptionArn"] = SHOWN_PENDING


def _find(topic: Topic, protocol: str, endpoint: str) -> Subscription | None:
    for one in topic.subscriptions.values():
        if (one.protocol, one.endpoint) == (protocol, endpoint):
            return one
    return None


def _effective(policy: DeliveryPolicy, prefix: str = "") -> dict[str, Any]:
    """The policy in the words of the attribute."""
    retries = policy.retries
    given = {
        "healthyRetryPolicy": {
            "minDelayTarget": retries.minimum_s,
            "maxDelayTarget": retries.maximum_s,
            "numRetries": retries.retries,
            "numNoDelayRetries": retries.no_delay,
            "numMinDelayRetries": retries.minimum_delay,
            "numMaxDelayRetries": retries.maximum_delay,
            "backoffFunction": retries.function,
        },
        "throttlePolicy": {"maxReceivesPerSecond": policy.receives_per_s} if policy.receives_per_s else None,
        "requestPolicy": {"headerContentType": policy.content_type},
    }
    return {
        f"{prefix}{name[0].upper()}{name[1:]}" if prefix else name: value for name, value in given.items()
    }
