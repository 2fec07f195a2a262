"""A short way to talk to one Kinesis stream, and to look at what CloudWatch was told."""

from __future__ import annotations

from typing import Any

from helpers import Cloud


class Stream:
    """One stream of a Cloud through boto3."""

    def __init__(self, cloud: Cloud, shards: int = 1, name: str = "s", **options: Any) -> None:
        self.cloud, self.name, self.client = cloud, name, cloud.client("kinesis")
        if shards:
            options["ShardCount"] = shards
        self.client.create_stream(StreamName=name, **options)
        self.arn: str = self.summary()["StreamARN"]

    def summary(self) -> dict[str, Any]:
        reply = self.client.describe_stream_summary(StreamName=self.name)
        summary: dict[str, Any] = reply["StreamDescriptionSummary"]
        return summary

    def put(self, *data: str, key: str = "k", **more: Any) -> list[str]:
        """Write records one by one; their sequence numbers."""
        return [
            self.client.put_record(StreamName=self.name, Data=one.encode(), PartitionKey=key, **more)[
                "SequenceNumber"
            ]
            for one in data
        ]

    def batch(self, count: int, size: int = 1, key: str = "k") -> dict[str, Any]:
        """Write `count` records, each with so many bytes of data, in one call."""
        entries = [{"Data": b"x" * size, "PartitionKey": key} for _ in range(count)]
        reply: dict[str, Any] = self.client.put_records(StreamName=self.name, Records=entries)
        return reply

    def iterator(self, shard: int = 0, kind: str = "TRIM_HORIZON", **more: Any) -> str:
        reply = self.client.get_shard_iterator(
            StreamName=self.name, ShardId=shard_id(shard), ShardIteratorType=kind, **more
        )
        return str(reply["ShardIterator"])

    def get(self, iterator: str, **more: Any) -> dict[str, Any]:
        reply: dict[str, Any] = self.client.get_records(ShardIterator=iterator, **more)
        return reply

    def data(self, shard: int = 0, kind: str = "TRIM_HORIZON", **more: Any) -> list[str]:
        """What one read from a place gives."""
        return [one["Data"].decode() for one in self.get(self.iterator(shard, kind, **more))["Records"]]

    def split(self, shard: int = 0, at: int | None = None) -> None:
        """Split in the middle, or at a hash key."""
        if at is None:
            low, high = self.ranges()[shard]
            at = (low + high) // 2 + 1
        self.client.split_shard(
            StreamName=self.name, ShardToSplit=shard_id(shard), NewStartingHashKey=str(at)
        )

    def merge(self, first: int, second: int) -> None:
        self.client.merge_shards(
            StreamName=self.name, ShardToMerge=shard_id(first), AdjacentShardToMerge=shard_id(second)
        )

    def shards(self, **more: Any) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.client.list_shards(StreamName=self.name, **more)["Shards"]
        return listed

    def ids(self, kind: str = "FROM_TRIM_HORIZON", **more: Any) -> list[int]:
        """The numbers of the shards that a filter lets through."""
        return [int(one["ShardId"][-12:]) for one in self.shards(ShardFilter={"Type": kind, **more})]

    def ranges(self) -> dict[int, tuple[int, int]]:
        """Shard -> its range of hash keys."""
        return {
            int(one["ShardId"][-12:]): (
                int(one["HashKeyRange"]["StartingHashKey"]),
                int(one["HashKeyRange"]["EndingHashKey"]),
            )
            for one in self.shards()
        }


def shard_id(number: int) -> str:
    """The id of a shard by its number."""
    return f"shardId-{number:012d}"


def metric(cloud: Cloud, namespace: str, name: str, statistic: str = "Sum", **dimensions: str) -> list[float]:
    """What CloudWatch shows, minute by minute, of the time so far."""
    moment = cloud.datetime
    points = cloud.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        StartTime=moment.timestamp() - 3600,
        EndTime=moment.timestamp() + 60,
        Period=60,
        Statistics=[statistic],
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
    )["Datapoints"]
    return [point[statistic] for point in sorted(points, key=lambda point: point["Timestamp"])]
