"""Shard iterators: places in a shard, written into the text that the caller holds.

AWS: API/API_streams_GetShardIterator.html. AWS does not document what is in the text; here it is the place itself, so
that nothing is kept for it.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

from helpers.dataplane.dynamodb import errors
from helpers.dataplane.dynamodb.limits import ITERATOR_US


class Iterator(NamedTuple):
    """The place before the record of sequence number `position`, handed out at `issued_us` of the Cloud's time."""

    stream_arn: str
    shard_id: str
    position: int
    issued_us: int

    def expired(self, now_us: int) -> bool:
        """True 15 minutes after it was handed out."""
        return now_us >= self.issued_us + ITERATOR_US

    def text(self) -> str:
        """What GetShardIterator and GetRecords hand out."""
        place = f"{self.shard_id} {self.position} {self.issued_us}"
        return f"{self.stream_arn}|1|{urlsafe_b64encode(place.encode()).decode()}"

    @classmethod
    def of(cls, text: str) -> Iterator:
        """Read what was handed out. Raises ValidationException for any other text."""
        arn, _, coded = text.partition("|1|")
        try:
            shard_id, position, issued_us = urlsafe_b64decode(coded).decode().split(" ")
            return cls(arn, shard_id, int(position), int(issued_us))
        except ValueError:
            raise errors.invalid("Invalid ShardIterator") from None
