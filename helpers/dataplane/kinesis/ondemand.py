"""Capacity modes: how an on-demand stream grows, and how a stream changes its mode.

AWS: GUIDE/how-do-i-size-a-stream.html: a shard with more than 500 KB/s is split within 15 minutes, its range halved.
As a shard takes 1 MB/s, that alone gives an evenly written stream room for twice its highest rate.
"""

from __future__ import annotations

from typing import Any

from helpers.cloud import Account, Call
from helpers.dataplane.kinesis import errors, limits
from helpers.dataplane.kinesis.models import Models
from helpers.dataplane.kinesis.resharding import Resharding, count_in_a_day
from helpers.dataplane.kinesis.shard import Record, Shard
from helpers.dataplane.kinesis.stream import Stream
from helpers.dataplane.kinesis.streams import Streams


class Traffic:
    """Watches the shards of one on-demand stream and has the busy ones split."""

    def __init__(self, account: Account, stream: Stream, models: Models) -> None:
        self._account = account
        self._stream = stream
        self._models = models
        self._measured: dict[Shard, tuple[int, int]] = {}
        self._splitting: set[Shard] = set()

    def __call__(self, shard: Shard, record: Record) -> None:
        """A record was written to the shard."""
        if shard in self._splitting:
            return
        span_us = round(self._models.ondemand_measured_s * limits.SECOND_US)
        began_us, size = self._measured.get(shard, (record.arrived_us, 0))
        if record.arrived_us - began_us >= span_us:
            began_us, size = record.arrived_us, 0
        size += record.size_bytes
        self._measured[shard] = began_us, size
        if size * limits.SECOND_US > limits.ONDEMAND_SPLIT_BYTES * span_us:
            self._splitting.add(shard)
            self._account.at(self._models.ondemand_split_s, lambda: self._split(shard), name="kinesis")

    def _split(self, shard: Shard) -> None:
        self._splitting.discard(shard)
        self._measured.pop(shard, None)
        stream = self._stream
        if stream.on_demand and not stream.deleted and shard.is_open and shard.low < shard.high:
            stream.split(shard, (shard.low + shard.high) // 2 + 1)
            children = [child.id for child in shard.children]
            self._account.record(
                "kinesis",
                "SplitShard",
                {"StreamARN": stream.arn, "ShardId": shard.id},
                {"ChildShards": children},
            )


class Modes:
    """UpdateStreamMode and UpdateStreamRecordDistributionStrategy."""

    def __init__(self, account: Account, streams: Streams, resharding: Resharding, models: Models) -> None:
        self._account = account
        self._streams = streams
        self._resharding = resharding
        self._models = models

    def watch(self, stream: Stream) -> None:
        """Let an on-demand stream grow with its traffic, and a provisioned one alone."""
        stream.written = Traffic(self._account, stream, self._models) if stream.on_demand else None

    def update_mode(self, call: Call) -> dict[str, Any]:
        """Another mode, at most twice in 24 hours; the shards stay (API/API_UpdateStreamMode.html)."""
        stream = self._streams.of(call)
        stream.require_active()
        on_demand = call.parameters["StreamModeDetails"]["StreamMode"] == "ON_DEMAND"
        if on_demand == stream.on_demand:
            mode = "ON_DEMAND" if on_demand else "PROVISIONED"
            raise errors.invalid_argument(f"Stream {stream.name} is in mode {mode} already.")
        if on_demand:
            self.check_quota(stream.region, stream.account_id)
        else:
            self._resharding.check_quota(stream.region, stream.account_id, len(stream.open_shards()))
        count_in_a_day(
            stream.mode_switches,
            self._account.now_us,
            limits.MODE_SWITCHES,
            f"The mode of stream {stream.name} was changed {limits.MODE_SWITCHES} times in 24 hours.",
        )
        answer = call.forward()

        def change() -> None:
            stream.on_demand = on_demand
            stream.spread_evenly = stream.spread_evenly and on_demand
            self.watch(stream)

        self._resharding.update(stream, change)
        return answer

    def update_strategy(self, call: Call) -> dict[str, Any]:
        """Spread new records evenly and ignore their keys, or not
        (API/API_UpdateStreamRecordDistributionStrategy.html).
        """
        stream = self._streams.of(call)
        stream.require_active()
        self.spread(stream, call.parameters["RecordDistributionStrategy"])
        return {}

    def spread(self, stream: Stream, strategy: str) -> None:
        """Set the strategy. Raises InvalidArgumentException for AUTO on a provisioned stream."""
        if strategy == "AUTO" and not stream.on_demand:
            raise errors.invalid_argument("RecordDistributionStrategy AUTO needs an on-demand stream.")
        stream.spread_evenly = strategy == "AUTO"

    def check_quota(self, region: str, account_id: str) -> None:
        """Raise LimitExceededException if the Region has as many on-demand streams as it allows."""
        there = self.on_demand_streams(region, account_id)
        if there >= limits.ONDEMAND_STREAMS:
            raise errors.over_limit(
                f"The account has {there} on-demand streams in {region}, as many as it may."
            )

    def on_demand_streams(self, region: str, account_id: str) -> int:
        """How many on-demand streams the Region has."""
        return sum(stream.on_demand for stream in self._streams.all_of(region, account_id))
