"""Which calls are data events, and which CloudTrail does not record at all. Everything else is a management event.

Page: GUIDE/logging-data-events-with-cloudtrail.html; each row names the service's own page.
"""

from __future__ import annotations

from typing import NamedTuple

_DOCS = "https://docs.aws.amazon.com/"


class DataEvents(NamedTuple):
    """The data events of one type of resource: boto3's name of the service, the type (resources.type in selectors), the
    operations, and the page that lists them.
    """

    service: str
    type: str
    operations: frozenset[str]
    page: str


def _row(service: str, kind: str, page: str, *operations: str) -> DataEvents:
    return DataEvents(service, kind, frozenset(operations), _DOCS + page)


TABLE = (
    _row(
        "s3", "AWS::S3::Object", "AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html",
        "AbortMultipartUpload", "CompleteMultipartUpload", "CopyObject", "CreateMultipartUpload", "DeleteObject",
        "DeleteObjectTagging", "DeleteObjects", "GetObject", "GetObjectAcl", "GetObjectAttributes",
        "GetObjectLegalHold", "GetObjectRetention", "GetObjectTagging", "GetObjectTorrent", "HeadObject", "HeadBucket",
        "ListObjectVersions", "ListObjects", "ListObjectsV2", "ListParts", "PutObject", "PutObjectAcl",
        "PutObjectLegalHold", "PutObjectRetention", "PutObjectTagging", "RestoreObject", "SelectObjectContent",
        "UploadPart", "UploadPartCopy",
    ),
    _row("lambda", "AWS::Lambda::Function", "lambda/latest/dg/logging-using-cloudtrail.html", "Invoke"),
    _row(
        "dynamodb", "AWS::DynamoDB::Table", "amazondynamodb/latest/developerguide/logging-using-cloudtrail.html",
        "BatchExecuteStatement", "BatchGetItem", "BatchWriteItem", "DeleteItem", "ExecuteStatement",
        "ExecuteTransaction", "GetItem", "PutItem", "Query", "Scan", "TransactGetItems", "TransactWriteItems",
        "UpdateItem",
    ),
    _row(
        "dynamodbstreams", "AWS::DynamoDB::Stream",
        "amazondynamodb/latest/developerguide/logging-using-cloudtrail.html", "GetRecords", "GetShardIterator",
    ),
    _row(
        "sqs", "AWS::SQS::Queue", "AWSSimpleQueueService/latest/SQSDeveloperGuide/logging-using-cloudtrail.html",
        "ChangeMessageVisibility", "ChangeMessageVisibilityBatch", "DeleteMessage", "DeleteMessageBatch",
        "GetQueueAttributes", "GetQueueUrl", "ListDeadLetterSourceQueues", "ListQueues", "ListQueueTags",
        "ReceiveMessage", "SendMessage", "SendMessageBatch",
    ),
    _row(
        "sns", "AWS::SNS::Topic", "awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html",
        "Publish", "PublishBatch",
    ),
    _row(
        "kinesis", "AWS::Kinesis::Stream",
        "awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html",
        "GetRecords", "GetShardIterator", "PutRecord", "PutRecords", "SubscribeToShard",
    ),
    _row(
        "cloudwatch", "AWS::CloudWatch::Metric", "AmazonCloudWatch/latest/monitoring/logging_cw_api_calls.html",
        "GetMetricData", "GetMetricStatistics", "GetMetricWidgetImage", "ListMetrics", "PutMetricData",
    ),
)  # fmt: skip

BASIC_TYPES = frozenset({"AWS::S3::Object", "AWS::Lambda::Function", "AWS::DynamoDB::Table"})
"""The types that basic event selectors can name (API/API_DataResource.html)."""

NOT_RECORDED = frozenset(
    {
        ("logs", "PutLogEvents"),
        ("firehose", "PutRecord"),
        ("firehose", "PutRecordBatch"),
        ("events", "PutEvents"),
        ("xray", "PutTraceSegments"),
        ("xray", "PutTelemetryRecords"),
    }
)
"""Calls that the services' pages do not list (logs/logging_cw_api_calls_cwl.html, dev/monitoring-using-cloudtrail.html
and their kind), or that are data events of a type that is left out here.
"""

_KINDS = {(row.service, operation): row for row in TABLE for operation in row.operations}


def data_events_of(service: str, operation: str) -> DataEvents | None:
    """The row of the table that has the call; None for a management event."""
    return _KINDS.get((service, operation))
