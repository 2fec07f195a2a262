"""The picture of the capacity experiment: what a call costs by the size of its item, and what a second adds up to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from helpers.experiments import Values, pictures, plural
from helpers.sections.s22_dynamodb.experiments.capacity import INDEX_KEYS
from helpers.sections.s22_dynamodb.experiments.reading import KB, READ_BYTES, WRITE_BYTES, count, kilobytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

READ, WRITE, INDEX = "#0072B2", "#B24A00", "#00704F"
BLOCKS = 60  # more calls than this are one bar


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    for left, right, costs, step_bytes, what, colour in (
        (0.075, 0.495, m.read_costs, READ_BYTES, "read", READ),
        (0.575, 0.975, m.write_costs, WRITE_BYTES, "write", WRITE),
    ):
        axes = pictures.panel(figure, left, 0.5, right, 0.81)
        cost = _stairs(axes, costs, step_bytes, m.size_bytes, colour)
        name = f"One {what} of {kilobytes(p.item_kb)}: {_units(cost, what)}"
        figure.text(left, 0.832, name, size=10.5, color=colour, weight="bold", va="center")
    figure.text(0.083, 0.785, "dashed: without rounding", size=8.5, color=pictures.QUIET)
    figure.text(0.583, 0.785, "dots: calls on items of these sizes", size=8.5, color=pictures.QUIET)
    figure.text(0.025, 0.405, "One second", size=10.5, weight="bold", color=pictures.INK, va="center")
    _second(pictures.panel(figure, 0.115, 0.075, 0.975, 0.385), p, m)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _stairs(
    axes: Axes, costs: Sequence[tuple[int, float]], step_bytes: int, size_bytes: int, colour: str
) -> float:
    """Units of a call against the size of its item, and those of the chosen size, which it returns."""
    low, high = costs[0][0] // KB, costs[-1][0] // KB
    heights = sorted({units for _, units in costs})
    tall = heights[-1] - heights[0] or heights[-1]
    base = 0.0 if low == 0 else max(0.0, heights[0] - 0.25 * tall)
    pictures.number_axis(axes, low, high, "KB", step=READ_BYTES / KB)
    axes.set_ylim(base, heights[-1] + 0.12 * tall)
    some = heights[:: -(-len(heights) // 4)]
    pictures.lane_names(axes, some, [count(height) for height in some], pictures.QUIET)
    ends = [(size / KB, units) for size, units in costs]
    flights = list(zip(ends[::2], ends[1::2], strict=True))
    axes.add_collection(LineCollection(flights, colors=colour, linewidths=2.2, zorder=3), autolim=False)
    _points(axes, [right for _, right in flights], colour, 3.6)
    # A size of whole steps is not rounded, so it tells what a byte costs.
    per_kb = max(units / (-(-size // step_bytes) * step_bytes / KB) for size, units in costs)
    exact = [((low, low * per_kb), (high, high * per_kb))]
    axes.add_collection(
        LineCollection(exact, colors=pictures.QUIET, linewidths=1.0, linestyles=[(0, (3, 3))], zorder=1.8),
        autolim=False,
    )
    size_kb = size_bytes / KB
    cost = next(units for size, units in costs if size >= size_bytes)
    axes.add_collection(
        LineCollection(
            [((size_kb, base), (size_kb, cost))],
            colors=pictures.INK,
            linewidths=1.0,
            linestyles=[(0, (4, 3))],
            zorder=2.6,
        ),
        autolim=False,
    )
    _points(axes, [(size_kb, cost)], colour, 9, hollow=True)
    return cost


def _points(
    axes: Axes, places: Sequence[tuple[float, float]], colour: str, size: float, *, hollow: bool = False
) -> None:
    across, up = zip(*places, strict=True)
    axes.add_line(
        Line2D(
            across,
            up,
            marker="o",
            markersize=size,
            markerfacecolor=pictures.BACKGROUND if hollow else colour,
            markeredgecolor=colour,
            markeredgewidth=2 if hollow else 0,
            linestyle="none",
            zorder=3.6,
            clip_on=False,
        )
    )


def _second(axes: Axes, p: Values, m: Any) -> None:
    """A lane for the reads, the writes and each index; each call a block as long as its units."""
    lanes: list[tuple[str, list[float], str, str]] = []
    if m.reads:
        lanes.append(("reads", list(m.reads), "read", READ))
    if m.writes:
        lanes.append(("writes", [one.table for one in m.writes], "write", WRITE))
        for key in INDEX_KEYS[: p.gsi_count]:
            name = f"by-{key}"
            lanes.append((name, [one.indexes.get(name, 0.0) for one in m.writes], "write", INDEX))
    longest = max((sum(units) for _, units, _, _ in lanes), default=0.0) or 1.0
    pictures.number_axis(axes, 0, longest * 1.36, "units")
    axes.set_ylim(max(len(lanes), 2) - 0.5, -0.5)
    for place, (name, units, what, colour) in enumerate(lanes):
        _blocks(axes, place, units, colour, longest)
        pictures.lane_names(axes, [place], [name], colour)
        total = f"{len(units)} × {count(units[0])} = {_units(sum(units), what)}"
        pictures.note(axes, sum(units), place, total, colour, size=9.5)


def _blocks(axes: Axes, place: float, units: Sequence[float], colour: str, longest: float) -> None:
    gap = longest * 0.004 if len(units) <= BLOCKS else 0.0
    segments, at = [], 0.0
    for each in units:
        if each:
            segments.append(((at, place), (at + each - min(gap, 0.3 * each), place)))
        at += each
    height = min(16.0, 0.55 * pictures.lane_points(axes, axes.get_ylim()[0] + 0.5))
    axes.add_collection(
        LineCollection(segments, colors=colour, linewidths=height, zorder=2, capstyle="butt"), autolim=False
    )


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    parts = [
        f"{plural(len(made), what)}{{}} need{'s' if len(made) == 1 else ''} {_units(s[f'{what}_units_per_s'], what)}"
        for what, made in (("read", m.reads), ("write", m.writes))
        if made
    ]
    parts = [part.format("" if place else " a second") for place, part in enumerate(parts)]
    title = ", ".join(parts) or "Without reads and writes no units are needed"
    if s["index_units_per_s"]:
        title += f" and {count(float(s['index_units_per_s']))} for indexes"
    values = [
        f"Items of {kilobytes(p.item_kb)}",
        f"{KINDS[p.read_mode]} reads",
        f"{p.write_mode} writes {WHAT[p.write_what]}",
    ]
    if p.gsi_count:
        held = "all attributes" if p.projection == "ALL" else "the keys only"
        values.append(f"{plural(p.gsi_count, 'global index', 'global indexes')} with {held}")
    return title, " · ".join(values)


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words."""
    s = m.summary
    each = []
    if m.reads:
        each.append(f"a read of {kilobytes(p.item_kb)} costs {_units(s['units_per_read'], 'read')}")
    if m.writes:
        more = f" and {count(float(s['index_units_per_write']))} more for its indexes" if p.gsi_count else ""
        each.append(f"a write of {kilobytes(p.item_kb)} costs {_units(s['units_per_write'], 'write')}{more}")
    said = f": {', '.join(each)}" if each else ""
    return f"{title}. Two staircases show how the units of one call rise with the size of its item{said}."


def _units(number: Any, kind: str) -> str:
    return f"{count(float(number))} {kind} {'unit' if number == 1 else 'units'}"


KINDS = {
    "eventual": "eventually consistent",
    "strong": "strongly consistent",
    "transactional": "transactional",
}
WHAT = {
    "insert": "of new items",
    "update": "of an attribute that is no key",
    "rekey": "of the index keys",
}
