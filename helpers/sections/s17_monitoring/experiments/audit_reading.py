"""What the trail of calls says of an audit: who called what, and which calls event histories and log files have."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from helpers.experiments import CallRow

DAY_S = 86_400
REGIONS = {"home": "us-east-1", "other": "eu-west-1"}
ASKED = "ben"
"""Whose call the audit is about."""
PEOPLE = (ASKED, "ann")
_DATA = frozenset({"PutObject"})
_Key = tuple[str | None, str, str, str]


class Seen(NamedTuple):
    """A call of somebody: by whom, what, in which Region (home or other), how many days before the audit."""

    who: str
    name: str
    region: str
    days_ago: float

    @property
    def data(self) -> bool:
        """Whether it is a data event."""
        return self.name in _DATA


class Read(NamedTuple):
    """All calls of people, those that each event history (home, other) and the trail's bucket have, the number of log
    files in the bucket, and how old the trail is in days (None if there is none).
    """

    made: tuple[Seen, ...]
    history: dict[str, frozenset[Seen]]
    bucket: frozenset[Seen]
    files: int
    trail_days: float | None


def read(rows: list[CallRow]) -> Read:
    """What the rows of a run show. The audit is at the first lookup."""
    audit_s = next(row.end_s for row in rows if row.operation == "LookupEvents")
    people = [row for row in rows if row.actor in PEOPLE]
    made = tuple(
        Seen(row.actor, row.operation, _place(row.parameters), (audit_s - row.end_s) / DAY_S)
        for row in people
    )
    opened_s = _opened_s(rows)
    known: dict[_Key, Seen] = {
        (one.who, one.name, REGIONS[one.region], _second(opened_s + row.end_s)): one
        for one, row in zip(made, people, strict=True)
    }
    looked = _lookups(rows)
    history = {place: _recorded(looked[name], known) for place, name in REGIONS.items()}
    bodies = _files(rows)
    records = [each for body in bodies for each in json.loads(gzip.decompress(body))["Records"]]
    started = next((row.end_s for row in rows if row.operation == "StartLogging"), None)
    trail_days = None if started is None else (audit_s - started) / DAY_S
    return Read(made, history, _recorded(records, known), len(bodies), trail_days)


def _place(parameters: dict[str, Any]) -> str:
    """The Region, home or other, as the name of what was called on says."""
    named = next(parameters[key] for key in ("TableName", "Bucket", "QueueName") if key in parameters)
    return str(named).rpartition("-")[2]


def _lookups(rows: list[CallRow]) -> dict[str, list[dict[str, Any]]]:
    """The records that lookups found, by the Region in which the events happened; the first page without a token begins
    the next Region.
    """
    regions = iter(REGIONS.values())
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in REGIONS.values()}
    region = ""
    for row in rows:
        if row.operation == "LookupEvents" and row.error is None:
            region = region if "NextToken" in row.parameters else next(regions)
            found[region] += [json.loads(event["CloudTrailEvent"]) for event in row.response["Events"]]
    return found


def _files(rows: list[CallRow]) -> list[bytes]:
    """The log files that CloudTrail wrote, as far as they are in the bucket."""
    listed = (row.response.get("Contents", ()) for row in rows if row.operation == "ListObjectsV2")
    there = {each["Key"] for contents in listed for each in contents}
    return [
        row.parameters["Body"]
        for row in rows
        if row.actor == "cloudtrail" and row.operation == "PutObject" and row.parameters["Key"] in there
    ]


def _recorded(records: Iterable[dict[str, Any]], known: dict[_Key, Seen]) -> frozenset[Seen]:
    """The calls of people that the records are about: who, what, where and when agree."""
    keys = (
        (each["userIdentity"].get("userName"), each["eventName"], each["awsRegion"], each["eventTime"])
        for each in records
    )
    return frozenset(known[key] for key in keys if key in known)


def _opened_s(rows: list[CallRow]) -> float:
    """When the Cloud was opened, in seconds since 1970: a table knows when it was made."""
    row = next(row for row in rows if row.operation == "CreateTable")
    made: datetime = row.response["TableDescription"]["CreationDateTime"]
    return made.timestamp() - row.end_s


def _second(instant_s: float) -> str:
    return f"{datetime.fromtimestamp(int(instant_s), UTC):%Y-%m-%dT%H:%M:%SZ}"
