"""Where a Firehose stream delivers to: a bucket, how it buffers before, and how objects are named.

AWS: GUIDE/create-configure-backup.html, GUIDE/s3-object-name.html, GUIDE/s3-prefixes.html.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from helpers.dataplane.firehose import errors
from helpers.dataplane.firehose.limits import (
    BUFFER_MIB,
    BUFFER_S,
    DEFAULT_MIB,
    DEFAULT_S,
    MIB,
    SECOND_US,
)


@dataclass(frozen=True, slots=True)
class Destination:
    """The S3 destination of one stream. `version` counts its configurations from 1."""

    bucket: str
    prefix: str
    buffer_bytes: int
    interval_us: int
    compressed: bool
    delimiter: bytes
    extension: str
    version: str

    @classmethod
    def of(cls, description: dict[str, Any]) -> Destination | None:
        """Read a DeliveryStreamDescription; None for a destination other than S3."""
        told = description["Destinations"][0]
        s3 = told.get("ExtendedS3DestinationDescription") or (
            told.get("S3DestinationDescription")
            if set(told) <= {"DestinationId", "S3DestinationDescription"}
            else None
        )
        if s3 is None:
            return None
        hints = s3.get("BufferingHints") or {}
        compressed = s3.get("CompressionFormat", "UNCOMPRESSED") == "GZIP"
        processing = s3.get("ProcessingConfiguration") or {}
        kinds = (
            {one["Type"] for one in processing.get("Processors", ())} if processing.get("Enabled") else set()
        )
        return cls(
            s3["BucketARN"].rpartition(":")[2],
            s3.get("Prefix", ""),
            hints.get("SizeInMBs", DEFAULT_MIB) * MIB,
            hints.get("IntervalInSeconds", DEFAULT_S) * SECOND_US,
            compressed,
            b"\n" if "AppendDelimiterToRecord" in kinds else b"",
            s3.get("FileExtension") or (".gz" if compressed else ""),
            description["VersionId"],
        )

    def key(self, stream: str, oldest: datetime, now: datetime, unique: str) -> str:
        """The key of an object: the prefix, YYYY/MM/DD/HH in UTC of its `oldest` record, and a name that nobody else
        has.
        """
        name = f"{stream}-{self.version}-{now:%Y-%m-%d-%H-%M-%S}-{unique}{self.extension}"
        return f"{self.prefix}{oldest:%Y/%m/%d/%H}/{name}"

    def body(self, records: list[bytes]) -> bytes:
        """The records one behind the other, without delimiters unless AppendDelimiterToRecord asks for them."""
        joined = b"".join(record + self.delimiter for record in records)
        return gzip.compress(joined, mtime=0) if self.compressed else joined


def check_hints(configuration: dict[str, Any]) -> None:
    """Refuse hints out of their range, or one without the other (API/API_BufferingHints.html)."""
    hints = configuration.get("BufferingHints")
    if not hints:
        return
    size, seconds = hints.get("SizeInMBs"), hints.get("IntervalInSeconds")
    if size is None or seconds is None:
        raise errors.invalid_argument("BufferingHints need both SizeInMBs and IntervalInSeconds, or neither.")
    for name, value, (least, most) in (
        ("SizeInMBs", size, BUFFER_MIB),
        ("IntervalInSeconds", seconds, BUFFER_S),
    ):
        if not least <= value <= most:
            raise errors.validation(f"{name} is {least} to {most}, not {value}.")
