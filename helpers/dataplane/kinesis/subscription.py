"""A subscription of a consumer to a shard: events that are iterated in virtual time.

AWS: API/API_SubscribeToShard.html, API/API_SubscribeToShardEvent.html.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import EventStreamError

from helpers.cloud import Account
from helpers.dataplane.kinesis import limits
from helpers.dataplane.kinesis.consumer import Consumer
from helpers.dataplane.kinesis.metrics import Metrics
from helpers.dataplane.kinesis.models import Models
from helpers.dataplane.kinesis.reading import behind_ms
from helpers.dataplane.kinesis.sequence import text_of
from helpers.dataplane.kinesis.shard import Record, Shard
from helpers.dataplane.kinesis.stream import Stream


class Subscription:
    """What boto3 gives as `EventStream`: `for event in response["EventStream"]` waits for each event.

    Each event is a row of the trail, under the name of who iterates: SubscribeToShardEvent.

    It ends after 5 minutes, at the end of a closed shard, or by `close()`. It raises botocore's EventStreamError when
    another subscription takes over, or the consumer or the stream is deleted.
    """

    def __init__(
        self,
        account: Account,
        stream: Stream,
        shard: Shard,
        consumer: Consumer,
        place: int,
        metrics: Metrics,
        models: Models,
    ) -> None:
        self.began_us = account.now_us
        self._account = account
        self._stream = stream
        self._shard = shard
        self._consumer = consumer
        self._place = place
        self._metrics = metrics
        self._models = models
        self._closed = False

    def __repr__(self) -> str:
        return f"<EventStream of {self._consumer.name}, {self._shard.id}>"

    def close(self) -> None:
        """Read no more."""
        self._closed = True
        self.wake()

    def wake(self) -> None:
        """Something has changed for it."""
        self._shard.arrived.fire()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The events, each when it arrives: `{"SubscribeToShardEvent": {...}}`."""
        shard, meter = self._shard, self._consumer.meter(self._shard.id)
        ends_us = self.began_us + limits.SUBSCRIPTION_US
        while not self._closed:
            self._check()
            now_us = self._account.now_us
            if now_us >= ends_us:
                return
            delay_us = round(self._models.enhanced_propagation_s * limits.SECOND_US)
            due_us = meter.free_us(now_us)
            if due_us == now_us:
                shard.trim(self._stream.retention_us, now_us)
                room = meter.rate - meter.used(now_us)
                records = shard.read(self._place, limits.PAGE_RECORDS, room, now_us - delay_us)
                if records or shard.ends_before(self._place):
                    yield {"SubscribeToShardEvent": self._event(records, now_us)}
                    if shard.ends_before(self._place):
                        return
                    continue
                following = shard.next(self._place)
                due_us = ends_us if following is None else following.arrived_us + delay_us
            shard.arrived.wait((min(due_us, ends_us) - now_us) / limits.SECOND_US)

    def _event(self, records: list[Record], now_us: int) -> dict[str, Any]:
        shard, size = self._shard, sum(record.size_bytes for record in records)
        self._consumer.meter(shard.id).take(size, now_us)
        if records:
            self._place = records[-1].place + 1
        behind = behind_ms(shard, records, self._place, now_us)
        self._metrics.pushed(self._stream, shard, self._consumer.name, len(records), size, behind)
        event: dict[str, Any] = {
            "Records": [dict(record.content) for record in records],
            "ContinuationSequenceNumber": text_of(max(self._place - 1, shard.first)),
            "MillisBehindLatest": behind,
        }
        if shard.ends_before(self._place):
            event["ChildShards"] = [child.as_child() for child in shard.children]
        given = {"ConsumerARN": self._consumer.arn, "ShardId": shard.id}
        self._account.record("kinesis", "SubscribeToShardEvent", given, event, asked=True)
        return event

    def _check(self) -> None:
        consumer = self._consumer
        if consumer.subscriptions.get(self._shard.id) is not self:
            raise _failure("ResourceInUseException", "Another subscription of this consumer took over.")
        if consumer.deleted or self._stream.deleted:
            raise _failure(
                "ResourceNotFoundException", f"Consumer {consumer.name} or its stream was deleted."
            )


def _failure(code: str, message: str) -> EventStreamError:
    return EventStreamError({"Error": {"Code": code, "Message": message}}, "SubscribeToShard")
