"""Mark one submission: run its cells, examine each task in the marked account, and write down what came of it."""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from helpers.cloud import scheduler
from helpers.experiments.calls import CallRow
from helpers.grading import handlers
from helpers.grading.limits import Limits
from helpers.grading.nursery import Nursery
from helpers.grading.record import CheckRecord, Record, State, TaskRecord, TrailRow
from helpers.grading.session import Session, Tampered
from helpers.labs import Bench, Finding, Lab, Status, Task, crashed, earned, examine, not_attempted
from helpers.labs.build import cells_for_examination, released_sources
from helpers.labs.practice import absent_functions, blank_tasks
from helpers.labs.student import StudentError

TRAIL_ROWS = 200
"""Rows of a task's trail that go into its picture."""


@dataclass(frozen=True, eq=False)
class Work:
    """A submission as it is marked: who sent which file, and the student's source of each task's cell.

    `missing` are tasks without a cell; `answers` the texts of manual tasks; `unreadable` says why there is nothing
    else. `seed` is that of the student's own edition, if they have one.
    """

    student: str
    file: str
    sha256: str
    sources: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    late: bool = False
    unreadable: str = ""
    seed: int | None = None


def mark(nursery: Nursery, lab: Lab, work: Work, seed: int, limits: Limits) -> Record:
    """The record of a submission; whatever its code does, there is one. Takes over this process: call it in a fork."""
    seed = seed if work.seed is None else work.seed
    if work.unreadable:
        return _record(nursery, lab, work, seed, State.UNREADABLE, work.unreadable, (), 0.0)
    scheduler.PATIENCE_S = math.inf  # an actor waits for the student's process, which has limits of its own
    handlers.install()
    began = time.process_time()
    released = released_sources(lab)
    blank = blank_tasks(lab, work.sources, released)
    absent = absent_functions(lab, work.sources, released)
    cells = cells_for_examination(lab, work.sources)
    Tampered.last = ""
    tasks: list[TaskRecord] = []
    defects: dict[str, str] = {}
    session = Session(nursery, cells, lab.clients, limits, absent)
    try:
        with session:
            for task in lab.tasks:
                if task.manual:
                    tasks.append(_manual(task, work))
                elif task in blank:
                    tasks.append(_blank(task, work))
                else:
                    tasks.append(_examined(task, lab, work, seed, session, defects))
                if Tampered.last:
                    break
    except Tampered:
        pass
    seconds = time.process_time() - began + session.cpu_s
    if Tampered.last:
        return _record(nursery, lab, work, seed, State.TAMPERED, f"{Tampered.last[0].upper()}{Tampered.last[1:]}.",
                       tuple(_void(task, work) for task in lab.tasks), seconds)  # fmt: skip
    if defects:
        names = ", ".join(f"“{lab.task(task).title}”" for task in defects)
        said = f"The check of {names} itself failed: mark that by hand, and report it; the other tasks were examined."
        work = replace(work, notes=(*work.notes, *defects.values()))
        return _record(nursery, lab, work, seed, State.NEEDS_MANUAL, said, tuple(tasks), seconds)
    state, reason = _state(session, lab, work, tasks)
    return _record(nursery, lab, work, seed, state, reason, tuple(tasks), seconds)


# Tasks


def _examined(
    task: Task, lab: Lab, work: Work, seed: int, session: Session, defects: dict[str, str]
) -> TaskRecord:
    """The task as its check judges it. If the check itself raises, `defects` says how, and the task earns nothing."""
    source = work.sources[task.id]
    session.ready(task.id)
    bench = Bench(session, seed, task.id)
    try:
        findings = examine(task, bench, lab.need(task.id, seed))
    except Tampered:
        findings = {check.id: crashed("") for check in task.checks}
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  # what one check cannot take must not undo the other tasks
        defects[task.id] = defect(error)
        findings = {
            check.id: crashed("The check itself failed; a person will look at it") for check in task.checks
        }
    problem = session.problems.get(task.id)
    return TaskRecord(
        id=task.id,
        title=task.title,
        points=task.points,
        earned=earned(task, findings),
        checks=tuple(_check(task, check.id, findings[check.id]) for check in task.checks),
        code=source,
        output=session.output.get(task.id, ""),
        problem="" if problem is None else _sentence(problem),
        trail=_trail(bench, findings),
    )


def defect(error: BaseException) -> str:
    """A sentence on an error of a check or the grader. Students may read it: no line of a check is in it, no value."""
    frames = reversed(traceback.extract_tb(error.__traceback__)[-6:])
    places = ", ".join(f"{PurePath(frame.filename).name}:{frame.lineno}" for frame in frames)
    return f"{type(error).__name__} was raised at {places}."


def _check(task: Task, name: str, finding: Finding) -> CheckRecord:
    check = next(check for check in task.checks if check.id == name)
    well = finding.status is Status.PASSED
    return CheckRecord(
        id=check.id,
        text=check.text,
        points=check.points,
        earned=check.points if well else 0,
        status=str(finding.status),
        reason=finding.reason,
        at_s=finding.at_s,
        actor=finding.actor,
        station="" if well else check.station,
        run="" if well else check.run,
        misconception="" if well else check.misconception,
    )


def _blank(task: Task, work: Work) -> TaskRecord:
    """A task that is not attempted, or whose cell is missing."""
    missing = task.id in work.missing
    finding = not_attempted("The cell of this task is not in the notebook." if missing else "")
    return TaskRecord(
        id=task.id,
        title=task.title,
        points=task.points,
        earned=0,
        checks=tuple(_check(task, check.id, finding) for check in task.checks),
        code="" if missing else work.sources.get(task.id, ""),
        problem=finding.reason,
    )


def _manual(task: Task, work: Work) -> TaskRecord:
    answer = work.answers.get(task.id, "")
    return TaskRecord(
        id=task.id,
        title=task.title,
        points=task.points,
        earned=None if answer.strip() else 0,
        manual=True,
        answer=answer,
    )


def _void(task: Task, work: Work) -> TaskRecord:
    return TaskRecord(
        id=task.id,
        title=task.title,
        points=task.points,
        earned=0,
        manual=task.manual,
        code=work.sources.get(task.id, ""),
    )


def _trail(bench: Bench, findings: Mapping[str, Finding]) -> tuple[TrailRow, ...]:
    """The trail of the trial that the first failed check is about, around the row where it departs."""
    if not bench.trials:
        return ()
    wrong = [one for one in findings.values() if one.status is Status.FAILED and one.trial is not None]
    wrong.sort(key=lambda one: one.at_s is None)  # one that names a row first
    number = wrong[0].trial if wrong else None
    rows = bench.trials[-1 if number is None else number].rows
    if len(rows) > TRAIL_ROWS:
        at_s = wrong[0].at_s if wrong and wrong[0].at_s is not None else 0.0
        at = next((place for place, row in enumerate(rows) if row.start_s >= at_s), 0)
        first = max(0, min(at - TRAIL_ROWS // 2, len(rows) - TRAIL_ROWS))
        rows = rows[first : first + TRAIL_ROWS]
    return tuple(_row(row) for row in rows)


def _row(row: CallRow) -> TrailRow:
    return TrailRow(
        round(row.start_s, 3), round(row.end_s, 3), row.actor, row.service, row.operation, row.error
    )


# The whole


def _sentence(error: StudentError) -> str:
    return f"{error.sentence[0].upper()}{error.sentence[1:]}"


def _state(session: Session, lab: Lab, work: Work, tasks: list[TaskRecord]) -> tuple[State, str]:
    """The one state of the submission, and why."""
    if session.timed_out:
        stopped = lab.task(session.timed_out[0]).title if session.timed_out[0] else "the lab's own first cell"
        return (
            State.TIMEOUT,
            f"Code of “{stopped}” ran on until it was stopped; the other tasks were examined.",
        )
    if session.died:
        return State.DIED, f"{session.died[0].upper()}{session.died[1:]}; the other tasks were examined."
    if session.problems:
        task, problem = next(iter(session.problems.items()))
        name = lab.task(task).title if task else "the lab's own first cell"
        return State.CRASHED, f"The cell of “{name}” raised an error: {_sentence(problem)}."
    raised = [task for task in tasks for check in task.checks if check.status == Status.CRASHED]
    if raised:
        reason = next(check.reason for check in raised[0].checks if check.status == Status.CRASHED)
        return State.CRASHED, f"Code of “{raised[0].title}” raised an error: {reason}."
    if work.missing:
        names = ", ".join(f"“{lab.task(task).title}”" for task in work.missing)
        return State.PARTIAL, f"The notebook lacks the cells of {names}."
    if any(task.earned is None for task in tasks):
        return State.NEEDS_MANUAL, "Answers in words wait to be read."
    return State.GRADED, ""


def _record(
    nursery: Nursery,
    lab: Lab,
    work: Work,
    seed: int,
    state: State,
    reason: str,
    tasks: tuple[TaskRecord, ...],
    seconds: float,
) -> Record:
    return Record(
        student=work.student,
        lab=lab.id,
        state=state,
        isolation=nursery.isolation.level,
        total=sum(task.earned or 0 for task in tasks),
        maximum=lab.points,
        reason=reason,
        sha256=work.sha256,
        seconds=round(seconds, 3),
        seed=seed,
        file=work.file,
        tasks=tasks,
        notes=work.notes,
        late=work.late,
    )
