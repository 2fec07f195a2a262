"""Rows as boto3 code and as CLI lines."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import Cloud
from helpers.cloud.code import as_boto3, as_cli

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def cloud():
    with Cloud(seed=2) as cloud:
        yield cloud


def test_boto3_code_makes_the_same_call(cloud):
    sqs = cloud.client("sqs")
    queue = sqs.create_queue(QueueName="q", Attributes={"DelaySeconds": "5"})["QueueUrl"]
    sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": "a", "MessageBody": 'say "hi"\n'}])
    for row in list(cloud.trail.itertuples()):
        eval(as_boto3(row), {"sqs": sqs})  # the code we made
    assert list(cloud.trail.parameters[2:]) == list(cloud.trail.parameters[:2])


def test_names(cloud):
    cloud.client("s3").list_buckets()
    cloud.client("lambda").list_functions(MaxItems=5)
    first, second = cloud.trail.itertuples()
    assert as_boto3(first) == "s3.list_buckets()"
    assert as_boto3(second) == "lambda_.list_functions(MaxItems=5)"
    assert as_cli(first) == "aws s3api list-buckets"
    assert as_cli(second) == "aws lambda list-functions --max-items 5"


def test_cli_lines(cloud):
    sqs = cloud.client("sqs")
    queue = sqs.create_queue(QueueName="q", Attributes={"DelaySeconds": "5"})["QueueUrl"]
    sqs.receive_message(
        QueueUrl=queue, MessageSystemAttributeNames=["All", "SentTimestamp"], MaxNumberOfMessages=3
    )
    cloud.client("ec2").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, DryRun=False)
    lines = [as_cli(row) for row in cloud.trail.itertuples()]
    assert lines == [
        'aws sqs create-queue --queue-name q --attributes \'{"DelaySeconds": "5"}\'',
        f"aws sqs receive-message --queue-url {queue} "  # noqa: ISC004  # one line, in two pieces
        "--message-system-attribute-names All SentTimestamp --max-number-of-messages 3",
        "aws ec2 run-instances --image-id ami-12c6146b --min-count 1 --max-count 1 --no-dry-run",
    ]


def test_code_in_a_zip_is_a_file(cloud):
    class Row:
        actor, service, operation = "main", "lambda", "UpdateFunctionCode"
        parameters = {"FunctionName": "f", "ZipFile": b"PK\x03\x04 and so on"}  # noqa: RUF012  # a stand-in

    assert (
        as_boto3(Row)
        == 'lambda_.update_function_code(FunctionName="f", ZipFile=open("code.zip", "rb").read())'
    )
    assert as_cli(Row) == "aws lambda update-function-code --function-name f --zip-file fileb://code.zip"
    Row.operation, Row.parameters = "CreateFunction", {"Code": {"ZipFile": b"PK\x03\x04"}}
    assert as_boto3(Row) == 'lambda_.create_function(Code={"ZipFile": open("code.zip", "rb").read()})'
    assert as_cli(Row) == "aws lambda create-function --zip-file fileb://code.zip"


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "line"),
    [
        ("kinesis", "PutRecord", {"Data": b"caf\xc3\xa9"}, "kinesis put-record --data 'caf\u00e9'"),
        ("kinesis", "PutRecord", {"Data": b"\xff"}, "kinesis put-record --data fileb://data.bin"),
        ("kinesis", "PutRecord", {"Data": b"a\0"}, "kinesis put-record --data fileb://data.bin"),
        (
            "kinesis",
            "PutRecords",
            {"Records": [{"Data": b"a\0"}]},
            r"""put-records --records '[{"Data": "a\u0000"}]'""",
        ),
        ("s3", "PutObject", {"Key": "k", "Body": b"a"}, "s3api put-object --key k --body body.bin"),
        ("s3", "GetObject", {"Key": "k"}, "s3api get-object --key k object.bin"),
        ("lambda", "Invoke", {"Payload": b"{}"}, "lambda invoke --payload '{}' answer.json"),
        ("sns", "Subscribe", {"Endpoint": "a@b.c"}, "sns subscribe --notification-endpoint a@b.c"),
        ("sqs", "SendMessage", {"MessageBody": "--x y"}, "sqs send-message '--message-body=--x y'"),
        ("sqs", "SendMessage", {"DelaySeconds": -1}, "sqs send-message --delay-seconds=-1"),
        (
            "cloudwatch",
            "GetMetricData",
            {"StartTime": NOON},
            "get-metric-data --start-time 2026-01-05T12:00:00+00:00",
        ),
        ("config", "ListTagsForResource", {}, "aws configservice list-tags-for-resource"),
    ],
)
def test_lines_that_the_cli_takes(service, operation, parameters, line):
    class Row:
        actor = "main"

    row = Row()
    row.service, row.operation, row.parameters = service, operation, parameters
    assert as_cli(row).endswith(line)


def test_what_a_service_does_by_itself_is_a_comment(cloud):
    cloud.record("lambda", "Invocation", {"FunctionName": "f", "Attempt": 2})
    (row,) = cloud.trail.itertuples()
    assert as_boto3(row) == as_cli(row) == '# lambda by itself: Invocation(FunctionName="f", Attempt=2)'


@given(st.text(min_size=1).filter(lambda text: "\x00" not in text))
def test_any_body_survives_quoting(body):
    class Row:
        actor, service, operation, parameters = "main", "sqs", "SendMessage", {"MessageBody": body}

    option = [f"--message-body={body}"] if body.startswith("-") else ["--message-body", body]
    assert shlex.split(as_cli(Row)) == ["aws", "sqs", "send-message", *option]
    assert eval(as_boto3(Row), {"sqs": type("S", (), {"send_message": staticmethod(dict)})}) == {
        "MessageBody": body
    }
