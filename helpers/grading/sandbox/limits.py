"""A limit on the processor time of a piece of code, from within its own process.

It is the polite one of two: it raises in the code that runs, so that what the code had defined before can still be
used. Code that replaces signal handlers escapes it, and whoever watches from outside ends the process.
"""

from __future__ import annotations

import signal
from types import FrameType, TracebackType

AGAIN_S = 0.2
"""Seconds after which the exception is raised again, in case the code has swallowed it."""

WALL_FACTOR = 10
"""The backstop: real time, for code that waits, in multiples of the processor time."""


class LimitReached(BaseException):
    """The code has used its processor time, or waited too long. No `except Exception` catches it."""


class cpu_limit:  # noqa: N801  # used like a function, as `contextlib`'s are
    """In the main thread, `with cpu_limit(seconds):` raises `LimitReached` in the code of the block, wherever it is.

    It does when the process has used so many seconds of processor time in the block (all of its threads, user and
    system), or ten times as many have passed; and again every 0.2 s for as long as the block goes on. It raises nothing
    after the block. Blocks cannot be nested. Raises ValueError in any thread but the main one.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._armed = False

    def __enter__(self) -> None:
        signal.signal(signal.SIGPROF, self._reached)
        signal.signal(signal.SIGALRM, self._reached)
        self._armed = True
        signal.setitimer(signal.ITIMER_REAL, WALL_FACTOR * self._seconds, AGAIN_S)
        signal.setitimer(signal.ITIMER_PROF, self._seconds, AGAIN_S)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._armed = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        # The handlers stay: a signal that is already on its way finds one that does nothing.

    def _reached(self, number: int, frame: FrameType | None) -> None:
        # Raised in `__enter__` or `__exit__`, it would leave the timers running.
        if self._armed and not (frame is not None and frame.f_code in _OWN):
            raise LimitReached


_OWN = {cpu_limit.__enter__.__code__, cpu_limit.__exit__.__code__}
