"""ListShards: which shards there are, were, or were open at a time. AWS: API/API_ListShards.html,
API/API_ShardFilter.html.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from helpers.cloud import Account, Call
from helpers.dataplane.kinesis import errors
from helpers.dataplane.kinesis.limits import SECOND_US
from helpers.dataplane.kinesis.shard import Shard
from helpers.dataplane.kinesis.stream import Stream
from helpers.dataplane.kinesis.streams import Streams

_PAGE = 1_000
_SEPARATOR = "|"


class Listing:
    """Lists the shards of a stream that have not expired."""

    def __init__(self, account: Account, streams: Streams) -> None:
        self._account = account
        self._streams = streams

    def list_shards(self, call: Call) -> dict[str, Any]:
        """The shards that a filter lets through, page by page."""
        given = call.parameters
        token = given.get("NextToken")
        if token is None:
            stream, after = self._streams.of(call), given.get("ExclusiveStartShardId", "")
        else:
            arn, _, after = token.partition(_SEPARATOR)
            stream = self._streams.by_arn(arn)
        shards = [shard for shard in self._chosen(stream, given.get("ShardFilter")) if shard.id > after]
        most = min(given.get("MaxResults", _PAGE), _PAGE)
        reply: dict[str, Any] = {"Shards": [shard.described() for shard in shards[:most]]}
        if len(shards) > most:
            reply["NextToken"] = f"{stream.arn}{_SEPARATOR}{shards[most - 1].id}"
        return reply

    def _chosen(self, stream: Stream, given: dict[str, Any] | None) -> list[Shard]:
        shards = stream.shards()
        kind = "FROM_TRIM_HORIZON" if given is None else given["Type"]
        now_us = self._account.now_us
        if kind == "AT_LATEST":
            return [shard for shard in shards if shard.is_open]
        if kind == "AFTER_SHARD_ID":
            return [shard for shard in shards if shard.id > (given or {}).get("ShardId", "")]
        if kind in ("AT_TRIM_HORIZON", "AT_TIMESTAMP"):
            at_us = now_us - stream.retention_us if kind == "AT_TRIM_HORIZON" else self._moment_us(given)
            at_us = max(at_us, stream.began_us)
            return [shard for shard in shards if _open_at(shard, at_us)]
        if kind == "FROM_TIMESTAMP":
            at_us = self._moment_us(given)
            return [shard for shard in shards if shard.closed_us is None or shard.closed_us >= at_us]
        return shards

    def _moment_us(self, given: dict[str, Any] | None) -> int:
        moment = (given or {}).get("Timestamp")
        if moment is None:
            raise errors.invalid_argument("This ShardFilter needs a Timestamp.")
        seconds = moment.timestamp() if isinstance(moment, datetime) else float(moment)
        return self._account.now_us - (self._account.epoch_us - round(seconds * SECOND_US))


def _open_at(shard: Shard, at_us: int) -> bool:
    return shard.began_us <= at_us and (shard.closed_us is None or shard.closed_us > at_us)
