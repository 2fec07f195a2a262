"""What one record that cannot be processed does to its shard, and what the settings of a stream mapping do about it."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from helpers.dataplane.awslambda.backoff import backoff_s
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
from helpers.experiments.pictures import human
from helpers.sections.s21_lambda.experiments.reading import GUIDE, create, role
from helpers.sections.s21_lambda.experiments.stream_trail import Followed, followed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

API = "https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html"
ERRORS = GUIDE + "kinesis-on-failure-destination.html"
ROUNDS = 5  # each truck reports so often
EVERY_S = 20  # between two reports of a truck
BAD_ROUND = 1  # the bad report is one of the second round
INIT_S = 0.3
LONGEST_WAIT_S = 60  # between two tries of a batch
NO_LIMIT = "-1"
NONE = "none"
SOURCE = """
import base64
import json
import os
import time

import boto3

sqs = boto3.client("sqs")


def handler(event, context):
    reports = [json.loads(base64.b64decode(record["kinesis"]["data"])) for record in event["Records"]]
    drawn = []
    try:
        for report in reports:
            time.sleep(float(os.environ["WORK_S"]))
            if report["position"] is None:
                raise ValueError("no position")
            drawn.append(report["number"])
    finally:
        news = {"read": [report["number"] for report in reports], "drawn": drawn}
        sqs.send_message(QueueUrl=os.environ["MAP"], MessageBody=json.dumps(news))
"""


@dataclass(frozen=True)
class Measured:
    """What the trail shows: the stream, followed to the end of the watch, in seconds since the first report."""

    stream: Followed
    watched_s: float
    summary: dict[str, int | float | str]


class StreamErrors(Experiment):
    """Trucks that report their positions to a Kinesis stream, and a function that draws a map; see the module."""

    id = "21_lambda.stream_errors"
    title = "One bad record in a stream"
    question = "What does one bad record do to its shard, and what can the mapping do about it?"
    parameters = (
        Int("shards", 2, "shards", "How many shards the stream has.", minimum=1, maximum=4),
        Int(
            "trucks",
            8,
            "trucks a shard",
            f"How many trucks report to each shard. Each of them reports {ROUNDS} times, every {EVERY_S} s.",
            minimum=1,
            maximum=40,
            assumption=True,
        ),
        Int(
            "bad_at",
            5,
            "bad report",
            "Which report of the second round in shard 1 has no position: 1 is the first, 0 stands for none.",
            minimum=0,
            maximum=40,
            assumption=True,
        ),
        Float(
            "work_s",
            1,
            "work",
            "How long the function works on one report.",
            unit="s",
            minimum=0.1,
            maximum=2,
            step=0.1,
            assumption=True,
        ),
        Int(
            "batch_size",
            100,
            "batch size",
            "The most reports that one invocation gets; 100 is the default.",
            minimum=1,
            maximum=100,
            source=API,
        ),
        Int(
            "max_retries",
            -1,
            "maximum retry attempts",
            "MaximumRetryAttempts: how often a failed batch is tried again; -1, the default, is without limit.",
            minimum=-1,
            maximum=10,
            source=API,
        ),
        Choice(
            "max_record_age_s",
            NO_LIMIT,
            "maximum record age",
            "MaximumRecordAgeInSeconds: older records are given up; -1, the default, is without limit.",
            choices=(NO_LIMIT, "60", "120", "300"),
            unit="s",
            source=API,
        ),
        Flag(
            "bisect",
            False,
            "bisect on error",
            "BisectBatchOnFunctionError: a failed batch is split in two, and each half is tried.",
            source=ERRORS,
        ),
        Int(
            "parallelization",
            1,
            "parallelization factor",
            "How many batches of one shard may run at once.",
            minimum=1,
            maximum=10,
            source=API,
        ),
        Choice(
            "destination",
            NONE,
            "on-failure destination",
            "Where Lambda tells of records that it gives up: nowhere by default, an SQS queue, or an S3 bucket.",
            choices=(NONE, "queue", "bucket"),
            source=ERRORS,
        ),
        Int(
            "watched_min",
            4,
            "watched for",
            "How long the stream is watched.",
            unit="min",
            minimum=3,
            maximum=15,
        ),
    )
    differences = (
        "How long Lambda waits before it tries a batch again is an assumption: 1 s at first, at most a minute.",
        "On AWS a bad record blocks its shard until it leaves the stream, by default after a day; this run is shorter.",
        "The mapping begins at once here, where AWS takes up to some minutes.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """The stream, the mapping, trucks that report; at the end somebody looks for what was given up."""
        models = cloud.plane("lambda").models
        models.init_s, models.mapping_s, models.stream_backoff_s = INIT_S, 0, LONGEST_WAIT_S
        client, kinesis, sqs = (cloud.client(name) for name in ("lambda", "kinesis", "sqs"))
        drawing = sqs.create_queue(QueueName="map")["QueueUrl"]
        variables = {"WORK_S": str(p.work_s), "MAP": drawing}
        create(client, "draw", SOURCE, role(cloud), Timeout=900, Environment={"Variables": variables})
        kinesis.create_stream(StreamName="reports", ShardCount=p.shards)
        options: dict[str, Any] = {}
        if p.destination == "queue":
            sqs.create_queue(QueueName="unread")
            options["DestinationConfig"] = {"OnFailure": {"Destination": _arn(cloud, "sqs", "unread")}}
        elif p.destination == "bucket":
            cloud.client("s3").create_bucket(Bucket="unread")
            options["DestinationConfig"] = {"OnFailure": {"Destination": "arn:aws:s3:::unread"}}
        client.create_event_source_mapping(
            EventSourceArn=_arn(cloud, "kinesis", "stream/reports"),
            FunctionName="draw",
            StartingPosition="TRIM_HORIZON",
            BatchSize=p.batch_size,
            MaximumRetryAttempts=p.max_retries,
            MaximumRecordAgeInSeconds=int(p.max_record_age_s),
            BisectBatchOnFunctionError=p.bisect,
            ParallelizationFactor=p.parallelization,
            **options,
        )
        trucks = fleet(p.shards, p.trucks)
        bad = (BAD_ROUND, trucks[min(p.bad_at, p.trucks) - 1]) if p.bad_at else None

        def report() -> None:
            for turn in range(ROUNDS):
                records = [
                    {
                        "Data": json.dumps(
                            {
                                "number": turn * len(trucks) + place,
                                "position": None if (turn, truck) == bad else [turn, place],
                            }
                        ).encode(),
                        "PartitionKey": truck,
                    }
                    for place, truck in enumerate(trucks)
                ]
                kinesis.put_records(StreamName="reports", Records=records)
                time.sleep(EVERY_S)

        cloud.spawn(report, name="trucks", background=True)
        cloud.run(until=cloud.now + cloud.api_latency_s + 60 * p.watched_min)
        if p.destination == "queue":
            _look_up(kinesis, sqs, sqs.get_queue_url(QueueName="unread")["QueueUrl"])

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Who read which report when, and what became of it."""
        stream = followed(calls(trail), p.parallelization)
        watched_s = 60.0 * p.watched_min
        reports, drawn, given_up = stream.reports, stream.drawn, stream.given_up
        bad = stream.bad
        tries = stream.tries
        until_s = watched_s if stream.went_on_s is None else stream.went_on_s
        ages = [age for lane in stream.lanes for _, age in stream.ages(lane)]
        summary: dict[str, int | float | str] = {
            "reports": len(reports),
            "drawn": len(drawn),
            "drawn_again": sum(times > 1 for times in drawn.values()),
            "given_up": len(given_up),
            "good_given_up": sum(reports[number].readable for number in given_up),
            "told": len(stream.told),
            "found_again": len(stream.found & given_up),
            "waiting": len(stream.waiting),
            "held_trucks": len({reports[number].truck for number in stream.waiting}),
            "held_shards": len({reports[number].shard for number in stream.waiting}),
            "tries": len(tries),
            "tries_alone": sum(bad is not None and one.read == (bad.number,) for one in tries),
            "stood_still_s": round(until_s - tries[0].start_s, 1) if tries else 0.0,
            "oldest_s": round(max(ages, default=0.0), 1),
            "peak": stream.peak,
            "out_of_order": stream.out_of_order,
        }
        return Measured(stream, watched_s, summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A lane per shard, or per batch that may run beside others; the age of what is read below."""
        from helpers.sections.s21_lambda.experiments import stream_errors_picture

        return stream_errors_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def blocked(p: Values, m: Measured) -> Finding:
        """Nothing behind the bad report is drawn, and the other shards are not held up."""
        stream, bad = m.stream, m.stream.bad
        if bad is None or limited(p):
            return not_applicable("There is no bad report, or its tries are limited.")
        behind = {
            one.number for one in stream.reports.values() if one.shard == bad.shard and one.place > bad.place
        }
        past, others = len(behind & stream.drawn.keys()), len(stream.waiting - behind - {bad.number})
        said = (
            f"After {human(m.watched_s)} and {plural(len(stream.tries), 'try', 'tries')} "
            f"{len(behind) - past} of the {len(behind)} reports behind the bad one wait, {others} in other shards."
        )
        return false(said) if past or others else true(said)

    @staticmethod
    def whole(p: Values, m: Measured) -> Finding:
        """Without bisecting a batch is tried again, and given up, as a whole."""
        bad = m.stream.bad
        if bad is None or p.bisect or not m.stream.tries:
            return not_applicable("No batch failed, or failed ones are split.")
        tries = m.stream.tries
        whole = len({one.read for one in tries}) == 1
        size, before = len(tries[0].read), tries[0].read.index(bad.number)
        again, lost = int(m.summary["drawn_again"]), int(m.summary["good_given_up"])
        said = (
            f"A batch of {size} was tried {plural(len(tries), 'time')}: {plural(before, 'good report')} before the bad "
            "one came to the map each time"
        )
        if m.stream.went_on_s is not None:
            said += f", {lost} behind it never did" if lost else ", and none stood behind it"
        as_said = again == (before if len(tries) > 1 else 0)
        as_said &= lost == (size - before - 1 if m.stream.went_on_s is not None else 0)
        return true(f"{said}.") if whole and as_said else false(f"{said}; {again} were drawn again.")

    @staticmethod
    def only_bad(p: Values, m: Measured) -> Finding:
        """With bisecting and a finite number of retries the bad report alone is given up, after 1 + retries tries."""
        if m.stream.bad is None or not p.bisect:
            return not_applicable("There is no bad report, or failed batches are not split.")
        alone, good = int(m.summary["tries_alone"]), int(m.summary["good_given_up"])
        said = (
            f"The bad report was tried {plural(int(m.summary['tries']), 'time')}, {alone} of them alone; "
            f"{plural(good, 'good report was', 'good reports were')} given up, "
            f"{plural(int(m.summary['waiting']), 'report waits', 'reports wait')}."
        )
        isolated = m.summary["given_up"] == 1 and not good and not m.summary["waiting"]
        return (true if isolated and alone == 1 + p.max_retries else false)(said)

    @staticmethod
    def age(p: Values, m: Measured) -> Finding:
        """A record that gets too old is given up, and its shard goes on."""
        bad = m.stream.bad
        if bad is None or p.max_record_age_s == NO_LIMIT:
            return not_applicable(
                "There is no bad report, or records may get as old as the stream keeps them."
            )
        limit_s = int(p.max_record_age_s)
        last_s = max((one.start_s - bad.put_s for one in m.stream.tries), default=0.0)
        said = f"The last try of the bad report began {human(last_s)} after it was written"
        if last_s > limit_s or m.stream.went_on_s is None:
            return false(f"{said}, with a limit of {human(limit_s)}.")
        return true(f"{said}; it was given up after {human(m.stream.went_on_s - bad.put_s)}.")

    @staticmethod
    def order(p: Values, m: Measured) -> Finding:
        """Each truck's reports are drawn in order, whatever runs at once."""
        # Without a limit nothing is given up: what seems to be was passed by a later report of its truck.
        number = int(m.summary["out_of_order"]) + (0 if limited(p) else int(m.summary["given_up"]))
        said = f"{plural(int(m.summary['drawn']), 'report')} of {plural(p.shards * p.trucks, 'truck')} were drawn"
        if number:
            return false(f"{said}, but {number} after a later one of their truck, beside one, or never.")
        return true(
            f"{said}, each after the earlier ones of its truck; up to {m.summary['peak']} batches ran at once."
        )

    @staticmethod
    def peak(p: Values, m: Measured) -> Finding:
        """One batch a shard, times the parallelization factor."""
        most = p.shards * p.parallelization
        ran = plural(int(m.summary["peak"]), "batch", "batches")
        said = f"{ran} ran at once; {p.shards} × {p.parallelization} = {most} may."
        return true(said) if m.summary["peak"] <= most else false(said)

    @staticmethod
    def found(p: Values, m: Measured) -> Finding:
        """What is given up can be found again, with a destination."""
        number = int(m.summary["given_up"])
        if not number:
            return not_applicable("No report was given up.")
        again = int(m.summary["found_again"])
        where = {"queue": "in the stream, where the record in the queue points", "bucket": "in the bucket"}
        said = f"Of {plural(number, 'report')} given up {again} can be found again"
        if again == number and p.destination in where:
            return true(f"{said}, {where[p.destination]}.")
        return false(f"{said}.")


def limited(p: Values) -> bool:
    """Whether the tries of a bad report end, by number or by age."""
    return bool(p.max_retries >= 0 or p.max_record_age_s != NO_LIMIT)


def prompt(p: Values) -> bool:
    """Whether a shard's reports of one round are drawn well before the next round comes."""
    return bool(p.trucks * (p.work_s + 0.05) + 2 < EVERY_S)


def tried_out_s(p: Values) -> float:
    """When, at the latest, a bad report has had all its tries and what waited behind it is drawn, for a finite number
    of retries. Splits take no longer than three tries of the whole round.
    """
    round_s = p.trucks * (p.work_s + 0.05) + 1
    waits_s = sum(backoff_s(number, longest_s=LONGEST_WAIT_S) for number in range(1, p.max_retries + 1))
    return float(EVERY_S + (4 + p.max_retries + ROUNDS) * round_s + waits_s)


def ends(p: Values) -> bool:
    """Whether there is a bad report, and a finite number of retries ends its tries within the watch."""
    if not p.bad_at or p.max_retries < 0 or p.max_record_age_s != NO_LIMIT or not prompt(p):
        return False
    return bool(tried_out_s(p) <= 60 * p.watched_min)


def fleet(shards: int, trucks: int) -> list[str]:
    """Names of trucks, so many for each shard, shard by shard: a record's shard is where the MD5 of its key falls."""
    by_shard: list[list[str]] = [[] for _ in range(shards)]
    for number in count(1):
        name = f"truck {number:03}"
        place = int.from_bytes(hashlib.md5(name.encode(), usedforsecurity=False).digest(), "big")
        of_shard = by_shard[place * shards >> 128]
        if len(of_shard) < trucks:
            of_shard.append(name)
        if all(len(one) == trucks for one in by_shard):
            break
    return [name for one in by_shard for name in one]


def _arn(cloud: Cloud, service: str, name: str) -> str:
    return f"arn:aws:{service}:{cloud.region}:{cloud.account_id}:{name}"


def _look_up(kinesis: Any, sqs: Any, queue: str) -> None:
    """Read from the stream what the records in the queue point at."""
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get(
        "Messages"
    ):
        for message in messages:
            info = json.loads(message["Body"])["KinesisBatchInfo"]
            at = kinesis.get_shard_iterator(
                StreamName="reports",
                ShardId=info["shardId"],
                ShardIteratorType="AT_SEQUENCE_NUMBER",
                StartingSequenceNumber=info["startSequenceNumber"],
            )
            kinesis.get_records(ShardIterator=at["ShardIterator"])


StreamErrors.claims = (
    Claim(
        "blocked",
        "With the default settings one bad record blocks its shard: what stands behind it waits. Other shards go on.",
        ("lambda.stream.blocked", "lambda.stream.retry_all", "lambda.stream.iterator"),
        StreamErrors.blocked,
        "neither retries nor age are limited, one batch of a shard runs at a time, and the function keeps up",
        lambda p: bool(p.bad_at) and not limited(p) and p.parallelization == 1 and prompt(p),
    ),
    Claim(
        "whole",
        "A failed batch is tried again as a whole, records that had worked included, and given up as a whole.",
        ("lambda.stream.retry_all", "lambda.stream.options"),
        StreamErrors.whole,
        "failed batches are not split, one batch of a shard runs at a time, and the function keeps up",
        lambda p: (
            bool(p.bad_at)
            and not p.bisect
            and p.parallelization == 1
            and prompt(p)
            and (not limited(p) or ends(p))
        ),
    ),
    Claim(
        "only_bad",
        "With bisecting and finite retries only the bad record is given up: splitting uses up no retries.",
        ("lambda.stream.bisect", "lambda.stream.options"),
        StreamErrors.only_bad,
        "failed batches are split, retries are finite, and they end within the watch",
        lambda p: p.bisect and ends(p),
    ),
    Claim(
        "age",
        "Without a limit of retries a bad record is tried until it has reached the maximum age, and then given up.",
        ("lambda.stream.options", "lambda.stream.blocked"),
        StreamErrors.age,
        "the age is limited and the retries are not, and the bad record gets that old within the watch",
        lambda p: (
            bool(p.bad_at)
            and p.max_retries < 0
            and p.max_record_age_s != NO_LIMIT
            and prompt(p)
            and 60 * p.watched_min >= int(p.max_record_age_s) + 4 * EVERY_S
        ),
    ),
    Claim(
        "order",
        "The reports of each truck are drawn in order, even when several batches of a shard run at once.",
        ("lambda.stream.parallel_order", "lambda.stream.iterator"),
        StreamErrors.order,
        "always",
        lambda p: True,
    ),
    Claim(
        "peak",
        "At most shards × parallelization factor batches run at once.",
        ("lambda.scale.stream", "lambda.stream.parallel"),
        StreamErrors.peak,
        "always",
        lambda p: True,
    ),
    Claim(
        "found",
        "With an on-failure destination what is given up can be found again.",
        ("lambda.stream.discard_dest", "lambda.dest.esm"),
        StreamErrors.found,
        "there is a destination, and the tries end within the watch",
        lambda p: p.destination != NONE and ends(p) and (p.bisect or p.parallelization == 1),
    ),
)

StreamErrors.scenes = (
    Scene(
        "blocked",
        "A report without a position",
        {"bad_at": 0},
        "16 trucks report to a stream of two shards, and a function draws each report on a map.",
        Prediction(
            "One report of the second round has no position now, and the function raises an error. What comes of it?",
            (
                Option(
                    "shard",
                    "Its shard stands still, and the trucks of the other go on",
                    None,
                    "Lambda keeps the order of a shard: it tries the batch again, and what stands behind it waits.",
                    right=True,
                    true_if=lambda p, m: (
                        m.summary["held_shards"] == 1 and m.summary["held_trucks"] == p.trucks
                    ),
                ),
                Option(
                    "stream",
                    "The whole stream stands still, until that report is out of it",
                    "bad_record_stops_the_stream",
                    "Each shard is read on its own, and order holds within a shard only.",
                    true_if=lambda p, m: m.summary["held_shards"] == p.shards,
                ),
                Option(
                    "thrice",
                    "After its third try the batch is given up, and its shard goes on",
                    "stream_retries_like_async",
                    "Three tries are for asynchronous events. A mapping has no limit of retries unless one is set.",
                    true_if=lambda p, m: m.summary["tries"] == 3,
                ),
                Option(
                    "skip",
                    "That report alone is left out, and all the other ones are drawn",
                    "lambda_skips_a_bad_record",
                    "Lambda knows that the batch failed, and not which of its records was to blame.",
                    true_if=lambda p, m: m.summary["drawn"] == m.summary["reports"] - 1,
                ),
            ),
        ),
        {"bad_at": 5},
        ("bad_at", "shards", "watched_min"),
        "blocked",
        (
            "lambda.stream.blocked",
            "lambda.stream.retry_all",
            "lambda.stream.iterator",
            "lambda.stream.options",
        ),
    ),
    Scene(
        "retries",
        "Two retries",
        {"destination": "queue"},
        "The map of eight trucks stands still. Somebody limits the retries of the mapping.",
        Prediction(
            "The mapping has 2 retries now. How many good reports are given up together with the bad one?",
            number="good_given_up",
            unit="reports",
            tolerance=0,
            reply="3: the batch is given up as a whole. The 4 before the bad one were drawn in each try.",
        ),
        {"max_retries": 2},
        ("max_retries", "bad_at", "destination"),
        "whole",
        ("lambda.stream.retry_all", "lambda.stream.options", "lambda.stream.discard_dest", "lambda.dest.esm"),
    ),
    Scene(
        "bisect",
        "Splitting the batch",
        {"max_retries": 2, "destination": "queue"},
        "Good reports were given up beside the bad one. The team sets BisectBatchOnFunctionError.",
        Prediction(
            "A failed batch is split in two now. With 2 retries, what is given up of the batch of eight?",
            (
                Option(
                    "one",
                    "The bad report alone, however many splits it takes",
                    None,
                    "Splits use up no retries: three of them leave the bad report alone, which is tried 1 + 2 times.",
                    right=True,
                    true_if=lambda p, m: m.summary["given_up"] == 1,
                ),
                Option(
                    "two",
                    "Two reports, since two retries are two splits of eight",
                    "bisecting_uses_up_retries",
                    "A split is no retry. They are counted once there is nothing left to split.",
                    true_if=lambda p, m: m.summary["given_up"] == 2,
                ),
                Option(
                    "half",
                    "The four in the half that holds the bad report",
                    "batch_is_split_once",
                    "A half that fails is split again, down to a single report.",
                    true_if=lambda p, m: m.summary["given_up"] == 4,
                ),
            ),
        ),
        {"bisect": True},
        ("bisect", "max_retries", "bad_at"),
        "only_bad",
        ("lambda.stream.bisect", "lambda.stream.options", "lambda.stream.discard_dest"),
    ),
    Scene(
        "parallel",
        "Four batches at once",
        {},
        "The bad report blocks its shard. The team hopes for the parallelization factor.",
        Prediction(
            "The factor becomes 4. Whose reports wait behind the bad one?",
            (
                Option(
                    "shard",
                    "Those of all eight trucks in its shard, so that order holds",
                    "order_holds_for_the_shard",
                    "With a factor above 1 order holds for each key only, so batches of other trucks may pass.",
                    true_if=lambda p, m: m.summary["held_trucks"] == p.trucks,
                ),
                Option(
                    "batch",
                    "Those of the trucks whose reports take the same turn",
                    None,
                    "The keys of a shard are dealt out over four turns of batches. One of them stands still.",
                    right=True,
                    true_if=lambda p, m: 1 < m.summary["held_trucks"] < p.trucks,
                ),
                Option(
                    "truck",
                    "Those of the truck that sent it, as order holds for a key",
                    "each_key_has_a_batch_of_its_own",
                    "Several keys share the batches of one turn, and wait with it.",
                    true_if=lambda p, m: m.summary["held_trucks"] == 1,
                ),
            ),
        ),
        {"parallelization": 4},
        ("parallelization", "trucks", "shards"),
        "order",
        (
            "lambda.stream.parallel_order",
            "lambda.stream.parallel",
            "lambda.scale.stream",
            "lambda.stream.blocked",
        ),
    ),
    Scene(
        "goal",
        "Nothing lost, nobody held up",
        {},
        "No good report may be lost or come 60 s late, and somebody wants to look at the bad one tomorrow.",
        Prediction(
            "Only BisectBatchOnFunctionError is set. What becomes of the shard?",
            (
                Option(
                    "free",
                    "It goes on, as the bad report is split off and left out",
                    "bisecting_skips_the_bad_record",
                    "It is split off, and then tried without end: nothing tells Lambda to give it up.",
                    true_if=lambda p, m: m.summary["waiting"] == 0,
                ),
                Option(
                    "blocked",
                    "It stands still, now behind one report instead of eight",
                    None,
                    "Splitting finds the bad report. Only a limit of retries or of age gives it up.",
                    right=True,
                    true_if=lambda p, m: m.summary["waiting"] > p.trucks and m.summary["tries_alone"] > 1,
                ),
                Option(
                    "whole",
                    "It stands still as before: with no retries set nothing is split",
                    "bisecting_needs_retries",
                    "A batch is split at once when it fails, whatever the limit of retries is.",
                    true_if=lambda p, m: m.summary["waiting"] > p.trucks and m.summary["tries_alone"] == 0,
                ),
            ),
        ),
        {"bisect": True},
        (),
        "blocked",
        (
            "lambda.stream.bisect",
            "lambda.stream.blocked",
            "lambda.stream.options",
            "lambda.stream.parallel_order",
        ),
        Goal(
            "Every good report is drawn and was read within 60 s, and the bad one can be found again.",
            lambda p, m: (
                p.shards >= 2
                and p.trucks >= 8
                and m.summary["given_up"] == 1
                and m.summary["good_given_up"] == 0
                and m.summary["waiting"] == 0
                and m.summary["oldest_s"] <= 60
                and m.summary["found_again"] == 1
            ),
            {"bisect": True, "max_retries": 1, "destination": "queue"},
        ),
    ),
)
