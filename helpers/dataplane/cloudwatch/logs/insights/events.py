"""The log events that a query reads, and the fields that CloudWatch Logs discovers in them.

Page: LOGS/CWL_AnalyzeLogData-discoverable-fields.html
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from helpers.cloud import Account
from helpers.dataplane.cloudwatch.logs.insights.scope import Row
from helpers.dataplane.cloudwatch.logs.insights.values import Instant

MOST_FIELDS = 200
"""Fields that are taken out of one JSON event."""

EVENT_PAGE = 10_000
_LAMBDA_GROUP = "/aws/lambda/"
_TYPES = ("START", "END", "REPORT")
_REQUEST_ID = re.compile(r"(?:RequestId: |\t)([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")
_NUMBERS = {
    "@duration": (re.compile(r"(?:^|\t)Duration: ([\d.]+) ms"), 1),
    "@billedDuration": (re.compile(r"\tBilled Duration: ([\d.]+) ms"), 1),
    "@initDuration": (re.compile(r"\tInit Duration: ([\d.]+) ms"), 1),
    "@memorySize": (re.compile(r"\tMemory Size: ([\d.]+) MB"), 1_000_000),
    "@maxMemoryUsed": (re.compile(r"\tMax Memory Used: ([\d.]+) MB"), 1_000_000),
}
# In a REPORT line; memory is discovered in bytes, as the sample queries divide it by 1000 twice.


def rows(account: Account, region: str, account_id: str, group: str, start_ms: int, end_ms: int) -> list[Row]:
    """The events of a group in a span of time (milliseconds since 1970, both ends included) as rows, the oldest first.

    Raises ServiceError if there is no such group.
    """
    found, seen = [], Counter[tuple[str, int, str]]()
    for event in _read(account, region, group, start_ms, end_ms):
        key = event["logStreamName"], event["timestamp"], event["message"]
        seen[key] += 1
        found.append(_row(event, account_id, group, seen[key]))
    return found


def _read(account: Account, region: str, group: str, start_ms: int, end_ms: int) -> Iterator[dict[str, Any]]:
    asked: dict[str, Any] = {"logGroupName": group, "limit": EVENT_PAGE, "interleaved": True}
    asked |= {"startTime": start_ms, "endTime": end_ms}
    while True:
        answer = account.ask("logs", "FilterLogEvents", asked, region=region)
        yield from answer["events"]
        if not answer.get("nextToken"):
            return
        asked["nextToken"] = answer["nextToken"]


def _row(event: dict[str, Any], account_id: str, group: str, number: int) -> Row:
    """The event with its system fields and what is discovered in it; `number` tells equal events apart."""
    message, stream, at = event["message"], event["logStreamName"], event["timestamp"]
    named = "\0".join((account_id, group, stream, str(at), message, str(number)))
    return Row(
        discovered(message, group)
        | {
            "@timestamp": Instant(at),
            "@ingestionTime": Instant(event["ingestionTime"]),
            "@message": message,
            "@logStream": stream,
            "@log": f"{account_id}:{group}",
            "@ptr": base64.b64encode(hashlib.sha256(named.encode()).digest()).decode(),
        }
    )


def discovered(message: str, group: str) -> dict[str, Any]:
    """The fields in a message of the log group, beside the system fields."""
    return _from_json(message) | (_from_lambda(message) if group.startswith(_LAMBDA_GROUP) else {})


def _from_json(message: str) -> dict[str, Any]:
    """The fields of the first JSON object in the message, flat: a.b and a.0.b."""
    start = message.find("{")
    if start < 0:
        return {}
    try:
        held, _ = json.JSONDecoder().raw_decode(message, start)
    except ValueError:
        return {}
    return {
        (f"@{name}" if name.startswith("@") else name): value
        for _, (name, value) in zip(range(MOST_FIELDS), _flat(held, ""), strict=False)
    }


def _flat(held: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    if isinstance(held, (dict, list)):
        for name, value in held.items() if isinstance(held, dict) else enumerate(held):
            yield from _flat(value, f"{prefix}.{name}" if prefix else str(name))
    elif held is not None:
        yield prefix, int(held) if isinstance(held, bool) else held


def _from_lambda(message: str) -> dict[str, Any]:
    """The fields of the lines that Lambda itself writes as text."""
    found: dict[str, Any] = {}
    kind = message.split(" ", 1)[0]
    if kind in _TYPES and (request := _REQUEST_ID.search(message)):
        found = {"@type": kind, "@requestId": request[1]}
    elif request := _REQUEST_ID.search(message):
        found = {"@requestId": request[1]}
    if found.get("@type") == "REPORT":
        for name, (regex, unit) in _NUMBERS.items():
            if match := regex.search(message):
                found[name] = float(match[1]) * unit
    return found
