"""How long log events are kept, and which events a group takes.

Pages: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/ (API_PutRetentionPolicy.html,
API_PutLogEvents.html)
"""

from __future__ import annotations

from typing import Any

from helpers.cloud import ServiceError

DAYS = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)
"""The days for which a group may keep its events."""

DAY_MS = 86_400_000
MOST_EVENTS, MOST_BYTES, EVENT_BYTES, LONGEST_MS = 10_000, 1_048_576, 26, DAY_MS
"""Of one PutLogEvents: events, bytes (each event counts 26 beside its text), and the time that they span."""


def check_days(days: int) -> None:
    """Raises ServiceError unless AWS knows this number of days."""
    if days not in DAYS:
        raise ServiceError(
            "InvalidParameterException", f"retentionInDays {days} is not one of {sorted(DAYS)}."
        )


def check_batch(events: list[dict[str, Any]]) -> None:
    """Raises ServiceError for a batch that AWS refuses as a whole."""
    if (
        len(events) > MOST_EVENTS
        or sum(len(each["message"].encode()) + EVENT_BYTES for each in events) > MOST_BYTES
    ):
        raise ServiceError(
            "InvalidParameterException", "Upload too large: at most 10,000 events and 1,048,576 bytes."
        )
    times = [each["timestamp"] for each in events]
    if times != sorted(times):
        raise ServiceError(
            "InvalidParameterException",
            "Log events in a single PutLogEvents request must be in chronological order.",
        )
    if times and times[-1] - times[0] > LONGEST_MS:
        raise ServiceError(
            "InvalidParameterException",
            "The batch of log events in a single PutLogEvents request spans over 24 hours.",
        )
