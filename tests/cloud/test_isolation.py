"""A Cloud owns its whole moto state: equal seeds give equal trails, however Clouds are opened."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto.core.base_backend import BackendDict

from helpers import Cloud


def journey(cloud: Cloud) -> Iterator[None]:
    """S3, SQS and a role of another account, one call at a time."""
    s3, sqs, sts = cloud.client("s3"), cloud.client("sqs"), cloud.client("sts")
    s3.create_bucket(Bucket="the-one-bucket")
    yield
    s3.put_object(Bucket="the-one-bucket", Key="k", Body=b"1")
    yield
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    yield
    sqs.send_message(QueueUrl=queue, MessageBody="m")
    yield
    role = sts.assume_role(RoleArn="arn:aws:iam::222222222222:role/other", RoleSessionName="session")[
        "Credentials"
    ]
    other = cloud.client(
        "sqs",
        aws_access_key_id=role["AccessKeyId"],
        aws_secret_access_key=role["SecretAccessKey"],
        aws_session_token=role["SessionToken"],
    )
    yield
    assert "/222222222222/" in other.create_queue(QueueName="theirs")["QueueUrl"]
    yield
    sqs.receive_message(QueueUrl=queue)
    yield
    assert s3.get_object(Bucket="the-one-bucket", Key="k")["Body"].read() == b"1"
    s3.create_multipart_upload(Bucket="the-one-bucket", Key="large")
    yield


def travel(cloud: Cloud) -> str:
    for _ in journey(cloud):
        pass
    return trail(cloud)


def trail(cloud: Cloud) -> str:
    return cloud.trail.to_json()


@pytest.fixture(scope="module")
def alone() -> str:
    with Cloud(seed=5) as cloud:
        return travel(cloud)


def test_one_after_the_other(alone):
    with Cloud(seed=5) as cloud:
        assert travel(cloud) == alone


def test_nested(alone):
    with Cloud(seed=5) as outer:
        steps = journey(outer)
        for _ in range(3):
            next(steps)
        with Cloud(seed=5) as inner:
            assert travel(inner) == alone
        for _ in steps:
            pass
        assert trail(outer) == alone


def test_interleaved(alone):
    with Cloud(seed=5) as first, Cloud(seed=5) as second:
        for _ in zip(journey(first), journey(second), strict=True):
            pass
        assert trail(first) == trail(second) == alone


def test_other_seeds_give_other_ids(alone):
    with Cloud(seed=6) as cloud:
        assert travel(cloud) != alone


def test_every_home_account_is_the_same():
    for seed in (1, 2):
        with Cloud(seed=seed) as cloud:
            assert cloud.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_a_bucket_name_is_taken_in_one_cloud_only():
    with Cloud() as first, Cloud() as second:
        for cloud in (first, second):
            cloud.client("s3").create_bucket(Bucket="only-one")
        first.client("s3").delete_bucket(Bucket="only-one")
        assert [b["Name"] for b in second.client("s3").list_buckets()["Buckets"]] == ["only-one"]


def test_each_call_sees_the_time_of_its_own_cloud():
    with Cloud(start="2026-01-01T00:00Z") as early, Cloud(start="2030-01-01T00:00Z") as late:
        stamps = []
        for cloud in (early, late):
            cloud.client("s3").create_bucket(Bucket="bucket")
            stamps.append(cloud.client("s3").list_buckets()["Buckets"][0]["CreationDate"].year)
        assert stamps == [2026, 2030]


def test_moto_keeps_nothing_after_closing():
    with Cloud():
        boto3.client("dynamodb").list_tables()
    with Cloud():
        boto3.client("sqs").list_queues()
    assert [backend.service_name for backend in BackendDict._instances] == []
