"""Worked examples of section 18 that are about the service itself, with actors on a Cloud."""

from __future__ import annotations

import time

import pytest
from runs import outcome

from helpers import Cloud


def test_one_thread_makes_one_call_per_latency() -> None:
    """one_thread: 20 ms a call are 50 calls a second, and 500 messages in batches of ten."""
    with Cloud() as cloud:
        cloud.api_latency_s = 0.02
        sqs = cloud.client("sqs")
        url = sqs.create_queue(QueueName="clicks")["QueueUrl"]
        entries = [{"Id": str(i), "MessageBody": "click"} for i in range(10)]

        def send() -> None:
            while True:
                sqs.send_message_batch(QueueUrl=url, Entries=entries)

        start = cloud.now
        cloud.spawn(send, name="sender", background=True)
        cloud.run(until=start + 1)
        rows = cloud.trail[cloud.trail["operation"] == "SendMessageBatch"]
        assert len(rows) == 50
        assert sum(len(reply["Successful"]) for reply in rows["response"]) == 500


def test_a_fifo_queue_takes_300_calls_a_second_and_3000_messages_in_batches() -> None:
    """fifo_batch and trucks_fifo: 300 calls a second and action, times ten messages."""
    with Cloud() as cloud:
        sqs = cloud.client("sqs")
        url = sqs.create_queue(QueueName="trucks.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        accepted: list[float] = []
        refused: list[float] = []

        def send(truck: int) -> None:
            for number in range(4):
                entries = [
                    {
                        "Id": str(i),
                        "MessageBody": "position",
                        "MessageGroupId": f"truck-{truck}",
                        "MessageDeduplicationId": f"{truck}-{number}-{i}",
                    }
                    for i in range(10)
                ]
                try:
                    sqs.send_message_batch(QueueUrl=url, Entries=entries)
                    accepted.append(time.time())
                except sqs.exceptions.ClientError:
                    refused.append(time.time())

        for truck in range(100):
            cloud.spawn(send, truck, name=f"truck-{truck}")
        start = time.time()
        cloud.run()
        rows = cloud.trail[cloud.trail["operation"] == "SendMessageBatch"]
        first_second = rows[
            (rows["time_s"] + rows["duration_s"] < rows["time_s"].min() + 1) & rows["error"].isna()
        ]
        assert len(first_second) == 300
        assert sum(len(reply["Successful"]) for reply in first_second["response"]) == 3000
        assert len(accepted) + len(refused) == 400
        assert min(accepted) >= start


def test_a_pool_of_ten_drains_a_hundred_times_its_load_in_a_hundred_rounds() -> None:
    """video_spike: 1,000 jobs, ten workers, 20 s a job: 100 rounds, while the queue holds the rest."""
    with Cloud() as cloud:
        sqs = cloud.client("sqs")
        url = sqs.create_queue(QueueName="videos", Attributes={"ReceiveMessageWaitTimeSeconds": "20"})[
            "QueueUrl"
        ]
        for _ in range(100):
            entries = [{"Id": str(i), "MessageBody": "video"} for i in range(10)]
            sqs.send_message_batch(QueueUrl=url, Entries=entries)
        done: list[float] = []

        def encode() -> None:
            while True:
                for message in sqs.receive_message(QueueUrl=url).get("Messages", []):
                    time.sleep(20)
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                    done.append(time.time())

        for number in range(10):
            cloud.spawn(encode, name=f"encoder-{number}", background=True)
        start = cloud.now
        cloud.run(until=start + 100 * 20.02 + 1)
        assert len(done) == 1000
        assert max(done) - min(done) == pytest.approx(99 * 20.02, abs=1)


def test_the_queue_holds_what_the_workers_cannot_do() -> None:
    """The same in the scaling experiment: nothing is refused, and the backlog is worked off."""
    found = outcome("18_sqs.asg", max_instances=2, min_instances=2, burst_factor=10)
    assert found.summary["peak_backlog"] > 400
    assert found.summary["done"] + found.summary["left_in_queue"] == found.summary["messages"]
