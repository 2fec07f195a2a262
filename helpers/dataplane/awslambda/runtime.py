"""The Python runtime: loads a handler, calls it, and puts what it returns or raises into JSON.

It does as AWS's open runtime does, in its words
(https://github.com/aws/aws-lambda-python-runtime-interface-client). Pages: DG/python-handler.html,
DG/python-exceptions.html.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from helpers.cloud import ActorDropped
from helpers.dataplane.awslambda import tracebacks
from helpers.dataplane.awslambda.code import Code
from helpers.dataplane.awslambda.context import Context
from helpers.dataplane.awslambda.limits import RESPONSE_BYTES

Handler = Callable[[Any, Context], Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run: `payload` is JSON text; `error_type` is None after a success. `status` as in `Ending`."""

    status: str
    payload: str
    error_type: str | None = None
    error_message: str = ""
    trace: tuple[str, ...] = ()

    @classmethod
    def fault(
        cls, status: str, error_type: str, message: str, request_id: str, trace: tuple[str, ...] = ()
    ) -> Outcome:
        """An error that the runtime reports."""
        document = {
            "errorMessage": message,
            "errorType": error_type,
            "requestId": request_id,
            "stackTrace": list(trace),
        }
        return cls(status, json.dumps(document), error_type, message, trace)

    @classmethod
    def ended(cls, status: str, error_type: str, message: str, request_id: str) -> Outcome:
        """An error that Lambda reports in the runtime's place, because the process is gone."""
        message = f"RequestId: {request_id} Error: {message}"
        document = {"errorType": error_type, "errorMessage": message}
        return cls(status, json.dumps(document), error_type, message)


class Fault(Exception):
    """The handler cannot be loaded, or its answer cannot be sent. `kind` is AWS's name: Runtime.MarshalError."""

    def __init__(self, kind: str, message: str, trace: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.trace = trace


class Exit(Exception):
    """The process ended by itself. `how` is as AWS says it, such as "exit status 1"."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how

    @property
    def message(self) -> str:
        """The sentence in the error document."""
        if self.how in ("", "exit status 0"):
            return "Runtime exited without providing a reason"
        return f"Runtime exited with error: {self.how}"


def check(runtime: str, package_type: str) -> None:
    """Refuse what this course cannot run. Raises Fault."""
    if package_type == "Image":
        raise Fault(
            "NotMocked", "This course runs Python handlers from zip files; container images are not mocked."
        )
    if not runtime.startswith("python"):
        raise Fault("NotMocked", f"This course runs Python handlers; {runtime} is not mocked.")


def load(handler: str, code: Code) -> Handler:
    """Import the module of "module.function" and find the function. Raises Fault, Exit or what the module raised."""
    module_name, dot, name = handler.rpartition(".")
    if not dot:
        raise Fault(
            "Runtime.MalformedHandlerName",
            f"Bad handler '{handler}': not enough values to unpack (expected 2, got 1)",
        )
    if module_name.partition(".")[0] in sys.builtin_module_names:
        raise Fault(
            "Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module"
        )
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        raise Fault("Runtime.ImportModuleError", message) from None
    except SyntaxError as error:
        trace = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        message = f"Syntax error in module '{module_name}': {error}"
        raise Fault("Runtime.UserCodeSyntaxError", message, (trace,)) from None
    try:
        found: Handler = getattr(module, name)
    except AttributeError:
        raise Fault(
            "Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module_name}'"
        ) from None
    return found


def call(handler: Handler, payload: str, context: Context, code: Code) -> Outcome:
    """Run the handler once. Raises Exit if it ended its process, ActorDropped if it was stopped."""
    request_id = context.aws_request_id
    try:
        answer = handler(json.loads(payload), context)
        text = _encoded(answer)
    except Fault as fault:
        return Outcome.fault("error", fault.kind, fault.message, request_id)
    except Exception as error:  # noqa: BLE001  # whatever it raised is its answer
        return raised(error, code, "error", request_id)
    except BaseException as end:  # noqa: BLE001  # it ends the process, not the course's
        raise exit_of(end) from None
    if len(text.encode()) > RESPONSE_BYTES:
        message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES} bytes)."
        kind = "Function.ResponseSizeTooLarge"
        return Outcome("error", json.dumps({"errorMessage": message, "errorType": kind}), kind, message)
    return Outcome("success", text)


def raised(error: BaseException, code: Code, status: str, request_id: str) -> Outcome:
    """The error document of an exception that the function's code raised."""
    if isinstance(error, Fault):
        return Outcome.fault(status, error.kind, error.message, request_id, error.trace)
    trace = tuple(tracebacks.stack(error.__traceback__, code))
    return Outcome.fault(status, type(error).__name__, _said(error), request_id, trace)


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  # the error's own method failed; Python's tracebacks say it like this
        return f"<unprintable {type(error).__name__} object>"


def exit_of(end: BaseException) -> BaseException:
    """How a process ends that raised `end`, which is no Exception: SystemExit, KeyboardInterrupt and their kind."""
    if isinstance(end, ActorDropped):
        return end
    if isinstance(end, SystemExit):
        if end.code is None or isinstance(end.code, int):
            return Exit(f"exit status {end.code or 0}")
        print(end.code, file=sys.stderr)  # noqa: T201  # as Python does on exit
    return Exit("exit status 1")


class _Encoder(json.JSONEncoder):
    """JSON as the runtime writes it: a Decimal is a number."""

    def default(self, o: Any) -> Any:
        if isinstance(o, Decimal):
            return int(o) if o.is_finite() and o.as_tuple().exponent == 0 else float(o)
        return super().default(o)


_ENCODER = _Encoder(ensure_ascii=False)


def _encoded(answer: Any) -> str:
    if isinstance(answer, bytes):  # handed on as they are
        return answer.decode(errors="replace")
    try:
        return _ENCODER.encode(answer)
    except Exception as error:  # noqa: BLE001  # also what the answer's own methods raise
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from None
