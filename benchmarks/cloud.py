"""How fast the engine is, as ratios measured in one run. Goals are named beside the figures; nothing fails here.

Run it with `make bench`, or `python benchmarks/cloud.py`.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
UNSEALED = {
    name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BOTO_", "MOTO_"))
}

PLAIN = """
import json, os, sys, time
os.environ.update(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing", AWS_DEFAULT_REGION="us-east-1")
import boto3
from moto import mock_aws
sys.path.insert(0, sys.argv[1])
from cloud import per_call
with mock_aws():
    print(json.dumps([per_call(boto3.client("sqs"), depth, rounds) for depth, rounds in json.loads(sys.argv[2])]))
"""
DEPTHS = ((0, 200), (10, 200), (1000, 5))


def per_call(sqs, depth: int, rounds: int) -> float:
    """Median milliseconds of a send, receive and delete, each, at a backlog of `depth` messages."""
    queue = sqs.create_queue(QueueName=f"depth-{depth}")["QueueUrl"]
    for start in range(0, depth, 10):
        entries = [{"Id": str(n), "MessageBody": "m"} for n in range(start, min(start + 10, depth))]
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    times = []
    for _ in range(rounds):
        before = time.perf_counter()
        sqs.send_message(QueueUrl=queue, MessageBody="m")
        message = sqs.receive_message(QueueUrl=queue)["Messages"][0]
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        times.append((time.perf_counter() - before) / 3 * 1000)
    return statistics.median(times)


def on_plain_moto() -> list[float]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PLAIN, str(HERE), json.dumps(DEPTHS)],
        capture_output=True,
        text=True,
        check=True,
        env=UNSEALED,
    )
    return json.loads(done.stdout)


def in_a_cloud() -> list[float]:
    from helpers import Cloud

    with Cloud() as cloud:
        return [per_call(cloud.client("sqs"), depth, rounds * 4) for depth, rounds in DEPTHS]


def virtual_hour(arrivals: str) -> tuple[float, int, int]:
    """Four workers, 500 messages, one hour: seconds of real time, rows in the trail, messages worked."""
    from helpers import Cloud

    before = time.perf_counter()
    worked = 0
    with Cloud(seed=1) as cloud:
        sqs = cloud.client("sqs")
        queue = sqs.create_queue(QueueName="jobs")["QueueUrl"]

        def produce() -> None:
            for number in range(500):
                sqs.send_message(QueueUrl=queue, MessageBody=str(number))
                if arrivals == "arrivals":
                    time.sleep(7)

        def consume() -> None:
            nonlocal worked
            while True:
                for message in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20).get("Messages", []):
                    time.sleep(5)
                    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                    worked += 1

        if arrivals == "queued":
            produce()
        else:
            cloud.spawn(produce)
        for _ in range(4):
            cloud.spawn(consume)
        cloud.run(until=3600)
        rows = len(cloud.trail)
    return time.perf_counter() - before, rows, worked


def baseline(arrivals: str) -> float:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(HERE / "baseline.py"), arrivals],
        capture_output=True,
        text=True,
        check=True,
        env=UNSEALED,
    )
    return float(done.stdout.split()[0])


def start_up() -> float:
    """Seconds to import the package and open a Cloud, in a fresh process."""
    script = (
        "import time; t = time.perf_counter()\n"
        "from helpers import Cloud; Cloud.open()\n"
        "print(time.perf_counter() - t)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return float(done.stdout)


def best_of(count: int, measure: Callable[[], float]) -> float:
    return min(measure() for _ in range(count))


def main() -> None:
    print(f"import helpers and open a Cloud: {best_of(3, start_up):.2f} s (goal: at most 1.5 s)")
    print("\nA send, receive and delete, ms a call      plain moto    here    ratio   goal")
    plain, here = on_plain_moto(), in_a_cloud()
    for (depth, _), there, mine, goal in zip(DEPTHS, plain, here, ("3", "-", "20"), strict=True):
        print(
            f"  backlog {depth:>5,}                        {there:>14.3f} {mine:>8.3f} {there / mine:>7.1f}   {goal}"
        )
    print(f"  growth from a backlog of 10 to 1,000: {here[2] / here[1]:.2f} times (goal: less than 2)")
    print("\nOne virtual hour, 4 workers, 500 messages  plain moto    here    ratio   goal   rows  worked")
    for arrivals, goal in (("arrivals", "2.2"), ("queued", "10")):
        virtual_hour(arrivals)  # once to warm up
        there = baseline(arrivals)
        mine, rows, worked = min(virtual_hour(arrivals) for _ in range(3))
        print(
            f"  {arrivals:<40} {there:>9.2f} s {mine:>6.2f} s {there / mine:>6.1f}   {goal:<5} {rows:>5,} {worked:>6}"
            f"   ({3600 / mine:,.0f} times real time)"
        )


if __name__ == "__main__":
    main()
