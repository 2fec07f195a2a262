"""Reading a stream: its shards, and how far each of them was processed.

Pages (https://docs.aws.amazon.com/lambda/latest/dg/): with-kinesis.html, with-ddb.html,
invocation-eventsourcemapping.html.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from helpers.cloud import Actor
from helpers.dataplane.awslambda.destinations import Destinations
from helpers.dataplane.awslambda.mappings.mapping import Mapping
from helpers.dataplane.awslambda.mappings.shard import ShardReader
from helpers.dataplane.awslambda.mappings.sources import Source, StreamShard
from helpers.dataplane.awslambda.mappings.target import Target
from helpers.dataplane.awslambda.models import Models

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

Checkpoints = dict[str, str]
"""Shard -> the sequence number up to which its records were processed, or discarded."""


class StreamReader:
    """Reads one stream for one mapping. It goes on behind the `checkpoints`, and moves them."""

    def __init__(
        self,
        cloud: Cloud,
        mapping: Mapping,
        target: Target,
        source: Source,
        checkpoints: Checkpoints,
        destinations: Destinations,
        models: Models,
    ) -> None:
        self.cloud = cloud
        self.mapping = mapping
        self.target = target
        self.source = source
        self.checkpoints = checkpoints
        self.destinations = destinations
        self.models = models
        self.result = "No records processed"
        """What the mapping's `LastProcessingResult` says."""
        self.open = True
        """False once the mapping is disabled, changed or deleted."""
        self._shards: list[ShardReader] = []
        self._unfinished: dict[str, StreamShard] = {}
        self._begun: set[str] = set()
        self._actor: Actor | None = None
        self._then: Callable[[], None] | None = None

    def start(self) -> None:
        """Begin to read."""
        self._actor = self.target.poller(self._list)

    def stop(self, then: Callable[[], None]) -> None:
        """Read no more; call `then` when the runs that go on are over. Called in a callback."""
        self.open = False
        self._then = then
        for shard in self._shards:
            shard.dismiss()
        if self._actor is not None:
            self._actor.stop()
        self.ran()

    def ran(self) -> None:
        """A run is over: once none goes on any more, whoever waits for that may read the stream."""
        if self._then is not None and not any(shard.busy for shard in self._shards):
            then, self._then = self._then, None
            self.cloud.at(0, then, name="lambda")

    def ended(self, shard_id: str, children: Iterable[StreamShard]) -> None:
        """All records of a shard are processed, and no more will come: its children may be read."""
        del self._unfinished[shard_id]
        self._follow(children)

    def _list(self) -> None:
        while True:
            try:
                self._follow(self.source.shards())
                return
            except ClientError as error:  # the stream is gone, or not there yet
                self.result = f"PROBLEM: {error.response['Error']['Code']}"
                self.cloud.sleep(self.models.poll_again_s)

    def _follow(self, found: Iterable[StreamShard]) -> None:
        """Shards are read side by side, but a child only after its parents, so that the records of a key stay in order
        (https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-after-resharding.html).
        """
        for shard in found:
            if shard.id not in self._begun:
                self._unfinished.setdefault(shard.id, shard)
        if not self.open:
            return
        for shard in self._unfinished.values():
            if shard.id not in self._begun and self._unfinished.keys().isdisjoint(shard.parents):
                self._begun.add(shard.id)
                self._shards.append(ShardReader(self, shard))
