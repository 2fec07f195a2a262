"""A program that marks submissions of lab 18 as the grader does: it forks, which a process with threads may not.

It reads what to do as JSON from standard input, and writes the records.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NoReturn

from helpers.grading import pool
from helpers.grading.grade import isolate, policy
from helpers.grading.limits import Limits
from helpers.grading.mark import Work
from helpers.grading.nursery import Nursery
from helpers.grading.pool import Pool
from helpers.grading.record import Record, State
from helpers.grading.sandbox.tree import family
from helpers.labs import Lab, Task, load_lab, passed
from tests.grading.engine.watched import ROOT

SECRET = "order-8731"
MANUAL = Task("why", "Why a queue", (), (), (), manual=True, manual_points=3)


def marked(works: list[dict[str, Any]], **asked: Any) -> list[Record]:
    """The records of `works` (fields of a Work), in the order in which they are done.

    `broken` names how the check of the task "send" fails; `manual` adds a question; `limits` are fields of Limits.
    """
    return [Record.from_json(one) for one in json.loads(_run(works=works, **asked))]


def left_after(first: int, works: list[dict[str, Any]], **asked: Any) -> int:
    """How many processes of the pool are left when nobody wants more than the `first` records."""
    return int(_run(works=works, first=first, **asked))


def _run(**asked: Any) -> bytes:
    command = [sys.executable, "-m", "tests.grading.engine.marker"]
    done = subprocess.run(
        command, input=json.dumps(asked).encode(), stdout=subprocess.PIPE, cwd=ROOT, check=True, timeout=300
    )
    return done.stdout


def _fails(how: str) -> Any:
    def examine(_bench: Any, _need: Any) -> Iterator[Any]:
        yield "arrive", passed()
        _fail(how)

    return examine


def _fail(how: str) -> NoReturn:
    match how:
        case "raises":
            raise ZeroDivisionError(SECRET)
        case "hoards":
            raise MemoryError
        case "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        case "computes":
            os.kill(os.getpid(), signal.SIGXCPU)
    raise LookupError(how)


def _lab(broken: str, manual: bool) -> Lab:
    lab = load_lab("18_sqs")
    tasks = [
        replace(task, examine=_fails(broken)) if broken and task.id == "send" else task for task in lab.tasks
    ]
    return replace(lab, tasks=(*tasks, MANUAL) if manual else tuple(tasks))


def _ends(states: dict[str, str]) -> Callable[..., Record]:
    """Instead of marking: each student's submission ends in this state, and the reason is who marked it."""

    def mark(_nursery: Nursery, lab: Lab, work: Work, seed: int, _limits: Limits) -> Record:
        state = State(states[work.student])
        return Record(
            work.student, lab.id, state, "", 0, 0, str(os.getpid()), work.sha256, 0, seed, work.file
        )

    return mark


def _main(asked: dict[str, Any]) -> object:
    if "states" in asked:
        pool.mark = _ends(asked["states"])
    limits = Limits(**asked.get("limits", {}))
    lab = _lab(asked.get("broken", ""), asked.get("manual", False))
    works = [Work(**{**one, "missing": tuple(one.get("missing", ()))}) for one in asked["works"]]
    with Nursery(isolate(unsafe=False), policy(limits), ["sqs"]) as nursery:
        nursery.wait()
        before = len(family(os.getpid()))
        records = Pool(nursery, lab, asked.get("seed", 5), limits, asked.get("jobs", 2)).mark(works)
        if "first" not in asked:
            return [record.to_json() for _, record in records]
        for _ in range(asked["first"]):
            next(records)
        records.close()
        deadline = time.monotonic() + 10
        while (left := len(family(os.getpid())) - before) and time.monotonic() < deadline:
            time.sleep(0.05)  # the zygote ends its children once it hears that nobody holds their lines
        return left


if __name__ == "__main__":
    print(json.dumps(_main(json.load(sys.stdin))))
