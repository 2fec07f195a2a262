"""`--pseudonyms`: names that stand for students in every output but the gradebook.

A pseudonym is the start of an HMAC-SHA256 of the student's key under a key of the instructor's, so it is the same in
every run and every lab, and nobody without the key can find it out by trying names.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from helpers.grading.record import Batch, CheckRecord, Record, TaskRecord
from helpers.grading.report.files import FILE_MODE, create, make_folder
from helpers.grading.report.table import csv_text, guarded

KEY_BYTES: Final = 32

Hide = Callable[[str], str]

_DIGITS: Final = 8
"""40 bits: among 1,000 students two have the same one in a run of two million."""


class KeyFileError(ValueError):
    """The key file cannot be used; the message is one sentence."""


def key_from(path: Path) -> bytes:
    """The key in the file at `path`, which is made, private to the user, if it is not there.

    A key that others can read is made private too. Raises KeyFileError if the file is shorter than KEY_BYTES.
    """
    make_folder(path.parent)
    key = secrets.token_bytes(KEY_BYTES)
    if create(path, key):
        return key
    path.chmod(FILE_MODE)
    key = path.read_bytes()
    if len(key) < KEY_BYTES:
        raise KeyFileError(
            f"The key file {path.name} holds {len(key)} bytes, not {KEY_BYTES}; delete it to have a new one made "
            "(then every pseudonym changes)."
        )
    return key


class Pseudonyms:
    """The pseudonyms under one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, student: str) -> str:
        """The pseudonym of a student: "s-" and eight letters and digits, such as s-k3v7m2qa."""
        mark = hmac.new(self._key, student.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
        return f"s-{base64.b32encode(mark).decode().lower()[:_DIGITS]}"

    def disguise(self, batch: Batch) -> Batch:
        """The batch with pseudonyms for students.

        A student's name and file also go from every sentence, from their code, output and answers, as far as they stand
        there in full. What matched nothing becomes a pseudonym of its own, since its sentence names a file.
        """
        return replace(
            batch,
            records=[self._record(record) for record in batch.records],
            unmatched=[self.unmatched(sentence) for sentence in batch.unmatched],
        )

    def unmatched(self, sentence: str) -> str:
        """What stands for a sentence on something that matched no student or no lab."""
        return f"{self.of(sentence)} matched no student or no lab; names.csv says what it is."

    def names(self, batch: Batch) -> str:
        """The text of names.csv, which says who is who: keep it apart. Of the batch with the true names."""
        known = {self.of(record.student): (record.student, record.file) for record in batch.records}
        known |= {self.of(sentence): (sentence, "") for sentence in batch.unmatched}
        rows = ([one, guarded(student), guarded(file)] for one, (student, file) in sorted(known.items()))
        return csv_text(("pseudonym", "student", "file"), rows)

    def _record(self, record: Record) -> Record:
        one = self.of(record.student)
        hidden = _names(record)

        def hide(text: str) -> str:
            return hidden.sub(one, text) if hidden else text

        return replace(
            record,
            student=one,
            file=f"{one}.ipynb",
            reason=hide(record.reason),
            notes=tuple(map(hide, record.notes)),
            tasks=tuple(_task(task, hide) for task in record.tasks),
        )


def _names(record: Record) -> re.Pattern[str] | None:
    """What names the student in a text: the file's path, name and stem, and the student's name; the longest first.

    A name of fewer than three letters would be found inside words; a lab's own file name names nobody.
    """
    name = record.file.rpartition("/")[2]
    words: Iterable[str] = {record.student, record.file, name, name.rpartition(".")[0]}
    found = sorted(
        (word for word in words if len(word) > 2 and word.lower() not in _NOBODY), key=len, reverse=True
    )
    if not found:
        return None
    return re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in found), re.IGNORECASE)


_NOBODY: Final = frozenset(
    {"lab", "lab.ipynb", "solution", "solution.ipynb", "submission", "submission.ipynb"}
)


def _task(task: TaskRecord, hide: Hide) -> TaskRecord:
    return replace(
        task,
        code=hide(task.code),
        output=hide(task.output),
        answer=hide(task.answer),
        problem=hide(task.problem),
        checks=tuple(_check(check, hide) for check in task.checks),
    )


def _check(check: CheckRecord, hide: Hide) -> CheckRecord:
    return replace(check, reason=hide(check.reason))
