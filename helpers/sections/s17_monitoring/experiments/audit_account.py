"""The account that is audited: what is in it, what people call, and how a trail is made."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from typing import Any

from helpers.sections.s17_monitoring.experiments.audit_reading import REGIONS

Clients = dict[tuple[str, str], Any]
"""A client by service and Region (home or other)."""

OTHERS = (
    (395, "home", "CreateQueue"), (300, "other", "PutObject"), (210, "other", "CreateQueue"),
    (160, "home", "PutObject"), (115, "home", "CreateQueue"), (100, "other", "DescribeTable"),
    (75, "home", "PutObject"), (50, "other", "CreateQueue"), (20, "home", "DescribeTable"), (8, "other", "PutObject"),
)  # fmt: skip
"""What others call: days before the audit, where, and what."""


def act(steps: Iterable[tuple[float, Callable[[], None]]]) -> None:
    """Do each step at its time, in seconds since the Cloud was opened."""
    opened_s = time.time()
    for at_s, step in steps:
        time.sleep(max(opened_s + at_s - time.time(), 0))
        step()


def prepare(clients: Clients, *, bucket: bool) -> None:
    """What is there before anybody calls: a table and a bucket in each Region, and a `bucket` for a trail."""
    for place, name in REGIONS.items():
        clients["dynamodb", place].create_table(
            TableName=f"orders-{place}",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        where = {} if place == "home" else {"CreateBucketConfiguration": {"LocationConstraint": name}}
        clients["s3", place].create_bucket(Bucket=f"prices-{place}", **where)
    if bucket:
        clients["s3", "home"].create_bucket(Bucket="audit-logs")
        clients["s3", "home"].put_bucket_policy(Bucket="audit-logs", Policy=json.dumps(_POLICY))


_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": ["s3:GetBucketAcl", "s3:PutObject"],
            "Resource": ["arn:aws:s3:::audit-logs", "arn:aws:s3:::audit-logs/AWSLogs/*"],
        }
    ],
}


def call(clients: Clients, name: str, place: str) -> None:
    """Make the call in a Region."""
    if name == "PutObject":
        clients["s3", place].put_object(Bucket=f"prices-{place}", Key="prices.csv", Body=b"bread,0.01")
    elif name == "CreateQueue":
        clients["sqs", place].create_queue(QueueName=f"work-{place}")
    elif name == "DeleteTable":
        clients["dynamodb", place].delete_table(TableName=f"orders-{place}")
    else:
        try:
            clients["dynamodb", place].describe_table(TableName=f"orders-{place}")
        except clients["dynamodb", place].exceptions.ResourceNotFoundException:
            return  # somebody has deleted it; the call is an event all the same


def make_trail(clients: Clients, *, everywhere: bool, data: bool) -> None:
    """Make the trail, choose its events (`data`: those of S3 objects too), start it."""
    client = clients["cloudtrail", "home"]
    client.create_trail(Name="audit", S3BucketName="audit-logs", IsMultiRegionTrail=everywhere)
    if data:
        resources = [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]
        selector = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": resources}
        client.put_event_selectors(TrailName="audit", EventSelectors=[selector])
    client.start_logging(Name="audit")
