"""Virtual time: who sees which clock.

An actor sees only the virtual clock. A learner's cell sees the wall clock of its Cloud and sleeps in virtual
time, but its `monotonic` and `perf_counter` stay real, so `%%time` tells the truth. Every other thread sees
the real clocks: the kernel's own loops and pollers would otherwise drive the simulation or be hung by it.

Time is kept in whole microseconds. Source of the split: the course's Cloud contract (docs/cloud.md).
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import _time_machine
import time_machine

from helpers.cloud import native

MICROSECOND = 1_000_000  # a second, in microseconds


class VirtualTime(Protocol):
    """What a thread's clock functions are answered from."""

    @property
    def now_us(self) -> int:
        """Microseconds since the Cloud was opened."""

    @property
    def epoch_us(self) -> int:
        """The instant as microseconds since 1970 (UTC)."""

    def sleep(self, seconds: float) -> None:
        """Let `seconds` of virtual time pass for the caller."""


real_sleep = native.original(time.sleep)
real_monotonic = native.original(time.monotonic)
real_time_ns: Callable[[], int] = _time_machine.original_time_ns

# Jupyter's own machinery runs in the learner's thread too; its message dates and timers measure real time.
_MACHINERY = frozenset(
    {"IPython", "asyncio", "comm", "ipykernel", "jupyter_client", "tornado", "traitlets", "zmq"}
)

_learners: dict[int, VirtualTime] = {}  # thread id -> the Cloud its cell works in
_actor_thread: int | None = None
_actor: VirtualTime | None = None  # the Cloud whose actor runs now in that thread
_get_ident = threading.get_ident


def microseconds(seconds: float) -> int:
    """`seconds` as whole microseconds, rounded to the nearest."""
    return round(seconds * MICROSECOND)


def show_to_learner(view: VirtualTime | None) -> None:
    """The code of the calling thread sees `view` from now on, or the real clocks again (None)."""
    if view is None:
        _learners.pop(_get_ident(), None)
    else:
        _learners[_get_ident()] = view


def shown_to_learner() -> VirtualTime | None:
    """The view of the calling thread, if any."""
    return _learners.get(_get_ident())


def show_to_actor(view: VirtualTime | None) -> None:
    """The actor that runs now sees `view`; None when the scheduler itself runs."""
    global _actor
    _actor = view


@contextmanager
def seen_from(view: VirtualTime) -> Iterator[None]:
    """A service of the Cloud `view` works for the calling thread: it stamps that Cloud's time, whoever
    called.
    """
    global _actor
    thread = _get_ident()
    if thread == _actor_thread:
        before, _actor = _actor, view
        try:
            yield
        finally:
            _actor = before
    elif _learners.get(thread) is view:
        yield
    else:
        shown = _learners.get(thread)
        _learners[thread] = view
        try:
            yield
        finally:
            show_to_learner(shown)


class _WallClock:
    """Stands on time-machine's stack and answers each thread from its own clock."""

    _destination_timestamp_ns = 0

    def time_ns(self) -> int:
        thread = _get_ident()
        if thread == _actor_thread:
            if _actor is not None:
                return _actor.epoch_us * 1000
        elif (view := _learners.get(thread)) is not None:
            package = sys._getframe(1).f_globals.get("__name__", "").partition(".")[0]
            if package not in _MACHINERY:
                return view.epoch_us * 1000
        return real_time_ns()


def _sleep(seconds: float) -> None:
    thread = _get_ident()
    view = _actor if thread == _actor_thread else _learners.get(thread)
    if view is None:
        real_sleep(seconds)
    else:
        view.sleep(seconds)


def _virtual_or(real: Callable[[], int], unit: Callable[[int], float]) -> Callable[[], float]:
    def read() -> float:
        if _actor is not None and _get_ident() == _actor_thread:
            return unit(_actor.now_us)
        return real()

    return read


def _seconds(now_us: int) -> float:
    return now_us / MICROSECOND


def _nanoseconds(now_us: int) -> int:
    return now_us * 1000


_STOPWATCHES = []
for _name, _unit in (
    ("monotonic", _seconds),
    ("perf_counter", _seconds),
    ("monotonic_ns", _nanoseconds),
    ("perf_counter_ns", _nanoseconds),
):
    _function = getattr(time, _name)
    _STOPWATCHES.append(native.Redirect(_function, _virtual_or(native.original(_function), _unit)))


def start_actors() -> None:
    """The calling thread runs actors from now on: its stopwatches are virtual while one of them is in
    control.
    """
    global _actor_thread
    _actor_thread = _get_ident()
    for stopwatch in _STOPWATCHES:
        stopwatch.on()


def stop_actors() -> None:
    """No run is going on: the stopwatches are the originals again."""
    global _actor
    _actor = None
    for stopwatch in _STOPWATCHES:
        stopwatch.off()


def install() -> None:
    """Redirect the wall clock and `time.sleep` for the life of the process. Threads without a Cloud notice
    nothing.
    """
    _time_machine.patch()
    time_machine.traveller_stack.append(_WallClock())  # type: ignore[arg-type]  # only time_ns() is asked for
    native.redirect_call(time.sleep, _sleep)
