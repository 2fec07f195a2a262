"""The errors of the Lambda API, and those that a function's run ends with.

The words of run errors are those of AWS's open Python runtime
(https://github.com/aws/aws-lambda-python-runtime-interface-client) and of the Developer Guide.
"""

from __future__ import annotations

from typing import Any

from helpers.cloud import ServiceError

CONCURRENT = "ConcurrentInvocationLimitExceeded"
RATE = "FunctionInvocationRateLimitExceeded"
RESERVED_CONCURRENT = "ReservedFunctionConcurrentInvocationLimitExceeded"
RESERVED_RATE = "ReservedFunctionInvocationRateLimitExceeded"


def _error(code: str, message: str, status: int, *, member: str = "message", **more: Any) -> ServiceError:
    """`member` is where the service model puts the message, beside the error itself."""
    answer = {"Error": {"Message": message, "Code": code}, "Type": "User", member: message, **more}
    return ServiceError(code, message, status, parsed=answer)


class Throttle(ServiceError):
    """429: the function, or the account, has no capacity for another invocation now.

    `reason` is AWS's (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, TooManyRequestsException).
    """

    def __init__(self, reason: str) -> None:
        refused = _error("TooManyRequestsException", "Rate Exceeded.", 429, Reason=reason)
        super().__init__(refused.code, refused.message, refused.status, parsed=refused.parsed)
        self.reason = reason


def no_provisioned() -> ServiceError:
    """The version or alias has no provisioned concurrency."""
    message = "No Provisioned Concurrency Config found for this function"
    return _error("ProvisionedConcurrencyConfigNotFoundException", message, 404)


def conflict(message: str) -> ServiceError:
    """What is asked for does not go with what is there."""
    return _error("ResourceConflictException", message, 409)


def not_valid(value: object, member: str, constraint: str) -> ServiceError:
    """A value that the API's own validation refuses."""
    message = f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    return _error("ValidationException", message, 400)


def no_function(arn: str) -> ServiceError:
    """No such function, version or alias."""
    return _error("ResourceNotFoundException", f"Function not found: {arn}", 404, member="Message")


def other_region(region: str, here: str) -> ServiceError:
    """An ARN of another Region than the client's."""
    message = f"Functions from '{region}' are not reachable in this region ('{here}')"
    return _error("ResourceNotFoundException", message, 404, member="Message")


def invalid(message: str) -> ServiceError:
    """A parameter that Lambda refuses, in a sentence."""
    return _error("InvalidParameterValueException", message, 400)


def invalid_content(reason: str) -> ServiceError:
    """The payload is no JSON."""
    return _error("InvalidRequestContentException", f"Could not parse request body into json: {reason}", 400)


def too_large(limit: int) -> ServiceError:
    """The payload is larger than this kind of invocation takes."""
    message = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
    return _error("RequestTooLargeException", message, 413)


def too_large_package(limit: int) -> ServiceError:
    """The zip is larger than the API takes."""
    return _error("RequestTooLargeException", f"Zipped size must be smaller than {limit} bytes", 413)


def recursive() -> ServiceError:
    """The function runs in an endless loop with other resources (DG/invocation-recursion.html)."""
    message = (
        "Lambda has detected your function being invoked in a recursive loop with other Amazon Web Services resources "
        "and stopped your function's invocation."
    )
    return _error("RecursiveInvocationException", message, 400)


def no_mapping() -> ServiceError:
    """No event source mapping has this UUID."""
    return _error("ResourceNotFoundException", "The resource you requested does not exist.", 404)


def mapped_already(source_arn: str, function: str, uuid: str) -> ServiceError:
    """The event source and the function have a mapping."""
    message = (
        f'The event source arn (" {source_arn} ") and function (" {function} ") provided mapping already exists. '
        f"Please update or delete the existing mapping with UUID {uuid}"
    )
    return _error("ResourceConflictException", message, 409)


def out_of_range(name: str, value: object, relation: str, bound: int) -> ServiceError:
    """A number that is less or more than its parameter may be; `relation` such as "less than or equal to"."""
    return not_valid(value, f"{name[0].lower()}{name[1:]}", f"Member must have value {relation} {bound}")


def no_event_invoke_config(arn: str) -> ServiceError:
    """The function, version or alias has no settings for asynchronous invocation."""
    return _error("ResourceNotFoundException", f"The function {arn} doesn't have an EventInvokeConfig", 404)
