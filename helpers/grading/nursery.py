"""Where the marking side gets children from: it starts the zygote, and asks it for one sandboxed process at a time."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from helpers.grading.link import Forged, Gone, Link
from helpers.grading.sandbox import Isolation, Policy
from helpers.grading.sandbox.tree import Usage, usage


class Child:
    """A process of a student: `ask` gives it an order and waits for the event."""

    def __init__(self, link: Link, connection: socket.socket, pid: int) -> None:
        self.link = link
        self.pid = pid
        self._connection = connection

    def ask(self, order: dict[str, Any], watch: Callable[[], None]) -> dict[str, Any]:
        """The event that comes to `order`. Raises Gone and Forged."""
        return self.link.ask(order, watch)

    def usage(self, limit_mb: float) -> Usage:
        """Processor time and memory of it and whatever it started."""
        return usage(self.pid, limit_mb)

    def end(self) -> None:
        """End it and whatever it started."""
        self._connection.close()
        self.link.close()


class Nursery:
    """The zygote, from `with` to its end. `services` are those whose clients it makes ahead."""

    def __init__(self, isolation: Isolation, policy: Policy, services: Sequence[str]) -> None:
        self.isolation = isolation
        self._policy = policy
        self._services = list(services)
        self._folder = tempfile.TemporaryDirectory(prefix="devlab-")
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
        root = str(Path(__file__).resolve().parents[2])
        kept = {
            name: os.environ[name]
            for name in ("PATH", "LANG", "LC_ALL", "HOME", "TMPDIR")
            if name in os.environ
        }
        self._process = subprocess.Popen(  # noqa: S603  # this Python, on this package
            [*command, *self._services],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=root,
            env={**kept, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "MPLBACKEND": "Agg"},
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
        """A new sandboxed process. Raises Gone if the zygote cannot give one."""
        ours, theirs = socket.socketpair()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(30)
            connection.connect(self._address)
            socket.send_fds(connection, [self._policy.to_json().encode()], [theirs.fileno()])
            pid = int.from_bytes(connection.recv(4), "big")
        except OSError as error:
            raise Gone(f"no process for the submission: {error}") from error
        finally:
            theirs.close()
        if not pid:
            raise Gone("no process for the submission")
        return Child(Link(ours), connection, pid)


__all__ = ["Child", "Forged", "Gone", "Nursery", "time"]
