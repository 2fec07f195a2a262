"""An invocation of a function, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass

Chain = tuple[tuple[str, int], ...]
"""A chain of requests: the functions (ARNs) that one event has led to so far, and how often each of them ran."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of a handler that is asked for.

    `function` is the function's ARN without a qualifier, `qualifier` the version or alias that was asked for ("" for
    none), `version` the version that runs ("$LATEST" or a number). `payload` is the event as JSON text. `kind` is
    "RequestResponse", "Event" or "Mapping": who waits for it. `attempt` counts from 1; a retried event keeps its
    `request_id` (https://docs.aws.amazon.com/lambda/latest/dg/python-context.html). `client_context` is JSON text, as
    the caller of a synchronous invocation gave it; `chain` tells what led to it, `items`
    which messages (ids) or records (sequence numbers) a mapping's batch holds, `age_us` how many microseconds before
    this attempt an asynchronous event was accepted.
    """

    function: str
    version: str
    payload: str
    kind: str
    request_id: str
    qualifier: str = ""
    attempt: int = 1
    client_context: str = ""
    chain: Chain = ()
    items: tuple[str, ...] = ()
    age_us: int = 0

    @property
    def name(self) -> str:
        """The function's name, the last part of its ARN."""
        return self.function.rpartition(":")[2]

    @property
    def arn(self) -> str:
        """The ARN that was invoked, with the qualifier if there is one."""
        return f"{self.function}:{self.qualifier}" if self.qualifier else self.function


@dataclass(frozen=True, slots=True)
class Ending:
    """How an invocation ended. Times are microseconds since the Cloud was opened, durations in microseconds.

    `status` is "success", "error" (the handler raised, or its answer cannot be used), "timeout", "exit" (the process
    ended) or "init" (the code could not be loaded). `payload` is the answer as JSON text, an error document if
    `function_error` ("Unhandled") says so. `init_us` is the init phase of an environment that was started for it, else
    0; `suppressed_init_us` is an init that was repeated within the run, and counts in `duration_us`. `billed_ms` is
    what AWS bills: init and run, rounded up to 1 ms
    (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html). `log` holds the lines it logged.
    """

    status: str
    payload: str
    began_us: int
    ended_us: int
    init_us: int
    duration_us: int
    billed_ms: int
    environment: str
    suppressed_init_us: int = 0
    function_error: str | None = None
    error_type: str | None = None
    error_message: str | None = None
    log: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """True if the function's code failed, was stopped, or could not be loaded."""
        return self.function_error is not None
