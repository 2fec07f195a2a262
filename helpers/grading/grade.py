"""`devlab grade`: from what an instructor dragged in to marks, reasons and pages.

This process alone holds the seed, the needs drawn from it and the checks; students' code runs in children of a zygote
that never knew them. What is marked is kept at once, so a run that was killed goes on where it stopped, and ends in
the same results.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Protocol, Self

from helpers.grading.editions import CLASS, Manifest
from helpers.grading.intake import (
    Intake,
    Notebook,
    Roster,
    Submission,
    Unreadable,
    collect,
    lift,
    load_roster,
    read,
)
from helpers.grading.limits import Limits
from helpers.grading.mark import Work
from helpers.grading.nursery import ROOT, Nursery
from helpers.grading.pool import Pool
from helpers.grading.progress import Progress
from helpers.grading.record import Batch, Record, State
from helpers.grading.regrade import fingerprint
from helpers.grading.report import files
from helpers.grading.sandbox import Isolation, Policy, best_isolation, python_folders
from helpers.grading.store import Store
from helpers.labs import Lab, earned, load_lab
from helpers.labs.build import released_sources, solution_sources
from helpers.labs.practice import examine_here

RUN = "run.json"
"""What was asked for, in the output folder: `devlab regrade` reads it."""


class Refused(Exception):
    """Nothing is marked; the message is one sentence."""


class Unsafe(Refused):
    """Submissions cannot be isolated on this machine, and nobody said that they need not be."""


@dataclass(frozen=True)
class Assignment:
    """What is to be graded, and how: `devlab grade`'s command line.

    `seed` None draws one, which is kept in the output folder. `jobs` is how many submissions are marked side by side.
    """

    lab: str
    submissions: tuple[str, ...]
    out: str
    seed: int | None = None
    roster: str | None = None
    jobs: int = field(default_factory=lambda: os.cpu_count() or 1)
    unsafe: bool = False
    limits: Limits = field(default_factory=Limits)

    def to_json(self) -> str:
        """The text of run.json."""
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def load(cls, out: Path) -> Assignment:
        """What the folder `out` was made by. Raises Refused if it was made by nothing."""
        try:
            data = json.loads((out / RUN).read_text(encoding="utf-8"))
            return cls(
                **{**data, "submissions": tuple(data["submissions"]), "limits": Limits(**data["limits"])}
            )
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise Refused(
                f"{out} is no folder that `devlab grade` wrote: {RUN} is missing or damaged."
            ) from error


class Marker(Protocol):
    """Who marks submissions, from `with` to its end: this machine, or a cluster. `level` says how they are isolated."""

    @property
    def level(self) -> str:
        """See `helpers.grading.sandbox.Isolation`."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def mark(self, works: Iterable[Work]) -> Iterator[tuple[Work, Record]]:
        """The record of each submission, in the order in which they are done. Raises Refused."""


class Here:
    """This machine, as a Marker. Raises Unsafe if it cannot isolate submissions, and should."""

    def __init__(self, lab: Lab, assignment: Assignment) -> None:
        self._lab = lab
        self._assignment = assignment
        self._isolation = isolate(assignment.unsafe)
        self._nursery = Nursery(self._isolation, policy(assignment.limits), sorted(set(lab.clients.values())))

    @property
    def level(self) -> str:
        """See `Marker.level`."""
        return self._isolation.level

    def __enter__(self) -> Self:
        self._nursery.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._nursery.__exit__(*error)

    def mark(self, works: Iterable[Work]) -> Iterator[tuple[Work, Record]]:
        """See `Marker.mark`."""
        assignment = self._assignment
        assert assignment.seed is not None, "whoever marks knows the seed"
        require_sound(self._lab, assignment.seed)
        self._nursery.wait()
        pool = Pool(self._nursery, self._lab, assignment.seed, assignment.limits, assignment.jobs)
        return pool.mark(works)


def grade(
    assignment: Assignment,
    *,
    afresh: bool = False,
    progress: type[Progress] = Progress,
    marker: Callable[[Lab, Assignment], Marker] = Here,
) -> tuple[Batch, Intake]:
    """Mark what the assignment names, and go on where an earlier run in the same folder stopped; or all `afresh`.

    Writes the kept marks and run.json into the output folder, and nothing else: `helpers.grading.deliver` makes the
    tables and pages. Raises Refused; LabError and RosterError for a lab or roster that is not there or not well-formed.
    """
    out = Path(assignment.out)
    lab = load_lab(assignment.lab)
    manifest = manifest_of(lab)
    assignment = _seeded(assignment, out, manifest)
    assert assignment.seed is not None
    with marker(lab, assignment) as marks:
        files.remove_parts(out)
        _keep(assignment, out)
        roster = load_roster(Path(assignment.roster)) if assignment.roster else None
        intake = taken_in(assignment.submissions, lab, roster)
        store = Store(out, basis(lab, assignment, marks.level))
        show = progress(len(intake.submissions))
        works: list[Work] = []
        records: dict[Work, Record] = {}

        def unmarked() -> Iterator[Work]:
            """One submission after the other is read while those before it are marked."""
            for submission in intake.submissions:
                work = work_of(submission, lab, manifest)
                works.append(work)
                record = None if afresh else store.load(work)
                if record is None:
                    yield work
                else:
                    records[work] = record
                    show.kept(record)

        waiting = unmarked()
        first = next(waiting, None)
        for work, record in () if first is None else marks.mark(chain([first], waiting)):
            store.save(work, record)
            records[work] = record
            show.marked(record)
    return batch_of(lab, assignment.seed, [records[work] for work in works], intake), intake


# Parts, which grading on many machines uses too


def isolate(unsafe: bool) -> Isolation:
    """How submissions are isolated here. Raises Unsafe if they cannot be, unless `unsafe` says that they need not."""
    isolation = best_isolation()
    if isolation.level == "rlimits-only" and not unsafe:
        raise Unsafe(
            f"Submissions would not be isolated: {isolation.reason} Grade only work you trust, with --unsafe."
        )
    return isolation


def policy(limits: Limits) -> Policy:
    """What the sandbox of a submission shows and allows."""
    readable = (*python_folders(), ROOT / "helpers")
    return Policy(readable=readable, memory_mb=limits.memory_mb, cpu_s=int(limits.cpu_s * 20) + 60)


def taken_in(paths: Sequence[str], lab: Lab, roster: Roster | None) -> Intake:
    """The submissions at `paths`. Raises Refused if a path is not there, or nothing was handed in at all."""
    for path in paths:
        if not Path(path).exists():
            raise Refused(f"There is no {path}.")
    intake = collect(paths, [lab], roster)
    if not intake.submissions:
        said = f" {intake.unmatched[0]}" if intake.unmatched else ""
        raise Refused(f"There is no submission in {', '.join(paths)}.{said}")
    return intake


def work_of(submission: Submission, lab: Lab, manifest: Manifest | None = None) -> Work:
    """The submission as it is marked; with the seed of the student's own edition, if `manifest` knows one."""
    work = Work(
        submission.student,
        submission.file,
        submission.sha256,
        late=submission.late,
        unreadable=submission.problem,
        seed=None if manifest is None else manifest.seed_of(submission.student),
    )
    notes = [f"An earlier file, {path}, was not marked." for path in submission.earlier]
    if not work.unreadable:
        try:
            notebook = read(submission.read())
        except Unreadable as error:
            work = replace(work, unreadable=str(error))
        else:
            lifted = lift(notebook, lab, released_sources(lab))
            notes = [*lifted.notes, *_edition(notebook, submission.student, manifest), *notes]
            work = replace(work, sources=lifted.sources, missing=lifted.missing, answers=lifted.answers)
    return replace(work, notes=tuple(notes))


def _edition(notebook: Notebook, student: str, manifest: Manifest | None) -> Iterator[str]:
    """A sentence if the notebook is somebody else's edition. The numbers are those of the student who sent it."""
    course = notebook.metadata.get("course")
    name = course.get("id") if isinstance(course, dict) else None
    if manifest is None or not isinstance(name, str):
        return
    owner = manifest.student_of(name)
    if owner is None:
        yield "The notebook is of an edition that is not in manifest.json."
    elif owner and manifest.seed_of(owner) != manifest.seed_of(student):
        yield "The notebook is another student's edition; manifest.json says whose."


def manifest_of(lab: Lab) -> Manifest | None:
    """The manifest beside the lab's folder, which `devlab variant` wrote; None for a lab of the course."""
    path = lab.folder.parent / "manifest.json"
    return Manifest.from_json(path.read_text(encoding="utf-8")) if path.is_file() else None


def basis(lab: Lab, assignment: Assignment, level: str) -> str:
    """Whatever a record depends on beside the submission."""
    return json.dumps([lab.id, marked_by(lab), assignment.seed, level, asdict(assignment.limits)])


def marked_by(lab: Lab) -> str:
    """The fingerprint of the lab and of this grader."""
    return fingerprint(lab.folder, version("aws-developer-labs"))


def require_sound(lab: Lab, seed: int) -> None:
    """Mark the lab's own solution first; it also loads what every submission will need.

    Raises Refused if the solution does not earn full marks: then the fault is the lab's, and no student pays for it.
    """
    released, solved = released_sources(lab), solution_sources(lab)
    for task in lab.tasks:
        if task.manual or task.id not in solved:
            continue
        found = examine_here(lab, task.id, solved, released, seed)
        if earned(task, found) < task.points:
            raise Refused(
                f"The lab's own solution of {task.id} fails under this seed, so nobody is marked: report it."
            )


def batch_of(lab: Lab, seed: int, records: list[Record], intake: Intake) -> Batch:
    """Everything that was found."""
    tasks = tuple(task.id for task in lab.tasks)
    return Batch(lab.id, lab.title, seed, lab.points, tasks, records, list(intake.unmatched))


def _seeded(assignment: Assignment, out: Path, manifest: Manifest | None) -> Assignment:
    """The assignment with its seed: the one given, the class edition's, that of an earlier run in the folder, or a new
    one.
    """
    seed = assignment.seed
    if seed is None and manifest is not None:
        seed = manifest.seed_of(CLASS)
    if seed is None and (out / RUN).is_file():
        seed = Assignment.load(out).seed
    if seed is None:
        seed = secrets.randbelow(2**31)
    return replace(assignment, seed=seed)


def _keep(assignment: Assignment, out: Path) -> None:
    """Write run.json."""
    places = tuple(str(Path(path).resolve()) for path in assignment.submissions)
    roster = None if assignment.roster is None else str(Path(assignment.roster).resolve())
    files.write(out / RUN, replace(assignment, submissions=places, roster=roster).to_json())


def counted(records: Sequence[Record]) -> Iterator[tuple[State, int]]:
    """How many submissions ended in each state, for those that any did."""
    for state in State:
        count = sum(record.state is state for record in records)
        if count:
            yield state, count
