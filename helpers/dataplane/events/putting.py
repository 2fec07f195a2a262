"""PutEvents: what it takes, and the event that it becomes. Pages: API/API_PutEvents.html, GUIDE/eb-putevents.html"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from helpers.cloud import Call, ServiceError, ids

MOST_ENTRIES, MOST_BYTES, TIME_BYTES = 10, 1_048_576, 14
"""Of one call: entries, and their bytes together (each given Time counts 14)."""


def check(entries: list[dict[str, Any]]) -> None:
    """Raises ServiceError for a call that is refused as a whole."""
    if not 1 <= len(entries) <= MOST_ENTRIES:
        raise ServiceError(
            "ValidationException",
            f"1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length "
            f"less than or equal to {MOST_ENTRIES}",
        )
    if sum(map(size, entries)) >= MOST_BYTES:
        raise ServiceError(
            "ValidationException",
            f"Total size of the entries in the request is over the limit of {MOST_BYTES} bytes.",
        )


def size(entry: dict[str, Any]) -> int:
    """The bytes of an entry, as EventBridge counts them."""
    texts = [entry.get(name, "") for name in ("Source", "DetailType", "Detail")] + list(
        entry.get("Resources", ())
    )
    return sum(len(text.encode()) for text in texts) + TIME_BYTES * ("Time" in entry)


def event_of(entry: dict[str, Any], call: Call, now: datetime) -> dict[str, Any]:
    """The event. Raises ServiceError for an entry that fails by itself."""
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            raise ServiceError(
                "InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument."
            )
    if entry["Source"].startswith("aws."):
        raise ServiceError("NotAuthorizedForSourceException", "Not authorized for the source.")
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        raise ServiceError("MalformedDetail", "Detail is malformed.")
    at = entry.get("Time", now)
    at = at.astimezone(UTC) if at.tzinfo else at
    return {
        "version": "0",
        "id": ids.uuid4(),
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": call.account_id,
        "time": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "region": call.region,
        "resources": list(entry.get("Resources", ())),
        "detail": detail,
    }
