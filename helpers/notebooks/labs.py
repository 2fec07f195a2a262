"""`devlab labs`: the notebooks of each lab made from its source, run, and written in the committed form."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat

from helpers.labs import LabError
from helpers.labs.build import generate, read_source, worked_in
from helpers.labs.lab import LABS, Lab, lab_ids, load_lab
from helpers.notebooks.execute import NotebookError, execute
from helpers.notebooks.folder import settle
from helpers.notebooks.normalise import load, normalise, to_bytes


def rebuilt(lab: Lab) -> dict[str, bytes]:
    """What the lab's three notebooks become, by file name; the files stay as they are.

    The source keeps no outputs. Raises LabError as `generate` does, NotebookError if a cell raises.
    """
    student, solution = generate(lab)
    return {
        "source.ipynb": to_bytes(normalise(_node(without_outputs(read_source(lab))))),
        "lab.ipynb": _run(lab, student, "lab.ipynb"),
        "solution.ipynb": _run(lab, solution, "solution.ipynb"),
    }


def without_outputs(notebook: dict[str, Any]) -> dict[str, Any]:
    """`notebook` as its author wrote it."""
    cells = [{**cell, "outputs": []} if cell["cell_type"] == "code" else cell for cell in notebook["cells"]]
    return {**notebook, "cells": cells}


def _node(notebook: dict[str, Any]) -> nbformat.NotebookNode:
    node: nbformat.NotebookNode = nbformat.from_dict(notebook)
    return node


def _run(lab: Lab, notebook: dict[str, Any], name: str) -> bytes:
    ran = execute(normalise(_node(notebook)), lab.folder, name=f"{lab.id}/{name}")
    return to_bytes(normalise(ran))


def build_labs(check: bool = False, labs: Sequence[str] = ()) -> int:
    """Make the notebooks of `labs` from their sources; with `check`, only say which would change.

    `labs` are ids or folders; without any, it is every lab. A student's notebook that somebody has worked in is never
    written over. Prints a line for each notebook. Returns 0; or 1 if a lab failed or, with `check`, a notebook would
    change; or 2 if there is no lab.
    """
    asked = labs or lab_ids()
    if not asked:
        sys.stderr.write(f"No labs in {LABS}: run this in a clone of the course.\n")
        return 2
    bad = 0
    for id in asked:  # noqa: A001  # a lab's name is its id
        try:
            lab = load_lab(id)
            new = rebuilt(lab)
            _require_nobodys_work(lab.folder / "lab.ipynb")
        except (NotebookError, ValueError) as error:
            sys.stderr.write(f"{id}: {error}\n")
            bad += 1
            continue
        for name, data in new.items():
            bad += not settle(lab.folder / name, data, check, f"{lab.id}/{name}")
    return 1 if bad else 0


def _require_nobodys_work(path: Path) -> None:
    if path.is_file() and worked_in(load(path.read_bytes())):
        raise LabError(f"{path.name} holds somebody's work: move it to another folder, and delete it here.")
