"""The picture of the audit: the account's calls over the days, and what each place to look at has of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import Span
from helpers.sections.s17_monitoring.experiments.audit import HISTORY_DAYS, logged, span_days
from helpers.sections.s17_monitoring.experiments.audit_reading import REGIONS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LANES = ("calls", "", "event history", "", "trail's bucket")
CALLS = {"home": 0, "other": 1}
HISTORY = {"home": 2, "other": 3}
BUCKET = 4


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    figure.clear()
    figure.set_facecolor(pictures.BACKGROUND)
    axes = pictures.panel(figure, 0.165, 0.33, 0.975, 0.845)
    span = span_days(p)
    axes.set_xlim(-1.01 * span, 0.03 * span)
    _days(axes, span)
    spans = [Span(lane, -HISTORY_DAYS, 0, "empty") for lane in HISTORY.values()]
    if m.trail_days is not None:
        spans.append(Span(BUCKET, -m.trail_days, 0, "empty"))
    full = pictures.lanes(axes, spans, len(LANES), thickness=15)
    _names(axes, p)
    _calls(axes, m)
    for lane, found in (
        (HISTORY["home"], m.history["home"]),
        (HISTORY["other"], m.history["other"]),
        (BUCKET, m.bucket),
    ):
        pictures.marks(axes, [(-one.days_ago, lane) for one in found], "stored", size=7)
    pictures.limit_line(axes, -HISTORY_DAYS, "90 days", across=False, at=0.035)
    if m.trail_days is None:
        axes.text(-span, BUCKET, "no trail", size=8.5, color=pictures.QUIET, va="center")
    else:
        said = f"trail made {pictures.human(m.trail_days * 86_400)} ago"
        right = m.trail_days < 0.35 * span
        axes.annotate(
            said, (-m.trail_days, BUCKET), ha="right" if right else "left", va="center" if right else "bottom",
            size=8, color=pictures.QUIET, xytext=(-4, 0) if right else (0, full / 2 + 1), textcoords="offset points",
        )  # fmt: skip
    _asked(axes, p, m)
    _verdicts(figure, p, m)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(p, m, title)


def _days(axes: Any, span: int) -> None:
    """The axis: days before the audit."""
    step = 20 if span < 200 else 50
    along = axes.get_xaxis_transform()
    for day in range(0, span + 1, step):
        axes.axvline(-day, color=pictures.FAINT, linewidth=0.8, zorder=0.5)
        said = "today" if not day else f"{day} days ago" if day == step else f"{day}"
        axes.text(-day, -0.02, said, size=9, color=pictures.QUIET, ha="center", va="top", transform=along)


def _names(axes: Any, p: Values) -> None:
    """What each lane is."""
    names = [f"calls in {REGIONS['home']}", f"in {REGIONS['other']}", f"history {REGIONS['home']}"]
    names += [f"history {REGIONS['other']}", "trail's bucket"]
    pictures.lane_names(axes, range(len(LANES)), names)


def _calls(axes: Any, m: Any) -> None:
    """Each call: a ring for a management event, a dark dot for a data event."""
    for data, kind in ((False, "done"), (True, "gone")):
        chosen = [
            (-one.days_ago, CALLS[one.region]) for one in m.made if one.data is data and one is not m.asked
        ]
        pictures.marks(axes, chosen, kind, size=6)
    axes.get_figure(root=True).text(
        0.165, 0.862, "rings: management events; dots: data events; green: found in this place",
        size=8.5, color=pictures.QUIET, va="center",
    )  # fmt: skip


def _asked(axes: Any, p: Values, m: Any) -> None:
    """Ben's call, and whether each place has it."""
    at, lane = -m.asked.days_ago, CALLS[m.asked.region]
    axes.axvline(at, color=pictures.WRONG, linewidth=1.0, linestyle=(0, (2, 1.5)), zorder=1.2)
    pictures.marks(axes, [(at, lane)], "order", size=10)
    side = "right" if at > -0.2 * span_days(p) else "left"
    axes.annotate(
        f"Ben: {m.asked.name}", (at, lane), ha=side, va="bottom", size=8.5, color=pictures.WRONG,
        xytext=(4 if side == "left" else -4, 6), textcoords="offset points",
    )  # fmt: skip
    missing = [(at, place) for place, found in _places(m) if m.asked not in found]
    pictures.marks(axes, missing, "crash", size=8)


def _places(m: Any) -> list[tuple[int, frozenset[Any]]]:
    return [(HISTORY["home"], m.history["home"]), (HISTORY["other"], m.history["other"]), (BUCKET, m.bucket)]


def _verdicts(figure: Figure, p: Values, m: Any) -> None:
    """For each place whether it has Ben's call, and why not."""
    figure.text(
        0.165, 0.235, f"Ben's {m.asked.name}:", size=9.5, weight="bold", color=pictures.INK, va="center"
    )
    names = [
        f"event history of {REGIONS['home']}",
        f"event history of {REGIONS['other']}",
        "bucket of the trail",
    ]
    for number, (name, (_, found)) in enumerate(zip(names, _places(m), strict=True)):
        up = 0.185 - 0.052 * number
        here = m.asked in found
        place = ("home", "other", None)[number]
        said = "found" if here else f"not found: {why(p, m, place)}"
        figure.text(0.165, up, name, size=9.5, color=pictures.INK, va="center")
        colour = "#006D50" if here else pictures.WRONG
        figure.text(0.405, up, said, size=9.5, color=colour, va="center")


def why(p: Values, m: Any, place: str | None) -> str:
    """Why a place (home and other: an event history; None: the bucket) does not have the call."""
    one = m.asked
    if place is not None:
        if one.data:
            return "it never has data events"
        if one.region != place:
            return "the call was in the other Region"
        return "it ends after 90 days"
    if m.trail_days is None:
        return "there is no trail"
    if one.days_ago >= m.trail_days:
        return "the trail was started later"
    if p.trail != "all Regions" and one.region != "home":
        return "the trail logs its own Region only"
    return "the trail does not select data events"


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    s = m.summary
    ago = "an hour ago" if not p.days_ago else f"{plural(p.days_ago, 'day')} ago"
    where = []
    if s["in_history_home"] or s["in_history_other"]:
        where.append("the event history of its Region")
    if s["in_bucket"]:
        where.append("the trail's bucket")
    found = f"is in {' and in '.join(where)}" if where else "is found nowhere"
    title = f"Ben's {m.asked.name} of {ago} {found}"
    if p.trail == "none":
        trail = "no trail"
    else:
        data = ", data events too" if p.data_events == "on" else ""
        age = f"{plural(p.trail_age_days, 'day')} old" if p.trail_age_days else "made today"
        trail = f"trail of {p.trail}{data}, {age}"
    return title, f"called in {REGIONS[p.region]} · {trail} · {s['calls']} calls in {span_days(p)} days"


def words(p: Values, m: Any, title: str) -> str:
    """The picture in words: two or three sentences."""
    s = m.summary
    text = f"{title}. Of {plural(s['calls'], 'call')} the event histories of both Regions have {s['history_calls']}"
    if m.trail_days is None:
        return f"{text}, and there is no trail."
    due = sum(logged(p, m, one) for one in m.made)
    return f"{text}, and the trail's bucket has {s['bucket_calls']} of the {due} that the trail had to log."
