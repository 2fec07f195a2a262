"""The record of a submission: every state, what each task says, and what waits for a person."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.grading.record import Record, State
from helpers.labs import load_lab
from helpers.labs.build import released_sources, solution_sources
from tests.grading.engine.marker import marked

pytestmark = pytest.mark.slow

LAB = load_lab("18_sqs")
SOLVED, RELEASED = solution_sources(LAB), released_sources(LAB)


def work(student: str, sources: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "student": student,
        "file": f"{student}.ipynb",
        "sha256": student,
        "sources": sources or {},
        **more,
    }


def without(*tasks: str) -> dict[str, str]:
    return {task: source for task, source in SOLVED.items() if task not in tasks}


@pytest.fixture(scope="module")
def records() -> dict[str, Record]:
    works = [
        work("right", SOLVED, answers={"why": "Because."}, notes=["a note"], late=True),
        work("silent", SOLVED, answers={"why": "  "}),
        work("blank", RELEASED),
        work("missing", without("send"), missing=["send"]),
        work(
            "raises", {**SOLVED, "send": "def send_orders(sqs, queue_url, orders):\n    return {}['nothing']"}
        ),
        work("bad cell", {**SOLVED, "send": "import nothing_like_that"}),
        work("renamed", {**SOLVED, "send": SOLVED["send"].replace("send_orders", "send_them")}),
        work("own seed", SOLVED, seed=77),
        work("no notebook", unreadable="It is a web page."),
    ]
    return {record.student: record for record in marked(works, manual=True)}


def test_right_work_earns_everything_and_its_answer_waits(records: dict[str, Record]) -> None:
    right = records["right"]
    assert (right.state, right.total, right.maximum) == (State.NEEDS_MANUAL, 20, 23)
    assert (right.lab, right.isolation, right.seed, right.late) == ("18_sqs", "full", 5, True)
    assert (right.reason, right.notes) == ("Answers in words wait to be read.", ("a note",))
    assert [task.earned for task in right.tasks] == [4, 4, 4, 4, 4, None]
    assert right.tasks[-1].answer == "Because."
    for task, own in zip(right.tasks, LAB.tasks, strict=False):
        assert (task.id, task.title, task.code, task.problem) == (own.id, own.title, SOLVED[own.id], "")
        assert [(check.id, check.text, check.status) for check in task.checks] == [
            (check.id, check.text, "passed") for check in own.checks
        ]
        assert {check.station for check in task.checks} == {""}
        assert 0 < len(task.trail) <= 200
    assert 0 < right.seconds < 30


def test_an_empty_answer_needs_nobody(records: dict[str, Record]) -> None:
    silent = records["silent"]
    assert (silent.state, silent.reason, silent.tasks[-1].earned) == (State.GRADED, "", 0)


def test_a_blank_notebook_is_graded_with_nothing(records: dict[str, Record]) -> None:
    blank = records["blank"]
    assert (blank.state, blank.total) == (State.GRADED, 0)
    checks = [check for task in blank.tasks for check in task.checks]
    assert {(check.status, check.reason, check.earned) for check in checks} == {("not attempted", "", 0)}
    assert all(check.run or check.station or check.misconception for check in checks)


def test_a_missing_cell_costs_its_task_only(records: dict[str, Record]) -> None:
    missing = records["missing"]
    assert (missing.state, missing.total) == (State.PARTIAL, 16)
    assert missing.reason == f"The notebook lacks the cells of “{LAB.task('send').title}”."
    [task] = [task for task in missing.tasks if task.id == "send"]
    assert (task.earned, task.code, task.problem) == (0, "", "The cell of this task is not in the notebook.")


def test_a_function_that_raises_and_a_cell_that_does(records: dict[str, Record]) -> None:
    title = LAB.task("send").title
    raises, cell, renamed = records["raises"], records["bad cell"], records["renamed"]
    said = "KeyError in send_orders, line 2 (`return {}['nothing']`): 'nothing'"
    assert (raises.state, raises.total, raises.reason) == (
        State.CRASHED, 16, f"Code of “{title}” raised an error: {said}.",
    )  # fmt: skip
    assert {check.status for check in raises.tasks[1].checks} == {"crashed"}
    assert (cell.state, cell.total) == (State.CRASHED, 16)
    assert cell.reason.startswith(
        f"The cell of “{title}” raised an error: ModuleNotFoundError in the cell, line 1"
    )
    assert cell.tasks[1].problem.startswith("ModuleNotFoundError")
    assert (renamed.state, renamed.total) == (State.GRADED, 16)
    assert {check.reason for check in renamed.tasks[1].checks} == {"send_orders is not written yet."}


def test_an_edition_of_ones_own_is_marked_with_its_own_seed(records: dict[str, Record]) -> None:
    assert (records["own seed"].seed, records["own seed"].total) == (77, 20)


def test_what_is_no_notebook_has_a_record_too(records: dict[str, Record]) -> None:
    one = records["no notebook"]
    assert (one.state, one.total, one.maximum, one.tasks, one.seconds) == (State.UNREADABLE, 0, 23, (), 0)
    assert one.reason == "It is a web page."


def test_a_record_survives_json(records: dict[str, Record]) -> None:
    assert [Record.from_json(one.to_json()) for one in records.values()] == [*records.values()]
