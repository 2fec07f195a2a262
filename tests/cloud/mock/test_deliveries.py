"""What moto would run or deliver by itself reaches a data plane instead."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from helpers.cloud import Account


def code(source: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("app.py", source)
    return file.getvalue()


SOURCE = "def handler(event, context):\n    return event\n"


@pytest.fixture
def account() -> Any:
    with Account(seed=4) as opened:
        yield opened


@pytest.fixture
def function(account: Account) -> str:
    """The ARN of a function called `work`."""
    role = account.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    made = account.client("lambda").create_function(
        FunctionName="work",
        Runtime="python3.13",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": code(SOURCE)},
    )
    return str(made["FunctionArn"])


def test_what_a_service_publishes_goes_to_the_plane(account: Account) -> None:
    heard: list[tuple[str, str]] = []

    def receive(topic_arn: str, entry: dict[str, Any]) -> str:
        heard.append((topic_arn, json.loads(entry["Message"])["Event"]))
        return "00000000-0000-4000-8000-000000000000"

    account.on_delivery("sns", receive)
    topic = account.client("sns").create_topic(Name="t")["TopicArn"]
    s3 = account.client("s3")
    s3.create_bucket(Bucket="photos")
    wanted = {"TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(Bucket="photos", NotificationConfiguration=wanted)
    assert heard == [(topic, "s3:TestEvent")]


def test_a_rule_hands_its_event_to_the_plane_and_to_its_other_targets(
    account: Account, function: str
) -> None:
    heard: list[tuple[str, Any]] = []
    account.on_delivery("lambda", lambda arn, event: heard.append((arn, event)))
    sqs, events = account.client("sqs"), account.client("events")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="r", EventPattern='{"source": ["shop"]}')
    events.put_targets(
        Rule="r",
        Targets=[
            {"Id": "1", "Arn": function},
            {"Id": "2", "Arn": arn},
            {"Id": "3", "Arn": function, "Input": '{"fixed": true}'},
        ],
    )
    for source in ("shop", "other"):
        events.put_events(Entries=[{"Source": source, "DetailType": "order", "Detail": '{"n": 1}'}])
    (whole, fixed) = [event for _, event in heard]
    assert (whole["source"], whole["detail"], whole["time"]) == ("shop", {"n": 1}, "2026-01-05T09:00:00Z")
    assert fixed == {"fixed": True}
    assert len(sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]) == 1
    assert len(events.list_targets_by_rule(Rule="r")["Targets"]) == 3


def test_the_plane_hears_of_records_in_a_stream_with_a_mapping(account: Account, function: str) -> None:
    heard: list[tuple[str, str]] = []
    account.on_delivery("lambda", lambda arn, event: None)
    account.on_delivery("kinesis", lambda arn, shard_id: heard.append((arn, shard_id)))
    kinesis = account.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=2)
    stream = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamARN"]
    kinesis.put_record(StreamName="s", Data=b"x", PartitionKey="a")
    assert heard == []
    account.client("lambda").create_event_source_mapping(
        EventSourceArn=stream, FunctionName="work", StartingPosition="LATEST"
    )
    put = kinesis.put_record(StreamName="s", Data=b"x", PartitionKey="a")
    assert heard == [(stream, put["ShardId"])]


def test_a_bucket_hands_its_event_to_the_plane(account: Account, function: str) -> None:
    heard: list[tuple[str, Any]] = []
    account.on_delivery("lambda", lambda arn, event: heard.append((arn, event)))
    s3 = account.client("s3")
    s3.create_bucket(Bucket="photos")
    s3.put_bucket_notification_configuration(
        Bucket="photos",
        NotificationConfiguration={
            "LambdaFunctionConfigurations": [
                {"LambdaFunctionArn": function, "Events": ["s3:ObjectCreated:*"]}
            ]
        },
    )
    s3.put_object(Bucket="photos", Key="one", Body=b"1")
    # moto tests a new configuration by an event of its own, before the object's.
    assert heard[-1][0] == function
    assert heard[-1][1]["Records"][0]["s3"]["object"]["key"] == "one"


def test_a_mapping_on_a_table_is_left_to_the_plane(account: Account, function: str) -> None:
    heard: list[Any] = []
    account.on_delivery("lambda", lambda arn, event: heard.append(event))
    dynamodb = account.client("dynamodb")
    dynamodb.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    stream = dynamodb.describe_table(TableName="t")["Table"]["LatestStreamArn"]
    account.client("lambda").create_event_source_mapping(
        EventSourceArn=stream, FunctionName="work", StartingPosition="LATEST"
    )
    dynamodb.put_item(TableName="t", Item={"id": {"S": "a"}})
    assert heard == [], "the plane reads the stream by itself"


def test_the_code_of_a_version_can_be_read(account: Account, function: str) -> None:
    client = account.client("lambda")
    first = client.publish_version(FunctionName="work")["Version"]
    client.update_function_code(FunctionName="work", ZipFile=code("changed = True\n"))
    before, after = account.function_code("work", first), account.function_code("work")
    assert [zipfile.ZipFile(io.BytesIO(one)).read("app.py").decode() for one in (before, after)] == [
        SOURCE,
        "changed = True\n",
    ]
    assert account.function_code("absent") == b""


def test_the_code_of_a_layer_can_be_read(account: Account) -> None:
    client = account.client("lambda")
    layer = client.publish_layer_version(LayerName="tools", Content={"ZipFile": code("x = 1\n")})
    assert zipfile.ZipFile(io.BytesIO(account.layer_code(layer["LayerVersionArn"]))).namelist() == ["app.py"]
    assert account.layer_code(layer["LayerVersionArn"][:-1] + "7") == b""
