"""Turn a freshly forked process into a sandbox; it goes on running where it is, with what it has imported."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import shutil
import signal
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

from helpers.grading.sandbox import filesystem, kernel, seccomp
from helpers.grading.sandbox.kernel import SandboxError, doing
from helpers.grading.sandbox.policy import TEMPORARY, WORK, Policy
from helpers.grading.sandbox.syscalls import MACHINES
from helpers.grading.sandbox.tree import end_descendants

HOSTNAME = "sandbox"
_SHARED_IDS = 4096
_MB = 1024 * 1024

_NAMESPACES = (
    kernel.CLONE_NEWNS
    | kernel.CLONE_NEWNET
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUTS
    | kernel.CLONE_NEWCGROUP
)


def confine(policy: Policy, keep_fds: Iterable[int]) -> None:
    """Make a sandbox of this process and all it will start.

    Call it in a child that was just forked and has one thread. When it returns, the caller runs in a new process, the
    first one of its own namespaces: it sees the file system of `filesystem.enter`, no network, no other process, and
    has no rights. The process that called stays behind as a stand-in with the process id that the parent knows: it ends
    when the caller ends, with the same status or signal, and takes the caller along when it is killed. If the parent's
    thread that forked it ends, everything ends.

    Of the open files only 0, 1, 2 and `keep_fds` stay open; 0 reads /dev/null. Of the environment only HOME, TMPDIR,
    USER and PWD change: what must not be known may not stand in it when the first Python starts.

    Raises SandboxError, after which the process must end: it may be half confined. Nothing is left out in silence.
    """
    machine = kernel.machine()
    keep = _kept(keep_fds)
    as_root = os.geteuid() == 0
    user = policy.uid + os.getpid() % _SHARED_IDS if as_root else policy.uid
    if as_root:
        kernel.unshare(kernel.CLONE_NEWPID, "make a process namespace")
    else:
        outside = os.geteuid(), os.getegid()
        kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWPID, "make a user namespace")
        _map_ids(policy.uid, *outside)
    lifeline = _leave_stand_in(lambda: None)
    os.setsid()
    kernel.unshare(_NAMESPACES, "make namespaces for mounts and the network")
    kernel.set_hostname(HOSTNAME)
    _close_all_but({*keep, lifeline})
    os.umask(0o022)
    filesystem.enter(policy, user)
    kernel.empty_bounding_set()
    if as_root:
        _become(user)
    kernel.drop_capabilities()
    kernel.show_in_proc()
    _tie_to(lifeline)
    for path in policy.readable:
        if not os.access(path, os.R_OK):
            raise SandboxError(
                f"cannot show {path} in the sandbox: not everybody may read it; try chmod -R o+rX"
            )
    _finish(policy, machine, keep, processes=policy.processes, home=WORK, temporary=TEMPORARY)


def confine_by_rlimits(policy: Policy, keep_fds: Iterable[int]) -> None:
    """What can be done where there are no namespaces, and what is left to do inside bubblewrap. It is no sandbox.

    Like `confine`, but the caller sees the machine's files, the user's processes and its own process id. The limits
    hold, and on Linux the filter of system calls (no network, no ptrace, no `kill(-1)`); as root the user changes. The
    working directory is a new folder. At the end the stand-in kills every process that is left, and removes it.
    Raises SandboxError, after which the process must end.
    """
    keep = _kept(keep_fds)
    as_root = os.geteuid() == 0
    user = policy.uid + os.getpid() % _SHARED_IDS if as_root else os.geteuid()
    linux = Path("/proc/self/stat").exists()
    with doing("make a folder to work in"):
        work = Path(tempfile.mkdtemp(prefix="sandbox-"))
        if as_root:
            os.chown(work, user, user)
    if linux:
        kernel.adopt_orphans()

    def clean() -> None:
        if linux:
            end_descendants(os.getpid())
        shutil.rmtree(work, ignore_errors=True)

    lifeline = _leave_stand_in(clean)
    os.setsid()
    with doing("enter the folder to work in"):
        os.chdir(work)
    _close_all_but({*keep, lifeline})
    if as_root:
        _become(user)
        for path in policy.readable:
            if not os.access(path, os.R_OK):
                raise SandboxError(f"cannot run as an ordinary user: not everybody may read {path}")
    if linux:
        kernel.show_in_proc()
        _tie_to(lifeline)
    machine = os.uname().machine if linux else ""
    # The system counts all that the user runs, so the limit stands above what runs already.
    processes = policy.processes + _threads_of(user)
    _finish(policy, machine, keep, processes=processes, home=work, temporary=work)


# ------------------------------------------------------------------------------------------------- before the fork


def _kept(keep_fds: Iterable[int]) -> frozenset[int]:
    """The descriptors to keep, 0, 1 and 2 among them. A folder would be a way out of the new root."""
    keep = frozenset({0, 1, 2, *keep_fds})
    for descriptor in keep:
        with contextlib.suppress(OSError):  # 0, 1 or 2 may be closed
            if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                raise SandboxError(
                    f"cannot keep descriptor {descriptor} open: it is a folder outside the sandbox"
                )
    return keep


def _map_ids(inside: int, user: int, group: int) -> None:
    """Give the user of the new user namespace an id."""
    with doing("give the user namespace a user"):
        Path("/proc/self/setgroups").write_bytes(b"deny")
        Path("/proc/self/uid_map").write_bytes(b"%d %d 1" % (inside, user))
        Path("/proc/self/gid_map").write_bytes(b"%d %d 1" % (inside, group))


# ---------------------------------------------------------------------------------------------------- the stand-in

_PARENT = [0]
"""Process id of the process that made the last fork: in a child that has made none itself, of its parent."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=lambda: _PARENT.__setitem__(0, os.getpid()))


def _leave_stand_in(clean: Callable[[], None]) -> int:
    """Fork; return in the child only. The parent waits for it, calls `clean`, and ends as it ended.

    Returns the reading end of a pipe whose other end closes when the parent ends.
    """
    parent = _PARENT[0] if _PARENT[0] != os.getpid() else 0
    reading, writing = os.pipe()
    with doing("start the sandbox's first process"):
        child = os.fork()
    if child:
        _stand_in(child, parent, writing, clean)
    os.close(writing)
    return reading


def _stand_in(child: int, parent: int, lifeline: int, clean: Callable[[], None]) -> NoReturn:
    try:
        for number in signal.valid_signals():
            if callable(signal.getsignal(number)):
                signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux":
            kernel.die_with_parent(signal.SIGKILL)
            if os.getppid() != parent and parent:  # it ended before we could ask
                os.kill(child, signal.SIGKILL)
        _close_all_but({lifeline})
        status = os.waitpid(child, 0)[1]
        clean()
        if os.WIFSIGNALED(status):
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            os.kill(os.getpid(), os.WTERMSIG(status))
        os._exit(os.WEXITSTATUS(status))
    finally:
        os._exit(1)  # never back into the caller's code, which already runs in the child


def _tie_to(lifeline: int) -> None:
    """End with the stand-in, also if it has ended already."""
    kernel.die_with_parent(signal.SIGKILL)
    watch = select.poll()
    watch.register(lifeline, 0)
    if watch.poll(0):
        os._exit(1)
    os.close(lifeline)


# ------------------------------------------------------------------------------------------------- in the sandbox


def _become(user: int) -> None:
    with doing(f"become user {user}"):
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)


def _finish(
    policy: Policy, machine: str, keep: frozenset[int], *, processes: int, home: Path, temporary: Path
) -> None:
    """Standard input, surroundings, limits, and last the two doors that close behind us."""
    with doing("read from /dev/null"):
        null = os.open("/dev/null", os.O_RDONLY)
        os.dup2(null, 0)
        if null:
            os.close(null)
    os.environ.update(HOME=str(home), PWD=str(home), TMPDIR=str(temporary), USER="student")
    tempfile.tempdir = None  # it remembers the folder of the machine
    os.umask(0o077)
    _limit(policy, keep, processes)
    if machine:
        kernel.refuse_privileges()
    if machine in MACHINES:
        kernel.filter_calls(seccomp.encoded(seccomp.program(machine)))


def _limit(policy: Policy, keep: frozenset[int], processes: int) -> None:
    limits = {
        "RLIMIT_CPU": policy.cpu_s,
        "RLIMIT_AS": _address_space() + policy.memory_mb * _MB,
        "RLIMIT_NPROC": processes,
        "RLIMIT_FSIZE": policy.file_mb * _MB,
        "RLIMIT_NOFILE": max(policy.open_files, max(keep) + 1),
        "RLIMIT_CORE": 0,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_MEMLOCK": 0,
    }
    for name, value in limits.items():
        which = getattr(resource, name, None)
        if which is None:  # only Linux has RLIMIT_MSGQUEUE
            continue
        ceiling = resource.getrlimit(which)[1]
        wanted = value if ceiling == resource.RLIM_INFINITY else min(value, ceiling)
        try:
            resource.setrlimit(which, (wanted, wanted))
        except (OSError, ValueError) as error:
            raise SandboxError(f"cannot set {name} to {wanted}: {error}") from error


def _address_space() -> int:
    """Bytes of address space that this process has; what it imported is part of it, though it uses little of that."""
    try:
        pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    except OSError:  # no Linux
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return pages * resource.getpagesize()


def _threads_of(user: int) -> int:
    """Processes and threads that the user runs on this machine."""
    count = 0
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            if path.stat().st_uid == user:
                count += len(os.listdir(path / "task"))  # noqa: PTH208  # names only, for each process there is
    return count


def _close_all_but(keep: set[int]) -> None:
    try:
        open_now = sorted(map(int, os.listdir("/proc/self/fd")))  # noqa: PTH208  # names only
    except OSError:
        open_now = list(range(resource.getrlimit(resource.RLIMIT_NOFILE)[0]))
    for descriptor in open_now:
        if descriptor not in keep:
            with contextlib.suppress(OSError):  # the one that read the list is closed already
                os.close(descriptor)
