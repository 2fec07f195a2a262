"""How message groups limit parallel work, and what a failing message holds up."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

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
from helpers.sections.s18_sqs.experiments.reading import DEPTHS, Attempt, attempts, queue_url, sends

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

GUIDE = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/"
LATENCY_S = 0.01  # of an API call, see Cloud.api_latency_s
LAST_POLL_S = 20.1  # a long poll that has just begun is over by then
IDLE_S = 0.2  # a receive that waited longer than this found nothing to do


class Declined(Exception):
    """The work failed; the message is left to come back."""


@dataclass(frozen=True)
class Job:
    """One message: its group, its place in the group (from 1), and what happened to it."""

    group: str
    place: int
    sent_s: float
    attempts: tuple[Attempt, ...]

    @property
    def done(self) -> Attempt | None:
        """The attempt that finished it."""
        return next((attempt for attempt in self.attempts if attempt.fate == "done"), None)


@dataclass(frozen=True)
class Measured:
    """What the trail shows.

    `groups`: the jobs of each group in the order of sending; `late` are jobs done after a later one.
    """

    groups: dict[str, tuple[Job, ...]]
    out_of_order: frozenset[tuple[str, int]]
    together: int
    busy: tuple[tuple[float, int], ...]
    held: str
    end_s: float
    summary: dict[str, int | float | str]


class FifoGroups(Experiment):
    """Consumers on one queue whose messages belong to groups; all messages wait at the start."""

    id = "18_sqs.fifo_groups"
    title = "Message groups and parallel consumers"
    question = "How do message groups limit parallel consumers, and what does a failing message hold up?"
    parameters = (
        Choice(
            "queue_type",
            "fifo",
            "queue type",
            "A standard queue takes a group id too, and does not order by it.",
            choices=("fifo", "standard"),
        ),
        Int(
            "groups",
            5,
            "message groups",
            "Different values of MessageGroupId.",
            minimum=1,
            maximum=50,
            source=GUIDE + "using-messagegroupid-property.html",
        ),
        Int("consumers", 5, "consumers", "Each receives one message at a time.", minimum=1, maximum=50),
        Int(
            "messages",
            60,
            "messages",
            "All in the queue at the start, the groups in turn.",
            minimum=5,
            maximum=300,
            step=5,
        ),
        Float(
            "work_s",
            1,
            "work",
            "Mean time of work on a message.",
            unit="s",
            minimum=0.1,
            maximum=5,
            step=0.1,
            assumption=True,
        ),
        Int(
            "work_spread_percent",
            40,
            "spread of the work",
            "How far the work may lie from its mean, either way.",
            unit="%",
            minimum=0,
            maximum=90,
            step=10,
            assumption=True,
        ),
        Int(
            "hot_percent",
            0,
            "share of group 1",
            "Share of the messages that belong to group 1; 0 gives each group the same.",
            unit="%",
            minimum=0,
            maximum=100,
            step=5,
            assumption=True,
        ),
        Int(
            "head_failures",
            0,
            "failures of the first",
            "How often the first message of group 1 fails before it succeeds.",
            minimum=0,
            maximum=5,
            assumption=True,
        ),
        Int(
            "visibility_timeout_s",
            15,
            "visibility timeout",
            "How long a failed message stays hidden.",
            unit="s",
            minimum=10,
            maximum=60,
            source=GUIDE + "sqs-visibility-timeout.html",
        ),
    )
    differences = (
        "Consumers take one message at a time; a receive of up to 10 would bring several of one group to one consumer.",
        (
            "AWS may hand out messages of a standard queue in any order; here they leave in the order of sending "
            "and are still done out "
            "of order, since the work takes different times."
        ),
    )

    def run(self, cloud: Cloud, p: Values) -> None:  # noqa: C901  # the actors of one story stand together
        """Send all messages, let the consumers drain the queue, and end when it is empty."""
        sqs = cloud.client("sqs")
        models = cloud.plane("sqs").models
        models.fair_queues = False
        fifo = p.queue_type == "fifo"
        spread = p.work_spread_percent / 100
        work_s = [
            round(p.work_s * cloud.random.uniform(1 - spread, 1 + spread), 3) for _ in range(p.messages)
        ]
        url = sqs.create_queue(
            QueueName="payments.fifo" if fifo else "payments",
            Attributes={
                **({"FifoQueue": "true"} if fifo else {}),
                "VisibilityTimeout": str(p.visibility_timeout_s),
                "ReceiveMessageWaitTimeSeconds": "20",
            },
        )["QueueUrl"]
        groups = assign(p)
        failures = {"left": p.head_failures}
        head = groups.index(1) if 1 in groups else -1

        places: dict[int, int] = defaultdict(int)
        entries = []
        for number, group in enumerate(groups):
            places[group] += 1
            entry = {
                "Id": str(number),
                "MessageBody": json.dumps({"payment": number, "place": places[group]}),
                "MessageGroupId": f"group-{group}",
            }
            if fifo:
                entry["MessageDeduplicationId"] = f"payment-{number}"
            entries.append(entry)
        for first in range(0, len(entries), 10):
            sqs.send_message_batch(QueueUrl=url, Entries=entries[first : first + 10])

        def process(payment: int) -> None:
            if payment == head and failures["left"]:
                failures["left"] -= 1
                time.sleep(work_s[payment] / 2)
                raise Declined
            time.sleep(work_s[payment])

        def serve() -> None:
            while True:
                for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1).get("Messages", []):
                    try:
                        process(json.loads(message["Body"])["payment"])
                    except Declined:
                        continue
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

        def watch() -> None:
            while True:
                time.sleep(max(2.0, p.messages * p.work_s / 30))
                seen = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(DEPTHS))["Attributes"]
                if not any(int(seen[name]) for name in DEPTHS):
                    time.sleep(LAST_POLL_S)  # the last long polls end, and show who is idle
                    return

        for number in range(1, p.consumers + 1):
            cloud.spawn(serve, name=f"consumer-{number}", background=True)
        cloud.spawn(watch, name="watcher")
        cloud.run()

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Jobs by group, the order in which they were done, and how many consumers were busy."""
        rows = calls(trail)
        url = queue_url(rows, "payments.fifo" if p.queue_type == "fifo" else "payments")
        by_message: dict[str, list[Attempt]] = defaultdict(list)
        found = attempts(rows, url, p.visibility_timeout_s)
        for attempt in found:
            by_message[attempt.message].append(attempt)
        grouped: dict[str, list[Job]] = defaultdict(list)
        for one in sends(rows, url):
            jobs = grouped[one.group]
            jobs.append(Job(one.group, len(jobs) + 1, one.time_s, tuple(by_message[one.message])))
        groups = {
            name: tuple(grouped[name])
            for name in sorted(grouped, key=lambda name: int(name.rpartition("-")[2]))
        }
        late = frozenset(_overtaken(groups))
        spans = [attempt.busy for attempt in found if attempt.busy is not None]
        begin = min((start for start, _ in spans), default=0.0)
        end = max((stop for _, stop in spans), default=1.0)
        work = sum(stop - start for start, stop in spans)
        busy = sorted([(start, 1) for start, _ in spans] + [(stop, -1) for _, stop in spans])
        receives = [
            row for row in rows if row.operation == "ReceiveMessage" and row.parameters["QueueUrl"] == url
        ]
        held = _held(
            groups, [(row.start_s, row.end_s) for row in receives if row.end_s - row.start_s > IDLE_S]
        )
        failed = [
            attempt
            for jobs in groups.values()
            for job in jobs
            for attempt in job.attempts
            if attempt.fate == "failed"
        ]
        summary: dict[str, int | float | str] = {
            "messages": sum(map(len, groups.values())),
            "groups_used": len(groups),
            "done": sum(job.done is not None for jobs in groups.values() for job in jobs),
            "makespan_s": round(end - begin, 2),
            "work_s": round(work, 2),
            "speed_up": round(work / (end - begin), 2),
            "out_of_order": len(late),
            "failures": len(failed),
            "group_1_done_s": round(_last(groups.get("group-1", ())) - begin, 2),
            "others_done_s": round(
                max((_last(jobs) for name, jobs in groups.items() if name != "group-1"), default=begin)
                - begin,
                2,
            ),
            "most_busy": max(_running(busy), default=0),
            "receives": len(receives),
        }
        return Measured(groups, late, _together(groups), tuple(busy), held, end, summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A lane per group; busy consumers below."""
        from helpers.sections.s18_sqs.experiments import fifo_picture

        return fifo_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def order(p: Values, m: Measured) -> Finding:
        """Messages of a group are done in order."""
        number = len(m.out_of_order)
        if number:
            return false(
                f"{plural(number, 'message')} {'was' if number == 1 else 'were'} done after a later one of the same "
                "group."
            )
        if p.queue_type == "fifo":
            return true("In each group every message was done before the next one was handed out.")
        return true("It happened to come out in order this time; a standard queue promises none.")

    @staticmethod
    def alone(_: Values, m: Measured) -> Finding:
        """A group is worked on by one consumer at a time."""
        if m.together:
            return false(
                f"{plural(m.together, 'time')} a message was received while another of its group was in work."
            )
        return true("No message was received while another of its group was in work.")

    @staticmethod
    def bound(p: Values, m: Measured) -> Finding:
        """The speed-up is at most min(groups, consumers)."""
        limit = min(int(m.summary["groups_used"]), p.consumers)
        speed = float(m.summary["speed_up"])
        words = (
            f"{speed:.1f} times as fast as one consumer; min({m.summary['groups_used']} groups, "
            f"{plural(p.consumers, 'consumer')}) = {limit}."
        )
        return true(words) if speed <= limit + 1e-6 else false(words)

    @staticmethod
    def own_group_only(p: Values, m: Measured) -> Finding:
        """A failing message holds up its own group and no other."""
        if not m.summary["failures"]:
            return not_applicable("No message failed.")
        if m.held:
            return false(m.held)
        return true(
            f"Group 1 waited for its first message to come back ({plural(int(m.summary['failures']), 'failure')}, "
            f"{p.visibility_timeout_s} s each); no other group waited while a consumer was free."
        )


def assign(p: Values) -> list[int]:
    """The group (from 1) of each message in the order of sending."""
    if not p.hot_percent or p.groups == 1:
        return [number % p.groups + 1 for number in range(p.messages)]
    hot = round(p.messages * p.hot_percent / 100)
    # The messages of group 1 spread evenly among the others, which take turns.
    found, others = [], 0
    for number in range(p.messages):
        if (number + 1) * hot // p.messages > number * hot // p.messages:
            found.append(1)
        else:
            found.append(others % (p.groups - 1) + 2)
            others += 1
    return found


def _last(jobs: Sequence[Job]) -> float:
    return max((job.done.ended_s or 0.0 for job in jobs if job.done is not None), default=0.0)


def _running(changes: Sequence[tuple[float, int]]) -> list[int]:
    total, levels = 0, []
    for _, change in changes:
        total += change
        levels.append(total)
    return levels


def _overtaken(groups: dict[str, tuple[Job, ...]]) -> list[tuple[str, int]]:
    """Jobs done after a job of their group that was sent later."""
    found = []
    for name, jobs in groups.items():
        earliest_later = float("inf")
        for job in reversed(jobs):
            if job.done is None or job.done.ended_s is None:
                continue
            if job.done.ended_s > earliest_later:
                found.append((name, job.place))
            earliest_later = min(earliest_later, job.done.ended_s)
    return found


def _together(groups: dict[str, tuple[Job, ...]]) -> int:
    """How often a message was received while another of its group was in work."""
    count = 0
    for jobs in groups.values():
        spans = sorted(attempt.busy for job in jobs for attempt in job.attempts if attempt.busy is not None)
        latest = -1.0
        for start, end in spans:
            count += start < latest - 1e-6
            latest = max(latest, end)
    return count


def _held(groups: dict[str, tuple[Job, ...]], idle: Sequence[tuple[float, float]]) -> str:
    """A sentence on the first breach of "a failing message holds up its own group only", or ""."""
    for name, jobs in groups.items():
        lanes = sorted((a for job in jobs for a in job.attempts), key=lambda attempt: attempt.received_s)
        for job in jobs:
            for attempt, retry in pairwise(job.attempts):
                if attempt.fate == "failed":
                    between = sum(attempt.received_s < other.received_s < retry.received_s for other in lanes)
                    if between:
                        return (
                            f"{plural(between, 'message')} of the same group {'was' if between == 1 else 'were'} "
                            "handed out before the failed one came back."
                        )
        if name == "group-1":
            continue
        # Free to be received: from the end of one message of the group to the receipt of the next.
        for before, after in pairwise(lanes):
            free = before.deleted_s or before.hidden_until_s
            if any(min(after.received_s, end) - max(free, start) > IDLE_S for start, end in idle):
                return f"{name} had a message to hand out while a consumer waited."
    return ""


FifoGroups.claims = (
    Claim(
        "order",
        "The messages of one group are done in the order in which they were sent.",
        ("sqs.fifo.order", "sqs.fifo.group", "sqs.standard.best_effort_order", "sqs.standard.no_order"),
        FifoGroups.order,
        "the queue is FIFO (and the work fits into the visibility timeout)",
        lambda p: p.queue_type == "fifo" and _fits(p),
    ),
    Claim(
        "alone",
        "A message group is worked on by one consumer at a time.",
        ("sqs.fifo.group_one_consumer", "sqs.fifo.group_parallel", "sqs.fifo.no_group"),
        FifoGroups.alone,
        "the queue is FIFO (and the work fits into the visibility timeout)",
        lambda p: p.queue_type == "fifo" and _fits(p),
    ),
    Claim(
        "bound",
        "Parallel consumers make it at most min(groups, consumers) times as fast.",
        ("sqs.fifo.group_parallel", "sqs.fifo.trucks", "sqs.consume.horizontal", "sqs.fifo.group_like_pk"),
        FifoGroups.bound,
        "the queue is FIFO; a standard queue is limited by the consumers alone",
        lambda p: p.queue_type == "fifo" and _fits(p),
    ),
    Claim(
        "own_group_only",
        "A failing message holds up its own group, and no other.",
        ("sqs.fifo.group_one_consumer", "sqs.fifo.group_cross", "sqs.fifo.group_parallel"),
        FifoGroups.own_group_only,
        "the queue is FIFO and a message fails",
        lambda p: (
            p.queue_type == "fifo"
            and _fits(p)
            and p.head_failures > 0
            and (p.hot_percent == 0 or round(p.messages * p.hot_percent / 100) > 0)
        ),
    ),
)


def _fits(p: Values) -> bool:
    return bool(p.visibility_timeout_s > p.work_s * (1 + p.work_spread_percent / 100) + LATENCY_S)


FifoGroups.scenes = (
    Scene(
        "one_group",
        "One group for everything",
        {"work_spread_percent": 0},
        "Five consumers, five groups: each consumer is busy all the time. What if all messages carry the same group "
        "id?",
        Prediction(
            "All 60 messages of 1 s get the same group id. How long do the five consumers need?",
            (
                Option(
                    "same",
                    "12 s as before: 60 messages shared by five consumers",
                    "consumers_always_scale",
                    "While one message of a group is in flight, SQS hands out no other of that group to anyone.",
                    true_if=lambda p, m: m.summary["makespan_s"] < 20,
                ),
                Option(
                    "five",
                    "About a minute: one works and four wait",
                    None,
                    "The group id is the unit of order, and so the unit of parallel work; one id means one "
                    "consumer at a time.",
                    right=True,
                    true_if=lambda p, m: 55 <= m.summary["makespan_s"] <= 70,
                ),
                Option(
                    "half",
                    "Some 30 s, since the next message is received meanwhile",
                    "next_of_group_is_prefetched",
                    "The next message of the group is not handed out before the one before it is deleted.",
                    true_if=lambda p, m: 20 <= m.summary["makespan_s"] < 55,
                ),
            ),
        ),
        {"groups": 1},
        ("groups", "consumers"),
        "alone",
        ("sqs.fifo.group", "sqs.fifo.group_one_consumer", "sqs.fifo.no_group", "sqs.fifo.group_parallel"),
    ),
    Scene(
        "more_consumers",
        "More consumers",
        {"work_spread_percent": 0},
        "Five consumers drain five groups five times as fast as one could. Would twenty help?",
        Prediction(
            "With 20 consumers on the 5 groups, how many times as fast as a single consumer is it?",
            number="speed_up",
            unit="times",
            tolerance=0.3,
            reply="At most five messages, one of each group, can be in work at a time: 15 of the 20 consumers find "
            "nothing to do.",
        ),
        {"consumers": 20},
        ("consumers", "groups"),
        "bound",
        ("sqs.fifo.group_parallel", "sqs.fifo.trucks", "sqs.consume.horizontal", "sqs.fifo.group_like_pk"),
    ),
    Scene(
        "standard",
        "The same on a standard queue",
        {"groups": 2},
        "Two groups keep two of the five consumers busy. A standard queue takes the same group ids.",
        Prediction(
            "The queue becomes a standard queue. What changes?",
            (
                Option(
                    "nothing",
                    "Nothing: the group ids still keep each group in order",
                    "group_id_orders_standard",
                    "On a standard queue a group id serves fairness between tenants; it orders nothing.",
                    true_if=lambda p, m: not m.out_of_order,
                ),
                Option(
                    "faster",
                    "All five work at once, and messages are done out of order",
                    None,
                    "Nothing ties the messages of a group together: faster, and a short job overtakes a long one "
                    "before it.",
                    right=True,
                    true_if=lambda p, m: len(m.out_of_order) > 0 and m.summary["speed_up"] > 3,
                ),
                Option(
                    "refused",
                    "The sends are refused, as standard queues have no groups",
                    "no_group_on_standard",
                    "Since 2025 a standard queue accepts MessageGroupId, for fair queues.",
                    true_if=lambda p, m: m.summary["messages"] == 0,
                ),
            ),
        ),
        {"queue_type": "standard"},
        ("queue_type", "work_spread_percent"),
        "order",
        ("sqs.fifo.order", "sqs.standard.best_effort_order", "sqs.standard.no_order", "sqs.api.fair"),
    ),
    Scene(
        "failing",
        "A failing message",
        {},
        "Each group is one customer. The first payment of customer 1 fails. Who has to wait?",
        Prediction(
            "It fails twice and is left to come back after 15 s each time. Which payments are late?",
            (
                Option(
                    "all",
                    "All: a FIFO queue is one line",
                    "fifo_is_one_line",
                    "Order is kept within a group; the other groups are handed out all the while.",
                    true_if=lambda p, m: m.summary["others_done_s"] > 25,
                ),
                Option(
                    "group",
                    "Those of customer 1, all of them",
                    None,
                    "The group waits until its first message is done (or set aside); the other four go on.",
                    right=True,
                    true_if=lambda p, m: m.summary["group_1_done_s"] > 35 and m.summary["others_done_s"] < 20,
                ),
                Option(
                    "one",
                    "That payment alone; the next ones of customer 1 go on",
                    "fifo_skips_failed",
                    "Then the payments of customer 1 would be out of order, which is what the group is there to "
                    "prevent.",
                    true_if=lambda p, m: m.summary["group_1_done_s"] <= 35,
                ),
            ),
        ),
        {"head_failures": 2},
        ("head_failures", "visibility_timeout_s"),
        "own_group_only",
        (
            "sqs.fifo.group_one_consumer",
            "sqs.fifo.group_cross",
            "sqs.fifo.group_example",
            "sqs.dlq.fifo_order",
        ),
    ),
    Scene(
        "goal",
        "A hot group",
        {"hot_percent": 60, "groups": 10, "consumers": 10},
        "One customer sends 60 % of all payments. Ten groups, ten consumers: how parallel is it?",
        Prediction(
            "The share of the big customer falls to 20 %. How many times as fast as one consumer is it then?",
            (
                Option(
                    "two",
                    "About 2 times, as before: the groups and consumers are the same",
                    "group_count_alone_counts",
                    "The largest group sets the pace: with 60 % in one line, the whole takes as long as that line.",
                    true_if=lambda p, m: m.summary["speed_up"] < 3,
                ),
                Option(
                    "five",
                    "About 5 times: the largest group holds a fifth of the work",
                    None,
                    "The time is that of the longest line, here a fifth of the messages.",
                    right=True,
                    true_if=lambda p, m: 3.7 <= m.summary["speed_up"] <= 6,
                ),
                Option(
                    "ten",
                    "About 10 times: ten groups for ten consumers",
                    "consumers_always_scale",
                    "Ten is the upper bound; it is reached only if the groups share the work evenly.",
                    true_if=lambda p, m: m.summary["speed_up"] > 8,
                ),
            ),
        ),
        {"hot_percent": 20},
        (),
        "bound",
        ("sqs.fifo.group_example", "sqs.fifo.group_like_pk", "sqs.fifo.trucks", "sqs.fifo.group_parallel"),
        Goal(
            "Every message done in the order of its group, at least 8 times as fast as with one consumer, with at "
            "most 12 consumers.",
            lambda p, m: (
                not m.out_of_order
                and m.summary["done"] == m.summary["messages"]
                and m.summary["speed_up"] >= 8
                and p.consumers <= 12
                and p.queue_type == "fifo"
            ),
            {"hot_percent": 0, "groups": 20, "consumers": 12},
        ),
    ),
)
