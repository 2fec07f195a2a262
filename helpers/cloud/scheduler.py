"""The one thread in which all actors of the process live, and what a run of a Cloud does there.

A greenlet cannot change threads, and Jupyter runs callbacks now in this thread, now in that. So every run is
handed to one thread, one run at a time; whoever asked for it waits and watches.
"""

from __future__ import annotations

import ctypes
import queue
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from helpers.cloud import actor, clock
from helpers.cloud.call import Stopped

if TYPE_CHECKING:
    from helpers.cloud.account import Account

PATIENCE_S = 5.0
"""Real seconds an actor may compute without the clock moving."""

_IDLE_FACTOR = 10  # hosted code that waits in real time is given so much longer than code that computes
_GLANCE_S = 0.02  # real seconds between two looks at a run
_GRACE_S = 0.1  # real seconds a run has to notice that it is to stop

run_lock = threading.RLock()
"""Held while a run goes on: there is one scheduler."""

_jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
_thread: threading.Thread | None = None
_starting = threading.Lock()


class _Job:
    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.done = threading.Event()
        self.error: BaseException | None = None

    def do(self) -> None:
        try:
            self.work()
        except BaseException as error:  # noqa: BLE001  # it is raised in the thread that waits
            self.error = error
        finally:
            self.done.set()


def _serve() -> None:
    while True:
        job = _jobs.get()
        if job is None:
            return
        job.do()
        del job  # or it would live, with its Cloud, until the next one comes


def _submit(job: _Job) -> None:
    global _thread
    with _starting:
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_serve, name="helpers-scheduler", daemon=True)
            _thread.start()
    _jobs.put(job)


def live_here() -> None:
    """Take the calling thread for the one that actors live in, in a process that runs them by other means."""
    global _thread
    _thread = threading.current_thread()


def rest() -> None:
    """End the thread until the next run, so that this process can be forked with one thread. No run may go on."""
    global _thread
    if _thread is not None and _thread is not threading.current_thread():
        _jobs.put(None)
        _thread.join()
        _thread = None


def here() -> bool:
    """True in the scheduler's thread: in an actor, or in the scheduler itself."""
    return threading.current_thread() is _thread


def _computed_s() -> float:
    """Processor time of the scheduler's thread, so that a busy machine makes nobody impatient; real time where the
    system does not tell it.
    """
    if _thread is None or _thread.ident is None or not hasattr(time, "pthread_getcpuclockid"):
        return float(clock.real_monotonic())
    return float(time.clock_gettime(time.pthread_getcpuclockid(_thread.ident)))


class Run:
    """One run of a Cloud: from now to `until_us`, or until `ended()` says so."""

    def __init__(
        self,
        account: Account,
        *,
        until_us: float,
        ended: Callable[[], bool] | None = None,
    ) -> None:
        self.account = account
        self.until_us = until_us
        self.ended = ended
        self.failure: BaseException | None = None
        self._stopping = False
        self._stopping_since: float | None = None
        self._watched: tuple[Any, int, float, float] = (None, -1, 0.0, 0.0)

    def stop(self) -> None:
        """End the run at the event it is at. May be called from any thread."""
        self._stopping = True

    def execute(self) -> None:
        """Run, in the scheduler's thread, and wait for the end in this one. Raises what ended it early."""
        if here():
            raise RuntimeError(
                "run() and advance() cannot be called inside an actor: use time.sleep() there."
            )
        self._take_turn()
        try:
            self._execute(_Job(self._loop))
        finally:
            run_lock.release()

    def _take_turn(self) -> None:
        """Wait until no other run goes on; a stop is heard meanwhile."""
        if run_lock.acquire(timeout=0.5):
            return
        if threading.current_thread() is threading.main_thread():  # a panel says so itself
            print("Another run is going on; this one waits for it to end.", file=sys.stderr)  # noqa: T201  # to the learner
        self.account._waiting = self
        try:
            while not run_lock.acquire(timeout=_GRACE_S):
                if self._stopping:
                    raise Stopped("Stopped while it waited for another run to end.")
        finally:
            self.account._waiting = None

    def perform(self, work: Callable[[], None]) -> None:
        """Do `work` in the scheduler's thread instead of running on, under the same watch."""

        def work_as_a_run() -> None:
            actor.start_run()
            try:
                work()
            finally:
                actor.end_run()

        if here():
            work()
            return
        with run_lock:
            self._execute(_Job(work_as_a_run))

    def _execute(self, job: _Job) -> None:
        interrupted: KeyboardInterrupt | None = None
        self.account._run = self
        try:
            _submit(job)
            while True:
                try:
                    if job.done.wait(_GLANCE_S):
                        break
                    self._watch()
                except KeyboardInterrupt as interrupt:
                    interrupted = interrupt
                    self.stop()
        finally:
            self.account._run = None
        error, job.error = job.error, None
        if interrupted is not None:
            raise interrupted
        if error is not None:
            raise error

    def _loop(self) -> None:
        environment = self.account._environment
        events = environment._queue
        ended = self.ended
        until_us = self.until_us
        actor.start_run()
        try:
            while True:
                if self._stopping:
                    raise Stopped(f"Stopped at {self.account.now:g} s of virtual time.")
                if self.failure is not None:
                    raise self.failure
                if (ended is not None and ended()) or not events or events[0][0] > until_us:
                    break
                try:
                    environment.step()
                except actor.Eviction:  # it came too late: the actor had given control back
                    continue
        finally:
            actor.end_run()

    def _watch(self) -> None:
        """Look at the run from outside; take control from an actor that holds it too long."""
        at_work = actor.current
        real_now = clock.real_monotonic()
        if self._stopping:
            if self._stopping_since is None:
                self._stopping_since = real_now
            elif real_now - self._stopping_since > _GRACE_S:
                self._evict(at_work)
            return
        watched, now_us, since, computed_s = self._watched
        if at_work is None or at_work is not watched or now_us != self.account.now_us:
            self._watched = (at_work, self.account.now_us, real_now, _computed_s())
        elif at_work.when_evicted is not None:
            patience_s = at_work.patience_s or PATIENCE_S
            if _computed_s() - computed_s > patience_s or real_now - since > _IDLE_FACTOR * patience_s:
                self._evict(at_work)
        elif real_now - since > PATIENCE_S:
            at_work.error = RuntimeError(
                f"{at_work.name} computed for {PATIENCE_S:g} s of real time without the clock "
                "moving, so it was stopped. Computing takes no virtual time here: let it sleep where it would work."
            )
            self.failure = at_work.error
            self._evict(at_work)

    @staticmethod
    def _evict(at_work: actor.Actor | None) -> None:
        if at_work is not None and _thread is not None and _thread.ident is not None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(_thread.ident), ctypes.py_object(actor.Eviction)
            )
