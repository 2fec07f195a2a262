"""The errors of CloudWatch, with AWS's codes (API/CommonErrors.html and the page of each operation)."""

from __future__ import annotations

from helpers.cloud import ServiceError


def invalid_value(message: str) -> ServiceError:
    """A parameter is out of its range."""
    return ServiceError("InvalidParameterValue", message)


def invalid_combination(message: str) -> ServiceError:
    """Parameters that cannot be used together."""
    return ServiceError("InvalidParameterCombination", message)


def missing(message: str) -> ServiceError:
    """A parameter is not there."""
    return ServiceError("MissingParameter", message)


def validation(message: str) -> ServiceError:
    """The request as a whole is wrong."""
    return ServiceError("ValidationError", message)


def not_found(message: str) -> ServiceError:
    """The named alarm does not exist."""
    return ServiceError("ResourceNotFound", message, 404)
