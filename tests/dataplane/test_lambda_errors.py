"""How runs fail: what the handler raises or returns, timeouts, exits, code that cannot be loaded."""

from __future__ import annotations

import json

import pytest

from helpers import Cloud

from .functions import Function, runs

NO_HANDLER = "value = 1\n"
ENDLESS = "def handler(event, context):\n    while True:\n        pass\n"


def failure(cloud: Cloud, source: object, event: object = None, **options: object) -> dict[str, object]:
    """The error document of one invocation."""
    reply = Function(cloud, source, **options).invoke({} if event is None else event)  # type: ignore[arg-type]  # any options
    assert reply.status == 200
    assert reply.error == "Unhandled"
    document: dict[str, object] = reply.payload
    return document


def test_exception_becomes_an_error_document(cloud: Cloud) -> None:
    source = """
    def check(number):
        if number > 3:
            raise ValueError(f"{number} is too many")


    def handler(event, context):
        check(event["n"])
    """
    function = Function(cloud, source)
    reply = function.invoke({"n": 4})
    assert reply.payload == {
        "errorMessage": "4 is too many",
        "errorType": "ValueError",
        "requestId": reply.request_id,
        "stackTrace": [
            '  File "/var/task/lambda_function.py", line 8, in handler\n    check(event["n"])\n',
            (
                '  File "/var/task/lambda_function.py", line 4, in check\n'
                '    raise ValueError(f"{number} is too many")\n'
            ),
        ],
    }
    assert (reply.status, reply.error) == (200, "Unhandled")
    assert reply.log[2:4] == ["[ERROR] ValueError: 4 is too many", "Traceback (most recent call last):"]
    assert runs(cloud)[0]["error"] == "ValueError"
    assert runs(cloud)[0]["Status"] == "error"


def test_stack_trace_names_no_path_of_this_machine(cloud: Cloud) -> None:
    source = """
    import json
    import boto3


    def handler(event, context):
        if event["do"] == "json":
            json.loads("{")
        boto3.client("sqs").get_queue_url(QueueName="missing")
    """
    function = Function(cloud, source)
    for do, kind, inside in (
        ("json", "JSONDecodeError", "/var/lang/lib/python3/json/decoder.py"),
        ("boto3", "QueueDoesNotExist", "/var/lang/lib/python3/site-packages/botocore/client.py"),
    ):
        document = function.invoke({"do": do}).payload
        assert document["errorType"] == kind
        files = [entry.split('"')[1] for entry in document["stackTrace"]]
        assert files[0] == "/var/task/lambda_function.py"
        assert inside in files
        assert all(file.startswith(("/var/task/", "/var/lang/")) for file in files)


@pytest.mark.parametrize(
    ("source", "handler", "kind", "message"),
    [
        (
            "import nowhere",
            "lambda_function.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'lambda_function': No module named 'nowhere'",
        ),
        (
            NO_HANDLER,
            "app.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'app': No module named 'app'",
        ),
        (
            NO_HANDLER,
            "lambda_function.handler",
            "Runtime.HandlerNotFound",
            "Handler 'handler' missing on module 'lambda_function'",
        ),
        (
            NO_HANDLER,
            "handler",
            "Runtime.MalformedHandlerName",
            "Bad handler 'handler': not enough values to unpack (expected 2, got 1)",
        ),
        (
            NO_HANDLER,
            "sys.exit",
            "Runtime.BuiltInModuleConflict",
            "Cannot use built-in module sys as a handler module",
        ),
        (
            "def handler(event, context)\n    pass\n",
            "lambda_function.handler",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'lambda_function': expected ':' (lambda_function.py, line 1)",
        ),
        ("{}['key']", "lambda_function.handler", "KeyError", "'key'"),
    ],
)
def test_code_that_cannot_be_loaded(cloud: Cloud, source: str, handler: str, kind: str, message: str) -> None:
    document = failure(cloud, source, handler=handler)
    assert (document["errorType"], document["errorMessage"]) == (kind, message)
    assert runs(cloud)[0]["Status"] == "init"


def test_answer_that_is_no_json(cloud: Cloud) -> None:
    document = failure(cloud, "def handler(event, context):\n    return {1, 2}\n")
    assert document["errorType"] == "Runtime.MarshalError"
    assert (
        document["errorMessage"] == "Unable to marshal response: Object of type set is not JSON serializable"
    )
    assert document["stackTrace"] == []


def test_answer_of_every_kind_of_json(cloud: Cloud) -> None:
    source = """
    from decimal import Decimal
    answers = [None, "é", 1.5, [1, {"a": True}], Decimal("2"), Decimal("2.5"), ("tuple",), b'{"raw": 1}']
    def handler(event, context):
        return answers[event]
    """
    function = Function(cloud, source)
    answers = [function.result(number) for number in range(8)]
    assert answers == [None, "é", 1.5, [1, {"a": True}], 2, 2.5, ["tuple"], {"raw": 1}]


def test_answer_over_six_megabytes(cloud: Cloud) -> None:
    function = Function(cloud, "def handler(event, context):\n    return 'x' * event\n")
    assert len(function.result(6_291_554)) == 6_291_554  # with its quotes just the limit
    assert function.invoke(6_291_555).payload == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    }


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("sys.exit()", "Runtime exited without providing a reason"),
        ("sys.exit(0)", "Runtime exited without providing a reason"),
        ("sys.exit(3)", "Runtime exited with error: exit status 3"),
        ("sys.exit('a word')", "Runtime exited with error: exit status 1"),
        ("os._exit(4)", "Runtime exited with error: exit status 4"),
        ("os.abort()", "Runtime exited with error: signal: aborted"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "Runtime exited with error: signal: killed"),
        ("raise KeyboardInterrupt", "Runtime exited with error: exit status 1"),
    ],
)
def test_process_that_exits(cloud: Cloud, code: str, said: str) -> None:
    source = f"""
    import os, signal, sys
    def handler(event, context):
        try:
            {code}
        except Exception:
            return "an exit is no Exception"
    """
    function = Function(cloud, source)
    reply = function.invoke({})
    assert reply.payload == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {reply.request_id} Error: {said}",
    }
    assert reply.log[-1].endswith("Status: error\tError Type: Runtime.ExitError")
    assert runs(cloud)[0]["Status"] == "exit"


def test_exit_of_a_process_runs_no_finally(cloud: Cloud) -> None:
    source = """
    import os
    def handler(event, context):
        try:
            os._exit(1)
        finally:
            print("never")
            open("/tmp/never", "w").close()
    """
    function = Function(cloud, source)
    assert "never" not in function.invoke({}).log


def test_exit_at_the_very_beginning(cloud: Cloud) -> None:
    cloud.plane("lambda").models.init_s = 0
    Function(cloud, "import sys\ndef handler(event, context):\n    sys.exit(1)\n").invoke()
    (run,) = runs(cloud)
    assert (run["time_s"], run["Status"], run["duration_s"]) == (0, "exit", 0)
    assert "InitDurationMs" not in run


def test_exit_in_the_init(cloud: Cloud) -> None:
    document = failure(cloud, "import sys\nsys.exit(2)\n")
    assert document["errorType"] == "Runtime.ExitError"
    assert str(document["errorMessage"]).endswith("Error: Runtime exited with error: exit status 2")


TIMEOUT = """
import time
import boto3


def handler(event, context):
    if event == "sleep":
        time.sleep(60)
    if event == "call":
        sqs = boto3.client("sqs")
        queue = sqs.get_queue_url(QueueName="empty")["QueueUrl"]
        while True:
            sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)
    if event == "swallow":
        while True:
            try:
                time.sleep(0.7)
            except BaseException:
                pass
    if event == "finally":
        try:
            time.sleep(60)
        finally:
            print("never")
            time.sleep(1)
            boto3.client("sqs").create_queue(QueueName="never")
    if event == "loop":
        while True:
            pass
    if event == "stubborn":
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass
    return "done"
"""


@pytest.mark.parametrize("event", ["sleep", "call", "swallow", "finally", "loop", "stubborn"])
def test_timeout_ends_the_handler_whatever_it_does(cloud: Cloud, event: str) -> None:
    cloud.client("sqs").create_queue(QueueName="empty")
    models = cloud.plane("lambda").models
    models.init_s, models.patience_s = 0, 0.3
    function = Function(cloud, TIMEOUT, Timeout=7)
    reply = function.invoke(event)
    assert cloud.now == 7
    assert reply.payload == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {reply.request_id} Error: Task timed out after 7.00 seconds",
    }
    assert "never" not in reply.log
    assert reply.log[-1].endswith(
        "Duration: 7000.00 ms\tBilled Duration: 7000 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 36 MB\tStatus: timeout"
    )
    (run,) = runs(cloud)
    assert (run["Status"], run["error"], run["DurationMs"]) == ("timeout", "Sandbox.Timedout", 7000)
    calls = len(cloud.trail)
    assert function.result("again") == "done"
    cloud.advance(100)
    assert list(cloud.trail.operation[calls:]) == [
        "Invoke",
        "Invocation",
    ]  # the stopped handler called nothing more
    assert len(cloud.client("sqs").list_queues()["QueueUrls"]) == 1


def test_run_that_lasts_as_long_as_the_timeout_times_out(cloud: Cloud) -> None:
    source = "import time\ndef handler(event, context):\n    time.sleep(event)\n"
    function = Function(cloud, source, Timeout=2)
    assert function.invoke(1.999999).error is None
    assert function.invoke(2).payload["errorType"] == "Sandbox.Timedout"


def test_endless_loop_stops_nothing_else(cloud: Cloud) -> None:
    cloud.plane("lambda").models.patience_s = 0.3
    endless, quick = (
        Function(cloud, ENDLESS, "endless"),
        Function(cloud, "def handler(e, c):\n    return e\n", "quick"),
    )
    replies: list[tuple[float, object]] = []

    def call(function: Function) -> None:
        payload = function.invoke("hello").payload
        replies.append((cloud.now, payload if isinstance(payload, str) else payload["errorType"]))

    for function in (endless, quick):
        cloud.spawn(call, function)
    cloud.run()
    assert replies == [(0.8, "hello"), (3.8, "Sandbox.Timedout")]


def test_endless_loop_in_the_init(cloud: Cloud) -> None:
    models = cloud.plane("lambda").models
    models.init_s, models.patience_s = 0, 0.3
    function = Function(cloud, "while True:\n    pass\n", Timeout=5)
    assert function.invoke({}).payload["errorType"] == "Sandbox.Timedout"
    assert cloud.now == 15  # ten seconds of init, then the function's timeout


def test_endless_recursion_and_odd_answers_end_a_run_alone(cloud: Cloud) -> None:
    source = """
    class Odd:
        def __repr__(self):
            raise RuntimeError("no")

    def deep():
        deep()

    def handler(event, context):
        if event == "deep":
            deep()
        if event == "circle":
            answer = []
            answer.append(answer)
            return answer
        if event == "group":
            raise ExceptionGroup("several", [ValueError("a"), TypeError("b")])
        if event == "generator":
            return (n for n in range(3))
        if event == "odd":
            raise type("Odd", (Exception,), {"__str__": lambda self: 1 / 0})()
    """
    function = Function(cloud, source)
    kinds = [
        function.invoke(do).payload["errorType"] for do in ("deep", "circle", "group", "generator", "odd")
    ]
    assert kinds == [
        "RecursionError",
        "Runtime.MarshalError",
        "ExceptionGroup",
        "Runtime.MarshalError",
        "Odd",
    ]


def test_handler_that_wants_other_arguments(cloud: Cloud) -> None:
    document = failure(cloud, "def handler(event):\n    pass\n")
    assert document["errorType"] == "TypeError"
    assert document["errorMessage"] == "handler() takes 1 positional argument but 2 were given"


@pytest.mark.slow
def test_same_seed_same_failures() -> None:
    def log(seed: int) -> str:
        with Cloud(seed=seed) as cloud:
            function = Function(cloud, TIMEOUT, Timeout=1)
            cloud.plane("lambda").models.patience_s = 0.3
            return json.dumps([vars(function.invoke(do)) for do in ("sleep", "loop", "done", 1)])

    assert log(1) == log(1)
    assert log(1) != log(2)
