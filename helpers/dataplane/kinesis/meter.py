"""How much of something passes in a second: the measure of every throughput limit here.

AWS publishes rates, not how it counts a second. The assumption here: a second begins with the first use after the one
before it ended. What one use takes beyond the rate is owed by the seconds that follow, so that the average holds: a
page of 10 MiB at 2 MiB/s keeps a shard's readers out for 5 seconds (API/API_GetRecords.html), a record of 10 MiB its
writers for 10 (GUIDE/large-records.html: bursts up to 10 MiB, 1 MiB/s on average).
"""

from __future__ import annotations

from helpers.dataplane.kinesis.limits import SECOND_US


class Meter:
    """Uses of one kind, at most `rate` a second."""

    __slots__ = ("_began_us", "_used", "rate")

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._used = 0
        self._began_us = -SECOND_US

    def used(self, now_us: int) -> int:
        """What was used in the second of `now_us`, debts of earlier ones included."""
        seconds = (now_us - self._began_us) // SECOND_US
        if seconds > 0:
            self._used = max(0, self._used - self.rate * seconds)
            self._began_us = self._began_us + seconds * SECOND_US if self._used else now_us
        return self._used

    def holds(self, amount: int, now_us: int) -> bool:
        """True if `amount` fits into the second of `now_us`, or is larger than the rate and the second is unused."""
        used = self.used(now_us)
        return used == 0 or used + amount <= self.rate

    def open(self, now_us: int) -> bool:
        """True if anything is left of the second of `now_us`."""
        return self.used(now_us) < self.rate

    def take(self, amount: int, now_us: int) -> None:
        """Use `amount`."""
        self.used(now_us)
        self._used += amount

    def free_us(self, now_us: int) -> int:
        """When something will be left again: `now_us`, or the end of the seconds that are used up."""
        used = self.used(now_us)
        return now_us if used < self.rate else self._began_us + used // self.rate * SECOND_US
