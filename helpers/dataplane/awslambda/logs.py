"""The log of one environment: a stream in the function's log group.

Pages: DG/monitoring-cloudwatchlogs.html, DG/python-logging.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.dataplane.awslambda.limits import LOG_RESULT_BYTES

if TYPE_CHECKING:
    from helpers.dataplane.telemetry import Telemetry


class LogStream:
    """Where an environment logs. It keeps what was written since the present invocation began, or its init."""

    def __init__(self, telemetry: Telemetry, group: str, stream: str) -> None:
        self._telemetry = telemetry
        self.group = group
        self.stream = stream
        self._lines: list[str] = []

    def write(self, message: str) -> None:
        """One log event."""
        self._telemetry.log(self.group, self.stream, message)
        self._lines.append(message)

    def take(self) -> tuple[str, ...]:
        """What was written since this was asked last."""
        lines, self._lines = tuple(self._lines), []
        return lines


def tail(lines: tuple[str, ...]) -> bytes:
    """The last 4 KB of an invocation's log (API/API_Invoke.html, LogResult)."""
    return "".join(f"{line}\n" for line in lines).encode()[-LOG_RESULT_BYTES:]
