"""Trucks that report to a stream, a queue, or a topic with queues, and the workers of the applications that read it."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from helpers.dataplane import policy
from helpers.experiments import Values

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

ROUNDS = 3  # each truck reports so often
WORK_S = 0.5  # on one report
PAGE = 10  # records that a worker reads from a shard at a time
WAIT_S = 2  # a worker of a queue goes home if so long nothing comes
DISORDER = 200  # a standard queue hands out any of so many waiting messages
NAME = "trucks"
STREAM, FIFO, STANDARD, TOPIC = "stream", "FIFO queue", "standard queue", "topic with queues"


class Report(NamedTuple):
    """One report of a truck: its number and which of the truck's reports it is, from 0 on."""

    truck: int
    turn: int

    def text(self) -> str:
        """As it is sent."""
        return f"{self.truck}.{self.turn}"

    @property
    def key(self) -> str:
        """The partition key, or the message group."""
        return f"truck-{self.truck:03}"


def parsed(text: str) -> Report:
    """The report of that text."""
    truck, turn = text.split(".")
    return Report(int(truck), int(turn))


def reports(p: Values) -> list[Report]:
    """All reports in the order of sending: each truck once, then each again."""
    return [Report(truck, turn) for turn in range(ROUNDS) for truck in range(1, p.trucks + 1)]


class Service(ABC):
    """What lies between the trucks and the applications. Applications count from 1."""

    def __init__(self, cloud: Cloud, p: Values) -> None:
        self.cloud = cloud
        self.p = p

    @abstractmethod
    def send(self) -> None:
        """All trucks send their reports."""

    @abstractmethod
    def join(self, application: int) -> None:
        """An application comes along; what it needs beyond its workers is made."""

    @abstractmethod
    def work(self, application: int, worker: int) -> None:
        """What a worker of an application does until nothing is left for it. Workers count from 0."""

    @abstractmethod
    def look(self) -> None:
        """See what is still there."""

    def busy(self, worker: int) -> bool:
        """Whether the worker has anything to ask for."""
        return True


class Stream(Service):
    """A stream with the truck as partition key; one worker of an application reads a shard."""

    def __init__(self, cloud: Cloud, p: Values) -> None:
        super().__init__(cloud, p)
        self._kinesis = cloud.client("kinesis")
        self._kinesis.create_stream(StreamName=NAME, ShardCount=p.shards)
        self._shards = [one["ShardId"] for one in self._kinesis.list_shards(StreamName=NAME)["Shards"]]

    def send(self) -> None:
        records = [{"Data": one.text().encode(), "PartitionKey": one.key} for one in reports(self.p)]
        for part in _parts(records, 500):
            self._kinesis.put_records(StreamName=NAME, Records=part)

    def join(self, application: int) -> None:
        """Nothing to do: a stream has what its readers need."""

    def busy(self, worker: int) -> bool:
        return worker < len(self._shards)

    def work(self, application: int, worker: int) -> None:
        iterators = [self._oldest(shard) for shard in self._shards[worker :: self.p.workers]]
        while iterators:
            left = []
            for iterator in iterators:
                reply = self._kinesis.get_records(ShardIterator=iterator, Limit=PAGE)
                time.sleep(WORK_S * len(reply["Records"]))
                if reply["MillisBehindLatest"]:
                    left.append(reply["NextShardIterator"])
            iterators = left

    def look(self) -> None:
        for shard in self._shards:
            self._kinesis.get_records(ShardIterator=self._oldest(shard))

    def _oldest(self, shard: str) -> str:
        reply = self._kinesis.get_shard_iterator(
            StreamName=NAME, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )
        return str(reply["ShardIterator"])


class Queue(Service):
    """One queue that all applications receive from."""

    def __init__(self, cloud: Cloud, p: Values) -> None:
        super().__init__(cloud, p)
        self._sqs = cloud.client("sqs")
        cloud.plane("sqs").models.disorder_window = DISORDER
        self._urls: list[str] = []
        if p.service != TOPIC:
            self._make(NAME)

    def _make(self, name: str) -> str:
        fifo = {"FifoQueue": "true"} if self.p.service == FIFO else {}
        url = self._sqs.create_queue(QueueName=name + (".fifo" if fifo else ""), Attributes=fifo)["QueueUrl"]
        self._urls.append(url)
        return str(url)

    def send(self) -> None:
        for part in _parts(reports(self.p), 10):
            entries = [
                {"Id": str(place), "MessageBody": one.text(), **self._group(one)}
                for place, one in enumerate(part)
            ]
            self._sqs.send_message_batch(QueueUrl=self._urls[0], Entries=entries)

    def join(self, application: int) -> None:
        """Nothing to do: the queue is there."""

    def _group(self, one: Report) -> dict[str, str]:
        if self.p.service != FIFO:
            return {}
        return {"MessageGroupId": one.key, "MessageDeduplicationId": one.text()}

    def _url(self, application: int) -> str:
        return self._urls[0]

    def work(self, application: int, worker: int) -> None:
        url, most = self._url(application), at_once(self.p)
        while True:
            reply = _patiently(
                self._sqs.receive_message, QueueUrl=url, MaxNumberOfMessages=most, WaitTimeSeconds=WAIT_S
            )
            messages = reply.get("Messages", [])
            if not messages:
                return
            time.sleep(WORK_S * len(messages))
            entries = [
                {"Id": str(place), "ReceiptHandle": one["ReceiptHandle"]}
                for place, one in enumerate(messages)
            ]
            _patiently(self._sqs.delete_message_batch, QueueUrl=url, Entries=entries)

    def look(self) -> None:
        for url in self._urls:
            self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])


class Topic(Queue):
    """A topic, and a queue behind it for each application that has come along."""

    def __init__(self, cloud: Cloud, p: Values) -> None:
        super().__init__(cloud, p)
        self._sns = cloud.client("sns")
        self._topic = self._sns.create_topic(Name=NAME)["TopicArn"]
        self._own: dict[int, str] = {}

    def join(self, application: int) -> None:
        url = self._own[application] = self._make(f"application-{application}")
        found = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arn = found["Attributes"]["QueueArn"]
        allowing = policy.of_queue(arn, "sns.amazonaws.com", self._topic)
        self._sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": allowing})
        self._sns.subscribe(
            TopicArn=self._topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
        )

    def send(self) -> None:
        for part in _parts(reports(self.p), 10):
            entries = [{"Id": str(place), "Message": one.text()} for place, one in enumerate(part)]
            self._sns.publish_batch(TopicArn=self._topic, PublishBatchRequestEntries=entries)

    def _url(self, application: int) -> str:
        return self._own[application]


def service(cloud: Cloud, p: Values) -> Service:
    """The service of these values."""
    kinds: dict[str, Callable[[Cloud, Values], Service]] = {
        STREAM: Stream,
        FIFO: Queue,
        STANDARD: Queue,
        TOPIC: Topic,
    }
    return kinds[p.service](cloud, p)


def at_once(p: Values) -> int:
    """How many messages a worker of a queue asks for: fewer if there are many workers, so that each gets some."""
    sharing = p.workers * (1 if p.service == TOPIC else p.applications)
    return int(max(1, min(10, p.trucks // sharing)))


def _patiently(call: Callable[..., dict[str, Any]], **parameters: Any) -> dict[str, Any]:
    """Make a call, again after a second if it is throttled: a FIFO queue takes 300 of a kind a second."""
    while True:
        try:
            return call(**parameters)
        except ClientError as error:
            if error.response["Error"]["Code"] != "RequestThrottled":
                raise
            time.sleep(1)


def _parts(things: list[Any], size: int) -> Iterator[list[Any]]:
    for first in range(0, len(things), size):
        yield things[first : first + size]
