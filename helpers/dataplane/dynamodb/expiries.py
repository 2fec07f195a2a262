"""When items will be deleted because their time to live is over."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from itertools import count
from typing import NamedTuple

from helpers.dataplane.dynamodb.size import Item
from helpers.dataplane.dynamodb.tables import Key, TableState

_SLACK = 256


class Expiry(NamedTuple):
    """An item that is deleted at `due_us`, unless its time-to-live attribute changes first.

    `text` is the attribute's number as the item holds it.
    """

    state: TableState
    key: Item
    text: str
    due_us: int


class Expiries:
    """At most one `Expiry` an item, in the order in which they are due.

    What no longer counts stays in the heap until it comes up or outweighs the rest, so that the cost of a change is
    constant on average.
    """

    def __init__(self) -> None:
        self._due: dict[TableState, dict[Key, Expiry]] = {}
        self._heap: list[tuple[int, int, Key, Expiry]] = []
        self._serial = count()
        self._live = 0

    def get(self, state: TableState, key_id: Key) -> Expiry | None:
        """When this item is deleted, if it is."""
        return self._due.get(state, {}).get(key_id)

    def set(self, key_id: Key, expiry: Expiry) -> None:
        """The item is deleted then, and at no other time."""
        self.drop(expiry.state, key_id)
        self._due.setdefault(expiry.state, {})[key_id] = expiry
        self._live += 1
        heappush(self._heap, (expiry.due_us, next(self._serial), key_id, expiry))
        if len(self._heap) > 2 * self._live + _SLACK:
            self._heap = [entry for entry in self._heap if self._counts(entry)]
            heapify(self._heap)

    def drop(self, state: TableState, key_id: Key) -> None:
        """The item is not deleted."""
        if self._due.get(state, {}).pop(key_id, None) is not None:
            self._live -= 1

    def drop_all(self, state: TableState) -> None:
        """No item of this table is deleted."""
        self._live -= len(self._due.pop(state, {}))

    def first_us(self) -> int | None:
        """When the next item is deleted."""
        while self._heap and not self._counts(self._heap[0]):
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def until(self, now_us: int) -> Iterator[Expiry]:
        """Take out what is due now, in order."""
        while self._heap and self._heap[0][0] <= now_us:
            entry = heappop(self._heap)
            if self._counts(entry):
                _, _, key_id, expiry = entry
                self.drop(expiry.state, key_id)
                yield expiry

    def _counts(self, entry: tuple[int, int, Key, Expiry]) -> bool:
        _, _, key_id, expiry = entry
        return self.get(expiry.state, key_id) is expiry
