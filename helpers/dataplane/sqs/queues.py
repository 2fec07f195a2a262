"""The queues of an account as the message plane knows them: found by URL or ARN, configured as moto holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from helpers.cloud import Account, Call, ServiceError
from helpers.dataplane.queue_url import queue_url
from helpers.dataplane.sqs import errors
from helpers.dataplane.sqs.configuration import Configuration
from helpers.dataplane.sqs.fifo import FifoQueue
from helpers.dataplane.sqs.message import Message
from helpers.dataplane.sqs.metrics import Metrics
from helpers.dataplane.sqs.models import Models
from helpers.dataplane.sqs.queue import Queue
from helpers.dataplane.sqs.quota import CallRate
from helpers.dataplane.sqs.standard import StandardQueue
from helpers.dataplane.sqs.waiting import Line

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

AnyQueue = StandardQueue | FifoQueue


class Served:
    """A queue, the receives that wait at it, its metrics and its count of calls."""

    def __init__(self, account: Account, queue: AnyQueue) -> None:
        self.queue = queue
        self.line = Line(account, queue)
        self.metrics = Metrics(cast("Cloud", account).telemetry, queue.configuration.arn.rsplit(":", 1)[1])
        self.rate = CallRate()
        self.stale = False
        """The configuration has to be read again before the next call."""


class Queues:
    """All queues whose messages were asked for. A configuration is read once, and again after a change."""

    def __init__(self, account: Account, models: Models) -> None:
        self.account = account
        self.models = models
        self.random = account.random_for("sqs")
        self._by_arn: dict[str, Served] = {}
        self._by_url: dict[tuple[str, str, str], Served] = {}

    def of(self, call: Call) -> Served:
        """The queue that a call names by QueueUrl. Raises NonExistentQueue.

        The account in the URL owns the queue, whoever calls (API/API_SendMessage.html, QueueUrl).
        """
        url = call.parameters["QueueUrl"]
        served = self._by_url.get((call.region, call.account_id, url))
        if served is None:
            served = self.at(url, call.region, call.account_id)
            self._by_url[call.region, call.account_id, url] = served
        elif served.stale:
            served = self._read(served.queue.configuration.arn)
        return served

    def at(self, url: str, region: str, account_id: str) -> Served:
        """The queue at a URL, or of a bare name. Raises NonExistentQueue."""
        parts = url.rsplit("/", 2)
        owner = parts[1] if len(parts) == 3 and parts[1].isdigit() else account_id
        return self.named(parts[-1], region, owner)

    def named(self, name: str, region: str, account_id: str) -> Served:
        """The queue of this name. Raises NonExistentQueue."""
        return self.by_arn(f"arn:{_partition(region)}:sqs:{region}:{account_id}:{name}")

    def by_arn(self, arn: str) -> Served:
        """The queue with this ARN. Raises NonExistentQueue."""
        served = self._by_arn.get(arn)
        return self._read(arn) if served is None or served.stale else served

    def find(self, arn: str) -> Served | None:
        """The queue with this ARN, or None if there is none."""
        try:
            return self.by_arn(arn)
        except ServiceError:
            return None

    def urls(self, region: str, account_id: str) -> tuple[str, ...]:
        """The URLs of an account's known queues in a Region, in the order in which they became known."""
        start = f"arn:{_partition(region)}:sqs:{region}:{account_id}:"
        return tuple(queue_url(arn) for arn in self._by_arn if arn.startswith(start))

    def changed(self, name: str, region: str, account_id: str) -> None:
        """The configuration of a queue may have changed."""
        served = self._by_arn.get(f"arn:{_partition(region)}:sqs:{region}:{account_id}:{name}")
        if served is not None:
            served.stale = True

    def all_changed(self) -> None:
        """Any queue may have been changed, made or deleted past the SQS API."""
        for served in self._by_arn.values():
            served.stale = True

    def forget(self, arn: str) -> None:
        """The queue was deleted: its messages are gone, and receives that wait at it fail."""
        served = self._by_arn.pop(arn, None)
        if served is not None:
            served.queue.deleted = True
            self._by_url = {key: other for key, other in self._by_url.items() if other is not served}
            served.line.wake_all()

    def _read(self, arn: str) -> Served:
        known = self._by_arn.get(arn)
        try:
            configuration = self._ask(arn)
        except ServiceError:
            self.forget(arn)
            raise errors.missing_queue() from None
        if known is not None and _created(known.queue.configuration) == _created(configuration):
            known.stale = False
            known.queue.configure(configuration, self.account.now_us)
            known.line.update()
            return known
        self.forget(arn)
        kind = FifoQueue if configuration.fifo else StandardQueue
        served = Served(self.account, kind(configuration, self.models, self.random))
        served.queue.dead_letter = self._dead_letter
        self._by_arn[arn] = served
        return served

    def _ask(self, arn: str) -> Configuration:
        _, _, _, region, account_id, _ = arn.split(":", 5)
        parameters = {"QueueUrl": queue_url(arn), "AttributeNames": ["All"]}
        reply = self.account.ask(
            "sqs", "GetQueueAttributes", parameters, region=region, account_id=account_id
        )
        return Configuration.of(reply["Attributes"])

    def _dead_letter(self, queue: Queue, message: Message, now_us: int) -> bool:
        """Move a message to its dead-letter queue. Without that queue it stays and is handed out again."""
        redrive = queue.configuration.redrive
        target = self.find(redrive.dead_letter_arn) if redrive is not None else None
        if target is None:
            return False
        target.queue.settle(now_us)
        target.queue.take_in(message, queue.configuration.arn, now_us)
        target.line.update()
        return True


def _partition(region: str) -> str:
    for prefix, partition in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
        if region.startswith(prefix):
            return partition
    return "aws"


def _created(configuration: Configuration) -> str | None:
    return configuration.attributes.get("CreatedTimestamp")
