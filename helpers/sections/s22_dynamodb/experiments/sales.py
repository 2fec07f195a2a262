"""Sales out of one stock, read from a trail: each attempt to write it, and which sales the stock still shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from helpers.experiments import CallRow

STOCK = "stock"
SALES = "sales"


class Attempt(NamedTuple):
    """One write that a clerk asked for, with the read that it rests on (None where the clerk does not read).

    `began_s` is when the read began, or the write where there is none; `ended_s` when the write had its reply.
    `between` are the accepted writes of anybody after the read and before this write, `first_s` the time of the first
    of them. `fate` is "counted" (the stock shows the sale), "again" (it shows the sale once more), "undone" (accepted,
    and overwritten by a write that did not know of it) or "refused". `undone_by` is the place of that other write among
    the attempts.
    """

    clerk: str
    sale: str
    began_s: float
    ended_s: float
    reads: bool
    between: tuple[str, ...]
    first_s: float | None
    fate: str
    undone_by: int | None

    @property
    def accepted(self) -> bool:
        """Whether DynamoDB carried the write out."""
        return self.fate != "refused"

    @property
    def others(self) -> int:
        """The writes for other sales that came between its read and itself."""
        return sum(sale != self.sale for sale in self.between)


@dataclass(frozen=True)
class Written:
    """A write as the trail has it: its place in the order of the calls, and that of the read before it."""

    row: CallRow
    place: int
    read: CallRow | None
    read_place: int
    sale: str


def attempts(rows: Sequence[CallRow]) -> list[Attempt]:
    """All attempts to write the stock, in the order in which DynamoDB answered them."""
    writes = _writes(rows)
    accepted = [one for one in writes if one.row.error is None]
    turn = {one.place: number for number, one in enumerate(writes)}
    counted = {one.place for one in _chain(accepted)}
    seen: Counter[str] = Counter()
    found = []
    for one in writes:
        after = one.read_place if one.read is not None else one.place
        between = [other for other in accepted if after < other.place < one.place]
        undone_by = None
        if one.row.error is not None:
            fate = "refused"
        elif one.place not in counted:
            fate = "undone"
            undone_by = next(
                turn[other.place]
                for other in accepted
                if other.read is not None and other.read_place < one.place < other.place
            )
        else:
            fate = "again" if seen[one.sale] else "counted"
            seen[one.sale] += 1
        found.append(
            Attempt(
                one.row.actor,
                one.sale,
                one.row.start_s if one.read is None else one.read.start_s,
                one.row.end_s,
                one.read is not None,
                tuple(other.sale for other in between),
                between[0].row.end_s if between else None,
                fate,
                undone_by,
            )
        )
    return found


def stock_levels(rows: Sequence[CallRow]) -> list[tuple[float, int]]:
    """Time and number of tickets after the table was filled and after each accepted write."""
    levels: list[tuple[float, int]] = []
    for row in sorted(rows, key=lambda row: row.end_s):
        if row.error is not None:
            continue
        if row.operation == "PutItem":
            left = row.parameters["Item"]["tickets"]["N"]
        elif row.operation == "UpdateItem":
            put = row.parameters["ExpressionAttributeValues"].get(":left")
            left = (put or row.response["Attributes"]["tickets"])["N"]
        elif row.operation == "TransactWriteItems":
            left = levels[-1][1] - 1
        else:
            continue
        levels.append((row.end_s, int(left)))
    return levels


def _writes(rows: Sequence[CallRow]) -> list[Written]:
    last_read: dict[str, tuple[CallRow, int]] = {}
    found = []
    for place, row in enumerate(rows):
        if row.operation == "GetItem":
            last_read[row.actor] = row, place
        elif row.operation in ("UpdateItem", "TransactWriteItems"):
            read, read_place = last_read.get(row.actor, (None, -1))
            found.append(Written(row, place, read, read_place, _sale(row)))
    return found


def _sale(row: CallRow) -> str:
    if row.operation == "UpdateItem":
        return str(row.parameters["ExpressionAttributeValues"][":sale"]["S"])
    return str(row.parameters["TransactItems"][0]["Put"]["Item"]["sale"]["S"])


def _chain(accepted: Sequence[Written]) -> list[Written]:
    """The accepted writes of which the last stock is made.

    A write that puts a number computed from an earlier read carries on what the stock was at that read, and nothing
    that came later. One that adds, or that has a condition which forbids a write in between, carries on all.
    """
    chain = []
    following: Written | None = None
    for one in reversed(accepted):
        if following is None or following.read is None or one.place < following.read_place:
            chain.append(one)
            following = one
    return chain
