"""The picture of the polling experiment: both consumers call by call, and the sums of their calls below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures
from helpers.experiments.pictures import Span

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WINDOW_S = 90.0  # of the calls that are drawn one by one
ARRIVALS, LONG, SHORT = 0.0, 1.0, 2.0


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    upper, lower = pictures.layout(figure, share=0.36, left=0.125, gap=0.105)
    assert lower is not None
    start_s, end_s = _window(p, m)
    pictures.time_axis(upper, end_s, start_s)
    spans: list[Span] = []
    for lane, poller in ((LONG, m.long), (SHORT, m.short)):
        for poll in poller.polls:
            if poll.end_s < start_s or poll.start_s > end_s:
                continue
            # A short poll takes 10 ms: drawn a little longer, so that it can be seen.
            shown = max(poll.end_s, poll.start_s + 0.0028 * (end_s - start_s))
            spans.append(
                Span(
                    lane, max(poll.start_s, start_s), min(shown, end_s), "poll" if poll.messages else "empty"
                )
            )
    upper.set_ylim(2.75, -0.6)
    pictures.lanes(upper, spans, 3, thickness=17)
    upper.set_ylim(2.75, -0.6)
    arrived = [time_s for time_s in m.arrivals if start_s <= time_s <= end_s]
    pictures.marks(upper, [(time_s, ARRIVALS) for time_s in arrived], "stored", size=5.5)
    waits = []
    for lane, poller in ((LONG, m.long), (SHORT, m.short)):
        got = [(a, r) for a, r in poller.pickups if start_s <= a <= end_s and r <= end_s]
        pictures.marks(upper, [(received, lane) for _, received in got], "stored", size=5.5)
        waits += [
            Span(lane - 0.36, arrival, received, "wait")
            for arrival, received in got
            if received - arrival > 0.15
        ]
        missed = [
            (poll.end_s, lane + 0.3)
            for poll in poller.polls
            if poll.missed and start_s <= poll.end_s <= end_s
        ]
        pictures.marks(upper, missed, "order", size=5)
        if missed:
            pictures.beside(
                upper, missed[0][0], lane + 0.46, "empty, though a message waited", pictures.WRONG, size=8
            )
    _thin_lines(upper, waits)
    pictures.lane_names(upper, [ARRIVALS, LONG, SHORT], ["messages", "long poll", "short poll"])
    _name_calls(upper, p, m, start_s, end_s)
    _sums(lower, m)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    if end_s - start_s < m.end_s - 0.5:
        pictures.note(
            upper,
            start_s,
            -0.52,
            f"{pictures.human(end_s - start_s)} of it, call by call",
            pictures.QUIET,
            side="right",
            size=8.5,
        )
    return words(p, m, title)


def _window(p: Values, m: Any) -> tuple[float, float]:
    """The stretch to draw call by call: from just before a message, short enough that single polls can be told
    apart.
    """
    length = min(
        m.end_s, max(WINDOW_S, 2.5 * p.wait_time_s) if len(m.arrivals) <= 15 * p.duration_min else 20.0
    )
    if length >= m.end_s:
        return 0.0, m.end_s
    first = next((time_s for time_s in m.arrivals if time_s > 5), 0.0)
    start = min(max(0.0, first - 0.12 * length), m.end_s - length)
    return start, start + length


def _thin_lines(axes: Any, spans: list[Span]) -> None:
    from matplotlib.collections import LineCollection

    segments = [((span.start, span.lane), (span.end, span.lane)) for span in spans]
    axes.add_collection(
        LineCollection(segments, colors=pictures.WRONG, linewidths=2.2, zorder=3), autolim=False
    )


def _name_calls(axes: Any, p: Values, m: Any, start_s: float, end_s: float) -> None:
    """Name one call of each kind where it stands."""
    far = end_s - 0.3 * (end_s - start_s)
    inside = [poll for poll in m.long.polls if start_s <= poll.start_s <= far]
    empty = next((poll for poll in inside if not poll.messages), None)
    hit = next((poll for poll in inside if poll.messages and poll.end_s - poll.start_s > 1), None)
    if empty is not None:
        words = f"waits {pictures.human(p.wait_time_s)}, brings nothing"
        pictures.note(
            axes, max(empty.start_s, start_s), LONG + 0.36, words, pictures.QUIET, side="right", size=8
        )
    elif hit is not None:
        pictures.note(
            axes, hit.start_s, LONG + 0.36, "waits until a message comes", "#0072B2", side="right", size=8
        )
    if m.short.polls and not m.short.missed:
        pictures.note(
            axes, start_s, SHORT + 0.36, "each tick is a call", pictures.QUIET, side="right", size=8
        )
    late = next(
        (pair for pair in m.short.pickups if start_s <= pair[0] <= far and pair[1] - pair[0] > 0.15), None
    )
    if late is not None:
        words = f"a message waits {late[1] - late[0]:.1f} s for the next poll"
        pictures.beside(axes, late[1], SHORT - 0.36, words, pictures.WRONG, size=8)
    elif m.short.polls:
        pictures.note(
            axes,
            start_s,
            SHORT - 0.36,
            f"asks every {p.short_interval_s:g} s, whether or not",
            pictures.QUIET,
            size=8,
        )


def _sums(axes: Any, m: Any) -> None:
    pictures.time_axis(axes, m.end_s)
    top = 1.0
    ends = []
    for poller, name, colour, dashes in (
        (m.long, "long", "#0072B2", None),
        (m.short, "short", pictures.WRONG, (4, 1.2)),
    ):
        times, values = pictures.change_points([(poll.end_s, 1) for poll in poller.polls], m.end_s)
        times, values = pictures.thin(times, values)
        pictures.steps(axes, times, values, colour=colour, width=1.8, dashes=dashes)
        empty = pictures.change_points(
            [(poll.end_s, 1) for poll in poller.polls if not poll.messages], m.end_s
        )[1][-1]
        ends.append((values[-1], f"{name} polls: {values[-1]:.0f}, {empty:.0f} of them empty", colour))
        top = max(top, values[-1])
    pictures.level(axes, top, "receives so far")
    ends.sort()
    (low, low_words, low_colour), (high, high_words, high_colour) = ends
    share = low / (1.32 * top)
    pictures.over_end(axes, m.end_s, high, high_words, high_colour)
    # Under its curve where the two curves are close and there is room for it.
    pictures.over_end(
        axes, m.end_s, low, low_words, low_colour, under=(high - low) < 0.2 * top and share > 0.25
    )


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    long, short = len(m.long.polls), len(m.short.polls)
    number = len(m.arrivals)
    if long < short:
        times = short / max(1, long)
        fewer = f"{times:.0f} times fewer receives" if times >= 2 else "fewer receives"
        title = f"Long polling made {fewer}: {long} against {short}"
    elif long > short:
        title = f"Long polling made more receives: {long} against {short}"
    else:
        title = f"Both made {long} receives"
    if number:
        title += f" for {number} message{'s' if number != 1 else ''}"
    parts = [
        f"{number} messages in {pictures.human(m.end_s)}"
        if number
        else f"Empty for {pictures.human(m.end_s)}",
        f"long poll waits {p.wait_time_s} s",
        f"short poll every {p.short_interval_s:g} s",
    ]
    if number:
        parts.append(f"mean pickup {m.long.mean_s:.2f} s against {m.short.mean_s:.2f} s")
    if p.servers_asked_percent < 100:
        parts.append(f"a short poll asks {p.servers_asked_percent} % of the servers")
    return title, " · ".join(parts)


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words."""
    text = (
        f"{title}. The upper lanes show each receive: a long poll is a bar that ends when a message comes or after "
        f"{p.wait_time_s} s, a short "
    )
    text += f"poll a tick every {p.short_interval_s:g} s"
    if m.arrivals:
        text += (
            f"; a message waits {m.long.mean_s:.2f} s on average for the long poller and {m.short.mean_s:.2f} s "
            "for the short one"
        )
    if m.short.missed:
        text += f"; {m.short.missed} short polls came back empty although a message waited"
    return text + "."
