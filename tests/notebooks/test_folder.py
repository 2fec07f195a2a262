import pytest

from helpers.notebooks import build
from helpers.notebooks.normalise import load, to_text

pytestmark = pytest.mark.kernel


def write(folder, name, nb):
    (folder / name).write_text(to_text(nb), encoding="utf-8")
    return folder / name


def test_a_notebook_is_run_and_written_in_its_form_and_then_stays(scratch, tmp_path, capsys):
    path = write(tmp_path, "a.ipynb", scratch("# Title", "print(1)"))
    assert build(folder=tmp_path) == 0
    first = path.read_bytes()
    nb = load(first)
    assert [cell.id for cell in nb.cells] == ["title", "title-code"]
    assert nb.cells[1].outputs[0].text == "1\n"
    assert build(folder=tmp_path) == 0
    assert build(check=True, folder=tmp_path) == 0
    assert path.read_bytes() == first
    assert capsys.readouterr().out == "a.ipynb: written\na.ipynb: unchanged\na.ipynb: unchanged\n"


def test_check_names_what_would_change_and_changes_nothing(scratch, tmp_path, capsys):
    good = write(tmp_path, "a.ipynb", scratch("# Title"))
    assert build(folder=tmp_path) == 0
    stale = write(tmp_path, "b.ipynb", scratch("print(1)"))
    before = good.read_bytes(), stale.read_bytes()
    capsys.readouterr()
    assert build(check=True, folder=tmp_path) == 1
    assert (good.read_bytes(), stale.read_bytes()) == before
    said = capsys.readouterr()
    assert (said.out, said.err) == ("a.ipynb: unchanged\n", "b.ipynb: would change\n")


def test_a_notebook_that_fails_is_named_left_alone_and_the_others_are_built(scratch, tmp_path, capsys):
    broken = write(tmp_path, "a.ipynb", scratch("1 / 0"))
    none = tmp_path / "b.ipynb"
    none.write_text("not json")
    before = broken.read_bytes()
    write(tmp_path, "c.ipynb", scratch("print(1)"))
    assert build(folder=tmp_path) == 1
    assert broken.read_bytes() == before
    said = capsys.readouterr()
    assert said.out == "c.ipynb: written\n"
    assert said.err.splitlines() == [
        "a.ipynb: cell cell-code raised ZeroDivisionError: division by zero",
        "b.ipynb: this file is not a Jupyter notebook (NotJSONError)",
    ]


def test_a_folder_without_notebooks_is_said(tmp_path, capsys):
    assert build(folder=tmp_path) == 2
    assert capsys.readouterr().err == f"No notebooks in {tmp_path}: run this in a clone of the course.\n"
