"""Who a row of a gradebook and a record are about, and which belong together."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from helpers.grading.record import Record

MOODLE_PART = re.compile(r"[^/]*?_(\d+)_assignsubmission_[^/]*")
"""The part of a path that Moodle's "Download all submissions" names: full name, participant's number, plugin."""

CANVAS_PART = re.compile(r"[^/_]+(?:_LATE)?_(\d+)_\d+_[^/]*")
"""The part of a path that Canvas's "Download Submissions" names: student, LATE, user's id, attachment's id, file."""

KINDS = ("id", "login", "email", "name")
"""What people are matched by, the surest first."""


@dataclass(frozen=True)
class Who:
    """What is known of a person, each in none, one or more ways.

    `id` is their number on the platform at hand, `login` also a student's number. `moodle` and `canvas` are the numbers
    that a roster has for them: a number of the one means nothing on the other.
    """

    id: tuple[str, ...] = ()
    login: tuple[str, ...] = ()
    email: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    moodle: tuple[str, ...] = ()
    canvas: tuple[str, ...] = ()

    def keys(self, kind: str) -> set[str]:
        """What this person answers to, in a form that can be compared."""
        texts: tuple[str, ...] = getattr(self, kind)
        make = name_key if kind == "name" else str.casefold
        return {key for text in texts if (key := make(text.strip()))}


def name_key(name: str) -> str:
    """A name without case, accents, punctuation and order: "Doe, Jané" and "jane DOE" are the same."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(mark for mark in plain if not unicodedata.combining(mark))
    return " ".join(sorted(re.findall(r"\w+", letters)))


def who_of(record: Record, platform: str, known: Mapping[str, Who] | None = None) -> Who:
    """What a record tells of its student on `platform` ("moodle" or "canvas").

    The platform's number stands in the name of the submission's file. `known` says more about students, as a roster
    does: numbers, logins, addresses and names by `Record.student`.
    """
    pattern = MOODLE_PART if platform == "moodle" else CANVAS_PART
    ids = [match[1] for part in record.file.split("/") if (match := pattern.fullmatch(part))]
    more = (known or {}).get(record.student, Who())
    said = (record.student,)
    return Who(
        id=(*ids[:1], *(more.moodle if platform == "moodle" else more.canvas)),
        login=said + more.login,
        email=(said if "@" in record.student else ()) + more.email,
        name=said + more.name,
    )


@dataclass(frozen=True)
class Pairs:
    """Which of `people` is which of `rows`, by place in either.

    `doubtful` are people who could be several rows, or whose row others could be as well, with what they share.
    """

    row_of: Mapping[int, int]
    doubtful: Mapping[int, str]


def pair(people: Sequence[Who], rows: Sequence[Who]) -> Pairs:
    """Match people and rows one to one, by id first, then login, email and name; nobody is guessed."""
    row_of: dict[int, int] = {}
    doubtful: dict[int, str] = {}
    for kind in KINDS:
        taken = set(row_of.values())
        free = [place for place in range(len(rows)) if place not in taken]
        open_ = [place for place in range(len(people)) if place not in row_of and place not in doubtful]
        rows_by_key = _by_key((place, rows[place].keys(kind)) for place in free)
        people_by_key = _by_key((place, people[place].keys(kind)) for place in open_)
        for person in open_:
            keys = people[person].keys(kind)
            candidates = sorted({row for key in keys for row in rows_by_key[key]})
            rivals = {other for key in keys if rows_by_key[key] for other in people_by_key[key]} - {person}
            if len(candidates) > 1 or (candidates and rivals):
                doubtful[person] = kind
            elif candidates:
                row_of[person] = candidates[0]
    return Pairs(row_of, doubtful)


def _by_key(keyed: Iterable[tuple[int, set[str]]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for place, keys in keyed:
        for key in keys:
            found[key].append(place)
    return found
