"""FIFO queues: order, groups, deduplication, attempts, throughput. One test a rule, named after it."""

from __future__ import annotations

import hashlib

import pytest
from botocore.config import Config

from helpers import Cloud

from .conftest import Queue, refused


def fifo(cloud: Cloud, **attributes: object) -> Queue:
    return Queue(cloud, "q.fifo", **attributes)


def fill(queue: Queue, text: str) -> None:
    """Send "a1 b1 a2": the letter is the group."""
    for body in text.split():
        queue.send(body, body[0], body)


def test_order_within_a_group_and_same_group_first(cloud: Cloud) -> None:
    queue = fifo(cloud)
    fill(queue, "a1 b1 a2 b2 a3 c1")
    assert queue.bodies(10) == ["a1", "a2", "a3", "b1", "b2", "c1"]


def test_group_locked_while_in_flight(cloud: Cloud) -> None:
    queue = fifo(cloud)
    fill(queue, "a1 a2 b1 a3")
    first, second = queue.receive(2)
    assert [first["Body"], second["Body"]] == ["a1", "a2"]
    assert queue.bodies(10) == ["b1"]
    queue.delete(first)
    assert queue.bodies(10) == []  # a2 is still in flight
    queue.delete(second)
    assert queue.bodies(10) == ["a3"]


def test_group_returns_in_order_after_a_timeout(cloud: Cloud) -> None:
    queue = fifo(cloud)
    fill(queue, "a1 a2 a3 a4")
    assert queue.bodies(3) == ["a1", "a2", "a3"]
    cloud.advance(30)
    assert queue.bodies(10) == ["a1", "a2", "a3", "a4"]


def test_group_stays_locked_while_any_message_is_invisible(cloud: Cloud) -> None:
    queue = fifo(cloud)
    fill(queue, "a1 a2 a3")
    first, second = queue.receive(2)
    queue.change(first, 0)
    assert queue.bodies(10) == []
    queue.delete(second)
    assert queue.bodies(10) == ["a1", "a3"]


def test_late_delete_fails(cloud: Cloud) -> None:
    queue = fifo(cloud)
    fill(queue, "a1")
    (late,) = queue.receive()
    cloud.advance(30)
    assert refused(queue.delete, late) == "InvalidParameterValue"
    (again,) = queue.receive()
    assert refused(queue.delete, late) == "InvalidParameterValue"
    queue.delete(again)
    queue.delete(again)
    assert queue.counts() == (0, 0, 0)


def test_deduplication_window(cloud: Cloud) -> None:
    queue = fifo(cloud)
    first = queue.send("x", "g", "id")
    (message,) = queue.receive()
    queue.delete(message)
    cloud.advance(299.999)
    second = queue.send("x", "g", "id")
    same = ("MessageId", "SequenceNumber", "MD5OfMessageBody")
    assert [second[name] for name in same] == [first[name] for name in same]
    assert queue.counts() == (0, 0, 0)
    cloud.advance(0.001)
    third = queue.send("x", "g", "id")
    assert third["MessageId"] != first["MessageId"]
    assert queue.counts() == (1, 0, 0)


def test_deduplication_by_content(cloud: Cloud) -> None:
    queue = fifo(cloud, ContentBasedDeduplication="true")
    attributes = {"n": {"DataType": "String", "StringValue": "v"}}
    queue.send("x", "g")
    queue.send("x", "g", MessageAttributes=attributes)  # attributes are not part of the content
    queue.send("x", "g", "explicit")  # an explicit id wins
    queue.send("y", "g", hashlib.sha256(b"x").hexdigest())
    assert [(m["Body"], m["Attributes"]["MessageDeduplicationId"]) for m in queue.receive(10)] == [
        ("x", hashlib.sha256(b"x").hexdigest()),
        ("x", "explicit"),
    ]


def test_deduplication_scope(cloud: Cloud) -> None:
    queue = fifo(cloud)
    assert queue.send("x", "g", "id")["MessageId"] == queue.send("x", "h", "id")["MessageId"]
    per_group = Queue(cloud, "groups.fifo", DeduplicationScope="messageGroup")
    assert per_group.send("x", "g", "id")["MessageId"] != per_group.send("x", "h", "id")["MessageId"]
    assert per_group.counts() == (2, 0, 0)


def test_sequence_numbers_grow(cloud: Cloud) -> None:
    queue = fifo(cloud, ContentBasedDeduplication="true")
    replies = [queue.send(str(number), "gh"[number % 2]) for number in range(20)]
    entries = [{"Id": str(n), "MessageBody": f"b{n}", "MessageGroupId": "g"} for n in range(3)]
    replies += queue.sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)["Successful"]
    numbers = [reply["SequenceNumber"] for reply in replies]
    assert numbers == sorted(set(numbers))
    assert {len(number) for number in numbers} == {20}
    assert queue.receive()[0]["Attributes"]["SequenceNumber"] == numbers[0]


def test_parameters_of_fifo_queues(cloud: Cloud) -> None:
    queue, standard = fifo(cloud), Queue(cloud, "standard")
    assert refused(queue.send, "x") == "MissingParameter"
    assert refused(queue.send, "x", "g") == "InvalidParameterValue"
    assert refused(queue.send, "x", "g", "1", DelaySeconds=5) == "InvalidParameterValue"
    assert refused(queue.send, "x", "g", "a b") == "InvalidParameterValue"
    assert refused(queue.send, "x", "g" * 129, "1") == "InvalidParameterValue"
    assert refused(standard.send, "x", None, "1") == "InvalidParameterValue"
    assert refused(standard.receive, ReceiveRequestAttemptId="a") == "InvalidParameterValue"
    standard.send("x", "group")  # a group on a standard queue marks a tenant


def test_attempt_id_repeats_a_receive(cloud: Cloud) -> None:
    queue = fifo(cloud)
    fill(queue, "a1 a2 b1")
    first = queue.receive(2, ReceiveRequestAttemptId="try")
    cloud.advance(20)
    again = queue.receive(2, ReceiveRequestAttemptId="try")
    assert again == first
    cloud.advance(29.9)
    assert queue.bodies() == ["b1"]  # the timeout began anew with the repeat
    cloud.advance(0.1)
    assert queue.bodies(2, ReceiveRequestAttemptId="other") == ["a1", "a2"]


def test_attempt_id_after_a_change_is_a_new_receive(cloud: Cloud) -> None:
    queue = fifo(cloud)
    fill(queue, "a1 b1")
    (first,) = queue.receive(ReceiveRequestAttemptId="try")
    queue.delete(first)
    assert queue.bodies(1, ReceiveRequestAttemptId="try") == ["b1"]


def test_attempt_id_lasts_five_minutes(cloud: Cloud) -> None:
    queue = fifo(cloud)
    fill(queue, "a1 b1")
    assert queue.bodies(1, ReceiveRequestAttemptId="try", VisibilityTimeout=1_000) == ["a1"]
    cloud.advance(300)
    assert queue.bodies(1, ReceiveRequestAttemptId="try", VisibilityTimeout=1_000) == ["a1"]
    cloud.advance(0.001)
    assert queue.bodies(1, ReceiveRequestAttemptId="try") == ["b1"]


@pytest.mark.parametrize(("high", "limit"), [(False, 300), (True, 2_400)])
def test_throughput_quota_per_action(high: bool, limit: int) -> None:
    attributes = (
        {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"} if high else {}
    )
    with Cloud(seed=3, region="eu-north-1") as cloud:
        cloud.api_latency_s = 0
        queue = fifo(cloud, **attributes)
        queue.sqs = cloud.client("sqs", config=Config(retries={"mode": "standard", "total_max_attempts": 1}))
        accepted = 0
        while accepted <= limit:
            try:
                queue.send("x", "g", str(accepted))
            except queue.sqs.exceptions.RequestThrottled:
                break
            accepted += 1
        assert accepted == limit
        assert queue.bodies(10) == ["x"] * 10  # another action, its own quota
        cloud.advance(0.999)
        assert refused(queue.send, "x", "g", "more") == "RequestThrottled"
        cloud.advance(0.001)
        queue.send("x", "g", "more")


def test_throughput_counts_a_batch_as_one_call(cloud: Cloud) -> None:
    queue = fifo(cloud)
    queue.sqs = cloud.client("sqs", config=Config(retries={"mode": "standard", "total_max_attempts": 1}))

    def ten(call: int) -> list[dict[str, str]]:
        same = {"MessageBody": "x", "MessageGroupId": "g"}
        return [{"Id": str(n), "MessageDeduplicationId": f"{call}-{n}", **same} for n in range(10)]

    for call in range(300):
        queue.sqs.send_message_batch(QueueUrl=queue.url, Entries=ten(call))
    assert queue.counts() == (3_000, 0, 0)
    assert refused(queue.sqs.send_message_batch, QueueUrl=queue.url, Entries=ten(300)) == "RequestThrottled"


def test_expiry_of_a_message_in_flight_unlocks_its_group(cloud: Cloud) -> None:
    queue = fifo(cloud, MessageRetentionPeriod=60)
    queue.send("a1", "a", "1")
    cloud.advance(30)
    queue.send("a2", "a", "2")
    assert queue.bodies(1, VisibilityTimeout=600) == ["a1"]
    cloud.advance(20)
    assert queue.bodies(1, WaitTimeSeconds=20) == ["a2"]
    assert cloud.now == 60
