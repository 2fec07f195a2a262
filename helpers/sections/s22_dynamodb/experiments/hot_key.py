"""What one popular key does to its partition, and what more capacity, suffixes and a cache change about it."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import ClientError

from helpers.experiments import (
    Choice,
    Claim,
    Experiment,
    Finding,
    Flag,
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
from helpers.sections.s22_dynamodb.experiments.contest import (
    EPSILON,
    FAVOURITE,
    IN_ONE,
    READ_KB,
    READS,
    TABLE,
    WRITE_KB,
    WRITES,
    Look,
    Vote,
    changed_s,
    create_table,
    favourite_keys,
    load,
    looks,
    partitions,
    singer,
    standing_item,
    table_rate,
    vote_item,
)
from helpers.sections.s22_dynamodb.experiments.reading import count
from helpers.sections.s22_dynamodb.experiments.spike import THROTTLED

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

GUIDE = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
DURATION_S = 4.0
HEAD_START_S = 0.05  # between the change of the standing and the load
HIT_S = 0.001  # the cache looks for an item this soon after it was asked
LATENCY_S = 0.01  # of an API call, see Cloud.api_latency_s


@dataclass(frozen=True)
class Measured:
    """What the trail shows; times count from the beginning of the load.

    `partitions` is their number, `favourite` the keys of the popular singer; `over` are the partitions that were asked
    for more than they can take, `table_over` says the same of the table; `looks` are the reads of the favourite's keys;
    `changed_s` is when its standing was changed past the cache.
    """

    partitions: int
    favourite: tuple[str, ...]
    votes: tuple[Vote, ...]
    looks: tuple[Look, ...]
    over: frozenset[int]
    table_over: bool
    changed_s: float
    end_s: float
    summary: dict[str, int | float | str]


class HotKey(Experiment):
    """A vote with a favourite: many writes under few keys, and many readers of one of them; see the module."""

    id = "22_dynamodb.hot_key"
    title = "One popular key"
    question = "What does one popular key do?"
    parameters = (
        Choice(
            "mode",
            "provisioned",
            "capacity mode",
            "A new on-demand table takes 4,000 write units a second at once.",
            choices=("provisioned", "on-demand"),
            source=GUIDE + "on-demand-capacity-mode.html",
        ),
        Int(
            "wcu",
            4_000,
            "write units of the table",
            "Provisioned write units; without effect on demand.",
            unit="units/s",
            minimum=100,
            maximum=10_000,
            step=100,
            source=GUIDE + "provisioned-capacity-mode.html",
        ),
        Int(
            "partitions",
            4,
            "partitions",
            "At least so many lie behind the table; one for each 1,000 write units is the least.",
            minimum=4,
            maximum=20,
            assumption=True,
        ),
        Int("singers", 100, "singers", "How many values the partition key has.", minimum=2, maximum=500),
        Int(
            "hot_percent",
            50,
            "share of the favourite",
            "Share of the votes that go to one singer; the others share the rest.",
            unit="%",
            minimum=0,
            maximum=100,
            step=5,
        ),
        Int(
            "writes_per_s",
            3_000,
            "votes",
            "Votes a second, one write of 1 KB each.",
            unit="/s",
            minimum=0,
            maximum=8_000,
            step=100,
        ),
        Int(
            "suffixes",
            1,
            "suffixes",
            "Over how many keys the favourite's votes are spread: 1 is its name as it is.",
            minimum=1,
            maximum=8,
            source=GUIDE + "bp-partition-key-sharding.html",
        ),
        Int(
            "reads_per_s",
            0,
            "readers",
            "How many a second want the favourite's standing, one read of 4 KB for each of its keys.",
            unit="/s",
            minimum=0,
            maximum=10_000,
            step=500,
        ),
        Flag(
            "strong_reads",
            False,
            "strong reads",
            "Read with ConsistentRead: twice the units, and past the cache.",
            source=GUIDE + "read-write-operations.html",
        ),
        Int(
            "cache_ttl_s",
            0,
            "DAX keeps items",
            "Time to live of the cache in front of the table; 0: there is no cache. The default of DAX is 300 s.",
            unit="s",
            minimum=0,
            maximum=600,
            source=GUIDE + "DAX.concepts.html",
        ),
    )
    differences = (
        "One call stands for 100: it writes one item of 100 KB, or reads one of 400 KB.",
        (
            "Which key lies in which partition is DynamoDB's own affair; here a hash decides it, the same in every "
            "run, and the favourite's suffixes happen to fall apart well."
        ),
        (
            "After some minutes AWS splits a partition that stays hot, and gives a very hot item one to itself, which "
            "takes 1,000 write units and no more; these seconds are too short for that."
        ),
        (
            "A partition has the units of one second in hand when the load begins; AWS does not say how it counts "
            "within a second."
        ),
        "The clients make no second attempt, so that each throttle shows.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """Make the table and the standing, change it past the cache, then vote and read for some seconds."""
        db = cloud.client("dynamodb", config=Config(retries={"total_max_attempts": 1, "mode": "standard"}))
        plane = cloud.plane("dynamodb")
        plane.models.partitions = partitions(p)
        create_table(db, p)
        cached = p.cache_ttl_s and not p.strong_reads
        reader = plane.dax(item_ttl_s=p.cache_ttl_s) if cached else db
        more = {"ConsistentRead": True} if p.strong_reads else {}
        keys = favourite_keys(p) if p.reads_per_s else ()

        def look(key: str) -> None:
            place = {"singer": {"S": key}, "what": {"S": "standing"}}
            reader.get_item(TableName=TABLE, Key=place, ReturnConsumedCapacity="TOTAL", **more)

        for key in keys:
            db.put_item(TableName=TABLE, Item=standing_item(key, "first"))
            cloud.advance(1 + READ_KB / table_rate(p))  # so that nothing is short of units yet
        for key in keys if cached else ():
            look(key)
        for key in keys[:1]:
            db.put_item(TableName=TABLE, Item=standing_item(key, "changed"))  # past the cache
        begin_s = cloud.now + HEAD_START_S

        def vote(key: str) -> None:
            db.put_item(TableName=TABLE, Item=vote_item(key), ReturnConsumedCapacity="TOTAL")

        def evenly(act: Callable[[str], None], turns: Sequence[Sequence[str]], first: int, step: int) -> None:
            for number in range(first, len(turns), step):
                time.sleep(max(0.0, begin_s + number * DURATION_S / len(turns) - cloud.now))
                for key in turns[number]:
                    _unless_throttled(act, key)

        readings = round(p.reads_per_s / IN_ONE * DURATION_S)
        for name, act, turns in (
            ("writer", vote, [(key,) for key in _votes(cloud, p)]),
            ("reader", look, [keys] * readings),
        ):
            # So many clients that nobody waits for the one before.
            clients = floor(2 * LATENCY_S * sum(map(len, turns)) / DURATION_S) + 1 if turns else 0
            for first in range(clients):
                cloud.spawn(evenly, act, turns, first, clients, name=f"{name}-{first + 1}")
        cloud.run()

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Votes by partition, reads by key, and who was asked for more than it can take."""
        rows = sorted(calls(trail), key=lambda row: row.end_s)
        working = [row for row in rows if row.actor.startswith(("writer", "reader"))]
        begin_s = min((row.start_s for row in working), default=rows[-1].end_s)
        end_s = max((row.end_s - begin_s for row in working), default=0.0)
        since_s = changed_s(rows)
        changed = 0.0 if since_s is None else since_s - begin_s
        asked = load(rows, p, begin_s)
        seen = looks(rows, p, begin_s)
        keys = favourite_keys(p)
        votes = asked.votes
        refused = [one for one in votes if not one.taken]
        of_favourite = [one for one in votes if one.key in keys]
        whole = [one.units for one in seen if one.units]
        old = [one.end_s for one in seen if one.old]
        busiest = max(Counter(one.key for one in votes).values(), default=0)
        summary: dict[str, int | float | str] = {
            "votes": len(votes) * IN_ONE,
            "throttled_votes": len(refused) * IN_ONE,
            "throttled_percent": _percent(len(refused), len(votes)),
            "favourite_throttled_percent": _percent(
                sum(one.key in keys for one in refused), len(of_favourite)
            ),
            "others_throttled": sum(one.key not in keys for one in refused) * IN_ONE,
            "favourite_asked_per_s": round(len(of_favourite) * WRITE_KB / DURATION_S),
            "favourite_per_s": _later(of_favourite),
            "busiest_key_per_s": round(busiest * WRITE_KB / DURATION_S),
            "hot_partitions": len(asked.over),
            "readers": sum(one.key == keys[0] for one in seen) * IN_ONE,
            "table_reads": sum(not one.cached for one in seen) * IN_ONE,
            "cached_reads": sum(one.cached for one in seen) * IN_ONE,
            "throttled_reads": sum(one.throttled for one in seen) * IN_ONE,
            "reader_units": round(max(whole, default=0.0) * p.suffixes / IN_ONE, 2),
            "read_units_per_s": round(sum(whole) / DURATION_S),
            "old_reads": len(old) * IN_ONE,
            "old_for_s": round(max(old) - changed, 2) if old else 0.0,
        }
        return Measured(
            partitions(p),
            keys,
            votes,
            seen,
            asked.over,
            asked.table_over,
            changed,
            max(end_s, DURATION_S),
            summary,
        )

    def draw(self, figure: Figure, p: Values, m: Any) -> str:
        """A lane for each partition, and what the favourite takes in a second below."""
        from helpers.sections.s22_dynamodb.experiments.hot_key_picture import draw

        return draw(figure, p, m)

    @staticmethod
    def ceiling(p: Values, m: Measured) -> Finding:
        """No key gets more than a partition can give."""
        written = [(one.key, one.time_s, one.units) for one in m.votes if one.taken]
        read = [(one.key, one.end_s, one.units) for one in m.looks if one.units]
        for taken, limit, kind in ((written, WRITES, "write"), (read, READS, "read")):
            passed: Counter[str] = Counter()
            first_s: dict[str, float] = {}
            for key, time_s, cost in taken:
                since_s = time_s - first_s.setdefault(key, time_s)
                passed[key] += round(cost)
                if passed[key] > limit * (1 + since_s) + cost + EPSILON:
                    return false(
                        f"{key} got {count(passed[key])} {kind} units within {since_s:.1f} s: over {limit:,} a second."
                    )
        if not m.votes and not m.looks:
            return not_applicable("Nobody votes or reads.")
        if not m.votes:
            per_s = count(float(m.summary["read_units_per_s"]))
            return true(f"The favourite's standing got {per_s} read units/s of one table.")
        asked, got = m.summary["favourite_asked_per_s"], m.summary["favourite_per_s"]
        table = f"a table of {p.wcu:,} units/s" if p.mode == "provisioned" else "an on-demand table"
        return true(
            f"In {table} the favourite asked for {asked:,} write units/s under {plural(p.suffixes, 'key')}, and got "
            f"{got:,} in the second half."
        )

    @staticmethod
    def spread(p: Values, m: Measured) -> Finding:
        """A write is throttled only where too much is asked for."""
        if not m.votes:
            return not_applicable("Nobody votes.")
        refused = [one for one in m.votes if not one.taken]
        if not refused:
            return true(
                f"No partition was asked for more than {WRITES:,} units/s for long, nor the table for more than it "
                "has: every vote passed."
            )
        if m.table_over:
            asked = count(len(m.votes) * WRITE_KB / DURATION_S)
            return true(f"The table was asked for {asked} units/s, more than it has.")
        unfair = next((one for one in refused if one.partition not in m.over), None)
        if unfair is not None:
            return false(
                f"{unfair.key} was throttled after {unfair.time_s:.1f} s, though neither its partition nor the table "
                "was asked for more than it has."
            )
        others = ", those of other singers there too" if m.summary["others_throttled"] else ""
        return true(
            f"Votes were throttled in {len(m.over)} of {m.partitions} partitions, "
            f"{'which was' if len(m.over) == 1 else 'which were'} asked for more than {WRITES:,} units/s{others}."
        )

    @staticmethod
    def gather(p: Values, m: Measured) -> Finding:
        """Who wants all of the favourite reads all of its keys."""
        if not m.looks or _cached(p):
            return not_applicable("Nobody reads from the table alone.")
        whole = [one.units for one in m.looks if one.units]
        if not whole:
            return not_applicable("No read passed.")
        unit = 1.0 if p.strong_reads else 0.5
        found = float(m.summary["reader_units"])
        words = f"A reader makes {plural(p.suffixes, 'read')} of 4 KB: {found:g} {'unit' if found == 1 else 'units'}"
        if max(whole) != min(whole) or found != p.suffixes * unit:
            return false(f"{words}; {p.suffixes} × {unit:g} would be {p.suffixes * unit:g}.")
        return true(f"{words}, {unit:g} for each key of the favourite.")

    @staticmethod
    def cache(p: Values, m: Measured) -> Finding:
        """The table is not asked again for what the cache has."""
        if not m.looks or not _cached(p):
            return not_applicable("No reader asks a cache.")
        known_s: dict[str, list[float]] = defaultdict(list)
        for one in m.looks:
            if not one.cached:
                for before_s in known_s[one.key]:
                    since_s = one.start_s - before_s
                    if 0 <= since_s < p.cache_ttl_s - HIT_S:
                        return false(
                            f"{one.key} was read from the table again {since_s:.2f} s after a read of it."
                        )
                known_s[one.key].append(one.end_s)
        words = (
            f"The cache answered {m.summary['cached_reads']:,} reads, the table {m.summary['table_reads']:,}"
        )
        if not m.votes:
            return true(words + ".")
        return true(
            f"{words}; {m.summary['throttled_percent']:g} % of the votes were throttled all the same."
        )

    @staticmethod
    def old(p: Values, m: Measured) -> Finding:
        """A change past the cache stays unseen for its time to live at most."""
        if not m.looks or not _cached(p):
            return not_applicable("No reader asks a cache.")
        old_s = float(m.summary["old_for_s"])
        kept = f"the cache keeps an item for {p.cache_ttl_s} s"
        if old_s > p.cache_ttl_s:
            return false(f"The old standing was still shown {old_s:.2f} s after the change, though {kept}.")
        if not m.summary["old_reads"]:
            return true(f"The old standing was shown to nobody; {kept}.")
        shown = f"Up to {old_s:.1f} s after the change {m.summary['old_reads']:,} readers were shown the old standing"
        return true(f"{shown}; {kept}.")


def _cached(p: Values) -> bool:
    return bool(p.cache_ttl_s and not p.strong_reads)


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


def _later(votes: Sequence[Vote]) -> int:
    """Units a second taken in the second half of the load, when what was in hand at its begin is spent."""
    half_s = DURATION_S / 2
    return round(sum(one.units for one in votes if one.time_s > half_s) / half_s)


def _votes(cloud: Cloud, p: Values) -> list[str]:
    """The key of each vote: the favourite's share comes evenly, the other singers by chance."""
    keys = favourite_keys(p)
    others = [number for number in range(1, p.singers + 1) if number != FAVOURITE][: p.singers - 1]
    chosen = []
    for vote in range(round(p.writes_per_s / IN_ONE * DURATION_S)):
        before, after = (floor((vote + place) * p.hot_percent / 100) for place in (0, 1))
        # A suffix that is computed from the vote, such as the remainder of its number.
        chosen.append(keys[before % len(keys)] if after > before else singer(cloud.random.choice(others)))
    return chosen


def _unless_throttled(act: Callable[[str], None], key: str) -> None:
    try:
        act(key)
    except ClientError as error:
        if error.response["Error"]["Code"] not in THROTTLED:
            raise


HotKey.claims = (
    Claim(
        "ceiling",
        "One partition key takes at most 1,000 write units and 3,000 read units a second, whatever the table has.",
        ("dynamodb.unit.even_partitions", "dynamodb.throttle.reasons", "dynamodb.mode.ondemand_no_throttle"),
        HotKey.ceiling,
        "somebody writes or reads",
        lambda p: p.writes_per_s > 0 or p.reads_per_s > 0,
    ),
    Claim(
        "spread",
        "A write is throttled only where its partition is asked for more than 1,000 units a second, or the table for "
        "more than it has.",
        ("dynamodb.unit.even_partitions", "dynamodb.key.diverse", "dynamodb.sharding.suffix"),
        HotKey.spread,
        "somebody writes",
        lambda p: p.writes_per_s > 0,
    ),
    Claim(
        "gather",
        "Who wants all of a key with n suffixes makes n reads and uses n times the units.",
        ("dynamodb.sharding.suffix", "dynamodb.unit.eventual"),
        HotKey.gather,
        "somebody reads, and not from a cache",
        lambda p: p.reads_per_s > 0 and (p.strong_reads or not p.cache_ttl_s),
    ),
    Claim(
        "cache",
        "With a cache the table is read once for each key and time to live; writes are not relieved.",
        ("dynamodb.dax.hot_key",),
        HotKey.cache,
        "readers ask the cache, without strong consistency",
        lambda p: p.reads_per_s > 0 and p.cache_ttl_s > 0 and not p.strong_reads,
    ),
    Claim(
        "old",
        "A change that goes past the cache stays unseen until the time to live is over, and no longer.",
        ("dynamodb.dax.ttl",),
        HotKey.old,
        "readers ask the cache, without strong consistency",
        lambda p: p.reads_per_s > 0 and p.cache_ttl_s > 0 and not p.strong_reads,
    ),
)


HotKey.scenes = (
    Scene(
        "capacity",
        "More capacity for a hot key",
        {},
        "A table of 4,000 units/s throttles some of 3,000 votes a second: half of them are for one singer. Buy more?",
        Prediction(
            "The table gets 10,000 write units a second instead of 4,000. What becomes of the favourite's votes?",
            (
                Option(
                    "cured",
                    "All of them pass, as 10,000 are more than enough",
                    "more_units_cure_a_hot_key",
                    "The table was never short of units: one partition is, and it takes no more than before.",
                    true_if=lambda p, m: m.summary["favourite_throttled_percent"] == 0,
                ),
                Option(
                    "scaled",
                    "2.5 times as many pass, as there are 2.5 times the units",
                    "units_shared_by_key",
                    "The units of a table are not dealt out to its keys; a key has those of its partition.",
                    true_if=lambda p, m: m.summary["favourite_per_s"] >= 1_400,
                ),
                Option(
                    "held",
                    "About 1,000 a second pass, and the rest are throttled",
                    None,
                    "They all lie in one partition, and one partition takes 1,000 write units a second in any table.",
                    right=True,
                    true_if=lambda p, m: (
                        800 <= m.summary["favourite_per_s"] <= 1_050
                        and m.summary["favourite_throttled_percent"] > 10
                    ),
                ),
            ),
        ),
        {"wcu": 10_000},
        ("wcu", "mode", "hot_percent"),
        "ceiling",
        (
            "dynamodb.unit.even_partitions",
            "dynamodb.key.diverse",
            "dynamodb.throttle.reasons",
            "dynamodb.throttle.solutions",
            "dynamodb.unit.hashing",
        ),
    ),
    Scene(
        "suffixes",
        "One name, several keys",
        {"mode": "on-demand"},
        "On demand it is no better: the favourite's votes still lie in one partition. What if they had several keys?",
        Prediction(
            "Each vote for singer-005 goes to one of singer-005.1 to singer-005.4. How many votes are throttled?",
            (
                Option(
                    "same",
                    "As many: four keys of one singer share a partition",
                    "suffix_stays_in_its_partition",
                    "The whole key value is hashed, so keys that look alike may lie anywhere.",
                    true_if=lambda p, m: m.summary["throttled_percent"] >= 10,
                ),
                Option(
                    "more",
                    "More: each vote has to be written to four keys now",
                    "suffixes_multiply_writes",
                    "A vote is written once, to the key that its suffix names; only readers have more to do.",
                    true_if=lambda p, m: m.summary["throttled_percent"] > 25,
                ),
                Option(
                    "none",
                    "None: four partitions share what one was asked for",
                    None,
                    "Each key gets a fourth of 1,500 a second, and no partition is asked for more than 1,000.",
                    right=True,
                    true_if=lambda p, m: m.summary["throttled_votes"] == 0,
                ),
            ),
        ),
        {"suffixes": 4},
        ("suffixes", "mode", "partitions"),
        "spread",
        (
            "dynamodb.sharding.suffix",
            "dynamodb.sharding.problem",
            "dynamodb.unit.hashing",
            "dynamodb.unit.even_partitions",
            "dynamodb.mode.ondemand_no_throttle",
        ),
    ),
    Scene(
        "gather",
        "The price of suffixes",
        {"writes_per_s": 1_000, "reads_per_s": 1_000},
        "A reader who wants the favourite's standing makes one eventually consistent read of 4 KB: half a unit.",
        Prediction(
            "The favourite is spread over four suffixes. How many read units does each reader use then?",
            number="reader_units",
            unit="units",
            tolerance=0.1,
            reply="The standing is the sum over four keys, so a reader makes four reads of half a unit each.",
        ),
        {"suffixes": 4},
        ("suffixes", "strong_reads", "reads_per_s"),
        "gather",
        ("dynamodb.sharding.suffix", "dynamodb.unit.eventual", "dynamodb.unit.rcu"),
    ),
    Scene(
        "cache",
        "A cache in front",
        {"reads_per_s": 10_000},
        "Votes for the favourite and reads of its standing are throttled alike. Now a cache is put in front.",
        Prediction(
            "Readers ask DAX, which keeps an item for 5 minutes; voters write to the table. What is throttled now?",
            (
                Option(
                    "nothing",
                    "Nothing: the cache takes the load off the hot key",
                    "cache_relieves_writes",
                    "Votes go to the table all the same, and its write units are not those of reads.",
                    true_if=lambda p, m: m.summary["throttled_reads"] + m.summary["throttled_votes"] == 0,
                ),
                Option(
                    "votes",
                    "Only votes; readers may be shown an old standing",
                    None,
                    "The cache answers from memory for 5 minutes, whatever was changed past it meanwhile.",
                    right=True,
                    true_if=lambda p, m: (
                        m.summary["throttled_reads"] == 0
                        and m.summary["throttled_votes"] > 0
                        and m.summary["old_reads"] > 0
                    ),
                ),
                Option(
                    "fresh",
                    "Only votes, and every reader sees the new standing",
                    "cache_sees_changes",
                    "A write that goes past DAX does not reach its cache: the old item stays until its time is over.",
                    true_if=lambda p, m: m.summary["throttled_reads"] == 0 and m.summary["old_reads"] == 0,
                ),
                Option(
                    "both",
                    "Both, as before: a cache only makes reads faster",
                    "cache_is_only_speed",
                    "What the cache answers uses no read units: the table is asked once in 5 minutes.",
                    true_if=lambda p, m: m.summary["throttled_reads"] > 0,
                ),
            ),
        ),
        {"cache_ttl_s": 300},
        ("cache_ttl_s", "strong_reads", "reads_per_s"),
        "cache",
        ("dynamodb.dax.hot_key", "dynamodb.dax.ttl", "dynamodb.throttle.solutions"),
    ),
    Scene(
        "goal",
        "Hot on both sides",
        {"reads_per_s": 10_000, "cache_ttl_s": 300},
        "Just before, the standing was changed past the cache. Reads pass, votes do not, and readers see the old one.",
        Prediction(
            "DAX keeps items for 1 s instead of 300 s. For how long after the change is the old standing shown?",
            (
                Option(
                    "always",
                    "To the end, as only a write through DAX replaces it",
                    "cache_never_expires",
                    "A time to live ends by itself: the next reader makes DAX read the item again.",
                    true_if=lambda p, m: m.summary["old_for_s"] > 3,
                ),
                Option(
                    "one",
                    "For about 1 s; the table is hardly read more often",
                    None,
                    "The item expires and one reader fetches it again: a read or two a second instead of 100.",
                    right=True,
                    true_if=lambda p, m: (
                        0.5 < m.summary["old_for_s"] <= 1 and m.summary["throttled_reads"] == 0
                    ),
                ),
                Option(
                    "traded",
                    "For about 1 s, but so many misses are throttled again",
                    "short_ttl_is_useless",
                    "Of 100 calls a second one or two miss: even a second of cache takes nearly all of the load.",
                    true_if=lambda p, m: (
                        0.5 < m.summary["old_for_s"] <= 1 and m.summary["throttled_reads"] > 0
                    ),
                ),
            ),
        ),
        {"cache_ttl_s": 1},
        (),
        "old",
        ("dynamodb.dax.ttl", "dynamodb.dax.hot_key", "dynamodb.sharding.suffix", "dynamodb.key.diverse"),
        Goal(
            "With 3,000 votes a second, half of them for the favourite, and 10,000 readers: throttle nobody, show no "
            "standing that is older than 2 s, and provision no more than 4,000 write units a second.",
            lambda p, m: (
                p.writes_per_s >= 3_000
                and p.hot_percent >= 50
                and p.reads_per_s >= 10_000
                and (p.mode == "on-demand" or p.wcu <= 4_000)
                and m.summary["throttled_votes"] == 0
                and m.summary["throttled_reads"] == 0
                and m.summary["old_for_s"] <= 2
            ),
            {"suffixes": 4, "cache_ttl_s": 1},
        ),
    ),
)
