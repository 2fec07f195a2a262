"""How well this machine can keep submissions apart; found out by trying."""

from __future__ import annotations

import errno
import os
import select
import shutil
import signal
import subprocess
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from helpers.grading.sandbox.bubblewrap import bubblewrap_command
from helpers.grading.sandbox.confinement import confine
from helpers.grading.sandbox.kernel import SandboxError
from helpers.grading.sandbox.policy import Policy

Level = Literal["full", "bubblewrap", "rlimits-only"]

_PATIENCE_S = 20.0


@dataclass(frozen=True)
class Isolation:
    """What this machine can do, best first: `confine` works ("full"), bubblewrap works, or only limits do.

    `reason` is empty for "full". Otherwise it says in one sentence why that does not work here, and in a second one
    what command would mend it.
    """

    level: Level
    reason: str = ""


@cache
def best_isolation() -> Isolation:
    """The best that works here. The first call tries it out, in a child; later ones remember.

    As root, namespaces are made directly; as an ordinary user, inside a user namespace. Else bubblewrap is tried, which
    may be setuid or have an AppArmor profile. Else only limits are left.
    """
    error = _why_not_full()
    if error is None:
        return Isolation("full")
    reason = f"The sandbox {error}. Fix: {_remedy(error.number)}"
    return Isolation("bubblewrap" if _bubblewrap_works() else "rlimits-only", reason)


def _why_not_full() -> SandboxError | None:
    """Confine a child and see what it says."""
    if not hasattr(os, "fork"):
        return SandboxError("cannot make namespaces: only Linux has them", errno.ENOSYS)
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 warns when a process with threads forks; this child takes no lock.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _try_and_report(writing)
    os.close(writing)
    answer = b""
    while select.select([reading], [], [], _PATIENCE_S)[0] and (part := os.read(reading, 4096)):
        answer += part
    os.close(reading)
    try:
        os.kill(child, signal.SIGKILL)
    except ProcessLookupError:
        pass
    os.waitpid(child, 0)
    if answer == b"ok":
        return None
    number, _, message = answer.decode().partition(" ")
    return SandboxError(message or "cannot be tried: the child that tried it died", int(number or 0))


def _try_and_report(writing: int) -> None:
    try:
        confine(Policy(), [writing])
        os.write(writing, b"ok")
    except SandboxError as error:
        os.write(writing, f"{error.number} {error}".encode())
    except BaseException as error:  # noqa: BLE001  # whatever it is, the parent says it
        os.write(writing, f"0 cannot be made: {error!r}".encode())
    finally:
        os._exit(0)


def _bubblewrap_works() -> bool:
    if shutil.which("bwrap") is None:
        return False
    command = bubblewrap_command(Policy(), ["/bin/sh", "-c", "exit 42"], [])
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE_S, check=False)  # noqa: S603  # our own
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 42


_SWITCHES = (
    ("/proc/sys/user/max_user_namespaces", "0", "sudo sysctl -w user.max_user_namespaces=10000"),
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "sudo sysctl -w kernel.unprivileged_userns_clone=1"),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    ),
)
"""Where distributions switch user namespaces off, with what value, and the command that switches them on."""


def _remedy(number: int) -> str:
    """What an administrator would type; the likeliest cause first."""
    if number == errno.ENOSYS:
        return "grade on Linux 5.14 or newer (on Windows, in WSL 2), on x86-64 or aarch64."
    for path, value, command in _SWITCHES:
        try:
            if Path(path).read_text(encoding="utf-8").strip() == value:
                return command
        except OSError:  # this system has no such switch
            continue
    if number in {errno.ENOSPC, errno.EUSERS}:
        return "sudo sysctl -w user.max_user_namespaces=10000 user.max_pid_namespaces=10000"
    if number in {errno.EPERM, errno.EACCES}:
        return "grade outside the container, or start it with docker run --privileged."
    return "grade on a machine where namespaces are allowed."
