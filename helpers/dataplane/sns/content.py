"""What a message may contain: structure, subject, attributes, ids, size. Every check is that of Publish.

Pages: API/API_Publish.html, GUIDE/sns-message-attributes.html.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from helpers.dataplane.sns import errors
from helpers.dataplane.sns.limits import ATTRIBUTE_NAME_CHARACTERS, SUBJECT_CHARACTERS, TOKEN

_NAME = re.compile(r"[A-Za-z0-9_\-]+(\.[A-Za-z0-9_\-]+)*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_KINDS = ("String", "Number", "Binary")

Attributes = Mapping[str, Mapping[str, Any]]


def check_message(entry: Mapping[str, Any], *, fifo: bool, content_deduplication: bool) -> None:
    """Raise InvalidParameter (or ParameterValueInvalid for an attribute) for a message that no topic of this type
    takes; its size is another matter.
    """
    if not entry.get("Message"):
        raise errors.invalid("Empty message")
    subject = entry.get("Subject")
    if subject is not None and (not 0 < len(subject) <= SUBJECT_CHARACTERS or _CONTROL.search(subject)):
        raise errors.invalid("Subject")
    check_attributes(entry.get("MessageAttributes") or {})
    _check_ids(entry, fifo, content_deduplication)


def structured(entry: Mapping[str, Any]) -> dict[str, str] | None:
    """The texts by protocol of a message with a structure, or None if it has none.

    Raises InvalidParameter if the message is no JSON object with a text as `default`, or has a key twice.
    """
    structure = entry.get("MessageStructure")
    if structure is None:
        return None
    if structure != "json":
        raise errors.invalid("MessageStructure", "Must be 'json' if provided")
    try:
        parsed = json.loads(entry["Message"], object_pairs_hook=_once)
    except ValueError:
        raise errors.invalid("Message Structure - JSON message body failed to parse") from None
    if not isinstance(parsed, dict) or not isinstance(parsed.get("default"), str):
        raise errors.invalid("Message Structure - No default entry in JSON message body")
    return {protocol: text for protocol, text in parsed.items() if isinstance(text, str)}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def check_attributes(attributes: Attributes) -> None:
    """Raise ParameterValueInvalid for an attribute whose name, type or value is not allowed."""
    for name, attribute in attributes.items():
        if (
            not _NAME.fullmatch(name)
            or len(name) > ATTRIBUTE_NAME_CHARACTERS
            or (name.lower().startswith(("aws.", "amazon.")) and not name.startswith("AWS.SNS."))
        ):
            raise errors.invalid_value(f"Invalid name of a message attribute: '{name}'.")
        data_type = attribute["DataType"]
        if data_type.split(".")[0] not in _KINDS:
            raise errors.invalid_value(
                f"The message attribute '{name}' has an invalid message attribute type, the set of supported type "
                "prefixes is Binary, Number, and String."
            )
        if not (attribute.get("StringValue") or attribute.get("BinaryValue")):
            raise errors.invalid_value(
                f"The message attribute '{name}' must contain non-empty message attribute value for message "
                f"attribute type '{data_type}'."
            )
        if data_type == "Number" and not _is_number(attribute.get("StringValue")):
            raise errors.invalid_value(f"Could not cast message attribute '{name}' value to number.")


def _is_number(text: Any) -> bool:
    try:
        return abs(float(text)) <= 1e9
    except (TypeError, ValueError):
        return False


def _check_ids(entry: Mapping[str, Any], fifo: bool, content_deduplication: bool) -> None:
    group, deduplication = entry.get("MessageGroupId"), entry.get("MessageDeduplicationId")
    for name, given in (("MessageGroupId", group), ("MessageDeduplicationId", deduplication)):
        if given is not None and not TOKEN.fullmatch(given):
            raise errors.invalid(name)
    if not fifo:
        if deduplication is not None:
            raise errors.invalid(
                "MessageDeduplicationId",
                "The request includes MessageDeduplicationId parameter that is not valid for this topic type",
            )
    elif group is None:
        raise errors.invalid("The MessageGroupId parameter is required for FIFO topics")
    elif deduplication is None and not content_deduplication:
        raise errors.invalid(
            "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
            "explicitly"
        )


def size_bytes(entry: Mapping[str, Any]) -> int:
    """Bytes of the body and of all parts of the attributes (GUIDE/sns-message-attributes.html)."""
    body = entry["Message"]
    size = len(body) if body.isascii() else len(body.encode())
    for name, attribute in (entry.get("MessageAttributes") or {}).items():
        value = attribute.get("StringValue")
        value = value.encode() if value is not None else bytes(attribute.get("BinaryValue", b""))
        size += len(name.encode()) + len(attribute["DataType"].encode()) + len(value)
    return size
