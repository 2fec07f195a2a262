"""The picture of the workers: a lane per shard with the workers that hold its lease; what is unprocessed below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span, human
from helpers.sections.s20_kinesis.experiments.reading import short

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    upper, lower = pictures.layout(figure, share=0.22)
    assert lower is not None
    for axes in (upper, lower):
        pictures.time_axis(axes, m.end_s, labels=axes is lower)
    _lanes(upper, m)
    changes = [*m.puts, *((at_s, -number) for at_s, number in m.done)]
    again = [(one.start_s, one.again) for one in m.holdings if one.again]
    times, values = pictures.thin(*pictures.change_points([*changes, *again], m.end_s))
    pictures.steps(lower, times, values, "to be processed", "#0072B2", fill=True, at=(0.012, 0.9))
    pictures.level(lower, max(values), "records")
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _lanes(axes: Any, m: Any) -> None:
    """Who holds each shard; what was done in vain, the wait, and a line for those who hold none."""
    shards = sorted({one.shard for one in m.holdings})
    place = {shard: float(row) for row, shard in enumerate(shards)}
    spans: list[Span] = []
    crosses: list[tuple[float, float]] = []
    ticks: list[tuple[float, float]] = []
    for one in m.holdings:
        lane = place[one.shard]
        later = next(
            (two for two in m.holdings if two.shard == one.shard and two.start_s > one.start_s), None
        )
        cut_s = min(one.noted_s, one.end_s) if later is not None and later.again else one.end_s
        cut_s = max(cut_s, one.start_s)
        spans += [Span(lane, one.start_s, cut_s, "calm"), Span(lane, cut_s, one.end_s, "again")]
        ticks += [(at_s, lane) for at_s in one.checkpoints]
        if one.crashed:
            crosses.append((one.end_s, lane))
            spans.append(Span(lane, one.end_s, later.start_s if later else m.end_s, "wait"))
    rows = len(shards) + len(m.idle)
    for row, _ in enumerate(m.idle, len(shards)):
        spans.append(Span(row, 0, m.end_s, "empty"))
    full = pictures.lanes(axes, spans, max(rows, 3))
    if len(ticks) <= 160:
        pictures.marks(axes, ticks, "expired", size=1.1 * full)
    pictures.marks(axes, crosses, "crash", size=min(9.0, 0.95 * full))
    pictures.lane_names(axes, list(place.values()), [f"shard {short(shard)}" for shard in shards])
    idle_rows = [float(len(shards) + row) for row in range(len(m.idle))]
    pictures.lane_names(axes, idle_rows, [_name(worker) for worker in m.idle], pictures.QUIET)
    size = min(8.5, 0.8 * full + 1.5)
    for one in m.holdings:
        said = _name(one.worker)
        if one.again:
            said += f" takes over: {plural(one.again, 'record')} again"
        colour = pictures.WRONG if one.again else pictures.INK
        _over(axes, one.start_s, place[one.shard], full, said, size, colour)
    first = next(iter(ticks), None)
    if first is not None and len(ticks) <= 160:
        _over(axes, first[0], first[1], full, "checkpoint", size, pictures.QUIET)
    if idle_rows:
        said = "no shard is left" if not m.crashed else "no shard is left before the crash"
        _over(axes, 0, idle_rows[0], full, said, size, pictures.QUIET)


def _over(axes: Any, time_s: float, place: float, full: float, words: str, size: float, colour: str) -> None:
    """Words right over a bar, which is `full` points thick; near the right edge they end there."""
    end_s = axes.get_xlim()[1]
    late = time_s > 0.72 * end_s
    axes.annotate(
        words,
        (end_s if late else time_s, place),
        (1, full / 2 + 0.5),
        textcoords="offset points",
        size=size,
        color=colour,
        ha="right" if late else "left",
        va="bottom",
    )


def _name(worker: str) -> str:
    return worker.replace("-", " ")


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    if s["taken_over"]:
        title = (
            f"{plural(s['repeats'], 'record').capitalize()} came again after the crash; "
            f"{plural(s['lost_shards'], 'shard')} waited up to {human(s['longest_gap_s'])}"
        )
    elif m.crashed:
        title = "The only worker died: nobody reads on"
    elif s["idle_workers"]:
        verb = "keeps" if p.shards == 1 else "keep"
        title = f"{plural(p.shards, 'shard')} {verb} {s['busy_workers']} of {p.workers} workers busy"
    else:
        verb = "reads" if p.workers == 1 else "share"
        title = f"{plural(p.workers, 'worker')} {verb} {plural(p.shards, 'shard')}"
    parts = [
        f"{plural(p.shards, 'shard')}, {plural(p.workers, 'worker')}",
        f"crash after {human(p.crash_at_s)}" if p.crash_at_s else "no crash",
        f"checkpoint after {plural(p.checkpoint_every, 'record')}",
        f"failover time {human(p.failover_s)}",
        f"{plural(s['checkpoint_writes'], 'checkpoint')} and {plural(s['renewals'], 'renewal')} written",
    ]
    return title, " · ".join(parts)


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words: two or three sentences."""
    s = m.summary
    text = f"{title}. {plural(s['busy_workers'], 'worker').capitalize()} of {p.workers} had a shard to read."
    writes = f"{plural(s['checkpoint_writes'], 'checkpoint')} and {plural(s['renewals'], 'renewal')}"
    return f"{text} The lease table got {writes}."
