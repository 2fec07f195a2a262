"""After a corrected check: what is marked again, what is kept, and every mark that moved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.grading.record import Batch, CheckRecord, Record, State, TaskRecord
from helpers.grading.regrade import Move, fingerprint, kept_beside, moved, moves_csv, moves_text, stale


def task(name: str, **earned: float) -> TaskRecord:
    checks = tuple(
        CheckRecord(
            check, check, 2, points, "passed" if points else "failed", "" if points else f"{check} failed."
        )
        for check, points in earned.items()
    )
    return TaskRecord(name, name, 2 * len(checks), sum(earned.values()), checks=checks)


def record(student: str, *tasks: TaskRecord, **more: object) -> Record:
    total = sum(one.earned or 0 for one in tasks)
    base = Record(student, "18_sqs", State.GRADED, "namespaces", total, 8, "", student, 1.0, 1, "f", tasks)
    return replace(base, **more)


def batch(*records: Record) -> Batch:
    return Batch("18_sqs", "SQS lab", 1, 8, ("queues", "worker"), list(records))


def test_every_mark_that_moved_and_no_other() -> None:
    manual = TaskRecord("why", "Why", 3, None, manual=True)
    old = batch(
        record("bo", task("queues", once=2, kept=0), task("worker", late=2)),
        record("ada", task("queues", once=2, kept=2), manual),
        record("cy", task("queues", once=0, kept=0)),
        record("gone", task("queues", once=2)),
    )
    new = batch(
        record("bo", task("queues", once=0, kept=2, again=0), task("worker")),
        record("ada", task("queues", once=2, kept=2), replace(manual, earned=2)),
        record("cy", task("queues", once=0, kept=0)),
        record("fresh", reason="Nothing was run."),
    )
    moves = moved(old, new)
    assert moves == [
        Move("ada", "why", "", None, 2, ""),
        Move("bo", "queues", "once", 2, 0, "once failed."),
        Move("bo", "queues", "kept", 0, 2, ""),
        Move("bo", "queues", "again", None, 0, "again failed."),
        Move("bo", "worker", "late", 2, None, "the check is gone"),
        Move("fresh", "", "", None, 0, "Nothing was run."),
        Move("gone", "", "", 2, None, ""),
    ]
    assert moves_text(moves).splitlines()[:3] == [
        "7 marks of 4 students moved: 2 up, 5 down.",
        "  ada, why: no mark -> 2",
        "  bo, queues.once: 2 -> 0: once failed.",
    ]
    assert moves_csv(moves[:2]) == (
        "\ufeffstudent,task,check,before,after,reason\r\nada,why,,,2,\r\nbo,queues,once,2,0,once failed.\r\n"
    )
    assert moved(new, new) == []
    assert moves_text([]) == "No mark moved."


def test_a_name_is_no_formula() -> None:
    assert "\r\n'=1+1,queues" in moves_csv([Move("=1+1", "queues", "", 1, 2)])


points = st.sampled_from([0.0, 1.0, 2.0])
checks = st.dictionaries(st.sampled_from(["once", "kept", "late"]), points)


@given(st.lists(st.tuples(checks, checks), max_size=3))
def test_the_moves_of_the_checks_explain_the_totals(
    pairs: list[tuple[dict[str, float], dict[str, float]]],
) -> None:
    old = batch(*(record(f"s{place}", task("queues", **was)) for place, (was, _) in enumerate(pairs)))
    new = batch(*(record(f"s{place}", task("queues", **now)) for place, (_, now) in enumerate(pairs)))
    for was, now in zip(old.records, new.records, strict=True):
        mine = [move for move in moved(old, new) if move.student == was.student]
        assert sum((move.after or 0) - (move.before or 0) for move in mine) == now.total - was.total


def test_old_results_get_one_free_number() -> None:
    names = ["results.csv", "results.json"]
    assert kept_beside(names, []) == {"results.csv": "results-1.csv", "results.json": "results-1.json"}
    present = ["results.csv", "results-1.csv", "results-10.json", "results-x.csv", "other-11.csv"]
    assert kept_beside(names, present) == {"results.csv": "results-11.csv", "results.json": "results-11.json"}


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    (tmp_path / "lab.yaml").write_text("id: x")
    (tmp_path / "checks.py").write_text("pass")
    return tmp_path


def test_the_fingerprint_moves_with_what_marks_depend_on(lab: Path) -> None:
    prints = [fingerprint(lab, "1"), fingerprint(lab, "2")]
    (lab / "lab.ipynb").write_text("generated")
    assert fingerprint(lab, "1") == prints[0]
    for name in ("checks.py", "lab.yaml", "source.ipynb"):
        (lab / name).write_text("changed")
        prints.append(fingerprint(lab, "1"))
    extra = lab / "extra"
    extra.mkdir()
    (extra / "checks.py").write_text("changed")
    prints.append(fingerprint(lab, "1", extra=extra))
    assert len(set(prints)) == len(prints)


def test_only_what_another_check_marked_is_marked_again() -> None:
    records = [record("a"), record("b"), record("c"), record("d", state=State.UNREADABLE)]
    assert stale(records, {"a": "new", "b": "old", "d": "old"}, "new") == [records[1], records[2]]
