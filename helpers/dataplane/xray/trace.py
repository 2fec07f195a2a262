"""One trace: all segments of one request.

Page: GUIDE/xray-concepts.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from helpers.dataplane.xray.segment import Annotation, Segment


class Line(NamedTuple):
    """A segment or subsegment in the timeline of a trace.

    `start_s` counts from the begin of the trace; `kind` is the origin of a segment ("" if it has none) or the namespace
    of a subsegment, with the operation that was called.
    """

    depth: int
    name: str
    kind: str
    start_s: float
    duration_s: float
    segment: Segment


class Link(NamedTuple):
    """The segment of a queue or a stream, in another trace, whose message this one works on."""

    trace_id: str
    segment_id: str


@dataclass(slots=True, eq=False)
class Trace:
    """All segments that carry one trace id.

    `segments` are in the order of their starts; `links` lead to the traces of those who sent the messages that this one
    works on in a batch (GUIDE/xray-tracelinking.html).
    """

    id: str
    segments: list[Segment] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)

    @property
    def root(self) -> Segment:
        """The segment the request entered by: the first one whose parent is not here."""
        here = {each.id for each in self.walk()}
        return next((each for each in self.segments if each.parent_id not in here), self.segments[0])

    @property
    def start_time(self) -> float:
        """When the first segment starts (seconds since 1970)."""
        return min(each.start_time for each in self.segments)

    @property
    def duration_s(self) -> float:
        """Seconds from the first start to the last end, calls downstream included."""
        ends = [each.end_time for each in self.walk() if each.end_time is not None]
        return max(ends, default=self.start_time) - self.start_time

    @property
    def response_s(self) -> float:
        """Seconds until the root segment was answered."""
        return self.root.duration_s

    @property
    def annotations(self) -> dict[str, list[tuple[Annotation, str]]]:
        """Key -> its values, each with the name of the segment it is in."""
        found: dict[str, list[tuple[Annotation, str]]] = {}
        for segment in self.segments:
            for each in segment.walk():
                for key, value in each.annotations.items():
                    found.setdefault(key, []).append((value, segment.name))
        return found

    def walk(self) -> Iterator[Segment]:
        """Every segment with its subsegments."""
        for each in self.segments:
            yield from each.walk()

    def lines(self) -> list[Line]:
        """The timeline: segments and subsegments as a tree, the root first."""
        here = {each.id for each in self.walk()}
        under: dict[str | None, list[Segment]] = {}
        for segment in self.segments:
            under.setdefault(segment.parent_id if segment.parent_id in here else None, []).append(segment)
        begin, found = self.start_time, []

        def add(one: Segment, depth: int) -> None:
            operation = one.more.get("aws", {}).get("operation", "")
            kind = " ".join(part for part in (one.origin or one.namespace, operation) if part)
            found.append(
                Line(depth, one.name, kind, round(one.start_time - begin, 6), round(one.duration_s, 6), one)
            )
            below = sorted([*one.subsegments, *under.get(one.id, ())], key=lambda each: each.start_time)
            for each in below:
                add(each, depth + 1)

        for root in under.get(None, ()):
            add(root, 0)
        return found
