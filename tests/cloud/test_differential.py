"""The shortcuts change no answer: the same calls on plain moto and in a Cloud, byte for byte."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from helpers.cloud import Account
from helpers.cloud.mock import direct
from tests.cloud.dynamodb_journey import JOURNEY
from tests.cloud.plain_moto import play_on

START = "2026-01-05T09:00:00+00:00"

JOURNEYS: dict[str, list[Any]] = {
    "s3": [
        [
            ["s3", "create_bucket", {"Bucket": "bucket"}],
            [
                "s3",
                "put_bucket_versioning",
                {"Bucket": "bucket", "VersioningConfiguration": {"Status": "Enabled"}},
            ],
            ["s3", "put_object", {"Bucket": "bucket", "Key": "a/1", "Body": "one", "Metadata": {"k": "v"}}],
        ],
        2,
        [
            ["s3", "put_object", {"Bucket": "bucket", "Key": "a/1", "Body": "two"}],
            ["s3", "get_object", {"Bucket": "bucket", "Key": "a/1"}],
            ["s3", "list_object_versions", {"Bucket": "bucket"}],
            ["s3", "get_object", {"Bucket": "bucket", "Key": "missing"}],
            ["s3", "delete_object", {"Bucket": "bucket", "Key": "a/1"}],
            ["s3", "head_object", {"Bucket": "bucket", "Key": "a/1"}],
            ["s3", "list_objects_v2", {"Bucket": "other"}],
        ],
    ],
    "dynamodb": [
        [
            [
                "dynamodb",
                "create_table",
                {
                    "TableName": "t",
                    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                    "BillingMode": "PAY_PER_REQUEST",
                },
            ],
            ["dynamodb", "put_item", {"TableName": "t", "Item": {"id": {"S": "a"}, "n": {"N": "1"}}}],
            [
                "dynamodb",
                "put_item",
                {
                    "TableName": "t",
                    "Item": {"id": {"S": "a"}},
                    "ConditionExpression": "attribute_not_exists(id)",
                },
            ],
            ["dynamodb", "get_item", {"TableName": "t", "Key": {"id": {"S": "a"}}}],
            ["dynamodb", "scan", {"TableName": "t"}],
            ["dynamodb", "describe_table", {"TableName": "missing"}],
        ]
    ],
    "sns": [
        [
            ["sns", "create_topic", {"Name": "t"}],
            ["sqs", "create_queue", {"QueueName": "q"}],
            ["sqs", "get_queue_attributes", {"QueueUrl": "$1.QueueUrl", "AttributeNames": ["All"]}],
            [
                "sns",
                "subscribe",
                {
                    "TopicArn": "$0.TopicArn",
                    "Protocol": "sqs",
                    "Endpoint": "$2.Attributes.QueueArn",
                    "Attributes": {"RawMessageDelivery": "true"},
                },
            ],
            ["sns", "publish", {"TopicArn": "$0.TopicArn", "Message": "m"}],
            ["sqs", "receive_message", {"QueueUrl": "$1.QueueUrl", "AttributeNames": ["All"]}],
            ["sns", "publish", {"TopicArn": "arn:aws:sns:us-east-1:123456789012:missing", "Message": "m"}],
        ]
    ],
    "iam": [
        [
            ["iam", "create_user", {"UserName": "u"}],
            ["iam", "create_access_key", {"UserName": "u"}],
            ["iam", "create_user", {"UserName": "u"}],
            ["iam", "list_users", {}],
            ["sts", "get_caller_identity", {}],
            [
                "sts",
                "assume_role",
                {"RoleArn": "arn:aws:iam::222222222222:role/r", "RoleSessionName": "session"},
            ],
        ]
    ],
    "kinesis": [
        [
            ["kinesis", "create_stream", {"StreamName": "s", "ShardCount": 2}],
            ["kinesis", "put_record", {"StreamName": "s", "Data": "x", "PartitionKey": "k"}],
            ["kinesis", "describe_stream", {"StreamName": "s"}],
            ["kinesis", "describe_stream", {"StreamName": "missing"}],
        ]
    ],
}


def on_plain_moto(seed: int, parts: list[Any], services: list[str]) -> list[Any]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(Path(__file__).with_name("plain_moto.py"))],
        input=json.dumps({"start": START, "seed": seed, "parts": parts, "services": services}),
        capture_output=True,
        text=True,
        check=True,
        env={
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "BOTO_", "MOTO_"))
        },
    )
    return json.loads(done.stdout)


def in_an_account(
    seed: int, parts: list[Any], prepare: Callable[[Account], None] = lambda account: None
) -> list[Any]:
    with Account(seed=seed, start=START) as account:
        account.api_latency_s = 0
        prepare(account)
        clients: dict[str, Any] = {}

        def client_of(service: str) -> Any:
            if service not in clients:
                clients[service] = account.client(service)
            return clients[service]

        answers: list[Any] = []
        for part in parts:
            if isinstance(part, (int, float)):
                account.advance(part)
            else:
                answers += play_on(part, client_of, answers)
        return answers


@pytest.mark.slow
@pytest.mark.parametrize("name", JOURNEYS)
def test_answers_are_those_of_plain_moto(name):
    parts = JOURNEYS[name]
    services = sorted({call[0] for part in parts if isinstance(part, list) for call in part})
    expected = on_plain_moto(11, parts, services)
    found = in_an_account(11, parts)
    for answer in (*expected, *found):  # moto draws session tokens from os.urandom, which it does not seed
        answer.get("Credentials", {}).pop("SessionToken", None)
    assert found == expected


def forward_items(account: Account) -> None:
    for operation in direct.OPERATIONS["dynamodb"]:
        account.answer("dynamodb", operation, lambda call: call.forward())


@pytest.mark.slow
def test_items_asked_of_motos_handler_at_once_are_those_of_plain_moto():
    expected = on_plain_moto(11, JOURNEY, ["dynamodb"])
    found = in_an_account(11, JOURNEY, forward_items)
    for answer in (*expected, *found):
        headers = answer["ResponseMetadata"]["HTTPHeaders"]
        for name in ("x-amz-crc32", "content-length"):  # of a body that is never written here
            headers.pop(name, None)
    assert found == [settled(answer) for answer in expected]


def settled(value: Any) -> Any:
    """Numbers in one form and sets in order, which plain moto leaves to chance."""
    if isinstance(value, list):
        return [settled(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: in_one_form(name, item) for name, item in value.items()}


def in_one_form(kind: str, content: Any) -> Any:
    if kind == "N" and isinstance(content, str):
        return f"{Decimal(content).normalize():f}" if Decimal(content) else "0"
    if kind in ("SS", "NS", "BS") and isinstance(content, list):
        texts = [in_one_form("N", text) for text in content] if kind == "NS" else content
        return sorted(texts, key=Decimal if kind == "NS" else None)
    return settled(content)
