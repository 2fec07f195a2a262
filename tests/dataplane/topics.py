"""A topic of a Cloud, in a few words: made, subscribed, published to."""

from __future__ import annotations

import json
from typing import Any

from helpers import Cloud
from helpers.dataplane import policy

from .conftest import Queue


def let_in(queue: Queue, topic_arn: str) -> None:
    """Give the queue a policy that lets the topic send."""
    queue.set(Policy=policy.of_queue(queue.arn, "sns.amazonaws.com", topic_arn))


def let_invoke(cloud: Cloud, function: str, topic_arn: str) -> None:
    """Give the function a policy that lets the topic invoke it."""
    cloud.client("lambda").add_permission(
        FunctionName=function,
        StatementId="topic",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=topic_arn,
    )


class Topic:
    """One topic of a Cloud through boto3."""

    def __init__(self, cloud: Cloud, name: str = "t", **attributes: Any) -> None:
        self.cloud, self.sns = cloud, cloud.client("sns")
        if name.endswith(".fifo"):
            attributes["FifoTopic"] = "true"
        texts = {key: str(value) for key, value in attributes.items()}
        self.arn: str = self.sns.create_topic(Name=name, Attributes=texts)["TopicArn"]

    def subscribe(self, protocol: str, endpoint: str, **attributes: Any) -> str:
        """Subscribe: the ARN, pending or not."""
        texts = {
            key: value if isinstance(value, str) else json.dumps(value) for key, value in attributes.items()
        }
        arn: str = self.sns.subscribe(
            TopicArn=self.arn,
            Protocol=protocol,
            Endpoint=endpoint,
            Attributes=texts,
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        return arn

    def queue(self, name: str = "q", *, raw: bool = True, allowed: bool = True, **attributes: Any) -> Queue:
        """A queue that is subscribed, raw and let in unless said otherwise."""
        queue = Queue(self.cloud, name)
        if allowed:
            let_in(queue, self.arn)
        self.subscribe("sqs", queue.arn, RawMessageDelivery="true" if raw else "false", **attributes)
        return queue

    def publish(self, message: str = "hello", **more: Any) -> dict[str, Any]:
        reply: dict[str, Any] = self.sns.publish(TopicArn=self.arn, Message=message, **more)
        return reply


def text(value: str) -> dict[str, str]:
    """A message attribute that is a text."""
    return {"DataType": "String", "StringValue": value}


def number(value: float) -> dict[str, str]:
    """A message attribute that is a number."""
    return {"DataType": "Number", "StringValue": str(value)}


def total(cloud: Cloud, name: str) -> float:
    """The sum of a metric of topic t, or t.fifo."""
    found = 0.0
    cloudwatch = cloud.client("cloudwatch")
    start = cloud.datetime.replace(year=2025)
    for topic in ("t", "t.fifo"):
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/SNS",
            MetricName=name,
            Dimensions=[{"Name": "TopicName", "Value": topic}],
            StartTime=start,
            EndTime=cloud.datetime.replace(year=2027),
            Period=86_400 * 30,
            Statistics=["Sum"],
        )["Datapoints"]
        found += sum(point["Sum"] for point in points)
    return found
