"""The picture of the canary: each request on the lane of its version; the weight, and the errors a minute, below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import human

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEFT = 0.135


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    figure.clear()
    figure.set_facecolor(pictures.BACKGROUND)
    upper = pictures.panel(figure, LEFT, 0.545, 0.975, 0.855)
    middle = pictures.panel(figure, LEFT, 0.315, 0.975, 0.5)
    lower = pictures.panel(figure, LEFT, 0.075, 0.975, 0.27)
    for axes in (upper, middle, lower):
        pictures.time_axis(axes, m.end_s, labels=axes is lower)
    upper.set_ylim(1.6, -0.6)
    spread = _spread(len(m.requests))
    for new, failed, kind in ((True, True, "crash"), (True, False, "done"), (False, False, "sent")):
        points = [
            (one.time_s, (0 if new else 1) + spread[place])
            for place, one in enumerate(m.requests)
            if one.new is new and one.failed is failed
        ]
        pictures.marks(upper, points, kind, size=5.5 if kind == "crash" else 4.0)
    pictures.lane_names(upper, [0, 1], ["version 2", "version 1"])
    times = [0.0, *(at for at, _ in m.weights), m.end_s]
    shares = [0.0, *(100 * share for _, share in m.weights)]
    pictures.steps(middle, times, [*shares, shares[-1]], fill=True)
    pictures.level(middle, 100, "%")
    middle.text(
        0.012,
        0.86,
        "traffic to version 2",
        transform=middle.transAxes,
        size=8.5,
        color="#0072B2",
        va="center",
    )
    minutes = range(int(m.end_s // 60) + 1)
    counts = [
        sum(one.failed and 60 * at <= one.time_s < 60 * (at + 1) for one in m.requests) for at in minutes
    ]
    pictures.steps(
        lower,
        [60.0 * at for at in minutes] + [m.end_s],
        [*counts, counts[-1]],
        colour=pictures.WRONG,
        fill=True,
    )
    pictures.level(lower, max(*counts, p.alarm_errors), "errors")
    lower.text(
        0.012,
        0.86,
        "errors in each minute",
        transform=lower.transAxes,
        size=8.5,
        color=pictures.WRONG,
        va="center",
    )
    pictures.limit_line(lower, p.alarm_errors, f"alarm at {p.alarm_errors}", pictures.INK)
    if m.alarm_s is not None:
        for axes in (upper, middle, lower):
            name = "alarm: back to version 1" if axes is upper else ""
            pictures.limit_line(axes, m.alarm_s, name, pictures.INK, across=False, at=0.5)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(m, title)


def _spread(number: int) -> list[float]:
    """Small steps up and down, so that neighbours in time do not cover each other."""
    return [((7 * place) % 11 - 5) * 0.05 for place in range(number)]


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    errors = (
        f"{plural(m.summary['errors'], 'user')} met an error"
        if m.summary["errors"]
        else "No user met an error"
    )
    errors = errors[0].upper() + errors[1:]
    if m.alarm_s is not None:
        title = f"{errors}; the alarm took version 2 back after {human(m.summary['rolled_back_s'])}"
    else:
        title = f"{errors}; version 2 has all traffic after {human(m.summary['whole_s'] or 0.0)}"
    parts = [p.strategy, f"{p.requests_per_min} requests/min", f"{p.error_percent} % errors in version 2"]
    parts.append("roll back on alarm" if p.rollback else "no roll-back")
    return title, " · ".join(parts)


def words(m: Any, title: str) -> str:
    """The picture in words: two sentences."""
    return (
        f"{title}. Of {m.summary['requests']} requests {m.summary['met_new']} were answered by version 2; each is "
        "drawn on the lane of its version, as a cross where it failed."
    )
