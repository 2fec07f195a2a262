"""The picture of the events: a lane per event, its attempts at the first target over a logarithmic time."""

from __future__ import annotations

from math import log10
from typing import TYPE_CHECKING, Any

from matplotlib.collections import LineCollection

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span, human
from helpers.sections.s17_monitoring.experiments.events import ORDERS, PATTERNS, QUEUES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TICKS = (0, 1, 10, 60, 600, 3_600, 21_600, 86_400)
END_S = 1.6 * 86_400
ENDS = {
    "done": ("arrived", pictures.INK),
    "stored": ("dead letter", "#00664b"),
    "crash": ("dropped", pictures.WRONG),
}


def place(time_s: float) -> float:
    """Where a time after the sending stands on the axis."""
    return log10(1 + time_s)


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    figure.clear()
    figure.set_facecolor(pictures.BACKGROUND)
    axes = pictures.panel(figure, 0.25, 0.075, 0.8, 0.81)
    _axis(axes)
    for at, said in ((0.25, f"attempts at {QUEUES[0]}, by the time since sending"), (0.815, "attempts, end")):
        figure.text(at, 0.84, said, size=9, color=pictures.QUIET)
    _lanes(axes, p, m)
    if p.problem == "down" and p.down_min:
        axes.axvspan(0, place(60 * p.down_min), color="#fbf1e6", linewidth=0, zorder=0.2)
        pictures.limit_line(axes, place(60 * p.down_min), "", pictures.WRONG, across=False)
        axes.text(
            place(60 * p.down_min), 0.012, f"down until {human(60 * p.down_min)}",
            transform=axes.get_xaxis_transform(), size=8.5, color=pictures.WRONG, ha="right",
        )  # fmt: skip
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _axis(axes: Any) -> None:
    axes.set_xlim(-0.03, place(END_S))
    along = axes.get_xaxis_transform()
    lines = [((place(tick), 0), (place(tick), 1)) for tick in TICKS]
    axes.add_collection(
        LineCollection(lines, colors=pictures.FAINT, linewidths=0.8, transform=along, zorder=0.5),
        autolim=False,
    )
    for tick in TICKS:
        said = human(tick) if tick else "0"
        axes.text(
            place(tick), -0.015, said, transform=along, size=9, color=pictures.QUIET, ha="center", va="top"
        )


def _lanes(axes: Any, p: Values, m: Any) -> None:
    """The attempts of each event, how they end, and in words what became of it."""
    spans: list[Span] = []
    ends: dict[str, list[tuple[float, float]]] = {"done": [], "stored": [], "crash": []}
    failed: list[tuple[float, float]] = []
    for lane, event in enumerate(m.events):
        if not event.caught and not (m.summary["dropped"] and due(p, event)):
            continue
        kind = "done" if event.arrived_s is not None else "stored" if event.dead_s is not None else "crash"
        end_s = event.arrived_s if event.arrived_s is not None else event.dead_s
        last_s = end_s if end_s is not None else max(event.tries_s, default=0.0)
        spans.append(Span(lane, 0, place(last_s), "wait"))
        failed += [(place(time_s), lane) for time_s in event.tries_s if time_s != event.arrived_s]
        ends[kind].append((place(last_s), lane))
        words, colour = ENDS[kind]
        axes.text(
            1.027, lane, f"{len(event.tries_s)}, {words}",
            transform=axes.get_yaxis_transform(), size=9, color=colour, va="center",
        )  # fmt: skip
    full = pictures.lanes(axes, spans, len(m.events))
    pictures.marks(axes, failed, "expired", size=0.8 * full)
    for kind, points in ends.items():
        pictures.marks(axes, points, kind, size=0.8 * full)
    _name(axes, p, m)


def _name(axes: Any, p: Values, m: Any) -> None:
    """The orders on the left; those that the rule does not catch in grey, with the reason at the first of each."""
    reasons = {True: "sent before the rule was made: gone", False: "not matched: gone"}
    for lane, event in enumerate(m.events):
        order = ORDERS[lane]
        text = f"{lane + 1}  {order.state}, {order.amount}"
        if p.pattern == "shop begins with eu":
            text += f", {order.shop}"
        elif p.pattern == "has a voucher" and order.voucher:
            text += ", voucher"
        colour = pictures.INK if due(p, event) else "#8a8f94"
        axes.text(-0.41, lane, text, transform=axes.get_yaxis_transform(), size=9, color=colour, va="center")
        if not due(p, event) and event.early in reasons:
            pictures.note(axes, 0.02, lane, reasons.pop(event.early), pictures.QUIET)


def due(p: Values, event: Any) -> bool:
    """Whether the rule was there and the pattern matches."""
    return not event.early and PATTERNS[p.pattern].matches(event.order)


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    lost = []
    if s["in_dead_letter_queue"]:
        lost.append(f"{s['in_dead_letter_queue']} to the dead-letter queue")
    if s["dropped"]:
        lost.append(f"{s['dropped']} dropped")
    title = f"{s['matched']} of {len(m.events)} events caught: {s['arrived']} of {m.invocations} deliveries arrived"
    if lost:
        title += ", " + ", ".join(lost)
    elif s["last_arrival_s"] >= 1:
        title += f", after up to {human(s['last_arrival_s'])}"
    problem = {
        "down": f"first target down for {human(60 * p.down_min)}" if p.down_min else "all targets up",
        "no permission": "first target lets nobody in",
    }[p.problem]
    parts = [
        f"pattern: {p.pattern}",
        plural(p.targets, "target"),
        problem,
        plural(p.max_retry_attempts, "retry", "retries"),
        "dead-letter queue" if p.dead_letters else "no dead-letter queue",
    ]
    if p.rule_made_after:
        parts.insert(1, f"rule made after {plural(p.rule_made_after, 'event')}")
    return title, " · ".join(parts)


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words: two or three sentences."""
    s = m.summary
    text = f"{title.replace('caught: ', 'caught, ', 1)}."
    if s["tries"]:
        text += f" The first target was tried {plural(s['most_tries'], 'time')} at most for one event."
    early = sum(event.early for event in m.events)
    if early:
        text += f" {plural(early, 'event')} had come before the rule and went nowhere."
    return text
