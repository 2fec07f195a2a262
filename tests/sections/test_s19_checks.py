"""The live checks of section 19: what passes, what does not yet, and that looking leaves no trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from helpers import Cloud
from helpers.sections.checks import Status, find_check
from helpers.sections.s19_sns.checks import CHECKS

HOOK = "https://partner.example.com/hook"
SHOP = "arn:aws:sns:us-east-1:123456789012:shop-"


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with Cloud(seed=19) as opened:
        yield opened


def judge(name: str) -> tuple[Status, str]:
    result = find_check(f"19_sns.{name}").judge()
    return result.status, result.reason


def queue_behind(cloud: Cloud, topic: str, name: str, **attributes: str) -> str:
    """A raw queue behind the topic that lets SNS in: its URL."""
    arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    given = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [allow]})}
    if name.endswith(".fifo"):
        given["FifoQueue"] = "true"
    url: str = cloud.client("sqs").create_queue(QueueName=name, Attributes=given)["QueueUrl"]
    cloud.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true", **attributes}
    )
    return url


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_an_empty_account_has_attempted_nothing_and_looking_leaves_no_trace(check: Any, cloud: Cloud) -> None:
    result = check.judge()
    assert result.status is Status.NOT_ATTEMPTED
    assert result.reason.endswith(".")
    assert (len(cloud.trail), cloud.now) == (0, 0)


@pytest.mark.parametrize(
    ("names", "status", "word"),
    [
        (["team"], Status.FAILED, "The billing-worker worked on 3 of 6 orders"),
        (["billing", "shipping"], Status.PASSED, "all 6 orders"),
        (["billing", "spare", "shipping"], Status.FAILED, "The queue spare keeps 6 messages"),
        (["billing"], Status.FAILED, "3 of 6"),
    ],
)
def test_topic(cloud: Cloud, names: list[str], status: Status, word: str) -> None:
    sns, sqs = cloud.client("sns"), cloud.client("sqs")
    topic = sns.create_topic(Name="shop")["TopicArn"]
    assert judge("topic") == (Status.NOT_ATTEMPTED, "No order was published to shop yet.")
    urls = [queue_behind(cloud, topic, name) for name in names]
    for number in range(6):
        sns.publish(TopicArn=topic, Message=f"order {number}")
    cloud.advance(1)

    def work_off(url: str) -> None:
        while "Messages" in (reply := sqs.receive_message(QueueUrl=url)):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=reply["Messages"][0]["ReceiptHandle"])

    cloud.spawn(work_off, urls[0], name="billing-worker")
    cloud.spawn(work_off, urls[-1], name="shipping-worker")
    cloud.run()
    before = cloud.trail
    found, reason = judge("topic")
    assert (found, word in reason) == (status, True), reason
    assert cloud.trail.equals(before)


@pytest.mark.parametrize(
    ("size", "status", "word"),
    [
        (5, Status.FAILED, "with 20 calls"),
        (6, Status.PASSED, "17 calls"),
        (7, Status.PASSED, "15 calls"),
        (8, Status.PASSED, "13 calls"),
        (9, Status.FAILED, "1 of 100 texts are in the archive: calls were refused with BatchRequestTooLong"),
        (11, Status.FAILED, "TooManyEntriesInBatchRequest"),
    ],
)
def test_message(cloud: Cloud, size: int, status: Status, word: str) -> None:
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="reports")["TopicArn"]
    queue_behind(cloud, topic, "archive")
    assert judge("message")[0] is Status.NOT_ATTEMPTED
    texts = [f"{n:03}".ljust(30 * 1024, "x") for n in range(100)]
    for first in range(0, 100, size):
        entries = [{"Id": str(n), "Message": text} for n, text in enumerate(texts[first : first + size])]
        try:
            sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
        except sns.exceptions.ClientError:
            continue
    cloud.advance(1)
    found, reason = judge("message")
    assert (found, word in reason) == (status, True), reason


def test_message_published_twice_is_too_much(cloud: Cloud) -> None:
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="reports")["TopicArn"]
    queue_behind(cloud, topic, "archive")
    for number in range(101):
        sns.publish(TopicArn=topic, Message=str(number % 100))
    cloud.advance(1)
    assert judge("message") == (Status.FAILED, "1 copy too many went to the archive.")


ABOVE = [{"numeric": [">", 100]}]
LEFT = {"state": ["cancelled", "returned"]}


@pytest.mark.parametrize(
    ("policy", "status", "word"),
    [
        ({**LEFT, "amount": ABOVE}, Status.PASSED, "refunds holds the 20 orders"),
        ({"state": [{"anything-but": ["placed", "paid"]}], "amount": ABOVE}, Status.PASSED, "20"),
        ({"state": ["cancelled"], "amount": ABOVE}, Status.FAILED, "10 of the 20 orders are missing"),
        ({"$or": [LEFT, {"amount": ABOVE}]}, Status.FAILED, "and 29 more"),
        ({"amount": ABOVE}, Status.FAILED, "more that it does not want"),
        (None, Status.FAILED, "and 40 more"),
    ],
)
def test_filter(cloud: Cloud, policy: dict[str, Any] | None, status: Status, word: str) -> None:
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="shop")["TopicArn"]
    filtered = {"FilterPolicyScope": "MessageBody", "FilterPolicy": json.dumps(policy)} if policy else {}
    queue_behind(cloud, topic, "refunds", **filtered)
    assert judge("filter")[0] is Status.NOT_ATTEMPTED
    for number in range(60):
        state = ("placed", "paid", "cancelled", "returned")[number % 4]
        body = {"order": number, "state": state, "amount": 5 * number}
        sns.publish(TopicArn=topic, Message=json.dumps(body))
    cloud.advance(1)
    found, reason = judge("filter")
    assert (found, word in reason) == (status, True), reason


@pytest.mark.parametrize(
    ("retries", "status", "word"),
    [
        (None, Status.FAILED, "3 retries in 60 s: a message at the start"),
        (30, Status.FAILED, "30 retries in 600 s"),
        (31, Status.PASSED, "31 retries in 620 s"),
        (45, Status.PASSED, "over before"),
        (60, Status.PASSED, "1200 s"),
        (61, Status.FAILED, "still delivers what is older"),
        (100, Status.FAILED, "2000 s"),
        (101, Status.FAILED, "AWS refused the policy, so it is still 3 retries in 60 s"),
    ],
)
def test_delivery(cloud: Cloud, retries: int | None, status: Status, word: str) -> None:
    sns, tokens = cloud.client("sns"), []

    def server(headers: dict[str, str], body: str) -> int:
        tokens.append(json.loads(body)["Token"])
        return 200

    cloud.plane("sns").endpoint(HOOK, server)
    topic = sns.create_topic(Name="news")["TopicArn"]
    assert judge("delivery") == (Status.NOT_ATTEMPTED, "No web server is subscribed to news yet.")
    given = {"TopicArn": topic, "Protocol": "https", "Endpoint": HOOK, "ReturnSubscriptionArn": True}
    arn = sns.subscribe(**given)["SubscriptionArn"]
    cloud.advance(1)
    sns.confirm_subscription(TopicArn=topic, Token=tokens[-1])
    if retries is not None:
        retry = {"numRetries": retries, "minDelayTarget": 20, "maxDelayTarget": 20}
        try:
            sns.set_subscription_attributes(
                SubscriptionArn=arn,
                AttributeName="DeliveryPolicy",
                AttributeValue=json.dumps({"healthyRetryPolicy": retry}),
            )
        except sns.exceptions.ClientError:
            assert retries > 100
    before = cloud.trail
    found, reason = judge("delivery")
    assert (found, word in reason) == (status, True), reason
    assert cloud.trail.equals(before)


@pytest.mark.parametrize(
    ("field", "status", "word"),
    [
        ("customer", Status.PASSED, "3 customers"),
        ("shop", Status.FAILED, "Customers share a group"),
        ("event", Status.FAILED, "The events of c0 are in 3 groups"),
        ("kind", Status.FAILED, "in 3 groups"),
    ],
)
def test_fifo(cloud: Cloud, field: str, status: Status, word: str) -> None:
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="parcels.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    assert judge("fifo")[0] is Status.NOT_ATTEMPTED
    for number, kind in enumerate(["ordered"] * 3 + ["packed"] * 3 + ["sent"] * 2):
        event = {"event": f"e{number}", "shop": "s1", "customer": f"c{number % 3}", "kind": kind}
        ids = {"MessageGroupId": event[field], "MessageDeduplicationId": event["event"]}
        sns.publish(TopicArn=topic, Message=json.dumps(event), **ids)
    found, reason = judge("fifo")
    assert (found, word in reason) == (status, True), reason


@pytest.mark.parametrize(
    ("source", "status", "word"),
    [
        ([f"{SHOP}orders", f"{SHOP}returns"], Status.PASSED, "newsletter may not"),
        (f"{SHOP}*", Status.PASSED, "may send to ledger"),
        (f"{SHOP}orders", Status.FAILED, "shop-returns may not send"),
        ("*", Status.FAILED, "newsletter may send too"),
        ("arn:aws:sns:*:*:shop*", Status.FAILED, "other accounts"),
        (None, Status.FAILED, "newsletter may send too"),
    ],
)
def test_access(cloud: Cloud, source: str | list[str] | None, status: Status, word: str) -> None:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="ledger")["QueueUrl"]
    assert judge("access") == (Status.NOT_ATTEMPTED, "ledger has no policy yet.")
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "arn:aws:sqs:us-east-1:123456789012:ledger",
        **({"Condition": {"ArnLike": {"aws:SourceArn": source}}} if source else {}),
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
    found, reason = judge("access")
    assert (found, word in reason) == (status, True), reason
