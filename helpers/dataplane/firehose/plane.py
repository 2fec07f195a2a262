"""The Firehose data plane: streams, puts, and which call goes where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from helpers.cloud import Account, Call, DataPlane, ServiceError, ids
from helpers.dataplane.firehose import errors, limits
from helpers.dataplane.firehose.buffer import Buffer
from helpers.dataplane.firehose.destination import Destination, check_hints
from helpers.dataplane.firehose.models import Models
from helpers.dataplane.firehose.source import Source
from helpers.dataplane.firehose.stream import Stream

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

_Key = tuple[str, str, str]  # account, Region, name
_DESTINATIONS = ("S3DestinationConfiguration", "ExtendedS3DestinationConfiguration")
_UPDATES = ("S3DestinationUpdate", "ExtendedS3DestinationUpdate")


class Firehose(DataPlane):
    """Firehose as AWS documents it, for S3 destinations: moto holds the streams, this plane their records.

    `models` holds the labelled assumptions. Rules and differences: `helpers.dataplane.rules`.
    """

    service: ClassVar[str] = "firehose"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self.models = Models()
        self._cloud = cast("Cloud", account)  # only a Cloud attaches data planes
        self._streams: dict[_Key, tuple[Stream, Buffer, Source | None]] = {}
        account.answer("firehose", "PutRecord", self._put_record)
        account.answer("firehose", "PutRecordBatch", self._put_record_batch)
        account.before("firehose", "CreateDeliveryStream", self._check_create)
        account.amend("firehose", "CreateDeliveryStream", self._created)
        account.before("firehose", "UpdateDestination", self._check_update)
        account.amend("firehose", "UpdateDestination", self._updated)
        account.amend("firehose", "DeleteDeliveryStream", self._deleted)

    # Records

    def _put_record(self, call: Call) -> dict[str, Any] | None:
        """Take one record of at most 1,000 KiB (API/API_PutRecord.html)."""
        known = self._known(call)
        if known is None:
            return call.forward()
        stream, buffer, _ = known
        data = _checked(call.parameters["Record"])
        if not (stream.quota.request(self.account.now_us) and stream.quota.record(len(data))):
            stream.metric("ThrottledRecords", 1)
            raise errors.slow_down()
        buffer.add(data)
        self._count(stream, 1, len(data))
        return {"RecordId": ids.uuid4(), "Encrypted": False}

    def _put_record_batch(self, call: Call) -> dict[str, Any] | None:
        """Take up to 500 records of 4 MiB together, or refuse some of them (API/API_PutRecordBatch.html)."""
        known = self._known(call)
        if known is None:
            return call.forward()
        stream, buffer, _ = known
        entries = call.parameters["Records"]
        if len(entries) > limits.BATCH_RECORDS:
            raise errors.validation(
                f"PutRecordBatch takes {limits.BATCH_RECORDS} records, not {len(entries)}."
            )
        records = [_checked(entry) for entry in entries]
        if sum(map(len, records)) > limits.BATCH_BYTES:
            raise errors.invalid_argument("The records of a PutRecordBatch call have at most 4 MiB together.")
        if not stream.quota.request(self.account.now_us):
            stream.metric("ThrottledRecords", len(records))
            raise errors.slow_down()
        answers: list[dict[str, Any]] = []
        count = size = 0
        for data in records:
            if stream.quota.record(len(data)):
                buffer.add(data)
                count, size = count + 1, size + len(data)
                answers.append({"RecordId": ids.uuid4()})
            else:
                answers.append({"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."})
        if len(records) > count:
            stream.metric("ThrottledRecords", len(records) - count)
        self._count(stream, count, size)
        return {"FailedPutCount": len(records) - count, "Encrypted": False, "RequestResponses": answers}

    def _count(self, stream: Stream, records: int, size: int) -> None:
        stream.metric("IncomingRecords", records)
        stream.metric("IncomingBytes", size, "Bytes")

    # Streams

    def _known(self, call: Call) -> tuple[Stream, Buffer, Source | None] | None:
        """The stream that a put names, or None if moto delivers it. Raises ResourceNotFoundException,
        InvalidArgumentException for one that reads a Kinesis stream (GUIDE/writing-with-kinesis-streams.html).
        """
        key = (call.account_id, call.region, call.parameters["DeliveryStreamName"])
        known = self._streams.get(key) or self._read(key)
        if known is not None and known[0].source_arn is not None:
            raise errors.invalid_argument("This operation is not permitted on KinesisStreamAsSource streams.")
        return known

    def _read(self, key: _Key) -> tuple[Stream, Buffer, Source | None] | None:
        description = self._describe(key)
        destination = Destination.of(description)
        if destination is None:
            return None
        told = description.get("Source", {}).get("KinesisStreamSourceDescription", {})
        source_arn = told.get("KinesisStreamARN")
        stream = Stream(self._cloud, self.models, key[1], key[2], destination, source_arn)
        source = None if source_arn is None else Source(stream, source_arn)
        known = self._streams[key] = stream, Buffer(stream, lambda: limits.KEPT_US), source
        if source is not None:
            source.start()
        return known

    def _describe(self, key: _Key) -> dict[str, Any]:
        account_id, region, name = key
        asked = {"DeliveryStreamName": name}
        try:
            reply = self.account.ask(
                "firehose", "DescribeDeliveryStream", asked, region=region, account_id=account_id
            )
        except ServiceError:
            raise errors.missing(name, account_id) from None
        description: dict[str, Any] = reply["DeliveryStreamDescription"]
        return description

    def _check_create(self, call: Call) -> None:
        for name in _DESTINATIONS:
            check_hints(call.parameters.get(name, {}))

    def _check_update(self, call: Call) -> None:
        for name in _UPDATES:
            check_hints(call.parameters.get(name, {}))

    def _created(self, call: Call, response: dict[str, Any]) -> None:
        self._read((call.account_id, call.region, call.parameters["DeliveryStreamName"]))

    def _updated(self, call: Call, response: dict[str, Any]) -> None:
        """What is delivered from now on goes to the new destination."""
        key = (call.account_id, call.region, call.parameters["DeliveryStreamName"])
        destination = Destination.of(self._describe(key))
        if key in self._streams and destination is not None:
            self._streams[key][0].destination = destination

    def _deleted(self, call: Call, response: dict[str, Any]) -> None:
        """What is buffered is lost (API/API_DeleteDeliveryStream.html says that it may be)."""
        key = (call.account_id, call.region, call.parameters["DeliveryStreamName"])
        stream, _, source = self._streams.pop(key, (None, None, None))
        if stream is not None:
            stream.deleted = True
        if source is not None:
            source.stop()


def _checked(entry: dict[str, Any]) -> bytes:
    data = entry["Data"]
    if isinstance(data, str):
        data = data.encode()
    elif not isinstance(data, bytes):
        data = bytes(data.read() if hasattr(data, "read") else data)
    if len(data) > limits.RECORD_BYTES:
        raise errors.validation(f"A record has at most {limits.RECORD_BYTES:,} bytes, not {len(data):,}.")
    return bytes(data)
