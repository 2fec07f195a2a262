"""Eventually consistent reads: what a replica or a global index shows that has not heard of the latest writes yet.

AWS: GUIDE/HowItWorks.ReadConsistency.html, GUIDE/GSI.html#GSI.Writes. AWS gives no figures, so the lags are models, 0
by default.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from random import Random
from typing import Any, NamedTuple

from helpers.cloud import Account, Call
from helpers.dataplane.dynamodb.changes import Change
from helpers.dataplane.dynamodb.items import Items
from helpers.dataplane.dynamodb.limits import SECOND_US
from helpers.dataplane.dynamodb.models import Models
from helpers.dataplane.dynamodb.size import Item
from helpers.dataplane.dynamodb.tables import Key, Tables, TableState

Answer = Callable[[Call], dict[str, Any]]


class _Write(NamedTuple):
    at_us: int
    key: Item
    before: Item | None


class Replicas:
    """Remembers the writes of the last moments and lets a read see its table as it was before them."""

    def __init__(self, account: Account, tables: Tables, items: Items, models: Models) -> None:
        self._account = account
        self._tables = tables
        self._items = items
        self._models = models
        self._writes: dict[TableState, deque[_Write]] = {}
        tables.when_gone(self._gone)

    def changed(self, change: Change) -> None:
        """An item was written: the replicas hear of it later."""
        lag_us = self._longest_lag_us()
        if not lag_us:
            return
        now_us = self._account.now_us
        writes = self._writes.setdefault(change.table, deque())
        while writes and writes[0].at_us <= now_us - lag_us:
            writes.popleft()
        writes.append(_Write(now_us, dict(change.key), change.before))

    def lagging(self, answer: Answer) -> Answer:
        """`answer`, a read of one table, as it answers from a place that may lag behind."""

        def read(call: Call) -> dict[str, Any]:
            if not self._longest_lag_us():
                return answer(call)
            state = self._tables.of(call)
            index = state.table.index(call.parameters.get("IndexName", ""))
            if index is not None and index.is_global:
                lag_s = self._models.gsi_lag_s
            else:
                lag_s = self._lag_s(call.parameters)
            with self._as_of(state, lag_s):
                return answer(call)

        return read

    def lagging_batch(self, answer: Answer) -> Answer:
        """`answer`, a BatchGetItem, likewise; each of its tables is read from a place of its own."""

        def read(call: Call) -> dict[str, Any]:
            if not self._longest_lag_us():
                return answer(call)
            with ExitStack() as views:
                for name, request in call.parameters["RequestItems"].items():
                    views.enter_context(self._as_of(self._tables.of(call, name), self._lag_s(request)))
                return answer(call)

        return read

    def _lag_s(self, parameters: dict[str, Any]) -> float:
        """How far the replica lags behind that a read of a table or local index happens to reach."""
        lag_s = self._models.replication_lag_s
        if not lag_s or parameters.get("ConsistentRead"):
            return 0
        return lag_s if self._random.random() < self._models.lagging_reads else 0

    @contextmanager
    def _as_of(self, state: TableState, lag_s: float) -> Iterator[None]:
        """Let the table be what it was `lag_s` ago, for the one who reads now."""
        since_us = self._account.now_us - round(lag_s * SECOND_US)
        unheard: dict[Key, _Write] = {}
        for write in self._writes.get(state, ()):
            if write.at_us > since_us:
                unheard.setdefault(state.table.key_id(write.key), write)
        present = [(write.key, self._items.get(state, write.key)) for write in unheard.values()]
        try:
            for write in unheard.values():
                self._items.restore(state, write.key, write.before)
            yield
        finally:
            for key, item in present:
                self._items.restore(state, key, item)

    def _longest_lag_us(self) -> int:
        return round(max(self._models.replication_lag_s, self._models.gsi_lag_s) * SECOND_US)

    @cached_property
    def _random(self) -> Random:
        return self._account.random_for("dynamodb replicas")

    def _gone(self, state: TableState) -> None:
        self._writes.pop(state, None)
