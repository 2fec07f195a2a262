"""The picture of the queue mapping: a lane per environment, or the batches in progress; the queue below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span, human

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LANES = 24  # more environments than this are summarised
STATE = {"done": "work", "partial": "again", "failed": "failed", "timeout": "failed"}


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    upper, lower = pictures.layout(figure, share=0.3, left=0.135)
    assert lower is not None
    end_s = 1.03 * max(m.end_s, m.depths[-1][0] if m.depths else 1.0)
    for axes, labels in ((upper, False), (lower, True)):
        pictures.time_axis(axes, end_s, labels=labels)
    if len(m.environments) <= LANES:
        _lanes(upper, m)
    else:
        _progress(upper, p, m, end_s)
    _queue(lower, m, end_s)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(m, title)


def _lanes(axes: Any, m: Any) -> None:
    names = m.environments
    rows = len(names) + bool(m.throttled_s)
    spans = [Span(names.index(one.environment), one.start_s, one.end_s, STATE[one.fate]) for one in m.batches]
    least_s = 0.004 * axes.get_xlim()[1]
    spans += [Span(len(names), at, at + least_s, "throttled") for at in m.throttled_s]
    pictures.lanes(axes, spans, max(1, rows))
    places, said = pictures.some_lanes(max(1, len(names)), "environment")
    pictures.lane_names(axes, places, said)
    if m.throttled_s:
        pictures.lane_names(axes, [len(names)], ["throttled"], pictures.WRONG)
    kinds: set[str] = set()
    for one in m.batches:
        text = {
            "failed": "the whole batch goes back",
            "partial": "only the bad ones go back",
            "timeout": "timed out",
        }
        if one.fate in text and one.fate not in kinds:
            kinds.add(one.fate)
            place = names.index(one.environment)
            pictures.note(axes, one.end_s, place, text[one.fate], pictures.INK, side="above", size=8)


def _progress(axes: Any, p: Values, m: Any, end_s: float) -> None:
    """Batches in progress, since there are too many environments for lanes."""
    changes = [(one.start_s, 1) for one in m.batches] + [(one.end_s, -1) for one in m.batches]
    times, values = pictures.thin(*pictures.change_points(changes, end_s))
    pictures.steps(axes, times, values, "batches processed at once", "#0072B2", fill=True, at=(0.012, 0.93))
    pictures.level(axes, max(values), "batches")
    if p.max_concurrency <= 1.3 * max(values):
        pictures.limit_line(axes, p.max_concurrency, f"maximum concurrency {p.max_concurrency}", pictures.INK)
    pictures.steps(
        axes,
        [0.0, *(float(at) for at in range(1, int(end_s) + 1))],
        [5.0, *(5.0 + 5 * at for at in range(1, int(end_s) + 1))],
        colour=pictures.QUIET,
        dashes=(2, 2),
        width=1.0,
    )
    axes.text(
        0.3,
        0.93,
        "dashed: 5, then 5 more each second",
        transform=axes.transAxes,
        size=8.5,
        color=pictures.QUIET,
    )


def _queue(axes: Any, m: Any, end_s: float) -> None:
    times = [0.0, *(at for at, _, _ in m.depths), end_s]
    waiting = [float(m.summary["messages"]), *(float(number) for _, number, _ in m.depths)]
    hidden = [0.0, *(float(number) for _, _, number in m.depths)]
    pictures.steps(
        axes,
        times,
        [*waiting, waiting[-1]],
        "messages waiting",
        pictures.QUIET,
        fill=True,
        width=1.0,
        at=(0.012, 0.9),
    )
    pictures.steps(axes, times, [*hidden, hidden[-1]], "received, not yet deleted", "#0072B2", at=(0.2, 0.9))
    pictures.level(axes, max(*waiting, *hidden), "messages")


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    trouble = []
    if s["billed_twice"]:
        trouble.append(f"{plural(s['billed_twice'], 'bill')} written twice")
    if s["good_set_aside"]:
        trouble.append(f"{plural(s['good_set_aside'], 'good message')} set aside")
    if trouble:
        title = f"{' and '.join(trouble)}, of {s['messages']:,} messages"
    elif s["set_aside"]:
        title = f"Each good message was billed once; {plural(s['set_aside'], 'bad one')} set aside"
    else:
        title = f"{s['messages']:,} messages billed once each in {human(s['done_after_s'])}, {s['peak']} batches at once"
    title = title[0].upper() + title[1:]
    parts = [
        f"batches of {p.batch_size}",
        f"{p.work_s:g} s a message",
        f"{p.poison_percent} % bad",
        "failures named" if p.partial_responses else "an error fails the batch",
        f"timeout {p.timeout_s} s, hidden {max(p.visibility_timeout_s, p.timeout_s)} s",
    ]
    if p.reserved_concurrency:
        parts.append(f"reserved concurrency {p.reserved_concurrency}")
    if p.max_concurrency < 1_000:
        parts.append(f"maximum concurrency {p.max_concurrency}")
    return title, " · ".join([parts[0].capitalize(), *parts[1:]])


def words(m: Any, title: str) -> str:
    """The picture in words: two or three sentences."""
    s = m.summary
    text = (
        f"{title}. The function ran {plural(s['invocations'], 'time')}, {s['peak']} times at once at the peak"
    )
    if s["failed_batches"]:
        text += f"; {plural(s['failed_batches'], 'run')} failed with the whole batch"
    text += "."
    if s["throttled"]:
        text += f" {plural(s['throttled'], 'attempt')} found no room."
    return text
