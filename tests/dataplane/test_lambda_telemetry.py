"""Logs and metrics of functions, as CloudWatch shows them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers import Cloud

from .functions import Function
from .test_telemetry import events, statistics

TALK = """
import logging
import sys
import time

print("from the init")
logger = logging.getLogger()
own = logging.getLogger("shop.orders")


def handler(event, context):
    print("one\\ntwo", end="")
    print(" and more")
    print()
    print("to standard error", file=sys.stderr)
    logger.warning("low stock: %s", 3)
    logger.info("not shown")
    own.error("own logger", extra={"order": 7})
    time.sleep(0.5)
    try:
        {}["key"]
    except KeyError:
        logger.exception("failed")
    sys.stdout.write("no end of line")
"""


def log(cloud: Cloud, group: str = "/aws/lambda/f") -> list[tuple[float, str]]:
    """The events of the only stream of a group."""
    (stream,) = cloud.client("logs").describe_log_streams(logGroupName=group)["logStreams"]
    return events(cloud, group, stream["logStreamName"])


def test_log_of_an_invocation_in_plain_text(cloud: Cloud) -> None:
    request_id = Function(cloud, TALK).invoke().request_id
    version = "python:3.13.v1\tRuntime Version ARN: arn:aws:lambda:us-east-1::runtime:"
    found = log(cloud)
    numbers = "Duration: 500.00 ms\tBilled Duration: 1300 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t"
    numbers += "Init Duration: 800.00 ms"
    assert found[0][1].startswith(f"INIT_START Runtime Version: {version}")
    trace = 'Traceback (most recent call last):\n  File "/var/task/lambda_function.py", line 21, in handler\n'
    assert found[1:] == [
        (0.8, "from the init"),
        (0.8, f"START RequestId: {request_id} Version: $LATEST"),
        (0.8, "one"),
        (0.8, "two and more"),
        (0.8, "\n"),
        (0.8, "to standard error"),
        (0.8, f"[WARNING]\t2026-01-05T09:00:00.800Z\t{request_id}\tlow stock: 3"),
        (0.8, f"[ERROR]\t2026-01-05T09:00:00.800Z\t{request_id}\town logger"),
        (
            1.3,
            f"[ERROR]\t2026-01-05T09:00:01.300Z\t{request_id}\tfailed\n{trace}    {{}}[\"key\"]\nKeyError: 'key'",
        ),
        (1.3, "no end of line"),
        (1.3, f"END RequestId: {request_id}"),
        (1.3, f"REPORT RequestId: {request_id}\t{numbers}"),
    ]


def test_each_environment_has_a_stream(cloud: Cloud) -> None:
    source = "import time\ndef handler(event, context):\n    time.sleep(1)\n    print(event)\n"
    function = Function(cloud, source)
    function.publish()
    for event, options in ((1, {}), (2, {}), (3, {"Qualifier": "1"})):
        cloud.spawn(function.invoke, event, **options)
    cloud.run()
    function.invoke(4)
    streams = cloud.client("logs").describe_log_streams(logGroupName="/aws/lambda/f")["logStreams"]
    names = [stream["logStreamName"] for stream in streams]
    assert sorted(name.partition("]")[0] for name in names) == [
        "2026/01/05/[$LATEST",
        "2026/01/05/[$LATEST",
        "2026/01/05/[1",
    ]
    printed = {
        name: [text for _, text in events(cloud, "/aws/lambda/f", name) if text.isdigit()] for name in names
    }
    assert sorted(printed.values()) == [["1"], ["2", "4"], ["3"]]


def test_log_group_of_one_s_own(cloud: Cloud) -> None:
    source = "def handler(event, context):\n    return context.log_group_name\n"
    function = Function(cloud, source, LoggingConfig={"LogGroup": "shop"})
    assert function.result() == "shop"
    assert len(log(cloud, "shop")) == 4


def test_level_that_the_code_sets(cloud: Cloud) -> None:
    source = """
    import logging
    logging.getLogger().setLevel("INFO")
    def handler(event, context):
        logging.debug("no")
        logging.info("yes")
    """
    function = Function(cloud, source)
    for _ in range(2):
        lines = [line.rpartition("\t")[2] for line in function.invoke().log if line.startswith("[")]
        assert lines == ["yes"]


def in_json(cloud: Cloud) -> list[dict[str, Any]]:
    return [json.loads(text) for _, text in log(cloud) if text.startswith("{")]


def test_log_in_json(cloud: Cloud) -> None:
    function = Function(cloud, TALK, LoggingConfig={"LogFormat": "JSON"})
    request_id = function.invoke().request_id
    plain = [text for _, text in log(cloud) if not text.startswith("{")]
    assert plain == ["from the init", "one", "two and more", "\n", "to standard error", "no end of line"]
    start, began, *said, report = in_json(cloud)
    assert start["record"].pop("runtimeVersionArn").startswith("arn:aws:lambda:us-east-1::runtime:")
    assert start == {
        "time": "2026-01-05T09:00:00.000Z",
        "type": "platform.initStart",
        "record": {"initializationType": "on-demand", "phase": "init", "runtimeVersion": "python:3.13.v1"},
    }
    assert began == {
        "time": "2026-01-05T09:00:00.800Z",
        "type": "platform.start",
        "record": {"requestId": request_id, "version": "$LATEST"},
    }
    at, later = "2026-01-05T09:00:00.800Z", "2026-01-05T09:00:01.300Z"
    root = {"logger": "root", "requestId": request_id}
    assert said == [
        {"timestamp": at, "level": "WARNING", "message": "low stock: 3", **root},
        {"timestamp": at, "level": "INFO", "message": "not shown", **root},  # JSON's own level is INFO
        {
            "timestamp": at,
            "level": "ERROR",
            "message": "own logger",
            **root,
            "logger": "shop.orders",
            "order": 7,
        },
        {
            "timestamp": later,
            "level": "ERROR",
            "message": "failed",
            **root,
            "stackTrace": ['  File "/var/task/lambda_function.py", line 21, in handler\n    {}["key"]\n'],
            "errorType": "KeyError",
            "errorMessage": "'key'",
            "location": "/var/task/lambda_function.py:handler:23",
        },
    ]
    assert report == {
        "time": later,
        "type": "platform.report",
        "record": {
            "requestId": request_id,
            "status": "success",
            "metrics": {
                "durationMs": 500.0,
                "billedDurationMs": 1300,
                "memorySizeMB": 128,
                "maxMemoryUsedMB": 36,
                "initDurationMs": 800.0,
            },
        },
    }


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("TRACE", ["debug", "info", "warn", "error", "plain", '"debug"', '"error"', "bad time"]),
        ("INFO", ["info", "warn", "error", "plain", '"error"', "bad time"]),
        ("WARN", ["warn", "error", '"error"']),
        ("FATAL", []),
    ],
)
def test_levels_of_the_application_log(cloud: Cloud, level: str, expected: list[str]) -> None:
    source = """
    import logging
    def handler(event, context):
        logger = logging.getLogger("app")
        for name in ("debug", "info", "warning", "error"):
            getattr(logger, name)(name.replace("ing", ""))
        print("plain")
        for level in ("debug", "error"):
            print(f'{{"level": "{level}", "timestamp": "2026-01-05T09:00:00Z"}}')
        print('{"level": "error", "timestamp": "bad time"}')
    """
    settings = {"LogFormat": "JSON", "ApplicationLogLevel": level, "SystemLogLevel": "WARN"}
    Function(cloud, source, LoggingConfig=settings).invoke()
    texts = [text for _, text in _log_or_none(cloud)]
    assert len(texts) == len(expected)
    assert all(word in text for word, text in zip(expected, texts))


def _log_or_none(cloud: Cloud) -> list[tuple[float, str]]:
    groups = cloud.client("logs").describe_log_groups()["logGroups"]
    return log(cloud) if groups else []


@pytest.mark.parametrize(
    ("level", "good", "bad"),
    [
        (
            "DEBUG",
            ["initStart", "initReport", "start", "runtimeDone", "report"],
            ["start", "runtimeDone", "report"],
        ),
        ("INFO", ["initStart", "start", "report"], ["start", "runtimeDone", "report"]),
        ("WARN", [], ["runtimeDone", "report"]),
    ],
)
def test_levels_of_the_system_log(cloud: Cloud, level: str, good: list[str], bad: list[str]) -> None:
    settings = {"LogFormat": "JSON", "SystemLogLevel": level}
    function = Function(cloud, "def handler(event, context):\n    return 1 / event\n", LoggingConfig=settings)
    function.invoke(1)
    function.invoke(0)
    kinds = [said["type"].removeprefix("platform.") for said in in_json(cloud) if "type" in said]
    assert kinds == [*good, *bad]
    if level == "DEBUG":
        assert in_json(cloud)[-1]["record"]["status"] == "error"
        assert in_json(cloud)[-1]["record"]["errorType"] == "ZeroDivisionError"


def test_error_in_json(cloud: Cloud) -> None:
    function = Function(
        cloud, "def handler(event, context):\n    return 1 / 0\n", LoggingConfig={"LogFormat": "JSON"}
    )
    reply = function.invoke()
    (said,) = [said for said in in_json(cloud) if said.get("level") == "ERROR"]
    assert said == {"timestamp": "2026-01-05T09:00:00.800Z", "level": "ERROR", **reply.payload}


# Metrics


WORK = """
import time


def handler(event, context):
    time.sleep(event)
    if event > 1:
        raise ValueError(event)
"""


def test_metrics_of_invocations(cloud: Cloud) -> None:
    cloud.plane("lambda").models.init_s = 5
    function = Function(cloud, WORK)
    for duration_s in (0.5, 1, 1.5):
        function.invoke(duration_s)
    cloud.run(until=70)
    function.invoke(60)  # times out
    for dimensions in ({}, {"FunctionName": "f"}):
        counted = statistics(cloud, "Invocations", **dimensions)
        assert [(row["at"], row["Sum"]) for row in counted] == [(0, 3), (60, 1)]
        failed = statistics(cloud, "Errors", **dimensions)
        assert [(row["Sum"], row["SampleCount"]) for row in failed] == [(1, 3), (1, 1)]
        durations = statistics(cloud, "Duration", **dimensions)
        # A cold start is not in it (DG/monitoring-metrics-types.html).
        assert [(row["Average"], row["Maximum"]) for row in durations] == [(1000, 1500), (3000, 3000)]


def test_metric_is_stamped_with_the_time_of_the_invocation(cloud: Cloud) -> None:
    function = Function(cloud, WORK, Timeout=300)
    cloud.run(until=59)
    function.invoke(200)
    assert [row["at"] for row in statistics(cloud, "Errors", FunctionName="f")] == [0]
    assert [row["at"] for row in statistics(cloud, "Duration", FunctionName="f")] == [0]


def test_throttles_are_neither_invocations_nor_errors(cloud: Cloud) -> None:
    function = Function(cloud, WORK)
    function.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    with pytest.raises(function.client.exceptions.TooManyRequestsException):
        function.invoke(0)
    attempts = cloud.trail[cloud.trail.operation == "Invoke"].attempt.max()
    assert sum(row["Sum"] for row in statistics(cloud, "Throttles", FunctionName="f")) == attempts
    assert statistics(cloud, "Invocations", FunctionName="f") == []
    assert statistics(cloud, "Errors") == []


def test_concurrent_executions(cloud: Cloud) -> None:
    one, two = Function(cloud, WORK, "one"), Function(cloud, WORK, "two")
    one.client.put_function_concurrency(FunctionName="one", ReservedConcurrentExecutions=10)
    for function, number in ((one, 4), (two, 3)):
        for _ in range(number):
            cloud.spawn(function.invoke, 1)
    cloud.run()
    assert [row["Maximum"] for row in statistics(cloud, "ConcurrentExecutions", FunctionName="one")] == [4]
    assert [row["Maximum"] for row in statistics(cloud, "ConcurrentExecutions")] == [7]
    assert [row["Maximum"] for row in statistics(cloud, "UnreservedConcurrentExecutions")] == [3]
    assert [row["Maximum"] for row in statistics(cloud, "ClaimedAccountConcurrency")] == [13]


def test_metrics_of_versions_and_aliases(cloud: Cloud) -> None:
    function = Function(cloud, WORK)
    function.publish()
    function.change(Timeout=9)
    function.publish()
    routing = {"AdditionalVersionWeights": {"2": 0.5}}
    function.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1", RoutingConfig=routing)
    ran = [function.invoke(0, Qualifier="live").version for _ in range(20)]
    function.invoke(0, Qualifier="1")
    function.invoke(0)

    def total(**dimensions: str) -> float:
        return sum(row["Sum"] for row in statistics(cloud, "Invocations", **dimensions))

    live = {"FunctionName": "f", "Resource": "f:live"}
    assert total(FunctionName="f") == 22
    assert total(**live) == 20
    assert total(FunctionName="f", Resource="f:1") == 1
    assert [total(**live, ExecutedVersion=version) for version in "12"] == [ran.count("1"), ran.count("2")]


def test_metrics_of_provisioned_concurrency(cloud: Cloud) -> None:
    function = Function(cloud, WORK)
    function.publish()
    function.client.put_provisioned_concurrency_config(
        FunctionName="f", Qualifier="1", ProvisionedConcurrentExecutions=4
    )
    cloud.run(until=120)
    for _ in range(5):
        cloud.spawn(function.invoke, 1, Qualifier="1")
    cloud.run()
    resource = {"FunctionName": "f", "Resource": "f:1"}
    name = "ProvisionedConcurrency"
    assert [row["Sum"] for row in statistics(cloud, f"{name}Invocations", **resource)] == [4]
    assert [row["Sum"] for row in statistics(cloud, f"{name}SpilloverInvocations", **resource)] == [1]
    assert [row["Maximum"] for row in statistics(cloud, f"{name}Utilization", **resource)] == [1]
    assert [row["Maximum"] for row in statistics(cloud, "ProvisionedConcurrentExecutions", **resource)] == [4]
    assert [row["Maximum"] for row in statistics(cloud, "ClaimedAccountConcurrency")] == [5]
