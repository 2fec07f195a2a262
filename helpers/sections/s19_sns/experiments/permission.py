"""What becomes of messages while SNS may not deliver them, or cannot."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

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
from helpers.sections.s19_sns.experiments.reading import (
    GUIDE,
    Message,
    delivered,
    let_in,
    new_queue,
    published,
    subscribe,
    url_of,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

REMOVED, DELETED, SERVER = "policy removed", "queue deleted", "server error"
AFTER_MIN = 10  # how long the shop goes on after the trouble
RETRY_S = 20  # the longest pause between two attempts at a queue
SLACK_S = 0.1


class GivenUp(NamedTuple):
    """A message that SNS gave up: of which message id, when, after how many attempts, and whether it was kept."""

    id: str
    time_s: float
    attempts: int
    kept: bool


@dataclass(frozen=True)
class Measured:
    """What the trail shows. `troubled` and `healthy` are body -> when it reached the queue of that kind; `kept` is what
    the dead-letter queue holds; `given_up` is body -> how SNS gave it up; `refused` counts failed publishes.
    """

    published: tuple[Message, ...]
    troubled: dict[str, float]
    healthy: dict[str, float]
    kept: dict[str, float]
    given_up: dict[str, GivenUp]
    refused: int
    window_s: tuple[float, float]
    end_s: float
    summary: dict[str, int | float | str]

    @property
    def meanwhile(self) -> list[Message]:
        """The messages that were published during the trouble."""
        return [one for one in self.published if self.window_s[0] <= one.time_s < self.window_s[1]]


class Permission(Experiment):
    """A topic with two queues, of which one shuts SNS out for a while; see the module."""

    id = "19_sns.permission"
    title = "Shut out"
    question = "What becomes of messages while SNS may not deliver them?"
    parameters = (
        Int(
            "forbidden_from_min",
            10,
            "trouble begins after",
            "When the queue of the shipping service stops taking messages from SNS.",
            unit="min",
            minimum=0,
            maximum=60,
        ),
        Int(
            "forbidden_for_min",
            20,
            "trouble lasts",
            "How long, until somebody mends it; 0 is no trouble at all.",
            unit="min",
            minimum=0,
            maximum=60,
        ),
        Choice(
            "cause",
            REMOVED,
            "cause",
            "The queue's policy no longer names the topic, the queue is gone, or SQS has an error of its own.",
            choices=(REMOVED, DELETED, SERVER),
            source=GUIDE + "sns-dead-letter-queues.html",
        ),
        Flag(
            "dead_letter_queue",
            False,
            "dead-letter queue",
            "A dead-letter queue for the subscription of the shipping service.",
            source=GUIDE + "sns-dead-letter-queues.html",
        ),
        Flag(
            "dlq_lets_sns_in",
            True,
            "it lets SNS in",
            "Whether the policy of the dead-letter queue allows the topic to send.",
            source=GUIDE + "sns-configure-dead-letter-queue.html",
        ),
        Int(
            "messages_per_min",
            2,
            "messages per minute",
            "Orders that are published, evenly spread.",
            unit="/min",
            minimum=1,
            maximum=10,
        ),
    )
    differences = (
        "The server error is a labelled model: SQS is unavailable to SNS for so long.",
        "A delivery takes 20 ms here: AWS publishes no figure. Retries have no jitter.",
        "Policies count at once here; on AWS a change may take a while to spread.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """Publish evenly until ten minutes after the trouble."""
        sns, sqs = cloud.client("sns"), cloud.client("sqs")
        topic = sns.create_topic(Name="orders")["TopicArn"]
        shipping, statistics, letters = (
            new_queue(sqs, name) for name in ("shipping", "statistics", "shipping-dead-letters")
        )
        for queue in (shipping, statistics):
            let_in(sqs, queue, topic)
        if p.dlq_lets_sns_in:
            let_in(sqs, letters, topic)
        redrive = {"RedrivePolicy": f'{{"deadLetterTargetArn": "{letters.arn}"}}'}
        subscribe(sns, topic, shipping, **(redrive if p.dead_letter_queue else {}))
        subscribe(sns, topic, statistics)
        begin_s = cloud.now
        end_s = begin_s + 60 * (p.forbidden_from_min + p.forbidden_for_min + AFTER_MIN)

        def publish() -> None:
            every_s = 60 / p.messages_per_min
            number, due_s = 0, begin_s + every_s / 2
            while due_s < end_s:
                time.sleep(max(0.0, due_s - cloud.now))
                number += 1
                with suppress(sns.exceptions.ClientError):  # a shop goes on; the trail has the error
                    sns.publish(TopicArn=topic, Message=f"order {number}")
                due_s += every_s
            time.sleep(max(0.0, end_s - cloud.now))

        def trouble() -> None:
            time.sleep(60 * p.forbidden_from_min)
            if p.cause == REMOVED:
                sqs.set_queue_attributes(QueueUrl=shipping.url, Attributes={"Policy": ""})
            elif p.cause == DELETED:
                sqs.delete_queue(QueueUrl=shipping.url)
            else:
                cloud.plane("sns").outage(shipping.arn, 60 * p.forbidden_for_min)
            time.sleep(60 * p.forbidden_for_min)
            if p.cause == DELETED:
                sqs.create_queue(QueueName="shipping")
            if p.cause != SERVER:
                let_in(sqs, shipping, topic)

        cloud.spawn(publish, name="shop")
        if p.forbidden_for_min:
            cloud.spawn(trouble, name="operator")
        cloud.run()

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Where each published message ended, and when."""
        rows = calls(trail)
        sent = published(rows)
        bodies = {one.id: one.body for one in sent}
        shipping, statistics, letters = (
            {one.body: one.time_s for one in delivered(rows, url_of(rows, name))}
            for name in ("shipping", "statistics", "shipping-dead-letters")
        )
        given_up = {bodies[one.id]: one for one in _given_up(rows)}
        begin_s = min(row.end_s for row in rows if row.operation == "Subscribe")
        start_s = begin_s + 60 * p.forbidden_from_min
        window_s = start_s, start_s + 60 * p.forbidden_for_min
        meanwhile = [one for one in sent if window_s[0] <= one.time_s < window_s[1]]
        refused = sum(row.operation == "Publish" and row.error is not None for row in rows)
        when = {one.body: one.time_s for one in sent}
        delays = [time_s - when[body] for body, time_s in shipping.items()]
        summary: dict[str, int | float | str] = {
            "published": len(sent),
            "published_meanwhile": len(meanwhile),
            "publish_errors": refused,
            "delivered": len(shipping),
            "in_dead_letter_queue": len(letters),
            "lost": sum(not one.kept for one in given_up.values()),
            "other_queue_got": len(statistics),
            "most_attempts": max((one.attempts for one in given_up.values()), default=0),
            "latest_delivery_s": round(max(delays, default=0.0), 2),
        }
        end_s = max(row.end_s for row in rows)
        return Measured(
            tuple(sent), shipping, statistics, letters, given_up, refused, window_s, end_s, summary
        )

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A lane for the publisher and for each queue; what was published, delivered, kept and lost below."""
        from helpers.sections.s19_sns.experiments import permission_picture

        return permission_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def once(p: Values, m: Measured) -> Finding:
        """A client-side error is final: one attempt, and mending brings nothing back."""
        if not client_side(p):
            return not_applicable("There was no client-side error.")
        due = {one.body for one in m.meanwhile}
        attempts = sum(one.attempts for one in m.given_up.values())
        back = len(due & set(m.troubled))
        said = (
            f"{plural(len(due), 'message')} came during the trouble: {plural(attempts, 'attempt')}, and "
            f"{back} of them reached the queue in the end"
        )
        well = set(m.given_up) == due and attempts == len(due) and not back
        return (true if well else false)(said + ".")

    @staticmethod
    def green(p: Values, m: Measured) -> Finding:
        """Every publish succeeds, whatever becomes of the deliveries."""
        number = int(m.summary["published"])
        due = p.messages_per_min * (p.forbidden_from_min + p.forbidden_for_min + AFTER_MIN)
        if m.refused or number != due:
            return false(f"{plural(number, 'publish', 'publishes')} of {due} succeeded.")
        return true(f"All {number} publishes succeeded, {m.summary['lost']} of them for nothing.")

    @staticmethod
    def total(p: Values, m: Measured) -> Finding:
        """Each message is delivered, dead-lettered or lost, and the other queue gets all."""
        s = m.summary
        said = (
            f"{s['published']} published = {s['delivered']} delivered + {s['in_dead_letter_queue']} in the "
            f"dead-letter queue + {s['lost']} lost; the other queue got {s['other_queue_got']}"
        )
        ends = int(s["delivered"]) + int(s["in_dead_letter_queue"]) + int(s["lost"])
        return (true if ends == s["published"] == s["other_queue_got"] else false)(said + ".")

    @staticmethod
    def dead_letters(p: Values, m: Measured) -> Finding:
        """The dead-letter queue takes what its one subscription could not get, if it lets SNS in."""
        if not client_side(p):
            return not_applicable("There was no client-side error.")
        due = {one.body for one in m.meanwhile} if p.dead_letter_queue and p.dlq_lets_sns_in else set()
        said = f"The dead-letter queue holds {len(m.kept)} of {plural(len(m.meanwhile), 'message')}"
        if not p.dead_letter_queue:
            said = f"Without a dead-letter queue {plural(int(m.summary['lost']), 'message')} left no trace"
        elif not p.dlq_lets_sns_in:
            said += ", as its policy shuts SNS out as well"
        return (true if set(m.kept) == due else false)(said + ".")

    @staticmethod
    def late(p: Values, m: Measured) -> Finding:
        """After a server error everything arrives, at most 20 s after the end."""
        if p.cause != SERVER or not p.forbidden_for_min:
            return not_applicable("There was no server error.")
        behind = [m.troubled.get(one.body, m.end_s + 3_600) - m.window_s[1] for one in m.meanwhile]
        worst_s = max(behind)
        missing = sum(one.body not in m.troubled for one in m.meanwhile)
        if missing or worst_s > RETRY_S + SLACK_S:
            return false(f"{plural(missing, 'message')} did not arrive within {RETRY_S} s of the end.")
        return true(
            f"All {len(behind)} arrived, the last one {human(max(0.0, worst_s))} after the end of the trouble."
        )


def client_side(p: Values) -> bool:
    """Whether SNS meets an error that it does not try again."""
    return bool(p.cause != SERVER and p.forbidden_for_min)


def _given_up(rows: list[CallRow]) -> list[GivenUp]:
    return [
        GivenUp(
            row.parameters["MessageId"],
            row.end_s,
            row.parameters["Attempts"],
            row.parameters["DeadLetterQueue"] is not None,
        )
        for row in rows
        if row.operation == "GiveUp"
    ]


Permission.claims = (
    Claim(
        "once",
        "A message that meets a client-side error is attempted once, and mending the cause brings none of them back.",
        ("sns.subs.retry_rules", "sns.fanout.policy", "sns.pubsub.not_persisted"),
        Permission.once,
        "the policy or the queue is missing",
        client_side,
    ),
    Claim(
        "green",
        "Publish succeeds throughout: its answer says nothing about deliveries.",
        ("sns.fanout.policy",),
        Permission.green,
        "always",
        lambda p: True,
    ),
    Claim(
        "total",
        "Each message is delivered, in the dead-letter queue or lost; the other queue gets every one.",
        ("sns.pubsub.not_persisted", "sns.fanout.decoupled", "sns.security.dlq"),
        Permission.total,
        "always",
        lambda p: True,
    ),
    Claim(
        "dead_letters",
        "The dead-letter queue of a subscription takes what that one could not get, if its own policy lets SNS in.",
        ("sns.security.dlq", "sns.security.dlq_rules"),
        Permission.dead_letters,
        "the policy or the queue is missing",
        client_side,
    ),
    Claim(
        "late",
        "After a server-side error everything arrives, at most 20 s after the end of it.",
        ("sns.subs.managed_retry", "sns.subs.retry_rules"),
        Permission.late,
        "SQS has an error of its own",
        lambda p: p.cause == SERVER and p.forbidden_for_min > 0,
    ),
)

Permission.scenes = (
    Scene(
        "removed",
        "A policy is lost",
        {"forbidden_for_min": 0},
        "A topic feeds two queues. Somebody replaces the policy of one by another, which no longer names the topic.",
        Prediction(
            "The policy is missing for 20 minutes, then restored. What becomes of the 40 messages published meanwhile?",
            (
                Option(
                    "retried",
                    "SNS tries them again, and they arrive after the mending",
                    "retry_till_success",
                    "A missing right is a client-side error, and SNS does not try again after one of those.",
                    true_if=lambda p, m: m.summary["delivered"] == m.summary["published"],
                ),
                Option(
                    "errors",
                    "They are never published, as each publish fails",
                    "publish_tells_delivery",
                    "Publish answers when SNS has the message: all 80 calls were successful.",
                    true_if=lambda p, m: m.summary["publish_errors"] > 0,
                ),
                Option(
                    "lost",
                    "They are lost, after one attempt each",
                    None,
                    "One attempt, a client-side error, no dead-letter queue: the mending brings none of them back.",
                    right=True,
                    true_if=lambda p, m: m.summary["lost"] == 40 and m.summary["most_attempts"] == 1,
                ),
                Option(
                    "topic_dlq",
                    "They wait in the dead-letter queue of the topic",
                    "dlq_on_topic",
                    "A topic has none. A subscription may have one, if somebody sets it.",
                    true_if=lambda p, m: m.summary["in_dead_letter_queue"] > 0,
                ),
            ),
        ),
        {"forbidden_for_min": 20},
        ("forbidden_for_min", "forbidden_from_min"),
        "once",
        ("sns.fanout.policy", "sns.subs.retry_rules", "sns.pubsub.not_persisted"),
    ),
    Scene(
        "server",
        "Whose error is it?",
        {},
        "The same 20 minutes, but now it is SQS that does not answer, and nobody has changed a policy.",
        Prediction(
            "The cause becomes an error of the server. How many messages are lost?",
            number="lost",
            unit="messages",
            tolerance=0,
            reply="None: to a queue SNS tries again for 23 days after a server-side error, and delivers late.",
        ),
        {"cause": SERVER},
        ("cause", "forbidden_for_min"),
        "late",
        ("sns.subs.managed_retry", "sns.subs.retry_rules"),
    ),
    Scene(
        "dead_letters",
        "A place for what fails",
        {},
        "Forty messages to the shipping service are lost. Its subscription gets a dead-letter queue.",
        Prediction(
            "The same trouble again. What is in the dead-letter queue at the end?",
            (
                Option(
                    "all",
                    "80 messages: whatever the topic had meanwhile, for both of its queues",
                    "dlq_on_topic",
                    "It belongs to one subscription. The other queue got its copies, so nothing of them failed.",
                    true_if=lambda p, m: m.summary["in_dead_letter_queue"] == 80,
                ),
                Option(
                    "own",
                    "40 messages: those that the shipping service missed",
                    None,
                    "Each was attempted once and then moved at once; they stay until somebody redrives them.",
                    right=True,
                    true_if=lambda p, m: m.summary["in_dead_letter_queue"] == 40 and m.summary["lost"] == 0,
                ),
                Option(
                    "none",
                    "Nothing: SNS has sent them on after the policy was mended",
                    "dlq_redrives_itself",
                    "SNS does not look at a dead-letter queue again: whoever wants the messages has to fetch them.",
                    true_if=lambda p, m: m.summary["in_dead_letter_queue"] == 0,
                ),
            ),
        ),
        {"dead_letter_queue": True},
        ("dead_letter_queue", "cause", "messages_per_min"),
        "dead_letters",
        ("sns.security.dlq", "sns.pubsub.not_persisted", "sns.fanout.policy", "sns.subs.retry_rules"),
    ),
    Scene(
        "goal",
        "A dead-letter queue that is shut",
        {"dead_letter_queue": True},
        "The dead-letter queue saved the messages. It is a queue like any other, with a policy of its own.",
        Prediction(
            "The policy of the dead-letter queue does not let SNS in. What happens to the 40 messages?",
            (
                Option(
                    "same",
                    "They are kept as before: the topic's own right to its queues suffices",
                    "dlq_needs_no_policy",
                    "A topic has no right to any queue: each queue's policy decides, that of a dead-letter queue too.",
                    true_if=lambda p, m: m.summary["in_dead_letter_queue"] == 40,
                ),
                Option(
                    "lost",
                    "They are lost, and the publisher still sees no error",
                    None,
                    "Neither queue takes them. Only metrics tell: NumberOfNotificationsFailedToRedriveToDlq.",
                    right=True,
                    true_if=lambda p, m: m.summary["lost"] == 40 and m.summary["publish_errors"] == 0,
                ),
                Option(
                    "again",
                    "SNS holds them, and tries both queues again",
                    "retry_till_success",
                    "SNS holds nothing after a client-side error, and does not try a dead-letter queue twice.",
                    true_if=lambda p, m: m.summary["lost"] == 0,
                ),
            ),
        ),
        {"dlq_lets_sns_in": False},
        (),
        "dead_letters",
        ("sns.security.dlq", "sns.security.dlq_rules", "sns.fanout.policy", "sns.subs.retry_rules"),
        Goal(
            "Let a client-side error last half an hour at 4 messages a minute or more, and lose none of them.",
            lambda p, m: (
                client_side(p)
                and p.forbidden_for_min >= 30
                and p.messages_per_min >= 4
                and m.summary["lost"] == 0
            ),
            {"forbidden_for_min": 30, "messages_per_min": 4},
        ),
    ),
)
