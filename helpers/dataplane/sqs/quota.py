"""How many calls a second a FIFO queue takes."""

from __future__ import annotations

from collections import deque

from helpers.dataplane.sqs import errors
from helpers.dataplane.sqs.limits import SECOND_US


class CallRate:
    """Refuses the call that would be one too many within one second, counted for each action.

    AWS: GUIDE/quotas-messages.html (300 calls a second and action for SendMessage, ReceiveMessage and DeleteMessage; a
    batch is one call) and GUIDE/troubleshooting-fifo-throttling-issues.html. Model: any span of one second counts.
    """

    def __init__(self) -> None:
        self._calls: dict[str, deque[int]] = {}

    def count(self, action: str, limit: int, now_us: int) -> None:
        """Count a call, or raise RequestThrottled, uncounted. A batch has the `action` of its single call."""
        calls = self._calls.setdefault(action, deque())
        while calls and now_us - calls[0] >= SECOND_US:
            calls.popleft()
        if len(calls) >= limit:
            raise errors.throttled(limit)
        calls.append(now_us)
