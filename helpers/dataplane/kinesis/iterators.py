"""Shard iterators: places in a shard, written into the text that the caller holds.

AWS: API/API_GetShardIterator.html. AWS does not document what is in the text; here it is the place itself, so that
nothing is kept for it.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

from helpers.dataplane.kinesis import errors
from helpers.dataplane.kinesis.limits import ITERATOR_US, SECOND_US


class Iterator(NamedTuple):
    """The place in a shard of a stream, handed out at `issued_us` of the Cloud's time."""

    stream_arn: str
    shard_id: str
    place: int
    issued_us: int

    def check(self, now_us: int) -> None:
        """Raise ExpiredIteratorException once 5 minutes have passed since it was handed out."""
        if now_us - self.issued_us > ITERATOR_US:
            raise errors.expired_iterator(self.issued_us / SECOND_US, now_us / SECOND_US)

    def text(self) -> str:
        """What GetShardIterator and GetRecords hand out."""
        place = f"{self.stream_arn} {self.shard_id} {self.place} {self.issued_us}"
        return urlsafe_b64encode(place.encode()).decode()

    @classmethod
    def of(cls, text: str) -> Iterator:
        """Read what was handed out. Raises InvalidArgumentException for any other text."""
        try:
            arn, shard_id, place, issued_us = urlsafe_b64decode(text).decode().split(" ")
            return cls(arn, shard_id, int(place), int(issued_us))
        except ValueError:
            raise errors.invalid_argument("Invalid ShardIterator.") from None
