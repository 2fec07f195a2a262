"""`devlab export` on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import cli
from tests.export import tiny


def test_pages_are_written_where_they_were_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tiny.course(tmp_path)[1]
    out = tmp_path / "site"
    assert cli.main(["export", str(source.path), "--no-pdf", "--out", str(out)]) == 0
    said, wrong = capsys.readouterr()
    assert said.splitlines()[0] == "19_sns.html: Topics"
    assert wrong == ""
    assert (out / "index.html").is_file()


def test_a_mistake_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("")
    assert cli.main(["export", "18_sqs", "--no-pdf", "--out", str(tmp_path)]) == cli.MISTAKE
    assert cli.main(["export", "18_sqz"]) == cli.MISTAKE
    assert capsys.readouterr().err.splitlines() == [
        f"{tmp_path} holds files that no export wrote, such as mine.txt: give a new or empty folder.",
        "There is no notebook 18_sqz: give a file, or a section such as 18_sqs.",
    ]


def test_pdfs_that_must_be_there_and_cannot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "gone"))
    source = tiny.course(tmp_path)[1]
    assert cli.main(["export", str(source.path), "--pdf", "--out", str(tmp_path / "site")]) == 1
    assert capsys.readouterr().err == (
        "No PDFs: no Chromium was found; install one (Debian: apt install chromium) or set CHROMIUM to its path.\n"
    )
