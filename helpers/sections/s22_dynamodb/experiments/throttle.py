"""How long saved capacity carries a spike, what retries make of its end, and what a starved index does to its table."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import ClientError

from helpers.experiments import (
    CallRow,
    Claim,
    Experiment,
    Finding,
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
from helpers.sections.s22_dynamodb.experiments.reading import KB, count, text_item, units
from helpers.sections.s22_dynamodb.experiments.spike import THROTTLED, Store, Write, writes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

GUIDE = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
RETRIES = "https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html"
TABLE, INDEX = "orders", "by-customer"
BURST_S = 300  # of unused capacity are kept, GUIDE/burst-adaptive-capacity.html
MOST_WRITES = 240  # in one run: a longer spike is made of larger writes
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 20.0  # of the SDK after a throttle, at most; the first doubles (RETRIES)
QUOTA, RETRY_COST = 500, 5  # of one client; what is tried again with success pays back (RETRIES)
LATENCY_S = 0.01  # of an API call, see Cloud.api_latency_s


@dataclass(frozen=True)
class Measured:
    """What the trail shows. `writes` in the order in which they were due; `taken`: when, and how many units.

    `table` and `index` (None without one) are the units that were left over time, added up from what the replies say
    was consumed; `spike_s` is when the spike begins, `throttle_s` when the first write was throttled (None: never);
    `index_s` the same for the first throttle at which the table had units; `left` are the units that were left at the
    first throttle. `out_of_quota` are the numbers of the writes that the SDK gave up because it had made too many
    retries.
    """

    writes: tuple[Write, ...]
    taken: tuple[tuple[float, float], ...]
    table: Store
    index: Store | None
    spike_s: float
    end_s: float
    throttle_s: float | None
    index_s: float | None
    left: float
    out_of_quota: frozenset[int]
    summary: dict[str, int | float | str]


class Throttle(Experiment):
    """A quiet table, then a spike of writes; see the module."""

    id = "22_dynamodb.throttle"
    title = "Burst capacity against a spike"
    question = "How long does burst capacity carry a spike?"
    parameters = (
        Int(
            "wcu",
            10,
            "write units of the table",
            "Provisioned write capacity units: 1 KB a second each.",
            unit="units/s",
            minimum=1,
            maximum=80,
            source=GUIDE + "provisioned-capacity-mode.html",
        ),
        Int(
            "quiet_s",
            300,
            "quiet before",
            "How long nobody uses the table before the spike.",
            unit="s",
            minimum=10,
            maximum=900,
            step=10,
        ),
        Int(
            "spike_wcu",
            30,
            "spike",
            "Write units a second that the spike asks for.",
            unit="units/s",
            minimum=1,
            maximum=80,
        ),
        Int(
            "spike_s",
            180,
            "length of the spike",
            "How long the spike lasts.",
            unit="s",
            minimum=10,
            maximum=1200,
        ),
        Int(
            "attempts",
            1,
            "attempts of the SDK",
            "total_max_attempts of boto3: 1 means no retries; for DynamoDB the default is 4.",
            minimum=1,
            maximum=6,
            source=RETRIES,
        ),
        Int(
            "gsi_wcu",
            0,
            "write units of the index",
            "Provisioned write units of a global index that holds every item; 0: there is no index.",
            unit="units/s",
            minimum=0,
            maximum=80,
            source=GUIDE + "GSI.html",
        ),
    )
    differences = (
        (
            "One call stands for all the writes of a second (of some seconds, if the spike is longer than 240 s): it "
            "writes one item of as many KB, and passes or is throttled as a whole."
        ),
        "A new table begins with nothing saved here; AWS does not say what it begins with.",
        "AWS may use saved capacity for work of its own, and may change how much it keeps; here it does neither.",
        "Reads have saved units of their own, which behave alike; this run only writes.",
        (
            "The SDK is the installed boto3, which waits up to 1 s, 2 s, 4 s and so on after a throttle; the example "
            "in DynamoDB's guide begins with 50 ms."
        ),
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """Make the table, wait, then write at an even pace, whatever becomes of the writes before."""
        retries = {"total_max_attempts": p.attempts, "mode": "standard"}
        db = cloud.client("dynamodb", config=Config(retries=retries))
        _create_table(db, p)
        begin_s = cloud.now + p.quiet_s
        number, every_s = pace(p)
        # Nobody waits for the writes of others: one more worker takes over while retries keep one busy.
        longest_s = p.attempts * LATENCY_S + sum(longest_wait_s(after) for after in range(1, p.attempts))
        workers = min(number, ceil(longest_s / every_s) + 1) if p.attempts > 1 else 1

        def write(first: int) -> None:
            for order in range(first, number, workers):
                time.sleep(max(0.0, begin_s + order * every_s - cloud.now))
                item = text_item(
                    p.spike_wcu * every_s * KB, order=f"{order + 1:04}", customer=f"customer-{order + 1:04}"
                )
                try:
                    db.put_item(TableName=TABLE, Item=item, ReturnConsumedCapacity="INDEXES")
                except ClientError as error:
                    if error.response["Error"]["Code"] not in THROTTLED:
                        raise

        for first in range(workers):
            cloud.spawn(write, first, name=f"worker-{first + 1}")
        cloud.run()

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """The writes with their attempts, and what was left at each of them."""
        rows = calls(trail)
        made_s = next(row.end_s for row in rows if row.operation == "CreateTable")
        puts = sorted((row for row in rows if row.operation == "PutItem"), key=lambda row: row.end_s)
        table, index = Store(p.wcu, BURST_S, made_s), Store(p.gsi_wcu, BURST_S, made_s)
        number, every_s = pace(p)
        need = p.spike_wcu * every_s
        taken: list[tuple[float, float]] = []
        refused: list[float] = []
        by_index: list[float] = []
        left = 0.0
        for row in puts:
            if row.error is not None:
                if not refused:
                    left = min(store.at(row.end_s) for store in (table, index) if store.rate)
                refused.append(row.end_s)
                if table.at(row.end_s) >= min(need, p.wcu) - 1e-6:
                    by_index.append(row.end_s)
                continue
            consumed = units(row)
            taken.append((row.end_s, consumed.table))
            table.take(row.end_s, consumed.table)
            index.take(row.end_s, consumed.indexes.get(INDEX, 0.0))
        found = writes(rows, "order")
        spike_s = found[0].attempts[0].end_s
        end_s = max(spike_s + number * every_s, puts[-1].end_s)
        table.take(end_s, 0.0)
        index.take(end_s, 0.0)
        waits = [one.attempts[-1].end_s - one.attempts[0].end_s for one in found if one.taken]
        summary: dict[str, int | float | str] = {
            "writes": len(found),
            "throttled": sum(one.throttled for one in found),
            "late": sum(one.throttled and one.taken for one in found),
            "lost": sum(not one.taken for one in found),
            "attempts": len(puts),
            "by_index": len(by_index),
            "carried_s": round(refused[0] - spike_s, 2) if refused else p.spike_s,
            "longest_wait_s": round(max(waits, default=0.0), 2),
            "asked_units": number * need,
            "accepted_units": sum(cost for _, cost in taken),
            "index_units": sum(units(row).indexes.get(INDEX, 0.0) for row in puts),
            "provisioned_units": p.wcu + p.gsi_wcu,
        }
        return Measured(
            tuple(found),
            tuple(taken),
            table,
            index if p.gsi_wcu else None,
            spike_s,
            end_s,
            refused[0] if refused else None,
            by_index[0] if by_index else None,
            max(0.0, left),
            _out_of_quota(puts, p.attempts),
            summary,
        )

    def draw(self, figure: Figure, p: Values, m: Any) -> str:
        """Some writes attempt by attempt, and the units left over the whole run below."""
        from helpers.sections.s22_dynamodb.experiments.throttle_picture import draw

        return draw(figure, p, m)

    @staticmethod
    def carried(p: Values, m: Measured) -> Finding:
        """The first throttle comes when the saved units are spent."""
        limits = {"table": p.wcu, **({"index": p.gsi_wcu} if p.gsi_wcu else {})}
        name = min(limits, key=lambda one: run_out_s(p, limits[one]))
        rate, measured_s = limits[name], float(m.summary["carried_s"])
        if p.spike_wcu <= rate:
            words = f"The spike asks for {p.spike_wcu} units/s and {rate} are provisioned: nothing saved is needed."
            return (
                true(words)
                if m.throttle_s is None
                else false(words + f" Yet it was throttled at {measured_s:g} s.")
            )
        expected_s = run_out_s(p, rate)
        sum_ = (
            f"{count(saved(p, rate))} saved units of the {name}, of which the spike takes {p.spike_wcu - rate} a "
            f"second, last {expected_s:,.0f} s"
        )
        if abs(measured_s - min(expected_s, p.spike_s)) > tolerance_s(p, rate):
            return false(f"{sum_}; the first write was throttled after {measured_s:,.0f} s.")
        if m.throttle_s is None:
            return true(f"{sum_}, and the spike was over after {p.spike_s} s.")
        return true(f"{sum_}; the first write was throttled after {measured_s:,.0f} s.")

    @staticmethod
    def rate(p: Values, m: Measured) -> Finding:
        """Over any time no more than saved and provisioned units pass."""
        rate = min(p.wcu, p.gsi_wcu) if p.gsi_wcu else p.wcu
        need, passed = float(m.summary["asked_units"]) / len(m.writes), 0.0
        for time_s, cost in m.taken:
            passed += cost
            most = saved(p, rate) + rate * (1 + time_s - m.spike_s) + need
            if passed > most + 1e-6:
                return false(
                    f"{count(passed)} units had passed after {time_s - m.spike_s:.0f} s, over {count(most)}."
                )
        after_s = m.end_s - (m.throttle_s or m.end_s)
        if after_s < 10:
            return true(f"{count(passed)} units passed, no more than saved and provisioned ones together.")
        later = sum(cost for time_s, cost in m.taken if time_s >= (m.throttle_s or 0.0))
        return true(
            f"After the first throttle {later / after_s:.1f} units/s passed: the {rate} that are provisioned, "
            f"though {p.spike_wcu} were asked for."
        )

    @staticmethod
    def retries(p: Values, m: Measured) -> Finding:
        """The SDK tries again after longer and longer waits, a fixed number of times."""
        if p.attempts == 1:
            return not_applicable("The SDK makes one attempt, so each throttled write is lost.")
        if m.throttle_s is None:
            return not_applicable("No write was throttled.")
        for one in m.writes:
            for place, (before, again) in enumerate(zip(one.attempts, one.attempts[1:], strict=False), 1):
                if again.start_s - before.end_s > longest_wait_s(place) + 1e-6:
                    return false(
                        f"Write {one.number} waited {again.start_s - before.end_s:.1f} s after attempt {place}."
                    )
            gave_up = not one.taken and one.number not in m.out_of_quota
            if len(one.attempts) > p.attempts or (gave_up and len(one.attempts) < p.attempts):
                return false(
                    f"Write {one.number} was tried {plural(len(one.attempts), 'time')}, not {p.attempts}."
                )
        late, lost = int(m.summary["late"]), int(m.summary["lost"])
        words = f"Of {plural(late + lost, 'throttled write')} {late or 'none'} came through later"
        if late:
            words += f", after {m.summary['longest_wait_s']:.1f} s at most"
        if not lost:
            return true(words + ", and none was lost.")
        words += f", and {lost} {'was' if lost == 1 else 'were'} given up after {p.attempts} attempts"
        if m.out_of_quota:
            words += f" or, {len(m.out_of_quota)} of them, because the client's quota of retries was used up"
        return true(words + ".")

    @staticmethod
    def index(p: Values, m: Measured) -> Finding:
        """An index without units throttles the table."""
        if not p.gsi_wcu:
            return not_applicable("The table has no global index.")
        throttles = int(m.summary["by_index"])
        if p.gsi_wcu >= p.wcu:
            if throttles:
                return false(
                    f"The index has {p.gsi_wcu} units/s, and yet it throttled {plural(throttles, 'attempt')}."
                )
            return true(
                f"The index has at least the {p.wcu} units/s of its table: it throttled nothing by itself."
            )
        if m.index_s is not None:
            return true(
                f"After {m.index_s - m.spike_s:,.0f} s the index had no units left, and {plural(throttles, 'attempt')} "
                f"{'was' if throttles == 1 else 'were'} throttled that the table had units for."
            )
        words = f"{count(saved(p, p.gsi_wcu))} saved units of the index last {run_out_s(p, p.gsi_wcu):,.0f} s"
        if run_out_s(p, p.gsi_wcu) + tolerance_s(p, p.gsi_wcu) < p.spike_s:
            return false(f"{words}, and yet writes passed to the end of the spike at {p.spike_s} s.")
        return true(
            "The index never ran out: " + (words if p.spike_wcu > p.gsi_wcu else "its units suffice") + "."
        )


def pace(p: Values) -> tuple[int, int]:
    """How many writes the spike is made of, and the seconds between two of them."""
    every_s = ceil(p.spike_s / MOST_WRITES)
    return ceil(p.spike_s / every_s), every_s


def longest_wait_s(attempt: int) -> float:
    """The longest wait of the SDK after a throttled attempt, counted from 1; it waits a random part of it."""
    return float(min(FIRST_WAIT_S * 2 ** (attempt - 1), LONGEST_WAIT_S))


def saved(p: Values, rate: int) -> int:
    """Units that a resource of `rate` units a second has saved when the spike begins."""
    return int(rate * min(BURST_S, p.quiet_s))


def run_out_s(p: Values, rate: int) -> float:
    """How long the saved units of a resource last in the spike."""
    return saved(p, rate) / (p.spike_wcu - rate) if p.spike_wcu > rate else inf


def tolerance_s(p: Values, rate: int) -> float:
    """How far from that the first throttle may lie: units of the present second, over units that each second takes."""
    return pace(p)[1] + rate / (p.spike_wcu - rate) + 0.1 if p.spike_wcu > rate else 0.0


def _create_table(db: Any, p: Values) -> None:
    """A provisioned table, with a global index that holds every item if it is given units."""
    more: dict[str, Any] = {}
    if p.gsi_wcu:
        more["GlobalSecondaryIndexes"] = [
            {
                "IndexName": INDEX,
                "KeySchema": [{"AttributeName": "customer", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
                "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": p.gsi_wcu},
            }
        ]
    names = ("order", "customer") if p.gsi_wcu else ("order",)
    db.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "order", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": p.wcu},
        **more,
    )


def _out_of_quota(puts: Sequence[CallRow], attempts: int) -> frozenset[int]:
    """The writes that the SDK gave up early, because retries had used up the client's quota."""
    left, given_up = QUOTA, set()
    for row in puts:
        if row.error is None:
            left = min(QUOTA, left + (RETRY_COST if row.attempt > 1 else 1))
        elif row.attempt < attempts:
            if left >= RETRY_COST:
                left -= RETRY_COST
            else:
                given_up.add(int(row.parameters["Item"]["order"]["S"]))
    return frozenset(given_up)


Throttle.claims = (
    Claim(
        "carried",
        "A spike passes for saved units ÷ (spike - provisioned) seconds, and no more than 300 seconds of unused "
        "capacity are saved.",
        ("dynamodb.mode.burst",),
        Throttle.carried,
        "always, but for the units of one second",
        lambda p: True,
    ),
    Claim(
        "rate",
        "Once the saved units are spent, no more passes than is provisioned, however often it is tried.",
        ("dynamodb.mode.burst", "dynamodb.mode.provisioned"),
        Throttle.rate,
        "always",
        lambda p: True,
    ),
    Claim(
        "retries",
        "The SDK tries a throttled write again after longer and longer waits, and gives up after its last attempt.",
        ("dynamodb.mode.exceeded", "dynamodb.mode.backoff"),
        Throttle.retries,
        "the SDK makes more than one attempt, and the spike outlasts the saved units",
        lambda p: p.attempts > 1 and _runs_dry(p),
    ),
    Claim(
        "index",
        "A global index with fewer write units than its table throttles the table's writes once its own are spent.",
        ("dynamodb.gsi.throttle", "dynamodb.gsi.capacity", "dynamodb.gsi.choose"),
        Throttle.index,
        "there is a global index",
        lambda p: p.gsi_wcu > 0,
    ),
)


def _runs_dry(p: Values) -> bool:
    rate = min(p.wcu, p.gsi_wcu or p.wcu)
    return bool(run_out_s(p, rate) + tolerance_s(p, rate) < p.spike_s)


Throttle.scenes = (
    Scene(
        "spike",
        "Living on savings",
        {},
        "After five quiet minutes a table of 10 units/s takes 30 a second for 150 s. And 60 a second?",
        Prediction(
            "The spike asks for 60 units a second. For how long does it pass?",
            (
                Option(
                    "half",
                    "About 75 s: twice the rate, half the time",
                    "burst_halves",
                    "What counts is the part over the provisioned rate, and that grew from 20 to 50 a second.",
                    true_if=lambda p, m: 70 <= m.summary["carried_s"] <= 80,
                ),
                Option(
                    "excess",
                    "About 60 s: it spends 50 saved units a second",
                    None,
                    "10 of the 60 come in each second, 50 are taken from the 3,000 saved ones: 3,000 / 50 = 60 s.",
                    right=True,
                    true_if=lambda p, m: 55 <= m.summary["carried_s"] <= 65,
                ),
                Option(
                    "time",
                    "About 150 s, as before: what is saved is time",
                    "burst_is_time",
                    "What is saved are units: 300 s of unused capacity, which a higher spike spends sooner.",
                    true_if=lambda p, m: 140 <= m.summary["carried_s"] <= 160,
                ),
                Option(
                    "never",
                    "Not at all: it is six times what was provisioned",
                    "throttled_at_once",
                    "Saved units may be spent faster than the provisioned rate, at any rate a partition can take.",
                    true_if=lambda p, m: m.summary["carried_s"] < 5,
                ),
            ),
        ),
        {"spike_wcu": 60},
        ("spike_wcu", "wcu"),
        "carried",
        (
            "dynamodb.mode.burst",
            "dynamodb.mode.provisioned",
            "dynamodb.mode.exceeded",
            "dynamodb.mode.rcu_wcu",
        ),
    ),
    Scene(
        "quiet",
        "A longer quiet before",
        {},
        "Five quiet minutes carried the spike for 150 s. Do fifteen carry it further?",
        Prediction(
            "The table is quiet for 900 s instead of 300 s. For how long does the spike pass?",
            (
                Option(
                    "thrice",
                    "Three times as long, for nothing was used",
                    "burst_unlimited",
                    "Unused capacity older than five minutes is gone: the store holds 300 s of it.",
                    true_if=lambda p, m: m.summary["carried_s"] > 160,
                ),
                Option(
                    "same",
                    "Just as long: only five minutes are kept",
                    None,
                    "The store was full after 300 s, and the rest of the quiet added nothing.",
                    right=True,
                    true_if=lambda p, m: 145 <= m.summary["carried_s"] <= 155,
                ),
                Option(
                    "lapsed",
                    "Not at all, since unused capacity lapses",
                    "unused_lapses",
                    "It lapses after five minutes, and until then it is there for a spike.",
                    true_if=lambda p, m: m.summary["carried_s"] < 5,
                ),
            ),
        ),
        {"quiet_s": 900},
        ("quiet_s", "wcu"),
        "carried",
        ("dynamodb.mode.burst", "dynamodb.mode.provisioned"),
    ),
    Scene(
        "retries",
        "What retries can carry",
        {"quiet_s": 30, "spike_wcu": 14, "spike_s": 80},
        "The saved units end some seconds before the spike does, and without retries writes are lost.",
        Prediction(
            "Now the SDK makes up to 4 attempts, boto3's default for DynamoDB. What becomes of throttled writes?",
            (
                Option(
                    "lost",
                    "They are lost: throttling is an error like any other",
                    "throttle_is_final",
                    "A throttled call may be tried again, and the SDK does so by itself.",
                    true_if=lambda p, m: m.summary["late"] == 0,
                ),
                Option(
                    "queued",
                    "DynamoDB queues them until it has units again",
                    "throttle_queues",
                    "DynamoDB refuses at once and keeps nothing; it is the SDK that waits and asks again.",
                    true_if=lambda p, m: m.summary["attempts"] == m.summary["writes"],
                ),
                Option(
                    "late",
                    "They pass some moments later, at another attempt",
                    None,
                    "The overshoot is small and the spike soon over, so units come in while the SDK waits.",
                    right=True,
                    true_if=lambda p, m: m.summary["late"] > 0 and m.summary["lost"] == 0,
                ),
            ),
        ),
        {"attempts": 4},
        ("attempts", "spike_s", "spike_wcu"),
        "retries",
        ("dynamodb.mode.exceeded", "dynamodb.mode.backoff", "dynamodb.mode.burst"),
    ),
    Scene(
        "index",
        "The index of the table",
        {"wcu": 40},
        "The table has 40 units/s and takes 30. Its new global index is given 10. Does that matter to the table?",
        Prediction(
            "Every write also goes into an index of 10 units/s. What happens to the writes of the table?",
            (
                Option(
                    "lag",
                    "Nothing: the index is updated later, at its own pace",
                    "index_just_lags",
                    "An index lags by moments only; DynamoDB takes no write that the index has no units for.",
                    true_if=lambda p, m: m.summary["lost"] == 0,
                ),
                Option(
                    "shared",
                    "Nothing: the index uses the units of its table",
                    "gsi_uses_table_units",
                    "A local index does; a global one has units of its own, and here too few.",
                    true_if=lambda p, m: m.summary["lost"] == 0,
                ),
                Option(
                    "throttled",
                    "They are throttled when the index has spent its units",
                    None,
                    "The index saved 3,000 units, which last 150 s; then each write needs units that it does not have.",
                    right=True,
                    true_if=lambda p, m: m.summary["by_index"] > 0,
                ),
                Option(
                    "gaps",
                    "They pass, and are missing from the index later on",
                    "index_drops_entries",
                    "The index never loses an entry: the write to the table is refused instead.",
                    true_if=lambda p, m: m.summary["index_units"] < m.summary["accepted_units"],
                ),
            ),
        ),
        {"gsi_wcu": 10},
        ("gsi_wcu", "wcu"),
        "index",
        ("dynamodb.gsi.throttle", "dynamodb.gsi.capacity", "dynamodb.gsi.choose"),
    ),
    Scene(
        "goal",
        "Enough, and not too much",
        {"quiet_s": 120, "spike_s": 240, "gsi_wcu": 10, "attempts": 4},
        "Two quiet minutes, then 30 units a second for four minutes, and an index that holds every item.",
        Prediction(
            "The table gets 40 units/s instead of 10, its index stays at 10. How many writes are lost?",
            (
                Option(
                    "none",
                    "None: 40 are more than the spike asks for",
                    "table_units_cure_all",
                    "The table has units enough; the index has not, and a write needs both.",
                    true_if=lambda p, m: m.summary["lost"] == 0,
                ),
                Option(
                    "fewer",
                    "Some, but far fewer than with 10",
                    "table_units_help",
                    "The narrower of the two decides, and that is the index before and after.",
                    true_if=lambda p, m: 0 < m.summary["lost"] < 60,
                ),
                Option(
                    "same",
                    "As many as before: the index decides",
                    None,
                    "Table and index had the same 10 units/s; raising one of them alone changes nothing.",
                    right=True,
                    true_if=lambda p, m: m.summary["lost"] >= 60 and m.summary["by_index"] > 0,
                ),
            ),
        ),
        {"wcu": 40},
        (),
        "index",
        ("dynamodb.gsi.throttle", "dynamodb.gsi.choose", "dynamodb.mode.burst", "dynamodb.mode.backoff"),
        Goal(
            "Let the same spike of 30 units a second for 240 s, after 120 s of quiet, pass without a lost write, with "
            "at most 45 units/s provisioned for table and index together.",
            lambda p, m: (
                p.quiet_s <= 120
                and p.spike_wcu >= 30
                and p.spike_s >= 240
                and p.gsi_wcu > 0
                and m.summary["lost"] == 0
                and m.summary["provisioned_units"] <= 45
            ),
            {"wcu": 22, "gsi_wcu": 22},
        ),
    ),
)
