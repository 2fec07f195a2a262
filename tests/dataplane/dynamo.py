"""A short way to talk to one DynamoDB table of a Cloud, in the low-level types."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from helpers import Cloud

Item = dict[str, Any]


def item(**attributes: Any) -> Item:
    """An item of plain values: text, numbers, bytes, lists of text (as sets)."""
    return {name: value(given) for name, given in attributes.items()}


def value(given: Any) -> dict[str, Any]:
    if isinstance(given, bool):
        return {"BOOL": given}
    if isinstance(given, (int, float)):
        return {"N": str(given)}
    if isinstance(given, bytes):
        return {"B": given}
    if isinstance(given, set):
        return {"SS": sorted(given)}
    return {"S": given}


def counted(cloud: Cloud, metric: str) -> float:
    """The sum of a metric of the table t since the Cloud was opened."""
    points = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/DynamoDB",
        MetricName=metric,
        Dimensions=[{"Name": "TableName", "Value": "t"}],
        StartTime=cloud.datetime - timedelta(seconds=cloud.now),
        EndTime=cloud.datetime + timedelta(seconds=60),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(point["Sum"] for point in points))


class Dynamo:
    """One table, on-demand or with `units` to read and write, with key `pk` (text) and, if asked for, `sk` (number)."""

    def __init__(
        self,
        cloud: Cloud,
        name: str = "t",
        *,
        sort: bool = False,
        view: str | None = None,
        units: tuple[int, int] | None = None,
        **more: Any,
    ):
        self.cloud, self.name = cloud, name
        self.client, self.streams = cloud.client("dynamodb"), cloud.client("dynamodbstreams")
        keys = [("pk", "S", "HASH"), ("sk", "N", "RANGE")][: 2 if sort else 1]
        attributes = [{"AttributeName": key, "AttributeType": kind} for key, kind, _ in keys]
        if view is not None:
            more["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": view}
        if units is None:
            more["BillingMode"] = "PAY_PER_REQUEST"
        else:
            more["ProvisionedThroughput"] = {"ReadCapacityUnits": units[0], "WriteCapacityUnits": units[1]}
        self.client.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": key, "KeyType": role} for key, _, role in keys],
            AttributeDefinitions=attributes + more.pop("attributes", []),
            **more,
        )

    def put(self, **attributes: Any) -> dict[str, Any]:
        return self.client.put_item(TableName=self.name, Item=item(**attributes))

    def delete(self, **key: Any) -> dict[str, Any]:
        return self.client.delete_item(TableName=self.name, Key=item(**key))

    def update(self, key: Item, expression: str, **values: Any) -> dict[str, Any]:
        given = {f":{name}": value(each) for name, each in values.items()}
        options = {"ExpressionAttributeValues": given} if given else {}
        return self.client.update_item(TableName=self.name, Key=key, UpdateExpression=expression, **options)

    def get(self, *, strong: bool = False, **key: Any) -> Item | None:
        reply = self.client.get_item(TableName=self.name, Key=item(**key), ConsistentRead=strong)
        found: Item | None = reply.get("Item")
        return found

    def scan(self, **more: Any) -> list[Item]:
        items: list[Item] = self.client.scan(TableName=self.name, **more)["Items"]
        return items

    # The stream

    @property
    def stream_arn(self) -> str:
        arn: str = self.client.describe_table(TableName=self.name)["Table"]["LatestStreamArn"]
        return arn

    def set_stream(self, view: str | None) -> None:
        wanted = {"StreamEnabled": False} if view is None else {"StreamEnabled": True, "StreamViewType": view}
        self.client.update_table(TableName=self.name, StreamSpecification=wanted)

    def shards(self, arn: str | None = None) -> list[dict[str, Any]]:
        described = self.streams.describe_stream(StreamArn=arn or self.stream_arn)["StreamDescription"]
        shards: list[dict[str, Any]] = described["Shards"]
        return shards

    def iterator(
        self, kind: str = "TRIM_HORIZON", shard: int = 0, arn: str | None = None, **more: Any
    ) -> str:
        arn = arn or self.stream_arn
        reply = self.streams.get_shard_iterator(
            StreamArn=arn, ShardId=self.shards(arn)[shard]["ShardId"], ShardIteratorType=kind, **more
        )
        text: str = reply["ShardIterator"]
        return text

    def records(self, arn: str | None = None) -> list[dict[str, Any]]:
        """All records of all shards, one shard after the other."""
        found: list[dict[str, Any]] = []
        for shard in range(len(self.shards(arn))):
            found += self.streams.get_records(ShardIterator=self.iterator(shard=shard, arn=arn))["Records"]
        return found
