"""Standard queues: at least once, in about the order of sending."""

from __future__ import annotations

from collections.abc import Callable, Collection
from random import Random

from helpers.dataplane.sqs.configuration import Configuration
from helpers.dataplane.sqs.message import READY, Message
from helpers.dataplane.sqs.models import Models
from helpers.dataplane.sqs.queue import Queue
from helpers.dataplane.sqs.ready import Ready


class StandardQueue(Queue):
    """A standard queue (GUIDE/standard-queues.html), with fair queues for messages that carry a group."""

    def __init__(
        self, configuration: Configuration, models: Models | None = None, random: Random | None = None
    ):
        super().__init__(configuration, models, random)
        self._ready = Ready(self.models.fair_queues)

    def take(
        self,
        count: int,
        visibility_us: int,
        now_us: int,
        now_ms: int,
        new_handle: Callable[[], str],
        short_poll: bool = False,
    ) -> list[Message]:
        """Hand out up to `count` messages, as many as are available, and hide them. Each gets a new receipt handle."""
        self.settle(now_us)
        self._ready.fair = self.models.fair_queues
        room = self.models.in_flight_limit - self.in_flight
        servers = self._asked() if short_poll else None
        plain = servers is None and self.models.disorder_window < 2
        taken: list[Message] = []
        while len(taken) < min(count, room):
            message = self._ready.next() if plain else self._pick(servers)
            if message is None:
                break
            if self._set_aside(message, now_us):
                continue
            self._hand_out(message, now_us, now_ms, visibility_us, new_handle())
            if visibility_us > 0:
                self._ready.taken(message)
            taken.append(message)
        if self.models.rare_duplicate_probability:
            self._leave_copies(taken, now_us)
        if visibility_us == 0:
            for message in taken:
                self._offer(message)
        return taken

    def _offer(self, message: Message) -> None:
        self._ready.offer(message)
        self.fresh += 1

    def _landed(self, message: Message) -> None:
        self._ready.landed(message)

    def _delay_us(self, message: Message) -> int:
        """A message's own delay wins over that of the queue, and stays when the queue's changes."""
        return self.configuration.delay_us if message.delay_us is None else message.delay_us

    def _returned(self, message: Message) -> None:
        """Received three times or more without a delete: it goes to the back of the queue, DLQ or not.

        AWS: GUIDE/sqs-available-cloudwatch-metrics.html, ApproximateAgeOfOldestMessage.
        """
        after = self.models.back_of_queue_after
        if after and message.receives_here >= after:
            del self.messages[message.order]
            message.order = next(self._places)
            self.messages[message.order] = message

    def _may_delete(self, message: Message, handle: str) -> bool:
        """An old receipt handle succeeds and deletes nothing (API/API_DeleteMessage.html: it might not be deleted).

        The latest one deletes even when the timeout has run out, as long as nobody received the message again.
        """
        return message.handle == handle or self.models.stale_handle_deletes

    def quiet_visible(self) -> int:
        """Messages available in groups that are not noisy neighbours: a metric of fair queues."""
        waiting = [m for m in self.messages.values() if m.state == READY]
        noisy = self._ready.noisy({m.group for m in self.messages.values() if m.group is not None})
        return sum(m.group not in noisy for m in waiting)

    # Models that are off by default

    def _asked(self) -> Collection[int] | None:
        """The servers a short poll asks (GUIDE/sqs-short-and-long-polling.html), None for all of them."""
        share, servers = self.models.short_poll_sample, self.models.short_poll_servers
        if not 0 < share < 1:
            return None
        return set(self.random.sample(range(servers), max(1, round(share * servers))))

    def _pick(self, servers: Collection[int] | None) -> Message | None:
        """One of the first available messages on these servers: which one is drawn, in the disorder model."""
        passed: list[Message] = []
        found: list[Message] = []
        while len(found) < max(1, self.models.disorder_window):
            message = self._ready.next()
            if message is None:
                break
            if servers is not None and not message.server:
                message.server = 1 + self.random.randrange(self.models.short_poll_servers)
            (found if servers is None or message.server - 1 in servers else passed).append(message)
        chosen = self.random.choice(found) if found else None
        for message in passed + found:
            if message is not chosen:
                self._ready.offer(message)
        return chosen

    def _leave_copies(self, taken: list[Message], now_us: int) -> None:
        """A server that was away keeps a copy, which another receive may hand out (GUIDE/standard-queues.html)."""
        for message in taken:
            if not message.copy and self.random.random() < self.models.rare_duplicate_probability:
                stray = message.clone()
                stray.copy = True
                self._store(stray, now_us)
