"""Units that flow in at a steady rate and are kept for a while: the measure of every throughput limit here.

AWS publishes rates ("units a second") and how long unused capacity is kept, not how it counts within a second. The rule
here: a request passes if its units are there, or, should it be larger than that, a whole second's worth; what it takes
beyond the stock is a debt that the inflow pays first.
"""

from __future__ import annotations

from helpers.dataplane.dynamodb.limits import SECOND_US

_GRAIN = SECOND_US * SECOND_US
"""Parts that a unit is counted in, so that whole microseconds of a rate in millionths are whole numbers."""


class Bucket:
    """A stock of units with a steady inflow. Exact: nothing is lost to rounding."""

    __slots__ = ("_at_us", "_flow", "_kept", "_stock")

    def __init__(self, rate: float, kept_s: float, stock_s: float, now_us: int) -> None:
        """`rate` in units a second; room for `kept_s` seconds of it, filled with `stock_s` seconds of it."""
        self._flow = round(rate * SECOND_US)
        self._kept = round(kept_s * SECOND_US) * self._flow
        self._stock = min(self._kept, round(stock_s * SECOND_US) * self._flow)
        self._at_us = now_us

    def resize(self, rate: float, kept_s: float, now_us: int) -> None:
        """Flow at another rate from now on; what does not fit any more is lost."""
        self._settle(now_us)
        self._flow = round(rate * SECOND_US)
        self._kept = round(kept_s * SECOND_US) * self._flow
        self._stock = min(self._stock, self._kept)

    def holds(self, units: float, now_us: int) -> bool:
        """True if a request of `units` may pass now."""
        self._settle(now_us)
        return self._stock >= min(round(units * _GRAIN), self._flow * SECOND_US)

    def take(self, units: float, now_us: int) -> None:
        """A request of `units` passes."""
        self._settle(now_us)
        self._stock -= round(units * _GRAIN)

    def stock(self, now_us: int) -> float:
        """Units that are there now; negative while a debt is being paid."""
        self._settle(now_us)
        return self._stock / _GRAIN

    def _settle(self, now_us: int) -> None:
        if now_us > self._at_us:
            self._stock = min(self._kept, self._stock + self._flow * (now_us - self._at_us))
            self._at_us = now_us
