"""What happens when work takes longer than the visibility timeout, and what a long timeout costs."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helpers.experiments import (
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
LAST_POLL_S = 20.1  # a long poll that has just begun is over by then


class Crash(Exception):
    """The worker's process dies."""


@dataclass(frozen=True)
class Measured:
    """What the trail shows. `attempts` by message, in the order of sending; times in seconds."""

    sent: tuple[tuple[str, float], ...]
    attempts: tuple[tuple[Attempt, ...], ...]
    twice: tuple[bool, ...]
    strays: tuple[bool, ...]
    recoveries: tuple[tuple[Attempt, Attempt | None], ...]
    left: int
    end_s: float
    summary: dict[str, int | float | str]


class Visibility(Experiment):
    """Workers on one standard queue; see the module."""

    id = "18_sqs.visibility"
    title = "Work against the visibility timeout"
    question = "What happens when work takes longer than the visibility timeout?"
    parameters = (
        Int(
            "visibility_timeout_s",
            30,
            "visibility timeout",
            "How long the queue hides a message after a receive.",
            unit="s",
            minimum=0,
            maximum=600,
            source=GUIDE + "sqs-visibility-timeout.html",
        ),
        Float(
            "work_mean_s",
            20,
            "work",
            "Mean time of work on one message.",
            unit="s",
            minimum=1,
            maximum=120,
            step=1,
            assumption=True,
        ),
        Int(
            "work_spread_percent",
            30,
            "spread of the work",
            "How far the work may lie from its mean, either way.",
            unit="%",
            minimum=0,
            maximum=90,
            step=5,
            assumption=True,
        ),
        Int("consumers", 3, "workers", "Workers that receive from the queue.", minimum=1, maximum=20),
        Int(
            "batch_size",
            1,
            "messages per receive",
            "MaxNumberOfMessages: a worker does what it gets one after the other.",
            minimum=1,
            maximum=10,
            source=GUIDE + "quotas-messages.html",
        ),
        Flag(
            "extend",
            False,
            "extend while working",
            "Call ChangeMessageVisibility whenever a third of the timeout has passed.",
        ),
        Int(
            "crash_percent",
            0,
            "crashes",
            "Share of the messages that bring their worker down half-way, once.",
            unit="%",
            minimum=0,
            maximum=50,
            step=5,
            assumption=True,
        ),
        Int(
            "rare_duplicate_percent",
            0,
            "stray copies",
            "Share of the receives that leave a copy behind: AWS says it can happen, not how often.",
            unit="%",
            minimum=0,
            maximum=20,
            source=GUIDE + "standard-queues.html",
            assumption=True,
        ),
        Flag(
            "late_delete_works",
            True,
            "late deletes work",
            "Whether a delete with an older receipt handle removes the message: AWS says it might not.",
            source="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html",
            assumption=True,
        ),
        Int("messages", 24, "messages", "How many messages are sent.", minimum=1, maximum=200),
        Float(
            "arrival_every_s",
            7,
            "one message every",
            "Time between two sends; 0 sends all at the start.",
            unit="s",
            minimum=0,
            maximum=60,
            step=1,
            assumption=True,
        ),
    )
    differences = (
        (
            "The lengths of work, the crashes and the share of stray copies are assumptions of the model; AWS gives no "
            "figures."
        ),
        (
            "AWS leaves open whether a delete with an older receipt handle removes the message; here it is one or the "
            "other."
        ),
        "A worker that crashed is replaced at once; real ones take seconds to minutes.",
        "The counts of GetQueueAttributes are exact here and approximate on AWS.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:  # noqa: C901  # the actors of one story stand together
        """One producer, the workers, and a watcher that ends the run when the queue is empty."""
        sqs = cloud.client("sqs")
        models = cloud.plane("sqs").models
        models.rare_duplicate_probability = p.rare_duplicate_percent / 100
        models.stale_handle_deletes = p.late_delete_works
        spread = p.work_spread_percent / 100
        work_s = [
            round(p.work_mean_s * cloud.random.uniform(1 - spread, 1 + spread), 3) for _ in range(p.messages)
        ]
        unlucky = cloud.random.sample(range(p.messages), crashing(p))
        crashes = [job in unlucky for job in range(p.messages)]
        url = sqs.create_queue(
            QueueName="jobs",
            Attributes={
                "VisibilityTimeout": str(p.visibility_timeout_s),
                "ReceiveMessageWaitTimeSeconds": "20",
            },
        )["QueueUrl"]

        def produce() -> None:
            jobs = [json.dumps({"job": number}) for number in range(1, p.messages + 1)]
            if p.arrival_every_s:
                for job in jobs:
                    sqs.send_message(QueueUrl=url, MessageBody=job)
                    time.sleep(max(0.0, p.arrival_every_s - LATENCY_S))
                return
            for first in range(0, len(jobs), 10):
                entries = [
                    {"Id": str(i), "MessageBody": job} for i, job in enumerate(jobs[first : first + 10])
                ]
                sqs.send_message_batch(QueueUrl=url, Entries=entries)

        def extend(handles: list[str]) -> None:
            timeout = p.visibility_timeout_s
            if len(handles) == 1:
                sqs.change_message_visibility(
                    QueueUrl=url, ReceiptHandle=handles[0], VisibilityTimeout=timeout
                )
                return
            entries = [
                {"Id": str(i), "ReceiptHandle": handle, "VisibilityTimeout": timeout}
                for i, handle in enumerate(handles)
            ]
            sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)

        def work(seconds: float, held: list[str], beat: dict[str, float]) -> None:
            """Take `seconds`, and with `extend` keep all messages in hand hidden meanwhile; `beat` is when to do
            so next.
            """
            end = time.monotonic() + seconds
            while p.extend and p.visibility_timeout_s and beat["due_s"] < end:
                time.sleep(max(0.0, beat["due_s"] - time.monotonic()))
                extend(held)
                beat["due_s"] = time.monotonic() + p.visibility_timeout_s / 3
            time.sleep(max(0.0, end - time.monotonic()))

        def serve() -> None:
            while True:
                reply = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=p.batch_size)
                held = [message["ReceiptHandle"] for message in reply.get("Messages", [])]
                beat = {"due_s": time.monotonic() + p.visibility_timeout_s / 3}
                for message in reply.get("Messages", []):
                    job = json.loads(message["Body"])["job"] - 1
                    if crashes[job]:
                        crashes[job] = False
                        work(work_s[job] / 2, held, beat)
                        raise Crash
                    work(work_s[job], held, beat)
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                    held.remove(message["ReceiptHandle"])

        def keep_serving() -> None:
            while True:
                try:
                    serve()
                except Crash:
                    continue

        longest_s = p.batch_size * p.work_mean_s * (1 + spread)
        arrivals_s = p.messages * p.arrival_every_s
        patience_s = (
            120
            + arrivals_s
            + 3 * p.messages * longest_s / min(p.consumers, p.messages)
            + 10 * p.visibility_timeout_s
        )

        def watch() -> None:
            every = max(5.0, round(patience_s / 60))
            while cloud.now < patience_s:
                time.sleep(every)
                seen = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(DEPTHS))["Attributes"]
                if producer.done and not any(int(seen[name]) for name in DEPTHS):
                    # Second copies are done by then, and the last long polls over: they show who is idle.
                    time.sleep(max(longest_s, LAST_POLL_S))
                    return

        producer = cloud.spawn(produce, name="producer")
        for number in range(1, p.consumers + 1):
            cloud.spawn(keep_serving, name=f"worker-{number}", background=True)
        cloud.spawn(watch, name="watcher")
        cloud.run()

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Attempts by message, and why a message was worked on more than once."""
        rows = calls(trail)
        url = queue_url(rows, "jobs")
        sent = sends(rows, url)
        by_message: dict[str, list[Attempt]] = defaultdict(list)
        for attempt in attempts(rows, url, p.visibility_timeout_s):
            by_message[attempt.message].append(attempt)
        lanes = [by_message[one.message] for one in sent]
        twice, strays, recoveries = [], [], []
        for lane in lanes:
            causes = {
                _cause(lane[:place], again) for place, again in enumerate(lane) if again.started_s is not None
            }
            # Without the model of stray copies nothing but the timeout can bring a message back.
            stray = "stray" in causes and p.rare_duplicate_percent > 0
            twice.append("timeout" in causes or ("stray" in causes and not stray))
            strays.append(stray)
            for place, attempt in enumerate(lane):
                if attempt.fate == "failed":
                    recoveries.append(
                        (attempt, next((a for a in lane[place + 1 :] if a.started_s is not None), None))
                    )
        worked = [attempt for lane in lanes for attempt in lane if attempt.started_s is not None]
        done = sum(any(attempt.fate == "done" for attempt in lane) for lane in lanes)
        seen = depths(rows, url)
        # A crashed attempt has ended.
        waits = [again.received_s - first.ended_s for first, again in recoveries if again is not None]  # type: ignore[operator]
        ends = [attempt.ended_s for attempt in worked if attempt.ended_s is not None]
        operations = [row.operation for row in rows]
        summary: dict[str, int | float | str] = {
            "messages": len(sent),
            "done": done,
            "duplicates": sum(twice),
            "stray_duplicates": sum(strays),
            "attempts": len(worked),
            "most_attempts": max((len(lane) for lane in lanes), default=0),
            "crashes": len(recoveries),
            "longest_recovery_s": round(max(waits, default=0.0), 2),
            "receives": operations.count("ReceiveMessage"),
            "extensions": sum(operation.startswith("ChangeMessageVisibility") for operation in operations),
            "worker_calls": sum(operation in _WORKER_CALLS for operation in operations),
            "makespan_s": round(max(ends, default=0.0), 2),
            "left_in_queue": seen[-1].total if seen else 0,
        }
        return Measured(
            tuple((one.message, one.time_s) for one in sent),
            tuple(map(tuple, lanes)),
            tuple(twice),
            tuple(strays),
            tuple(recoveries),
            seen[-1].total if seen else 0,
            max(ends, default=1.0),
            summary,
        )

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A lane per message; messages waiting and in flight below."""
        from helpers.sections.s18_sqs.experiments import visibility_picture

        return visibility_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def once(p: Values, m: Measured) -> Finding:
        """No message is processed twice because of the timeout."""
        number = m.summary["duplicates"]
        need = (
            f"{p.batch_size} × {_seconds(longest_work_s(p))}"
            if p.batch_size > 1
            else _seconds(longest_work_s(p))
        )
        if number:
            return false(
                f"{plural(int(number), 'message')} of {len(m.sent)} became visible after {p.visibility_timeout_s} s "
                "while a worker "
                f"still had {'it' if number == 1 else 'them'} (one receive can bring {need} of work), and another "
                "worker began again."
            )
        if p.extend and p.visibility_timeout_s:
            return true(
                f"Each worker prolongs the {p.visibility_timeout_s} s while it works ({m.summary['extensions']} calls)."
            )
        if fits(p):
            return true(
                f"The timeout of {p.visibility_timeout_s} s is longer than all the work of one receive ({need})."
            )
        return true(
            f"It went well this time: {p.visibility_timeout_s} s do not cover {need} of work, but no other worker "
            "asked in between."
        )

    @staticmethod
    def recovery(p: Values, m: Measured) -> Finding:
        """A crashed job waits for what is left of its timeout."""
        pairs = [(first, again) for first, again in m.recoveries if again is not None]
        if not pairs:
            return not_applicable(
                "No worker crashed." if not m.recoveries else "No crashed job was seen again in this run."
            )
        if any(m.strays):
            return not_applicable(
                "Stray copies were about, and one of those may have been the second attempt."
            )
        for first, again in pairs:
            if again.received_s < first.hidden_until_s - 1e-6:
                return false(
                    f"A crashed job was received again {again.received_s - first.received_s:.1f} s after its receive."
                )
        slowest, retry = max(pairs, key=lambda pair: pair[1].received_s - _ended(pair[0]))
        left = max(0.0, slowest.hidden_until_s - _ended(slowest))
        return true(
            f"The slowest came back {retry.received_s - _ended(slowest):.0f} s after its crash: {left:.0f} s were "
            "left of the timeout, "
            f"the rest it waited for a free worker."
        )

    @staticmethod
    def kept(p: Values, m: Measured) -> Finding:
        """Nothing is lost."""
        missing = len(m.sent) - int(m.summary["done"])
        if missing > m.left:
            return false(f"{missing} messages were not done and only {m.left} are still in the queue.")
        if missing:
            return true(f"{plural(missing, 'message')} not done yet, and still in the queue.")
        return true(f"Each of the {plural(len(m.sent), 'message')} was done at least once.")


_WORKER_CALLS = {
    "ReceiveMessage",
    "DeleteMessage",
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
}


def crashing(p: Values) -> int:
    """How many messages bring their worker down."""
    number: int = round(p.messages * p.crash_percent / 100)
    return number


def longest_work_s(p: Values) -> float:
    """The longest work that one message can take with these values."""
    return float(p.work_mean_s * (1 + p.work_spread_percent / 100))


def fits(p: Values) -> bool:
    """Whether the timeout exceeds all the work of one receive, the deletes in between included."""
    return bool(p.visibility_timeout_s > p.batch_size * (longest_work_s(p) + LATENCY_S))


def _seconds(value: float) -> str:
    return f"{value:.0f} s" if abs(value - round(value)) < 0.05 else f"{value:.1f} s"


def _ended(attempt: Attempt) -> float:
    assert attempt.ended_s is not None
    return attempt.ended_s


def _cause(earlier: Sequence[Attempt], again: Attempt) -> str:
    """Why a message was worked on again: "" (first time, or after a crash), "timeout" or "stray" (a copy left
    behind).
    """
    running = [one for one in earlier if one.started_s is not None and one.fate in ("done", "open")]
    if not running:
        return ""
    # Not deleted, and past the timeout of every earlier receive: it had become visible.
    if all(
        one.hidden_until_s <= again.received_s + 1e-6
        for one in earlier
        if one.deleted_s is None or one.deleted_s > again.received_s
    ):
        late = [one for one in running if one.deleted_s is None or one.deleted_s > one.hidden_until_s]
        return "timeout" if late else "stray"
    return "stray"


Visibility.claims = (
    Claim(
        "once",
        "No message is processed twice because of the visibility timeout.",
        (
            "sqs.visibility.twice",
            "sqs.visibility.too_low",
            "sqs.visibility.extend",
            "sqs.consume.within_timeout",
        ),
        Visibility.once,
        "the timeout is longer than messages per receive × the longest work, or is extended in time",
        lambda p: fits(p) or (p.extend and p.visibility_timeout_s >= 1),
    ),
    Claim(
        "recovery",
        "A job whose worker crashed is not received again before its visibility timeout has run out.",
        ("sqs.visibility.returns", "sqs.visibility.too_high", "sqs.dlq.back"),
        Visibility.recovery,
        "always when a worker crashes, as long as no stray copy is about",
        lambda p: p.rare_duplicate_percent == 0 and crashing(p) > 0,
    ),
    Claim(
        "kept",
        "No message is lost: each is done, or still in the queue.",
        ("sqs.standard.persist_until_deleted", "sqs.consume.delete", "sqs.standard.at_least_once"),
        Visibility.kept,
        "always",
        lambda p: True,
    ),
)


def _any(_: Values, m: Any) -> int:
    return int(m.summary["duplicates"])


Visibility.scenes = (
    Scene(
        "too_short",
        "A timeout shorter than the work",
        {},
        "Jobs take 14 to 26 s. What does a shorter timeout do to them?",
        Prediction(
            "What will the workers do with a message that is not finished after 10 s?",
            (
                Option(
                    "cut_off",
                    "Its worker is interrupted, and the job fails",
                    "timeout_is_deadline",
                    "SQS does not know what a worker does: the timeout hides a message, it stops nobody.",
                    true_if=lambda p, m: m.summary["done"] < m.summary["messages"],
                ),
                Option(
                    "owned",
                    "Nothing: it belongs to its worker until deleted",
                    "queue_deletes_on_receive",
                    "A receive lends the message for the length of the timeout; then the queue offers it to anyone.",
                    true_if=lambda p, m: not _any(p, m),
                ),
                Option(
                    "offered",
                    "Another worker can receive it and do it again",
                    None,
                    "After 10 s it is visible again, and whoever asks next receives it while the first worker is "
                    "still busy.",
                    right=True,
                    true_if=lambda p, m: _any(p, m) > 0,
                ),
                Option(
                    "error",
                    "The late delete fails, so it is lost",
                    "late_delete_loses",
                    "On a standard queue the late delete succeeds as a call, and the message is there for the next "
                    "attempt.",
                    true_if=lambda p, m: m.summary["done"] + m.left < m.summary["messages"],
                ),
            ),
        ),
        {"visibility_timeout_s": 10},
        ("visibility_timeout_s",),
        "once",
        (
            "sqs.visibility.meaning",
            "sqs.visibility.default",
            "sqs.visibility.twice",
            "sqs.visibility.too_low",
            "sqs.consume.within_timeout",
            "sqs.visibility.returns",
        ),
    ),
    Scene(
        "batch",
        "Several messages per receive",
        {"arrival_every_s": 0},
        "All 24 jobs wait at the start, and each fits into the 30 s. What if a worker takes five at a time?",
        Prediction(
            "Which messages will be processed twice?",
            (
                Option(
                    "none_each",
                    "None: the longest job takes 26 s, the timeout is 30 s",
                    "timeout_starts_with_work",
                    "The 30 s of all five begin with the receive, not with the work on each.",
                    true_if=lambda p, m: not _any(p, m),
                ),
                Option(
                    "tail",
                    "Some of those that wait behind others of their receive",
                    None,
                    "The second of five starts after some 20 s and ends after 40 s, ten seconds too late.",
                    right=True,
                    true_if=lambda p, m: 0 < _any(p, m) < len(m.sent),
                ),
                Option(
                    "none_renewed",
                    "None: each delete starts the time of the rest afresh",
                    "delete_renews_batch",
                    "A delete removes one message and leaves the clocks of the others alone.",
                    true_if=lambda p, m: not _any(p, m),
                ),
                Option(
                    "all",
                    "All 24, since five jobs never fit into 30 s",
                    "batch_is_one_message",
                    "Each message has its own timeout and its own delete: the first of each five is done in time.",
                    true_if=lambda p, m: _any(p, m) == len(m.sent),
                ),
            ),
        ),
        {"batch_size": 5},
        ("batch_size", "visibility_timeout_s"),
        "once",
        ("sqs.consume.max10", "sqs.visibility.twice", "sqs.visibility.reasonable"),
    ),
    Scene(
        "extend",
        "Ask for more time",
        {"visibility_timeout_s": 10},
        "The timeout stays at 10 s. Can a worker keep its message hidden for as long as it needs?",
        Prediction(
            "Every 3.3 s of work the worker calls ChangeMessageVisibility with 10 s. How many messages are processed "
            "twice?",
            (
                Option(
                    "none",
                    "None, however long the work takes",
                    None,
                    "Each call starts a new 10 s from the moment of the call, so the message never shows; it costs "
                    "calls.",
                    right=True,
                    true_if=lambda p, m: not _any(p, m),
                ),
                Option(
                    "over_20",
                    "Those that take longer than 20 s",
                    "extension_only_once",
                    "A message may be extended again and again, up to 12 hours after its receive.",
                    true_if=lambda p, m: 0 < _any(p, m) < len(m.sent),
                ),
                Option(
                    "same",
                    "As many as before: it counts from the next receive",
                    "change_applies_to_next_receive",
                    "The call acts on this receive at once; the next receive has the queue's own timeout again.",
                    true_if=lambda p, m: _any(p, m) >= 12,
                ),
            ),
        ),
        {"extend": True},
        ("extend", "visibility_timeout_s", "work_mean_s"),
        "once",
        (
            "sqs.visibility.extend",
            "sqs.visibility.extend_from_now",
            "sqs.visibility.not_remembered",
            "sqs.api.changevis",
        ),
    ),
    Scene(
        "crash",
        "The price of a long timeout",
        {"visibility_timeout_s": 60, "crash_percent": 15},
        "Now and then a worker dies half-way. Is a generous timeout simply the safe choice?",
        Prediction(
            "The timeout becomes 300 s. How long after the crash is the slowest of the crashed jobs received again?",
            number="longest_recovery_s",
            unit="s",
            tolerance=25,
            reply="The queue cannot see that a worker died: the job waits for what is left of the timeout, here 300 s "
            "less the work done "
            "before the crash.",
        ),
        {"visibility_timeout_s": 300},
        ("visibility_timeout_s", "crash_percent"),
        "recovery",
        ("sqs.visibility.too_high", "sqs.visibility.returns", "sqs.dlq.back"),
    ),
    Scene(
        "goal",
        "Both at once",
        {"visibility_timeout_s": 60, "crash_percent": 15, "batch_size": 4, "arrival_every_s": 0},
        "Workers take four jobs at a time and sometimes crash. Can you have neither duplicates nor long waits?",
        Prediction(
            "A timeout of 120 s covers four jobs. What does it do to crashed ones, against the 60 s before?",
            (
                Option(
                    "same",
                    "They come back just as soon: SQS notices that the worker is gone",
                    "queue_sees_crashes",
                    "SQS has no connection to a worker, only a clock for each message.",
                    true_if=lambda p, m: m.summary["longest_recovery_s"] < 60,
                ),
                Option(
                    "slower",
                    "They come back later, by about the minute that was added",
                    None,
                    "The whole timeout has to run out, so every second added to it is a second added to the "
                    "recovery.",
                    right=True,
                    true_if=lambda p, m: 60 <= m.summary["longest_recovery_s"] <= 125,
                ),
                Option(
                    "lost",
                    "They are lost with the worker that held them",
                    "queue_deletes_on_receive",
                    "A receive does not remove a message: it stays in the queue until it is deleted or too old.",
                    true_if=lambda p, m: m.summary["done"] < m.summary["messages"],
                ),
            ),
        ),
        {"visibility_timeout_s": 120},
        (),
        "recovery",
        (
            "sqs.visibility.reasonable",
            "sqs.visibility.extend",
            "sqs.visibility.too_high",
            "sqs.visibility.too_low",
        ),
        Goal(
            "Do all jobs, none of them twice, and have every crashed job received again within 40 s, with at most 100 "
            "calls by the "
            "workers.",
            lambda p, m: (
                m.summary["duplicates"] == 0
                and m.summary["done"] == m.summary["messages"]
                and m.summary["crashes"] >= 2
                and m.summary["longest_recovery_s"] <= 40
                and m.summary["worker_calls"] <= 100
            ),
            {"visibility_timeout_s": 30, "batch_size": 1},
        ),
    ),
)
