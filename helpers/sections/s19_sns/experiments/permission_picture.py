"""The picture of a queue that shuts SNS out: lanes of messages by place, and how many ended where below."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span, human

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KEPT = "#00664b"
MOST = 160  # more messages than this are not all drawn


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    upper, lower = pictures.layout(figure, share=0.36, left=0.135)
    assert lower is not None
    end_s = 1.01 * m.end_s
    for axes in (upper, lower):
        pictures.time_axis(axes, end_s, labels=axes is lower)
        if p.forbidden_for_min:
            axes.axvspan(*m.window_s, color="#fbf1e6", linewidth=0, zorder=0.2)
    names = ["publish", "shipping", "dead letters", "statistics"]
    if not p.dead_letter_queue:
        names.remove("dead letters")
    last = len(names) - 1
    when = {one.body: one.time_s for one in m.published}
    late = [(when[body], at_s) for body, at_s in m.troubled.items() if at_s - when[body] > 1]
    pictures.lanes(upper, [Span(1, start_s, at_s, "wait") for start_s, at_s in late], len(names))
    pictures.lane_names(upper, range(len(names)), names)
    size = 5.5
    every = ceil(len(m.published) / MOST)
    shown = {one.body for one in m.published[::every]}
    lost = {body: one.time_s for body, one in m.given_up.items() if not one.kept}
    for lane, times, kind, bigger in (
        (0, when, "sent", 1.0),
        (1, m.troubled, "done", 0.0),
        (1, lost, "crash", 1.5),
        (2 if p.dead_letter_queue else None, m.kept, "stored", 0.0),
        (last, m.healthy, "done", 0.0),
    ):
        if lane is not None:
            points = [(at_s, float(lane)) for body, at_s in times.items() if body in shown]
            pictures.marks(upper, points, kind, size=size + bigger)
    _say(upper, p, m, last, late, every)
    _totals(lower, p, m, when, end_s)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _say(axes: Any, p: Values, m: Any, last: int, late: list[tuple[float, float]], every: int) -> None:
    """A word on each lane."""
    s = m.summary
    said = f"all {s['published']} calls succeed" + (f" (one in {every} is drawn)" if every > 1 else "")
    pictures.note(axes, 0, 0.3, said, pictures.QUIET, size=8)
    pictures.note(axes, 0, last + 0.3, f"got all {s['other_queue_got']}", pictures.QUIET, size=8)
    if not p.forbidden_for_min:
        return
    narrow = p.forbidden_for_min < 0.2 * m.end_s / 60
    at_s = m.window_s[0] if narrow else sum(m.window_s) / 2
    said = f" {p.cause}, {human(60 * p.forbidden_for_min)}"
    axes.text(
        at_s, -0.36, said, size=8.5, color=pictures.WRONG, ha="left" if narrow else "center", va="center"
    )
    if s["lost"]:
        said = f"{plural(s['lost'], 'message')} given up after {plural(s['most_attempts'], 'attempt')}: lost"
        pictures.note(axes, m.window_s[0], 1.3, said, pictures.WRONG, size=8)
    elif late:
        first = max(at_s - start_s for start_s, at_s in late)
        said = f"tried again, and delivered up to {human(first)} late"
        pictures.note(axes, m.window_s[0], 1.3, said, "#0072B2", size=8)
    if s["in_dead_letter_queue"]:
        said = f"{s['in_dead_letter_queue']} kept after one attempt each, and they stay here"
        pictures.note(axes, m.window_s[0], 2.3, said, KEPT, size=8)
    elif p.dead_letter_queue and s["lost"]:
        pictures.note(axes, m.window_s[0], 2.0, "its policy shuts SNS out, too", pictures.WRONG, size=8)


def _totals(axes: Any, p: Values, m: Any, when: dict[str, float], end_s: float) -> None:
    """How many were published so far, and how many ended where."""
    lost = [one.time_s for one in m.given_up.values() if not one.kept]
    curves = [
        ("published", list(when.values()), pictures.QUIET, 1.0),
        ("delivered to shipping", list(m.troubled.values()), "#0072B2", 1.8),
    ]
    if p.dead_letter_queue:
        curves.append(("in the dead-letter queue", list(m.kept.values()), KEPT, 1.6))
    curves.append(("lost", lost, pictures.WRONG, 1.8))
    at = 0.012
    for name, times_s, colour, width in curves:
        times, values = pictures.thin(*pictures.change_points([(at_s, 1) for at_s in times_s], end_s))
        pictures.steps(axes, times, values, name, colour, width=width, at=(at, 0.9), fill=name == "lost")
        at += 0.03 + 0.0105 * len(name)
    pictures.level(axes, len(when), "messages")


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    if s["lost"]:
        title = f"{s['lost']} of {s['published']} messages {_are(s['lost'])} lost, and no publish failed"
    elif s["in_dead_letter_queue"]:
        kept = s["in_dead_letter_queue"]
        title = f"{kept} of {s['published']} messages {_are(kept)} kept in the dead-letter queue"
    elif s["latest_delivery_s"] > 1:
        title = f"All {s['published']} messages arrive, up to {human(s['latest_delivery_s'])} late"
    else:
        title = f"All {s['published']} messages arrive"
    letters = "no dead-letter queue"
    if p.dead_letter_queue:
        letters = "a dead-letter queue" + ("" if p.dlq_lets_sns_in else " that shuts SNS out")
    trouble = f"{p.cause} for {human(60 * p.forbidden_for_min)}" if p.forbidden_for_min else "no trouble"
    parts = [trouble[0].upper() + trouble[1:], letters, f"{plural(p.messages_per_min, 'message')} a minute"]
    return title, " · ".join(parts)


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words: two sentences."""
    s = m.summary
    return (
        f"{title}. The shipping queue got {s['delivered']}, the dead-letter queue {s['in_dead_letter_queue']}, "
        f"and the other queue {s['other_queue_got']}."
    )
