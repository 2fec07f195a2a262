"""Where the marking side gets children from: it starts the zygote, and asks it for one sandboxed process at a time."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from helpers.grading.link import Gone, Link
from helpers.grading.sandbox import Isolation, Policy, Usage, bubblewrap_command, end_tree, usage

ROOT = Path(__file__).resolve().parents[2]
"""The folder that `helpers` is in."""


class Child:
    """A process of a student: `ask` gives it an order and waits for the event. `end` ends it by `hang_up`."""

    def __init__(self, link: Link, pid: int, hang_up: Callable[[], None]) -> None:
        self.link = link
        self.pid = pid
        self._hang_up = hang_up

    def ask(self, order: dict[str, Any], watch: Callable[[], None]) -> dict[str, Any]:
        """The event that comes to `order`. Raises Gone and Forged."""
        return self.link.ask(order, watch)

    def usage(self, limit_mb: float) -> Usage:
        """Processor time and memory of it and whatever it started."""
        return usage(self.pid, limit_mb)

    def end(self) -> None:
        """End it and whatever it started."""
        self.link.close()
        self._hang_up()


class Nursery:
    """The zygote, from `with` to its end. `services` are those whose clients it makes ahead."""

    def __init__(self, isolation: Isolation, policy: Policy, services: Sequence[str]) -> None:
        self.isolation = isolation
        self._policy = policy
        self._request = policy.to_json()
        self._services = list(services)
        self._folder = tempfile.TemporaryDirectory(prefix="devlab-", ignore_cleanup_errors=True)
        self._address = str(Path(self._folder.name) / "zygote")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Nursery:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()
        self._folder.cleanup()

    def start(self) -> None:
        """Start the zygote; it warms up while the caller goes on. `wait` waits for it."""
        command = [sys.executable, "-m", "helpers.grading.zygote", self._address, self.isolation.level]
        self._process = subprocess.Popen(  # noqa: S603  # this Python, on this package
            [*command, *self._services],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=_environment(),
        )

    def wait(self) -> None:
        """Wait until it can give children. Raises RuntimeError if it cannot."""
        assert self._process is not None
        assert self._process.stdout is not None
        if self._process.stdout.readline() != b"ready\n":
            raise RuntimeError("The process that runs submissions did not start; see the messages above.")

    def stop(self) -> None:
        """End the zygote and its children."""
        if self._process is not None:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.close()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process.stdout.close()
            self._process = None

    def child(self) -> Child:
        """A new sandboxed process. Raises Gone if there cannot be one."""
        ours, theirs = socket.socketpair()
        if self.isolation.level == "bubblewrap":
            return self._cold(ours, theirs)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(30)
            connection.connect(self._address)
            socket.send_fds(connection, [self._request.encode()], [theirs.fileno()])
            pid = int.from_bytes(connection.recv(4), "big")
        except OSError as error:
            raise Gone(f"no process for the submission: {error}") from error
        finally:
            theirs.close()
        if not pid:
            raise Gone("no process for the submission")
        return Child(Link(ours), pid, connection.close)

    def _cold(self, ours: socket.socket, theirs: socket.socket) -> Child:
        """A child that bubblewrap starts as a new program: it imports everything afresh, which takes a second."""
        line = theirs.fileno()
        program = [sys.executable, "-m", "helpers.grading.child", str(line), self._request]
        process = subprocess.Popen(  # noqa: S603  # this Python, on this package
            bubblewrap_command(self._policy, program, [line]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[line],
            cwd=ROOT,
            env=_environment(),
        )
        theirs.close()

        def hang_up() -> None:
            end_tree(process.pid)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)

        return Child(Link(ours), process.pid, hang_up)


def _environment() -> dict[str, str]:
    """The environment of a process that will run a student's code: nothing of the user's own is in it."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    # A thread of its own heap would reserve 64 MB of the address space that a process may have.
    return {
        **kept,
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "Agg",
        "MALLOC_ARENA_MAX": "1",
    }
