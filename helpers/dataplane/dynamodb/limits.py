"""The numbers of DynamoDB, each with the page that gives it.

GUIDE is https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/, API its sister APIReference/.
"""

from __future__ import annotations

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
DAY_US = 86_400 * SECOND_US

KB = 1_024  # GUIDE/Constraints.html: sizes are binary
MB = 1_024 * KB
GB = 1_024 * MB

ITEM_BYTES = 400 * KB  # GUIDE/Constraints.html, names and values
PARTITION_KEY_BYTES = 2_048  # GUIDE/Constraints.html
SORT_KEY_BYTES = 1_024  # GUIDE/Constraints.html
NESTING = 32  # GUIDE/Constraints.html: levels of lists and maps
NUMBER_DIGITS = 38  # GUIDE/Constraints.html
EXPRESSION_BYTES = 4 * KB  # GUIDE/Constraints.html
READ_BYTES = 4 * KB  # GUIDE/Constraints.html: a read unit reads up to so much
WRITE_BYTES = 1 * KB  # GUIDE/Constraints.html: a write unit writes up to so much
PAGE_BYTES = 1 * MB  # API/API_Query.html, API/API_Scan.html: what one call reads at most

BATCH_WRITES = 25  # API/API_BatchWriteItem.html
BATCH_READS = 100  # API/API_BatchGetItem.html
BATCH_BYTES = 16 * MB  # API/API_BatchGetItem.html, API/API_BatchWriteItem.html
BATCH_PARTITION_BYTES = 1 * MB  # API/API_BatchGetItem.html: from one partition
RECOVERY_DAYS = 35  # GUIDE/Point-in-time-recovery.html: of point-in-time recovery, at most and by default
RESTORABLE_AFTER_US = 5 * MINUTE_US  # API/API_RestoreTableToPointInTime.html: typically

TRANSACTION_ACTIONS = 100  # API/API_TransactWriteItems.html, API/API_TransactGetItems.html
TRANSACTION_BYTES = 4 * MB  # API/API_TransactWriteItems.html, API/API_TransactGetItems.html

PARTITION_READS = 3_000  # read units a second, GUIDE/burst-adaptive-capacity.html
PARTITION_WRITES = 1_000  # write units a second, GUIDE/burst-adaptive-capacity.html
PARTITION_BYTES = 10 * GB  # GUIDE/Constraints.html
TABLE_UNITS = 40_000  # read or write units a second and table, GUIDE/ServiceQuotas.html
ACCOUNT_UNITS = 80_000  # provisioned read or write units of an account in a Region, GUIDE/ServiceQuotas.html

NEW_READS = 12_000  # what a new on-demand table takes a second, GUIDE/on-demand-capacity-mode.html
NEW_WRITES = 4_000
DOUBLING_US = 30 * MINUTE_US  # growth beyond twice the peak, GUIDE/on-demand-capacity-mode.html
DECREASES = 4  # of provisioned throughput at hand, one more each hour, GUIDE/ServiceQuotas.html
MODE_SWITCHES = 4  # to on-demand mode in 24 hours, GUIDE/on-demand-capacity-mode.html

LOCAL_INDEXES = 5  # GUIDE/ServiceQuotas.html
GLOBAL_INDEXES = 20  # GUIDE/ServiceQuotas.html
INCLUDED_ATTRIBUTES = 100  # over all indexes of a table, GUIDE/ServiceQuotas.html
INCLUDED_PER_INDEX = 20  # API/API_Projection.html

STREAM_RETENTION_US = DAY_US  # GUIDE/Streams.html
STREAM_PAGE_RECORDS = 1_000  # API/API_streams_GetRecords.html
STREAM_PAGE_BYTES = 1 * MB  # API/API_streams_GetRecords.html
STREAM_LIST = (
    100  # streams or shards a reply, API/API_streams_ListStreams.html, .../API_streams_DescribeStream.html
)
ITERATOR_US = 15 * MINUTE_US  # API/API_streams_GetShardIterator.html

TTL_CHANGE_US = 60 * MINUTE_US  # one UpdateTimeToLive a table, API/API_UpdateTimeToLive.html
TTL_OLDEST_S = (
    5 * 365 * 86_400
)  # GUIDE/time-to-live-ttl-before-you-start.html: expired longer ago is left alone

TOKEN_US = 10 * MINUTE_US  # API/API_TransactWriteItems.html, ClientRequestToken

DAX_NODES = 11  # GUIDE/DAX.concepts.cluster.html: a primary node and up to 10 replicas
DAX_TTL_S = 300  # GUIDE/DAX.concepts.html: of both caches
