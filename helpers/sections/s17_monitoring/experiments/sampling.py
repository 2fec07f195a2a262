"""What sampling keeps: three services in a row, the first of which decides which requests have a trace."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any

from helpers.experiments import (
    CallRow,
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

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

GUIDE = "https://docs.aws.amazon.com/xray/latest/devguide/"
SECONDS = 10
SERVICES = ("web", "orders", "stock")
"""Each calls the next one."""
DEFAULT_RESERVOIR, DEFAULT_RATE = 1, 0.05
WORK_S = 0.6
"""The share of the time between two requests that the last service works on one."""
_WIDE = 5
# Standard deviations that a count of random draws may lie off its mean: beyond lies one run in a million.


@dataclass(frozen=True)
class Trace:
    """One trace as it was sent: when it starts, the services with a segment, whether the request failed."""

    start_s: float
    services: tuple[str, ...]
    root: str
    failed: bool


@dataclass(frozen=True)
class Node:
    """One service in X-Ray's service graph: requests with a segment, and those of them that are faults."""

    name: str
    total: int
    faults: int


@dataclass(frozen=True)
class Measured:
    """What the trail shows. `requests` and `failed` are counted by the shop's own metrics, a value a second; `asked`
    says how many requests the rule for the chosen service has decided.
    """

    requests: tuple[int, ...]
    failed: tuple[int, ...]
    kept: tuple[int, ...]
    traces: tuple[Trace, ...]
    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]
    asked: int
    summary: dict[str, int | float | str]


class Sampling(Experiment):
    """A shop of three instrumented services under a sampling rule; see the module."""

    id = "17_monitoring.sampling"
    title = "What sampling keeps"
    question = "Which requests have a trace, and what do the traces say of the others?"
    parameters = (
        Int(
            "requests_per_s",
            50,
            "requests a second",
            "How many requests reach the first service in each of ten seconds.",
            minimum=1,
            maximum=200,
        ),
        Int(
            "reservoir",
            1,
            "reservoir",
            "ReservoirSize of the rule: how many requests to record each second before the rate counts.",
            minimum=0,
            maximum=50,
            source=GUIDE + "xray-console-sampling.html",
        ),
        Float(
            "rate",
            0.05,
            "rate",
            "FixedRate of the rule: the share of the other requests that is recorded, 0 to 1.",
            minimum=0,
            maximum=1,
            step=0.01,
            source=GUIDE + "xray-console-sampling.html",
        ),
        Float(
            "error_share",
            0.02,
            "failing share",
            "The share of requests that the last service answers with status 500.",
            minimum=0,
            maximum=0.2,
            step=0.01,
            assumption=True,
        ),
        Choice(
            "rule_on",
            "root",
            "rule for",
            "Which service the rule names: the first one (root), or the last one (downstream). The other services have "
            "the Default rule.",
            choices=("root", "downstream"),
            source=GUIDE + "xray-console-sampling.html",
        ),
    )
    differences = (
        "The services run already and have their quotas; a new one borrows one request a second for ten seconds.",
        "Requests come evenly and one after the other. Their times do not matter here.",
        "Each service sends its segments itself, in batches; on AWS the daemon or an agent does.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """Make the rule, serve ten seconds of requests, count all of them and record some."""
        cloud.api_latency_s = 0
        xray, cloudwatch = cloud.client("xray"), cloud.client("cloudwatch")
        xray.create_sampling_rule(SamplingRule=_rule(p))
        web, orders, stock = (cloud.plane("xray").recorder(name, batch=50) for name in SERVICES)
        web.sampler.report()
        draws, gap_s = cloud.random_for("requests"), 1 / p.requests_per_s
        started_s = cloud.now
        for second in range(SECONDS):
            failed = 0
            for number in range(p.requests_per_s):
                status = 500 if draws.random() < p.error_share else 200
                failed += status == 500
                with (
                    web.segment() as one,
                    orders.segment(header=one.header) as two,
                    stock.segment(header=two.header) as three,
                ):
                    cloud.advance(WORK_S * gap_s)
                    for each in (three, two, one):
                        each.put_status(status)
                due_s = started_s + second + (number + 1) * gap_s
                cloud.advance(max(0.0, due_s - cloud.now))
            counts = {"Requests": p.requests_per_s, "Failed": failed}
            data = [{"MetricName": name, "Value": count} for name, count in counts.items()]
            cloudwatch.put_metric_data(Namespace="Shop", MetricData=data)
        for recorder in (web, orders, stock):
            recorder.flush()
        web.sampler.report()
        now_s = cloud.datetime.timestamp()
        xray.get_service_graph(StartTime=now_s - SECONDS - 1, EndTime=now_s)

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Requests by the metrics, traces by the segments that were sent."""
        rows = calls(trail)
        data = [row.parameters["MetricData"] for row in rows if row.operation == "PutMetricData"]
        requests = tuple(int(each[0]["Value"]) for each in data)
        failed = tuple(int(each[1]["Value"]) for each in data)
        traces = _traces(rows)
        kept = [0] * SECONDS
        for trace in traces:
            kept[min(SECONDS - 1, int(trace.start_s))] += 1
        nodes, edges = _graph(rows)
        asked = sum(
            given["RequestCount"]
            for row in rows
            if row.operation == "GetSamplingTargets"
            for given in row.parameters["SamplingStatisticsDocuments"]
            if given["RuleName"] == "shop"
        )
        total, kept_failed = sum(requests), sum(trace.failed for trace in traces)
        low, high = interval(kept_failed, len(traces))
        expected, spread = expectation(p)
        summary: dict[str, int | float | str] = {
            "requests": total,
            "failed": sum(failed),
            "kept": len(traces),
            "kept_per_s": round(len(traces) / SECONDS, 2),
            "kept_percent": round(100 * len(traces) / total, 2),
            "expected": round(expected, 2),
            "spread": round(spread, 2),
            "kept_failed": kept_failed,
            "complete": sum(len(trace.services) == len(SERVICES) for trace in traces),
            "failed_percent": round(100 * sum(failed) / total, 2),
            "kept_failed_percent": round(100 * kept_failed / len(traces), 2) if traces else 0.0,
            "low_percent": round(100 * low, 2),
            "high_percent": round(100 * high, 2),
            "rule_asked": asked,
        }
        return Measured(requests, failed, tuple(kept), traces, nodes, edges, asked, summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """Traces over time, the services that are in them, the share that failed, and the trace map."""
        from helpers.sections.s17_monitoring.experiments import sampling_picture

        return sampling_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def keeps(p: Values, m: Measured) -> Finding:
        """In each second the reservoir first, then the rate of the rest."""
        reservoir, rate = rule_of(p)
        sure = min(p.requests_per_s, reservoir)
        s, expected, spread = m.summary, *expectation(p)
        short = [kept for kept in m.kept if kept < sure]
        off = abs(len(m.traces) - expected) > _margin(spread)
        said = (
            f"min({p.requests_per_s}, {reservoir}) + {rate:g} x {p.requests_per_s - sure} makes "
            f"{expected / SECONDS:.4g} a second; {s['kept_per_s']:g} were kept"
        )
        if short:
            return false(f"{said}, and in {plural(len(short), 'second')} fewer than the reservoir's {sure}.")
        return (false if off else true)(f"{said}, and never fewer than {sure}.")

    @staticmethod
    def whole(p: Values, m: Measured) -> Finding:
        """Every trace has all services."""
        if not m.traces:
            return not_applicable("No request was recorded.")
        complete = m.summary["complete"]
        said = (
            f"{complete} of {plural(len(m.traces), 'trace')} have segments of all {len(SERVICES)} services."
        )
        return (true if complete == len(m.traces) else false)(said)

    @staticmethod
    def first_decides(p: Values, m: Measured) -> Finding:
        """A rule for a service that others call is never asked."""
        if p.rule_on == "root":
            return not_applicable("The rule names the first service.")
        said = f"The rule for {SERVICES[-1]} decided {m.asked} of {plural(sum(m.requests), 'request')}"
        roots = {trace.root for trace in m.traces}
        ok = m.asked == 0 and roots <= {SERVICES[0]}
        return (true if ok else false)(f"{said}; all traces begin in {SERVICES[0]}." if ok else f"{said}.")

    @staticmethod
    def blind(p: Values, m: Measured) -> Finding:
        """Requests that fail are kept as often as others."""
        failed, total = sum(m.failed), sum(m.requests)
        if not failed or not m.traces:
            return not_applicable("No request failed, or none was recorded.")
        share = len(m.traces) / total
        mean, spread = failed * share, sqrt(failed * share * (1 - share))
        found = int(m.summary["kept_failed"])
        said = (
            f"{100 * share:.3g} % of all requests were kept, and {found} of the {failed} that failed "
            f"({100 * found / failed:.3g} %)"
        )
        return (true if abs(found - mean) <= _margin(spread) else false)(f"{said}.")


def rule_of(p: Values) -> tuple[int, float]:
    """Reservoir and rate of the rule that decides: that of the first service, or the Default rule."""
    return (p.reservoir, p.rate) if p.rule_on == "root" else (DEFAULT_RESERVOIR, DEFAULT_RATE)


def expectation(p: Values) -> tuple[float, float]:
    """How many traces are expected in all, and the standard deviation of that number."""
    reservoir, rate = rule_of(p)
    sure = min(p.requests_per_s, reservoir)
    others = (p.requests_per_s - sure) * SECONDS
    return sure * SECONDS + rate * others, sqrt(others * rate * (1 - rate))


def interval(found: int, total: int) -> tuple[float, float]:
    """The share that `found` of `total` lets us expect: Wilson's interval for 95 %."""
    if not total:
        return 0.0, 1.0
    z = 1.96
    share, square = found / total, z * z / total
    middle = (share + square / 2) / (1 + square)
    half = z / (1 + square) * sqrt(share * (1 - share) / total + square / (4 * total))
    return max(0.0, middle - half), min(1.0, middle + half)


def _margin(spread: float) -> float:
    return _WIDE * spread + (3 if spread else 1e-6)  # small counts have long tails


def _rule(p: Values) -> dict[str, Any]:
    return {
        "RuleName": "shop",
        "Priority": 100,
        "FixedRate": p.rate,
        "ReservoirSize": p.reservoir,
        "ServiceName": SERVICES[0] if p.rule_on == "root" else SERVICES[-1],
        "ServiceType": "*",
        "Host": "*",
        "HTTPMethod": "*",
        "URLPath": "*",
        "ResourceARN": "*",
        "Version": 1,
    }


def _traces(rows: list[CallRow]) -> tuple[Trace, ...]:
    """The traces of all segment documents that were sent, in the order of their starts."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row.operation == "PutTraceSegments":
            for text in row.parameters["TraceSegmentDocuments"]:
                document = json.loads(text)
                found.setdefault(document["trace_id"], []).append(document)
    begin_s = min((row.start_s for row in rows if row.operation == "CreateSamplingRule"), default=0.0)
    graph = next(row for row in rows if row.operation == "GetServiceGraph")
    zero_s = graph.response["EndTime"].timestamp() - graph.end_s + begin_s
    traces = []
    for segments in found.values():
        root = next((one for one in segments if "parent_id" not in one), segments[0])
        names = {one["name"] for one in segments}
        traces.append(
            Trace(
                round(root["start_time"] - zero_s, 6),
                tuple(name for name in SERVICES if name in names),
                root["name"],
                any(one.get("fault", False) for one in segments),
            )
        )
    return tuple(sorted(traces, key=lambda trace: trace.start_s))


def _graph(rows: list[CallRow]) -> tuple[tuple[Node, ...], tuple[tuple[str, str], ...]]:
    """Nodes and edges of X-Ray's service graph."""
    services = next(row for row in rows if row.operation == "GetServiceGraph").response["Services"]
    names = {each["ReferenceId"]: each["Name"] for each in services}
    nodes = []
    for each in services:
        counts = each["SummaryStatistics"]
        nodes.append(Node(each["Name"], counts["TotalCount"], counts["FaultStatistics"]["TotalCount"]))
    edges = [(each["Name"], names[edge["ReferenceId"]]) for each in services for edge in each["Edges"]]
    return tuple(nodes), tuple(edges)


Sampling.claims = (
    Claim(
        "keeps",
        "Each second keeps min(requests, reservoir), and of the others the rate, by the rule of the first service.",
        ("monitoring.sampling.reservoir", "monitoring.sampling.rate", "monitoring.sampling.default"),
        Sampling.keeps,
        "always",
        lambda p: True,
    ),
    Claim(
        "whole",
        "Every trace has the segments of all services that the request passed.",
        ("monitoring.concept.end_to_end", "monitoring.xray.collects", "monitoring.sampling.parent"),
        Sampling.whole,
        "something is recorded: the reservoir is not empty",
        lambda p: p.rule_on == "downstream" or p.reservoir > 0,
    ),
    Claim(
        "first_decides",
        "A rule for a service that is always called by another one is never asked.",
        ("monitoring.sampling.parent",),
        Sampling.first_decides,
        "the rule is for the last service",
        lambda p: p.rule_on == "downstream",
    ),
    Claim(
        "blind",
        "Requests that fail are kept as often as all others.",
        ("monitoring.sampling.default", "monitoring.sampling.why"),
        Sampling.blind,
        "at least 5 % of 20 or more requests a second fail, and the reservoir is not empty",
        lambda p: (
            p.error_share >= 0.05
            and p.requests_per_s >= 20
            and (p.reservoir > 0 or p.rule_on == "downstream")
        ),
    ),
)

Sampling.scenes = (
    Scene(
        "traffic",
        "One a second, and 5 % of the others",
        {"requests_per_s": 5},
        "The rule is like the Default one: a reservoir of 1, a rate of 5 %. With 5 requests a second, about a quarter "
        "of them has a trace.",
        Prediction(
            "Traffic grows from 5 to 100 requests a second. Which share of them has a trace then?",
            (
                Option(
                    "same",
                    "The same share as before, about a quarter",
                    "share_stays_the_same",
                    "The reservoir is a number a second. Among many requests it counts little.",
                    true_if=lambda p, m: m.summary["kept_percent"] > 15,
                ),
                Option(
                    "less",
                    "A smaller share, little more than the rate",
                    None,
                    "One of 100, and 5 % of the other 99: about 6 %.",
                    right=True,
                    true_if=lambda p, m: 2 < m.summary["kept_percent"] < 15,
                ),
                Option(
                    "one",
                    "Only one request a second, so 1 %",
                    "reservoir_is_a_cap",
                    "The reservoir is where recording starts, not where it stops.",
                    true_if=lambda p, m: m.summary["kept_percent"] <= 1,
                ),
            ),
        ),
        {"requests_per_s": 100},
        ("requests_per_s", "reservoir", "rate"),
        "keeps",
        (
            "monitoring.sampling.default",
            "monitoring.sampling.reservoir",
            "monitoring.sampling.rate",
            "monitoring.sampling.why",
        ),
    ),
    Scene(
        "errors",
        "The requests that fail",
        {"requests_per_s": 100, "error_share": 0},
        "1,000 requests, none fails, and some 60 have a trace.",
        Prediction(
            "Now 5 % of the 1,000 requests fail. How many of the failed ones have a trace?",
            (
                Option(
                    "all",
                    "All of them, since failures are recorded always",
                    "errors_are_kept",
                    "The decision falls when the request comes in, before anything can fail.",
                    true_if=lambda p, m: m.summary["kept_failed"] >= 0.9 * m.summary["failed"],
                ),
                Option(
                    "some",
                    "A few of them, the same share as of all",
                    None,
                    "About 6 %. A metric counts the others; their traces do not exist.",
                    right=True,
                    true_if=lambda p, m: 0 < m.summary["kept_failed"] < 0.4 * m.summary["failed"],
                ),
                Option(
                    "none",
                    "None, as a failed request sends no segment",
                    "failed_sends_nothing",
                    "It sends its segment with a fault in it, if it is sampled.",
                    true_if=lambda p, m: m.summary["kept_failed"] == 0,
                ),
            ),
        ),
        {"error_share": 0.05},
        ("error_share", "rate"),
        "blind",
        (
            "monitoring.sampling.default",
            "monitoring.sampling.parent",
            "monitoring.xray.visual",
            "monitoring.sampling.why",
        ),
    ),
    Scene(
        "services",
        "Three services in a row",
        {"rate": 0},
        "web calls orders, and orders calls stock. With a rate of 0 one request a second has a trace.",
        Prediction(
            "The rate becomes 0.5. In how many of the traces is a service missing?",
            (
                Option(
                    "most",
                    "In most: each service keeps a half of its own",
                    "each_service_samples",
                    "orders and stock find the decision of web in the tracing header, and obey.",
                    true_if=lambda p, m: m.summary["complete"] < 0.6 * m.summary["kept"],
                ),
                Option(
                    "none",
                    "In none: the first service decides for all",
                    None,
                    "The decision goes on in the tracing header, as Sampled=1 or Sampled=0.",
                    right=True,
                    true_if=lambda p, m: m.summary["complete"] == m.summary["kept"],
                ),
                Option(
                    "failed",
                    "In those that failed: stock sends nothing then",
                    "failed_sends_nothing",
                    "A service that answers with status 500 still sends its segment.",
                    true_if=lambda p, m: (
                        m.summary["complete"] == m.summary["kept"] - m.summary["kept_failed"]
                        and m.summary["kept_failed"] > 0
                    ),
                ),
            ),
        ),
        {"rate": 0.5},
        ("rate", "reservoir"),
        "whole",
        (
            "monitoring.sampling.parent",
            "monitoring.concept.end_to_end",
            "monitoring.xray.collects",
            "monitoring.xray.visual",
        ),
    ),
    Scene(
        "downstream",
        "A rule for the last service",
        {"rate": 0.5, "reservoir": 10},
        "stock is slow, and somebody wants more traces of it. The rule still names web.",
        Prediction(
            "Now the same rule names stock, and web has the Default rule. How many requests have a trace?",
            (
                Option(
                    "as_before",
                    "About as many, as all requests reach stock",
                    "rule_counts_anywhere",
                    "stock is never the first. Nobody asks for its rule.",
                    true_if=lambda p, m: m.summary["kept_per_s"] > 20,
                ),
                Option(
                    "default",
                    "As many as the Default rule of web keeps",
                    None,
                    "One a second and 5 % of the others, whatever the rule for stock says.",
                    right=True,
                    true_if=lambda p, m: 1 <= m.summary["kept_per_s"] < 8,
                ),
                Option(
                    "both",
                    "More, as now two rules record requests",
                    "rules_add_up",
                    "One rule decides a request, and one service asks for it: the first.",
                    true_if=lambda p, m: m.summary["kept_per_s"] > 32,
                ),
            ),
        ),
        {"rule_on": "downstream"},
        ("rule_on", "rate", "reservoir"),
        "first_decides",
        (
            "monitoring.sampling.parent",
            "monitoring.sampling.default",
            "monitoring.sampling.any",
            "monitoring.concept.end_to_end",
        ),
    ),
    Scene(
        "goal",
        "Enough traces of the trouble",
        {"requests_per_s": 100, "error_share": 0.02, "rule_on": "downstream", "rate": 0.2},
        "Of 1,000 requests some 20 fail. The rule names stock, so hardly any of those has a trace.",
        Prediction(
            "The rule names web, with the rate 0.2. How many traces do ten seconds give?",
            number="kept",
            unit="traces",
            tolerance=40,
            reply="About 208: 1 a second, and 20 % of the other 990.",
        ),
        {"rule_on": "root"},
        (),
        "keeps",
        (
            "monitoring.sampling.why",
            "monitoring.sampling.any",
            "monitoring.sampling.rate",
            "monitoring.sampling.parent",
        ),
        Goal(
            "At least 5 failed requests with a trace, at 100 requests a second of which 2 % fail, with at most half of "
            "all requests recorded.",
            lambda p, m: (
                p.requests_per_s >= 100
                and p.error_share <= 0.02
                and m.summary["kept_failed"] >= 5
                and m.summary["kept_percent"] <= 50
            ),
            {"rule_on": "root", "rate": 0.45},
        ),
    ),
)
