"""An invocation of a function, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of a handler that is asked for.

    `function` is the function's name, `qualifier` the version or alias that was asked for ("" for none), `version` the
    version that runs ("$LATEST" or a number). `payload` is the event as JSON text. `kind` is "RequestResponse", "Event"
    or "Mapping": who waits for it. `attempt` counts from 1; a retried event keeps its `request_id`
    (https://docs.aws.amazon.com/lambda/latest/dg/python-context.html).
    """

    function: str
    version: str
    payload: str
    kind: str
    request_id: str
    qualifier: str = ""
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Ending:
    """How an invocation ended. Times are microseconds since the Cloud was opened, durations in microseconds.

    `status` is "success", "error" (the handler raised), "timeout", "exit" or "init" (the code could not be loaded);
    `payload` is the answer as JSON text, an error document if `function_error` ("Unhandled") says so. `init_us` is 0
    unless the environment was started for it; `billed_ms` is what AWS bills: init and run, rounded up to 1 ms
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
    function_error: str | None = None
    error_type: str | None = None
    error_message: str | None = None
    log: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """True if the function's code failed, was stopped, or could not be loaded."""
        return self.function_error is not None
