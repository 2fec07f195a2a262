"""Sessions with a time of expiry, read from a trail: their lives, the lists that showed them, the stream's records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from helpers.experiments import CallRow
from helpers.sections.s22_dynamodb.experiments.reading import units

TABLE = "sessions"
SERVICE = "dynamodb"  # as actor: what DynamoDB does by itself


class Term(NamedTuple):
    """From `from_s` on the session is to expire at `expires_s`. Times are virtual seconds."""

    from_s: float
    expires_s: float


class Return(NamedTuple):
    """A user came back: whether the program accepted the session, and whether it had expired by then."""

    time_s: float
    accepted: bool
    expired: bool


class Change(NamedTuple):
    """What happened to an item ("INSERT", "MODIFY" or "REMOVE"), when, and whether DynamoDB did it by itself."""

    event: str
    by_service: bool
    time_s: float


@dataclass
class Session:
    """One item, from login to deletion.

    `changes` are what the stream ought to tell, in order.
    """

    name: str
    terms: list[Term] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    removed_s: float | None = None
    by_ttl: bool = False

    @property
    def login_s(self) -> float:
        """When the item was put."""
        return self.terms[0].from_s

    def there(self, time_s: float) -> bool:
        """Whether the item is in the table."""
        return self.login_s <= time_s and (self.removed_s is None or time_s < self.removed_s)

    def expires_s(self, time_s: float) -> float:
        """The time of expiry that the item holds at this moment."""
        return next(term.expires_s for term in reversed(self.terms) if term.from_s <= time_s)

    def valid(self, time_s: float) -> bool:
        """Whether the item is in the table and not expired."""
        return self.there(time_s) and time_s < self.expires_s(time_s)


class Look(NamedTuple):
    """A list of sessions: when it was asked for and answered, whom it showed, and the time in its filter, if any."""

    asked_s: float
    time_s: float
    shown: frozenset[str]
    filter_s: float | None


class Record(NamedTuple):
    """A stream record: of which session, what it tells (its time is a whole second), and its place in the shard."""

    session: str
    change: Change
    sequence: int


def opened(rows: Sequence[CallRow]) -> int:
    """The Unix time at which the virtual clock stood at 0."""
    for row in rows:
        if row.operation == "CreateTable":
            created: datetime = row.response["TableDescription"]["CreationDateTime"]
            return round(created.timestamp() - row.end_s)
    raise LookupError("The trail has no CreateTable.")


def sessions(rows: Sequence[CallRow]) -> list[Session]:
    """The sessions in the order of login."""
    zero_s = opened(rows)
    found: dict[str, Session] = {}
    for row in rows:
        given = row.parameters
        if row.operation == "PutItem":
            name = given["Item"]["session"]["S"]
            session = found[name] = Session(name)
            session.terms.append(Term(row.end_s, _unix_s(given["Item"]["expires_at"]) - zero_s))
            session.changes.append(Change("INSERT", False, row.end_s))
        elif row.operation == "GetItem":
            session = found[given["Key"]["session"]["S"]]
            expired = row.start_s >= session.expires_s(row.start_s)
            session.returns.append(Return(row.end_s, False, expired))
        elif row.operation == "UpdateItem" and row.error is None:
            session = found[given["Key"]["session"]["S"]]
            expires = given["ExpressionAttributeValues"][":new"]
            session.terms.append(Term(row.end_s, _unix_s(expires) - zero_s))
            session.returns[-1] = session.returns[-1]._replace(accepted=True)
            session.changes.append(Change("MODIFY", False, row.end_s))
        elif row.operation == "DeleteItem":
            session = found[given["Key"]["session"]["S"]]
            session.removed_s, session.by_ttl = row.end_s, row.actor == SERVICE
            session.changes.append(Change("REMOVE", session.by_ttl, row.end_s))
    return list(found.values())


def looks(rows: Sequence[CallRow]) -> list[Look]:
    """What the program saw at each Scan."""
    zero_s = opened(rows)
    found = []
    for row in rows:
        if row.operation == "Scan":
            now = row.parameters.get("ExpressionAttributeValues", {}).get(":now")
            shown = frozenset(item["session"]["S"] for item in row.response["Items"])
            found.append(Look(row.start_s, row.end_s, shown, None if now is None else _unix_s(now) - zero_s))
    return found


def records(rows: Sequence[CallRow]) -> list[Record]:
    """The stream records in the order in which the consumer got them."""
    zero_s = opened(rows)
    return [
        Record(
            record["dynamodb"]["Keys"]["session"]["S"],
            Change(
                record["eventName"],
                record.get("userIdentity", {}).get("PrincipalId") == "dynamodb.amazonaws.com",
                record["dynamodb"]["ApproximateCreationDateTime"].timestamp() - zero_s,
            ),
            int(record["dynamodb"]["SequenceNumber"]),
        )
        for row in rows
        if row.operation == "GetRecords"
        for record in row.response["Records"]
    ]


def units_of_program(rows: Sequence[CallRow]) -> float:
    """What the program's writes consumed; one whose condition failed says nothing, and used one unit."""
    return sum(
        1.0 if row.error else units(row).total
        for row in rows
        if row.operation in ("PutItem", "UpdateItem", "DeleteItem") and row.actor != SERVICE
    )


def units_of_table(rows: Sequence[CallRow]) -> float:
    """All write units of the table, as its metric in CloudWatch says it."""
    return float(sum(point["Sum"] for point in rows[-1].response["Datapoints"]))


def _unix_s(attribute: dict[str, Any]) -> float:
    """The time that the program means by the attribute, however it writes it."""
    if "S" in attribute:
        return datetime.strptime(attribute["S"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    number = int(attribute["N"])
    return number / 1000 if number > _SECONDS_END else number


_SECONDS_END = 10**11  # seconds in the year 5138, milliseconds in 1973
