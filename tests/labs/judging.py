"""How a lab judges a cell, for the tests of all labs."""

from __future__ import annotations

from collections.abc import Mapping

from helpers.labs import PRACTICE_SEED, Finding, Lab, Status
from helpers.labs.build import released_sources, solution_sources
from helpers.labs.practice import examine_here


def found(lab: Lab, task: str, source: str, seed: int = PRACTICE_SEED) -> Mapping[str, Finding]:
    """The findings if `source` is the cell of `task`."""
    sources = {**solution_sources(lab), task: source}
    return examine_here(lab, task, sources, released_sources(lab), seed)


def statuses(findings: Mapping[str, Finding]) -> set[Status]:
    return {finding.status for finding in findings.values()}
