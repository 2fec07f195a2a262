"""How Lambda reads a queue: batches, one bad message among good ones, and a function that has no room."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from helpers.experiments import (
    CallRow,
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
from helpers.sections.s21_lambda.experiments.reading import GUIDE, THROTTLED, create, executions, role

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

QUEUES = GUIDE + "services-sqs-configure.html"
ERRORS = GUIDE + "services-sqs-errorhandling.html"
SCALING = GUIDE + "services-sqs-scaling.html"
DEPTHS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
RECEIVE = "ReceiveMessage"
SOURCE = """
import json
import os
import time

import boto3

sqs = boto3.client("sqs")
BAD = "no such customer"


def bill(job):
    time.sleep(float(os.environ["WORK_S"]))
    if job["poison"]:
        raise ValueError(BAD)
    sqs.send_message(QueueUrl=os.environ["BILLS"], MessageBody=str(job["number"]))


def handler(event, context):
    failed = []
    for record in event["Records"]:
        try:
            bill(json.loads(record["body"]))
        except ValueError:
            if os.environ["PARTIAL"] == "no":
                raise
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
"""


class Batch(NamedTuple):
    """One run of the function with a batch, in seconds since the first message: `fate` is "done", "partial" (some
    messages were handed back), "failed" (the whole batch goes back) or "timeout".
    """

    environment: str
    start_s: float
    end_s: float
    fate: str


@dataclass(frozen=True)
class Measured:
    """What the trail shows. `depths` are (time, messages waiting, in flight); times in seconds since the first send."""

    batches: tuple[Batch, ...]
    throttled_s: tuple[float, ...]
    depths: tuple[tuple[float, int, int], ...]
    set_aside: tuple[tuple[int, bool], ...]
    end_s: float
    summary: dict[str, int | float | str]

    @property
    def environments(self) -> list[str]:
        """The names of the environments, in the order in which they were used first."""
        return list(dict.fromkeys(one.environment for one in self.batches))


class SqsEsm(Experiment):
    """A queue of invoices that a function writes bills for; see the module."""

    id = "21_lambda.sqs_esm"
    title = "A function behind a queue"
    question = "How does Lambda empty a queue, and what does one bad message do to the others?"
    parameters = (
        Int(
            "messages",
            200,
            "messages",
            "How many messages wait in the queue.",
            minimum=1,
            maximum=3_000,
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
            minimum=0.05,
            maximum=20,
            step=0.05,
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
            "ReportBatchItemFailures: the function names the messages that failed.",
            source=ERRORS,
        ),
        Int(
            "max_receive_count",
            3,
            "maximum receives",
            "After so many receives a message goes to the queue's dead-letter queue.",
            minimum=1,
            maximum=20,
            source=QUEUES,
        ),
        Int(
            "reserved_concurrency",
            0,
            "reserved concurrency",
            "How many environments the function may have at once; 0 stands for no reservation here.",
            minimum=0,
            maximum=100,
            source=SCALING,
        ),
        Int(
            "max_concurrency",
            1_000,
            "maximum concurrency",
            "How many batches the mapping may process at once (ScalingConfig, 2 to 1,000).",
            minimum=2,
            maximum=1_000,
            source=SCALING,
        ),
        Int(
            "timeout_s",
            30,
            "function timeout",
            "When Lambda stops the function. The queue's visibility timeout must not be shorter.",
            unit="s",
            minimum=1,
            maximum=120,
            source=QUEUES,
        ),
        Int(
            "visibility_timeout_s",
            180,
            "visibility timeout",
            "How long the queue hides a message that a poller received. AWS advises six times the function's timeout.",
            unit="s",
            minimum=1,
            maximum=720,
            source=QUEUES,
        ),
    )
    differences = (
        "How quickly the pollers of an idle mapping notice a full queue, and how they slow down after errors, are "
        "assumptions.",
        "A bill is a message to another queue here, so that each effect stands in the trail.",
        "AWS asks for sqs permissions in the function's role; the mock enforces none.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """The messages, the mapping, and a watcher that ends the run when the queue is empty."""
        client, sqs = cloud.client("lambda"), cloud.client("sqs")
        cloud.plane("lambda").models.init_s = 0.3
        dead, bills = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("bad-invoices", "bills"))
        redrive = {"deadLetterTargetArn": _arn(cloud, "bad-invoices"), "maxReceiveCount": p.max_receive_count}
        url = sqs.create_queue(
            QueueName="invoices",
            Attributes={
                "VisibilityTimeout": str(max(p.visibility_timeout_s, p.timeout_s)),
                "RedrivePolicy": json.dumps(redrive),
            },
        )["QueueUrl"]
        variables = {
            "WORK_S": str(p.work_s),
            "BILLS": bills,
            "PARTIAL": "yes" if p.partial_responses else "no",
        }
        create(client, "bill", SOURCE, role(cloud), Timeout=p.timeout_s, Environment={"Variables": variables})
        if p.reserved_concurrency:
            client.put_function_concurrency(
                FunctionName="bill", ReservedConcurrentExecutions=p.reserved_concurrency
            )
        bad = set(cloud.random.sample(range(p.messages), poisoned(p)))
        for first in range(0, p.messages, 10):
            entries = [
                {"Id": str(number), "MessageBody": json.dumps({"number": number, "poison": number in bad})}
                for number in range(first, min(first + 10, p.messages))
            ]
            sqs.send_message_batch(QueueUrl=url, Entries=entries)
        client.create_event_source_mapping(
            EventSourceArn=_arn(cloud, "invoices"),
            FunctionName="bill",
            BatchSize=p.batch_size,
            FunctionResponseTypes=["ReportBatchItemFailures"] if p.partial_responses else [],
            ScalingConfig={"MaximumConcurrency": p.max_concurrency},
        )
        hidden_s = max(p.visibility_timeout_s, p.timeout_s)
        patience_s = 60 + hidden_s * (p.max_receive_count + 1) + 2 * p.messages * p.work_s

        def watch() -> None:
            begin_s = time.monotonic()
            every_s = min(10.0, max(1.0, hidden_s / 20))
            while time.monotonic() - begin_s < patience_s:
                time.sleep(every_s)
                seen = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(DEPTHS))["Attributes"]
                if not any(int(seen[name]) for name in DEPTHS):
                    break
            while "Messages" in sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=10):
                pass

        cloud.spawn(watch, name="watcher")
        cloud.run()

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Runs by environment; what became of each message."""
        rows = calls(trail)
        sends = [row for row in rows if row.operation == "SendMessageBatch"]
        begin_s = sends[-1].end_s
        bad_ends = _ends_of_bad_batches(rows)
        batches = []
        for one in executions(rows):
            fate = "done"
            if one.error:
                fate = "timeout" if one.error == "Sandbox.Timedout" else "failed"
            elif bad_ends[one.end_s]:
                bad_ends[one.end_s] -= 1
                fate = "partial"
            batches.append(Batch(one.environment, one.start_s - begin_s, one.end_s - begin_s, fate))
        billed = Counter(
            int(row.parameters["MessageBody"])
            for row in rows
            if row.operation == "SendMessage" and not row.error
        )
        depths = tuple(
            (row.end_s - begin_s, *(int(row.response["Attributes"][name]) for name in DEPTHS))
            for row in rows
            if row.operation == "GetQueueAttributes" and row.actor == "watcher"
        )
        jobs = [
            json.loads(message["Body"])
            for row in rows
            if row.operation == RECEIVE and row.actor == "watcher"
            for message in row.response.get("Messages", ())
        ]
        set_aside = tuple((job["number"], job["poison"]) for job in jobs)
        throttled = tuple(
            row.end_s - begin_s for row in rows if row.error == THROTTLED and row.operation == "Invocation"
        )
        good = p.messages - poisoned(p)
        end_s = max((one.end_s for one in batches), default=1.0)
        summary: dict[str, int | float | str] = {
            "messages": p.messages,
            "billed": len(billed),
            "billed_twice": sum(times > 1 for times in billed.values()),
            "set_aside": len(set_aside),
            "good_set_aside": sum(not poison for _, poison in set_aside),
            "good_lost": max(
                0, good - len(billed) - sum(n not in billed for n, poison in set_aside if not poison)
            ),
            "invocations": len(batches),
            "failed_batches": sum(one.fate in ("failed", "timeout") for one in batches),
            "throttled": len(throttled),
            "peak": _peak(batches),
            "done_after_s": round(end_s, 1),
        }
        return Measured(tuple(batches), throttled, depths, set_aside, end_s, summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A lane per environment, or the batches in progress if there are many; the queue below."""
        from helpers.sections.s21_lambda.experiments import sqs_esm_picture

        return sqs_esm_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def only_bad(p: Values, m: Measured) -> Finding:
        """With partial batch responses only bad messages are set aside, and no bill is written twice."""
        good, twice = m.summary["good_set_aside"], m.summary["billed_twice"]
        said = f"{m.summary['set_aside']} messages were set aside, {good} of them good; {twice} bills were written twice"
        if not p.partial_responses:
            return not_applicable("The function does not say which messages failed.")
        return true(f"{said}.") if not good and not twice else false(f"{said}.")

    @staticmethod
    def again(p: Values, m: Measured) -> Finding:
        """Without them the good messages of a batch with a bad one are worked on again."""
        if p.partial_responses or not m.summary["failed_batches"]:
            return not_applicable("No batch failed as a whole.")
        twice, good = m.summary["billed_twice"], m.summary["good_set_aside"]
        said = (
            f"{plural(int(m.summary['failed_batches']), 'batch', 'batches')} failed as a whole: "
            f"{plural(int(twice), 'bill')} written twice, {plural(int(good), 'good message')} set aside"
        )
        return (true if twice or good else false)(f"{said}.")

    @staticmethod
    def cap(p: Values, m: Measured) -> Finding:
        """No more batches at once than the mapping's maximum, and none is throttled if the function has that much."""
        said = f"At most {plural(int(m.summary['peak']), 'batch', 'batches')} were processed at once"
        if m.summary["peak"] > p.max_concurrency:
            return false(f"{said}, more than the maximum concurrency of {p.max_concurrency}.")
        if m.summary["throttled"] and p.max_concurrency <= (p.reserved_concurrency or 1_000):
            return false(f"{said}, and {m.summary['throttled']} attempts were throttled all the same.")
        return true(f"{said}; the maximum concurrency is {p.max_concurrency}.")

    @staticmethod
    def kept(p: Values, m: Measured) -> Finding:
        """No good message is lost: it is billed, or set aside."""
        lost = m.summary["good_lost"]
        said = f"{m.summary['billed']} messages were billed, {m.summary['set_aside']} set aside"
        return true(f"{said}; none is missing.") if not lost else false(f"{said}, and {lost} are missing.")


def poisoned(p: Values) -> int:
    """How many messages are bad."""
    return round(p.messages * p.poison_percent / 100)


def fits(p: Values) -> bool:
    """Whether a batch is worked through well within the function's timeout, and the timeout within what is hidden."""
    return bool(
        p.batch_size * (p.work_s + 0.05) + 0.5 < p.timeout_s and p.visibility_timeout_s >= 6 * p.timeout_s
    )


def _arn(cloud: Cloud, queue: str) -> str:
    return f"arn:aws:sqs:{cloud.region}:{cloud.account_id}:{queue}"


def _ends_of_bad_batches(rows: list[CallRow]) -> Counter[float]:
    """When the function was through with the batches that held a bad message: when their poller went on."""
    held: dict[str, bool] = {}
    ends: Counter[float] = Counter()
    for row in rows:
        if row.actor.startswith("bill-poller"):
            if held.get(row.actor):
                ends[row.start_s] += 1
            messages = row.response.get("Messages", ()) if row.operation == RECEIVE else ()
            held[row.actor] = any(json.loads(message["Body"])["poison"] for message in messages)
    return ends


def _peak(batches: list[Batch]) -> int:
    changes = sorted([(one.start_s, 1) for one in batches] + [(one.end_s, -1) for one in batches])
    most = busy = 0
    for _, change in changes:
        busy += change
        most = max(most, busy)
    return most


SqsEsm.claims = (
    Claim(
        "only_bad",
        "With partial batch responses only bad messages are set aside, and no message is worked on twice.",
        ("lambda.sqs.partial", "lambda.sqs.response"),
        SqsEsm.only_bad,
        "batches fit into the function's timeout, the visibility timeout is six times as long, and there is room",
        lambda p: p.partial_responses and fits(p) and not p.reserved_concurrency,
    ),
    Claim(
        "again",
        "Without them one bad message sends its whole batch back: good ones are worked on again, or set aside.",
        ("lambda.sqs.partial", "lambda.sqs.twice", "lambda.sqs.delete"),
        SqsEsm.again,
        "there are several bad messages among many, in batches of five or more",
        lambda p: (
            not p.partial_responses and p.batch_size >= 5 and 5 <= poisoned(p) <= 0.5 * p.messages and fits(p)
        ),
    ),
    Claim(
        "cap",
        "Not more batches are processed at once than the maximum concurrency, and so none is throttled.",
        ("lambda.sqs.max_concurrency",),
        SqsEsm.cap,
        "the maximum concurrency is at most what the function may have",
        lambda p: fits(p) and p.max_concurrency <= (p.reserved_concurrency or 1_000),
    ),
    Claim(
        "kept",
        "No good message is lost: each is done, or in the dead-letter queue.",
        ("lambda.sqs.dlq_on_queue", "lambda.sqs.delete"),
        SqsEsm.kept,
        "batches fit into the function's timeout",
        fits,
    ),
)

SqsEsm.scenes = (
    Scene(
        "bad",
        "One bad message in twenty",
        {"messages": 100},
        "A function writes bills for invoices from a queue, ten at a time. For some invoices there is no customer.",
        Prediction(
            "5 of the 100 messages are bad now. For how many customers is a bill written more than once?",
            (
                Option(
                    "none",
                    "For none, since only the bad messages come back",
                    "lambda_returns_bad_only",
                    "Lambda sees one error for the whole batch, and hands all of it back to the queue.",
                    true_if=lambda p, m: m.summary["billed_twice"] == 0,
                ),
                Option(
                    "some",
                    "For those that share a batch with a bad one",
                    None,
                    "The batch fails as a whole. What stood before the bad message was done, and is done again.",
                    right=True,
                    true_if=lambda p, m: 0 < m.summary["billed_twice"] < 60,
                ),
                Option(
                    "all",
                    "For nearly all of them, as the queue starts over",
                    "error_stops_the_mapping",
                    "Batches without a bad message are deleted as ever; the mapping goes on.",
                    true_if=lambda p, m: m.summary["billed_twice"] >= 60,
                ),
            ),
        ),
        {"poison_percent": 5},
        ("poison_percent", "batch_size", "max_receive_count"),
        "again",
        ("lambda.sqs.batch", "lambda.sqs.delete", "lambda.sqs.twice", "lambda.sqs.dlq_on_queue"),
    ),
    Scene(
        "partial",
        "Naming the bad ones",
        {"messages": 100, "poison_percent": 5},
        "Good invoices ended in the dead-letter queue beside the bad ones. Somebody reads about batchItemFailures.",
        Prediction(
            "The mapping reports batch item failures now. How many messages are set aside?",
            number="set_aside",
            unit="messages",
            tolerance=0,
            reply="5, the bad ones. The function names them, the rest of each batch is deleted.",
        ),
        {"partial_responses": True},
        ("partial_responses", "poison_percent", "batch_size"),
        "only_bad",
        ("lambda.sqs.partial", "lambda.sqs.response"),
    ),
    Scene(
        "room",
        "No room",
        {"work_s": 2, "max_receive_count": 2, "visibility_timeout_s": 60},
        "The database behind the function takes two connections. The team limits the function, not the mapping.",
        Prediction(
            "Reserved concurrency 2. There is not one bad message. How many end in the dead-letter queue?",
            (
                Option(
                    "none",
                    "None, since they wait in the queue until there is room",
                    "throttled_batches_wait_in_queue",
                    "The pollers had received them: while they try in vain, the visibility timeout runs out.",
                    true_if=lambda p, m: m.summary["good_set_aside"] == 0,
                ),
                Option(
                    "some",
                    "Some, received again and again by pollers without room",
                    None,
                    "A receive counts, whether or not the function ran. Limit the mapping, by its maximum concurrency.",
                    right=True,
                    true_if=lambda p, m: 0 < m.summary["good_set_aside"] < 200,
                ),
                Option(
                    "all",
                    "All but the first two batches, as the rest is refused",
                    "throttled_is_lost",
                    "A throttled batch is tried again, and most of them get their turn in time.",
                    true_if=lambda p, m: m.summary["good_set_aside"] >= 180,
                ),
            ),
        ),
        {"reserved_concurrency": 2},
        ("reserved_concurrency", "max_concurrency", "visibility_timeout_s"),
        "cap",
        ("lambda.sqs.max_concurrency", "lambda.sqs.visibility6", "lambda.sqs.redrive"),
    ),
    Scene(
        "ramp",
        "A long queue",
        {"messages": 1_000, "work_s": 2, "batch_size": 10},
        "Lambda begins with five batches at once. What if the queue is long?",
        Prediction(
            "3,000 messages wait. How many batches are processed at once at the peak?",
            (
                Option(
                    "five",
                    "Five, as at the start",
                    "esm_has_five_pollers",
                    "Five is the beginning. While messages are left, Lambda adds up to 300 a minute.",
                    true_if=lambda p, m: m.summary["peak"] <= 6,
                ),
                Option(
                    "dozens",
                    "Dozens, a few more every second",
                    None,
                    "300 a minute are 5 a second, and the queue is empty before many minutes are over.",
                    right=True,
                    true_if=lambda p, m: 12 <= m.summary["peak"] <= 250,
                ),
                Option(
                    "all",
                    "300, one for each batch",
                    "esm_takes_all_at_once",
                    "The number grows step by step, to spare what stands behind the function.",
                    true_if=lambda p, m: m.summary["peak"] >= 290,
                ),
            ),
        ),
        {"messages": 3_000},
        ("messages", "work_s", "max_concurrency"),
        "cap",
        ("lambda.scale.sqs_rate", "lambda.scale.sqs_max"),
    ),
    Scene(
        "goal",
        "Two connections, no good message set aside",
        {
            "messages": 200,
            "work_s": 2,
            "poison_percent": 3,
            "reserved_concurrency": 2,
            "max_receive_count": 2,
        },
        "Two connections, some bad messages, bills that must not be written twice. What do you set?",
        Prediction(
            "The function names the bad messages from now on. How many batches fail as a whole?",
            number="failed_batches",
            unit="batches",
            tolerance=0,
            reply="None: it returns what failed instead of raising an error. Throttled attempts are another matter.",
        ),
        {"partial_responses": True},
        (),
        "kept",
        ("lambda.sqs.partial", "lambda.sqs.max_concurrency", "lambda.sqs.visibility6"),
        Goal(
            "With a reserved concurrency of 2 and some bad messages: set aside bad ones only, write no bill twice.",
            lambda p, m: (
                p.reserved_concurrency == 2
                and p.messages >= 200
                and p.poison_percent >= 3
                and m.summary["good_set_aside"] == 0
                and m.summary["billed_twice"] == 0
                and m.summary["good_lost"] == 0
            ),
            {"partial_responses": True, "max_concurrency": 2},
        ),
    ),
)
