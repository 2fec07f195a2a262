"""A message as SQS keeps it, and the digests that the API returns for it."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from typing import Any

READY = 0
DELAYED = 1
IN_FLIGHT = 2
GONE = 3

SENDER_ID = "AIDAIT2UOQQY3AUEKVGXU"
"""The sender that moto names in every message; kept so that replies are the same."""

_TEXT = b"\x01"
_BINARY = b"\x02"


class Message:
    """One message in one queue.

    Times are whole microseconds since the Cloud's start (`_us`) or milliseconds since 1970 (`_ms`).
    `order` is the place in the queue: smaller is handed out first. `state` is READY, DELAYED, IN_FLIGHT or GONE;
    `due_us` is when a delay or a visibility timeout ends. `receives` counts over all queues (what the API shows),
    `receives_here` in this queue alone (what a redrive policy looks at).
    """

    __slots__ = (
        "arrived_us", "attributes", "attributes_md5", "body", "body_md5", "copy", "dead_letter_source",
        "deduplication_id", "delay_us", "due_us", "enqueued_us", "first_receive_ms", "group", "handle", "id", "order",
        "received_us", "receives", "receives_here", "sent_ms", "sequence_number", "server", "state", "trace_header",
    )  # fmt: skip

    def __init__(
        self,
        message_id: str,
        body: str,
        attributes: Mapping[str, Any] | None = None,
        group: str | None = None,
        deduplication_id: str | None = None,
        sequence_number: str | None = None,
        trace_header: str | None = None,
        delay_us: int | None = None,
    ) -> None:
        self.id = message_id
        self.body = body
        self.body_md5 = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
        self.attributes = attributes or None
        self.attributes_md5 = attributes_md5(attributes) if attributes else None
        self.group = group
        self.deduplication_id = deduplication_id
        self.sequence_number = sequence_number
        self.trace_header = trace_header
        self.delay_us = delay_us
        self.copy = False
        self.dead_letter_source: str | None = None
        self.server = 0
        self.state = READY
        self.order = 0
        self.sent_ms = 0
        self.enqueued_us = 0
        self.arrived_us = 0
        self.due_us = 0
        self.received_us = 0
        self.receives = 0
        self.receives_here = 0
        self.first_receive_ms: int | None = None
        self.handle: str | None = None

    def clone(self) -> Message:
        """The same message as a new record, not yet received here: for a move to another queue, or a stray copy."""
        other = Message.__new__(Message)
        for name in Message.__slots__:
            setattr(other, name, getattr(self, name))
        other.state = READY
        other.handle = None
        other.receives_here = 0
        return other

    def forget_content(self) -> None:
        """Drop the body of a message that is gone; its receipt handles may still be shown to us."""
        self.state = GONE
        self.body = ""
        self.attributes = None


def attributes_md5(attributes: Mapping[str, Any]) -> str:
    """The digest of message attributes: names in order, each with type and value, every part with its length.

    AWS: SQSDeveloperGuide/sqs-message-metadata.html, "Calculating the MD5 message digest for message attributes".
    """
    parts: list[bytes] = []
    for name in sorted(attributes):
        value = attributes[name]
        _counted(parts, name.encode())
        _counted(parts, value["DataType"].encode())
        if value.get("StringValue"):
            parts.append(_TEXT)
            _counted(parts, value["StringValue"].encode())
        elif value.get("BinaryValue"):
            parts.append(_BINARY)
            _counted(parts, value["BinaryValue"])
    return hashlib.md5(b"".join(parts), usedforsecurity=False).hexdigest()


def _counted(parts: list[bytes], value: bytes) -> None:
    parts.append(struct.pack("!I", len(value)))
    parts.append(value)
