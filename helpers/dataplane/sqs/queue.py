"""A queue's messages: what is available, delayed, in flight, and when that changes.

The rules that both kinds of queue share stand here; `standard` and `fifo` say which message comes next.
Pure: every method is told the time, in whole microseconds since the Cloud's start. No method costs more than O(log n)
in the backlog, except `purge` and a change of a FIFO queue's delay.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from itertools import count
from random import Random

from helpers.dataplane.sqs import errors
from helpers.dataplane.sqs.configuration import Configuration
from helpers.dataplane.sqs.limits import MAXIMUM_VISIBILITY_S, PURGE_US, SECOND_US
from helpers.dataplane.sqs.message import DELAYED, GONE, IN_FLIGHT, READY, Message
from helpers.dataplane.sqs.models import Models
from helpers.dataplane.sqs.timers import Expiries, Timers

DeadLetter = Callable[["Queue", Message, int], bool]


def _no_dead_letter_queue(queue: Queue, message: Message, now_us: int) -> bool:
    return False


class Queue:
    """The messages of one queue. Use `standard.StandardQueue` or `fifo.FifoQueue`.

    `visible`, `delayed` and `in_flight` are the counts that GetQueueAttributes reports; call `settle` first.
    `fresh` counts messages that became available since somebody last set it to 0: so many receives can be woken.
    `dead_letter(queue, message, now_us)` takes a message that was received too often, or says False if it cannot.
    """

    def __init__(
        self, configuration: Configuration, models: Models | None = None, random: Random | None = None
    ):
        self.configuration = configuration
        self.models = models or Models()
        self.random = random or Random(0)
        self.dead_letter: DeadLetter = _no_dead_letter_queue
        self.messages: OrderedDict[int, Message] = OrderedDict()
        self.handles: dict[str, Message] = {}
        self.visible = 0
        self.delayed = 0
        self.in_flight = 0
        self.fresh = 0
        self.deleted = False
        self._purged_us: int | None = None
        self._places = count(1)
        self._timers = Timers()
        self._expiries = Expiries()

    # What a kind of queue adds

    def _offer(self, message: Message) -> None:
        """The message is available."""
        raise NotImplementedError

    def _landed(self, message: Message) -> None:
        """The message is no longer in flight."""
        raise NotImplementedError

    def _delay_us(self, message: Message) -> int:
        raise NotImplementedError

    # Sending

    def add(self, message: Message, now_us: int, now_ms: int) -> None:
        """Store a message just sent; it is available at once or after its delay (GUIDE/sqs-delay-queues.html)."""
        message.sent_ms = now_ms
        message.enqueued_us = now_us
        self._store(message, now_us, self._delay_us(message))

    def _store(self, message: Message, now_us: int, delay_us: int = 0) -> None:
        message.arrived_us = now_us
        message.order = next(self._places)
        self.messages[message.order] = message
        self._expiries.add(message)
        if delay_us > 0:
            message.state = DELAYED
            self.delayed += 1
            self._timers.set(message, now_us + delay_us)
        else:
            message.state = READY
            self.visible += 1
            self._offer(message)

    # Time

    def settle(self, now_us: int) -> None:
        """Let everything happen that is due by now: retention, ends of delays and of visibility timeouts.

        A message is available again exactly at the end of its timeout (GUIDE/sqs-visibility-timeout.html), and gone
        exactly at the end of the retention period, whether it is waiting, delayed or in flight.
        """
        for message in self._expiries.until(now_us - self.configuration.retention_us):
            self.remove(message)
        for message in self._timers.until(now_us):
            self._release(message)

    def next_due_us(self) -> int | None:
        """When something next happens by itself that may let a waiting receive go on, or None."""
        due_us = self._timers.first_us()
        if not (self.configuration.fifo or self.full):
            return due_us
        # A message that expires in flight unlocks its group, or makes room.
        enqueued_us = self._expiries.first_us()
        if enqueued_us is None:
            return due_us
        expires_us = enqueued_us + self.configuration.retention_us
        return expires_us if due_us is None else min(due_us, expires_us)

    def _release(self, message: Message) -> None:
        """A delayed message, or one in flight, becomes available."""
        if message.state == IN_FLIGHT:
            self._leave_flight(message)
            self._returned(message)
        else:
            self.delayed -= 1
        message.state = READY
        self.visible += 1
        self._offer(message)

    def _returned(self, message: Message) -> None:
        """A message comes back without having been deleted."""

    def _leave_flight(self, message: Message) -> None:
        if self.in_flight >= self.models.in_flight_limit:
            self.fresh += 1  # a waiting receive may go on
        self.in_flight -= 1
        message.state = READY
        self._landed(message)

    # Receiving

    @property
    def full(self) -> bool:
        """As many messages in flight as SQS allows: about 120,000 (GUIDE/quotas-queues.html)."""
        return self.in_flight >= self.models.in_flight_limit

    def _hand_out(self, message: Message, now_us: int, now_ms: int, visibility_us: int, handle: str) -> None:
        """Give an available message to a receive; it stays hidden for `visibility_us`, or is back at once with 0."""
        message.receives += 1
        message.receives_here += 1
        if message.first_receive_ms is None:
            message.first_receive_ms = now_ms
        message.received_us = now_us
        message.handle = handle
        self.handles[handle] = message
        if visibility_us > 0:
            message.state = IN_FLIGHT
            self.visible -= 1
            self.in_flight += 1
            self._timers.set(message, now_us + visibility_us)

    def _set_aside(self, message: Message, now_us: int) -> bool:
        """Move a message that was received maxReceiveCount times to the dead-letter queue; True if it went.

        The move comes with the receive after the last allowed one (API/API_CreateQueue.html, RedrivePolicy).
        """
        redrive = self.configuration.redrive
        if redrive is None or message.receives_here < redrive.maximum_receives:
            return False
        if not self.dead_letter(self, message, now_us):
            return False
        self.remove(message)
        return True

    def take_in(self, message: Message, source_arn: str, now_us: int) -> None:
        """Store a message that another queue's redrive policy moved here. `message` stays as it is."""
        moved = message.clone()
        moved.dead_letter_source = source_arn
        self._keep_age(moved, now_us)
        self._store(moved, now_us)

    def _keep_age(self, message: Message, now_us: int) -> None:
        """Standard queues: the time of sending keeps counting (GUIDE/sqs-dead-letter-queues.html)."""

    # Visibility and deletion

    def change_visibility(self, handle: str, seconds: int, now_us: int) -> None:
        """Hide a received message for so many seconds from now; 0 makes it available at once.

        The whole time since the receive cannot pass 12 hours: more is an error and changes nothing. Only the receipt
        handle of the receive that holds the message will do. AWS: API/API_ChangeMessageVisibility.html.
        """
        self.settle(now_us)
        message = self.handles.get(handle)
        if message is None or message.state == GONE:
            raise errors.invalid_receipt_handle()
        if message.state != IN_FLIGHT or message.handle != handle:
            raise errors.not_in_flight()
        due_us = now_us + seconds * SECOND_US
        if due_us - message.received_us > MAXIMUM_VISIBILITY_S * SECOND_US:
            raise errors.visibility_beyond_12_hours(seconds)
        if seconds == 0:
            self._release(message)
        else:
            self._timers.set(message, due_us)
            self._timers.tidy(self.delayed + self.in_flight)

    def delete(self, handle: str, now_us: int) -> None:
        """Delete the message that this receipt handle stands for; a message that is gone already is no error."""
        self.settle(now_us)
        message = self.handles.get(handle)
        if message is None:
            raise errors.invalid_receipt_handle()
        if message.state != GONE and self._may_delete(message, handle):
            self.remove(message)

    def _may_delete(self, message: Message, handle: str) -> bool:
        raise NotImplementedError

    def remove(self, message: Message) -> None:
        """Take a message out of the queue for good."""
        if message.state == IN_FLIGHT:
            self._leave_flight(message)
        elif message.state == DELAYED:
            self.delayed -= 1
        else:
            self.visible -= 1
        del self.messages[message.order]
        message.forget_content()
        self._expiries.tidy(len(self.messages))
        self._timers.tidy(self.delayed + self.in_flight)

    def next_to_move(self) -> Message | None:
        """The oldest available message, for a move task; it stays until it is removed."""
        return next((message for message in self.messages.values() if message.state == READY), None)

    def purge(self, now_us: int) -> None:
        """Empty the queue, messages in flight included; once in 60 s (API/API_PurgeQueue.html)."""
        if self._purged_us is not None and now_us - self._purged_us < PURGE_US:
            raise errors.purge_in_progress(self.configuration.name)
        self._purged_us = now_us
        for message in list(self.messages.values()):
            self.remove(message)

    def configure(self, configuration: Configuration, now_us: int) -> None:
        """Obey new settings at once. A shorter retention period expires what is older (API/API_CreateQueue.html)."""
        self.settle(now_us)
        self.configuration = configuration
        self.settle(now_us)

    def oldest_age_us(self, now_us: int) -> int:
        """The ApproximateAgeOfOldestMessage metric, 0 if there is none. In a dead-letter queue it counts from the move.

        Standard queues leave out messages received three times or more (GUIDE/sqs-available-cloudwatch-metrics.html).
        """
        limit = 0 if self.configuration.fifo else self.models.back_of_queue_after
        for message in self.messages.values():
            if not limit or message.receives_here < limit:
                return now_us - message.arrived_us
        return 0
