"""Events on their way: entries, rules, targets, retries, dead letters, schedules, archives."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from helpers import Cloud
from helpers.cloud import Call, ServiceError
from tests.dataplane.alarmed import START, Watched, bodies, queue
from tests.dataplane.conftest import refused
from tests.dataplane.functions import Function

ACCOUNT = "123456789012"


def open_queue(cloud: Cloud, name: str = "out") -> tuple[str, str]:
    """A queue that lets EventBridge send."""
    return queue(cloud, name, "events.amazonaws.com")


class Bus:
    """A bus of a Cloud through boto3; `default` unless named."""

    def __init__(self, cloud: Cloud, name: str = "default") -> None:
        self.cloud, self.name, self.client = cloud, name, cloud.client("events")
        if name != "default":
            self.client.create_event_bus(Name=name)

    def rule(self, *targets: dict[str, Any], name: str = "r", pattern: Any = None, **more: Any) -> str:
        if "ScheduleExpression" not in more:
            more["EventPattern"] = json.dumps(pattern or {"source": ["app"]})
        arn: str = self.client.put_rule(Name=name, EventBusName=self.name, **more)["RuleArn"]
        named = [{"Id": str(number), **target} for number, target in enumerate(targets)]
        if named:
            self.client.put_targets(Rule=name, EventBusName=self.name, Targets=named)
        return arn

    def put(self, detail: Any = None, **more: Any) -> dict[str, Any]:
        entry = {
            "Source": "app",
            "DetailType": "d",
            "Detail": json.dumps(detail or {}),
            "EventBusName": self.name,
        }
        answer: dict[str, Any] = self.client.put_events(Entries=[{**entry, **more}])
        return answer


def test_event_reaches_a_queue_whole(cloud: Cloud) -> None:
    bus, (url, arn) = Bus(cloud), open_queue(cloud)
    bus.rule({"Arn": arn})
    answer = bus.put({"a": 1}, Resources=["arn:x"])
    bus.put(Source="other")
    cloud.advance(1)
    assert bodies(cloud, url) == [
        {
            "version": "0", "id": answer["Entries"][0]["EventId"], "detail-type": "d", "source": "app",
            "account": ACCOUNT, "time": "2026-01-05T09:00:00Z", "region": "us-east-1", "resources": ["arn:x"],
            "detail": {"a": 1},
        }
    ]  # fmt: skip


def test_entries_fail_by_themselves(cloud: Cloud) -> None:
    entry = {"Source": "app", "DetailType": "d", "Detail": "{}"}
    answer = cloud.client("events").put_events(
        Entries=[
            entry,
            {**entry, "Detail": "x"},
            {"Source": "app", "Detail": "{}"},
            {**entry, "Source": "aws.ec2"},
        ]
    )
    assert answer["FailedEntryCount"] == 3
    assert [each.get("ErrorCode") for each in answer["Entries"]] == [
        None, "MalformedDetail", "InvalidArgument", "NotAuthorizedForSourceException",
    ]  # fmt: skip


def test_ten_entries_and_a_mebibyte_a_call(cloud: Cloud) -> None:
    client, entry = cloud.client("events"), {"Source": "app", "DetailType": "d", "Detail": "{}"}
    assert client.put_events(Entries=10 * [entry])["FailedEntryCount"] == 0
    assert refused(client.put_events, Entries=11 * [entry]) == "ValidationException"
    fixed = len("app" + "d" + '{"a":""}')
    longest = {**entry, "Detail": json.dumps({"a": "x" * (1_048_575 - fixed)}, separators=(",", ":"))}
    assert client.put_events(Entries=[longest])["FailedEntryCount"] == 0
    longer = {**entry, "Detail": json.dumps({"a": "x" * (1_048_576 - fixed)}, separators=(",", ":"))}
    assert refused(client.put_events, Entries=[longer]) == "ValidationException"


def test_event_for_a_missing_bus_is_dropped(cloud: Cloud) -> None:
    assert Bus(cloud).put(EventBusName="none")["FailedEntryCount"] == 0


def test_disabled_rule_sends_nothing(cloud: Cloud) -> None:
    bus, (url, arn) = Bus(cloud), open_queue(cloud)
    bus.rule({"Arn": arn})
    bus.client.disable_rule(Name="r")
    bus.put()
    cloud.advance(1)
    assert bodies(cloud, url) == []
    bus.client.enable_rule(Name="r")
    bus.put()
    cloud.advance(1)
    assert len(bodies(cloud, url)) == 1


def test_five_targets_a_rule(cloud: Cloud) -> None:
    bus, (_, arn) = Bus(cloud), open_queue(cloud)
    bus.rule(*5 * [{"Arn": arn}])
    assert (
        refused(bus.client.put_targets, Rule="r", Targets=[{"Id": "more", "Arn": arn}])
        == "LimitExceededException"
    )


def test_function_topic_and_stream_as_targets(cloud: Cloud) -> None:
    bus, function = Bus(cloud), Function(cloud, "def handler(event, context):\n    print(event['detail'])\n")
    function.client.add_permission(
        FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
    )
    kinesis = cloud.client("kinesis")
    kinesis.create_stream(StreamName="k", ShardCount=1)
    cloud.advance(60)
    stream = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/k"
    bus.rule(
        {"Arn": function.arn},
        {
            "Arn": stream,
            "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r",
            "KinesisParameters": {"PartitionKeyPath": "$.detail.k"},
        },
    )
    bus.put({"k": "key"})
    cloud.advance(10)
    lines = cloud.client("logs").filter_log_events(logGroupName="/aws/lambda/f")["events"]
    assert "{'k': 'key'}\n" in [each["message"] for each in lines] or "{'k': 'key'}" in [
        each["message"] for each in lines
    ]
    shard = kinesis.get_shard_iterator(
        StreamName="k", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )
    (record,) = kinesis.get_records(ShardIterator=shard["ShardIterator"])["Records"]
    assert (record["PartitionKey"], json.loads(record["Data"])["detail"]) == ("key", {"k": "key"})


def test_fifo_queue_gets_its_group(cloud: Cloud) -> None:
    bus, (url, arn) = Bus(cloud), queue(cloud, "plain")
    cloud.plane("events").models.check_policies = False
    sqs = cloud.client("sqs")
    fifo = sqs.create_queue(
        QueueName="q.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    )
    bus.rule({"Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q.fifo", "SqsParameters": {"MessageGroupId": "g"}})
    bus.put()
    cloud.advance(1)
    (message,) = sqs.receive_message(QueueUrl=fifo["QueueUrl"], AttributeNames=["All"])["Messages"]
    assert message["Attributes"]["MessageGroupId"] == "g"
    assert (url, arn)[1].endswith("plain")


def test_one_bus_feeds_another(cloud: Cloud) -> None:
    first, second = Bus(cloud), Bus(cloud, "second")
    url, arn = open_queue(cloud)
    first.rule({"Arn": f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/second"})
    second.rule({"Arn": arn})
    first.put({"a": 1})
    cloud.advance(1)
    assert [event["detail"] for event in bodies(cloud, url)] == [{"a": 1}]


def test_no_bus_sends_on_what_another_bus_sent(cloud: Cloud) -> None:
    first, second, third = Bus(cloud), Bus(cloud, "second"), Bus(cloud, "third")
    url, arn = open_queue(cloud)
    buses = {
        bus.name: {"Arn": f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/{bus.name}"}
        for bus in (first, second, third)
    }
    first.rule(buses["default"], buses["second"])
    second.rule(buses["third"], {"Arn": arn})
    third.rule({"Arn": arn})
    first.put({"a": 1})
    cloud.advance(1)
    assert [event["detail"] for event in bodies(cloud, url)] == [{"a": 1}]


def test_missing_permission_goes_to_the_dead_letter_queue_at_once(cloud: Cloud) -> None:
    bus, (_, closed), (dead, dead_arn) = Bus(cloud), queue(cloud, "closed"), open_queue(cloud, "dead")
    rule = bus.rule({"Arn": closed, "DeadLetterConfig": {"Arn": dead_arn}})
    bus.put({"a": 1})
    cloud.advance(1)
    (message,) = cloud.client("sqs").receive_message(QueueUrl=dead, MessageAttributeNames=["All"])["Messages"]
    told = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    message = json.loads(message["Body"])
    assert message["detail"] == {"a": 1}
    assert told == {
        "RULE_ARN": rule, "TARGET_ARN": closed, "ERROR_CODE": "NO_PERMISSIONS", "RETRY_ATTEMPTS": "0",
        "ERROR_MESSAGE": f"events.amazonaws.com is not authorized to access {closed}.",
    }  # fmt: skip


def test_missing_target_goes_to_the_dead_letter_queue_at_once(cloud: Cloud) -> None:
    bus, (url, arn), (dead, dead_arn) = Bus(cloud), open_queue(cloud), open_queue(cloud, "dead")
    bus.rule({"Arn": arn, "DeadLetterConfig": {"Arn": dead_arn}})
    cloud.client("sqs").delete_queue(QueueUrl=url)
    bus.put()
    cloud.advance(1)
    (message,) = cloud.client("sqs").receive_message(QueueUrl=dead, MessageAttributeNames=["All"])["Messages"]
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"


def failing(cloud: Cloud, bus: Bus, **policy: int) -> list[float]:
    """When EventBridge tried to reach a stream that always throttles."""
    tried: list[float] = []

    def throttle(call: Call) -> None:
        tried.append(cloud.now)
        raise ServiceError("ProvisionedThroughputExceededException", "Rate exceeded.")

    cloud.client("kinesis").create_stream(StreamName="k", ShardCount=1)
    cloud.before("kinesis", "PutRecord", throttle)
    _, dead = open_queue(cloud, "dead")
    target = {
        "Arn": f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/k",
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r",
    }
    bus.rule({**target, "RetryPolicy": policy, "DeadLetterConfig": {"Arn": dead}})
    bus.put()
    return tried


@pytest.mark.parametrize(
    ("policy", "times", "why"),
    [
        ({"MaximumRetryAttempts": 3}, [0, 1, 3, 7], "MaximumRetryAttempts"),
        ({"MaximumEventAgeInSeconds": 60}, [0, 1, 3, 7, 15, 31], "MaximumEventAgeInSeconds"),
    ],
)
def test_retries_end_by_number_or_age(
    cloud: Cloud, policy: dict[str, int], times: list[float], why: str
) -> None:
    cloud.plane("events").models.retry_jitter = 0
    tried = failing(cloud, Bus(cloud), **policy)
    cloud.advance(200)
    assert sorted(set(tried)) == times
    url = f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/dead"
    (message,) = cloud.client("sqs").receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    told = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert (told["ERROR_CODE"], told["EXHAUSTED_RETRY_CONDITION"], told["RETRY_ATTEMPTS"]) == (
        "THROTTLING", why, str(len(times) - 1),
    )  # fmt: skip


@pytest.mark.slow
def test_default_retries_end_within_a_day_and_185_attempts(cloud: Cloud) -> None:
    tried = failing(cloud, Bus(cloud))
    cloud.advance(90_000)
    assert max(tried) <= 86_400
    assert len(set(tried)) <= 186


def test_rate_counts_from_the_rule_s_creation(cloud: Cloud) -> None:
    bus, (url, arn) = Bus(cloud), open_queue(cloud)
    cloud.advance(30)
    rule = bus.rule({"Arn": arn}, ScheduleExpression="rate(5 minutes)")
    cloud.advance(900)
    events = bodies(cloud, url)
    assert [event["time"] for event in events] == [
        f"2026-01-05T09:{minute:02d}:30Z" for minute in (5, 10, 15)
    ]
    assert events[0] | {"id": "", "time": ""} == {
        "version": "0", "id": "", "detail-type": "Scheduled Event", "source": "aws.events", "account": ACCOUNT,
        "time": "", "region": "us-east-1", "resources": [rule], "detail": {},
    }  # fmt: skip
    bus.client.disable_rule(Name="r")
    cloud.client("sqs").purge_queue(QueueUrl=url)
    cloud.advance(900)
    assert bodies(cloud, url) == []


def test_schedules_only_on_the_default_bus(cloud: Cloud) -> None:
    assert refused(Bus(cloud, "own").rule, ScheduleExpression="rate(1 day)") == "ValidationException"


def test_cron_rule_runs_in_utc(cloud: Cloud) -> None:
    bus, (url, arn) = Bus(cloud), open_queue(cloud)
    bus.rule({"Arn": arn, "Input": '{"at": "noon"}'}, ScheduleExpression="cron(0 12 * * ? *)")
    cloud.advance(2 * 86_400)
    assert bodies(cloud, url) == 2 * [{"at": "noon"}]


def test_archive_and_replay(cloud: Cloud) -> None:
    bus, (url, arn) = Bus(cloud), open_queue(cloud)
    source = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
    archive = bus.client.create_archive(
        ArchiveName="a", EventSourceArn=source, EventPattern=json.dumps({"source": ["app"]})
    )["ArchiveArn"]
    bus.put({"n": 1})
    cloud.advance(100)
    bus.put({"n": 2})
    bus.put({"n": 3}, Source="other")
    bus.rule({"Arn": arn})
    bus.client.start_replay(
        ReplayName="again", EventSourceArn=archive, Destination={"Arn": source},
        EventStartTime=START, EventEndTime=START + timedelta(seconds=200),
    )  # fmt: skip
    cloud.advance(1)
    assert [(event["detail"]["n"], event["replay-name"]) for event in bodies(cloud, url)] == [
        (1, "again"),
        (2, "again"),
    ]
    assert (
        bus.client.describe_archive(ArchiveName="a")["EventCount"] == 2
    )  # replayed events are not archived again


def test_archive_forgets_after_its_retention(cloud: Cloud) -> None:
    bus = Bus(cloud)
    source = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
    bus.client.create_archive(ArchiveName="a", EventSourceArn=source, RetentionDays=1)
    bus.put()
    cloud.advance(86_401)
    assert bus.client.describe_archive(ArchiveName="a")["EventCount"] == 0


def test_alarm_s_state_change_is_an_event(cloud: Cloud) -> None:
    bus, (url, arn), watched = Bus(cloud), open_queue(cloud), Watched(cloud)
    pattern = {"detail-type": ["CloudWatch Alarm State Change"], "detail": {"state": {"value": ["ALARM"]}}}
    bus.rule({"Arn": arn}, pattern=pattern)
    watched.alarm()
    watched.play("0X")
    cloud.advance(1)
    (event,) = bodies(cloud, url)
    assert event["source"] == "aws.cloudwatch"
    assert event["resources"] == [f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:a"]
    assert (event["time"], event["detail"]["previousState"]["value"]) == ("2026-01-05T09:02:00Z", "OK")


def test_bucket_s_events_reach_a_rule(cloud: Cloud) -> None:
    bus, (url, arn), s3 = Bus(cloud), open_queue(cloud), cloud.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_bucket_notification_configuration(
        Bucket="bucket", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    bus.rule({"Arn": arn}, pattern={"source": ["aws.s3"], "detail-type": ["Object Created"]})
    s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    cloud.advance(1)
    (event,) = bodies(cloud, url)
    assert (event["detail-type"], event["detail"]["object"]["key"]) == ("Object Created", "k")


def test_rules_are_kept(cloud: Cloud) -> None:
    bus = Bus(cloud)
    bus.rule(Description="words")
    (shown,) = bus.client.list_rules()["Rules"]
    assert (shown["Name"], shown["State"], json.loads(shown["EventPattern"])) == (
        "r",
        "ENABLED",
        {"source": ["app"]},
    )
