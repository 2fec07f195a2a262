"""The worked examples about topics, computed by running calls."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from helpers import Cloud

from .conftest import refused
from .topics import Topic, text


def test_retry_days(cloud: Cloud) -> None:
    """100,000 retries 20 s apart last 23.1 days; the 15 retries before them are over within minutes."""
    topic = Topic(cloud)
    queue = topic.queue()
    last_phase_s = 100_000 * 20
    cloud.plane("sns").models.delivery_s = 0
    assert round(last_phase_s / 86_400, 1) == 23.1
    cloud.plane("sns").outage(queue.arn, 3600)
    topic.publish()
    cloud.advance(4000)
    assert queue.bodies() == ["hello"]
    (row,) = cloud.trail[(cloud.trail.actor == "sns") & (cloud.trail.operation == "SendMessage")].itertuples()
    first_phases_s = 1 + 1 + sum(min(20, 2**step) for step in range(9)) + 20
    assert (row.time_s - first_phases_s) % 20 == 0, "one of the retries of the last phase"


def test_fanout_copies(cloud: Cloud) -> None:
    topic = Topic(cloud)
    queues = [topic.queue(name) for name in ("a", "b", "c")]
    topic.publish()
    cloud.advance(1)
    counted = Counter(cloud.trail[cloud.trail.service.isin(["sns", "sqs"])].operation)
    assert (counted["Publish"], counted["SendMessage"]) == (1, 3)
    assert [queue.bodies() for queue in queues] == [["hello"]] * 3


def test_s3_many_queues(cloud: Cloud) -> None:
    """One rule of the bucket to a topic, and two queues have the event."""
    topic = Topic(cloud)
    queues = [topic.queue("thumbnails"), topic.queue("catalogue")]
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="photos")
    rule = {
        "TopicArn": topic.arn,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "images/"}]}},
    }
    s3.put_bucket_notification_configuration(
        Bucket="photos", NotificationConfiguration={"TopicConfigurations": [rule]}
    )
    s3.put_object(Bucket="photos", Key="images/cat.png", Body=b"")
    s3.put_object(Bucket="photos", Key="notes/cat.txt", Body=b"")
    cloud.advance(1)
    for queue in queues:
        events = [json.loads(body) for body in queue.bodies()]
        keys = [event["Records"][0]["s3"]["object"]["key"] for event in events if "Records" in event]
        assert keys == ["images%2Fcat.png"], "keys are URL-encoded"


def test_filter_split(cloud: Cloud) -> None:
    topic = Topic(cloud)
    placed = topic.queue("placed", FilterPolicy={"state": ["placed"]})
    cancelled = topic.queue("cancelled", FilterPolicy={"state": ["cancelled"]})
    everything = topic.queue("all")
    for state, count in (("placed", 80), ("cancelled", 15), ("declined", 5)):
        for number in range(count):
            topic.publish(f"{state} {number}", MessageAttributes={"state": text(state)})
    cloud.advance(1)
    assert [queue.counts()[0] for queue in (placed, cancelled, everything)] == [80, 15, 100]


@pytest.mark.parametrize(("counts", "taken"), [((3, 1, 2), True), ((15, 10, 1), True), ((15, 11, 1), False)])
def test_filter_complexity(cloud: Cloud, counts: tuple[int, ...], taken: bool) -> None:
    """3 x 1 x 2 = 6 combinations, of at most 150."""
    policy = {f"key{place}": [f"value{n}" for n in range(count)] for place, count in enumerate(counts)}
    topic = Topic(cloud)
    endpoint = "arn:aws:sqs:us-east-1:123456789012:q"
    if taken:
        assert topic.subscribe("sqs", endpoint, FilterPolicy=policy)
    else:
        assert refused(topic.subscribe, "sqs", endpoint, FilterPolicy=policy) == "InvalidParameter"


def test_http_default(cloud: Cloud) -> None:
    """The first attempt and three retries, 60 s from the first to the last."""
    topic, sns = Topic(cloud), cloud.plane("sns")
    url = "http://shop.example.com/hook"

    def server(headers: dict[str, str], body: str) -> int:
        if headers["x-amz-sns-message-type"] == "Notification":
            return 503
        topic.sns.confirm_subscription(TopicArn=topic.arn, Token=json.loads(body)["Token"])
        return 200

    sns.endpoint(url, server)
    topic.subscribe("http", url)
    cloud.advance(1)
    topic.publish()
    cloud.advance(1000)
    times = list(cloud.trail[cloud.trail.operation == "HttpPost"].time_s)[1:]
    assert (len(times), times[-1] - times[0]) == (4, pytest.approx(60))
