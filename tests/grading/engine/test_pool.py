"""Marking side by side: a defect of the grader costs one submission at most, and is said."""

from __future__ import annotations

from itertools import groupby

import pytest

from helpers.grading.record import State
from helpers.labs import load_lab
from helpers.labs.build import released_sources, solution_sources
from tests.grading.engine.marker import SECRET, left_after, marked

pytestmark = pytest.mark.slow

LAB = load_lab("18_sqs")
SOLVED, RELEASED = solution_sources(LAB), released_sources(LAB)
BROKEN = "The grader itself failed on this submission; it is to be marked by hand, and the failure reported."
WORKS = [
    {"student": "ada", "file": "ada.ipynb", "sha256": "1", "sources": SOLVED},
    {"student": "bo", "file": "bo.ipynb", "sha256": "2", "sources": RELEASED},
    {"student": "cy", "file": "cy.ipynb", "sha256": "3", "sources": {**SOLVED, "send": RELEASED["send"]}},
]


@pytest.mark.parametrize(
    ("how", "state", "total", "reason"),
    [
        ("raises", State.NEEDS_MANUAL, 16, "The check of “Send the orders” itself failed: mark that by hand"),
        ("dies", State.NEEDS_MANUAL, 0, BROKEN),
        ("hoards", State.DIED, 0, "took too much memory"),
        ("computes", State.TIMEOUT, 0, "took too much processor time"),
    ],
)
def test_a_check_that_fails_costs_only_who_comes_to_it(
    how: str, state: State, total: float, reason: str
) -> None:
    records = {one.student: one for one in marked(WORKS, broken=how)}
    ada = records["ada"]
    assert (ada.state, ada.total) == (state, total)
    assert reason in ada.reason
    assert {name: (one.state, one.total) for name, one in records.items() if name != "ada"} == {
        "bo": (State.GRADED, 0), "cy": (State.GRADED, 16),
    }  # fmt: skip
    if how == "raises":
        [note] = ada.notes
        assert note.startswith("ZeroDivisionError was raised at marker.py:")
    assert SECRET not in str(ada.to_json())


@pytest.mark.parametrize("jobs", [0, 3])
def test_everybody_is_marked_once_however_many_side_by_side(jobs: int) -> None:
    many = [{**WORKS[1], "student": f"student {number}"} for number in range(7)]
    records = marked(many, jobs=jobs)
    assert sorted(one.student for one in records) == [one["student"] for one in many]


def test_nobody_to_mark_is_no_error() -> None:
    assert marked([]) == []


def test_who_stops_early_leaves_no_process() -> None:
    assert left_after(1, WORKS * 2, jobs=3) == 0


def test_a_fork_marks_several_until_one_ends_out_of_the_ordinary() -> None:
    names = [f"student {number:02}" for number in range(22)]
    states = {**dict.fromkeys(names, "graded"), names[1]: "partial", names[2]: "timeout", names[3]: "died"}
    many = [{**WORKS[1], "student": name} for name in names]
    records = marked(many, jobs=1, states=states)
    assert [one.student for one in records] == names
    turns = [len(list(turn)) for _, turn in groupby(one.reason for one in records)]
    assert turns == [3, 1, 8, 8, 2]  # at most eight; the third and the fourth were the last of their forks
    assert len({one.reason for one in records}) == len(turns)
