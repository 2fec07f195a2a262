"""The read and write capacity of one table or global index: who gets how much of it, and which partition gives it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import NamedTuple

from helpers.dataplane.dynamodb.limits import PARTITION_READS, PARTITION_WRITES
from helpers.dataplane.dynamodb.models import Models
from helpers.dataplane.dynamodb.modes import Limit, OnDemand, Provisioned
from helpers.dataplane.dynamodb.partitions import Partitions


class Direction(StrEnum):
    """What units are for; it stands in throttling reasons and in the names of metrics."""

    READ = "Read"
    WRITE = "Write"


PARTITION_LIMITS = {Direction.READ: PARTITION_READS, Direction.WRITE: PARTITION_WRITES}


@dataclass(frozen=True, slots=True)
class Resource:
    """A table, or a global index of one (`index` is its name), as throttling reasons and metrics name it."""

    table: str
    index: str | None
    arn: str


class Share(NamedTuple):
    """The part of a request that falls to the partition of one position."""

    position: int
    units: float


class Supply:
    """The read or the write capacity of one table or global index."""

    def __init__(
        self,
        resource: Resource,
        direction: Direction,
        mode: Provisioned | OnDemand,
        models: Models,
        now_us: int,
    ) -> None:
        self.resource = resource
        self.direction = direction
        self.mode = mode
        self.took: Callable[[float], None] | None = None
        """Whom to tell of units that are taken: auto scaling, where the table has it."""
        self._models = models
        self._least = 1
        self.partitions = Partitions(1, PARTITION_LIMITS[direction], 1, now_us)

    def spread(self, least: int, now_us: int) -> None:
        """Lie on at least so many partitions, as the other direction asks for them, unless a model says how many.

        A table never has fewer partitions than it had.
        """
        most = PARTITION_LIMITS[self.direction]
        self._least = max(self._least, least, self.partitions_needed(now_us))
        count = self._models.partitions or self._least
        if self._models.adaptive_capacity or isinstance(self.mode, OnDemand):
            self.partitions.spread(count, most, 1, now_us)
        else:
            share = min(most, self.mode.rate / count)
            self.partitions.spread(count, share, max(self._models.burst_s, 1), now_us)

    def partitions_needed(self, now_us: int) -> int:
        """How many partitions the throughput of this mode asks for now."""
        rate = self.mode.ceiling(now_us) if isinstance(self.mode, OnDemand) else self.mode.rate
        return max(1, ceil(rate / PARTITION_LIMITS[self.direction]))

    def refusal(self, units: float, shares: Sequence[Share], now_us: int) -> Limit | None:
        """Which limit speaks against a request of `units` now, if any."""
        limit = self.mode.refusal(units, now_us)
        if limit is None:
            if isinstance(self.mode, OnDemand) and self.partitions_needed(now_us) > self._least:
                self.spread(1, now_us)
            for share in shares:
                if not self.partitions.holds(share.position, share.units, now_us):
                    self.partitions.refuse(share.position, now_us, self._models.split_for_heat_s)
                    limit = self._hot()
        return limit

    def take(self, units: float, shares: Sequence[Share], now_us: int) -> None:
        """A request of `units` passes."""
        self.mode.take(units, now_us)
        if self.took is not None:
            self.took(units)
        for share in shares:
            self.partitions.take(share.position, share.units, now_us)

    def _hot(self) -> Limit:
        """Without adaptive capacity it is the table's provisioned throughput that a partition has no more of."""
        shared = isinstance(self.mode, Provisioned) and not self._models.adaptive_capacity
        return Limit.PROVISIONED if shared else Limit.KEY_RANGE


class Charge(NamedTuple):
    """Units that a request takes from one supply, and from which of its partitions."""

    supply: Supply
    units: float
    shares: tuple[Share, ...]
