"""Items that an ongoing transaction has taken: no other write may touch them.

AWS: GUIDE/transaction-apis.html#transaction-conflict-handling, GUIDE/metrics-dimensions.html.
"""

from __future__ import annotations

from collections.abc import Iterable

from helpers.dataplane.dynamodb import errors
from helpers.dataplane.dynamodb.metrics import Metrics
from helpers.dataplane.dynamodb.size import Item
from helpers.dataplane.dynamodb.tables import Key, TableState


class Locks:
    """The items of all transactions that have begun and not ended. Without a duration of transactions it is empty."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._held: set[tuple[TableState, Key]] = set()

    def conflict(self, state: TableState, key: Item) -> bool:
        """True, and counted by CloudWatch, if an ongoing transaction has the item that somebody wants."""
        conflict = bool(self._held) and (state, state.table.key_id(key)) in self._held
        if conflict:
            self._metrics.conflict(state.table.name)
        return conflict

    def refuse(self, state: TableState, key: Item) -> None:
        """Raise TransactionConflictException for a single write on an item that is held."""
        if self.conflict(state, key):
            raise errors.transaction_conflict()

    def take(self, items: Iterable[tuple[TableState, Key]]) -> None:
        """A transaction begins."""
        self._held.update(items)

    def release(self, items: Iterable[tuple[TableState, Key]]) -> None:
        """A transaction has ended."""
        self._held.difference_update(items)
