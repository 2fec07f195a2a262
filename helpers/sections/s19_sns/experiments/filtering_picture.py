"""The picture of a filter policy: a mark for each message by what became of it, and how many ended where."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKS = {
    "": "stored",
    "MessageAttributes": "sent",
    "MessageBody": "sent",
    "NoMessageAttributes": "crash",
    "InvalidMessageBody": "crash",
}
STATES = {"stored": "stored", "sent": "empty", "crash": "failed"}
GREEN = "#00664b"


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    upper, lower = pictures.layout(figure, share=0.38, left=0.155, gap=0.02)
    assert lower is not None
    columns = 10 if len(m.fates) <= 50 else 25
    rows = ceil(len(m.fates) / columns)
    upper.set_xlim(-0.7, columns - 0.3)
    tall = max(rows, 4)
    upper.set_ylim(tall - 0.4, -0.6)
    size = min(10.0, 0.55 * pictures.lane_points(upper, tall))
    for kind in ("sent", "crash", "stored"):
        points = [
            (float(place % columns), float(place // columns))
            for place, fate in enumerate(m.fates)
            if MARKS[fate] == kind
        ]
        pictures.marks(upper, points, kind, size=size)
    names = [str(columns * row + 1) for row in range(0, rows, max(1, rows // 8))]
    names[0] = "order 1"
    pictures.lane_names(upper, range(0, rows, max(1, rows // 8)), names, pictures.QUIET)
    _bars(lower, p, m)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _bars(axes: Any, p: Values, m: Any) -> None:
    """How many messages went where."""
    s = m.summary
    total = s["published"]
    bars: list[tuple[str, int, str, str]] = [("with the policy", s["delivered"], "stored", "delivered")]
    for reason, number in m.metrics.items():
        if number or (
            p.policy != "none" and reason == ("MessageBody" if p.scope == "body" else "MessageAttributes")
        ):
            bars.append(("", number, MARKS[reason], f"NumberOfNotificationsFilteredOut-{reason}"))
    bars.append(("dead letters", s["in_dead_letter_queue"], "", "in its dead-letter queue"))
    bars.append(("without a policy", s["queue_without_policy"], "stored", "delivered"))
    spans = [Span(lane, 0, number, STATES[kind]) for lane, (_, number, kind, _) in enumerate(bars) if number]
    full = pictures.lanes(axes, spans, len(bars), thickness=9)
    axes.set_xlim(-0.006 * total, 2.2 * total)
    pictures.lane_names(axes, range(len(bars)), [name for name, *_ in bars])
    for lane, (_, number, kind, said) in enumerate(bars):
        if kind:
            pictures.marks(axes, [(number + 0.03 * total, lane)], kind, size=0.7 * full)
        colour = GREEN if kind == "stored" else pictures.INK
        pictures.note(axes, number + 0.045 * total, lane, f"{number} {said}", colour, size=8.5)


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    number, total = s["delivered"], s["published"]
    if p.policy == "none":
        title = f"Without a policy both queues get all {total} messages"
    elif not number and not s["filtered_unseen"]:
        title = f"None of {total} messages matches: the policy does not find its key in the {p.scope}"
        if m.summary["meant"] == 0:
            title = f"None of {total} messages matches the policy"
    elif s["filtered_unseen"]:
        what = "attributes" if p.scope == "attributes" else "JSON body"
        verb = "has" if s["filtered_unseen"] == 1 else "have"
        title = f"{number} of {total} messages pass; {s['filtered_unseen']} {verb} no {what} to look at"
    else:
        title = f"{number} of {total} messages pass the policy, and the rest is no failure"
    policy = {
        "none": "no policy",
        "one attribute": "state: cancelled",
        "two keys": "state: placed or paid, and region: eu",
        "anything-but": "state: anything but cancelled",
        "prefix": "item: begins with book-",
        "numeric range": "amount: from 100 to 499",
    }[p.policy]
    parts = [policy[0].upper() + policy[1:]]
    if p.policy != "none":
        parts.append(f"scope: {p.scope}")
    parts += [f"attributes on {p.attributes_on_percent} %", f"JSON in {p.json_percent} %"]
    return title, " · ".join(parts)


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words: two sentences."""
    s = m.summary
    return (
        f"{title}. The metrics count {plural(s['filtered_out'], 'message')} as filtered out; the dead-letter queue "
        f"holds {s['in_dead_letter_queue'] or 'none'}, and the queue without a policy gets {s['queue_without_policy']}."
    )
