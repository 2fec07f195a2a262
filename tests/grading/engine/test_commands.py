"""`devlab grade` and its like on the command line: exit codes, one sentence, and what is written."""

from __future__ import annotations

import csv
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers import cli
from helpers.grading import grade as grading
from helpers.grading.sandbox import Isolation
from tests.grading.engine.corpus import SENT
from tests.grading.engine.pretended import Pretended

Capsys = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def pretended(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    Pretended.seen.clear()
    monkeypatch.setattr(grading, "Here", Pretended)
    yield
    Pretended.ends_after = 10**6


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    folder = tmp_path / "sent"
    folder.mkdir()
    for name in ("right", "blank", "half_a_file"):
        (folder / SENT[name].file).write_bytes(SENT[name].data)
    (folder / "notes.txt").write_text("mine")
    return folder


def devlab(*words: object, capsys: Capsys) -> tuple[int, str, str]:
    code = cli.main([str(word) for word in words])
    written = capsys.readouterr()
    return code, written.out, written.err


def test_grade_writes_results_and_says_where(sent: Path, tmp_path: Path, capsys: Capsys) -> None:
    out = tmp_path / "out"
    code, said, _ = devlab("grade", "18_sqs", sent, "--out", out, "--seed", 4, "--jobs", 1, capsys=capsys)
    assert code == 0
    assert said.splitlines() == [
        "3 submissions: 2 graded, 1 unreadable. Seed 4.",
        "  sent/notes.txt: It is a .txt file, not a notebook (.ipynb).",
        f"Read {out}/summary.html first; the marks are in {out}/results.csv.",
    ]
    with (out / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        heads, *rows = csv.reader(file)
    assert heads == [
        "student", "lab", "state", "isolation", "total", "maximum", "reason", "sha256", "seconds", "seed",
        "queues", "send", "work", "payments", "redrive",
    ]  # fmt: skip
    assert [row[0] for row in rows] == ["blank", "half_a_file", "right"]
    assert sorted(path.name for path in out.iterdir()) == [
        ".marks", "feedback", "results.csv", "results.json", "run.json", "similar.csv", "summary.html",
    ]  # fmt: skip


def test_overrides_count_at_the_next_run_and_stay_as_they_are(
    sent: Path, tmp_path: Path, capsys: Capsys
) -> None:
    out = tmp_path / "out"
    command = ("grade", "18_sqs", sent, "--out", out, "--seed", 4)
    devlab(*command, capsys=capsys)
    written = "student,task,points,reason,by\nblank,send,2,was ill,Ada\nnobody,send,2,x,Ada\n"
    (out / "overrides.csv").write_text(written)
    Pretended.seen.clear()
    code, said, _ = devlab(*command, capsys=capsys)
    assert (code, Pretended.seen) == (0, [])
    assert "Row 3 of overrides.csv does not count: there is no submission by nobody." in said
    assert (out / "overrides.csv").read_text() == written
    assert re.search(
        r"^blank,18_sqs,graded,full,18,", (out / "results.csv").read_text(encoding="utf-8-sig"), re.MULTILINE
    )


def test_regrade_lists_no_mark_if_none_moved(sent: Path, tmp_path: Path, capsys: Capsys) -> None:
    out = tmp_path / "out"
    devlab("grade", "18_sqs", sent, "--out", out, "--seed", 4, capsys=capsys)
    before = (out / "results.csv").read_bytes()
    Pretended.seen.clear()
    code, _, _ = devlab("regrade", out, capsys=capsys)
    assert (code, len(Pretended.seen)) == (0, 3)
    assert (out / "results.csv").read_bytes() == before
    assert len([*out.glob("results*.csv")]) == 2
    assert (out / "moved.csv").read_text(encoding="utf-8-sig").count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["grade", "18_sqs", "nowhere", "--out", "OUT"], r"There is no nowhere\."),
        (["grade", "19_sqs", "SENT", "--out", "OUT"], r".*19_sqs.*"),
        (["grade", "18_sqs", "SENT", "--out", "OUT", "--roster", "nowhere.csv"], r".*nowhere\.csv.*"),
        (["grade", "18_sqs", "SENT", "--out", "OUT", "--gradebook", "nowhere.csv"], r".*nowhere\.csv.*"),
        (["grade", "18_sqs", "SENT", "--out", "SENT/notes.txt"], r".*notes\.txt.*"),
        (
            ["regrade", "SENT"],
            r".* is no folder that `devlab grade` wrote: run\.json is missing or damaged\.",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    words: list[str], said: str, sent: Path, tmp_path: Path, capsys: Capsys
) -> None:
    places = {"SENT": str(sent), "OUT": str(tmp_path / "out")}
    words = [re.sub("SENT|OUT", lambda match: places[match[0]], word) for word in words]
    code, out, err = devlab(*words, capsys=capsys)
    assert (code, out) == (2, "")
    last = err.splitlines()[-1]
    assert re.fullmatch(said, last)
    assert "Traceback" not in err


def test_unsafe_has_an_exit_code_of_its_own(
    sent: Path, tmp_path: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_about: object) -> None:
        grading.isolate(unsafe=False)

    monkeypatch.setattr(
        grading, "best_isolation", lambda: Isolation("rlimits-only", "No namespaces. Fix: sudo x.")
    )
    monkeypatch.setattr(grading, "Here", refuse)
    code, out, err = devlab("grade", "18_sqs", sent, "--out", tmp_path / "out", capsys=capsys)
    assert (code, out) == (3, "")
    assert err.count("\n") == 1
    assert err.endswith("Grade only work you trust, with --unsafe.\n")


@pytest.mark.parametrize(
    "words",
    [["--seed", "-1"], ["--seed", "x"], ["--seed", str(2**31)], ["--jobs", "0"], ["--memory-limit", "x"]],
)
def test_an_option_that_cannot_be_is_refused_before_anything_is_read(
    words: list[str], tmp_path: Path, capsys: Capsys
) -> None:
    code, out, err = devlab("grade", "18_sqs", "x", "--out", tmp_path / "out", *words, capsys=capsys)
    assert (code, out) == (2, "")
    assert re.fullmatch(rf"Argument {words[0]}: .*; `devlab grade --help` says what is possible\.\n", err)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_one_sentence_and_leaves_its_handlers(
    number: int, sent: Path, tmp_path: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    monkeypatch.setattr(Pretended, "_record", lambda _self, _work: signal.raise_signal(number))
    code, out, err = devlab("grade", "18_sqs", sent, "--out", tmp_path / "out", capsys=capsys)
    assert (code, out) == (128 + number, "")
    assert err == "Stopped. Run the same command again to go on.\n"
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before
