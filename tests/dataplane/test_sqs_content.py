"""What a message and a batch may contain: one test a rule, named after it."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from helpers import Cloud

from .conftest import Queue, refused

MIB = 1_048_576
BATCH = "AWS.SimpleQueueService."


def test_size_one_mebibyte(cloud: Cloud) -> None:
    queue = Queue(cloud)
    queue.send("x" * MIB)
    assert refused(queue.send, "x" * (MIB + 1)) == "InvalidParameterValue"
    queue.send("é" * (MIB // 2))  # bytes count, not characters
    assert refused(queue.send, "é" * (MIB // 2) + "x") == "InvalidParameterValue"


def test_size_counts_all_parts_of_the_attributes(cloud: Cloud) -> None:
    queue = Queue(cloud, MaximumMessageSize=1024)
    attributes = {"name": {"DataType": "String", "StringValue": "value"}}  # 4 + 6 + 5 bytes
    queue.send("x" * 1009, MessageAttributes=attributes)
    assert refused(queue.send, "x" * 1010, MessageAttributes=attributes) == "InvalidParameterValue"
    trace = {
        "AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}
    }
    queue.send("x" * 1024, MessageSystemAttributes=trace)  # system attributes do not count


def test_contents_allowed_characters(cloud: Cloud) -> None:
    queue = Queue(cloud)
    allowed = "\t\n\r \ud7ff\ue000\ufffd\U00010000\U0010ffff"
    queue.send(allowed)
    for character in ("\x00", "\x0b", "\x1f", "\ufffe", "\uffff"):
        assert refused(queue.send, f"a{character}b") == "InvalidMessageContents"
    assert queue.bodies() == [allowed]


def test_contents_not_empty(cloud: Cloud) -> None:
    assert refused(Queue(cloud).send, "") == "MissingParameter"


def string(value: str = "v", kind: str = "String") -> dict[str, Any]:
    return {"DataType": kind, "StringValue": value}


def test_attributes_at_most_ten(cloud: Cloud) -> None:
    queue = Queue(cloud)
    queue.send("a", MessageAttributes={f"n{i}": string() for i in range(10)})
    code = refused(queue.send, "a", MessageAttributes={f"n{i}": string() for i in range(11)})
    assert code == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", string(kind="Text")),
        ("n", string(kind="")),
        ("n", string("")),
        ("n", string("many", kind="Number")),
        ("n", string("\x00")),
        ("n", {"DataType": "Binary", "StringValue": "x"}),
        ("AWS.n", string()),
        ("amazon.n", string()),
        (".n", string()),
        ("n.", string()),
        ("a..b", string()),
        ("a b", string()),
        ("a" * 257, string()),
    ],
)
def test_attributes_names_types_and_values(cloud: Cloud, name: str, value: dict[str, Any]) -> None:
    queue = Queue(cloud)
    assert refused(queue.send, "a", MessageAttributes={name: value}) in (
        "InvalidParameterValue",
        "InvalidMessageContents",
    )
    assert queue.counts() == (0, 0, 0)


def test_attributes_are_returned_as_asked(cloud: Cloud) -> None:
    queue = Queue(cloud, VisibilityTimeout=0)
    given = {
        "order.id": string("7", "Number.int"),
        "order.kind": string("new"),
        "blob": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    queue.send("a", MessageAttributes=given)
    asked = {
        "All": set(given),
        ".*": set(given),
        "order.*": {"order.id", "order.kind"},
        "blob": {"blob"},
        "nothing": set(),
    }
    for wanted, names in asked.items():
        (message,) = queue.receive(MessageAttributeNames=[wanted])
        assert message.get("MessageAttributes", {}) == {name: given[name] for name in names}
        assert ("MD5OfMessageAttributes" in message) == bool(names)
    assert "MessageAttributes" not in queue.receive()[0]


def test_replies_carry_digests(cloud: Cloud) -> None:
    queue = Queue(cloud)
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1"}}
    reply = queue.send("a", MessageSystemAttributes=trace)
    assert reply["MD5OfMessageBody"] == hashlib.md5(b"a", usedforsecurity=False).hexdigest()
    assert "MD5OfMessageSystemAttributes" in reply
    (message,) = queue.receive()
    assert message["MD5OfBody"] == reply["MD5OfMessageBody"]
    assert message["Attributes"]["AWSTraceHeader"] == "Root=1"


def test_system_attribute_only_the_trace_header(cloud: Cloud) -> None:
    queue = Queue(cloud)
    for name, kind in (("Other", "String"), ("AWSTraceHeader", "Number")):
        code = refused(queue.send, "a", MessageSystemAttributes={name: string(kind=kind)})
        assert code == "InvalidParameterValue"


def batch(queue: Queue, entries: list[dict[str, Any]]) -> dict[str, Any]:
    reply: dict[str, Any] = queue.sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)
    return reply


def test_batch_as_a_whole(cloud: Cloud) -> None:
    queue = Queue(cloud)
    entries: list[dict[str, Any]] = [{"Id": str(i), "MessageBody": "a"} for i in range(11)]
    assert refused(batch, queue, []) == BATCH + "EmptyBatchRequest"
    assert refused(batch, queue, entries) == BATCH + "TooManyEntriesInBatchRequest"
    assert refused(batch, queue, [entries[0], entries[0]]) == BATCH + "BatchEntryIdsNotDistinct"
    assert refused(batch, queue, [{"Id": "a b", "MessageBody": "a"}]) == BATCH + "InvalidBatchEntryId"
    assert refused(batch, queue, [{"Id": "x" * 81, "MessageBody": "a"}]) == BATCH + "InvalidBatchEntryId"
    assert queue.counts() == (0, 0, 0)
    assert len(batch(queue, entries[:10])["Successful"]) == 10


def test_batch_sum_is_one_mebibyte(cloud: Cloud) -> None:
    queue = Queue(cloud)
    half = "x" * (MIB // 2)
    batch(queue, [{"Id": "1", "MessageBody": half}, {"Id": "2", "MessageBody": half}])
    code = refused(batch, queue, [{"Id": "1", "MessageBody": half}, {"Id": "2", "MessageBody": half + "x"}])
    assert code == BATCH + "BatchRequestTooLong"


def test_batch_entries_fail_one_by_one(cloud: Cloud) -> None:
    queue = Queue(cloud, MaximumMessageSize=1024)
    bad: list[dict[str, Any]] = [
        {"Id": "size", "MessageBody": "x" * 1025},
        {"Id": "text", "MessageBody": "\x00"},
        {"Id": "delay", "MessageBody": "a", "DelaySeconds": 901},
        {"Id": "attribute", "MessageBody": "a", "MessageAttributes": {"n": string(kind="Text")}},
    ]
    reply = batch(queue, [*bad, {"Id": "good", "MessageBody": "good"}])
    assert reply["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert [(f["Id"], f["Code"], f["SenderFault"]) for f in reply["Failed"]] == [
        ("size", "InvalidParameterValue", True),
        ("text", "InvalidMessageContents", True),
        ("delay", "InvalidParameterValue", True),
        ("attribute", "InvalidParameterValue", True),
    ]
    assert [done["Id"] for done in reply["Successful"]] == ["good"]
    assert queue.bodies() == ["good"]


def test_batch_of_deletes_and_changes(cloud: Cloud) -> None:
    queue = Queue(cloud)
    for body in "abc":
        queue.send(body)
    handles = [message["ReceiptHandle"] for message in queue.receive(10)]
    entries: list[dict[str, Any]] = [
        {"Id": str(i), "ReceiptHandle": h} for i, h in enumerate([*handles, "bogus"])
    ]
    changes = [{**entry, "VisibilityTimeout": 0} for entry in entries[1:]]
    changes += [{"Id": "over", "ReceiptHandle": handles[0], "VisibilityTimeout": 43_201}]
    reply = queue.sqs.change_message_visibility_batch(QueueUrl=queue.url, Entries=changes)
    assert [done["Id"] for done in reply["Successful"]] == ["1", "2"]
    assert [(f["Id"], f["Code"]) for f in reply["Failed"]] == [
        ("3", "ReceiptHandleIsInvalid"),
        ("over", "InvalidParameterValue"),
    ]
    assert queue.counts() == (2, 0, 1)
    reply = queue.sqs.delete_message_batch(QueueUrl=queue.url, Entries=entries)
    assert [done["Id"] for done in reply["Successful"]] == ["0", "1", "2"]
    assert [(f["Id"], f["Code"]) for f in reply["Failed"]] == [("3", "ReceiptHandleIsInvalid")]
    assert queue.counts() == (0, 0, 0)
    for call in (queue.sqs.delete_message_batch, queue.sqs.change_message_visibility_batch):
        assert refused(call, QueueUrl=queue.url, Entries=[]) == BATCH + "EmptyBatchRequest"
        assert refused(call, QueueUrl=queue.url, Entries=entries * 3) == BATCH + "BatchEntryIdsNotDistinct"


def test_receive_range_and_attribute_names(cloud: Cloud) -> None:
    queue = Queue(cloud)
    for number in range(12):
        queue.send(str(number))
    for most in (0, 11):
        assert refused(queue.receive, most) == "InvalidParameterValue"
    reply = queue.sqs.receive_message(QueueUrl=queue.url)
    assert [message["Body"] for message in reply["Messages"]] == ["0"]  # 1 by default
    assert "Attributes" not in reply["Messages"][0]
    assert queue.bodies(10) == [str(n) for n in range(1, 11)]
    code = refused(queue.sqs.receive_message, QueueUrl=queue.url, MessageSystemAttributeNames=["Nonsense"])
    assert code == "InvalidAttributeName"
