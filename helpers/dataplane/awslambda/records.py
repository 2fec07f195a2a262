"""The documents that Lambda writes: events of event source mappings, and records for destinations.

Pages (https://docs.aws.amazon.com/lambda/latest/dg/): with-sqs.html, with-kinesis.html, with-ddb.html for events;
invocation-async-retain-records.html, kinesis-on-failure-destination.html, services-dynamodb-errors.html for records.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Record = dict[str, Any]
"""One record of an event, as it stands in the event's `Records`."""

VERSION = "1.0"


def compact(document: Any) -> str:
    """The document as JSON text without blanks."""
    return json.dumps(document, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    return base64.b64encode(value).decode("ascii")


# Events


def sqs_record(message: Mapping[str, Any], arn: str, region: str) -> Record:
    """A message that ReceiveMessage returned, as a record of an event."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {
            name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": region,
    }


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if "StringValue" in value:
        shown["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        shown["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode("ascii")
    return {**shown, "stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}


def kinesis_record(record: Mapping[str, Any], shard_id: str, arn: str, region: str, role: str) -> Record:
    """A record that GetRecords of Kinesis returned, as a record of an event."""
    number = record["SequenceNumber"]
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record["PartitionKey"],
            "sequenceNumber": number,
            "data": base64.b64encode(record["Data"]).decode("ascii"),
            "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"].timestamp(),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard_id}:{number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": role,
        "awsRegion": region,
        "eventSourceARN": arn,
    }


def dynamodb_record(record: Mapping[str, Any], arn: str) -> Record:
    """A record that GetRecords of DynamoDB Streams returned, as a record of an event.

    It spells the identity behind an expiry as events do
    (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html).
    """
    event = {**record, "eventSourceARN": arn}
    if "userIdentity" in record:
        identity = record["userIdentity"]
        event["userIdentity"] = {"type": identity["Type"], "principalId": identity["PrincipalId"]}
    return event


# Records for destinations


def when(epoch_us: int) -> str:
    """An instant, in microseconds since 1970, as Lambda writes it: 2019-11-14T18:16:05.568Z."""
    return _utc(epoch_us).strftime("%Y-%m-%dT%H:%M:%S.") + f"{epoch_us // 1000 % 1000:03d}Z"


def _utc(epoch_us: int) -> datetime:
    return datetime.fromtimestamp(epoch_us // 1_000_000, UTC)


def outcome(
    *,
    epoch_us: int,
    request_id: str,
    function_arn: str,
    condition: str,
    runs: int,
    response: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What every record for a destination begins with: when, which function, why, after how many runs.

    `response` is the `responseContext`, None if the function never ran.
    """
    record: dict[str, Any] = {
        "version": VERSION,
        "timestamp": when(epoch_us),
        "requestContext": {
            "requestId": request_id,
            "functionArn": function_arn,
            "condition": condition,
            "approximateInvokeCount": runs,
        },
    }
    if response is not None:
        record["responseContext"] = dict(response)
    return record


def response_context(version: str, function_error: str | None) -> dict[str, Any]:
    """The `responseContext` of a function that ran. The status is 200 even if its code failed."""
    context: dict[str, Any] = {"statusCode": 200, "executedVersion": version}
    if function_error is not None:
        context["functionError"] = function_error
    return context


def with_payloads(record: dict[str, Any], request: str, response: str | None) -> dict[str, Any]:
    """An asynchronous invocation's record with the event and, if there is one, the function's answer (JSON texts)."""
    whole = {**record, "requestPayload": json.loads(request)}
    if response is not None:
        whole["responsePayload"] = json.loads(response)
    return whole


def batch_info(
    shard_id: str, stream_arn: str, numbers: Sequence[str], arrivals_us: Sequence[int]
) -> dict[str, Any]:
    """Which records of a stream a discarded batch held: the `KinesisBatchInfo` or `DDBStreamBatchInfo`.

    `numbers` are the sequence numbers in order, `arrivals_us` when the records were written (microseconds since 1970).
    """
    return {
        "shardId": shard_id,
        "startSequenceNumber": numbers[0],
        "endSequenceNumber": numbers[-1],
        "approximateArrivalOfFirstRecord": when(arrivals_us[0]),
        "approximateArrivalOfLastRecord": when(arrivals_us[-1]),
        "batchSize": len(numbers),
        "streamArn": stream_arn,
    }


def object_key(folder: str, epoch_us: int, unique: str) -> str:
    """The key under which a record is stored in a bucket: aws/lambda/<folder>/2019/11/14/2019-11-14T18.16.05-<uuid>."""
    return f"aws/lambda/{folder}/{_utc(epoch_us):%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{unique}"
