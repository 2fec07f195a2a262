"""Examine a task: every check of it ends in exactly one finding, whatever the student's code does."""

from __future__ import annotations

from dataclasses import replace

from helpers.labs.bench import Bench
from helpers.labs.finding import Finding, crashed, not_attempted
from helpers.labs.lab import Need, Task
from helpers.labs.student import NotAttempted, StudentError


def examine(task: Task, bench: Bench, need: Need) -> dict[str, Finding]:
    """The finding of each check of `task`, in the order of its checks.

    A check that was not reached, because the student's code raised before, is crashed; one whose function is not
    written yet is not attempted. An error of the check itself is raised: it is a defect of the lab.
    """
    assert task.examine is not None, "a manual task is marked by a person"
    found: dict[str, Finding] = {}
    rest: Finding | None = None
    try:
        for check, finding in task.examine(bench, need):
            if check not in {one.id for one in task.checks}:
                raise LookupError(f"The task {task.id} has no check {check!r}.")
            found.setdefault(check, replace(finding, trial=len(bench.trials) - 1))
    except NotAttempted as error:
        rest = not_attempted(f"{error.message}.")
    except StudentError as error:
        rest = crashed(error.sentence)
    missing = [one.id for one in task.checks if one.id not in found]
    if missing and rest is None:
        raise LookupError(f"The examination of {task.id} says nothing on {', '.join(missing)}.")
    return {one.id: found.get(one.id) or rest for one in task.checks}  # type: ignore[misc]  # rest is there if one is missing


def earned(task: Task, findings: dict[str, Finding]) -> float:
    """The points of the checks that passed."""
    return sum(check.points for check in task.checks if findings[check.id].status == "passed")
