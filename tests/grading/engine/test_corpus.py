"""The whole corpus in one run of `devlab grade`: what each submission gets, and what is left behind."""

from __future__ import annotations

import csv
import html
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from helpers.grading.record import Batch, Record
from helpers.grading.report import document
from helpers.labs import load_lab
from helpers.labs.build import solution_sources
from tests.grading.engine.corpus import LAB, SENT
from tests.grading.engine.needs import drawn, given
from tests.grading.engine.watched import GRADE, ROOT, Ended, watched

pytestmark = pytest.mark.slow

SEED, CPU_S, MEMORY_MB = 5, 1.0, 400
LIMITS = ("--seed", str(SEED), "--jobs", "2", "--cpu-limit", str(CPU_S), "--memory-limit", str(MEMORY_MB))
WRITTEN = {"results.csv", "results.json", "summary.html", "similar.csv", "feedback", "run.json", ".marks"}


@dataclass(frozen=True)
class Run:
    """One run over the corpus: where its results are, how it ended, and the repository before and after."""

    out: Path
    temporary: Path
    ended: Ended
    batch: Batch
    before: list[str]
    after: list[str]

    def record(self, name: str) -> Record:
        [found] = [one for one in self.batch.records if one.file.split("/")[1] == SENT[name].file]
        return found


def handed_in(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names or SENT:
        (folder / SENT[name].file).write_bytes(SENT[name].data)
    return folder


def repository() -> list[str]:
    """The names of the files that a submission may wish to change, and the text of one that it tries to."""
    names = [str(path) for name in ("helpers", f"labs/{LAB}") for path in (ROOT / name).rglob("*")]
    return [
        *sorted(name for name in names if "__pycache__" not in name),
        (ROOT / "helpers/__init__.py").read_text(encoding="utf-8"),
    ]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("corpus")
    sent, out, temporary = handed_in(folder / "sent"), folder / "out", folder / "temporary"
    temporary.mkdir()
    before = repository()
    ended = watched(*GRADE, LAB, str(sent), "--out", str(out), *LIMITS, temporary=temporary)
    batch = document.from_json((out / "results.json").read_text(encoding="utf-8"))
    return Run(out, temporary, ended, batch, before, repository())


def test_every_submission_gets_the_state_the_points_and_the_reason_that_it_has_to(run: Run) -> None:
    wrong = []
    for name, sent in SENT.items():
        got = run.record(name)
        if (got.state, got.total) != (sent.state, sent.total) or sent.reason not in got.reason:
            wrong.append((name, (sent.state, sent.total, sent.reason), (got.state, got.total, got.reason)))
    assert wrong == []


def test_every_submission_is_in_the_results_once(run: Run) -> None:
    with (run.out / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [*csv.DictReader(file)]
    assert sorted(row["student"] for row in rows) == sorted(one.student for one in run.batch.records)
    assert len(rows) == len(SENT)
    assert run.batch.unmatched == []
    assert {row["isolation"] for row in rows} == {"full"}


def test_none_takes_more_than_its_own_limit(run: Run) -> None:
    """A cell may run on for the limit and the grace, once as it is and once with its task; the rest is honest work."""
    slow = {one.file: one.seconds for one in run.batch.records if one.seconds > 2 * (CPU_S + 1) + 4}
    assert slow == {}
    assert run.ended.lasted_s < 3 * len(SENT)


def test_nothing_is_left_behind(run: Run) -> None:
    assert run.ended.left == []
    assert [*run.temporary.iterdir()] == []
    assert run.after == run.before
    assert {path.name for path in run.out.iterdir()} == WRITTEN
    assert {path.stat().st_mode & 0o077 for path in run.out.rglob("*") if path.is_file()} == {0}


def test_nothing_that_a_submission_says_reaches_the_terminal(run: Run) -> None:
    lines = run.ended.said.splitlines()
    assert run.ended.code == 0
    assert [line for line in lines if "\x1b" in line or "Traceback" in line or "Error" in line] == []
    assert len(lines) < 60


def test_an_honest_mark_does_not_depend_on_the_company(run: Run, tmp_path: Path) -> None:
    honest = ("right", "wrong", "partly")
    sent, out = handed_in(tmp_path / "sent", *honest), tmp_path / "out"
    assert watched(*GRADE, LAB, str(sent), "--out", str(out), *LIMITS, temporary=tmp_path).code == 0
    alone = document.from_json((out / "results.json").read_text(encoding="utf-8"))
    for record in alone.records:
        [beside] = [one for one in run.batch.records if one.file == record.file]
        assert replace(record, seconds=0) == replace(beside, seconds=0)


def test_no_page_and_no_record_tells_what_was_drawn(run: Run) -> None:
    """Numbers and texts that stand in the released lab or in the student's own notebook are no secret."""
    lab = load_lab(LAB)
    own = json.dumps([json.loads((lab.folder / name).read_text(encoding="utf-8")) for name in ("lab.ipynb",)])
    own += (lab.folder / "lab.yaml").read_text(encoding="utf-8")
    secret = {one for one in drawn(lab, SEED) | given(lab, SEED, solution_sources(lab)) if one not in own}
    assert len(secret) > 20
    told = []
    pages = [*(run.out / "feedback").iterdir(), run.out / "results.csv", run.out / "summary.html"]
    records = {one.file: json.dumps(one.to_json()) for one in run.batch.records}
    texts = {path.name: html.unescape(path.read_text(encoding="utf-8")) for path in pages} | records
    for name, text in texts.items():
        words = set(re.findall(r"\w+", text))
        told += [(name, one) for one in secret if (one in words if one.isalnum() else one in text)]
    assert told == []
