"""The picture of the scan experiment: each page a bar, what came back dark in it; the units so far below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span
from helpers.sections.s22_dynamodb.experiments.reading import count, kilobytes
from helpers.sections.s22_dynamodb.experiments.scan_query import customer_orders

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

READ, SCAN = "#0072B2", "#5f6368"
ROOMY = 2  # so many lanes have words over their bars and in them
WORDY = 8  # and so many pages in a lane have words of their own


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    upper, lower = pictures.layout(figure)
    assert lower is not None
    lanes = [("scan", lane) for lane in m.scan.lanes]
    if m.chosen is not m.scan:
        names = [SHORT[p.method]] if p.method != "parallel_scan" else _segments(len(m.chosen.lanes))
        lanes += list(zip(names, m.chosen.lanes, strict=True))
    roomy = len(lanes) <= ROOMY
    end_s = (1.03 if roomy else 1.36) * max(m.scan.end_s, m.chosen.end_s)
    for axes, labels in ((upper, False), (lower, True)):
        pictures.time_axis(axes, end_s, labels=labels)
    _pages(upper, lanes, roomy)
    _units(lower, p, m, end_s)
    told = "dark: came back · pale: read, dropped by the filter, paid for"
    figure.text(0.975, 0.868, told, size=8.5, color=pictures.QUIET, ha="right", va="center")
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _pages(axes: Axes, lanes: list[tuple[str, Any]], roomy: bool) -> None:
    """A bar for each page; its dark part is the share of the orders read that came back."""
    spans = []
    for place, (_, pages) in enumerate(lanes):
        for page in pages:
            end_s = page.end_s - 0.06 * (page.end_s - page.start_s)
            spans.append(Span(place, page.start_s, end_s, "calm" if page.scanned else "empty"))
            if page.returned:
                share = page.returned / page.scanned
                spans.append(Span(place, page.start_s, page.start_s + share * (end_s - page.start_s), "work"))
    lane_points = pictures.lane_points(axes, len(lanes))
    thick = pictures.lanes(axes, spans, len(lanes), min(54.0, 0.5 * lane_points))
    pictures.lane_names(axes, range(len(lanes)), [name for name, _ in lanes])
    for place, (_, pages) in enumerate(lanes):
        read, back = sum(page.scanned for page in pages), sum(page.returned for page in pages)
        paid = _in_units(sum(page.units for page in pages))
        if not roomy:
            pictures.note(axes, pages[-1].end_s, place, f"{read} read, {back} back: {paid}", size=8.5)
            continue
        over, under = place - (thick / 2 + 12) / lane_points, place + (thick / 2 + 15) / lane_points
        said = f"{plural(len(pages), 'page')}, {plural(read, 'order')} read, {back} came back: {paid}"
        axes.text(0, over, said, size=10, color=pictures.INK, va="center")
        for page in pages if len(pages) <= WORDY else ():
            each = f"{page.scanned} read, {page.returned} back\n{_in_units(page.units)}"
            middle = (page.start_s + page.end_s) / 2
            pictures.note(axes, middle, under, each, pictures.QUIET, side="over", size=8.5)


def _units(axes: Axes, p: Values, m: Any, end_s: float) -> None:
    """The units that the scan, and the chosen method beside it, have come to."""
    shown = [(SHORT[p.method], m.chosen, READ)]
    if m.chosen is not m.scan:
        shown.insert(0, ("scan", m.scan, SCAN))
    for place, (name, reading, colour) in enumerate(shown):
        times, values = [0.0], [0.0]
        for page in sorted(reading.pages, key=lambda page: page.end_s):
            times.append(page.end_s)
            values.append(values[-1] + page.units)
        times.append(end_s)
        values.append(values[-1])
        pictures.steps(
            axes,
            *pictures.thin(times, values),
            f"{name}: {_in_units(reading.units)}",
            colour,
            at=(0.012 + 0.24 * place, 0.91),
            dashes=(3, 2) if colour == SCAN else None,
        )
    pictures.level(axes, max(m.scan.units, m.chosen.units), "units")


def _segments(number: int) -> list[str]:
    """Names for some of the segments, so many as there is room for."""
    step = -(-number // 7)
    return [f"segment {n + 1}" if not n else str(n + 1) if n % step == 0 else "" for n in range(number)]


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    scan = f"{m.scan.scanned} for {count(m.scan.units)}"
    if p.method == "scan":
        title = (
            f"The scan read {plural(m.scan.scanned, 'order')} for {_in_units(m.scan.units)}, to return "
            f"{len(m.scan.orders) or 'none'}"
        )
    elif p.method == "parallel_scan":
        title = (
            f"{plural(len(m.chosen.lanes), 'segment')} took {m.chosen.end_s:.2f} s for {_in_units(m.chosen.units)}, "
            f"one worker {m.scan.end_s:.2f} s for {count(m.scan.units)}"
        )
    else:
        title = (
            f"The {NAMES[p.method]} read {plural(m.chosen.scanned, 'order')} for {_in_units(m.chosen.units)}, the "
            f"scan {scan}"
        )
    return title, " · ".join(
        (
            f"{m.items} orders of {kilobytes(p.item_kb)}",
            f"{customer_orders(p) or 'none'} of the customer",
            f"{len(m.scan.orders) or 'none'} of them open",
            f"Limit {p.page_limit}" if p.page_limit else "pages of up to 1 MB",
        )
    )


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words."""
    text = f"{title}. Each page is a bar over time, dark as far as what it read came back"
    empty = m.summary["empty_pages"]
    if empty and m.chosen.scanned:
        text += f"; {empty} of the {plural(len(m.chosen.pages), 'page')} brought nothing"
    return (
        text
        + f". The units add up to {count(m.scan.units)} for the scan"
        + ("." if m.chosen is m.scan else f" and {count(m.chosen.units)} for the {SHORT[p.method]}.")
    )


def _in_units(number: float) -> str:
    return f"{count(number)} {'unit' if number == 1 else 'units'}"


NAMES = {"query": "query", "index": "query of the index", "scan": "scan", "parallel_scan": "parallel scan"}
SHORT = {"query": "query", "index": "index query", "scan": "scan", "parallel_scan": "segments"}
