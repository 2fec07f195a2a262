"""From records to files: results, pages, the summary, sheets for people, and the platform's own gradebook.

What people wrote is merged in here and is never rewritten: `manual.csv` (marks of answers in words) and
`overrides.csv`, the last word. So delivering again, with nothing to mark, brings an edited file into the results.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from helpers.experiments.words import plural
from helpers.grading.gradebook import Filled, GradebookError, Who, feedback_zip, fill
from helpers.grading.intake import Roster
from helpers.grading.manual import Question, export, merge_manual, questions_of
from helpers.grading.overrides import merge_overrides, read_overrides
from helpers.grading.record import Batch
from helpers.grading.report import document, feedback, files, similarity, summary, table
from helpers.grading.report.pseudonyms import Pseudonyms, key_from
from helpers.labs import Lab
from helpers.labs.build import released_sources, solution_sources

RESULTS, DOCUMENT, SUMMARY, SIMILAR = "results.csv", "results.json", "summary.html", "similar.csv"
FEEDBACK, FEEDBACK_ZIP = "feedback", "feedback.zip"
MANUAL, MANUAL_PAGE, OVERRIDES = "manual.csv", "manual.html", "overrides.csv"
NAMES, NAMES_KEY, MOVED = "names.csv", "names.key", "moved.csv"


@dataclass(frozen=True)
class Delivery:
    """What was written: the batch as it counts, what the gradebook took, and sentences for whoever grades."""

    batch: Batch
    filled: Filled | None
    said: tuple[str, ...]


def deliver(
    batch: Batch,
    lab: Lab,
    out: Path,
    *,
    pseudonyms: bool = False,
    gradebook: Path | None = None,
    column: str = "",
    roster: Roster | None = None,
) -> Delivery:
    """Write everything into `out`, each file whole and private to the user.

    With `pseudonyms` no name stands in any file but names.csv, the filled gradebook and the zip that goes with it; nor
    do those count that the grader keeps for itself (.marks, run.json) and those that people write.
    Raises GradebookError for a gradebook that cannot be filled, KeyFileError, OSError.
    """
    batch, said = merged(batch, lab, out)
    shown = batch
    if pseudonyms:
        names = Pseudonyms(key_from(out / NAMES_KEY))
        shown = names.disguise(batch)
        files.write(out / NAMES, names.names(batch))
    else:
        (out / NAMES).unlink(missing_ok=True)
    pages = [feedback.page(record, lab) for record in shown.records]
    names_of_pages = [files.page_name(record) for record in shown.records]
    for name, page in zip(names_of_pages, pages, strict=True):
        files.write(out / FEEDBACK / name, page)
    _remove_stale(out / FEEDBACK, set(names_of_pages))
    files.write(out / RESULTS, table.to_table(shown))
    files.write(out / DOCUMENT, document.to_json(shown))
    pairs = similarity.similar(similarity.sources_of(shown), released_sources(lab), solution_sources(lab))
    files.write(out / SIMILAR, similarity.to_csv(pairs))
    files.write(out / SUMMARY, summary.page(shown, lab, pairs))
    said += _manual_sheet(shown, lab, out)
    filled = None
    if gradebook is not None:
        filled = fill(gradebook.read_bytes(), batch, column=column, people=people(roster))
        name = f"{gradebook.stem}-filled{gradebook.suffix}"
        files.write(out / name, filled.data)
        if shown is not batch:  # the platform knows its students by their names
            pages = [feedback.page(record, lab) for record in batch.records]
        by_file = {record.file: page for record, page in zip(batch.records, pages, strict=True)}
        files.write(out / FEEDBACK_ZIP, feedback_zip(by_file))
        said.append(
            f"{plural(filled.count, 'mark')} in {name}; the pages for the students are in {FEEDBACK_ZIP}."
        )
        said += [*filter(None, [filled.scale]), *filled.left, *filled.replaced]
    return Delivery(batch, filled, tuple(said))


def require_gradebook(gradebook: Path, lab: Lab, column: str = "") -> None:
    """Find out before anything is marked whether a gradebook can be filled. Raises GradebookError."""
    try:
        data = gradebook.read_bytes()
    except OSError as error:
        raise GradebookError(f"The gradebook {gradebook} cannot be read: {error.strerror}.") from error
    fill(data, Batch(lab.id, lab.title, 0, lab.points, ()), column=column)


def pseudonymous(out: Path) -> bool:
    """Whether the results in `out` have pseudonyms."""
    return (out / NAMES).is_file()


def merged(batch: Batch, lab: Lab, out: Path) -> tuple[Batch, list[str]]:
    """The batch with what people decided: manual.csv, then overrides.csv. And a sentence for each row that does not
    count.
    """
    said: list[str] = []
    questions = _questions(lab)
    if questions:
        written = (out / MANUAL).read_bytes() if (out / MANUAL).is_file() else b""
        batch, problems = merge_manual(batch, written, questions)
        said += problems
    if (out / OVERRIDES).is_file():
        points = {task.id: task.points for task in lab.tasks}
        overrides = read_overrides((out / OVERRIDES).read_bytes(), batch, points)
        batch = merge_overrides(batch, overrides.rows, points)
        said += overrides.problems
    return batch, said


def people(roster: Roster | None) -> Mapping[str, Who]:
    """What the roster knows of each student, as the gradebook asks for it."""
    if roster is None:
        return {}
    return {
        student.key: Who(
            moodle=tuple(filter(None, (student.moodle,))),
            canvas=tuple(filter(None, (student.canvas,))),
            login=tuple(filter(None, (student.login, student.id))),
            email=tuple(filter(None, (student.email,))),
            name=tuple(filter(None, (student.name,))),
        )
        for student in roster.students
    }


def _manual_sheet(batch: Batch, lab: Lab, out: Path) -> list[str]:
    questions = _questions(lab)
    if not questions:
        return []
    filled = (out / MANUAL).read_bytes() if (out / MANUAL).is_file() else b""
    sheet = export(batch, questions, filled)
    files.write(out / MANUAL, sheet.table)
    files.write(out / MANUAL_PAGE, sheet.page)
    if not sheet.waiting:
        return []
    waiting = "1 answer in words waits" if sheet.waiting == 1 else f"{sheet.waiting} answers in words wait"
    return [f"{waiting} in {MANUAL}; then run the same command again."]


def _questions(lab: Lab) -> tuple[Question, ...]:
    if not any(task.manual for task in lab.tasks):
        return ()
    notebook = json.loads((lab.folder / "lab.ipynb").read_text(encoding="utf-8"))
    return questions_of(lab, notebook)


def _remove_stale(folder: Path, names: set[str]) -> None:
    """Pages of an earlier run that nobody has any more: a name that was disguised since, a submission that is gone."""
    for path in folder.glob("*.html"):
        if path.name not in names:
            path.unlink()
