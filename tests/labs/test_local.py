"""The student's code in this process: what a check can do with it, and how its errors are told."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from helpers.labs import Bench, NotAttempted, OutOfTime, StudentError, WorkFailed, crash
from helpers.labs.cells import Cell
from helpers.labs.local import LocalHost
from helpers.labs.student import CALLS

CODE = """\
import time
calls = []
def make(sqs, need):
    return sqs.create_queue(QueueName=need["name"])["QueueUrl"]
def work(sqs, url, handle):
    while True:
        for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20).get("Messages", []):
            try:
                handle(message["Body"])
            except RuntimeError as error:
                calls.append(repr(error))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
def heard():
    return calls
def divide(by):
    calls.append(by)
    return 1 / by
def later():
    raise NotImplementedError("later: replace this line")
def missing_key():
    return {}["order-17"]
def refused(sqs):
    sqs.delete_queue(QueueUrl="https://sqs.us-east-1.amazonaws.com/123456789012/none")
def endless(sqs, url):
    while True:
        sqs.receive_message(QueueUrl=url)
def sleeps():
    time.sleep(10**6)
def odd():
    return object()
def leaves():
    raise SystemExit("bye")
def global_client():
    return len(sqs.list_queues().get("QueueUrls", []))
"""


def host(code: str = CODE, **options) -> LocalHost:
    return LocalHost([Cell("t", code)], {"sqs": "sqs"}, **options)


def bench(code: str = CODE, **options) -> Bench:
    return Bench(host(code, **options), 3, "t")


def test_a_function_is_called_in_the_trials_account():
    with bench().trial() as trial:
        url = trial.student.call("make", trial.cloud.client("sqs"), {"name": "jobs"})
        assert url.endswith("/jobs")
        assert [(row.actor, row.operation) for row in trial.rows] == [("you", "CreateQueue")]


def test_workers_share_the_work_and_one_dies():
    with bench().trial() as trial:
        sqs = trial.cloud.client("sqs")
        url = trial.student.call("make", sqs, {"name": "jobs"})
        for number in range(4):
            sqs.send_message(QueueUrl=url, MessageBody=str(number))
        begun = []

        def handle(body: str) -> None:
            begun.append(body)
            last = len(begun) == 2
            time.sleep(5)
            if last:
                crash()

        workers = [trial.student.spawn("work", sqs, url, handle, name=f"w{number}") for number in range(2)]
        trial.cloud.run(until=100)
        assert sorted(begun) == sorted(["0", "1", "2", "3", begun[1]])  # the second one was begun again
        assert sorted(worker.done for worker in workers) == [False, True]
        assert [worker.error for worker in workers] == [None, None]


def test_an_error_of_the_check_reaches_the_students_code():
    with bench().trial() as trial:
        sqs = trial.cloud.client("sqs")
        url = trial.student.call("make", sqs, {"name": "jobs"})
        sqs.send_message(QueueUrl=url, MessageBody="x")

        def handle(body: str) -> None:
            raise RuntimeError("no paper")

        trial.student.spawn("work", sqs, url, handle)
        trial.cloud.run(until=30)
        assert trial.student.call("heard") == ["RuntimeError('no paper')"]


def test_work_that_fails_ends_a_worker_that_does_not_catch_it():
    with bench().trial() as trial:
        sqs = trial.cloud.client("sqs")
        url = trial.student.call("make", sqs, {"name": "jobs"})
        sqs.send_message(QueueUrl=url, MessageBody="x")

        def handle(body: str) -> None:
            raise WorkFailed("no paper")

        worker = trial.student.spawn("work", sqs, url, handle)
        with pytest.raises(StudentError) as caught:
            trial.cloud.run(until=30)
        assert caught.value.sentence == 'WorkFailed in work, line 9 (`handle(message["Body"])`): no paper'
        assert worker.done


@pytest.mark.parametrize(
    ("function", "kind", "sentence"),
    [
        (
            "missing_key",
            StudentError,
            "KeyError in missing_key, line 21 (`return {}[\"order-17\"]`): 'order-17'",
        ),
        ("later", NotAttempted, "later is not written yet"),
        ("nowhere", NotAttempted, "nowhere is not written yet"),
        ("odd", StudentError, "TypeError: the function returned a value of type object, not plain data"),
        ("leaves", StudentError, 'SystemExit in leaves, line 32 (`raise SystemExit("bye")`): bye'),
    ],
)
def test_what_goes_wrong_is_told_with_its_place(function, kind, sentence):
    with bench().trial() as trial, pytest.raises(StudentError) as caught:
        trial.student.call(function)
    assert type(caught.value) is kind
    assert caught.value.sentence == sentence


def test_an_aws_error_has_its_code():
    with bench().trial() as trial, pytest.raises(StudentError) as caught:
        trial.student.call("refused", trial.cloud.client("sqs"))
    assert caught.value.code == "AWS.SimpleQueueService.NonExistentQueue"
    assert caught.value.function == "refused"


def test_a_call_ends_after_its_time_or_its_calls():
    with bench().trial() as trial:
        with pytest.raises(OutOfTime, match="sleeps did not return"):
            trial.student.call("sleeps", within_s=100)
        assert trial.cloud.now == 100
        sqs = trial.cloud.client("sqs")
        url = trial.student.call("make", sqs, {"name": "jobs"})
        with pytest.raises(OutOfTime, match="2,000 API calls"):
            trial.student.call("endless", sqs, url)
        assert trial.cloud.calls == 1 + CALLS


def test_arguments_are_copies_and_values_too():
    with bench().trial() as trial:
        given = Decimal("0.5")
        assert trial.student.call("divide", given) == Decimal(2)
        assert trial.student.call("heard") == [given]
        trial.student.call("heard").append("mine")
        assert trial.student.call("heard") == [given]


def test_memory_lasts_until_a_restart():
    with bench().trial() as trial:
        sqs = trial.cloud.client("sqs")
        url = trial.student.call("make", sqs, {"name": "jobs"})
        worker = trial.student.spawn("work", sqs, url, print)
        trial.student.call("divide", 4)
        assert trial.student.call("heard") == [4]
        trial.student.restart()
        assert trial.student.call("heard") == []
        assert worker.done


def test_a_client_of_the_labs_own_cells_is_the_trials():
    with bench().trial() as trial:
        trial.cloud.client("sqs").create_queue(QueueName="here")
        assert trial.student.call("global_client") == 1


def test_a_client_made_in_a_cell_belongs_to_another_account():
    code = "import boto3\nmine = boto3.client('sqs')\ndef look():\n    return mine.list_queues()"
    with bench(code).trial() as trial, pytest.raises(StudentError, match="Cloud that is closed"):
        trial.student.call("look")


def test_functions_that_count_as_not_written_are_not_called():
    with bench(absent={"divide": "t"}).trial() as trial, pytest.raises(NotAttempted):
        trial.student.call("divide", 1)


def test_a_cells_error_is_told_for_the_functions_that_it_should_define():
    cells = [
        Cell("good", "def fine():\n    return 1"),
        Cell("bad", "x = 1 / 0\ndef never():\n    return 2"),
        Cell("worse", "def broken(:"),
    ]
    trial_bench = Bench(LocalHost(cells, {}), 0, "t")
    with trial_bench.trial() as trial:
        assert trial.student.call("fine") == 1
        for function, said in (
            ("never", "ZeroDivisionError in the cell, line 1 (`x = 1 / 0`): division by zero"),
            ("broken", "SyntaxError in the cell, line 1 (`def broken(:`): invalid syntax"),
        ):
            with pytest.raises(StudentError) as caught:
                trial.student.call(function)
            assert caught.value.sentence == said


def test_what_cells_print_is_kept_off_the_page(capsys):
    found = host("print('hello')")
    assert found.output == "hello\n"
    assert capsys.readouterr().out == ""


def test_source_is_the_cells():
    with bench().trial() as trial:
        assert trial.student.source("t") == CODE
        assert trial.student.source("other") == ""
