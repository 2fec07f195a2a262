"""A lab's notebooks are made from its source, run and written; nobody's work is written over."""

import shutil
from pathlib import Path

import pytest
from nbformat.v4 import new_output

from helpers import cli
from helpers.labs import load_lab
from helpers.notebooks import labs
from helpers.notebooks.labs import build_labs
from helpers.notebooks.normalise import load, to_bytes

SAMPLE = Path(__file__).parents[1] / "labs" / "sample"
NAMES = ("source.ipynb", "lab.ipynb", "solution.ipynb")


@pytest.fixture
def folder(tmp_path):
    load_lab.cache_clear()
    return Path(shutil.copytree(SAMPLE, tmp_path / "sample"))


@pytest.fixture
def unrun(monkeypatch):
    """Notebooks keep no outputs: what a kernel adds, other tests look at."""
    monkeypatch.setattr(labs, "execute", lambda notebook, folder, name: notebook)


def contents(folder):
    return {name: (folder / name).read_bytes() for name in NAMES}


@pytest.mark.kernel
@pytest.mark.slow
def test_the_sample_is_as_a_fresh_kernel_makes_it(folder, capsys):
    committed = contents(folder)
    (folder / "lab.ipynb").unlink()
    (folder / "solution.ipynb").write_text("{}", encoding="utf-8")
    assert cli.main(["labs", str(folder)]) == 0
    assert capsys.readouterr().out == (
        "sample/source.ipynb: unchanged\nsample/lab.ipynb: written\nsample/solution.ipynb: written\n"
    )
    assert contents(folder) == committed


@pytest.mark.usefixtures("unrun")
def test_with_check_nothing_is_written(folder, capsys):
    before = contents(folder)
    assert build_labs(check=True, labs=[str(folder)]) == 1
    assert contents(folder) == before
    assert capsys.readouterr().err == "sample/lab.ipynb: would change\nsample/solution.ipynb: would change\n"
    assert build_labs(labs=[str(folder)]) == 0
    capsys.readouterr()
    assert build_labs(check=True, labs=[str(folder)]) == 0
    assert capsys.readouterr().out == "".join(f"sample/{name}: unchanged\n" for name in NAMES)


@pytest.mark.usefixtures("unrun")
def test_the_source_keeps_no_outputs(folder):
    notebook = load((folder / "source.ipynb").read_bytes())
    notebook.cells[1].outputs = [new_output("stream", text="1\n")]
    (folder / "source.ipynb").write_bytes(to_bytes(notebook))
    assert build_labs(labs=[str(folder)]) == 0
    assert (folder / "source.ipynb").read_bytes() == (SAMPLE / "source.ipynb").read_bytes()


@pytest.mark.usefixtures("unrun")
def test_a_notebook_that_somebody_works_in_is_never_written_over(folder, capsys):
    notebook = load((folder / "lab.ipynb").read_bytes())
    (cell,) = [cell for cell in notebook.cells if cell.id == "count"]
    cell.source += "\n# here I am"
    (folder / "lab.ipynb").write_bytes(to_bytes(notebook))
    before = contents(folder)
    assert build_labs(labs=[str(folder)]) == 1
    assert contents(folder) == before
    said = capsys.readouterr().err
    assert (
        said == f"{folder}: lab.ipynb holds somebody's work: move it to another folder, and delete it here.\n"
    )


def test_a_lab_that_is_not_well_formed_or_not_there_is_one_sentence(folder, capsys):
    text = (folder / "source.ipynb").read_text(encoding="utf-8")
    (folder / "source.ipynb").write_text(text.replace("{{count.limit}}", "{{count.most}}"), encoding="utf-8")
    assert build_labs(labs=[str(folder), "no_lab"]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first == f"{folder}: The cell 'count-text': no need of the lab fills {{{{count.most}}}}."
    assert second.startswith("no_lab: There is no lab 'no_lab'; there is ")


def test_outside_a_clone_there_is_nothing_to_build(monkeypatch, capsys):
    monkeypatch.setattr(labs, "lab_ids", lambda: ())
    assert build_labs() == 2
    assert capsys.readouterr().err.startswith("No labs in ")
