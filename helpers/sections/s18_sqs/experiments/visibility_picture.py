"""The picture of the visibility experiment: a lane per message, messages waiting and in flight below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span
from helpers.sections.s18_sqs.experiments.reading import Attempt

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LANES = 30  # more messages than this are summarised
NOTES = 6  # so many lanes are named


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    flags = [
        twice or stray or any(a.fate == "failed" for a in lane)
        for lane, twice, stray in zip(m.attempts, m.twice, m.strays, strict=True)
    ]
    shown = pictures.stretch(flags, LANES)
    upper, lower = pictures.layout(figure)
    assert lower is not None
    drawn = [m.attempts[i] for i in shown]
    start_s = 0.0 if not shown.start else max(0.0, m.sent[shown.start][1] - 1)
    end_s = max((a.ended_s or a.received_s for lane in drawn for a in lane), default=m.end_s) + 1
    for axes, labels in ((upper, False), (lower, True)):
        pictures.time_axis(axes, end_s, start_s, labels=labels)
    spans: list[Span] = []
    done: list[tuple[float, float]] = []
    again: list[tuple[float, float]] = []
    crashed: list[tuple[float, float]] = []
    expired: list[tuple[float, float]] = []
    for place, i in enumerate(shown):
        lane = m.attempts[i]
        if lane:
            spans.append(Span(place, m.sent[i][1], lane[0].received_s, "wait"))
        for turn, attempt in enumerate(lane):
            later = lane[turn + 1] if turn + 1 < len(lane) else None
            repeated = any(one.fate in ("done", "open") and one.started_s is not None for one in lane[:turn])
            spans += _bars(place + (0.24 if repeated else 0.0), attempt, repeated, later)
            if attempt.fate == "failed":
                crashed.append((attempt.ended_s, place))
            elif attempt.fate == "done":
                (again if repeated else done).append((attempt.ended_s, place + (0.24 if repeated else 0.0)))
            if attempt.ended_s is not None and attempt.hidden_until_s < attempt.ended_s:
                expired.append((attempt.hidden_until_s, place))
    full = pictures.lanes(upper, spans, len(shown))
    ring = min(5.0, 0.72 * full)
    pictures.marks(upper, expired, "expired", size=1.35 * full)
    pictures.marks(upper, done, "done", size=ring)
    pictures.marks(upper, again, "again", size=ring)
    pictures.marks(upper, crashed, "crash", size=min(8.0, 1.1 * full))
    pictures.lane_names(upper, *pictures.some_lanes(len(shown), "message", first=shown.start + 1))
    if len(shown) < len(flags):
        pictures.overview(figure, flags, shown, f"all {len(flags)}")
    _name_lanes(upper, p, m, shown)
    _levels(lower, m, p, end_s, start_s)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _bars(place: float, attempt: Attempt, repeated: bool, later: Attempt | None) -> list[Span]:
    """The bars of one attempt: its wait for its turn, its work, the work after the timeout, and hiding after a
    crash.
    """
    spans = []
    if attempt.started_s is None:
        until = min(attempt.hidden_until_s, later.received_s if later else attempt.hidden_until_s)
        return [Span(place, attempt.received_s, until, "hidden")]
    assert attempt.ended_s is not None
    if attempt.started_s > attempt.received_s:
        spans.append(Span(place, attempt.received_s, attempt.started_s, "hidden"))
    if attempt.fate == "failed":
        spans.append(Span(place, attempt.started_s, attempt.ended_s, "failed"))
        back = attempt.hidden_until_s
        spans.append(Span(place, attempt.ended_s, back, "hidden"))
        if later is not None and later.received_s > back:
            spans.append(Span(place, back, later.received_s, "wait"))
        return spans
    if repeated:
        return [*spans, Span(place, attempt.started_s, attempt.ended_s, "again")]
    cut = min(max(attempt.hidden_until_s, attempt.started_s), attempt.ended_s)
    spans.append(Span(place, attempt.started_s, cut, "work"))
    if cut < attempt.ended_s:
        spans.append(Span(place, cut, attempt.ended_s, "late"))
    return spans


def _name_lanes(axes: Any, p: Values, m: Any, shown: range) -> None:
    """Say what the first bar is, and what happened in the lanes where something did."""
    named = 0
    kinds: set[str] = set()
    for row, i in enumerate(shown):
        place = float(row)
        lane = m.attempts[i]
        ends = max((max(a.ended_s or 0.0, a.received_s) for a in lane), default=0.0)
        crash = next((a for a in lane if a.fate == "failed"), None)
        if m.twice[i] or m.strays[i]:
            number = sum(a.started_s is not None and a.fate != "failed" for a in lane)
            who = _number(lane[-1].actor)
            words = f"again by worker {who}" if number == 2 else f"{number} times"
            if m.strays[i] and not m.twice[i]:
                words = f"a stray copy, worker {who}"
            colour, kind = pictures.WRONG, words.split()[0]
        elif crash is not None:
            words, colour, kind = (
                f"worker {_number(crash.actor)} crashed; hidden until its timeout ends",
                pictures.INK,
                "crash",
            )
            if kind in kinds:
                words = f"worker {_number(crash.actor)} crashed"
        elif any(a.ended_s is not None and a.hidden_until_s < a.ended_s for a in lane):
            words, colour, kind = (
                f"after {p.visibility_timeout_s} s (tick) visible to the others",
                "#0072B2",
                "late",
            )
            if kind in kinds:
                continue
        elif not kinds:
            words, colour, kind = "work, message hidden from the other workers", "#0072B2", "work"
        else:
            continue
        if kind in kinds and named >= NOTES:
            continue
        named += 1
        kinds.add(kind)
        place += 0.12 if colour == pictures.WRONG else 0.0
        pictures.beside(axes, ends, place, words, colour, size=8, else_s=lane[0].received_s if lane else None)


def _levels(axes: Any, m: Any, p: Values, end_s: float, start_s: float) -> None:
    waiting = [(time_s, 1) for _, time_s in m.sent]
    flight = []
    for lane in m.attempts:
        deletes = [
            a.deleted_s for a in (lane if p.late_delete_works else lane[-1:]) if a.deleted_s is not None
        ]
        gone = min(deletes, default=None)
        if gone is not None:
            waiting.append((gone, -1))
        for attempt in lane:
            until = attempt.hidden_until_s if gone is None else min(attempt.hidden_until_s, gone)
            if until > attempt.received_s:
                flight += [(attempt.received_s, 1), (until, -1)]
    times, values = pictures.thin(*pictures.change_points(waiting, end_s))
    seen = [value for moment, value in zip(times, values, strict=True) if start_s <= moment <= end_s]
    pictures.steps(
        axes, times, values, "sent, not yet deleted", pictures.QUIET, fill=True, width=1.0, at=(0.012, 0.9)
    )
    times, levels = pictures.thin(*pictures.change_points(flight, end_s))
    pictures.steps(axes, times, levels, "in flight (hidden)", "#0072B2", at=(0.235, 0.9))
    seen += [value for moment, value in zip(times, levels, strict=True) if start_s <= moment <= end_s]
    pictures.level(axes, max(seen, default=1), "messages")


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    number, sent = m.summary["duplicates"], m.summary["messages"]
    crashes = m.summary["crashes"]
    most = m.summary["most_attempts"]
    if number:
        title = (
            f"{number} of {sent} messages {'was' if number == 1 else 'were'} processed "
            f"{'twice' if most == 2 else 'more than once'}"
        )
    elif m.summary["stray_duplicates"]:
        title = (
            f"{m.summary['stray_duplicates']} of {sent} messages came twice, though every timeout was kept"
        )
    elif crashes and m.summary["longest_recovery_s"]:
        title = f"A crashed job waited up to {pictures.human(m.summary['longest_recovery_s'])} to be received again"
    else:
        title = (
            f"Each of the {sent} messages was processed once"
            if sent > 1
            else "The message was processed once"
        )
    if number and crashes and m.summary["longest_recovery_s"]:
        title += f"; a crashed job waited up to {pictures.human(m.summary['longest_recovery_s'])}"
    low, high = (p.work_mean_s * (1 + sign * p.work_spread_percent / 100) for sign in (-1, 1))
    work = f"work {low:.0f} to {high:.0f} s" if p.work_spread_percent else f"work {p.work_mean_s:g} s"
    parts = [
        f"Visibility timeout {p.visibility_timeout_s} s" + (", extended while working" if p.extend else ""),
        work,
        plural(p.consumers, "worker"),
        f"{p.batch_size} per receive" if p.batch_size > 1 else "one message per receive",
    ]
    if p.crash_percent:
        parts.append(plural(crashes, "crash", "crashes"))
    if p.rare_duplicate_percent:
        parts.append(f"stray copies {p.rare_duplicate_percent} %")
    return title, " · ".join(parts)


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words: one to three sentences."""
    text = f"{title}. A lane for each message shows the work on it over {pictures.human(m.end_s)}"
    if m.summary["duplicates"]:
        text += (
            f"; where the timeout of {p.visibility_timeout_s} s ran out during the work, a second bar shows "
            "another worker doing it again"
        )
    if m.summary["crashes"]:
        text += "; a cross marks each crash, and a thin line how long the message then stays hidden"
    return text + "."


def _number(actor: str) -> str:
    return actor.rpartition("-")[2]
