"""An account that lives elsewhere: boto3 clients, sleeps and clocks in this process are answered over the line.

To `helpers.cloud.transport` it looks like an Account all of whose operations a data plane answers; so boto3 validates,
retries and raises as ever, and each attempt is one question.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from helpers.cloud import Call, NotMocked, SealedError, ServiceError, clock, transport
from helpers.cloud.mock.state import HOME_ACCOUNT
from helpers.labs import plain

Ask = Callable[[dict[str, Any]], Any]
"""Puts a request to the account's side and returns its answer; the caller's actor waits meanwhile."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _NoState:
    """What `transport` wants of moto's state: here is none."""

    def __init__(self) -> None:
        self.entropy = Random(1)

    def activate(self) -> None:
        """Nothing to put in place."""


class _NoTrail:
    """The trail is the other side's."""

    def add(self, row: Any) -> None:
        """Forget it."""


class _Hooks:
    """Every operation is answered in the same way."""

    def __init__(self, answer: Callable[[Call], dict[str, Any]]) -> None:
        self._answer = answer

    def handler(self, service: str, operation: str) -> Callable[[Call], dict[str, Any]]:
        return self._answer


class RemoteAccount:
    """The student's `cloud`. `number` names the account to the other side; `ask` is how requests get there."""

    region = "us-east-1"
    account_id = HOME_ACCOUNT
    api_latency_s = 0.0  # the other side lets the time of a request pass
    closed = False
    seed = 0

    def __init__(self, number: int, ask: Ask) -> None:
        self.number = number
        self.epoch_us = 0
        self.start_us = 0
        self._ask = ask
        self._state = _NoState()
        self._run = None
        self._calls = 0
        self._trail = _NoTrail()
        self._numbers: dict[int, int] = {}
        self.hooks = _Hooks(self._answer)
        self._given: dict[str, Any] = {}

    # What the student may use

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client of this account."""
        return transport.session_of(self).client(service, **options)  # type: ignore[arg-type]  # it acts as one

    def given(self, service: str) -> Any:
        """The client that a check hands to each function that it calls: the same every time, as in a kernel."""
        if service not in self._given:
            # Made ahead, by the zygote: a kernel makes each afresh, which differs only for who adds handlers to them.
            self._given[service] = transport.shared_client(self, service, self.region)  # type: ignore[arg-type]  # it acts as one
        return self._given[service]

    def resource(self, service: str, **options: Any) -> Any:
        """A boto3 resource of this account."""
        return transport.session_of(self).resource(service, **options)  # type: ignore[arg-type]  # it acts as one

    @property
    def now(self) -> float:
        """Seconds of virtual time since the account was opened."""
        return self.now_us / clock.MICROSECOND

    @property
    def datetime(self) -> datetime:
        """The present instant, aware, in UTC."""
        return _EPOCH + timedelta(microseconds=self.epoch_us)

    def advance(self, seconds: float) -> None:
        """Let `seconds` of virtual time pass."""
        self.sleep(seconds)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise NotMocked(
            f"cloud.{name} is not there while a lab is marked: a solution works with boto3 and time.sleep."
        )

    # What transport and the clocks use

    @property
    def now_us(self) -> int:
        """Microseconds of virtual time since the account was opened."""
        return self.epoch_us - self.start_us

    def sleep(self, seconds: float) -> None:
        """Wait in virtual time. Raises ValueError for a negative time."""
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        self._ask({"event": "sleep", "us": clock.microseconds(seconds)})

    def pause_us(self, duration_us: int) -> None:
        """The same, in microseconds."""
        if duration_us:
            self._ask({"event": "sleep", "us": int(duration_us)})

    def use(self, service: str) -> None:
        """Data planes are the other side's."""

    def _acting(self) -> None:
        return None

    def _who(self) -> str:
        return "you"

    def _answer(self, call: Call) -> dict[str, Any]:
        number = None if call.attempt == 1 else self._numbers.get(id(call))
        reply = self._ask(
            {
                "event": "call",
                "account": self.number,
                "service": call.service,
                "operation": call.operation,
                "parameters": plain.encode(call.parameters),
                "region": call.region,
                "call": number,
                "attempt": call.attempt,
            }
        )
        if "refused" in reply:
            kind = {"NotMocked": NotMocked, "SealedError": SealedError}.get(reply["kind"], RuntimeError)
            raise kind(reply["refused"])
        if len(self._numbers) > 1000:
            self._numbers.clear()
        self._numbers[id(call)] = reply["call"]
        parsed: dict[str, Any] = plain.decode(reply["parsed"])
        status = parsed.get("ResponseMetadata", {}).get("HTTPStatusCode", 200)
        if status >= 300:
            error = parsed.get("Error", {})
            raise ServiceError(error.get("Code", ""), error.get("Message", ""), status, parsed=parsed)
        return parsed
