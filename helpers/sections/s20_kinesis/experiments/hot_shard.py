"""Which partition keys overload a shard, and what more shards, a split and further tries do about it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers.experiments import (
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
from helpers.sections.s20_kinesis.experiments.reading import API, GUIDE, MIB, Put, puts, shard_of, short

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

STREAM = "clicks"
WRITING_S = 6
SPLIT_S = 3  # half of the seconds come before a split
BACKOFF_S = (1, 2, 4)  # before the tries that follow the first
USERS = 1_000
HOT = "DE"
OTHERS = (
    "AT", "BE", "CH", "CZ", "DK", "ES", "FI", "FR", "GB", "GR", "HU", "IE", "IT", "NL", "NO", "PL", "PT", "RO", "SE",
)  # fmt: skip
RECORDS_S = 1_000  # of a shard
TOGETHER = (1, 2, 4, 5, 8, 10, 20, 25)
USER, COUNTRY, CONSTANT = "user", "country", "constant"
DROP, AGAIN = "drop", "send again"


class Lane(NamedTuple):
    """What a shard was asked for, in records a second while it was open and clicks came in."""

    shard: str
    low: int
    closed: bool
    child: bool
    taken_per_s: float
    refused_per_s: float
    busiest: bool
    """Whether the most frequent key lies in it."""


class Second(NamedTuple):
    """One second of the run, in records: new ones, those that were put (again), and those that were taken."""

    new: int
    asked: int
    taken: int


@dataclass(frozen=True)
class Measured:
    """What the trail shows. `full` says whether each refusal came from a shard that had taken all it can; `hot` is
    what the most frequent key asked for and got in each second.
    """

    lanes: tuple[Lane, ...]
    seconds: tuple[Second, ...]
    hot_key: str
    hot: tuple[tuple[int, int], ...]
    hot_shards_after: frozenset[str]
    full: bool
    summary: dict[str, int | float | str]


class HotShard(Experiment):
    """Producers that put clicks into a stream, second by second; see the module."""

    id = "20_kinesis.hot_shard"
    title = "Hot shards"
    question = "Which key overloads a shard?"
    parameters = (
        Int(
            "shards",
            10,
            "shards",
            "Shards of the stream, each with an equal part of the hash keys.",
            minimum=1,
            maximum=20,
            source=GUIDE + "key-concepts.html",
        ),
        Int(
            "records_per_s",
            3_000,
            "records",
            "New records a second, on average.",
            unit="/s",
            minimum=100,
            maximum=10_000,
            step=100,
            assumption=True,
        ),
        Float(
            "record_kib",
            1,
            "size",
            "Size of a record with its partition key.",
            unit="KiB",
            minimum=0.1,
            maximum=10,
            step=0.1,
            assumption=True,
        ),
        Choice(
            "key",
            COUNTRY,
            "partition key",
            f"The id of one of {USERS:,} users, the country (90 % of the records come from one), or always the same.",
            choices=(USER, COUNTRY, CONSTANT),
            source=GUIDE + "building-producers.html",
        ),
        Flag(
            "bursts",
            False,
            "in bursts",
            "Every other second brings the records of two.",
            assumption=True,
        ),
        Choice(
            "on_refusal",
            DROP,
            "refused records",
            "Dropped, or sent again after 1, 2 and 4 s, and then dropped.",
            choices=(DROP, AGAIN),
            source=API + "API_PutRecords.html",
        ),
        Flag(
            "split_hot",
            False,
            "split the busiest shard",
            f"SplitShard in the middle of its range, after {SPLIT_S} s.",
            source=API + "API_SplitShard.html",
        ),
    )
    differences = (
        (
            "Some records of one key travel as one here, as large as the part of a shard's second that they would "
            "take: so thousands a second need few calls."
        ),
        "All records of a second come at its beginning, and a call takes no time here.",
        "A split is done at once here; AWS takes a few seconds to a few minutes.",
        "AWS does not say how it counts a second; here it begins with the first record after the one before it.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """Put the records of each second, those that are sent again first; split the busiest shard half-way."""
        cloud.api_latency_s = 0
        cloud.plane("kinesis").models.updating_s = 0
        kinesis = cloud.client("kinesis")
        kinesis.create_stream(StreamName=STREAM, ShardCount=p.shards)
        begin_s = cloud.now
        clicks = _keys(cloud, p)
        entries: dict[str, dict[str, Any]] = {}
        waiting: dict[int, list[tuple[str, int]]] = defaultdict(list)
        load: Counter[str] = Counter()
        second = 0
        while second < WRITING_S or waiting:
            cloud.run(until=begin_s + second)
            if p.split_hot and second == SPLIT_S:
                _split(kinesis, max(load, key=lambda shard: load[shard]))
            due = waiting.pop(second, [])
            due += [(next(clicks), 0) for _ in range(bundles(p, second))]
            most = min(500, 10 * MIB // bundle_bytes(p))
            for first in range(0, len(due), most):
                part = due[first : first + most]
                records = [entries.setdefault(key, _entry(key, bundle_bytes(p))) for key, _ in part]
                answers = kinesis.put_records(StreamName=STREAM, Records=records)["Records"]
                for (key, tries), answer in zip(part, answers, strict=True):
                    refused = "ErrorCode" in answer
                    load[shard_of(answer["ErrorMessage"]) if refused else answer["ShardId"]] += 1
                    if refused and p.on_refusal == AGAIN and tries < len(BACKOFF_S):
                        waiting[second + BACKOFF_S[tries]].append((key, tries + 1))
            second += 1
        kinesis.list_shards(StreamName=STREAM)

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Taken and refused by shard and by second, and what the most frequent key got."""
        rows = calls(trail)
        together, at_most = bundle(p), shard_bundles(p)
        given = list(puts(rows))
        shards = next(row for row in reversed(rows) if row.operation == "ListShards").response["Shards"]
        asked: Counter[tuple[str, int]] = Counter()
        taken: Counter[tuple[str, int]] = Counter()
        for put in given:
            place = put.shard, round(put.time_s)
            asked[place] += 1
            taken[place] += put.taken
        hot_key = Counter(put.key for put in given).most_common(1)[0][0]
        lasted = max(WRITING_S, *(second + 1 for _, second in asked))
        hot, after = _hot(given, hot_key, lasted, together)
        seconds = tuple(
            Second(
                together * bundles(p, second),
                together * sum(number for (_, when), number in asked.items() if when == second),
                together * sum(number for (_, when), number in taken.items() if when == second),
            )
            for second in range(lasted)
        )
        split = next((row for row in rows if row.operation == "SplitShard"), None)
        parent = "" if split is None else split.parameters["ShardToSplit"]
        lanes = [
            _lane(one, parent, asked, taken, together, given_to)
            for given_to in [{put.shard for put in given if put.key == hot_key and p.key != USER}]
            for one in sorted(shards, key=lambda one: (_low(one), one["ShardId"]))
        ]
        sent = sum(second.new for second in seconds)
        accepted = sum(second.taken for second in seconds)
        tried = sum(second.asked for second in seconds)
        loads: Counter[str] = Counter()
        for put in given:
            loads[put.shard] += 1
        before, later = hot[:SPLIT_S], hot[SPLIT_S:WRITING_S]
        summary: dict[str, int | float | str] = {
            "sent": sent,
            "accepted": accepted,
            "refused": tried - accepted,
            "resent": tried - sent,
            "lost": sent - accepted,
            "lost_percent": round(100 * (sent - accepted) / sent, 1),
            "shard_limit_per_s": at_most * together,
            "stream_limit_per_s": at_most * together * p.shards,
            "busiest_shard_percent": round(100 * max(loads.values()) / len(given), 1),
            "refusing_shards": len({put.shard for put in given if not put.taken}),
            "hot_key_before_per_s": round(sum(got for _, got in before) / len(before)),
            "hot_key_after_per_s": round(sum(got for _, got in later) / len(later)),
            "mixed_calls": sum(
                0 < row.response["FailedRecordCount"] < len(row.parameters["Records"])
                for row in rows
                if row.operation == "PutRecords" and row.response
            ),
        }
        full = all(taken[place] == at_most for place in asked if taken[place] < asked[place])
        return Measured(tuple(lanes), seconds, hot_key, hot, after, full, summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A bar for each shard against what it takes; all records by second below."""
        from helpers.sections.s20_kinesis.experiments import hot_shard_picture

        return hot_shard_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def one_key(p: Values, m: Measured) -> Finding:
        """A key gets what one shard takes."""
        limit = int(m.summary["shard_limit_per_s"])
        asked, got = max(m.hot, key=lambda pair: pair[0])
        said = (
            f"In its busiest second the key {m.hot_key} asked for {asked:,} records and got {got:,}; one shard takes "
            f"{limit:,}, all of them {m.summary['stream_limit_per_s']:,}."
        )
        within = all(taken <= limit for _, taken in m.hot)
        if p.key == CONSTANT:
            within = all(taken == min(wanted, limit) for wanted, taken in m.hot)
        return (true if within else false)(said)

    @staticmethod
    def spread(p: Values, m: Measured) -> Finding:
        """Many keys use all shards."""
        if p.key != USER:
            return not_applicable("Here a few keys have most of the records.")
        said = (
            f"{p.records_per_s:,} records/s of {USERS:,} users on {plural(p.shards, 'shard')} that take "
            f"{m.summary['stream_limit_per_s']:,} together: {m.summary['refused']:,} refusals."
        )
        if fits(p):
            return (false if m.summary["refused"] else true)(said)
        if exceeds(p):
            return (true if m.summary["refused"] else false)(said)
        return not_applicable(said + " So near to the limit the hash decides.")

    @staticmethod
    def own_shard(p: Values, m: Measured) -> Finding:
        """A record is refused only if its own shard is full."""
        number = int(m.summary["mixed_calls"])
        if not m.summary["refused"]:
            return not_applicable("Nothing was refused.")
        said = (
            f"{plural(int(m.summary['refusing_shards']), 'shard')} refused records, each after it had taken "
            f"{m.summary['shard_limit_per_s']:,} in that second; {plural(number, 'call')} took one part of the "
            "records and refused the other."
        )
        return true(said) if m.full else false("A shard refused records although it had room.")

    @staticmethod
    def split(p: Values, m: Measured) -> Finding:
        """A split gives one key no more room."""
        if not p.split_hot or p.key == USER:
            return not_applicable("No shard with one dominant key was split.")
        limit, number = int(m.summary["shard_limit_per_s"]), len(m.hot_shards_after)
        said = (
            f"The key {m.hot_key} got {m.summary['hot_key_before_per_s']:,} records/s before the split and "
            f"{m.summary['hot_key_after_per_s']:,} after it, in {plural(number, 'shard')}."
        )
        return (true if number == 1 and all(got <= limit for _, got in m.hot) else false)(said)

    @staticmethod
    def again(p: Values, m: Measured) -> Finding:
        """Sending again loses nothing while each shard has room on average."""
        if p.on_refusal != AGAIN:
            return not_applicable("Refused records are dropped.")
        lost = int(m.summary["lost"])
        said = (
            f"{m.summary['refused']:,} refusals, {m.summary['resent']:,} records sent again, {lost:,} of "
            f"{m.summary['sent']:,} lost."
        )
        return (false if lost else true)(said)


def shard_limit(p: Values) -> float:
    """Records of this size that a shard takes in a second."""
    return min(float(RECORDS_S), 1_024 / float(p.record_kib))


def bundle(p: Values) -> int:
    """How many records travel as one: so many that few calls do, and at least 20 such make the limit of a shard."""
    wanted, most = ceil(p.records_per_s / 200), max(1, shard_limit(p) // 20)
    fitting = [size for size in TOGETHER if size <= most]
    return next((size for size in fitting if size >= wanted), fitting[-1])


def bundle_bytes(p: Values) -> int:
    """The size of such a bundle: its part of a shard's second, in bytes."""
    return int(bundle(p) * MIB / shard_limit(p))


def shard_bundles(p: Values) -> int:
    """How many bundles a shard takes in a second."""
    return MIB // bundle_bytes(p)


def bundles(p: Values, second: int) -> int:
    """How many new bundles come in that second of the run."""
    if second >= WRITING_S:
        return 0
    each: int = max(1, round(p.records_per_s / bundle(p)))
    if not p.bursts:
        return each
    return 0 if second % 2 else 2 * each


def fits(p: Values) -> bool:
    """Whether each shard has room for its share in every second, however the hash spreads the users."""
    share = bundles(p, 0) / p.shards
    return bool(share + 5 * sqrt(share) + 1 <= shard_bundles(p))


def exceeds(p: Values) -> bool:
    """Whether more comes in a second than all shards take."""
    return bool(bundles(p, 0) > shard_bundles(p) * p.shards)


def fits_on_average(p: Values) -> bool:
    """Whether each shard has room for its load over two seconds, whatever the hash does."""
    two_s = 2 * round(p.records_per_s / bundle(p))
    share = two_s / p.shards if p.key == USER else two_s
    margin = 5 * sqrt(share) + 1 if p.key == USER else 0
    return bool(share + margin <= 2 * shard_bundles(p))


def _keys(cloud: Cloud, p: Values) -> Iterator[str]:
    """The partition keys of the records, without end."""
    place = 0
    while True:
        if p.key == USER:
            yield f"user-{cloud.random.randrange(USERS):04}"
        elif p.key == CONSTANT:
            yield "clicks"
        else:
            yield HOT if place % 10 else OTHERS[place // 10 % len(OTHERS)]
        place += 1


def _entry(key: str, size: int) -> dict[str, Any]:
    return {"PartitionKey": key, "Data": bytes(size - len(key))}


def _split(kinesis: Any, shard_id: str) -> None:
    shards = kinesis.list_shards(StreamName=STREAM)["Shards"]
    shard = next(one for one in shards if one["ShardId"] == shard_id)
    middle = (_low(shard) + int(shard["HashKeyRange"]["EndingHashKey"])) // 2 + 1
    kinesis.split_shard(StreamName=STREAM, ShardToSplit=shard_id, NewStartingHashKey=str(middle))


def _low(shard: dict[str, Any]) -> int:
    return int(shard["HashKeyRange"]["StartingHashKey"])


def _hot(
    given: list[Put], key: str, lasted: int, together: int
) -> tuple[tuple[tuple[int, int], ...], frozenset[str]]:
    """What the key asked for and got in each second, and where its records went after half of them."""
    asked, got = [0] * lasted, [0] * lasted
    after = set()
    for put in given:
        if put.key == key:
            second = round(put.time_s)
            asked[second] += together
            got[second] += together * put.taken
            if second >= SPLIT_S:
                after.add(put.shard)
    return tuple(zip(asked, got, strict=True)), frozenset(after)


def _lane(
    shard: dict[str, Any],
    parent: str,
    asked: Counter[tuple[str, int]],
    taken: Counter[tuple[str, int]],
    together: int,
    hot: set[str],
) -> Lane:
    name = shard["ShardId"]
    closed, child = name == parent, bool(parent) and shard.get("ParentShardId") == parent
    span = range(SPLIT_S if child else 0, SPLIT_S if closed else WRITING_S)
    had = together * sum(taken[name, second] for second in span) / len(span)
    wanted = together * sum(asked[name, second] for second in span) / len(span)
    return Lane(short(name), _low(shard), closed, child, had, wanted - had, name in hot)


HotShard.claims = (
    Claim(
        "one_key",
        "All records of one key get what one shard takes in a second, however many shards there are.",
        ("kinesis.producer.hash", "kinesis.producer.spread", "kinesis.producer.write_rate"),
        HotShard.one_key,
        "always",
        lambda p: True,
    ),
    Claim(
        "spread",
        "With many keys nothing is refused until the rate comes near to what all shards take together.",
        ("kinesis.stream.shards", "kinesis.producer.spread", "kinesis.producer.six", "kinesis.trucks.rate"),
        HotShard.spread,
        "the key is the user, and the rate is beyond the sum of the shards, or leaves room for uneven shards",
        lambda p: p.key == USER and (fits(p) or exceeds(p)),
    ),
    Claim(
        "own_shard",
        "A record is refused only if its own shard is full, whatever the others of its call and other shards do.",
        ("kinesis.producer.exceeded", "kinesis.producer.partial", "kinesis.producer.hot"),
        HotShard.own_shard,
        "something is refused; that is sure if one key brings more than a shard takes",
        lambda p: (
            (p.key == CONSTANT and bundles(p, 0) > shard_bundles(p))
            or (p.key == COUNTRY and 0.89 * bundles(p, 0) > shard_bundles(p) + 1)
        ),
    ),
    Claim(
        "split",
        "A split gives one key no more room: it goes on in one of the children.",
        ("kinesis.split.use", "kinesis.producer.same_key"),
        HotShard.split,
        "the busiest shard is split, and one key makes it busy",
        lambda p: p.split_hot and p.key != USER,
    ),
    Claim(
        "again",
        "With refused records sent again, none is lost.",
        ("kinesis.producer.partial", "kinesis.producer.cure"),
        HotShard.again,
        "refused records are sent again, and each shard has room for its load on average",
        lambda p: p.on_refusal == AGAIN and fits_on_average(p),
    ),
)


def _of(name: str) -> Any:
    return lambda m: m.summary[name]


HotShard.scenes = (
    Scene(
        "country",
        "A key that most records share",
        {"key": USER},
        "3,000 records of 1 KiB a second, on ten shards that take 10,000 together. Does the key matter?",
        Prediction(
            "The country becomes the key, and 90 % of the records come from one. What do the producers see?",
            (
                Option(
                    "room",
                    "No refusal: ten shards have room for 10,000 records a second",
                    "total_counts",
                    "Each record has its shard: the one of the country gets 2,700 a second and takes 1,000, while nine "
                    "others are almost idle.",
                    true_if=lambda p, m: not m.summary["refused"],
                ),
                Option(
                    "partly",
                    "Calls that succeed, with some of their records refused",
                    None,
                    "PutRecords succeeds and tells record by record: those of the country that exceed 1,000 a second "
                    "carry an ErrorCode.",
                    right=True,
                    true_if=lambda p, m: m.summary["mixed_calls"] > 0,
                ),
                Option(
                    "all",
                    "Calls that fail, so that no record of them is written",
                    "batch_all_or_nothing",
                    "A full shard refuses its own records only: those for other shards in the same call are written.",
                    true_if=lambda p, m: m.summary["refused"] > 0 and not m.summary["mixed_calls"],
                ),
            ),
        ),
        {"key": COUNTRY},
        ("key", "records_per_s"),
        "own_shard",
        (
            "kinesis.producer.hash",
            "kinesis.producer.exceeded",
            "kinesis.producer.partial",
            "kinesis.producer.hot",
            "kinesis.stream.shards",
        ),
    ),
    Scene(
        "more_shards",
        "More shards",
        {},
        "Ten shards do not take 3,000 records a second if the country is the key. Would twenty?",
        Prediction(
            "The stream gets 20 shards. What becomes of the records that are lost now?",
            (
                Option(
                    "half",
                    "About half of them are taken, as every shard has half the load",
                    "more_shards_cure_hot_key",
                    "Half the range of hash keys is not half the load: the country is one point of it, and stays in "
                    "one shard.",
                    true_if=lambda p, m: 20 < m.summary["lost_percent"] < 40,
                ),
                Option(
                    "same",
                    "Almost as many are lost as before",
                    None,
                    "All records of the country still go to one shard, which takes 1,000 a second.",
                    right=True,
                    true_if=lambda p, m: m.summary["lost_percent"] > 50,
                ),
                Option(
                    "none",
                    "All of them are taken: 20,000 a second are more than enough",
                    "total_counts",
                    "The sum of the shards says nothing about the one that the country's records need.",
                    true_if=lambda p, m: not m.summary["lost"],
                ),
            ),
        ),
        {"shards": 20},
        ("shards", "records_per_s", "key"),
        "one_key",
        ("kinesis.producer.spread", "kinesis.producer.write_rate", "kinesis.producer.hash"),
    ),
    Scene(
        "bursts",
        "Sending again",
        {"shards": 4, "key": USER, "bursts": True},
        "The records of two seconds come in one: 6,000 at once for four shards. Some are lost. Do further tries help?",
        Prediction(
            "Refused records are sent again after 1, 2 and 4 s. How many are lost then?",
            number="lost",
            tolerance=50,
            reply="None: the quiet second that follows has room for them. Further tries carry a burst over, and only a "
            "burst.",
        ),
        {"on_refusal": AGAIN},
        ("on_refusal", "bursts", "records_per_s"),
        "again",
        ("kinesis.producer.partial", "kinesis.producer.cure", "kinesis.producer.exceeded"),
    ),
    Scene(
        "split",
        "Split the hot shard",
        {"key": CONSTANT},
        "All records have the same key, and one shard of ten takes 1,000 of 3,000 a second. What does a split change?",
        Prediction(
            "The busy shard is split after 3 s. How many records a second are taken from then on?",
            number="hot_key_after_per_s",
            unit="/s",
            tolerance=100,
            reply="1,000, as before: the key goes on in one of the two children, and the other one stays empty.",
        ),
        {"split_hot": True},
        ("split_hot", "key", "shards"),
        "split",
        ("kinesis.split.use", "kinesis.producer.same_key", "kinesis.producer.spread"),
    ),
    Scene(
        "goal",
        "As few shards as possible",
        {"on_refusal": AGAIN},
        "The country loses records with ten shards. With a better key, how few shards are enough?",
        Prediction(
            "The user becomes the key, and the stream has three shards for 3,000 records a second. What happens?",
            (
                Option(
                    "exact",
                    "Nothing is refused: three shards take 3,000 records",
                    "hash_is_even",
                    "The hash spreads many keys well, not exactly: one shard gets more than a third, and another less.",
                    true_if=lambda p, m: not m.summary["refused"],
                ),
                Option(
                    "some",
                    "Some are refused, as the shards get uneven shares",
                    None,
                    "At the very limit each unevenness of the hash is refused; leave some room.",
                    right=True,
                    true_if=lambda p, m: 0 < m.summary["refused"] < 0.25 * m.summary["sent"],
                ),
                Option(
                    "most",
                    "Most are refused, as before with the country",
                    "hot_key_is_rate",
                    "With many keys each shard gets about its third; the country's trouble was its single key.",
                    true_if=lambda p, m: m.summary["refused"] > 0.5 * m.summary["sent"],
                ),
            ),
        ),
        {"key": USER, "shards": 3},
        (),
        "again",
        (
            "kinesis.stream.shards",
            "kinesis.producer.spread",
            "kinesis.producer.write_rate",
            "kinesis.producer.six",
        ),
        Goal(
            "Have no record refused, with at most four shards and 3,000 records of at least 1 KiB a second.",
            lambda p, m: (
                m.summary["refused"] == 0 and p.shards <= 4 and p.records_per_s >= 3_000 and p.record_kib >= 1
            ),
            {"key": USER, "shards": 4},
        ),
    ),
)
