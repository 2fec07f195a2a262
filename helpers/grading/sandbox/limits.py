"""A limit on the processor time of a piece of code, from within its own process.

It is the polite one of two: it raises in the code that runs, so that what the code had defined before can still be
used. Code that replaces signal handlers escapes it, and whoever watches from outside ends the process.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

AGAIN_S = 0.2
"""Seconds after which the exception is raised again, in case the code has swallowed it."""

WALL_FACTOR = 10
"""The backstop: real time, for code that waits, in multiples of the processor time."""


class LimitReached(BaseException):
    """The code has used its processor time, or waited too long. No `except Exception` catches it."""


class cpu_limit:  # noqa: N801  # used like a function, as `contextlib`'s are
    """In the main thread, `with cpu_limit(seconds):` raises `LimitReached` in the code of the block, wherever it is.

    It does when the process has used so many seconds of processor time in the block (all of its threads, user and
    system), or ten times as many have passed; and again every 0.2 s for as long as the block goes on. Where code that
    was typed in (a cell, not a file) swallows it with a bare `except:`, the next one is raised there as well, since a
    loop around a `try` would swallow them for ever. Nothing is raised after the block. Blocks cannot be nested. Raises
    ValueError in any thread but the main one.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._armed = False
        self._swallowed = False

    @property
    def reached(self) -> bool:
        """Whether `LimitReached` was raised in the block; its code may have made another exception of it."""
        return self._swallowed

    def __enter__(self) -> cpu_limit:
        signal.signal(signal.SIGPROF, self._reached)
        signal.signal(signal.SIGALRM, self._reached)
        self._around = sys._getframe(1)  # who watches, not who is watched
        self._tracer = sys.gettrace()
        self._armed = True
        signal.setitimer(signal.ITIMER_REAL, WALL_FACTOR * self._seconds, AGAIN_S)
        signal.setitimer(signal.ITIMER_PROF, self._seconds, AGAIN_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._armed = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        if sys.gettrace() == self._follow:
            sys.settrace(self._tracer)
        del self._around
        # The handlers stay: a signal that is already on its way finds one that does nothing.

    def _reached(self, number: int, frame: FrameType | None) -> None:
        # Raised in `__enter__` or `__exit__`, it would leave the timers running.
        if not self._armed or (frame is not None and frame.f_code in _OWN):
            return
        if self._swallowed:
            self._follow_into_handlers(frame)
        self._swallowed = True
        raise LimitReached

    def _follow_into_handlers(self, frame: FrameType | None) -> None:
        """Have `_follow` called before each line of the cells that run now: the next one is that of a handler."""
        sys.settrace(self._follow)
        while frame is not None and frame is not self._around:
            if not Path(frame.f_code.co_filename).exists():
                frame.f_trace = self._follow
            frame = frame.f_back

    def _follow(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "call":
            return None
        if event == "line" and self._armed:
            raise LimitReached  # Python forgets the tracer at this
        return self._follow


_OWN = {cpu_limit.__enter__.__code__, cpu_limit.__exit__.__code__}
