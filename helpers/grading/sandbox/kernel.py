"""Calls to the Linux kernel that Python has no functions for, through ctypes. Each failure is a sentence.

Python's own `os.unshare` came with 3.12. Pages: man7.org/linux/man-pages/man2/{unshare,mount,pivot_root,mount_setattr,
prctl,capset}.2.html, and for open_tree and move_mount the kernel's commits a07b20004793 and 2db154b3ea8e.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from helpers.grading.sandbox.syscalls import MACHINES

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REC = 16384
MS_PRIVATE = 1 << 18

MOUNT_ATTR_RDONLY = 1
MOUNT_ATTR_NOSUID = 2
MOUNT_ATTR_NODEV = 4
MOUNT_ATTR_NOEXEC = 8

_AT_FDCWD = -100
_AT_EMPTY_PATH = 0x1000
_AT_RECURSIVE = 0x8000
_OPEN_TREE_CLONE = 1
_OPEN_TREE_CLOEXEC = os.O_CLOEXEC if hasattr(os, "O_CLOEXEC") else 0
_MOVE_MOUNT_F_EMPTY_PATH = 4
_MNT_DETACH = 2

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_CAPBSET_DROP = 24
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_SECCOMP_MODE_FILTER = 2
_LINUX_CAPABILITY_VERSION_3 = 0x20080522

_WORDS = {
    errno.ENOSPC: "a limit of this system is reached (ENOSPC)",
    errno.EUSERS: "a limit of this system is reached (EUSERS)",
    errno.EPERM: "this system forbids it (EPERM)",
    errno.EACCES: "this system forbids it (EACCES)",
    errno.ENOSYS: "this system does not have it (ENOSYS)",
    errno.EINVAL: "this system cannot do it (EINVAL)",
    errno.ENOENT: "there is no such file (ENOENT)",
}


class SandboxError(Exception):
    """A sandbox cannot be made; the message is one sentence. `number` is the system's error number, or 0."""

    def __init__(self, message: str, number: int = 0) -> None:
        super().__init__(message)
        self.number = number


def failure(deed: str, number: int) -> SandboxError:
    """The error that says that `deed` failed, and why, in words."""
    return SandboxError(f"cannot {deed}: {_WORDS.get(number, os.strerror(number))}", number)


@contextmanager
def doing(deed: str) -> Iterator[None]:
    """Turn an OSError of the block into a SandboxError that says what could not be done."""
    try:
        yield
    except OSError as error:
        raise failure(deed, error.errno or 0) from error


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


@cache
def machine() -> str:
    """This machine's name in `syscalls.MACHINES`. Raises SandboxError if it has none, or this is not Linux."""
    system = os.uname() if hasattr(os, "uname") else None
    if system is None or system.sysname != "Linux":
        raise SandboxError("cannot make namespaces: only Linux has them", errno.ENOSYS)
    if system.machine not in MACHINES or struct.calcsize("P") != 8:
        known = " and ".join(MACHINES)
        raise SandboxError(
            f"cannot filter system calls: their numbers are known for 64-bit {known} only", errno.ENOSYS
        )
    return system.machine


def _call(deed: str, name: str, *arguments: int | bytes | None) -> int:
    """Make a system call of the table. Raises SandboxError."""
    number = MACHINES[machine()][name]
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    result = int(_libc().syscall(ctypes.c_long(number), *words))
    if result < 0:
        raise failure(deed, ctypes.get_errno())
    return result


def _prctl(deed: str, option: int, *arguments: int | ctypes.c_void_p) -> None:
    words = [ctypes.c_ulong(word) if isinstance(word, int) else word for word in arguments]
    words += [ctypes.c_ulong(0)] * (4 - len(words))
    if _libc().prctl(ctypes.c_int(option), *words) < 0:
        raise failure(deed, ctypes.get_errno())


# ------------------------------------------------------------------------------------------------- namespaces, mounts


def unshare(flags: int, deed: str) -> None:
    """Leave the namespaces that `flags` name for new ones. Raises SandboxError."""
    _call(deed, "unshare", flags)


def mount(kind: str | None, target: Path, flags: int, options: str = "") -> None:
    """Mount a new file system of `kind`; or, without one, change how the mount at `target` spreads."""
    _call(
        f"mount {kind or 'a private tree'} at {target}",
        "mount",
        kind.encode() if kind else None,
        os.fsencode(target),
        kind.encode() if kind else None,
        flags,
        options.encode(),
    )


def copy_of(source: Path) -> int:
    """A descriptor of a copy of the mounts at `source` and below, not yet attached anywhere. Raises SandboxError."""
    flags = _OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC | _AT_RECURSIVE
    return _call(f"show {source} in the sandbox", "open_tree", _AT_FDCWD, os.fsencode(source), flags)


def attach(tree: int, target: Path) -> None:
    """Attach what `copy_of` returned, at a path of the same kind (file or folder)."""
    deed = f"attach {target}"
    _call(deed, "move_mount", tree, b"", _AT_FDCWD, os.fsencode(target), _MOVE_MOUNT_F_EMPTY_PATH)


def restrict(target: Path | int, attributes: int, *, below: bool = False) -> None:
    """Set `MOUNT_ATTR_...` on a mount, given by path or by `copy_of`; with `below`, on those inside it as well."""
    wanted = struct.pack("QQQQ", attributes, 0, 0, 0)
    where, path = (target, b"") if isinstance(target, int) else (_AT_FDCWD, os.fsencode(target))
    flags = (_AT_EMPTY_PATH if isinstance(target, int) else 0) | (_AT_RECURSIVE if below else 0)
    _call("make the file system read-only", "mount_setattr", where, path, flags, wanted, len(wanted))


def take_as_root(folder: Path) -> None:
    """Make `folder`, a mount, the root directory, and let go of the old one and everything below it."""
    os.chdir(folder)
    # The old root is stacked under the new one at the same place, so that it needs no folder to stand in.
    _call("change the root directory", "pivot_root", b".", b".")
    _call("let go of the old root directory", "umount2", b".", _MNT_DETACH)
    os.chdir("/")


def set_hostname(name: str) -> None:
    """Name the machine, inside the namespace only."""
    _call("name the sandbox", "sethostname", name.encode(), len(name))


# ---------------------------------------------------------------------------------------------------------- processes


def die_with_parent(signal_number: int) -> None:
    """Have the system send this process a signal when the thread that forked it ends.

    A change of user makes the system forget it, so it is asked for once more after that.
    """
    _prctl("tie the process to its parent", _PR_SET_PDEATHSIG, signal_number)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends."""
    _prctl("adopt orphans", _PR_SET_CHILD_SUBREAPER, 1)


def show_in_proc() -> None:
    """Let this process's user read its own /proc/self; a change of user had closed it."""
    _prctl("open /proc/self", _PR_SET_DUMPABLE, 1)


def empty_bounding_set() -> None:
    """Give up, for this process and whatever it starts, the way to any capability."""
    for capability in range(64):
        try:
            _prctl("give up capabilities", _PR_CAPBSET_DROP, capability)
        except SandboxError as error:
            if error.number != errno.EINVAL:  # the first number that this kernel does not know
                raise
            break


def drop_capabilities() -> None:
    """Give up every capability that this process has."""
    _prctl("give up capabilities", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    header = ctypes.create_string_buffer(struct.pack("Ii", _LINUX_CAPABILITY_VERSION_3, 0))
    none = ctypes.create_string_buffer(bytes(24))
    if _libc().capset(header, none) < 0:
        raise failure("give up capabilities", ctypes.get_errno())


def refuse_privileges() -> None:
    """From now on, starting a program gives no privileges (setuid bits and the like do nothing)."""
    _prctl("refuse privileges", _PR_SET_NO_NEW_PRIVS, 1)


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_char_p))


def filter_calls(program: bytes) -> None:
    """Install a seccomp filter, given as the bytes of its BPF instructions; it cannot be removed."""
    wanted = _Filter(len(program) // 8, program)
    pointer = ctypes.cast(ctypes.pointer(wanted), ctypes.c_void_p)
    _prctl("filter system calls", _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, pointer)


# ------------------------------------------------------------------------------------------------- memory

_HUGE = 2 * 1024 * 1024
_MADV_COLLAPSE = 25


def gather_memory() -> None:
    """Have the kernel put what this process holds into huge pages, so that a fork of it has fewer to copy.

    Only a matter of speed: where the kernel cannot (before Linux 6.1), nothing happens.
    Page: man7.org/linux/man-pages/man2/madvise.2.html
    """
    try:
        maps = Path("/proc/self/maps").read_text(encoding="utf-8")
    except OSError:  # no Linux
        return
    for line in maps.splitlines():
        span, access, _, _, _, *name = line.split(maxsplit=5)
        if not access.startswith("rw") or access.endswith("s") or name not in ([], ["[heap]"]):
            continue
        start, end = (int(bound, 16) for bound in span.split("-"))
        for address in range(-(-start // _HUGE) * _HUGE, end - _HUGE + 1, _HUGE):
            _libc().madvise(ctypes.c_void_p(address), ctypes.c_size_t(_HUGE), ctypes.c_int(_MADV_COLLAPSE))
