"""When an undelivered message is tried again, and when it dies."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

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

HTTPS, QUEUE = "https", "queue"
SILENT, MISSING = "no answer", "404"
URL = "https://shop.example.com/orders"
BEGIN_S = 1  # when the message is published: the web server has confirmed its subscription by then
TIMEOUT_S = 15  # for the answer of an endpoint
MOST_S = 3_600  # for the retries of a delivery policy
LATE_S = 20  # the longest pause between two attempts at a queue
SLACK_S = 0.1
LINEAR, ARITHMETIC, GEOMETRIC, EXPONENTIAL = "linear", "arithmetic", "geometric", "exponential"
RETRIES_PAGE = GUIDE + "sns-message-delivery-retries.html"


class Attempt(NamedTuple):
    """One attempt: from when to when, seconds after the publish, and whether it was successful."""

    start_s: float
    end_s: float
    well: bool


@dataclass(frozen=True)
class Measured:
    """What the trail shows of one message.

    `fate` is "delivered", "kept" (in the dead-letter queue), "lost" or "refused" (AWS did not take the policy, with the
    error `said`). `end_s` is when it was decided, seconds after the publish. `failed_metric` is what CloudWatch counted
    as NumberOfNotificationsFailed.
    """

    attempts: tuple[Attempt, ...]
    fate: str
    end_s: float
    failed_metric: int
    said: str
    summary: dict[str, int | float | str]


class Retry(Experiment):
    """One message to a subscriber that is down; see the module."""

    id = "19_sns.retry"
    title = "Tried again, or given up"
    question = "When does an undelivered message die?"
    parameters = (
        Choice(
            "endpoint",
            HTTPS,
            "subscriber",
            "A web server of your own, or a queue, which AWS runs (a function is retried alike).",
            choices=(HTTPS, QUEUE),
            source=RETRIES_PAGE,
        ),
        Int(
            "outage_min",
            30,
            "outage",
            "How long the subscriber is down, from the moment of the publish on.",
            unit="min",
            minimum=0,
            maximum=120,
            assumption=True,
        ),
        Choice(
            "down_as",
            "503",
            "it answers meanwhile",
            "What the web server does while it is down: a status, or no answer at all.",
            choices=("503", "429", SILENT, MISSING),
            source=RETRIES_PAGE,
        ),
        Int(
            "num_retries",
            3,
            "retries",
            "numRetries of the delivery policy: of all phases together, for HTTP and HTTPS only.",
            minimum=0,
            maximum=100,
            source=RETRIES_PAGE,
        ),
        Int(
            "without_delay",
            0,
            "of them without delay",
            "numNoDelayRetries: so many retries follow at once.",
            minimum=0,
            maximum=100,
            source=RETRIES_PAGE,
        ),
        Int(
            "min_delay_s",
            20,
            "first delay",
            "minDelayTarget: the wait before the first retry of the backoff phase.",
            unit="s",
            minimum=1,
            maximum=600,
            source=RETRIES_PAGE,
        ),
        Int(
            "max_delay_s",
            20,
            "last delay",
            "maxDelayTarget: the wait before the last retry of the backoff phase.",
            unit="s",
            minimum=1,
            maximum=3600,
            source=RETRIES_PAGE,
        ),
        Choice(
            "backoff",
            LINEAR,
            "backoff function",
            "backoffFunction: how the delays grow from the first to the last.",
            choices=(LINEAR, ARITHMETIC, GEOMETRIC, EXPONENTIAL),
            source=RETRIES_PAGE,
        ),
        Flag(
            "dead_letter_queue",
            True,
            "dead-letter queue",
            "A dead-letter queue for the subscription.",
            source=GUIDE + "sns-dead-letter-queues.html",
        ),
    )
    differences = (
        "AWS adds jitter to the delays and gives no figure for it; here they are exact.",
        "AWS gives no formulas of the backoff functions: the curves between first and last delay are assumptions.",
        "Calls and deliveries take no time here, so that the attempts stand where the policy puts them.",
        "SNS logs the number of attempts at a queue and the end; the times between follow the documented phases.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """Subscribe, publish one message, and wait for its end."""
        cloud.api_latency_s = 0
        cloud.plane("sns").models.delivery_s = 0.0
        sns, sqs = cloud.client("sns"), cloud.client("sqs")
        topic = sns.create_topic(Name="orders", Attributes=_logged())["TopicArn"]
        letters = new_queue(sqs, "dead-letters")
        let_in(sqs, letters, topic)
        redrive = json.dumps({"deadLetterTargetArn": letters.arn})
        settings = {"RedrivePolicy": redrive} if p.dead_letter_queue else {}
        queue = new_queue(sqs, "orders")
        if p.endpoint == HTTPS:
            if not self._subscribe_server(cloud, sns, topic, p, settings):
                return
        else:
            let_in(sqs, queue, topic)
            subscribe(sns, topic, queue, **settings)
        cloud.advance(BEGIN_S - cloud.now)
        if p.endpoint == QUEUE and p.outage_min:
            cloud.plane("sns").outage(queue.arn, 60 * p.outage_min)
        sns.publish(TopicArn=topic, Message="order 1")
        longest_s = 60 * p.outage_min if p.endpoint == QUEUE else span_s(p)
        cloud.advance(longest_s + 60)
        now = cloud.datetime
        cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SNS",
            MetricName="NumberOfNotificationsFailed",
            Dimensions=[{"Name": "TopicName", "Value": "orders"}],
            StartTime=now - timedelta(days=1),
            EndTime=now + timedelta(hours=1),
            Period=86_400,
            Statistics=["Sum"],
        )
        if p.endpoint == QUEUE:
            group = "sns/" + "/".join(topic.split(":")[3:])
            cloud.client("logs").get_log_events(logGroupName=group, logStreamName="sqs", startFromHead=True)

    @staticmethod
    def _subscribe_server(cloud: Cloud, sns: Any, topic: str, p: Values, settings: dict[str, str]) -> bool:
        """Subscribe a web server with its delivery policy; False if AWS refuses the policy."""

        def server(headers: dict[str, str], body: str) -> int:
            if headers["x-amz-sns-message-type"] != "Notification":
                sns.confirm_subscription(TopicArn=topic, Token=json.loads(body)["Token"])
                return 200
            if cloud.now >= BEGIN_S + 60 * p.outage_min:
                return 200
            if p.down_as == SILENT:
                time.sleep(4 * TIMEOUT_S)
                return 503
            return int(p.down_as)

        cloud.plane("sns").endpoint(URL, server)
        policy = {
            "numRetries": p.num_retries,
            "numNoDelayRetries": p.without_delay,
            "minDelayTarget": p.min_delay_s,
            "maxDelayTarget": p.max_delay_s,
            "backoffFunction": p.backoff,
        }
        settings = {**settings, "DeliveryPolicy": json.dumps({"healthyRetryPolicy": policy})}
        try:
            sns.subscribe(TopicArn=topic, Protocol="https", Endpoint=URL, Attributes=settings)
        except sns.exceptions.ClientError:
            return False
        return True

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """The attempts, how the message ended, and what CloudWatch counted."""
        rows = calls(trail)
        refused = next((row.error for row in rows if row.operation == "Subscribe" and row.error), "")
        if refused:
            return Measured((), "refused", 0.0, 0, refused, _summary((), "refused", 0.0, 0, p))
        (message,) = published(rows)
        attempts = _posts(rows, message.id, message.time_s) if p.endpoint == HTTPS else _logged_attempts(rows)
        given_up = [row for row in rows if row.operation == "GiveUp"]
        fate = "lost" if given_up else "delivered"
        if delivered(rows, url_of(rows, "dead-letters")):
            fate = "kept"
        end_s = given_up[0].end_s - message.time_s if given_up else attempts[-1].end_s
        failed = next(
            round(sum(point["Sum"] for point in row.response["Datapoints"]))
            for row in rows
            if row.operation == "GetMetricStatistics"
        )
        return Measured(attempts, fate, end_s, failed, "", _summary(attempts, fate, end_s, failed, p))

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A lane for each attempt; the outage and the end of the message below."""
        from helpers.sections.s19_sns.experiments import retry_picture

        return retry_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def tries(p: Values, m: Measured) -> Finding:
        """1 + numRetries attempts, at the times of the policy."""
        if p.endpoint != HTTPS or m.fate not in ("kept", "lost") or p.down_as == MISSING:
            return not_applicable("No web server outlasted the delivery policy.")
        due = due_s(p)
        said = f"{plural(len(m.attempts), 'attempt')}, the last one {human(m.attempts[-1].start_s)} after the first"
        well = len(m.attempts) == len(due) and all(
            abs(one.start_s - at_s) <= SLACK_S for one, at_s in zip(m.attempts, due, strict=True)
        )
        return true(f"{said}, then given up.") if well else false(f"{said}; there should be {len(due)}.")

    @staticmethod
    def reach(p: Values, m: Measured) -> Finding:
        """Delivered exactly if the last retry comes after the outage."""
        if p.endpoint != HTTPS or not possible(p) or p.down_as == MISSING:
            return not_applicable("No web server with a policy was down for a while.")
        late = span_s(p) >= 60 * p.outage_min
        said = (
            f"The last retry comes {human(span_s(p))} after the publish, the server is back after "
            f"{human(60 * p.outage_min)}: the message is {m.fate}"
        )
        return (true if late is (m.fate == "delivered") else false)(said + ".")

    @staticmethod
    def managed(p: Values, m: Measured) -> Finding:
        """To a queue SNS delivers, at most 20 s after the outage."""
        if p.endpoint != QUEUE:
            return not_applicable("The subscriber is no queue.")
        late_s = m.end_s - 60 * p.outage_min
        said = f"The message was {m.fate} {human(m.end_s)} after the publish, in attempt {len(m.attempts):,}"
        return (true if m.fate == "delivered" and 0 <= late_s <= LATE_S else false)(said + ".")

    @staticmethod
    def hour(p: Values, m: Measured) -> Finding:
        """A policy whose retries last more than an hour is refused."""
        if p.endpoint != HTTPS:
            return not_applicable("Only a web server has a delivery policy of its own.")
        asked_s = (
            sum(delays(p)) if p.min_delay_s <= p.max_delay_s and p.without_delay <= p.num_retries else 0.0
        )
        said = f"The delays add up to {asked_s:,.0f} s, of at most {MOST_S:,} s"
        if m.fate == "refused":
            return (false if possible(p) else true)(f"AWS refuses the policy: {m.said}. {said}.")
        return (true if possible(p) else false)(f"AWS takes the policy. {said}.")

    @staticmethod
    def at_once(p: Values, m: Measured) -> Finding:
        """Retries without delay are over at once, however many they are."""
        if not rash(p):
            return not_applicable("Not all retries come without delay.")
        said = f"{plural(len(m.attempts), 'attempt')} within {human(m.end_s) if m.end_s else '0 s'}"
        well = m.fate in ("kept", "lost") and m.end_s < 1
        return (true if well else false)(f"{said}: the message is {m.fate}.")

    @staticmethod
    def permanent(p: Values, m: Measured) -> Finding:
        """Of the errors of a web server only 5xx, 429 and silence are tried again."""
        if p.endpoint != HTTPS or p.down_as != MISSING or not p.outage_min or m.fate == "refused":
            return not_applicable("No web server answered 404.")
        said = f"{plural(len(m.attempts), 'attempt')} at a server that answers 404: the message is {m.fate}"
        return (true if len(m.attempts) == 1 and m.fate != "delivered" else false)(said + ".")

    @staticmethod
    def kept(p: Values, m: Measured) -> Finding:
        """What is given up is in the dead-letter queue, if there is one."""
        if m.fate not in ("kept", "lost"):
            return not_applicable("The message was not given up.")
        due = "kept" if p.dead_letter_queue else "lost"
        return (true if m.fate == due else false)(f"The message was given up, and it is {m.fate}.")

    @staticmethod
    def counted(p: Values, m: Measured) -> Finding:
        """NumberOfNotificationsFailed counts attempts at a web server, and given up messages of a queue."""
        if m.fate == "refused":
            return not_applicable("Nothing was published.")
        failures = sum(not one.well for one in m.attempts)
        due = failures if p.endpoint == HTTPS else int(m.fate != "delivered")
        said = (
            f"{plural(failures, 'failed attempt')}, and NumberOfNotificationsFailed shows {m.failed_metric}"
        )
        return (true if m.failed_metric == due else false)(said + ".")


def delays(p: Values) -> list[float]:
    """The waits before the retries of the delivery policy."""
    steps = p.num_retries - p.without_delay
    return [0.0] * p.without_delay + [_delay_s(p, step, steps - 1) for step in range(steps)]


def _delay_s(p: Values, step: int, last: int) -> float:
    low, high = p.min_delay_s, p.max_delay_s
    if not step:
        return float(low)
    if p.backoff == LINEAR:
        return float(low + (high - low) * step / last)
    if p.backoff == ARITHMETIC:
        return float(low + (high - low) * step * (step + 1) / (last * (last + 1)))
    if p.backoff == GEOMETRIC:
        return float(low * (high / low) ** (step / last))
    return float(high if step == last else min(high, low * 2**step))


def due_s(p: Values) -> list[float]:
    """When a web server that never comes back is tried, seconds after the publish."""
    answer_s = TIMEOUT_S if p.down_as == SILENT else 0
    return [0.0, *accumulate(answer_s + delay_s for delay_s in delays(p))]


def possible(p: Values) -> bool:
    """Whether AWS takes the delivery policy."""
    in_order = p.min_delay_s <= p.max_delay_s and p.without_delay <= p.num_retries
    return bool(in_order and sum(delays(p)) <= MOST_S)


def span_s(p: Values) -> float:
    """From the publish to the last retry at a web server that never comes back; 0 for a policy AWS does not take."""
    return due_s(p)[-1] if possible(p) else 0.0


def hopeless(p: Values) -> bool:
    """Whether a web server is down for longer than the delivery policy lasts."""
    if p.endpoint != HTTPS or not possible(p) or not p.outage_min:
        return False
    return bool(p.down_as == MISSING or 60 * p.outage_min > span_s(p) + SLACK_S)


def rash(p: Values) -> bool:
    """Whether all retries at a web server that is down come without delay, and it answers at once."""
    all_at_once = p.without_delay == p.num_retries > 0
    return bool(all_at_once and hopeless(p) and p.down_as in ("503", "429"))


def _logged() -> dict[str, str]:
    """Attributes of a topic that logs each delivery to a queue."""
    role = "arn:aws:iam::123456789012:role/SNSFeedback"
    return {
        "SQSSuccessFeedbackRoleArn": role,
        "SQSSuccessFeedbackSampleRate": "100",
        "SQSFailureFeedbackRoleArn": role,
    }


def _posts(rows: list[CallRow], message: str, begun_s: float) -> tuple[Attempt, ...]:
    """The requests of SNS to the web server."""
    return tuple(
        Attempt(row.start_s - begun_s, row.end_s - begun_s, row.error is None)
        for row in rows
        if row.operation == "HttpPost" and row.parameters["MessageId"] == message
    )


def _logged_attempts(rows: list[CallRow]) -> tuple[Attempt, ...]:
    """The attempts at the queue: their number and the end stand in SNS's log, the rest follows the phases."""
    (event,) = next(row.response["events"] for row in rows if row.operation == "GetLogEvents")
    entry = json.loads(event["message"])
    number, end_s = entry["delivery"]["attempts"], entry["delivery"]["dwellTimeMs"] / 1000
    phases = [0.0, 0.0, 0.0, 1.0, 1.0, *(min(20.0, 2.0**step) for step in range(9)), 20.0]
    waits = phases[: number - 1] + [float(LATE_S)] * (number - 1 - len(phases))
    times = list(accumulate(waits, initial=0.0))
    times[-1] = end_s
    return tuple(Attempt(at_s, at_s, at_s == end_s and entry["status"] == "SUCCESS") for at_s in times)


def _summary(
    attempts: tuple[Attempt, ...], fate: str, end_s: float, failed: int, p: Values
) -> dict[str, int | float | str]:
    return {
        "attempts": len(attempts),
        "fate": fate,
        "delivered": int(fate == "delivered"),
        "kept": int(fate == "kept"),
        "refused": int(fate == "refused"),
        "last_attempt_s": round(attempts[-1].start_s, 2) if attempts else 0.0,
        "ended_after_min": round(end_s / 60, 2),
        "failed_metric": failed,
        "retries_last_s": round(span_s(p), 2) if p.endpoint == HTTPS else 0.0,
    }


Retry.claims = (
    Claim(
        "tries",
        "A message that a web server does not take is tried 1 + numRetries times, at the times of the delivery policy.",
        ("sns.subs.http_retry", "sns.subs.http_timeout"),
        Retry.tries,
        "the web server is down, with 5xx, 429 or silence, for longer than the policy lasts",
        lambda p: hopeless(p) and p.down_as != MISSING,
    ),
    Claim(
        "reach",
        "A message reaches a web server exactly if the last retry comes after the outage.",
        ("sns.subs.http_retry", "sns.subs.http_span"),
        Retry.reach,
        "the web server is down with 5xx, 429 or silence, and AWS takes the policy",
        lambda p: (
            p.endpoint == HTTPS
            and possible(p)
            and p.down_as != MISSING
            and abs(span_s(p) - 60 * p.outage_min) > SLACK_S
        ),
    ),
    Claim(
        "managed",
        "A message for a queue survives the outage, and arrives at most 20 s after its end.",
        ("sns.subs.managed_retry",),
        Retry.managed,
        "the subscriber is a queue",
        lambda p: p.endpoint == QUEUE,
    ),
    Claim(
        "hour",
        "A delivery policy whose retries last more than 3,600 s, or whose numbers contradict each other, is refused.",
        ("sns.subs.http_span", "sns.subs.http_retry"),
        Retry.hour,
        "the subscriber is a web server",
        lambda p: p.endpoint == HTTPS and not _close(p),
    ),
    Claim(
        "at_once",
        "Retries without delay are over at once, and do not help against an outage.",
        ("sns.subs.http_retry",),
        Retry.at_once,
        "all retries come without delay to a web server that is down",
        rash,
    ),
    Claim(
        "permanent",
        "A web server that answers 404 is not tried again.",
        ("sns.subs.retry_rules",),
        Retry.permanent,
        "the web server answers 404 for a while",
        lambda p: hopeless(p) and p.down_as == MISSING,
    ),
    Claim(
        "kept",
        "A message that is given up is in the dead-letter queue of the subscription, or lost if there is none.",
        ("sns.security.dlq", "sns.pubsub.not_persisted"),
        Retry.kept,
        "the web server is down for longer than the policy lasts",
        hopeless,
    ),
    Claim(
        "counted",
        "NumberOfNotificationsFailed counts each failed attempt at a web server, and no attempt at a queue.",
        ("sns.subs.failed_metric",),
        Retry.counted,
        "AWS takes the policy",
        lambda p: p.endpoint == QUEUE or possible(p),
    ),
)


def _close(p: Values) -> bool:
    """Whether the delays come so close to the limit that rounding decides."""
    in_order = p.min_delay_s <= p.max_delay_s and p.without_delay <= p.num_retries
    return bool(in_order and 0 < abs(sum(delays(p)) - MOST_S) < 0.01)


Retry.scenes = (
    Scene(
        "https",
        "A web server restarts",
        {"outage_min": 0},
        "A topic posts orders to a web server, with the default policy: 3 retries, 20 s apart.",
        Prediction(
            "The server is down for 30 minutes, and answers 503. What becomes of an order published right then?",
            (
                Option(
                    "late",
                    "It arrives after 30 minutes, since SNS goes on trying for days",
                    "http_retries_for_days",
                    "That holds for queues and functions. A web server has four attempts by default.",
                    true_if=lambda p, m: m.summary["delivered"] == 1,
                ),
                Option(
                    "minute",
                    "It is given up within a minute or so",
                    None,
                    "Attempts at 0, 20, 40 and 60 s: then the policy is used up, half an hour too early.",
                    right=True,
                    true_if=lambda p, m: m.summary["delivered"] == 0 and m.summary["ended_after_min"] <= 1.1,
                ),
                Option(
                    "waits",
                    "It waits in the topic until the server asks for it",
                    "topic_keeps_messages",
                    "A topic keeps nothing, and there is no call to ask it: SNS pushes, or gives up.",
                    true_if=lambda p, m: m.summary["attempts"] == 1,
                ),
            ),
        ),
        {"outage_min": 30},
        ("outage_min", "num_retries", "down_as"),
        "tries",
        ("sns.subs.http_retry", "sns.subs.http_span", "sns.security.dlq", "sns.subs.failed_metric"),
    ),
    Scene(
        "queue",
        "The same outage of a queue",
        {},
        "A web server lost the order after a minute. A queue, which AWS runs, has another policy.",
        Prediction(
            "The subscriber is a queue, out of order for the same 30 minutes. After how long is its message done with?",
            number="ended_after_min",
            unit="min",
            tolerance=1,
            reply="It is delivered right after the outage: to a queue SNS tries every 20 s, for up to 23 days.",
        ),
        {"endpoint": QUEUE},
        ("endpoint", "outage_min"),
        "managed",
        ("sns.subs.managed_retry", "sns.subs.retry_rules"),
    ),
    Scene(
        "at_once",
        "A hundred retries",
        {},
        "Four attempts were too few for 30 minutes. A delivery policy may have 100 retries.",
        Prediction(
            "The policy gets 100 retries, all of them without delay. What becomes of the order?",
            (
                Option(
                    "arrives",
                    "It arrives: a hundred retries outlast half an hour",
                    "more_retries_always_help",
                    "What counts is how long the retries last, and these last no time at all.",
                    true_if=lambda p, m: m.summary["delivered"] == 1,
                ),
                Option(
                    "sooner",
                    "It is given up even sooner than before",
                    None,
                    "101 attempts in the very moment of the publish, all of them at a server that is down.",
                    right=True,
                    true_if=lambda p, m: m.summary["delivered"] == 0 and m.summary["ended_after_min"] < 0.5,
                ),
                Option(
                    "spread",
                    "It is tried for an hour, the longest that AWS allows",
                    "more_retries_always_help",
                    "An hour is a limit for the policy, not a time over which SNS spreads the retries.",
                    true_if=lambda p, m: m.summary["ended_after_min"] > 30,
                ),
            ),
        ),
        {"num_retries": 100, "without_delay": 100},
        ("num_retries", "without_delay", "max_delay_s"),
        "at_once",
        ("sns.subs.http_retry", "sns.subs.http_span"),
    ),
    Scene(
        "goal",
        "What the server says",
        {"outage_min": 10, "num_retries": 50},
        "With 50 retries, 20 s apart, the order outlasts ten minutes of 503.",
        Prediction(
            "For the same ten minutes the server answers 404 instead. What becomes of the order?",
            (
                Option(
                    "same",
                    "The same: it arrives after ten minutes and 31 attempts",
                    "every_status_is_retried",
                    "SNS tries again after 5xx, 429 and silence only. Any other error counts as final.",
                    true_if=lambda p, m: m.summary["delivered"] == 1,
                ),
                Option(
                    "once",
                    "It is given up after the first attempt",
                    None,
                    "404 is a client-side error: no retry, straight to the dead-letter queue.",
                    right=True,
                    true_if=lambda p, m: m.summary["attempts"] == 1 and m.summary["delivered"] == 0,
                ),
                Option(
                    "all",
                    "It is given up once all 50 retries are used up",
                    "every_status_is_retried",
                    "None of the 50 is used: they are for errors of the server, and 404 is none.",
                    true_if=lambda p, m: m.summary["attempts"] == 51,
                ),
            ),
        ),
        {"down_as": MISSING},
        (),
        "permanent",
        ("sns.subs.retry_rules", "sns.subs.http_retry", "sns.security.dlq", "sns.subs.http_span"),
        Goal(
            "Bring the order through 45 minutes of 503 at a web server, with at most 20 attempts.",
            lambda p, m: (
                p.endpoint == HTTPS
                and p.down_as == "503"
                and p.outage_min >= 45
                and m.summary["delivered"] == 1
                and m.summary["attempts"] <= 20
            ),
            {"outage_min": 45, "num_retries": 15, "max_delay_s": 360},
        ),
    ),
)
