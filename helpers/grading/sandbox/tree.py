"""A process and all its descendants: what they use together, and their end. Read from /proc, so Linux only."""

from __future__ import annotations

import os
import select
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICKS_S = 1 / os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 0.01
_MB = 1024 * 1024
_END_S = 10.0
_GRACE_S = 0.5
_ENDED = {"Z", "X", ""}


@dataclass(frozen=True)
class Usage:
    """What a tree of processes has used: processor seconds so far, megabytes (MiB) and processes now."""

    cpu_s: float
    memory_mb: float
    processes: int


def usage(pid: int, limit_mb: float | None = None) -> Usage:
    """What `pid` and its descendants use; zeros if it has ended.

    `cpu_s` counts those that ended as soon as their parent has waited for them. `memory_mb` is the sum of their
    resident memory. Processes forked from one share most of theirs, so if that sum is above `limit_mb`, it is counted
    anew, at some cost, with each shared page divided among those who share it.
    """
    alive = [(member, stat) for member in family(pid) if (stat := _stat(member))]
    ticks = sum(stat.ticks for _, stat in alive)
    running = [member for member, stat in alive if stat.state not in _ENDED]
    memory = sum(map(_resident, running))
    if limit_mb is not None and memory > limit_mb * _MB:
        memory = sum(map(_proportional, running))
    return Usage(ticks * _TICKS_S, memory / _MB, len(running))


def end_tree(pid: int) -> None:
    """Kill every descendant of `pid`, then itself; return when all have ended.

    A sandbox's stand-in, whose child is dead, ends of itself and takes care of what that leaves; it is given a moment.
    `pid` is left for its parent to wait for. Raises TimeoutError if something is left after ten seconds.
    """
    end_descendants(pid)
    grace = time.monotonic() + _GRACE_S
    while _living([pid]) and time.monotonic() < grace:
        _pause()
    _end(lambda: family(pid))


def end_descendants(pid: int) -> None:
    """Kill every descendant of `pid`, not itself. Raises TimeoutError as `end_tree` does."""
    _end(lambda: family(pid)[1:])


def family(pid: int) -> list[int]:
    """`pid` and its descendants, parents first; those that ended and were not waited for are among them."""
    children = _children_by_parent() if _children(pid) is None else None
    found = [pid]
    for member in found:  # it grows while we read it
        found += children[member] if children is not None else _children(member) or []
    return found


def _end(members: Callable[[], list[int]]) -> None:
    deadline = time.monotonic() + _END_S
    killed: set[int] = set()
    while living := _living(members()):
        # First nobody moves, so that nobody forks while the others are killed.
        stopped: set[int] = set()
        while fresh := [member for member in living if member not in stopped]:
            _signal(fresh, signal.SIGSTOP)
            stopped.update(fresh)
            living = _living(members())
        # The youngest first: a parent must not lose sight of its children before they are dead.
        _signal(reversed(living), signal.SIGKILL)
        killed.update(living)
        _wait_for(killed, deadline)


def _wait_for(killed: set[int], deadline: float) -> None:
    while left := _living(killed):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(left)} processes do not end")
        _pause()


def _pause() -> None:
    select.select([], [], [], 0.001)  # `time.sleep` is virtual in a mocked account


def _signal(members: Iterable[int], number: signal.Signals) -> None:
    for member in members:
        try:
            os.kill(member, number)
        except ProcessLookupError:  # it has ended
            pass


def _living(members: Iterable[int]) -> list[int]:
    return [member for member in members if (stat := _stat(member)) and stat.state not in _ENDED]


# -------------------------------------------------------------------------------------------------- reading /proc


@dataclass(frozen=True)
class _Stat:
    state: str
    parent: int
    ticks: int


def _read(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123  # a Path costs more than the reading
        return file.read()


def _stat(pid: int) -> _Stat | None:
    """The line of /proc/PID/stat, as man7.org/linux/man-pages/man5/proc_pid_stat.5.html has it; None if it ended."""
    try:
        line = _read(f"/proc/{pid}/stat")
    except OSError:
        return None
    fields = line.rpartition(b")")[2].split()  # a program's name may have spaces and brackets
    return _Stat(fields[0].decode(), int(fields[1]), sum(map(int, fields[11:15])))


def _children(pid: int) -> list[int] | None:
    """The children of `pid`; None if this kernel does not list them."""
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208  # names only
            found += map(int, _read(f"/proc/{pid}/task/{task}/children").split())
    except FileNotFoundError:
        if not (_PROC / "self/task" / str(os.getpid()) / "children").exists():
            return None
    except OSError:
        pass  # it has ended
    return found


def _children_by_parent() -> dict[int, list[int]]:
    children: dict[int, list[int]] = defaultdict(list)
    for path in _PROC.glob("[0-9]*"):
        if stat := _stat(int(path.name)):
            children[stat.parent].append(int(path.name))
    return children


def _resident(pid: int) -> int:
    """Bytes in memory, shared ones too."""
    try:
        return int(_read(f"/proc/{pid}/statm").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _proportional(pid: int) -> int:
    """Bytes in memory, each page divided by the number of processes that have it."""
    try:
        lines = _read(f"/proc/{pid}/smaps_rollup").splitlines()
    except OSError:  # it has ended, or belongs to somebody else
        return _resident(pid)
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(b"Pss:"))
