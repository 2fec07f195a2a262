"""The nodes of a cluster: whose turn it is, what they know, and what they tell CloudWatch.

AWS: GUIDE/DAX.concepts.cluster.html, GUIDE/DAX.consistency.html#DAX.consistency.nodes,
GUIDE/dax-metrics-dimensions-dax.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.dataplane.dynamodb.limits import DAX_NODES, SECOND_US

if TYPE_CHECKING:
    from helpers.dataplane import Cloud


class Cluster:
    """One primary node and replicas, which hear of a change `lag_us` after it. Raises ValueError for too many nodes."""

    def __init__(self, cloud: Cloud, name: str, nodes: int, lag_s: float) -> None:
        if not 1 <= nodes <= DAX_NODES:
            raise ValueError(f"A DAX cluster has 1 to {DAX_NODES} nodes, not {nodes}.")
        self._cloud = cloud
        self._name = name
        self._nodes = nodes
        self._turn = nodes - 1
        self.lag_us = round(lag_s * SECOND_US)

    @property
    def now_us(self) -> int:
        """Microseconds since the Cloud was opened."""
        return self._cloud.now_us

    @property
    def behind_us(self) -> int:
        """How far the node whose turn it is lags behind the first one, the primary."""
        return self.lag_us if self._turn else 0

    def next_request(self) -> None:
        """A request arrives: the nodes take turns."""
        self._turn = (self._turn + 1) % self._nodes
        self.count("TotalRequestCount")

    def count(self, metric: str) -> None:
        """Something happened that CloudWatch counts."""
        self._cloud.telemetry.metric("AWS/DAX", metric, 1, "Count", {"ClusterId": self._name})
