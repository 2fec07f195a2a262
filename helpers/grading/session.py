"""A submission's process, seen from the marked account: cells run in it, checks call its functions, its API calls come
back to the account of the trial.

An actor of the account stands for each function that runs over there. It gives the student's side control, does what
that asks for (a call, a sleep, a function of the check) in virtual time, and hands back the answer. So the student's
code and the account take turns exactly as actors in one process would, and nothing in the student's process is
believed: an event is data, its parameters are validated, and the trail is written here.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from botocore.exceptions import BotoCoreError

from helpers.cloud import Actor, NotMocked, SealedError, clock
from helpers.cloud.transport import attempt
from helpers.dataplane import Cloud
from helpers.grading.limits import Limits
from helpers.grading.link import Forged, Gone
from helpers.grading.nursery import Child, Nursery
from helpers.grading.redact import redacted
from helpers.labs import plain
from helpers.labs.acting import ActingStudent
from helpers.labs.cells import Cell
from helpers.labs.student import Crash, NotAttempted, OutOfTime, StudentError

SERVICES = frozenset({"dynamodb", "iam", "lambda", "sqs", "sts"})
"""What a submission may call beside the services of its lab's clients. No others: the mock reads what they are given in
the marking process itself, and some of it as programs (CloudFormation's YAML may name any Python function).
"""
_LONGEST_US = 10**15
"""Thirty years of sleep: what lasts longer might as well, and is beyond the calendar."""


class Died(StudentError):
    """The student's process is gone: it ended itself, or was ended for its memory."""

    def __init__(self, message: str) -> None:
        super().__init__("Died", message)


class Tampered(BaseException):
    """The student's process wrote what no solution writes. No Exception: no check may take it for an answer."""

    last = ""
    """What was said last in this process, which marks one submission."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        Tampered.last = message


class Session:
    """See `helpers.labs.bench.Host`. `absent` are functions whose cell is missing or as it was released.

    `problems` holds, by task, how its cell failed. Use as a context manager; the process ends with it.
    """

    def __init__(
        self,
        nursery: Nursery,
        cells: Sequence[Cell],
        clients: Mapping[str, str],
        limits: Limits,
        absent: Mapping[str, str],
    ) -> None:
        self.cells = tuple(cells)
        self.sources = "\n".join(cell.source for cell in cells)
        self.absent = dict(absent)
        self.problems: dict[str, StudentError] = {}
        self.output: dict[str, str] = {}
        self.cpu_s = 0.0
        self.died = ""
        """Why the process ended, the last time that it did; empty if it never did."""
        self.timed_out: list[str] = []
        """The tasks whose code ran on until it was stopped."""
        self._nursery = nursery
        self._clients = dict(clients)
        self.services = SERVICES | set(clients.values())
        self.limits = limits
        self._child: Child | None = None
        self._numbers = itertools.count(1)
        self._restarts = 0
        self._fatal: set[str] = set()
        self._base_s = self._began = 0.0
        self._seen_s = self._own_s = 0.0
        self._opened = clock.real_monotonic()
        self._task = ""
        self._in_cell = False

    def __enter__(self) -> Session:
        self.load()
        return self

    def __exit__(self, *_error: object) -> None:
        self._end_child()

    # Cells

    def load(self) -> None:
        """Run the cells in a fresh process. One that ends the process is left out, and the others run again."""
        while True:
            self._end_child()
            if self._restarts > self.limits.restarts or self._out_of_time():
                return
            self._restarts += 1
            self._child = self._nursery.child()
            self.problems = {task: error for task, error in self.problems.items() if task in self._fatal}
            try:
                self._run_cells()
            except Died:
                self._fatal.add(self._task)
                continue
            return

    def _run_cells(self) -> None:
        with Cloud(seed=1) as cloud:
            line = Lane(self, cloud, next(self._numbers))
            self._budget()
            self._ask(line.order("namespace", clients=self._clients))
            for cell in self.cells:
                if cell.task in self._fatal:
                    continue
                self._task = cell.task
                self._budget()
                self._in_cell, self.output[cell.task] = True, ""
                try:
                    line.drive("cell", task=cell.task, source=cell.source, name=f"cell {cell.task}")
                except Died as error:
                    self.problems[cell.task] = error
                    raise
                except StudentError as error:
                    self.problems[cell.task] = error
                finally:
                    self._in_cell = False

    def reload(self) -> None:
        """Run the cells again, in the middle of a task."""
        task = self._task
        self.load()
        self._task = task

    def ready(self, task: str) -> None:
        """Before `task` is examined: there is a process, and the task's limits begin."""
        if self._child is None:
            self.load()
        self._task = task
        self._budget()

    # See helpers.labs.bench.Host

    def student_in(self, cloud: Cloud) -> RemoteStudent:
        """See `helpers.labs.bench.Host`."""
        lane = Lane(self, cloud, next(self._numbers))
        lane.open()
        return RemoteStudent(self, lane)

    def over(self, cloud: Cloud) -> None:
        """See `helpers.labs.bench.Host`."""
        lane = cloud.__dict__.pop("_lane", None)
        if lane is not None:
            lane.close()

    # Orders

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        child = self._child
        if child is None:
            raise Died(self.died or "the process of the submission is gone")
        left_s = max(self.limits.cpu_s - self._spent_s(), 0.05)
        try:
            event = child.ask({**order, "cpu_s": left_s}, self._watch)
        except Gone:
            self._lose("the code ended its own process")
        except Forged as error:
            raise Tampered(
                f"the submission's process wrote {error} to the line that answers travel on"
            ) from error
        except BaseException:  # its answer will come late, and would be taken for that to another order
            self._end_child()
            raise
        if not isinstance(event.get("event"), str) or not isinstance(event.get("output", ""), str):
            raise Tampered(
                "the submission's process wrote what is no event to the line that answers travel on"
            )
        if self._in_cell:  # what functions print while they are examined could hold what they were given
            self.output[self._task] = (self.output.get(self._task, "") + event.get("output", ""))[:20_000]
        return event

    def _watch(self) -> None:
        """Look at what the processes of the submission have used. Raises Died or OutOfTime when that is too much."""
        child, limits = self._child, self.limits
        assert child is not None
        if self._count(child) > limits.memory_mb:
            self.lose_for_memory()
        if self._spent_s() > limits.cpu_s + limits.grace_s:
            self.timed_out.append(self._task)
            self._lose(f"it used more than {limits.cpu_s:g} s of processor time and did not stop")
        # Not `time.monotonic`: it is virtual while an actor waits here for its answer.
        if clock.real_monotonic() - self._began > limits.cpu_s * limits.wall_factor or self._out_of_time():
            self.timed_out.append(self._task)
            self._lose("it waited for longer than a submission may, and did not stop")

    def _count(self, child: Child) -> float:
        """Count the processor time of the child's processes since the last time. Returns their memory in MB."""
        used = child.usage(self.limits.memory_mb)
        self.cpu_s += max(used.cpu_s - self._seen_s, 0.0)
        self._seen_s = max(used.cpu_s, self._seen_s)
        return used.memory_mb

    def _out_of_time(self) -> bool:
        """Whether all of the submission has taken more real time than it may."""
        return bool(clock.real_monotonic() - self._opened > self.limits.real_s)

    def _spent_s(self) -> float:
        """Processor seconds of the cell or task so far: the student's processes, and its account here."""
        return self._seen_s - self._base_s + time.process_time() - self._own_s

    def _budget(self) -> None:
        """A new cell or task: its limits begin now."""
        self._own_s = time.process_time()
        if self._child is not None:
            self._count(self._child)
            self._base_s = self._seen_s
        self._began = clock.real_monotonic()

    def lose_for_memory(self) -> NoReturn:
        """End the process, because of what it holds. Raises Died."""
        self._lose(f"its processes held more than the {self.limits.memory_mb} MB that a submission may use")

    def _lose(self, why: str) -> NoReturn:
        self._end_child()
        self.died = why
        raise Died(why)

    def _end_child(self) -> None:
        if self._child is not None:
            self._count(self._child)
            self._child.end()
            self._child = None
        self._seen_s = self._base_s = 0.0


class Lane:
    """One account as the student's process knows it, and the functions that run in it."""

    def __init__(self, session: Session, cloud: Cloud, number: int) -> None:
        self.cloud = cloud
        self.number = number
        self._session = session
        self._actors = itertools.count(1)
        self._processes = itertools.count(1)
        self._functions: list[Callable[..., Any]] = []
        self._disks: list[object] = []
        self._child = session._child
        cloud.__dict__["_lane"] = self

    def order(self, what: str, **rest: Any) -> dict[str, Any]:
        """An order that names this account and its time."""
        return {"do": what, "account": self.number, "epoch_us": self.cloud.epoch_us, **rest}

    def open(self) -> None:
        """Tell the other side that a trial begins."""
        self._session._ask(self.order("trial"))

    def reopen(self) -> None:
        """Tell the process that came in the place of the one that knew of the trial."""
        self._child = self._session._child
        self.open()

    @property
    def _lives(self) -> bool:
        """Whether the process that knows of this account is still there."""
        return self._child is not None and self._session._child is self._child

    def close(self) -> None:
        """Tell it that the trial is over, if the process that knew of it is still there."""
        if self._lives:
            self._session._ask(self.order("over"))

    def number_of_process(self) -> int:
        """A number for one more process of an execution environment."""
        return next(self._processes)

    def number_of_disk(self, disk: object) -> int:
        """A number for the disk of an execution environment, which the environment's processes share."""
        if disk not in self._disks:
            self._disks.append(disk)
        return self._disks.index(disk)

    def forget(self, process: int) -> None:
        """Tell the other side that this process of an execution environment is over."""
        if self._lives:
            self._session._ask(self.order("forget", process=process))

    def drive(self, what: str, *, heard: Callable[[list[str]], None] | None = None, **rest: Any) -> Any:
        """Give the order and do what the student's side asks for, until it is done. Returns plain data.

        `heard` is given the log lines of a Lambda function as they come. Raises StudentError (NotAttempted, OutOfTime,
        Died), and Tampered.
        """
        actor = f"{self.number}.{next(self._actors)}"
        event = self._session._ask(self.order(what, actor=actor, **rest))
        while True:
            kind = event["event"]
            if heard is not None:
                heard(_texts(event.get("log", [])))
            if kind == "done":
                return self._plain(event.get("value"))
            if kind in ("raised", "limit", "absent"):
                raise self._error(event, rest)
            if event.get("actor") != actor:
                raise Tampered("the submission's process answered for a function that was not asked")
            answer = self._do(event, actor)
            event = self._session._ask(self.order("resume", actor=actor, answer=answer))

    def given(self, argument: Any) -> Any:
        """An argument as JSON: plain data, a client, or a function to call back."""
        return plain.encode(argument, self._refer)

    def _refer(self, value: Any) -> Any:
        if hasattr(value, "meta") and hasattr(value.meta, "service_model"):
            return {"$client": value.meta.service_model.service_name}
        if callable(value):
            self._functions.append(value)
            return {"$function": len(self._functions) - 1}
        raise plain.NotPlain(f"a value of type {type(value).__name__}")

    def _do(self, event: dict[str, Any], actor: str) -> dict[str, Any]:
        match event["event"]:
            case "call":
                return self._call(event)
            case "sleep":
                self.cloud.pause_us(min(_whole(event.get("us"), 10**300), _LONGEST_US))
                return {}
            case "callback":
                return self._call_back(event, actor)
        raise Tampered("the submission's process asked for what cannot be asked for")

    def _call(self, event: dict[str, Any]) -> dict[str, Any]:
        if event.get("account") != self.number:
            said = "This client was made outside the function, in another account: use the one the function is given."
            return {"refused": said, "kind": "SealedError"}
        if self.cloud.calls >= self._session.limits.calls:
            return {"refused": f"More than {self._session.limits.calls:,} API calls.", "kind": "SealedError"}
        service, call = _text(event.get("service")), event.get("call")
        if service not in self._session.services:
            said = (
                f"{service} is not there while this lab is marked: a solution calls the clients it is given."
            )
            return {"refused": said, "kind": "NotMocked"}
        try:
            answer, number = attempt(
                self.cloud,
                service,
                _text(event.get("operation")),
                self._plain(event.get("parameters")),
                region=_text(event.get("region")),
                call=None if call is None else _whole(call, 10**9),
                number=_whole(event.get("attempt"), 1000),
            )
        except (NotMocked, SealedError, BotoCoreError) as error:
            return {"refused": str(error), "kind": type(error).__name__}
        except (KeyError, AttributeError, TypeError) as error:
            raise Tampered("the submission's process made a call that no AWS service has") from error
        return {"parsed": plain.encode(answer), "call": number}

    def _call_back(self, event: dict[str, Any], actor: str) -> dict[str, Any]:
        number = _whole(event.get("function"), len(self._functions) - 1)
        arguments = self._plain(event.get("arguments"))
        if not isinstance(arguments, list):
            raise Tampered("the submission's process called a function without arguments")
        try:
            return {"value": plain.encode(self._functions[number](*arguments))}
        except Crash:
            self._session._ask(self.order("drop", actor=actor))
            self.cloud.crash()
        except Exception as error:  # noqa: BLE001  # it is raised in the student's code, which called
            return {"raised": type(error).__name__, "message": str(error)}

    def _plain(self, data: Any) -> Any:
        try:
            return plain.decode(data)
        except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
            raise Tampered("the submission's process wrote data that cannot be read") from error

    def _error(self, event: dict[str, Any], rest: Mapping[str, Any]) -> StudentError:
        if event["event"] == "absent":
            return NotAttempted(str(rest.get("function", "")))
        if event["event"] == "limit":
            self._session.timed_out.append(self._session._task)
            said = f"it was stopped after {self._session.limits.cpu_s:g} s of processor time"
            return OutOfTime(said, function=str(rest.get("function", "")))
        kind, message = self._said(event, "kind", 80) or "Error", self._said(event, "message", 300)
        if kind == "MemoryError":  # what it hoards would be held against the next task
            self._session.lose_for_memory()
        if kind == "NotImplementedError" and "function" in rest:
            return NotAttempted(str(rest["function"]))
        line = event.get("line")
        return StudentError(
            kind,
            message,
            function=self._said(event, "function", 80),
            line=line if type(line) is int and 0 < line < 1_000_000 else 0,
            source=self._said(event, "source", 200),
            code=self._said(event, "code", 80),
        )

    def _said(self, event: dict[str, Any], name: str, most: int) -> str:
        """A text of the event as it may be shown: it could have been made of what the code was given."""
        text = str(event.get(name, ""))[:most].encode("utf-8", "replace").decode()
        return text if text in self._session.sources else redacted(text, self._session.sources)


class RemoteStudent(ActingStudent):
    """See `helpers.labs.student.Student`."""

    def __init__(self, session: Session, lane: Lane) -> None:
        super().__init__(lane.cloud, session.cells)
        self._session = session
        self._lane = lane

    def _reload(self) -> None:
        self._session.reload()
        self._lane.reopen()

    def _start(self, function: str, arguments: tuple[Any, ...], name: str, *, background: bool) -> Actor:
        if function in self._session.absent:
            raise NotAttempted(function)
        given = [self._lane.given(argument) for argument in arguments]
        drive = self._lane.drive

        def live() -> Any:
            try:
                return drive("start", function=function, arguments=given, name=name)
            except NotAttempted:
                problem = self._session.problems.get(self._session._task)
                if problem is not None:  # its cell raised before it came to the function
                    raise problem from None
                raise

        return self._cloud.spawn(live, name=name, background=background)


def _whole(value: Any, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise Tampered("the submission's process wrote a number that cannot be")
    return value


def _text(value: Any) -> str:
    if type(value) is not str or len(value) > 200:
        raise Tampered("the submission's process wrote a text that cannot be")
    return value


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise Tampered("the submission's process wrote a log that cannot be")
    return value


__all__ = ["Died", "Lane", "RemoteStudent", "Session", "Tampered"]
