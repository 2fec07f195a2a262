"""The messages of a standard queue that a receive may hand out, and which of them comes next."""

from __future__ import annotations

from collections.abc import Collection
from heapq import heappop, heappush

from helpers.dataplane.sqs.message import READY, Message

Entry = tuple[int, Message]


class Ready:
    """Available messages of a standard queue: oldest first, shared among message groups (fair queues).

    Fair queues (GUIDE/sqs-fair-queues.html): SQS watches how the messages in flight are spread over the tenants
    (message groups) and hands out first what keeps them evenly spread. Model: the next message is the oldest of the
    group with the fewest messages in flight; messages without a group are never held back. No group is capped.

    Every operation costs O(log n). Entries of messages that are gone are dropped when they come up.
    """

    def __init__(self, fair: bool = True) -> None:
        self.fair = fair
        self._plain: list[Entry] = []
        self._groups: dict[str, list[Entry]] = {}
        self._turns: list[tuple[int, int, str]] = []
        self._in_flight: dict[str, int] = {}

    def offer(self, message: Message) -> None:
        """The message can be received from now on."""
        group = message.group
        if group is None or not self.fair:
            heappush(self._plain, (message.order, message))
            return
        heap = self._groups.setdefault(group, [])
        heappush(heap, (message.order, message))
        if _front(heap) is message:
            self._queue_up(group)

    def taken(self, message: Message) -> None:
        """The message went into flight."""
        if message.group is not None:
            self._in_flight[message.group] = self._in_flight.get(message.group, 0) + 1
            self._queue_up(message.group)

    def landed(self, message: Message) -> None:
        """The message is no longer in flight."""
        if message.group is not None:
            left = self._in_flight[message.group] - 1
            if left:
                self._in_flight[message.group] = left
            else:
                del self._in_flight[message.group]
            self._queue_up(message.group)

    def next(self) -> Message | None:
        """Take out the next message to hand out, or None."""
        plain = _front(self._plain)
        turn = self._turn() if self._turns else None
        if turn is None:
            return heappop(self._plain)[1] if plain is not None else None
        if plain is not None and (0, plain.order) < turn[:2]:
            return heappop(self._plain)[1]
        heappop(self._turns)
        message = heappop(self._groups[turn[2]])[1]
        self._queue_up(turn[2])
        return message

    def noisy(self, present: Collection[str]) -> set[str]:
        """Groups that hold more than an equal share of the messages in flight (and more than one), among `present`."""
        share = sum(self._in_flight.values()) / max(1, len(set(present) | set(self._in_flight)))
        return {group for group, count in self._in_flight.items() if count > 1 and count > share}

    def _queue_up(self, group: str) -> None:
        front = _front(self._groups.get(group))
        if front is not None:
            heappush(self._turns, (self._in_flight.get(group, 0), front.order, group))

    def _turn(self) -> tuple[int, int, str] | None:
        turns = self._turns
        while turns:
            count, order, group = turns[0]
            front = _front(self._groups.get(group))
            if front is not None and front.order == order and self._in_flight.get(group, 0) == count:
                return turns[0]
            # The group moved on since: a newer entry stands for it.
            heappop(turns)
            if front is None:
                self._groups.pop(group, None)
        return None


def _front(heap: list[Entry] | None) -> Message | None:
    """The first message of the heap that is still available at the place it was queued for."""
    while heap:
        order, message = heap[0]
        if message.state == READY and message.order == order:
            return message
        heappop(heap)
    return None
