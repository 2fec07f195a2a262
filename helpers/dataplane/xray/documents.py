"""Segment documents as PutTraceSegments takes them: which are kept, and why others are not.

Pages: API/API_PutTraceSegments.html, GUIDE/xray-api-segmentdocuments.html, GUIDE/xray-api-sendingdata.html. Of the
error codes AWS documents InvalidTraceId; the others are made in its likeness.
"""

from __future__ import annotations

import json
from typing import Any

from helpers.dataplane.xray.ids import SEGMENT_ID, TRACE_ID
from helpers.dataplane.xray.segment import Segment, segment_of

MOST_BYTES = 64 * 1024
KEPT_S = 30 * 86_400
"""How long traces are kept, and how old the time in a trace id may be (GUIDE/xray-concepts.html)."""
_LONGEST_NAME = 200


class Refused(Exception):
    """The document is not kept."""

    def __init__(self, code: str, segment: str | None = None) -> None:
        super().__init__(code)
        self.code, self.segment = code, segment

    def shown(self) -> dict[str, str]:
        """An entry of UnprocessedTraceSegments."""
        entry = {"ErrorCode": self.code, "Message": f"Invalid segment. ErrorCode: {self.code}"}
        return entry | ({"Id": self.segment} if self.segment else {})


def read(text: str, now_s: float) -> Segment:
    """The segment in a document. `now_s` is the present, in seconds since 1970. Raises Refused."""
    if len(text.encode()) > MOST_BYTES:
        raise Refused("SegmentTooLarge")
    try:
        document = json.loads(text)
    except ValueError:
        raise Refused("ParseError") from None
    if not isinstance(document, dict):
        raise Refused("ParseError")
    given = document.get("id")
    segment = given if isinstance(given, str) else None
    try:
        trace = document.get("trace_id")
        if trace is None:
            raise Refused("MissingTraceId")
        if (
            not isinstance(trace, str)
            or not TRACE_ID.fullmatch(trace)
            or int(trace[2:10], 16) < now_s - KEPT_S
        ):
            raise Refused("InvalidTraceId")
        _check(document)
        if document.get("type") == "subsegment" and not document.get("parent_id"):
            raise Refused("MissingParentId")
        return segment_of(document)
    except Refused as refused:
        raise Refused(refused.code, segment) from None


def _check(one: dict[str, Any]) -> None:
    for key, (title, fits) in _REQUIRED.items():
        if one.get(key) is None:
            raise Refused(f"Missing{title}")
        if not fits(one[key]):
            raise Refused(f"Invalid{title}")
    end = one.get("end_time")
    if end is None and one.get("in_progress") is not True:
        raise Refused("MissingEndTime")
    if end is not None and (not _number(end) or end < one["start_time"]):
        raise Refused("InvalidEndTime")
    for key, (title, fits) in _OPTIONAL.items():
        if one.get(key) is not None and not fits(one[key]):
            raise Refused(f"Invalid{title}")
    for each in one.get("subsegments") or ():
        _check(each)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _id(value: Any) -> bool:
    return isinstance(value, str) and SEGMENT_ID.fullmatch(value) is not None


def _name(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= _LONGEST_NAME


def _annotations(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(each, str | int | float) for each in value.values())


def _subsegments(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


_REQUIRED = {"id": ("Id", _id), "name": ("Name", _name), "start_time": ("StartTime", _number)}
_OPTIONAL = {
    "parent_id": ("ParentId", _id),
    "annotations": ("Annotations", _annotations),
    "metadata": ("Metadata", lambda value: isinstance(value, dict)),
    "subsegments": ("Subsegments", _subsegments),
}
