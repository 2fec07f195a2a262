"""What a call is about: whether it carries a request of the application, and which resource it names.

Pages: GUIDE/xray-services.html; https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
(what operates in a resource, and what configures one)
"""

from __future__ import annotations

from typing import Any

_IN_A_RESOURCE = {
    "sqs": "SendMessage SendMessageBatch ReceiveMessage DeleteMessage DeleteMessageBatch ChangeMessageVisibility "
    "ChangeMessageVisibilityBatch",
    "sns": "Publish PublishBatch HttpPost Notify SendEmail",
    "lambda": "Invoke InvokeAsync InvokeWithResponseStream",
    "dynamodb": "GetItem PutItem UpdateItem DeleteItem Query Scan BatchGetItem BatchWriteItem TransactGetItems "
    "TransactWriteItems ExecuteStatement",
    "dax": "GetItem PutItem UpdateItem DeleteItem Query Scan BatchGetItem BatchWriteItem",
    "kinesis": "PutRecord PutRecords GetRecords SubscribeToShard",
    "dynamodbstreams": "GetRecords",
    "firehose": "PutRecord PutRecordBatch",
    "events": "PutEvents",
    "s3": "GetObject PutObject DeleteObject DeleteObjects HeadObject CopyObject ListObjectsV2",
    "cloudwatch": "PutMetricData",
    "logs": "PutLogEvents",
    "stepfunctions": "StartExecution StartSyncExecution",
}
DATA = {service: frozenset(names.split()) for service, names in _IN_A_RESOURCE.items()}
"""Service -> the operations in its resources (data events). All others manage the account."""

POLLS = {("sqs", "ReceiveMessage"), ("kinesis", "GetRecords"), ("dynamodbstreams", "GetRecords")}
"""Calls that ask whether there is something to do. What they bring belongs to those who sent it."""

TITLES = {
    "sqs": "SQS",
    "sns": "SNS",
    "lambda": "Lambda",
    "dynamodb": "DynamoDB",
    "dynamodbstreams": "DynamoDB Streams",
    "kinesis": "Kinesis",
    "firehose": "Firehose",
    "events": "EventBridge",
    "s3": "S3",
    "cloudwatch": "CloudWatch",
    "logs": "CloudWatch Logs",
    "dax": "DAX",
    "stepfunctions": "Step Functions",
}
"""Service -> its name in a subsegment."""

_RESOURCES = {
    "sqs": ("AWS::SQS::Queue", ("QueueUrl", "QueueName")),
    "sns": ("AWS::SNS::Topic", ("TopicArn", "TargetArn", "PhoneNumber", "Endpoint")),
    "lambda": ("AWS::Lambda", ("FunctionName",)),
    "dynamodb": ("AWS::DynamoDB::Table", ("TableName",)),
    "dax": ("AWS::DAX::Cluster", ("TableName",)),
    "kinesis": ("AWS::Kinesis::Stream", ("StreamName", "StreamARN")),
    "firehose": ("AWS::KinesisFirehose::DeliveryStream", ("DeliveryStreamName",)),
    "events": ("AWS::Events::EventBus", ("EventBusName",)),
    "s3": ("AWS::S3::Bucket", ("Bucket",)),
    "stepfunctions": ("AWS::StepFunctions::StateMachine", ("stateMachineArn",)),
}


def is_data(service: str, operation: str) -> bool:
    """It works in a resource, rather than manage the account."""
    return operation in DATA.get(service, ())


def resource(service: str, operation: str, parameters: dict[str, Any]) -> tuple[str, str]:
    """The name and the type of what a call was made to: a queue, a table, a topic, or the service as a whole."""
    kind, names = _RESOURCES.get(service, (f"AWS::{TITLES.get(service, service)}", ()))
    if service == "sns" and operation in ("HttpPost", "SendEmail"):
        return str(parameters.get("Endpoint", "")), "remote"
    for name in names:
        if isinstance(parameters.get(name), str):
            return last_part(parameters[name]), kind
    if service == "events":
        buses = {entry.get("EventBusName", "default") for entry in parameters.get("Entries", ())}
        return last_part(min(buses, default="default")), kind
    if service == "dynamodb":
        tables = _tables(parameters)
        if tables:
            return min(tables), kind
    return TITLES.get(service, service), kind


def last_part(name: str) -> str:
    """The name in an ARN or in the URL of a queue; of a function without its qualifier. A name stays as it is."""
    if name.startswith("arn:aws:lambda:"):
        return name.split(":")[6]
    if name.startswith("arn:"):
        return name.rpartition(":")[2].rpartition("/")[2]
    if name.startswith("https://"):
        return name.rpartition("/")[2]
    return name.partition(":")[0]


def _tables(parameters: dict[str, Any]) -> set[str]:
    asked = parameters.get("RequestItems")
    if isinstance(asked, dict):
        return {last_part(name) for name in asked}
    parts = [part for item in parameters.get("TransactItems", ()) for part in item.values()]
    return {last_part(part["TableName"]) for part in parts if isinstance(part, dict) and "TableName" in part}
