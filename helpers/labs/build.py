"""A lab's notebooks, made from the author's one: `source.ipynb` becomes the student's and the worked solution.

A solution cell of the source marks what a student is to write, with nbgrader's marks
(https://nbgrader.readthedocs.io/en/stable/user_guide/creating_and_grading_assignments.html):

    def create_queues(sqs, need):
        ### BEGIN SOLUTION
        return sqs.create_queue(QueueName="jobs")["QueueUrl"]
        ### INSTEAD
        # return None
        ### END SOLUTION

The student gets what follows INSTEAD, uncommented, or where there is no INSTEAD a line that raises NotImplementedError.
Nothing here runs a cell; a notebook is what its JSON file holds.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from helpers.experiments.words import duration, number
from helpers.labs.cells import Cell
from helpers.labs.lab import PRACTICE_SEED, Lab, LabError, Need

BEGIN, INSTEAD, END = "### BEGIN SOLUTION", "### INSTEAD", "### END SOLUTION"
"""The marks, each on a line of its own."""

ROLES = ("setup", "account", "solution", "check", "try", "answer")
"""What a cell may be for. Only `setup` and `solution` cells run when a lab is examined; in an `answer` cell, which is
Markdown, a manual task is answered.
"""

PRACTICE = "practice"
"""The edition that is in the course, with its solution beside it."""

Notebook = dict[str, Any]
"""A notebook as its JSON file holds it."""

_MARK = re.compile(r"###\s*(BEGIN|INSTEAD|END)\b")
_REGIONS = {("", BEGIN): BEGIN, (BEGIN, INSTEAD): INSTEAD, (BEGIN, END): "", (INSTEAD, END): ""}
_MISPLACED = {
    BEGIN: "a solution begins inside another one",
    INSTEAD: f"{INSTEAD} stands outside a solution, or a second time in it",
    END: "a solution ends that did not begin",
}
_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
_FILTERS = {"": number, "duration": duration}


# ---- marks


def student_source(source: str, cell: str) -> str:
    """What the student gets of the source of the solution cell `cell`. Raises LabError for a mark out of place."""
    return _versions(source, cell)[0]


def solution_source(source: str, cell: str) -> str:
    """The worked solution in the source of the solution cell `cell`. Raises LabError for a mark out of place."""
    return _versions(source, cell)[1]


def _versions(source: str, cell: str) -> tuple[str, str]:
    """The student's version of a solution cell, and the author's."""
    student: list[str] = []
    solution: list[str] = []
    region = ""  # the mark that was passed last, if a solution has begun
    for place, line in enumerate(source.splitlines(), start=1):
        mark = line.strip()
        if _MARK.match(mark):
            if (region, mark) == (BEGIN, END):
                said = f"{cell}: replace this line with your code"
                student.append(f'{_indent(line)}raise NotImplementedError("{said}")')
            region = _next(region, mark, f"The cell {cell!r}, line {place}")
        elif region == BEGIN:
            solution.append(line)
        elif region == INSTEAD:
            student.append(_uncommented(line, f"The cell {cell!r}, line {place}"))
        else:
            student.append(line)
            solution.append(line)
    if region:
        raise LabError(f"The cell {cell!r}: a solution begins and does not end.")
    return "\n".join(student), "\n".join(solution)


def _next(region: str, mark: str, here: str) -> str:
    if mark not in _MISPLACED:
        raise LabError(f"{here}: {mark!r} is no mark; there is {', '.join(_MISPLACED)}.")
    if (region, mark) not in _REGIONS:
        raise LabError(f"{here}: {_MISPLACED[mark]}.")
    return _REGIONS[region, mark]


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _uncommented(line: str, here: str) -> str:
    """`    # x` becomes `    x`."""
    code = line.lstrip()
    if not code:
        return ""
    if not code.startswith("#"):
        raise LabError(f'{here}: a line after {INSTEAD} must be commented with "# ".')
    rest = code[1:].removeprefix(" ")
    return _indent(line) + rest if rest else ""


# ---- the author's notebook


def read_source(lab: Lab) -> Notebook:
    """The author's notebook. Raises LabError if it is not there, is no notebook, or lacks a task's solution cell."""
    path = lab.folder / "source.ipynb"
    if not path.is_file():
        raise LabError(f"The lab {lab.id} has no source.ipynb.")
    notebook = _read(lab, path.name)
    _examine_roles(lab, notebook)
    return notebook


def _read(lab: Lab, name: str) -> Notebook:
    try:
        notebook = json.loads((lab.folder / name).read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            cell["source"] = "".join(cell["source"])  # a file may hold the lines of a cell, or its text
    except (ValueError, KeyError, TypeError) as error:
        raise LabError(f"{lab.id}/{name} is no Jupyter notebook.") from error
    return dict(notebook)


def _examine_roles(lab: Lab, notebook: Notebook) -> None:
    seen: list[str] = []
    for cell in notebook["cells"]:
        role, task = _role(cell), _task(cell)
        if role not in {"", *ROLES}:
            raise LabError(f"The cell {_id(cell)!r} has the role {role!r}; there is {', '.join(ROLES)}.")
        if role in {"solution", "check", "answer"}:
            lab.task(task)
        if role == "solution":
            if task in seen:
                raise LabError(f"The task {task!r} has a second solution cell, {_id(cell)!r}.")
            if BEGIN not in cell["source"]:
                raise LabError(f"The cell {_id(cell)!r} marks no solution: it needs {BEGIN} and {END}.")
            seen.append(task)
    missing = [task.id for task in lab.tasks if not task.manual and task.id not in seen]
    if missing:
        raise LabError(f"source.ipynb of {lab.id} has no solution cell for {', '.join(missing)}.")


def _role(cell: Mapping[str, Any]) -> str:
    return str(cell.get("metadata", {}).get("lab", {}).get("role", ""))


def _task(cell: Mapping[str, Any]) -> str:
    return str(cell.get("metadata", {}).get("lab", {}).get("task", ""))


def _id(cell: Mapping[str, Any]) -> str:
    return str(cell.get("id", "?"))


# ---- what is examined


def released_sources(lab: Lab) -> dict[str, str]:
    """The source of each task's solution cell as the student gets it, in the order of the notebook."""
    return {task: student for task, (student, _) in _sources(lab)}


def solution_sources(lab: Lab) -> dict[str, str]:
    """The worked solution of each task, in the order of the notebook."""
    return {task: solution for task, (_, solution) in _sources(lab)}


def _sources(lab: Lab) -> Iterator[tuple[str, tuple[str, str]]]:
    for cell in read_source(lab)["cells"]:
        if _role(cell) == "solution":
            yield _task(cell), _versions(cell["source"], _id(cell))


def cells_for_examination(lab: Lab, sources: Mapping[str, str]) -> list[Cell]:
    """The cells that run when the lab is examined: the lab's own, and for each task in `sources` that source.

    In the order of the notebook. The lab's own cells are those of the author's notebook, whatever a student made of
    theirs; an edition that comes without it has those of lab.ipynb.
    """
    edition = "source.ipynb" if (lab.folder / "source.ipynb").is_file() else "lab.ipynb"
    if not (lab.folder / edition).is_file():
        raise LabError(f"The lab {lab.id} has no source.ipynb and no lab.ipynb.")
    cells: list[Cell] = []
    for cell in _read(lab, edition)["cells"]:
        if _role(cell) == "setup":
            cells.append(Cell("", cell["source"]))
        elif _role(cell) == "solution" and _task(cell) in sources:
            cells.append(Cell(_task(cell), sources[_task(cell)]))
    return cells


# ---- the notebooks


def generate(lab: Lab, seed: int = PRACTICE_SEED, edition: str = PRACTICE) -> tuple[Notebook, Notebook]:
    """The student's notebook and the worked solution, not run, with the numbers that `seed` draws.

    Both carry what a grader knows them by under any file name: the lab, the edition, and a hash of what was released.
    Raises LabError for a mark out of place, a placeholder that no need fills, or a cell that is no Python.
    """
    source = read_source(lab)
    needs = {task.id: lab.need(task.id, seed) for task in lab.tasks}
    course = {"lab": lab.id, "edition": edition, "release": release(released_sources(lab))}
    return _notebook(source, course, needs, 0), _notebook(source, course, needs, 1)


def release(sources: Mapping[str, str]) -> str:
    """A name for what was released: equal if the students got the same solution cells, blanks at line ends aside."""
    tidy = [
        [task, [line.rstrip() for line in text.strip("\n").split("\n")]] for task, text in sources.items()
    ]
    return hashlib.sha256(json.dumps(tidy).encode()).hexdigest()[:16]


def worked_in(notebook: Mapping[str, Any]) -> bool:
    """Whether somebody has written in a student's notebook: its solution cells are no longer those of its release."""
    own = {_task(cell): "".join(cell["source"]) for cell in notebook["cells"] if _role(cell) == "solution"}
    return release(own) != str(notebook["metadata"].get("course", {}).get("release"))


def _notebook(
    source: Notebook, course: Mapping[str, str], needs: Mapping[str, Need], version: int
) -> Notebook:
    cells = []
    for cell in source["cells"]:
        text = cell["source"]
        if _role(cell) == "solution":
            text = _versions(text, _id(cell))[version]
            _require_python(text, _id(cell))
        elif cell["cell_type"] == "markdown":
            text = _filled(text, needs, _id(cell))
        made = {"cell_type": cell["cell_type"], "id": _id(cell), "metadata": cell["metadata"], "source": text}
        if cell["cell_type"] == "code":
            made |= {"execution_count": None, "outputs": []}
        cells.append(made)
    return {"cells": cells, "metadata": {"course": dict(course)}, "nbformat": 4, "nbformat_minor": 5}


def _require_python(text: str, cell: str) -> None:
    try:
        ast.parse(text)
    except SyntaxError as error:
        said = f"line {error.lineno}: {error.msg}"
        raise LabError(f"The cell {cell!r} is no Python once its marks are resolved; {said}.") from error


def _filled(text: str, needs: Mapping[str, Need], cell: str) -> str:
    """`text` with `{{task.name}}` and `{{task.name|duration}}` replaced by what the task's need holds."""

    def value(match: re.Match[str]) -> str:
        path, _, form = (part.strip() for part in match[1].partition("|"))
        found: Any = needs
        for name in path.split("."):
            if not isinstance(found, Mapping) or name not in found:
                raise LabError(f"The cell {cell!r}: no need of the lab fills {{{{{match[1]}}}}}.")
            found = found[name]
        if form not in _FILTERS or isinstance(found, Mapping | list):
            raise LabError(f"The cell {cell!r}: {{{{{match[1]}}}}} is not a value that can be written so.")
        return _FILTERS[form](found)

    return _PLACEHOLDER.sub(value, text)
