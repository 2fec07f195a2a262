"""The picture of the Firehose files: a lane per file from its first record to the bucket; the buffer below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.dataplane.firehose.limits import MIB
from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span, human

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KIB = 1_024
LANES = 14  # more files than this are summarised
STORED = "#00664b"


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    files = m.files[:LANES]
    upper, lower = pictures.layout(figure, share=0.3)
    assert lower is not None
    end_s = 1.04 * files[-1].written_s or 1.0
    for axes in (upper, lower):
        pictures.time_axis(axes, end_s, labels=axes is lower)
    _lanes(upper, p, files, end_s)
    if len(files) < len(m.files):
        pictures.note(upper, 0, len(files) - 0.4, f"{len(m.files) - len(files)} more files", pictures.QUIET)
    _buffer(lower, p, m, files, end_s)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _lanes(axes: Any, p: Values, files: Any, end_s: float) -> None:
    """Each file from its first record until it is in the bucket."""
    spans = [
        Span(lane, one.opened_s, max(one.written_s, one.opened_s + 0.006 * end_s), "calm")
        for lane, one in enumerate(files)
    ]
    full = pictures.lanes(axes, spans, max(len(files), 3))
    pictures.marks(axes, [(one.written_s, lane) for lane, one in enumerate(files)], "stored", size=0.8 * full)
    pictures.lane_names(axes, *pictures.some_lanes(len(files), "file", most=LANES))
    for lane, one in enumerate(files):
        why = "full" if one.full else "its time is over"
        said = f"{_size(one.size_bytes)}, {why}"
        if not lane:
            held = ", a line each" if one.lines == one.records else f" in {plural(one.lines, 'line')}"
            said += f" after {human(one.took_s)}: {plural(one.records, 'record')}{held}"
        pictures.beside(axes, one.written_s, lane, said, STORED, size=8, else_s=one.opened_s)


def _buffer(axes: Any, p: Values, m: Any, files: Any, end_s: float) -> None:
    """What is in the buffer, and its two limits."""
    changes = [(at_s, number * p.record_kib) for at_s, number in m.puts if at_s <= end_s]
    changes += [(one.written_s, -one.records * p.record_kib) for one in files]
    times, values = pictures.thin(*pictures.change_points(changes, end_s))
    pictures.steps(axes, times, values, "in the buffer", "#0072B2", fill=True, at=(0.012, 0.9))
    limit_kib = p.buffer_mib * KIB
    highest = max(values)
    for one in files:  # a file that is full leaves at the instant of its last record
        if one.full:
            highest = max(highest, limit_kib)
    pictures.level(axes, highest, "KiB")
    if 1.25 * highest >= limit_kib:
        pictures.limit_line(axes, limit_kib, f"buffer size {p.buffer_mib} MiB", pictures.INK)


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    by_size = sum(one.full for one in m.files) * 2 > len(m.files)
    why = "its size" if by_size else "its time"
    title = (
        f"{why.capitalize()} closes a file after {human(s['file_after_s'])}, "
        f"with {_size(s['file_mib'] * MIB)}; a record waits {human(s['mean_delay_s'])} on average"
    )
    parts = [
        f"{p.rate_kib_s:,} KiB/s",
        f"buffer {p.buffer_mib} MiB or {human(p.buffer_s) if p.buffer_s else '0 s'}",
        f"records of {p.record_kib} KiB",
        "line breaks added" if p.line_breaks else "no line breaks",
    ]
    return title, " · ".join(parts)


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words: two or three sentences."""
    s = m.summary
    text = f"{title}. {plural(s['files'], 'file')} hold all {s['records']:,} records, each once."
    return f"{text} A file has {plural(m.files[0].lines, 'line')} for {plural(m.files[0].records, 'record')}."


def _size(size: float) -> str:
    return f"{size / MIB:.2g} MiB" if size >= 0.1 * MIB else f"{size / KIB:.0f} KiB"
