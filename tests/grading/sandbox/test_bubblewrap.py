"""The command for the cold way."""

from __future__ import annotations

from pathlib import Path

from helpers.grading.sandbox import Policy, bubblewrap_command
from helpers.grading.sandbox.filesystem import SETTINGS, SYSTEM


def test_the_command_names_every_wall(tmp_path: Path) -> None:
    system: list[str] = []
    for path in (*SYSTEM, *SETTINGS):
        if path.is_symlink():
            system += ["--symlink", str(path.readlink()), str(path)]
        elif path.exists():
            system += ["--ro-bind", str(path), str(path)]
    policy = Policy(readable=(tmp_path,), work_mb=2, uid=1234)
    assert bubblewrap_command(policy, ["/bin/true", "x"], []) == [
        *(
            "bwrap",
            "--unshare-all",
            "--unshare-user",
            "--die-with-parent",
            "--new-session",
            "--cap-drop",
            "ALL",
        ),
        *("--uid", "1234", "--gid", "1234", "--hostname", "sandbox"),
        *("--proc", "/proc", "--dev", "/dev", "--dir", "/sys"),
        *("--size", "2097152", "--perms", "0700", "--tmpfs", "/work"),
        *("--size", "2097152", "--perms", "0700", "--tmpfs", "/tmp"),
        *system,
        *("--ro-bind", str(tmp_path), str(tmp_path)),
        *("--remount-ro", "/dev", "--remount-ro", "/", "--setenv", "HOME", "/work", "--chdir", "/work"),
        *("--", "/bin/true", "x"),
    ]
