"""A small zygote to test the sandbox with: reads a cell a line from standard input, answers with what became of it.

    python zygote.py USER_ID

It imports nothing of the course but the sandbox, which needs nothing else. With a user id, it first becomes that
user, as if an ordinary user had started it.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import time
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
for package in ("helpers", "helpers.grading"):  # without what their __init__ would import
    sys.modules[package] = types.ModuleType(package)
    sys.modules[package].__path__ = [str(ROOT / package.replace(".", "/"))]

from helpers.grading.sandbox import (  # noqa: E402  # after the packages above it
    Policy,
    confine,
    confine_by_rlimits,
    end_tree,
    kernel,
    python_folders,
    usage,
)

READABLE = (*python_folders(), ROOT / "helpers")
PATIENCE_S = 30


def become(user: int) -> None:
    """Be an ordinary user; where Python lies in a folder that only root may enter, show it to everybody."""
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
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    kernel.show_in_proc()


def in_child(order: dict, output: int) -> None:
    status = 99
    try:
        os.dup2(output, 1)
        os.dup2(output, 2)
        policy = Policy(**{"readable": READABLE, **order.get("policy", {})})
        {"full": confine, "rlimits-only": confine_by_rlimits}[order["level"]](policy, [])
        exec(compile(order["cell"], "cell", "exec"), {"__name__": "__main__"})
        status = 0
    except SystemExit as leaving:
        status = leaving.code or 0
    except BaseException as error:  # noqa: BLE001  # the test compares what is printed
        print(f"{type(error).__name__}: {error}")
    finally:
        sys.stdout.flush()
        os._exit(status)


def run(order: dict) -> dict:
    output = os.memfd_create("output")
    child = os.fork()
    if child == 0:
        in_child(order, output)
    start = time.monotonic()
    stopped = ""
    peak = 0
    while (ended := os.waitpid(child, os.WNOHANG))[0] == 0:
        used = usage(child, order.get("memory_mb"))
        peak = max(peak, used.processes)
        if used.memory_mb > order.get("memory_mb", 1e9):
            stopped = "memory"
        elif used.cpu_s > order.get("cpu_s", 1e9):
            stopped = "cpu"
        elif time.monotonic() > start + PATIENCE_S:
            stopped = "patience"
        if stopped:
            end_tree(child)
        time.sleep(0.005)
    text = os.pread(output, 1 << 20, 0).decode()
    os.close(output)
    left = usage(os.getpid()).processes - 1  # as a subreaper, we inherit whatever outlives the sandbox
    return {
        "output": text,
        "exit": os.waitstatus_to_exitcode(ended[1]),
        "stopped": stopped,
        "peak": peak,
        "left": left,
    }


def main() -> None:
    if len(sys.argv) > 1:
        become(int(sys.argv[1]))
    kernel.adopt_orphans()
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
