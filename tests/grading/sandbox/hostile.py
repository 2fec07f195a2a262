"""Cells that try what a sandbox must prevent, each with what it prints when that is prevented."""

from __future__ import annotations

from dataclasses import dataclass, field
from textwrap import dedent
from typing import Any

# Every cell may use these.
PRELUDE = '''
import ctypes, errno, os, signal, sys, time
libc = ctypes.CDLL(None, use_errno=True)

def attempt(function, *arguments):
    """What trying gives: the value, or the name of the error."""
    try:
        value = function(*arguments)
    except OSError as error:
        value = errno.errorcode.get(error.errno, type(error).__name__)
    except Exception as error:
        value = type(error).__name__
    return value

def call(name, *arguments):
    """The same for a function of the C library that returns -1 on failure."""
    ctypes.set_errno(0)
    result = getattr(libc, name)(*arguments)
    return errno.errorcode[ctypes.get_errno()] if result == -1 else result
'''


@dataclass(frozen=True)
class Cell:
    """The code, what it prints, and how it ends (0, or minus the signal)."""

    name: str
    code: str
    prints: str = ""
    ends: int = 0
    wishes: dict[str, Any] = field(default_factory=dict)

    @property
    def source(self) -> str:
        return PRELUDE + dedent(self.code)


CELLS = [
    Cell(
        "fork bomb",
        """
        failed = None
        while failed is None:
            try:
                os.fork()
            except OSError as error:
                failed = errno.errorcode[error.errno]
        if os.getpid() > 1:
            time.sleep(60)
        time.sleep(0.2)
        print(failed)
        """,
        "EAGAIN",
    ),
    Cell(
        "5000 threads",
        """
        import threading
        stop = threading.Event()
        started = 0
        try:
            for _ in range(5000):
                threading.Thread(target=stop.wait, daemon=True).start()
                started += 1
        except RuntimeError as error:
            print(error, started < 64)
        """,
        "can't start new thread True",
    ),
    Cell("kill every process", "print(attempt(os.kill, -1, signal.SIGKILL))", "EPERM"),
    Cell(
        "kill the first process",
        """
        print(os.getpid(), attempt(os.kill, 1, signal.SIGKILL))
        if os.fork() == 0:
            os.kill(1, signal.SIGKILL)
            os.kill(1, signal.SIGTERM)
            os._exit(0)
        os.wait()
        print("alive")
        """,
        "1 None\nalive",
    ),
    Cell(
        "kill the parent",
        """
        print(os.getppid(), attempt(os.killpg, 0, signal.SIGTERM))
        print([attempt(os.kill, number, signal.SIGKILL) for number in (2, 3, 1000, {test_pid})])
        """,
        "0 None\n['ESRCH', 'ESRCH', 'ESRCH', 'ESRCH']",
    ),
    Cell(
        "write outside",
        """
        for path in ("/x", "/usr/x", "/etc/x", "/dev/x", "/proc/self/oom_score_adj", "{repository}/helpers/x"):
            print(attempt(open, path, "a"))
        for path in ("/etc/passwd", "{repository}/helpers/__init__.py", os.__file__):
            print(attempt(open, path, "a") in ("EROFS", "EACCES"))  # EACCES where somebody else owns it
        """,
        "\n".join(["EROFS"] * 6 + ["True"] * 3),
    ),
    Cell(
        "read the repository",
        """
        print([attempt(os.listdir, "{repository}/" + name) for name in ("tests", "labs", ".git", "notebooks")])
        print(attempt(open, "{repository}/pyproject.toml"))
        """,
        "['ENOENT', 'ENOENT', 'ENOENT', 'ENOENT']\nENOENT",
    ),
    Cell(
        "read the home directory",
        """
        print(os.path.expanduser("~"), os.getcwd(), attempt(os.listdir, "{home}/.ssh"), attempt(os.listdir, "/home"))
        """,
        "/work /work ENOENT ENOENT",
    ),
    Cell(
        "read /etc",
        """
        print(attempt(open, "/etc/shadow"), attempt(open, "/etc/hosts"))
        print(sorted(set(os.listdir("/etc")) - {"alternatives", "ld.so.cache", "localtime"}))
        """,
        "ENOENT ENOENT\n['group', 'passwd']",
    ),
    Cell(
        "list the root",
        """
        allowed = {"bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "sbin", "sys", "tmp", "usr", "work"}
        allowed |= {path.split("/")[1] for path in (sys.prefix, sys.base_prefix, "{repository}")}
        print(set(os.listdir("/")) - allowed, os.listdir("/sys"), sorted(os.listdir("/dev")))
        """,
        "set() [] ['fd', 'full', 'null', 'random', 'shm', 'stderr', 'stdin', 'stdout', 'urandom', 'zero']",
    ),
    Cell(
        "climb out of the root",
        """
        os.chdir("/")
        before = os.stat("."), sorted(os.listdir("."))
        for _ in range(50):
            os.chdir("..")
        print((os.stat("."), sorted(os.listdir("."))) == before)
        os.mkdir("/tmp/jail")
        print(attempt(os.chroot, "/tmp/jail"), attempt(os.listdir, "/proc/1/root/{repository}/tests"))
        """,
        "True\nEPERM ENOENT",
    ),
    Cell(
        "see other processes",
        """
        print(sorted(os.listdir("/proc")), attempt(open, "/proc/cpuinfo"), attempt(open, "/proc/kallsyms"))
        """,
        "['1', 'self', 'thread-self'] ENOENT ENOENT",
    ),
    Cell(
        "read the memory of others",
        """
        for number in (os.getppid(), 2, {test_pid}):
            print(attempt(open, f"/proc/{number}/mem"), call("process_vm_readv", number, None, 0, None, 0, 0))
        if os.fork() == 0:
            os._exit(call("process_vm_readv", 1, None, 0, None, 0, 0) != "EPERM")
        print(os.wait()[1])
        """,
        "ENOENT EPERM\nENOENT EPERM\nENOENT EPERM\n0",
    ),
    Cell(
        "write 2 GB",
        """
        def write(path):
            with open(path, "wb") as file:
                for _ in range(2048):
                    file.write(bytes(1 << 20))
        print(attempt(lambda: open("big", "wb").truncate(2 << 30)))
        print(attempt(write, "big"), os.path.getsize("big") == 32 << 20)
        print(attempt(write, "second"), attempt(write, "third"), attempt(write, "/tmp/big"))
        """,
        "EFBIG\nEFBIG True\nEFBIG ENOSPC EFBIG",
    ),
    Cell(
        "make a million files",
        """
        made = 0
        try:
            for made in range(1_000_000):
                os.close(os.open(f"f{made}", os.O_CREAT | os.O_WRONLY))
        except OSError as error:
            print(errno.errorcode[error.errno], 4000 < made < 4096)
        """,
        "ENOSPC True",
    ),
    Cell(
        "use the network",
        """
        import socket
        print(attempt(socket.create_connection, ("127.0.0.1", {port}), 2))
        print(attempt(socket.socket), attempt(socket.socket, socket.AF_INET6), attempt(socket.socket, 40))
        try:
            print(socket.gethostbyname("example.com"))
        except socket.gaierror:
            print("no name", socket.gethostname())
        print([line.split(":")[0].strip() for line in open("/proc/self/net/dev").readlines()[2:]])
        """,
        "EPERM\nEPERM EPERM EPERM\nno name sandbox\n['lo']",
    ),
    Cell(
        "reach a socket of the machine",
        """
        import socket
        ends = socket.socketpair()
        ends[0].send(b"within")
        print(ends[1].recv(9), attempt(socket.socket(socket.AF_UNIX).connect, "\\0{abstract}"))
        """,
        "b'within' ECONNREFUSED",
    ),
    Cell(
        "mount",
        """
        print(call("mount", b"tmpfs", b"/work", b"tmpfs", 0, None), call("umount2", b"/work", 2))
        print(call("mount", b"none", b"/usr", None, 0x1020, None))
        """,
        "EPERM EPERM\nEPERM",
    ),
    Cell(
        "make namespaces",
        """
        print([call("unshare", flag) for flag in (0x10000000, 0x00020000, 0x40000000)])
        print(call("setns", 0, 0), call("syscall", {clone}, 0x10000000 | 17, 0, 0, 0, 0))
        print(call("syscall", 435, None, 0))
        """,
        "['EPERM', 'EPERM', 'EPERM']\nEPERM EPERM\nENOSYS",
    ),
    Cell("trace a process", "print(call('ptrace', 0, 0, 0, 0), call('ptrace', 16, 1, 0, 0))", "EPERM EPERM"),
    Cell(
        "become somebody else",
        """
        refused = ("EPERM", "EINVAL")  # EINVAL where a user namespace does not even have that user
        print([attempt(become, 0) in refused for become in (os.setuid, os.setgid, os.seteuid, os.setegid)])
        print(attempt(os.setgroups, [0]), attempt(os.chown, "/work", 0, 0) in refused)
        print(os.getuid() != 0, os.getuid() == os.geteuid() == os.getgid() == os.getegid())
        """,
        "[True, True, True, True]\nEPERM True\nTrue True",
    ),
    Cell(
        "segfault",
        """
        if os.fork() == 0:
            ctypes.string_at(0)
        print(os.WTERMSIG(os.wait()[1]))
        """,
        "11",
    ),
    Cell("leave in the middle", "os._exit(7)", ends=7),
    Cell(
        "fill the memory",
        """
        held = []
        try:
            while True:
                held.append(bytearray(8 << 20))
        except MemoryError:
            count = len(held)
            held.clear()
            print("MemoryError", count <= 16)
        """,
        "MemoryError True",
        wishes={"policy": {"memory_mb": 128}},
    ),
    Cell(
        "rights",
        """
        status = dict(line.split(":\\t") for line in open("/proc/self/status"))
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp"):
            print(name, int(status[name], 16))
        """,
        "CapInh 0\nCapPrm 0\nCapEff 0\nCapBnd 0\nCapAmb 0\nNoNewPrivs 1\nSeccomp 2",
    ),
    Cell(
        "limits and surroundings",
        """
        import resource, tempfile
        for name in ("CORE", "CPU", "NOFILE", "NPROC"):
            print(name, *resource.getrlimit(getattr(resource, "RLIMIT_" + name)))
        print(attempt(resource.setrlimit, resource.RLIMIT_NPROC, (10000, 10000)), oct(os.umask(0)))
        print(sorted(map(int, os.listdir("/proc/self/fd")))[:-1], os.read(0, 10))
        print(tempfile.gettempdir(), os.environ["HOME"])
        """,
        "CORE 0 0\nCPU 60 60\nNOFILE 256 256\nNPROC 64 64\nValueError 0o77\n[0, 1, 2] b''\n/tmp /work",
    ),
    Cell(
        "orphans and daemons",
        """
        for _ in range(5):
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    signal.signal(signal.SIGTERM, signal.SIG_IGN)
                    time.sleep(600)
                os._exit(0)
        print("left")
        """,
        "left",
    ),
    Cell("burn the processor", "while True: pass", ends=-9, wishes={"policy": {"cpu_s": 1}}),
]
"""The table. `{repository}`, `{home}`, `{test_pid}`, `{port}`, `{abstract}` and `{clone}` are filled in by the test."""

HONEST = """
import json, multiprocessing, os, subprocess, tempfile, threading, zoneinfo
with tempfile.NamedTemporaryFile("w+") as file:
    file.write("text")
open("kept", "w").write("x")
command = "echo shell; ls kept; expr 6 '*' 7"
print(subprocess.run(command, shell=True, capture_output=True, text=True).stdout)
lock = multiprocessing.Lock()
seen = []
thread = threading.Thread(target=seen.append, args=[1]); thread.start(); thread.join()
print(seen, len(os.urandom(8)), open("/dev/zero", "rb").read(2), sum(range(10)))
"""
