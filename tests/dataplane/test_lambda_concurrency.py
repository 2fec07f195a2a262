"""How much may run at once: the account's concurrency, reserved concurrency, requests a second, the scaling rate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import Cloud
from helpers.dataplane.awslambda.capacity import RequestRate, ScalingRate
from helpers.dataplane.awslambda.errors import CONCURRENT, RATE, RESERVED_CONCURRENT, RESERVED_RATE, Throttle
from helpers.dataplane.awslambda.invocation import Invocation

from .conftest import refused
from .functions import Function, runs

WAIT = "import time\ndef handler(event, context):\n    time.sleep(event)\n"
S = 1_000_000


@pytest.fixture
def instant(cloud: Cloud) -> Cloud:
    """A Cloud whose environments need no time to start."""
    cloud.plane("lambda").models.init_s = 0
    return cloud


def caller(cloud: Cloud, function: Function, heard: list[str]) -> Callable[[float], None]:
    """A call without retries: hears "ok", or the reason of the refusal."""
    client = cloud.client("lambda", config=Config(retries={"total_max_attempts": 1}))

    def call(duration_s: float = 1) -> None:
        try:
            client.invoke(FunctionName=function.name, Payload=str(duration_s))
            heard.append("ok")
        except client.exceptions.TooManyRequestsException as error:
            heard.append(error.response["Reason"])

    return call


def at_once(cloud: Cloud, function: Function, number: int, duration_s: float = 1) -> Counter[str]:
    """So many calls at this instant; how many were answered how."""
    heard: list[str] = []
    call = caller(cloud, function, heard)
    for _ in range(number):
        cloud.spawn(call, duration_s)
    cloud.run()
    return Counter(heard)


def test_account_concurrency_is_shared(instant: Cloud) -> None:
    instant.plane("lambda").models.account_concurrency = 120
    one, two = Function(instant, WAIT, "one"), Function(instant, WAIT, "two")
    heard: dict[str, list[str]] = {"one": [], "two": []}
    for function, number in ((one, 100), (two, 30)):
        call = caller(instant, function, heard[function.name])
        for _ in range(number):
            instant.spawn(call)
    instant.run()
    assert Counter(heard["one"]) == {"ok": 100}
    assert Counter(heard["two"]) == {"ok": 20, CONCURRENT: 10}
    assert at_once(instant, two, 30) == {"ok": 30}


def test_reserved_concurrency_is_lower_and_upper_bound(instant: Cloud) -> None:
    instant.plane("lambda").models.account_concurrency = 130
    one, two = Function(instant, WAIT, "one"), Function(instant, WAIT, "two")
    one.client.put_function_concurrency(FunctionName="one", ReservedConcurrentExecutions=30)
    heard: dict[str, list[str]] = {"one": [], "two": []}
    for function, number in ((two, 110), (one, 40)):
        call = caller(instant, function, heard[function.name])
        for _ in range(number):
            instant.spawn(call)
    instant.run()
    assert Counter(heard["two"]) == {"ok": 100, CONCURRENT: 10}  # 130 less what one has reserved, used or not
    assert Counter(heard["one"]) == {"ok": 30, RESERVED_CONCURRENT: 10}
    one.client.delete_function_concurrency(FunctionName="one")
    assert at_once(instant, one, 40) == {"ok": 40}


def test_reserved_concurrency_of_zero_stops_a_function(instant: Cloud) -> None:
    function = Function(instant, WAIT)
    function.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    assert at_once(instant, function, 3) == {RESERVED_CONCURRENT: 3}
    assert runs(instant) == []


def test_reservation_leaves_100_unreserved(cloud: Cloud) -> None:
    one, two = Function(cloud, WAIT, "one"), Function(cloud, WAIT, "two")
    put = cloud.client("lambda").put_function_concurrency
    assert (
        refused(put, FunctionName="one", ReservedConcurrentExecutions=901) == "InvalidParameterValueException"
    )
    put(FunctionName="one", ReservedConcurrentExecutions=900)
    put(FunctionName="one", ReservedConcurrentExecutions=900)  # again: its own reservation is no hindrance
    assert (
        refused(put, FunctionName="two", ReservedConcurrentExecutions=1) == "InvalidParameterValueException"
    )
    put(FunctionName="one", ReservedConcurrentExecutions=400)
    put(FunctionName="two", ReservedConcurrentExecutions=500)
    assert one.client.get_account_settings()["AccountLimit"] == {
        "TotalCodeSize": 322_122_547_200,
        "CodeSizeUnzipped": 262_144_000,
        "CodeSizeZipped": 52_428_800,
        "ConcurrentExecutions": 1_000,
        "UnreservedConcurrentExecutions": 100,
    }
    assert two.client.get_account_settings()["AccountUsage"]["FunctionCount"] == 2
    version = one.publish()
    arguments = {"FunctionName": f"one:{version}", "ReservedConcurrentExecutions": 1}
    assert refused(put, **arguments) == "InvalidParameterValueException"


def test_quota_that_aws_raised(cloud: Cloud) -> None:
    cloud.plane("lambda").models.account_concurrency = 3_000
    function = Function(cloud, WAIT)
    function.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=2_900)
    assert function.client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 100


def test_regions_and_accounts_have_quotas_of_their_own(instant: Cloud) -> None:
    instant.plane("lambda").models.account_concurrency = 100
    here = Function(instant, WAIT)
    there = instant.client(
        "lambda", region_name="eu-west-1", config=Config(retries={"total_max_attempts": 1})
    )
    there.create_function(
        FunctionName="f", Runtime="python3.13", Role=here.client.get_function_configuration(FunctionName="f")["Role"],
        Handler="lambda_function.handler", Code={"ZipFile": _code(here)},
    )  # fmt: skip
    heard: list[str] = []
    for _ in range(100):
        instant.spawn(caller(instant, here, heard))
    instant.spawn(lambda: there.invoke(FunctionName="f", Payload="1"))
    instant.run()
    assert Counter(heard) == {"ok": 100}
    assert len(runs(instant)) == 101


def _code(function: Function) -> bytes:
    return function.cloud.function_code(function.name)


def test_ten_requests_a_second_for_each_unit_of_concurrency(instant: Cloud) -> None:
    # DG/lambda-concurrency.html: short runs meet the limit of requests before that of concurrency.
    function = Function(instant, WAIT)
    function.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=2)
    heard: list[str] = []
    call = caller(instant, function, heard)

    def burst() -> None:
        for _ in range(25):
            call(0.01)
        instant.sleep(1 - (instant.now % 1))
        call(0.01)

    instant.spawn(burst)
    instant.run()
    assert Counter(heard[:25]) == {"ok": 20, RESERVED_RATE: 5}
    assert heard[25] == "ok"


def test_requests_of_the_account_are_ten_times_its_concurrency(instant: Cloud) -> None:
    instant.plane("lambda").models.account_concurrency = 100
    one, two = Function(instant, WAIT, "one"), Function(instant, WAIT, "two")
    heard: list[str] = []

    def burst(function: Function) -> None:
        call = caller(instant, function, heard)
        for _ in range(505):
            call(0.001)

    instant.spawn(burst, one)
    instant.spawn(burst, two)
    instant.run()
    assert Counter(heard) == {"ok": 1_000, RATE: 10}


@given(concurrency=st.integers(1, 20), gaps=st.lists(st.integers(0, 400_000), max_size=80))
@settings(max_examples=60, deadline=None)
def test_no_second_has_more_requests_than_ten_times_the_concurrency(
    concurrency: int, gaps: list[int]
) -> None:
    rate, now_us, passed = RequestRate(), 0, []
    for gap in gaps:
        now_us += gap
        recent = sum(1 for at in passed if now_us - at < S)
        assert rate.full(concurrency, now_us) == (recent >= 10 * concurrency)
        if not rate.full(concurrency, now_us):
            rate.count(now_us)
            passed.append(now_us)


def test_function_gains_1000_environments_at_once_and_100_each_second() -> None:
    rate = ScalingRate()

    def gained(now_us: int) -> int:
        number = 0
        while not rate.used_up(now_us):
            rate.count()
            number += 1
        return number

    assert [gained(second * S) for second in (0, 0, 1, 2, 7)] == [1_000, 0, 100, 100, 500]
    assert gained(7 * S + 9_999) == 0
    assert gained(7 * S + 10_000) == 1
    assert gained(10_000 * S) == 1_000  # what was not used does not add up


@given(gaps=st.lists(st.integers(0, 3_000_000), max_size=40))
@settings(max_examples=60, deadline=None)
def test_no_ten_seconds_gain_more_than_2000_environments(gaps: list[int]) -> None:
    rate, now_us, gained = ScalingRate(), 0, []
    for gap in gaps:
        now_us += gap
        while not rate.used_up(now_us):
            rate.count()
            gained.append(now_us)
        assert sum(1 for at in gained if now_us - at < 10 * S) <= 2_000


def test_burst_beyond_the_scaling_rate_is_throttled(instant: Cloud) -> None:
    instant.plane("lambda").models.account_concurrency = 5_000
    plane, function = instant.plane("lambda"), Function(instant, "def handler(event, context):\n    pass\n")
    capacity = plane.invoker.capacity

    def grow(number: int) -> None:
        for _ in range(number):
            capacity.take_on_demand(function.arn, new_environment=True)
        with pytest.raises(Throttle) as throttled:
            capacity.take_on_demand(function.arn, new_environment=True)
        assert throttled.value.reason == CONCURRENT

    grow(1_000)
    instant.advance(3)
    grow(300)
    assert plane.invoker.in_flight(function.arn) == 1_300


def test_throttle_is_answered_with_429(instant: Cloud) -> None:
    function = Function(instant, WAIT)
    function.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    with pytest.raises(function.client.exceptions.TooManyRequestsException, match="Rate Exceeded") as refusal:
        function.client.invoke(FunctionName="f")
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert refusal.value.response["Reason"] == RESERVED_CONCURRENT
    assert refusal.value.response["Type"] == "User"


def test_throttled_call_is_tried_again_by_the_sdk(instant: Cloud) -> None:
    function = Function(instant, WAIT)
    function.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1)
    for _ in range(2):
        instant.spawn(function.client.invoke, FunctionName="f", Payload="0.2")
    instant.run()
    invokes = instant.trail[instant.trail.operation == "Invoke"]
    assert list(invokes.error[:2]) == [None, "TooManyRequestsException"]
    assert invokes.attempt.max() >= 2
    assert [run["error"] for run in runs(instant)] == [None, None]


def test_throttled_attempt_that_nobody_waits_for_is_a_row(instant: Cloud) -> None:
    function = Function(instant, WAIT)
    plane = instant.plane("lambda")
    function.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    invocation = Invocation(function.arn, "$LATEST", "1", "Mapping", "an id", attempt=3)
    with pytest.raises(Exception, match="Rate Exceeded"):
        plane.invoker.start(invocation, lambda ending: None)
    (row,) = runs(instant)
    assert (row["error"], row["Attempt"], row["InvocationType"]) == ("TooManyRequestsException", 3, "Mapping")
    assert "Environment" not in row


def test_concurrency_is_rate_times_duration(instant: Cloud) -> None:
    # DG/lambda-concurrency.html: 100 requests a second of 0.5 s each need 50.
    function = Function(instant, WAIT)
    plane, seen = instant.plane("lambda"), []

    def callers() -> None:
        for _ in range(300):
            instant.spawn(function.client.invoke, FunctionName="f", Payload="0.5")
            instant.sleep(0.01)
            seen.append(plane.invoker.in_flight(function.arn))

    instant.spawn(callers)
    instant.run()
    assert max(seen) == 50
    assert set(seen[60:]) == {50}
    assert len({run["Environment"] for run in runs(instant)}) == 50
