"""Where records of invocations and discarded events are sent: queues, topics, functions, event buses and buckets.

Each is an ordinary API call by the service. Permissions are not looked at.
Page: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from helpers.cloud import ids
from helpers.dataplane.awslambda.records import compact, object_key
from helpers.dataplane.queue_url import queue_url

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

TOPIC_BYTES = 256 * 1024
"""A message of a topic has at most 256 KB; a record that is larger goes without its payloads
(https://docs.aws.amazon.com/lambda/latest/api/API_OnFailure.html).
"""

_PAYLOADS = ("requestPayload", "responsePayload")
_ERROR_MESSAGE_BYTES = 1024  # a dead letter carries the first 1 KB of the error message


class Destinations:
    """Sends records. What cannot be delivered is dropped and counted."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._clients: dict[tuple[str, str], Any] = {}

    @property
    def epoch_us(self) -> int:
        """The present instant in microseconds since 1970, which a record bears."""
        return self._cloud.epoch_us

    def send(self, target: str, record: dict[str, Any], *, function_arn: str, folder: str) -> bool:
        """Send a record to the ARN `target`; `folder` is where a bucket keeps it, below aws/lambda/.

        Returns False, and counts `DestinationDeliveryFailures` for the function (its ARN without a qualifier), if the
        target refuses it: it is missing, a FIFO queue or topic, or the record is too large.
        """
        try:
            self._send(target, record, folder)
        except ClientError:
            self._count("DestinationDeliveryFailures", function_arn)
            return False
        return True

    def dead_letter(
        self, target: str, event: str, *, function_arn: str, request_id: str, status: int, message: str
    ) -> bool:
        """Send an event as it was, with the request's id, HTTP `status` and error message as attributes.

        Returns False, and counts `DeadLetterErrors`, if the target refuses it.
        """
        first_kb = message.encode()[:_ERROR_MESSAGE_BYTES].decode("utf-8", "ignore")
        attributes = {
            "RequestID": {"DataType": "String", "StringValue": request_id},
            "ErrorCode": {"DataType": "Number", "StringValue": str(status)},
            "ErrorMessage": {"DataType": "String", "StringValue": first_kb or "-"},
        }
        try:
            if _service(target) == "sns":
                self._client("sns", target).publish(
                    TopicArn=target, Message=event, MessageAttributes=attributes
                )
            else:
                self._client("sqs", target).send_message(
                    QueueUrl=queue_url(target), MessageBody=event, MessageAttributes=attributes
                )
        except ClientError:
            self._count("DeadLetterErrors", function_arn)
            return False
        return True

    def _send(self, target: str, record: dict[str, Any], folder: str) -> None:
        service = _service(target)
        client = self._client(service, target)
        text = compact(record)
        if service == "sqs":
            client.send_message(QueueUrl=queue_url(target), MessageBody=text)
        elif service == "sns":
            if len(text) > TOPIC_BYTES:
                text = compact({name: part for name, part in record.items() if name not in _PAYLOADS})
            client.publish(TopicArn=target, Message=text)
        elif service == "lambda":
            client.invoke(FunctionName=target, InvocationType="Event", Payload=text)
        elif service == "events":
            client.put_events(Entries=[_bus_entry(target, record, text)])
        else:
            key = object_key(folder, self._cloud.epoch_us, ids.uuid4())
            client.put_object(Bucket=target.rpartition(":")[2], Key=key, Body=text.encode())

    def _client(self, service: str, target: str) -> Any:
        region = target.split(":")[3] or self._cloud.region  # the ARN of a bucket has none
        client = self._clients.get((service, region))
        if client is None:
            client = self._clients[service, region] = self._cloud.client(service, region_name=region)
        return client

    def _count(self, metric: str, function_arn: str) -> None:
        name = function_arn.rpartition(":")[2]
        self._cloud.telemetry.metric("AWS/Lambda", metric, 1, dimensions={"FunctionName": name})


def _service(arn: str) -> str:
    return arn.split(":")[2]


def _bus_entry(target: str, record: dict[str, Any], text: str) -> dict[str, Any]:
    context = record["requestContext"]
    kind = "Success" if context["condition"] == "Success" else "Failure"
    return {
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {kind}",
        "Detail": text,
        "Resources": [context["functionArn"], target],
        "EventBusName": target,
    }
