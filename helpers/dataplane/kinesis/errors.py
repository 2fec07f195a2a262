"""The errors of the Kinesis API, in the words of moto where moto has them. AWS: API/CommonErrors.html and the
operations.
"""

from __future__ import annotations

from helpers.cloud import ServiceError


def missing_stream(name: str, account_id: str) -> ServiceError:
    """No stream has this name, or it is not ready yet."""
    return ServiceError("ResourceNotFoundException", f"Stream {name} under account {account_id} not found.")


def missing_shard(shard_id: str, name: str, account_id: str) -> ServiceError:
    """The stream has no such shard, or it has expired."""
    return ServiceError(
        "ResourceNotFoundException",
        f"Could not find shard {shard_id} in stream {name} under account {account_id}.",
    )


def missing_consumer(consumer: str, account_id: str) -> ServiceError:
    """No consumer has this name or ARN."""
    return ServiceError("ResourceNotFoundException", f"Consumer {consumer}, account {account_id} not found.")


def invalid_argument(message: str) -> ServiceError:
    """A parameter has a value that Kinesis refuses, in a sentence."""
    return ServiceError("InvalidArgumentException", message)


def validation(message: str) -> ServiceError:
    """A parameter breaks a constraint of the API, or the call does not fit the stream's capacity mode."""
    return ServiceError("ValidationException", message)


def on_demand(name: str, account_id: str) -> ServiceError:
    """The call is for provisioned streams only."""
    return validation(f"Request is invalid. Stream {name} under account {account_id} is in On-Demand mode.")


def in_use(message: str) -> ServiceError:
    """The stream, consumer or shard is busy with something else."""
    return ServiceError("ResourceInUseException", message)


def over_limit(message: str) -> ServiceError:
    """A quota of the account or of the stream."""
    return ServiceError("LimitExceededException", message)


def expired_iterator(issued_s: float, now_s: float) -> ServiceError:
    """The iterator was handed out more than 5 minutes ago."""
    return ServiceError(
        "ExpiredIteratorException",
        f"Iterator expired. The iterator was created {now_s - issued_s:.0f} seconds ago, while an iterator is good for "
        "300 seconds.",
    )


def throttled(shard_id: str, name: str, account_id: str) -> ServiceError:
    """The shard has given or taken what it can in this second."""
    return ServiceError(
        "ProvisionedThroughputExceededException", throttled_message(shard_id, name, account_id)
    )


def throttled_message(shard_id: str, name: str, account_id: str) -> str:
    """What a throttled call, or entry of PutRecords, says."""
    return f"Rate exceeded for shard {shard_id} in stream {name} under account {account_id}."
