"""CreateTable, UpdateTable and DescribeTable: what moto does not check, and what it does not tell.

AWS: API/API_CreateTable.html, API/API_UpdateTable.html, GUIDE/ServiceQuotas.html.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from helpers.cloud import Account, Call
from helpers.dataplane.dynamodb import errors
from helpers.dataplane.dynamodb.decreases import Decreases
from helpers.dataplane.dynamodb.limits import (
    ACCOUNT_UNITS,
    DAY_US,
    MODE_SWITCHES,
    SECOND_US,
    TABLE_UNITS,
)
from helpers.dataplane.dynamodb.schema import check_indexes
from helpers.dataplane.dynamodb.tables import Table, Tables, TableState, Throughput
from helpers.dataplane.dynamodb.volumes import Volumes

_INVALID = "One or more parameter values were invalid: "
_ON_DEMAND = "PAY_PER_REQUEST"
_NO_MAXIMUM = {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": -1}


class Control:
    """Checks requests about tables before moto does, keeps what moto forgets, and completes what it answers."""

    def __init__(self, account: Account, tables: Tables, volumes: Volumes) -> None:
        self._account = account
        self._tables = tables
        self._volumes = volumes
        self._decreases: dict[str, Decreases] = {}
        self._switches: dict[str, deque[int]] = {}
        tables.when_gone(self._gone)

    # Before moto

    def check_create(self, call: Call) -> None:
        """Refuse a table that AWS would not create (API/API_CreateTable.html)."""
        given = call.parameters
        local, of_global = given.get("LocalSecondaryIndexes") or [], given.get("GlobalSecondaryIndexes") or []
        check_indexes(given["KeySchema"], local, of_global)
        on_demand = given.get("BillingMode") == _ON_DEMAND
        if not on_demand:
            for index in of_global:
                if "ProvisionedThroughput" not in index:
                    raise errors.invalid(
                        f"{_INVALID}ProvisionedThroughput must be specified for index: {index['IndexName']}"
                    )
            self._check_quotas(call, None, [given.get("ProvisionedThroughput"), *map(_throughput, of_global)])

    def check_update(self, call: Call) -> None:
        """Refuse a change that AWS would not make (API/API_UpdateTable.html)."""
        state = self._tables.of(call)
        given = call.parameters
        table = state.table
        _keep_definitions(table, given)
        changes = given.get("GlobalSecondaryIndexUpdates") or []
        self._check_index_changes(table, given, changes)
        on_demand = given.get("BillingMode", _ON_DEMAND if table.on_demand else "") == _ON_DEMAND
        if on_demand:
            if "ProvisionedThroughput" in given:
                raise errors.invalid(
                    f"{_INVALID}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when "
                    f"BillingMode is {_ON_DEMAND}"
                )
            if not table.on_demand:
                self._check_switch(table)
            return
        wanted = _wanted(table, given, changes)
        if table.on_demand and any(throughput is None for throughput in wanted.values()):
            raise errors.invalid(
                f"{_INVALID}ProvisionedThroughput must be specified for the table and each index when "
                "BillingMode is PROVISIONED"
            )
        self._check_quotas(call, state, list(wanted.values()))
        if not table.on_demand:
            self._check_unchanged(table, given)
            self._check_decreases(table, given, changes)

    def _check_index_changes(
        self, table: Table, given: Mapping[str, Any], changes: list[dict[str, Any]]
    ) -> None:
        names = {index.name for index in table.global_indexes}
        created = [change["Create"] for change in changes if "Create" in change]
        if len([change for change in changes if "Update" not in change]) > 1:
            raise errors.limit_exceeded(
                "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
            )
        for change in changes:
            for kind, each in change.items():
                if kind != "Create" and each["IndexName"] not in names:
                    raise errors.missing_table()
                if kind == "Create" and each["IndexName"] in {index.name for index in table.indexes}:
                    raise errors.invalid("Attempting to create an index which already exists")
        schema = table.description["KeySchema"]
        described = table.description
        local, of_global = described["LocalSecondaryIndexes"], described["GlobalSecondaryIndexes"]
        check_indexes(schema, local, of_global + created)

    def _check_switch(self, table: Table) -> None:
        """At most four times in any 24 hours to on-demand mode (GUIDE/on-demand-capacity-mode.html)."""
        now_us = self._account.now_us
        switches = self._switches.setdefault(table.arn, deque())
        while switches and switches[0] <= now_us - DAY_US:
            switches.popleft()
        if len(switches) >= MODE_SWITCHES:
            raise errors.limit_exceeded(
                "Subscriber limit exceeded: Update to PayPerRequest mode are limited to "
                f"{MODE_SWITCHES} times in a 24 hour window"
            )

    def _check_quotas(
        self, call: Call, state: TableState | None, wanted: list[Mapping[str, int] | None]
    ) -> None:
        """At most 40,000 units a table or index, and 80,000 in all provisioned tables (GUIDE/ServiceQuotas.html)."""
        others = [
            throughput
            for known in self._tables.known()
            if known is not state and known.region == call.region and not known.table.on_demand
            for throughput in (
                known.table.throughput,
                *(index.throughput for index in known.table.global_indexes),
            )
        ]
        asked = [Throughput.of(throughput) for throughput in wanted]
        for name in ("reads", "writes"):
            mine = [getattr(throughput, name) for throughput in asked]
            total = sum(mine) + sum(getattr(throughput, name) for throughput in others)
            if max(mine) > TABLE_UNITS or total > ACCOUNT_UNITS:
                raise errors.limit_exceeded(
                    f"Subscriber limit exceeded: Provisioned throughput for {name} exceeds the quota of "
                    f"{TABLE_UNITS} units for a table or index, or of {ACCOUNT_UNITS} for the account"
                )

    @staticmethod
    def _check_unchanged(table: Table, given: Mapping[str, Any]) -> None:
        if (
            "ProvisionedThroughput" in given
            and Throughput.of(given["ProvisionedThroughput"]) == table.throughput
        ):
            raise errors.invalid(
                "The provisioned throughput for the table will not change. The requested value equals the "
                f"current value. Current ReadCapacityUnits provisioned for the table: {table.throughput.reads}. "
                f"Current WriteCapacityUnits provisioned for the table: {table.throughput.writes}."
            )

    def _check_decreases(self, table: Table, given: Mapping[str, Any], changes: list[dict[str, Any]]) -> None:
        epoch_us = self._account.epoch_us
        for arn, now, wanted in _changed(table, given, changes):
            decreases = self._decreases.setdefault(arn, Decreases())
            if _goes_down(now, wanted) and not decreases.allowed(epoch_us):
                raise errors.limit_exceeded(
                    "Subscriber limit exceeded: Provisioned throughput decreases are limited within the current "
                    f"UTC day. The current number of decreases today: {decreases.today(epoch_us)}. "
                    "One more becomes available each hour."
                )

    # After moto

    def created(self, call: Call, response: dict[str, Any]) -> None:
        """Keep what moto forgets of a new table, and complete the reply."""
        self._keep_maximums(response["TableDescription"], call.parameters)
        self._changed(call)
        self._complete(call, response["TableDescription"])

    def updated(self, call: Call, response: dict[str, Any]) -> None:
        """Count what may be done only so often, and let the change take effect."""
        table = self._tables.of(call).table
        given = call.parameters
        changes = given.get("GlobalSecondaryIndexUpdates") or []
        if given.get("BillingMode") == _ON_DEMAND and not table.on_demand:
            self._switches.setdefault(table.arn, deque()).append(self._account.now_us)
        elif not table.on_demand:
            for arn, now, wanted in _changed(table, given, changes):
                decreases = self._decreases.setdefault(arn, Decreases())
                if _goes_down(now, wanted):
                    decreases.count(self._account.epoch_us)
                if wanted.reads > now.reads or wanted.writes > now.writes:
                    decreases.raised_us = self._account.epoch_us
        self._keep_maximums(response["TableDescription"], given)
        self._changed(call)
        self._complete(call, response["TableDescription"])

    def described(self, call: Call, response: dict[str, Any]) -> None:
        """Tell what moto leaves out of a table."""
        self._complete(call, response["Table"])

    def limits(self, _call: Call, response: dict[str, Any]) -> None:
        """The quotas of the account (API/API_DescribeLimits.html)."""
        for kind in ("Read", "Write"):
            response[f"AccountMax{kind}CapacityUnits"] = ACCOUNT_UNITS
            response[f"TableMax{kind}CapacityUnits"] = TABLE_UNITS

    def _changed(self, call: Call) -> None:
        """Read the configuration at once: it is from now on that other throughput flows."""
        self._tables.changed(call.parameters["TableName"], call.region, call.account_id)
        self._tables.of(call)

    def _keep_maximums(self, description: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        arn, kept = description["TableArn"], self._tables.maximums
        sources = {arn: given}
        for index in given.get("GlobalSecondaryIndexes") or ():
            sources[f"{arn}/index/{index['IndexName']}"] = index
        for change in given.get("GlobalSecondaryIndexUpdates") or ():
            for each in change.values():
                sources[f"{arn}/index/{each['IndexName']}"] = each
        for own, source in sources.items():
            if "OnDemandThroughput" in source:
                kept[own] = {**_NO_MAXIMUM, **kept.get(own, {}), **source["OnDemandThroughput"]}

    def _complete(self, call: Call, description: dict[str, Any]) -> None:
        self._tables.complete(description)
        state = self._tables.of(call, description["TableName"])
        volumes = self._volumes.of(state)
        description["ItemCount"], description["TableSizeBytes"] = volumes[None]
        self._tell_changes(state.arn, description)
        for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
            for index in description.get(kind) or ():
                name = index["IndexName"]
                index["ItemCount"], index["IndexSizeBytes"] = volumes[name]
                index["IndexArn"] = f"{state.arn}/index/{name}"
                self._tell_changes(index["IndexArn"], index)

    def _tell_changes(self, arn: str, description: dict[str, Any]) -> None:
        """When the throughput last went up and down, and how often down today."""
        decreases, shown = self._decreases.get(arn), description.get("ProvisionedThroughput")
        if shown is None:
            return
        shown["NumberOfDecreasesToday"] = 0
        if decreases is not None:
            shown["NumberOfDecreasesToday"] = decreases.today(self._account.epoch_us)
            for member, at_us in (
                ("LastIncreaseDateTime", decreases.raised_us),
                ("LastDecreaseDateTime", decreases.lowered_us),
            ):
                if at_us is not None:
                    shown[member] = datetime.fromtimestamp(at_us / SECOND_US, UTC)

    def _gone(self, state: TableState) -> None:
        for kept in (self._decreases, self._switches, self._tables.maximums):
            for arn in [arn for arn in kept if arn == state.arn or arn.startswith(f"{state.arn}/")]:
                del kept[arn]


def _keep_definitions(table: Table, given: dict[str, Any]) -> None:
    """A request defines the key attributes of a new index; moto would forget those that the table has."""
    if given.get("AttributeDefinitions"):
        defined = dict(table.types)
        defined.update(
            {each["AttributeName"]: each["AttributeType"] for each in given["AttributeDefinitions"]}
        )
        given["AttributeDefinitions"] = [
            {"AttributeName": name, "AttributeType": kind} for name, kind in defined.items()
        ]


def _throughput(index: Mapping[str, Any]) -> Mapping[str, int] | None:
    return index.get("ProvisionedThroughput")


def _wanted(
    table: Table, given: Mapping[str, Any], changes: list[dict[str, Any]]
) -> dict[str | None, Mapping[str, int] | None]:
    """What a table and its global indexes will have provisioned, by name of the index; None for what is not said."""

    def now(throughput: Throughput) -> Mapping[str, int] | None:
        if table.on_demand:
            return None
        return {"ReadCapacityUnits": int(throughput.reads), "WriteCapacityUnits": int(throughput.writes)}

    wanted = {None: given.get("ProvisionedThroughput", now(table.throughput))} | {
        index.name: now(index.throughput) for index in table.global_indexes
    }
    for change in changes:
        for kind, each in change.items():
            if kind == "Delete":
                del wanted[each["IndexName"]]
            elif "ProvisionedThroughput" in each:
                wanted[each["IndexName"]] = each["ProvisionedThroughput"]
    return wanted


def _changed(
    table: Table, given: Mapping[str, Any], changes: list[dict[str, Any]]
) -> Iterator[tuple[str, Throughput, Throughput]]:
    """Each table or index whose throughput a request sets: its ARN, what it has and what it will have."""
    if "ProvisionedThroughput" in given:
        yield table.arn, table.throughput, Throughput.of(given["ProvisionedThroughput"])
    for change in changes:
        update = change.get("Update", {})
        index = table.index(update.get("IndexName", ""))
        if index is not None and "ProvisionedThroughput" in update:
            yield index.arn, index.throughput, Throughput.of(update["ProvisionedThroughput"])


def _goes_down(now: Throughput, wanted: Throughput) -> bool:
    return wanted.reads < now.reads or wanted.writes < now.writes
