"""What message groups and deduplication do on the way from a FIFO topic to a queue."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

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
from helpers.sections.s19_sns.experiments.reading import GUIDE, let_in, new_queue, subscribe

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

FIFO, STANDARD = "FIFO queue", "standard queue"
ID, CONTENT, TIMED = "id", "content", "content with a time"
EVERY_S = 1.0
WINDOW_S = 300  # of the deduplication
EDGE_S = 1  # how far from the end of the window a claim says something
BATCH = 10


class Publish(NamedTuple):
    """A publish: when, the step it tells, its group, whether it is sent again, and whether it was delivered."""

    time_s: float
    step: int
    group: str
    again: bool
    delivered: bool


class Received(NamedTuple):
    """A message in the order in which the worker got it: its step and group, whether it is a copy of one that came
    before, and whether a later one of its group came before it.
    """

    step: int
    group: str
    copy: bool
    late: bool


@dataclass(frozen=True)
class Measured:
    """What the trail shows: all publishes in order, all messages in the order of receiving, and refused publishes."""

    publishes: tuple[Publish, ...]
    received: tuple[Received, ...]
    errors: int
    summary: dict[str, int | float | str]


class Fifo(Experiment):
    """Steps of several orders through a FIFO topic, some of them sent again; see the module."""

    id = "19_sns.fifo"
    title = "Groups and duplicates"
    question = "What do groups and deduplication do on the way to the queue?"
    parameters = (
        Int(
            "groups",
            3,
            "message groups",
            "Customers: each has a MessageGroupId, and order matters for each by itself.",
            minimum=1,
            maximum=20,
            source=GUIDE + "fifo-message-grouping.html",
        ),
        Int(
            "messages",
            30,
            "messages",
            "Steps that are published, one a second.",
            minimum=20,
            maximum=300,
            step=10,
        ),
        Int(
            "duplicate_percent",
            20,
            "sent again",
            "Share of the messages that the publisher sends a second time, as if it had missed the answer.",
            unit="%",
            minimum=0,
            maximum=100,
            step=5,
            assumption=True,
        ),
        Int(
            "resend_after_s",
            120,
            "after",
            "How long after the first time it does so; the deduplication lasts 5 minutes.",
            unit="s",
            minimum=0,
            maximum=900,
            step=10,
            source=GUIDE + "fifo-message-dedup.html",
        ),
        Choice(
            "subscriber",
            FIFO,
            "subscriber",
            "The kind of the queue behind the topic.",
            choices=(FIFO, STANDARD),
            source=GUIDE + "fifo-message-delivery.html",
        ),
        Choice(
            "dedup",
            ID,
            "told by",
            "What makes a duplicate: the id of the step, or the hash of the body, which may carry the time of sending.",
            choices=(ID, CONTENT, TIMED),
            source=GUIDE + "fifo-message-dedup.html",
        ),
        Int(
            "disorder",
            10,
            "disorder",
            "A standard queue hands out any of so many waiting messages; 1 keeps their order.",
            minimum=1,
            maximum=20,
            source="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues.html",
            assumption=True,
        ),
    )
    differences = (
        "How much a standard queue mixes is an assumption: AWS says that it may, and not how much.",
        "A standard queue may also hand a message out twice; here it does not.",
        "The worker begins after the last publish, so that the order of the queue is seen as it is.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """Publish all steps and those that are sent again, then empty the queue."""
        sns, sqs = cloud.client("sns"), cloud.client("sqs")
        cloud.plane("sqs").models.disorder_window = p.disorder
        by_content = {"ContentBasedDeduplication": "true"} if p.dedup != ID else {}
        topic = sns.create_topic(Name="steps.fifo", Attributes={"FifoTopic": "true", **by_content})[
            "TopicArn"
        ]
        fifo = {"FifoQueue": "true"} if p.subscriber == FIFO else {}
        queue = new_queue(sqs, "steps.fifo" if fifo else "steps", **fifo)
        let_in(sqs, queue, topic)
        subscribe(sns, topic, queue)
        steps = range(1, p.messages + 1)
        group_of = {step: f"customer-{cloud.random.randint(1, p.groups)}" for step in steps}
        again = cloud.random.sample(list(steps), round(p.messages * p.duplicate_percent / 100))
        plan = [(step * EVERY_S, step) for step in steps]
        plan += [(step * EVERY_S + p.resend_after_s, step) for step in again]

        def publish() -> None:
            begin_s = cloud.now
            for due_s, step in sorted(plan):
                time.sleep(max(0.0, begin_s + due_s - cloud.now))
                told: dict[str, Any] = {"step": step}
                if p.dedup == TIMED:
                    told["sent_at"] = round(cloud.now, 3)
                sent = {"Message": json.dumps(told), "MessageGroupId": group_of[step]}
                if p.dedup == ID:
                    sent["MessageDeduplicationId"] = f"step-{step}"
                sns.publish(TopicArn=topic, **sent)
            time.sleep(EVERY_S)

        def work() -> None:
            while True:
                reply = sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=BATCH)
                entries = [
                    {"Id": str(place), "ReceiptHandle": message["ReceiptHandle"]}
                    for place, message in enumerate(reply.get("Messages", ()))
                ]
                if not entries:
                    return
                sqs.delete_message_batch(QueueUrl=queue.url, Entries=entries)

        shop = cloud.spawn(publish, name="shop")
        cloud.run()
        if shop.done:
            cloud.spawn(work, name="worker")
            cloud.run()

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Which publishes were delivered, and in which order the worker got them."""
        rows = calls(trail)
        sent = [row for row in rows if row.operation == "Publish" and row.response]
        # A duplicate is answered with the id of the first: what is delivered again has an id of its own.
        known: set[str] = set()
        told: set[int] = set()
        group_of: dict[int, str] = {}
        publishes = []
        for row in sent:
            step = json.loads(row.parameters["Message"])["step"]
            group_of[step] = row.parameters["MessageGroupId"]
            new = row.response["MessageId"] not in known
            publishes.append(Publish(row.end_s, step, group_of[step], step in told, new))
            known.add(row.response["MessageId"])
            told.add(step)
        received: list[Received] = []
        newest: dict[str, int] = {}
        for row in rows:
            for message in row.response.get("Messages", ()) if row.operation == "ReceiveMessage" else ():
                step = json.loads(message["Body"])["step"]
                group = group_of[step]
                copy = any(one.step == step for one in received)
                late = not copy and step < newest.get(group, 0)
                newest[group] = max(step, newest.get(group, 0))
                received.append(Received(step, group, copy, late))
        errors = sum(row.operation == "Publish" and row.error is not None for row in rows)
        arrivals = sum(
            row.operation == "SendMessage" and row.actor == "sns" and bool(row.response) for row in rows
        )
        summary: dict[str, int | float | str] = {
            "messages": len(told),
            "sent_again": sum(one.again for one in publishes),
            "publish_errors": errors,
            "delivered": arrivals,
            "received": len(received),
            "copies": sum(one.copy for one in received),
            "missing": len(told - {one.step for one in received}),
            "out_of_order": sum(one.late for one in received),
        }
        return Measured(tuple(publishes), tuple(received), errors, summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A lane for each group, in the order of receiving; the publishes below."""
        from helpers.sections.s19_sns.experiments import fifo_picture

        return fifo_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def order(p: Values, m: Measured) -> Finding:
        """Behind a FIFO topic a FIFO queue hands out each group in the order of publishing."""
        if p.subscriber != FIFO:
            return not_applicable("The queue is a standard one.")
        for group in {one.group for one in m.publishes}:
            due = [one.step for one in m.publishes if one.group == group and one.delivered]
            got = [one.step for one in m.received if one.group == group]
            if due != got:
                return false(f"The steps of {group} came in another order than they were published in.")
        return true(f"The steps of each of {plural(p.groups, 'customer')} came in the order of publishing.")

    @staticmethod
    def within(p: Values, m: Measured) -> Finding:
        """A duplicate within five minutes is accepted, and not delivered."""
        number = int(m.summary["sent_again"])
        if p.dedup == TIMED or not number or p.resend_after_s >= WINDOW_S:
            return not_applicable("Nothing was sent again as it was within five minutes.")
        said = (
            f"{plural(number, 'message')} sent again after {p.resend_after_s} s: {m.errors or 'no'} errors, "
            f"and {m.summary['copies'] or 'no'} copies"
        )
        well = not m.errors and not m.summary["copies"] and m.summary["delivered"] == m.summary["messages"]
        return (true if well else false)(said + ".")

    @staticmethod
    def after(p: Values, m: Measured) -> Finding:
        """After five minutes what is sent again is a new message."""
        number = int(m.summary["sent_again"])
        if not number or p.resend_after_s < WINDOW_S:
            return not_applicable("Nothing was sent again after five minutes.")
        said = f"{plural(number, 'message')} sent again after {p.resend_after_s} s, {m.summary['copies']} came twice"
        return (true if m.summary["copies"] == number else false)(said + ".")

    @staticmethod
    def content(p: Values, m: Measured) -> Finding:
        """A body that carries the time of sending is another content each time."""
        number = int(m.summary["sent_again"])
        if p.dedup != TIMED or not number:
            return not_applicable("No body carries the time of sending.")
        said = f"Each of the {number} bodies sent again has another time and so another hash"
        return (true if m.summary["copies"] == number else false)(f"{said}: {m.summary['copies']} copies.")

    @staticmethod
    def least(p: Values, m: Measured) -> Finding:
        """Each message arrives at least once, whatever the queue."""
        missing = int(m.summary["missing"])
        said = f"{int(m.summary['messages']) - missing} of {m.summary['messages']} messages were received"
        if p.subscriber == STANDARD:
            said += f", {m.summary['out_of_order']} of them after a later one of their group"
        return (false if missing else true)(said + ".")


Fifo.claims = (
    Claim(
        "order",
        "Behind a FIFO topic, a FIFO queue hands out the messages of each group in the order of publishing.",
        ("sns.fifo.order", "sns.fifo.group", "sns.fifo.fanout"),
        Fifo.order,
        "the queue is a FIFO queue",
        lambda p: p.subscriber == FIFO,
    ),
    Claim(
        "within",
        "A duplicate within five minutes is accepted without an error, and not delivered.",
        ("sns.fifo.dedup",),
        Fifo.within,
        "messages are sent again, with the same id or body, before five minutes are over",
        lambda p: _some(p) and p.dedup != TIMED and p.resend_after_s <= WINDOW_S - EDGE_S - 1,
    ),
    Claim(
        "after",
        "What is sent again after five minutes is delivered once more.",
        ("sns.fifo.dedup",),
        Fifo.after,
        "messages are sent again after more than five minutes",
        lambda p: _some(p) and p.resend_after_s >= WINDOW_S + EDGE_S,
    ),
    Claim(
        "content",
        "Deduplication by content compares the whole body: one that carries the time of sending is never a duplicate.",
        ("sns.fifo.dedup",),
        Fifo.content,
        "messages are sent again, and each body carries the time",
        lambda p: _some(p) and p.dedup == TIMED,
    ),
    Claim(
        "least",
        "Each message arrives at least once; behind a standard queue nothing is said about the order.",
        ("sns.fifo.order", "sns.fifo.only_fifo"),
        Fifo.least,
        "always",
        lambda p: True,
    ),
)


def _some(p: Values) -> bool:
    """Whether any message is sent again."""
    return bool(round(p.messages * p.duplicate_percent / 100))


Fifo.scenes = (
    Scene(
        "standard",
        "Another queue behind the topic",
        {"duplicate_percent": 0},
        "The steps of three customers go through a FIFO topic to a FIFO queue, and come in order for each customer.",
        Prediction(
            "The queue is replaced by a standard one. What does the worker get from it?",
            (
                Option(
                    "ordered",
                    "The same order as before, since the topic sees to it",
                    "fifo_order_everywhere",
                    "The topic delivers in order, and then a standard queue hands out what it likes.",
                    true_if=lambda p, m: m.summary["received"] > 0 and m.summary["out_of_order"] == 0,
                ),
                Option(
                    "mixed",
                    "All steps, but not always in the order of publishing",
                    None,
                    "Order is a promise of topic and queue together; a standard queue makes none.",
                    right=True,
                    true_if=lambda p, m: m.summary["out_of_order"] > 0 and m.summary["missing"] == 0,
                ),
                Option(
                    "refused",
                    "Nothing, as only FIFO queues may subscribe to a FIFO topic",
                    "fifo_topic_takes_fifo_queues_only",
                    "Standard queues may subscribe as well; other kinds of subscribers may not.",
                    true_if=lambda p, m: m.summary["received"] == 0,
                ),
            ),
        ),
        {"subscriber": STANDARD},
        ("subscriber", "groups", "disorder"),
        "least",
        ("sns.fifo.order", "sns.fifo.only_fifo", "sns.fifo.group", "sns.fanout.fifo_queue"),
    ),
    Scene(
        "duplicates",
        "Sent again",
        {"duplicate_percent": 0},
        "A publisher that missed an answer cannot know whether SNS has the message, and sends it again.",
        Prediction(
            "One message in five is sent again two minutes later, with the same deduplication id. What happens?",
            (
                Option(
                    "error",
                    "The second publish is refused with an error",
                    "duplicate_is_refused",
                    "It succeeds, and is answered with the id of the first: the publisher can be content.",
                    true_if=lambda p, m: m.summary["publish_errors"] > 0,
                ),
                Option(
                    "twice",
                    "The step comes twice, and the worker has to notice",
                    "topic_delivers_duplicates",
                    "The topic itself drops the duplicate, for each of its queues.",
                    true_if=lambda p, m: m.summary["copies"] > 0,
                ),
                Option(
                    "silent",
                    "The publish succeeds, and nothing more arrives",
                    None,
                    "The topic knows the id for five minutes: it accepts the duplicate, and delivers nothing.",
                    right=True,
                    true_if=lambda p, m: (
                        m.summary["sent_again"] > 0
                        and m.summary["publish_errors"] == 0
                        and m.summary["copies"] == 0
                    ),
                ),
            ),
        ),
        {"duplicate_percent": 20},
        ("duplicate_percent", "resend_after_s", "subscriber"),
        "within",
        ("sns.fifo.dedup", "sns.fifo.order", "sns.fifo.fanout"),
    ),
    Scene(
        "late",
        "Sent again too late",
        {},
        "Six of the 30 messages are sent again after two minutes, and no copy arrives.",
        Prediction(
            "The publisher waits for 400 s before it sends them again. How many copies arrive?",
            number="copies",
            unit="copies",
            tolerance=0,
            reply="All 6: after five minutes the topic has forgotten the ids, and so has the FIFO queue.",
        ),
        {"resend_after_s": 400},
        ("resend_after_s", "duplicate_percent"),
        "after",
        ("sns.fifo.dedup", "sns.fifo.order"),
    ),
    Scene(
        "goal",
        "What makes a duplicate",
        {"dedup": CONTENT},
        "With content-based deduplication the publisher needs no ids: SNS takes the hash of the body.",
        Prediction(
            "A new version of the publisher writes the time of sending into the body. What becomes of the duplicates?",
            (
                Option(
                    "known",
                    "They are still dropped: it is the same step of the same customer",
                    "dedup_reads_the_body",
                    "SNS does not read the body. It compares hashes, and another time gives another hash.",
                    true_if=lambda p, m: m.summary["copies"] == 0 and m.summary["publish_errors"] == 0,
                ),
                Option(
                    "copies",
                    "They all arrive as copies, two minutes later",
                    None,
                    "No two bodies are alike any more, so no message is a duplicate. An id of its own would help.",
                    right=True,
                    true_if=lambda p, m: 0 < m.summary["copies"] == m.summary["sent_again"],
                ),
                Option(
                    "errors",
                    "They are refused, as hash and body do not fit",
                    "duplicate_is_refused",
                    "There is nothing to refuse: to SNS they are new messages, and even true duplicates succeed.",
                    true_if=lambda p, m: m.summary["publish_errors"] > 0,
                ),
            ),
        ),
        {"dedup": TIMED},
        (),
        "content",
        ("sns.fifo.dedup", "sns.fifo.group", "sns.fifo.order", "sns.fifo.fanout"),
        Goal(
            "Send a third of the messages of five customers or more again, at least four minutes later, and have each "
            "arrive once and in order.",
            lambda p, m: (
                p.groups >= 5
                and p.duplicate_percent >= 33
                and p.resend_after_s >= 240
                and m.summary["copies"] == 0
                and m.summary["out_of_order"] == 0
                and m.summary["missing"] == 0
            ),
            {"groups": 5, "duplicate_percent": 35, "resend_after_s": 240, "dedup": ID},
        ),
    ),
)
