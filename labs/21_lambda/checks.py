"""Lab 21: the orders of a printer of photo books, worked on by Lambda functions.

Each `draw_<task>` draws a need, each `examine_<task>` lets the student's functions build a system in a fresh account,
sends work in, and looks at what happened under virtual time.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from helpers.cloud import Call, ServiceError
from helpers.dataplane import policy
from helpers.dataplane.awslambda.limits import MEMORY_OF_A_VCPU_MB
from helpers.dataplane.awslambda.package import zipped
from helpers.experiments.calls import CallRow
from helpers.experiments.prices import PRICES
from helpers.labs import Bench, Finding, Need, NotAttempted, StudentError, Trial, crashed, failed, passed

Findings = Iterator[tuple[str, Finding]]

TIMED_OUT = "Sandbox.Timedout"
THROTTLED = "TooManyRequestsException"
TOLERANCE_S = 2  # a call or two, and the poll that finds a message


# ---- what several tasks need


def _name(draw: random.Random, *words: str) -> str:
    """A name that no other seed has, and that no sentence uses."""
    return f"{draw.choice(words)}-{draw.randrange(100, 1000)}"


def _role(trial: Trial) -> str:
    """The ARN of a new execution role."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = trial.cloud.ask(
        "iam", "CreateRole", {"RoleName": "functions", "AssumeRolePolicyDocument": document}
    )
    return str(made["Role"]["Arn"])


def _create(client: Any, role: str, name: str, source: str, **settings: Any) -> str:
    """A new function with the source text of one module as code. Its ARN."""
    made = client.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler="lambda_function.handler",
        Code={"ZipFile": zipped(source)},
        **settings,
    )
    return str(made["FunctionArn"])


def _runs(rows: Iterable[CallRow], since_s: float = 0) -> list[CallRow]:
    """The runs of handlers that are over and began at `since_s` or later. Attempts that were throttled are none."""
    return [
        row
        for row in rows
        if row.operation == "Invocation" and row.actor == "lambda" and row.response and row.start_s >= since_s
    ]


def _duration_s(run: CallRow) -> float:
    return float(run.response["DurationMs"]) / 1000


def _text(value: Any, key: str = "") -> str:
    """The text that the student's function returned, or that stands under `key` in it; empty if there is none."""
    if key:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _all(checks: str, finding: Finding) -> Findings:
    yield from ((check, finding) for check in checks.split())


# ---- deploy

LAYOUT = """
import os
import time


def handler(event, context):
    vcpus = min(1, int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) / 1769)
    time.sleep(event["wait_s"] + event["compute_vcpu_s"] / vcpus)
    return "{build}"
"""


def _order_s(need: Need, memory_mb: float) -> float:
    """How long an ordinary order takes, with one thread (DG/configuration-memory.html)."""
    return float(need["wait_s"] + need["compute_vcpu_s"] * max(1, MEMORY_OF_A_VCPU_MB / memory_mb))


def _usd(run_s: float, memory_mb: float) -> float:
    """What 100,000 runs cost, without the price of the requests."""
    return run_s * memory_mb / 1024 * PRICES["Lambda GB-second"].usd_per_million / 10


def draw_deploy(draw: random.Random) -> Need:
    """Time and money leave a window of memory, the largest order and the hanging run one of the timeout."""
    memory_mb = draw.randrange(448, 1473, 64)
    largest_s = draw.randrange(60, 780, 15)
    need = {
        "function": _name(draw, "binder", "layout", "folio"),
        "alias": _name(draw, "shop", "counter", "front"),
        "compute_vcpu_s": draw.choice((2, 3, 4, 5)),
        "wait_s": draw.choice((3, 4, 5, 6)),
        "largest_s": largest_s,
        "stopped_within_s": largest_s + max(10, largest_s // 6),
    }
    within_s = math.ceil(10 * _order_s(need, 0.94 * memory_mb)) / 10
    usd = math.ceil(10 * _usd(_order_s(need, 1.08 * memory_mb), 1.08 * memory_mb)) / 10
    return {**need, "done_within_s": within_s, "usd_per_100000": usd}


def examine_deploy(bench: Bench, need: Need) -> Findings:
    """Orders are sent to the ARN that was returned, then the function is changed, then the alias is moved."""
    builds = [f"{bench.random.getrandbits(48):012x}" for _ in range(2)]
    with bench.trial() as trial:
        client = trial.client("lambda")
        sources = [LAYOUT.format(build=build) for build in builds]
        code = zipped(sources[0])
        arn = _text(trial.student.call("deploy", client, _role(trial), code, need))
        if not arn:
            yield from _all("ends size frozen moves", failed("deploy returned no ARN, so nobody can call."))
            return

        def answer(wait_s: float = 0.1, compute_vcpu_s: float = 0) -> Any:
            event = json.dumps({"wait_s": wait_s, "compute_vcpu_s": compute_vcpu_s})
            try:
                return json.loads(client.invoke(FunctionName=arn, Payload=event)["Payload"].read())
            except ClientError:
                return None

        since_s = trial.cloud.now  # deploy may have tried its function out
        answer(need["wait_s"], need["compute_vcpu_s"])
        answer(need["largest_s"] - 0.5)
        answer(100_000)
        runs = _runs(trial.rows, since_s)
        if len(runs) < 3:
            refused = failed("The ARN that deploy returned cannot be called.")
            yield from _all("ends size frozen moves", refused)
            return
        yield "ends", _ends(need, runs[1], runs[2])
        yield "size", _size(need, runs[0])
        yield "frozen", _frozen(trial, client, need, sources[1], lambda: answer() == builds[0])
        yield "moves", _moves(trial, client, need, lambda: answer() == builds[1])


def _ends(need: Need, largest: CallRow, hung: CallRow) -> Finding:
    if largest.error:
        return failed("The largest order was stopped before it was finished.", largest)
    if _duration_s(hung) > need["stopped_within_s"]:
        return failed("A run that hung went on, and was paid for, longer than it may.", hung)
    return passed()


def _size(need: Need, run: CallRow) -> Finding:
    if run.error:
        return failed("An ordinary order was not finished.", run)
    if _duration_s(run) > need["done_within_s"]:
        return failed("An ordinary order took too long: its run had too little processor.", run)
    if _usd(_duration_s(run), run.response["MemorySizeMB"]) > need["usd_per_100000"]:
        return failed("An ordinary order cost too much: its run waited in more memory than it needs.", run)
    return passed()


def _frozen(trial: Trial, client: Any, need: Need, source: str, as_before: Callable[[], bool]) -> Finding:
    try:
        client.update_function_code(FunctionName=need["function"], ZipFile=zipped(source))
    except ClientError:
        return failed("There is no function of the name that was asked for.")
    if as_before():
        return passed()
    return failed("Callers met code that was only being tried out and is no version yet.", _last(trial))


def _moves(trial: Trial, client: Any, need: Need, is_new: Callable[[], bool]) -> Finding:
    try:
        version = client.publish_version(FunctionName=need["function"])["Version"]
        client.update_alias(FunctionName=need["function"], Name=need["alias"], FunctionVersion=version)
    except ClientError:
        return failed("There is no alias of the name that was asked for, so nothing can be moved.")
    if is_new():
        return passed()
    return failed("The alias was moved, and callers with the ARN still met the version before.", _last(trial))


def _last(trial: Trial) -> CallRow | None:
    runs = _runs(trial.rows)
    return runs[-1] if runs else None


# ---- queue

WORKER = """
import json
import time


def handler(event, context):
    failures = []
    for record in event["Records"]:
        job = json.loads(record["body"])
        time.sleep(job["takes_s"])
        if int(record["attributes"]["ApproximateReceiveCount"]) <= job["fails"]:
            failures.append({"itemIdentifier": record["messageId"]})
    if len(failures) == len(event["Records"]):
        raise RuntimeError("no job of this batch could be done")
    return {"batchItemFailures": failures}
"""
ALWAYS = 1_000_000  # times that a job fails

ROOM_S = {15: (4,), 31: (7,), 63: (13, 14), 127: (26, 27, 28)}
"""When Lambda asks again for room, in seconds after the first time (its waits double, an assumption of the mock), and
the timeouts for which six of them are just enough for that wait and a run."""


def draw_queue(draw: random.Random) -> Need:
    """Room and a run bound the visibility timeout from below, the next try from above."""
    asks_s = draw.choice((31, 63, 127))
    timeout_s = draw.choice(ROOM_S[asks_s])
    jobs = draw.choice((3, 4, 5, 6))
    tries = draw.choice((5, 6, 7))
    again_s = 7 * timeout_s
    return {
        "run_at_most_s": timeout_s,
        "job_at_most_s": round(timeout_s / (jobs + draw.uniform(0.3, 0.6)), 1),
        "jobs_a_run": jobs - 1,
        "no_room_s": round(asks_s * draw.uniform(0.8, 0.95)),
        "tries": tries,
        "again_within_s": again_s,
        "aside_within_s": (tries + 2) * again_s,
    }


def examine_queue(bench: Bench, need: Need) -> Findings:
    """Once with slow jobs while there is no room, once with a bad job among good ones."""
    with bench.trial() as trial:
        yield "once", _once(bench, trial, need)
    with bench.trial() as trial:
        yield from _bad_jobs(bench, trial, need)


class _Queues:
    """A worker, and the queues that the student put before it."""

    def __init__(self, trial: Trial, need: Need) -> None:
        client = trial.client("lambda")
        self.sqs = trial.client("sqs")
        _create(client, _role(trial), "worker", WORKER, Timeout=need["run_at_most_s"], Publish=True)
        alias = client.create_alias(FunctionName="worker", Name="live", FunctionVersion="1")["AliasArn"]
        made = trial.student.call("connect", self.sqs, client, alias, need)
        self.queue, self.aside = _text(made, "queue"), _text(made, "aside")

    def send(self, jobs: list[dict[str, Any]]) -> bool:
        """Whether the jobs could be put into the queue, at most 20 of them."""
        entries = [{"Id": str(number), "MessageBody": json.dumps(job)} for number, job in enumerate(jobs)]
        try:
            for batch in filter(None, (entries[:10], entries[10:])):
                self.sqs.send_message_batch(QueueUrl=self.queue, Entries=batch)
        except ClientError:
            return False
        return True

    def set_aside(self) -> bool:
        """Whether a message is in the queue for what is set aside."""
        name = "ApproximateNumberOfMessages"
        try:
            told = self.sqs.get_queue_attributes(QueueUrl=self.aside, AttributeNames=[name])
        except ClientError:
            return False
        return int(told["Attributes"][name]) > 0


def _received(rows: Iterable[CallRow]) -> dict[str, list[CallRow]]:
    """The calls that handed each message to a poller of Lambda's, by the message's body."""
    found: dict[str, list[CallRow]] = {}
    for row in rows:
        if row.operation == "ReceiveMessage" and "-poller" in row.actor:
            for message in row.response.get("Messages", ()):
                found.setdefault(message["Body"], []).append(row)
    return found


def _once(bench: Bench, trial: Trial, need: Need) -> Finding:
    """All of the concurrency is taken for a while; more jobs wait than one run may take, each as slow as they get."""
    cloud = trial.cloud
    queues = _Queues(trial, need)
    models = cloud.plane("lambda").models
    models.account_concurrency = 0
    jobs = [_job(bench, need["job_at_most_s"]) for _ in range(2 * need["jobs_a_run"] + 1)]
    if not queues.send(jobs):
        return failed("connect returned no queue that takes jobs.")
    refused = _first_refusal(trial)
    if refused is None:
        return failed("Jobs wait in the queue, and nobody asks the function to work on them.")
    cloud.run(until=refused.start_s + need["no_room_s"])
    models.account_concurrency = 1000
    asks_s = next(asks_s for asks_s in ROOM_S if asks_s >= need["no_room_s"])
    cloud.run(until=refused.start_s + asks_s + need["run_at_most_s"] + 5)
    rows = trial.rows
    stopped = next((run for run in _runs(rows) if run.error == TIMED_OUT), None)
    if stopped is not None:
        return failed(
            "A run had more jobs than its time is enough for: it was stopped, and all come again.", stopped
        )
    received = _received(rows)
    twice = next((row for one in received.values() for row in one[1:]), None)
    if twice is not None:
        working = any(run.start_s < twice.end_s <= run.end_s for run in _runs(rows))
        while_ = "a run was still at work" if working else "the function had no room for it yet"
        return failed(f"A job was handed out a second time while {while_}.", twice)
    if len(received) < len(jobs):
        return failed("Not all jobs were worked on once there was room again.")
    return passed()


def _first_refusal(trial: Trial) -> CallRow | None:
    """The first attempt for which there was no room. The mapping begins after some seconds, and may gather first."""
    for wait_s in (4, 2, 4, 10, 20, 60, 300):
        trial.cloud.advance(wait_s)
        for row in trial.rows:
            if row.operation == "Invocation" and row.error == THROTTLED:
                return row
    return None


def _job(bench: Bench, takes_s: float = 0.1, fails: int = 0) -> dict[str, Any]:
    """A job, and how often it fails."""
    return {"takes_s": takes_s, "fails": fails, "job": f"{bench.random.getrandbits(40):x}"}


def _bad_jobs(bench: Bench, trial: Trial, need: Need) -> Findings:
    """A batch with a job that fails once, then a job alone that always fails, which is followed until it is aside."""
    queues = _Queues(trial, need)
    batch = [_job(bench) for _ in range(need["jobs_a_run"])]
    place = bench.random.randrange(len(batch))
    batch[place]["fails"] = 1
    poison = _job(bench, fails=ALWAYS)
    first = _tries_of(batch[place], trial) if queues.send(batch) else []
    tries = _tries_of(poison, trial) if first and queues.send([poison]) else []
    if not tries:
        nobody = failed("Nobody asks the function to work on the jobs in the queue that connect returned.")
        yield from _all("again aside neighbours", nobody)
        return
    is_aside = _follow(trial, queues, tries[0].end_s + need["aside_within_s"], need["again_within_s"] / 2)
    rows = trial.rows
    received = _received(rows)
    tries = received[json.dumps(poison)]
    yield "again", _again(need, tries)
    yield "aside", _aside(need, tries, is_aside)
    yield "neighbours", _neighbours(need, rows, [received[json.dumps(job)] for job in batch], place)


def _tries_of(job: dict[str, Any], trial: Trial) -> list[CallRow]:
    """The calls that handed the job out, once there is one. The mapping begins after some seconds, and may gather."""
    for wait_s in (4, 2, 10, 60, 300):
        trial.cloud.advance(wait_s)
        if found := _received(trial.rows).get(json.dumps(job)):
            return found
    return []


def _follow(trial: Trial, queues: _Queues, until_s: float, step_s: float) -> bool:
    """Let time pass until a job is set aside, or until `until_s`; whether one is."""
    while not queues.set_aside():
        now_s = trial.cloud.now
        if now_s >= until_s:
            return False
        trial.cloud.run(until=min(until_s, now_s + step_s))
    return True


def _again(need: Need, tries: list[CallRow]) -> Finding:
    if len(tries) < 2:
        return failed("A job that failed was never tried again.", tries[0])
    for before, after in itertools.pairwise(tries):
        if after.end_s - before.end_s > need["again_within_s"] + TOLERANCE_S:
            return failed("A job that failed stayed hidden for too long before its next try.", after)
    return passed()


def _aside(need: Need, tries: list[CallRow], is_aside: bool) -> Finding:
    if not is_aside:
        return failed("A job that always fails was not set aside by the time that was asked for.", tries[-1])
    if len(tries) < need["tries"]:
        return failed("A job was set aside after fewer tries than it was to have.", tries[-1])
    return passed()


def _neighbours(need: Need, rows: list[CallRow], batch: list[list[CallRow]], place: int) -> Finding:
    """`batch` has the calls that handed out each job of the batch; the job at `place` failed the first time."""
    runs = _runs(rows)
    if max(int(run.parameters.get("Records", 0)) for run in runs) < need["jobs_a_run"]:
        return failed("Each run took fewer jobs than it was to take, though more of them waited.", runs[0])
    if len(batch[place]) < 2:
        return failed("A job that failed was deleted with its batch, as if it had been done.", runs[0])
    again = [calls[1] for number, calls in enumerate(batch) if number != place and len(calls) > 1]
    if again:
        return failed("Good jobs were done again because a job beside them had failed.", again[0])
    return passed()


# ---- handler

TIMEOUT_S = 3
WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")


def draw_handler(_draw: random.Random) -> Need:
    """Nothing is drawn: the orders are."""
    return {}


class _Shop:
    """The tables, the student's handler as a function, and orders that are sent to it as messages of a batch."""

    def __init__(self, bench: Bench, trial: Trial, source: str) -> None:
        self.random = bench.random
        self.trial = trial
        self.refused: set[str] = set()
        self.client = trial.client("lambda")
        self.dynamodb = trial.client("dynamodb")
        for table, key in (("orders", "id"), ("balances", "customer")):
            self.dynamodb.create_table(
                TableName=table,
                KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        for operation in WRITES:
            trial.cloud.before("dynamodb", operation, self._maybe_refuse)
        tables = {"Variables": {"ORDERS": "orders", "BALANCES": "balances"}}
        _create(self.client, _role(trial), "book", source, Timeout=TIMEOUT_S, Environment=tables)

    def order(self, customer: str = "", **other: Any) -> dict[str, Any]:
        """A new order."""
        return {
            "order": f"o-{self.random.getrandbits(40):010x}",
            "customer": customer or f"c-{self.random.getrandbits(40):010x}",
            "cents": self.random.randrange(1_000, 100_000),
            "layout_s": round(self.random.uniform(0.1, 0.3), 2),
            **other,
        }

    def record(self, order: dict[str, Any] | str, receives: int = 1, message_id: str = "") -> dict[str, Any]:
        """A record of an event, as a mapping of a queue makes it, with a message id of its own."""
        if isinstance(order, dict):
            order = json.dumps({**order, "sent": f"{self.random.getrandbits(32):08x}"})
        return {
            "messageId": message_id or f"{self.random.getrandbits(128):032x}",
            "receiptHandle": f"{self.random.getrandbits(64):016x}",
            "body": order,
            "attributes": {"ApproximateReceiveCount": str(receives)},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:orders",
            "awsRegion": "us-east-1",
        }

    def work(self, *records: dict[str, Any]) -> set[str] | None:
        """Run the handler with a batch: the message ids that come back, as Lambda decides. None if all do.

        Raises NotAttempted if the handler is as it was released, StudentError if it cannot be loaded.
        """
        return self._outcome(self._invoke(records), records)

    def work_together(self, *records: dict[str, Any]) -> list[set[str] | None]:
        """Run the handler with each of the records at the same moment, in environments that start with it."""
        replies: dict[int, dict[str, Any]] = {}
        for number, record in enumerate(records):
            self.trial.cloud.spawn(
                lambda number=number, record=record: replies.update({number: self._invoke([record])}),
                name="mapping",
            )
        self.trial.cloud.run()
        return [self._outcome(replies[number], [record]) for number, record in enumerate(records)]

    def _invoke(self, records: Sequence[dict[str, Any]]) -> dict[str, Any]:
        payload = json.dumps({"Records": records})
        return dict(self.client.invoke(FunctionName="book", Payload=payload))

    @staticmethod
    def _outcome(reply: dict[str, Any], records: Sequence[dict[str, Any]]) -> set[str] | None:
        answer = json.loads(reply["Payload"].read())
        if reply.get("FunctionError"):
            _raise_if_unfinished(answer)
            return None
        return _failed_ids(answer, {record["messageId"] for record in records})

    def owes(self, order: dict[str, Any]) -> int:
        """What the customer of an order owes."""
        key = {"customer": {"S": order["customer"]}}
        try:
            found = self.trial.cloud.ask("dynamodb", "GetItem", {"TableName": "balances", "Key": key})
        except ServiceError:  # the table is gone
            return 0
        return int(float(found.get("Item", {}).get("owes", {}).get("N", 0)))

    def _maybe_refuse(self, call: Call) -> None:
        if self.refused & set(_tables(call.parameters)):
            raise ServiceError("AccessDeniedException", "The role may not write to this table.")


def _tables(parameters: dict[str, Any]) -> Iterator[str]:
    """The tables that a write names."""
    if "TableName" in parameters:
        yield parameters["TableName"]
    yield from parameters.get("RequestItems", {})
    for entry in parameters.get("TransactItems", ()):
        yield from (action["TableName"] for action in entry.values())


def _raise_if_unfinished(answer: dict[str, Any]) -> None:
    kind, said = str(answer.get("errorType", "")), str(answer.get("errorMessage", ""))
    if kind == "NotImplementedError":
        raise NotAttempted("handler")
    if kind.startswith("Runtime.") or kind in ("NameError", "SyntaxError"):
        raise StudentError(kind, said, function="handler")


def _failed_ids(answer: Any, ids: set[str]) -> set[str] | None:
    """What AWS makes of a handler's answer (DG/services-sqs-errorhandling.html): None if the whole batch comes back."""
    if answer in (None, ""):
        return set()
    failures = (answer.get("batchItemFailures") or []) if isinstance(answer, dict) else None
    if not isinstance(failures, list):
        return None
    named = {str(one["itemIdentifier"]) if _names_one(one) else "" for one in failures}
    return named if named <= ids else None


def _names_one(failure: Any) -> bool:
    return isinstance(failure, dict) and isinstance(failure.get("itemIdentifier"), str)


def examine_handler(bench: Bench, need: Need) -> Findings:
    """The handler is invoked with batches as a mapping would make them."""
    with bench.trial() as trial:
        source = trial.student.source("handler")
        if not source.strip():
            raise NotAttempted("handler")
        shop = _Shop(bench, trial, source)
        yield "together", _together(shop)  # first, while no environment is warm
        yield "partial", _partial(shop)
        yield "halfway", _halfway(shop)
        yield "fresh", _fresh(shop)


def _partial(shop: _Shop) -> Finding:
    one, two = shop.order(), shop.order()
    like_one = {**shop.order(one["customer"]), "cents": one["cents"]}  # another order, for as much
    good = [one, two, like_one]
    incomplete = {name: value for name, value in shop.order().items() if name != "customer"}
    nothing_owed = shop.order(cents=-shop.random.randrange(100, 1_000))
    kinds: list[dict[str, Any] | str] = ["{" + f"{shop.random.getrandbits(64):x}", incomplete, nothing_owed]
    bad = shop.random.sample(kinds, 2)
    bad_records = [shop.record(order) for order in bad]
    records = [*map(shop.record, good), *bad_records]
    shop.random.shuffle(records)
    reported = shop.work(*records)
    run = _last(shop.trial)
    if reported is None:
        return failed("One bad order made the whole batch fail, and the good ones come again too.", run)
    expected = {record["messageId"] for record in bad_records}
    if not expected <= reported:
        return failed("A bad order was not reported, so Lambda deletes its message as if it were done.", run)
    if reported != expected:
        return failed("A good order was reported as failed.", run)
    if shop.owes(one) != 2 * one["cents"] or shop.owes(two) != two["cents"]:
        return failed(
            "After a batch with good and bad orders, a customer does not owe what was ordered.", run
        )
    return passed()


def _fresh(shop: _Shop) -> Finding:
    """The same order under other message ids: in the environment that booked it, then in a fresh one."""
    order, other = shop.order(), shop.order()
    first, again = shop.work(shop.record(order), shop.record(other)), shop.work(shop.record(order))
    if shop.owes(order) not in (order["cents"], 2 * order["cents"]) or first != set():
        return failed("An order that came alone was not booked.", _last(shop.trial))
    if shop.owes(order) != order["cents"]:
        return failed("An order that the shop sent twice was booked twice.", _last(shop.trial))
    shop.client.update_function_configuration(FunctionName="book", MemorySize=256)  # another environment
    fresh = shop.work(shop.record(order), shop.record(other))
    if shop.owes(order) != order["cents"] or shop.owes(other) != other["cents"]:
        return failed(
            "An order was booked a second time in a fresh environment, which knows nothing of the first time.",
            _last(shop.trial),
        )
    if again != set() or fresh != set():
        return failed(
            "An order that was booked before was reported as failed, so it comes again and again.",
            _last(shop.trial),
        )
    return passed()


def _together(shop: _Shop) -> Finding:
    """Two copies at the same instant, in two environments; what fails comes again."""
    order = shop.order()
    outcomes = shop.work_together(shop.record(order), shop.record(order))
    if any(failed_ids != set() for failed_ids in outcomes):
        shop.work(shop.record(order, 2))
    if shop.owes(order) == order["cents"]:
        return passed()
    if not shop.owes(order):
        return failed(
            "An order that two environments got at the same moment was not booked.", _last(shop.trial)
        )
    return failed("Two environments looked at the same moment, and both booked the order.", _last(shop.trial))


def _halfway(shop: _Shop) -> Finding:
    """The run is stopped behind an order; then writes to each of the tables are refused for a while."""
    order, slow = shop.order(), shop.order(layout_s=60)
    record = shop.record(order)
    shop.work(record, shop.record(slow))
    shop.work(shop.record(order, 2, record["messageId"]))
    if shop.owes(order) != order["cents"]:
        what = "lost" if not shop.owes(order) else "booked a second time"
        return failed(
            f"A run was stopped when it had booked an order; the order came again and was {what}.",
            _last(shop.trial),
        )
    for table in ("balances", "orders"):
        order = shop.order()
        record = shop.record(order)
        shop.refused = {table}
        reported = shop.work(record)
        shop.refused = set()
        if reported == set() and not shop.owes(order):
            return failed("An order whose write was refused was reported as done.", _last(shop.trial))
        if reported != set():
            shop.work(shop.record(order, 2, record["messageId"]))
        if not shop.owes(order):
            return failed(
                "An order was noted as booked, but its cents never arrived: it is lost.", _last(shop.trial)
            )
        if shop.owes(order) != order["cents"]:
            return failed(
                "An order was booked, but not noted, and booked again when it came again.", _last(shop.trial)
            )
    return passed()


# ---- release

GREETING = """
def handler(event, context):
    return "{build}"
"""


def draw_release(draw: random.Random) -> Need:
    """The requests of an hour and who may meet the new version leave a window for the weight."""
    share = draw.choice((0.02, 0.035, 0.06, 0.1, 0.17, 0.28))
    requests = draw.randrange(800, 6_000, 50)
    return {
        "function": _name(draw, "checkout", "basket", "till"),
        "alias": _name(draw, "shop", "counter", "front"),
        "requests_an_hour": requests,
        "meet_at_least": math.ceil(requests * share * 0.85),
        "meet_at_most": math.floor(requests * share * 1.2),
        "decide_after": draw.randrange(40, 400, 10),
        "errors_at_most": draw.randrange(2, 9),
    }


class _Alias:
    """A function with some versions, and an alias on the last of them."""

    def __init__(self, bench: Bench, trial: Trial, need: Need) -> None:
        self.trial, self.need = trial, need
        self.client = trial.client("lambda")
        self.build = f"{bench.random.getrandbits(48):012x}"
        _create(self.client, _role(trial), need["function"], GREETING.format(build="first"), Publish=True)
        for number in range(bench.random.randrange(1, 4)):
            code = zipped(GREETING.format(build=f"later {number}"))
            old = self.client.update_function_code(FunctionName=need["function"], ZipFile=code, Publish=True)
            self.old = str(old["Version"])
        self.client.create_alias(FunctionName=need["function"], Name=need["alias"], FunctionVersion=self.old)
        trial.student.call("begin_release", self.client, zipped(GREETING.format(build=self.build)), need)

    def route(self) -> dict[str, float]:
        """The share of the requests that each version gets."""
        names = {"FunctionName": self.need["function"], "Name": self.need["alias"]}
        try:
            found = self.trial.cloud.ask("lambda", "GetAlias", names)
        except ServiceError:  # the alias is gone
            return {}
        weights = (found.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        rest = 1 - sum(weights.values())
        return {
            version: share
            for version, share in {found["FunctionVersion"]: rest, **weights}.items()
            if share > 0
        }

    def is_new(self, version: str) -> bool:
        """Whether a version answers as the code that was to be released."""
        reply = self.client.invoke(FunctionName=self.need["function"], Qualifier=version)
        return bool(json.loads(reply["Payload"].read()) == self.build)

    def decide(self, requests: int, errors: int) -> dict[str, float]:
        """Let the student decide, and look at the route then."""
        self.trial.student.call(
            "end_release", self.client, {"requests": requests, "errors": errors}, self.need
        )
        return self.route()


def examine_release(bench: Bench, need: Need) -> Findings:
    """A release that ends well, and one in a fresh account that does not."""
    enough, errors = need["decide_after"], need["errors_at_most"]
    early = bench.random.randrange(errors + 2, enough)
    with bench.trial() as trial:
        alias = _Alias(bench, trial, need)
        begun = alias.route()
        share = sum(
            share for version, share in begun.items() if version != alias.old and alias.is_new(version)
        )
        yield "share", _share(need, share, trial)
        try:
            waiting = alias.decide(early, errors)
            done = alias.decide(enough + bench.random.randrange(5), errors)
            yield "finish", _finish(alias, begun, waiting, done)
        except NotAttempted:
            raise
        except StudentError as error:  # the way back is tried all the same
            yield "finish", crashed(error.sentence)
    with bench.trial() as trial:
        alias = _Alias(bench, trial, need)
        if alias.route() == {alias.old: 1}:
            yield "back", failed("No request meets the new version, so there is no release to take back.")
            return
        yield "back", _back(alias, alias.decide(early, errors + 1))


def _changed(trial: Trial) -> CallRow | None:
    rows = [row for row in trial.rows if row.operation in ("CreateAlias", "UpdateAlias")]
    return rows[-1] if rows else None


def _share(need: Need, share: float, trial: Trial) -> Finding:
    meet = round(share * need["requests_an_hour"], 6)
    if not share:
        return failed("No request meets the new version.", _changed(trial))
    if meet < need["meet_at_least"]:
        return failed("Too few requests meet the new version to say anything about it.", _changed(trial))
    if meet > need["meet_at_most"]:
        return failed("More requests meet the new version than may fail.", _changed(trial))
    return passed()


def _finish(
    alias: _Alias, begun: dict[str, float], waiting: dict[str, float], done: dict[str, float]
) -> Finding:
    if alias.old not in begun or len(begun) == 1:
        return failed("There was no release to decide: all requests met one version.", _changed(alias.trial))
    if waiting != begun:
        return failed(
            "The release was decided before enough requests had met the new version.", _changed(alias.trial)
        )
    if alias.old in done:
        return failed("The new version did well, and requests still meet the old one.", _changed(alias.trial))
    if all(map(alias.is_new, done)):
        return passed()
    return failed("After the release requests meet a version that nobody released.", _changed(alias.trial))


def _back(alias: _Alias, route: dict[str, float]) -> Finding:
    if route == {alias.old: 1}:
        return passed()
    if alias.old in route:
        return failed(
            "The new version had too many errors, and some requests still meet it.", _changed(alias.trial)
        )
    return failed(
        "The new version had too many errors, and the old one gets no request.", _changed(alias.trial)
    )


# ---- events

PHOTOS = """
import time
from urllib.parse import unquote_plus


def handler(event, context):
    key = unquote_plus(event["Records"][0]["s3"]["object"]["key"])
    if time.time() < float(key.split("/")[0]):
        raise ConnectionError("the store of the photos does not answer")
    return key
"""
NEVER = 9e12  # an instant that no run of this course reaches
ACCOUNT, STRANGER = "123456789012", "999999999999"


def draw_events(draw: random.Random) -> Need:
    """How long the store is away and how often may be tried fix the retries; two ages bound the event's age."""
    tries = draw.choice((3, 2))
    useful_s = 60 * draw.randrange(6, 90)
    return {
        "function": _name(draw, "albums", "prints", "pages"),
        "bucket": _name(draw, "photos", "uploads", "albums"),
        "account_id": ACCOUNT,
        "tries": tries,
        "away_s": draw.randrange(20, 56, 5) if tries == 2 else draw.randrange(75, 171, 5),
        "useful_s": useful_s,
        "given_up_s": useful_s + max(60, 60 * round(useful_s / 360)),
    }


class _Photo(NamedTuple):
    """A photo that was uploaded, and when."""

    key: str
    at_s: float


def examine_events(bench: Bench, need: Need) -> Findings:
    """A broken photo, one whose store is away for a while, and one for which there is no room, one after the other."""
    with bench.trial() as trial:
        cloud = trial.cloud
        client, s3, sqs = (cloud.client(service) for service in ("lambda", "s3", "sqs"))
        arn = _create(client, _role(trial), need["function"], PHOTOS, Timeout=10)
        s3.create_bucket(Bucket=need["bucket"])
        queue = _text(trial.student.call("connect_uploads", client, s3, sqs, need))

        def upload(away_until: float) -> _Photo:
            """Put a photo into the bucket, whose store is away until that instant since 1970."""
            photo = _Photo(f"{away_until:.3f}/{bench.random.getrandbits(40):x}.jpg", cloud.now)
            with contextlib.suppress(ClientError):  # the bucket is gone
                s3.put_object(Bucket=need["bucket"], Key=photo.key, Body=b"photo")
            return photo

        broken = upload(NEVER)
        cloud.advance(400)
        late = upload(cloud.epoch_us / 1e6 + need["away_s"])
        cloud.advance(400)
        since_s = cloud.now
        cloud.plane("lambda").models.account_concurrency = 0
        upload(0)
        cloud.advance(need["given_up_s"] + 10)
        rows = trial.rows
        yield "tries", _tries(need, rows, broken, late)
        yield "age", _age(need, rows, since_s)
        yield "told", _told(trial, sqs, rows, queue, broken)
        yield "callers", _callers(trial, need, arn)


def _tries(need: Need, rows: list[CallRow], broken: _Photo, late: _Photo) -> Finding:
    runs = _runs(rows, broken.at_s)
    first = [run for run in runs if run.start_s < late.at_s]
    second = [run for run in runs if run.start_s >= late.at_s]
    if not first:
        return failed("A photo was uploaded, and the function did not run.")
    if len(first) > need["tries"]:
        return failed("A broken photo was tried more often than it may be.", first[-1])
    if not second or second[-1].error:
        return failed("A photo was given up while its store was away.", second[-1] if second else None)
    return passed()


def _reports(rows: list[CallRow], since_s: float) -> list[CallRow]:
    """What Lambda sent somewhere by itself, and what was not refused."""
    sends = ("SendMessage", "Publish", "PutEvents", "PutObject")
    return [
        row
        for row in rows
        if row.operation in sends and row.actor == "lambda" and row.start_s >= since_s and not row.error
    ]


def _age(need: Need, rows: list[CallRow], since_s: float) -> Finding:
    reports = _reports(rows, since_s)
    if not reports:
        return failed("A photo that found no room was not given up, or nobody heard of it.", rows[-1])
    age_s = reports[0].end_s - since_s
    if age_s < need["useful_s"]:
        return failed("A photo that found no room was given up while it was still of use.", reports[0])
    if age_s > need["given_up_s"] + TOLERANCE_S:
        return failed("A photo that found no room was given up too late.", reports[0])
    return passed()


def _told(trial: Trial, sqs: Any, rows: list[CallRow], queue: str, broken: _Photo) -> Finding:
    refused = next(
        (row for row in rows if row.operation == "SendMessage" and row.actor == "lambda" and row.error), None
    )
    if refused is not None:
        return failed("Lambda sent a record of the broken photo, and the queue did not take it.", refused)
    try:
        reply = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    except ClientError:
        return failed("connect_uploads returned no queue that can be read.")
    bodies = [message["Body"] for message in reply.get("Messages", ())]
    mine = [body for body in bodies if broken.key in body or broken.key.replace("/", "%2F") in body]
    if not mine:
        return failed("Nothing was left of a broken photo in the queue for failures.", _last(trial))
    record = json.loads(mine[0])
    if "approximateInvokeCount" in record.get("requestContext", {}) and record.get("responsePayload"):
        return passed()
    return failed("What was left of a broken photo does not tell its error and how often it was tried.")


def _callers(trial: Trial, need: Need, function: str) -> Finding:
    """Who may call what the bucket calls."""
    try:
        told = trial.cloud.ask("s3", "GetBucketNotificationConfiguration", {"Bucket": need["bucket"]})
    except ServiceError:
        return failed("The bucket is gone.")
    called = [one["LambdaFunctionArn"] for one in told.get("LambdaFunctionConfigurations", ())]
    if not called:
        return failed("The bucket does not call the function.")
    try:
        text = str(trial.cloud.ask("lambda", "GetPolicy", {"FunctionName": need["function"]})["Policy"])
    except ServiceError:
        return failed("The function has no policy that lets S3 call it, so on AWS no photo arrives.")

    def may(bucket: str, account: str, arn: str) -> bool:
        context = {"aws:SourceArn": f"arn:aws:s3:::{bucket}", "aws:SourceAccount": account}
        return policy.allows(text, policy.service("s3.amazonaws.com"), "lambda:InvokeFunction", arn, context)

    mine, other = need["bucket"], f"{need['bucket']}-old"
    try:
        if not all(may(mine, ACCOUNT, arn) for arn in called):
            return failed(
                "S3 may not call for this bucket what the bucket calls, so on AWS no photo arrives."
            )
        for arn in {function, *called}:
            if may(other, STRANGER, arn) or may(other, ACCOUNT, arn):
                return failed("S3 may call the function for other buckets too.")
            if may(mine, STRANGER, arn):
                return failed(
                    "Once the bucket is deleted, a stranger can make one of its name and call the function: its ARN "
                    "names no account."
                )
    except policy.UnreadablePolicy as error:
        return failed(str(error))
    return passed()
