"""The student's notebook and the solution are made from the author's; what is wrong with a mark is one sentence."""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.labs import LabError, load_lab
from helpers.labs.build import (
    BEGIN,
    END,
    INSTEAD,
    cells_for_examination,
    generate,
    released_sources,
    solution_source,
    solution_sources,
    student_source,
    worked_in,
)
from helpers.labs.cells import Cell
from helpers.labs.lab import LABS, Lab

SAMPLE = Path(__file__).parent / "sample"
FOLDERS = [*sorted(path.parent for path in LABS.glob("*/lab.yaml")), SAMPLE]

REGION = f"""def f(x):
    \"\"\"Twice x.\"\"\"
    {BEGIN}
    y = x

    return 2 * y
    {END}
"""
INSTEAD_REGION = f"""def f(x):
    {BEGIN}
    return 2 * x
    {INSTEAD}
    # if x:
    #     return x  # half of it

    #
    # return 0
    {END}
after = 1"""


@pytest.fixture
def lab() -> Lab:
    return load_lab(str(SAMPLE))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the sample, to be changed."""
    return Path(shutil.copytree(SAMPLE, tmp_path / "sample"))


def change(folder: Path, old: str, new: str) -> Lab:
    """The lab in `folder` with `old` replaced in its source."""
    path = folder / "source.ipynb"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return load_lab(str(folder))


def test_a_region_becomes_a_line_that_raises() -> None:
    assert student_source(REGION, "double") == (
        'def f(x):\n    """Twice x."""\n    raise NotImplementedError("double: replace this line with your code")'
    )
    assert solution_source(REGION, "double") == 'def f(x):\n    """Twice x."""\n    y = x\n\n    return 2 * y'


def test_what_stands_instead_is_uncommented() -> None:
    assert student_source(INSTEAD_REGION, "f") == (
        "def f(x):\n    if x:\n        return x  # half of it\n\n\n    return 0\nafter = 1"
    )
    assert solution_source(INSTEAD_REGION, "f") == "def f(x):\n    return 2 * x\nafter = 1"


def test_a_cell_may_have_several_regions() -> None:
    source = f"{BEGIN}\na = 1\n{END}\nb = 2\n{BEGIN}\nc = 3\n{INSTEAD}\n# c = None\n{END}"
    assert solution_source(source, "x") == "a = 1\nb = 2\nc = 3"
    assert student_source(source, "x").endswith('with your code")\nb = 2\nc = None')


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (f"{BEGIN}\nx", "The cell 'c': a solution begins and does not end."),
        (f"{BEGIN}\n{BEGIN}\n{END}", "The cell 'c', line 2: a solution begins inside another one."),
        (
            f"{BEGIN}\n{INSTEAD}\n{BEGIN}\n{END}",
            "The cell 'c', line 3: a solution begins inside another one.",
        ),
        (f"x = 1\n{END}", "The cell 'c', line 2: a solution ends that did not begin."),
        (
            f"{INSTEAD}\n# x",
            "The cell 'c', line 1: ### INSTEAD stands outside a solution, or a second time in it.",
        ),
        (
            f"{BEGIN}\n{INSTEAD}\n{INSTEAD}\n{END}",
            "The cell 'c', line 3: ### INSTEAD stands outside a solution, or a second time in it.",
        ),
        (
            f"{BEGIN}\n{INSTEAD}\n# a\nb = 1\n{END}",
            "The cell 'c', line 4: a line after ### INSTEAD must be commented with \"# \".",
        ),
        (
            f"{BEGIN}\n### END SOLUTIONS",
            f"The cell 'c', line 2: '### END SOLUTIONS' is no mark; there is {BEGIN}, {INSTEAD}, {END}.",
        ),
    ],
)
def test_a_mark_out_of_place_is_one_sentence_that_names_the_cell(source: str, said: str) -> None:
    for version in (student_source, solution_source):
        with pytest.raises(LabError) as error:
            version(source, "c")
        assert str(error.value) == said


lines = st.lists(
    st.sampled_from(["a = 1", "    b = 2", "", "# a comment", "x = '# not one'"]), max_size=4
).map(list)


@settings(max_examples=50)
@given(
    before=lines, solved=lines, instead=lines, after=lines, indent=st.sampled_from(["", "    ", "        "])
)
def test_each_line_goes_where_its_region_sends_it(
    before: list[str], solved: list[str], instead: list[str], after: list[str], indent: str
) -> None:
    after = [*after, "end = 1"]
    commented = [f"{indent}# {line}" if line else f"{indent}#" for line in instead]
    source = "\n".join([*before, indent + BEGIN, *solved, indent + INSTEAD, *commented, indent + END, *after])
    released = [indent + line if line else "" for line in instead]
    assert student_source(source, "c") == "\n".join([*before, *released, *after])
    assert solution_source(source, "c") == "\n".join([*before, *solved, *after])


def test_the_numbers_of_a_need_are_filled_in(lab: Lab, copy: Path) -> None:
    need = lab.need("count")
    (text,) = (cell["source"] for cell in generate(lab)[0]["cells"] if cell["id"] == "count-text")
    assert need == {"limit": 32, "patience_s": 793}
    assert "at most 32 words, and whoever asks waits 13 min 13 s at most" in text
    assert text != next(c["source"] for c in generate(lab, seed=7)[0]["cells"] if c["id"] == "count-text")


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ("{{count.limits}}", "The cell 'count-text': no need of the lab fills {{count.limits}}."),
        ("{{limit}}", "The cell 'count-text': no need of the lab fills {{limit}}."),
        ("{{count.limit.x}}", "The cell 'count-text': no need of the lab fills {{count.limit.x}}."),
        (
            "{{count.limit|weeks}}",
            "The cell 'count-text': {{count.limit|weeks}} is not a value that can be written so.",
        ),
        ("{{count}}", "The cell 'count-text': {{count}} is not a value that can be written so."),
    ],
)
def test_a_placeholder_that_nothing_fills_is_one_sentence(copy: Path, new: str, said: str) -> None:
    changed = change(copy, "{{count.limit}}", new)
    with pytest.raises(LabError) as error:
        generate(changed)
    assert str(error.value) == said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"role": "try"', '"role": "tri"', "The cell 'count-try' has the role 'tri'; there is setup, "),
        (
            '"role": "check",\\n     "task": "count"'.replace("\\n", "\n"),
            '"role": "solution", "task": "count"',
            "The task 'count' has a second solution cell, 'count-check'.",
        ),
        (
            "for message in got[1:]:",
            "for message in got[1:]",
            "The cell 'worker' is no Python once its marks",
        ),
        ("### END SOLUTION", "###", "The cell 'count': a solution begins and does not end."),
        ("### BEGIN SOLUTION", "", "The cell 'count' marks no solution: it needs ### BEGIN SOLUTION and"),
    ],
)
def test_a_source_that_is_not_well_formed_is_one_sentence(copy: Path, old: str, new: str, said: str) -> None:
    changed = change(copy, old, new)
    with pytest.raises(LabError) as error:
        generate(changed)
    assert str(error.value).startswith(said)
    assert "\n" not in str(error.value)


def test_a_task_without_a_cell_and_a_lab_without_a_source_are_one_sentence(copy: Path) -> None:
    path = copy / "source.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["id"] != "worker"]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    with pytest.raises(LabError, match=r"^source\.ipynb of sample has no solution cell for worker\.$"):
        released_sources(load_lab(str(copy)))
    path.write_text("{", encoding="utf-8")
    with pytest.raises(LabError, match=r"^sample/source\.ipynb is no Jupyter notebook\.$"):
        released_sources(load_lab(str(copy)))
    path.unlink()
    with pytest.raises(LabError, match=r"^The lab sample has no source\.ipynb\.$"):
        released_sources(load_lab(str(copy)))


def test_what_is_examined_are_the_labs_own_cells_and_one_a_task_in_the_order_of_the_notebook(
    lab: Lab,
) -> None:
    cells = cells_for_examination(lab, {"worker": "w = 1", "count": "c = 1"})
    setup = Cell("", 'import re\n\nBLANK = re.compile(r"\\s+")')
    assert cells == [setup, Cell("count", "c = 1"), Cell("worker", "w = 1")]
    assert cells_for_examination(lab, {"worker": "w = 1"}) == [setup, Cell("worker", "w = 1")]


def test_an_edition_without_the_authors_notebook_is_examined_with_its_own_cells(lab: Lab, copy: Path) -> None:
    (copy / "source.ipynb").unlink()
    sources = {"count": "c = 1"}
    assert cells_for_examination(load_lab(str(copy)), sources) == cells_for_examination(lab, sources)


def test_both_notebooks_say_which_lab_edition_and_release_they_are(lab: Lab) -> None:
    student, solution = generate(lab)
    course = student["metadata"]["course"]
    assert course == solution["metadata"]["course"]
    assert course["lab"] == "sample"
    assert course["edition"] == "practice"
    assert len(course["release"]) == 16
    assert generate(lab, edition="autumn")[0]["metadata"]["course"]["edition"] == "autumn"


def test_a_release_is_known_by_its_solution_cells_alone(lab: Lab, copy: Path) -> None:
    course = generate(lab)[0]["metadata"]["course"]
    assert generate(change(copy, "Write two functions.", "Write two."))[0]["metadata"]["course"] == course
    load_lab.cache_clear()
    other = change(copy, "for message in got[1:]:", "for message in got[2:]:")
    assert generate(other)[0]["metadata"]["course"]["release"] != course["release"]


def test_a_notebook_that_a_student_has_worked_in_is_known(lab: Lab) -> None:
    student, solution = generate(lab)
    assert not worked_in(student)
    assert worked_in(solution)
    student["cells"][4]["source"] = [line + "  \n" for line in student["cells"][4]["source"].split("\n")]
    assert not worked_in(student)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_the_committed_notebooks_are_those_of_the_source(folder: Path) -> None:
    """Cell for cell; that their outputs are those of a run, tests/notebooks checks."""
    lab = load_lab(str(folder))
    for name, made in zip(("lab.ipynb", "solution.ipynb"), generate(lab), strict=True):
        committed = json.loads((folder / name).read_text(encoding="utf-8"))
        assert committed["metadata"]["course"] == made["metadata"]["course"]
        assert [
            (cell["id"], cell["cell_type"], cell["metadata"], "".join(cell["source"]))
            for cell in committed["cells"]
        ] == [(cell["id"], cell["cell_type"], cell["metadata"], cell["source"]) for cell in made["cells"]]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_the_student_gets_nothing_of_the_solution_but_what_surrounds_it(folder: Path) -> None:
    lab = load_lab(str(folder))
    student = (folder / "lab.ipynb").read_text(encoding="utf-8")
    assert "SOLUTION" not in student
    assert "### INSTEAD" not in student
    for task, solution in solution_sources(lab).items():
        assert ast.dump(ast.parse(solution)) != ast.dump(ast.parse(released_sources(lab)[task]))
