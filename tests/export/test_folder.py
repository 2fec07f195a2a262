"""The folder of a site is rewritten if it is ours, and refused if it is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.export import ExportError, folder


def names(out: Path) -> list[str]:
    return sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())


def test_an_export_replaces_the_one_before(tmp_path: Path) -> None:
    out = tmp_path / "a" / "site"
    folder.write(out, {"index.html": b"1", "images/old/x.png": b"x"}, frozenset({"pdf/a.pdf", "pdf/b.pdf"}))
    for name in ("pdf/a.pdf", "pdf/b.pdf"):
        folder.add(out, name, b"%PDF")
    folder.write(out, {"index.html": b"2"}, frozenset({"pdf/b.pdf"}))
    assert names(out) == ["export.json", "index.html", "pdf/b.pdf"]
    assert (out / "index.html").read_bytes() == b"2"
    assert not (out / "images").exists()
    assert json.loads((out / "export.json").read_text()) == {
        "made_by": "devlab export",
        "files": ["index.html", "pdf/b.pdf"],
    }


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ExportError) as caught:
        folder.write(tmp_path, {"index.html": b"1"})
    assert str(caught.value) == (
        f"{tmp_path} holds files that no export wrote, such as thesis.txt: give a new or empty folder."
    )
    assert names(tmp_path) == ["thesis.txt"]


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "images").symlink_to(tmp_path / "photos")
    with pytest.raises(ExportError, match=r"such as images: give"):
        folder.write(tmp_path / "site", {"images/a.png": b"1"})
    assert names(tmp_path / "photos") == []


def test_a_file_that_somebody_added_is_not_deleted(tmp_path: Path) -> None:
    folder.write(tmp_path, {"index.html": b"1"})
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "mine.png").write_bytes(b"x")
    with pytest.raises(ExportError, match=r"such as images/mine\.png"):
        folder.write(tmp_path, {"index.html": b"2"})
    assert (tmp_path / "index.html").read_bytes() == b"1"


@pytest.mark.parametrize(
    "manifest", ["", "[]", '{"files": 3}', '{"files": [3]}', '{"files": ["../thesis.txt"]}']
)
def test_a_list_that_is_not_ours_owns_nothing(manifest: str, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (tmp_path / "thesis.txt").write_text("mine")
    (site / "export.json").write_text(manifest)
    assert folder.check(site) == frozenset()
    folder.write(site, {"index.html": b"1"})
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    path = tmp_path / "site"
    path.write_text("")
    with pytest.raises(ExportError) as caught:
        folder.check(path)
    assert str(caught.value) == f"{path} is a file: give a folder for the site."
    with pytest.raises(ExportError, match=r"^The site cannot be written to .*: Not a directory\.$"):
        folder.write(path / "inside", {"index.html": b"1"})
