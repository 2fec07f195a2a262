"""What the capacity mode of a table lets through: provisioned throughput with its burst, or on demand.

AWS: GUIDE/provisioned-capacity-mode.html, GUIDE/burst-adaptive-capacity.html, GUIDE/on-demand-capacity-mode.html,
GUIDE/on-demand-capacity-mode-max-throughput.html.
"""

from __future__ import annotations

from enum import StrEnum

from helpers.dataplane.dynamodb.bucket import Bucket
from helpers.dataplane.dynamodb.limits import DOUBLING_US, MINUTE_US, TABLE_UNITS
from helpers.dataplane.dynamodb.models import Models


class Limit(StrEnum):
    """Which limit refuses a request, as ThrottlingReasons name it (GUIDE/throttling-diagnosing-workflow.html)."""

    PROVISIONED = "ProvisionedThroughputExceeded"
    KEY_RANGE = "KeyRangeThroughputExceeded"
    MAXIMUM = "MaxOnDemandThroughputExceeded"
    ACCOUNT = "AccountLimitExceeded"


class Provisioned:
    """So many units a second, and up to 300 seconds of what was left unused."""

    def __init__(self, rate: float, models: Models, now_us: int) -> None:
        self.rate = rate
        self._models = models
        self._bucket = Bucket(rate, max(models.burst_s, 1), max(models.first_burst_s, 1), now_us)

    def change(self, rate: float, now_us: int) -> None:
        """UpdateTable has set another rate. What was saved is kept as far as there is room."""
        self.rate = rate
        self._bucket.resize(rate, max(self._models.burst_s, 1), now_us)

    def refusal(self, units: float, now_us: int) -> Limit | None:
        """What speaks against a request of `units` now."""
        return None if self._bucket.holds(units, now_us) else Limit.PROVISIONED

    def take(self, units: float, now_us: int) -> None:
        """A request of `units` passes."""
        self._bucket.take(units, now_us)

    def saved(self, now_us: int) -> float:
        """Units that are at hand now, those saved for a burst included."""
        return self._bucket.stock(now_us)


class OnDemand:
    """Twice the highest traffic so far, and at least what a new table takes; more than that half an hour later."""

    def __init__(self, first: float, maximum: float | None, models: Models, now_us: int) -> None:
        """`first`: units a second from the start; `maximum`: what OnDemandThroughput allows, None for no such limit."""
        self._first = first
        self._models = models
        self._peaks: list[tuple[int, float]] = []
        self._known = 0.0
        self._highest = 0.0
        self._minute_us = now_us // MINUTE_US
        self._minute_units = 0.0
        self._ceiling = min(first, TABLE_UNITS)
        self._bucket = Bucket(self._ceiling, 1, 1, now_us)
        self._limit: Bucket | None = None
        self.limit(maximum, now_us)

    def limit(self, maximum: float | None, now_us: int) -> None:
        """Let OnDemandThroughput be `maximum` from now on. Burst capacity may exceed it for a while."""
        self._limit = None if maximum is None else Bucket(maximum, max(self._models.burst_s, 1), 1, now_us)

    def warm(self, rate: float) -> None:
        """Take at least `rate` units a second from now on (WarmThroughput)."""
        self._first = max(self._first, rate)

    def ceiling(self, now_us: int) -> float:
        """Units a second that pass at once: at most twice the peak of half an hour ago or earlier, or the quota."""
        self._close_minute(now_us)
        while self._peaks and self._peaks[0][0] + DOUBLING_US <= now_us:
            self._known = self._peaks.pop(0)[1]
        ceiling = min(max(self._first, 2 * self._known), TABLE_UNITS)
        if ceiling != self._ceiling:
            self._ceiling = ceiling
            self._bucket.resize(ceiling, 1, now_us)
        return ceiling

    def refusal(self, units: float, now_us: int) -> Limit | None:
        """What speaks against a request of `units` now."""
        ceiling = self.ceiling(now_us)
        if self._limit is not None and not self._limit.holds(units, now_us):
            return Limit.MAXIMUM
        if self._bucket.holds(units, now_us):
            return None
        return Limit.ACCOUNT if ceiling >= TABLE_UNITS else Limit.KEY_RANGE

    def take(self, units: float, now_us: int) -> None:
        """A request of `units` passes."""
        self._close_minute(now_us)
        self._minute_units += units
        self._bucket.take(units, now_us)
        if self._limit is not None:
            self._limit.take(units, now_us)

    def _close_minute(self, now_us: int) -> None:
        """The traffic that counts as a peak is the average of a minute."""
        minute = now_us // MINUTE_US
        if minute != self._minute_us:
            rate = self._minute_units / 60
            if rate > self._highest:
                self._highest = rate
                self._peaks.append(((self._minute_us + 1) * MINUTE_US, rate))
            self._minute_us, self._minute_units = minute, 0.0
