"""The calls about registered consumers.

AWS: API/API_RegisterStreamConsumer.html, API/API_DeregisterStreamConsumer.html, API/API_SubscribeToShard.html,
GUIDE/enhanced-consumers.html.
"""

from __future__ import annotations

from typing import Any

from helpers.cloud import Account, Call
from helpers.dataplane.kinesis import errors, limits
from helpers.dataplane.kinesis.consumer import Consumer
from helpers.dataplane.kinesis.metrics import Metrics
from helpers.dataplane.kinesis.models import Models
from helpers.dataplane.kinesis.reading import position
from helpers.dataplane.kinesis.stream import Stream
from helpers.dataplane.kinesis.streams import Streams
from helpers.dataplane.kinesis.subscription import Subscription


class Consumers:
    """Registers consumers, and subscribes them to shards."""

    def __init__(self, account: Account, streams: Streams, metrics: Metrics, models: Models) -> None:
        self._account = account
        self._streams = streams
        self._metrics = metrics
        self._models = models

    def register(self, call: Call) -> dict[str, Any]:
        """A consumer of a name of its own: 20 a stream, 5 of them in CREATING at once."""
        stream, name = self._streams.of(call), call.parameters["ConsumerName"]
        if name in stream.consumers:
            raise errors.in_use(f"Consumer {name} of stream {stream.name} already exists.")
        if len(stream.consumers) >= limits.CONSUMERS:
            raise errors.over_limit(
                f"Stream {stream.name} has {limits.CONSUMERS} consumers, as many as it may."
            )
        now_us = self._account.now_us
        creating = sum(one.status(now_us) == "CREATING" for one in stream.consumers.values())
        if creating >= limits.CREATING_CONSUMERS:
            raise errors.over_limit(
                f"{creating} consumers of stream {stream.name} are being created, as many as may be."
            )
        ready_us = now_us + round(self._models.registering_s * limits.SECOND_US)
        consumer = Consumer(name, stream.arn, self._account.datetime, ready_us)
        stream.consumers[name] = consumer
        return {"Consumer": consumer.described(now_us)}

    def deregister(self, call: Call) -> dict[str, Any]:
        """Delete a consumer; its subscriptions end."""
        stream, consumer = self._find(call)
        del stream.consumers[consumer.name]
        consumer.deleted = True
        for subscription in consumer.subscriptions.values():
            subscription.wake()
        return {}

    def describe(self, call: Call) -> dict[str, Any]:
        """A consumer, by its ARN or by stream and name."""
        _, consumer = self._find(call)
        return {
            "ConsumerDescription": {
                **consumer.described(self._account.now_us),
                "StreamARN": consumer.stream_arn,
            }
        }

    def list(self, call: Call) -> dict[str, Any]:
        """The consumers of a stream, page by page."""
        consumers = list(self._streams.of(call).consumers.values())
        after, most = call.parameters.get("NextToken"), call.parameters.get("MaxResults", 100)
        start = next((n + 1 for n, one in enumerate(consumers) if one.name == after), 0)
        page = consumers[start : start + most]
        reply: dict[str, Any] = {"Consumers": [one.described(self._account.now_us) for one in page]}
        if start + most < len(consumers):
            reply["NextToken"] = page[-1].name
        return reply

    def subscribe(self, call: Call) -> dict[str, Any]:
        """Events with the records of a shard for up to 5 minutes. Within 5 s of a successful call there is no second
        one; then it takes over.
        """
        stream, consumer = self._find(call)
        now_us = self._account.now_us
        shard = stream.shard(call.parameters["ShardId"])
        if consumer.status(now_us) == "CREATING":
            raise errors.in_use(f"Consumer {consumer.name} is being created.")
        before = consumer.subscriptions.get(shard.id)
        if before is not None and now_us - before.began_us < limits.SUBSCRIBE_AGAIN_US:
            self._metrics.subscribed(stream, consumer.name, success=False)
            raise errors.in_use(
                f"Consumer {consumer.name} subscribed to shard {shard.id} less than 5 seconds ago."
            )
        start = call.parameters["StartingPosition"]
        place = position(self._account, shard, start["Type"], start)
        subscription = Subscription(
            self._account, stream, shard, consumer, place, self._metrics, self._models
        )
        consumer.subscriptions[shard.id] = subscription
        if before is not None:
            before.wake()
        self._metrics.subscribed(stream, consumer.name, success=True)
        return {"EventStream": subscription}

    def _find(self, call: Call) -> tuple[Stream, Consumer]:
        given = call.parameters
        arn, name = given.get("ConsumerARN"), given.get("ConsumerName")
        if arn is None and (name is None or given.get("StreamARN") is None):
            raise errors.invalid_argument("Either ConsumerARN, or StreamARN and ConsumerName are needed.")
        stream = self._streams.by_arn(given["StreamARN"] if arn is None else arn)
        for consumer in stream.consumers.values():
            if consumer.arn == arn or (arn is None and consumer.name == name):
                return stream, consumer
        raise errors.missing_consumer(arn or name or "", stream.account_id)
