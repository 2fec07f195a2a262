"""Replacing parts of moto, botocore and the standard library, each with its reason.

A new version that no longer has what is replaced is found out at import, by name, not by a lesson that
quietly changes. tests/cloud/mock/test_touches.py has a canary for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Touch:
    """One replaced attribute: `owner.name`, and why."""

    owner: str
    name: str
    reason: str


TOUCHES: list[Touch] = []
"""Everything that was replaced, in order."""


def replace(owner: Any, name: str, replacement: Any, *, because: str) -> Any:
    """Put `replacement` in the place of `owner.name`; returns what was there.

    Raises ImportError if the owner has no such attribute: the installed version is not the one this was
    written for.
    """
    where = (
        f"{owner.__module__}.{owner.__qualname__}"
        if isinstance(owner, type)
        else getattr(owner, "__name__", str(owner))
    )
    if not hasattr(owner, name):
        raise ImportError(
            f"{where} has no {name!r} any more, so it fails that {because}. Install the pinned versions."
        )
    original = getattr(owner, name)
    TOUCHES.append(Touch(where, name, because))
    setattr(owner, name, replacement)
    return original
