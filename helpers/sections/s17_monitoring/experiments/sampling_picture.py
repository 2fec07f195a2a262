"""The picture of sampling: traces by the second, the services in them, the share that failed, and the trace map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural, service_map_picture
from helpers.sections.s17_monitoring.experiments.sampling import SECONDS, SERVICES, expectation, rule_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHARE = "#0072B2"


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    figure.clear()
    figure.set_facecolor(pictures.BACKGROUND)
    upper = pictures.panel(figure, 0.115, 0.585, 0.975, 0.845)
    middle = pictures.panel(figure, 0.115, 0.375, 0.975, 0.555)
    for axes in (upper, middle):
        pictures.time_axis(axes, SECONDS, labels=axes is middle, most=5)
    _kept(upper, p, m)
    _services(middle, m)
    _share(pictures.panel(figure, 0.115, 0.085, 0.52, 0.235), m)
    figure.text(0.60, 0.262, "X-Ray's service graph of the traces", size=9, color=pictures.QUIET, va="center")
    nodes = [service_map_picture.Box(one.name, one.total, one.faults) for one in m.nodes]
    service_map_picture.row(figure, nodes, m.edges, SERVICES, 0.595, 0.98, 0.165)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _kept(axes: Any, p: Values, m: Any) -> None:
    """A bar of traces for each second, of which the reservoir's part is dark, and the expected number."""
    reservoir, _ = rule_of(p)
    sure = min(p.requests_per_s, reservoir)
    mean = expectation(p)[0] / SECONDS
    pictures.level(axes, max(*m.kept, mean, 1), "traces a second")
    middles = [second + 0.5 for second in range(SECONDS)]
    axes.vlines(middles, 0, m.kept, colors="#9CC5DF", linewidth=34, zorder=2)
    axes.vlines(middles, 0, [min(sure, kept) for kept in m.kept], colors=SHARE, linewidth=34, zorder=2.1)
    axes.hlines([mean], 0, SECONDS, colors=pictures.INK, linewidth=1, linestyles=[(0, (4, 3))], zorder=3)
    said = f"dark: the reservoir's part; light: kept by the rate; dashed: {mean:.3g} are expected"
    axes.get_figure(root=True).text(0.115, 0.862, said, size=8.5, color=pictures.QUIET, va="center")


def _services(axes: Any, m: Any) -> None:
    """A lane for each service with a tick for each of its segments; those of failed requests are crosses."""
    axes.set_ylim(len(SERVICES) - 0.4, -0.6)
    pictures.lane_names(axes, range(len(SERVICES)), SERVICES)
    axes.hlines(range(len(SERVICES)), 0, SECONDS, colors=pictures.FAINT, linewidth=1, zorder=1)
    for failed, colour, half in ((False, SHARE, 0.26), (True, pictures.WRONG, 0.36)):
        chosen = [trace for trace in m.traces if trace.failed is failed]
        ticks = [
            (trace.start_s, lane)
            for trace in chosen
            for lane, name in enumerate(SERVICES)
            if name in trace.services
        ]
        if ticks:
            axes.vlines(
                [time for time, _ in ticks], [lane - half for _, lane in ticks], [lane + half for _, lane in ticks],
                colors=colour, linewidth=2.2 if failed and len(chosen) < 100 else 0.9,
                alpha=1.0 if failed or len(m.traces) < 300 else 0.5, zorder=2.5 + failed,
            )  # fmt: skip
    figure = axes.get_figure(root=True)
    said = "a line for each segment, a taller one where the request failed"
    figure.text(0.975, 0.570, said, size=8.5, color=pictures.QUIET, va="center", ha="right")


def _share(axes: Any, m: Any) -> None:
    """The share of failed requests among the traces with its interval, and the true one."""
    s = m.summary
    top = max(5.0, s["failed_percent"] * 1.35, s["kept_failed_percent"] * 1.2)
    if s["kept"]:
        top = max(top, min(s["high_percent"], 40.0))
    pictures.number_axis(axes, 0, top, "%")
    axes.set_ylim(1.6, -0.6)
    rows = ("all requests", "traces")
    pictures.lane_names(axes, (0, 1), rows)
    axes.hlines([0], 0, s["failed_percent"], colors="#E69F00", linewidth=11, zorder=2)
    pictures.note(axes, s["failed_percent"], 0, f"{s['failed_percent']:g} % ({s['failed']})", side="right")
    axes.axvline(s["failed_percent"], color="#E69F00", linewidth=1, zorder=1.5)
    if s["kept"]:
        high = min(top, s["high_percent"])
        axes.hlines([1], s["low_percent"], high, colors=pictures.QUIET, linewidth=1.4, zorder=2)
        ends = [s["low_percent"], high]
        axes.vlines(ends, 0.84, 1.16, colors=pictures.QUIET, linewidth=1.4, zorder=2)
        pictures.marks(axes, [(s["kept_failed_percent"], 1)], "done", size=6)
        said = f"{s['kept_failed_percent']:.3g} % ({s['kept_failed']} of {s['kept']})"
        pictures.note(axes, s["kept_failed_percent"], 1.05, said, side="below")
    else:
        pictures.note(axes, 0, 1, "no trace", pictures.QUIET)
    figure = axes.get_figure(root=True)
    figure.text(0.115, 0.262, "failed requests in %, with the range that the traces allow", size=9,
                color=pictures.QUIET, va="center")  # fmt: skip


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    title = f"{s['kept']:,} of {s['requests']:,} requests have a trace"
    if s["failed"]:
        title += f", {s['kept_failed']} of the {s['failed']} that failed"
    if s["kept"]:
        title += ", all complete" if s["complete"] == s["kept"] else f", {s['complete']} complete"
    where = SERVICES[0] if p.rule_on == "root" else SERVICES[-1]
    parts = [
        f"{plural(p.requests_per_s, 'request')} a second",
        f"rule for {where}: reservoir {p.reservoir}, rate {p.rate:g}",
        f"{100 * p.error_share:g} % fail",
    ]
    if p.rule_on == "downstream":
        parts.append(f"{SERVICES[0]}: Default rule")
    return title, " · ".join(parts)


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words: two sentences."""
    s = m.summary
    expected = f"{s['expected']:g} were expected by the rule that decides"
    return (
        f"{title}. {expected}, {s['kept_per_s']:g} a second were kept; among the traces "
        f"{s['kept_failed_percent']:g} % failed, among all requests {s['failed_percent']:g} %."
    )
