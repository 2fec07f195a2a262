"""What becomes of asynchronous events: records for destinations, dead letters, counts.

Page: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

from helpers.dataplane.awslambda import records
from helpers.dataplane.awslambda.chains import Chains, lengthened
from helpers.dataplane.awslambda.destinations import Destinations
from helpers.dataplane.awslambda.event import Event
from helpers.dataplane.awslambda.event_invoke import EventInvokeConfigs
from helpers.dataplane.awslambda.functions import LATEST
from helpers.dataplane.awslambda.kept import KeptSettings

SUCCESS = "Success"
RETRIES_EXHAUSTED = "RetriesExhausted"
EVENT_AGE_EXCEEDED = "EventAgeExceeded"
ZERO_RESERVED = "ZeroReservedConcurrency"
RECURSIVE = "RecursiveInvocation"
"""Why a record is sent. AWS's page shows the second; the others are what Lambda is seen to write."""

_NEVER_RAN = {
    EVENT_AGE_EXCEEDED: (429, "Rate Exceeded."),
    ZERO_RESERVED: (429, "Function not invoked: its reserved concurrency is 0."),
    RECURSIVE: (400, "Function not invoked: it runs in a recursive loop."),
}
# Status and message of the dead letter of an event that never ran.


class Outcomes:
    """Sends what is to be known of events that were processed or discarded."""

    def __init__(
        self, configs: EventInvokeConfigs, kept: KeptSettings, chains: Chains, destinations: Destinations
    ) -> None:
        self._configs = configs
        self._kept = kept
        self._chains = chains
        self._destinations = destinations

    def succeeded(self, event: Event) -> None:
        """The function processed the event."""
        with self._chains.continued(lengthened(event.invocation)):
            self._report(event, SUCCESS)

    def discarded(self, event: Event, condition: str) -> None:
        """The event is given up. A dead-letter queue and a destination may both be set; each gets its own."""
        with self._chains.continued(lengthened(event.invocation)):
            self._bury(event, condition)
            self._report(event, condition)

    def _bury(self, event: Event, condition: str) -> None:
        asked, ending = event.invocation, event.ending
        target = self._kept.dead_letters(asked.function)
        if not target:
            return
        if ending is None:
            status, message = _NEVER_RAN[condition]
        else:
            status, message = 200, ending.error_message or ""
        self._destinations.dead_letter(
            target,
            asked.payload,
            function_arn=asked.function,
            request_id=asked.request_id,
            status=status,
            message=message,
        )

    def _report(self, event: Event, condition: str) -> None:
        asked, ending = event.invocation, event.ending
        config = self._configs.of(asked.function, asked.qualifier)
        target = config.destination("OnSuccess" if condition == SUCCESS else "OnFailure")
        if not target:
            return
        response = answer = None
        if ending is not None:
            response, answer = records.response_context(asked.version, ending.function_error), ending.payload
        record = records.outcome(
            epoch_us=self._destinations.epoch_us,
            request_id=asked.request_id,
            function_arn=f"{asked.function}:{asked.qualifier or LATEST}",
            condition=condition,
            runs=event.runs,
            response=response,
        )
        self._destinations.send(
            target,
            records.with_payloads(record, asked.payload, answer),
            function_arn=asked.function,
            folder=f"async/{asked.name}",
        )
