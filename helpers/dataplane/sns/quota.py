"""How much may be published within a second."""

from __future__ import annotations

from collections import deque

from helpers.dataplane.sns import errors
from helpers.dataplane.sns.limits import SECOND_US


class Rate:
    """Counts what was published within the last second: any span of one second counts."""

    def __init__(self) -> None:
        self._published: deque[tuple[int, int]] = deque()
        self._sum = 0

    def count(self, amount: int, limit: int, now_us: int) -> None:
        """Count an amount (messages or bytes), or raise Throttled, uncounted."""
        published = self._published
        while published and now_us - published[0][0] >= SECOND_US:
            self._sum -= published.popleft()[1]
        if self._sum + amount > limit:
            raise errors.throttled()
        published.append((now_us, amount))
        self._sum += amount
