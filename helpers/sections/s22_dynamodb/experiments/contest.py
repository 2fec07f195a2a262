"""A singing contest: the keys of its table, and a trail's votes and reads of the favourite.

Singers are the partition key; votes for one overwrite one item, whose size stands for many of them. The favourite may
have several keys, told apart by a suffix.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any, NamedTuple

from helpers.dataplane.dynamodb.partitions import Partitions, position_of
from helpers.experiments import CallRow, Values
from helpers.sections.s22_dynamodb.experiments.reading import KB, text_item, units
from helpers.sections.s22_dynamodb.experiments.spike import Store

TABLE = "contest"
FAVOURITE = 5  # the number of the popular singer
IN_ONE = 100  # votes of 1 KB, or reads of 4 KB, for which one call stands
WRITE_KB, READ_KB = IN_ONE * 1, IN_ONE * 4
WRITES, READS = 1_000, 3_000  # units a second that one partition takes, GUIDE/burst-adaptive-capacity.html
READ_UNITS = 12_000  # provisioned for reads: never what is short here
BURST_S = 300  # of a table's unused capacity are kept, GUIDE/burst-adaptive-capacity.html
NEW_ON_DEMAND = 4_000  # write units a second of a new table, GUIDE/on-demand-capacity-mode.html
EPSILON = 1e-6


class Vote(NamedTuple):
    """One write of votes: the key that it went to, the partition where that key lies, when it was answered, and how.

    `units` is what the table charged: none if it was throttled.
    """

    key: str
    partition: int
    time_s: float
    taken: bool
    units: float


class Look(NamedTuple):
    """One read of one key of the favourite: when it was asked and answered, by the cache or by the table, and how.

    `units` is what the table charged; `old` says that the standing had been changed since it was read from the table.
    """

    key: str
    start_s: float
    end_s: float
    cached: bool
    throttled: bool
    old: bool
    units: float


class Load(NamedTuple):
    """The votes of a trail, the partitions that were asked for more than they take, and whether the table was."""

    votes: tuple[Vote, ...]
    over: frozenset[int]
    table_over: bool


def partitions(p: Values) -> int:
    """How many partitions lie behind the table."""
    return int(max(p.partitions, ceil(table_rate(p) / WRITES)))


def table_rate(p: Values) -> int:
    """Write units a second that the table has."""
    return int(p.wcu) if p.mode == "provisioned" else NEW_ON_DEMAND


def singer(number: int) -> str:
    """A singer's name."""
    return f"singer-{number:03}"


def favourite_keys(p: Values) -> tuple[str, ...]:
    """The partition key values over which the favourite is spread."""
    name = singer(FAVOURITE)
    return (name,) if p.suffixes == 1 else tuple(f"{name}.{suffix}" for suffix in range(1, p.suffixes + 1))


def vote_item(key: str) -> dict[str, Any]:
    """What a call writes for the voters of a key."""
    return text_item(WRITE_KB * KB, singer=key, what="votes")


def standing_item(key: str, state: str) -> dict[str, Any]:
    """What readers of a key get: its standing, "first" or "changed"."""
    return text_item(READ_KB * KB, singer=key, what="standing", state=state)


def create_table(db: Any, p: Values) -> None:
    """The contest's table in the mode and with the write units of `p`."""
    capacity: dict[str, Any] = {"BillingMode": "PAY_PER_REQUEST"}
    if p.mode == "provisioned":
        capacity = {"ProvisionedThroughput": {"ReadCapacityUnits": READ_UNITS, "WriteCapacityUnits": p.wcu}}
    db.create_table(
        TableName=TABLE,
        KeySchema=[
            {"AttributeName": "singer", "KeyType": "HASH"},
            {"AttributeName": "what", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("singer", "what")],
        **capacity,
    )


def changed_s(rows: Sequence[CallRow]) -> float | None:
    """When the standing was changed; None if nobody did."""
    return next((row.end_s for _, row in _puts(rows) if _state(row.parameters) == "changed"), None)


def load(rows: Sequence[CallRow], p: Values, begin_s: float) -> Load:
    """The votes in the order of their answers, in seconds after `begin_s`, and for whom they were too many."""
    made_s = next(row.end_s for row in rows if row.operation == "CreateTable")
    places = Partitions(partitions(p), WRITES, 1, 0)
    table = Store(table_rate(p), BURST_S if p.mode == "provisioned" else 1, made_s)
    stores: dict[int, Store] = defaultdict(lambda: Store(WRITES, 1, made_s))
    votes: list[Vote] = []
    over: set[int] = set()
    table_over = False
    for key, row in _puts(rows):
        place = places.number(position_of([{"S": key}]))
        is_vote = _state(row.parameters) is None
        asked = WRITE_KB if is_vote else READ_KB
        if stores[place].at(row.end_s) < min(asked, WRITES) - EPSILON:
            over.add(place)
        table_over |= table.at(row.end_s) < min(asked, table.rate) - EPSILON
        stores[place].take(row.end_s, asked)
        table.take(row.end_s, asked)
        if is_vote:
            votes.append(Vote(key, place, row.end_s - begin_s, row.error is None, units(row).table))
    return Load(tuple(votes), frozenset(over), table_over)


def looks(rows: Sequence[CallRow], p: Values, begin_s: float) -> tuple[Look, ...]:
    """What readers asked for and got, in seconds after `begin_s`."""
    changed, since_s = favourite_keys(p)[0], changed_s(rows)
    return tuple(
        Look(
            row.parameters["Key"]["singer"]["S"],
            row.start_s - begin_s,
            row.end_s - begin_s,
            row.response.get("Cache") == "hit",
            row.error is not None,
            row.parameters["Key"]["singer"]["S"] == changed
            and since_s is not None
            and row.end_s > since_s
            and _state(row.response) == "first",
            units(row).table,
        )
        for row in rows
        if row.operation == "GetItem" and row.actor.startswith("reader")
    )


def _puts(rows: Sequence[CallRow]) -> Iterator[tuple[str, CallRow]]:
    for row in rows:
        if row.operation == "PutItem":
            yield row.parameters["Item"]["singer"]["S"], row


def _state(holder: dict[str, Any]) -> str | None:
    """The state of the standing that a call put or got; None if it did not."""
    state = holder.get("Item", {}).get("state")
    return None if state is None else str(state["S"])
