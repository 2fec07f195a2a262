"""A small lab as it is released, and notebooks of it as students send them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from helpers.labs import Check, Lab, Task

Cell = dict[str, Any]

RELEASED = {
    "queues": "def create_queues(sqs, need):\n    raise NotImplementedError('queues: replace this line')",
    "worker": "def worker(sqs, url, work):\n    return None\n\n\ndef report(sqs, url):\n    return {}",
}
SETUP = "import time\n\nLIMIT = 5"


def code(source: str, id: str | None = None, role: str = "", task: str = "") -> Cell:  # noqa: A002  # as a cell calls it
    """A code cell; without `role` it has no metadata, without `id` none."""
    lab = {"lab": {"role": role} | ({"task": task} if task else {})} if role else {}
    cell = {"cell_type": "code", "execution_count": None, "metadata": lab, "outputs": [], "source": source}
    return cell if id is None else {**cell, "id": id}


def text(source: str, id: str | None = None, role: str = "", task: str = "") -> Cell:  # noqa: A002  # as a cell calls it
    """A Markdown cell."""
    cell = code(source, id, role, task)
    return {key: cell[key] for key in cell if key not in {"execution_count", "outputs"}} | {
        "cell_type": "markdown"
    }


def solution(task: str, source: str) -> Cell:
    """The solution cell of a task."""
    return code(source, task, "solution", task)


def check(task: str) -> Cell:
    """The check cell of a task."""
    return code(f'check("{task}")', f"{task}-check", "check", task)


def notebook(cells: list[Cell], lab: str = "", **more: Any) -> bytes:
    """A notebook's file."""
    metadata = {"course": {"lab": lab}} if lab else {}
    return json.dumps(
        {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5, **more}
    ).encode()


def submission(
    queues: str = RELEASED["queues"], worker: str = RELEASED["worker"], *added: Cell
) -> list[Cell]:
    """The cells of the lab's notebook with these solutions, and more cells after them."""
    return [
        code(SETUP, "setup", "setup"),
        solution("queues", queues),
        check("queues"),
        solution("worker", worker),
        check("worker"),
        text("Your answer here.", "why", "answer", "why"),
        *added,
    ]


def make_lab(folder: Path, id: str, functions: dict[str, tuple[str, ...]]) -> Lab:  # noqa: A002  # as a lab calls it
    """A lab with these tasks and a manual one, and its released notebook in `folder`."""
    folder.mkdir()
    (folder / "lab.ipynb").write_bytes(notebook(submission(), id))
    tasks = [Task(task, task, names, (Check("c", "Works.", 2),), ()) for task, names in functions.items()]
    manual = Task("why", "Why", (), (), (), manual=True, manual_points=1)
    return Lab(id, id, 10, (*tasks, manual), folder, {"sqs": "sqs"})
