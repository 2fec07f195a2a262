"""The baseline: ordinary boto3 over plain moto on a virtual clock, without any of the course's shortcuts.

Run as a script with `arrivals` or `queued`; prints the seconds that a virtual hour took and the calls made.
SimPy orders the wake-ups, greenlets suspend the workers, time-machine moves the clock; moto keeps the messages and
answers every call.
"""

from __future__ import annotations

import os
import sys
import time

os.environ.update(
    AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing", AWS_DEFAULT_REGION="us-east-1"
)
for name in ("AWS_ENDPOINT_URL", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
    os.environ.pop(name, None)

import boto3  # noqa: E402  # after the environment
import greenlet  # noqa: E402
import moto.sqs.models  # noqa: E402
import simpy  # noqa: E402
import time_machine  # noqa: E402
from moto import mock_aws  # noqa: E402

START_S = 1_767_603_600.0  # 2026-01-05 09:00 UTC
stopwatch = time.perf_counter

environment = simpy.Environment()
traveller = time_machine.travel(START_S, tick=False).start()
scheduler = greenlet.getcurrent()


def sleep(seconds: float) -> None:
    """Suspend the worker that calls it."""
    worker = greenlet.getcurrent()
    if worker is scheduler:
        environment.run(until=environment.now + seconds)
        return
    environment.timeout(seconds).callbacks.append(lambda _event: resume(worker))
    scheduler.switch()


def resume(worker: greenlet.greenlet) -> None:
    traveller.shift(START_S + environment.now - time.time())
    worker.switch()


def wait_for_messages(queue: moto.sqs.models.Queue, timeout: int) -> None:
    end = environment.now + timeout
    while environment.now < end and not queue.messages:
        sleep(min(0.5, end - environment.now))


def spawn(work) -> None:
    worker = greenlet.greenlet(work)
    environment.timeout(0).callbacks.append(lambda _event: resume(worker))


def virtual_hour(arrivals: str) -> tuple[float, int]:
    """Four workers, 500 messages, one hour: seconds of real time and calls."""
    calls = 0
    time.sleep = sleep
    moto.sqs.models.Queue.wait_for_messages = wait_for_messages
    before = stopwatch()
    with mock_aws():
        sqs = boto3.client("sqs")
        queue = sqs.create_queue(QueueName="jobs")["QueueUrl"]

        def produce() -> None:
            nonlocal calls
            for number in range(500):
                sqs.send_message(QueueUrl=queue, MessageBody=str(number))
                calls += 1
                if arrivals == "arrivals":
                    time.sleep(7)

        def consume() -> None:
            nonlocal calls
            while True:
                calls += 1
                for message in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20).get("Messages", []):
                    time.sleep(5)
                    calls += 1
                    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

        if arrivals == "queued":
            produce()
        else:
            spawn(produce)
        for _ in range(4):
            spawn(consume)
        environment.run(until=3600)
    return stopwatch() - before, calls


if __name__ == "__main__":
    print(*virtual_hour(sys.argv[1]))
