"""What moto itself would put into a service, handed to that service's data plane.

SNS, EventBridge and S3 deliver to SQS inside moto by calling the queue's backend, past the API. A data plane
that holds the messages must hear of them.
"""

from __future__ import annotations

from typing import Any

from moto.sqs.models import Message, SQSBackend

from helpers.cloud.touch import replace

_put_into_moto = SQSBackend.send_message


def _send_message(
    self: SQSBackend,
    queue_name: str,
    message_body: str,
    message_attributes: dict[str, Any] | None = None,
    delay_seconds: int | None = None,
    deduplication_id: str | None = None,
    group_id: str | None = None,
    system_attributes: dict[str, Any] | None = None,
    validate_group_id: bool = True,
) -> Message:
    from helpers.cloud.transport import account_at_work

    account = account_at_work()
    if account is not None:
        account.use("sqs")
    receiver = account.hooks.deliveries.get("sqs") if account is not None else None
    if receiver is None:
        return _put_into_moto(
            self,
            queue_name,
            message_body,
            message_attributes,
            delay_seconds,
            deduplication_id,
            group_id,
            system_attributes,
            validate_group_id,
        )
    queue = self.get_queue(queue_name)
    message_id = receiver(
        queue.queue_arn,
        {
            "body": message_body,
            "attributes": message_attributes or {},
            "delay_seconds": delay_seconds,
            "deduplication_id": deduplication_id,
            "group_id": group_id,
            "system_attributes": system_attributes or {},
        },
    )
    message = Message(str(message_id), message_body, system_attributes)
    message.message_attributes = message_attributes or {}
    return message


def install() -> None:
    """Wrap the method by which moto's services write to a queue."""
    replace(SQSBackend, "send_message", _send_message, because="a queue's data plane hears of deliveries")
