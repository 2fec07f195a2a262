"""From records to files: what a person decided counts, and names stand where they may."""

from __future__ import annotations

import csv
import io
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.grading.deliver import deliver
from helpers.grading.gradebook import GradebookError
from helpers.grading.record import Batch, CheckRecord, Record, State, TaskRecord
from helpers.labs import Lab, Task, load_lab

NAMES = ("Zoë Ångström", "Bo Berg")
GRADEBOOK = (
    'Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Grade can be changed"\r\n'
    '"Participant 101","Zoë Ångström",z@example.org,Submitted,,23.00,Yes\r\n'
    '"Participant 102","Bo Berg",b@example.org,Submitted,,23.00,Yes\r\n'
).encode()


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """Lab 18 with a question."""
    course = load_lab("18_sqs")
    folder = tmp_path / "18_sqs"
    shutil.copytree(course.folder, folder)
    notebook = json.loads((folder / "lab.ipynb").read_text(encoding="utf-8"))
    about = {"lab": {"role": "answer", "task": "why"}}
    notebook["cells"].append(
        {"cell_type": "markdown", "id": "why", "metadata": about, "source": "*Your answer*"}
    )
    (folder / "lab.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    why = Task("why", "Why a queue", (), (), (), manual=True, manual_points=3, rubric=("0", "1", "2", "3"))
    return replace(course, folder=folder, tasks=(*course.tasks, why))


@pytest.fixture
def batch(lab: Lab) -> Batch:
    """One of two answered the question; the other's queues are wrong."""
    records = []
    for place, name in enumerate(NAMES):
        tasks = [
            TaskRecord(
                task.id, task.title, task.points, task.points,
                checks=tuple(CheckRecord(one.id, one.text, one.points, one.points, "passed") for one in task.checks),
                code=f"def {task.id}():\n    return {place}",
            )
            for task in lab.tasks if not task.manual
        ]  # fmt: skip
        answer = "" if place else "Because it waits."
        tasks.append(TaskRecord("why", "Why a queue", 3, 0 if place else None, manual=True, answer=answer))
        records.append(
            Record(
                name, lab.id, State.GRADED if place else State.NEEDS_MANUAL, "full", 20, 23, "", str(place) * 64,
                1.0, 9, f"{name}_{place}_assignsubmission_file/lab.ipynb", tuple(tasks),
            )
        )  # fmt: skip
    return Batch(lab.id, lab.title, 9, 23, tuple(task.id for task in lab.tasks), records)


def table(path: Path) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))]


def test_everything_is_written_and_private(batch: Batch, lab: Lab, tmp_path: Path) -> None:
    out = tmp_path / "out"
    delivery = deliver(batch, lab, out)
    assert delivery.batch == batch
    assert delivery.filled is None
    assert delivery.said == ("1 answer in words waits in manual.csv; then run the same command again.",)
    assert sorted(path.name for path in out.iterdir()) == [
        "feedback", "manual.csv", "manual.html", "results.csv", "results.json", "similar.csv", "summary.html",
    ]  # fmt: skip
    assert len([*(out / "feedback").iterdir()]) == 2
    assert {path.stat().st_mode & 0o077 for path in out.rglob("*")} == {0}
    assert [(row["student"], row["state"], row["total"]) for row in table(out / "results.csv")] == [
        ("Zoë Ångström", "needs-manual", "20"), ("Bo Berg", "graded", "20"),
    ]  # fmt: skip


def test_delivering_again_changes_no_byte(batch: Batch, lab: Lab, tmp_path: Path) -> None:
    out = tmp_path / "out"
    deliver(batch, lab, out)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    deliver(batch, lab, out)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_marks_of_answers_come_back_and_an_override_has_the_last_word(
    batch: Batch, lab: Lab, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    deliver(batch, lab, out)
    [row] = [row for row in table(out / "manual.csv") if row["answer"].strip()]
    written = io.StringIO()
    writer = csv.DictWriter(written, [*row])
    writer.writeheader()
    writer.writerow({**row, "points": "2"})
    (out / "manual.csv").write_text(written.getvalue(), encoding="utf-8")
    overrides = "student,task,points,reason,by\nBo Berg,send,1,copied,Ada\nBo Berg,nothing,1,x,Ada\n"
    (out / "overrides.csv").write_text(overrides, encoding="utf-8")
    delivery = deliver(batch, lab, out)
    assert [(one.student, one.state, one.total) for one in delivery.batch.records] == [
        ("Zoë Ångström", State.GRADED, 22), ("Bo Berg", State.GRADED, 17),
    ]  # fmt: skip
    [said] = [said for said in delivery.said if "overrides.csv" in said]
    assert said.startswith(
        "Row 3 of overrides.csv does not count: there is no task 'nothing'; the tasks are queues,"
    )
    assert (out / "overrides.csv").read_text(encoding="utf-8") == overrides
    [kept] = [one for one in table(out / "manual.csv") if one["answer"].strip()]
    assert kept["points"] == "2"


def test_with_pseudonyms_names_stand_only_where_they_must(batch: Batch, lab: Lab, tmp_path: Path) -> None:
    out, gradebook = tmp_path / "out", tmp_path / "grades.csv"
    gradebook.write_bytes(GRADEBOOK)
    deliver(batch, lab, out)
    delivery = deliver(batch, lab, out, pseudonyms=True, gradebook=gradebook)
    assert delivery.filled is not None
    named = {
        path.name
        for path in out.rglob("*")
        if path.is_file() and any(name in path.read_bytes().decode("utf-8", "replace") for name in NAMES)
    }
    assert named == {"names.csv", "grades-filled.csv", "feedback.zip"}
    assert not [path for path in out.rglob("*") if "berg" in path.name.lower()]
    assert len([*(out / "feedback").iterdir()]) == 2
    again = [row["student"] for row in table(out / "results.csv")]
    deliver(batch, lab, out, pseudonyms=True)
    assert [row["student"] for row in table(out / "results.csv")] == again


def test_the_gradebook_comes_back_filled_in_with_a_zip_of_pages(
    batch: Batch, lab: Lab, tmp_path: Path
) -> None:
    out, gradebook = tmp_path / "out", tmp_path / "grades.csv"
    gradebook.write_bytes(GRADEBOOK)
    deliver(batch, lab, out, gradebook=gradebook)
    assert [(row["Full name"], row["Grade"]) for row in table(out / "grades-filled.csv")] == [
        ("Zoë Ångström", ""), ("Bo Berg", "20"),
    ]  # fmt: skip
    assert gradebook.read_bytes() == GRADEBOOK
    with zipfile.ZipFile(out / "feedback.zip") as pages:
        assert len(pages.namelist()) == 2
        assert all(b"<html" in pages.read(name) for name in pages.namelist())


def test_what_is_no_gradebook_is_refused(batch: Batch, lab: Lab, tmp_path: Path) -> None:
    gradebook = tmp_path / "grades.csv"
    gradebook.write_text("nothing of the kind")
    with pytest.raises(GradebookError):
        deliver(batch, lab, tmp_path / "out", gradebook=gradebook)


def test_a_page_that_nobody_has_any_more_goes(batch: Batch, lab: Lab, tmp_path: Path) -> None:
    out = tmp_path / "out"
    deliver(batch, lab, out)
    (out / "feedback" / "mine.txt").write_text("mine")
    deliver(replace(batch, records=batch.records[:1]), lab, out)
    assert sorted(path.suffix for path in (out / "feedback").iterdir()) == [".html", ".txt"]
