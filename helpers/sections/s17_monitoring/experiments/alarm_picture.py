"""The picture of the alarm experiment: data points over a threshold, the states of the alarm, its messages."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span, human
from helpers.sections.s17_monitoring.experiments.alarm import (
    FALL,
    RISE,
    THRESHOLD,
    needed,
    periods,
    seconds,
)
from helpers.sections.s17_monitoring.experiments.reading import ALARM, NO_DATA, OK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOOK = {OK: "calm", ALARM: "again", NO_DATA: "wait"}
LANES = ("points", "state", "messages")


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    figure.clear()
    figure.set_facecolor(pictures.BACKGROUND)
    upper = pictures.panel(figure, 0.115, 0.41, 0.975, 0.855)
    lower = pictures.panel(figure, 0.115, 0.075, 0.975, 0.375)
    for axes in (upper, lower):
        pictures.time_axis(axes, m.end_s, labels=axes is lower)
    _points(upper, p, m)
    _states(lower, p, m)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _points(axes: Any, p: Values, m: Any) -> None:
    """Each data point at the middle of its period, over the threshold or not."""
    pictures.level(axes, 100, "processor load, %")
    half_s = seconds(p) / 2
    places = [(point.start_s + half_s, point.value) for point in m.points]
    pictures.links(axes, list(pairwise(places)), "#c4c8cc")
    breaching = [place for place in places if place[1] > THRESHOLD]
    pictures.marks(axes, [place for place in places if place[1] <= THRESHOLD], "done", size=6)
    pictures.marks(axes, breaching, "order", size=8)
    if breaching:
        first_s, value = breaching[0]
        side = "left" if first_s > 0.12 * m.end_s else "right"
        pictures.note(axes, first_s, value + 9, "breaching", pictures.WRONG, side=side, size=8)
    pictures.limit_line(axes, THRESHOLD, "threshold 80 %")
    if p.signal == "stop":
        axes.axvspan(RISE * seconds(p), m.end_s, color="#fbf1e6", linewidth=0, zorder=0.2)
        pictures.note(axes, (RISE + 1) * seconds(p), 50, "the host is silent", pictures.WRONG)
    elif p.signal != "spike":
        axes.axvspan(RISE * seconds(p), FALL * seconds(p), color="#fbf1e6", linewidth=0, zorder=0.2)


def _states(axes: Any, p: Values, m: Any) -> None:
    """A lane for the points, one for the states, one for the messages."""
    there = {round(point.start_s / seconds(p)): point.value > THRESHOLD for point in m.points}
    spans = []
    for place in range(periods(p)):
        state = {None: "hidden", True: "again", False: "calm"}[there.get(place)]
        spans.append(Span(0, (place + 0.08) * seconds(p), (place + 0.92) * seconds(p), state))
    spans += [Span(1, one.start_s, one.end_s, LOOK[one.state]) for one in m.states]
    full = pictures.lanes(axes, spans, len(LANES), thickness=15)
    pictures.lane_names(axes, range(len(LANES)), LANES)
    for kind, chosen in (("crash", [ALARM]), ("done", [OK]), ("gone", [NO_DATA])):
        pictures.marks(axes, [(at_s, 2) for at_s, state in m.messages if state in chosen], kind, size=8)
    for one in m.states:
        wide = (one.end_s - one.start_s) / m.end_s
        if wide > 0.012 * len(one.state) + 0.01:
            colour = pictures.WRONG if one.state == ALARM else pictures.INK
            middle_s = (one.start_s + one.end_s) / 2
            axes.annotate(
                one.state, (middle_s, 1), (0, full / 2 + 2), textcoords="offset points", size=8.5,
                color=colour, ha="center", va="bottom",
            )  # fmt: skip
    nexts = [at_s for at_s, _ in m.messages[1:]] + [2 * m.end_s]
    for (at_s, state), next_s in zip(m.messages, nexts, strict=True):
        if next_s - at_s > (0.012 * len(state) + 0.012) * m.end_s:
            pictures.beside(axes, at_s, 2, state, pictures.QUIET, size=8)
    missing = periods(p) - len(m.points)
    if missing:
        said = f"grey: no data point ({missing} of {periods(p)} periods)"
        axes.text(
            0.99, 0.985, said, transform=axes.transAxes, size=8, color=pictures.QUIET, ha="right", va="top"
        )


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    if p.signal == "stop":
        title = f"The host falls silent, and the alarm ends in {s['last_state']}"
    elif not s["alarms"]:
        title = f"{plural(s['breaching'], 'point')} breach, and the alarm stays silent".replace(
            "1 point breach,", "1 point breaches,"
        )
    elif s["alarms"] == 1 and s["detect_s"] > 0:
        title = f"In ALARM {human(s['detect_s'])} after the rise, for {human(s['in_alarm_s'])}: {_told(s)}"
    else:
        title = f"In ALARM {s['alarms']} times, for {human(s['in_alarm_s'])} in all: {_told(s)}"
    parts = [
        f"period {human(seconds(p))}",
        f"{needed(p)} of {plural(p.evaluation_periods, 'point')} must breach",
        f"missing data: {p.treat_missing}",
        f"load: {p.signal}",
        f"stored by the {p.stored_by}",
    ]
    return title, " · ".join(parts)


def _told(s: Any) -> str:
    return plural(s["messages"], "message")


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words: two sentences."""
    s = m.summary
    missing = periods(p) - s["points"]
    text = f"{title}. Of {plural(s['points'], 'data point')} {s['breaching']} breach"
    text += f", and {plural(missing, 'period')} have none" if missing else ""
    return f"{text}; the last state is {s['last_state']}."
