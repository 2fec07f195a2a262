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
    """One warm run at a memory size: seconds, whether it was stopped by the timeout, and the price of a million."""

    memory_mb: int
    run_s: float
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
            step=64,
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
        "The prices are for x86, us-east-1 and warm starts, without the free tier; a cold start is billed too.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """Set each size of the ladder, warm the function up, and measure one run."""
        client = cloud.client("lambda")
        cloud.plane("lambda").models.init_s = 0.3
        create(client, "resize", SOURCE, role(cloud), MemorySize=MEMORY_MB[0], Timeout=p.timeout_s)
        warm_up = json.dumps({"vcpu_s": 0, "threads": 1, "wait_s": 0})
        work = json.dumps({"vcpu_s": p.work_vcpu_s, "threads": p.threads, "wait_s": p.wait_s})
        for memory_mb in sorted({*LADDER_MB, p.memory_mb}):
            client.update_function_configuration(FunctionName="resize", MemorySize=memory_mb)
            client.invoke(FunctionName="resize", Payload=warm_up)
            client.invoke(FunctionName="resize", Payload=work)

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Duration and price at each size, from the runs that the service recorded."""
        worked = [one for one in executions(calls(trail)) if not one.cold]
        sizes = tuple(
            Size(
                one.memory_mb,
                one.run_s,
                one.error == "Sandbox.Timedout",
                round(usd_per_million(one.billed_ms, one.memory_mb), 4),
            )
            for one in worked
        )
        chosen = next(size for size in sizes if size.memory_mb == p.memory_mb)
        good = [size for size in sizes if not size.stopped]
        summary: dict[str, int | float | str] = {
            "duration_s": round(chosen.run_s, 3),
            "usd_per_million": chosen.usd_per_million,
            "stopped": sum(size.stopped for size in sizes),
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
        """Below a vCPU a thread, computing costs the same at every size."""
        sizes = [size for size in m.good if size.memory_mb <= ceiling_mb(p)]
        if len(sizes) < 2 or not p.work_vcpu_s:
            return not_applicable("Fewer than two sizes below one vCPU a thread finished the work.")
        low, high = (sizes[place].usd_per_million for place in (0, -1))
        first, last = sizes[0], sizes[-1]
        said = (
            f"{first.memory_mb:,} MB take {first.run_s:.2f} s for {low:.2f} USD a million, {last.memory_mb:,} MB take "
            f"{last.run_s:.2f} s for {high:.2f} USD"
        )
        if max(size.usd_per_million for size in sizes) <= 1.03 * min(size.usd_per_million for size in sizes):
            return true(f"{said}: the time shrinks as the memory grows.")
        return false(f"{said}: {p.wait_s:g} s of waiting are paid for at every size.")

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
        if (
            small.usd_per_million <= 1.005 * cheapest.usd_per_million
        ):  # a millisecond rounded up may be between them
            return true(f"{said}, the least: a second of waiting costs more the more memory waits.")
        return false(f"{said}, and {cheapest.memory_mb:,} MB only {cheapest.usd_per_million:.2f} USD.")

    @staticmethod
    def stopped(p: Values, m: Measured) -> Finding:
        """A run that the timeout stops is billed for the whole timeout and has no result."""
        stopped = [size for size in m.sizes if size.stopped]
        if not stopped:
            return not_applicable(f"Every size finished within the timeout of {p.timeout_s} s.")
        names = ", ".join(f"{size.memory_mb:,}" for size in stopped)
        if all(abs(size.run_s - p.timeout_s) < 0.001 for size in stopped):
            return true(
                f"At {names} MB the run was stopped after {p.timeout_s} s, and {p.timeout_s} s were billed."
            )
        return false(f"At {names} MB the run was stopped, but not at {p.timeout_s} s.")


def usd_per_million(billed_ms: int, memory_mb: int) -> float:
    """The price of a million warm runs: requests, and GB-seconds in steps of 1 ms."""
    gb_s = billed_ms / 1000 * memory_mb / 1024
    return gb_s * PRICES["Lambda GB-second"].usd_per_million + PRICES["Lambda request"].usd_per_million


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


def _ratio(m: Measured, memory_mb: int) -> float:
    """The price at the chosen size against that at another."""
    return m.chosen.usd_per_million / m.at(memory_mb).usd_per_million


Memory.scenes = (
    Scene(
        "double",
        "Twice the memory",
        {},
        "A function computes for seconds at 512 MB. Finance asks whether doubling its memory will double the bill.",
        Prediction(
            "The memory becomes 1,024 MB. What happens to the price of a million runs?",
            (
                Option(
                    "doubles",
                    "It doubles, since a GB-second is twice as soon full",
                    "memory_only_costs",
                    "Each second costs twice as much, and there are half as many of them: CPU comes with memory.",
                    true_if=lambda p, m: _ratio(m, 512) > 1.8,
                ),
                Option(
                    "same",
                    "It stays about the same, and a run takes half the time",
                    None,
                    "The share of a vCPU doubles, so the run takes half as long at twice the price a second.",
                    right=True,
                    true_if=lambda p, m: (
                        0.97 < _ratio(m, 512) < 1.03 and m.chosen.run_s < 0.55 * m.at(512).run_s
                    ),
                ),
                Option(
                    "slightly",
                    "It rises a little, and a run takes as long as before",
                    "memory_is_only_memory",
                    "Memory is the one dial: processor time is allotted in proportion to it.",
                    true_if=lambda p, m: abs(m.chosen.run_s - m.at(512).run_s) < 0.01,
                ),
            ),
        ),
        {"memory_mb": 1024},
        ("memory_mb", "work_vcpu_s"),
        "flat",
        ("lambda.perf.ram_cpu", "lambda.perf.cpu_bound", "lambda.cost.dimensions", "lambda.perf.ram"),
    ),
    Scene(
        "ceiling",
        "One thread, many processors",
        {"memory_mb": 1769},
        "At 1,769 MB a function has one whole vCPU. Does a second one make it twice as fast again?",
        Prediction(
            "The memory becomes 3,538 MB, two vCPUs. How long does a run take?",
            number="duration_s",
            unit="s",
            tolerance=0.05,
            reply="2 s, as before: this code has one thread, and a thread uses one processor. The bill doubles.",
        ),
        {"memory_mb": 3538},
        ("memory_mb", "threads"),
        "ceiling",
        ("lambda.perf.vcpu", "lambda.perf.multithread", "lambda.perf.ram_cpu"),
    ),
    Scene(
        "waiting",
        "Mostly waiting",
        {"work_vcpu_s": 0.5},
        "The same function now calls a slow service after it has computed. Which size is the cheapest?",
        Prediction(
            "It waits 3 s in each run. Which memory size gives the lowest bill?",
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
        ("lambda.perf.cpu_bound", "lambda.cost.dimensions", "lambda.cost.granularity"),
    ),
    Scene(
        "timeout",
        "Too small to finish",
        {"memory_mb": 128},
        "128 MB looks cheap. The function has a timeout, and the data grow.",
        Prediction(
            "The timeout becomes 10 s. At how many of the eight sizes is the run stopped?",
            number="stopped",
            unit="sizes",
            tolerance=0,
            reply="At 128 and 256 MB, where it takes 28 s and 14 s. Both are billed for 10 s, and give nothing.",
        ),
        {"timeout_s": 10},
        ("timeout_s", "memory_mb", "work_vcpu_s"),
        "stopped",
        ("lambda.perf.timeout", "lambda.perf.ram_cpu"),
    ),
    Scene(
        "goal",
        "Quick enough, no dearer than needed",
        {"work_vcpu_s": 3, "wait_s": 0.5, "threads": 2, "memory_mb": 512},
        "Users wait for this function. Where does more memory stop paying?",
        Prediction(
            "The memory becomes 10,240 MB, with two threads. How long does a run take?",
            number="duration_s",
            unit="s",
            tolerance=0.1,
            reply="2 s: 1.5 s on two processors, and 0.5 s of waiting. Beyond 3,538 MB two threads gain nothing.",
        ),
        {"memory_mb": 10240},
        (),
        "ceiling",
        ("lambda.perf.multithread", "lambda.perf.vcpu", "lambda.cost.dimensions"),
        Goal(
            "Finish within 2.2 s for less than 125 USD a million runs.",
            lambda p, m: (
                p.work_vcpu_s >= 3
                and p.wait_s >= 0.5
                and p.threads <= 2
                and not m.chosen.stopped
                and m.chosen.run_s <= 2.2
                and m.chosen.usd_per_million < 125
            ),
            {"memory_mb": 3520},
        ),
    ),
)
