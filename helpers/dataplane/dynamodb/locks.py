"""Items that an ongoing transaction has taken: no other write may touch them.

AWS: GUIDE/transaction-apis.html#transaction-conflict-handling.
"""

from __future__ import annotations

from collections.abc import Iterable

from helpers.dataplane.dynamodb import errors
from helpers.dataplane.dynamodb.size import Item
from helpers.dataplane.dynamodb.tables import Key, TableState


class Locks:
    """The items of all transactions that have begun and not ended. Without a duration of transactions it is empty."""

    def __init__(self) -> None:
        self._held: set[tuple[TableState, Key]] = set()

    def held(self, state: TableState, key: Item) -> bool:
        """True if an ongoing transaction has the item with this primary key."""
        return bool(self._held) and (state, state.table.key_id(key)) in self._held

    def refuse(self, state: TableState, key: Item) -> None:
        """Raise TransactionConflictException for a single write on an item that is held."""
        if self.held(state, key):
            raise errors.transaction_conflict()

    def take(self, items: Iterable[tuple[TableState, Key]]) -> None:
        """A transaction begins."""
        self._held.update(items)

    def release(self, items: Iterable[tuple[TableState, Key]]) -> None:
        """A transaction has ended."""
        self._held.difference_update(items)
