"""How fast events get through Lambda, against goals. The exit code says whether they hold.

Run it with `make bench`, or `python benchmarks/awslambda.py`. Each figure is the best of a few runs: other work on the
machine only ever adds to it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from helpers import Cloud, zipped

EVENTS = 1_000
MOST_S = 3.0  # real seconds for 1,000 messages, one an invocation
COUNTS = (100, 1_000, 10_000)
STEEPEST = 1.5  # the processor time of an event among 10,000, as a multiple of that among fewer

NOTHING = "def handler(event, context):\n    return None\n"
ROLE = '{"Version": "2012-10-17", "Statement": []}'
BATCH = 10


@contextmanager
def account() -> Iterator[Cloud]:
    """A Cloud with the function `work`, which does nothing."""
    with Cloud(seed=1) as cloud:
        cloud.plane("lambda").models.mapping_s = 0
        role = cloud.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=ROLE)["Role"]["Arn"]
        cloud.client("lambda").create_function(
            FunctionName="work",
            Runtime="python3.13",
            Role=role,
            Handler="lambda_function.handler",
            Code={"ZipFile": zipped(NOTHING)},
        )
        yield cloud


def check(cloud: Cloud, count: int) -> None:
    """Every event was one invocation, or the figure means nothing."""
    trail = cloud.trail
    ran = int(((trail.operation == "Invocation") & trail.error.isna()).sum())
    if ran != count:
        raise SystemExit(f"{ran} invocations instead of {count}")


class Took(NamedTuple):
    """Seconds by the clock, and of the processor: the latter is what other work on the machine moves least."""

    real_s: float
    busy_s: float


def through_a_queue(count: int) -> Took:
    """What `count` messages through a mapping with batch size 1 take, from the first send to the last delete."""
    with account() as cloud:
        sqs = cloud.client("sqs")
        url = sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "3600"})["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        entries = [{"Id": str(number), "MessageBody": "m"} for number in range(BATCH)]
        before, busy = time.perf_counter(), time.process_time()
        for _ in range(count // BATCH):
            sqs.send_message_batch(QueueUrl=url, Entries=entries)
        cloud.client("lambda").create_event_source_mapping(
            FunctionName="work", EventSourceArn=arn, BatchSize=1
        )
        cloud.advance(10 + count / 100)
        took = Took(time.perf_counter() - before, time.process_time() - busy)
        check(cloud, count)
    return took


def through_the_asynchronous_queue(count: int) -> Took:
    """What `count` events by Invoke with InvocationType Event take."""
    with account() as cloud:
        client = cloud.client("lambda")
        before, busy = time.perf_counter(), time.process_time()
        for _ in range(count):
            client.invoke(FunctionName="work", InvocationType="Event", Payload="{}")
        cloud.advance(10)
        took = Took(time.perf_counter() - before, time.process_time() - busy)
        check(cloud, count)
    return took


def best_of(tries: int, measure: Callable[[int], Took], count: int) -> Took:
    took = [measure(count) for _ in range(tries)]
    return Took(min(one.real_s for one in took), min(one.busy_s for one in took))


def main() -> bool:
    through_a_queue(COUNTS[0])  # once to warm up
    took = {count: best_of(3 if count < 10_000 else 1, through_a_queue, count) for count in COUNTS}
    each_ms = {count: one.busy_s / count * 1000 for count, one in took.items()}
    print("A queue with a mapping, batch size 1       seconds   ms of the processor an event")
    for count, one in took.items():
        print(f"  {count:>6,} messages {one.real_s:>33.2f} {each_ms[count]:>13.2f}")
    fastest_s, growth = took[EVENTS].real_s, each_ms[10_000] / min(each_ms.values())
    fast, flat = fastest_s <= MOST_S, growth <= STEEPEST
    print(f"  {EVENTS:,} messages in {fastest_s:.2f} s (goal: at most {MOST_S:g} s) {said(fast)}")
    print(
        f"  an event among 10,000 costs {growth:.2f} times the cheapest (goal: at most {STEEPEST}) {said(flat)}"
    )
    events = best_of(3, through_the_asynchronous_queue, EVENTS)
    print(f"Asynchronous events: {EVENTS:,} in {events.real_s:.2f} s")
    return fast and flat


def said(holds: bool) -> str:
    return "holds" if holds else "MISSED"


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
