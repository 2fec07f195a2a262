"""A poller of a queue: gathers a batch, invokes the function with it, and deletes what the function processed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from helpers.cloud import ServiceError
from helpers.dataplane.awslambda.backoff import backoff_s
from helpers.dataplane.awslambda.errors import Throttle
from helpers.dataplane.awslambda.invocation import Ending
from helpers.dataplane.awslambda.limits import SECOND_US
from helpers.dataplane.awslambda.mappings.batching import event_of, fitting, is_full, window_end_us
from helpers.dataplane.awslambda.mappings.messages import LONG_POLL_S, Message
from helpers.dataplane.awslambda.mappings.partial import failed_items
from helpers.dataplane.awslambda.mappings.scaling import PER_POLLER

if TYPE_CHECKING:
    from helpers.dataplane import Cloud
    from helpers.dataplane.awslambda.mappings.queue import QueueReader

PROVISIONED_POLL_US = PER_POLLER * SECOND_US // 10
# An event poller of provisioned mode makes 10 calls a second for its ten batches (with-sqs.html). That each batch has
# its share of them is an assumption.


class Poller:
    """One batch at a time, from the queue to the function, for as long as its reader is open."""

    def __init__(self, cloud: Cloud, reader: QueueReader, number: int) -> None:
        self._cloud = cloud
        self._number = number
        self._reader = reader
        self._messages = reader.messages
        self._mapping = reader.mapping
        self._polls_since_us: int | None = None
        self._next_us = 0
        self._resting = False
        self._call = cloud.signal()
        self._actor = reader.target.poller(self._live)

    # For its reader

    def rise(self) -> None:
        """Go on, if it rests."""
        if self._resting:
            self._resting = False
            self._call.fire()

    def dismiss(self) -> None:
        """End, at once or after the batch that it works on."""
        if self._resting or self._polls_since_us is not None:
            self._actor.stop()

    def waits(self) -> bool:
        """True if it asked for messages longer ago than a call takes, and got none."""
        since_us = self._polls_since_us
        if self._resting or since_us is None:
            return self._resting
        return self._cloud.now_us - since_us > self._cloud.api_latency_s * SECOND_US

    # Its life

    def _live(self) -> None:
        while self._reader.open:
            if not self._reader.wants(self._number):
                self._resting = True
                while self._resting:
                    self._call.wait()
                continue
            try:
                batch = self._gather()
            except ClientError as error:  # the queue is gone, or refuses
                self._polls_since_us = None
                self._reader.failed(error.response["Error"]["Code"])
                self._cloud.sleep(self._reader.models.poll_again_s)
                continue
            while batch:
                count = fitting([message.size_bytes for message in batch], self._mapping.batch_size)
                self._deliver(batch[:count])
                batch = batch[count:]

    def _gather(self) -> list[Message]:
        """The next batch: full, or as much as came until its window closed (invocation-eventsourcemapping.html)."""
        began_us = self._cloud.now_us
        closes_us: int | None = None
        batch: list[Message] = []
        size_bytes = 0
        while True:
            self._take_turn()
            if not self._reader.open:
                return batch
            left_us = 0 if closes_us is None else closes_us - self._cloud.now_us
            wait_s = LONG_POLL_S if closes_us is None else max(0, min(LONG_POLL_S, left_us // SECOND_US))
            more = self._receive(self._mapping.batch_size - len(batch), wait_s)
            batch += more
            size_bytes += sum(message.size_bytes for message in more)
            if not batch:
                return batch
            now_us = self._cloud.now_us
            if closes_us is None:
                closes_us = window_end_us(began_us, now_us, self._mapping.window_s * SECOND_US)
            if now_us >= closes_us or is_full(size_bytes, len(batch), self._mapping.batch_size):
                return batch
            if not more and not wait_s:  # less than the second that a poll could wait
                self._cloud.pause_us(closes_us - now_us)
                return batch

    def _take_turn(self) -> None:
        """Wait until this poller may call again: in provisioned mode ten of them share 10 calls a second."""
        if self._mapping.pollers is not None:
            self._cloud.pause_us(max(0, self._next_us - self._cloud.now_us))
            self._next_us = self._cloud.now_us + PROVISIONED_POLL_US

    def _receive(self, most: int, wait_s: int) -> list[Message]:
        self._polls_since_us = self._cloud.now_us
        messages, found = self._messages.receive(most, wait_s)
        self._polls_since_us = None
        if found:
            self._reader.found()
        elif wait_s == LONG_POLL_S:
            self._reader.found_nothing()
        return messages

    def _deliver(self, batch: Sequence[Message]) -> None:
        """Invoke the function. If it is throttled, try again until the messages become visible to others."""
        event = event_of([message.record for message in batch])
        ids = [message.id for message in batch]
        chain = self._reader.chains.of_messages(ids)
        attempts = 0
        visible_us: int | None = None
        while True:
            attempts += 1
            try:
                _, ending = self._reader.target.invoke(event, ids, attempts, chain)
            except Throttle as error:
                self._reader.failed(error.code)
                wait_us = round(backoff_s(attempts, self._reader.models.backoff_factor) * SECOND_US)
                if visible_us is None:
                    visible_us = batch[0].received_us + self._messages.visibility_us()
                if self._cloud.now_us + wait_us >= visible_us:
                    return
                self._reader.target.pause(wait_us)
            except ServiceError as error:  # trying again would not help
                self._reader.failed(error.code)
                return
            else:
                self._settle(batch, ending)
                return

    def _settle(self, batch: Sequence[Message], ending: Ending) -> None:
        """Delete what was processed. The rest becomes visible when its visibility timeout ends."""
        if ending.failed:
            self._reader.failed("Function call failed")
            return
        self._reader.succeeded()
        failed: set[str] = set()
        if self._mapping.partial:
            failed.update(failed_items(ending.payload, [message.id for message in batch]))
        self._messages.delete([message for message in batch if message.id not in failed])
