"""The quotas of Firehose. AWS: GUIDE/limits.html unless another page is named."""

from __future__ import annotations

SECOND_US = 1_000_000
MIB = 1_048_576

RECORD_BYTES = 1_000 * 1_024
BATCH_RECORDS = 500
BATCH_BYTES = 4 * MIB
"""A record, and what one PutRecordBatch call takes."""
KEPT_US = 24 * 3_600 * SECOND_US
"""How long records of Direct PUT are kept while the bucket cannot be written (GUIDE/retry.html)."""

BUFFER_MIB = (1, 128)
BUFFER_S = (0, 900)
DEFAULT_MIB = 5
DEFAULT_S = 300
"""Buffering hints for S3: least and most, and what counts without hints (GUIDE/create-configure-backup.html)."""

LARGE_REGIONS = ("us-east-1", "us-west-2", "eu-west-1")
LARGE_QUOTA = (500_000, 2_000, 5 * MIB)
SMALL_QUOTA = (100_000, 1_000, MIB)
"""Records, requests and bytes a second that a Direct PUT stream takes by default, in these Regions and elsewhere."""
