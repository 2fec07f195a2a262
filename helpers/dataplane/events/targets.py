"""Handing an event to a target: one API call each. Page: GUIDE/eb-targets.html"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from helpers.cloud import Account, ServiceError, ids
from helpers.dataplane import function_policy, policy
from helpers.dataplane.events.models import Models
from helpers.dataplane.queue_url import queue_url
from helpers.dataplane.service_clients import ServiceClients

PARTITION_KEY = "_PartitionKey"
"""Where a target of Kinesis carries the key that its PartitionKeyPath found in the event."""

_PRINCIPAL = "events.amazonaws.com"
_GONE = ("NonExistentQueue", "QueueDoesNotExist", "NotFound", "ResourceNotFound")


class Failure(NamedTuple):
    """Why a delivery failed. Only a retriable failure is tried again (GUIDE/eb-rule-dlq.html)."""

    code: str
    message: str
    retriable: bool


class Targets:
    """Calls the services that rules name as their targets; `forward` takes events for another bus."""

    def __init__(self, account: Account, models: Models, forward: Callable[[str, str], None]) -> None:
        self._account, self._models, self._forward = account, models, forward
        self._clients = ServiceClients(account)

    def send(self, target: dict[str, Any], text: str, source_arn: str) -> Failure | None:
        """Send `text` to the target for the rule `source_arn`; None if it arrived."""
        arn = target["Arn"]
        service = arn.split(":")[2]
        sender = {
            "sqs": self._sqs,
            "sns": self._sns,
            "lambda": self._lambda,
            "kinesis": self._kinesis,
            "firehose": self._firehose,
            "logs": self._logs,
        }.get(service)
        if service == "events" and ":event-bus/" in arn:
            self._forward(arn, text)
            return None
        if sender is None:
            return Failure("INVALID_PARAMETER", f"This course does not deliver to {service}.", False)
        if self._models.check_policies and not self._allowed(service, arn, source_arn):
            return Failure("NO_PERMISSIONS", f"{_PRINCIPAL} is not authorized to access {arn}.", False)
        try:
            sender(target, text)
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            if any(each in code for each in _GONE):
                return Failure("NO_RESOURCE", message, False)
            if "Throttl" in code or "TooManyRequests" in code or "ThroughputExceeded" in code:
                return Failure("THROTTLING", message, True)
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                return Failure("INTERNAL_ERROR", message, True)
            return Failure("ERROR_FROM_TARGET", message, False)
        return None

    def send_to_queue(self, arn: str, text: str, attributes: dict[str, Any], source_arn: str) -> bool:
        """A message for a dead-letter queue; False if it could not be sent."""
        if self._models.check_policies and not self._allowed("sqs", arn, source_arn):
            return False
        try:
            self._clients.of(arn).send_message(
                QueueUrl=queue_url(arn), MessageBody=text, MessageAttributes=attributes
            )
        except ClientError:
            return False
        return True

    def _allowed(self, service: str, arn: str, source_arn: str) -> bool:
        """The resource's own policy allows it; a resource that is missing is found out by the call."""
        _, _, _, region, account_id, _ = arn.split(":", 5)
        if service == "lambda":
            return function_policy.allows(self._account, arn, _PRINCIPAL, source_arn) or not self._exists(arn)
        try:
            if service == "sqs":
                asked = {"QueueUrl": queue_url(arn), "AttributeNames": ["Policy"]}
                text = self._account.ask(
                    "sqs", "GetQueueAttributes", asked, region=region, account_id=account_id
                )
                action = "sqs:SendMessage"
            elif service == "sns":
                asked = {"TopicArn": arn}
                text = self._account.ask(
                    "sns", "GetTopicAttributes", asked, region=region, account_id=account_id
                )
                action = "sns:Publish"
            else:
                return True  # by a role of the target, whose policies are not looked at
        except ServiceError:
            return True
        context = {"aws:SourceArn": source_arn, "aws:SourceAccount": source_arn.split(":")[4]}
        held = text.get("Attributes", {}).get("Policy")
        return bool(held) and policy.allows(held, policy.service(_PRINCIPAL), action, arn, context)

    def _exists(self, arn: str) -> bool:
        _, _, _, region, account_id, _, name, *_ = arn.split(":")
        try:
            self._account.ask(
                "lambda", "GetFunction", {"FunctionName": name}, region=region, account_id=account_id
            )
        except ServiceError:
            return False
        return True

    # One method a service

    def _sqs(self, target: dict[str, Any], text: str) -> None:
        group = target.get("SqsParameters", {})
        self._clients.of(target["Arn"]).send_message(
            QueueUrl=queue_url(target["Arn"]), MessageBody=text, **group
        )

    def _sns(self, target: dict[str, Any], text: str) -> None:
        self._clients.of(target["Arn"]).publish(TopicArn=target["Arn"], Message=text)

    def _lambda(self, target: dict[str, Any], text: str) -> None:
        self._clients.of(target["Arn"]).invoke(
            FunctionName=target["Arn"], InvocationType="Event", Payload=text.encode()
        )

    def _kinesis(self, target: dict[str, Any], text: str) -> None:
        name = target["Arn"].rpartition("/")[2]
        self._clients.of(target["Arn"]).put_record(
            StreamName=name, Data=text.encode(), PartitionKey=target.get(PARTITION_KEY) or ids.uuid4()
        )

    def _firehose(self, target: dict[str, Any], text: str) -> None:
        name = target["Arn"].rpartition("/")[2]
        self._clients.of(target["Arn"]).put_record(DeliveryStreamName=name, Record={"Data": text.encode()})

    def _logs(self, target: dict[str, Any], text: str) -> None:
        group = target["Arn"].split(":log-group:", 1)[1].removesuffix(":*")
        client, stream = self._clients.of(target["Arn"]), ids.uuid4()
        client.create_log_stream(logGroupName=group, logStreamName=stream)
        event = {"timestamp": self._account.timestamp_ms, "message": text}
        client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])
