"""How many items a table and its indexes hold, and of how many bytes.

AWS brings these figures up to date about every six hours (API/API_TableDescription.html); here they are exact.
"""

from __future__ import annotations

from helpers.dataplane.dynamodb.changes import Change
from helpers.dataplane.dynamodb.items import Items
from helpers.dataplane.dynamodb.size import Item, item_size
from helpers.dataplane.dynamodb.tables import Table, Tables, TableState

Volume = tuple[int, int]
"""Items and bytes."""


class Volumes:
    """Counts a table when somebody asks for the first time, and from then on what is written to it."""

    def __init__(self, tables: Tables, items: Items) -> None:
        self._items = items
        self._counted: dict[TableState, dict[str | None, Volume]] = {}
        tables.when_gone(self._forget)
        tables.when_changed(self._changed)

    def changed(self, change: Change) -> None:
        """An item was written."""
        state, counted = change.table, self._counted.get(change.table)
        if counted is None:
            return
        before, after = _entries(state.table, change.before), _entries(state.table, change.after)
        for name, (held, size) in counted.items():
            lost, won = before[name], after[name]
            counted[name] = (held - lost[0] + won[0], size - lost[1] + won[1])

    def of(self, state: TableState) -> dict[str | None, Volume]:
        """Items and bytes of the table (None) and of each of its indexes, by name."""
        if state not in self._counted:
            entries = [_entries(state.table, item) for item in self._items.all(state)]
            self._counted[state] = {
                name: (sum(entry[name][0] for entry in entries), sum(entry[name][1] for entry in entries))
                for name in (None, *(index.name for index in state.table.indexes))
            }
        return self._counted[state]

    def _changed(self, state: TableState, before: Table) -> None:
        if _shapes(state.table) != _shapes(before):
            self._forget(state)

    def _forget(self, state: TableState) -> None:
        self._counted.pop(state, None)


def _entries(table: Table, item: Item | None) -> dict[str | None, Volume]:
    """What an item adds to the table and to each of its indexes."""
    held: dict[str | None, Item | None] = {
        None: item,
        **{index.name: index.entry(item) for index in table.indexes},
    }
    return {name: (0, 0) if entry is None else (1, item_size(entry)) for name, entry in held.items()}


def _shapes(table: Table) -> dict[str, tuple[object, ...]]:
    return {index.name: (index.keys, index.projected) for index in table.indexes}
