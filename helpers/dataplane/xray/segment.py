"""One segment or subsegment, in X-Ray's terms.

Page: GUIDE/xray-api-segmentdocuments.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Annotation = str | int | float | bool

_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
_CLIENT_ERROR = 400

_KEPT = ("http", "aws", "cause", "user", "service", "sql")
# Fields of a document that are kept as they came.


@dataclass(slots=True, eq=False)
class Segment:
    """What one service did for a request; or, within it, one call or one piece of code (a subsegment).

    Times are seconds since 1970; `end_time` is None while it is in progress. `origin` is the type of resource, such as
    AWS::Lambda::Function; `namespace` is "aws" for a subsegment that calls AWS, "remote" for another call, "" else.
    `inferred` says that X-Ray made it from the caller's subsegment. `error` is a 4xx, `throttle` a 429 (which is an
    error too), `fault` a 5xx. `more` holds what else a document has: http, aws, cause, user, service, sql.
    """

    name: str
    id: str
    trace_id: str
    start_time: float
    end_time: float | None
    parent_id: str | None = None
    origin: str = ""
    namespace: str = ""
    inferred: bool = False
    error: bool = False
    throttle: bool = False
    fault: bool = False
    annotations: dict[str, Annotation] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    subsegments: list[Segment] = field(default_factory=list)
    independent: bool = False
    """A subsegment that was sent without its segment."""

    @property
    def duration_s(self) -> float:
        """Seconds from start to end; 0 while it is in progress."""
        return 0.0 if self.end_time is None else self.end_time - self.start_time

    @property
    def ok(self) -> bool:
        """It ended without error, throttle and fault."""
        return not (self.error or self.throttle or self.fault)

    @property
    def status(self) -> int | None:
        """The HTTP status of the answer, where the document has one."""
        found = self.more.get("http", {}).get("response", {}).get("status")
        return found if isinstance(found, int) else None

    def mark(self, status: int) -> None:
        """Note the HTTP status of the answer, and the flag that belongs to it."""
        self.more.setdefault("http", {}).setdefault("response", {})["status"] = status
        self.error = _CLIENT_ERROR <= status < _SERVER_ERROR
        self.throttle = status == _TOO_MANY_REQUESTS
        self.fault = status >= _SERVER_ERROR

    def walk(self) -> Iterator[Segment]:
        """It and all that is nested in it, in the order of the document."""
        yield self
        for each in self.subsegments:
            yield from each.walk()

    def document(self) -> dict[str, Any]:
        """The segment document, as PutTraceSegments takes it."""
        return {"trace_id": self.trace_id, **self._document()}

    def _document(self) -> dict[str, Any]:
        given: dict[str, Any] = {"id": self.id, "name": self.name, "start_time": self.start_time}
        if self.end_time is None:
            given["in_progress"] = True
        else:
            given["end_time"] = self.end_time
        texts = {"parent_id": self.parent_id, "origin": self.origin, "namespace": self.namespace}
        given |= {key: value for key, value in texts.items() if value}
        if self.independent:
            given["type"] = "subsegment"
        flags = {
            "inferred": self.inferred,
            "error": self.error,
            "throttle": self.throttle,
            "fault": self.fault,
        }
        given |= {key: True for key, value in flags.items() if value}
        given |= self.more
        if self.annotations:
            given["annotations"] = self.annotations
        if self.metadata:
            given["metadata"] = self.metadata
        if self.subsegments:
            given["subsegments"] = [each._document() for each in self.subsegments]
        return given


def covers(one: Segment, at: float) -> bool:
    """It goes on at the instant `at` (seconds since 1970)."""
    return one.start_time <= at and (one.end_time is None or at < one.end_time)


def segment_of(document: dict[str, Any], trace_id: str | None = None) -> Segment:
    """The segment that a document, whose fields have been checked, describes."""
    trace = trace_id or str(document["trace_id"])
    end = document.get("end_time")
    return Segment(
        name=str(document["name"]),
        id=str(document["id"]).lower(),
        trace_id=trace,
        start_time=float(document["start_time"]),
        end_time=None if end is None else float(end),
        parent_id=document.get("parent_id"),
        origin=str(document.get("origin", "")),
        namespace=str(document.get("namespace", "")),
        inferred=bool(document.get("inferred")),
        error=bool(document.get("error")),
        throttle=bool(document.get("throttle")),
        fault=bool(document.get("fault")),
        annotations=dict(document.get("annotations", {})),
        metadata=dict(document.get("metadata", {})),
        more={key: document[key] for key in _KEPT if key in document},
        subsegments=[segment_of(each, trace) for each in document.get("subsegments", ())],
        independent=document.get("type") == "subsegment",
    )
