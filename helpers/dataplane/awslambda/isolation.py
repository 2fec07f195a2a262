"""What a handler takes for its own process: environment variables, modules, files, standard output, loggers.

A function's code runs in this very process. Whenever it gets control, the names below are exchanged for its own, and
exchanged back whenever it gives control back, so neither a notebook's cell nor another environment sees any of it.
What it binds to these names itself (another `sys.stdout`, say) stays with it.

Pages: DG/configuration-envvars.html (variables), DG/lambda-runtime-environment.html (what an environment keeps),
DG/python-logging.html (the root logger). Not done: what a function changes inside a shared module (`json.dumps =
...`) is changed for the whole process.
"""

from __future__ import annotations

import asyncio
import atexit
import builtins
import io
import logging
import os
import random
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import boto3

from helpers.cloud import scheduler
from helpers.dataplane.awslambda import files
from helpers.dataplane.awslambda.code import Code
from helpers.dataplane.awslambda.files import Disk
from helpers.dataplane.awslambda.limits import TIMEOUT_S
from helpers.dataplane.awslambda.modules import INSTALLED, Modules

_PID = 2
"""What os.getpid() says in an environment: the same in each run."""

_REAL_PID, _REAL_ENTROPY = os.getpid, os.urandom

_CHILDREN = {
    **dict.fromkeys(("fork", "forkpty", "posix_spawn", "posix_spawnp", "execv", "execve", "system"), os),
    "_fork_exec": subprocess,
}

Name = tuple[dict[str, Any], str, Any]
"""A namespace, a name in it, and what the name is bound to in an environment."""


class Isolation:
    """The surroundings of one process of an environment (see `helpers.cloud.actor.Surroundings`).

    `variables` are its environment variables; `output` is its standard output, `log` the handler of its root logger,
    which has the level `log_level`; `exits` ends the process, and is told how ("exit status 1"); `entropy` stands in
    for the machine's.
    """

    def __init__(
        self,
        code: Code,
        disk: Disk,
        variables: dict[str, str],
        *,
        output: io.TextIOBase,
        log: logging.Handler,
        log_level: int,
        exits: Callable[[str], None],
        entropy: random.Random,
    ) -> None:
        self._disk = disk
        self._loop: asyncio.AbstractEventLoop | None = None
        self._exits = exits
        self._modules = Modules(code)
        self._variables = {_key(name): _value(text) for name, text in variables.items()}
        names = [
            *self._variable_names(),
            *_stream_names(output),
            *_logging_names(log, log_level),
            *_entropy_names(entropy),
            *self._process_names(code),
            *files.NAMES,
        ]
        self._exchanged = [list(entry) for entry in names if entry[1] in entry[0]]  # Windows lacks some

    def set_variable(self, name: str, value: str) -> None:
        """Set an environment variable of the process."""
        self._variables[_key(name)] = _value(value)

    def enter(self) -> None:
        """The function's code gets control."""
        self._exchange()
        self._exchange_loop()
        self._modules.enter()
        files.in_control(self._disk)

    def leave(self) -> None:
        """It gave control back."""
        files.in_control(None)
        self._modules.leave()
        self._exchange_loop()
        self._exchange()

    def _exchange(self) -> None:
        root = logging.root
        level, loggers = root.level, root.manager.loggerDict
        for entry in self._exchanged:
            namespace, name, other = entry
            entry[2] = namespace.get(name)
            namespace[name] = other
        if root.level != level:  # loggers remember what their level lets pass
            for known in (loggers, root.manager.loggerDict):
                for logger in known.values():
                    if isinstance(logger, logging.Logger):
                        logger._cache.clear()  # type: ignore[attr-defined]  # as Manager._clear_cache does
            root._cache.clear()  # type: ignore[attr-defined]  # the same

    def _exchange_loop(self) -> None:
        """The running event loop: asyncio keeps it for the whole thread, in which all handlers live."""
        loop = asyncio._get_running_loop()
        if loop is not self._loop:
            asyncio._set_running_loop(self._loop)
            self._loop = loop

    def _variable_names(self) -> list[Name]:
        names: list[Name] = [
            (vars(os), "environ", os.environ),
            (vars(os.environ), "_data", self._variables),
            (vars(os), "putenv", _nothing),
            (vars(os), "unsetenv", _nothing),
        ]
        if hasattr(os, "environb"):
            names.append((vars(os.environb), "_data", self._variables))
        return names

    def _process_names(self, code: Code) -> list[Name]:
        path = [*code.searched, *(folder for folder in sys.path if folder.startswith(INSTALLED))]
        boto3._get_default_session()  # made once for everybody; it costs milliseconds
        names: list[Name] = [
            (vars(sys), "path", path),
            (vars(sys), "meta_path", self._modules.finders),
            (vars(selectors), "DefaultSelector", _VirtualSelector),
            (vars(boto3), "DEFAULT_SESSION", boto3.DEFAULT_SESSION),
            (vars(os), "getpid", _here(lambda: _PID, _REAL_PID)),
            (vars(os), "_exit", lambda status: self._exits(f"exit status {status}")),
            (vars(os), "abort", lambda: self._exits("signal: aborted")),
            (vars(os), "kill", self._kill),
            (vars(os), "killpg", self._kill),
            (vars(atexit), "register", lambda function, *_arguments, **_options: function),
        ]
        names += [
            (vars(owner), name, _refuse_child) for name, owner in _CHILDREN.items() if hasattr(owner, name)
        ]
        return names

    def _kill(self, pid: int, number: int) -> None:
        if pid not in (_PID, 0):
            raise ProcessLookupError(3, "No such process")
        if number:
            self._exits(f"signal: {_SIGNALS.get(number, f'signal {number}')}")


_SIGNALS = {
    9: "killed",
    signal.SIGTERM: "terminated",
    signal.SIGABRT: "aborted",
}  # SIGKILL, which Windows lacks, is 9


class _VirtualSelector(selectors.DefaultSelector):
    """What an event loop of asyncio waits with: it waits in virtual time, for its own timers alone."""

    def select(self, timeout: float | None = None) -> list[Any]:
        """Wait until `timeout`, or for ever."""
        ready = super().select(0)
        if not ready and timeout != 0:
            time.sleep(TIMEOUT_S[1] if timeout is None else max(timeout, 0))
            ready = super().select(0)
        return ready


def _stream_names(output: io.TextIOBase) -> list[Name]:
    return [
        (vars(sys), "stdout", output),
        (vars(sys), "stderr", output),
        (vars(sys), "stdin", io.StringIO()),
        (vars(builtins), "input", _no_input),
    ]


def _logging_names(log: logging.Handler, level: int) -> list[Name]:
    """DG/python-logging.html: the root logger writes to the function's log."""
    root = logging.root
    return [
        (vars(root), "handlers", [log]),
        (vars(root), "level", level),
        (vars(root), "filters", []),
        (vars(root), "disabled", False),
        (vars(root.manager), "loggerDict", {}),
        (vars(root.manager), "_disable", 0),
    ]


def _entropy_names(entropy: random.Random) -> list[Name]:
    draw = _here(entropy.randbytes, _REAL_ENTROPY)
    return [(vars(os), "urandom", draw), (vars(random), "_urandom", draw)]


def _here(own: Callable[..., Any], real: Callable[..., Any]) -> Callable[..., Any]:
    """A function that answers a handler by `own`, and other threads, which know of no environment, by `real`.

    A kernel's thread for output asks for the process id and for random bytes with every message, and drops the message
    if the id has changed meanwhile.
    """

    def call(*arguments: Any) -> Any:
        return own(*arguments) if scheduler.here() else real(*arguments)

    return call


def _key(name: str) -> Any:
    return os.environ.encodekey(name)


def _value(text: str) -> Any:
    return os.environ.encodevalue(text)


def _no_input(*_prompt: object) -> str:
    raise EOFError("EOF when reading a line")


def _nothing(*_arguments: object) -> None:
    """For what must not reach the whole process."""


def _refuse_child(*_arguments: object, **_options: object) -> None:
    raise RuntimeError(
        "A handler cannot start another process here: it would run in real time, beside the virtual clock."
    )
