"""The picture of the canary: each request on the lane of its version; the weight, and the errors a minute, below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Values, pictures, plural
from helpers.experiments.pictures import human
from helpers.sections.s21_lambda.experiments.canary import BEFORE_S, MINUTE_S

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEFT = 0.115


def draw(figure: Figure, p: Values, m: Any) -> str:
    """Draw and return the picture in words."""
    figure.clear()
    figure.set_facecolor(pictures.BACKGROUND)
    requests = pictures.panel(figure, LEFT, 0.545, 0.975, 0.855)
    shares = pictures.panel(figure, LEFT, 0.315, 0.975, 0.495)
    errors = pictures.panel(figure, LEFT, 0.075, 0.975, 0.265)
    for axes in (requests, shares, errors):
        pictures.time_axis(axes, m.end_s, -BEFORE_S, labels=axes is errors)
    _requests(requests, m)
    times = [-BEFORE_S, *(at for at, _ in m.weights), m.end_s]
    percent = [0.0, *(100 * share for _, share in m.weights)]
    pictures.steps(
        shares, times, [*percent, percent[-1]], "traffic to version 2", "#0072B2", fill=True, at=(0.012, 0.88)
    )
    pictures.level(shares, 100, "%")
    _errors(errors, p, m)
    if m.back_s is not None:
        for axes in (requests, shares, errors):
            pictures.limit_line(axes, m.back_s, "", pictures.INK, across=False)
        who = "CodeDeploy takes it back" if m.by == "codedeploy" else "a person takes it back"
        pictures.beside(requests, m.back_s, 0.5, who, size=8.5)
    title, subtitle = headline(p, m)
    pictures.headline(figure, title, subtitle)
    return words(m, title)


def _requests(axes: Any, m: Any) -> None:
    axes.set_ylim(1.6, -0.6)
    small = len(m.requests) > 400
    for new, failed, kind, size in (
        (False, False, "sent", 3.0 if small else 4.5),
        (True, False, "done", 3.0 if small else 4.5),
        (True, True, "crash", 4.0 if small else 6.5),
    ):
        points = [
            (one.time_s, (0 if new else 1) + _offset(place))
            for place, one in enumerate(m.requests)
            if one.new is new and one.failed is failed
        ]
        pictures.marks(axes, points, kind, size=size)
    pictures.lane_names(axes, [0, 1], ["version 2", "version 1"])


def _offset(place: int) -> float:
    """A small step up or down, so that neighbours in time do not cover each other."""
    return ((7 * place) % 11 - 5) * 0.05


def _errors(axes: Any, p: Values, m: Any) -> None:
    begins = [-BEFORE_S, *range(0, round(m.end_s), MINUTE_S)]
    ends = [*begins[1:], m.end_s]
    counts = [
        sum(one.failed and begin <= one.time_s < end for one in m.requests)
        for begin, end in zip(begins, ends, strict=True)
    ]
    pictures.steps(
        axes,
        [*begins, m.end_s],
        [*counts, counts[-1]],
        "errors in each minute",
        pictures.WRONG,
        fill=True,
        at=(0.012, 0.88),
    )
    pictures.level(axes, max(*counts, p.alarm_errors), "errors")
    pictures.limit_line(axes, p.alarm_errors, f"alarm at {p.alarm_errors}", pictures.INK)
    if m.alarm_s is not None:
        pictures.marks(axes, [(m.alarm_s, p.alarm_errors)], "crash", size=7)
        if m.alarm_s != m.back_s:
            pictures.limit_line(axes, m.alarm_s, "alarm", pictures.INK, across=False, at=0.88)


def headline(p: Values, m: Any) -> tuple[str, str]:
    """Title and second line."""
    errors = m.summary["errors"]
    met = f"{plural(errors, 'user')} met an error".capitalize()
    if m.back_s is not None:
        who = "CodeDeploy" if m.by == "codedeploy" else "a person"
        title = f"{met}; {who} took version 2 back after {human(m.summary['taken_back_after_s'])}"
    else:
        after_s = m.summary["whole_after_s"]
        when = f"after {human(after_s)}" if after_s else "at once"
        title = f"{met}; version 2 got all traffic {when}"
        if errors:
            title += ", and no alarm went off"
    parts = [
        p.strategy,
        f"{p.requests_per_min} requests/min",
        f"{p.error_percent} % errors in version 2",
        "roll-back on alarm" if p.rollback else "no roll-back",
        f"by hand after {human(60 * p.by_hand_min) if p.by_hand_min else '0 s'}",
    ]
    return title, " · ".join(parts)


def words(m: Any, title: str) -> str:
    """The picture in words: two sentences."""
    s = m.summary
    return (
        f"{title}. Version 2 answered {s['met_new']} of {plural(s['requests'], 'request')}, and {s['errors']} of these "
        "failed."
    )
