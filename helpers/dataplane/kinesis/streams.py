"""The streams of an account as the plane knows them: found by name or ARN, with what moto holds of them."""

from __future__ import annotations

from typing import Any

from helpers.cloud import Account, Call, ServiceError
from helpers.dataplane.kinesis import errors, limits
from helpers.dataplane.kinesis.models import Models
from helpers.dataplane.kinesis.stream import Stream

_Key = tuple[str, str, str]  # account, Region, name


class Streams:
    """All streams that were asked for. moto is asked about one once, and again when a stack may have changed it."""

    def __init__(self, account: Account, models: Models) -> None:
        self.account = account
        self.models = models
        self._known: dict[_Key, Stream] = {}
        self._stale: set[_Key] = set()

    def of(self, call: Call) -> Stream:
        """The stream that a call names by StreamARN or StreamName. Raises ResourceNotFoundException,
        InvalidArgumentException if neither is given.
        """
        arn = call.parameters.get("StreamARN")
        if arn is not None:
            return self.by_arn(arn)
        name = call.parameters.get("StreamName")
        if name is None:
            raise errors.invalid_argument("Either StreamName or StreamARN is needed.")
        return self.named(name, call.region, call.account_id)

    def ready(self, call: Call) -> Stream:
        """The same, for reads and writes: only a stream that is ready has any (API/API_CreateStream.html)."""
        stream = self.of(call)
        if stream.status == "CREATING":
            raise errors.missing_stream(stream.name, stream.account_id)
        return stream

    def by_arn(self, arn: str) -> Stream:
        """The stream of this ARN, or that of a consumer of it. Raises ResourceNotFoundException."""
        parts = arn.split(":")
        if len(parts) < 6 or not parts[5].startswith("stream/"):
            raise errors.invalid_argument(f"{arn} is not the ARN of a stream.")
        return self.named(parts[5].split("/")[1], parts[3], parts[4])

    def named(self, name: str, region: str, account_id: str) -> Stream:
        """The stream of this name. Raises ResourceNotFoundException."""
        key = (account_id, region, name)
        stream = self._known.get(key)
        return self._read(key) if stream is None or key in self._stale else stream

    def all_of(self, region: str, account_id: str) -> list[Stream]:
        """The streams of a Region that the plane knows."""
        return [stream for key, stream in self._known.items() if key[:2] == (account_id, region)]

    def forget(self, stream: Stream) -> None:
        """The stream was deleted: its records are gone, and who waits for one finds out."""
        self._known.pop((stream.account_id, stream.region, stream.name), None)
        stream.deleted = True
        for shard in stream.open_shards():
            shard.arrived.fire()

    def all_changed(self, call: Call, response: dict[str, Any]) -> None:
        """A stack may have made, changed or deleted any stream."""
        self._stale.update(self._known)

    def _read(self, key: _Key) -> Stream:
        account_id, region, name = key
        known = self._known.get(key)
        self._stale.discard(key)
        try:
            told = self.account.ask(
                "kinesis", "DescribeStreamSummary", {"StreamName": name}, region=region, account_id=account_id
            )["StreamDescriptionSummary"]
        except ServiceError:
            if known is not None:
                self.forget(known)
            raise errors.missing_stream(name, account_id) from None
        if known is None or known.created != told["StreamCreationTimestamp"]:
            if known is not None:
                self.forget(known)
            known = Stream(self.account, told["StreamARN"], told["StreamCreationTimestamp"])
            known.on_demand = told.get("StreamModeDetails", {}).get("StreamMode") == "ON_DEMAND"
            known.begin(limits.ONDEMAND_SHARDS if known.on_demand else told["OpenShardCount"])
            self._known[key] = known
        elif not known.on_demand and told["OpenShardCount"] != known.moto_shards:
            known.resize(told["OpenShardCount"])  # a stack has changed its ShardCount
        known.moto_shards = told["OpenShardCount"]
        known.retention_us = told["RetentionPeriodHours"] * limits.HOUR_US
        known.encryption = told.get("EncryptionType", "NONE")
        known.shard_metrics = frozenset(told["EnhancedMonitoring"][0]["ShardLevelMetrics"])
        return known
