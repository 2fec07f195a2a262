"""Printing: which browser, how it is asked, and what is said when it fails."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from helpers.export import pdf


def program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_the_browser_is_the_named_one_or_the_first_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert pdf.find_browser({}) is None
    chrome = program(tmp_path / "google-chrome", "")
    own = program(tmp_path / "mine", "")
    assert pdf.find_browser({}) == chrome
    assert pdf.find_browser({"CHROMIUM": str(own)}) == own
    assert pdf.find_browser({"CHROMIUM": str(tmp_path / "gone")}) is None


def test_the_dates_of_a_pdf_are_fixed_at_the_same_length() -> None:
    made = b"<</CreationDate (D:20261128142215+00'00')\n/ModDate(D:20261128142215Z)>>"
    assert pdf.undated(made) == b"<</CreationDate (D:20000101000000+00'00')\n/ModDate(D:20000101000000+)>>"
    assert len(pdf.undated(made)) == len(made)


def test_only_root_goes_without_the_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = program(
        tmp_path / "chromium",
        'for one; do case $one in --print-to-pdf=*) echo "%PDF-$*" >"${one#*=}";; esac; done',
    )
    for user, expected in ((0, True), (1000, False)):
        monkeypatch.setattr("os.geteuid", lambda user=user: user)
        printed = pdf.print_page(browser, tmp_path / "page.html").decode()
        assert ("--no-sandbox" in printed) is expected
        assert printed.endswith(f"{(tmp_path / 'page.html').as_uri()}\n")


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (
            "echo first >&2; echo 'no usable sandbox' >&2; exit 1",
            "page.html could not be printed: no usable sandbox",
        ),
        ("exit 0", "page.html could not be printed: Chromium gave no reason"),
        ("exec sleep 5", "page.html took longer than 0.2 s to print."),
    ],
)
def test_a_browser_that_fails(
    script: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "PATIENCE_S", 0.2 if "sleep" in script else 30)
    browser = program(tmp_path / "chromium", script)
    with pytest.raises(pdf.PdfError) as caught:
        pdf.print_page(browser, tmp_path / "page.html")
    assert str(caught.value) == sentence


def test_a_browser_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_text("")
    with pytest.raises(pdf.PdfError, match=r"^.*page\.txt cannot be started: Permission denied\.$"):
        pdf.print_page(tmp_path / "page.txt", tmp_path / "page.html")
