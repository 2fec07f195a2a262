"""SplitShard, MergeShards and UpdateShardCount: provisioned streams, changed while they are read and written.

AWS: API/API_SplitShard.html, API/API_MergeShards.html, API/API_UpdateShardCount.html.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from helpers.cloud import Account, Call
from helpers.dataplane.kinesis import errors, limits
from helpers.dataplane.kinesis.models import Models
from helpers.dataplane.kinesis.shard import Shard
from helpers.dataplane.kinesis.stream import Stream
from helpers.dataplane.kinesis.streams import Streams


class Resharding:
    """Answers at once; the stream is UPDATING until the shards have changed (`Models.updating_s`)."""

    def __init__(self, account: Account, streams: Streams, models: Models) -> None:
        self._account = account
        self._streams = streams
        self.models = models

    def split_shard(self, call: Call) -> dict[str, Any]:
        """Two shards in the place of one. The new hash key lies inside the shard's range, above its lowest key."""
        stream = self._provisioned(call)
        shard = _open(stream, call.parameters["ShardToSplit"])
        text = call.parameters["NewStartingHashKey"]
        if not text.isdecimal() or not shard.low < int(text) <= shard.high:
            raise errors.invalid_argument(
                f"NewStartingHashKey {text} is not greater than the StartingHashKey {shard.low} and at most the "
                f"EndingHashKey {shard.high} of {shard.id}."
            )
        self.check_quota(stream.region, stream.account_id, 1)
        self.update(stream, lambda: stream.split(shard, int(text)))
        return {}

    def merge_shards(self, call: Call) -> dict[str, Any]:
        """One shard in the place of two whose ranges touch."""
        stream = self._provisioned(call)
        first = _open(stream, call.parameters["ShardToMerge"])
        second = _open(stream, call.parameters["AdjacentShardToMerge"])
        if first.high + 1 != second.low and second.high + 1 != first.low:
            raise errors.invalid_argument(f"Shards {first.id} and {second.id} are not adjacent.")
        self.update(stream, lambda: stream.merge(first, second))
        return {}

    def update_shard_count(self, call: Call) -> dict[str, Any]:
        """Equal shards, at most double and at least half as many, ten times in 24 hours."""
        stream = self._provisioned(call)
        now, target = len(stream.open_shards()), call.parameters["TargetShardCount"]
        if call.parameters["ScalingType"] != "UNIFORM_SCALING":
            raise errors.invalid_argument("ScalingType is UNIFORM_SCALING.")
        if target > 2 * now:
            raise errors.over_limit(f"{target} shards are more than double the present count of {now}.")
        if 2 * target < now:
            raise errors.over_limit(f"{target} shards are less than half the present count of {now}.")
        if target > limits.SHARD_COUNT_MOST:
            raise errors.over_limit(
                f"UpdateShardCount gives a stream at most {limits.SHARD_COUNT_MOST:,} shards."
            )
        self.check_quota(stream.region, stream.account_id, target - now)
        count_in_a_day(
            stream.count_updates,
            self._account.now_us,
            limits.SHARD_COUNT_UPDATES,
            f"UpdateShardCount was called {limits.SHARD_COUNT_UPDATES} times for stream {stream.name} in 24 hours.",
        )
        self.update(stream, lambda: stream.resize(target))
        return {
            "StreamName": stream.name,
            "StreamARN": stream.arn,
            "CurrentShardCount": now,
            "TargetShardCount": target,
        }

    def update(self, stream: Stream, change: Callable[[], Any]) -> None:
        """Let the stream be UPDATING for a while and then carry out the change."""
        stream.status = "UPDATING"

        def finish() -> None:
            if not stream.deleted:
                change()
                stream.status = "ACTIVE"

        if self.models.updating_s > 0:
            self._account.at(self.models.updating_s, finish, name="kinesis")
        else:
            finish()

    def check_quota(self, region: str, account_id: str, more: int) -> None:
        """Raise LimitExceededException if the Region has no room for `more` provisioned shards."""
        quota = self.quota(region)
        there = self.provisioned_shards(region, account_id)
        if more > 0 and there + more > quota:
            raise errors.over_limit(
                f"The account has {there:,} shards in {region}; {more:,} more would exceed its quota of {quota:,}."
            )

    def quota(self, region: str) -> int:
        """The shards that a Region allows by default (GUIDE/service-sizes-and-limits.html)."""
        usual = region in limits.SHARD_QUOTA_REGIONS
        return limits.SHARD_QUOTA if usual else self.models.shard_quota_elsewhere

    def provisioned_shards(self, region: str, account_id: str) -> int:
        """The open shards of the Region's provisioned streams."""
        streams = self._streams.all_of(region, account_id)
        return sum(len(stream.open_shards()) for stream in streams if not stream.on_demand)

    def _provisioned(self, call: Call) -> Stream:
        stream = self._streams.of(call)
        if stream.on_demand:
            raise errors.on_demand(stream.name, stream.account_id)
        stream.require_active()
        return stream


def count_in_a_day(past: deque[int], now_us: int, most: int, sentence: str) -> None:
    """Count something that may happen `most` times in any 24 hours. Raises LimitExceededException, uncounted."""
    while past and now_us - past[0] >= limits.DAY_US:
        past.popleft()
    if len(past) >= most:
        raise errors.over_limit(sentence)
    past.append(now_us)


def _open(stream: Stream, shard_id: str) -> Shard:
    shard = stream.shard(shard_id)
    if not shard.is_open:
        raise errors.invalid_argument(
            f"Shard {shard_id} in stream {stream.name} under account {stream.account_id} has already been merged or "
            "split, and thus is not eligible for merging or splitting."
        )
    return shard
