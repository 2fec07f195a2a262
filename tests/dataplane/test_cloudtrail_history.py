"""CloudTrail's event history: what LookupEvents finds, when and where."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.config import Config

from helpers import Cloud
from helpers.dataplane.cloudtrail.data_events import NOT_RECORDED, TABLE
from helpers.dataplane.cloudtrail.names import event_name, event_source, is_read
from tests.dataplane.conftest import refused
from tests.dataplane.functions import TRUST, Function
from tests.dataplane.trailed import lookup, table

DAY_S = 86_400


def names(events: list[dict[str, Any]]) -> list[str]:
    return [each["EventName"] for each in events]


def test_history_is_there_from_the_start_and_comes_late(cloud: Cloud) -> None:
    table(cloud)
    cloud.advance(299)
    assert lookup(cloud) == []
    cloud.advance(1)
    [found] = lookup(cloud)
    assert found["CloudTrailEvent"]
    assert {
        name: found[name] for name in ("EventName", "EventSource", "ReadOnly", "Username", "Resources")
    } == {
        "EventName": "CreateTable",
        "EventSource": "dynamodb.amazonaws.com",
        "ReadOnly": "false",
        "Username": "main",
        "Resources": [{"ResourceType": "AWS::DynamoDB::Table", "ResourceName": "t"}],
    }


def test_history_ends_after_90_days(cloud: Cloud) -> None:
    table(cloud)
    cloud.advance(90 * DAY_S)
    assert names(lookup(cloud, "EventName", "CreateTable")) == ["CreateTable"]
    cloud.advance(1)
    assert lookup(cloud, "EventName", "CreateTable") == []


def test_history_is_of_one_region(cloud: Cloud) -> None:
    table(cloud, region="eu-west-1")
    cloud.client("iam", region_name="eu-west-1").create_user(UserName="ann")
    cloud.advance(300)
    assert names(lookup(cloud)) == ["CreateUser"]
    assert names(lookup(cloud, "EventName", "CreateTable", region="eu-west-1")) == ["CreateTable"]


def test_history_never_shows_data_events(cloud: Cloud) -> None:
    client = table(cloud)
    client.put_item(TableName="t", Item={"k": {"S": "1"}})
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="my-files")
    s3.put_object(Bucket="my-files", Key="k", Body=b"")
    s3.get_object(Bucket="my-files", Key="k")
    cloud.client("sqs").create_queue(QueueName="q")
    cloud.advance(300)
    assert names(lookup(cloud)) == ["CreateQueue", "CreateBucket", "CreateTable"]


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("EventName", "DeleteTable", ["DeleteTable"]),
        ("ReadOnly", "true", ["DescribeTable"]),
        ("Username", "ben", ["DeleteTable"]),
        ("ResourceName", "t", ["DeleteTable", "DescribeTable", "CreateTable"]),
        ("ResourceType", "AWS::SQS::Queue", ["CreateQueue"]),
        ("EventSource", "sqs.amazonaws.com", ["CreateQueue"]),
        ("EventName", "deletetable", []),
    ],
)
def test_lookup_by_one_attribute(cloud: Cloud, key: str, value: str, found: list[str]) -> None:
    client = table(cloud)
    cloud.advance(1)
    client.describe_table(TableName="t")
    cloud.client("sqs").create_queue(QueueName="q")
    cloud.advance(1)

    def drop() -> None:
        cloud.client("dynamodb").delete_table(TableName="t")

    cloud.spawn(drop, name="ben")
    cloud.run()
    cloud.advance(300)
    events = lookup(cloud, key, value)
    assert names(events) == found
    for event in events:
        assert names(lookup_slowly(cloud, "EventId", event["EventId"])) == [event["EventName"]]


def lookup_slowly(cloud: Cloud, key: str, value: str) -> Any:
    cloud.advance(1)
    return lookup(cloud, key, value)


def test_lookup_takes_one_attribute_and_a_span(cloud: Cloud) -> None:
    client = cloud.client("cloudtrail")
    two = [
        {"AttributeKey": "EventName", "AttributeValue": "a"},
        {"AttributeKey": "Username", "AttributeValue": "b"},
    ]
    assert refused(client.lookup_events, LookupAttributes=two) == "InvalidLookupAttributesException"
    now = cloud.datetime
    hour = timedelta(hours=1)
    span = {"StartTime": now, "EndTime": now - hour}
    assert refused(client.lookup_events, **span) == "InvalidTimeRangeException"
    cloud.advance(1)
    assert refused(client.lookup_events, MaxResults=51) == "InvalidMaxResultsException"
    for _ in range(3):
        cloud.client("sqs").create_queue(QueueName="q")
        cloud.advance(3600)
    found = lookup(cloud, "EventName", "CreateQueue", StartTime=now + hour / 2, EndTime=now + hour * 3 / 2)
    assert [each["EventTime"] for each in found] == [now.replace(microsecond=0) + timedelta(seconds=3601)]


def test_pages_of_fifty_and_two_calls_a_second(cloud: Cloud) -> None:
    sqs = cloud.client("sqs")
    for n in range(60):
        sqs.create_queue(QueueName=f"q{n}")
    cloud.advance(300)
    client = cloud.client("cloudtrail")
    first = client.lookup_events()
    rest = client.lookup_events(NextToken=first["NextToken"])
    assert (len(first["Events"]), len(rest["Events"]), "NextToken" in rest) == (50, 10, False)
    once = cloud.client("cloudtrail", config=Config(retries={"total_max_attempts": 1}))
    assert refused(once.lookup_events) == "ThrottlingException"
    cloud.advance(1)
    assert len(once.lookup_events()["Events"]) == 50


def test_record_of_a_call(cloud: Cloud) -> None:
    client = table(cloud)
    client.delete_table(TableName="t")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_table(TableName="none")
    cloud.advance(300)
    missing, deleted, _ = (json.loads(each["CloudTrailEvent"]) for each in lookup(cloud))
    table_told = deleted.pop("responseElements")
    identity = deleted.pop("userIdentity")
    ids = deleted.pop("requestID"), deleted.pop("eventID")
    assert deleted == {
        "eventVersion": "1.11",
        "eventTime": "2026-01-05T09:00:00Z",
        "eventSource": "dynamodb.amazonaws.com",
        "eventName": "DeleteTable",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "Boto3",
        "requestParameters": {"tableName": "t"},
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": "123456789012",
        "eventCategory": "Management",
    }
    assert table_told["tableDescription"]["tableName"] == "t"
    assert (identity["type"], identity["userName"], len(set(ids))) == ("IAMUser", "main", 2)
    assert identity["arn"] == "arn:aws:iam::123456789012:user/main"
    assert (missing["errorCode"], missing["responseElements"], missing["readOnly"]) == (
        "ResourceNotFoundException",
        None,
        True,
    )


def test_who_called(cloud: Cloud) -> None:
    iam = cloud.client("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    arn = iam.create_role(RoleName="auditor", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    lent = cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="monday")["Credentials"]
    for access, secret, token in (
        (key["AccessKeyId"], key["SecretAccessKey"], None),
        (lent["AccessKeyId"], lent["SecretAccessKey"], lent["SessionToken"]),
    ):
        cloud.client(
            "sqs", aws_access_key_id=access, aws_secret_access_key=secret, aws_session_token=token
        ).create_queue(QueueName="q")
    cloud.advance(300)
    found = [json.loads(each["CloudTrailEvent"]) for each in lookup(cloud, "EventName", "CreateQueue")]
    assert sorted((each["userIdentity"]["type"], each["userIdentity"]["arn"]) for each in found) == [
        ("AssumedRole", "arn:aws:sts::123456789012:assumed-role/auditor/monday"),
        ("IAMUser", "arn:aws:iam::123456789012:user/ann"),
    ]
    assert len(lookup(cloud, "Username", "monday")) == 1
    cloud.advance(1)
    assert len(lookup(cloud, "AccessKeyId", key["AccessKeyId"])) == 1


def test_code_of_a_function_calls_by_its_role(cloud: Cloud) -> None:
    code = "import boto3\ndef handler(event, context):\n    boto3.client('sqs').create_queue(QueueName='q')"
    Function(cloud, code).invoke({})
    cloud.advance(300)
    [found] = lookup(cloud, "EventName", "CreateQueue")
    identity = json.loads(found["CloudTrailEvent"])["userIdentity"]
    assert (found["Username"], identity["type"]) == ("f", "AssumedRole")
    assert identity["arn"] == "arn:aws:sts::123456789012:assumed-role/function-role/f"


def test_contents_stay_out_of_events(cloud: Cloud) -> None:
    cloud.client("secretsmanager").create_secret(Name="s", SecretString="top secret")
    cloud.advance(300)
    [found] = lookup(cloud)
    assert "top secret" not in found["CloudTrailEvent"]
    assert json.loads(found["CloudTrailEvent"])["requestParameters"]["secretString"] == (
        "HIDDEN_DUE_TO_SECURITY_REASONS"
    )


def test_names_of_events() -> None:
    assert event_name("lambda", "CreateFunction") == "CreateFunction20150331"
    assert event_name("lambda", "GetFunction") == "GetFunction"
    assert event_source("cloudwatch") == "monitoring.amazonaws.com"
    assert [is_read(name) for name in ("DescribeTable", "GetObject", "PutItem", "ReceiveMessage")] == [
        True, True, False, False,
    ]  # fmt: skip


def test_table_of_data_events() -> None:
    assert len({(row.service, row.type) for row in TABLE}) == len(TABLE)
    assert all(row.operations and row.page.startswith("https://docs.aws.amazon.com/") for row in TABLE)
    assert not NOT_RECORDED & {(row.service, name) for row in TABLE for name in row.operations}
