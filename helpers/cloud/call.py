"""One API call as a data plane sees it, and the errors it may answer with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from helpers.cloud.account import Account


class OneSentence(Exception):  # a base; what it says is in the names of its kinds
    """An error whose message says it all: Jupyter shows that sentence instead of a stack of internals."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class ServiceError(Exception):
    """The error a service answers with. boto3 raises it as its `ClientError`, typed where the service model
    has a type.

    `code` and `message` are AWS's; `status` is the HTTP status; `sender_fault` is False for the service's own
    failures. botocore retries it as it would retry the same answer of AWS (throttling codes and 5xx).
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 400,
        *,
        sender_fault: bool = True,
        parsed: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.sender_fault = sender_fault
        self.parsed = parsed
        """The whole parsed answer, where it came from moto."""


class NotMocked(OneSentence):
    """What was asked for is not in this mocked account. Nothing has left the machine."""


class SealedError(OneSentence):
    """A call that would have left the machine, or that belongs to no open Cloud, was refused."""


class Stopped(OneSentence):
    """The run was stopped from outside before it ended."""


@dataclass(slots=True)
class Call:
    """An attempt of an API call, handed to the data plane that answers it."""

    account: Account
    service: str
    """boto3's name of the service, such as `sqs`."""
    operation: str
    """The API's name of the operation, such as `SendMessage`."""
    parameters: dict[str, Any]
    """What the caller passed, after boto3's own defaults and validation."""
    region: str
    account_id: str
    """The caller's account: the home account, or that of an assumed role."""
    actor: str
    attempt: int
    """1 for the first attempt, 2 for botocore's first retry."""
    _forward: Callable[[dict[str, Any]], dict[str, Any]]

    def forward(self, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask moto, with `parameters` in place of the caller's if given. Raises ServiceError as moto answers
        it.
        """
        return self._forward(self.parameters if parameters is None else parameters)
