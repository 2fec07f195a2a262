"""What mappings and the asynchronous queue compute: waits, batches, cuts, partial responses, records."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.dataplane.awslambda import records
from helpers.dataplane.awslambda.backoff import backoff_s, retry_wait_s
from helpers.dataplane.awslambda.limits import SYNCHRONOUS_BYTES
from helpers.dataplane.awslambda.mappings.batching import event_of, fitting, halves, window_end_us, written
from helpers.dataplane.awslambda.mappings.partial import failed_items

# Waits


def test_waits_between_runs_are_one_and_two_minutes() -> None:
    assert [retry_wait_s(runs) for runs in (1, 2)] == [60, 120]


def test_backoff_grows_from_a_second_to_five_minutes() -> None:
    assert [backoff_s(attempts) for attempts in range(1, 12)] == [
        1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300,
    ]  # fmt: skip
    assert [backoff_s(attempts, factor=3.0, longest_s=20) for attempts in range(1, 6)] == [1, 3, 9, 20, 20]
    assert backoff_s(10_000, factor=1.0) == 1


# Batches


@given(sizes=st.lists(st.integers(2, SYNCHRONOUS_BYTES), min_size=1, max_size=20), most=st.integers(1, 20))
def test_fitting_is_the_longest_start_within_the_payload(sizes: list[int], most: int) -> None:
    def payload(count: int) -> int:
        return len('{"Records":[]}') + sum(sizes[:count]) + count - 1

    count = fitting(sizes, most)
    assert 1 <= count <= min(most, len(sizes))
    assert payload(count) <= SYNCHRONOUS_BYTES or count == 1
    assert count == min(most, len(sizes)) or payload(count + 1) > SYNCHRONOUS_BYTES


@given(st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=5)), max_size=5))
def test_an_event_is_as_long_as_fitting_reckons(found: list[dict[str, Any]]) -> None:
    texts = [written(record) for record in found]
    event = event_of([text for text, _ in texts])
    assert json.loads(event) == {"Records": found}
    commas = max(0, len(found) - 1)
    assert len(event.encode()) == len('{"Records":[]}') + sum(size for _, size in texts) + commas


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 300))
def test_a_window_closes_at_a_whole_number_of_windows(began: int, later: int, window_s: int) -> None:
    window_us = window_s * 1_000_000
    end = window_end_us(began, began + later, window_us)
    assert began + later <= end <= began + max(later + window_us, window_us)
    if window_us:
        assert end > began
        assert (end - began) % window_us == 0


@given(st.lists(st.integers(), min_size=2, max_size=50))
def test_halves_keep_order_and_everything(batch: list[int]) -> None:
    first, second = halves(batch)
    assert first + second == batch
    assert 0 <= len(first) - len(second) <= 1


# Partial batch responses

IDS = ["id1", "id2", "id3", "id4", "id5"]


@pytest.mark.parametrize(
    "answer", ["", "null", '""', "{}", '{"batchItemFailures": null}', '{"batchItemFailures": []}', '{"x": 1}']
)
def test_partial_response_of_a_whole_success(answer: str) -> None:
    assert failed_items(answer, IDS) == []


@pytest.mark.parametrize(
    "answer",
    [
        "{no JSON",
        '"done"',
        "[]",
        "3",
        '{"batchItemFailures": "id1"}',
        '{"batchItemFailures": [{"itemIdentifier": ""}]}',
        '{"batchItemFailures": [{"itemIdentifier": null}]}',
        '{"batchItemFailures": [{"messageId": "id1"}]}',
        '{"batchItemFailures": [{}]}',
        '{"batchItemFailures": ["id1"]}',
        '{"batchItemFailures": [{"itemIdentifier": 7}]}',
        '{"batchItemFailures": [{"itemIdentifier": "id1"}, {"itemIdentifier": "unknown"}]}',
    ],
)
def test_partial_response_of_a_whole_failure(answer: str) -> None:
    assert failed_items(answer, IDS) == IDS


@given(st.lists(st.sampled_from(IDS)))
def test_partial_response_names_what_failed(named: list[str]) -> None:
    answer = json.dumps({"batchItemFailures": [{"itemIdentifier": one} for one in named]})
    assert failed_items(answer, IDS) == [one for one in IDS if one in named]


# Records

SENT = {
    "MessageId": "m1",
    "ReceiptHandle": "r1",
    "Body": "Test message.",
    "MD5OfBody": "d1",
    "Attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183"},
    "MessageAttributes": {
        "name": {"DataType": "String", "StringValue": "v"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
    },
}


def test_record_of_a_message() -> None:
    empty: dict[str, Any] = {"stringListValues": [], "binaryListValues": []}
    assert records.sqs_record(SENT, "arn:aws:sqs:us-east-1:1:q", "us-east-1") == {
        "messageId": "m1",
        "receiptHandle": "r1",
        "body": "Test message.",
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183"},
        "messageAttributes": {
            "name": {"stringValue": "v", **empty, "dataType": "String"},
            "raw": {"binaryValue": "AAE=", **empty, "dataType": "Binary"},
        },
        "md5OfBody": "d1",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:1:q",
        "awsRegion": "us-east-1",
    }


def test_record_of_a_kinesis_stream() -> None:
    arrived = datetime.fromtimestamp(1545084650.987, UTC)
    given = {
        "PartitionKey": "1",
        "SequenceNumber": "49",
        "Data": b"Hello",
        "ApproximateArrivalTimestamp": arrived,
    }
    arn, role = "arn:aws:kinesis:us-east-1:1:stream/s", "arn:aws:iam::1:role/r"
    assert records.kinesis_record(given, "shardId-000000000006", arn, "us-east-1", role) == {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "1",
            "sequenceNumber": "49",
            "data": "SGVsbG8=",
            "approximateArrivalTimestamp": 1545084650.987,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": "shardId-000000000006:49",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": role,
        "awsRegion": "us-east-1",
        "eventSourceARN": arn,
    }


def test_record_of_a_table_keeps_binary_values_as_text() -> None:
    given = {
        "eventID": "1",
        "dynamodb": {
            "ApproximateCreationDateTime": datetime.fromtimestamp(1678831218, UTC),
            "Keys": {"id": {"B": b"\x00"}},
        },
    }
    text, _ = written(records.dynamodb_record(given, "arn:stream"))
    assert json.loads(text) == {
        "eventID": "1",
        "dynamodb": {"ApproximateCreationDateTime": 1678831218.0, "Keys": {"id": {"B": "AA=="}}},
        "eventSourceARN": "arn:stream",
    }


AT_US = 1_573_755_365_568_000  # 2019-11-14T18:16:05.568Z


def test_record_of_a_failed_event() -> None:
    context = records.response_context("$LATEST", "Unhandled")
    record = records.outcome(
        epoch_us=AT_US,
        request_id="e4b4",
        function_arn="arn:f:$LATEST",
        condition="RetriesExhausted",
        runs=3,
        response=context,
    )
    assert records.with_payloads(record, '{"a": 1}', '{"errorMessage": "no"}') == {
        "version": "1.0",
        "timestamp": "2019-11-14T18:16:05.568Z",
        "requestContext": {
            "requestId": "e4b4",
            "functionArn": "arn:f:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": {"a": 1},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": "no"},
    }


def test_record_of_a_discarded_batch() -> None:
    assert records.batch_info("shardId-1", "arn:s", ["7", "8", "9"], [AT_US, AT_US, AT_US + 1_000]) == {
        "shardId": "shardId-1",
        "startSequenceNumber": "7",
        "endSequenceNumber": "9",
        "approximateArrivalOfFirstRecord": "2019-11-14T18:16:05.568Z",
        "approximateArrivalOfLastRecord": "2019-11-14T18:16:05.569Z",
        "batchSize": 3,
        "streamArn": "arn:s",
    }


def test_key_of_a_stored_record() -> None:
    key = records.object_key("async/my-function", AT_US, "uuid")
    assert key == "aws/lambda/async/my-function/2019/11/14/2019-11-14T18.16.05-uuid"
