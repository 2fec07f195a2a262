"""How many users meet a bad version, by the way in which traffic is moved to it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers.experiments import (
    Choice,
    Claim,
    Experiment,
    Finding,
    Flag,
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
from helpers.sections.s21_lambda.experiments.reading import create, executions, role

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

CODEDEPLOY = "https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html"
BEFORE_S = 60  # the old version alone
AFTER_S = 120  # how long the run goes on after the last shift
GOOD = "def handler(event, context):\n    return 'welcome'\n"
BAD = """
import random


def handler(event, context):
    if random.random() < event["error_share"]:
        raise KeyError("customer")
    return "welcome back"
"""


class Shift(NamedTuple):
    """A deployment configuration: `steps` of (seconds after the start, share of traffic on the new version)."""

    steps: tuple[tuple[int, float], ...]

    @property
    def whole_s(self) -> int:
        """When all traffic is on the new version, in seconds after the start."""
        return self.steps[-1][0]


def _canary(minutes: int) -> Shift:
    return Shift(((0, 0.1), (60 * minutes, 1.0)))


def _linear(minutes: int) -> Shift:
    return Shift(tuple((60 * minutes * step, (step + 1) / 10) for step in range(10)))


STRATEGIES = {
    "LambdaAllAtOnce": Shift(((0, 1.0),)),
    "LambdaCanary10Percent5Minutes": _canary(5),
    "LambdaCanary10Percent10Minutes": _canary(10),
    "LambdaCanary10Percent15Minutes": _canary(15),
    "LambdaCanary10Percent30Minutes": _canary(30),
    "LambdaLinear10PercentEvery1Minute": _linear(1),
    "LambdaLinear10PercentEvery2Minutes": _linear(2),
    "LambdaLinear10PercentEvery3Minutes": _linear(3),
    "LambdaLinear10PercentEvery10Minutes": _linear(10),
}
"""CodeDeploy's predefined configurations for Lambda, without the prefix CodeDeployDefault (CODEDEPLOY)."""


class Request(NamedTuple):
    """A request: when it began, whether the new version answered it, and whether that failed."""

    time_s: float
    new: bool
    failed: bool


@dataclass(frozen=True)
class Measured:
    """What the trail shows. `weights` are (time in seconds, share on the new version) from the first shift on."""

    requests: tuple[Request, ...]
    weights: tuple[tuple[float, float], ...]
    alarm_s: float | None
    end_s: float
    summary: dict[str, int | float | str]

    def periods(self) -> list[tuple[float, float, float]]:
        """(from, to, share on the new version), one after the other."""
        ends = [at for at, _ in self.weights[1:]] + [self.end_s]
        return [(at, end, share) for (at, share), end in zip(self.weights, ends, strict=True)]


class Canary(Experiment):
    """A deployment of a new version behind an alias, step by step; see the module."""

    id = "21_lambda.canary"
    title = "A canary for a bad version"
    question = "How many users meet a bad version before it is taken back?"
    parameters = (
        Choice(
            "strategy",
            "LambdaCanary10Percent5Minutes",
            "deployment configuration",
            "How CodeDeploy moves the traffic of the alias to the new version.",
            choices=tuple(STRATEGIES),
            source=CODEDEPLOY,
        ),
        Int(
            "requests_per_min",
            30,
            "requests a minute",
            "How many requests come on average, at random moments.",
            unit="/min",
            minimum=1,
            maximum=100,
            assumption=True,
        ),
        Int(
            "error_percent",
            50,
            "errors of the new version",
            "Share of the requests to the new version that fail.",
            unit="%",
            minimum=0,
            maximum=100,
            step=5,
            assumption=True,
        ),
        Int(
            "alarm_errors",
            2,
            "alarm at",
            "So many errors in a minute set off the alarm that CodeDeploy watches.",
            unit="errors/min",
            minimum=1,
            maximum=100,
            assumption=True,
        ),
        Flag(
            "rollback",
            True,
            "roll back on alarm",
            "Whether the alarm takes the traffic back to the old version.",
        ),
    )
    differences = (
        "An actor plays CodeDeploy and its CloudWatch alarm: it sets the alias's weights and reads the Errors metric.",
        "The alarm looks at whole minutes at once; a real one is evaluated some seconds later.",
        "Which version answers a request is drawn for each request, as AWS documents; the errors are drawn too.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """Version 1 behind the alias, version 2 bad, a deployment, and users who ask all the time."""
        client, cloudwatch = cloud.client("lambda"), cloud.client("cloudwatch")
        create(client, "greet", GOOD, role(cloud))
        old = client.publish_version(FunctionName="greet")["Version"]
        client.create_alias(FunctionName="greet", Name="live", FunctionVersion=old)
        from helpers.dataplane.awslambda.package import zipped

        client.update_function_code(FunctionName="greet", ZipFile=zipped(BAD))
        new = client.publish_version(FunctionName="greet")["Version"]
        shift = STRATEGIES[p.strategy]
        payload = f'{{"error_share": {p.error_percent / 100}}}'
        end_s = cloud.now + BEFORE_S + shift.whole_s + AFTER_S

        def ask() -> None:
            client.invoke(FunctionName="greet", Qualifier="live", Payload=payload)

        def visit() -> None:
            draws = cloud.random_for("visits")
            while True:
                time.sleep(draws.expovariate(p.requests_per_min / 60))
                cloud.spawn(ask, name="user", background=True)

        def errors_of_last_minute() -> float:
            end_s = cloud.datetime.timestamp() // 60 * 60  # CloudWatch keeps whole minutes
            found = cloudwatch.get_metric_statistics(
                Namespace="AWS/Lambda",
                MetricName="Errors",
                Dimensions=[{"Name": "FunctionName", "Value": "greet"}],
                StartTime=end_s - 60,
                EndTime=end_s,
                Period=60,
                Statistics=["Sum"],
            )
            return float(sum(point["Sum"] for point in found["Datapoints"]))

        def set_weight(share: float) -> None:
            if share == 1:
                client.update_alias(
                    FunctionName="greet",
                    Name="live",
                    FunctionVersion=new,
                    RoutingConfig={"AdditionalVersionWeights": {}},
                )
            else:
                weights = {new: share} if share else {}
                client.update_alias(
                    FunctionName="greet",
                    Name="live",
                    FunctionVersion=old,
                    RoutingConfig={"AdditionalVersionWeights": weights},
                )

        def deploy() -> None:
            time.sleep(BEFORE_S)
            steps, passed_s = dict(shift.steps), 0
            while passed_s <= shift.whole_s + AFTER_S:
                if passed_s in steps:
                    set_weight(steps[passed_s])
                time.sleep(60)
                passed_s += 60
                if p.rollback and errors_of_last_minute() >= p.alarm_errors:
                    set_weight(0)
                    return

        cloud.spawn(visit, name="users", background=True)
        cloud.spawn(deploy, name="codedeploy", background=True)
        cloud.run(until=end_s)

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Requests by version, the weights of the alias, and when they were taken back."""
        rows = calls(trail)
        runs = executions(rows)
        set_at = [row for row in rows if row.operation == "UpdateAlias"]
        begin_s = set_at[0].end_s - BEFORE_S
        versions = sorted({one.version for one in runs} | {set_at[0].response["FunctionVersion"]}, key=int)
        new = "2"
        requests = tuple(Request(one.start_s - begin_s, one.version == new, bool(one.error)) for one in runs)
        weights = tuple((row.end_s - begin_s, _share(row.response, new)) for row in set_at)
        alarm_s = weights[-1][0] if len(weights) > 1 and weights[-1][1] == 0 else None
        if len(weights) == 1 and weights[0][1] == 0:
            alarm_s = weights[0][0]
        end_s = BEFORE_S + STRATEGIES[p.strategy].whole_s + AFTER_S
        met = [one for one in requests if one.new]
        summary: dict[str, int | float | str] = {
            "requests": len(requests),
            "met_new": len(met),
            "errors": sum(one.failed for one in requests),
            "rolled_back_s": round((alarm_s or 0.0) - BEFORE_S, 1) if alarm_s is not None else 0.0,
            "alarm": int(alarm_s is not None),
            "whole_s": round(next((at - BEFORE_S for at, share in weights if share == 1), 0.0), 1),
            "versions": len(versions),
        }
        return Measured(requests, weights, alarm_s, float(end_s), summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """Each request on the lane of the version that answered it; the weight and the errors below."""
        from helpers.sections.s21_lambda.experiments import canary_picture

        return canary_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def share(p: Values, m: Measured) -> Finding:
        """The new version answers about its weight of the requests."""
        mean, variance, met = 0.0, 0.0, 0
        for start_s, end_s, share in m.periods():
            number = sum(start_s <= one.time_s < end_s for one in m.requests)
            met += sum(start_s <= one.time_s < end_s and one.new for one in m.requests)
            mean += number * share
            variance += number * share * (1 - share)
        said = f"By the weights about {mean:.0f} requests should have met the new version, and {met} did"
        return (true if abs(met - mean) <= 1 + 4.5 * math.sqrt(variance) else false)(f"{said}.")

    @staticmethod
    def expected(p: Values, m: Measured) -> Finding:
        """Errors are expected to be weight x rate x error share x time."""
        mean = expected_errors(p, m)
        errors = m.summary["errors"]
        said = f"{mean:.1f} errors were to be expected, and {plural(int(errors), 'user')} met one"
        return (true if abs(float(errors) - mean) <= 2 + 4.5 * math.sqrt(mean) else false)(f"{said}.")

    @staticmethod
    def back(p: Values, m: Measured) -> Finding:
        """After the roll-back nobody meets the new version."""
        if m.alarm_s is None:
            return not_applicable("The alarm did not take anything back.")
        late = sum(one.new and one.time_s > m.alarm_s for one in m.requests)
        said = f"The alarm took the traffic back after {m.summary['rolled_back_s']:g} s"
        return (
            true(f"{said}.")
            if not late
            else false(f"{said}, and {plural(late, 'request')} still met version 2.")
        )

    @staticmethod
    def silent(p: Values, m: Measured) -> Finding:
        """A canary with too little traffic sets off no alarm, and everybody gets the bad version."""
        if p.strategy.startswith("LambdaAllAtOnce") or not p.error_percent:
            return not_applicable("There is no small first step, or the new version has no errors.")
        first_end_s = BEFORE_S + STRATEGIES[p.strategy].steps[1][0]
        per_min = p.requests_per_min * 0.1 * p.error_percent / 100
        said = (
            f"The first step was to give {per_min:.1f} errors a minute, against an alarm at {p.alarm_errors}"
        )
        if m.alarm_s is None or m.alarm_s > first_end_s:
            return true(f"{said}: it stayed silent, and more traffic followed.")
        return false(f"{said}, and it fired within the step.")

    @staticmethod
    def whole(p: Values, m: Measured) -> Finding:
        """All traffic has moved when the strategy says so."""
        if m.alarm_s is not None:
            return not_applicable("The deployment was taken back.")
        planned_s = STRATEGIES[p.strategy].whole_s
        said = f"All traffic was on the new version after {m.summary['whole_s'] / 60:g} min"
        return (true if abs(float(m.summary["whole_s"]) - planned_s) < 5 else false)(
            f"{said}; the configuration says {planned_s / 60:g} min."
        )


def _share(alias: dict[str, Any], new: str) -> float:
    if alias["FunctionVersion"] == new:
        return 1.0
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return float(weights.get(new, 0.0))


def expected_errors(p: Values, m: Measured) -> float:
    """Weight x rate x error share x time, summed over the steps as long as they stood."""
    minutes = sum((end_s - start_s) / 60 * share for start_s, end_s, share in m.periods())
    return float(minutes * p.requests_per_min * p.error_percent / 100)


Canary.claims = (
    Claim(
        "share",
        "An alias's weight is the share of requests that the new version answers.",
        ("lambda.alias.weights",),
        Canary.share,
        "always, give or take chance",
        lambda p: True,
    ),
    Claim(
        "expected",
        "The errors that users meet are about weight × rate × error share × time.",
        ("lambda.cd.canary", "lambda.alias.weights"),
        Canary.expected,
        "always, give or take chance",
        lambda p: True,
    ),
    Claim(
        "back",
        "Once the weights are taken back, no request meets the new version.",
        ("lambda.cd.shift", "lambda.alias.pointer"),
        Canary.back,
        "the alarm is sure to fire and takes the deployment back",
        lambda p: (
            p.rollback
            and p.strategy == "LambdaAllAtOnce"
            and p.requests_per_min * p.error_percent / 100
            > p.alarm_errors + 6 * math.sqrt(p.alarm_errors) + 20
        ),
    ),
    Claim(
        "silent",
        "A canary that gets too little traffic sets off no alarm: the bad version then goes to everybody.",
        ("lambda.cd.canary",),
        Canary.silent,
        "a small first step, and an alarm far above the errors which that step is to give",
        lambda p: (
            p.strategy != "LambdaAllAtOnce"
            and p.error_percent > 0
            and p.alarm_errors > 3 + 4 * p.requests_per_min * 0.1 * p.error_percent / 100
        ),
    ),
    Claim(
        "whole",
        "All traffic is on the new version at the time that the deployment configuration names.",
        ("lambda.cd.linear", "lambda.cd.canary", "lambda.cd.all"),
        Canary.whole,
        "nothing takes the deployment back",
        lambda p: not p.rollback or p.error_percent == 0,
    ),
)

Canary.scenes = (
    Scene(
        "canary",
        "All at once, or a tenth first",
        {"strategy": "LambdaAllAtOnce"},
        "Version 2 fails for half of its users. It went live all at once, and an alarm took it back.",
        Prediction(
            "Now only a tenth of the traffic goes to version 2 in the first 5 minutes. How many users meet an error?",
            (
                Option(
                    "tenth",
                    "A tenth of those before, since a tenth of the traffic sees it",
                    "canary_divides_errors",
                    "The rate is a tenth, but a quiet canary also takes longer to set off the same alarm.",
                    true_if=lambda p, m: m.summary["errors"] <= 1,
                ),
                Option(
                    "fewer",
                    "Clearly fewer, though it takes longer until the alarm fires",
                    None,
                    "Weight × rate × error share × time: the first factor is a tenth, and the last one may grow.",
                    right=True,
                    true_if=lambda p, m: 1 < m.summary["errors"] <= 10,
                ),
                Option(
                    "none",
                    "None at all, since a canary is a test without any users",
                    "canary_has_no_users",
                    "A canary is real traffic: every tenth user is in it.",
                    true_if=lambda p, m: m.summary["errors"] == 0,
                ),
            ),
        ),
        {"strategy": "LambdaCanary10Percent5Minutes"},
        ("strategy", "error_percent"),
        "expected",
        ("lambda.cd.canary", "lambda.cd.all", "lambda.cd.shift", "lambda.alias.weights"),
    ),
    Scene(
        "small",
        "A canary too small to sing",
        {"alarm_errors": 3},
        "The same deployment on an internal service with little traffic. Is a tenth of it enough to notice?",
        Prediction(
            "Only 6 requests come a minute. What becomes of the bad version?",
            (
                Option(
                    "back",
                    "It is taken back, since half of its requests fail",
                    "alarm_sees_the_share",
                    "The alarm counts errors a minute, and a tenth of six requests gives hardly any.",
                    true_if=lambda p, m: m.summary["alarm"] == 1 and m.summary["rolled_back_s"] <= 300,
                ),
                Option(
                    "all",
                    "It goes to everybody after five minutes",
                    None,
                    "0.3 errors a minute set off no alarm at 3, so the second step comes as planned.",
                    right=True,
                    true_if=lambda p, m: m.summary["whole_s"] > 0,
                ),
                Option(
                    "stays",
                    "It stays at a tenth until somebody decides",
                    "canary_waits_for_approval",
                    "CodeDeploy goes on when the time of the step is over, unless an alarm stops it.",
                    true_if=lambda p, m: m.summary["whole_s"] == 0 and m.summary["alarm"] == 0,
                ),
            ),
        ),
        {"requests_per_min": 6},
        ("requests_per_min", "alarm_errors"),
        "silent",
        ("lambda.cd.canary", "lambda.cd.hooks"),
    ),
    Scene(
        "linear",
        "Step by step",
        {"error_percent": 0, "strategy": "LambdaLinear10PercentEvery1Minute", "requests_per_min": 20},
        "Version 2 is mended. The team moves to it in ten equal steps.",
        Prediction(
            "A step is taken every 3 minutes instead of every minute. When is all traffic there?",
            (
                Option(
                    "thirty",
                    "After 30 minutes, ten steps of three minutes each",
                    "linear_waits_first",
                    "The first step is taken at the start, so there are nine waits.",
                    true_if=lambda p, m: abs(m.summary["whole_s"] - 1800) < 30,
                ),
                Option(
                    "minutes_27",
                    "After 27 minutes, ten steps with nine waits between them",
                    None,
                    "At the start 10 %, then 10 % more after each wait: 9 × 3 minutes.",
                    right=True,
                    true_if=lambda p, m: abs(m.summary["whole_s"] - 1620) < 30,
                ),
                Option(
                    "three",
                    "After 3 minutes, when the whole deployment is complete",
                    "linear_minutes_are_total",
                    "The 3 minutes stand between two steps.",
                    true_if=lambda p, m: abs(m.summary["whole_s"] - 180) < 30,
                ),
            ),
        ),
        {"strategy": "LambdaLinear10PercentEvery3Minutes"},
        ("strategy", "requests_per_min"),
        "whole",
        ("lambda.cd.linear", "lambda.cd.shift"),
    ),
    Scene(
        "goal",
        "Few errors, no long night",
        {"requests_per_min": 60, "error_percent": 30, "alarm_errors": 4, "strategy": "LambdaAllAtOnce"},
        "A busy service with a fault in one request of three. Which strategy would you have chosen beforehand?",
        Prediction(
            "The first step is a tenth for 5 minutes. How many users meet version 2 within the whole run?",
            number="met_new",
            unit="users",
            tolerance=25,
            reply="A tenth of 60 a minute is 6, until the alarm has seen 4 errors in one minute, or the step is over.",
        ),
        {"strategy": "LambdaCanary10Percent5Minutes"},
        (),
        "back",
        ("lambda.cd.canary", "lambda.cd.linear", "lambda.cd.all"),
        Goal(
            "At least 60 requests a minute, 30 % errors: at most 10 users meet an error.",
            lambda p, m: p.requests_per_min >= 60 and p.error_percent >= 30 and m.summary["errors"] <= 10,
            {"strategy": "LambdaCanary10Percent5Minutes", "alarm_errors": 1},
        ),
    ),
)
