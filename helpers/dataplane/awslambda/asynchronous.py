"""The asynchronous queue: events are accepted at once, and handed to their functions as soon as these can take them.

Pages (https://docs.aws.amazon.com/lambda/latest/dg/): invocation-async.html, invocation-async-error-handling.html,
invocation-async-retain-records.html.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Any

from helpers.cloud import ServiceError, Timer
from helpers.dataplane.awslambda.backoff import backoff_s, retry_wait_s
from helpers.dataplane.awslambda.chains import Chains
from helpers.dataplane.awslambda.destinations import Destinations
from helpers.dataplane.awslambda.event import Event
from helpers.dataplane.awslambda.event_invoke import EventInvokeConfigs
from helpers.dataplane.awslambda.functions import Functions
from helpers.dataplane.awslambda.invocation import Ending, Invocation
from helpers.dataplane.awslambda.invoker import Invoker
from helpers.dataplane.awslambda.kept import KeptSettings
from helpers.dataplane.awslambda.limits import MILLISECOND_US, SECOND_US
from helpers.dataplane.awslambda.models import Models
from helpers.dataplane.awslambda.outcomes import (
    EVENT_AGE_EXCEEDED,
    RECURSIVE,
    RETRIES_EXHAUSTED,
    ZERO_RESERVED,
    Outcomes,
)
from helpers.dataplane.awslambda.request_ids import RequestIds

if TYPE_CHECKING:
    from helpers.dataplane import Cloud


class _Queue:
    """The events of one function that wait for their next attempt, first due first.

    A throttled attempt tells that the function has no capacity: its event keeps its place, and reading pauses. The
    pauses grow with every throttled attempt in a row, so a long queue is read more slowly.
    """

    def __init__(self) -> None:
        self.waiting: list[tuple[int, int, Event]] = []
        self.throttles = 0
        self.paused_until_us = 0
        self.timer: Timer | None = None
        self.wakes_us = 0


class Asynchronous:
    """Accepts events, runs their functions, and tries again."""

    def __init__(
        self,
        cloud: Cloud,
        functions: Functions,
        invoker: Invoker,
        ids: RequestIds,
        chains: Chains,
        destinations: Destinations,
        models: Models,
        kept: KeptSettings,
    ) -> None:
        self._cloud = cloud
        self._functions = functions
        self._invoker = invoker
        self._ids = ids
        self._chains = chains
        self._models = models
        self._configs = EventInvokeConfigs(cloud, functions)
        self._outcomes = Outcomes(self._configs, kept, chains, destinations)
        self._queues: dict[str, _Queue] = {}
        self._serial = count()
        self._random = cloud.random_for("lambda:asynchronous")
        cloud.on_delivery("lambda", self.deliver)

    # Accepting

    def accept(self, invocation: Invocation) -> None:
        """Take an event into the queue: it is accepted, whatever becomes of it."""
        self._count(invocation, "AsyncEventsReceived")
        event = Event(invocation, self._cloud.now_us)
        if self._functions.reserved(invocation.function) == 0:
            self._later(partial(self._discard, event, ZERO_RESERVED))
        else:
            self._put(event, self._cloud.now_us)

    def deliver(self, function_arn: str, event: Any) -> None:
        """Take an event from a service of the account (S3, SNS, EventBridge, CloudWatch Logs)."""
        route = self._functions.route(function_arn, region=function_arn.split(":")[3])
        self.accept(
            Invocation(
                function=route.arn,
                version=route.version,
                payload=json.dumps(event),
                kind="Event",
                request_id=self._ids.next(),
                qualifier=route.qualifier,
                chain=self._chains.of_event(event),
            )
        )

    # Reading

    def _put(self, event: Event, due_us: int) -> None:
        queue = self._queues.setdefault(event.invocation.function, _Queue())
        heappush(queue.waiting, (due_us, next(self._serial), event))
        self._arm(queue)

    def _arm(self, queue: _Queue) -> None:
        """Read when the first event is due and reading is not paused, and at the latest when it expires."""
        if not queue.waiting:
            return
        due_us, _, event = queue.waiting[0]
        wakes_us = min(max(due_us, queue.paused_until_us), max(due_us, self._expires_us(event)))
        if queue.timer is not None:
            if queue.wakes_us <= wakes_us:
                return
            queue.timer.cancel()
        queue.wakes_us = wakes_us
        delay_s = max(0, wakes_us - self._cloud.now_us) / SECOND_US
        queue.timer = self._cloud.at(delay_s, partial(self._read, queue), name="lambda", last=True)

    def _read(self, queue: _Queue) -> None:
        queue.timer = None
        now_us = self._cloud.now_us
        while queue.waiting and queue.waiting[0][0] <= now_us:
            entry = heappop(queue.waiting)
            event = entry[2]
            if now_us >= self._expires_us(event):
                self._discard(event, EVENT_AGE_EXCEEDED)
            elif now_us < queue.paused_until_us:
                heappush(queue.waiting, entry)
                break
            elif self._started(event):
                queue.throttles = 0
            else:
                heappush(queue.waiting, entry)
                queue.throttles += 1
                wait_s = backoff_s(queue.throttles, self._models.backoff_factor)
                queue.paused_until_us = now_us + round(wait_s * SECOND_US)
                break
        self._arm(queue)

    def _expires_us(self, event: Event) -> int:
        invocation = event.invocation
        config = self._configs.of(invocation.function, invocation.qualifier)
        return event.accepted_us + config.event_age_s * SECOND_US

    # Running

    def _started(self, event: Event) -> bool:
        """Start the function. False if it was throttled, or Lambda failed: the event stays in the queue."""
        asked = event.invocation
        try:
            version = self._functions.route(asked.arn, region=asked.function.split(":")[3]).version
        except ServiceError:  # the function is gone, and with it whoever would hear of the event
            self._count(asked, "AsyncEventsDropped")
            return True
        age_us = self._cloud.now_us - event.accepted_us
        attempt = replace(asked, version=version, attempt=event.runs + 1, age_us=age_us)
        try:
            self._invoker.start(attempt, partial(self._ended, event, attempt))
        except ServiceError as error:
            if error.code != "RecursiveInvocationException":
                return False
            self._discard(event, RECURSIVE)
            return True
        self._count(asked, "AsyncEventAge", age_us / MILLISECOND_US, "Milliseconds")
        return True

    def _ended(self, event: Event, attempt: Invocation, ending: Ending) -> None:
        event.invocation, event.ending = attempt, ending
        event.runs += 1
        config = self._configs.of(attempt.function, attempt.qualifier)
        if not ending.failed:
            self._later(partial(self._outcomes.succeeded, event))
            if self._random.random() < self._models.duplicate_event_probability:
                self._put(Event(replace(attempt, attempt=1), event.accepted_us), self._cloud.now_us)
        elif event.runs > config.retries:
            self._later(partial(self._discard, event, RETRIES_EXHAUSTED))
        else:
            due_us = self._cloud.now_us + retry_wait_s(event.runs) * SECOND_US
            self._put(event, min(due_us, max(self._cloud.now_us, self._expires_us(event))))

    def _discard(self, event: Event, condition: str) -> None:
        self._outcomes.discarded(event, condition)
        self._count(event.invocation, "AsyncEventsDropped")

    def _later(self, function: partial[None]) -> None:
        """Do what the service does by itself outside the caller's turn."""
        self._cloud.at(0, function, name="lambda")

    def _count(self, invocation: Invocation, metric: str, value: float = 1, unit: str = "Count") -> None:
        dimensions = {"FunctionName": invocation.name}
        self._cloud.telemetry.metric("AWS/Lambda", metric, value, unit, dimensions)
