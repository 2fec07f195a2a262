"""The lab of section 21: its checks tell right from wrong, whatever is drawn, and say nothing of what was drawn."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from helpers.labs import PRACTICE_SEED, Finding, Lab, Need, Status, load_lab
from helpers.labs.build import released_sources, solution_sources
from helpers.labs.gate import wrong_solutions
from helpers.labs.practice import examine_here
from helpers.sections.facts import load_facts
from helpers.sections.misconceptions import find_misconception
from tests.labs.judging import statuses

LAB = load_lab("21_lambda")
SOLUTIONS, RELEASED = solution_sources(LAB), released_sources(LAB)
FUNCTIONS = [(task.id, function) for task in LAB.tasks for function in task.functions]
WITH_NUMBERS = {
    "deploy": ("function", "alias"),
    "queue": (),
    "release": ("function", "alias"),
    "events": ("function", "bucket"),
}
"""The tasks with a need, and what of it is a name that any solution has to use."""


def findings(task: str, source: str, seed: int = PRACTICE_SEED) -> dict[str, Finding]:
    return examine_here(LAB, task, {**SOLUTIONS, task: source}, RELEASED, seed)


def test_lab_is_what_the_course_promises() -> None:
    assert [task.id for task in LAB.tasks] == ["deploy", "queue", "handler", "release", "events"]
    assert LAB.points == 20
    assert all(3 <= task.points <= 6 and 2 <= len(task.checks) <= 4 for task in LAB.tasks)
    assert [task.id for task in LAB.tasks if task.broken] == ["events"]
    stations = {fact.station for fact in load_facts("21_lambda")}
    for check in [check for task in LAB.tasks for check in task.checks]:
        assert check.station in stations
        if check.misconception:
            find_misconception("21_lambda", check.misconception)  # raises if there is none


# ---- draws


@pytest.mark.parametrize("task", WITH_NUMBERS)
def test_needs_are_plain_and_repeat_with_the_seed(task: str) -> None:
    needs = [LAB.need(task, seed) for seed in range(30)]
    assert needs == [LAB.need(task, seed) for seed in range(30)]
    assert len({str(need) for need in needs}) >= 28


def test_memory_has_a_window_for_every_seed() -> None:
    for need in _needs("deploy"):
        fits = [size for size in range(128, 3009, 64) if _is_right_size(need, size)]
        assert fits
        assert max(fits) - min(fits) <= 320


def _is_right_size(need: Need, size_mb: int) -> bool:
    seconds = need["wait_s"] + need["compute_vcpu_s"] * max(1, 1769 / size_mb)
    usd = 100_000 * seconds * size_mb / 1024 * 0.0000166667
    return bool(seconds <= need["done_within_s"] and usd <= need["usd_per_100000"])


def test_six_times_the_timeout_is_right_for_every_seed_and_three_times_is_not() -> None:
    for need in _needs("queue"):
        timeout_s = need["run_at_most_s"]
        asked_s = next(2**n - 1 for n in range(1, 12) if 2**n - 1 >= need["no_room_s"])
        assert 3 * timeout_s < asked_s + timeout_s <= 6 * timeout_s <= need["again_within_s"]
        assert need["tries"] * 6 * timeout_s <= need["aside_within_s"]
        assert 2 <= need["jobs_a_run"] < timeout_s / need["job_at_most_s"]


def test_one_number_of_retries_is_right_for_every_seed() -> None:
    for need in _needs("events"):
        outlasts = [retries for retries, at_s in enumerate((0, 60, 180)) if at_s > need["away_s"]]
        assert outlasts[0] == need["tries"] - 1
        assert 180 < need["useful_s"] < need["given_up_s"] <= 21_600


def _needs(task: str) -> Iterator[Need]:
    return (LAB.need(task, seed) for seed in range(100))


# ---- what a constant answer earns


@pytest.mark.slow
@pytest.mark.parametrize("task", WITH_NUMBERS)
def test_numbers_of_practice_lose_a_check_under_other_seeds(task: str) -> None:
    source = with_numbers_of_practice(LAB, task)
    assert statuses(findings(task, source)) == {Status.PASSED}
    lost = [seed for seed in range(1, 6) if statuses(findings(task, source, seed)) != {Status.PASSED}]
    assert len(lost) >= 4


def with_numbers_of_practice(lab: Lab, task: str) -> str:
    """The worked solution with the numbers of practice in place of those that it is given."""
    source = SOLUTIONS[task]
    for function in lab.task(task).functions:
        source = source.replace(f"def {function}(", f"def right_{function}(")
        source += (
            f"\n\n\ndef {function}(*arguments):\n"
            f"    *others, need = arguments\n"
            f"    names = {{name: need[name] for name in {WITH_NUMBERS[task]!r}}}\n"
            f"    return right_{function}(*others, {{**{lab.need(task)!r}, **names}})\n"
        )
    return source


# ---- other code


@pytest.mark.parametrize(("task", "function"), [pair for pair in FUNCTIONS if pair[0] != "handler"])
def test_code_that_raises_is_crashed(task: str, function: str) -> None:
    source = SOLUTIONS[task].replace(
        f"def {function}(", f"def {function}(*arguments):\n    1 / 0\n\n\ndef other("
    )
    found = findings(task, source)
    bad = {check: one for check, one in found.items() if one.status == Status.CRASHED}
    assert set(found) - set(bad) <= {"share"}  # what was seen before the code raised counts
    line = source.splitlines().index("    1 / 0") + 1
    said = f"ZeroDivisionError in {function}, line {line} (`1 / 0`): division by zero"
    assert {one.reason for one in bad.values()} == {said}


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("def handler(event, context):\n    return [", Status.CRASHED),
        ("import stripe\n\n\ndef handler(event, context):\n    return None", Status.CRASHED),
        ("def handle(event, context):\n    return None", Status.CRASHED),
        ("def handler(event, context):\n    1 / 0", Status.FAILED),
        ("def handler(event, context):\n    return {1}", Status.CRASHED),
        ("def handler(event, context):\n    return None", Status.FAILED),
        ("def handler(event, context):\n    return {'batchItemFailures': [{'id': 3}]}", Status.FAILED),
        (
            "def handler(event, context):\n    return {'batchItemFailures': [{'itemIdentifier': []}]}",
            Status.FAILED,
        ),
    ],
)
def test_handlers_that_do_not_work(source: str, status: Status) -> None:
    assert statuses(findings("handler", source)) == {status}


@pytest.mark.parametrize(
    ("task", "function"), [("deploy", "deploy"), ("queue", "connect"), ("events", "connect_uploads")]
)
@pytest.mark.parametrize("answer", ["None", "3", "'no such thing'", "{'queue': 3, 'aside': None}", "[b'x']"])
def test_answers_of_another_kind_fail(task: str, function: str, answer: str) -> None:
    found = findings(task, f"def {function}(*arguments):\n    return {answer}\n")
    assert statuses(found) == {Status.FAILED}


def test_a_deployment_that_tries_itself_out_is_right_too() -> None:
    source = SOLUTIONS["deploy"].replace(
        'return alias["AliasArn"]',
        """event = '{"wait_s": 0, "compute_vcpu_s": 0}'
    lambda_.invoke(FunctionName=alias["AliasArn"], Payload=event)
    return alias["AliasArn"]""",
    )
    assert statuses(findings("deploy", source)) == {Status.PASSED}


def test_what_the_student_deletes_fails() -> None:
    sources = {
        "release": """
def begin_release(lambda_, code, need):
    lambda_.delete_alias(FunctionName=need["function"], Name=need["alias"])


def end_release(*arguments):
    pass
""",
        "events": """
def connect_uploads(lambda_, s3, sqs, need):
    s3.delete_bucket(Bucket=need["bucket"])
    lambda_.delete_function(FunctionName=need["function"])
""",
    }
    for task, source in sources.items():
        assert statuses(findings(task, source)) == {Status.FAILED}


def test_release_that_does_nothing_fails() -> None:
    source = "def begin_release(*arguments):\n    pass\n\n\ndef end_release(*arguments):\n    pass\n"
    assert statuses(findings("release", source)) == {Status.FAILED}


def test_one_conditional_write_to_the_customer_is_right_too() -> None:
    source = """
import json
import os
import time

import boto3

customers = boto3.resource("dynamodb").Table(os.environ.get("BALANCES", "balances"))


def lay_out(order):
    time.sleep(order["layout_s"])


def book(order):
    if order["cents"] <= 0:
        raise ValueError("an order that costs nothing")
    key = {"customer": order["customer"]}
    lay_out(order)
    try:
        customers.update_item(
            Key=key,
            UpdateExpression="ADD owes :cents, orders :orders",
            ConditionExpression="NOT contains(orders, :id)",
            ExpressionAttributeValues={
                ":cents": order["cents"], ":orders": {order["order"]}, ":id": order["order"]
            },
        )
    except customers.meta.client.exceptions.ConditionalCheckFailedException:
        return


def handler(event, context):
    failed = []
    for record in event["Records"]:
        try:
            book(json.loads(record["body"]))
        except Exception:
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
"""
    assert statuses(findings("handler", source)) == {Status.PASSED}


def test_a_bucket_that_calls_a_version_is_right_too() -> None:
    source = SOLUTIONS["events"].replace("FunctionName=name,", "FunctionName=name, Qualifier='1',", 2)
    source = source.replace(
        'lambda_.get_function_configuration(FunctionName=name)["FunctionArn"]',
        'lambda_.publish_version(FunctionName=name)["FunctionArn"]',
    )
    lines = source.splitlines()
    lines.insert(
        lines.index('    name, bucket = need["function"], need["bucket"]') + 1,
        "    lambda_.publish_version(FunctionName=name)",
    )
    assert statuses(findings("events", "\n".join(lines))) == {Status.PASSED}


# ---- what a page may tell


@pytest.mark.slow
def test_reasons_hold_nothing_that_was_drawn_and_repeat() -> None:
    seed = 5
    for wrong in wrong_solutions(LAB):
        found = findings(wrong.task, wrong.source, seed)
        reasons = [one.reason for one in found.values() if one.status == Status.FAILED]
        assert reasons or wrong.crashes, wrong.name
        names = [value for value in LAB.need(wrong.task, seed).values() if isinstance(value, str)]
        for reason in reasons:
            assert not re.search(r"\d", reason.replace("S3", "")), (
                wrong.name,
                reason,
            )  # no number, no id, no body
            assert not any(name in reason for name in names), (wrong.name, reason)
            assert reason.endswith(".")
    again = wrong_solutions(LAB)[-1]
    assert findings(again.task, again.source, seed) == findings(again.task, again.source, seed)
