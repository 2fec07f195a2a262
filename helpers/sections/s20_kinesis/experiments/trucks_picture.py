"""The picture of the trucks experiment: workers over time, what each application got, and the trucks of each shard."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from matplotlib.collections import LineCollection

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LANES = 26  # more workers than this are left out
GAP_S = 0.06  # jobs that follow so closely are one bar
COPY, LEFT = "work", "stored"


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    upper, _ = pictures.layout(figure, below=False, left=0.18)
    box = upper.get_position()
    upper.set_position((box.x0, 0.385, box.width, box.y1 - 0.385))
    lower = pictures.panel(figure, box.x0, box.y0, 0.56, 0.30)
    _workers(upper, p, m)
    _copies(lower, p, m)
    if m.shards:
        _shards(pictures.panel(figure, 0.66, box.y0, box.x1, 0.27), p, m)
    else:
        said = {
            "FIFO queue": "one worker at a time for each truck,\nwhich is a message group",
            "standard queue": "any worker takes any message:\nno order is promised",
            "topic with queues": "a copy for each queue that was\nsubscribed when it was published",
        }[p.service]
        figure.text(0.80, 0.18, said, size=9, color=pictures.QUIET, ha="center", va="center")
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _workers(axes: Axes, p: Values, m: Any) -> None:
    """A lane for each worker, the applications one below the other."""
    room = max(1, LANES // p.applications)
    shown = min(p.workers, room)
    end_s = max((job.end_s for job in m.jobs), default=1.0)
    pictures.time_axis(axes, end_s * 1.26)
    lanes: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    for job in m.jobs:
        bars = lanes[job.application, job.worker]
        if bars and job.start_s - bars[-1][1] < GAP_S:
            bars[-1] = bars[-1][0], job.end_s
        else:
            bars.append((job.start_s, job.end_s))
    high = shown + 0.8
    spans, names, places = [], [], []
    for application in range(1, p.applications + 1):
        for worker in range(1, shown + 1):
            place = (application - 1) * high + worker - 1
            spans += [Span(place, start, end, "work") for start, end in lanes[application, worker]]
            first = worker == 1
            if first or p.applications * shown <= 14 or worker == shown:
                names.append(f"application {application}, worker 1" if first else str(worker))
                places.append(place)
        worked = {worker for one, worker in lanes if one == application and lanes[one, worker]}
        idle = p.workers - len(worked)
        said = [f"{m.got[application - 1]:,} reports"]
        if application == m.late:
            said.insert(0, f"{p.rerun_after_h} h later:")
        if idle and worked:
            said.append(f"{idle} of {p.workers} idle")
        if p.workers > shown:
            said.append(f"({shown} of {p.workers} shown)")
        top = max((end for one in worked for _, end in lanes[application, one]), default=0.0)
        middle = (application - 1) * high + (min(len(worked), shown) / 2 - 0.5 if worked else 0.2)
        colour = "#0072B2" if m.got[application - 1] else pictures.WRONG
        pictures.note(axes, top, middle, "\n".join(said), colour, size=8)
    full = pictures.lanes(axes, spans, (p.applications - 1) * high + shown)
    pictures.lane_names(axes, places, names)
    turned = [m.jobs[place] for place in sorted(m.turned)]
    points = [
        (job.end_s, (job.application - 1) * high + job.worker - 1) for job in turned if job.worker <= shown
    ]
    pictures.marks(axes, points, "order", size=max(3.5, min(6.0, 0.8 * full)))


def _copies(axes: Axes, p: Values, m: Any) -> None:
    """A bar for each application with what it got, and one for what is left."""
    whole = m.summary["reports"]
    pictures.number_axis(axes, 0, whole * 1.02, "reports", most=4)
    place = "stream" if p.service == "stream" else "queue" if p.applications == 1 else "queues"
    if p.service.endswith("queue"):
        place = "queue"
    spans = [Span(n, 0, got, COPY) for n, got in enumerate(m.got) if got]
    if m.summary["left"]:
        spans.append(Span(p.applications, 0, m.summary["left"], LEFT))
    pictures.lanes(axes, spans, p.applications + 1)
    names = [f"application {n + 1}" for n in range(p.applications)]
    pictures.lane_names(axes, [float(n) for n in range(p.applications + 1)], [*names, f"left in the {place}"])
    for n, got in enumerate([*m.got, m.summary["left"]]):
        if not got:
            pictures.note(
                axes, 0, n, "nothing", pictures.WRONG if n < p.applications else pictures.QUIET, size=8
            )


def _shards(axes: Axes, p: Values, m: Any) -> None:
    """The trucks of each shard, against their mean."""
    sizes = [trucks for _, trucks in m.shards]
    axes.set_xlim(-0.6, len(sizes) - 0.4)
    pictures.level(axes, max(*sizes, p.trucks / p.shards), "trucks")
    wide = min(14.0, 0.62 * axes.get_position().width * pictures.WIDTH_IN * 72 / len(sizes))
    bars = LineCollection(
        [((n, 0), (n, trucks)) for n, trucks in enumerate(sizes)], colors="#5B8CAB", linewidths=wide, zorder=2
    )
    bars.set_capstyle("butt")
    axes.add_collection(bars, autolim=False)
    pictures.limit_line(axes, p.trucks / p.shards, f"mean {p.trucks / p.shards:g}")
    for n in range(0, len(sizes), -(-len(sizes) // 8)):
        axes.text(
            n,
            0,
            f"\n{'shard ' if not n else ''}{m.shards[n][0]}",
            size=8,
            color=pictures.QUIET,
            ha="center",
            va="top",
        )


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    found = m.summary
    whole = found["reports"]
    if m.late and not found["late_got"]:
        title = f"Who came {p.rerun_after_h} h later got nothing"
    elif m.late:
        title = f"Who came {p.rerun_after_h} h later still got {found['late_got']:,} of {whole:,} reports"
    elif p.applications > 1 and found["least_got"] < whole:
        title = f"The applications share {whole:,} reports: {' + '.join(str(one) for one in m.got)}"
    elif found["out_of_order"]:
        who = "Every application" if p.applications > 1 else "The application"
        title = f"{who} got all, and {found['out_of_order']:,} reports were done out of order"
    else:
        who = "Each application" if p.applications > 1 else "The application"
        title = (
            f"{who} got all {whole:,} reports, with {found['peak_workers']} of {p.workers} workers at once"
        )
    if found["out_of_order"] and "out of order" not in title:
        title += f"; {found['out_of_order']:,} out of order"
    parts = [
        f"{p.trucks} trucks, 3 reports each",
        f"stream of {plural(p.shards, 'shard')}" if p.service == "stream" else p.service,
        f"{plural(p.applications, 'application')} with {plural(p.workers, 'worker')}"
        + (" each" if p.applications > 1 else ""),
    ]
    if found["done_after_s"]:
        parts.append(f"done after {found['done_after_s']:.1f} s")
    return title, " · ".join(parts)


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words: one to three sentences."""
    found = m.summary
    order = "each truck's reports were done in their order"
    if found["out_of_order"]:
        order = f"{found['out_of_order']:,} reports were done before an earlier one of their truck, marked by triangles"
    text = f"{title}. A lane for each worker shows its work; {order}"
    if not found["jobs"]:
        text = f"{title}. Nobody had anything to do"
    return f"{text}, and at the end {found['left']:,} of {found['reports']:,} reports are left."
