"""Many machines: a Dask cluster, as a Marker.

This process is sealed (`helpers.cloud.seal`), so a courier, a program of its own, talks to the scheduler. It draws the
needs nowhere: each worker's station has the same clone of the lab, and is sent the seed. Records come back one by one,
so whoever keeps them loses nothing when a worker, the cluster or this machine ends.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Self, get_args

from helpers.grading.grade import Assignment, Refused, Unsafe
from helpers.grading.mark import Work
from helpers.grading.record import Record
from helpers.grading.sandbox.isolation import Level
from helpers.grading.station import order_for
from helpers.labs import Lab

_COURIER = Path(__file__).with_name("courier.py")
_GOES_ON = "What is marked is kept: run the same command to go on."


class Cluster:
    """The cluster whose scheduler is at `address`. Raises Refused if Dask is not installed; entering does if a worker
    cannot mark, or cannot isolate submissions and should (Unsafe).
    """

    def __init__(self, address: str, lab: Lab, assignment: Assignment) -> None:
        if find_spec("distributed") is None:
            raise Refused('--scheduler needs Dask: .venv/bin/python -m pip install -e ".[cluster]"')
        self._address = address
        self._order = order_for(lab, assignment)
        self._courier: subprocess.Popen[str] | None = None
        self._level = ""

    @property
    def level(self) -> str:
        """The weakest isolation of any of the workers."""
        return self._level

    def __enter__(self) -> Self:
        self._courier = subprocess.Popen(  # noqa: S603  # this Python, on a file of this package
            [sys.executable, "-P", str(_COURIER), self._address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="ascii",
        )
        try:
            self._tell(self._order)
            self._level = max(self._hear()["ready"].values(), key=get_args(Level).index)
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, *error: object) -> None:
        courier = self._courier
        if courier is None:
            return
        if any(error):  # submissions may be under way, and nobody wants their marks any more
            courier.send_signal(signal.SIGINT)
        self._courier = None
        assert courier.stdin is not None
        assert courier.stdout is not None
        if not courier.stdin.closed:
            try:
                courier.stdin.close()  # nothing more to mark: it takes its leave of the workers
            except OSError:  # it has gone
                pass
        courier.stdout.close()
        try:
            courier.wait(20)
        except subprocess.TimeoutExpired:
            courier.kill()
            courier.wait()

    def mark(self, works: Iterable[Work]) -> Iterator[tuple[Work, Record]]:
        """See `helpers.grading.grade.Marker.mark`."""
        waiting = dict(enumerate(works))
        for work in waiting.values():
            self._tell(asdict(work))
        self._input.close()
        while waiting:
            said = self._hear()
            if "said" in said:
                print(said["said"], file=sys.stderr)  # noqa: T201  # it talks to a person
                continue
            yield waiting.pop(said["number"]), Record.from_json(said["answer"]["record"])

    @property
    def _input(self) -> IO[str]:
        assert self._courier is not None
        assert self._courier.stdin is not None
        return self._courier.stdin

    def _tell(self, line: dict[str, Any]) -> None:
        try:
            self._input.write(f"{json.dumps(line, ensure_ascii=True)}\n")
            self._input.flush()
        except OSError:  # it has ended: what it said tells why
            pass

    def _hear(self) -> dict[str, Any]:
        """The courier's next line. Raises Refused if that is a refusal, or there is none."""
        assert self._courier is not None
        assert self._courier.stdout is not None
        line = self._courier.stdout.readline()
        if not line.endswith("\n"):
            raise Refused(f"The connection to the cluster at {self._address} ended. {_GOES_ON}")
        said: dict[str, Any] = json.loads(line)
        if "refused" in said:
            kind = Unsafe if said["unsafe"] else Refused
            raise kind(f"The cluster at {self._address} does not mark. {said['refused']} {_GOES_ON}")
        return said


__all__ = ["Cluster"]
