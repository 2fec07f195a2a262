"""Deliveries to queues, functions, streams, web servers and mailboxes: one test a rule, named after it."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from typing import Any

import pytest

from helpers import Cloud

from .conftest import Queue, refused
from .functions import Function, runs
from .topics import Topic, let_in, let_invoke, number, text, total

URL = "https://shop.example.com/hook"


@pytest.fixture(autouse=True)
def plain(cloud: Cloud) -> None:
    """Deliveries take no time, so that times are those of the retries alone."""
    cloud.plane("sns").models.delivery_s = 0


def sent(cloud: Cloud, operation: str) -> list[tuple[float, str | None]]:
    """Times and errors of what SNS did by itself."""
    trail = cloud.trail
    rows = trail[(trail.actor == "sns") & (trail.operation == operation)]
    return [(round(at, 6), error) for at, error in zip(rows.time_s, rows.error, strict=True)]


def confirmed(cloud: Cloud, topic: Topic, handler: Any, **attributes: Any) -> None:
    """A web server that confirms its subscription, and then lets `handler(headers, body)` answer."""

    def server(headers: dict[str, str], body: str) -> Any:
        if headers["x-amz-sns-message-type"] == "SubscriptionConfirmation":
            cloud.client("sns").confirm_subscription(TopicArn=topic.arn, Token=json.loads(body)["Token"])
            return 200
        return handler(headers, body)

    cloud.plane("sns").endpoint(URL, server)
    topic.subscribe("https", URL, **attributes)
    cloud.advance(1)


# Queues


def test_raw_delivery_passes_body_and_attributes(cloud: Cloud) -> None:
    topic = Topic(cloud)
    queue = topic.queue()
    topic.publish("hello", MessageAttributes={"colour": text("red"), "n": number(5)})
    cloud.advance(1)
    (message,) = queue.receive(MessageAttributeNames=["All"])
    assert message["Body"] == "hello"
    assert message["MessageAttributes"] == {"colour": text("red"), "n": number(5)}


def test_raw_delivery_to_a_queue_takes_ten_attributes(cloud: Cloud) -> None:
    topic = Topic(cloud)
    dead = Queue(cloud, "dead")
    raw, wrapped = topic.queue("raw"), topic.queue("wrapped", raw=False)
    let_in(dead, topic.arn)
    for count in (10, 11):
        topic.publish(str(count), MessageAttributes={f"a{n}": text("v") for n in range(count)})
    cloud.advance(1)
    assert raw.bodies() == ["10"]
    assert sorted(json.loads(body)["Message"] for body in wrapped.bodies()) == ["10", "11"]
    assert total(cloud, "NumberOfNotificationsFailed") == 1


def test_delivery_takes_the_time_of_the_model(cloud: Cloud) -> None:
    cloud.plane("sns").models.delivery_s = 0.25
    topic = Topic(cloud)
    topic.queue("a")
    topic.queue("b")
    topic.publish()
    cloud.advance(1)
    assert sent(cloud, "SendMessage") == [(0.25, None)] * 2


def test_queue_that_does_not_let_the_topic_in_gets_nothing(cloud: Cloud) -> None:
    topic, other = Topic(cloud), Topic(cloud, "other")
    closed, open_to_other, opened = (
        topic.queue("closed", allowed=False), topic.queue("elsewhere", allowed=False), topic.queue("open"),
    )  # fmt: skip
    let_in(open_to_other, other.arn)
    topic.publish("first")
    cloud.advance(1)
    assert (closed.bodies(), open_to_other.bodies(), opened.bodies()) == ([], [], ["first"])
    assert [error for _, error in sent(cloud, "GiveUp")] == ["AccessDenied"] * 2
    let_in(closed, topic.arn)
    topic.publish("second")
    cloud.advance(1)
    assert closed.bodies() == ["second"], "what came before is lost"


def test_client_side_error_is_not_retried_and_goes_to_the_dead_letter_queue(cloud: Cloud) -> None:
    topic, dead = Topic(cloud), Queue(cloud, "dead")
    let_in(dead, topic.arn)
    queue = topic.queue(RedrivePolicy={"deadLetterTargetArn": dead.arn})
    queue.sqs.delete_queue(QueueUrl=queue.url)
    topic.publish("lost?", MessageAttributes={"colour": text("red")})
    cloud.advance(100)
    (message,) = dead.receive(MessageAttributeNames=["All"])
    assert (message["Body"], message["MessageAttributes"]) == ("lost?", {"colour": text("red")})
    assert [at for at, _ in sent(cloud, "GiveUp")] == [0]
    assert total(cloud, "NumberOfNotificationsFailed") == 1
    assert total(cloud, "NumberOfNotificationsRedrivenToDlq") == 1
    assert total(cloud, "NumberOfNotificationsDelivered") == 0


def test_dead_letter_queue_that_is_closed_loses_the_message(cloud: Cloud) -> None:
    topic, dead = Topic(cloud), Queue(cloud, "dead")
    topic.queue(allowed=False, RedrivePolicy={"deadLetterTargetArn": dead.arn})
    topic.publish()
    cloud.advance(1)
    assert dead.bodies() == []
    assert total(cloud, "NumberOfNotificationsFailedToRedriveToDlq") == 1


def test_group_of_a_standard_topic_reaches_standard_queues(cloud: Cloud) -> None:
    topic = Topic(cloud)
    queue = topic.queue()
    topic.publish("m", MessageGroupId="tenant-1")
    cloud.advance(1)
    (message,) = queue.receive()
    assert message["Attributes"]["MessageGroupId"] == "tenant-1"


# Functions and streams


def test_function_is_invoked_with_the_documented_event(cloud: Cloud) -> None:
    topic = Topic(cloud)
    function = Function(cloud, "def handler(event, context):\n    return 1\n")
    let_invoke(cloud, "f", topic.arn)
    subscription = topic.subscribe("lambda", function.arn)
    reply = topic.publish("hello", Subject="s", MessageAttributes={"n": number(5)})
    cloud.advance(10)
    assert len(runs(cloud)) == 1
    trail = cloud.trail
    (row,) = trail[(trail.actor == "sns") & (trail.operation == "Invoke")].itertuples()
    (record,) = row.parameters["Payload"]["Records"]
    notice = record.pop("Sns")
    assert record == {"EventVersion": "1.0", "EventSubscriptionArn": subscription, "EventSource": "aws:sns"}
    assert (notice["MessageId"], notice["Message"], notice["Subject"]) == (reply["MessageId"], "hello", "s")
    assert notice["MessageAttributes"] == {"n": {"Type": "String", "Value": "5"}}, "functions know no numbers"


def test_function_without_permission_is_not_invoked(cloud: Cloud) -> None:
    topic, dead = Topic(cloud), Queue(cloud, "dead")
    let_in(dead, topic.arn)
    function = Function(cloud, "def handler(event, context):\n    return 1\n")
    topic.subscribe("lambda", function.arn, RedrivePolicy={"deadLetterTargetArn": dead.arn})
    topic.publish("first")
    cloud.advance(10)
    assert runs(cloud) == []
    assert json.loads(dead.bodies()[0])["Message"] == "first"
    let_invoke(cloud, "f", topic.arn)
    topic.publish("second")
    cloud.advance(10)
    assert len(runs(cloud)) == 1


def test_stream_gets_a_line_of_json_or_the_raw_body(cloud: Cloud) -> None:
    topic = Topic(cloud)
    s3, firehose = cloud.client("s3"), cloud.client("firehose")
    s3.create_bucket(Bucket="archive")
    role = "arn:aws:iam::123456789012:role/r"
    destination = {"RoleARN": role, "BucketARN": "arn:aws:s3:::archive"}
    for name, raw in (("wrapped", "false"), ("raw", "true")):
        made = firehose.create_delivery_stream(
            DeliveryStreamName=name, ExtendedS3DestinationConfiguration={**destination, "Prefix": f"{name}/"}
        )
        topic.subscribe(
            "firehose", made["DeliveryStreamARN"], SubscriptionRoleArn=role, RawMessageDelivery=raw
        )
    topic.publish("hello", MessageAttributes={"colour": text("red")})
    cloud.advance(1)
    rows = cloud.trail[(cloud.trail.actor == "sns") & (cloud.trail.operation == "PutRecord")]
    wrapped, raw = (row["Record"]["Data"].decode() for row in rows.parameters)
    assert raw == "hello"
    assert list(json.loads(wrapped)) == [
        "Type", "MessageId", "TopicArn", "Message", "Timestamp", "UnsubscribeURL", "MessageAttributes",
    ]  # fmt: skip


def test_stream_that_is_gone_is_a_client_side_error(cloud: Cloud) -> None:
    topic, dead = Topic(cloud), Queue(cloud, "dead")
    let_in(dead, topic.arn)
    topic.subscribe(
        "firehose",
        "arn:aws:firehose:us-east-1:123456789012:deliverystream/gone",
        SubscriptionRoleArn="arn:aws:iam::123456789012:role/r",
        RawMessageDelivery="true",
        RedrivePolicy={"deadLetterTargetArn": dead.arn},
    )
    topic.publish()
    cloud.advance(1)
    assert dead.bodies() == ["hello"]
    assert [error for _, error in sent(cloud, "GiveUp")] == ["ResourceNotFoundException"]


# Web servers


def test_endpoint_confirms_by_token_and_gets_headers_and_envelope(cloud: Cloud) -> None:
    topic = Topic(cloud)
    heard: list[tuple[dict[str, str], str]] = []
    topic.publish("before the confirmation")
    confirmed(cloud, topic, lambda headers, body: heard.append((headers, body)))
    reply = topic.publish("hello")
    cloud.advance(1)
    ((headers, body),) = heard
    assert headers["x-amz-sns-message-type"] == "Notification"
    assert headers["x-amz-sns-message-id"] == reply["MessageId"] == json.loads(body)["MessageId"]
    assert headers["x-amz-sns-topic-arn"] == topic.arn
    assert headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert total(cloud, "NumberOfNotificationsDelivered") == 1


def test_raw_delivery_to_an_endpoint_has_a_header_and_no_attributes(cloud: Cloud) -> None:
    topic = Topic(cloud)
    heard: list[tuple[dict[str, str], str]] = []
    confirmed(cloud, topic, lambda headers, body: heard.append((headers, body)), RawMessageDelivery="true")
    topic.publish("hello", MessageAttributes={"colour": text("red")})
    cloud.advance(1)
    ((headers, body),) = heard
    assert (headers["x-amz-sns-rawdelivery"], body) == ("true", "hello")


def test_endpoint_that_fails_is_tried_four_times_in_60_s(cloud: Cloud) -> None:
    topic = Topic(cloud)
    confirmed(cloud, topic, lambda headers, body: 500)
    topic.publish()
    cloud.advance(1000)
    assert sent(cloud, "HttpPost")[1:] == [(1 + 20 * attempt, "HTTP500") for attempt in range(4)]
    assert total(cloud, "NumberOfNotificationsFailed") == 4, "every failed attempt counts"


@pytest.mark.parametrize(
    ("status", "attempts"), [(200, 1), (204, 1), (301, 1), (400, 1), (404, 1), (429, 4), (500, 4), (503, 4)]
)
def test_statuses_5xx_and_429_are_tried_again(cloud: Cloud, status: int, attempts: int) -> None:
    topic = Topic(cloud)
    confirmed(cloud, topic, lambda headers, body: status)
    topic.publish()
    cloud.advance(200)
    assert len(sent(cloud, "HttpPost")) == 1 + attempts
    assert total(cloud, "NumberOfNotificationsDelivered") == (status < 300)


def test_slow_endpoint_times_out_after_15_s_and_holds_up_nobody(cloud: Cloud) -> None:
    topic = Topic(cloud)
    confirmed(cloud, topic, lambda headers, body: time.sleep(100))
    queue = topic.queue()
    topic.publish()
    cloud.advance(200)
    trail = cloud.trail
    rows = trail[trail.operation == "HttpPost"][1:]
    assert list(zip(rows.time_s, rows.duration_s, strict=True)) == [(1 + 35 * n, 15) for n in range(4)]
    assert sent(cloud, "SendMessage") == [(1, None)]
    assert queue.bodies() == [json.loads(json.dumps("hello"))]


def test_endpoint_that_raises_answers_500(cloud: Cloud) -> None:
    topic = Topic(cloud)
    confirmed(cloud, topic, lambda headers, body: 1 / 0)
    topic.publish()
    cloud.advance(100)
    assert [error for _, error in sent(cloud, "HttpPost")][1:] == ["HTTP500"] * 4


def test_throttle_policy_spaces_deliveries(cloud: Cloud) -> None:
    topic = Topic(cloud)
    policy = {"throttlePolicy": {"maxReceivesPerSecond": 4}}
    confirmed(cloud, topic, lambda headers, body: 200, DeliveryPolicy=policy)
    for _ in range(5):
        topic.publish()
    cloud.advance(10)
    assert [at for at, _ in sent(cloud, "HttpPost")][1:] == [1, 1.25, 1.5, 1.75, 2]


def test_own_delivery_policy_beats_that_of_the_topic(cloud: Cloud) -> None:
    of_topic = {
        "http": {"defaultHealthyRetryPolicy": {"numRetries": 1, "minDelayTarget": 5, "maxDelayTarget": 5}}
    }
    topic = Topic(cloud, DeliveryPolicy=json.dumps(of_topic))
    confirmed(cloud, topic, lambda headers, body: 500)
    topic.publish()
    cloud.advance(99)
    assert [at for at, _ in sent(cloud, "HttpPost")][1:] == [1, 6]
    arn = topic.sns.list_subscriptions()["Subscriptions"][0]["SubscriptionArn"]
    own = json.dumps({"healthyRetryPolicy": {"numRetries": 2, "numNoDelayRetries": 2}})
    topic.sns.set_subscription_attributes(
        SubscriptionArn=arn, AttributeName="DeliveryPolicy", AttributeValue=own
    )
    topic.publish()
    cloud.advance(99)
    assert [at for at, _ in sent(cloud, "HttpPost")][3:] == [100, 100, 100]


# Mailboxes


def test_mail_waits_for_its_confirmation(cloud: Cloud) -> None:
    topic, sns = Topic(cloud), cloud.plane("sns")
    given = {"TopicArn": topic.arn, "Protocol": "email", "Endpoint": "ann@example.com"}
    assert topic.sns.subscribe(**given)["SubscriptionArn"] == "pending confirmation"
    (listed,) = topic.sns.list_subscriptions_by_topic(TopicArn=topic.arn)["Subscriptions"]
    assert listed["SubscriptionArn"] == "PendingConfirmation"
    topic.publish("too early")
    cloud.advance(1)
    (asked,) = sns.mails("ann@example.com")
    assert refused(topic.sns.confirm_subscription, TopicArn=topic.arn, Token="x") == "InvalidParameter"
    topic.sns.confirm_subscription(TopicArn=topic.arn, Token=asked.token)
    topic.publish("in time", Subject="news")
    cloud.advance(1)
    assert [(mail.subject, mail.body) for mail in sns.mails()[1:]] == [("news", "in time")]


def test_token_is_good_for_two_days(cloud: Cloud) -> None:
    topic = Topic(cloud)
    topic.subscribe("email", "ann@example.com")
    cloud.advance(172_800)
    (asked,) = cloud.plane("sns").mails()
    assert (
        refused(topic.sns.confirm_subscription, TopicArn=topic.arn, Token=asked.token) == "InvalidParameter"
    )


def test_ten_mails_a_second(cloud: Cloud) -> None:
    topic, sns = Topic(cloud), cloud.plane("sns")
    topic.subscribe("email-json", "ann@example.com")
    cloud.advance(1)
    topic.sns.confirm_subscription(TopicArn=topic.arn, Token=sns.mails()[0].token)
    for _ in range(11):
        topic.publish()
    cloud.advance(5)
    assert [round(mail.time_s, 6) for mail in sns.mails()[1:]] == [round(1 + n / 10, 6) for n in range(11)]
    assert json.loads(sns.mails()[-1].body)["Message"] == "hello"


# Outages, and what is written about deliveries


def test_managed_endpoint_is_retried_until_it_is_back(cloud: Cloud) -> None:
    topic = Topic(cloud)
    queue, other = topic.queue(), topic.queue("other")
    cloud.plane("sns").outage(queue.arn, 60)
    topic.publish()
    cloud.advance(1000)
    assert queue.bodies() == other.bodies() == ["hello"]
    first, second = (at for at, _ in sent(cloud, "SendMessage"))
    assert first == 0
    delays = [0, 0, 0, 1, 1] + [min(20, 2**step) for step in range(9)]
    times = [sum(delays[:attempt]) for attempt in range(len(delays) + 1)]
    assert second == next(at for at in times if at >= 60), "the first attempt after the outage"


@pytest.mark.slow
def test_mail_is_given_up_after_50_retries(cloud: Cloud) -> None:
    topic = Topic(cloud)
    topic.subscribe("email", "ann@example.com")
    cloud.advance(1)
    topic.sns.confirm_subscription(TopicArn=topic.arn, Token=cloud.plane("sns").mails()[0].token)
    cloud.plane("sns").outage("ann@example.com", 1e6)
    topic.publish()
    cloud.advance(86_400)
    (row,) = cloud.trail[cloud.trail.operation == "GiveUp"].itertuples()
    assert row.parameters["Attempts"] == 51
    assert 6 * 3600 < row.time_s < 8 * 3600
    assert total(cloud, "NumberOfNotificationsFailed") == 1


def test_retries_may_jitter(cloud: Cloud) -> None:
    topic = Topic(cloud)
    cloud.plane("sns").models.retry_jitter = 0.5
    confirmed(cloud, topic, lambda headers, body: 500)
    topic.publish()
    cloud.advance(200)
    times = [at for at, _ in sent(cloud, "HttpPost")][1:]
    waits = [after - before for before, after in pairwise(times)]
    assert all(10 <= wait <= 20 for wait in waits)
    assert len({round(wait, 3) for wait in waits}) == 3


def test_status_logs_if_a_topic_asks_for_them(cloud: Cloud) -> None:
    role = "arn:aws:iam::123456789012:role/r"
    topic = Topic(
        cloud,
        SQSSuccessFeedbackRoleArn=role,
        SQSSuccessFeedbackSampleRate=100,
        SQSFailureFeedbackRoleArn=role,
    )
    topic.queue("open")
    topic.queue("closed", allowed=False)
    reply = topic.publish()
    cloud.advance(1)
    events = cloud.client("logs").filter_log_events(logGroupName="sns/us-east-1/123456789012/t")["events"]
    found = [json.loads(event["message"]) for event in events]
    assert sorted((one["status"], one["delivery"]["statusCode"]) for one in found) == [
        ("FAILURE", 403),
        ("SUCCESS", 200),
    ]
    assert {one["notification"]["messageId"] for one in found} == {reply["MessageId"]}
    assert {event["logStreamName"] for event in events} == {"sqs"}
