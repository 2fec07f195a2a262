"""Pseudonyms are stable, secret without the key, and stand wherever the name stood."""

from __future__ import annotations

import csv
import io
import re
import stat
from dataclasses import replace
from pathlib import Path

import pytest
import report_samples as samples
from hypothesis import given
from hypothesis import strategies as st

from helpers.grading.record import Batch
from helpers.grading.report import document, feedback, pseudonyms, summary, table
from helpers.grading.report.pseudonyms import KeyFileError, Pseudonyms, key_from

KEY = bytes(range(32))
NAMED = Pseudonyms(KEY)


def test_a_pseudonym_is_the_same_in_every_run_and_every_lab() -> None:
    assert NAMED.of("Jane Doe") == Pseudonyms(bytes(range(32))).of("Jane Doe") == "s-fsncjxfv"
    assert NAMED.of("Jane Doe") != Pseudonyms(bytes(32)).of("Jane Doe")


@given(st.text(st.characters()))
def test_a_pseudonym_has_one_shape(student: str) -> None:
    assert re.fullmatch("s-[a-z2-7]{8}", NAMED.of(student))


def test_five_thousand_students_have_as_many_pseudonyms() -> None:
    assert len({NAMED.of(f"student {place}") for place in range(5_000)}) == 5_000


def test_the_key_file_is_made_once_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "pseudonyms.key"
    key = key_from(path)
    assert (len(key), stat.S_IMODE(path.stat().st_mode)) == (32, 0o600)
    path.chmod(0o644)
    assert key_from(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert key_from(tmp_path / "other.key") != key


def test_a_key_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pseudonyms.key"
    path.write_bytes(b"short")
    with pytest.raises(KeyFileError, match=r"The key file pseudonyms.key holds 5 bytes, not 32; delete it"):
        key_from(path)
    assert path.read_bytes() == b"short"


def everything(batch: Batch) -> str:
    """All outputs of a batch of one."""
    [record] = batch.records
    pages = feedback.page(record, samples.LAB) + summary.page(batch, samples.LAB)
    return document.to_json(batch) + table.to_table(batch) + pages


def test_a_disguised_record_names_nobody_anywhere() -> None:
    tasks = tuple(
        replace(
            task,
            code=f"# by jane doe\n{task.code}",
            output="Hello, Jane Doe!",
            answer="I, JANE DOE, ...",
            problem="Jane Doe's cell raised",
            checks=tuple(replace(check, reason=samples.WRONG.file) for check in task.checks),
        )
        for task in samples.WRONG.tasks
    )  # fmt: skip
    record = replace(
        samples.WRONG,
        reason="Jane Doe did it",
        notes=("see Jane Doe_12345_assignsubmission_file_/lab.ipynb",),
        tasks=tasks,
    )
    batch = replace(samples.BATCH, records=[record])
    disguised = NAMED.disguise(batch)
    [one] = disguised.records
    name = NAMED.of("Jane Doe")
    assert (one.student, one.file, one.reason, one.notes) == (
        name,
        f"{name}.ipynb",
        f"{name} did it",
        (f"see {name}",),
    )
    assert one.tasks[0].output == f"Hello, {name}!"
    text = everything(disguised)
    for secret in ("jane", "12345", "peter", "pan.ipynb"):
        assert secret not in text.lower()
    assert record.student == "Jane Doe"


def test_marks_code_and_trail_stay() -> None:
    [one] = NAMED.disguise(replace(samples.BATCH, records=[samples.RIGHT])).records
    assert replace(one, student=samples.RIGHT.student, file=samples.RIGHT.file) == samples.RIGHT


@pytest.mark.parametrize("file", ["x/lab.ipynb", "lab.ipynb"])
def test_the_labs_own_file_name_is_no_name(file: str) -> None:
    record = replace(
        samples.RIGHT, student="Al", file=file, reason="Also a lab.ipynb of this lab in x/lab.ipynb"
    )
    [one] = NAMED.disguise(replace(samples.BATCH, records=[record])).records
    expected = {"x/lab.ipynb": f"Also a lab.ipynb of this lab in {one.student}", "lab.ipynb": record.reason}
    assert one.reason == expected[file]


def test_names_csv_says_who_is_who() -> None:
    batch = replace(samples.BATCH, records=[samples.WRONG, samples.HOSTILE])
    lines = list(csv.reader(io.StringIO(NAMED.names(batch).removeprefix("\ufeff"), newline="")))
    assert lines[0] == ["pseudonym", "student", "file"]
    known = {line[0]: line[1:] for line in lines[1:]}
    assert known[NAMED.of("Jane Doe")] == ["Jane Doe", samples.WRONG.file]
    assert known[NAMED.of(samples.HOSTILE.student)][0].startswith("'=HYPERLINK(")
    assert known[NAMED.of(samples.BATCH.unmatched[0])] == ["Peter Pan.ipynb is a notebook of no lab.", ""]
    assert NAMED.disguise(batch).unmatched == [
        f"{NAMED.of(samples.BATCH.unmatched[0])} matched no student or no lab; names.csv says what it is."
    ]
    assert lines[1:] == sorted(lines[1:])


def test_the_key_has_as_many_bytes_as_the_hash() -> None:
    assert pseudonyms.KEY_BYTES == 32
