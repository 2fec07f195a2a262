"""What one bad record does to the shard of a stream, and what retries, splitting and age change about it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

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
from helpers.experiments.pictures import human
from helpers.sections.s21_lambda.experiments.reading import GUIDE, create, executions, role

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

PARAMETERS = GUIDE + "services-ddb-params.html"
ERRORS = GUIDE + "services-dynamodb-errors.html"
AFTER_S = 240  # how long the run goes on after the last record
KEYS = 6
NONE = "none"
SOURCE = """
import os
import time

import boto3

sqs = boto3.client("sqs")


def handler(event, context):
    for record in event["Records"]:
        reading = record["dynamodb"]["NewImage"]
        time.sleep(float(os.environ["WORK_S"]))
        if reading["bad"]["BOOL"]:
            raise ValueError("cannot read this reading")
        sqs.send_message(QueueUrl=os.environ["CHARTS"], MessageBody=reading["number"]["N"])
"""


class Record(NamedTuple):
    """A record of the stream: its number in the order of writing, its key, its shard, and when it was written; when it
    first was in a chart (None: never), and when it was given up before that (None: it was not).
    """

    number: int
    key: str
    shard: int
    written_s: float
    done_s: float | None
    given_up_s: float | None


class Batch(NamedTuple):
    """One run of the function: the shard, the first record and how many, and whether it failed."""

    shard: int
    first: int
    records: int
    start_s: float
    end_s: float
    failed: bool


@dataclass(frozen=True)
class Measured:
    """What the trail shows, in seconds since the first write; `records` in the order of writing."""

    records: tuple[Record, ...]
    batches: tuple[Batch, ...]
    bad: Record | None
    end_s: float
    summary: dict[str, int | float | str]

    @property
    def given_up(self) -> tuple[Record, ...]:
        """The records that were discarded."""
        return tuple(one for one in self.records if one.given_up_s is not None)

    def age_s(self, shard: int, at_s: float) -> float:
        """How old the oldest record of the shard is that has not been dealt with."""
        left = [
            one.written_s
            for one in self.records
            if one.shard == shard
            and one.written_s <= at_s
            and not any(over_s is not None and over_s <= at_s for over_s in (one.done_s, one.given_up_s))
        ]
        return at_s - min(left, default=at_s)


class StreamErrors(Experiment):
    """Sensor readings in a table, and a function that reads its stream; see the module."""

    id = "21_lambda.stream_errors"
    title = "One bad record in a stream"
    question = "What does one bad record do to a shard, and how does it get out of the way?"
    parameters = (
        Int(
            "records",
            40,
            "records",
            "Readings that are written to the table, one after the other.",
            minimum=2,
            maximum=120,
        ),
        Float(
            "every_s",
            1,
            "one record every",
            "Time between two readings.",
            unit="s",
            minimum=0.5,
            maximum=10,
            step=0.5,
            assumption=True,
        ),
        Int(
            "bad_at",
            12,
            "the bad record",
            "The number of the reading for which the function always fails; 0 for none.",
            minimum=0,
            maximum=120,
            assumption=True,
        ),
        Int(
            "shards",
            2,
            "shards",
            "Shards of the stream. DynamoDB chooses their number by itself; in Kinesis you do.",
            minimum=1,
            maximum=4,
            assumption=True,
        ),
        Int(
            "batch_size",
            10,
            "batch size",
            "The most records that one invocation gets; 100 by default.",
            minimum=1,
            maximum=100,
            source=PARAMETERS,
        ),
        Int(
            "window_s",
            10,
            "batching window",
            "How long Lambda gathers records before it invokes the function; 0 by default.",
            unit="s",
            minimum=0,
            maximum=60,
            source=PARAMETERS,
        ),
        Int(
            "max_retries",
            -1,
            "maximum retry attempts",
            "MaximumRetryAttempts: -1, the default, stands for no limit.",
            minimum=-1,
            maximum=10,
            source=PARAMETERS,
        ),
        Flag(
            "bisect",
            False,
            "split a failed batch",
            "BisectBatchOnFunctionError: try the two halves of a batch that failed.",
            source=ERRORS,
        ),
        Choice(
            "max_record_age_s",
            NONE,
            "maximum record age",
            "MaximumRecordAgeInSeconds: none (-1) is the default; then the stream's retention is the limit.",
            unit="s",
            choices=(NONE, "60", "90", "120", "180"),
            source=PARAMETERS,
        ),
        Int(
            "parallelization",
            1,
            "parallelization factor",
            "How many batches of a shard are processed at once.",
            minimum=1,
            maximum=10,
            source=PARAMETERS,
        ),
        Float(
            "work_s",
            0.5,
            "work",
            "How long the function works on one record.",
            unit="s",
            minimum=0,
            maximum=2,
            step=0.1,
            assumption=True,
        ),
    )
    differences = (
        "The stream is that of a DynamoDB table; a Kinesis stream is read in the same way, and keeps records longer.",
        "How many shards a DynamoDB stream has is AWS's affair; here it is a parameter.",
        "AWS does not publish how long it waits between attempts: 1 s, doubled up to 60 s here.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """Write the readings, and let the mapping read them until four minutes after the last one."""
        client, dynamodb, sqs = (cloud.client(name) for name in ("lambda", "dynamodb", "sqs"))
        cloud.plane("dynamodb").models.stream_shards = p.shards
        models = cloud.plane("lambda").models
        models.mapping_s, models.init_s = 0, 0.2
        lost, charts = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("unreadable", "charts"))
        dynamodb.create_table(
            TableName="readings",
            KeySchema=[{"AttributeName": "sensor", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "sensor", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
        stream = dynamodb.describe_table(TableName="readings")["Table"]["LatestStreamArn"]
        variables = {"WORK_S": str(p.work_s), "CHARTS": charts}
        create(client, "chart", SOURCE, role(cloud), Timeout=300, Environment={"Variables": variables})
        client.create_event_source_mapping(
            EventSourceArn=stream,
            FunctionName="chart",
            StartingPosition="TRIM_HORIZON",
            BatchSize=p.batch_size,
            MaximumBatchingWindowInSeconds=p.window_s,
            MaximumRetryAttempts=p.max_retries,
            MaximumRecordAgeInSeconds=-1 if p.max_record_age_s == NONE else int(p.max_record_age_s),
            BisectBatchOnFunctionError=p.bisect,
            ParallelizationFactor=p.parallelization,
            DestinationConfig={"OnFailure": {"Destination": _arn(cloud, lost)}},
        )

        def write() -> None:
            for number in range(1, p.records + 1):
                reading = {
                    "sensor": {"S": f"sensor-{number % KEYS}"},
                    "number": {"N": str(number)},
                    "bad": {"BOOL": number == p.bad_at},
                }
                dynamodb.put_item(TableName="readings", Item=reading)
                time.sleep(max(0.0, p.every_s - cloud.api_latency_s))

        cloud.spawn(write, name="sensors", background=True)
        cloud.run(until=cloud.now + p.records * p.every_s + AFTER_S)

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Which record lies in which shard, from what the pollers read; what became of it, from messages sent."""
        rows = calls(trail)
        written = [row.end_s for row in rows if row.operation == "PutItem"]
        begin_s = written[0]
        places = _places(rows)
        done = _done(rows, begin_s)
        kept = _kept(rows, places, begin_s)
        records = tuple(
            sorted(
                Record(
                    number,
                    f"sensor-{number % KEYS}",
                    shard,
                    written[number - 1] - begin_s,
                    done.get(number),
                    None if number in done else kept.get(number),
                )
                for shard, number in places.values()
            )
        )
        held = {row.parameters["RequestId"]: row.parameters for row in rows if row.operation == "Invocation"}
        batches = tuple(
            Batch(
                *places[held[run.request_id]["FirstRecord"]],
                held[run.request_id]["Records"],
                run.start_s - begin_s,
                run.end_s - begin_s,
                bool(run.error),
            )
            for run in executions(rows)
        )
        bad = next((one for one in records if one.number == p.bad_at), None)
        given_up = [one for one in records if one.given_up_s is not None]
        delays = [one.done_s - one.written_s for one in records if one.done_s is not None]
        end_s = p.records * p.every_s + AFTER_S
        summary: dict[str, int | float | str] = {
            "records": p.records,
            "done": sum(one.done_s is not None for one in records),
            "given_up": len(given_up),
            "good_given_up": sum(one.number != p.bad_at for one in given_up),
            "waiting": p.records
            - sum(one.done_s is not None or one.given_up_s is not None for one in records),
            "runs": len(batches),
            "failed_runs": sum(one.failed for one in batches),
            "tries_of_bad": sum(one.failed for one in batches),  # nothing else makes a run fail
            "longest_delay_s": round(max(delays, default=0.0), 1),
            "out_of_order": _out_of_order(records),
        }
        return Measured(records, batches, bad, float(end_s), summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A lane per shard (and batch at once); the age of the oldest waiting record below."""
        from helpers.sections.s21_lambda.experiments import stream_errors_picture

        return stream_errors_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def blocked(p: Values, m: Measured) -> Finding:
        """Without limits the shard of the bad record stands still, and the others go on."""
        if m.bad is None or p.max_retries != -1 or p.max_record_age_s != NONE:
            return not_applicable("No record is bad, or retries or age are limited.")
        others = [one for one in m.records if one.shard != m.bad.shard]
        late = [one for one in others if one.done_s is None]
        behind = [one for one in m.records if one.shard == m.bad.shard and one.number >= m.bad.number]
        passed = [one for one in behind if one.done_s is not None]
        said = (
            f"Record {m.bad.number} was tried {m.summary['tries_of_bad']} times; {len(behind)} records of its shard "
            f"wait, and {len(others) - len(late)} of {len(others)} in other shards are done"
        )
        return (true if not late and not passed else false)(f"{said}.")

    @staticmethod
    def only_bad(p: Values, m: Measured) -> Finding:
        """Split, with a number of retries: only the bad record is given up."""
        if m.bad is None or not p.bisect or p.max_retries == -1:
            return not_applicable("There is no bad record, no splitting, or no limit of retries.")
        numbers = [one.number for one in m.given_up]
        said = f"Given up: {', '.join(map(str, numbers)) or 'nothing'}; {m.summary['done']} records are done"
        return (true if numbers == [m.bad.number] and not m.summary["waiting"] else false)(f"{said}.")

    @staticmethod
    def split_is_free(p: Values, m: Measured) -> Finding:
        """Splitting uses up no retries, so without a limit the bad record alone still blocks its shard."""
        if m.bad is None or not p.bisect or p.max_retries != -1 or p.max_record_age_s != NONE:
            return not_applicable("There is no bad record, no splitting, or there is a limit.")
        last = [one for one in m.batches if one.shard == m.bad.shard and one.failed][-1]
        said = f"The last failed run held {plural(last.records, 'record')}; {m.summary['waiting']} records still wait"
        alone = last.records == 1 and last.first == m.bad.number
        return (true if alone and not m.given_up and m.bad.done_s is None else false)(f"{said}.")

    @staticmethod
    def aged(p: Values, m: Measured) -> Finding:
        """What is older than the maximum record age is given up, and the shard goes on."""
        if m.bad is None or p.max_record_age_s == NONE or p.max_retries != -1:
            return not_applicable(
                "There is no bad record, no age limit, or a limit of retries that comes first."
            )
        tried_s = [one.start_s for one in m.batches if one.failed and one.first <= m.bad.number]
        last_s = max(tried_s, default=m.bad.written_s)
        oldest_s = min((one.written_s for one in m.given_up), default=m.bad.written_s)
        said = (
            f"{plural(len(m.given_up), 'record')} given up, last tried {human(last_s - oldest_s)} after the"
        )
        if (
            m.bad.given_up_s is None
            or m.summary["waiting"]
            or last_s - m.bad.written_s > int(p.max_record_age_s)
        ):
            return false(f"{said} oldest was written, and {m.summary['waiting']} records wait.")
        return true(f"{said} oldest was written, and all others are done.")

    @staticmethod
    def order(p: Values, m: Measured) -> Finding:
        """The records of a key are done in their order."""
        wrong = int(m.summary["out_of_order"])
        if wrong:
            return false(f"{plural(wrong, 'record')} were done before an earlier one of the same sensor.")
        return true(
            f"The readings of each of the {KEYS} sensors were done in the order in which they were written."
        )


def _arn(cloud: Cloud, queue_url: str) -> str:
    return f"arn:aws:sqs:{cloud.region}:{cloud.account_id}:{queue_url.rpartition('/')[2]}"


def _places(rows: list[CallRow]) -> dict[str, tuple[int, int]]:
    """Sequence number -> the shard (from 0) and the number of the reading, from what the pollers read."""
    shards: dict[str, int] = {}
    reads: dict[str, int] = {}
    found: dict[str, tuple[int, int]] = {}
    for row in rows:
        if row.operation == "GetShardIterator" and row.service == "dynamodbstreams":
            reads[row.actor] = shards.setdefault(row.parameters["ShardId"], len(shards))
        elif row.operation == "GetRecords":
            for record in row.response.get("Records", ()):
                image = record["dynamodb"]
                found[image["SequenceNumber"]] = reads[row.actor], int(image["NewImage"]["number"]["N"])
    return found


def _done(rows: list[CallRow], begin_s: float) -> dict[int, float]:
    """When each reading first was in a chart."""
    done: dict[int, float] = {}
    for row in rows:
        if row.operation == "SendMessage" and row.actor.startswith("chart-"):
            done.setdefault(int(row.parameters["MessageBody"]), row.end_s - begin_s)
    return done


def _kept(rows: list[CallRow], places: dict[str, tuple[int, int]], begin_s: float) -> dict[int, float]:
    """When the on-failure destination got a message that covers a reading."""
    kept: dict[int, float] = {}
    for row in rows:
        if row.operation == "SendMessage" and row.actor == "lambda":
            batch: dict[str, Any] = json.loads(row.parameters["MessageBody"])["DDBStreamBatchInfo"]
            first, last = (places[batch[f"{end}SequenceNumber"]] for end in ("start", "end"))
            for shard, number in places.values():
                if shard == first[0] and first[1] <= number <= last[1]:
                    kept.setdefault(number, row.end_s - begin_s)
    return kept


def _out_of_order(records: tuple[Record, ...]) -> int:
    """Records that were done before an earlier one of their key that was done, too."""
    wrong, latest = 0, dict[str, float]()
    for one in records:
        if one.done_s is not None:
            wrong += one.done_s < latest.get(one.key, 0.0)
            latest[one.key] = max(latest.get(one.key, 0.0), one.done_s)
    return wrong


def _bad(p: Values) -> bool:
    return bool(0 < p.bad_at <= p.records)


StreamErrors.claims = (
    Claim(
        "blocked",
        "With the default settings one bad record blocks its shard, and the other shards go on.",
        ("lambda.stream.blocked", "lambda.stream.retry_all"),
        StreamErrors.blocked,
        "there is a bad record, and neither retries nor age are limited",
        lambda p: _bad(p) and p.max_retries == -1 and p.max_record_age_s == NONE and p.parallelization == 1,
    ),
    Claim(
        "only_bad",
        "With splitting and a number of retries only the bad record is given up.",
        ("lambda.stream.bisect", "lambda.stream.discard_dest"),
        StreamErrors.only_bad,
        "a failed batch is split, retries are few, and age is not limited",
        lambda p: (
            _bad(p)
            and p.bisect
            and 0 <= p.max_retries <= 3
            and p.max_record_age_s == NONE
            and p.parallelization == 1
            and p.batch_size <= 20
        ),
    ),
    Claim(
        "split_is_free",
        "Splitting uses up no retries: without a limit the bad record, alone by then, still blocks its shard.",
        ("lambda.stream.bisect", "lambda.stream.blocked"),
        StreamErrors.split_is_free,
        "a failed batch is split, and neither retries nor age are limited",
        lambda p: (
            _bad(p)
            and p.bisect
            and p.max_retries == -1
            and p.max_record_age_s == NONE
            and p.parallelization == 1
            and p.batch_size <= 20
        ),
    ),
    Claim(
        "aged",
        "A record that is older than the maximum record age is given up, and its shard goes on.",
        ("lambda.stream.options", "lambda.stream.discard_dest"),
        StreamErrors.aged,
        "age is limited, and retries are not",
        lambda p: (
            _bad(p)
            and p.max_record_age_s in ("60", "90")
            and p.max_retries == -1
            and p.parallelization == 1
            and p.batch_size <= 20
            and p.work_s <= 0.5
            and p.every_s >= 1
        ),
    ),
    Claim(
        "order",
        "The records of a key are processed in their order, also with several batches at once.",
        ("lambda.stream.parallel_order", "lambda.stream.iterator"),
        StreamErrors.order,
        "always",
        lambda p: True,
    ),
)

StreamErrors.scenes = (
    Scene(
        "blocked",
        "One reading that cannot be read",
        {"bad_at": 0},
        "A function draws charts from the stream of a table with sensor readings. All settings are defaults.",
        Prediction(
            "Reading 12 makes the function fail, every time. What becomes of the other 39?",
            (
                Option(
                    "all_done",
                    "They are done, as the bad one is skipped after three tries",
                    "stream_gives_up_after_three",
                    "By default a mapping of a stream does not give up: there is no limit of attempts.",
                    true_if=lambda p, m: m.summary["done"] >= m.summary["records"] - 1,
                ),
                Option(
                    "shard",
                    "Those in its shard wait behind it, the others are done",
                    None,
                    "Order per shard is kept: nothing passes the batch that fails. Other shards know nothing of it.",
                    right=True,
                    true_if=lambda p, m: 0 < m.summary["waiting"] < 38 and m.summary["given_up"] == 0,
                ),
                Option(
                    "none",
                    "None of them is done, as the mapping stops at an error",
                    "error_stops_the_stream",
                    "Each shard is read by itself, and what came before was done.",
                    true_if=lambda p, m: m.summary["done"] < 11,
                ),
            ),
        ),
        {"bad_at": 12},
        ("bad_at", "shards"),
        "blocked",
        ("lambda.stream.blocked", "lambda.stream.retry_all", "lambda.stream.iterator", "lambda.esm.polling"),
    ),
    Scene(
        "retries",
        "Give up after two",
        {},
        "The shard is stuck. Somebody limits the retries, and sets an on-failure destination.",
        Prediction(
            "MaximumRetryAttempts 2. Which readings are given up?",
            (
                Option(
                    "bad",
                    "Only the bad one: the function failed for no other",
                    "stream_knows_the_bad_record",
                    "Lambda sees a batch that failed. Which of its records did it, it cannot know.",
                    true_if=lambda p, m: m.summary["given_up"] == 1,
                ),
                Option(
                    "batch",
                    "All those in the batch, with good ones among them",
                    None,
                    "The batch is tried three times and discarded as a whole; the record of it says where it lies.",
                    right=True,
                    true_if=lambda p, m: 1 < m.summary["given_up"] < 15,
                ),
                Option(
                    "shard",
                    "All that are in its shard from then on",
                    "giving_up_drops_the_shard",
                    "After the batch was given up, the shard goes on with the next one.",
                    true_if=lambda p, m: m.summary["given_up"] >= 15,
                ),
            ),
        ),
        {"max_retries": 2},
        ("max_retries", "batch_size"),
        "blocked",
        ("lambda.stream.options", "lambda.stream.discard_dest", "lambda.stream.retry_all"),
    ),
    Scene(
        "bisect",
        "Split it",
        {"max_retries": 2},
        "Good readings were given up with the bad one. BisectBatchOnFunctionError splits a failed batch in two.",
        Prediction(
            "Failed batches are split. How many readings are given up now?",
            number="given_up",
            unit="readings",
            tolerance=0,
            reply="One. Each half is tried by itself; the good halves succeed, until the bad record stands alone.",
        ),
        {"bisect": True},
        ("bisect", "max_retries", "batch_size"),
        "only_bad",
        ("lambda.stream.bisect", "lambda.stream.discard_dest", "lambda.stream.partial"),
    ),
    Scene(
        "alone",
        "Split it, and never give up",
        {"max_retries": 2, "bisect": True},
        "No reading should ever be lost. Is splitting enough to get past a bad one?",
        Prediction(
            "The limit of retries is taken away, splitting stays on. What happens to the shard?",
            (
                Option(
                    "goes_on",
                    "It goes on, since splitting isolates the bad reading",
                    "bisect_skips_the_bad_record",
                    "It does isolate it, and then tries it for ever: isolating is not giving up.",
                    true_if=lambda p, m: m.summary["waiting"] == 0,
                ),
                Option(
                    "uses_up",
                    "It goes on, as each split uses up one of the retries",
                    "bisect_uses_up_retries",
                    "Splits are no retries, and of retries there is no limit here.",
                    true_if=lambda p, m: m.summary["given_up"] > 0,
                ),
                Option(
                    "blocked",
                    "It waits behind the bad reading, alone in its batch",
                    None,
                    "What stood before it is done; what stands behind it waits, up to the retention of the stream.",
                    right=True,
                    true_if=lambda p, m: m.summary["waiting"] > 0 and m.summary["given_up"] == 0,
                ),
            ),
        ),
        {"max_retries": -1},
        ("max_retries", "bisect", "max_record_age_s"),
        "split_is_free",
        ("lambda.stream.bisect", "lambda.stream.blocked", "lambda.stream.options"),
    ),
    Scene(
        "goal",
        "Charts that are never old",
        {"batch_size": 20, "every_s": 1, "parallelization": 2},
        "A chart must not be older than a minute, whatever comes in. Only what is really bad may be missing.",
        Prediction(
            "Records are given up at an age of 60 s. How many good readings are given up with the bad one?",
            number="good_given_up",
            unit="readings",
            tolerance=6,
            reply="All that were in its batches and grew too old meanwhile: an age limit knows no good or bad.",
        ),
        {"max_record_age_s": "60"},
        (),
        "order",
        (
            "lambda.stream.parallel_order",
            "lambda.stream.parallel",
            "lambda.stream.options",
            "lambda.stream.bisect",
        ),
        Goal(
            "40 readings, one a second: every good one is done within 60 s of its writing, and none is given up.",
            lambda p, m: (
                _bad(p)
                and p.records >= 40
                and p.every_s <= 1
                and m.summary["good_given_up"] == 0
                and m.summary["waiting"] == 0
                and m.summary["longest_delay_s"] <= 60
            ),
            {"bisect": True, "max_retries": 1},
        ),
    ),
)
