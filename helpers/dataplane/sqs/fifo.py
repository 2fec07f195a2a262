"""FIFO queues: order within a message group, one receive at a time per group, and no duplicate within 5 minutes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from random import Random

from helpers.dataplane.sqs import errors
from helpers.dataplane.sqs.configuration import Configuration
from helpers.dataplane.sqs.limits import ATTEMPT_US, DEDUPLICATION_US
from helpers.dataplane.sqs.message import DELAYED, IN_FLIGHT, READY, Message
from helpers.dataplane.sqs.models import Models
from helpers.dataplane.sqs.queue import Queue

FIRST_SEQUENCE_NUMBER = 18_850_000_000_000_000_000
SEQUENCE_STEP = 256

Accepted = tuple[str, str]
"""Message id and sequence number of a message that was accepted."""


class Group:
    """One message group: its available messages, and how many of it are in flight."""

    __slots__ = ("in_flight", "waiting")

    def __init__(self) -> None:
        self.waiting: list[tuple[int, Message]] = []
        self.in_flight = 0

    def front(self) -> Message | None:
        """The next message of the group, or None."""
        waiting = self.waiting
        while waiting:
            message = waiting[0][1]
            if message.state == READY:
                return message
            heappop(waiting)
        return None


class FifoQueue(Queue):
    """A FIFO queue (GUIDE/FIFO-queues-understanding-logic.html).

    While a message of a group is in flight, no more of that group are handed out. One receive takes as many messages
    of one group as it can before it goes on to the next, in order within each group.
    """

    def __init__(
        self, configuration: Configuration, models: Models | None = None, random: Random | None = None
    ):
        super().__init__(configuration, models, random)
        self._groups: dict[str, Group] = {}
        self._open: list[tuple[int, str]] = []
        self._sent: dict[str | tuple[str, str], Accepted] = {}
        self._sent_at: deque[tuple[int, str | tuple[str, str]]] = deque()
        self._attempts: dict[str, tuple[int, int, list[tuple[Message, str, int]]]] = {}
        self._sequence = FIRST_SEQUENCE_NUMBER

    # Sending

    def first_of(self, deduplication_id: str, group: str, now_us: int) -> Accepted | None:
        """Message id and number accepted in the last 5 minutes under this id, the message deleted or not.

        The scope is the queue, or the message group if DeduplicationScope says so.
        AWS: GUIDE/using-messagededuplicationid-property.html.
        """
        sent_at = self._sent_at
        while sent_at and now_us - sent_at[0][0] >= DEDUPLICATION_US:
            self._sent.pop(sent_at.popleft()[1], None)
        return self._sent.get(self._key(deduplication_id, group))

    def add(self, message: Message, now_us: int, now_ms: int) -> None:
        """Store a message that is no duplicate, under the next sequence number."""
        self._number(message)
        key = self._key(message.deduplication_id or message.id, message.group or "")
        self._sent[key] = message.id, message.sequence_number or ""
        self._sent_at.append((now_us, key))
        super().add(message, now_us, now_ms)

    def _key(self, deduplication_id: str, group: str) -> str | tuple[str, str]:
        return (group, deduplication_id) if self.configuration.deduplication_per_group else deduplication_id

    def _number(self, message: Message) -> None:
        self._sequence += SEQUENCE_STEP
        message.sequence_number = str(self._sequence)

    def _delay_us(self, message: Message) -> int:
        return self.configuration.delay_us

    def _keep_age(self, message: Message, now_us: int) -> None:
        """FIFO: age starts anew at the move, and the message id replaces the deduplication id.

        AWS: GUIDE/sqs-dead-letter-queues.html and GUIDE/sqs-configure-dead-letter-queue-redrive.html.
        """
        message.enqueued_us = now_us
        message.deduplication_id = message.id

    # Receiving

    def take(
        self,
        count: int,
        visibility_us: int,
        now_us: int,
        now_ms: int,
        new_handle: Callable[[], str],
        short_poll: bool = False,
        attempt_id: str | None = None,
    ) -> list[Message]:
        """Hand out up to `count` messages, group by group. `attempt_id` repeats a receive whose reply was lost."""
        self.settle(now_us)
        if attempt_id is not None:
            again = self._repeat(attempt_id, visibility_us, now_us)
            if again is not None:
                return again
        room = self.models.in_flight_limit - self.in_flight
        taken: list[Message] = []
        while len(taken) < min(count, room) and (group := self._next_group()) is not None:
            while len(taken) < min(count, room) and (message := group.front()) is not None:
                heappop(group.waiting)
                if self._set_aside(message, now_us):
                    continue
                self._hand_out(message, now_us, now_ms, visibility_us, new_handle())
                if visibility_us > 0:
                    group.in_flight += 1
                taken.append(message)
            if visibility_us == 0 and group.waiting:
                self._unlock(group)
        if visibility_us == 0:
            for message in taken:
                self._offer(message)
        if attempt_id is not None and taken:
            self._attempts[attempt_id] = (
                now_us,
                visibility_us,
                [(m, m.handle or "", m.due_us) for m in taken],
            )
        return taken

    def _repeat(self, attempt_id: str, visibility_us: int, now_us: int) -> list[Message] | None:
        """The same messages and receipt handles again, their timeout started anew, if none was touched since.

        Works for 5 minutes after the receive (API/API_ReceiveMessage.html, ReceiveRequestAttemptId).
        """
        if len(self._attempts) > 64:
            self._attempts = {k: v for k, v in self._attempts.items() if now_us - v[0] <= ATTEMPT_US}
        at_us, _, given = self._attempts.get(attempt_id, (0, 0, []))
        untouched = all(
            m.state == IN_FLIGHT and m.handle == handle and m.due_us == due for m, handle, due in given
        )
        if not given or now_us - at_us > ATTEMPT_US or not untouched or visibility_us == 0:
            return None
        messages = [message for message, _, _ in given]
        for message in messages:
            self._timers.set(message, now_us + visibility_us)
        self._attempts[attempt_id] = (at_us, visibility_us, [(m, m.handle or "", m.due_us) for m in messages])
        return messages

    def _offer(self, message: Message) -> None:
        group = self._groups.setdefault(message.group or "", Group())
        heappush(group.waiting, (message.order, message))
        if group.in_flight == 0 and group.front() is message:
            self._unlock(group)

    def _landed(self, message: Message) -> None:
        group = self._groups[message.group or ""]
        group.in_flight -= 1
        if group.in_flight == 0:
            self._unlock(group)
            if not group.waiting:
                del self._groups[message.group or ""]

    def _unlock(self, group: Group) -> None:
        """The group's next message can be received."""
        front = group.front()
        if front is not None:
            heappush(self._open, (front.order, front.group or ""))
            self.fresh += 1

    def _next_group(self) -> Group | None:
        """The open group whose next message was sent first."""
        while self._open:
            order, name = heappop(self._open)
            group = self._groups.get(name)
            if group is None or group.in_flight:
                continue
            front = group.front()
            if front is None:
                del self._groups[name]
            elif front.order == order:
                return group
        return None

    def _may_delete(self, message: Message, handle: str) -> bool:
        """Only the receive that holds the message may delete it: after its timeout the call fails.

        AWS: API/API_ReceiveMessage.html, ReceiveRequestAttemptId (a late delete "fails with an error").
        """
        if message.state != IN_FLIGHT or message.handle != handle:
            raise errors.expired_receipt_handle(handle)
        return True

    def configure(self, configuration: Configuration, now_us: int) -> None:
        """A new delay counts for messages already in the queue, too (GUIDE/sqs-delay-queues.html)."""
        changed = configuration.delay_us != self.configuration.delay_us
        super().configure(configuration, now_us)
        if changed:
            self._delay_anew(now_us)

    def _delay_anew(self, now_us: int) -> None:
        for message in self.messages.values():
            due_us = message.arrived_us + self.configuration.delay_us
            if message.state == IN_FLIGHT or message.receives_here or message.dead_letter_source:
                continue
            if message.state == READY and due_us > now_us:
                message.state = DELAYED
                self.visible -= 1
                self.delayed += 1
            if message.state == DELAYED:
                self._timers.set(message, max(due_us, now_us))
        for group in self._groups.values():
            group.waiting = [entry for entry in group.waiting if entry[1].state == READY]
            heapify(group.waiting)
            if group.in_flight == 0:
                self._unlock(group)
        self.settle(now_us)

    def groups_in_flight(self) -> int:
        """The metric ApproximateNumberOfGroupsWithInflightMessages."""
        return sum(group.in_flight > 0 for group in self._groups.values())
