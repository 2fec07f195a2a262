"""The zygote: a process that has imported all that a student's code may want, and forks a sandboxed child of itself for
each submission.

It is started by `exec`, not by `fork`, and is told nothing but the limits: no seed, no need and no check is ever in its
memory, so none is in a child's. Who wants a child connects to its socket, sends the policy and the child's end of a
line, and reads the child's process id; when that connection closes, the child is ended.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import shutil
import signal
import socket
import sys
from pathlib import Path

from helpers.grading.child.runner import Runner
from helpers.grading.link import Link
from helpers.grading.sandbox import Policy, confine, confine_by_rlimits, end_tree
from helpers.grading.sandbox.kernel import gather_memory

_REQUEST = 65_536


class Zygote:
    """Listens on `listener` for who wants a child. `level` is how children are isolated."""

    def __init__(self, listener: socket.socket, level: str) -> None:
        self._listener = listener
        self._level = level
        self._children: dict[socket.socket, int] = {}

    def serve(self, parent: int) -> None:
        """Serve until the process `parent` reads of this end of its pipe no more, or ends."""
        while True:
            watched = {parent: None, self._listener.fileno(): self._listener}
            watched |= {connection.fileno(): connection for connection in self._children}
            ready, _, _ = select.select(list(watched), [], [], 0.5)
            self._reap()
            for number in ready:
                connection = watched[number]
                if connection is None:
                    return self._end_all()
                if connection is self._listener:
                    self._welcome()
                else:
                    self._hung_up(connection)

    def _welcome(self) -> None:
        connection, _ = self._listener.accept()
        connection.settimeout(5)
        try:
            data, descriptors, _, _ = socket.recv_fds(connection, _REQUEST, 1)
        except OSError:
            connection.close()
            return
        if len(descriptors) != 1:
            connection.close()
            return
        pid = self._fork(Policy.from_json(data), descriptors[0], connection)
        os.close(descriptors[0])
        self._children[connection] = pid
        with contextlib.suppress(OSError):
            connection.sendall(pid.to_bytes(4, "big"))

    def _fork(self, policy: Policy, descriptor: int, connection: socket.socket) -> int:
        pid = os.fork()
        if pid:
            return pid
        status = 1
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            line = socket.socket(fileno=os.dup(descriptor))
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)  # else what it writes would fill the pipe to the grader
            isolate = confine if self._level == "full" else confine_by_rlimits
            isolate(policy, [line.fileno()])
            os.dup2(1, 2)  # from here on nothing that is said is for the instructor's terminal
            Runner(Link(line)).serve()
            status = 0
        except BaseException as error:  # noqa: BLE001  # a child never goes on as a zygote
            with contextlib.suppress(BaseException):
                os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(status)

    def _hung_up(self, connection: socket.socket) -> None:
        # One that the kernel does not let go of must not cost the others their zygote.
        with contextlib.suppress(TimeoutError):
            end_tree(self._children.pop(connection))
        connection.close()
        self._reap()

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass

    def _end_all(self) -> None:
        for pid in self._children.values():
            end_tree(pid)


def warm(services: list[str]) -> None:
    """Import and build once what every child would otherwise pay for."""
    import importlib

    from helpers.grading.child.remote import RemoteAccount

    for module in (
        "botocore.config",
        "boto3.dynamodb.conditions",
        "decimal",
    ):
        importlib.import_module(module)
    account = RemoteAccount(0, lambda _request: {})
    for service in services:
        account.client(service)
        account.given(service)
    gc.collect()
    gc.freeze()
    gather_memory()


def main() -> None:
    """`python -m helpers.grading.zygote SOCKET LEVEL SERVICE...`; standard input is the pipe whose end ends it."""
    path, level, *services = sys.argv[1:]
    for number in (signal.SIGINT, signal.SIGTERM):  # sent to the whole group: the end of the pipe says enough
        signal.signal(number, signal.SIG_IGN)
    try:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(path)
        Path(path).chmod(0o600)
        warm(services)
        listener.listen(64)
        with contextlib.suppress(BrokenPipeError):
            os.write(1, b"ready\n")
        Zygote(listener, level).serve(0)
    finally:  # whoever started this one may have been killed at any time, and cannot tidy up
        shutil.rmtree(Path(path).parent, ignore_errors=True)


if __name__ == "__main__":
    main()
