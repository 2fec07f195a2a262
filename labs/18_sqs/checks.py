"""What the tasks of section 18's lab need, and whether the student's system does it.

A `draw_<task>` draws a need; an `examine_<task>` sends work into the student's system, lets virtual time pass and looks
at what happened. Spans are in seconds (`_s`), days (`_days`) or minutes (`_min`).
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Any

from helpers.cloud import Actor, Call, ServiceError
from helpers.experiments.calls import CallRow
from helpers.labs import (
    Bench,
    Finding,
    Need,
    Trial,
    WorkFailed,
    crash,
    crashed,
    failed,
    passed,
)
from helpers.labs.care import Findings, careful, is_queue, lacking, stopped_by, tried

DAY_S, HOUR_S = 86_400, 3_600
LIMIT_BYTES, LIMIT_ENTRIES = 1_048_576, 10  # of a batch: GUIDE/quotas-messages.html
BRISK_S = 5  # how long payments of a second each wait for a free settler, if they wait for nothing else
SLACK_S = 1  # what API calls may add to a time that a need names


# ---- what the checks share


@dataclass
class Work:
    """One go at a piece of work: `end_s` is when it ended, `outcome` "done", "failed" or "died" ("" while at it)."""

    what: str
    start_s: float
    actor: str
    end_s: float = float("inf")
    outcome: str = ""


@dataclass
class Workshop:
    """Where the student's workers do their work. `goes` are all goes at it, in the order in which they began."""

    trial: Trial
    goes: list[Work] = field(default_factory=list)

    def begin(self, what: str) -> Work:
        """A worker begins with `what`, now."""
        cloud = self.trial.cloud
        work = Work(what, cloud.now, cloud.caller)
        self.goes.append(work)
        return work

    def end(self, work: Work, outcome: str) -> None:
        """The go ends now. Raises WorkFailed, or lets the worker die, if that is the outcome."""
        work.end_s, work.outcome = self.trial.cloud.now, outcome
        if outcome == "failed":
            raise WorkFailed("this did not work")
        if outcome == "died":
            crash()

    def of(self, what: str) -> list[Work]:
        """The goes at one piece of work."""
        return [go for go in self.goes if go.what == what]

    def done(self, what: str) -> list[Work]:
        """Those of them that were successful."""
        return [go for go in self.of(what) if go.outcome == "done"]

    def handed_out(self, work: Work) -> CallRow | None:
        """The receive that gave the worker this work."""
        rows = [row for row in self.trial.rows if row.actor == work.actor and row.end_s <= work.start_s]
        return next((row for row in reversed(rows) if row.operation == "ReceiveMessage"), None)


def run_until(trial: Trial, ended: Callable[[], bool], within_s: float) -> None:
    """Let the account live until `ended()`, at most `within_s`; a student's worker that raises stops alone."""

    def watch() -> None:
        while not ended():
            time.sleep(2)

    watcher = trial.cloud.spawn(watch, name="watch", background=True)
    trial.cloud.run_until_done(watcher, within_s=within_s, calls=trial.cloud.calls + 4_000)
    watcher.stop()


def settle_in(trial: Trial, workers: Sequence[Actor]) -> None:
    """Let workers find the empty queue. Those that poll without a pause get a slow line, or the check would be slow."""
    before, began_s = trial.cloud.calls, trial.cloud.now
    trial.cloud.run(began_s + 2, on_error="record")
    if trial.cloud.calls - before > 20 * len(workers):
        trial.cloud.api_latency_s = 0.5


def held(sqs: Any, url: str) -> int:
    """How many messages a queue holds, hidden ones included."""
    names = [f"ApproximateNumberOfMessages{which}" for which in ("", "NotVisible", "Delayed")]
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(count) for count in counts.values())


def receive(sqs: Any, url: str, **options: Any) -> list[dict[str, Any]]:
    """What one receive brings."""
    messages: list[dict[str, Any]] = sqs.receive_message(QueueUrl=url, **options).get("Messages", [])
    return messages


def drain(sqs: Any, url: str) -> list[dict[str, Any]]:
    """All messages of a queue, which are hidden for an hour then."""
    found: list[dict[str, Any]] = []
    while got := receive(
        sqs, url, MaxNumberOfMessages=10, VisibilityTimeout=HOUR_S, MessageAttributeNames=["All"]
    ):
        found += got
    return found


def send_all(sqs: Any, url: str, bodies: Sequence[str], **each: Any) -> None:
    """Send small bodies."""
    for first in range(0, len(bodies), LIMIT_ENTRIES):
        part = enumerate(bodies[first : first + LIMIT_ENTRIES])
        entries = [{"Id": str(place), "MessageBody": body, **each} for place, body in part]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)


def names(random: Random, prefix: str, count: int) -> list[str]:
    """Names that nobody can foresee."""
    return [f"{prefix}-{number}" for number in random.sample(range(100_000, 1_000_000), count)]


def a_name(random: Random, prefix: str) -> str:
    """One of them."""
    return names(random, prefix, 1)[0]


# ---- 1: queues


def draw_queues(random: Random) -> Need:
    """Work of one receive, time to start again, tries, time to set aside, days to lie, to be read, to be kept."""
    at_once = random.randint(2, 5)
    job_s = random.choice((7, 11, 16, 24, 37))
    restart_s = round(at_once * job_s * 1.4)
    tries = random.randint(3, 6)
    closed_days, readable_days = random.randint(5, 7), random.randint(2, 5)
    return {
        "job_s": job_s,
        "at_once": at_once,
        "restart_s": restart_s,
        "tries": tries,
        "aside_s": tries * restart_s,
        "closed_days": closed_days,
        "readable_days": readable_days,
        "gone_days": closed_days + readable_days + 1,
    }


@careful("once", "restart", "aside", "kept", of="A queue")
def examine_queues(bench: Bench, need: Need) -> Findings:
    """Two workers on the student's queues; a crash; an order that fails; and the same after the shop was closed."""
    with bench.trial() as trial:
        sqs = trial.client("sqs")
        orders, failures = _made(trial, trial.student.call("create_queues", sqs, need))
        if not orders:
            said = "create_queues did not return the URLs of two standard queues, as orders and failures."
            for check in ("once", "restart", "aside", "kept"):
                yield check, failed(said)
            return
        random = bench.random
        yield "once", _once(random, trial, sqs, orders, need)
        yield "restart", _restart(random, trial, sqs, orders, need)
        yield "aside", _aside(random, trial, sqs, orders, failures, need)
        yield "kept", _kept(random, trial, sqs, orders, failures, need)


def _made(trial: Trial, urls: Any) -> tuple[str, str]:
    found = [urls.get(name) for name in ("orders", "failures")] if isinstance(urls, dict) else []
    good = len(set(map(str, found))) == 2 and all(is_queue(trial, url) for url in found)
    if not good or any(str(url).endswith(".fifo") for url in found):
        return "", ""
    return str(found[0]), str(found[1])


def _polled(trial: Trial, sqs: Any, url: str, name: str, for_s: float) -> list[str]:
    """What a worker gets that is there for so long, and that fails at everything."""
    found: list[str] = []

    def poll() -> None:
        while True:
            found.extend(message["Body"] for message in receive(sqs, url, WaitTimeSeconds=20))

    worker = trial.cloud.spawn(poll, name=name, background=True)
    trial.cloud.run(trial.cloud.now + for_s)
    worker.stop()
    return found


def _once(random: Random, trial: Trial, sqs: Any, url: str, need: Need) -> Finding:
    cloud = trial.cloud
    send_all(sqs, url, names(random, "order", need["at_once"]))

    def print_in_turn() -> None:
        for message in receive(sqs, url, MaxNumberOfMessages=need["at_once"]):
            time.sleep(need["job_s"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    cloud.spawn(print_in_turn, name="worker-1", background=True)
    cloud.run(cloud.now + 0.1)
    if _polled(trial, sqs, url, "worker-2", need["job_s"] * need["at_once"]):
        row = next(row for row in trial.rows if row.actor == "worker-2" and row.response.get("Messages"))
        return failed("An order was handed to a second worker while the first still had it.", row)
    return passed("No order was handed out twice.")


def _restart(random: Random, trial: Trial, sqs: Any, url: str, need: Need) -> Finding:
    drain(sqs, url)
    body = a_name(random, "order")
    sqs.send_message(QueueUrl=url, MessageBody=body)
    if not receive(sqs, url, WaitTimeSeconds=1):  # the worker that takes it crashes
        return failed("An order that was sent could not be received.")
    taken = trial.rows[-1]
    if body not in _polled(trial, sqs, url, "worker-3", need["restart_s"] + SLACK_S):
        return failed("The order of a crashed worker stayed hidden for longer than it may.", taken)
    return passed("The order of a crashed worker was started again in time.")


def _aside(random: Random, trial: Trial, sqs: Any, url: str, failures: str, need: Need) -> Finding:
    drain(sqs, url)
    body = a_name(random, "order")
    sqs.send_message(QueueUrl=url, MessageBody=body)
    found = _polled(trial, sqs, url, "worker-4", need["aside_s"] + 2 * SLACK_S)
    aside = [message["Body"] for message in drain(sqs, failures)]
    if body in aside and found.count(body) >= need["tries"]:
        return passed("A failing order had its tries and was set aside in time.")
    got = [row for row in trial.rows if row.actor == "worker-4" and row.response.get("Messages")]
    row = got[-1] if got else None
    if body in aside:
        return failed("An order was set aside before it had had all its tries.", row)
    if found.count(body) < need["tries"]:
        return failed(
            "An order that fails was hidden for too long after each try to be set aside in time.", row
        )
    return failed("An order that always fails was still tried when it should have been in failures.", row)


def _kept(random: Random, trial: Trial, sqs: Any, url: str, failures: str, need: Need) -> Finding:
    """The order waits while the shop is closed, fails at once as often as it may, and is looked for in failures."""
    cloud = trial.cloud
    for place in (url, failures):
        sqs.purge_queue(QueueUrl=place)
    body = a_name(random, "order")
    sqs.send_message(QueueUrl=url, MessageBody=body)
    sent_s, sent = cloud.now, trial.rows[-1]
    cloud.run(sent_s + need["closed_days"] * DAY_S - HOUR_S)
    if not receive(sqs, url, VisibilityTimeout=0):
        return failed(
            "An order that lay in the queue while the shop was closed was gone when it opened.", sent
        )
    for _ in range(30):
        if not receive(sqs, url, VisibilityTimeout=0):
            break
    if not receive(sqs, failures, VisibilityTimeout=0):
        return failed("An order that failed after the holidays was not to be found in failures.", sent)
    cloud.run(sent_s + (need["closed_days"] + need["readable_days"]) * DAY_S - HOUR_S)
    if not receive(sqs, failures, VisibilityTimeout=0):
        return failed("A failed order was gone before everybody had had the time to read it.", sent)
    sqs.send_message(QueueUrl=url, MessageBody=body)
    again_s = cloud.now
    for place, since_s in ((failures, sent_s), (url, again_s)):
        cloud.run(since_s + need["gone_days"] * DAY_S + HOUR_S)
        if receive(sqs, place, VisibilityTimeout=0):
            return failed("A copy of an order was kept for longer than the shop may keep it.", trial.rows[-1])
    return passed("A failed order could be read for long enough, and no copy was kept for too long.")


# ---- 2: send


def draw_send(random: Random) -> Need:
    """How many orders a shop sends at a time, and the largest of them."""
    return {"orders": random.randint(24, 40), "largest_kb": random.randint(380, 480)}


@careful("arrive", "calls", "again", "refused", of="A queue")
def examine_send(bench: Bench, need: Need) -> Findings:
    """Orders of very different sizes; then small ones, of which SQS cannot take one for a while, and one never."""
    with bench.trial() as trial:
        trial.cloud.api_latency_s = 0.2  # so that whoever sends for ever soon runs out of time
        sqs = trial.client("sqs")
        url = sqs.create_queue(QueueName="orders")["QueueUrl"]
        bodies = _orders_of_all_sizes(bench.random, need)
        _, crash_finding = tried(lambda: trial.student.call("send_orders", sqs, url, bodies, within_s=120))
        requests = [row for row in trial.rows if row.actor == "you"]
        arrived = Counter(message["Body"] for message in drain(sqs, url))
        yield "arrive", crash_finding or _arrived(bodies, arrived, requests)
        yield "calls", crash_finding or _requests(bodies, requests)

        url = sqs.create_queue(QueueName="more-orders")["QueueUrl"]
        bodies = [json.dumps({"order": name}) for name in names(bench.random, "order", 12)]
        unlucky, hopeless = bench.random.sample(range(LIMIT_ENTRIES), 2)
        bodies[hopeless] += "\x07"  # SQS takes the characters of XML 1.0 only: API/API_SendMessage.html
        _fail_twice(trial, bodies[unlucky])
        result, crash_finding = tried(
            lambda: trial.student.call("send_orders", sqs, url, bodies, within_s=120)
        )
        arrived = Counter(message["Body"] for message in drain(sqs, url))
        yield "again", crash_finding or _sent_again(bodies, hopeless, arrived, trial)
        yield "refused", crash_finding or _refused(result, hopeless)


def _orders_of_all_sizes(random: Random, need: Need) -> list[str]:
    """Small orders, and among them six large ones; three of these, in a row, are in a script of 3 bytes a character."""

    def order(name: str, size: int, letter: str = "") -> str:
        text = letter * (size // 3) if letter else random.choice("abcdef") * size
        return json.dumps({"order": name, "greeting": text}, ensure_ascii=False)

    largest = need["largest_kb"] * 1_000
    bodies = [order(name, random.randint(50, 800)) for name in names(random, "order", need["orders"] - 6)]
    large = [random.randint(360_000, largest) for _ in range(6)]
    for size in large[:3]:
        bodies.insert(random.randint(4, len(bodies)), order(a_name(random, "order"), size - 200))
    wide = [order(a_name(random, "order"), size - 200, random.choice("本店花")) for size in large[3:]]
    return bodies[:4] + wide + bodies[4:]


def _size(body: str) -> int:
    return len(body.encode())


def _enough_requests(bodies: Sequence[str]) -> int:
    """The batches that come of filling each one in the order of the list."""
    requests, entries, size = 1, 0, 0
    for body in bodies:
        if entries == LIMIT_ENTRIES or size + _size(body) > LIMIT_BYTES:
            requests, entries, size = requests + 1, 0, 0
        entries, size = entries + 1, size + _size(body)
    return requests


def _arrived(bodies: Sequence[str], arrived: Counter[str], requests: Sequence[CallRow]) -> Finding:
    row = requests[-1] if requests else None
    if any(not arrived[body] for body in bodies):
        return failed("An order never arrived in the queue, or arrived changed.", row)
    if any(arrived[body] > 1 for body in bodies):
        return failed("An order stands in the queue more than once.", row)
    return passed("Every order is in the queue once.")


def _requests(bodies: Sequence[str], requests: Sequence[CallRow]) -> Finding:
    enough = _enough_requests(bodies)
    if len(requests) > enough:
        return failed("More requests were made than full batches need.", requests[enough])
    if not requests:
        return failed("No request was made.")
    return passed("No request too many was made.")


def _fail_twice(trial: Trial, body: str) -> None:
    """Let SQS fail to take the entry with this body in the first two requests that hold it.

    A batch answers 200 all the same: API/API_SendMessageBatch.html.
    """
    hooks = trial.cloud.hooks.answers
    answer = hooks["sqs", "SendMessageBatch"]
    left = [2]

    def fail_one(call: Call) -> dict[str, Any] | None:
        entries = call.parameters["Entries"]
        unlucky = [entry for entry in entries if entry["MessageBody"] == body]
        if not unlucky or not left[0]:
            return answer(call)
        left[0] -= 1
        rest = [entry for entry in entries if entry["MessageBody"] != body]
        reply: dict[str, Any] = {"Successful": [], "Failed": []}
        if rest:
            call.parameters = {**call.parameters, "Entries": rest}
            reply = answer(call) or reply
        sorry = {"SenderFault": False, "Code": "InternalError", "Message": "Try again later."}
        reply["Failed"] = [*reply["Failed"], {"Id": unlucky[0]["Id"], **sorry}]
        return reply

    def refuse_single(call: Call) -> None:
        if call.parameters["MessageBody"] == body and left[0]:
            left[0] -= 1
            raise ServiceError("InternalError", "Try again later.", 500, sender_fault=False)

    trial.cloud.answer("sqs", "SendMessageBatch", fail_one)
    trial.cloud.before("sqs", "SendMessage", refuse_single)


def _sent_again(bodies: Sequence[str], hopeless: int, arrived: Counter[str], trial: Trial) -> Finding:
    good = [body for place, body in enumerate(bodies) if place != hopeless]
    if all(arrived[body] == 1 for body in good):
        return passed("What SQS could not take at first was sent again, and nothing else.")
    shown = next((row for row in trial.rows if row.response.get("Failed")), None)
    if any(not arrived[body] for body in good):
        return failed("The answer said that an entry had failed, and its order never arrived.", shown)
    return failed("An order that had arrived was sent again together with one that had not.", shown)


def _refused(result: Any, hopeless: int) -> Finding:
    if not isinstance(result, list):
        return failed("send_orders returned no list of the orders that SQS refuses.")
    if hopeless not in result:
        return failed("The order that SQS refuses for good was not reported.")
    if len(result) != 1:
        return failed("Orders were reported as refused that SQS had taken.")
    return passed("The one order that SQS refuses was reported.")


# ---- 3: work

IDLE_CALLS = 4  # of a copy with nothing to do, in a minute


def draw_work(random: Random) -> Need:
    """The timeout of the queue. `work` gets no need: it can ask the queue, and the rest of the text holds for any."""
    return {"timeout_s": random.choice((22, 28, 35, 43))}


@careful("idle", "once", "restart", "failed", of="A queue")
def examine_work(bench: Bench, need: Need) -> Findings:
    """Four copies of the worker. Two long orders lose their worker half-way; a short one fails at first."""
    random, timeout_s = bench.random, need["timeout_s"]
    with bench.trial() as trial:
        cloud, sqs = trial.cloud, trial.client("sqs")
        attributes = {"VisibilityTimeout": str(timeout_s)}
        url = sqs.create_queue(QueueName="orders", Attributes=attributes)["QueueUrl"]
        max_s = {name: random.randint(10, 13) for name in names(random, "order", 6)}
        early, failing, *_ = max_s
        shorter, longer = names(random, "order", 2)
        max_s[shorter] = round(2 * timeout_s + random.randint(0, 5))
        max_s[longer] = round(3.5 * timeout_s + random.randint(0, 5))
        shop = Workshop(trial)

        def handle(body: Any) -> None:
            name = _field(body, "order")
            if name not in max_s:
                raise WorkFailed("this is no order")
            work, go = shop.begin(name), len(shop.of(name))
            if name in (shorter, longer) and go == 1:
                time.sleep(max_s[name] * random.uniform(0.4, 0.7))
                shop.end(work, "died")
            time.sleep(max_s[name] - 0.5)
            shop.end(work, "failed" if name == failing and go == 1 else "done")

        copies = [trial.student.spawn("work", sqs, url, handle, name="copy-1")]
        idle = _idle(trial, copies)
        copies += [trial.student.spawn("work", sqs, url, handle, name=f"copy-{n}") for n in (2, 3, 4)]
        cloud.run(cloud.now + random.uniform(3, 12), on_error="record")
        sent_s = cloud.now
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"order": early, "max_s": max_s[early]}))
        cloud.run(cloud.now + SLACK_S + cloud.api_latency_s, on_error="record")
        began = shop.of(early)
        if idle.status == "passed" and not (began and began[0].start_s <= sent_s + SLACK_S):
            idle = lacking("An order waited although all copies were idle.", copies, trial.rows[0])
        yield "idle", idle

        rest = [name for name in max_s if name != early]
        send_all(sqs, url, [json.dumps({"order": name, "max_s": max_s[name]}) for name in rest])
        run_until(
            trial,
            lambda: all(shop.done(name) for name in max_s),
            within_s=2 * (max_s[longer] + need["timeout_s"]) + max_s[shorter] + 60,
        )
        cloud.run(cloud.now + 1 + 2 * cloud.api_latency_s, on_error="record")
        calm = [name for name in max_s if name not in (shorter, longer, failing)]
        yield "once", _handled_once(shop, calm, copies, held(sqs, url))
        gone = not held(sqs, url)
        yield "restart", _restarted(shop, (shorter, longer), max_s, need, copies, gone)
        yield "failed", _tried_again(shop, failing, copies, gone)


def _field(body: Any, name: str) -> str:
    try:
        return str(json.loads(body)[name])
    except (TypeError, ValueError, KeyError, IndexError):
        return ""


def _idle(trial: Trial, copies: Sequence[Actor]) -> Finding:
    """One copy alone with an empty queue, for a minute; one that asks without a pause gets a slow line."""
    cloud = trial.cloud
    cloud.api_latency_s, began_s = 0.1, cloud.now
    cloud.run(began_s + 60, on_error="record")
    stopped = stopped_by(copies)
    asked = [row for row in trial.rows if row.actor == "copy-1"]
    cloud.api_latency_s = 2.0 if len(asked) > 60 else 0.01
    if stopped is not None:
        return crashed(stopped.sentence)
    if len(asked) > IDLE_CALLS:
        row = asked[IDLE_CALLS]
        return failed("An idle copy asked the empty queue more often than it may.", row)
    return passed("An idle copy asked seldom, and an order was begun at once.")


def _handled_once(shop: Workshop, calm: Sequence[str], copies: Sequence[Actor], left: int) -> Finding:
    for name in dict.fromkeys(go.what for go in shop.goes):
        goes = shop.of(name)
        for before, after in pairwise(goes):
            if after.start_s < before.end_s:
                said = "An order was handed to a second copy while the first was still at it."
                return failed(said, shop.handed_out(after))
            if before.outcome == "done":
                return failed("An order was handled again after it was done.", shop.handed_out(after))
    if not all(shop.done(name) for name in calm):
        return lacking("An order was never handled to its end.", copies)
    if left and all(shop.done(go.what) for go in shop.goes):
        return failed("An order that was done is still in the queue.")
    error = stopped_by(copies)
    if error is not None and error.kind != "WorkFailed":
        return crashed(error.sentence)
    return passed("Every order was handled once.")


def _restarted(
    shop: Workshop,
    died: Sequence[str],
    max_s: dict[str, int],
    need: Need,
    copies: Sequence[Actor],
    gone: bool,
) -> Finding:
    """Whether others began in time with the orders whose copy died; `gone` says that the queue is empty."""
    for name in died:
        goes = shop.of(name)
        if len(goes) < 2:
            row = shop.handed_out(goes[0]) if goes else None
            why = "it was no longer in the queue" if gone else "it stayed hidden for too long"
            return lacking(f"The order of a copy that died was not started again: {why}.", copies, row)
        if goes[1].start_s > goes[0].start_s + max_s[name] + need["timeout_s"] + 2 * SLACK_S:
            said = "The order of a copy that died was started again later than it may."
            return failed(said, shop.handed_out(goes[0]))
    return passed("The orders of copies that died were started again in time.")


def _tried_again(shop: Workshop, failing: str, copies: Sequence[Actor], gone: bool) -> Finding:
    goes = shop.of(failing)
    ended = any(getattr(copy.error, "kind", "") == "WorkFailed" for copy in copies)
    if shop.done(failing) and not ended:
        return passed("An order that failed was tried again.")
    row = shop.handed_out(goes[0]) if goes else None
    if ended:
        return failed("A copy of the worker ended because an order had failed.", row)
    why = "it was no longer in the queue" if gone else "it stayed hidden for too long"
    return lacking(f"An order that failed was not tried again: {why}.", copies, row)


# ---- 4: payments


def draw_payments(random: Random) -> Need:
    """How long a booking takes at most, when it must be tried again, and how late a client repeats itself."""
    booking_s = random.choice((13, 19, 34, 55, 85))
    return {
        "booking_s": booking_s,
        "again_s": round(booking_s * 1.4),
        "retry_min": random.randint(6, 12),
    }


@careful("sends", "once", "order", "others", of="A queue")
def examine_payments(bench: Bench, need: Need) -> Findings:
    """Equal payments and a retry; then settlers that meet a refusing bank, a crash, and a retry after a restart."""
    with bench.trial() as trial:
        sqs = trial.client("sqs")
        url = trial.student.call("create_payments", sqs, need)
        if not is_queue(trial, url):
            for check in ("sends", "once", "order", "others"):
                yield check, failed("create_payments did not return the URL of a queue.")
            return
        yield "sends", _sends(bench.random, trial, sqs, url)
        sqs.purge_queue(QueueUrl=url)
        yield from _settled(bench.random, trial, sqs, url, need)


def _payment(name: str, customer: str, cents: int) -> dict[str, Any]:
    return {"payment": name, "customer": customer, "amount_cents": cents, "attempt": 1}


def _sends(random: Random, trial: Trial, sqs: Any, url: str) -> Finding:
    cloud = trial.cloud
    one, two = names(random, "pay", 2)
    customer, cents = a_name(random, "customer"), random.randint(500, 20_000)
    first = _payment(one, customer, cents)
    trial.student.call("pay", sqs, url, first)
    if held(sqs, url) != 1:
        return failed("A payment was sent, and the queue does not hold one message.", trial.rows[-2])
    cloud.run(cloud.now + random.randint(5, 20))
    trial.student.call("pay", sqs, url, _payment(two, customer, cents))
    if held(sqs, url) != 2:
        return failed("A second, honest payment of the same amount did not arrive.", trial.rows[-2])
    cloud.run(cloud.now + random.randint(30, 240))
    trial.student.call("pay", sqs, url, {**first, "attempt": 2})
    if held(sqs, url) != 2:
        return failed("The retry of a payment stands in the queue beside the payment.", trial.rows[-2])
    return passed("Equal payments both arrived, and a retry did not.")


def _settled(random: Random, trial: Trial, sqs: Any, url: str, need: Need) -> Findings:
    cloud = trial.cloud
    customers = names(random, "customer", 4)
    ids = names(random, "pay", 7)
    refused, brisk, slow, struck = (ids[:2], ids[2:4], ids[4:5], ids[5:])
    lines = dict(zip(customers, (refused, brisk, slow, struck), strict=True))
    owner = {name: customer for customer, line in lines.items() for name in line}
    payments = {name: _payment(name, owner[name], random.randint(500, 20_000)) for name in ids}
    shop = Workshop(trial)

    def is_booked(name: Any) -> bool:
        return any(go.outcome in ("done", "died") for go in shop.of(str(name)))

    def book(payment: Any) -> None:
        name = str(payment.get("payment")) if isinstance(payment, dict) else ""
        if name not in payments:
            raise WorkFailed("this is no payment")
        work, go = shop.begin(name), len(shop.of(name))
        time.sleep(need["booking_s"] - 0.5 if name == slow[0] else 1)
        if name == refused[0] and go <= 2:
            shop.end(work, "failed")
        shop.end(work, "died" if name == struck[0] and go == 1 else "done")

    settlers = [
        trial.student.spawn("settle", sqs, url, is_booked, book, name=f"settler-{number}")
        for number in (1, 2, 3)
    ]
    settle_in(trial, settlers)
    sent_s = cloud.now
    for name in (slow[0], refused[0], *brisk, refused[1], *struck):
        trial.student.call("pay", sqs, url, payments[name])
    run_until(
        trial,
        lambda: all(is_booked(name) for name in ids) and not held(sqs, url),
        within_s=3 * need["again_s"] + need["booking_s"] + 20,
    )
    missing = next((name for name in ids if not is_booked(name)), None)
    stopped = missing and lacking(
        "A payment was not taken up again in time after it had failed or its settler had crashed."
        if shop.of(missing)
        else "A payment was not begun in time.",
        settlers,
    )

    trial.student.restart()
    cloud.run(max(cloud.now, sent_s + need["retry_min"] * 60) + 1)
    late = [trial.student.spawn("settle", sqs, url, is_booked, book, name="settler-4")]
    trial.student.call("pay", sqs, url, {**payments[brisk[0]], "attempt": 2})
    cloud.run(cloud.now + 5 + 3 * cloud.api_latency_s, on_error="record")
    tardy = _taken_up_late(shop, refused[0], need)
    yield "once", _booked_once(shop, ids, struck[0]) or stopped or tardy or _no_error(late)
    kept = passed("The payments of each customer kept their order.") if is_booked(refused[1]) else stopped
    yield "order", _in_order(shop, lines) or kept or _no_error(late)
    yield "others", _not_delayed(shop, refused[0], brisk, sent_s, settlers)


def _no_error(workers: Sequence[Actor]) -> Finding:
    error = stopped_by(workers)
    return crashed(error.sentence) if error else passed("Every payment was booked once.")


def _booked_once(shop: Workshop, ids: Sequence[str], struck: str) -> Finding | None:
    for name in ids:
        booked = [go for go in shop.of(name) if go.outcome in ("done", "died")]
        if len(booked) > 1:
            row = shop.handed_out(booked[1])
            if booked[1].start_s < booked[0].end_s:
                return failed("A payment was booked twice: a second settler got it during the booking.", row)
            if name == struck:
                return failed("A payment was booked again after its settler had crashed.", row)
            return failed("A payment was booked twice: once more when its client repeated it.", row)
    return None


def _taken_up_late(shop: Workshop, refused: str, need: Need) -> Finding | None:
    for first, second in pairwise(shop.of(refused)):
        if first.outcome == "failed" and second.start_s > first.end_s + need["again_s"] + SLACK_S:
            row = shop.handed_out(second)
            return failed("A payment that was refused was taken up again later than it may.", row)
    return None


def _in_order(shop: Workshop, lines: dict[str, list[str]]) -> Finding | None:
    for line in lines.values():
        for before, after in pairwise(line):
            ends = [go.end_s for go in shop.of(before) if go.outcome in ("done", "died")]
            begins = [go for go in shop.of(after) if go.start_s < min(ends, default=float("inf"))]
            if begins:
                said = "A payment was begun before an earlier one of the same customer was booked."
                return failed(said, shop.handed_out(begins[0]))
    return None


def _not_delayed(
    shop: Workshop, refused: str, brisk: Sequence[str], sent_s: float, settlers: Sequence[Actor]
) -> Finding:
    """Whether the brisk payments came before the refused one was tried again, which may also be at once."""
    goes = shop.of(refused)
    again_s = goes[1].start_s if len(goes) > 1 else float("inf")
    for name in brisk:
        done = shop.done(name)
        if not done:
            return lacking("A payment of another customer was not booked in time.", settlers)
        if done[0].end_s > again_s and done[0].start_s > sent_s + BRISK_S:
            said = "A customer's payment waited for the failing payment of another customer."
            return failed(said, shop.handed_out(done[0]))
    return passed("No customer waited for the failing payment of another.")


# ---- 5: redrive


def draw_redrive(random: Random) -> Need:
    """The timeout and tries that the queue gives, and how long the tax office's service may be away."""
    timeout_s, tries = random.choice((20, 28, 39, 55)), random.randint(3, 4)
    return {
        "timeout_s": timeout_s,
        "tries": tries,
        "away_s": round((tries - 1) * timeout_s * 0.85),
        "aside_s": round(tries * timeout_s * 1.15),
    }


@careful("outage", "aside", "back", "resumed", of="A queue")
def examine_redrive(bench: Bench, need: Need) -> Findings:
    """An outage while invoices come; a full queue of failures moved back; and again, the script killed half-way."""
    with bench.trial() as trial:
        sqs = trial.client("sqs")
        failures = sqs.create_queue(QueueName="invoice-failures")["QueueUrl"]
        known = sqs.get_queue_attributes(QueueUrl=failures, AttributeNames=["QueueArn"])["Attributes"]
        redrive = {"deadLetterTargetArn": known["QueueArn"], "maxReceiveCount": need["tries"]}
        attributes = {"VisibilityTimeout": str(need["timeout_s"]), "RedrivePolicy": json.dumps(redrive)}
        url = sqs.create_queue(QueueName="invoices", Attributes=attributes)["QueueUrl"]
        yield from _outage(bench.random, trial, sqs, url, failures, need)
        expected = _filled(bench.random, trial, sqs, url, failures)
        if held(sqs, failures) < expected.total():
            said = "The settings of the queues were changed: what fails is not set aside any more."
            for check in ("back", "resumed"):
                yield check, failed(said)
            return
        yield "back", _moved_back(trial, sqs, url, failures, expected)
        expected = _filled(bench.random, trial, sqs, url, failures)
        yield "resumed", _resumed(trial, sqs, url, failures, expected)


def _outage(random: Random, trial: Trial, sqs: Any, url: str, failures: str, need: Need) -> Findings:
    cloud = trial.cloud
    good = names(random, "invoice", 4)
    bad = good.pop(random.randrange(4))
    shop = Workshop(trial)

    def make(body: Any) -> None:
        work = shop.begin(str(body))
        time.sleep(0.5)
        away = cloud.now < sent_s + need["away_s"]
        shop.end(work, "failed" if away or body == bad else "done")

    workers = [
        trial.student.spawn("invoice_worker", sqs, url, make, name=f"worker-{number}") for number in (1, 2)
    ]
    settle_in(trial, workers)
    sent_s = cloud.now
    send_all(sqs, url, [*good[:2], bad, *good[2:]])
    run_until(trial, lambda: False, within_s=need["aside_s"] + 5)
    for worker in workers:
        worker.stop()
    aside = [message["Body"] for message in drain(sqs, failures)]
    gone = not aside and not held(sqs, url)
    yield "outage", _survived(shop, good, aside, workers, gone)
    if bad in aside:
        yield "aside", passed("The invoice that always fails was set aside in time.")
    else:
        goes = shop.of(bad)
        row = shop.handed_out(goes[-1]) if goes else None
        yield "aside", lacking("The invoice that always fails was not set aside in time.", workers, row)


def _survived(
    shop: Workshop, good: Sequence[str], aside: Sequence[str], workers: Sequence[Actor], gone: bool
) -> Finding:
    """Whether the good invoices were made after the outage; `gone` says that both queues are empty."""
    for name in good:
        if name not in aside and len(shop.done(name)) == 1:
            continue
        goes = shop.of(name)
        row = shop.handed_out(goes[-1]) if goes else None
        if name in aside:
            return failed("A good invoice used up its tries during the outage and was set aside.", row)
        if not shop.done(name):
            why = "it was in neither queue any more" if gone else "it stayed hidden for too long"
            return lacking(f"A good invoice was not made after the outage: {why}.", workers, row)
        return failed("An invoice was made twice.", row)
    return passed("The invoices that failed during the outage were made after it.")


Content = Counter[tuple[str, str]]
"""How often a queue holds each message: its body, and its attribute `customer`."""


def _filled(random: Random, trial: Trial, sqs: Any, url: str, failures: str) -> Content:
    """Fill the queue of failures, and nothing else, with invoices that came from the other queue."""
    trial.cloud.api_latency_s = 0.01
    trial.cloud.run(trial.cloud.now + 61)  # a purge works once a minute
    for place in (url, failures):
        sqs.purge_queue(QueueUrl=place)
    customer = a_name(random, "customer")
    bodies = names(random, "invoice", random.randint(11, 14))
    attributes = {"customer": {"DataType": "String", "StringValue": customer}}
    send_all(sqs, url, bodies, MessageAttributes=attributes)
    for _ in range(20):
        if not receive(sqs, url, MaxNumberOfMessages=10, VisibilityTimeout=0):
            break
    return Counter((body, customer) for body in bodies)


def _content(sqs: Any, url: str) -> Content:
    return Counter(
        (message["Body"], message.get("MessageAttributes", {}).get("customer", {}).get("StringValue", ""))
        for message in drain(sqs, url)
    )


def _once_each(expected: Content, found: Content, row: Any) -> Finding | None:
    bodies = Counter(body for body, _ in found.elements())
    if any(not bodies[body] for body, _ in expected):
        return failed("An invoice is lost: it is in neither of its queues.", row)
    if any(count > 1 for count in bodies.values()):
        return failed("An invoice stands in the queue twice.", row)
    if found != expected:
        return failed("An invoice came back without the attribute that it was sent with.", row)
    return None


def _moved_back(trial: Trial, sqs: Any, url: str, failures: str, expected: Content) -> Finding:
    _, crash_finding = tried(lambda: trial.student.call("redrive", sqs, failures, url, within_s=HOUR_S))
    if crash_finding:
        return crash_finding
    row = trial.rows[-1]
    if held(sqs, failures):
        return failed("redrive returned while invoices were still in the queue of failures.", row)
    return _once_each(expected, _content(sqs, url), row) or passed("Every invoice is back, as it was sent.")


CHANGES = (
    "SendMessage", "SendMessageBatch", "DeleteMessage", "DeleteMessageBatch", "StartMessageMoveTask", "PurgeQueue",
)  # fmt: skip


def _resumed(trial: Trial, sqs: Any, url: str, failures: str, expected: Content) -> Finding:
    """The script is killed right after its first call that changes a queue, and started again: at once, and later."""
    cloud = trial.cloud
    changes: list[str] = []
    for operation in CHANGES:
        cloud.amend("sqs", operation, lambda call, _response: changes.append(call.operation))
    script = trial.student.spawn("redrive", sqs, failures, url, name="redrive")
    limit = cloud.calls + 50
    while not (script.done or changes) and cloud.calls < limit:
        cloud.run_until_done(script, within_s=60, calls=cloud.calls + 1)
    error = stopped_by([script])
    if error is not None:
        return crashed(error.sentence)
    script.stop()
    row = trial.rows[-1]
    for _ in range(2):
        _, crash_finding = tried(lambda: trial.student.call("redrive", sqs, failures, url, within_s=HOUR_S))
        if crash_finding:
            return crash_finding
        cloud.run(cloud.now + 60)
    if held(sqs, failures):
        return failed("Invoices were left in the queue of failures after the script had been killed.", row)
    found = _once_each(expected, _content(sqs, url), row)
    return found or passed("Killed half-way and started again, it lost and doubled nothing.")
