"""A lab in the notebook: check a task, ask for a hint, and after the hints see the solution.

A check takes the learner's code from the cells that the kernel has run, and examines it as the grader does: in a
namespace of its own, in fresh accounts, with the numbers of practice.
"""

from __future__ import annotations

import ast
import contextlib
import html
import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import ipywidgets as widgets
from traitlets import HasTraits, Tuple

from helpers.cloud import Stopped
from helpers.labs import Finding, Lab, LabError, Need, Status, Task, earned, load_lab, not_attempted
from helpers.labs.build import released_sources, solution_sources
from helpers.labs.cells import defined, untouched
from helpers.labs.practice import examine_here
from helpers.ui import markup
from helpers.ui.shell import Shell, Still

MARKS: Final = {
    Status.PASSED: ("✔", "passed", "good"),
    Status.FAILED: ("✘", "not yet", "bad"),
    Status.NOT_ATTEMPTED: ("–", "not attempted", "none"),
    Status.CRASHED: ("✖", "crashed", "bad"),
}
"""Icon, word and CSS class of a check's status."""

PRINTED: Final = 2_000
"""Characters that a card keeps of what the learner's code prints while it is examined."""

Findings = Mapping[str, Finding]


# ---- the learner's code


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


def _is_python(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True


# ---- the lab


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
        left = "" if hints.left else f' <small>Now <code>solution("{task.id}")</code> opens.</small>'
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

    def examine(self, task: Task) -> Findings:
        """The finding of each check of `task` for what the cells that were run define."""
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


def _all(task: Task, finding: Finding) -> Findings:
    return {check.id: finding for check in task.checks}


# ---- what is shown


class Note(Shell):
    """A few words in a box."""

    def __init__(self, words: str) -> None:
        self._words = words
        super().__init__([widgets.HTML(words)])

    def still(self) -> Still:
        return Still(_text(self._words), self._words)


class TaskCard(Shell):
    """What the checks of a task say; buttons check again, show the next hint, and after the hints the solution."""

    def __init__(self, opened: OpenLab, task: Task) -> None:
        self._opened = opened
        self._task = task
        self.said = widgets.HTML()
        self.more = widgets.HTML()
        self.words = ""
        self.again = _button("Check again", "refresh", "Examine the cell as it was last run")
        self.hint = _button("Hint", "lightbulb-o", "Show the next hint")
        self.solution = _button("Solution", "eye", "Opens after the last hint")
        self.again.on_click(self.guard(lambda _: self.judge()))
        self.hint.on_click(self.guard(lambda _: self._add(opened.hint_html(task))))
        self.solution.on_click(self.guard(lambda _: self._add(opened.solution_html(task))))
        self._notes: list[str] = []
        super().__init__(
            [self.said, widgets.HBox([self.again, self.hint, self.solution]).add_class("row"), self.more]
        )
        opened.hints(task).observe(lambda _: self._set_buttons(), names="shown")
        self._set_buttons()
        self.judge()
        self._first = self.words

    def judge(self) -> None:
        """Examine the learner's code as it was last run."""
        self.clear_error()
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                findings = self._opened.examine(self._task) if not self._task.manual else {}
        except (KeyboardInterrupt, Stopped):
            self._say("<p>Stopped before the check came to an end.</p>")
        except Exception as error:  # noqa: BLE001  # a defect of the lab must not look like the learner's
            self._say("<p>The check itself failed. That is a defect of the lab, not of your code.</p>")
            self.show_error(error)
        else:
            self._say(card_html(self._opened.lab, self._task, findings, printed.getvalue()))

    def _say(self, words: str) -> None:
        self.words = words
        self.said.value = f'<div role="status" aria-live="polite">{words}</div>'

    def _add(self, words: str) -> None:
        if words not in self._notes:
            self._notes.append(words)
        self.more.value = f'<div role="status" aria-live="polite">{"".join(self._notes)}</div>'

    def _set_buttons(self) -> None:
        hints = self._opened.hints(self._task)
        count = len(hints.texts)
        self.again.disabled = self._task.manual
        self.hint.disabled = not hints.left
        self.hint.description = f"Hint {hints.next} of {count}" if hints.left else "No more hints"
        self.solution.disabled = bool(hints.left) or not self._opened.has_solution(self._task)

    def still(self) -> Still:
        return Still(_text(self._first), self._first)


def _button(description: str, icon: str, tooltip: str) -> widgets.Button:
    return widgets.Button(description=description, icon=icon, tooltip=tooltip)


def card_html(lab: Lab, task: Task, findings: Findings, printed: str = "") -> str:
    """What the checks of `task` say, as HTML that reads well without a style sheet."""
    if task.manual:
        return (
            f"<h4>{markup.text(task.title)}: {_points(task.points)}</h4>"
            "<p>A person marks this answer. Write it into the cell above.</p>"
        )
    shared = {finding.reason for finding in findings.values()}
    reason = shared.pop() if len(shared) == 1 and len(task.checks) > 1 else ""
    rows = [_row(check.text, check.points, findings[check.id], reason) for check in task.checks]
    head = f"{markup.text(task.title)}: {earned(task, dict(findings)):g} of {_points(task.points)}"
    said = f"<p>{markup.text(_reason(reason))}</p>" if reason else ""
    out = printed if len(printed) <= PRINTED else f"{printed[:PRINTED]}…"
    output = (
        markup.details("What your code printed", f"<pre>{markup.raw(out)}</pre>") if printed.strip() else ""
    )
    return f"<h4>{head}</h4>{said}{markup.items(rows, kind='claims')}{_try_next(lab, task, findings)}{output}"


def _row(text: str, points: float, finding: Finding, said: str) -> str:
    icon, word, kind = MARKS[finding.status]
    earned_points = points if finding.status == Status.PASSED else 0
    reason = ""
    if finding.reason and finding.reason != said:
        where = ""
        if finding.at_s is not None:
            actor = f", <code>{markup.raw(finding.actor)}</code>" if finding.actor else ""
            where = f" <small>(at {markup.duration(finding.at_s)}{actor})</small>"
        reason = f"<br>{markup.text(_reason(finding.reason))}{where}"
    return (
        f'<strong class="{kind}">{icon} {word}</strong> '
        f"<small>({earned_points:g} of {_points(points)})</small> {markup.text(text)}{reason}"
    )


def _points(points: float) -> str:
    return f"{points:g} point{'' if points == 1 else 's'}"


def _reason(reason: str) -> str:
    """An interrupt is the learner's own doing, not an error of the code."""
    rest = reason.removeprefix("KeyboardInterrupt")
    return reason if rest == reason else f"You stopped it{rest}."


def _try_next(lab: Lab, task: Task, findings: Findings) -> str:
    """For each check that failed or crashed: where in the section's notebook, and which run, to look."""
    rows = []
    for check in task.checks:
        if findings[check.id].status not in {Status.FAILED, Status.CRASHED}:
            continue
        section = check.run.partition(".")[0] or lab.id
        ways = (
            [f"station <code>{markup.raw(check.station)}</code> of notebooks/{section}.ipynb"]
            if check.station
            else []
        )
        ways += [f'<code>panel("{markup.raw(check.run)}")</code>'] if check.run else []
        if ways:
            rows.append(" or ".join(ways))
    rows = list(dict.fromkeys(rows))
    return f'<div class="ask"><p><strong>Try next</strong></p>{markup.items(rows)}</div>' if rows else ""


def _text(markup_text: str) -> str:
    """HTML as plain text, a line a part."""
    broken = re.sub(r"</?(?:p|li|h4|br|pre|summary|div|ul)[^>]*>", "\n", markup_text)
    lines = html.unescape(re.sub(r"<[^>]+>", "", broken)).split("\n")
    return "\n".join(line for line in lines if line.strip())


def open_lab(id: str) -> OpenLab:  # noqa: A002  # a lab's name is its id
    """Open a lab ("18_sqs"): its `check`, `hint` and `solution` take the name of a task.

    Raises LabError for a misspelt id.
    """
    return OpenLab(load_lab(id))
