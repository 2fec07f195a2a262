"""Which step of a trail caused which: found by the ids that one step returned and the next one carries.

AWS hands a request on by a tracing header; the trail has no headers, but the same links: the id of a message, an event
or a request in what was sent; the receipt handle; the environment an actor is; the instant an event was accepted.
Pages: GUIDE/xray-services-sns.html, GUIDE/xray-services-sqs.html, GUIDE/xray-tracelinking.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from helpers.cloud.trail import Row
from helpers.dataplane.xray.operations import POLLS, is_data, last_part
from helpers.dataplane.xray.segment import segment_of
from helpers.dataplane.xray.step import Kind, Step

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_POLLER = re.compile(r"(.+)-poller(-\d+)?")
# The actor that reads for an event source mapping of a function.
_SERVICES = frozenset(
    {"cloudwatch", "dynamodb", "events", "firehose", "kinesis", "lambda", "logs", "sns", "sqs", "dax"}
)
_HANDS_BACK = {
    "DeleteMessage", "DeleteMessageBatch", "ChangeMessageVisibility", "ChangeMessageVisibilityBatch",
}  # fmt: skip


def steps(rows: Iterable[Row], *, start_us: int, management: bool = False) -> list[Step]:
    """The steps of a trail, each under the one that caused it, in the order of their starts.

    `start_us` is when the Cloud was opened (microseconds since 1970).
    Left out: polls that bring nothing, what the pollers of event source mappings do, calls to X-Ray itself, and, unless
    `management` asks for them, calls of learners' actors that manage the account.
    """
    return _Causes(rows, start_us, management=management).found


class _Causes:
    def __init__(self, rows: Iterable[Row], start_us: int, *, management: bool) -> None:
        self._start_us, self._management = start_us, management
        self.found: list[Step] = []
        self._made: dict[str, Step] = {}  # the id of a message, an event or a request -> who made it
        self._records: dict[
            tuple[str, str], Step
        ] = {}  # stream or function, and sequence number -> who put it
        self._published: list[Step] = []
        self._delivered: set[tuple[str, str]] = set()  # published, and to which endpoint
        self._alarms: dict[str, Step] = {}
        self._events: dict[str, list[Step]] = {}  # function -> accepted asynchronous invocations
        self._requests: dict[str, Step] = {}
        self._runs: dict[str, list[Step]] = {}  # environment -> its runs
        self._handles: dict[str, Step] = {}
        self._received: list[tuple[Step, str]] = []  # consumers, and the ids of their messages
        self._open: dict[str, list[Step]] = {}  # actor -> the messages it has in hand
        self._polled: dict[str, dict[str, list[str]]] = {}  # function, poller -> what it received, in order
        self._writes: dict[
            str, list[tuple[dict[str, Any], Step]]
        ] = {}  # table -> writes no stream has shown yet
        self._recorded: dict[str, list[Step]] = {}
        ordered = list(rows)
        self._end_us = max((row.end_us for row in ordered), default=0)
        invocations, calls = self._sorted(ordered)
        self._see_runs(invocations)
        # A poll acts when it returns: what it brings may have been sent while it waited.
        for call in sorted(calls, key=lambda each: each.end_us if _polls(each.row) else each.start_us):
            self._place(call)
        for each in self._open.values():
            for consumer in each:
                consumer.end_us = self._end_us
        for consumer, message in self._received:  # a message may arrive at the instant it is sent
            if message in self._made:
                consumer.caused_by(self._made[message])
        self._place_requests()
        self._place_segments()
        self.found.sort(key=lambda step: (step.start_us, step.key))
        for step in self.found:
            step.children.sort(key=lambda child: (child.start_us, child.key))

    # What the rows are

    def _sorted(self, rows: list[Row]) -> tuple[list[Row], list[Step]]:
        invocations: list[Row] = []
        calls: dict[int, Step] = {}
        for row in rows:
            if row.service == "xray":
                self._see_segments(row)
            elif row.service == "lambda" and row.operation == "Invocation":
                invocations.append(row)
            elif (before := calls.get(row.call)) is not None:
                before.row, before.end_us, before.retries = row, row.end_us, before.retries + 1
            else:
                calls[row.call] = Step(Kind.CALL, row.actor, row.start_us, row.end_us, f"{row.call:08d}", row)
        return invocations, list(calls.values())

    def _see_segments(self, row: Row) -> None:
        if row.operation != "PutTraceSegments" or row.error:
            return
        refused = {each.get("Id") for each in (row.response or {}).get("UnprocessedTraceSegments", ())}
        for text in row.parameters["TraceSegmentDocuments"]:
            try:
                document = json.loads(text)
                if document["id"] in refused or "end_time" not in document:
                    continue
                segment = segment_of(document)
            except (ValueError, KeyError, TypeError):
                continue  # X-Ray did not take it
            start_us, end_us = (
                round(each * 1_000_000) - self._start_us
                for each in (segment.start_time, segment.end_time or 0.0)
            )
            step = Step(
                Kind.RECORDED, row.actor, start_us, end_us, f"{row.call:08d}-{segment.id}", segment=segment
            )
            self._recorded.setdefault(row.actor, []).append(step)
            self.found.append(step)

    def _see_runs(self, rows: list[Row]) -> None:
        for row in rows:
            asked = row.parameters
            request = self._requests.get(asked["RequestId"])
            if request is None:
                waited_us = round(asked.get("EventAgeMs", 0.0) * 1000)
                request = Step(
                    Kind.REQUEST,
                    "lambda",
                    row.start_us - waited_us,
                    row.end_us,
                    f"{row.call:08d}-request",
                    row,
                )
                self._requests[asked["RequestId"]] = self._made[asked["RequestId"]] = request
                self.found.append(request)
            request.end_us = max(request.end_us, row.end_us)
            run = Step(Kind.RUN, asked["FunctionName"], row.start_us, row.end_us, f"{row.call:08d}-run", row)
            run.caused_by(request)
            self.found.append(run)
            if "Environment" in asked:
                self._runs.setdefault(asked["Environment"], []).append(run)

    # Calls, in the order of their starts

    def _place(self, call: Step) -> None:
        row = call.row
        assert row is not None
        run = self._run_of(call)
        if _polls(row):
            self._poll(call)
            return
        if run is None and row.service == "sqs" and row.operation in _HANDS_BACK and self._hand_back(call):
            return
        if run is None and _is_poller(row.actor):
            return
        if run is not None:
            call.caused_by(run)
        elif row.actor in _SERVICES:
            self._by_service(call)
            if row.operation == "GiveUp" or (call.parent is None and not self._enters(row)):
                if call.parent is not None:
                    call.parent.children.remove(call)
                return
        elif (own := self._own_segment(call)) is not None:
            call.caused_by(own)
        elif self._open.get(row.actor):
            call.caused_by(self._open[row.actor][0])
        elif not self._enters(row):
            return
        self.found.append(call)
        self._note(call)

    def _enters(self, row: Row) -> bool:
        """A call that nothing here has caused is a request of its own: not if it manages the account."""
        asks = row.operation == "HttpPost"  # without a message it asks for the confirmation of a subscription
        return self._management or (is_data(row.service, row.operation) and not asks)

    def _run_of(self, call: Step) -> Step | None:
        for run in self._runs.get(call.actor, ()):
            if run.start_us <= call.start_us <= run.end_us:
                return run
        return None

    def _own_segment(self, call: Step) -> Step | None:
        """The segment that the actor itself recorded around the call."""
        around = [
            step
            for step in self._recorded.get(call.actor, ())
            if step.start_us <= call.start_us < step.end_us
        ]
        return max(around, key=lambda step: step.start_us, default=None)

    def _note(self, call: Step) -> None:
        """Remember what the call made."""
        row, answer = call.row, call.response
        assert row is not None
        if row.error:
            return
        parts = [
            answer,
            *answer.get("Successful", ()),
            *answer.get("Entries", ()),
            *answer.get("Records", ()),
        ]
        for part in parts:
            for name in ("MessageId", "EventId"):
                if name in part:
                    self._made[part[name]] = call
            if "SequenceNumber" in part and row.service == "kinesis":
                self._records["", part["SequenceNumber"]] = call
        if row.service == "sns" and row.operation in ("Publish", "PublishBatch"):
            self._published.append(call)
        elif row.service == "lambda" and row.parameters.get("InvocationType") != "DryRun":
            self._events.setdefault(last_part(row.parameters.get("FunctionName", "")), []).append(call)
        elif row.service == "dynamodb":
            self._see_write(call)

    # What services do

    def _by_service(self, call: Step) -> None:
        if call.actor == "cloudwatch" and (alarm := self._alarm(call)) is not None:
            call.caused_by(alarm)
            return
        # What Firehose writes holds the records of many requests.
        text = "" if call.actor == "firehose" else str(call.parameters)
        known = [self._made[found] for found in _UUID.findall(text) if found in self._made]
        cause = max(known, key=lambda step: (step.end_us, step.key), default=None)
        if cause is None and call.actor == "sns":
            cause = self._raw(call)
        if cause is not None and cause.kind is Kind.REQUEST:  # the attempt that ended last before it
            ended = [run for run in cause.children if run.kind is Kind.RUN and run.end_us <= call.start_us]
            cause = max(ended, key=lambda run: run.end_us, default=cause)
        if cause is not None:
            call.caused_by(cause)

    def _alarm(self, call: Step) -> Step | None:
        """The alarm whose action the call is, one step for each change of state."""
        given = call.parameters.get("Message") or call.parameters.get("Payload")
        try:
            told = json.loads(given) if isinstance(given, (str, bytes)) else {}
        except ValueError:
            return None
        arn, when = (
            told.get("AlarmArn") or told.get("alarmArn"),
            told.get("StateChangeTime") or told.get("time"),
        )
        if not isinstance(arn, str):
            return None
        key = f"{arn} {when}"
        if key not in self._alarms:
            name = arn.partition(":alarm:")[2]
            alarm = Step(Kind.ALARM, name, call.start_us, call.end_us, f"{call.key}-alarm")
            self._alarms[key] = alarm
            self.found.append(alarm)
        self._alarms[key].end_us = max(self._alarms[key].end_us, call.end_us)
        return self._alarms[key]

    def _raw(self, call: Step) -> Step | None:
        """A raw delivery is known by its text alone: the oldest message with it that this endpoint has not got."""
        given = call.parameters
        body, to = given.get("MessageBody"), str(given.get("QueueUrl"))
        same = [
            each
            for each in self._published
            if each.end_us <= call.start_us and body in _texts(each.parameters)
        ]
        fresh = [each for each in same if (each.key, to) not in self._delivered]
        cause = fresh[0] if fresh else (same[-1] if same else None)
        if cause is not None and not call.error:
            self._delivered.add((cause.key, to))
        return cause

    # Consumers of queues

    def _poll(self, call: Step) -> None:
        row = call.row
        assert row is not None
        if (poller := _POLLER.fullmatch(row.actor)) is not None:
            self._see_poll(call, poller[1])
            return
        brought = call.response.get("Messages") or []
        self._close(row.actor, call.start_us)
        if row.error and self._run_of(call) is None:
            self.found.append(call)
        for number, message in enumerate(brought):
            consumer = Step(
                Kind.CONSUMER, row.actor, call.end_us, call.end_us, f"{call.key}-{number:02d}", row
            )
            self._received.append((consumer, message["MessageId"]))
            self._handles[message["ReceiptHandle"]] = consumer
            self._open.setdefault(row.actor, []).append(consumer)
            self.found.append(consumer)

    def _see_poll(self, call: Step, function: str) -> None:
        received = self._polled.setdefault(function, {}).setdefault(call.actor, [])
        received += [each["MessageId"] for each in call.response.get("Messages") or ()]
        for record in call.response.get("Records") or ():
            change = record.get("dynamodb", record)
            number = str(change.get("SequenceNumber"))
            received.append(number)
            if change is not record and (function, number) not in self._records:
                table = str(call.parameters.get("ShardIterator")).partition("/")[2].partition("/")[0]
                waiting = self._writes.get(table, [])
                keys = change.get("Keys", {}).items()
                for each in waiting:
                    if keys <= each[0].items():
                        self._records[function, number] = each[1]
                        waiting.remove(each)
                        break

    def _see_write(self, call: Step) -> None:
        """A put has whole items, of which the key is a part."""
        given = call.parameters
        item = given.get("Key") or given.get("Item")
        if call.name in ("dynamodb.PutItem", "dynamodb.UpdateItem", "dynamodb.DeleteItem") and item:
            self._writes.setdefault(last_part(str(given["TableName"])), []).append((item, call))

    def _close(self, actor: str, at_us: int) -> None:
        for consumer in self._open.pop(actor, ()):
            consumer.end_us = at_us

    def _hand_back(self, call: Step) -> bool:
        """A delete or a change of visibility belongs to the message, by its receipt handle."""
        given = call.parameters
        handles = [
            given.get("ReceiptHandle"),
            *(each.get("ReceiptHandle") for each in given.get("Entries", ())),
        ]
        owners = [self._handles[handle] for handle in handles if handle in self._handles]
        if not owners:
            return False
        call.caused_by(owners[0])
        self.found.append(call)
        extended = given.get("VisibilityTimeout", 0) or call.error is not None
        if not extended:
            for owner in owners:
                owner.end_us = call.end_us
                mine = self._open.get(owner.actor, [])
                if owner in mine:
                    mine.remove(owner)
        return True

    # Invocations

    def _place_requests(self) -> None:
        taken: set[int] = set()
        for request in sorted(self._requests.values(), key=lambda step: (step.start_us, step.key)):
            asked = request.parameters
            if asked["InvocationType"] == "Mapping":
                self._link(request)
                continue
            invokes = self._events.get(asked["FunctionName"], [])
            cause = _invoke_of(request, invokes, taken)
            if cause is not None:
                taken.add(id(cause))
                request.caused_by(cause)

    def _link(self, request: Step) -> None:
        """The records of the batch lie between the first and the last one in what a poller of the function received."""
        asked = request.parameters
        function, first, last = asked["FunctionName"], asked.get("FirstRecord"), asked.get("LastRecord")
        for received in self._polled.get(function, {}).values():
            if first not in received or last not in received:
                continue
            start = len(received) - 1 - received[::-1].index(first)  # a message that failed is received again
            end = received.index(last, start) if last in received[start:] else start
            for number in received[start : end + 1]:
                step = (
                    self._made.get(number)
                    or self._records.get((function, number))
                    or self._records.get(("", number))
                )
                if step is not None and step not in request.links:
                    request.links.append(step)
            return

    def _place_segments(self) -> None:
        """A recorded segment hangs under the one whose id it names as its parent."""
        every = [step for each in self._recorded.values() for step in each]
        owners = {one.id: step for step in every if step.segment for one in step.segment.walk()}
        for step in every:
            owner = owners.get(step.segment.parent_id or "") if step.segment else None
            if owner is not None and owner is not step:
                step.caused_by(owner)


def _invoke_of(request: Step, invokes: list[Step], taken: set[int]) -> Step | None:
    """The Invoke that an invocation answers: it began at the acceptance of an event, or within a synchronous one (the
    one that ends soonest after it).
    """
    waited_for = request.parameters["InvocationType"] == "RequestResponse"
    fits = []
    for call in invokes:
        if (
            id(call) in taken
            or (call.parameters.get("InvocationType", "RequestResponse") == "Event") is waited_for
        ):
            continue
        if waited_for and call.start_us <= request.start_us and request.end_us <= call.end_us:
            fits.append(call)
        elif not waited_for and abs(call.end_us - request.start_us) <= 1:
            return call
    return min(fits, key=lambda call: call.end_us, default=None)


def _polls(row: Row | None) -> bool:
    return row is not None and (row.service, row.operation) in POLLS


def _is_poller(actor: str) -> bool:
    return _POLLER.fullmatch(actor) is not None


def _texts(given: dict[str, Any]) -> list[str]:
    """The texts of a Publish, or of a batch."""
    return [each.get("Message", "") for each in (given, *given.get("PublishBatchRequestEntries", ()))]
