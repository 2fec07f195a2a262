"""Queues themselves: attributes, names, deletion, deliveries of other services, and the labelled models."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from helpers import Cloud

from .conftest import Queue, refused
from .topics import let_in

RANGES = {
    "VisibilityTimeout": (0, 43_200),
    "MessageRetentionPeriod": (60, 1_209_600),
    "DelaySeconds": (0, 900),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "MaximumMessageSize": (1_024, 1_048_576),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
}


@pytest.mark.parametrize("name", RANGES)
def test_attribute_ranges(cloud: Cloud, name: str) -> None:
    low, high = RANGES[name]
    queue = Queue(cloud, "good", **{name: low})
    queue.set(**{name: high})
    for value in (low - 1, high + 1, "some"):
        assert refused(Queue, cloud, "bad", **{name: value}) == "InvalidAttributeValue"
        assert refused(queue.set, **{name: value}) == "InvalidAttributeValue"


def test_attribute_names(cloud: Cloud) -> None:
    queue = Queue(cloud)
    assert refused(queue.set, WaitTimeSeconds=5) == "InvalidAttributeName"
    assert refused(Queue, cloud, "bad", MessageVisibilityTimeout=5) == "InvalidAttributeName"
    assert refused(Queue, cloud, "bad", ContentBasedDeduplication="true") == "InvalidAttributeName"
    assert refused(queue.attribute, "Nonsense") == "InvalidAttributeName"


def test_attributes_that_are_not_set_stay_as_they_are(cloud: Cloud) -> None:
    queue = Queue(cloud)
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": queue.arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    queue.set(Policy=policy)
    queue.set(VisibilityTimeout=5)
    assert (queue.attribute("Policy"), queue.attribute("VisibilityTimeout")) == (policy, "5")
    assert cloud.trail.iloc[-3]["parameters"]["Attributes"] == {"VisibilityTimeout": "5"}
    queue.set(Policy="")
    attributes = cloud.client("sqs").get_queue_attributes(QueueUrl=queue.url, AttributeNames=["All"])[
        "Attributes"
    ]
    assert "Policy" not in attributes


def test_fifo_attributes(cloud: Cloud) -> None:
    assert (
        refused(Queue, cloud, "bad.fifo", FifoThroughputLimit="perMessageGroupId") == "InvalidAttributeValue"
    )
    assert refused(Queue, cloud, "bad.fifo", DeduplicationScope="group") == "InvalidAttributeValue"
    queue = Queue(cloud, "q.fifo")
    assert refused(queue.set, FifoQueue="false") == "InvalidAttributeValue"
    sqs = cloud.client("sqs")
    assert refused(sqs.create_queue, QueueName="x.fifo") == "InvalidParameterValue"
    assert (
        refused(sqs.create_queue, QueueName="x", Attributes={"FifoQueue": "true"}) == "InvalidParameterValue"
    )


def test_changes_reach_the_messages(cloud: Cloud) -> None:
    queue = Queue(cloud)
    queue.send("a")
    queue.set(VisibilityTimeout=5)
    assert queue.bodies() == ["a"]
    assert queue.attribute("VisibilityTimeout") == "5"
    cloud.advance(5)
    assert queue.bodies() == ["a"]


def test_attributes_that_moto_gets_wrong(cloud: Cloud) -> None:
    cloud.advance(0.5)
    queue = Queue(cloud, KmsMasterKeyId="alias/mine")
    assert queue.attribute("CreatedTimestamp") == "1767603600"
    assert queue.attribute("SqsManagedSseEnabled") == "false"


def test_deleted_name_is_free_after_60_seconds(cloud: Cloud) -> None:
    queue = Queue(cloud)
    queue.send("a")
    queue.sqs.delete_queue(QueueUrl=queue.url)
    with pytest.raises(queue.sqs.exceptions.QueueDoesNotExist):
        queue.send("b")
    cloud.advance(59.999)
    assert refused(Queue, cloud) == "AWS.SimpleQueueService.QueueDeletedRecently"
    cloud.advance(0.001)
    assert Queue(cloud).counts() == (0, 0, 0)


def test_queues_of_two_regions_and_two_clouds_are_apart(cloud: Cloud) -> None:
    here = Queue(cloud)
    there = cloud.client("sqs", region_name="eu-west-1")
    url = there.create_queue(QueueName="q")["QueueUrl"]
    there.send_message(QueueUrl=url, MessageBody="there")
    with Cloud(seed=3) as other:
        assert Queue(other).counts() == (0, 0, 0)
    assert here.counts() == (0, 0, 0)
    assert there.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "there"


def test_delivery_from_sns(cloud: Cloud) -> None:
    queue, sns = Queue(cloud), cloud.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes={"RawMessageDelivery": "true"}
    )
    let_in(queue, topic)
    log: list[tuple[float, list[str]]] = []
    cloud.spawn(lambda: log.append((cloud.now, queue.bodies(WaitTimeSeconds=20))))
    cloud.run(until=3)
    sns.publish(TopicArn=topic, Message="hello")
    cloud.run()
    assert queue.counts() == (0, 0, 1)
    assert [bodies for _, bodies in log] == [["hello"]]


def test_stack_makes_and_deletes_queues(cloud: Cloud) -> None:
    stacks = cloud.client("cloudformation")
    template = {"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "stacked"}}}}
    stacks.create_stack(StackName="s", TemplateBody=json.dumps(template))
    sqs = cloud.client("sqs")
    url = sqs.get_queue_url(QueueName="stacked")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="a")
    stacks.delete_stack(StackName="s")
    assert (
        refused(sqs.send_message, QueueUrl=url, MessageBody="b") == "AWS.SimpleQueueService.NonExistentQueue"
    )


# Labelled models: off by default


def drain(queue: Queue) -> list[str]:
    bodies: list[str] = []
    while messages := queue.receive(1, WaitTimeSeconds=1):
        bodies += [m["Body"] for m in messages]
        for message in messages:
            queue.delete(message)
    return bodies


def test_models_are_off_by_default(cloud: Cloud) -> None:
    queue = Queue(cloud)
    sent = [str(number) for number in range(50)]
    for body in sent:
        queue.send(body)
    assert drain(queue) == sent


def test_model_rare_duplicates(cloud: Cloud) -> None:
    cloud.plane("sqs").models.rare_duplicate_probability = 0.2
    queue = Queue(cloud)
    for number in range(100):
        queue.send(str(number))
    seen = Counter(drain(queue))
    assert len(seen) == 100
    assert set(seen.values()) == {1, 2}
    assert 8 <= sum(count == 2 for count in seen.values()) <= 35


def test_model_disorder_stays_in_its_window(cloud: Cloud) -> None:
    cloud.plane("sqs").models.disorder_window = 4
    queue = Queue(cloud)
    for number in range(60):
        queue.send(str(number))
    order = [int(body) for body in drain(queue)]
    assert sorted(order) == list(range(60))
    assert order != sorted(order)
    assert all(number - place < 4 for place, number in enumerate(order))


def test_model_short_poll_sample(cloud: Cloud) -> None:
    cloud.plane("sqs").models.short_poll_sample = 0.3
    queue = Queue(cloud)
    for number in range(6):
        queue.send(str(number))
    polls = [len(queue.receive(10, VisibilityTimeout=0)) for _ in range(40)]
    assert min(polls) < 6
    assert 0 < sum(polls) < 240
    assert len(queue.receive(10, WaitTimeSeconds=1)) == 6  # a long poll asks all servers


def test_fair_queue_serves_quiet_tenants_first(cloud: Cloud) -> None:
    queue = Queue(cloud)
    for number in range(20):
        queue.send(f"noisy{number}", "noisy")
    queue.send("quiet0", "quiet")
    queue.send("alone")
    assert queue.bodies(3) == ["noisy0", "quiet0", "alone"]
    assert queue.bodies(2) == ["noisy1", "noisy2"]  # nobody else waits: no tenant is capped
    queue.send("quiet1", "quiet")
    metrics = cloud.plane("sqs").metrics(queue.url)
    assert metrics["ApproximateNumberOfMessagesVisible"] == 18
    assert metrics["ApproximateNumberOfMessagesVisibleInQuietGroups"] == 1
    assert queue.bodies(1) == ["quiet1"]


def test_fair_queue_without_groups_keeps_the_order(cloud: Cloud) -> None:
    queue = Queue(cloud)
    for number in range(12):
        queue.send(str(number))
    assert queue.bodies(10) + queue.bodies(10) == [str(number) for number in range(12)]
