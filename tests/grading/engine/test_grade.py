"""`grade`: the seed is kept, what is marked is kept, and what cannot be marked is refused in one sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from helpers.grading import grade as grading
from helpers.grading.grade import Assignment, Refused, Unsafe, counted, grade, require_sound
from helpers.grading.limits import Limits
from helpers.grading.mark import Work
from helpers.grading.progress import Progress
from helpers.grading.record import State
from helpers.grading.sandbox import Isolation
from helpers.grading.store import Store
from helpers.labs import LabError, failed, load_lab
from tests.grading.engine.corpus import SENT
from tests.grading.engine.pretended import Pretended


class Silent(Progress):
    """Shows nothing."""

    def marked(self, record: Any) -> None:
        """Nobody looks."""


@pytest.fixture(autouse=True)
def nobody_seen() -> Iterator[None]:
    Pretended.seen.clear()
    yield
    Pretended.ends_after = 10**6


@pytest.fixture
def assignment(tmp_path: Path) -> Assignment:
    sent = tmp_path / "sent"
    sent.mkdir()
    for name in ("right", "blank", "cells_deleted", "half_a_file"):
        (sent / SENT[name].file).write_bytes(SENT[name].data)
    return Assignment("18_sqs", (str(sent),), str(tmp_path / "out"), seed=9, jobs=1)


def run(assignment: Assignment, **more: Any) -> Any:
    return grade(assignment, progress=Silent, marker=Pretended, **more)


def test_every_submission_has_a_record_in_the_order_of_the_names(assignment: Assignment) -> None:
    batch, intake = run(assignment)
    assert [(one.student, one.state) for one in batch.records] == [
        ("blank", State.GRADED), ("cells_deleted", State.GRADED), ("half_a_file", State.UNREADABLE),
        ("right", State.GRADED),
    ]  # fmt: skip
    assert (batch.lab, batch.seed, batch.maximum) == ("18_sqs", 9, 20)
    assert batch.tasks == ("queues", "send", "work", "payments", "redrive")
    assert (batch.unmatched, intake.unmatched) == ([], ())
    assert [*counted(batch.records)] == [(State.GRADED, 3), (State.UNREADABLE, 1)]


def test_a_second_run_takes_over_what_is_marked(assignment: Assignment) -> None:
    first, _ = run(assignment)
    Pretended.seen.clear()
    again, _ = run(assignment)
    assert (again, Pretended.seen) == (first, [])
    run(assignment, afresh=True)
    assert sorted(Pretended.seen) == ["blank", "cells_deleted", "half_a_file", "right"]


def test_a_run_that_was_stopped_goes_on_where_it_was(assignment: Assignment) -> None:
    Pretended.ends_after = 2
    with pytest.raises(KeyboardInterrupt):
        run(assignment)
    Pretended.ends_after = 10**6
    batch, _ = run(assignment)
    assert sorted(Pretended.seen) == sorted(one.student for one in batch.records)


@pytest.mark.parametrize("change", [{"seed": 10}, {"limits": Limits(cpu_s=3)}])
def test_another_basis_marks_again(assignment: Assignment, change: dict[str, Any]) -> None:
    run(assignment)
    Pretended.seen.clear()
    run(replace(assignment, **change))
    assert len(Pretended.seen) == 4


def test_only_a_new_version_of_a_file_is_marked_again(assignment: Assignment) -> None:
    run(assignment)
    Pretended.seen.clear()
    (Path(assignment.submissions[0]) / "blank.ipynb").write_bytes(SENT["right"].data)
    run(assignment)
    assert Pretended.seen == ["blank"]


def test_a_seed_that_was_drawn_is_kept(assignment: Assignment) -> None:
    drawn = replace(assignment, seed=None)
    first, _ = run(drawn)
    assert 0 <= first.seed < 2**31
    assert run(drawn)[0].seed == first.seed
    assert run(replace(drawn, out=f"{assignment.out}2"))[0].seed != first.seed
    assert run(replace(drawn, seed=3))[0].seed == 3
    assert run(drawn)[0].seed == 3


def test_run_json_says_what_was_asked_for(assignment: Assignment, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = Path(assignment.submissions[0])
    monkeypatch.chdir(sent.parent)
    run(replace(assignment, submissions=("sent",)))
    assert Assignment.load(Path(assignment.out)) == assignment
    assert (Path(assignment.out) / "run.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"lab": 5}', '{"submissions": 5, "limits": {}}'])
def test_a_damaged_run_json_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(
        Refused, match=r"is no folder that `devlab grade` wrote: run\.json is missing or damaged"
    ):
        Assignment.load(tmp_path)


def test_what_is_not_there_is_refused(assignment: Assignment, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(Refused, match=r"^There is no nowhere\.$"):
        run(replace(assignment, submissions=("nowhere",)))
    with pytest.raises(Refused, match=r"^There is no submission in .*empty\.$"):
        run(replace(assignment, submissions=(str(empty),)))
    (empty / "readme.txt").write_text("hello")
    with pytest.raises(Refused, match=r"readme\.txt: It is a \.txt file"):
        run(replace(assignment, submissions=(str(empty),)))
    with pytest.raises(LabError, match="18_sqs"):
        run(replace(assignment, lab="18_sqss"))
    assert Pretended.seen == []


def test_where_nothing_can_be_isolated_nothing_is_marked(
    assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        grading, "best_isolation", lambda: Isolation("rlimits-only", "No namespaces. Fix: sudo x.")
    )
    with pytest.raises(
        Unsafe, match=r"No namespaces\. Fix: sudo x\. Grade only work you trust, with --unsafe\.$"
    ):
        grade(assignment)
    assert not Path(assignment.out).exists()
    assert grading.isolate(unsafe=True).level == "rlimits-only"


def test_a_lab_whose_solution_fails_marks_nobody() -> None:
    lab = load_lab("18_sqs")
    send = replace(
        lab.task("send"),
        examine=lambda _bench, _need: [(one.id, failed("no")) for one in lab.task("send").checks],
    )
    broken = replace(lab, tasks=tuple(send if task.id == "send" else task for task in lab.tasks))
    require_sound(lab, 4)
    with pytest.raises(
        Refused, match="The lab's own solution of send fails under this seed, so nobody is marked"
    ):
        require_sound(broken, 4)


def test_a_store_gives_back_what_was_kept_on_the_same_basis(assignment: Assignment, tmp_path: Path) -> None:
    [record, *_] = run(assignment)[0].records
    work = Work(record.student, record.file, record.sha256)
    store = Store(tmp_path / "kept", "a")
    assert store.load(work) is None
    store.save(work, record)
    assert store.load(work) == record
    changes = [
        {"sha256": "0"}, {"student": "x"}, {"file": "x"}, {"late": True}, {"notes": ("x",)}, {"unreadable": "no"},
        {"seed": 1},
    ]  # fmt: skip
    others = [replace(work, **change) for change in changes]
    assert [store.load(one) for one in others] == [None] * len(others)
    assert Store(tmp_path / "kept", "b").load(work) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"tasks": [{}]}', '{"tasks": 5}', "null", "\xff"])
def test_a_damaged_mark_is_marked_again(assignment: Assignment, text: str) -> None:
    run(assignment)
    Pretended.seen.clear()
    [path, *_] = sorted((Path(assignment.out) / ".marks").iterdir())
    path.write_text(text, encoding="latin-1")
    batch, _ = run(assignment)
    assert len(Pretended.seen) == 1
    assert len(batch.records) == 4
    assert json.loads(path.read_text(encoding="utf-8"))["lab"] == "18_sqs"


def test_no_name_stands_in_what_is_kept(assignment: Assignment) -> None:
    batch, _ = run(assignment)
    kept = " ".join(path.read_text() for path in (Path(assignment.out) / ".marks").iterdir())
    assert [one.student for one in batch.records if one.student in kept] == []
