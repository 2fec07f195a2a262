"""Which requests wait for an environment to start, and what provisioned concurrency changes about it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from helpers.experiments import (
    Choice,
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
    plural,
    true,
)
from helpers.sections.s21_lambda.experiments.reading import GUIDE, create, executions, most_at_once, role

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

LOAD_S = 60
SOURCE = """
import time


def handler(event, context):
    time.sleep(event["work_s"])
    return "ok"
"""


class Bar(NamedTuple):
    """One request as an environment served it, in seconds since the load began: it took `start_s` to `end_s`, of which
    the first `init_s` went into starting the environment.
    """

    environment: str
    start_s: float
    end_s: float
    init_s: float


@dataclass(frozen=True)
class Measured:
    """What the trail shows. `bars` in the order of their beginning; `latencies_s` as the callers saw them, sorted."""

    bars: tuple[Bar, ...]
    latencies_s: tuple[float, ...]
    provisioned: int
    summary: dict[str, int | float | str]

    @property
    def environments(self) -> list[str]:
        """The names of the environments, in the order in which they were used first."""
        return list(dict.fromkeys(bar.environment for bar in self.bars))


class ColdStart(Experiment):
    """A minute of requests after a pause; see the module."""

    id = "21_lambda.cold_start"
    title = "Cold starts and provisioned concurrency"
    question = (
        "Which requests wait for an environment to start, and what does provisioned concurrency change?"
    )
    parameters = (
        Float(
            "rate_per_s",
            3,
            "requests a second",
            "How many requests come on average in the minute of load.",
            unit="/s",
            minimum=0.1,
            maximum=20,
            step=0.5,
            assumption=True,
        ),
        Choice(
            "arrivals",
            "random",
            "arrivals",
            "Whether the requests come at random moments, as from many users, or evenly spaced.",
            choices=("random", "even"),
            assumption=True,
        ),
        Float(
            "work_s",
            1,
            "work",
            "How long the handler works on a request.",
            unit="s",
            minimum=0.05,
            maximum=10,
            step=0.05,
            assumption=True,
        ),
        Float(
            "init_s",
            1.5,
            "start of an environment",
            "How long it takes to start an environment and load the code. AWS says: under 100 ms to over 1 s.",
            unit="s",
            minimum=0.1,
            maximum=9,
            step=0.1,
            source=GUIDE + "lambda-runtime-environment.html",
            assumption=True,
        ),
        Int(
            "provisioned",
            0,
            "provisioned concurrency",
            "How many environments of the version are kept ready.",
            minimum=0,
            maximum=100,
            source=GUIDE + "provisioned-concurrency.html",
        ),
    )
    differences = (
        "How long an environment takes to start, and how long an idle one is kept, are assumptions.",
        "Of several idle environments the one used last serves next, which is an assumption, too.",
        "The requests are calls of boto3 in the same Region; what a user sees includes the way there and back.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """Publish a version, provision it, and send a minute of requests to its alias."""
        client = cloud.client("lambda")
        cloud.plane("lambda").models.init_s = p.init_s
        create(client, "greet", SOURCE, role(cloud), Timeout=60)
        version = client.publish_version(FunctionName="greet")["Version"]
        client.create_alias(FunctionName="greet", Name="live", FunctionVersion=version)
        if p.provisioned:
            client.put_provisioned_concurrency_config(
                FunctionName="greet", Qualifier="live", ProvisionedConcurrentExecutions=p.provisioned
            )
            cloud.run(until=cloud.now + 300)  # until it is ready
        payload = json.dumps({"work_s": p.work_s})

        def ask() -> None:
            client.invoke(FunctionName="greet", Qualifier="live", Payload=payload)

        def visit(begin_s: float) -> None:
            draws = cloud.random_for("visits")
            due_s = begin_s
            while True:
                gap_s = draws.expovariate(p.rate_per_s) if p.arrivals == "random" else 1 / p.rate_per_s
                due_s += gap_s
                if due_s >= begin_s + LOAD_S:
                    return
                time.sleep(max(0.0, due_s - time.monotonic()))
                cloud.spawn(ask, name="user")

        cloud.spawn(visit, cloud.now, name="users")
        cloud.run()

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Runs by environment, latencies of the callers, and how many runs went on at once."""
        rows = calls(trail)
        asked = [row for row in rows if row.operation == "Invoke"]
        runs = executions(rows)
        begin_s = asked[0].start_s if asked else 0.0
        bars = tuple(
            Bar(one.environment, one.start_s - begin_s, one.end_s - begin_s, one.init_s) for one in runs
        )
        latencies = tuple(sorted(row.end_s - row.start_s for row in asked))
        cold = [one for one in runs if one.cold]
        summary: dict[str, int | float | str] = {
            "requests": len(runs),
            "cold": len(cold),
            "environments": len({bar.environment for bar in bars}),
            "peak": most_at_once((bar.start_s, bar.end_s) for bar in bars),
            "mean_busy": round(sum(one.run_s for one in runs) / LOAD_S, 2),
            "p50_s": round(_percentile(latencies, 50), 3),
            "p99_s": round(_percentile(latencies, 99), 3),
            "billed_init_s": round(sum(one.init_s for one in cold), 2),
            "billed_gb_s": round(sum(one.billed_ms * one.memory_mb for one in runs) / 1_024_000, 3),
            "unbilled_init": sum(one.billed_ms + 1 < 1000 * (one.init_s + one.run_s) for one in cold),
        }
        return Measured(bars, latencies, p.provisioned, summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A lane per environment; the requests in flight below."""
        from helpers.sections.s21_lambda.experiments import cold_start_picture

        return cold_start_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def starts(p: Values, m: Measured) -> Finding:
        """A request waits for a start exactly when it is the first of an environment."""
        if not m.bars:
            return not_applicable("No request came.")
        first: dict[str, Bar] = {}
        wrong = 0
        for bar in m.bars:
            if bar.environment not in first:
                first[bar.environment] = bar
            elif bar.init_s:
                wrong += 1
        cold = sum(bar.init_s > 0 for bar in first.values())
        said = (
            f"{plural(len(first), 'environment')} served {len(m.bars)} requests; {cold} were started for one"
        )
        return (false if wrong or (not p.provisioned and cold < len(first)) else true)(f"{said}.")

    @staticmethod
    def longer(p: Values, m: Measured) -> Finding:
        """A cold start makes a request longer by the start, and the start is billed."""
        cold = [bar for bar in m.bars if bar.init_s]
        if not cold:
            return not_applicable("No request met a cold start.")
        slowest_s = max(bar.end_s - bar.start_s for bar in cold)
        said = f"A cold request took {slowest_s:.2f} s, of which {cold[0].init_s:g} s went into the start"
        if m.summary["unbilled_init"] or abs(slowest_s - cold[0].init_s - p.work_s) > 0.01:
            return false(f"{said}; not all of it was billed.")
        return true(f"{said}; {m.summary['billed_init_s']:g} s of starts were billed in all.")

    @staticmethod
    def wave(p: Values, m: Measured) -> Finding:
        """The first wave needs rate x (start + work) environments, not rate x work."""
        if p.arrivals != "even" or p.provisioned:
            return not_applicable("The requests come at random, or environments were ready beforehand.")
        need = p.rate_per_s * (p.init_s + p.work_s)
        said = f"{p.rate_per_s:g}/s × ({p.init_s:g} + {p.work_s:g}) s = {need:.1f}; {m.summary['environments']} started"
        return (true if abs(float(m.summary["environments"]) - need) <= 1.05 else false)(f"{said}.")

    @staticmethod
    def mean(p: Values, m: Measured) -> Finding:
        """Provisioned at the mean, random arrivals still meet cold starts."""
        need = p.rate_per_s * p.work_s
        if not p.provisioned or p.provisioned > need or p.arrivals != "random":
            return not_applicable(
                "The provisioned concurrency is not at the mean, or the requests come evenly."
            )
        said = (
            f"On average {m.summary['mean_busy']:g} environments were busy, {m.summary['peak']} at the peak; with "
            f"{p.provisioned} provisioned, {plural(int(m.summary['cold']), 'request')} met a cold start"
        )
        return (true if m.summary["cold"] else false)(f"{said}.")

    @staticmethod
    def none(p: Values, m: Measured) -> Finding:
        """No cold start if as many are provisioned as are ever busy at once."""
        if p.provisioned < m.summary["peak"] or not p.provisioned:
            return not_applicable(f"At the peak {m.summary['peak']} were busy, more than {p.provisioned}.")
        said = f"At most {m.summary['peak']} were busy at once, and {p.provisioned} were ready"
        cold = int(m.summary["cold"])
        return (
            true(f"{said}: nobody waited.")
            if not cold
            else false(f"{said}; {plural(cold, 'request')} still waited.")
        )


def _percentile(values: tuple[float, ...], percent: int) -> float:
    """The smallest value that so many percent do not exceed."""
    return values[max(0, -(-percent * len(values) // 100) - 1)] if values else 0.0


def surely_enough(p: Values) -> bool:
    """Whether more are provisioned than a minute of such requests ever keeps busy."""
    need = p.rate_per_s * p.work_s
    margin = 6 * need**0.5 + 6 if p.arrivals == "random" else 2
    return bool(p.provisioned >= need + margin)


ColdStart.claims = (
    Claim(
        "starts",
        "A request meets a cold start exactly when an environment is started for it.",
        ("lambda.cold.what", "lambda.cold.first"),
        ColdStart.starts,
        "always, if at least one request comes",
        lambda p: p.arrivals == "even" and p.rate_per_s >= 0.5,
    ),
    Claim(
        "longer",
        "A cold start makes the request longer by the start of the environment, and the start is billed.",
        ("lambda.cold.slow", "lambda.cost.init_billed"),
        ColdStart.longer,
        "nothing is provisioned",
        lambda p: p.provisioned == 0 and p.arrivals == "even" and p.rate_per_s >= 0.5,
    ),
    Claim(
        "wave",
        "Until the first environments are ready every request starts another: rate × (start + work) of them.",
        ("lambda.conc.need", "lambda.cold.first"),
        ColdStart.wave,
        "the requests come evenly, and nothing is provisioned",
        lambda p: p.arrivals == "even" and p.provisioned == 0 and p.rate_per_s >= 0.5,
    ),
    Claim(
        "mean",
        "Rate × duration is the mean of the concurrency, not its peak: provisioned for the mean, some still wait.",
        ("lambda.conc.need", "lambda.prov.what"),
        ColdStart.mean,
        "the requests come at random, one or more a second",
        lambda p: (
            p.arrivals == "random" and p.rate_per_s >= 1 and 1 <= p.provisioned <= p.rate_per_s * p.work_s
        ),
    ),
    Claim(
        "none",
        "Nobody meets a cold start if the provisioned concurrency is at least the peak.",
        ("lambda.prov.never", "lambda.prov.what"),
        ColdStart.none,
        "the provisioned concurrency is far above rate × duration",
        surely_enough,
    ),
)

ColdStart.scenes = (
    Scene(
        "wave",
        "The first seconds",
        {"arrivals": "even", "rate_per_s": 1},
        "A function has had no requests all night. At 9:00 they come, evenly spaced.",
        Prediction(
            "Three requests come a second instead of one. How many of them wait for an environment to start?",
            number="cold",
            unit="requests",
            tolerance=1,
            reply="About 3/s × 2.5 s: until the first ones are ready and free again, every request starts another.",
        ),
        {"rate_per_s": 3},
        ("rate_per_s", "work_s", "init_s"),
        "wave",
        ("lambda.cold.what", "lambda.cold.first", "lambda.cold.slow", "lambda.conc.need"),
    ),
    Scene(
        "mean",
        "Provisioned for the mean",
        {},
        "3 requests a second, 1 s each: on average 3 environments are busy. Is it enough to have 3 of them ready?",
        Prediction(
            "Provisioned concurrency 3. How many requests of this minute still meet a cold start?",
            (
                Option(
                    "none",
                    "None: rate × duration is 3, and 3 environments are ready",
                    "provisioned_for_the_mean",
                    "3 is the mean. Random requests come in bunches, and then more than 3 are busy.",
                    true_if=lambda p, m: m.summary["cold"] == 0,
                ),
                Option(
                    "some",
                    "Some: whenever more than three requests come together",
                    None,
                    "The bunches start environments on demand; these then help with the next bunch.",
                    right=True,
                    true_if=lambda p, m: 0 < m.summary["cold"] < 0.2 * m.summary["requests"],
                ),
                Option(
                    "half",
                    "About half, since one minute in two is above the mean",
                    "each_excess_is_cold",
                    "An environment started for one bunch stays warm for the next.",
                    true_if=lambda p, m: m.summary["cold"] >= 0.3 * m.summary["requests"],
                ),
            ),
        ),
        {"provisioned": 3},
        ("provisioned", "arrivals"),
        "mean",
        ("lambda.conc.need", "lambda.prov.what", "lambda.cold.rare"),
    ),
    Scene(
        "spill",
        "More than was provisioned",
        {"provisioned": 4},
        "Four environments are ready. A campaign brings twice the requests.",
        Prediction(
            "6 requests come a second. What happens to those that find all four environments busy?",
            (
                Option(
                    "throttled",
                    "They are throttled, with error 429",
                    "provisioned_is_a_cap",
                    "It keeps environments ready and limits nothing. A limit is what reserved concurrency is.",
                    true_if=lambda p, m: m.summary["requests"] < 300,
                ),
                Option(
                    "queued",
                    "They wait in line for one of the four",
                    "provisioned_queues",
                    "A synchronous request is never queued: it runs at once, or is throttled.",
                    true_if=lambda p, m: m.summary["environments"] <= 4,
                ),
                Option(
                    "on_demand",
                    "They start environments on demand",
                    None,
                    "Beyond the ready ones the function scales as ever, with cold starts.",
                    right=True,
                    true_if=lambda p, m: m.summary["cold"] > 0 and m.summary["environments"] > 4,
                ),
            ),
        ),
        {"rate_per_s": 6},
        ("rate_per_s", "provisioned"),
        "mean",
        ("lambda.prov.what", "lambda.prov.never", "lambda.prov.ready"),
    ),
    Scene(
        "goal",
        "Quick for 99 of 100",
        {"provisioned": 3},
        "Users notice an answer that takes more than 1.1 s. What does it take that 99 of 100 are quicker?",
        Prediction(
            "Provisioned concurrency 20. How many environments were ever busy at once?",
            number="peak",
            unit="environments",
            tolerance=2,
            reply="Far fewer than 20. The peak of random requests lies a few times the square root above the mean.",
        ),
        {"provisioned": 20},
        (),
        "none",
        ("lambda.prov.never", "lambda.conc.need"),
        Goal(
            "3 requests a second or more, at random, 1 s each: 99 % within 1.1 s, with at most 8 provisioned.",
            lambda p, m: (
                p.rate_per_s >= 3
                and p.work_s >= 1
                and p.init_s >= 1.5
                and p.arrivals == "random"
                and p.provisioned <= 8
                and m.summary["p99_s"] <= 1.1
            ),
            {"provisioned": 7},
        ),
    ),
)
