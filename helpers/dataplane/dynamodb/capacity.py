"""The capacity of all tables and global indexes of an account: requests are let through here, or throttled.

AWS: GUIDE/provisioned-capacity-mode.html, GUIDE/on-demand-capacity-mode.html, GUIDE/burst-adaptive-capacity.html,
GUIDE/gsi-throttling.html, GUIDE/throttling-diagnosing-workflow.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from math import ceil
from typing import NamedTuple

from helpers.cloud import Account
from helpers.dataplane.dynamodb.limits import NEW_READS, NEW_WRITES
from helpers.dataplane.dynamodb.metrics import Metrics
from helpers.dataplane.dynamodb.models import Models
from helpers.dataplane.dynamodb.modes import OnDemand, Provisioned
from helpers.dataplane.dynamodb.supply import PARTITION_LIMITS, Charge, Direction, Resource, Share, Supply
from helpers.dataplane.dynamodb.tables import Index, Table, Tables, TableState, Throughput
from helpers.dataplane.dynamodb.throttling import Refusal, Throttled

_NEW = {Direction.READ: NEW_READS, Direction.WRITE: NEW_WRITES}


class _Setting(NamedTuple):
    """What the configuration of a table or global index says of its capacity in one direction.

    `rate` is what is provisioned, None on demand; `warm` what it takes at once; `maximum` the OnDemandThroughput.
    """

    rate: float | None
    warm: float
    maximum: float | None


class _Pair:
    """Both supplies of a table or global index, what they are set to, and the most that was ever provisioned."""

    def __init__(self) -> None:
        self.supplies: dict[Direction, Supply] = {}
        self.settings: dict[Direction, _Setting] = {}
        self.highest = dict.fromkeys(Direction, 0.0)


class Capacity:
    """The capacity of all tables of an account. It costs nothing while nothing is read or written."""

    def __init__(self, account: Account, tables: Tables, models: Models, metrics: Metrics) -> None:
        self._account = account
        self._models = models
        self.metrics = metrics
        self._pairs: dict[TableState, dict[str | None, _Pair]] = {}
        self._shape = self._shape_of(models)
        tables.when_changed(self._changed)
        tables.when_gone(self._gone)

    # Who gives

    def supply(self, state: TableState, index: Index | None, direction: Direction) -> Supply:
        """The capacity that a read or write of the table, or of one of its indexes, takes: a local one takes the
        table's.
        """
        shape = self._shape_of(self._models)
        if shape != self._shape:
            self._shape = shape
            for pairs in self._pairs.values():
                self._spread(pairs)
        pairs = self._pairs.get(state) or self._configure(state, state.table)
        return pairs[index.name if index is not None and index.is_global else None].supplies[direction]

    # Who gets

    def require(self, charges: Iterable[Charge]) -> None:
        """Raise Throttled if a request with these charges may not pass now."""
        now_us = self._account.now_us
        refusals = []
        for charge in charges:
            limit = charge.supply.refusal(charge.units, charge.shares, now_us)
            if limit is not None:
                refusals.append(Refusal(charge.supply, limit))
        if refusals:
            self.metrics.refused(refusals)
            raise Throttled(refusals)

    def refuse_together(self, requests: Sequence[Iterable[Charge]]) -> list[Throttled | None]:
        """Why each of some requests, which pass together or not at all, may not pass now; None where nothing speaks
        against it.
        """
        now_us = self._account.now_us
        units: dict[Supply, float] = {}
        shares: dict[Supply, list[Share]] = {}
        for charge in (charge for charges in requests for charge in charges):
            units[charge.supply] = units.get(charge.supply, 0.0) + charge.units
            shares.setdefault(charge.supply, []).extend(charge.shares)
        limits = {supply: supply.refusal(units[supply], shares[supply], now_us) for supply in units}
        refused = []
        for charges in requests:
            found = [
                (supply, limits[supply]) for supply in dict.fromkeys(charge.supply for charge in charges)
            ]
            refusals = [Refusal(supply, limit) for supply, limit in found if limit is not None]
            self.metrics.refused(refusals)
            refused.append(Throttled(refusals) if refusals else None)
        return refused

    def spend(self, charges: Iterable[Charge]) -> None:
        """A request with these charges passes."""
        now_us = self._account.now_us
        for charge in charges:
            charge.supply.take(charge.units, charge.shares, now_us)
            self.metrics.consumed(charge)

    def request_throttled(self, operation: str, error: Throttled) -> Throttled:
        """A whole request fails because of `error`, which is what the caller is told."""
        self.metrics.throttled(operation, error.refusals)
        return error

    # What the configuration says

    def _changed(self, state: TableState, before: Table) -> None:
        if state not in self._pairs:  # what it saved until now it saved at the old rate
            self._configure(state, before)
        self._configure(state, state.table)

    def _gone(self, state: TableState) -> None:
        self._pairs.pop(state, None)

    def _configure(self, state: TableState, table: Table) -> dict[str | None, _Pair]:
        """Follow a table's configuration: new supplies, other rates, other modes."""
        pairs = self._pairs.setdefault(state, {})
        indexes = {index.name: index for index in table.global_indexes}
        for name in [name for name in pairs if name is not None and name not in indexes]:
            del pairs[name]
        now_us = self._account.now_us if pairs else self._made_us(table)
        for index in (None, *indexes.values()):
            pair = pairs.setdefault(index.name if index is not None else None, _Pair())
            for direction in Direction:
                self._set(pair, table, index, direction, now_us)
        self._spread(pairs)
        return pairs

    def _set(self, pair: _Pair, table: Table, index: Index | None, direction: Direction, now_us: int) -> None:
        wanted, known = _setting(table, index, direction), pair.settings.get(direction)
        pair.settings[direction] = wanted
        if wanted == known:
            return
        supply, highest = pair.supplies.get(direction), pair.highest[direction]
        pair.highest[direction] = max(highest, wanted.rate or 0)
        mode = supply.mode if supply is not None else None
        if wanted.rate is None:
            if isinstance(mode, OnDemand):
                mode.limit(wanted.maximum, now_us)
                mode.warm(wanted.warm)
                return
            mode = OnDemand(max(_NEW[direction], wanted.warm, highest), wanted.maximum, self._models, now_us)
        else:
            if isinstance(mode, Provisioned):
                mode.change(wanted.rate, now_us)
                return
            if isinstance(mode, OnDemand):
                pair.highest[direction] = max(highest, mode.ceiling(now_us))
            mode = Provisioned(wanted.rate, self._models, now_us)
        if supply is None:
            arn = table.arn if index is None else index.arn
            resource = Resource(table.name, index.name if index is not None else None, arn)
            pair.supplies[direction] = Supply(resource, direction, mode, self._models, now_us)
        else:
            supply.mode = mode

    def _spread(self, pairs: dict[str | None, _Pair]) -> None:
        now_us = self._account.now_us
        for pair in pairs.values():
            needed = max(
                max(
                    supply.partitions_needed(now_us),
                    ceil(pair.settings[direction].warm / PARTITION_LIMITS[direction]),
                )
                for direction, supply in pair.supplies.items()
            )
            for supply in pair.supplies.values():
                supply.spread(needed, now_us)

    def _made_us(self, table: Table) -> int:
        made: datetime = table.description["CreationDateTime"]
        since_s = self._account.datetime.timestamp() - made.timestamp()
        return self._account.now_us - min(self._account.now_us, max(0, round(since_s * 1e6)))

    @staticmethod
    def _shape_of(models: Models) -> tuple[bool, int | None, float]:
        return models.adaptive_capacity, models.partitions, models.burst_s


def _setting(table: Table, index: Index | None, direction: Direction) -> _Setting:
    source = table if index is None else index

    def of(throughput: Throughput) -> float:
        return throughput.reads if direction is Direction.READ else throughput.writes

    rate = None if table.on_demand else of(source.throughput)
    return _Setting(rate, of(source.warm), of(source.maximum) or None)
