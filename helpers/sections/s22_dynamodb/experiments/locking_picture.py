"""The picture of the locking experiment: a lane per clerk; below, what was sold and what the stock shows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NOTES = 5  # so many things are named
NAMED = 7  # more lanes leave no room for notes between them
LINKS = 20  # more missing sales than this are not tied to what overwrote them
POINT = 0.006  # of the time shown: a single call is drawn at least so wide


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    upper, lower = pictures.layout(figure, share=0.3)
    assert lower is not None
    end_s = m.end_s * 1.02
    for axes, labels in ((upper, False), (lower, True)):
        pictures.time_axis(axes, end_s, labels=labels)
    spans: list[Span] = []
    ends: dict[str, list[tuple[float, float]]] = {"done": [], "astray": [], "again": []}
    before: dict[str, Any] = {}
    for one in m.attempts:
        lane = _lane(one)
        spans += _bars(lane, one, POINT * end_s)
        asked = before.get(one.sale)
        if asked is not None and asked.accepted:
            spans.append(
                Span(lane, asked.ended_s, one.began_s if one.began_s > asked.ended_s else one.ended_s, "wait")
            )
        before[one.sale] = one
        if one.sale in m.missing and one.accepted:
            ends["astray"].append((one.ended_s, lane))
        elif one.fate in ("counted", "again"):
            ends["done" if one.fate == "counted" else "again"].append((one.ended_s, lane))
    full = pictures.lanes(upper, spans, p.clerks)
    for kind, points in ends.items():
        pictures.marks(upper, points, kind, size=min(6.5, 0.72 * full))
    if len(m.missing) <= LINKS:
        pictures.links(upper, _undone(m), pictures.WRONG)
    pictures.lane_names(upper, *pictures.some_lanes(p.clerks, "clerk", most=p.clerks))
    if p.clerks <= NAMED:
        _name(upper, m, end_s)
    _sales(lower, p, m, end_s)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _lane(one: Any) -> int:
    return int(one.clerk.rpartition("-")[2]) - 1


def _bars(lane: int, one: Any, point_s: float) -> list[Span]:
    """From the read to the write; once another sale has come in between, the rest is stale."""
    start = min(one.began_s, one.ended_s - point_s)
    state = "work" if one.accepted else "failed"
    if one.first_s is None or not one.others or not one.reads:
        return [Span(lane, start, one.ended_s, state)]
    cut = min(max(one.first_s, start), one.ended_s - point_s)
    rest = "late" if one.accepted else "failed"
    return [Span(lane, start, cut, "work"), Span(lane, cut, one.ended_s, rest)]


def _undone(m: Any) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """From each write that is missing to the one that overwrote it."""
    pairs = [
        (one, m.attempts[one.undone_by])
        for one in m.attempts
        if one.fate == "undone" and one.sale in m.missing
    ]
    return [((one.ended_s, _lane(one)), (by.ended_s, _lane(by))) for one, by in pairs]


def _name(axes: Any, m: Any, end_s: float) -> None:
    """Say at its first appearance what each kind of attempt is, as long as the notes keep clear of each other."""
    named: set[str] = set()
    taken: list[tuple[int, float]] = []
    sold: set[str] = set()
    empty_s = next((at for at, left in m.levels if left < 1), end_s)
    for one in m.attempts:
        lane = _lane(one)
        why = (
            "its sale is on record"
            if one.sale in sold
            else "sold out"
            if one.ended_s > empty_s
            else "another transaction was at it"
        )
        words, colour = _kind(one, m, why)
        if one.accepted:
            sold.add(one.sale)
        near = any(other == lane and abs(at - one.ended_s) < 0.45 * end_s for other, at in taken)
        if words in named or near or len(named) >= NOTES or one.ended_s > 0.66 * end_s:
            continue
        named.add(words)
        taken.append((lane, one.ended_s))
        pictures.note(axes, one.ended_s, lane - 0.36, words, colour, size=8)


def _kind(one: Any, m: Any, why: str) -> tuple[str, str]:
    if one.sale in m.missing and one.accepted:
        return "overwritten by a clerk who had read before", pictures.WRONG
    if one.fate == "again":
        return "no reply, asked again: counted twice", pictures.WRONG
    if one.fate == "refused" and one.reads:
        return "refused: the version has changed since the read", "#7A5200"
    if one.fate == "refused":
        return f"refused: {why}", "#7A5200"
    if one.reads and one.others:
        return "writes back an old stock", "#0072B2"
    return "read, think, write" if one.reads else "one write", "#0072B2"


def _sales(axes: Any, p: Values, m: Any, end_s: float) -> None:
    """Sales made against the sales that the stock shows: they part where a write is undone or done twice."""
    first: dict[str, float] = {}
    for one in sorted(m.attempts, key=lambda one: one.ended_s):
        if one.accepted:
            first.setdefault(one.sale, one.ended_s)
    times, values = pictures.change_points([(at, 1) for at in first.values()], end_s)
    shown = [p.tickets - left for _, left in m.levels]
    pictures.steps(axes, times, values, "sold", pictures.QUIET, fill=True, width=1.0, at=(0.012, 0.9))
    pictures.steps(
        axes,
        [max(0.0, at) for at, _ in m.levels] + [end_s],
        [*shown, shown[-1]],
        "taken from the stock",
        "#0072B2",
        at=(0.075, 0.9),
    )
    top = max(*values, *shown, 1)
    if p.tickets <= 1.3 * top:
        top = max(top, p.tickets)
        pictures.limit_line(axes, p.tickets, f"{p.tickets} tickets", pictures.WRONG, at=0.4)
    pictures.level(axes, top, "tickets")


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    sold, missing, twice, refused = (
        int(s[name]) for name in ("sales", "missing", "counted_twice", "refused")
    )
    if sold > p.tickets:
        title = f"{sold} tickets were sold out of {p.tickets}"
        title += (
            f", and {twice} counted twice" if twice else f"; {missing} sales are missing" if missing else ""
        )
    elif missing:
        title = f"{missing} of {sold} sales {'is' if missing == 1 else 'are'} missing from the stock"
    elif twice:
        title = f"{twice} of {sold} sales {'was' if twice == 1 else 'were'} counted twice"
    elif s["given_up"]:
        title = (
            f"{plural(sold, 'sale')} count; {s['given_up']} given up after {plural(p.tries, 'try', 'tries')}"
        )
    elif p.strategy == "version condition" and refused:
        title = (
            f"All {sold} sales count; {plural(refused, 'write')} {'was' if refused == 1 else 'were'} refused"
        )
    elif p.strategy == "transaction" and s["stock_left"] == 0:
        title = f"All {plural(sold, 'ticket')} sold, each once"
    else:
        title = f"All {plural(sold, 'sale')} count, each once"
    parts = [
        f"{p.strategy[0].upper()}{p.strategy[1:]}",
        f"{plural(p.clerks, 'clerk')} with {plural(p.sales_each, 'buyer')} each",
        f"{pictures.human(p.think_s)} from read to write"
        if p.strategy in ("plain write", "version condition")
        else "no read",
        f"{pictures.human(p.pause_s)} between sales",
        plural(p.tickets, "ticket"),
    ]
    if p.consistent_read:
        parts.append("strong reads")
    if p.lost_reply_percent:
        parts.append(f"{p.lost_reply_percent} % of replies lost")
    return title, " · ".join(parts)


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words."""
    s = m.summary
    text = f"{title}. A lane for each of {plural(p.clerks, 'clerk')} shows {plural(s['writes'], 'write')}"
    text += (
        " with the time since the read before" if p.strategy in ("plain write", "version condition") else ""
    )
    if s["refused"]:
        text += f", {s['refused']} of them refused"
    text += f". Below, {plural(s['sales'], 'sale')} against a stock that fell by {s['stock_fell_by']}"
    return text + "."
