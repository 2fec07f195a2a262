"""The sandbox without the rest of the course: importing this first makes `import helpers.grading.sandbox` cheap."""

from __future__ import annotations

import os
import stat
import sys
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
for package in ("helpers", "helpers.grading"):  # without what their __init__ would import
    sys.modules[package] = types.ModuleType(package)
    sys.modules[package].__path__ = [str(ROOT / package.replace(".", "/"))]

from helpers.grading.sandbox import kernel, python_folders  # noqa: E402  # after the packages above it

READABLE = (*python_folders(), ROOT / "helpers")


def open_folders() -> None:
    """Where Python lies in a folder that only root may enter, show it to everybody, from this process on."""
    kernel.unshare(kernel.CLONE_NEWNS, "make a mount namespace")
    kernel.mount(None, Path("/"), kernel.MS_REC | kernel.MS_PRIVATE)
    closed = {}
    for folder in (*READABLE, ROOT / "tests"):
        above = [path for path in reversed(folder.parents) if not path.stat().st_mode & stat.S_IXOTH]
        if above:
            closed[folder] = (above[0], kernel.copy_of(folder))
    for path in {path for path, _ in closed.values()}:
        kernel.mount("tmpfs", path, 0, "mode=0755")
    for folder, (_, tree) in closed.items():
        folder.mkdir(parents=True, exist_ok=True)
        kernel.attach(tree, folder)


def become(user: int) -> None:
    """Be an ordinary user."""
    open_folders()
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    kernel.show_in_proc()


def become_ordinary() -> None:
    """Be an ordinary user, if this is root."""
    if os.geteuid() == 0:
        become(65534)
