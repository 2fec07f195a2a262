"""Subscriptions that wait for their endpoint's consent.

Pages: API/API_Subscribe.html, API/API_ConfirmSubscription.html, GUIDE/SendMessageToHttp.prepare.html.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from helpers.cloud import Account, Call
from helpers.dataplane.sns import envelope, errors
from helpers.dataplane.sns.endpoints import Endpoints
from helpers.dataplane.sns.failure import Failure
from helpers.dataplane.sns.mailboxes import Mailboxes
from helpers.dataplane.sns.message_ids import MessageIds
from helpers.dataplane.sns.retries import HTTP_DEFAULT
from helpers.dataplane.sns.subscription import Subscription
from helpers.dataplane.sns.times import iso
from helpers.dataplane.sns.topics import Topics


class Confirmations:
    """Asks endpoints for their consent, and takes it."""

    def __init__(self, account: Account, topics: Topics, endpoints: Endpoints, mailboxes: Mailboxes) -> None:
        self._account = account
        self._topics = topics
        self._endpoints = endpoints
        self._mailboxes = mailboxes
        self._ids = MessageIds(account)

    def ask(self, subscription: Subscription) -> None:
        """Send the token to the endpoint."""
        message_id = self._ids.next()
        parts = envelope.confirmation(subscription, message_id, iso(self._account.epoch_us))
        body = envelope.indented(parts)
        if subscription.protocol in ("email", "email-json"):
            text = (
                body
                if subscription.protocol == "email-json"
                else f"{parts['Message']}\n\n{parts['SubscribeURL']}"
            )
            self._mailboxes.put(subscription.endpoint, "AWS Notification - Subscription Confirmation", text)
        else:
            self._post(subscription, message_id, body, 0)

    def _post(self, subscription: Subscription, message_id: str, body: str, retry: int) -> None:
        """The confirmation is tried again as any other message is."""

        def done(failure: Failure | None) -> None:
            delay_s = HTTP_DEFAULT.delay_s(retry)
            if failure is not None and not failure.client_side and delay_s is not None:
                again = partial(self._post, subscription, message_id, body, retry + 1)
                self._account.at(delay_s, again, name="sns")

        self._endpoints.confirm(subscription, message_id, body, done)

    def confirm(self, call: Call) -> dict[str, Any]:
        """ConfirmSubscription. Raises NotFound for a missing topic, InvalidParameter for a wrong or old token."""
        topic = self._topics.at(call.parameters["TopicArn"])
        token = call.parameters["Token"]
        for subscription in topic.subscriptions.values():
            if subscription.token == token and self._account.now_us < subscription.token_ends_us:
                subscription.token = ""
                subscription.confirmed_by = token
                return {"SubscriptionArn": subscription.arn}
            if subscription.confirmed_by == token:
                return {"SubscriptionArn": subscription.arn}
        raise errors.invalid("Token")
