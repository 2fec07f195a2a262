"""When an alarm fires, and when it stays silent: M of N points, missing ones, and what is told."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from helpers.experiments import (
    Choice,
    Claim,
    Experiment,
    Finding,
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
from helpers.experiments.pictures import human
from helpers.sections.s17_monitoring.experiments.reading import (
    ALARM,
    API,
    GUIDE,
    NO_DATA,
    OK,
    Point,
    Stretch,
    messages,
    offset_s,
    points,
    stretches,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

THRESHOLD = 80.0
CALM, BUSY, SPREAD = 40.0, 95.0, 11.0
BEFORE, RISE, FALL, AFTER = 12, 4, 16, 4
"""In periods: points from before the alarm was made; when the load rises and falls; what follows beyond N."""


@dataclass(frozen=True)
class Measured:
    """What the trail shows: data points as they can be read, states of the alarm, messages. `end_s` ends the run."""

    points: tuple[Point, ...]
    states: tuple[Stretch, ...]
    messages: tuple[tuple[float, str], ...]
    end_s: float
    summary: dict[str, int | float | str]


class Alarm(Experiment):
    """An alarm on the processor of a host, and six ways in which its metric may run; see the module."""

    id = "17_monitoring.alarm"
    title = "An alarm, and its silence"
    question = "When does an alarm fire, and when does it stay silent?"
    parameters = (
        Choice(
            "period_s",
            "60",
            "period",
            "How long each data point is. The host reports once a period.",
            choices=("10", "30", "60", "300"),
            unit="s",
            source=API + "API_PutMetricAlarm.html",
        ),
        Int(
            "evaluation_periods",
            3,
            "evaluation periods (N)",
            "EvaluationPeriods: how many of the newest data points the alarm compares.",
            minimum=1,
            maximum=10,
            source=API + "API_PutMetricAlarm.html",
        ),
        Int(
            "datapoints_to_alarm",
            2,
            "datapoints to alarm (M)",
            "DatapointsToAlarm: how many of the N must breach. AWS refuses more than N; here N is taken then.",
            minimum=1,
            maximum=10,
            source=API + "API_PutMetricAlarm.html",
        ),
        Choice(
            "treat_missing",
            "missing",
            "missing data count as",
            "TreatMissingData: what stands for data points that did not come.",
            choices=("missing", "ignore", "breaching", "notBreaching"),
            source=GUIDE + "alarms-and-missing-data.html",
        ),
        Choice(
            "signal",
            "step",
            "load",
            "The load rises for 12 periods (step, or noise around it), for one (spike), in every second one "
            "(alternating), with every second report lost (gaps), or the host falls silent (stop).",
            choices=("step", "spike", "alternating", "noise", "gaps", "stop"),
        ),
        Choice(
            "stored_by",
            "minute",
            "metric stored by the",
            "StorageResolution 60 (minute) or 1 (second).",
            choices=("minute", "second"),
            source=API + "API_MetricDatum.html",
        ),
    )
    differences = (
        "A data point can be read at once here; on AWS it may take a minute or two, and the alarm is later by as much.",
        "The alarm looks two data points further back than N, as in AWS's example; for others AWS names no number.",
        "Evaluations fall on full minutes (or tens of seconds) here; AWS promises how often, not when.",
        "Nobody has subscribed to the topic: the messages counted are those that the alarm publishes.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """Report once a period, as the load says, and ask in the end what the alarm did."""
        cloud.api_latency_s = 0
        client = cloud.client("cloudwatch")
        topic = cloud.client("sns").create_topic(Name="operators")["TopicArn"]
        period_s, start_s = seconds(p), cloud.datetime.timestamp()
        draws = cloud.random_for("host")
        load = [_load(p, place, draws) for place in range(-BEFORE, periods(p))]

        def datum(value: float, at_s: float) -> dict[str, Any]:
            return {
                "MetricName": "CPUUtilization",
                "Dimensions": DIMENSIONS,
                "Value": value,
                "Timestamp": at_s,
                "StorageResolution": 1 if p.stored_by == "second" else 60,
            }

        past = [
            datum(value, start_s + (place - BEFORE + 0.5) * period_s)
            for place, value in enumerate(load[:BEFORE])
            if value is not None
        ]
        client.put_metric_data(Namespace="Shop", MetricData=past)
        client.put_metric_alarm(
            AlarmName="busy",
            Namespace="Shop",
            MetricName="CPUUtilization",
            Dimensions=DIMENSIONS,
            Statistic="Average",
            Period=period_s,
            EvaluationPeriods=p.evaluation_periods,
            DatapointsToAlarm=needed(p),
            Threshold=THRESHOLD,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData=p.treat_missing,
            AlarmActions=[topic],
            OKActions=[topic],
            InsufficientDataActions=[topic],
        )
        for value in load[BEFORE:]:
            cloud.advance(period_s / 2)
            if value is not None:
                client.put_metric_data(
                    Namespace="Shop", MetricData=[datum(value, cloud.datetime.timestamp())]
                )
            cloud.advance(period_s / 2)
        cloud.advance(1)
        client.describe_alarm_history(AlarmName="busy", MaxRecords=100, ScanBy="TimestampAscending")
        client.get_metric_statistics(
            Namespace="Shop",
            MetricName="CPUUtilization",
            Dimensions=DIMENSIONS,
            Statistics=["Average"],
            Period=period_s,
            StartTime=start_s,
            EndTime=start_s + periods(p) * period_s,
        )

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """The data points, the states that follow from them, and what was told."""
        rows = calls(trail)
        end_s = float(periods(p) * seconds(p))
        states = stretches(rows, end_s)
        told = messages(rows)
        read = next(row for row in rows if row.operation == "GetMetricStatistics")
        found = points(read, "Average", offset_s(rows))
        rise_s = RISE * seconds(p)
        fired = [one.start_s for one in states if one.state == ALARM]
        summary: dict[str, int | float | str] = {
            "periods": periods(p),
            "points": len(found),
            "breaching": sum(point.value > THRESHOLD for point in found),
            "alarms": len(fired),
            "detect_s": round(min((at_s - rise_s for at_s in fired if at_s > rise_s), default=-1.0), 3),
            "in_alarm_s": round(sum(one.end_s - one.start_s for one in states if one.state == ALARM), 3),
            "changes": len(states) - 1,
            "messages": len(told),
            "last_state": states[-1].state,
        }
        return Measured(tuple(found), tuple(states), tuple(told), end_s, summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """The data points with their threshold, the states below them, and the messages."""
        from helpers.sections.s17_monitoring.experiments import alarm_picture

        return alarm_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def step(p: Values, m: Measured) -> Finding:
        """After a step the M-th breaching point raises the alarm."""
        if p.signal != "step":
            return not_applicable("The load does not rise for long.")
        found_s, due_s = float(m.summary["detect_s"]), fires_after_s(p)
        if found_s < 0:
            return false(
                f"The load rose for {human((FALL - RISE) * seconds(p))}, and the alarm stayed silent."
            )
        said = f"The alarm came {human(found_s)} after the rise; {plural(needed(p), 'point')} had to breach"
        if abs(found_s - due_s) > 0.01 or m.summary["alarms"] != 1:
            return false(f"{said}, which takes {human(due_s)}.")
        return true(f"{said}, which takes at most {human(needed(p) * seconds(p))}.")

    @staticmethod
    def spike(p: Values, m: Measured) -> Finding:
        """One breaching point raises the alarm exactly if M is 1."""
        if p.signal != "spike":
            return not_applicable("The load does not rise for a single period.")
        expected = needed(p) == 1
        said = "raised the alarm" if m.summary["alarms"] else "did not raise the alarm"
        finding = f"One breaching point {said}, with M = {needed(p)}."
        return true(finding) if bool(m.summary["alarms"]) is expected else false(finding)

    @staticmethod
    def silence(p: Values, m: Measured) -> Finding:
        """When the metric stops, the last state depends on TreatMissingData alone."""
        if p.signal != "stop":
            return not_applicable("The host goes on reporting.")
        last, due = m.summary["last_state"], SILENT[p.treat_missing]
        said = f"After {human(m.end_s - RISE * seconds(p))} of silence, treated as {p.treat_missing}, "
        return (true if last == due else false)(f"{said}the alarm is in {last}.")

    @staticmethod
    def actions(p: Values, m: Measured) -> Finding:
        """There is one message for each change of state."""
        number, changes = int(m.summary["messages"]), int(m.summary["changes"])
        said = (
            f"{plural(changes, 'change')} of state gave {plural(number, 'message')}, with "
            f"{human(float(m.summary['in_alarm_s']))} in ALARM"
        )
        same = [state for _, state in m.messages] == [one.state for one in m.states[1:]]
        return (true if same else false)(f"{said}.")

    @staticmethod
    def lapse(p: Values, m: Measured) -> Finding:
        """A metric stored by the minute has a point in one short period of each minute only."""
        if not lapses(p):
            return not_applicable("The period is not shorter than the steps by which the metric is stored.")
        number, length = int(m.summary["points"]), periods(p)
        most = ceil(length * seconds(p) / 60)
        said = f"Of {length} periods of {seconds(p)} s {number} have a data point"
        return (true if 0 < number <= most else false)(f"{said}: one a minute at most.")


DIMENSIONS = [{"Name": "Host", "Value": "web-1"}]
SILENT = {"missing": NO_DATA, "ignore": OK, "breaching": ALARM, "notBreaching": OK}
"""TreatMissingData -> the state after a host in OK has been silent for long (GUIDE/alarms-and-missing-data.html)."""


def seconds(p: Values) -> int:
    """The period."""
    return int(p.period_s)


def needed(p: Values) -> int:
    """DatapointsToAlarm, which AWS refuses above EvaluationPeriods."""
    return int(min(p.datapoints_to_alarm, p.evaluation_periods))


def periods(p: Values) -> int:
    """How many periods are looked at, long enough for N good points at the end."""
    return int(FALL + p.evaluation_periods + AFTER)


def lapses(p: Values) -> bool:
    """Whether the alarm's period is shorter than the steps by which its metric is stored."""
    return bool(seconds(p) < 60 and p.stored_by == "minute")


def fires_after_s(p: Values) -> float:
    """From the rise until the alarm: the M-th breaching point, which comes in mid-period, and the next evaluation."""
    every_s = 60 if seconds(p) >= 60 else 10
    point_s = (needed(p) - 0.5) * seconds(p)
    return float(ceil(point_s / every_s) * every_s)


def _load(p: Values, place: int, draws: Any) -> float | None:
    """What the host reports in a period, or None if nothing comes; periods before the alarm have a negative place."""
    up = RISE <= place < FALL
    if p.signal == "noise":
        return float(round(draws.gauss(92 if up else 68, SPREAD), 1))
    if p.signal == "stop":
        return None if place >= RISE else CALM
    if p.signal == "spike":
        up = place == RISE
    elif p.signal == "alternating":
        up = up and (place - RISE) % 2 == 0
    elif p.signal == "gaps" and up and (place - RISE) % 2:
        return None
    return BUSY if up else CALM


Alarm.claims = (
    Claim(
        "step",
        "When the load rises for good, the M-th breaching point raises the alarm, at most M periods after the rise.",
        ("monitoring.alarm.m_of_n", "monitoring.alarm.period", "monitoring.ec2.asg"),
        Alarm.step,
        "the load rises for 12 periods, and the metric is stored finely enough",
        lambda p: p.signal == "step" and not lapses(p),
    ),
    Claim(
        "spike",
        "A single breaching point raises the alarm if M is 1, and never otherwise.",
        ("monitoring.alarm.m_of_n",),
        Alarm.spike,
        "the load rises for one period, and the metric is stored finely enough",
        lambda p: p.signal == "spike" and not lapses(p),
    ),
    Claim(
        "silence",
        "When a metric in order falls silent, the last state depends on TreatMissingData alone: INSUFFICIENT_DATA "
        "(missing), as it was (ignore), ALARM (breaching) or OK (notBreaching).",
        ("monitoring.alarm.missing", "monitoring.alarm.states"),
        Alarm.silence,
        "the host falls silent",
        lambda p: p.signal == "stop",
    ),
    Claim(
        "actions",
        "Each change of state sends one message, however long the state lasts.",
        ("monitoring.alarm.on_change", "monitoring.alarm.target_sns"),
        Alarm.actions,
        "always",
        lambda p: True,
    ),
    Claim(
        "lapse",
        "With a period under a minute on a metric stored by the minute, most periods have no data point.",
        ("monitoring.alarm.highres", "monitoring.custom.high"),
        Alarm.lapse,
        "the period is shorter than a minute, and the metric is stored by the minute",
        lapses,
    ),
)

Alarm.scenes = (
    Scene(
        "rise",
        "Five minutes or one",
        {"period_s": "300"},
        "A host reports its processor load every five minutes, as EC2 instances do by default. Two of three points "
        "must breach.",
        Prediction(
            "Now it reports every minute, and the period is 60 s. How long after the rise does the alarm come?",
            number="detect_s",
            unit="s",
            tolerance=60,
            reply="After 2 minutes: the second point has to breach. With 5-minute points it took 8 minutes.",
        ),
        {"period_s": "60"},
        ("period_s", "datapoints_to_alarm"),
        "step",
        (
            "monitoring.alarm.period",
            "monitoring.alarm.m_of_n",
            "monitoring.ec2.asg",
            "monitoring.ec2.detailed",
        ),
    ),
    Scene(
        "not_in_a_row",
        "Every second minute",
        {"evaluation_periods": 4, "datapoints_to_alarm": 3, "signal": "alternating"},
        "A job runs every second minute, and the load with it. The alarm wants 3 of 4 points, and is silent.",
        Prediction(
            "Now two of four points are enough. What does the alarm do while the job runs on?",
            (
                Option(
                    "ok",
                    "It stays in OK, as no two breaching points come in a row",
                    "alarm_needs_consecutive",
                    "M of the last N points must breach. Nobody asks whether they are neighbours.",
                    true_if=lambda p, m: m.summary["alarms"] == 0,
                ),
                Option(
                    "once",
                    "It goes to ALARM with the second breaching point and stays",
                    None,
                    "Two of the last four points breach at any time from there on.",
                    right=True,
                    true_if=lambda p, m: m.summary["alarms"] == 1,
                ),
                Option(
                    "flips",
                    "It goes to ALARM and back to OK with each point that comes",
                    "alarm_follows_newest",
                    "A point that is well takes its place among the last four; two others still breach.",
                    true_if=lambda p, m: m.summary["alarms"] > 2,
                ),
            ),
        ),
        {"datapoints_to_alarm": 2},
        ("evaluation_periods", "datapoints_to_alarm", "signal"),
        "actions",
        ("monitoring.alarm.m_of_n", "monitoring.alarm.period"),
    ),
    Scene(
        "silence",
        "A host that says nothing",
        {"treat_missing": "breaching", "signal": "stop"},
        "The host dies and reports no more. Missing data count as breaching, so there is an alarm.",
        Prediction(
            "TreatMissingData is left at its default, `missing`. In which state does the alarm end?",
            (
                Option(
                    "ok",
                    "In OK, since no point is above the threshold",
                    "missing_counts_as_ok",
                    "That would be `notBreaching`, which you must ask for.",
                    true_if=lambda p, m: m.summary["last_state"] == OK,
                ),
                Option(
                    "none",
                    "In INSUFFICIENT_DATA, since there is nothing to compare",
                    None,
                    "All points in reach are missing. Whoever acts on ALARM only does not hear of the dead host.",
                    right=True,
                    true_if=lambda p, m: m.summary["last_state"] == NO_DATA,
                ),
                Option(
                    "alarm",
                    "In ALARM, since a silent host has surely failed",
                    "silence_raises_alarm",
                    "CloudWatch does not know what silence means: for that, set `breaching`.",
                    true_if=lambda p, m: m.summary["last_state"] == ALARM,
                ),
            ),
        ),
        {"treat_missing": "missing"},
        ("treat_missing", "evaluation_periods"),
        "silence",
        ("monitoring.alarm.missing", "monitoring.alarm.states"),
    ),
    Scene(
        "messages",
        "How often it tells",
        {"signal": "spike"},
        "All changes of state go to a topic. So far the operators had one message, that the new alarm is OK.",
        Prediction(
            "The load now stays up for 12 minutes. How many more messages do the operators get?",
            (
                Option(
                    "each_minute",
                    "Some ten, one each minute as long as it is in ALARM",
                    "alarm_repeats_action",
                    "Notifications come when the state changes. Only Auto Scaling actions are repeated.",
                    true_if=lambda p, m: m.summary["messages"] > 9,
                ),
                Option(
                    "one",
                    "One, as only the way into ALARM has actions",
                    "only_alarm_has_actions",
                    "Each of the three states has actions of its own; here all of them name the topic.",
                    true_if=lambda p, m: m.summary["messages"] == 2,
                ),
                Option(
                    "two",
                    "Two, one as it goes to ALARM and one as it ends",
                    None,
                    "Two changes of state, two messages.",
                    right=True,
                    true_if=lambda p, m: m.summary["messages"] == 3,
                ),
            ),
        ),
        {"signal": "step"},
        ("signal", "datapoints_to_alarm"),
        "actions",
        ("monitoring.alarm.on_change", "monitoring.alarm.target_sns", "monitoring.alarm.states"),
    ),
    Scene(
        "goal",
        "Quick and calm",
        {"evaluation_periods": 1, "datapoints_to_alarm": 1, "signal": "noise", "seed": 5},
        "The load is noisy, and an alarm on each single point wakes the operators for nothing.",
        Prediction(
            "The period becomes 10 s, to hear sooner. The metric is stored by the minute, as it was. What comes?",
            (
                Option(
                    "sooner",
                    "An alarm that sees each rise six times sooner",
                    "short_period_is_quicker",
                    "All that is stored of a minute stands at its beginning, so the other periods are empty.",
                    true_if=lambda p, m: m.summary["points"] > 0.9 * m.summary["periods"],
                ),
                Option(
                    "empty",
                    "An alarm that finds no point in most periods",
                    None,
                    "Five of six periods are empty. A short period needs a metric stored with StorageResolution 1.",
                    right=True,
                    true_if=lambda p, m: 0 < m.summary["points"] < 0.25 * m.summary["periods"],
                ),
                Option(
                    "refused",
                    "A refusal, as a metric must be stored more finely for it",
                    "short_period_is_refused",
                    "PutMetricAlarm does not look at the metric. The alarm is made, and sees little.",
                    true_if=lambda p, m: m.summary["changes"] == 0,
                ),
            ),
        ),
        {"period_s": "10"},
        (),
        "lapse",
        ("monitoring.alarm.highres", "monitoring.alarm.m_of_n", "monitoring.alarm.missing"),
        Goal(
            "The noisy load is told of within 5 minutes of its rise, and by one alarm only.",
            lambda p, m: (
                p.signal == "noise" and m.summary["alarms"] == 1 and 0 < m.summary["detect_s"] <= 300
            ),
            {"evaluation_periods": 5, "datapoints_to_alarm": 3},
        ),
    ),
)
