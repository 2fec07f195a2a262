"""Answers in words: one sheet for a person to mark, and the marks merged back.

`manual.csv` holds a row for each answer, to fill in; `manual.html` the same answers to read, a question at a time for
the whole class, with the rubric. Neither names anybody: a submission is the beginning of its sha256.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from helpers.grading.gradebook.sheet import GradebookError, entries, number
from helpers.grading.overrides import with_points
from helpers.grading.record import Batch, Record, TaskRecord
from helpers.grading.report.printable import block
from helpers.grading.report.sheet import sheet
from helpers.grading.report.table import csv_text, guarded, unguarded
from helpers.labs import Lab

COLUMNS = ("task", "submission", "level", "points", "comment", "answer")
"""The columns of manual.csv. A person fills in level or points, and a comment if they like."""

_HEADING = re.compile(r"\A#+ .*\n+")  # the title says the same
_SHORTEST = 8  # hexadecimal digits of a submission's name
_LINES = 120  # of an answer that the page shows


@dataclass(frozen=True)
class Question:
    """A task that is answered in words.

    `rubric` says what earns each level, from level 0 (no points) to the last (all `points`), in equal steps.
    `text` asks, and `released` is what stood in the answer's cell before anybody wrote: left like that it earns 0.
    """

    task: str
    title: str
    points: float
    rubric: tuple[str, ...]
    text: str = ""
    released: str = ""

    def points_of(self, level: int) -> float:
        """What a level earns, to two decimals. Raises IndexError for one that the rubric does not have."""
        if not 0 <= level < len(self.rubric):
            raise IndexError(level)
        return round(self.points * level / max(len(self.rubric) - 1, 1), 2)


@dataclass(frozen=True)
class ManualSheet:
    """The two files, how many answers are `waiting` for a mark, and how many are `untouched`, which earns 0."""

    table: str
    page: str
    waiting: int
    untouched: int


def questions_of(lab: Lab, notebook: Mapping[str, Any]) -> tuple[Question, ...]:
    """The manual tasks of a lab.

    `notebook` is the student's as it was released. For each task it has a Markdown cell `<task>-text`, and an answer's
    cell (role "answer").
    """
    cells = {str(cell.get("id")): "".join(cell["source"]) for cell in notebook["cells"]}
    answers = {
        mark.get("task"): "".join(cell["source"])
        for cell in notebook["cells"]
        if (mark := cell.get("metadata", {}).get("lab", {})).get("role") == "answer"
    }
    return tuple(
        Question(
            task.id,
            task.title,
            task.points,
            task.rubric,
            _HEADING.sub("", cells.get(f"{task.id}-text", "")),
            answers.get(task.id, ""),
        )
        for task in lab.tasks
        if task.manual
    )


def export(batch: Batch, questions: Sequence[Question], filled: bytes = b"") -> ManualSheet:
    """The sheet of a batch: every answer that somebody wrote, by question, then by the submission's sha256.

    `filled` is a manual.csv that has been worked on: what is in it stays, also of submissions that are gone. Raises
    GradebookError if it is no such file.
    """
    done = {(cells["task"], cells["submission"]): cells for _, cells in (_rows(filled) if filled else ())}
    width = _width(batch)
    rows: list[list[str]] = []
    articles: list[tuple[Question, list[tuple[str, str, str]]]] = []
    waiting = untouched = 0
    for question in questions:
        shown = []
        for sha256, answer in _answers(batch, question):
            if not answer:
                untouched += 1
                continue
            kept = _take(done, question.task, sha256)
            mark = [kept.get(column, "") for column in ("level", "points", "comment")]
            waiting += not (mark[0] or mark[1])
            rows.append([question.task, sha256[:width], *mark, guarded(answer)])
            shown.append((sha256[:width], answer, _said(mark)))
        articles.append((question, shown))
    rows += [[guarded(cells[column]) for column in COLUMNS] for cells in done.values()]
    return ManualSheet(csv_text(COLUMNS, rows), _page(batch, articles), waiting, untouched)


def merge_manual(batch: Batch, data: bytes, questions: Sequence[Question]) -> tuple[Batch, tuple[str, ...]]:
    """A batch with the marks of a filled-in manual.csv, and a sentence for each row that does not count.

    An answer that is empty or as it was released earns 0 without a row. A submission that needed a person is graded
    once all its answers are marked. `batch` stays as it is.
    """
    problems: list[str] = []
    marks: dict[tuple[str, str], tuple[float, str]] = {}
    try:
        rows = _rows(data) if data else []
    except GradebookError as error:
        rows, problems = [], [f"manual.csv does not count. {error}"]
    known = {question.task: question for question in questions}
    for row, cells in rows:
        if not (cells["level"] or cells["points"]):
            continue
        try:
            marks |= _marked(cells, known, batch)
        except ValueError as error:
            problems.append(f"Row {row} of manual.csv does not count: {error}")
    records = [_merged(record, questions, marks) for record in batch.records]
    return replace(batch, records=records), tuple(problems)


def _merged(
    record: Record, questions: Sequence[Question], marks: Mapping[tuple[str, str], tuple[float, str]]
) -> Record:
    for question in questions:
        task = _task(record, question)
        if task is None:
            continue
        points, note = marks.get((question.task, record.sha256), (None, ""))
        if points is None and task.earned is None and not _written(task, question):
            points, note = 0.0, f"{question.task}: the answer is as it was released."
        if points is not None:
            record = with_points(
                record, task.id, points, question.points, note if note not in record.notes else ""
            )
    return record


def _marked(
    cells: Mapping[str, str], known: Mapping[str, Question], batch: Batch
) -> dict[tuple[str, str], tuple[float, str]]:
    """The points and the note by (task, sha256). Raises ValueError in one sentence."""
    if cells["task"] not in known:
        raise ValueError(f"there is no question {cells['task']!r}; there is {', '.join(known) or 'none'}.")
    question = known[cells["task"]]
    meant = {
        record.sha256
        for record in batch.records
        if (
            len(cells["submission"]) >= _SHORTEST and record.sha256.startswith(cells["submission"].casefold())
        )
        or record.student == cells["submission"]
    }
    if len(meant) != 1:
        found = "more than one submission begins" if meant else "no submission begins"
        raise ValueError(f"{found} with {cells['submission']!r}.")
    points, level = _points(cells, question)
    said = f"level {level} of {len(question.rubric) - 1}, " if level is not None else ""
    note = f"{question.task}: {said}{points:g} of {question.points:g} points. {cells['comment']}".strip()
    return {(question.task, meant.pop()): (points, note)}


def _points(cells: Mapping[str, str], question: Question) -> tuple[float, int | None]:
    level: int | None = None
    given: float | None = None
    if cells["level"]:
        value = number(cells["level"])
        if value is None or value != int(value) or not 0 <= value < len(question.rubric):
            raise ValueError(f"{cells['level']!r} is no level; they are 0 to {len(question.rubric) - 1}.")
        level = int(value)
        given = question.points_of(level)
    if cells["points"]:
        value = number(cells["points"])
        if value is None or not 0 <= value <= question.points:
            raise ValueError(f"{cells['points']!r} is not between 0 and {question.points:g} points.")
        if given is not None and value != given:
            raise ValueError(
                f"level {level} earns {given:g} points, and the row says {value:g}; leave one of them empty."
            )
        given = value
    assert given is not None, "a row without either is not read"
    return given, level


# ---- the answers


def _rows(data: bytes) -> list[tuple[int, dict[str, str]]]:
    rows = entries(data, COLUMNS)
    return [(row, {head: unguarded(cell) for head, cell in cells.items()}) for row, cells in rows]


def _task(record: Record, question: Question) -> TaskRecord | None:
    return next((task for task in record.tasks if task.id == question.task), None)


def _written(task: TaskRecord, question: Question) -> bool:
    return task.answer.split() not in ([], question.released.split())


def _answers(batch: Batch, question: Question) -> Iterator[tuple[str, str]]:
    """Each submission's sha256 with its answer, in the order of the sha256; "" for an answer that nobody wrote."""
    found = {
        record.sha256: task.answer if _written(task, question) else ""
        for record in batch.records
        if (task := _task(record, question)) is not None
    }
    yield from sorted(found.items())


def _width(batch: Batch) -> int:
    """How many digits of the sha256 tell the batch's submissions apart."""
    names = {record.sha256 for record in batch.records}
    width = _SHORTEST
    while width < 64 and len({name[:width] for name in names}) < len(names):
        width += 1
    return width


def _take(done: dict[tuple[str, str], dict[str, str]], task: str, sha256: str) -> Mapping[str, str]:
    for key in [key for key in done if key[0] == task and key[1] and sha256.startswith(key[1])]:
        return done.pop(key)
    return {}


# ---- the page


def _said(mark: Sequence[str]) -> str:
    level, points, comment = mark
    said = [f"level {level}" if level else "", f"{points} points" if points else "", comment]
    return ", ".join(filter(None, said))


def _page(batch: Batch, articles: Sequence[tuple[Question, Sequence[tuple[str, str, str]]]]) -> str:
    intro = (
        "Read one question for the whole class, and write level or points into manual.csv, into the row with the same "
        "submission. The order says nothing about the students."
    )
    parts = [f"<main><h1>Answers in words: {html.escape(batch.title)}</h1><p>{intro}</p>"]
    for question, answers in articles:
        parts.append(
            f"<section><h2>{html.escape(question.title)} <small>{question.points:g} points, "
            f"{len(answers)} {'answer' if len(answers) == 1 else 'answers'}</small></h2>"
            f"<pre>{_text(question.text)}</pre>{_rubric(question)}"
        )
        for submission, answer, mark in answers:
            done = f'<p class="good">Marked: {html.escape(mark)}</p>' if mark else ""
            parts.append(
                f"<article><h3>{html.escape(submission)}</h3><pre>{_text(answer)}</pre>{done}</article>"
            )
        parts.append("</section>")
    parts.append("</main>")
    return sheet(f"Answers in words: {batch.title}", "".join(parts))


def _rubric(question: Question) -> str:
    rows = "".join(
        f'<tr><th scope="row" class="number">{level}</th><td class="number">{question.points_of(level):g}</td>'
        f"<td>{html.escape(text)}</td></tr>"
        for level, text in enumerate(question.rubric)
    )
    heads = '<th scope="col" class="number">Level</th><th scope="col" class="number">Points</th>'
    return (
        f"<table><caption>Rubric: {html.escape(question.title)}</caption><thead><tr>{heads}"
        f'<th scope="col">What the answer shows</th></tr></thead><tbody>{rows}</tbody></table>'
    )


def _text(text: str) -> str:
    lines, more = block(text, _LINES, 2_000)
    return "\n".join([*lines, *([f"({more})"] if more else [])])
