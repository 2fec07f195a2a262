"""One shard of a KCL application: read, processed and checkpointed by the worker that holds its lease."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from helpers.cloud import Actor
from helpers.dataplane.kinesis.leases import Lease

if TYPE_CHECKING:
    from helpers.dataplane.kinesis.worker import Worker

_STALE_S = 270.0  # an iterator ends after 300 s (API/API_GetShardIterator.html)


class LeaseLost(Exception):
    """The checkpoint was refused: another worker has the lease (the KCL's ShutdownException)."""


class Checkpointer:
    """Notes in the lease table how far a shard was processed."""

    def __init__(self, worker: Worker, lease: Lease) -> None:
        self.shard_id = lease.shard_id
        self._worker = worker
        self._lease = lease
        self.last = ""
        """The sequence number of the last record of the batch that is processed."""

    def checkpoint(self, sequence_number: str | None = None) -> None:
        """All up to the record of this sequence number is done; without one, the whole batch. Raises LeaseLost."""
        if not self._worker.table.checkpoint(self._lease, sequence_number or self.last):
            raise LeaseLost(f"{self._worker.name} does not hold the lease of {self.shard_id} any more.")


class Processor:
    """Reads the shard of a lease, in an actor of its own, until it ends or the lease is lost."""

    def __init__(self, worker: Worker, lease: Lease) -> None:
        self.lease = lease
        self._worker = worker
        self._position = lease.checkpoint
        self._checkpointer = Checkpointer(worker, lease)
        self._actor: Actor | None = None

    def start(self) -> None:
        """Begin to read."""
        worker = self._worker
        self._actor = worker.cloud.spawn(
            self._live, name=f"{worker.name}/{self.lease.shard_id}", background=True
        )

    def stop(self) -> None:
        """End at this instant."""
        if self._actor is not None:
            self._actor.stop()

    def _live(self) -> None:
        try:
            self._read()
        except LeaseLost:
            self._worker.lost(self.lease)

    def _read(self) -> None:
        worker, shard_id = self._worker, self.lease.shard_id
        iterator: str | None = None
        while True:
            began_us = worker.cloud.now_us
            try:
                if iterator is None:
                    iterator = self._iterator()
                page = worker.kinesis.get_records(ShardIterator=iterator, Limit=worker.max_records)
            except ClientError as error:
                if error.response["Error"]["Code"] == "ResourceNotFoundException":
                    worker.finished(self.lease, [])  # the shard has expired
                    return
                iterator = None
                worker.cloud.sleep(worker.idle_s)
                continue
            self._process(page["Records"])
            iterator = page.get("NextShardIterator")
            if iterator is None:
                worker.finished(self.lease, page.get("ChildShards", []))
                return
            if not page["Records"]:  # a poll that would find nothing is not made
                worker.cloud.plane("kinesis").arrived(worker.stream_arn, shard_id).wait(_STALE_S)
            self._rest(began_us)

    def _rest(self, began_us: int) -> None:
        """Wait for the next of the times at which the shard is polled."""
        cloud, idle_us = self._worker.cloud, round(self._worker.idle_s * 1_000_000)
        gone_us = cloud.now_us - began_us
        cloud.pause_us(-gone_us % idle_us if gone_us else idle_us)

    def _process(self, records: list[dict[str, Any]]) -> None:
        if not records:
            return
        self._position = self._checkpointer.last = records[-1]["SequenceNumber"]
        try:
            self._worker.process_records(records, self._checkpointer)
        except LeaseLost:
            raise
        except Exception as error:  # noqa: BLE001  # the KCL goes on (GUIDE/troubleshooting-consumers.html)
            self._worker.errors.append(error)

    def _iterator(self) -> str:
        request = {"StreamARN": self._worker.stream_arn, "ShardId": self.lease.shard_id}
        if self._position in ("TRIM_HORIZON", "LATEST"):
            request["ShardIteratorType"] = self._position
        else:
            request["ShardIteratorType"] = "AFTER_SEQUENCE_NUMBER"
            request["StartingSequenceNumber"] = self._position
        return str(self._worker.kinesis.get_shard_iterator(**request)["ShardIterator"])
