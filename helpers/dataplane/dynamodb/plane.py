"""The DynamoDB data plane: which call goes where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from helpers.cloud import Account, Call, DataPlane
from helpers.dataplane.dynamodb.capacity import Capacity
from helpers.dataplane.dynamodb.changes import Changes
from helpers.dataplane.dynamodb.control import Control
from helpers.dataplane.dynamodb.dax import Dax
from helpers.dataplane.dynamodb.items import Items
from helpers.dataplane.dynamodb.locks import Locks
from helpers.dataplane.dynamodb.metering import Metering
from helpers.dataplane.dynamodb.metrics import Metrics
from helpers.dataplane.dynamodb.models import Models
from helpers.dataplane.dynamodb.provisioned import ProvisionedMetrics
from helpers.dataplane.dynamodb.reading import Reading
from helpers.dataplane.dynamodb.recovery import Recovery
from helpers.dataplane.dynamodb.replicas import Replicas
from helpers.dataplane.dynamodb.scaling import Scaling
from helpers.dataplane.dynamodb.streams import Streams
from helpers.dataplane.dynamodb.tables import Tables
from helpers.dataplane.dynamodb.transactions import Transactions
from helpers.dataplane.dynamodb.ttl import TimeToLive
from helpers.dataplane.dynamodb.volumes import Volumes
from helpers.dataplane.dynamodb.writing import Writing

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

_CHANGES_A_TABLE = ("UpdateTimeToLive", "RestoreTableFromBackup", "RestoreTableToPointInTime")
_CHANGES_A_STACK = ("CreateStack", "UpdateStack", "DeleteStack", "ExecuteChangeSet")


class DynamoDb(DataPlane):
    """DynamoDB as AWS documents it: moto holds tables and items, this plane what they cost and what follows.

    `models` holds the labelled assumptions. Rules and differences: `helpers.dataplane.rules`.
    """

    service: ClassVar[str] = "dynamodb"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self.models = Models()
        self.tables = Tables(account)
        self.items = Items(account)
        self.changes = Changes()
        metrics = Metrics(cast("Cloud", account))
        locks = Locks(metrics)
        self.capacity = Capacity(account, self.tables, self.models, metrics)
        metering = Metering(self.capacity)
        writing = Writing(self.tables, self.items, self.changes, locks, self.capacity, metering)
        reading = Reading(self.tables, self.items, self.capacity, metering)
        transactions = Transactions(
            account, self.tables, self.items, self.changes, locks, self.models, self.capacity, metering
        )
        replicas = Replicas(account, self.tables, self.items, self.models)
        self.changes.listen(replicas.changed)
        answers = {
            "GetItem": replicas.lagging(reading.get_item),
            "BatchGetItem": replicas.lagging_batch(reading.batch_get_item),
            "Query": replicas.lagging(reading.query),
            "Scan": replicas.lagging(reading.scan),
            "PutItem": writing.put_item,
            "UpdateItem": writing.update_item,
            "DeleteItem": writing.delete_item,
            "BatchWriteItem": writing.batch_write_item,
            "TransactWriteItems": transactions.write,
            "TransactGetItems": transactions.read,
        }
        for operation, answer in answers.items():
            account.answer("dynamodb", operation, answer)
        for operation in _CHANGES_A_TABLE:
            account.amend("dynamodb", operation, self._changed)
        account.amend("dynamodb", "DeleteTable", self._deleted)
        for operation in _CHANGES_A_STACK:
            account.amend("cloudformation", operation, self._all_changed)
        self._keep_tables()
        self._recover()
        self._scale()

        self.streams = Streams(account, self.tables, self.models)
        self._serve_streams()
        ttl = TimeToLive(account, self.tables, self.items, self.changes, self.models, metrics)
        self.changes.listen(ttl.changed)
        account.answer("dynamodb", "UpdateTimeToLive", ttl.update)
        account.answer("dynamodb", "DescribeTimeToLive", ttl.describe)

    def dax(self, **options: Any) -> Dax:
        """A new DAX cluster in front of this account's tables; `options` as `Dax` takes them."""
        return Dax(cast("Cloud", self.account), **options)

    def _keep_tables(self) -> None:
        """Check and complete the calls that make, change and describe tables."""
        account = self.account
        volumes = Volumes(self.tables, self.items)
        self.changes.listen(volumes.changed)
        control = Control(account, self.tables, volumes)
        account.before("dynamodb", "CreateTable", control.check_create)
        account.amend("dynamodb", "CreateTable", control.created)
        account.before("dynamodb", "UpdateTable", control.check_update)
        account.amend("dynamodb", "UpdateTable", control.updated)
        account.amend("dynamodb", "DescribeTable", control.described)
        account.amend("dynamodb", "DescribeLimits", control.limits)
        provisioned = ProvisionedMetrics(account, self.tables)
        for operation in ("GetMetricData", "GetMetricStatistics", "ListMetrics"):
            account.before("cloudwatch", operation, provisioned.publish)

    def _recover(self) -> None:
        """Restore tables as they were."""
        account = self.account
        recovery = Recovery(account, self.tables, self.items)
        self.changes.listen(recovery.changed)
        account.amend("dynamodb", "UpdateContinuousBackups", recovery.switched)
        account.amend("dynamodb", "DescribeContinuousBackups", recovery.described)
        account.before("dynamodb", "RestoreTableToPointInTime", recovery.check)
        account.amend("dynamodb", "RestoreTableToPointInTime", recovery.restored)
        account.amend("dynamodb", "CreateBackup", recovery.backed_up)
        account.amend("dynamodb", "RestoreTableFromBackup", recovery.copied)

    def _scale(self) -> None:
        """Obey the scaling policies that the `application-autoscaling` client sets for tables."""
        account = self.account
        scaling = Scaling(account, self.tables, self.capacity, self.models)
        account.before("application-autoscaling", "PutScalingPolicy", scaling.check_policy)
        for operation in (
            "RegisterScalableTarget", "DeregisterScalableTarget", "PutScalingPolicy", "DeleteScalingPolicy",
        ):  # fmt: skip
            account.amend("application-autoscaling", operation, scaling.changed)

    def _serve_streams(self) -> None:
        """Follow what becomes of tables, and answer the calls of the `dynamodbstreams` client."""
        account, streams = self.account, self.streams
        self.changes.listen(streams.changed)
        for operation in ("CreateTable", "UpdateTable"):
            account.before("dynamodb", operation, streams.check)
            account.amend("dynamodb", operation, streams.table_changed)
        for operation in _CHANGES_A_STACK:
            account.amend("cloudformation", operation, streams.any_changed)
        account.answer("dynamodbstreams", "ListStreams", streams.list_streams)
        account.answer("dynamodbstreams", "DescribeStream", streams.describe_stream)
        account.answer("dynamodbstreams", "GetShardIterator", streams.get_shard_iterator)
        account.answer("dynamodbstreams", "GetRecords", streams.get_records)

    def _changed(self, call: Call, _response: dict[str, Any]) -> None:
        name = call.parameters.get("TableName") or call.parameters["TargetTableName"]
        self.tables.changed(name, call.region, call.account_id)

    def _deleted(self, call: Call, _response: dict[str, Any]) -> None:
        self.tables.forget(call.parameters["TableName"], call.region, call.account_id)

    def _all_changed(self, _call: Call, _response: dict[str, Any]) -> None:
        self.tables.all_changed()
