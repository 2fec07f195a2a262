"""The cold way into namespaces: bubblewrap, which some systems allow them although they allow them to nobody else.

It has to start a program, so nothing stays warm. Page: https://github.com/containers/bubblewrap (0.8 or newer).
"""

from __future__ import annotations

from collections.abc import Iterable

from helpers.grading.sandbox.confinement import HOSTNAME
from helpers.grading.sandbox.filesystem import shown
from helpers.grading.sandbox.policy import TEMPORARY, WORK, Policy

_MB = 1024 * 1024


def bubblewrap_command(policy: Policy, program: list[str], keep_fds: Iterable[int]) -> list[str]:
    """The command that runs `program` in bubblewrap under the policy.

    Start it with `pass_fds=keep_fds`. Bubblewrap gives namespaces and the file system only; the program calls
    `confine_by_rlimits` first of all, which sets the limits and the filter and closes what is not kept.
    Raises SandboxError as `filesystem.shown` does.
    """
    command = ["bwrap", "--unshare-all", "--unshare-user", "--die-with-parent", "--new-session"]
    command += [
        "--cap-drop",
        "ALL",
        "--uid",
        str(policy.uid),
        "--gid",
        str(policy.uid),
        "--hostname",
        HOSTNAME,
    ]
    command += ["--proc", "/proc", "--dev", "/dev", "--dir", "/sys"]
    for folder in (WORK, TEMPORARY):
        command += ["--size", str(policy.work_mb * _MB), "--perms", "0700", "--tmpfs", str(folder)]
    for path in shown(policy):
        if path.is_symlink() and path not in policy.readable:
            command += ["--symlink", str(path.readlink()), str(path)]
        else:
            command += ["--ro-bind", str(path), str(path)]
    command += [
        "--remount-ro",
        "/dev",
        "--remount-ro",
        "/",
        "--setenv",
        "HOME",
        str(WORK),
        "--chdir",
        str(WORK),
    ]
    return [*command, "--", *program]
