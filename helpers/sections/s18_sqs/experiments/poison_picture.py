"""The picture of the poison experiment: a lane per order, and below the life of a dead letter in days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span
from helpers.sections.s18_sqs.experiments.reading import Attempt

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LANES = 28
DAY_S = 86_400


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    upper, lower = pictures.layout(figure, share=0.17, gap=0.12)
    assert lower is not None
    flags = [moment is not None for moment in m.dead_s]
    shown = pictures.stretch(flags, LANES)
    zero = p.days_before_work * DAY_S
    received = [lane[0].received_s for lane in m.attempts if lane]
    if received:
        zero = min(received)
    end = max(m.end_s - zero, 1.0)
    pictures.time_axis(upper, end * 1.02)
    spans: list[Span] = []
    done: list[tuple[float, float]] = []
    again: list[tuple[float, float]] = []
    dead: list[tuple[float, float]] = []
    for row, i in enumerate(shown):
        place = float(row)
        lane = m.attempts[i]
        if lane:
            spans.append(Span(place, max(0.0, m.sent[i] - zero), lane[0].received_s - zero, "wait"))
        for turn, attempt in enumerate(lane):
            following = lane[turn + 1].received_s if turn + 1 < len(lane) else m.dead_s[i]
            repeated = turn > 0 and not m.poison[i]
            spans += _bars(
                place + (0.2 if repeated and turn % 2 else 0.0),
                attempt,
                following,
                m.poison[i],
                repeated,
                zero,
            )
            if attempt.fate == "done" and attempt.ended_s is not None:
                (again if repeated else done).append(
                    (attempt.ended_s - zero, place + (0.2 if repeated and turn % 2 else 0.0))
                )
        if m.dead_s[i] is not None:
            dead.append((m.dead_s[i] - zero, place))
    full = pictures.lanes(upper, spans, len(shown))
    pictures.marks(upper, done, "done", size=min(5.0, 0.72 * full))
    pictures.marks(upper, again, "again", size=min(5.0, 0.72 * full))
    for kind, bad in (("stored", True), ("astray", False)):
        pictures.marks(
            upper, [point for point in dead if m.poison[shown[int(point[1])]] is bad], kind, size=7
        )
    pictures.lane_names(upper, *pictures.some_lanes(len(shown), "order", first=shown.start + 1))
    if len(shown) < len(flags):
        pictures.overview(figure, flags, shown, f"all {len(flags)}")
    _name_lanes(upper, p, m, shown, zero, end)
    _life(lower, p, m)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _bars(
    place: float, attempt: Attempt, following: float | None, bad: bool, repeated: bool, zero: float
) -> list[Span]:
    assert attempt.started_s is not None
    assert attempt.ended_s is not None
    start, end = attempt.started_s - zero, attempt.ended_s - zero
    if not bad:
        return [Span(place, start, end, "again" if repeated else "calm")]
    spans = [Span(place, start, end, "failed")]
    hidden = attempt.hidden_until_s - zero
    if following is not None:
        hidden = min(hidden, following - zero)
        if following - zero > hidden:
            spans.append(Span(place, hidden, following - zero, "wait"))
    if hidden > end:
        spans.append(Span(place, end, hidden, "hidden"))
    return spans


def _name_lanes(axes: Any, p: Values, m: Any, shown: range, zero: float, end: float) -> None:
    named_dead = named_good = named_done = False
    for row, i in enumerate(shown):
        lane, moment = m.attempts[i], m.dead_s[i]
        if moment is not None and m.poison[i] and not named_dead:
            named_dead = True
            spent = pictures.human(moment - lane[0].received_s) if lane else ""
            label = f"set aside after {plural(len(lane), 'receive')}, {spent}"
            pictures.beside(axes, moment - zero, row, label, "#00664B", size=8)
            if lane and lane[0].ended_s is not None and lane[0].hidden_until_s - lane[0].ended_s > 0.1 * end:
                middle = (lane[0].ended_s + lane[0].hidden_until_s) / 2 - zero
                pictures.note(
                    axes,
                    middle,
                    row - 0.9,
                    "fails; hidden until its timeout ends",
                    pictures.QUIET,
                    side="right",
                    size=8,
                )
        elif moment is not None and not m.poison[i] and not named_good:
            named_good = True
            pictures.beside(
                axes, moment - zero, row, "a good order, set aside while in work", pictures.WRONG, size=8
            )
        elif moment is None and lane and not named_done and lane[0].ended_s is not None and row > 1:
            named_done = True
            pictures.beside(
                axes, max(a.ended_s for a in lane) - zero, row, "a good order, done", "#2F6F98", size=8
            )


def _life(axes: Any, p: Values, m: Any) -> None:
    """One dead letter from its sending to its end, in days, against what its queue seems to promise."""
    axes.set_ylim(1.0, -0.75)
    first = min((moment for moment in m.dead_s if moment is not None), default=None)
    if first is None or m.gone_s is None:
        pictures.time_axis(axes, DAY_S)
        axes.text(
            0.5,
            0.5,
            "nothing was set aside",
            transform=axes.transAxes,
            size=9,
            color=pictures.QUIET,
            ha="center",
        )
        return
    promised = first + p.dlq_retention_days * DAY_S
    pictures.time_axis(axes, max(promised, m.gone_s) * 1.04, most=10)
    spans = [Span(0, first, m.gone_s, "stored")]
    if first > 0.02 * promised:
        spans.append(Span(0, 0, first, "wait"))
        axes.text(first / 2, -0.55, "in the queue", size=8, color=pictures.QUIET, ha="center", va="center")
    pictures.lanes(axes, spans, 1, thickness=13)
    axes.set_ylim(1.0, -0.75)
    pictures.note(
        axes,
        (first + m.gone_s) / 2,
        0,
        f"in the dead-letter queue, {m.summary['readable_days']:g} days",
        "#ffffff",
        side="over",
        size=8.5,
    )
    pictures.lane_names(axes, [0.0], ["a dead letter"])
    if m.gone_s < promised - 0.3 * DAY_S:
        pictures.limit_line(axes, promised, "", pictures.WRONG, across=False)
        axes.text(
            promised,
            0.72,
            f"{p.dlq_retention_days} days after the move ",
            size=8,
            color=pictures.WRONG,
            ha="right",
            va="center",
        )
    pictures.marks(axes, [(m.gone_s, 0.0)], "crash", size=7)
    early = m.gone_s < 0.7 * promised
    axes.text(
        m.gone_s,
        -0.55,
        "  too old: gone" if early else "too old: gone  ",
        size=8,
        color=pictures.INK,
        ha="left" if early else "right",
        va="center",
    )


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    if s["dead_good"]:
        title = f"{plural(s['dead_good'], 'good order')} ended up among the {s['dead_letters']} dead letters"
    elif not s["dead_letters"]:
        title = (
            f"All {s['messages']} orders were done, none was set aside"
            if not s["poison"]
            else "Nothing was set aside"
        )
    elif m.gone_s is not None and s["readable_days"] < p.dlq_retention_days - 0.3:
        title = f"The dead letters could be read for {s['readable_days']:g} days, not {p.dlq_retention_days}"
    else:
        title = (
            f"{plural(s['poison'], 'bad order')} cost {s['wasted_receives']} receives, then "
            f"{'was' if s['poison'] == 1 else 'were'} set aside"
        )
    parts = [
        f"maxReceiveCount {p.max_receive_count}",
        f"visibility timeout {p.visibility_timeout_s} s"
        + (", handed back on failure" if p.release_on_failure else ""),
        f"work {p.work_s} s",
        plural(p.consumers, "worker"),
        f"{p.queue_type.upper() if p.queue_type == 'fifo' else p.queue_type} queue",
        f"dead letters kept {p.dlq_retention_days} days",
    ]
    if p.days_before_work:
        parts.append(f"workers down for {pictures.human(p.days_before_work * DAY_S)}")
    return title, " · ".join(parts)


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words."""
    s = m.summary
    text = f"{title}. A lane for each of the {s['messages']} orders shows its attempts"
    if s["dead_letters"]:
        text += (
            f"; a square marks the move to the dead-letter queue, at the latest {pictures.human(s['to_dlq_s'])} "
            "after the first receive"
        )
        text += f". Below, a dead letter can be read for {s['readable_days']:g} days"
    return text + "."
