"""The student's code as a check meets it: functions to call, in the marked account, under virtual time.

Checks see only this interface, so the same check runs in the learner's kernel (`helpers.labs.local`) and against a
sandboxed process (`helpers.grading`). What passes between a check and the student's code is plain data: None, bool,
int, float, str, bytes, Decimal, datetime, and lists and dicts of them. Arguments may also be boto3 clients of the
trial's account, and functions of the check, which the student's code then calls back.
"""

from __future__ import annotations

from typing import Any, NoReturn, Protocol

from helpers.cloud import Actor


class StudentError(Exception):
    """The student's code raised. `kind` is the exception's type, `message` what it says, `code` its AWS error code if
    it is a ClientError; `function` and `line` say where in the student's code, `source` is that line.
    """

    def __init__(
        self,
        kind: str,
        message: str = "",
        *,
        function: str = "",
        line: int = 0,
        source: str = "",
        code: str = "",
    ) -> None:
        super().__init__(f"{kind}: {message}" if message else kind)
        self.kind = kind
        self.message = message
        self.function = function
        self.line = line
        self.source = source
        self.code = code

    @property
    def sentence(self) -> str:
        """What happened and where, in one line."""
        if (
            type(self) is not StudentError and self.message
        ):  # no exception of Python's: the message says it all
            return self.message
        where = f" in {self.function}, line {self.line}" if self.line else ""
        source = f" (`{self.source}`)" if self.source else ""
        said = f": {self.message}" if self.message else ""
        return f"{self.kind}{where}{source}{said}"


class NotAttempted(StudentError):
    """The function is not there, or is as it was released."""

    def __init__(self, function: str) -> None:
        super().__init__("NotImplementedError", f"{function} is not written yet", function=function)


class OutOfTime(StudentError):
    """The student's code used up its processor time, or made more calls than any solution needs."""

    def __init__(self, message: str, **where: Any) -> None:
        super().__init__("OutOfTime", message, **where)


CALLS = 2_000
"""API calls that may be made while a check waits for one function of the student's; solutions need some dozens."""


def out_of_time(function: str, *, too_many: bool) -> OutOfTime:
    """The error of a function that did not return: it made `too_many` calls, or took all the virtual time it had."""
    said = (
        f"{function} made {CALLS:,} API calls and was stopped" if too_many else f"{function} did not return"
    )
    return OutOfTime(said, function=function)


class WorkFailed(Exception):
    """What a check's function raises when the work that the student's code asked it to do goes wrong."""


class Crash(BaseException):
    """Raised by a check's function (`crash()`): the worker that called it dies here; none of its code runs on."""


def crash() -> NoReturn:
    """Let the student's worker that called this function die here, as when its machine loses power."""
    raise Crash


class Student(Protocol):
    """The functions that the student defined, in one trial's account."""

    def call(self, function: str, *arguments: Any, name: str = "you", within_s: float = 86_400) -> Any:
        """Call it as an actor called `name`, let the account live until it returns, and return its result.

        Raises NotAttempted, StudentError if it raises, OutOfTime if it does not return `within_s` of virtual time.
        """

    def spawn(self, function: str, *arguments: Any, name: str | None = None) -> Actor:
        """Start it as an actor in the background; its `error` is a StudentError once it has raised."""

    def restart(self) -> None:
        """Forget what the student's code kept in memory: its cells run again in a fresh process, as after a deployment.

        Actors that are running lose their process and stop.
        """

    def source(self, task: str) -> str:
        """The code of the task's solution cell, as the student wrote it."""
