"""Marking again with a corrected check: which submissions, what is kept of the old results, and which marks moved."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from helpers.experiments.words import plural
from helpers.grading.record import Batch, CheckRecord, Record, State, TaskRecord
from helpers.grading.report.table import csv_text, guarded, number

MARKED_BY = ("lab.yaml", "*.py", "source.ipynb")
"""The files of a lab that its marks depend on: points, checks, and the cells that run beside the student's."""


SHOWN = 40
"""Moves that are told in the terminal."""


@dataclass(frozen=True)
class Move:
    """A mark that is another now. `check` is empty for points that a person set, and `task` too for a whole submission
    that is in one of the two only; `before` or `after` is None where there was or is no mark. `reason` is the new one.
    """

    student: str
    task: str
    check: str
    before: float | None
    after: float | None
    reason: str = ""

    def __str__(self) -> str:
        place = ".".join(filter(None, (self.task, self.check))) or "the submission"
        said = f": {self.reason}" if self.reason else ""
        return f"{self.student}, {place}: {_points(self.before)} -> {_points(self.after)}{said}"


def moved(old: Batch, new: Batch) -> list[Move]:
    """Every mark that differs between two markings of the same submissions, by student, then as the lab has its
    tasks.
    """
    before, after = _by_student(old), _by_student(new)
    moves: list[Move] = []
    for student in sorted(before.keys() | after.keys()):
        was, now = before.get(student), after.get(student)
        if was is None or now is None:
            one = now or was
            assert one is not None
            moves.append(
                Move(student, "", "", was.total if was else None, now.total if now else None, one.reason)
            )
            continue
        moves += _moved_tasks(student, was, now, (*new.tasks, *old.tasks))
    return moves


def _by_student(batch: Batch) -> dict[str, Record]:
    return {record.student: record for record in batch.records}


def _moved_tasks(student: str, was: Record, now: Record, order: Sequence[str]) -> list[Move]:
    before, after = ({task.id: task for task in record.tasks} for record in (was, now))
    moves: list[Move] = []
    for task in dict.fromkeys((*order, *after, *before)):
        one, other = before.get(task), after.get(task)
        checks = _moved_checks(student, task, one, other, now.reason)
        moves += checks
        points = [part.earned if part else None for part in (one, other)]
        explained = sum((move.after or 0) - (move.before or 0) for move in checks)
        if points[0] != points[1] and abs((points[1] or 0) - (points[0] or 0) - explained) > 1e-9:
            moves.append(
                Move(student, task, "", points[0], points[1], (other.problem if other else "") or now.reason)
            )
    if not moves and was.total != now.total:
        moves.append(Move(student, "", "", was.total, now.total, now.reason))
    return moves


def _moved_checks(
    student: str, task: str, one: TaskRecord | None, other: TaskRecord | None, reason: str
) -> list[Move]:
    before, after = (
        {check.id: check for check in part.checks} if part else dict[str, CheckRecord]()
        for part in (one, other)
    )
    moves = []
    for check in dict.fromkeys((*after, *before)):
        was, now = before.get(check), after.get(check)
        points = [part.earned if part else None for part in (was, now)]
        if points[0] != points[1]:
            why = now.reason if now else "the check is gone" if other else reason
            moves.append(Move(student, task, check, points[0], points[1], why))
    return moves


def moves_csv(moves: Iterable[Move]) -> str:
    """The moves as a table: student, task, check, before, after, reason; empty where there is no mark."""
    rows = [
        [
            *map(guarded, (move.student, move.task, move.check)),
            _bare(move.before),
            _bare(move.after),
            guarded(move.reason),
        ]
        for move in moves
    ]
    return csv_text(["student", "task", "check", "before", "after", "reason"], rows)


def moves_text(moves: Sequence[Move]) -> str:
    """The moves for a person to read: how many, up and down, then a line each for the first `SHOWN`."""
    if not moves:
        return "No mark moved."
    up = sum((move.after or 0) > (move.before or 0) for move in moves)
    students = len({move.student for move in moves})
    head = f"{plural(len(moves), 'mark')} of {plural(students, 'student')} moved: {up} up, {len(moves) - up} down."
    more = [f"  and {len(moves) - SHOWN} more: moved.csv has them all"] if len(moves) > SHOWN else []
    return "\n".join([head, *(f"  {move}" for move in moves[:SHOWN]), *more])


def kept_beside(names: Iterable[str], present: Iterable[str]) -> dict[str, str]:
    """New names for old results, so that they stay beside the new ones: results.csv becomes results-1.csv.

    All get one number, the first that nothing in `present` has with any of the `names`.
    """
    names = list(names)
    stems = [(PurePath(name).stem, PurePath(name).suffix) for name in names]
    taken = {0}
    for there in present:
        for stem, suffix in stems:
            match = re.fullmatch(re.escape(stem) + r"-(\d+)" + re.escape(suffix), there)
            if match:
                taken.add(int(match[1]))
    free = max(taken) + 1
    return {name: f"{stem}-{free}{suffix}" for name, (stem, suffix) in zip(names, stems)}


def fingerprint(folder: Path, version: str, *, extra: Path | None = None) -> str:
    """What the marks of a lab depend on, as 16 hexadecimal digits: its files, those of the instructor's `extra`
    tasks, and the `version` of the grader.
    """
    digest = hashlib.sha256(version.encode())
    for place in filter(None, (folder, extra)):
        for path in sorted(path for pattern in MARKED_BY for path in place.glob(pattern)):
            content = path.read_bytes()
            digest.update(f"\0{path.name}\0{len(content)}\0".encode() + content)
        digest.update(b"\0\0")
    return digest.hexdigest()[:16]


def stale(records: Iterable[Record], marked_by: Mapping[str, str], fingerprint: str) -> list[Record]:
    """The records that must be marked again because checks changed: those whose fingerprint is not the present one.

    `marked_by` holds the fingerprint by the submission's sha256. What could not be read is not read better by a new
    check, and is not in the list.
    """
    return [
        record
        for record in records
        if record.state is not State.UNREADABLE and marked_by.get(record.sha256) != fingerprint
    ]


def _points(value: float | None) -> str:
    return "no mark" if value is None else f"{value:g}"


def _bare(value: float | None) -> str:
    return "" if value is None else number(value)
