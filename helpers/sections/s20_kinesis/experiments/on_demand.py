"""What an on-demand stream takes when its traffic jumps or rises, and when all of it has one key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, log2
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers.experiments import (
    Choice,
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
from helpers.sections.s20_kinesis.experiments.reading import GUIDE, HASH_KEYS, MIB, puts

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

STREAM = "clicks"
BEFORE_MIN = 5
AFTER_MIN = 35
SPLIT_MIN = 15  # within which AWS splits a busy shard
SPLIT_KIB = 500  # a second, above which a shard is split
FIRST_SHARDS = 4
EACH = 1  # record that each shard gets in a second at the old peak, and two are what it takes
USER, CONSTANT = "user", "constant"


class Minute(NamedTuple):
    """One minute, by the second of it that is written: MiB/s sent and taken, and the shards that were open."""

    sent_mib: float
    taken_mib: float
    shards: int


@dataclass(frozen=True)
class Measured:
    """What the trail shows, minute by minute."""

    minutes: tuple[Minute, ...]
    summary: dict[str, int | float | str]


class OnDemand(Experiment):
    """A stream whose traffic grows beyond what it has seen; see the module."""

    id = "20_kinesis.on_demand"
    title = "How an on-demand stream grows"
    question = "Ramp or jump: what does an on-demand stream take?"
    parameters = (
        Int(
            "peak_mib_s",
            8,
            "highest rate so far",
            "The highest rate of the last 30 days, for which the stream has grown.",
            unit="MiB/s",
            minimum=2,
            maximum=10,
            assumption=True,
        ),
        Int(
            "new_mib_s",
            24,
            "new rate",
            "What is written from now on.",
            unit="MiB/s",
            minimum=2,
            maximum=40,
            assumption=True,
        ),
        Int(
            "rise_min",
            2,
            "rise",
            "How long it takes from the old rate to the new one.",
            unit="min",
            minimum=0,
            maximum=60,
            assumption=True,
        ),
        Choice(
            "key",
            USER,
            "partition key",
            "Many users, or always the same.",
            choices=(USER, CONSTANT),
            source=GUIDE + "how-do-i-size-a-stream.html",
        ),
    )
    differences = (
        "One second of each minute is written, and stands for all of it.",
        "AWS splits a busy shard within 15 minutes; here it takes all of them.",
        "How AWS measures the traffic of a shard is not published; here it is that of one second.",
        "The keys of many users spread evenly here. Nothing that is refused is sent again.",
        "AWS also merges shards when traffic falls; not here.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """A stream with the shards that its traffic has led to; then the new traffic, one second of each minute."""
        cloud.api_latency_s = 0
        models = cloud.plane("kinesis").models
        models.updating_s, models.ondemand_measured_s, models.ondemand_split_s = 0, 1, 60 * SPLIT_MIN
        kinesis = cloud.client("kinesis")
        kinesis.create_stream(StreamName=STREAM, ShardCount=first_shards(p))
        summary = kinesis.describe_stream_summary(StreamName=STREAM)["StreamDescriptionSummary"]
        kinesis.update_stream_mode(
            StreamARN=summary["StreamARN"], StreamModeDetails={"StreamMode": "ON_DEMAND"}
        )
        begin_s = cloud.now
        data = bytes(record_bytes(p) - 1)
        for minute in range(minutes(p)):
            cloud.run(until=begin_s + 60 * minute)
            number = round(rate_mib(p, minute) * MIB / record_bytes(p))
            for part in _parts(list(_entries(p, number, data)), 10 * MIB // record_bytes(p)):
                kinesis.put_records(StreamName=STREAM, Records=part)

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Sent and taken by minute, and the shards as they are split."""
        rows = calls(trail)
        given = list(puts(rows))
        begin_s = given[0].time_s
        sent, taken = [0] * minutes(p), [0] * minutes(p)
        for put in given:
            minute = round((put.time_s - begin_s) / 60)
            sent[minute] += len(put.data) + 1
            taken[minute] += (len(put.data) + 1) * put.taken
        splits = [(row.end_s - begin_s) / 60 for row in rows if row.operation == "SplitShard"]
        seen = tuple(
            Minute(
                round(sent[minute] / MIB, 3),
                round(taken[minute] / MIB, 3),
                first_shards(p) + sum(moment <= minute for moment in splits),
            )
            for minute in range(minutes(p))
        )
        refused = [minute for minute, one in enumerate(seen) if one.taken_mib < one.sent_mib]
        summary: dict[str, int | float | str] = {
            "sent_mib": round(sum(one.sent_mib for one in seen), 1),
            "refused_percent": round(
                100 * (1 - sum(one.taken_mib for one in seen) / sum(one.sent_mib for one in seen)), 1
            ),
            "refused_min": len(refused),
            "refused_until_min": refused[-1] - refused[0] + 1 if refused else 0,
            "refused_at_the_end": round(seen[-1].sent_mib - seen[-1].taken_mib, 2),
            "most_taken_mib_s": max(one.taken_mib for one in seen),
            "first_shards": seen[0].shards,
            "last_shards": seen[-1].shards,
        }
        return Measured(seen, summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """Sent and taken by minute; the shards below."""
        from helpers.sections.s20_kinesis.experiments import on_demand_picture

        return on_demand_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def double(p: Values, m: Measured) -> Finding:
        """Twice the highest rate is taken at once."""
        said = f"{_grown(p)}: refusals in {plural(int(m.summary['refused_min']), 'minute')}."
        return (false if m.summary["refused_min"] else true)(said)

    @staticmethod
    def grows(p: Values, m: Measured) -> Finding:
        """Refusals end when the shards have been split."""
        if p.key != USER or not m.summary["refused_min"]:
            return not_applicable("Nothing was refused, or all records have one key.")
        lasted = int(m.summary["refused_until_min"])
        doublings = max(1, ceil(log2(p.new_mib_s / (2 * p.peak_mib_s))))
        said = (
            f"{_grown(p)}: refused for {plural(lasted, 'minute')}, until {m.summary['first_shards']} shards had become "
            f"{m.summary['last_shards']}."
        )
        return (
            true if lasted <= (SPLIT_MIN + 1) * doublings and not m.summary["refused_at_the_end"] else false
        )(said)

    @staticmethod
    def slowly(p: Values, m: Measured) -> Finding:
        """A slow rise is followed by the splits."""
        said = f"{_grown(p)}: {m.summary['refused_percent']:g} % refused."
        return (false if m.summary["refused_min"] else true)(said)

    @staticmethod
    def one_key(p: Values, m: Measured) -> Finding:
        """One key gets what one shard takes."""
        if p.key != CONSTANT:
            return not_applicable("There are many keys.")
        most = float(m.summary["most_taken_mib_s"])
        said = f"With {m.summary['last_shards']} shards at the end the one key got at most {most:.2f} MiB/s."
        refused = m.minutes[-1].sent_mib > m.minutes[-1].taken_mib
        return (true if most <= 1 and refused else false)(said)


def first_shards(p: Values) -> int:
    """So many shards that none of them is split at the highest rate so far."""
    return max(FIRST_SHARDS, int(p.peak_mib_s * 1_024 // SPLIT_KIB) + 1)


def record_bytes(p: Values) -> int:
    """The size of a record: at the highest rate so far each shard gets EACH of them in a second."""
    return int(p.peak_mib_s * MIB / (EACH * first_shards(p)))


def minutes(p: Values) -> int:
    """How long the stream is watched."""
    return int(BEFORE_MIN + p.rise_min + AFTER_MIN)


def rate_mib(p: Values, minute: int) -> float:
    """What is written in that minute, in MiB a second."""
    risen = min(1.0, max(0.0, (minute - BEFORE_MIN + 1) / (p.rise_min + 1)))
    return float(p.peak_mib_s + (p.new_mib_s - p.peak_mib_s) * risen)


def slow_enough(p: Values) -> bool:
    """Whether the rate at most doubles while a shard is split, and at most twice in all."""
    per_min = (p.new_mib_s - p.peak_mib_s) / (p.rise_min + 1)
    return bool(per_min * (SPLIT_MIN + 2) <= p.peak_mib_s and p.new_mib_s <= 3.5 * p.peak_mib_s)


def _grown(p: Values) -> str:
    within = f"within {p.rise_min} min" if p.rise_min else "at once"
    return f"From {p.peak_mib_s} to {p.new_mib_s} MiB/s {within}"


def _entries(p: Values, number: int, data: bytes) -> Iterator[dict[str, Any]]:
    for place in range(number):
        entry: dict[str, Any] = {"PartitionKey": "c", "Data": data}
        if p.key == USER:
            entry["ExplicitHashKey"] = str((2 * place + 1) * HASH_KEYS // (2 * number))
        yield entry


def _parts(things: list[Any], size: int) -> Iterator[list[Any]]:
    for first in range(0, len(things), size):
        yield things[first : first + size]


OnDemand.claims = (
    Claim(
        "double",
        "An on-demand stream takes twice its highest rate of the last 30 days at once.",
        ("kinesis.stream.ondemand_scale",),
        OnDemand.double,
        "the keys are many, and the new rate is at most twice the old one",
        lambda p: p.key == USER and p.new_mib_s <= 2 * p.peak_mib_s,
    ),
    Claim(
        "grows",
        "What is beyond that is refused until the shards are split: 15 minutes for each doubling.",
        ("kinesis.stream.ondemand_scale",),
        OnDemand.grows,
        "the keys are many, and the rate rises to 2.5 to 3.5 times the old one within 5 minutes",
        lambda p: (
            p.key == USER
            and 2.5 * p.peak_mib_s <= p.new_mib_s <= 3.5 * p.peak_mib_s
            and p.rise_min <= 5
            and p.new_mib_s > 1.05 * first_shards(p)
        ),
    ),
    Claim(
        "slowly",
        "If the rate at most doubles in the time of a split, nothing is refused.",
        ("kinesis.stream.ondemand_scale",),
        OnDemand.slowly,
        "the keys are many, and the rate grows by at most the old one in 17 minutes, to 3.5 times at most",
        lambda p: p.key == USER and slow_enough(p),
    ),
    Claim(
        "one_key",
        "One key never gets more than one shard takes, however often that is split.",
        ("kinesis.stream.ondemand_scale", "kinesis.producer.spread", "kinesis.split.use"),
        OnDemand.one_key,
        "all records have the same key",
        lambda p: p.key == CONSTANT,
    ),
)

FACTS = ("kinesis.stream.ondemand_scale", "kinesis.stream.modes")

OnDemand.scenes = (
    Scene(
        "jump",
        "More than twice as much",
        {"new_mib_s": 16},
        "A stream that has seen 8 MiB a second takes 16 when they come within two minutes. What about 24?",
        Prediction(
            "The rate rises to 24 MiB a second within two minutes. What do the producers see?",
            (
                Option(
                    "all",
                    "Nothing: an on-demand stream takes whatever comes",
                    "on_demand_takes_all",
                    "It has room for twice its highest rate, 16 MiB a second; the other 8 are refused at first.",
                    true_if=lambda p, m: not m.summary["refused_min"],
                ),
                Option(
                    "while",
                    "Refusals for about a quarter of an hour, and then none",
                    None,
                    "Shards above 500 KB a second are split within 15 minutes; until then producers have to retry.",
                    right=True,
                    true_if=lambda p, m: m.summary["refused_min"] > 0 and not m.summary["refused_at_the_end"],
                ),
                Option(
                    "hand",
                    "Refusals until somebody adds shards to the stream",
                    "on_demand_by_hand",
                    "In this mode Kinesis splits the shards, and nobody else may.",
                    true_if=lambda p, m: m.summary["refused_at_the_end"] > 0,
                ),
            ),
        ),
        {"new_mib_s": 24},
        ("new_mib_s", "peak_mib_s"),
        "grows",
        FACTS,
    ),
    Scene(
        "ramp",
        "Slowly",
        {},
        "24 MiB a second within two minutes is too fast for this stream. Does it help to take more time?",
        Prediction(
            "The same rate is reached within 45 minutes. In how many minutes is something refused?",
            number="refused_min",
            unit="min",
            tolerance=1,
            reply="In none: while the rate grows from 8 to 16, the shards are split, and then again.",
        ),
        {"rise_min": 45},
        ("rise_min", "new_mib_s"),
        "slowly",
        FACTS,
    ),
    Scene(
        "goal",
        "One key",
        {"key": CONSTANT},
        "All records have the same key here, and almost all are refused.",
        Prediction(
            "The rate rises over 45 minutes instead of two. What does the one key get in the end?",
            (
                Option(
                    "all",
                    "All 24 MiB a second, as the stream had time to grow",
                    "on_demand_takes_all",
                    "The stream did grow, and the key still lies in a single shard.",
                    true_if=lambda p, m: not m.summary["refused_at_the_end"],
                ),
                Option(
                    "one",
                    "1 MiB a second, the same as before",
                    None,
                    "Each split leaves the key in one of the children, which takes what a shard takes.",
                    right=True,
                    true_if=lambda p, m: m.summary["most_taken_mib_s"] <= 1,
                ),
                Option(
                    "more",
                    "A few MiB a second, twice as much with each split",
                    "more_shards_cure_hot_key",
                    "The other child gets nothing: a key is one point of the range.",
                    true_if=lambda p, m: 1 < m.summary["most_taken_mib_s"] < 20,
                ),
            ),
        ),
        {"rise_min": 45},
        (),
        "one_key",
        (*FACTS, "kinesis.producer.spread"),
        Goal(
            "Bring a stream that has seen at most 8 MiB a second to 24 without a refusal.",
            lambda p, m: p.peak_mib_s <= 8 and p.new_mib_s >= 24 and not m.summary["refused_min"],
            {"key": USER, "rise_min": 45},
        ),
    ),
)
