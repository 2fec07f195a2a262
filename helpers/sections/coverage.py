"""Coverage: which facts the cells of a notebook teach, counted from their metadata."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from helpers.sections.facts import Fact


@dataclass(frozen=True)
class Coverage:
    """`taught` maps a fact's id to the ids of the cells that teach it; `missing` are taught nowhere;
    `unknown` are no facts.
    """

    taught: Mapping[str, tuple[str, ...]]
    missing: tuple[str, ...]
    unknown: tuple[str, ...]


def taught(notebook: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Fact id -> ids of the cells whose metadata lists it under "facts". `notebook` is the parsed .ipynb
    file.
    """
    cells: dict[str, list[str]] = {}
    for cell in notebook["cells"]:
        for fact in cell.get("metadata", {}).get("facts", ()):
            cells.setdefault(fact, []).append(cell["id"])
    return {fact: tuple(ids) for fact, ids in cells.items()}


def coverage(notebook: Mapping[str, Any], facts: Iterable[Fact]) -> Coverage:
    """How the cells of a parsed .ipynb file cover `facts`."""
    found = taught(notebook)
    known = [fact.id for fact in facts]
    return Coverage(
        {fact: found[fact] for fact in known if fact in found},
        tuple(fact for fact in known if fact not in found),
        tuple(fact for fact in found if fact not in known),
    )
