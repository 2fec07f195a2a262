"""Recursive loops: one test a rule, named after it."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from helpers import Cloud

from .conftest import Queue
from .functions import Function, runs
from .test_lambda_async import metric, send, settings
from .test_lambda_mapping_sqs import mapped
from .topics import let_invoke

# Sends each message of its batch back to the queue that it comes from.
AGAIN = """
import boto3

def handler(event, context):
    for record in event["Records"]:
        if record["body"] == "other":
            continue
        name = record["eventSourceARN"].rpartition(":")[2]
        sqs = boto3.client("sqs")
        sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"], MessageBody=record["body"])
"""

# Invokes the function that the event names.
CALLS = """
import boto3, json

def handler(event, context):
    kind = event.get("kind", "Event")
    payload = json.dumps({**event, "name": event["other"], "other": event["name"]})
    answer = boto3.client("lambda").invoke(FunctionName=event["other"], InvocationType=kind, Payload=payload)
    return json.loads(answer["Payload"].read() or "null")
"""


@pytest.fixture(autouse=True)
def plain(cloud: Cloud) -> None:
    """Environments start and mappings begin at once."""
    models = cloud.plane("lambda").models
    models.init_s = models.mapping_s = 0


def counted(cloud: Cloud, name: str = "f") -> dict[str | None, int]:
    """How many runs of a function ended with which error."""
    return Counter(run["error"] for run in runs(cloud, name))


def test_loop_through_a_queue_is_stopped_after_16_runs(cloud: Cloud) -> None:
    function, dead = Function(cloud, AGAIN), Queue(cloud, "dead")
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 2})
    queue = Queue(cloud, RedrivePolicy=policy)
    mapped(function, queue)
    queue.send("round")
    cloud.advance(300)
    assert counted(cloud) == {None: 16, "RecursiveInvocationException": 2}
    assert dead.bodies() == ["round"], "the message is retried, in vain, until it has been received too often"
    assert metric(cloud, "RecursiveInvocationsDropped") == [2]


def test_loop_does_not_stop_other_messages(cloud: Cloud) -> None:
    function, queue = Function(cloud, AGAIN), Queue(cloud, VisibilityTimeout=300)
    mapped(function, queue, BatchSize=1)
    queue.send("round")
    cloud.advance(60)
    queue.send("other")
    cloud.advance(60)
    assert counted(cloud) == {None: 17, "RecursiveInvocationException": 1}


def test_loop_of_functions_is_stopped(cloud: Cloud) -> None:
    failures = Queue(cloud, "failures")
    function = Function(cloud, CALLS)
    Function(cloud, CALLS, name="g")
    settings(function, DestinationConfig={"OnFailure": {"Destination": failures.arn}})
    send(function, {"name": "f", "other": "g"})
    cloud.advance(60)
    assert counted(cloud) == {None: 16, "RecursiveInvocationException": 1}
    assert counted(cloud, "g") == {None: 16}
    (record,) = [json.loads(body) for body in failures.bodies()]
    assert record["requestPayload"]["name"] == "f"


def test_loop_of_synchronous_calls_is_stopped(cloud: Cloud) -> None:
    function = Function(cloud, CALLS, Timeout=60)
    reply = function.invoke({"name": "f", "other": "f", "kind": "RequestResponse"})
    cloud.advance(1)
    assert counted(cloud) == {None: 15, "RecursiveInvocationException": 1}, "the 16th run hears of it"
    assert reply.error is None


def test_loop_through_a_topic_and_a_bucket_is_stopped(cloud: Cloud) -> None:
    sns, s3 = cloud.client("sns"), cloud.client("s3")
    topic = sns.create_topic(Name="t")["TopicArn"]
    publisher = Function(
        cloud,
        f"import boto3\ndef handler(event, context):\n"
        f"    boto3.client('sns').publish(TopicArn='{topic}', Message='again')\n",
    )
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=publisher.arn)
    let_invoke(cloud, "f", topic)
    s3.create_bucket(Bucket="loop")
    writer = Function(
        cloud,
        "import boto3\ndef handler(event, context):\n"
        "    boto3.client('s3').put_object(Bucket='loop', Key='k', Body=b'')\n",
        name="w",
    )
    wanted = [{"LambdaFunctionArn": writer.arn, "Events": ["s3:ObjectCreated:*"]}]
    s3.put_bucket_notification_configuration(
        Bucket="loop", NotificationConfiguration={"LambdaFunctionConfigurations": wanted}
    )
    sns.publish(TopicArn=topic, Message="first")
    s3.put_object(Bucket="loop", Key="k", Body=b"")
    cloud.advance(60)
    for name in ("f", "w"):
        assert counted(cloud, name) == {None: 16, "RecursiveInvocationException": 1}


def test_loop_may_be_allowed(cloud: Cloud) -> None:
    function, queue = Function(cloud, AGAIN), Queue(cloud, DelaySeconds=1)
    client = function.client
    assert client.get_function_recursion_config(FunctionName="f")["RecursiveLoop"] == "Terminate"
    client.put_function_recursion_config(FunctionName="f", RecursiveLoop="Allow")
    mapped(function, queue)
    queue.send("round")
    cloud.advance(30.5)
    assert counted(cloud) == {None: 30}
    assert client.get_function_recursion_config(FunctionName="f")["RecursiveLoop"] == "Allow"
