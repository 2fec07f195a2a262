"""What a clever student and a malicious one tried against the grader, and what comes of it.

Each attack stands in one task's cell of the worked solution of lab 18, so what it does not concern earns its points.
"""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from helpers.grading import zygote
from helpers.grading.grade import policy
from helpers.grading.limits import Limits
from helpers.grading.mark import Work
from helpers.grading.nursery import Nursery
from helpers.grading.pool import Pool
from helpers.grading.record import Record, State
from helpers.grading.sandbox import best_isolation
from helpers.labs import load_lab
from helpers.labs.build import solution_sources

pytestmark = pytest.mark.slow

LIMITS = Limits(cpu_s=1.0)
WAITED = "it waited for longer than a submission may, and did not stop"

LINE = """
import gc, json, os, signal
import helpers.grading.link as link
line = next(one for one in gc.get_objects() if isinstance(one, link.Link))
runner = next(one for one in gc.get_objects() if type(one).__name__ == "Runner")

def alone():
    for timer in (signal.ITIMER_REAL, signal.ITIMER_PROF):
        signal.setitimer(timer, 0)

def wait_for_ever():
    reading, writing = os.pipe()
    while True:
        os.read(reading, 1)
"""
ATTACKS = {
    "waits": f"""{LINE}
def create_queues(sqs, need):
    alone()
    wait_for_ever()""",
    "trickles": f"""{LINE}
import select
def create_queues(sqs, need):
    alone()
    os.write(line.fileno(), (1 << 20).to_bytes(4, "big"))
    while True:
        os.write(line.fileno(), b" ")
        select.select([], [], [], 0.05)""",
    "takes_nothing": f"""{LINE}
def create_queues(sqs, need):
    url = sqs.create_queue(QueueName="big")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=1_000_000 * "x")
    alone()
    event = {{"event": "call", "actor": runner._current.number, "account": runner._current.account.number,
              "service": "sqs", "operation": "ReceiveMessage", "parameters": {{"QueueUrl": url}},
              "region": "us-east-1", "call": None, "attempt": 1}}
    frame = json.dumps(event).encode()
    os.write(line.fileno(), len(frame).to_bytes(4, "big") + frame)
    wait_for_ever()""",
}


def marked(attacks: Mapping[str, Mapping[str, str]], lab: str = "18_sqs") -> dict[str, Record]:
    """The record of each attack: the solution with these cells. They are marked as one batch."""
    solved = solution_sources(load_lab(lab))
    works = [Work(name, f"{name}.ipynb", "0" * 64, {**solved, **cells}) for name, cells in attacks.items()]
    with Nursery(best_isolation(), policy(LIMITS), sorted(set(load_lab(lab).clients.values()))) as nursery:
        nursery.wait()
        pool = Pool(nursery, load_lab(lab), 77, LIMITS, 4)
        return {work.student: record for work, record in pool.mark(works)}


def reasons(record: Record, task: str) -> set[str]:
    return {check.reason for one in record.tasks if one.id == task for check in one.checks}


@pytest.fixture(scope="module")
def waiting() -> dict[str, Record]:
    return marked({name: {"queues": code} for name, code in ATTACKS.items()})


@pytest.mark.parametrize("name", ATTACKS)
def test_a_function_that_waits_without_using_the_processor_is_stopped(
    name: str, waiting: Mapping[str, Record]
) -> None:
    record = waiting[name]
    assert (record.state, record.total, reasons(record, "queues")) == (State.TIMEOUT, 16, {WAITED})


MARKER = Path("/tmp/devlab-attacked")  # an attack would write there
PROGRAM = f"Resources: !!python/object/apply:os.system ['touch {MARKER}']"


@pytest.fixture
def no_marker() -> Iterator[None]:
    MARKER.unlink(missing_ok=True)
    yield
    MARKER.unlink(missing_ok=True)


@pytest.mark.usefixtures("no_marker")
def test_no_program_of_a_submission_runs_in_the_process_that_marks() -> None:
    """moto reads CloudFormation's YAML with a loader that calls what it names."""
    code = f"""
def create_queues(sqs, need):
    import boto3
    boto3.client("cloudformation").create_stack(StackName="s", TemplateBody={PROGRAM!r})"""
    record = marked({"yaml": {"queues": code}})["yaml"]
    assert not MARKER.exists()
    assert (record.state, record.total) == (State.CRASHED, 16)
    assert "cloudformation is not there while this lab is marked" in record.reason


def test_what_a_check_cannot_take_costs_its_own_task_only_and_tells_no_line_of_it() -> None:
    """An ARN that no request can hold makes the call of the check itself raise."""
    record = marked({"odd": {"deploy": "def deploy(*given):\n    return chr(0xD800)"}}, "21_lambda")["odd"]
    assert (record.state, record.total) == (State.NEEDS_MANUAL, 16)
    assert reasons(record, "deploy") == {"The check itself failed; a person will look at it"}
    [note] = record.notes
    assert note.startswith("UnicodeEncodeError was raised at utils.py:")
    assert "json.loads" not in note
    assert "d800" not in note


def test_no_number_that_cannot_be_compared_reaches_a_check() -> None:
    code = "from decimal import Decimal\ndef report(*given):\n    return {'team': Decimal('sNaN')}"
    record = marked({"odd": {"report": code}}, "22_dynamodb")["odd"]
    said = "TypeError: the function returned a Decimal that is no number, or too large a one, not plain data"
    assert (record.state, reasons(record, "report")) == (State.CRASHED, {said})


def test_the_zygote_outlives_a_signal_to_the_whole_group_and_leaves_nothing_behind() -> None:
    with Nursery(best_isolation(), policy(LIMITS), []) as nursery:
        nursery.wait()
        folder = Path(nursery._address).parent
        assert nursery._process is not None
        os.kill(nursery._process.pid, signal.SIGTERM)
        child = nursery.child()
        assert child.ask({"do": "forget", "process": 1}, lambda: None)["event"] == "done"
        child.end()
    assert not folder.exists()


def test_a_child_that_does_not_end_costs_nobody_else_the_zygote(monkeypatch: pytest.MonkeyPatch) -> None:
    def stuck(_pid: int) -> None:
        raise TimeoutError("1 processes do not end")

    monkeypatch.setattr(zygote, "end_tree", stuck)
    listener, other = socket.socketpair()
    one = zygote.Zygote(listener, "full")
    one._children[other] = 1
    one._hung_up(other)
    assert one._children == {}
    listener.close()


def test_all_of_a_submission_ends_in_time() -> None:
    """One that sleeps in each of its cells, and ends its process in each function, costs no more than its limit."""
    code = "import signal, os\nreading, writing = os.pipe()\nos.read(reading, 1)\n"
    lab, limits = load_lab("18_sqs"), Limits(cpu_s=1.0, real_s=12.0)
    work = Work("slow", "slow.ipynb", "0" * 64, {task.id: code for task in lab.tasks})
    with Nursery(best_isolation(), policy(limits), ["sqs"]) as nursery:
        nursery.wait()
        [(_, record)] = Pool(nursery, lab, 77, limits, 1).mark([work])
    assert (record.state, record.total) == (State.TIMEOUT, 0)
    assert json.loads(json.dumps(record.to_json()))["state"] == "timeout"
