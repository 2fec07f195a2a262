"""The lab as nbgrader has it: valid by its own schema, and marked check by check as here."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from helpers.grading import nbgrader
from helpers.grading.gradebook import GradebookError
from helpers.grading.nbgrader import assert_check, export, from_gradebook, to_gradebook
from helpers.grading.record import Batch, Record, State
from helpers.labs import Lab, load_lab
from helpers.labs.build import released_sources, solution_sources
from helpers.labs.lab import lab_ids

SAMPLE = Path(__file__).resolve().parents[1] / "labs" / "sample"


@pytest.fixture(scope="module")
def lab() -> Lab:
    return load_lab(str(SAMPLE))


def faults(notebook: dict[str, Any]) -> list[str]:
    """What nbgrader refuses in a notebook's metadata, by its documentation of schema version 3."""
    found = []
    seen: set[str] = set()
    for cell in notebook["cells"]:
        mark = cell["metadata"].get("nbgrader")
        if mark is None:
            continue
        name = mark.get("grade_id", "")
        keys = {"schema_version", "grade_id", "grade", "solution", "locked", "task", "cell_type"}
        if set(mark) != keys | ({"points"} if mark["grade"] else set()):
            found.append(f"{name}: keys")
        if mark["schema_version"] != 3 or mark["cell_type"] != cell["cell_type"] or mark["task"]:
            found.append(f"{name}: version, type or task")
        if not re.fullmatch(r"[a-zA-Z0-9_\-]+", name) or name in seen:
            found.append(f"{name}: id")
        seen.add(name)
        if mark["grade"] and not (isinstance(mark["points"], int | float) and mark["points"] >= 0):
            found.append(f"{name}: points")
        if cell["cell_type"] == "markdown" and mark["grade"] != mark["solution"]:
            found.append(f"{name}: a Markdown cell is a grade and a solution cell, or neither")
        if mark["solution"] and mark["locked"]:
            found.append(f"{name}: a solution is locked")
    return found


def released(source: str) -> str:
    """What nbgrader's ClearSolutions and ClearHiddenTests leave of a cell."""
    lines, skip = [], False
    for line in source.split("\n"):
        if "BEGIN SOLUTION" in line:
            indent = line[: len(line) - len(line.lstrip())]
            lines += [indent + stub for stub in nbgrader.STUB.split("\n")]
        skip = skip or "BEGIN SOLUTION" in line or "BEGIN HIDDEN TESTS" in line
        if not skip:
            lines.append(line)
        skip = skip and not ("END SOLUTION" in line or "END HIDDEN TESTS" in line)
    return "\n".join(lines)


def named(notebook: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {cell["id"]: cell for cell in notebook["cells"]}


def test_what_is_exported_is_valid_and_worth_the_same(lab: Lab) -> None:
    for one in (lab, *map(load_lab, lab_ids())):
        notebook = export(one, seed=7)
        assert faults(notebook) == []
        points = [
            cell["metadata"]["nbgrader"].get("points", 0)
            for cell in notebook["cells"]
            if "nbgrader" in cell["metadata"]
        ]
        assert sum(points) == one.points
        assert {
            cell["metadata"]["nbgrader"]["grade_id"] for cell in notebook["cells"]
            if cell["metadata"].get("nbgrader", {}).get("solution")
        } == {task.id for task in one.tasks}  # fmt: skip
        assert json.loads(json.dumps(notebook)) == notebook
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                compile(cell["source"], cell["id"], "exec")
                compile(released(cell["source"]), cell["id"], "exec")


def test_a_check_is_a_test_cell_of_its_own(lab: Lab) -> None:
    cells = named(export(lab, name=str(SAMPLE)))
    assert [one for one in cells if one.startswith("count")] == [
        "count-text", "count", "count-total", "count-limit", "count-try",
    ]  # fmt: skip
    assert cells["count-total"]["metadata"] == {
        "nbgrader": {
            "schema_version": 3, "grade_id": "count-total", "grade": True, "solution": False, "locked": True,
            "task": False, "cell_type": "code", "points": 2,
        }
    }  # fmt: skip
    assert cells["count-total"]["source"] == (
        "# Every word of a text is counted, however many blanks stand around it.\n"
        f'from helpers.grading.nbgrader import assert_check\n\nassert_check("{SAMPLE}", "count", "total")'
    )
    hidden = named(export(lab, seed=7))["count-total"]["source"]
    assert 'assert_check("sample", "count", "total", seed=7)' in hidden
    assert "assert_check(" not in released(hidden)
    assert "{{" not in json.dumps(export(lab, seed=7))


def test_a_broken_system_is_handed_out_and_the_right_one_is_taken_out(lab: Lab) -> None:
    source = named(export(lab))["worker"]["source"]
    assert released(source) == released_sources(lab)["worker"] + "\n\n" + nbgrader.STUB
    assert solution_sources(lab)["worker"] in source
    count = named(export(lab))["count"]["source"]
    assert "BEGIN SOLUTION" in count
    assert nbgrader.STUB.replace("\n", "\n    ") in released(count)


def run(monkeypatch: pytest.MonkeyPatch, *cells: str) -> None:
    """The kernel has run these cells."""
    monkeypatch.setattr(nbgrader, "executed", lambda: list(cells))


@pytest.mark.parametrize("seed", [0, 7])
def test_the_checks_pass_and_fail_as_everywhere(lab: Lab, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    right = solution_sources(lab)
    run(monkeypatch, "import re", *right.values())
    for task in lab.tasks:
        for check in task.checks:
            assert_check(str(SAMPLE), task.id, check.id, seed=seed)
    run(monkeypatch, *right.values(), "def count_words(text, limit):\n    return len(text.split())")
    assert_check(str(SAMPLE), "count", "total", seed=seed)
    with pytest.raises(AssertionError, match="more words than allowed is counted"):
        assert_check(str(SAMPLE), "count", "limit", seed=seed)
    run(monkeypatch, "def count_words(text, limit):\n    return nothing")
    with pytest.raises(AssertionError, match="NameError in count_words, line 2"):
        assert_check(str(SAMPLE), "count", "total", seed=seed)


def test_what_nbgrader_handed_out_is_not_attempted(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = named(export(lab))
    run(monkeypatch, *(released(cells[task.id]["source"]) for task in lab.tasks))
    for task, check in (("count", "total"), ("worker", "emptied")):
        with pytest.raises(AssertionError, match=r"is not written yet\."):
            assert_check(str(SAMPLE), task, check)
    run(monkeypatch)
    with pytest.raises(AssertionError, match=r"is not written yet\."):
        assert_check(str(SAMPLE), "count", "total")


# ---------------------------------------------------------------------------------------------------- the marks

HEAD = ",".join(nbgrader.COLUMNS) + "\n"


def test_marks_come_from_nbgrader_and_a_bare_zero_is_no_mark(lab: Lab) -> None:
    data = HEAD + (
        "sample,,2026-11-20 10:00:00,ada,Lovelace,Ada,,6.0,1.5,4.5,6.0\n"
        "sample,,,bo,,,,3.0,0.0,3.0,6.0\n"
        "sample,,2026-11-20 10:00:00,cy,,,,0.0,0.0,0.0,6.0\n"
        "sample,,,di,,,,0.0,0.0,0.0,6.0\n"
        "sample,,,ed,,,,?,0.0,?,6.0\n"
        "other,,,fay,,,,1.0,0.0,1.0,6.0\n"
    )
    batch = from_gradebook(data.encode(), lab)
    assert [(one.student, one.total, one.maximum, one.late) for one in batch.records] == [
        ("ada", 4.5, 6, True),
        ("bo", 3, 6, False),
        ("cy", 0, 6, False),
    ]
    assert batch.records[0].notes == ("nbgrader took off 1.5 points for being late.",)
    assert batch.unmatched == [
        "di has 0 and no time of submission: nothing came, or nbgrader could not mark it.",
        "Row 6 has no marks for ed: '?'.",
    ]
    assert (batch.lab, batch.maximum, batch.tasks) == ("sample", 6, ("count", "worker"))
    assert [one.student for one in from_gradebook(data.encode(), lab, assignment="other").records] == ["fay"]
    with pytest.raises(GradebookError, match="no marks of an assignment 'lab1'"):
        from_gradebook(data.encode(), lab, assignment="lab1")
    with pytest.raises(GradebookError, match="lacks the column"):
        from_gradebook(b"a,b\n1,2\n", lab)


def test_our_marks_come_back_from_nbgraders_form(lab: Lab) -> None:
    records = [
        Record(name, "sample", State.GRADED, "namespaces", total, 6, "", "ab", 1.0, 1, "f")
        for name, total in (("Doe, Jane", 4.25), ("bo@example.org", 6))
    ]
    text = to_gradebook(Batch("sample", lab.title, 1, 6, ("count", "worker"), records))
    assert text == (
        HEAD.replace("\n", "\r\n") + 'sample,,,"Doe, Jane",,,,4.25,0,4.25,6\r\n'
        "sample,,,bo@example.org,,,bo@example.org,6,0,6,6\r\n"
    )
    back = from_gradebook(text.encode(), lab)
    assert [(one.student, one.total, one.maximum) for one in back.records] == [
        ("Doe, Jane", 4.25, 6),
        ("bo@example.org", 6, 6),
    ]
