"""Whether a function may run once more now."""

from __future__ import annotations

from collections import Counter

from helpers.dataplane.awslambda.errors import CONCURRENT, RESERVED_CONCURRENT, Throttle
from helpers.dataplane.awslambda.functions import Functions
from helpers.dataplane.awslambda.models import Models


class Capacity:
    """Counts what runs and refuses what is too much."""

    def __init__(self, functions: Functions, models: Models) -> None:
        self._functions = functions
        self._models = models
        self._running: Counter[str] = Counter()

    def take(self, function: str) -> None:
        """Count another run of the function. Raises Throttle, uncounted."""
        reserved = self._functions.reserved(function)
        if reserved is not None and self._running[function] >= reserved:
            raise Throttle(RESERVED_CONCURRENT)
        if self._running.total() >= self._models.account_concurrency:
            raise Throttle(CONCURRENT)
        self._running[function] += 1

    def release(self, function: str) -> None:
        """A run is over."""
        self._running[function] -= 1

    def in_flight(self, function: str) -> int:
        """How many runs of the function go on."""
        return self._running[function]
