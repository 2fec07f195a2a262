"""What subscribers get: the notification as JSON, and the event of a function.

Pages: GUIDE/http-notification-json.html, GUIDE/sns-large-payload-raw-message-delivery.html,
GUIDE/firehose-archived-message-format-S3.html, https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html.
Signatures are placeholders: nobody has the private key.
"""

from __future__ import annotations

import json
from typing import Any

from helpers.dataplane.sns.message import Message
from helpers.dataplane.sns.subscription import Subscription

_SIGNATURE = "EXAMPLE"


def service_url(arn: str) -> str:
    """The endpoint of SNS in the Region of an ARN."""
    return f"https://sns.{arn.split(':')[3]}.amazonaws.com/"


def _certificate(arn: str) -> str:
    return f"{service_url(arn)}SimpleNotificationService-EXAMPLE.pem"


def _unsubscribe(arn: str) -> str:
    return f"{service_url(arn)}?Action=Unsubscribe&SubscriptionArn={arn}"


def notification(message: Message, subscription: Subscription) -> str:
    """The envelope around a message, indented as SNS does, with a sequence number if the topic is FIFO."""
    text = message.text(subscription.protocol)
    own = _member("UnsubscribeURL", _unsubscribe(subscription.arn))
    frame = message.frames.get(text)
    if frame is None:  # all but one line is the same for every subscriber of this text
        before, _, after = indented(_notification(message, subscription)).partition(own)
        frame = message.frames[text] = before, after
    return frame[0] + own + frame[1]


def _member(name: str, value: Any) -> str:
    return f'"{name}" : {json.dumps(value)}'


def indented(parts: dict[str, Any]) -> str:
    """A JSON object with a line for each member, as SNS writes it."""
    lines = [f"  {_member(name, value)}" for name, value in parts.items()]
    return "{\n" + ",\n".join(lines) + "\n}"


def line(message: Message, subscription: Subscription) -> str:
    """The envelope for Data Firehose: one line, without a signature."""
    parts = _notification(message, subscription)
    for name in ("SignatureVersion", "Signature", "SigningCertURL"):
        parts.pop(name, None)
    return json.dumps(parts, separators=(",", ":"))


def _notification(message: Message, subscription: Subscription) -> dict[str, Any]:
    parts: dict[str, Any] = {"Type": "Notification", "MessageId": message.id}
    if message.sequence_number:
        parts["SequenceNumber"] = message.sequence_number
    parts["TopicArn"] = message.topic_arn
    if message.subject is not None:
        parts["Subject"] = message.subject
    parts["Message"] = message.text(subscription.protocol)
    parts["Timestamp"] = message.timestamp
    parts["SignatureVersion"] = "1"
    parts["Signature"] = _SIGNATURE
    parts["SigningCertURL"] = _certificate(message.topic_arn)
    parts["UnsubscribeURL"] = _unsubscribe(subscription.arn)
    if message.shown_attributes:
        parts["MessageAttributes"] = message.shown_attributes
    return parts


def event(message: Message, subscription: Subscription) -> dict[str, Any]:
    """The event that a function is invoked with. It knows the types String and Binary only
    (GUIDE/sns-message-attributes.html).
    """
    attributes = {
        name: {**one, "Type": "Binary" if one["Type"].startswith("Binary") else "String"}
        for name, one in message.shown_attributes.items()
    }
    notice = {
        "SignatureVersion": "1",
        "Timestamp": message.timestamp,
        "Signature": _SIGNATURE,
        "SigningCertURL": _certificate(message.topic_arn),
        "MessageId": message.id,
        "Message": message.text("lambda"),
        "MessageAttributes": attributes,
        "Type": "Notification",
        "UnsubscribeUrl": _unsubscribe(subscription.arn),
        "TopicArn": message.topic_arn,
        "Subject": message.subject,
    }
    record = {
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription.arn,
        "EventSource": "aws:sns",
        "Sns": notice,
    }
    return {"Records": [record]}


def confirmation(subscription: Subscription, message_id: str, timestamp: str) -> dict[str, str]:
    """What asks an endpoint to confirm its subscription (GUIDE/http-subscription-confirmation-json.html)."""
    topic = subscription.topic_arn
    url = f"{service_url(topic)}?Action=ConfirmSubscription&TopicArn={topic}&Token={subscription.token}"
    return {
        "Type": "SubscriptionConfirmation",
        "MessageId": message_id,
        "Token": subscription.token,
        "TopicArn": topic,
        "Message": f"You have chosen to subscribe to the topic {topic}.\nTo confirm the subscription, visit the "
        "SubscribeURL included in this message.",
        "SubscribeURL": url,
        "Timestamp": timestamp,
        "SignatureVersion": "1",
        "Signature": _SIGNATURE,
        "SigningCertURL": _certificate(topic),
    }
