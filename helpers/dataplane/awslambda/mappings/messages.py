"""The messages of a mapping's queue: received, filtered, deleted, by ordinary API calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

from helpers.dataplane.awslambda.limits import SECOND_US
from helpers.dataplane.awslambda.mappings.batching import written
from helpers.dataplane.awslambda.mappings.mapping import Mapping
from helpers.dataplane.awslambda.records import sqs_record
from helpers.dataplane.queue_url import queue_url

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

LONG_POLL_S = 20
"""The longest wait of a ReceiveMessage call."""

_AT_ONCE = 10  # messages that one call receives or deletes
_DEFAULT_VISIBILITY_S = 30


class Message(NamedTuple):
    """A message that was received: its id and receipt handle, its record as JSON text, and since when it is hidden."""

    id: str
    handle: str
    record: str
    size_bytes: int
    received_us: int


class Messages:
    """The messages of one queue."""

    def __init__(self, cloud: Cloud, mapping: Mapping) -> None:
        self._cloud = cloud
        self._mapping = mapping
        self._sqs = cloud.client("sqs", region_name=mapping.region)
        self._url = queue_url(mapping.source_arn)

    def receive(self, most: int, wait_s: int) -> tuple[list[Message], bool]:
        """Up to 10 messages for the function, and whether there were any messages at all.

        Those that no filter lets pass are deleted at once (invocation-eventfiltering.html). Raises ClientError.
        """
        reply = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=min(most, _AT_ONCE),
            WaitTimeSeconds=wait_s,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        )
        now_us, mapping = self._cloud.now_us, self._mapping
        passed: list[Message] = []
        dropped: list[Message] = []
        for one in reply.get("Messages", ()):
            record = sqs_record(one, mapping.source_arn, mapping.region)
            message = Message(one["MessageId"], one["ReceiptHandle"], *written(record), now_us)
            (passed if mapping.filters.passes(record) else dropped).append(message)
        self.delete(dropped)
        return passed, bool(passed or dropped)

    def delete(self, messages: Sequence[Message]) -> None:
        """Delete messages, ten a call. A message that cannot be deleted any more comes back."""
        try:
            if len(messages) == 1:
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=messages[0].handle)
                return
            for first in range(0, len(messages), _AT_ONCE):
                entries = [
                    {"Id": str(number), "ReceiptHandle": message.handle}
                    for number, message in enumerate(messages[first : first + _AT_ONCE])
                ]
                self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)
        except ClientError:
            return

    def visibility_us(self) -> int:
        """The queue's visibility timeout now, in microseconds."""
        reply = self._cloud.ask(
            "sqs",
            "GetQueueAttributes",
            {"QueueUrl": self._url, "AttributeNames": ["VisibilityTimeout"]},
            region=self._mapping.region,
        )
        return int(reply["Attributes"].get("VisibilityTimeout", _DEFAULT_VISIBILITY_S)) * SECOND_US
