"""The picture of the experiment on message groups: a lane per group, busy consumers below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LANES = 12
ROWS = 30  # bars on top of each other, over all lanes
NUMBERED = 70  # more bars than this carry no numbers


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    names = list(m.groups)
    flags = [
        any((name, job.place) in m.out_of_order or len(job.attempts) > 1 for job in m.groups[name])
        for name in names
    ]
    shown = pictures.stretch(flags, LANES)
    upper, lower = pictures.layout(figure, share=0.26)
    assert lower is not None
    end = max(m.end_s, 0.1)
    pictures.time_axis(upper, end, labels=False)
    pictures.time_axis(lower, end)
    rows, tops = _rows([m.groups[names[i]] for i in shown])
    total = tops[-1] + rows[-1]
    spans: list[Span] = []
    failed, late, numbers = [], [], []
    for lane, i in enumerate(shown):
        jobs = m.groups[names[i]]
        free: list[float] = []
        previous = min((job.sent_s for job in jobs), default=0.0)
        for attempt, job in sorted(
            ((a, one) for one in jobs for a in one.attempts), key=lambda pair: pair[0].received_s
        ):
            if attempt.busy is None:
                continue
            start, stop = attempt.busy
            row = next((r for r, until in enumerate(free) if until <= start + 1e-6), len(free))
            if row == len(free):
                free.append(0.0)
            place = tops[lane] + min(row, rows[lane] - 1)
            if rows[lane] == 1 and start - previous > 0.15:
                spans.append(Span(place, previous, start, "wait"))
            overtaken = (job.group, job.place) in m.out_of_order
            state = (
                "failed"
                if attempt.fate == "failed"
                else "again"
                if overtaken
                else "work"
                if job.place % 2
                else "calm"
            )
            spans.append(Span(place, start, stop, state))
            free[row] = stop
            previous = stop
            if attempt.fate == "failed":
                failed.append((stop, place))
                spans.append(Span(place, stop, attempt.hidden_until_s, "hidden"))
                free[row] = previous = attempt.hidden_until_s
            if overtaken and attempt.fate != "failed":
                late.append((stop, place))
            numbers.append((start, stop, place, job.place, state))
    pictures.lanes(upper, spans, total, thickness=min(15.0, 0.66 * pictures.lane_points(upper, total)))
    pictures.marks(upper, failed, "crash", size=7)
    if len(numbers) <= NUMBERED and total <= LANES:
        _numbers(upper, numbers, end)
    pictures.lane_names(
        upper,
        [tops[lane] + (rows[lane] - 1) / 2 for lane in range(len(shown))],
        [names[i].replace("-", " ") for i in shown],
    )
    if len(shown) < len(names):
        pictures.overview(figure, flags, shown, f"all {len(names)}")
    _name(upper, end, failed, late)
    times, levels = pictures.change_points(m.busy, end)
    times, levels = pictures.thin(times, levels)
    pictures.steps(lower, times, levels, "busy consumers", "#0072B2", fill=True, at=(0.012, 0.92))
    limit = min(m.summary["groups_used"], p.consumers)
    pictures.level(lower, max(p.consumers if p.consumers <= 2 * limit else limit, *levels), "consumers")
    if p.consumers > limit:
        if p.consumers <= 2 * limit:
            pictures.limit_line(lower, p.consumers, f"{p.consumers} consumers", pictures.QUIET)
        pictures.limit_line(
            lower,
            limit,
            f"{plural(limit, 'group')}, {p.consumers} consumers"
            if p.consumers > 2 * limit
            else plural(limit, "group"),
            pictures.WRONG,
        )
    else:
        pictures.limit_line(lower, limit, f"{plural(p.consumers, 'consumer')}", pictures.QUIET)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _rows(lanes: list[Any]) -> tuple[list[int], list[float]]:
    """How many bars lie on top of each other in each lane, and where each lane begins, with half a row between two."""
    rows = []
    for jobs in lanes:
        changes = sorted(
            (moment, change)
            for job in jobs
            for a in job.attempts
            if a.busy
            for moment, change in ((a.busy[0] + 1e-6, 1), (a.busy[1], -1))
        )
        level = most = 0
        for _, change in changes:
            level += change
            most = max(most, level)
        rows.append(max(1, most))
    while sum(rows) > ROWS:
        rows = [max(1, r - 1) for r in rows]
        if set(rows) == {1}:
            break
    tops, place = [], 0.0
    for number in rows:
        tops.append(place)
        place += number + (0.5 if number > 1 else 0)
    return rows, tops


def _numbers(axes: Any, bars: list[tuple[float, float, float, int, str]], end: float) -> None:
    """The place in its group on each bar that is long enough."""
    for start, stop, place, number, state in bars:
        if (stop - start) / end > 0.011 * (1 + len(str(number))) / 2 + 0.006:
            if state == "failed":
                continue
            colour = "#ffffff" if state == "work" else pictures.INK
            paper = {"facecolor": "#ffffff", "edgecolor": "none", "pad": 0.6} if state == "again" else None
            axes.text(
                (start + stop) / 2,
                place,
                str(number),
                size=8,
                color=colour,
                ha="center",
                va="center",
                zorder=5,
                bbox=paper,
            )


def _name(axes: Any, end: float, failed: list[tuple[float, float]], late: list[tuple[float, float]]) -> None:
    if failed:
        pictures.note(
            axes,
            failed[0][0],
            failed[0][1] + 0.42,
            "fails: the group waits until it is visible again",
            pictures.WRONG,
            size=8.5,
        )
    elif late:
        stop, place = min(late, key=lambda point: (point[1], point[0]))
        pictures.note(
            axes,
            stop,
            place - 0.62,
            "done after a later one of its group",
            pictures.WRONG,
            size=8.5,
            side="left" if stop > 0.5 * end else "right",
        )


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    if s["out_of_order"]:
        title = (
            f"{s['out_of_order']} of {s['messages']} messages were done out of order, {s['speed_up']:.1f} times "
            "as fast as one consumer"
        )
    elif s["failures"]:
        title = (
            f"Group 1 took {pictures.human(s['group_1_done_s'])}, the others {pictures.human(s['others_done_s'])}"
            if s["groups_used"] > 1
            else f"The only group took {pictures.human(s['group_1_done_s'])}"
        )
    else:
        title = (
            f"{plural(p.consumers, 'consumer')} on {plural(s['groups_used'], 'group')}: {s['speed_up']:.1f} times "
            "as fast as one consumer"
        )
    low, high = (p.work_s * (1 + sign * p.work_spread_percent / 100) for sign in (-1, 1))
    parts = [
        "FIFO queue" if p.queue_type == "fifo" else "Standard queue",
        f"{s['messages']} messages in {plural(s['groups_used'], 'group')}",
        plural(p.consumers, "consumer"),
        f"work {low:g} to {high:g} s" if p.work_spread_percent else f"work {p.work_s:g} s",
        f"done after {pictures.human(s['makespan_s'])}",
    ]
    if p.hot_percent and p.groups > 1:
        parts.append(f"group 1 has {p.hot_percent} %")
    if s["failures"]:
        parts.append(f"visibility timeout {p.visibility_timeout_s} s")
    return title, " · ".join(parts)


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words."""
    s = m.summary
    text = (
        f"{title}. A lane for each message group shows its messages in work; up to {s['most_busy']} of "
        f"{plural(p.consumers, 'consumer')} are busy at once"
    )
    if s["failures"]:
        text += "; group 1 stands still while its first message is hidden"
    if s["out_of_order"]:
        text += "; messages done after a later one of their group stand out"
    return text + "."
