"""Items past the API: quiet reads and writes of what moto holds, for the plane's own work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from helpers.cloud import Account
from helpers.dataplane.dynamodb.size import Item
from helpers.dataplane.dynamodb.tables import TableState


class Items:
    """The items of all tables, without units, trail rows or time. Whoever writes announces the change."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def get(self, state: TableState, key: Item, **projection: Any) -> Item | None:
        """The item with this primary key, or None; a `projection` as GetItem takes it."""
        parameters = {"TableName": state.table.name, "Key": dict(key), "ConsistentRead": True, **projection}
        item: Item | None = self._ask("GetItem", state, parameters).get("Item")
        return item

    def all(self, state: TableState) -> Iterator[Item]:
        """Every item of the table."""
        parameters: dict[str, object] = {"TableName": state.table.name}
        while True:
            page = self._ask("Scan", state, parameters)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            parameters = parameters | {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def put(self, state: TableState, item: Item) -> dict[str, Any]:
        """Put a whole item in the place of what has its key. Returns moto's reply."""
        return self._ask("PutItem", state, {"TableName": state.table.name, "Item": dict(item)})

    def remove(self, state: TableState, key: Item) -> dict[str, Any]:
        """Delete the item with this primary key, if there is one. Returns moto's reply."""
        return self._ask("DeleteItem", state, {"TableName": state.table.name, "Key": dict(key)})

    def restore(self, state: TableState, key: Item, item: Item | None) -> None:
        """Let what has this primary key be `item` again, or nothing."""
        if item is None:
            self.remove(state, key)
        else:
            self.put(state, item)

    def _ask(self, operation: str, state: TableState, parameters: dict[str, object]) -> dict[str, Any]:
        return self._account.ask(
            "dynamodb", operation, parameters, region=state.region, account_id=state.account_id
        )
