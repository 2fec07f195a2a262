"""When a failed event is tried again, and where it ends."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from helpers.dataplane.awslambda.backoff import LONGEST_WAIT_S
from helpers.dataplane.awslambda.limits import EVENT_AGE_S, RETRY_ATTEMPTS
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
from helpers.sections.s21_lambda.experiments.events import Event, Try, events_of
from helpers.sections.s21_lambda.experiments.reading import GUIDE, create, role

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

HOLD_S = 900  # the longest timeout: so long one invocation can hold a function's only slot
SOURCE = """
import time


def handler(event, context):
    if "hold_s" in event:
        time.sleep(event["hold_s"])  # a long report, in the same function
        return "reported"
    time.sleep(event["work_s"])
    if time.time() < event["payments_up_at"]:
        raise ConnectionError("the payment service is down")
    return "paid"
"""


@dataclass(frozen=True)
class Measured:
    """What the trail shows: the events in the order of sending, and when the last one came to its end."""

    events: tuple[Event, ...]
    end_s: float
    summary: dict[str, int | float | str]

    @property
    def given_up(self) -> tuple[Event, ...]:
        """The events that no attempt got through."""
        return tuple(event for event in self.events if not event.done)


class AsyncRetry(Experiment):
    """Orders sent as asynchronous events to a function that has a problem; see the module."""

    id = "21_lambda.async_retry"
    title = "An event, tried again"
    question = "When is a failed event tried again, and where does it end?"
    parameters = (
        Choice(
            "problem",
            "error",
            "problem",
            "What is wrong: the handler raises an error, the function's one slot is taken (throttle), "
            "its reserved concurrency is 0 (stopped), or nothing.",
            choices=("error", "throttle", "stopped", "none"),
        ),
        Int(
            "problem_s",
            600,
            "the problem lasts",
            "How long after the first event the payment service is down, or the slot is taken.",
            unit="s",
            minimum=0,
            maximum=28_800,
            step=30,
            assumption=True,
        ),
        Int(
            "max_retry_attempts",
            2,
            "maximum retry attempts",
            "MaximumRetryAttempts: how often an event is tried again after the handler failed.",
            minimum=RETRY_ATTEMPTS[0],
            maximum=RETRY_ATTEMPTS[1],
            source=GUIDE + "invocation-async-configuring.html",
        ),
        Int(
            "max_event_age_s",
            21_600,
            "maximum event age",
            "MaximumEventAgeInSeconds: how long Lambda keeps an event in its queue.",
            unit="s",
            minimum=EVENT_AGE_S[0],
            maximum=EVENT_AGE_S[1],
            step=60,
            source=GUIDE + "invocation-async-configuring.html",
        ),
        Choice(
            "target",
            "destination",
            "events given up go to",
            "An on-failure destination, a dead-letter queue of the function, or nowhere.",
            choices=("destination", "dead-letter queue", "nowhere"),
            source=GUIDE + "invocation-async-retain-records.html",
        ),
        Int("events", 3, "events", "Orders that are sent, 20 s apart.", minimum=1, maximum=10),
        Int(
            "work_s",
            4,
            "work",
            "How long an attempt works before it succeeds or fails.",
            unit="s",
            minimum=0,
            maximum=60,
            assumption=True,
        ),
    )
    differences = (
        "AWS gives 1 and 2 minutes between attempts and adds some seconds of its own; here the waits are exact.",
        "AWS says that the waits of throttled attempts grow from 1 s to 5 minutes; the factor 2 is an assumption.",
        "A throttled attempt pauses the function's whole queue here; AWS says that it reads a long one more slowly.",
        "API calls and cold starts take no time here, so that the attempts stand where the rule puts them.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """Send the events, and let the account live until each of them has come to an end."""
        cloud.api_latency_s = 0
        cloud.plane("lambda").models.init_s = 0.0
        client, sqs = cloud.client("lambda"), cloud.client("sqs")
        create(client, "orders", SOURCE, role(cloud), Timeout=HOLD_S, **self._dead_letters(sqs, p))
        config: dict[str, Any] = {
            "MaximumRetryAttempts": p.max_retry_attempts,
            "MaximumEventAgeInSeconds": p.max_event_age_s,
        }
        if p.target == "destination":
            config["DestinationConfig"] = {"OnFailure": {"Destination": _queue(sqs)}}
        client.put_function_event_invoke_config(FunctionName="orders", **config)
        if p.problem in ("throttle", "stopped"):
            slots = 1 if p.problem == "throttle" else 0
            client.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=slots)
        begin_s = cloud.datetime.timestamp()

        def hold() -> None:
            """Take the one slot of the function, one long invocation after the other."""
            while (left_s := begin_s + p.problem_s - time.time()) > 0:
                payload = json.dumps({"hold_s": min(left_s, HOLD_S - 1)})
                client.invoke(FunctionName="orders", Payload=payload)

        def send() -> None:
            up_at = begin_s + (p.problem_s if p.problem == "error" else 0)
            for order in range(1, p.events + 1):
                event = {"order": order, "work_s": p.work_s, "payments_up_at": up_at}
                client.invoke(FunctionName="orders", InvocationType="Event", Payload=json.dumps(event))
                time.sleep(EVERY_S)

        if p.problem == "throttle":
            cloud.spawn(hold, name="report", background=True)
        cloud.spawn(send, name="shop", background=True)
        cloud.run(until=cloud.now + horizon_s(p))

    @staticmethod
    def _dead_letters(sqs: Any, p: Values) -> dict[str, Any]:
        """The setting of the function that names its dead-letter queue, if it has one."""
        return {"DeadLetterConfig": {"TargetArn": _queue(sqs)}} if p.target == "dead-letter queue" else {}

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """The attempts of each event, when it came to its end, and what its target got."""
        events = events_of(calls(trail), lambda accepted_s, runs: due_s(p, accepted_s, runs))
        records = [event.kept.time_s - event.accepted_s for event in events if event.kept is not None]
        summary: dict[str, int | float | str] = {
            "events": len(events),
            "done": sum(event.done for event in events),
            "given_up": sum(not event.done for event in events),
            "kept": len(records),
            "attempts": sum(len(event.runs) for event in events),
            "throttled_attempts": sum(len(event.throttles) for event in events),
            "last_attempt_s": round(max((max(event.offsets_s, default=0.0)) for event in events), 2),
            "record_after_s": round(max(records, default=0.0), 2),
        }
        return Measured(events, max(event.end_s for event in events), summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A lane per event, and the events that wait below."""
        from helpers.sections.s21_lambda.experiments import async_retry_picture

        return async_retry_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def tries(p: Values, m: Measured) -> Finding:
        """1 + retries attempts, 1 and 2 minutes after a failure, as long as the event is not too old."""
        if p.problem != "error":
            return not_applicable("The handler did not fail.")
        if not m.given_up:
            return not_applicable("Every event got through in the end.")
        rule = [number * p.work_s + wait_s for number, wait_s in enumerate((0, 60, 180))]
        expected = [time_s for time_s in rule[: 1 + p.max_retry_attempts] if time_s < p.max_event_age_s]
        for number, event in enumerate(m.events, 1):
            offsets = [*event.offsets_s]
            if event.done:
                continue
            if len(offsets) != len(expected) or any(
                abs(found - due) > 1 for found, due in zip(offsets, expected, strict=True)
            ):
                return false(f"Order {number} was given up; it was tried at {_listed(offsets)}.")
        said = _listed(expected)
        return true(f"Each event that was given up had {plural(len(expected), 'attempt')}, at {said}.")

    @staticmethod
    def age(p: Values, m: Measured) -> Finding:
        """No attempt begins once an event is older than the maximum age."""
        oldest_s = float(m.summary["last_attempt_s"])
        said = f"The oldest event at an attempt was {_listed([oldest_s])} old"
        if oldest_s > p.max_event_age_s:
            return false(f"{said}, and {human(p.max_event_age_s)} are allowed.")
        return true(f"{said}; {human(p.max_event_age_s)} are allowed.")

    @staticmethod
    def waits(p: Values, m: Measured) -> Finding:
        """Throttled attempts use up no retries; they come 1 s to 5 min apart until there is room."""
        gaps = sorted(_gaps(m))
        if not gaps:
            return not_applicable("No attempt was throttled.")
        number = int(m.summary["throttled_attempts"])
        said = f"{plural(number, 'attempt')} found the slot taken; the next one came {_listed(gaps)} later"
        lost = [event for event in m.events if not event.done or len(event.runs) != 1]
        if lost or gaps[0] < 0.99 or gaps[-1] > 300.01:
            return false(f"{said}, and {plural(len(lost), 'event')} of {len(m.events)} did not get through.")
        return true(f"{said}, and each event was then done in one run.")

    @staticmethod
    def kept(p: Values, m: Measured) -> Finding:
        """What is given up is kept by the target, after the last attempt or at the age limit."""
        number = len(m.given_up)
        if not number:
            return not_applicable("No event was given up.")
        lost = sum(event.kept is None for event in m.given_up)
        late = sum(abs(event.end_s - due_s(p, event.accepted_s, event.runs)) > 1 for event in m.given_up)
        if lost:
            return false(f"{plural(number, 'event')} given up, and {lost} of them left no trace.")
        if late:
            return false(f"{plural(late, 'event')} reached the target at another time than the rule says.")
        what = "a record of each" if p.target == "destination" else "each event"
        return true(f"{plural(number, 'event')} given up; the target holds {what}.")

    @staticmethod
    def stopped(p: Values, m: Measured) -> Finding:
        """With reserved concurrency 0 there is no attempt at all."""
        if p.problem != "stopped":
            return not_applicable("The reserved concurrency is not 0.")
        tried = sum(len(event.tries) for event in m.events)
        if tried:
            return false(f"{plural(tried, 'attempt')} were made with a reserved concurrency of 0.")
        return true("No event was tried; each went to the target, if there is one, at once.")


EVERY_S = 20  # between two events


def horizon_s(p: Values) -> float:
    """How long the account must live for every event to come to an end."""
    sent_s = EVERY_S * (p.events - 1)
    if p.problem == "throttle":  # the events then run one after the other, and find each other's slot taken
        return float(sent_s + p.problem_s + LONGEST_WAIT_S + p.events * (2 * p.work_s + 2) + 1)
    return float(sent_s + 180 + 3 * p.work_s + 1)


def outlasts(p: Values) -> bool:
    """Whether the problem lasts until each event is given up."""
    sent_s = EVERY_S * (p.events - 1)
    return bool(
        p.problem == "stopped"
        or (p.problem == "error" and p.problem_s > sent_s + 180 + 3 * p.work_s)
        or (p.problem == "throttle" and p.problem_s > sent_s + p.max_event_age_s)
    )


def _queue(sqs: Any) -> str:
    """The ARN of a new queue for what is given up."""
    url = sqs.create_queue(QueueName="given-up")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(found["Attributes"]["QueueArn"])


def _gaps(m: Measured) -> list[float]:
    """From each throttled attempt to the next attempt, of whichever event."""
    tries = sorted((one for event in m.events for one in event.tries), key=lambda one: one.start_s)
    return [after.start_s - one.start_s for one, after in pairwise(tries) if one.fate == "throttled"]


def due_s(p: Values, accepted_s: float, runs: Sequence[Try]) -> float:
    """When an event must be given up: when it may not be tried, after its last try, or at its age limit."""
    if p.problem == "stopped":
        return accepted_s
    if len(runs) == 1 + p.max_retry_attempts:
        return runs[-1].end_s
    return float(accepted_s + p.max_event_age_s)


def _listed(times: Sequence[float]) -> str:
    """Times in words: "0 s, 60 s and 3 min"; of many only the first and the last."""
    said = [human(time_s) if time_s >= 0.005 else "0 s" for time_s in times]
    if len(said) > 4:
        return f"{said[0]} to {said[-1]}"
    return " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)


AsyncRetry.claims = (
    Claim(
        "tries",
        "An event whose function fails is tried 1 + MaximumRetryAttempts times, at about 0, 60 and 180 s, "
        "if its age allows.",
        ("lambda.async.tries", "lambda.async.waits", "lambda.async.age"),
        AsyncRetry.tries,
        "the problem outlasts the attempts",
        lambda p: p.problem == "error" and outlasts(p),
    ),
    Claim(
        "age",
        "No attempt begins after the maximum event age.",
        ("lambda.async.age",),
        AsyncRetry.age,
        "always",
        lambda p: True,
    ),
    Claim(
        "waits",
        "Throttled attempts use up no retries: the event waits, 1 s to 5 min between attempts, until there is room.",
        ("lambda.async.throttle_retry", "lambda.async.throttle_backoff"),
        AsyncRetry.waits,
        "the slot is taken for a while, but for less than the maximum event age",
        lambda p: p.problem == "throttle" and p.problem_s >= 10 and horizon_s(p) <= p.max_event_age_s,
    ),
    Claim(
        "kept",
        "Each event that is given up is kept by the target, right after its last attempt or at its age limit.",
        ("lambda.dest.async", "lambda.async.dlq", "lambda.async.discard", "lambda.async.age"),
        AsyncRetry.kept,
        "there is a target, and the problem outlasts the attempts",
        lambda p: p.target != "nowhere" and outlasts(p),
    ),
    Claim(
        "stopped",
        "With a reserved concurrency of 0 an event is not tried at all.",
        ("lambda.async.reserved_zero",),
        AsyncRetry.stopped,
        "the reserved concurrency is 0",
        lambda p: p.problem == "stopped",
    ),
)

AsyncRetry.scenes = (
    Scene(
        "error",
        "Down for ten minutes",
        {},
        "A shop sends each order as an asynchronous event. The payment service behind the function goes down.",
        Prediction(
            "MaximumRetryAttempts is set from 2 to 1. When is the last attempt of each order, after it was accepted?",
            (
                Option(
                    "minute",
                    "About one minute later, and then the order is given up",
                    None,
                    "The second attempt comes after 1 minute; the third, 2 minutes after that, is gone.",
                    right=True,
                    true_if=lambda p, m: 60 <= m.summary["last_attempt_s"] <= 90,
                ),
                Option(
                    "at_once",
                    "At once, since Lambda retries as quickly as it can",
                    "async_retries_at_once",
                    "An event waits 1 minute for its second attempt, however free the function is.",
                    true_if=lambda p, m: m.summary["last_attempt_s"] < 10,
                ),
                Option(
                    "until_up",
                    "After ten minutes, once the payment service answers again",
                    "async_retries_until_success",
                    "Lambda does not know what is wrong: it counts attempts, and gives up after the last one.",
                    true_if=lambda p, m: m.summary["done"] == m.summary["events"],
                ),
            ),
        ),
        {"max_retry_attempts": 1},
        ("max_retry_attempts", "problem_s"),
        "tries",
        ("lambda.async.tries", "lambda.async.waits", "lambda.async.queue"),
    ),
    Scene(
        "target",
        "What is left of an order",
        {"target": "destination"},
        "Three orders were given up. The shop wants to send them again tomorrow.",
        Prediction(
            "The function has no target any more. How many of the three orders can still be found?",
            number="kept",
            unit="orders",
            tolerance=0,
            reply="None: an event that is given up is deleted. Only a destination or a dead-letter queue keeps it.",
        ),
        {"target": "nowhere"},
        ("target", "max_retry_attempts"),
        "kept",
        ("lambda.dest.async", "lambda.async.dlq", "lambda.dest.prefer", "lambda.async.discard"),
    ),
    Scene(
        "throttle",
        "No room",
        {"problem": "throttle", "problem_s": 120},
        "Now the payment service is fine, but a long report takes the function's only slot.",
        Prediction(
            "The report takes 30 minutes instead of 2. What becomes of the three orders, with 2 retries allowed?",
            (
                Option(
                    "lost",
                    "They are given up after three attempts, as with an error",
                    "throttles_use_up_retries",
                    "A throttled attempt is no failed run: it uses up none of the two retries.",
                    true_if=lambda p, m: m.summary["given_up"] > 0,
                ),
                Option(
                    "refused",
                    "The shop gets error 429 for each of them, and sends again",
                    "async_caller_is_throttled",
                    "The shop had its answer 202 when the event was stored; what happens later it does not see.",
                    true_if=lambda p, m: m.summary["events"] < p.events,
                ),
                Option(
                    "later",
                    "They wait in the queue and are done once there is room",
                    None,
                    "Lambda keeps asking, ever more slowly, up to 5 minutes apart, for as long as an event may live.",
                    right=True,
                    true_if=lambda p, m: (
                        m.summary["done"] == p.events and m.summary["throttled_attempts"] > 3
                    ),
                ),
            ),
        ),
        {"problem_s": 1800},
        ("problem_s", "max_event_age_s"),
        "waits",
        ("lambda.async.throttle_retry", "lambda.async.throttle_backoff", "lambda.conc.async_retry"),
    ),
    Scene(
        "stopped",
        "Reserved concurrency 0",
        {"problem": "throttle", "problem_s": 600},
        "An operator wants the orders to wait while she repairs something, and thinks of reserved concurrency 0.",
        Prediction(
            "The reserved concurrency becomes 0 instead of 1. How often is each order tried?",
            (
                Option(
                    "waits",
                    "Again and again, until she sets the number up again",
                    "reserved_zero_pauses",
                    "That holds where there is some concurrency which is taken. A function that has none is stopped.",
                    true_if=lambda p, m: m.summary["throttled_attempts"] > 0,
                ),
                Option(
                    "thrice",
                    "Three times, a minute and two minutes apart",
                    "reserved_zero_is_an_error",
                    "No attempt is made, so none can fail.",
                    true_if=lambda p, m: m.summary["attempts"] == 3 * p.events,
                ),
                Option(
                    "never",
                    "Not once: each goes to the target right away",
                    None,
                    "A reserved concurrency of 0 stops the function, and new events are given up without a try.",
                    right=True,
                    true_if=lambda p, m: m.summary["kept"] == p.events and m.summary["attempts"] == 0,
                ),
            ),
        ),
        {"problem": "stopped"},
        ("problem", "target"),
        "stopped",
        ("lambda.async.reserved_zero", "lambda.conc.reserved"),
    ),
    Scene(
        "goal",
        "Nothing lost, nothing late",
        {"problem": "error", "problem_s": 100, "max_retry_attempts": 1, "events": 4},
        "The payment service is restarted every night, which takes 100 s. Orders older than 5 minutes are worthless.",
        Prediction(
            "Two retries are allowed instead of one, but an event may get 120 s old at most. How many orders are done?",
            number="done",
            unit="orders",
            tolerance=0,
            reply="Two, as with one retry: the third attempt would come after 3 minutes, past the age limit.",
        ),
        {"max_retry_attempts": 2, "max_event_age_s": 120},
        (),
        "age",
        ("lambda.async.age", "lambda.async.tries", "lambda.async.waits"),
        Goal(
            "All four orders are done, none would be tried after 5 minutes, and one given up leaves a record.",
            lambda p, m: (
                p.problem == "error"
                and p.problem_s >= 100
                and p.events >= 4
                and m.summary["done"] == m.summary["events"]
                and p.max_event_age_s <= 300
                and p.target == "destination"
            ),
            {"max_retry_attempts": 2, "max_event_age_s": 300},
        ),
    ),
)
