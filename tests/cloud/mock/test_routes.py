"""A request reaches the service that it was made for."""

from __future__ import annotations

from helpers.dataplane import Cloud

SERVICES = (
    "account",
    "autoscaling",
    "cloudfront",
    "dynamodb",
    "events",
    "firehose",
    "kinesis",
    "lambda",
    "logs",
    "sns",
)


def test_a_bucket_may_be_called_like_a_service() -> None:
    with Cloud(seed=1) as cloud:
        s3 = cloud.client("s3")
        for name in SERVICES:
            s3.create_bucket(Bucket=name)
            s3.put_object(Bucket=name, Key=f"of-{name}", Body=b"x")
        found = {name: s3.list_objects_v2(Bucket=name)["Contents"][0]["Key"] for name in SERVICES}
        assert found == {name: f"of-{name}" for name in SERVICES}
        assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == list(SERVICES)


def test_other_services_are_where_they_were() -> None:
    with Cloud(seed=1) as cloud:
        logs = cloud.client("logs")
        logs.create_log_group(logGroupName="s3")
        assert [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]] == ["s3"]
