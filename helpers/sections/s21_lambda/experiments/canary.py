"""How many users meet a bad version, by the way in which traffic is moved to it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers.dataplane.awslambda.package import zipped
from helpers.experiments import (
    CallRow,
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
from helpers.experiments.pictures import human
from helpers.sections.s21_lambda.experiments.reading import create, executions, role
from helpers.sections.s21_lambda.experiments.shifts import PAGE, SHIFTS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

MINUTE_S = 60
BEFORE_S = 20  # the old version alone
AFTER_S = 20  # the old version again, or the new one for good
WATCH_S = 180  # how long somebody looks at the alarm once all traffic has moved
OLD, NEW = "1", "2"
SOURCE = """
def handler(event, context):
    return "welcome"
"""
BAD_SOURCE = """
import random


def handler(event, context):
    if random.random() < event["error_share"]:
        raise KeyError("customer")
    return "welcome back"
"""


class Request(NamedTuple):
    """A request: when it began, whether the new version answered it, and whether that failed."""

    time_s: float
    new: bool
    failed: bool


@dataclass(frozen=True)
class Measured:
    """What the trail shows, in seconds since the deployment began.

    `weights` are (time, share on the new version) as they were set; `alarm_s` is the end of the first minute with too
    many errors; `back_s` is when the new version was taken back, `by` whom ("codedeploy", "operator").
    """

    requests: tuple[Request, ...]
    weights: tuple[tuple[float, float], ...]
    alarm_s: float | None
    back_s: float | None
    by: str
    end_s: float
    summary: dict[str, int | float | str]

    @property
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
            "How CodeDeploy moves the traffic of the alias to version 2.",
            choices=tuple(SHIFTS),
            source=PAGE,
        ),
        Int(
            "requests_per_min",
            20,
            "requests a minute",
            "How many requests come on average, at random moments.",
            unit="/min",
            minimum=1,
            maximum=30,
            assumption=True,
        ),
        Int(
            "error_percent",
            60,
            "errors of version 2",
            "Share of the requests to version 2 that fail. Version 1 never fails.",
            unit="%",
            minimum=0,
            maximum=100,
            step=5,
            assumption=True,
        ),
        Int(
            "alarm_errors",
            1,
            "alarm at",
            "So many errors in one minute set off the alarm.",
            unit="errors/min",
            minimum=1,
            maximum=30,
            assumption=True,
        ),
        Flag(
            "rollback",
            True,
            "roll back on alarm",
            "Whether CodeDeploy takes version 2 back by itself if the alarm goes off while it moves traffic.",
        ),
        Int(
            "by_hand_min",
            3,
            "by hand after",
            "How long a person takes to move the traffic back, where CodeDeploy does not.",
            unit="min",
            minimum=0,
            maximum=30,
            assumption=True,
        ),
    )
    differences = (
        "An actor plays CodeDeploy: it sets the alias's weights by its plan, and reads the metric Errors each minute.",
        "A deployment is taken to be over with its last step: AWS says that an alarm stops a deployment, and no more.",
        "A real alarm sees a minute's errors some seconds after its end; here it does at once.",
        "There are few requests, so that each can be drawn; a busy service has more, and an alarm that stands higher.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """Version 1 behind an alias, a bad version 2, a deployment, and users who ask all the time."""
        cloud.api_latency_s = 0
        cloud.plane("lambda").models.init_s = 0.0
        client, cloudwatch = cloud.client("lambda"), cloud.client("cloudwatch")
        create(client, "greet", SOURCE, role(cloud), Publish=True)
        client.create_alias(FunctionName="greet", Name="live", FunctionVersion=OLD)
        client.update_function_code(FunctionName="greet", ZipFile=zipped(BAD_SOURCE), Publish=True)
        shift = SHIFTS[p.strategy]
        payload = f'{{"error_share": {p.error_percent / 100}}}'

        def visit() -> None:
            draws = cloud.random_for("visits")
            while True:
                time.sleep(draws.expovariate(p.requests_per_min / MINUTE_S))
                client.invoke(FunctionName="greet", Qualifier="live", Payload=payload)

        def errors_of_the_minute() -> float:
            now_s = time.time()
            found = cloudwatch.get_metric_statistics(
                Namespace="AWS/Lambda",
                MetricName="Errors",
                Dimensions=[{"Name": "FunctionName", "Value": "greet"}],
                StartTime=now_s - MINUTE_S,
                EndTime=now_s,
                Period=MINUTE_S,
                Statistics=["Sum"],
            )
            return sum(float(point["Sum"]) for point in found["Datapoints"])

        def send_to_new(share: float) -> None:
            """An alias points to one version, and may send a share of its requests to a second one."""
            client.update_alias(
                FunctionName="greet",
                Name="live",
                FunctionVersion=NEW if share == 1 else OLD,
                RoutingConfig={"AdditionalVersionWeights": {NEW: share} if 0 < share < 1 else {}},
            )

        def deploy() -> None:
            shares, gone_s, back = dict(shift.steps), 0, None
            time.sleep(BEFORE_S)
            send_to_new(shares[0])
            while gone_s < (back.time_s if back else shift.whole_s + WATCH_S):
                time.sleep(MINUTE_S)
                gone_s += MINUTE_S
                if back is None and errors_of_the_minute() >= p.alarm_errors:
                    back = way_back(p, gone_s)
                if gone_s in shares and not (back and back.time_s == gone_s):
                    send_to_new(shares[gone_s])
            if back and back.by_hand:
                cloud.spawn(send_to_new, 0, name="operator")
            elif back:
                send_to_new(0)
            time.sleep(AFTER_S)

        cloud.advance(MINUTE_S - BEFORE_S)  # the deployment starts with a minute, as CloudWatch counts them
        cloud.spawn(visit, name="users", background=True)
        cloud.spawn(deploy, name="codedeploy")
        cloud.run()

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Requests by version, the weights of the alias, the alarm, and who took version 2 back."""
        rows = calls(trail)
        moves = [row for row in rows if row.operation == "UpdateAlias"]
        begin_s = moves[0].start_s
        weights = tuple((row.start_s - begin_s, _share(row.response)) for row in moves)
        requests = tuple(
            Request(one.start_s - begin_s, one.version == NEW, one.error is not None)
            for one in executions(rows)
        )
        alarm_s = next((row.start_s - begin_s for row in rows if _errors(row) >= p.alarm_errors), None)
        back_s, share = weights[-1]
        back = moves[-1].actor if share == 0 else ""
        whole_s = next((at for at, share in weights if share == 1), 0.0)
        end_s = AFTER_S + (back_s if back else SHIFTS[p.strategy].whole_s + WATCH_S)
        summary: dict[str, int | float | str] = {
            "requests": len(requests),
            "met_new": sum(one.new for one in requests),
            "errors": sum(one.failed for one in requests),
            "alarm": int(alarm_s is not None),
            "alarm_after_s": round(alarm_s or 0.0, 1),
            "taken_back": int(back != ""),
            "taken_back_after_s": round(back_s, 1) if back else 0.0,
            "whole": int(any(share == 1 for _, share in weights)),
            "whole_after_s": round(whole_s, 1),
        }
        return Measured(requests, weights, alarm_s, back_s if back else None, back, end_s, summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """Each request on the lane of the version that answered it; the weight and the errors a minute below."""
        from helpers.sections.s21_lambda.experiments import canary_picture

        return canary_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def share(p: Values, m: Measured) -> Finding:
        """The new version answers about its weight of the requests."""
        mean, variance, met = 0.0, 0.0, 0
        for start_s, end_s, share in m.periods:
            asked = [one for one in m.requests if start_s <= one.time_s < end_s]
            met += sum(one.new for one in asked)
            mean += len(asked) * share
            variance += len(asked) * share * (1 - share)
        said = f"By the weights about {mean:.1f} requests were to meet version 2, and {met} did."
        return true(said) if _near(met, mean, variance) else false(said)

    @staticmethod
    def expected(p: Values, m: Measured) -> Finding:
        """Errors are to be expected by weight x rate x error share x time."""
        minutes = sum((end_s - start_s) / MINUTE_S * share for start_s, end_s, share in m.periods)
        mean, errors = minutes * errors_per_min(p), int(m.summary["errors"])
        said = f"{mean:.1f} errors were to be expected, and {plural(errors, 'user')} met one."
        return true(said) if _near(errors, mean, mean) else false(said)

    @staticmethod
    def back(p: Values, m: Measured) -> Finding:
        """The alarm stops a deployment that goes on; one that is over is taken back by a person."""
        if m.alarm_s is None:
            return not_applicable("The alarm did not go off.")
        due = way_back(p, m.alarm_s)
        late = sum(one.new for one in m.requests if m.back_s is not None and one.time_s > m.back_s)
        said = f"The alarm went off {human(m.alarm_s)} after the start"
        if m.back_s is None or abs(m.back_s - due.time_s) > 1:
            return false(f"{said}, and version 2 was not taken back when it should have been.")
        if late:
            return false(f"{said}, and {plural(late, 'request')} met version 2 after it was taken back.")
        if m.by == "codedeploy":
            return true(f"{said}: CodeDeploy stopped the deployment there.")
        why = "all traffic had moved" if p.rollback else "nothing rolls back"
        return true(f"{said}, but {why}: a person took version 2 back after {human(due.time_s)}.")

    @staticmethod
    def silent(p: Values, m: Measured) -> Finding:
        """A first step that gives too few errors sets off no alarm, and the next step follows."""
        steps = SHIFTS[p.strategy].steps
        if len(steps) == 1 or not p.error_percent:
            return not_applicable("There is no small first step, or version 2 has no errors.")
        said = (
            f"The first step was to give {errors_per_min(p) * steps[0][1]:.1f} errors a minute, against an alarm at "
            f"{p.alarm_errors}"
        )
        if m.alarm_s is None or m.alarm_s > steps[1][0] + 1:
            return true(f"{said}: the alarm was silent, and more traffic followed.")
        return false(f"{said}, and the alarm went off.")

    @staticmethod
    def whole(p: Values, m: Measured) -> Finding:
        """All traffic has moved when the configuration says so."""
        if not m.summary["whole"]:
            return not_applicable("The deployment was stopped before all traffic had moved.")
        planned_s, after_s = SHIFTS[p.strategy].whole_s, float(m.summary["whole_after_s"])
        end_s = m.end_s if m.back_s is None else m.back_s
        old = sum(not one.new and after_s <= one.time_s < end_s for one in m.requests)
        said = f"All traffic was sent to version 2 after {human(after_s) if after_s else '0 s'}"
        if old:
            return false(f"{said}, and {plural(old, 'request')} still met version 1.")
        if abs(after_s - planned_s) < 1:
            return true(f"{said}, as the configuration says.")
        return false(f"{said}; the configuration says {human(planned_s)}.")


class Back(NamedTuple):
    """When version 2 is taken back, in seconds after the start of the deployment, and whether a person does it."""

    time_s: float
    by_hand: bool


def way_back(p: Values, alarm_s: float) -> Back:
    """What follows an alarm so long after the start: CodeDeploy takes back what it still moves."""
    by_hand = not p.rollback or alarm_s > SHIFTS[p.strategy].whole_s
    return Back(alarm_s + by_hand * p.by_hand_min * MINUTE_S, by_hand)


def errors_per_min(p: Values) -> float:
    """How many errors a minute are to be expected with all traffic on version 2."""
    return float(p.requests_per_min * p.error_percent / 100)


def _share(alias: dict[str, Any]) -> float:
    """The share of requests that an alias sends to version 2."""
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return 1.0 if alias["FunctionVersion"] == NEW else float(weights.get(NEW, 0.0))


def _errors(row: CallRow) -> float:
    """The errors that a look at the metric found; of other calls none."""
    found = row.response["Datapoints"] if row.operation == "GetMetricStatistics" else ()
    return sum(float(point["Sum"]) for point in found)


def _near(number: float, mean: float, variance: float) -> bool:
    """Whether a number is what chance makes of its mean; beyond it comes up less than once in 100,000 runs."""
    return abs(number - mean) <= 3 + 4.5 * math.sqrt(variance)


def _sure(p: Values) -> bool:
    """Whether version 2 with all traffic sets off the alarm in its first minute, all but surely."""
    mean = errors_per_min(p)
    return bool(mean - 4.5 * math.sqrt(mean) >= p.alarm_errors)


def _small(p: Values) -> bool:
    """Whether the first step is all but sure to give fewer errors than the alarm needs."""
    mean = errors_per_min(p) * SHIFTS[p.strategy].steps[0][1]
    return bool(p.alarm_errors >= 4 + mean + 5 * math.sqrt(mean))


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
        ("lambda.cd.canary", "lambda.cd.all", "lambda.alias.weights"),
        Canary.expected,
        "always, give or take chance",
        lambda p: True,
    ),
    Claim(
        "back",
        "An alarm stops a deployment at once; when all traffic has moved, a person has to take the version back.",
        ("lambda.cd.shift",),
        Canary.back,
        "the alarm goes off, at the latest when all traffic is on version 2",
        _sure,
    ),
    Claim(
        "silent",
        "A first step that gives too few errors sets off no alarm, and the bad version goes on to more users.",
        ("lambda.cd.canary", "lambda.cd.linear", "lambda.alias.weights"),
        Canary.silent,
        "there is a small first step, and the alarm stands far above the errors that it is to give",
        lambda p: p.strategy != "LambdaAllAtOnce" and p.error_percent > 0 and _small(p),
    ),
    Claim(
        "whole",
        "All traffic is on the new version at the time that the deployment configuration names.",
        ("lambda.cd.linear", "lambda.cd.canary", "lambda.cd.all"),
        Canary.whole,
        "version 2 has no errors, or the strategy takes a single step",
        lambda p: p.error_percent == 0 or p.strategy == "LambdaAllAtOnce",
    ),
)

Canary.scenes = (
    Scene(
        "canary",
        "All at once, or a tenth first",
        {"strategy": "LambdaAllAtOnce"},
        "Version 2 fails for three users in five. It went to everybody at once, and a person took it back.",
        Prediction(
            "Now a tenth of the traffic goes first, for 5 minutes. How many users meet an error?",
            (
                Option(
                    "none",
                    "None, since a canary is a test without any users",
                    "canary_has_no_users",
                    "A canary is real traffic: one user in ten is in it.",
                    true_if=lambda p, m: m.summary["errors"] == 0,
                ),
                Option(
                    "as_many",
                    "As many, since the alarm needs its errors anyway",
                    "alarm_needs_as_many",
                    "The alarm needs one error in a minute. All at once gave it twelve, and more until a person came.",
                    true_if=lambda p, m: m.summary["errors"] >= 20,
                ),
                Option(
                    "few",
                    "A few, until the alarm makes CodeDeploy stop it",
                    None,
                    "Weight × rate × error share × time: a tenth of the rate, and minutes fewer.",
                    right=True,
                    true_if=lambda p, m: 1 <= m.summary["errors"] <= 8 and m.by == "codedeploy",
                ),
            ),
        ),
        {"strategy": "LambdaCanary10Percent5Minutes"},
        ("strategy", "error_percent"),
        "expected",
        ("lambda.cd.canary", "lambda.cd.all", "lambda.cd.shift", "lambda.alias.weights"),
    ),
    Scene(
        "over",
        "Nothing left to roll back",
        {"strategy": "LambdaAllAtOnce", "rollback": False},
        "The team is tired of taking bad versions back by hand. It still moves all traffic at once.",
        Prediction(
            "Roll-back on alarm is switched on. When is version 2 taken back, counted from its start?",
            (
                Option(
                    "minute",
                    "After one minute, by CodeDeploy at the alarm",
                    "rollback_watches_for_ever",
                    "An alarm stops a deployment. This one was over when its only step was taken.",
                    true_if=lambda p, m: m.by == "codedeploy",
                ),
                Option(
                    "by_hand",
                    "After four minutes, by a person as before",
                    None,
                    "The alarm goes off after a minute, and finds no deployment to stop; a person needs three more.",
                    right=True,
                    true_if=lambda p, m: m.by == "operator" and m.summary["taken_back_after_s"] == 240,
                ),
                Option(
                    "error",
                    "At the first error, before others meet one",
                    "alarm_at_first_error",
                    "An alarm looks at whole minutes: about twelve users meet an error in the first one.",
                    true_if=lambda p, m: m.summary["errors"] <= 1,
                ),
            ),
        ),
        {"rollback": True},
        ("rollback", "strategy", "by_hand_min"),
        "back",
        ("lambda.cd.all", "lambda.cd.shift"),
    ),
    Scene(
        "small",
        "A canary too small to sing",
        {"requests_per_min": 30, "error_percent": 100, "alarm_errors": 3},
        "Version 2 fails for everyone. The canary notices, and CodeDeploy takes it back.",
        Prediction(
            "The same deployment on a service with 3 requests a minute. What becomes of version 2?",
            (
                Option(
                    "back",
                    "It is taken back, since all its requests fail",
                    "alarm_sees_the_share",
                    "The alarm counts errors, not their share: a tenth of three requests is hardly ever one.",
                    true_if=lambda p, m: m.by == "codedeploy",
                ),
                Option(
                    "all",
                    "It goes to everybody when five minutes are over",
                    None,
                    "0.3 errors a minute set off no alarm at 3, so the second step comes as planned.",
                    right=True,
                    true_if=lambda p, m: m.summary["whole"] == 1,
                ),
                Option(
                    "stays",
                    "It stays at a tenth until somebody decides",
                    "canary_waits_for_approval",
                    "CodeDeploy goes on when the time of the step is over, unless an alarm stops it.",
                    true_if=lambda p, m: m.summary["whole"] == 0 and m.back_s is None,
                ),
            ),
        ),
        {"requests_per_min": 3},
        ("requests_per_min", "alarm_errors"),
        "silent",
        ("lambda.cd.canary", "lambda.alias.weights"),
    ),
    Scene(
        "linear",
        "Step by step",
        {"strategy": "LambdaLinear10PercentEvery1Minute", "requests_per_min": 4, "error_percent": 0},
        "Version 2 is mended. The team moves to it in ten equal steps.",
        Prediction(
            "A step is taken every 3 minutes instead of every minute. When is all traffic there?",
            (
                Option(
                    "thirty",
                    "After 30 minutes, ten steps of three minutes each",
                    "linear_waits_first",
                    "The first step is taken at the start, so there are nine waits.",
                    true_if=lambda p, m: m.summary["whole_after_s"] == 1800,
                ),
                Option(
                    "minutes_27",
                    "After 27 minutes, nine waits of three minutes each",
                    None,
                    "At the start 10 %, then 10 % more after each wait: 9 × 3 minutes.",
                    right=True,
                    true_if=lambda p, m: m.summary["whole_after_s"] == 1620,
                ),
                Option(
                    "three",
                    "After 3 minutes, the time that its name says",
                    "linear_minutes_are_total",
                    "The 3 minutes stand between two steps.",
                    true_if=lambda p, m: m.summary["whole_after_s"] == 180,
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
        "Few errors, no false alarms",
        {"strategy": "LambdaAllAtOnce", "requests_per_min": 30, "error_percent": 40, "alarm_errors": 4},
        "Two users in five meet an error. The alarm stands at 4 a minute, since lower ones woke people for nothing.",
        Prediction(
            "A tenth of the traffic goes first, for 5 minutes. How many users meet an error?",
            number="errors",
            unit="users",
            tolerance=20,
            reply="As many as all at once: the canary's 1.2 errors a minute set off no alarm, and everybody's 12 do.",
        ),
        {"strategy": "LambdaCanary10Percent5Minutes"},
        (),
        "silent",
        ("lambda.cd.canary", "lambda.cd.linear", "lambda.cd.all", "lambda.alias.weights"),
        Goal(
            "No alarm below 4, a good version everywhere within 10 minutes, and at most 20 users meet an error.",
            lambda p, m: (
                p.requests_per_min >= 30
                and p.error_percent >= 40
                and p.alarm_errors >= 4
                and p.by_hand_min >= 3
                and SHIFTS[p.strategy].whole_s <= 600
                and m.summary["errors"] <= 20
            ),
            {"strategy": "LambdaLinear10PercentEvery1Minute"},
        ),
    ),
)
