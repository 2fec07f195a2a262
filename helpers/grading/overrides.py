"""Marks that a person sets instead of the grader's: `overrides.csv` with student, task, points, reason, by.

The file is the instructor's own: it is read last, and never written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from helpers.grading.gradebook.sheet import GradebookError, entries, number
from helpers.grading.record import Batch, Record, State, TaskRecord
from helpers.grading.report.table import unguarded

COLUMNS = ("student", "task", "points", "reason", "by")
"""What the file must have; other columns are for its owner."""


@dataclass(frozen=True)
class Override:
    """`points` for a student's task, why, and by whom; `row` is where it stands in the file (1 is the heading)."""

    student: str
    task: str
    points: float
    reason: str
    by: str
    row: int = 0


@dataclass(frozen=True)
class Overrides:
    """What the file says, and a sentence for each row that does not count or that a later one replaces."""

    rows: tuple[Override, ...] = ()
    problems: tuple[str, ...] = ()


def read_overrides(data: bytes, batch: Batch, points: Mapping[str, float]) -> Overrides:
    """The overrides of a file for `batch`; `points` holds the most that each task can earn, by its id.

    A row that cannot be followed (unknown student or task, points out of range, no reason, nobody's name) does not
    count and is named; the others do. Of two rows for one student and task the later counts. A file without the columns
    is one problem.
    """
    try:
        rows = entries(data, COLUMNS)
    except GradebookError as error:
        return Overrides(problems=(f"overrides.csv does not count. {error}",))
    students = {one.student.casefold(): one.student for one in batch.records}
    good: dict[tuple[str, str], Override] = {}
    problems = []
    for row, raw in rows:
        cells = {head: unguarded(cell) for head, cell in raw.items()}
        problem = _problem(cells, students, points)
        if problem:
            problems.append(f"Row {row} of overrides.csv does not count: {problem}")
            continue
        one = Override(
            students[cells["student"].casefold()],
            cells["task"],
            number(cells["points"]) or 0.0,
            cells["reason"],
            cells["by"],
            row,
        )
        before = good.pop((one.student, one.task), None)
        if before is not None:
            problems.append(
                f"Row {row} of overrides.csv replaces row {before.row}, for the same student and task."
            )
        good[one.student, one.task] = one
    return Overrides(tuple(good.values()), tuple(problems))


def _problem(cells: Mapping[str, str], students: Mapping[str, str], points: Mapping[str, float]) -> str:
    student, task, value = cells["student"], cells["task"], number(cells["points"])
    if student.casefold() not in students:
        return f"there is no submission by {student or 'nobody'}."
    if task not in points:
        return f"there is no task {task!r}; the tasks are {', '.join(points)}."
    if value is None:
        return f"{cells['points']!r} is no number of points."
    if not 0 <= value <= points[task]:
        return f"{value:g} points are not between 0 and {points[task]:g}, the most for {task}."
    if not cells["reason"]:
        return "it gives no reason."
    if not cells["by"]:
        return "it does not say by whom."
    return ""


def merge_overrides(batch: Batch, overrides: Sequence[Override], points: Mapping[str, float]) -> Batch:
    """A batch in which the overrides count: points, totals, and for each a note that says who set it and why.

    Merging the same overrides again changes nothing. `batch` stays as it is.
    """
    chosen: dict[str, list[Override]] = {}
    for one in overrides:
        chosen.setdefault(one.student, []).append(one)
    records = [
        reduce(
            lambda record, one: _overridden(record, one, points[one.task]),
            chosen.get(first.student, ()),
            first,
        )
        for first in batch.records
    ]
    return replace(batch, records=records)


def _overridden(record: Record, one: Override, points: float) -> Record:
    note = f"{one.task}: {one.points:g} of {points:g} points, set by {one.by}: {one.reason}"
    if note in record.notes:
        return record
    changed = with_points(record, one.task, one.points, points, note)
    return replace(changed, reason=f"{record.reason} {note}".strip())


def with_points(record: Record, task: str, earned: float, points: float, note: str = "") -> Record:
    """The record with `earned` of `points` for `task`, by a person: the task, the total and the notes.

    A task that is missing from the record is added. The state is "graded" once nothing waits for a person any more.
    """
    before = next((one.earned or 0.0 for one in record.tasks if one.id == task), 0.0)
    tasks = tuple(replace(one, earned=earned) if one.id == task else one for one in record.tasks)
    if all(one.id != task for one in tasks):
        tasks = (*tasks, TaskRecord(task, task, points, earned))
    waited = record.state is State.NEEDS_MANUAL
    done = waited and all(one.earned is not None for one in tasks)
    return replace(
        record,
        tasks=tasks,
        total=round(record.total - before + earned, 6),
        notes=(*record.notes, note) if note else record.notes,
        state=State.GRADED if done else record.state,
        reason="" if done else record.reason,  # it said what was waited for
    )
