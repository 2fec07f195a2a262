"""cloud.show(): what is there and who waits."""

from __future__ import annotations

import time

from helpers import Cloud, zipped
from helpers.cloud.inventory import _COLLECTIONS

_LISTS = {
    "cloudwatch": "list_metrics",
    "dynamodb": "list_tables",
    "events": "list_rules",
    "iam": "list_roles",
    "kinesis": "list_streams",
    "lambda": "list_functions",
    "logs": "describe_log_groups",
    "s3": "list_buckets",
    "secretsmanager": "list_secrets",
    "sns": "list_topics",
    "sqs": "list_queues",
    "stepfunctions": "list_state_machines",
}


def test_resources_and_waiting_actors():
    with Cloud() as cloud:
        assert repr(cloud.show()) == "The account is empty and nobody waits."
        cloud.client("sqs").create_queue(QueueName="jobs")
        cloud.client("s3").create_bucket(Bucket="files")
        cloud.spawn(time.sleep, 90, name="worker-1")
        cloud.advance(0)
        shown = cloud.show()
        assert shown.resources == (
            ("s3", "aws", "buckets", "files"),
            ("sqs", "us-east-1", "queues", "jobs"),
        )
        assert shown.actors == (("worker-1", 90.02),)
        assert repr(shown).splitlines()[-1].split() == ["actor", "worker-1", "wakes", "at", "90.02", "s"]


def test_functions_and_their_mappings():
    with Cloud() as cloud:
        sqs, functions = cloud.client("sqs"), cloud.client("lambda")
        queue = sqs.create_queue(QueueName="jobs")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        role = cloud.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        functions.create_function(
            FunctionName="work",
            Runtime="python3.13",
            Role=role,
            Handler="lambda_function.handler",
            Code={"ZipFile": zipped("def handler(event, context):\n    return None\n")},
        )
        uuid = functions.create_event_source_mapping(FunctionName="work", EventSourceArn=arn)["UUID"]
        shown = [resource[2:] for resource in cloud.show().resources if resource[0] == "lambda"]
        assert shown == [("event_source_mappings", uuid), ("functions", "work")]


def test_every_kind_that_is_shown_is_where_moto_keeps_it():
    with Cloud() as cloud:
        assert set(_LISTS) == set(_COLLECTIONS)
        for service, operation in _LISTS.items():
            getattr(cloud.client(service), operation)()
        cloud.show()  # a place that is no collection any more fails here


def test_looking_leaves_no_trace():
    with Cloud() as cloud:
        cloud.client("sqs").create_queue(QueueName="jobs")
        before = cloud.now, len(cloud.trail), cloud._state.ids.getstate()
        cloud.show()
        assert (cloud.now, len(cloud.trail), cloud._state.ids.getstate()) == before


def test_names_are_escaped_in_html():
    with Cloud() as cloud:
        cloud.spawn(time.sleep, 1, name="<b>")
        assert "&lt;b&gt;" in cloud.show()._repr_html_()
