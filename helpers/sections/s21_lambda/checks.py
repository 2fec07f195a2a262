"""Live checks of section 21: does the learner's account now do what the Your-turn cell asks?

Each `look` reads the account by quiet questions and by its trail, changes nothing and leaves no row in the trail. It
judges a need ("a report takes up to 40 s"), so several settings pass, and one that is too large fails like one that
is too small. The docstring of each says what the notebook's cell has to ask for and which names it uses.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

from helpers.cloud import Account, ServiceError
from helpers.dataplane import policy
from helpers.dataplane.awslambda.limits import MEMORY_OF_A_VCPU_MB
from helpers.experiments import CallRow, calls, plural
from helpers.sections.checks import Check, Result, failed, not_attempted, passed
from helpers.sections.s21_lambda.experiments.memory import usd_per_million
from helpers.sections.s21_lambda.experiments.reading import THROTTLED, Execution, executions

# ---- invoke

REPORT_S, PAID_S = 40, 60


def look_invoke(account: Account) -> Result:
    """The function `report`: a report of 40 s is finished, and a run that hangs is paid for a minute at most.

    The cell invokes it twice: with work of 40 s, and with work that does not end. The decision left blank is its
    Timeout (41 to 60 s are right).
    """
    runs = _runs(account, "report")
    if not runs:
        return not_attempted("No function called report has run yet.")
    stopped = [run for run in runs if run.error == "Sandbox.Timedout"]
    if len(stopped) == len(runs):
        return failed(f"No report was finished: after {stopped[0].run_s:g} s each run was stopped.")
    if not stopped:
        return not_attempted("No run has met its timeout yet.")
    longest_s = max(run.run_s for run in stopped)
    if longest_s > PAID_S:
        return failed(f"The run that hung went on for {longest_s:g} s; a minute was to be the most.")
    return passed(
        f"The report of {REPORT_S} s was finished, and the run that hung ended after {stopped[0].run_s:g} s."
    )


# ---- async


def look_async(account: Account) -> Result:
    """The table `receipts`: each order that was sent to the function `once` is charged once.

    The cell sends it asynchronous events with `order` and `customer`; one order is sent twice, and one customer has
    two orders. The function writes a receipt with `charged` (the order) under an id; the decision left blank is which
    id that is (the order's is right).
    """
    sent = {str(event["order"]) for event in _events(account, "once")}
    if not sent:
        return not_attempted("No order has been sent to a function called once yet.")
    charged = Counter(item["charged"]["S"] for item in _items(account, "receipts"))
    lost = sorted(sent - charged.keys())
    if lost:
        return failed(f"{', '.join(lost)} was never charged: its id was that of another order.")
    twice = sorted(order for order, times in charged.items() if times > 1)
    if twice:
        return failed(f"{', '.join(twice)} was charged more than once: it came again, under another id.")
    return passed(f"All {len(sent)} orders were charged, each of them once.")


# ---- queue

TRIES, AGAIN_S = 6, 300


def look_queue(account: Account) -> Result:
    """The queue `returns`: a throttled batch has time to be tried again, and a failed one comes back in 5 minutes.

    The cell creates it, a function and a mapping between them; the decision left blank is the queue's
    VisibilityTimeout. At least 6 times the function's timeout and the window beside it, and at most 300 s: 130 to
    300 s for a timeout of 20 s and a window of 10 s.
    """
    mapping = _mapping(account, "returns")
    if mapping is None:
        return not_attempted("No mapping reads a queue called returns yet.")
    function = account.ask("lambda", "GetFunctionConfiguration", {"FunctionName": mapping["FunctionName"]})
    url = account.ask("sqs", "GetQueueUrl", {"QueueName": "returns"})["QueueUrl"]
    asked = account.ask(
        "sqs", "GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["VisibilityTimeout"]}
    )
    hidden_s = int(asked["Attributes"]["VisibilityTimeout"])
    timeout_s, window_s = function["Timeout"], mapping.get("MaximumBatchingWindowInSeconds", 0)
    needed_s = TRIES * timeout_s + window_s
    sum_ = f"{TRIES} × {timeout_s} s + {window_s} s = {needed_s} s"
    if hidden_s < needed_s:
        return failed(f"{hidden_s} s leave a throttled batch too little time; AWS advises {sum_}.")
    if hidden_s > AGAIN_S:
        return failed(
            f"An order whose run failed stays hidden for {hidden_s} s; it should come back in {AGAIN_S} s."
        )
    return passed(f"{hidden_s} s are no less than {sum_}, and a failed order comes back within {AGAIN_S} s.")


def _mapping(account: Account, source: str) -> dict[str, Any] | None:
    """What was asked for in the latest mapping of that queue or stream."""
    for row in reversed(calls(account.trail)):
        if row.operation != "CreateEventSourceMapping" or row.error:
            continue
        if row.parameters["EventSourceArn"].rpartition(":")[2].rpartition("/")[2] == source:
            return dict(row.parameters)
    return None


# ---- stream

LEDGER_S = 300


def look_stream(account: Account) -> Result:
    """The stream `till`: each good sale is in the table `ledger` within 5 minutes, though one sale is broken and the
    table is away for a while.

    The cell puts sales and one record "broken" into the stream, and reads it with a mapping that splits failed
    batches; the decision left blank is its MaximumRetryAttempts (6 to 8 are right with a ledger away for 35 s).
    """
    rows = calls(account.trail)
    puts = [
        row for row in rows if row.operation == "PutRecord" and row.parameters.get("StreamName") == "till"
    ]
    if not puts or _mapping(account, "till") is None:
        return not_attempted("No mapping reads a stream called till yet.")
    good = {_text(row) for row in puts} - {"broken"}
    written = {
        str(row.parameters["Item"]["sale"]): row.end_s - puts[0].start_s
        for row in reversed(rows)  # the first time that a sale was written counts
        if row.operation == "PutItem" and row.parameters.get("TableName") == "ledger" and not row.error
    }
    late = [sale for sale in good if written.get(sale, 0) > LEDGER_S]
    missing = len(good - written.keys())
    if missing:
        gave_up = (_mapping(account, "till") or {}).get("MaximumRetryAttempts", -1) >= 0
        why = (
            "given up while the ledger was away"
            if gave_up
            else "waiting behind the broken one, which is never given up"
        )
        return failed(f"{missing} of {plural(len(good), 'good sale')} are not in the ledger: {why}.")
    if late:
        return failed(
            f"The last good sale came after {max(written.values()):.0f} s: the broken one was tried for too long."
        )
    return passed(
        f"All {len(good)} good sales are in the ledger, the last after {max(written.values()):.0f} s."
    )


def _text(row: CallRow) -> str:
    data = row.parameters["Data"]
    return data.decode() if isinstance(data, bytes) else str(data)


# ---- scale

CONNECTIONS = 80


def look_scale(account: Account) -> Result:
    """The function `booking`: no call is refused, and its environments never hold more than 80 connections.

    The cell invokes it 20 times a second, 2 s each, with nothing warm; the decision left blank is its reserved
    concurrency (57 to 80 are right: at first an environment is busy for its start too).
    """
    rows = [row for row in calls(account.trail) if row.parameters.get("FunctionName") == "booking"]
    reserved = [
        row.parameters["ReservedConcurrentExecutions"]
        for row in rows
        if row.operation == "PutFunctionConcurrency" and not row.error
    ]
    asked = [row for row in rows if row.operation == "Invoke"]
    if not reserved or not asked:
        return not_attempted("No function called booking has a reservation and has been called yet.")
    refused = sum(row.error == THROTTLED for row in asked)
    if refused:
        return failed(
            f"{refused} of {plural(len(asked), 'booking')} were refused: {reserved[-1]} are too few at first."
        )
    if reserved[-1] > CONNECTIONS:
        return failed(
            f"{reserved[-1]} environments may run at once; the database takes {CONNECTIONS} connections."
        )
    return passed(f"All {len(asked)} bookings were served, and no more than {reserved[-1]} can run at once.")


# ---- cost

PICTURE_VCPU_S, PICTURE_S, DEARER = 3, 3.5, 1.1


def look_cost(account: Account) -> Result:
    """The function `pictures`: a warm run is quick enough, and hardly dearer than at the cheapest size.

    The cell says that a run computes 3 vCPU-seconds in one thread; it may take 3.5 s and cost a tenth more than the
    cheapest size would. It invokes the function cold and warm; the decision left blank is its MemorySize (1,517 to
    1,945 MB are right).
    """
    warm = [run for run in _runs(account, "pictures") if not run.cold]
    if not warm:
        return not_attempted("No warm run of a function called pictures yet.")
    run = warm[-1]
    if run.error:
        return failed(f"At {run.memory_mb:,} MB the run ended with {run.error}.")
    if run.run_s > PICTURE_S:
        return failed(
            f"At {run.memory_mb:,} MB a picture takes {run.run_s:.2f} s; a user waits {PICTURE_S} s at most."
        )
    price = usd_per_million(run.billed_ms, run.memory_mb)
    least = usd_per_million(PICTURE_VCPU_S * 1000, MEMORY_OF_A_VCPU_MB)
    if price > DEARER * least:
        return failed(
            f"At {run.memory_mb:,} MB a million pictures cost {price:.0f} USD; {least:.0f} are possible. One thread "
            "has no use for more than one vCPU."
        )
    return passed(f"A picture takes {run.run_s:.2f} s, and a million of them cost {price:.0f} USD.")


# ---- access

BUCKET = "arn:aws:s3:::holiday-photos"


def look_access(account: Account) -> Result:
    """The function `holidays`: the bucket holiday-photos of this account can call it, and nobody else from outside.

    The cell adds a permission for s3.amazonaws.com; the decision left blank is what it is bound to (SourceArn and
    SourceAccount are right: the ARN of a bucket names no account, and a bucket that was deleted may be somebody else's
    tomorrow).
    """
    try:
        text = str(account.ask("lambda", "GetPolicy", {"FunctionName": "holidays"})["Policy"])
    except ServiceError:
        return not_attempted("No function called holidays has a policy yet.")
    arn = account.ask("lambda", "GetFunction", {"FunctionName": "holidays"})["Configuration"]["FunctionArn"]

    def may(source: str, owner: str) -> bool:
        context = {"aws:SourceArn": source, "aws:SourceAccount": owner}
        return policy.allows(text, policy.service("s3.amazonaws.com"), "lambda:InvokeFunction", arn, context)

    home, stranger = account.account_id, "999999999999"
    if not may(BUCKET, home):
        return failed(
            "S3 may not call holidays for the bucket holiday-photos, so nothing happens to its photos."
        )
    if may("arn:aws:s3:::other-photos", stranger):
        return failed(
            "Any bucket of any account may call holidays: a stranger's photos come in, at your cost."
        )
    if may("arn:aws:s3:::other-photos", home):
        return failed("Every bucket of this account may call holidays; only holiday-photos should.")
    if may(BUCKET, stranger):
        return failed(
            "The bucket's ARN names no account: once the bucket is deleted, a stranger can make one of that name and "
            "call holidays."
        )
    return passed(
        "The bucket holiday-photos of this account may call holidays, and nobody else from outside may."
    )


# ---- package


def look_package(account: Account) -> Result:
    """The stack `prices`: after the update its function runs the build that was uploaded last.

    The cell uploads a second build to the bucket `builds` and updates the stack, whose function is called `prices`;
    the decision left blank is the key of the object (any but that of the first build is right).
    """
    rows = calls(account.trail)
    if not any(row.operation == "UpdateStack" and row.parameters["StackName"] == "prices" for row in rows):
        return not_attempted("The stack prices was not updated yet.")
    uploads = [row.parameters for row in rows if row.operation == "PutObject" and not row.error]
    newest = next(put["Key"] for put in reversed(uploads) if put["Bucket"] == "builds")
    etag = account.ask("s3", "HeadObject", {"Bucket": "builds", "Key": newest})["ETag"]
    runs = hashlib.md5(account.function_code("prices"), usedforsecurity=False).hexdigest()
    if runs != etag.strip('"'):
        return failed(
            f"The object {newest} is new, and prices still runs the code from before: the template names the same "
            "object."
        )
    return passed(f"The function prices runs the newest build, {newest}.")


# ---- release

REQUESTS_AN_HOUR, FEWEST, MOST = 600, 10, 40


def look_release(account: Account) -> Result:
    """The alias `live` of `checkout`: version 2 gets enough requests to say something, and not more than may fail.

    The cell says that 600 requests come an hour, and that in an hour 10 to 40 of them may meet version 2. The decision
    left blank is the weight of version 2 (1/60 to 1/15 are right).
    """
    try:
        alias = account.ask("lambda", "GetAlias", {"FunctionName": "checkout", "Name": "live"})
    except ServiceError:
        return not_attempted("No function called checkout has an alias live yet.")
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    if not weights and alias["FunctionVersion"] == "1":
        return not_attempted("The alias live sends everybody to version 1.")
    others = sum(weights.values())
    share = 1 - others if alias["FunctionVersion"] == "2" else weights.get("2", 0)
    meet = REQUESTS_AN_HOUR * share
    said = f"About {meet:.0f} of {REQUESTS_AN_HOUR} requests an hour meet version 2"
    if round(meet, 6) > MOST:
        return failed(f"{said}; if it is bad, {MOST} may fail at most.")
    if round(meet, 6) < FEWEST:
        return failed(f"{said}: too few to say anything about it.")
    return passed(f"{said}, the others version 1.")


def _events(account: Account, function: str) -> list[dict[str, str]]:
    """The events that were sent to a function and accepted."""
    return [
        json.loads(row.parameters["Payload"])
        for row in calls(account.trail)
        if row.operation == "Invoke"
        and row.parameters.get("FunctionName") == function
        and row.parameters.get("InvocationType") == "Event"
        and not row.error
    ]


def _items(account: Account, table: str) -> list[dict[str, dict[str, str]]]:
    """The items of a table; none if there is no such table."""
    try:
        return list(account.ask("dynamodb", "Scan", {"TableName": table})["Items"])
    except ServiceError:
        return []


def _runs(account: Account, function: str) -> list[Execution]:
    """The runs of a function, oldest first."""
    return [run for run in executions(calls(account.trail)) if run.function == function]


CHECKS = (
    Check(
        "21_lambda.invoke",
        "A report of 40 s is finished, and one that hangs is paid for a minute at most.",
        look_invoke,
    ),
    Check("21_lambda.async", "Each order is charged once, whatever comes again.", look_async),
    Check(
        "21_lambda.queue",
        "A throttled batch of returns has time to be tried again, and a failed one comes back within 5 minutes.",
        look_queue,
    ),
    Check("21_lambda.stream", "All good sales are in the ledger, the last within 5 minutes.", look_stream),
    Check("21_lambda.scale", "No booking is refused, and at most 80 connections are open.", look_scale),
    Check(
        "21_lambda.cost",
        "A picture takes at most 3.5 s and costs at most a tenth more than it must.",
        look_cost,
        ("memory_only_costs", "faster_is_cheaper"),
    ),
    Check(
        "21_lambda.access", "Only the bucket holiday-photos of this account may call holidays.", look_access
    ),
    Check("21_lambda.package", "The function prices runs the build that was uploaded last.", look_package),
    Check(
        "21_lambda.release",
        "In an hour 10 to 40 of 600 requests meet version 2.",
        look_release,
        ("canary_has_no_users",),
    ),
)
