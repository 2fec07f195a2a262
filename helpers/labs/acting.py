"""What a student is to a check wherever the code runs: functions that are actors of a trial's account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from helpers.cloud import Actor
from helpers.dataplane import Cloud
from helpers.labs.cells import Cell
from helpers.labs.student import CALLS, out_of_time


class ActingStudent:
    """The part of `helpers.labs.student.Student` that is the same for code of this process and of another one."""

    def __init__(self, cloud: Cloud, cells: Sequence[Cell]) -> None:
        self._cloud = cloud
        self._cells = cells
        self._spawned: list[Actor] = []

    def call(self, function: str, *arguments: Any, name: str = "you", within_s: float = 86_400) -> Any:
        """See `helpers.labs.student.Student.call`."""
        actor = self._start(function, arguments, name, background=False)
        most = self._cloud.calls + CALLS
        self._cloud.run_until_done(actor, within_s=within_s, calls=most)
        if not actor.done:
            actor.stop()
            raise out_of_time(function, too_many=self._cloud.calls >= most)
        if actor.error is not None:
            raise actor.error
        return actor.result

    def spawn(self, function: str, *arguments: Any, name: str | None = None) -> Actor:
        """See `helpers.labs.student.Student.spawn`."""
        actor = self._start(function, arguments, name or function, background=True)
        self._spawned.append(actor)
        return actor

    def restart(self) -> None:
        """See `helpers.labs.student.Student.restart`."""
        for actor in self._spawned:
            actor.stop()
        self._spawned.clear()
        self._reload()

    def source(self, task: str) -> str:
        """See `helpers.labs.student.Student.source`."""
        return "\n".join(cell.source for cell in self._cells if cell.task == task)

    def _start(self, function: str, arguments: tuple[Any, ...], name: str, *, background: bool) -> Actor:
        """An actor that calls the student's function."""
        raise NotImplementedError

    def _reload(self) -> None:
        """Run the student's cells in a fresh process, or what stands for one."""
        raise NotImplementedError
