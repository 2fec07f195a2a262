"""A Lambda function's process on the student's side: its module is loaded and its handler called here, in the same
surroundings that a notebook's functions have.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from helpers.dataplane.awslambda import runtime
from helpers.dataplane.awslambda.code import Code
from helpers.dataplane.awslambda.context import Context
from helpers.dataplane.awslambda.files import Disk
from helpers.dataplane.awslambda.isolation import Isolation
from helpers.dataplane.awslambda.output import Output, RootHandler, level_number


class _Lines:
    """Stands for the log stream: keeps the events until they are sent."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, message: str) -> None:
        """One log event."""
        self.lines.append(message)


class Function:
    """One life of an environment's process. `disks` are the environments' own, which outlive it. `exits(how)` is called
    where its code ends it, and does not return.
    """

    def __init__(self, order: dict[str, Any], disks: dict[int, Disk], exits: Callable[[str], None]) -> None:
        layers = [base64.b64decode(layer) for layer in order["layers"]]
        self._code = Code(base64.b64decode(order["package"]), layers, order["runtime"])
        self._handler_name = order["handler"]
        self._handler: runtime.Handler | None = None
        self._lines = _Lines()
        self._output = Output(self._lines, order["log_level"])  # type: ignore[arg-type]  # it is written to, no more
        self._root = RootHandler(self._output, self._code, order["log_format"])
        disk = disks.setdefault(order["disk"], Disk(self._code, order["ephemeral_mb"]))
        self.isolation = Isolation(
            self._code,
            disk,
            order["variables"],
            output=self._output,
            log=self._root,
            log_level=level_number(order["log_level"]),
            exits=exits,
            entropy=random.Random(order["process"]),
        )

    def load(self, request_id: str) -> dict[str, Any] | None:
        """Import the module and find the handler; what failed, if it did."""
        try:
            self._handler = runtime.load(self._handler_name, self._code)
        except Exception as error:  # noqa: BLE001  # whatever a module raises ends the init
            return asdict(runtime.raised(error, self._code, "init", request_id))
        self._output.finish()
        return None

    def call(self, order: dict[str, Any]) -> dict[str, Any]:
        """Call the handler."""
        assert self._handler is not None, "it was loaded"
        self._root.request_id = order["about"]["request_id"]
        self.isolation.set_variable("_X_AMZN_TRACE_ID", order["trace_id"])
        outcome = runtime.call(self._handler, order["payload"], Context(**order["about"]), self._code)
        self._output.finish()
        return asdict(outcome)

    def take_log(self) -> list[str]:
        """The log events since the last time."""
        lines, self._lines.lines = self._lines.lines, []
        return lines
