"""What a new learner does wrong in a notebook: cells out of order, twice, or after a restart."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from frontend import Kernel
from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from helpers.notebooks import NOTEBOOKS
from helpers.notebooks.execute import NotebookError
from helpers.notebooks.normalise import load
from helpers.notebooks.warm import WarmRunner

COURSE = sorted(NOTEBOOKS.glob("*.ipynb"))
MISSING = r"[Nn]ot found|not exist|cannot be assumed"
THERE = r"[Aa]lready exist|already enabled|already has|CreateStream operation: \w+$"
SPENT = r"throughput for the table was exceeded"
AWS_SAYS = rf"\w+: An error occurred \([\w.]+\) (?=[^\n]*({MISSING}|{THERE}|{SPENT}))[^\n]*"
CLEAR = re.compile(
    r"(NameError|UndefinedVariableError): (name|local variable) '\w+' is not defined"
    r"|(SealedError|LookupError|ParameterError|SectionError|CommandLineError): [A-Z][^\n]{10,300}[.!)]"
    f"|{AWS_SAYS}"
)
"""An error that a learner can act on: Python's own for a name, one sentence of the course, or AWS's answer for what
is not there yet, is there already or is used up.
"""

CREATE = {"17_monitoring", "20_kinesis", "21_lambda", "22_dynamodb"}
"""Notebooks with cells that create a stream, a function or a table, which AWS does once for a name."""

MINIMAL = 'get_ipython().InteractiveTB.set_mode("Minimal")'
"""The words of an error count here, not the way to it, which takes long to write."""

AFRESH = f"""
from helpers.cloud import learner

while (opened := learner.innermost()) is not None:
    opened.close()
{MINIMAL}
get_ipython().user_ns.clear()
get_ipython().init_user_ns()
"""
"""A cell after which no Cloud is open and no name is known, as at the start of a kernel."""

each = pytest.mark.parametrize("path", COURSE, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def warm() -> WarmRunner:
    return WarmRunner()


def code_cells(path: Path) -> list[NotebookNode]:
    nb = load(path.read_bytes())
    return [cell for cell in nb.cells if cell.cell_type == "code" and cell.source.strip()]


def allowed_to_raise(cells: list[NotebookNode]) -> NotebookNode:
    """A notebook of copies of `cells`, each of which may raise."""
    nb = new_notebook()
    for number, cell in enumerate(cells):
        copy = NotebookNode(cell)
        copy.id = f"cell-{number}"
        copy.metadata = NotebookNode(tags=["raises-exception"])
        nb.cells.append(copy)
    return nb


def errors(nb: NotebookNode) -> list[str]:
    return [
        f"{output.ename}: {output.evalue}"
        for cell in nb.cells
        for output in cell.outputs
        if output.output_type == "error"
    ]


AFRESH_CELL = NotebookNode(cell_type="code", source=AFRESH, outputs=[], execution_count=None)


@each
@pytest.mark.slow
def test_each_cell_run_first_of_all_says_clearly_what_is_missing(path: Path, warm: WarmRunner) -> None:
    cells = code_cells(path)
    alone = [one for cell in cells for one in (AFRESH_CELL, cell)]
    ran = warm.run(allowed_to_raise(alone), path.parent, name=path.name)
    assert errors(new_notebook(cells=ran.cells[::2])) == []
    said = {
        cell.id: errors(new_notebook(cells=[done])) for cell, done in zip(cells, ran.cells[1::2], strict=True)
    }
    assert {id_: all_ for id_, all_ in said.items() if not all(map(CLEAR.fullmatch, all_))} == {}
    assert any(said.values())


@each
@pytest.mark.slow
def test_cells_run_from_the_bottom_up_and_then_in_order_work(path: Path, warm: WarmRunner) -> None:
    cells = code_cells(path)
    both_ways = [AFRESH_CELL, *reversed(cells), *cells]
    ran = warm.run(allowed_to_raise(both_ways), path.parent, name=path.name)
    wrong_way, right_way = ran.cells[: -len(cells)], ran.cells[-len(cells) :]
    said = errors(new_notebook(cells=wrong_way))
    assert [one for one in said if not CLEAR.fullmatch(one)] == []
    assert errors(new_notebook(cells=right_way)) == []


@each
@pytest.mark.slow
def test_a_cell_run_twice_does_not_fail_or_says_clearly_why(path: Path, warm: WarmRunner) -> None:
    twice = [AFRESH_CELL, *(cell for cell in code_cells(path) for _ in range(2))]
    said = errors(warm.run(allowed_to_raise(twice), path.parent, name=path.name))
    if path.stem not in CREATE:
        assert said == []
    assert [one for one in said if not re.fullmatch(AWS_SAYS, one)] == []


@each
@pytest.mark.kernel
@pytest.mark.slow
def test_a_kernel_restarted_half_way_says_what_is_missing_and_a_run_from_the_top_works(
    path: Path, notebook_kernel: Kernel
) -> None:
    sources = [cell.source for cell in code_cells(path)]
    half = len(sources) // 2
    for source in sources[:half]:
        notebook_kernel.value(source)
    notebook_kernel.restart()
    notebook_kernel.value(MINIMAL)
    after = [notebook_kernel.run(source).error for source in sources[half:]]
    said = [one for one in after if one is not None]
    assert [one for one in said if not CLEAR.fullmatch(one)] == []
    for source in sources:
        notebook_kernel.value(source)


@pytest.mark.slow
def test_an_error_that_is_not_marked_ends_a_run(warm: WarmRunner, tmp_path: Path) -> None:
    """The tests above see errors only because the cells they run are marked."""
    nb = allowed_to_raise([NotebookNode(cell_type="code", source="1 / 0", outputs=[], execution_count=None)])
    assert errors(warm.run(nb, tmp_path)) == ["ZeroDivisionError: division by zero"]
    nb.cells[0].metadata = NotebookNode()
    with pytest.raises(NotebookError):
        warm.run(nb, tmp_path)
