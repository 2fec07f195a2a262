"""Batches: how many records one invocation gets, when a batching window ends, and how a failed batch is cut.

Pages (https://docs.aws.amazon.com/lambda/latest/dg/): invocation-eventsourcemapping.html (batching behaviour),
kinesis-on-failure-destination.html (bisecting).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from helpers.dataplane.awslambda.limits import SYNCHRONOUS_BYTES
from helpers.dataplane.awslambda.records import Record, compact

T = TypeVar("T")

_OPEN, _CLOSE = '{"Records":[', "]}"


def event_of(records: Sequence[str]) -> str:
    """The event that carries these records, each a JSON text."""
    return _OPEN + ",".join(records) + _CLOSE


def fitting(sizes_bytes: Sequence[int], most: int) -> int:
    """How many of the next records one event takes: up to `most`, at least one, 6 MB in all.

    Each size is that of a record as JSON text; the commas between records count, too. The limit is that of synchronous
    invocations (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
    """
    room = SYNCHRONOUS_BYTES - len(_OPEN) - len(_CLOSE)
    for count, size_bytes in enumerate(sizes_bytes[:most]):
        room -= size_bytes + (1 if count else 0)
        if room < 0:
            return max(count, 1)
    return min(len(sizes_bytes), most)


def is_full(size_bytes: int, count: int, most: int) -> bool:
    """True if a batch of `count` records, `size_bytes` in all, needs no more: it has `most`, or 6 MB."""
    return count >= most or size_bytes + count - 1 + len(_OPEN) + len(_CLOSE) >= SYNCHRONOUS_BYTES


def written(record: Record) -> tuple[str, int]:
    """A record as JSON text, and its size in bytes."""
    text = compact(record)
    return text, len(text)  # JSON text as Lambda writes it is ASCII


def window_end_us(began_us: int, first_us: int, window_us: int) -> int:
    """When the batching window closes in which the first record came at `first_us`.

    A window begins as soon as the previous invocation is over, at `began_us`; one that stays empty is followed by the
    next. All times in microseconds.
    """
    if window_us == 0:
        return first_us
    return began_us + max(1, -(-(first_us - began_us) // window_us)) * window_us


def halves(batch: Sequence[T]) -> tuple[list[T], list[T]]:
    """A batch of two or more in two; the first half has the odd one."""
    middle = (len(batch) + 1) // 2
    return list(batch[:middle]), list(batch[middle:])
