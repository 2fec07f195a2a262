"""The errors of the Firehose API."""

from __future__ import annotations

from helpers.cloud import ServiceError


def missing(name: str, account_id: str) -> ServiceError:
    """No Firehose stream has this name."""
    return ServiceError("ResourceNotFoundException", f"Firehose {name} under account {account_id} not found.")


def invalid_argument(message: str) -> ServiceError:
    """A parameter has a value that Firehose refuses, in a sentence."""
    return ServiceError("InvalidArgumentException", message)


def validation(message: str) -> ServiceError:
    """A parameter breaks a constraint of the API."""
    return ServiceError("ValidationException", message)


def slow_down() -> ServiceError:
    """More than the stream takes in this second (API/API_PutRecord.html)."""
    return ServiceError("ServiceUnavailableException", "Slow down.", 503, sender_fault=False)
