"""What the three batch calls of SQS have in common."""

from __future__ import annotations

from typing import Any

from helpers.cloud import ServiceError
from helpers.dataplane.sqs import errors
from helpers.dataplane.sqs.limits import BATCH_ENTRIES, ENTRY_ID


def check_entries(action: str, entries: list[dict[str, Any]]) -> None:
    """Refuse a whole batch: none or more than 10 entries, a malformed id, an id twice.

    AWS: API/API_SendMessageBatch.html.
    """
    if not entries:
        raise errors.empty_batch(action)
    seen: set[str] = set()
    for entry in entries:
        if not ENTRY_ID.fullmatch(entry["Id"]):
            raise errors.invalid_entry_id()
    for entry in entries:
        if entry["Id"] in seen:
            raise errors.repeated_id(entry["Id"])
        seen.add(entry["Id"])
    if len(entries) > BATCH_ENTRIES:
        raise errors.too_many_entries(len(entries))


def failure(entry_id: str, error: ServiceError) -> dict[str, Any]:
    """The entry of the reply's Failed list for an entry that could not be carried out."""
    return {"Id": entry_id, "SenderFault": error.sender_fault, "Code": error.code, "Message": error.message}
