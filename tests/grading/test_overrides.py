"""A person's word counts last, says who and why, and a bad row is named and changes nothing."""

from __future__ import annotations

import copy
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from helpers.grading.overrides import Override, merge_overrides, read_overrides, with_points
from helpers.grading.record import Batch, Record, State, TaskRecord

POINTS = {"queues": 6.0, "worker": 4.0, "why": 3.0}


def record(student: str, *earned: float | None, state: State = State.GRADED) -> Record:
    tasks = tuple(
        TaskRecord(task, task, POINTS[task], points, manual=task == "why")
        for task, points in zip(POINTS, earned, strict=False)
    )
    total = sum(points or 0 for points in earned)
    return Record(student, "18_sqs", state, "namespaces", total, 13, "", "ab", 1.0, 1, "f", tasks)


def batch(*records: Record) -> Batch:
    return Batch("18_sqs", "SQS lab", 1, 13, tuple(POINTS), list(records))


HEAD = "student,task,points,reason,by\n"


def test_an_override_counts_and_says_who_and_why() -> None:
    old = batch(record("ada", 2, 4, 1), record("bo", 6, 4, 3))
    kept = copy.deepcopy(old)
    read = read_overrides(f'\ufeff{HEAD}ADA,queues,"4,5",ran on her machine,Prof. Li\n'.encode(), old, POINTS)
    assert (read.problems, read.rows) == (
        (), (Override("ada", "queues", 4.5, "ran on her machine", "Prof. Li", 2),),
    )  # fmt: skip
    new = merge_overrides(old, read.rows, POINTS)
    note = "queues: 4.5 of 6 points, set by Prof. Li: ran on her machine"
    ada = new.records[0]
    assert [task.earned for task in ada.tasks] == [4.5, 4, 1]
    assert (ada.total, ada.reason, ada.notes, ada.state) == (9.5, note, (note,), State.GRADED)
    assert new.records[1] == old.records[1]
    assert old == kept
    assert merge_overrides(new, read.rows, POINTS) == new


def test_bad_rows_are_named_and_the_others_count() -> None:
    rows = """\
zoe,queues,1,x,y
ada,tables,1,x,y
ada,queues,many,x,y
ada,queues,7,x,y
ada,queues,-1,x,y
ada,queues,nan,x,y
ada,queues,1,,y
ada,queues,1,x,
,,,,
ada,queues,1,x,y
ada,worker,3,x,y
Ada,queues,2,second look,y
"""
    read = read_overrides((HEAD + rows).encode(), batch(record("ada", 2, 4, 1)), POINTS)
    start = "of overrides.csv does not count:"
    assert read.problems == (
        f"Row 2 {start} there is no submission by zoe.",
        f"Row 3 {start} there is no task 'tables'; the tasks are queues, worker, why.",
        f"Row 4 {start} 'many' is no number of points.",
        f"Row 5 {start} 7 points are not between 0 and 6, the most for queues.",
        f"Row 6 {start} -1 points are not between 0 and 6, the most for queues.",
        f"Row 7 {start} 'nan' is no number of points.",
        f"Row 8 {start} it gives no reason.",
        f"Row 9 {start} it does not say by whom.",
        "Row 13 of overrides.csv replaces row 11, for the same student and task.",
    )
    assert read.rows == (
        Override("ada", "worker", 3, "x", "y", 12),
        Override("ada", "queues", 2, "second look", "y", 13),
    )


def test_a_file_without_the_columns_is_one_sentence() -> None:
    read = read_overrides(b"student;task;points;by\nada;queues;1;me\n", batch(record("ada", 1)), POINTS)
    assert read.rows == ()
    said = "overrides.csv does not count. The file lacks the column reason; it needs student, task, points, reason, by."
    assert read.problems == (said,)


def test_a_task_that_the_record_lacks_is_added() -> None:
    unreadable = record("ada", state=State.UNREADABLE)
    new = merge_overrides(batch(unreadable), [Override("ada", "worker", 4, "shown in class", "Li")], POINTS)
    assert new.records[0].tasks == (TaskRecord("worker", "worker", 4, 4),)
    assert (new.records[0].total, new.records[0].state) == (4, State.UNREADABLE)


def test_a_mark_for_the_last_open_question_makes_the_submission_graded() -> None:
    waiting = record("ada", 2, 4, None, state=State.NEEDS_MANUAL)
    assert with_points(waiting, "queues", 3, 6).state is State.NEEDS_MANUAL
    done = with_points(replace(waiting, reason="Answers wait."), "why", 3, 3)
    assert (done.state, done.reason, done.total) == (State.GRADED, "", 9)
    crashed = record("ada", 2, 4, None, state=State.CRASHED)
    assert with_points(replace(crashed, reason="It raised."), "why", 3, 3).reason == "It raised."
    assert with_points(crashed, "why", 3, 3).state is State.CRASHED


quarters = st.integers(0, 12).map(lambda number: number / 4)


@given(
    st.tuples(quarters, quarters, st.none() | quarters),
    st.dictionaries(st.sampled_from(list(POINTS)), quarters),
)
def test_the_total_is_always_the_sum_of_the_tasks(
    earned: tuple[float, float, float | None], chosen: dict[str, float]
) -> None:
    overrides = [Override("ada", task, points, "x", "y") for task, points in chosen.items()]
    merged = merge_overrides(batch(record("ada", *earned)), overrides, POINTS).records[0]
    assert merged.total == sum(task.earned or 0 for task in merged.tasks)
    assert {task.id: task.earned for task in merged.tasks} == dict(zip(POINTS, earned)) | chosen


@given(st.binary(max_size=80))
def test_any_file_gives_sentences_and_never_an_exception(data: bytes) -> None:
    assert read_overrides(data, batch(record("ada", 1)), POINTS).rows == ()
    read_overrides(HEAD.encode() + data, batch(record("ada", 1)), POINTS)
