"""A lab: tasks with a need to meet, checks that judge behaviour, and the words around them.

`labs/NN_slug/lab.yaml` holds the words (titles, points, hints), `checks.py` beside it the code: for each task a
`draw_<task>(random)` that draws a need from a seed, and an `examine_<task>(bench, need)` that tries the student's
functions and yields the finding of each check.
"""

from __future__ import annotations

import importlib.util
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from helpers.cloud.randomness import stream_seed
from helpers.labs.bench import Bench
from helpers.labs.finding import Finding
from helpers.sections import data

LABS = Path(__file__).resolve().parents[2] / "labs"
"""The folder of the course's labs, beside the package in a clone of the repository."""

PRACTICE_SEED = 0
"""The seed of the numbers that a learner practises with; an instructor marks with another one."""

Need = dict[str, Any]
"""What the system has to do, in numbers: plain data."""

Draw = Callable[[random.Random], Need]
Examine = Callable[[Bench, Need], Iterator[tuple[str, Finding]]]


@dataclass(frozen=True)
class Check:
    """One thing that a task asks for.

    `text` says it in the student's terms, without a number that is drawn; `points` count when it holds. A failure
    points to `misconception`, an id of the section's, and to what to try next: a `station` of the section's
    notebook and a `run` string.
    """

    id: str
    text: str
    points: float
    misconception: str = ""
    station: str = ""
    run: str = ""


@dataclass(frozen=True)
class Task:
    """A task. The student writes `functions`; `broken` says that a broken system is given, to diagnose and mend.

    A `manual` task is a question that is answered in words and marked by a person; it has a `rubric` and no checks.
    """

    id: str
    title: str
    functions: tuple[str, ...]
    checks: tuple[Check, ...]
    hints: tuple[str, ...]
    broken: bool = False
    manual: bool = False
    rubric: tuple[str, ...] = ()
    manual_points: float = 0
    draw: Draw = field(default=lambda _random: {}, repr=False)
    examine: Examine | None = field(default=None, repr=False)

    @property
    def points(self) -> float:
        """The most that the task can earn."""
        return self.manual_points if self.manual else sum(check.points for check in self.checks)


@dataclass(frozen=True)
class Lab:
    """A lab of a section: `id` is the section's ("18_sqs"), `folder` where its files are.

    `clients` are the notebook's names for boto3 clients, each with its service.
    """

    id: str
    title: str
    minutes: int
    tasks: tuple[Task, ...]
    folder: Path
    clients: Mapping[str, str] = field(default_factory=dict)

    @property
    def points(self) -> float:
        """The most that the lab can earn."""
        return sum(task.points for task in self.tasks)

    def task(self, id: str) -> Task:  # noqa: A002 - a task's name is its id
        """The task of that id. Raises LabError with the ids that come close."""
        for task in self.tasks:
            if task.id == id:
                return task
        raise LabError(str(data.unknown("task", id, [task.id for task in self.tasks])))

    def need(self, task: str, seed: int = PRACTICE_SEED) -> Need:
        """What `task` has to do under `seed`."""
        return self.task(task).draw(random.Random(stream_seed(seed, f"{self.id}:{task}")))


class LabError(data.SectionError):
    """A lab, or a task of it, that is not there or not well-formed; the message is one sentence."""


def lab_ids() -> tuple[str, ...]:
    """The ids of the labs in the course, in its order."""
    return tuple(sorted(path.parent.name for path in LABS.glob("*/lab.yaml")))


@cache
def load_lab(id: str) -> Lab:  # noqa: A002 - a lab's name is its id
    """The lab of that id, or the one in that folder. Raises LabError."""
    folder = Path(id) if Path(id).is_dir() and (Path(id) / "lab.yaml").is_file() else LABS / id
    if not (folder / "lab.yaml").is_file():
        raise LabError(str(data.unknown("lab", id, lab_ids())))
    words = data.load(folder / "lab.yaml")
    code = _module(folder)
    return Lab(
        id=words["id"],
        title=words["title"],
        minutes=words["minutes"],
        tasks=tuple(_task(entry, code) for entry in words["tasks"]),
        folder=folder,
        clients=words.get("clients", {}),
    )


def _module(folder: Path) -> Any:
    name = f"labs_{folder.resolve().name}_checks"
    spec = importlib.util.spec_from_file_location(name, folder / "checks.py")
    if spec is None or spec.loader is None or not (folder / "checks.py").is_file():
        raise LabError(f"The lab in {folder.name} has no checks.py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def _task(entry: dict[str, Any], code: Any) -> Task:
    manual = bool(entry.get("manual"))
    task = entry["id"]
    if not manual and not (hasattr(code, f"draw_{task}") and hasattr(code, f"examine_{task}")):
        raise LabError(f"checks.py lacks draw_{task} or examine_{task}.")
    return Task(
        id=task,
        title=entry["title"],
        functions=tuple(entry.get("functions", ())),
        checks=tuple(Check(**check) for check in entry.get("checks", ())),
        hints=tuple(entry.get("hints", ())),
        broken=bool(entry.get("broken")),
        manual=manual,
        rubric=tuple(entry.get("rubric", ())),
        manual_points=entry.get("points", 0),
        draw=getattr(code, f"draw_{task}", lambda _random: {}),
        examine=getattr(code, f"examine_{task}", None),
    )
