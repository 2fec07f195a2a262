"""Places where moto waits in real time, or for a clock that only moves when it returns.

A long poll on an empty queue loops until the clock has moved; here it waits in virtual time. It is reached
only where no data plane holds the queue's messages.
"""

from __future__ import annotations

from moto.sqs.models import Queue

from helpers.cloud.touch import replace


def _wait_for_messages(self: Queue, timeout: int) -> None:
    from helpers.cloud.transport import account_at_work

    account = account_at_work()
    if account is not None and not self.messages:
        account.sleep(timeout)


def install() -> None:
    """Let moto's long poll wait in virtual time."""
    replace(Queue, "wait_for_messages", _wait_for_messages, because="a long poll waits in virtual time")
