"""A small zygote to test the sandbox with: reads a cell a line from standard input, answers with what became of it.

    python zygote.py USER_ID

It imports nothing of the course but the sandbox, which needs nothing else. With a user id, it first becomes that
user, as if an ordinary user had started it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from alone import READABLE, become, open_folders

from helpers.grading.sandbox import Policy, confine, confine_by_rlimits, end_tree, kernel, usage

PATIENCE_S = 30


def in_child(order: dict, output: int) -> None:
    status = 99
    try:
        if order["level"] == "rlimits-only" and os.geteuid() == 0:
            open_folders()  # limits give nobody a view of root's own folders
        os.dup2(output, 1)
        os.dup2(output, 2)
        policy = Policy(readable=(*READABLE, *map(Path, order.get("show", []))), **order.get("policy", {}))
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
        elif time.monotonic() > start + order.get("patience_s", PATIENCE_S):
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
