"""Dead-letter queues and move tasks: one test a rule, named after it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers import Cloud

from .conftest import Queue, refused


def pair(cloud: Cloud, receives: int | None = 2, suffix: str = "", **attributes: Any) -> tuple[Queue, Queue]:
    """A source queue with its dead-letter queue; attributes of the DLQ begin with `dlq_`."""
    dlq = {name[4:]: value for name, value in attributes.items() if name.startswith("dlq_")}
    own = {name: value for name, value in attributes.items() if not name.startswith("dlq_")}
    dead = Queue(cloud, "dead" + suffix, **dlq)
    policy: dict[str, Any] = {"deadLetterTargetArn": dead.arn}
    if receives is not None:
        policy["maxReceiveCount"] = receives
    return Queue(cloud, "source" + suffix, RedrivePolicy=json.dumps(policy), **own), dead


def fail(cloud: Cloud, queue: Queue, times: int) -> None:
    for _ in range(times):
        queue.receive(10)
        cloud.advance(30)


def test_move_at_the_receive_after_the_last_allowed_one(cloud: Cloud) -> None:
    source, dead = pair(cloud, 2)
    sent = source.send("poison")
    fail(cloud, source, 2)
    assert (source.counts(), dead.counts()) == ((1, 0, 0), (0, 0, 0))  # it stays until somebody receives
    assert source.bodies() == []
    assert (source.counts(), dead.counts()) == ((0, 0, 0), (1, 0, 0))
    (message,) = dead.receive()
    assert message["MessageId"] == sent["MessageId"]
    shown = message["Attributes"]
    assert (shown["ApproximateReceiveCount"], shown["DeadLetterQueueSourceArn"]) == ("3", source.arn)
    assert shown["SentTimestamp"] == str(1767603600000)


def test_move_takes_no_room_in_the_reply(cloud: Cloud) -> None:
    source, dead = pair(cloud, 1)
    for body in ("p1", "p2"):
        source.send(body)
    fail(cloud, source, 1)
    source.send("good")
    assert source.bodies(1) == ["good"]
    assert dead.bodies() == ["p1", "p2"]


def test_maximum_receives_defaults_to_ten(cloud: Cloud) -> None:
    source, dead = pair(cloud, None)
    assert json.loads(source.attribute("RedrivePolicy") or "")["maxReceiveCount"] == 10
    source.send("poison")
    fail(cloud, source, 10)
    assert dead.counts() == (0, 0, 0)
    assert source.bodies() == []
    assert dead.counts() == (1, 0, 0)


@pytest.mark.parametrize("receives", [0, 1_001, "many"])
def test_maximum_receives_range(cloud: Cloud, receives: object) -> None:
    dead = Queue(cloud, "dead")
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": receives})
    assert refused(Queue, cloud, "source", RedrivePolicy=policy) == "InvalidParameterValue"


def test_dead_letter_queue_is_of_the_same_type_account_and_region(cloud: Cloud) -> None:
    Queue(cloud, "dead")
    Queue(cloud, "dead.fifo")
    base = "arn:aws:sqs:us-east-1:123456789012:"

    def make(name: str, target: str) -> Queue:
        policy = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": 3})
        return Queue(cloud, name, RedrivePolicy=policy)

    make("good", base + "dead")
    make("good.fifo", base + "dead.fifo")
    assert refused(make, "a", base + "dead.fifo") == "InvalidParameterValue"
    assert refused(make, "b.fifo", base + "dead") == "InvalidParameterCombination"
    assert refused(make, "c", base + "missing") == "AWS.SimpleQueueService.NonExistentQueue"
    assert refused(make, "d", base.replace("us-east-1", "eu-west-1") + "dead") == "InvalidParameterValue"
    assert (
        refused(make, "e", base.replace("123456789012", "111122223333") + "dead") == "InvalidParameterValue"
    )


def test_redrive_allow_policy(cloud: Cloud) -> None:
    dead = Queue(cloud, "dead", RedriveAllowPolicy=json.dumps({"redrivePermission": "denyAll"}))
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 3})
    assert refused(Queue, cloud, "s1", RedrivePolicy=policy) == "InvalidParameterValue"
    arn = dead.arn.replace("dead", "s2")
    allowed = json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [arn]})
    dead.set(RedriveAllowPolicy=allowed)
    assert dead.attribute("RedriveAllowPolicy") == allowed
    assert refused(Queue, cloud, "s1", RedrivePolicy=policy) == "InvalidParameterValue"
    Queue(cloud, "s2", RedrivePolicy=policy)
    for bad in (
        {"redrivePermission": "byQueue"},
        {"redrivePermission": "byQueue", "sourceQueueArns": [arn] * 11},
    ):
        assert refused(dead.set, RedriveAllowPolicy=json.dumps(bad)) == "InvalidParameterValue"
    dead.set(RedriveAllowPolicy="")
    Queue(cloud, "s1", RedrivePolicy=policy)


def test_age_on_standard_queues_counts_from_the_send(cloud: Cloud) -> None:
    source, dead = pair(cloud, 1, dlq_MessageRetentionPeriod=345_600)
    source.send("poison")
    cloud.advance(86_400 - 30)  # one day in the source queue
    fail(cloud, source, 1)
    source.receive()
    cloud.advance(3 * 86_400 - 1)
    assert dead.counts() == (1, 0, 0)
    metrics = cloud.plane("sqs").metrics(dead.url)
    assert metrics["ApproximateAgeOfOldestMessage"] == 3 * 86_400 - 1  # counted from the move
    cloud.advance(1)
    assert dead.counts() == (0, 0, 0)


def test_age_on_fifo_queues_starts_anew(cloud: Cloud) -> None:
    source, dead = pair(cloud, 1, ".fifo", dlq_MessageRetentionPeriod=345_600)
    sent = source.send("poison", "g", "1")
    cloud.advance(86_400 - 30)
    fail(cloud, source, 1)
    source.receive()
    (message,) = dead.receive(VisibilityTimeout=0)
    assert message["Attributes"]["MessageDeduplicationId"] == sent["MessageId"]
    cloud.advance(4 * 86_400 - 1)
    assert dead.counts() == (1, 0, 0)
    cloud.advance(1)
    assert dead.counts() == (0, 0, 0)


def test_fifo_dead_letter_lets_the_next_message_overtake(cloud: Cloud) -> None:
    source, dead = pair(cloud, 1, ".fifo")
    for body in ("a1", "a2"):
        source.send(body, "a", body)
    assert source.bodies(1) == ["a1"]
    cloud.advance(30)
    assert source.bodies(1) == ["a2"]
    assert dead.bodies() == ["a1"]


def test_deleted_dead_letter_queue_loses_nothing(cloud: Cloud) -> None:
    source, dead = pair(cloud, 1)
    source.send("poison")
    fail(cloud, source, 1)
    dead.sqs.delete_queue(QueueUrl=dead.url)
    assert source.bodies() == ["poison"]


def test_chain_of_dead_letter_queues_counts_for_each_queue(cloud: Cloud) -> None:
    last = Queue(cloud, "last")
    policy = json.dumps({"deadLetterTargetArn": last.arn, "maxReceiveCount": 2})
    source, dead = pair(cloud, 3, dlq_RedrivePolicy=policy)
    source.send("poison")
    fail(cloud, source, 4)
    fail(cloud, dead, 2)
    assert (dead.bodies(), last.counts()) == ([], (1, 0, 0))


# Move tasks


def poisoned(cloud: Cloud, count: int, suffix: str = "") -> tuple[Queue, Queue]:
    source, dead = pair(cloud, 1, suffix)
    for number in range(count):
        source.send(f"m{number}", *(("g", f"{number}") if suffix else ()))
    while dead.counts()[0] < count:
        source.receive(10)
        cloud.advance(30)
    return source, dead


def tasks(queue: Queue, most: int = 1) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = queue.sqs.list_message_move_tasks(SourceArn=queue.arn, MaxResults=most)[
        "Results"
    ]
    return results


@pytest.mark.parametrize("suffix", ["", ".fifo"])
def test_move_task_back_to_the_source(cloud: Cloud, suffix: str) -> None:
    source, dead = poisoned(cloud, 3, suffix)
    old = {m["MessageId"] for m in dead.receive(10, VisibilityTimeout=0)}
    dead.sqs.start_message_move_task(SourceArn=dead.arn)
    cloud.advance(1)
    (task,) = tasks(dead)
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 3)
    assert "TaskHandle" not in task
    assert dead.counts() == (0, 0, 0)
    messages = source.receive(10)
    assert [m["Body"] for m in messages] == ["m0", "m1", "m2"]
    assert {m["Attributes"]["ApproximateReceiveCount"] for m in messages} == {"1"}
    assert not old & {m["MessageId"] for m in messages}  # redriven messages are new ones


def test_move_task_rate_progress_and_cancel(cloud: Cloud) -> None:
    source, dead = poisoned(cloud, 10)
    start = cloud.now
    reply = dead.sqs.start_message_move_task(SourceArn=dead.arn, MaxNumberOfMessagesPerSecond=2)
    log = []
    for _ in range(3):
        (task,) = tasks(dead)
        log.append((cloud.now - start, task["Status"], task["ApproximateNumberOfMessagesMoved"]))
        cloud.advance(1)
    assert log == [(0, "RUNNING", 0), (1, "RUNNING", 2), (2, "RUNNING", 4)]
    (task,) = tasks(dead)
    assert task["TaskHandle"] == reply["TaskHandle"]
    assert (task["ApproximateNumberOfMessagesToMove"], task["MaxNumberOfMessagesPerSecond"]) == (10, 2)
    cancelled = dead.sqs.cancel_message_move_task(TaskHandle=reply["TaskHandle"])
    assert cancelled["ApproximateNumberOfMessagesMoved"] == 6
    cloud.advance(60)
    assert tasks(dead)[0]["Status"] == "CANCELLED"
    assert (source.counts()[0], dead.counts()[0]) == (6, 4)  # nothing comes back
    assert (
        refused(dead.sqs.cancel_message_move_task, TaskHandle=reply["TaskHandle"]) == "InvalidParameterValue"
    )
    assert refused(dead.sqs.cancel_message_move_task, TaskHandle="bogus") == "ResourceNotFoundException"


def test_move_task_at_most_500_a_second(cloud: Cloud) -> None:
    source, dead = pair(cloud, 1)
    for call in range(120):
        entries = [{"Id": str(n), "MessageBody": f"{call}-{n}"} for n in range(10)]
        source.sqs.send_message_batch(QueueUrl=source.url, Entries=entries)
    while source.receive(10):
        pass
    cloud.advance(30)
    source.receive()
    assert dead.counts() == (1_200, 0, 0)
    dead.sqs.start_message_move_task(SourceArn=dead.arn)
    cloud.advance(2)
    assert tasks(dead)[0]["ApproximateNumberOfMessagesMoved"] == 1_000
    cloud.advance(0.4)
    assert tasks(dead)[0]["Status"] == "COMPLETED"
    code = refused(dead.sqs.start_message_move_task, SourceArn=dead.arn, MaxNumberOfMessagesPerSecond=501)
    assert code == "InvalidParameterValue"


def test_move_task_one_a_queue(cloud: Cloud) -> None:
    _, dead = poisoned(cloud, 2)
    dead.sqs.start_message_move_task(SourceArn=dead.arn, MaxNumberOfMessagesPerSecond=1)
    assert refused(dead.sqs.start_message_move_task, SourceArn=dead.arn) == "InvalidParameterValue"
    cloud.advance(3)
    dead.sqs.start_message_move_task(SourceArn=dead.arn)
    assert [task["Status"] for task in tasks(dead, 10)] == ["RUNNING", "COMPLETED"]
    assert len(tasks(dead)) == 1


def test_move_task_only_from_a_dead_letter_queue(cloud: Cloud) -> None:
    source, dead = poisoned(cloud, 1)
    other = Queue(cloud, "other.fifo")
    start = dead.sqs.start_message_move_task
    assert refused(start, SourceArn=source.arn) == "InvalidParameterValue"
    assert refused(start, SourceArn=dead.arn + "x") == "ResourceNotFoundException"
    assert refused(start, SourceArn=dead.arn, DestinationArn=dead.arn + "x") == "ResourceNotFoundException"
    assert refused(start, SourceArn=dead.arn, DestinationArn=other.arn) == "InvalidParameterValue"


def test_move_task_to_another_queue(cloud: Cloud) -> None:
    source, dead = poisoned(cloud, 2)
    other = Queue(cloud, "other")
    dead.sqs.start_message_move_task(SourceArn=dead.arn, DestinationArn=other.arn)
    cloud.advance(1)
    assert (other.bodies(), source.counts(), tasks(dead)[0]["DestinationArn"]) == (
        ["m0", "m1"],
        (0, 0, 0),
        other.arn,
    )


def test_move_task_fails_for_a_message_without_a_source(cloud: Cloud) -> None:
    _, dead = pair(cloud, 1)
    dead.send("sent directly")
    dead.sqs.start_message_move_task(SourceArn=dead.arn)
    cloud.advance(1)
    (task,) = tasks(dead)
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")
    assert dead.counts() == (1, 0, 0)


def test_move_task_wakes_a_long_poll(cloud: Cloud) -> None:
    source, dead = poisoned(cloud, 1)
    start = cloud.now
    dead.sqs.start_message_move_task(SourceArn=dead.arn, MaxNumberOfMessagesPerSecond=1)
    assert source.bodies(1, WaitTimeSeconds=20) == ["m0"]
    assert cloud.now - start == 1
