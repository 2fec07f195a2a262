"""Messages that always fail: what they cost, when they are set aside, and how long they can be read there."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helpers.experiments import (
    Choice,
    Claim,
    Experiment,
    Finding,
    Flag,
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
from helpers.sections.s18_sqs.experiments.reading import DEPTHS, Attempt, attempts, depths, queue_url, sends

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

GUIDE = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/"
LATENCY_S = 0.01  # of an API call, see Cloud.api_latency_s
DAY_S = 86_400
LAST_POLL_S = 20.1  # a long poll that has just begun is over by then
AUDIT_S = 21_600  # between two looks at the dead-letter queue
FAILS_AFTER = 0.5  # a poison message fails after this share of the work
NEVER_S = 43_200  # the inspector keeps what it reads out of the way


@dataclass(frozen=True)
class Measured:
    """What the trail shows.

    `attempts` by message in the order of sending; `dead_s` when a message reached the dead-letter queue.
    """

    sent: tuple[float, ...]
    poison: tuple[bool, ...]
    attempts: tuple[tuple[Attempt, ...], ...]
    dead_s: tuple[float | None, ...]
    gone_s: float | None
    end_s: float
    summary: dict[str, int | float | str]

    @property
    def dead(self) -> list[int]:
        """Places of the messages that reached the dead-letter queue."""
        return [place for place, moment in enumerate(self.dead_s) if moment is not None]


class Poison(Experiment):
    """Workers, a queue with a redrive policy, and orders of which some lack what the worker needs."""

    id = "18_sqs.poison"
    title = "Poison messages and the dead-letter queue"
    question = "What does a message that always fails cost, and where does it end up?"
    parameters = (
        Int(
            "max_receive_count",
            3,
            "maxReceiveCount",
            "Receives after which a message is set aside.",
            minimum=1,
            maximum=20,
            source=GUIDE + "sqs-dead-letter-queues.html",
        ),
        Int(
            "visibility_timeout_s",
            30,
            "visibility timeout",
            "How long the queue hides a message after a receive.",
            unit="s",
            minimum=1,
            maximum=300,
            source=GUIDE + "sqs-visibility-timeout.html",
        ),
        Int(
            "work_s",
            10,
            "work",
            "Time of work on an order; a bad one fails half-way.",
            unit="s",
            minimum=1,
            maximum=120,
            assumption=True,
        ),
        Int(
            "poison_percent",
            10,
            "bad orders",
            "Share of the orders that no worker can process.",
            unit="%",
            minimum=0,
            maximum=50,
            step=5,
            assumption=True,
        ),
        Flag(
            "release_on_failure",
            False,
            "hand back on failure",
            "After a failure call ChangeMessageVisibility with 0, so that it can be received at once.",
        ),
        Int("consumers", 3, "workers", "Workers that receive from the queue.", minimum=1, maximum=10),
        Int("messages", 20, "orders", "Sent at the start.", minimum=1, maximum=100),
        Choice(
            "queue_type",
            "standard",
            "queue type",
            "Of the queue and its dead-letter queue.",
            choices=("standard", "fifo"),
        ),
        Float(
            "days_before_work",
            0,
            "workers start after",
            "How long the orders lie in the queue before the workers run.",
            unit="days",
            minimum=0,
            maximum=3,
            step=0.5,
            assumption=True,
        ),
        Int(
            "dlq_retention_days",
            14,
            "dead letters kept",
            "Retention period of the dead-letter queue.",
            unit="days",
            minimum=1,
            maximum=14,
            source=GUIDE + "sqs-dead-letter-queues.html",
        ),
    )
    differences = (
        "AWS deletes expired messages within a while; here they are gone in the moment they expire.",
        (
            "An inspector waits at the dead-letter queue and takes note of each message in the moment it arrives; it "
            "deletes none."
        ),
    )

    def run(self, cloud: Cloud, p: Values) -> None:  # noqa: C901  # the actors of one story stand together
        """Send, let the workers run until only dead letters are left, then look at those until they expire."""
        sqs = cloud.client("sqs")
        cloud.plane("sqs").models.stale_handle_deletes = True
        fifo = p.queue_type == "fifo"
        suffix, kind = (".fifo", {"FifoQueue": "true"}) if fifo else ("", {})
        dead_url = sqs.create_queue(
            QueueName="orders-dead" + suffix,
            Attributes={
                **kind,
                "MessageRetentionPeriod": str(p.dlq_retention_days * DAY_S),
                "ReceiveMessageWaitTimeSeconds": "20",
            },
        )["QueueUrl"]
        dead_arn = sqs.get_queue_attributes(QueueUrl=dead_url, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        policy = {"deadLetterTargetArn": dead_arn, "maxReceiveCount": p.max_receive_count}
        url = sqs.create_queue(
            QueueName="orders" + suffix,
            Attributes={
                **kind,
                "VisibilityTimeout": str(p.visibility_timeout_s),
                "ReceiveMessageWaitTimeSeconds": "20",
                "RedrivePolicy": json.dumps(policy),
            },
        )["QueueUrl"]
        bad = set(cloud.random.sample(range(1, p.messages + 1), poisoned(p)))

        def produce() -> None:
            for first in range(1, p.messages + 1, 10):
                entries: list[dict[str, Any]] = []
                for number in range(first, min(first + 10, p.messages + 1)):
                    order = {"order": number} if number in bad else {"order": number, "total": 10 * number}
                    entry = {"Id": str(number), "MessageBody": json.dumps(order)}
                    if fifo:
                        entry |= {
                            "MessageGroupId": f"customer-{number}",
                            "MessageDeduplicationId": f"order-{number}",
                        }
                    entries.append(entry)
                sqs.send_message_batch(QueueUrl=url, Entries=entries)

        def process(order: dict[str, Any]) -> None:
            time.sleep(p.work_s * FAILS_AFTER)
            order["total"]  # a bad order has none: KeyError
            time.sleep(p.work_s * (1 - FAILS_AFTER))

        def give_back(handle: str) -> None:
            with suppress(sqs.exceptions.ClientError):  # too late: it is visible already
                sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)

        def serve() -> None:
            while True:
                for message in sqs.receive_message(QueueUrl=url).get("Messages", []):
                    handle = message["ReceiptHandle"]
                    try:
                        process(json.loads(message["Body"]))
                    except KeyError:
                        if p.release_on_failure:
                            give_back(handle)
                        continue
                    try:
                        sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
                    except sqs.exceptions.ClientError:
                        continue  # a FIFO queue refuses a late delete

        def inspect() -> None:
            while True:
                sqs.receive_message(QueueUrl=dead_url, MaxNumberOfMessages=10, VisibilityTimeout=NEVER_S)

        def count(of: str) -> int:
            seen = sqs.get_queue_attributes(QueueUrl=of, AttributeNames=list(DEPTHS))["Attributes"]
            return sum(int(seen[name]) for name in DEPTHS)

        # Where the work outlives the timeout, good orders too are received again and again.
        tries = 2 if work_fits(p) else p.max_receive_count + 1
        rounds = (tries * p.messages + poisoned(p) * p.max_receive_count) * p.work_s / p.consumers
        patience_s = 120 + rounds + (p.max_receive_count + 1) * (2 * p.visibility_timeout_s + p.work_s)

        def watch() -> None:
            until = cloud.now + patience_s
            every = max(10.0, round(patience_s / 40))
            while cloud.now < until:
                time.sleep(every)
                if not count(url):
                    # Work on orders set aside is done by then, and the last long polls over: they show who is idle.
                    time.sleep(max(p.work_s, LAST_POLL_S))
                    return

        def audit() -> None:
            # Ten minutes after whole quarters of a day since the sending: dead letters can just have become too old.
            time.sleep(600)
            while count(dead_url):
                time.sleep(AUDIT_S - LATENCY_S)

        produce()
        cloud.advance(p.days_before_work * DAY_S - cloud.now if p.days_before_work else 0)
        staff = [cloud.spawn(serve, name=f"worker-{n}", background=True) for n in range(1, p.consumers + 1)]
        staff.append(cloud.spawn(inspect, name="inspector", background=True))
        cloud.spawn(watch, name="watcher")
        cloud.run()
        for actor in staff:
            actor.stop()
        # On to the next whole quarter of a day since the sending, then an audit each quarter.
        cloud.advance(-(cloud.now - LATENCY_S) % AUDIT_S)
        cloud.spawn(audit, name="auditor")
        cloud.run(limit_s=20 * DAY_S)

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Attempts by order, arrivals in the dead-letter queue, and when that was empty again."""
        rows = calls(trail)
        suffix = ".fifo" if p.queue_type == "fifo" else ""
        url, dead_url = queue_url(rows, "orders" + suffix), queue_url(rows, "orders-dead" + suffix)
        sent = sends(rows, url)
        by_message: dict[str, list[Attempt]] = defaultdict(list)
        for attempt in attempts(
            [row for row in rows if row.actor.startswith("worker")], url, p.visibility_timeout_s
        ):
            by_message[attempt.message].append(attempt)
        arrived: dict[str, float] = {}
        for attempt in attempts(rows, dead_url, NEVER_S):
            arrived.setdefault(attempt.message, attempt.received_s)
        poison = tuple("total" not in json.loads(one.body) for one in sent)
        dead_s = tuple(arrived.get(one.message) for one in sent)
        lanes = tuple(tuple(by_message[one.message]) for one in sent)
        looks = depths(rows, dead_url)
        gone_s = next((look.time_s for look in looks if not look.total), None) if arrived else None
        wasted = sum(attempt.fate != "done" for lane in lanes for attempt in lane)
        to_dead = [
            moment - lane[0].received_s
            for lane, moment in zip(lanes, dead_s, strict=True)
            if lane and moment is not None
        ]
        first_dead = min(arrived.values(), default=0.0)
        busy_until = [attempt.ended_s or attempt.received_s for lane in lanes for attempt in lane]
        good = [place for place, bad in enumerate(poison) if not bad]
        summary: dict[str, int | float | str] = {
            "messages": len(sent),
            "poison": sum(poison),
            "wasted_receives": wasted,
            "receives_per_poison": max(
                (len(lane) for lane, bad in zip(lanes, poison, strict=True) if bad), default=0
            ),
            "dead_letters": len(arrived),
            "dead_good": sum(dead_s[place] is not None for place in good),
            "dead_poison": len(arrived) - sum(dead_s[place] is not None for place in good),
            "good_done": sum(any(attempt.fate == "done" for attempt in lanes[place]) for place in good),
            "to_dlq_s": round(max(to_dead, default=0.0), 2),
            "readable_days": round((gone_s - first_dead) / DAY_S, 1) if gone_s is not None else 0.0,
            "worker_calls": sum(row.actor.startswith("worker") for row in rows),
        }
        end_s = max([*busy_until, *arrived.values()], default=1.0)
        return Measured(tuple(one.time_s for one in sent), poison, lanes, dead_s, gone_s, end_s, summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A lane per order; below, the life of a dead letter in days."""
        from helpers.sections.s18_sqs.experiments import poison_picture

        return poison_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def receives(p: Values, m: Measured) -> Finding:
        """A poison message is received exactly maxReceiveCount times."""
        counts = [len(lane) for lane, bad in zip(m.attempts, m.poison, strict=True) if bad]
        if not counts:
            return not_applicable("No order is bad.")
        if set(counts) == {p.max_receive_count} and m.summary["dead_poison"] == len(counts):
            return true(
                f"Each of the {plural(len(counts), 'bad order')} was received {plural(p.max_receive_count, 'time')} "
                "and set aside at "
                f"the next receive."
            )
        return false(
            f"The bad orders were received {min(counts)} to {max(counts)} times; {m.summary['dead_poison']} were set "
            "aside."
        )

    @staticmethod
    def only_poison(p: Values, m: Measured) -> Finding:
        """Only poison reaches the dead-letter queue."""
        good = int(m.summary["dead_good"])
        if good:
            return false(
                f"{plural(good, 'good order')} got there: {p.work_s} s of work do not fit into "
                f"{p.visibility_timeout_s} s, and each "
                f"receive in between counts."
            )
        return true(f"All {m.summary['dead_letters']} dead letters are bad orders.")

    @staticmethod
    def move(p: Values, m: Measured) -> Finding:
        """It is set aside no sooner than after maxReceiveCount timeouts."""
        if not m.dead:
            return not_applicable("Nothing was set aside.")
        # The dead have a time of death.
        times = [m.dead_s[i] - m.attempts[i][0].received_s for i in m.dead if m.attempts[i]]  # type: ignore[operator]
        if not times:
            return not_applicable("No dead letter was received before.")
        if p.release_on_failure:
            return not_applicable("The workers hand a failed order back at once, so no timeout runs out.")
        need = p.max_receive_count * p.visibility_timeout_s
        words = (
            f"{p.max_receive_count} × {p.visibility_timeout_s} s = {need} s; it took {min(times):.0f} to "
            f"{max(times):.0f} s."
        )
        return true(words) if min(times) >= need - 1e-3 else false(words)

    @staticmethod
    def full_retention(p: Values, m: Measured) -> Finding:
        """A dead letter can be read for the whole retention of the dead-letter queue."""
        if m.gone_s is None or not m.dead:
            return not_applicable("Nothing was set aside.")
        days, want = float(m.summary["readable_days"]), p.dlq_retention_days
        if days >= want - 0.3:
            why = (
                "its age starts anew with the move"
                if p.queue_type == "fifo"
                else "it was set aside soon after it was sent"
            )
            return true(f"{days:g} of {want} days: {why}.")
        return false(
            f"{days:g} of {want} days: on a standard queue the age counts from the original send, "
            f"{p.days_before_work:g} days before the workers started."
        )


def poisoned(p: Values) -> int:
    """How many orders are bad."""
    number: int = round(p.messages * p.poison_percent / 100)
    return number


def work_fits(p: Values) -> bool:
    """Whether work and delete fit into the timeout."""
    return bool(p.visibility_timeout_s > p.work_s + LATENCY_S)


def reaches_dead_letters(p: Values) -> bool:
    """Whether something is set aside before it is too old, and lives to be seen there."""
    return poisoned(p) > 0 and (p.queue_type == "fifo" or p.days_before_work < p.dlq_retention_days)


Poison.claims = (
    Claim(
        "receives",
        "A poison message is received exactly maxReceiveCount times; the next receive moves it to the dead-letter "
        "queue.",
        ("sqs.dlq.threshold", "sqs.dlq.back", "sqs.dlq.maxreceive_default"),
        Poison.receives,
        "there is a bad order, and the dead-letter queue keeps messages longer than they lay in the queue",
        reaches_dead_letters,
    ),
    Claim(
        "only_poison",
        "Only messages that cannot be processed reach the dead-letter queue.",
        ("sqs.dlq.debug", "sqs.dlq.threshold", "sqs.consume.within_timeout"),
        Poison.only_poison,
        "the work fits into the visibility timeout (and no worker crashes)",
        work_fits,
    ),
    Claim(
        "move",
        "A failing message is set aside no sooner than maxReceiveCount × visibility timeout after its first receive.",
        ("sqs.dlq.threshold", "sqs.dlq.back", "sqs.visibility.returns"),
        Poison.move,
        "the workers let the timeout run out after a failure",
        lambda p: not p.release_on_failure and reaches_dead_letters(p),
    ),
    Claim(
        "full_retention",
        "A dead letter can be read for the whole retention period of the dead-letter queue.",
        ("sqs.dlq.timestamp", "sqs.dlq.retention14", "sqs.dlq.before_expiry"),
        Poison.full_retention,
        "the queues are FIFO, or the message is set aside within hours of being sent",
        lambda p: reaches_dead_letters(p) and (p.queue_type == "fifo" or p.days_before_work == 0),
    ),
)


Poison.scenes = (
    Scene(
        "cost",
        "What a bad order costs",
        {},
        "Two of 20 orders lack a total, and no worker can process them. How often do they come back?",
        Prediction(
            "maxReceiveCount becomes 10. How many receives are spent on the two bad orders in all?",
            number="wasted_receives",
            unit="receives",
            tolerance=0,
            reply="Each bad order is handed out 10 times before the next receive sets it aside: 2 × 10 receives for "
            "nothing.",
        ),
        {"max_receive_count": 10},
        ("max_receive_count", "poison_percent"),
        "receives",
        (
            "sqs.dlq.threshold",
            "sqs.dlq.back",
            "sqs.dlq.debug",
            "sqs.dlq.maxreceive_name",
            "sqs.dlq.maxreceive_default",
        ),
    ),
    Scene(
        "good",
        "Good orders among the dead letters",
        {"work_s": 20, "max_receive_count": 1},
        "Work of 20 s, a timeout of 30 s, maxReceiveCount 1: only the two bad orders are set aside, after one try.",
        Prediction(
            "The timeout becomes 6 s, shorter than the work. Where do the good orders end up?",
            (
                Option(
                    "done",
                    "Done, and nowhere else: each belongs to its first worker",
                    "queue_deletes_on_receive",
                    "They reappear after 6 s while the first worker is busy, and the next receive is one too many.",
                    true_if=lambda p, m: m.summary["dead_good"] == 0 and m.summary["wasted_receives"] <= 6,
                ),
                Option(
                    "dead",
                    "Some are set aside with the bad ones",
                    None,
                    "A receive counts whether or not the work fails: the next one, after 6 s, sets aside an order "
                    "that is still in work.",
                    right=True,
                    true_if=lambda p, m: m.summary["dead_good"] > 0,
                ),
                Option(
                    "repeated",
                    "Some are done twice, none is set aside: they never fail",
                    "dlq_counts_failures",
                    "SQS cannot see failures; it counts receives.",
                    true_if=lambda p, m: m.summary["dead_good"] == 0 and m.summary["wasted_receives"] > 6,
                ),
            ),
        ),
        {"visibility_timeout_s": 6},
        ("visibility_timeout_s", "work_s"),
        "only_poison",
        ("sqs.dlq.threshold", "sqs.consume.within_timeout", "sqs.visibility.too_low"),
    ),
    Scene(
        "release",
        "Handing a failure back at once",
        {"max_receive_count": 5},
        "A worker that fails could give the order back at once, instead of letting the timeout run out.",
        Prediction(
            "After a failure the worker calls ChangeMessageVisibility with 0. What happens to the bad orders?",
            (
                Option(
                    "deleted",
                    "They are gone: a timeout of 0 deletes them",
                    "zero_timeout_deletes",
                    "Zero means visible again now; only DeleteMessage removes a message.",
                    true_if=lambda p, m: m.summary["dead_poison"] < m.summary["poison"],
                ),
                Option(
                    "soon",
                    "They use up their receives sooner and are set aside early",
                    None,
                    "No timeout has to run out between the receives; a cause that needs a minute to pass has no "
                    "chance to.",
                    right=True,
                    true_if=lambda p, m: (
                        0 < m.summary["to_dlq_s"] < 5 * 30 and m.summary["dead_poison"] == m.summary["poison"]
                    ),
                ),
                Option(
                    "forever",
                    "They are tried for ever: a hand-back does not count",
                    "release_is_not_counted",
                    "The count goes up with each receive, however the message came back.",
                    true_if=lambda p, m: m.summary["receives_per_poison"] > 5,
                ),
            ),
        ),
        {"release_on_failure": True},
        ("release_on_failure", "max_receive_count"),
        "move",
        ("sqs.visibility.release", "sqs.dlq.threshold", "sqs.dlq.back"),
    ),
    Scene(
        "clock",
        "How long a dead letter can be read",
        {"dlq_retention_days": 4},
        "The dead-letter queue keeps messages for 4 days. From when on?",
        Prediction(
            "The workers were down for a day before they tried the orders. For how many days can a dead letter be "
            "read?",
            number="readable_days",
            unit="days",
            tolerance=0.26,
            reply="On a standard queue the age goes on from the original send, so a day in the source queue is "
            "missing: 4 - 1. On a FIFO "
            "queue it would be 4.",
        ),
        {"days_before_work": 1},
        ("days_before_work", "queue_type", "dlq_retention_days"),
        "full_retention",
        ("sqs.dlq.timestamp", "sqs.dlq.retention14", "sqs.dlq.before_expiry", "sqs.dlq.same_type"),
    ),
    Scene(
        "goal",
        "Set aside in time, readable for long",
        {"work_s": 45, "days_before_work": 1, "dlq_retention_days": 4},
        "The work takes 45 s, and the workers were down for a day. Which settings would you choose?",
        Prediction(
            "The timeout becomes 120 s. How long after its first receive does a bad order now reach the dead-letter "
            "queue?",
            (
                Option(
                    "two",
                    "After 2 minutes: one timeout, then it is set aside",
                    "dlq_after_first_failure",
                    "maxReceiveCount is 3, so it gets three receives, each with its own timeout.",
                    true_if=lambda p, m: m.summary["to_dlq_s"] < 200,
                ),
                Option(
                    "six",
                    "After some 6 minutes: three timeouts",
                    None,
                    "Three receives at 120 s each; the longer the timeout, the later a bad order is out of the way.",
                    right=True,
                    true_if=lambda p, m: 355 <= m.summary["to_dlq_s"] <= 450,
                ),
                Option(
                    "never",
                    "Never: the work of a bad order ends before its timeout",
                    "dlq_counts_timeouts",
                    "The count is of receives; whether the worker failed early or late makes no difference.",
                    true_if=lambda p, m: m.summary["dead_poison"] == 0,
                ),
            ),
        ),
        {"visibility_timeout_s": 120},
        (),
        "move",
        ("sqs.dlq.threshold", "sqs.dlq.retention14", "sqs.dlq.timestamp", "sqs.visibility.reasonable"),
        Goal(
            "With 45 s of work and a day of lost time: no good order set aside, every bad one set aside within 3 "
            "minutes of its first "
            "receive after at least two tries, and readable for 10 days or more.",
            lambda p, m: (
                p.work_s >= 45
                and p.days_before_work >= 1
                and m.summary["poison"] > 0
                and m.summary["dead_good"] == 0
                and m.summary["dead_poison"] == m.summary["poison"]
                and p.max_receive_count >= 2
                and m.summary["to_dlq_s"] <= 180
                and m.summary["readable_days"] >= 10
            ),
            {"visibility_timeout_s": 60, "max_receive_count": 2, "dlq_retention_days": 14},
        ),
    ),
)
