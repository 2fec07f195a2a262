"""The errors of the SQS API, in the words of moto where moto has them."""

from __future__ import annotations

from typing import Any

from helpers.cloud import ServiceError

_NAMESPACE = "AWS.SimpleQueueService."

# SQS kept the codes of its old query protocol. Where they differ, this is the name of the exception in boto3.
_SHAPES = {
    "NonExistentQueue": "QueueDoesNotExist",
    "MissingParameter": "MissingRequiredParameterException",
}

# Exceptions of which botocore also copies the message beside the error, as it finds them under their code.
_MODELLED = {
    "InvalidAttributeName",
    "InvalidAttributeValue",
    "InvalidMessageContents",
    "OverLimit",
    "ReceiptHandleIsInvalid",
    "RequestThrottled",
    "ResourceNotFoundException",
}


def _error(code: str, message: str, status: int = 400) -> ServiceError:
    name = code.removeprefix(_NAMESPACE)
    shape = _SHAPES.get(name, name)
    answer: dict[str, Any] = {
        "Error": {"Message": message, "Code": code, "QueryErrorCode": shape, "Type": "Sender"}
    }
    if code in _MODELLED:
        answer["message"] = message
    return ServiceError(code, message, status, parsed=answer)


def missing_queue() -> ServiceError:
    """No queue has this name."""
    return _error(_NAMESPACE + "NonExistentQueue", "The specified queue does not exist.")


def missing_parameter(name: str) -> ServiceError:
    """A parameter that is needed is not there."""
    return _error("MissingParameter", f"The request must contain the parameter {name}.")


def invalid_parameter(message: str) -> ServiceError:
    """A parameter has a value that SQS refuses, in a sentence."""
    return _error("InvalidParameterValue", message)


def invalid_value(value: object, parameter: str, reason: str) -> ServiceError:
    """A parameter has a value that SQS refuses, with the value and the reason."""
    return invalid_parameter(f"Value {value} for parameter {parameter} is invalid. Reason: {reason}")


def not_for_this_queue_type(value: object, parameter: str) -> ServiceError:
    """A parameter of FIFO queues on a standard one, or the other way round."""
    reason = "The request include parameter that is not valid for this queue type."
    return invalid_value(value, parameter, reason)


def invalid_contents() -> ServiceError:
    """The message has a character that is not allowed."""
    return _error("InvalidMessageContents", "The message contains characters outside the allowed set.")


def too_long(limit: int) -> ServiceError:
    """The message has more bytes than the queue takes."""
    return invalid_parameter(
        f"One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes."
    )


def visibility_beyond_maximum() -> ServiceError:
    """A visibility timeout over 12 hours."""
    return invalid_parameter("Invalid request, maximum visibility timeout is 43200")


def visibility_beyond_12_hours(value: int) -> ServiceError:
    """A visibility timeout beyond what is left of the 12 hours since the receive."""
    reason = "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]"
    return invalid_value(value, "VisibilityTimeout", reason)


def invalid_receipt_handle() -> ServiceError:
    """The queue never gave out this receipt handle."""
    return _error("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")


def expired_receipt_handle(handle: str) -> ServiceError:
    """The visibility timeout of this receive is over (FIFO queues)."""
    return invalid_value(handle, "ReceiptHandle", "The receipt handle has expired.")


def not_in_flight() -> ServiceError:
    """The message is not in flight, or not for this receipt handle."""
    return _error(_NAMESPACE + "MessageNotInflight", "The message referred to is not in flight.")


def over_limit(limit: int) -> ServiceError:
    """As many messages in flight as the queue allows."""
    message = (
        f"Too many messages in flight: the queue allows {limit:,} received and not yet deleted messages."
    )
    return _error("OverLimit", message, status=403)


def throttled(limit: int) -> ServiceError:
    """More calls a second than a FIFO queue takes."""
    message = f"Rate exceeded: this FIFO queue takes {limit:,} calls per second for this action."
    return _error("RequestThrottled", message)


def purge_in_progress(name: str) -> ServiceError:
    """The queue was purged less than 60 s ago."""
    message = f"Only one PurgeQueue operation on {name} is allowed every 60 seconds."
    return _error(_NAMESPACE + "PurgeQueueInProgress", message, status=403)


def deleted_recently() -> ServiceError:
    """A queue of this name was deleted less than 60 s ago."""
    message = (
        "You must wait 60 seconds after deleting a queue before you can create another with the same name."
    )
    return _error(_NAMESPACE + "QueueDeletedRecently", message)


def unknown_attribute(name: str) -> ServiceError:
    """SQS has no such attribute."""
    return _error("InvalidAttributeName", f"Unknown Attribute {name}.")


def invalid_attribute(name: str) -> ServiceError:
    """A queue attribute has a value out of its range."""
    return _error("InvalidAttributeValue", f"Invalid value for the parameter {name}.")


def empty_batch(action: str) -> ServiceError:
    """A batch without entries."""
    message = f"There should be at least one {action}BatchRequestEntry in the request."
    return _error(_NAMESPACE + "EmptyBatchRequest", message)


def too_many_entries(number: int) -> ServiceError:
    """A batch of more than 10 entries."""
    message = f"Maximum number of entries per request are 10. You have sent {number}."
    return _error(_NAMESPACE + "TooManyEntriesInBatchRequest", message)


def repeated_id(entry_id: str) -> ServiceError:
    """Two entries of a batch have the same id."""
    return _error(_NAMESPACE + "BatchEntryIdsNotDistinct", f"Id {entry_id} repeated.")


def invalid_entry_id() -> ServiceError:
    """The id of a batch entry is not well-formed."""
    message = (
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
        "It can be at most 80 letters long."
    )
    return _error(_NAMESPACE + "InvalidBatchEntryId", message)


def batch_too_long(limit: int, length: int) -> ServiceError:
    """The messages of a batch have more bytes together than one call takes."""
    message = f"Batch requests cannot be longer than {limit} bytes. You have sent {length} bytes."
    return _error(_NAMESPACE + "BatchRequestTooLong", message)


def no_such_resource(message: str) -> ServiceError:
    """The queue or the task that a move names does not exist."""
    return _error("ResourceNotFoundException", message, status=404)
