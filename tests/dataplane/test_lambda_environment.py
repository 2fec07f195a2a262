"""Execution environments: cold and warm, kept and ended, reset after a failure."""

from __future__ import annotations

import gc
import weakref

from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import Cloud

from .functions import Function, runs

COUNTER = """
import random
import time

count = 0
drawn = []


def handler(event, context):
    global count
    count += 1
    drawn.append(random.random())
    time.sleep(event.get("s", 0))
    return {"count": count, "drawn": drawn}
"""


def invoke_at(cloud: Cloud, function: Function, *times_s: float, **event: float) -> None:
    """Invocations at these instants, each by an actor of its own."""

    def later(at_s: float) -> None:
        cloud.sleep(at_s - cloud.now)
        function.invoke(event)

    for at_s in times_s:
        cloud.spawn(later, at_s, name="caller")
    cloud.run()


def test_first_invocation_is_cold_and_the_next_is_warm(cloud: Cloud) -> None:
    function = Function(cloud, COUNTER)
    assert function.result({"s": 0.2})["count"] == 1
    assert cloud.now == 1.0  # 0.8 s of init, then the handler
    assert function.result({"s": 0.2})["count"] == 2
    assert cloud.now == 1.2
    cold, warm = runs(cloud)
    assert (cold["InitDurationMs"], cold["DurationMs"], cold["BilledDurationMs"]) == (800, 200, 1000)
    assert (cold["time_s"], cold["duration_s"]) == (0, 1)
    assert "InitDurationMs" not in warm
    assert (warm["DurationMs"], warm["BilledDurationMs"], warm["Environment"]) == (200, 200, "f-1")


def test_init_runs_the_module_and_its_time_counts(cloud: Cloud) -> None:
    function = Function(cloud, "import time\ntime.sleep(2)\n" + COUNTER)
    function.invoke({"s": 1})
    (run,) = runs(cloud)
    assert (run["InitDurationMs"], run["DurationMs"]) == (2800, 1000)


@given(init_ms=st.integers(0, 9_999), run_us=st.integers(0, 2_999_999))
@settings(max_examples=10, deadline=None)
def test_bill_is_init_and_run_rounded_up_to_a_millisecond(init_ms: int, run_us: int) -> None:
    with Cloud() as cloud:
        cloud.api_latency_s = 0
        cloud.plane("lambda").models.init_s = init_ms / 1000
        function = Function(cloud, COUNTER)
        function.invoke({"s": run_us / 1e6})
        function.invoke({"s": run_us / 1e6})
        cold, warm = runs(cloud)
    assert cold["BilledDurationMs"] == init_ms + -(-run_us // 1000)
    assert warm["BilledDurationMs"] == -(-run_us // 1000)


def test_one_environment_serves_one_request_at_a_time(cloud: Cloud) -> None:
    # DG/lambda-concurrency.html, the table of ten requests: six environments, four of them used again.
    cloud.plane("lambda").models.init_s = 1
    function = Function(cloud, COUNTER, Timeout=30)
    invoke_at(cloud, function, 0, 1, 2, 3, 4, 5.5, 6.5, 7.5, 7.8, 8.5, s=4)
    used = [run["Environment"] for run in runs(cloud)]
    assert used == ["f-1", "f-2", "f-3", "f-4", "f-5", "f-1", "f-2", "f-3", "f-6", "f-4"]
    cold = ["InitDurationMs" in run for run in runs(cloud)]
    assert cold == [True] * 5 + [False] * 3 + [True, False]


def test_environment_used_last_serves_next(cloud: Cloud) -> None:
    cloud.plane("lambda").models.init_s = 0
    function = Function(cloud, COUNTER)
    invoke_at(cloud, function, 0, 0, s=0.1)
    function.invoke({})
    assert [run["Environment"] for run in runs(cloud)] == ["f-1", "f-2", "f-2"]


def test_idle_environment_ends(cloud: Cloud) -> None:
    models = cloud.plane("lambda").models
    models.init_s, models.idle_s = 0, 60
    function = Function(cloud, COUNTER)
    assert function.result({})["count"] == 1
    cloud.advance(59.9)
    assert function.result({})["count"] == 2
    cloud.advance(59.9)
    assert function.result({})["count"] == 3
    cloud.advance(60)
    assert function.result({})["count"] == 1
    assert [run["Environment"] for run in runs(cloud)] == ["f-1", "f-1", "f-1", "f-2"]


def test_busy_environment_is_not_idle(cloud: Cloud) -> None:
    models = cloud.plane("lambda").models
    models.init_s, models.idle_s = 0, 5
    function = Function(cloud, COUNTER, Timeout=60)
    function.invoke({"s": 50})
    cloud.advance(4)
    assert function.result({})["count"] == 2


def test_change_of_configuration_or_code_starts_new_environments(cloud: Cloud) -> None:
    function = Function(cloud, COUNTER, Environment={"Variables": {"AA": "1"}})
    function.invoke({})
    function.change(Environment={"Variables": {"AA": "2"}})
    assert function.result({})["count"] == 1
    function.change(Environment={"Variables": {"AA": "2"}})  # nothing new in it
    assert function.result({})["count"] == 2
    function.change_code(COUNTER + "\n# another version\n")
    assert function.result({})["count"] == 1
    assert [run["Environment"] for run in runs(cloud)] == ["f-1", "f-2", "f-2", "f-3"]


def test_change_lets_the_invocation_in_progress_end(cloud: Cloud) -> None:
    function = Function(cloud, COUNTER)

    def change() -> None:
        cloud.sleep(1)
        function.change_code("def handler(event, context):\n    return 'new'\n")

    replies = []
    cloud.spawn(lambda: replies.append(function.result({"s": 2})))
    cloud.spawn(change)
    cloud.run()
    assert replies[0]["count"] == 1
    assert function.result({}) == "new"


def test_handler_that_raises_keeps_its_environment(cloud: Cloud) -> None:
    source = COUNTER + "    return 1 / event['by'] * count\n"
    function = Function(cloud, source.replace('    return {"count": count, "drawn": drawn}\n', ""))
    assert function.invoke({"by": 0}).payload["errorType"] == "ZeroDivisionError"
    assert function.result({"by": 1}) == 2.0


RESET = """
import os
import sys
import time

state = []


def handler(event, context):
    state.append(event["do"])
    with open("/tmp/seen", "a") as file:
        file.write(event["do"] + ",")
    if event["do"] == "sleep":
        time.sleep(60)
    if event["do"] == "exit":
        sys.exit(1)
    with open("/tmp/seen") as file:
        return {"state": state, "tmp": file.read(), "stream": context.log_stream_name}
"""


def test_reset_repeats_the_init_within_the_next_invocation_and_keeps_tmp(cloud: Cloud) -> None:
    function = Function(cloud, RESET)
    stream = function.result({"do": "a"})["stream"]
    for failure, seen in (("sleep", "a,sleep,b,"), ("exit", "a,sleep,b,exit,b,")):
        assert function.invoke({"do": failure}).error == "Unhandled"
        reply = function.invoke({"do": "b"})
        assert reply.payload == {"state": ["b"], "tmp": seen, "stream": stream}
        assert "Init Duration" not in reply.log[-1]
        run = runs(cloud)[-1]
        assert (run["Environment"], run["DurationMs"], run["BilledDurationMs"]) == ("f-1", 800, 800)
        assert run["SuppressedInitDurationMs"] == 800
        assert "InitDurationMs" not in run


def test_random_numbers_go_on_and_differ_between_environments(cloud: Cloud) -> None:
    function = Function(cloud, COUNTER + "    \n")
    replies = []
    for _ in range(2):
        cloud.spawn(lambda: replies.append(function.result({"s": 1})["drawn"]))
    cloud.run()
    (first,), (other,) = replies
    assert first != other
    assert function.result({})["drawn"][0] in (first, other)
    with Cloud(seed=cloud.seed) as again:
        assert Function(again, COUNTER).result({})["drawn"] == [first]


def test_random_numbers_after_a_reset_are_new(cloud: Cloud) -> None:
    source = "import random, time\ndef handler(event, context):\n    time.sleep(event)\n    return random.random()\n"
    function = Function(cloud, source)
    first = function.result(0)
    function.invoke(60)
    assert function.result(0) != first


def test_init_over_ten_seconds_is_repeated_within_the_function_timeout(cloud: Cloud) -> None:
    function = Function(cloud, "import time\ntime.sleep(12)\n" + COUNTER, Timeout=20)
    cloud.plane("lambda").models.init_s = 0
    reply = function.invoke({"s": 1})
    assert reply.payload["count"] == 1
    assert reply.log[1] == "INIT_REPORT Init Duration: 10000.00 ms\tPhase: init\tStatus: timeout"
    (run,) = runs(cloud)
    assert (run["InitDurationMs"], run["SuppressedInitDurationMs"], run["DurationMs"]) == (
        10_000,
        12_000,
        13_000,
    )
    assert run["BilledDurationMs"] == 23_000


def test_init_that_never_fits_times_out(cloud: Cloud) -> None:
    cloud.plane("lambda").models.init_s = 0
    function = Function(cloud, "import time\ntime.sleep(12)\n" + COUNTER, Timeout=3)
    assert function.invoke({}).payload["errorType"] == "Sandbox.Timedout"
    assert cloud.now == 13
    assert function.invoke({}).payload["errorType"] == "Sandbox.Timedout"
    assert cloud.now == 16  # a reset environment: no init phase of its own any more


def test_failed_init_is_tried_again_with_the_invocation(cloud: Cloud) -> None:
    function = Function(cloud, "print('here')\nimport missing\n")
    reply = function.invoke({})
    assert reply.payload["errorType"] == "Runtime.ImportModuleError"
    assert [line for line in reply.log if line == "here"] == ["here", "here"]
    assert (
        "INIT_REPORT Init Duration: 800.00 ms\tPhase: init\tStatus: error\tError Type: Runtime.ImportModuleError"
        in reply.log
    )
    (run,) = runs(cloud)
    assert (run["Status"], run["InitDurationMs"], run["DurationMs"]) == ("init", 800, 800)


def test_init_may_call_services(cloud: Cloud) -> None:
    cloud.client("s3").create_bucket(Bucket="bucket")
    cloud.client("s3").put_object(Bucket="bucket", Key="k", Body=b"42")
    source = """
import boto3
value = boto3.client("s3").get_object(Bucket="bucket", Key="k")["Body"].read().decode()
def handler(event, context):
    return value
"""
    assert Function(cloud, source).result({}) == "42"
    assert list(cloud.trail[cloud.trail.actor == "f-1"].operation) == ["GetObject"]


def test_deleted_function_is_gone(cloud: Cloud) -> None:
    function = Function(cloud, COUNTER)
    function.invoke({})
    function.client.delete_function(FunctionName="f")
    again = Function(cloud, COUNTER)
    assert again.result({})["count"] == 1


def test_closed_cloud_lets_environments_go(cloud: Cloud) -> None:
    function = Function(cloud, COUNTER)
    function.invoke({"s": 1})
    plane = cloud.plane("lambda")
    pool = next(iter(plane.invoker._environments._pools.values()))
    environment = weakref.ref(next(iter(pool.alive.values())))
    del pool, plane
    cloud.close()
    del function
    gc.collect()
    assert environment() is None
