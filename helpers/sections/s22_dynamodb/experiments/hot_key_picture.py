"""The picture of the hot key experiment: votes by partition and readers, below what the favourite takes in a second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span
from helpers.sections.s22_dynamodb.experiments.contest import IN_ONE, READS, WRITE_KB, WRITES, Look, Vote

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

THIN_S = 0.026  # a call takes 10 ms; it is drawn so wide
MARGIN_S = 0.97  # to the right of the load, for remarks
WRITE_COLOUR, READ_COLOUR, OTHERS_COLOUR = "#0072B2", "#009E73", "#5B8CAB"


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    upper, lower = pictures.layout(figure, share=0.36, left=0.125)
    assert lower is not None
    for axes, labels in ((upper, False), (lower, True)):
        pictures.time_axis(axes, m.end_s + MARGIN_S, min(0.0, m.changed_s), labels=labels)
    _lanes(upper, m)
    _rates(lower, m)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _lanes(axes: Axes, m: Any) -> None:
    """A lane for each partition with the votes that it is asked for, and one each for reads of cache and table."""
    spans: list[Span] = []
    names: list[str] = []
    remarks: list[tuple[str, str]] = []
    for number in range(m.partitions if m.votes else 0):
        votes = [one for one in m.votes if one.partition == number]
        for one in votes:
            taken = "work" if one.key in m.favourite else "calm"
            spans.append(Span(number, one.time_s, one.time_s + THIN_S, taken if one.taken else "throttled"))
        names.append(str(number + 1) if number else "partition 1")
        remarks.append(_votes_remark(votes, m))
    for cached in (True, False):
        looks = [one for one in m.looks if one.cached is cached]
        if looks:
            lane = len(names) + (0.5 if m.votes else 0.0)
            spans += [Span(lane, one.start_s, one.end_s + 0.5 * THIN_S, _state(one)) for one in looks]
            names.append("from the cache" if cached else "from the table")
            remarks.append(_looks_remark(looks))
    if not names:
        return
    places = [
        place + (0.5 if m.votes and name.startswith("from") else 0.0) for place, name in enumerate(names)
    ]
    pictures.lanes(axes, spans, places[-1] + 1)
    step = -(-m.partitions // 10)
    named = [
        (place, name)
        for place, name in zip(places, names, strict=True)
        if place != int(place) or not place % step
    ]
    pictures.lane_names(axes, [place for place, _ in named], [name for _, name in named])
    for place, (remark, colour) in zip(places, remarks, strict=True):
        pictures.note(axes, m.end_s, place, remark, colour, size=8)


def _votes_remark(votes: Sequence[Vote], m: Any) -> tuple[str, str]:
    """Which keys of the favourite lie in a partition, and how much of its load was throttled."""
    here = [key for key in m.favourite if any(one.key == key for one in votes)]
    name = here[0].partition(".")[0] if here else ""
    if len(m.favourite) > 1 and here:
        name += " " + " ".join(f".{key.partition('.')[2]}" for key in here)
    refused = sum(not one.taken for one in votes)
    if not refused:
        return (name, WRITE_COLOUR) if here else ("other singers" if votes else "", OTHERS_COLOUR)
    share = f"{100 * refused / len(votes):.0f} % throttled"
    return f"{name}: {share}" if name else share, pictures.WRONG


def _looks_remark(looks: Sequence[Look]) -> tuple[str, str]:
    """How many of the reads were throttled or old."""
    for wrong, word in (("throttled", "throttled"), ("old", "old standing")):
        number = sum(getattr(one, wrong) for one in looks)
        if number:
            return f"{100 * number / len(looks):.0f} % {word}", pictures.WRONG
    return f"{len(looks) * IN_ONE:,} reads", READ_COLOUR


def _state(look: Look) -> str:
    if look.throttled:
        return "throttled"
    if look.old:
        return "again"
    return "stored" if look.cached else "poll"


def _rates(axes: Axes, m: Any) -> None:
    """Units of the favourite in the last second, against what one partition can take."""
    votes = [one for one in m.votes if one.key in m.favourite]
    reads = [(one.end_s, one.units) for one in m.looks if one.units]
    top = 1.0
    ends: list[tuple[float, str, str]] = []
    if m.votes:
        asked = _last_second([(one.time_s, WRITE_KB) for one in votes], m.end_s)
        taken = _last_second([(one.time_s, one.units) for one in votes if one.taken], m.end_s)
        pictures.steps(axes, *asked, colour=pictures.QUIET, width=1.2, dashes=(2, 1.5))
        pictures.steps(axes, *taken, colour=WRITE_COLOUR, fill=True)
        top = max(top, *asked[1], 1.15 * WRITES)
        pictures.limit_line(axes, WRITES, f"limit: {WRITES:,} write units", WRITE_COLOUR, at=0.005)
        if asked[1][-1] > taken[1][-1]:
            ends.append((asked[1][-1], "votes: asked for", pictures.QUIET))
        ends.append((taken[1][-1], "votes: taken", WRITE_COLOUR))
    if reads:
        read = _last_second(reads, m.end_s)
        pictures.steps(axes, *read, colour=READ_COLOUR)
        top = max(top, *read[1], 1.15 * READS)
        pictures.limit_line(axes, READS, f"limit: {READS:,} read units", READ_COLOUR, at=0.005)
        ends.append((read[1][-1], "reads", READ_COLOUR))
    pictures.level(axes, top, "units/s, favourite")
    lowest = 0.0
    for value, words, colour in sorted(ends):
        place = max(value, lowest)
        lowest = place + 0.14 * top  # names of curves that end close together stand one above the other
        pictures.note(axes, m.end_s, place, words, colour, size=8)
    if any(one.cached for one in m.looks):
        pictures.limit_line(axes, m.changed_s, "the standing changed", pictures.QUIET, across=False, at=0.93)


def _last_second(taken: Sequence[tuple[float, float]], end_s: float) -> tuple[list[float], list[float]]:
    """Units in the second before each moment, from the end of the first second on."""
    # To the hundredth of a second, or what comes and what goes at one instant would show as a peak.
    changes = [(round(time_s, 2), round(units)) for time_s, units in taken]
    changes += [(round(time_s + 1, 2), -round(units)) for time_s, units in taken if time_s + 1 < end_s]
    times, values = pictures.change_points(changes, end_s)
    first = max((place for place, time_s in enumerate(times) if time_s <= 1), default=0)
    return [1.0, *times[first + 1 :]], values[first:]


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    parts = []
    if m.votes:
        if s["favourite_throttled_percent"]:
            table = f"in a table of {p.wcu:,}" if p.mode == "provisioned" else "on demand"
            asked, got = s["favourite_asked_per_s"], s["favourite_per_s"]
            parts.append(
                f"The favourite got {got:,} of the {asked:,} units/s it asked for"
                + ("" if m.looks else f", {table}")
            )
        elif s["throttled_votes"]:
            parts.append(f"{s['throttled_percent']:g} % of the votes were throttled, none of the favourite's")
        elif p.suffixes > 1:
            got = s["favourite_asked_per_s"]
            parts.append(f"Spread over {p.suffixes} keys, the favourite got all of its {got:,} units/s")
        else:
            parts.append("Every vote passed")
    if m.looks:
        cached = s["cached_reads"]
        if s["throttled_reads"]:
            share = 100 * s["throttled_reads"] / (s["table_reads"] + cached)
            parts.append(f"{share:.0f} % of the reads were throttled")
        elif cached:
            parts.append(
                f"the cache answered {100 * cached / (s['table_reads'] + cached):.0f} % of the reads"
            )
        else:
            used, reads = s["reader_units"], plural(p.suffixes, "read")
            parts.append(f"a reader uses {used:g} {'unit' if used == 1 else 'units'} for {reads}")
    title = "; ".join(parts) or "Nobody votes, and nobody reads"
    title = title[0].upper() + title[1:]
    facts = [
        f"Table {p.wcu:,} units/s" if p.mode == "provisioned" else "On demand",
        f"{m.partitions} partitions",
    ]
    if m.votes:
        facts += [f"{p.writes_per_s:,} votes/s", f"{p.hot_percent} % for the favourite of {p.singers}"]
    if p.suffixes > 1:
        facts.append(f"{p.suffixes} suffixes")
    if m.looks:
        facts.append(f"{p.reads_per_s:,} {'strong ' if p.strong_reads else ''}readers/s")
        if p.cache_ttl_s:
            facts.append(f"cache of {pictures.human(p.cache_ttl_s)}")
    return title, " · ".join(facts)


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words."""
    text = f"{title}."
    if m.votes:
        hot = int(m.summary["hot_partitions"])
        were = "were" if hot > 1 else "was"
        text += f" Of {m.partitions} partitions {hot or 'none'} {were} asked for more than {WRITES:,} write units/s."
    if m.summary["old_reads"]:
        text += (
            f" Readers were shown the old standing for {m.summary['old_for_s']:g} s after it had been changed past the "
            "cache."
        )
    return text
