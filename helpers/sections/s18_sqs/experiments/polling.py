"""Long against short polling: how many receives they need, and how soon they bring a message."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers.experiments import (
    CallRow,
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
from helpers.sections.s18_sqs.experiments.reading import queue_url, sends

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

GUIDE = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/"
API = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/"
LATENCY_S = 0.01  # of an API call, see Cloud.api_latency_s
INSTANT_S = 1e-5


class Poll(NamedTuple):
    """One ReceiveMessage: when it began and ended, and what it brought; `missed` if it came back empty although
    a message waited.
    """

    start_s: float
    end_s: float
    messages: tuple[str, ...]
    missed: bool


@dataclass(frozen=True)
class Poller:
    """What one consumer did: its receives, and how long each message waited for it, in the order of arrival."""

    polls: tuple[Poll, ...]
    pickups: tuple[tuple[float, float], ...]

    @property
    def empty(self) -> int:
        """Receives that brought nothing."""
        return sum(not poll.messages for poll in self.polls)

    @property
    def missed(self) -> int:
        """Receives that brought nothing although a message waited."""
        return sum(poll.missed for poll in self.polls)

    @property
    def mean_s(self) -> float:
        """Mean time from a message's arrival to its receipt, in seconds; 0 without messages."""
        waits = [received - arrived for arrived, received in self.pickups]
        return sum(waits) / len(waits) if waits else 0.0


@dataclass(frozen=True)
class Measured:
    """What the trail shows of both consumers."""

    arrivals: tuple[float, ...]
    long: Poller
    short: Poller
    end_s: float
    summary: dict[str, int | float | str]


class Polling(Experiment):
    """The same messages go to two queues; one consumer waits on its queue, the other asks again and again."""

    id = "18_sqs.polling"
    title = "Long polling against short polling"
    question = "How many ReceiveMessage calls does long polling save, and how soon does a message arrive?"
    parameters = (
        Int(
            "wait_time_s",
            20,
            "long poll waits",
            "WaitTimeSeconds of the long poller's receives.",
            unit="s",
            minimum=1,
            maximum=20,
            source=GUIDE + "sqs-short-and-long-polling.html",
        ),
        Float(
            "short_interval_s",
            1,
            "short poll every",
            "Pause of the short poller after each receive that was not full.",
            unit="s",
            minimum=0.2,
            maximum=30,
            step=0.1,
            assumption=True,
        ),
        Float(
            "arrivals_per_min",
            3,
            "messages per minute",
            "At random moments, the same for both queues.",
            unit="/min",
            minimum=0,
            maximum=120,
            step=1,
            assumption=True,
        ),
        Float(
            "duration_min",
            5,
            "time observed",
            "How long both consumers poll.",
            unit="min",
            minimum=1,
            maximum=30,
            step=1,
            assumption=True,
        ),
        Int(
            "servers_asked_percent",
            100,
            "a short poll asks",
            "Share of the servers that a short poll looks at: AWS says a subset, not how many.",
            unit="%",
            minimum=10,
            maximum=100,
            step=10,
            source=GUIDE + "sqs-short-and-long-polling.html",
            assumption=True,
        ),
    )
    differences = (
        "AWS says that a short poll asks a subset of the servers and gives no share; with 100 % it sees every message.",
        "AWS says that a long poll can, rarely, come back empty too early; here it never does.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:  # the actors of one story stand together
        """Two queues, two consumers, one producer that sends each message to both; it ends after the time observed."""
        sqs = cloud.client("sqs")
        models = cloud.plane("sqs").models
        models.short_poll_sample = p.servers_asked_percent / 100 if p.servers_asked_percent < 100 else 0.0
        long_url = sqs.create_queue(
            QueueName="long", Attributes={"ReceiveMessageWaitTimeSeconds": str(p.wait_time_s)}
        )["QueueUrl"]
        short_url = sqs.create_queue(QueueName="short")["QueueUrl"]
        end_s = p.duration_min * 60
        arrivals = sorted(cloud.random.uniform(0, end_s) for _ in range(expected(p)))

        def produce(url: str) -> None:
            for number, moment in enumerate(arrivals, start=1):
                time.sleep(max(0.0, moment - cloud.now - LATENCY_S))
                sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"message": number}))

        def receive(url: str) -> bool:
            """Receive up to ten and delete them; whether the receive was full."""
            messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            if len(messages) == 1:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=messages[0]["ReceiptHandle"])
            elif messages:
                entries = [
                    {"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(messages)
                ]
                sqs.delete_message_batch(QueueUrl=url, Entries=entries)
            return len(messages) == 10

        def wait_on_it() -> None:
            while True:
                receive(long_url)

        def ask_again() -> None:
            while True:
                if not receive(short_url):
                    time.sleep(p.short_interval_s)

        cloud.spawn(wait_on_it, name="long-poller", background=True)
        cloud.spawn(ask_again, name="short-poller", background=True)
        cloud.spawn(produce, long_url, name="producer", background=True)
        cloud.spawn(produce, short_url, name="producer-too", background=True)
        # A moment longer, so that a poll which ends with the time observed is in the trail.
        cloud.run(until=end_s + 2 * LATENCY_S)

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """The receives of each consumer, and each message's wait for them."""
        rows = calls(trail)
        end_s = p.duration_min * 60
        long = _poller(rows, "long", end_s)
        short = _poller(rows, "short", end_s)
        arrivals = tuple(one.time_s for one in sends(rows, queue_url(rows, "long")) if one.time_s <= end_s)
        summary: dict[str, int | float | str] = {
            "messages": len(arrivals),
            "long_receives": len(long.polls),
            "short_receives": len(short.polls),
            "long_empty": long.empty,
            "short_empty": short.empty,
            "long_receives_per_min": round(len(long.polls) / p.duration_min, 2),
            "short_receives_per_min": round(len(short.polls) / p.duration_min, 2),
            "long_pickup_s": round(long.mean_s, 3),
            "short_pickup_s": round(short.mean_s, 3),
            "long_missed": long.missed,
            "short_missed": short.missed,
        }
        return Measured(arrivals, long, short, end_s, summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """The first minutes call by call, and the sums of calls over the whole time below."""
        from helpers.sections.s18_sqs.experiments import polling_picture

        return polling_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def fewer(_: Values, m: Measured) -> Finding:
        """Long polling needs fewer receives."""
        long, short = len(m.long.polls), len(m.short.polls)
        if long < short:
            return true(f"{long} receives against {short} for {plural(len(m.arrivals), 'message')}.")
        return false(
            f"{long} receives against {short}: nearly each of the {len(m.arrivals)} messages ends a long poll of its "
            "own, while a "
            f"short poll collects what came since the last one."
        )

    @staticmethod
    def sooner(p: Values, m: Measured) -> Finding:
        """Long polling brings messages sooner."""
        if not m.long.pickups or not m.short.pickups:
            return not_applicable(
                "No message came." if not m.arrivals else "One of the two pollers got no message."
            )
        words = (
            f"{_seconds(m.long.mean_s)} on average against {_seconds(m.short.mean_s)} when asking every "
            f"{p.short_interval_s:g} s."
        )
        return true(words) if m.long.mean_s < m.short.mean_s else false(words)

    @staticmethod
    def idle(p: Values, m: Measured) -> Finding:
        """An empty queue costs one receive per wait."""
        if m.arrivals:
            return not_applicable(
                f"{plural(len(m.arrivals), 'message')} came; the claim is about an empty queue."
            )
        first_s = m.long.polls[0].start_s if m.long.polls else 0.0
        whole = int((m.end_s - first_s + INSTANT_S) / (p.wait_time_s + LATENCY_S))
        words = (
            f"{len(m.long.polls)} receives in {m.end_s:g} s, each after waiting {p.wait_time_s} s in vain."
        )
        return true(words) if len(m.long.polls) == whole else false(words)

    @staticmethod
    def complete(p: Values, m: Measured) -> Finding:
        """A long poll sees every message."""
        if m.long.missed:
            return false(f"{m.long.missed} long polls came back empty although a message waited.")
        share = f"; {m.short.missed} short polls did" if m.short.missed else ""
        return true(f"No long poll came back empty while a message waited{share}.")


def expected(p: Values) -> int:
    """How many messages come in the time observed."""
    number: int = round(p.arrivals_per_min * p.duration_min)
    return number


def surely_fewer(p: Values) -> bool:
    """Whether even a receive for each message and each wait in vain stays below the receives on a schedule."""
    most_long = expected(p) + p.duration_min * 60 / p.wait_time_s + 1
    # Each message can cost the short poller a delete, and a pause less.
    least_short = (p.duration_min * 60 - expected(p) * LATENCY_S) / (p.short_interval_s + LATENCY_S) - 1
    return bool(most_long < least_short)


def _poller(rows: Sequence[CallRow], name: str, end_s: float) -> Poller:
    url = queue_url(rows, name)
    arrived = {one.message: one.time_s for one in sends(rows, url)}
    waiting: dict[str, float] = {}
    order = iter(sorted(arrived.items(), key=lambda pair: pair[1]))
    following = next(order, None)
    polls, pickups = [], []
    for row in sorted((r for r in rows if r.operation == "ReceiveMessage"), key=lambda r: r.end_s):
        if row.parameters["QueueUrl"] != url or row.end_s > end_s + INSTANT_S:
            continue
        while following is not None and following[1] < row.end_s - INSTANT_S:
            waiting[following[0]] = following[1]
            following = next(order, None)
        brought = tuple(message["MessageId"] for message in row.response.get("Messages", ()))
        polls.append(Poll(row.start_s, row.end_s, brought, not brought and bool(waiting)))
        for message in brought:
            waiting.pop(message, None)
            pickups.append((arrived[message], row.end_s))
            arrived_now = following is not None and following[0] == message
            if arrived_now:
                following = next(order, None)
    return Poller(tuple(polls), tuple(sorted(pickups)))


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value >= 0.095 else f"{value:.2f} s" if value >= 0.005 else "0 s"


def _fewer_long(_: Values, m: Any) -> bool:
    return bool(m.summary["long_receives"] < m.summary["short_receives"])


Polling.claims = (
    Claim(
        "fewer",
        "Long polling needs fewer ReceiveMessage calls than short polling.",
        ("sqs.longpoll.fewer_calls", "sqs.longpoll.prefer", "sqs.longpoll.prefer20"),
        Polling.fewer,
        "the messages that come, plus one receive per wait, are fewer than the short polls in the same time",
        surely_fewer,
    ),
    Claim(
        "sooner",
        "Long polling brings a message sooner, on average.",
        ("sqs.longpoll.fewer_calls", "sqs.longpoll.meaning", "sqs.longpoll.prefer"),
        Polling.sooner,
        "at least ten messages come in the time observed",
        lambda p: expected(p) >= 10,
    ),
    Claim(
        "idle",
        "On an empty queue a long poller makes one call per wait.",
        ("sqs.longpoll.meaning", "sqs.longpoll.range", "sqs.longpoll.prefer20"),
        Polling.idle,
        "no message comes",
        lambda p: expected(p) == 0,
    ),
    Claim(
        "complete",
        "A long poll never comes back empty while a message waits.",
        ("sqs.longpoll.short_subset",),
        Polling.complete,
        "always in this model (AWS: but for rare cases)",
        lambda p: True,
    ),
)


Polling.scenes = (
    Scene(
        "empty",
        "Nothing to do",
        {},
        "Three messages a minute. What does an empty queue cost?",
        Prediction(
            "No message comes for five minutes. How many receives does the long poller make, waiting 20 s each?",
            number="long_receives",
            unit="receives",
            tolerance=1,
            reply="One receive per wait: 300 s / 20 s = 15 calls, 14 of them over when the time is up; the short "
            "poller made some 300.",
        ),
        {"arrivals_per_min": 0},
        ("arrivals_per_min", "wait_time_s"),
        "idle",
        ("sqs.longpoll.meaning", "sqs.longpoll.range", "sqs.longpoll.prefer20", "sqs.api.waittime"),
    ),
    Scene(
        "sooner",
        "Does waiting make messages late?",
        {"wait_time_s": 1},
        "The long poller waits 1 s a call. What does a wait of 20 s do to the time a message needs to be picked up?",
        Prediction(
            "How long does a message now wait, on average, for the long poller?",
            (
                Option(
                    "ten",
                    "About 10 s, half of the wait",
                    "long_poll_returns_at_end",
                    "A long poll answers in the moment a message comes; only an empty queue makes it wait to the "
                    "end.",
                    true_if=lambda p, m: 5 <= m.long.mean_s <= 15,
                ),
                Option(
                    "zero",
                    "Hardly at all, as before",
                    None,
                    "The call is already waiting at the queue when the message comes, and returns at once.",
                    right=True,
                    true_if=lambda p, m: m.long.mean_s < 0.2,
                ),
                Option(
                    "as_short",
                    "About 0.5 s, as for the short poller",
                    "long_poll_polls_inside",
                    "That is half the pause between two short polls; a long poll has no pause in which a message "
                    "could wait.",
                    true_if=lambda p, m: 0.3 <= m.long.mean_s <= 0.8,
                ),
            ),
        ),
        {"wait_time_s": 20},
        ("wait_time_s", "short_interval_s"),
        "sooner",
        ("sqs.longpoll.meaning", "sqs.longpoll.fewer_calls", "sqs.longpoll.levels", "sqs.longpoll.prefer"),
    ),
    Scene(
        "crossing",
        "A busy queue",
        {},
        "At 3 messages a minute the long poller makes about 5 calls a minute, the short poller 60. And on a busy "
        "queue?",
        Prediction(
            "At 120 messages a minute, who makes more receives?",
            (
                Option(
                    "short",
                    "The short poller: long polling always saves calls",
                    "long_polling_always_fewer",
                    "It saves empty calls; on a queue that is hardly ever empty there are none left to save.",
                    true_if=lambda p, m: m.summary["short_receives"] > 1.25 * m.summary["long_receives"],
                ),
                Option(
                    "long",
                    "The long poller: about one call for each message",
                    None,
                    "Each message ends a long poll at once, 120 a minute; a short poll collects the two that came "
                    "in its second.",
                    right=True,
                    true_if=lambda p, m: m.summary["long_receives"] > 1.25 * m.summary["short_receives"],
                ),
                Option(
                    "same",
                    "Both about the same: a receive brings up to 10 messages",
                    "receive_waits_for_ten",
                    "Up to 10 that are there: a long poll does not wait for ten to come together.",
                    true_if=lambda p, m: (
                        0.8 <= m.summary["long_receives"] / m.summary["short_receives"] <= 1.25
                    ),
                ),
            ),
        ),
        {"arrivals_per_min": 120},
        ("arrivals_per_min", "short_interval_s"),
        "fewer",
        ("sqs.longpoll.fewer_calls", "sqs.consume.max10", "sqs.longpoll.prefer"),
    ),
    Scene(
        "subset",
        "Asking some of the servers",
        {},
        "A queue lives on many servers. A short poll asks only some of them; AWS does not say how many.",
        Prediction(
            "Suppose a short poll asks 20 % of the servers. What happens to the messages on the others?",
            (
                Option(
                    "late",
                    "They come with a later poll, after empty ones",
                    None,
                    "The short poll says 'nothing here' although a message waits, and each empty answer is a paid "
                    "call.",
                    right=True,
                    true_if=lambda p, m: (
                        m.short.missed > 0 and m.summary["messages"] - len(m.short.pickups) <= 1
                    ),
                ),
                Option(
                    "lost",
                    "Some are never received by the short poller",
                    "short_poll_loses_messages",
                    "The next polls ask other servers, and a message stays until it is deleted or too old.",
                    true_if=lambda p, m: m.summary["messages"] - len(m.short.pickups) > 1,
                ),
                Option(
                    "nothing",
                    "Nothing: a receive brings a message if there is one",
                    "empty_means_empty",
                    "Only a long poll asks all servers; an empty short poll does not mean an empty queue.",
                    true_if=lambda p, m: m.short.missed == 0,
                ),
            ),
        ),
        {"servers_asked_percent": 20},
        ("servers_asked_percent", "short_interval_s"),
        "complete",
        ("sqs.longpoll.short_subset",),
    ),
    Scene(
        "goal",
        "The right poller for the load",
        {"arrivals_per_min": 30},
        "A message every 2 s on average. Which poller would you run?",
        Prediction(
            "The short poller asks every 8 s instead of every second. What becomes of the 150 messages?",
            (
                Option(
                    "behind",
                    "It falls behind, since a receive brings one message",
                    "receive_brings_one",
                    "With MaxNumberOfMessages 10 a receive brings what is there: about four at a time.",
                    true_if=lambda p, m: m.short.mean_s > 10,
                ),
                Option(
                    "collects",
                    "It gets several per call, each some seconds late",
                    None,
                    "Fewer calls than the long poller makes, paid with a wait of about half the pause.",
                    right=True,
                    true_if=lambda p, m: (
                        2 <= m.short.mean_s <= 6 and m.summary["short_receives"] < m.summary["long_receives"]
                    ),
                ),
                Option(
                    "more",
                    "It needs more calls than the long poller all the same",
                    "long_polling_always_fewer",
                    "Count them: a call each 8 s against nearly one for each message.",
                    true_if=lambda p, m: m.summary["short_receives"] >= m.summary["long_receives"],
                ),
            ),
        ),
        {"short_interval_s": 8},
        (),
        "fewer",
        ("sqs.longpoll.fewer_calls", "sqs.consume.max10", "sqs.consume.poll", "sqs.longpoll.prefer20"),
        Goal(
            "At 30 messages a minute: one of the pollers needs at most 12 receives a minute and brings a message "
            "within 3 s on average.",
            lambda p, m: (
                expected(p) == round(30 * p.duration_min)
                and any(
                    calls <= 12 and poller.mean_s <= 3
                    for calls, poller in (
                        (m.summary["long_receives_per_min"], m.long),
                        (m.summary["short_receives_per_min"], m.short),
                    )
                )
            ),
            {"short_interval_s": 5.5},
        ),
    ),
)
