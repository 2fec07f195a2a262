"""The HTTP status that an error code stands for: 4xx, 429 or 5xx.

Page: GUIDE/xray-concepts.html (errors, faults and throttles)
"""

from __future__ import annotations

_THROTTLES = (
    "Throttl",
    "ProvisionedThroughputExceeded",
    "RequestLimitExceeded",
    "TooManyRequests",
    "SlowDown",
    "LimitExceeded",
    "OverLimit",
)
_FAULTS = ("Internal", "ServiceUnavailable", "ServiceException", "ServiceError", "EC2Throttled")

OK, CLIENT_ERROR, THROTTLED, SERVER_ERROR = 200, 400, 429, 500


def status_of(error: str | None) -> int:
    """The status of an answer with the error code `error`; 200 for None."""
    if error is None:
        return OK
    if any(part in error for part in _THROTTLES):
        return THROTTLED
    return SERVER_ERROR if any(part in error for part in _FAULTS) else CLIENT_ERROR
