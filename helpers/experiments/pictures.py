"""The grammar of the course's pictures: lanes of bars over a time axis, steps below, the finding as title.

Time runs left to right. A lane is an actor, a message or a message group; each attempt, wait or failure in it is a
bar (a `Span`) whose state has its own colour and its own texture, so that no reader depends on colour alone. What
went wrong stands out, what went right recedes. Everything is drawn with a few line collections, which keeps a picture
of some hundred bars within tens of milliseconds.

Every function draws on what it is given and keeps nothing. Times are seconds of virtual time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

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

work: an attempt that ends well. calm: the same, where there is nothing to see. late: work that goes on after the message became
visible to others. again: work on something that was or is being done elsewhere. failed: an attempt that ended in an
error or a crash. hidden: held back (visibility timeout, delay). wait: available, nobody takes it. poll: a receive
call that brings something. empty: one that does not. throttled: refused for now. starting: boot, cold start.
stored: kept (a dead letter, a record).
"""


class Span(NamedTuple):
    """One bar: on lane `lane` (0 is the top one), from `start` to `end` seconds, in a state of STATES."""

    lane: float
    start: float
    end: float
    state: str


def human(seconds: float) -> str:
    """A span of time as people say it: 90 s, 2.5 min, 2 h, 3 days. At most two significant decimals."""
    size = abs(seconds)
    if size < 1 and size:
        return f"{seconds:.2f}".rstrip("0").rstrip(".") + " s"
    for limit, unit, name in ((120, 1, "s"), (7_200, 60, "min"), (172_800, 3_600, "h")):
        if size < limit - 0.005 * unit:
            return f"{_short(seconds / unit)} {name}"
    return f"{_short(seconds / 86_400)} days"


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
    figure: Figure, below: bool = True, left: float = 0.115, share: float = 0.25
) -> tuple[Axes, Axes | None]:
    """Clear the figure and lay out lanes above and, with `below`, steps under them; `share` of the height is theirs."""
    figure.clear()
    figure.set_facecolor(BACKGROUND)
    bottom, top, right = 0.075, 0.855, 0.975
    if not below:
        axes = figure.add_axes((left, bottom, right - left, top - bottom))
        _plain(axes)
        return axes, None
    gap = 0.035
    height = (top - bottom) * share
    upper = figure.add_axes((left, bottom + height + gap, right - left, top - bottom - height - gap))
    lower = figure.add_axes((left, bottom, right - left, height))
    for axes in (upper, lower):
        _plain(axes)
    upper.tick_params(labelbottom=False)
    return upper, lower


def _plain(axes: Axes) -> None:
    axes.set_facecolor(BACKGROUND)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#9aa0a6")
    axes.tick_params(length=0, labelsize=9, colors=QUIET, pad=4)


def headline(figure: Figure, title: str, subtitle: str) -> None:
    """The finding as title, the values as second line; a long one is set smaller rather than cut."""
    size = min(15.0, 15.0 * 68 / max(1, len(title)))
    figure.text(0.025, 0.952, title, size=size, weight="bold", color=INK, va="center")
    size = min(9.5, 9.5 * 128 / max(1, len(subtitle)))
    figure.text(0.025, 0.905, subtitle, size=size, color=QUIET, va="center")


def time_axis(axes: Axes, end_s: float, start_s: float = 0.0, labels: bool = True, most: int = 8) -> None:
    """A time axis from `start_s` to `end_s`, labelled 0, 30 s, 60 s, 90 s, 2 min and so on, with faint lines up."""
    length = max(end_s - start_s, 0.01)
    step = tick_step(length, most)
    first = ceil(start_s / step - 1e-9)
    ticks = []
    while first * step <= end_s + 1e-9:
        ticks.append(first * step)
        first += 1
    axes.set_xlim(start_s - 0.004 * length, end_s + 0.012 * length)
    axes.set_xticks(ticks, [human(t) if t else "0" for t in ticks] if labels else [""] * len(ticks))
    axes.grid(axis="x", color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)


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
        _segments(axes, segments, look.colour, full * look.width, look.dashes, depth)
        if look.core is not None and full >= 3:
            _segments(axes, segments, look.core, full * look.core_width, look.core_dashes, depth + 0.01)
    return full


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
) -> None:
    style: object = "solid" if dashes is None else (0, dashes)
    lines = LineCollection(segments, colors=colour, linewidths=width, linestyles=[style], zorder=depth)  # type: ignore[list-item]
    lines.set_capstyle("butt")
    axes.add_collection(lines, autolim=False)


def marks(axes: Axes, points: Sequence[tuple[float, float]], kind: str, size: float = 4.0) -> None:
    """Mark (time, lane) points: "done" a ring, "crash" a cross, "expired" a tick, "gone" a filled dot, "order" a triangle."""
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
        "sent": (".", "#9aa0a6", "#9aa0a6", 0.0),
    }[kind]
    times, places = zip(*points, strict=True)
    axes.plot(
        times, places, marker, markersize=size, markerfacecolor=face, markeredgecolor=edge, markeredgewidth=thick,
        linestyle="none", zorder=3.5, clip_on=False,
    )  # fmt: skip


def lane_names(axes: Axes, places: Sequence[float], names: Sequence[str]) -> None:
    """Names of lanes on the left."""
    axes.set_yticks(list(places), list(names))
    axes.tick_params(axis="y", labelsize=9, colors=INK)


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
    return axes.annotate(
        words, (time_s, place), xytext=shift, textcoords="offset points", ha=across, va=up, size=size, color=colour,
        bbox={"facecolor": BACKGROUND, "edgecolor": "none", "alpha": 0.82, "pad": 0.8} if side != "over" else None,
        zorder=4, annotation_clip=False,
    )  # fmt: skip


def beside(
    axes: Axes, time_s: float, place: float, words: str, colour: str = INK, size: float = 8.5, else_s: float | None = None
) -> Text:
    """A note to the right of a point or, where it would leave the picture, to the left of it (or of the time `else_s`)."""
    left, right = axes.get_xlim()
    share = (time_s - left) / (right - left)
    room = (1 - share) * axes.get_position().width * WIDTH_IN * 72
    return note(
        axes,
        time_s,
        place,
        words,
        colour,
        side="right" if room > 0.56 * size * len(words) else "left",
        size=size,
    )


def limit_line(
    axes: Axes, value: float, name: str, colour: str = INK, *, across: bool = True, at: float | None = None
) -> None:
    """A limit in play as a dashed line with its name: across (a level) or upright (a moment).

    `at` is where the name stands, as a share of the line's length from the left or from the bottom.
    """
    if across:
        axes.axhline(value, color=colour, linewidth=1.0, linestyle=(0, (4, 3)), zorder=3)
        where = 0.995 if at is None else at
        axes.annotate(
            name, (where, value), xycoords=("axes fraction", "data"), xytext=(0, 2), textcoords="offset points",
            ha="right" if where > 0.5 else "left", va="bottom", size=8.5, color=colour, zorder=4,
        )  # fmt: skip
        return
    axes.axvline(value, color=colour, linewidth=1.0, linestyle=(0, (4, 3)), zorder=3)
    where = 0.02 if at is None else at
    axes.annotate(
        name, (value, where), xycoords=("data", "axes fraction"), xytext=(4, 0), textcoords="offset points",
        ha="left", va="center", size=8.5, color=colour, zorder=4,
        bbox={"facecolor": BACKGROUND, "edgecolor": "none", "alpha": 0.82, "pad": 0.8},
    )  # fmt: skip


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
    style: object = "solid" if dashes is None else (0, dashes)
    axes.plot(
        times, values, drawstyle="steps-post", color=colour, linewidth=width, linestyle=style, zorder=2.5
    )  # type: ignore[arg-type]
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
    ticks = [t for t in range(0, int(top * 1.2) + 1, step)]
    axes.set_yticks(ticks, [f"{t:,}" for t in ticks])
    axes.set_ylabel(unit, size=9, color=QUIET, labelpad=6)


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
