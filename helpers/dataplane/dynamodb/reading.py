"""GetItem, BatchGetItem, Query and Scan."""

from __future__ import annotations

from typing import Any

from helpers.cloud import Account, Call
from helpers.dataplane.dynamodb.items import Items
from helpers.dataplane.dynamodb.tables import Tables


class Reading:
    """Answers the calls that read items."""

    def __init__(self, account: Account, tables: Tables, items: Items) -> None:
        self._account = account
        self._tables = tables
        self._items = items

    def get_item(self, call: Call) -> dict[str, Any]:
        """One item (API/API_GetItem.html)."""
        self._tables.of(call)
        return call.forward()

    def batch_get_item(self, call: Call) -> dict[str, Any]:
        """Up to 100 items, 16 MB in all (API/API_BatchGetItem.html)."""
        return call.forward()

    def query(self, call: Call) -> dict[str, Any]:
        """The items of one partition key value (API/API_Query.html)."""
        self._tables.of(call)
        return call.forward()

    def scan(self, call: Call) -> dict[str, Any]:
        """All items, page by page (API/API_Scan.html)."""
        self._tables.of(call)
        return call.forward()
