"""What must be true of a committed notebook, each property as the list of what breaks it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator

import nbformat
from nbformat import NotebookNode

from helpers.notebooks.normalise import (
    CELL_KEYS,
    KERNELSPEC,
    LANGUAGE_INFO,
    NOTEBOOK_KEYS,
    VOLATILE_TYPES,
    is_stable_id,
    load,
    normalise,
    to_bytes,
)

SIZE_LIMIT = 300_000
"""Bytes. GitHub shows a notebook of this size in a few seconds, and a review can still open its diff."""

LARGER = {
    "17_monitoring": 350_000,
    "21_lambda": 400_000,
    "22_dynamodb": 385_000,
}
"""Limits of the notebooks that cannot keep to it: more than 220 cells of prose and code, and seven to nine pictures.

Their sources alone are 92, 117 and 110 kB, and the pictures, packed as far as they go, another 83 to 99 kB.
"""

MACHINE = re.compile(
    r"0x[0-9a-f]{8,}"  # an object's address
    r"|(?<![\w/.:])/(?!var/task/|opt/extensions)(home|root|tmp|work|usr|var|Users|opt)/\w"  # but Lambda's own
    r"|[A-Z]:\\Users"
    r"|ipykernel_\d+"
)

_CODE = re.compile(r"`[^`]*`")
_DOLLAR = re.compile(r"(?<!\\)\$")


def _outputs(notebook: NotebookNode) -> Iterator[tuple[str, NotebookNode]]:
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            yield cell.id, output


def form(data: bytes) -> list[str]:
    """It is valid, and the bytes that `devlab notebooks` would write."""
    nb = load(data)
    nbformat.validate(nb)
    return [] if to_bytes(normalise(nb)) == data else ["not in its form: run `make notebooks`"]


def ids(data: bytes) -> list[str]:
    """Every cell's id is a slug that no other cell has."""
    found = [cell.get("id", "") for cell in json.loads(data)["cells"]]
    return [cell_id for cell_id in found if not is_stable_id(cell_id) or found.count(cell_id) > 1]


def counts(data: bytes) -> list[str]:
    """Code cells are counted 1 to n, and a value that a cell returned has its cell's count."""
    cells = [cell for cell in load(data).cells if cell.cell_type == "code"]
    wrong = [cell.id for place, cell in enumerate(cells, start=1) if cell.execution_count != place]
    return wrong + [
        cell.id
        for cell in cells
        for output in cell.outputs
        if output.output_type == "execute_result" and output.execution_count != cell.execution_count
    ]


def widgets(data: bytes) -> list[str]:
    """Neither the state of a widget nor a reference to one."""
    text = data.decode()
    words = (*VOLATILE_TYPES, '"widgets"', "model_id")
    return [word for word in words if word in text]


def metadata(data: bytes) -> list[str]:
    """Fixed for kernel and language; for the rest, what the course itself reads: no timings, no editor's marks."""
    nb = load(data)
    fixed = {"kernelspec": KERNELSPEC, "language_info": LANGUAGE_INFO}
    wrong = [
        key for key in {*nb.metadata, *fixed} - {*NOTEBOOK_KEYS} if nb.metadata.get(key) != fixed.get(key)
    ]
    return wrong + [f"{cell.id}: {key}" for cell in nb.cells for key in cell.metadata if key not in CELL_KEYS]


def machine(data: bytes) -> list[str]:
    """No output names a file, a process or an object of the machine that made it."""
    found = []
    for cell_id, output in _outputs(load(data)):
        shown = {k: v for k, v in output.get("data", {}).items() if not k.startswith("image/")}
        said = json.dumps(
            [shown, output.get("text", ""), output.get("evalue", ""), output.get("traceback", [])]
        )
        found += [f"{cell_id}: {match.group()}" for match in MACHINE.finditer(said)]
    return found


def pictures(data: bytes) -> list[str]:
    """Every picture is a PNG, and has an alt text."""
    wrong = []
    for cell_id, output in _outputs(load(data)):
        for mimetype, picture in output.get("data", {}).items():
            if not mimetype.startswith("image/"):
                continue
            if mimetype != "image/png" or not base64.b64decode(picture).startswith(b"\x89PNG\r\n\x1a\n"):
                wrong.append(f"{cell_id}: not a PNG")
            if not output.metadata.get(mimetype, {}).get("alt"):
                wrong.append(f"{cell_id}: no alt text")
    return wrong


def semicolons(data: bytes) -> list[str]:
    """No cell hides its value with a semicolon: IPython obeys it, nbval does not."""
    return [c.id for c in load(data).cells if c.cell_type == "code" and c.source.rstrip().endswith(";")]


def mathematics(data: bytes) -> list[str]:
    """No paragraph holds two dollar signs that readers would take for the ends of a formula: a price is `\\$1`."""
    paragraphs = (
        (cell.id, _CODE.sub("", paragraph))
        for cell in load(data).cells
        if cell.cell_type == "markdown"
        for paragraph in cell.source.split("\n\n")
    )
    return [cell_id for cell_id, paragraph in paragraphs if len(_DOLLAR.findall(paragraph)) > 1]


PROPERTIES: tuple[Callable[[bytes], list[str]], ...] = (
    form,
    ids,
    counts,
    widgets,
    metadata,
    machine,
    pictures,
    semicolons,
    mathematics,
)
