"""GetItem, BatchGetItem, Query and Scan."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from helpers.cloud import Call
from helpers.dataplane.dynamodb import checks
from helpers.dataplane.dynamodb.capacity import Capacity
from helpers.dataplane.dynamodb.items import Items
from helpers.dataplane.dynamodb.metering import Bill, Cost, Metering
from helpers.dataplane.dynamodb.size import Item
from helpers.dataplane.dynamodb.tables import Index, Table, Tables, TableState
from helpers.dataplane.dynamodb.throttling import Throttled
from helpers.dataplane.dynamodb.units import consistency_of

_PROJECTIONS = ("ProjectionExpression", "AttributesToGet")
_FILTERS = ("FilterExpression", "QueryFilter", "ScanFilter")
_NARROWING = (*_PROJECTIONS, *_FILTERS, "Select")
_PLACEHOLDERS = ("ExpressionAttributeNames", "ExpressionAttributeValues")
_PLACEHOLDER = re.compile(r"[#:]\w+")
_EQUALS = re.compile(r"([#\w]+)\s*=\s*(:\w+)")


class Reading:
    """Answers the calls that read items: lets them pass and meters what they read, be it more than they return."""

    def __init__(self, tables: Tables, items: Items, capacity: Capacity, metering: Metering) -> None:
        self._tables = tables
        self._items = items
        self._capacity = capacity
        self._metering = metering

    def get_item(self, call: Call) -> dict[str, Any]:
        """One item (API/API_GetItem.html). A projection saves nothing."""
        given = call.parameters
        state = self._tables.of(call)
        key = checks.key(state.table, given["Key"])
        checks.expressions(given)
        reply = call.forward()
        found = self._items.get(state, key) if _narrowed(given, _PROJECTIONS) else reply.get("Item")
        cost = self._metering.read(state, key, found, consistency_of(given))
        return self._answer(call, reply, cost)

    def batch_get_item(self, call: Call) -> dict[str, Any]:
        """Up to 100 items, 16 MB in all (API/API_BatchGetItem.html).

        What is too much or throttled comes back in UnprocessedKeys; only if all of it is throttled, the call fails.
        """
        wanted = call.parameters["RequestItems"]
        for given in wanted.values():
            checks.expressions(given)
        whole = call.forward(
            {"RequestItems": {name: _without(given, _NARROWING) for name, given in wanted.items()}}
        )
        bill = Bill()
        served: dict[str, dict[str, Any]] = {}
        left: dict[str, dict[str, Any]] = {}
        throttled: list[Throttled] = []
        for name, given in wanted.items():
            state = self._tables.of(call, name)
            found = {state.table.key_id(item): item for item in whole["Responses"].get(name, ())}
            too_much = whole["UnprocessedKeys"].get(name, {}).get("Keys", ())
            for key in given["Keys"]:
                request = left
                if key not in too_much:
                    item = found.get(state.table.key_id(checks.key(state.table, key)))
                    cost = self._metering.read(state, key, item, consistency_of(given))
                    try:
                        self._capacity.require(cost.charges)
                    except Throttled as error:
                        throttled.append(error)
                    else:
                        self._capacity.spend(cost.charges)
                        bill.add(name, cost)
                        request = served
                request.setdefault(name, {**given, "Keys": []})["Keys"].append(key)
        if not served:
            raise self._capacity.request_throttled(call.operation, throttled[0])
        reply = call.forward({"RequestItems": served})
        return {"Responses": reply["Responses"], "UnprocessedKeys": left, **bill.shown(call.parameters)}

    def query(self, call: Call) -> dict[str, Any]:
        """The items of one partition key value, page by page (API/API_Query.html)."""
        given = call.parameters
        state, index = self._target(call)
        checks.expressions(given)
        checks.query_filter(given, state.table.keys if index is None else index.keys)
        partition = _partition(state.table, index, given)
        if index is not None and not index.is_global and _asks_for_more(index, given):
            return self._fetch(call, state, index, partition)
        return self._page(call, state, index, partition)

    def scan(self, call: Call) -> dict[str, Any]:
        """All items, page by page (API/API_Scan.html)."""
        state, index = self._target(call)
        checks.expressions(call.parameters)
        return self._page(call, state, index, None)

    def _target(self, call: Call) -> tuple[TableState, Index | None]:
        state = self._tables.of(call)
        name = call.parameters.get("IndexName")
        return state, None if name is None else state.table.index(name)

    def _page(
        self, call: Call, state: TableState, index: Index | None, partition: Item | None
    ) -> dict[str, Any]:
        """A page and its cost: that of all items it read, before any filter and projection (GUIDE/Scan.html)."""
        given = call.parameters
        reply = call.forward()
        read = call.forward(_without(given, _NARROWING)) if _narrowed(given, _NARROWING) else reply
        cost = self._metering.page(state, index, read["Items"], consistency_of(given), partition)
        return self._answer(call, reply, cost)

    def _fetch(self, call: Call, state: TableState, index: Index, partition: Item) -> dict[str, Any]:
        """A page of a local index, with attributes that it does not hold: they are fetched from the table.

        Each item that the query returns is read there as a whole, rounded by itself (GUIDE/LSI.html).
        """
        given = call.parameters
        reply = call.forward(_without(given, (*_PROJECTIONS, "Select")))
        read = call.forward(_without(given, _NARROWING)) if _narrowed(given, _FILTERS) else reply
        cost = self._metering.page(state, index, read["Items"], consistency_of(given), partition)
        members = (*_PROJECTIONS, "ExpressionAttributeNames")
        projection = _without({name: given[name] for name in members if name in given}, ())
        fetched = []
        for entry in reply["Items"]:
            key = state.table.key_of(entry)
            whole = self._items.get(state, key)
            cost.add(self._metering.read(state, key, whole, consistency_of(given)))
            fetched.append(self._items.get(state, key, **projection) if projection else whole)
        reply["Items"] = fetched
        return self._answer(call, reply, cost)

    def _answer(self, call: Call, reply: dict[str, Any], cost: Cost) -> dict[str, Any]:
        try:
            self._capacity.require(cost.charges)
        except Throttled as error:
            raise self._capacity.request_throttled(call.operation, error) from None
        self._capacity.spend(cost.charges)
        reply.pop("ConsumedCapacity", None)
        wanted = call.parameters.get("ReturnConsumedCapacity", "NONE")
        if wanted != "NONE":
            reply["ConsumedCapacity"] = cost.described(wanted, call.parameters["TableName"])
        return reply


def _narrowed(given: Mapping[str, Any], members: tuple[str, ...]) -> bool:
    return any(given.get(member) for member in members)


def _asks_for_more(index: Index, given: Mapping[str, Any]) -> bool:
    """True if a query of the index names attributes that it does not hold, or all attributes."""
    if index.projected is None:
        return False
    names = checks.names_in(given.get("ProjectionExpression") or "", given)
    return given.get("Select") == "ALL_ATTRIBUTES" or not index.projected.issuperset(
        names.union(given.get("AttributesToGet") or ())
    )


def _without(given: Mapping[str, Any], members: tuple[str, ...]) -> dict[str, Any]:
    """The same read without some members, and without the placeholders that only those use."""
    kept = {name: value for name, value in given.items() if name not in (*members, *_PLACEHOLDERS)}
    used = {token for name in checks.EXPRESSIONS for token in _PLACEHOLDER.findall(kept.get(name) or "")}
    for member in _PLACEHOLDERS:
        values = {name: value for name, value in (given.get(member) or {}).items() if name in used}
        if values:
            kept[member] = values
    return kept


def _partition(table: Table, index: Index | None, given: Mapping[str, Any]) -> Item:
    """The partition key that a query names."""
    names, values = (given.get(member) or {} for member in _PLACEHOLDERS)
    equal = {
        names.get(name, name): values[value]
        for name, value in _EQUALS.findall(given.get("KeyConditionExpression") or "")
    }
    for name, condition in (given.get("KeyConditions") or {}).items():
        equal[name] = condition["AttributeValueList"][0]
    keys = (table.partition_key,) if index is None else index.partition_keys
    return {name: equal[name] for name in keys if name in equal}
