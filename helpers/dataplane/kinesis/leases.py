"""The lease table of a KCL application: who reads which shard, and how far it got.

AWS: GUIDE/kcl-dynamoDB.html. Every call is an ordinary call to DynamoDB; a change holds only if nobody else made one
since.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

SHARD_END = "SHARD_END"
"""The checkpoint of a shard that was read to its end."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease of one shard, as an item of the table.

    `checkpoint` is TRIM_HORIZON, LATEST, a sequence number or SHARD_END; `counter` grows with every renewal;
    `switches` counts the owners since the last checkpoint.
    """

    shard_id: str
    checkpoint: str
    parents: tuple[str, ...] = ()
    owner: str | None = None
    counter: int = 0
    switches: int = 0

    @property
    def finished(self) -> bool:
        """True if the shard was read to its end."""
        return self.checkpoint == SHARD_END

    def item(self) -> dict[str, Any]:
        """The lease as DynamoDB keeps it."""
        item: dict[str, Any] = {
            "leaseKey": {"S": self.shard_id},
            "checkpoint": {"S": self.checkpoint},
            "leaseCounter": {"N": str(self.counter)},
            "ownerSwitchesSinceCheckpoint": {"N": str(self.switches)},
        }
        if self.parents:
            item["parentShardId"] = {"SS": list(self.parents)}
        if self.owner is not None:
            item["leaseOwner"] = {"S": self.owner}
        return item

    @classmethod
    def of(cls, item: dict[str, Any]) -> Lease:
        """Read an item of the table."""
        return cls(
            item["leaseKey"]["S"],
            item["checkpoint"]["S"],
            tuple(sorted(item.get("parentShardId", {}).get("SS", ()))),
            item.get("leaseOwner", {}).get("S"),
            int(item["leaseCounter"]["N"]),
            int(item["ownerSwitchesSinceCheckpoint"]["N"]),
        )


class LeaseTable:
    """The table of one application, through a boto3 client of DynamoDB. Raises ClientError as DynamoDB does."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self.name = name

    def create(self) -> None:
        """Make the table, with on-demand capacity, unless it is there; wait until it can be used."""
        try:
            self._client.create_table(
                TableName=self.name,
                KeySchema=[{"AttributeName": "leaseKey", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "leaseKey", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceInUseException":
                raise
        self._client.get_waiter("table_exists").wait(TableName=self.name)

    def all(self) -> list[Lease]:
        """All leases, in the order of their shards."""
        items: list[dict[str, Any]] = []
        start: dict[str, Any] = {}
        while True:
            page = self._client.scan(TableName=self.name, ConsistentRead=True, **start)
            items += page["Items"]
            if "LastEvaluatedKey" not in page:
                return sorted(map(Lease.of, items), key=lambda lease: lease.shard_id)
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def add(self, lease: Lease) -> None:
        """Add the lease of a shard that has none."""
        self._held(
            self._client.put_item,
            Item=lease.item(),
            ConditionExpression="attribute_not_exists(leaseKey)",
        )

    def take(self, lease: Lease, owner: str) -> Lease | None:
        """Make it the `owner`'s, or None if somebody renewed or took it since it was read."""
        taken = replace(lease, owner=owner, counter=lease.counter + 1, switches=lease.switches + 1)
        held = self._update(
            lease,
            "SET leaseOwner = :owner, leaseCounter = :counter, ownerSwitchesSinceCheckpoint = :switches",
            "leaseCounter = :seen",
            {
                ":owner": {"S": owner},
                ":counter": {"N": str(taken.counter)},
                ":switches": {"N": str(taken.switches)},
                ":seen": {"N": str(lease.counter)},
            },
        )
        return taken if held else None

    def renew(self, lease: Lease) -> bool:
        """Count one up, so that others see that the owner lives. False if the lease is another's by now."""
        return self._update(
            lease,
            "ADD leaseCounter :one",
            "leaseOwner = :owner",
            {":one": {"N": "1"}, ":owner": {"S": lease.owner}},
        )

    def checkpoint(self, lease: Lease, position: str) -> bool:
        """Note how far its owner got. False if the lease is another's by now."""
        return self._update(
            lease,
            "SET #checkpoint = :position, ownerSwitchesSinceCheckpoint = :zero",
            "leaseOwner = :owner",
            {":position": {"S": position}, ":zero": {"N": "0"}, ":owner": {"S": lease.owner}},
            ExpressionAttributeNames={"#checkpoint": "checkpoint"},
        )

    def release(self, lease: Lease) -> bool:
        """Give it up: anybody may take it at once."""
        owner = {":owner": {"S": lease.owner}}
        return self._update(lease, "REMOVE leaseOwner", "leaseOwner = :owner", owner)

    def _update(self, lease: Lease, update: str, condition: str, values: dict[str, Any], **more: Any) -> bool:
        return self._held(
            self._client.update_item,
            Key={"leaseKey": {"S": lease.shard_id}},
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeValues=values,
            **more,
        )

    def _held(self, write: Any, **parameters: Any) -> bool:
        try:
            write(TableName=self.name, **parameters)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True
