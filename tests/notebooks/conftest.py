"""Scratch notebooks, written by the tests themselves, and the course's own."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from helpers.notebooks.warm import WarmRunner

ROOT = Path(__file__).resolve().parents[2]

Cells = Callable[..., NotebookNode]


def _notebook(*cells: str) -> NotebookNode:
    """A notebook of the given sources: "# " at the start makes Markdown, "!raises" a cell that may raise."""
    nb = new_notebook()
    for source in cells:
        if source.startswith("# "):
            nb.cells.append(new_markdown_cell(source))
        elif source.startswith("!raises\n"):
            nb.cells.append(
                new_code_cell(source.removeprefix("!raises\n"), metadata={"tags": ["raises-exception"]})
            )
        else:
            nb.cells.append(new_code_cell(source))
    return nb


@pytest.fixture
def scratch() -> Cells:
    return _notebook


@pytest.fixture(scope="session")
def warm() -> WarmRunner:
    return WarmRunner()


@pytest.fixture(scope="session", autouse=True)
def kernels_find_the_package() -> None:
    """Kernels start in another folder: they must find this clone, installed or not."""
    paths = [str(ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
