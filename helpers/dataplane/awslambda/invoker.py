"""Where every invocation of a function begins, whoever asks for it: the API, the asynchronous queue, a mapping."""

from __future__ import annotations

from collections.abc import Callable

from helpers.cloud import Account
from helpers.dataplane.awslambda.capacity import Capacity
from helpers.dataplane.awslambda.environments import Environments
from helpers.dataplane.awslambda.errors import Throttle
from helpers.dataplane.awslambda.functions import Functions
from helpers.dataplane.awslambda.invocation import Ending, Invocation
from helpers.dataplane.awslambda.models import Models

Done = Callable[[Ending], None]


class Invoker:
    """Runs invocations: takes capacity and an environment, and writes down how each run went."""

    def __init__(self, account: Account, functions: Functions, models: Models) -> None:
        self._account = account
        self._functions = functions
        self._capacity = Capacity(functions, models)
        self._environments = Environments(account, models)

    def start(self, invocation: Invocation, done: Done) -> None:
        """Begin a run now. `done` is called by the scheduler when it is over, and must not wait.

        Raises Throttle (TooManyRequestsException) if there is no capacity, and ResourceNotFoundException if the
        version is gone; then nothing runs and `done` is not called. A throttled attempt that nobody waits for is a
        row of the trail.
        """
        configuration = self._functions.configuration(invocation.function, invocation.version)
        environment = self._environments.idle(configuration)
        try:
            self._capacity.take(invocation.function)
        except Throttle:
            if invocation.kind != "RequestResponse":
                self._account.record(
                    "lambda", "Invocation", _parameters(invocation), error="TooManyRequestsException"
                )
            raise

        if environment is None:
            environment = self._environments.new(configuration)
        serving = environment

        def over(ending: Ending) -> None:
            self._capacity.release(invocation.function)
            self._environments.free(serving)
            self._record(invocation, ending, configuration.memory_mb)
            done(ending)

        serving.serve(invocation, over)

    def in_flight(self, function: str) -> int:
        """How many invocations of the function (its ARN) run now."""
        return self._capacity.in_flight(function)

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


def _parameters(invocation: Invocation) -> dict[str, object]:
    return {
        "FunctionName": invocation.name,
        "Qualifier": invocation.qualifier,
        "Version": invocation.version,
        "RequestId": invocation.request_id,
        "InvocationType": invocation.kind,
        "Attempt": invocation.attempt,
    }
