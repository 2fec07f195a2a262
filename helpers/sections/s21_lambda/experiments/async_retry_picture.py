"""The picture of the asynchronous retries: a lane per event, its attempts and waits; the events that wait below."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span, human

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEAST = 0.006  # the least length of a bar, as a share of the axis: an attempt of no length is still seen
KEPT = "#00664b"
STATE = {"throttled": "throttled", "failed": "failed", "done": "work"}


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    upper, lower = pictures.layout(figure, share=0.2)
    assert lower is not None
    end_s = 1.05 * max(m.end_s, 30.0)
    for axes in (upper, lower):
        pictures.time_axis(axes, end_s, labels=axes is lower)
    number = len(m.events)
    _lanes(upper, m, LEAST * end_s)
    pictures.lane_names(upper, range(number), [f"order {lane + 1}" for lane in range(number)])
    _problem(upper, p, m)
    _waiting(lower, m, end_s)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(m, title)


def _lanes(axes: Any, m: Any, least_s: float) -> None:
    """Attempts and waits of each event, and a mark where it ends."""
    spans: list[Span] = []
    ends: dict[str, list[tuple[float, float]]] = {"done": [], "stored": [], "crash": []}
    for lane, event in enumerate(m.events):
        at_s = event.accepted_s
        for one in event.tries:
            spans.append(Span(lane, at_s, one.start_s, "wait"))
            at_s = max(one.end_s, one.start_s + least_s)
            spans.append(Span(lane, one.start_s, at_s, STATE[one.fate]))
        if at_s < event.end_s:
            spans.append(Span(lane, at_s, event.end_s, "wait"))
            at_s = event.end_s
        kind = "done" if event.done else "crash" if event.kept is None else "stored"
        ends[kind].append((at_s, lane))
    full = pictures.lanes(axes, spans, len(m.events))
    for kind, points in ends.items():
        pictures.marks(axes, points, kind, size=(0.6 if kind == "done" else 0.8) * full)
    _name_runs(axes, m.events[0], full)
    said = ""
    for lane, event in enumerate(m.events):
        words = "" if event.done else "given up, nothing is kept" if event.kept is None else event.kept.said
        if words and words != said:
            colour = pictures.WRONG if event.kept is None else KEPT
            pictures.beside(axes, event.end_s, lane + 0.3, words, colour, size=8)
        said = words


def _name_runs(axes: Any, event: Any, full: float) -> None:
    """Over the first lane, how old the event was at each run, and how long it had waited for it."""
    right_s = 0.85 * axes.get_xlim()[1]
    for one in event.runs:
        age_s = one.start_s - event.accepted_s
        said = f"run at {human(age_s) if age_s else '0 s'}"
        _over(axes, one.start_s, full, said, "left" if one.start_s < right_s else "right")
    for before, after in pairwise(event.runs):
        said = f"{human(after.start_s - before.end_s)} later"
        _over(axes, (before.end_s + after.start_s) / 2, full, said, "center")


def _over(axes: Any, time_s: float, full: float, words: str, align: str) -> None:
    """Words right over the bars of the first lane, which are `full` points thick."""
    axes.annotate(
        words,
        (time_s, 0),
        (0, full / 2 + 2),
        textcoords="offset points",
        size=8,
        color=pictures.QUIET,
        ha=align,
        va="bottom",
    )


def _problem(axes: Any, p: Values, m: Any) -> None:
    """While the problem lasts, the background is shaded."""
    if p.problem not in ("error", "throttle") or not p.problem_s:
        return
    what = "payment service down" if p.problem == "error" else "the only slot is taken"
    said = f"{what} for {human(p.problem_s)}"
    if m.summary["throttled_attempts"]:
        said += f"; {plural(m.summary['throttled_attempts'], 'attempt')} found no room"
    axes.axvspan(0, min(p.problem_s, axes.get_xlim()[1]), color="#fbf1e6", linewidth=0, zorder=0.2)
    axes.text(0.012, 0.035, said, transform=axes.transAxes, size=8.5, color=pictures.WRONG)


def _waiting(axes: Any, m: Any, end_s: float) -> None:
    changes = []
    for event in m.events:
        changes += [(event.accepted_s, 1), (event.end_s, -1)]
        for one in event.runs:
            changes += [(one.start_s, -1), (one.end_s, 1)]
    times, values = pictures.change_points(changes, end_s)
    pictures.steps(axes, times, values, "events in Lambda's queue", "#0072B2", fill=True, at=(0.012, 0.88))
    pictures.level(axes, max(values), "events")


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    if s["given_up"]:
        where = f"{s['kept']} kept by the {p.target}" if p.target != "nowhere" else "nothing is left of them"
        title = f"{s['given_up']} of {plural(s['events'], 'event')} given up {_why(p, m)}; {where}"
    elif s["throttled_attempts"]:
        title = (
            f"All {s['events']} events done, after {plural(s['throttled_attempts'], 'throttled attempt')} "
            f"and up to {human(s['last_attempt_s'])} of waiting"
        )
    else:
        title = f"All {s['events']} events done, in {plural(s['attempts'], 'attempt')}"
    problem = {
        "error": f"Payment service down for {human(p.problem_s) if p.problem_s else '0 s'}",
        "throttle": f"The only slot taken for {human(p.problem_s) if p.problem_s else '0 s'}",
        "stopped": "Reserved concurrency 0",
        "none": "No problem",
    }[p.problem]
    parts = [
        problem,
        plural(p.max_retry_attempts, "retry", "retries"),
        f"maximum age {human(p.max_event_age_s)}",
        f"given up: to {p.target}" if p.target != "nowhere" else "no target",
    ]
    return title, " · ".join(parts)


def _why(p: Values, m: Any) -> str:
    """Why the events that no attempt got through were given up."""
    if p.problem == "stopped":
        return "without a single attempt"
    runs = {len(event.runs) for event in m.given_up}
    if runs == {1 + p.max_retry_attempts}:
        return f"after {plural(1 + p.max_retry_attempts, 'attempt')}"
    return "for their age"


def words(m: Any, title: str) -> str:
    """The picture in words: two or three sentences."""
    text = f"{title}."
    first = m.events[0]
    if first.runs:
        offsets = ", ".join(
            human(one.start_s - first.accepted_s) if one.start_s > first.accepted_s else "0 s"
            for one in first.runs
        )
        text += f" The first event's function ran {offsets} after it was accepted."
    if m.summary["throttled_attempts"]:
        text += f" {plural(m.summary['throttled_attempts'], 'attempt')} found the slot taken."
    return text
