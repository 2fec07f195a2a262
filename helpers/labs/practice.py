"""Examine a task in this very process, as a learner's kernel and the author's gate do."""

from __future__ import annotations

from collections.abc import Mapping

from helpers.labs.bench import Bench
from helpers.labs.build import cells_for_examination
from helpers.labs.cells import untouched
from helpers.labs.examine import examine
from helpers.labs.finding import Finding
from helpers.labs.lab import PRACTICE_SEED, Lab, Task
from helpers.labs.local import LocalHost


def examine_here(
    lab: Lab, task: str, sources: Mapping[str, str], released: Mapping[str, str], seed: int = PRACTICE_SEED
) -> dict[str, Finding]:
    """The finding of each check of `task`, with `sources` as the source of each task's solution cell.

    A cell that is missing, or is still what was `released`, counts as not attempted. Raises what a check itself raises:
    a defect of the lab.
    """
    host = LocalHost(
        cells_for_examination(lab, sources), lab.clients, absent_functions(lab, sources, released)
    )
    # What another task's cell raised is no answer to this one.
    host.problems = {one: error for one, error in host.problems.items() if one in {"", task}}
    return examine(lab.task(task), Bench(host, seed, task), lab.need(task, seed))


def absent_functions(lab: Lab, sources: Mapping[str, str], released: Mapping[str, str]) -> dict[str, str]:
    """The functions of the tasks that are not attempted, each with its task."""
    return {name: task.id for task in blank_tasks(lab, sources, released) for name in task.functions}


def blank_tasks(lab: Lab, sources: Mapping[str, str], released: Mapping[str, str]) -> list[Task]:
    """The tasks that are not attempted: their cell is missing, or still what was `released`."""
    return [
        task for task in lab.tasks if not task.manual and untouched(task, sources.get(task.id, ""), released)
    ]
