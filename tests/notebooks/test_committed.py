"""The notebooks of the course and of its labs as they are committed."""

import pytest

from helpers.labs.lab import LABS
from helpers.notebooks import NOTEBOOKS
from helpers.notebooks.execute import execute
from helpers.notebooks.normalise import load, normalise, to_bytes
from tests.notebooks.form import LARGER, PROPERTIES, SIZE_LIMIT

COURSE = sorted(NOTEBOOKS.glob("*.ipynb"))
LAB_NOTEBOOKS = sorted([*LABS.glob("*/lab.ipynb"), *LABS.glob("*/solution.ipynb")])
QUICK = {"00_start", "18_sqs-lab", "18_sqs-solution"}
"""The notebooks that the quick gate runs; each of the others takes seconds, too."""


def name_of(path):
    return path.stem if path.parent == NOTEBOOKS else f"{path.parent.name}-{path.stem}"


each = pytest.mark.parametrize("path", [*COURSE, *LAB_NOTEBOOKS], ids=name_of)


def by_name(path):
    """The notebook as a parameter of a test that runs it."""
    return pytest.param(path, id=name_of(path), marks=() if name_of(path) in QUICK else pytest.mark.slow)


def test_there_are_notebooks_and_each_is_named_after_its_section():
    assert COURSE
    for path in COURSE:
        assert load(path.read_bytes()).metadata["course"]["section"] == path.stem


@pytest.mark.parametrize("check", PROPERTIES, ids=lambda check: check.__name__)
@each
def test_keeps_to_its_form(path, check):
    assert check(path.read_bytes()) == []


@each
def test_is_small(path):
    assert path.stat().st_size <= LARGER.get(name_of(path), SIZE_LIMIT)


@pytest.mark.parametrize("name", LARGER)
def test_a_larger_limit_is_needed_and_tight(name):
    size = (NOTEBOOKS / f"{name}.ipynb").stat().st_size
    assert max(SIZE_LIMIT, 0.95 * LARGER[name]) < size


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


@pytest.mark.parametrize("path", [*map(by_name, [*COURSE, *LAB_NOTEBOOKS])])
def test_the_warm_runner_gives_the_committed_bytes(path, warm):
    nb = load(path.read_bytes())
    assert to_bytes(normalise(warm.run(nb, path.parent, name=path.name))) == path.read_bytes()
