"""Which events arrive, where and how often: a rule's pattern, its targets, retries and the dead-letter queue."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers.cloud import Call, ServiceError
from helpers.dataplane import policy
from helpers.dataplane.events.delivery import LONGEST_AGE_S, MOST_RETRIES
from helpers.dataplane.events.models import Models
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

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

GUIDE = "https://docs.aws.amazon.com/eventbridge/latest/userguide/"
API = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/"


class Order(NamedTuple):
    """What an event tells of an order."""

    state: str
    amount: int
    shop: str
    voucher: str = ""

    @property
    def detail(self) -> dict[str, Any]:
        """The event's detail; without a voucher the field is not there."""
        return {name: value for name, value in self._asdict().items() if value != ""}


ORDERS = (
    Order("failed", 250, "eu-1"),
    Order("done", 40, "us-1", "MAY"),
    Order("failed", 20, "us-1"),
    Order("Failed", 300, "eu-2"),
    Order("done", 120, "eu-1", "MAY"),
    Order("late", 90, "ap-1"),
    Order("failed", 180, "ap-1", "MAY"),
    Order("late", 500, "us-1"),
)


class Pattern(NamedTuple):
    """A pattern for the field `detail`, and which orders it must match."""

    detail: dict[str, Any]
    matches: Callable[[Order], bool]


PATTERNS: dict[str, Pattern] = {
    "state failed": Pattern({"state": ["failed"]}, lambda one: one.state == "failed"),
    "failed or late": Pattern({"state": ["failed", "late"]}, lambda one: one.state in ("failed", "late")),
    "failed, 100 or more": Pattern(
        {"state": ["failed"], "amount": [{"numeric": [">=", 100]}]},
        lambda one: one.state == "failed" and one.amount >= 100,
    ),
    "100 or more": Pattern({"amount": [{"numeric": [">=", 100]}]}, lambda one: one.amount >= 100),
    "shop begins with eu": Pattern({"shop": [{"prefix": "eu"}]}, lambda one: one.shop.startswith("eu")),
    "anything but done": Pattern({"state": [{"anything-but": ["done"]}]}, lambda one: one.state != "done"),
    "has a voucher": Pattern({"voucher": [{"exists": True}]}, lambda one: bool(one.voucher)),
}


@dataclass(frozen=True)
class Event:
    """What the trail shows of one event. Times are seconds since it was sent.

    `tries_s` are the attempts at the first target; `arrived_s` is when the first target got it, `dead_s` when the
    dead-letter queue did, or None; `elsewhere` says at how many other targets it arrived.
    """

    order: Order
    early: bool
    tries_s: tuple[float, ...]
    arrived_s: float | None
    dead_s: float | None
    elsewhere: int

    @property
    def caught(self) -> bool:
        """Whether the rule sent it on, to any target."""
        return bool(self.tries_s) or self.dead_s is not None or self.elsewhere > 0


@dataclass(frozen=True)
class Measured:
    """What the trail shows: the events in the order of sending; `invocations`, as EventBridge counts them."""

    events: tuple[Event, ...]
    invocations: int
    summary: dict[str, int | float | str]


class Events(Experiment):
    """Eight events on a bus, one rule, and a target that is down; see the module."""

    id = "17_monitoring.events"
    title = "Events, rules, targets"
    question = "Which events arrive, where and how often?"
    parameters = (
        Choice(
            "pattern",
            "state failed",
            "event pattern",
            "What the rule wants of the event's detail.",
            choices=tuple(PATTERNS),
            source=GUIDE + "eb-create-pattern-operators.html",
        ),
        Int(
            "rule_made_after",
            0,
            "events before the rule",
            "How many of the eight events are sent before the rule is made, a minute earlier.",
            minimum=0,
            maximum=len(ORDERS) - 1,
        ),
        Int(
            "targets",
            2,
            "targets",
            "Queues that the rule sends to. Only the first one has a problem.",
            minimum=1,
            maximum=5,
            source=GUIDE + "eb-targets.html",
        ),
        Choice(
            "problem",
            "down",
            "problem of the first target",
            "It answers with an error of the service for a while, or its policy does not let EventBridge in.",
            choices=("down", "no permission"),
        ),
        Int(
            "down_min",
            2,
            "down for",
            "How long the first target answers with an error.",
            unit="min",
            minimum=0,
            maximum=1_500,
            step=1,
            assumption=True,
        ),
        Int(
            "max_retry_attempts",
            MOST_RETRIES,
            "maximum retry attempts",
            "MaximumRetryAttempts of each target: how often a failed delivery is tried again.",
            minimum=0,
            maximum=MOST_RETRIES,
            source=API + "API_RetryPolicy.html",
        ),
        Flag(
            "dead_letters",
            True,
            "dead-letter queue",
            "Whether the targets name a queue for what could not be delivered.",
            source=GUIDE + "eb-rule-dlq.html",
        ),
    )
    differences = (
        "AWS says that the waits grow and are random; here they double from 1 s up to 9 min, less up to 10 %.",
        "So the 24 hours end some 176 retries here; AWS names 24 hours and 185 retries, whichever ends first.",
        "The outage is an error 503 that the first queue gives; the events themselves take no time here.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """Send the events, let the deliveries come to an end, and ask what EventBridge counted."""
        cloud.api_latency_s = 0
        client, sqs = cloud.client("events"), cloud.client("sqs")
        arns = [
            _queue(cloud, sqs, name, allowed=place > 0 or p.problem == "down")
            for place, name in enumerate(QUEUES[: p.targets])
        ]
        more: dict[str, Any] = {"RetryPolicy": {"MaximumRetryAttempts": p.max_retry_attempts}}
        if p.dead_letters:
            more["DeadLetterConfig"] = {"Arn": _queue(cloud, sqs, GIVEN_UP, allowed=True)}
        _send(client, ORDERS[: p.rule_made_after])
        if p.rule_made_after:
            cloud.advance(60)
        pattern = {"source": ["shop"], "detail": PATTERNS[p.pattern].detail}
        client.put_rule(Name="orders", EventPattern=json.dumps(pattern))
        client.put_targets(
            Rule="orders", Targets=[{"Id": arn.rpartition(":")[2], "Arn": arn, **more} for arn in arns]
        )
        down_until_s = cloud.now + (60 * p.down_min if p.problem == "down" else 0)

        def outage(call: Call) -> None:
            if cloud.now < down_until_s and call.parameters["QueueUrl"].endswith(f"/{QUEUES[0]}"):
                raise ServiceError("ServiceUnavailable", "The queue is down.", 503, sender_fault=False)

        cloud.before("sqs", "SendMessage", outage)
        begin_s = cloud.datetime.timestamp()
        _send(client, ORDERS[p.rule_made_after :])
        cloud.advance(min(60 * p.down_min, LONGEST_AGE_S) + 600)
        cloud.client("cloudwatch").get_metric_data(
            MetricDataQueries=[
                {
                    "Id": name.lower(),
                    "MetricStat": {
                        "Metric": {
                            "Namespace": "AWS/Events",
                            "MetricName": name,
                            "Dimensions": [{"Name": "RuleName", "Value": "orders"}],
                        },
                        "Period": 2 * LONGEST_AGE_S,
                        "Stat": "Sum",
                    },
                }
                for name in ("Invocations", "FailedInvocations")
            ],
            StartTime=begin_s - 60,
            EndTime=begin_s + 2 * LONGEST_AGE_S,
        )

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Attempts and arrivals of each event, and what EventBridge counted."""
        rows = calls(trail)
        sent = _sent(rows)
        tries, arrived = _deliveries(rows)
        events = []
        for number, order in enumerate(ORDERS):
            began_s = sent[number]
            events.append(
                Event(
                    order,
                    number < p.rule_made_after,
                    tuple(time_s - began_s for time_s in tries[QUEUES[0], number]),
                    _first(arrived[QUEUES[0], number], began_s),
                    _first(arrived[GIVEN_UP, number], began_s),
                    sum(len(arrived[name, number]) for name in QUEUES[1:]),
                )
            )
        read = next(row for row in rows if row.operation == "GetMetricData").response["MetricDataResults"]
        counted = {one["Id"]: round(sum(one["Values"])) for one in read}
        dead = sum(event.dead_s is not None for event in events)
        summary: dict[str, int | float | str] = {
            "matched": sum(event.caught for event in events) or counted["invocations"] // p.targets,
            "arrived": sum((event.arrived_s is not None) + event.elsewhere for event in events),
            "in_dead_letter_queue": dead,
            "dropped": counted["failedinvocations"] - dead,
            "tries": sum(len(event.tries_s) for event in events),
            "most_tries": max(len(event.tries_s) for event in events),
            "last_arrival_s": round(max((event.arrived_s or 0.0) for event in events), 3),
            "given_up_after_s": round(max((event.dead_s or 0.0) for event in events), 3),
        }
        return Measured(tuple(events), counted["invocations"], summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A lane per event: the attempts at the first target on a logarithmic scale of time, and how they end."""
        from helpers.sections.s17_monitoring.experiments import events_picture

        return events_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def matching(p: Values, m: Measured) -> Finding:
        """A matching event that comes after the rule goes to every target, and no other event does."""
        due = [not event.early and PATTERNS[p.pattern].matches(event.order) for event in m.events]
        caught = [event.caught for event in m.events]
        if p.targets == 1 and not any(
            caught
        ):  # without a trace anywhere, only EventBridge's own count is left
            caught = due if m.invocations == sum(due) else caught
        said = (
            f"{plural(sum(due), 'event')} of {len(due)} came after the rule and matched; EventBridge called targets "
            f"{m.invocations} times"
        )
        same = caught == due and m.invocations == sum(due) * p.targets
        return (true if same else false)(f"{said}, with {plural(p.targets, 'target')}.")

    @staticmethod
    def accounts(p: Values, m: Measured) -> Finding:
        """Arrived, in the dead-letter queue and dropped make all."""
        s = m.summary
        total = int(s["arrived"]) + int(s["in_dead_letter_queue"]) + int(s["dropped"])
        said = (
            f"{s['arrived']} arrived, {s['in_dead_letter_queue']} lie in the dead-letter queue, "
            f"{s['dropped']} were dropped: {total} of {m.invocations}"
        )
        return (true if total == m.invocations and int(s["dropped"]) >= 0 else false)(f"{said}.")

    @staticmethod
    def outage(p: Values, m: Measured) -> Finding:
        """A passing outage loses nothing: the event arrives once the target is up again."""
        if p.problem != "down" or not m.invocations:
            return not_applicable("The first target is not down, or nothing was sent to it.")
        if exhausted_s(p) < 60 * p.down_min:
            return not_applicable("The outage lasts longer than the retries.")
        lost = m.invocations - int(m.summary["arrived"])
        said = f"The target was down for {human(60 * p.down_min) if p.down_min else '0 s'}"
        if lost:
            return false(f"{said}, and {plural(lost, 'delivery', 'deliveries')} did not arrive.")
        return true(
            f"{said}; the last event arrived {human(float(m.summary['last_arrival_s']) or 0)} after sending."
        )

    @staticmethod
    def given_up(p: Values, m: Measured) -> Finding:
        """What the retries do not bring through is kept by the dead-letter queue, or else dropped."""
        caught = m.invocations // p.targets
        if not caught or not lasting(p):
            return not_applicable("Every delivery got through, or there was none.")
        s = m.summary
        kept, dropped = (caught, 0) if p.dead_letters else (0, caught)
        said = f"{s['in_dead_letter_queue']} events lie in the dead-letter queue, and {s['dropped']} were dropped"
        found = (s["in_dead_letter_queue"], s["dropped"], s["arrived"])
        same = found == (kept, dropped, caught * (p.targets - 1))
        return (true if same else false)(f"{said}; the other targets got theirs.")

    @staticmethod
    def permission(p: Values, m: Measured) -> Finding:
        """An error that waiting cannot mend is not tried again."""
        if p.problem != "no permission" or not m.invocations:
            return not_applicable("EventBridge may send to each target, or has nothing to send.")
        late_s, tries = float(m.summary["given_up_after_s"]), int(m.summary["tries"])
        said = f"EventBridge may not send to the first target: {plural(tries, 'retry', 'retries')}"
        same = (
            late_s < 1
            and tries == 0
            and m.summary["dropped"] == (0 if p.dead_letters else m.invocations // p.targets)
        )
        return (true if same else false)(f"{said}, and given up {human(late_s) if late_s else 'at once'}.")


QUEUES = ("billing", "mail", "stock", "search", "report")
GIVEN_UP = "given-up"
LONGEST_WAIT_S = Models.longest_retry_s


def exhausted_s(p: Values) -> float:
    """At least so long an event is tried: all waits at their shortest (`differences`), a day at most."""
    shortest_s = 0.9 * sum(min(LONGEST_WAIT_S, 2**number) for number in range(p.max_retry_attempts))
    return float(min(shortest_s, LONGEST_AGE_S - LONGEST_WAIT_S))


def lasting(p: Values) -> bool:
    """Whether the first target's problem outlasts the retries for sure: all waits at their longest."""
    longest_s = sum(min(LONGEST_WAIT_S, 2**number) for number in range(p.max_retry_attempts))
    return bool(p.problem == "no permission" or 60 * p.down_min > min(longest_s, LONGEST_AGE_S))


def _queue(cloud: Cloud, sqs: Any, name: str, *, allowed: bool) -> str:
    """The ARN of a new queue, which lets EventBridge send if `allowed`."""
    arn = f"arn:aws:sqs:{cloud.region}:{cloud.account_id}:{name}"
    attributes = {"Policy": policy.of_queue(arn, "events.amazonaws.com")} if allowed else {}
    sqs.create_queue(QueueName=name, Attributes=attributes)
    return arn


def _send(client: Any, orders: Sequence[Order]) -> None:
    """PutEvents, which takes up to ten entries a call."""
    if orders:
        client.put_events(
            Entries=[
                {
                    "Source": "shop",
                    "DetailType": "order",
                    "Detail": json.dumps({"number": ORDERS.index(order), **order.detail}),
                }
                for order in orders
            ]
        )


def _sent(rows: list[CallRow]) -> dict[int, float]:
    """When each event was sent."""
    return {
        json.loads(entry["Detail"])["number"]: row.end_s
        for row in rows
        if row.operation == "PutEvents"
        for entry in row.parameters["Entries"]
    }


def _deliveries(
    rows: list[CallRow],
) -> tuple[defaultdict[tuple[str, int], list[float]], defaultdict[tuple[str, int], list[float]]]:
    """By queue and event: when EventBridge tried to send it there, and when it arrived."""
    tries: defaultdict[tuple[str, int], list[float]] = defaultdict(list)
    arrived: defaultdict[tuple[str, int], list[float]] = defaultdict(list)
    for row in rows:
        if row.operation == "SendMessage" and row.actor == "events":
            queue = row.parameters["QueueUrl"].rpartition("/")[2]
            number = json.loads(row.parameters["MessageBody"])["detail"]["number"]
            tries[queue, number].append(row.end_s)
            if row.error is None:
                arrived[queue, number].append(row.end_s)
    return tries, arrived


def _first(times: list[float], began_s: float) -> float | None:
    return min(times) - began_s if times else None


Events.claims = (
    Claim(
        "matching",
        "Each event that matches and comes after the rule goes to every target; others go nowhere, and are not kept.",
        ("monitoring.events.pattern", "monitoring.eb.default", "monitoring.events.targets"),
        Events.matching,
        "always",
        lambda p: True,
    ),
    Claim(
        "accounts",
        "What arrived, what lies in the dead-letter queue and what was dropped make matched events times targets.",
        ("monitoring.events.targets", "monitoring.eb.rules"),
        Events.accounts,
        "always",
        lambda p: True,
    ),
    Claim(
        "outage",
        "An outage that ends before the retries do loses nothing.",
        ("monitoring.eb.retry",),
        Events.outage,
        "the first target is down for less than the retries last, and some event matches",
        lambda p: p.problem == "down" and exhausted_s(p) >= 60 * p.down_min and bool(matched(p)),
    ),
    Claim(
        "given_up",
        "What the retries do not bring through lies in the dead-letter queue; without one it is dropped.",
        ("monitoring.eb.retry", "monitoring.eb.dlq"),
        Events.given_up,
        "the problem outlasts the retries, and some event matches",
        lambda p: lasting(p) and bool(matched(p)),
    ),
    Claim(
        "permission",
        "A missing permission is not retried: the event is given up at once.",
        ("monitoring.eb.dlq", "monitoring.events.targets"),
        Events.permission,
        "the first target does not let EventBridge in, and some event matches",
        lambda p: p.problem == "no permission" and bool(matched(p)),
    ),
)


def matched(p: Values) -> int:
    """How many events come after the rule and match, by the rules of patterns."""
    return sum(map(PATTERNS[p.pattern].matches, ORDERS[p.rule_made_after :]))


Events.scenes = (
    Scene(
        "pattern",
        "What a pattern catches",
        {"down_min": 0},
        "Eight orders come on the bus. The rule wants the state failed: order 4 has Failed, and is left out.",
        Prediction(
            "The rule now wants an amount of 100 or more, and names no state. How many orders does it catch?",
            number="matched",
            unit="orders",
            tolerance=0,
            reply="Five: orders 1, 4, 5, 7 and 8. Fields that the pattern does not name do not matter.",
        ),
        {"pattern": "100 or more"},
        ("pattern",),
        "matching",
        ("monitoring.events.pattern", "monitoring.events.operators"),
    ),
    Scene(
        "late_rule",
        "Before the rule was there",
        {"down_min": 0},
        "Orders 1, 3 and 7 have failed and arrive at both targets.",
        Prediction(
            "Now the rule is made after the first five orders. What becomes of orders 1 and 3?",
            (
                Option(
                    "wait",
                    "They stay on the bus, and arrive once the rule is made",
                    "unmatched_events_wait",
                    "A bus keeps nothing. Only an archive could play them again.",
                    true_if=lambda p, m: m.summary["matched"] == 3,
                ),
                Option(
                    "gone",
                    "They are gone, as no rule wanted them at the time",
                    None,
                    "An event that no rule matches when it comes is gone.",
                    right=True,
                    true_if=lambda p, m: (
                        m.summary["matched"] == 1 and not any(e.caught for e in m.events[:5])
                    ),
                ),
                Option(
                    "dead",
                    "They lie in the dead-letter queue with an error code",
                    "unmatched_go_to_dlq",
                    "That queue belongs to a target. It holds deliveries that failed, not what no rule wanted.",
                    true_if=lambda p, m: m.summary["in_dead_letter_queue"] > 0,
                ),
            ),
        ),
        {"rule_made_after": 5},
        ("rule_made_after", "pattern"),
        "matching",
        ("monitoring.eb.default", "monitoring.events.pattern", "monitoring.eb.archive"),
    ),
    Scene(
        "outage",
        "A target is down",
        {},
        "The first of two targets answers with errors for two minutes. The waits between attempts grow.",
        Prediction(
            "Now it is down for eight hours. What becomes of the three events for it?",
            (
                Option(
                    "three",
                    "They are given up after three attempts",
                    "retries_stop_after_three",
                    "That is Lambda with asynchronous events. EventBridge goes on for 24 hours, up to 185 times.",
                    true_if=lambda p, m: m.summary["most_tries"] <= 3,
                ),
                Option(
                    "later",
                    "They arrive some minutes after it is up again",
                    None,
                    "Eight hours are within the 24 hours of retries; the waits are some minutes by then.",
                    right=True,
                    true_if=lambda p, m: 28_800 <= m.summary["last_arrival_s"] <= 29_400,
                ),
                Option(
                    "both",
                    "They arrive late, and at the second target too",
                    "targets_wait_for_each_other",
                    "Each target is served by itself: the second one got its events at once.",
                    true_if=lambda p, m: any(not event.elsewhere for event in m.events if event.caught),
                ),
            ),
        ),
        {"down_min": 480},
        ("down_min", "max_retry_attempts"),
        "outage",
        ("monitoring.eb.retry", "monitoring.events.targets", "monitoring.eb.rules"),
    ),
    Scene(
        "permission",
        "Not allowed in",
        {},
        "The first target is down for two minutes, and gets its events by the retries.",
        Prediction(
            "Now it is up, but its policy does not let EventBridge in. What becomes of its events?",
            (
                Option(
                    "retried",
                    "They are retried for 24 hours and then given up",
                    "all_errors_are_retried",
                    "Waiting does not mend a missing permission, so EventBridge does not wait.",
                    true_if=lambda p, m: m.summary["given_up_after_s"] > 3_600,
                ),
                Option(
                    "refused",
                    "None are sent, as PutTargets refuses such a target",
                    "put_targets_checks_permission",
                    "PutTargets does not look at the queue's policy: the rule is made, and fails at each event.",
                    true_if=lambda p, m: m.invocations == 0,
                ),
                Option(
                    "at_once",
                    "They lie in the dead-letter queue at once",
                    None,
                    "With ERROR_CODE NO_PERMISSIONS as an attribute. Without that queue they would be dropped.",
                    right=True,
                    true_if=lambda p, m: (
                        m.summary["in_dead_letter_queue"] == 3 and m.summary["given_up_after_s"] < 1
                    ),
                ),
            ),
        ),
        {"problem": "no permission"},
        ("problem", "dead_letters"),
        "permission",
        ("monitoring.eb.dlq", "monitoring.events.targets", "monitoring.eb.retry"),
    ),
    Scene(
        "goal",
        "Down for more than a day",
        {"pattern": "failed, 100 or more", "down_min": 1500, "dead_letters": False},
        "The first target is down for 25 hours, and its two events are dropped in the end.",
        Prediction(
            "Three more targets are added, all of them up. How many deliveries are dropped now?",
            number="dropped",
            unit="deliveries",
            tolerance=0,
            reply="Two, as before: each target is served by itself, and only the first one is down.",
        ),
        {"targets": 5},
        (),
        "given_up",
        ("monitoring.eb.retry", "monitoring.events.targets", "monitoring.eb.dlq", "monitoring.eb.default"),
        Goal(
            "The target is down for 25 hours, two failed orders come, and none of them is lost.",
            lambda p, m: (
                p.problem == "down"
                and p.down_min >= 1_500
                and m.summary["matched"] >= 2
                and m.summary["dropped"] == 0
            ),
            {"dead_letters": True},
        ),
    ),
)
