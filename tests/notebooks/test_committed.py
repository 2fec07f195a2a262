"""The notebooks of the course and of its labs as they are committed."""

import json
import re

import nbformat
import pytest

from helpers.labs.lab import LABS
from helpers.notebooks import NOTEBOOKS
from helpers.notebooks.execute import execute
from helpers.notebooks.normalise import (
    KERNELSPEC,
    LANGUAGE_INFO,
    VOLATILE_TYPES,
    is_stable_id,
    load,
    normalise,
    to_bytes,
)

COURSE = sorted(NOTEBOOKS.glob("*.ipynb"))
LAB_NOTEBOOKS = sorted([*LABS.glob("*/lab.ipynb"), *LABS.glob("*/solution.ipynb")])
SIZE_LIMIT = 480_000
"""Bytes. A section with seven experiments holds seven pictures of some 20 kB and 200 facts."""
QUICK_CELLS = 110
"""Code cells that run within a few seconds."""
MACHINE = re.compile(
    r"0x[0-9a-f]{8,}"  # an object's address
    r"|(?<![\w/.:])/(?!var/task/|opt/extensions)(home|root|tmp|work|usr|var|Users|opt)/\w"  # but Lambda's own
    r"|[A-Z]:\\Users"
    r"|ipykernel_\d+"
)


def name_of(path):
    return path.stem if path.parent == NOTEBOOKS else f"{path.parent.name}-{path.stem}"


each = pytest.mark.parametrize("path", [*COURSE, *LAB_NOTEBOOKS], ids=name_of)


def by_length(path):
    """The notebook as a parameter of a test; a long one takes too long for the quick gate."""
    cells = load(path.read_bytes()).cells
    long = sum(cell.cell_type == "code" for cell in cells) > QUICK_CELLS
    return pytest.param(path, id=name_of(path), marks=pytest.mark.slow if long else ())


def test_there_are_notebooks_and_each_is_named_after_its_section():
    assert COURSE
    for path in COURSE:
        assert load(path.read_bytes()).metadata["course"]["section"] == path.stem


@each
def test_is_valid_and_in_its_form(path):
    data = path.read_bytes()
    nb = load(data)
    nbformat.validate(nb)
    assert to_bytes(normalise(nb)) == data, "run `make notebooks`"


@each
def test_is_small(path):
    assert path.stat().st_size <= SIZE_LIMIT


@each
def test_says_nothing_of_widgets_timings_or_an_editor(path):
    nb = load(path.read_bytes())
    assert set(nb.metadata) <= {"course", "kernelspec", "language_info"}
    assert nb.metadata["kernelspec"] == KERNELSPEC
    assert nb.metadata["language_info"] == LANGUAGE_INFO
    text = path.read_text(encoding="utf-8")
    assert not [word for word in (*VOLATILE_TYPES, "iopub.execute_input", "model_id") if word in text]
    for cell in nb.cells:
        assert set(cell.metadata) <= {"facts", "lab", "raises-exception", "section", "station", "tags"}


@each
def test_ids_are_slugs_and_unique_and_counts_run_from_one(path):
    nb = load(path.read_bytes())
    ids = [cell.id for cell in nb.cells]
    assert [cell_id for cell_id in ids if not is_stable_id(cell_id)] == []
    assert len(set(ids)) == len(ids)
    counts = [cell.execution_count for cell in nb.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))


@each
def test_no_cell_hides_its_value_with_a_semicolon(path):
    """IPython obeys it, nbval does not; a cell that should show nothing ends in a statement."""
    nb = load(path.read_bytes())
    assert [c.id for c in nb.cells if c.cell_type == "code" and c.source.rstrip().endswith(";")] == []


@each
def test_outputs_name_nothing_of_the_machine_they_were_made_on(path):
    nb = load(path.read_bytes())
    for cell in nb.cells:
        for output in cell.get("outputs", []):
            shown = {k: v for k, v in output.get("data", {}).items() if not k.startswith("image/")}
            shown["text"] = output.get("text", "") + output.get("evalue", "")
            found = MACHINE.search(json.dumps(shown))
            assert found is None, f"{cell.id}: {found}"


@each
def test_each_picture_has_an_alt_text(path):
    nb = load(path.read_bytes())
    for cell in nb.cells:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                assert output.metadata.get("image/png", {}).get("alt"), cell.id


@each
@pytest.mark.kernel
@pytest.mark.slow
def test_two_fresh_kernels_with_other_hashes_give_the_committed_bytes(path):
    nb = load(path.read_bytes())
    runs = {
        seed: to_bytes(normalise(execute(nb, path.parent, environment={"PYTHONHASHSEED": seed})))
        for seed in ("1", "4242")
    }
    assert runs["1"] == runs["4242"]
    assert runs["1"] == path.read_bytes(), "run `make notebooks`"


@pytest.mark.parametrize("path", [*map(by_length, [*COURSE, *LAB_NOTEBOOKS])])
def test_the_warm_runner_gives_the_committed_bytes(path, warm):
    nb = load(path.read_bytes())
    assert to_bytes(normalise(warm.run(nb, path.parent, name=path.name))) == path.read_bytes()
