"""The filter that stands before the kernel: system calls that a sandbox refuses, as a BPF program.

It is a list of what is refused, not of what is allowed: the first wall is that the sandbox has no capabilities, no
network and no files, and this is the second. Pages: https://docs.kernel.org/userspace-api/seccomp_filter.html and
man7.org/linux/man-pages/man2/seccomp.2.html.
"""

from __future__ import annotations

import errno
import struct
from dataclasses import dataclass
from enum import Enum

from helpers.grading.sandbox.syscalls import MACHINES

REFUSED = (
    # other processes: look into them, write into them, take their files
    *("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp"),
    # namespaces and mounts
    *("unshare", "setns", "mount", "umount2", "pivot_root", "chroot"),
    *("open_tree", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr"),
    *("name_to_handle_at", "open_by_handle_at", "fanotify_init", "quotactl", "quotactl_fd"),
    # parts of the kernel that have often had holes, and that no lab needs
    *("bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register"),
    *("add_key", "request_key", "keyctl", "memfd_secret", "move_pages", "migrate_pages", "lookup_dcookie"),
    # the machine itself
    *("reboot", "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module"),
    *("swapon", "swapoff", "acct", "syslog", "vhangup", "sethostname", "setdomainname"),
    *("settimeofday", "clock_settime", "adjtimex", "clock_adjtime", "personality"),
    *("iopl", "ioperm", "modify_ldt", "uselib", "ustat", "sysfs", "_sysctl", "nfsservctl"),
)
"""Calls that fail with EPERM whatever their arguments are."""


class Test(Enum):
    """How a rule compares an argument (its low 32 bits) with its value."""

    IS = "is"
    IS_NOT = "is not"
    HAS_BIT_OF = "has a bit of"


@dataclass(frozen=True)
class Rule:
    """A call that fails with EPERM if one argument, counted from 0, passes the test."""

    call: str
    argument: int
    test: Test
    value: int


AF_UNIX = 1
NEW_NAMESPACES = 0x7E020000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET."""
TIOCSTI = 0x5412
TIOCLINUX = 0x541C
EVERYBODY = 0xFFFFFFFF
"""-1 as a process id: every process that the caller may signal."""

RULES = (
    Rule("clone", 0, Test.HAS_BIT_OF, NEW_NAMESPACES),
    # No address family but Unix: some, such as AF_VSOCK, do not care about network namespaces.
    Rule("socket", 0, Test.IS_NOT, AF_UNIX),
    Rule("socketpair", 0, Test.IS_NOT, AF_UNIX),
    # Typing into the terminal that the grader was started from.
    Rule("ioctl", 1, Test.IS, TIOCSTI),
    Rule("ioctl", 1, Test.IS, TIOCLINUX),
    # Without a pid namespace it would reach everything that the user runs.
    Rule("kill", 0, Test.IS, EVERYBODY),
)

Instruction = tuple[int, int, int, int]
"""Code, jump if true, jump if false (instructions to skip), constant."""

LOAD = 0x20
JUMP_IF_EQUAL = 0x15
JUMP_IF_AT_LEAST = 0x35
JUMP_IF_BITS = 0x45
RETURN = 0x06

ALLOW = 0x7FFF0000
KILL = 0x80000000
FAIL = 0x00050000
"""Together with an error number."""

_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
AUDIT_NAMES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32 = 0x40000000
"""Where the numbers of x86-64's second ABI begin, under which every call has another number."""


def program(machine: str) -> list[Instruction]:
    """The filter for a machine of `syscalls.MACHINES`: a call of another ABI ends the process, a refused one fails."""
    numbers = MACHINES[machine]
    filter_: list[Instruction] = [
        (LOAD, 0, 0, _MACHINE),
        (JUMP_IF_EQUAL, 1, 0, AUDIT_NAMES[machine]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, _NUMBER),
        (JUMP_IF_AT_LEAST, 0, 1, _X32),
        (RETURN, 0, 0, KILL),
        # clone3's flags are in memory, where a filter cannot look. On ENOSYS the C library uses clone.
        (JUMP_IF_EQUAL, 0, 1, numbers["clone3"]),
        (RETURN, 0, 0, FAIL | errno.ENOSYS),
    ]
    refuse = (RETURN, 0, 0, FAIL | errno.EPERM)
    for call in REFUSED:
        if call in numbers:
            filter_ += [(JUMP_IF_EQUAL, 0, 1, numbers[call]), refuse]
    for rule in RULES:
        filter_ += [
            (JUMP_IF_EQUAL, 0, 4, numbers[rule.call]),
            (LOAD, 0, 0, _ARGUMENTS + 8 * rule.argument),
            {
                Test.IS: (JUMP_IF_EQUAL, 0, 1, rule.value),
                Test.IS_NOT: (JUMP_IF_EQUAL, 1, 0, rule.value),
                Test.HAS_BIT_OF: (JUMP_IF_BITS, 0, 1, rule.value),
            }[rule.test],
            refuse,
            (LOAD, 0, 0, _NUMBER),
        ]
    return [*filter_, (RETURN, 0, 0, ALLOW)]


def encoded(instructions: list[Instruction]) -> bytes:
    """The instructions as the kernel takes them: an array of `struct sock_filter`."""
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
