"""One thread that does the panels' runs, so that a widget's callback returns at once and Stop is heard.

JupyterLab delivers a callback now in the main thread, now in a subshell thread beside a running cell. A run inside a
callback would block whichever it is, and the Stop button with it. Runs therefore go to one worker thread; a newer
run of the same panel replaces the one before it.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable, Iterable
from typing import Any

TICK_S = 0.15
"""How often (real seconds) a long run's progress is shown."""

QUIET_S = 0.5
"""A run shorter than this (real seconds) shows no progress."""


class Job:
    """One run asked for by `owner`.

    `stop` is an event that asks it to end; `reached_s` the virtual time it has come to, in seconds; `done` is set
    when it is over; `error` is what it raised, if anything. `started` tells whether its turn has come.
    """

    def __init__(
        self,
        owner: object,
        task: Callable[[Job], None],
        tick: Callable[[Job], None] | None = None,
        urgent: bool = False,
    ) -> None:
        self.owner = owner
        self.task = task
        self.tick = tick
        self.urgent = urgent
        self.stop = threading.Event()
        self.done = threading.Event()
        self.started = False
        self.reached_s = 0.0
        self.error: BaseException | None = None

    def progress(self, virtual_s: float) -> None:
        """What a run calls to say how far it has come."""
        self.reached_s = virtual_s


class Worker:
    """The queue of jobs and the thread that does them, started when first needed."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._waiting: list[Job] = []
        self._current: Job | None = None
        self._thread: threading.Thread | None = None
        self._settled = False

    def submit(self, job: Job) -> Job:
        """Queue `job`. Earlier jobs of the same owner are dropped, or stopped if they already run."""
        with self._change:
            for old in [old for old in self._waiting if old.owner is job.owner]:
                self._waiting.remove(old)
                old.stop.set()
                old.done.set()
            if self._current is not None and self._current.owner is job.owner:
                self._current.stop.set()
            place = 0 if job.urgent else len(self._waiting)
            self._waiting.insert(place, job)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._serve, name="course-runs", daemon=True)
                self._thread.start()
                threading.Thread(target=self._watch, name="course-progress", daemon=True).start()
            self._change.notify_all()
        return job

    def stop(self, owner: object | None = None) -> None:
        """Ask the jobs of `owner` (of everybody, if None) to end. Does not wait."""
        with self._change:
            for job in [job for job in self._waiting if owner is None or job.owner is owner]:
                self._waiting.remove(job)
                job.stop.set()
                job.done.set()
            if self._current is not None and (owner is None or self._current.owner is owner):
                self._current.stop.set()

    def busy(self, owner: object) -> bool:
        """Whether a job of `owner` waits or runs."""
        with self._change:
            return any(
                job.owner is owner for job in (*self._waiting, *([self._current] if self._current else ()))
            )

    def wait(self, owner: object, timeout: float | None = None) -> bool:
        """Wait until no job of `owner` waits or runs; False if `timeout` (real seconds) came first."""

        def idle() -> bool:
            return not any(
                job.owner is owner for job in (*self._waiting, *([self._current] if self._current else ()))
            )

        with self._change:
            return self._change.wait_for(idle, timeout)

    def _serve(self) -> None:
        while True:
            with self._change:
                while not self._waiting:
                    self._change.wait()
                job = self._current = self._waiting.pop(0)
                job.started = True
                self._change.notify_all()
            try:
                job.task(job)
            except BaseException as error:  # noqa: BLE001  # the thread must outlive whatever a run raises
                job.error = error
            with self._change:
                self._current = None
                job.done.set()
                self._change.notify_all()
            del job
            if not self._settled:
                self._settled = True
                _settle()

    def _watch(self) -> None:
        """Show the progress of the run that goes on, from a thread whose clock is real whatever the run does."""
        shown: Job | None = None
        ticks = 0
        while True:
            with self._change:
                while self._current is None and not self._waiting:
                    shown, ticks = None, 0
                    self._change.wait()
                job = self._current or self._waiting[0]
            if job is not shown:
                shown, ticks = job, 0
            job.done.wait(TICK_S)
            ticks += 1
            if job.tick is not None and not job.done.is_set() and ticks * TICK_S >= QUIET_S - TICK_S / 2:
                job.tick(job)
            del job


def _settle() -> None:
    """Tell the garbage collector that what is loaded by now is there to stay.

    moto, botocore and matplotlib leave some hundred thousand objects behind. Looking through them all stops a slider
    for 0.13 s every few runs; after this only what is new is looked through.
    """
    gc.collect()
    gc.freeze()


_worker = Worker()


def worker() -> Worker:
    """The worker of this process."""
    return _worker


def _fresh() -> None:
    """A forked child has no threads: it starts with an idle worker."""
    global _worker
    _worker = Worker()


if hasattr(os, "register_at_fork"):  # Windows cannot fork
    os.register_at_fork(after_in_child=_fresh)


def hear_beside_cells(widgets: Iterable[Any]) -> None:
    """Let the messages of `widgets` reach the kernel while a cell runs.

    JupyterLab sends them to a subshell, which is free then. ipykernel 7.4 sends them on to the shell that last wrote
    to the widget, which is the busy one: Stop would wait for the cell that waits for the run. So its choice goes back
    to what the front end asked for. Where there is no kernel, or another ipykernel, nothing changes.
    """
    for widget in widgets:
        comm = getattr(widget, "comm", None)
        if comm is not None and hasattr(comm, "_reply_subshell_for"):
            comm._reply_subshell_for = lambda data, default: default


def hear_interrupts() -> None:
    """Let Kernel > Interrupt stop a panel's run also while no cell runs.

    Between cells ipykernel ignores the signal. It keeps the handler for that time in `saved_sigint_handler` and
    brings it back after each message, so ours is put there. A running cell still gets KeyboardInterrupt.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return
    kernel: Any = getattr(get_ipython(), "kernel", None)
    if kernel is not None and getattr(kernel, "saved_sigint_handler", None) == signal.SIG_IGN:
        kernel.saved_sigint_handler = lambda *_: _worker.stop()
