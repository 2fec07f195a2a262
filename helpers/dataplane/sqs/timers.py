"""When messages change by themselves: ends of delays and visibility timeouts, and the retention period."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from itertools import count

from helpers.dataplane.sqs.message import DELAYED, GONE, IN_FLIGHT, Message

_SLACK = 256

Entry = tuple[int, int, Message]


class _Schedule:
    """Messages by time. An entry that no longer counts is dropped when it comes up, or when such entries outweigh."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._serial = count(1)

    def _add(self, at_us: int, message: Message) -> None:
        heappush(self._entries, (at_us, next(self._serial), message))

    @staticmethod
    def _counts(entry: Entry) -> bool:
        raise NotImplementedError

    def until(self, at_us: int) -> Iterator[Message]:
        """Take out the messages whose time is `at_us` or before, in order."""
        while self._entries and self._entries[0][0] <= at_us:
            entry = heappop(self._entries)
            if self._counts(entry):
                yield entry[2]

    def first_us(self) -> int | None:
        """The earliest time, or None."""
        while self._entries and not self._counts(self._entries[0]):
            heappop(self._entries)
        return self._entries[0][0] if self._entries else None

    def tidy(self, live: int) -> None:
        """Drop what no longer counts if it is more than the `live` rest, so that the cost stays constant on average."""
        if len(self._entries) > 2 * live + _SLACK:
            self._entries = [entry for entry in self._entries if self._counts(entry)]
            heapify(self._entries)


class Timers(_Schedule):
    """Ends of delays and of visibility timeouts. A message has one: the last that was set."""

    def set(self, message: Message, due_us: int) -> None:
        """The message becomes available at `due_us`."""
        message.due_us = due_us
        self._add(due_us, message)

    @staticmethod
    def _counts(entry: Entry) -> bool:
        return entry[2].due_us == entry[0] and entry[2].state in (DELAYED, IN_FLIGHT)


class Expiries(_Schedule):
    """Messages by the time from which their retention period counts."""

    def add(self, message: Message) -> None:
        """The message expires once the queue's retention period has passed since it was enqueued."""
        self._add(message.enqueued_us, message)

    @staticmethod
    def _counts(entry: Entry) -> bool:
        return entry[2].state != GONE
