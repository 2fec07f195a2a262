"""The picture of the expiry experiment: a lane per session, the stream's records by kind, sessions in the table."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HOUR_S = 3_600
LANES = 20  # more sessions than this are summarised
LEFT, RIGHT = 0.155, 0.975
SOON_H = 0.02  # a deletion no later than this came at once
LETTER = 0.0085  # of the time shown: a letter of a note is about so wide
KINDS = (
    ("INSERT", False, "sent", "INSERT"),
    ("MODIFY", False, "done", "MODIFY"),
    ("REMOVE", False, "crash", "REMOVE"),
    ("REMOVE", True, "gone", "REMOVE, service"),
)
"""The rows of the stream: event, whether the service did it, the mark, the name."""


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    figure.clear()
    figure.set_facecolor(pictures.BACKGROUND)
    upper, middle, lower = (
        pictures.panel(figure, LEFT, bottom, RIGHT, top)
        for bottom, top in ((0.44, 0.855), (0.255, 0.405), (0.075, 0.225))
    )
    for axes in (upper, middle, lower):
        pictures.time_axis(axes, m.end_s, labels=axes is lower)
    _sessions(figure, upper, p, m)
    _stream(middle, m)
    _levels(lower, p, m)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _sessions(figure: Figure, axes: Any, p: Values, m: Any) -> None:
    flags = [any(back.accepted and back.expired for back in one.returns) for one in m.sessions]
    shown = pictures.stretch(flags, LANES)
    spans: list[Span] = []
    marks: dict[str, list[tuple[float, float]]] = {
        name: [] for name in ("expired", "done", "again", "crash", "gone")
    }
    for lane, one in enumerate(m.sessions[i] for i in shown):
        end_s = m.end_s if one.removed_s is None else one.removed_s
        for turn, term in enumerate(one.terms):
            until_s = one.terms[turn + 1].from_s if turn + 1 < len(one.terms) else end_s
            if term.expires_s < until_s:
                spans.append(Span(lane, term.expires_s, until_s, "late"))
                marks["expired"].append((term.expires_s, lane))
            spans.append(Span(lane, term.from_s, min(term.expires_s, until_s), "work"))
        for back in one.returns:
            if back.accepted:
                marks["again" if back.expired else "done"].append((back.time_s, lane))
        if one.removed_s is not None:
            marks["gone" if one.by_ttl else "crash"].append((one.removed_s, lane))
    full = pictures.lanes(axes, spans, len(shown))
    for kind, points in marks.items():
        pictures.marks(axes, points, kind, size=1.35 * full if kind == "expired" else min(6.0, 0.8 * full))
    pictures.lane_names(axes, *pictures.some_lanes(len(shown), "session", first=shown.start + 1))
    if len(shown) < len(flags):
        pictures.overview(figure, flags, shown, f"all {len(flags)}", left=LEFT)
    _name(axes, m, shown)


def _name(axes: Any, m: Any, shown: range) -> None:
    """Say how a session ended, at the first lane of its kind that leaves room for it."""
    named: set[str] = set()
    for lane, one in enumerate(m.sessions[i] for i in shown):
        words, colour = _ending(one)
        end_s = m.end_s if one.removed_s is None else one.removed_s
        if words not in named and end_s + len(words) * LETTER * m.end_s < m.end_s:
            named.add(words)
            pictures.note(axes, end_s, lane, words, colour, size=8)


def _ending(one: Any) -> tuple[str, str]:
    expired = [back for back in one.returns if back.expired]
    if any(back.accepted for back in expired):
        return "came back expired, and was let in", pictures.WRONG
    if not one.by_ttl:
        return "logged out", pictures.INK
    if any(back.time_s < one.removed_s for back in expired):
        return "came back expired, and was refused", pictures.INK
    if len(one.terms) > 1:
        return "prolonged in time; deleted by TTL", pictures.INK
    return "deleted by TTL", pictures.INK


def _stream(axes: Any, m: Any) -> None:
    """A row for each kind of record, with the marks that its changes have in the lanes, and one for the consumer."""
    axes.set_ylim(len(KINDS) + 0.5, -0.5)
    got = {(one.session, one.change.event, one.change.time_s) for one in m.records}
    missed: list[tuple[float, float]] = []
    for row, (event, by_service, mark, _) in enumerate(KINDS):
        points: list[tuple[float, float]] = []
        for session in m.sessions:
            for change in session.changes:
                if change[:2] == (event, by_service):
                    come = (session.name, event, float(floor(change.time_s))) in got
                    (points if come else missed).append((change.time_s, float(row)))
        pictures.marks(axes, points, mark, size=8 if mark == "sent" else 5)
    pictures.marks(axes, missed, "astray", size=4.5)
    pictures.marks(axes, [(at, len(KINDS)) for at in m.read_s if at <= m.end_s], "expired", size=5)
    names = [*(name for *_, name in KINDS), "stream read"]
    pictures.lane_names(axes, range(len(names)), names, pictures.QUIET)
    if missed:
        pictures.note(
            axes, max(missed)[0], max(missed)[1], "never read: older than 24 h", pictures.WRONG, size=8
        )


def _levels(axes: Any, p: Values, m: Any) -> None:
    there = [(one.login_s, 1) for one in m.sessions]
    there += [(one.removed_s, -1) for one in m.sessions if one.removed_s is not None]
    valid: list[tuple[float, int]] = []
    for one in m.sessions:
        end_s = m.end_s if one.removed_s is None else one.removed_s
        for turn, term in enumerate(one.terms):
            until_s = one.terms[turn + 1].from_s if turn + 1 < len(one.terms) else end_s
            valid += [(term.from_s, 1), (min(term.expires_s, until_s), -1)]
    pictures.steps(
        axes, *pictures.change_points(there, m.end_s), "in the table", pictures.QUIET,
        fill=True, width=1.0, at=(0.62, 0.9),
    )  # fmt: skip
    pictures.steps(axes, *pictures.change_points(valid, m.end_s), "not expired", "#0072B2", at=(0.76, 0.9))
    lists = [(look.time_s, len(look.shown)) for look in m.looks if look.time_s <= m.end_s]
    pictures.marks(axes, lists, "done" if p.check_expiry else "again", size=3.5)
    axes.text(
        0.9, 0.9, "o  listed", size=8.5, color="#0072B2" if p.check_expiry else pictures.WRONG,
        transform=axes.transAxes, va="center",
    )  # fmt: skip
    pictures.level(axes, m.summary["most_in_table"], "sessions")


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    stayed = pictures.human(s["longest_after_expiry_h"] * HOUR_S)
    gone = f"{s['records_missing']} of {s['changes']} changes"
    if s["expired_accepted"]:
        late = int(s["expired_accepted"])
        title = f"{plural(late, 'expired session was', 'expired sessions were')} let in"
        title += f"; {gone} never read" if s["records_missing"] else ""
    elif s["records_missing"]:
        title = f"{gone} were gone before the consumer read the stream"
    elif p.expires_as != "seconds" and s["still_there"]:
        title = f"TTL deleted none of {plural(s['sessions'], 'session')}: the time is no number of seconds"
    elif not s["deleted_by_ttl"]:
        title = "TTL had nothing to delete"
    elif s["refused"] and p.check_expiry:
        title = f"{plural(s['refused'], 'user')} came back too late and had to log in again"
    elif s["longest_after_expiry_h"] < SOON_H:
        title = "TTL deleted each session as soon as it had expired"
    else:
        title = f"Sessions stayed in the table up to {stayed} after they had expired"
    parts = [
        f"{plural(s['sessions'], 'session')} of {pictures.human(p.life_h * HOUR_S)}",
        f"deleted within {pictures.human(p.delete_within_h * HOUR_S)}",
        "program checks the time" if p.check_expiry else "program does not check",
        f"stream read every {pictures.human(p.stream_every_h * HOUR_S)}",
    ]
    if p.return_percent:
        parts.insert(1, f"{p.return_percent} % come back at {p.return_at_percent} % of it")
    if p.expires_as != "seconds":
        parts.insert(1, f"time of expiry in {p.expires_as}")
    return title, " · ".join(parts)


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words."""
    s = m.summary
    text = f"{title}. A lane for each session shows when it was valid and how long it stayed after its expiry"
    text += f"; TTL deleted {s['deleted_by_ttl'] or 'none'} of {s['sessions']}"
    text += f", the program {s['deleted_by_program'] or 'none'}"
    text += f". The stream held {plural(s['records'], 'record')} of {plural(s['changes'], 'change')}"
    return text + "."
