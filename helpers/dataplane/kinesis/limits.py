"""The quotas of Kinesis Data Streams. AWS: GUIDE/service-sizes-and-limits.html unless another page is named.

Where the pages say MB, this is a mebibyte: GUIDE/large-records.html gives the capacity of a shard in MiB.
"""

from __future__ import annotations

SECOND_US = 1_000_000
HOUR_US = 3_600 * SECOND_US
DAY_US = 24 * HOUR_US
KIB = 1_024
MIB = 1_024 * KIB

WRITE_BYTES = MIB
"""Bytes that a shard takes in a second, partition keys included."""
WRITE_RECORDS = 1_000
"""Records that a shard takes in a second."""
READ_BYTES = 2 * MIB
"""Bytes that all shared readers of a shard get in a second, or one enhanced consumer."""
READ_CALLS = 5
"""GetRecords calls a second and shard, of all readers together."""
ITERATOR_CALLS = 5
"""GetShardIterator calls a second and open shard."""
PAGE_BYTES = 10 * MIB
PAGE_RECORDS = 10_000
"""What one GetRecords call returns at most."""
BATCH_RECORDS = 500
BATCH_BYTES = 10 * MIB
"""What one PutRecords call takes at most (API/API_PutRecords.html)."""
KEY_CHARACTERS = 256
"""Length of a partition key at most (API/API_PutRecord.html)."""
RECORD_KIB = (1_024, 10_240)
"""A stream's MaxRecordSizeInKiB: the default, which is the least, and the most (API/API_UpdateMaxRecordSize.html)."""
ITERATOR_US = 300 * SECOND_US
"""A shard iterator is good for 5 minutes (API/API_GetShardIterator.html)."""
RETENTION_H = (24, 8_760)
"""The default retention period, which is the shortest, and the longest, in hours."""

CREATING_STREAMS = 5
"""Streams that may be in CREATING at once."""
ONDEMAND_STREAMS = 50
"""On-demand streams of an account by default."""
ONDEMAND_SHARDS = 4
"""What a new on-demand stream has: 4 MB/s of writes and 8 MB/s of reads."""
ONDEMAND_SPLIT_BYTES = 500 * KIB
"""Bytes a second above which a shard of an on-demand stream is split (GUIDE/how-do-i-size-a-stream.html)."""
MODE_SWITCHES = 2
"""Changes of the capacity mode of a stream in 24 hours."""
SHARD_QUOTA = 20_000
SHARD_QUOTA_REGIONS = ("us-east-1", "us-west-2", "eu-west-1")
"""Shards of an account in these Regions by default; elsewhere 1,000 or 6,000."""

SHARD_COUNT_UPDATES = 10
SHARD_COUNT_MOST = 10_000
"""UpdateShardCount calls of a stream in 24 hours, and shards it may ask for (API/API_UpdateShardCount.html)."""

CONSUMERS = 20
"""Registered consumers of a stream."""
CREATING_CONSUMERS = 5
"""Consumers of a stream that may be in CREATING at once."""
SUBSCRIPTION_US = 300 * SECOND_US
SUBSCRIBE_AGAIN_US = 5 * SECOND_US
"""How long a subscription lasts, and how long none can take its place (API/API_SubscribeToShard.html)."""
