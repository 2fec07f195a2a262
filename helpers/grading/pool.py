"""Marks submissions side by side, in at most `jobs` forks of this process at a time.

A fork inherits what this process has loaded, so it costs milliseconds. It marks a few submissions, each in accounts of
its own, and ends after any that did not end as work in good faith does, so what one did to it does not reach the next.
It must be forked from a process with one thread.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import pickle
import resource
import select
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from helpers.cloud import scheduler, transport
from helpers.grading.child.remote import RemoteAccount
from helpers.grading.limits import Limits
from helpers.grading.mark import Work, defect, mark
from helpers.grading.nursery import Nursery
from helpers.grading.record import Record, State
from helpers.grading.sandbox.kernel import die_with_parent, gather_memory
from helpers.grading.stopping import go_on
from helpers.labs import Lab

_PATIENCE_S = 1200.0
"""Real seconds after which a fork that marks is given up: a defect of the grader, not of a submission."""

_DEFECT = "The grader itself failed on this submission; it is to be marked by hand, and the failure reported."
_TOO_LONG = "What its code had the mocked account do took too much processor time."
_TOO_MUCH = "What its code put into the mocked account took too much memory."


_SERVES = 8
"""How many submissions one fork marks, one after the other, as long as each ends as work in good faith does."""

_ORDINARY = {State.GRADED, State.PARTIAL, State.NEEDS_MANUAL, State.UNREADABLE}


@dataclass
class _Fork:
    """`answers` is read here, `orders` written; `work` is what it marks now, if anything, and `since` when it began."""

    pid: int
    answers: int
    orders: BinaryIO
    work: Work | None = None
    since: float = 0.0
    served: int = 0
    data: bytes = b""


class Pool:
    """`nursery` gives the students' processes; `lab`, `seed` and `limits` are the same for all."""

    def __init__(self, nursery: Nursery, lab: Lab, seed: int, limits: Limits, jobs: int) -> None:
        self._nursery = nursery
        self._lab = lab
        self._seed = seed
        self._limits = limits
        self._jobs = max(1, jobs)
        self._forks: dict[int, _Fork] = {}

    def mark(self, works: Iterable[Work]) -> Iterator[tuple[Work, Record]]:
        """The record of each submission, in the order in which they are done."""
        transport.expect_attempts(self._lab.clients.values(), RemoteAccount.region)
        scheduler.rest()
        gc.collect()
        gc.freeze()
        gather_memory()
        waiting = iter(works)
        try:
            more = True
            while more or self._at_work():
                go_on()
                while more and len(self._at_work()) < self._jobs:
                    work = next(waiting, None)
                    if work is None:
                        more = False
                    else:
                        self._start(work)
                yield from self._finished()
        finally:
            self._end()
            gc.unfreeze()

    def _at_work(self) -> list[_Fork]:
        return [fork for fork in self._forks.values() if fork.work is not None]

    def _start(self, work: Work) -> None:
        """Have a fork mark it: one that waits for work, or a new one."""
        fork = next((one for one in self._forks.values() if one.work is None and not one.orders.closed), None)
        if fork is None:
            fork = self._fork()
        fork.work, fork.since = work, time.monotonic()
        with contextlib.suppress(BrokenPipeError):  # it died meanwhile, which its other line tells
            pickle.dump(work, fork.orders)
            fork.orders.flush()

    def _fork(self) -> _Fork:
        answers, its_answers = os.pipe()
        its_orders, orders = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._in_fork(its_orders, its_answers, (answers, orders))
        os.close(its_orders)
        os.close(its_answers)
        fork = self._forks[answers] = _Fork(pid, answers, os.fdopen(orders, "wb"))
        return fork

    def _in_fork(self, orders: int, answers: int, others: Iterable[int]) -> None:
        status = 1
        try:
            die_with_parent(signal.SIGKILL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            for fork in self._forks.values():  # else they would never hear that their orders end
                os.close(fork.answers)
                if not fork.orders.closed:
                    os.close(fork.orders.fileno())
            for end in others:
                os.close(end)
            gc.disable()  # it ends soon, and collecting would copy the pages it shares
            with (
                os.fdopen(orders, "rb") as line,
                os.fdopen(answers, "wb") as pipe,
                contextlib.suppress(EOFError),
            ):
                while True:
                    work = pickle.load(line)  # noqa: S301  # this very process wrote it, before the fork
                    pipe.write(json.dumps(self._said(work), ensure_ascii=True).encode() + b"\n")
                    pipe.flush()
            status = 0
        finally:
            os._exit(status)

    def _said(self, work: Work) -> dict[str, Any]:
        self._bound()
        try:
            return mark(self._nursery, self._lab, work, self._seed, self._limits).to_json()
        except MemoryError:
            return {"ended": "died", "reason": _TOO_MUCH}
        except Exception as error:  # noqa: BLE001  # a defect of the grader must not end the batch
            return {"defect": defect(error)}

    def _bound(self) -> None:
        """Limits for this fork, in which the submission's account lives: what it stores, and has moto do, counts."""
        # Objects of S3 stay in memory, which is bounded; large ones would go to the machine's /tmp.
        os.environ["MOTO_S3_DEFAULT_KEY_BUFFER_SIZE"] = str(1 << 40)
        tasks = len(self._lab.tasks) + 2
        spare_s = int(2 * tasks * (self._limits.cpu_s + self._limits.grace_s)) + 60
        _limit(resource.RLIMIT_CPU, int(time.process_time()) + spare_s)
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  # of this process
            now = int(file.read().split()[0]) * resource.getpagesize()
        _limit(resource.RLIMIT_AS, now + (self._limits.memory_mb << 20))

    def _finished(self) -> Iterator[tuple[Work, Record]]:
        if not self._forks:
            return
        ready, _, _ = select.select(list(self._forks), [], [], 0.5)
        for end in ready:
            fork = self._forks[end]
            part = os.read(end, 1 << 20)
            fork.data += part
            if not part:
                del self._forks[end]
                os.close(end)
                self._dismiss(fork)
                _, status = os.waitpid(fork.pid, 0)
            elif part.endswith(b"\n"):
                status = 0
            else:
                continue
            if fork.work is not None:
                work, record = fork.work, self._record(fork, fork.work, status)
                fork.work, fork.data, fork.served = None, b"", fork.served + 1
                if fork.served == _SERVES or record.state not in _ORDINARY:
                    self._dismiss(fork)
                yield work, record
        for fork in self._at_work():
            if time.monotonic() - fork.since > _PATIENCE_S:
                os.kill(fork.pid, signal.SIGKILL)
                fork.data = b""
                fork.since = time.monotonic()

    @staticmethod
    def _dismiss(fork: _Fork) -> None:
        """It gets no more work, and ends."""
        with contextlib.suppress(BrokenPipeError):  # it has ended
            fork.orders.close()

    def _record(self, fork: _Fork, work: Work, status: int) -> Record:
        try:
            said = json.loads(fork.data)
        except ValueError:
            said = {"defect": "The process that marks was ended."}
            if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
                said = {"ended": "timeout", "reason": _TOO_LONG}
        if "ended" not in said and "defect" not in said:
            return Record.from_json(said)
        if "ended" in said:
            return replace(self._unmarked(work, said["reason"]), state=State(said["ended"]))
        failed = self._unmarked(work, _DEFECT)
        return replace(failed, state=State.NEEDS_MANUAL, notes=(*work.notes, said["defect"].strip()))

    def _unmarked(self, work: Work, reason: str) -> Record:
        return mark(self._nursery, self._lab, replace(work, unreadable=reason), self._seed, self._limits)

    def _end(self) -> None:
        for end, fork in self._forks.items():
            with contextlib.suppress(OSError):
                os.kill(fork.pid, signal.SIGKILL)
                os.waitpid(fork.pid, 0)
            os.close(end)
            self._dismiss(fork)
        self._forks.clear()


def _limit(what: int, most: int) -> None:
    """The kernel's soft limit: it holds, and the next submission's can be set above it."""
    resource.setrlimit(what, (most, resource.getrlimit(what)[1]))
