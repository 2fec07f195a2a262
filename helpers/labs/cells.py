"""The cells of a lab's notebook that count: their source, and what they define."""

from __future__ import annotations

import ast
import linecache
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from helpers.labs.lab import Task


@dataclass(frozen=True)
class Cell:
    """A code cell that runs when the lab is examined. `task` is empty for a cell of the lab itself (imports)."""

    task: str
    source: str

    @property
    def filename(self) -> str:
        """The name that tracebacks give it."""
        return f"<{self.task or 'setup'}>"


@contextmanager
def quiet() -> Iterator[None]:
    """What Python warns about in a student's source is not for the instructor's terminal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def defined(source: str) -> set[str]:
    """The names that the source binds at its top level by `def` and `class`; none if it is no Python."""
    try:
        with quiet():
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in tree.body if isinstance(node, kinds)}


def same_code(one: str, other: str) -> bool:
    """Whether two sources are the same but for comments and blanks; two that are no Python, if equal as text."""
    try:
        with quiet():
            return ast.dump(ast.parse(one)) == ast.dump(ast.parse(other))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return one.split() == other.split()


def untouched(task: Task, source: str, released: Mapping[str, str]) -> bool:
    """Whether the source of a task's cell is still what was released, or is empty."""
    return not source.strip() or same_code(source, released.get(task.id, ""))


def remember(cells: Sequence[Cell]) -> None:
    """Let tracebacks show the lines of these cells."""
    for cell in cells:
        lines = cell.source.splitlines(keepends=True)
        linecache.cache[cell.filename] = (len(cell.source), None, lines, cell.filename)
