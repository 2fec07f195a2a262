"""The picture of the queue mapping: a lane per environment, or the batches in progress; the queues below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span, human
from helpers.sections.s21_lambda.experiments.sqs_esm import NONE, START, Measured, changes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LANES = 24  # more environments than this are summarised
LEAST = 0.004  # the least length of a bar, as a share of the axis: an attempt of no length is still seen
BLUE = "#0072B2"


def draw(figure: Figure, p: Values, m: Measured) -> str:
    """Draw and return the picture in words."""
    upper, lower = pictures.layout(figure, share=0.3, left=0.135)
    assert lower is not None
    end_s = 1.03 * m.end_s
    for axes, labels in ((upper, False), (lower, True)):
        pictures.time_axis(axes, end_s, labels=labels)
    if m.refused:
        pictures.note(
            upper, 0.5 * end_s, 0.5, "There is no mapping: nobody reads the queue.", side="over", size=10
        )
    elif len(m.environments) <= LANES:
        _lanes(upper, m, LEAST * end_s)
    else:
        _progress(upper, p, m, end_s)
    _queue(lower, m, end_s)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _lanes(axes: Any, m: Measured, least_s: float) -> None:
    names = m.environments
    spans, again, back = [], [], []
    for one in m.batches:
        lane, began_s = names.index(one.environment), one.start_s
        if one.init_s > least_s:
            spans.append(Span(lane, began_s, began_s + one.init_s, "starting"))
            began_s += one.init_s
        state = "work" if one.fate in ("done", "partial") else "failed"
        spans.append(Span(lane, began_s, max(one.end_s, began_s + least_s), state))
        again += [(at_s, lane) for at_s in one.again_s]
        if one.fate == "partial":
            back.append((one.end_s, lane))
    spans += [Span(len(names), at_s, at_s + least_s, "throttled") for at_s in m.throttled_s]
    number = max(1, len(names) + bool(m.throttled_s))
    full = pictures.lanes(axes, spans, number)
    pictures.marks(axes, back, "crash", size=min(8.0, full))
    pictures.marks(axes, again, "again", size=min(5.0, 0.6 * full))
    places, said = pictures.some_lanes(len(names), "environment") if names else ([], [])
    pictures.lane_names(axes, places, said)
    if m.throttled_s:
        pictures.lane_names(axes, [len(names)], ["throttled"], pictures.WRONG)
    _notes(axes, m, number, full)


def _notes(axes: Any, m: Measured, number: int, full: float) -> None:
    """Say at the first of each kind what it is, above the bar if there is room."""
    names = m.environments
    firsts: dict[str, tuple[float, int]] = {}
    for one in m.batches:
        for kind in (one.fate, "again" if one.again_s else one.fate):
            firsts.setdefault(kind, (one.end_s, names.index(one.environment)))
    points = pictures.lane_points(axes, number)
    up = (0.5 * full + 6) / points if points >= 22 else 0.0
    taken: set[int] = set()
    for kind, said, colour in (
        ("failed", "an error: the whole batch comes back", pictures.INK),
        ("timeout", "stopped at its timeout: the whole batch comes back", pictures.INK),
        ("partial", "× only the bad ones come back", pictures.INK),
        ("again", "○ an invoice written again", pictures.WRONG),
    ):
        if kind in firsts:
            at_s, first = firsts[kind]
            lane = next(lane for lane in range(first, number + len(firsts)) if lane not in taken)
            taken.add(lane)
            pictures.beside(axes, at_s, lane - up, said, colour, size=8)


def _progress(axes: Any, p: Values, m: Measured, end_s: float) -> None:
    """Batches in progress, since there are too many environments for lanes."""
    times, values = pictures.thin(*pictures.change_points(changes(m.batches), end_s))
    pictures.steps(axes, times, values, "batches processed at once", BLUE, fill=True, at=(0.012, 0.93))
    pictures.level(axes, max(values), "batches")
    if p.max_concurrency != NONE and int(p.max_concurrency) <= 1.3 * max(values):
        named = f"maximum concurrency {p.max_concurrency}"
        pictures.limit_line(axes, int(p.max_concurrency), named, pictures.INK)
    first_s = m.batches[0].start_s
    seconds = range(int(1.25 * max(values) / START))
    steps_s = [first_s + second for second in seconds]
    most = [float(START * (1 + second)) for second in seconds]
    if seconds and steps_s[-1] > 0.3 * end_s:
        pictures.steps(axes, steps_s, most, colour=pictures.QUIET, dashes=(2, 2), width=1.0)
        pictures.beside(axes, steps_s[-1], most[-1], "5, and 5 more each second", pictures.QUIET)


def _queue(axes: Any, m: Measured, end_s: float) -> None:
    times = [0.0, *(one.at_s for one in m.depths), end_s]
    waiting = [float(m.summary["messages"]), *(float(one.waiting) for one in m.depths)]
    hidden = [0.0, *(float(one.hidden) for one in m.depths)]
    aside = [0.0, *(float(one.set_aside) for one in m.depths)]
    for values, name, colour, fill, at in (
        (waiting, "messages waiting", pictures.QUIET, True, 0.012),
        (hidden, "received, hidden", BLUE, False, 0.2),
        (aside, "set aside", pictures.WRONG, False, 0.375),
    ):
        if any(values):
            line = [*values, values[-1]]
            pictures.steps(
                axes, times, line, name, colour, fill=fill, width=1.0 if fill else 1.5, at=(at, 0.9)
            )
    pictures.level(axes, max(*waiting, *hidden, *aside), "messages")


def headline(p: Values, m: Measured) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    trouble = []
    if s["invoiced_twice"]:
        trouble.append(f"{plural(int(s['invoiced_twice']), 'invoice')} written twice")
    if s["good_set_aside"]:
        trouble.append(f"{plural(int(s['good_set_aside']), 'good order')} set aside")
    if m.refused:
        title = (
            f"Refused: hidden for {p.visibility_timeout_s} s, a message would be back before the timeout of "
            f"{p.timeout_s} s"
        )
    elif trouble:
        title = f"{' and '.join(trouble)}, of {plural(p.messages, 'order')}"
    elif s["set_aside"]:
        title = f"Each good order has one invoice; {plural(int(s['set_aside']), 'bad one')} set aside"
    else:
        title = (
            f"{plural(p.messages, 'order')} done once each in {human(float(s['done_after_s']))}, "
            f"{plural(int(s['peak']), 'batch', 'batches')} at once"
        )
    parts = [f"Batches of {p.batch_size}", f"{p.work_s:g} s an order"]
    if p.poison_percent:
        named = "named" if p.partial_responses else "an error"
        parts.append(f"{p.poison_percent} % bad, {named}")
    parts += [
        f"timeout {p.timeout_s} s, hidden {p.visibility_timeout_s} s",
        plural(p.max_receive_count, "receive"),
    ]
    if p.reserved_concurrency != NONE:
        parts.append(f"function at most {p.reserved_concurrency}")
    if p.max_concurrency != NONE:
        parts.append(f"mapping at most {p.max_concurrency}")
    return title[0].upper() + title[1:], " · ".join(parts)


def words(p: Values, m: Measured, title: str) -> str:
    """The picture in words: two or three sentences."""
    s = m.summary
    if m.refused:
        return f"{title}. Lambda makes no mapping, so {plural(p.messages, 'order')} wait."
    text = (
        f"{title}. The function ran {plural(int(s['invocations']), 'time')}, {s['peak']} at once at the peak"
    )
    if s["failed_batches"]:
        text += f"; {plural(int(s['failed_batches']), 'run')} failed with the whole batch"
    text += "."
    if s["throttled"]:
        text += f" {plural(int(s['throttled']), 'attempt')} found no room."
    return text
