"""The segments that X-Ray was sent, compiled into traces.

Pages: GUIDE/xray-concepts.html, GUIDE/xray-api-segmentdocuments.html
"""

from __future__ import annotations

from collections.abc import Iterable

from helpers.dataplane.xray import ids
from helpers.dataplane.xray.segment import Segment
from helpers.dataplane.xray.trace import Link, Trace


class Store:
    """Segments by trace and id: a complete segment overwrites the one in progress that has its id."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._kept: dict[str, dict[str, Segment]] = {}
        self.links: dict[str, list[Link]] = {}

    def put(self, segment: Segment) -> None:
        """Keep it. One in progress never overwrites a complete one."""
        kept = self._kept.setdefault(segment.trace_id, {})
        before = kept.get(segment.id)
        if before is None or before.end_time is None or segment.end_time is not None:
            kept[segment.id] = segment

    def has(self, trace_id: str) -> bool:
        """Something of the trace has come."""
        return trace_id in self._kept

    def traces(self) -> list[Trace]:
        """Every trace, with what X-Ray infers, in the order of their begins."""
        found = [self.trace(each) for each in self._kept]
        return sorted(found, key=lambda trace: (trace.start_time, trace.id))

    def trace(self, trace_id: str) -> Trace:
        """The trace of that id. Raises KeyError."""
        kept = _in_order(self._kept[trace_id].values())
        return Trace(trace_id, kept + self._inferred(kept), list(self.links.get(trace_id, ())))

    def _inferred(self, kept: list[Segment]) -> list[Segment]:
        """For each downstream call whose service sent no segment, one that is made from the caller's subsegment."""
        parents = {each.parent_id for each in kept}
        return [
            Segment(
                name=str(call.more.get("aws", {}).get("resource") or call.name),
                id=ids.segment_id(self._seed, call.trace_id, f"inferred {call.id}"),
                trace_id=call.trace_id,
                start_time=call.start_time,
                end_time=call.end_time,
                parent_id=call.id,
                origin=f"AWS::{call.name}" if call.namespace == "aws" else call.namespace,
                inferred=True,
                error=call.error,
                throttle=call.throttle,
                fault=call.fault,
                more={"http": call.more["http"]} if "http" in call.more else {},
            )
            for segment in kept
            for call in segment.walk()
            if call.namespace and call.id not in parents
        ]


def _in_order(segments: Iterable[Segment]) -> list[Segment]:
    """By their starts; of those that start together, a caller comes before whom it calls."""
    found = list(segments)
    owners = {one.id: each for each in found for one in each.walk()}

    def depth(segment: Segment) -> int:
        above = owners.get(segment.parent_id or "")
        steps = 0
        while above is not None and steps < len(found):
            above, steps = owners.get(above.parent_id or ""), steps + 1
        return steps

    return sorted(found, key=lambda each: (each.start_time, depth(each)))
