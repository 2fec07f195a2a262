"""Graded editions of a lab: numbers of their own for a class or for each student, and nothing with a solution in it.

A lab's practice edition has its solution beside it. A graded one is a lab folder of its own, for the instructor: the
lab's tasks, unpublished ones if there are any, and a question that only the student's own run answers. From it comes a
notebook for each student, whose numbers follow from a secret key: who has the key can tell the seed again, and nobody
else can.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from helpers.cloud import OneSentence
from helpers.grading.report.files import create, make_folder, write
from helpers.labs.build import Notebook, generate, read_source
from helpers.labs.lab import PRACTICE_SEED, Lab, load_lab
from helpers.sections.data import load

GRADED = "graded"
"""What a graded notebook's metadata calls its edition; the practice one is called otherwise."""

CLASS = ""
"""The student of an edition that a whole class shares."""

_KEY_BYTES = 16  # a key with fewer could be guessed
_CHECKS = '''"""The checks of a graded edition: those of the course's lab, and the instructor's own."""

import importlib.util
import sys
from pathlib import Path


def _part(name):
    spec = importlib.util.spec_from_file_location(f"{__name__}_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return vars(module)


for _name in ("of_the_course", "of_the_instructor"):
    globals().update({name: it for name, it in _part(_name).items() if name.startswith(("draw_", "examine_"))})
'''
_NOTE = """\
**This is a graded edition.** The numbers in its texts belong to it: your work is marked with them, and with work that \
you do not see. `check(...)` tries your functions with the numbers for practice, so take numbers from `need`. A task \
without a check cell is marked like the others, once you have handed in. There is no worked solution. Where a text \
below says otherwise, this holds."""
_ANSWER = "*Write your answer here.*"
_ABOUT_A_RUN = """\
Run your functions of the task *{title}* in an account of your own, as they were given or as you first had them, and \
again as they are now. Look at the calls of both runs.

Which call of the first run is the earliest that shows something going wrong: at what time, by whom, and on what? Why \
does it happen, by which rule of the service? What does the second run show in its place? Four to eight sentences, \
with the calls as your runs show them."""
_RUN_RUBRIC = (
    "No answer, or nothing that was seen in a run.",
    "It names a symptom, but no call of a run of the student's own.",
    "It names the call with its time and its caller, and describes what happens without the rule behind it.",
    "It names the call, explains it by the rule behind it, and shows by the second run why the change mends it.",
)
_SENTENCE = re.compile(r"(?:^|(?<=[.!?])\s+)[^.!?`\n]*`solution\([^`]*`[^.!?`]*[.!?]", re.MULTILINE)
"""A sentence about solution(...) and no other call."""


class EditionError(OneSentence, ValueError):
    """A graded edition cannot be built; the message is one sentence."""


@dataclass(frozen=True)
class Edition:
    """An edition: its `id` in the notebook's metadata, whose it is (CLASS: everybody's), the `seed` that marks it."""

    id: str
    student: str
    seed: int


@dataclass(frozen=True)
class Manifest:
    """What the instructor keeps: which edition is whose. `lab` is the lab's id."""

    lab: str
    editions: tuple[Edition, ...]

    def seed_of(self, student: str) -> int | None:
        """The seed that marks a student: of their own edition, or of the class's; None if there is neither."""
        seeds = {_one(edition.student): edition.seed for edition in self.editions}
        return seeds.get(_one(student), seeds.get(CLASS))

    def student_of(self, edition: str) -> str | None:
        """Whose edition that is: CLASS for everybody's, None for an id that is not in the manifest."""
        return next((one.student for one in self.editions if one.id == edition), None)

    def to_json(self) -> str:
        """The text of manifest.json."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """The manifest that `to_json` made the text of. Raises EditionError for any other."""
        try:
            data = json.loads(text)
            return cls(str(data["lab"]), tuple(Edition(**edition) for edition in data["editions"]))
        except (ValueError, TypeError, KeyError) as error:
            raise EditionError("manifest.json is no list of editions.") from error


# ---- the key


def read_key(path: Path) -> bytes:
    """The key in a file; a file that is absent is made, with a random key that only its owner can read.

    Raises EditionError for a key of fewer than 16 bytes, and for a file that cannot be read or made.
    """
    try:
        create(path, f"{secrets.token_hex(32)}\n".encode())
        key = path.read_bytes().strip()
    except OSError as error:
        raise EditionError(f"The key {path} cannot be read: {error.strerror}.") from error
    if len(key) < _KEY_BYTES:
        raise EditionError(f"The key in {path} has {len(key)} bytes; it needs {_KEY_BYTES} or more.")
    return key


def seed_for(key: bytes, lab: str, student: str = CLASS) -> int:
    """The seed that an edition is drawn from and marked with: from 1 to 2**31 - 1, by HMAC-SHA256 (RFC 2104).

    It is never the seed for practice. Case and blanks of the student's name do not count.
    """
    digest = hmac.digest(key, _message("seed", lab, student), hashlib.sha256)
    return int.from_bytes(digest[:8]) % (2**31 - 1) + 1


def edition_id(key: bytes, lab: str, student: str = CLASS) -> str:
    """The name that stands in the notebook: it tells neither key nor seed nor student."""
    return hmac.new(key, _message("edition", lab, student), hashlib.sha256).hexdigest()[:12]


def _message(purpose: str, lab: str, student: str) -> bytes:
    return "\0".join([purpose, lab, _one(student)]).encode(errors="surrogatepass")


def _one(student: str) -> str:
    return " ".join(unicodedata.normalize("NFC", student).casefold().split())


# ---- building


def build_variant(
    lab: Lab, key: bytes, out: Path, *, students: Sequence[str] = (), extra: Path | None = None
) -> Manifest:
    """Build the graded editions of `lab` in the folder `out`, for each of `students`, or one for the class.

    `out/lab` is the instructor's: a lab to grade with, which has the solutions. `out/editions/<id>/lab.ipynb` goes to
    a student, and `out/manifest.json` says to whom. `extra` is a folder with tasks of the instructor's own in the same
    format as a lab. All files are private to the user. The same key and students give the same bytes.

    Raises EditionError for a student who is named twice, an `out` with editions of another key or lab, and for what
    cannot become an edition; LabError for an `extra` that is no lab.
    """
    manifest = Manifest(
        lab.id,
        tuple(
            Edition(edition_id(key, lab.id, student), student, seed_for(key, lab.id, student))
            for student in students or (CLASS,)
        ),
    )
    if len({_one(student) for student in students}) < len(students):
        twice = next(one for one in students if [_one(other) for other in students].count(_one(one)) > 1)
        raise EditionError(f"The student {twice!r} is named twice.")
    _require_same(out / "manifest.json", manifest)
    graded = graded_lab(lab, out / "lab", extra)
    for edition in manifest.editions:
        write(out / "editions" / edition.id / "lab.ipynb", _notebook(graded, edition.seed, edition.id))
    write(out / "manifest.json", manifest.to_json())
    return manifest


def _notebook(lab: Lab, seed: int, edition: str) -> bytes:
    import nbformat  # it takes a second to load, and only a new edition needs it

    from helpers.notebooks.normalise import normalise, to_bytes

    notebook = generate(lab, seed, GRADED)[0]
    notebook["metadata"]["course"]["id"] = edition
    return to_bytes(normalise(nbformat.from_dict(notebook)))


def _require_same(path: Path, manifest: Manifest) -> None:
    """Editions that students may have already are not forgotten."""
    if not path.exists():
        return
    before = Manifest.from_json(path.read_text(encoding="utf-8"))
    if before.lab != manifest.lab or not set(before.editions) <= set(manifest.editions):
        raise EditionError(
            f"{path.parent} holds editions that this key, lab and roster do not give; choose another folder."
        )


def graded_lab(lab: Lab, folder: Path, extra: Path | None = None) -> Lab:
    """Write the lab that graded editions are made from and marked by into `folder`, and load it.

    Raises EditionError and LabError as `build_variant` does.
    """
    own = _own(extra) if extra is not None else None
    words = dict(load(lab.folder / "lab.yaml"))
    source = read_source(lab)
    questions = words.pop("graded", None) or [_question(lab)]
    taken = [task.id for task in lab.tasks] + [question["id"] for question in questions]
    for task in own.tasks if own is not None else ():
        if task.id in taken:
            raise EditionError(f"The lab has a task {task.id!r} already; give the one in {extra} another id.")
    _without_solutions(source)
    make_folder(folder)
    checks = (lab.folder / "checks.py").read_bytes()
    if own is not None:
        more = dict(load(own.folder / "lab.yaml"))
        words["tasks"] = [*words["tasks"], *more["tasks"]]
        words["clients"] = {**words.get("clients", {}), **more.get("clients", {})}
        _insert(source, read_source(own))
        write(folder / "of_the_course.py", checks)
        write(folder / "of_the_instructor.py", (own.folder / "checks.py").read_bytes())
        checks = _CHECKS.encode()
    words["tasks"] = [*words["tasks"], *(_manual(question) for question in questions)]
    place = _last(source) + 1
    source["cells"][place:place] = [cell for question in questions for cell in _cells(question)]
    _require_ids(source)
    write(folder / "checks.py", checks)
    write(folder / "source.ipynb", _text(source))
    write(folder / "lab.yaml", yaml.safe_dump(words, sort_keys=False, allow_unicode=True, width=110))
    load_lab.cache_clear()  # a folder that was built again is read again
    graded = load_lab(str(folder.resolve()))
    write(folder / "lab.ipynb", _notebook(graded, PRACTICE_SEED, ""))  # what every edition looks like
    return graded


def _own(extra: Path) -> Lab:
    try:
        return load_lab(str(extra.resolve()))
    except KeyError as error:
        raise EditionError(f"lab.yaml in {extra} lacks {error}.") from error


def _text(notebook: Mapping[str, Any]) -> str:
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


# ---- the author's notebook, changed


def _role(cell: Mapping[str, Any]) -> str:
    return str(cell.get("metadata", {}).get("lab", {}).get("role", ""))


def _without_solutions(source: Notebook) -> None:
    """Take `solution` out of the lab's own cells and out of the text, and say that this is a graded edition."""
    for cell in source["cells"]:
        if _role(cell) == "account":
            text = cell["source"].replace(", solution =", " =").replace(", lab.solution", "")
            cell["source"] = text
        elif cell["cell_type"] == "markdown":
            text = cell["source"] = _SENTENCE.sub("", cell["source"])
        else:
            continue
        if re.search(r"\bsolution\(|\.solution\b|\bsolution\b.*=", text):
            raise EditionError(
                f"The cell {cell['id']!r} uses solution() in a way that cannot be taken out; reword it."
            )
    source["cells"].insert(1, _markdown("graded-edition", _NOTE))


def _insert(source: Notebook, own: Notebook) -> None:
    """Put the instructor's cells behind the last task, and their imports behind the lab's."""
    setup = [cell for cell in own["cells"] if _role(cell) == "setup"]
    # The published lab, which `check` asks, does not know these tasks.
    rest = [cell for cell in own["cells"] if _role(cell) not in {"setup", "account", "check"}]
    place = _last(source) + 1
    source["cells"][place:place] = rest
    behind = max((at for at, cell in enumerate(source["cells"]) if _role(cell) == "setup"), default=0) + 1
    source["cells"][behind:behind] = setup


def _last(source: Notebook) -> int:
    """Where the last task ends."""
    roles = {"solution", "check", "try", "answer"}
    return max(place for place, cell in enumerate(source["cells"]) if _role(cell) in roles)


def _require_ids(source: Notebook) -> None:
    ids = [cell["id"] for cell in source["cells"]]
    for one in ids:
        if ids.count(one) > 1:
            raise EditionError(f"Two cells have the id {one!r}; give the instructor's another.")


# ---- the question


def _question(lab: Lab) -> dict[str, Any]:
    """A question about the student's own run of the lab's broken system, for a lab that has none in its `graded`."""
    task = next((task for task in lab.tasks if task.broken), lab.tasks[-1])
    return {
        "id": "own_run",
        "title": "In your own run",
        "points": 3,
        "question": _ABOUT_A_RUN.format(title=task.title.rstrip(".")),
        "rubric": list(_RUN_RUBRIC),
    }


def _manual(question: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": question["id"],
        "title": question["title"],
        "manual": True,
        "points": question["points"],
        "rubric": list(question["rubric"]),
    }


def _cells(question: Mapping[str, Any]) -> list[dict[str, Any]]:
    text = f"## {question['title']} ({question['points']:g} points, marked by a person)\n\n{question['question']}"
    answer = _markdown(question["id"], _ANSWER)
    answer["metadata"] = {"lab": {"role": "answer", "task": question["id"]}}
    return [_markdown(f"{question['id']}-text", text), answer]


def _markdown(name: str, text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": text}
