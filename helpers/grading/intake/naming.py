r"""Who handed a file in, and when, from the names that learning platforms give.

The forms, and where they are from:

- Moodle, one folder a student or a flat list: `Jane Doe_12345_assignsubmission_file_/lab.ipynb` and `Jane
  Doe_12345_assignsubmission_file_lab.ipynb`. The number is the participant's. Underscores of the name are blanks; a
  blind marking's name is "Participant"; a team's is the group's. (`mod_assign\downloader` of Moodle 4 and 5)
- Canvas: `doejane_123_456_lab-2.ipynb`, `doejane_LATE_123_456_lab.ipynb`: the sortable name in small letters without
  blanks, the user's id, the file's id, the file's name, to which a second upload of it adds `-1`. Anonymous:
  `anon_Ab1Cd_456_lab.ipynb`, late `LATE_anon_Ab1Cd_456_lab.ipynb`. (`ContentZipper` of canvas-lms)
- Blackboard: `Lab 1_jdoe_attempt_2025-10-03-11-30-00_lab.ipynb`; the word `attempt` is in the language of the site.
  (nbgrader's `FileNameCollectorPlugin` reads the same)
- Brightspace: `123-456 - Jane Doe - Oct 3, 2025 1130 AM/lab.ipynb`: the user's id and the folder's.
- nbgrader: `submitted/jdoe/lab/lab.ipynb`. (nbgrader's user guide, "The philosophy of nbgrader")
- Copies: `lab (1).ipynb` (browsers), `lab - Copy.ipynb` (Windows), `lab copy 2.ipynb` (macOS), `lab-Copy1.ipynb`
  (JupyterLab), `Copy of lab.ipynb` (Google Drive).
"""

from __future__ import annotations

import calendar
import re
import time
import unicodedata
from dataclasses import dataclass

LAB_NAME = re.compile(r"\d\d_[a-z0-9_]+|lab[ _-]?\d*|solution|submission|notebook|untitled\d*", re.IGNORECASE)
"""Names of files and folders that say which lab it is, or nothing, but never whose."""

_MOODLE = re.compile(
    r"(?P<name>[^_]+)(?:_(?P<id>\d+))?_assignsubmission_(?P<kind>[a-z]+)_(?P<file>.*)", re.DOTALL
)
_CANVAS = re.compile(r"(?P<name>[^\W_][^\s.,;()-]*?)_(?P<late>LATE_)?(?P<id>\d+)_\d+_(?P<file>.+)", re.DOTALL)
_CANVAS_ANONYMOUS = re.compile(r"(?P<late>LATE_)?anon_(?P<id>[^\W_]+)_\d+_(?P<file>.+)", re.DOTALL)
_BLACKBOARD = re.compile(
    r".+_(?P<id>[^_]+)_[^\W\d_]+_(?P<when>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|(?P<form>\.txt))", re.DOTALL
)
_BRIGHTSPACE = re.compile(
    r"(?P<id>\d+)-\d+ ?- ?(?P<name>.+?) ?- ?(?P<when>[^\W\d]{3,} \d{1,2}, \d{4} \d{3,4} ?[AP]M)(?: ?- ?(?P<file>.+))?",
    re.DOTALL,
)
_COPIES = (
    re.compile(r"(?P<stem>.+?)(?: ?- ?| )[Cc]opy ?\(?(?P<number>\d{0,3})\)?", re.DOTALL),
    re.compile(r"(?P<stem>.+?) ?\((?P<number>\d{1,3})\)", re.DOTALL),
    re.compile(r"Copy of (?P<stem>.+)", re.DOTALL),
)
_RESUBMITTED = re.compile(r"(?P<stem>.+)-(?P<number>\d{1,3})", re.DOTALL)


@dataclass(frozen=True)
class Identity:
    """Whose file it is, as its path says.

    `student` is the name or login that the platform gives, or else the folder's or the file's name. `platform_id` is
    the platform's number for the student. `attempt` counts later uploads from 1; 0 if the name does not say. `when`
    is the instant of the upload in seconds, comparable within a platform. `platform` is "moodle", "canvas",
    "blackboard", "brightspace", "nbgrader", or empty. `others` are further names in the path that a roster may know.
    """

    student: str
    platform_id: str = ""
    attempt: int = 0
    late: bool = False
    platform: str = ""
    when: float | None = None
    others: tuple[str, ...] = ()


def identify(path: str) -> Identity:
    """Whose file is at `path`, which is written with slashes and begins with the name of what was handed in.

    The outermost name of a platform's form counts: what is inside a student's own archive says nothing about whose it
    is.
    """
    path = unicodedata.normalize("NFC", path)  # macOS takes letters and their accents apart
    parts = [part for part in path.split("/") if part] or [path]
    for part in parts:
        found = _moodle(part) or _canvas(part) or _blackboard(part) or _brightspace(part)
        if found:
            name = _file_of(part) or parts[-1]
            attempt = max(copy_of(stem(name))[1], found.attempt)
            return Identity(
                found.student,
                found.platform_id,
                attempt,
                found.late,
                found.platform,
                found.when,
                found.others,
            )
    return _nbgrader(parts) or _plain(parts)


def stem(name: str) -> str:
    """A file's name without the endings of notebooks and archives, also of those that a browser renamed."""
    return re.sub(r"(?i)(?:\.(?:ipynb|json|txt|zip|html?))+$", "", name) or name


def copy_of(name: str) -> tuple[str, int]:
    """The stem of which `name` is a copy, and the copy's number: 0 if it is none."""
    for form in _COPIES:
        if match := form.fullmatch(name):
            number = match.groupdict().get("number")
            return match["stem"], int(number) if number else 1
    return name, 0


def is_form(path: str) -> bool:
    """Whether the file is one that a platform adds to a download: its own page or note, no work of a student's."""
    name = path.rpartition("/")[2]
    blackboard = _BLACKBOARD.fullmatch(name)
    pages = name == "index.html" or name.endswith(("_onlinetext_.html", "onlinetext.html"))
    return pages or bool(blackboard and blackboard["form"])


def _file_of(part: str) -> str:
    """The student's own file name in a platform's flat form."""
    for form in (_MOODLE, _CANVAS_ANONYMOUS, _CANVAS, _BLACKBOARD, _BRIGHTSPACE):
        if match := form.fullmatch(part):
            return match["file"] or ""
    return ""


def _moodle(part: str) -> Identity | None:
    match = _MOODLE.fullmatch(part)
    if not match:
        return None
    name, number = match["name"].strip(), match["id"] or ""
    blind = name.casefold() == "participant"
    return Identity(f"{name} {number}" if blind and number else name, number, platform="moodle")


def _canvas(part: str) -> Identity | None:
    match = _CANVAS_ANONYMOUS.fullmatch(part) or _CANVAS.fullmatch(part)
    if not match:
        return None
    again = _RESUBMITTED.fullmatch(stem(match["file"]))
    return Identity(
        student=match.groupdict().get("name") or f"anon_{match['id']}",
        platform_id=match["id"],
        attempt=int(again["number"]) if again else 0,
        late=bool(match["late"]),
        platform="canvas",
    )


def _blackboard(part: str) -> Identity | None:
    match = _BLACKBOARD.fullmatch(part)
    when = _instant(match["when"], "%Y-%m-%d-%H-%M-%S") if match else None
    return Identity(match["id"], match["id"], platform="blackboard", when=when) if match else None


def _brightspace(part: str) -> Identity | None:
    match = _BRIGHTSPACE.fullmatch(part)
    if not match:
        return None
    day, clock = (
        match["when"].rsplit(" ", 1) if match["when"][-3] == " " else (match["when"][:-2], match["when"][-2:])
    )
    date, _, digits = day.rpartition(" ")
    when = _instant(f"{date} {digits.zfill(4)} {clock}", "%b %d, %Y %I%M %p")
    return Identity(match["name"].strip(), match["id"], platform="brightspace", when=when)


def _instant(text: str, form: str) -> float | None:
    try:
        return float(calendar.timegm(time.strptime(text, form)))
    except (ValueError, OverflowError):
        return None


def _nbgrader(parts: list[str]) -> Identity | None:
    """`submitted/<student>/<lab>/<file>`."""
    if "submitted" not in parts[:-2]:
        return None
    attempt = copy_of(stem(parts[-1]))[1]
    return Identity(parts[parts.index("submitted") + 1], attempt=attempt, platform="nbgrader")


def _plain(parts: list[str]) -> Identity:
    """No platform's form: the innermost folder that may be a person's, or else the file's name."""
    name, attempt = copy_of(stem(parts[-1]))
    folders = [stem(part) for part in reversed(parts[:-1]) if not LAB_NAME.fullmatch(stem(part))]
    student = folders[0] if folders else name
    others = dict.fromkeys([*folders, name, stem(parts[-1])])
    return Identity(student, attempt=attempt, others=tuple(other for other in others if other != student))
