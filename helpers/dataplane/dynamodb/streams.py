"""DynamoDB Streams: the streams of all tables and the four calls that read them.

AWS: GUIDE/Streams.html, API/API_Operations_Amazon_DynamoDB_Streams.html.
"""

from __future__ import annotations

from collections.abc import Iterator as Iterating
from datetime import UTC, datetime
from typing import Any, TypeVar

from helpers.cloud import Account, Call, Signal
from helpers.cloud.trail import copied
from helpers.dataplane.dynamodb import errors
from helpers.dataplane.dynamodb.changes import Change
from helpers.dataplane.dynamodb.iterators import Iterator
from helpers.dataplane.dynamodb.limits import SECOND_US, STREAM_LIST, STREAM_PAGE_BYTES, STREAM_PAGE_RECORDS
from helpers.dataplane.dynamodb.models import Models
from helpers.dataplane.dynamodb.shards import Shard, Trimmed
from helpers.dataplane.dynamodb.stream import IMAGES, Stream
from helpers.dataplane.dynamodb.tables import Tables, TableState

_Thing = TypeVar("_Thing", Stream, Shard)


class Streams:
    """Follows the tables' StreamSpecification, publishes changes and answers the `dynamodbstreams` client."""

    def __init__(self, account: Account, tables: Tables, models: Models) -> None:
        self._account = account
        self._tables = tables
        self._models = models
        self._streams: dict[str, Stream] = {}
        self._current: dict[TableState, Stream] = {}  # the streams that are enabled
        self._arrived: dict[str, Signal] = {}
        tables.when_gone(self._gone)

    def arrived(self, stream_arn: str) -> Signal:
        """What fires whenever a record is published to the stream: a consumer that found nothing waits for it."""
        signal = self._arrived.get(stream_arn)
        if signal is None:
            signal = self._arrived[stream_arn] = self._account.signal()
        return signal

    # What happens to tables

    def changed(self, change: Change) -> None:
        """An item was written: publish it if its table has a stream."""
        state = change.table
        if state.table.stream_arn is None and state not in self._current:
            return
        stream = self._follow(state)
        if stream is not None and stream.append(change, self._account.epoch_us, self._account.now_us):
            self.arrived(stream.arn).fire()

    def check(self, call: Call) -> None:
        """Before CreateTable and UpdateTable: refuse a StreamSpecification that AWS refuses (GUIDE/Streams.html)."""
        wanted = call.parameters.get("StreamSpecification")
        if wanted is None:
            return
        enable, name = wanted["StreamEnabled"], call.parameters["TableName"]
        view = wanted.get("StreamViewType")
        if enable != (view is not None) or (enable and view not in IMAGES):
            raise errors.invalid(
                "One or more parameter values were invalid: a stream that is enabled, and no other one, has a "
                f"StreamViewType of {', '.join(IMAGES)}"
            )
        if call.operation == "UpdateTable":
            enabled = self._tables.of(call).table.stream_arn is not None
            if enable and enabled:
                raise errors.invalid(f"Table already has an enabled stream: TableName: {name}")
            if not enable and not enabled:
                raise errors.invalid(f"Table has no stream to disable: TableName: {name}")

    def table_changed(self, call: Call, _response: dict[str, Any]) -> None:
        """After CreateTable and UpdateTable: a stream may begin or end at this instant."""
        self._follow(self._tables.of(call))

    def any_changed(self, _call: Call, _response: dict[str, Any]) -> None:
        """After a stack was changed: any table may be another one, or gone."""
        for state in self._tables.known():
            found = self._tables.find(state.table.name, state.region, state.account_id)
            if found is not None:
                self._follow(found)

    def _follow(self, state: TableState) -> Stream | None:
        """The stream that the table's changes go to now."""
        stream, arn = self._current.get(state), state.table.stream_arn
        if stream is not None and stream.arn == arn:
            return stream
        if stream is not None:
            self._gone(state)
        if arn is None:
            return None
        label = arn.rpartition("/stream/")[2]
        created = datetime.fromisoformat(label).replace(tzinfo=UTC)
        stream = Stream(state.table, state.region, shards=self._models.stream_shards, created=created)
        self._streams[arn] = self._current[state] = stream
        return stream

    def _gone(self, state: TableState) -> None:
        stream = self._current.pop(state, None)
        if stream is not None:
            stream.close(self._account.now_us)
            self.arrived(stream.arn).fire()  # who waits for a record learns that none will come

    # The calls

    def list_streams(self, call: Call) -> dict[str, Any]:
        """The streams of the Region, or of one table (API/API_streams_ListStreams.html)."""
        name = call.parameters.get("TableName")
        for table in self._names(call) if name is None else (name,):
            state = self._tables.find(table, call.region, call.account_id)
            if state is not None:
                self._follow(state)
        now_us, home = self._account.now_us, f":dynamodb:{call.region}:{call.account_id}:"
        streams = [
            stream
            for stream in self._streams.values()
            if home in stream.arn and not stream.gone(now_us) and name in (None, stream.table.name)
        ]
        page, last = _page(
            streams, [stream.arn for stream in streams], call.parameters, "ExclusiveStartStreamArn"
        )
        reply: dict[str, Any] = {
            "Streams": [
                {"StreamArn": stream.arn, "TableName": stream.table.name, "StreamLabel": stream.label}
                for stream in page
            ]
        }
        return reply if last is None else reply | {"LastEvaluatedStreamArn": last}

    def describe_stream(self, call: Call) -> dict[str, Any]:
        """A stream and its shards (API/API_streams_DescribeStream.html)."""
        stream = self._find(call.parameters["StreamArn"], call)
        shards: list[Shard] = list(stream.shards)
        if "ShardFilter" in call.parameters:
            shards = []  # no shard has children here
        page, last = _page(shards, [shard.id for shard in shards], call.parameters, "ExclusiveStartShardId")
        described: dict[str, Any] = {
            "StreamArn": stream.arn,
            "StreamLabel": stream.label,
            "StreamStatus": "ENABLED" if stream.closed_us is None else "DISABLED",
            "StreamViewType": stream.view,
            "CreationRequestDateTime": stream.created,
            "TableName": stream.table.name,
            "KeySchema": copied(stream.table.description["KeySchema"]),
            "Shards": [_described(shard) for shard in page],
        }
        if last is not None:
            described["LastEvaluatedShardId"] = last
        return {"StreamDescription": described}

    def get_shard_iterator(self, call: Call) -> dict[str, Any]:
        """A place in a shard (API/API_streams_GetShardIterator.html)."""
        stream = self._find(call.parameters["StreamArn"], call)
        shard = stream.shard(call.parameters["ShardId"])
        if shard is None:
            raise errors.missing_shard(call.parameters["ShardId"], stream.arn)
        position = self._position(shard, call.parameters)
        return {"ShardIterator": Iterator(stream.arn, shard.id, position, self._account.now_us).text()}

    def get_records(self, call: Call) -> dict[str, Any]:
        """The records from a place on, and the place after them (API/API_streams_GetRecords.html)."""
        iterator = Iterator.of(call.parameters["ShardIterator"])
        most = call.parameters.get("Limit", STREAM_PAGE_RECORDS)
        if most > STREAM_PAGE_RECORDS:
            raise errors.too_many_records(STREAM_PAGE_RECORDS)
        stream = self._find(iterator.stream_arn, call)
        shard = stream.shard(iterator.shard_id)
        if shard is None:
            raise errors.missing_shard(iterator.shard_id, stream.arn)
        now_us = self._account.now_us
        if iterator.expired(now_us):
            raise errors.expired_iterator()
        try:
            records = shard.read(iterator.position, most, STREAM_PAGE_BYTES, now_us)
        except Trimmed:
            raise errors.trimmed_data() from None
        position = records[-1].sequence + 1 if records else iterator.position
        reply: dict[str, Any] = {"Records": [copied(record.content) for record in records]}
        if shard.last is None or position < shard.after_all:
            reply["NextShardIterator"] = Iterator(stream.arn, shard.id, position, now_us).text()
        return reply

    def _position(self, shard: Shard, parameters: dict[str, Any]) -> int:
        now_us, kind = self._account.now_us, parameters["ShardIteratorType"]
        if kind == "LATEST":
            return shard.after_all
        if kind == "TRIM_HORIZON":
            return shard.oldest(now_us)
        if kind == "AT_TIMESTAMP":
            return self._at_timestamp(shard, parameters.get("Timestamp"))
        given = parameters.get("SequenceNumber")
        if given is None or not given.isdecimal():
            raise errors.invalid(f"SequenceNumber is required for the ShardIteratorType {kind}.")
        sequence = int(given)
        if not shard.first <= sequence < max(shard.after_all, shard.first + 1):
            raise errors.invalid(f"SequenceNumber {given} is not in the range of shard {shard.id}.")
        if sequence < shard.oldest(now_us):
            raise errors.trimmed_data()
        return sequence if kind == "AT_SEQUENCE_NUMBER" else sequence + 1

    def _at_timestamp(self, shard: Shard, given: datetime | float | None) -> int:
        if given is None:
            raise errors.invalid("Timestamp is required for the ShardIteratorType AT_TIMESTAMP.")
        seconds = given.timestamp() if isinstance(given, datetime) else given
        now_us = self._account.now_us
        ago_us = self._account.epoch_us - round(seconds * SECOND_US)
        if ago_us < 0:
            raise errors.invalid("Timestamp lies in the future.")
        return shard.since(now_us - ago_us, now_us)

    def _find(self, arn: str, call: Call) -> Stream:
        stream = self._streams.get(arn)
        if stream is None:  # a table of a stack, of which nothing was heard yet
            state = self._tables.find(arn.partition("/stream/")[0], call.region, call.account_id)
            if state is not None:
                self._follow(state)
            stream = self._streams.get(arn)
        if stream is not None and stream.gone(self._account.now_us):
            del self._streams[arn]
            self._arrived.pop(arn, None)
            stream = None
        if stream is None or stream.region != call.region:
            raise errors.missing_stream(arn)
        return stream

    def _names(self, call: Call) -> Iterating[str]:
        """The names of all tables of the caller's Region."""
        start: dict[str, str] = {}
        while True:
            reply = self._account.ask(
                "dynamodb", "ListTables", start, region=call.region, account_id=call.account_id
            )
            yield from reply["TableNames"]
            if "LastEvaluatedTableName" not in reply:
                return
            start = {"ExclusiveStartTableName": reply["LastEvaluatedTableName"]}


def _page(
    things: list[_Thing], names: list[str], parameters: dict[str, Any], start: str
) -> tuple[list[_Thing], str | None]:
    """What a list call returns of `things`, and the name after which the next one begins."""
    after = parameters.get(start)
    first = names.index(after) + 1 if after in names else 0
    end = first + min(parameters.get("Limit", STREAM_LIST), STREAM_LIST)
    return things[first:end], names[end - 1] if end < len(things) else None


def _described(shard: Shard) -> dict[str, Any]:
    numbers = {"StartingSequenceNumber": str(shard.first)}
    if shard.last is not None:
        numbers["EndingSequenceNumber"] = str(shard.last)
    return {"ShardId": shard.id, "SequenceNumberRange": numbers}
