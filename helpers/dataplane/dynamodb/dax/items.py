"""The item cache: items by their primary key, absent ones too.

AWS: GUIDE/DAX.concepts.html#DAX.concepts.item-cache, GUIDE/DAX.consistency.html#DAX.consistency.item-cache.
An answer to a ProjectionExpression is kept beside the whole item, until the item is written through DAX.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from helpers.dataplane.dynamodb.dax.cache import Cache, Reply, frozen
from helpers.dataplane.dynamodb.dax.cluster import Cluster
from helpers.dataplane.dynamodb.size import Item
from helpers.dataplane.dynamodb.tables import TableState

_PROJECTION = ("ProjectionExpression", "AttributesToGet", "ExpressionAttributeNames")


class ItemCache:
    """What GetItem and BatchGetItem found, and what was written through DAX."""

    def __init__(self, cluster: Cluster, ttl_us: int | None, capacity: int | None) -> None:
        self._cluster = cluster
        self._cache = Cache(cluster, ttl_us, capacity)
        self._projections: dict[Hashable, set[Hashable]] = {}  # item -> the projections of it that are kept

    def get(self, state: TableState, key: Item, request: dict[str, Any]) -> Reply | None:
        """The kept reply to a GetItem of this key: {"Item": ...}, {} for an absent item, None for a miss.

        `request` holds the projection that is asked for, if any.
        """
        reply = self._cache.get((_place(state, key), _projection(request)))
        self._cluster.count("ItemCacheMisses" if reply is None else "ItemCacheHits")
        return reply

    def keep(self, state: TableState, key: Item, item: Item | None, request: dict[str, Any]) -> None:
        """DynamoDB was asked for the item: this, or nothing, is there."""
        place, projection = _place(state, key), _projection(request)
        if any(projection):
            self._projections.setdefault(place, set()).add(projection)
        self._cache.put((place, projection), {} if item is None else {"Item": item})

    def written(self, state: TableState, key: Item, item: Item | None) -> None:
        """The item was written through DAX, and this, or nothing, is there now."""
        place = _place(state, key)
        for projection in self._projections.pop(place, ()):
            self._cache.drop((place, projection))
        self.keep(state, key, item, {})


def _place(state: TableState, key: Item) -> Hashable:
    return state, state.table.key_id(key)


def _projection(request: dict[str, Any]) -> tuple[Hashable, ...]:
    return tuple(frozen(request.get(name)) for name in _PROJECTION)


def projects(request: dict[str, Any]) -> bool:
    """True if a request asks for some attributes only."""
    return any(_projection(request))
