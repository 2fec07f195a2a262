"""The grammar of the course's pictures: lanes of bars over a time axis, steps below, the finding as title.

Time runs left to right. A lane is an actor, a message or a message group; each attempt, wait or failure in it is a
bar (a `Span`) whose state has its own colour and its own texture, so that no reader depends on colour alone. What
went wrong stands out, what went right recedes. Everything is drawn with a few line collections, which keeps a picture
of some hundred bars within tens of milliseconds.

Every function draws on what it is given and keeps nothing. Times are seconds of virtual time. What is drawn carries
its name in matplotlib's own places (an artist's label, an axis's label, and a gid for the words along an axis), which
show nowhere in the picture: `figure_table` reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import ScaledTranslation, Transform

WIDTH_IN = 9.0
HEIGHT_IN = 5.6
DPI = 100

PALETTE: Mapping[str, str] = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "purple": "#CC79A7",
}
"""Okabe and Ito's colours, which readers with any colour vision can tell apart."""

BACKGROUND = "#ffffff"
INK = "#222222"
QUIET = "#5f6368"
FAINT = "#e3e5e8"
WRONG = "#B24A00"
"""Vermillion, darkened for text: 5 to 1 against the background."""


@dataclass(frozen=True)
class Look:
    """How a state is drawn: `width` is a share of the bar's full height, `core` a second line on top of the bar."""

    colour: str
    width: float = 1.0
    dashes: tuple[float, float] | None = None
    core: str | None = None
    core_width: float = 0.0
    core_dashes: tuple[float, float] | None = None


STATES: Mapping[str, Look] = {
    "work": Look("#0072B2"),
    "calm": Look("#9CC5DF"),
    "late": Look("#0072B2", core="#ffffff", core_width=0.55, core_dashes=(1.2, 1.2)),
    "again": Look("#D55E00", core="#ffffff", core_width=0.22),
    "failed": Look("#E69F00", core="#222222", core_width=0.5, core_dashes=(0.35, 0.8)),
    "hidden": Look("#8a8f94", width=0.28),
    "wait": Look("#9aa0a6", width=0.24, dashes=(0.8, 0.8)),
    "poll": Look("#56B4E9", width=0.55),
    "empty": Look("#b9bdc2", width=0.55, core="#ffffff", core_width=0.28),
    "throttled": Look("#CC79A7", core="#ffffff", core_width=0.45, core_dashes=(0.5, 0.5)),
    "starting": Look("#F0E442", core="#222222", core_width=0.28, core_dashes=(0.3, 1.2)),
    "stored": Look("#009E73", width=0.7),
}
"""Colour and texture of each state, the same in every section.

work: an attempt that ends well. calm: the same, where there is nothing to see. late: work that goes on after
the message became visible to others. again: work on something that was or is being done elsewhere. failed: an
attempt that ended in an error or a crash. hidden: held back (visibility timeout, delay). wait: available,
nobody takes it. poll: a receive call that brings something. empty: one that does not. throttled: refused for
now. starting: boot, cold start. stored: kept (a dead letter, a record).
"""


WORDS: Mapping[str, str] = {
    "work": "work",
    "calm": "work",
    "late": "work, visible to others again",
    "again": "done again",
    "failed": "failed",
    "hidden": "held back",
    "wait": "waiting",
    "poll": "receive, brought something",
    "empty": "receive, empty",
    "throttled": "throttled",
    "starting": "starting",
    "stored": "kept",
}
"""Each state of STATES in words, for a reader who does not see it."""

MARKS: Mapping[str, str] = {
    "done": "done",
    "again": "done again",
    "crash": "crash",
    "expired": "expired",
    "gone": "gone",
    "order": "out of order",
    "stored": "stored",
    "astray": "went astray",
    "sent": "sent",
}
"""Each kind of `marks` in words."""

TICK, LANE, TITLE = "tick", "lane", "title"
"""The gid of words under an axis, of a lane's name, and of the headline."""


class Span(NamedTuple):
    """One bar: on lane `lane` (0 is the top one), from `start` to `end` seconds, in a state of STATES."""

    lane: float
    start: float
    end: float
    state: str


def human(seconds: float) -> str:
    """A span of time as people say it: 90 s, 2.5 min, 2 h, 1 day. At most two significant decimals."""
    size = abs(seconds)
    if size < 1 and size:
        return f"{seconds:.2f}".rstrip("0").rstrip(".") + " s"
    for limit, unit, name in ((120, 1, "s"), (7_200, 60, "min"), (86_400, 3_600, "h")):
        if size < limit - 0.005 * unit:
            return f"{_short(seconds / unit)} {name}"
    days = _short(seconds / 86_400)
    return f"{days} day" if days == "1" else f"{days} days"


def _short(value: float) -> str:
    if abs(value - round(value)) < 0.05 or abs(value) >= 100:
        return f"{round(value):,}"
    return f"{value:.1f}"


_STEPS = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200,
    86_400, 172_800, 432_000, 604_800,
)  # fmt: skip


def tick_step(length_s: float, most: int = 8) -> float:
    """The distance between ticks, in seconds, that people count in, with at most `most` of them over `length_s`."""
    for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, *_STEPS):
        if length_s / step <= most:
            return step
    return ceil(length_s / most / 604_800) * 604_800


def layout(
    figure: Figure, below: bool = True, left: float = 0.115, share: float = 0.25, gap: float = 0.035
) -> tuple[Axes, Axes | None]:
    """Clear the figure and lay out lanes above and, with `below`, steps under them on `share` of the height.

    `gap` is the space between them as a share of the figure.
    """
    figure.clear()
    figure.set_facecolor(BACKGROUND)
    bottom, top, right = 0.075, 0.855, 0.975
    if not below:
        return panel(figure, left, bottom, right, top), None
    height = (top - bottom) * share
    upper = panel(figure, left, bottom + height + gap, right, top)
    return upper, panel(figure, left, bottom, right, bottom + height)


def panel(figure: Figure, left: float, bottom: float, right: float, top: float) -> Axes:
    """A place to draw on, between shares of the figure's width and height, with a base line and nothing else.

    Matplotlib's own ticks and frames take longer than all the rest: they are off, and drawn here as lines and words.
    """
    axes = figure.add_axes((left, bottom, right - left, top - bottom))
    axes.set_axis_off()
    axes.set_autoscale_on(False)
    base = LineCollection(
        [((0, 0), (1, 0))], colors="#9aa0a6", linewidths=0.8, transform=axes.transAxes, zorder=1.5
    )
    base.set_clip_on(False)
    axes.add_collection(base, autolim=False)
    return axes


def headline(figure: Figure, title: str, subtitle: str) -> None:
    """The finding as title, the values as second line; a long one is set smaller rather than cut."""
    size = min(15.0, 15.0 * 68 / max(1, len(title)))
    figure.text(0.025, 0.952, title, size=size, weight="bold", color=INK, va="center", gid=TITLE)
    size = min(9.5, 9.5 * 128 / max(1, len(subtitle)))
    figure.text(0.025, 0.905, subtitle, size=size, color=QUIET, va="center")


TIME = "Virtual time"
"""The label of a time axis."""


def time_axis(axes: Axes, end_s: float, start_s: float = 0.0, labels: bool = True, most: int = 8) -> None:
    """A time axis from `start_s` to `end_s`, labelled 0, 30 s, 60 s, 90 s, 2 min and so on, with faint lines up."""
    length = max(end_s - start_s, 0.01)
    ticks = _multiples(tick_step(length, most), start_s, end_s)
    axes.set_xlim(start_s - 0.004 * length, end_s + 0.012 * length)
    axes.set_xlabel(TIME)
    _ticks(axes, ticks, [human(t) if t else "0" for t in ticks] if labels else ())


def number_axis(
    axes: Axes, start: float, end: float, unit: str, most: int = 8, step: float | None = None
) -> None:
    """An axis of another quantity than time, such as a size: the unit stands after the last label.

    There is a label every `step`, or else so often that there are about `most` of them.
    """
    length = end - start
    step = step or next(step for step in _ROUND if length / step <= most)
    ticks = _multiples(step, start, end)
    axes.set_xlim(start - 0.004 * length, end + 0.012 * length)
    axes.set_xlabel(unit)
    _ticks(axes, ticks, [f"{t:,g}" for t in ticks[:-1]] + [f"{ticks[-1]:,g} {unit}"])


_ROUND = tuple(step * 10.0**power for power in range(-2, 9) for step in (1, 2, 5))


def _multiples(step: float, start: float, end: float) -> list[float]:
    first, last = ceil(start / step - 1e-9), floor(end / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def _ticks(axes: Axes, ticks: Sequence[float], names: Sequence[str]) -> None:
    """Faint lines up at the ticks, and under each its name."""
    along = axes.get_xaxis_transform()
    grid = LineCollection(
        [((t, 0), (t, 1)) for t in ticks], colors=FAINT, linewidths=0.8, transform=along, zorder=0.5
    )
    axes.add_collection(grid, autolim=False)
    if names:
        under = along + _shift(axes, 0, -4)
        for t, name in zip(ticks, names, strict=True):
            axes.text(t, 0, name, size=9, color=QUIET, ha="center", va="top", transform=under, gid=TICK)


def _shift(axes: Axes, across: float, up: float) -> Transform:
    """A move by points."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    return ScaledTranslation(across / 72, up / 72, figure.dpi_scale_trans)


def lane_points(axes: Axes, number: float) -> float:
    """The height of one of `number` lanes on these axes, in points."""
    box = axes.get_position()
    figure = axes.get_figure(root=True)
    assert figure is not None
    return float(box.height * figure.get_figheight() * 72 / max(1.0, number))


def lanes(axes: Axes, spans: Iterable[Span], number: float, thickness: float | None = None) -> float:
    """Draw bars on `number` lanes, the first on top. Returns the thickness of a full bar in points.

    Later states lie on top of earlier ones in the order of STATES, so that trouble is never covered.
    """
    axes.set_ylim(number - 0.5, -0.5)
    full = thickness or min(11.0, max(1.6, 0.62 * lane_points(axes, number)))
    by_state: dict[str, list[tuple[tuple[float, float], tuple[float, float]]]] = {}
    for lane, start, end, state in spans:
        by_state.setdefault(state, []).append(((start, lane), (end, lane)))
    order = list(STATES)
    for state in sorted(by_state, key=order.index):
        look = STATES[state]
        depth = 2 + 0.02 * _HEIGHT[state]
        segments = by_state[state]
        _segments(axes, segments, look.colour, full * look.width, look.dashes, depth, WORDS[state])
        if look.core is not None and full >= 3:
            _segments(axes, segments, look.core, full * look.core_width, look.core_dashes, depth + 0.01)
    return full


UNREAD = "_"
"""The label of what repeats something else that is drawn, such as the texture on a bar."""

_HEIGHT = {
    "wait": 0, "hidden": 1, "empty": 2, "poll": 3, "stored": 4, "calm": 5, "work": 6, "late": 7, "starting": 8,
    "throttled": 9, "again": 10, "failed": 11,
}  # fmt: skip


def _segments(
    axes: Axes,
    segments: Sequence[tuple[tuple[float, float], tuple[float, float]]],
    colour: str,
    width: float,
    dashes: tuple[float, float] | None,
    depth: float,
    name: str | None = None,
) -> None:
    style: Any = "solid" if dashes is None else (0, dashes)
    lines = LineCollection(segments, colors=colour, linewidths=width, linestyles=[style], zorder=depth)
    lines.set_label(name or UNREAD)
    lines.set_capstyle("butt")
    axes.add_collection(lines, autolim=False)


def marks(axes: Axes, points: Sequence[tuple[float, float]], kind: str, size: float = 4.0) -> None:
    """Mark (time, lane) points: "done" a ring, "crash" a cross, "expired" a tick, "gone" a dot, "order" a triangle,
    "stored" and "astray" a green and a red square.
    """
    if not points:
        return
    marker, face, edge, thick = {
        "done": ("o", BACKGROUND, "#0072B2", 1.0),
        "again": ("o", BACKGROUND, "#D55E00", 1.0),
        "crash": ("X", "#222222", BACKGROUND, 0.6),
        "expired": ("|", "#222222", "#222222", 1.6),
        "gone": ("o", "#222222", "#222222", 0.0),
        "order": ("v", "#D55E00", BACKGROUND, 0.5),
        "stored": ("s", "#009E73", BACKGROUND, 0.5),
        "astray": ("s", "#D55E00", BACKGROUND, 0.5),
        "sent": (".", "#9aa0a6", "#9aa0a6", 0.0),
    }[kind]
    times, places = zip(*points, strict=True)
    axes.add_line(
        Line2D(
            times,
            places,
            marker=marker,
            markersize=size,
            markerfacecolor=face,
            markeredgecolor=edge,
            markeredgewidth=thick,
            linestyle="none",
            zorder=3.5,
            clip_on=False,
            label=MARKS[kind],
        )
    )


def links(axes: Axes, pairs: Sequence[tuple[tuple[float, float], tuple[float, float]]], colour: str) -> None:
    """Thin lines between pairs of (time, lane) points: what one of them did to the other."""
    lines = LineCollection(pairs, colors=colour, linewidths=1.0, linestyles=[(0, (2, 1.5))], zorder=1.9)
    lines.set_label("link")
    axes.add_collection(lines, autolim=False)


def lane_names(axes: Axes, places: Sequence[float], names: Sequence[str], colour: str = INK) -> None:
    """Names of lanes on the left."""
    beside_it = axes.get_yaxis_transform() + _shift(axes, -5, 0)
    for place, name in zip(places, names, strict=True):
        axes.text(
            0, place, name, size=9, color=colour, ha="right", va="center", transform=beside_it, gid=LANE
        )


def some_lanes(number: int, word: str, first: int = 1, most: int = 7) -> tuple[list[float], list[str]]:
    """Places and names for a few of `number` numbered lanes: "message 1", then "5", "9" and the last."""
    step = max(1, ceil(number / most))
    places = [float(place) for place in range(0, number, step)]
    if number - 1 - places[-1] >= 0.6 * step:
        places.append(float(number - 1))
    return places, [
        f"{word} {first + int(p)}" if not i else str(first + int(p)) for i, p in enumerate(places)
    ]


def note(
    axes: Axes,
    time_s: float,
    place: float,
    words: str,
    colour: str = INK,
    *,
    side: str = "right",
    size: float = 8.5,
) -> Text:
    """Words beside a thing: `side` says where they stand, seen from the point ("right", "left", "above", "below")."""
    shift, across, up = {
        "right": ((6, 0), "left", "center"),
        "left": ((-6, 0), "right", "center"),
        "above": ((0, 5), "left", "bottom"),
        "below": ((0, -5), "left", "top"),
        "over": ((0, 0), "center", "center"),
    }[side]
    return axes.text(
        time_s,
        place,
        words,
        ha=across,
        va=up,
        size=size,
        color=colour,
        transform=axes.transData + _shift(axes, *shift),
        bbox={"facecolor": BACKGROUND, "edgecolor": "none", "alpha": 0.82, "pad": 0.8}
        if side != "over"
        else None,
        zorder=4,
    )


def beside(
    axes: Axes,
    time_s: float,
    place: float,
    words: str,
    colour: str = INK,
    size: float = 8.5,
    else_s: float | None = None,
) -> Text:
    """A note to the right of a point or, where it would leave the picture, to the left of it (or of the time
    `else_s`).
    """
    left, right = axes.get_xlim()
    share = (time_s - left) / (right - left)
    room = (1 - share) * axes.get_position().width * WIDTH_IN * 72
    if room > 0.56 * size * len(words):
        return note(axes, time_s, place, words, colour, side="right", size=size)
    return note(axes, time_s if else_s is None else else_s, place, words, colour, side="left", size=size)


def over_end(
    axes: Axes, time_s: float, value: float, words: str, colour: str = INK, *, under: bool = False
) -> Text:
    """The name of a curve over (or under) its last point, ending there."""
    return axes.text(
        time_s,
        value,
        words,
        size=8.5,
        color=colour,
        ha="right",
        va="top" if under else "bottom",
        transform=axes.transData + _shift(axes, -2, -5 if under else 4),
        zorder=4,
    )


def limit_line(
    axes: Axes, value: float, name: str, colour: str = INK, *, across: bool = True, at: float | None = None
) -> None:
    """A limit in play as a dashed line with its name: across (a level) or upright (a moment).

    `at` is where the name stands, as a share of the line's length from the left or from the bottom.
    """
    where = (0.995 if across else 0.02) if at is None else at
    if across:
        along, ends = axes.get_yaxis_transform(), ((0.0, value), (1.0, value))
        place, shift, align = (where, value), (0.0, 2.0), ("right" if where > 0.5 else "left", "bottom")
    else:
        along, ends = axes.get_xaxis_transform(), ((value, 0.0), (value, 1.0))
        place, shift, align = (value, where), (4.0, 0.0), ("left", "center")
    line = LineCollection(
        [ends], colors=colour, linewidths=1.0, linestyles=[(0, (4, 3))], transform=along, zorder=3
    )
    line.set_label(name)
    axes.add_collection(line, autolim=False)
    axes.text(
        *place,
        name,
        ha=align[0],
        va=align[1],
        size=8.5,
        color=colour,
        transform=along + _shift(axes, *shift),
        bbox={"facecolor": BACKGROUND, "edgecolor": "none", "alpha": 0.82, "pad": 0.8},
        zorder=4,
    )


def steps(
    axes: Axes,
    times: Sequence[float],
    values: Sequence[float],
    name: str = "",
    colour: str = "#0072B2",
    *,
    fill: bool = False,
    width: float = 1.5,
    at: tuple[float, float] | None = None,
    dashes: tuple[float, float] | None = None,
) -> None:
    """A quantity that changes in steps, named where it is: at `at` (shares of the axes) or above its highest point."""
    style: Any = "solid" if dashes is None else (0, dashes)
    axes.add_line(
        Line2D(
            times,
            values,
            drawstyle="steps-post",
            color=colour,
            linewidth=width,
            linestyle=style,
            zorder=2.5,
            label=name or None,
        )
    )
    if fill:
        axes.fill_between(times, values, step="post", color=colour, alpha=0.16, linewidth=0, zorder=2)
    if not name or not len(values):
        return
    if at is not None:
        axes.text(*at, name, transform=axes.transAxes, size=8.5, color=colour, va="center", zorder=4)
        return
    top = max(range(len(values)), key=lambda i: values[i])
    note(axes, times[top], values[top], name, colour, side="above")


def level(axes: Axes, top: float, unit: str) -> None:
    """The upright axis of step quantities: from 0 to a little over `top`, three ticks, its unit as a word on top."""
    top = max(1.0, top)
    for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000):
        if top / step <= 3.2:
            break
    axes.set_ylim(0, top * 1.32)
    axes.set_ylabel(unit)
    ticks = range(0, int(top * 1.2) + 1, step)
    lane_names(axes, ticks, [f"{tick:,}" for tick in ticks], QUIET)
    figure = axes.get_figure(root=True)
    assert figure is not None
    box = axes.get_position()
    longest = max(len(f"{tick:,}") for tick in ticks)
    figure.text(
        box.x0 - 0.021 - 0.0095 * longest,
        (box.y0 + box.y1) / 2,
        unit,
        size=9,
        color=QUIET,
        rotation=90,
        ha="center",
        va="center",
    )


def change_points(changes: Iterable[tuple[float, int]], end_s: float) -> tuple[list[float], list[float]]:
    """Times and values of a running sum of (time, change), from 0 to `end_s`; changes at one instant are one step."""
    times, values = [0.0], [0.0]
    total = 0
    for time_s, change in sorted(changes):
        total += change
        if times[-1] == time_s:
            values[-1] = total
        else:
            times.append(time_s)
            values.append(total)
    if times[-1] < end_s:
        times.append(end_s)
        values.append(values[-1])
    return times, values


def thin(times: Sequence[float], values: Sequence[float], most: int = 400) -> tuple[list[float], list[float]]:
    """A long step series for drawing: at most about `most` buckets, each keeping its highest value and its last."""
    if len(times) <= 2 * most:
        return list(times), list(values)
    width = (times[-1] - times[0]) / most or 1.0
    kept: dict[int, tuple[int, int]] = {}
    for i, time_s in enumerate(times):
        place = int((time_s - times[0]) / width)
        high, _ = kept.get(place, (i, i))
        kept[place] = (i if values[i] > values[high] else high, i)
    chosen = sorted({i for pair in kept.values() for i in pair})
    return [times[i] for i in chosen], [values[i] for i in chosen]


def stretch(flags: Sequence[bool], room: int) -> range:
    """The `room` neighbouring lanes worth drawing: those with most flags, the first such stretch on a tie."""
    number = len(flags)
    if number <= room:
        return range(number)
    count = sum(flags[:room])
    best, best_count = 0, count
    for first in range(1, number - room + 1):
        count += flags[first + room - 1] - flags[first - 1]
        if count > best_count:
            best, best_count = first, count
    return range(best, best + room)


def overview(figure: Figure, flags: Sequence[bool], shown: range, words: str, left: float = 0.115) -> None:
    """A strip over the lanes with a tick per lane of the whole run, flagged ones standing out, `shown` framed."""
    axes = figure.add_axes((left, 0.862, 0.975 - left, 0.018))
    axes.set_axis_off()
    number = len(flags)
    axes.set_xlim(-0.5, number - 0.5)
    axes.set_ylim(0, 1)
    axes.axvspan(shown.start - 0.5, shown.stop - 0.5, color="#dfe7ee", linewidth=0)
    wide = max(0.8, 0.5 * 0.86 * WIDTH_IN * 72 / number)
    for flag, colour, low in ((False, "#9CC5DF", 0.35), (True, "#D55E00", 0.0)):
        segments = [((i, low), (i, 1.0)) for i, f in enumerate(flags) if bool(f) is flag]
        if segments:
            axes.add_collection(LineCollection(segments, colors=colour, linewidths=wide), autolim=False)
    figure.text(left - 0.008, 0.871, words, size=8, color=QUIET, ha="right", va="center")
