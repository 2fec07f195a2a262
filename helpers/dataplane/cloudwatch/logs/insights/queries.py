"""The life of queries: started, running, complete or cancelled, forgotten.

Pages: API/API_StartQuery.html, API/API_GetQueryResults.html, API/API_StopQuery.html, API/API_DescribeQueries.html,
LOGS/cloudwatch_limits_cwl.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from helpers.cloud import Account, Call, NotMocked, ServiceError, ids
from helpers.dataplane.cloudwatch.logs.insights import events
from helpers.dataplane.cloudwatch.logs.insights.parser import MOST_ROWS, parse
from helpers.dataplane.cloudwatch.logs.insights.run import Result, run
from helpers.dataplane.cloudwatch.logs.insights.scope import Row, Window
from helpers.dataplane.cloudwatch.logs.insights.values import text
from helpers.dataplane.cloudwatch.logs.models import Models

MOST_GROUPS, MOST_RUNNING, MOST_ON_A_PAGE = 50, 100, 10_000
KEPT_MS = 7 * 86_400_000
_LANGUAGE = "CWLI"

Since = Callable[[str, str], int]
"""Region and group -> the oldest time stamp that a query may see, in milliseconds since 1970."""


@dataclass(slots=True)
class _Held:
    """A query that was started: what was asked, what it gives, and when (milliseconds since 1970)."""

    id: str
    text: str
    groups: list[str]
    region: str
    made_ms: int
    runs_ms: int
    done_ms: int
    scanned: list[Row]
    result: Result
    cancelled: bool = False

    def status(self, now_ms: int) -> str:
        if self.cancelled:
            return "Cancelled"
        if now_ms < self.runs_ms:
            return "Scheduled"
        return "Running" if now_ms < self.done_ms else "Complete"

    @property
    def scanned_bytes(self) -> float:
        return float(sum(len(row.fields["@message"].encode()) for row in self.scanned))


class Insights:
    """The queries of an account. A query reads what has come in when it is started."""

    def __init__(self, account: Account, models: Models, since: Since) -> None:
        self._account = account
        self._models = models
        self._since = since
        self._held: dict[str, _Held] = {}
        for operation, answer in {
            "StartQuery": self._start,
            "GetQueryResults": self._results,
            "StopQuery": self._stop,
            "DescribeQueries": self._describe,
            "GetLogRecord": self._record,
        }.items():
            account.answer("logs", operation, answer)

    def _start(self, call: Call) -> dict[str, Any]:
        asked, now_ms = call.parameters, self._account.timestamp_ms
        if asked.get("queryLanguage", _LANGUAGE) != _LANGUAGE:
            raise NotMocked(
                "Logs Insights here understands its own query language only, neither PPL nor SQL."
            )
        groups = _groups(asked)
        if asked["endTime"] < asked["startTime"]:
            raise _invalid("End time should not be less than start time.")
        if not 1 <= asked.get("limit", 1) <= MOST_ROWS:
            raise _invalid(f"limit must be from 1 to {MOST_ROWS}.")
        window = Window(now_ms // 1000, asked["startTime"] * 1000, asked["endTime"] * 1000)
        query = parse(asked["queryString"], window)
        if (
            sum(each.status(now_ms) in ("Scheduled", "Running") for each in self._held.values())
            >= MOST_RUNNING
        ):
            raise ServiceError(
                "LimitExceededException", f"At most {MOST_RUNNING} queries can run at the same time."
            )
        rows = []
        for group in groups:
            # An end of 0 means none to moto, and both ends of the span count.
            start_ms = max(window.start_ms, self._since(call.region, group), 1)
            found = events.rows(
                self._account, call.region, call.account_id, group, start_ms, max(window.end_ms, 1)
            )
            rows += found
        made = _Held(
            ids.uuid4(),
            asked["queryString"],
            groups,
            call.region,
            now_ms,
            now_ms + round(self._models.query_wait_s * 1000),
            now_ms + round((self._models.query_wait_s + self._models.query_run_s) * 1000),
            [Row(dict(row.fields)) for row in rows],
            run(query, rows, asked.get("limit")),
        )
        self._held[made.id] = made
        return {"queryId": made.id}

    def _results(self, call: Call) -> dict[str, Any]:
        held, now_ms = self._find(call), self._account.timestamp_ms
        status = held.status(now_ms)
        done = status == "Complete"
        first = int(call.parameters.get("nextToken", 0))
        last = first + min(call.parameters.get("maxItems", MOST_ON_A_PAGE), MOST_ON_A_PAGE)
        rows = held.result.rows if done else []
        answer: dict[str, Any] = {
            "queryLanguage": _LANGUAGE,
            "results": rows[first:last],
            "statistics": {
                "recordsMatched": float(held.result.matched) if done else 0.0,
                "recordsScanned": float(len(held.scanned)) if done else 0.0,
                "estimatedRecordsSkipped": 0.0,
                "bytesScanned": held.scanned_bytes if done else 0.0,
                "estimatedBytesSkipped": 0.0,
                "logGroupsScanned": float(len(held.groups)) if done else 0.0,
            },
            "status": status,
        }
        if last < len(rows):
            answer["nextToken"] = str(last)
        return answer

    def _stop(self, call: Call) -> dict[str, Any]:
        held = self._find(call)
        if held.status(self._account.timestamp_ms) not in ("Scheduled", "Running"):
            raise _invalid("The specified query is not running.")
        held.cancelled = True
        return {"success": True}

    def _describe(self, call: Call) -> dict[str, Any]:
        asked, now_ms = call.parameters, self._account.timestamp_ms
        found = [
            each
            for each in reversed(self._held.values())
            if each.region == call.region
            and now_ms - each.made_ms <= KEPT_MS
            and asked.get("logGroupName") in (None, *each.groups)
            and asked.get("status") in (None, each.status(now_ms))
        ]
        first = int(asked.get("nextToken", 0))
        last = first + asked.get("maxResults", 1_000)
        answer: dict[str, Any] = {"queries": [self._told(each, now_ms) for each in found[first:last]]}
        if last < len(found):
            answer["nextToken"] = str(last)
        return answer

    def _told(self, held: _Held, now_ms: int) -> dict[str, Any]:
        told = {
            "queryLanguage": _LANGUAGE,
            "queryId": held.id,
            "queryString": held.text,
            "status": held.status(now_ms),
            "createTime": held.made_ms,
        }
        return told | ({"logGroupName": held.groups[0]} if len(held.groups) == 1 else {})

    def _record(self, call: Call) -> dict[str, Any]:
        """The whole event that an @ptr names, with all discovered fields (API/API_GetLogRecord.html)."""
        pointer = call.parameters["logRecordPointer"]
        for held in self._held.values():
            for row in held.scanned:
                if row.fields["@ptr"] == pointer:
                    return {"logRecord": {name: _plain(value) for name, value in row.fields.items()}}
        raise _invalid("The log record pointer is not valid.")

    def _find(self, call: Call) -> _Held:
        held = self._held.get(call.parameters["queryId"])
        gone = held is not None and self._account.timestamp_ms - held.made_ms > KEPT_MS
        if held is None or gone or held.region != call.region:
            raise ServiceError("ResourceNotFoundException", "The specified query does not exist.")
        return held


def _plain(value: Any) -> str:
    return str(int(value)) if isinstance(value, int) else text(value) or ""


def _groups(asked: dict[str, Any]) -> list[str]:
    """The names of the groups to read. Raises ServiceError unless they are named in exactly one way."""
    given = [name for name in ("logGroupName", "logGroupNames", "logGroupIdentifiers") if name in asked]
    if len(given) != 1:
        raise _invalid("Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be given.")
    named = asked[given[0]]
    names = [named] if isinstance(named, str) else list(dict.fromkeys(named))
    if not 1 <= len(names) <= MOST_GROUPS:
        raise _invalid(f"A query reads 1 to {MOST_GROUPS} log groups.")
    return [name.rpartition(":log-group:")[2] if name.startswith("arn:") else name for name in names]


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidParameterException", message)
