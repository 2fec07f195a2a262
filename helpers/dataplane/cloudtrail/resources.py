"""The resources that a call names: for lookups by name and type, and for data events with their ARNs.

Pages: GUIDE/view-cloudtrail-events-supported-resource-types.html, API/API_Resource.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

_NAMED: dict[str, dict[str, str]] = {
    "cloudformation": {"StackName": "AWS::CloudFormation::Stack"},
    "cloudtrail": {
        "Name": "AWS::CloudTrail::Trail", "TrailName": "AWS::CloudTrail::Trail", "S3BucketName": "AWS::S3::Bucket",
    },
    "cloudwatch": {"AlarmName": "AWS::CloudWatch::Alarm", "AlarmNames": "AWS::CloudWatch::Alarm"},
    "dynamodb": {"TableName": "AWS::DynamoDB::Table"},
    "ec2": {"InstanceIds": "AWS::EC2::Instance", "GroupId": "AWS::EC2::SecurityGroup"},
    "events": {"Name": "AWS::Events::Rule", "Rule": "AWS::Events::Rule"},
    "firehose": {"DeliveryStreamName": "AWS::KinesisFirehose::DeliveryStream"},
    "iam": {
        "UserName": "AWS::IAM::User", "RoleName": "AWS::IAM::Role", "PolicyArn": "AWS::IAM::Policy",
        "PolicyName": "AWS::IAM::Policy", "GroupName": "AWS::IAM::Group",
    },
    "kinesis": {"StreamName": "AWS::Kinesis::Stream", "StreamARN": "AWS::Kinesis::Stream"},
    "kms": {"KeyId": "AWS::KMS::Key"},
    "lambda": {"FunctionName": "AWS::Lambda::Function"},
    "logs": {"logGroupName": "AWS::Logs::LogGroup"},
    "s3": {"Bucket": "AWS::S3::Bucket"},
    "secretsmanager": {"SecretId": "AWS::SecretsManager::Secret", "Name": "AWS::SecretsManager::Secret"},
    "sns": {"TopicArn": "AWS::SNS::Topic", "Name": "AWS::SNS::Topic"},
    "sqs": {"QueueName": "AWS::SQS::Queue", "QueueUrl": "AWS::SQS::Queue"},
    "ssm": {"Name": "AWS::SSM::Parameter"},
    "sts": {"RoleArn": "AWS::IAM::Role"},
}  # fmt: skip
# Service -> parameter -> type of the resource that it names.


class Resource(NamedTuple):
    """A resource: its type, its name as the caller gave it, and its ARN if one is shown."""

    type: str
    name: str
    arn: str = ""


def named(service: str, parameters: dict[str, Any]) -> list[Resource]:
    """The resources that the parameters of a call name."""
    known = _NAMED.get(service, {})
    return [
        Resource(known[parameter], str(name))
        for parameter in known
        if parameter in parameters
        for name in _listed(parameters[parameter])
    ]


def touched(kind: str, parameters: dict[str, Any], region: str, account_id: str) -> list[Resource]:
    """The resources of a data event of the type `kind`."""
    if kind == "AWS::S3::Object":
        return _objects(parameters)
    arns = []
    for name in _NAMES[kind](parameters) if kind in _NAMES else ():
        service = kind.split("::")[1].lower()
        arns.append(name if name.startswith("arn:") else f"arn:aws:{service}:{region}:{account_id}:{name}")
    return [Resource(kind, _short(arn), arn) for arn in dict.fromkeys(arns)]


def _objects(given: dict[str, Any]) -> list[Resource]:
    bucket = str(given.get("Bucket", ""))
    keys = [given["Key"]] if "Key" in given else []
    keys += [each["Key"] for each in given.get("Delete", {}).get("Objects", ())]
    objects = [Resource("AWS::S3::Object", key, f"arn:aws:s3:::{bucket}/{key}") for key in keys or [""]]
    return [*objects, Resource("AWS::S3::Bucket", bucket, f"arn:aws:s3:::{bucket}")]


def _short(arn: str) -> str:
    return arn.rpartition(":")[2].rpartition("/")[2]


def _function(name: str) -> str:
    return name if name.startswith("arn:") else f"function:{name.partition(':')[0]}"


def _prefixed(prefix: str, name: str) -> str:
    return name if name.startswith("arn:") else f"{prefix}/{name}"


_NAMES: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "AWS::DynamoDB::Stream": lambda given: _given(given, "StreamArn"),
    "AWS::DynamoDB::Table": lambda given: [_prefixed("table", name) for name in _tables(given)],
    "AWS::Kinesis::Stream": lambda given: [
        _prefixed("stream", name) for name in _given(given, "StreamARN", "StreamName")[:1]
    ],
    "AWS::Lambda::Function": lambda given: [_function(name) for name in _given(given, "FunctionName")],
    "AWS::SNS::Topic": lambda given: _given(given, "TopicArn", "TargetArn"),
    "AWS::SQS::Queue": lambda given: [url.rpartition("/")[2] for url in _given(given, "QueueUrl")],
}
# Type -> what a call's parameters name of it: ARNs, or how their last part reads.


def _given(given: dict[str, Any], *parameters: str) -> list[str]:
    return [str(given[name]) for name in parameters if name in given]


def _tables(given: dict[str, Any]) -> list[str]:
    found = [given["TableName"]] if "TableName" in given else []
    found += given.get("RequestItems", {})
    for each in given.get("TransactItems", ()):
        found += [action["TableName"] for action in each.values()]
    return [str(each) for each in found]


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
