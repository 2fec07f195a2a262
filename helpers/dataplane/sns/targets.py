"""The subscribers inside AWS: queues, functions and Firehose streams. Each delivery is one call by the service.

Pages: GUIDE/sns-large-payload-raw-message-delivery.html, https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html,
GUIDE/firehose-archived-message-format-S3.html.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from helpers.cloud import Account, ServiceError
from helpers.dataplane.queue_url import queue_url
from helpers.dataplane.sns import envelope
from helpers.dataplane.sns.access import Access
from helpers.dataplane.sns.failure import Failure, refused
from helpers.dataplane.sns.limits import RAW_ATTRIBUTES
from helpers.dataplane.sns.message import Message
from helpers.dataplane.sns.subscription import Subscription

_SERVER_ERROR = 500
_THROTTLES = ("ServiceUnavailableException", "ThrottlingException", "LimitExceededException")


class Targets:
    """Delivers to what AWS manages. Every method raises Failure if the subscriber does not take the message."""

    def __init__(self, account: Account, access: Access) -> None:
        self._account = account
        self._access = access

    def queue(self, message: Message, subscription: Subscription) -> None:
        """SendMessage to the subscribed queue."""
        self.send(message, subscription, subscription.endpoint)

    def send(self, message: Message, subscription: Subscription, queue_arn: str) -> None:
        """SendMessage to a queue: the subscribed one, or the dead-letter queue.

        A FIFO queue gets group and deduplication id; a standard one gets the group of a standard topic, and is fair
        by it (API/API_Publish.html, MessageGroupId).
        """
        self._access.check_queue(queue_arn, message.topic_arn)
        body = message.text("sqs") if subscription.raw else envelope.notification(message, subscription)
        sent: dict[str, Any] = {"body": body}
        if subscription.raw and message.shown_attributes:
            if len(message.attributes) > RAW_ATTRIBUTES:
                raise refused("InvalidParameterValue", "Raw delivery to a queue takes at most 10 attributes.")
            sent["attributes"] = message.attributes
        if queue_arn.endswith(".fifo"):
            sent["group_id"], sent["deduplication_id"] = message.group, message.deduplication_id
        elif message.sequence_number is None and message.group is not None:
            sent["group_id"] = message.group
        response, error = None, None
        try:
            response = {"MessageId": self._account.deliver("sqs", queue_arn, sent)}
        except ServiceError as failed:
            error = failed.code
            raise _failure(failed.code, failed.message, failed.status) from None
        finally:
            self._account.record(
                "sqs", "SendMessage", _parameters(queue_arn, sent), response, error, asked=True
            )

    def function(self, message: Message, subscription: Subscription) -> None:
        """An asynchronous Invoke: Lambda has accepted the event, whatever becomes of it."""
        self._access.check_function(subscription.endpoint, message.topic_arn)
        event = envelope.event(message, subscription)
        asked = {"FunctionName": subscription.endpoint, "InvocationType": "Event", "Payload": event}
        response, error = None, None
        try:
            self._account.deliver("lambda", subscription.endpoint, event)
            response = {"StatusCode": 202}
        except ServiceError as failed:
            error = failed.code
            raise _failure(failed.code, failed.message, failed.status) from None
        finally:
            self._account.record("lambda", "Invoke", asked, response, error, asked=True)

    def stream(self, message: Message, subscription: Subscription) -> None:
        """PutRecord to a Firehose stream: a line of JSON, or the raw body without attributes."""
        data = message.text("firehose") if subscription.raw else envelope.line(message, subscription)
        name = subscription.endpoint.rpartition("/")[2]
        try:
            self._account.shared_client("firehose").put_record(
                DeliveryStreamName=name, Record={"Data": data.encode()}
            )
        except ClientError as error:
            said, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
            throttled = said["Code"] in _THROTTLES
            raise Failure(
                said["Code"],
                said["Message"],
                status=status,
                client_side=not throttled and status < _SERVER_ERROR,
                throttled=throttled,
            ) from None


def _failure(code: str, message: str, status: int) -> Failure:
    return Failure(code, message, status=status, client_side=status < _SERVER_ERROR)


def _parameters(queue_arn: str, sent: dict[str, Any]) -> dict[str, Any]:
    """What a SendMessage call would have been given."""
    given = {
        "QueueUrl": queue_url(queue_arn),
        "MessageBody": sent["body"],
        "MessageAttributes": sent.get("attributes"),
        "MessageGroupId": sent.get("group_id"),
        "MessageDeduplicationId": sent.get("deduplication_id"),
    }
    return {parameter: value for parameter, value in given.items() if value is not None}
