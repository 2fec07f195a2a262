"""Which lab a notebook is, and the student's source of each task in it.

A student's tools rename the file, strip metadata, give cells new ids, copy, split and move them. So each thing is
looked for by the surest sign first: an id, then metadata, then what the code defines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from helpers.grading.intake.naming import stem
from helpers.grading.intake.notebook import Notebook, NotebookCell
from helpers.labs.build import cells_for_examination
from helpers.labs.lab import Lab, LabError, Task, lab_ids
from helpers.labs.names import bound, defined, is_python, same_code, taken, without_magics

Score = Callable[[Notebook, Lab], int]


@dataclass(frozen=True)
class Lifted:
    """What a notebook holds of a lab.

    `sources` has the source of each task that is there, as released if nobody touched it; `missing` the tasks that
    are not. `answers` has the text of each manual task. `notes` are sentences for the student and for whoever marks.
    """

    sources: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    answers: dict[str, str] = field(default_factory=dict)


# ---- which lab


def recognise(notebook: Notebook, labs: Sequence[Lab], path: str = "") -> str | None:
    """The id of the lab that the notebook is; None if no sign is clear.

    The signs, in order: the notebook's metadata, its solution cells' metadata, its cells' ids, the functions that its
    code defines, and, if the metadata name no lab at all, the file's name.
    """
    by_id = {lab.id: lab for lab in labs}
    if notebook.lab in by_id or notebook.lab in lab_ids():  # another lab of the course is none of these
        return notebook.lab if notebook.lab in by_id else None
    for score in (_by_metadata, _by_ids, _by_functions):
        scores = sorted(((score(notebook, lab), lab.id) for lab in labs), reverse=True)
        if scores and scores[0][0] > 0 and (len(scores) == 1 or scores[0][0] > scores[1][0]):
            return scores[0][1]
    if notebook.lab:
        return None
    named = [lab for lab in by_id if lab.casefold() in stem(path.rpartition("/")[2]).casefold()]
    return named[0] if len(named) == 1 else None


def _by_metadata(notebook: Notebook, lab: Lab) -> int:
    return len(
        {cell.task for cell in notebook.cells if cell.role == "solution"} & {task.id for task in lab.tasks}
    )


def _by_ids(notebook: Notebook, lab: Lab) -> int:
    return len({name for cell in notebook.cells for name in cell.ids} & {task.id for task in lab.tasks})


def _by_functions(notebook: Notebook, lab: Lab) -> int:
    names = {name for cell in notebook.code for name in defined(without_magics(cell.source))}
    return len(names & {name for task in lab.tasks for name in task.functions})


# ---- what is in it


def lift(notebook: Notebook, lab: Lab, released: Mapping[str, str]) -> Lifted:
    """The student's source of each task of `lab`, and the answers in words.

    `released` is the source of each task's cell as the student got it. The student's other cells do not run when the
    lab is marked: a name that only they define gets a note.
    """
    sources: dict[str, str] = {}
    missing: list[str] = []
    answers: dict[str, str] = {}
    notes: list[str] = []
    used: list[NotebookCell] = []
    for task in lab.tasks:
        if task.manual:
            texts = [cell.source for cell in notebook.cells if _answers(cell, task)]
            own = [
                text for text in texts if text.strip() and text.strip() != released.get(task.id, "").strip()
            ]
            if texts:
                answers[task.id] = "\n\n".join(own) or texts[0]
        else:
            chosen = _Search(notebook, lab, task, released).chosen()
            used += chosen.cells
            notes += chosen.notes
            if chosen.cells:
                sources[task.id] = chosen.source
        if task.id not in sources and task.id not in answers:
            missing.append(task.id)
    notes += _names_from_elsewhere(notebook, lab, sources, used)
    notes += _check_cells(notebook, lab)
    return Lifted(sources, tuple(missing), tuple(notes), answers)


def _answers(cell: NotebookCell, task: Task) -> bool:
    named = task.id in cell.ids or f"{task.id}-answer" in cell.ids
    return named or (cell.task == task.id and cell.role in {"answer", "solution"})


def _marked(cell: NotebookCell, task: Task) -> bool:
    """Whether an id or the metadata say that it is the task's solution cell."""
    return task.id in cell.ids or (cell.task == task.id and cell.role in {"solution", ""})


@dataclass(frozen=True)
class _Chosen:
    cells: tuple[NotebookCell, ...] = ()
    source: str = ""
    notes: tuple[str, ...] = ()


class _Search:
    """The search for one task's source in a notebook."""

    def __init__(self, notebook: Notebook, lab: Lab, task: Task, released: Mapping[str, str]) -> None:
        self._notebook = notebook
        self._task = task
        self._released = released.get(task.id, "")
        self._marked = [cell for cell in notebook.cells if _marked(cell, task)]
        others = [other for other in lab.tasks if other.id != task.id]
        defining = [
            cell
            for cell in notebook.code
            if cell not in self._marked
            and cell.role not in {"check", "setup", "account"}
            and self._functions(cell)
        ]
        self._unmarked = [cell for cell in defining if not any(_marked(cell, other) for other in others)]
        self._foreign = [cell for cell in defining if cell not in self._unmarked]

    def chosen(self) -> _Chosen:
        """The cells that hold the task's code, what they say together, and what is to be noted."""
        marked = [cell for cell in self._marked if self._changed(cell)]
        unmarked = [cell for cell in self._unmarked if self._changed(cell)]
        if marked:
            there = self._all_functions(marked)
            pieces = marked + [cell for cell in unmarked if self._functions(cell) - there]
        else:
            pieces = unmarked or self._foreign
        if pieces:
            ordered = [cell for cell in self._notebook.cells if cell in pieces]
            whole, notes = self._together(ordered)
            return self._noted(whole, notes, [cell for cell in unmarked if cell not in pieces])
        for cell in (*self._marked, *self._unmarked):
            return _Chosen((cell,), cell.source if self._is_code(cell) else "")
        return _Chosen()

    def _together(self, pieces: list[NotebookCell]) -> tuple[list[NotebookCell], list[str]]:
        """Those of the pieces that count: the last that is whole, with what was split off it; or all of them."""
        functions = self._all_functions(pieces)
        if not functions:
            return pieces[-1:], []
        versions = [cell for cell in pieces if self._functions(cell) == functions]
        if not versions:
            return pieces, []
        last, needed = versions[-1], taken(_code(versions[-1]))
        whole = [
            cell
            for cell in pieces
            if cell is last or (not self._functions(cell) and bound(_code(cell)) & needed)
        ]
        if all(same_code(cell.source, last.source) for cell in versions):
            return whole, []
        return whole, [f"the notebook has {len(versions)} versions of it; the last one is marked."]

    def _noted(self, whole: list[NotebookCell], notes: list[str], aside: list[NotebookCell]) -> _Chosen:
        """What is marked, with a note on everything that a student may wonder at."""
        if not any(cell in self._marked for cell in whole):
            notes.append("its cell lost the lab's marks; it is known by its functions.")
        if any(not same_code(cell.source, used.source) for cell in aside for used in whole):
            notes.append("another cell defines its functions too; the solution cell is marked.")
        if len(whole) > 1:
            notes.append(
                f"its code is in {len(whole)} cells; they are marked as one, in the notebook's order."
            )
        if any(cell.kind != "code" for cell in whole):
            notes.append("its cell is no longer a code cell; its text is marked as code.")
        sources = [_code(cell) for cell in whole]
        if sources != [cell.source for cell in whole]:
            notes.append("IPython's commands in its cell (lines with % or !) are left out.")
        said = tuple(f"{self._task.id}: {note}" for note in notes)
        return _Chosen(tuple(whole), "\n\n".join(sources), said)

    def _functions(self, cell: NotebookCell) -> frozenset[str]:
        return defined(_code(cell)) & set(self._task.functions)

    def _all_functions(self, pieces: Sequence[NotebookCell]) -> set[str]:
        return {name for cell in pieces for name in self._functions(cell)}

    def _changed(self, cell: NotebookCell) -> bool:
        """Whether there is code in it that is not what was released."""
        if not cell.source.strip() or not self._is_code(cell):
            return False
        return not same_code(cell.source, self._released) and not same_code(cell.source, "")

    def _is_code(self, cell: NotebookCell) -> bool:
        """Whether it is a code cell, or one that was turned into text and is Python still."""
        return cell.kind == "code" or (bool(self._functions(cell)) and is_python(_code(cell)))


def _code(cell: NotebookCell) -> str:
    return without_magics(cell.source)


# ---- notes


def _names_from_elsewhere(
    notebook: Notebook, lab: Lab, sources: Mapping[str, str], used: Sequence[NotebookCell]
) -> list[str]:
    """A sentence for each name of a solution cell that only the notebook's other cells define."""
    try:
        setup = [cell.source for cell in cells_for_examination(lab, {})]
    except LabError:
        setup = []
    given = {"cloud", *lab.clients}.union(*map(bound, [*setup, *sources.values()]))
    added: set[str] = set().union(*(bound(_code(cell)) for cell in notebook.code if cell not in used))
    return [
        f"{task}: `{name}` is only defined in a cell that does not run when the lab is marked."
        for task, source in sources.items()
        for name in sorted((taken(source) & added) - given)
    ]


def _check_cells(notebook: Notebook, lab: Lab) -> list[str]:
    """Sentences on check cells that are gone, or say something else."""
    gone: list[str] = []
    changed: list[str] = []
    for task in (task for task in lab.tasks if not task.manual):
        released = f'check("{task.id}")'
        marked = [
            cell
            for cell in notebook.cells
            if f"{task.id}-check" in cell.ids or (cell.role == "check" and cell.task == task.id)
        ]
        if any(same_code(cell.source, released) for cell in marked or notebook.code):
            continue
        (changed if marked else gone).append(task.id)
    said = ((gone, "Check cells that are gone"), (changed, "Check cells that were changed"))
    return [f"{what}: {', '.join(tasks)}. They do not count." for tasks, what in said if tasks]
