"""A cache: answers by what was asked, for a time and up to a number. AWS: GUIDE/DAX.concepts.html."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from helpers.dataplane.dynamodb.dax.cluster import Cluster

Reply = dict[str, Any]


@dataclass(slots=True)
class _Entry:
    """A reply, since when the primary node has it, and what the other nodes have until they hear of it."""

    reply: Reply
    since_us: int
    before: _Entry | None


class Cache:
    """Replies that stay for `ttl_us` (None: for ever).

    Beyond `capacity` of them (None: no limit) the least recently used one is evicted.
    """

    def __init__(self, cluster: Cluster, ttl_us: int | None, capacity: int | None) -> None:
        self._cluster = cluster
        self._ttl_us = ttl_us
        self._capacity = capacity
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    def get(self, key: Hashable) -> Reply | None:
        """The reply that the node has whose turn it is, or None."""
        now_us, behind_us = self._cluster.now_us, self._cluster.behind_us
        entry = self._entries.get(key)
        while entry is not None and now_us < entry.since_us + behind_us:
            entry = entry.before
        if entry is None or (self._ttl_us is not None and now_us - entry.since_us > self._ttl_us):
            return None
        self._entries.move_to_end(key)
        return entry.reply

    def put(self, key: Hashable, reply: Reply) -> None:
        """Keep a reply on the primary node; the others hear of it."""
        now_us, lag_us = self._cluster.now_us, self._cluster.lag_us
        before = self._entries.get(key) if lag_us else None
        if before is not None and now_us >= before.since_us + lag_us:
            before.before = None  # every node has heard of it
        self._entries[key] = _Entry(reply, now_us, before)
        self._entries.move_to_end(key)
        if self._capacity is not None and len(self._entries) > self._capacity:
            self._entries.popitem(last=False)

    def drop(self, key: Hashable) -> None:
        """Forget a reply, on all nodes."""
        self._entries.pop(key, None)


def frozen(value: Any) -> Hashable:
    """Parameters of a call as something to look up."""
    if isinstance(value, dict):
        return tuple(sorted((name, frozen(inner)) for name, inner in value.items()))
    if isinstance(value, (list, tuple)):
        return tuple(map(frozen, value))
    hashable: Hashable = value
    return hashable
