"""Checks: claims about the learner's own account, judged live in the notebook."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from helpers.cloud import Account, current
from helpers.sections import data


class Status(StrEnum):
    """How far a task is."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_ATTEMPTED = "not attempted"


@dataclass(frozen=True)
class Result:
    """A status and the reason in one sentence: what the account does, or what is still missing."""

    status: Status
    reason: str = ""


def passed(reason: str = "") -> Result:
    """The account does what the task asks."""
    return Result(Status.PASSED, reason)


def failed(reason: str) -> Result:
    """The account does not do it yet; `reason` says what it does instead."""
    return Result(Status.FAILED, reason)


def not_attempted(reason: str = "") -> Result:
    """Nothing of the task is there yet."""
    return Result(Status.NOT_ATTEMPTED, reason)


@dataclass(frozen=True)
class Check:
    """A check of a section.

    `id` ("18_sqs.visibility"); `text` says what the account should do; `look(account)` judges it, by `account.ask`,
    so that looking leaves no row in the trail; `misconceptions` are the ids of the beliefs that a failure points to.
    """

    id: str
    text: str
    look: Callable[[Account], Result]
    misconceptions: tuple[str, ...] = ()

    def judge(self) -> Result:
        """The result for the Cloud that is open now; not attempted if none is."""
        account = current()
        if account is None:
            return not_attempted("No Cloud is open: run the notebook's first code cell.")
        return self.look(account)


def checks_of(section: str) -> tuple[Check, ...]:
    """What `CHECKS` in the section's checks.py names; nothing if there is none. Raises SectionError."""
    data.folder(section)
    name = f"helpers.sections.s{section}.checks"
    if importlib.util.find_spec(name) is None:
        return ()
    found: tuple[Check, ...] = tuple(importlib.import_module(name).CHECKS)
    return found


def find_check(id: str) -> Check:  # noqa: A002 - a check's name is its id
    """The check of that id. Raises SectionError with the ids that come close."""
    checks = checks_of(id.partition(".")[0])
    for one in checks:
        if one.id == id:
            return one
    raise data.unknown("check", id, [one.id for one in checks])
