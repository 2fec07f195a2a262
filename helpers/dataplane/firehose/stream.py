"""A Firehose stream as the plane knows it. AWS: API/API_DeliveryStreamDescription.html."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from helpers.dataplane.firehose.destination import Destination
from helpers.dataplane.firehose.models import Models
from helpers.dataplane.firehose.quota import Quota

if TYPE_CHECKING:
    from helpers.dataplane import Cloud


class Stream:
    """One stream that delivers to S3. `source_arn` is that of the Kinesis stream it reads, or None for Direct PUT."""

    def __init__(
        self,
        cloud: Cloud,
        models: Models,
        region: str,
        name: str,
        destination: Destination,
        source_arn: str | None,
    ) -> None:
        self.cloud = cloud
        self.models = models
        self.region = region
        self.name = name
        self.destination = destination
        self.source_arn = source_arn
        self.quota = Quota(region)
        self.deleted = False

    @cached_property
    def s3(self) -> Any:
        """The client that delivers."""
        return self.cloud.shared_client("s3")

    def metric(self, name: str, value: float, unit: str = "Count") -> None:
        """Tell CloudWatch (GUIDE/monitoring-with-cloudwatch-metrics.html)."""
        self.cloud.telemetry.metric("AWS/Firehose", name, value, unit, {"DeliveryStreamName": self.name})
