"""The student's code in this very process: how a learner's kernel, and the author's gate, examine a lab.

The cells run in a namespace of their own, as they do in the grader: names that only the learner's notebook has do not
count. Nothing is protected here; who marks the work of others uses `helpers.grading`.
"""

from __future__ import annotations

import contextlib
import io
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from helpers.cloud import Actor, ActorDropped, current
from helpers.dataplane import Cloud
from helpers.labs import plain
from helpers.labs.acting import ActingStudent
from helpers.labs.cells import Cell, remember
from helpers.labs.names import defined
from helpers.labs.student import Crash, NotAttempted, StudentError


class CurrentClient:
    """A boto3 client of whichever Cloud the code runs in: what a lab's `sqs` is while the lab is examined."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __getattr__(self, name: str) -> Any:
        account = current()
        assert account is not None, "cells run in a Cloud"
        return getattr(account.client(self._service), name)


def prelude(clients: Mapping[str, str], cloud: Any) -> dict[str, Any]:
    """The names that the lab's own cells would bind: the account, its clients, and helpers that do nothing here."""
    names: dict[str, Any] = {name: CurrentClient(service) for name, service in clients.items()}
    names["cloud"] = cloud
    for helper in ("check", "hint", "solution", "show"):
        names[helper] = _nothing
    return names


def _nothing(*_arguments: Any, **_options: Any) -> None:
    return None


def student_error(error: BaseException, files: Mapping[str, str]) -> StudentError:
    """What the student's code raised, with the last line of theirs that it came through. `files` are the names of their
    cells in tracebacks, with the source of each.
    """
    if isinstance(error, StudentError):
        return error
    response = getattr(error, "response", None)
    code = str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""
    message = _said(error)
    if isinstance(error, SyntaxError) and error.filename in files:
        return StudentError(
            type(error).__name__,
            message,
            function="the cell",
            line=error.lineno or 0,
            source=(error.text or "").strip(),
        )
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename in files:
            lines = files[frame.filename].splitlines()
            line = frame.lineno or 0
            source = lines[line - 1].strip() if 0 < line <= len(lines) else ""
            name = "the cell" if frame.name == "<module>" else frame.name
            return StudentError(
                type(error).__name__, message, function=name, line=line, source=source, code=code
            )
    return StudentError(type(error).__name__, message, code=code)


def _said(error: BaseException) -> str:
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
    except Exception:  # noqa: BLE001  # the student's own __str__
        return ""
    text = " ".join(text.split())
    return text if len(text) <= 300 else text[:299] + "…"


class LocalHost:
    """Runs `cells` in a fresh namespace and lets a bench call what they define. See `helpers.labs.bench.Host`.

    `clients` are the lab's names for boto3 clients; `absent` the functions whose cell is missing or as it was released.
    """

    def __init__(
        self, cells: Sequence[Cell], clients: Mapping[str, str], absent: Mapping[str, str] | None = None
    ) -> None:
        self.cells = tuple(cells)
        self.clients = dict(clients)
        self.absent = dict(absent or {})
        self.files = {cell.filename: cell.source for cell in cells}
        self.output = ""
        self.problems: dict[str, StudentError] = {}
        """Cell errors by task."""
        self.namespace: dict[str, Any] = {}
        remember(self.cells)
        self.load()

    def load(self) -> None:
        """Run the cells in a fresh namespace, in a scratch account."""
        printed = io.StringIO()
        self.problems = {}
        with Cloud(seed=1) as cloud, contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            self.namespace = {"__name__": "__main__", **prelude(self.clients, cloud)}
            for cell in self.cells:
                try:
                    exec(compile(cell.source, cell.filename, "exec"), self.namespace)  # noqa: S102  # the learner's own
                except Exception as error:  # noqa: BLE001  # one cell's error leaves the others standing
                    self.problems[cell.task] = student_error(error, self.files)
        self.output = printed.getvalue()

    def problem_of(self, function: str) -> StudentError | None:
        """Why the function is not there: what the cell raised that should define it, or that is not Python at all."""
        for cell in self.cells:
            if cell.task in self.problems and function in (defined(cell.source) or {function}):
                return self.problems[cell.task]
        return None

    def student_in(self, cloud: Cloud) -> LocalStudent:
        """See `helpers.labs.bench.Host`."""
        return LocalStudent(self, cloud)

    def over(self, cloud: Cloud) -> None:
        """See `helpers.labs.bench.Host`."""


class LocalStudent(ActingStudent):
    """See `helpers.labs.student.Student`."""

    def __init__(self, host: LocalHost, cloud: Cloud) -> None:
        super().__init__(cloud, host.cells)
        self._host = host

    def _reload(self) -> None:
        self._host.load()

    def _start(self, function: str, arguments: tuple[Any, ...], name: str, *, background: bool) -> Actor:
        work = self._function(function)
        given = [self._given(argument) for argument in arguments]
        return self._cloud.spawn(self._living(work), *given, name=name, background=background)

    def _function(self, name: str) -> Callable[..., Any]:
        if name in self._host.absent:
            raise NotAttempted(name)
        found = self._host.namespace.get(name)
        if not callable(found):
            problem = self._host.problem_of(name)
            raise NotAttempted(name) if problem is None else problem
        work: Callable[..., Any] = found
        return work

    def _given(self, argument: Any) -> Any:
        if callable(argument):
            return self._callback(argument)
        if hasattr(argument, "meta") and hasattr(argument.meta, "service_model"):
            return argument
        return plain.decode(plain.encode(argument))

    def _callback(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            try:
                return plain.decode(plain.encode(function(*plain.decode(plain.encode(arguments)))))
            except Crash:
                self._cloud.crash()

        return call

    def _living(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def live(*arguments: Any) -> Any:
            try:
                result = work(*arguments)
            except ActorDropped:
                raise
            except NotImplementedError as error:
                raise NotAttempted(getattr(work, "__name__", "the function")) from error
            except BaseException as error:
                raise student_error(error, self._host.files) from error
            try:
                return plain.decode(plain.encode(result))
            except plain.NotPlain as error:
                raise StudentError("TypeError", f"the function returned {error}, not plain data") from error

        return live
