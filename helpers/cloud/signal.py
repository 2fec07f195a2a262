"""Waiting for something to happen, in virtual time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from helpers.cloud import actor, clock
from helpers.cloud.mock import state

if TYPE_CHECKING:
    from helpers.cloud.account import Account


class _Waiter:
    def __init__(self, who: actor.Actor | None) -> None:
        self.who = who
        self.ticket = who.ticket if who is not None else 0
        self.fired = False


class Signal:
    """Something that callers wait for and a data plane fires, such as a message that becomes visible."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._waiters: list[_Waiter] = []

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the signal fires or `timeout_s` of virtual time has passed (None: however long it takes).
        True if it fired.

        An actor is suspended; outside a run the clock advances and actors run meanwhile.
        """
        who = self._account._acting()
        waiter = _Waiter(who)
        self._waiters.append(waiter)
        duration_us = None if timeout_s is None else clock.microseconds(timeout_s)
        try:
            with state.released(self._account._state):
                if who is not None:
                    in_service, who.in_service = who.in_service, False
                    try:
                        who.wait_us(duration_us)
                    finally:
                        who.in_service = in_service
                else:
                    self._account._pass_time(duration_us, lambda: waiter.fired)
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
        return waiter.fired

    def fire(self) -> None:
        """Wake everyone who waits, in the order in which they began to."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.fired = True
            if waiter.who is not None:
                self._account._after(0, partial(waiter.who.wake, waiter.ticket))
