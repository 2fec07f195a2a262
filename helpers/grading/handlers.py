"""Lambda handlers of a submission run in the submission's process, never in the one that holds the marked account."""

from __future__ import annotations

import base64
import math
from typing import Any, NoReturn

from helpers.cloud.actor import Surroundings
from helpers.dataplane.awslambda.files import Disk
from helpers.dataplane.awslambda.process import Process, run_handlers_in
from helpers.dataplane.awslambda.runtime import Exit, Outcome
from helpers.grading.session import Died, Lane, Tampered
from helpers.labs.student import OutOfTime, StudentError


class _Elsewhere:
    """Surroundings of code that runs elsewhere: it takes nothing of this process for its own."""

    def enter(self) -> None:
        """Nothing to exchange."""

    def leave(self) -> None:
        """Nothing to put back."""


class RemoteProcess(Process):
    """A process of an execution environment whose code runs on the student's side of the line."""

    def __init__(self, *about: Any, **more: Any) -> None:
        """See `Process`. It is waited for as long as it takes: the session's limits end its code, and an actor that is
        evicted while it waits for the line would leave an answer there that nobody takes.
        """
        super().__init__(*about, **{**more, "patience_s": math.inf})

    def _surroundings(self, disk: Disk, variables: dict[str, str]) -> Surroundings:
        self._lane: Lane | None = self._account.__dict__.get("_lane")
        self._variables = variables
        self._number = 0 if self._lane is None else self._lane.number_of_process()
        self._disk = 0 if self._lane is None else self._lane.number_of_disk(disk)
        self._ephemeral_mb = self._configuration.ephemeral_mb
        return _Elsewhere()

    def _load(self, request_id: str) -> Outcome | None:
        told = self._drive(
            "load",
            package=base64.b64encode(self._code.package).decode(),
            layers=[base64.b64encode(layer).decode() for layer in self._code.layers],
            handler=self._configuration.handler,
            runtime=self._configuration.runtime,
            disk=self._disk,
            ephemeral_mb=self._ephemeral_mb,
            log_format=self._configuration.log_format,
            log_level=self._configuration.log_level,
            variables=self._variables,
            request_id=request_id,
        )
        return None if told is None else _outcome(told)

    def _call(self, payload: str, trace_id: str, about: dict[str, Any]) -> Outcome:
        return _outcome(self._drive("invoke", payload=payload, trace_id=trace_id, about=about))

    def kill(self) -> None:
        """End it, wherever it is."""
        super().kill()
        if self._lane is not None:
            self._lane.forget(self._number)

    def _drive(self, what: str, **rest: Any) -> Any:
        """Have it done over there. Raises Exit as a handler's own process would end."""
        if self._lane is None:
            raise Exit("exit status 1")
        try:
            told = self._lane.drive(
                what, process=self._number, name=f"{self._actor.name} {what}", heard=self._heard, **rest
            )
        except OutOfTime:
            self._evicted()
            self._wait_for_ever()
        except Died:
            raise Exit("signal: killed") from None
        except StudentError as error:
            raise Tampered(
                "the submission's process answered for a handler as it does for a function"
            ) from error
        if isinstance(told, dict) and isinstance(told.get("exit"), str):
            raise Exit(told["exit"][:200])
        return told

    def _heard(self, lines: list[str]) -> None:
        for line in lines:
            self._output.event(line)

    def _wait_for_ever(self) -> NoReturn:
        never = self._account.signal()
        while True:
            never.wait()


def _outcome(told: Any) -> Outcome:
    texts = ("status", "payload", "error_message")
    if not isinstance(told, dict) or not all(isinstance(told.get(name), str) for name in texts):
        raise Tampered("the submission's process wrote no outcome of a handler")
    kind, trace = told.get("error_type"), told.get("trace", [])
    if not isinstance(kind, str | None) or not isinstance(trace, list):
        raise Tampered("the submission's process wrote no outcome of a handler")
    return Outcome(told["status"], told["payload"], kind, told["error_message"], tuple(map(str, trace)))


def install() -> None:
    """From now on no handler runs in this process."""
    run_handlers_in(RemoteProcess)
