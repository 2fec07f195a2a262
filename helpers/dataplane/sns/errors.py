"""The errors of the SNS API, in the words of moto where moto has them."""

from __future__ import annotations

from helpers.cloud import ServiceError


def invalid(what: str, why: str = "") -> ServiceError:
    """A parameter, or something in one, is not allowed."""
    return ServiceError("InvalidParameter", f"Invalid parameter: {what}" + (f" Reason: {why}" if why else ""))


def invalid_value(message: str) -> ServiceError:
    """A parameter has a value of the wrong kind."""
    return ServiceError("ParameterValueInvalid", message)


def missing_topic() -> ServiceError:
    """No topic has this ARN."""
    return ServiceError("NotFound", "Topic does not exist", 404)


def missing_subscription() -> ServiceError:
    """No subscription has this ARN."""
    return ServiceError("NotFound", "Subscription does not exist", 404)


def throttled() -> ServiceError:
    """More messages per second than a quota allows."""
    return ServiceError("Throttled", "Rate exceeded", 429)


def too_many_subscriptions() -> ServiceError:
    """The topic has as many subscriptions as it may have."""
    return ServiceError(
        "SubscriptionLimitExceeded", "Subscription limit for this topic has been reached", 403
    )


def too_many_filters() -> ServiceError:
    """The topic has as many filter policies as it may have."""
    return ServiceError(
        "FilterPolicyLimitExceeded", "Filter policy limit for this topic has been reached", 403
    )


def empty_batch() -> ServiceError:
    """A batch without entries."""
    return ServiceError("EmptyBatchRequest", "The batch request doesn't contain any entries.")


def too_many_entries() -> ServiceError:
    """A batch of more than 10 entries."""
    return ServiceError(
        "TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible."
    )


def repeated_id() -> ServiceError:
    """Two entries of a batch have the same id."""
    return ServiceError(
        "BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id."
    )


def invalid_entry_id() -> ServiceError:
    """The id of a batch entry is not well-formed."""
    return ServiceError(
        "InvalidBatchEntryId", "The Id of a batch entry in a batch request doesn't abide by the rules."
    )


def batch_too_long() -> ServiceError:
    """The messages of a batch have more bytes together than the topic takes."""
    return ServiceError(
        "BatchRequestTooLong", "The length of all the batch messages put together is more than the limit."
    )
