"""The service graph of some traces: who handled requests, who called whom, how long it took and how it ended.

Page: GUIDE/xray-concepts.html (service graph), GUIDE/xray-console-servicemap.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from helpers.dataplane.xray.segment import Segment
from helpers.dataplane.xray.trace import Trace


@dataclass(slots=True)
class Counts:
    """How requests ended, and the seconds that they took together. A throttle counts as an error too."""

    total: int = 0
    ok: int = 0
    errors: int = 0
    throttles: int = 0
    faults: int = 0
    seconds: float = 0.0
    durations: list[float] = field(default_factory=list)

    def add(self, one: Segment) -> None:
        """Count one segment."""
        self.total += 1
        self.ok += one.ok
        self.errors += one.error
        self.throttles += one.throttle
        self.faults += one.fault
        if one.end_time is not None:
            self.seconds += one.duration_s
            self.durations.append(one.duration_s)

    @property
    def mean_s(self) -> float:
        """The mean time of a request in seconds."""
        return self.seconds / len(self.durations) if self.durations else 0.0


@dataclass(slots=True)
class Node:
    """A service, or a resource that was called.

    `type` is its origin, such as AWS::Lambda::Function ("" for the learner's own code); `root` says that requests enter
    here; `inferred` that it sent no segment itself.
    """

    name: str
    type: str
    root: bool = False
    inferred: bool = True
    counts: Counts = field(default_factory=Counts)
    begin: float = float("inf")
    end: float = float("-inf")


@dataclass(slots=True)
class Edge:
    """`source` called `target` (positions in the map's nodes). `linked`: it handed on messages that the target worked
    on in another trace.
    """

    source: int
    target: int
    linked: bool = False
    counts: Counts = field(default_factory=Counts)
    begin: float = float("inf")
    end: float = float("-inf")


@dataclass(slots=True)
class ServiceMap:
    """Nodes in the order of their first requests, and edges in the order of their first calls."""

    nodes: list[Node]
    edges: list[Edge]

    def node(self, name: str, kind: str | None = None) -> Node:
        """The node of that name (and type). Raises LookupError."""
        for each in self.nodes:
            if each.name == name and kind in (None, each.type):
                return each
        raise LookupError(f"The map has no node {name}.")

    def edge(self, source: str, target: str) -> Edge:
        """The first edge between nodes of those names. Raises LookupError."""
        for each in self.edges:
            if (self.nodes[each.source].name, self.nodes[each.target].name) == (source, target):
                return each
        raise LookupError(f"The map has no edge from {source} to {target}.")


def service_map(traces: Iterable[Trace]) -> ServiceMap:
    """The service graph of `traces`. The time of an edge is that of the call as the caller saw it."""
    chosen, drawing = list(traces), _Drawing()
    for trace in chosen:
        drawing.add(trace)
    for trace in chosen:
        drawing.link(trace)
    return drawing.map


class _Drawing:
    def __init__(self) -> None:
        self.map = ServiceMap([], [])
        self._places: dict[tuple[str, str], int] = {}
        self._edges: dict[tuple[int, int, bool], Edge] = {}
        self._nodes: dict[str, int] = {}  # id of a segment -> its node

    def add(self, trace: Trace) -> None:
        owners: dict[str, tuple[int, Segment]] = {}
        for segment in trace.segments:
            self._nodes[segment.id] = self._place(segment)
            for each in segment.walk():
                owners[each.id] = self._nodes[segment.id], each
        for segment in trace.segments:
            owner = owners.get(segment.parent_id or "")
            if owner is None:
                self.map.nodes[self._nodes[segment.id]].root = True
            else:
                call = owner[1] if owner[1].namespace else segment
                self._connect(owner[0], self._nodes[segment.id], call)

    def link(self, trace: Trace) -> None:
        root = trace.root
        for link in trace.links:
            if link.segment_id in self._nodes:
                self._connect(self._nodes[link.segment_id], self._nodes[root.id], root, linked=True)
                self.map.nodes[self._nodes[root.id]].root = False

    def _place(self, one: Segment) -> int:
        key = one.name, one.origin
        if key not in self._places:
            self._places[key] = len(self.map.nodes)
            self.map.nodes.append(Node(*key))
        node = self.map.nodes[self._places[key]]
        node.counts.add(one)
        node.inferred = node.inferred and one.inferred
        node.begin, node.end = _span(node.begin, node.end, one)
        return self._places[key]

    def _connect(self, source: int, target: int, call: Segment, *, linked: bool = False) -> None:
        key = source, target, linked
        if key not in self._edges:
            self._edges[key] = Edge(source, target, linked)
            self.map.edges.append(self._edges[key])
        edge = self._edges[key]
        edge.counts.add(call)
        edge.begin, edge.end = _span(edge.begin, edge.end, call)


def _span(begin: float, end: float, one: Segment) -> tuple[float, float]:
    return min(begin, one.start_time), max(end, one.start_time if one.end_time is None else one.end_time)
