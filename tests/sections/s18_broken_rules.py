"""Ways to break one rule of the SQS data plane at a time. Each docstring says what is wrong then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from helpers.dataplane.sqs import errors
from helpers.dataplane.sqs.configuration import Configuration
from helpers.dataplane.sqs.fifo import FifoQueue
from helpers.dataplane.sqs.message import Message
from helpers.dataplane.sqs.queue import Queue
from helpers.dataplane.sqs.standard import StandardQueue
from helpers.dataplane.sqs.waiting import Line

Patch = pytest.MonkeyPatch
Rule = Callable[[Patch], None]

# Visibility


def hide_for_half(patch: Patch) -> None:
    """A receive hides a message for half of the timeout."""
    real = Queue._hand_out

    def shorter(self: Queue, message: Message, now: int, ms: int, visibility_us: int, handle: str) -> None:
        real(self, message, now, ms, visibility_us // 2, handle)

    patch.setattr(Queue, "_hand_out", shorter)


def ignore_deletes(patch: Patch) -> None:
    """A delete succeeds and leaves the message where it is."""
    patch.setattr(Queue, "delete", lambda self, handle, now_us: None)


def ignore_extensions(patch: Patch) -> None:
    """ChangeMessageVisibility succeeds and changes nothing."""
    patch.setattr(Queue, "change_visibility", lambda self, handle, seconds, now_us: None)


def forget_at_the_timeout(patch: Patch) -> None:
    """A message that was not deleted in time is gone."""
    patch.setattr(Queue, "_release", Queue.remove)


# Dead letters


def allow_one_receive_more(patch: Patch) -> None:
    """A message is set aside after maxReceiveCount + 1 receives."""
    _shift_the_limit(patch, 1)


def allow_one_receive_less(patch: Patch) -> None:
    """A message is set aside after maxReceiveCount - 1 receives."""
    _shift_the_limit(patch, -1)


def _shift_the_limit(patch: Patch, by: int) -> None:
    real = Configuration.of

    def shifted(attributes: Any) -> Configuration:
        found = real(attributes)
        if found.redrive is None:
            return found
        limit = replace(found.redrive, maximum_receives=found.redrive.maximum_receives + by)
        return replace(found, redrive=limit)

    patch.setattr(Configuration, "of", shifted)


def set_aside_one_in_three(patch: Patch) -> None:
    """Every third message goes to the dead-letter queue at its first receive."""
    real = Queue._set_aside

    def early(self: Queue, message: Message, now_us: int) -> bool:
        if self.configuration.redrive is None or message.order % 3:
            return real(self, message, now_us)
        moved = self.dead_letter(self, message, now_us)
        if moved:
            self.remove(message)
        return moved

    patch.setattr(Queue, "_set_aside", early)


def keep_the_age_on_fifo(patch: Patch) -> None:
    """The age of a FIFO dead letter counts from its first send."""
    patch.setattr(FifoQueue, "_keep_age", Queue._keep_age)


def expire_at_half_the_retention(patch: Patch) -> None:
    """Messages are gone after half of the retention period."""
    real = Configuration.of

    def shorter(attributes: Any) -> Configuration:
        found = real(attributes)
        return replace(found, retention_us=found.retention_us // 2)

    patch.setattr(Configuration, "of", shorter)


# Polling


def never_wait(patch: Patch) -> None:
    """WaitTimeSeconds has no effect."""
    patch.setattr(Line, "wait", lambda self, attempt, wait_s: attempt())


def give_up_a_second_early(patch: Patch) -> None:
    """A long poll ends a second before its time."""
    real = Line.wait
    patch.setattr(Line, "wait", lambda self, attempt, wait_s: real(self, attempt, wait_s - 1))


def look_only_at_the_start(patch: Patch) -> None:
    """A long poll looks for messages once, then waits to its end and comes back empty."""

    def blind(self: Line, attempt: Callable[[], list[Any]], wait_s: int) -> list[Any]:
        messages = attempt()
        if not messages:
            self._account.sleep(wait_s)
        return messages

    patch.setattr(Line, "wait", blind)


def ask_some_servers_only(patch: Patch) -> None:
    """A long poll looks at a subset of the servers, as a short poll does."""
    take = StandardQueue.take

    def as_short_poll(self: StandardQueue, *given: Any) -> list[Message]:
        count, visibility_us, now_us, now_ms, new_handle, *_ = given
        return take(self, count, visibility_us, now_us, now_ms, new_handle, short_poll=True)

    patch.setattr(StandardQueue, "take", as_short_poll)


# FIFO


def hand_out_locked_groups(patch: Patch) -> None:
    """A message group is handed out although one of its messages is in flight."""

    def unlocked(self: FifoQueue) -> Any:
        waiting = [(front.order, name) for name, group in self._groups.items() if (front := group.front())]
        return self._groups[min(waiting)[1]] if waiting else None

    patch.setattr(FifoQueue, "_next_group", unlocked)


def lock_the_whole_queue(patch: Patch) -> None:
    """While one message is in flight, no group is handed out."""
    real = FifoQueue._next_group
    patch.setattr(FifoQueue, "_next_group", lambda self: None if self.in_flight else real(self))


def put_failures_last(patch: Patch) -> None:
    """A message that comes back queues up behind its group."""

    def last(self: Queue, message: Message) -> None:
        del self.messages[message.order]
        message.order = next(self._places)
        self.messages[message.order] = message

    patch.setattr(FifoQueue, "_returned", last)


# Any queue


def drop_one_in_three(patch: Patch) -> None:
    """Every third message is accepted and never stored."""
    real = Queue.add
    sent = {"count": 0}

    def leaky(self: Queue, message: Message, now_us: int, now_ms: int) -> None:
        sent["count"] += 1
        if sent["count"] % 3:
            real(self, message, now_us, now_ms)

    patch.setattr(Queue, "add", leaky)


def drop_what_exceeds_twenty(patch: Patch) -> None:
    """A queue accepts what comes and forgets it while 20 messages are in it."""
    real = Queue.add

    def full(self: Queue, message: Message, now_us: int, now_ms: int) -> None:
        if len(self.messages) < 20:
            real(self, message, now_us, now_ms)

    patch.setattr(Queue, "add", full)


def refuse_what_exceeds_twenty(patch: Patch) -> None:
    """A queue refuses what comes while 20 messages are in it."""
    real = Queue.add

    def full(self: Queue, message: Message, now_us: int, now_ms: int) -> None:
        if len(self.messages) >= 20:
            raise errors.over_limit(20)
        real(self, message, now_us, now_ms)

    patch.setattr(Queue, "add", full)


def delay_by_ten_minutes(patch: Patch) -> None:
    """Every message is held back for ten minutes."""
    patch.setattr(StandardQueue, "_delay_us", lambda self, message: 600_000_000)
