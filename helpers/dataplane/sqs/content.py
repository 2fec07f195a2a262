"""What a message may contain: characters, attributes, size, ids. Every check is that of SendMessage."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from helpers.dataplane.sqs import errors
from helpers.dataplane.sqs.configuration import Configuration
from helpers.dataplane.sqs.limits import MAXIMUM_ATTRIBUTES, MAXIMUM_DELAY_S, TOKEN

Attributes = dict[str, dict[str, Any]]

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"[A-Za-z0-9_\-.]+")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def check_text(text: str) -> None:
    """Raise InvalidMessageContents for a character that SQS does not allow (API/API_SendMessage.html)."""
    if _FORBIDDEN.search(text):
        raise errors.invalid_contents()


def copy_attributes(given: Mapping[str, Any] | None) -> Attributes | None:
    """The message attributes, checked, as ReceiveMessage will return them.

    At most 10, each with a name of allowed characters, a type that begins with String, Number or Binary, and a value
    that is not empty. AWS: GUIDE/sqs-message-metadata.html.
    """
    if not given:
        return None
    if len(given) > MAXIMUM_ATTRIBUTES:
        raise errors.invalid_parameter(
            f"Number of message attributes [{len(given)}] exceeds the allowed maximum [{MAXIMUM_ATTRIBUTES}]."
        )
    return {name: _copy_attribute(name, value) for name, value in given.items()}


def _copy_attribute(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    data_type = value["DataType"]
    if not data_type:
        raise errors.invalid_parameter(
            f"The message attribute '{name}' must contain non-empty message attribute value."
        )
    kind = data_type.split(".")[0]
    if kind not in ("String", "Number", "Binary"):
        raise errors.invalid_parameter(
            f"The message attribute '{name}' has an invalid message attribute type, "
            "the set of supported type prefixes is Binary, Number, and String."
        )
    _check_name(name)
    field = "BinaryValue" if kind == "Binary" else "StringValue"
    content = value.get(field)
    if not content:
        raise errors.invalid_parameter(
            f"The message attribute '{name}' must contain non-empty message attribute value "
            f"for message attribute type '{data_type}'."
        )
    if field == "BinaryValue":
        content = _as_bytes(content)
    else:
        check_text(content)
        if kind == "Number" and not _NUMBER.fullmatch(content):
            raise errors.invalid_parameter(f"Can't cast the value of message attribute '{name}' to a number.")
    return {field: content, "DataType": data_type}


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise errors.invalid_parameter(
            f"The message attribute name '{name}' is invalid. Attribute name can contain A-Z, a-z, 0-9, "
            "underscore (_), hyphen (-), and period (.) characters."
        )
    reserved = name.lower().startswith(("aws.", "amazon."))
    if reserved or len(name) > 256 or name[0] == "." or name[-1] == "." or ".." in name:
        raise errors.invalid_parameter(
            f"The message attribute name '{name}' is invalid. It has at most 256 characters, not the prefix "
            "AWS. or Amazon., without a period at either end and without periods in a row."
        )


def _as_bytes(content: Any) -> bytes:
    if isinstance(content, str):
        return content.encode()
    return bytes(content.read() if hasattr(content, "read") else content)


def size_bytes(body: str, attributes: Attributes | None) -> int:
    """Bytes of body and all parts of the attributes: the size of a message. System attributes do not count."""
    size = len(body) if body.isascii() else len(body.encode())
    if attributes:
        for name, value in attributes.items():
            content = value.get("StringValue") or value.get("BinaryValue") or ""
            size += len(name.encode()) + len(value["DataType"].encode())
            size += len(content.encode() if isinstance(content, str) else content)
    return size


def check_message(entry: Mapping[str, Any], attributes: Attributes | None, queue: Configuration) -> None:
    """Refuse what SendMessage refuses for this queue, in moto's order and words where moto refuses it too."""
    body, group, deduplication_id = (
        entry["MessageBody"],
        entry.get("MessageGroupId"),
        entry.get("MessageDeduplicationId"),
    )
    delay_s = entry.get("DelaySeconds")
    if queue.fifo:
        if not group:
            raise errors.missing_parameter("MessageGroupId")
        if not deduplication_id and not queue.content_deduplication:
            raise errors.invalid_parameter(
                "The queue should either have ContentBasedDeduplication enabled or "
                "MessageDeduplicationId provided explicitly"
            )
        if delay_s:
            raise errors.not_for_this_queue_type(delay_s, "DelaySeconds")
    elif deduplication_id is not None:
        raise errors.not_for_this_queue_type(deduplication_id, "MessageDeduplicationId")
    if not body:
        raise errors.missing_parameter("MessageBody")
    for name in ("MessageGroupId", "MessageDeduplicationId"):
        value = entry.get(name)
        if value is not None and not TOKEN.fullmatch(value):
            raise errors.invalid_value(
                value, name, "It can only include 1 to 128 letters, digits and punctuation marks."
            )
    check_text(body)
    if size_bytes(body, attributes) > queue.maximum_bytes:
        raise errors.too_long(queue.maximum_bytes)


def check_delay(delay_s: int | None) -> None:
    """A message's own delay is 0 to 900 s (GUIDE/sqs-message-timers.html)."""
    if delay_s is not None and not 0 <= delay_s <= MAXIMUM_DELAY_S:
        raise errors.invalid_value(delay_s, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.")


def trace_header(given: Mapping[str, Any] | None) -> str | None:
    """The AWSTraceHeader of the message, the one system attribute that may be sent, as a String."""
    if not given:
        return None
    for name, value in given.items():
        if name != "AWSTraceHeader" or value["DataType"] != "String" or not value.get("StringValue"):
            raise errors.invalid_parameter(
                f"The message system attribute '{name}' is invalid: only AWSTraceHeader, a String, is supported."
            )
    return str(given["AWSTraceHeader"]["StringValue"])
