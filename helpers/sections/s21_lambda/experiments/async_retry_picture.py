"""The picture of the asynchronous retries: a lane per event, its attempts and waits; the events that wait below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span, human

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEAST = 0.006  # the least length of a bar, as a share of the axis: an attempt of no length is still seen


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    upper, lower = pictures.layout(figure, share=0.2)
    assert lower is not None
    end_s = 1.04 * max(m.end_s, 30.0)
    for axes, labels in ((upper, False), (lower, True)):
        pictures.time_axis(axes, end_s, labels=labels)
    least_s = LEAST * end_s
    spans: list[Span] = []
    kept, gone, done = [], [], []
    for lane, event in enumerate(m.events):
        at_s = event.accepted_s
        for one in event.tries:
            spans.append(Span(lane, at_s, one.start_s, "wait"))
            begin_s = one.start_s
            if one.cold_s and one.cold_s > least_s / 2:
                spans.append(Span(lane, begin_s, begin_s + one.cold_s, "starting"))
                begin_s += one.cold_s
            state = {"throttled": "throttled", "failed": "failed", "done": "work"}[one.fate]
            at_s = max(one.end_s, begin_s + least_s)
            spans.append(Span(lane, begin_s, at_s, state))
        if event.done:
            done.append((at_s, lane))
        elif event.kept_s is not None:
            spans.append(Span(lane, at_s, event.kept_s, "wait"))
            kept.append((max(event.kept_s, at_s), lane))
        else:
            gone.append((at_s, lane))
    number = len(m.events)
    full = pictures.lanes(upper, spans, number)
    pictures.marks(upper, done, "done", size=min(6.0, 0.8 * full))
    pictures.marks(upper, kept, "stored", size=min(9.0, 1.1 * full))
    pictures.marks(upper, gone, "crash", size=min(9.0, 1.1 * full))
    pictures.lane_names(upper, range(number), [f"order {lane + 1}" for lane in range(number)])
    _names(upper, p, m, kept, gone)
    if p.problem in ("error", "throttle") and 0 < p.problem_s < end_s:
        what = "payment service up again" if p.problem == "error" else "slot free again"
        pictures.limit_line(upper, p.problem_s, what, pictures.QUIET, across=False, at=0.03)
    _waiting(lower, m, end_s)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _names(axes: Any, p: Values, m: Any, kept: Any, gone: Any) -> None:
    """Say on the first lane what each kind of bar is, and at the end of a lane what became of its event."""
    first = m.events[0]
    for one in first.runs[:3]:
        said = f"{human(one.start_s - first.accepted_s) if one.start_s > first.accepted_s + 0.5 else '0 s'}"
        pictures.note(axes, one.start_s, 0, said, pictures.QUIET, side="above", size=8)
    for marked, colour, said in (
        (kept, "#00664b", "a record is kept" if p.target == "destination" else "the event is kept"),
        (gone, pictures.WRONG, "given up, nothing is kept"),
    ):
        for place, (time_s, lane) in enumerate(marked):
            if place < 6:
                pictures.beside(axes, time_s, lane - 0.3, said, colour, size=8, else_s=time_s)


def _waiting(axes: Any, m: Any, end_s: float) -> None:
    changes = []
    for event in m.events:
        changes.append((event.accepted_s, 1))
        for one in event.runs:
            changes += [(one.start_s, -1), (one.end_s, 1)]
        last_s = (
            event.kept_s
            if event.kept_s is not None
            else max((one.end_s for one in event.tries), default=event.accepted_s)
        )
        changes.append((last_s, -1))
    times, values = pictures.change_points(changes, end_s)
    pictures.steps(axes, times, values, "events in Lambda's queue", "#0072B2", fill=True, at=(0.012, 0.86))
    pictures.level(axes, max(values, default=1), "events")


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    if s["given_up"]:
        runs = s["attempts"]
        tried = (
            f"after {plural(int(runs / s['events']), 'attempt')} each" if runs else "without a single attempt"
        )
        if s["done"]:
            tried = "too old or out of attempts"
        where = f"{s['kept']} kept by the {p.target}" if p.target != "nowhere" else "nothing is left of them"
        title = f"{s['given_up']} of {plural(s['events'], 'event')} given up {tried}; {where}"
    elif s["throttled_attempts"]:
        title = (
            f"All {s['events']} events done, after {plural(s['throttled_attempts'], 'throttled attempt')} "
            f"and up to {human(s['last_attempt_s'])} of waiting"
        )
    else:
        title = f"All {s['events']} events done, in {plural(s['attempts'], 'attempt')}"
    problem = {
        "error": f"payment service down for {human(p.problem_s)}",
        "throttle": f"the only slot taken for {human(p.problem_s)}",
        "stopped": "reserved concurrency 0",
        "none": "no problem",
    }[p.problem]
    parts = [
        problem.capitalize() if problem[0].islower() else problem,
        plural(p.max_retry_attempts, "retry", "retries"),
    ]
    parts += [
        f"maximum age {human(p.max_event_age_s)}",
        f"given up: to {p.target}" if p.target != "nowhere" else "no target",
    ]
    return title, " · ".join(parts)


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words: two or three sentences."""
    text = f"{title}."
    first = m.events[0]
    if first.runs:
        offsets = ", ".join(human(one.start_s - first.accepted_s) for one in first.runs)
        text += f" The first event's function ran {offsets} after it was accepted."
    if m.summary["throttled_attempts"]:
        text += f" {m.summary['throttled_attempts']} attempts found the slot taken, ever further apart."
    return text
