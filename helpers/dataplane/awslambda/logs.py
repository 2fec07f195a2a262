"""The log of one environment: a stream in the function's log group.

Pages: DG/monitoring-cloudwatchlogs.html and DG/python-logging.html (groups, streams, START, END and REPORT),
DG/lambda-runtime-environment.html (INIT_REPORT, the status in REPORT).
"""

from __future__ import annotations

import hashlib
import io
import logging
import time
from typing import TYPE_CHECKING, Any

from helpers.dataplane.awslambda import tracebacks
from helpers.dataplane.awslambda.code import Code
from helpers.dataplane.awslambda.limits import LOG_RESULT_BYTES
from helpers.dataplane.awslambda.runtime import Outcome

if TYPE_CHECKING:
    from helpers.dataplane.telemetry import Telemetry


class LogStream:
    """Where an environment logs. `lines` holds what was written since the present invocation began, or its init."""

    def __init__(self, telemetry: Telemetry, group: str, stream: str) -> None:
        self._telemetry = telemetry
        self.group = group
        self.stream = stream
        self.lines: list[str] = []

    def write(self, message: str) -> None:
        """One log event."""
        self._telemetry.log(self.group, self.stream, message)
        self.lines.append(message)

    def take(self) -> tuple[str, ...]:
        """The lines of the invocation that ends."""
        lines, self.lines = tuple(self.lines), []
        return lines


def tail(lines: tuple[str, ...]) -> bytes:
    """The last 4 KB of an invocation's log (API/API_Invoke.html, LogResult)."""
    return "".join(f"{line}\n" for line in lines).encode()[-LOG_RESULT_BYTES:]


def init_start(runtime: str) -> str:
    """The first line of an environment's log (DG/runtimes-update.html)."""
    number = hashlib.sha256(runtime.encode()).hexdigest()
    name = runtime.replace("python", "python:") if runtime.startswith("python") else runtime
    return f"INIT_START Runtime Version: {name}.v1\tRuntime Version ARN: arn:aws:lambda:us-east-1::runtime:{number}"


def start(request_id: str, version: str) -> str:
    """The line with which an invocation begins."""
    return f"START RequestId: {request_id} Version: {version}"


def end(request_id: str) -> str:
    """The line with which an invocation ends."""
    return f"END RequestId: {request_id}"


def report(
    request_id: str,
    status: str,
    error_type: str | None,
    *,
    duration_us: int,
    billed_ms: int,
    init_us: int,
    memory_mb: int,
    used_mb: int,
) -> str:
    """The REPORT line of an invocation (DG/lambda-runtime-environment.html, new style). `status` as in `Ending`."""
    parts = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {_ms(duration_us)} ms",
        f"Billed Duration: {billed_ms} ms",
        f"Memory Size: {memory_mb} MB",
        f"Max Memory Used: {used_mb} MB",
    ]
    if init_us:
        parts.append(f"Init Duration: {_ms(init_us)} ms")
    if status == "timeout":
        parts.append("Status: timeout")
    elif status in ("exit", "init"):
        parts.append(f"Status: error\tError Type: {error_type}")
    return "\t".join(parts)


def init_report(duration_us: int, phase: str, status: str, error_type: str | None = None) -> str:
    """The INIT_REPORT line (DG/lambda-runtime-environment.html)."""
    line = f"INIT_REPORT Init Duration: {_ms(duration_us)} ms\tPhase: {phase}\tStatus: {status}"
    return line if error_type is None else f"{line}\tError Type: {error_type}"


def _ms(duration_us: int) -> str:
    return f"{duration_us / 1_000:.2f}"


def error_lines(outcome: Outcome) -> str:
    """The event in which the runtime logs an error that it reports."""
    said = f"{outcome.error_type}: {outcome.error_message}" if outcome.error_message else outcome.error_type
    trace = [
        line.replace(" ", "\u00a0", len(line) - len(line.lstrip(" ")))
        for entry in outcome.trace
        for line in entry.splitlines()
    ]
    return "\n".join([f"[ERROR] {said}", "Traceback (most recent call last):", *trace])


class Output(io.TextIOBase):
    """Standard output and standard error of a process: each line is a log event."""

    def __init__(self, log: LogStream) -> None:
        self._log = log
        self._begun = ""
        self.silent = False
        """True once the process is over: what its code writes while it is torn down is lost."""

    def writable(self) -> bool:
        """True: it is there to be written to."""
        return True

    def write(self, text: str, /) -> int:
        """Write text; a line is logged when it ends."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self.event(line)
        return len(text)

    def finish(self) -> None:
        """Log a line that did not end."""
        if self._begun:
            line, self._begun = self._begun, ""
            self.event(line)

    def event(self, message: str) -> None:
        """One log event, however many lines it has."""
        if not self.silent:
            self._log.write(message)


class RootHandler(logging.Handler):
    """The handler of the root logger: AWS's format, each record one log event (DG/python-logging.html)."""

    def __init__(self, output: Output, code: Code) -> None:
        super().__init__()
        self._output = output
        self.request_id = ""
        self.setFormatter(_Formatter(code))

    def emit(self, record: logging.LogRecord) -> None:
        """Log the record."""
        record.aws_request_id = self.request_id
        self._output.event(self.format(record))


class _Formatter(logging.Formatter):
    converter = staticmethod(time.gmtime)

    def __init__(self, code: Code) -> None:
        super().__init__(
            "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
        )
        self._code = code

    def formatException(self, ei: Any) -> str:  # noqa: N802  # logging's name
        return tracebacks.whole(ei[1], self._code)
