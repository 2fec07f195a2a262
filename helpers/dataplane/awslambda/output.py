"""What a function's code writes into its log: standard output, the root logger, and the errors that the runtime
reports.

Pages: DG/python-logging.html, DG/monitoring-cloudwatchlogs-logformat.html,
DG/monitoring-cloudwatchlogs-log-level.html. The formats are those of AWS's open runtime
(https://github.com/aws/aws-lambda-python-runtime-interface-client).
"""

from __future__ import annotations

import io
import json
import logging
from datetime import UTC, datetime
from typing import Any

from helpers.dataplane.awslambda import tracebacks
from helpers.dataplane.awslambda.code import Code
from helpers.dataplane.awslambda.logs import LogStream
from helpers.dataplane.awslambda.runtime import Outcome

_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_OF_A_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"aws_request_id", "message", "asctime"}


class Output(io.TextIOBase):
    """Standard output and standard error of a process: each line is a log event.

    With JSON as the function's format, a line that is a JSON object with a level and a timestamp has that level, any
    other line the level INFO, and lines below the function's `level` are dropped.
    """

    encoding = "utf-8"

    def __init__(self, log: LogStream, level: str = "") -> None:
        """`level` is "" for plain text, where nothing is dropped."""
        self._log = log
        self._lowest = _LEVELS.index(level) if level else -1
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
            self._line(line)
        return len(text)

    def finish(self) -> None:
        """Log a line that did not end."""
        if self._begun:
            line, self._begun = self._begun, ""
            self._line(line)

    def event(self, message: str) -> None:
        """One log event, however many lines it has."""
        if not self.silent:
            self._log.write(message)

    def _line(self, line: str) -> None:
        if self._lowest < 0 or _LEVELS.index(_level_of(line)) >= self._lowest:
            self.event(line)


def _level_of(line: str) -> str:
    if line.startswith("{"):
        try:
            said = json.loads(line)
            datetime.fromisoformat(said["timestamp"])
            level = str(said["level"]).upper()
        except (ValueError, KeyError, TypeError):
            return "INFO"
        if level in _LEVELS:
            return level
    return "INFO"


def level_number(level: str) -> int:
    """A level of LoggingConfig as Python's logging knows it; that of plain text ("") is WARNING."""
    known = logging.getLevelNamesMapping().get({"": "WARNING", "TRACE": "DEBUG"}.get(level, level))
    return logging.WARNING if known is None else known


class RootHandler(logging.Handler):
    """The handler of the root logger: each record is one log event."""

    def __init__(self, output: Output, code: Code, log_format: str) -> None:
        super().__init__()
        self._output = output
        self._json = log_format == "JSON"
        self.request_id = ""
        self.setFormatter(_JsonFormatter(code) if self._json else _TextFormatter(code))

    def emit(self, record: logging.LogRecord) -> None:
        """Log the record."""
        record.aws_request_id = self.request_id
        self._output.event(self.format(record))

    def error(self, outcome: Outcome) -> None:
        """Log an error that the runtime reports."""
        if self._json:
            document = json.loads(outcome.payload)
            self._output.event(
                json.dumps({"timestamp": _now(), "level": "ERROR", **document}, ensure_ascii=False)
            )
            return
        said = (
            f"{outcome.error_type}: {outcome.error_message}" if outcome.error_message else outcome.error_type
        )
        lines = [line for entry in outcome.trace for line in entry.splitlines()]
        trace = [line.replace(" ", "\u00a0", len(line) - len(line.lstrip(" "))) for line in lines]
        self._output.event("\n".join([f"[ERROR] {said}", "Traceback (most recent call last):", *trace]))


class _TextFormatter(logging.Formatter):
    def __init__(self, code: Code) -> None:
        super().__init__("[%(levelname)s]\t%(asctime)s\t%(aws_request_id)s\t%(message)s")
        self._code = code

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802  # logging's name
        return _iso(datetime.fromtimestamp(record.created, UTC))

    def formatException(self, ei: Any) -> str:  # noqa: N802  # logging's name
        return tracebacks.whole(ei[1], self._code)


class _JsonFormatter(logging.Formatter):
    def __init__(self, code: Code) -> None:
        super().__init__()
        self._code = code

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {
            "timestamp": _iso(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            said["stackTrace"] = tracebacks.stack(error.__traceback__, self._code)
            said["errorType"] = type(error).__name__
            said["errorMessage"] = str(error)
        said["requestId"] = vars(record)["aws_request_id"]
        if record.exc_info:
            said["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
        said.update({name: value for name, value in vars(record).items() if name not in _OF_A_RECORD})
        return json.dumps(said, ensure_ascii=False, default=str)


def _now() -> str:
    return _iso(datetime.now(UTC))


def _iso(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
