"""Obeys the orders of the marked account's side: runs cells, starts the student's functions, goes on with them.

Each function that a check started is a greenlet, an actor whose clock and account are on the other side. An order gives
one of them control until it asks for something, returns, or raises; that is the event. Nothing in this process is
trusted by the other side.
"""

from __future__ import annotations

import builtins
import io
import os
import random
import sys
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import greenlet
from IPython.core.inputtransformer2 import TransformerManager

from helpers.cloud import clock, learner, scheduler
from helpers.cloud.randomness import Stream, stream_seed
from helpers.dataplane.awslambda import runtime
from helpers.dataplane.awslambda.files import Disk
from helpers.grading.child.function import Function
from helpers.grading.child.remote import RemoteAccount
from helpers.grading.link import Gone, Link
from helpers.grading.sandbox.limits import LimitReached, cpu_limit
from helpers.labs import plain
from helpers.labs.cells import Cell, remember
from helpers.labs.local import prelude, student_error
from helpers.labs.student import WorkFailed

MAX_OUTPUT = 20_000
"""Characters of a cell's output that are kept."""


class _Output(io.TextIOBase):
    """Standard output: keeps the first characters, forgets the rest."""

    def __init__(self) -> None:
        self.text = ""

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, text: str) -> int:
        """Keep what still fits."""
        if len(self.text) < MAX_OUTPUT:
            self.text += str(text)[: MAX_OUTPUT - len(self.text)]
        return len(text)

    def take(self) -> str:
        """What was written since the last time."""
        text, self.text = self.text, ""
        return text


class _Actor:
    """One running function of the student's."""

    def __init__(
        self, runner: Runner, number: int, account: RemoteAccount, work: Callable[[Any], dict[str, Any]]
    ) -> None:
        self.account = account
        self.stream: Stream | None = None
        self.number = number
        self.function: Function | None = None
        self.greenlet = greenlet.greenlet(work, parent=runner.main)


class Runner:
    """Runs the student's code in this process; `serve()` obeys until the line is cut."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.main = greenlet.getcurrent()
        self._accounts: dict[int, RemoteAccount] = {}
        self._actors: dict[int, _Actor] = {}
        self._functions: dict[int, Function] = {}
        self._current: _Actor | None = None
        self._disks: dict[int, dict[int, Disk]] = defaultdict(dict)
        self._files: dict[str, str] = {}
        self._namespace: dict[str, Any] = {}
        self._clients: dict[str, str] = {}
        self._output = _Output()
        self._transformer = TransformerManager()
        self._getpid, self._leave = os.getpid, os._exit
        self._pid = os.getpid()
        scheduler.live_here()  # what asks whether code of an actor runs is told so

    def serve(self) -> None:
        """Obey order after order."""
        sys.stdout = sys.stderr = self._output  # text goes there
        builtins.input = _no_input
        draw = random.Random(1).randbytes
        os.urandom = draw  # so that what the student draws repeats
        random.__dict__["_urandom"] = draw
        orders = {
            "cell": self._cell,
            "namespace": self._fresh_namespace,
            "trial": self._trial,
            "over": self._over,
            "start": self._start,
            "resume": self._resume,
            "drop": self._drop,
            "load": self._load,
            "invoke": self._invoke,
            "forget": self._forget,
        }
        while True:
            try:
                order = self._link.receive()
            except Gone:
                return
            event = orders[order["do"]](order)
            if self._getpid() != self._pid:  # the student's code forked: the copy has nothing to say
                self._leave(0)
            try:
                self._link.send({**event, "output": self._output.take()})
            except ValueError as error:  # too large for the line
                said = {
                    "event": "raised",
                    "kind": "ValueError",
                    "message": str(error),
                    "actor": event.get("actor"),
                }
                self._link.send(said)

    # Orders

    def _fresh_namespace(self, order: dict[str, Any]) -> dict[str, Any]:
        """Begin in a new namespace, as a new kernel does."""
        self._clients = order["clients"]
        self._files = {}
        self._actors.clear()
        account = self._account(order["account"], order["epoch_us"])
        learner.opened(account)  # type: ignore[arg-type]  # it acts as one
        self._namespace = {
            "__name__": "__main__",
            "__builtins__": builtins,
            **prelude(self._clients, account),
        }
        self._namespace |= {"display": print, "get_ipython": _NoShell()}
        return {"event": "done", "value": None}

    def _trial(self, order: dict[str, Any]) -> dict[str, Any]:
        account = self._account(order["account"], order["epoch_us"])
        learner.opened(account)  # type: ignore[arg-type]  # it acts as one
        return {"event": "done", "value": None}

    def _over(self, order: dict[str, Any]) -> dict[str, Any]:
        account = self._accounts.pop(order["account"])
        self._disks.pop(account.number, None)
        for number in [number for number, actor in self._actors.items() if actor.account is account]:
            del self._actors[number]
        learner.closed(account)  # type: ignore[arg-type]  # it acts as one
        account.closed = True
        return {"event": "done", "value": None}

    def _cell(self, order: dict[str, Any]) -> dict[str, Any]:
        cell = Cell(order["task"], order["source"].lstrip("\n"))  # as IPython does: lines keep their numbers

        def run() -> dict[str, Any]:
            self._files[cell.filename] = cell.source
            remember([cell])
            exec(self._compiled(cell), self._namespace)  # noqa: S102  # that is what the sandbox is for
            return {"event": "done", "value": None}

        return self._begin(order, run)

    def _compiled(self, cell: Cell) -> Any:
        """The cell's code. What is Python already, IPython leaves as it is, but takes milliseconds to find out."""
        try:
            return compile(cell.source, cell.filename, "exec")
        except SyntaxError:
            return compile(self._transformer.transform_cell(cell.source), cell.filename, "exec")

    def _start(self, order: dict[str, Any]) -> dict[str, Any]:
        function = self._namespace.get(order["function"])
        if not callable(function):
            return {"event": "absent"}
        account = self._accounts[order["account"]]
        arguments = plain.decode(order["arguments"], lambda tag, content: self._refer(account, tag, content))

        def run() -> dict[str, Any]:
            result = function(*arguments)
            try:
                return {"event": "done", "value": plain.encode(result)}
            except plain.NotPlain as error:
                said = f"the function returned {error}, not plain data"
                return {"event": "raised", "kind": "TypeError", "message": said}

        return self._begin(order, run)

    def _load(self, order: dict[str, Any]) -> dict[str, Any]:
        function = self._functions[order["process"]] = Function(
            order, self._disks[order["account"]], self._exit
        )

        def run() -> dict[str, Any]:
            return {"event": "done", "value": function.load(order["request_id"])}

        return self._begin(order, run, function)

    def _invoke(self, order: dict[str, Any]) -> dict[str, Any]:
        function = self._functions[order["process"]]

        def run() -> dict[str, Any]:
            return {"event": "done", "value": function.call(order)}

        return self._begin(order, run, function)

    def _forget(self, order: dict[str, Any]) -> dict[str, Any]:
        self._functions.pop(order["process"], None)
        return {"event": "done", "value": None}

    def _exit(self, how: str) -> None:
        """A handler ended its process: it does not go on from here."""
        while True:
            self.main.switch({"event": "done", "value": {"exit": how}})

    def _begin(
        self, order: dict[str, Any], run: Callable[[], dict[str, Any]], function: Function | None = None
    ) -> dict[str, Any]:
        account = self._accounts[order["account"]]
        account.epoch_us = order["epoch_us"]
        actor = self._actors[order["actor"]] = _Actor(
            self, order["actor"], account, lambda _none: self._guarded(run)
        )
        actor.stream = Stream(stream_seed(account.number, order.get("name", "main")))
        actor.function = function
        return self._switch(actor, order, None)

    def _resume(self, order: dict[str, Any]) -> dict[str, Any]:
        actor = self._actors[order["actor"]]
        actor.account.epoch_us = order["epoch_us"]
        return self._switch(actor, order, order["answer"])

    def _drop(self, order: dict[str, Any]) -> dict[str, Any]:
        self._actors.pop(order["actor"], None)  # its greenlet stays where it is: none of its code runs on
        return {"event": "done", "value": None}

    # Control

    def _switch(self, actor: _Actor, order: dict[str, Any], answer: Any) -> dict[str, Any]:
        self._current = actor
        outside = Stream()
        if actor.stream is not None:
            actor.stream.enter()
        clock.start_actors()
        clock.show_to_actor(actor.account)
        function = actor.function
        if function is not None:
            function.isolation.enter()
        try:
            with cpu_limit(order["cpu_s"]) as limit:
                event: dict[str, Any] = actor.greenlet.switch(answer)
            if (
                limit.reached and function is not None
            ):  # a function's process ends by it, as by any such exception
                event = {"event": "limit"}
        except LimitReached:  # it came while nothing of the student's ran any more
            event = {"event": "limit"}
        finally:
            if function is not None:
                function.isolation.leave()
            clock.show_to_actor(None)
            clock.stop_actors()
            if actor.stream is not None:
                actor.stream.leave()
            outside.enter()
            self._current = None
        if actor.greenlet.dead:
            self._actors.pop(actor.number, None)
        if function is not None:
            event = {**event, "log": function.take_log()}
        return {**event, "actor": actor.number}

    def _guarded(self, run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        try:
            return run()
        except LimitReached:
            return {"event": "limit"}
        except greenlet.GreenletExit:
            return {"event": "done", "value": None}
        except MemoryError:  # the process is about to be ended for it; until then it needs room to say so
            self._namespace.clear()
            return {"event": "raised", "kind": "MemoryError", "message": ""}
        except runtime.Exit as end:
            return {"event": "done", "value": {"exit": end.how}}
        except BaseException as error:  # noqa: BLE001  # whatever it raised is the event
            if self._current is not None and self._current.function is not None:
                exit_ = runtime.exit_of(error)
                return {"event": "done", "value": {"exit": getattr(exit_, "how", "")}}
            raised = student_error(error, self._files)
            return {
                "event": "raised",
                "kind": raised.kind,
                "message": raised.message,
                "function": raised.function,
                "line": raised.line,
                "source": raised.source,
                "code": raised.code,
            }

    def _request(self, request: dict[str, Any]) -> Any:
        """Ask the other side, in the actor that runs now."""
        actor = self._current
        if actor is None or greenlet.getcurrent() is not actor.greenlet:
            raise RuntimeError(
                "Threads, and code that runs after its function returned, cannot reach the account."
            )
        return self.main.switch(request)

    def _account(self, number: int, epoch_us: int) -> RemoteAccount:
        account = self._accounts[number] = RemoteAccount(number, self._request)
        account.start_us = account.epoch_us = epoch_us
        return account

    def _refer(self, account: RemoteAccount, tag: str, content: Any) -> Any:
        if tag == "$client":
            return account.given(content)
        if tag == "$function":
            return self._callback(content)
        raise ValueError(tag)

    def _callback(self, number: int) -> Callable[..., Any]:
        def function(*arguments: Any) -> Any:
            answer = self._request(
                {"event": "callback", "function": number, "arguments": plain.encode(list(arguments))}
            )
            if "raised" in answer:
                kind = getattr(builtins, answer["raised"], None)
                if answer["raised"] == "WorkFailed" or not (
                    isinstance(kind, type) and issubclass(kind, Exception)
                ):
                    kind = WorkFailed
                raise kind(answer["message"])
            return plain.decode(answer["value"])

        return function


class _NoShell:
    """What `%magic` and `!command` lines of a cell find: they do nothing while a lab is marked."""

    def __getattr__(self, name: str) -> _NoShell:
        return self

    def __call__(self, *_arguments: Any, **_options: Any) -> _NoShell:
        return self


def _no_input(*_prompt: object) -> str:
    raise EOFError("Nobody is there to answer input() while a lab is marked.")
