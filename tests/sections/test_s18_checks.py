"""The live checks of section 18: what passes, what does not yet, and that looking leaves no trace."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from helpers import Cloud
from helpers.sections.checks import Status, find_check
from helpers.sections.s18_sqs.checks import BUCKET, CHECKS, CLICKS


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with Cloud(seed=18) as opened:
        yield opened


def judge(name: str) -> tuple[Status, str]:
    result = find_check(f"18_sqs.{name}").judge()
    return result.status, result.reason


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_an_empty_account_has_attempted_nothing_and_looking_leaves_no_trace(check: Any, cloud: Cloud) -> None:
    result = check.judge()
    assert result.status is Status.NOT_ATTEMPTED
    assert result.reason.endswith(".")
    assert (len(cloud.trail), cloud.now) == (0, 0)


def test_queue(cloud: Cloud) -> None:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="hello")["QueueUrl"]
    for word in ("one", "two", "three"):
        sqs.send_message(QueueUrl=url, MessageBody=word)
    assert judge("queue")[0] is Status.NOT_ATTEMPTED
    handles = [sqs.receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"] for _ in range(3)]
    assert judge("queue") == (
        Status.FAILED,
        "3 of 3 messages will come back: a receive hides a message, it does not remove it.",
    )
    for handle in handles:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    before = cloud.trail
    assert judge("queue")[0] is Status.PASSED
    assert cloud.trail.equals(before)


@pytest.mark.parametrize(
    ("timeout_s", "status"),
    [(30, Status.FAILED), (90, Status.FAILED), (135, Status.FAILED), (136, Status.PASSED), (180, Status.PASSED),
     (300, Status.PASSED), (301, Status.FAILED), (3600, Status.FAILED)],
)  # fmt: skip
def test_visibility_takes_what_is_long_enough_and_not_too_long(
    cloud: Cloud, timeout_s: int, status: Status
) -> None:
    cloud.client("sqs").create_queue(QueueName="reports", Attributes={"VisibilityTimeout": str(timeout_s)})
    assert judge("visibility")[0] is status


@pytest.mark.parametrize(
    ("tries", "timeout_s", "keep_days", "status", "word"),
    [
        (3, 60, 14, Status.PASSED, "three"),
        (5, 120, 12, Status.PASSED, ""),
        (2, 60, 14, Status.FAILED, "maxReceiveCount 2"),
        (3, 30, 14, Status.FAILED, "does not fit"),
        (10, 120, 14, Status.FAILED, "1200 s"),
        (3, 60, 4, Status.FAILED, "4 days"),
        (3, 60, 11, Status.FAILED, "11 days"),
    ],
)
def test_dlq(cloud: Cloud, tries: int, timeout_s: int, keep_days: int, status: Status, word: str) -> None:
    sqs = cloud.client("sqs")
    dead = sqs.create_queue(QueueName="bad", Attributes={"MessageRetentionPeriod": str(keep_days * 86_400)})[
        "QueueUrl"
    ]
    url = sqs.create_queue(QueueName="invoices", Attributes={"VisibilityTimeout": str(timeout_s)})["QueueUrl"]
    assert judge("dlq")[0] is Status.NOT_ATTEMPTED
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": tries})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})
    found, reason = judge("dlq")
    assert found is status
    assert status is Status.PASSED or word in reason


@pytest.mark.parametrize(
    ("of_queue", "of_call", "status"),
    [(0, None, Status.FAILED), (11, None, Status.FAILED), (12, None, Status.PASSED), (20, None, Status.PASSED),
     (0, 20, Status.PASSED), (20, 0, Status.FAILED), (20, 5, Status.FAILED)],
)  # fmt: skip
def test_polling_looks_at_the_queue_and_at_what_the_consumer_asks(
    cloud: Cloud, of_queue: int, of_call: int | None, status: Status
) -> None:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="events", Attributes={"ReceiveMessageWaitTimeSeconds": str(of_queue)})[
        "QueueUrl"
    ]
    if of_call is not None:
        sqs.receive_message(QueueUrl=url, WaitTimeSeconds=of_call)
    assert judge("polling")[0] is status


@pytest.mark.parametrize(
    ("default_s", "reminder", "alarm", "status"),
    [(0, {"DelaySeconds": 600}, {}, Status.PASSED), (0, {"DelaySeconds": 720}, {}, Status.PASSED),
     (660, {}, {"DelaySeconds": 0}, Status.PASSED), (600, {}, {}, Status.FAILED), (0, {}, {}, Status.FAILED),
     (0, {"DelaySeconds": 900}, {}, Status.FAILED)],
)  # fmt: skip
def test_time(
    cloud: Cloud, default_s: int, reminder: dict[str, int], alarm: dict[str, int], status: Status
) -> None:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="reminders", Attributes={"DelaySeconds": str(default_s)})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="reminder", **reminder)
    assert judge("time") == (Status.NOT_ATTEMPTED, "Not sent yet: alarm.")
    sqs.send_message(QueueUrl=url, MessageBody="alarm", **alarm)
    assert judge("time")[0] is status


PAYMENTS = [
    {"customer": "ada", "payment": "p1", "amount": 20, "attempt": 1},
    {"customer": "ada", "payment": "p2", "amount": 20, "attempt": 1},
    {"customer": "ada", "payment": "p1", "amount": 20, "attempt": 2},
    {"customer": "ben", "payment": "p3", "amount": 5, "attempt": 1},
]

Chooser = Callable[[dict[str, Any]], str]


@pytest.mark.parametrize(
    ("group", "deduplication", "status", "word"),
    [
        (lambda p: p["customer"], lambda p: p["payment"], Status.PASSED, ""),
        (lambda p: "all", lambda p: p["payment"], Status.FAILED, "share a group"),
        (lambda p: p["payment"], lambda p: p["payment"], Status.FAILED, "several groups"),
        (
            lambda p: p["customer"],
            lambda p: json.dumps(p["attempt"]) + p["payment"],
            Status.FAILED,
            "second payment",
        ),
        (
            lambda p: p["customer"],
            lambda p: f"{p['customer']}-{p['amount']}",
            Status.FAILED,
            "only one arrived",
        ),
    ],
)
def test_fifo(cloud: Cloud, group: Chooser, deduplication: Chooser, status: Status, word: str) -> None:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="payments.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    for payment in PAYMENTS:
        sqs.send_message(
            QueueUrl=url,
            MessageBody=json.dumps(payment),
            MessageGroupId=group(payment),
            MessageDeduplicationId=deduplication(payment),
        )
    found, reason = judge("fifo")
    assert found is status
    assert word in reason


def send_clicks(sqs: Any, url: str, size: int, again: bool) -> None:
    bodies = [f"click {number}" for number in range(CLICKS - 1)] + ["click \x01"]
    for first in range(0, CLICKS, size):
        entries = [{"Id": str(i), "MessageBody": body} for i, body in enumerate(bodies[first : first + size])]
        reply = sqs.send_message_batch(QueueUrl=url, Entries=entries)
        for entry in reply.get("Failed", []) if again else []:
            body = entries[int(entry["Id"])]["MessageBody"].replace("\x01", "")
            sqs.send_message(QueueUrl=url, MessageBody=body)


@pytest.mark.parametrize(
    ("size", "again", "status", "word"),
    [
        (10, True, Status.PASSED, "11 calls"),
        (10, False, Status.FAILED, "Failed"),
        (5, True, Status.FAILED, "20 calls"),
    ],
)
def test_scale(cloud: Cloud, size: int, again: bool, status: Status, word: str) -> None:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="clicks")["QueueUrl"]
    send_clicks(sqs, url, size, again)
    found, reason = judge("scale")
    assert found is status
    assert word in reason


def statement(
    condition: dict[str, Any], principal: Any = None, action: Any = "sqs:SendMessage"
) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": principal or {"Service": "s3.amazonaws.com"},
        "Action": action,
        "Resource": "arn:aws:sqs:us-east-1:123456789012:uploads",
        "Condition": condition,
    }


@pytest.mark.parametrize(
    ("given", "status", "word"),
    [
        (statement({"ArnEquals": {"aws:SourceArn": BUCKET}}), Status.PASSED, ""),
        (statement({"ArnLike": {"aws:SourceArn": BUCKET}, "StringEquals": {"aws:SourceAccount": "123456789012"}}),
         Status.PASSED, ""),
        (statement({"StringEquals": {"aws:SourceAccount": "123456789012"}}), Status.FAILED, "any bucket"),
        (statement({}), Status.FAILED, "any bucket"),
        (statement({}, "*"), Status.FAILED, "Anyone"),
        (statement({"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::holiday"}}), Status.FAILED, "may not send"),
        (statement({"ArnEquals": {"aws:SourceArn": BUCKET}}, action="sqs:*"), Status.FAILED, "also receive"),
        (statement({"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}), Status.FAILED, "does not read"),
    ],
)  # fmt: skip
def test_security(cloud: Cloud, given: dict[str, Any], status: Status, word: str) -> None:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="uploads")["QueueUrl"]
    assert judge("security") == (Status.NOT_ATTEMPTED, "uploads has no access policy yet.")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [given]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    found, reason = judge("security")
    assert found is status
    assert word in reason
