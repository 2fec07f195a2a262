"""A DynamoDB table that is asked what each call consumed, and a client that gives up at the first refusal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from helpers import Cloud
from tests.dataplane.dynamo import Item, item, value

KB = 1_024
_ONCE = Config(retries={"total_max_attempts": 1})


def sized(size: int, pk: str = "a", **more: Any) -> Item:
    """An item of exactly `size` bytes with the key `pk`, and what more it holds."""
    given = item(pk=pk, **more)
    used = len("pk") + len(pk) + len("v") + sum(len(name) + len(str(each)) for name, each in more.items())
    numbers = [each for each in more.values() if isinstance(each, int)]
    used += sum((len(str(each).strip("0")) + 1) // 2 + 1 - len(str(each)) for each in numbers)
    return given | {"v": {"S": "x" * (size - used)}}


def index(
    name: str,
    *keys: str,
    projection: str | list[str] = "ALL",
    throughput: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """A secondary index: its keys, what it holds (a kind, or the attributes it includes), and its units."""
    projected = {"ProjectionType": projection if isinstance(projection, str) else "INCLUDE"}
    if not isinstance(projection, str):
        projected |= {"NonKeyAttributes": projection}
    made = {
        "IndexName": name,
        "KeySchema": [
            {"AttributeName": key, "KeyType": kind}
            for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
        ],
        "Projection": projected,
    }
    return made if throughput is None else made | {"ProvisionedThroughput": units(*throughput)}


def units(reads: int, writes: int) -> dict[str, int]:
    return {"ReadCapacityUnits": reads, "WriteCapacityUnits": writes}


class Metered:
    """One table with key `pk` (text) and, if asked for, `sk` (number): on demand, or with `throughput`."""

    def __init__(
        self,
        cloud: Cloud,
        name: str = "t",
        *,
        sort: bool = False,
        throughput: tuple[int, int] | None = None,
        indexes: list[dict[str, Any]] | None = None,
        local: list[dict[str, Any]] | None = None,
        types: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        self.cloud, self.name = cloud, name
        self.client = cloud.client("dynamodb", config=_ONCE)
        kinds = {"pk": "S"} | ({"sk": "N"} if sort else {})
        for each in (*(indexes or ()), *(local or ())):
            for key in each["KeySchema"]:
                kinds.setdefault(key["AttributeName"], (types or {}).get(key["AttributeName"], "S"))
        if indexes:
            more["GlobalSecondaryIndexes"] = indexes
        if local:
            more["LocalSecondaryIndexes"] = local
        if throughput is None:
            more["BillingMode"] = "PAY_PER_REQUEST"
        else:
            more["ProvisionedThroughput"] = units(*throughput)
        self.client.create_table(
            TableName=name,
            KeySchema=[
                {"AttributeName": key, "KeyType": kind}
                for key, kind in (("pk", "HASH"), ("sk", "RANGE"))[: 2 if sort else 1]
            ],
            AttributeDefinitions=[
                {"AttributeName": key, "AttributeType": kind} for key, kind in kinds.items()
            ],
            **more,
        )

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        reply: dict[str, Any] = getattr(self.client, operation)(TableName=self.name, **parameters)
        return reply

    def consumed(self, operation: str, wanted: str = "INDEXES", **parameters: Any) -> dict[str, Any]:
        """ConsumedCapacity of a call, without the name of the table."""
        told = self.call(operation, ReturnConsumedCapacity=wanted, **parameters)["ConsumedCapacity"]
        assert told.pop("TableName") == self.name
        return told  # type: ignore[no-any-return]  # boto3 has no types

    def units(self, operation: str, **parameters: Any) -> float:
        """All units of a call."""
        total: float = self.consumed(operation, "TOTAL", **parameters)["CapacityUnits"]
        return total

    def put(self, given: Item, **more: Any) -> float:
        return self.units("put_item", Item=given, **more)

    def update(self, key: Item, expression: str, **values: Any) -> float:
        given = {f":{name}": value(each) for name, each in values.items()}
        options = {"ExpressionAttributeValues": given} if given else {}
        return self.units("update_item", Key=key, UpdateExpression=expression, **options)

    def delete(self, key: Item) -> float:
        return self.units("delete_item", Key=key)

    def get(self, key: Item, *, strong: bool = False, **more: Any) -> float:
        return self.units("get_item", Key=key, ConsistentRead=strong, **more)

    def set_throughput(self, reads: int, writes: int) -> None:
        self.call("update_table", ProvisionedThroughput=units(reads, writes))

    @property
    def throughput(self) -> tuple[int, int]:
        told = self.call("describe_table")["Table"]["ProvisionedThroughput"]
        return told["ReadCapacityUnits"], told["WriteCapacityUnits"]

    def passes(self, call: Callable[[], Any]) -> str | None:
        """None if the call passes, else the throttling reason, or the code of another error."""
        try:
            call()
        except ClientError as error:
            reasons = error.response.get("ThrottlingReasons") or error.response.get("throttlingReasons")
            return str(reasons[0]["reason"] if reasons else error.response["Error"]["Code"])
        return None

    def metric(self, name: str, **dimensions: str) -> float:
        """The sum of a metric of the table over all time."""
        found = self.cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/DynamoDB",
            MetricName=name,
            Dimensions=[
                {"Name": key, "Value": each} for key, each in {"TableName": self.name, **dimensions}.items()
            ],
            StartTime=self.cloud.datetime - timedelta(days=1),
            EndTime=self.cloud.datetime + timedelta(days=1),
            Period=86_400,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(sum(point["Sum"] for point in found))
