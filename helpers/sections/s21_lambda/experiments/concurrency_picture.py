"""The picture of the two functions: what each has of the account's concurrency, and what became of their requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.sections.s21_lambda.experiments.concurrency import BUSY, LOAD_S, QUIET

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEFT = 0.135
COLOURS = {BUSY: "#0072B2", QUIET: "#009E73"}


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    figure.clear()
    figure.set_facecolor(pictures.BACKGROUND)
    upper = pictures.panel(figure, LEFT, 0.36, 0.975, 0.855)
    lower = pictures.panel(figure, LEFT, 0.075, 0.975, 0.3)
    for axes, labels in ((upper, False), (lower, True)):
        pictures.time_axis(axes, LOAD_S, labels=labels)
    _stack(upper, m)
    names = [name for name in (BUSY, QUIET) if m.requests[name]]
    lower.set_ylim(len(names) - 0.4, -0.6)
    for lane, name in enumerate(names):
        inside = [one for one in m.requests[name] if one.start_s <= LOAD_S]
        served = [(one.start_s, lane) for one in inside if one.end_s is not None]
        refused = [(one.start_s, lane) for one in inside if one.end_s is None]
        pictures.marks(lower, served, "sent", size=4)
        pictures.marks(lower, refused, "crash", size=5.5)
        said = f"{plural(len(refused), 'throttled', 'throttled')}" if refused else "all accepted"
        colour = pictures.WRONG if refused else pictures.QUIET
        pictures.note(
            lower, 0.0, lane - 0.12, f"{len(inside)} requests, {said}", colour, side="above", size=8
        )
    pictures.lane_names(lower, range(len(names)), names)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(m, title)


def _stack(axes: Any, m: Any) -> None:
    """The two functions on top of each other, the busy one below, with the limits in play."""
    points = sorted(
        {0.0, float(LOAD_S)}
        | {
            at
            for requests in m.requests.values()
            for one in requests
            if one.end_s is not None
            for at in (one.start_s, one.end_s)
            if at <= LOAD_S
        }
    )
    below = [float(m.in_flight(BUSY, at)) for at in points]
    both = [low + m.in_flight(QUIET, at) for low, at in zip(below, points, strict=True)]
    pictures.steps(axes, points, both, colour=COLOURS[QUIET], width=1.2)
    axes.fill_between(
        points, below, both, step="post", color=COLOURS[QUIET], alpha=0.45, linewidth=0, zorder=2
    )
    pictures.steps(axes, points, below, colour=COLOURS[BUSY], fill=True)
    pictures.level(axes, max(*both, m.limit), "requests at once")
    pictures.limit_line(axes, m.limit, f"account quota {m.limit}", pictures.INK)
    if BUSY in m.reserved:
        pictures.limit_line(axes, m.reserved[BUSY], f"reserved for {BUSY}: {m.reserved[BUSY]}", COLOURS[BUSY])
    if QUIET in m.reserved:
        free = m.limit - m.reserved[QUIET]
        pictures.limit_line(axes, free, f"{m.reserved[QUIET]} kept for {QUIET}", COLOURS[QUIET], at=0.3)
    axes.text(0.012, 0.93, BUSY, transform=axes.transAxes, size=8.5, color=COLOURS[BUSY], va="center")
    axes.text(
        0.14, 0.93, f"{QUIET} (on top)", transform=axes.transAxes, size=8.5, color="#00664b", va="center"
    )


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    if m.refused:
        title = f"AWS refused the reservation: 100 of {m.limit} must stay unreserved"
    elif s["checkouts_throttled"]:
        title = f"{s['checkouts_throttled']} of {s['checkouts']} checkouts throttled: {m.pool} taken by both functions"
    elif s["thumbnails_throttled"]:
        what = "attempts" if p.thumbnails_are == "asynchronous" else "thumbnails"
        title = f"Every checkout served; {s['thumbnails_throttled']} {what} throttled beyond {s['thumbnails_peak']}"
    else:
        title = f"Everybody served: {s['peak']} requests at once at the peak, of {m.limit}"
    parts = [f"{p.thumbnails_per_s:g} thumbnails/s of {p.thumbnail_s:g} s, {p.thumbnails_are}"]
    parts.append(f"{p.checkouts_per_s:g} checkouts/s of {p.checkout_s:g} s")
    parts += [f"{number} reserved for {name}" for name, number in m.reserved.items()] or ["nothing reserved"]
    return title, " · ".join(parts)


def words(m: Any, title: str) -> str:
    """The picture in words: two sentences."""
    s = m.summary
    return (
        f"{title}. The thumbnails reached {s['thumbnails_peak']} at once and the checkout {s['checkouts_peak']}; "
        f"{m.pool} are not reserved."
    )
