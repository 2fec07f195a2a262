"""The partitions behind a table or a global index: which key lies where, and what each of them can take.

AWS: GUIDE/HowItWorks.Partitions.html, GUIDE/burst-adaptive-capacity.html. Where DynamoDB puts a key is its own affair;
here a hash of the partition key decides, the same for every run.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable

from helpers.dataplane.dynamodb.bucket import Bucket
from helpers.dataplane.dynamodb.limits import MINUTE_US, SECOND_US
from helpers.dataplane.dynamodb.size import Value
from helpers.dataplane.dynamodb.values import number

_SPACE = 2**32
_COOL_US = MINUTE_US  # a partition that refused nothing for a minute is not hot any more


def position_of(values: Iterable[Value]) -> int:
    """Where a partition key lies in the space of hashes: a whole number below 2**32."""
    parts = []
    for value in values:
        for kind, content in value.items():
            data = content if kind == "B" else (number(content) if kind == "N" else content).encode()
            parts.append(b"%s%d:%s" % (kind.encode(), len(data), data))
    return int.from_bytes(hashlib.blake2b(b"".join(parts), digest_size=4).digest())


class _Partition:
    """What one partition can take now, and since when it has had to refuse."""

    __slots__ = ("bucket", "hot_since_us", "last_us", "refused")

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.refused: Counter[int] = Counter()
        self.hot_since_us = self.last_us = -_COOL_US


class Partitions:
    """The ranges of the hash space, each with a limit of its own, for reads or for writes."""

    def __init__(self, count: int, limit: float, kept_s: float, now_us: int) -> None:
        """`count` equal ranges, each good for `limit` units a second, `kept_s` seconds of which are kept."""
        self._splits: set[int] = set()
        self._held: dict[int, _Partition] = {}
        self.spread(count, limit, kept_s, now_us)

    def __len__(self) -> int:
        return len(self._starts)

    def spread(self, count: int, limit: float, kept_s: float, now_us: int) -> None:
        """Have `count` equal ranges, and those that were split off because of heat; `limit` holds for each."""
        self._limit, self._kept_s = limit, kept_s
        self._starts = sorted({_SPACE * number // count for number in range(count)} | self._splits)
        self._held = {start: self._held[start] for start in self._starts if start in self._held}
        for partition in self._held.values():
            partition.bucket.resize(limit, kept_s, now_us)

    def number(self, position: int) -> int:
        """Which partition, counted from 0, holds a position."""
        return bisect_right(self._starts, position) - 1

    def start(self, position: int) -> int:
        """The first position of the partition that holds a position."""
        return self._starts[bisect_right(self._starts, position) - 1]

    def holds(self, position: int, units: float, now_us: int) -> bool:
        """True if the partition of `position` can take a request of `units` now."""
        return self._of(position, now_us).bucket.holds(units, now_us)

    def take(self, position: int, units: float, now_us: int) -> None:
        """A request of `units` reaches the partition of `position`."""
        self._of(position, now_us).bucket.take(units, now_us)

    def refuse(self, position: int, now_us: int, split_after_s: float | None) -> None:
        """The partition had to refuse a request. One that did so for `split_after_s` is split (None: never)."""
        partition = self._of(position, now_us)
        if now_us - partition.last_us > _COOL_US:
            partition.hot_since_us = now_us
            partition.refused.clear()
        partition.last_us = now_us
        partition.refused[position] += 1
        if split_after_s is not None and now_us - partition.hot_since_us >= split_after_s * SECOND_US:
            self._split(partition.refused)

    def _of(self, position: int, now_us: int) -> _Partition:
        start = self.start(position)
        partition = self._held.get(start)
        if partition is None:
            bucket = Bucket(self._limit, self._kept_s, 1, now_us)
            partition = self._held[start] = _Partition(bucket)
        return partition

    def _split(self, refused: Counter[int]) -> None:
        """Give the hottest key a partition of its own if most of the heat is its, else part the keys in the middle."""
        hottest, most = refused.most_common(1)[0]
        new = {hottest, hottest + 1} if 2 * most >= refused.total() else {_middle(refused)}
        refused.clear()
        new -= {*self._starts, _SPACE}
        if new:
            del self._held[self.start(hottest)]
            self._splits |= new
            self._starts = sorted({*self._starts, *new})


def _middle(refused: Counter[int]) -> int:
    """The first position that has at least half of the heat below it."""
    below = 0
    for position in sorted(refused):
        if 2 * below >= refused.total():
            return position
        below += refused[position]
    return position
