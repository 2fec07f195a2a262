"""The picture of the hot shard experiment: each shard against what it takes; all records by second below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TAKEN, REFUSED, NEW = "#0072B2", "#A8497F", pictures.QUIET


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    upper, _ = pictures.layout(figure, below=False)
    box = upper.get_position()
    upper.set_position((box.x0, 0.37, box.width, box.y1 - 0.02 - 0.37))
    lower = pictures.panel(figure, box.x0, box.y0, box.x1, 0.285)
    _shards(upper, p, m)
    _seconds(lower, p, m)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _shards(axes: Axes, p: Values, m: Any) -> None:
    """A bar for each shard: what it took, then what it refused."""
    limit = float(m.summary["shard_limit_per_s"])
    top = max(limit, *(one.taken_per_s + one.refused_per_s for one in m.lanes)) * 1.5
    pictures.number_axis(axes, 0, top, "/s")
    spans, names = [], []
    for place, one in enumerate(m.lanes):
        taken, asked = one.taken_per_s, one.taken_per_s + one.refused_per_s
        if taken:
            spans.append(Span(place, 0, taken, "work" if one.busiest else "calm"))
        if asked > taken:
            spans.append(Span(place, taken, asked, "throttled"))
        names.append(f"shard {one.shard}" if not place or len(m.lanes) < 12 else one.shard)
    pictures.lanes(axes, spans, len(m.lanes))
    named = [n for n, one in enumerate(m.lanes) if len(m.lanes) < 16 or not n % 2 or one.closed or one.child]
    pictures.lane_names(axes, [float(n) for n in named], [names[n] for n in named])
    name = f"a shard takes {limit:,.0f}/s" + (" (bars: means)" if p.bursts else "")
    pictures.limit_line(axes, limit, name, across=False, at=0.985)
    for place, one in enumerate(m.lanes):
        remark, colour = _remark(one, m)
        if remark:
            end = one.taken_per_s + one.refused_per_s
            pictures.note(axes, end, place, remark, colour, size=8)


def _remark(one: Any, m: Any) -> tuple[str, str]:
    """What there is to say of a shard: its dominant key, what it refused, and whether it was split."""
    said = []
    if one.closed:
        said.append("split after 3 s")
    elif one.child:
        said.append("child, from 3 s on")
    if one.busiest:
        said.insert(0, f"key {m.hot_key}")
    if one.refused_per_s:
        said.append(f"{one.refused_per_s:,.0f}/s refused")
        return ": ".join(said[:1]) + "".join(f", {more}" for more in said[1:]), REFUSED
    return ", ".join(said), TAKEN if one.busiest else pictures.QUIET


def _seconds(axes: Axes, p: Values, m: Any) -> None:
    """New records, those that were taken and those that were refused, by second."""
    lasted = len(m.seconds)
    pictures.time_axis(axes, float(lasted))
    times = [float(second) for second in range(lasted + 1)]

    def line(values: list[float], *args: Any, **more: Any) -> None:
        pictures.steps(axes, times, [*values, values[-1]], *args, **more)

    line([one.taken for one in m.seconds], "taken", TAKEN, fill=True, at=(0.012, 0.92))
    line([one.asked - one.taken for one in m.seconds], "refused", REFUSED, at=(0.085, 0.92))
    line([one.new for one in m.seconds], "new records", NEW, dashes=(2, 2), at=(0.18, 0.92))
    most = max(max(one.asked, one.taken) for one in m.seconds)
    limit = float(m.summary["stream_limit_per_s"])
    room = f"all {p.shards} shards take {limit:,.0f}/s" if p.shards > 1 else f"the shard takes {limit:,.0f}/s"
    if limit <= 3 * most:
        pictures.limit_line(axes, limit, room)
        most = max(most, limit)
    else:
        axes.text(
            0.995,
            0.92,
            f"far above: {room}",
            transform=axes.transAxes,
            size=8.5,
            color=pictures.INK,
            ha="right",
            va="center",
        )
    pictures.level(axes, most, "records/s")
    if p.split_hot:
        pictures.limit_line(axes, 3.0, "split", across=False, at=0.7)


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    found = m.summary
    refusing = plural(found["refusing_shards"], "shard")
    if not found["refused"]:
        title = (
            f"Every record was taken at once: no shard got more than {found['shard_limit_per_s']:,} a second"
        )
    elif not found["lost"]:
        title = f"{found['refused']:,} refusals, and nothing lost: further tries found room"
    elif p.split_hot and p.key != "user":
        title = (
            f"One key got {found['hot_key_before_per_s']:,} records/s before the split and "
            f"{found['hot_key_after_per_s']:,} after it"
        )
    elif found["refusing_shards"] < p.shards:
        title = f"{refusing} of {len(m.lanes)} refused records, and {found['lost_percent']:g} % were lost"
    else:
        small = "too small for its bursts" if p.bursts else "too small"
        title = f"The stream is {small}: {found['lost_percent']:g} % of the records were lost"
    keys = {
        "user": "key: one of 1,000 users",
        "country": "key: country, 90 % one",
        "constant": "key: always the same",
    }
    parts = [
        f"{p.records_per_s:,} records/s of {p.record_kib:g} KiB" + (" in bursts" if p.bursts else ""),
        plural(p.shards, "shard"),
        keys[p.key],
        "refused ones dropped" if p.on_refusal == "drop" else "refused ones sent again up to 3 times",
    ]
    if p.split_hot:
        parts.append("the busiest shard split after 3 s")
    return title, " · ".join(parts)


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words: one to three sentences."""
    busy = max(m.lanes, key=lambda one: one.taken_per_s + one.refused_per_s)
    text = (
        f"{title}. The busiest shard was asked for {busy.taken_per_s + busy.refused_per_s:,.0f} records a second and "
        f"took {busy.taken_per_s:,.0f}, of {m.summary['shard_limit_per_s']:,} that a shard takes"
    )
    if p.split_hot and p.key != "user":
        text += (
            f"; its key got {m.summary['hot_key_before_per_s']:,} a second before the split and "
            f"{m.summary['hot_key_after_per_s']:,} after it"
        )
    return text + "."
