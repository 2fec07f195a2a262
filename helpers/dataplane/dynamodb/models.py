"""The labelled assumptions of the DynamoDB data plane: what AWS leaves open, or may change, as parameters."""

from __future__ import annotations

from dataclasses import dataclass

GUIDE = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"


@dataclass
class Models:
    """Switches of the DynamoDB model of one account.

    `cloud.plane("dynamodb").models` holds them; a change counts from the next call on.

    Capacity (GUIDE/burst-adaptive-capacity.html, which says that burst details may change):

    - `burst_s`: seconds of unused capacity that are kept; 300 on AWS today, and never less than the present second's.
    - `first_burst_s`: seconds of it that a new table or index has beside the present second's. AWS does not say.
    - `adaptive_capacity`: True, as on AWS: a partition may take what the table has to spare, up to its own limit. False
      shows what it was before: each partition has an equal share of the table's throughput.
    - `partitions`: how many partitions a table or global index has, or None for as many as its throughput asks for.
    - `split_for_heat_s`: seconds of refusals after which a hot partition is split, None for never. AWS publishes no
      figure; a collection is not split by its sort keys here.

    - `scaling_delay_s`: from the minute that makes auto scaling act until the new throughput holds. AWS: alarms may be
      a few minutes late, and the update takes several (GUIDE/AutoScaling.html).

    Streams:

    - `stream_shards`: open shards of a stream that is enabled from now on. AWS decides by itself, splits shards under
      load and replaces them now and then; here their number stays (GUIDE/Streams.html).

    Time to live (AWS promises no time: "within a few days", GUIDE/TTL.html; "typically within two days",
    API/API_UpdateTimeToLive.html):

    - `ttl_delay_min_s`, `ttl_delay_max_s`: an expired item is deleted so long after its time, evenly spread.
    - `ttl_enabling_s`: how long it takes until an enabled time to live works ("approximately one hour",
      GUIDE/time-to-live-ttl-how-to.html).
    - `ttl_disabling_s`: how long items are still deleted after it was disabled ("approximately 30 minutes").

    Transactions:

    - `transaction_s`: how long TransactWriteItems takes before it is carried out. Meanwhile other writes on its items
      are refused as conflicts (GUIDE/transaction-apis.html). At 0 transactions never overlap.

    Eventual consistency (GUIDE/HowItWorks.ReadConsistency.html and GUIDE/GSI.html give no figures):

    - `replication_lag_s`: how long the lagging replica of a table shows an item as it was before a write.
    - `lagging_reads`: the share of eventually consistent reads that reach that replica; one of three by default.
    - `gsi_lag_s`: how long after a write to the table all reads of its global indexes see it.
    """

    burst_s: float = 300
    first_burst_s: float = 0
    adaptive_capacity: bool = True
    partitions: int | None = None
    split_for_heat_s: float | None = None
    scaling_delay_s: float = 120
    stream_shards: int = 1
    ttl_delay_min_s: float = 0.0
    ttl_delay_max_s: float = 172_800.0
    ttl_enabling_s: float = 3_600.0
    ttl_disabling_s: float = 1_800.0
    transaction_s: float = 0.0
    replication_lag_s: float = 0.0
    lagging_reads: float = 1 / 3
    gsi_lag_s: float = 0.0
