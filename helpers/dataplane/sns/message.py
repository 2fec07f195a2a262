"""A message on its way from a topic to its subscribers."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any


@dataclass
class Message:
    """A published message.

    `attributes` are the message attributes as the caller gave them. `texts` holds the text for each protocol if the
    message has a structure, with `default` for the others. `timestamp` is ISO 8601, `published_us` microseconds since
    the Cloud was opened, `size` bytes.
    """

    id: str
    topic_arn: str
    body: str
    timestamp: str
    published_us: int
    size: int
    subject: str | None = None
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    texts: Mapping[str, str] | None = None
    group: str | None = None
    deduplication_id: str | None = None
    sequence_number: str | None = None
    frames: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Text -> its envelope before and after the line that is each subscriber's own."""

    def text(self, protocol: str) -> str:
        """The body that a subscriber of this protocol gets (API/API_Publish.html, MessageStructure)."""
        if self.texts is None:
            return self.body
        return self.texts.get(protocol, self.texts["default"])

    @cached_property
    def shown_attributes(self) -> dict[str, dict[str, str]]:
        """The attributes as an envelope shows them: none if the message has a structure
        (GUIDE/sns-message-attributes.html).
        """
        if self.texts is not None:
            return {}
        return {
            name: {"Type": one["DataType"], "Value": value_of(one)} for name, one in self.attributes.items()
        }

    @cached_property
    def parsed(self) -> Any:
        """The body as JSON. Raises ValueError if it is none."""
        return json.loads(self.body)


def value_of(attribute: Mapping[str, Any]) -> str:
    """The value of an attribute as text; a binary one in base 64."""
    if "StringValue" in attribute:
        return str(attribute["StringValue"])
    return base64.b64encode(attribute["BinaryValue"]).decode()
