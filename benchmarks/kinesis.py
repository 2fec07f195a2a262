"""How fast records get through a stream, against a goal. The exit code says whether it holds.

Run it with `make bench`, or `python benchmarks/kinesis.py`. The figure is the best of a few runs: other work on the
machine only ever adds to it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from helpers import Cloud
from helpers.dataplane.kinesis import Worker

RECORDS, SHARDS, CONSUMERS = 20_000, 4, 4
BATCH, PAUSE_S = 500, 0.25  # half of what four shards take: keys do not spread evenly
MOST_S = 5.0  # real seconds from the first record written to the last one processed
RUNS = 3


def through_the_stream() -> float:
    """Real seconds for all records, written by one producer and read by the workers of one application."""
    seen: list[str] = []

    def process(records: list[dict[str, Any]], checkpointer: Any) -> None:
        seen.extend(record["PartitionKey"] for record in records)
        checkpointer.checkpoint()

    with Cloud(seed=1) as cloud:
        kinesis = cloud.client("kinesis")
        kinesis.create_stream(StreamName="clicks", ShardCount=SHARDS)
        cloud.advance(60)
        for number in range(CONSUMERS):
            Worker(cloud, "clicks", "readers", process, name=f"worker-{number}").start()
        cloud.advance(60)

        def produce() -> None:
            for first in range(0, RECORDS, BATCH):
                rest = [{"Data": b"x" * 100, "PartitionKey": str(key)} for key in range(first, first + BATCH)]
                while rest:
                    reply = kinesis.put_records(StreamName="clicks", Records=rest)
                    rest = [
                        one for one, told in zip(rest, reply["Records"], strict=True) if "ErrorCode" in told
                    ]
                    cloud.sleep(PAUSE_S)

        began = time.perf_counter()
        cloud.spawn(produce)
        cloud.run(cloud.now + RECORDS / BATCH * PAUSE_S * 2 + 10)
        took = time.perf_counter() - began
    if sorted(seen, key=int) != [str(key) for key in range(RECORDS)]:
        raise SystemExit(f"{len(seen):,} records were processed, {len(set(seen)):,} of {RECORDS:,}")
    return took


def best(measured: Callable[[], float]) -> float:
    return min(measured() for _ in range(RUNS))


def main() -> None:
    took = best(through_the_stream)
    good = took <= MOST_S
    said = "" if good else "   MISSED"
    print(
        f"{RECORDS:,} records, {SHARDS} shards, {CONSUMERS} consumers   {took:.1f} s   (goal: at most {MOST_S:g}){said}"
    )
    sys.exit(not good)


if __name__ == "__main__":
    main()
