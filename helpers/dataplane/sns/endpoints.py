"""HTTP and HTTPS subscribers: a labelled model. No request leaves the machine.

An endpoint is a URL and a function that gets headers and body, may sleep in virtual time, and returns a status. A URL
without one is a server that does not answer. Pages: GUIDE/http-header.html, GUIDE/SendMessageToHttp.prepare.html,
GUIDE/sns-message-delivery-retries.html.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from helpers.cloud import Account
from helpers.dataplane.sns import envelope
from helpers.dataplane.sns.failure import Failure, unavailable
from helpers.dataplane.sns.limits import HTTP_TIMEOUT_S
from helpers.dataplane.sns.message import Message
from helpers.dataplane.sns.retries import CONTENT_TYPE, DeliveryPolicy
from helpers.dataplane.sns.subscription import Subscription

Handler = Callable[[dict[str, str], str], int | None]
Done = Callable[[Failure | None], None]

_OK, _NOT_OK, _SERVER_ERROR, _TOO_MANY = 200, 300, 500, 429


class Endpoints:
    """The web servers that subscribe."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._handlers: dict[str, Handler] = {}

    def add(self, url: str, handler: Handler) -> None:
        """From now on `handler` answers at `url`."""
        self._handlers[url] = handler

    def notify(
        self, message: Message, subscription: Subscription, policy: DeliveryPolicy, done: Done
    ) -> None:
        """Post a notification; `done` is told how it ended."""
        headers = _headers("Notification", message.id, message.topic_arn, policy.content_type)
        headers["x-amz-sns-subscription-arn"] = subscription.arn
        if subscription.raw:
            headers["x-amz-sns-rawdelivery"] = "true"
            body = message.text(subscription.protocol)
        else:
            body = envelope.notification(message, subscription)
        self.post(subscription.endpoint, headers, body, done)

    def confirm(self, subscription: Subscription, message_id: str, body: str, done: Done) -> None:
        """Ask an endpoint to confirm its subscription."""
        headers = _headers("SubscriptionConfirmation", message_id, subscription.topic_arn, CONTENT_TYPE)
        self.post(subscription.endpoint, headers, body, done)

    def post(self, url: str, headers: dict[str, str], body: str, done: Done) -> None:
        """Post to `url`. After about 15 s without an answer the attempt has failed, whatever the handler still does.

        A handler that raises is a server that answers 500.
        """
        handler = self._handlers.get(url)
        began_us, ended = self._account.now_us, False

        def end(status: int | None) -> None:
            nonlocal ended
            if ended:
                return
            ended = True
            timer.cancel()
            failure = _judged(status)
            shown = {"Endpoint": url, "MessageId": headers["x-amz-sns-message-id"]}
            response = {"StatusCode": status} if status is not None else None
            error = failure.code if failure else None
            self._account.record("sns", "HttpPost", shown, response, error, began_us=began_us)
            done(failure)

        def request() -> None:
            try:
                status = handler(dict(headers), body) if handler else None
                answered: int | None = _OK if handler and status is None else status
            except Exception:  # noqa: BLE001  # it is the learner's server that fails
                answered = _SERVER_ERROR
            self._account.at(0, partial(end, answered), name="sns")

        timer = self._account.at(HTTP_TIMEOUT_S, partial(end, None), name="sns")
        if handler is None:
            self._account.at(0, partial(end, None), name="sns")
        else:
            self._account.spawn(request, name=url, background=True)


def _headers(kind: str, message_id: str, topic_arn: str, content_type: str) -> dict[str, str]:
    return {
        "x-amz-sns-message-type": kind,
        "x-amz-sns-message-id": message_id,
        "x-amz-sns-topic-arn": topic_arn,
        "Content-Type": content_type,
        "User-Agent": "Amazon Simple Notification Service Agent",
    }


def _judged(status: int | None) -> Failure | None:
    """5xx and 429 are tried again; every other status that is no success is permanent."""
    if status is None:
        return unavailable("The endpoint does not answer.")
    if _OK <= status < _NOT_OK:
        return None
    again = status >= _SERVER_ERROR or status == _TOO_MANY
    return Failure(f"HTTP{status}", f"The endpoint answers {status}.", status=status, client_side=not again)
