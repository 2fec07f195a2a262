"""The function of a mapping, as pollers invoke it: synchronously."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from helpers.cloud import Actor
from helpers.dataplane.awslambda.functions import Functions
from helpers.dataplane.awslambda.invocation import Chain, Ending, Invocation
from helpers.dataplane.awslambda.invoker import Invoker
from helpers.dataplane.awslambda.limits import SECOND_US
from helpers.dataplane.awslambda.request_ids import RequestIds

if TYPE_CHECKING:
    from helpers.dataplane import Cloud


class Target:
    """A function, version or alias that pollers invoke.

    `arn` is the ARN that was mapped, with the qualifier if there was one.
    """

    def __init__(
        self, cloud: Cloud, functions: Functions, invoker: Invoker, ids: RequestIds, arn: str
    ) -> None:
        self.cloud = cloud
        self.ids = ids
        self.arn = arn
        self._functions = functions
        self._invoker = invoker
        self._region = arn.split(":")[3]

    @property
    def name(self) -> str:
        """The function's name."""
        return self.arn.split(":")[6]

    @property
    def role(self) -> str:
        """The ARN of the function's execution role. Raises ResourceNotFoundException."""
        route = self._functions.route(self.arn, region=self._region)
        return self._functions.configuration(route.arn, route.version).role

    def invoke(
        self, event: str, items: Iterable[str], attempt: int, chain: Chain = ()
    ) -> tuple[Invocation, Ending]:
        """Run the function with `event` (JSON text) and wait for its end; called in an actor.

        `items` are the ids of the messages, or the sequence numbers of the records, in the event.

        Raises Throttle if there is no capacity, or another ServiceError if the function cannot run: it is gone, or
        part of an endless loop.
        """
        route = self._functions.route(self.arn, region=self._region)
        invocation = Invocation(
            function=route.arn,
            version=route.version,
            payload=event,
            kind="Mapping",
            request_id=self.ids.next(),
            qualifier=route.qualifier,
            attempt=attempt,
            chain=chain,
            items=tuple(items),
        )
        over = self.cloud.signal()
        endings: list[Ending] = []

        def done(ending: Ending) -> None:
            endings.append(ending)
            over.fire()

        self._invoker.start(invocation, done)
        over.wait()
        return invocation, endings[0]

    def poller(self, work: Callable[[], None]) -> Actor:
        """An actor in the background that does `work` for the service, named after the function.

        What it raises is a defect of the course, and always stops the run.
        """

        def live() -> None:
            try:
                work()
            except Exception as defect:  # noqa: BLE001  # raised again by the scheduler, where no `on_error` hides it
                defect.add_note(
                    "A defect of the course, in its model of event source mappings: please report it."
                )
                self.cloud.at(0, partial(_raise, defect), name="lambda")

        return self.cloud.spawn(live, name=f"{self.name}-poller", background=True)

    def pause(self, duration_us: int) -> None:
        """Wait before the function is invoked again; what ends at that instant gives its capacity back first."""
        over = self.cloud.signal()
        self.cloud.at(duration_us / SECOND_US, over.fire, name="lambda", last=True)
        over.wait()

    def metric(self, name: str, value: float, unit: str = "Count") -> None:
        """Publish a metric of the function."""
        self.cloud.telemetry.metric("AWS/Lambda", name, value, unit, {"FunctionName": self.name})


def _raise(error: Exception) -> None:
    raise error
