"""The calls about streams themselves. moto keeps the streams; here is what it does not check, and what only we know."""

from __future__ import annotations

from typing import Any

from helpers.cloud import Account, Call
from helpers.dataplane.kinesis import errors, limits
from helpers.dataplane.kinesis.ondemand import Modes
from helpers.dataplane.kinesis.resharding import Resharding
from helpers.dataplane.kinesis.stream import Stream
from helpers.dataplane.kinesis.streams import Streams


class Control:
    """Checks what moto lets pass, and keeps the plane's streams in step with moto's."""

    def __init__(self, account: Account, streams: Streams, resharding: Resharding, modes: Modes) -> None:
        self._account = account
        self._streams = streams
        self._resharding = resharding
        self._modes = modes

    # Creating and deleting

    def check_create(self, call: Call) -> None:
        """Refuse what AWS refuses (API/API_CreateStream.html): quotas, a record size out of range, AUTO when
        provisioned.
        """
        given = call.parameters
        on_demand = given.get("StreamModeDetails", {}).get("StreamMode") == "ON_DEMAND"
        _check_record_size(given.get("MaxRecordSizeInKiB", limits.RECORD_KIB[0]))
        if given.get("RecordDistributionStrategy") == "AUTO" and not on_demand:
            raise errors.invalid_argument("RecordDistributionStrategy AUTO needs an on-demand stream.")
        streams = self._streams.all_of(call.region, call.account_id)
        if sum(stream.status == "CREATING" for stream in streams) >= limits.CREATING_STREAMS:
            raise errors.over_limit(
                f"{limits.CREATING_STREAMS} streams are being created, as many as may be at once."
            )
        if on_demand:
            self._modes.check_quota(call.region, call.account_id)
        elif given.get("ShardCount") is None:
            raise errors.invalid_argument("A provisioned stream needs a ShardCount.")
        else:
            self._resharding.check_quota(call.region, call.account_id, given["ShardCount"])

    def created(self, call: Call, response: dict[str, Any]) -> None:
        """Make the stream's shards; it is CREATING for a while."""
        given = call.parameters
        stream = self._streams.named(given["StreamName"], call.region, call.account_id)
        stream.max_record_bytes = given.get("MaxRecordSizeInKiB", limits.RECORD_KIB[0]) * limits.KIB
        self._modes.spread(stream, given.get("RecordDistributionStrategy", "USER_PARTITION_KEY"))
        self._modes.watch(stream)
        if given.get("Tags"):
            tags = {"StreamName": stream.name, "Tags": given["Tags"]}
            self._account.ask(
                "kinesis", "AddTagsToStream", tags, region=call.region, account_id=call.account_id
            )
        creating_s = self._resharding.models.creating_s
        if creating_s > 0:
            stream.status = "CREATING"
            self._account.at(creating_s, lambda: _activate(stream), name="kinesis")

    def delete(self, call: Call) -> dict[str, Any]:
        """Delete a stream. One with consumers only with EnforceConsumerDeletion (API/API_DeleteStream.html)."""
        stream = self._streams.of(call)
        if stream.consumers and not call.parameters.get("EnforceConsumerDeletion"):
            raise errors.in_use(
                f"Stream {stream.name} has registered consumers; EnforceConsumerDeletion deletes them too."
            )
        answer = call.forward()
        self._streams.forget(stream)
        return answer

    # What a stream looks like

    def describe(self, call: Call) -> dict[str, Any]:
        """The description of moto with our status and shards (API/API_DescribeStream.html)."""
        stream = self._streams.of(call)
        answer = call.forward()
        described = answer["StreamDescription"]
        shards, after = stream.shards(), call.parameters.get("ExclusiveStartShardId", "")
        most = call.parameters.get("Limit", 100)
        later = [shard for shard in shards if shard.id > after]
        described["Shards"] = [shard.described() for shard in later[:most]]
        described["HasMoreShards"] = len(later) > most
        described["StreamStatus"] = stream.status
        described["StreamModeDetails"] = _mode(stream)
        described["EnhancedMonitoring"] = [{"ShardLevelMetrics": sorted(stream.shard_metrics)}]
        return answer

    def summarise(self, call: Call) -> dict[str, Any]:
        """The summary of moto with what the plane knows (API/API_DescribeStreamSummary.html)."""
        stream = self._streams.of(call)
        answer = call.forward()
        summary = answer["StreamDescriptionSummary"]
        summary["StreamStatus"] = stream.status
        summary["StreamModeDetails"] = _mode(stream)
        summary["OpenShardCount"] = len(stream.open_shards())
        summary["ConsumerCount"] = len(stream.consumers)
        summary["MaxRecordSizeInKiB"] = stream.max_record_bytes // limits.KIB
        summary["EnhancedMonitoring"] = [{"ShardLevelMetrics": sorted(stream.shard_metrics)}]
        if stream.on_demand:
            strategy = "AUTO" if stream.spread_evenly else "USER_PARTITION_KEY"
            summary["RecordDistributionStrategy"] = strategy
        return answer

    def describe_limits(self, call: Call) -> dict[str, Any]:
        """The quotas of the Region and what is used of them (API/API_DescribeLimits.html)."""
        return {
            "ShardLimit": self._resharding.quota(call.region),
            "OpenShardCount": self._resharding.provisioned_shards(call.region, call.account_id),
            "OnDemandStreamCount": self._modes.on_demand_streams(call.region, call.account_id),
            "OnDemandStreamCountLimit": limits.ONDEMAND_STREAMS,
        }

    # Settings

    def check_active(self, call: Call) -> None:
        """A setting changes only while the stream is ACTIVE."""
        self._streams.of(call).require_active()

    def retention_changed(self, call: Call, response: dict[str, Any]) -> None:
        """A longer period brings back nothing that has expired; a shorter one makes older records expire at once
        (GUIDE/kinesis-extended-retention.html).
        """
        stream = self._streams.of(call)
        for shard in stream.shards():
            shard.trim(stream.retention_us, self._account.now_us)
        stream.retention_us = call.parameters["RetentionPeriodHours"] * limits.HOUR_US
        for shard in stream.shards():
            shard.trim(stream.retention_us, self._account.now_us)

    def monitoring_changed(self, call: Call, response: dict[str, Any]) -> None:
        """Publish metrics of shards as asked (API/API_EnableEnhancedMonitoring.html)."""
        stream = self._streams.of(call)
        response["CurrentShardLevelMetrics"] = sorted(stream.shard_metrics)
        response["DesiredShardLevelMetrics"] = sorted(response.get("DesiredShardLevelMetrics", ()))
        stream.shard_metrics = frozenset(response["DesiredShardLevelMetrics"])

    def encryption_changed(self, call: Call, response: dict[str, Any]) -> None:
        """Records that are written from now on say how they are encrypted (API/API_StartStreamEncryption.html)."""
        started = call.operation == "StartStreamEncryption"
        self._streams.of(call).encryption = call.parameters["EncryptionType"] if started else "NONE"

    def update_max_record_size(self, call: Call) -> dict[str, Any]:
        """Take larger or smaller records from now on (API/API_UpdateMaxRecordSize.html)."""
        size_kib = call.parameters["MaxRecordSizeInKiB"]
        _check_record_size(size_kib)
        stream = self._streams.of(call)
        stream.require_active()
        stream.max_record_bytes = size_kib * limits.KIB
        return {}


def _activate(stream: Stream) -> None:
    if stream.status == "CREATING":
        stream.status = "ACTIVE"


def _mode(stream: Stream) -> dict[str, str]:
    return {"StreamMode": "ON_DEMAND" if stream.on_demand else "PROVISIONED"}


def _check_record_size(size_kib: int) -> None:
    least, most = limits.RECORD_KIB
    if not least <= size_kib <= most:
        raise errors.validation(f"MaxRecordSizeInKiB is {least:,} to {most:,}, not {size_kib}.")
