"""TransactWriteItems and TransactGetItems."""

from __future__ import annotations

from typing import Any

from helpers.cloud import Account, Call
from helpers.dataplane.dynamodb.changes import Change, Changes
from helpers.dataplane.dynamodb.items import Items
from helpers.dataplane.dynamodb.tables import Tables


class Transactions:
    """Answers the calls that read or write several items at once, all or nothing."""

    def __init__(self, account: Account, tables: Tables, items: Items, changes: Changes) -> None:
        self._account = account
        self._tables = tables
        self._items = items
        self._changes = changes

    def write(self, call: Call) -> dict[str, Any]:
        """Up to 100 actions, all or none (API/API_TransactWriteItems.html)."""
        written = []
        for action in call.parameters["TransactItems"]:
            for kind, given in action.items():
                if kind != "ConditionCheck":
                    state = self._tables.of(call, given["TableName"])
                    key = state.table.key_of(given.get("Item") or given["Key"])
                    written.append((state, key, self._items.get(state, key)))
        reply = call.forward()
        for state, key, before in written:
            self._changes.announce(Change(state, key, before, self._items.get(state, key)))
        return reply

    def read(self, call: Call) -> dict[str, Any]:
        """Up to 100 items as of one instant (API/API_TransactGetItems.html)."""
        return call.forward()
