"""What a check found out about the student's work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """How a check of a task ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_ATTEMPTED = "not attempted"
    CRASHED = "crashed"


@dataclass(frozen=True)
class Finding:
    """A status, the reason in one sentence in the student's terms, and the place where the trail departs.

    `at_s` is the virtual instant, and `actor` the lane, of the row of the trail that shows the departure; None where no
    single row does. A reason names what the student's system did, never a number or a text that was drawn for it.
    """

    status: Status
    reason: str = ""
    at_s: float | None = None
    actor: str | None = None
    trial: int | None = None
    """Which of the bench's trials it is about; `examine` fills it in."""


def passed(reason: str = "") -> Finding:
    """The system does what the check asks."""
    return Finding(Status.PASSED, reason)


def failed(reason: str, row: Any = None) -> Finding:
    """It does not; `reason` says what it does instead. `row` is the `CallRow` that shows it, if one does."""
    if row is None:
        return Finding(Status.FAILED, reason)
    return Finding(Status.FAILED, reason, round(float(row.start_s), 3), str(row.actor))


def not_attempted(reason: str = "") -> Finding:
    """Nothing of the task is there yet."""
    return Finding(Status.NOT_ATTEMPTED, reason)


def crashed(reason: str) -> Finding:
    """The student's code raised, ran out of time, or ended the process."""
    return Finding(Status.CRASHED, reason)


Findings = Mapping[str, Finding]
"""The finding of each check of a task, by the check's id."""
