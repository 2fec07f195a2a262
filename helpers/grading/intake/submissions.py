"""The submissions in what was handed in: one for each student and lab, the latest; and all that fits nowhere.

A notebook or an archive is never lost: it is a submission, an earlier one of a submission, or a sentence in
`unmatched`. Of a student's other files (a picture, a PDF) a word is said only if there is nothing else.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from helpers.grading.intake.archive import Found, Limits, walk
from helpers.grading.intake.cells import recognise
from helpers.grading.intake.layout import students
from helpers.grading.intake.naming import Identity, identify, is_form
from helpers.grading.intake.notebook import Unreadable, read
from helpers.grading.intake.roster import AmbiguousError, Roster, Student
from helpers.labs.lab import Lab, lab_ids


@dataclass(frozen=True)
class Submission:
    """A student's file for a lab.

    `student` is the roster's key, the platform's name, or the folder's or file's name. `file` is its path in what was
    handed in. `problem` is why it cannot be marked, in one sentence, or empty; `lab` is then None, and `sha256` is
    empty if not even its bytes can be read. `earlier` are the paths of the student's other files for the lab, the
    latest first.
    """

    student: str
    file: str
    sha256: str
    attempt: int
    late: bool
    lab: str | None
    problem: str = ""
    platform: str = ""
    platform_id: str = ""
    earlier: tuple[str, ...] = ()
    _read: Callable[[], bytes] = field(default=bytes, repr=False, compare=False)

    def read(self) -> bytes:
        """The file's bytes, read afresh each time. Raises Unreadable."""
        return self._read()


@dataclass(frozen=True)
class Intake:
    """`submissions` in the order of students and labs, `absent` the students of the roster who have none, and
    `unmatched` one sentence for each thing that fits no student or no lab, absent students included.
    """

    submissions: tuple[Submission, ...]
    unmatched: tuple[str, ...]
    absent: tuple[Student, ...] = ()


@dataclass(frozen=True)
class _Candidate:
    """A file of a student's, looked into."""

    found: Found
    identity: Identity
    lab: str | None
    sha256: str
    problem: str

    @property
    def age(self) -> tuple[int, float, str]:
        """What says which of two is later."""
        instant = self.identity.when if self.identity.when is not None else self.found.modified
        return self.identity.attempt, instant or 0.0, self.found.path


def collect(
    paths: Sequence[str | os.PathLike[str]],
    labs: Sequence[Lab],
    roster: Roster | None = None,
    limits: Limits | None = None,
) -> Intake:
    """The submissions in the notebooks, folders and zips at `paths`. Raises nothing for anything that is in them.

    The latest file of a student for a lab counts, by the number of the attempt, then the time, then the name; a file
    that is no lab counts only if the student has no other. Each notebook is read once here, and one at a time.
    """
    files = [found for found in walk(paths, limits) if not is_form(found.path)]
    identities = _identities(files)
    unmatched: list[str] = []
    by_student: dict[str, list[_Candidate]] = defaultdict(list)
    owners = _Owners(roster, identities.values())
    # If all there is is a zip that cannot be opened, it is the class's and no student's.
    lone = len(files) == 1 and files[0].path.lower().endswith(".zip")
    for found in files:
        owner, said = owners.of(identities[found.path])
        if lone or not (found.is_work or owner.known or identities[found.path].platform):
            unmatched.append(f"{found.path}: {found.problem}")
            continue
        if said and found.is_work:
            unmatched.append(f"{found.path}: {said}")
        by_student[owner.name].append(_looked_into(found, identities[found.path], labs))
    submissions: list[Submission] = []
    for student, candidates in by_student.items():
        chosen, said_of = _submissions(student, candidates)
        submissions += chosen
        unmatched += said_of
    present = {submission.student for submission in submissions}
    absent = tuple(student for student in (roster.students if roster else ()) if student.key not in present)
    unmatched += [f"{student.key}: {student.name or 'the student'} handed in nothing." for student in absent]
    submissions.sort(key=lambda one: (one.student.casefold(), one.student, one.lab or "", one.file))
    return Intake(tuple(submissions), tuple(unmatched), absent)


def _identities(files: Sequence[Found]) -> dict[str, Identity]:
    """Whose each file is. Folders without a platform's names are judged together."""
    identities = {found.path: identify(found.path) for found in files}
    if len({found.path.partition("/")[0] for found in files}) == 1:
        # The name of the one folder or zip that holds everything may look like a student's file: what is in it tells.
        inside = {path: identify(path.partition("/")[2]) for path in identities if "/" in path}
        if any(identity.platform for identity in inside.values()):
            identities |= inside
    plain = [found.path for found in files if not identities[found.path].platform and found.is_work]
    for path, student in students(plain).items():
        old = identities[path]
        others = tuple(dict.fromkeys(name for name in (old.student, *old.others) if name != student))
        identities[path] = replace(old, student=student, others=others)
    return identities


@dataclass(frozen=True)
class _Owner:
    name: str
    known: bool


class _Owners:
    """Who an identity is: a student of the roster, or the platform's name made unique by the platform's number."""

    def __init__(self, roster: Roster | None, identities: Iterable[Identity]) -> None:
        self._roster = roster
        self._numbers: dict[tuple[str, str], set[str]] = defaultdict(set)
        for identity in identities:
            self._numbers[identity.platform, identity.student].add(identity.platform_id)

    def of(self, identity: Identity) -> tuple[_Owner, str]:
        """The owner, and a sentence if the roster does not know them."""
        name = identity.student
        if len(self._numbers[identity.platform, name]) > 1:
            name = f"{name} ({identity.platform_id})"
        if self._roster is None:
            return _Owner(name, known=False), ""
        try:
            student = self._roster.match(identity)
        except AmbiguousError as error:
            return _Owner(name, known=False), f"{error} It is marked as {name!r}."
        if student is None:
            return _Owner(
                name, known=False
            ), f"The roster has no {identity.student!r}; it is marked under that name."
        return _Owner(student.key, known=True), ""


def _looked_into(found: Found, identity: Identity, labs: Sequence[Lab]) -> _Candidate:
    sha256, lab, problem = "", None, ""
    try:
        data = found.read()
        sha256 = hashlib.sha256(data).hexdigest()
        notebook = read(data)
        lab = recognise(notebook, labs, found.path)
        if lab is None:
            problem = _none_of(labs, notebook.lab if notebook.lab in lab_ids() else "")
    except Unreadable as error:
        problem = str(error)
    return _Candidate(found, identity, lab, sha256, problem)


def _none_of(labs: Sequence[Lab], other: str) -> str:
    """The sentence on a notebook that is none of `labs`, but perhaps another one of the course."""
    names = " or ".join(lab.id for lab in labs)
    return (
        f"The notebook is the lab {other}, not {names}." if other else f"The notebook is not the lab {names}."
    )


def _submissions(student: str, candidates: Sequence[_Candidate]) -> tuple[list[Submission], list[str]]:
    """The submissions among a student's files, and a sentence for each file that fits no lab beside others that
    do.
    """
    by_lab: dict[str | None, list[_Candidate]] = defaultdict(list)
    for candidate in candidates:
        by_lab[candidate.lab].append(candidate)
    strays = by_lab.pop(None, [])
    if not by_lab:
        # Of files that cannot be marked, a notebook tells more than a picture beside it.
        notebooks = [stray for stray in strays if stray.found.is_work]
        return [_submission(student, None, notebooks or strays)], []
    said = [f"{stray.found.path}: {stray.problem}" for stray in strays if stray.found.is_work]
    return [_submission(student, lab, group) for lab, group in by_lab.items()], said


def _submission(student: str, lab: str | None, group: Sequence[_Candidate]) -> Submission:
    latest, *earlier = sorted(group, key=lambda candidate: candidate.age, reverse=True)
    return Submission(
        student=student,
        file=latest.found.path,
        sha256=latest.sha256,
        attempt=latest.identity.attempt,
        late=latest.identity.late,
        lab=lab,
        problem=latest.problem,
        platform=latest.identity.platform,
        platform_id=latest.identity.platform_id,
        earlier=tuple(candidate.found.path for candidate in earlier),
        _read=latest.found.read,
    )
