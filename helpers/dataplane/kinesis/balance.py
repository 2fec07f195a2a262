"""Which leases a worker takes next, from what it sees in the lease table.

AWS: GUIDE/kcl-dynamoDB.html and the lease lifecycle that it links to: leases of workers that stopped are taken first;
then one at a time from the worker with the most, until all have about equally many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from helpers.dataplane.kinesis.leases import Lease


def ready(leases: Sequence[Lease]) -> list[Lease]:
    """The leases of shards that may be read: not finished, and each parent finished, or without a lease."""
    unfinished = {lease.shard_id for lease in leases if not lease.finished}
    return [
        lease
        for lease in leases
        if not lease.finished and not any(one in unfinished for one in lease.parents)
    ]


def wanted(
    leases: Sequence[Lease], expired: Collection[str], worker: str, most: int | None = None
) -> list[Lease]:
    """What `worker` should take now of the leases that are ready.

    `expired` are the shards whose owner did not renew in time; `most` is how many leases it may hold.
    """
    free = [lease for lease in leases if lease.owner is None or lease.shard_id in expired]
    held = Counter(lease.owner for lease in leases if lease not in free)
    mine = held.pop(worker, 0)
    target = -(-len(leases) // (len(held) + 1))
    if most is not None:
        target = min(target, most)
    missing = target - mine
    if missing <= 0:
        return []
    if free:
        return free[:missing]
    if not held:
        return []
    busiest = max(sorted(held, key=str), key=lambda owner: held[owner])
    if held[busiest] > target or (missing > 1 and held[busiest] == target):
        return [next(lease for lease in leases if lease.owner == busiest)]
    return []
