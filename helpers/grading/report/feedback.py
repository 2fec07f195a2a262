"""A student's page: the total, what each check found, where the trail departs, their code, and what to try next.

It shows what the record holds and nothing else: no seed, no input that was drawn, nobody's name but the student's own.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from helpers.experiments.words import plural
from helpers.grading.record import CheckRecord, Record, State, TaskRecord
from helpers.grading.report import printable
from helpers.grading.report.advice import Advice, advice
from helpers.grading.report.sheet import sheet
from helpers.grading.report.states import STATES, VERDICTS
from helpers.grading.report.table import number
from helpers.grading.report.timeline import Departure, timeline
from helpers.labs import Lab, Status
from helpers.ui.markup import text

CODE_LINES: Final = 300
"""Lines of a task's code that are shown."""

OUTPUT_LINES: Final = 40
"""Lines of a task's output that are shown."""

REASON: Final = 600
"""Characters of a reason that are shown."""

_RAISED = re.compile(r" in [^\s,]{1,80}, line (\d{1,5})\b")
"""How `helpers.labs.StudentError.sentence` says where the student's code raised."""


_OPENER = re.compile(r"(?:an?|the|no|none|nothing|one|only|each|every|all|some|both|its?|this|there|your) ")
"""A reason may begin with these in lower case. Others may be the name of a function, which keeps its letters."""


def page(record: Record, lab: Lab) -> str:
    """The whole page as one HTML file."""
    sections = "".join(_task(task, place, record.lab) for place, task in enumerate(record.tasks, start=1))
    name = printable.cut(record.student, 80)
    return sheet(
        f"Feedback: {lab.title}, {name}",
        f"<main>{_head(record, lab)}{_overview(record.tasks)}{sections}</main>{_foot(record)}",
    )


def _head(record: Record, lab: Lab) -> str:
    words = STATES[record.state]
    said = record.reason
    for note in record.notes:  # the notes follow below
        said = said.replace(note, "")
    reason = _sentence(said)
    full = record.state == State.GRADED and record.total >= record.maximum
    todo = "Nothing: you have all points." if full else words.advice
    late = '<p class="bad"><strong>▲ Handed in late.</strong></p>' if record.late else ""
    notes = "".join(f"<li>{_sentence(note)}" for note in record.notes)
    return (
        f"<header><h1>{text(lab.title)}</h1><p>Feedback for <strong><bdi>{printable.line(record.student, 80)}</bdi>"
        f"</strong></p>{_total(record)}{late}"
        f'<section class="state {words.kind}" aria-label="State"><p><strong class="{words.kind}">{words.icon} '
        f"{words.heading}.</strong> {words.meaning}</p>"
        f"{f'<p class=reason>{reason}</p>' if reason else ''}"
        f"<p><strong>What to do:</strong> {text(todo)}</p>"
        f"{f'<p>Notes</p><ul>{notes}</ul>' if notes else ''}</section></header>"
    )


def _total(record: Record) -> str:
    maximum = f"of {number(record.maximum)} points"
    if record.state == State.UNREADABLE:
        return f'<p class="total">No mark <small>{maximum}</small></p>'
    waiting = sum(task.points for task in record.tasks if task.earned is None)
    more = f"; {number(waiting)} more can still be given" if waiting else ""
    return f'<p class="total">{number(record.total)} <small>{maximum}{more}</small></p>'


def _foot(record: Record) -> str:
    return (
        f"<footer><p><small>This page is about the file {printable.line(record.file, 200)} "
        f"(SHA-256 begins {printable.line(record.sha256[:12])}).</small></p></footer>"
    )


def _overview(tasks: Sequence[TaskRecord]) -> str:
    if not tasks:
        return ""
    rows = "".join(
        f'<tr><td><a href="#task-{place}">{place}. {text(task.title)}</a><td class=number>{_points(task)}'
        f"<td>{_counted(task)}"
        for place, task in enumerate(tasks, start=1)
    )
    return (
        "<table><caption>Your tasks</caption><thead><tr>"
        '<th scope="col">Task<th scope="col" class=number>Points<th scope="col">Checks'
        f"</thead>{rows}</table>"
    )


def _points(task: TaskRecord) -> str:
    return f"{'–' if task.earned is None else number(task.earned)} of {number(task.points)}"


def _counted(task: TaskRecord) -> str:
    """How the checks of a task ended, in words."""
    if task.manual:
        return "read by a person" if task.earned is not None else "waits for a person"
    if not task.checks:
        return "missing"
    return ", ".join(
        f'<span class="{kind} points">{icon} {count} {word}</span>'
        for status, (icon, word, kind) in VERDICTS.items()
        if (count := sum(check.status == status for check in task.checks))
    )


def _task(task: TaskRecord, place: int, lab: str) -> str:
    problem = f'<p class="bad"><strong>▲ {_sentence(task.problem)}</strong></p>' if task.problem else ""
    raised = _raised(task)
    well = not task.manual and task.earned is not None and task.earned >= task.points and not task.problem
    return (
        f'<section><h2 id="task-{place}">{place}. {text(task.title)} <small class="points">{_points(task)} points'
        f"</small></h2>{problem}{_answer(task)}{_checks(task, lab)}{_picture(task, place)}"
        f"{_code(task.code, raised, folded=well)}{_output(task.output)}</section>"
    )


def _answer(task: TaskRecord) -> str:
    if not task.manual:
        return ""
    lines, more = printable.block(task.answer, 120, 2_000)
    said = "\n".join(lines) if task.answer.strip() else "There is no answer."
    return f"<h3>Your answer</h3><pre>{said}</pre>{_small(more)}"


def _checks(task: TaskRecord, lab: str) -> str:
    if not task.checks:
        return ""
    if all(check.status == Status.NOT_ATTEMPTED for check in task.checks):
        return _not_attempted(task, lab)
    said: set[object] = set()
    several = len(task.checks) > 1
    items = "".join(
        f"<li class={VERDICTS[check.status][2]}>{_check(check, f'{place}. ' if several else '', lab, said)}"
        for place, check in enumerate(task.checks, start=1)
    )
    return f'<ul class="checks">{items}</ul>'


def _not_attempted(task: TaskRecord, lab: str) -> str:
    """A task that nobody began: what it asks for, once, and where to begin."""
    asked = "".join(f"<li>{text(check.text)} ({_worth(check.points)})" for check in task.checks)
    reason = next((_sentence(check.reason) for check in task.checks if check.reason), "")
    reason = "" if reason == _sentence(task.problem) else reason  # it stands above
    first = next((found for check in task.checks if (found := advice(lab, check)).station), Advice())
    return (
        f'<p><strong class="none">– not attempted.</strong> {reason}</p><p>It asks for this:</p><ul>{asked}</ul>'
        f"{_next(Advice(station=first.station, address=first.address), 'Begin here')}"
    )


def _worth(points: float) -> str:
    return f"{number(points)} {'point' if points == 1 else 'points'}"


def _check(check: CheckRecord, place: str, lab: str, said: set[object]) -> str:
    icon, word, kind = VERDICTS[check.status]
    line = (
        f'<p><strong class="{kind}">{icon} {word}</strong> · {place}{text(check.text)} '
        f'<small class="points">{number(check.earned)} of {number(check.points)}</small></p>'
    )
    if check.status == Status.PASSED:
        return line + (f"<p>{_sentence(check.reason)}</p>" if check.reason else "")
    if check.reason:
        reason = "The same as above." if check.reason in said else _sentence(check.reason)
        line += f"<p class=reason>{reason}</p>"
    found = advice(lab, check)
    if check.status == Status.CRASHED:  # an error says nothing about what its author believes of AWS
        found = replace(found, belief="", truth="")
    if found not in said:
        line += _next(found)
    said |= {check.reason, found}
    return line


def _next(found: Advice, words: str = "Try next") -> str:
    """The steps as a list: read, run, know."""
    if not found:
        return ""
    steps = ""
    if found.station:
        steps += f"<dd>Station {text(found.station)}: open <code>{html.escape(found.address)}</code>"
    if found.shell:
        steps += (
            f"<dd>Watch it happen: <code>{html.escape(found.shell)}</code>, or in a notebook "
            f"<code>{html.escape(found.cell)}</code>"
        )
    if found.truth:
        steps += f"<dd>It is easy to believe: “{text(found.belief)}” What is so: {text(found.truth)}"
    return f'<dl class="next"><dt>{words}</dt>{steps}</dl>'


def _picture(task: TaskRecord, place: int) -> str:
    """The trail, where a check points into it."""
    pointing = [check for check in task.checks if check.at_s is not None and check.status != Status.PASSED]
    if not pointing or not task.trail:
        return ""
    departures = [
        Departure(
            check.at_s or 0.0,
            check.actor or "",
            f"check {task.checks.index(check) + 1}" if len(pointing) > 1 else "it departs here",
        )
        for check in pointing
    ]
    return f"<h3>Where your system departs</h3>{timeline(task.trail, departures, f'trail-{place}')}"


def _raised(task: TaskRecord) -> dict[int, str]:
    """The lines at which the task's code raised or was stopped, as its problem and its crashed checks name them."""
    said = [task.problem, *(check.reason for check in task.checks if check.status == Status.CRASHED)]
    found = ((_RAISED.search(one[:REASON]), one) for one in said)
    return {int(at[1]): "stopped" if one.startswith("OutOfTime") else "raised" for at, one in found if at}


def _code(code: str, raised: dict[int, str], folded: bool) -> str:
    """The code with numbered lines, those in `raised` marked."""
    if not code.strip():
        return ""
    lines, more = printable.block(code, CODE_LINES)
    items = "".join(
        f"<li>{_marked(one, raised[place])}" if place in raised else f"<li>{one}"
        for place, one in enumerate(lines, start=1)
    )
    listing = f'<ol class="code">{items}</ol>{_small(more)}'
    if folded:
        return f"<details><summary>Your code, {plural(len(lines), 'line')}</summary>{listing}</details>"
    return f"<h3>Your code</h3>{listing}"


def _marked(line: str, how: str) -> str:
    """A line of code that raised or was stopped; its indentation stays outside of the mark."""
    code = line.lstrip()
    return f"{line[: len(line) - len(code)]}<mark>{code}</mark> <b>◀ {how} here</b>"


def _output(output: str) -> str:
    if not output.strip():
        return ""
    lines, more = printable.block(output, OUTPUT_LINES)
    shown = "\n".join(lines)
    return f"<details><summary>What it printed</summary><pre>{shown}</pre>{_small(more)}</details>"


def _small(words: str) -> str:
    return f"<p><small>{words}</small></p>" if words else ""


def _sentence(words: str) -> str:
    """A sentence of the grader's, which may quote the student: printable, one line, cut, `code` set as code."""
    said = " ".join(printable.cut(words, REASON).split())
    if not said:
        return ""
    end = "" if said.endswith((".", "?", "!", "`)", "…")) else "."
    first = said[0].upper() if _OPENER.match(said) else said[0]
    return text(first + said[1:] + end)
