"""What more memory costs, and what it buys: one function, tuned over a ladder of memory sizes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from helpers.dataplane.awslambda.limits import MEMORY_MB, MEMORY_OF_A_VCPU_MB
from helpers.experiments import (
    Claim,
    Experiment,
    Finding,
    Float,
    Goal,
    Int,
    Option,
    Prediction,
    Scene,
    Values,
    calls,
    false,
    not_applicable,
    true,
)
from helpers.experiments.prices import PRICES
from helpers.sections.s21_lambda.experiments.reading import GUIDE, create, executions, role

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

GB_SECOND, REQUEST = PRICES["Lambda GB-second"], PRICES["Lambda request"]
LADDER_MB = (128, 256, 512, 1024, 1769, 3008, 5308, 10240)
SOURCE = """
import time

from helpers import cpu


def handler(event, context):
    cpu(event["vcpu_s"], threads=event["threads"])  # resize a picture
    time.sleep(event["wait_s"])  # store it: wait for another service
    return "stored"
"""


@dataclass(frozen=True)
class Size:
    """One run at a memory size: seconds, what was billed, whether the timeout stopped it, the price of a million."""

    memory_mb: int
    run_s: float
    billed_ms: int
    stopped: bool
    usd_per_million: float


@dataclass(frozen=True)
class Measured:
    """What the trail shows: the sizes, smallest first, and the one that was chosen."""

    sizes: tuple[Size, ...]
    chosen: Size
    summary: dict[str, int | float | str]

    def at(self, memory_mb: int) -> Size:
        """The run at a size of the ladder."""
        return next(size for size in self.sizes if size.memory_mb == memory_mb)

    @property
    def good(self) -> tuple[Size, ...]:
        """The sizes at which the work was done."""
        return tuple(size for size in self.sizes if not size.stopped)


class Memory(Experiment):
    """A ladder of memory sizes for one piece of work; see the module."""

    id = "21_lambda.memory"
    title = "Memory, speed and the bill"
    question = "What does more memory cost, and what does it buy?"
    parameters = (
        Int(
            "memory_mb",
            512,
            "memory",
            "The memory of the function. Its share of the processor grows with it.",
            unit="MB",
            minimum=MEMORY_MB[0],
            maximum=MEMORY_MB[1],
            source=GUIDE + "configuration-memory.html",
        ),
        Float(
            "work_vcpu_s",
            2,
            "computing",
            "How long one whole vCPU would compute.",
            unit="s",
            minimum=0,
            maximum=30,
            step=0.5,
            assumption=True,
        ),
        Float(
            "wait_s",
            0,
            "waiting",
            "How long the function then waits for another service.",
            unit="s",
            minimum=0,
            maximum=30,
            step=0.1,
            assumption=True,
        ),
        Int(
            "threads",
            1,
            "threads",
            "Over how many threads the computing is spread evenly.",
            minimum=1,
            maximum=6,
            assumption=True,
        ),
        Int(
            "timeout_s",
            60,
            "timeout",
            "When Lambda stops the function. The default of CreateFunction is 3 s.",
            unit="s",
            minimum=1,
            maximum=900,
            source=GUIDE + "configuration-timeout.html",
        ),
    )
    differences = (
        "How long work takes is stated (`helpers.cpu`), not measured: AWS promises the share of a vCPU, not a speed.",
        "Waiting costs no processor here; a function that waits on AWS still does a little work.",
        "Environments start in no time here; a cold start would be billed on top.",
        "The prices are for x86 in us-east-1, without the free tier.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """Set each size of the ladder in turn, and measure one run."""
        cloud.plane("lambda").models.init_s = 0.0
        client = cloud.client("lambda")
        sizes = sorted({*LADDER_MB, p.memory_mb})
        create(client, "resize", SOURCE, role(cloud), MemorySize=sizes[0], Timeout=p.timeout_s)
        work = json.dumps({"vcpu_s": p.work_vcpu_s, "threads": p.threads, "wait_s": p.wait_s})
        for memory_mb in sizes:
            if memory_mb != sizes[0]:
                client.update_function_configuration(FunctionName="resize", MemorySize=memory_mb)
            client.invoke(FunctionName="resize", Payload=work)

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Duration and price at each size, from the runs that the service recorded."""
        sizes = tuple(
            Size(
                one.memory_mb,
                one.run_s,
                one.billed_ms,
                one.error == "Sandbox.Timedout",
                round(usd_per_million(one.billed_ms, one.memory_mb), 4),
            )
            for one in executions(calls(trail))
        )
        chosen = next(size for size in sizes if size.memory_mb == p.memory_mb)
        good = [size for size in sizes if not size.stopped]
        summary: dict[str, int | float | str] = {
            "duration_s": round(chosen.run_s, 3),
            "billed_s": chosen.billed_ms / 1000,
            "usd_per_million": chosen.usd_per_million,
            "sizes": len(sizes),
            "stopped": len(sizes) - len(good),
            "cheapest_mb": min(good, key=lambda size: size.usd_per_million).memory_mb if good else 0,
            "cheapest_usd": min((size.usd_per_million for size in good), default=0.0),
            "fastest_s": round(min((size.run_s for size in good), default=0.0), 3),
        }
        return Measured(sizes, chosen, summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A lane per memory size: the run on the left, its price on the right."""
        from helpers.sections.s21_lambda.experiments import memory_picture

        return memory_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def flat(p: Values, m: Measured) -> Finding:
        """Up to a vCPU a thread, computing is faster the more memory there is, and costs the same at every size."""
        sizes = [size for size in m.good if size.memory_mb <= ceiling_mb(p)]
        if len(sizes) < 2 or not p.work_vcpu_s:
            return not_applicable("Fewer than two sizes below one vCPU a thread finished the work.")
        first, last = sizes[0], sizes[-1]
        said = (
            f"{first.memory_mb:,} MB take {first.run_s:.2f} s for {first.usd_per_million:.2f} USD a million, "
            f"{last.memory_mb:,} MB take {last.run_s:.2f} s for {last.usd_per_million:.2f} USD"
        )
        prices = [size.usd_per_million for size in sizes]
        faster = all(before.run_s > after.run_s for before, after in pairwise(sizes))
        if faster and max(prices) <= 1.03 * min(prices):
            return true(f"{said}: the time shrinks as the memory grows.")
        return false(f"{said}." if not p.wait_s else f"{said}: waiting is paid for by its memory.")

    @staticmethod
    def ceiling(p: Values, m: Measured) -> Finding:
        """Beyond a vCPU a thread nothing gets faster, and the bill grows."""
        sizes = [size for size in m.good if size.memory_mb >= ceiling_mb(p)]
        if len(sizes) < 2:
            return not_applicable(f"No two sizes lie beyond one vCPU for each of {p.threads} threads.")
        first, last = sizes[0], sizes[-1]
        said = (
            f"{first.memory_mb:,} MB and {last.memory_mb:,} MB take {first.run_s:.2f} s and {last.run_s:.2f} s, for "
            f"{first.usd_per_million:.2f} and {last.usd_per_million:.2f} USD a million"
        )
        grows = all(a.usd_per_million < b.usd_per_million for a, b in pairwise(sizes))
        if abs(first.run_s - last.run_s) < 0.002 and grows:
            return true(f"{said}: a thread has one vCPU at most.")
        return false(f"{said}.")

    @staticmethod
    def waiting(p: Values, m: Measured) -> Finding:
        """Where a function waits, the smallest size that finishes is the cheapest."""
        if not p.wait_s or not m.good:
            return not_applicable("The function waits for nothing, or nothing finished.")
        small, cheapest = m.good[0], min(m.good, key=lambda size: size.usd_per_million)
        said = f"{small.memory_mb:,} MB cost {small.usd_per_million:.2f} USD a million"
        # A millisecond that was rounded up may lie between them.
        if small.usd_per_million <= 1.005 * cheapest.usd_per_million:
            return true(f"{said}, the least: a second of waiting costs more the more memory waits.")
        return false(f"{said}, and {cheapest.memory_mb:,} MB only {cheapest.usd_per_million:.2f} USD.")

    @staticmethod
    def stopped(p: Values, m: Measured) -> Finding:
        """A run that the timeout stops is billed for the whole timeout and has no result."""
        stopped = [size for size in m.sizes if size.stopped]
        if not stopped:
            return not_applicable(f"Every size finished within the timeout of {p.timeout_s} s.")
        names = ", ".join(f"{size.memory_mb:,}" for size in stopped)
        if all(size.billed_ms == 1000 * p.timeout_s for size in stopped):
            return true(
                f"At {names} MB the run was stopped after {p.timeout_s} s, and {p.timeout_s} s were billed."
            )
        return false(
            f"At {names} MB the run was stopped, but something else than {p.timeout_s} s was billed."
        )


def usd_per_million(billed_ms: int, memory_mb: int) -> float:
    """The price of a million runs: requests, and GB-seconds in steps of 1 ms."""
    gb_s = billed_ms / 1000 * memory_mb / 1024
    return gb_s * GB_SECOND.usd_per_million + REQUEST.usd_per_million


def ceiling_mb(p: Values) -> int:
    """The memory at which each thread has a whole vCPU."""
    return int(p.threads * MEMORY_OF_A_VCPU_MB)


def work_s(p: Values, memory_mb: int) -> float:
    """How long the work takes at a size."""
    return float(p.work_vcpu_s / min(memory_mb / MEMORY_OF_A_VCPU_MB, p.threads) + p.wait_s)


Memory.claims = (
    Claim(
        "flat",
        "While each thread has less than a vCPU, more memory makes computing faster at the same price.",
        ("lambda.perf.ram_cpu", "lambda.perf.cpu_bound", "lambda.cost.dimensions"),
        Memory.flat,
        "the function computes for half a second or more and waits for nothing",
        lambda p: p.wait_s == 0 and p.work_vcpu_s >= 0.5 and work_s(p, 512) < p.timeout_s,
    ),
    Claim(
        "ceiling",
        "Beyond 1,769 MB for each thread nothing gets faster, and every step up costs more.",
        ("lambda.perf.vcpu", "lambda.perf.multithread"),
        Memory.ceiling,
        "up to three threads, and work that finishes in time",
        lambda p: p.threads <= 3 and 0.1 <= work_s(p, LADDER_MB[-1]) < p.timeout_s - 0.1,
    ),
    Claim(
        "waiting",
        "If the function also waits, the smallest memory that finishes in time is the cheapest.",
        ("lambda.cost.dimensions", "lambda.cost.granularity"),
        Memory.waiting,
        "the function waits for a third of a second or more, and some size finishes in time",
        lambda p: p.wait_s >= 0.3 and work_s(p, LADDER_MB[-1]) < p.timeout_s - 0.1,
    ),
    Claim(
        "stopped",
        "A run that reaches the timeout is stopped there and billed for all of it.",
        ("lambda.perf.timeout",),
        Memory.stopped,
        "the work at 128 MB takes longer than the timeout",
        lambda p: work_s(p, LADDER_MB[0]) > p.timeout_s + 0.1,
    ),
)


def _ratio(m: Measured, low_mb: int, high_mb: int) -> float:
    """The price of a run at the larger size against that at the smaller one."""
    return m.at(high_mb).usd_per_million / m.at(low_mb).usd_per_million


Memory.scenes = (
    Scene(
        "double",
        "Twice the memory",
        {"work_vcpu_s": 0, "wait_s": 3},
        "A function waits 3 s for another service, and more memory only costs more. Is that so for every function?",
        Prediction(
            "It computes 2 s instead of waiting. What does 1,024 MB cost then, against 512 MB?",
            (
                Option(
                    "double",
                    "Twice as much, since a GB-second is full in half the time",
                    "memory_only_costs",
                    "Each second costs twice as much, and there are half as many of them: CPU comes with memory.",
                    true_if=lambda p, m: _ratio(m, 512, 1024) > 1.8,
                ),
                Option(
                    "same",
                    "As much as 512 MB, since a run takes half the time",
                    None,
                    "The share of a vCPU doubles, so the run takes half as long at twice the price a second.",
                    right=True,
                    true_if=lambda p, m: 0.97 < _ratio(m, 512, 1024) < 1.03,
                ),
                Option(
                    "more",
                    "A little more, since memory is a small part of the bill",
                    "memory_is_a_small_part",
                    "The bill is memory times time. The request itself is 0.20 USD of it, for a million.",
                    true_if=lambda p, m: 1.03 <= _ratio(m, 512, 1024) <= 1.8,
                ),
            ),
        ),
        {"work_vcpu_s": 2, "wait_s": 0},
        ("work_vcpu_s", "wait_s", "memory_mb"),
        "flat",
        (
            "lambda.perf.ram_cpu",
            "lambda.perf.cpu_bound",
            "lambda.cost.dimensions",
            "lambda.cost.per_duration",
            "lambda.cost.per_request",
        ),
    ),
    Scene(
        "ceiling",
        "One thread, many processors",
        {"memory_mb": 1769},
        "At 1,769 MB a function has one whole vCPU, and more memory makes this one no faster: its code has one thread.",
        Prediction(
            "The work is spread over two threads. How long does a run take at 1,769 MB?",
            (
                Option(
                    "half",
                    "1 s, since two threads work at the same time",
                    "threads_are_processors",
                    "Two threads share what there is: one vCPU. From 3,538 MB on each has one of its own.",
                    true_if=lambda p, m: m.summary["duration_s"] < 1.1,
                ),
                Option(
                    "same",
                    "2 s as before, since they share one vCPU",
                    None,
                    "More memory is now worth its price up to 3,538 MB, two vCPUs: there a run takes 1 s.",
                    right=True,
                    true_if=lambda p, m: 1.9 < m.summary["duration_s"] < 2.1,
                ),
                Option(
                    "longer",
                    "4 s, since each thread gets half of the vCPU",
                    "threads_double_the_work",
                    "Each has half of the vCPU, and half of the work.",
                    true_if=lambda p, m: m.summary["duration_s"] > 3.9,
                ),
            ),
        ),
        {"threads": 2},
        ("threads", "memory_mb"),
        "ceiling",
        ("lambda.perf.vcpu", "lambda.perf.multithread", "lambda.perf.ram_cpu"),
    ),
    Scene(
        "waiting",
        "Mostly waiting",
        {"work_vcpu_s": 0.5},
        "A function computes for half a second. Up to one vCPU each size costs the same.",
        Prediction(
            "It also waits 3 s for a slow service. Which memory size gives the lowest bill?",
            (
                Option(
                    "largest",
                    "The largest one, since it is through with its work first",
                    "faster_is_cheaper",
                    "The computing shrinks, the 3 s do not: they are paid for at the price of 10,240 MB.",
                    true_if=lambda p, m: m.summary["cheapest_mb"] == LADDER_MB[-1],
                ),
                Option(
                    "vcpu",
                    "The one with a whole vCPU, since no processor time is lost",
                    "one_vcpu_is_best",
                    "1,769 MB is the most that one thread can use, not the least that it needs.",
                    true_if=lambda p, m: m.summary["cheapest_mb"] == MEMORY_OF_A_VCPU_MB,
                ),
                Option(
                    "smallest",
                    "The smallest one, since waiting is billed by memory",
                    None,
                    "Computing costs the same at every size up to a vCPU; waiting costs less the less memory waits.",
                    right=True,
                    true_if=lambda p, m: m.summary["cheapest_mb"] == LADDER_MB[0],
                ),
            ),
        ),
        {"wait_s": 3},
        ("wait_s", "work_vcpu_s", "memory_mb"),
        "waiting",
        ("lambda.perf.ram_cpu", "lambda.perf.cpu_bound", "lambda.cost.dimensions"),
    ),
    Scene(
        "timeout",
        "Stopped, and billed",
        {"memory_mb": 128},
        "128 MB looked cheap to somebody. A run takes 27.6 s there, and the callers wait.",
        Prediction(
            "The timeout becomes 10 s, so the run is stopped. For how much of it is the owner billed?",
            (
                Option(
                    "nothing",
                    "For nothing, since the run gave no result",
                    "timeout_is_free",
                    "Lambda bills time and memory, not results.",
                    true_if=lambda p, m: m.chosen.billed_ms == 0,
                ),
                Option(
                    "ten",
                    "For 10 s, all the time until it was stopped",
                    None,
                    "10 s at 128 MB for nothing. At 512 MB the run is done in 6.9 s.",
                    right=True,
                    true_if=lambda p, m: m.chosen.stopped and m.chosen.billed_ms == 10_000,
                ),
                Option(
                    "whole",
                    "For 27.6 s, the time it would have needed",
                    "timeout_answers_only",
                    "The timeout ends the run itself, not only the wait for its answer.",
                    true_if=lambda p, m: m.chosen.billed_ms > 20_000,
                ),
            ),
        ),
        {"timeout_s": 10},
        ("timeout_s", "memory_mb"),
        "stopped",
        ("lambda.perf.timeout", "lambda.perf.ram_cpu", "lambda.cost.dimensions"),
    ),
    Scene(
        "goal",
        "Quick enough, no dearer than needed",
        {"memory_mb": 10240, "work_vcpu_s": 3, "wait_s": 0.5, "threads": 2},
        "Users wait for this function, so somebody gave it all the memory there is: 5.8 vCPUs for two threads.",
        Prediction(
            "The work is spread over four threads instead of two. How long does a run take at 10,240 MB?",
            number="duration_s",
            unit="s",
            tolerance=0.05,
            reply="1.25 s: 3 s of work on four vCPUs, and half a second of waiting, which no processor shortens.",
        ),
        {"threads": 4},
        (),
        "waiting",
        ("lambda.perf.multithread", "lambda.perf.vcpu", "lambda.cost.dimensions"),
        Goal(
            "The same work is done within 2.2 s, for less than 125 USD a million runs.",
            lambda p, m: (
                p.work_vcpu_s >= 3
                and p.wait_s >= 0.5
                and not m.chosen.stopped
                and m.chosen.run_s <= 2.2
                and m.chosen.usd_per_million < 125
            ),
            {"memory_mb": 3328},
        ),
    ),
)
