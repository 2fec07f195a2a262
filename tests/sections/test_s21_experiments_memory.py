"""The memory experiment: results worked out by hand, its claims over their stated ranges, every scene."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from math import ceil
from typing import Any

import pandas as pd
import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers import Cloud
from helpers.dataplane.awslambda import work
from helpers.dataplane.awslambda.invocation import Ending, Invocation
from helpers.dataplane.awslambda.invoker import Invoker
from helpers.experiments import find
from helpers.experiments.prices import cost
from helpers.sections.s21_lambda.experiments.reading import create, role

ID = "21_lambda.memory"
FREE_GB_S = 400_000  # a month: fact lambda.cost.free_compute
LADDER_MB = (128, 256, 512, 1024, 1769, 3008, 5308, 10240)


# Worked examples, by calls


def charged(memory_mb: int, seconds: int) -> pd.DataFrame:
    """What one warm run of so many seconds costs: a row a kind."""
    with Cloud() as cloud:
        cloud.plane("lambda").models.init_s = 0.0
        client = cloud.client("lambda")
        source = "import time\n\n\ndef handler(event, context):\n    time.sleep(event)\n"
        create(client, "rest", source, role(cloud), MemorySize=memory_mb, Timeout=900)
        client.invoke(FunctionName="rest", Payload=json.dumps(seconds))
        return cost(cloud.trail).set_index("kind")


@pytest.mark.parametrize(("memory_mb", "free_s"), [(1024, 400_000), (128, 3_200_000)])
def test_the_free_tier_is_400_000_seconds_at_1_gb_and_eight_times_as_many_at_128_mb(
    memory_mb: int, free_s: int
) -> None:
    """Worked examples free_1gb and free_128mb."""
    seconds = 800
    runs = FREE_GB_S / charged(memory_mb, seconds).billed["Lambda GB-second"]
    assert runs * seconds == free_s


def test_a_dollar_buys_60_000_gb_seconds() -> None:
    """Worked example usd_to_gb_s: 1 / 0.0000166667 = 59,999.9; older notes say 600,000."""
    line = charged(2048, 800).loc["Lambda GB-second"]
    assert line.billed == 1600
    assert line.billed / line.usd == pytest.approx(59_999.9, abs=0.05)


def test_a_request_costs_0_20_usd_a_million() -> None:
    """Worked example request_price."""
    line = charged(128, 1).loc["Lambda request"]
    assert (line.billed, line.usd) == (1, 0.0000002)


# Results worked out by hand


def test_the_ladder_halves_the_time_up_to_one_vcpu_and_no_further() -> None:
    sizes = outcome(ID).measurements.sizes
    assert tuple(size.memory_mb for size in sizes) == LADDER_MB
    assert [size.run_s for size in sizes] == pytest.approx(
        [2 * 1769 / 128, 2 * 1769 / 256, 2 * 1769 / 512, 2 * 1769 / 1024, 2, 2, 2, 2], abs=1e-6
    )


def test_a_price_is_that_of_requests_and_of_gb_seconds_by_the_begun_millisecond() -> None:
    """At 512 MB 2 s of work take 6.91016 s: 6,911 ms, 3.4555 GB-s, 57.5918 USD a million, and 0.20 for requests."""
    chosen = outcome(ID).measurements.chosen
    assert chosen.run_s == pytest.approx(6.910156, abs=1e-6)
    assert chosen.billed_ms == 6_911
    assert chosen.usd_per_million == pytest.approx(6.911 * 0.5 * 16.6667 + 0.2, abs=1e-4)


def test_the_bill_of_the_trail_is_the_sum_of_the_prices() -> None:
    found = outcome(ID, wait_s=1.5)
    assert found.cost[found.cost.kind.str.startswith("Lambda")].usd.sum() * 1e6 == pytest.approx(
        sum(size.usd_per_million for size in found.measurements.sizes), abs=1e-3
    )


@pytest.mark.parametrize(
    ("memory_mb", "threads", "run_s"),
    [
        (1769, 1, 2),
        (1769, 2, 2),
        (3538, 1, 2),
        (3538, 2, 1),
        (10_240, 4, 0.5),
        (10_240, 6, 2 * 1769 / 10_240),
    ],
)
def test_threads_use_what_vcpus_there_are(memory_mb: int, threads: int, run_s: float) -> None:
    found = outcome(ID, memory_mb=memory_mb, threads=threads)
    assert found.measurements.chosen.run_s == pytest.approx(run_s, abs=1e-6)


def test_waiting_is_as_long_at_every_size() -> None:
    found = outcome(ID, work_vcpu_s=0, wait_s=3)
    assert [size.run_s for size in found.measurements.sizes] == [3] * 8
    assert [size.billed_ms for size in found.measurements.sizes] == [3_000] * 8
    assert found.summary["cheapest_mb"] == 128


def test_the_timeout_stops_the_two_smallest_sizes_and_bills_them() -> None:
    found = outcome(ID, timeout_s=10)
    assert [(size.run_s, size.billed_ms) for size in found.measurements.sizes if size.stopped] == [
        (10, 10_000)
    ] * 2
    assert found.summary["stopped"] == 2


def test_a_size_beside_the_ladder_is_run_too() -> None:
    found = outcome(ID, memory_mb=3328)
    assert [size.memory_mb for size in found.measurements.sizes] == sorted([*LADDER_MB, 3328])


# The claims

SIZES: dict[str, Strategy] = {
    "memory_mb": st.one_of(st.sampled_from(LADDER_MB), st.integers(128, 10_240)),
    "work_vcpu_s": st.floats(0, 30).map(lambda value: round(value, 1)),
    "wait_s": st.one_of(st.just(0), st.floats(0, 30).map(lambda value: round(value, 1))),
    "timeout_s": st.one_of(st.integers(1, 60), st.integers(1, 900)),
}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SIZES))
@settings(max_examples=25)
def test_no_claim_is_false_in_its_range(values: dict[str, Any]) -> None:
    found = outcome(ID, **values)
    assert counterexamples(found) == []
    for size in found.measurements.sizes:
        vcpus = min(size.memory_mb / 1769, values["threads"])
        whole_s = values["work_vcpu_s"] / vcpus + values["wait_s"]
        assert size.run_s == pytest.approx(min(whole_s, values["timeout_s"]), abs=1e-5)
        assert abs(size.billed_ms - ceil(size.run_s * 1000 - 1e-6)) <= 1


def _towards(**narrowed: Strategy) -> Callable[..., Drawn]:
    return lambda **more: settings_of(find(ID), **{**SIZES, **narrowed, **more})


def give_every_size_a_vcpu(patch: Patch) -> None:
    """Memory is only memory: the processor is the same at every size."""
    patch.setattr(work, "_vcpus", lambda: 1.0)


def speed_up_single_threads(patch: Patch) -> None:
    """One thread uses all vCPUs of a large size."""
    real = work.cpu
    patch.setattr(work, "cpu", lambda vcpu_seconds, threads=1: real(vcpu_seconds, 6))


def favour_large_sizes(patch: Patch) -> None:
    """The processor grows with the square of the memory."""
    real = work._vcpus
    patch.setattr(work, "_vcpus", lambda: real() ** 2)


def bill_successes_only(patch: Patch) -> None:
    """A run that failed or was stopped is not billed."""
    real = Invoker._record

    def record(self: Invoker, invocation: Invocation, ending: Ending, memory_mb: int) -> None:
        real(self, invocation, replace(ending, billed_ms=0) if ending.failed else ending, memory_mb)

    patch.setattr(Invoker, "_record", record)


_WORKING = {"work_vcpu_s": st.floats(2, 30).map(lambda value: round(value, 1))}

SEARCH = ClaimSearch(
    ID,
    {
        "flat": _towards(wait_s=st.just(0), timeout_s=st.integers(60, 900)),
        "ceiling": _towards(threads=st.integers(1, 3), timeout_s=st.integers(60, 900)),
        "waiting": _towards(
            wait_s=st.floats(0.3, 20).map(lambda value: round(value, 1)), timeout_s=st.integers(60, 900)
        ),
        "stopped": _towards(timeout_s=st.integers(1, 60)),
    },
    (
        Break("flat", give_every_size_a_vcpu),
        Break("flat", favour_large_sizes),
        Break("ceiling", speed_up_single_threads, {**_WORKING, "threads": st.integers(1, 2)}),
        Break("waiting", favour_large_sizes, _WORKING),
        Break("stopped", bill_successes_only),
    ),
    examples=12,
)


class TestClaims(SearchedClaims):
    search = SEARCH
