"""The cells of a lab's notebook that count: their source, and what they define."""

from __future__ import annotations

import linecache
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from helpers.labs.lab import Task
from helpers.labs.names import same_code


@dataclass(frozen=True)
class Cell:
    """A code cell that runs when the lab is examined. `task` is empty for a cell of the lab itself (imports)."""

    task: str
    source: str

    @property
    def filename(self) -> str:
        """The name that tracebacks give it."""
        return f"<{self.task or 'setup'}>"


def untouched(task: Task, source: str, released: Mapping[str, str]) -> bool:
    """Whether the source of a task's cell is still what was released, or is empty."""
    return not source.strip() or same_code(source, released.get(task.id, ""))


def remember(cells: Sequence[Cell]) -> None:
    """Let tracebacks show the lines of these cells."""
    for cell in cells:
        lines = cell.source.splitlines(keepends=True)
        linecache.cache[cell.filename] = (len(cell.source), None, lines, cell.filename)
