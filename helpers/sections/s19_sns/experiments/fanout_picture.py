"""The picture of the fan-out: a lane for the publisher and for each worker, what waits in each queue below."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span, human

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#D55E00", "#0072B2", "#CC79A7", "#009E73", "#E69F00", "#8a8f94")
LEAST = 0.003  # the least length of a bar, as a share of the axis


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    upper, lower = pictures.layout(figure, share=0.36, left=0.125)
    assert lower is not None
    end_s = 1.02 * m.end_s
    for axes in (upper, lower):
        pictures.time_axis(axes, end_s, labels=axes is lower)
    chain = p.design != "topic and queues"
    lanes, names, notes = _lanes(p, m, chain, LEAST * end_s)
    full = pictures.lanes(upper, lanes, len(names))
    pictures.lane_names(upper, range(len(names)), names)
    if not chain:
        pictures.marks(upper, [(ended_s, 0) for _, ended_s in m.sent.values()], "sent", size=0.8 * full)
    for lane, time_s, said, colour in notes:
        pictures.beside(upper, time_s, lane, said, colour, size=8)
    if chain:
        _behind(lower, m, end_s)
    else:
        _depths(lower, m, end_s)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _lanes(
    p: Values, m: Any, chain: bool, least_s: float
) -> tuple[list[Span], list[str], list[tuple[float, float, str, str]]]:
    """The bars, the names of the lanes, and what to say at the end of which lane."""
    spans: list[Span] = []
    names = ["publisher"]
    notes: list[tuple[float, float, str, str]] = []
    if chain:
        spans += [Span(0, start_s, end_s, "calm") for start_s, end_s in m.sent.values()]
    for place, service in enumerate(m.services):
        first = len(names)
        workers = sorted({one.worker for one in service.work}, key=lambda name: (len(name), name))
        lane_of = {worker: first + i for i, worker in enumerate(workers)}
        number = max(1, len(workers))
        names += [service.name] + [""] * (number - 1)
        slow = "work" if place == 0 and p.slow_work_s > 0.5 else "calm"
        spans += [
            Span(lane_of[one.worker], one.start_s, max(one.end_s, one.start_s + least_s), slow)
            for one in service.work
        ]
        if math.isfinite(service.since_s) and service.since_s > 1 and len(service.arrived) < len(m.sent):
            spans.append(Span(first, 0, service.since_s, "empty"))
            notes.append((first + 0.38, 0.0, f"joins after {human(p.late_after_s)}", pictures.INK))
        elif not service.arrived:
            spans.append(Span(first, 0, m.end_s, "empty"))
            notes.append((first + 0.38, 0.0, "joins after the last message", pictures.INK))
        if service.work and p.subscribers + p.slow_workers <= 6:
            said = plural(len(service.work), "message")
            notes.append((first + number - 0.62, service.work[0].start_s, said, pictures.QUIET))
    return spans, names, notes


def _depths(axes: Any, m: Any, end_s: float) -> None:
    """Messages in each queue: arrived and not yet done."""
    highest = 1.0
    for place, service in reversed(list(enumerate(m.services))):
        changes = [(time_s, 1) for time_s in service.arrived.values()]
        changes += [(one.end_s, -1) for one in service.work]
        times, values = pictures.thin(*pictures.change_points(changes, end_s))
        highest = max(highest, *values)
        pictures.steps(
            axes, times, values, "", COLOURS[place], fill=place == 0, width=1.6 if place == 0 else 1.1
        )
    for place, service in enumerate(m.services):
        axes.text(
            0.012 + 0.105 * place,
            0.92,
            service.name,
            transform=axes.transAxes,
            size=8.5,
            color=COLOURS[place],
        )
    axes.text(
        0.985, 0.92, "in each queue, not yet done", transform=axes.transAxes, size=8.5, color=pictures.QUIET,
        ha="right",
    )  # fmt: skip
    pictures.level(axes, highest, "messages")


def _behind(axes: Any, m: Any, end_s: float) -> None:
    """Orders that the shop has and has not yet announced to all."""
    begin_s = min(start_s for start_s, _ in m.sent.values())
    changes = [(begin_s + number, 1) for number in range(len(m.sent))]
    changes += [(ended_s, -1) for _, ended_s in m.sent.values()]
    times, values = pictures.thin(*pictures.change_points(changes, end_s))
    pictures.steps(
        axes, times, values, "orders the publisher has yet to finish", COLOURS[0], fill=True, at=(0.012, 0.92)
    )
    pictures.level(axes, max(values), "orders")


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    if p.design != "topic and queues":
        title = f"In a chain each message keeps the publisher busy for {human(s['publish_takes_s'])}"
    elif s["last_one_missed"] and p.subscribers:
        title = (
            f"The last queue joined after {human(p.late_after_s)} and missed {s['last_one_missed']} of "
            f"{s['messages']} messages"
        )
    elif s["slow_left"] > p.slow_workers:
        title = f"Only one queue grows: {s['slow_left']} messages wait for invoices, none for the others"
        if p.subscribers == 1:
            title = f"The queue grows: {s['slow_left']} messages are not done at the last publish"
    else:
        title = f"Each of {plural(p.subscribers, 'queue')} got its own copy and kept up"
    parts = [
        p.design,
        plural(s["messages"], "message") + ", one a second",
        f"invoices {p.slow_work_s:g} s, the others 0.2 s"
        if p.subscribers > 1
        else f"invoices {p.slow_work_s:g} s",
    ]
    if p.design == "topic and queues":
        parts += [
            f"{plural(p.slow_workers, 'worker')} for invoices",
            plural(s["deliveries"], "delivery", "deliveries"),
        ]
    return title, (" · ".join(parts))[0].upper() + (" · ".join(parts))[1:]


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words: two sentences."""
    s = m.summary
    if p.design != "topic and queues":
        return f"{title}. The last of {s['messages']} messages begins {human(s['last_publish_s'])} after the first."
    return (
        f"{title}. A publish takes {human(s['publish_takes_s'])}; when the last message is published, "
        f"{plural(s['slow_left'], 'message')} of invoices {'is' if s['slow_left'] == 1 else 'are'} not done."
    )
