"""The picture of the stream: a lane per shard and batch at once; the age of the oldest waiting record below."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span, human

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#CC79A7", "#009E73", "#E69F00")
SAMPLES = 240


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    upper, lower = pictures.layout(figure, share=0.28)
    assert lower is not None
    busy_s = max((one.end_s for one in m.batches), default=10.0)
    end_s = min(m.end_s, 1.05 * max(busy_s, p.records * p.every_s))
    for axes, labels in ((upper, False), (lower, True)):
        pictures.time_axis(axes, end_s, labels=labels)
    lanes = _lanes(m)
    number = max(1, len(set(lanes)))
    least_s = 0.005 * end_s
    spans = [
        Span(lane, one.start_s, max(one.end_s, one.start_s + least_s), "failed" if one.failed else "work")
        for lane, one in zip(lanes, m.batches, strict=True)
    ]
    spans += _waits(lanes, m)
    full = pictures.lanes(
        upper, spans, number, thickness=min(22.0, 0.5 * pictures.lane_points(upper, number))
    )
    shards = sorted({one.shard for one in m.batches})
    places = [
        min(lane for lane, one in zip(lanes, m.batches, strict=True) if one.shard == shard)
        for shard in shards
    ]
    pictures.lane_names(upper, places, [f"shard {shard + 1}" for shard in shards])
    if m.bad is not None:
        lane = places[shards.index(m.bad.shard)] if m.bad.shard in shards else 0
        pictures.marks(upper, [(m.bad.written_s, lane + 0.42)], "order", size=7)
        said = f"reading {m.bad.number}, the bad one, is written"
        pictures.beside(upper, m.bad.written_s, lane + 0.42, said, pictures.WRONG, size=8)
        _last_word(upper, m, lane, full)
    _ages(lower, m, end_s)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(m, title)


def _lanes(m: Any) -> list[int]:
    """A lane for each batch: those of a shard lie on one lane unless they overlap."""
    free: dict[int, list[float]] = {}
    slots = []
    for one in m.batches:
        ends = free.setdefault(one.shard, [])
        slot = next((place for place, end_s in enumerate(ends) if end_s <= one.start_s + 1e-6), len(ends))
        if slot == len(ends):
            ends.append(0.0)
        ends[slot] = one.end_s
        slots.append((one.shard, slot))
    lanes = {place: lane for lane, place in enumerate(sorted(set(slots)))}
    return [lanes[place] for place in slots]


def _waits(lanes: list[int], m: Any) -> list[Span]:
    """What a lane waits for after a run that failed: its next attempt."""
    spans = []
    for lane in set(lanes):
        mine = [one for place, one in zip(lanes, m.batches, strict=True) if place == lane]
        for before, after in pairwise(mine):
            if before.failed and after.start_s > before.end_s:
                spans.append(Span(lane, before.end_s, after.start_s, "wait"))
    return spans


def _last_word(axes: Any, m: Any, lane: int, full: float) -> None:
    """Say at the end of the bad record's shard what became of it."""
    mine = [one for one in m.batches if one.shard == m.bad.shard]
    if not mine:
        return
    failed = [one for one in mine if one.failed]
    if m.bad.given_up_s is not None:
        last = failed[-1]
        said = "given up, with its batch" if m.summary["good_given_up"] else "given up alone"
        pictures.marks(axes, [(last.end_s, lane)], "stored", size=min(9.0, 0.7 * full))
        pictures.beside(axes, last.end_s, lane - 0.42, said, "#00664b", size=8)
    elif m.bad.done_s is None and failed:
        said = f"tried {m.summary['tries_of_bad']} times, and again"
        pictures.note(axes, failed[-1].end_s, lane - 0.42, said, pictures.WRONG, side="left", size=8)


def _ages(axes: Any, m: Any, end_s: float) -> None:
    """The age of the oldest record that each shard has not dealt with."""
    times = [end_s * place / SAMPLES for place in range(SAMPLES + 1)]
    most = 1.0
    for shard in sorted({one.shard for one in m.records}):
        ages = [m.age_s(shard, at) for at in times]
        most = max(most, *ages)
        pictures.steps(axes, times, ages, colour=COLOURS[shard % len(COLOURS)], width=1.4)
        said = f"shard {shard + 1}"
        axes.text(
            0.36 + 0.1 * shard,
            0.9,
            said,
            transform=axes.transAxes,
            size=8.5,
            color=COLOURS[shard],
            va="center",
        )
    axes.text(0.012, 0.9, "age of the oldest waiting record", transform=axes.transAxes, size=8.5, va="center")
    pictures.level(axes, most, "seconds")


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    if s["waiting"]:
        title = f"{s['waiting']} of {s['records']} readings wait: number {p.bad_at} was tried {s['tries_of_bad']} times"
    elif s["good_given_up"]:
        title = f"{plural(s['good_given_up'], 'good reading')} given up with the bad one"
    elif s["given_up"]:
        title = f"Only the bad reading was given up; {s['done']} are done"
    else:
        title = f"All {s['done']} readings done within {human(s['longest_delay_s'])}"
    parts = [
        plural(p.shards, "shard"),
        f"batches of {p.batch_size}",
        "no limit of retries" if p.max_retries == -1 else plural(p.max_retries, "retry", "retries"),
        "split on error" if p.bisect else "not split",
        "no age limit" if p.max_record_age_s == "none" else f"given up at {p.max_record_age_s} s",
    ]
    if p.parallelization > 1:
        parts.append(f"up to {p.parallelization} batches of a shard at once")
    return title, " · ".join(parts)


def words(m: Any, title: str) -> str:
    """The picture in words: two sentences."""
    s = m.summary
    return (
        f"{title}. The function ran {plural(s['runs'], 'time')}, {s['failed_runs']} of them in vain; {s['done']} "
        f"readings are done, {s['given_up']} given up and {s['waiting']} wait."
    )
