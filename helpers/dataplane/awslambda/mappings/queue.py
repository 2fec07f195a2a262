"""Reading a queue: as many pollers as its traffic asks for.

Pages (https://docs.aws.amazon.com/lambda/latest/dg/): with-sqs.html, services-sqs-scaling.html,
services-sqs-errorhandling.html.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from helpers.cloud import Timer
from helpers.dataplane.awslambda.chains import Chains
from helpers.dataplane.awslambda.mappings.mapping import Mapping
from helpers.dataplane.awslambda.mappings.messages import Messages
from helpers.dataplane.awslambda.mappings.poller import Poller
from helpers.dataplane.awslambda.mappings.scaling import Scaling
from helpers.dataplane.awslambda.mappings.target import Target
from helpers.dataplane.awslambda.models import Models

if TYPE_CHECKING:
    from helpers.dataplane import Cloud


class QueueReader:
    """Reads one queue for one mapping, with as many pollers as `Scaling` wants."""

    def __init__(
        self, cloud: Cloud, mapping: Mapping, target: Target, chains: Chains, models: Models
    ) -> None:
        self.mapping = mapping
        self.target = target
        self.chains = chains
        self.models = models
        self.messages = Messages(cloud, mapping)
        self.result = "No records processed"
        """What the mapping's `LastProcessingResult` says."""
        self._cloud = cloud
        self._scaling = Scaling(mapping)
        self._pollers: list[Poller] = []
        self._staffed = 0
        self._timer: Timer | None = None
        self.open = True
        """False once the mapping is disabled, changed or deleted."""

    def start(self) -> None:
        """Begin to read."""
        self._staff()

    def stop(self, then: Callable[[], None]) -> None:
        """Read no more, and call `then`. Batches that are being processed are finished. Called in a callback."""
        self.open = False
        for poller in self._pollers:
            poller.dismiss()
        if self._timer is not None:
            self._timer.cancel()
        then()

    # What pollers ask and report

    def wants(self, number: int) -> bool:
        """True if the poller of this number (from 0) shall take another batch now."""
        return number < self._scaling.wanted

    def found(self) -> None:
        """A poller received messages."""
        self._scaling.found()
        self._staff()
        if self._timer is None:
            self._look_later()

    def found_nothing(self) -> None:
        """A poller waited in vain."""
        self._scaling.idle()
        self._staff()

    def succeeded(self) -> None:
        """The function processed a batch."""
        self.result = "OK"
        self._scaling.succeeded()

    def failed(self, problem: str) -> None:
        """The function returned an error, or could not be invoked.

        With partial batch responses, polling does not slow down for it (services-sqs-errorhandling.html).
        """
        self.result = f"PROBLEM: {problem}"
        if not self.mapping.partial:
            self._scaling.failed()
            self._staff()

    # Growing

    def _staff(self) -> None:
        """Have as many pollers at work as are wanted."""
        wanted = self._scaling.wanted
        for poller in self._pollers[self._staffed : wanted]:
            poller.rise()
        while len(self._pollers) < wanted:
            self._pollers.append(Poller(self._cloud, self, len(self._pollers)))
        self._staffed = wanted

    def _look_later(self) -> None:
        self._timer = self._cloud.at(1, self._look, name="lambda", last=True)

    def _look(self) -> None:
        """Once a second: while no poller waits for a message, there are messages that nobody reads."""
        self._timer = None
        if self.open and not any(poller.waits() for poller in self._pollers[: self._scaling.wanted]):
            self._scaling.grow()
            self._staff()
            self._look_later()
