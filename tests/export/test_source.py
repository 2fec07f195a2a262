"""What can be exported, and what is said of what cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.export import ExportError
from helpers.export.cells import render
from helpers.export.source import Source, chosen, course, name_of
from tests.export import tiny


def test_the_course_is_each_section_and_its_lab_then_the_texts() -> None:
    names = [source.name for source in course()]
    assert names[0] == "00_start"
    place = names.index("18_sqs")
    assert names[place : place + 3] == ["18_sqs", "lab_18_sqs", "19_sns"]
    assert names[-2:] == ["labs", "differences"]


def test_a_section_a_file_and_a_lab_can_be_named() -> None:
    by_id = chosen(["18_sqs"])
    assert [source.name for source in by_id] == ["18_sqs"]
    assert chosen([str(by_id[0].path), "18_sqs"]) == by_id
    lab = by_id[0].path.parents[1] / "labs" / "18_sqs" / "lab.ipynb"
    assert [source.name for source in chosen([str(lab)])] == ["lab_18_sqs"]


@pytest.mark.parametrize(
    ("path", "name"),
    [("a/18_sqs.ipynb", "18_sqs"), ("labs/18_sqs/lab.ipynb", "lab_18_sqs"), ("My notes (1).ipynb", "My-notes-1"),
     ("ä/über.ipynb", "über"), ("...ipynb", "notebook")],
)  # fmt: skip
def test_the_name_of_a_page(path: str, name: str) -> None:
    assert name_of(Path(path)) == name


def test_what_cannot_be_exported_is_said_in_one_sentence(tmp_path: Path) -> None:
    for name in ("index.ipynb", "notes.txt", "a/same.ipynb", "b/same.ipynb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(tiny.notebook())

    def said(*names: str) -> str:
        with pytest.raises(ExportError) as caught:
            chosen([str(tmp_path / name) for name in names])
        return str(caught.value).replace(f"{tmp_path}/", "")

    assert said("missing") == "There is no notebook missing: give a file, or a section such as 18_sqs."
    assert said("notes.txt") == "notes.txt is not a notebook: its name does not end in .ipynb."
    assert said("index.ipynb") == "A notebook cannot become index.html: the site has a page of that name."
    assert (
        said("a/same.ipynb", "b/same.ipynb") == "a/same.ipynb and b/same.ipynb would both become same.html."
    )


def test_a_folder_without_notebooks_is_no_course(tmp_path: Path) -> None:
    with pytest.raises(
        ExportError, match=r"^No notebooks in .*notebooks: run this in a clone of the course\.$"
    ):
        course(tmp_path)


@pytest.mark.parametrize("text", ["", "no json", "[]", "{}", '{"cells": 3, "nbformat": 4}', "\udcff"])
def test_a_file_that_is_no_notebook(text: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.ipynb"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ExportError) as caught:
        Source(path, "broken").notebook()
    assert str(caught.value) == f"{path}: this file is not a Jupyter notebook that can be read."


def test_a_damaged_picture(tmp_path: Path) -> None:
    path = tmp_path / "broken.ipynb"
    path.write_text(tiny.notebook(tiny.code("1", tiny.display({"image/png": "§§"}), name="plot")))
    with pytest.raises(ExportError) as caught:
        render(Source(path, "broken"))
    assert str(caught.value) == f"{path}: the picture plot is damaged."


def test_two_pictures_of_a_cell_are_two_files_and_one_without_words_says_so(tmp_path: Path) -> None:
    path = tmp_path / "two.ipynb"
    svg = tiny.display({"image/svg+xml": "<svg/>"})
    path.write_text(tiny.notebook(tiny.code("1", svg, svg, name="plot")))
    cells = render(Source(path, "two"))
    assert cells.pictures == {"images/two/plot.svg": b"<svg/>", "images/two/plot-2.svg": b"<svg/>"}
    assert cells.html.count('alt="A picture without a description"') == 2
