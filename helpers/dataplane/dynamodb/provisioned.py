"""The metrics of provisioned throughput, a point every five minutes. AWS: GUIDE/metrics-dimensions.html.

Nothing is written while time passes: the points since the last look are made up when somebody looks, or when the
throughput changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from helpers.cloud import Account, Call
from helpers.dataplane.dynamodb.limits import MINUTE_US, SECOND_US
from helpers.dataplane.dynamodb.tables import Table, Tables, TableState

_SLOT_US = 5 * MINUTE_US
_AT_ONCE = 1_000  # metrics a PutMetricData takes


class ProvisionedMetrics:
    """Publishes ProvisionedReadCapacityUnits and ProvisionedWriteCapacityUnits of tables and global indexes."""

    def __init__(self, account: Account, tables: Tables) -> None:
        self._account = account
        self._tables = tables
        self._next_us: dict[TableState, int] = {}
        self._points: list[dict[str, Any]] = []
        tables.when_changed(self._note)
        tables.when_gone(self._gone)

    def publish(self, _call: Call) -> None:
        """Hand all points so far to CloudWatch."""
        for state in self._tables.known():
            self._note(state, state.table)
        points, self._points = self._points, []
        for first in range(0, len(points), _AT_ONCE):
            data = {"Namespace": "AWS/DynamoDB", "MetricData": points[first : first + _AT_ONCE]}
            self._account.ask("cloudwatch", "PutMetricData", data)

    def _note(self, state: TableState, table: Table) -> None:
        """Make up the points since the last ones: until now it was as `table` says."""
        made_us = round(table.description["CreationDateTime"].timestamp() * SECOND_US)
        slot_us = self._next_us.get(state, made_us // _SLOT_US * _SLOT_US)
        while slot_us <= self._account.epoch_us:
            if not table.on_demand:
                self._points.extend(_points(table, datetime.fromtimestamp(slot_us // SECOND_US, UTC)))
            slot_us += _SLOT_US
        self._next_us[state] = slot_us

    def _gone(self, state: TableState) -> None:
        self._note(state, state.table)
        del self._next_us[state]


def _points(table: Table, at: datetime) -> Iterator[dict[str, Any]]:
    own = {"TableName": table.name}
    provisioned = [(own, table.throughput)] + [
        ({**own, "GlobalSecondaryIndexName": index.name}, index.throughput) for index in table.global_indexes
    ]
    for dimensions, throughput in provisioned:
        for kind, value in (("Read", throughput.reads), ("Write", throughput.writes)):
            yield {
                "MetricName": f"Provisioned{kind}CapacityUnits",
                "Dimensions": [{"Name": name, "Value": text} for name, text in dimensions.items()],
                "Timestamp": at,
                "Value": float(value),
                "Unit": "Count",
            }
