"""Which messages a FIFO topic has had within the last five minutes.

Page: GUIDE/fifo-message-dedup.html
"""

from __future__ import annotations

from typing import NamedTuple

from helpers.dataplane.sns.limits import DEDUPLICATION_US


class Accepted(NamedTuple):
    """How a message was answered."""

    id: str
    sequence_number: str


class Deduplication:
    """The deduplication ids of one topic. The scope is the topic, or each message group."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], tuple[int, Accepted]] = {}

    def first(self, deduplication_id: str, scope: str, now_us: int) -> Accepted | None:
        """How the message was answered that had this id in this scope before, or None if there was none.

        `scope` is "" for the whole topic, or a message group.
        """
        while self._seen:
            oldest = next(iter(self._seen))
            if now_us - self._seen[oldest][0] < DEDUPLICATION_US:
                break
            del self._seen[oldest]
        known = self._seen.get((scope, deduplication_id))
        return known[1] if known else None

    def note(self, deduplication_id: str, scope: str, now_us: int, accepted: Accepted) -> None:
        """Remember a message that was published now."""
        self._seen[scope, deduplication_id] = now_us, accepted
