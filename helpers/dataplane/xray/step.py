"""One step of a request, as the trail shows it: a call, a message at its consumer, an invocation, a piece of code."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from helpers.cloud.trail import Row
from helpers.dataplane.xray.segment import Segment


class Kind(StrEnum):
    """What a step is."""

    CALL = "call"
    """An API call with its retries, or what a service records of its own doing."""
    ALARM = "alarm"
    """An alarm that changed its state."""
    CONSUMER = "consumer"
    """What an actor did with one message that it received."""
    REQUEST = "request"
    """What Lambda did with one invocation, all its attempts together."""
    RUN = "run"
    """One attempt in an execution environment."""
    RECORDED = "recorded"
    """A segment that the learner's own code sent."""


@dataclass(slots=True, eq=False)
class Step:
    """What `actor` did from `start_us` to `end_us` (microseconds since the Cloud was opened).

    `key` tells it from all others of the trail. `row` is the row of a call (its last attempt) or of an attempt in an
    environment. `parent` is the step that caused it; `links` are those whose messages it works on in a batch.
    """

    kind: Kind
    actor: str
    start_us: int
    end_us: int
    key: str
    row: Row | None = None
    retries: int = 0
    parent: Step | None = None
    links: list[Step] = field(default_factory=list)
    children: list[Step] = field(default_factory=list)
    segment: Segment | None = None
    """The segment that was sent (RECORDED)."""

    @property
    def name(self) -> str:
        """`service.operation` of a call; else the actor."""
        return (
            f"{self.row.service}.{self.row.operation}" if self.row and self.kind is Kind.CALL else self.actor
        )

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of its row."""
        return self.row.parameters if self.row else {}

    @property
    def response(self) -> dict[str, Any]:
        """The response of its row; empty after an error."""
        return (self.row.response or {}) if self.row else {}

    @property
    def error(self) -> str | None:
        """The error of its row, or None."""
        return self.row.error if self.row else None

    def caused_by(self, parent: Step) -> None:
        """Hang it under `parent`."""
        self.parent = parent
        parent.children.append(self)
