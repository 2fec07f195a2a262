"""The Kinesis data plane: which call goes where."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from helpers.cloud import Account, DataPlane, Signal
from helpers.dataplane.kinesis.consumers import Consumers
from helpers.dataplane.kinesis.control import Control
from helpers.dataplane.kinesis.listing import Listing
from helpers.dataplane.kinesis.metrics import Metrics
from helpers.dataplane.kinesis.models import Models
from helpers.dataplane.kinesis.ondemand import Modes
from helpers.dataplane.kinesis.reading import Reading
from helpers.dataplane.kinesis.resharding import Resharding
from helpers.dataplane.kinesis.streams import Streams
from helpers.dataplane.kinesis.writing import Writing

if TYPE_CHECKING:
    from helpers.dataplane import Cloud


class Kinesis(DataPlane):
    """Kinesis Data Streams as AWS documents it: moto holds the streams, this plane their shards and records.

    `models` holds the labelled assumptions. Rules and differences: `helpers.dataplane.rules`.
    """

    service: ClassVar[str] = "kinesis"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self.models = Models()
        self._streams = streams = Streams(account, self.models)
        metrics = Metrics(cast("Cloud", account))  # only a Cloud attaches data planes
        resharding = Resharding(account, streams, self.models)
        modes = Modes(account, streams, resharding, self.models)
        control = Control(account, streams, resharding, modes)
        writing = Writing(account, streams, metrics, self.models)
        reading = Reading(account, streams, metrics, self.models)
        consumers = Consumers(account, streams, metrics, self.models)
        answers = {
            "PutRecord": writing.put_record,
            "PutRecords": writing.put_records,
            "GetShardIterator": reading.get_shard_iterator,
            "GetRecords": reading.get_records,
            "SplitShard": resharding.split_shard,
            "MergeShards": resharding.merge_shards,
            "UpdateShardCount": resharding.update_shard_count,
            "UpdateStreamMode": modes.update_mode,
            "UpdateStreamRecordDistributionStrategy": modes.update_strategy,
            "RegisterStreamConsumer": consumers.register,
            "DeregisterStreamConsumer": consumers.deregister,
            "DescribeStreamConsumer": consumers.describe,
            "ListStreamConsumers": consumers.list,
            "SubscribeToShard": consumers.subscribe,
            "ListShards": Listing(account, streams).list_shards,
            "DeleteStream": control.delete,
            "DescribeStream": control.describe,
            "DescribeStreamSummary": control.summarise,
            "DescribeLimits": control.describe_limits,
            "UpdateMaxRecordSize": control.update_max_record_size,
        }
        for operation, answer in answers.items():
            account.answer("kinesis", operation, answer)
        account.before("kinesis", "CreateStream", control.check_create)
        account.amend("kinesis", "CreateStream", control.created)
        for operation in ("IncreaseStreamRetentionPeriod", "DecreaseStreamRetentionPeriod"):
            account.before("kinesis", operation, control.check_active)
            account.amend("kinesis", operation, control.retention_changed)
        for operation in ("EnableEnhancedMonitoring", "DisableEnhancedMonitoring"):
            account.amend("kinesis", operation, control.monitoring_changed)
        for operation in ("StartStreamEncryption", "StopStreamEncryption"):
            account.before("kinesis", operation, control.check_active)
            account.amend("kinesis", operation, control.encryption_changed)
        for operation in ("CreateStack", "UpdateStack", "DeleteStack", "ExecuteChangeSet"):
            account.amend("cloudformation", operation, streams.all_changed)

    def arrived(self, stream_arn: str, shard_id: str) -> Signal:
        """What fires when a record is written to the shard and when GetRecords returns it, and when the shard is
        closed: for those who poll, so that nobody polls in vain. Raises ServiceError (ResourceNotFoundException).
        """
        return self._streams.by_arn(stream_arn).shard(shard_id).arrived
