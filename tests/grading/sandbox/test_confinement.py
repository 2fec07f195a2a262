"""What `confine` refuses, how its stand-in ends, and what is left where there are no namespaces."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile import PRELUDE
from served import Zygote

from helpers.grading.sandbox import Policy, SandboxError, confine
from helpers.grading.sandbox.filesystem import SETTINGS, SYSTEM, shown

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("path", ["/", "/proc", "/dev", "/etc", "/work", "/tmp", "/sys"])
def test_a_folder_that_the_sandbox_has_itself_cannot_be_shown(path: str) -> None:
    with pytest.raises(
        SandboxError, match=f"^cannot show {path} in the sandbox: it has a {path} of its own$"
    ):
        shown(Policy(readable=(Path(path),)))


def test_a_path_must_be_full_and_exist() -> None:
    with pytest.raises(
        SandboxError, match=r"^cannot show here in the sandbox: give a full path without '\.\.'$"
    ):
        shown(Policy(readable=(Path("here"),)))
    with pytest.raises(SandboxError, match="give a full path without"):
        shown(Policy(readable=(Path("/usr/../etc"),)))
    with pytest.raises(
        SandboxError, match=r"^cannot show /nowhere in the sandbox: there is no such file or folder$"
    ):
        shown(Policy(readable=(Path("/nowhere"),)))


def test_each_path_is_shown_once(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    beside = tmp_path.with_name(tmp_path.name + "-beside")
    beside.mkdir()
    found = shown(Policy(readable=(inner, beside, Path("/usr/lib"), tmp_path, tmp_path)))
    assert found == [path for path in (*SYSTEM, *SETTINGS) if path.exists()] + [tmp_path, beside]


def test_an_open_folder_cannot_be_kept(tmp_path: Path) -> None:
    """`fchdir` would lead out of the new root."""
    folder = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(SandboxError, match=rf"^cannot keep descriptor {folder} open: it is a folder"):
        confine(Policy(), [folder])
    os.close(folder)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder below /tmp, which the sandbox has one of its own of, that everybody may read."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        Path(name, "file").write_text("text")
        yield Path(name)


def test_a_folder_below_the_sandboxs_own_is_shown_read_only(zygote: Any, folder: Path) -> None:
    code = f"""
from pathlib import Path
folder = Path('{folder}')
print(Path(folder, 'file').read_text(), attempt(Path(folder, 'x').touch), folder.name in os.listdir('/tmp'))
open('/tmp/mine', 'w').close()
"""
    found = zygote.run(PRELUDE + code, show=[str(folder)])
    assert (found["output"], found["exit"]) == ("text EROFS True\n", 0)
    assert [path.name for path in folder.iterdir()] == ["file"]


def test_one_file_alone_can_be_shown(zygote: Any, folder: Path) -> None:
    (folder / "other").write_text("hidden")
    code = f"print(open('{folder}/file').read(), os.listdir('{folder}'))"
    assert zygote.run(PRELUDE + code, show=[str(folder / "file")])["output"] == "text ['file']\n"


def test_what_the_sandboxs_user_may_not_read_is_refused(folder: Path) -> None:
    """As root, the sandbox is another user; as anybody else, it is the same one, and may."""
    folder.chmod(0o700)
    zygote = Zygote([])
    found = zygote.run("print('seen')", show=[str(folder)])
    zygote.close()
    refused = (
        f"SandboxError: cannot show {folder} in the sandbox: not everybody may read it; try chmod -R o+rX\n"
    )
    assert found["output"] == (refused if os.geteuid() == 0 else "seen\n")


@pytest.mark.parametrize("level", ["full", "rlimits-only"])
@pytest.mark.parametrize(
    ("cell", "ends"),
    [
        ("pass", 0),
        ("os._exit(3)", 3),
        ("while True: pass", -signal.SIGKILL),
    ],
)
def test_the_stand_in_ends_as_the_sandbox_does(zygote: Any, level: str, cell: str, ends: int) -> None:
    found = zygote.run(PRELUDE + cell, level=level, policy={"cpu_s": 1})
    assert (found["exit"], found["output"], found["left"]) == (ends, "", 0)


TRACED = "TracerPid:\t0\n" not in Path("/proc/self/status").read_text(encoding="utf-8")
"""The kernel keeps the first process of a namespace alive through its own faults while somebody (strace) traces it."""


@pytest.mark.parametrize("level", ["full", "rlimits-only"])
def test_a_segfault_is_the_stand_ins_too(zygote: Any, level: str) -> None:
    patience_s = 2 if TRACED and level == "full" else 30
    found = zygote.run(PRELUDE + "ctypes.string_at(0)", level=level, patience_s=patience_s)
    ends = -signal.SIGKILL if TRACED and level == "full" else -signal.SIGSEGV
    assert (found["exit"], found["output"], found["left"]) == (ends, "", 0)


# ---------------------------------------------------------------------------------------------- without namespaces

LIMITED = {
    "network": ("import socket\nprint(attempt(socket.socket))", "EPERM"),
    "everybody": ("print(attempt(os.kill, -1, 9))", "EPERM"),
    "trace": ("print(call('ptrace', 0, 0, 0, 0), call('unshare', 0x10000000))", "EPERM EPERM"),
    "files": ("print(attempt(lambda: open('big', 'wb').truncate(2 << 30)))", "EFBIG"),
    "memory": ("print(attempt(bytearray, 2 << 30))", "MemoryError"),
    "rights": (
        "print([line for line in open('/proc/self/status') if line[:6] == 'NoNewP'])",
        "['NoNewPrivs:\\t1\\n']",
    ),
    "orphans": (
        "if os.fork() == 0:\n  os.setsid()\n  os.fork() or time.sleep(600)\n  os._exit(0)\nprint(1)",
        "1",
    ),
    "user": ("print(os.getuid() != 0, attempt(os.setuid, 0), os.listdir('.'))", "True EPERM []"),
    "home": (
        "print(os.getcwd() == os.environ['HOME'], oct(os.stat('.').st_mode), os.read(0, 1))",
        "True 0o40700 b''",
    ),
}


@pytest.mark.parametrize("name", LIMITED)
def test_limits_alone_still_hold(zygote: Any, name: str) -> None:
    code, prints = LIMITED[name]
    found = zygote.run(PRELUDE + code, level="rlimits-only")
    assert (found["output"], found["exit"], found["stopped"], found["left"]) == (prints + "\n", 0, "", 0)


def test_a_fork_bomb_under_limits_alone_is_bounded_and_ended(zygote: Any) -> None:
    bomb = "while True:\n    try: os.fork()\n    except OSError: pass"
    found = zygote.run(PRELUDE + bomb, level="rlimits-only", cpu_s=0.5, policy={"processes": 20})
    assert (found["exit"], found["stopped"], found["left"]) == (-9, "cpu", 0)
    assert 2 < found["peak"] <= 40


def test_the_folder_to_work_in_is_removed(zygote: Any) -> None:
    found = zygote.run(PRELUDE + "open('x', 'w').write('x')\nprint(os.getcwd())", level="rlimits-only")
    assert found["exit"] == 0
    assert not Path(found["output"].strip()).exists()
    burning = "print(os.getcwd(), flush=True)\nwhile True: pass"
    found = zygote.run(PRELUDE + burning, level="rlimits-only", cpu_s=0.2)
    assert found["stopped"] == "cpu"
    assert not Path(found["output"].strip()).exists()
