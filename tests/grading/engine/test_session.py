"""A check cannot tell whether the student's functions run in this process or in a sandboxed one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from helpers.experiments.calls import CallRow
from helpers.grading.limits import Limits
from helpers.grading.nursery import Nursery
from helpers.grading.session import Died, Session, Tampered
from helpers.labs import (
    Bench,
    Finding,
    Lab,
    NotAttempted,
    OutOfTime,
    StudentError,
    WorkFailed,
    crash,
    examine,
    load_lab,
)
from helpers.labs.bench import Host
from helpers.labs.build import cells_for_examination, released_sources, solution_sources
from helpers.labs.cells import Cell
from helpers.labs.gate import wrong_solutions
from helpers.labs.local import LocalHost
from helpers.labs.practice import absent_functions

pytestmark = pytest.mark.usefixtures("marking")

CLIENTS = {"sqs": "sqs"}
LAB = load_lab("18_sqs")
SOLVED, RELEASED = solution_sources(LAB), released_sources(LAB)
WRONG = {one.name: (one.task, one.source) for one in wrong_solutions(LAB)}
CELLS = (
    Cell("", "import random, time"),
    Cell(
        "count",
        """kept = []
def count(sqs, items):
    kept.append(len(items))
    return {"calls": len(kept), "given": items}

def draw(sqs):
    return [random.random(), random.randrange(10**6)]

def pair(sqs):
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    before = time.time()
    time.sleep(2.5)
    sqs.send_message(QueueUrl=url, MessageBody="one")
    return url, time.time() - before

def work(sqs, url, handle):
    while True:
        for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20).get("Messages", []):
            try:
                handle(message["Body"], {"kept": kept})
            except Exception as error:
                kept.append(type(error).__name__)
                continue
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])""",
    ),
    Cell(
        "bad",
        """def divides(sqs):
    return 1 / 0

def asks_for_more(sqs, need):
    return need["nothing like that"]

def sends_nowhere(sqs):
    sqs.send_message(QueueUrl="https://sqs.us-east-1.amazonaws.com/123456789012/none", MessageBody="x")

def leaves(sqs):
    raise SystemExit(3)

def gives_an_object(sqs):
    return object()

def waits(sqs):
    time.sleep(10**7)

def later(sqs):
    raise NotImplementedError

class Own(Exception):
    pass

def raises_its_own(sqs):
    raise Own("it is full")""",
    ),
    Cell("raises", "oven = {}\noven['on']\ndef never(sqs):\n    return 1"),
    Cell("syntax", "def broken(:\n    pass"),
)


def remote(
    nursery: Nursery, cells: tuple[Cell, ...] = CELLS, absent: Mapping[str, str] | None = None, **limits: Any
) -> Session:
    return Session(nursery, cells, CLIENTS, Limits(**limits), absent or {})


def both(nursery: Nursery, scenario: Callable[[Host], Any]) -> Any:
    """What the scenario sees, which is the same in both places."""
    absent = {"unwritten": "count"}
    here = scenario(LocalHost(CELLS, CLIENTS, absent))
    with remote(nursery, absent=absent) as session:
        session.ready("count")
        assert scenario(session) == here
    return here


def test_values_calls_and_clocks_are_the_same(nursery: Nursery) -> None:
    def scenario(host: Host) -> Any:
        seen = []
        for number in range(2):
            with Bench(host, number, "count").trial() as trial:
                sqs = trial.cloud.client("sqs")
                seen += [
                    trial.student.call("count", sqs, ["a", {"b": b"bytes"}, 2.5, None]),
                    trial.student.call("pair", sqs),
                ]
                seen += [trial.rows, trial.cloud.now, trial.student.source("raises")]
        return seen

    first, pair, rows, now, source, again, *_ = both(nursery, scenario)
    assert (first["calls"], first["given"]) == (1, ["a", {"b": b"bytes"}, 2.5, None])
    assert again["calls"] == 2
    assert 2.5 <= pair[1] < 3
    assert [row.operation for row in rows] == ["CreateQueue", "SendMessage"]
    assert now > 2.5
    assert source == CELLS[3].source


def test_workers_crash_restart_and_are_refused_in_the_same_way(nursery: Nursery) -> None:
    def scenario(host: Host) -> Any:
        seen: list[Any] = []
        with Bench(host, 3, "count").trial() as trial:
            sqs = trial.cloud.client("sqs")
            url = sqs.create_queue(QueueName="jobs", Attributes={"VisibilityTimeout": "30"})["QueueUrl"]
            for body in ("fine", "refuse", "crash", "fail"):
                sqs.send_message(QueueUrl=url, MessageBody=body)

            def handle(body: str, about: dict[str, list[str]]) -> None:
                seen.append((round(trial.cloud.now, 3), body, about))
                tries = sum(one[1] == body for one in seen)
                if body == "crash" and tries == 1:
                    crash()
                if body == "refuse" and tries == 1:
                    raise ValueError("not now")
                if body == "fail" and tries == 1:
                    raise WorkFailed("broken")

            workers = [
                trial.student.spawn("work", sqs, url, handle, name=f"worker-{number}") for number in (1, 2)
            ]
            trial.cloud.run(until=100)
            seen.append([(worker.done, str(worker.error)) for worker in workers])
            trial.student.restart()
            trial.student.spawn("work", sqs, url, handle)
            trial.cloud.run(until=200)
            seen.append(trial.rows)
        return seen

    *handled, _ = both(nursery, scenario)
    bodies = [one[1] for one in handled if isinstance(one, tuple)]
    assert {body: bodies.count(body) > 1 for body in ("fine", "refuse", "crash", "fail")} == {
        "fine": False, "refuse": True, "crash": True, "fail": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("function", "kind", "sentence"),
    [
        ("divides", StudentError, "ZeroDivisionError in divides, line 2 (`return 1 / 0`): division by zero"),
        ("sends_nowhere", StudentError, "QueueDoesNotExist in sends_nowhere, line 8"),
        ("leaves", StudentError, "SystemExit in leaves, line 11 (`raise SystemExit(3)`): 3"),
        (
            "gives_an_object",
            StudentError,
            "TypeError: the function returned a value of type object, not plain data",
        ),
        ("waits", OutOfTime, "waits did not return"),
        ("later", NotAttempted, "later is not written yet"),
        (
            "raises_its_own",
            StudentError,
            'Own in raises_its_own, line 26 (`raise Own("it is full")`): it is full',
        ),
        ("unwritten", NotAttempted, "unwritten is not written yet"),
        ("broken", StudentError, "SyntaxError in the cell, line 1 (`def broken(:`): invalid syntax"),
        ("never", StudentError, "KeyError in the cell, line 2 (`oven['on']`): 'on'"),
    ],
)
def test_what_is_raised_is_told_in_the_same_words(
    nursery: Nursery, function: str, kind: type, sentence: str
) -> None:
    tasks = {"broken": "syntax", "never": "raises"}

    def scenario(host: Host) -> Any:
        if isinstance(host, Session):
            host.ready(tasks.get(function, "bad"))
        with Bench(host, 3, "bad").trial() as trial, pytest.raises(StudentError) as told:
            trial.student.call(function, trial.cloud.client("sqs"))
        return type(told.value), told.value.sentence, told.value.code, trial.rows

    got, said, code, rows = both(nursery, scenario)
    assert got is kind
    assert said.startswith(sentence)
    assert code == ("AWS.SimpleQueueService.NonExistentQueue" if function == "sends_nowhere" else "")
    assert len(rows) == (1 if function == "sends_nowhere" else 0)


def test_what_the_code_draws_repeats_from_session_to_session_and_from_actor_to_actor_does_not(
    nursery: Nursery,
) -> None:
    """It is not what it would draw in the learner's kernel: that follows from the seed, which is a secret here."""

    def drawn() -> list[Any]:
        with remote(nursery) as session, Bench(session, 1, "count").trial() as trial:
            return [
                trial.student.call("draw", trial.cloud.client("sqs"), name=name) for name in ("you", "she")
            ]

    first = drawn()
    assert drawn() == first
    assert first[0] != first[1]


def timeless(rows: list[CallRow]) -> list[CallRow]:
    """The rows without their times: what backs off at random waits for different times here and there."""
    return [row._replace(start_s=0, end_s=0) for row in rows]


def examined(host: Host, lab: Lab, task: str, seed: int) -> tuple[Mapping[str, Finding], list[Any]]:
    bench = Bench(host, seed, task)
    findings = examine(lab.task(task), bench, lab.need(task, seed))
    return findings, [timeless(trial.rows) for trial in bench.trials]


def assert_parity(nursery: Nursery, lab: Lab, task: str, sources: Mapping[str, str], seed: int) -> None:
    cells = tuple(cells_for_examination(lab, sources))
    absent = absent_functions(lab, sources, released_sources(lab))
    here, trail = examined(LocalHost(cells, lab.clients, absent), lab, task, seed)
    with Session(nursery, cells, lab.clients, Limits(), absent) as session:
        session.ready(task)
        there, rows = examined(session, lab, task, seed)
    assert [*there] == [*here]
    for check, one in there.items():
        assert replace(one, at_s=None, reason="") == replace(here[check], at_s=None, reason="")
        assert re.fullmatch(re.escape(one.reason).replace("…", ".+"), here[check].reason, re.DOTALL)
    assert rows == trail


@pytest.mark.parametrize("task", [task.id for task in LAB.tasks])
def test_the_solution_is_found_the_same_here_and_there(nursery: Nursery, task: str) -> None:
    assert_parity(nursery, LAB, task, SOLVED, 6)


@pytest.mark.slow
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_solution_is_found_the_same_here_and_there(nursery: Nursery, name: str) -> None:
    task, source = WRONG[name]
    assert_parity(nursery, LAB, task, {**SOLVED, task: source}, 6)


def test_an_error_that_holds_what_was_given_is_told_without_it(nursery: Nursery) -> None:
    with remote(nursery) as session, Bench(session, 1, "bad").trial() as trial:
        with pytest.raises(StudentError) as told:
            trial.student.call("asks_for_more", trial.cloud.client("sqs"), {"secret": 7531})
        assert told.value.sentence.startswith("KeyError in asks_for_more, line 5")
        assert "7531" not in told.value.sentence


def test_a_process_that_ends_itself_is_replaced_and_the_cell_that_did_it_left_out(nursery: Nursery) -> None:
    cells = (Cell("first", "def one(sqs):\n    return 1"), Cell("second", "import os\nos._exit(0)"), CELLS[1])
    with remote(nursery, cells) as session:
        assert set(session.problems) == {"second"}
        assert isinstance(session.problems["second"], Died)
        assert session.died == "the code ended its own process"
        with Bench(session, 1, "first").trial() as trial:
            assert trial.student.call("one", trial.cloud.client("sqs")) == 1


def test_the_task_after_one_whose_process_ended_has_a_new_process(nursery: Nursery) -> None:
    cells = (Cell("ends", "import os\ndef ends(sqs):\n    os._exit(0)"), *CELLS[:2])
    with remote(nursery, cells) as session:
        session.ready("ends")
        with Bench(session, 1, "ends").trial() as trial, pytest.raises(Died):
            trial.student.call("ends", trial.cloud.client("sqs"))
        session.ready("count")
        with Bench(session, 1, "count").trial() as trial:
            assert trial.student.call("count", trial.cloud.client("sqs"), [])["calls"] == 1


def test_output_of_cells_is_kept_and_that_of_functions_is_not(nursery: Nursery) -> None:
    cells = (
        Cell("says", "print('cell')\ndef says(sqs, secret):\n    print(secret)"),
        Cell("long", "print('x' * 10**6)"),
    )
    with remote(nursery, cells) as session:
        with Bench(session, 1, "says").trial() as trial:
            trial.student.call("says", trial.cloud.client("sqs"), "hidden")
        assert session.output == {"says": "cell\n", "long": "x" * 20_000}


@pytest.mark.parametrize(
    "event",
    [
        {"event": "sleep", "us": -1},
        {"event": "sleep", "us": "5"},
        {"event": "sleep", "us": True},
        {"event": "callback", "function": 0, "arguments": []},
        {"event": "callback", "function": -1, "arguments": []},
        {"event": "trial"},
        {"event": 5},
        {"event": "done", "value": {"$nothing": 1}},
        {"event": "done", "value": {"$bytes": "§"}},
        {"event": "done", "value": {"$set": [{}]}},
    ],
)
def test_an_event_that_no_solution_causes_is_tampering(nursery: Nursery, event: dict[str, object]) -> None:
    code = f"""import greenlet
def forges(sqs):
    runner = greenlet.getcurrent().parent
    runner.switch({event!r})"""
    with remote(nursery, (Cell("forges", code),)) as session:
        Tampered.last = ""
        with suppress(Tampered), Bench(session, 1, "forges").trial() as trial:
            trial.student.call("forges", trial.cloud.client("sqs"))
        assert Tampered.last.startswith("the submission's process ")
    Tampered.last = ""
