"""A service map as a picture: boxes for services and resources, arrows for calls, what failed stands out.

All places are shares of the figure. A dashed box sent no segment itself (it is inferred); a dashed arrow leads from a
queue or a stream to who works on its messages in a trace of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers.dataplane.xray import ServiceMap
from helpers.experiments import pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GOOD, BAD = "#9CC5DF", "#E69F00"
_DASHED = (0, (3, 2))


class Box(NamedTuple):
    """A node: its name and type ("" for none), its requests, and those that failed (errors and faults)."""

    name: str
    total: int
    failed: int
    type: str = ""
    inferred: bool = False


def row(
    figure: Figure, nodes: Sequence[Box], edges: Sequence[tuple[str, str]], order: Sequence[str],
    left: float, right: float, middle: float,
) -> None:  # fmt: skip
    """A few services in a row between `left` and `right`, in their `order`, at the height `middle`."""
    width = (right - left) / len(order)
    places = {name: (left + (number + 0.5) * width, middle) for number, name in enumerate(order)}
    half, high = 0.37 * width, 0.055
    for source, target in edges:
        _arrow(figure, places[source], places[target], half, high)
    for node in nodes:
        _box(figure, node, places[node.name], half, high)
    if not nodes:
        figure.text(
            (left + right) / 2, middle, "empty", size=9, color=pictures.QUIET, ha="center", va="center"
        )


def draw(figure: Figure, drawn: ServiceMap, title: str, subtitle: str) -> str:
    """The whole figure: the nodes of a service map in columns by how many calls they are behind a root.

    Arrows say how many calls and how long they took on average. Returns the picture in words.
    """
    figure.clear()
    figure.set_facecolor(pictures.BACKGROUND)
    columns = _columns(drawn)
    depth = max(columns, default=0) + 1
    width = 0.97 / depth
    half = min(0.085, 0.32 * width)
    places: Mapping[int, tuple[float, float]] = _places(columns, depth, width)
    high = min(0.048, 0.3 / max((columns.count(each) for each in columns), default=1))
    for edge in drawn.edges:
        counts = edge.counts
        words = f"{counts.total} · {pictures.human(counts.mean_s)}" if counts.durations else f"{counts.total}"
        _arrow(
            figure, places[edge.source], places[edge.target], half, high, words,
            failed=counts.ok < counts.total, linked=edge.linked,
        )  # fmt: skip
    for number, node in enumerate(drawn.nodes):
        counts = node.counts
        kind = node.type.removeprefix("AWS::")
        _box(
            figure, Box(node.name, counts.total, counts.total - counts.ok, kind, node.inferred),
            places[number], half, high,
        )  # fmt: skip
    pictures.headline(figure, title, subtitle)
    failing = [node.name for node in drawn.nodes if node.counts.ok < node.counts.total]
    name = [node.name for node in drawn.nodes]
    said = (
        "; ".join(f"{name[edge.source]} to {name[edge.target]}, {edge.counts.total}" for edge in drawn.edges)
        or "no calls"
    )
    return f"{title}. {said}; {'failures in ' + ', '.join(failing) if failing else 'no failures'}."


def _columns(drawn: ServiceMap) -> list[int]:
    """The column of each node: the longest way of calls from a root, but never round in a circle."""
    columns = [0 if node.root else -1 for node in drawn.nodes]

    def place(number: int, column: int, above: frozenset[int]) -> None:
        columns[number] = max(columns[number], column)
        for edge in drawn.edges:
            if edge.source == number and edge.target not in above and columns[edge.target] <= column:
                place(edge.target, column + 1, above | {edge.target})

    for number, node in enumerate(drawn.nodes):
        if node.root:
            place(number, 0, frozenset({number}))
    return [max(0, column) for column in columns]


def _places(columns: list[int], depth: int, width: float) -> dict[int, tuple[float, float]]:
    places = {}
    for column in range(depth):
        members = [number for number, at in enumerate(columns) if at == column]
        for place, number in enumerate(members):
            places[number] = 0.015 + (column + 0.5) * width, 0.85 - 0.80 * (place + 0.5) / len(members)
    return places


def _box(figure: Figure, node: Box, at: tuple[float, float], half: float, high: float) -> None:
    from matplotlib.patches import Rectangle

    (x, y), failed = at, node.failed > 0
    edge = pictures.WRONG if failed else ("#9aa0a6" if node.inferred else "#0072B2")

    def rectangle(width: float, low: float, height: float, **look: Any) -> None:
        patch = Rectangle((x - half, low), width, height, transform=figure.transFigure, **look)
        figure.add_artist(patch)

    rectangle(
        2 * half, y - high, 2 * high, facecolor=pictures.BACKGROUND, edgecolor=edge,
        linewidth=2.0 if failed else 1.2, linestyle=_DASHED if node.inferred else "solid", zorder=3,
    )  # fmt: skip
    if node.total:  # a bar along the lower edge: what failed of all
        rectangle(2 * half, y - high, 0.012, facecolor=GOOD, linewidth=0, zorder=3.1)
        if failed:
            rectangle(
                2 * half * node.failed / node.total, y - high, 0.012, facecolor=BAD, linewidth=0, zorder=3.2
            )
    said = f"{node.total:,}"
    if failed:
        said += (", " if node.type else "\n") + f"{node.failed:,} failed"
    centred: dict[str, Any] = {"ha": "center", "va": "center", "zorder": 4}
    figure.text(x, y + high * 0.55, _short(node.name, half, 9), size=9, color=pictures.INK, **centred)
    if node.type:
        figure.text(x, y + high * 0.02, _short(node.type, half, 7), size=7, color=pictures.QUIET, **centred)
    colour = pictures.WRONG if failed else pictures.QUIET
    figure.text(x, y - high * (0.42 if node.type else 0.2), said, size=7.5, color=colour, **centred)


def _short(text: str, half: float, size: float) -> str:
    """As much of a text as a box is wide."""
    room = int(2 * half * pictures.WIDTH_IN * 72 / (0.6 * size))
    return text if len(text) <= room else text[: max(1, room - 1)] + "…"


def _arrow(
    figure: Figure,
    source: tuple[float, float],
    target: tuple[float, float],
    half: float,
    high: float,
    words: str = "",
    *,
    failed: bool = False,
    linked: bool = False,
) -> None:
    from matplotlib.patches import FancyArrowPatch

    side = (target[0] > source[0]) - (target[0] < source[0])
    if side:  # a call back is drawn as a bow below
        start, end = (source[0] + side * half, source[1]), (target[0] - side * half, target[1])
        bend = 0.0 if side > 0 else -0.3
    else:
        down = target[1] < source[1]
        start = source[0], source[1] + (-high if down else high)
        end = target[0], target[1] + (high if down else -high)
        bend = 0.0
    figure.add_artist(
        FancyArrowPatch(
            start,
            end,
            transform=figure.transFigure,
            arrowstyle="-|>",
            mutation_scale=10,
            connectionstyle=f"arc3,rad={bend}",
            color=pictures.WRONG if failed else pictures.QUIET,
            linewidth=1.2,
            linestyle=_DASHED if linked else "solid",
            shrinkA=1,
            shrinkB=1,
            zorder=2,
        )
    )
    if words:
        x, y = 0.4 * start[0] + 0.6 * end[0], 0.4 * start[1] + 0.6 * end[1]
        y -= abs(bend) / 2 * abs(end[0] - start[0]) * pictures.WIDTH_IN / pictures.HEIGHT_IN
        figure.text(
            x, y, words, size=7.5, color=pictures.QUIET, ha="center", va="center", zorder=2.5,
            bbox={"facecolor": pictures.BACKGROUND, "edgecolor": "none", "pad": 0.8},
        )  # fmt: skip
