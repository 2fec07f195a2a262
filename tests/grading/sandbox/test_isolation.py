"""What a machine can do is found out by trying, and what it cannot is said in words."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.grading.sandbox.isolation import Isolation, best_isolation

HERE = Path(__file__).parent

BEGIN = """
import os, struct
from pathlib import Path
from alone import become_ordinary
from helpers.grading.sandbox import best_isolation, confinement, kernel
from helpers.grading.sandbox.syscalls import MACHINES
become_ordinary()

def refuse(call, number):
    kernel.refuse_privileges()
    program = [(0x20, 0, 0, 0), (0x15, 0, 1, MACHINES[os.uname().machine][call]),
               (6, 0, 0, 0x50000 | number), (6, 0, 0, 0x7fff0000)]
    kernel.filter_calls(b"".join(struct.pack("=HBBI", *line) for line in program))
"""
END = "\nfound = best_isolation()\nprint(found.level)\nprint(found.reason)\n"


def isolation_where(what: str, path: str = "") -> list[str]:
    """Level and reason, in a process of its own in which `what` was done before."""
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + what + END],
        env={**os.environ, "PATH": path, "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_here_it_is_full() -> None:
    assert best_isolation() == Isolation("full", "")
    assert best_isolation() is best_isolation()


def test_an_ordinary_user_has_it_in_full_too() -> None:
    assert isolation_where("") == ["full", ""]


NO_NAMESPACES = """
outside = os.geteuid(), os.getegid()
kernel.unshare(kernel.CLONE_NEWUSER, "begin")
confinement._map_ids(1000, *outside)
Path("/proc/sys/user/max_user_namespaces").write_bytes(b"0")
"""


def test_a_limit_on_namespaces_is_named_with_the_command_that_lifts_it() -> None:
    assert isolation_where(NO_NAMESPACES) == [
        "rlimits-only",
        (
            "The sandbox cannot make a user namespace: a limit of this system is reached (ENOSPC). "
            "Fix: sudo sysctl -w user.max_user_namespaces=10000"
        ),
    ]


@pytest.mark.parametrize(
    ("call", "number", "reason"),
    [
        (
            "unshare",
            errno.EPERM,
            (
                "The sandbox cannot make a user namespace: this system forbids it (EPERM). "
                "Fix: grade outside the container, or start it with docker run --privileged."
            ),
        ),
        (
            "unshare",
            errno.ENOSYS,
            (
                "The sandbox cannot make a user namespace: this system does not have it (ENOSYS). "
                "Fix: grade on Linux 5.14 or newer (on Windows, in WSL 2), on x86-64 or aarch64."
            ),
        ),
        (
            "mount",
            errno.EACCES,
            (
                "The sandbox cannot mount a private tree at /: this system forbids it (EACCES). "
                "Fix: grade outside the container, or start it with docker run --privileged."
            ),
        ),
        (
            "mount_setattr",
            errno.ENOSYS,
            (
                "The sandbox cannot make the file system read-only: this system does not have it (ENOSYS). "
                "Fix: grade on Linux 5.14 or newer (on Windows, in WSL 2), on x86-64 or aarch64."
            ),
        ),
    ],
)
def test_what_the_system_refuses_is_said_in_words(call: str, number: int, reason: str) -> None:
    assert isolation_where(f"refuse({call!r}, {number})") == ["rlimits-only", reason]


def test_bubblewrap_is_next_where_it_works(tmp_path: Path) -> None:
    program = tmp_path / "bwrap"
    program.write_text('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n')
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o111)
    program.chmod(0o755)
    refused = f"refuse('unshare', {errno.EPERM})"
    assert isolation_where(refused, str(tmp_path))[0] == "bubblewrap"
    program.write_text("#!/bin/sh\nexit 1\n")
    assert isolation_where(refused, str(tmp_path))[0] == "rlimits-only"
