"""The picture of the retries: a lane for each attempt, and below the outage and the end of the message."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span, human

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEAST = 0.008  # the least length of a bar, as a share of the axis
NAMED = 12  # so many attempts have their waits named
MOST_S = 3_600
SHADE = "#fbf1e6"
ENDS = {
    "delivered": ("done", "delivered", "#0072B2"),
    "kept": ("stored", "in the dead-letter queue", "#00664b"),
    "lost": ("crash", "lost", pictures.WRONG),
}


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    title, subtitle = headline(p, m)
    if m.fate == "refused":
        _refused(figure, p, m)
    else:
        upper, lower = pictures.layout(figure, share=0.2, gap=0.075)
        assert lower is not None
        _attempts(upper, p, m)
        _story(lower, p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _attempts(axes: Any, p: Values, m: Any) -> None:
    """A lane for each attempt, with the wait before it."""
    last_s = max(one.end_s for one in m.attempts)
    end_s = max(1.15 * last_s, 2.0)
    pictures.time_axis(axes, end_s)
    number = len(m.attempts)
    spans = []
    for lane, one in enumerate(m.attempts):
        if lane:
            spans.append(Span(lane, m.attempts[lane - 1].end_s, one.start_s, "wait"))
        until_s = max(one.end_s, one.start_s + LEAST * end_s)
        spans.append(Span(lane, one.start_s, until_s, "work" if one.well else "failed"))
    pictures.lanes(axes, spans, max(number, 4))
    pictures.lane_names(axes, *pictures.some_lanes(number, "attempt"))
    if p.outage_min:
        axes.axvspan(0, min(60 * p.outage_min, end_s * 1.012), color=SHADE, linewidth=0, zorder=0.2)
    if number <= NAMED:
        first = m.attempts[0]
        if first.end_s - first.start_s > 1:
            said = f"no answer within {human(first.end_s - first.start_s)}"
            pictures.beside(axes, first.end_s, 0, said, pictures.QUIET, size=8)
        for lane, (before, after) in enumerate(pairwise(m.attempts), 1):
            wait_s = after.start_s - before.end_s
            said = f"{human(wait_s)} later" if wait_s >= 0.005 else "at once"
            at_s = max(after.end_s, after.start_s + LEAST * end_s)
            pictures.beside(axes, at_s, lane, said, pictures.QUIET, size=8, else_s=after.start_s)
    elif last_s < 0.01:
        pictures.note(axes, 0.02 * end_s, number / 2, f"all {number} attempts in one moment", pictures.INK)


def _story(axes: Any, p: Values, m: Any) -> None:
    """The outage, all attempts and the end of the message on one line."""
    outage_s = 60 * p.outage_min
    end_s = 1.06 * max(outage_s, m.end_s, 30)
    pictures.time_axis(axes, end_s)
    axes.set_ylim(2.6, -0.9)
    if outage_s:
        axes.axvspan(0, outage_s, color=SHADE, linewidth=0, zorder=0.2)
        what = "the queue is down" if p.endpoint == "queue" else f"the server is down ({p.down_as})"
        said = f"{what} for {human(outage_s)}"
        axes.text(0.012, 0.86, said, transform=axes.transAxes, size=8.5, color=pictures.WRONG, va="center")
    pictures.marks(axes, [(one.start_s, 1.0) for one in m.attempts if not one.well], "expired", size=7)
    kind, said, colour = ENDS[m.fate]
    pictures.marks(axes, [(m.end_s, 1.0)], kind, size=8)
    pictures.lane_names(axes, [1.0], ["message"])
    pictures.beside(axes, m.end_s, 1.9, said, colour, size=8.5)


def _refused(figure: Figure, p: Values, m: Any) -> None:
    """What the policy asks for, against what AWS allows."""
    axes, _ = pictures.layout(figure, below=False)
    asked_s = _asked_s(p)
    pictures.time_axis(axes, max(1.15 * asked_s, 1.45 * MOST_S))
    if asked_s:
        pictures.lanes(axes, [Span(1, 0, asked_s, "failed")], 3, thickness=16)
        said = f"{plural(p.num_retries, 'retry', 'retries')} would last {human(asked_s)}"
    else:
        axes.set_ylim(2.5, -0.5)
        said = "these numbers contradict each other"
    pictures.lane_names(axes, [1.0], ["retries"])
    pictures.note(axes, 0, 0.7, said, pictures.INK)
    pictures.limit_line(axes, MOST_S, "3,600 s, the most for all retries", across=False, at=0.9)
    pictures.note(axes, 0, 1.35, f"Subscribe answers {m.said}: there is no subscription", pictures.WRONG)


def _asked_s(p: Values) -> float:
    from helpers.sections.s19_sns.experiments.retry import delays

    in_order = p.min_delay_s <= p.max_delay_s and p.without_delay <= p.num_retries
    return sum(delays(p)) if in_order else 0.0


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    number = len(m.attempts)
    if m.fate == "refused":
        asked_s = _asked_s(p)
        title = "AWS refuses this delivery policy"
        title += (
            f": its retries would last {human(asked_s)}" if asked_s else ": its numbers contradict each other"
        )
    elif m.fate == "delivered" and number == 1:
        title = "Delivered in the first attempt"
    elif m.fate == "delivered":
        title = f"Delivered after {human(m.end_s)}, in attempt {number:,}"
    else:
        left = "it is in the dead-letter queue" if m.fate == "kept" else "it is lost"
        after = (
            f" within {human(m.end_s)}" if m.end_s >= 0.5 and number > 1 else " at once" if number > 1 else ""
        )
        title = f"Given up after {plural(number, 'attempt')}{after}: {left}"
    outage = f"down for {human(60 * p.outage_min)}" if p.outage_min else "never down"
    if p.endpoint == "queue":
        return title, f"A queue, {outage} · the policy of AWS: 100,015 retries over 23 days"
    parts = [
        f"A web server, {outage}"
        + (f", answers {p.down_as}" if p.down_as.isdigit() and p.outage_min else ""),
        plural(p.num_retries, "retry", "retries"),
        f"{p.without_delay} of them without delay" if p.without_delay else "",
        _delays(p),
        "" if p.dead_letter_queue else "no dead-letter queue",
    ]
    if p.down_as == "no answer" and p.outage_min:
        parts[0] += ", does not answer"
    return title, " · ".join(part for part in parts if part)


def _delays(p: Values) -> str:
    if p.num_retries <= p.without_delay:
        return ""
    if p.min_delay_s == p.max_delay_s:
        return f"{p.min_delay_s} s apart"
    return f"delays {p.min_delay_s} to {p.max_delay_s} s, {p.backoff}"


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words: one to three sentences."""
    if m.fate == "refused":
        return f"{title}."
    text = f"{title}."
    if p.outage_min:
        text += f" The subscriber is down for {human(60 * p.outage_min)} from the publish on."
    waits = [after.start_s - before.end_s for before, after in pairwise(m.attempts)]
    if waits and max(waits) >= 0.5:
        shortest, longest = human(min(waits)) if min(waits) >= 0.005 else "0 s", human(max(waits))
        said = longest if shortest == longest else f"{shortest} to {longest}"
        text += f" Between two attempts it waits {said}."
    return text
