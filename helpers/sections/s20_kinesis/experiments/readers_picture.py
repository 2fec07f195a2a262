"""The picture of the readers experiment: the calls of each consumer, and how far they are behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WATCHED_S = 30.0
ROOM_S = 8.5  # to the right of the run, for remarks
WRONG, FINE = pictures.WRONG, "#0072B2"


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    upper, lower = pictures.layout(figure, share=0.42, left=0.125)
    assert lower is not None
    for axes, labels in ((upper, False), (lower, True)):
        pictures.time_axis(axes, WATCHED_S + ROOM_S, labels=labels)
    _lanes(upper, p, m)
    _lags(lower, m)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _lanes(axes: Axes, p: Values, m: Any) -> None:
    """A bar for each call: records, none, or refused."""
    wide = 0.09 if p.mode == "enhanced" or p.polls_per_s * p.shards > 2 else 0.2
    spans = []
    for place, one in enumerate(m.readers):
        # Calls to several shards at one instant are drawn as one: what was refused stands out.
        states: dict[float, str] = {}
        for call in one.got:
            state = "throttled" if call.refused else "poll" if call.records else "empty"
            when = round(call.time_s, 3)
            if states.get(when) != "throttled" and (state != "empty" or when not in states):
                states[when] = state
        spans += [Span(place, when, when + wide, state) for when, state in states.items()]
    pictures.lanes(axes, spans, len(m.readers))
    pictures.lane_names(axes, *pictures.some_lanes(len(m.readers), "consumer", most=10))
    for place, one in enumerate(m.readers):
        refused = sum(call.refused for call in one.got)
        delay = pictures.human(one.mean_delay_s)
        said = f"{delay} after the write"
        if refused:
            said = f"{100 * refused / len(one.got):.0f} % refused, {delay} late"
        pictures.note(axes, WATCHED_S, place, said, WRONG if refused else FINE, size=8)


def _lags(axes: Axes, m: Any) -> None:
    """How far the consumers are behind on average, and the one that is furthest behind."""
    times = [0.0, *m.moments]
    worst = [max(behind) for behind in zip(*(one.lag for one in m.readers), strict=True)]
    growing = m.summary["lag_growth_s"] > 0.3
    colour = WRONG if growing else FINE
    if len(m.readers) > 1 and max(worst):
        pictures.steps(
            axes, times, [0.0, *worst], "the one furthest behind", pictures.QUIET, width=0.9, at=(0.175, 0.92)
        )
        name = "all on average"
    else:
        name = "the consumer"
    pictures.steps(axes, times, [0.0, *m.lag], name, colour, fill=True, width=2.0, at=(0.012, 0.92))
    top = max(1.0, *worst)
    pictures.level(axes, top, "seconds behind")
    said = f"{m.summary['lag_s']:.1f} s behind" + (", and growing" if growing else "")
    pictures.note(axes, WATCHED_S, max(m.lag[-1], 0.06 * top), said, colour, size=8)


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    found = m.summary
    wanted = found["wanted_per_shard_mib_s"]
    grows = found["lag_growth_s"] > 0.3
    waits = f"{found['mean_delay_ms']:,} ms"
    who = plural(p.consumers, "consumer")
    if p.mode == "enhanced":
        title = f"Each of {p.consumers} consumers" if p.consumers > 1 else "The consumer"
        title += (
            f" gets every record after {found['mean_delay_ms']} ms, at {found['slowest_read_mib_s']:g} MiB/s"
        )
    elif grows and wanted > 2:
        behind = f"{found['lag_s']:.1f} s so far"
        title = f"{who} want {wanted:g} MiB/s of a shard that gives 2, and fall behind: by {behind}"
    elif found["refused_calls"]:
        title = f"{found['refused_percent']:.0f} % of the calls are refused: a record waits {waits}"
    else:
        title = f"{who} keep{'s' if p.consumers == 1 else ''} up: a record waits {waits} on average"
    parts = [
        f"{p.write_mib_s:g} MiB/s written",
        plural(p.shards, "shard"),
        f"{who}, {'enhanced fan-out' if p.mode == 'enhanced' else 'polling'}",
    ]
    if p.mode == "shared":
        parts.append(f"each polls {p.polls_per_s:g}/s, {p.consumers * p.polls_per_s:.3g}/s in all")
    if m.refused_writes:
        parts.append(f"{m.refused_writes} writes refused")
    return title, " · ".join(parts)


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words: one to three sentences."""
    found = m.summary
    text = f"{title}. A lane for each consumer shows its {'pushes' if p.mode == 'enhanced' else 'calls'} over 30 s"
    if found["refused_calls"]:
        text += f", {found['refused_calls']} of {found['calls']} refused"
    return f"{text}; in the last 10 s they are {found['lag_s']:g} s behind on average."
