"""Publish and PublishBatch: one test a rule, named after it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers import Cloud

from .conftest import Queue, refused
from .topics import Topic, let_in, number, text, total

LIMIT = 262_144


def test_publish_answers_with_an_id_that_the_envelope_bears(cloud: Cloud) -> None:
    topic = Topic(cloud)
    queue = topic.queue(raw=False)
    sent = topic.publish("hello", Subject="greeting", MessageAttributes={"colour": text("red")})
    cloud.advance(1)
    (body,) = queue.bodies()
    envelope = json.loads(body)
    assert list(envelope) == [
        "Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion", "Signature",
        "SigningCertURL", "UnsubscribeURL", "MessageAttributes",
    ]  # fmt: skip
    assert envelope["MessageId"] == sent["MessageId"]
    assert (envelope["Type"], envelope["TopicArn"]) == ("Notification", topic.arn)
    assert (envelope["Subject"], envelope["Message"]) == ("greeting", "hello")
    assert envelope["Timestamp"] == "2026-01-05T09:00:00.000Z"
    assert envelope["MessageAttributes"] == {"colour": {"Type": "String", "Value": "red"}}


def test_size_counts_body_and_attributes_in_bytes(cloud: Cloud) -> None:
    topic = Topic(cloud)
    attribute = {"a": text("v")}  # 1 + 6 + 1 bytes
    assert topic.publish("é" * ((LIMIT - 8) // 2), MessageAttributes=attribute)["MessageId"]
    assert refused(topic.publish, "x" * (LIMIT - 7), MessageAttributes=attribute) == "InvalidParameter"
    assert topic.publish("x" * LIMIT)["MessageId"]
    assert refused(topic.publish, "x" * (LIMIT + 1)) == "InvalidParameter"


def test_maximum_message_size_of_a_topic(cloud: Cloud) -> None:
    topic = Topic(cloud, MaximumMessageSize=1_048_576)
    assert topic.publish("x" * 1_048_576)["MessageId"]
    assert refused(topic.publish, "x" * 1_048_577) == "InvalidParameter"
    for value in ("1023", "1048577"):
        assert refused(Topic, cloud, "other", MaximumMessageSize=value) == "InvalidParameter"
    assert refused(topic.subscribe, "email", "a@example.com") == "InvalidParameter"
    plain = Topic(cloud, "plain")
    plain.subscribe("email", "a@example.com")
    raise_it = {"TopicArn": plain.arn, "AttributeName": "MaximumMessageSize", "AttributeValue": "262145"}
    assert refused(plain.sns.set_topic_attributes, **raise_it) == "InvalidParameter"


@pytest.mark.parametrize("subject", ["", "two\nlines", "x" * 101])
def test_subject_is_one_short_line(cloud: Cloud, subject: str) -> None:
    topic = Topic(cloud)
    assert refused(topic.publish, Subject=subject) == "InvalidParameter"
    assert topic.publish(Subject="x" * 99)["MessageId"]


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("AWS.mine", text("v")),
        ("two..dots", text("v")),
        ("n", {"DataType": "Number", "StringValue": "many"}),
        ("t", {"DataType": "Text", "StringValue": "v"}),
        ("e", {"DataType": "String", "StringValue": ""}),
    ],
)
def test_attributes_are_checked(cloud: Cloud, name: str, attribute: dict[str, Any]) -> None:
    topic = Topic(cloud)
    assert refused(topic.publish, MessageAttributes={name: attribute}) == "ParameterValueInvalid"


def test_structure_gives_each_protocol_its_text(cloud: Cloud) -> None:
    topic = Topic(cloud)
    queue = topic.queue()
    topic.subscribe("email", "a@example.com")
    cloud.advance(1)
    (asked,) = cloud.plane("sns").mails()
    topic.sns.confirm_subscription(TopicArn=topic.arn, Token=asked.token)
    topic.publish(json.dumps({"default": "d", "sqs": "for queues", "email": 7}), MessageStructure="json")
    cloud.advance(1)
    assert queue.bodies() == ["for queues"]
    assert cloud.plane("sns").mails("a@example.com")[-1].body == "d", "a value that is no text is ignored"


@pytest.mark.parametrize(
    "message", ['{"sqs": "x"}', "no json", '["default"]', '{"default": "a", "default": "b"}']
)
def test_structure_needs_a_default_and_distinct_keys(cloud: Cloud, message: str) -> None:
    assert refused(Topic(cloud).publish, message, MessageStructure="json") == "InvalidParameter"


def test_attributes_are_not_sent_with_a_structure(cloud: Cloud) -> None:
    topic = Topic(cloud)
    queue = topic.queue(raw=False)
    topic.publish('{"default": "d"}', MessageStructure="json", MessageAttributes={"colour": text("red")})
    cloud.advance(1)
    assert "MessageAttributes" not in json.loads(queue.bodies()[0])


def test_missing_topic_and_missing_target(cloud: Cloud) -> None:
    topic = Topic(cloud)
    assert refused(topic.sns.publish, TopicArn=topic.arn + "x", Message="m") == "NotFound"
    assert refused(topic.sns.publish, Message="m") == "InvalidParameter"
    assert refused(topic.sns.publish, TopicArn=topic.arn, Message="") == "InvalidParameter"
    topic.sns.delete_topic(TopicArn=topic.arn)
    assert refused(topic.publish) == "NotFound"


def test_phone_numbers_are_left_to_moto(cloud: Cloud) -> None:
    assert cloud.client("sns").publish(PhoneNumber="+15550100", Message="m")["MessageId"]


def entries(*messages: str, **more: Any) -> list[dict[str, Any]]:
    return [{"Id": str(number), "Message": message, **more} for number, message in enumerate(messages)]


def test_batch_as_a_whole(cloud: Cloud) -> None:
    topic = Topic(cloud)

    def batch(given: list[dict[str, Any]]) -> Any:
        return topic.sns.publish_batch(TopicArn=topic.arn, PublishBatchRequestEntries=given)

    assert len(batch(entries(*"0123456789"))["Successful"]) == 10
    assert refused(batch, entries(*"0123456789x")) == "TooManyEntriesInBatchRequest"
    assert refused(batch, []) == "EmptyBatchRequest"
    assert refused(batch, [{"Id": "a", "Message": "m"}] * 2) == "BatchEntryIdsNotDistinct"
    assert refused(batch, [{"Id": "a b", "Message": "m"}]) == "InvalidBatchEntryId"
    assert len(batch(entries("x" * (LIMIT - 1), "y"))["Successful"]) == 2
    assert refused(batch, entries("x" * LIMIT, "y")) == "BatchRequestTooLong"


def test_batch_entries_fail_one_by_one(cloud: Cloud) -> None:
    topic = Topic(cloud)
    queue = topic.queue()
    given = entries("a", "", "c")
    reply = topic.sns.publish_batch(TopicArn=topic.arn, PublishBatchRequestEntries=given)
    assert [one["Id"] for one in reply["Successful"]] == ["0", "2"]
    (failed,) = reply["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("1", "InvalidParameter", True)
    cloud.advance(1)
    assert sorted(queue.bodies()) == ["a", "c"]


def test_account_quota_of_messages_per_second(cloud: Cloud) -> None:
    topic = Topic(cloud)
    cloud.plane("sns").models.messages_per_s = 12
    for _ in range(2):
        topic.publish()
    topic.sns.publish_batch(TopicArn=topic.arn, PublishBatchRequestEntries=entries(*"0123456789"))
    plain = cloud.client("sns", config=once())
    assert refused(plain.publish, TopicArn=topic.arn, Message="13th") == "Throttled"
    cloud.advance(1)
    assert topic.publish()["MessageId"]
    assert total(cloud, "NumberOfMessagesPublished") == 13


def once() -> Any:
    """A client's configuration without retries."""
    from botocore.config import Config

    return Config(retries={"total_max_attempts": 1})


def test_metrics_of_publishing(cloud: Cloud) -> None:
    topic = Topic(cloud)
    topic.queue()
    topic.publish("x" * 10, MessageAttributes={"n": number(5)})  # 10 + 1 + 6 + 1
    topic.publish("x" * 20)
    cloud.advance(1)
    assert total(cloud, "NumberOfMessagesPublished") == 2
    assert total(cloud, "PublishSize") == 38
    assert total(cloud, "NumberOfNotificationsDelivered") == 2


def test_buckets_publish_through_the_plane(cloud: Cloud) -> None:
    topic = Topic(cloud)
    queue = topic.queue()
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="photos")
    wanted = {"TopicConfigurations": [{"TopicArn": topic.arn, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(Bucket="photos", NotificationConfiguration=wanted)
    s3.put_object(Bucket="photos", Key="cat.png", Body=b"")
    cloud.advance(1)
    events = [json.loads(body) for body in queue.bodies()]
    assert [event.get("Event") or event["Records"][0]["s3"]["object"]["key"] for event in events] == [
        "s3:TestEvent",
        "cat.png",
    ]


def test_same_seed_same_bytes() -> None:
    def bodies() -> list[str]:
        with Cloud(seed=5) as cloud:
            topic = Topic(cloud)
            queue = topic.queue(raw=False)
            topic.publish()
            with Cloud(seed=6) as other:
                Queue(other).send("in between")
            cloud.advance(1)
            return [message["MessageId"] + message["Body"] for message in queue.receive(10)]

    assert bodies() == bodies() != []


def test_queue_subscribed_later_gets_nothing_of_before(cloud: Cloud) -> None:
    topic = Topic(cloud)
    topic.publish("early")
    late = Queue(cloud, "late")
    let_in(late, topic.arn)
    topic.subscribe("sqs", late.arn, RawMessageDelivery="true")
    topic.publish("later")
    cloud.advance(1)
    assert late.bodies() == ["later"]
