"""The Invoke call: its kinds, payloads, answers and errors; and work that takes virtual time."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import Cloud, cpu, zipped
from helpers.dataplane.awslambda.limits import MEMORY_OF_A_VCPU_MB

from .conftest import refused
from .functions import Function, runs

ECHO = "def handler(event, context):\n    return event\n"


def test_answer_of_a_synchronous_invocation(cloud: Cloud) -> None:
    function = Function(cloud, ECHO)
    answer = function.client.invoke(FunctionName="f", Payload=b'{"a": 1}')
    body = answer.pop("Payload")
    assert body.read(4) == b'{"a"'
    assert body.read() == b": 1}"
    metadata = answer.pop("ResponseMetadata")
    assert answer == {"StatusCode": 200, "ExecutedVersion": "$LATEST"}
    assert metadata["HTTPStatusCode"] == 200
    assert metadata["RequestId"] == runs(cloud)[0]["RequestId"]
    assert metadata["HTTPHeaders"]["content-length"] == "8"


def test_caller_waits_for_the_run(cloud: Cloud) -> None:
    function = Function(cloud, "import time\ndef handler(event, context):\n    time.sleep(2)\n")
    function.invoke()
    assert cloud.now == 2.8
    invoke = cloud.trail[cloud.trail.operation == "Invoke"].iloc[0]
    assert (invoke.time_s, invoke.duration_s) == (0, 2.8)


@pytest.mark.parametrize(
    ("payload", "event"),
    [
        (b'{"a": "\xc3\xa9"}', {"a": "é"}),
        ('{"a": "é"}', {"a": "é"}),
        (bytearray(b"[1, 2.5, null]"), [1, 2.5, None]),
        (io.BytesIO(b'"text"'), "text"),
        (b"", {}),
        (None, {}),
    ],
)
def test_payloads(cloud: Cloud, payload: object, event: object) -> None:
    function = Function(cloud, ECHO)
    options = {} if payload is None else {"Payload": payload}
    answer = function.client.invoke(FunctionName="f", **options)
    assert json.loads(answer["Payload"].read()) == event


@pytest.fixture(scope="module")
def echo() -> Iterator[Function]:
    """One function for all examples, which are independent of each other."""
    with Cloud() as cloud:
        yield Function(cloud, ECHO)


PLAIN = st.none() | st.booleans() | st.integers() | st.text()


@given(st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8))
@settings(max_examples=25, deadline=None)
def test_event_arrives_as_it_was_sent(echo: Function, event: object) -> None:
    answer = echo.client.invoke(FunctionName="f", Payload=json.dumps(event))
    assert json.loads(answer["Payload"].read()) == event


@pytest.mark.parametrize("payload", [b"{", b"no json", b"\xff\xfe", b"NaN", b"{'a': 1}"])
def test_payload_that_is_no_json(cloud: Cloud, payload: bytes) -> None:
    function = Function(cloud, ECHO)
    code = refused(function.client.invoke, FunctionName="f", Payload=payload)
    assert code == "InvalidRequestContentException"
    assert runs(cloud) == []


@pytest.mark.parametrize(("kind", "limit"), [("RequestResponse", 6 * 1024 * 1024), ("Event", 1024 * 1024)])
def test_payload_has_a_limit(cloud: Cloud, kind: str, limit: int) -> None:
    function = Function(cloud, "def handler(event, context):\n    return len(event)\n")
    invoke = function.client.invoke
    invoke(FunctionName="f", InvocationType=kind, Payload=json.dumps("x" * (limit - 2)))
    too_long = json.dumps("x" * (limit - 1))
    with pytest.raises(function.client.exceptions.RequestTooLargeException) as refusal:
        invoke(FunctionName="f", InvocationType=kind, Payload=too_long)
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    message = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
    assert refusal.value.response["Error"]["Message"] == message


def test_dry_run_runs_nothing(cloud: Cloud) -> None:
    function = Function(cloud, ECHO)
    answer = function.client.invoke(FunctionName="f", InvocationType="DryRun")
    assert answer["StatusCode"] == 204
    assert answer["Payload"].read() == b""
    assert (
        refused(function.client.invoke, FunctionName="g", InvocationType="DryRun")
        == "ResourceNotFoundException"
    )
    cloud.advance(60)
    assert runs(cloud) == []


def test_event_is_accepted_at_once(cloud: Cloud) -> None:
    function = Function(cloud, "import time\ndef handler(event, context):\n    time.sleep(2)\n")
    answer = function.client.invoke(FunctionName="f", InvocationType="Event", Payload=b"1")
    assert (answer["StatusCode"], cloud.now) == (202, 0)
    assert "ExecutedVersion" not in answer
    assert function.client.invoke_async(FunctionName="f", InvokeArgs=b"2")["Status"] == 202
    cloud.advance(60)
    assert [run["InvocationType"] for run in runs(cloud)] == ["Event", "Event"]


def test_log_result_is_the_last_four_kilobytes(cloud: Cloud) -> None:
    source = "def handler(event, context):\n    for n in range(event):\n        print(f'line {n:05}')\n"
    function = Function(cloud, source)
    function.invoke(0)
    short = function.invoke(2).log
    assert [line.split(" ")[0] for line in short] == ["START", "line", "line", "END", "REPORT"]
    answer = function.client.invoke(FunctionName="f", Payload="1000", LogType="Tail")
    text = base64.b64decode(answer["LogResult"])
    assert len(text) == 4096
    assert b"START" not in text
    assert text.rstrip().splitlines()[-1].startswith(b"REPORT RequestId: ")
    assert "LogResult" not in function.client.invoke(FunctionName="f", Payload="1")


def test_client_context(cloud: Cloud) -> None:
    source = """
    def handler(event, context):
        given = context.client_context
        return given.custom, given.env, given.client.app_title
    """
    function = Function(cloud, source)
    text = json.dumps({"custom": {"a": 1}, "env": {"b": "2"}, "client": {"app_title": "shop"}})
    encoded = base64.b64encode(text.encode()).decode()
    answer = function.client.invoke(FunctionName="f", ClientContext=encoded)
    assert json.loads(answer["Payload"].read()) == [{"a": 1}, {"b": "2"}, "shop"]
    code = refused(function.client.invoke, FunctionName="f", ClientContext="no base 64!")
    assert code == "InvalidRequestContentException"


def test_request_ids_repeat_with_the_seed() -> None:
    def ids(seed: int) -> list[str]:
        with Cloud(seed=seed) as cloud:
            function = Function(cloud, ECHO)
            return [function.invoke().request_id for _ in range(3)]

    assert ids(1) == ids(1)
    assert len({*ids(1), *ids(2)}) == 6


def test_calls_of_a_handler_are_rows_of_its_environment(cloud: Cloud) -> None:
    source = """
    import boto3
    sqs = boto3.client("sqs")
    def handler(event, context):
        return sqs.create_queue(QueueName="q")["QueueUrl"]
    """
    function = Function(cloud, source)
    function.invoke()
    calls = cloud.trail[cloud.trail.actor == "f-1"]
    assert list(calls.operation) == ["CreateQueue"]
    assert cloud.client("sqs").list_queues()["QueueUrls"] == [function.result()]


# Work


@given(memory_mb=st.integers(128, 10_240), ms=st.integers(1, 2_000), threads=st.integers(1, 8))
@settings(max_examples=12, deadline=None)
def test_processor_is_in_proportion_to_memory(memory_mb: int, ms: int, threads: int) -> None:
    source = f"from helpers import cpu\ndef handler(event, context):\n    cpu({ms / 1000}, {threads})\n"
    with Cloud() as cloud:
        Function(cloud, source, MemorySize=memory_mb, Timeout=900).invoke()
        (run,) = runs(cloud)
    vcpus = memory_mb / MEMORY_OF_A_VCPU_MB
    assert run["DurationMs"] == pytest.approx(ms / min(vcpus, threads), abs=0.001)


def test_one_thread_has_at_most_one_vcpu(cloud: Cloud) -> None:
    source = "from helpers import cpu\ndef handler(event, context):\n    cpu(10, event)\n"
    function = Function(cloud, source, Timeout=60)
    seconds = {}
    for memory_mb in (1_769, 3_538):
        function.change(MemorySize=memory_mb)
        for threads in (1, 2, 4):
            function.invoke(threads)
            seconds[memory_mb, threads] = runs(cloud)[-1]["DurationMs"] / 1000
    assert seconds == {
        (1_769, 1): 10, (1_769, 2): 10, (1_769, 4): 10,
        (3_538, 1): 10, (3_538, 2): 5, (3_538, 4): 5,
    }  # fmt: skip


def test_work_outside_a_function_has_one_vcpu(cloud: Cloud) -> None:
    cpu(2, threads=4)
    assert cloud.now == 2
    for arguments in ((-1,), (1, 0)):
        with pytest.raises(ValueError, match="amount of work"):
            cpu(*arguments)


def test_work_in_the_init_counts(cloud: Cloud) -> None:
    function = Function(cloud, "from helpers import cpu\ncpu(1)\n" + ECHO, MemorySize=1_769)
    function.invoke()
    assert runs(cloud)[0]["InitDurationMs"] == 1_800


# Packages


def test_zipped_gives_the_same_bytes_each_time(cloud: Cloud) -> None:
    assert zipped(ECHO) == zipped({"lambda_function.py": ECHO})
    assert zipped("    x = 1\n") == zipped("x = 1\n")
    assert Function(cloud, zipped(ECHO)).result(3) == 3


def test_zipped_function_of_a_cell(cloud: Cloud) -> None:
    def handler(event: object, context: object) -> object:
        return {"got": event}

    assert Function(cloud, handler).result(3) == {"got": 3}
    with pytest.raises(TypeError, match="source text"):
        zipped(7)  # type: ignore[arg-type]  # that is what is refused
