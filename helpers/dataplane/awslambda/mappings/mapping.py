"""An event source mapping as it is configured."""

from __future__ import annotations

from collections.abc import Mapping as Described
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from helpers.dataplane.awslambda.filters import Filters
from helpers.dataplane.awslambda.mappings.partial import RESPONSE_TYPE

DEFAULT_BATCH = {"sqs": 10, "kinesis": 100, "dynamodb": 100}
LARGEST_BATCH = {"sqs": 10_000, "sqs.fifo": 10, "kinesis": 10_000, "dynamodb": 10_000}
"""Records in a batch (https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html)."""

STREAMS = ("kinesis", "dynamodb")
WITHOUT_LIMIT = -1


def service_of(arn: str) -> str:
    """Which service an event source belongs to: "sqs", "kinesis" or "dynamodb"."""
    return arn.split(":")[2]


@dataclass(frozen=True)
class Mapping:
    """What a mapping shall do, with AWS's defaults where nothing is set.

    `function_arn` is the ARN that was mapped, with version or alias if there was one. `window_s` is the batching
    window, `partial` whether partial batch responses count, `retries` and `record_age_s` are -1 for no limit.
    `pollers` is the provisioned mode of SQS: least and most event pollers.
    """

    uuid: str
    source_arn: str
    function_arn: str
    enabled: bool
    batch_size: int
    window_s: int
    filters: Filters
    partial: bool
    maximum_concurrency: int | None
    pollers: tuple[int, int] | None
    position: str
    position_time: datetime | None
    parallel: int
    retries: int
    record_age_s: int
    bisect: bool
    on_failure: str
    tumbling_s: int

    @property
    def service(self) -> str:
        """The service that the source belongs to."""
        return service_of(self.source_arn)

    @property
    def fifo(self) -> bool:
        """True for a FIFO queue."""
        return self.source_arn.endswith(".fifo")

    @property
    def region(self) -> str:
        """The Region of source and function."""
        return self.source_arn.split(":")[3]

    @classmethod
    def of(cls, described: Described[str, Any], function_arn: str) -> Mapping:
        """The mapping that GetEventSourceMapping describes, for the function that was asked for."""
        arn = described["EventSourceArn"]
        service = service_of(arn)
        scaling = described.get("ScalingConfig") or {}
        pollers = described.get("ProvisionedPollerConfig") or {}
        destination = (described.get("DestinationConfig") or {}).get("OnFailure") or {}
        return cls(
            uuid=described["UUID"],
            source_arn=arn,
            function_arn=function_arn,
            enabled=described.get("State") != "Disabled",
            batch_size=described.get("BatchSize") or DEFAULT_BATCH[service],
            window_s=described.get("MaximumBatchingWindowInSeconds") or 0,
            filters=Filters(described.get("FilterCriteria"), service),
            partial=RESPONSE_TYPE in (described.get("FunctionResponseTypes") or ()),
            maximum_concurrency=scaling.get("MaximumConcurrency"),
            pollers=provisioned(pollers) if pollers else None,
            position=described.get("StartingPosition") or "TRIM_HORIZON",
            position_time=described.get("StartingPositionTimestamp"),
            parallel=described.get("ParallelizationFactor") or 1,
            retries=_limit(described, "MaximumRetryAttempts"),
            record_age_s=_limit(described, "MaximumRecordAgeInSeconds"),
            bisect=bool(described.get("BisectBatchOnFunctionError")),
            on_failure=destination.get("Destination", ""),
            tumbling_s=described.get("TumblingWindowInSeconds") or 0,
        )


def provisioned(pollers: Described[str, Any]) -> tuple[int, int]:
    """Least and most event pollers of a `ProvisionedPollerConfig`, with the defaults for SQS (with-sqs.html)."""
    return pollers.get("MinimumPollers", 2), pollers.get("MaximumPollers", 200)


def _limit(described: Described[str, Any], name: str) -> int:
    value = described.get(name)
    return WITHOUT_LIMIT if value is None else int(value)
