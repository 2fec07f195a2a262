"""results.csv: a row per submission, for a spreadsheet, a learning platform and `devlab regrade`.

The file is UTF-8 with a byte order mark. Without the mark Excel reads "Zoë" as "ZoÃ«"; with it, everything that
matters reads the file: Excel, LibreOffice, Moodle and Canvas skip the mark, and Python does as `utf-8-sig`. Lines end
in CR LF and quotes stand where they must (RFC 4180).

A spreadsheet runs a cell that begins with =, +, -, @ as a formula (OWASP, "CSV Injection"), and a student may be
called `=HYPERLINK(...)`. Such a text gets an apostrophe in front, which makes it a text in every spreadsheet. It also
gets one after a separator within the text, since Excel splits a line at the separator of its own country, which may be
a semicolon. `read_table` takes the apostrophes off again.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from helpers.grading.record import Batch, Record

COLUMNS: Final = (
    "student", "lab", "state", "isolation", "total", "maximum", "reason", "sha256", "seconds", "seed",
)  # fmt: skip
"""The columns before the tasks."""

BOM: Final = "\ufeff"

_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029\ud800-\udfff]+")
_GUARD = re.compile(r"(^|[,;|\"])(\s*\"*)('*)(?=[=+\-@＝＋－＠])")
_GUARDED = re.compile(r"(^|[,;|\"])(\s*\"*)'('*)(?=[=+\-@＝＋－＠])")


class TableError(ValueError):
    """The text is no results.csv, or cannot become one; the message is one sentence."""


@dataclass(frozen=True)
class Row:
    """A row of results.csv. `tasks` holds the points of each task, None for one that nobody has marked."""

    student: str
    lab: str
    state: str
    isolation: str
    total: float
    maximum: float
    reason: str
    sha256: str
    seconds: float
    seed: int
    tasks: dict[str, float | None]


def number(value: float) -> str:
    """A number without trailing zeros, at most 4 decimals: 7, 7.5, 0.125."""
    return f"{value:.4f}".rstrip("0").rstrip(".") if value else "0"


def one_line(text: str) -> str:
    """The text on one line: each run of control characters becomes a space."""
    return _CONTROLS.sub(" ", text)


def guarded(text: str) -> str:
    """The text on one line, and no formula in any spreadsheet."""
    return _GUARD.sub(r"\1\2'\3", one_line(text))


def unguarded(cell: str) -> str:
    """The text that `guarded` made the cell of."""
    return _GUARDED.sub(r"\1\2\3", cell)


def csv_text(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table as this module's docstring describes files; the cells are guarded already."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows(rows)
    return BOM + file.getvalue()


def to_table(batch: Batch) -> str:
    """The text of results.csv, in the order of the records. A task that has no mark yet is an empty cell.

    Raises TableError if a task has the name of a column.
    """
    if taken := [task for task in batch.tasks if task in COLUMNS]:
        raise TableError(
            f"The task {taken[0]} has the name of a column of results.csv; rename it in lab.yaml."
        )
    return csv_text([*COLUMNS, *batch.tasks], (_cells(record, batch.tasks) for record in batch.records))


def _cells(record: Record, tasks: Sequence[str]) -> list[str]:
    earned = {task.id: task.earned for task in record.tasks}
    points = [earned.get(task) for task in tasks]
    return [
        guarded(record.student),
        guarded(record.lab),
        str(record.state),
        guarded(record.isolation),
        number(record.total),
        number(record.maximum),
        guarded(record.reason),
        record.sha256,
        number(record.seconds),
        str(record.seed),
        *("" if point is None else number(point) for point in points),
    ]


def read_table(text: str) -> list[Row]:
    """The rows of a results.csv, also of one that a spreadsheet saved again (`,`, `;` or tab between cells).

    Raises TableError, with the number of the line.
    """
    text = text.removeprefix(BOM)
    first = text.partition("\n")[0]
    comma = max(",;\t", key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=comma, strict=True))
    except csv.Error as error:
        raise TableError(f"This is no results.csv: {error}.") from error
    if not lines or tuple(lines[0][: len(COLUMNS)]) != COLUMNS:
        raise TableError(f"This is no results.csv: its first line is not {','.join(COLUMNS)} and the tasks.")
    tasks = lines[0][len(COLUMNS) :]
    return [_row(line, tasks, place) for place, line in enumerate(lines[1:], start=2) if any(line)]


def _row(line: list[str], tasks: list[str], place: int) -> Row:
    if len(line) != len(COLUMNS) + len(tasks):
        raise TableError(f"Line {place} has {len(line)} cells, not {len(COLUMNS) + len(tasks)}.")
    student, lab, state, isolation, total, maximum, reason, sha256, seconds, seed, *points = line
    try:
        return Row(
            student=unguarded(student),
            lab=unguarded(lab),
            state=state,
            isolation=unguarded(isolation),
            total=_float(total),
            maximum=_float(maximum),
            reason=unguarded(reason),
            sha256=sha256,
            seconds=_float(seconds),
            seed=int(seed),
            tasks={task: _float(point) if point else None for task, point in zip(tasks, points)},
        )
    except ValueError as error:
        raise TableError(
            f"Line {place} has something other than a number where one must be: {error}."
        ) from error


def _float(text: str) -> float:
    """A number that a spreadsheet may have written with a decimal comma."""
    return float(text.replace(",", "."))
