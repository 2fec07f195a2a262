"""One question to a table, asked by a scan, by a query and by others: what is read, what comes back, what it costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers.experiments import (
    CallRow,
    Choice,
    Claim,
    Experiment,
    Finding,
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
from helpers.sections.s22_dynamodb.experiments.reading import KB, READ_BYTES, count, text_item, units

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

GUIDE = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
API = "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/"
TABLE, INDEX, WANTED = "orders", "open-orders", "morgan-000"
PAGE_BYTES = 1024 * KB  # API/API_Query.html, API/API_Scan.html
BATCH = 25  # API/API_BatchWriteItem.html
ORDERS_EACH = 4  # of every other customer
PAUSE_S = 1.0  # after each batch and each reading, so that nothing is throttled
METHODS = {
    "query": "query of the table",
    "index": "query of the index",
    "scan": "scan with a filter",
    "parallel_scan": "parallel scan",
}


class Page(NamedTuple):
    """One reply of Query or Scan, in the time since the reading began.

    `scanned` items were read, `returned` passed the filter; `last` if it had no LastEvaluatedKey.
    """

    start_s: float
    end_s: float
    scanned: int
    returned: int
    units: float
    last: bool


@dataclass(frozen=True)
class Reading:
    """One method's way through the table: the pages of each worker, and the orders that came back, sorted."""

    lanes: tuple[tuple[Page, ...], ...]
    orders: tuple[str, ...]

    @property
    def pages(self) -> list[Page]:
        """All pages, whoever asked for them."""
        return [page for lane in self.lanes for page in lane]

    @property
    def scanned(self) -> int:
        """Items that were read."""
        return sum(page.scanned for page in self.pages)

    @property
    def units(self) -> float:
        """Read units that were consumed."""
        return sum(page.units for page in self.pages)

    @property
    def end_s(self) -> float:
        """How long it took."""
        return max(page.end_s for page in self.pages)


@dataclass(frozen=True)
class Measured:
    """What the replies say of the scan and of the chosen method (the same one if that is a scan)."""

    item_bytes: int
    items: int
    scan: Reading
    chosen: Reading
    summary: dict[str, int | float | str]


class ScanQuery(Experiment):
    """The open orders of one customer, looked for by a scan and by the chosen method; see the module."""

    id = "22_dynamodb.scan_query"
    title = "A scan against a query"
    question = "What does a scan cost against a query?"
    parameters = (
        Choice(
            "method",
            "query",
            "method",
            "How the open orders of one customer are found; a scan with a filter is always shown beside it.",
            choices=tuple(METHODS),
            source=GUIDE + "bp-query-scan.html",
        ),
        Int(
            "orders",
            100,
            "orders in the table",
            "Few and large ones stand for many small ones: the bytes count.",
            minimum=20,
            maximum=200,
            step=10,
            assumption=True,
        ),
        Float(
            "item_kb",
            32,
            "size of an order",
            "Names and values, in KB of 1,024 bytes.",
            unit="KB",
            minimum=0.5,
            maximum=40,
            step=0.5,
            source=GUIDE + "CapacityUnitCalculations.html",
        ),
        Int(
            "customer_percent",
            8,
            "orders of the customer",
            "Share of the orders that have the partition key asked for.",
            unit="%",
            minimum=0,
            maximum=100,
            step=5,
            assumption=True,
        ),
        Int(
            "open_percent",
            50,
            "open orders",
            "Share of each customer's orders that are open; the filter drops the others.",
            unit="%",
            minimum=0,
            maximum=100,
            step=5,
            assumption=True,
        ),
        Int(
            "segments",
            4,
            "segments",
            "Workers of the parallel scan, each with a segment of its own (TotalSegments).",
            minimum=1,
            maximum=20,
            source=GUIDE + "Scan.html",
        ),
        Int(
            "page_limit",
            0,
            "limit of a page",
            "Limit of each call, in items; 0 leaves it out.",
            unit="items",
            minimum=0,
            maximum=200,
            step=5,
            source=API + "API_Scan.html",
        ),
    )
    differences = (
        "A call takes 10 ms here however much it reads; on AWS a page of 1 MB takes longer than one of 4 KB.",
        (
            "The table is filled slowly and read by one method after the other, so that nothing is throttled; both are "
            "drawn from the same start."
        ),
        "A scan comes upon the partition keys in the order of the alphabet here; on AWS the order is that of a hash.",
        "A page that ends with the last order has no LastEvaluatedKey here; on AWS an empty page may follow it.",
        "Which partition key belongs to which segment is DynamoDB's own affair; another spread gives other segments.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """Fill the table, read it by a scan, then by the chosen method."""
        db = cloud.client("dynamodb")
        _create_table(db)

        def fill() -> None:
            orders = list(made_orders(p))
            for first in range(0, len(orders), BATCH):
                requests = [{"PutRequest": {"Item": order}} for order in orders[first : first + BATCH]]
                db.batch_write_item(RequestItems={TABLE: requests})
                time.sleep(PAUSE_S)

        def read(call: Callable[..., dict[str, Any]], asked: dict[str, Any]) -> None:
            """Page by page to the end."""
            if p.page_limit:
                asked = {**asked, "Limit": p.page_limit}
            while True:
                reply = call(TableName=TABLE, ReturnConsumedCapacity="TOTAL", **asked)
                if "LastEvaluatedKey" not in reply:
                    return
                asked = {**asked, "ExclusiveStartKey": reply["LastEvaluatedKey"]}

        customer = {":customer": {"S": WANTED}}
        both = {**customer, ":open": {"S": "open"}}
        matching = {
            "FilterExpression": "customer = :customer AND order_state = :open",
            "ExpressionAttributeValues": both,
        }
        of_customer = {
            "KeyConditionExpression": "customer = :customer",
            "ExpressionAttributeValues": customer,
        }
        open_ones = {
            **of_customer,
            "FilterExpression": "order_state = :open",
            "ExpressionAttributeValues": both,
        }

        cloud.spawn(fill, name="shop")
        cloud.run()
        cloud.spawn(read, db.scan, matching, name="scan")
        cloud.run()
        cloud.advance(PAUSE_S)
        if p.method == "parallel_scan":
            for number in range(p.segments):
                part = {**matching, "Segment": number, "TotalSegments": p.segments}
                cloud.spawn(read, db.scan, part, name=f"segment-{number + 1:02}")
        elif p.method == "query":
            cloud.spawn(read, db.query, open_ones, name="query")
        elif p.method == "index":
            cloud.spawn(read, db.query, {**of_customer, "IndexName": INDEX}, name="index")
        cloud.run()

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """The pages of both methods, and the orders that they returned."""
        rows = calls(trail)
        loaded = sum(
            len(row.parameters["RequestItems"][TABLE]) for row in rows if row.operation == "BatchWriteItem"
        )
        scan = _reading([row for row in rows if row.actor == "scan"])
        others = [row for row in rows if row.actor not in ("scan", "shop", "main")]
        chosen = _reading(others) if others else scan
        first = chosen.lanes[0][0]
        summary: dict[str, int | float | str] = {
            "items": loaded,
            "scan_units": scan.units,
            "scan_pages": len(scan.pages),
            "scan_s": round(scan.end_s, 3),
            "units": chosen.units,
            "units_percent": round(100 * chosen.units / scan.units, 1),
            "pages": len(chosen.pages),
            "took_s": round(chosen.end_s, 3),
            "scanned": chosen.scanned,
            "returned": len(chosen.orders),
            "empty_pages": sum(not page.returned for page in chosen.pages),
            "first_page_scanned": first.scanned,
            "first_page_returned": first.returned,
            "most_units_a_page": max(page.units for page in chosen.pages),
        }
        return Measured(item_bytes(p), loaded, scan, chosen, summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """The pages of scan and chosen method over time, the units that they have come to below."""
        from helpers.sections.s22_dynamodb.experiments import scan_query_picture

        return scan_query_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def whole(_: Values, m: Measured) -> Finding:
        """A scan pays for the table."""
        words = (
            f"To return {plural(len(m.scan.orders), 'order')} the scan read {m.scan.scanned} of {m.items}, for "
            f"{count(m.scan.units)} units."
        )
        return true(words) if m.scan.scanned == m.items and _paid_as_read(m, m.scan) else false(words)

    @staticmethod
    def filtered(p: Values, m: Measured) -> Finding:
        """A filter saves no units."""
        dropped = m.chosen.scanned - len(m.chosen.orders)
        if not dropped:
            return not_applicable("Nothing was read that did not come back.")
        words = (
            f"The filter dropped {dropped} of the {m.chosen.scanned} orders that the {METHODS[p.method]} read; the "
            f"{count(m.chosen.units)} units are those of all {m.chosen.scanned}."
        )
        return true(words) if _paid_as_read(m, m.chosen) else false(words)

    @staticmethod
    def key(p: Values, m: Measured) -> Finding:
        """A query reads what its key names."""
        if p.method not in ("query", "index"):
            return not_applicable(f"The method is a {METHODS[p.method]}.")
        under = open_orders(p) if p.method == "index" else customer_orders(p)
        words = (
            f"The {METHODS[p.method]} read {plural(m.chosen.scanned, 'order')} for {count(m.chosen.units)} units, and "
            f"returned {len(m.chosen.orders)}; the scan needed {count(m.scan.units)} to return {len(m.scan.orders)}."
        )
        holds = m.chosen.scanned == under and _paid_as_read(m, m.chosen) and m.chosen.orders == m.scan.orders
        return true(words) if holds else false(words)

    @staticmethod
    def parallel(p: Values, m: Measured) -> Finding:
        """Segments share the table and the bill."""
        if p.method != "parallel_scan":
            return not_applicable(f"The method is a {METHODS[p.method]}.")
        words = (
            f"{plural(p.segments, 'segment')} read {m.chosen.scanned} orders for {count(m.chosen.units)} units in "
            f"{m.chosen.end_s:.2f} s, one worker {m.scan.scanned} for {count(m.scan.units)} in {m.scan.end_s:.2f} s."
        )
        holds = (
            m.chosen.scanned == m.items
            and m.chosen.orders == m.scan.orders
            and abs(m.chosen.units - m.scan.units) <= 0.5 * max(len(m.chosen.pages), len(m.scan.pages))
            and m.chosen.end_s <= m.scan.end_s + 1e-6
        )
        return true(words) if holds else false(words)

    @staticmethod
    def paged(p: Values, m: Measured) -> Finding:
        """Limit and 1 MB count what is read."""
        full = full_page(p)
        pages = m.scan.pages + m.chosen.pages
        wrong = [page for page in pages if page.scanned > full or (not page.last and page.scanned != full)]
        empty = sum(not page.returned and not page.last for page in m.chosen.pages)
        words = (
            f"A page is full with {full:,} orders read; {plural(len(m.chosen.pages), 'page')} in all, "
            f"{empty or 'none'} of them without an order and with a LastEvaluatedKey."
        )
        if wrong:
            return false(
                f"{plural(len(wrong), 'page')} read more or fewer than {plural(full, 'order')}. {words}"
            )
        return true(words)


def item_bytes(p: Values) -> int:
    """The size of one order."""
    size: int = round(p.item_kb * KB)
    return size


def customer_orders(p: Values) -> int:
    """How many orders are the customer's."""
    number: int = round(p.orders * p.customer_percent / 100)
    return number


def open_orders(p: Values) -> int:
    """How many of the customer's orders are open."""
    return sum(_is_open(number, p.open_percent) for number in range(customer_orders(p)))


def full_page(p: Values) -> int:
    """How many orders one call reads at most."""
    fit = PAGE_BYTES // item_bytes(p)
    return min(fit, p.page_limit) if p.page_limit else fit


def made_orders(p: Values) -> Iterator[dict[str, Any]]:
    """The orders of the table, those of the customer first. An open one has the key of the index, opened_at.

    Half of the other customers stand before the wanted one in the alphabet, where a scan comes upon them first.
    """
    wanted = customer_orders(p)
    half = (p.orders - wanted) // ORDERS_EACH // 2
    for number in range(p.orders):
        if number < wanted:
            customer, place = WANTED, number
        else:
            other, place = divmod(number - wanted, ORDERS_EACH)
            customer = f"{'adams' if other < half else 'young'}-{other:03}"
        texts = {"customer": customer, "order_id": f"o-{number:04}", "order_state": "done"}
        if _is_open(place, p.open_percent):
            texts |= {"order_state": "open", "opened_at": f"2026-01-{1 + number % 28:02}"}
        yield text_item(item_bytes(p), **texts)


def _is_open(place: int, percent: int) -> bool:
    """Spread so evenly that of the first n orders of a customer `percent` are open."""
    return (place + 1) * percent // 100 > place * percent // 100


def _create_table(db: Any) -> None:
    db.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": "customer", "KeyType": "HASH"},
            {"AttributeName": "order_id", "KeyType": "RANGE"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": INDEX,
                "KeySchema": [
                    {"AttributeName": "customer", "KeyType": "HASH"},
                    {"AttributeName": "opened_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("customer", "order_id", "opened_at")
        ],
    )


def _reading(rows: list[CallRow]) -> Reading:
    began_s = min(row.start_s for row in rows)
    lanes: dict[str, list[Page]] = {}
    orders = []
    for row in rows:
        reply = row.response
        orders += [item["order_id"]["S"] for item in reply["Items"]]
        lanes.setdefault(row.actor, []).append(
            Page(
                row.start_s - began_s,
                row.end_s - began_s,
                reply["ScannedCount"],
                reply["Count"],
                units(row).total,
                "LastEvaluatedKey" not in reply,
            )
        )
    return Reading(tuple(tuple(lanes[name]) for name in sorted(lanes)), tuple(sorted(orders)))


def _paid_as_read(m: Measured, reading: Reading) -> bool:
    """Whether each page cost half a unit for every 4 KB of the items read, rounded up once."""
    return all(
        page.units == 0.5 * max(1, -(-page.scanned * m.item_bytes // READ_BYTES)) for page in reading.pages
    )


def _drops(p: Values) -> bool:
    """Whether the chosen method reads something that its filter drops."""
    read = {"query": customer_orders(p), "index": open_orders(p)}.get(p.method, p.orders)
    return bool(read > open_orders(p))


ScanQuery.claims = (
    Claim(
        "whole",
        "A scan reads the whole table and pays for it, however little it returns.",
        ("dynamodb.scan.what", "dynamodb.scan.rcu", "dynamodb.scan.expressions", "dynamodb.unit.query_sum"),
        ScanQuery.whole,
        "always",
        lambda p: True,
    ),
    Claim(
        "filtered",
        "What a filter drops is paid for like what it lets through.",
        ("dynamodb.query.filter", "dynamodb.query.filter_where", "dynamodb.scan.expressions"),
        ScanQuery.filtered,
        "always when something is read that does not come back",
        _drops,
    ),
    Claim(
        "key",
        "A query returns what the scan returns, and reads only the items under its key.",
        (
            "dynamodb.query.partition",
            "dynamodb.scan.what",
            "dynamodb.query.targets",
            "dynamodb.unit.query_sum",
        ),
        ScanQuery.key,
        "always when the method is a query",
        lambda p: p.method in ("query", "index"),
    ),
    Claim(
        "parallel",
        "A parallel scan reads each item once, for the units of one worker's scan (within half a unit a page), and "
        "takes no longer.",
        ("dynamodb.scan.parallel",),
        ScanQuery.parallel,
        "always when the method is a parallel scan and nothing is throttled, as here",
        lambda p: p.method == "parallel_scan",
    ),
    Claim(
        "paged",
        "A page ends after 1 MB or Limit items read, before the filter: it may be empty and not be the last.",
        ("dynamodb.query.limit", "dynamodb.scan.page", "dynamodb.query.paginate"),
        ScanQuery.paged,
        "always",
        lambda p: True,
    ),
)

ScanQuery.scenes = (
    Scene(
        "query",
        "Looking at everything",
        {"method": "scan"},
        "A shop finds the open orders of one customer by a scan with a filter: 400 read units for four orders. The "
        "partition key is the customer.",
        Prediction(
            "How many read units will a query for that customer's orders, with a filter for the open ones, need?",
            (
                Option(
                    "all",
                    "As many: it looks at each order too",
                    "query_searches_the_table",
                    "The partition key says where the customer's orders lie, and nothing else is read.",
                    true_if=lambda p, m: m.summary["units"] >= m.summary["scan_units"],
                ),
                Option(
                    "half",
                    "Half a unit: it is one read call",
                    "query_is_one_read",
                    "One call may read up to 1 MB; what counts are the bytes of the items read.",
                    true_if=lambda p, m: m.summary["units"] == 0.5,
                ),
                Option(
                    "open_ones",
                    "16: those of the open orders only",
                    "filter_saves_units",
                    "The key condition chooses what is read; the filter drops orders that were read and paid for.",
                    true_if=lambda p, m: m.summary["units"] == 16,
                ),
                Option(
                    "own",
                    "32: those of the customer's orders",
                    None,
                    "Eight of 100 orders have the key, 256 KB, and half a unit pays for 4 KB.",
                    right=True,
                    true_if=lambda p, m: m.summary["units"] == 32,
                ),
            ),
        ),
        {"method": "query"},
        ("method", "customer_percent"),
        "key",
        (
            "dynamodb.query.partition",
            "dynamodb.scan.what",
            "dynamodb.scan.rcu",
            "dynamodb.query.filter",
            "dynamodb.unit.query_sum",
        ),
    ),
    Scene(
        "filter",
        "A narrower filter",
        {"customer_percent": 20, "open_percent": 100},
        "A large customer has 20 orders, all of them open: a query returns them for 80 units. Weeks later most are "
        "done.",
        Prediction(
            "Now only two of the 20 orders are open, and the filter drops the others. What does the query cost?",
            (
                Option(
                    "less",
                    "About a tenth: two orders come back",
                    "filter_saves_units",
                    "The filter works on what has been read, and reading is what counts.",
                    true_if=lambda p, m: m.summary["units"] < 40,
                ),
                Option(
                    "same",
                    "The same: all 20 orders are still read",
                    None,
                    "The answer has become shorter, the reading has not.",
                    right=True,
                    true_if=lambda p, m: m.summary["units"] == 80 and m.summary["returned"] == 2,
                ),
                Option(
                    "more",
                    "A little more: a filter is extra work",
                    "filter_costs_extra",
                    "Units count bytes read, rounded up to 4 KB; comparing them is free.",
                    true_if=lambda p, m: m.summary["units"] > 80,
                ),
            ),
        ),
        {"open_percent": 10},
        ("open_percent", "customer_percent", "method"),
        "filtered",
        (
            "dynamodb.query.filter",
            "dynamodb.query.filter_where",
            "dynamodb.scan.expressions",
        ),
    ),
    Scene(
        "limit",
        "Ten, please",
        {"method": "scan", "customer_percent": 24},
        "The scan reads 100 orders; twelve of them are open orders of the customer. A page of the shop shows ten.",
        Prediction(
            "Each call now has Limit=10. What does the first page bring?",
            (
                Option(
                    "ten_matches",
                    "Ten matching orders: reading stops then",
                    "limit_counts_results",
                    "Limit counts the orders read, and the filter then drops those that do not match.",
                    true_if=lambda p, m: m.summary["first_page_returned"] == 10,
                ),
                Option(
                    "of_ten",
                    "What matches among the first ten read",
                    None,
                    "Ten are read, the filter takes what matches, and LastEvaluatedKey says where to go on.",
                    right=True,
                    true_if=lambda p, m: (
                        m.summary["first_page_scanned"] == 10 and m.summary["first_page_returned"] < 10
                    ),
                ),
                Option(
                    "all_twelve",
                    "All twelve: a page holds up to 1 MB",
                    "limit_is_a_hint",
                    "Whichever comes first ends the page, ten items or 1 MB.",
                    true_if=lambda p, m: m.summary["first_page_returned"] == 12,
                ),
            ),
        ),
        {"page_limit": 10},
        ("page_limit", "open_percent", "method"),
        "paged",
        ("dynamodb.query.limit", "dynamodb.query.paginate", "dynamodb.scan.page", "dynamodb.scan.rcu"),
    ),
    Scene(
        "parallel",
        "Many hands",
        {"method": "scan"},
        "One worker scans the table in four calls, one after the other, for 400 units.",
        Prediction(
            "Four workers scan it, a segment each. What happens to units and time?",
            (
                Option(
                    "shared",
                    "Fewer units, and less time",
                    "segments_share_the_cost",
                    "Each worker pays for what it reads, and together they read every order once.",
                    true_if=lambda p, m: m.summary["units"] < 350,
                ),
                Option(
                    "same",
                    "As many units, and less time",
                    None,
                    "The same bytes are read by several at once; the busiest segment decides how long it takes.",
                    right=True,
                    true_if=lambda p, m: (
                        400 <= m.summary["units"] <= 404 and m.summary["took_s"] < m.summary["scan_s"]
                    ),
                ),
                Option(
                    "each",
                    "Four times as many, same time",
                    "segments_read_everything",
                    "A segment is a part of the table, cut by the hash of the partition key.",
                    true_if=lambda p, m: m.summary["units"] >= 1600,
                ),
            ),
        ),
        {"method": "parallel_scan"},
        ("method", "segments", "page_limit"),
        "parallel",
        ("dynamodb.scan.parallel", "dynamodb.scan.rcu", "dynamodb.scan.what"),
    ),
    Scene(
        "goal",
        "Find them for less",
        {"customer_percent": 40, "open_percent": 10},
        "A customer with 40 orders, four of them open: the query reads all 40 for 160 units, in two pages. The key of "
        "a global index is the customer and the day on which an order was opened, which done orders lack.",
        Prediction(
            "The query goes to the index and needs no filter. What does it read?",
            (
                Option(
                    "all_again",
                    "All 40 orders of the customer, as before",
                    "index_holds_every_item",
                    "An item without a key attribute of an index is not in it, so done orders cost nothing there.",
                    true_if=lambda p, m: m.summary["scanned"] == 40,
                ),
                Option(
                    "sparse",
                    "Only the four open orders of the customer",
                    None,
                    "The index holds open orders only, and the key condition reads those of one customer.",
                    right=True,
                    true_if=lambda p, m: m.summary["scanned"] == 4 and m.summary["units"] == 16,
                ),
                Option(
                    "twice",
                    "The four, from the index and the table",
                    "index_fetches_from_table",
                    "A global index never fetches from the table: it returns what it holds, here all attributes.",
                    true_if=lambda p, m: m.summary["scanned"] == 4 and m.summary["units"] > 16,
                ),
            ),
        ),
        {"method": "index"},
        (),
        "key",
        (
            "dynamodb.query.targets",
            "dynamodb.query.partition",
            "dynamodb.query.filter",
            "dynamodb.query.limit",
            "dynamodb.gsi.sparse",
            "dynamodb.idx.projection",
        ),
        Goal(
            "Return at least four open orders of 32 KB, out of 100 or more, in one page and for at most 20 "
            "units.",
            lambda p, m: (
                m.summary["returned"] >= 4
                and p.item_kb >= 32
                and m.summary["items"] >= 100
                and m.summary["pages"] == 1
                and m.summary["units"] <= 20
            ),
            {"method": "index"},
        ),
    ),
)
