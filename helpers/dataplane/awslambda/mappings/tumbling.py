"""Tumbling windows: the records of a stretch of time share a state that the function hands on from run to run.

Pages (https://docs.aws.amazon.com/lambda/latest/dg/): services-kinesis-windows.html, services-ddb-windows.html.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from helpers.dataplane.awslambda.limits import MB, SECOND_US

STATE_BYTES = MB
"""The state may have 1 MB a shard; a larger one ends its window early."""


class Tumbling:
    """The window of a lane that is open, if there is one. Windows begin at multiples of their length since 1970."""

    def __init__(self, length_s: int, shard_id: str, source_arn: str) -> None:
        self._length_us = length_s * SECOND_US
        self._shard_id = shard_id
        self._source_arn = source_arn
        self._begins_us: int | None = None
        self._state = "{}"
        self.too_large = False
        """True once the state outgrew its limit: the window ends early."""

    @property
    def ends_us(self) -> int | None:
        """When the open window ends, in microseconds since 1970; None if none is open."""
        return None if self._begins_us is None else self._begins_us + self._length_us

    def covers(self, arrived_us: int) -> bool:
        """True if a record that was written at this instant belongs to the open window."""
        return self._begins_us == self._start(arrived_us)

    def open(self, arrived_us: int) -> None:
        """Open the window of a record, with an empty state."""
        self._begins_us = self._start(arrived_us)
        self._state, self.too_large = "{}", False

    def close(self) -> None:
        """Forget the window and its state."""
        self._begins_us = None

    def event(self, records: Sequence[str], *, final: bool) -> str:
        """The event that carries these records (JSON texts), or ends the window."""
        begins_us = self._begins_us or 0
        rest = {
            "window": {"start": _instant(begins_us), "end": _instant(begins_us + self._length_us)},
            "state": json.loads(self._state),
            "shardId": self._shard_id,
            "eventSourceARN": self._source_arn,
            "isFinalInvokeForWindow": final,
            "isWindowTerminatedEarly": final and self.too_large,
        }
        return '{"Records":[' + ",".join(records) + "]," + json.dumps(rest)[1:]

    def hear(self, answer: str) -> bool:
        """Take the state from the function's answer (JSON text). False if there is none: the run then failed."""
        document: Any = json.loads(answer) if answer else None
        if not isinstance(document, dict) or "state" not in document:
            return False
        self._state = json.dumps(document["state"])
        self.too_large = len(self._state) > STATE_BYTES
        return True

    def _start(self, arrived_us: int) -> int:
        return arrived_us - arrived_us % self._length_us


def _instant(epoch_us: int) -> str:
    return datetime.fromtimestamp(epoch_us // SECOND_US, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
