"""Configuration of topics and subscriptions: what is refused, kept and shown."""

from __future__ import annotations

import json

import pytest

from helpers import Cloud

from .conftest import Queue, refused
from .topics import Topic, total

ARN = "arn:aws:sqs:us-east-1:123456789012:"


@pytest.mark.parametrize(
    ("protocol", "endpoint", "attributes"),
    [
        ("email", "a@example.com", {"RawMessageDelivery": "true"}),
        ("sqs", ARN + "q", {"RawMessageDelivery": "maybe"}),
        ("sqs", ARN + "q", {"DeliveryPolicy": {"healthyRetryPolicy": {"numRetries": 1}}}),
        ("https", "https://example.com", {"DeliveryPolicy": {"healthyRetryPolicy": {"numRetries": 101}}}),
        ("sqs", ARN + "q", {"RedrivePolicy": "no json"}),
        (
            "sqs",
            ARN + "q",
            {"RedrivePolicy": {"deadLetterTargetArn": "arn:aws:sns:us-east-1:123456789012:t"}},
        ),
        (
            "sqs",
            ARN + "q",
            {"RedrivePolicy": {"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:123456789012:d"}},
        ),
        (
            "sqs",
            ARN + "q",
            {"RedrivePolicy": {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:999999999999:d"}},
        ),
        ("sqs", ARN + "q", {"RedrivePolicy": {"deadLetterTargetArn": ARN + "d.fifo"}}),
        ("sqs", ARN + "q", {"FilterPolicyScope": "Headers", "FilterPolicy": {"a": [1]}}),
        ("firehose", "arn:aws:firehose:us-east-1:123456789012:deliverystream/s", {}),
    ],
)
def test_attributes_that_a_subscription_must_not_have(
    cloud: Cloud, protocol: str, endpoint: str, attributes: dict[str, object]
) -> None:
    topic = Topic(cloud)
    assert refused(topic.subscribe, protocol, endpoint, **attributes) == "InvalidParameter"
    assert topic.sns.list_subscriptions_by_topic(TopicArn=topic.arn)["Subscriptions"] == []


@pytest.mark.parametrize(
    "attributes",
    [
        {"ContentBasedDeduplication": "true"},
        {"FifoThroughputScope": "MessageGroup"},
        {"DeliveryPolicy": "no json"},
    ],
)
def test_attributes_that_a_standard_topic_must_not_have(cloud: Cloud, attributes: dict[str, str]) -> None:
    assert refused(Topic, cloud, **attributes) == "InvalidParameter"


def test_five_streams_subscribe_to_a_topic(cloud: Cloud) -> None:
    topic = Topic(cloud)
    role = {"SubscriptionRoleArn": "arn:aws:iam::123456789012:role/r"}
    arn = "arn:aws:firehose:us-east-1:123456789012:deliverystream/s{}"
    for number in range(5):
        topic.subscribe("firehose", arn.format(number), **role)
    assert refused(topic.subscribe, "firehose", arn.format(5), **role) == "SubscriptionLimitExceeded"


def test_topic_counts_its_subscriptions(cloud: Cloud) -> None:
    topic = Topic(cloud)
    topic.queue()
    pending = topic.subscribe("email", "a@example.com")
    shown = topic.sns.get_topic_attributes(TopicArn=topic.arn)["Attributes"]
    assert (shown["SubscriptionsConfirmed"], shown["SubscriptionsPending"]) == ("1", "1")
    attributes = topic.sns.get_subscription_attributes(SubscriptionArn=pending)["Attributes"]
    assert attributes["PendingConfirmation"] == "true"


def test_same_name_is_the_same_topic(cloud: Cloud) -> None:
    topic = Topic(cloud)
    queue = topic.queue()
    assert Topic(cloud).arn == topic.arn
    topic.publish()
    cloud.advance(1)
    assert queue.bodies() == ["hello"]


def test_unsubscribed_queue_gets_no_more(cloud: Cloud) -> None:
    topic = Topic(cloud)
    queue = topic.queue()
    (listed,) = topic.sns.list_subscriptions()["Subscriptions"]
    topic.sns.unsubscribe(SubscriptionArn=listed["SubscriptionArn"])
    topic.publish()
    cloud.advance(1)
    assert queue.bodies() == []
    assert total(cloud, "NumberOfMessagesPublished") == 1


def test_effective_delivery_policy_is_shown(cloud: Cloud) -> None:
    topic = Topic(cloud)
    policy = {"healthyRetryPolicy": {"numRetries": 7, "minDelayTarget": 2, "maxDelayTarget": 9}}
    arn = topic.subscribe("https", "https://example.com/", DeliveryPolicy=policy)
    shown = topic.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    retry = json.loads(shown["EffectiveDeliveryPolicy"])["healthyRetryPolicy"]
    assert (retry["numRetries"], retry["minDelayTarget"], retry["maxDelayTarget"]) == (7, 2, 9)


@pytest.mark.slow
def test_topic_of_a_stack(cloud: Cloud) -> None:
    queue = Queue(cloud)
    template = {
        "Resources": {
            "T": {
                "Type": "AWS::SNS::Topic",
                "Properties": {
                    "TopicName": "t",
                    "Subscription": [{"Endpoint": queue.arn, "Protocol": "sqs"}],
                },
            }
        }
    }
    cloud.client("cloudformation").create_stack(StackName="s", TemplateBody=json.dumps(template))
    (listed,) = cloud.client("sns").list_subscriptions()["Subscriptions"]
    assert listed["Endpoint"] == queue.arn
