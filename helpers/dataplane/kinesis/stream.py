"""A stream: its shards, which of them takes a key, and how they are split and merged.

AWS: GUIDE/key-concepts.html, GUIDE/kinesis-using-sdk-java-resharding-strategies.html.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from typing import Any

from helpers.cloud import Account
from helpers.dataplane.kinesis import errors, limits
from helpers.dataplane.kinesis.consumer import Consumer
from helpers.dataplane.kinesis.shard import Record, Shard

HASH_KEYS = 2**128


class Stream:
    """One stream of an account. Spans of its past are kept in microseconds since the Cloud was opened."""

    def __init__(self, account: Account, arn: str, created: Any) -> None:
        """`created` is moto's StreamCreationTimestamp: another one means another stream."""
        self.account = account
        self.arn = arn
        _, _, _, self.region, self.account_id, resource = arn.split(":", 5)
        self.name = resource.partition("/")[2]
        self.created = created
        self.began_us = account.now_us
        self.status = "ACTIVE"
        self.on_demand = False
        self.spread_evenly = False
        """RecordDistributionStrategy AUTO: keys are ignored (API/API_UpdateStreamRecordDistributionStrategy.html)."""
        self.retention_us = limits.RETENTION_H[0] * limits.HOUR_US
        self.max_record_bytes = limits.RECORD_KIB[0] * limits.KIB
        self.encryption = "NONE"
        self.shard_metrics: frozenset[str] = frozenset()
        self.count_updates: deque[int] = deque()
        self.mode_switches: deque[int] = deque()
        self.written: Callable[[Shard, Record], None] | None = None
        """Hears of each record of an on-demand stream."""
        self.consumers: dict[str, Consumer] = {}
        """Name -> registered consumer."""
        self.moto_shards = 0
        """How many shards moto last said the stream has: it changes only when a stack changes it."""
        self.deleted = False
        self._shards: dict[str, Shard] = {}
        self._open: list[Shard] = []
        self._lows: list[int] = []
        self._numbers = 0
        self._place = 0
        self._turn = 0
        self._hashes: dict[str, int] = {}

    # Shards

    def begin(self, count: int) -> None:
        """Start with `count` shards of equal ranges."""
        for number in range(count):
            low, high = HASH_KEYS * number // count, HASH_KEYS * (number + 1) // count - 1
            self._add(low, high)

    def shards(self) -> list[Shard]:
        """The shards that have not expired, in the order of their ids (GUIDE, after-resharding)."""
        now_us = self.account.now_us
        gone = [shard for shard in self._shards.values() if shard.expired(self.retention_us, now_us)]
        for shard in gone:
            del self._shards[shard.id]
        return list(self._shards.values())

    def open_shards(self) -> list[Shard]:
        """The shards that take records, in the order of their ranges."""
        return self._open

    def shard(self, shard_id: str) -> Shard:
        """The shard of this id, its expired records forgotten. Raises ResourceNotFoundException."""
        shard = self._shards.get(shard_id)
        now_us = self.account.now_us
        if shard is None or shard.expired(self.retention_us, now_us):
            raise errors.missing_shard(shard_id, self.name, self.account_id)
        shard.trim(self.retention_us, now_us)
        return shard

    def split(self, shard: Shard, at: int) -> tuple[Shard, Shard]:
        """Close the shard; its children share its range, the upper one begins at the hash key `at`."""
        self._close(shard)
        children = self._add(shard.low, at - 1, shard), self._add(at, shard.high, shard)
        shard.children = list(children)
        return children

    def merge(self, first: Shard, second: Shard) -> Shard:
        """Close two adjacent shards; one child has both ranges."""
        self._close(first)
        self._close(second)
        child = self._add(min(first.low, second.low), max(first.high, second.high), first, second)
        first.children = second.children = [child]
        return child

    def resize(self, target: int) -> None:
        """Have `target` open shards of equal ranges, by splits and merges (API/API_UpdateShardCount.html)."""
        bounds = [HASH_KEYS * number // target for number in range(target)]
        for bound in bounds:
            shard = self.at(bound)
            if shard.low < bound:
                self.split(shard, bound)
        for low, end in zip(bounds, [*bounds[1:], HASH_KEYS], strict=True):
            shard = self.at(low)
            while shard.high + 1 < end:
                shard = self.merge(shard, self.at(shard.high + 1))

    def at(self, hash_key: int) -> Shard:
        """The open shard whose range holds the hash key."""
        return self._open[bisect_right(self._lows, hash_key) - 1]

    def _add(self, low: int, high: int, *parents: Shard) -> Shard:
        number = self._numbers
        self._numbers += 1
        shard = Shard(number, low, high, self._place, self.account.now_us, self.account.signal(), parents)
        self._place += 1
        self._shards[shard.id] = shard
        index = bisect_right(self._lows, low)
        self._open.insert(index, shard)
        self._lows.insert(index, low)
        return shard

    def _close(self, shard: Shard) -> None:
        shard.close(self._place, self.account.now_us)
        self._place += 1
        index = bisect_right(self._lows, shard.low) - 1
        del self._open[index], self._lows[index]

    # Records

    def route(self, entry: dict[str, Any]) -> Shard:
        """The shard that takes an entry of PutRecords: by ExplicitHashKey, else by the MD5 hash of the partition key
        (API/API_PutRecord.html); in turn where keys are ignored. Raises InvalidArgumentException.
        """
        if self.spread_evenly:
            self._turn += 1
            return self._open[self._turn % len(self._open)]
        explicit = entry.get("ExplicitHashKey")
        if explicit is None:
            return self.at(self._hash(entry["PartitionKey"]))
        if not explicit.isdecimal() or int(explicit) >= HASH_KEYS:
            raise errors.invalid_argument(f"ExplicitHashKey {explicit} is not a number from 0 to 2^128 - 1.")
        return self.at(int(explicit))

    def _hash(self, key: str) -> int:
        known = self._hashes.get(key)
        if known is None:
            if len(self._hashes) > 100_000:
                self._hashes.clear()
            digest = hashlib.md5(key.encode(), usedforsecurity=False).digest()
            known = self._hashes[key] = int.from_bytes(digest, "big")
        return known

    def next_place(self) -> int:
        """A place behind all places so far."""
        place = self._place
        self._place += 1
        return place

    @property
    def places(self) -> int:
        """How many places were given out."""
        return self._place

    def require_active(self) -> None:
        """Raise ResourceInUseException while the stream is being created or changed."""
        if self.status != "ACTIVE":
            raise errors.in_use(
                f"Stream {self.name} under account {self.account_id} not ACTIVE, instead in state {self.status}"
            )
