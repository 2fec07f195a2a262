"""A lab for those who run nbgrader, and nbgrader's marks for those who run this grader. The course needs no nbgrader.

Export: the author's notebook with nbgrader's cell metadata, schema version 3
(https://nbgrader.readthedocs.io/en/stable/contributor_guide/metadata.html). Each check of the lab becomes an autograded
test cell of its own, so that points and reasons stay what they are; `nbgrader generate_assignment` makes the student's
version of it. In nbgrader a student's code and the checks share a process, so what
https://nbgrader.readthedocs.io/en/stable/user_guide/faq.html says of untrusted code holds for the lab, too.

Import and export of marks: the CSV of `nbgrader export` (nbgrader/plugins/export.py).
"""

from __future__ import annotations

import copy
from functools import lru_cache
from typing import Any

from helpers.grading.gradebook.sheet import GradebookError, entries, number
from helpers.grading.record import Batch, Record, State
from helpers.grading.report.table import csv_text, guarded
from helpers.grading.report.table import number as written
from helpers.labs import PRACTICE_SEED, Finding, Lab, Task, load_lab
from helpers.labs.build import (
    BEGIN,
    END,
    INSTEAD,
    Notebook,
    generate,
    read_source,
    released_sources,
    solution_source,
    student_source,
)
from helpers.labs.practice import examine_here
from helpers.ui.history import executed, latest

SCHEMA = 3
"""The version of nbgrader's cell metadata that is written."""

COLUMNS = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
    "late_submission_penalty", "score", "max_score",
)  # fmt: skip
"""The columns of nbgrader's CSV, in its order."""

STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
"""What nbgrader puts behind a broken system, in place of the right one: no part of the student's work."""

_HIDDEN = ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")
_KERNEL = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


# ---- in nbgrader's kernel


def assert_check(lab: str, task: str, check: str, *, seed: int = PRACTICE_SEED) -> None:
    """Raise AssertionError with the reason if a check of a lab does not pass, with the code that this kernel has run.

    `lab` is an id or a folder. The first check of a task examines it; the others read the same findings. Raises
    LabError for a task that is not there, KeyError for such a check.
    """
    found = load_lab(lab)
    cells = executed()
    sources = tuple(
        (one.id, (latest(one, cells) or "").replace(STUB, "")) for one in found.tasks if not one.manual
    )
    finding = _findings(lab, task, sources, seed)[check]
    if finding.status != "passed":
        raise AssertionError(finding.reason or str(finding.status.value))


@lru_cache(maxsize=32)
def _findings(lab: str, task: str, sources: tuple[tuple[str, str], ...], seed: int) -> dict[str, Finding]:
    found = load_lab(lab)
    written_down = {name: source for name, source in sources if source}
    return examine_here(found, task, written_down, released_sources(found), seed)


# ---- the notebook


def export(lab: Lab, *, seed: int | None = None, name: str = "") -> Notebook:
    """The author's notebook of `lab` for nbgrader's folder `source/`.

    Each check is an autograded cell with its points. It counts with the numbers of practice or, if `seed` is given,
    with those that it draws, in a hidden test. `name` is what the checks load in nbgrader's kernel: the lab's id, or a
    folder if it is not one of the course's. Raises LabError as the lab's own notebooks do.
    """
    authored = {cell["id"]: cell["source"] for cell in read_source(lab)["cells"]}
    made = []
    for cell in generate(lab, PRACTICE_SEED if seed is None else seed)[0]["cells"]:
        mark = cell["metadata"].get("lab", {})
        match mark.get("role", ""):
            case "solution":
                made.append(_cell(cell, _for_nbgrader(authored[cell["id"]], cell["id"]), solution=True))
            case "check":
                made += _tests(lab.task(mark["task"]), name or lab.id, seed)
            case "answer":
                points = lab.task(mark["task"]).points
                made.append(_cell(cell, cell["source"], grade=True, solution=True, points=points))
            case "try":
                made.append({**cell, "metadata": {}})
            case _:
                made.append(_cell(cell, cell["source"], locked=True))
    return {"cells": made, "metadata": copy.deepcopy(_KERNEL), "nbformat": 4, "nbformat_minor": 5}


def _for_nbgrader(source: str, cell: str) -> str:
    """A solution cell in which nbgrader finds what to take out.

    nbgrader knows no INSTEAD. Where the student gets a broken system it stands first, and the right one behind it is
    taken out.
    """
    if INSTEAD not in source:
        return source
    return "\n".join([student_source(source, cell), "", BEGIN, solution_source(source, cell), END])


def _tests(task: Task, lab: str, seed: int | None) -> list[dict[str, Any]]:
    made = []
    for check in task.checks:
        call = f'assert_check("{lab}", "{task.id}", "{check.id}"'
        lines = [f"# {check.text}", "from helpers.grading.nbgrader import assert_check", ""]
        lines += [f"{call})"] if seed is None else [_HIDDEN[0], f"{call}, seed={seed})", _HIDDEN[1]]
        cell: dict[str, Any] = {"cell_type": "code", "id": f"{task.id}-{check.id}"}
        cell |= {"execution_count": None, "outputs": []}
        made.append(_cell(cell, "\n".join(lines), grade=True, locked=True, points=check.points))
    return made


def _cell(
    cell: dict[str, Any],
    source: str,
    *,
    grade: bool = False,
    solution: bool = False,
    locked: bool = False,
    points: float | None = None,
) -> dict[str, Any]:
    mark: dict[str, Any] = {
        "schema_version": SCHEMA,
        "grade_id": cell["id"],
        "grade": grade,
        "solution": solution,
        "locked": locked,
        "task": False,
        "cell_type": cell["cell_type"],
    }
    if points is not None:
        mark["points"] = points
    return {**cell, "metadata": {"nbgrader": mark}, "source": source}


# ---- the marks


def to_gradebook(batch: Batch) -> str:
    """The batch as the CSV that `nbgrader export` writes; the lab is the assignment."""
    rows = [
        [
            batch.lab,
            "",
            "",
            guarded(record.student),
            "",
            "",
            guarded(record.student) if "@" in record.student else "",
            written(record.total),
            "0",
            written(record.total),
            written(record.maximum),
        ]
        for record in batch.records
    ]
    return csv_text(COLUMNS, rows).removeprefix("\ufeff")  # nbgrader writes none


def from_gradebook(data: bytes, lab: Lab, *, assignment: str = "") -> Batch:
    """The marks of an assignment in nbgrader's CSV, as a batch that has totals and no tasks.

    `assignment` is its name in nbgrader, the lab's id if nothing is said. A 0 without a time of submission is listed
    and makes no record: nbgrader writes it for who sent nothing, and for a notebook that it could not mark. Raises
    GradebookError if the file is no such CSV, or has no such assignment.
    """
    wanted = assignment or lab.id
    rows = [(row, cells) for row, cells in entries(data, COLUMNS) if cells["assignment"] == wanted]
    if not rows:
        raise GradebookError(f"The file has no marks of an assignment {wanted!r}; name it as nbgrader does.")
    batch = Batch(lab.id, lab.title, 0, lab.points, tuple(task.id for task in lab.tasks))
    for row, cells in rows:
        score, maximum = number(cells["score"]), number(cells["max_score"])
        if score is None or maximum is None:
            batch.unmatched.append(f"Row {row} has no marks for {cells['student_id']}: {cells['score']!r}.")
        elif not score and not cells["timestamp"]:
            batch.unmatched.append(
                f"{cells['student_id']} has 0 and no time of submission: nothing came, or nbgrader could not mark it."
            )
        else:
            batch.records.append(_record(cells, lab, score, maximum))
    batch.maximum = max((record.maximum for record in batch.records), default=lab.points)
    return batch


def _record(cells: dict[str, str], lab: Lab, score: float, maximum: float) -> Record:
    penalty = number(cells["late_submission_penalty"]) or 0.0
    return Record(
        student=cells["student_id"],
        lab=lab.id,
        state=State.GRADED,
        isolation="nbgrader",
        total=score,
        maximum=maximum,
        reason="",
        sha256="",
        seconds=0.0,
        seed=0,
        file="",
        notes=(f"nbgrader took off {penalty:g} points for being late.",) if penalty else (),
        late=bool(penalty),
    )
