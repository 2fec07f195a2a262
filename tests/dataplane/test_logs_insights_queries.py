"""Logs Insights: the life of a query, on the events that log groups really hold."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from helpers import Cloud
from tests.dataplane.conftest import refused
from tests.dataplane.functions import Function


class Asking:
    """A log group with one stream, and queries on it."""

    def __init__(self, cloud: Cloud, group: str = "g") -> None:
        self.cloud, self.client, self.group = cloud, cloud.client("logs"), group
        self.client.create_log_group(logGroupName=group)
        self.client.create_log_stream(logGroupName=group, logStreamName="s")

    def put(self, *messages: str, ago_s: int = 0) -> None:
        at = self.cloud.timestamp_ms - 1000 * ago_s
        events = [{"timestamp": at, "message": each} for each in messages]
        self.client.put_log_events(logGroupName=self.group, logStreamName="s", logEvents=events)

    def start(self, query: str = "fields @message", **more: Any) -> str:
        now_s = self.cloud.timestamp_ms // 1000
        span = {"startTime": now_s - 86_400 * 30, "endTime": now_s, "logGroupName": self.group, **more}
        span = {name: each for name, each in span.items() if each is not None}
        found: str = self.client.start_query(queryString=query, **span)["queryId"]
        return found

    def results(self, query_id: str, **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.get_query_results(queryId=query_id, **more)
        return answer

    def ask(self, query: str, **more: Any) -> list[dict[str, str]]:
        query_id = self.start(query, **more)
        self.cloud.advance(2)
        rows = self.results(query_id)["results"]
        return [{cell["field"]: cell["value"] for cell in row if cell["field"] != "@ptr"} for row in rows]


def test_query_runs_in_virtual_time(cloud: Cloud) -> None:
    group = Asking(cloud)
    group.put("one", "two")
    query_id = group.start("fields @message, @logStream, @log | filter @message = 'one'")
    seen = []
    for _ in range(4):
        answer = group.results(query_id)
        seen.append((answer["status"], len(answer["results"])))
        cloud.advance(0.5)
    assert seen == [("Scheduled", 0), ("Running", 0), ("Complete", 1), ("Complete", 1)]
    [row] = answer["results"]
    assert [cell["field"] for cell in row] == ["@message", "@logStream", "@log", "@ptr"]
    assert [cell["value"] for cell in row[:3]] == ["one", "s", f"{cloud.account_id}:g"]
    assert answer["statistics"] == {
        "recordsMatched": 1.0,
        "recordsScanned": 2.0,
        "bytesScanned": 6.0,
        "estimatedRecordsSkipped": 0.0,
        "estimatedBytesSkipped": 0.0,
        "logGroupsScanned": 1.0,
    }
    record = group.client.get_log_record(logRecordPointer=row[-1]["value"])["logRecord"]
    assert (record["@message"], record["@timestamp"]) == ("one", str(cloud.timestamp_ms - 2000))


def test_an_actor_waits_for_its_query(cloud: Cloud) -> None:
    group = Asking(cloud)
    group.put('{"level": "ERROR"}', '{"level": "INFO"}')

    def look() -> Any:
        query_id = group.start("stats count(*) as n by level | sort level")
        while (answer := group.results(query_id))["status"] != "Complete":
            time.sleep(1)
        return answer["results"]

    actor = cloud.spawn(look)
    cloud.run()
    assert actor.result == [
        [{"field": "level", "value": "ERROR"}, {"field": "n", "value": "1"}],
        [{"field": "level", "value": "INFO"}, {"field": "n", "value": "1"}],
    ]


def test_time_range_is_inclusive_and_cut_at_retention(cloud: Cloud) -> None:
    group = Asking(cloud)
    cloud.advance(3 * 86_400)
    for ago_s in (172_800, 60, 30, 0):
        group.put(f"{ago_s}", ago_s=ago_s)
    now_s = cloud.timestamp_ms // 1000
    assert group.ask("fields @message", startTime=now_s - 60, endTime=now_s - 30) == [
        {"@message": "30"},
        {"@message": "60"},
    ]
    group.client.put_retention_policy(logGroupName="g", retentionInDays=1)
    assert [row["@message"] for row in group.ask("fields @message")] == ["0", "30", "60"]


def test_no_event_from_before_the_group(cloud: Cloud) -> None:
    group = Asking(cloud)
    cloud.advance(60)
    group.put("old", ago_s=61)
    group.put("new", ago_s=59)
    assert group.ask("fields @message") == [{"@message": "new"}]


def test_groups_are_named_in_one_way(cloud: Cloud) -> None:
    group, other = Asking(cloud), Asking(cloud, "h")
    group.put("a")
    other.put("b")
    found = group.ask("fields @log | sort @log", logGroupName=None, logGroupNames=["g", "h"])
    assert [row["@log"] for row in found] == ["123456789012:g", "123456789012:h"]
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:h"
    assert group.ask("fields @message", logGroupName=None, logGroupIdentifiers=[arn]) == [{"@message": "b"}]
    assert refused(group.start, logGroupName=None) == "InvalidParameterException"
    assert refused(group.start, logGroupNames=["h"]) == "InvalidParameterException"
    assert refused(group.start, logGroupName=None, logGroupNames=["g", *(f"x{n}" for n in range(50))]) == (
        "InvalidParameterException"
    )
    assert refused(group.start, logGroupName="missing") == "ResourceNotFoundException"


def test_malformed_query_is_refused_at_start(cloud: Cloud) -> None:
    group = Asking(cloud)
    with pytest.raises(ClientError) as caught:
        group.start("fields @message | filter level == 1")
    answer = caught.value.response
    assert answer["Error"]["Code"] == "MalformedQueryException"
    assert answer["Error"]["Message"] == (
        "A field, a value or a function must stand here, found '=' (line 1, position 33)."
    )
    assert answer["queryCompileError"]["location"] == {"startCharOffset": 32, "endCharOffset": 33}
    assert group.client.describe_queries()["queries"] == []
    assert refused(group.start, endTime=1) == "InvalidParameterException"


def test_results_come_in_pages(cloud: Cloud) -> None:
    group = Asking(cloud)
    group.put(*(f"{n}" for n in range(25)))
    query_id = group.start("fields @message", limit=21)
    cloud.advance(2)
    first = group.results(query_id, maxItems=20)
    last = group.results(query_id, maxItems=20, nextToken=first["nextToken"])
    assert (len(first["results"]), len(last["results"]), "nextToken" in last) == (20, 1, False)


def test_stopped_and_described(cloud: Cloud) -> None:
    group = Asking(cloud)
    stopped, kept = group.start("fields a"), group.start("fields b")
    assert group.client.stop_query(queryId=stopped)["success"] is True
    cloud.advance(2)
    assert group.results(stopped)["status"] == "Cancelled"
    assert refused(group.client.stop_query, queryId=kept) == "InvalidParameterException"
    told = group.client.describe_queries(logGroupName="g")["queries"]
    assert [(each["queryId"], each["status"], each["queryString"]) for each in told] == [
        (kept, "Complete", "fields b"),
        (stopped, "Cancelled", "fields a"),
    ]
    assert group.client.describe_queries(status="Running")["queries"] == []
    assert refused(group.results, "nothing") == "ResourceNotFoundException"
    cloud.advance(7 * 86_400 + 1)
    assert refused(group.results, kept) == "ResourceNotFoundException"


def test_a_hundred_queries_at_a_time(cloud: Cloud) -> None:
    group = Asking(cloud)
    cloud.plane("logs").models.query_run_s = 600
    for _ in range(100):
        group.start()
    assert refused(group.start) == "LimitExceededException"
    cloud.advance(601)
    group.start()


def test_lines_of_a_function_are_there(cloud: Cloud) -> None:
    function = Function(
        cloud, "import json\ndef handler(event, context):\n    print(json.dumps({'order': event['n']}))"
    )
    for n in (1, 2):
        function.invoke({"n": n})
    now_s = cloud.timestamp_ms // 1000
    logs = cloud.client("logs")

    def ask(query: str) -> list[dict[str, str]]:
        asked = {
            "startTime": now_s - 3600,
            "endTime": now_s + 1,
            "logGroupName": f"/aws/lambda/{function.name}",
        }
        query_id = logs.start_query(queryString=query, **asked)["queryId"]
        cloud.advance(2)
        rows = logs.get_query_results(queryId=query_id)["results"]
        return [{cell["field"]: cell["value"] for cell in row if cell["field"] != "@ptr"} for row in rows]

    assert ask("filter ispresent(order) | fields order | sort order") == [{"order": "1"}, {"order": "2"}]
    report = ask(
        "filter @type = 'REPORT' | stats count(*) as calls, count(@initDuration) as cold, max(@memorySize) as memory"
    )
    assert report == [{"calls": "2", "cold": "1", "memory": "128000000"}]
