"""The one form in which a notebook is committed.

A reader on GitHub sees the outputs, so they stay in the file; a reviewer sees only what changed, and the
strict comparison can demand equal bytes, so nothing that differs from run to run may stay. The form:

- every cell has a short readable id (a slug) that stays for life; a random id is replaced once, by a slug
  made from the heading above it;
- code cells are counted 1 to n, top to bottom;
- no widget state and no widget views (their model ids are random), no timings, no marks left by an editor;
- kernel and language metadata are fixed and name no Python version;
- the texts that one cell wrote in a row to one stream are one output; an error keeps its name and message,
  and of its traceback only the last line, since the lines above name files of one machine;
- alt texts and everything else in an output's metadata stay;
- keys are sorted, the layout is the one in which JupyterLab saves, so that a pull can merge a correction into a
  notebook that somebody has saved, and the file ends in a newline.

Rules of the file format: https://nbformat.readthedocs.io/en/latest/format_description.html
"""

from __future__ import annotations

import copy
import re
import unicodedata
from collections.abc import Iterable, Sequence

import nbformat
from nbformat import NotebookNode

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE_INFO = {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"}
VOLATILE_TYPES = ("application/vnd.jupyter.widget-view+json", "application/vnd.jupyter.widget-state+json")
"""Output types that hold random model ids, and mean nothing without the kernel that made them."""
NOTEBOOK_KEYS = ("course",)
"""What a notebook's own metadata may hold beside kernel and language."""
CELL_KEYS = ("facts", "lab", "raises-exception", "section", "station", "tags")
"""What a cell's metadata may hold; an editor's marks (timings, folding, scrolling) are not among it."""

_RANDOM_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})?")
_SLUG = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*")
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*$", re.MULTILINE)
_SLUG_LENGTH = 40


def normalise(notebook: NotebookNode) -> NotebookNode:
    """Return a copy of `notebook` in the committed form; applying it twice changes nothing more."""
    nb = copy.deepcopy(notebook)
    nb.nbformat, nb.nbformat_minor = 4, 5
    kept = {key: nb.metadata[key] for key in NOTEBOOK_KEYS if key in nb.metadata}
    nb.metadata = NotebookNode({**kept, "kernelspec": KERNELSPEC, "language_info": LANGUAGE_INFO})
    for cell, cell_id in zip(nb.cells, cell_ids(nb.cells), strict=True):
        cell.id = cell_id
        cell.metadata = NotebookNode({k: cell.metadata[k] for k in CELL_KEYS if k in cell.metadata})
        cell.source = "\n".join(line.rstrip() for line in cell.source.strip("\n").split("\n"))
    for count, cell in enumerate((cell for cell in nb.cells if cell.cell_type == "code"), start=1):
        cell.execution_count = count
        cell.outputs = outputs(cell.outputs, count)
    return nb


def to_text(notebook: NotebookNode) -> str:
    """Return the text of the file: sorted keys, one space of indent, a newline at the end."""
    text: str = nbformat.writes(notebook, version=4)
    return text.rstrip("\n") + "\n"


def to_bytes(notebook: NotebookNode) -> bytes:
    """Return the bytes of the file in UTF-8, with the same line ends on every system."""
    return to_text(notebook).encode("utf-8")


def is_stable_id(cell_id: str) -> bool:
    """Whether `cell_id` is a slug of small letters and digits, and not one that an editor drew at random."""
    return _SLUG.fullmatch(cell_id) is not None and _RANDOM_ID.fullmatch(cell_id) is None


def cell_ids(cells: Sequence[NotebookNode]) -> list[str]:
    """Return an id for each cell: its own if that is stable and free, else one from the heading above it."""
    own = [cell.get("id", "") for cell in cells]
    taken: set[str] = set()
    kept: list[str | None] = []
    for cell_id in own:
        free = is_stable_id(cell_id) and cell_id not in taken
        kept.append(cell_id if free else None)
        taken.add(cell_id)
    ids: list[str] = []
    heading = "cell"
    for cell, own_id in zip(cells, kept, strict=True):
        titles = _HEADING.findall(cell.source) if cell.cell_type == "markdown" else []
        if titles:
            heading = slug(titles[0]) or heading
        name = heading if titles else f"{heading}-{'code' if cell.cell_type == 'code' else 'text'}"
        ids.append(own_id or _free(name, taken))
        taken.add(ids[-1])
    return ids


def slug(text: str) -> str:
    """Return `text` as small ASCII letters and digits joined by hyphens, at most 40 characters of it."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    short = ""
    for word in words:
        if short and len(short) + 1 + len(word) > _SLUG_LENGTH:
            break
        short = f"{short}-{word}" if short else word[:_SLUG_LENGTH]
    return short


def outputs(raw: Iterable[NotebookNode], count: int) -> list[NotebookNode]:
    """Return one cell's outputs in the committed form; `count` is the cell's execution count."""
    kept: list[NotebookNode] = []
    streams: dict[str, str] = {}

    def close_streams() -> None:
        # A kernel flushes its two streams apart, each on its own timer: their order in the file is chance.
        for name in ("stdout", "stderr"):
            text = _as_terminal(streams.pop(name, ""))
            if text:
                kept.append(NotebookNode(output_type="stream", name=name, text=text))

    for output in raw:
        if output.output_type == "stream":
            streams[output.name] = streams.get(output.name, "") + output.text
            continue
        short = _short(copy.deepcopy(output), count)
        if short is not None:
            close_streams()
            kept.append(short)
    close_streams()
    return kept


def _short(output: NotebookNode, count: int) -> NotebookNode | None:
    """One output that is not a stream, without what varies; None if nothing is left of it."""
    if output.output_type == "error":
        output.traceback = [f"{output.ename}: {output.evalue}"]
        return output
    for mimetype in VOLATILE_TYPES:
        output.data.pop(mimetype, None)
        output.metadata.pop(mimetype, None)
    if output.output_type == "execute_result":
        output.execution_count = count
    output.pop("transient", None)
    return output if output.data else None


def _as_terminal(text: str) -> str:
    """What a terminal would show of `text`: a carriage return starts its line again."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(re.sub(r"^.*\r(?=.)", "", line) for line in lines)


def _free(name: str, taken: set[str]) -> str:
    """`name`, or `name-2`, `name-3`, ...: the first that no cell has."""
    if name not in taken and is_stable_id(name):
        return name
    number = 2
    while f"{name}-{number}" in taken:
        number += 1
    return f"{name}-{number}"


def load(data: bytes | str) -> NotebookNode:
    """Read a notebook from the contents of its file; raises ValueError in one sentence if it is none."""
    text = data.decode("utf-8") if isinstance(data, bytes) else data
    try:
        notebook: NotebookNode = nbformat.reads(text, as_version=4)
    except (ValueError, KeyError, AttributeError, TypeError) as error:  # whatever it trips over first
        raise ValueError(f"this file is not a Jupyter notebook ({type(error).__name__})") from error
    return notebook
