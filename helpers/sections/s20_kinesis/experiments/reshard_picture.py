"""The picture of split and merge: a lane per shard while it takes records and while it is read; the unread below."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span, human
from helpers.sections.s20_kinesis.experiments.reading import HASH_KEYS, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

READ_S = 2  # a read is drawn as long as the time until the next one


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    upper, lower = pictures.layout(figure, share=0.24)
    assert lower is not None
    end_s = max(m.puts[-1][0], m.reads[-1].time_s) + 2 * READ_S
    for axes in (upper, lower):
        pictures.time_axis(axes, end_s, labels=axes is lower)
    _shards(upper, m, end_s)
    _unread(lower, m, end_s)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _shards(axes: Any, m: Any, end_s: float) -> None:
    """Above, a shard from its opening to its closing and on; below it, the reads of it."""
    place = {lane.shard: 2.0 * row for row, lane in enumerate(m.lanes)}
    spans: list[Span] = []
    for lane in m.lanes:
        at, closed_s = place[lane.shard], lane.closed_s
        spans.append(Span(at, lane.opened_s, end_s if closed_s is None else closed_s, "calm"))
        if closed_s is not None:
            spans.append(Span(at, closed_s, end_s, "hidden"))
    late: list[tuple[float, float]] = []
    for one in m.reads:
        at = place[one.shard] + 0.85
        state = "again" if one.late else "poll"
        spans.append(Span(at, one.time_s, one.time_s + 0.8 * READ_S, state))
        if one.late:
            late.append((one.time_s + 0.4 * READ_S, at))
    full = pictures.lanes(axes, spans, 2 * len(m.lanes))
    pictures.marks(axes, late, "order", size=min(6.0, 0.8 * full))
    pictures.lane_names(axes, list(place.values()), [f"shard {short(lane.shard)}" for lane in m.lanes])
    pictures.lane_names(axes, [0.85], ["reads"], "#2a7fb0")
    links = []
    for lane in m.lanes:
        links += [
            ((lane.opened_s, place[parent]), (lane.opened_s, place[lane.shard])) for parent in lane.parents
        ]
    pictures.links(axes, links, pictures.QUIET)
    size = min(8.5, 0.9 * full + 1)
    told = False
    for lane in m.lanes:
        if lane.closed_s is not None:
            words = "closed" if told else "closed: no new records, the old ones stay readable"
            told = True
            _over(axes, lane.closed_s, place[lane.shard], full, words, size)
        share = Fraction(lane.high - lane.low + 1, HASH_KEYS).limit_denominator(64)
        _over(
            axes,
            lane.opened_s,
            place[lane.shard],
            full,
            f"{share} of the keys" if share < 1 else "all keys",
            size,
        )
    if late:
        time_s, at = late[0]
        shard = next(one for one in m.reads if one.late).shard
        words = "after later records of the same truck"
        pictures.beside(axes, _last(m, shard), at, words, pictures.WRONG, size=size, else_s=time_s - READ_S)


def _last(m: Any, shard: str) -> float:
    return float(max(one.time_s for one in m.reads if one.shard == shard) + READ_S)


def _over(axes: Any, time_s: float, place: float, full: float, words: str, size: float) -> None:
    """Words right over a bar, which is `full` points thick."""
    axes.annotate(
        words,
        (time_s, place),
        (2, full / 2 + 0.5),
        textcoords="offset points",
        size=size,
        color=pictures.QUIET,
        va="bottom",
    )


def _unread(axes: Any, m: Any, end_s: float) -> None:
    changes = [*m.puts, *((one.time_s, -one.records) for one in m.reads)]
    times, values = pictures.thin(*pictures.change_points(changes, end_s))
    pictures.steps(axes, times, values, "written, not yet read", "#0072B2", fill=True, at=(0.012, 0.9))
    pictures.level(axes, max(values), "records")


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    if m.refused:
        title = f"One shard cannot be merged: {m.refused}"
    elif s["out_of_order"]:
        title = (
            f"{s['out_of_order']:,} of {s['records']:,} records were read after later ones of the same truck"
        )
    else:
        old = s["read_of_closed"] or "none"
        title = f"All {s['records']:,} records read in order, {old} of them from closed shards"
    parts = [
        f"{plural(p.start_shards, 'shard')}, {p.operation}",
        "parents before children" if p.parents_first else "all shards at once",
        f"reader starts after {human(p.reader_starts_s) if p.reader_starts_s else '0 s'}",
        f"{p.records_per_s} records/s",
    ]
    return title, " · ".join(parts)


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words: two or three sentences."""
    s = m.summary
    text = f"{title}. At the end {plural(s['open_shards'], 'shard')} of the stream "
    text += f"{'is' if s['open_shards'] == 1 else 'are'} open and {s['closed_shards']} closed."
    return f"{text} The reader had caught up after {human(s['caught_up_s'])}."
