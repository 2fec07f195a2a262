"""Sequence numbers: what AWS hands out as a long decimal number, and what is counted here.

AWS: API/API_PutRecord.html: they increase over time and are specific to a shard; they are no index. Here one count
serves the whole stream, and neighbours lie apart.
"""

from __future__ import annotations

from helpers.dataplane.kinesis import errors

_FIRST = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_802
_APART = 16


def text_of(place: int) -> str:
    """The sequence number of a place in the stream, 56 digits."""
    return str(_FIRST + place * _APART)


def place_of(text: str, what: str = "StartingSequenceNumber") -> int:
    """The place of a sequence number. Raises InvalidArgumentException for a text that is none."""
    if text.isdecimal():
        place, rest = divmod(int(text) - _FIRST, _APART)
        if place >= 0 and not rest:
            return place
    raise errors.invalid_argument(f"{what} {text} is not a sequence number of this stream.")
