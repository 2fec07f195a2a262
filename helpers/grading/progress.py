"""How far the marking is, on a terminal: one line that is written over, or a line now and then where it cannot be."""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import TextIO

from helpers.grading.record import Record, State


class Progress:
    """Counts records; `total` are to come. Writes to `stream`."""

    def __init__(self, total: int, stream: TextIO | None = None) -> None:
        self._total = total
        self._stream = sys.stderr if stream is None else stream
        self._states: Counter[State] = Counter()
        self._began = time.monotonic()
        self._kept = 0
        self._said_s = 0.0

    def kept(self, record: Record) -> None:
        """A record of an earlier run is taken over."""
        self._kept += 1
        self._states[record.state] += 1

    def marked(self, record: Record) -> None:
        """One more submission is marked."""
        self._states[record.state] += 1
        done = sum(self._states.values())
        now = time.monotonic()
        last = done == self._total
        if self._stream.isatty():
            end = "\n" if last else ""
            self._stream.write(f"\r\x1b[K{self.line(now - self._began)}{end}")
        elif last or now - self._said_s > 10:
            self._said_s = now
            self._stream.write(f"{self.line(now - self._began)}\n")
        self._stream.flush()

    def line(self, elapsed_s: float) -> str:
        """The line after `elapsed_s` real seconds: how many are marked, how they ended, how long the rest may take."""
        done = sum(self._states.values())
        states = ", ".join(f"{count} {state}" for state, count in sorted(self._states.items()))
        marked = done - self._kept
        if done == self._total:
            return f"{done} of {self._total} marked: {states}"
        left_s = elapsed_s / marked * (self._total - done) if marked else 0.0
        about = f"about {_span(left_s)} left" if marked else "no estimate yet"
        return f"{done} of {self._total} marked ({states}), {about}"


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
