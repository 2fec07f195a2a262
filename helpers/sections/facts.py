"""Facts: what a section teaches, each with the AWS page that says so and the day on which it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from helpers.sections import data

LEVELS = ("core", "reference")
VERDICTS = ("holds", "outdated", "wrong", "disputed")


@dataclass(frozen=True)
class Older:
    """What older notes say. `note` tells what became of it: "changed in 2025", "never true" or "disputed:
    ...".
    """

    claim: str
    note: str


@dataclass(frozen=True)
class Show:
    """How a fact is shown: `kind` is experiment, call or cite; `ref` the experiment's id, the call's name, or
    "".
    """

    kind: str
    ref: str = ""


@dataclass(frozen=True)
class Fact:
    """One statement that holds today.

    `level` is core (needed to predict behaviour) or reference; `station` the part of the notebook that
    teaches it. `value` with its `unit` is the number in it, `range` the smallest and the largest value
    allowed. `source` is the AWS page, read on `checked`. `verdict` judges what older notes say; `older`
    repeats it where that does not hold. `skills` are those of the exam.
    """

    id: str
    level: str
    station: str
    statement: str
    source: str
    checked: date
    verdict: str
    show: Show
    skills: tuple[str, ...]
    value: int | float | str | None = None
    unit: str = ""
    range: tuple[int | float | str, int | float | str] | None = None
    older: Older | None = None

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise data.SectionError(
                f"The fact {self.id!r} has the level {self.level!r}; levels are {', '.join(LEVELS)}."
            )
        if self.verdict not in VERDICTS:
            raise data.SectionError(
                f"The fact {self.id!r} has the verdict {self.verdict!r}; verdicts are {', '.join(VERDICTS)}."
            )
        if (self.older is None) != (self.verdict == "holds"):
            raise data.SectionError(
                f"The fact {self.id!r} needs `older` if, and only if, its verdict is not holds."
            )


@cache
def load_facts(section: str) -> tuple[Fact, ...]:
    """The facts of a section ("18_sqs"), in the order of its file. Raises SectionError."""
    return tuple(_fact(entry) for entry in data.read(section, "facts.yaml"))


def find_fact(section: str, id: str) -> Fact:  # noqa: A002 - a fact's name is its id
    """The fact of that id. Raises SectionError with the ids that come close."""
    for fact in load_facts(section):
        if fact.id == id:
            return fact
    raise data.unknown("fact", id, [fact.id for fact in load_facts(section)])


def _fact(entry: Mapping[str, Any]) -> Fact:
    changed: dict[str, Any] = {
        "show": data.made("fact's show of", {**entry.get("show", {})}, Show),
        "skills": tuple(entry.get("skills", ())),
    }
    if "range" in entry:
        changed["range"] = tuple(entry["range"])
    if "older" in entry:
        changed["older"] = data.made("fact's older of", entry["older"], Older)
    fact: Fact = data.made("fact", entry, Fact, **changed)
    return fact
