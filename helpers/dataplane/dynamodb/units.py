"""Read and write capacity units for sizes in bytes.

AWS: GUIDE/read-write-operations.html. Sizes are rounded up before anything is multiplied.
"""

from __future__ import annotations

from enum import StrEnum

from helpers.dataplane.dynamodb.limits import READ_BYTES, WRITE_BYTES


class Consistency(StrEnum):
    """How a read is made; it decides what 4 KB cost."""

    EVENTUAL = "eventual"
    STRONG = "strong"
    TRANSACTIONAL = "transactional"


_PER_4_KB = {Consistency.EVENTUAL: 0.5, Consistency.STRONG: 1.0, Consistency.TRANSACTIONAL: 2.0}


def read_units(size_bytes: int, consistency: Consistency = Consistency.EVENTUAL) -> float:
    """Units to read `size_bytes` in one go: an item, or all items of one page of a query or scan together.

    A read that finds nothing costs as much as the smallest one.
    """
    return max(1, -(-size_bytes // READ_BYTES)) * _PER_4_KB[consistency]


def write_units(size_bytes: int, *, transactional: bool = False) -> float:
    """Units to write an item of `size_bytes`, which is the larger of the item before and after.

    At least 1, or 2 in a transaction.
    """
    return max(1, -(-size_bytes // WRITE_BYTES)) * (2.0 if transactional else 1.0)


def consistency_of(parameters: dict[str, object]) -> Consistency:
    """What a read asked for by its ConsistentRead."""
    return Consistency.STRONG if parameters.get("ConsistentRead") else Consistency.EVENTUAL
