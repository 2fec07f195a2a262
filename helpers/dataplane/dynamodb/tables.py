"""The tables of an account as the data plane knows them: found by name or ARN, configured as moto holds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from helpers.cloud import Account, Call, ServiceError
from helpers.dataplane.dynamodb import errors
from helpers.dataplane.dynamodb.size import Item, Value
from helpers.dataplane.dynamodb.values import number

Key = tuple[tuple[str, Any], ...]
"""A primary key as something to look up: type and value of each key attribute, such as (("S", "u1"), ("N", "7"))."""


@dataclass(frozen=True, slots=True)
class Throughput:
    """Read and write units a second; 0 where there is no such setting."""

    reads: float = 0
    writes: float = 0

    @classmethod
    def of(cls, description: Mapping[str, Any] | None) -> Throughput:
        """Read a ProvisionedThroughput, a WarmThroughput or an OnDemandThroughput (whose -1 means no limit)."""
        given = description or {}
        reads, writes = (
            next((given[name] for name in names if name in given), 0)
            for names in (
                ("ReadCapacityUnits", "ReadUnitsPerSecond", "MaxReadRequestUnits"),
                ("WriteCapacityUnits", "WriteUnitsPerSecond", "MaxWriteRequestUnits"),
            )
        )
        return cls(max(0, reads), max(0, writes))


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index of a table. AWS: GUIDE/GSI.html, GUIDE/LSI.html.

    `keys` are the attributes of its own key, partition attributes first; `projected` the attributes that an entry of it
    holds (keys included), or None for all of them.
    """

    name: str
    arn: str
    is_global: bool
    partition_keys: tuple[str, ...]
    sort_keys: tuple[str, ...]
    projected: frozenset[str] | None
    throughput: Throughput
    warm: Throughput
    maximum: Throughput

    @property
    def keys(self) -> tuple[str, ...]:
        """The attributes of the index key."""
        return self.partition_keys + self.sort_keys

    def entry(self, item: Item | None) -> Item | None:
        """What the index holds of an item: nothing if the item lacks a key attribute (a sparse index)."""
        if item is None or not all(name in item for name in self.keys):
            return None
        if self.projected is None:
            return item
        return {name: value for name, value in item.items() if name in self.projected}


@dataclass(frozen=True, slots=True)
class Table:
    """The configuration of one table that its items obey."""

    name: str
    arn: str
    partition_key: str
    sort_key: str | None
    types: Mapping[str, str]
    on_demand: bool
    throughput: Throughput
    warm: Throughput
    maximum: Throughput
    indexes: tuple[Index, ...]
    stream_arn: str | None
    stream_view: str | None
    description: Mapping[str, Any] = field(repr=False)
    """The reply of DescribeTable."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The attributes of the primary key."""
        return (self.partition_key,) if self.sort_key is None else (self.partition_key, self.sort_key)

    def key_of(self, item: Item) -> dict[str, Value]:
        """The primary key of an item. Raises KeyError if the item lacks a key attribute."""
        return {name: item[name] for name in self.keys}

    def key_id(self, item: Item) -> Key:
        """The primary key of an item, or a key itself, as something to look up."""
        return tuple(
            (kind, number(content) if kind == "N" else content)
            for name in self.keys
            for kind, content in item[name].items()
        )

    def index(self, name: str) -> Index | None:
        """The index of this name, if there is one."""
        return next((index for index in self.indexes if index.name == name), None)

    @property
    def global_indexes(self) -> tuple[Index, ...]:
        """The indexes with a partition key of their own."""
        return tuple(index for index in self.indexes if index.is_global)

    @classmethod
    def of(cls, description: Mapping[str, Any]) -> Table:
        """Read the reply of DescribeTable."""
        keys = {key["KeyType"]: key["AttributeName"] for key in description["KeySchema"]}
        own_keys = tuple(keys.values())
        arn = description["TableArn"]
        mode = description.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
        stream = description.get("StreamSpecification", {})
        return cls(
            name=description["TableName"],
            arn=arn,
            partition_key=keys["HASH"],
            sort_key=keys.get("RANGE"),
            types={
                each["AttributeName"]: each["AttributeType"] for each in description["AttributeDefinitions"]
            },
            on_demand=mode == "PAY_PER_REQUEST",
            throughput=Throughput.of(description.get("ProvisionedThroughput")),
            warm=Throughput.of(description.get("WarmThroughput")),
            maximum=Throughput.of(description.get("OnDemandThroughput")),
            indexes=tuple(
                _index(each, arn, own_keys, is_global=kind == "GlobalSecondaryIndexes")
                for kind in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes")
                for each in description.get(kind) or ()
            ),
            stream_arn=description.get("LatestStreamArn") if stream.get("StreamEnabled") else None,
            stream_view=stream.get("StreamViewType"),
            description=description,
        )


def _index(
    description: Mapping[str, Any], table_arn: str, table_keys: tuple[str, ...], *, is_global: bool
) -> Index:
    schema = description["KeySchema"]
    partition_keys, sort_keys = (
        tuple(key["AttributeName"] for key in schema if key["KeyType"] == kind) for kind in ("HASH", "RANGE")
    )
    projection = description.get("Projection", {})
    projected = None
    if projection.get("ProjectionType") != "ALL":
        included = projection.get("NonKeyAttributes") or ()
        projected = frozenset((*table_keys, *partition_keys, *sort_keys, *included))
    return Index(
        name=description["IndexName"],
        arn=f"{table_arn}/index/{description['IndexName']}",
        is_global=is_global,
        partition_keys=partition_keys,
        sort_keys=sort_keys,
        projected=projected,
        throughput=Throughput.of(description.get("ProvisionedThroughput")),
        warm=Throughput.of(description.get("WarmThroughput")),
        maximum=Throughput.of(description.get("OnDemandThroughput")),
    )


class TableState:
    """A table that exists: its configuration now, and whether that has to be read again."""

    __slots__ = ("account_id", "region", "stale", "table")

    def __init__(self, table: Table, region: str, account_id: str) -> None:
        self.table = table
        self.region = region
        self.account_id = account_id
        self.stale = False

    @property
    def arn(self) -> str:
        """The table's ARN."""
        return self.table.arn


class Tables:
    """All tables that were asked for. A configuration is read once, and again after a change.

    What a part of the plane keeps for a table it keeps under the `TableState`, which lives as long as the table: one
    made anew under an old name is another one.
    """

    def __init__(self, account: Account) -> None:
        self.account = account
        self.maximums: dict[str, Mapping[str, int]] = {}
        """ARN of a table or index -> its OnDemandThroughput, which moto forgets."""
        self._known: dict[tuple[str, str, str], TableState] = {}
        self._when_gone: list[Callable[[TableState], None]] = []
        self._when_changed: list[Callable[[TableState, Table], None]] = []

    def when_gone(self, listener: Callable[[TableState], None]) -> None:
        """Call `listener` with every table that was deleted."""
        self._when_gone.append(listener)

    def when_changed(self, listener: Callable[[TableState, Table], None]) -> None:
        """Call `listener` with every table whose configuration is another one now, and with the one it was."""
        self._when_changed.append(listener)

    def of(self, call: Call, name: str | None = None) -> TableState:
        """The table that a call names (or `name` in the caller's account and Region): a name or an ARN.

        Raises ResourceNotFoundException if there is none.
        """
        return self.at(call.parameters["TableName"] if name is None else name, call.region, call.account_id)

    def at(self, name: str, region: str, account_id: str) -> TableState:
        """The table of this name or ARN. Raises ResourceNotFoundException if there is none."""
        state = self._known.get((region, account_id, name))
        if state is None or state.stale:
            state = self._read(name, region, account_id)
        return state

    def find(self, name: str, region: str, account_id: str) -> TableState | None:
        """The table of this name or ARN, or None if there is none."""
        try:
            return self.at(name, region, account_id)
        except ServiceError:
            return None

    def complete(self, description: dict[str, Any]) -> dict[str, Any]:
        """Put into the description of a table (TableDescription) what moto leaves out of it; returns it."""
        arn = description["TableArn"]
        on_demand = description.get("BillingModeSummary", {}).get("BillingMode") == "PAY_PER_REQUEST"
        for each in (description, *(description.get("GlobalSecondaryIndexes") or ())):
            own = f"{arn}/index/{each['IndexName']}" if "IndexName" in each else arn
            if own in self.maximums:
                each["OnDemandThroughput"] = dict(self.maximums[own])
            if on_demand and "ProvisionedThroughput" in each:
                each["ProvisionedThroughput"] |= {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
        return description

    def known(self) -> tuple[TableState, ...]:
        """The tables that were asked for and exist, in the order in which they became known."""
        return tuple(dict.fromkeys(self._known.values()))

    def changed(self, name: str, region: str, account_id: str) -> None:
        """The configuration of a table may have changed."""
        state = self._known.get((region, account_id, name.rpartition("/")[2]))
        if state is not None:
            state.stale = True

    def all_changed(self) -> None:
        """Any table may have been changed, made or deleted past the DynamoDB API."""
        for state in self._known.values():
            state.stale = True

    def forget(self, name: str, region: str, account_id: str) -> None:
        """The table was deleted."""
        state = self._known.get((region, account_id, name.rpartition("/")[2]))
        if state is not None:
            self._known = {key: other for key, other in self._known.items() if other is not state}
            for listener in self._when_gone:
                listener(state)

    def _read(self, name: str, region: str, account_id: str) -> TableState:
        short = name.rpartition("/")[2]
        try:
            reply = self.account.ask(
                "dynamodb", "DescribeTable", {"TableName": short}, region=region, account_id=account_id
            )
        except ServiceError:
            self.forget(short, region, account_id)
            raise errors.missing_table() from None
        table = Table.of(self.complete(reply["Table"]))
        state = self._known.get((region, account_id, short))
        if state is not None and _made(state.table) != _made(table):
            self.forget(short, region, account_id)
            state = None
        if state is None:
            state = TableState(table, region, account_id)
        before, state.table, state.stale = state.table, table, False
        self._known[region, account_id, short] = self._known[region, account_id, name] = state
        if before is not table:
            for listener in self._when_changed:
                listener(state, before)
        return state


def _made(table: Table) -> Any:
    return table.description.get("CreationDateTime")
