"""What the kernel of a notebook has run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from IPython import get_ipython

from helpers.labs import Task
from helpers.labs.names import defined, without_magics


class History:
    """The sources of the cells that a kernel runs, oldest first, with IPython's commands as comments.

    IPython's own history is read once; from then on each cell is noted as it starts, since a front end may run cells
    that the history does not keep.
    """

    def __init__(self, shell: Any) -> None:
        self._cells = [str(source) for source in shell.history_manager.input_hist_raw]
        shell.events.register("pre_run_cell", self._starts)

    def _starts(self, info: Any) -> None:
        self._cells.append(str(info.raw_cell))

    def __call__(self) -> list[str]:
        return [without_magics(source) for source in self._cells]


def executed() -> list[str]:
    """The sources of the cells that this notebook's kernel has run; none outside a notebook."""
    shell = get_ipython()
    return [] if shell is None else _history_of(shell)()


@cache
def _history_of(shell: Any) -> History:
    return History(shell)


def latest(task: Task, cells: Sequence[str]) -> str | None:
    """The source of the last of `cells` that defines the functions of `task`, or else the first function; or None.

    A cell that is no Python counts by its `def` lines: the learner's last word may have a slip in it.
    """
    main: str | None = None
    for source in reversed(cells):
        names = defined(source) or set(re.findall(r"^def\s+(\w+)", source, re.MULTILINE))
        if names.issuperset(task.functions):
            return source
        if main is None and task.functions[0] in names:
            main = source
    return main
