"""The topics of an account as the message plane knows them: moto keeps them, this module what moto forgets."""

from __future__ import annotations

from helpers.cloud import Account, ServiceError
from helpers.dataplane.sns import errors
from helpers.dataplane.sns.limits import TOKEN_US
from helpers.dataplane.sns.quota import Rate
from helpers.dataplane.sns.subscription import TO_CONFIRM, Subscription
from helpers.dataplane.sns.topic import Topic

_ASKED = ("FifoTopic", "ContentBasedDeduplication", "DeliveryPolicy")
# Attributes that moto shows of a topic that was not made by the API (CloudFormation).


class Topics:
    """All topics that were used, by ARN. Subscriptions are listed once, and again after a change."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._by_arn: dict[str, Topic] = {}
        self._stale: set[str] = set()
        self._rates: dict[tuple[str, str], Rate] = {}
        self._random = account.random_for("sns:tokens")

    def at(self, arn: str) -> Topic:
        """The topic with this ARN. Raises NotFound."""
        topic = self._by_arn.get(arn)
        if topic is None or arn in self._stale:
            topic = self._read(arn)
        return topic

    def of_subscription(self, subscription_arn: str) -> tuple[Topic, Subscription]:
        """A subscription and its topic. Raises NotFound."""
        try:
            topic = self.at(subscription_arn.rpartition(":")[0])
        except ServiceError:
            raise errors.missing_subscription() from None
        if subscription_arn not in topic.subscriptions:
            raise errors.missing_subscription()
        return topic, topic.subscriptions[subscription_arn]

    def rate(self, account_id: str, region: str) -> Rate:
        """What an account publishes in a Region."""
        return self._rates.setdefault((account_id, region), Rate())

    def changed(self, arn: str) -> None:
        """Subscriptions of the topic may have come or gone."""
        self._stale.add(arn)

    def all_changed(self) -> None:
        """Any topic may have been changed, made or deleted past the API of SNS."""
        self._stale.update(self._by_arn)

    def forget(self, arn: str) -> None:
        """The topic was deleted."""
        self._by_arn.pop(arn, None)
        self._stale.discard(arn)

    def _read(self, arn: str) -> Topic:
        try:
            topic = self._known(arn)
            topic.subscriptions = self._listed(topic)
        except ServiceError:
            self.forget(arn)
            raise errors.missing_topic() from None
        self._by_arn[arn] = topic
        self._stale.discard(arn)
        return topic

    def _known(self, arn: str) -> Topic:
        topic = self._by_arn.get(arn)
        if topic is None:
            parts = arn.split(":")
            if len(parts) != 6:  # arn:partition:sns:region:account:name
                raise errors.missing_topic()
            shown = self.account.ask(
                "sns", "GetTopicAttributes", {"TopicArn": arn}, region=parts[3], account_id=parts[4]
            )["Attributes"]
            topic = Topic(arn)
            topic.set({name: shown[name] for name in _ASKED if shown.get(name)})
        return topic

    def _listed(self, topic: Topic) -> dict[str, Subscription]:
        listed: dict[str, Subscription] = {}
        token: str | None = None
        while True:
            asked = {"TopicArn": topic.arn, **({"NextToken": token} if token else {})}
            page = self.account.ask(
                "sns", "ListSubscriptionsByTopic", asked, region=topic.region, account_id=topic.account_id
            )
            for one in page["Subscriptions"]:
                arn = one["SubscriptionArn"]
                listed[arn] = topic.subscriptions.get(arn) or self._new(topic.arn, one)
            token = page.get("NextToken")
            if not token:
                return listed

    def _new(self, topic_arn: str, shown: dict[str, str]) -> Subscription:
        made = Subscription(shown["SubscriptionArn"], topic_arn, shown["Protocol"], shown["Endpoint"])
        if made.protocol in TO_CONFIRM:
            self.issue_token(made)
        return made

    def issue_token(self, subscription: Subscription) -> None:
        """The subscription is pending until somebody returns the token that is sent to its endpoint."""
        subscription.token = f"{self._random.getrandbits(512):0128x}"
        subscription.token_ends_us = self.account.now_us + TOKEN_US
