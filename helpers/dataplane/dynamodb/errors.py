"""The errors of the DynamoDB API, in the words of AWS where it documents them, else of moto."""

from __future__ import annotations

from typing import Any

from helpers.cloud import ServiceError
from helpers.dataplane.dynamodb.size import Item

NO_REASON: dict[str, Any] = {"Code": "None"}
"""The cancellation reason of an action that was possible (API/API_CancellationReason.html)."""


def missing_table() -> ServiceError:
    """No table has this name."""
    return ServiceError("ResourceNotFoundException", "Requested resource not found")


def invalid(message: str) -> ServiceError:
    """A request that AWS refuses as it stands, in a sentence."""
    return ServiceError("ValidationException", message)


def limit_exceeded(message: str) -> ServiceError:
    """A quota of the account, or of a table, is used up."""
    return ServiceError("LimitExceededException", message)


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


def reason(code: str, message: str, item: Item | None = None) -> dict[str, Any]:
    """Why an action makes a transaction impossible; `item` is what is stored, if the caller asked for it."""
    shown = {} if item is None else {"Item": dict(item)}
    return {**shown, "Code": code, "Message": message}


def transaction_cancelled(reasons: list[dict[str, Any]]) -> ServiceError:
    """Nothing of the transaction was carried out; a reason for each of its actions, in their order."""
    codes = ", ".join(each["Code"] for each in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    code = "TransactionCanceledException"
    answer = {
        "Error": {"Message": message, "Code": code, "Type": "Sender"},
        "Message": message,
        "CancellationReasons": [dict(each) for each in reasons],
    }
    return ServiceError(code, message, parsed=answer)


def transaction_conflict() -> ServiceError:
    """A single write on an item that an ongoing transaction has."""
    return ServiceError("TransactionConflictException", "Transaction is ongoing for the item")


def transaction_in_progress() -> ServiceError:
    """The first request with this client token has not ended."""
    message = "The transaction with the given request token is already in progress."
    return ServiceError("TransactionInProgressException", message)


def other_parameters() -> ServiceError:
    """The client token stands for a transaction with other actions."""
    message = (
        "DynamoDB rejected the request because you retried a request with a different payload "
        "but with an idempotent token that was already used."
    )
    return ServiceError("IdempotentParameterMismatchException", message)
