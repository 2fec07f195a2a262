"""What DynamoDB tells CloudWatch about requests. AWS: GUIDE/metrics-dimensions.html."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from helpers.dataplane.dynamodb.modes import Limit
from helpers.dataplane.dynamodb.supply import Charge, Resource
from helpers.dataplane.dynamodb.throttling import Refusal

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

_NAMESPACE = "AWS/DynamoDB"

_EVENTS = {
    Limit.PROVISIONED: "ProvisionedThroughputThrottleEvents",
    Limit.KEY_RANGE: "KeyRangeThroughputThrottleEvents",
    Limit.MAXIMUM: "MaxOnDemandThroughputThrottleEvents",
    Limit.ACCOUNT: "AccountLimitThrottleEvents",
}


class Metrics:
    """The numbers of one account's tables, minute by minute."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def consumed(self, charge: Charge) -> None:
        """Units that a request took from a table or a global index."""
        supply = charge.supply
        self._publish(f"Consumed{supply.direction}CapacityUnits", charge.units, _dimensions(supply.resource))

    def refused(self, refusals: Iterable[Refusal]) -> None:
        """Reads or writes of tables and indexes that a limit did not let pass: an event each."""
        for refusal in refusals:
            direction, dimensions = refusal.supply.direction, _dimensions(refusal.supply.resource)
            self._publish(f"{direction}ThrottleEvents", 1, dimensions)
            self._publish(f"{direction}{_EVENTS[refusal.limit]}", 1, dimensions)

    def throttled(self, operation: str, refusals: Iterable[Refusal]) -> None:
        """A request that failed because of it, once for each table it named."""
        for table in dict.fromkeys(refusal.supply.resource.table for refusal in refusals):
            self._publish("ThrottledRequests", 1, {"TableName": table, "Operation": operation})

    def condition_failed(self, table: str) -> None:
        """A write whose condition did not hold."""
        self._publish("ConditionalCheckFailedRequests", 1, {"TableName": table})

    def conflict(self, table: str) -> None:
        """An item that a request wants and an ongoing transaction has."""
        self._publish("TransactionConflict", 1, {"TableName": table})

    def expired(self, table: str) -> None:
        """An item that time to live deleted."""
        self._publish("TimeToLiveDeletedItemCount", 1, {"TableName": table})

    def _publish(self, name: str, value: float, dimensions: dict[str, str]) -> None:
        self._cloud.telemetry.metric(_NAMESPACE, name, value, "Count", dimensions)


def _dimensions(resource: Resource) -> dict[str, str]:
    if resource.index is None:
        return {"TableName": resource.table}
    return {"TableName": resource.table, "GlobalSecondaryIndexName": resource.index}
