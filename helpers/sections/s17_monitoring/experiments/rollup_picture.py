"""The picture of the rollup: what was written, what is read of it, and which reads give anything at which age."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.collections import LineCollection

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span, human
from helpers.sections.s17_monitoring.experiments.rollup import AGES_S, PERIODS, RUSH, SPAN_S, STEP_S

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE = "#0072B2"


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    figure.clear()
    figure.set_facecolor(pictures.BACKGROUND)
    axes = pictures.panel(figure, 0.115, 0.44, 0.975, 0.83)
    grid = pictures.panel(figure, 0.115, 0.09, 0.975, 0.34)
    _values(axes, p, m)
    _grid(grid, p, m)
    figure.text(0.115, 0.36, "which reads give points, at which age", size=8.5, color=pictures.QUIET)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _values(axes: Any, p: Values, m: Any) -> None:
    """The reports as grey dots, and each point that is read as a bar as long as its period."""
    pictures.time_axis(axes, SPAN_S, most=6)
    reads = [values[p.statistic] for _, values in m.chosen.points]
    pictures.level(axes, max([60.0, *reads]), p.statistic if reads else "orders")
    pictures.marks(axes, m.written, "sent", size=5)
    if max([60.0, *reads]) < 200:
        pictures.note(axes, RUSH * STEP_S + 10, 63, "60 orders in 10 s", pictures.QUIET, size=8)
    bars = [
        ((at_s, values[p.statistic]), (min(at_s + m.chosen.period_s, SPAN_S), values[p.statistic]))
        for at_s, values in m.chosen.points
    ]
    if m.chosen.period_s == 1:  # too short to be seen as bars
        pictures.marks(axes, [bar[0] for bar in bars], "done", size=4)
    else:
        axes.add_collection(LineCollection(bars, colors=BLUE, linewidths=3, zorder=3), autolim=False)
        if len(bars) <= 30:
            pictures.marks(axes, [bar[0] for bar in bars], "done", size=6)
    figure = axes.get_figure(root=True)
    figure.text(
        0.115, 0.85, "grey: the reports of web-1, every 10 s; blue: the points that are read",
        size=8.5, color=pictures.QUIET,
    )  # fmt: skip
    if not bars:
        pictures.note(axes, 0.4 * SPAN_S, 40, "this read gives no points", pictures.WRONG, size=11)


def _grid(axes: Any, p: Values, m: Any) -> None:
    """A row for each period, a column for each age: full where points were read, hollow where none were."""
    ages = list(AGES_S)
    axes.set_xlim(0, len(ages))
    rows = {int(period): row for row, period in enumerate(PERIODS)}
    spans = [
        Span(rows[one.period_s], ages.index(one.age) + 0.06, ages.index(one.age) + 0.94, _state(one))
        for one in m.reads
    ]
    pictures.lanes(axes, spans, len(PERIODS), thickness=12)
    pictures.lane_names(axes, range(len(PERIODS)), [human(period_s) for period_s in rows])
    for column, age in enumerate(ages):
        colour = pictures.INK if age == p.age else pictures.QUIET
        axes.text(
            column + 0.5, -0.03, age, transform=axes.get_xaxis_transform(), size=9, color=colour,
            ha="center", va="top",
        )  # fmt: skip
    left, row = ages.index(p.age), rows[m.chosen.period_s]
    corners = [
        (left + 0.02, row - 0.46),
        (left + 0.98, row - 0.46),
        (left + 0.98, row + 0.46),
        (left + 0.02, row + 0.46),
    ]
    frame = LineCollection([[*corners, corners[0]]], colors=pictures.INK, linewidths=1.4, zorder=4)
    axes.add_collection(frame, autolim=False)


def _state(read: Any) -> str:
    return "work" if read.points else "empty"


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    period = human(int(p.read_period_s))
    if s["points"]:
        title = f"After {p.age}, by {period}: {plural(s['points'], 'point')}, highest {p.statistic} {s['highest']:.4g}"
    elif p.dimensions != "both":
        named = "Env alone" if p.dimensions == "one" else "no dimension"
        title = f"A read that names {named} gives nothing: that is another metric"
    elif s["finest_s"]:
        title = f"After {p.age}, by {period}: nothing; the finest that is left is {human(s['finest_s'])}"
    else:
        title = f"After {p.age} nothing is left, by whatever period"
    parts = [
        f"stored by the {p.stored_by}",
        f"read after {p.age}",
        f"period {period}",
        p.statistic,
        {"both": "Env and Host named", "one": "Env named", "none": "no dimension named"}[p.dimensions],
    ]
    return title, " · ".join(parts)


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words: two sentences."""
    s = m.summary
    text = f"{title.replace(': ', ', ', 1)}. {s['readable_periods']} of {len(PERIODS)} periods give points at that age"
    if s["points"]:
        text += f"; the points add up to {s['orders']:,} of {s['written_orders']:,} orders"
    return f"{text}."
