"""The errors of the DynamoDB API, in the words of AWS where it documents them, else of moto."""

from __future__ import annotations

from helpers.cloud import ServiceError


def missing_table() -> ServiceError:
    """No table has this name."""
    return ServiceError("ResourceNotFoundException", "Requested resource not found")


def invalid(message: str) -> ServiceError:
    """A request that AWS refuses as it stands, in a sentence."""
    return ServiceError("ValidationException", message)
