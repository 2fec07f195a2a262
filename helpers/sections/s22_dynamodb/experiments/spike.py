"""A spike of writes, read from a trail: each write with its attempts, and the units that were left meanwhile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from helpers.experiments import CallRow

THROTTLED = frozenset(
    {"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"}
)
"""The codes of a throttled call, GUIDE/Programming.Errors.html."""


class Attempt(NamedTuple):
    """One attempt of a write: when it was sent, when it was answered, and whether it was taken."""

    start_s: float
    end_s: float
    taken: bool


class Write(NamedTuple):
    """One write: its number (from 1) and its attempts, at least one."""

    number: int
    attempts: tuple[Attempt, ...]

    @property
    def taken(self) -> bool:
        """Whether it was carried out in the end."""
        return self.attempts[-1].taken

    @property
    def throttled(self) -> bool:
        """Whether any attempt of it was throttled."""
        return not self.attempts[0].taken


def writes(rows: Sequence[CallRow], key: str) -> list[Write]:
    """The puts of items whose partition key, the attribute `key`, is a number, in the order of these numbers."""
    by_number: dict[int, list[Attempt]] = defaultdict(list)
    for row in rows:
        if row.operation == "PutItem":
            number = int(row.parameters["Item"][key]["S"])
            by_number[number].append(Attempt(row.start_s, row.end_s, row.error is None))
    return [Write(number, tuple(by_number[number])) for number in sorted(by_number)]


class Store:
    """Units that flow in at `rate` a second since `start_s` and are kept for `kept_s`, as AWS documents it.

    It begins with those of the present second. A call that needs more than there are leaves a debt.
    GUIDE/burst-adaptive-capacity.html
    """

    def __init__(self, rate: float, kept_s: float, start_s: float) -> None:
        self.rate = rate
        self.most = kept_s * rate
        self._times, self._units = [start_s], [float(rate)]

    def at(self, time_s: float) -> float:
        """Units that are left at a time after the last call."""
        return min(self.most, self._units[-1] + self.rate * (time_s - self._times[-1]))

    def take(self, time_s: float, units: float) -> None:
        """A call takes `units`."""
        left = self.at(time_s)
        if self.rate and left == self.most:
            self._note(self._times[-1] + (self.most - self._units[-1]) / self.rate, left)
        self._note(time_s, left)
        self._note(time_s, left - units)

    def _note(self, time_s: float, units: float) -> None:
        self._times.append(time_s)
        self._units.append(units)

    @property
    def curve(self) -> tuple[list[float], list[float]]:
        """Times and units left, to be joined by straight lines."""
        return self._times, self._units
