"""The SNS data plane: which call goes where."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, cast

from helpers.cloud import Account, DataPlane
from helpers.dataplane.sns.access import Access
from helpers.dataplane.sns.confirmations import Confirmations
from helpers.dataplane.sns.control import Control
from helpers.dataplane.sns.deliveries import Deliveries
from helpers.dataplane.sns.endpoints import Endpoints
from helpers.dataplane.sns.mailboxes import Mail, Mailboxes
from helpers.dataplane.sns.metrics import Metrics
from helpers.dataplane.sns.models import Models
from helpers.dataplane.sns.publishing import Publishing
from helpers.dataplane.sns.targets import Targets
from helpers.dataplane.sns.topics import Topics

if TYPE_CHECKING:
    from helpers.dataplane import Cloud


class Sns(DataPlane):
    """SNS as AWS documents it: moto holds topics and subscriptions, this plane delivers.

    `models` holds the labelled assumptions. Rules and differences: `helpers.dataplane.rules`.
    """

    service: ClassVar[str] = "sns"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        cloud = cast("Cloud", account)
        self.models = Models()
        self._endpoints = Endpoints(account)
        self._mailboxes = Mailboxes(account)
        topics, metrics = Topics(account), Metrics(cloud.telemetry)
        targets = Targets(account, Access(account))
        self._deliveries = Deliveries(cloud, self.models, metrics, targets, self._endpoints, self._mailboxes)
        publishing = Publishing(topics, self.models, metrics, self._deliveries.fan_out)
        confirmations = Confirmations(account, topics, self._endpoints, self._mailboxes)
        Control(account, topics, self.models, confirmations)
        account.answer("sns", "Publish", publishing.publish)
        account.answer("sns", "PublishBatch", publishing.publish_batch)
        account.on_delivery("sns", publishing.deliver)

    def endpoint(self, url: str, handler: Callable[[dict[str, str], str], int | None]) -> None:
        """A web server at `url`, a labelled model: no request leaves the machine.

        `handler` gets the headers and the body of each request, may sleep in virtual time and make boto3 calls, and
        returns the HTTP status (None is 200). If it raises, the server answers 500. A URL without a handler does not
        answer.
        """
        self._endpoints.add(url, handler)

    def mails(self, address: str | None = None) -> tuple[Mail, ...]:
        """The e-mails that were sent, or those to one `address`; `Mail.token` confirms a subscription."""
        return tuple(mail for mail in self._mailboxes.mails if address in (None, mail.to))

    def outage(self, endpoint: str, duration_s: float) -> None:
        """From now on, for `duration_s` virtual seconds, what is behind an `endpoint` (the ARN of a queue, function or
        stream, a URL or an address) answers SNS with server-side errors: a labelled model of a service that is down.
        """
        self._deliveries.outage(endpoint, duration_s)
