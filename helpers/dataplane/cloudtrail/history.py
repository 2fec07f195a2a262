"""The event history: management events of the last 90 days in one Region.

Pages: GUIDE/view-cloudtrail-events.html, API/API_LookupEvents.html
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from helpers.cloud import Account, Call, NotMocked, ServiceError
from helpers.dataplane.cloudtrail.event import Event
from helpers.dataplane.cloudtrail.limits import DAY_US, HISTORY_DAYS, LOOKUPS_A_SECOND, MOST_ON_A_PAGE
from helpers.dataplane.cloudtrail.models import Models

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_HELD: dict[str, Callable[[Event], Iterable[str]]] = {
    "EventId": lambda event: [event.id],
    "EventName": lambda event: [event.name],
    "ReadOnly": lambda event: ["true" if event.read_only else "false"],
    "Username": lambda event: [event.identity.name],
    "ResourceType": lambda event: [each.type for each in event.resources],
    "ResourceName": lambda event: [each.name for each in event.resources],
    "EventSource": lambda event: [event.source],
    "AccessKeyId": lambda event: [str(event.identity.element.get("accessKeyId", ""))],
}


class History:
    """Answers LookupEvents from the events of an account."""

    def __init__(self, account: Account, models: Models, events: Callable[[], Iterable[Event]]) -> None:
        self._account = account
        self._models = models
        self._events = events
        self._asked_us: dict[tuple[str, str], deque[int]] = defaultdict(deque)

    def lookup(self, call: Call) -> dict[str, Any]:
        """A page of events, the newest first. Raises ServiceError as AWS refuses it."""
        asked = call.parameters
        self._throttle(call)
        attributes, most = asked.get("LookupAttributes", []), asked.get("MaxResults", MOST_ON_A_PAGE)
        if len(attributes) > 1:
            raise ServiceError("InvalidLookupAttributesException", "You can use only one lookup attribute.")
        if not 1 <= most <= MOST_ON_A_PAGE:
            raise ServiceError(
                "InvalidMaxResultsException", f"MaxResults must be from 1 to {MOST_ON_A_PAGE}."
            )
        if asked.get("EventCategory"):
            raise NotMocked("CloudTrail Insights events are not in this account.")
        start, end = _us(asked.get("StartTime"), 0), _us(asked.get("EndTime"), self._account.epoch_us)
        if start > end:
            raise ServiceError("InvalidTimeRangeException", "The start time is after the end time.")
        found = self._found(call, attributes, start, end)
        first = _position(asked.get("NextToken"))
        page: dict[str, Any] = {"Events": [_shown(event) for event in found[first : first + most]]}
        if first + most < len(found):
            page["NextToken"] = str(first + most)
        return page

    def _found(self, call: Call, attributes: list[dict[str, str]], start: int, end: int) -> list[Event]:
        now_us = self._account.epoch_us
        oldest = max(start, now_us - HISTORY_DAYS * DAY_US)
        newest = min(end, now_us - round(self._models.history_delay_s * 1_000_000))
        found = [
            event
            for event in self._events()
            if event.management
            and event.region == call.region
            and event.identity.account_id == call.account_id
            and oldest <= event.at_us <= newest
            and all(each["AttributeValue"] in _HELD[each["AttributeKey"]](event) for each in attributes)
        ]
        return sorted(found, key=lambda event: (event.at_us, event.row.call, event.row.attempt), reverse=True)

    def _throttle(self, call: Call) -> None:
        """Two calls a second; the window that slides is the course's reading of it."""
        asked, now_us = self._asked_us[call.account_id, call.region], self._account.now_us
        while asked and asked[0] <= now_us - 1_000_000:
            asked.popleft()
        if len(asked) >= LOOKUPS_A_SECOND:
            raise ServiceError("ThrottlingException", "Rate exceeded")
        asked.append(now_us)


def _us(given: Any, usual: int) -> int:
    if given is None:
        return usual
    at = given if given.tzinfo else given.replace(tzinfo=UTC)
    return int((at - _EPOCH) / timedelta(microseconds=1))


def _position(token: str | None) -> int:
    if token is not None and not token.isdigit():
        raise ServiceError("InvalidNextTokenException", "The token is not valid.")
    return int(token or 0)


def _shown(event: Event) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "EventId": event.id,
        "EventName": event.name,
        "ReadOnly": "true" if event.read_only else "false",
        "EventTime": event.time,
        "EventSource": event.source,
        "Username": event.identity.name,
        "Resources": [{"ResourceType": each.type, "ResourceName": each.name} for each in event.resources],
        "CloudTrailEvent": json.dumps(event.record()),
    }
    key = event.identity.element.get("accessKeyId")
    return shown | ({"AccessKeyId": key} if key else {})
