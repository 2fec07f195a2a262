"""What marking a submission leaves behind: plain records, the same in memory, in results.json and on a page."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """How the marking of a submission ended; exactly one."""

    GRADED = "graded"
    """Every task was examined."""
    PARTIAL = "partial"
    """Some of the lab's tasks are missing from the notebook (deleted cells); the others were examined."""
    NEEDS_MANUAL = "needs-manual"
    """Everything was examined that a program can; answers in words wait for a person."""
    CRASHED = "crashed"
    """A cell of the student's raised, or a function did where the task allows none; the rest was examined."""
    TIMEOUT = "timeout"
    """Code of a task ran beyond its limit and was stopped; the rest was examined."""
    DIED = "died"
    """The student's process ended itself or was ended for its memory; what did not need it was examined."""
    TAMPERED = "tampered"
    """The student's process wrote what no solution writes to the line that answers travel on; nothing is credited."""
    UNREADABLE = "unreadable"
    """The file is no notebook of a lab."""


@dataclass(frozen=True)
class TrailRow:
    """A call in the picture of a task: virtual seconds, who called what on what, and the error code if any."""

    start_s: float
    end_s: float
    actor: str
    service: str
    operation: str
    error: str | None = None


@dataclass(frozen=True)
class CheckRecord:
    """A check: what it asks for, the points it earned of those it can, its status (`helpers.labs.Status`), the reason.

    `at_s` and `actor` point to the row of the task's trail where it departs from what was asked. `station`, `run` and
    `misconception` say what to try next; empty if the check passed.
    """

    id: str
    text: str
    points: float
    earned: float
    status: str
    reason: str = ""
    at_s: float | None = None
    actor: str | None = None
    station: str = ""
    run: str = ""
    misconception: str = ""


@dataclass(frozen=True)
class TaskRecord:
    """A task: the student's code, the verdicts, and the trail of the trial that decided (`trail`, at most 200 rows).

    `earned` is None for a manual task that nobody has marked yet. `answer` is the text of a manual task. `problem` says
    in one sentence what went wrong with the cell itself (missing, raised, stopped). `output` is what it printed, cut.
    """

    id: str
    title: str
    points: float
    earned: float | None
    manual: bool = False
    checks: tuple[CheckRecord, ...] = ()
    code: str = ""
    output: str = ""
    problem: str = ""
    answer: str = ""
    trail: tuple[TrailRow, ...] = ()


@dataclass(frozen=True)
class Record:
    """A submission. `student` is from the roster, the platform's naming, or the file's name; `file` its path in
    what was handed in; `seconds` processor time of all that worked for it; `notes` what a person may want to
    know.
    """

    student: str
    lab: str
    state: State
    isolation: str
    total: float
    maximum: float
    reason: str
    sha256: str
    seconds: float
    seed: int
    file: str
    tasks: tuple[TaskRecord, ...] = ()
    notes: tuple[str, ...] = ()
    late: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain data, as results.json holds it."""
        # `dataclasses.asdict` copies each text of each row, and takes twenty times as long.
        tasks = tuple(
            {
                **vars(task),
                "checks": tuple(dict(vars(check)) for check in task.checks),
                "trail": tuple(dict(vars(row)) for row in task.trail),
            }
            for task in self.tasks
        )
        return {**vars(self), "tasks": tasks}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Record:
        """The record that `to_json` made `data` of."""
        tasks = tuple(
            TaskRecord(
                **{
                    **task,
                    "checks": tuple(CheckRecord(**check) for check in task["checks"]),
                    "trail": tuple(TrailRow(**row) for row in task["trail"]),
                }
            )
            for task in data["tasks"]
        )
        return cls(**{**data, "state": State(data["state"]), "tasks": tasks, "notes": tuple(data["notes"])})


@dataclass
class Batch:
    """Everything that one run of the grader found: a record per submission, and what matches no student or lab."""

    lab: str
    title: str
    seed: int
    maximum: float
    tasks: tuple[str, ...]
    records: list[Record] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
