"""What the tasks of section 20's lab need, and whether the student's system does it.

A `draw_<task>` draws a need; an `examine_<task>` lets trucks write and the student's functions work, and looks at what
happened. Spans are in seconds (`_s`) or hours (`_h`), sizes in KiB (`kib`).
"""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import md5
from itertools import pairwise
from random import Random
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from helpers.cloud import Actor, Call, ServiceError
from helpers.experiments.calls import CallRow
from helpers.labs import (
    Bench,
    Finding,
    Need,
    Trial,
    crashed,
    failed,
    passed,
)
from helpers.labs.care import Findings, careful, lacking, stopped_by, tried

Position = dict[str, Any]
Entry = dict[str, Any]

HOUR_S = 3_600
KIB, MIB = 1_024, 1_048_576
HASH_KEYS = 2**128
SHARD_RECORDS, SHARD_BYTES = 1_000, MIB  # written to a shard in a second: GUIDE/service-sizes-and-limits.html
BATCH = 500  # records of a PutRecords call: API/API_PutRecords.html
READS = 5  # calls of GetRecords a second and shard, of all readers together: API/API_GetRecords.html


# ---- what the checks share


def a_name(random: Random, prefix: str) -> str:
    """A name that nobody can foresee."""
    return f"{prefix}-{random.randrange(100_000, 1_000_000)}"


def names(random: Random, prefix: str, count: int) -> list[str]:
    """Different ones."""
    return [f"{prefix}-{number}" for number in random.sample(range(100_000, 1_000_000), count)]


def hash_key(key: str) -> int:
    """The place of a partition key in the range of hash keys (API/API_PutRecord.html)."""
    return int.from_bytes(md5(key.encode(), usedforsecurity=False).digest(), "big")


def entry(position: Position) -> Entry:
    """A truck's position as the trucks of the examination write it."""
    return {"Data": json.dumps(position).encode(), "PartitionKey": position["truck"]}


def decoded(data: Any) -> Any:
    """What stands in a record; None if it is no JSON."""
    try:
        return json.loads(data)
    except (TypeError, ValueError):
        return None


@contextmanager
def quiet(trial: Trial) -> Iterator[None]:
    """The examination's own calls take no time."""
    before, trial.cloud.api_latency_s = trial.cloud.api_latency_s, 0
    try:
        yield
    finally:
        trial.cloud.api_latency_s = before


@dataclass(frozen=True)
class Part:
    """A shard as the examination sees it: its hash keys from `low` to `high`."""

    id: str
    low: int
    high: int

    @property
    def middle(self) -> str:
        """A hash key in it, for ExplicitHashKey."""
        return str((self.low + self.high) // 2)


def open_parts(kinesis: Any, stream: str) -> list[Part]:
    """The open shards of a stream, in the order of their ranges."""
    parts = []
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        if "EndingSequenceNumber" not in shard["SequenceNumberRange"]:
            hashes = shard["HashKeyRange"]
            part = Part(shard["ShardId"], int(hashes["StartingHashKey"]), int(hashes["EndingHashKey"]))
            parts.append(part)
    return sorted(parts, key=lambda part: part.low)


def stored(trial: Trial, stream: str) -> dict[str, list[Any]]:
    """What stands in each open shard, from its oldest record on."""
    kinesis = trial.client("kinesis")
    found: dict[str, list[Any]] = {}
    with quiet(trial):
        for part in open_parts(kinesis, stream):
            place = {"StreamName": stream, "ShardId": part.id, "ShardIteratorType": "TRIM_HORIZON"}
            page = kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(**place)["ShardIterator"])
            found[part.id] = [decoded(record["Data"]) for record in page["Records"]]
    return found


def of_truck(positions: Sequence[Any], truck: str) -> list[Position]:
    """Those of one truck, in their order."""
    return [one for one in positions if isinstance(one, dict) and one.get("truck") == truck]


def numbers_of(positions: Sequence[Any]) -> list[int]:
    """The numbers of those that are positions with one."""
    given = [one.get("number") for one in positions if isinstance(one, dict)]
    return [number for number in given if isinstance(number, int)]


# ---- 1: send


def draw_send(random: Random) -> Need:
    """How many trucks send at once, and the largest photo."""
    return {"trucks": random.randint(540, 700), "photo_kib": random.randint(62, 88)}


@careful("once", "order", "spread", "calls", of="The stream")
def examine_send(bench: Bench, need: Need) -> Findings:
    """One position of each of many trucks; then a few trucks, while one shard has hardly room for photos."""
    random = bench.random
    with bench.trial() as trial:
        kinesis = trial.client("kinesis")
        for stream, shards in (("calm", 3), ("hot", 2)):
            kinesis.create_stream(StreamName=stream, ShardCount=shards)
        calm = [
            {"truck": truck, "at_s": random.randint(0, 59)}
            for truck in names(random, "truck", need["trucks"])
        ]
        _, crash = tried(lambda: trial.student.call("send", kinesis, "calm", calm, within_s=60))
        calm_rows = sent_rows(trial, "calm")
        there = stored(trial, "calm")
        yield "spread", crash or _spread(calm, there)

        trucks, hot = _trucks(random, open_parts(kinesis, "hot"))
        positions = _with_photos(random, trucks, hot, need)
        rival = trial.cloud.spawn(_rival(trial), name="weather", background=True)
        trial.cloud.run(trial.cloud.now + 0.05)
        _, crash_hot = tried(lambda: trial.student.call("send", kinesis, "hot", positions, within_s=60))
        rival.stop()
        trial.cloud.run(trial.cloud.now + 2)
        found = stored(trial, "hot")
        rows = sent_rows(trial, "hot")
        refused = next((row for row in rows if row.error or row.response.get("FailedRecordCount")), None)
        yield (
            "once",
            crash
            or crash_hot
            or _once(calm, there)
            or _once(positions, found, refused)
            or passed("Every position is in the stream once."),
        )
        yield "order", crash_hot or _in_shard_order(positions, found, refused)
        yield "calls", crash or crash_hot or _few_calls(calm, calm_rows, rows)


def sent_rows(trial: Trial, stream: str) -> list[CallRow]:
    """The student's writes to a stream, each attempt of them."""
    return [
        row
        for row in trial.rows
        if row.actor.startswith("you") and row.operation in ("PutRecords", "PutRecord")
        and stream in (row.parameters.get("StreamName"), str(row.parameters.get("StreamARN")).split("/")[-1])
    ]  # fmt: skip


def _trucks(random: Random, parts: Sequence[Part]) -> tuple[list[str], list[str]]:
    """Trucks in both shards, and those of them in the first one, which gets hot."""
    hot: list[str] = []
    others: list[str] = []
    for truck in names(random, "truck", 60):
        (hot if hash_key(truck) <= parts[0].high else others).append(truck)
    return [*hot[:4], *others[:3]], hot[:4]


def _with_photos(random: Random, trucks: list[str], hot: list[str], need: Need) -> list[Position]:
    """Five rounds of positions. Each truck of the hot shard sends one with a photo, and small ones before and after."""
    positions = []
    photo_rounds = {truck: 1 + index % 3 for index, truck in enumerate(hot)}
    for turn in range(5):
        for truck in random.sample(trucks, len(trucks)):
            position: Position = {"truck": truck, "at_s": 10 * turn + random.randint(0, 9)}
            if photo_rounds.get(truck) == turn:
                position["photo"] = random.choice("abcdef") * (need["photo_kib"] * KIB)
            positions.append(position)
    return positions


def _rival(trial: Trial) -> Callable[[], None]:
    """Another program fills the lowest hash keys for three seconds, but for some room that no photo fits into."""
    kinesis = trial.cloud.client("kinesis", config=Config(retries={"total_max_attempts": 1}))
    size = MIB - 40 * KIB

    def write() -> None:
        for _ in range(3):
            began_s = trial.cloud.now
            try:
                kinesis.put_record(
                    StreamName="hot", Data=b"w" * size, PartitionKey="weather", ExplicitHashKey="0"
                )
            except ClientError:
                pass  # the trucks were first
            time.sleep(max(0.0, began_s + 1 - trial.cloud.now))

    return write


def _spread(positions: Sequence[Position], found: Mapping[str, Sequence[Any]]) -> Finding:
    counts = [len(there) for there in found.values()]
    if not sum(counts):
        return failed("No position arrived in the stream.")
    if min(counts) < len(positions) / len(counts) / 2:
        return failed("A shard got far less than its share of the trucks, while another one got more.")
    return passed("The trucks are spread over the shards.")


def _once(
    positions: Sequence[Position], found: Mapping[str, Sequence[Any]], row: Any = None
) -> Finding | None:
    there = Counter(json.dumps(one, sort_keys=True) for part in found.values() for one in part)
    for position in positions:
        count = there[json.dumps(position, sort_keys=True)]
        if not count:
            said = "The answer said that a record was refused, and its position never arrived." if row else (
                "A position never arrived, or arrived changed."
            )  # fmt: skip
            return failed(said, row)
        if count > 1:
            return failed("A position that had arrived was written a second time.", row)
    return None


def _in_shard_order(positions: Sequence[Position], found: Mapping[str, Sequence[Any]], row: Any) -> Finding:
    for truck in dict.fromkeys(position["truck"] for position in positions):
        parts = [mine for part in found.values() if (mine := of_truck(part, truck))]
        if len(parts) > 1:
            return failed(
                "Positions of one truck lie in several shards, between which there is no order.", row
            )
        sent = of_truck(positions, truck)
        places = [sent.index(one) for part in parts for one in part if one in sent]
        firsts = list(dict.fromkeys(places))
        if firsts != sorted(firsts):
            return failed(
                "A truck went back in time: a later position was written before a refused one.", row
            )
    if not any(isinstance(one, dict) for part in found.values() for one in part):
        return failed("No position arrived in the stream.")
    return passed("The positions of each truck stand in their order.")


def _few_calls(calm: Sequence[Position], calm_rows: Sequence[CallRow], rows: Sequence[CallRow]) -> Finding:
    if not rows or not calm_rows:
        return failed("No request was made.")
    enough = math.ceil(len(calm) / BATCH)
    if len(calm_rows) > enough:
        return failed("More requests were made than full batches need.", calm_rows[enough])
    refused = [row for row in rows if row.error or row.response.get("FailedRecordCount")]
    for index, row in enumerate(refused):
        if index >= READS and row.start_s - refused[index - READS].start_s < 1:
            return failed("Refused positions were sent again without a pause, again and again.", row)
    return passed("No request too many was made.")


# ---- 2: streams

LIVE, PHOTOS, CAMERAS = "live", "photos", "cameras"
LOAD_S = 12  # how long readers have to keep up


def _fits(records_s: int, kib: int, shards: int) -> bool:
    """Whether whole records, spread evenly over the shards, fit into what these take in a second."""
    return math.ceil(records_s / shards) * kib <= KIB


def _photo_loads() -> Iterator[Mapping[str, Any]]:
    """Loads for which reading decides, well within the last shard, and for which fewer shards could be written to."""
    for applications in (3, 4):
        for kib in (64, 80, 96):
            for records_s in range(18, 40):
                written = records_s * kib / KIB
                read = written * applications / 2
                fewer = math.ceil(written)
                if (
                    2 < read < 5
                    and 0.55 <= read % 1 <= 0.85
                    and fewer < read
                    and _fits(records_s, kib, fewer)
                ):
                    yield {"records_s": records_s, "kib": kib, "applications": applications}


def _camera_loads() -> Iterator[Mapping[str, Any]]:
    """Loads of applications that are pushed, so that writing decides."""
    for applications in (4, 5, 6):
        for kib in (128, 160, 192):
            for records_s in range(20, 36):
                written = records_s * kib / KIB
                if 0.3 <= written % 1 <= 0.85 and _fits(records_s, kib, math.ceil(written)):
                    yield {"records_s": records_s, "kib": kib, "applications": applications}


PHOTO_LOADS, CAMERA_LOADS = tuple(_photo_loads()), tuple(_camera_loads())


def draw_streams(random: Random) -> Need:
    """Three streams: one with many small records, one with several that poll, one with several that are pushed."""
    back_h = random.sample(range(30, 160), 3)
    keep = [{"back_h": hours, "gone_h": hours + random.randint(20, 26)} for hours in back_h]
    photos = random.choice(PHOTO_LOADS)
    cameras = random.choice(CAMERA_LOADS)
    live = {"kib": 0.2, "applications": 1, "records_s": 100 * random.choice((12, 13, 15, 17, 22, 23))}
    return {
        LIVE: {**live, "pushed": False, **keep[0]},
        PHOTOS: {**photos, "pushed": False, **keep[1]},
        CAMERAS: {**cameras, "pushed": True, **keep[2]},
    }


def shards_needed(need: Mapping[str, Any]) -> int:
    """The fewest shards that take a load, and hand it out to those that poll."""
    mib_s: float = need["records_s"] * need["kib"] / KIB
    polling: int = 0 if need["pushed"] else need["applications"]
    records: float = need["records_s"] / SHARD_RECORDS
    return math.ceil(max(records, mib_s, mib_s * polling / 2))


@careful("taken", "read", "kept", "waste", of="The stream")
def examine_streams(bench: Bench, need: Need) -> Findings:
    """A second of each load, a quarter of a minute of polling, and records that get old."""
    with bench.trial() as trial:
        kinesis = trial.client("kinesis")
        made: dict[str, str] = {}
        for name in need:
            stream = f"{name}-{bench.random.randrange(1_000, 10_000)}"
            trial.student.call("create_stream", kinesis, stream, need[name])
            made[name] = stream
        trial.cloud.run(trial.cloud.now + 60)
        with quiet(trial):
            present = kinesis.list_streams()["StreamNames"]
            if any(stream not in present for stream in made.values()):
                for check in ("taken", "read", "kept", "waste"):
                    yield check, failed("There is no stream of the name that create_stream was given.")
                return
            parts = {name: open_parts(kinesis, stream) for name, stream in made.items()}
            yield "taken", _all_passed(_taken(trial, made[name], parts[name], need[name]) for name in need)
            yield (
                "read",
                _all_passed(
                    _keeps_up(trial, made[name], parts[name], need[name])
                    for name in need
                    if not need[name]["pushed"]
                ),
            )
            yield "kept", _kept(trial, made, need)
            modes = [
                kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
                for stream in made.values()
            ]
        if any(mode.get("StreamModeDetails", {}).get("StreamMode") == "ON_DEMAND" for mode in modes):
            yield "waste", failed("A stream is on demand, which is not paid by the shard.")
        elif any(len(parts[name]) > shards_needed(need[name]) + 1 for name in need):
            yield "waste", failed("A stream has more shards than its load needs and one to spare.")
        else:
            yield "waste", passed("No stream has more than one shard to spare.")


def _all_passed(findings: Iterator[Finding]) -> Finding:
    """The first finding that is not passed, or the last one."""
    finding = passed()
    for finding in findings:
        if finding.status != "passed":
            break
    return finding


def _batches(entries: Sequence[Entry], kib: float) -> Iterator[list[Entry]]:
    size = max(1, min(BATCH, int(10 * KIB / kib) - 1))
    for first in range(0, len(entries), size):
        yield list(entries[first : first + size])


def _load(parts: Sequence[Part], records: int, kib: float) -> list[Entry]:
    """So many records, spread evenly over shards."""
    data = b"x" * (round(kib * KIB) - 1)
    keys = [part.middle for part in parts]
    return [
        {"Data": data, "PartitionKey": "k", "ExplicitHashKey": keys[number % len(keys)]}
        for number in range(records)
    ]


def _taken(trial: Trial, stream: str, parts: Sequence[Part], need: Mapping[str, Any]) -> Finding:
    kinesis = trial.client("kinesis")
    if len(parts) <= 2 * shards_needed(need):  # more take it in any case
        trial.cloud.run(trial.cloud.now + 2)
        for batch in _batches(_load(parts, need["records_s"], need["kib"]), need["kib"]):
            if kinesis.put_records(StreamName=stream, Records=batch)["FailedRecordCount"]:
                return failed("A shard refused records of the load that was announced.", trial.rows[-1])
    return passed("The load was taken, none of it refused.")


def _keeps_up(trial: Trial, stream: str, parts: Sequence[Part], need: Mapping[str, Any]) -> Finding:
    """The readers of one shard, which gets its share of the load; each polls once a second."""
    if need["applications"] < 2 or len(parts) > 2 * shards_needed(need):
        return passed("Those that poll keep up.")
    cloud, part = trial.cloud, parts[0]
    kinesis = cloud.client("kinesis", config=Config(retries={"total_max_attempts": 1}))
    cloud.run(cloud.now + 2)
    place = {"StreamName": stream, "ShardId": part.id, "ShardIteratorType": "LATEST"}
    iterator = kinesis.get_shard_iterator(**place)["ShardIterator"]
    iterators, got = [iterator] * need["applications"], [0] * need["applications"]
    share, written = need["records_s"] / len(parts), 0
    for second in range(1, LOAD_S + 1):
        due = round(share * second) - written
        if due:
            kinesis.put_records(StreamName=stream, Records=_load([part], due, need["kib"]))
        written += due
        for reader in range(need["applications"]):
            try:
                page = kinesis.get_records(ShardIterator=iterators[reader], Limit=due + 2)
            except ClientError:
                continue
            iterators[reader], got[reader] = page["NextShardIterator"], got[reader] + len(page["Records"])
        cloud.run(cloud.now + 1)
    if written * need["applications"] - sum(got) > 2.2 * share * need["applications"] / 2:
        return failed(
            "Applications that poll the stream fell further behind from second to second.", trial.rows[-1]
        )
    return passed("Those that poll keep up.")


def _kept(trial: Trial, made: Mapping[str, str], need: Need) -> Finding:
    """A marked record in each stream: there for as long as one may look back, and gone when it has to be."""
    kinesis, cloud = trial.client("kinesis"), trial.cloud
    cloud.run(cloud.now + 5)
    began_s, at, shards = cloud.now, cloud.datetime, {}
    for name, stream in made.items():
        shards[name] = kinesis.put_record(StreamName=stream, Data=b"marked", PartitionKey="m")["ShardId"]
    looks = [(need[name]["back_h"] * HOUR_S - 60, name, True) for name in made]
    looks += [(need[name]["gone_h"] * HOUR_S + 60, name, False) for name in made]
    for after_s, name, wanted in sorted(looks):
        cloud.run(began_s + after_s)
        place = {"StreamName": made[name], "ShardId": shards[name]}
        iterator = kinesis.get_shard_iterator(**place, ShardIteratorType="AT_TIMESTAMP", Timestamp=at)
        records = kinesis.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
        there = any(record["Data"] == b"marked" for record in records)
        if wanted and not there:
            return failed("A record was gone before everybody had had the time to look back.", trial.rows[-1])
        if there and not wanted:
            return failed("A record could still be read when it had to be gone.", trial.rows[-1])
    return passed("Records were kept for long enough, and not for longer than they may.")


# ---- 3: wages


def draw_wages(random: Random) -> Need:
    """How many applications share a shard, and how soon a position has to count."""
    applications = random.choice((2, 4, 7, 11))
    return {"applications": applications, "fresh_s": round(applications / READS * 1.5 + 0.3, 1)}


IDLE_S = 8


@careful("all", "once", "resume", "pace", of="The stream")
def examine_wages(bench: Bench, need: Need) -> Findings:
    """One copy works and waits; it is stopped; the second dies in the middle of its work; the third ends it."""
    random, fresh_s = bench.random, need["fresh_s"]
    with bench.trial() as trial:
        cloud, kinesis, dynamodb = trial.cloud, trial.client("kinesis"), trial.client("dynamodb")
        kinesis.create_stream(StreamName="trips", ShardCount=2)
        for table, key in (("progress", "shard"), ("trucks", "truck")):
            dynamodb.create_table(
                TableName=table,
                KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        trucks, _ = _trucks(random, open_parts(kinesis, "trips"))
        trucks = trucks[2:6]
        driven: Counter[str] = Counter()

        def drive(count: int) -> None:
            trips: list[Position] = [
                {"truck": trucks[n % len(trucks)], "km": random.randint(3, 90)} for n in range(count)
            ]
            for trip in trips:
                driven[trip["truck"]] += trip["km"]
            kinesis.put_records(StreamName="trips", Records=[entry(trip) for trip in trips])

        def start(name: str) -> Actor:
            return trial.student.spawn("count_km", kinesis, dynamodb, "trips", need, name=name)

        drive(8)
        copies = [start("copy-1")]
        cloud.run(cloud.now + fresh_s + 3, on_error="record")
        idle_from_s = cloud.now
        cloud.run(cloud.now + IDLE_S, on_error="record")
        polls = _polls(trial, "copy-1", idle_from_s)
        after_a_poll(trial, copies[0], "copy-1")
        before = _totals(trial)
        drive(1)
        cloud.run(cloud.now + fresh_s + 0.1, on_error="record")
        fresh = _totals(trial) != before
        cloud.run(cloud.now + 3, on_error="record")
        error = stopped_by(copies)
        yield "pace", crashed(error.sentence) if error else _paced(polls, need, fresh)

        trial.student.restart()
        drive(random.choice((8, 10)))
        cloud.run(cloud.now + 60)
        second = start("copy-2")
        _die_after(trial, second, "copy-2", random.choice((1, 3)), fresh_s + 5)
        trial.student.restart()
        cloud.run(cloud.now + 2)
        third = start("copy-3")
        cloud.run(cloud.now + fresh_s + 5, on_error="record")
        copies += [second, third]
        short, over = _wrong_totals(trial, driven)
        error = stopped_by([second, third])
        yield (
            "all",
            crashed(error.sentence)
            if error
            else (
                failed("A position was never counted: kilometres are missing.", _row_of(trial, "copy-3"))
                if short
                else passed("Every position was counted.")
            ),
        )
        yield (
            "once",
            crashed(error.sentence)
            if error
            else (
                failed(
                    "A position was counted twice: a truck has too many kilometres.", _row_of(trial, "copy-3")
                )
                if over
                else lacking("Nothing was counted.", copies)
                if short == set(driven) and not _totals(trial)
                else passed("No position was counted twice.")
            ),
        )
        yield "resume", crashed(error.sentence) if error else _resumed(trial, idle_from_s)


def _totals(trial: Trial) -> dict[str, float]:
    with quiet(trial):
        items = trial.client("dynamodb").scan(TableName="trucks", ConsistentRead=True)["Items"]
    found = {}
    for item in items:
        try:
            found[item["truck"]["S"]] = float(item["km"]["N"])
        except (KeyError, TypeError, ValueError):
            continue
    return found


def _wrong_totals(trial: Trial, driven: Counter[str]) -> tuple[set[str], set[str]]:
    """Trucks with too few kilometres, and with too many."""
    totals = _totals(trial)
    short = {truck for truck in driven if totals.get(truck, 0) < driven[truck]}
    return short, {truck for truck in driven if totals.get(truck, 0) > driven[truck]}


def _polls(trial: Trial, actor: str, since_s: float) -> list[CallRow]:
    rows = trial.rows
    return [
        row for row in rows if row.actor == actor and row.operation == "GetRecords" and row.start_s >= since_s
    ]


def after_a_poll(trial: Trial, actor: Actor, name: str) -> None:
    """Let the account live until the actor has just polled: what is written then waits longest for it."""
    cloud = trial.cloud
    polls: list[str] = []
    cloud.before("kinesis", "GetRecords", lambda _call: polls.append(cloud.caller))
    until_s = cloud.now + 15
    while name not in polls and not actor.done and cloud.now < until_s:
        cloud.run_until_done(actor, within_s=until_s - cloud.now, calls=cloud.calls + 1)
    cloud.run(cloud.now + 0.05, on_error="record")  # the other shards are polled next


def _too_often(polls: Sequence[CallRow], applications: int, shards: int) -> CallRow | None:
    """The first poll that is one too many: a shard's fair share in any stretch of some seconds, and one more."""
    span_s = max(4.0, 3 * applications / READS)
    most = shards * (span_s * READS / applications + 1)
    for index, row in enumerate(polls):
        earlier = index - int(most)
        if earlier >= 0 and row.start_s - polls[earlier].start_s < span_s:
            return row
    return None


def _paced(polls: Sequence[CallRow], need: Need, fresh: bool) -> Finding:
    often = _too_often(polls, need["applications"], 2)
    if often is not None:
        return failed("It polled the shards more often than its share of their reads.", often)
    if not fresh:
        return failed("A position was not counted as soon as it has to be.", polls[-1] if polls else None)
    return passed("It polled within its share, and counted in time.")


def _die_after(trial: Trial, actor: Actor, name: str, writes: int, within_s: float) -> None:
    """Stop the copy right after so many of its writes to DynamoDB."""
    cloud = trial.cloud
    seen: list[str] = []

    def note(call: Call, _response: Any) -> None:
        if cloud.caller == name:
            seen.append(call.operation)

    for operation in ("UpdateItem", "PutItem", "TransactWriteItems", "BatchWriteItem"):
        cloud.amend("dynamodb", operation, note)
    until_s = cloud.now + within_s
    while len(seen) < writes and not actor.done and cloud.now < until_s:
        cloud.run_until_done(actor, within_s=until_s - cloud.now, calls=cloud.calls + 1)
    actor.stop()


def _row_of(trial: Trial, actor: str) -> CallRow | None:
    return next((row for row in trial.rows if row.actor == actor), None)


def _resumed(trial: Trial, before_s: float) -> Finding:
    """Whether the later copies read nothing that was finished long before the first one was stopped."""
    began = trial.cloud.datetime.timestamp() - trial.cloud.now
    read = False
    for row in trial.rows:
        if row.actor in ("copy-2", "copy-3") and row.operation == "GetRecords":
            for record in row.response.get("Records", []):
                read = True
                if record["ApproximateArrivalTimestamp"].timestamp() - began < before_s:
                    return failed("After a restart it read positions again that it had long finished.", row)
    return (
        passed("After a restart it went on where it was.")
        if read
        else failed("After a restart it read nothing.")
    )


# ---- 4: reshard


def draw_reshard(random: Random) -> Need:
    """KiB a second of six shards, in the order of their ranges: one is too hot, two neighbours are the quietest."""
    while True:
        loads = [random.randrange(150, 500, 10) for _ in range(6)]
        hot = random.randrange(6)
        loads[hot] = random.randrange(1_250, 1_700, 10)
        for lone in random.sample([index for index in range(6) if index != hot], 2):
            loads[lone] = random.randrange(20, 100, 10)
        pairs = sorted(sum(loads[index : index + 2]) for index in range(5))
        quiet_two = sorted(range(6), key=lambda index: loads[index])[:2]
        if pairs[1] - pairs[0] >= 60 and abs(quiet_two[0] - quiet_two[1]) > 1:
            return {"loads_kib_s": loads}


@careful("cost", "all", "order", "room", of="The stream")
def examine_reshard(bench: Bench, need: Need) -> Findings:
    """A stream that was split before, trucks that write all the time, and the shards as the student leaves them."""
    random = bench.random
    with bench.trial() as trial:
        cloud, kinesis = trial.cloud, trial.client("kinesis")
        models = cloud.plane("kinesis").models
        kinesis.create_stream(StreamName="fleet", ShardCount=4)
        trucks, _ = _trucks(random, open_parts(kinesis, "fleet"))
        written: list[Position] = []

        def drive() -> None:
            positions = [{"truck": truck, "number": len(written) + n} for n, truck in enumerate(trucks)]
            kinesis.put_records(StreamName="fleet", Records=[entry(position) for position in positions])
            written.extend(positions)  # afterwards: who writes may be stopped in between

        models.updating_s = 0
        for index in (0, 2):
            drive()
            cloud.run(cloud.now + 1)
            part = open_parts(kinesis, "fleet")[index if index == 0 else 3]
            kinesis.split_shard(StreamName="fleet", ShardToSplit=part.id, NewStartingHashKey=part.middle)
        models.updating_s = random.randint(15, 40)
        before = open_parts(kinesis, "fleet")
        loads = dict(zip((part.id for part in before), need["loads_kib_s"], strict=True))

        def flow() -> None:
            while True:
                drive()
                time.sleep(8)

        producer = cloud.spawn(flow, name="trucks", background=True)
        cloud.run(cloud.now + 10)
        shuffled = dict(random.sample(list(loads.items()), len(loads)))
        _, crash = tried(lambda: trial.student.call("reshard", kinesis, "fleet", shuffled, within_s=600))
        row = trial.rows[-1]
        with quiet(trial):
            after = open_parts(kinesis, "fleet")
            summary = kinesis.describe_stream_summary(StreamName="fleet")["StreamDescriptionSummary"]
        yield "cost", crash or _cost(before, after, need["loads_kib_s"], row)
        cloud.run(cloud.now + 60)
        producer.stop()
        cloud.run(cloud.now + 2)
        found, crash_read = tried(lambda: trial.student.call("read_all", kinesis, "fleet", within_s=600))
        rows = [row for row in trial.rows if row.actor.startswith("you") and row.operation == "GetRecords"]
        yield "all", crash_read or _read_once(written, found, rows)
        yield "order", crash_read or _read_in_order(written, found, rows)
        if crash is None and summary["StreamStatus"] != "ACTIVE":
            crash = failed("reshard returned while the stream was still being changed.", row)
        yield "room", crash or _room(trial, before, need["loads_kib_s"])


def _quietest(loads: Sequence[int]) -> int:
    """The place of the lower one of the two neighbours that get least."""
    return min(range(len(loads) - 1), key=lambda index: loads[index] + loads[index + 1])


def _room(trial: Trial, before: Sequence[Part], loads: Sequence[int]) -> Finding:
    """A second of the whole load, each shard's evenly over the range that it had."""
    kinesis = trial.client("kinesis")
    trial.cloud.run(trial.cloud.now + 2)
    entries = []
    for part, load in zip(before, loads, strict=True):
        count = max(1, round(load / 50))
        for number in range(count):
            at = part.low + (part.high - part.low) * (2 * number + 1) // (2 * count)
            entries.append({"Data": b"x" * (50 * KIB - 1), "PartitionKey": "x", "ExplicitHashKey": str(at)})
    refused = sum(
        kinesis.put_records(StreamName="fleet", Records=batch)["FailedRecordCount"]
        for batch in _batches(entries, 50)
    )
    if refused:
        return failed("After reshard a shard still refused some of its load.", trial.rows[-1])
    return passed("Every shard takes its load.")


def _cost(before: Sequence[Part], after: Sequence[Part], loads: Sequence[int], row: CallRow) -> Finding:
    if len(after) > len(before):
        return failed("When reshard had returned, the stream had more open shards than before.", row)
    if len(after) < len(before):
        return failed("When reshard had returned, the stream had fewer open shards than before.", row)
    hot, low = max(range(len(loads)), key=lambda index: loads[index]), _quietest(loads)
    same = [part for part in before if part in after]
    wanted = [part for index, part in enumerate(before) if index not in (hot, low, low + 1)]
    if same == list(before):
        return failed("When reshard had returned, no shard had changed.", row)
    if same != wanted:
        return failed(
            "Other shards were changed than the hot one and the two neighbours that get least.", row
        )
    return passed("The stream has as many shards as before, and only those that had to have changed.")


def _read_once(written: Sequence[Position], found: Any, rows: Sequence[CallRow]) -> Finding:
    row = rows[-1] if rows else None
    if not isinstance(found, list):
        return failed("read_all returned no list.", row)
    numbers = Counter(numbers_of(found))
    if any(not numbers[position["number"]] for position in written):
        return failed("A position is missing that was written before the shards changed, or later.", row)
    if any(numbers[position["number"]] > 1 for position in written):
        return failed("A position was read twice.", row)
    return passed("Every position was read.")


def _read_in_order(written: Sequence[Position], found: Any, rows: Sequence[CallRow]) -> Finding:
    row = rows[-1] if rows else None
    mine = found if isinstance(found, list) else []
    read = 0
    for truck in dict.fromkeys(position["truck"] for position in written):
        numbers = numbers_of(of_truck(mine, truck))
        read += len(numbers)
        if any(later < earlier for earlier, later in pairwise(numbers)):
            return failed("A truck went back in time: a child shard was read before its parents.", row)
    return (
        passed("The positions of each truck were read in order.")
        if read
        else failed("No position was read.", row)
    )


# ---- 5: dashboard


def draw_dashboard(random: Random) -> Need:
    """How many applications share the shards, how soon a position is shown, and for how long the screen may hang."""
    applications = random.choice((2, 5, 8, 12))
    return {
        "applications": applications,
        "fresh_s": round(applications / READS * 1.4 + 0.3, 1),
        "hang_min": random.randint(6, 9),
    }


@careful("share", "refused", "hung", "once", of="The stream")
def examine_dashboard(bench: Bench, need: Need) -> Findings:
    """A dashboard that starts late, then polls, is refused for half a minute, and hangs for some minutes."""
    random, fresh_s = bench.random, need["fresh_s"]
    with bench.trial() as trial:
        cloud, kinesis = trial.cloud, trial.client("kinesis")
        kinesis.create_stream(StreamName="positions", ShardCount=2)
        trucks, _ = _trucks(random, open_parts(kinesis, "positions"))
        trucks = trucks[2:6]
        shown: list[tuple[float, Any]] = []
        written: dict[str, list[Position]] = {}
        hang: list[float] = []

        def drive(when: str) -> None:
            batch = [{"truck": truck, "number": random.getrandbits(40)} for truck in trucks]
            written.setdefault(when, []).extend(batch)
            kinesis.put_records(StreamName="positions", Records=[entry(position) for position in batch])

        def show(position: Any) -> None:
            shown.append((cloud.now, position))
            if hang:
                time.sleep(hang.pop())

        drive("before")
        cloud.run(cloud.now + 5)
        since = cloud.datetime
        cloud.run(cloud.now + 1)
        drive("early")
        cloud.run(cloud.now + random.randint(10, 30))
        screen = trial.student.spawn("dashboard", kinesis, "positions", since, need["applications"], show)
        cloud.run(cloud.now + fresh_s + 4, on_error="record")
        idle_s = cloud.now
        cloud.run(idle_s + IDLE_S, on_error="record")
        polls = _polls(trial, "dashboard", idle_s)
        after_a_poll(trial, screen, "dashboard")
        began_s = cloud.now
        drive("calm")
        cloud.run(cloud.now + fresh_s + 2, on_error="record")
        prompt = _shown_by(shown, written["calm"], began_s + fresh_s + 0.1)
        yield "share", _shared(polls, need, prompt, screen)

        until_s = cloud.now + 30
        _refuse(trial, until_s)
        drive("refused")
        cloud.run(until_s - random.randint(8, 12), on_error="record")
        drive("refused")
        cloud.run(until_s + 15 + 2 * fresh_s, on_error="record")
        drive("later")
        cloud.run(cloud.now + fresh_s + 3, on_error="record")
        yield (
            "refused",
            _was_shown(trial, shown, written["refused"], screen, "While a shard refused to be read"),
        )

        hang.append(need["hang_min"] * 60)
        drive("hung")
        cloud.run(cloud.now + 60, on_error="record")
        drive("hung")
        cloud.run(cloud.now + need["hang_min"] * 60 + 15 + 2 * fresh_s, on_error="record")
        yield "hung", _was_shown(trial, shown, written["hung"], screen, "While the screen hung")
        yield "once", _shown_once(trial, shown, written, screen)


def _refuse(trial: Trial, until_s: float) -> None:
    """Another application catches up and takes all that the shards hand out."""
    cloud = trial.cloud

    def refuse(_call: Call) -> None:
        if cloud.caller == "dashboard" and cloud.now < until_s:
            raise ServiceError("ProvisionedThroughputExceededException", "Rate exceeded for the shard.")

    cloud.before("kinesis", "GetRecords", refuse)


def _shown_by(shown: Sequence[tuple[float, Any]], positions: Sequence[Position], at_s: float) -> bool:
    there = [position for when_s, position in shown if when_s <= at_s]
    return all(position in there for position in positions)


def _shared(polls: Sequence[CallRow], need: Need, prompt: bool, screen: Actor) -> Finding:
    often = _too_often(polls, need["applications"], 2)
    if often is not None:
        return failed("The dashboard polled the shards more often than its share of their reads.", often)
    if not prompt:
        return lacking(
            "A position was not shown as soon as it has to be.", [screen], polls[-1] if polls else None
        )
    return passed("The dashboard kept to its share, and showed positions in time.")


def _was_shown(
    trial: Trial, shown: Sequence[tuple[float, Any]], positions: Sequence[Position], screen: Actor, when: str
) -> Finding:
    if _shown_by(shown, positions, math.inf):
        return passed(f"{when}, nothing was lost.")
    refused = [row for row in trial.rows if row.actor == "dashboard" and row.error]
    return lacking(
        f"{when}, a position was written that was never shown.", [screen], refused[-1] if refused else None
    )


def _shown_once(
    trial: Trial, shown: Sequence[tuple[float, Any]], written: Mapping[str, list[Position]], screen: Actor
) -> Finding:
    row = next((row for row in trial.rows if row.actor == "dashboard"), None)
    positions = [position for _, position in shown]
    if any(position in positions for position in written["before"]):
        return failed("Positions from before the start were shown.", row)
    if any(count > 1 for count in Counter(numbers_of(positions)).values()):
        return failed("A position was shown twice.", row)
    wanted = [one for when, batch in written.items() if when != "before" for one in batch]
    for truck in dict.fromkeys(position["truck"] for position in wanted):
        mine = [one for one in of_truck(wanted, truck) if one in positions]
        if of_truck(positions, truck) != mine:
            return failed("A truck went back in time on the screen.", row)
    if any(position not in positions for position in (*written["early"], *written["calm"])):
        return lacking(
            "A position was never shown that came after the start, in a quiet hour.", [screen], row
        )
    return passed("Positions were shown once, in the order of each truck.")
