"""What the kernel of a notebook has run."""

from __future__ import annotations

import re
from collections.abc import Sequence

from helpers.labs import Task
from helpers.labs.cells import defined


def executed() -> list[str]:
    """The sources of the cells that the kernel has run, oldest first; none outside a notebook."""
    from IPython import get_ipython

    shell = get_ipython()
    return [] if shell is None else [str(source) for source in shell.history_manager.input_hist_parsed]


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
