"""What CreateEventSourceMapping and UpdateEventSourceMapping refuse, and moto accepts.

Pages: API/API_CreateEventSourceMapping.html, DG/services-sqs-configure.html, DG/services-sqs-scaling.html
(API is https://docs.aws.amazon.com/lambda/latest/api/, DG is https://docs.aws.amazon.com/lambda/latest/dg/).
"""

from __future__ import annotations

from collections.abc import Mapping as Given
from datetime import datetime
from typing import Any

from botocore.utils import parse_to_aware_datetime

from helpers.dataplane.awslambda import errors
from helpers.dataplane.awslambda.filters import Filters
from helpers.dataplane.awslambda.limits import BATCH_WINDOW_S
from helpers.dataplane.awslambda.mappings.mapping import LARGEST_BATCH, STREAMS, provisioned, service_of

_SMALL_BATCH = 10  # a larger batch of a queue needs a batching window

_STREAM_ONLY = (
    "StartingPosition", "StartingPositionTimestamp", "ParallelizationFactor", "BisectBatchOnFunctionError",
    "MaximumRetryAttempts", "MaximumRecordAgeInSeconds", "TumblingWindowInSeconds", "DestinationConfig",
)  # fmt: skip
_QUEUE_ONLY = ("ScalingConfig", "ProvisionedPollerConfig")

_RANGES = {
    "BatchSize": (1, 10_000),
    "MaximumBatchingWindowInSeconds": BATCH_WINDOW_S,
    "ParallelizationFactor": (1, 10),
    "MaximumRetryAttempts": (-1, 10_000),
    "MaximumRecordAgeInSeconds": (-1, 604_800),
    "TumblingWindowInSeconds": (0, 900),
}
_LEAST_RECORD_AGE_S = 60
_POLLERS = ((2, 200), (2, 10_000))
_CONCURRENCY = (2, 1_000)


def check_settings(given: Given[str, Any], source_arn: str, now: datetime) -> None:
    """Refuse settings that no mapping of this source may have. Raises InvalidParameterValueException.

    `given` is the whole configuration that the mapping would have; `now` is the present instant.
    """
    service = service_of(source_arn)
    for name in _QUEUE_ONLY if service in STREAMS else _STREAM_ONLY:
        if given.get(name):
            raise errors.invalid(f"The parameter {name} is not supported for this event source: {source_arn}")
    for name, (least, most) in _RANGES.items():
        _check_range(name, given.get(name), least, most)
    fifo = source_arn.endswith(".fifo")
    largest = LARGEST_BATCH["sqs.fifo" if fifo else service]
    if (given.get("BatchSize") or 1) > largest:
        raise errors.invalid(f"BatchSize {given['BatchSize']} exceeds the max of {largest}")
    Filters(given.get("FilterCriteria"), service)
    if service in STREAMS:
        _check_stream(given, source_arn, now)
    else:
        _check_queue(given, fifo=fifo)


def _check_range(name: str, value: Any, least: int, most: int) -> None:
    if value is not None and not least <= value <= most:
        bound, relation = (
            (most, "less than or equal to") if value > most else (least, "greater than or equal to")
        )
        raise errors.out_of_range(name, value, relation, bound)


def _check_queue(given: Given[str, Any], *, fifo: bool) -> None:
    window_s = given.get("MaximumBatchingWindowInSeconds") or 0
    if fifo and window_s:
        raise errors.invalid("Batching window is not supported for FIFO queues.")
    if (given.get("BatchSize") or 1) > _SMALL_BATCH and not window_s:
        raise errors.invalid(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        )
    concurrency = (given.get("ScalingConfig") or {}).get("MaximumConcurrency")
    _check_range("MaximumConcurrency", concurrency, *_CONCURRENCY)
    pollers = given.get("ProvisionedPollerConfig") or {}
    if not pollers:
        return
    if concurrency is not None:
        raise errors.invalid("Maximum concurrency cannot be used with provisioned mode.")
    least, most = provisioned(pollers)
    _check_range("MinimumPollers", least, *_POLLERS[0])
    _check_range("MaximumPollers", most, *_POLLERS[1])
    if most < least:
        raise errors.invalid("MaximumPollers must be greater than or equal to MinimumPollers.")


def _check_stream(given: Given[str, Any], source_arn: str, now: datetime) -> None:
    position, at = given.get("StartingPosition"), given.get("StartingPositionTimestamp")
    if position is None:
        raise errors.invalid(
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
            "Member must not be null."
        )
    timed = position == "AT_TIMESTAMP"
    if timed and service_of(source_arn) != "kinesis":
        raise errors.invalid(f"Unsupported starting position for arn type: {source_arn}")
    if timed != (at is not None):
        raise errors.invalid("StartingPositionTimestamp goes with the starting position AT_TIMESTAMP.")
    if at is not None and parse_to_aware_datetime(at) > now:
        raise errors.invalid("StartingPositionTimestamp cannot be in the future.")
    age_s = given.get("MaximumRecordAgeInSeconds")
    if age_s is not None and -1 < age_s < _LEAST_RECORD_AGE_S:
        raise errors.invalid(
            f"MaximumRecordAgeInSeconds must be -1, or {_LEAST_RECORD_AGE_S} or greater, not {age_s}."
        )
    if "OnSuccess" in (given.get("DestinationConfig") or {}):
        raise errors.invalid("Unsupported DestinationConfig parameter: OnSuccess")


def check_visibility(visibility_s: int, timeout_s: int) -> None:
    """A function must not run longer than the messages of its queue are hidden (DG/services-sqs-configure.html)."""
    if visibility_s < timeout_s:
        raise errors.invalid(
            f"Queue visibility timeout: {visibility_s} seconds is less than Function timeout: {timeout_s} seconds"
        )
