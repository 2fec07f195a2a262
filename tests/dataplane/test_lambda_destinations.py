"""Destinations and dead-letter queues of asynchronous invocations: one test a rule, named after it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers import Cloud

from .conftest import Queue
from .functions import Function, runs
from .test_lambda_async import FAILS, WORKS, metric, send, settings
from .topics import let_in

REGION = "arn:aws:{}:us-east-1:123456789012:"


@pytest.fixture(autouse=True)
def plain(cloud: Cloud) -> None:
    """Environments start at once, so that times are those of the queue alone."""
    cloud.plane("lambda").models.init_s = 0


def to(function: Function, condition: str, target: str) -> None:
    settings(function, MaximumRetryAttempts=0, DestinationConfig={condition: {"Destination": target}})


def record_in(queue: Queue) -> dict[str, Any]:
    (body,) = queue.bodies()
    record: dict[str, Any] = json.loads(body)
    return record


def made_by_lambda(cloud: Cloud, operation: str) -> list[tuple[float, str | None]]:
    trail = cloud.trail
    rows = trail[(trail.actor == "lambda") & (trail.operation == operation)]
    return list(zip(rows.time_s, rows.error, strict=True))


def test_destination_record_of_a_failure(cloud: Cloud) -> None:
    failures = Queue(cloud, "failures")
    function = Function(cloud, FAILS)
    settings(function, DestinationConfig={"OnFailure": {"Destination": failures.arn}})
    answer = send(function, {"order": 7})
    cloud.advance(179)
    assert failures.bodies() == []
    cloud.advance(1)
    record = record_in(failures)
    assert record.pop("responsePayload")["errorType"] == "ValueError"
    assert record == {
        "version": "1.0",
        "timestamp": "2026-01-05T09:03:00.000Z",
        "requestContext": {
            "requestId": answer["ResponseMetadata"]["RequestId"],
            "functionArn": f"{function.arn}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": {"order": 7},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
    }
    assert made_by_lambda(cloud, "SendMessage") == [(180, None)]


def test_destination_record_of_a_success(cloud: Cloud) -> None:
    done, failures = Queue(cloud, "done"), Queue(cloud, "failures")
    function = Function(cloud, WORKS)
    config = {"OnSuccess": {"Destination": done.arn}, "OnFailure": {"Destination": failures.arn}}
    settings(function, DestinationConfig=config)
    send(function, {"order": 7})
    cloud.advance(1)
    record = record_in(done)
    assert record["requestContext"]["condition"] == "Success"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    assert record["responsePayload"] == {"seen": {"order": 7}}
    assert failures.bodies() == []


def test_destination_names_alias_and_version(cloud: Cloud) -> None:
    done = Queue(cloud, "done")
    function = Function(cloud, WORKS)
    version = function.publish()
    function.client.create_alias(FunctionName="f", Name="prod", FunctionVersion=version)
    function.client.put_function_event_invoke_config(
        FunctionName="f", Qualifier="prod", DestinationConfig={"OnSuccess": {"Destination": done.arn}}
    )
    send(function, Qualifier="prod")
    cloud.advance(1)
    record = record_in(done)
    assert record["requestContext"]["functionArn"] == f"{function.arn}:prod"
    assert record["responseContext"]["executedVersion"] == version


def test_destination_topic(cloud: Cloud) -> None:
    sns, heard = cloud.client("sns"), Queue(cloud, "heard")
    topic = sns.create_topic(Name="t")["TopicArn"]
    raw = {"RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=heard.arn, Attributes=raw)
    let_in(heard, topic)
    function = Function(cloud, FAILS)
    to(function, "OnFailure", topic)
    send(function)
    cloud.advance(1)
    assert record_in(heard)["requestContext"]["condition"] == "RetriesExhausted"


def test_destination_function(cloud: Cloud) -> None:
    next_one = Function(
        cloud, "def handler(event, context):\n    print(event['responsePayload'])\n", name="next"
    )
    function = Function(cloud, WORKS)
    to(function, "OnSuccess", next_one.arn)
    send(function, 1)
    cloud.advance(1)
    assert [(run["FunctionName"], run["InvocationType"]) for run in runs(cloud)] == [
        ("f", "Event"),
        ("next", "Event"),
    ]
    assert made_by_lambda(cloud, "Invoke") == [(0, None)]


@pytest.mark.parametrize(("source", "kind"), [(WORKS, "Success"), (FAILS, "Failure")])
def test_destination_event_bus(cloud: Cloud, source: str, kind: str) -> None:
    events, heard = cloud.client("events"), Queue(cloud, "heard")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
    }
    heard.set(
        Policy=json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": heard.arn}]})
    )
    bus = events.create_event_bus(Name="bus")["EventBusArn"]
    events.put_rule(Name="r", EventBusName="bus", EventPattern=json.dumps({"source": ["lambda"]}))
    events.put_targets(Rule="r", EventBusName="bus", Targets=[{"Id": "1", "Arn": heard.arn}])
    function = Function(cloud, source)
    to(function, "OnSuccess" if kind == "Success" else "OnFailure", bus)
    send(function, {"n": 1})
    cloud.advance(1)
    event = record_in(heard)
    assert event["detail-type"] == f"Lambda Function Invocation Result - {kind}"
    assert event["resources"] == [f"{function.arn}:$LATEST", bus]
    assert event["detail"]["requestPayload"] == {"n": 1}


def test_destination_bucket_for_failures(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="failures")
    function = Function(cloud, FAILS)
    to(function, "OnFailure", "arn:aws:s3:::failures")
    cloud.advance(3661)
    send(function, {"n": 1})
    cloud.advance(1)
    (stored,) = s3.list_objects_v2(Bucket="failures")["Contents"]
    folder, _, unique = stored["Key"].partition("10.01.01-")
    assert folder == "aws/lambda/async/f/2026/01/05/2026-01-05T"
    assert len(unique) == 36
    record = json.loads(s3.get_object(Bucket="failures", Key=stored["Key"])["Body"].read())
    assert record["requestPayload"] == {"n": 1}


@pytest.mark.parametrize("target", ["sqs:fifo", "sns:fifo", "sqs:missing"])
def test_destination_that_refuses_is_counted(cloud: Cloud, target: str) -> None:
    if target == "sqs:fifo":
        arn = Queue(cloud, "q.fifo").arn
    elif target == "sns:fifo":
        made = cloud.client("sns").create_topic(Name="t.fifo", Attributes={"FifoTopic": "true"})
        arn = made["TopicArn"]
    else:
        arn = REGION.format("sqs") + "missing"
    function = Function(cloud, FAILS)
    to(function, "OnFailure", arn)
    send(function)
    cloud.advance(1)
    assert metric(cloud, "DestinationDeliveryFailures") == [1]
    assert metric(cloud, "AsyncEventsDropped") == [1]
    (row,) = made_by_lambda(cloud, "Publish" if "sns" in target else "SendMessage")
    assert row[1] is not None, "the refused call is in the trail"


def test_destination_topic_gets_a_long_record_without_its_payloads(cloud: Cloud) -> None:
    sns, heard = cloud.client("sns"), Queue(cloud, "heard")
    topic = sns.create_topic(Name="t")["TopicArn"]
    raw = {"RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=heard.arn, Attributes=raw)
    let_in(heard, topic)
    function = Function(cloud, FAILS)
    to(function, "OnFailure", topic)
    send(function, "x" * 300_000)
    cloud.advance(1)
    record = record_in(heard)
    assert set(record) == {"version", "timestamp", "requestContext", "responseContext"}


# Dead-letter queues


def test_dead_letter_is_the_event_with_three_attributes(cloud: Cloud) -> None:
    dead = Queue(cloud, "dead")
    function = Function(cloud, FAILS, DeadLetterConfig={"TargetArn": dead.arn})
    answer = send(function, {"order": 7})
    cloud.advance(180)
    (message,) = dead.receive(10, MessageAttributeNames=["All"])
    assert message["Body"] == '{"order": 7}'
    assert message["MessageAttributes"] == {
        "RequestID": {"DataType": "String", "StringValue": answer["ResponseMetadata"]["RequestId"]},
        "ErrorCode": {"DataType": "Number", "StringValue": "200"},
        "ErrorMessage": {"DataType": "String", "StringValue": "no"},
    }


def test_dead_letter_of_an_event_that_never_ran(cloud: Cloud) -> None:
    dead = Queue(cloud, "dead")
    function = Function(cloud, WORKS, DeadLetterConfig={"TargetArn": dead.arn})
    function.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    send(function)
    cloud.advance(1)
    (message,) = dead.receive(10, MessageAttributeNames=["All"])
    assert message["MessageAttributes"]["ErrorCode"]["StringValue"] == "429"


def test_dead_letter_error_message_is_cut_at_1_kb(cloud: Cloud) -> None:
    dead = Queue(cloud, "dead")
    source = "def handler(event, context):\n    raise ValueError('\u00e9' * 2000)\n"
    function = Function(cloud, source, DeadLetterConfig={"TargetArn": dead.arn})
    settings(function, MaximumRetryAttempts=0)
    send(function)
    cloud.advance(1)
    (message,) = dead.receive(10, MessageAttributeNames=["All"])
    assert message["MessageAttributes"]["ErrorMessage"]["StringValue"] == "\u00e9" * 512


def test_dead_letter_topic(cloud: Cloud) -> None:
    sns, heard = cloud.client("sns"), Queue(cloud, "heard")
    topic = sns.create_topic(Name="t")["TopicArn"]
    raw = {"RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=heard.arn, Attributes=raw)
    let_in(heard, topic)
    function = Function(cloud, FAILS, DeadLetterConfig={"TargetArn": topic})
    settings(function, MaximumRetryAttempts=0)
    send(function, {"order": 7})
    cloud.advance(1)
    assert record_in(heard) == {"order": 7}


def test_dead_letter_and_destination_both_get_theirs(cloud: Cloud) -> None:
    dead, failures = Queue(cloud, "dead"), Queue(cloud, "failures")
    function = Function(cloud, FAILS, DeadLetterConfig={"TargetArn": dead.arn})
    to(function, "OnFailure", failures.arn)
    send(function, {"order": 7})
    cloud.advance(1)
    assert record_in(dead) == {"order": 7}
    assert record_in(failures)["requestPayload"] == {"order": 7}


def test_dead_letter_that_is_refused_is_counted(cloud: Cloud) -> None:
    function = Function(cloud, FAILS, DeadLetterConfig={"TargetArn": Queue(cloud, "dead.fifo").arn})
    settings(function, MaximumRetryAttempts=0)
    send(function)
    cloud.advance(1)
    assert metric(cloud, "DeadLetterErrors") == [1]


def test_dead_letter_queue_belongs_to_the_function(cloud: Cloud) -> None:
    dead, other = Queue(cloud, "dead"), Queue(cloud, "other")
    function = Function(cloud, FAILS, DeadLetterConfig={"TargetArn": dead.arn})
    version = function.publish()
    client = function.client
    function.change(DeadLetterConfig={"TargetArn": other.arn})
    shown = client.get_function(FunctionName="f")["Configuration"]["DeadLetterConfig"]
    assert shown == {"TargetArn": other.arn}
    client.put_function_event_invoke_config(FunctionName="f", Qualifier=version, MaximumRetryAttempts=0)
    send(function, {"order": 7}, Qualifier=version)
    cloud.advance(1)
    assert (dead.bodies(), other.bodies()) == ([], ['{"order": 7}']), "a version has the target of $LATEST"
    function.change(DeadLetterConfig={"TargetArn": ""})
    assert "DeadLetterConfig" not in client.get_function_configuration(FunctionName="f")
    client.delete_function(FunctionName="f")
    assert "DeadLetterConfig" not in Function(cloud, FAILS).client.get_function_configuration(
        FunctionName="f"
    )


def test_deliveries_are_calls_by_the_service(cloud: Cloud) -> None:
    failures = Queue(cloud, "failures")
    function = Function(cloud, FAILS)
    settings(function, DestinationConfig={"OnFailure": {"Destination": failures.arn}})
    send(function)
    cloud.advance(180)
    trail = cloud.trail
    rows = trail[trail.time_s > 0]
    assert list(zip(rows.time_s, rows.actor, rows.operation, strict=True)) == [
        (60, "lambda", "Invocation"),
        (180, "lambda", "Invocation"),
        (180, "lambda", "SendMessage"),
    ]
