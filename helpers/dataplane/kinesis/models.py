"""The labelled assumptions of the Kinesis data plane: what AWS leaves open, as parameters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Models:
    """What AWS does not publish. `cloud.plane("kinesis").models` holds it; a change counts from the next call on.

    Spans, in seconds:

    - `creating_s`: how long a new stream is CREATING. AWS gives no figure; 0 lets a lesson write at once.
    - `updating_s`: how long a stream is UPDATING after a split, a merge, a new shard count or a new mode. The guide
      says a few seconds to a few minutes (GUIDE/kinesis-using-sdk-java-resharding.html gives no more). The shards
      change at the end of it.
    - `registering_s`: how long a new consumer is CREATING.
    - `shared_propagation_s`: from the write of a record until GetRecords returns it. The guide says that records can
      be read immediately (GUIDE/kinesis-low-latency.html); its mean of 200 ms with one reader and 1,000 ms with five
      (GUIDE/enhanced-consumers.html) comes from polling a shard five times a second in all. So it is 0 here, and
      polling gives the rest.
    - `enhanced_propagation_s`: from the write until an enhanced consumer is sent the record: the documented mean of
      70 ms (GUIDE/enhanced-consumers.html), here every time.
    - `ondemand_split_s`: from the traffic that calls for a split of an on-demand shard to the split. The guide says
      "within 15 minutes" (GUIDE/how-do-i-size-a-stream.html); here it takes all of them.
    - `ondemand_measured_s`: the traffic of a shard is an average over this span. AWS does not tell how it measures.

    Others:

    - `shard_quota_elsewhere`: shards of an account in Regions for which the quotas page says "1,000 or 6,000".

    One assumption has no switch: how a second is counted. A limit's second begins with the first use after the one
    before it ended; what a large record or a full page takes beyond it is taken from the seconds that follow (see
    `meter.Meter`).
    """

    creating_s: float = 0.0
    updating_s: float = 30.0
    registering_s: float = 0.0
    shared_propagation_s: float = 0.0
    enhanced_propagation_s: float = 0.07
    ondemand_split_s: float = 900.0
    ondemand_measured_s: float = 60.0
    shard_quota_elsewhere: int = 1_000
