"""FIFO topics: one test a rule, named after it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import Cloud

from .conftest import Queue, refused
from .topics import Topic, let_in, total

DEDUPLICATION_S = 300


def bodies(queue: Queue) -> list[str]:
    """All bodies that the queue holds, in its order."""
    found: list[str] = []
    while messages := queue.receive(10):
        found += [message["Body"] for message in messages]
        for message in messages:
            queue.delete(message)
    return found


def fifo(topic: Topic, body: str, group: str = "g", deduplication: str | None = None) -> dict[str, Any]:
    more = {"MessageDeduplicationId": deduplication} if deduplication else {}
    return topic.publish(body, MessageGroupId=group, **more)


def test_fifo_needs_group_and_deduplication_id(cloud: Cloud) -> None:
    topic, by_content = Topic(cloud, "t.fifo"), Topic(cloud, "c.fifo", ContentBasedDeduplication="true")
    assert refused(topic.publish, "m", MessageDeduplicationId="d") == "InvalidParameter"
    assert refused(topic.publish, "m", MessageGroupId="g") == "InvalidParameter"
    assert refused(topic.publish, "m", MessageGroupId="g g", MessageDeduplicationId="d") == "InvalidParameter"
    assert refused(Topic(cloud).publish, "m", MessageDeduplicationId="d") == "InvalidParameter"
    assert by_content.publish("m", MessageGroupId="g")["SequenceNumber"]


def test_fifo_queue_gets_group_deduplication_id_and_sequence_number(cloud: Cloud) -> None:
    topic = Topic(cloud, "t.fifo", ContentBasedDeduplication="true")
    wrapped, raw = topic.queue("w.fifo", raw=False), topic.queue("r.fifo")
    reply = fifo(topic, "m")
    cloud.advance(1)
    (message,) = wrapped.receive()
    attributes = message["Attributes"]
    assert attributes["MessageGroupId"] == "g"
    assert attributes["MessageDeduplicationId"] == hashlib.sha256(b"m").hexdigest()
    assert json.loads(message["Body"])["SequenceNumber"] == reply["SequenceNumber"]
    assert bodies(raw) == ["m"]


def test_sequence_numbers_grow(cloud: Cloud) -> None:
    topic = Topic(cloud, "t.fifo", ContentBasedDeduplication="true")
    numbers = [int(fifo(topic, str(n), group=str(n % 2))["SequenceNumber"]) for n in range(6)]
    assert numbers == sorted(set(numbers))


@given(groups=st.lists(st.sampled_from("abc"), min_size=1, max_size=12), outage_s=st.sampled_from([0, 1, 30]))
@settings(max_examples=15, deadline=None)
def test_order_holds_in_each_group(groups: list[str], outage_s: int) -> None:
    with Cloud(seed=1) as cloud:
        topic = Topic(cloud, "t.fifo", ContentBasedDeduplication="true")
        queue = topic.queue("q.fifo")
        cloud.plane("sns").outage(queue.arn, outage_s)
        sent = [f"{group}{place}" for place, group in enumerate(groups)]
        for body in sent:
            fifo(topic, body, group=body[0])
            cloud.advance(2)
        cloud.advance(100)
        found = bodies(queue)
        for group in "abc":
            assert [body for body in found if body[0] == group] == [body for body in sent if body[0] == group]


def test_duplicate_within_five_minutes_is_accepted_and_not_delivered(cloud: Cloud) -> None:
    topic = Topic(cloud, "t.fifo")
    queue, plain = topic.queue("q.fifo"), topic.queue("plain")
    first = fifo(topic, "a", deduplication="d")
    cloud.run(until=DEDUPLICATION_S - 1)
    again = fifo(topic, "b", deduplication="d")
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    cloud.run(until=DEDUPLICATION_S + 1)
    fifo(topic, "c", deduplication="d")
    cloud.advance(1)
    assert plain.bodies() == ["a", "c"], "the topic itself drops the duplicate"
    assert bodies(queue) == ["a", "c"]
    assert total(cloud, "NumberOfMessagesPublished") == 3


def test_content_is_the_id_unless_one_is_given(cloud: Cloud) -> None:
    topic = Topic(cloud, "t.fifo", ContentBasedDeduplication="true")
    plain = topic.queue("plain")
    fifo(topic, "same")
    fifo(topic, "same")
    fifo(topic, "same", deduplication="other")
    fifo(topic, "another", deduplication=hashlib.sha256(b"same").hexdigest())
    cloud.advance(1)
    assert plain.bodies() == ["same", "same"]


@pytest.mark.parametrize(("scope", "copies"), [("Topic", 1), ("MessageGroup", 2)])
def test_scope_of_the_deduplication(cloud: Cloud, scope: str, copies: int) -> None:
    topic = Topic(cloud, "t.fifo", FifoThroughputScope=scope)
    plain = topic.queue("plain")
    for group in "ab":
        fifo(topic, "m", group=group, deduplication="d")
    cloud.advance(1)
    assert plain.bodies() == ["m"] * copies


def test_message_group_scope_cannot_be_taken_back(cloud: Cloud) -> None:
    topic = Topic(cloud, "t.fifo")
    change = {"TopicArn": topic.arn, "AttributeName": "FifoThroughputScope"}
    topic.sns.set_topic_attributes(**change, AttributeValue="MessageGroup")
    assert refused(topic.sns.set_topic_attributes, **change, AttributeValue="Topic") == "InvalidParameter"
    shown = topic.sns.get_topic_attributes(TopicArn=topic.arn)["Attributes"]
    assert shown["FifoThroughputScope"] == "MessageGroup"


def test_batch_is_deduplicated_within_itself_and_in_order(cloud: Cloud) -> None:
    topic = Topic(cloud, "t.fifo")
    queue = topic.queue("q.fifo")
    given = [
        {"Id": str(n), "Message": str(n), "MessageGroupId": "g", "MessageDeduplicationId": str(min(n, 3))}
        for n in range(5)
    ]
    reply = topic.sns.publish_batch(TopicArn=topic.arn, PublishBatchRequestEntries=given)
    assert len(reply["Successful"]) == 5
    cloud.advance(1)
    assert bodies(queue) == ["0", "1", "2", "3"]


def test_group_takes_300_messages_a_second(cloud: Cloud) -> None:
    topic = Topic(cloud, "t.fifo")
    plain = cloud.client("sns", config=Config(retries={"total_max_attempts": 1}))

    def publish(number: int, group: str = "g") -> Any:
        return plain.publish(
            TopicArn=topic.arn, Message="m", MessageGroupId=group, MessageDeduplicationId=f"{group}{number}"
        )

    for number in range(300):
        publish(number)
    assert refused(publish, 300) == "Throttled"
    assert publish(300, "other")
    cloud.advance(1)
    assert publish(300)


@pytest.mark.parametrize(("scope", "code"), [("Topic", "Throttled"), ("MessageGroup", "")])
def test_topic_takes_20_million_bytes_a_second_in_topic_scope(cloud: Cloud, scope: str, code: str) -> None:
    topic = Topic(cloud, "t.fifo", FifoThroughputScope=scope)
    plain = cloud.client("sns", config=Config(retries={"total_max_attempts": 1}))

    def publish(number: int) -> Any:
        return plain.publish(
            TopicArn=topic.arn, Message="x" * 250_000, MessageGroupId="g", MessageDeduplicationId=str(number)
        )

    for number in range(80):
        publish(number)
    if code:
        assert refused(publish, 80) == code
    else:
        assert publish(80)


@pytest.mark.parametrize("protocol", ["email", "lambda", "http", "sms"])
def test_only_queues_subscribe_to_a_fifo_topic(cloud: Cloud, protocol: str) -> None:
    topic = Topic(cloud, "t.fifo")
    endpoint = {"http": "http://example.com/", "sms": "+15550100"}.get(protocol, "a@example.com")
    assert refused(topic.subscribe, protocol, endpoint) == "InvalidParameter"


def test_fifo_queue_does_not_subscribe_to_a_standard_topic(cloud: Cloud) -> None:
    topic, queue = Topic(cloud), Queue(cloud, "q.fifo")
    assert refused(topic.subscribe, "sqs", queue.arn) == "InvalidParameter"


def test_dead_letter_queue_has_the_type_of_the_queue(cloud: Cloud) -> None:
    topic = Topic(cloud, "t.fifo", ContentBasedDeduplication="true")
    dead, plain = Queue(cloud, "dead.fifo"), Queue(cloud, "dead")
    policy = {"RedrivePolicy": {"deadLetterTargetArn": plain.arn}}
    assert refused(topic.subscribe, "sqs", Queue(cloud, "q.fifo").arn, **policy) == "InvalidParameter"
    queue = topic.queue("q2.fifo", allowed=False, RedrivePolicy={"deadLetterTargetArn": dead.arn})
    let_in(dead, topic.arn)
    for body in "abc":
        fifo(topic, body)
    cloud.advance(1)
    assert (bodies(queue), bodies(dead)) == ([], ["a", "b", "c"])


def test_fifo_topic_has_at_most_100_subscriptions(cloud: Cloud) -> None:
    topic = Topic(cloud, "t.fifo")
    arn = "arn:aws:sqs:us-east-1:123456789012:q{}"
    for number in range(100):
        topic.subscribe("sqs", arn.format(number))
    assert refused(topic.subscribe, "sqs", arn.format("x")) == "SubscriptionLimitExceeded"
