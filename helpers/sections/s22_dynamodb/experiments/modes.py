"""What three capacity settings cost for the same traffic, and which of them lose writes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import ceil, cos, pi
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.config import Config
from botocore.exceptions import ClientError

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
    true,
)
from helpers.sections.s22_dynamodb.experiments.reading import KB, text_item

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

GUIDE = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
PRICES = "https://aws.amazon.com/dynamodb/pricing/provisioned/"
MINUTES = 60
JUMP_MIN = 30  # when the spike and the batch job begin
HOURS_A_MONTH = 730
FIXED, SCALED, ON_DEMAND = "fixed", "scaled", "on-demand"
PLANS = (FIXED, SCALED, ON_DEMAND)
THROTTLED = ("ProvisionedThroughputExceededException", "ThrottlingException")
LARGEST_KB = 200  # of a call: a scaled-down table must be able to take some of a busy minute


class Minute(NamedTuple):
    """A minute of a plan: units a second that were asked for, that were written, and that were provisioned (0 for
    on-demand).
    """

    asked: float
    written: float
    provisioned: float


@dataclass(frozen=True)
class Measured:
    """What the trail shows: for each plan its minutes, and what a month of such traffic costs."""

    minutes: dict[str, tuple[Minute, ...]]
    usd: dict[str, float]
    raised_min: float | None
    summary: dict[str, int | float | str]


class Modes(Experiment):
    """An hour of writes to three tables; see the module."""

    id = "22_dynamodb.modes"
    title = "On-demand or provisioned"
    question = "Which capacity setting suits this traffic?"
    parameters = (
        Choice(
            "pattern",
            "wave",
            "traffic",
            "Steady, a wave, a spike of ten minutes, or a batch job of a quarter of an hour and nothing else.",
            choices=("steady", "wave", "spike", "batch"),
            assumption=True,
        ),
        Float(
            "mean_per_s",
            3,
            "writes a second",
            "Writes of 1 KB, on average over the hour.",
            unit="/s",
            minimum=0.1,
            maximum=10,
            step=0.1,
            assumption=True,
        ),
        Int(
            "provisioned_wcu",
            10,
            "provisioned capacity",
            "Write units a second of the fixed table; the scaled one begins with so many.",
            unit="WCU",
            minimum=1,
            maximum=100,
            source=GUIDE + "provisioned-capacity-mode.html",
        ),
        Int(
            "target_percent",
            70,
            "target utilisation",
            "What auto scaling aims at: consumed against provisioned.",
            unit="%",
            minimum=20,
            maximum=90,
            step=5,
            source=GUIDE + "AutoScaling.html",
        ),
        Float(
            "usd_wcu_hour",
            0.00065,
            "price of a WCU-hour",
            "List price of one provisioned write unit for an hour.",
            unit="USD",
            minimum=0.0001,
            maximum=0.002,
            step=0.00005,
            source=PRICES,
            assumption=True,
        ),
        Float(
            "usd_million_wru",
            0.625,
            "price of a million WRU",
            "List price of a million write request units on demand.",
            unit="USD",
            minimum=0.1,
            maximum=2,
            step=0.025,
            source="https://aws.amazon.com/dynamodb/pricing/on-demand/",
            assumption=True,
        ),
    )
    differences = (
        "One batch, in the last second of a minute, stands for all its writes: for each table an item of as many KB.",
        "Auto scaling acts after the documented minutes, and then takes 2 minutes more, which is an assumption.",
        "Prices are parameters (us-east-1, read in 2026); storage, reads and reserved capacity are left out.",
        "An hour stands for the whole month; a real table sees nights and weekends.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """The same writes, minute by minute, to a fixed, a scaled and an on-demand table."""
        client = cloud.client("dynamodb", config=Config(retries={"total_max_attempts": 1}))
        scaling = cloud.client("application-autoscaling")
        for name in PLANS:
            mode: dict[str, Any] = {"BillingMode": "PAY_PER_REQUEST"}
            if name != ON_DEMAND:
                throughput = {"ReadCapacityUnits": 1, "WriteCapacityUnits": p.provisioned_wcu}
                mode = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": throughput}
            client.create_table(
                TableName=name,
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                **mode,
            )
        target = {
            "ServiceNamespace": "dynamodb",
            "ResourceId": f"table/{SCALED}",
            "ScalableDimension": "dynamodb:table:WriteCapacityUnits",
        }
        scaling.register_scalable_target(
            **target, MinCapacity=least_wcu(p), MaxCapacity=40 * p.provisioned_wcu
        )
        scaling.put_scaling_policy(
            **target,
            PolicyName="utilisation",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": float(p.target_percent),
                "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"},
            },
        )

        def write() -> None:
            begin_s = time.monotonic()
            for minute in range(MINUTES):
                time.sleep(max(0.0, begin_s + 60 * minute + 59 - time.monotonic()))
                left_kb = round(60 * rate(p, minute))
                part = 0
                while left_kb > 0:
                    size_kb = min(left_kb, LARGEST_KB)
                    item = text_item(size_kb * KB, id=f"{minute}-{part}")
                    puts = {name: [{"PutRequest": {"Item": item}}] for name in PLANS}
                    try:
                        client.batch_write_item(RequestItems=puts, ReturnConsumedCapacity="TOTAL")
                    except ClientError as error:
                        if error.response["Error"]["Code"] not in THROTTLED:
                            raise
                    left_kb -= size_kb
                    part += 1

        cloud.spawn(write, name="writer")
        cloud.run()

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """What each table took in each minute, and the capacity that it had."""
        rows = calls(trail)
        batches = [row for row in rows if row.operation == "BatchWriteItem"]
        begin_s = next(row.end_s for row in rows if row.operation == "PutScalingPolicy")
        minutes = {name: _minutes(p, rows, batches, name, begin_s) for name in PLANS}
        hours = MINUTES / 60
        usd = {
            name: sum(one.provisioned for one in minutes[name]) / 60 * p.usd_wcu_hour / hours * HOURS_A_MONTH
            for name in (FIXED, SCALED)
        }
        written = sum(60 * one.written for one in minutes[ON_DEMAND])
        usd[ON_DEMAND] = written * p.usd_million_wru / 1e6 / hours * HOURS_A_MONTH
        changes = [row for row in rows if row.operation == "UpdateTable" and not row.error]
        raised = _raises(p, changes, begin_s)
        lost = {name: sum(60 * (one.asked - one.written) for one in minutes[name]) for name in PLANS}
        asked = sum(60 * one.asked for one in minutes[FIXED])
        summary: dict[str, int | float | str] = {
            "asked_units": round(asked),
            "fixed_lost": round(lost[FIXED]),
            "scaled_lost": round(lost[SCALED]),
            "on_demand_lost": round(lost[ON_DEMAND]),
            "fixed_usd": round(usd[FIXED], 2),
            "scaled_usd": round(usd[SCALED], 2),
            "on_demand_usd": round(usd[ON_DEMAND], 2),
            "cheapest": min(PLANS, key=lambda name: usd[name]),
            "utilisation_percent": round(100 * asked / (p.provisioned_wcu * 60 * MINUTES), 2),
            "changes": len(changes),
            "raised_after_min": round(raised[0], 2) if raised else 0.0,
        }
        return Measured(minutes, usd, raised[0] if raised else None, summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """The three plans against the same traffic, with what each costs a month."""
        from helpers.sections.s22_dynamodb.experiments import modes_picture

        return modes_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def break_even(p: Values, m: Measured) -> Finding:
        """On-demand is cheaper exactly below the utilisation at which the prices meet."""
        limit, used = 100 * break_even(p), float(m.summary["utilisation_percent"])
        cheaper = m.usd[ON_DEMAND] < m.usd[FIXED]
        said = (
            f"{used:.1f} % of the fixed capacity would be used; the prices meet at {limit:.1f} %, and a month costs "
            f"{m.usd[ON_DEMAND]:.2f} USD on demand, {m.usd[FIXED]:.2f} USD fixed"
        )
        return (true if cheaper == (used < limit) or abs(used - limit) < 0.1 else false)(f"{said}.")

    @staticmethod
    def lag(p: Values, m: Measured) -> Finding:
        """Auto scaling raises the capacity minutes after the traffic rose."""
        jump = jump_min(p)
        if jump is None or m.raised_min is None:
            return not_applicable("The traffic does not jump, or auto scaling did not raise the capacity.")
        late = m.raised_min - jump
        said = f"The traffic jumped in minute {jump}, and more capacity was there {late:.0f} minutes later"
        return (true if late >= 3 else false)(
            f"{said}; {m.summary['scaled_lost']} units were refused meanwhile."
        )

    @staticmethod
    def on_demand(p: Values, m: Measured) -> Finding:
        """On-demand takes all of it."""
        lost = int(m.summary["on_demand_lost"])
        return (
            true("On demand, nothing was refused.")
            if not lost
            else false(f"On demand, {lost} units were refused.")
        )

    @staticmethod
    def fixed(p: Values, m: Measured) -> Finding:
        """A fixed table refuses what exceeds its capacity and its saved units."""
        lost, over = int(m.summary["fixed_lost"]), most_over(p)
        said = f"{p.provisioned_wcu} WCU refused {lost} units; the traffic was at most {over:.0f} units ahead of them"
        if (lost > 0) == (over > 300 * p.provisioned_wcu) or abs(over - 300 * p.provisioned_wcu) < 500:
            return true(f"{said}, and {300 * p.provisioned_wcu:,} can be saved up.")
        return false(f"{said}.")


def rate(p: Values, minute: int) -> float:
    """Units a second that the traffic asks for in a minute; over the hour they average `mean_per_s`."""
    if p.pattern == "wave":
        return float(p.mean_per_s * (1 - cos(2 * pi * minute / MINUTES)))
    if p.pattern == "spike":
        return float(p.mean_per_s * (3.5 if JUMP_MIN <= minute < JUMP_MIN + 10 else 0.5))
    if p.pattern == "batch":
        return float(p.mean_per_s * (4 if JUMP_MIN <= minute < JUMP_MIN + 15 else 0))
    return float(p.mean_per_s)


def least_wcu(p: Values) -> int:
    """The least capacity to which the scaled table may shrink."""
    return -(-int(p.provisioned_wcu) // 4)


def jump_min(p: Values) -> int | None:
    """The minute in which the traffic jumps, if it does."""
    return JUMP_MIN if p.pattern in ("spike", "batch") else None


def break_even(p: Values) -> float:
    """The share of a provisioned unit that must be used for it to cost as much as on demand."""
    return float(p.usd_wcu_hour / (3_600 * p.usd_million_wru / 1e6))


def most_over(p: Values) -> float:
    """How many units the traffic gets ahead of the fixed capacity at the most."""
    ahead = most = 0.0
    for minute in range(MINUTES):
        ahead = max(0.0, ahead + 60 * (rate(p, minute) - p.provisioned_wcu))
        most = max(most, ahead)
    return most


def _raises(p: Values, changes: list[CallRow], begin_s: float) -> list[float]:
    """When auto scaling raised the capacity, in minutes, from the jump of the traffic on (if it jumps)."""
    found, before = [], p.provisioned_wcu
    for row in changes:
        now = row.parameters["ProvisionedThroughput"]["WriteCapacityUnits"]
        at_min = (row.end_s - begin_s) / 60
        if now > before and at_min >= (jump_min(p) or 0):
            found.append(at_min)
        before = now
    return found


def _minutes(
    p: Values, rows: list[CallRow], batches: list[CallRow], name: str, begin_s: float
) -> tuple[Minute, ...]:
    asked, written = [0.0] * MINUTES, [0.0] * MINUTES
    for row in batches:
        minute = min(MINUTES - 1, int((row.start_s - begin_s) / 60))
        for put in row.parameters["RequestItems"][name]:
            size = sum(len(key) + len(value["S"]) for key, value in put["PutRequest"]["Item"].items())
            asked[minute] += ceil(size / KB) / 60
        for consumed in row.response.get("ConsumedCapacity", ()):
            if consumed["TableName"] == name:
                written[minute] += consumed["CapacityUnits"] / 60
    capacity = [0.0 if name == ON_DEMAND else float(p.provisioned_wcu)] * MINUTES
    if name == SCALED:
        for row in rows:
            if row.operation == "UpdateTable" and not row.error:
                first = max(0, ceil((row.end_s - begin_s) / 60))
                now = float(row.parameters["ProvisionedThroughput"]["WriteCapacityUnits"])
                capacity[first:] = [now] * len(capacity[first:])
    return tuple(Minute(*one) for one in zip(asked, written, capacity, strict=True))


Modes.claims = (
    Claim(
        "break_even",
        "On-demand is cheaper exactly while less than 28.9 % of a fixed capacity would be used, at these list prices.",
        ("dynamodb.mode.ondemand_price", "dynamodb.mode.ondemand"),
        Modes.break_even,
        "always; other prices meet elsewhere",
        lambda p: True,
    ),
    Claim(
        "lag",
        "Auto scaling follows a jump with minutes of delay.",
        ("dynamodb.mode.autoscaling",),
        Modes.lag,
        "the traffic jumps far above a capacity that takes a call's worth of it in a minute",
        lambda p: (
            p.pattern in ("spike", "batch")
            and rate(p, JUMP_MIN) > 1.5 * p.provisioned_wcu
            and rate(p, JUMP_MIN) >= 1
        ),
    ),
    Claim(
        "on_demand",
        "An on-demand table takes traffic that it has not seen before, within its limits.",
        ("dynamodb.mode.ondemand",),
        Modes.on_demand,
        "always: the traffic stays far below the 4,000 units a second of a new table",
        lambda p: True,
    ),
    Claim(
        "fixed",
        "A fixed table refuses writes once the traffic has used up its capacity and the units it saved.",
        ("dynamodb.mode.burst", "dynamodb.mode.exceeded"),
        Modes.fixed,
        "the traffic rises in one place only",
        lambda p: p.pattern in ("spike", "batch"),
    ),
)

Modes.scenes = (
    Scene(
        "steady",
        "Steady traffic",
        {"pattern": "steady", "mean_per_s": 6},
        "A table takes 6 writes a second, day and night, with 10 WCU provisioned. Somebody suggests on-demand.",
        Prediction(
            "The traffic falls to 2 writes a second, with 10 WCU as before. Which of the three is the cheapest now?",
            (
                Option(
                    "fixed",
                    "The fixed capacity, since a provisioned unit is cheaper",
                    "provisioned_is_always_cheaper",
                    "A unit is cheaper only if it is used: 20 % of 10 WCU are used, and all 10 are paid for.",
                    true_if=lambda p, m: m.summary["cheapest"] == FIXED,
                ),
                Option(
                    "scaled",
                    "Auto scaling, since it gives back what is not needed",
                    None,
                    "It comes down to 3 WCU after its quarter of an hour, of which two thirds are used.",
                    right=True,
                    true_if=lambda p, m: m.summary["cheapest"] == SCALED,
                ),
                Option(
                    "on_demand",
                    "On-demand, since there is little traffic",
                    "on_demand_is_cheap_for_little",
                    "It beats 10 WCU that are hardly used, but not a capacity that fits steady traffic.",
                    true_if=lambda p, m: m.summary["cheapest"] == ON_DEMAND,
                ),
            ),
        ),
        {"mean_per_s": 2},
        ("mean_per_s", "provisioned_wcu"),
        "break_even",
        ("dynamodb.mode.ondemand_price", "dynamodb.mode.provisioned", "dynamodb.mode.ondemand"),
    ),
    Scene(
        "spike",
        "Ten minutes of fame",
        {"pattern": "wave"},
        "The table is mentioned on television: for ten minutes seven times the usual traffic.",
        Prediction(
            "A spike instead of the wave. Auto scaling is on, with a target of 70 %. What happens to the writes?",
            (
                Option(
                    "all",
                    "All go through, since the capacity grows with the traffic",
                    "autoscaling_is_immediate",
                    "It looks at whole minutes, waits for two of them, and the update takes minutes more.",
                    true_if=lambda p, m: m.summary["scaled_lost"] == 0,
                ),
                Option(
                    "some",
                    "Some are refused in the minutes before it has grown",
                    None,
                    "It had shrunk to the quiet traffic before, and so had the units that it saves up.",
                    right=True,
                    true_if=lambda p, m: m.summary["scaled_lost"] > 0,
                ),
                Option(
                    "crash",
                    "Even on-demand refuses them, as nobody expected it",
                    "on_demand_must_learn",
                    "A new on-demand table takes 4,000 write units a second at once.",
                    true_if=lambda p, m: m.summary["on_demand_lost"] > 0,
                ),
            ),
        ),
        {"pattern": "spike"},
        ("pattern", "mean_per_s", "target_percent"),
        "lag",
        ("dynamodb.mode.autoscaling", "dynamodb.mode.ondemand", "dynamodb.mode.burst"),
    ),
    Scene(
        "batch",
        "A quarter of an hour",
        {"pattern": "steady"},
        "A batch job writes for a quarter of each hour, and nobody else uses the table.",
        Prediction(
            "The same number of writes, all in one quarter of the hour. What does on-demand cost now?",
            (
                Option(
                    "same",
                    "The same: it counts requests, whenever they come",
                    None,
                    "On-demand has no hours to pay for. The provisioned plans must be large enough for that quarter.",
                    right=True,
                    true_if=lambda p, m: (
                        abs(m.usd[ON_DEMAND] - 3 * 3600 * HOURS_A_MONTH * p.usd_million_wru / 1e6) < 0.05
                    ),
                ),
                Option(
                    "more",
                    "More, as four times the capacity is needed",
                    "on_demand_pays_for_peaks",
                    "A peak costs nothing by itself: each request is paid for once.",
                    true_if=lambda p, m: (
                        m.usd[ON_DEMAND] > 3.5 * 3600 * HOURS_A_MONTH * p.usd_million_wru / 1e6
                    ),
                ),
                Option(
                    "less",
                    "Less, as the table is idle for most of the time",
                    "on_demand_pays_for_hours",
                    "Idle hours cost nothing anyway; the writes are as many as before.",
                    true_if=lambda p, m: (
                        m.usd[ON_DEMAND] < 2.5 * 3600 * HOURS_A_MONTH * p.usd_million_wru / 1e6
                    ),
                ),
            ),
        ),
        {"pattern": "batch"},
        ("pattern", "provisioned_wcu"),
        "break_even",
        ("dynamodb.mode.ondemand_price", "dynamodb.mode.ondemand"),
    ),
    Scene(
        "goal",
        "Nothing refused, at the lowest price",
        {"pattern": "wave", "mean_per_s": 4, "provisioned_wcu": 2},
        "A wave of traffic, known to the minute, and a table that was set up far too small.",
        Prediction(
            "4 WCU instead of 2, for 4 writes a second on average. How many units does the fixed table refuse?",
            number="fixed_lost",
            unit="units",
            tolerance=1_000,
            reply="Thousands: a wave of that mean is at 8 a second for a while, and 300 s of saved units do not last.",
        ),
        {"provisioned_wcu": 4},
        (),
        "break_even",
        ("dynamodb.mode.autoscaling", "dynamodb.mode.ondemand_price", "dynamodb.mode.burst"),
        Goal(
            "A wave of 4 writes a second: the fixed table refuses nothing, and none of the three is cheaper.",
            lambda p, m: (
                p.pattern == "wave"
                and p.mean_per_s >= 4
                and p.usd_million_wru <= 0.625
                and p.usd_wcu_hour >= 0.00065
                and m.summary["fixed_lost"] == 0
                and m.summary["cheapest"] == FIXED
            ),
            {"provisioned_wcu": 7},
        ),
    ),
)
