"""The picture of a FIFO topic: a lane for each group in the order of receiving, and the publishes below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_NAMED = 50  # with more messages their numbers are not written


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    upper, lower = pictures.layout(figure, share=0.24, gap=0.09, left=0.135)
    assert lower is not None
    _received(upper, p, m)
    _published(lower, p, m)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _received(axes: Any, p: Values, m: Any) -> None:
    """Each message on the lane of its group, at the place at which the worker got it."""
    groups = [f"customer-{number}" for number in range(1, p.groups + 1)]
    lane_of = {group: float(lane) for lane, group in enumerate(groups)}
    axes.set_ylim(p.groups - 0.4, -0.75)
    pictures.number_axis(axes, 0, max(10, len(m.received) + 1), "")
    size = min(7.0, 0.5 * pictures.lane_points(axes, p.groups), 420 / max(1, len(m.received)))
    kinds: dict[str, list[tuple[float, float]]] = {"done": [], "order": [], "astray": []}
    for place, one in enumerate(m.received, 1):
        kind = "astray" if one.copy else "order" if one.late else "done"
        kinds[kind].append((float(place), lane_of[one.group]))
    for kind, points in kinds.items():
        pictures.marks(axes, points, kind, size=max(3.0, size))
    said = "in the order of receiving"
    if len(m.received) <= MOST_NAMED and p.groups <= 5:
        said += ", with their numbers in the order of publishing"
        below = 13 / pictures.lane_points(axes, p.groups + 0.35)
        for place, one in enumerate(m.received, 1):
            colour = pictures.WRONG if one.copy or one.late else pictures.QUIET
            axes.text(
                place,
                lane_of[one.group] + below,
                str(one.step),
                size=7,
                color=colour,
                ha="center",
                va="center",
            )
    axes.text(0.99, 0.995, said, transform=axes.transAxes, size=8, color=pictures.QUIET, ha="right", va="top")
    step = max(1, p.groups // 8)
    pictures.lane_names(axes, range(0, p.groups, step), groups[::step])


def _published(axes: Any, p: Values, m: Any) -> None:
    """All publishes over time: the first ones, and those sent again."""
    end_s = 1.03 * max(one.time_s for one in m.publishes)
    pictures.time_axis(axes, end_s)
    axes.set_ylim(1.9, -0.6)
    first = [(one.time_s, 0.0) for one in m.publishes if not one.again]
    dropped = [(one.time_s, 1.0) for one in m.publishes if one.again and not one.delivered]
    twice = [(one.time_s, 1.0) for one in m.publishes if one.again and one.delivered]
    pictures.marks(axes, first, "sent", size=5)
    pictures.marks(axes, dropped, "gone", size=4)
    pictures.marks(axes, twice, "astray", size=5)
    pictures.lane_names(axes, [0.0, 1.0], ["published", "sent again"])
    said = " and ".join(
        f"{len(points)} accepted and {what}"
        for points, what in ((dropped, "dropped"), (twice, "delivered"))
        if points
    )
    colour = pictures.WRONG if twice else pictures.INK
    axes.text(0.012, 0.08, said, transform=axes.transAxes, size=8, color=colour, va="center")
    start_s = first[0][0]
    if (dropped or twice) and start_s + 300 < 0.8 * end_s:
        pictures.limit_line(axes, start_s + 300, "5 min after the first", across=False, at=0.92)


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    if s["missing"]:
        title = f"{s['missing']} of {s['messages']} messages did not arrive"
    elif s["copies"] and s["out_of_order"]:
        title = f"{s['copies']} messages came twice, and {s['out_of_order']} after a later one of their group"
    elif s["copies"]:
        title = f"{s['copies']} of {s['sent_again']} messages that were sent again came twice"
    elif s["out_of_order"]:
        title = f"{s['out_of_order']} of {s['messages']} messages came after a later one of their group"
    elif s["sent_again"]:
        title = f"Each message came once and in order; {plural(s['sent_again'], 'duplicate')} dropped"
    else:
        title = f"All {s['messages']} messages came once, in the order of their groups"
    again = f"{p.duplicate_percent} % sent again after {p.resend_after_s} s"
    parts = [
        f"FIFO topic to a {p.subscriber}",
        plural(p.groups, "group"),
        again if s["sent_again"] else "none sent again",
        f"duplicates told by {p.dedup}",
    ]
    return title, " · ".join(parts)


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words: two sentences."""
    s = m.summary
    return (
        f"{title}. The worker received {plural(s['received'], 'message')} of {plural(p.groups, 'group')}, "
        f"and {plural(s['publish_errors'], 'publish', 'publishes')} failed."
    )
