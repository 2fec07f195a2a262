"""The errors of X-Ray, with AWS's codes (API/API_PutTraceSegments.html and the page of each operation)."""

from __future__ import annotations

from helpers.cloud import ServiceError


def invalid(message: str) -> ServiceError:
    """A parameter is missing or not valid."""
    return ServiceError("InvalidRequestException", message)


def rule_limit() -> ServiceError:
    """There are as many sampling rules as there may be."""
    return ServiceError(
        "RuleLimitExceededException", "The maximum number of sampling rules has been reached."
    )
