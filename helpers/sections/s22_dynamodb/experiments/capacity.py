"""How many read and write units a workload needs: what each call costs, and what a second of them adds up to."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helpers.experiments import (
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
from helpers.sections.s22_dynamodb.experiments.reading import (
    KB,
    READ_BYTES,
    WRITE_BYTES,
    Units,
    count,
    kilobytes,
    text_item,
    units,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

GUIDE = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
TABLE = "products"
INDEX_KEYS = ("maker", "category", "colour", "season", "shelf")
LARGEST_KB = 400  # of an item, GUIDE/Constraints.html
SMALLEST_BYTES = 102  # with a key, five index keys and a note there is no room for less
WINDOW_KB = 12  # of sizes whose cost is looked up around the chosen one
PAUSE_S = 1.0  # between two calls of one client, so that no limit throttles it
READS = {"eventual": 0.5, "strong": 1.0, "transactional": 2.0}  # units for 4 KB, GUIDE/Constraints.html
WRITES = {"standard": 1.0, "transactional": 2.0}  # units for 1 KB, GUIDE/Constraints.html
ENTRIES = {"insert": 1, "update": 1, "rekey": 2}  # writes of an index entry that holds all, GUIDE/GSI.html
KEY_ENTRIES = {"insert": 1, "update": 0, "rekey": 2}  # the same where it holds the keys only


@dataclass(frozen=True)
class Measured:
    """What the replies say, in units.

    `reads` and `writes` hold each call of the workload's second; `read_samples` and `write_samples` one call in each
    mode on an item of the chosen size; `read_costs` and `write_costs` (size in bytes, units of the table) the calls on
    items of other sizes: the smallest and the largest of each KB that is written, of each 4 KB that are read.
    """

    size_bytes: int
    reads: tuple[float, ...]
    writes: tuple[Units, ...]
    read_samples: dict[str, float]
    write_samples: dict[str, float]
    read_costs: tuple[tuple[int, float], ...]
    write_costs: tuple[tuple[int, float], ...]
    summary: dict[str, int | float | str]


class Capacity(Experiment):
    """One second of a workload on one table; see the module."""

    id = "22_dynamodb.capacity"
    title = "Capacity units of a workload"
    question = "How many units does a workload need?"
    parameters = (
        Float(
            "item_kb",
            6,
            "item size",
            "Names and values of all attributes, in KB of 1,024 bytes.",
            unit="KB",
            minimum=0.1,
            maximum=LARGEST_KB,
            step=0.5,
            source=GUIDE + "CapacityUnitCalculations.html",
        ),
        Int("reads_per_s", 10, "reads", "Reads of one item each.", unit="/s", minimum=0, maximum=100),
        Choice(
            "read_mode",
            "strong",
            "kind of read",
            "GetItem is eventual unless ConsistentRead is set; transactional is TransactGetItems.",
            choices=tuple(READS),
            source=GUIDE + "read-write-operations.html",
        ),
        Int("writes_per_s", 6, "writes", "Writes of one item each.", unit="/s", minimum=0, maximum=100),
        Choice(
            "write_mode",
            "standard",
            "kind of write",
            "Standard is PutItem or UpdateItem; transactional is TransactWriteItems.",
            choices=tuple(WRITES),
            source=GUIDE + "read-write-operations.html",
        ),
        Choice(
            "write_what",
            "insert",
            "what is written",
            "insert: a new item; update: an attribute that is no key; rekey: the key attributes of the indexes.",
            choices=tuple(ENTRIES),
            source=GUIDE + "GSI.html",
        ),
        Int(
            "gsi_count",
            0,
            "global indexes",
            "Global secondary indexes that hold the item.",
            minimum=0,
            maximum=len(INDEX_KEYS),
            source=GUIDE + "GSI.html",
        ),
        Choice(
            "projection",
            "ALL",
            "indexes hold",
            "All attributes of the item, or its keys only.",
            choices=("ALL", "KEYS_ONLY"),
            source=GUIDE + "GSI.html",
        ),
    )
    differences = (
        "The calls of one second are made a second apart, so that none is throttled; only their units count here.",
        "AWS calls its rule for the size of numbers approximate; the items here hold texts, whose bytes are exact.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:  # noqa: C901  # the actors of one story stand together
        """A reader and a writer, one who tries each mode, and one who tries items of other sizes."""
        db = cloud.client("dynamodb")
        indexed = INDEX_KEYS[: p.gsi_count]
        _create_table(db, indexed, p.projection)
        size_bytes = chosen_bytes(p)

        def item(number: str, size: int = size_bytes) -> dict[str, Any]:
            return text_item(size, id=number, note="0", **dict.fromkeys(indexed, "0"))

        def put(new: dict[str, Any], mode: str = "standard") -> None:
            if mode == "transactional":
                db.transact_write_items(
                    TransactItems=[{"Put": {"TableName": TABLE, "Item": new}}],
                    ReturnConsumedCapacity="INDEXES",
                )
            else:
                db.put_item(TableName=TABLE, Item=new, ReturnConsumedCapacity="INDEXES")

        def update(number: str, value: str) -> None:
            changed = indexed if p.write_what == "rekey" and indexed else ("note",)
            change: dict[str, Any] = {
                "TableName": TABLE,
                "Key": {"id": {"S": number}},
                "UpdateExpression": "SET " + ", ".join(f"{name} = :new" for name in changed),
                "ExpressionAttributeValues": {":new": {"S": value}},
            }
            if p.write_mode == "transactional":
                db.transact_write_items(TransactItems=[{"Update": change}], ReturnConsumedCapacity="INDEXES")
            else:
                db.update_item(**change, ReturnConsumedCapacity="INDEXES")

        def get(number: str, mode: str) -> None:
            wanted: dict[str, Any] = {"TableName": TABLE, "Key": {"id": {"S": number}}}
            if mode == "transactional":
                db.transact_get_items(TransactItems=[{"Get": wanted}], ReturnConsumedCapacity="TOTAL")
            else:
                db.get_item(**wanted, ConsistentRead=mode == "strong", ReturnConsumedCapacity="TOTAL")

        def read() -> None:
            for _ in range(p.reads_per_s):
                get("p-000", p.read_mode)
                time.sleep(PAUSE_S)

        def write() -> None:
            for number in range(1, p.writes_per_s + 1):
                if p.write_what == "insert":
                    put(item(f"p-{number:03}"), p.write_mode)
                else:
                    update("p-000", str(number % 10))
                time.sleep(PAUSE_S)

        def try_modes() -> None:
            for mode in READS:
                get("p-000", mode)
            for mode in WRITES:
                put(item("mode"), mode)
                time.sleep(PAUSE_S)

        def try_sizes() -> None:
            for number, size in enumerate(probed_bytes(size_bytes)):
                name = f"s-{number:03}"
                put(item(name, size), p.write_mode if p.write_what == "insert" else "standard")
                time.sleep(PAUSE_S)
                if p.write_what != "insert":
                    update(name, "1")
                    time.sleep(PAUSE_S)
                if size in read_bytes(size_bytes):
                    get(name, p.read_mode)

        def prepare() -> None:
            for name in ("p-000", "mode"):
                put(item(name))
                time.sleep(PAUSE_S)

        for actor, name in (
            (prepare, "shop"),
            (read, "reader"),
            (write, "writer"),
            (try_modes, "sampler"),
            (try_sizes, "prober"),
        ):
            cloud.spawn(actor, name=name)
            cloud.run()

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """The units of each call, by who made it."""
        of: dict[str, list[Units]] = {}
        probed: dict[bool, list[float]] = {True: [], False: []}
        for row in calls(trail):
            if row.error is None:
                of.setdefault(row.actor, []).append(units(row))
                if row.actor == "prober":
                    probed["Get" in row.operation].append(units(row).table)
        reads = tuple(one.total for one in of.get("reader", ()))
        writes = tuple(of.get("writer", ()))
        sampled = [one.table for one in of["sampler"]]
        size_bytes = chosen_bytes(p)
        sizes = probed_bytes(size_bytes)
        # Where the workload changes items, the prober makes an item of each size first.
        turn = len(probed[False]) // len(sizes)
        table = sum(one.table for one in writes)
        indexes = sum(sum(one.indexes.values()) for one in writes)
        summary: dict[str, int | float | str] = {
            "size_bytes": size_bytes,
            "reads": len(reads),
            "writes": len(writes),
            "units_per_read": reads[0] if reads else 0.0,
            "units_per_write": writes[0].table if writes else 0.0,
            "index_units_per_write": sum(writes[0].indexes.values()) if writes else 0.0,
            "read_units_per_s": sum(reads),
            "write_units_per_s": table,
            "index_units_per_s": indexes,
            "all_write_units_per_s": table + indexes,
        }
        return Measured(
            size_bytes,
            reads,
            writes,
            dict(zip(READS, sampled, strict=False)),
            dict(zip(WRITES, sampled[len(READS) :], strict=True)),
            tuple(zip(read_bytes(size_bytes), probed[True], strict=True)),
            tuple(zip(sizes, probed[False][turn - 1 :: turn], strict=True)),
            summary,
        )

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """Units of a call against the item's size above, the calls of one second side by side below."""
        from helpers.sections.s22_dynamodb.experiments import capacity_picture

        return capacity_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def reads(p: Values, m: Measured) -> Finding:
        """Reads round up to 4 KB, then the rate multiplies."""
        if not m.reads:
            return not_applicable("Nothing is read.")
        blocks = -(-m.size_bytes // READ_BYTES)
        need = len(m.reads) * blocks * READS[p.read_mode]
        words = (
            f"{kilobytes(p.item_kb)} count as {4 * blocks:,} KB, {count(blocks * READS[p.read_mode])} for one "
            f"{p.read_mode} read, and {count(sum(m.reads))} for {len(m.reads)}."
        )
        return true(words) if sum(m.reads) == need else false(words + f" It should be {count(need)}.")

    @staticmethod
    def writes(p: Values, m: Measured) -> Finding:
        """Writes round up to 1 KB, then the rate multiplies."""
        if not m.writes:
            return not_applicable("Nothing is written.")
        blocks = -(-m.size_bytes // WRITE_BYTES)
        need = len(m.writes) * blocks * WRITES[p.write_mode]
        found = sum(one.table for one in m.writes)
        words = (
            f"{kilobytes(p.item_kb)} count as {blocks:,} KB, {count(blocks * WRITES[p.write_mode])} for one "
            f"{p.write_mode} write to the table, and {count(found)} for {len(m.writes)}."
        )
        return true(words) if found == need else false(words + f" It should be {count(need)}.")

    @staticmethod
    def modes(_: Values, m: Measured) -> Finding:
        """Eventual is half of strong, transactional double."""
        read, write = m.read_samples, m.write_samples
        words = (
            f"One read costs {count(read['eventual'])} eventual, {count(read['strong'])} strong and "
            f"{count(read['transactional'])} transactional; one write {count(write['standard'])} standard and "
            f"{count(write['transactional'])} transactional."
        )
        holds = (
            2 * read["eventual"] == read["strong"]
            and read["transactional"] == 2 * read["strong"]
            and write["transactional"] == 2 * write["standard"]
        )
        return true(words) if holds else false(words)

    @staticmethod
    def indexes(p: Values, m: Measured) -> Finding:
        """Each index adds its own writes."""
        if not m.writes or not p.gsi_count:
            return not_applicable("There is no index." if m.writes else "Nothing is written.")
        each = index_units(p, m.size_bytes)
        found = [one.indexes for one in m.writes]
        words = (
            f"Beside {count(m.writes[0].table)} of the table a write costs "
            f"{count(sum(found[0].values()))} on {plural(p.gsi_count, 'index', 'indexes')}, {count(each)} each: "
            f"{_ENTRY[p.write_what, p.projection]}."
        )
        holds = all(sum(one.values()) == each * p.gsi_count and set(one.values()) <= {each} for one in found)
        return true(words) if holds else false(words + f" It should be {count(each)} each.")


_ENTRY = {
    ("insert", "ALL"): "the entry holds the whole item",
    ("insert", "KEYS_ONLY"): "the entry holds the keys only",
    ("update", "ALL"): "the entry holds the attribute that changed, and is written as a whole",
    ("update", "KEYS_ONLY"): "nothing that the index holds has changed",
    ("rekey", "ALL"): "the entry goes out under the old key and in under the new one",
    ("rekey", "KEYS_ONLY"): "the entry goes out under the old key and in under the new one",
}


def chosen_bytes(p: Values) -> int:
    """The size of the workload's items."""
    size: int = round(p.item_kb * KB)
    return size


def probed_bytes(size_bytes: int) -> tuple[int, ...]:
    """Sizes around the chosen one: the smallest and the largest of each KB of a window that begins at a multiple of
    4 KB.
    """
    first = min(max(0, size_bytes // READ_BYTES * 4 - 4), LARGEST_KB - WINDOW_KB)
    return tuple(
        size
        for k in range(first, first + WINDOW_KB)
        for size in (max(SMALLEST_BYTES, k * KB + 1), (k + 1) * KB)
    )


def read_bytes(size_bytes: int) -> tuple[int, ...]:
    """Those of the probed sizes that are read: the smallest and the largest of each 4 KB."""
    sizes, step = probed_bytes(size_bytes), 2 * READ_BYTES // KB
    return tuple(
        size for first in range(0, len(sizes), step) for size in (sizes[first], sizes[first + step - 1])
    )


def index_units(p: Values, size_bytes: int) -> float:
    """Write units that one write should cost on one index."""
    if p.projection == "KEYS_ONLY":
        return float(KEY_ENTRIES[p.write_what])
    return float(ENTRIES[p.write_what] * -(-size_bytes // WRITE_BYTES))


def _create_table(db: Any, indexed: Sequence[str], projection: str) -> None:
    more: dict[str, Any] = {}
    if indexed:
        more["GlobalSecondaryIndexes"] = [
            {
                "IndexName": f"by-{name}",
                "KeySchema": [{"AttributeName": name, "KeyType": "HASH"}],
                "Projection": {"ProjectionType": projection},
            }
            for name in indexed
        ]
    db.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("id", *indexed)],
        **more,
    )


Capacity.claims = (
    Claim(
        "reads",
        "A read counts its item's size rounded up to 4 KB, and the rate multiplies the rounded figure.",
        ("dynamodb.unit.rcu", "dynamodb.unit.rcu_round", "dynamodb.mode.rcu_wcu"),
        Capacity.reads,
        "always when something is read",
        lambda p: p.reads_per_s > 0,
    ),
    Claim(
        "writes",
        "A write counts its whole item's size rounded up to 1 KB, and the rate multiplies the rounded figure.",
        (
            "dynamodb.unit.wcu",
            "dynamodb.unit.wcu_round",
            "dynamodb.unit.larger_size",
            "dynamodb.mode.rcu_wcu",
        ),
        Capacity.writes,
        "always when something is written",
        lambda p: p.writes_per_s > 0,
    ),
    Claim(
        "modes",
        "An eventually consistent read costs half of a strongly consistent one; a transaction costs double.",
        (
            "dynamodb.unit.strong",
            "dynamodb.unit.transactional",
            "dynamodb.tx.modes",
            "dynamodb.tx.cost",
            "dynamodb.unit.rcu",
        ),
        Capacity.modes,
        "always",
        lambda p: True,
    ),
    Claim(
        "indexes",
        "Each global index that a write touches adds write units of its own, by the size of its entry.",
        ("dynamodb.idx.write_cost", "dynamodb.gsi.capacity"),
        Capacity.indexes,
        "always when something is written and there is an index",
        lambda p: p.writes_per_s > 0 and p.gsi_count > 0,
    ),
)


def _sums_to(name: str, number: float) -> Any:
    return lambda p, m: m.summary[name] == number


Capacity.scenes = (
    Scene(
        "round_up",
        "Half a KB more",
        {"item_kb": 4, "reads_per_s": 0},
        "Six items of 4 KB are written each second. What does half a KB more of each cost?",
        Prediction(
            "How many write units a second do six writes of 4.5 KB need?",
            (
                Option(
                    "down",
                    "24: a KB counts once it is full",
                    "begun_kb_is_free",
                    "A KB that is begun counts as a whole one, so 4.5 KB are five units.",
                    true_if=_sums_to("write_units_per_s", 24),
                ),
                Option(
                    "exact",
                    "27: six times 4.5 KB are 27 KB",
                    "rounds_after_multiplying",
                    "The size of each write rounds up before the rate multiplies it: six times 5.",
                    true_if=_sums_to("write_units_per_s", 27),
                ),
                Option(
                    "up",
                    "30: each write counts as 5 KB",
                    None,
                    "Every write rounds up to whole KB by itself, and six of them make 30.",
                    right=True,
                    true_if=_sums_to("write_units_per_s", 30),
                ),
                Option(
                    "fours",
                    "48: each write counts as 8 KB",
                    "same_steps_for_both",
                    "Steps of 4 KB are those of reads; writes count in steps of 1 KB.",
                    true_if=_sums_to("write_units_per_s", 48),
                ),
            ),
        ),
        {"item_kb": 4.5},
        ("item_kb", "writes_per_s"),
        "writes",
        ("dynamodb.unit.wcu", "dynamodb.unit.wcu_round", "dynamodb.mode.rcu_wcu"),
    ),
    Scene(
        "consistency",
        "Half the price for a slightly older answer",
        {"item_kb": 12, "reads_per_s": 16, "writes_per_s": 0},
        "A page shows items of 12 KB, read 16 times a second, strongly consistent. Must it be?",
        Prediction(
            "The same 16 reads become eventually consistent. How many read units a second do they need?",
            (
                Option(
                    "same",
                    "48: only the age of the answer changes",
                    "consistency_is_free",
                    "A strongly consistent read costs twice as much, which is why it is not the default.",
                    true_if=_sums_to("read_units_per_s", 48),
                ),
                Option(
                    "whole",
                    "32: one and a half rounds up to two",
                    "half_units_round_up",
                    "Sizes round up, units do not: 1.5 units a read stay 1.5.",
                    true_if=_sums_to("read_units_per_s", 32),
                ),
                Option(
                    "half",
                    "24: each of them costs 1.5 units",
                    None,
                    "12 KB are three times 4 KB, half a unit each, and 16 × 1.5 = 24.",
                    right=True,
                    true_if=_sums_to("read_units_per_s", 24),
                ),
                Option(
                    "ones",
                    "96: 16 × 12 KB, half a unit for each",
                    "same_steps_for_both",
                    "Steps of 1 KB are those of writes; a read unit covers 4 KB.",
                    true_if=_sums_to("read_units_per_s", 96),
                ),
            ),
        ),
        {"read_mode": "eventual"},
        ("read_mode", "item_kb", "reads_per_s"),
        "reads",
        ("dynamodb.unit.rcu", "dynamodb.unit.rcu_round", "dynamodb.unit.strong"),
    ),
    Scene(
        "transaction",
        "All or nothing has a price",
        {"item_kb": 5, "reads_per_s": 5, "writes_per_s": 3},
        "Three writes of 5 KB a second need 15 units. What if each is made as a transaction?",
        Prediction(
            "The writes go through TransactWriteItems. How many write units a second do they need?",
            number="write_units_per_s",
            unit="write units",
            reply="DynamoDB writes each item of a transaction twice, to prepare and to commit: 3 × 5 × 2 = 30, even if "
            "a transaction holds a single item.",
        ),
        {"write_mode": "transactional"},
        ("write_mode", "read_mode"),
        "modes",
        ("dynamodb.unit.transactional", "dynamodb.tx.cost", "dynamodb.tx.modes", "dynamodb.unit.wcu"),
    ),
    Scene(
        "index",
        "Who pays for the index?",
        {"item_kb": 2.5, "reads_per_s": 0},
        "Six new items of 2.5 KB a second need 18 write units. Two global indexes that hold everything are to come.",
        Prediction(
            "How many write units a second will the six writes need in all?",
            (
                Option(
                    "free",
                    "18: an index costs storage only",
                    "index_is_free",
                    "DynamoDB keeps the index up to date, and charges a write for it each time.",
                    true_if=_sums_to("all_write_units_per_s", 18),
                ),
                Option(
                    "pointers",
                    "30: one more for each index entry",
                    "index_adds_one",
                    "That holds for entries of up to 1 KB; these hold the whole item, 3 units each.",
                    true_if=_sums_to("all_write_units_per_s", 30),
                ),
                Option(
                    "again",
                    "54: each index writes the item again",
                    None,
                    "Each entry is as large as the item, so each index adds another 18 units.",
                    right=True,
                    true_if=_sums_to("all_write_units_per_s", 54),
                ),
                Option(
                    "double",
                    "90: each index writes it twice over",
                    "index_writes_twice",
                    "Out and in again is what a changed index key costs; a new item only goes in.",
                    true_if=_sums_to("all_write_units_per_s", 90),
                ),
            ),
        ),
        {"gsi_count": 2},
        ("gsi_count", "projection", "write_what"),
        "indexes",
        ("dynamodb.idx.write_cost", "dynamodb.gsi.capacity", "dynamodb.unit.wcu"),
    ),
    Scene(
        "goal",
        "A cheaper table",
        {"item_kb": 8.5, "reads_per_s": 40, "writes_per_s": 10, "gsi_count": 2},
        "Forty reads and ten writes of 8.5 KB a second, with two indexes: 120 read units and 270 write units. Which of "
        "them are needed?",
        Prediction(
            "Instead of putting new items, each write sets one small attribute that is no key. What does that save?",
            (
                Option(
                    "all_but",
                    "Nearly all: one unit a write",
                    "update_pays_for_change",
                    "A write counts the whole item, however little of it an update changes.",
                    true_if=lambda p, m: m.summary["write_units_per_s"] <= 10,
                ),
                Option(
                    "indexes",
                    "Two thirds: indexes stay untouched",
                    "index_sees_keys_only",
                    "These indexes hold all attributes, so a change of any of them is written there too.",
                    true_if=_sums_to("index_units_per_s", 0),
                ),
                Option(
                    "nothing",
                    "Nothing: 90 and twice 90 as before",
                    None,
                    "The item counts as a whole in the table, and so does its entry in each index that holds it.",
                    right=True,
                    true_if=_sums_to("all_write_units_per_s", 270),
                ),
            ),
        ),
        {"write_what": "update"},
        (),
        "writes",
        (
            "dynamodb.unit.larger_size",
            "dynamodb.idx.write_cost",
            "dynamodb.unit.rcu",
            "dynamodb.unit.wcu",
            "dynamodb.idx.projection",
        ),
        Goal(
            "Put ten new items a second and read forty, of 8.5 KB or more, with two indexes, in at most 60 read units "
            "and 120 write units, those of the indexes included.",
            lambda p, m: (
                p.item_kb >= 8.5
                and p.gsi_count >= 2
                and p.write_what == "insert"
                and m.summary["reads"] >= 40
                and m.summary["writes"] >= 10
                and m.summary["read_units_per_s"] <= 60
                and m.summary["all_write_units_per_s"] <= 120
            ),
            {"read_mode": "eventual", "projection": "KEYS_ONLY"},
        ),
    ),
)
