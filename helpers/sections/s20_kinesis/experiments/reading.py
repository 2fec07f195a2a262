"""What a trail says of streams: the records that were put, taken and refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from helpers.experiments import CallRow

GUIDE = "https://docs.aws.amazon.com/streams/latest/dev/"
API = "https://docs.aws.amazon.com/kinesis/latest/APIReference/"
MIB = 2**20
HASH_KEYS = 2**128
THROTTLED = "ProvisionedThroughputExceededException"


class Put(NamedTuple):
    """One record in one call of PutRecord or PutRecords: its shard, whether that took it, and the data.

    `sequence` is its sequence number, "" if it was refused.
    """

    time_s: float
    shard: str
    key: str
    data: bytes
    taken: bool
    sequence: str


def puts(rows: Iterable[CallRow]) -> Iterator[Put]:
    """The records that producers put, in the order of the calls. Calls that failed as a whole have none."""
    for row in rows:
        if row.operation == "PutRecords" and row.response:
            for entry, answer in zip(row.parameters["Records"], row.response["Records"], strict=True):
                yield _put(row.end_s, entry, answer)
        elif row.operation == "PutRecord" and row.response:
            yield _put(row.end_s, row.parameters, row.response)


def _put(time_s: float, entry: dict[str, Any], answer: dict[str, Any]) -> Put:
    shard = answer.get("ShardId") or shard_of(answer["ErrorMessage"])
    sequence = answer.get("SequenceNumber", "")
    return Put(time_s, shard, entry["PartitionKey"], entry["Data"], "ErrorCode" not in answer, sequence)


class Got(NamedTuple):
    """One call of GetRecords that was answered: its reader, the shard it read, and the records as they came."""

    time_s: float
    actor: str
    shard: str
    records: list[dict[str, Any]]


def gets(rows: Iterable[CallRow]) -> Iterator[Got]:
    """The reads, in the order of the calls. Iterators name no shard: it is that of the first one of the chain."""
    shards: dict[str, str] = {}
    for row in rows:
        if row.operation == "GetShardIterator" and row.response:
            shards[row.response["ShardIterator"]] = row.parameters["ShardId"]
        elif row.operation == "GetRecords" and row.response:
            shard = shards[row.parameters["ShardIterator"]]
            if "NextShardIterator" in row.response:
                shards[row.response["NextShardIterator"]] = shard
            yield Got(row.end_s, row.actor, shard, row.response["Records"])


def shard_of(message: str) -> str:
    """The shard that an error message names. Raises LookupError if it names none."""
    found = re.search(r"shardId-\d{12}", message)
    if found is None:
        raise LookupError(f"No shard in {message!r}.")
    return found[0]


def short(shard_id: str) -> str:
    """The number of a shard as people read it: shardId-000000000007 is 7."""
    return str(int(shard_id.rpartition("-")[2]))
