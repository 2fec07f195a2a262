"""The picture of the cold starts: a lane per environment, and the requests in flight below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LANES = 24  # more environments than this are summarised


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    upper, lower = pictures.layout(figure, share=0.27, left=0.135)
    assert lower is not None
    end_s = max((bar.end_s for bar in m.bars), default=1.0) + 0.5
    for axes, labels in ((upper, False), (lower, True)):
        pictures.time_axis(axes, end_s, labels=labels)
    names = m.environments
    place_of = {name: place for place, name in enumerate(names[:LANES])}
    spans = []
    for bar in m.bars:
        if bar.environment in place_of:
            lane = place_of[bar.environment]
            spans += [
                Span(lane, bar.start_s, bar.start_s + bar.init_s, "starting"),
                Span(lane, bar.start_s + bar.init_s, bar.end_s, "work"),
            ]
    number = max(1, len(place_of))
    pictures.lanes(upper, [span for span in spans if span.end > span.start], number)
    pictures.lane_names(upper, *pictures.some_lanes(number, "environment"))
    if len(names) > LANES:
        figure.text(
            0.975, 0.871, f"{LANES} of {len(names)} environments", size=8, color=pictures.QUIET, ha="right"
        )
    cold = next((bar for bar in m.bars if bar.init_s), None)
    if cold is not None and cold.environment in place_of:
        words_ = f"{cold.init_s:g} s to start, then {p.work_s:g} s of work"
        pictures.note(
            upper, cold.start_s, place_of[cold.environment], words_, pictures.INK, side="above", size=8
        )
    changes = [(bar.start_s, 1) for bar in m.bars] + [(bar.end_s, -1) for bar in m.bars]
    times, values = pictures.thin(*pictures.change_points(changes, end_s))
    pictures.steps(lower, times, values, "requests in flight", "#0072B2", fill=True, at=(0.012, 0.9))
    pictures.level(lower, max(*values, p.provisioned), "requests")
    if p.provisioned:
        pictures.limit_line(lower, p.provisioned, f"{p.provisioned} provisioned", pictures.INK)
    mean = float(m.summary["mean_busy"])
    pictures.limit_line(lower, mean, f"mean {mean:g}", pictures.QUIET, at=0.3)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    cold, requests = m.summary["cold"], m.summary["requests"]
    if cold:
        title = f"{cold} of {plural(requests, 'request')} waited for an environment to start"
    else:
        title = f"No request of {requests} waited for an environment to start"
    parts = [
        f"{p.rate_per_s:g} requests/s, {'at random' if p.arrivals == 'random' else 'evenly'}",
        f"work {p.work_s:g} s",
        f"start {p.init_s:g} s",
        f"{p.provisioned} provisioned" if p.provisioned else "nothing provisioned",
        f"99 % within {m.summary['p99_s']:.2f} s",
    ]
    return title, " · ".join(parts)


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words: two sentences."""
    return (
        f"{title}. {plural(m.summary['environments'], 'environment')} served them; on average "
        f"{m.summary['mean_busy']:g} requests were in flight, at the peak {m.summary['peak']}"
        + (f", with {p.provisioned} environments provisioned." if p.provisioned else ".")
    )
