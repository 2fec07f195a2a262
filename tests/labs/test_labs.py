"""The labs of the course, and the sample: well-formed, and every id that they name exists."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import jsonschema
import pytest
import yaml

from helpers.experiments import Run
from helpers.labs import Check, Lab, Status, load_lab
from helpers.labs.build import read_source, released_sources
from helpers.labs.gate import gate
from helpers.labs.lab import LABS
from helpers.notebooks import NOTEBOOKS
from helpers.notebooks.normalise import is_stable_id, load, normalise, to_bytes
from helpers.sections.misconceptions import find_misconception
from tests.labs.judging import found, statuses

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "helpers/labs/schema/lab.schema.json").read_text(encoding="utf-8")
)
SAMPLE = Path(__file__).parent / "sample"
FOLDERS = sorted(path.parent for path in LABS.glob("*/lab.yaml"))

each = pytest.mark.parametrize("folder", [*FOLDERS, SAMPLE], ids=lambda path: path.name)
each_of_the_course = pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
each_task = pytest.mark.parametrize(
    ("folder", "task"),
    [(folder, task.id) for folder in FOLDERS for task in load_lab(str(folder)).tasks if not task.manual],
    ids=lambda value: value.name if isinstance(value, Path) else value,
)


def section_of(lab: Lab, check: Check) -> str:
    """The section that a check points to: the lab's own. The sample has none, and borrows one."""
    return check.run.partition(".")[0] if lab.id == "sample" else lab.id


def checks(lab: Lab) -> list[Check]:
    return [check for task in lab.tasks for check in task.checks]


@each
def test_the_file_follows_the_schema(folder: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    words = yaml.safe_load((folder / "lab.yaml").read_text(encoding="utf-8"))
    assert [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(words)] == []
    assert words["id"] == folder.name


@each
def test_ids_are_unique(folder: Path) -> None:
    lab = load_lab(str(folder))
    for names in (
        [task.id for task in lab.tasks],
        [f"{task.id}.{check.id}" for task in lab.tasks for check in task.checks],
        # The cells of a lab share a namespace.
        [function for task in lab.tasks for function in task.functions],
    ):
        assert [name for name, count in Counter(names).items() if count > 1] == []


@each
def test_a_check_points_to_a_station_a_run_and_a_misconception_that_exist(folder: Path) -> None:
    lab = load_lab(str(folder))
    for check in checks(lab):
        section = section_of(lab, check)
        if check.misconception:
            find_misconception(section, check.misconception)
        notebook = load((NOTEBOOKS / f"{section}.ipynb").read_bytes())
        assert check.station in notebook.metadata["course"]["stations"], check
        if check.run:
            assert Run.parse(check.run).experiment.id.startswith(f"{section}."), check


@each
def test_a_need_has_the_same_names_and_types_under_every_seed(folder: Path) -> None:
    """Or code that is right in practice raises when it is marked, say for a float as a Limit."""
    lab = load_lab(str(folder))
    for task in lab.tasks:
        kinds = [{name: type(value) for name, value in lab.need(task.id, seed).items()} for seed in range(40)]
        assert all(kind == kinds[0] for kind in kinds), task.id


@each
def test_the_source_is_in_its_form_and_tells_its_cells_apart(folder: Path) -> None:
    """`devlab labs` writes it so."""
    data = (folder / "source.ipynb").read_bytes()
    notebook = load(data)
    assert to_bytes(normalise(notebook)) == data
    assert all(not cell.get("outputs") for cell in notebook.cells)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert all(map(is_stable_id, ids))
    lab = load_lab(str(folder))
    solutions = [
        cell
        for cell in read_source(lab)["cells"]
        if cell["metadata"].get("lab", {}).get("role") == "solution"
    ]
    assert [cell["id"] for cell in solutions] == [cell["metadata"]["lab"]["task"] for cell in solutions]


@each_of_the_course
def test_a_lab_has_five_tasks_twenty_points_and_one_broken_system(folder: Path) -> None:
    lab = load_lab(str(folder))
    examined = [task for task in lab.tasks if not task.manual]
    assert len(examined) == 5
    assert sum(task.points for task in examined) == 20
    assert sum(task.broken for task in examined) == 1
    assert all(3 <= task.points <= 6 for task in examined)


@pytest.mark.slow
@each_of_the_course
def test_a_lab_may_be_released(folder: Path) -> None:
    """The author's gate, which also asks for equal findings a second time."""
    assert gate(load_lab(str(folder)), seeds=(1,)).defects == ()


@each_task
def test_a_blank_cell_is_not_attempted(folder: Path, task: str) -> None:
    lab = load_lab(str(folder))
    for source in ("", released_sources(lab)[task]):
        assert statuses(found(lab, task, source)) == {Status.NOT_ATTEMPTED}


@each_task
def test_a_cell_that_raises_is_crashed_and_says_where(folder: Path, task: str) -> None:
    lab = load_lab(str(folder))
    if lab.task(task).functions == (
        "handler",
    ):  # Lambda calls it: that it raises is an event like others there
        assert statuses(found(lab, task, "def handler(*given):\n    return given[99]\n")) == {Status.FAILED}
        return
    functions = lab.task(task).functions
    source = "\n".join(f"def {name}(*given):\n    return given[99]\n" for name in functions)
    findings = found(lab, task, source)
    wanted = f"IndexError in {functions[0]}, line 2 (`return given[99]`): tuple index out of range"
    # Where several copies of a function run at once, that a copy raised is the finding.
    assert any(wanted in finding.reason for finding in findings.values())
    assert statuses(findings) <= {Status.CRASHED, Status.FAILED}
