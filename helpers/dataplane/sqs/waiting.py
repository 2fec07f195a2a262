"""Long polls: receives that wait for a message, woken in the order in which they began to wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TypeVar

from helpers.cloud import Account, Signal, Timer
from helpers.dataplane.sqs.limits import SECOND_US
from helpers.dataplane.sqs.queue import Queue

T = TypeVar("T")


class Line:
    """The receives that wait at one queue (GUIDE/sqs-short-and-long-polling.html).

    As many are woken as messages became available: by a send, the end of a delay or of a visibility timeout, a release,
    or a delete that unlocks a message group.
    """

    def __init__(self, account: Account, queue: Queue) -> None:
        self._account = account
        self._queue = queue
        self._waiting: deque[Signal] = deque()
        self._timer: Timer | None = None
        self._due_us = 0

    def wait(self, attempt: Callable[[], list[T]], wait_s: int) -> list[T]:
        """Call `attempt` until it returns messages or `wait_s` have passed; the last attempt is at the very end."""
        account = self._account
        deadline_us = account.now_us + wait_s * SECOND_US
        front = False
        while True:
            messages = attempt()
            self.update()
            if messages or account.now_us >= deadline_us:
                return messages
            self._wait_once((deadline_us - account.now_us) / SECOND_US, front)
            front = True  # woken in vain: it keeps its place

    def update(self) -> None:
        """Wake as many receives as there are new messages, and see to it that the next one is noticed in time."""
        queue = self._queue
        if not self._waiting:
            queue.fresh = 0
            return
        while queue.fresh and self._waiting:
            queue.fresh -= 1
            self._waiting.popleft().fire()
        queue.fresh = 0
        self._arm()

    def wake_all(self) -> None:
        """The queue is gone: let every receive find out."""
        while self._waiting:
            self._waiting.popleft().fire()

    def _wait_once(self, timeout_s: float, front: bool) -> None:
        signal = self._account.signal()
        if front:
            self._waiting.appendleft(signal)
        else:
            self._waiting.append(signal)
        self._arm()
        attended = False
        try:
            signal.wait(timeout_s)
            attended = True
        finally:
            if signal in self._waiting:
                self._waiting.remove(signal)
            elif not attended and self._waiting:
                # Stopped between the wake and the receive: the next in line takes the message.
                self._waiting.popleft().fire()

    def _arm(self) -> None:
        due_us = self._queue.next_due_us()
        if due_us is None or not self._waiting or (self._timer is not None and self._due_us <= due_us):
            return
        if self._timer is not None:
            self._timer.cancel()
        delay_us = max(0, due_us - self._account.now_us)
        self._due_us = due_us
        self._timer = self._account.at(delay_us / SECOND_US, self._due, name="sqs")

    def _due(self) -> None:
        self._timer = None
        self._queue.settle(self._account.now_us)
        self.update()
