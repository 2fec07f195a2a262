"""Why a delivery failed."""

from __future__ import annotations


class Failure(Exception):  # named for what it is in AWS's words: a failed delivery
    """A delivery attempt that failed.

    `client_side` says that the subscriber's owner has to act (a deleted queue, a policy that forbids), so that SNS does
    not try again (GUIDE/sns-dead-letter-queues.html). `throttled` is a server-side error by which the subscriber asks
    for fewer deliveries.
    """

    def __init__(
        self, code: str, message: str, *, status: int, client_side: bool, throttled: bool = False
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.client_side = client_side
        self.throttled = throttled


def refused(code: str, message: str, status: int = 400) -> Failure:
    """A client-side error."""
    return Failure(code, message, status=status, client_side=True)


def unavailable(message: str) -> Failure:
    """A server-side error."""
    return Failure("ServiceUnavailable", message, status=503, client_side=False)
