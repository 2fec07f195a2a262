"""PutItem, UpdateItem, DeleteItem and BatchWriteItem."""

from __future__ import annotations

from typing import Any

from helpers.cloud import Account, Call
from helpers.dataplane.dynamodb.changes import Change, Changes
from helpers.dataplane.dynamodb.items import Items
from helpers.dataplane.dynamodb.locks import Locks
from helpers.dataplane.dynamodb.tables import Tables


class Writing:
    """Answers the calls that write items one by one, and announces what they changed."""

    def __init__(
        self, account: Account, tables: Tables, items: Items, changes: Changes, locks: Locks
    ) -> None:
        self._account = account
        self._tables = tables
        self._items = items
        self._changes = changes
        self._locks = locks

    def put_item(self, call: Call) -> dict[str, Any]:
        """Put a whole item (API/API_PutItem.html)."""
        state = self._tables.of(call)
        item = call.parameters["Item"]
        key = state.table.key_of(item)
        self._locks.refuse(state, key)
        before = self._items.get(state, key)
        reply = call.forward()
        self._changes.announce(Change(state, key, before, item))
        return reply

    def update_item(self, call: Call) -> dict[str, Any]:
        """Change some attributes (API/API_UpdateItem.html)."""
        state = self._tables.of(call)
        key = call.parameters["Key"]
        self._locks.refuse(state, key)
        before = self._items.get(state, key)
        reply = call.forward()
        self._changes.announce(Change(state, key, before, self._items.get(state, key)))
        return reply

    def delete_item(self, call: Call) -> dict[str, Any]:
        """Delete an item (API/API_DeleteItem.html)."""
        state = self._tables.of(call)
        key = call.parameters["Key"]
        self._locks.refuse(state, key)
        before = self._items.get(state, key)
        reply = call.forward()
        self._changes.announce(Change(state, key, before, None))
        return reply

    def batch_write_item(self, call: Call) -> dict[str, Any]:
        """Up to 25 puts and deletes, each by itself (API/API_BatchWriteItem.html)."""
        announced = []
        for name, requests in call.parameters["RequestItems"].items():
            state = self._tables.of(call, name)
            for request in requests:
                item = request.get("PutRequest", {}).get("Item")
                key = state.table.key_of(item or request["DeleteRequest"]["Key"])
                announced.append(Change(state, key, self._items.get(state, key), item))
        reply = call.forward()
        for change in announced:
            self._changes.announce(change)
        return reply
