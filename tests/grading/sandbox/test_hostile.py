"""What docs/sandbox.md promises: each hostile cell, as root and as an ordinary user."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile import CELLS, HONEST, PRELUDE, Cell

from helpers.grading.sandbox.syscalls import MACHINES
from helpers.grading.sandbox.tree import family, usage

ROOT = Path(__file__).resolve().parents[3]
ABSTRACT = f"sandbox-test-{os.getpid()}"


@pytest.fixture(scope="module")
def outside() -> Iterator[dict[str, str]]:
    """What a cell may look for on this machine: two open sockets, this process, the repository."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as unix,
    ):
        unix.bind("\0" + ABSTRACT)
        unix.listen()
        yield {
            "{port}": str(server.getsockname()[1]),
            "{abstract}": ABSTRACT,
            "{test_pid}": str(os.getpid()),
            "{repository}": str(ROOT),
            "{home}": str(Path.home()),
            "{clone}": str(MACHINES[os.uname().machine]["clone"]),
        }


def filled_in(source: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        source = source.replace(name, value)
    return source


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name.replace(" ", "-"))
def test_a_hostile_cell_gets_nowhere(zygote: Any, outside: dict[str, str], cell: Cell) -> None:
    found = zygote.run(filled_in(cell.source, outside), **cell.wishes)
    found.pop("peak")
    prints = cell.prints + "\n" if cell.prints else ""
    assert found == {"output": prints, "exit": cell.ends, "stopped": "", "left": 0}


def test_ordinary_work_goes_on(zygote: Any) -> None:
    found = zygote.run(PRELUDE + HONEST)
    assert found["output"] == "shell\nkept\n42\n\n[1] 8 b'\\x00\\x00' 45\n"
    assert (found["exit"], found["left"]) == (0, 0)


def test_fork_bomb_stays_below_its_limit(zygote: Any) -> None:
    bomb = next(cell for cell in CELLS if cell.name == "fork bomb")
    found = zygote.run(bomb.source, policy={"processes": 20})
    assert found["output"] == "EAGAIN\n"
    assert 15 < found["peak"] <= 21  # the stand-in is the one more


def test_sandboxes_do_not_share_their_limit_on_processes(zygote: Any, mortal: Any) -> None:
    crowd = PRELUDE + "for _ in range(50):\n    if os.fork() == 0: time.sleep(60)\nprint('all')\n"
    mortal.order(crowd + "time.sleep(60)")
    wait_for(lambda: family(mortal.process.pid), 53)
    assert zygote.run(crowd)["output"] == "all\n"


MEMORY_BOMB = """
for _ in range(29):
    if os.fork() == 0:
        break
held = []
while True:
    held.append(b"x" * (1 << 20))
    time.sleep(0.02)
"""


def test_thirty_processes_that_fill_the_memory_together_are_seen_and_ended(zygote: Any) -> None:
    found = zygote.run(PRELUDE + MEMORY_BOMB, memory_mb=150)
    assert (found["exit"], found["stopped"], found["left"]) == (-9, "memory", 0)


CROWD = """
held = b"x" * (40 << 20)
for _ in range(19):
    if os.fork() == 0:
        time.sleep(60)
time.sleep(0.5)
"""


def test_shared_pages_count_once(zygote: Any) -> None:
    """Twenty children of a process with 40 MB use no more than it does, as long as they only read."""
    found = zygote.run(PRELUDE + CROWD, memory_mb=250)
    assert (found["exit"], found["stopped"], found["left"]) == (0, "", 0)
    assert found["peak"] == 21


def test_processor_time_of_a_whole_tree_is_seen(zygote: Any) -> None:
    cell = "for _ in range(3): os.fork()\nwhile True: pass"
    found = zygote.run(PRELUDE + cell, cpu_s=0.5)
    assert (found["exit"], found["stopped"], found["left"]) == (-9, "cpu", 0)


def test_nothing_outlives_the_parent(mortal: Any) -> None:
    """The grader is killed: no process of a submission goes on."""
    mortal.order(
        PRELUDE + "os.fork(); os.fork(); signal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(60)"
    )
    zygote = mortal.process.pid
    members = wait_for(lambda: family(zygote), 6)  # the zygote, the stand-in, four in the sandbox
    mortal.process.send_signal(signal.SIGKILL)
    mortal.process.wait()
    deadline = time.monotonic() + 5
    while left := [member for member in members if usage(member).processes]:
        assert time.monotonic() < deadline, left
        time.sleep(0.01)


def test_killing_the_stand_in_ends_the_sandbox(mortal: Any) -> None:
    mortal.order(PRELUDE + "os.fork()\ntime.sleep(60)")
    members = wait_for(lambda: family(mortal.process.pid), 4)
    os.kill(members[1], signal.SIGKILL)
    wait_for(lambda: [member for member in members if usage(member).processes], 1)


def wait_for(find: Any, count: int) -> list[int]:
    deadline = time.monotonic() + 10
    while len(found := find()) != count:
        assert time.monotonic() < deadline, found
        time.sleep(0.01)
    return found


# ------------------------------------------------------------------------------- what an earlier version let through


def test_an_ordinary_user_cannot_mount(mortal: Any) -> None:
    """In a user namespace everybody is allowed to mount, until the capabilities are dropped."""
    new = "call('mount', b'none', b'/tmp', b'tmpfs', 0, None)"
    bound = "call('mount', b'/usr', b'/work', None, 4096, None)"
    assert mortal.run(PRELUDE + f"print({new}, {bound})")["output"] == "EPERM EPERM\n"


def test_a_known_path_cannot_be_read(mortal: Any) -> None:
    """Being unable to list a folder does not hide what is in it: only a root of its own does."""
    known = [Path(__file__), ROOT / "pyproject.toml", ROOT / "tests/conftest.py", Path("/etc/shadow")]
    code = f"print([attempt(open, path) for path in {[str(path) for path in known]!r}])"
    assert all(path.exists() for path in known)
    assert mortal.run(PRELUDE + code)["output"] == "['ENOENT', 'ENOENT', 'ENOENT', 'ENOENT']\n"
