"""A lab in the notebook: check a task, ask for a hint, and after the hints see the solution.

A check takes the learner's code from the cells that the kernel has run, and examines it as the grader does: in a
namespace of its own, in fresh accounts, with the numbers of practice.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence

from traitlets import HasTraits, Tuple

from helpers.labs import Finding, Lab, LabError, Need, Task, load_lab, not_attempted
from helpers.labs.build import released_sources, solution_sources
from helpers.labs.cells import untouched
from helpers.labs.practice import examine_here
from helpers.ui import binder, markup
from helpers.ui.history import executed, latest
from helpers.ui.lab_card import Note, TaskCard


class Hints(HasTraits):
    """The hints of a task that were shown, by number from 1; who observes `shown` learns of each new one."""

    shown = Tuple()

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.texts = task.hints

    def show(self, number: int) -> None:
        """Note that a hint was shown."""
        if number not in self.shown:
            self.shown = tuple(sorted((*self.shown, number)))

    @property
    def next(self) -> int:
        """The number of the first hint that was not shown; of the last one if all were."""
        left = [number for number in range(1, len(self.texts) + 1) if number not in self.shown]
        return left[0] if left else len(self.texts)

    @property
    def left(self) -> int:
        """How many were not shown yet."""
        return len(self.texts) - len(self.shown)


class OpenLab:
    """A lab at work; see `open_lab`. `cells` gives the sources of the cells that were run."""

    def __init__(self, lab: Lab, cells: Callable[[], Sequence[str]] = executed) -> None:
        self.lab = lab
        cells()  # from here on, each cell that runs is noted
        self._cells = cells
        self._hints = {task.id: Hints(task) for task in lab.tasks}
        # A graded edition comes without its author's notebook: then no cell is known to be as it was released.
        self._has_source = (lab.folder / "source.ipynb").is_file()
        self._released = released_sources(lab) if self._has_source else {}

    def __repr__(self) -> str:
        tasks = ", ".join(task.id for task in self.lab.tasks)
        return f"{self.lab.title}: {self.lab.points:g} points in the tasks {tasks}."

    def check(self, task: str) -> TaskCard:
        """Examine the learner's code for `task` and show what each check says, with the points.

        An error in that code is a verdict and raises nothing. Raises LabError for a misspelt task.
        """
        return TaskCard(self, self.lab.task(task))

    def hint(self, task: str, number: int | None = None) -> Note:
        """The next hint for `task`, or the one with that number. Raises LabError if there is no such hint."""
        found = self.lab.task(task)
        return Note(self.hint_html(found, number))

    def solution(self, task: str) -> Note:
        """The worked solution of `task`, once its hints were shown; before, one sentence that says so."""
        return Note(self.solution_html(self.lab.task(task)))

    def need(self, task: str) -> Need:
        """The numbers of `task` that the learner practises with, as its functions get them."""
        return self.lab.need(task)

    def hints(self, task: Task) -> Hints:
        """The hints of `task`, and which of them were shown."""
        return self._hints[task.id]

    def hint_html(self, task: Task, number: int | None = None) -> str:
        """A hint as HTML; it counts as shown from now on. Raises LabError if there is no such hint."""
        hints = self.hints(task)
        count = len(hints.texts)
        if not count:
            return f"<p>The task {markup.text(task.title)} has no hints.</p>"
        if number is None:
            number = hints.next
        if number not in range(1, count + 1):
            raise LabError(f"The task {task.id} has {count} hints: ask for 1 to {count}.")
        hints.show(number)
        left = "" if hints.left else " <small>The solution opens now.</small>"
        return (
            f"<p><strong>Hint {number} of {count}, {markup.text(task.title)}:</strong> "
            f"{markup.text(hints.texts[number - 1])}{left}</p>"
        )

    def has_solution(self, task: Task) -> bool:
        """Whether a worked solution comes with the lab."""
        return self._has_source and not task.manual

    def solution_html(self, task: Task) -> str:
        """The solution as HTML, or the sentence that says why it does not open."""
        hints = self.hints(task)
        if not self.has_solution(task):
            return f"<p>There is no solution to show for {markup.text(task.title)}.</p>"
        if hints.left:
            said = f"{hints.left} of {len(hints.texts)} {'is' if hints.left == 1 else 'are'} left"
            return (
                f"<p>The solution opens after the hints, and {said}: "
                f'<code>hint("{task.id}")</code> shows the next one.</p>'
            )
        code = solution_sources(self.lab)[task.id]
        return (
            f"<p><strong>One solution, {markup.text(task.title)}:</strong></p><pre>{markup.raw(code)}</pre>"
        )

    def examine(self, task: Task) -> Mapping[str, Finding]:
        """The finding of each check of `task` for what the cells that were run define; none for a manual task."""
        if task.manual:
            return {}
        cells = list(self._cells())
        source = latest(task, cells)
        if source is None:
            return _all(task, not_attempted("Run the cell of this task first."))
        if task.broken and untouched(task, source, self._released):
            return _all(task, not_attempted("The cell is still as it was given."))
        sources = {task.id: source}
        for other in self.lab.tasks:
            text = latest(other, cells) if other.functions else None
            if other is not task and text is not None and _is_python(text):
                sources[other.id] = text
        return examine_here(self.lab, task.id, {**self._released, **sources}, self._released)


def _all(task: Task, finding: Finding) -> Mapping[str, Finding]:
    return {check.id: finding for check in task.checks}


def _is_python(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True


def open_lab(id: str) -> OpenLab:  # noqa: A002  # a lab's name is its id
    """Open a lab ("18_sqs"): its `check`, `hint` and `solution` take the name of a task.

    On Binder, where work is lost, it also shows how to keep it. Raises LabError for a misspelt id.
    """
    opened = OpenLab(load_lab(id))
    binder.show_notice()
    return opened
