"""The worksheet of a learning platform, filled in: the marks change, and nothing else.

Moodle: an assignment's "Download grading worksheet" (columns Identifier, Full name, ..., Grade, Maximum Grade, ...),
read back by "Upload grading worksheet" (mod/assign/feedback/offline in Moodle's source: it needs Identifier, Grade and
"Last modified (grade)" as they were, and takes 12.5 in every language).
Canvas: "Export Entire Gradebook" (Student, ID, SIS User ID, SIS Login ID, Section, then "Title (id)" per assignment;
rows for posting policy and "Points Possible" before the students; lib/gradebook_exporter.rb, gradebook_importer.rb).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from helpers.grading.gradebook.people import Who, name_key, pair, who_of
from helpers.grading.gradebook.sheet import DELIMITERS, GradebookError, Sheet
from helpers.grading.record import Batch, Record, State

_ASSIGNMENT = re.compile(r"(.+) \((\d+)\)")
_CANVAS_TEST_STUDENT = name_key("Student, Test")  # Canvas adds it to each course


@dataclass(frozen=True)
class Filled:
    """The file with the marks, how many there are, and what a person should know.

    `scale` says how points became marks, empty if they are the same. `left` names each student whose cell stayed as it
    was, and why; `replaced` each mark that was there before and is another now.
    """

    data: bytes
    count: int
    scale: str = ""
    left: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Layout:
    """Where things stand in a platform's file.

    `mark` is the column of the marks, `first` the first student's row. The most that a mark can be stands in a column,
    `maximum` (Moodle), or is the same for all, `top` (Canvas). `locked` is the column that says if a grade may change.
    """

    platform: str
    sheet: Sheet
    mark: int
    first: int
    maximum: int | None = None
    top: str = ""
    locked: int | None = None

    def who(self, row: int) -> Who:
        cells = dict(zip((head.casefold() for head in self.sheet.header), self.sheet.row(row)))

        def of(*heads: str) -> tuple[str, ...]:
            return tuple(cells[head] for head in heads if cells.get(head))

        if self.platform == "canvas":
            login = of("sis login id")
            both = of("lastname", "firstname")
            return Who(
                id=of("id"),
                login=(*login, *of("sis user id", "integration id")),
                email=tuple(text for text in login if "@" in text),
                name=of("student") or ((" ".join(both),) if both else ()),
            )
        # Whatever language Moodle speaks, the identifier ends in the participant's number and the name comes next.
        number = re.search(r"(\d+)\s*$", self.sheet.cell(row, 0))
        return Who(
            id=(number[1],) if number else (),
            login=of("username", "id number"),
            email=tuple(cell for cell in self.sheet.row(row)[: self.mark] if "@" in cell),
            name=(self.sheet.cell(row, 1),),
        )


def fill(
    worksheet: bytes, batch: Batch, *, column: str = "", people: Mapping[str, Who] | None = None
) -> Filled:
    """The worksheet with the totals of `batch` filled in. Every other cell, quote, line end and byte stays.

    `column` names the column of the marks where the lab's name does not tell: Canvas's title or its number; in a
    Moodle that does not speak English, the grade's column. `people` tells more about students than their submissions.

    Students are matched by the platform's id, then login, email and name. Who is not certain is left and listed, like
    who sent nothing, or nothing readable, or waits for marks by a person. A maximum that is not the lab's scales the
    marks, to two decimals, halves up.

    Raises GradebookError for a file that is neither platform's, or a column that is not there.
    """
    layout = _layout(worksheet, batch, column)
    sheet = layout.sheet
    rows = [row for row in range(layout.first, len(sheet)) if any(sheet.row(row))]
    found = pair(
        [who_of(one, layout.platform, people) for one in batch.records], [layout.who(row) for row in rows]
    )
    left = [_doubt(batch.records[place].student, kind) for place, kind in found.doubtful.items()]
    left += [
        f"{record.student} is not in the file."
        for place, record in enumerate(batch.records)
        if place not in found.row_of and place not in found.doubtful
    ]
    count, replaced, tops = 0, [], Counter[str]()
    record_at = {rows[row]: batch.records[person] for person, row in found.row_of.items()}
    for row in rows:
        name = next(iter(layout.who(row).name), sheet.cell(row, 0))
        if row not in record_at:
            if name_key(name) != _CANVAS_TEST_STUDENT:
                left.append(f"{name} has no submission, or none that is certainly theirs.")
            continue
        record = record_at[row]
        why = unmarked(record) or _closed(layout, row)
        if why:
            left.append(f"{name}: {why}")
            continue
        top = sheet.cell(row, layout.maximum) if layout.maximum is not None else layout.top
        mark = _mark(record.total, batch.maximum, top)
        before = sheet.cell(row, layout.mark)
        if before and _number(before) != _number(mark):
            replaced.append(f"{name}: {before} became {mark}.")
        sheet.put(row, layout.mark, mark)
        count += 1
        tops[top] += 1
    return Filled(bytes(sheet), count, _scale(batch.maximum, tops), tuple(left), tuple(replaced))


def unmarked(record: Record) -> str:
    """Why a record has no mark for a gradebook yet, in one sentence; empty if it has one."""
    waiting = [task.id for task in record.tasks if task.earned is None]
    if waiting:
        return f"waits for marks by a person: {', '.join(waiting)}."
    if record.state is State.UNREADABLE and not record.tasks:
        return f"could not be read. {record.reason}".strip()
    return ""


def _doubt(student: str, kind: str) -> str:
    what = {"id": "number", "login": "login", "email": "address", "name": "name"}[kind]
    return f"{student} could be more than one person, by {what}; no mark was filled in."


def _closed(layout: _Layout, row: int) -> str:
    sheet = layout.sheet
    if layout.mark >= len(sheet.row(row)):
        return "the row has no cell for the mark."
    if layout.locked is not None and sheet.cell(row, layout.locked).casefold() == "no":
        return "Moodle says that this grade cannot be changed."
    kept = sheet.cell(row, layout.mark).casefold()
    if layout.platform == "canvas" and kept in {"n/a", "ex"}:
        return (
            "Canvas has the student excused."
            if kept == "ex"
            else "Canvas does not ask the student for this lab."
        )
    return ""


def _layout(data: bytes, batch: Batch, column: str) -> _Layout:
    for delimiter in DELIMITERS:
        sheet = Sheet(data, delimiter)
        heads = [head.casefold() for head in sheet.header]
        if "id" in heads and ("student" in heads or "lastname" in heads):
            return _canvas(sheet, batch, column)
        if "identifier" in heads and "grade" in heads:
            return _moodle(sheet, column or "grade")
        if column and column.strip().casefold() in heads:
            return _moodle(sheet, column)
    raise GradebookError(
        "The file is neither Moodle's grading worksheet nor Canvas's gradebook; "
        "if its headings are in another language, name the column of the grades with --column."
    )


def _moodle(sheet: Sheet, column: str) -> _Layout:
    heads = [head.casefold() for head in sheet.header]

    def place(head: str) -> int | None:
        return heads.index(head) if head in heads else None

    mark = place(column.strip().casefold())
    if mark is None:
        raise GradebookError(f"The worksheet has no column {column!r}; it has {', '.join(sheet.header)}.")
    maximum = place("maximum grade")
    if maximum is None and all(_number(sheet.cell(row, mark + 1)) for row in range(1, len(sheet))):
        maximum = mark + 1  # Moodle writes it there in every language
    return _Layout("moodle", sheet, mark, 1, maximum=maximum, locked=place("grade can be changed"))


def _canvas(sheet: Sheet, batch: Batch, column: str) -> _Layout:
    id_column = [head.casefold() for head in sheet.header].index("id")
    first = 1
    while first < len(sheet) and not sheet.cell(first, id_column):
        first += 1
    policy = sheet.row(first - 1) if first > 1 else []  # the last row before the students: "Points Possible"
    titles = {
        place: (match[1].strip(), match[2])
        for place, head in enumerate(sheet.header)
        if (match := _ASSIGNMENT.fullmatch(head))
        and (place >= len(policy) or policy[place].casefold() != "(read only)")
    }
    mark = _chosen(titles, batch, column)
    top = policy[mark] if mark < len(policy) else ""
    return _Layout("canvas", sheet, mark, first, top=top)


def _chosen(titles: Mapping[int, tuple[str, str]], batch: Batch, column: str) -> int:
    wanted = column.strip().casefold()
    if wanted:
        fits = [
            place
            for place, (title, number) in titles.items()
            if wanted in {title.casefold(), number, f"{title} ({number})".casefold()}
        ]
    else:
        names = {_words(batch.title), _words(batch.lab)}
        fits = [place for place, (title, _) in titles.items() if _words(title) in names]
        fits = fits or [
            place
            for place, (title, _) in titles.items()
            if any(f" {name} " in f" {_words(title)} " for name in names)
        ]
        fits = fits or (list(titles) if len(titles) == 1 else [])
    if len(fits) == 1:
        return fits[0]
    said = f"{len(fits)} columns could be" if fits else "No column is"
    listed = "; ".join(f"{title} ({number})" for title, number in titles.values()) or "none"
    raise GradebookError(
        f"{said} {column or batch.title!r}; name one with --column. The assignments are: {listed}."
    )


def _words(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.casefold()))


def _number(text: str) -> Fraction | None:
    plain = text.strip().replace(" ", "")
    if "," in plain and "." not in plain:
        plain = plain.replace(",", ".")
    try:
        return Fraction(plain)
    except (ValueError, ZeroDivisionError):
        return None


def _mark(total: float, maximum: float, top: str) -> str:
    """The points as a mark, written with the decimal comma if the platform's maximum has one."""
    points, limit = Fraction(str(total)), _number(top)
    if limit and maximum and limit != Fraction(str(maximum)):
        points = points * limit / Fraction(str(maximum))
    exact = Decimal(points.numerator) / Decimal(points.denominator)
    text = f"{exact.quantize(Decimal('0.01'), ROUND_HALF_UP):f}".rstrip("0").rstrip(".")
    return text.replace(".", ",") if "," in top and "." not in top else text


def _scale(maximum: float, tops: Counter[str]) -> str:
    others = [top for top in tops if (number := _number(top)) and number != Fraction(str(maximum))]
    if not others:
        return ""
    return (
        f"The lab's {maximum:g} points were scaled to the platform's {' and '.join(others)}, "
        "rounded to two decimals, halves up."
    )
