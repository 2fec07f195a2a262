"""Changes of items: every write, wherever it comes from, is announced once and in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from helpers.dataplane.dynamodb.size import Item
from helpers.dataplane.dynamodb.tables import TableState


class Change(NamedTuple):
    """An item of a table was written.

    `key` is its primary key; `before` and `after` are the whole item, None where there is none: copies, which listeners
    leave as they are. They may be equal: a write that changes nothing is a write all the same. `by` is "ttl" where
    DynamoDB itself deleted an expired item.
    """

    table: TableState
    key: Item
    before: Item | None
    after: Item | None
    by: Literal["user", "ttl"] = "user"


class Changes:
    """Who wants to hear of changes, in the order in which they began to listen."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Change], None]] = []

    def listen(self, listener: Callable[[Change], None]) -> None:
        """Call `listener` with every change from now on."""
        self._listeners.append(listener)

    def announce(self, change: Change) -> None:
        """Tell all listeners of a change that has just happened."""
        for listener in self._listeners:
            listener(change)
