"""Marks submissions side by side: a fork of this process for each, at most `jobs` at a time.

The fork inherits what this process has loaded, so it costs milliseconds; it ends with the submission, so nothing that
one submission does to its account can reach the next. It must be forked from a process with one thread.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import select
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from helpers.cloud import scheduler
from helpers.grading.limits import Limits
from helpers.grading.mark import Work, defect, mark
from helpers.grading.nursery import Nursery
from helpers.grading.record import Record, State
from helpers.grading.sandbox.kernel import die_with_parent
from helpers.labs import Lab

_PATIENCE_S = 1200.0
"""Real seconds after which a fork that marks is given up: a defect of the grader, not of a submission."""

_DEFECT = "The grader itself failed on this submission; it is to be marked by hand, and the failure reported."
_TOO_LONG = "What its code had the mocked account do took too much processor time."
_TOO_MUCH = "What its code put into the mocked account took too much memory."


@dataclass
class _Fork:
    work: Work
    pid: int
    since: float
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
        scheduler.rest()
        gc.collect()
        gc.freeze()
        waiting = iter(works)
        try:
            more = True
            while more or self._forks:
                while more and len(self._forks) < self._jobs:
                    work = next(waiting, None)
                    if work is None:
                        more = False
                    else:
                        self._start(work)
                yield from self._finished()
        finally:
            self._end()
            gc.unfreeze()

    def _start(self, work: Work) -> None:
        ours, theirs = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._in_fork(work, ours, theirs)
        os.close(theirs)
        self._forks[ours] = _Fork(work, pid, time.monotonic())

    def _in_fork(self, work: Work, ours: int, theirs: int) -> None:
        status = 1
        try:
            die_with_parent(signal.SIGKILL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.close(ours)
            gc.disable()  # it ends soon, and collecting would copy the pages it shares
            self._bound()
            try:
                said = mark(self._nursery, self._lab, work, self._seed, self._limits).to_json()
            except MemoryError:
                said = {"ended": "died", "reason": _TOO_MUCH}
            except Exception as error:  # noqa: BLE001  # a defect of the grader must not end the batch
                said = {"defect": defect(error)}
            with os.fdopen(theirs, "wb") as pipe:
                pipe.write(json.dumps(said, ensure_ascii=True).encode())
            status = 0
        finally:
            os._exit(status)

    def _bound(self) -> None:
        """Limits for this fork, in which the submission's account lives: what it stores, and has moto do, counts."""
        # Objects of S3 stay in memory, which is bounded; large ones would go to the machine's /tmp.
        os.environ["MOTO_S3_DEFAULT_KEY_BUFFER_SIZE"] = str(1 << 40)
        tasks = len(self._lab.tasks) + 2
        spare_s = int(2 * tasks * (self._limits.cpu_s + self._limits.grace_s)) + 60
        resource.setrlimit(resource.RLIMIT_CPU, (spare_s, spare_s + 5))
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  # of this process
            now = int(file.read().split()[0]) * resource.getpagesize()
        room = now + (self._limits.memory_mb << 20)
        resource.setrlimit(resource.RLIMIT_AS, (room, room))

    def _finished(self) -> Iterator[tuple[Work, Record]]:
        if not self._forks:
            return
        ready, _, _ = select.select(list(self._forks), [], [], 0.5)
        for end in ready:
            part = os.read(end, 1 << 20)
            fork = self._forks[end]
            if part:
                fork.data += part
                continue
            del self._forks[end]
            os.close(end)
            _, status = os.waitpid(fork.pid, 0)
            yield fork.work, self._record(fork, status)
        for fork in self._forks.values():
            if time.monotonic() - fork.since > _PATIENCE_S:
                os.kill(fork.pid, signal.SIGKILL)
                fork.data = b""
                fork.since = time.monotonic()

    def _record(self, fork: _Fork, status: int) -> Record:
        try:
            said = json.loads(fork.data)
        except ValueError:
            said = {"defect": "The process that marks was ended."}
            if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
                said = {"ended": "timeout", "reason": _TOO_LONG}
        if "ended" not in said and "defect" not in said:
            return Record.from_json(said)
        if "ended" in said:
            return replace(self._unmarked(fork.work, said["reason"]), state=State(said["ended"]))
        failed = self._unmarked(fork.work, _DEFECT)
        return replace(failed, state=State.NEEDS_MANUAL, notes=(*fork.work.notes, said["defect"].strip()))

    def _unmarked(self, work: Work, reason: str) -> Record:
        return mark(self._nursery, self._lab, replace(work, unreadable=reason), self._seed, self._limits)

    def _end(self) -> None:
        for end, fork in self._forks.items():
            with contextlib.suppress(OSError):
                os.kill(fork.pid, signal.SIGKILL)
                os.waitpid(fork.pid, 0)
            os.close(end)
        self._forks.clear()
