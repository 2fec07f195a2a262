"""Queues behind a topic: how a run makes them, and what the trail says reached them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from helpers.dataplane import policy
from helpers.experiments import CallRow

GUIDE = "https://docs.aws.amazon.com/sns/latest/dg/"
API = "https://docs.aws.amazon.com/sns/latest/api/"


class Queue(NamedTuple):
    """A queue of the run: its URL and its ARN."""

    url: str
    arn: str


class Message(NamedTuple):
    """A message at some moment: when, its body, and the id that SNS or SQS gave it."""

    time_s: float
    body: str
    id: str


def new_queue(sqs: Any, name: str, **attributes: str) -> Queue:
    """Create a queue. Nobody may send to it yet but its own account."""
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return Queue(url, found["Attributes"]["QueueArn"])


def let_in(sqs: Any, queue: Queue, topic_arn: str) -> None:
    """Give the queue a policy that lets this topic send (GUIDE/subscribe-sqs-queue-to-sns-topic.html)."""
    allowing = policy.of_queue(queue.arn, "sns.amazonaws.com", topic_arn)
    sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": allowing})


def subscribe(sns: Any, topic_arn: str, queue: Queue, **attributes: str) -> str:
    """Subscribe a queue with raw message delivery, so that it gets the bodies as they were published: the ARN."""
    found = sns.subscribe(
        TopicArn=topic_arn,
        Protocol="sqs",
        Endpoint=queue.arn,
        Attributes={"RawMessageDelivery": "true", **attributes},
        ReturnSubscriptionArn=True,
    )
    return str(found["SubscriptionArn"])


def published(rows: Iterable[CallRow]) -> list[Message]:
    """The messages that the topic accepted by Publish, in order; `id` is SNS's message id."""
    return [
        Message(row.end_s, row.parameters["Message"], row.response["MessageId"])
        for row in rows
        if row.operation == "Publish" and row.response
    ]


def delivered(rows: Iterable[CallRow], url: str) -> list[Message]:
    """What SNS put into the queue, in order; `id` is the queue's message id."""
    return [
        Message(row.end_s, row.parameters["MessageBody"], row.response["MessageId"])
        for row in rows
        if row.operation == "SendMessage"
        and row.actor == "sns"
        and row.parameters["QueueUrl"] == url
        and row.response
    ]


def url_of(rows: Iterable[CallRow], name: str) -> str:
    """The URL that CreateQueue gave for the queue of that name."""
    for row in rows:
        if row.operation == "CreateQueue" and row.parameters["QueueName"] == name and row.response:
            return str(row.response["QueueUrl"])
    raise LookupError(f"The trail has no CreateQueue for {name}.")
