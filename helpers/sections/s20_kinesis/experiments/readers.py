"""What several consumers of a stream get: by polling, which they share, or each with enhanced fan-out of its own."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
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
    plural,
    true,
)
from helpers.sections.s20_kinesis.experiments.reading import API, GUIDE, HASH_KEYS, MIB, puts

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

STREAM = "clicks"
WATCHED_S = 30
EVERY_S = 0.25  # between two records of a shard
READ_MIB_S = 2
CALLS_S = 5
PUSH_S = 0.07
SHARED, ENHANCED = "shared", "enhanced"


class Got(NamedTuple):
    """One call or push that reached a consumer: how many records it brought, and whether it was refused instead."""

    time_s: float
    records: int
    refused: bool


class Reader(NamedTuple):
    """What one consumer saw. `lag` is the age of the oldest record it has not read, at the `moments` of the run."""

    got: tuple[Got, ...]
    lag: tuple[float, ...]
    mean_delay_s: float
    longest_delay_s: float
    read_mib: float
    in_order: bool
    missed: int
    """Records that it never read although it read later ones."""


@dataclass(frozen=True)
class Measured:
    """What the trail shows; times count from the first record. `lag` is that of the consumers on average."""

    readers: tuple[Reader, ...]
    moments: tuple[float, ...]
    lag: tuple[float, ...]
    refused_writes: int
    summary: dict[str, int | float | str]


class Readers(Experiment):
    """Consumers that follow the same stream for half a minute; see the module."""

    id = "20_kinesis.readers"
    title = "Shared reading and enhanced fan-out"
    question = "Shared or enhanced, and how often to poll?"
    parameters = (
        Int("consumers", 3, "consumers", "Applications that read the whole stream.", minimum=1, maximum=10),
        Float(
            "write_mib_s",
            0.8,
            "written",
            "How much is written to the stream, evenly over its shards.",
            unit="MiB/s",
            minimum=0.1,
            maximum=5,
            step=0.1,
            assumption=True,
        ),
        Int(
            "shards",
            1,
            "shards",
            "Each takes 1 MiB/s of writes, and gives 2 MiB/s to all that poll it.",
            minimum=1,
            maximum=5,
            source=GUIDE + "service-sizes-and-limits.html",
        ),
        Choice(
            "mode",
            SHARED,
            "consumers read",
            "By polling (GetRecords), or as registered consumers that are pushed to (SubscribeToShard).",
            choices=(SHARED, ENHANCED),
            source=GUIDE + "enhanced-consumers.html",
        ),
        Float(
            "polls_per_s",
            1,
            "polls",
            "How often each consumer calls GetRecords on each shard; without effect on enhanced fan-out.",
            unit="/s",
            minimum=0.2,
            maximum=5,
            step=0.1,
            source=API + "API_GetRecords.html",
        ),
    )
    differences = (
        "A call takes no time here, and a record can be polled as soon as it is written.",
        "The consumers poll in turn; after a refused call one asks again at a random moment of its next turn.",
        "A call asks for at most what is written in 2 s, or during two polls if these take longer (Limit).",
        "A push comes after exactly 70 ms here, which is AWS's mean.",
        "AWS does not say how it counts a second; here it begins with the first call after the one before it.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:  # noqa: C901  # the actors of one story stand together
        """A producer, and the consumers; at the end nothing more is written or read."""
        cloud.api_latency_s = 0
        kinesis = cloud.client(
            "kinesis", config=Config(retries={"total_max_attempts": 1, "mode": "standard"})
        )
        kinesis.create_stream(StreamName=STREAM, ShardCount=p.shards)
        shards = [one["ShardId"] for one in kinesis.list_shards(StreamName=STREAM)["Shards"]]
        begin_s = cloud.now + ceil(p.consumers / CALLS_S)  # a shard gives 5 iterators a second
        parts = ceil(p.write_mib_s / p.shards)  # more than one if the shard cannot take it all
        data = bytes(int(p.write_mib_s / p.shards / parts * EVERY_S * MIB) - 1)
        records = [
            {
                "Data": data,
                "PartitionKey": "c",
                "ExplicitHashKey": str(HASH_KEYS * shard // p.shards),
            }
            for shard in range(p.shards)
            for _ in range(parts)
        ]

        def produce() -> None:
            for turn in range(round(WATCHED_S / EVERY_S)):
                time.sleep(max(0.0, begin_s + turn * EVERY_S - cloud.now))
                kinesis.put_records(StreamName=STREAM, Records=records)

        def poll(number: int) -> None:
            time.sleep(number // CALLS_S)
            iterators = [
                kinesis.get_shard_iterator(StreamName=STREAM, ShardId=one, ShardIteratorType="LATEST")[
                    "ShardIterator"
                ]
                for one in shards
            ]
            most = ceil(2 * max(1.0, 1 / p.polls_per_s) / EVERY_S) * parts
            turn = (number + 1) / p.consumers
            shift = 0.0
            while True:
                due_s = begin_s + (turn + shift) / p.polls_per_s
                time.sleep(max(0.0, due_s - cloud.now))
                turn, shift = turn + 1, 0.0
                for place, iterator in enumerate(iterators):
                    try:
                        reply = kinesis.get_records(ShardIterator=iterator, Limit=most)
                        iterators[place] = reply["NextShardIterator"]
                    except (
                        ClientError
                    ):  # refused: the same again, and not always behind the same other consumer
                        shift = cloud.random.uniform(-0.5, 0.5)

        def listen(consumer: str, shard: str) -> None:
            pushed = kinesis.subscribe_to_shard(
                ConsumerARN=consumer, ShardId=shard, StartingPosition={"Type": "LATEST"}
            )
            for _ in pushed["EventStream"]:
                pass

        cloud.spawn(produce, name="producer")
        stream = ""
        if p.mode == ENHANCED:
            summary = kinesis.describe_stream_summary(StreamName=STREAM)["StreamDescriptionSummary"]
            stream = summary["StreamARN"]
        for number in range(p.consumers):
            name = f"consumer-{number + 1}"
            if p.mode == SHARED:
                cloud.spawn(poll, number, name=name, background=True)
                continue
            reply = kinesis.register_stream_consumer(StreamARN=stream, ConsumerName=name)
            for place, shard in enumerate(shards):
                cloud.spawn(
                    listen,
                    reply["Consumer"]["ConsumerARN"],
                    shard,
                    name=f"{name}-{place + 1}",
                    background=True,
                )
        cloud.run(until=begin_s + WATCHED_S)

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Who read which record when, and how far each consumer was behind."""
        rows = calls(trail)
        given = list(puts(rows))
        begin_s = given[0].time_s
        written = {
            put.sequence: (put.shard, put.time_s - begin_s, len(put.data) + len(put.key))
            for put in given
            if put.taken
        }
        by_reader: dict[int, list[CallRow]] = {number: [] for number in range(1, p.consumers + 1)}
        for row in rows:
            if row.operation in ("GetRecords", "SubscribeToShardEvent"):
                by_reader[int(row.actor.split("-")[1])].append(row)
        moments = tuple(place * EVERY_S for place in range(1, round(WATCHED_S / EVERY_S) + 1))
        readers = tuple(_reader(its, written, begin_s, moments) for its in by_reader.values())
        asked = sum(len(one.got) for one in readers)
        refused = sum(call.refused for one in readers for call in one.got)
        third = len(moments) // 3
        lag = tuple(sum(behind) / len(readers) for behind in zip(*(one.lag for one in readers), strict=True))
        late = sum(lag[-third:]) / third
        summary: dict[str, int | float | str] = {
            "written_mib": round(sum(size for _, _, size in written.values()) / MIB, 2),
            "wanted_per_shard_mib_s": round(p.consumers * p.write_mib_s / p.shards, 2),
            "calls": asked,
            "refused_calls": refused,
            "refused_percent": round(100 * refused / max(1, asked), 1),
            "lag_s": round(late, 2),
            "lag_growth_s": round(late - sum(lag[third : 2 * third]) / third, 2),
            "mean_delay_ms": round(1_000 * max(one.mean_delay_s for one in readers)),
            "longest_delay_ms": round(1_000 * max(one.longest_delay_s for one in readers)),
            "slowest_read_mib_s": round(min(one.read_mib for one in readers) / WATCHED_S, 2),
            "read_mib_s": round(sum(one.read_mib for one in readers) / WATCHED_S, 2),
            "missed": sum(one.missed for one in readers),
        }
        return Measured(readers, moments, lag, sum(not put.taken for put in given), summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A lane for each consumer with its calls; how far they are behind below."""
        from helpers.sections.s20_kinesis.experiments import readers_picture

        return readers_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def shared_rate(p: Values, m: Measured) -> Finding:
        """Polling consumers fall behind exactly if they want more than 2 MiB/s of a shard."""
        if p.mode != SHARED:
            return not_applicable("Nobody polls.")
        wanted, growth = wanted_mib_s(p), float(m.summary["lag_growth_s"])
        said = (
            f"{plural(p.consumers, 'consumer')} would read {wanted:.2g} MiB/s of a shard that gives all of "
            f"them {READ_MIB_S}; in the last 10 s they are {m.summary['lag_s']:g} s behind on average, "
            f"{growth:+g} s against the 10 s before."
        )
        grows = growth > 0.3
        return (true if grows == (wanted > READ_MIB_S) else false)(said)

    @staticmethod
    def five_calls(p: Values, m: Measured) -> Finding:
        """Calls are refused if there are more than five a second."""
        if p.mode != SHARED:
            return not_applicable("Nobody polls.")
        asked, refused = p.consumers * p.polls_per_s, int(m.summary["refused_calls"])
        said = (
            f"{asked:.3g} calls a second to a shard that answers {CALLS_S}: {refused} of {m.summary['calls']} were "
            "refused."
        )
        return (true if bool(refused) == (asked > CALLS_S + 1e-9) else false)(said)

    @staticmethod
    def own_rate(p: Values, m: Measured) -> Finding:
        """Enhanced consumers do not slow each other."""
        if p.mode != ENHANCED:
            return not_applicable("Nobody is pushed to.")
        said = (
            f"{_each(p)} got its records {m.summary['longest_delay_ms']} ms after they "
            f"were written, {m.summary['read_mib_s']:g} MiB/s in all."
        )
        on_time = m.summary["longest_delay_ms"] == round(1_000 * PUSH_S)
        return (true if on_time and not m.summary["missed"] else false)(said)

    @staticmethod
    def within_poll(p: Values, m: Measured) -> Finding:
        """A record waits for the next poll, and no longer."""
        if p.mode != SHARED:
            return not_applicable("Nobody polls.")
        longest, mean = float(m.summary["longest_delay_ms"]), float(m.summary["mean_delay_ms"])
        every_ms = 1_000 / p.polls_per_s
        said = f"With a poll every {every_ms:,.0f} ms records came {mean:,.0f} ms after they were written on average."
        return (true if longest <= every_ms + 1 else false)(said)

    @staticmethod
    def all_records(p: Values, m: Measured) -> Finding:
        """Each consumer gets all records in order."""
        if any(one.missed or not one.in_order for one in m.readers):
            return false(f"{m.summary['missed']} records were not read, or some were read out of order.")
        return true(f"{_each(p)} read the records of each shard one after the other and left none out.")


def _each(p: Values) -> str:
    return f"Each of {p.consumers} consumers" if p.consumers > 1 else "The consumer"


def wanted_mib_s(p: Values) -> float:
    """What all consumers together want to read from a shard in a second, in MiB."""
    return float(p.consumers * p.write_mib_s / p.shards)


def writable(p: Values) -> bool:
    """Whether the shards take what is written."""
    return bool(p.write_mib_s <= p.shards)


def unhindered(p: Values) -> bool:
    """Whether no call of polling consumers meets a limit: five a second, and pages that fit into it."""
    page_mib = p.write_mib_s / p.shards * max(1 / p.polls_per_s + EVERY_S, EVERY_S)
    asked = p.consumers * p.polls_per_s
    return bool(asked <= CALLS_S + 1e-9 and ceil(asked - 1e-9) * page_mib <= READ_MIB_S)


def _reader(
    rows: Sequence[CallRow],
    written: dict[str, tuple[str, float, int]],
    begin_s: float,
    moments: Sequence[float],
) -> Reader:
    """One consumer, from its calls and pushes; `written` has shard, time and size by sequence number."""
    got, size, delays = [], 0, []
    read: dict[str, list[str]] = defaultdict(list)
    steps: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for row in rows:
        when = row.end_s - begin_s
        records = row.response.get("Records", ())
        got.append(Got(when, len(records), row.error is not None))
        for record in records:
            shard, at, its_size = written[record["SequenceNumber"]]
            read[shard].append(record["SequenceNumber"])
            delays.append(when - at)
            size += its_size
        for shard in {written[record["SequenceNumber"]][0] for record in records}:
            steps[shard].append((when, len(read[shard])))
    numbers: dict[str, list[str]] = defaultdict(list)
    times: dict[str, list[float]] = defaultdict(list)
    for number, (shard, at, _) in written.items():
        numbers[shard].append(number)
        times[shard].append(at)
    lag = [0.0] * len(moments)
    for shard, its_times in times.items():
        whens, counts = [when for when, _ in steps[shard]], [count for _, count in steps[shard]]
        for place, moment in enumerate(moments):
            done = bisect_right(whens, moment + 1e-9)
            first = counts[done - 1] if done else 0
            if first < bisect_left(its_times, moment - 1e-9):
                lag[place] = max(lag[place], moment - its_times[first])
    ordered = all(read[shard] == sorted(read[shard], key=int) for shard in read)
    missed = sum(
        len(set(numbers[shard][: numbers[shard].index(read[shard][-1])]) - set(read[shard])) for shard in read
    )
    # Who has read nothing at all waits since the beginning.
    mean = sum(delays) / len(delays) if delays else float(moments[-1])
    return Reader(
        tuple(got),
        tuple(round(one, 6) for one in lag),
        mean,
        max([*delays, lag[-1]]),
        size / MIB,
        ordered,
        missed,
    )


Readers.claims = (
    Claim(
        "shared_rate",
        "Consumers that poll fall ever further behind exactly if together they want more than 2 MiB/s of a shard.",
        (
            "kinesis.consumer.read_rate",
            "kinesis.consumer.three",
            "kinesis.stream.size_formula",
            "kinesis.consumer.lag",
        ),
        Readers.shared_rate,
        "consumers poll at least once and in all at most five times a second, and want what fits, or 2.2 MiB/s",
        lambda p: (
            p.mode == SHARED
            and writable(p)
            and p.polls_per_s >= 1
            and p.consumers * p.polls_per_s <= CALLS_S + 1e-9
            and (unhindered(p) or wanted_mib_s(p) >= 2.2)
        ),
    ),
    Claim(
        "five_calls",
        "Calls are refused exactly if consumers × polls a second exceed five.",
        ("kinesis.consumer.five", "kinesis.consumer.latency"),
        Readers.five_calls,
        "there are more than five calls a second to a shard, or what they read leaves room",
        lambda p: p.mode == SHARED and (p.consumers * p.polls_per_s > CALLS_S + 1e-9 or unhindered(p)),
    ),
    Claim(
        "own_rate",
        "With enhanced fan-out each consumer gets every record 70 ms after it was written, whatever the others read.",
        ("kinesis.efo.rate", "kinesis.efo.latency", "kinesis.stream.realtime"),
        Readers.own_rate,
        "consumers are registered, whatever their number and the rate",
        lambda p: p.mode == ENHANCED,
    ),
    Claim(
        "within_poll",
        "A polled record comes with the next poll: the more polls, the sooner.",
        ("kinesis.consumer.latency", "kinesis.stream.realtime"),
        Readers.within_poll,
        "consumers poll, and no call meets a limit",
        lambda p: p.mode == SHARED and unhindered(p),
    ),
    Claim(
        "all_records",
        "Each consumer reads all records of a shard in their order: reading takes nothing from the others.",
        ("kinesis.stream.many_apps", "kinesis.stream.replay"),
        Readers.all_records,
        "always",
        lambda p: True,
    ),
)


def _lags(m: Any) -> bool:
    return bool(m.summary["lag_growth_s"] > 0.3)


Readers.scenes = (
    Scene(
        "third",
        "A third consumer",
        {"consumers": 2},
        "Two applications poll a shard that takes in 0.8 MiB a second, and keep up. A third one comes.",
        Prediction(
            "Three consumers poll the shard. What do they see?",
            (
                Option(
                    "own",
                    "Each goes on at the full rate, with a position of its own",
                    "consumers_do_not_share",
                    "The positions are their own, the 2 MiB a second of the shard are shared: 0.67 for each of three.",
                    true_if=lambda p, m: not _lags(m),
                ),
                Option(
                    "behind",
                    "They fall further and further behind the producer",
                    None,
                    "3 × 0.8 = 2.4 MiB a second are wanted, and a shard gives 2 to all that poll it.",
                    right=True,
                    true_if=lambda p, m: _lags(m),
                ),
                Option(
                    "parts",
                    "Each now gets a third of the records instead of half",
                    "consumers_split_records",
                    "Every consumer reads every record; it is the rate that they share.",
                    true_if=lambda p, m: m.summary["missed"] > 0,
                ),
            ),
        ),
        {"consumers": 3},
        ("consumers", "write_mib_s"),
        "shared_rate",
        (
            "kinesis.consumer.read_rate",
            "kinesis.consumer.three",
            "kinesis.stream.many_apps",
            "kinesis.consumer.lag",
        ),
    ),
    Scene(
        "more_polls",
        "Ask more often",
        {"write_mib_s": 0.4},
        "Three consumers poll once a second and keep up. A record waits up to a second. What if they ask more often?",
        Prediction(
            "Each polls five times a second instead of once. How many of all calls are refused?",
            number="refused_percent",
            unit="%",
            tolerance=6,
            reply="Two of three: a shard answers five calls a second, whoever asks, and here there are fifteen.",
        ),
        {"polls_per_s": 5},
        ("polls_per_s", "consumers"),
        "five_calls",
        ("kinesis.consumer.five", "kinesis.consumer.latency", "kinesis.stream.realtime"),
    ),
    Scene(
        "two_shards",
        "A second shard",
        {},
        "Three consumers fall behind on one shard. What if the same records are spread over two shards?",
        Prediction(
            "The stream has two shards, and each consumer reads both. What becomes of the lag?",
            (
                Option(
                    "stream",
                    "It grows as before: three share the 2 MiB/s of the stream",
                    "read_limit_of_stream",
                    "The limit is one of each shard: two shards give 4 MiB/s, and 2.4 are wanted.",
                    true_if=lambda p, m: m.summary["lag_growth_s"] > 1,
                ),
                Option(
                    "ends",
                    "It does not grow any more: each shard gives 2 MiB/s",
                    None,
                    "Each shard now takes 0.4 MiB/s and gives 3 × 0.4 = 1.2, which is less than 2.",
                    right=True,
                    true_if=lambda p, m: not _lags(m),
                ),
                Option(
                    "slower",
                    "It grows more slowly: a consumer has two shards to follow",
                    "consumers_do_not_share",
                    "A consumer follows two half-full shards as easily as one; what counts is the sum wanted of each.",
                    true_if=lambda p, m: 0.3 < m.summary["lag_growth_s"] <= 1,
                ),
            ),
        ),
        {"shards": 2},
        ("shards", "consumers", "write_mib_s"),
        "shared_rate",
        ("kinesis.stream.size_formula", "kinesis.consumer.read_rate"),
    ),
    Scene(
        "enhanced",
        "A pipe for each",
        {},
        "Three consumers fall behind on one shard. Can they have a rate of their own without more shards?",
        Prediction(
            "All three register for enhanced fan-out. How long after its write does a record reach them?",
            number="mean_delay_ms",
            unit="ms",
            tolerance=40,
            reply="After about 70 ms, with three consumers as with one: each has 2 MiB/s of every shard, and is pushed "
            "to instead of asking.",
        ),
        {"mode": ENHANCED},
        ("mode", "consumers", "write_mib_s"),
        "own_rate",
        ("kinesis.efo.rate", "kinesis.efo.latency", "kinesis.stream.many_apps"),
    ),
    Scene(
        "goal",
        "Five dashboards",
        {"consumers": 5, "write_mib_s": 1.5, "shards": 2},
        "Five dashboards poll a stream of two shards and fall behind. Enhanced fan-out would cost extra.",
        Prediction(
            "They poll twice a second instead of once. What does it change?",
            (
                Option(
                    "catch_up",
                    "They catch up, since they fetch twice as often",
                    "polling_cures_lag",
                    "The 2 MiB/s of a shard are used up already, and more calls do not add to them.",
                    true_if=lambda p, m: not _lags(m),
                ),
                Option(
                    "refused",
                    "Half of the calls or more are refused, and the lag grows",
                    None,
                    "Ten calls a second want what five could not get: the shard has neither the calls nor the bytes.",
                    right=True,
                    true_if=lambda p, m: m.summary["refused_percent"] >= 50 and _lags(m),
                ),
                Option(
                    "same",
                    "Nothing: each call just brings half as many records",
                    "polls_are_free",
                    "Polls count: a shard answers five of them a second, and refuses the others.",
                    true_if=lambda p, m: m.summary["refused_percent"] < 50 and _lags(m),
                ),
            ),
        ),
        {"polls_per_s": 2},
        (),
        "shared_rate",
        (
            "kinesis.stream.size_formula",
            "kinesis.consumer.five",
            "kinesis.consumer.read_rate",
            "kinesis.efo.rate",
            "kinesis.consumer.cheap",
        ),
        Goal(
            "Let five consumers follow 1.5 MiB a second without enhanced fan-out, no call refused, nobody more than "
            "1.5 s behind.",
            lambda p, m: (
                p.consumers >= 5
                and p.write_mib_s >= 1.5
                and p.mode == SHARED
                and not m.summary["refused_calls"]
                and m.summary["longest_delay_ms"] <= 1_500
            ),
            {"shards": 4},
        ),
    ),
)
