"""The picture of the memory experiment: a lane per memory size, its run on the left and its price on the right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.dataplane.awslambda.limits import MEMORY_OF_A_VCPU_MB
from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span
from helpers.sections.s21_lambda.experiments.memory import GB_SECOND, REQUEST

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    figure.clear()
    figure.set_facecolor(pictures.BACKGROUND)
    times = pictures.panel(figure, 0.115, 0.12, 0.615, 0.82)
    prices = pictures.panel(figure, 0.665, 0.12, 0.955, 0.82)
    longest_s = max(0.01, *(size.run_s for size in m.sizes))
    dearest = max(size.usd_per_million for size in m.sizes)
    pictures.time_axis(times, (1.3 if m.summary["stopped"] else 1.16) * longest_s, most=6)
    pictures.number_axis(prices, 0, 1.3 * dearest, "USD", most=4)
    spans, costs, stopped = [], [], []
    for lane, size in enumerate(m.sizes):
        if size.stopped:
            spans.append(Span(lane, 0, size.run_s, "failed"))
            stopped.append((size.run_s, lane))
        else:
            busy_s = max(0.0, size.run_s - p.wait_s)
            spans += [Span(lane, 0, busy_s, "work"), Span(lane, busy_s, size.run_s, "wait")]
        costs.append(Span(lane, 0, size.usd_per_million, "failed" if size.stopped else "calm"))
    number = len(m.sizes)
    full = pictures.lanes(times, spans, number)
    pictures.lanes(prices, costs, number, thickness=full)
    pictures.marks(times, stopped, "crash", size=0.8 * full)
    for lane, size in enumerate(m.sizes):
        chosen = size is m.chosen
        colour = pictures.INK if chosen else (pictures.WRONG if size.stopped else pictures.QUIET)
        said = "  stopped" if size.stopped else pictures.human(size.run_s)
        pictures.beside(times, size.run_s, lane, said, colour, size=8.5)
        pictures.beside(prices, size.usd_per_million, lane, f"{size.usd_per_million:,.2f}", colour, size=8.5)
        pictures.lane_names(
            times, [lane], [f"{size.memory_mb:,} MB"], pictures.INK if chosen else pictures.QUIET
        )
        if chosen:
            for axes in (times, prices):
                axes.axhspan(lane - 0.5, lane + 0.5, color="#e8eef3", linewidth=0, zorder=0.2)
    below = sum(size.memory_mb < MEMORY_OF_A_VCPU_MB * p.threads for size in m.sizes)
    if 0 < below < number:
        words = "one vCPU" if p.threads == 1 else f"one vCPU for each of {p.threads} threads"
        for axes, name in ((times, f"below: {words} and more"), (prices, "")):
            pictures.limit_line(axes, below - 0.5, name, pictures.QUIET)
    for axes, name in ((times, "time of one run"), (prices, "price of a million runs")):
        box = axes.get_position()
        figure.text(box.x0, 0.845, name, size=9, color=pictures.QUIET, va="center")
    gb_usd, request_usd = GB_SECOND.usd_per_million, REQUEST.usd_per_million
    said = f"a million GB-seconds cost {gb_usd:.2f} USD, a million requests {request_usd:.2f} USD"
    figure.text(0.975, 0.03, said, size=8.5, color=pictures.QUIET, ha="right", va="center")
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words_of(p, m, title)


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    price = f"{m.chosen.usd_per_million:,.2f} USD a million"
    if m.chosen.stopped:
        title = f"{p.memory_mb:,} MB: stopped after {p.timeout_s} s and billed for it, {price}"
    else:
        title = f"{p.memory_mb:,} MB: a run takes {pictures.human(m.chosen.run_s)} for {price}{_better(m)}"
    parts = [
        f"{p.work_vcpu_s:g} s of work for one vCPU",
        f"then {p.wait_s:g} s of waiting" if p.wait_s else "no waiting",
    ]
    parts += [plural(p.threads, "thread"), f"timeout {p.timeout_s} s"]
    return title, " · ".join(parts)


def _better(m: Any) -> str:
    """Which size is faster for no more money, or else cheaper."""
    chosen = m.chosen
    as_cheap = [size for size in m.good if size.usd_per_million <= 1.01 * chosen.usd_per_million]
    fastest = min(as_cheap, key=lambda size: round(size.run_s, 2))
    cheapest = min(as_cheap, key=lambda size: size.usd_per_million)
    if fastest.run_s < 0.98 * chosen.run_s:
        return f"; {fastest.memory_mb:,} MB takes {pictures.human(fastest.run_s)} for no more"
    if cheapest.usd_per_million < 0.98 * chosen.usd_per_million:
        return f"; {cheapest.memory_mb:,} MB costs {cheapest.usd_per_million:,.2f} USD"
    return ""


def words_of(p: Values, m: Any, title: str) -> str:
    """The picture in words: two or three sentences."""
    text = f"{title.replace('MB:', 'MB,', 1)}."
    if m.good:
        cheapest = min(m.good, key=lambda size: size.usd_per_million)
        fastest = min(m.good, key=lambda size: round(size.run_s, 3))
        text += (
            f" Of {len(m.sizes)} sizes, {cheapest.memory_mb:,} MB is the cheapest "
            f"({cheapest.usd_per_million:,.2f} USD) and {fastest.memory_mb:,} MB the smallest of the fastest "
            f"({pictures.human(fastest.run_s)})."
        )
    if m.summary["stopped"]:
        text += f" At {plural(m.summary['stopped'], 'size')} the timeout stops the run."
    return text
