"""What the calls of a trail consumed, as their replies say it, and items made to measure."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

from helpers.experiments import CallRow

KB = 1024
READ_BYTES = 4 * KB
"""What one read unit covers. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""
WRITE_BYTES = KB
"""What one write unit covers; the same page."""


class Units(NamedTuple):
    """Capacity units of one call: those of the table, and of each global index by its name."""

    table: float
    indexes: dict[str, float]

    @property
    def total(self) -> float:
        """Table and indexes together."""
        return self.table + sum(self.indexes.values())


def units(row: CallRow) -> Units:
    """The ConsumedCapacity of a reply, added up where it has one entry for each table.

    Indexes stand apart only if the call asked for ReturnConsumedCapacity=INDEXES. A refused call has no units.
    """
    consumed = row.response.get("ConsumedCapacity") or []
    of_table, of_indexes = 0.0, dict[str, float]()
    for one in consumed if isinstance(consumed, list) else [consumed]:
        total = one["CapacityUnits"]
        for name, index in (one.get("GlobalSecondaryIndexes") or {}).items():
            of_indexes[name] = of_indexes.get(name, 0.0) + index["CapacityUnits"]
            total -= index["CapacityUnits"]
        of_table += total
    return Units(of_table, of_indexes)


def text_item(size_bytes: int, **texts: str) -> dict[str, Any]:
    """An item of the attributes `texts` and of exactly `size_bytes` bytes: an attribute called body fills it up.

    Names and values are ASCII, so a character is a byte.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    filled = sum(len(name) + len(text) for name, text in texts.items()) + len("body")
    return {name: {"S": text} for name, text in {**texts, "body": _filler(size_bytes - filled)}.items()}


@functools.lru_cache(maxsize=32)
def _filler(length: int) -> str:
    """One text for all items of a size: a trail holds each of them."""
    return "x" * length


def count(number: float) -> str:
    """A number of units as people write it: 24, 0.5, 12,000."""
    return f"{number:,.0f}" if number == round(number) else f"{number:,.1f}"


def kilobytes(size_kb: float) -> str:
    """A size in KB: 6 KB, 4.5 KB."""
    return f"{size_kb:,.2f}".rstrip("0").rstrip(".") + " KB"
