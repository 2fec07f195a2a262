"""What can be exported: the course's notebooks, its labs, two texts; or single notebooks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook

from helpers.export.error import ExportError
from helpers.notebooks.normalise import load, normalise

ROOT: Final = Path(__file__).resolve().parents[2]
"""The clone of the course: its folders `notebooks` and `labs` stand here, beside the package."""

RESERVED: Final = ("index", "glossary", "search")
"""Pages that the site makes itself."""

_TEXTS: Final = {"labs/README.md": "labs", "notebooks/differences.md": "differences"}


@dataclass(frozen=True)
class Source:
    """A file that becomes the page `name`.html."""

    path: Path
    name: str

    @property
    def is_notebook(self) -> bool:
        """Whether it is a notebook; the others are Markdown."""
        return self.path.suffix == ".ipynb"

    def notebook(self) -> NotebookNode:
        """The notebook in the committed form; Markdown becomes a notebook of one cell. Raises ExportError."""
        try:
            data = self.path.read_bytes()
            if not self.is_notebook:
                text = new_markdown_cell(data.decode("utf-8"), id="text")
                return NotebookNode(new_notebook(cells=[text]))
            return normalise(load(data))
        except OSError as error:
            raise ExportError(f"{self.path} cannot be read: {error.strerror}.") from error
        except (ValueError, KeyError, AttributeError, nbformat.ValidationError) as error:
            raise ExportError(
                f"{self.path}: this file is not a Jupyter notebook that can be read."
            ) from error


def course(root: Path = ROOT) -> list[Source]:
    """Every page of the course in reading order: each section, then its lab; last the texts. Raises ExportError."""
    pages = []
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        pages.append(Source(path, path.stem))
        lab = root / "labs" / path.stem / "lab.ipynb"
        if lab.is_file():
            pages.append(Source(lab, name_of(lab)))
    if not pages:
        raise ExportError(f"No notebooks in {root / 'notebooks'}: run this in a clone of the course.")
    texts = [Source(root / path, name) for path, name in _TEXTS.items()]
    return pages + [text for text in texts if text.path.is_file()]


def chosen(names: Sequence[str], root: Path = ROOT) -> list[Source]:
    """The notebooks that were named: paths of files, or ids of sections such as "18_sqs". Raises ExportError."""
    found: dict[str, Source] = {}
    for name in names:
        path = Path(name)
        if not path.exists() and (root / "notebooks" / f"{name}.ipynb").is_file():
            path = root / "notebooks" / f"{name}.ipynb"
        if not path.is_file():
            raise ExportError(f"There is no notebook {name}: give a file, or a section such as 18_sqs.")
        if path.suffix != ".ipynb":
            raise ExportError(f"{name} is not a notebook: its name does not end in .ipynb.")
        source = Source(path.resolve(), name_of(path.resolve()))
        if source.name in RESERVED:
            raise ExportError(
                f"A notebook cannot become {source.name}.html: the site has a page of that name."
            )
        other = found.setdefault(source.name, source)
        if other.path != source.path:
            raise ExportError(f"{other.path} and {source.path} would both become {source.name}.html.")
    return list(found.values())


def name_of(path: Path) -> str:
    """The name of the page of a notebook: "18_sqs", or "lab_18_sqs" for labs/18_sqs/lab.ipynb."""
    name = f"lab_{path.parent.name}" if path.name == "lab.ipynb" else path.stem
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "notebook"
