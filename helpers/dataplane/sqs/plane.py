"""The SQS data plane: which call goes where."""

from __future__ import annotations

from typing import ClassVar

from helpers.cloud import Account, DataPlane
from helpers.dataplane.sqs.control import Control
from helpers.dataplane.sqs.fifo import FifoQueue
from helpers.dataplane.sqs.limits import SECOND_US
from helpers.dataplane.sqs.models import Models
from helpers.dataplane.sqs.moves import Moves
from helpers.dataplane.sqs.queues import Queues
from helpers.dataplane.sqs.receipts import Receipts
from helpers.dataplane.sqs.receiving import Receiving
from helpers.dataplane.sqs.sending import Sending
from helpers.dataplane.sqs.standard import StandardQueue


class Sqs(DataPlane):
    """SQS as AWS documents it: moto holds the queues, this plane their messages.

    `models` holds the labelled assumptions. Rules and differences: `helpers.dataplane.rules`.
    """

    service: ClassVar[str] = "sqs"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self.models = Models()
        self._queues = Queues(account, self.models)
        sending, receiving = Sending(self._queues), Receiving(self._queues)
        receipts, moves, control = Receipts(self._queues), Moves(self._queues), Control(self._queues)
        answers = {
            "SendMessage": sending.send_message,
            "SendMessageBatch": sending.send_message_batch,
            "ReceiveMessage": receiving.receive_message,
            "DeleteMessage": receipts.delete_message,
            "DeleteMessageBatch": receipts.delete_message_batch,
            "ChangeMessageVisibility": receipts.change_message_visibility,
            "ChangeMessageVisibilityBatch": receipts.change_message_visibility_batch,
            "PurgeQueue": receipts.purge_queue,
            "GetQueueAttributes": control.get_attributes,
            "StartMessageMoveTask": moves.start,
            "ListMessageMoveTasks": moves.list,
            "CancelMessageMoveTask": moves.cancel,
        }
        for operation, answer in answers.items():
            account.answer("sqs", operation, answer)
        account.before("sqs", "CreateQueue", control.check_create)
        account.before("sqs", "SetQueueAttributes", control.check_set)
        account.amend("sqs", "DeleteQueue", control.deleted)
        for operation in ("SetQueueAttributes", "AddPermission", "RemovePermission"):
            account.amend("sqs", operation, control.changed)
        for operation in ("CreateStack", "UpdateStack", "DeleteStack", "ExecuteChangeSet"):
            account.amend("cloudformation", operation, control.all_changed)
        account.on_delivery("sqs", sending.deliver)

    def in_use(self) -> tuple[str, ...]:
        """The URLs of the home Region's queues whose messages somebody has asked for or sent, oldest first."""
        return self._queues.urls(self.account.region, self.account.account_id)

    def metrics(self, queue_url: str) -> dict[str, float]:
        """What CloudWatch would show of the queue's messages now (GUIDE/sqs-available-cloudwatch-metrics.html).

        Counts of messages, the age of the oldest one in seconds, and for FIFO queues the groups in flight, for standard
        queues the messages available outside noisy groups. Costs time in proportion to the backlog.
        """
        served = self._queues.at(queue_url, self.account.region, self.account.account_id)
        queue = served.queue
        queue.settle(self.account.now_us)
        served.line.update()
        shown = {
            "ApproximateNumberOfMessagesVisible": float(queue.visible),
            "ApproximateNumberOfMessagesNotVisible": float(queue.in_flight),
            "ApproximateNumberOfMessagesDelayed": float(queue.delayed),
            "ApproximateAgeOfOldestMessage": queue.oldest_age_us(self.account.now_us) / SECOND_US,
        }
        if isinstance(queue, FifoQueue):
            shown["ApproximateNumberOfGroupsWithInflightMessages"] = float(queue.groups_in_flight())
        elif isinstance(queue, StandardQueue):
            shown["ApproximateNumberOfMessagesVisibleInQuietGroups"] = float(queue.quiet_visible())
        return shown
