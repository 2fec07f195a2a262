"""One shard of a stream: polled, and its records dealt out to lanes.

Pages (https://docs.aws.amazon.com/lambda/latest/dg/): with-kinesis.html, with-ddb.html.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from helpers.dataplane.awslambda.limits import SECOND_US
from helpers.dataplane.awslambda.mappings.lane import Lane
from helpers.dataplane.awslambda.mappings.sources import Page, StreamShard

if TYPE_CHECKING:
    from helpers.dataplane.awslambda.mappings.stream import StreamReader

_FULL_SPEED_US = SECOND_US // 5
# A shard of Kinesis takes five GetRecords calls a second
# (https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html).

_TRIMMED = "TrimmedDataAccessException"
_THROTTLED = "ProvisionedThroughputExceededException"


class Progress:
    """How far a shard was processed: up to the first record that is still at work."""

    def __init__(self) -> None:
        self._dealt: deque[str] = deque()
        self._done: set[str] = set()
        self.checkpoint = ""
        """The sequence number of the last record before which everything is done; "" at the beginning."""

    @property
    def idle(self) -> bool:
        """True while no record is at work."""
        return not self._dealt

    def begin(self, number: str) -> None:
        """The record of this sequence number is at work, the records before it were begun before."""
        self._dealt.append(number)

    def finish(self, numbers: Iterable[str]) -> None:
        """These records were processed, discarded, or let through by no filter."""
        self._done.update(numbers)
        while self._dealt and self._dealt[0] in self._done:
            self.checkpoint = self._dealt.popleft()
            self._done.remove(self.checkpoint)


class ShardReader:
    """Polls one shard, and deals its records out to lanes: records with the same key to the same lane.

    A poll that would find nothing is not made, and leaves no row in the trail, until something is written; then the
    shard is polled at the next of the times at which it would have been.
    """

    def __init__(self, reader: StreamReader, shard: StreamShard) -> None:
        self.reader = reader
        self.shard_id = shard.id
        self._shard = shard
        self._cloud = reader.cloud
        self._source = reader.source
        self._progress = Progress()
        self._room = reader.cloud.signal()
        self._read_to = reader.checkpoints.get(shard.id, "")
        self._last: Page | None = None
        self._lanes = [Lane(self) for _ in range(reader.mapping.parallel)]
        self._actor = reader.target.poller(self._live)

    def dismiss(self) -> None:
        """End, at once or after the batches that the lanes work on."""
        self._actor.stop()
        for lane in self._lanes:
            lane.dismiss()

    @property
    def busy(self) -> bool:
        """True while the function runs for one of its lanes."""
        return any(lane.busy for lane in self._lanes)

    # For its lanes

    def taken(self) -> None:
        """A lane took records to work on them: there may be room for more."""
        self._room.fire()

    def finished(self, numbers: Iterable[str]) -> None:
        """A lane has done with these records."""
        self._progress.finish(numbers)
        if self._progress.checkpoint:
            self.reader.checkpoints[self.shard_id] = self._progress.checkpoint
        self._end()

    # Its life

    def _live(self) -> None:
        began_us = next_us = self._cloud.now_us
        iterator: str | None = None
        made_us = began_us
        while True:
            while not any(lane.hungry for lane in self._lanes):
                self._room.wait()
            self._cloud.pause_us(max(0, next_us - self._cloud.now_us))
            now_us = self._cloud.now_us
            try:
                if iterator is None or now_us - made_us >= self._source.stale_us:
                    iterator = self._place()
                page = self._source.read(self.shard_id, iterator)
            except ClientError as error:
                iterator = None
                self._trouble(error.response["Error"]["Code"])
                continue
            made_us = self._cloud.now_us
            self._deal(page)
            if page.iterator is None:
                self._last = page
                self._end()
                return
            iterator = page.iterator
            if page.more:
                next_us = now_us + _FULL_SPEED_US
            else:
                # A poll now and then keeps the iterator from ending.
                self._source.arrived(self.shard_id).wait(0.9 * self._source.stale_us / SECOND_US)
                polls = -((began_us - self._cloud.now_us) // self._source.poll_us)
                next_us = began_us + polls * self._source.poll_us

    def _end(self) -> None:
        """Once the shard was read to its end, and the last of its records was processed, its children are read."""
        if self._last is not None and self._progress.idle:
            last, self._last = self._last, None
            self.reader.ended(self.shard_id, last.children)

    def _place(self) -> str:
        """An iterator behind what was read, or at the starting position."""
        if self._read_to:
            return self._source.resume(self.shard_id, self._read_to)
        return self._source.begin(self._shard)

    def _trouble(self, code: str) -> None:
        if code == _TRIMMED:  # the records after those that were read are gone, too
            self._read_to = ""
            return
        if code == _THROTTLED:  # other readers, or a full page, have used the shard's capacity
            self._cloud.pause_us(self._source.poll_us)
            return
        self.reader.result = f"PROBLEM: {code}"
        self._cloud.sleep(self.reader.models.poll_again_s)

    def _deal(self, page: Page) -> None:
        passes = self.reader.mapping.filters.passes
        for record in page.records:
            self._read_to = record.number
            self._progress.begin(record.number)
            if passes(record.record):
                self._lanes[_place_of(record.key, len(self._lanes))].put(record)
            else:
                self.finished([record.number])


def _place_of(key: str, places: int) -> int:
    """The lane of a key, the same in every run."""
    digest = hashlib.md5(key.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:4], "big") % places
