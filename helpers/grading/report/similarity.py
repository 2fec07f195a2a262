"""similar.csv: pairs of submissions whose code is suspiciously alike. Evidence for a person; it never changes a mark.

For each task, the solution cells are compared with one another and with the published solution. Not compared is
what everyone was given (the released code), what many of the class wrote (a few lines of a task have one natural
form), and a cell with too little left after that. What remains is compared twice: as written, and with every name
that a student chose replaced, since renaming is the first thing that a copier does.

The score of a pair is the share of the smaller one's fingerprints (`fingerprints`) that the other has too, so code
pasted into a longer cell still scores 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from helpers.grading.record import Batch
from helpers.grading.report.fingerprints import NOISE, Tokens, every_run, fingerprints, tokens
from helpers.grading.report.table import csv_text, guarded

if TYPE_CHECKING:
    import numpy as np

PUBLISHED: Final = "(published solution)"
"""Stands in the column `other` for the solution that everyone can read."""

SAME: Final = 0.6
"""A pair is listed if so much of the code is the same as written,"""

RENAMED: Final = 0.8
"""or so much once the names are replaced."""

FEWEST: Final = 8
"""Fingerprints that a cell must have: some 40 tokens, five lines, of its own."""

COMMON: Final = 0.2
"""What more than this share of the class has, and more than FRIENDS, is the task's natural form, not a copy."""

FRIENDS: Final = 5
"""So many students may share a copy in a class of any size."""

COLUMNS: Final = ("one", "other", "task", "same", "renamed", "lines_one", "lines_other", "fragment")
"""The columns of similar.csv.

`same` and `renamed` are the two scores, 0 to 1; `lines_one` and `lines_other` where the shared code stands, as lines of
the solution cells; `fragment` the longest shared piece, on one line.
"""


@dataclass(frozen=True)
class Pair:
    """Two submissions that are alike in a task; the fields are the columns of similar.csv."""

    one: str
    other: str
    task: str
    same: float
    renamed: float
    lines_one: str
    lines_other: str
    fragment: str


@dataclass(frozen=True)
class _Cell:
    """A solution cell: who wrote it, its tokens and source, and its two sets of fingerprints, as hash -> place."""

    who: str
    source: str
    tokens: Tokens
    exact: dict[int, int]
    renamed: dict[int, int]


def sources_of(batch: Batch) -> dict[str, dict[str, str]]:
    """The code of each submission's tasks, as `similar` takes it: student -> task -> source."""
    return {
        record.student: {task.id: task.code for task in record.tasks if not task.manual}
        for record in batch.records
    }


def similar(
    sources: Mapping[str, Mapping[str, str]],
    released: Mapping[str, str],
    solution: Mapping[str, str],
) -> list[Pair]:
    """The pairs that are alike, the most alike first.

    `sources` are student -> task -> source of the solution cell; `released` and `solution` are task -> source.
    """
    tasks = sorted({task for cells in sources.values() for task in cells})
    pairs: list[Pair] = []
    for task in tasks:
        given = tokens(released.get(task, ""))
        known = every_run(given.exact), every_run(given.renamed)
        cells = [_cell(who, cells[task], known) for who, cells in sorted(sources.items()) if task in cells]
        published = [_cell(PUBLISHED, solution[task], known)] if solution.get(task) else []
        pairs += _pairs(task, cells, published)
    return sorted(pairs, key=lambda pair: (-pair.same, -pair.renamed, pair.one, pair.other, pair.task))


def to_csv(pairs: Sequence[Pair]) -> str:
    """The text of similar.csv, written as results.csv is (see `table`)."""
    rows = [
        [
            guarded(pair.one),
            guarded(pair.other),
            pair.task,
            f"{pair.same:.2f}",
            f"{pair.renamed:.2f}",
            pair.lines_one,
            pair.lines_other,
            guarded(pair.fragment),
        ]
        for pair in pairs
    ]
    return csv_text(COLUMNS, rows)


def _cell(who: str, source: str, known: tuple[set[int], set[int]]) -> _Cell:
    """The cell without what was given."""
    found = tokens(source)
    exact = {mark: place for mark, place in fingerprints(found.exact).items() if mark not in known[0]}
    renamed = {mark: place for mark, place in fingerprints(found.renamed).items() if mark not in known[1]}
    return _Cell(who, source, found, exact, renamed)


def _pairs(task: str, cells: list[_Cell], published: list[_Cell]) -> list[Pair]:
    """The pairs of a task. What is common in the class counts against the published solution, not among classmates."""
    import numpy as np

    everyone = [*cells, *published]
    if len(everyone) < 2:
        return []
    same = _scores([cell.exact for cell in everyone], len(cells))
    renamed = _scores([cell.renamed for cell in everyone], len(cells))
    alike = np.triu((same >= SAME) | (renamed >= RENAMED), k=1)
    return [
        _pair(task, everyone[one], everyone[other], float(same[one, other]), float(renamed[one, other]))
        for one, other in np.argwhere(alike).tolist()
    ]


def _scores(marks: list[dict[int, int]], class_size: int) -> np.ndarray[Any, Any]:
    """The score of each pair: shared fingerprints by the fewer of the two; 0 for a cell with too few.

    The first `class_size` are the class; one more is the published solution.
    """
    import numpy as np

    column = {mark: place for place, mark in enumerate(sorted({mark for one in marks for mark in one}))}
    present = np.zeros((len(marks), len(column)), dtype=np.float32)
    for place, one in enumerate(marks):
        present[place, [column[mark] for mark in one]] = 1
    often = present[:class_size].sum(axis=0) > max(float(FRIENDS), COMMON * class_size)
    own = np.where(often, np.float32(0), present)
    scores = _shares(own)
    if len(marks) > class_size:
        scores[:class_size, class_size:] = _shares(present)[:class_size, class_size:]
    return scores


def _shares(present: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    import numpy as np

    sizes = present.sum(axis=1)
    fewer = np.minimum.outer(sizes, sizes)
    common = present[:, present.sum(axis=0) > 1]  # most fingerprints are one student's own, and share nothing
    shared = common @ common.T
    shares: np.ndarray[Any, Any] = np.where(fewer >= FEWEST, shared / np.maximum(fewer, 1), 0)
    return shares


def _pair(task: str, one: _Cell, other: _Cell, same: float, renamed: float) -> Pair:
    by_name = same >= SAME
    mine, yours = (one.exact, other.exact) if by_name else (one.renamed, other.renamed)
    shared = mine.keys() & yours.keys()
    lines_one = _lines(one, [mine[mark] for mark in shared])
    lines_other = _lines(other, [yours[mark] for mark in shared])
    first, last = max(lines_one, key=lambda run: (run[1] - run[0], -run[0]))
    fragment = " ".join(" ".join(one.source.split("\n")[first - 1 : last]).split())
    return Pair(
        one.who,
        other.who,
        task,
        round(same, 4),
        round(renamed, 4),
        _said(lines_one),
        _said(lines_other),
        fragment[:300],
    )


def _lines(cell: _Cell, places: list[int]) -> list[tuple[int, int]]:
    """The runs of lines on which the fingerprints at these places stand, first and last line of each."""
    runs: list[tuple[int, int]] = []
    lines = cell.tokens.lines
    for place in sorted(places):
        first, last = lines[place], lines[min(place + NOISE, len(lines)) - 1]
        if runs and first <= runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], max(runs[-1][1], last))
        else:
            runs.append((first, last))
    return runs


def _said(runs: list[tuple[int, int]]) -> str:
    """Runs of lines in words: 3 to 14 and 20 (a spreadsheet would take 3-14 for a day in March)."""
    return " and ".join(str(first) if first == last else f"{first} to {last}" for first, last in runs)
