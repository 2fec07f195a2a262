"""Marks submission after submission for a process that cannot fork: a worker of a Dask cluster, which has threads.

`python -m helpers.grading.station`; it is asked and answers in lines of JSON. The first line says what is marked
(`order_for`) and is answered with {"ready": level}; each further line is a submission, answered with {"record": ...}.
{"refused": sentence, "unsafe": bool} comes instead of either, and is the last answer.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, TextIO

from helpers.cloud import OneSentence
from helpers.grading.grade import Assignment, Here, Refused, Unsafe, marked_by
from helpers.grading.limits import Limits
from helpers.grading.mark import Work
from helpers.labs import Lab, load_lab
from helpers.labs.lab import LABS

IDLE_S = 600.0
"""Real seconds after which a station that is asked nothing ends: whoever started it may be gone without a word."""


def order_for(lab: Lab, assignment: Assignment) -> dict[str, Any]:
    """The first line: the lab, by id or by the path of its folder, and its fingerprint; the seed and the limits."""
    return {
        "lab": lab.id if lab.folder == LABS / lab.id else str(lab.folder.resolve()),
        "marked_by": marked_by(lab),
        "seed": assignment.seed,
        "limits": asdict(assignment.limits),
        "unsafe": assignment.unsafe,
    }


def work_from(data: dict[str, Any]) -> Work:
    """The submission that `dataclasses.asdict` and JSON made `data` of."""
    return Work(**{**data, "missing": tuple(data["missing"]), "notes": tuple(data["notes"])})


def serve(orders: TextIO, answers: TextIO) -> None:
    """Answer until `orders` ends or nothing comes for `IDLE_S`."""

    def say(answer: dict[str, Any]) -> None:
        answers.write(f"{json.dumps(answer, ensure_ascii=True)}\n")
        answers.flush()

    try:
        order = json.loads(orders.readline())
        lab = load_lab(order["lab"])
        if marked_by(lab) != order["marked_by"]:
            raise Refused(
                f"The files of {lab.id} or the version of the course are others there: bring both to one commit."
            )
        limits = Limits(**order["limits"])
        assignment = Assignment(
            order["lab"], (), "", seed=order["seed"], jobs=1, unsafe=order["unsafe"], limits=limits
        )
        with Here(lab, assignment) as here:
            say({"ready": here.level})
            for _, record in here.mark(_works(orders)):
                say({"record": record.to_json()})
    except (Refused, OneSentence) as error:
        say({"refused": str(error), "unsafe": isinstance(error, Unsafe)})


def _works(orders: TextIO) -> Iterator[Work]:
    """Each submission when it is asked for. One line is there at most, so none waits unseen in the buffer."""
    while select.select([orders], [], [], IDLE_S)[0]:
        line = orders.readline()
        if not line:
            return
        yield work_from(json.loads(line))


def main() -> None:
    """Serve on standard input and output; what else is printed goes to standard error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends when its input does
    with os.fdopen(os.dup(1), "w", encoding="ascii") as answers:
        os.dup2(2, 1)
        try:
            serve(sys.stdin, answers)
        except BrokenPipeError:  # nobody waits for the answer any more
            os._exit(1)


if __name__ == "__main__":
    main()
