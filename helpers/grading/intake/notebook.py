"""A student's notebook as its cells can be read, whatever wrote it.

nbformat's own reader and validator refuse a file for a stray key, a repeated cell id or an unknown minor version.
Here a file is refused only if it has no cells. Formats 2 and 3 keep them in worksheets, 4 and later in a list.
https://nbformat.readthedocs.io/en/latest/format_description.html
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from helpers.cloud import OneSentence

MAX_MB = 32
"""The largest notebook that is read, in MiB: a hundred times a lab's. Larger ones hold printed output."""

MAX_CELLS = 2000
"""The most cells that a notebook may have; a lab's has 40."""

CLEAR = "clear the outputs that print too much, and save"
"""What to do about a notebook that is too large."""

MAX_CODE = 300_000
"""The most characters that the code cells of a notebook may have together; a lab's have 30,000."""

_NO_CELLS = "The file is JSON, but not a notebook: it has no list of cells."
_WEB_PAGE = (
    "The file is a web page, not a notebook: the download was not logged in, or only the page was saved."
)
_SIGNATURES = (
    (b"PK\x03\x04", "The file is a zip archive with a notebook's name."),
    (b"\x1f\x8b", "The file is a gzip archive with a notebook's name."),
    (b"%PDF", "The file is a PDF with a notebook's name."),
    (b"\xff\xfe", "The file is UTF-16 text; a notebook is UTF-8."),
    (b"\xfe\xff", "The file is UTF-16 text; a notebook is UTF-8."),
    (b"version https://git-lfs", "The file is a pointer of Git LFS; the notebook itself was not downloaded."),
    (b"<<<<<<< ", "The file holds the marks of a merge that Git could not finish."),
)
"""How files begin that are often sent in a notebook's place."""


class Unreadable(OneSentence, ValueError):
    """The file is no notebook that can be read; the message is one sentence for the student."""


@dataclass(frozen=True)
class NotebookCell:
    """A cell: `kind` is "code", "markdown", "raw", or what the file says; `id` is empty where it has none."""

    id: str
    kind: str
    source: str
    metadata: Mapping[str, Any] = field(default_factory=dict, compare=False)  # may be deeper than == can go

    @property
    def role(self) -> str:
        """What the cell is for in a lab ("solution", "check", "setup", "account", "try"); empty if not said."""
        return _text(self._lab.get("role"))

    @property
    def task(self) -> str:
        """The lab's task that the metadata name; empty if none."""
        return _text(self._lab.get("task"))

    @property
    def ids(self) -> tuple[str, ...]:
        """The cell's id, and the one that nbgrader gave it.

        https://nbgrader.readthedocs.io/en/stable/contributor_guide/metadata.html
        """
        nbgrader = self.metadata.get("nbgrader")
        grade_id = _text(nbgrader.get("grade_id")) if isinstance(nbgrader, dict) else ""
        return tuple(name for name in (self.id, grade_id) if name)

    @property
    def _lab(self) -> Mapping[str, Any]:
        found = self.metadata.get("lab")
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class Notebook:
    """The cells of a notebook, in its order, and its metadata."""

    cells: tuple[NotebookCell, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def lab(self) -> str:
        """The lab that the notebook's metadata name (`course.lab`); empty if none."""
        course = self.metadata.get("course")
        return _text(course.get("lab")) if isinstance(course, dict) else ""

    @property
    def code(self) -> tuple[NotebookCell, ...]:
        """Its code cells."""
        return tuple(cell for cell in self.cells if cell.kind == "code")


def read(data: bytes) -> Notebook:
    """The notebook in the bytes of a file. Raises Unreadable, and nothing else."""
    content = _json(data)
    if not isinstance(content, dict):
        raise Unreadable(_NO_CELLS)
    cells = [_cell(entry) for entry in _entries(content) if isinstance(entry, dict)]
    if len(cells) > MAX_CELLS:
        raise Unreadable(f"The notebook has more than {MAX_CELLS:,} cells; a lab has far fewer.")
    if sum(len(cell.source) for cell in cells if cell.kind == "code") > MAX_CODE:
        raise Unreadable(f"The notebook's code is longer than {MAX_CODE:,} characters; a lab needs far less.")
    metadata = content.get("metadata")
    return Notebook(tuple(cells), metadata if isinstance(metadata, dict) else {})


def _json(data: bytes) -> Any:
    if len(data) > MAX_MB * 2**20:
        raise Unreadable(f"The file is larger than {MAX_MB} MiB: {CLEAR}.")
    if not data.removeprefix(codecs.BOM_UTF8).strip():
        raise Unreadable("The file is empty.")
    for signature, sentence in _SIGNATURES:
        if data.startswith(signature):
            raise Unreadable(sentence)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable(
            "The file is not UTF-8 text, as every notebook is: it was damaged or re-encoded."
        ) from None
    text = text.strip(" \t\r\n")
    if text[:200].lower().startswith(("<!doctype", "<html", "<?xml", "<head")):
        raise Unreadable(_WEB_PAGE)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        # What the reader misses is beyond the last character, or in a string that never ends.
        if text.startswith(("{", "[")) and (
            error.pos >= len(text) - 4 or error.msg.startswith("Unterminated string")
        ):
            raise Unreadable("The file ends in the middle: the upload or the download was cut off.") from None
        raise Unreadable(f"The file is not a notebook: line {error.lineno} is not JSON.") from None
    except RecursionError:
        raise Unreadable("The file nests its data deeper than any notebook does.") from None
    except ValueError:  # a number of more digits than Python reads
        raise Unreadable("The file holds a number that is too long to read.") from None


def _entries(content: Mapping[str, Any]) -> Iterator[Any]:
    """The cells as the file has them. Raises Unreadable if there is no list of them."""
    if isinstance(content.get("cells"), list):
        yield from content["cells"]
        return
    worksheets = content.get("worksheets")
    sheets = (
        [sheet for sheet in worksheets if isinstance(sheet, dict)] if isinstance(worksheets, list) else []
    )
    if not any(isinstance(sheet.get("cells"), list) for sheet in sheets):
        raise Unreadable(_NO_CELLS)
    for sheet in sheets:
        if isinstance(sheet.get("cells"), list):
            yield from sheet["cells"]


def _cell(entry: Mapping[str, Any]) -> NotebookCell:
    metadata = entry.get("metadata")
    return NotebookCell(
        id=_text(entry.get("id")),
        kind=_text(entry.get("cell_type")),
        source=_text(
            entry["source"] if "source" in entry else entry.get("input")
        ),  # format 3: a code cell's `input`
        metadata=metadata if isinstance(metadata, dict) else {},
    )


def _text(value: Any) -> str:
    """A string, or a list of lines, as one string that can be written as UTF-8; empty for anything else."""
    if isinstance(value, list):
        value = "".join(line for line in value if isinstance(line, str))
    if not isinstance(value, str):
        return ""
    if value.isascii():
        return value
    # Half of a surrogate pair, which JSON can spell and no file can hold, becomes "?".
    return value.encode("utf-8", "replace").decode("utf-8")
