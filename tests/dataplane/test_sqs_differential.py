"""The same calls on plain moto and on a Cloud give the same replies, apart from the differences that the rules list.

The sequences keep away from those differences: they use receipt handles only while these are valid, one message a
receive on FIFO queues (moto loses their order when several time out), no instant at which a timeout ends, and no age
beyond the retention period. What is compared is everything: ids, receipt handles, digests, timestamps, errors, headers
and request ids. Left out are sequence numbers (moto's are random) and a queue's creation time (moto's has fractions).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from helpers import Cloud

from . import plain_moto

pytestmark = pytest.mark.slow  # the quick gate does without a wide search


URL = "https://sqs.us-east-1.amazonaws.com/123456789012/"
DLQ_ARN = "arn:aws:sqs:us-east-1:123456789012:dead"

Step = dict[str, Any]


class PlainMoto:
    """The other process."""

    def __init__(self) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        environment |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
        self.process = subprocess.Popen(  # our own script
            [sys.executable, str(Path(plain_moto.__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def replies(self, seed: int, steps: list[Step]) -> list[Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"seed": seed, "steps": steps}) + "\n")
        self.process.stdin.flush()
        replies: list[Any] = json.loads(self.process.stdout.readline())
        return replies


@pytest.fixture(scope="module")
def moto_alone() -> Iterator[PlainMoto]:
    plain = PlainMoto()
    yield plain
    plain.process.communicate(timeout=10)


def on_cloud(seed: int, steps: list[Step]) -> list[Any]:
    with Cloud(seed=seed) as cloud:
        cloud.api_latency_s = 0
        models = cloud.plane("sqs").models
        models.back_of_queue_after = 0  # a rule of AWS that moto does not have
        models.stale_handle_deletes = True
        return plain_moto.replay(cloud.client("sqs"), cloud.advance, steps)


def comparable(reply: Any) -> Any:
    if isinstance(reply, dict):
        dropped = {"SequenceNumber", "CreatedTimestamp", "LastModifiedTimestamp"}
        return {name: comparable(value) for name, value in reply.items() if name not in dropped}
    if isinstance(reply, list):
        return [comparable(value) for value in reply]
    return reply


class Story:
    """Makes a sequence that keeps to what both sides do alike, and knows which receipt handles are valid."""

    def __init__(self, draw: Any, fifo: bool) -> None:
        self.draw, self.fifo = draw, fifo
        self.url = URL + ("q.fifo" if fifo else "q")
        self.now = 0.0
        self.count = 0
        self.sent = 0
        attributes: dict[str, str] = {"VisibilityTimeout": draw(st.sampled_from(["5", "30"]))}
        self.visibility = float(attributes["VisibilityTimeout"])
        self.groups = ["a", "b", "c"]
        self.steps: list[Step] = []
        if fifo:
            attributes["FifoQueue"] = "true"
            self.content = draw(st.booleans())
            attributes["ContentBasedDeduplication"] = str(self.content).lower()
        elif draw(st.booleans()):
            self.call("create_queue", QueueName="dead")
            attributes["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": DLQ_ARN, "maxReceiveCount": 2})
        self.call("create_queue", QueueName=self.url.rsplit("/", 1)[1], Attributes=attributes)

    def call(self, name: str, /, **parameters: Any) -> None:
        self.steps.append({"call": name, "with": parameters})

    def entry(self) -> dict[str, Any]:
        self.sent += 1
        body = self.draw(st.sampled_from(["", "é", "\U0001f600", "x" * 50])) + f" body {self.sent}"
        entry: dict[str, Any] = {"MessageBody": body}
        if self.fifo:
            entry["MessageGroupId"] = self.draw(st.sampled_from(self.groups))
            if not self.content or self.draw(st.booleans()):
                entry["MessageDeduplicationId"] = f"d{self.sent}"
        elif self.draw(st.booleans()):
            entry["DelaySeconds"] = self.draw(st.sampled_from([0, 3, 901]))
        if self.draw(st.booleans()):
            entry["MessageAttributes"] = {
                "kind": {"DataType": "String", "StringValue": "order"},
                "price.eur": {"DataType": "Number.float", "StringValue": "12.50"},
            }
        return entry

    def send(self) -> None:
        self.call("send_message", QueueUrl=self.url, **self.entry())

    def send_batch(self) -> None:
        entries = [{"Id": f"e{i}", **self.entry()} for i in range(self.draw(st.integers(0, 11)))]
        if entries and self.draw(st.booleans()):
            entries[-1]["Id"] = self.draw(st.sampled_from(["e0", "not an id"]))
        if self.fifo and any("MessageDeduplicationId" not in e for e in entries) and not self.content:
            return
        self.call("send_message_batch", QueueUrl=self.url, Entries=entries)

    def receive(self) -> None:
        options: dict[str, Any] = {"MaxNumberOfMessages": 1 if self.fifo else self.draw(st.integers(1, 10))}
        if self.draw(st.booleans()):
            options["VisibilityTimeout"] = self.draw(st.sampled_from([1, 5, 60]))
        names = self.draw(
            st.sampled_from([[], ["All"], ["SentTimestamp", "ApproximateReceiveCount"], ["Policy"]])
        )
        if names:
            key = self.draw(st.sampled_from(["AttributeNames", "MessageSystemAttributeNames"]))
            options[key] = names
        wanted = self.draw(st.sampled_from([[], ["All"], ["kind"], ["price.*", "nothing"], [".*"]]))
        if wanted:
            options["MessageAttributeNames"] = wanted
        self.call("receive_message", QueueUrl=self.url, **options)

    def delete(self) -> None:
        self.call("delete_message", QueueUrl=self.url, ReceiptHandle=f"${self.draw(st.integers(0, 9))}")

    def delete_batch(self) -> None:
        handles = range(self.draw(st.integers(0, 3)))
        entries = [{"Id": f"d{i}", "ReceiptHandle": f"${i}"} for i in handles][:1]
        self.call("delete_message_batch", QueueUrl=self.url, Entries=entries)

    def change(self) -> None:
        seconds = self.draw(st.sampled_from([0, 2, 45, 43_201]))
        handle = f"${self.draw(st.integers(0, 9))}"
        self.call(
            "change_message_visibility", QueueUrl=self.url, ReceiptHandle=handle, VisibilityTimeout=seconds
        )
        self.pass_time()  # moto shows a released message a moment later
        entry = {"Id": "c", "ReceiptHandle": handle, "VisibilityTimeout": 7}
        self.call("change_message_visibility_batch", QueueUrl=self.url, Entries=[entry])

    def attributes(self) -> None:
        names = [
            ["All"],
            ["ApproximateNumberOfMessages", "VisibilityTimeout"],
            ["Nonsense"],
            [],
            ["RedrivePolicy"],
        ]
        self.call("get_queue_attributes", QueueUrl=self.url, AttributeNames=self.draw(st.sampled_from(names)))

    def pass_time(self) -> None:
        # Never a whole number of seconds in all, so that no call falls on the very end of a timeout.
        seconds = self.draw(st.sampled_from([0, 1, 4, 10, 31, 70]))
        self.steps.append({"advance": seconds + 0.001})

    def bogus(self) -> None:
        for name in ("delete_message", "change_message_visibility"):
            extra = {"VisibilityTimeout": 5} if name.startswith("change") else {}
            self.call(name, QueueUrl=self.url, ReceiptHandle="bogus", **extra)
        self.call("delete_message_batch", QueueUrl=self.url, Entries=[{"Id": "1", "ReceiptHandle": "bogus"}])
        self.call("send_message", QueueUrl=URL + "missing", MessageBody="x")

    def purge(self) -> None:
        self.call("purge_queue", QueueUrl=self.url)


@st.composite
def stories(draw: Any, fifo: bool) -> list[Step]:
    story = Story(draw, fifo)
    acts = [story.send, story.send_batch, story.receive, story.receive, story.receive, story.delete]
    acts += [story.delete_batch, story.change, story.pass_time, story.attributes, story.bogus]
    for _ in range(draw(st.integers(1, 25))):
        draw(st.sampled_from(acts))()
    if draw(st.booleans()):
        story.purge()
        story.purge()
    story.attributes()
    return story.steps


def same(moto_alone: PlainMoto, seed: int, steps: list[Step]) -> None:
    plain = [comparable(reply) for reply in moto_alone.replies(seed, steps)]
    mine = [comparable(reply) for reply in on_cloud(seed, steps)]
    calls = [step for step in steps if "call" in step]
    for call, theirs, ours in zip(calls, plain, mine, strict=True):
        assert ours == theirs, call


@settings(max_examples=40, phases=[Phase.generate])
@given(seed=st.integers(0, 9), steps=stories(fifo=False))
def test_standard_queue_as_moto(moto_alone: PlainMoto, seed: int, steps: list[Step]) -> None:
    same(moto_alone, seed, steps)


@settings(max_examples=40, phases=[Phase.generate])
@given(seed=st.integers(0, 9), steps=stories(fifo=True))
def test_fifo_queue_as_moto(moto_alone: PlainMoto, seed: int, steps: list[Step]) -> None:
    same(moto_alone, seed, steps)
