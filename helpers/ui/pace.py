"""Whoever steps through values by key wants the last of them: a run at the first step, and one where the steps end."""

from __future__ import annotations

import threading
from collections.abc import Callable

REST_S = 0.4
"""Changes closer together than this (real seconds) belong together. A held key repeats every 0.03 to 0.1 s."""


class Pace:
    """Calls `act()` at once for a change that comes alone; for those that follow it closely, once they come to rest.

    The last change is never lost: `act` is called after it. The timer is the thread's own, so it is real time, whatever
    a run does to the clock.
    """

    def __init__(self, act: Callable[[], object], rest_s: float = REST_S) -> None:
        self._act = act
        self._rest_s = rest_s
        self._state = threading.Condition()
        self._timer: threading.Timer | None = None
        self._waits = False

    def change(self) -> None:
        """Note a change."""
        with self._state:
            first = self._timer is None
            if self._timer is not None:
                self._timer.cancel()
            self._waits = not first
            self._timer = threading.Timer(self._rest_s, self._rested)
            self._timer.daemon = True
            self._timer.start()
        if first:
            self._act()

    def cancel(self) -> None:
        """Forget a change that waits."""
        with self._state:
            if self._timer is not None:
                self._timer.cancel()
            self._timer, self._waits = None, False
            self._state.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until no change waits; False if `timeout` (real seconds) came first."""
        with self._state:
            return self._state.wait_for(lambda: not self._waits, timeout)

    def _rested(self) -> None:
        with self._state:
            if self._timer is not threading.current_thread():
                return  # another change has come since
            self._timer, waited = None, self._waits
        if waited:
            self._act()
        with self._state:
            if self._timer is None:
                self._waits = False
            self._state.notify_all()
