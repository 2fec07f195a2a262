"""What can still be read of a metric after an hour, a month, a year: resolution, age, period, dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helpers.experiments import (
    CallRow,
    Choice,
    Claim,
    Experiment,
    Finding,
    Goal,
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
from helpers.experiments.pictures import human
from helpers.sections.s17_monitoring.experiments.reading import API, GUIDE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

HOUR_S, DAY_S = 3_600, 86_400
SPAN_S, STEP_S = 1_200, 10
"""So long the host reports, and so often. 20 minutes by the second are within the 1,440 points of a request."""
AGES_S = {
    "1 hour": HOUR_S,
    "5 hours": 5 * HOUR_S,
    "1 day": DAY_S,
    "20 days": 20 * DAY_S,
    "100 days": 100 * DAY_S,
    "500 days": 500 * DAY_S,
}
FINEST_S = {"1 hour": 1, "5 hours": 60, "1 day": 60, "20 days": 300, "100 days": 3_600, "500 days": None}
"""The finest period that is left at each age: seconds for 3 hours, minutes for 15 days, five minutes for 63 days,
hours for 455 days (API/API_GetMetricStatistics.html).
"""
PERIODS = ("1", "10", "60", "300", "3600")
STATISTICS = ("Average", "Maximum", "Sum", "SampleCount")
RUSH = 43
"""Which of the reports tells of a rush."""


@dataclass(frozen=True)
class Read:
    """One request for statistics: of which age, by which period, and the points: offset in seconds, statistics."""

    age: str
    period_s: int
    points: tuple[tuple[float, dict[str, float]], ...]

    def total(self, statistic: str) -> float:
        """The sum of a statistic over all points."""
        return sum(values[statistic] for _, values in self.points)

    def highest(self, statistic: str) -> float:
        """The highest value of a statistic, 0 without points."""
        return max((values[statistic] for _, values in self.points), default=0.0)


@dataclass(frozen=True)
class Measured:
    """What the trail shows: what the first host `written`, in order of time, and each of the reads."""

    written: tuple[tuple[float, float], ...]
    reads: tuple[Read, ...]
    chosen: Read
    summary: dict[str, int | float | str]


class Rollup(Experiment):
    """Two hosts that count orders for 20 minutes, and later reads of it; see the module."""

    id = "17_monitoring.rollup"
    title = "A metric, and its age"
    question = "What can still be read after an hour, a month, a year?"
    parameters = (
        Choice(
            "stored_by",
            "minute",
            "metric stored by the",
            "StorageResolution 60 (minute) or 1 (second). The hosts report every 10 seconds.",
            choices=("minute", "second"),
            source=API + "API_MetricDatum.html",
        ),
        Choice(
            "age",
            "1 hour",
            "age",
            "How long ago the hosts reported.",
            choices=tuple(AGES_S),
            source=API + "API_GetMetricStatistics.html",
        ),
        Choice(
            "read_period_s",
            "60",
            "period of the read",
            "How long each data point is that you ask for.",
            choices=PERIODS,
            unit="s",
            source=API + "API_GetMetricStatistics.html",
        ),
        Choice(
            "statistic",
            "Average",
            "statistic",
            "What each data point tells of the values in its period.",
            choices=STATISTICS,
            source=GUIDE + "Statistics-definitions.html",
        ),
        Choice(
            "dimensions",
            "both",
            "dimensions of the read",
            "The hosts write with Env and Host. The read names both (Host web-1), Env only, or none.",
            choices=("both", "one", "none"),
            source=GUIDE + "cloudwatch_concepts.html",
        ),
    )
    differences = (
        "Points can be read at once here; on AWS a new metric takes some minutes to show up.",
        "A metric stored by the minute has points at full minutes if read by less; AWS names multiples of 60 s.",
        "A point of an hour is made when you ask for it here; AWS merges ageing points beforehand.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """Report for 20 minutes, then read by every period at each age up to the one that is asked for."""
        cloud.api_latency_s = 0
        client, draws = cloud.client("cloudwatch"), cloud.random_for("orders")
        start_s = cloud.datetime.timestamp()
        cloud.advance(SPAN_S)
        data = []
        for number in range(SPAN_S // STEP_S):
            orders = 60.0 if number == RUSH else float(draws.randint(4, 12))
            data.append(_datum(p, "web-1", orders, start_s + number * STEP_S))
            if number % 6 == 0:
                data.append(_datum(p, "web-2", float(draws.randint(20, 40)), start_s + number * STEP_S))
        client.put_metric_data(Namespace="Shop", MetricData=data)
        for age, age_s in AGES_S.items():
            cloud.advance(age_s - cloud.now)
            for period in PERIODS:
                client.get_metric_statistics(
                    Namespace="Shop",
                    MetricName="Orders",
                    Dimensions=NAMED[p.dimensions],
                    Statistics=list(STATISTICS),
                    Period=int(period),
                    StartTime=start_s,
                    EndTime=start_s + SPAN_S,
                )
            if age == p.age:
                break

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """What was written, and what each read gave."""
        rows = calls(trail)
        put = next(row for row in rows if row.operation == "PutMetricData").parameters["MetricData"]
        start_s = put[0]["Timestamp"]
        written = tuple(
            (datum["Timestamp"] - start_s, datum["Value"])
            for datum in put
            if datum["Dimensions"] == NAMED["both"]
        )
        reads = tuple(_read(row, start_s) for row in rows if row.operation == "GetMetricStatistics")
        chosen = next(one for one in reads if (one.age, one.period_s) == (p.age, int(p.read_period_s)))
        readable = [one.period_s for one in reads if one.age == p.age and one.points]
        summary: dict[str, int | float | str] = {
            "written": len(written),
            "written_orders": round(sum(value for _, value in written)),
            "points": len(chosen.points),
            "orders": round(chosen.total("Sum")),
            "highest": round(chosen.highest(p.statistic), 3),
            "readable_periods": len(readable),
            "finest_s": min(readable, default=0),
        }
        return Measured(written, reads, chosen, summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """What was written, what is read of it, and which reads give anything at which age."""
        from helpers.sections.s17_monitoring.experiments import rollup_picture

        return rollup_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def finest(p: Values, m: Measured) -> Finding:
        """A read gives points exactly if its period is not finer than what is left at that age."""
        if p.dimensions != "both":
            return not_applicable("The read names other dimensions than those written.")
        wrong = [one for one in m.reads if bool(one.points) is not left(one.age, one.period_s)]
        if wrong:
            return false(
                f"After {wrong[0].age} a read by {human(wrong[0].period_s)} gave "
                f"{plural(len(wrong[0].points), 'point')}."
            )
        finest_s = FINEST_S[p.age]
        said = "nothing is left" if finest_s is None else f"reads by {human(finest_s)} and longer give points"
        return true(f"After {p.age} {said}: {m.summary['readable_periods']} of {len(PERIODS)} periods.")

    @staticmethod
    def sums(p: Values, m: Measured) -> Finding:
        """All periods add up to the same sum, and keep the same maximum."""
        shown = [one for one in m.reads if one.points]
        if not shown:
            return not_applicable("No read gave a point.")
        written = sum(value for _, value in m.written)
        highest = max(value for _, value in m.written)
        wrong = [one for one in shown if (one.total("Sum"), one.highest("Maximum")) != (written, highest)]
        said = f"{plural(len(shown), 'read')} gave points; {len(shown) - len(wrong)} of them add up to {written:,.0f}"
        return (false if wrong else true)(f"{said} orders and have {highest:g} as their maximum.")

    @staticmethod
    def smooth(p: Values, m: Measured) -> Finding:
        """The highest average never rises with a longer period."""
        now = sorted(
            (one for one in m.reads if one.age == p.age and one.points), key=lambda one: one.period_s
        )
        if len(now) < 2:
            return not_applicable("Fewer than two periods give points.")
        peaks = [round(one.highest("Average"), 6) for one in now]
        said = ", ".join(f"{peak:.3g} by {human(one.period_s)}" for peak, one in zip(peaks, now, strict=True))
        return (true if peaks == sorted(peaks, reverse=True) else false)(f"The highest average is {said}.")

    @staticmethod
    def identity(p: Values, m: Measured) -> Finding:
        """A read that names fewer dimensions than were written gives nothing."""
        if p.dimensions == "both":
            return not_applicable("The read names all dimensions.")
        number = sum(len(one.points) for one in m.reads)
        named = "Env alone" if p.dimensions == "one" else "no dimension"
        said = f"{plural(len(m.reads), 'read')} with {named} gave {plural(number, 'point')}"
        return (false if number else true)(f"{said}, though both hosts had written.")


NAMED = {
    "both": [{"Name": "Env", "Value": "prod"}, {"Name": "Host", "Value": "web-1"}],
    "one": [{"Name": "Env", "Value": "prod"}],
    "none": [],
}


def left(age: str, period_s: int) -> bool:
    """Whether points of that period are left at that age."""
    finest_s = FINEST_S[age]
    return finest_s is not None and period_s >= finest_s


def _datum(p: Values, host: str, orders: float, at_s: float) -> dict[str, Any]:
    return {
        "MetricName": "Orders",
        "Dimensions": [{"Name": "Env", "Value": "prod"}, {"Name": "Host", "Value": host}],
        "Value": orders,
        "Timestamp": at_s,
        "StorageResolution": 1 if p.stored_by == "second" else 60,
    }


def _read(row: CallRow, start_s: float) -> Read:
    """One request and its points, oldest first."""
    age = next(name for name, age_s in AGES_S.items() if abs(age_s - row.end_s) < 1)
    points = sorted(
        (point["Timestamp"].timestamp() - start_s, {name: float(point[name]) for name in STATISTICS})
        for point in row.response["Datapoints"]
    )
    return Read(age, row.parameters["Period"], tuple(points))


Rollup.claims = (
    Claim(
        "finest",
        "Seconds are left for 3 hours, minutes for 15 days, five minutes for 63 days, hours for 455 days; a read by "
        "a finer period gives nothing.",
        ("monitoring.metrics.retention", "monitoring.custom.high"),
        Rollup.finest,
        "the read names the dimensions that were written",
        lambda p: p.dimensions == "both",
    ),
    Claim(
        "sums",
        "Whatever period can be read, the sums add up to the same, and the highest maximum is the same.",
        ("monitoring.metrics.retention", "monitoring.alarm.options"),
        Rollup.sums,
        "the read names the dimensions that were written",
        lambda p: p.dimensions == "both",
    ),
    Claim(
        "smooth",
        "With a longer period the highest average never rises: a rush of seconds is smoothed away.",
        ("monitoring.metrics.retention", "monitoring.alarm.period"),
        Rollup.smooth,
        "two periods or more give points",
        lambda p: p.dimensions == "both" and AGES_S[p.age] <= 63 * DAY_S,
    ),
    Claim(
        "identity",
        "A read that names fewer dimensions than were written gives nothing, as that is another metric.",
        ("monitoring.metrics.dimension", "monitoring.metrics.namespace"),
        Rollup.identity,
        "the read names one dimension or none",
        lambda p: p.dimensions != "both",
    ),
)

Rollup.scenes = (
    Scene(
        "hours",
        "Seconds do not last",
        {"stored_by": "second", "read_period_s": "10"},
        "Two hosts report their orders every 10 seconds, to a metric stored by the second. An hour later you read.",
        Prediction(
            "You send the same read after 5 hours. What do you get?",
            (
                Option(
                    "same",
                    "The same points, as metrics are kept for 15 months",
                    "points_keep_their_resolution",
                    "Something of them is kept so long, but seconds last 3 hours only.",
                    true_if=lambda p, m: m.summary["points"] == m.summary["written"],
                ),
                Option(
                    "minutes",
                    "Points of a minute, as nothing finer is left",
                    "reads_fall_back",
                    "CloudWatch does not change the period you asked for: ask for 60 s yourself.",
                    true_if=lambda p, m: m.summary["points"] == SPAN_S // 60,
                ),
                Option(
                    "nothing",
                    "No points, as the period is too fine by now",
                    None,
                    "After 3 hours minutes are the finest step, and a finer period finds nothing.",
                    right=True,
                    true_if=lambda p, m: m.summary["points"] == 0 and m.summary["finest_s"] == 60,
                ),
            ),
        ),
        {"age": "5 hours"},
        ("age", "read_period_s"),
        "finest",
        ("monitoring.metrics.retention", "monitoring.custom.high", "monitoring.custom.standard"),
    ),
    Scene(
        "weeks",
        "After 20 days",
        {"age": "20 days"},
        "The same read by the minute gives nothing after 20 days.",
        Prediction(
            "You ask for a period of 300 seconds. What do you get?",
            (
                Option(
                    "nothing",
                    "Nothing, as points of a minute are deleted after 15 days",
                    "old_points_vanish",
                    "They are merged into points of five minutes first, and hours later on.",
                    true_if=lambda p, m: m.summary["points"] == 0,
                ),
                Option(
                    "merged",
                    "Four points that hold the values of all 20 minutes",
                    None,
                    "Sum and count are those of all values, and the maximum is the highest one.",
                    right=True,
                    true_if=lambda p, m: (
                        m.summary["points"] == 4 and m.summary["orders"] == m.summary["written_orders"]
                    ),
                ),
                Option(
                    "sampled",
                    "Four points, each the last of five minutes that were",
                    "rollup_drops_points",
                    "Merging loses no value: the sum over the 20 minutes is the same as before.",
                    true_if=lambda p, m: 0 < m.summary["orders"] < m.summary["written_orders"],
                ),
            ),
        ),
        {"read_period_s": "300"},
        ("read_period_s", "age", "statistic"),
        "finest",
        ("monitoring.metrics.retention", "monitoring.custom.standard", "monitoring.metrics.variable"),
    ),
    Scene(
        "dimensions",
        "All hosts together",
        {"read_period_s": "300", "statistic": "Sum"},
        "The read names both dimensions, Env and Host, and shows the orders of web-1.",
        Prediction(
            "You want the orders of both hosts together, and name no dimension. What do you get?",
            (
                Option(
                    "sum",
                    "The orders of both hosts, added up",
                    "dimensions_add_up",
                    "CloudWatch does not add up custom metrics over their dimensions.",
                    true_if=lambda p, m: m.summary["orders"] > m.summary["written_orders"],
                ),
                Option(
                    "any",
                    "The orders of one of the two hosts",
                    "no_dimension_means_any",
                    "Dimensions are no filter. They are part of what the metric is.",
                    true_if=lambda p, m: 0 < m.summary["orders"] <= m.summary["written_orders"],
                ),
                Option(
                    "nothing",
                    "No points, as nobody has written to that metric",
                    None,
                    "Publish a total as well, or add up by metric math.",
                    right=True,
                    true_if=lambda p, m: m.summary["points"] == 0,
                ),
            ),
        ),
        {"dimensions": "none"},
        ("dimensions", "statistic"),
        "identity",
        ("monitoring.metrics.dimension", "monitoring.custom.dimensions", "monitoring.metrics.namespace"),
    ),
    Scene(
        "rush",
        "A rush of ten seconds",
        {"stored_by": "second", "read_period_s": "10"},
        "In one report there are 60 orders, in the others some 8. By 10 seconds the Average shows the rush.",
        Prediction(
            "The period becomes 300 s. How high is the highest Average then?",
            number="highest",
            unit="orders",
            tolerance=3,
            reply="About 10: one value of 60 among 30 values. Only the Maximum still shows the 60.",
        ),
        {"read_period_s": "300"},
        ("read_period_s", "statistic", "stored_by"),
        "smooth",
        ("monitoring.alarm.options", "monitoring.custom.high", "monitoring.metrics.retention"),
    ),
    Scene(
        "goal",
        "The rush of last season",
        {"stored_by": "second", "age": "100 days", "read_period_s": "60"},
        "100 days later somebody asks how high the rush was. The read by the minute gives nothing.",
        Prediction(
            "You try a period of 300 seconds. How many points do you get?",
            number="points",
            unit="points",
            tolerance=0,
            reply="None: after 63 days hours are the finest step that is left.",
        ),
        {"read_period_s": "300"},
        (),
        "finest",
        ("monitoring.metrics.retention", "monitoring.metrics.dimension", "monitoring.custom.high"),
        Goal(
            "A read after 100 days shows the 60 orders of the rush.",
            lambda p, m: (
                p.age == "100 days" and p.statistic in ("Average", "Maximum") and m.summary["highest"] == 60
            ),
            {"read_period_s": "3600", "statistic": "Maximum"},
        ),
    ),
)
