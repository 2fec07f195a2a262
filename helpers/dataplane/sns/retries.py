"""Delivery policies: when SNS tries again after a server-side error, in the four documented phases.

Page: GUIDE/sns-message-delivery-retries.html. A phase counts retries, so a message has one attempt more than its policy
has retries. AWS does not publish the curves of the backoff functions, only the first and the last delay; the formulas
here are an assumption.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from helpers.dataplane.sns import errors

CONTENT_TYPE = "text/plain; charset=UTF-8"
MOST_RETRIES = 100
MOST_DELAY_S = 3_600
MOST_TOTAL_S = 3_600  # of an HTTP/S endpoint; a hard limit


def _linear(low: float, high: float, step: int, last: int) -> float:
    return low + (high - low) * step / last


def _arithmetic(low: float, high: float, step: int, last: int) -> float:
    return low + (high - low) * step * (step + 1) / (
        last * (last + 1)
    )  # each step longer than the one before


def _geometric(low: float, high: float, step: int, last: int) -> float:
    return float(low * (high / low) ** (step / last))  # a constant ratio


def _exponential(low: float, high: float, step: int, last: int) -> float:
    return float(high if step == last else min(high, low * 2**step))  # doubled


_FUNCTIONS: dict[str, Callable[[float, float, int, int], float]] = {
    "linear": _linear,
    "arithmetic": _arithmetic,
    "geometric": _geometric,
    "exponential": _exponential,
}


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The retries of a delivery policy, in seconds and numbers of retries."""

    minimum_s: float
    maximum_s: float
    no_delay: int
    minimum_delay: int
    backoff: int
    maximum_delay: int
    function: str = "linear"

    @property
    def retries(self) -> int:
        """All retries: one less than the attempts."""
        return self.no_delay + self.minimum_delay + self.backoff + self.maximum_delay

    def delay_s(self, retry: int) -> float | None:
        """Seconds before the retry of this number (from 0), or None if there is none."""
        if retry < self.no_delay:
            return 0.0
        retry -= self.no_delay
        if retry < self.minimum_delay:
            return float(self.minimum_s)
        retry -= self.minimum_delay
        if retry < self.backoff:
            last = self.backoff - 1
            function = _FUNCTIONS[self.function]
            return function(self.minimum_s, self.maximum_s, retry, last) if last else float(self.minimum_s)
        return float(self.maximum_s) if retry - self.backoff < self.maximum_delay else None

    @property
    def total_s(self) -> float:
        """Seconds that all delays take together."""
        edges = self.minimum_delay * self.minimum_s + self.maximum_delay * self.maximum_s
        first = self.no_delay + self.minimum_delay
        return edges + sum(self.delay_s(first + step) or 0.0 for step in range(self.backoff))


AWS_MANAGED = RetryPolicy(1, 20, 3, 2, 10, 100_000, "exponential")
"""SQS, Lambda and Data Firehose."""

CUSTOMER_MANAGED = RetryPolicy(10, 600, 0, 2, 10, 38, "exponential")
"""E-mail, SMS and mobile push, and Data Firehose when it throttles."""

HTTP_DEFAULT = RetryPolicy(20, 20, 0, 0, 3, 0)


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """What can be set for HTTP/S: retries, the deliveries per second of one subscription, and the content type."""

    retries: RetryPolicy = HTTP_DEFAULT
    receives_per_s: float | None = None
    content_type: str = CONTENT_TYPE

    @classmethod
    def read(cls, text: str | None, *, topic: bool = False) -> DeliveryPolicy | None:
        """The policy of an attribute, None if it is empty; `topic` says that it is a topic's, below the key `http`.

        Raises InvalidParameter for what the page does not allow.
        """
        if not text:
            return None
        try:
            given = json.loads(text)
            if topic:
                given = given.get("http", given)
                given = {
                    key.removeprefix("default").replace("Healthy", "healthy", 1): v
                    for key, v in given.items()
                }
                given = {key[0].lower() + key[1:]: value for key, value in given.items()}
            retry = given.get("healthyRetryPolicy") or {}
            throttle, request = given.get("throttlePolicy") or {}, given.get("requestPolicy") or {}
            return cls(
                _retries(retry),
                _receives(throttle.get("maxReceivesPerSecond")),
                request.get("headerContentType", CONTENT_TYPE),
            )
        except (ValueError, AttributeError, TypeError):
            raise errors.invalid("DeliveryPolicy", "failed to parse JSON.") from None


def _receives(given: Any) -> float | None:
    if given is None:
        return None
    if not _is_number(given) or given < 1:
        raise errors.invalid("DeliveryPolicy: throttlePolicy.maxReceivesPerSecond must be 1 or greater")
    return float(given)


def _retries(given: Mapping[str, Any]) -> RetryPolicy:
    low, high = given.get("minDelayTarget", 20), given.get("maxDelayTarget", 20)
    counts = {
        name: given.get(name, 0) for name in ("numNoDelayRetries", "numMinDelayRetries", "numMaxDelayRetries")
    }
    total, function = given.get("numRetries", 3), given.get("backoffFunction", "linear")
    _require(
        _is_number(low) and _is_number(high) and 1 <= low <= high <= MOST_DELAY_S,
        "minDelayTarget, maxDelayTarget",
    )
    _require(isinstance(total, int) and 0 <= total <= MOST_RETRIES, "numRetries")
    for name, number in counts.items():
        _require(isinstance(number, int) and number >= 0, name)
    backoff = total - sum(counts.values())
    _require(backoff >= 0, "numRetries")
    _require(function in _FUNCTIONS, "backoffFunction")
    policy = RetryPolicy(
        low,
        high,
        counts["numNoDelayRetries"],
        counts["numMinDelayRetries"],
        backoff,
        counts["numMaxDelayRetries"],
        function,
    )
    if policy.total_s > MOST_TOTAL_S:
        raise errors.invalid(
            "DeliveryPolicy", f"the retries last {policy.total_s:g} seconds; they may last {MOST_TOTAL_S:,}"
        )
    return policy


def _require(holds: bool, name: str) -> None:
    if not holds:
        raise errors.invalid(f"DeliveryPolicy: healthyRetryPolicy.{name} is out of its range")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
