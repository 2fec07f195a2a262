"""PutItem, UpdateItem, DeleteItem and BatchWriteItem."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from helpers.cloud import Call, ServiceError
from helpers.dataplane.dynamodb import checks, errors
from helpers.dataplane.dynamodb.capacity import Capacity
from helpers.dataplane.dynamodb.changes import Change, Changes
from helpers.dataplane.dynamodb.items import Items
from helpers.dataplane.dynamodb.limits import BATCH_BYTES, BATCH_WRITES
from helpers.dataplane.dynamodb.locks import Locks
from helpers.dataplane.dynamodb.metering import Bill, Cost, Metering
from helpers.dataplane.dynamodb.size import Item, item_size
from helpers.dataplane.dynamodb.tables import Tables, TableState
from helpers.dataplane.dynamodb.throttling import Throttled
from helpers.dataplane.dynamodb.values import stored


class _Entry(NamedTuple):
    """One put (of `item`) or delete of a batch, as the caller wrote it."""

    name: str
    state: TableState
    key: Item
    item: Item | None
    request: dict[str, Any]


class Writing:
    """Answers the calls that write items one by one: lets them pass, meters them and announces what they changed."""

    def __init__(
        self,
        tables: Tables,
        items: Items,
        changes: Changes,
        locks: Locks,
        capacity: Capacity,
        metering: Metering,
    ) -> None:
        self._tables = tables
        self._items = items
        self._changes = changes
        self._locks = locks
        self._capacity = capacity
        self._metering = metering

    def put_item(self, call: Call) -> dict[str, Any]:
        """Put a whole item (API/API_PutItem.html)."""
        state = self._tables.of(call)
        item = call.parameters["Item"]
        return self._answer(call, state, checks.new_item(state.table, item), item)

    def update_item(self, call: Call) -> dict[str, Any]:
        """Change some attributes (API/API_UpdateItem.html)."""
        state = self._tables.of(call)
        return self._answer(call, state, checks.key(state.table, call.parameters["Key"]))

    def delete_item(self, call: Call) -> dict[str, Any]:
        """Delete an item (API/API_DeleteItem.html)."""
        state = self._tables.of(call)
        return self._answer(call, state, checks.key(state.table, call.parameters["Key"]))

    def batch_write_item(self, call: Call) -> dict[str, Any]:
        """Up to 25 puts and deletes, each by itself (API/API_BatchWriteItem.html).

        What is throttled, or belongs to an ongoing transaction, comes back in UnprocessedItems; only if all of it is
        throttled, the call fails.
        """
        entries = list(self._entries(call))
        bill = Bill()
        unprocessed: dict[str, list[dict[str, Any]]] = {}
        throttled: list[Throttled] = []
        for name, state, key, item, request in entries:
            if self._locks.conflict(state, key):
                unprocessed.setdefault(name, []).append(request)
                continue
            try:
                if item is None:
                    cost = self._write(state, key, None, partial(self._items.remove, state, key))[1]
                else:
                    cost = self._write(state, key, item, partial(self._items.put, state, item))[1]
            except Throttled as error:
                throttled.append(error)
                unprocessed.setdefault(name, []).append(request)
            else:
                bill.add(name, cost)
        if len(throttled) == len(entries):
            raise self._capacity.request_throttled(call.operation, throttled[0])
        return {"UnprocessedItems": unprocessed, **bill.shown(call.parameters)}

    def _answer(self, call: Call, state: TableState, key: Item, item: Item | None = None) -> dict[str, Any]:
        checks.expressions(call.parameters)
        self._locks.refuse(state, key)
        try:
            reply, cost = self._write(state, key, item, call.forward)
        except Throttled as error:
            raise self._capacity.request_throttled(call.operation, error) from None
        reply.pop("ConsumedCapacity", None)
        wanted = call.parameters.get("ReturnConsumedCapacity", "NONE")
        if wanted != "NONE":
            reply["ConsumedCapacity"] = cost.described(wanted, call.parameters["TableName"])
        return reply

    def _write(
        self, state: TableState, key: Item, item: Item | None, carry_out: Callable[[], dict[str, Any]]
    ) -> tuple[dict[str, Any], Cost]:
        """Write by `carry_out`, which puts `item` if it is one, and say what that cost.

        What an update makes of an item, and what any write costs on the indexes, is known afterwards: it is undone if
        that may not be. Raises Throttled.
        """
        before = self._items.get(state, key)
        existing = item_size(before or {})
        least = self._metering.touch(state, key, max(existing, item_size(item or {})))
        self._capacity.require(least.charges)
        try:
            reply = carry_out()
        except ServiceError as error:
            if error.code == "ConditionalCheckFailedException":
                self._capacity.spend(self._metering.touch(state, key, existing).charges)
                self._capacity.metrics.condition_failed(state.table.name)
            raise
        after = stored(item) if item is not None else self._items.get(state, key)
        cost = self._metering.write(state, before, after)
        try:
            if after is not None and item is None:
                checks.item(state.table, after, updated=True)
            self._capacity.require(charge for charge in cost.charges if charge not in least.charges)
        except ServiceError:
            self._items.restore(state, key, before)
            raise
        self._capacity.spend(cost.charges)
        self._changes.announce(Change(state, key, before, after))
        return reply, cost

    def _entries(self, call: Call) -> Iterator[_Entry]:
        """The entries of a batch. It is refused as a whole if one of them cannot be (API/API_BatchWriteItem.html)."""
        wanted = call.parameters["RequestItems"]
        if sum(len(requests) for requests in wanted.values()) > BATCH_WRITES:
            raise errors.invalid(
                f"Too many items requested for the BatchWriteItem call: at most {BATCH_WRITES} are allowed"
            )
        entries = []
        for name, requests in wanted.items():
            state = self._tables.of(call, name)
            for request in requests:
                if "PutRequest" in request:
                    item = request["PutRequest"]["Item"]
                    key = checks.new_item(state.table, item)
                else:
                    item, key = None, checks.key(state.table, request["DeleteRequest"]["Key"])
                entries.append(_Entry(name, state, key, item, request))
        if len({(entry.state, entry.state.table.key_id(entry.key)) for entry in entries}) < len(entries):
            raise errors.invalid("Provided list of item keys contains duplicates")
        if sum(item_size(entry.item or entry.key) for entry in entries) > BATCH_BYTES:
            raise errors.invalid("The batch has more than 16 MB")
        yield from entries
