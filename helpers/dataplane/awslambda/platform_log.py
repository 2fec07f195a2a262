"""What Lambda itself writes into a function's log: START, END, REPORT and their kind, as text or as JSON.

Pages: DG/lambda-runtime-environment.html (INIT_REPORT, the status in REPORT), DG/python-logging.html (fields),
DG/monitoring-cloudwatchlogs-logformat.html and DG/monitoring-cloudwatchlogs-log-level.html (JSON, and its levels),
DG/telemetry-schema-reference.html (the JSON objects).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from helpers.dataplane.awslambda.configuration import Configuration
from helpers.dataplane.awslambda.limits import MILLISECOND_US
from helpers.dataplane.awslambda.logs import LogStream

_LEVELS = ("DEBUG", "INFO", "WARN")


@dataclass(frozen=True, slots=True)
class Report:
    """The numbers of an invocation that ended. `status` as in `Ending`."""

    request_id: str
    status: str
    error_type: str | None
    duration_us: int
    billed_ms: int
    init_us: int
    memory_mb: int
    used_mb: int

    @property
    def shown_status(self) -> str:
        """The status as AWS shows it."""
        return self.status if self.status in ("success", "timeout") else "error"


class PlatformLog(Protocol):
    """How Lambda logs the life of an environment."""

    def init_start(self) -> None:
        """The first init begins."""

    def init_report(self, duration_us: int, status: str, error_type: str | None = None) -> None:
        """The first init is over: "success", "error" or "timeout"."""

    def start(self, request_id: str) -> None:
        """An invocation begins."""

    def end(self, report: Report) -> None:
        """An invocation is over."""


def platform_log(
    stream: LogStream, configuration: Configuration, initialization: str, now: Callable[[], str]
) -> PlatformLog:
    """The log in the function's format. `now()` is the present instant in ISO 8601, with milliseconds."""
    if configuration.log_format == "JSON":
        return _Json(stream, configuration, initialization, now)
    return _Text(stream, configuration, initialization)


class _Text:
    def __init__(self, stream: LogStream, configuration: Configuration, initialization: str) -> None:
        self._write = stream.write
        self._configuration = configuration
        self._on_demand = initialization == "on-demand"

    def init_start(self) -> None:
        name, arn = _runtime_version(self._configuration)
        self._write(f"INIT_START Runtime Version: {name}\tRuntime Version ARN: {arn}")

    def init_report(self, duration_us: int, status: str, error_type: str | None = None) -> None:
        if status == "success" and self._on_demand:
            return  # then the REPORT of the first invocation tells it
        line = f"INIT_REPORT Init Duration: {_text(duration_us)} ms\tPhase: init\tStatus: {status}"
        self._write(line if error_type is None else f"{line}\tError Type: {error_type}")

    def start(self, request_id: str) -> None:
        self._write(f"START RequestId: {request_id} Version: {self._configuration.version}")

    def end(self, report: Report) -> None:
        self._write(f"END RequestId: {report.request_id}")
        parts = [
            f"REPORT RequestId: {report.request_id}",
            f"Duration: {_text(report.duration_us)} ms",
            f"Billed Duration: {report.billed_ms} ms",
            f"Memory Size: {report.memory_mb} MB",
            f"Max Memory Used: {report.used_mb} MB",
        ]
        if report.init_us:
            parts.append(f"Init Duration: {_text(report.init_us)} ms")
        if report.status == "timeout":
            parts.append("Status: timeout")
        elif report.status in (
            "exit",
            "init",
        ):  # a crash; an error that the runtime reports is no status here
            parts.append(f"Status: error\tError Type: {report.error_type}")
        self._write("\t".join(parts))


class _Json:
    def __init__(
        self, stream: LogStream, configuration: Configuration, initialization: str, now: Callable[[], str]
    ) -> None:
        self._stream = stream
        self._configuration = configuration
        self._initialization = initialization
        self._now = now

    def init_start(self) -> None:
        name, arn = _runtime_version(self._configuration)
        record = {**self._phase(), "runtimeVersion": name, "runtimeVersionArn": arn}
        self._write("INFO", "platform.initStart", record)

    def init_report(self, duration_us: int, status: str, error_type: str | None = None) -> None:
        record = {**self._phase(), "status": status, "metrics": {"durationMs": _ms(duration_us)}}
        if error_type is not None:
            record["errorType"] = error_type
        usual = "DEBUG" if self._initialization == "on-demand" else "INFO"
        self._write(usual if status == "success" else "WARN", "platform.initReport", record)

    def start(self, request_id: str) -> None:
        record = {"requestId": request_id, "version": self._configuration.version}
        self._write("INFO", "platform.start", record)

    def end(self, report: Report) -> None:
        told: dict[str, Any] = {"requestId": report.request_id, "status": report.shown_status}
        if report.error_type is not None:
            told["errorType"] = report.error_type
        metrics = {"durationMs": _ms(report.duration_us)}
        well = report.status == "success"
        done = {**told, "metrics": metrics}
        self._write("DEBUG" if well else "WARN", "platform.runtimeDone", done)
        metrics = {
            **metrics,
            "billedDurationMs": report.billed_ms,
            "memorySizeMB": report.memory_mb,
            "maxMemoryUsedMB": report.used_mb,
        }
        if report.init_us:
            metrics["initDurationMs"] = _ms(report.init_us)
        self._write("INFO" if well else "WARN", "platform.report", {**told, "metrics": metrics})

    def _phase(self) -> dict[str, Any]:
        return {"initializationType": self._initialization, "phase": "init"}

    def _write(self, level: str, kind: str, record: dict[str, Any]) -> None:
        if _LEVELS.index(level) >= _LEVELS.index(self._configuration.system_log_level):
            self._stream.write(json.dumps({"time": self._now(), "type": kind, "record": record}))


def _runtime_version(configuration: Configuration) -> tuple[str, str]:
    """Name and ARN of the runtime's version (DG/runtimes-update.html); the number in the ARN is made up."""
    runtime = configuration.runtime
    name = runtime.replace("python", "python:") if runtime.startswith("python") else runtime
    number = hashlib.sha256(runtime.encode()).hexdigest()
    return f"{name}.v1", f"arn:aws:lambda:{configuration.region}::runtime:{number}"


def _ms(duration_us: int) -> float:
    return duration_us / MILLISECOND_US


def _text(duration_us: int) -> str:
    return f"{_ms(duration_us):.2f}"
