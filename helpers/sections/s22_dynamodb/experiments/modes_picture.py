"""The picture of the capacity settings: each plan against the same traffic, with its price."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures
from helpers.sections.s22_dynamodb.experiments.modes import FIXED, MINUTES, ON_DEMAND, PLANS, SCALED

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEFT, RIGHT = 0.115, 0.8
NAMES = {FIXED: "fixed", SCALED: "auto scaling", ON_DEMAND: "on-demand"}


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    figure.clear()
    figure.set_facecolor(pictures.BACKGROUND)
    times = [60.0 * minute for minute in range(MINUTES)] + [60.0 * MINUTES]
    capacities = [one.provisioned for name in (FIXED, SCALED) for one in m.minutes[name]]
    most = max(*capacities, *(one.asked for one in m.minutes[FIXED]))
    height = 0.235
    for place, name in enumerate(PLANS):
        bottom = 0.075 + (2 - place) * 0.262
        axes = pictures.panel(figure, LEFT, bottom, RIGHT, bottom + height)
        pictures.time_axis(axes, 60 * MINUTES, labels=place == 2)
        minutes = m.minutes[name]
        asked = [one.asked for one in minutes]
        written = [one.written for one in minutes]
        pictures.steps(axes, times, [*written, written[-1]], colour="#0072B2", fill=True, width=1.0)
        refused = [a - w > 0.01 for a, w in zip(asked, written, strict=True)]
        if any(refused):
            axes.fill_between(
                times[:-1],
                written,
                asked,
                where=refused,
                step="post",
                color="#D55E00",
                alpha=0.55,
                linewidth=0,
                zorder=2,
            )
        if name != ON_DEMAND:
            capacity = [one.provisioned for one in minutes]
            pictures.steps(
                axes, times, [*capacity, capacity[-1]], colour=pictures.INK, width=1.4, dashes=(3, 1.5)
            )
        pictures.level(axes, most, "WCU")
        _beside(figure, bottom + height / 2, name, m)
    figure.text(LEFT, 0.868, "written", size=8.5, color="#0072B2", va="center")
    figure.text(LEFT + 0.075, 0.868, "refused", size=8.5, color=pictures.WRONG, va="center")
    figure.text(LEFT + 0.15, 0.868, "- - provisioned", size=8.5, color=pictures.INK, va="center")
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(m, title)


def _beside(figure: Figure, height: float, name: str, m: Any) -> None:
    """Name, price and losses of a plan, to the right of its traffic."""
    lost = m.summary[f"{name.replace('-', '_')}_lost"]
    cheapest = m.summary["cheapest"] == name
    figure.text(0.82, height + 0.06, NAMES[name], size=10, weight="bold", color=pictures.INK, va="center")
    price = f"{m.usd[name]:,.2f} USD a month"
    figure.text(0.82, height + 0.015, price, size=9.5, color=pictures.INK, va="center")
    said, colour = ("the cheapest", "#00664b") if cheapest else ("", pictures.QUIET)
    figure.text(0.82, height - 0.025, said, size=8.5, color=colour, va="center")
    if lost:
        figure.text(
            0.82, height - 0.06, f"{lost:,} units refused", size=8.5, color=pictures.WRONG, va="center"
        )


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    good = [name for name in PLANS if not m.summary[f"{name.replace('-', '_')}_lost"]]
    best = min(good, key=lambda name: m.usd[name]) if good else None
    if best is None:
        title = "Every setting refuses writes"
    else:
        others = "" if len(good) == len(PLANS) else ", of those that refuse nothing"
        title = f"{NAMES[best].capitalize()} is the cheapest{others}: {m.usd[best]:,.2f} USD a month"
    parts = [
        f"{p.mean_per_s:g} writes/s on average ({p.pattern})",
        f"{p.provisioned_wcu} WCU",
        f"target {p.target_percent} %",
        f"{m.summary['utilisation_percent']:g} % of the fixed capacity asked for",
    ]
    return title, " · ".join(parts)


def words(m: Any, title: str) -> str:
    """The picture in words: two sentences."""
    each = [
        f"{NAMES[name]} {m.usd[name]:,.2f} USD and {m.summary[name.replace('-', '_') + '_lost']:,} units refused"
        for name in PLANS
    ]
    return f"{title}. The three settings for the same traffic: {'; '.join(each)}."
