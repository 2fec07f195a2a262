"""The sandbox's file system: an empty root in memory, with what the policy allows attached to it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from helpers.grading.sandbox.kernel import (
    MOUNT_ATTR_NODEV,
    MOUNT_ATTR_NOEXEC,
    MOUNT_ATTR_NOSUID,
    MOUNT_ATTR_RDONLY,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_REC,
    SandboxError,
    attach,
    copy_of,
    doing,
    mount,
    restrict,
    take_as_root,
)
from helpers.grading.sandbox.policy import TEMPORARY, WORK, Policy

SYSTEM = tuple(map(Path, ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")))
"""Folders of programs and libraries; one that the machine does not have is left out, a link stays a link."""

SETTINGS = tuple(map(Path, ("/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives")))
"""What of /etc the libraries need: where libraries are, the time zone, and which of several programs is meant."""

DEVICES = tuple(map(Path, ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/dev/full")))

_LINKS = {
    "/dev/fd": "/proc/self/fd",
    "/dev/stdin": "/proc/self/fd/0",
    "/dev/stdout": "/proc/self/fd/1",
    "/dev/stderr": "/proc/self/fd/2",
    "/dev/shm": str(TEMPORARY),  # noqa: S108  # semaphores of multiprocessing live there
}
_OWN = (Path("/proc"), Path("/dev"), Path("/etc"), Path("/sys"), WORK, TEMPORARY)
_STAGE = Path("/tmp")  # noqa: S108  # only a place that every machine has; nobody else sees what is mounted there
_ROOT_OPTIONS = "mode=0755,size=1m,nr_inodes=4096"


def shown(policy: Policy) -> list[Path]:
    """The paths of the machine that the sandbox shows, each folder before what is below it, nothing twice.

    Raises SandboxError for a path that does not exist, is not absolute, or would show what is to be hidden.
    """
    for path in policy.readable:
        if not path.is_absolute() or ".." in path.parts:
            raise SandboxError(f"cannot show {path} in the sandbox: give a full path without '..'")
        if any(own == path or path in own.parents for own in _OWN):
            raise SandboxError(f"cannot show {path} in the sandbox: it has a {path} of its own")
        if not path.exists():
            raise SandboxError(f"cannot show {path} in the sandbox: there is no such file or folder")
    wanted: dict[str, Path] = {}
    for path in [*SYSTEM, *SETTINGS, *sorted(set(policy.readable))]:
        name = str(path)
        if not any(name == above or name.startswith(f"{above}/") for above in wanted) and path.exists():
            wanted[name] = path
    return list(wanted.values())


def enter(policy: Policy, user: int) -> None:
    """Build the sandbox's file system and make it this process's only one.

    The process must be alone in a new mount namespace and may mount; `user` will own what can be written. Afterwards
    `WORK` is the working directory. Raises SandboxError.
    """
    mount(None, Path("/"), MS_REC | MS_PRIVATE)
    paths = shown(policy)
    closed = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID
    links = [path for path in paths if path.is_symlink() and path not in policy.readable]
    trees = _copies([path for path in paths if path not in links], closed | MOUNT_ATTR_NODEV)
    trees |= _copies(DEVICES, closed | MOUNT_ATTR_NOEXEC)
    mount("tmpfs", _STAGE, MS_NOSUID | MS_NODEV, _ROOT_OPTIONS)
    room = f"mode=0700,uid={user},gid={user},size={policy.work_mb}m,nr_inodes={policy.work_files}"
    with doing("lay out the sandbox's folders"):
        for path in _OWN:
            _staged(path).mkdir()
        for path in (WORK, TEMPORARY):  # first, since a folder to show may lie below one of them
            mount("tmpfs", _staged(path), MS_NOSUID | MS_NODEV, room)
        for path in links:
            _staged(path).symlink_to(path.readlink())
        for path, tree in trees.items():
            _place(path, tree)
        for link, target in _LINKS.items():
            _staged(Path(link)).symlink_to(target)
        _staged(Path("/etc/passwd")).write_bytes(f"student:x:{user}:{user}::{WORK}:/bin/sh\n".encode())
        _staged(Path("/etc/group")).write_bytes(b"student:x:%d:\n" % user)
    # The old /proc must still be in sight: without it, the kernel gives a user namespace no new one.
    mount("proc", _staged(Path("/proc")), MS_NOSUID | MS_NODEV | MS_NOEXEC, "subset=pid")
    with doing("enter the sandbox's file system"):
        take_as_root(_STAGE)
        restrict(Path("/proc"), MOUNT_ATTR_RDONLY)
        restrict(Path("/"), MOUNT_ATTR_RDONLY)
        os.chdir(WORK)


def _copies(paths: Iterable[Path], attributes: int) -> dict[Path, int]:
    """Detached, restricted copies of the mounts at the paths."""
    trees = {}
    for path in paths:
        trees[path] = copy_of(path)
        restrict(trees[path], attributes, below=True)
    return trees


def _place(path: Path, tree: int) -> None:
    """Attach a copy at its own path in the new root, and close it."""
    target = _staged(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    # The copy's own kind decides, since the path may lead elsewhere by now.
    if os.path.isdir(tree):  # noqa: PTH112  # a pathlib.Path cannot be a descriptor
        target.mkdir()
    else:
        target.touch()
    attach(tree, target)
    os.close(tree)


def _staged(path: Path) -> Path:
    return _STAGE / path.relative_to("/")
