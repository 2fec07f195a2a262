"""How Lambda reads a queue: batches, one bad message among good ones, and a function that has no room."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from helpers.experiments import (
    CallRow,
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
from helpers.sections.s21_lambda.experiments.reading import (
    GUIDE,
    THROTTLED,
    create,
    executions,
    most_at_once,
    role,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

QUEUES = GUIDE + "services-sqs-configure.html"
ERRORS = GUIDE + "services-sqs-errorhandling.html"
SCALING = GUIDE + "services-sqs-scaling.html"
START = 5  # batches at once to begin with, and how many more there may be each second (SCALING: 300 a minute)
NONE = "none"
LIMITS = (NONE, "2", "5", "10", "50")
DEPTHS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
RECEIVE = "ReceiveMessage"
SOURCE = """
import json
import os
import time

import boto3

sqs = boto3.client("sqs")


def write_invoice(order):
    time.sleep(float(os.environ["WORK_S"]))
    if order["bad"]:
        raise ValueError("no such customer")
    sqs.send_message(QueueUrl=os.environ["INVOICES"], MessageBody=str(order["number"]))


def handler(event, context):
    failed = []
    for record in event["Records"]:
        try:
            write_invoice(json.loads(record["body"]))
        except ValueError:
            if os.environ["PARTIAL"] == "no":
                raise
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
"""


class Batch(NamedTuple):
    """One run of the function with a batch, in seconds since the last order was sent.

    `fate` is "done", "partial" (it named messages that failed), "failed" (an error: the whole batch goes back) or
    "timeout"; `again_s` is when it wrote invoices that had been written before.
    """

    environment: str
    start_s: float
    end_s: float
    init_s: float
    fate: str
    again_s: tuple[float, ...]


class Depth(NamedTuple):
    """What the queues held at one time: messages that wait, that are hidden, and that were set aside."""

    at_s: float
    waiting: int
    hidden: int
    set_aside: int


@dataclass(frozen=True)
class Measured:
    """What the trail shows; times in seconds since the last order was sent. `refused`: there is no mapping."""

    batches: tuple[Batch, ...]
    throttled_s: tuple[float, ...]
    depths: tuple[Depth, ...]
    refused: bool
    ahead: float
    summary: dict[str, int | float | str]

    @property
    def environments(self) -> list[str]:
        """The names of the environments, in the order in which they were used first."""
        return list(dict.fromkeys(one.environment for one in self.batches))

    @property
    def end_s(self) -> float:
        """When the last batch was over, and the queue was seen empty."""
        return max(one for one in (1.0, *(b.end_s for b in self.batches), *(d.at_s for d in self.depths)))


class SqsEsm(Experiment):
    """A queue of orders that a function writes invoices for; see the module."""

    id = "21_lambda.sqs_esm"
    title = "A function behind a queue"
    question = "How does Lambda empty a queue, and what does one bad message do to the others?"
    parameters = (
        Int(
            "messages",
            60,
            "messages",
            "How many orders wait in the queue.",
            minimum=1,
            maximum=200,
            step=10,
        ),
        Int(
            "batch_size",
            10,
            "batch size",
            "The most messages that one invocation gets.",
            minimum=1,
            maximum=10,
            source=QUEUES,
        ),
        Float(
            "work_s",
            0.5,
            "work",
            "How long the function works on one message.",
            unit="s",
            minimum=0.1,
            maximum=4.5,
            step=0.1,
            assumption=True,
        ),
        Int(
            "poison_percent",
            0,
            "bad messages",
            "Share of the messages for which the function always fails.",
            unit="%",
            minimum=0,
            maximum=20,
            assumption=True,
        ),
        Flag(
            "partial_responses",
            False,
            "partial batch responses",
            "ReportBatchItemFailures: the function names the messages that failed, and raises no error.",
            source=ERRORS,
        ),
        Int(
            "max_receive_count",
            3,
            "maximum receives",
            "maxReceiveCount: received that often, a message goes to the dead-letter queue of its queue.",
            minimum=1,
            maximum=5,
            source=QUEUES,
        ),
        Choice(
            "reserved_concurrency",
            NONE,
            "reserved concurrency",
            "How many environments the function may have at once; with none it shares the account's 1,000.",
            choices=LIMITS,
            source=GUIDE + "configuration-concurrency.html",
        ),
        Choice(
            "max_concurrency",
            NONE,
            "maximum concurrency",
            "ScalingConfig of the mapping: how many batches it processes at once, 2 to 1,000.",
            choices=LIMITS,
            source=SCALING,
        ),
        Int(
            "timeout_s",
            10,
            "function timeout",
            "When Lambda stops the function.",
            unit="s",
            minimum=10,
            maximum=60,
            source=GUIDE + "configuration-timeout.html",
        ),
        Int(
            "visibility_timeout_s",
            60,
            "visibility timeout",
            "How long the queue hides a message that was received: not less than the function's timeout; AWS advises "
            "six times as long.",
            unit="s",
            minimum=1,
            maximum=720,
            source=QUEUES,
        ),
    )
    differences = (
        "The mapping begins at once here, where AWS takes a while; how far errors slow its pollers is an assumption.",
        "An invoice is a message to another queue here, so that each effect stands in the trail.",
        "On AWS the function's role must allow what the pollers do; the mock enforces no permissions.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """The orders, the mapping, and a watcher that ends the run when the queue is empty."""
        client, sqs = cloud.client("lambda"), cloud.client("sqs")
        models = cloud.plane("lambda").models
        models.init_s, models.mapping_s = 0.3, 0
        aside, invoices = (
            sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("orders-aside", "invoices")
        )
        redrive = {"deadLetterTargetArn": _arn(cloud, "orders-aside"), "maxReceiveCount": p.max_receive_count}
        attributes = {
            "VisibilityTimeout": str(p.visibility_timeout_s),
            "RedrivePolicy": json.dumps(redrive),
        }
        orders = sqs.create_queue(QueueName="orders", Attributes=attributes)["QueueUrl"]
        variables = {
            "WORK_S": str(p.work_s),
            "INVOICES": invoices,
            "PARTIAL": "yes" if p.partial_responses else "no",
        }
        create(
            client, "invoice", SOURCE, role(cloud), Timeout=p.timeout_s, Environment={"Variables": variables}
        )
        if p.reserved_concurrency != NONE:
            client.put_function_concurrency(
                FunctionName="invoice", ReservedConcurrentExecutions=int(p.reserved_concurrency)
            )
        bad = set(cloud.random.sample(range(p.messages), poisoned(p)))
        for first in range(0, p.messages, 10):
            entries = [
                {"Id": str(number), "MessageBody": json.dumps({"number": number, "bad": number in bad})}
                for number in range(first, min(first + 10, p.messages))
            ]
            sqs.send_message_batch(QueueUrl=orders, Entries=entries)
        options: dict[str, Any] = {}
        if p.partial_responses:
            options["FunctionResponseTypes"] = ["ReportBatchItemFailures"]
        if p.max_concurrency != NONE:
            options["ScalingConfig"] = {"MaximumConcurrency": int(p.max_concurrency)}
        try:
            client.create_event_source_mapping(
                EventSourceArn=_arn(cloud, "orders"),
                FunctionName="invoice",
                BatchSize=p.batch_size,
                **options,
            )
        except ClientError:
            return  # refused: the function may run longer than a message is hidden

        def watch() -> None:
            began_s = time.monotonic()
            left = True
            while left:  # it looks ever more seldom
                time.sleep(min(10.0, max(1.0, (time.monotonic() - began_s) / 10)))
                seen = sqs.get_queue_attributes(QueueUrl=orders, AttributeNames=list(DEPTHS))["Attributes"]
                sqs.get_queue_attributes(QueueUrl=aside, AttributeNames=list(DEPTHS))
                left = any(int(seen[name]) for name in DEPTHS)
            while "Messages" in sqs.receive_message(
                QueueUrl=aside, MaxNumberOfMessages=10, WaitTimeSeconds=1
            ):
                pass

        cloud.spawn(watch, name="watcher")
        cloud.run()

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Runs by environment, and what became of each message."""
        rows = calls(trail)
        begin_s = next(row.end_s for row in reversed(rows) if row.operation == "SendMessageBatch")
        batches = _batches(rows, begin_s)
        invoiced = Counter(number for row in rows for number in _invoice(row))
        received: Counter[int] = Counter()
        bad, aside = set(), set()
        for row in rows:
            for order in _orders(row):
                bad |= {order["number"]} if order["bad"] else set()
                if row.actor == "watcher":
                    aside.add(order["number"])
                else:
                    received[order["number"]] += 1
        throttled = tuple(
            row.end_s - begin_s for row in rows if row.operation == "Invocation" and row.error == THROTTLED
        )
        refused = any(row.operation == "CreateEventSourceMapping" and row.error for row in rows)
        came_back = {number for number, times in received.items() if times > 1} | aside
        summary: dict[str, int | float | str] = {
            "messages": p.messages,
            "invoiced": len(invoiced),
            "invoiced_twice": sum(times > 1 for times in invoiced.values()),
            "set_aside": len(aside),
            "good_set_aside": len(aside - bad),
            "good_came_back": len(came_back - bad),
            "lost": 0 if refused else p.messages - len(invoiced.keys() | aside),
            "invocations": len(batches),
            "failed_batches": sum(one.fate in ("failed", "timeout") for one in batches),
            "throttled": len(throttled),
            "peak": most_at_once((one.start_s, one.end_s) for one in batches),
            "done_after_s": round(max((one.end_s for one in batches), default=0.0), 1),
        }
        return Measured(batches, throttled, _depths(rows, begin_s), refused, _ahead(batches), summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A lane per environment, or the batches in progress if there are many; the queue below."""
        from helpers.sections.s21_lambda.experiments import sqs_esm_picture

        return sqs_esm_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def only_bad(p: Values, m: Measured) -> Finding:
        """With partial batch responses only bad messages are set aside, and no invoice is written twice."""
        if not p.partial_responses or m.refused:
            return not_applicable("The function does not say which messages failed.")
        good, twice = int(m.summary["good_set_aside"]), int(m.summary["invoiced_twice"])
        said = (
            f"{plural(int(m.summary['set_aside']), 'message was', 'messages were')} set aside, {good} of them good; "
            f"{plural(twice, 'invoice was', 'invoices were')} written twice."
        )
        return false(said) if good or twice else true(said)

    @staticmethod
    def again(p: Values, m: Measured) -> Finding:
        """Without them the good messages of a batch with a bad one come back."""
        failed = int(m.summary["failed_batches"])
        if p.partial_responses or not failed:
            return not_applicable("No batch failed as a whole.")
        said = (
            f"{plural(failed, 'batch', 'batches')} failed as a whole: "
            f"{plural(int(m.summary['good_came_back']), 'good message')} came back, "
            f"{plural(int(m.summary['invoiced_twice']), 'invoice was', 'invoices were')} written twice and "
            f"{plural(int(m.summary['good_set_aside']), 'good message was', 'good messages were')} set aside."
        )
        return true(said) if m.summary["good_came_back"] else false(said)

    @staticmethod
    def cap(p: Values, m: Measured) -> Finding:
        """No more batches at once than the mapping's maximum, and none is throttled if the function has that much."""
        said = f"At most {plural(int(m.summary['peak']), 'batch', 'batches')} at once"
        if m.summary["throttled"]:
            return false(
                f"{said}, as the function may have {p.reserved_concurrency}: "
                f"{plural(int(m.summary['throttled']), 'attempt')} found no room."
            )
        if p.max_concurrency == NONE or m.refused:
            return not_applicable(f"{said}; the mapping has no maximum concurrency.")
        said += f" with a maximum concurrency of {p.max_concurrency}."
        return true(said) if int(m.summary["peak"]) <= int(p.max_concurrency) else false(said)

    @staticmethod
    def ramp(p: Values, m: Measured) -> Finding:
        """It begins with five batches at once, and adds up to five a second."""
        if not m.batches:
            return not_applicable("There was no batch.")
        said = f"{plural(int(m.summary['peak']), 'batch', 'batches')} at once at the peak"
        if m.ahead > 0:
            return false(f"{said}, and at one time {m.ahead:g} more than 5 and 5 for each second.")
        return true(f"{said}, never more than 5 and 5 for each second since the first.")

    @staticmethod
    def kept(p: Values, m: Measured) -> Finding:
        """No message is lost: there is an invoice, or it is set aside."""
        if m.refused:
            return not_applicable("There is no mapping.")
        said = f"{m.summary['invoiced']} orders have an invoice, {m.summary['set_aside']} were set aside"
        if m.summary["lost"]:
            return false(f"{said}, and {m.summary['lost']} are missing.")
        return true(f"{said}; none is missing.")


def poisoned(p: Values) -> int:
    """How many messages are bad."""
    number: int = round(p.messages * p.poison_percent / 100)
    return number


def accepted(p: Values) -> bool:
    """Whether Lambda takes the mapping: it refuses one whose function may run longer than messages are hidden."""
    return bool(p.visibility_timeout_s >= p.timeout_s)


def fits(p: Values) -> bool:
    """Whether a batch is done well within the function's timeout, and messages are hidden six times as long."""
    return bool(
        p.batch_size * (p.work_s + 0.05) + 0.5 < p.timeout_s and p.visibility_timeout_s >= 6 * p.timeout_s
    )


def _room(p: Values) -> int:
    """How many environments the function may have at once."""
    return 1_000 if p.reserved_concurrency == NONE else int(p.reserved_concurrency)


def mixed(p: Values) -> bool:
    """Whether at least one batch holds a bad message and good ones: all are full, and one could take all bad ones."""
    return bool(0 < poisoned(p) < p.batch_size and p.messages % p.batch_size == 0)


def _arn(cloud: Cloud, queue: str) -> str:
    return f"arn:aws:sqs:{cloud.region}:{cloud.account_id}:{queue}"


def _invoice(row: CallRow) -> tuple[int, ...]:
    """The order that a call writes an invoice for, if it does."""
    return (int(row.parameters["MessageBody"]),) if row.operation == "SendMessage" and not row.error else ()


def _orders(row: CallRow) -> list[Mapping[str, Any]]:
    """The orders that a call receives, if it does."""
    if row.operation != RECEIVE:
        return []
    return [json.loads(message["Body"]) for message in row.response.get("Messages", ())]


def _batches(rows: list[CallRow], begin_s: float) -> tuple[Batch, ...]:
    """The runs of the function, oldest first."""
    writing: dict[str, list[tuple[float, bool]]] = {}
    known: set[int] = set()
    for end_s, environment, number in sorted(
        (row.end_s, row.actor, number) for row in rows for number in _invoice(row)
    ):
        writing.setdefault(environment, []).append((end_s, number in known))
        known.add(number)
    batches = []
    for one in executions(rows):
        span = range(_us(one.start_s) + 1, _us(one.end_s) + 1)
        invoices = [written for written in writing.get(one.environment, ()) if _us(written[0]) in span]
        fate = "done"
        if one.error:
            fate = "timeout" if one.error == "Sandbox.Timedout" else "failed"
        elif len(invoices) < one.records:
            fate = "partial"
        again = tuple(at_s - begin_s for at_s, again in invoices if again)
        start_s, end_s = (round(at_s - begin_s, 6) for at_s in (one.start_s, one.end_s))
        batches.append(Batch(one.environment, start_s, end_s, one.init_s, fate, again))
    return tuple(batches)


def _us(time_s: float) -> int:
    """A time in whole microseconds: two instants that are one are equal."""
    return round(time_s * 1_000_000)


def _depths(rows: Iterable[CallRow], begin_s: float) -> tuple[Depth, ...]:
    """The watcher's looks: at the orders, and then at those set aside."""
    looks = [row for row in rows if row.operation == "GetQueueAttributes" and row.actor == "watcher"]
    depths = []
    for orders, aside in zip(looks[::2], looks[1::2], strict=True):
        waiting, hidden = (int(orders.response["Attributes"][name]) for name in DEPTHS)
        kept = sum(int(aside.response["Attributes"][name]) for name in DEPTHS)
        depths.append(Depth(orders.end_s - begin_s, waiting, hidden, kept))
    return tuple(depths)


def changes(batches: Iterable[Batch]) -> list[tuple[float, int]]:
    """When a batch begins (+1) and ends (-1), in order; what ends at an instant makes room for what begins."""
    return sorted([(one.start_s, 1) for one in batches] + [(one.end_s, -1) for one in batches])


def _ahead(batches: Iterable[Batch]) -> float:
    """By how much more batches were processed at once, at the worst, than five and five for each second."""
    most, busy, first_s = 0.0, 0, None
    for at_s, change in changes(batches):
        first_s = at_s if first_s is None else first_s
        busy += change
        most = max(most, busy - START * (1 + int(at_s - first_s + 0.001)))
    return most


SqsEsm.claims = (
    Claim(
        "only_bad",
        "With partial batch responses only bad messages are set aside, and no good one is done twice.",
        ("lambda.sqs.partial", "lambda.sqs.response"),
        SqsEsm.only_bad,
        "a batch fits into the function's timeout, messages are hidden six times as long, and there is room",
        lambda p: p.partial_responses and fits(p) and p.reserved_concurrency == NONE,
    ),
    Claim(
        "again",
        "Without them one bad message sends its whole batch back, and the good ones in it.",
        ("lambda.sqs.partial", "lambda.sqs.delete"),
        SqsEsm.again,
        "there are bad messages, fewer than fit into one batch, all batches are full, and there is room",
        lambda p: not p.partial_responses and mixed(p) and fits(p) and p.reserved_concurrency == NONE,
    ),
    Claim(
        "cap",
        "A mapping processes no more batches at once than its maximum concurrency, so none is throttled.",
        ("lambda.sqs.max_concurrency",),
        SqsEsm.cap,
        "the function may have at least as many environments as the maximum concurrency",
        lambda p: accepted(p) and p.max_concurrency != NONE and _room(p) >= int(p.max_concurrency),
    ),
    Claim(
        "ramp",
        "A mapping begins with 5 batches at once and adds up to 300 a minute: 5 each second.",
        ("lambda.scale.sqs_rate", "lambda.sqs.fast"),
        SqsEsm.ramp,
        "Lambda takes the mapping",
        accepted,
    ),
    Claim(
        "kept",
        "No message is lost: each is done, or set aside in the dead-letter queue of its queue.",
        ("lambda.sqs.dlq_on_queue", "lambda.sqs.delete"),
        SqsEsm.kept,
        "Lambda takes the mapping",
        accepted,
    ),
)

SqsEsm.scenes = (
    Scene(
        "bad",
        "One bad message in twenty",
        {},
        "A function writes invoices for orders from a queue, ten at a time. For some orders there is no customer.",
        Prediction(
            "3 of the 60 orders are bad now. How many customers get their invoice more than once?",
            (
                Option(
                    "none",
                    "None, since only the bad orders come back to the queue",
                    "only_bad_comes_back",
                    "Lambda sees one error for the whole batch, and leaves all ten orders to come back.",
                    true_if=lambda p, m: m.summary["invoiced_twice"] == 0,
                ),
                Option(
                    "some",
                    "Some of those whose order shares a batch with a bad one",
                    None,
                    "The batch fails as a whole: invoices written before the bad order came are written again.",
                    right=True,
                    true_if=lambda p, m: 0 < m.summary["invoiced_twice"] <= m.summary["good_came_back"] <= 30,
                ),
                Option(
                    "all",
                    "Nearly all of them, because the mapping starts the queue over",
                    "error_stops_the_mapping",
                    "A batch without a bad order is deleted as ever, and the mapping goes on beside the failed ones.",
                    true_if=lambda p, m: m.summary["invoiced_twice"] >= 50,
                ),
            ),
        ),
        {"poison_percent": 5},
        ("poison_percent", "batch_size", "max_receive_count"),
        "again",
        (
            "lambda.sqs.delete",
            "lambda.sqs.dlq_on_queue",
            "lambda.sqs.batch",
            "lambda.esm.polling",
            "lambda.esm.sync",
        ),
    ),
    Scene(
        "partial",
        "Naming the bad ones",
        {"poison_percent": 5},
        "Good orders ended in the dead-letter queue beside the bad ones. Somebody reads about batchItemFailures.",
        Prediction(
            "The function names the orders that failed now, and raises no error. How many messages are set aside?",
            number="set_aside",
            unit="messages",
            tolerance=0,
            reply="3, the bad ones: only what the function names comes back, and the rest of its batch is deleted.",
        ),
        {"partial_responses": True},
        ("partial_responses", "poison_percent", "batch_size"),
        "only_bad",
        ("lambda.sqs.partial", "lambda.sqs.dlq_on_queue", "lambda.sqs.regroup", "lambda.sqs.backoff"),
    ),
    Scene(
        "room",
        "No room",
        {"messages": 100, "work_s": 2, "timeout_s": 30, "max_receive_count": 2},
        "The database behind the function takes two connections. The team limits the function, not the mapping.",
        Prediction(
            "Reserved concurrency 2, and not one bad order. How many orders end in the dead-letter queue?",
            (
                Option(
                    "none",
                    "None: what finds no room stays in the queue until there is some",
                    "throttled_batches_stay_in_the_queue",
                    "The pollers have received them: while these try in vain, the visibility timeout runs out.",
                    true_if=lambda p, m: m.summary["good_set_aside"] == 0,
                ),
                Option(
                    "some",
                    "Some: those received twice by pollers that found no room",
                    None,
                    "A receive counts, even if the function never ran. Limit the mapping too, or hide messages longer.",
                    right=True,
                    true_if=lambda p, m: 0 < m.summary["good_set_aside"] < 50,
                ),
                Option(
                    "most",
                    "Most: all but the first two batches are refused and set aside",
                    "throttled_means_set_aside",
                    "A throttled batch is tried again for as long as its messages are hidden, and most get their turn.",
                    true_if=lambda p, m: m.summary["good_set_aside"] >= 50,
                ),
            ),
        ),
        {"reserved_concurrency": "2"},
        ("reserved_concurrency", "max_concurrency", "visibility_timeout_s"),
        "cap",
        ("lambda.sqs.visibility6", "lambda.sqs.max_concurrency", "lambda.sqs.redrive", "lambda.sqs.backoff"),
    ),
    Scene(
        "ramp",
        "A long queue",
        {"messages": 20, "batch_size": 1, "work_s": 4},
        "After a night without a function many orders wait, and each is a batch of its own.",
        Prediction(
            "200 orders wait instead of 20. How many batches are processed at once at the peak?",
            (
                Option(
                    "five",
                    "Five, as many as a mapping has from its beginning",
                    "mapping_has_five_pollers",
                    "Five is the beginning. While messages wait, Lambda adds up to 300 a minute.",
                    true_if=lambda p, m: m.summary["peak"] <= 6,
                ),
                Option(
                    "dozens",
                    "Dozens, as a few more are added every second",
                    None,
                    "300 a minute are 5 a second, and the queue is empty before there are many more.",
                    right=True,
                    true_if=lambda p, m: 24 <= m.summary["peak"] <= 150,
                ),
                Option(
                    "all",
                    "All 200, as a function scales with its load",
                    "mapping_takes_all_at_once",
                    "The mapping takes them step by step, whatever the function could do.",
                    true_if=lambda p, m: m.summary["peak"] >= 190,
                ),
            ),
        ),
        {"messages": 200},
        ("messages", "work_s", "max_concurrency"),
        "ramp",
        ("lambda.scale.sqs_rate", "lambda.sqs.fast", "lambda.scale.sqs_max", "lambda.sqs.max_concurrency"),
    ),
    Scene(
        "goal",
        "Two connections, no good order set aside",
        {
            "messages": 100,
            "work_s": 2,
            "timeout_s": 30,
            "poison_percent": 5,
            "reserved_concurrency": "2",
            "max_receive_count": 2,
        },
        "Two connections, some bad orders, and invoices that must not be written twice. What do you set?",
        Prediction(
            "The function names the bad orders from now on. How many batches fail as a whole?",
            number="failed_batches",
            unit="batches",
            tolerance=0,
            reply="None: it returns what failed and raises no error. That some batches find no room is another matter.",
        ),
        {"partial_responses": True},
        (),
        "kept",
        ("lambda.sqs.partial", "lambda.sqs.max_concurrency", "lambda.sqs.visibility6", "lambda.sqs.delete"),
        Goal(
            "With a reserved concurrency of 2 and bad orders: set aside bad ones only, and write no invoice twice.",
            lambda p, m: (
                p.reserved_concurrency == "2"
                and p.messages >= 100
                and p.poison_percent >= 5
                and m.summary["set_aside"] == poisoned(p)
                and m.summary["good_set_aside"] == 0
                and m.summary["invoiced_twice"] == 0
            ),
            {"partial_responses": True, "max_concurrency": "2"},
        ),
    ),
)
