"""Live checks of section 18: does the learner's account now do what the Your-turn cell asks?

Each `look` reads the account by quiet questions and by its trail, changes nothing and leaves no row in the trail. It
judges a need ("a job takes up to 45 s"), so several settings pass, and one that is too large fails like one that is
too small. The docstring of each says what the notebook's cell has to ask for and which names it uses.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from helpers.cloud import Account, ServiceError
from helpers.dataplane import policy
from helpers.experiments import CallRow, calls, plural
from helpers.sections.checks import Check, Result, failed, not_attempted, passed
from helpers.sections.s18_sqs.experiments.reading import attempts, sends

DAY_S = 86_400


def look_queue(account: Account) -> Result:
    """The queue `hello`: each message that was sent to it is done, and none comes back.

    The cell sends three or more messages to a queue called `hello`, receives them and leaves one decision
    blank: what to do with a message when the work is over (delete it, with the receipt handle of its
    receive).
    """
    url = _url(account, "hello")
    if url is None:
        return not_attempted("There is no queue called hello yet.")
    rows = calls(account.trail)
    sent = sends(rows, url)
    found = attempts(rows, url, _number(account, url, "VisibilityTimeout"))
    if not sent or not found:
        return not_attempted("No message was received from hello yet.")
    deleted = {attempt.message for attempt in found if attempt.deleted_s is not None}
    left = sum(one.message not in deleted for one in sent)
    if left:
        return failed(
            f"{left} of {plural(len(sent), 'message')} will come back: a receive hides a message, it does not remove "
            "it."
        )
    return passed(f"All {len(sent)} messages were received and deleted.")


REPORT_S, REPORTS_AT_ONCE, REPORT_RETRY_S = 45, 3, 300


def look_visibility(account: Account) -> Result:
    """The queue `reports`: no report is made twice, and one whose worker crashed is started again soon.

    The cell asks for: a report takes up to 45 s; a worker receives up to three and makes them one after the
    other; a report whose worker crashed right after the receive must be received again within 5 minutes. It
    creates a queue called `reports`; the decision left blank is its VisibilityTimeout (136 to 300 s are
    right).
    """
    url = _url(account, "reports")
    if url is None:
        return not_attempted("There is no queue called reports yet.")
    timeout, work = _number(account, url, "VisibilityTimeout"), REPORT_S * REPORTS_AT_ONCE
    if timeout <= REPORT_S:
        return failed(
            f"A report of {REPORT_S} s outlives the {timeout} s: another worker receives it and makes it a second time."
        )
    if timeout <= work:
        return failed(
            f"Three reports in turn take up to {work} s, and all three clocks started with the receive: after "
            f"{timeout} s the last one "
            f"is made twice."
        )
    if timeout > REPORT_RETRY_S:
        return failed(
            f"A report whose worker crashes stays hidden for {timeout} s; it should be started again within "
            f"{REPORT_RETRY_S} s."
        )
    return passed(
        f"{timeout} s cover three reports in turn ({work} s), and a crashed one comes back within {REPORT_RETRY_S} s."
    )


INVOICE_S, ASIDE_S, TRIES, LOST_DAYS, READABLE_DAYS = 40, 900, 3, 2, 10


def look_dlq(account: Account) -> Result:
    """The queue `invoices`: bad ones are set aside in time and can be read for long enough.

    The cell asks for: an invoice takes up to 40 s and gets three tries or more, since the database is away
    for a moment now and then; one that always fails is set aside within 15 minutes of its first receive; it
    can then be read for at least 10 days, even if it lay in the queue for 2 days first. The cell creates the
    queue `invoices` and a dead-letter queue of any name; the decision left blank is the RedrivePolicy (or its
    maxReceiveCount) and the retention of the dead-letter queue.
    """
    url = _url(account, "invoices")
    if url is None:
        return not_attempted("There is no queue called invoices yet.")
    seen = _attributes(account, url)
    redrive = json.loads(seen.get("RedrivePolicy") or "{}")
    if not redrive.get("deadLetterTargetArn"):
        return not_attempted("invoices has no redrive policy yet.")
    arn = str(redrive["deadLetterTargetArn"])
    dead_url = _url(account, arn.rpartition(":")[2])
    if dead_url is None:
        return failed(f"There is no queue {arn}, so a bad invoice has nowhere to go.")
    tries, timeout = int(redrive.get("maxReceiveCount", 10)), int(seen["VisibilityTimeout"])
    if timeout <= INVOICE_S:
        return failed(
            f"Work of {INVOICE_S} s does not fit into {timeout} s: good invoices are received again and can be set "
            "aside while in work."
        )
    if tries < TRIES:
        return failed(
            f"With maxReceiveCount {tries} an invoice gets {plural(tries, 'try', 'tries')}; it should get {TRIES} or "
            "more."
        )
    if tries * timeout > ASIDE_S:
        return failed(
            f"{tries} receives × {timeout} s = {tries * timeout} s pass before a bad invoice is set aside; {ASIDE_S} "
            "s may."
        )
    keeps = _number(account, dead_url, "MessageRetentionPeriod") / DAY_S
    readable = keeps if arn.endswith(".fifo") else keeps - LOST_DAYS
    if readable < READABLE_DAYS:
        return failed(
            f"The dead-letter queue keeps {keeps:g} days from the original send; after {LOST_DAYS} days in invoices, "
            f"{max(readable, 0):g} "
            f"are left, and {READABLE_DAYS} are needed."
        )
    return passed(
        f"A bad invoice gets {tries} tries, is set aside after {tries * timeout} s and can be read for {readable:g} "
        "days or more."
    )


IDLE_CALLS_PER_MIN = 5


def look_polling(account: Account) -> Result:
    """The queue `events`: an idle consumer makes few calls, and messages still come at once.

    The cell asks for: a consumer that calls receive_message in a loop makes at most five calls a minute while
    the queue is empty, and receives a message in the second in which it comes. It creates a queue called
    `events` (a loop with a sleep would be late); the decision left blank is ReceiveMessageWaitTimeSeconds of
    the queue, or WaitTimeSeconds of the call (12 to 20 s are right).
    """
    url = _url(account, "events")
    if url is None:
        return not_attempted("There is no queue called events yet.")
    of_queue = _number(account, url, "ReceiveMessageWaitTimeSeconds")
    asked = [
        int(row.parameters.get("WaitTimeSeconds", of_queue))
        for row in calls(account.trail)
        if row.operation == "ReceiveMessage" and row.parameters["QueueUrl"] == url
    ]
    wait = asked[-1] if asked else of_queue
    where = "the last receive waits" if asked and wait != of_queue else "a receive waits"
    if not wait:
        return failed(
            f"{where[0].upper()}{where[1:]} 0 s, which is short polling: an idle consumer calls without a pause."
        )
    a_minute = 60 / wait
    if a_minute > IDLE_CALLS_PER_MIN:
        return failed(
            f"{where[0].upper()}{where[1:]} {wait} s: {a_minute:.0f} calls a minute on an empty queue; "
            f"{IDLE_CALLS_PER_MIN} may be."
        )
    return passed(
        f"{where[0].upper()}{where[1:]} up to {wait} s: {a_minute:.0f} calls a minute when idle, and a message ends "
        "the wait at once."
    )


EARLIEST_S, LATEST_S = 600, 720


def look_time(account: Account) -> Result:
    """The queue `reminders`: a reminder comes after ten minutes, an alarm at once.

    The cell asks for: on one queue called `reminders`, the message "reminder" may be received no sooner than
    10 and no later than 12 minutes after its send, the message "alarm" at once. The decision left blank is
    where the delay stands (DelaySeconds of the send) and how long it is.
    """
    url = _url(account, "reminders")
    if url is None:
        return not_attempted("There is no queue called reminders yet.")
    default = _number(account, url, "DelaySeconds")
    delays: dict[str, int] = {}
    for body, given in _sent(calls(account.trail), url):
        delays[body] = int(given.get("DelaySeconds", default))
    if "reminder" not in delays or "alarm" not in delays:
        missing = " and ".join(name for name in ("reminder", "alarm") if name not in delays)
        return not_attempted(f"Not sent yet: {missing}.")
    if delays["alarm"]:
        return failed(f"The alarm is held back for {delays['alarm']} s as well; it should be there at once.")
    if delays["reminder"] < EARLIEST_S:
        return failed(
            f"The reminder can be received after {delays['reminder']} s, which is before its 10 minutes are over."
        )
    if delays["reminder"] > LATEST_S:
        return failed(f"The reminder comes after {delays['reminder']} s; it should come within 12 minutes.")
    return passed(f"The reminder comes after {delays['reminder']} s, the alarm at once.")


def look_fifo(account: Account) -> Result:
    """The queue `payments.fifo`: honest equal payments both arrive, a retry does not, customers do not wait for
    each other.

    The cell sends payments as JSON bodies with `customer`, `payment` (its id) and `amount` to a FIFO queue
    called `payments.fifo`: two different payments of one customer with the same amount, one of them twice
    (the retry of a client that got no answer, its body with another `attempt`, within 5 minutes), and one of
    another customer. The decisions left blank are MessageGroupId (from the customer) and
    MessageDeduplicationId (from the payment id).
    """
    url = _url(account, "payments.fifo")
    if url is None:
        return not_attempted("There is no queue called payments.fifo yet.")
    arrived: dict[str, set[str]] = defaultdict(set)
    groups: dict[str, set[str]] = defaultdict(set)
    payments_of: dict[str, set[str]] = defaultdict(set)
    number: dict[str, int] = defaultdict(int)
    for one in sends(calls(account.trail), url):
        body = _json(one.body)
        if "payment" not in body or "customer" not in body:
            continue
        payment, customer = str(body["payment"]), str(body["customer"])
        number[payment] += 1
        arrived[payment].add(one.message)
        payments_of[one.message].add(payment)
        groups[customer].add(one.group)
    if not number:
        return not_attempted("No payment was sent to payments.fifo yet.")
    if len(number) < 3 or max(number.values()) < 2 or len(groups) < 2:
        return not_attempted(
            "Not all payments of the task were sent yet: two equal ones, a retry, one of another customer."
        )
    merged = next((names for names in payments_of.values() if len(names) > 1), None)
    if merged:
        return failed(
            f"Of the payments {', '.join(sorted(merged))} only one arrived: they had the same deduplication id."
        )
    twice = next((payment for payment, ids in arrived.items() if len(ids) > 1), None)
    if twice:
        return failed(
            f"The retry of {twice} arrived as a second payment: it had a deduplication id of its own."
        )
    torn = next((customer for customer, names in groups.items() if len(names) > 1), None)
    if torn:
        return failed(f"The payments of {torn} are in several groups, so they may be done in another order.")
    if len({next(iter(names)) for names in groups.values()}) < len(groups):
        return failed("Two customers share a group: a payment that fails for one holds up the other.")
    return passed(
        f"{len(arrived)} payments arrived once each, in {len(groups)} groups that do not wait for each other."
    )


CLICKS, SEND_CALLS = 95, 12


def look_scale(account: Account) -> Result:
    """The queue `clicks`: 95 messages in few calls, and none lost although one entry is refused.

    The cell asks for: send the 95 given bodies to a queue called `clicks` with at most 12 calls; at first one
    of them carries a character that SQS does not allow, so that one entry of a reply with status 200 stands
    in `Failed`; it has to be sent again, cleaned (the given function `clean`). The decision left blank is
    what to do with `Failed`.
    """
    url = _url(account, "clicks")
    if url is None:
        return not_attempted("There is no queue called clicks yet.")
    rows = [row for row in calls(account.trail) if row.parameters.get("QueueUrl") == url]
    requests = sum(row.operation in ("SendMessage", "SendMessageBatch") for row in rows)
    bodies = [one.body for one in sends(rows, url)]
    accepted = len(set(bodies))
    if not requests:
        return not_attempted("No message was sent to clicks yet.")
    if accepted < CLICKS:
        refused = sum(
            len(row.response.get("Failed", ())) for row in rows if row.operation == "SendMessageBatch"
        )
        why = (
            f"{plural(refused, 'entry', 'entries')} stood in Failed of a reply that looked fine"
            if refused
            else "the rest was not sent"
        )
        return failed(f"{accepted} of {CLICKS} clicks are in the queue: {why}.")
    if len(bodies) > CLICKS:
        return failed(
            f"{plural(len(bodies) - CLICKS, 'click')} stand in the queue twice: send again only what failed."
        )
    if requests > SEND_CALLS:
        return failed(
            f"All {CLICKS} clicks are in the queue, with {requests} calls; {SEND_CALLS} are enough, ten messages in "
            "each."
        )
    return passed(f"All {CLICKS} clicks are in the queue after {plural(requests, 'call')}.")


BUCKET = "arn:aws:s3:::holiday-photos"


def look_security(account: Account) -> Result:
    """The queue `uploads`: the bucket holiday-photos can send to it, and nobody else from outside.

    The cell asks for: S3 may send notifications of the bucket `holiday-photos` of this account to a queue
    called `uploads`; no other bucket, no other service and no other account may. The decision left blank is
    the Condition (aws:SourceArn, or SourceArn with aws:SourceAccount) of the access policy, set as attribute
    Policy.
    """
    url = _url(account, "uploads")
    if url is None:
        return not_attempted("There is no queue called uploads yet.")
    seen = _attributes(account, url)
    text = seen.get("Policy", "")
    if not text:
        return not_attempted("uploads has no access policy yet.")
    arn, home = seen["QueueArn"], account.account_id

    def may(service: str, source: str, owner: str, action: str = "sqs:SendMessage") -> bool:
        context = {"aws:SourceArn": source, "aws:SourceAccount": owner}
        return policy.allows(text, policy.service(service), action, arn, context)

    try:
        if policy.allows(text, policy.user("999999999999", "stranger"), "sqs:SendMessage", arn, {}):
            return failed(
                "Anyone in any account may send: the principal is open and no condition holds them back."
            )
        if not may("s3.amazonaws.com", BUCKET, home):
            return failed(
                "S3 may not send for the bucket holiday-photos, so its notifications do not arrive."
            )
        if may("s3.amazonaws.com", "arn:aws:s3:::other-photos", home):
            return failed(
                "S3 may send for any bucket, also for one that belongs to somebody else: name the bucket in "
                "aws:SourceArn."
            )
        if may("sns.amazonaws.com", "arn:aws:sns:us-east-1:999999999999:news", "999999999999"):
            return failed("Other services may send too; only S3 should.")
        if may("s3.amazonaws.com", BUCKET, home, "sqs:ReceiveMessage"):
            return failed("S3 may also receive messages; it needs no more than sqs:SendMessage.")
    except policy.UnreadablePolicy as error:
        return failed(str(error))
    return passed("S3 may send for the bucket holiday-photos, and nobody else from outside may.")


CHECKS = (
    Check(
        "18_sqs.queue",
        "Each message sent to hello is done and does not come back.",
        look_queue,
        ("queue_deletes_on_receive",),
    ),
    Check(
        "18_sqs.visibility",
        "No report is made twice, and a crashed one is started again within 5 minutes.",
        look_visibility,
        ("timeout_starts_with_work", "long_timeout_is_free"),
    ),
    Check(
        "18_sqs.dlq",
        "Bad invoices are set aside within 15 minutes and can be read for 10 days.",
        look_dlq,
        ("dlq_restarts_retention", "dlq_counts_failures"),
    ),
    Check(
        "18_sqs.polling",
        "An idle consumer makes at most 5 calls a minute, and messages come at once.",
        look_polling,
        ("long_poll_returns_at_end",),
    ),
    Check("18_sqs.time", "The reminder comes after 10 to 12 minutes, the alarm at once.", look_time),
    Check(
        "18_sqs.fifo",
        "Equal payments both arrive, a retry does not, and no customer waits for another.",
        look_fifo,
        ("fifo_is_one_line",),
    ),
    Check("18_sqs.scale", "All 95 clicks are in the queue, after at most 12 calls.", look_scale),
    Check(
        "18_sqs.security", "Only the bucket holiday-photos may send to uploads from outside.", look_security
    ),
)


def _url(account: Account, name: str) -> str | None:
    try:
        return str(account.ask("sqs", "GetQueueUrl", {"QueueName": name})["QueueUrl"])
    except ServiceError:
        return None


def _attributes(account: Account, url: str) -> dict[str, str]:
    asked = account.ask("sqs", "GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["All"]})
    return dict(asked["Attributes"])


def _number(account: Account, url: str, name: str) -> int:
    return int(_attributes(account, url)[name])


def _sent(rows: list[CallRow], url: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Body and parameters of each accepted message of the queue."""
    for row in rows:
        if row.parameters.get("QueueUrl") != url or not row.response:
            continue
        if row.operation == "SendMessage":
            yield row.parameters["MessageBody"], row.parameters
        elif row.operation == "SendMessageBatch":
            done = {entry["Id"] for entry in row.response.get("Successful", ())}
            for entry in row.parameters["Entries"]:
                if entry["Id"] in done:
                    yield entry["MessageBody"], entry


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
