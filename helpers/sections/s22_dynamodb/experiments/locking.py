"""Clerks who sell tickets out of one stock: what becomes of writes that race, and what each way to write costs."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

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
from helpers.sections.s22_dynamodb.experiments.sales import (
    SALES,
    STOCK,
    Attempt,
    attempts,
    stock_levels,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

GUIDE = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
PLAIN, VERSION, COUNTER, TRANSACTION = "plain write", "version condition", "atomic counter", "transaction"
READING = (PLAIN, VERSION)
REPLY_LOST_S = 1.0  # a clerk whose reply is lost asks again after so long: an assumption
FILLING_UNITS = 1.0  # of the one put that fills the stock
UNITS_A_WRITE = 1.0  # of an item of up to 1 KB: GUIDE/read-write-operations.html
FIRST_PAUSE_S = 0.05  # and doubled with each refusal: GUIDE/Programming.Errors.html


@dataclass(frozen=True)
class Measured:
    """What the trail shows: all attempts in the order of DynamoDB's answers, the tickets after each accepted write, and
    the sales that the stock does not show.
    """

    attempts: tuple[Attempt, ...]
    levels: tuple[tuple[float, int], ...]
    missing: frozenset[str]
    end_s: float
    summary: dict[str, int | float | str]


class Locking(Experiment):
    """Clerks on one item; see the module."""

    id = "22_dynamodb.locking"
    title = "Writes that race"
    question = "Do two clerks overwrite each other?"
    parameters = (
        Choice(
            "strategy",
            PLAIN,
            "clerks write with",
            "Read and put back; the same with a condition on a version; one ADD; or a transaction with a sales record.",
            choices=(PLAIN, VERSION, COUNTER, TRANSACTION),
            source=GUIDE + "WorkingWithItems.html",
        ),
        Int("clerks", 4, "clerks", "Who sell at the same time.", minimum=1, maximum=10, assumption=True),
        Int(
            "sales_each",
            6,
            "sales of each",
            "Tickets that each clerk has buyers for.",
            minimum=1,
            maximum=12,
            assumption=True,
        ),
        Float(
            "think_s",
            0.2,
            "from read to write",
            "Mean time between a clerk's reading the stock and writing it; half of it to half as much again.",
            unit="s",
            minimum=0,
            maximum=5,
            step=0.1,
            assumption=True,
        ),
        Float(
            "pause_s",
            0.6,
            "between two sales",
            "Mean time from a clerk's sale to the next one.",
            unit="s",
            minimum=0,
            maximum=60,
            step=0.2,
            assumption=True,
        ),
        Int("tickets", 100, "tickets", "The stock at the start.", minimum=1, maximum=200, assumption=True),
        Flag(
            "consistent_read",
            False,
            "strongly consistent read",
            "Read the stock with ConsistentRead=True.",
            source=GUIDE + "HowItWorks.ReadConsistency.html",
        ),
        Int(
            "lost_reply_percent",
            0,
            "replies lost",
            "Share of the sales whose write is done but whose reply is lost: the clerk asks for the same once more.",
            unit="%",
            minimum=0,
            maximum=50,
            step=5,
            assumption=True,
        ),
        Float(
            "transaction_s",
            0.02,
            "a transaction takes",
            "How long a transaction keeps other writes off its items: AWS says that it does, not how long.",
            unit="s",
            minimum=0,
            maximum=1,
            step=0.02,
            source=GUIDE + "transaction-apis.html",
            assumption=True,
        ),
        Int(
            "tries",
            8,
            "tries",
            "How often a clerk tries a sale that is refused, with pauses that double.",
            minimum=1,
            maximum=8,
            source=GUIDE + "BestPractices_OptimisticLocking.html",
            assumption=True,
        ),
    )
    differences = (
        "Times to think, pauses, lost replies and how long a transaction takes are assumptions; AWS gives no figures.",
        "A lost reply is played by the clerk, who asks again after a second; on AWS the SDK does so after its timeout.",
        "An eventually consistent read sees the newest item here; on AWS it may see an older one, and more gets lost.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:  # noqa: C901  # the actors of one story stand together
        """Fill the stock, let the clerks sell, and look at what is left."""
        dynamodb, opened = cloud.client("dynamodb"), cloud.datetime
        cloud.plane("dynamodb").models.transaction_s = p.transaction_s
        for table, key in ((STOCK, "event"), (SALES, "sale")):
            dynamodb.create_table(
                TableName=table,
                KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        event = {"event": {"S": "concert"}}
        dynamodb.put_item(
            TableName=STOCK, Item={**event, "tickets": _number(p.tickets), "version": _number(0)}
        )
        sales = [
            f"{clerk}-{number}" for clerk in range(1, p.clerks + 1) for number in range(1, p.sales_each + 1)
        ]
        between = cloud.random.uniform
        think_s = {sale: between(0.5, 1.5) * p.think_s for sale in sales}
        pause_s = {sale: between(0.5, 1.5) * p.pause_s for sale in sales}
        late_s = [between(0, p.think_s + p.pause_s) for _ in range(p.clerks)]
        unheard = set(cloud.random.sample(sales, losing(p)))

        def ask(sale: str, call: Callable[..., Any], **request: Any) -> None:
            """Call; where the reply is lost, make the same call again. Raises ClientError for a refusal."""
            request["ReturnConsumedCapacity"] = "TOTAL"
            call(**request)
            if sale in unheard:
                unheard.remove(sale)
                time.sleep(REPLY_LOST_S)
                call(**request)

        def read() -> dict[str, Any]:
            reply = dynamodb.get_item(
                TableName=STOCK, Key=event, ConsistentRead=p.consistent_read, ReturnConsumedCapacity="TOTAL"
            )
            item: dict[str, Any] = reply["Item"]
            return item

        def update(sale: str, change: str, values: dict[str, Any], **more: str) -> None:
            ask(
                sale,
                dynamodb.update_item,
                TableName=STOCK,
                Key=event,
                UpdateExpression=change,
                ExpressionAttributeValues={":sale": {"S": sale}, **values},
                **more,
            )

        def put_back(sale: str) -> bool:
            """Read, and write one less. False if nothing is left."""
            left = int(read()["tickets"]["N"])
            if left < 1:
                return False
            time.sleep(think_s[sale])
            update(sale, "SET tickets = :left, last_sale = :sale", {":left": _number(left - 1)})
            return True

        def put_back_if_unchanged(sale: str) -> bool:
            """The same, on condition that the version is the one read; whoever fails begins again."""
            for turn in range(p.tries):
                item = read()
                if item.get("last_sale") == {"S": sale}:
                    return True  # it was the reply that got lost
                left, version = int(item["tickets"]["N"]), int(item["version"]["N"])
                if left < 1:
                    return False
                time.sleep(think_s[sale])
                try:
                    update(
                        sale,
                        "SET tickets = :left, version = :next, last_sale = :sale",
                        {
                            ":left": _number(left - 1),
                            ":next": _number(version + 1),
                            ":read": _number(version),
                        },
                        ConditionExpression="version = :read",
                    )
                except dynamodb.exceptions.ConditionalCheckFailedException:
                    back_off(turn)
                else:
                    return True
            return True  # the buyer is asked to come back later

        def count_down(sale: str) -> bool:
            """One ADD, without a look at what is left."""
            time.sleep(think_s[sale])
            update(
                sale,
                "ADD tickets :one_less SET last_sale = :sale",
                {":one_less": _number(-1)},
                ReturnValues="ALL_NEW",
            )
            return True

        def record(sale: str) -> bool:
            """The record of the sale and the stock together, or neither. False if nothing is left."""
            time.sleep(think_s[sale])
            put = {
                "TableName": SALES,
                "Item": {"sale": {"S": sale}},
                "ConditionExpression": "attribute_not_exists(sale)",
            }
            take = {
                "TableName": STOCK,
                "Key": event,
                "UpdateExpression": "ADD tickets :one_less",
                "ConditionExpression": "tickets >= :one",
                "ExpressionAttributeValues": {":one_less": _number(-1), ":one": _number(1)},
            }
            for turn in range(p.tries):
                try:
                    ask(sale, dynamodb.transact_write_items, TransactItems=[{"Put": put}, {"Update": take}])
                except dynamodb.exceptions.TransactionCanceledException as error:
                    on_record, in_stock = (reason["Code"] for reason in error.response["CancellationReasons"])
                    if on_record == "ConditionalCheckFailed":
                        return True  # it was the reply that got lost
                    if in_stock == "ConditionalCheckFailed":
                        return False
                    back_off(turn)
                else:
                    return True
            return True

        def back_off(turn: int) -> None:
            time.sleep(random.uniform(0, FIRST_PAUSE_S * 2**turn))  # the actor's own, seeded

        def serve(number: int) -> None:
            sell = {
                PLAIN: put_back,
                VERSION: put_back_if_unchanged,
                COUNTER: count_down,
                TRANSACTION: record,
            }[p.strategy]
            time.sleep(late_s[number - 1])
            for sale in sales[(number - 1) * p.sales_each : number * p.sales_each]:
                if not sell(sale):
                    return
                time.sleep(pause_s[sale])

        for number in range(1, p.clerks + 1):
            cloud.spawn(serve, number, name=f"clerk-{number}")
        cloud.run()
        dynamodb.get_item(TableName=STOCK, Key=event, ConsistentRead=True)
        dynamodb.scan(TableName=SALES, Select="COUNT", ConsistentRead=True)
        cloud.client("cloudwatch").get_metric_data(
            MetricDataQueries=[
                {
                    "Id": table,
                    "MetricStat": {
                        "Metric": {
                            "Namespace": "AWS/DynamoDB",
                            "MetricName": "ConsumedWriteCapacityUnits",
                            "Dimensions": [{"Name": "TableName", "Value": table}],
                        },
                        "Period": 86_400,
                        "Stat": "Sum",
                    },
                }
                for table in (STOCK, SALES)
            ],
            StartTime=opened,
            EndTime=cloud.datetime + timedelta(minutes=1),
        )

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Each clerk's attempts, the stock after each, and which sales are missing from it or counted twice."""
        rows = calls(trail)
        asked = [row for row in rows if row.actor.startswith("clerk-")]
        found = attempts(asked)
        sold = {one.sale for one in found if one.accepted}
        missing = sold - {one.sale for one in found if one.fate in ("counted", "again")}
        left = int(_last(rows, "GetItem")["Item"]["tickets"]["N"])
        levels = stock_levels(rows)
        last_try = {one.sale: one.ended_s for one in found if one.sale not in sold}
        units = sum(sum(result["Values"]) for result in _last(rows, "GetMetricData")["MetricDataResults"])
        summary: dict[str, int | float | str] = {
            "sales": len(sold),
            "stock_left": left,
            "stock_fell_by": p.tickets - left,
            "missing": len(missing),
            "counted_twice": sum(one.fate == "again" for one in found),
            "given_up": sum(_left_at(levels, at) > 0 for at in last_try.values()),
            "sales_on_record": _last(rows, "Scan")["Count"],
            "writes": len(found),
            "refused": sum(not one.accepted for one in found),
            "reads": sum(row.operation == "GetItem" for row in asked),
            "write_units": round(units - FILLING_UNITS, 1),
            "makespan_s": round(max((one.ended_s for one in found), default=0.0), 2),
        }
        return Measured(
            tuple(found),
            tuple(levels),
            frozenset(missing),
            max((one.ended_s for one in found), default=1.0),
            summary,
        )

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A lane per clerk; what was sold and what the stock shows of it below."""
        from helpers.sections.s22_dynamodb.experiments import locking_picture

        return locking_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def exact(p: Values, m: Measured) -> Finding:
        """The stock fell by the number of sales."""
        sold, fell = int(m.summary["sales"]), int(m.summary["stock_fell_by"])
        recorded = m.summary["sales_on_record"]
        if fell < sold:
            return false(
                f"{plural(sold, 'ticket')} went to buyers and the stock fell by {fell}: "
                f"{plural(sold - fell, 'sale')} {'was' if sold - fell == 1 else 'were'} overwritten."
            )
        if fell > sold:
            return false(
                f"{plural(sold, 'ticket')} went to buyers and the stock fell by {fell}: after a lost reply "
                f"{plural(fell - sold, 'sale')} {'was' if fell - sold == 1 else 'were'} counted again."
            )
        if p.strategy == TRANSACTION and recorded != sold:
            return false(f"The stock fell by {fell}, and {recorded} sales are on record.")
        return true(
            f"{plural(sold, 'ticket')} went to buyers, and the stock fell from {p.tickets} by {fell}."
        )

    @staticmethod
    def between(p: Values, m: Measured) -> Finding:
        """What comes between a read and its write."""
        if p.strategy not in READING:
            return not_applicable("Here no write rests on a read before it.")
        missing = int(m.summary["missing"])
        if p.strategy == PLAIN:
            stale = sum(one.accepted and one.others > 0 for one in m.attempts)
            if bool(stale) != bool(missing):
                return false(f"{stale} writes put back a changed stock, and {missing} sales are missing.")
            if not stale:
                return true(
                    "No write came between a clerk's read and the write after it, and no sale is missing."
                )
            return true(
                f"{plural(stale, 'write')} put back a stock that others had changed since the read, and so "
                f"{plural(missing, 'sale')} {'is' if missing == 1 else 'are'} missing."
            )
        wrong = [one for one in m.attempts if one.accepted == bool(one.between)]
        refused = int(m.summary["refused"])
        if wrong:
            one = wrong[0]
            outcome = "accepted" if one.accepted else "refused"
            return false(
                f"At {one.ended_s:.2f} s a write was {outcome} with {len(one.between) or 'no'} writes since its read."
            )
        if not refused:
            return true("No write came between a clerk's read and the write after it, so none was refused.")
        return true(
            f"{plural(refused, 'write')} {'was' if refused == 1 else 'were'} refused, and before each another write "
            "had come since the read."
        )

    @staticmethod
    def one_call(p: Values, m: Measured) -> Finding:
        """One call a sale."""
        if p.strategy != COUNTER:
            return not_applicable("The clerks do not use an atomic counter.")
        sold, writes, refused = (int(m.summary[name]) for name in ("sales", "writes", "refused"))
        if (writes, refused, m.summary["reads"]) == (sold, 0, 0):
            return true(f"{plural(sold, 'sale')}, {plural(writes, 'write')}, no read and no refusal.")
        return false(
            f"{plural(sold, 'sale')} took {plural(writes, 'write')}, of which {refused or 'none'} refused: "
            "a clerk whose reply is lost asks again."
        )

    @staticmethod
    def in_stock(p: Values, m: Measured) -> Finding:
        """No more than there was."""
        sold, left = int(m.summary["sales"]), m.summary["stock_left"]
        if sold > p.tickets:
            return false(
                f"{plural(sold, 'ticket')} went to buyers and there were {p.tickets}; the stock says {left}."
            )
        return true(f"{sold} of {plural(p.tickets, 'ticket')} went to buyers; the stock says {left}.")

    @staticmethod
    def paid(p: Values, m: Measured) -> Finding:
        """Refused writes cost as well."""
        writes, refused, units = int(m.summary["writes"]), int(m.summary["refused"]), m.summary["write_units"]
        if p.strategy == TRANSACTION:
            return not_applicable("A transaction uses twice the units of each item, which is another rule.")
        said = f"{plural(writes, 'write')}, {refused or 'none'} of them refused, used {units:g} write units."
        return true(said) if units == writes * UNITS_A_WRITE else false(said)


def losing(p: Values) -> int:
    """How many sales lose the reply to a write that was done."""
    number: int = round(p.clerks * p.sales_each * p.lost_reply_percent / 100)
    return number


def _left_at(levels: Sequence[tuple[float, int]], time_s: float) -> int:
    return next(left for at, left in reversed(levels) if at <= time_s)


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def _last(rows: Sequence[CallRow], operation: str) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in reversed(rows) if row.operation == operation).response
    return found


def counts_exactly(p: Values) -> bool:
    """Whether no sale can be overwritten or counted again with these values."""
    if p.strategy == TRANSACTION:
        return True
    alone = p.clerks == 1 and p.strategy in READING
    return alone or (p.strategy != PLAIN and losing(p) == 0)


Locking.claims = (
    Claim(
        "exact",
        "The stock falls by one for each sale: none is missing and none is counted twice.",
        (
            "dynamodb.write.kinds",
            "dynamodb.write.conditional",
            "dynamodb.write.optimistic",
            "dynamodb.write.atomic_counter",
            "dynamodb.tx.what",
        ),
        Locking.exact,
        "with transactions always; with a condition or a counter if no reply is lost; with one clerk who reads first",
        counts_exactly,
    ),
    Claim(
        "between",
        "What others write between a clerk's read and write is undone by a plain write, and refused by a condition.",
        (
            "dynamodb.write.kinds",
            "dynamodb.write.conditional",
            "dynamodb.write.conditional_concurrency",
            "dynamodb.write.optimistic",
        ),
        Locking.between,
        "wherever the write rests on a read: with the plain write and with the condition",
        lambda p: p.strategy in READING,
    ),
    Claim(
        "one_call",
        "An atomic counter needs one write for a sale, and neither a read nor a second try.",
        ("dynamodb.write.atomic_counter", "dynamodb.write.kinds"),
        Locking.one_call,
        "with the counter, if no reply is lost",
        lambda p: p.strategy == COUNTER and losing(p) == 0,
    ),
    Claim(
        "in_stock",
        "No more tickets are sold than there are.",
        ("dynamodb.write.conditional", "dynamodb.tx.what"),
        Locking.in_stock,
        "with the version condition, with transactions, and with one clerk who reads first",
        lambda p: p.strategy in (VERSION, TRANSACTION) or (p.strategy == PLAIN and p.clerks == 1),
    ),
    Claim(
        "paid",
        "A write whose condition fails uses write units all the same.",
        ("dynamodb.write.conditional_cost", "dynamodb.write.optimistic"),
        Locking.paid,
        "wherever single items are written",
        lambda p: p.strategy != TRANSACTION,
    ),
)


Locking.scenes = (
    Scene(
        "overlap",
        "The last writer wins",
        {"clerks": 1},
        "One clerk reads the stock, thinks, and puts back one ticket less. How does that go with four clerks?",
        Prediction(
            "Now four such clerks sell 6 tickets each at the same time. How many of the 24 sales does the stock show?",
            (
                Option(
                    "all",
                    "All 24: DynamoDB does the writes one after the other",
                    "writes_one_by_one",
                    "The writes do come one after the other, but each puts back a number that was computed from an "
                    "older read.",
                    true_if=lambda p, m: m.summary["stock_fell_by"] == 24,
                ),
                Option(
                    "undone",
                    "Fewer than 24: some of the writes undo others",
                    None,
                    "Who wrote between another clerk's read and write is overwritten: the last writer wins.",
                    right=True,
                    true_if=lambda p, m: m.summary["missing"] > 0 and m.summary["refused"] == 0,
                ),
                Option(
                    "errors",
                    "Fewer than 24: the writes that are late end in an error",
                    "stale_write_fails",
                    "DynamoDB does not know what a clerk read before: without a condition every write succeeds.",
                    true_if=lambda p, m: m.summary["refused"] > 0,
                ),
            ),
        ),
        {"clerks": 4},
        ("clerks", "think_s", "pause_s"),
        "between",
        ("dynamodb.write.kinds", "dynamodb.write.update"),
    ),
    Scene(
        "strong_read",
        "A strong read is no lock",
        {},
        "Four clerks lose sales. A colleague proposes to read with ConsistentRead=True. Does that mend it?",
        Prediction(
            "Every clerk now reads with ConsistentRead=True. How many sales are missing then?",
            (
                Option(
                    "none",
                    "None: what each clerk writes rests on the newest stock",
                    "strong_read_protects_write",
                    "The stock was the newest when it was read; by the time of the write it need not be.",
                    true_if=lambda p, m: m.summary["missing"] == 0,
                ),
                Option(
                    "as_many",
                    "As many as before: a read keeps nobody from writing",
                    None,
                    "A strong read is newest when it is read, and others write before the clerk does.",
                    right=True,
                    true_if=lambda p, m: m.summary["missing"] > 6,
                ),
                Option(
                    "half",
                    "Far fewer: mostly it was old answers that did the harm",
                    "stale_reads_lose_writes",
                    "Old answers can make it worse, but it is the time from read to write that loses sales.",
                    true_if=lambda p, m: 0 < m.summary["missing"] <= 6,
                ),
            ),
        ),
        {"consistent_read": True},
        ("consistent_read", "think_s", "pause_s"),
        "between",
        ("dynamodb.unit.strong", "dynamodb.read.get", "dynamodb.write.conditional_concurrency"),
    ),
    Scene(
        "condition",
        "A version, and a condition on it",
        {},
        "The item gets a version number. A clerk writes on condition that the version is the one read, and begins "
        "again if not. What does that cost?",
        Prediction(
            "24 sales took 24 writes. How many writes do the same four clerks ask for now, the refused ones included?",
            number="writes",
            tolerance=8,
            reply="A write is refused whenever another came since the read, and the clerk reads and writes again; the "
            "refused ones use write units as well.",
        ),
        {"strategy": VERSION},
        ("strategy", "clerks", "pause_s"),
        "exact",
        (
            "dynamodb.write.conditional",
            "dynamodb.write.optimistic",
            "dynamodb.write.conditional_concurrency",
            "dynamodb.write.conditional_cost",
        ),
    ),
    Scene(
        "again",
        "A counter, and a lost reply",
        {"strategy": COUNTER},
        "One ADD for a sale needs no read and is never refused. What if the network loses its reply?",
        Prediction(
            "Every fourth reply is lost and the clerk makes the same call again. By how much does the stock fall?",
            (
                Option(
                    "known",
                    "By 24: DynamoDB recognises a call that is repeated",
                    "repeated_call_is_known",
                    "To DynamoDB the second ADD is one more ADD; only a transaction carries a token that tells.",
                    true_if=lambda p, m: m.summary["stock_fell_by"] == 24,
                ),
                Option(
                    "more",
                    "By 30: each repeated call takes one ticket more",
                    None,
                    "The first call had been carried out, and an atomic counter is not idempotent: ADD adds again.",
                    right=True,
                    true_if=lambda p, m: m.summary["stock_fell_by"] == 30,
                ),
                Option(
                    "fewer",
                    "By 18: a write without a reply has not been done",
                    "no_reply_means_not_done",
                    "A missing reply says nothing about the write: here all of them had been done.",
                    true_if=lambda p, m: m.summary["stock_fell_by"] == 18,
                ),
            ),
        ),
        {"lost_reply_percent": 25},
        ("lost_reply_percent", "strategy"),
        "exact",
        ("dynamodb.write.atomic_counter", "dynamodb.write.idempotent"),
    ),
    Scene(
        "goal",
        "Sell exactly what is there",
        {"strategy": COUNTER, "lost_reply_percent": 25},
        "The last tickets are sold and replies get lost. Which way to write sells each of them once?",
        Prediction(
            "Only 20 tickets are left, and 24 buyers want one. What does the counter do when the stock is at 0?",
            (
                Option(
                    "stops",
                    "It stays at 0 and refuses the buyers who come after",
                    "counter_stops_at_zero",
                    "It would with the condition that a ticket is left; a bare ADD has none.",
                    true_if=lambda p, m: m.summary["refused"] > 0,
                ),
                Option(
                    "below",
                    "It goes on below 0, since nothing forbids it",
                    None,
                    "A number has no floor. Whoever wants one writes it as a condition.",
                    right=True,
                    true_if=lambda p, m: m.summary["stock_left"] < 0,
                ),
                Option(
                    "silent",
                    "It stays at 0, and the later calls change nothing",
                    "counter_stops_at_zero",
                    "ADD knows only the number and what is added: 0 and -1 make -1.",
                    true_if=lambda p, m: m.summary["stock_left"] == 0,
                ),
            ),
        ),
        {"tickets": 20},
        (),
        "exact",
        (
            "dynamodb.tx.what",
            "dynamodb.write.conditional",
            "dynamodb.write.optimistic",
            "dynamodb.write.atomic_counter",
        ),
        Goal(
            "At least three clerks sell exactly 20 tickets, each of them once, although every fourth reply is lost.",
            lambda p, m: (
                p.clerks >= 3
                and p.tickets == 20
                and p.lost_reply_percent >= 25
                and m.summary["stock_left"] == 0
                and m.summary["sales"] == 20
                and m.summary["counted_twice"] == m.summary["missing"] == 0
            ),
            {"tickets": 20, "strategy": TRANSACTION},
        ),
    ),
)
