"""The class: who its students are, read from the list that a platform or a registrar exports."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.cloud import OneSentence
from helpers.grading.intake.naming import Identity

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": (
        "id",
        "studentid",
        "studentnumber",
        "idnumber",
        "orgdefinedid",
        "sisuserid",
        "matriculationnumber",
        "sid",
    ),
    "login": ("login", "loginid", "sisloginid", "username", "user", "netid", "userid"),
    "email": ("email", "emailaddress", "mail"),
    "name": ("name", "fullname", "student", "studentname", "sortablename", "displayname"),
    "first": ("firstname", "first", "givenname", "forename"),
    "last": ("lastname", "last", "surname", "familyname"),
    "moodle": ("moodleid", "moodle", "identifier", "participant", "participantid", "participantnumber"),
    "canvas": ("canvasid", "canvas", "canvasuserid"),
}
"""The names that a column may have, in small letters without blanks: those of Moodle's grading worksheet and
participants' list, Canvas's gradebook, Blackboard's and Brightspace's grade exports, and the obvious ones."""

_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})


Fits = Callable[["Student"], bool]


class RosterError(OneSentence, ValueError):
    """The file is no list of students; the message is one sentence."""


class AmbiguousError(OneSentence, LookupError):
    """Several students of the roster fit what a file is named; the message is one sentence."""


@dataclass(frozen=True)
class Student:
    """A student of the roster, with whatever its columns say; `moodle` and `canvas` are the platforms' numbers."""

    id: str = ""
    login: str = ""
    email: str = ""
    name: str = ""
    moodle: str = ""
    canvas: str = ""

    @property
    def key(self) -> str:
        """What results call the student: the first of id, login, email and name that the roster has."""
        return self.id or self.login or self.email or self.name


class Roster:
    """The students of a class."""

    def __init__(self, students: Iterable[Student]) -> None:
        """Raises RosterError if two students have the same key."""
        self.students = tuple(dict.fromkeys(students))
        seen: set[str] = set()
        for student in self.students:
            if student.key in seen:
                raise RosterError(f"The roster has two students called {student.key!r}.")
            seen.add(student.key)

    def match(self, identity: Identity) -> Student | None:
        """The student whose file it is; None if nobody fits. Raises AmbiguousError if several fit equally well.

        A platform's number counts first. Then each name of the identity, the student's before the others: as an id,
        login or email; as a name, in any order of its parts, without accents and case; and, where no platform named
        the file, a login or a whole name inside a longer name.
        """
        steps: list[Fits] = [lambda student: _has_number(student, identity)]
        for name in (identity.student, *identity.others):
            steps += _fits(name, within=not identity.platform)
        for fits in steps:
            found = [student for student in self.students if fits(student)]
            if len(found) > 1:
                keys = ", ".join(student.key for student in found[:4])
                raise AmbiguousError(f"{identity.student!r} may be any of {keys}.")
            if found:
                return found[0]
        return None


def load_roster(path: Path) -> Roster:
    """The roster in a CSV file with a header: comma, semicolon or tab; UTF-8, UTF-16 or Windows. Raises
    RosterError.
    """
    try:
        return parse_roster(path.read_bytes())
    except OSError as error:
        raise RosterError(f"The roster {path.name} cannot be read: {error.strerror}.") from None
    except RosterError as error:
        raise RosterError(f"{path.name}: {error}") from None


def parse_roster(data: bytes) -> Roster:
    """The roster in the bytes of a CSV file. Raises RosterError."""
    text = _decoded(data)
    lines = text.strip("\r\n").splitlines()
    header = lines[0] if lines else ""
    separator = max(",;\t|", key=header.count)
    try:
        rows = list(csv.reader(io.StringIO(text.strip("\r\n"), newline=""), delimiter=separator))
    except csv.Error as error:
        raise RosterError(f"The roster is not CSV: {error}.") from None
    places = _places(rows[0] if rows else [])
    if not places:
        raise RosterError(
            "The roster's first line names no column that says who a student is (id, login, email, name)."
        )
    students = (_student(row, places) for row in rows[1:])
    return Roster(
        student for student in students if student.key and _squeezed(student.name) != "pointspossible"
    )


def _decoded(data: bytes) -> str:
    encodings = ["utf-16"] if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise RosterError("The roster is not text in UTF-8, UTF-16 or Windows's encoding.")


def _places(header: Sequence[str]) -> dict[str, int]:
    """Where each known column is. Of two with the same meaning, the one whose name stands first in COLUMNS."""
    names = [re.sub(r"[\W_]", "", name).casefold() for name in header]
    places = {}
    for column, spellings in COLUMNS.items():
        found = next((spelling for spelling in spellings if spelling in names), None)
        if found is not None:
            places[column] = names.index(found)
    if (
        "id" in places and "sisuserid" in names and names[places["id"]] == "id"
    ):  # Canvas: its own number is called ID
        places |= {"canvas": places["id"], "id": names.index("sisuserid")}
    return places


def _student(row: Sequence[str], places: Mapping[str, int]) -> Student:
    values = {column: row[at].strip() if at < len(row) else "" for column, at in places.items()}
    first, last = values.pop("first", ""), values.pop("last", "")
    values["name"] = values.get("name") or f"{first} {last}".strip()
    number = re.fullmatch(r"\D*?(\d+)", values.get("moodle", ""))  # "Participant 123"
    if number:
        values["moodle"] = number[1]
    return Student(**values)


def _fits(name: str, within: bool) -> list[Fits]:
    plain, squeezed, words = _plain(name), _squeezed(name), _words(name)
    steps: list[Fits] = [
        lambda student: plain in _logins(student),
        lambda student: squeezed in _spellings(student.name),
    ]
    return [*steps, lambda student: _is_within(student, words)] if within else steps


def _has_number(student: Student, identity: Identity) -> bool:
    numbers = {"moodle": student.moodle, "canvas": student.canvas or student.id, "brightspace": student.id}
    return bool(identity.platform_id) and numbers.get(identity.platform, "") == identity.platform_id


def _logins(student: Student) -> set[str]:
    given = {student.id, student.login, student.email, student.email.partition("@")[0]}
    return {_plain(value) for value in given if value}


def _is_within(student: Student, words: set[str]) -> bool:
    name = _words(student.name)
    return bool(_logins(student) & {word for word in words if len(word) >= 3}) or (
        len(name) > 1 and name <= words
    )


def _spellings(name: str) -> set[str]:
    """The name's parts joined, in each rotation: "Doe, Jane" and "Jane Doe" share them, and so does "doejane"."""
    parts = _parts(name)
    return {"".join(parts[at:] + parts[:at]) for at in range(len(parts))}


def _squeezed(name: str) -> str:
    return "".join(_parts(name))


def _words(name: str) -> set[str]:
    return set(_parts(name))


def _parts(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", _plain(name).replace("'", "").replace("’", ""))


def _plain(name: str) -> str:
    """Without case and accents."""
    folded = unicodedata.normalize("NFKD", name.strip().casefold())
    return "".join(letter for letter in folded if not unicodedata.combining(letter)).translate(_LETTERS)
