"""A trail of a Cloud, in a few words: its bucket and policy, what its files hold, what a lookup finds."""

from __future__ import annotations

import gzip
import json
from typing import Any

from helpers import Cloud


def policy(bucket: str, prefix: str = "") -> str:
    """The bucket policy that lets CloudTrail write (GUIDE/create-s3-bucket-policy-for-cloudtrail.html)."""
    principal, arn = {"Service": "cloudtrail.amazonaws.com"}, f"arn:aws:s3:::{bucket}"
    acl = {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}
    statements = [
        {"Effect": "Allow", "Principal": principal, "Action": "s3:GetBucketAcl", "Resource": arn},
        {
            "Effect": "Allow",
            "Principal": principal,
            "Action": "s3:PutObject",
            "Resource": f"{arn}/{prefix}AWSLogs/123456789012/*",
            "Condition": acl,
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


class Trailed:
    """A trail with its bucket; `start` says whether it logs from the beginning."""

    def __init__(self, cloud: Cloud, *, start: bool = True, **settings: Any) -> None:
        self.cloud, self.client, self.s3 = (
            cloud,
            cloud.client("cloudtrail"),
            cloud.client("s3", region_name="us-east-1"),
        )
        self.s3.create_bucket(Bucket="audit-logs")
        prefix = settings.get("S3KeyPrefix", "")
        self.s3.put_bucket_policy(
            Bucket="audit-logs", Policy=policy("audit-logs", f"{prefix}/" if prefix else "")
        )
        self.client.create_trail(Name="trail", S3BucketName="audit-logs", **settings)
        if start:
            self.client.start_logging(Name="trail")

    def files(self) -> list[str]:
        """The keys of the log files."""
        return [each["Key"] for each in self.s3.list_objects_v2(Bucket="audit-logs").get("Contents", ())]

    def records(self) -> list[dict[str, Any]]:
        """The records of all log files, in the order of their keys."""
        found: list[dict[str, Any]] = []
        for key in self.files():
            body = self.s3.get_object(Bucket="audit-logs", Key=key)["Body"].read()
            found += json.loads(gzip.decompress(body))["Records"]
        return found

    def names(self) -> list[str]:
        """The event names in all log files."""
        return [each["eventName"] for each in self.records()]


def lookup(
    cloud: Cloud, key: str | None = None, value: str = "", region: str = "us-east-1", **more: Any
) -> Any:
    """The events that LookupEvents finds by one attribute."""
    if key is not None:
        more["LookupAttributes"] = [{"AttributeKey": key, "AttributeValue": value}]
    return cloud.client("cloudtrail", region_name=region).lookup_events(**more)["Events"]


def table(cloud: Cloud, name: str = "t", region: str = "us-east-1") -> Any:
    """A client of DynamoDB in whose Region there is a table of this name."""
    client = cloud.client("dynamodb", region_name=region)
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return client
