"""A worker of an application that reads a stream as the Kinesis Client Library (KCL) does.

It is a program of the account: all it does are boto3 calls, and the state that workers share is the lease table in
DynamoDB. AWS: GUIDE/kcl-concepts.html, GUIDE/kcl-dynamoDB.html, GUIDE/troubleshooting-consumers.html.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from helpers.cloud import Actor
from helpers.dataplane.kinesis.balance import ready, wanted
from helpers.dataplane.kinesis.leases import SHARD_END, Lease, LeaseTable
from helpers.dataplane.kinesis.processor import Checkpointer, Processor

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

ProcessRecords = Callable[[list[dict[str, Any]], Checkpointer], None]
"""Works on records of one shard, in order, and says by `checkpointer.checkpoint()` how far it got."""


class Worker:
    """One worker of `application`, the name of its lease table. `start()` it, then let the Cloud run.

    - `process_records(records, checkpointer)` is called for one shard at a time, for several shards side by side.
      What was not checkpointed when a worker dies is processed again (at least once). An exception in it is kept in
      `errors`, and the batch is skipped, as the KCL does.
    - `initial_position`: TRIM_HORIZON or LATEST, for shards without a lease when the application starts.
    - `failover_s`: a lease that was not renewed so long is taken over. 10 s is the KCL's default. Leases are renewed
      and taken every third of it, give or take a tenth; that others are looked for so often is an assumption.
    - `idle_s`: a shard is polled so often. A poll that would find nothing is not made.
    - `max_records`: records a GetRecords call returns at most.
    - `max_leases`: leases the worker holds at most; None for as many as there are.
    """

    def __init__(
        self,
        cloud: Cloud,
        stream: str,
        application: str,
        process_records: ProcessRecords,
        *,
        name: str = "worker",
        initial_position: str = "TRIM_HORIZON",
        failover_s: float = 10.0,
        idle_s: float = 1.0,
        max_records: int = 10_000,
        max_leases: int | None = None,
    ) -> None:
        if initial_position not in ("TRIM_HORIZON", "LATEST"):
            raise ValueError(f"initial_position is TRIM_HORIZON or LATEST, not {initial_position!r}.")
        self.cloud = cloud
        self.name = name
        self.process_records = process_records
        self.idle_s = idle_s
        self.max_records = max_records
        self.errors: list[Exception] = []
        """What `process_records` raised."""
        self.kinesis = cloud.shared_client("kinesis")
        self.table = LeaseTable(cloud.shared_client("dynamodb"), application)
        self.stream_arn = ""
        self._stream = stream
        self._initial_position = initial_position
        self._failover_s = failover_s
        self._max_leases = max_leases
        self._processors: dict[str, Processor] = {}
        self._seen: dict[str, tuple[int, int]] = {}
        self._coordinator: Actor | None = None

    @property
    def shards(self) -> list[str]:
        """The shards whose leases it holds, as far as it knows."""
        return sorted(self._processors)

    def start(self) -> None:
        """Begin, in the background. Its name becomes unique among the actors of the Cloud."""
        self._coordinator = self.cloud.spawn(self._coordinate, name=self.name, background=True)
        self.name = self._coordinator.name

    def stop(self) -> None:
        """End in good order: the leases are given up, so that others take them at once."""
        leases = [processor.lease for processor in self._processors.values()]
        self.crash()
        for lease in leases:
            self.table.release(lease)

    def crash(self) -> None:
        """End at this instant; others notice when `failover_s` have passed."""
        for processor in self._processors.values():
            processor.stop()
        self._processors.clear()
        if self._coordinator is not None:
            self._coordinator.stop()

    def finished(self, lease: Lease, children: list[dict[str, Any]]) -> None:
        """The shard was read to its end: its children may be read, by whoever takes their leases."""
        for child in children:
            self.table.add(Lease(child["ShardId"], "TRIM_HORIZON", tuple(child["ParentShards"])))
        self.table.checkpoint(lease, SHARD_END)
        self.lost(lease)
        self._look()

    def lost(self, lease: Lease) -> None:
        """The lease is not ours any more."""
        self._processors.pop(lease.shard_id, None)

    def _coordinate(self) -> None:
        self._begin()
        while True:
            self._renew()
            self._look()
            # In step, all would renew between another's look and its take, and no lease would ever change hands.
            self.cloud.sleep(self._failover_s / 3 * random.uniform(0.9, 1.1))

    def _begin(self) -> None:
        summary = self.kinesis.describe_stream_summary(StreamName=self._stream)
        self.stream_arn = summary["StreamDescriptionSummary"]["StreamARN"]
        self.table.create()
        if self.table.all():
            return  # other workers have begun
        kind = "AT_LATEST" if self._initial_position == "LATEST" else "FROM_TRIM_HORIZON"
        request: dict[str, Any] = {"StreamARN": self.stream_arn, "ShardFilter": {"Type": kind}}
        while True:
            page = self.kinesis.list_shards(**request)
            for shard in page["Shards"]:
                names = ("ParentShardId", "AdjacentParentShardId")
                parents = tuple(shard[name] for name in names if name in shard)
                self.table.add(Lease(shard["ShardId"], self._initial_position, parents))
            if "NextToken" not in page:
                return
            request = {"NextToken": page["NextToken"]}

    def _renew(self) -> None:
        for processor in list(self._processors.values()):
            if not self.table.renew(processor.lease):
                processor.stop()
                self.lost(processor.lease)

    def _look(self) -> None:
        """Take what is due to this worker, and read it."""
        leases = self.table.all()
        expired = self._expired(leases)
        for lease in wanted(ready(leases), expired, self.name, self._max_leases):
            taken = self.table.take(lease, self.name)
            if taken is not None and taken.shard_id not in self._processors:
                processor = Processor(self, taken)
                self._processors[taken.shard_id] = processor
                processor.start()

    def _expired(self, leases: list[Lease]) -> set[str]:
        """The shards whose counter has not moved for the failover time, as far as this worker has watched."""
        now_us = self.cloud.now_us
        for lease in leases:
            if self._seen.get(lease.shard_id, (-1, 0))[0] != lease.counter:
                self._seen[lease.shard_id] = lease.counter, now_us
        patience_us = round(self._failover_s * 1_000_000)
        return {
            shard_id for shard_id, (_, since_us) in self._seen.items() if now_us - since_us >= patience_us
        }
