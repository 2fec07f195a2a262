"""The errors of the DynamoDB API, in the words of AWS where it documents them, else of moto."""

from __future__ import annotations

from helpers.cloud import ServiceError


def missing_table() -> ServiceError:
    """No table has this name."""
    return ServiceError("ResourceNotFoundException", "Requested resource not found")


def invalid(message: str) -> ServiceError:
    """A request that AWS refuses as it stands, in a sentence."""
    return ServiceError("ValidationException", message)


def missing_stream(arn: str) -> ServiceError:
    """There is no such stream, or no longer."""
    return ServiceError("ResourceNotFoundException", f"Requested resource not found: Stream: {arn} not found")


def missing_shard(shard_id: str, arn: str) -> ServiceError:
    """The stream has no such shard."""
    message = f"Requested resource not found: Shard: {shard_id} in Stream: {arn} not found"
    return ServiceError("ResourceNotFoundException", message)


def expired_iterator() -> ServiceError:
    """The shard iterator was handed out 15 minutes ago or earlier."""
    return ServiceError("ExpiredIteratorException", "The provided iterator exceeds the maximum age allowed.")


def trimmed_data() -> ServiceError:
    """The records that are asked for are older than 24 hours."""
    return ServiceError("TrimmedDataAccessException", "The data you are trying to access has been trimmed.")


def too_many_records(most: int) -> ServiceError:
    """GetRecords with a Limit over 1,000."""
    return ServiceError("LimitExceededException", f"Limit must be less than or equal to {most}.")
