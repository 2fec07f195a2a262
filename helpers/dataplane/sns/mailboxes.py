"""E-mail subscribers: what they were sent, kept for a look. Nothing is sent."""

from __future__ import annotations

import re
from typing import NamedTuple

from helpers.cloud import Account
from helpers.dataplane.sns import envelope
from helpers.dataplane.sns.message import Message
from helpers.dataplane.sns.subscription import Subscription

_TOKEN = re.compile(r"Token=(\w+)")


class Mail(NamedTuple):
    """An e-mail that arrived at `time_s` (seconds since the Cloud was opened)."""

    time_s: float
    to: str
    subject: str
    body: str

    @property
    def token(self) -> str:
        """What confirms the subscription; "" if the mail does not ask for it."""
        found = _TOKEN.search(self.body)
        return found[1] if found else ""


class Mailboxes:
    """The mails of all addresses, in the order of their arrival. The wording around the message is an assumption."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.mails: list[Mail] = []

    def notify(self, message: Message, subscription: Subscription) -> None:
        """Put a notification into the mailbox: the text, or the envelope for email-json."""
        as_json = subscription.protocol == "email-json"
        body = envelope.notification(message, subscription) if as_json else message.text("email")
        self.put(subscription.endpoint, message.subject or "AWS Notification Message", body)

    def put(self, to: str, subject: str, body: str) -> None:
        """A mail arrives."""
        self.mails.append(Mail(self._account.now, to, subject, body))
        self._account.record("sns", "SendEmail", {"Endpoint": to, "Subject": subject})
