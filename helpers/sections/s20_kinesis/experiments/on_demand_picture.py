"""The picture of the on-demand experiment: what is sent, taken and refused by minute; the shards below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TAKEN, REFUSED = "#0072B2", "#A8497F"


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    upper, lower = pictures.layout(figure, share=0.3)
    assert lower is not None
    end_s = 60.0 * len(m.minutes)
    for axes, labels in ((upper, False), (lower, True)):
        pictures.time_axis(axes, end_s, labels=labels)
    _rates(upper, p, m)
    _shards(lower, p, m)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _rates(axes: Axes, p: Values, m: Any) -> None:
    """Sent and taken; what lies between is refused."""
    times = [60.0 * minute for minute in range(len(m.minutes) + 1)]
    sent = [one.sent_mib for one in m.minutes]
    taken = [one.taken_mib for one in m.minutes]
    sent, taken = [*sent, sent[-1]], [*taken, taken[-1]]
    axes.fill_between(times, taken, sent, step="post", color="#CC79A7", alpha=0.45, linewidth=0, zorder=2)
    pictures.steps(axes, times, sent, "sent", pictures.INK, dashes=(3, 2), at=(0.012, 0.95))
    pictures.steps(axes, times, taken, "taken", TAKEN, fill=True, width=2.0, at=(0.065, 0.95))
    axes.text(
        0.127, 0.95, "refused" if m.summary["refused_min"] else "", transform=axes.transAxes, size=8.5,
        color=REFUSED, va="center", zorder=4,
    )  # fmt: skip
    twice = 2.0 * p.peak_mib_s
    top = max(*sent, twice)
    pictures.limit_line(axes, twice, f"twice the highest rate so far: {twice:g} MiB/s", at=0.01)
    if p.key == "constant":
        pictures.limit_line(axes, 1.0, "one shard: 1 MiB/s", TAKEN)
    pictures.level(axes, top, "MiB/s")


def _shards(axes: Axes, p: Values, m: Any) -> None:
    times = [60.0 * minute for minute in range(len(m.minutes) + 1)]
    shards = [float(one.shards) for one in m.minutes]
    pictures.steps(
        axes, times, [*shards, shards[-1]], "open shards", pictures.QUIET, fill=True, at=(0.012, 0.9)
    )
    pictures.level(axes, max(shards), "shards")


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    found = m.summary
    first, last = found["first_shards"], found["last_shards"]
    if p.key == "constant":
        title = f"One key gets {found['most_taken_mib_s']:.2g} MiB/s, with {last} shards as with {first}"
    elif not found["refused_min"]:
        title = f"Everything was taken, on {first} shards at first and {last} at the end"
    elif found["refused_at_the_end"]:
        title = f"{found['refused_percent']:g} % were refused, and the stream has not caught up yet"
    else:
        title = f"Refused for {found['refused_until_min']} min, until {first} shards had become {last}"
    rise = f"within {p.rise_min} min" if p.rise_min else "at once"
    parts = [
        f"Highest rate so far {p.peak_mib_s} MiB/s",
        f"now {p.new_mib_s} MiB/s, {rise}",
        "many keys" if p.key == "user" else "one key",
    ]
    return title, " · ".join(parts)


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words: one to three sentences."""
    found = m.summary
    refused = f"{found['refused_percent']:g} % of {found['sent_mib']:,} MiB were refused"
    return f"{title}. Over {len(m.minutes)} minutes {refused}."
