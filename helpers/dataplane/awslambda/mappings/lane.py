"""A lane of a shard: one batch at a time, in order, again and again until it is processed or given up.

Pages (https://docs.aws.amazon.com/lambda/latest/dg/): invocation-eventsourcemapping.html,
kinesis-on-failure-destination.html, services-kinesis-batchfailurereporting.html, services-dynamodb-errors.html.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers.cloud import ServiceError
from helpers.dataplane.awslambda import records
from helpers.dataplane.awslambda.backoff import backoff_s
from helpers.dataplane.awslambda.invocation import Ending, Invocation
from helpers.dataplane.awslambda.limits import SECOND_US
from helpers.dataplane.awslambda.mappings.batching import (
    event_of,
    fitting,
    halves,
    is_full,
    window_end_us,
    written,
)
from helpers.dataplane.awslambda.mappings.mapping import WITHOUT_LIMIT
from helpers.dataplane.awslambda.mappings.partial import failed_items
from helpers.dataplane.awslambda.mappings.sources import StreamRecord
from helpers.dataplane.awslambda.mappings.tumbling import Tumbling

if TYPE_CHECKING:
    from helpers.dataplane.awslambda.mappings.shard import ShardReader

RETRIES_EXHAUSTED = "RetryAttemptsExhausted"
AGE_EXCEEDED = "RecordAgeExceeded"
"""Why a batch was discarded. AWS's page shows the first; the second is what Lambda is seen to write."""

_KEPT_US = 24 * 3600 * SECOND_US
# Every stream keeps its records for a day or longer
# (https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html).


class Item(NamedTuple):
    """A record that waits: where it is in the stream, and its JSON text."""

    number: str
    arrived_us: int
    text: str
    size_bytes: int


@dataclass
class Piece:
    """A batch, or what is left of one: its items in order, how often it was retried, and the last run.

    `final` is True for the run that ends a tumbling window; it has no items.
    """

    items: list[Item]
    retries: int = 0
    runs: int = 0
    last: tuple[Invocation, Ending] | None = None
    final: bool = False


class Lane:
    """Works through the records of a shard that were dealt to it. While a batch fails, those behind it wait."""

    def __init__(self, shard: ShardReader) -> None:
        reader = shard.reader
        self._shard = shard
        self._reader = reader
        self._cloud = reader.cloud
        self._mapping = reader.mapping
        self._waiting: deque[Item] = deque()
        self._size_bytes = 0
        self._first_us = 0
        self._tumbling: Tumbling | None = None
        if self._mapping.tumbling_s:
            self._tumbling = Tumbling(self._mapping.tumbling_s, shard.shard_id, self._mapping.source_arn)
        self.busy = False
        """True while the function runs."""
        self._more = self._cloud.signal()
        self._actor = reader.target.poller(self._live)

    @property
    def hungry(self) -> bool:
        """True while less than a batch waits."""
        return not is_full(self._size_bytes, len(self._waiting), self._mapping.batch_size)

    def put(self, record: StreamRecord) -> None:
        """A record to be processed behind those before it."""
        item = Item(record.number, record.arrived_us, *written(record.record))
        if not self._waiting:
            self._first_us = self._cloud.now_us
        self._waiting.append(item)
        self._size_bytes += item.size_bytes
        self._more.fire()

    def dismiss(self) -> None:
        """End, at once or after the run that goes on."""
        if not self.busy:
            self._actor.stop()

    def _live(self) -> None:
        while self._reader.open:
            items = self._gather()
            self._shard.taken()
            if self._tumbling is not None:
                self._tumble(self._tumbling, items)
            else:
                self._work([Piece(items)])
        self._reader.ran()

    def _tumble(self, window: Tumbling, items: list[Item]) -> None:
        """Work on a batch of one window; first end the window before it."""
        if window.ends_us is not None and not (items and window.covers(items[0].arrived_us)):
            self._work([Piece([], final=True)])
            window.close()
        if items and window.ends_us is None:
            window.open(items[0].arrived_us)
        self._work([Piece(items)])
        if window.too_large:
            self._work([Piece([], final=True)])
            window.close()

    def _gather(self) -> list[Item]:
        """The next batch: full, or as much as came until its window closed. Empty if a tumbling window is over."""
        began_us = self._cloud.now_us
        while not self._waiting:
            if not self._wait_for_more():
                return []
        window_us = self._mapping.window_s * SECOND_US
        closes_us = window_end_us(began_us, max(began_us, self._first_us), window_us)
        while self.hungry and (left_us := closes_us - self._cloud.now_us) > 0:
            self._more.wait(left_us / SECOND_US)
        sizes = [item.size_bytes for item in islice(self._next(), self._mapping.batch_size)]
        items = [self._waiting.popleft() for _ in range(fitting(sizes, len(sizes)))]
        self._size_bytes -= sum(item.size_bytes for item in items)
        self._first_us = self._cloud.now_us
        return items

    def _wait_for_more(self) -> bool:
        """False if the open tumbling window is over, and so are the two minutes in which it still takes records."""
        ends_us = None if self._tumbling is None else self._tumbling.ends_us
        if ends_us is None:
            return self._more.wait()
        left_us = ends_us - self._cloud.epoch_us
        return self._more.wait(max(0, left_us) / SECOND_US + self._reader.models.tumbling_wait_s)

    def _next(self) -> Iterable[Item]:
        """The records that may be in the next batch: those of one tumbling window."""
        window = self._tumbling
        if window is None:
            return self._waiting
        if not window.covers(self._waiting[0].arrived_us):
            window = Tumbling(self._mapping.tumbling_s, "", "")
            window.open(self._waiting[0].arrived_us)
        return takewhile(lambda item: window.covers(item.arrived_us), self._waiting)

    # Trying

    def _work(self, pieces: list[Piece]) -> None:
        throttles = 0
        while pieces and self._reader.open:
            piece = pieces[-1]
            self._drop_old(piece)
            if not piece.items and not piece.final:
                pieces.pop()
                continue
            try:
                piece.last = self._run(piece)
            except ServiceError as error:  # it did not run: that is no retry
                throttles += 1
                self._reader.result = f"PROBLEM: {error.code}"
                self._pause(piece, throttles)
                continue
            throttles = 0
            pieces.pop()
            pieces += reversed(self._left(piece, piece.last[1]))

    def _run(self, piece: Piece) -> tuple[Invocation, Ending]:
        texts = [item.text for item in piece.items]
        window = self._tumbling
        event = event_of(texts) if window is None else window.event(texts, final=piece.final)
        for newest in piece.items[-1:]:
            age_ms = (self._cloud.epoch_us - newest.arrived_us) / 1_000
            self._reader.target.metric("IteratorAge", age_ms, "Milliseconds")
        self.busy = True
        try:
            numbers = (item.number for item in piece.items)
            run = self._reader.target.invoke(event, numbers, piece.runs + 1)
        finally:
            self.busy = False
        piece.runs += 1
        return run

    def _left(self, piece: Piece, ending: Ending) -> list[Piece]:
        """What is to be tried again after a run, in order."""
        well = not ending.failed and (self._tumbling is None or self._tumbling.hear(ending.payload))
        failed = self._failed(piece, ending) if well else piece.items
        done = len(piece.items) - len(failed)
        self._shard.finished(item.number for item in piece.items[:done])
        self._reader.result = "PROBLEM: Function call failed" if failed or not well else "OK"
        if well and not failed:
            return []
        piece.items = failed
        if self._mapping.bisect:
            if done:  # cut at the record that failed; a cut uses up no retry
                return [piece]
            if len(failed) > 1:
                first, second = halves(failed)
                return [Piece(first, piece.retries, piece.runs), Piece(second, piece.retries, piece.runs)]
        if piece.retries == self._mapping.retries:
            self._discard(piece, piece.items, RETRIES_EXHAUSTED)
            return []
        piece.retries += 1
        self._pause(piece, piece.retries)
        return [piece]

    def _failed(self, piece: Piece, ending: Ending) -> list[Item]:
        """The items that were not processed: those from the first on that the function reports."""
        if not self._mapping.partial:
            return []
        numbers = [item.number for item in piece.items]
        named = failed_items(ending.payload, numbers)
        return piece.items[numbers.index(named[0]) :] if named else []

    def _pause(self, piece: Piece, attempts: int) -> None:
        """Wait before the next try; records that get too old meanwhile are discarded when they do."""
        models = self._reader.models
        wait_s = backoff_s(attempts, models.backoff_factor, models.stream_backoff_s)
        until_us = self._cloud.now_us + round(wait_s * SECOND_US)
        while (piece.items or piece.final) and (left_us := until_us - self._cloud.now_us) > 0:
            for oldest in piece.items[:1]:
                age_us = self._cloud.epoch_us - oldest.arrived_us
                left_us = min(left_us, self._limit_us(age_us + left_us) - age_us)
            self._reader.target.pause(max(left_us, 0))
            self._drop_old(piece)

    # Giving up

    def _limit_us(self, age_us: int) -> int:
        """The age at which a record is discarded: it has left the stream, or is older than the mapping allows.

        The stream is asked how long it keeps records only where it matters: for a record of `age_us`.
        """
        limit_us = _KEPT_US if age_us < _KEPT_US else self._reader.source.retention_us()
        if self._mapping.record_age_s == WITHOUT_LIMIT:
            return limit_us
        return min(limit_us, self._mapping.record_age_s * SECOND_US)

    def _drop_old(self, piece: Piece) -> None:
        now_us = self._cloud.epoch_us
        ages_us = [now_us - item.arrived_us for item in piece.items]
        if not ages_us:
            return
        limit_us = self._limit_us(ages_us[0])
        old = [item for item, age_us in zip(piece.items, ages_us, strict=True) if age_us >= limit_us]
        if old:
            piece.items = piece.items[len(old) :]
            self._discard(piece, old, AGE_EXCEEDED)

    def _discard(self, piece: Piece, items: list[Item], condition: str) -> None:
        """Give records up, and tell the on-failure destination which they were."""
        self._shard.finished(item.number for item in items)
        target = self._mapping.on_failure
        if not target or not items:
            return
        function, response = self._reader.target, None
        request_id = function.ids.next()
        if piece.last is not None:
            invocation, ending = piece.last
            request_id = invocation.request_id
            response = records.response_context(invocation.version, ending.function_error)
        record = records.outcome(
            epoch_us=self._cloud.epoch_us,
            request_id=request_id,
            function_arn=function.arn,
            condition=condition,
            runs=piece.runs,
            response=response,
        )
        record[self._reader.source.batch_info] = records.batch_info(
            self._shard.shard_id,
            self._mapping.source_arn,
            [item.number for item in items],
            [item.arrived_us for item in items],
        )
        self._cloud.at(0, partial(self._tell, target, record, items), name="lambda")

    def _tell(self, target: str, record: dict[str, Any], items: list[Item]) -> None:
        if target.split(":")[2] == "s3":  # only a bucket gets the records themselves
            record["payload"] = event_of([item.text for item in items])
        function_arn = ":".join(self._reader.target.arn.split(":")[:7])
        folder = f"{self._mapping.uuid}/{self._shard.shard_id}"
        self._reader.destinations.send(target, record, function_arn=function_arn, folder=folder)
