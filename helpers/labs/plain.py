"""Plain data: what may pass between a check and the student's code, as JSON and back.

JSON has no bytes, decimals, instants or sets; each is written as an object with one key that starts with "$". A dict of
the data's own that has such a key is wrapped. Whatever is no plain data is refused: an object of the student's never
reaches a check, so it cannot lie about being equal to anything.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

DEPTH = 50
"""How deep data may be nested."""

_MOST_DIGITS = 1000  # of a Decimal; DynamoDB's numbers have 126 before the point at most

Reference = Callable[[Any], Any]
"""What makes JSON of something that is no plain data (a client, a function); raises NotPlain for anything else."""


class NotPlain(ValueError):
    """The value holds something that is no plain data; the message names its type."""


def _refuse(value: Any) -> Any:
    raise NotPlain(f"a value of type {type(value).__name__}")


def encode(value: Any, refer: Reference = _refuse, depth: int = DEPTH) -> Any:  # noqa: C901  # a branch a type
    """`value` as JSON data. Subclasses of the plain types lose what they add. Raises NotPlain."""
    if value is None or value is True or value is False:
        return value
    if depth == 0:
        raise NotPlain(f"data nested more than {DEPTH} deep")
    if isinstance(value, str):
        return str.__str__(value) if type(value) is not str else value
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        number = float.__float__(value)
        return number if number - number == 0 else {"$number": repr(number)}
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": base64.b64encode(bytes(value)).decode()}
    if isinstance(value, Decimal):
        return {"$decimal": Decimal.__str__(_counted(value))}
    if isinstance(value, datetime):
        return {"$instant": datetime.isoformat(value)}
    if isinstance(value, dict):
        pairs = list(dict.items(value))
        if all(type(key) is str and not key.startswith("$") for key, _ in pairs):
            return {key: encode(item, refer, depth - 1) for key, item in pairs}
        return {
            "$dict": [[encode(key, refer, depth - 1), encode(item, refer, depth - 1)] for key, item in pairs]
        }
    if isinstance(value, (list, tuple)):
        walk = list.__iter__(value) if isinstance(value, list) else tuple.__iter__(value)
        return [encode(item, refer, depth - 1) for item in walk]
    if isinstance(value, (set, frozenset)):
        return {"$set": [encode(item, refer, depth - 1) for item in value]}
    if hasattr(value, "read") and not isinstance(value, type) and hasattr(value, "close"):
        return {"$stream": base64.b64encode(value.read()).decode()}
    return refer(value)


def decode(data: Any, resolve: Callable[[str, Any], Any] | None = None) -> Any:
    """The value that `encode` made `data` of; `resolve(tag, content)` makes whatever is no plain data.

    Raises ValueError for what `encode` never writes.
    """
    if isinstance(data, list):
        return [decode(item, resolve) for item in data]
    if not isinstance(data, dict):
        return data
    if len(data) == 1:
        tag, content = next(iter(data.items()))
        if tag.startswith("$"):
            return _tagged(tag, content, resolve)
    return {key: decode(item, resolve) for key, item in data.items()}


def _tagged(tag: str, content: Any, resolve: Callable[[str, Any], Any] | None) -> Any:
    match tag:
        case "$bytes":
            return base64.b64decode(content)
        case "$decimal":
            return _counted(Decimal(content))
        case "$instant":
            return datetime.fromisoformat(content)
        case "$number":
            return float(content)
        case "$set":
            return {decode(item, resolve) for item in content}
        case "$dict":
            return {_hashable(decode(key, resolve)): decode(item, resolve) for key, item in content}
        case "$stream":
            return _stream(base64.b64decode(content))
    if resolve is None:
        raise ValueError(f"{tag} is not known")
    return resolve(tag, content)


def _counted(value: Decimal) -> Decimal:
    """The number, unless it is none (comparing NaN raises) or so large that to write it out would take for ever."""
    if not Decimal.is_finite(value) or abs(Decimal.adjusted(value)) > _MOST_DIGITS:
        raise NotPlain("a Decimal that is no number, or too large a one")
    return value


def _hashable(key: Any) -> Any:
    return tuple(key) if isinstance(key, list) else key


def _stream(content: bytes) -> Any:
    import io

    from botocore.response import StreamingBody

    return StreamingBody(io.BytesIO(content), len(content))
