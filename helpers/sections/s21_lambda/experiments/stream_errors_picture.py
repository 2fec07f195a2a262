"""The picture of a bad record in a stream: a lane per shard, or per batch that may run beside others; ages below."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span, human
from helpers.sections.s21_lambda.experiments.stream_errors import NO_LIMIT, NONE, Measured

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from helpers.sections.s21_lambda.experiments.stream_trail import Batch

BLUE = "#0072B2"
LEAST = 0.003  # the least length of a bar, as a share of the axis
APART = 0.022  # how far two numbers over bars must be apart, as a share of the axis
ROOM = 45  # the height of a lane, in points, that has room for words


def draw(figure: Figure, p: Values, m: Measured) -> str:
    """Draw and return the picture in words."""
    upper, lower = pictures.layout(figure, share=0.26, left=0.115)
    assert lower is not None
    end_s = _end_s(m)
    for axes, labels in ((upper, False), (lower, True)):
        pictures.time_axis(axes, end_s, labels=labels)
    _lanes(upper, p, m, end_s)
    _ages(lower, p, m, end_s)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(m, title)


def _end_s(m: Measured) -> float:
    """To the end of the watch if something waits, else to the last run."""
    if m.stream.waiting:
        return m.watched_s
    return 1.04 * max(one.end_s for one in m.stream.batches)


def _lanes(axes: Any, p: Values, m: Measured, end_s: float) -> None:
    lanes = m.stream.lanes
    places = {lane: place for place, lane in enumerate(lanes)}
    spans: list[Span] = []
    for lane, place in places.items():
        runs = [one for one in m.stream.batches if (one.shard, one.lane) == lane]
        for one in runs:
            state = "failed" if one.failed else "again" if one.again else "work"
            spans.append(Span(place, one.start_s, max(one.end_s, one.start_s + LEAST * end_s), state))
        waits = [(one.end_s, after.start_s) for one, after in pairwise(runs) if one.failed]
        if runs[-1].failed:
            waits.append((runs[-1].end_s, end_s))
        on_s = m.stream.went_on_s
        for start_s, until_s in waits:
            until = on_s if on_s is not None and start_s <= on_s < until_s else until_s
            spans.append(Span(place, start_s, until, "wait"))
    number = max(1, len(lanes))
    full = pictures.lanes(axes, spans, number)
    first = {shard: place for (shard, _), place in reversed(places.items())}
    names = [f"shard {shard + 1}" for shard in first]
    pictures.lane_names(axes, list(map(float, first.values())), names)
    if m.stream.tries:
        _around_the_bad_one(axes, p, m, places, full, end_s)


def _around_the_bad_one(
    axes: Any, p: Values, m: Measured, places: dict[tuple[int, int], int], full: float, end_s: float
) -> None:
    """Say where it fails, how large the batches are that hold it, and what comes of it."""
    tries = m.stream.tries
    place = places[tries[0].shard, tries[0].lane]
    points = pictures.lane_points(axes, len(places))
    line = (0.5 * full + 6) / points  # a line of text away from the bars
    runs = [one for one in m.stream.batches if (one.shard, one.lane) == (tries[0].shard, tries[0].lane)]
    if points >= ROOM:
        _sizes(axes, [one for one in runs if one.start_s >= tries[0].start_s], place - line, end_s)
        said = f"fails at report {_position(m)} of {len(tries[0].read)}"
        pictures.beside(axes, tries[0].start_s, place - line - 13 / points, said, pictures.INK, size=8)
        if any(one.again and not one.failed for one in runs):
            again = next(one for one in runs if one.again and not one.failed)
            said = f"{plural(again.again, 'report')} drawn again"
            pictures.beside(axes, again.start_s, place + line, said, pictures.WRONG, size=8)
    at_s = m.stream.went_on_s
    if at_s is None:
        said = f"{plural(len(m.stream.waiting), 'report')} wait"
        pictures.note(axes, end_s, place + line, said, pictures.WRONG, side="left")
        return
    kind, colour = ("crash", pictures.WRONG) if p.destination == NONE else ("stored", "#00664b")
    pictures.marks(axes, [(at_s, place)], kind, size=min(9.0, full))
    lost = plural(int(m.summary["given_up"]), "report")
    said = {
        "queue": f"{lost} given up: the queue is told which",
        "bucket": f"{lost} given up, and kept in the bucket",
        NONE: f"{lost} given up, without a trace",
    }[p.destination]
    if points >= ROOM / 2:
        lower = 13 / points if points >= ROOM else 0.0
        pictures.beside(axes, at_s, place + line + lower, said, colour, size=8)


def _position(m: Measured) -> int:
    bad = m.stream.bad
    assert bad is not None
    return m.stream.tries[0].read.index(bad.number) + 1


def _sizes(axes: Any, runs: list[Batch], place: float, end_s: float) -> None:
    """How many reports a batch holds, where that changes and the numbers do not touch."""
    free_s, shown = 0.0, 0
    for one in runs:
        at_s, size = (one.start_s + one.end_s) / 2, len(one.read)
        if at_s >= free_s and size != shown:
            pictures.note(axes, at_s, place, str(size), pictures.QUIET, side="over", size=8)
            free_s, shown = at_s + APART * end_s, size


def _ages(axes: Any, p: Values, m: Measured, end_s: float) -> None:
    """The iterator age of each lane, as it is measured when a batch is read."""
    held = {(one.shard, one.lane) for one in m.stream.tries}
    highest = 1.0
    for lane in m.stream.lanes:
        ages = m.stream.ages(lane)
        times = [0.0, *(at_s for at_s, _ in ages), end_s]
        values = [0.0, *(age for _, age in ages)]
        colour, width = (pictures.WRONG, 1.6) if lane in held else (pictures.QUIET, 1.0)
        pictures.steps(axes, times, [*values, values[-1]], colour=colour, width=width)
        highest = max(highest, *values)
    if p.max_record_age_s != NO_LIMIT and int(p.max_record_age_s) <= 1.25 * highest:
        name = f"maximum record age {human(int(p.max_record_age_s))}"
        pictures.limit_line(axes, int(p.max_record_age_s), name, pictures.INK)
    for at, said, colour in (
        (0.012, "age of the newest report that is read (IteratorAge)", pictures.QUIET),
        (0.44, "where the bad one is" if held else "", pictures.WRONG),
    ):
        axes.text(at, 0.9, said, transform=axes.transAxes, size=8.5, color=colour, va="center", zorder=4)
    pictures.level(axes, highest, "seconds")


def headline(p: Values, m: Measured) -> tuple[str, str]:
    """Title and second line."""
    s, bad = m.summary, m.stream.bad
    given_up, good, waiting = int(s["given_up"]), int(s["good_given_up"]), int(s["waiting"])
    still = human(float(s["stood_still_s"]))
    if bad is not None and m.stream.went_on_s is None and int(s["held_shards"]) == 1:
        title = (
            f"One bad report holds up {s['held_trucks']} of {plural(p.shards * p.trucks, 'truck')}: "
            f"{plural(waiting, 'report waits', 'reports wait')} after {human(m.watched_s)}"
        )
    elif good:
        title = (
            f"{plural(given_up, 'report')} given up, {good} of them good; the others waited for up to {still}"
        )
    elif given_up:
        title = f"Only the bad report is given up, after {plural(int(s['tries']), 'try', 'tries')} in {still}"
        if s["drawn_again"]:
            title += f"; {plural(int(s['drawn_again']), 'good one')} drawn again"
    elif waiting:
        title = f"The function does not keep up: {waiting} of {plural(int(s['reports']), 'report')} wait"
    else:
        title = f"All {s['reports']} reports drawn, none older than {human(float(s['oldest_s']))} when it was read"
    parts = [
        f"{plural(p.shards, 'shard')} of {plural(p.trucks, 'truck')}",
        f"{p.work_s:g} s a report",
        f"batches of up to {p.batch_size}",
        "retries without limit" if p.max_retries < 0 else plural(p.max_retries, "retry", "retries"),
        "" if p.max_record_age_s == NO_LIMIT else f"age up to {human(int(p.max_record_age_s))}",
        "split on error" if p.bisect else "",
        f"factor {p.parallelization}" if p.parallelization > 1 else "",
    ]
    return title, " · ".join(part for part in parts if part)


def words(m: Measured, title: str) -> str:
    """The picture in words: two or three sentences."""
    s = m.summary
    text = f"{title}."
    if m.stream.tries:
        text += (
            f" The bad report was tried {plural(int(s['tries']), 'time')}, {s['tries_alone']} of them alone, and "
            f"{plural(int(s['drawn_again']), 'good report was', 'good reports were')} drawn again."
        )
    return f"{text} At most {plural(int(s['peak']), 'batch', 'batches')} ran at once."
