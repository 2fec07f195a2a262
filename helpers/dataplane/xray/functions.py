"""The segments that Lambda itself sends: two for each sampled invocation of a function with active tracing.

Page: LAMBDA/services-xray.html. The segments are read from the trail when somebody asks X-Ray.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import replace

from helpers.cloud.trail import Row
from helpers.dataplane.xray.operations import last_part
from helpers.dataplane.xray.segment import Segment
from helpers.dataplane.xray.trace import Link, Trace

RESERVOIR, RATE = 1, 0.05
"""One request each second and 5 % of the others. It cannot be configured."""
_SERVICE, _FUNCTION = "AWS::Lambda", "AWS::Lambda::Function"


class Modes:
    """Which tracing mode a function had when: from the calls that set it."""

    def __init__(self, rows: Iterable[Row], start_us: int) -> None:
        self._set: dict[str, list[tuple[float, bool]]] = {}
        for row in rows:
            if row.service == "lambda" and not row.error:
                mode = row.parameters.get("TracingConfig", {}).get("Mode")
                if row.operation in ("CreateFunction", "UpdateFunctionConfiguration") and mode:
                    name = last_part(row.parameters["FunctionName"])
                    at_s = (start_us + row.end_us) / 1_000_000
                    self._set.setdefault(name, []).append((at_s, mode == "Active"))

    @property
    def any_active(self) -> bool:
        """Some function had active tracing at some time."""
        return any(active for each in self._set.values() for _, active in each)

    def active(self, function: str, at_s: float) -> bool:
        """The function has active tracing at `at_s`; PassThrough is the default."""
        found = False
        for since_s, active in self._set.get(function, ()):
            if since_s <= at_s:
                found = active
        return found


class LambdaTracing:
    """Decides which invocations are sampled, once for each, and gives the segments that Lambda sends of them."""

    def __init__(self) -> None:
        self._decided: dict[str, bool] = {}
        self._taken: dict[tuple[str, int], int] = {}

    def sent(
        self,
        traces: Iterable[Trace],
        modes: Modes,
        put: Container[str],
        dark: Callable[[Segment], bool],
    ) -> Iterator[tuple[Segment, list[Link]]]:
        """The segments that Lambda sends of `traces`, each with the links of its trace.

        `put` holds the ids of segments that were sampled and sent by the learner's code; `dark` says whether a root was
        the learner's code in a request that it did not sample.
        """
        for trace in traces:
            under: dict[str, list[Segment]] = {}
            for segment in trace.segments:
                under.setdefault(segment.parent_id or "", []).append(segment)
            root = trace.root
            decided = False if dark(root) else None
            for segment in self._below(root, under, modes, put, decided, None):
                yield segment, trace.links if segment.id == root.id else []

    def _below(
        self,
        one: Segment,
        under: dict[str, list[Segment]],
        modes: Modes,
        put: Container[str],
        sampled: bool | None,
        parent: str | None,
    ) -> Iterator[Segment]:
        """`sampled` is the decision in the tracing header that reaches `one` (None: there is no header); `parent` the
        nearest segment above that was sent.
        """
        if one.id in put:
            sampled = True
        elif one.origin == _SERVICE and not one.inferred:
            active = modes.active(one.name, one.start_time)
            if sampled is None:  # Lambda makes the header: in PassThrough it says no
                sampled = active and self._decide(one)
            if sampled and active:
                yield replace(one, parent_id=parent)
                parent = one.id
        elif one.origin == _FUNCTION and sampled and modes.active(one.name, one.start_time):
            own = [each for each in one.subsegments if not each.namespace]
            yield replace(one, subsegments=own)
            parent = one.id
        for each in one.walk():
            above = next((sent.id for sent in (each, one) if sent.id in put), parent)
            for child in under.get(each.id, ()):
                yield from self._below(child, under, modes, put, sampled, above)

    def _decide(self, one: Segment) -> bool:
        if one.id not in self._decided:
            second = one.name, int(one.start_time)
            self._taken[second] = self._taken.get(second, 0) + 1
            drawn = int(one.id, 16) / 2**64  # an id is as random as any other draw from the seed
            self._decided[one.id] = self._taken[second] <= RESERVOIR or drawn < RATE
        return self._decided[one.id]
