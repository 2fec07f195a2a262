"""The picture of the throttle experiment: writes around the first throttle, the units left over the whole run below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span
from helpers.sections.s22_dynamodb.experiments.reading import count
from helpers.sections.s22_dynamodb.experiments.spike import Store, Write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LANES = 16  # writes that are drawn one by one
BEFORE = 3  # of them are writes that pass, before the first throttle
THIN = 0.012  # a call takes 10 ms; it is drawn at least so wide, as a share of the stretch
TABLE_COLOUR, INDEX_COLOUR = "#0072B2", "#D55E00"


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    upper, lower = pictures.layout(figure, share=0.36, left=0.125, gap=0.105)
    assert lower is not None
    flags = [one.throttled for one in m.writes]
    shown = _shown(flags)
    drawn = m.writes[shown.start : shown.stop]
    start_s = drawn[0].attempts[0].start_s - m.spike_s
    end_s = max(one.attempts[-1].end_s for one in drawn) - m.spike_s
    end_s += 0.16 * (end_s - start_s) + 0.5
    pictures.number_axis(upper, start_s, end_s, "s of the spike")
    _lanes(upper, m, drawn, p, end_s - start_s)
    pictures.lane_names(upper, *pictures.some_lanes(len(drawn), "write", first=shown.start + 1))
    if len(drawn) < len(flags):
        pictures.overview(figure, flags, shown, f"all {len(flags)}", left=0.125)
    _left(lower, p, m, (start_s, end_s))
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _shown(flags: list[bool]) -> range:
    """The writes around the first throttle, or the first ones."""
    first = flags.index(True) if any(flags) else 0
    start = max(0, min(first - BEFORE, len(flags) - LANES))
    return range(start, min(len(flags), start + LANES))


def _lanes(axes: Axes, m: Any, drawn: tuple[Write, ...], p: Values, length_s: float) -> None:
    spans: list[Span] = []
    passed: list[tuple[float, float]] = []
    lost: list[tuple[float, float]] = []
    for lane, one in enumerate(drawn):
        for attempt, again in zip(one.attempts, (*one.attempts[1:], None), strict=True):
            start_s = attempt.start_s - m.spike_s
            end_s = max(attempt.end_s - m.spike_s, start_s + THIN * length_s)
            spans.append(Span(lane, start_s, end_s, "work" if attempt.taken else "throttled"))
            if again is not None and again.start_s - m.spike_s > end_s:
                spans.append(Span(lane, end_s, again.start_s - m.spike_s, "wait"))
            if again is None and attempt.taken and len(one.attempts) > 1:
                passed.append((end_s, lane))
            elif again is None and not attempt.taken:
                lost.append((end_s + 0.5 * THIN * length_s, lane))
    full = pictures.lanes(axes, spans, len(drawn))
    pictures.marks(axes, passed, "done", size=0.6 * full)
    pictures.marks(axes, lost, "crash", size=0.85 * full)
    named: set[str] = set()
    for lane, one in enumerate(drawn):
        words, colour = _fate(one, m, p)
        kind = words[:4]
        if kind not in named:
            named.add(kind)
            end_s = one.attempts[-1].end_s - m.spike_s + 1.8 * THIN * length_s
            start_s = one.attempts[0].start_s - m.spike_s
            pictures.beside(axes, end_s, lane, words, colour, size=8, else_s=start_s)


def _fate(one: Write, m: Any, p: Values) -> tuple[str, str]:
    """What became of a write, in words and in which colour."""
    if not one.throttled:
        return "passes at once", TABLE_COLOUR
    tried = len(one.attempts)
    if one.taken:
        wait_s = one.attempts[-1].end_s - one.attempts[0].end_s
        return f"comes {pictures.human(wait_s)} late, at attempt {tried}", TABLE_COLOUR
    if one.attempts[0].end_s == m.throttle_s:
        need = m.summary["asked_units"] / m.summary["writes"]
        short = f"lost: {count(need)} units needed, {count(m.left)} left"
        return short if tried == 1 else f"{short}; {tried} attempts", pictures.WRONG
    return f"lost after {plural(tried, 'attempt')}", pictures.WRONG


def _left(axes: Axes, p: Values, m: Any, framed: tuple[float, float]) -> None:
    """Units left over the whole run, the spike beginning at 0."""
    end_s = m.end_s - m.spike_s
    pictures.time_axis(axes, end_s, -m.spike_s)
    axes.axvspan(*framed, color="#dfe7ee", linewidth=0, zorder=0.4)
    stores: list[tuple[Store, str, str]] = [(m.table, "table", TABLE_COLOUR)]
    if m.index is not None and p.gsi_wcu == p.wcu:
        stores = [(m.table, "table and index", TABLE_COLOUR)]
    elif m.index is not None:
        stores.append((m.index, "index", INDEX_COLOUR))
    top = max(max(store.curve[1]) for store, *_ in stores)
    pictures.level(axes, top, "units left")
    for place, (store, name, colour) in enumerate(stores):
        times, left = store.curve
        _line(axes, [time_s - m.spike_s for time_s in times], left, colour, fill=not place)
        if store.most <= 1.02 * top:
            words = f"{name}: 300 s of {store.rate:g} units/s, no more is kept"
            pictures.limit_line(axes, store.most, words, colour, at=0.995 if place else 0.005)
        elif m.index is not None:
            highest = max(range(len(left)), key=left.__getitem__)
            pictures.note(
                axes, times[highest] - m.spike_s, left[highest], name, colour, side="left", size=8.5
            )
    pictures.limit_line(axes, 0.0, "", pictures.QUIET, across=False)
    side = "left" if m.spike_s > 0.2 * (m.spike_s + end_s) else "right"
    pictures.note(axes, 0.0, 1.24 * top, "the spike begins", pictures.QUIET, side=side)
    if m.throttle_s is not None:
        after_s = m.throttle_s - m.spike_s
        pictures.limit_line(axes, after_s, "", pictures.WRONG, across=False)
        words = f"throttled from {pictures.human(after_s)} on"
        pictures.beside(axes, after_s, 0.5 * top, words, pictures.WRONG)


def _line(axes: Axes, times: list[float], left: list[float], colour: str, *, fill: bool) -> None:
    from matplotlib.lines import Line2D

    axes.add_line(Line2D(times, left, color=colour, linewidth=1.5, zorder=2.5))
    if fill:
        axes.fill_between(times, left, color=colour, alpha=0.16, linewidth=0, zorder=2)


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    if m.throttle_s is None:
        within = p.spike_wcu <= min(p.wcu, p.gsi_wcu or p.wcu)
        title = (
            f"The spike of {p.spike_wcu} units/s stays within what is provisioned"
            if within
            else f"Saved capacity carried the whole spike of {pictures.human(p.spike_s)}"
        )
    else:
        whose = "The index's saved units" if m.index_s == m.throttle_s else "Saved capacity"
        title = f"{whose} carried the spike for {pictures.human(s['carried_s'])}; "
        if s["late"]:
            were = "none was" if not s["lost"] else f"{s['lost']} {'was' if s['lost'] == 1 else 'were'}"
            title += f"then {plural(int(s['late']), 'write')} came late, and {were} lost"
        else:
            title += f"then {s['lost']} of {s['writes']} writes {'was' if s['lost'] == 1 else 'were'} lost"
    parts = [f"Table {p.wcu} units/s"]
    if p.gsi_wcu:
        parts.append(f"index {p.gsi_wcu} units/s")
    parts += [
        f"{pictures.human(p.quiet_s)} quiet",
        f"spike of {p.spike_wcu} units/s for {pictures.human(p.spike_s)}",
        "no retries" if p.attempts == 1 else f"up to {p.attempts} attempts",
    ]
    return title, " · ".join(parts)


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words."""
    text = (
        f"{title}. {count(m.summary['accepted_units'])} of the {count(m.summary['asked_units'])} units that were asked "
        "for passed"
    )
    if m.throttle_s is not None:
        text += ", and the curve below shows the saved units run out"
        if m.index_s is not None:
            text += " on the index, while the table still has some"
    return text + "."
