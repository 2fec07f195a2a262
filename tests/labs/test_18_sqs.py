"""Lab 18: its checks tell right from wrong under any seed, and their reasons give nothing away."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from helpers.labs import PRACTICE_SEED, Bench, Lab, Status, examine, load_lab
from helpers.labs.build import cells_for_examination, solution_sources
from helpers.labs.gate import wrong_solutions
from helpers.labs.local import LocalHost
from tests.labs.judging import found, statuses

TASKS = ("queues", "send", "work", "payments", "redrive")
OTHER_SEEDS = (1, 2, 3, 4, 5)

SINGLE_POLLS = """
def work(sqs, queue_url, handle):
    while True:
        messages = sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=18).get("Messages", [])
        if messages and print_one(sqs, queue_url, messages[0], handle):
            sqs.delete_message_batch(
                QueueUrl=queue_url, Entries=[{"Id": "1", "ReceiptHandle": messages[0]["ReceiptHandle"]}]
            )


def print_one(sqs, queue_url, message, handle):
    try:
        more = {"Id": "1", "ReceiptHandle": message["ReceiptHandle"]}
        more["VisibilityTimeout"] = 2 + json.loads(message["Body"])["max_s"]
        sqs.change_message_visibility_batch(QueueUrl=queue_url, Entries=[more])
        handle(message["Body"])
        return True
    except Exception:
        sqs.change_message_visibility(
            QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=3
        )
"""

ASKED_PER_RECEIVE = """
def work(sqs, queue_url, handle):
    while True:
        for message in sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=20).get("Messages", []):
            received = {"QueueUrl": queue_url, "ReceiptHandle": message["ReceiptHandle"]}
            sqs.change_message_visibility(**received, VisibilityTimeout=json.loads(message["Body"])["max_s"] + 20)
            done = False
            try:
                handle(message["Body"])
                done = True
            except Exception:
                time.sleep(1)
            if done:
                sqs.delete_message(**received)
"""

LARGEST_FIRST = """
def send_orders(sqs, queue_url, orders):
    waiting = sorted(range(len(orders)), key=lambda place: -len(orders[place].encode()))
    refused = []
    while waiting:
        batch, size = [], 0
        for place in waiting:
            if len(batch) < 10 and size + len(orders[place].encode()) <= 1024 * 1024:
                batch.append(place)
                size += len(orders[place].encode())
        reply = sqs.send_message_batch(
            QueueUrl=queue_url, Entries=[{"Id": f"n-{place}", "MessageBody": orders[place]} for place in batch]
        )
        sent = {int(entry["Id"][2:]) for entry in reply.get("Successful", [])}
        hopeless = {int(entry["Id"][2:]) for entry in reply.get("Failed", []) if entry["SenderFault"]}
        refused += hopeless
        waiting = [place for place in waiting if place not in sent | hopeless]
    return refused
"""

LONGEST_TIMES = """
def create_queues(sqs, need):
    keep = {"MessageRetentionPeriod": str(need["gone_days"] * 86400)}
    urls = {}
    urls["failures"] = sqs.create_queue(QueueName="dead", Attributes=keep)["QueueUrl"]
    names = ["QueueArn"]
    arn = sqs.get_queue_attributes(QueueUrl=urls["failures"], AttributeNames=names)["Attributes"]["QueueArn"]
    urls["orders"] = sqs.create_queue(QueueName="jobs", Attributes=keep)["QueueUrl"]
    policy = {"deadLetterTargetArn": arn, "maxReceiveCount": str(need["aside_s"] // need["restart_s"])}
    sqs.set_queue_attributes(
        QueueUrl=urls["orders"],
        Attributes={
            "VisibilityTimeout": str(need["restart_s"]),
            "RedrivePolicy": json.dumps(policy),
            "ReceiveMessageWaitTimeSeconds": "20",
        },
    )
    return urls
"""

SHORT_POLLS_AND_A_TRANSLATED_BODY = """
def create_payments(sqs, need):
    attributes = {
        "FifoQueue": "true",
        "DeduplicationScope": "messageGroup",
        "FifoThroughputLimit": "perMessageGroupId",
        "ContentBasedDeduplication": "true",
        "VisibilityTimeout": str(need["again_s"]),
    }
    return sqs.create_queue(QueueName="money.fifo", Attributes=attributes)["QueueUrl"]


def pay(sqs, queue_url, payment):
    body = ";".join([payment["customer"], payment["payment"], str(payment["amount_cents"])])
    sqs.send_message(QueueUrl=queue_url, MessageBody=body, MessageGroupId=payment["customer"])


def settle(sqs, queue_url, is_booked, book):
    while True:
        for message in sqs.receive_message(QueueUrl=queue_url).get("Messages", []):
            customer, name, cents = message["Body"].split(";")
            try:
                if not is_booked(name):
                    book({"payment": name, "customer": customer, "amount_cents": int(cents), "attempt": 1})
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
            except Exception:
                pass
"""

TRUSTS_THE_TASK = """
def invoice_worker(sqs, queue_url, make_invoice):
    while True:
        for message in sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=5).get("Messages", []):
            try:
                make_invoice(message["Body"])
            except Exception:
                time.sleep(1)
            else:
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])


def redrive(sqs, failures_url, invoices_url):
    names = ["QueueArn", "ApproximateNumberOfMessages"]
    arns = [
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]["QueueArn"]
        for url in (failures_url, invoices_url)
    ]
    try:
        sqs.start_message_move_task(SourceArn=arns[0], DestinationArn=arns[1], MaxNumberOfMessagesPerSecond=20)
    except sqs.exceptions.ClientError:
        print("there is one running")
    while sqs.get_queue_attributes(QueueUrl=failures_url, AttributeNames=names)["Attributes"][names[1]] != "0":
        time.sleep(0.2)
"""

TAKES_MANY_AND_HANDS_BACK_AT_ONCE = """
def create_payments(sqs, need):
    attributes = {"FifoQueue": "true", "VisibilityTimeout": str(need["again_s"])}
    return sqs.create_queue(QueueName="payments.fifo", Attributes=attributes)["QueueUrl"]


def pay(sqs, queue_url, payment):
    sqs.send_message(
        QueueUrl=queue_url,
        MessageBody=json.dumps(payment),
        MessageGroupId=payment["customer"],
        MessageDeduplicationId=payment["payment"],
    )


def settle(sqs, queue_url, is_booked, book):
    while True:
        reply = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=5)
        first, *others = reply.get("Messages", [None])
        for message in reversed(others):
            back(sqs, queue_url, message)
        if first is None:
            continue
        payment = json.loads(first["Body"])
        try:
            if not is_booked(payment["payment"]):
                book(payment)
        except Exception:
            back(sqs, queue_url, first)
        else:
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=first["ReceiptHandle"])


def back(sqs, queue_url, message):
    sqs.change_message_visibility(
        QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
    )
"""

OTHERWISE = [
    ("queues", LONGEST_TIMES),
    ("send", LARGEST_FIRST),
    ("work", SINGLE_POLLS),
    ("work", ASKED_PER_RECEIVE),
    ("payments", SHORT_POLLS_AND_A_TRANSLATED_BODY),
    ("payments", TAKES_MANY_AND_HANDS_BACK_AT_ONCE),
    ("redrive", TRUSTS_THE_TASK),
]
"""Right solutions that differ from the worked one."""


def hard_coded(lab: Lab, task: str) -> str:
    """The worked solution with numbers that are right under the seed of practice in place of the need."""
    source, need = solution_sources(lab)[task], lab.need(task)
    changes = {
        "queues": {f'need["{name}"]': str(value) for name, value in need.items()},
        "work": {"longest_s + 10": f"longest_s + {need.get('timeout_s', 0) - 1}"},
        "payments": {'need["booking_s"]': str(need.get("booking_s"))},
        "redrive": {
            "                continue\n": "                sqs.change_message_visibility("
            f"**received, VisibilityTimeout={need.get('timeout_s')})\n                continue\n"
        },
    }[task]
    for old, new in changes.items():
        source = source.replace(old, new)
    assert source != solution_sources(lab)[task]
    return source


@pytest.fixture(scope="module")
def lab() -> Lab:
    return load_lab("18_sqs")


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_the_solution_earns_every_point_under_many_seeds(lab: Lab, task: str) -> None:
    source = solution_sources(lab)[task]
    for seed in range(10, 22):
        assert statuses(found(lab, task, source, seed)) == {Status.PASSED}, seed


@pytest.mark.slow
@pytest.mark.parametrize(("task", "source"), OTHERWISE)
def test_other_right_solutions_pass(lab: Lab, task: str, source: str) -> None:
    for seed in (PRACTICE_SEED, *OTHER_SEEDS):
        findings = found(lab, task, source, seed)
        assert statuses(findings) == {Status.PASSED}, (seed, findings)


@pytest.mark.parametrize("task", ["queues", "work", "payments", "redrive"])
def test_numbers_of_the_practice_seed_fail_under_most_others(lab: Lab, task: str) -> None:
    source = hard_coded(lab, task)
    assert statuses(found(lab, task, source)) == {Status.PASSED}
    lost = [seed for seed in OTHER_SEEDS if Status.FAILED in statuses(found(lab, task, source, seed))]
    assert len(lost) >= 4


@pytest.mark.parametrize("seed", OTHER_SEEDS)
def test_a_need_can_be_met(lab: Lab, seed: int) -> None:
    need = lab.need("queues", seed)
    assert need["job_s"] * need["at_once"] + 1 < need["restart_s"]
    assert need["tries"] * need["restart_s"] <= need["aside_s"]
    assert need["closed_days"] + need["readable_days"] < need["gone_days"] <= 14
    payments, redrive = lab.need("payments", seed), lab.need("redrive", seed)
    assert payments["booking_s"] + 3 < payments["again_s"]
    assert (redrive["tries"] - 1) * redrive["timeout_s"] > redrive["away_s"]
    assert redrive["tries"] * redrive["timeout_s"] < redrive["aside_s"]


@pytest.mark.parametrize(
    "answer", ["None", "[None, 3]", "{'orders': 1, 'failures': []}", "b'x'", "True", "'x'"]
)
@pytest.mark.parametrize("task", TASKS)
def test_nonsense_earns_nothing_and_breaks_no_check(lab: Lab, task: str, answer: str) -> None:
    functions = lab.task(task).functions
    source = "\n".join(f"def {name}(sqs, *rest):\n    return {answer}\n" for name in functions)
    assert statuses(found(lab, task, source)) == {Status.FAILED}


@pytest.mark.parametrize("task", ["send", "work", "redrive"])
def test_a_queue_that_is_gone_breaks_no_check(lab: Lab, task: str) -> None:
    functions = lab.task(task).functions
    source = "\n".join(
        f"def {name}(sqs, url, *rest):\n    sqs.delete_queue(QueueUrl=url)\n" for name in functions
    )
    findings = found(lab, task, source)
    assert Status.PASSED not in statuses(findings)
    said = "A queue could not be used any more: AWS answered AWS.SimpleQueueService.NonExistentQueue."
    assert said in {finding.reason for finding in findings.values()}


@pytest.mark.slow
def test_reasons_tell_nothing_that_was_drawn(lab: Lab) -> None:
    seen = 0
    for wrong in wrong_solutions(lab):
        if wrong.crashes:
            continue  # what the student's own code says
        sources = {**solution_sources(lab), wrong.task: wrong.source}
        bench = Bench(LocalHost(cells_for_examination(lab, sources), lab.clients), 7, wrong.task)
        findings = examine(lab.task(wrong.task), bench, lab.need(wrong.task, 7))
        drawn = {word for trial in bench.trials for row in trial.rows for word in _names(row.parameters)}
        assert drawn or wrong.task == "queues", wrong.name
        for finding in findings.values():
            seen += bool(finding.reason)
            assert not re.search(r"\d", finding.reason), (wrong.name, finding)
            assert not [word for word in drawn if word in finding.reason], (wrong.name, finding)
    assert seen >= 160


def _names(parameters: Any) -> Iterator[str]:
    """The names of orders, payments, customers and invoices in a call."""
    yield from re.findall(r"(?:order|pay|customer|invoice)-\d{6}", json.dumps(parameters, default=str))
