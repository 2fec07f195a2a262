"""Claims: named statements from the notes, judged for one run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from helpers.experiments.values import Values

Summary = Mapping[str, int | float | str]
"""The numbers of a run by name; units stand in the names: duplicates, makespan_s, calls_per_h."""


class Measurements(Protocol):
    """What an experiment measures in a trail: a plain dataclass of its own, with a summary."""

    @property
    def summary(self) -> Summary:
        """The numbers to show, compare, sweep and write as JSON."""
        ...


class Verdict(StrEnum):
    """What a run says about a claim."""

    TRUE = "true"
    FALSE = "false"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Finding:
    """A verdict, and one sentence that explains it with the values of the run."""

    verdict: Verdict
    explanation: str


def true(explanation: str) -> Finding:
    """The claim holds for these values."""
    return Finding(Verdict.TRUE, explanation)


def false(explanation: str) -> Finding:
    """The claim does not hold for these values."""
    return Finding(Verdict.FALSE, explanation)


def not_applicable(explanation: str) -> Finding:
    """The claim says nothing about these values."""
    return Finding(Verdict.NOT_APPLICABLE, explanation)


@dataclass(frozen=True)
class Claim:
    """A statement from the notes.

    `text` states it; `facts` are the ids of the facts it rests on; `judge(values, measurements)` gives the
    finding of one run; `holds_when` says in plain words where it holds, and `range(values)` says the same
    exactly: within it the verdict is never false, and is true wherever the claim says something. A property
    test looks for a counterexample there.
    """

    id: str
    text: str
    facts: tuple[str, ...]
    judge: Callable[[Values, Any], Finding]
    holds_when: str
    range: Callable[[Values], bool]
