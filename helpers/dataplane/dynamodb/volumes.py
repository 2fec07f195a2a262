"""How many items a table and its indexes hold, and of how many bytes.

AWS brings these figures up to date about every six hours (API/API_TableDescription.html); here they are exact.
"""

from __future__ import annotations

from helpers.dataplane.dynamodb.changes import Change
from helpers.dataplane.dynamodb.items import Items
from helpers.dataplane.dynamodb.size import Item, item_size
from helpers.dataplane.dynamodb.tables import Tables, TableState

Volume = tuple[int, int]
"""Items and bytes."""


class Volumes:
    """Counts a table when somebody asks, and again only after something was written."""

    def __init__(self, tables: Tables, items: Items) -> None:
        self._items = items
        self._counted: dict[TableState, dict[str | None, Volume]] = {}
        tables.when_gone(self._forget)
        tables.when_changed(lambda state, _before: self._forget(state))

    def changed(self, change: Change) -> None:
        """An item was written."""
        self._forget(change.table)

    def of(self, state: TableState) -> dict[str | None, Volume]:
        """Items and bytes of the table (None) and of each of its indexes, by name."""
        if state not in self._counted:
            self._counted[state] = self._count(state)
        return self._counted[state]

    def _count(self, state: TableState) -> dict[str | None, Volume]:
        items = list(self._items.all(state))
        entries: dict[str | None, list[Item]] = {None: items}
        for index in state.table.indexes:
            entries[index.name] = [entry for entry in map(index.entry, items) if entry is not None]
        return {name: (len(held), sum(map(item_size, held))) for name, held in entries.items()}

    def _forget(self, state: TableState) -> None:
        self._counted.pop(state, None)
