"""The live checks of section 21: what passes, what does not yet, and that looking leaves no trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config

from helpers import Cloud, zipped
from helpers.sections.checks import Status, find_check
from helpers.sections.s21_lambda.checks import CHECKS
from helpers.sections.s21_lambda.experiments.reading import create, role

HELLO = "def handler(event, context):\n    return 'hello'\n"
PICTURES = "from helpers import cpu\n\n\ndef handler(event, context):\n    cpu(3)\n"
QUEUES = "arn:aws:sqs:us-east-1:123456789012:"
WORK = """
import time


def handler(event, context):
    time.sleep(event["work_s"])
"""


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with Cloud(seed=21) as opened:
        yield opened


def judge(name: str) -> tuple[Status, str]:
    result = find_check(f"21_lambda.{name}").judge()
    return result.status, result.reason


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_an_empty_account_has_attempted_nothing_and_looking_leaves_no_trace(check: Any, cloud: Cloud) -> None:
    result = check.judge()
    assert result.status is Status.NOT_ATTEMPTED
    assert result.reason.endswith(".")
    assert (len(cloud.trail), cloud.now) == (0, 0)


@pytest.mark.parametrize(
    ("timeout_s", "status", "word"),
    [
        (3, Status.FAILED, "No report was finished"),
        (40, Status.FAILED, "after 40 s"),
        (41, Status.PASSED, "41 s"),
        (60, Status.PASSED, "60 s"),
        (61, Status.FAILED, "61 s"),
        (900, Status.FAILED, "900 s"),
    ],
)
def test_invoke_wants_the_report_finished_and_the_hanging_run_ended(
    cloud: Cloud, timeout_s: int, status: Status, word: str
) -> None:
    client = cloud.client("lambda")
    create(client, "report", WORK, role(cloud), Timeout=timeout_s)
    assert judge("invoke")[0] is Status.NOT_ATTEMPTED
    client.invoke(FunctionName="report", Payload='{"work_s": 40}')
    assert judge("invoke")[0] is (Status.NOT_ATTEMPTED if timeout_s > 40 else Status.FAILED)
    client.invoke(FunctionName="report", Payload='{"work_s": 3600}')
    before = cloud.trail
    found, reason = judge("invoke")
    assert found is status
    assert word in reason
    assert cloud.trail.equals(before)


ONCE = """
import boto3
import os

table = boto3.resource("dynamodb").Table("receipts")


def handler(event, context):
    ids = {"request": context.aws_request_id, "order": event["order"], "customer": event["customer"]}
    receipt = {"id": ids[os.environ["ID"]], "charged": event["order"]}
    try:
        table.put_item(Item=receipt, ConditionExpression="attribute_not_exists(id)")
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        return
    raise TimeoutError("no answer from the card service")
"""


def table(cloud: Cloud, name: str, key: str) -> None:
    cloud.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


@pytest.mark.parametrize(
    ("id_", "status", "word"),
    [
        ("order", Status.PASSED, "All 3 orders"),
        ("request", Status.FAILED, "o-2 was charged more than once"),
        ("customer", Status.FAILED, "o-3 was never charged"),
    ],
)
def test_async_wants_each_order_charged_once(cloud: Cloud, id_: str, status: Status, word: str) -> None:
    table(cloud, "receipts", "id")
    client = cloud.client("lambda")
    create(client, "once", ONCE, role(cloud), Environment={"Variables": {"ID": id_}})
    assert judge("async")[0] is Status.NOT_ATTEMPTED
    for order, customer in (("o-1", "ada"), ("o-2", "ben"), ("o-3", "ada"), ("o-2", "ben")):
        event = json.dumps({"order": order, "customer": customer})
        client.invoke(FunctionName="once", InvocationType="Event", Payload=event)
    cloud.advance(600)
    before = cloud.trail
    found, reason = judge("async")
    assert found is status
    assert word in reason
    assert cloud.trail.equals(before)


@pytest.mark.parametrize(
    ("hidden_s", "timeout_s", "window_s", "status", "word"),
    [
        (20, 20, 10, Status.FAILED, "= 130 s"),
        (129, 20, 10, Status.FAILED, "= 130 s"),
        (130, 20, 10, Status.PASSED, ""),
        (300, 20, 10, Status.PASSED, ""),
        (301, 20, 10, Status.FAILED, "301 s"),
        (120, 20, 0, Status.PASSED, ""),
        (120, 40, 0, Status.FAILED, "= 240 s"),
    ],
)
def test_queue_wants_six_timeouts_and_the_window_and_at_most_five_minutes(
    cloud: Cloud, hidden_s: int, timeout_s: int, window_s: int, status: Status, word: str
) -> None:
    client = cloud.client("lambda")
    cloud.client("sqs").create_queue(QueueName="returns", Attributes={"VisibilityTimeout": str(hidden_s)})
    create(client, "refund", WORK, role(cloud), Timeout=timeout_s)
    assert judge("queue")[0] is Status.NOT_ATTEMPTED
    client.create_event_source_mapping(
        EventSourceArn=QUEUES + "returns", FunctionName="refund", MaximumBatchingWindowInSeconds=window_s
    )
    found, reason = judge("queue")
    assert found is status
    assert word in reason


LEDGER = """
import base64
import os
import time

import boto3

table = boto3.resource("dynamodb").Table("ledger")


def handler(event, context):
    for record in event["Records"]:
        text = base64.b64decode(record["kinesis"]["data"]).decode()
        if text == "broken" or time.time() < float(os.environ["UP_AT"]):
            raise ValueError(text)
        table.put_item(Item={"sale": text})
"""


@pytest.mark.parametrize(
    ("retries", "status", "word"),
    [
        (-1, Status.FAILED, "waiting behind the broken one"),
        (0, Status.FAILED, "19 of 19 good sales"),
        (5, Status.FAILED, "given up while the ledger was away"),
        (6, Status.PASSED, "All 19 good sales"),
        (8, Status.PASSED, "All 19 good sales"),
        (9, Status.FAILED, "tried for too long"),
    ],
)
def test_stream_wants_all_good_sales_and_soon(cloud: Cloud, retries: int, status: Status, word: str) -> None:
    client, kinesis = cloud.client("lambda"), cloud.client("kinesis")
    kinesis.create_stream(StreamName="till", ShardCount=1)
    cloud.advance(30)
    table(cloud, "ledger", "sale")
    up_at = cloud.datetime.timestamp() + 35
    create(client, "ledger", LEDGER, role(cloud), Environment={"Variables": {"UP_AT": str(up_at)}})
    assert judge("stream")[0] is Status.NOT_ATTEMPTED
    client.create_event_source_mapping(
        EventSourceArn="arn:aws:kinesis:us-east-1:123456789012:stream/till",
        FunctionName="ledger",
        StartingPosition="TRIM_HORIZON",
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=retries,
    )
    for number in range(20):
        text = "broken" if number == 7 else f"sale {number}"
        kinesis.put_record(StreamName="till", Data=text, PartitionKey="till-1")
    cloud.advance(1_200)
    before = cloud.trail
    found, reason = judge("stream")
    assert found is status
    assert word in reason
    assert cloud.trail.equals(before)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reserved", "status", "word"),
    [
        (0, Status.FAILED, "400 of 400"),
        (40, Status.FAILED, "too few"),
        (56, Status.FAILED, "too few"),
        (57, Status.PASSED, ""),
        (80, Status.PASSED, ""),
        (81, Status.FAILED, "80 connections"),
        (900, Status.FAILED, "80 connections"),
    ],
)
def test_scale_wants_room_for_the_first_wave_and_not_for_more_than_the_database_takes(
    cloud: Cloud, reserved: int, status: Status, word: str
) -> None:
    client = cloud.client("lambda", config=Config(retries={"total_max_attempts": 1}))
    create(client, "booking", WORK, role(cloud))
    client.put_function_concurrency(FunctionName="booking", ReservedConcurrentExecutions=reserved)
    assert judge("scale")[0] is Status.NOT_ATTEMPTED

    def ask() -> None:
        try:
            client.invoke(FunctionName="booking", Payload='{"work_s": 2}')
        except client.exceptions.TooManyRequestsException:
            return

    for _ in range(400):
        cloud.spawn(ask)
        cloud.advance(1 / 20)
    cloud.run()
    before = cloud.trail
    found, reason = judge("scale")
    assert found is status
    assert word in reason
    assert cloud.trail.equals(before)


# ---- cost


@pytest.mark.parametrize(
    ("memory_mb", "status", "word"),
    [
        (128, Status.FAILED, "takes 41.46 s"),
        (512, Status.FAILED, "takes 10.37 s"),
        (1516, Status.FAILED, "takes 3.50 s"),
        (1517, Status.PASSED, "3.50 s"),
        (1769, Status.PASSED, "3.00 s"),
        (1945, Status.PASSED, "3.00 s"),
        (1949, Status.FAILED, "87 are possible"),
        (10_240, Status.FAILED, "87 are possible"),
    ],
)
def test_cost_takes_what_is_quick_and_not_dear(
    cloud: Cloud, memory_mb: int, status: Status, word: str
) -> None:
    client = cloud.client("lambda")
    create(client, "pictures", PICTURES, role(cloud), Timeout=60, MemorySize=memory_mb)
    client.invoke(FunctionName="pictures")
    assert judge("cost")[0] is Status.NOT_ATTEMPTED  # a cold start says nothing of a warm run
    client.invoke(FunctionName="pictures")
    before = cloud.trail
    found = judge("cost")
    assert found[0] is status
    assert word in found[1]
    assert cloud.trail.equals(before)


def test_cost_of_a_run_that_the_timeout_stops(cloud: Cloud) -> None:
    client = cloud.client("lambda")
    create(client, "pictures", "def handler(event, context):\n    return 1\n", role(cloud))
    client.invoke(FunctionName="pictures")
    client.invoke(FunctionName="pictures")
    assert judge("cost")[0] is Status.PASSED
    stopped = "import time\n\n\ndef handler(event, context):\n    time.sleep(event)\n"
    client.update_function_code(FunctionName="pictures", ZipFile=zipped(stopped))
    client.invoke(FunctionName="pictures", Payload="0")
    client.invoke(FunctionName="pictures", Payload="10")
    assert judge("cost") == (Status.FAILED, "At 128 MB the run ended with Sandbox.Timedout.")


# ---- access

BUCKET = {"SourceArn": "arn:aws:s3:::holiday-photos"}
ACCOUNT = {"SourceAccount": "123456789012"}


@pytest.mark.parametrize(
    ("bound_to", "status", "word"),
    [
        ({**BUCKET, **ACCOUNT}, Status.PASSED, "nobody else"),
        ({}, Status.FAILED, "Any bucket of any account"),
        (BUCKET, Status.FAILED, "names no account"),
        (ACCOUNT, Status.FAILED, "Every bucket of this account"),
        ({"SourceArn": "arn:aws:s3:::other-photos", **ACCOUNT}, Status.FAILED, "may not call"),
        ({**BUCKET, "SourceAccount": "999999999999"}, Status.FAILED, "may not call"),
    ],
)
def test_access(cloud: Cloud, bound_to: dict[str, str], status: Status, word: str) -> None:
    client = cloud.client("lambda")
    create(client, "holidays", HELLO, role(cloud))
    assert judge("access")[0] is Status.NOT_ATTEMPTED
    allow: dict[str, Any] = {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", **bound_to}
    client.add_permission(FunctionName="holidays", StatementId="bucket", **allow)
    before = cloud.trail
    found = judge("access")
    assert found[0] is status
    assert word in found[1]
    assert cloud.trail.equals(before)


# ---- package


@pytest.mark.parametrize(
    ("key", "named", "status", "word"),
    [
        ("prices-2.zip", "prices-2.zip", Status.PASSED, "runs the newest build, prices-2.zip"),
        ("builds/7f3a.zip", "builds/7f3a.zip", Status.PASSED, "7f3a"),
        ("prices-1.zip", "prices-1.zip", Status.FAILED, "names the same object"),
        ("prices-2.zip", "prices-1.zip", Status.FAILED, "prices-2.zip is new"),
    ],
)
def test_package(cloud: Cloud, key: str, named: str, status: Status, word: str) -> None:
    s3, stacks, arn = cloud.client("s3"), cloud.client("cloudformation"), role(cloud)
    s3.create_bucket(Bucket="builds")

    def template(of: str) -> str:
        properties = {
            "FunctionName": "prices",
            "Runtime": "python3.13",
            "Handler": "lambda_function.handler",
            "Role": arn,
            "Code": {"S3Bucket": "builds", "S3Key": of},
        }
        return json.dumps({"Resources": {"P": {"Type": "AWS::Lambda::Function", "Properties": properties}}})

    s3.put_object(Bucket="builds", Key="prices-1.zip", Body=zipped(HELLO))
    stacks.create_stack(StackName="prices", TemplateBody=template("prices-1.zip"))
    assert judge("package")[0] is Status.NOT_ATTEMPTED
    s3.put_object(Bucket="builds", Key=key, Body=zipped(HELLO.replace("hello", "mended")))
    stacks.update_stack(StackName="prices", TemplateBody=template(named))
    before = cloud.trail
    found = judge("package")
    assert found[0] is status
    assert word in found[1]
    assert cloud.trail.equals(before)


# ---- release


@pytest.fixture
def checkout(cloud: Cloud) -> Any:
    """A client of Lambda, with two versions of `checkout` and its alias `live` on the first."""
    client = cloud.client("lambda")
    create(client, "checkout", HELLO, role(cloud))
    client.publish_version(FunctionName="checkout")
    client.create_alias(FunctionName="checkout", Name="live", FunctionVersion="1")
    client.update_function_code(FunctionName="checkout", ZipFile=zipped(HELLO.replace("hello", "paid")))
    client.publish_version(FunctionName="checkout")
    return client


@pytest.mark.parametrize(
    ("weight", "status", "word"),
    [
        (0.0, Status.FAILED, "About 0 of 600"),
        (0.01, Status.FAILED, "too few"),
        (0.02, Status.PASSED, "About 12 of 600"),
        (0.05, Status.PASSED, "About 30 of 600"),
        (0.07, Status.FAILED, "About 42 of 600"),
        (0.1, Status.FAILED, "40 may fail"),
        (1.0, Status.FAILED, "About 600 of 600"),
    ],
)
def test_release_takes_a_share_that_is_neither_too_small_nor_too_large(
    cloud: Cloud, checkout: Any, weight: float, status: Status, word: str
) -> None:
    assert judge("release")[0] is Status.NOT_ATTEMPTED
    routing = {"AdditionalVersionWeights": {"2": weight}}
    checkout.update_alias(FunctionName="checkout", Name="live", RoutingConfig=routing)
    before = cloud.trail
    found = judge("release")
    assert found[0] is status
    assert word in found[1]
    assert cloud.trail.equals(before)


def test_release_of_everybody_at_once(checkout: Any) -> None:
    checkout.update_alias(FunctionName="checkout", Name="live", FunctionVersion="2")
    assert judge("release")[0] is Status.FAILED


def test_release_counts_from_the_version_that_has_the_weight(checkout: Any) -> None:
    routing = {"AdditionalVersionWeights": {"1": 0.95}}
    checkout.update_alias(FunctionName="checkout", Name="live", FunctionVersion="2", RoutingConfig=routing)
    assert judge("release") == (
        Status.PASSED,
        "About 30 of 600 requests an hour meet version 2, the others version 1.",
    )
