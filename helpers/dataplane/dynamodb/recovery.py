"""Point-in-time recovery: a new table that holds the items of another one as they were at a second of the past.

AWS: GUIDE/Point-in-time-recovery.html, API/API_RestoreTableToPointInTime.html. moto makes the table and copies the
items of now; what was written since is undone in the copy.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from helpers.cloud import Account, Call, ServiceError
from helpers.dataplane.dynamodb import errors
from helpers.dataplane.dynamodb.changes import Change
from helpers.dataplane.dynamodb.items import Items
from helpers.dataplane.dynamodb.limits import DAY_US, RECOVERY_DAYS, RESTORABLE_AFTER_US, SECOND_US
from helpers.dataplane.dynamodb.size import Item
from helpers.dataplane.dynamodb.tables import Tables, TableState


class _Write(NamedTuple):
    epoch_us: int
    key: Item
    before: Item | None


@dataclass
class _History:
    """The writes of a table since recovery was enabled, or of its period if that is less; oldest first."""

    enabled_us: int
    period_us: int
    writes: deque[_Write] = field(default_factory=deque)

    def restorable(self, epoch_us: int) -> tuple[int, int]:
        """The earliest and the latest instant to go back to."""
        earliest = max(self.enabled_us, epoch_us - self.period_us)
        return earliest, max(earliest, epoch_us - RESTORABLE_AFTER_US)


class Recovery:
    """Remembers the writes of tables with point-in-time recovery, and completes what moto restores."""

    def __init__(self, account: Account, tables: Tables, items: Items) -> None:
        self._account = account
        self._tables = tables
        self._items = items
        self._histories: dict[TableState, _History] = {}
        self._of_on_demand: set[str] = set()
        """ARNs of the backups of on-demand tables."""
        tables.when_gone(self._forget)

    def changed(self, change: Change) -> None:
        """An item was written."""
        history = self._histories.get(change.table)
        if history is None:
            return
        now_us = self._account.epoch_us
        earliest_us, _ = history.restorable(now_us)
        while history.writes and history.writes[0].epoch_us <= earliest_us:
            history.writes.popleft()
        history.writes.append(_Write(now_us, dict(change.key), change.before))

    def switched(self, call: Call, response: dict[str, Any]) -> None:
        """UpdateContinuousBackups has enabled or disabled recovery, or changed its period."""
        state = self._tables.of(call)
        asked = call.parameters["PointInTimeRecoverySpecification"]
        if not asked["PointInTimeRecoveryEnabled"]:
            self._forget(state)
            return
        history = self._histories.setdefault(state, _History(self._account.epoch_us, 0))
        history.period_us = asked.get("RecoveryPeriodInDays", RECOVERY_DAYS) * DAY_US
        self.described(call, response)

    def described(self, call: Call, response: dict[str, Any]) -> None:
        """Say in the answer of moto between which instants one can choose."""
        history = self._histories.get(self._tables.of(call))
        if history is not None:
            told = response["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
            told["RecoveryPeriodInDays"] = history.period_us // DAY_US
            names = ("EarliestRestorableDateTime", "LatestRestorableDateTime")
            for name, instant_us in zip(names, history.restorable(self._account.epoch_us), strict=True):
                told[name] = datetime.fromtimestamp(instant_us / SECOND_US, UTC)

    def check(self, call: Call) -> None:
        """Refuse a restore where recovery is off, or to an instant that is out of reach."""
        source = self._source(call)
        if source is not None:
            self._instant(source, call.parameters)

    def restored(self, call: Call, response: dict[str, Any]) -> None:
        """A table was made with the items of now: undo in it what was written since the instant."""
        source = self._source(call)
        if source is None:
            return
        instant_us = self._instant(source, call.parameters)
        target = self._tables.at(call.parameters["TargetTableName"], call.region, call.account_id)
        for write in reversed(self._histories[source].writes):
            if write.epoch_us > instant_us:
                self._items.restore(target, write.key, write.before)
        self._set_mode(call, response, on_demand=source.table.on_demand)
        summary = response["TableDescription"]["RestoreSummary"]
        summary["RestoreDateTime"] = datetime.fromtimestamp(instant_us / SECOND_US, UTC)

    def backed_up(self, call: Call, response: dict[str, Any]) -> None:
        """A backup was made."""
        if self._tables.of(call).table.on_demand:
            self._of_on_demand.add(response["BackupDetails"]["BackupArn"])

    def copied(self, call: Call, response: dict[str, Any]) -> None:
        """A table was made from a backup."""
        self._set_mode(call, response, on_demand=call.parameters["BackupArn"] in self._of_on_demand)

    def _set_mode(self, call: Call, response: dict[str, Any], *, on_demand: bool) -> None:
        """Let the new table be on demand if its source was, which moto forgets, or if the call asks for it."""
        mode = call.parameters.get("BillingModeOverride", "PAY_PER_REQUEST" if on_demand else "PROVISIONED")
        if mode == "PAY_PER_REQUEST":
            name = call.parameters["TargetTableName"]
            asked = {"TableName": name, "BillingMode": mode}
            self._account.ask(
                "dynamodb", "UpdateTable", asked, region=call.region, account_id=call.account_id
            )
            self._tables.changed(name, call.region, call.account_id)
            response["TableDescription"]["BillingModeSummary"] = {"BillingMode": mode}

    def _forget(self, state: TableState) -> None:
        self._histories.pop(state, None)

    def _source(self, call: Call) -> TableState | None:
        """The table to restore from; None if there is none, which moto tells."""
        given = call.parameters
        name = given.get("SourceTableName") or given.get("SourceTableArn") or ""
        return self._tables.find(name, call.region, call.account_id)

    def _instant(self, source: TableState, parameters: dict[str, Any]) -> int:
        """The instant that a restore asks for, in microseconds since 1970."""
        history = self._histories.get(source)
        if history is None:
            message = f"Point in time recovery is not enabled for table '{source.table.name}'"
            raise ServiceError("PointInTimeRecoveryUnavailableException", message)
        earliest_us, latest_us = history.restorable(self._account.epoch_us)
        asked = parameters.get("RestoreDateTime")
        if parameters.get("UseLatestRestorableTime"):
            return latest_us
        if asked is None:
            raise errors.invalid("RestoreDateTime or UseLatestRestorableTime must be given.")
        instant_us = round(_seconds(asked) * SECOND_US)
        if not earliest_us // SECOND_US * SECOND_US <= instant_us <= latest_us:
            message = (
                "RestoreDateTime must be between EarliestRestorableDateTime and LatestRestorableDateTime."
            )
            raise ServiceError("InvalidRestoreTimeException", message)
        return instant_us


def _seconds(given: Any) -> float:
    return float(given.timestamp()) if isinstance(given, datetime) else float(given)
