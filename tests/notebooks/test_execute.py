import os
import sys
from pathlib import Path

import pytest

from helpers.notebooks.execute import NotebookError, execute
from helpers.notebooks.normalise import normalise

pytestmark = pytest.mark.kernel


def text_of(nb):
    return ["".join(out.get("text", "") for out in cell.outputs) for cell in nb.cells]


def test_cells_run_in_order_in_a_fresh_kernel_of_this_python_in_the_given_folder(scratch, tmp_path):
    nb = scratch(
        "import os, sys\nx = 1",
        "print(x, os.getcwd(), sys.executable)",
        "import ipywidgets\nipywidgets.IntSlider()",
    )
    out = execute(nb, tmp_path)
    assert text_of(out)[:2] == ["", f"1 {tmp_path} {sys.executable}\n"]
    assert "widgets" not in out.metadata
    assert all("execution" not in cell.metadata for cell in out.cells)
    assert "outputs" not in nb.cells[1] or nb.cells[1].outputs == []  # the given notebook is left alone


def test_the_learners_own_ipython_start_up_files_are_not_run(scratch, tmp_path, monkeypatch):
    startup = tmp_path / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("mine = 'here'")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    out = execute(scratch("print('mine' in globals())"), tmp_path)
    assert text_of(out) == ["False\n"]
    assert os.environ["IPYTHONDIR"] == str(tmp_path)


def test_the_environment_reaches_the_kernel(scratch, tmp_path):
    nb = scratch("import os\nprint(os.environ['PYTHONHASHSEED'], hash('sqs'))")
    one, again, other = (
        text_of(execute(nb, tmp_path, environment={"PYTHONHASHSEED": seed})) for seed in ("1", "1", "2")
    )
    assert one == again
    assert one[0].split()[1] != other[0].split()[1]


def test_a_cell_that_raises_is_named(scratch, tmp_path):
    with pytest.raises(NotebookError, match=r"^x\.ipynb: cell [0-9a-f]{8} raised KeyError: 'q'$"):
        execute(scratch("{}['q']"), tmp_path, name="x.ipynb")


def test_a_cell_that_is_marked_may_raise(scratch, tmp_path):
    out = normalise(execute(scratch("!raises\n{}['q']", "print('on')"), tmp_path))
    assert out.cells[0].outputs[0].traceback == ["KeyError: 'q'"]
    assert text_of(out)[1] == "on\n"


def test_a_cell_that_takes_too_long_is_stopped(scratch, tmp_path):
    with pytest.raises(NotebookError, match=r"^x\.ipynb: a cell ran longer than 1 s$"):
        execute(scratch("while True: pass"), tmp_path, name="x.ipynb", cell_timeout_s=1)


def test_a_kernel_that_dies_is_said(scratch, tmp_path: Path):
    with pytest.raises(NotebookError, match=r"^x\.ipynb: the kernel died$"):
        execute(scratch("import os\nos._exit(3)"), tmp_path, name="x.ipynb")
