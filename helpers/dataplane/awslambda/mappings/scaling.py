"""How many batches of a queue are processed at once.

Page: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html; for provisioned mode also with-sqs.html.
"""

from __future__ import annotations

from helpers.dataplane.awslambda.mappings.mapping import Mapping

START = 5
"""Batches that are processed at once as soon as there are messages."""

PER_MINUTE = 300
"""By how many that number grows in a minute while there are more messages."""

MOST = 1_250
"""Batches at once, however long the queue."""

PER_POLLER = 10
"""Batches at once that one event poller of provisioned mode handles."""

PROVISIONED_PER_MINUTE = 1_000


class Scaling:
    """The number of pollers that a mapping wants. Each has one batch at a time.

    Assumptions: the number grows once a second; an idle mapping has two pollers, where AWS says "as few as 2"; a batch
    that fails takes one poller away, down to two, and growth goes on with the next batch that succeeds.
    """

    def __init__(self, mapping: Mapping) -> None:
        most = mapping.maximum_concurrency
        if mapping.pollers is not None:
            least_pollers, most_pollers = mapping.pollers
            self._start, self._most = least_pollers * PER_POLLER, most_pollers * PER_POLLER
            self._per_second = PROVISIONED_PER_MINUTE / 60
        else:
            self._most = MOST if most is None else most
            self._start = min(START, self._most)
            self._per_second = PER_MINUTE / 60
        idles = mapping.pollers is None and most is None
        self._idle = 2 if idles else self._start
        self._least = min(2, self._start)
        self._wanted = float(self._start)
        self._backing_off = False

    @property
    def wanted(self) -> int:
        """Pollers that shall be at work now."""
        return int(self._wanted)

    def found(self) -> None:
        """There are messages: begin with five batches at once, unless the function fails."""
        if not self._backing_off:
            self._wanted = max(self._wanted, self._start)

    def grow(self) -> None:
        """A second has passed, and there are still messages that nobody reads."""
        if not self._backing_off:
            self._wanted = min(self._wanted + self._per_second, self._most)

    def idle(self) -> None:
        """A poller found nothing."""
        self._wanted = max(self.wanted - 1, self._idle)

    def failed(self) -> None:
        """The function returned an error, or was throttled (services-sqs-errorhandling.html)."""
        self._backing_off = True
        self._wanted = max(self.wanted - 1, self._least)

    def succeeded(self) -> None:
        """The function processed a batch."""
        self._backing_off = False
