"""Files are whole or not there, and private."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import replace
from pathlib import Path

import pytest
import report_samples as samples
from hypothesis import given
from hypothesis import strategies as st

from helpers.grading.report import files


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_and_the_folders_made_for_it_are_private(tmp_path: Path) -> None:
    path = tmp_path / "out" / "feedback" / "page.html"
    umask = os.umask(0)
    try:
        files.write(path, "Zoë\n")
    finally:
        os.umask(umask)
    assert path.read_bytes() == "Zoë\n".encode()
    assert [mode(path), mode(path.parent), mode(path.parent.parent)] == [0o600, 0o700, 0o700]


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    files.write(tmp_path / "a", b"1")
    assert mode(tmp_path) == 0o755


def test_a_file_is_replaced_as_a_whole_and_becomes_private(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text("old")
    path.chmod(0o644)
    before = path.open()  # a reader of the old file keeps reading the old file
    files.write(path, "new and longer")
    assert (before.read(), path.read_text(), mode(path)) == ("old", "new and longer", 0o600)
    before.close()


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "results.csv"
    files.write(path, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write(path, "new")
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["results.csv"]


def test_the_bytes_reach_the_disk_before_the_name_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    sync, rename = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (steps.append("fsync"), sync(handle))[1])
    monkeypatch.setattr(Path, "replace", lambda one, other: (steps.append("replace"), rename(one, other))[1])
    files.write(tmp_path / "a", b"1")
    assert steps == ["fsync", "replace", "fsync"]


def test_page_names() -> None:
    names = [
        files.page_name(replace(samples.RIGHT, student=name))
        for name in ("Zoë Ångström", "../../etc/passwd", "李", "")
    ]
    assert [re.sub("[0-9a-f]{8}", "#", name) for name in names] == [
        "zoe-angstrom-#.html", "etc-passwd-#.html", "student-#.html", "student-#.html",
    ]  # fmt: skip
    assert len(set(names)) == 4


@given(st.text(st.characters()))
def test_a_page_name_is_safe_on_every_file_system(student: str) -> None:
    name = files.page_name(replace(samples.RIGHT, student=student))
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,48}\.html", name)


def test_two_files_of_equal_names_have_two_pages() -> None:
    one, other = (replace(samples.RIGHT, file=file) for file in ("a/lab.ipynb", "b/lab.ipynb"))
    assert files.page_name(one) != files.page_name(other)


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    files.write(tmp_path / "a" / "page.html", "page")
    (tmp_path / ".abc.part").write_text("half")
    (tmp_path / "a" / ".def.part").write_text("half")
    (tmp_path / "a" / "mine.part").write_text("mine")
    files.remove_parts(tmp_path)
    files.remove_parts(tmp_path / "not there")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "mine.part", "page.html"]
