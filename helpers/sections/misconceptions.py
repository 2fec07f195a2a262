"""Misconceptions: what learners believe, why it seems right, what is true, and the run that refutes it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from helpers.sections import data

OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
"""How `Refutation` compares a number of the summary with its value."""


@dataclass(frozen=True)
class Refutation:
    """What a run must show: a number of its summary (`summary`, `op`, `value`), or a claim's `verdict`.

    `value` may also be the name of another number of the summary.
    """

    summary: str = ""
    op: str = ""
    value: int | float | str | None = None
    claim: str = ""
    verdict: str = ""

    def __post_init__(self) -> None:
        by_number = bool(self.summary and self.op in OPERATORS and self.value is not None)
        by_claim = bool(self.claim and self.verdict)
        if by_number == by_claim:
            raise data.SectionError(
                f"A refutation needs summary, op ({', '.join(OPERATORS)}) and value, "
                f"or else claim and verdict; not {self}."
            )

    def shown(self, summary: Mapping[str, Any], verdicts: Mapping[str, str]) -> bool:
        """Whether a run with this summary and these verdicts (claim id -> "true", "false" ...) shows it.

        Raises SectionError if the run measures nothing of that name.
        """
        if self.claim:
            if self.claim not in verdicts:
                raise data.unknown("claim", self.claim, list(verdicts))
            return verdicts[self.claim] == self.verdict
        if self.summary not in summary:
            raise data.unknown("number of the summary", self.summary, list(summary))
        bound = summary.get(self.value, self.value) if isinstance(self.value, str) else self.value
        return OPERATORS[self.op](summary[self.summary], bound)


@dataclass(frozen=True)
class Misconception:
    """A belief in the learner's words.

    `facts` are ids of what is true; `run` is the run string of an experiment that shows it, judged by
    `refuted_by`. Both are absent for a belief about the course itself, which no experiment can show.
    """

    id: str
    belief: str
    seems_right: str
    truth: str
    facts: tuple[str, ...] = ()
    run: str = ""
    refuted_by: Refutation | None = None


@cache
def load_misconceptions(section: str) -> tuple[Misconception, ...]:
    """The misconceptions of a section ("18_sqs"), in the order of its file. Raises SectionError."""
    return tuple(_misconception(entry) for entry in data.read(section, "misconceptions.yaml"))


def find_misconception(section: str, id: str) -> Misconception:  # noqa: A002 - a misconception's name is its id
    """The misconception of that id. Raises SectionError with the ids that come close."""
    for one in load_misconceptions(section):
        if one.id == id:
            return one
    raise data.unknown("misconception", id, [one.id for one in load_misconceptions(section)])


def _misconception(entry: Mapping[str, Any]) -> Misconception:
    changed: dict[str, Any] = {"facts": tuple(entry.get("facts", ()))}
    if "refuted_by" in entry:
        changed["refuted_by"] = data.made("refutation of", entry["refuted_by"], Refutation)
    one: Misconception = data.made("misconception", entry, Misconception, **changed)
    return one
