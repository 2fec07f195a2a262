"""What GetTraceSummaries, BatchGetTraces, GetServiceGraph and GetTraceGraph answer.

Pages: API/API_TraceSummary.html, API/API_BatchGetTraces.html, API/API_GetServiceGraph.html, API/API_Service.html
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from helpers.cloud import Call
from helpers.dataplane.stamp import instant, seconds
from helpers.dataplane.xray import errors, filters
from helpers.dataplane.xray.documents import KEPT_S
from helpers.dataplane.xray.segment import Annotation
from helpers.dataplane.xray.service_map import Counts, service_map
from helpers.dataplane.xray.store import Store
from helpers.dataplane.xray.trace import Trace

LONGEST_S = 6 * 3600
"""The span of time of one question. No page says so; X-Ray refuses more."""
MOST_TRACES = 5
"""Ids that BatchGetTraces takes. No page says so; X-Ray refuses more."""
_PAGE = 100
# Summaries in one answer.


def summaries(store: Store, now_s: float, call: Call) -> dict[str, Any]:
    """GetTraceSummaries: the traces of a span of time, by the time in their ids or (Event) by any of their segments.

    The end does not belong to it (GUIDE/xray-api-gettingdata.html).
    """
    asked = call.parameters
    begin_s, end_s = _span(asked)
    fits = (
        filters.matching(asked["FilterExpression"]) if asked.get("FilterExpression") else lambda trace: True
    )
    in_time = _by_event if asked.get("TimeRangeType") in ("Event", "Service") else _by_id
    scanned = [trace for trace in _kept(store, now_s) if in_time(trace, begin_s, end_s)]
    found = [trace for trace in scanned if fits(trace)]
    first = int(asked.get("NextToken", 0))
    answer: dict[str, Any] = {
        "TraceSummaries": [_summary(trace, call.account_id) for trace in found[first : first + _PAGE]],
        "ApproximateTime": instant(now_s),
        "TracesProcessedCount": len(scanned),
    }
    if first + _PAGE < len(found):
        answer["NextToken"] = str(first + _PAGE)
    return answer


def whole(store: Store, now_s: float, call: Call) -> dict[str, Any]:
    """BatchGetTraces: up to five traces with all their segments."""
    asked = call.parameters["TraceIds"]
    if len(asked) > MOST_TRACES:
        raise errors.invalid(f"At most {MOST_TRACES} trace ids can be asked for at once.")
    found = [trace for trace in _asked(store, asked) if trace.start_time >= now_s - KEPT_S]
    here = {trace.id for trace in found}
    return {
        "Traces": [
            {
                "Id": trace.id,
                "Duration": round(trace.duration_s, 6),
                "LimitExceeded": False,
                "Segments": [
                    {"Id": each.id, "Document": json.dumps(each.document())} for each in trace.segments
                ],
            }
            for trace in found
        ],
        "UnprocessedTraceIds": [each for each in asked if each not in here],
    }


def graph(store: Store, now_s: float, call: Call) -> dict[str, Any]:
    """GetServiceGraph: the graph of the traces of a span of time."""
    begin_s, end_s = _span(call.parameters)
    chosen = [trace for trace in _kept(store, now_s) if _by_event(trace, begin_s, end_s)]
    services = _services(chosen, call.account_id)
    return {
        "StartTime": instant(begin_s),
        "EndTime": instant(end_s),
        "Services": services,
        "ContainsOldGroupVersions": False,
    }


def trace_graph(store: Store, now_s: float, call: Call) -> dict[str, Any]:
    """GetTraceGraph: the graph of the named traces."""
    return {"Services": _services(_asked(store, call.parameters["TraceIds"]), call.account_id)}


def _kept(store: Store, now_s: float) -> list[Trace]:
    return [trace for trace in store.traces() if trace.start_time >= now_s - KEPT_S]


def _asked(store: Store, ids: list[str]) -> list[Trace]:
    return [store.trace(each) for each in dict.fromkeys(ids) if store.has(each)]


def _span(asked: dict[str, Any]) -> tuple[float, float]:
    begin_s, end_s = seconds(asked["StartTime"]), seconds(asked["EndTime"])
    if end_s < begin_s:
        raise errors.invalid("The end of the time range lies before its start.")
    if end_s - begin_s > LONGEST_S:
        raise errors.invalid("Time range cannot be longer than 6 hours.")
    return begin_s, end_s


def _by_id(trace: Trace, begin_s: float, end_s: float) -> bool:
    return int(begin_s) <= int(trace.id[2:10], 16) < end_s


def _by_event(trace: Trace, begin_s: float, end_s: float) -> bool:
    return any(
        each.start_time <= end_s and (each.end_time is None or each.end_time >= begin_s)
        for each in trace.segments
    )


def _summary(trace: Trace, account_id: str) -> dict[str, Any]:
    root, every = trace.root, list(trace.walk())
    services = [_id(name, origin, account_id) for name, origin in _names(trace)]
    http = root.more.get("http", {})
    told = {
        "HttpURL": http.get("request", {}).get("url"),
        "HttpMethod": http.get("request", {}).get("method"),
        "UserAgent": http.get("request", {}).get("user_agent"),
        "ClientIp": http.get("request", {}).get("client_ip"),
        "HttpStatus": root.status,
    }
    users = dict.fromkeys(each.more["user"] for each in trace.segments if "user" in each.more)
    return {
        "Id": trace.id,
        "StartTime": instant(trace.start_time),
        "Duration": round(trace.duration_s, 6),
        "ResponseTime": round(trace.response_s, 6),
        "HasFault": root.fault,
        "HasError": root.error,
        "HasThrottle": any(each.throttle for each in every),
        "IsPartial": any(each.end_time is None for each in every),
        "Http": {key: value for key, value in told.items() if value is not None},
        "Annotations": {
            key: [
                {
                    "AnnotationValue": _typed(value),
                    "ServiceIds": [each for each in services if each["Name"] == name],
                }
                for value, name in values
            ]
            for key, values in trace.annotations.items()
        },
        "Users": [{"UserName": user, "ServiceIds": []} for user in users],
        "ServiceIds": services,
        "EntryPoint": _id(root.name, root.origin, account_id),
        "Revision": len(trace.segments),
    }


def _names(trace: Trace) -> list[tuple[str, str]]:
    return list(dict.fromkeys((each.name, each.origin) for each in trace.segments))


def _id(name: str, origin: str, account_id: str) -> dict[str, Any]:
    found: dict[str, Any] = {"Name": name, "Names": [name], "AccountId": account_id}
    return found | ({"Type": origin} if origin else {})


def _typed(value: Annotation) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BooleanValue": value}
    return {"StringValue": value} if isinstance(value, str) else {"NumberValue": float(value)}


def _services(chosen: list[Trace], account_id: str) -> list[dict[str, Any]]:
    drawn = service_map(chosen)
    found = []
    for number, node in enumerate(drawn.nodes):
        edges = [
            {
                "ReferenceId": edge.target,
                "StartTime": instant(edge.begin),
                "EndTime": instant(edge.end),
                "SummaryStatistics": _statistics(edge.counts),
                "ResponseTimeHistogram": _histogram(edge.counts),
                "EdgeType": "link" if edge.linked else "",
            }
            for edge in drawn.edges
            if edge.source == number
        ]
        found.append(
            {
                "ReferenceId": number,
                "Root": node.root,
                "State": "unknown" if node.inferred else "active",
                "StartTime": instant(node.begin),
                "EndTime": instant(node.end),
                "Edges": edges,
                "SummaryStatistics": _statistics(node.counts),
                "DurationHistogram": _histogram(node.counts),
                "ResponseTimeHistogram": _histogram(node.counts),
                **_id(node.name, node.type, account_id),
            }
        )
    return found


def _statistics(counts: Counts) -> dict[str, Any]:
    return {
        "OkCount": counts.ok,
        "ErrorStatistics": {
            "ThrottleCount": counts.throttles,
            "OtherCount": counts.errors - counts.throttles,
            "TotalCount": counts.errors,
        },
        "FaultStatistics": {"OtherCount": counts.faults, "TotalCount": counts.faults},
        "TotalCount": counts.total,
        "TotalResponseTime": round(counts.seconds, 6),
    }


def _histogram(counts: Counts) -> list[dict[str, Any]]:
    tally = Counter(round(each, 3) for each in counts.durations)
    return [{"Value": value, "Count": count} for value, count in sorted(tally.items())]


_Reader = Callable[[Store, float, Call], dict[str, Any]]
READERS: dict[str, _Reader] = {
    "GetTraceSummaries": summaries,
    "BatchGetTraces": whole,
    "GetServiceGraph": graph,
    "GetTraceGraph": trace_graph,
}
