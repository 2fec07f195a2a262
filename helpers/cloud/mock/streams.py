"""moto's streams of DynamoDB tables: its records are left out, and a stream can be enabled anew."""

from __future__ import annotations

from typing import Any

from helpers.cloud.touch import replace


def install() -> None:
    """Called when moto's DynamoDB may be used for the first time."""
    from moto.dynamodb.models import DynamoDBBackend
    from moto.dynamodb.models.table import StreamShard, Table

    record_in_moto = StreamShard.add
    update_in_moto = DynamoDBBackend.update_table_streams

    def add(self: StreamShard, old: Any, new: Any) -> None:
        from helpers.cloud.transport import account_at_work

        account = account_at_work()
        if account is None or ("dynamodbstreams", "GetRecords") not in account.hooks.answers:
            record_in_moto(self, old, new)

    def update_table_streams(
        self: DynamoDBBackend, table: Table, stream_specification: dict[str, Any]
    ) -> None:
        enabled = (table.stream_specification or {}).get("StreamEnabled")
        if stream_specification.get("StreamEnabled") and not enabled:
            table.latest_stream_label = None  # moto takes the label of a disabled stream for an enabled one
        update_in_moto(self, table, stream_specification)

    replace(StreamShard, "add", add, because="records that a data plane publishes are not made a second time")
    replace(
        DynamoDBBackend,
        "update_table_streams",
        update_table_streams,
        because="a stream that was disabled can be enabled anew",
    )
