"""What a request costs: units on the table, on its indexes, and how ConsumedCapacity tells them.

AWS: GUIDE/read-write-operations.html, GUIDE/GSI.html, GUIDE/LSI.html, GUIDE/WorkingWithItems.html,
API/API_ConsumedCapacity.html.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from helpers.dataplane.dynamodb.capacity import Capacity
from helpers.dataplane.dynamodb.partitions import position_of
from helpers.dataplane.dynamodb.size import Item, item_size
from helpers.dataplane.dynamodb.supply import Charge, Direction, Share
from helpers.dataplane.dynamodb.tables import Index, Table, TableState
from helpers.dataplane.dynamodb.units import Consistency, read_units, write_units
from helpers.dataplane.dynamodb.values import same


@dataclass(slots=True)
class Cost:
    """Units of one request, or of one item of it, on one table and its indexes.

    `table` are the units on the table itself; `local` and `of_global` those on indexes, by name. `charges` say which
    supplies they come from.
    """

    state: TableState
    direction: Direction
    table: float = 0.0
    local: dict[str, float] = field(default_factory=dict)
    of_global: dict[str, float] = field(default_factory=dict)
    charges: list[Charge] = field(default_factory=list)

    @property
    def units(self) -> float:
        """All units."""
        return self.table + sum(self.local.values()) + sum(self.of_global.values())

    def add(self, other: Cost) -> None:
        """Add what another item of the same request costs."""
        self.table += other.table
        for own, more in ((self.local, other.local), (self.of_global, other.of_global)):
            for name, units in more.items():
                own[name] = own.get(name, 0.0) + units
        self.charges += other.charges

    def described(self, wanted: str, name: str, *, transactional: bool = False) -> dict[str, Any]:
        """ConsumedCapacity for a ReturnConsumedCapacity of TOTAL or INDEXES; `name` is how the caller named the table.

        Transactions tell beside CapacityUnits whether they are read or write units.
        """

        def told(units: float) -> dict[str, Any]:
            kind = {f"{self.direction}CapacityUnits": units} if transactional else {}
            return {"CapacityUnits": units, **kind}

        described = {"TableName": name, **told(self.units)}
        if wanted == "INDEXES":
            described["Table"] = told(self.table)
            for member, units in (
                ("LocalSecondaryIndexes", self.local),
                ("GlobalSecondaryIndexes", self.of_global),
            ):
                if units:
                    described[member] = {index: told(units[index]) for index in units}
        return described


class Bill:
    """What a request for several items costs, table by table, as the caller named them."""

    def __init__(self) -> None:
        self._costs: dict[str, Cost] = {}

    def add(self, name: str, cost: Cost) -> None:
        """Add the cost of one item."""
        self._costs.setdefault(name, Cost(cost.state, cost.direction)).add(cost)

    def shown(self, given: Mapping[str, Any], *, transactional: bool = False) -> dict[str, Any]:
        """ConsumedCapacity as a member of the reply, if the request asked for it."""
        wanted = given.get("ReturnConsumedCapacity", "NONE")
        if wanted == "NONE":
            return {}
        costs = self._costs.items()
        return {
            "ConsumedCapacity": [
                cost.described(wanted, name, transactional=transactional) for name, cost in costs
            ]
        }


class Metering:
    """Works out costs and where they fall. Whether there is that much is not its business."""

    def __init__(self, capacity: Capacity) -> None:
        self._capacity = capacity

    def write(
        self, state: TableState, before: Item | None, after: Item | None, *, transactional: bool = False
    ) -> Cost:
        """A put, update or delete that turned `before` into `after`.

        The larger of the two counts, and for a global index the entry that is written, or put and deleted. An item that
        is in an index neither before nor after costs nothing there, nor does a change that the index does not hold.
        """
        table = state.table
        key = after or before
        cost = Cost(state, Direction.WRITE)
        size = max(item_size(before or {}), item_size(after or {}))
        cost.table = write_units(size, transactional=transactional)
        charges = []
        for index in table.indexes:
            entries = _index_writes(index, before, after)
            if not entries:
                continue
            if index.is_global:
                cost.of_global[index.name] = sum(units for _, units in entries)
                charges += [
                    self._charge(state, index, Direction.WRITE, entry, units) for entry, units in entries
                ]
            else:
                cost.local[index.name] = sum(units for _, units in entries) * (2 if transactional else 1)
        units = cost.table + sum(cost.local.values())
        cost.charges = [self._charge(state, None, Direction.WRITE, key or {}, units), *charges]
        return cost

    def touch(self, state: TableState, key: Item, size_bytes: int, *, transactional: bool = False) -> Cost:
        """A write that changed nothing, such as one whose condition failed: the units of `size_bytes` on the table."""
        units = write_units(size_bytes, transactional=transactional)
        charge = self._charge(state, None, Direction.WRITE, key, units)
        return Cost(state, Direction.WRITE, units, charges=[charge])

    def read(self, state: TableState, key: Item, item: Item | None, consistency: Consistency) -> Cost:
        """A read of one item, which may not be there."""
        units = read_units(item_size(item or {}), consistency)
        return Cost(
            state, Direction.READ, units, charges=[self._charge(state, None, Direction.READ, key, units)]
        )

    def page(
        self,
        state: TableState,
        index: Index | None,
        items: Sequence[Item],
        consistency: Consistency,
        at: Item | None,
    ) -> Cost:
        """A page of a query or scan that read these `items` (index entries, for an index): rounded once.

        `at` has the partition key of a query; a scan is spread over the partitions of what it read.
        """
        sizes = [item_size(item) for item in items]
        units = read_units(sum(sizes), consistency)
        supply = self._capacity.supply(state, index, Direction.READ)
        keys = _partition_keys(state.table, index if index is not None and index.is_global else None)
        if at is not None:
            shares = [Share(_position(keys, at), units)]
        else:
            spread: Counter[int] = Counter()
            for item, size in zip(items, sizes):
                spread[supply.partitions.start(_position(keys, item))] += size
            shares = [Share(start, units * size / sum(sizes)) for start, size in spread.items()]
        cost = Cost(state, Direction.READ, charges=[Charge(supply, units, tuple(shares))])
        if index is None:
            cost.table = units
        else:
            (cost.of_global if index.is_global else cost.local)[index.name] = units
        return cost

    def _charge(
        self, state: TableState, index: Index | None, direction: Direction, entry: Item, units: float
    ) -> Charge:
        keys = _partition_keys(state.table, index)
        supply = self._capacity.supply(state, index, direction)
        return Charge(supply, units, (Share(_position(keys, entry), units),))


def _partition_keys(table: Table, index: Index | None) -> tuple[str, ...]:
    return (table.partition_key,) if index is None else index.partition_keys


def _position(keys: Iterable[str], entry: Item) -> int:
    return position_of(entry[name] for name in keys if name in entry)


def _index_writes(index: Index, before: Item | None, after: Item | None) -> list[tuple[Item, float]]:
    """The writes that a change of an item is to an index: each with the entry it writes, and its units."""
    old, new = index.entry(before), index.entry(after)
    if old is not None and new is not None and _same_place(index, old, new):
        size = max(item_size(old), item_size(new))
        return [] if same(old, new) else [(new, write_units(size))]
    return [(entry, write_units(item_size(entry))) for entry in (old, new) if entry is not None]


def _same_place(index: Index, old: Item, new: Item) -> bool:
    return all(same({name: old[name]}, {name: new[name]}) for name in index.keys)
