"""What CloudWatch shows of a queue's messages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from helpers.dataplane import Cloud


@pytest.fixture
def cloud() -> Any:
    with Cloud(seed=18) as opened:
        yield opened


def sums(cloud: Cloud, queue_name: str) -> dict[str, list[tuple[float, float]]]:
    """Metric to (minutes since the Cloud was opened, sum of that minute)."""
    client, began = cloud.client("cloudwatch"), cloud.datetime - timedelta(seconds=cloud.now)
    found = {}
    dimensions = [{"Name": "QueueName", "Value": queue_name}]
    for metric in client.list_metrics(Namespace="AWS/SQS", Dimensions=dimensions)["Metrics"]:
        points = client.get_metric_statistics(
            Namespace="AWS/SQS",
            MetricName=metric["MetricName"],
            Dimensions=dimensions,
            StartTime=began,
            EndTime=began + timedelta(hours=1),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        found[metric["MetricName"]] = sorted(
            ((point["Timestamp"] - began) / timedelta(minutes=1), point["Sum"]) for point in points
        )
    return found


def test_metrics_count_what_calls_did(cloud: Cloud) -> None:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="four")
    entries = [{"Id": str(n), "MessageBody": "12345678"} for n in range(3)]
    sqs.send_message_batch(QueueUrl=url, Entries=entries)
    cloud.run(until=120)
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)["Messages"]
    handles = [one["ReceiptHandle"] for one in received]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=handles[0])
    sqs.delete_message(QueueUrl=url, ReceiptHandle=handles[0])  # gone already: a success all the same
    rest = [{"Id": str(n), "ReceiptHandle": handle} for n, handle in enumerate(handles[1:])]
    sqs.delete_message_batch(QueueUrl=url, Entries=rest)
    cloud.run(until=180)
    sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
    sqs.receive_message(QueueUrl=url)
    assert sums(cloud, "jobs") == {
        "NumberOfMessagesSent": [(0, 4)],
        "SentMessageSize": [(0, 4 + 3 * 8)],
        "NumberOfMessagesReceived": [(2, 4)],
        "NumberOfMessagesDeleted": [(2, 5)],
        "NumberOfEmptyReceives": [(3, 2)],
    }


def test_duplicate_of_a_fifo_queue_is_counted_apart(cloud: Cloud) -> None:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="pay.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    for _ in range(3):
        sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="1")
    assert sums(cloud, "pay.fifo") == {
        "NumberOfMessagesSent": [(0, 1)],
        "SentMessageSize": [(0, 1)],
        "NumberOfDeduplicatedSentMessages": [(0, 2)],
    }


def test_gauges_follow_every_queue(cloud: Cloud) -> None:
    cloud.plane("cloudwatch").region().gauges.follow()
    sqs = cloud.client("sqs")
    urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("a", "b")]
    sqs.send_message(QueueUrl=urls[0], MessageBody="x")
    cloud.run(until=70)
    sqs.send_message(QueueUrl=urls[1], MessageBody="y", DelaySeconds=600)
    cloud.run(until=150)
    assert sums(cloud, "a")["ApproximateNumberOfMessagesVisible"] == [(0, 1), (1, 1)]
    assert sums(cloud, "b")["ApproximateNumberOfMessagesDelayed"] == [(1, 1)]
    assert sums(cloud, "b")["ApproximateNumberOfMessagesVisible"] == [(1, 0)]
