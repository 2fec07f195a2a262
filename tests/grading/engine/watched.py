"""Runs a command as an instructor does, and says what it left behind. Also a program: it adopts what the command loses.

Every process that a killed grader leaves becomes a child of this program, so none of them can hide.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from helpers.grading.sandbox.kernel import adopt_orphans
from helpers.grading.sandbox.tree import family

ROOT = Path(__file__).resolve().parents[3]
GRADE = (sys.executable, "-m", "helpers.cli", "grade")
_TIDY_S = 20.0


@dataclass(frozen=True)
class Ended:
    """How it ended: exit code (negative: a signal), what it said, processes that were left, and real seconds.

    `lasted_s` is from the signal, if there was one, else from the start.
    """

    code: int
    said: str
    left: list[str]
    lasted_s: float


def watched(
    *command: str, temporary: Path, kill_s: float | None = None, number: int = 9, kept: int = 0, **more: str
) -> Ended:
    """Run the command with `temporary` as its folder for temporary files.

    It is sent the signal `number` after `kill_s` seconds, counted from when `kept` files lie in the folder `marks`.
    """
    asked = {"command": command, "kill_s": kill_s, "number": number, "kept": kept, **more}
    done = subprocess.run(
        [sys.executable, "-m", "tests.grading.engine.watched", json.dumps(asked)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        check=True,
        timeout=600,
    )
    return Ended(**json.loads(done.stdout))


def _main(asked: dict[str, object]) -> Ended:
    adopt_orphans()
    began = time.monotonic()
    with subprocess.Popen(
        asked["command"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
    ) as process:
        if asked["kill_s"] is not None:
            marks = Path(str(asked.get("marks", "")))
            while process.poll() is None and len([*marks.glob("*.json")]) < asked["kept"]:
                time.sleep(0.005)
            try:
                process.wait(asked["kill_s"])
            except subprocess.TimeoutExpired:
                process.send_signal(asked["number"])
            began = time.monotonic()
            process.wait()
        said = process.stdout.read().decode(errors="replace")
    lasted_s = time.monotonic() - began
    while (left := _others()) and time.monotonic() - began - lasted_s < _TIDY_S:
        time.sleep(0.02)
    return Ended(process.returncode, said, left, round(lasted_s, 3))


def _others() -> list[str]:
    """The command lines of the processes below this one; those that ended are waited for, as init would."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
    left = []
    for pid in family(os.getpid())[1:]:
        try:
            left.append(f"{pid} {Path(f'/proc/{pid}/cmdline').read_bytes().decode(errors='replace')}")
        except OSError:
            continue
    return left


if __name__ == "__main__":
    print(json.dumps(_main(json.loads(sys.argv[1])).__dict__))
