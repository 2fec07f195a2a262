"""How often provisioned throughput may go down. AWS: GUIDE/ServiceQuotas.html, "Decreasing provisioned throughput"."""

from __future__ import annotations

from helpers.dataplane.dynamodb.limits import DAY_US, DECREASES, SECOND_US

_HOUR_US = 3_600 * SECOND_US


class Decreases:
    """Those of one table or index: 4 at hand at the start of a UTC day, one more each hour, never more than 4.

    Times are microseconds since 1970.
    """

    def __init__(self) -> None:
        self._day = -1
        self._hour = 0
        self._left = 0
        self._today = 0
        self.lowered_us: int | None = None
        self.raised_us: int | None = None

    def allowed(self, epoch_us: int) -> bool:
        """True if the throughput may go down now."""
        self._settle(epoch_us)
        return self._left > 0

    def today(self, epoch_us: int) -> int:
        """How often it went down this day."""
        self._settle(epoch_us)
        return self._today

    def count(self, epoch_us: int) -> None:
        """It goes down."""
        self._settle(epoch_us)
        self._left -= 1
        self._today += 1
        self.lowered_us = epoch_us

    def _settle(self, epoch_us: int) -> None:
        day, hour = epoch_us // DAY_US, epoch_us // _HOUR_US
        if day != self._day:
            self._day, self._hour, self._left, self._today = day, hour, DECREASES, 0
        self._left = min(DECREASES, self._left + hour - self._hour)
        self._hour = hour
