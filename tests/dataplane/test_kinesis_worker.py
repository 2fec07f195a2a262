"""KCL workers: leases, takeover, balance, children after parents. One test a rule, named after it."""

from __future__ import annotations

from typing import Any

from helpers import Cloud
from helpers.dataplane.kinesis import Worker

from .streams import Stream, shard_id


class Application:
    """Workers of one application, and what they were given: (time, worker, shard, data)."""

    def __init__(self, cloud: Cloud, workers: int, *, checkpoints: bool = True) -> None:
        self.cloud, self.checkpoints = cloud, checkpoints
        self.seen: list[tuple[float, str, str]] = []
        self.workers = [Worker(cloud, "s", "app", self._process) for _ in range(workers)]
        for worker in self.workers:
            worker.start()

    def _process(self, records: list[dict[str, Any]], checkpointer: Any) -> None:
        self.seen += [(self.cloud.now, checkpointer.shard_id, record["Data"].decode()) for record in records]
        if any(record["Data"] == b"bad" for record in records):
            raise ValueError("bad")
        if self.checkpoints:
            checkpointer.checkpoint()

    def data(self) -> list[str]:
        return [data for _, _, data in self.seen]

    def held(self) -> list[int]:
        return sorted(len(worker.shards) for worker in self.workers)


def test_worker_leases_are_balanced(cloud: Cloud) -> None:
    Stream(cloud, 4)
    application = Application(cloud, 3)
    cloud.advance(60)
    assert application.held() == [1, 1, 2]
    items = cloud.client("dynamodb").scan(TableName="app")["Items"]
    assert sorted(item["leaseKey"]["S"] for item in items) == [shard_id(number) for number in range(4)]


def test_worker_without_a_shard_is_idle(cloud: Cloud) -> None:
    Stream(cloud, 4)
    application = Application(cloud, 6)
    cloud.advance(120)
    assert application.held() == [0, 0, 1, 1, 1, 1]


def test_worker_that_dies_is_replaced_and_nothing_is_lost(cloud: Cloud) -> None:
    stream = Stream(cloud, 2)
    application = Application(cloud, 2, checkpoints=False)
    cloud.advance(30)
    for key in "abcdef":
        stream.put(key, key=key)
    cloud.advance(2)
    application.workers[0].crash()
    cloud.advance(60)
    assert application.held() == [0, 2]
    assert set(application.data()) == set("abcdef")
    assert len(application.data()) > 6  # without a checkpoint, the dead worker's records come again


def test_worker_begins_children_after_their_parents(cloud: Cloud) -> None:
    stream = Stream(cloud)
    stream.put(*[str(number) for number in range(5)])
    stream.split()
    cloud.advance(30)
    stream.put(*[str(number) for number in range(5, 10)])
    application = Application(cloud, 2)
    cloud.advance(60)
    assert application.data() == [str(number) for number in range(10)]


def test_worker_skips_a_batch_that_raises(cloud: Cloud) -> None:
    stream = Stream(cloud)
    application = Application(cloud, 1)
    cloud.advance(5)
    stream.put("bad")
    cloud.advance(5)
    stream.put("good")
    cloud.advance(5)
    assert application.data() == ["bad", "good"]
    assert [str(error) for error in application.workers[0].errors] == ["bad"]
