"""Answers in words: a sheet without names, marks merged back, and nothing that was filled in is lost."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.grading.gradebook import GradebookError
from helpers.grading.manual import COLUMNS, Question, export, merge_manual, questions_of
from helpers.grading.record import Batch, Record, State, TaskRecord
from helpers.labs import Lab, Task

RUBRIC = ("Nothing of a run.", "A symptom.", "The call.", "The call and the rule <behind> it.")
WHY = Question("why", "Why it came twice", 3, RUBRIC, "Which call?", "*Your answer*")
COST = Question("cost", "What it costs", 2, RUBRIC, "How much?", "")
QUESTIONS = (WHY, COST)


def sha(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def record(student: str, why: str, cost: str = "Nothing.", **more: object) -> Record:
    tasks = (
        TaskRecord("queues", "Queues", 5, 5),
        TaskRecord("why", WHY.title, 3, None, manual=True, answer=why),
        TaskRecord("cost", COST.title, 2, None, manual=True, answer=cost),
    )
    base = Record(
        student,
        "18_sqs",
        State.NEEDS_MANUAL,
        "namespaces",
        5,
        10,
        "",
        sha(student),
        1.0,
        1,
        f"{student}.ipynb",
        tasks,
    )
    return replace(base, **more)


def batch(*records: Record) -> Batch:
    return Batch("18_sqs", "SQS lab", 1, 10, ("queues", "why", "cost"), list(records))


def rows(table: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.removeprefix("\ufeff"))))


def filled(table: str, **marks: dict[str, str]) -> bytes:
    """The table with cells set by student: `ada={"why.level": "3"}`."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    for row in rows(table):
        for student, cells in marks.items():
            if sha(student).startswith(row["submission"]):
                row |= {
                    name.split(".")[1]: value
                    for name, value in cells.items()
                    if name.startswith(row["task"] + ".")
                }
        writer.writerow(row)
    return text.getvalue().encode()


def test_one_question_after_the_other_and_nobody_is_named() -> None:
    made = export(
        batch(
            record("ada", "Receive at 30 s."), record("bo", " *Your \n answer* "), record("cy", "=1+1", "")
        ),
        QUESTIONS,
    )
    names = {student: sha(student)[:8] for student in ("ada", "bo", "cy")}
    expected = [("why", names[one], text) for one, text in (("ada", "Receive at 30 s."), ("cy", "'=1+1"))]
    expected += [("cost", names[one], "Nothing.") for one in ("ada", "bo")]
    expected.sort(key=lambda row: (row[0] != "why", row[1]))
    assert [(row["task"], row["submission"], row["answer"]) for row in rows(made.table)] == expected
    assert (made.waiting, made.untouched) == (4, 2)
    for student in ("ada", "bo"):
        assert student not in made.table.replace(names[student], "")
        assert f">{student}" not in made.page
    assert made.page.index(WHY.title) < made.page.index("Receive at 30 s.") < made.page.index(COST.title)


def test_marks_come_back_by_level_or_points() -> None:
    sent = batch(record("ada", "Receive."), record("bo", "*Your answer*"), record("cy", "Delete."))
    sheet = filled(
        export(sent, QUESTIONS).table,
        ada={"why.level": "2", "cost.points": "1,5", "why.comment": "Good eye."},
        bo={"cost.level": "3"},
        cy={"why.points": "0"},
    )
    merged, problems = merge_manual(sent, sheet, QUESTIONS)
    assert problems == ()
    ada, bo, cy = merged.records
    assert [task.earned for task in ada.tasks] == [5, 2, 1.5]
    assert (ada.total, ada.state) == (8.5, State.GRADED)
    assert ada.notes == ("why: level 2 of 3, 2 of 3 points. Good eye.", "cost: 1.5 of 2 points.")
    assert [task.earned for task in bo.tasks] == [5, 0, 2]
    assert (bo.total, bo.state) == (7, State.GRADED)
    assert bo.notes == ("why: the answer is as it was released.", "cost: level 3 of 3, 2 of 2 points.")
    assert [task.earned for task in cy.tasks] == [5, 0, None]
    assert (cy.total, cy.state) == (5, State.NEEDS_MANUAL)
    assert merge_manual(merged, sheet, QUESTIONS) == (merged, ())


def test_what_was_filled_in_stays_when_the_sheet_is_written_again() -> None:
    sent = batch(record("ada", "Receive."), record("bo", "Send."))
    first = filled(
        export(sent, QUESTIONS).table, ada={"why.level": "2", "why.comment": "-ish"}, bo={"cost.points": "1"}
    )
    later = batch(record("ada", "Receive."), record("cy", "Late."))
    again = export(later, QUESTIONS, first)
    kept = {
        (row["task"], row["submission"]): (row["level"], row["points"], row["comment"])
        for row in rows(again.table)
    }
    assert kept == {
        ("why", sha("ada")[:8]): ("2", "", "-ish"),
        ("why", sha("cy")[:8]): ("", "", ""),
        ("cost", sha("ada")[:8]): ("", "", ""),
        ("cost", sha("cy")[:8]): ("", "", ""),
        ("why", sha("bo")[:8]): ("", "", ""),
        ("cost", sha("bo")[:8]): ("", "1", ""),
    }
    assert "Marked: level 2, -ish" in again.page
    assert export(later, QUESTIONS, again.table.encode()) == again
    with pytest.raises(GradebookError, match="lacks the column task"):
        export(later, QUESTIONS, b"a,b\n")


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ("why,{ada},4,,,", "'4' is no level; they are 0 to 3."),
        ("why,{ada},1.5,,,", "'1.5' is no level; they are 0 to 3."),
        ("why,{ada},,3.5,,", "'3.5' is not between 0 and 3 points."),
        ("why,{ada},,lots,,", "'lots' is not between 0 and 3 points."),
        ("why,{ada},1,3,,", "level 1 earns 1 points, and the row says 3; leave one of them empty."),
        ("how,{ada},1,,,", "there is no question 'how'; there is why, cost."),
        ("why,ffffffff,1,,,", "no submission begins with 'ffffffff'."),
        ("why,,1,,,", "no submission begins with ''."),
    ],
)
def test_a_row_that_cannot_be_followed_is_named_and_marks_nothing(cells: str, problem: str) -> None:
    sent = batch(record("ada", "Receive."))
    data = (",".join(COLUMNS) + "\n" + cells.format(ada=sha("ada")[:8]) + "\n").encode()
    assert merge_manual(sent, data, QUESTIONS) == (sent, (f"Row 2 of manual.csv does not count: {problem}",))


def test_no_sheet_yet_still_settles_what_nobody_wrote() -> None:
    sent = batch(record("ada", "", "  "))
    merged, problems = merge_manual(sent, b"", QUESTIONS)
    assert problems == ()
    assert (merged.records[0].total, merged.records[0].state) == (5, State.GRADED)
    assert merge_manual(sent, b"a;b\n1;2\n", QUESTIONS)[1] == (
        f"manual.csv does not count. The file lacks the column task; it needs {', '.join(COLUMNS)}.",
    )


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)


@given(st.text(max_size=60))
def test_a_hostile_answer_is_text_on_the_page_and_comes_back_marked(answer: str) -> None:
    sent = batch(record("ada", answer, ""))
    made = export(sent, (WHY,))
    parser, plain = Tags(), Tags()
    parser.feed(made.page)
    plain.feed(export(batch(record("ada", "words" if answer.split() else answer, "")), (WHY,)).page)
    assert parser.seen == plain.seen
    marked, problems = merge_manual(sent, filled(made.table, ada={"why.level": "3"}), (WHY,))
    assert problems == ()
    assert marked.records[0].tasks[1].earned == (3 if made.waiting else 0)


def test_the_questions_of_a_lab_come_with_their_text_and_what_was_released() -> None:
    task = Task("why", WHY.title, (), (), (), manual=True, rubric=RUBRIC, manual_points=3)
    code = Task("queues", "Queues", ("make",), (), ())
    lab = Lab("18_sqs", "SQS lab", 60, (code, task), None)  # type: ignore[arg-type]  # no folder is read
    notebook = {
        "cells": [
            {"id": "why-text", "metadata": {}, "source": ["## Why (3 points)\n", "\n", "Which ", "call?"]},
            {"id": "why", "metadata": {"lab": {"role": "answer", "task": "why"}}, "source": "*Your answer*"},
        ]
    }
    assert questions_of(lab, notebook) == (WHY,)
