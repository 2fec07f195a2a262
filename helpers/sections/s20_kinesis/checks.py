"""Live checks of section 20: does the learner's account now do what the Your-turn cell asks?

Each `look` reads the account by quiet questions and by its trail, changes nothing and leaves no row in the trail. It
judges a need ("a fault is found within four days"), so several settings pass, and one that is too large fails like one
that is too small. The docstring of each says what the notebook's cell has to ask for and which names it uses.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

from helpers.cloud import Account, ServiceError
from helpers.experiments import CallRow, calls, plural
from helpers.sections.checks import Check, Result, failed, not_attempted, passed

MIB = 1_048_576
THROTTLED = "ProvisionedThroughputExceededException"

# ---- stream

FRIDAY_TO_TUESDAY_H, WEEK_H = 96, 168


def look_stream(account: Account) -> Result:
    """The stream `wages`: what is wrong since Friday noon is still there on Tuesday noon, and no more than a week.

    The cell creates a stream called `wages`; the decision left blank is its retention in hours (96 to 168 are right).
    """
    found = _stream(account, "wages")
    if found is None:
        return not_attempted("There is no stream called wages yet.")
    hours = int(found["RetentionPeriodHours"])
    if hours < FRIDAY_TO_TUESDAY_H:
        return failed(
            f"After {hours} hours the first wrong record is gone; from Friday to Tuesday noon it is "
            f"{FRIDAY_TO_TUESDAY_H}."
        )
    if hours > WEEK_H:
        return failed(f"{hours} hours are more than a week, and each hour beyond 24 is paid.")
    return passed(f"On Tuesday all is still there: {hours} hours, of which {FRIDAY_TO_TUESDAY_H} are needed.")


# ---- write

ORDERS = 1_800


def look_write(account: Account) -> Result:
    """The stream `orders`: no order is refused, and the orders of a customer are in one shard.

    The cell puts 1,800 orders into a stream of two or more shards called `orders`, within a second, with
    `country`, `customer` and `order` in the data; the decision left blank is which of them is the partition key.
    """
    if _stream(account, "orders") is None:
        return not_attempted("There is no stream called orders yet.")
    taken, refused = _put(account, "orders")
    if len(taken) + refused < ORDERS:
        return not_attempted(f"{len(taken) + refused:,} of {ORDERS:,} orders were sent so far.")
    if refused:
        return failed(
            f"{refused:,} of {ORDERS:,} orders were refused: too many have the same key, and so the same shard."
        )
    shards: dict[str, set[str]] = defaultdict(set)
    for shard_id, data in taken:
        shards[_part(data, "customer")].add(shard_id)
    torn = sum(len(ids) > 1 for ids in shards.values())
    if torn:
        return failed(
            f"The orders of {plural(torn, 'customer')} lie in several shards, so nothing keeps their order."
        )
    return passed(f"All {ORDERS:,} orders are written, and those of a customer are in one shard.")


# ---- read

MOST_DELAY_S, READERS, WATCHED_S = 2.0, 4, 30.0


def look_read(account: Account) -> Result:
    """The stream `pumps`: four readers poll its shard, none is refused, and each asks at least every two seconds.

    The cell lets the actors `reader-1` to `reader-4` poll the one shard of `pumps` for half a minute, with a client
    that does not retry; the decision left blank is the pause between two polls of a reader (0.8 to 2 s are right).
    """
    if _stream(account, "pumps") is None:
        return not_attempted("There is no stream called pumps yet.")
    polls: dict[str, list[CallRow]] = defaultdict(list)
    for row in calls(account.trail):
        if row.operation == "GetRecords" and row.actor.startswith("reader"):
            polls[row.actor].append(row)
    if len(polls) < READERS:
        return not_attempted(f"{len(polls)} of {READERS} readers have polled so far.")
    refused = sum(row.error == THROTTLED for rows in polls.values() for row in rows)
    if refused:
        return failed(
            f"{plural(refused, 'poll')} were refused: a shard answers five a second, of all readers together."
        )
    widest = max(
        (later.start_s - sooner.start_s for rows in polls.values() for sooner, later in pairwise(rows)),
        default=WATCHED_S,
    )
    if widest > MOST_DELAY_S + 0.1:
        return failed(
            f"{widest:.1f} s pass between two polls of a reader; a record may wait {MOST_DELAY_S:g} s."
        )
    return passed(f"No poll was refused, and a record waits at most {widest:.1f} s for the next.")


# ---- workers

MOST_REPEATS, MOST_CHECKPOINTS, PARCELS = 25, 12, 200


def look_workers(account: Account) -> Result:
    """The application `parcels`: a crash repeats at most 25 records, and its table takes at most 12 checkpoints.

    The cell puts 200 records into a stream of one shard called `parcels` and lets a worker of the application
    `parcels` process them one by one; the decision left blank is how many records it processes for each checkpoint
    (16 to 25 are right).
    """
    place = {str(number): index + 1 for index, (number, _) in enumerate(_numbers(account, "parcels"))}
    if len(place) < PARCELS:
        return not_attempted(f"{len(place)} of {PARCELS} records are in the stream parcels.")
    saved = [
        place.get(values[":position"]["S"], len(place))
        for row in calls(account.trail)
        if row.operation == "UpdateItem"
        and row.parameters.get("TableName") == "parcels"
        and row.error is None
        if ":position" in (values := row.parameters.get("ExpressionAttributeValues", {}))
    ]
    gaps = [later - sooner for sooner, later in zip([0, *saved], [*saved, len(place)], strict=True)]
    if max(gaps) > MOST_REPEATS:
        return failed(
            f"A crash may repeat {max(gaps)} records, those since the last checkpoint; {MOST_REPEATS} are allowed."
        )
    if len(saved) > MOST_CHECKPOINTS:
        return failed(
            f"{len(saved)} checkpoints are {len(saved)} writes to the lease table; {MOST_CHECKPOINTS} are allowed."
        )
    return passed(f"{len(saved)} checkpoints, and a crash repeats {max(gaps)} records at most.")


# ---- reshard

NEEDED_SHARDS, SPARE_SHARDS = 8, 1


def look_reshard(account: Account) -> Result:
    """The stream `sensors`: enough shards for its writers and readers, and at most one to spare.

    The cell asks for: 2,500 records of 3 KiB a second, with keys that spread; two applications poll, a third is
    registered for enhanced fan-out. Writing needs 7.32 shards, the two that poll 7.32 as well, the records 2.5. The
    decision left blank is the number of shards (8 and 9 are right).
    """
    found = _stream(account, "sensors")
    if found is None:
        return not_attempted("There is no stream called sensors yet.")
    shards = int(found["OpenShardCount"])
    if shards < NEEDED_SHARDS:
        return failed(
            f"7,500 KiB a second are written, and {plural(shards, 'shard')} take {1_024 * shards:,}."
        )
    if shards > NEEDED_SHARDS + SPARE_SHARDS:
        return failed(
            f"{shards} shards are more than are used: the two that poll read 15,000 KiB a second, at 2,048 for each "
            "shard; a registered consumer has a rate of its own."
        )
    return passed(f"{shards} shards take 7,500 KiB a second, and give those that poll 15,000.")


# ---- firehose

LEAST_FILE, MOST_WAIT_S = 2 * MIB, 180


def look_firehose(account: Account) -> Result:
    """The Firehose stream `taps`: its files have 2 MiB or more, and no record waits longer than three minutes.

    The cell puts 20 KiB a second for ten minutes into `taps`, which delivers to the bucket `tap-files` with a buffer
    size of 128 MiB; the decision left blank is the buffer time (103 to 180 s are right).
    """
    rows = calls(account.trail)
    puts = [
        row.start_s
        for row in rows
        if row.operation == "PutRecord"
        and row.parameters.get("DeliveryStreamName") == "taps"
        and row.error is None
    ]
    if not puts:
        return not_attempted("Nothing was put into a Firehose stream called taps yet.")
    files = [
        (row.start_s, len(row.parameters["Body"]))
        for row in rows
        if row.operation == "PutObject"
        and row.parameters.get("Bucket") == "tap-files"
        and row.actor == "firehose"
    ]
    if len(files) < 2:
        return failed(f"In ten minutes {plural(len(files), 'file')} came; a record may wait {MOST_WAIT_S} s.")
    first_wait = files[0][0] - puts[0]
    if first_wait > MOST_WAIT_S + 1:
        return failed(
            f"The first record waited {first_wait:.0f} s for its file; {MOST_WAIT_S} s are allowed."
        )
    smallest = min(size for _, size in files[:-1])  # the last is what was left when the taps were closed
    if smallest < LEAST_FILE:
        return failed(f"A file has {smallest / MIB:.2f} MiB; it should have {LEAST_FILE // MIB} or more.")
    return passed(
        f"Files of {smallest / MIB:.2f} MiB or more, and no record waits longer than {first_wait:.0f} s."
    )


# ---- compare

SOLD = 20


def look_compare(account: Account) -> Result:
    """Both applications, `shipping` at once and `reports` a day's work later, got each of the 20 sales.

    The cell sends 20 sales through a queue, a topic or a stream, whose name is the decision left blank, and reads them
    as the actors `shipping` and `reports`.
    """
    got: dict[str, Counter[str]] = {"shipping": Counter(), "reports": Counter()}
    asked = set()
    for row in calls(account.trail):
        if row.actor not in got or row.operation not in ("ReceiveMessage", "GetRecords"):
            continue
        asked.add(row.actor)
        reply = row.response or {}
        got[row.actor].update(message["Body"] for message in reply.get("Messages", ()))
        got[row.actor].update(bytes(record["Data"]).decode() for record in reply.get("Records", ()))
    if len(asked) < len(got):
        return not_attempted("Nobody has read a sale yet.")
    for name, found in got.items():
        if len(found) < SOLD:
            return failed(f"{name} got {len(found)} of {SOLD} sales.")
    return passed(f"shipping and reports each got all {SOLD} sales.")


CHECKS = (
    Check(
        "20_kinesis.stream",
        "A fault since Friday noon can be mended on Tuesday noon, and no more than a week is kept.",
        look_stream,
    ),
    Check(
        "20_kinesis.write",
        "All orders are written, and those of a customer are in one shard.",
        look_write,
        ("total_counts", "order_across_stream"),
    ),
    Check(
        "20_kinesis.read",
        "Four readers poll without a refusal, and no record waits longer than 2 s.",
        look_read,
        ("consumers_do_not_share",),
    ),
    Check(
        "20_kinesis.workers",
        "A crash repeats at most 25 records, and 200 records take at most 12 checkpoints.",
        look_workers,
        ("exactly_once",),
    ),
    Check(
        "20_kinesis.reshard",
        "The stream sensors has enough shards, and at most one to spare.",
        look_reshard,
        ("consumers_do_not_share",),
    ),
    Check(
        "20_kinesis.firehose",
        "Files have 2 MiB or more, and no record waits longer than three minutes.",
        look_firehose,
        ("buffer_needs_both",),
    ),
    Check(
        "20_kinesis.compare",
        "Both applications get all sales, although one starts later.",
        look_compare,
        ("queue_copies", "reading_deletes"),
    ),
)


def _stream(account: Account, name: str) -> dict[str, Any] | None:
    """What the account says of the stream, or None if there is none of that name."""
    try:
        reply = account.ask("kinesis", "DescribeStreamSummary", {"StreamName": name})
    except ServiceError:
        return None
    return dict(reply["StreamDescriptionSummary"])


def _put(account: Account, name: str) -> tuple[list[tuple[str, str]], int]:
    """The shard and the data of each record that the stream took, and how many it refused."""
    taken, refused = [], 0
    for row in calls(account.trail):
        if row.operation != "PutRecords" or row.parameters.get("StreamName") != name or not row.response:
            continue
        for entry, reply in zip(row.parameters["Records"], row.response["Records"], strict=True):
            if "ErrorCode" in reply:
                refused += 1
            else:
                taken.append((reply["ShardId"], _text(entry["Data"])))
    return taken, refused


def _numbers(account: Account, name: str) -> list[tuple[str, str]]:
    """The sequence number and the data of each record that the stream took, in the order of writing."""
    found = []
    for row in calls(account.trail):
        if row.parameters.get("StreamName") != name or not row.response:
            continue
        if row.operation == "PutRecord":
            found.append((row.response["SequenceNumber"], _text(row.parameters["Data"])))
        elif row.operation == "PutRecords":
            for entry, reply in zip(row.parameters["Records"], row.response["Records"], strict=True):
                if "SequenceNumber" in reply:
                    found.append((reply["SequenceNumber"], _text(entry["Data"])))
    return found


def _part(text: str, name: str) -> str:
    """The value of `name` in the JSON that a record carries."""
    return str(json.loads(text)[name])


def _text(data: str | bytes) -> str:
    return data.decode() if isinstance(data, bytes) else str(data)
