"""The metrics of invocations, in the namespace AWS/Lambda.

Pages: DG/monitoring-metrics-types.html (metrics), DG/monitoring-metrics-view.html (dimensions). A metric of an
invocation is stamped with the time at which it began.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.dataplane.awslambda.invocation import Ending, Invocation
from helpers.dataplane.awslambda.limits import MILLISECOND_US

if TYPE_CHECKING:
    from helpers.dataplane.telemetry import Telemetry

_NAMESPACE = "AWS/Lambda"

Dimensions = dict[str, str]


class Metrics:
    """Publishes what is counted of invocations."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._known: dict[tuple[str, str, str], list[Dimensions]] = {}

    def began(
        self, invocation: Invocation, running: int, running_in_all: int, unreserved: int, claimed: int
    ) -> None:
        """An invocation began, as one of `running` of the function and `running_in_all` of the Region."""
        publish = self._telemetry.metric
        publish(_NAMESPACE, "ConcurrentExecutions", running_in_all)
        publish(_NAMESPACE, "ConcurrentExecutions", running, dimensions={"FunctionName": invocation.name})
        publish(_NAMESPACE, "UnreservedConcurrentExecutions", unreserved)
        publish(_NAMESPACE, "ClaimedAccountConcurrency", claimed)

    def ended(self, invocation: Invocation, ending: Ending, *, weighted: bool) -> None:
        """An invocation is over. `weighted` if its version was drawn by an alias."""
        publish = self._telemetry.metric
        at_us = ending.began_us
        failed, duration_ms = float(ending.failed), ending.duration_us / MILLISECOND_US
        for dimensions in self._dimensions(invocation, weighted):
            publish(_NAMESPACE, "Invocations", 1, "Count", dimensions, at_us=at_us)
            publish(_NAMESPACE, "Errors", failed, "Count", dimensions, at_us=at_us)
            publish(_NAMESPACE, "Duration", duration_ms, "Milliseconds", dimensions, at_us=at_us)

    def throttled(self, invocation: Invocation) -> None:
        """An invocation was refused; it counts neither as an invocation nor as an error."""
        for dimensions in self._dimensions(invocation, weighted=False):
            self._telemetry.metric(_NAMESPACE, "Throttles", 1, "Count", dimensions)

    def provisioned(self, invocation: Invocation, running: int, configured: int) -> None:
        """An invocation began on provisioned concurrency, as one of `running` of `configured`."""
        for dimensions in self._dimensions(invocation, weighted=False)[1:]:
            publish = self._telemetry.metric
            publish(_NAMESPACE, "ProvisionedConcurrencyInvocations", 1, "Count", dimensions)
            publish(_NAMESPACE, "ProvisionedConcurrentExecutions", running, "Count", dimensions)
            if "Resource" in dimensions:
                used = running / configured
                publish(_NAMESPACE, "ProvisionedConcurrencyUtilization", used, "None", dimensions)

    def spilled_over(self, invocation: Invocation) -> None:
        """An invocation runs on demand, although its version or alias has provisioned concurrency."""
        for dimensions in self._dimensions(invocation, weighted=False)[1:]:
            name = "ProvisionedConcurrencySpilloverInvocations"
            self._telemetry.metric(_NAMESPACE, name, 1, "Count", dimensions)

    def _dimensions(self, invocation: Invocation, weighted: bool) -> list[Dimensions]:
        """All functions together, the function, the version or alias, and the version that an alias drew."""
        version = invocation.version if weighted else ""
        key = invocation.function, invocation.qualifier, version
        known = self._known.get(key)
        if known is None:
            name = invocation.name
            known = [{}, {"FunctionName": name}]
            if invocation.qualifier:
                resource = {"FunctionName": name, "Resource": f"{name}:{invocation.qualifier}"}
                known.append(resource)
                if version:
                    known.append({**resource, "ExecutedVersion": version})
            self._known[key] = known
        return known
