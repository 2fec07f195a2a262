"""The picture of the scaling experiment: a lane per instance; the backlog, and what is acceptable of it, below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LANES = 24
BURST = (240.0, 480.0)


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    upper, lower = pictures.layout(figure, share=0.44)
    assert lower is not None
    shown = m.instances[:LANES]
    end = max(m.end_s, 1.0)
    pictures.time_axis(upper, end, labels=False, most=10)
    pictures.time_axis(lower, end, most=10)
    if p.burst_factor > 1:
        for axes in (upper, lower):
            axes.axvspan(*BURST, color="#F0E442", alpha=0.16, linewidth=0, zorder=0.2)
    spans: list[Span] = []
    for lane, instance in enumerate(shown):
        booted = lane >= min(p.min_instances, max(p.max_instances, p.min_instances)) and p.boot_s > 0
        if booted:
            spans.append(Span(lane, max(0.0, instance.ready_s - p.boot_s), instance.ready_s, "starting"))
        spans.append(Span(lane, instance.ready_s, instance.stopped_s, "hidden"))
        spans += [Span(lane, start, stop, "work") for start, stop in instance.busy]
    number = max(5, len(shown))
    pictures.lanes(upper, spans, number)
    pictures.lane_names(upper, *pictures.some_lanes(max(1, len(shown)), "instance"))
    _name(upper, p, m, shown, end)
    _depth(lower, p, m, end)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _name(axes: Any, p: Values, m: Any, shown: Any, end: float) -> None:
    first = next((lane for lane, i in enumerate(shown) if lane >= p.min_instances and p.boot_s > 0), None)
    if first is not None:
        pictures.note(
            axes,
            max(0.0, shown[first].ready_s - p.boot_s),
            first,
            f"boots for {pictures.human(p.boot_s)}",
            pictures.INK,
            side="left",
            size=8.5,
        )
    for lane, instance in enumerate(shown):
        gaps = list(
            zip((stop for _, stop in instance.busy), (start for start, _ in instance.busy[1:]), strict=False)
        )
        if instance.busy:
            gaps.append((instance.busy[-1][1], instance.stopped_s))
        wide = max(gaps, key=lambda gap: gap[1] - gap[0], default=(0.0, 0.0))
        if lane and wide[1] - wide[0] > 0.2 * end:
            pictures.note(
                axes, sum(wide) / 2 - 0.03 * end, lane, "idle", pictures.QUIET, side="right", size=8
            )
            break
    if len(m.instances) > LANES:
        pictures.note(
            axes, 0.02 * end, LANES - 0.8, f"and {len(m.instances) - LANES} more", pictures.QUIET, size=8
        )


def _depth(axes: Any, p: Values, m: Any, end: float) -> None:
    times, values = pictures.thin(*pictures.change_points(m.backlog, end))
    pictures.steps(axes, times, values, "", "#0072B2", fill=True)
    target = p.acceptable_wait_s / p.job_s
    run_times, running = pictures.change_points(m.running, end)
    acceptable = [level * target for level in running]
    top = max(values)
    pictures.level(axes, max(top, min(max(acceptable), 1.6 * top)), "messages waiting")
    pictures.steps(axes, run_times, acceptable, "", pictures.WRONG, width=1.3, dashes=(4, 2))
    high = axes.get_ylim()[1]
    start = acceptable[min(1, len(acceptable) - 1)]
    pictures.note(
        axes,
        0.01 * end,
        min(start, 0.86 * high) + 0.06 * high,
        f"acceptable: {target:.3g} per running instance",
        pictures.WRONG,
        side="right",
        size=8.5,
    )
    most = max(range(len(values)), key=lambda i: values[i])
    if top > 0:
        pictures.beside(
            axes, times[most], min(values[most], 0.93 * high), f"{top:.0f} messages wait", "#0072B2"
        )
    if p.burst_factor > 1:
        axes.text(
            BURST[0] + 4,
            0.965 * high,
            f"{p.arrivals_per_min * p.burst_factor:g} a minute",
            size=8.5,
            color=pictures.INK,
            va="top",
        )


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    if not s["messages"]:
        title = "No message came"
    elif s["longest_wait_s"] <= p.acceptable_wait_s:
        title = (
            f"No message waited longer than {pictures.human(s['longest_wait_s'])}, with up to "
            f"{plural(s['most_instances'], 'instance')}"
        )
    else:
        title = (
            f"Messages waited up to {pictures.human(round(s['longest_wait_s']))}, though up to "
            f"{plural(s['most_instances'], 'instance')} ran"
        )
    parts = [
        f"{p.arrivals_per_min} messages a minute"
        + (f", {p.burst_factor:g} times as many in the burst" if p.burst_factor > 1 else ""),
        f"work {p.job_s:g} s",
        f"acceptable wait {pictures.human(p.acceptable_wait_s)}",
        f"boot {pictures.human(p.boot_s)}",
        f"{p.min_instances} to {max(p.max_instances, p.min_instances)} instances",
        f"{s['instance_minutes']:.0f} instance-minutes",
    ]
    return title, " · ".join(parts)


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words."""
    s = m.summary
    text = (
        f"{title}. A lane for each instance shows its boot, its work and its idle time over "
        f"{pictures.human(m.end_s)}"
    )
    text += f"; below, the backlog peaks at {s['peak_backlog']} messages"
    text += f", {p.acceptable_wait_s / p.job_s:.3g} per running instance being acceptable"
    return text + "."
