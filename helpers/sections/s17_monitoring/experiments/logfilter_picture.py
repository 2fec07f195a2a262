"""The picture of the log filter: matching lines and data points a minute; log, metric and alarm as lanes below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span
from helpers.sections.s17_monitoring.experiments.logfilter import MINUTE_S, MINUTES, PATTERNS, THRESHOLD
from helpers.sections.s17_monitoring.experiments.reading import ALARM, NO_DATA, OK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOOK = {OK: "calm", ALARM: "again", NO_DATA: "wait"}
LANES = ("log", "metric", "alarm")


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    figure.clear()
    figure.set_facecolor(pictures.BACKGROUND)
    upper = pictures.panel(figure, 0.115, 0.41, 0.975, 0.855)
    lower = pictures.panel(figure, 0.115, 0.075, 0.975, 0.375)
    for axes in (upper, lower):
        pictures.time_axis(axes, MINUTES * MINUTE_S, labels=axes is lower, most=4)
    _counts(upper, p, m)
    _lanes(lower, p, m)
    made_s = p.filter_made_at_min * MINUTE_S
    if made_s:
        for axes in (upper, lower):
            axes.axvspan(0, made_s, color="#f1f2f4", linewidth=0, zorder=0.2)
            pictures.limit_line(
                axes, made_s, "filter made here" if axes is upper else "", pictures.QUIET,
                across=False, at=0.93,
            )  # fmt: skip
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _counts(axes: Any, p: Values, m: Any) -> None:
    """A bar of matching lines for each minute, and a ring at the value of its data point."""
    most = max(THRESHOLD + 1, *(one.matching for one in m.minutes))
    pictures.level(axes, most, "a minute")
    for counted, colour in ((True, "#0072B2"), (False, "#9aa0a6")):
        chosen = [
            (minute, one)
            for minute, one in enumerate(m.minutes)
            if one.matching and (one.value is not None) is counted
        ]
        axes.vlines(
            [(minute + 0.5) * MINUTE_S for minute, _ in chosen],
            0,
            [one.matching for _, one in chosen],
            colors=colour,
            alpha=0.55,
            linewidth=20,
            zorder=2,
        )
    rings = [
        ((minute + 0.5) * MINUTE_S, one.value)
        for minute, one in enumerate(m.minutes)
        if one.value is not None
    ]
    pictures.marks(axes, rings, "done", size=7)
    pictures.limit_line(axes, THRESHOLD, f"alarm above {THRESHOLD}")
    said = "bars: matching lines; rings: data points"
    if any(one.matching and one.value is None for one in m.minutes):
        said += "; grey: not counted"
    axes.get_figure(root=True).text(0.115, 0.867, said, size=8.5, color=pictures.QUIET, va="center")


def _lanes(axes: Any, p: Values, m: Any) -> None:
    """A lane for the log, one for the metric, one for the alarm."""
    spans = []
    for minute, one in enumerate(m.minutes):
        start_s, end_s = (minute + 0.06) * MINUTE_S, (minute + 0.94) * MINUTE_S
        spans.append(Span(0, start_s, end_s, "calm" if one.lines else "hidden"))
        if minute >= p.filter_made_at_min:
            state = "hidden" if one.value is None else "work" if one.value else "empty"
            spans.append(Span(1, start_s, end_s, state))
    spans += [Span(2, one.start_s, one.end_s, LOOK[one.state]) for one in m.states]
    full = pictures.lanes(axes, spans, len(LANES), thickness=14)
    pictures.lane_names(axes, range(len(LANES)), LANES)
    above = {"textcoords": "offset points", "size": 8, "ha": "center", "va": "bottom"}
    _name(axes, p, m, full)
    for one in m.states:
        if (one.end_s - one.start_s) / (MINUTES * MINUTE_S) > 0.011 * len(one.state) + 0.005:
            colour = pictures.WRONG if one.state == ALARM else pictures.INK
            middle_s = (one.start_s + one.end_s) / 2
            axes.annotate(one.state, (middle_s, 2), (0, full / 2 + 1), color=colour, **above)


def _name(axes: Any, p: Values, m: Any, full: float) -> None:
    """What the first minute of each kind in the lane of the metric holds, and where the log is silent."""
    above: dict[str, Any] = {
        "textcoords": "offset points",
        "size": 8,
        "va": "bottom",
        "color": pictures.QUIET,
    }
    kinds = {None: "no data point", 0: "0", 1: "counted"}
    end = -1
    for minute, one in enumerate(m.minutes):
        kind = one.value if not one.value else 1
        if minute >= max(end, p.filter_made_at_min) and kind in kinds:
            said = kinds.pop(kind)
            axes.annotate(said, ((minute + 0.1) * MINUTE_S, 1), (0, full / 2 + 1), ha="left", **above)
            end = minute + 1 + len(said) // 4
    silent = [minute for minute, one in enumerate(m.minutes) if not one.lines]
    if silent:
        middle_s = (silent[0] + silent[-1] + 1) / 2 * MINUTE_S
        axes.annotate("no lines", (middle_s, 0), (0, full / 2), ha="center", **above)


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    missed = s["matching"] - s["counted"]
    alarm = _alarm(s)
    if not s["matching"]:
        title = f"No line of {s['lines']:,} matched: {plural(s['points'], 'data point')}, and no alarm"
    elif missed:
        came = "line had come" if missed == 1 else "lines had come"
        title = f"{missed:,} of {s['matching']:,} matching {came} before the filter: not counted; {alarm}"
    else:
        title = f"{plural(s['matching'], 'line')} matched, all counted, in {plural(s['points'], 'data point')}; {alarm}"
    parts = [
        f"pattern {PATTERNS[p.pattern]}",
        f"{p.lines_per_min} lines a minute",
        f"{p.error_percent:g} % fail",
        f"filter made in minute {p.filter_made_at_min}",
        f"default value: {p.default_value}",
    ]
    return title, " · ".join(parts)


def _alarm(s: Any) -> str:
    """How the alarm fared."""
    if not s["alarms"]:
        return "no alarm"
    return f"{plural(s['alarms'], 'alarm')}"


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words: two sentences."""
    s = m.summary
    text = f"{title}. {s['points']} of {MINUTES} minutes have a data point, {s['zero_points']} of them 0"
    return f"{text}; of {s['lines']:,} lines {s['failed']:,} were failed requests."
