"""A registered consumer of a stream: enhanced fan-out. AWS: API/API_Consumer.html."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from helpers.dataplane.kinesis.limits import READ_BYTES
from helpers.dataplane.kinesis.meter import Meter

if TYPE_CHECKING:
    from helpers.dataplane.kinesis.subscription import Subscription


class Consumer:
    """Reads each shard at a rate of its own. `ready_us` is when it leaves CREATING, in the Cloud's time."""

    def __init__(self, name: str, stream_arn: str, created: datetime, ready_us: int) -> None:
        self.name = name
        self.stream_arn = stream_arn
        self.arn = f"{stream_arn}/consumer/{name}:{int(created.timestamp())}"
        self.created = created
        self.ready_us = ready_us
        self.deleted = False
        self.subscriptions: dict[str, Subscription] = {}
        """Shard -> the latest subscription."""
        self._meters: dict[str, Meter] = {}

    def status(self, now_us: int) -> str:
        """CREATING, then ACTIVE."""
        return "CREATING" if now_us < self.ready_us else "ACTIVE"

    def meter(self, shard_id: str) -> Meter:
        """What the consumer got from the shard in this second: at most 2 MB."""
        return self._meters.setdefault(shard_id, Meter(READ_BYTES))

    def described(self, now_us: int) -> dict[str, Any]:
        """As RegisterStreamConsumer and ListStreamConsumers tell of it."""
        return {
            "ConsumerName": self.name,
            "ConsumerARN": self.arn,
            "ConsumerStatus": self.status(now_us),
            "ConsumerCreationTimestamp": self.created,
        }
