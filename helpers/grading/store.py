"""What has been marked so far, one file a submission, so that a run that was killed goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

from helpers.grading.mark import Work
from helpers.grading.record import Record
from helpers.grading.report import files

FOLDER = ".marks"
"""Where the files are, in the output folder."""


@dataclass(frozen=True)
class Store:
    """The records of a run in `out`. `basis` is whatever a record depends on beside the submission: the lab's files,
    the seed, the isolation, the limits. No student's name stands in the files, in case pseudonyms are wanted.
    """

    out: Path
    basis: str

    def load(self, work: Work) -> Record | None:
        """The record of the submission, if it was marked on the same basis; None also if its file is damaged."""
        try:
            data = json.loads(self._path(work).read_text(encoding="utf-8"))
            record = Record.from_json(data)
            return replace(record, student=work.student, file=work.file, notes=(*work.notes, *record.notes))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def save(self, work: Work, record: Record) -> None:
        """Keep the record: the file is whole or not there. Whose it is and what came with it, `work` knows."""
        nameless = replace(record, student="", file="", notes=record.notes[len(work.notes) :])
        files.write(self._path(work), json.dumps(nameless.to_json(), ensure_ascii=True))

    def _path(self, work: Work) -> Path:
        key = json.dumps(
            [
                self.basis,
                work.student,
                work.file,
                work.sha256,
                work.late,
                work.notes,
                work.unreadable,
                work.seed,
            ]
        )
        return (
            self.out
            / FOLDER
            / f"{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.json"
        )
