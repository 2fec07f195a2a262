"""What AWS does with a configuration and moto leaves out: one data plane a service, and the account that
attaches them.
"""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from helpers.cloud import Account, DataPlane

if TYPE_CHECKING:
    from helpers.dataplane.telemetry import Telemetry

PLANES = {
    "cloudtrail": "helpers.dataplane.cloudtrail:CloudTrail",
    "cloudwatch": "helpers.dataplane.cloudwatch:CloudWatch",
    "dynamodb": "helpers.dataplane.dynamodb:DynamoDb",
    "firehose": "helpers.dataplane.firehose:Firehose",
    "kinesis": "helpers.dataplane.kinesis:Kinesis",
    "events": "helpers.dataplane.events:EventBridge",
    "lambda": "helpers.dataplane.awslambda:Lambda",
    "logs": "helpers.dataplane.cloudwatch.logs:Logs",
    "sns": "helpers.dataplane.sns:Sns",
    "sqs": "helpers.dataplane.sqs:Sqs",
    "xray": "helpers.dataplane.xray:XRay",
}
"""Service -> module and class of its data plane. A module is imported when its service is first called."""

ATTACHED_WITH = {
    "application-autoscaling": "dynamodb",
    "cloudformation": "lambda",  # a stack may map a queue to a function without a call to Lambda
    "dynamodbstreams": "dynamodb",
}
"""Service -> the service whose data plane answers for it too, or has to hear of its calls."""


class Cloud(Account):
    """A mocked AWS account on a virtual clock, whose services behave as AWS documents them.

    Parameters as for `Account`: `seed`, `start`, `region`.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._planes: dict[str, DataPlane] = {}

    @cached_property
    def telemetry(self) -> Telemetry:
        """The logs and metrics that the account's services write."""
        from helpers.dataplane.telemetry import Telemetry

        return Telemetry(self)

    def attach(self, service: str) -> None:
        """Attach the data plane of `service`, if it has one."""
        if service in ATTACHED_WITH:
            self.use(ATTACHED_WITH[service])
        if service in PLANES and service not in self._planes:
            module, _, name = PLANES[service].partition(":")
            self._planes[service] = getattr(import_module(module), name)(self)

    def plane(self, service: str) -> Any:
        """The data plane of `service`, with the parameters of its labelled models. Raises KeyError if it has
        none.
        """
        self.use(service)
        return self._planes[service]

    def close(self) -> None:
        """Drop the actors and forget the account's resources. The trail can still be read."""
        super().close()
        self._planes.clear()
