"""From a published message to its subscribers: filters, attempts, retries, and dead-letter queues.

Each subscription goes at its own pace: what one of them waits for holds up no other. Pages:
GUIDE/sns-message-delivery-retries.html, GUIDE/sns-dead-letter-queues.html, GUIDE/fifo-topic-message-ordering.html.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from helpers.dataplane.sns.endpoints import Endpoints
from helpers.dataplane.sns.failure import Failure, unavailable
from helpers.dataplane.sns.limits import EMAILS_PER_S, SECOND_US
from helpers.dataplane.sns.mailboxes import Mailboxes
from helpers.dataplane.sns.message import Message
from helpers.dataplane.sns.metrics import Metrics
from helpers.dataplane.sns.models import Models
from helpers.dataplane.sns.retries import CUSTOMER_MANAGED
from helpers.dataplane.sns.status_log import StatusLog
from helpers.dataplane.sns.subscription import Subscription
from helpers.dataplane.sns.targets import Targets
from helpers.dataplane.sns.topic import Topic

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

_HTTP = ("http", "https")
_MAIL = ("email", "email-json")


@dataclass(slots=True, eq=False)
class _Delivery:
    """One message on its way to one subscription."""

    topic: Topic
    message: Message
    subscription: Subscription
    attempts: int = 0


class Deliveries:
    """Hands messages to subscribers until they take them, or until the delivery policy is used up."""

    def __init__(
        self,
        cloud: Cloud,
        models: Models,
        metrics: Metrics,
        targets: Targets,
        endpoints: Endpoints,
        mailboxes: Mailboxes,
    ) -> None:
        self._cloud = cloud
        self._models = models
        self._metrics = metrics
        self._log = StatusLog(cloud)
        self._targets = targets
        self._endpoints = endpoints
        self._at_once = {
            "sqs": targets.queue,
            "lambda": targets.function,
            "firehose": targets.stream,
            "email": mailboxes.notify,
            "email-json": mailboxes.notify,
        }
        self._random = cloud.random_for("sns:jitter")
        self._lines: dict[tuple[str, str], deque[_Delivery]] = {}
        self._free_us: dict[str, int] = {}
        self._outages: dict[str, int] = {}

    def outage(self, endpoint: str, duration_s: float) -> None:
        """For so many seconds the system behind an endpoint (ARN, URL or address) answers with server-side errors."""
        self._outages[endpoint] = self._cloud.now_us + round(duration_s * SECOND_US)

    def fan_out(self, topic: Topic, message: Message) -> None:
        """Send a message on its way to every confirmed subscription whose filter accepts it."""
        now_us = self._cloud.now_us
        chosen = []
        for subscription in topic.subscriptions.values():
            if subscription.token:
                continue
            policy = subscription.filter_at(now_us)
            verdict = policy.judge(message) if policy is not None else None
            if verdict:
                self._metrics.filtered(topic, verdict)
            else:
                chosen.append(_Delivery(topic, message, subscription))
        if chosen:
            self._cloud.at(self._models.delivery_s, partial(self._deliver, chosen), name="sns")

    def _deliver(self, chosen: list[_Delivery]) -> None:
        for delivery in chosen:
            if delivery.topic.fifo:
                self._join(delivery)
            else:
                self._attempt(delivery)

    # Order: a group of a FIFO topic waits while its first message is tried again

    def _join(self, delivery: _Delivery) -> None:
        line = self._lines.setdefault(_line_of(delivery), deque())
        line.append(delivery)
        if len(line) == 1:
            self._attempt(delivery)

    def _leave(self, delivery: _Delivery) -> None:
        if not delivery.topic.fifo:
            return
        line = self._lines[_line_of(delivery)]
        line.popleft()
        if line:
            self._cloud.at(0, partial(self._attempt, line[0]), name="sns")
        else:
            del self._lines[_line_of(delivery)]

    # Attempts

    def _attempt(self, delivery: _Delivery) -> None:
        """Attempt it now, or as soon as the pace of the subscription allows."""
        wait_us = self._wait_us(delivery)
        if wait_us:
            self._cloud.at(wait_us / SECOND_US, partial(self._send, delivery), name="sns")
        else:
            self._send(delivery)

    def _wait_us(self, delivery: _Delivery) -> int:
        subscription = delivery.subscription
        rate: float | None = None
        if subscription.protocol in _HTTP:
            rate = subscription.delivery(delivery.topic.delivery).receives_per_s
        elif subscription.protocol in _MAIL:
            rate = EMAILS_PER_S
        if rate is None:
            return 0
        now_us = self._cloud.now_us
        starts_us = max(now_us, self._free_us.get(subscription.arn, 0))
        self._free_us[subscription.arn] = starts_us + round(SECOND_US / rate)
        return starts_us - now_us

    def _send(self, delivery: _Delivery) -> None:
        subscription, message = delivery.subscription, delivery.message
        delivery.attempts += 1
        try:
            if self._outages and self._outages.get(subscription.endpoint, 0) > self._cloud.now_us:
                raise unavailable("The system behind the endpoint is unavailable.")
            if subscription.protocol in _HTTP:
                policy = subscription.delivery(delivery.topic.delivery)
                self._endpoints.notify(message, subscription, policy, partial(self._ended, delivery))
                return
            send = self._at_once.get(subscription.protocol)
            if send is not None:
                send(message, subscription)
            else:  # phones and apps: noted, and no more
                shown = {
                    "Protocol": subscription.protocol,
                    "Endpoint": subscription.endpoint,
                    "MessageId": message.id,
                }
                self._cloud.record("sns", "Notify", shown)
        except Failure as failure:
            self._ended(delivery, failure)
        else:
            self._ended(delivery, None)

    def _ended(self, delivery: _Delivery, failure: Failure | None) -> None:
        topic, subscription = delivery.topic, delivery.subscription
        if failure is None:
            self._metrics.count(topic, "NumberOfNotificationsDelivered")
            self._log.ended(topic, delivery.message, subscription, delivery.attempts, None)
            self._leave(delivery)
            return
        if subscription.protocol in _HTTP:
            self._metrics.count(topic, "NumberOfNotificationsFailed")
        delay_s = None if failure.client_side else self._delay_s(delivery, failure)
        if delay_s is None or subscription.arn not in topic.subscriptions:
            self._give_up(delivery, failure)
        else:
            self._cloud.at(delay_s, partial(self._attempt, delivery), name="sns")

    def _delay_s(self, delivery: _Delivery, failure: Failure) -> float | None:
        policy = delivery.subscription.retries(delivery.topic.delivery)
        if failure.throttled and delivery.subscription.protocol == "firehose":
            policy = CUSTOMER_MANAGED
        delay_s = policy.delay_s(delivery.attempts - 1)
        jitter = self._models.retry_jitter
        if delay_s and jitter:
            delay_s *= 1 - jitter * self._random.random()
        return delay_s

    def _give_up(self, delivery: _Delivery, failure: Failure) -> None:
        topic, subscription = delivery.topic, delivery.subscription
        if subscription.protocol not in _HTTP:
            self._metrics.count(topic, "NumberOfNotificationsFailed")
        self._log.ended(topic, delivery.message, subscription, delivery.attempts, failure)
        dead_letter_arn = subscription.dead_letter_arn
        moved: bool | None = None
        if dead_letter_arn:
            try:
                self._targets.send(delivery.message, subscription, dead_letter_arn)
                moved = True
            except Failure:
                moved = False
            name = (
                "NumberOfNotificationsRedrivenToDlq" if moved else "NumberOfNotificationsFailedToRedriveToDlq"
            )
            self._metrics.count(topic, name)
        shown = {
            "SubscriptionArn": subscription.arn,
            "Endpoint": subscription.endpoint,
            "MessageId": delivery.message.id,
            "Attempts": delivery.attempts,
            "DeadLetterQueue": dead_letter_arn if moved else None,
        }
        self._cloud.record("sns", "GiveUp", shown, {"Reason": failure.message}, failure.code)
        self._leave(delivery)


def _line_of(delivery: _Delivery) -> tuple[str, str]:
    return delivery.subscription.arn, delivery.message.group or ""
