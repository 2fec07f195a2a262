"""Lambda handlers of a submission run in the submission's process, and act in the trial's account."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from helpers.cloud import scheduler
from helpers.dataplane.awslambda import zipped
from helpers.dataplane.awslambda.process import Process, process_class, run_handlers_in
from helpers.grading.limits import Limits
from helpers.grading.nursery import Nursery
from helpers.grading.session import Session
from helpers.labs import Bench, Trial
from helpers.labs.bench import Host
from helpers.labs.cells import Cell
from helpers.labs.local import LocalHost

pytestmark = pytest.mark.usefixtures("marking")

CLIENTS = {"lambda_": "lambda", "sqs": "sqs", "iam": "iam"}
CELLS = (Cell("", "import os"),)
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
CODE = """
import os, sys, time
import boto3

runs = []
sqs = boto3.client("sqs")

def handler(event, context):
    runs.append(event["do"])
    print("run", len(runs), os.environ.get("STAGE"))
    return globals()[event["do"]](event, context)

def counts(event, context):
    with open("/tmp/kept", "a") as file:
        file.write("x")
    with open("/tmp/kept") as file:
        return {"runs": len(runs), "kept": file.read(), "left_ms": context.get_remaining_time_in_millis() > 0}

def sends(event, context):
    return sqs.send_message(QueueUrl=event["url"], MessageBody="from a handler")["MessageId"] != ""

def raises(event, context):
    raise ValueError("bad order")

def leaves(event, context):
    sys.exit(1)

def sleeps(event, context):
    time.sleep(100)

def looks(event, context):
    return sorted({"SEED", "PYTHONHASHSEED", "STAGE"} & set(os.environ))
"""
DONE = ("counts", "counts", "sends", "raises", "counts", "leaves", "counts", "sleeps", "counts", "looks")


def deployed(trial: Trial, code: str = CODE) -> Any:
    iam, client = trial.cloud.client("iam"), trial.cloud.client("lambda")
    role = iam.create_role(RoleName="runs", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="runs", PolicyName="all", PolicyDocument=json.dumps(allowed))
    client.create_function(
        FunctionName="f", Runtime="python3.13", Role=role, Handler="lambda_function.handler",
        Code={"ZipFile": zipped(code)}, Timeout=10, Environment={"Variables": {"STAGE": "test"}},
    )  # fmt: skip
    trial.cloud.advance(60)
    return client


def invoked(client: Any, **event: Any) -> tuple[Any, str]:
    reply = client.invoke(FunctionName="f", Payload=json.dumps(event))
    return json.loads(reply["Payload"].read()), reply.get("FunctionError", "")


@pytest.fixture
def session(nursery: Nursery) -> Iterator[Session]:
    with Session(nursery, CELLS, CLIENTS, Limits(cpu_s=1), {}) as session:
        session.ready("")
        yield session


def everything(host: Host) -> list[Any]:
    seen: list[Any] = []
    with Bench(host, 5, "f").trial() as trial:
        url = trial.cloud.client("sqs").create_queue(QueueName="jobs")["QueueUrl"]
        client = deployed(trial)
        for do in DONE:
            seen += [invoked(client, do=do, url=url)]
        seen.append([(row.actor, row.service, row.operation, row.error) for row in trial.rows])
        seen.append(round(trial.cloud.now))
    return seen


def test_cold_and_warm_runs_errors_exits_and_timeouts(session: Session) -> None:
    *told, rows, _ = everything(session)
    results = [(payload if not error else payload["errorType"], error) for payload, error in told]
    fresh, warm, third = (
        {"runs": runs, "kept": "x" * kept, "left_ms": True} for runs, kept in ((1, 1), (2, 2), (5, 3))
    )
    assert results[:5] == [(fresh, ""), (warm, ""), (True, ""), ("ValueError", "Unhandled"), (third, "")]
    assert [error for _, error in results[5:]] == ["Unhandled", "", "Unhandled", "", ""]
    assert results[6][0]["runs"] == results[8][0]["runs"] == 1  # a new process
    assert "timed out after 10.00 seconds" in told[7][0]["errorMessage"]
    assert results[9][0] == ["STAGE"]
    assert sum(row[1:3] == ("sqs", "SendMessage") for row in rows) == 1


def test_the_same_as_in_this_process(session: Session) -> None:
    there = everything(session)
    remote = process_class()
    run_handlers_in(Process)
    here = everything(LocalHost(CELLS, CLIENTS))
    run_handlers_in(remote)
    assert [kind for _, kind in there[:-2]] == [kind for _, kind in here[:-2]]
    assert [told for told, kind in there[:-2] if not kind] == [told for told, kind in here[:-2] if not kind]
    assert there[-2:] == here[-2:]


def test_log_lines_reach_the_account(session: Session) -> None:
    with Bench(session, 5, "f").trial() as trial:
        client = deployed(trial)
        invoked(client, do="counts")
        logs = trial.cloud.client("logs")
        lines = [one["message"] for one in logs.filter_log_events(logGroupName="/aws/lambda/f")["events"]]
    assert [line.strip() for line in lines if line.startswith("run ")] == ["run 1 test"]


def test_a_handler_that_computes_for_long_is_waited_for(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "_IDLE_FACTOR", 0.01)  # a handler in this process would have 20 ms
    code = """
import os  # whose times are real

def handler(event, context):
    began = sum(os.times()[:2])
    while sum(os.times()[:2]) - began < 0.2:
        pass
    return "done"
"""
    with Bench(session, 5, "f").trial() as trial:
        client = deployed(trial, code)
        assert invoked(client) == ("done", "")
    assert session.timed_out == []


def test_a_handler_without_end_costs_its_task_and_not_the_next(session: Session) -> None:
    with Bench(session, 5, "f").trial() as trial:
        client = deployed(trial, "def handler(event, context):\n    while True:\n        pass")
        trial.cloud.spawn(lambda: invoked(client, do="x"), name="caller", background=True)
        trial.cloud.run(until=300)
    assert session.timed_out
    session.ready("")
    with Bench(session, 6, "f").trial() as trial:
        assert invoked(deployed(trial), do="counts")[0]["runs"] == 1


def test_a_handler_that_ends_the_process_is_a_crash_of_its_run(session: Session) -> None:
    with Bench(session, 5, "f").trial() as trial:
        client = deployed(trial, "import ctypes\ndef handler(event, context):\n    ctypes.string_at(0)")
        payload, error = invoked(client, do="x")
    assert (payload["errorType"], error) == ("Runtime.ExitError", "Unhandled")
    assert session.died == "the code ended its own process"
