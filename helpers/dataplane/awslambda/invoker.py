"""Where every invocation of a function begins, whoever asks for it: the API, the asynchronous queue, a mapping."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from helpers.cloud import Account, ServiceError
from helpers.dataplane.awslambda.capacity import Capacity
from helpers.dataplane.awslambda.chains import Chains
from helpers.dataplane.awslambda.environments import Environments
from helpers.dataplane.awslambda.errors import Throttle
from helpers.dataplane.awslambda.functions import Functions
from helpers.dataplane.awslambda.invocation import Ending, Invocation
from helpers.dataplane.awslambda.metrics import Metrics
from helpers.dataplane.awslambda.models import Models
from helpers.dataplane.awslambda.provisioned import Provisioned

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

Done = Callable[[Ending], None]


class Invoker:
    """Runs invocations: takes capacity and an environment, and writes down how each run went.

    `provisioned` and `capacity` answer for what the account has.
    """

    def __init__(self, account: Account, functions: Functions, chains: Chains, models: Models) -> None:
        self._account = account
        self._functions = functions
        self._chains = chains
        self._environments = Environments(account, models)
        self._metrics = Metrics(cast("Cloud", account).telemetry)
        self.provisioned = Provisioned(account, functions, self._environments, models)
        self.capacity = Capacity(account, functions, models, self.provisioned.total)

    def start(self, invocation: Invocation, done: Done) -> None:
        """Begin a run now. `done` is called by the scheduler when it is over, and must not wait.

        Raises Throttle (TooManyRequestsException) if there is no capacity, RecursiveInvocationException if it is in a
        loop, and ResourceNotFoundException if the version is gone; then nothing runs and `done` is not called. A
        refused attempt that nobody waits for is a row of the trail.
        """
        function = invocation.function
        configuration = self._functions.configuration(function, invocation.version)
        allocation = self.provisioned.of(invocation)
        try:
            self._chains.check(invocation)
            if invocation.kind != "Event":
                self.capacity.check_requests(function)
            environment = self.provisioned.take(allocation, invocation) if allocation is not None else None
            on_demand = environment is None
            if environment is None:
                new = not self._environments.has_idle(configuration)
                self.capacity.take_on_demand(function, new_environment=new)
                environment = self._environments.take(configuration)
            else:
                self.capacity.take_provisioned(function)
        except ServiceError as error:
            self._refused(invocation, error)
            raise
        serving = environment

        def over(ending: Ending) -> None:
            self._chains.end(serving.name)
            self.capacity.release(function, on_demand=on_demand)
            if on_demand or allocation is None:
                self._environments.free(serving)
            else:
                self.provisioned.free(allocation, serving)
            self._record(invocation, ending, configuration.memory_mb)
            done(ending)

        self._chains.begin(serving.name, invocation)
        serving.serve(invocation, over)
        self._metrics.began(invocation, self.in_flight(function), *self.capacity.in_region(function))
        if allocation is not None and on_demand:
            self._metrics.spilled_over(invocation)
        elif allocation is not None:
            self._metrics.provisioned(invocation, allocation.running, allocation.requested)

    def in_flight(self, function: str) -> int:
        """How many invocations of the function (its ARN) run now."""
        return self.capacity.in_flight(function)

    def _refused(self, invocation: Invocation, error: ServiceError) -> None:
        if isinstance(error, Throttle):
            self._metrics.throttled(invocation)
        if invocation.kind != "RequestResponse":
            self._account.record("lambda", "Invocation", _parameters(invocation), error=error.code)

    def _record(self, invocation: Invocation, ending: Ending, memory_mb: int) -> None:
        response: dict[str, object] = {
            "Status": ending.status,
            "DurationMs": ending.duration_us / 1_000,
            "BilledDurationMs": ending.billed_ms,
            "MemorySizeMB": memory_mb,
        }
        if ending.init_us:
            response["InitDurationMs"] = ending.init_us / 1_000
        if ending.suppressed_init_us:
            response["SuppressedInitDurationMs"] = ending.suppressed_init_us / 1_000
        parameters = {**_parameters(invocation), "Environment": ending.environment}
        self._account.record(
            "lambda", "Invocation", parameters, response, ending.error_type, began_us=ending.began_us
        )
        weighted = self._functions.is_weighted(invocation.function, invocation.qualifier)
        self._metrics.ended(invocation, ending, weighted=weighted)


def _parameters(invocation: Invocation) -> dict[str, object]:
    parameters: dict[str, object] = {
        "FunctionName": invocation.name,
        "Qualifier": invocation.qualifier,
        "Version": invocation.version,
        "RequestId": invocation.request_id,
        "InvocationType": invocation.kind,
        "Attempt": invocation.attempt,
    }
    if invocation.kind == "Event":
        parameters["EventAgeMs"] = invocation.age_us / 1_000
    if invocation.items:
        first, last = invocation.items[0], invocation.items[-1]
        parameters |= {"Records": len(invocation.items), "FirstRecord": first, "LastRecord": last}
    return parameters
