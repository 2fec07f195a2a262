"""How long Lambda waits before it tries again."""

from __future__ import annotations

RETRY_WAITS_S = (60, 120)
"""After the first and after the second failed run of an asynchronous event, in seconds
(https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html).
"""

FIRST_WAIT_S = 1
"""After the first throttled attempt (the same page)."""

LONGEST_WAIT_S = 300
"""The longest wait between two throttled attempts (the same page)."""


def retry_wait_s(runs: int) -> int:
    """Seconds between the failed run number `runs` (from 1) of an asynchronous event and the next one."""
    return RETRY_WAITS_S[min(runs, len(RETRY_WAITS_S)) - 1]


def backoff_s(attempts: int, factor: float = 2.0, longest_s: float = LONGEST_WAIT_S) -> float:
    """Seconds to wait after `attempts` attempts in a row (from 1) that did not succeed: 1 s, growing by `factor` up to
    `longest_s`. AWS says that the wait grows exponentially, and does not publish the factor.
    """
    waited = float(FIRST_WAIT_S)
    for _ in range(attempts - 1):
        waited *= factor
        if waited >= longest_s:
            break
    return min(waited, longest_s)
