"""What a trail would cost: requests by operation, chunks of payload, standard and FIFO prices."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.experiments.prices import CHUNK_BYTES, PRICES, Charge, charges, cost

COLUMNS = ["actor", "service", "operation", "parameters", "response"]
STANDARD = "https://sqs.us-east-1.amazonaws.com/123456789012/jobs"


def trail(*rows: tuple[str, str, str, dict[str, Any], dict[str, Any] | None]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=COLUMNS, dtype=object)


@pytest.mark.parametrize(
    ("size", "requests"),
    [(0, 1), (1, 1), (CHUNK_BYTES, 1), (CHUNK_BYTES + 1, 2), (4 * CHUNK_BYTES, 4), (1024 * 1024, 16)],
)
def test_each_64_kib_of_payload_is_a_request(size: int, requests: int) -> None:
    body = {"QueueUrl": STANDARD, "MessageBody": "x" * size}
    assert charges("sqs", "SendMessage", body, {}) == (Charge("SQS standard request", requests),)
    assert charges("sqs", "ReceiveMessage", {"QueueUrl": STANDARD}, {"Messages": [{"Body": "x" * size}]}) == (
        Charge("SQS standard request", requests),
    )


def test_a_batch_is_one_payload() -> None:
    entries = [{"Id": str(place), "MessageBody": "x" * 1000} for place in range(10)]
    assert charges("sqs", "SendMessageBatch", {"QueueUrl": STANDARD, "Entries": entries}, {}) == (
        Charge("SQS standard request", 1),
    )


def test_bytes_are_counted_not_characters() -> None:
    half = CHUNK_BYTES // 2
    assert charges("sqs", "SendMessage", {"MessageBody": "é" * half}, {}) == (
        Charge("SQS standard request", 1),
    )
    attributes = {"a": {"DataType": "String", "StringValue": ""}}  # 7 bytes more
    assert charges(
        "sqs", "SendMessage", {"MessageBody": "é" * half, "MessageAttributes": attributes}, {}
    ) == (Charge("SQS standard request", 2),)


@given(st.integers(0, 4), st.integers(0, CHUNK_BYTES - 1))
def test_requests_are_the_chunks_begun(chunks: int, rest: int) -> None:
    body = {"MessageBody": "x" * (chunks * CHUNK_BYTES + rest)}
    assert charges("sqs", "SendMessage", body, {}) == (
        Charge("SQS standard request", max(1, chunks + (rest > 0))),
    )


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("SendMessage", "SQS FIFO request"),
        ("DeleteMessageBatch", "SQS FIFO request"),
        ("ChangeMessageVisibility", "SQS FIFO request"),
        ("GetQueueAttributes", "SQS standard request"),
    ],
)
def test_fifo_price_is_for_messages(operation: str, kind: str) -> None:
    assert charges("sqs", operation, {"QueueUrl": STANDARD + ".fifo"}, {}) == (Charge(kind, 1),)


def test_cost_of_a_trail() -> None:
    frame = cost(
        trail(
            ("main", "sqs", "CreateQueue", {"QueueName": "jobs.fifo"}, {}),
            ("worker", "sqs", "SendMessage", {"QueueUrl": STANDARD, "MessageBody": "x"}, {}),
            ("worker", "sqs", "SendMessage", {"QueueUrl": STANDARD, "MessageBody": "x" * 100_000}, {}),
            ("worker", "sqs", "SendMessage", {"QueueUrl": STANDARD + ".fifo", "MessageBody": "x"}, {}),
            ("worker", "sqs", "ReceiveMessage", {"QueueUrl": STANDARD}, None),
            ("sqs", "sqs", "SendMessage", {"QueueUrl": STANDARD, "MessageBody": "moved by the service"}, {}),
            ("main", "sts", "GetCallerIdentity", {}, {}),
        )
    )
    price = "2026-11-21, unverified: AWS pricing page"
    assert frame.to_numpy().tolist() == [
        ["CreateQueue", "SQS standard request", 1, 1, 0.4, 4e-07, price],
        ["ReceiveMessage", "SQS standard request", 1, 1, 0.4, 4e-07, price],
        ["SendMessage", "SQS FIFO request", 1, 1, 0.5, 5e-07, price],
        ["SendMessage", "SQS standard request", 2, 3, 0.4, pytest.approx(1.2e-06), price],
    ]
    assert frame.attrs["usd"] == pytest.approx(2.5e-06)
    assert frame.attrs["note"].startswith("In all 0.0000025 USD, at list prices")
    assert frame.attrs["note"].endswith(" Not priced here: sts.")


def test_a_run_of_a_function_is_a_request_and_its_gb_seconds() -> None:
    """1 s at 512 MB is half a GB-second; a throttled attempt and the call that asked for it cost nothing."""
    run = {"Status": "success", "BilledDurationMs": 1000, "MemorySizeMB": 512}
    frame = cost(
        trail(
            ("lambda", "lambda", "Invocation", {"FunctionName": "f"}, run),
            ("lambda", "lambda", "Invocation", {"FunctionName": "f"}, None),
            ("main", "lambda", "Invoke", {"FunctionName": "f"}, {"StatusCode": 200}),
        )
    )
    assert frame[["kind", "calls", "billed", "usd"]].to_numpy().tolist() == [
        ["Lambda GB-second", 1, 0.5, pytest.approx(8.33335e-06)],
        ["Lambda request", 1, 1, 2e-07],
    ]


def test_dynamodb_is_billed_by_the_units_an_answer_names() -> None:
    put = {"ConsumedCapacity": {"TableName": "t", "CapacityUnits": 3.0}}
    both = {
        "ConsumedCapacity": [
            {"TableName": "t", "CapacityUnits": 1.5},
            {"TableName": "u", "CapacityUnits": 0.5},
        ]
    }
    frame = cost(
        trail(
            ("main", "dynamodb", "PutItem", {}, put),
            ("main", "dynamodb", "BatchGetItem", {}, both),
            ("main", "dynamodb", "GetItem", {}, {}),
        )
    )
    assert frame[["kind", "billed", "usd"]].to_numpy().tolist() == [
        ["DynamoDB read request unit", 2.0, 2.5e-07],
        ["DynamoDB write request unit", 3.0, pytest.approx(1.875e-06)],
    ]
    assert "on-demand" in frame.attrs["note"]


def test_cost_of_nothing() -> None:
    frame = cost(trail())
    assert (len(frame), frame.columns[0], frame.attrs["usd"]) == (0, "operation", 0)


def test_every_price_has_date_source_and_status() -> None:
    for kind, price in PRICES.items():
        assert price.kind == kind
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", price.date)
        assert re.match(r"https://(docs\.)?aws\.amazon\.com/", price.source)
        assert price.status
