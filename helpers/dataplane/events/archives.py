"""Archives of a bus, and replays from them.

Pages: GUIDE/eb-archive.html, API/API_StartReplay.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from helpers.cloud import Account, Call, ServiceError, ids
from helpers.dataplane.events.pattern import Pattern
from helpers.dataplane.events.transformer import compact


@dataclass
class _Archive:
    bus: str
    pattern: Pattern | None
    days: int
    events: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """When each arrived (microseconds since 1970), and the event."""


class Archives:
    """Keeps the events that archives ask for; `accept` takes a replayed event for a bus, and the rules it is for."""

    def __init__(
        self, account: Account, accept: Callable[[str, str, dict[str, Any], list[str] | None], None]
    ) -> None:
        self._account, self._accept = account, accept
        self._archives: dict[tuple[str, str], _Archive] = {}
        account.amend("events", "CreateArchive", self._created)
        account.amend("events", "UpdateArchive", self._updated)
        account.amend("events", "DeleteArchive", self._deleted)
        account.amend("events", "DescribeArchive", self._described)
        account.amend("events", "StartReplay", self._replayed)

    def keep(self, region: str, bus: str, event: dict[str, Any]) -> None:
        """An event came to the bus. A replayed one is not archived again."""
        if "replay-name" in event:
            return
        for (where, _), archive in self._archives.items():
            if (where, archive.bus) == (region, bus) and (
                archive.pattern is None or archive.pattern.matches(event)
            ):
                archive.events.append((self._account.epoch_us, event))

    def _created(self, call: Call, response: dict[str, Any]) -> None:
        asked = call.parameters
        bus = asked["EventSourceArn"].rpartition("/")[2]
        self._archives[call.region, asked["ArchiveName"]] = _Archive(
            bus, _pattern(asked), asked.get("RetentionDays", 0)
        )

    def _updated(self, call: Call, response: dict[str, Any]) -> None:
        archive, asked = self._archives[call.region, call.parameters["ArchiveName"]], call.parameters
        if "EventPattern" in asked:
            archive.pattern = _pattern(asked)
        archive.days = asked.get("RetentionDays", archive.days)

    def _deleted(self, call: Call, response: dict[str, Any]) -> None:
        self._archives.pop((call.region, call.parameters["ArchiveName"]), None)

    def _described(self, call: Call, response: dict[str, Any]) -> None:
        archive = self._archives[call.region, call.parameters["ArchiveName"]]
        self._expire(archive)
        response["EventCount"] = len(archive.events)
        response["SizeBytes"] = sum(len(compact(event).encode()) for _, event in archive.events)

    def _expire(self, archive: _Archive) -> None:
        if archive.days:
            oldest_us = self._account.epoch_us - archive.days * 86_400_000_000
            archive.events = [each for each in archive.events if each[0] >= oldest_us]

    def _replayed(self, call: Call, response: dict[str, Any]) -> None:
        """Send the archived events of the time range to their bus again, with the replay's name."""
        asked = call.parameters
        archive = self._archives.get((call.region, asked["EventSourceArn"].rpartition("/")[2]))
        if archive is None:
            raise ServiceError("ResourceNotFoundException", "The archive does not exist.")
        self._expire(archive)
        start_us, end_us = (_microseconds(asked[name]) for name in ("EventStartTime", "EventEndTime"))
        chosen = [event for at_us, event in archive.events if start_us <= at_us <= end_us]
        rules = asked["Destination"].get("FilterArns")
        name = asked["ReplayName"]

        def replay() -> None:
            for event in chosen:
                again = {**event, "id": ids.uuid4(), "replay-name": name}
                self._accept(call.region, archive.bus, again, rules)

        self._account.at(0, replay, name="events")


def _pattern(asked: dict[str, Any]) -> Pattern | None:
    return Pattern(asked["EventPattern"]) if asked.get("EventPattern") else None


def _microseconds(instant: datetime) -> int:
    return round((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp() * 1_000_000)
