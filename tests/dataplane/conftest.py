"""A Cloud without latency, and a short way to talk to one of its queues."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from helpers import Cloud


class Queue:
    """One queue of a Cloud through boto3."""

    def __init__(self, cloud: Cloud, name: str = "q", **attributes: Any) -> None:
        self.cloud, self.sqs = cloud, cloud.client("sqs")
        if name.endswith(".fifo"):
            attributes["FifoQueue"] = "true"
        texts = {key: str(value) for key, value in attributes.items()}
        self.url = self.sqs.create_queue(QueueName=name, Attributes=texts)["QueueUrl"]
        self.arn = self.attribute("QueueArn") or ""

    def attribute(self, name: str) -> str | None:
        reply = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=[name])
        value: str | None = reply.get("Attributes", {}).get(name)
        return value

    def set(self, **attributes: Any) -> None:
        texts = {key: str(value) for key, value in attributes.items()}
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes=texts)

    def counts(self) -> tuple[int, int, int]:
        """Messages available, delayed and in flight."""
        names = ["ApproximateNumberOfMessages" + end for end in ("", "Delayed", "NotVisible")]
        shown = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        available, delayed, in_flight = (int(shown[name]) for name in names)
        return available, delayed, in_flight

    def send(
        self, body: str, group: str | None = None, dedup: str | None = None, **more: Any
    ) -> dict[str, Any]:
        if group is not None:
            more["MessageGroupId"] = group
        if dedup is not None:
            more["MessageDeduplicationId"] = dedup
        reply: dict[str, Any] = self.sqs.send_message(QueueUrl=self.url, MessageBody=body, **more)
        return reply

    def receive(self, most: int = 1, **more: Any) -> list[dict[str, Any]]:
        reply = self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=most, MessageSystemAttributeNames=["All"], **more
        )
        messages: list[dict[str, Any]] = reply.get("Messages", [])
        return messages

    def bodies(self, most: int = 10, **more: Any) -> list[str]:
        return [message["Body"] for message in self.receive(most, **more)]

    def delete(self, message: dict[str, Any]) -> None:
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def change(self, message: dict[str, Any], seconds: int) -> None:
        handle = message["ReceiptHandle"]
        self.sqs.change_message_visibility(QueueUrl=self.url, ReceiptHandle=handle, VisibilityTimeout=seconds)


def refused(call: Callable[..., Any], *arguments: Any, **options: Any) -> str:
    """The error code with which the call is refused."""
    with pytest.raises(ClientError) as caught:
        call(*arguments, **options)
    code: str = caught.value.response["Error"]["Code"]
    return code


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with Cloud(seed=3) as opened:
        opened.api_latency_s = 0
        yield opened
