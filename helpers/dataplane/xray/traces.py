"""Traces made from a trail: what X-Ray would show if every part of the account were instrumented and every request
sampled.

What X-Ray itself would be sent is less: `helpers.dataplane.xray.plane` answers its API from segments that were put and
from functions with active tracing.
Pages: GUIDE/xray-concepts.html, GUIDE/xray-services-sns.html, GUIDE/xray-services-sqs.html, LAMBDA/services-xray.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from helpers.cloud import Account
from helpers.cloud.trail import Row
from helpers.dataplane.xray import ids
from helpers.dataplane.xray.causes import steps
from helpers.dataplane.xray.operations import TITLES, resource
from helpers.dataplane.xray.segment import Segment, covers
from helpers.dataplane.xray.status import status_of
from helpers.dataplane.xray.step import Kind, Step
from helpers.dataplane.xray.trace import Link, Trace

if TYPE_CHECKING:
    import pandas as pd

SECOND_US = 1_000_000
START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""When a Cloud opens unless it is told otherwise."""


def traces(
    source: Account | pd.DataFrame | Iterable[Row],
    *,
    seed: int | None = None,
    start: datetime = START,
    management: bool = False,
) -> list[Trace]:
    """The traces of a trail, in the order of their begins: each a request with all that it caused.

    `source` is a Cloud, its trail as a table (also that of an experiment's outcome), or its rows. `seed` draws the ids;
    by default it is the Cloud's, or 0. `start` is the instant at which the table begins; a Cloud knows its own.
    `management` includes calls that manage the account, such as CreateQueue.

    A request enters by a call of an actor, by a segment that the learner's code recorded, or by something that AWS does
    by itself: an alarm's change of state, a rule's schedule, a batch that an event source mapping hands to a function
    (a trace of its own, linked to those of the senders).
    """
    rows: Iterable[Row]
    if isinstance(source, Account):
        rows, seed = source.attempts, source.seed if seed is None else seed
        start_us = source.epoch_us - source.now_us
    else:
        rows = rows_of(source) if hasattr(source, "itertuples") else source
        start_us = round(start.timestamp() * SECOND_US)
    return _Builder(start_us, seed or 0).build(steps(rows, start_us=start_us, management=management))


def rows_of(table: Any) -> Iterable[Row]:
    """The rows of a trail that is a table."""
    for row in table.itertuples(index=False):
        start_us = round(row.time_s * SECOND_US)
        end_us = start_us + round(row.duration_s * SECOND_US)
        yield Row(
            start_us, row.call, row.attempt, end_us, row.actor, row.service, row.operation, row.parameters,
            row.response, row.error,
        )  # fmt: skip


class _Builder:
    def __init__(self, start_us: int, seed: int) -> None:
        self._start_us, self._seed = start_us, seed
        self._traces: dict[int, Trace] = {}  # id of the root's step -> its trace
        self._resources: dict[int, Segment] = {}  # id of a call's step -> the segment of what was called

    def build(self, found: list[Step]) -> list[Trace]:
        for step in found:
            if step.parent is None:
                self._trace(step)
        for step in found:
            mine = self._traces.get(id(step))
            for source in step.links:
                kept = self._resources.get(id(source))
                if mine and kept and kept.trace_id != mine.id:
                    mine.links.append(Link(kept.trace_id, kept.id))
        return sorted(self._traces.values(), key=lambda trace: trace.start_time)

    def _trace(self, root: Step) -> None:
        if root.segment is not None:
            trace = Trace(root.segment.trace_id)
        else:
            trace = Trace(ids.trace_id(self._seed, self._at(root.start_us), root.key))
        self._traces[id(root)] = trace
        if root.kind is Kind.CALL:
            segment = self._segment(trace, _service_of(root.actor), root, "caller", None)
            _note_instance(segment, root.actor)
            self._judge(segment, root)
            trace.segments.append(segment)
            self._call(trace, root, segment)
        else:
            self._step(trace, root, None)
        trace.segments.sort(key=lambda each: each.start_time)

    # One method a kind of step: it adds the step's segments to the trace

    def _step(self, trace: Trace, step: Step, parent: Segment | None) -> None:
        if step.kind is Kind.CALL:
            assert parent is not None
            self._call(trace, step, parent)
        elif step.kind is Kind.REQUEST:
            self._request(trace, step, parent)
        elif step.kind is Kind.RECORDED:
            self._recorded(trace, step)
        else:
            origin = "AWS::CloudWatch::Alarm" if step.kind is Kind.ALARM else ""
            name = step.actor if step.kind is Kind.ALARM else _service_of(step.actor)
            segment = self._segment(trace, name, step, step.kind, parent, origin)
            _note_instance(segment, step.actor)
            trace.segments.append(segment)
            for child in step.children:
                self._step(trace, child, segment)

    def _call(self, trace: Trace, step: Step, parent: Segment) -> None:
        """A call is a subsegment of its caller; what was called has a segment, inferred if it did nothing by itself."""
        row = step.row
        assert row is not None
        name, kind = resource(row.service, row.operation, row.parameters)
        called = self._segment(trace, TITLES.get(row.service, row.service), step, "call", None)
        called.namespace = "remote" if kind == "remote" else "aws"
        called.more["aws"] = {"operation": row.operation, "resource": name}
        if step.retries:
            called.more["aws"]["retries"] = step.retries
        self._judge(called, step)
        known = [one for one in parent.subsegments if _same_call(one, called)]
        if known:
            called = known[0]  # the learner's own code has sent it
        else:
            parent.subsegments.append(called)
        requests = [child for child in step.children if child.kind is Kind.REQUEST]
        others = [child for child in step.children if child.kind is not Kind.REQUEST]
        for child in requests:
            self._request(trace, child, called)
        if others or not requests:
            own = self._segment(trace, name, step, "resource", called, kind)
            own.inferred = not any(child.kind is Kind.CALL for child in others)
            self._judge(own, step)
            trace.segments.append(own)
            self._resources[id(step)] = own
            for child in others:
                self._step(trace, child, own)

    def _request(self, trace: Trace, step: Step, parent: Segment | None) -> None:
        """Lambda sends two segments: of the service, and of the function for each attempt in an environment."""
        name = step.parameters["FunctionName"]
        service = self._segment(trace, name, step, "service", parent, "AWS::Lambda")
        trace.segments.append(service)
        runs = [child for child in step.children if child.kind is Kind.RUN]
        last = runs[-1]
        self._judge(service, last, ran=False)
        if step.parameters["InvocationType"] == "Event":
            self._attempts(trace, step, service, runs)
        for run in runs:
            row = run.row
            if row is None or row.response is None:
                continue  # it was refused before it reached an environment
            attempt = row.parameters["Attempt"]
            above = service.subsegments[-1] if service.subsegments else service
            for each in service.subsegments:
                if each.name == f"Attempt #{attempt}":
                    above = each
            function = self._segment(trace, name, run, "function", above, "AWS::Lambda::Function")
            function.more["aws"] = {
                "request_id": row.parameters["RequestId"], "function_version": row.parameters["Version"],
            }  # fmt: skip
            if (init_ms := row.response.get("InitDurationMs")) is not None:
                init = self._segment(trace, "Init", run, "init", None)
                init.end_time = round(init.start_time + init_ms / 1000, 6)
                function.subsegments.append(init)
            self._judge(function, run, ran=True)
            trace.segments.append(function)
            for child in run.children:
                self._step(trace, child, function)
        for child in step.children:
            if child.kind is not Kind.RUN:
                self._step(trace, child, service)

    def _attempts(self, trace: Trace, step: Step, service: Segment, runs: list[Step]) -> None:
        """An asynchronous request waits in Lambda's queue ("Dwell Time") and may be tried several times."""
        waited_to = runs[0].start_us
        if waited_to > step.start_us:
            dwell = self._segment(trace, "Dwell Time", step, "dwell", None)
            dwell.end_time = self._at(waited_to)
            service.subsegments.append(dwell)
        seen: dict[int, Segment] = {}
        for run in runs:
            number = run.parameters["Attempt"]
            if number in seen:  # refused, and tried again as the same attempt
                seen[number].end_time = self._at(run.end_us)
                self._judge(seen[number], run, ran=run.row is not None and run.row.response is not None)
                continue
            attempt = self._segment(trace, f"Attempt #{number}", run, "attempt", None)
            self._judge(attempt, run, ran=run.row is not None and run.row.response is not None)
            seen[number] = attempt
            service.subsegments.append(attempt)

    def _recorded(self, trace: Trace, step: Step) -> None:
        assert step.segment is not None
        trace.segments.append(step.segment)
        for child in step.children:
            if child.kind is Kind.RECORDED:
                self._recorded(trace, child)
                continue
            at = self._at(child.start_us)
            around = [one for one in step.segment.walk() if not one.namespace and covers(one, at)]
            self._step(trace, child, around[-1] if around else step.segment)

    # Helpers

    def _at(self, at_us: int) -> float:
        return (self._start_us + at_us) / SECOND_US

    def _segment(
        self, trace: Trace, name: str, step: Step, what: str, parent: Segment | None, origin: str = ""
    ) -> Segment:
        return Segment(
            name=name,
            id=ids.segment_id(self._seed, trace.id, f"{step.key} {what}"),
            trace_id=trace.id,
            start_time=self._at(step.start_us),
            end_time=self._at(step.end_us),
            parent_id=parent.id if parent else None,
            origin=origin,
        )

    def _judge(self, segment: Segment, step: Step, *, ran: bool | None = None) -> None:
        """Mark how it ended. Code that fails is a fault of the function, not of Lambda, which then answers 200."""
        if ran is None:
            segment.mark(status_of(step.error))
        elif ran:
            segment.mark(502 if step.error else 200)
        else:
            refused = step.row is not None and step.row.response is None
            segment.mark(status_of(step.error) if refused else 200)


def _same_call(one: Segment, other: Segment) -> bool:
    operations = [each.more.get("aws", {}).get("operation") for each in (one, other)]
    return one.namespace == "aws" and one.start_time == other.start_time and len(set(operations)) == 1


def _service_of(actor: str) -> str:
    """Actors of one name are instances of one service."""
    return re.sub(r"-\d+$", "", actor)


def _note_instance(segment: Segment, actor: str) -> None:
    if segment.name != actor:
        segment.metadata["default"] = {"actor": actor}
