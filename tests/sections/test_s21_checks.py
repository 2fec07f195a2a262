"""The live checks of section 21, first sitting: what passes, what does not yet, and that looking leaves no trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config

from helpers import Cloud
from helpers.sections.checks import Status, find_check
from helpers.sections.s21_lambda.checks import CHECKS
from helpers.sections.s21_lambda.experiments.reading import create, role

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
