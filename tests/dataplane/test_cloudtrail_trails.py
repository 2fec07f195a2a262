"""CloudTrail's trails: which events they log, and where these arrive."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

import pytest

from helpers import Cloud
from tests.dataplane.conftest import Queue, refused
from tests.dataplane.trailed import Trailed, table

S3_DATA = {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}


def basic(kind: str = "All", management: bool = True, *data: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"ReadWriteType": kind, "IncludeManagementEvents": management, "DataResources": list(data)}]


def test_log_file_comes_after_five_minutes(cloud: Cloud) -> None:
    trail = Trailed(cloud, S3KeyPrefix="audit")
    table(cloud)
    cloud.advance(299)
    assert trail.files() == []
    cloud.advance(1)
    [key] = trail.files()
    assert re.fullmatch(
        r"audit/AWSLogs/123456789012/CloudTrail/us-east-1/2026/01/05/"
        r"123456789012_CloudTrail_us-east-1_20260105T0905Z_[A-Za-z0-9]{16}\.json\.gz",
        key,
    )
    head = trail.s3.get_object(Bucket="audit-logs", Key=key)
    assert head["ContentType"] == "application/json"
    document = json.loads(gzip.decompress(head["Body"].read()))
    assert list(document) == ["Records"]
    assert [each["eventName"] for each in document["Records"]] == ["StartLogging", "CreateTable"]


def test_trail_begins_with_start_logging_and_never_looks_back(cloud: Cloud) -> None:
    table(cloud, "before")
    trail = Trailed(cloud, start=False)
    table(cloud, "unlogged")
    trail.client.start_logging(Name="trail")
    client = table(cloud, "logged")
    trail.client.stop_logging(Name="trail")
    client.delete_table(TableName="before")
    cloud.advance(600)
    assert trail.names() == ["StartLogging", "CreateTable", "StopLogging"]


def test_status_of_a_trail(cloud: Cloud) -> None:
    trail = Trailed(cloud, start=False)

    def status() -> dict[str, Any]:
        found: dict[str, Any] = trail.client.get_trail_status(Name="trail")
        return {name: each for name, each in found.items() if name != "ResponseMetadata"}

    assert status() == {"IsLogging": False, "TimeLoggingStarted": "", "TimeLoggingStopped": ""}
    trail.client.start_logging(Name="trail")
    cloud.advance(300)
    told = status()
    assert (told["IsLogging"], told["TimeLoggingStarted"]) == (True, "2026-01-05T09:00:00Z")
    assert (told["LatestDeliveryTime"] - told["StartLoggingTime"]).total_seconds() == 300
    trail.client.stop_logging(Name="trail")
    assert (status()["IsLogging"], status()["TimeLoggingStopped"]) == (False, "2026-01-05T09:05:00Z")


@pytest.mark.parametrize(
    ("everywhere", "found"), [(False, ["us-east-1"]), (True, ["eu-west-1", "us-east-1"])]
)
def test_one_region_unless_told_otherwise(cloud: Cloud, everywhere: bool, found: list[str]) -> None:
    settings = {"IsMultiRegionTrail": True} if everywhere else {}
    trail = Trailed(cloud, **settings)
    for region in ("us-east-1", "eu-west-1"):
        table(cloud, region=region)
    cloud.advance(300)
    tables = [each for each in trail.records() if each["eventName"] == "CreateTable"]
    assert [each["awsRegion"] for each in tables] == found
    assert sorted({key.split("/")[3] for key in trail.files()}) == found


def test_global_services_are_recorded_in_one_region(cloud: Cloud) -> None:
    cloud.region = "eu-west-1"
    trail = Trailed(cloud)
    cloud.client("iam").create_user(UserName="ann")
    cloud.advance(300)
    assert trail.names() == ["StartLogging"]


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        (None, ["CreateTable", "DescribeTable"]),
        (basic("WriteOnly"), ["CreateTable"]),
        (basic("ReadOnly"), ["DescribeTable"]),
        (basic("All", True, S3_DATA), ["CreateTable", "DescribeTable", "GetObject", "PutObject"]),
        (basic("ReadOnly", False, S3_DATA), ["GetObject"]),
        (
            basic("All", False, {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::my-files/a"]}),
            ["GetObject", "PutObject"],
        ),
        (basic("All", False, {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::my-files/b"]}), []),
        (basic("All", False, {"Type": "AWS::DynamoDB::Table", "Values": ["arn:aws:dynamodb"]}), ["PutItem"]),
    ],
)
def test_basic_selectors(cloud: Cloud, chosen: Any, found: list[str]) -> None:
    trail = Trailed(cloud)
    trail.s3.create_bucket(Bucket="my-files")
    if chosen is not None:
        trail.client.put_event_selectors(TrailName="trail", EventSelectors=chosen)
    client = table(cloud)
    client.describe_table(TableName="t")
    client.put_item(TableName="t", Item={"k": {"S": "1"}})
    trail.s3.put_object(Bucket="my-files", Key="a", Body=b"x")
    trail.s3.get_object(Bucket="my-files", Key="a")
    cloud.advance(300)
    mine = {"CreateTable", "DescribeTable", "PutItem", "PutObject", "GetObject"}
    assert sorted(mine & set(trail.names())) == found


def test_data_event_names_its_resources(cloud: Cloud) -> None:
    trail = Trailed(cloud)
    trail.client.put_event_selectors(TrailName="trail", EventSelectors=basic("All", False, S3_DATA))
    trail.s3.create_bucket(Bucket="my-files")
    trail.s3.put_object(Bucket="my-files", Key="a", Body=b"secret")
    cloud.advance(300)
    [found] = [each for each in trail.records() if each["eventName"] == "PutObject"]
    assert (found["managementEvent"], found["eventCategory"], found["readOnly"]) == (False, "Data", False)
    assert found["requestParameters"] == {"bucketName": "my-files", "key": "a"}
    assert [(each["type"], each["ARN"]) for each in found["resources"]] == [
        ("AWS::S3::Object", "arn:aws:s3:::my-files/a"),
        ("AWS::S3::Bucket", "arn:aws:s3:::my-files"),
    ]


def test_advanced_selectors(cloud: Cloud) -> None:
    trail, queue = Trailed(cloud), Queue(cloud)
    fields = {"eventCategory": "Data", "resources.type": "AWS::SQS::Queue", "resources.ARN": queue.arn}
    selector = [{"Field": name, "Equals": [value]} for name, value in fields.items()]
    selector.append({"Field": "eventName", "NotEquals": ["ReceiveMessage"]})
    trail.client.put_event_selectors(TrailName="trail", AdvancedEventSelectors=[{"FieldSelectors": selector}])
    queue.send("hello")
    queue.receive()
    Queue(cloud, "other").send("no")
    cloud.advance(300)
    [found] = [each for each in trail.records() if each["eventCategory"] == "Data"]
    assert found["eventName"] == "SendMessage"
    assert found["requestParameters"]["messageBody"] == "HIDDEN_DUE_TO_SECURITY_REASONS"
    answer = trail.client.get_event_selectors(TrailName="trail")
    assert ("AdvancedEventSelectors" in answer, "EventSelectors" in answer) == (True, False)


def test_selectors_are_checked(cloud: Cloud) -> None:
    trail = Trailed(cloud)
    put = trail.client.put_event_selectors
    usual = trail.client.get_event_selectors(TrailName="trail")["EventSelectors"]
    assert [
        (each["ReadWriteType"], each["IncludeManagementEvents"], each["DataResources"]) for each in usual
    ] == [("All", True, [])]
    sqs = {"Type": "AWS::SQS::Queue", "Values": ["arn:aws:sqs"]}
    field = {"FieldSelectors": [{"Field": "eventName", "Equals": ["x"]}]}
    for wrong in (
        {},
        {"EventSelectors": basic() * 6},
        {"EventSelectors": basic("All", True, sqs)},
        {"EventSelectors": basic(), "AdvancedEventSelectors": [field]},
        {"AdvancedEventSelectors": [field]},
    ):
        assert refused(put, TrailName="trail", **wrong) == "InvalidEventSelectorsException"


def test_bucket_must_let_cloudtrail_write(cloud: Cloud) -> None:
    client, s3 = cloud.client("cloudtrail"), cloud.client("s3")
    s3.create_bucket(Bucket="closed-one")
    make = {"Name": "trail", "S3BucketName": "closed-one"}
    assert refused(client.create_trail, **make) == "InsufficientS3BucketPolicyException"
    assert (
        refused(client.create_trail, **make | {"S3BucketName": "none-there"})
        == "S3BucketDoesNotExistException"
    )
    cloud.plane("cloudtrail").models.check_policies = False
    client.create_trail(**make)
    assert refused(client.create_trail, **make) == "TrailAlreadyExistsException"
    for n in range(4):
        client.create_trail(Name=f"more{n}", S3BucketName="closed-one")
    assert refused(client.create_trail, Name="sixth", S3BucketName="closed-one") == (
        "MaximumNumberOfTrailsExceededException"
    )


def test_delivery_is_tried_again(cloud: Cloud) -> None:
    trail = Trailed(cloud)
    table(cloud)
    policy = trail.s3.get_bucket_policy(Bucket="audit-logs")["Policy"]
    trail.s3.delete_bucket_policy(Bucket="audit-logs")
    cloud.advance(300)
    assert trail.files() == []
    assert trail.client.get_trail_status(Name="trail")["LatestDeliveryError"] == "AccessDenied"
    trail.s3.put_bucket_policy(Bucket="audit-logs", Policy=policy)
    cloud.advance(3600)
    assert "CreateTable" in trail.names()
    assert "LatestDeliveryError" not in trail.client.get_trail_status(Name="trail")


def test_events_reach_a_log_group(cloud: Cloud) -> None:
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="audit")
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:audit:*"
    Trailed(cloud, CloudWatchLogsLogGroupArn=arn, CloudWatchLogsRoleArn="arn:aws:iam::123456789012:role/r")
    table(cloud)
    cloud.advance(300)
    now_s = cloud.timestamp_ms // 1000
    query = (
        "filter eventSource = 'dynamodb.amazonaws.com' | fields eventName, userIdentity.userName, @logStream"
    )
    query_id = logs.start_query(logGroupName="audit", startTime=now_s - 60, endTime=now_s, queryString=query)[
        "queryId"
    ]
    cloud.advance(2)
    [row] = logs.get_query_results(queryId=query_id)["results"]
    assert [cell["value"] for cell in row[:3]] == ["CreateTable", "main", "123456789012_CloudTrail_us-east-1"]


def rule(cloud: Cloud, name: str, queue: Queue, **settings: Any) -> None:
    events = cloud.client("events")
    pattern = {"detail-type": ["AWS API Call via CloudTrail"], "source": ["aws.dynamodb"]}
    made = events.put_rule(Name=name, EventPattern=json.dumps(pattern), **settings)["RuleArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    statement = allow | {"Resource": queue.arn, "Condition": {"ArnEquals": {"aws:SourceArn": made}}}
    queue.set(Policy=json.dumps({"Statement": [statement]}))
    events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": queue.arn}])


@pytest.mark.parametrize("logging", [True, False])
def test_events_reach_the_default_bus_if_a_trail_logs(cloud: Cloud, logging: bool) -> None:
    Trailed(cloud, start=logging)
    writes, all_of_them = Queue(cloud, "writes"), Queue(cloud, "all")
    rule(cloud, "writes", writes)
    rule(cloud, "all", all_of_them, State="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
    table(cloud).describe_table(TableName="t")
    cloud.advance(60)

    def heard(queue: Queue) -> list[str]:
        return [json.loads(body)["detail"]["eventName"] for body in queue.bodies()]

    assert sorted(heard(writes)) == (["CreateTable"] if logging else [])
    assert sorted(heard(all_of_them)) == (["CreateTable", "DescribeTable"] if logging else [])


def test_deleted_trail_logs_no_more(cloud: Cloud) -> None:
    trail = Trailed(cloud)
    trail.client.delete_trail(Name="trail")
    table(cloud)
    cloud.advance(300)
    assert trail.names() == ["StartLogging"]
    assert refused(trail.client.get_trail_status, Name="trail") == "TrailNotFoundException"


def test_same_seed_gives_the_same_files() -> None:
    def files() -> list[tuple[str, bytes]]:
        with Cloud(seed=5) as cloud:
            trail = Trailed(cloud)
            table(cloud)
            cloud.advance(400)
            return [
                (key, trail.s3.get_object(Bucket="audit-logs", Key=key)["Body"].read())
                for key in trail.files()
            ]

    first = files()
    assert first
    assert files() == first


def test_trails_are_described(cloud: Cloud) -> None:
    Trailed(cloud, IsMultiRegionTrail=True)
    for region in ("us-east-1", "eu-west-1"):
        [found] = cloud.client("cloudtrail", region_name=region).describe_trails()["trailList"]
        assert (found["Name"], found["HomeRegion"], found["IsMultiRegionTrail"]) == (
            "trail",
            "us-east-1",
            True,
        )
