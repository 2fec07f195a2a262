"""What a lab shows in the notebook: the verdict on a task, a hint, a solution."""

from __future__ import annotations

import contextlib
import html
import io
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import ipywidgets as widgets

from helpers.cloud import Stopped
from helpers.labs import Check, Finding, Lab, Status, Task, earned
from helpers.sections.stations import stations
from helpers.ui import markup
from helpers.ui.shell import Shell, Still

if TYPE_CHECKING:
    from helpers.ui.lab import OpenLab

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
        self.evidence = widgets.HBox([]).add_class("row")
        self.slot = widgets.VBox([])
        buttons = widgets.HBox([self.again, self.hint, self.solution]).add_class("row")
        super().__init__([self.said, self.evidence, buttons, self.more, self.slot])
        opened.hints(task).observe(lambda _: self._set_buttons(), names="shown")
        self._set_buttons()
        self.judge()
        self._first = self.words

    def judge(self) -> None:
        """Examine the learner's code as it was last run."""
        self.clear_error()
        printed = io.StringIO()
        findings: Findings = {}
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                findings = self._opened.examine(self._task)
        except (KeyboardInterrupt, Stopped):
            self._say("<p>Stopped before the check came to an end.</p>")
        except Exception as error:  # noqa: BLE001  # a defect of the lab must not look like the learner's
            self._say("<p>The check itself failed. That is a defect of the lab, not of your code.</p>")
            self.show_error(error)
        else:
            self._say(card_html(self._opened.lab, self._task, findings, printed.getvalue()))
        missed = _missed(self._task, findings) if findings else []
        runs = list(dict.fromkeys(check.run for check in missed if check.run))
        self.evidence.children = [self._evidence(run) for run in runs]
        self.slot.children = ()

    def _evidence(self, run: str) -> widgets.Button:
        button = _button(f"See it: {run}", "play", "Open the run that shows it")
        button.on_click(self.guard(lambda _: self.show_run(run)))
        return button

    def show_run(self, run: str) -> None:
        """Open the panel of a run string at the end of the card."""
        from helpers.ui.panel import panel  # only when asked for: a check needs no panel

        self.slot.children = (panel(run),)

    def _say(self, words: str) -> None:
        self.words = words
        self.said.value = words
        self.announce(words)

    def _add(self, words: str) -> None:
        if words not in self._notes:
            self._notes.append(words)
        self.more.value = "".join(self._notes)
        self.announce(words)

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
    said = f"<p>{markup.text(reason)}</p>" if reason else ""
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
        reason = f"<br>{markup.text(finding.reason)}{where}"
    return (
        f'<strong class="{kind}">{icon} {word}</strong> '
        f"<small>({earned_points:g} of {_points(points)})</small> {markup.text(text)}{reason}"
    )


def _points(points: float) -> str:
    return f"{points:g} point{'' if points == 1 else 's'}"


def _missed(task: Task, findings: Findings) -> list[Check]:
    """The checks that failed or crashed."""
    return [c for c in task.checks if findings[c.id].status in {Status.FAILED, Status.CRASHED}]


def _try_next(lab: Lab, task: Task, findings: Findings) -> str:
    """For each check that was missed: where in the section's notebook, and at which run, to look."""
    rows = []
    for check in _missed(task, findings):
        section = check.run.partition(".")[0] or lab.id
        title = stations(section).get(check.station, check.station)
        ways = [f"Station <em>{markup.text(title)}</em> in notebooks/{section}.ipynb"]
        ways += [f"the run <code>{markup.raw(check.run)}</code>"] if check.run else []
        rows.append(", or ".join(ways) + ".")
    rows = list(dict.fromkeys(rows))
    return f'<div class="ask"><p><strong>Try next</strong></p>{markup.items(rows)}</div>' if rows else ""


def _text(markup_text: str) -> str:
    """HTML as plain text, a line a part."""
    broken = re.sub(r"</?(?:p|li|h4|br|pre|summary|div|ul)[^>]*>", "\n", markup_text)
    lines = html.unescape(re.sub(r"<[^>]+>", "", broken)).split("\n")
    return "\n".join(line for line in lines if line.strip())
