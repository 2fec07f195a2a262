"""What moto would run or deliver by itself reaches a data plane instead."""

from __future__ import annotations

import io
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


def test_a_topic_hands_its_message_to_the_plane(account: Account, function: str) -> None:
    heard: list[tuple[str, Any]] = []
    account.on_delivery("lambda", lambda arn, event: heard.append((arn, event)))
    sns = account.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)
    sns.publish(TopicArn=topic, Message="hello")
    assert [arn for arn, _ in heard] == [function]
    assert heard[0][1]["Records"][0]["Sns"]["Message"] == "hello"


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
