"""How CloudTrail names services, calls and parameters.

Pages: GUIDE/cloudtrail-event-reference-record-contents.html,
https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

_SOURCES = {
    "application-autoscaling": "autoscaling",
    "cloudwatch": "monitoring",
    "dynamodbstreams": "dynamodb",
    "efs": "elasticfilesystem",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "opensearch": "es",
    "stepfunctions": "states",
}
# boto3's name of a service -> its name in eventSource, where they differ.

_LAMBDA_VERSIONS = {
    "20150331": (
        "CreateAlias", "CreateEventSourceMapping", "CreateFunction", "DeleteAlias", "DeleteEventSourceMapping",
        "DeleteFunction", "GetAlias", "PublishVersion", "UpdateAlias", "UpdateEventSourceMapping",
    ),
    "20150331v2": (
        "AddPermission", "RemovePermission", "UpdateFunctionCode", "UpdateFunctionConfiguration",
    ),
    "20170331v2": ("TagResource", "UntagResource"),
    "20171031": ("DeleteFunctionConcurrency", "PutFunctionConcurrency"),
    "20181031": ("PublishLayerVersion",),
}  # fmt: skip
_EVENT_NAMES = {("lambda", name): name + end for end, names in _LAMBDA_VERSIONS.items() for name in names} | {
    ("s3", "ListObjectsV2"): "ListObjects"
}

_READS = (
    "BatchGet", "Check", "Describe", "Download", "Estimate", "Filter", "Get", "Head", "List", "Lookup", "Preview",
    "Query", "Scan", "Search", "Select", "Simulate", "Test", "TransactGet", "Validate",
)  # fmt: skip

_OMITTED = {
    "lambda": {"Environment", "ZipFile", "Code", "Payload", "ClientContext"},
    "s3": {"Body"},
    "dynamodb": {"ExpressionAttributeValues", "RequestItems", "TransactItems"},
    "kinesis": {"Data", "Records"},
}
"""Parameters that stay out of an event."""

_HIDDEN = {"MessageBody", "Message", "Entries", "Password", "SecretString", "NewPassword", "Plaintext"}
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"


def event_source(service: str) -> str:
    """The eventSource of boto3's `service`, such as monitoring.amazonaws.com."""
    return f"{_SOURCES.get(service, service)}.amazonaws.com"


def event_name(service: str, operation: str) -> str:
    """The eventName of a call; Lambda's have dates, such as CreateFunction20150331."""
    return _EVENT_NAMES.get((service, operation), operation)


def is_read(operation: str) -> bool:
    """Whether a call only reads, as its name says."""
    return operation.startswith(_READS)


def parameters(service: str, operation: str, given: dict[str, Any]) -> dict[str, Any] | None:
    """The requestParameters: names begin small, contents are left out or hidden. None if there are none."""
    told: dict[str, Any] = {
        name: HIDDEN if name in _HIDDEN and service != "dynamodb" else value
        for name, value in given.items()
        if name not in _OMITTED.get(service, ())
    }
    if service == "dynamodb":
        told |= {name: sorted(told[name]) for name in ("Item",) if name in told}
        told |= {name: _plain_key(told[name]) for name in ("Key",) if name in told}
    found: dict[str, Any] = {
        _small(service, name): value if name in ("Item", "Key") else _told(value)
        for name, value in told.items()
    }
    return found or None


def response(given: dict[str, Any] | None) -> dict[str, Any] | None:
    """The responseElements of a call that changes something; None if the answer is empty."""
    return {_lowered(name): _told(value) for name, value in (given or {}).items()} or None


def _plain_key(key: dict[str, Any]) -> dict[str, Any]:
    return {name: str(next(iter(value.values()))) for name, value in key.items() if isinstance(value, dict)}


def _small(service: str, name: str) -> str:
    return "bucketName" if service == "s3" and name == "Bucket" else _lowered(name)


def _lowered(name: str) -> str:
    return name[:1].lower() + name[1:]


def _told(value: Any) -> Any:
    if isinstance(value, dict):
        return {_lowered(str(name)): _told(held) for name, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [_told(held) for held in value]
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return HIDDEN
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
